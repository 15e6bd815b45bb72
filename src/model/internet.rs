//! Hosts outside of AWS.

use std::net::Ipv4Addr;
use std::time::Duration;

/// A host on the internet with a public address of its own.
#[derive(Clone, Debug)]
pub struct OutsideHost {
    /// What people call it: a laptop's name, a site's domain.
    pub name: String,
    /// Its address.
    pub address: Ipv4Addr,
    /// One-way time to the edge of AWS.
    pub latency: Duration,
}
