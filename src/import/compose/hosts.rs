//! Instances, interfaces with a host behind them, and public addresses.

use std::collections::{BTreeMap, BTreeSet};

use super::super::inventory::{Address, EndpointKind, Instance, Interface, Inventory, PublicIp, RouteTarget};
use super::Composer;
use super::names::Kind;
use super::page::{Doc, Map};
use crate::model::InterfaceType;

/// The hosts in a VPC.
#[derive(Default)]
pub(super) struct Hosts {
    pub instances: Map,
    pub interfaces: Map,
}

/// The interfaces that belong to a gateway, which says so itself.
const OF_GATEWAYS: [&str; 5] =
    ["gateway_load_balancer_endpoint", "nat_gateway", "natGateway", "transit_gateway", "vpn"];

/// The interfaces that a gateway or an endpoint names, and those that say so themselves.
pub(super) fn interfaces_of_gateways(inventory: &Inventory) -> BTreeSet<&str> {
    let say_so = inventory.interfaces.iter().filter(|it| OF_GATEWAYS.contains(&it.kind.as_str()));
    // The interface of an endpoint that is not carried over is a host like those of other services.
    let say_so = say_so.map(|it| it.about.id.as_str());
    let of_nat = inventory.nat_gateways.iter().filter_map(|nat| nat.interface.as_deref());
    let of_endpoints = inventory.endpoints.iter().flat_map(|endpoint| match &endpoint.kind {
        EndpointKind::Interface { interfaces, .. } => interfaces.as_slice(),
        EndpointKind::Gateway { .. } | EndpointKind::Other(_) => &[],
    });
    say_so.chain(of_nat).chain(of_endpoints.map(String::as_str)).collect()
}

/// The first interface of each instance.
pub(super) fn primary_interfaces(inventory: &Inventory) -> BTreeMap<&str, &Interface> {
    let mut primary: BTreeMap<&str, &Interface> = BTreeMap::new();
    for interface in &inventory.interfaces {
        let Some((instance, device)) = &interface.instance else { continue };
        let is_before = |other: &&Interface| other.instance.as_ref().is_some_and(|(_, at)| at <= device);
        if !primary.get(instance.as_str()).is_some_and(is_before) {
            primary.insert(instance, interface);
        }
    }
    primary
}

