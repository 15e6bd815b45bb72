//! The VPC data plane: from (model, state, packet) to (steps, effects, where next).
//!
//! Reads no clock, draws no randomness, does no IO, and never changes [`State`]: callers apply a
//! walk's effects with [`State::commit`]. Knows nothing of hosts, links or output formats.
//!
//! Start at [`walk()`]; every branch a packet can take is in `walk.rs`, in one function for each kind of
//! place. All below it is a leaf that does not know what comes next.

mod endpoint;
mod flow;
mod internet_gateway;
mod link;
mod link_local;
mod mtu;
mod nat_gateway;
mod nat_table;
mod network_acl;
mod peering;
mod route;
mod security_group;
mod state;
mod tracking;
mod transit_gateway;
mod vpn;
mod walk;

pub use endpoint::{Session, SessionKey};
pub use flow::{Asking, DatagramKey, flow_of};
pub use link::answer_arp;
pub use link_local::{METADATA, RESOLVER};
pub use nat_table::{Binding, CONNECTIONS_MAX, NatEffect, NatMetrics, NatTable, NatWay};
pub use state::{Effect, State};
pub use tracking::{FlowKey, Memory, Tracking};
pub use walk::{CROSSINGS_MAX, Origin, Place, Walk, Way, walk};
