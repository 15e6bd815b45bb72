//! Transit gateways, VPN connections and what is at their other ends.

use std::collections::BTreeSet;

use super::super::inventory::{
    Block, CustomerGateway, Interface, RouteTarget, TransitAttachment, TransitGateway, TransitResource,
    TransitTable, VpnConnection,
};
use super::Composer;
use super::page::{Doc, Map};

impl Composer<'_> {
    /// All transit gateways.
    pub(super) fn transit_gateways(&mut self) -> Doc {
        let mut map = Map::default();
        for gateway in self.inventory.transit_gateways.iter() {
            let (key, doc) = self.transit_gateway(gateway);
            map.put(key, doc);
        }
        self.say_without_gateway();
        map.doc()
    }

    /// What belongs to a transit gateway of somebody else, who has not shown it.
    fn say_without_gateway(&mut self) {
        let inventory = self.inventory;
        let attachments = inventory.transit_attachments.iter().map(|it| (&it.about, &it.transit_gateway));
        let tables = inventory.transit_tables.iter().map(|it| (&it.about, &it.transit_gateway));
        for (about, gateway) in attachments.chain(tables) {
            if self.names.get(gateway).is_none() {
                let message =
                    format!("{} left out: its transit gateway {gateway} is not in the source", about.id);
                self.lost(&about.place, message);
            }
        }
    }

    fn transit_gateway(&mut self, gateway: &TransitGateway) -> (String, Doc) {
        let inventory = self.inventory;
        let (key, mut map) = self.named(&gateway.about);
        self.put_scope(&gateway.about, &mut map);
        map.maybe("default_route_table", Some(false).filter(|_| !gateway.has_default_table).map(Doc::plain));
        let references = gateway.security_group_referencing;
        map.maybe("security_group_referencing", Some(true).filter(|_| references).map(Doc::plain));
        let (mut attachments, mut peerings) = (Map::default(), Map::default());
        let own = inventory.transit_attachments.iter().filter(|it| it.transit_gateway == gateway.about.id);
        for attachment in own {
            self.attachment(attachment, &mut attachments, &mut peerings);
        }
        map.unless_empty("attachments", attachments.doc());
        map.unless_empty("peerings", peerings.doc());
        let mut tables = Map::default();
        let own = inventory.transit_tables.iter().filter(|it| it.transit_gateway == gateway.about.id);
        for table in own {
            let (key, doc) = self.transit_table(table);
            tables.put(key, doc);
        }
        map.unless_empty("route_tables", tables.doc());
        (key, map.doc().from(&gateway.about.place))
    }

    fn attachment(&mut self, attachment: &TransitAttachment, attachments: &mut Map, peerings: &mut Map) {
        let place = &attachment.about.place;
        let (key, mut map) = self.named(&attachment.about);
        match &attachment.resource {
            TransitResource::Vpc { vpc, subnets, appliance_mode } => {
                let Some(name) = self.names.refer(vpc, None) else {
                    self.lost(place, format!("{vpc} is not in the source: its attachment left out"));
                    return;
                };
                let names = self.refer_all(subnets, vpc, "the subnet", place);
                if names.is_empty() {
                    self.lost(place, "an attachment that is in no subnet of the source left out");
                    return;
                }
                map.put("vpc", Doc::text(name)).put("subnets", Doc::list(names));
                map.maybe("appliance_mode", Some(true).filter(|_| *appliance_mode).map(Doc::plain));
                let own = self.interfaces_of_attachment(attachment, subnets);
                map.unless_empty("interfaces", self.gateway_interfaces(&own, vpc));
                attachments.put(key, map.doc().from(place));
            }
            TransitResource::Vpn { .. } => {}
            TransitResource::Peering { transit_gateway } => match self.names.refer(transit_gateway, None) {
                Some(name) if map.is_empty() => {
                    peerings.put(key, Doc::text(name).from(place));
                }
                Some(name) => {
                    map.put("to", Doc::text(name));
                    peerings.put(key, map.doc().from(place));
                }
                None => {
                    self.lost(place, format!("{transit_gateway} is not in the source: the peering left out"))
                }
            },
            TransitResource::Other(kind) => {
                self.lost(place, format!("an attachment of the kind {kind} is not simulated: left out"));
            }
        }
    }

    /// The interfaces of an attachment say so in their description.
    fn interfaces_of_attachment(
        &self,
        attachment: &TransitAttachment,
        subnets: &[String],
    ) -> Vec<&Interface> {
        let is_own = |eni: &&Interface| {
            eni.kind == "transit_gateway"
                && eni.description.contains(&attachment.about.id)
                && subnets.contains(&eni.subnet)
        };
        self.inventory.interfaces.iter().filter(is_own).collect()
    }

    fn transit_table(&mut self, table: &TransitTable) -> (String, Doc) {
        let (key, mut map) = self.named(&table.about);
        map.maybe("default", Some(true).filter(|_| table.is_default).map(Doc::plain));
        let [associations, propagations] = [&table.associations, &table.propagations].map(|ids| {
            ids.iter().filter_map(|id| self.attachment_name(id)).map(Doc::text).collect::<Vec<_>>()
        });
        // With the default table everything is associated unless it is said otherwise.
        let is_exact = table.is_default && table.is_complete;
        map.maybe("exact", Some(true).filter(|_| is_exact).map(Doc::plain));
        map.unless_empty("associations", Doc::list(associations));
        map.unless_empty("propagations", Doc::list(propagations));
        let mut routes = Map::default();
        for route in table.routes.iter().filter(|it| !it.cidr.contains(':')) {
            let target = route.attachment.as_ref().and_then(|id| self.attachment_name(id));
            if let (Some(id), None) = (&route.attachment, &target) {
                let message = format!(
                    "the attachment {id} of the route to {} is not there: a blackhole here",
                    route.cidr
                );
                self.lost(&route.place, message);
            }
            let target = target.unwrap_or_else(|| "blackhole".to_owned());
            routes.put(&route.cidr, Doc::text(target).from(&route.place));
        }
        let is_tall = routes.len() > 1;
        let routes = if is_tall { routes.doc().tall() } else { routes.doc() };
        map.unless_empty("routes", routes);
        (key, map.doc().from(&table.about.place))
    }

    /// What an attachment goes by, if it is in the scenario; that of a VPN connection is called like the connection.
    fn attachment_name(&self, id: &str) -> Option<String> {
        let attachment = self.inventory.transit_attachments.iter().find(|it| it.about.id == id)?;
        match &attachment.resource {
            TransitResource::Vpc { vpc, subnets, .. } => {
                let is_there = subnets.iter().any(|subnet| self.names.get(subnet).is_some());
                self.names.get(vpc).filter(|_| is_there)?;
                self.names.refer(id, None)
            }
            TransitResource::Vpn { connection } => self.names.refer(connection, None),
            TransitResource::Peering { transit_gateway } => {
                self.names.get(transit_gateway)?;
                self.names.refer(id, None)
            }
            TransitResource::Other(_) => None,
        }
    }

    /// Networks on premises: a router each, with what AWS sends to it.
    pub(super) fn on_prem(&mut self) -> Doc {
        let inventory = self.inventory;
        let mut map = Map::default();
        for gateway in inventory.customer_gateways.iter() {
            let own = inventory.vpn_connections.iter().filter(|it| it.customer_gateway == gateway.about.id);
            let own: Vec<&VpnConnection> = own.collect();
            if own.is_empty() {
                self.harmless(&gateway.about.place, "a customer gateway without a VPN connection left out");
                continue;
            }
            let (key, doc) = self.network(gateway, &own);
            map.put(key, doc);
        }
        let routers: BTreeSet<&str> =
            inventory.customer_gateways.iter().map(|it| it.about.id.as_str()).collect();
        for vpn in
            inventory.vpn_connections.iter().filter(|it| !routers.contains(it.customer_gateway.as_str()))
        {
            let message =
                format!("{} is not in the source: the VPN connection left out", vpn.customer_gateway);
            self.lost(&vpn.about.place, message);
        }
        map.doc()
    }

    fn network(&mut self, gateway: &CustomerGateway, connections: &[&VpnConnection]) -> (String, Doc) {
        let (key, mut map) = self.named(&gateway.about);
        self.put_scope(&gateway.about, &mut map);
        map.maybe("address", gateway.ip_address.as_ref().map(Doc::text));
        let mut blocks: BTreeSet<String> = BTreeSet::new();
        let mut vpns = Map::default();
        for vpn in connections {
            let routes = self.routes_of(vpn);
            let Some(to) = self.names.refer(&vpn.gateway, None) else {
                self.lost(
                    &vpn.about.place,
                    format!("{} is not in the source: the VPN connection left out", vpn.gateway),
                );
                continue;
            };
            let (key, mut entry) = self.named(&vpn.about);
            entry.put("to", Doc::text(to));
            if routes.is_empty() && !self.has_static_routes(vpn) {
                let message = "no routes of the VPN connection are in the source (those that BGP learned are not): nothing \
                               is sent into it";
                self.lost(&vpn.about.place, message);
            }
            entry.put("routes", Doc::list(routes.iter().map(Doc::text)));
            let attachment = self.inventory.transit_attachments.iter().find(|it| {
                matches!(&it.resource, TransitResource::Vpn { connection } if *connection == vpn.about.id)
            });
            let id = attachment.map(|it| &it.about.id);
            let id = id.filter(|id| id.parse::<crate::ids::TransitGatewayAttachmentId>().is_ok());
            entry.maybe("attachment_id", id.map(Doc::text));
            blocks.extend(routes);
            vpns.put(key, entry.doc().from(&vpn.about.place));
        }
        map.put("cidr", Doc::list(blocks.into_iter().map(Doc::text)));
        map.unless_empty("vpn", vpns.doc());
        (key, map.doc().from(&gateway.about.place))
    }

    /// Whether tables of its transit gateway lead into a connection.
    fn has_static_routes(&self, vpn: &VpnConnection) -> bool {
        let attachment = self.inventory.transit_attachments.iter().find(
            |it| matches!(&it.resource, TransitResource::Vpn { connection } if *connection == vpn.about.id),
        );
        let routes = self.inventory.transit_tables.iter().flat_map(|table| &table.routes);
        attachment
            .is_some_and(|it| routes.into_iter().any(|route| route.attachment.as_ref() == Some(&it.about.id)))
    }

    /// What AWS sends into a connection: its own routes; of one that has none, since BGP learned them, what route tables
    /// took over from its gateway and no other connection has.
    fn routes_of(&mut self, vpn: &VpnConnection) -> Vec<String> {
        if !vpn.routes.is_empty() {
            return vpn.routes.clone();
        }
        let others: Vec<&VpnConnection> = self
            .inventory
            .vpn_connections
            .iter()
            .filter(|it| it.gateway == vpn.gateway && it.about.id != vpn.about.id)
            .collect();
        let mut routes: Vec<String> = Vec::new();
        for route in self.inventory.route_tables.iter().flat_map(|table| &table.routes) {
            let is_of_gateway = matches!(&route.target, RouteTarget::Id(id) if *id == vpn.gateway);
            if let (Block::Cidr(block), true, true) = (&route.destination, route.is_propagated, is_of_gateway)
                && !routes.contains(block)
                && others.iter().all(|other| !other.routes.contains(block))
            {
                routes.push(block.clone());
            }
        }
        if others.iter().any(|other| other.routes.is_empty()) && !routes.is_empty() {
            let message = "several connections of the gateway have routes that BGP learned: it cannot be told which has \
                           which, so each has all";
            self.lost(&vpn.about.place, message);
        }
        routes
    }
}
