//! Transit gateways, their attachments and route tables.

use std::rc::Rc;

use super::{Reader, table_in};
use crate::import::inventory::{
    TransitAttachment, TransitGateway, TransitResource, TransitRoute, TransitTable,
};
use crate::import::json::At;

/// States in which something carries traffic, or will.
const WORKING: [&str; 6] = ["", "associated", "available", "enabled", "modifying", "pending"];

impl Reader {
    pub(super) fn transit_gateway(&mut self, at: &At<'_>) {
        let Some(about) = self.about(at, "TransitGatewayId") else { return };
        if !is_working(at) {
            return;
        }
        let options = at.get("Options");
        let is_on = |key: &str| options.text(key).as_deref() == Some("enable");
        let (association, propagation) =
            (is_on("DefaultRouteTableAssociation"), is_on("DefaultRouteTablePropagation"));
        let table = options.text("AssociationDefaultRouteTableId");
        if let Some(table) = table.filter(|_| association || propagation) {
            self.loose.default_tables.push((about.id.clone(), table));
        }
        self.reading.inventory.transit_gateways.push(TransitGateway {
            about,
            has_default_table: association || propagation,
            security_group_referencing: is_on("SecurityGroupReferencingSupport"),
        });
    }

    /// What says of every kind of attachment what is attached and which table routes for it.
    pub(super) fn transit_attachment(&mut self, at: &At<'_>) {
        let Some(mut about) = self.about(at, "TransitGatewayAttachmentId") else { return };
        if !is_working(at) {
            return;
        }
        about.account = at.text("ResourceOwnerId").or(about.account);
        let association = at.get("Association");
        if let Some(table) =
            association.text("TransitGatewayRouteTableId").filter(|_| is_working(&association))
        {
            self.loose.associations.push((table, about.id.clone()));
        }
        let id = at.text("ResourceId").unwrap_or_default();
        let resource = match at.text("ResourceType").as_deref() {
            // Their subnets are in documents of their own.
            Some("vpc") => TransitResource::Vpc { vpc: id, subnets: Vec::new(), appliance_mode: false },
            Some("vpn") => TransitResource::Vpn { connection: id },
            Some("peering" | "tgw-peering") => TransitResource::Peering { transit_gateway: id },
            other => TransitResource::Other(other.unwrap_or("unknown").to_owned()),
        };
        let transit_gateway = at.text("TransitGatewayId").unwrap_or_default();
        self.loose.attachments.push(TransitAttachment { about, transit_gateway, resource });
    }

    pub(super) fn transit_vpc_attachment(&mut self, at: &At<'_>) {
        let Some(mut about) = self.about(at, "TransitGatewayAttachmentId") else { return };
        if !is_working(at) {
            return;
        }
        about.account = at.text("VpcOwnerId").or(about.account);
        let resource = TransitResource::Vpc {
            vpc: at.text("VpcId").unwrap_or_default(),
            subnets: at.texts("SubnetIds"),
            appliance_mode: at.get("Options").text("ApplianceModeSupport").as_deref() == Some("enable"),
        };
        let transit_gateway = at.text("TransitGatewayId").unwrap_or_default();
        self.reading.inventory.transit_attachments.push(TransitAttachment {
            about,
            transit_gateway,
            resource,
        });
    }

    pub(super) fn transit_peering(&mut self, at: &At<'_>) {
        let Some(about) = self.about(at, "TransitGatewayAttachmentId") else { return };
        if !is_working(at) {
            return;
        }
        let (requester, accepter) = (at.get("RequesterTgwInfo"), at.get("AccepterTgwInfo"));
        let (Some(transit_gateway), Some(peer)) =
            (requester.text("TransitGatewayId"), accepter.text("TransitGatewayId"))
        else {
            self.lost(&at.place(), "a peering of transit gateways without its ends left out".to_owned());
            return;
        };
        let resource = TransitResource::Peering { transit_gateway: peer };
        self.reading.inventory.transit_attachments.push(TransitAttachment {
            about,
            transit_gateway,
            resource,
        });
    }