impl Composer<'_> {
    /// All hosts, by the VPC they are in.
    pub(super) fn hosts(&mut self) -> BTreeMap<String, Hosts> {
        let inventory = self.inventory;
        let mut all: BTreeMap<String, Hosts> = BTreeMap::new();
        for instance in inventory.instances.iter() {
            let eni = self.primary.get(instance.about.id.as_str()).copied();
            let subnet = eni.map(|eni| &eni.subnet).or(instance.subnet.as_ref());
            let vpc = subnet.and_then(|subnet| self.vpc_of_subnet(subnet)).map(str::to_owned);
            let (Some(subnet), Some(vpc)) = (subnet, vpc) else {
                self.lost(
                    &instance.about.place,
                    "the instance left out: its subnet or VPC is not in the source",
                );
                continue;
            };
            let doc = self.instance(instance, eni, subnet, &vpc);
            let key = self.names.key(&instance.about.id);
            all.entry(vpc).or_default().instances.put(key, doc.from(&instance.about.place));
        }
        for interface in inventory.interfaces.iter() {
            if self.of_gateways.contains(interface.about.id.as_str()) || self.is_of_instance(interface) {
                continue;
            }
            let Some(vpc) = self.vpc_of_subnet(&interface.subnet).map(str::to_owned) else {
                self.lost(
                    &interface.about.place,
                    "the interface left out: its subnet or VPC is not in the source",
                );
                continue;
            };
            let doc = self.interface(interface, &vpc);
            let key = self.names.key(&interface.about.id);
            all.entry(vpc).or_default().interfaces.put(key, doc.from(&interface.about.place));
        }
        all
    }

    /// Whether it is an instance's first, which is part of the instance.
    fn is_of_instance(&self, interface: &Interface) -> bool {
        let instance = interface.instance.as_ref().and_then(|(id, _)| self.primary.get(id.as_str()));
        instance.is_some_and(|primary| primary.about.id == interface.about.id)
            && interface.instance.as_ref().is_some_and(|(id, _)| self.names.get(id).is_some())
    }

    fn instance(&mut self, instance: &Instance, eni: Option<&Interface>, subnet: &str, vpc: &str) -> Doc {
        let (_, mut map) = self.named(&instance.about);
        map.maybe("type", instance.instance_type.as_deref().filter(|it| it.contains('.')).map(Doc::text));
        if let Some(eni) = eni {
            let id =
                self.names.get(&eni.about.id).is_some() && eni.about.id.parse::<crate::ids::EniId>().is_ok();
            map.maybe("eni_id", Some(&eni.about.id).filter(|_| id).map(Doc::text));
        }
        let near = self.names.refer(subnet, Some(vpc)).unwrap_or_else(|| subnet.to_owned());
        map.put("subnet", Doc::text(near));
        if let Some(eni) = eni {
            self.put_interface(eni, vpc, &mut map);
            let wanted = instance.associate_public_ip.filter(|_| eni.public_ips.is_empty()).map(Doc::plain);
            map.maybe("public_ip", wanted.or_else(|| self.public_ip(eni)));
            map.unless_empty("interface_tags", tags(&eni.about.tags));
        }
        if eni.is_none() {
            map.maybe("public_ip", instance.associate_public_ip.map(Doc::plain));
        }
        map.maybe("state", Some("stopped").filter(|_| instance.is_stopped).map(Doc::plain));
        map.unless_empty("tags", tags(&instance.about.tags));
        if let Some(eni) = eni {
            map.unless_empty("serves", self.serves(&instance.about, eni, true));
        }
        map.doc()
    }

    fn interface(&mut self, interface: &Interface, vpc: &str) -> Doc {
        let (_, mut map) = self.named(&interface.about);
        let near = self.names.refer(&interface.subnet, Some(vpc));
        map.put("subnet", Doc::text(near.unwrap_or_else(|| interface.subnet.clone())));
        let instance = interface.instance.as_ref().and_then(|(id, _)| self.names.refer(id, Some(vpc)));
        match instance {
            Some(instance) => {
                map.put("instance", Doc::text(instance));
            }
            None if interface.is_attached => {
                let kind = interface.kind.as_str();
                let known = kind.parse::<InterfaceType>().is_ok();
                if !known && !["efa", "efa-only", "trunk", ""].contains(&kind) {
                    let message = format!(
                        "an interface of the type `{kind}`, which is not known: taken for `interface`"
                    );
                    self.harmless(&interface.about.place, message);
                }
                map.put("type", Doc::plain(if known { kind } else { "interface" }));
                let description = Some(interface.description.as_str()).filter(|text| !text.is_empty());
                map.maybe("description", description.map(Doc::text));
            }
            None => {}
        }
        if interface.is_attached && interface.instance.is_none() && interface.security_groups.is_empty() {
            map.put("security_groups", Doc::list([]));
        }
        self.put_interface(interface, vpc, &mut map);
        let public = interface.public_ips.iter().find(|ip| ip.allocation.is_none());
        map.maybe("public_ip", public.map(|ip| Doc::text(&ip.address)));
        map.unless_empty("tags", tags(&interface.about.tags));
        if interface.is_attached {
            map.unless_empty("serves", self.serves(&interface.about, interface, false));
        }
        map.doc()
    }

    /// What instances and interfaces have in common.
    fn put_interface(&mut self, eni: &Interface, vpc: &str, map: &mut Map) {
        let mut addresses = eni.private_ips.iter();
        map.maybe("private_ip", addresses.next().map(Doc::text));
        map.unless_empty("secondary_private_ips", Doc::list(addresses.map(Doc::text)));
        let groups = self.refer_all(&eni.security_groups, vpc, "the security group", &eni.about.place);
        map.unless_empty("security_groups", Doc::list(groups));
        map.maybe("source_dest_check", Some(eni.source_dest_check).filter(|on| !on).map(Doc::plain));
        if !eni.source_dest_check && self.is_routed_to(eni) {
            map.put("forwards", Doc::plain(true));
            let message = "it is the target of a route and has no source/destination check: taken to forward, without NAT";
            self.lost(&eni.about.place, message);
        }
    }

    /// Whether a route leads to an interface, or to its instance.
    fn is_routed_to(&self, eni: &Interface) -> bool {
        let instance = eni.instance.as_ref().map(|(id, _)| id);
        self.inventory.route_tables.iter().flat_map(|table| &table.routes).any(|route| {
            matches!(&route.target, RouteTarget::Id(id) if *id == eni.about.id || Some(id) == instance)
        })
    }

    /// The address that Amazon assigned; none where the subnet would assign one and the source says there is none.
    fn public_ip(&mut self, eni: &Interface) -> Option<Doc> {
        let own = eni.private_ips.first();
        let is_primary = |ip: &&PublicIp| ip.private_ip.is_none() || ip.private_ip.as_ref() == own;
        let assigned = eni.public_ips.iter().filter(is_primary).find(|ip| ip.allocation.is_none());
        if let Some(assigned) = assigned {
            return Some(Doc::text(&assigned.address));
        }
        let assigns = self.subnets.get(eni.subnet.as_str()).is_some_and(|subnet| subnet.map_public_ip);
        (assigns && !eni.private_ips.is_empty()).then(|| Doc::plain(false))
    }

    /// All Elastic IPs, also those that only an interface speaks of.
    pub(super) fn elastic_ips(&mut self) -> Doc {
        let inventory = self.inventory;
        let mut map = Map::default();
        let mut listed = BTreeSet::new();
        for address in inventory.addresses.iter() {
            listed.insert(address.about.id.as_str());
            if let Some(ip) = &address.public_ip {
                listed.insert(ip);
            }
            let (key, doc) = self.elastic_ip(address);
            map.put(key, doc);
        }
        for eni in inventory.interfaces.iter() {
            if self.of_gateways.contains(eni.about.id.as_str()) {
                continue;
            }
            for public in &eni.public_ips {
                let Some(allocation) = &public.allocation else { continue };
                if listed.contains(allocation.as_str()) || listed.contains(public.address.as_str()) {
                    continue;
                }
                let Some(holder) = self.holder(&eni.about.id) else { continue };
                let (mut entry, (key, name)) = (Map::default(), holder);
                let pinned = allocation.parse::<crate::ids::AllocationId>().is_ok();
                entry.put("address", Doc::text(&public.address));
                entry.put(key, Doc::text(name));
                entry.maybe("private_ip", public.private_ip.as_ref().map(Doc::text));
                let key = if pinned { allocation.clone() } else { format!("eip-{}", public.address) };
                map.put(key, entry.doc().from(&eni.about.place));
            }
        }
        map.doc()
    }

    fn elastic_ip(&mut self, address: &Address) -> (String, Doc) {
        let (key, mut map) = self.named(&address.about);
        self.put_scope(&address.about, &mut map);
        map.maybe("address", address.public_ip.as_ref().map(Doc::text));
        if let Some(id) = &address.associated_with {
            match self.holder(id) {
                Some((key, name)) => {
                    map.put(key, Doc::text(name));
                    map.maybe("private_ip", address.private_ip.as_ref().map(Doc::text));
                }
                None if self.of_gateways.contains(id.as_str()) => {}
                None => {
                    self.lost(
                        &address.about.place,
                        format!("{id}, which has the address, is not in the source"),
                    );
                }
            }
        }
        (key, map.doc().from(&address.about.place))
    }

    /// By which key an Elastic IP names its instance or interface.
    fn holder(&self, id: &str) -> Option<(&'static str, String)> {
        if self.of_gateways.contains(id) {
            return None;
        }
        let called = self.names.get(id)?;
        let name = called.key.clone();
        match called.kind {
            Kind::Instance => Some(("instance", name)),
            Kind::Interface => Some(("interface", name)),
            Kind::Address
            | Kind::Attachment
            | Kind::CustomerGateway
            | Kind::Endpoint
            | Kind::FlowLog
            | Kind::InternetGateway
            | Kind::NatGateway
            | Kind::NetworkAcl
            | Kind::Peering
            | Kind::PrefixList
            | Kind::RouteTable
            | Kind::SecurityGroup
            | Kind::Subnet
            | Kind::TransitGateway
            | Kind::TransitTable
            | Kind::Vpc
            | Kind::VpnConnection
            | Kind::VpnGateway => None,
        }
    }
}

fn tags(tags: &BTreeMap<String, String>) -> Doc {
    let mut map = Map::default();
    for (key, value) in tags {
        map.put(key, Doc::text(value));
    }
    map.doc()
}
