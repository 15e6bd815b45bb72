//! Hosts outside of AWS.

use std::net::Ipv4Addr;
use std::time::Duration;

use super::ServiceName;
use crate::ids::CustomerGatewayId;
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
    /// The service of AWS it stands for; endpoints of that service lead to it.
    pub service: Option<ServiceName>,
    /// The service of AWS whose published ranges its address is in, e.g. `CLOUDFRONT`, if a scenario says so.
    pub aws_service: Option<String>,
    /// Whether it is there without anybody describing it.
    pub is_provided: bool,
}

/// A host in a network on premises.
#[derive(Clone, Debug)]
pub struct OnPremHost {
    /// What people call it.
    pub name: String,
    /// The customer gateway of its network.
    pub network: CustomerGatewayId,
    /// Its address there.
    pub address: Ipv4Addr,
    /// One-way time to the AWS end of the VPN connection.
    pub latency: Duration,
    /// Whether it is there without anybody describing it.
    pub is_provided: bool,
}

impl OnPremHost {
    /// Its hardware address.
    pub fn mac(&self) -> Mac {
        Mac::from_hash(seed::hash(&["on-prem", &self.network.to_string(), &self.name]))
    }
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
