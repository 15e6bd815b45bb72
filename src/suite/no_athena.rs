//! `athena:` steps of a vpclab that was built without Athena: there are none, as the language refuses them.

use crate::model::Model;
use crate::report::result::Outcome;
use crate::scenario::AthenaExpectation;
use crate::seed::Seed;
use crate::time::Instant;

/// No tables.
#[derive(Default)]
pub struct Athena {}

/// What is to be put into buckets: bucket, key, bytes.
pub type Saved = Vec<(String, String, Vec<u8>)>;

impl Athena {
    pub fn step(
        &mut self,
        _: &str,
        _: Option<&str>,
        _: &AthenaExpectation,
        _: (&Model, Instant, Seed),
    ) -> (Outcome, Vec<String>, Saved) {
        unreachable!("the language has no such steps")
    }

    pub fn file(&self) -> Option<(&'static str, String)> {
        None
    }
}
