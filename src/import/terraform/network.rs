//! VPCs, subnets, route tables and internet gateways.

use serde_json::Value;

use super::tree::{Resource, text_of};
use super::{Builder, texts_of};
use crate::import::inventory::{
    About, Block, InternetGateway, PeerVpc, Peering, Route, RouteTable, RouteTarget, Subnet, Vpc,
};

/// What a route may lead to, of those that can.
const TARGETS: [&str; 11] = [
    "nat_gateway_id",
    "network_interface_id",
    "vpc_peering_connection_id",
    "transit_gateway_id",
    "vpc_endpoint_id",
    "gateway_id",
    "instance_id",
    "egress_only_gateway_id",
    "local_gateway_id",
    "carrier_gateway_id",
    "core_network_arn",
];

/// Where a destination is, and what its text makes.
type BlockAt = (&'static str, fn(String) -> Block);

/// Where a route leads, and whether that is a block of IPv4, of IPv6, or a list.
const DESTINATIONS: [BlockAt; 5] = [
    ("destination_cidr_block", Block::Cidr),
    ("cidr_block", Block::Cidr),
    ("destination_prefix_list_id", Block::PrefixList),
    ("destination_ipv6_cidr_block", Block::Ipv6),
    ("ipv6_cidr_block", Block::Ipv6),
];

impl<'t> Builder<'t> {
    pub(super) fn vpc(&mut self, resource: &'t Resource<'t>) {
        for what in ["main_route_table_id", "default_security_group_id"] {
            if let Some(id) = resource.text(what) {
                self.defaults.insert(id, (resource.id(), what));
            }
        }
        let cidr = self.text_at(resource, "cidr_block");
        self.reading.inventory.vpcs.push(Vpc {
            about: self.about(resource),
            cidrs: cidr.into_iter().collect(),
            dns_support: resource.flag("enable_dns_support"),
            dns_hostnames: resource.flag("enable_dns_hostnames"),
        });
    }

    pub(super) fn secondary_block(&mut self, resource: &'t Resource<'t>) {
        let (Some(vpc), Some(block)) = (self.id_at(resource, "vpc_id"), self.text_at(resource, "cidr_block"))
        else {
            return;
        };
        match self.reading.inventory.vpcs.iter_mut().find(|it| it.about.id == vpc) {
            Some(vpc) if vpc.cidrs.contains(&block) => {}
            Some(vpc) => vpc.cidrs.push(block),
            None => self.outside(resource, &vpc),
        }
    }

    pub(super) fn subnet(&mut self, resource: &'t Resource<'t>) {
        let Some(cidr) = self.text_at(resource, "cidr_block") else { return };
        let subnet = Subnet {
            about: self.about(resource),
            vpc: self.id_at(resource, "vpc_id").unwrap_or_default(),
            cidr,
            zone: resource.text("availability_zone"),
            map_public_ip: resource.flag("map_public_ip_on_launch").unwrap_or(false),
        };
        self.reading.inventory.subnets.push(subnet);
    }

    /// A table that takes over the default one is the main one of its VPC.
    pub(super) fn route_table(&mut self, resource: &'t Resource<'t>) {
        let is_main = resource.kind == "aws_default_route_table";
        let mut vpc = self.id_at_quietly(resource, "vpc_id");
        if is_main && vpc.is_none() {
            let table = self.id_at(resource, "default_route_table_id").unwrap_or_default();
            vpc = table.strip_suffix(".default_route_table_id").map(str::to_owned);
        }
        let mut table = RouteTable {
            about: self.about(resource),
            vpc: vpc.unwrap_or_default(),
            is_main,
            subnets: Vec::new(),
            gateways: Vec::new(),
            propagating: self.ids_at(resource, "propagating_vgws"),
            routes: Vec::new(),
        };
        let routes = resource.blocks("route");
        let written = self.written(resource, "route");
        for (at, values) in routes.iter().enumerate() {
            let own = self.written_for(&written, values);
            if let Some(route) = self.route(resource, &format!("route[{at}]"), values, own) {
                table.routes.push(route);
            }
        }
        // If nothing is known of them yet, blocks are only in the configuration.
        for (at, own) in written.iter().enumerate().filter(|_| routes.is_empty()) {
            if let Some(route) = self.route(resource, &format!("route[{at}]"), &Value::Null, own) {
                table.routes.push(route);
            }
        }
        self.say_hidden_blocks(resource, "route", routes.len() + written.len());
        self.reading.inventory.route_tables.push(table);
    }

    /// The blocks of a kind as the configuration writes them.
    pub(super) fn written(&self, resource: &'t Resource<'t>, attribute: &str) -> Vec<&'t Value> {
        let blocks = resource.expression(attribute).and_then(Value::as_array);
        blocks.map(|blocks| blocks.iter().collect()).unwrap_or_default()
    }

    /// The block of the configuration that values come from: the only one whose constants are theirs. Sets are not in
    /// the order in which they are written.
    pub(super) fn written_for(&self, written: &[&'t Value], values: &Value) -> &'t Value {
        let fits = |block: &&&'t Value| {
            block.as_object().into_iter().flatten().all(|(key, expression)| {
                match (expression.get("constant_value"), values.get(key)) {
                    (Some(constant), Some(known)) => texts_of(Some(constant)) == texts_of(Some(known)),
                    (_, _) => true,
                }
            })
        };
        let fitting: Vec<&'t Value> = written.iter().filter(fits).copied().collect();
        match fitting.as_slice() {
            [one] => one,
            _ => &Value::Null,
        }
    }

    /// Blocks that a plan can neither show nor tell are said.
    pub(super) fn say_hidden_blocks(&mut self, resource: &'t Resource<'t>, attribute: &str, shown: usize) {
        if shown == 0
            && resource.unknown.get(attribute) == Some(&Value::Bool(true))
            && resource.expression(attribute).is_some()
        {
            self.unknown(resource, attribute);
        }
    }

    /// A value of a block: as it is known, or as its expression says.
    pub(super) fn of_block(
        &self,
        resource: &'t Resource<'t>,
        values: &Value,
        written: &'t Value,
        key: &str,
    ) -> Vec<String> {
        let known = texts_of(values.get(key));
        if !known.is_empty() {
            return known;
        }
        written.get(key).map(|expression| self.tree.follow(resource, expression)).unwrap_or_default()
    }

    fn route(
        &mut self,
        resource: &'t Resource<'t>,
        attribute: &str,
        values: &Value,
        written: &'t Value,
    ) -> Option<Route> {
        let first = |key: &str| self.of_block(resource, values, written, key).into_iter().next();
        let destination = DESTINATIONS.iter().find_map(|(key, block)| first(key).map(block));
        let mut all = TARGETS.iter().map(|key| self.of_block(resource, values, written, key));
        let found = all.find(|found| !found.is_empty()).unwrap_or_default();
        let target = self.only(resource, attribute, found);
        self.put_route(resource, attribute, destination, target)
    }

    pub(super) fn route_of_its_own(&mut self, resource: &'t Resource<'t>) {
        let mut destination = None;
        for (key, block) in DESTINATIONS {
            destination = destination.or_else(|| self.id_at_quietly(resource, key).map(block));
        }
        let mut target = None;
        for key in TARGETS {
            target = target.or_else(|| self.id_at_quietly(resource, key));
        }
        let Some(route) = self.put_route(resource, "", destination, target) else { return };
        let Some(table) = self.id_at(resource, "route_table_id") else { return };
        match self.table_mut(&table) {
            Some(table) => table.routes.push(route),
            None => self.outside(resource, &table),
        }
    }

    fn put_route(
        &mut self,
        resource: &'t Resource<'t>,
        attribute: &str,
        destination: Option<Block>,
        target: Option<String>,
    ) -> Option<Route> {
        let Some(destination) = destination else {
            self.lost(resource, attribute, "the destination of a route is not known: left out");
            return None;
        };
        // Packets must not take another route instead.
        let target = target.unwrap_or_else(|| "a target that is not known until the apply".to_owned());
        Some(Route {
            destination,
            target: if target == "local" { RouteTarget::Local } else { RouteTarget::Id(target) },
            is_propagated: resource.text("origin").as_deref() == Some("EnableVgwRoutePropagation"),
            is_blackhole: resource.text("state").as_deref() == Some("blackhole"),
            place: self.place(resource, attribute),
        })
    }

    /// A table by its id, or by what the main table of a VPC is called.
    pub(super) fn table_mut(&mut self, id: &str) -> Option<&mut RouteTable> {
        let known = self.defaults.get(id).filter(|(_, what)| *what == "main_route_table_id");
        let known = known.map(|(vpc, _)| vpc.clone());
        let is_there = self.reading.inventory.route_tables.iter().any(|it| it.about.id == id);
        if let Some(vpc) = known.filter(|_| !is_there) {
            let about = self.reading.inventory.vpcs.iter().find(|it| it.about.id == vpc)?.about.clone();
            self.reading.inventory.route_tables.push(RouteTable {
                about: About { id: id.to_owned(), name: None, tags: [].into(), ..about },
                vpc,
                is_main: true,
                subnets: Vec::new(),
                gateways: Vec::new(),
                propagating: Vec::new(),
                routes: Vec::new(),
            });
        }
        let of_vpc =
            [".main_route_table_id", ".default_route_table_id"].iter().find_map(|end| id.strip_suffix(end));
        if let Some(vpc) = of_vpc {
            let is_main = |it: &RouteTable| it.is_main && it.vpc == vpc;
            if !self.reading.inventory.route_tables.iter().any(is_main) {
                let about = self.reading.inventory.vpcs.iter().find(|it| it.about.id == vpc)?.about.clone();
                let about = crate::import::inventory::About { id: id.to_owned(), name: None, ..about };
                self.reading.inventory.route_tables.push(RouteTable {
                    about,
                    vpc: vpc.to_owned(),
                    is_main: true,
                    subnets: Vec::new(),
                    gateways: Vec::new(),
                    propagating: Vec::new(),
                    routes: Vec::new(),
                });
            }
            return self.reading.inventory.route_tables.iter_mut().find(|it| it.is_main && it.vpc == vpc);
        }
        self.reading.inventory.route_tables.iter_mut().find(|it| it.about.id == id)
    }

    pub(super) fn main_table(&mut self, resource: &'t Resource<'t>) {
        let Some(table) = self.id_at(resource, "route_table_id") else { return };
        let Some(vpc) = self.table_mut(&table).map(|table| table.vpc.clone()) else {
            return self.outside(resource, &table);
        };
        for other in self.reading.inventory.route_tables.iter_mut().filter(|it| it.vpc == vpc) {
            other.is_main = other.about.id == table;
        }
    }

    pub(super) fn table_association(&mut self, resource: &'t Resource<'t>) {
        let Some(table) = self.id_at(resource, "route_table_id") else { return };
        let subnet = self.id_at_quietly(resource, "subnet_id");
        let gateway = self.id_at_quietly(resource, "gateway_id");
        if subnet.is_none() && gateway.is_none() {
            self.unknown(resource, "subnet_id");
        }
        match self.table_mut(&table) {
            Some(table) => {
                table.subnets.extend(subnet);
                table.gateways.extend(gateway);
            }
            None => self.outside(resource, &table),
        }
    }

    pub(super) fn propagation(&mut self, resource: &'t Resource<'t>) {
        let (Some(table), Some(gateway)) =
            (self.id_at(resource, "route_table_id"), self.id_at(resource, "vpn_gateway_id"))
        else {
            return;
        };
        match self.table_mut(&table) {
            Some(table) => table.propagating.push(gateway),
            None => self.outside(resource, &table),
        }
    }

    pub(super) fn internet_gateway(&mut self, resource: &'t Resource<'t>) {
        let vpc = self.id_at_quietly(resource, "vpc_id");
        self.reading.inventory.internet_gateways.push(InternetGateway { about: self.about(resource), vpc });
    }

    pub(super) fn gateway_attachment(&mut self, resource: &'t Resource<'t>) {
        let (Some(gateway), Some(vpc)) =
            (self.id_at(resource, "internet_gateway_id"), self.id_at(resource, "vpc_id"))
        else {
            return;
        };
        match self.reading.inventory.internet_gateways.iter_mut().find(|it| it.about.id == gateway) {
            Some(gateway) => gateway.vpc = Some(vpc),
            None => self.outside(resource, &gateway),
        }
    }

    /// Accepted by itself within an account, or by a resource of its own.
    pub(super) fn peering(&mut self, resource: &'t Resource<'t>) {
        let status = resource.text("accept_status");
        if status
            .as_deref()
            .is_some_and(|status| !["active", "pending-acceptance", "provisioning"].contains(&status))
        {
            return;
        }
        let side = |vpc: Option<String>, account: Option<String>, region: Option<String>| PeerVpc {
            vpc: vpc.unwrap_or_default(),
            account,
            region,
            cidrs: Vec::new(),
        };
        let requester = side(self.id_at(resource, "vpc_id"), None, None);
        let accepter = side(
            self.id_at(resource, "peer_vpc_id"),
            resource.text("peer_owner_id"),
            resource.text("peer_region"),
        );
        let is_accepter = |it: &Resource<'t>| {
            it.kind == "aws_vpc_peering_connection_accepter"
                && it.flag("auto_accept").unwrap_or(false)
                && it.expression("vpc_peering_connection_id").map_or_else(
                    || it.text("vpc_peering_connection_id") == resource.text("id"),
                    |expression| self.tree.follow(it, expression).contains(&resource.id()),
                )
        };
        let is_accepted = status.map_or_else(
            || resource.flag("auto_accept").unwrap_or(false) || self.tree.resources.iter().any(is_accepter),
            |status| status == "active" || status == "provisioning",
        );
        let about = self.about(resource);
        self.reading.inventory.peerings.push(Peering { about, requester, accepter, is_accepted });
    }

    /// The id at an attribute that may well be left out.
    pub(super) fn id_at_quietly(&mut self, resource: &'t Resource<'t>, attribute: &str) -> Option<String> {
        let known = resource.values.get(attribute).and_then(text_of);
        if known.is_some() {
            return known;
        }
        let found = self.tree.follow(resource, resource.expression(attribute)?);
        self.only(resource, attribute, found)
    }

    /// The only candidate; which of several it is cannot be known before the apply.
    pub(super) fn only(
        &mut self,
        resource: &'t Resource<'t>,
        attribute: &str,
        found: Vec<String>,
    ) -> Option<String> {
        if found.len() > 1 {
            let message = format!("one of {}, not known which until the apply: left out", found.join(", "));
            self.lost(resource, attribute, message);
            return None;
        }
        found.into_iter().next()
    }

    /// Something is said of a resource that the document does not have.
    pub(super) fn outside(&mut self, resource: &'t Resource<'t>, id: &str) {
        self.lost(resource, "", format!("it belongs to {id}, which is not in the source: left out"));
    }
}
