//! A subnet, and the five addresses of it that nobody gets.

use std::net::Ipv4Addr;

use ipnet::Ipv4Net;

use super::Zone;
use crate::ids::{
    NetworkAclAssociationId, NetworkAclId, RouteTableAssociationId, RouteTableId, SubnetId, VpcId,
};
use crate::seed;
use crate::wire::Mac;

/// A part of a VPC's address space in one Availability Zone.
#[derive(Clone, Debug)]
pub struct Subnet {
    /// Its id.
    pub id: SubnetId,
    /// Its Name tag.
    pub name: Option<String>,
    /// The VPC it is in.
    pub vpc: VpcId,
    /// Its IPv4 block.
    pub cidr: Ipv4Net,
    /// Its Availability Zone.
    pub zone: Zone,
    /// The router's hardware address.
    pub router_mac: Mac,
    /// Whether instances launched here get a public address.
    pub map_public_ip: bool,
    /// Its explicit association; without one the VPC's main table applies.
    pub route_table: Option<RouteTableAssociation>,
    /// Its network ACL: always exactly one.
    pub network_acl: NetworkAclId,
    /// The association with it.
    pub network_acl_association: NetworkAclAssociationId,
}

/// The explicit association of a subnet with a route table.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RouteTableAssociation {
    /// Its id.
    pub id: RouteTableAssociationId,
    /// The table.
    pub table: RouteTableId,
}

impl Subnet {
    /// The VPC router's address in this subnet: the second one.
    pub fn router(&self) -> Ipv4Addr {
        nth(self.cidr, 1)
    }

    /// The hardware address of a subnet's router. AWS does not document it (assumed: router-mac).
    pub(crate) fn mac_of_router(id: SubnetId) -> Mac {
        Mac::from_hash(seed::hash(&["router", &id.to_string()]))
    }

    /// Whether AWS keeps an address for itself: the first four and the last (aws: subnet-reserved).
    pub fn is_reserved(&self, address: Ipv4Addr) -> bool {
        let offset = address.to_bits().wrapping_sub(self.cidr.network().to_bits());
        offset < 4 || address == self.cidr.broadcast()
    }

    /// Every address an interface can have, lowest first.
    pub fn assignable(&self) -> impl Iterator<Item = Ipv4Addr> {
        let (first, last) = (self.cidr.network().to_bits() + 4, self.cidr.broadcast().to_bits() - 1);
        (first..=last).map(Ipv4Addr::from_bits)
    }
}

fn nth(cidr: Ipv4Net, n: u32) -> Ipv4Addr {
    Ipv4Addr::from_bits(cidr.network().to_bits() + n)
}
