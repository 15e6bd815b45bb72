//! Virtual private gateways, customer gateways and VPN connections.

use std::net::Ipv4Addr;

use ipnet::Ipv4Net;

use super::{ApiError, Ec2, New, Result};
use crate::ids::{CustomerGatewayId, TransitGatewayAttachmentId, VpcId, VpnConnectionId, VpnGatewayId};
use crate::model::{
    AttachmentResource, AttachmentState, CustomerGateway, Gateway, VpnConnection, VpnEnd, VpnGateway,
};

/// Parameters of CreateVpnConnection, with static routes only.
#[derive(Clone, Debug)]
pub struct CreateVpnConnection {
    /// Name and id.
    pub new: New<VpnConnectionId>,
    /// The end on premises.
    pub customer_gateway_id: CustomerGatewayId,
    /// The end at AWS.
    pub end: VpnEnd,
    /// The id of the attachment that a connection of a transit gateway makes, pinned.
    pub attachment_id: Option<TransitGatewayAttachmentId>,
}

impl Ec2<'_> {
    /// Makes a gateway that is attached to nothing.
    pub fn create_vpn_gateway(&mut self, new: New<VpnGatewayId>) -> Result<VpnGatewayId> {
        let id = self.choose_id(&new, "", |model| &model.vpn_gateways, VpnGatewayId::derive);
        let gateway = VpnGateway { id, name: new.name, scope: self.caller, vpc: None };
        self.model.vpn_gateways.insert(id, gateway);
        Ok(id)
    }

    /// Attaches a gateway to a VPC: one of each (aws: vgw-one-per-vpc).
    pub fn attach_vpn_gateway(&mut self, id: VpnGatewayId, vpc_id: VpcId) -> Result<()> {
        let attached = self.vpn_gateway(id)?.vpc;
        if attached.is_some() || self.vpc(vpc_id)?.vpn_gateway.is_some() {
            return Err(ApiError::code_only("InvalidVpcState"));
        }
        self.vpn_gateway_mut(id)?.vpc = Some(vpc_id);
        self.vpc_mut(vpc_id)?.vpn_gateway = Some(id);
        Ok(())
    }

    /// Detaches a gateway; what it propagated goes with it.
    pub fn detach_vpn_gateway(&mut self, id: VpnGatewayId, vpc_id: VpcId) -> Result<()> {
        self.vpc(vpc_id)?;
        if self.vpn_gateway(id)?.vpc != Some(vpc_id) {
            return Err(ApiError::code_only("InvalidVpnGatewayAttachment.NotFound"));
        }
        self.forget_gateway(Gateway::Vpn(id));
        for table in self.model.route_tables.values_mut() {
            table.propagating.retain(|known| *known != id);
        }
        self.vpn_gateway_mut(id)?.vpc = None;
        self.vpc_mut(vpc_id)?.vpn_gateway = None;
        self.propagate();
        Ok(())
    }

    /// Deletes a gateway that is attached to nothing and has no connections.
    pub fn delete_vpn_gateway(&mut self, id: VpnGatewayId) -> Result<()> {
        let in_use = self.vpn_gateway(id)?.vpc.is_some()
            || self.model.vpn_connections.values().any(|vpn| vpn.end == VpnEnd::VpnGateway(id));
        if in_use {
            return Err(ApiError::code_only("IncorrectState"));
        }
        self.model.vpn_gateways.shift_remove(&id);
        Ok(())
    }

    /// Tells AWS of a router on premises. `cidrs` are the blocks behind it, which AWS is not told.
    pub fn create_customer_gateway(
        &mut self,
        new: New<CustomerGatewayId>,
        ip: Ipv4Addr,
        cidrs: Vec<Ipv4Net>,
    ) -> Result<CustomerGatewayId> {
        let id = self.choose_id(&new, "", |model| &model.customer_gateways, CustomerGatewayId::derive);
        let label = new.name.clone().unwrap_or_else(|| id.to_string());
        let gateway = CustomerGateway { id, name: new.name, scope: self.caller, ip, cidrs, label };
        self.model.customer_gateways.insert(id, gateway);
        Ok(id)
    }

    /// Makes a connection; to a transit gateway it is an attachment there (aws: tgw-vpn-attachment).
    pub fn create_vpn_connection(&mut self, request: CreateVpnConnection) -> Result<VpnConnectionId> {
        self.customer_gateway(request.customer_gateway_id)?;
        match request.end {
            VpnEnd::TransitGateway(id) => self.transit_gateway(id).map(|_| ())?,
            VpnEnd::VpnGateway(id) => self.vpn_gateway(id).map(|_| ())?,
        }
        let id = self.choose_id(&request.new, "", |model| &model.vpn_connections, VpnConnectionId::derive);
        let vpn = VpnConnection {
            id,
            name: request.new.name.clone(),
            scope: self.caller,
            customer_gateway: request.customer_gateway_id,
            end: request.end,
            routes: Vec::new(),
        };
        self.model.vpn_connections.insert(id, vpn);
        if let VpnEnd::TransitGateway(gateway) = request.end {
            let name = request.new.name;
            let resource = AttachmentResource::Vpn { connection: id };
            self.attach(
                New { name, id: request.attachment_id },
                gateway,
                resource,
                AttachmentState::Available,
            );
        }
        Ok(id)
    }

    /// Adds a static route to a connection.
    pub fn create_vpn_connection_route(&mut self, id: VpnConnectionId, destination: Ipv4Net) -> Result<()> {
        let routes = &mut self.vpn_connection_mut(id)?.routes;
        let destination = destination.trunc();
        if !routes.contains(&destination) {
            routes.push(destination);
        }
        self.propagate();
        Ok(())
    }

    /// Takes a static route out of a connection.
    pub fn delete_vpn_connection_route(&mut self, id: VpnConnectionId, destination: Ipv4Net) -> Result<()> {
        let routes = &mut self.vpn_connection_mut(id)?.routes;
        let Some(at) = routes.iter().position(|route| *route == destination.trunc()) else {
            return Err(ApiError::code_only("InvalidRoute.NotFound"));
        };
        routes.remove(at);
        self.propagate();
        Ok(())
    }

    /// Deletes a connection.
    pub fn delete_vpn_connection(&mut self, id: VpnConnectionId) -> Result<()> {
        self.vpn_connection(id)?;
        let resource = AttachmentResource::Vpn { connection: id };
        let of_it = self.model.transit_gateway_attachments.values().find(|a| a.resource == resource);
        if let Some(attachment) = of_it.map(|attachment| attachment.id) {
            self.end_attachment(attachment, AttachmentState::Deleted);
        }
        self.model.vpn_connections.shift_remove(&id);
        self.propagate();
        Ok(())
    }
}
