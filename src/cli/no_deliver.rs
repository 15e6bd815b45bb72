//! In place of `deliver.rs` in a vpclab that is built without it: there are no options, and nobody
//! delivers.

use std::path::Path;

use super::{Exit, Format};

/// No options.
#[derive(Debug, clap::Args)]
#[group(id = "endpoints")]
pub struct EndpointArgs {}

/// There are none.
#[derive(Debug)]
pub enum Courier {}

impl Courier {
    /// Nobody.
    pub fn hire(_: &EndpointArgs, _: Format) -> Result<Option<Self>, Exit> {
        Ok(None)
    }

    /// Never called.
    pub fn deliver_run(&self, _: &Path) -> Exit {
        match *self {}
    }
}
