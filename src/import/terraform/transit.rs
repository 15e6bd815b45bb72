//! Transit gateways.

use super::Builder;
use super::tree::Resource;
use crate::import::inventory::{
    About, TransitAttachment, TransitGateway, TransitResource, TransitRoute, TransitTable,
};

impl<'t> Builder<'t> {
    pub(super) fn transit_gateway(&mut self, resource: &'t Resource<'t>) {
        let is_on = |key: &str, default: bool| resource.text(key).map_or(default, |text| text == "enable");
        let gateway = TransitGateway {
            about: self.about(resource),
            has_default_table: is_on("default_route_table_association", true)
                || is_on("default_route_table_propagation", true),
            security_group_referencing: is_on("security_group_referencing_support", false),
        };
        self.reading.inventory.transit_gateways.push(gateway);
    }

    pub(super) fn transit_attachment(&mut self, resource: &'t Resource<'t>) {
        let attached = TransitResource::Vpc {
            vpc: self.id_at(resource, "vpc_id").unwrap_or_default(),
            subnets: self.ids_at(resource, "subnet_ids"),
            appliance_mode: resource.text("appliance_mode_support").as_deref() == Some("enable"),
        };
        let attachment = TransitAttachment {
            about: self.about(resource),
            transit_gateway: self.id_at(resource, "transit_gateway_id").unwrap_or_default(),
            resource: attached,
        };
        let takes_part =
            |key: &str| resource.flag(&format!("transit_gateway_default_route_table_{key}")).unwrap_or(true);
        self.members.push((
            attachment.about.id.clone(),
            takes_part("association"),
            takes_part("propagation"),
        ));
        self.reading.inventory.transit_attachments.push(attachment);
    }

    /// Where an attachment takes no part in the default table, that table has those that do and no others.
    pub(super) fn default_tables(&mut self) {
        let members = std::mem::take(&mut self.members);
        let with_table = self.reading.inventory.transit_gateways.iter().filter(|it| it.has_default_table);
        let gateways: Vec<String> = with_table.map(|it| it.about.id.clone()).collect();
        for gateway in gateways {
            let attachments = &self.reading.inventory.transit_attachments;
            let own: Vec<(String, bool, bool)> = attachments
                .iter()
                .filter(|it| {
                    it.transit_gateway == gateway && !matches!(it.resource, TransitResource::Peering { .. })
                })
                .map(|it| {
                    let said = members.iter().find(|(id, ..)| *id == it.about.id).cloned();
                    said.unwrap_or((it.about.id.clone(), true, true))
                })
                .collect();
            if own.iter().all(|(_, association, propagation)| *association && *propagation) {
                continue;
            }
            let Some(table) =
                self.transit_table_mut(&format!("{gateway}.association_default_route_table_id"))
            else {
                continue;
            };
            table.is_complete = true;
            for (id, association, propagation) in own {
                if association && !table.associations.contains(&id) {
                    table.associations.push(id.clone());
                }
                if propagation && !table.propagations.contains(&id) {
                    table.propagations.push(id);
                }
            }
        }
        self.drop_double_associations();
    }

    /// An attachment has one table: what is associated elsewhere is not with the default one.
    fn drop_double_associations(&mut self) {
        let tables = &mut self.reading.inventory.transit_tables;
        let elsewhere: Vec<String> =
            tables.iter().filter(|it| !it.is_default).flat_map(|it| it.associations.clone()).collect();
        for table in tables.iter_mut().filter(|it| it.is_default && it.is_complete) {
            table.associations.retain(|id| !elsewhere.contains(id));
        }
    }

    pub(super) fn transit_peering(&mut self, resource: &'t Resource<'t>) {
        let peer = self.id_at(resource, "peer_transit_gateway_id").unwrap_or_default();
        let attachment = TransitAttachment {
            about: self.about(resource),
            transit_gateway: self.id_at(resource, "transit_gateway_id").unwrap_or_default(),
            resource: TransitResource::Peering { transit_gateway: peer },
        };
        self.reading.inventory.transit_attachments.push(attachment);
    }

