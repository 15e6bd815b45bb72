//! The VPC data plane: from (model, state, packet) to (steps, effects, where next).
//!
//! Reads no clock, draws no randomness, does no IO, and never changes [`State`]: callers apply a
//! walk's effects with [`State::commit`]. Knows nothing of hosts, links or output formats.
//!
//! Start at [`walk()`]; every branch a packet can take is in `Cx::cross`, all below it is a leaf that
//! does not know what comes next.

mod internet_gateway;
mod link;
mod network_acl;
mod peering;
mod route;
mod security_group;
mod state;
mod walk;

pub use link::answer_arp;
pub use state::{Effect, State};
pub use walk::{CROSSINGS_MAX, Origin, Place, Walk, Way, walk};
