//! Transit gateways, their attachments, route tables and routes.

use ipnet::Ipv4Net;

use super::{ApiError, Ec2, New, Result};
use crate::ids::{SubnetId, TransitGatewayAttachmentId, TransitGatewayId, TransitGatewayRouteTableId, VpcId};
use crate::model::{
    AttachmentResource, AttachmentState, Owner, TransitGateway, TransitGatewayAttachment,
    TransitGatewayRoute, TransitGatewayRouteTable,
};

/// Parameters of CreateTransitGateway; the defaults are AWS's (aws: tgw-defaults).
#[derive(Clone, Debug)]
pub struct CreateTransitGateway {
    /// Name and id.
    pub new: New<TransitGatewayId>,
    /// The id of the default route table, pinned.
    pub default_route_table_id: Option<TransitGatewayRouteTableId>,
    /// Whether new attachments are associated with a default table.
    pub default_route_table_association: bool,
    /// Whether new attachments propagate to a default table.
    pub default_route_table_propagation: bool,
    /// Whether groups of attached VPCs can be named in each other.
    pub security_group_referencing: bool,
    /// Whether attachments of other accounts need nobody's consent.
    pub auto_accept_shared_attachments: bool,
}

/// Parameters of CreateTransitGatewayVpcAttachment.
#[derive(Clone, Debug)]
pub struct CreateTransitGatewayVpcAttachment {
    /// Name and id.
    pub new: New<TransitGatewayAttachmentId>,
    /// The transit gateway.
    pub transit_gateway_id: TransitGatewayId,
    /// The VPC.
    pub vpc_id: VpcId,
    /// A subnet in each zone that is to be served.
    pub subnet_ids: Vec<SubnetId>,
    /// Whether both directions of a flow take the same interface.
    pub appliance_mode: bool,
    /// Whether groups of other VPCs can be named in this one.
    pub security_group_referencing: bool,
}

/// Parameters of ModifyTransitGatewayVpcAttachment.
#[derive(Clone, Debug, Default)]
pub struct ModifyTransitGatewayVpcAttachment {
    /// Subnets in more zones.
    pub add_subnet_ids: Vec<SubnetId>,
    /// Subnets that are no longer used.
    pub remove_subnet_ids: Vec<SubnetId>,
    /// Whether both directions of a flow take the same interface.
    pub appliance_mode: Option<bool>,
    /// Whether groups of other VPCs can be named in this one.
    pub security_group_referencing: Option<bool>,
}

/// Parameters of CreateTransitGatewayRoute and ReplaceTransitGatewayRoute.
#[derive(Clone, Copy, Debug)]
pub struct CreateTransitGatewayRoute {
    /// The table.
    pub transit_gateway_route_table_id: TransitGatewayRouteTableId,
    /// Where packets are going.
    pub destination_cidr_block: Ipv4Net,
    /// What carries them there; `None` is a blackhole.
    pub attachment: Option<TransitGatewayAttachmentId>,
}