    /// A VPN connection of a transit gateway is an attachment too.
    pub(super) fn vpn_of_transit_gateway(&mut self, resource: &'t Resource<'t>, vpn: &About, gateway: &str) {
        if self.id_at_quietly(resource, "transit_gateway_id").is_none() {
            return;
        }
        let known = resource.text("transit_gateway_attachment_id");
        let about = About {
            id: known.unwrap_or_else(|| format!("{}.transit_gateway_attachment_id", vpn.id)),
            ..vpn.clone()
        };
        let attached = TransitResource::Vpn { connection: vpn.id.clone() };
        let attachment = TransitAttachment { about, transit_gateway: gateway.to_owned(), resource: attached };
        self.reading.inventory.transit_attachments.push(attachment);
    }

    pub(super) fn transit_table(&mut self, resource: &'t Resource<'t>) {
        let table = TransitTable {
            about: self.about(resource),
            transit_gateway: self.id_at(resource, "transit_gateway_id").unwrap_or_default(),
            is_default: resource.flag("default_association_route_table").unwrap_or(false),
            is_complete: false,
            associations: Vec::new(),
            propagations: Vec::new(),
            routes: Vec::new(),
        };
        self.reading.inventory.transit_tables.push(table);
    }

    pub(super) fn transit_route(&mut self, resource: &'t Resource<'t>) {
        let (Some(table), Some(cidr)) = (
            self.id_at(resource, "transit_gateway_route_table_id"),
            self.text_at(resource, "destination_cidr_block"),
        ) else {
            return;
        };
        let is_blackhole = resource.flag("blackhole").unwrap_or(false);
        let attachment = if is_blackhole { None } else { self.attachment_at(resource) };
        if attachment.is_none() && !is_blackhole {
            self.lost(
                resource,
                "",
                format!("the attachment of the route to {cidr} is not known: a blackhole here"),
            );
        }
        let route = TransitRoute { cidr, attachment, place: self.place(resource, "") };
        match self.transit_table_mut(&table) {
            Some(table) => table.routes.push(route),
            None => self.outside(resource, &table),
        }
    }

    pub(super) fn transit_association(&mut self, resource: &'t Resource<'t>, is_association: bool) {
        let Some(table) = self.id_at(resource, "transit_gateway_route_table_id") else { return };
        let Some(attachment) = self.attachment_at(resource) else { return };
        match self.transit_table_mut(&table) {
            Some(table) if is_association => table.associations.push(attachment),
            Some(table) => table.propagations.push(attachment),
            None => self.outside(resource, &table),
        }
    }

    /// A VPN connection stands for its attachment.
    fn attachment_at(&mut self, resource: &'t Resource<'t>) -> Option<String> {
        let id = self.id_at(resource, "transit_gateway_attachment_id")?;
        let of_vpn = self
            .reading
            .inventory
            .transit_attachments
            .iter()
            .find(|it| matches!(&it.resource, TransitResource::Vpn { connection } if *connection == id));
        Some(of_vpn.map_or(id, |it| it.about.id.clone()))
    }

    /// A table by its id, or by what the default table of a transit gateway is called.
    fn transit_table_mut(&mut self, id: &str) -> Option<&mut TransitTable> {
        let ends = [".association_default_route_table_id", ".propagation_default_route_table_id"];
        if let Some(gateway) = ends.iter().find_map(|end| id.strip_suffix(end)) {
            let inventory = &mut self.reading.inventory;
            let is_it = |it: &TransitTable| it.is_default && it.transit_gateway == gateway;
            if !inventory.transit_tables.iter().any(is_it) {
                let about =
                    inventory.transit_gateways.iter().find(|it| it.about.id == gateway)?.about.clone();
                inventory.transit_tables.push(TransitTable {
                    about: About { id: id.to_owned(), name: None, ..about },
                    transit_gateway: gateway.to_owned(),
                    is_default: true,
                    is_complete: false,
                    associations: Vec::new(),
                    propagations: Vec::new(),
                    routes: Vec::new(),
                });
            }
            return inventory.transit_tables.iter_mut().find(|it| is_it(it));
        }
        self.reading.inventory.transit_tables.iter_mut().find(|it| it.about.id == id)
    }
}
