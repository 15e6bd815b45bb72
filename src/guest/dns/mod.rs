//! DNS on a host: names a program wants to have resolved, and the server's end of it over TCP.
//!
//! Knows how a resolver library asks (glibc's way) and how messages travel; never what any name means.

pub(super) mod exchange;
pub(super) mod lookup;
pub(super) mod message;
pub(super) mod server;

use std::net::Ipv4Addr;

/// Where a host asks for names it does not know itself, as its `/etc/resolv.conf` says it.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Resolver {
    /// The servers, asked one after the other.
    pub servers: Vec<Ipv4Addr>,
    /// What is put behind names that are not found as they are.
    pub search: Vec<String>,
}

/// The port of DNS.
pub(super) const PORT: u16 = 53;
