//! What is on the internet without anybody describing it: services of AWS in every region, and a public
//! resolver.
//!
//! Knows names and addresses; what the services answer is in `service/`.

use std::net::Ipv4Addr;
use std::time::Duration;

use super::{Model, OnPremHost, OutsideHost, PrefixList, Region, ServiceName};
use crate::ids::CustomerGatewayId;
use crate::seed;

/// The services that answer in every region.
pub const SERVICES: [&str; 5] = ["dynamodb", "notebook", "s3", "sns", "sts"];
/// The address of a public resolver that everybody knows.
pub const PUBLIC_RESOLVER: Ipv4Addr = Ipv4Addr::new(8, 8, 8, 8);

/// From an interface to a service in its region (assumed: link-latency).
const SERVICE_LATENCY: Duration = Duration::from_micros(500);
/// From the edge of AWS to the public resolver (assumed: link-latency).
const RESOLVER_LATENCY: Duration = Duration::from_millis(1);
/// Which address of a block a service has: the one that somebody was once told in Seoul.
const HOST_IN_BLOCK: u32 = 559;

impl Model {
    /// Puts everything on the internet that is there anyway. What is described already stays as it is.
    pub(crate) fn connect_provided_hosts(&mut self) {
        self.connect_provided("dns.google".to_owned(), PUBLIC_RESOLVER, RESOLVER_LATENCY, None);
        for region in Region::all() {
            for service in SERVICES {
                let name = ServiceName::of(region, service);
                if self.service_host(&name).is_none() {
                    let address = address(region, service);
                    let label = super::dns::service_domain(&name);
                    self.connect_provided(label, address, SERVICE_LATENCY, Some(name));
                }
            }
        }
    }

    /// Puts a resolver into a network on premises: on its router, where the network has an address for one.
    pub(crate) fn connect_provided_resolver(&mut self, network: CustomerGatewayId) {
        let Some(block) = self.customer_gateways[&network].cidrs.first() else { return };
        let free = block.hosts().take(2).find(|address| !self.on_prem.contains_key(&(network, *address)));
        if let Some(address) = free {
            let name = format!("resolver of {}", self.customer_gateways[&network].label);
            let latency = Duration::ZERO;
            self.connect_on_prem_host(OnPremHost { name, network, address, latency, is_provided: true });
        }
    }

    fn connect_provided(
        &mut self,
        name: String,
        address: Ipv4Addr,
        latency: Duration,
        service: Option<ServiceName>,
    ) {
        if !self.has_public_address(address) {
            let host = OutsideHost { name, address, latency, service, aws_service: None, is_provided: true };
            self.connect_outside_host(host);
        }
    }
}

/// The address of a service: in the blocks that AWS gives for it where they are known, else in the region's
/// pool (assumed: service-addresses).
fn address(region: Region, service: &str) -> Ipv4Addr {
    let in_list = PrefixList::managed(region, service).and_then(|(_, list)| {
        // The last block but one is the one in Seoul from which an answer is known.
        list.entries.iter().rev().nth(1).or(list.entries.first()).copied()
    });
    let (block, host) = match in_list {
        Some(block) => (block, HOST_IN_BLOCK),
        None => (region.public_pool(), seed::hash(&["service", service, region.name()]) as u32),
    };
    let size = 1u64 << (32 - block.prefix_len());
    Ipv4Addr::from_bits(block.network().to_bits() + (u64::from(host) % size) as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s3_in_seoul_is_where_it_was_seen() {
        let mut model = Model::default();
        model.connect_provided_hosts();
        let seoul: Region = "ap-northeast-2".parse().expect("a region");
        let s3 = model.service_host(&ServiceName::of(seoul, "s3")).expect("there is one");
        assert_eq!(
            (s3.address, s3.name.as_str()),
            (Ipv4Addr::new(52, 219, 58, 47), "s3.ap-northeast-2.amazonaws.com")
        );
        let every = Region::all().count() * SERVICES.len();
        assert_eq!(model.outside.len(), every + 1, "no two have the same address");
    }
}
