//! A VPC.

use std::net::Ipv4Addr;

use ipnet::Ipv4Net;

use super::Scope;
use crate::ids::{InternetGatewayId, NetworkAclId, RouteTableId, SecurityGroupId, VpcId};

/// An isolated network with its own address space.
#[derive(Clone, Debug)]
pub struct Vpc {
    /// Its id.
    pub id: VpcId,
    /// Its Name tag.
    pub name: Option<String>,
    /// Owner and region.
    pub scope: Scope,
    /// IPv4 blocks; the first is the primary one.
    pub cidrs: Vec<Ipv4Net>,
    /// Whether it is the region's default VPC.
    pub is_default: bool,
    /// The table of every subnet that has none of its own.
    pub main_route_table: RouteTableId,
    /// The network ACL of every subnet that has none of its own.
    pub default_network_acl: NetworkAclId,
    /// The group of every interface that names none.
    pub default_security_group: SecurityGroupId,
    /// The attached internet gateway.
    pub internet_gateway: Option<InternetGatewayId>,
}

impl Vpc {
    /// Whether an address lies in one of the VPC's blocks.
    pub fn contains(&self, address: Ipv4Addr) -> bool {
        self.cidrs.iter().any(|cidr| cidr.contains(&address))
    }
}
