//! VPCs and what is in them: subnets, route tables, network ACLs, security groups.

use std::collections::{BTreeMap, BTreeSet};

use super::super::inventory::{NetworkAcl, PeerVpc, Place, Subnet, Vpc};
use super::Composer;
use super::names::Kind;
use super::page::{Doc, Map};
use crate::ids::VpcId;

/// What is listed in a VPC, by kind; gathered once, since a source may have thousands of everything.
#[derive(Default)]
struct Contents {
    subnets: Map,
    route_tables: Map,
    network_acls: Map,
    security_groups: Map,
    internet_gateway: Option<Doc>,
    vpn_gateway: Option<Doc>,
}

impl Composer<'_> {
    /// All VPCs, and for those that are only named an empty one.
    pub(super) fn vpcs(&mut self) -> Doc {
        let inventory = self.inventory;
        let mut contents: BTreeMap<&str, Contents> =
            inventory.vpcs.iter().map(|vpc| (vpc.about.id.as_str(), Contents::default())).collect();
        self.fill_subnets(&mut contents);
        self.fill_tables(&mut contents);
        self.fill_filters(&mut contents);
        self.fill_gateways(&mut contents);
        let mut hosts = self.hosts();
        let mut gateways = self.vpc_gateways();
        let mut map = Map::default();
        for vpc in &inventory.vpcs {
            let Some(own) = contents.remove(vpc.about.id.as_str()) else { continue };
            let hosts = hosts.remove(vpc.about.id.as_str()).unwrap_or_default();
            let gateways = gateways.remove(vpc.about.id.as_str()).unwrap_or_default();
            let (key, mut entry) = self.vpc(vpc);
            entry.maybe("internet_gateway", own.internet_gateway);
            entry.maybe("vpn_gateway", own.vpn_gateway);
            entry.unless_empty("subnets", own.subnets.doc());
            entry.unless_empty("route_tables", own.route_tables.doc());
            entry.unless_empty("network_acls", own.network_acls.doc());
            entry.unless_empty("security_groups", own.security_groups.doc());
            entry.unless_empty("nat_gateways", gateways.nat_gateways.doc());
            entry.unless_empty("endpoints", gateways.endpoints.doc());
            entry.unless_empty("instances", hosts.instances.doc());
            entry.unless_empty("interfaces", hosts.interfaces.doc());
            map.put(key, entry.doc().from(&vpc.about.place));
        }
        self.put_named_only(&mut map);
        map.doc()
    }

    fn vpc(&mut self, vpc: &Vpc) -> (String, Map) {
        let (key, mut map) = self.named(&vpc.about);
        self.put_scope(&vpc.about, &mut map);
        match vpc.cidrs.split_first() {
            Some((first, rest)) => {
                map.put("cidr", Doc::text(first));
                map.unless_empty("secondary_cidrs", Doc::list(rest.iter().map(Doc::text)));
            }
            None => self.lost(&vpc.about.place, "the VPC has no IPv4 block"),
        }
        // aws: dns-attribute-defaults
        map.maybe("dns_support", vpc.dns_support.filter(|on| !on).map(Doc::plain));
        map.maybe("dns_hostnames", vpc.dns_hostnames.filter(|on| *on).map(Doc::plain));
        (key, map)
    }

    /// The contents of the VPC that something is in, or a notice that there is none.
    fn within<'c>(
        &mut self,
        contents: &'c mut BTreeMap<&str, Contents>,
        vpc: &str,
        what: &str,
        place: &Place,
    ) -> Option<&'c mut Contents> {
        let found = contents.get_mut(vpc);
        if found.is_none() {
            let vpc = if vpc.is_empty() { "its VPC" } else { vpc };
            self.lost(place, format!("{what} left out: {vpc} is not in the source"));
        }
        found
    }

    fn fill_subnets(&mut self, contents: &mut BTreeMap<&str, Contents>) {
        for subnet in self.inventory.subnets.iter().filter(|it| !it.cidr.is_empty()) {
            let (key, doc) = self.subnet(subnet);
            if let Some(own) = self.within(contents, &subnet.vpc, "the subnet", &subnet.about.place) {
                own.subnets.put(key, doc);
            }
        }
    }

    fn subnet(&mut self, subnet: &Subnet) -> (String, Doc) {
        let (key, mut map) = self.named(&subnet.about);
        map.put("cidr", Doc::text(&subnet.cidr));
        let letter = subnet.zone.as_ref().and_then(|zone| self.scopes.letter(zone));
        map.maybe("az", letter.map(Doc::text));
        map.maybe("map_public_ip", Some(subnet.map_public_ip).filter(|on| *on).map(Doc::plain));
        (key, map.doc().from(&subnet.about.place))
    }

    fn fill_tables(&mut self, contents: &mut BTreeMap<&str, Contents>) {
        for table in &self.inventory.route_tables {
            let doc = self.route_table(table);
            let key = self.names.key(&table.about.id);
            if let Some(own) = self.within(contents, &table.vpc, "the route table", &table.about.place) {
                own.route_tables.put(key, doc);
            }
        }
    }

    fn fill_filters(&mut self, contents: &mut BTreeMap<&str, Contents>) {
        for acl in &self.inventory.network_acls {
            let (key, doc) = self.network_acl(acl);
            if let Some(own) = self.within(contents, &acl.vpc, "the network ACL", &acl.about.place) {
                own.network_acls.put(key, doc);
            }
        }
        for group in &self.inventory.security_groups {
            let doc = self.security_group(group).from(&group.about.place);
            let key = self.names.key(&group.about.id);
            if let Some(own) = self.within(contents, &group.vpc, "the security group", &group.about.place) {
                own.security_groups.put(key, doc);
            }
        }
    }

    fn network_acl(&mut self, acl: &NetworkAcl) -> (String, Doc) {
        let (key, mut map) = self.named(&acl.about);
        if acl.is_default {
            // Whatever is in no other list is in the default one.
            map.put("default", Doc::plain(true));
        } else {
            let subnets = self.refer_all(&acl.subnets, &acl.vpc, "the subnet", &acl.about.place);
            map.unless_empty("subnets", Doc::list(subnets));
        }
        for (key, is_egress) in [("ingress", false), ("egress", true)] {
            let entries = self.acl_entries(&acl.entries, is_egress);
            // The default list lets everything through unless something else is written.
            if acl.is_default && !is_open(acl, is_egress) {
                map.put(key, entries);
            } else if !acl.is_default {
                map.unless_empty(key, entries);
            }
        }
        (key, map.doc().from(&acl.about.place))
    }

    fn fill_gateways(&mut self, contents: &mut BTreeMap<&str, Contents>) {
        for gateway in &self.inventory.internet_gateways {
            let Some(doc) = self.attached(Kind::InternetGateway, &gateway.about, gateway.vpc.as_ref()) else {
                continue;
            };
            let vpc = gateway.vpc.as_deref().unwrap_or_default();
            if let Some(own) = self.within(contents, vpc, "the internet gateway", &gateway.about.place) {
                own.internet_gateway = Some(doc);
            }
        }
        for gateway in &self.inventory.vpn_gateways {
            let Some(doc) = self.attached(Kind::VpnGateway, &gateway.about, gateway.vpc.as_ref()) else {
                continue;
            };
            let vpc = gateway.vpc.as_deref().unwrap_or_default();
            if let Some(own) = self.within(contents, vpc, "the virtual private gateway", &gateway.about.place)
            {
                own.vpn_gateway = Some(doc);
            }
        }
    }

    /// A gateway of a VPC by its name, and by its id if that is another.
    fn attached(&mut self, kind: Kind, about: &super::About, vpc: Option<&String>) -> Option<Doc> {
        if vpc.is_none() {
            self.harmless(&about.place, format!("a {} that is attached to nothing left out", kind.word()));
            return None;
        }
        let (key, mut map) = self.named(about);
        if map.is_empty() {
            return Some(Doc::text(key).from(&about.place));
        }
        let mut named = Map::default();
        named.put("name", Doc::text(key));
        if let Some(called) = self.names.get(&about.id) {
            named.maybe("id", called.id.clone().map(Doc::text));
        }
        map = named;
        Some(map.doc().from(&about.place))
    }

    /// Peering connections; those whose status carries nothing are not in the inventory.
    pub(super) fn peerings(&mut self) -> Doc {
        let mut map = Map::default();
        for peering in self.inventory.peerings.iter() {
            let sides = [&peering.requester, &peering.accepter].map(|side| self.side(side));
            let (key, mut entry) = self.named(&peering.about);
            let [Some(requester), Some(accepter)] = sides else {
                let message =
                    "the peering connection left out: a VPC of it and its blocks are not in the source";
                self.lost(&peering.about.place, message);
                continue;
            };
            entry.put("requester", Doc::text(requester));
            entry.put("accepter", Doc::text(accepter));
            entry.maybe("accepted", Some(peering.is_accepted).filter(|on| !on).map(Doc::plain));
            map.put(key, entry.doc().from(&peering.about.place));
        }
        map.doc()
    }

    fn side(&self, side: &PeerVpc) -> Option<String> {
        let known = self.names.refer(&side.vpc, None);
        known.or_else(|| Some(side.vpc.clone()).filter(|_| stands_in(side)))
    }

    /// VPCs of other accounts that peering connections lead to: nothing is in them, but what is sent there gets
    /// there.
    fn put_named_only(&mut self, map: &mut Map) {
        let mut said = BTreeSet::new();
        for peering in &self.inventory.peerings {
            for side in [&peering.requester, &peering.accepter] {
                if self.names.get(&side.vpc).is_some() || !stands_in(side) || !said.insert(&side.vpc) {
                    continue;
                }
                let about = super::About {
                    id: side.vpc.clone(),
                    name: None,
                    tags: BTreeMap::new(),
                    account: side.account.clone(),
                    region: side.region.clone(),
                    place: peering.about.place.clone(),
                };
                let mut entry = Map::default();
                self.put_scope(&about, &mut entry);
                let mut blocks = side.cidrs.iter();
                entry.maybe("cidr", blocks.next().map(Doc::text));
                entry.unless_empty("secondary_cidrs", Doc::list(blocks.map(Doc::text)));
                map.put(side.vpc.clone(), entry.doc().from(&peering.about.place));
                let message = format!("{} is not in the source: an empty VPC stands for it", side.vpc);
                self.lost(&peering.about.place, message);
            }
        }
    }
}

/// Whether a VPC that is not in the source can be stood for.
pub(super) fn stands_in(side: &PeerVpc) -> bool {
    side.vpc.parse::<VpcId>().is_ok() && !side.cidrs.is_empty()
}

/// Whether a list has nothing but the rule that lets everything through, as default lists begin.
fn is_open(acl: &NetworkAcl, is_egress: bool) -> bool {
    use super::super::inventory::Block;
    let everybody = Block::Cidr("0.0.0.0/0".to_owned());
    let own: Vec<_> = acl
        .entries
        .iter()
        .filter(|it| it.is_egress == is_egress && !matches!(it.block, Block::Ipv6(_)))
        .collect();
    matches!(own.as_slice(), [one] if one.allows && one.number == 100 && one.block == everybody && one.traffic.protocol == "-1")
}
