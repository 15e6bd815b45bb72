//! Flows that the programs of a host begin, and for whose sake.
//!
//! Knows who started a program; never what is made of it.

use crate::wire::FiveTuple;

/// For whose sake a program runs. Its children run for the same.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum Origin {
    /// A person typed a command.
    #[default]
    Typed,
    /// Background traffic, with a number that whoever started it gave.
    Background(u32),
    /// A client asked for it over this flow; `src` is this host's end.
    Served(FiveTuple),
}

/// A flow that a program of a host begins.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Opened {
    /// For whose sake.
    pub origin: Origin,
    /// Addresses and ports as the host sees them. Pings have their identifier in place of both ports.
    pub tuple: FiveTuple,
}
