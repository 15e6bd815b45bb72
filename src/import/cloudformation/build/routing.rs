//! Route tables.
//!
//! A table of a template is never the main one of its VPC: that comes with the VPC, and no template can name it.

use super::{Builder, Item};
use crate::import::inventory::{Block, Route, RouteTable, RouteTarget};
use crate::import::json::At;

/// The properties that name a target; a route has one of them.
const TARGETS: [&str; 11] = [
    "GatewayId",
    "NatGatewayId",
    "InstanceId",
    "NetworkInterfaceId",
    "TransitGatewayId",
    "VpcPeeringConnectionId",
    "VpcEndpointId",
    "EgressOnlyInternetGatewayId",
    "CarrierGatewayId",
    "LocalGatewayId",
    "CoreNetworkArn",
];

impl Builder {
    pub(super) fn route_table(&mut self, item: &Item, at: &At<'_>) {
        let about = self.about(item, at);
        let Some(vpc) = self.need(at, "VpcId") else { return };
        self.inventory.route_tables.push(RouteTable {
            about,
            vpc,
            is_main: false,
            subnets: Vec::new(),
            gateways: Vec::new(),
            propagating: Vec::new(),
            routes: Vec::new(),
        });
    }

    fn table(&mut self, id: &str) -> Option<&mut RouteTable> {
        self.inventory.route_tables.iter_mut().find(|table| table.about.id == id)
    }

    pub(super) fn route(&mut self, at: &At<'_>) {
        let Some(id) = self.need(at, "RouteTableId") else { return };
        let targets: Vec<String> = TARGETS.iter().filter_map(|key| at.text(key)).collect();
        let target = match targets.as_slice() {
            [local] if local == "local" => RouteTarget::Local,
            [id] => RouteTarget::Id(id.clone()),
            [] => {
                return self
                    .trouble(self.place(at), format!("a route needs a target, such as `{}`", TARGETS[0]));
            }
            _ => return self.trouble(self.place(at), "a route has one target"),
        };
        let Some(destination) = self.destination(at) else { return };
        let route =
            Route { destination, target, is_propagated: false, is_blackhole: false, place: self.place(at) };
        match self.table(&id) {
            Some(table) => table.routes.push(route),
            None => self.elsewhere(self.place(at), "a route", &id),
        }
    }

    fn destination(&mut self, at: &At<'_>) -> Option<Block> {
        if let Some(list) = at.text("DestinationPrefixListId") {
            return Some(Block::PrefixList(list));
        }
        if let Some(block) = at.text("DestinationIpv6CidrBlock") {
            return Some(Block::Ipv6(block));
        }
        self.cidr(at, "DestinationCidrBlock").map(Block::Cidr)
    }

    pub(super) fn subnet_route_table(&mut self, at: &At<'_>) {
        let (Some(id), Some(subnet)) = (self.need(at, "RouteTableId"), self.need(at, "SubnetId")) else {
            return;
        };
        match self.table(&id) {
            Some(table) => table.subnets.push(subnet),
            None => self.elsewhere(self.place(at), "an association", &id),
        }
    }

    pub(super) fn gateway_route_table(&mut self, at: &At<'_>) {
        let (Some(id), Some(gateway)) = (self.need(at, "RouteTableId"), self.need(at, "GatewayId")) else {
            return;
        };
        match self.table(&id) {
            Some(table) => table.gateways.push(gateway),
            None => self.elsewhere(self.place(at), "an association", &id),
        }
    }

    pub(super) fn route_propagation(&mut self, at: &At<'_>) {
        let Some(gateway) = self.need(at, "VpnGatewayId") else { return };
        for id in self.texts(at, "RouteTableIds") {
            match self.table(&id) {
                Some(table) => table.propagating.push(gateway.clone()),
                None => self.elsewhere(self.place(at), "a propagation", &id),
            }
        }
    }
}
