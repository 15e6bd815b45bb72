//! A VPC.

use std::net::Ipv4Addr;

use ipnet::Ipv4Net;

use super::Scope;
use crate::ids::{
    DhcpOptionsId, InternetGatewayId, NetworkAclId, RouteTableId, SecurityGroupId, VpcCidrAssociationId,
    VpcId, VpnGatewayId,
};

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
    pub cidrs: Vec<CidrBlock>,
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
    /// The attached virtual private gateway.
    pub vpn_gateway: Option<VpnGatewayId>,
    /// What its instances are told about servers and names; `None` if it has no set at all.
    pub dhcp_options: Option<DhcpOptionsId>,
    /// Whether Amazon's DNS server answers.
    pub dns_support: bool,
    /// Whether instances get DNS names.
    pub dns_hostnames: bool,
    /// Whether its encryption control monitors traffic, so that records say how it is encrypted.
    pub encryption_control: bool,
}

/// A block of a VPC.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CidrBlock {
    /// The id of its association with the VPC.
    pub association: VpcCidrAssociationId,
    /// The block.
    pub block: Ipv4Net,
}

impl Vpc {
    /// The blocks, the primary one first.
    pub fn blocks(&self) -> impl Iterator<Item = Ipv4Net> + '_ {
        self.cidrs.iter().map(|cidr| cidr.block)
    }

    /// Amazon's DNS server: the primary block's base plus two (aws: dns-base-plus-two).
    pub fn resolver(&self) -> Ipv4Addr {
        Ipv4Addr::from_bits(self.cidrs[0].block.network().to_bits() + 2)
    }

    /// Whether private names and zones, and those of public addresses, mean anything here: both attributes
    /// have to be on (aws: dns-attributes).
    pub fn has_names(&self) -> bool {
        self.dns_support && self.dns_hostnames
    }

    /// Whether an address lies in one of the VPC's blocks.
    pub fn contains(&self, address: Ipv4Addr) -> bool {
        self.blocks().any(|block| block.contains(&address))
    }
}
