//! VPC flow logs: meters at interfaces, transit gateways and regional NAT gateways, the records they make, and what
//! is delivered of them.
//!
//! Sees only the stretches that packets travel, never the packets' bytes, and knows nothing of files:
//! whoever wants records takes them.
//!
//! Reading order: `meter` says what is counted, `collection` counts; `point` and `path` are what it notes about a flow; `record` prints; `delivery` makes
//! objects and events of it.

mod collection;
mod delivery;
mod meter;
mod path;
mod point;
mod record;

pub use delivery::{Batch, Deliveries, LogEvents, LogObject};
pub use meter::{AGGREGATION_INTERVAL, Meter, RecordSink};
pub use path::TrafficPath;
pub use point::{Point, PointFacts};
pub use record::{
    Action, Content, Flow, FlowRecord, LogStatus, Loss, Printer, RejectReason, Transit, TransitEnd,
};
