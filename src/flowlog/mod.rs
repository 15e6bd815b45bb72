//! VPC flow logs: a meter at every interface, and the records it makes.
//!
//! Sees only the stretches that packets travel, never the packets' bytes, and knows nothing of files:
//! whoever wants records takes them.

mod meter;
mod record;

pub use meter::{AGGREGATION_INTERVAL, Meter};
pub use record::{Action, DEFAULT_FORMAT_HEADER, Flow, FlowRecord, LogStatus};
