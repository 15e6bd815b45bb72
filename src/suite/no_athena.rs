//! `athena:` steps of a vpclab that was built without Athena: there are none, as the language refuses them.

use crate::model::Model;
use crate::report::result::Outcome;
use crate::scenario::AthenaExpectation;
use crate::seed::Seed;
use crate::time::Instant;

/// No tables.
#[derive(Default)]
pub struct Athena;

impl Athena {
    pub fn step(
        &mut self,
        _: &str,
        _: Option<&str>,
        _: &AthenaExpectation,
        _: (&Model, Instant, Seed),
    ) -> (Outcome, Vec<String>, Vec<(String, String, Vec<u8>)>) {
        unreachable!("the language has no such steps")
    }

    pub fn file(&self) -> Option<(&'static str, String)> {
        None
    }
}
