//! Transit gateways, their attachments and route tables.

use ipnet::Ipv4Net;

use super::Scope;
use crate::ids::{
    EniId, SubnetId, TransitGatewayAttachmentId, TransitGatewayId, TransitGatewayRouteTableId, VpcId,
    VpnConnectionId,
};

/// A router between VPCs, VPN connections and other transit gateways.
#[derive(Clone, Debug)]
pub struct TransitGateway {
    /// Its id.
    pub id: TransitGatewayId,
    /// Its Name tag.
    pub name: Option<String>,
    /// Owner and region.
    pub scope: Scope,
    /// The table new attachments are associated with, unless that is off (aws: tgw-defaults).
    pub association_default: Option<TransitGatewayRouteTableId>,
    /// The table new attachments propagate to, unless that is off (aws: tgw-defaults).
    pub propagation_default: Option<TransitGatewayRouteTableId>,
    /// Whether security groups of one attached VPC can be named in another (aws: tgw-sg-referencing).
    pub security_group_referencing: bool,
    /// Whether attachments of other accounts need nobody's consent.
    pub auto_accept: bool,
}

/// What is attached to a transit gateway.
#[derive(Clone, Debug)]
pub struct TransitGatewayAttachment {
    /// Its id.
    pub id: TransitGatewayAttachmentId,
    /// Its Name tag.
    pub name: Option<String>,
    /// The owner of what is attached, and where.
    pub scope: Scope,
    /// The transit gateway; that of the requester if two are peered.
    pub transit_gateway: TransitGatewayId,
    /// What is attached.
    pub resource: AttachmentResource,
    /// Whether it carries traffic.
    pub state: AttachmentState,
}

/// What a transit gateway attachment connects.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum AttachmentResource {
    /// Another transit gateway, which accepts the peering.
    Peering {
        /// The accepter.
        accepter: TransitGatewayId,
    },
    /// A VPC.
    Vpc {
        /// The VPC.
        vpc: VpcId,
        /// An interface in one subnet of each zone it is to serve (aws: tgw-attachment-per-zone).
        interfaces: Vec<(SubnetId, EniId)>,
        /// Whether both directions of a flow pass the same interface (aws: tgw-appliance-mode).
        appliance_mode: bool,
        /// Whether groups of other VPCs can be named here (aws: tgw-sg-referencing).
        security_group_referencing: bool,
    },
    /// A VPN connection.
    Vpn {
        /// The connection.
        connection: VpnConnectionId,
    },
}

/// The states of an attachment that last.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AttachmentState {
    /// Traffic can flow.
    Available,
    /// It is gone.
    Deleted,
    /// Its other side has not accepted it.
    PendingAcceptance,
    /// Its other side declined it.
    Rejected,
}

impl AttachmentState {
    /// AWS's code for it.
    pub fn code(self) -> &'static str {
        match self {
            Self::Available => "available",
            Self::Deleted => "deleted",
            Self::PendingAcceptance => "pendingAcceptance",
            Self::Rejected => "rejected",
        }
    }
}

impl TransitGatewayAttachment {
    /// Whether it belongs to a transit gateway: as the one it is attached to, or as its peer.
    pub fn is_of(&self, gateway: TransitGatewayId) -> bool {
        self.transit_gateway == gateway || self.peer_of(gateway).is_some()
    }

    /// The transit gateway on the other side of a peering attachment.
    pub fn peer_of(&self, gateway: TransitGatewayId) -> Option<TransitGatewayId> {
        match self.resource {
            AttachmentResource::Peering { accepter } if gateway == self.transit_gateway => Some(accepter),
            AttachmentResource::Peering { accepter } if gateway == accepter => Some(self.transit_gateway),
            AttachmentResource::Peering { .. }
            | AttachmentResource::Vpc { .. }
            | AttachmentResource::Vpn { .. } => None,
        }
    }

    /// The VPC, if one is attached.
    pub fn vpc(&self) -> Option<VpcId> {
        match self.resource {
            AttachmentResource::Vpc { vpc, .. } => Some(vpc),
            AttachmentResource::Peering { .. } | AttachmentResource::Vpn { .. } => None,
        }
    }
}

/// Where a transit gateway sends what comes from the attachments associated with the table.
#[derive(Clone, Debug)]
pub struct TransitGatewayRouteTable {
    /// Its id.
    pub id: TransitGatewayRouteTableId,
    /// Its Name tag.
    pub name: Option<String>,
    /// The transit gateway it is of.
    pub transit_gateway: TransitGatewayId,
    /// Routes that were added by hand.
    pub routes: Vec<TransitGatewayRoute>,
    /// The attachments whose packets it routes; an attachment has one table at most
    /// (aws: tgw-one-association).
    pub associations: Vec<TransitGatewayAttachmentId>,
    /// The attachments that put their blocks into it (aws: tgw-propagation).
    pub propagations: Vec<TransitGatewayAttachmentId>,
}

/// A static route of a transit gateway.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TransitGatewayRoute {
    /// Where packets are going.
    pub destination: Ipv4Net,
    /// What carries them there; `None` drops them (aws: tgw-blackhole).
    pub attachment: Option<TransitGatewayAttachmentId>,
}
