//! Route tables.

use std::collections::BTreeMap;

use super::super::inventory::{Block, EndpointKind, Route, RouteTable, RouteTarget};
use super::Composer;
use super::names::Kind;
use super::page::{Doc, Map};

impl Composer<'_> {
    /// A route table with what it is associated with, and its routes.
    pub(super) fn route_table(&mut self, table: &RouteTable) -> Doc {
        let (_, mut map) = self.named(&table.about);
        map.maybe("main", Some(table.is_main).filter(|on| *on).map(Doc::plain));
        let place = &table.about.place;
        let subnets = self.refer_all(&table.subnets, &table.vpc, "the subnet", place);
        map.unless_empty("subnets", Doc::list(subnets));
        let gateways = self.refer_all(&table.gateways, &table.vpc, "the gateway", place);
        map.unless_empty("gateways", Doc::list(gateways));
        let propagating =
            self.refer_all(&table.propagating, &table.vpc, "the virtual private gateway", place);
        map.unless_empty("propagates", Doc::list(propagating));
        let mut routes = Map::default();
        let mut taken: BTreeMap<String, String> = BTreeMap::new();
        for route in &table.routes {
            let Some((destination, target)) = self.route(route, table) else { continue };
            match taken.get(&destination) {
                // Terraform's states have routes twice: in their table, and as resources of their own.
                Some(known) if *known == target => {}
                Some(known) => {
                    let message = format!("there is a route to {destination} already, to {known}: left out");
                    self.lost(&route.place, message);
                }
                None => {
                    routes.put(&destination, Doc::text(&target).from(&route.place));
                    taken.insert(destination, target);
                }
            }
        }
        let is_tall = routes.len() > 1;
        let routes = if is_tall { routes.doc().tall() } else { routes.doc() };
        map.unless_empty("routes", routes);
        map.doc().from(place)
    }

    /// A destination and what it leads to; nothing for what is there by itself.
    fn route(&mut self, route: &Route, table: &RouteTable) -> Option<(String, String)> {
        let RouteTarget::Id(id) = &route.target else { return None };
        // What is propagated comes with the VPN connection, if there is one.
        let comes_with_vpn = || self.inventory.vpn_connections.iter().any(|vpn| vpn.gateway == *id);
        if route.is_propagated && comes_with_vpn() || self.is_of_gateway_endpoint(id) {
            return None;
        }
        let destination = match &route.destination {
            Block::Cidr(block) => block.clone(),
            Block::PrefixList(list) => self.prefix_list(list, &route.place)?,
            Block::Ipv6(block) => {
                self.harmless(&route.place, format!("the route of IPv6 to {block} left out"));
                return None;
            }
        };
        let target = match self.target(id, &table.vpc) {
            Some(_) if route.is_propagated => {
                let message = format!(
                    "the route to {destination} came over something else than a VPN connection of the source: a blackhole here"
                );
                self.lost(&route.place, message);
                "blackhole".to_owned()
            }
            Some(target) => target,
            None if route.is_blackhole => gone(id),
            None => {
                let why = match self.names.get(id) {
                    Some(called) => format!("the {} {id}, carries nothing", called.kind.word()),
                    None => format!("{id}, is not in the source"),
                };
                let message = format!("the target of the route to {destination}, {why}: a blackhole here");
                self.lost(&route.place, message);
                gone(id)
            }
        };
        Some((destination, target))
    }

    /// Gateway endpoints list their route tables themselves.
    fn is_of_gateway_endpoint(&self, id: &str) -> bool {
        self.inventory
            .endpoints
            .iter()
            .any(|endpoint| endpoint.about.id == id && matches!(endpoint.kind, EndpointKind::Gateway { .. }))
    }

    /// What a route leads to, if it is in the scenario and routes can lead there.
    fn target(&self, id: &str, vpc: &str) -> Option<String> {
        let called = self.names.get(id)?;
        let can = match called.kind {
            Kind::Instance | Kind::Interface | Kind::NatGateway | Kind::TransitGateway => true,
            Kind::InternetGateway => {
                self.inventory.internet_gateways.iter().any(|it| it.about.id == id && it.vpc.is_some())
            }
            Kind::VpnGateway => {
                self.inventory.vpn_gateways.iter().any(|it| it.about.id == id && it.vpc.is_some())
            }
            Kind::Peering => self.inventory.peerings.iter().any(|it| {
                let known = |side| self.side_is_known(side);
                it.about.id == id && known(&it.requester) && known(&it.accepter)
            }),
            Kind::Address
            | Kind::Attachment
            | Kind::CustomerGateway
            | Kind::Endpoint
            | Kind::FlowLog
            | Kind::NetworkAcl
            | Kind::PrefixList
            | Kind::RouteTable
            | Kind::SecurityGroup
            | Kind::Subnet
            | Kind::TransitTable
            | Kind::Vpc
            | Kind::VpnConnection => false,
        };
        if can { self.names.refer(id, Some(vpc)) } else { None }
    }

    fn side_is_known(&self, side: &super::super::inventory::PeerVpc) -> bool {
        self.names.get(&side.vpc).is_some() || super::vpcs::stands_in(side)
    }
}

/// A route to something that is not there.
fn gone(id: &str) -> String {
    const KINDS: [&str; 7] = ["eni-", "igw-", "nat-", "pcx-", "tgw-", "vgw-", "vpce-"];
    let is_target = KINDS.iter().any(|kind| {
        id.strip_prefix(kind).is_some_and(|digits| {
            [8, 17].contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_hexdigit())
        })
    });
    if is_target { format!("blackhole {id}") } else { "blackhole".to_owned() }
}
