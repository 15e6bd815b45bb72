//! Network interfaces and the public addresses mapped to them.

use std::net::Ipv4Addr;

use super::Scope;
use crate::ids::{AddressAssociationId, AllocationId, EniId, InstanceId, SecurityGroupId, SubnetId, VpcId};
use crate::wire::Mac;

/// An elastic network interface.
#[derive(Clone, Debug)]
pub struct Eni {
    /// Its id.
    pub id: EniId,
    /// Its Name tag.
    pub name: Option<String>,
    /// The subnet it is in.
    pub subnet: SubnetId,
    /// The VPC of that subnet.
    pub vpc: VpcId,
    /// Its hardware address, which stays with it when it moves.
    pub mac: Mac,
    /// Private addresses; the first is the primary one.
    pub private_ips: Vec<Ipv4Addr>,
    /// Public addresses mapped to private ones by the internet gateway.
    pub public: Vec<PublicAddress>,
    /// Whether packets must be from and for its own addresses (aws: eni-source-dest-check).
    pub source_dest_check: bool,
    /// The groups whose rules apply, at least one.
    pub security_groups: Vec<SecurityGroupId>,
    /// The instance it is attached to.
    pub instance: Option<InstanceId>,
}

impl Eni {
    /// The primary private address.
    pub fn primary_ip(&self) -> Ipv4Addr {
        self.private_ips[0]
    }

    /// Whether it has a private address.
    pub fn has(&self, address: Ipv4Addr) -> bool {
        self.private_ips.contains(&address)
    }

    /// The public address a private one is mapped to.
    pub fn public_of(&self, private: Ipv4Addr) -> Option<Ipv4Addr> {
        self.public.iter().find(|address| address.private == private).map(|address| address.ip)
    }

    /// The private address a public one is mapped to.
    pub fn private_of(&self, public: Ipv4Addr) -> Option<Ipv4Addr> {
        self.public.iter().find(|address| address.ip == public).map(|address| address.private)
    }
}

/// A public address that stands for a private one on the internet.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PublicAddress {
    /// What the internet sees.
    pub ip: Ipv4Addr,
    /// What the interface has.
    pub private: Ipv4Addr,
    /// The Elastic IP, unless Amazon assigned the address at launch.
    pub allocation: Option<AllocationId>,
}

/// A public address that an account holds until it gives it back.
#[derive(Clone, Debug)]
pub struct ElasticIp {
    /// Its allocation id.
    pub id: AllocationId,
    /// Its Name tag.
    pub name: Option<String>,
    /// Owner and region.
    pub scope: Scope,
    /// The address.
    pub ip: Ipv4Addr,
    /// The interface it is associated with, and the association's id.
    pub association: Option<(AddressAssociationId, EniId)>,
}