    pub(super) fn transit_table(&mut self, at: &At<'_>) {
        let Some(about) = self.about(at, "TransitGatewayRouteTableId") else { return };
        if !is_working(at) {
            return;
        }
        self.reading.inventory.transit_tables.push(TransitTable {
            about,
            transit_gateway: at.text("TransitGatewayId").unwrap_or_default(),
            // Of two default tables it is the one that routes for new attachments.
            is_default: at
                .flag("DefaultAssociationRouteTable")
                .or_else(|| at.flag("DefaultPropagationRouteTable"))
                .unwrap_or(false),
            is_complete: false,
            associations: Vec::new(),
            propagations: Vec::new(),
            routes: Vec::new(),
        });
    }

    /// `get-transit-gateway-route-table-associations` does not say of which table: the name of the file does.
    pub(super) fn table_association(&mut self, at: &At<'_>, file: &Rc<str>) {
        let Some(attachment) = at.text("TransitGatewayAttachmentId") else { return };
        match at.text("TransitGatewayRouteTableId").or_else(|| table_in(file)) {
            Some(table) if is_working(at) => self.loose.associations.push((table, attachment)),
            Some(_) => {}
            None => self.of_no_table(at),
        }
    }

    pub(super) fn transit_propagations(&mut self, at: &At<'_>) {
        let table = at.text("TransitGatewayRouteTableId");
        for propagation in at.list("TransitGatewayRouteTablePropagations") {
            self.transit_propagation(&propagation, table.clone());
        }
    }

    pub(super) fn transit_propagation(&mut self, at: &At<'_>, table: Option<String>) {
        let Some(attachment) = at.text("TransitGatewayAttachmentId") else { return };
        match at.text("TransitGatewayRouteTableId").or(table) {
            Some(table) if is_working(at) => self.loose.propagations.push((table, attachment)),
            Some(_) => {}
            None => self.of_no_table(at),
        }
    }

    pub(super) fn transit_routes(&mut self, at: &At<'_>) {
        let Some(table) = at.text("TransitGatewayRouteTableId") else { return };
        if at.flag("AdditionalRoutesAvailable") == Some(true) {
            self.lost(
                &at.place(),
                "there are more routes than are listed: the others are missing".to_owned(),
            );
        }
        for route in at.list("Routes") {
            self.put_transit_route(&route, &table);
        }
    }

    /// What `search-transit-gateway-routes` finds, in a file named after the table.
    pub(super) fn transit_route(&mut self, at: &At<'_>, file: &Rc<str>) {
        match table_in(file) {
            Some(table) => self.put_transit_route(at, &table),
            None => self.of_no_table(at),
        }
    }

    fn put_transit_route(&mut self, at: &At<'_>, table: &str) {
        let is_static = at.text("Type").as_deref() != Some("propagated");
        let Some(cidr) = at.text("DestinationCidrBlock") else {
            self.lost(&at.place(), "a route of a transit gateway without a block left out".to_owned());
            return;
        };
        let attachments = at.list("TransitGatewayAttachments");
        let attachment = attachments.first().and_then(|it| it.text("TransitGatewayAttachmentId"));
        if attachments.len() > 1 {
            let message = format!("the route to {cidr} leads to several attachments: the first one is taken");
            self.lost(&at.place(), message);
        }
        let route = TransitRoute { cidr, attachment, place: at.place() };
        if is_static {
            self.loose.transit_routes.push((table.to_owned(), route));
        } else {
            self.loose.propagated_routes.push((table.to_owned(), route));
        }
    }

    fn of_no_table(&mut self, at: &At<'_>) {
        let message =
            "it cannot be told of which route table of a transit gateway this is: name the file after it";
        self.lost(&at.place(), message.to_owned());
    }
}

fn is_working(at: &At<'_>) -> bool {
    WORKING.contains(&at.text("State").unwrap_or_default().as_str())
}
