//! Hosts outside of AWS.

use std::net::Ipv4Addr;
use std::time::Duration;

use crate::seed;
use crate::wire::Mac;

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

impl OutsideHost {
    /// Its hardware address.
    pub fn mac(&self) -> Mac {
        Mac::from_hash(seed::hash(&["outside", &self.name]))
    }

    /// The hardware address of the provider's router, which is every host's neighbour.
    pub fn provider_mac() -> Mac {
        Mac::from_hash(seed::hash(&["provider"]))
    }
}
