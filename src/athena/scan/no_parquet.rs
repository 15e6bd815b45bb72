//! Parquet files, of which this build knows nothing.

use super::reader::{Sink, Work};
use super::{ScanSpec, Target};
use crate::athena::error::{QueryError, Result};

/// Says that they cannot be read.
pub fn read(spec: &ScanSpec, target: &Target, _: &Work, _: &mut Sink<'_>) -> Result<()> {
    let message =
        format!("{}: this build of vpclab reads no Parquet files (feature `parquet`)", spec.uri(target));
    Err(QueryError::new("NOT_SUPPORTED", message))
}
