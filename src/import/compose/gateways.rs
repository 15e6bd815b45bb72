//! NAT gateways, endpoints and prefix lists.

use std::collections::BTreeMap;

use super::super::inventory::{Endpoint, EndpointKind, Interface, NatGateway};
use super::Composer;
use super::page::{Doc, Map};
use crate::ids::EniId;

/// The gateways in a VPC.
#[derive(Default)]
pub(super) struct Gateways {
    pub nat_gateways: Map,
    pub endpoints: Map,
}

impl Composer<'_> {
    /// All of them, by the VPC they are in.
    pub(super) fn vpc_gateways(&mut self) -> BTreeMap<String, Gateways> {
        let inventory = self.inventory;
        let mut all: BTreeMap<String, Gateways> = BTreeMap::new();
        for nat in inventory.nat_gateways.iter() {
            let vpc = match &nat.subnet {
                Some(subnet) => self.vpc_of_subnet(subnet).map(str::to_owned),
                None => nat.vpc.clone().filter(|vpc| self.names.get(vpc).is_some()),
            };
            let Some(vpc) = vpc else {
                self.lost(
                    &nat.about.place,
                    "the NAT gateway left out: its subnet or VPC is not in the source",
                );
                continue;
            };
            let (key, doc) = self.nat_gateway(nat, &vpc);
            all.entry(vpc).or_default().nat_gateways.put(key, doc);
        }
        for endpoint in inventory.endpoints.iter() {
            if let Some((key, doc)) = self.endpoint(endpoint) {
                all.entry(endpoint.vpc.clone()).or_default().endpoints.put(key, doc);
            }
        }
        all
    }

    fn nat_gateway(&mut self, nat: &NatGateway, vpc: &str) -> (String, Doc) {
        let (key, mut map) = self.named(&nat.about);
        match &nat.subnet {
            Some(subnet) => {
                let subnet = self.names.refer(subnet, Some(vpc)).unwrap_or_else(|| subnet.clone());
                map.put("subnet", Doc::text(subnet));
            }
            None => {
                map.put("regional", Doc::plain(true));
            }
        }
        map.maybe("private", Some(true).filter(|_| !nat.is_public).map(Doc::plain));
        let addresses = self.refer_all(&nat.allocations, vpc, "the Elastic IP", &nat.about.place);
        map.unless_empty("elastic_ips", Doc::list(addresses));
        map.maybe("private_ip", nat.private_ip.as_ref().map(Doc::text));
        let secondary = nat.secondary_private_ips.len();
        map.maybe("secondary_private_ips", Some(secondary).filter(|count| *count > 0).map(Doc::plain));
        let eni = nat.interface.as_ref().filter(|id| id.parse::<EniId>().is_ok());
        map.maybe("eni_id", eni.map(Doc::text));
        (key, map.doc().from(&nat.about.place))
    }

    fn endpoint(&mut self, endpoint: &Endpoint) -> Option<(String, Doc)> {
        let place = &endpoint.about.place;
        if self.names.get(&endpoint.vpc).is_none() {
            self.lost(place, format!("the endpoint left out: {} is not in the source", endpoint.vpc));
            return None;
        }
        let (key, mut map) = self.named(&endpoint.about);
        map.put("service", Doc::text(&endpoint.service));
        match &endpoint.kind {
            EndpointKind::Gateway { route_tables } => {
                let tables = self.refer_all(route_tables, &endpoint.vpc, "the route table", place);
                map.put("route_tables", Doc::list(tables));
            }
            EndpointKind::Interface { subnets, security_groups, interfaces, private_dns } => {
                let names = self.refer_all(subnets, &endpoint.vpc, "the subnet", place);
                if names.is_empty() {
                    self.lost(place, "the interface endpoint left out: it is in no subnet of the source");
                    return None;
                }
                map.put("subnets", Doc::list(names));
                let groups = self.refer_all(security_groups, &endpoint.vpc, "the security group", place);
                map.unless_empty("security_groups", Doc::list(groups));
                map.put("private_dns", Doc::plain(private_dns));
                let own: Vec<&Interface> =
                    interfaces.iter().filter_map(|id| self.interfaces.get(id.as_str()).copied()).collect();
                map.unless_empty("interfaces", self.gateway_interfaces(&own, &endpoint.vpc));
            }
            EndpointKind::Other(kind) => {
                self.lost(place, format!("an endpoint of the type {kind} is not simulated: left out"));
                return None;
            }
        }
        map.maybe("policy", endpoint.policy.as_ref().map(Doc::text));
        Some((key, map.doc().from(place)))
    }

    /// What EC2 chose for the interfaces of an endpoint or an attachment, by subnet.
    pub(super) fn gateway_interfaces(&self, interfaces: &[&Interface], vpc: &str) -> Doc {
        let mut map = Map::default();
        for eni in interfaces {
            let Some(subnet) = self.names.refer(&eni.subnet, Some(vpc)) else { continue };
            let mut entry = Map::default();
            let pinned = eni.about.id.parse::<EniId>().is_ok();
            entry.maybe("eni_id", Some(&eni.about.id).filter(|_| pinned).map(Doc::text));
            entry.maybe("private_ip", eni.private_ips.first().map(Doc::text));
            map.unless_empty(&subnet, entry.doc());
        }
        map.doc()
    }

    /// Prefix lists with their blocks.
    pub(super) fn prefix_lists(&mut self) -> Doc {
        let mut map = Map::default();
        // Without blocks it is one of AWS, whose blocks are known.
        for list in self.inventory.prefix_lists.iter().filter(|it| !it.entries.is_empty()) {
            let (key, mut entry) = self.named(&list.about);
            self.put_scope(&list.about, &mut entry);
            let (ipv4, ipv6): (Vec<&String>, Vec<&String>) =
                list.entries.iter().partition(|block| !block.contains(':'));
            if !ipv6.is_empty() && ipv4.is_empty() {
                self.harmless(&list.about.place, format!("the prefix list {key} of IPv6 has no blocks here"));
            }
            entry.put("entries", Doc::list(ipv4.into_iter().map(Doc::text)));
            let max =
                list.max_entries.filter(|max| (1..=1000).contains(max) && *max >= list.entries.len() as i64);
            let max = max.filter(|_| !key.starts_with("com.amazonaws."));
            entry.maybe("max_entries", max.map(Doc::plain));
            map.put(key, entry.doc().from(&list.about.place));
        }
        map.doc()
    }
}