impl Ec2<'_> {
    /// Makes a transit gateway, with its default table if it is to have one.
    pub fn create_transit_gateway(&mut self, request: CreateTransitGateway) -> Result<TransitGatewayId> {
        let id = self.choose_id(&request.new, "", |model| &model.transit_gateways, TransitGatewayId::derive);
        let table = request
            .default_route_table_id
            .unwrap_or_else(|| TransitGatewayRouteTableId::derive(&[&id.to_string(), "default"]));
        let (association, propagation) =
            (request.default_route_table_association, request.default_route_table_propagation);
        let gateway = TransitGateway {
            id,
            name: request.new.name,
            scope: self.caller,
            association_default: association.then_some(table),
            propagation_default: propagation.then_some(table),
            security_group_referencing: request.security_group_referencing,
            auto_accept: request.auto_accept_shared_attachments,
        };
        self.model.transit_gateways.insert(id, gateway);
        if association || propagation {
            self.insert_table(table, None, id);
        }
        Ok(id)
    }

    fn insert_table(
        &mut self,
        id: TransitGatewayRouteTableId,
        name: Option<String>,
        transit_gateway: TransitGatewayId,
    ) {
        let (routes, associations, propagations) = (Vec::new(), Vec::new(), Vec::new());
        let table =
            TransitGatewayRouteTable { id, name, transit_gateway, routes, associations, propagations };
        self.model.transit_gateway_route_tables.insert(id, table);
    }

    /// Deletes a transit gateway to which nothing is attached.
    pub fn delete_transit_gateway(&mut self, id: TransitGatewayId) -> Result<()> {
        self.transit_gateway(id)?;
        let attached = |attachment: &TransitGatewayAttachment| {
            attachment.is_of(id)
                && matches!(attachment.state, AttachmentState::Available | AttachmentState::PendingAcceptance)
        };
        if self.model.transit_gateway_attachments.values().any(attached) {
            let message = format!("{id} has non-deleted Transit Gateway Attachments.");
            return Err(ApiError::new("IncorrectState", message));
        }
        self.model.transit_gateway_route_tables.retain(|_, table| table.transit_gateway != id);
        self.model.transit_gateways.shift_remove(&id);
        Ok(())
    }

    /// Attaches a VPC, with an interface in each subnet (aws: tgw-attachment-per-zone). Another account's
    /// VPC waits to be accepted, unless the transit gateway accepts all.
    pub fn create_transit_gateway_vpc_attachment(
        &mut self,
        request: CreateTransitGatewayVpcAttachment,
    ) -> Result<TransitGatewayAttachmentId> {
        let gateway = self.shared_gateway(request.transit_gateway_id)?.clone();
        let vpc = self.vpc(request.vpc_id)?.id;
        if request.subnet_ids.is_empty() {
            return Err(ApiError::code_only("MissingParameter"));
        }
        let is_attached = |attachment: &TransitGatewayAttachment| {
            attachment.transit_gateway == gateway.id
                && attachment.vpc() == Some(vpc)
                && !matches!(attachment.state, AttachmentState::Deleted | AttachmentState::Rejected)
        };
        if self.model.transit_gateway_attachments.values().any(is_attached) {
            let message =
                format!("{} has non-deleted Transit Gateway Attachments with same VPC ID.", gateway.id);
            return Err(ApiError::new("DuplicateTransitGatewayAttachment", message));
        }
        self.check_subnets_of_zones(vpc, &[], &request.subnet_ids, "InvalidSubnetID.NotFound")?;
        let is_own = gateway.scope.account == self.caller.account;
        let state = if is_own || gateway.auto_accept {
            AttachmentState::Available
        } else {
            AttachmentState::PendingAcceptance
        };
        let resource = AttachmentResource::Vpc {
            vpc,
            interfaces: Vec::new(),
            appliance_mode: request.appliance_mode,
            security_group_referencing: request.security_group_referencing,
        };
        let id = self.attach(request.new, gateway.id, resource, state);
        for subnet in request.subnet_ids {
            self.add_attachment_interface(id, subnet);
        }
        Ok(id)
    }

    /// A transit gateway of the caller's region; another account's counts as shared with it
    /// (assumed: tgw-shared).
    fn shared_gateway(&self, id: TransitGatewayId) -> Result<&TransitGateway> {
        let found = self.model.transit_gateways.get(&id);
        found.filter(|gateway| gateway.scope.region == self.caller.region).ok_or_else(|| no_such_gateway(id))
    }

    fn add_attachment_interface(&mut self, id: TransitGatewayAttachmentId, subnet: SubnetId) {
        let address = self.free_address(subnet).expect("checked before");
        let owner = Owner::TransitGateway(id);
        let eni = self.own_interface(&id.to_string(), subnet, vec![address], owner);
        if let AttachmentResource::Vpc { interfaces, .. } =
            &mut self.model.transit_gateway_attachments[&id].resource
        {
            interfaces.push((subnet, eni));
        }
    }

    /// Makes an attachment; one that works takes part in the default tables (aws: tgw-defaults).
    pub(super) fn attach(
        &mut self,
        new: New<TransitGatewayAttachmentId>,
        gateway: TransitGatewayId,
        resource: AttachmentResource,
        state: AttachmentState,
    ) -> TransitGatewayAttachmentId {
        let within = gateway.to_string();
        let id = self.choose_id(
            &new,
            &within,
            |model| &model.transit_gateway_attachments,
            TransitGatewayAttachmentId::derive,
        );
        let (name, scope) = (new.name, self.caller);
        let attachment =
            TransitGatewayAttachment { id, name, scope, transit_gateway: gateway, resource, state };
        if let Some(vpc) = attachment.vpc() {
            self.model.attached_vpcs.insert((gateway, vpc), id);
        }
        self.model.transit_gateway_attachments.insert(id, attachment);
        if state == AttachmentState::Available {
            self.join_default_tables(id);
        }
        id
    }

    fn join_default_tables(&mut self, id: TransitGatewayAttachmentId) {
        let attachment = &self.model.transit_gateway_attachments[&id];
        // Peering attachments are associated by hand (aws: tgw-peering-static).
        if matches!(attachment.resource, AttachmentResource::Peering { .. }) {
            return;
        }
        let gateway = &self.model.transit_gateways[&attachment.transit_gateway];
        let (association, propagation) = (gateway.association_default, gateway.propagation_default);
        if let Some(table) = association {
            self.model.transit_gateway_route_tables[&table].associations.push(id);
        }
        if let Some(table) = propagation {
            self.model.transit_gateway_route_tables[&table].propagations.push(id);
        }
    }

    /// Changes the subnets and options of a VPC attachment.
    pub fn modify_transit_gateway_vpc_attachment(
        &mut self,
        id: TransitGatewayAttachmentId,
        change: ModifyTransitGatewayVpcAttachment,
    ) -> Result<()> {
        let AttachmentResource::Vpc { vpc, interfaces, .. } = self.attachment(id)?.resource.clone() else {
            return Err(ApiError::code_only("InvalidParameterValue"));
        };
        let kept: Vec<SubnetId> = interfaces
            .iter()
            .map(|(subnet, _)| *subnet)
            .filter(|subnet| !change.remove_subnet_ids.contains(subnet))
            .collect();
        self.check_subnets_of_zones(vpc, &kept, &change.add_subnet_ids, "InvalidSubnetID.NotFound")?;
        if kept.is_empty() && change.add_subnet_ids.is_empty() {
            return Err(ApiError::code_only("InvalidParameterValue"));
        }
        for (_, eni) in interfaces.iter().filter(|(subnet, _)| !kept.contains(subnet)) {
            self.remove_interface(*eni);
        }
        if let AttachmentResource::Vpc { interfaces, appliance_mode, security_group_referencing, .. } =
            &mut self.model.transit_gateway_attachments[&id].resource
        {
            interfaces.retain(|(subnet, _)| kept.contains(subnet));
            *appliance_mode = change.appliance_mode.unwrap_or(*appliance_mode);
            *security_group_referencing =
                change.security_group_referencing.unwrap_or(*security_group_referencing);
        }
        for subnet in change.add_subnet_ids {
            self.add_attachment_interface(id, subnet);
        }
        Ok(())
    }

    /// Asks for a peering with another transit gateway, which is called by its id wherever it is.
    pub fn create_transit_gateway_peering_attachment(
        &mut self,
        new: New<TransitGatewayAttachmentId>,
        id: TransitGatewayId,
        peer: TransitGatewayId,
    ) -> Result<TransitGatewayAttachmentId> {
        self.transit_gateway(id)?;
        if id == peer || !self.model.transit_gateways.contains_key(&peer) {
            return Err(no_such_gateway(peer));
        }
        let resource = AttachmentResource::Peering { accepter: peer };
        Ok(self.attach(new, id, resource, AttachmentState::PendingAcceptance))
    }

    /// The attachments with these ids, or all that the caller sees: those of what it owns, and those to
    /// its transit gateways.
    pub fn describe_transit_gateway_attachments(
        &self,
        ids: &[TransitGatewayAttachmentId],
    ) -> Result<Vec<&TransitGatewayAttachment>> {
        let is_own = |gateway: TransitGatewayId| {
            self.model.transit_gateways.get(&gateway).is_some_and(|gateway| gateway.scope == self.caller)
        };
        let seen = |attachment: &&TransitGatewayAttachment| {
            let gateway = attachment.transit_gateway;
            attachment.scope == self.caller
                || is_own(gateway)
                || attachment.peer_of(gateway).is_some_and(is_own)
        };
        let all = &self.model.transit_gateway_attachments;
        if ids.is_empty() {
            return Ok(all.values().filter(seen).collect());
        }
        let not_found = || ApiError::code_only("InvalidTransitGatewayAttachmentID.NotFound");
        ids.iter().map(|id| all.get(id).filter(seen).ok_or_else(not_found)).collect()
    }

    /// Accepts what waits for the caller: the peering of its transit gateway, or another account's VPC.
    pub fn accept_transit_gateway_attachment(&mut self, id: TransitGatewayAttachmentId) -> Result<()> {
        self.answer_attachment(id, AttachmentState::Available)?;
        self.join_default_tables(id);
        Ok(())
    }

    /// Declines it.
    pub fn reject_transit_gateway_attachment(&mut self, id: TransitGatewayAttachmentId) -> Result<()> {
        self.answer_attachment(id, AttachmentState::Rejected)
    }

    fn answer_attachment(&mut self, id: TransitGatewayAttachmentId, state: AttachmentState) -> Result<()> {
        let not_found = || ApiError::code_only("InvalidTransitGatewayAttachmentID.NotFound");
        let attachment = self.model.transit_gateway_attachments.get(&id).ok_or_else(not_found)?;
        let asked = match attachment.resource {
            AttachmentResource::Peering { accepter } => accepter,
            AttachmentResource::Vpc { .. } | AttachmentResource::Vpn { .. } => attachment.transit_gateway,
        };
        if self.model.transit_gateways.get(&asked).map(|gateway| gateway.scope) != Some(self.caller) {
            return Err(not_found());
        }
        if attachment.state != AttachmentState::PendingAcceptance {
            return Err(ApiError::code_only("IncorrectState"));
        }
        self.model.transit_gateway_attachments[&id].state = state;
        Ok(())
    }

    /// Takes an attachment away, with its interfaces; routes to it become blackholes.
    pub fn delete_transit_gateway_attachment(&mut self, id: TransitGatewayAttachmentId) -> Result<()> {
        let not_found = || ApiError::code_only("InvalidTransitGatewayAttachmentID.NotFound");
        let attachment = self.model.transit_gateway_attachments.get(&id).ok_or_else(not_found)?;
        let scope_of = |gateway| self.model.transit_gateways.get(&gateway).map(|gateway| gateway.scope);
        let accepter = attachment.peer_of(attachment.transit_gateway).and_then(scope_of);
        if attachment.scope != self.caller && accepter != Some(self.caller) {
            return Err(not_found());
        }
        if matches!(attachment.state, AttachmentState::Deleted | AttachmentState::Rejected) {
            return Err(ApiError::code_only("IncorrectState"));
        }
        self.end_attachment(id, AttachmentState::Deleted);
        Ok(())
    }

    pub(super) fn end_attachment(&mut self, id: TransitGatewayAttachmentId, state: AttachmentState) {
        if let AttachmentResource::Vpc { interfaces, .. } =
            self.model.transit_gateway_attachments[&id].resource.clone()
        {
            for (_, eni) in interfaces {
                self.remove_interface(eni);
            }
        }
        let attachment = &mut self.model.transit_gateway_attachments[&id];
        attachment.state = state;
        if let AttachmentResource::Vpc { interfaces, .. } = &mut attachment.resource {
            interfaces.clear();
        }
        for table in self.model.transit_gateway_route_tables.values_mut() {
            table.associations.retain(|other| *other != id);
            table.propagations.retain(|other| *other != id);
        }
    }

    /// Makes an empty table.
    pub fn create_transit_gateway_route_table(
        &mut self,
        new: New<TransitGatewayRouteTableId>,
        gateway: TransitGatewayId,
    ) -> Result<TransitGatewayRouteTableId> {
        self.transit_gateway(gateway)?;
        let within = gateway.to_string();
        let id = self.choose_id(
            &new,
            &within,
            |model| &model.transit_gateway_route_tables,
            TransitGatewayRouteTableId::derive,
        );
        self.insert_table(id, new.name, gateway);
        Ok(id)
    }

    /// Deletes a table that no attachment is associated with.
    pub fn delete_transit_gateway_route_table(&mut self, id: TransitGatewayRouteTableId) -> Result<()> {
        let table = self.transit_gateway_table(id)?;
        let gateway = self.model.transit_gateways[&table.transit_gateway].clone();
        let is_default = [gateway.association_default, gateway.propagation_default].contains(&Some(id));
        if is_default || !table.associations.is_empty() {
            return Err(ApiError::code_only("IncorrectState"));
        }
        self.model.transit_gateway_route_tables.shift_remove(&id);
        Ok(())
    }

    /// Lets a table route what comes from an attachment, which has no other one (aws: tgw-one-association).
    pub fn associate_transit_gateway_route_table(
        &mut self,
        table: TransitGatewayRouteTableId,
        attachment: TransitGatewayAttachmentId,
    ) -> Result<()> {
        let gateway = self.check_attachment_of_table(table, attachment)?;
        if self.model.transit_gateway_table_of(gateway, attachment).is_some() {
            return Err(ApiError::code_only("Resource.AlreadyAssociated"));
        }
        self.transit_gateway_table_mut(table)?.associations.push(attachment);
        Ok(())
    }

    /// Lets it do so no longer.
    pub fn disassociate_transit_gateway_route_table(
        &mut self,
        table: TransitGatewayRouteTableId,
        attachment: TransitGatewayAttachmentId,
    ) -> Result<()> {
        let associations = &mut self.transit_gateway_table_mut(table)?.associations;
        let at = associations.iter().position(|other| *other == attachment);
        associations.remove(at.ok_or_else(|| ApiError::code_only("InvalidAssociation.NotFound"))?);
        Ok(())
    }

    /// Puts the blocks of an attachment into a table; a peering has none (aws: tgw-peering-static).
    pub fn enable_transit_gateway_route_table_propagation(
        &mut self,
        table: TransitGatewayRouteTableId,
        attachment: TransitGatewayAttachmentId,
    ) -> Result<()> {
        self.check_attachment_of_table(table, attachment)?;
        let resource = &self.model.transit_gateway_attachments[&attachment].resource;
        if matches!(resource, AttachmentResource::Peering { .. }) {
            return Err(ApiError::code_only("InvalidParameterValue"));
        }
        let propagations = &mut self.transit_gateway_table_mut(table)?.propagations;
        if propagations.contains(&attachment) {
            return Err(ApiError::code_only("TransitGatewayRouteTablePropagation.Duplicate"));
        }
        propagations.push(attachment);
        Ok(())
    }

    /// Takes them out again.
    pub fn disable_transit_gateway_route_table_propagation(
        &mut self,
        table: TransitGatewayRouteTableId,
        attachment: TransitGatewayAttachmentId,
    ) -> Result<()> {
        let propagations = &mut self.transit_gateway_table_mut(table)?.propagations;
        let at = propagations.iter().position(|other| *other == attachment);
        let not_found = || ApiError::code_only("TransitGatewayRouteTablePropagation.NotFound");
        propagations.remove(at.ok_or_else(not_found)?);
        Ok(())
    }

    /// The transit gateway that a table and an attachment both belong to.
    fn check_attachment_of_table(
        &self,
        table: TransitGatewayRouteTableId,
        attachment: TransitGatewayAttachmentId,
    ) -> Result<TransitGatewayId> {
        let gateway = self.transit_gateway_table(table)?.transit_gateway;
        let found = self.model.transit_gateway_attachments.get(&attachment);
        let found = found
            .filter(|attachment| attachment.is_of(gateway) && attachment.state == AttachmentState::Available);
        found
            .map(|_| gateway)
            .ok_or_else(|| ApiError::code_only("InvalidTransitGatewayAttachmentID.NotFound"))
    }

    /// Adds a static route; `None` drops what it matches (aws: tgw-blackhole).
    pub fn create_transit_gateway_route(&mut self, request: CreateTransitGatewayRoute) -> Result<()> {
        let destination = request.destination_cidr_block.trunc();
        if let Some(attachment) = request.attachment {
            self.check_attachment_of_table(request.transit_gateway_route_table_id, attachment)?;
        }
        let routes = &mut self.transit_gateway_table_mut(request.transit_gateway_route_table_id)?.routes;
        if routes.iter().any(|route| route.destination == destination) {
            return Err(ApiError::code_only("RouteAlreadyExists"));
        }
        routes.push(TransitGatewayRoute { destination, attachment: request.attachment });
        Ok(())
    }

    /// Changes a static route.
    pub fn replace_transit_gateway_route(&mut self, request: CreateTransitGatewayRoute) -> Result<()> {
        let destination = request.destination_cidr_block.trunc();
        if let Some(attachment) = request.attachment {
            self.check_attachment_of_table(request.transit_gateway_route_table_id, attachment)?;
        }
        let routes = &mut self.transit_gateway_table_mut(request.transit_gateway_route_table_id)?.routes;
        let route = routes.iter_mut().find(|route| route.destination == destination);
        route.ok_or_else(|| ApiError::code_only("InvalidRoute.NotFound"))?.attachment = request.attachment;
        Ok(())
    }

    /// Removes a static route.
    pub fn delete_transit_gateway_route(
        &mut self,
        table: TransitGatewayRouteTableId,
        destination: Ipv4Net,
    ) -> Result<()> {
        let routes = &mut self.transit_gateway_table_mut(table)?.routes;
        let at = routes.iter().position(|route| route.destination == destination.trunc());
        routes.remove(at.ok_or_else(|| ApiError::code_only("InvalidRoute.NotFound"))?);
        Ok(())
    }
}

fn no_such_gateway(id: TransitGatewayId) -> ApiError {
    let message = format!("Transit Gateway {id} was deleted or does not exist.");
    ApiError::new("InvalidTransitGatewayID.NotFound", message)
}
