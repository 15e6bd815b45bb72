//! Virtual private gateways, and the networks on premises that VPN connections lead to.

use std::net::Ipv4Addr;

use ipnet::Ipv4Net;

use super::Scope;
use crate::ids::{CustomerGatewayId, TransitGatewayId, VpcId, VpnConnectionId, VpnGatewayId};

/// The VPC's end of VPN connections.
#[derive(Clone, Debug)]
pub struct VpnGateway {
    /// Its id.
    pub id: VpnGatewayId,
    /// Its Name tag.
    pub name: Option<String>,
    /// Owner and region.
    pub scope: Scope,
    /// The VPC it is attached to: at most one (aws: vgw-one-per-vpc).
    pub vpc: Option<VpcId>,
}

/// The router of a network on premises.
#[derive(Clone, Debug)]
pub struct CustomerGateway {
    /// Its id.
    pub id: CustomerGatewayId,
    /// Its Name tag; the network is called by it.
    pub name: Option<String>,
    /// Owner and region.
    pub scope: Scope,
    /// Its address on the internet, where the tunnels end.
    pub ip: Ipv4Addr,
    /// The blocks behind it. Not known to AWS, but to the network itself.
    pub cidrs: Vec<Ipv4Net>,
    /// What the network is called.
    pub label: String,
}

impl CustomerGateway {
    /// Whether an address lies in the network behind it.
    pub fn contains(&self, address: Ipv4Addr) -> bool {
        self.cidrs.iter().any(|cidr| cidr.contains(&address))
    }
}

/// A Site-to-Site VPN connection with static routes.
#[derive(Clone, Debug)]
pub struct VpnConnection {
    /// Its id.
    pub id: VpnConnectionId,
    /// Its Name tag.
    pub name: Option<String>,
    /// Owner and region.
    pub scope: Scope,
    /// The end on premises.
    pub customer_gateway: CustomerGatewayId,
    /// The end at AWS.
    pub end: VpnEnd,
    /// The blocks AWS sends into it (aws: vgw-static-routes). A transit gateway routes by its own tables.
    pub routes: Vec<Ipv4Net>,
}

/// The AWS end of a VPN connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum VpnEnd {
    /// A transit gateway.
    TransitGateway(TransitGatewayId),
    /// A virtual private gateway.
    VpnGateway(VpnGatewayId),
}
