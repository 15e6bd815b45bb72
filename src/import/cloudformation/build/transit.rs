//! Transit gateways, what is attached to them, and their route tables.

use super::{Builder, Item};
use crate::import::inventory::{
    TransitAttachment, TransitGateway, TransitResource, TransitRoute, TransitTable,
};
use crate::import::json::At;

fn is_enabled(at: &At<'_>, key: &str) -> Option<bool> {
    at.text(key).map(|text| text.eq_ignore_ascii_case("enable"))
}

impl Builder {
    pub(super) fn transit_gateway(&mut self, item: &Item, at: &At<'_>) {
        let about = self.about(item, at);
        let associates = is_enabled(at, "DefaultRouteTableAssociation").unwrap_or(true);
        let propagates = is_enabled(at, "DefaultRouteTablePropagation").unwrap_or(true);
        if associates != propagates {
            let message = "this transit gateway only associates with its default table, or only propagates to it: \
                           it is taken to do neither";
            self.matters(self.place(at), message);
        }
        self.inventory.transit_gateways.push(TransitGateway {
            about,
            has_default_table: associates && propagates,
            security_group_referencing: is_enabled(at, "SecurityGroupReferencingSupport").unwrap_or(false),
        });
    }

    pub(super) fn transit_vpc(&mut self, item: &Item, at: &At<'_>) {
        let about = self.about(item, at);
        let (gateway, vpc) = (self.need(at, "TransitGatewayId"), self.need(at, "VpcId"));
        let (Some(transit_gateway), Some(vpc)) = (gateway, vpc) else { return };
        let subnets = self.texts(at, "SubnetIds");
        let appliance_mode = is_enabled(&at.get("Options"), "ApplianceModeSupport").unwrap_or(false);
        let resource = TransitResource::Vpc { vpc, subnets, appliance_mode };
        self.inventory.transit_attachments.push(TransitAttachment { about, transit_gateway, resource });
    }

    pub(super) fn transit_peering(&mut self, item: &Item, at: &At<'_>) {
        let about = self.about(item, at);
        let ids = (self.need(at, "TransitGatewayId"), self.need(at, "PeerTransitGatewayId"));
        let (Some(transit_gateway), Some(peer)) = ids else { return };
        let resource = TransitResource::Peering { transit_gateway: peer };
        self.inventory.transit_attachments.push(TransitAttachment { about, transit_gateway, resource });
    }

    pub(super) fn transit_table(&mut self, item: &Item, at: &At<'_>) {
        let about = self.about(item, at);
        let Some(transit_gateway) = self.need(at, "TransitGatewayId") else { return };
        self.inventory.transit_tables.push(TransitTable {
            about,
            transit_gateway,
            is_default: false,
            is_complete: false,
            associations: Vec::new(),
            propagations: Vec::new(),
            routes: Vec::new(),
        });
    }

    /// The table that something belongs to; what is of another table is said to be left out.
    fn table_of(&mut self, at: &At<'_>, what: &str) -> Option<&mut TransitTable> {
        let id = self.need(at, "TransitGatewayRouteTableId")?;
        let Some(found) = self.inventory.transit_tables.iter().position(|table| table.about.id == id) else {
            self.elsewhere(self.place(at), what, &id);
            return None;
        };
        Some(&mut self.inventory.transit_tables[found])
    }

    pub(super) fn transit_route(&mut self, at: &At<'_>) {
        let drops = self.flag(at, "Blackhole") == Some(true);
        let attachment = if drops { None } else { self.need(at, "TransitGatewayAttachmentId") };
        if attachment.is_none() && !drops {
            return;
        }
        let is_ipv6 = at.text("DestinationCidrBlock").is_some_and(|block| block.contains(':'));
        if is_ipv6 {
            return self.harmless(self.place(at), "a route of IPv6 is left out");
        }
        let Some(cidr) = self.cidr(at, "DestinationCidrBlock") else { return };
        let route = TransitRoute { cidr, attachment, place: self.place(at) };
        if let Some(table) = self.table_of(at, "a route") {
            table.routes.push(route);
        }
    }

    pub(super) fn transit_association(&mut self, at: &At<'_>) {
        let Some(attachment) = self.need(at, "TransitGatewayAttachmentId") else { return };
        if let Some(table) = self.table_of(at, "an association") {
            table.associations.push(attachment);
        }
    }

    pub(super) fn transit_propagation(&mut self, at: &At<'_>) {
        let Some(attachment) = self.need(at, "TransitGatewayAttachmentId") else { return };
        if let Some(table) = self.table_of(at, "a propagation") {
            table.propagations.push(attachment);
        }
    }
}
