//! NAT gateways.

use std::net::Ipv4Addr;

use super::{Scope, Zone};
use crate::ids::{AddressAssociationId, AllocationId, EniId, NatGatewayId, RouteTableId, SubnetId, VpcId};
use crate::time::Instant;

/// Lets many hosts open connections with one address, and lets nobody open one to them.
#[derive(Clone, Debug)]
pub struct NatGateway {
    /// Its id.
    pub id: NatGatewayId,
    /// Its Name tag.
    pub name: Option<String>,
    /// Owner and region.
    pub scope: Scope,
    /// The VPC whose interfaces it serves.
    pub vpc: VpcId,
    /// What it leads to.
    pub connectivity: Connectivity,
    /// Where it is.
    pub place: NatPlace,
    /// The addresses it can put in place of a sender's, the primary one first.
    pub addresses: Vec<NatAddress>,
    /// Whether it works.
    pub state: NatGatewayState,
}

/// What a NAT gateway leads to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Connectivity {
    /// Other networks, over a transit gateway or a virtual private gateway: it has no public address.
    Private,
    /// The internet.
    Public,
}

/// Where a NAT gateway is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NatPlace {
    /// In all zones of the VPC, with a route table of its own and no interface (aws: nat-regional).
    Regional {
        /// Its table, with a default route to the internet gateway.
        route_table: RouteTableId,
    },
    /// In a subnet, with an interface there. One that failed has none.
    Zonal {
        /// The subnet.
        subnet: SubnetId,
        /// The interface.
        eni: Option<EniId>,
    },
}

/// An address of a NAT gateway.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NatAddress {
    /// What senders are translated to: private, or public for a regional gateway.
    pub ip: Ipv4Addr,
    /// The Elastic IP that stands for it on the internet.
    pub allocation: Option<(AllocationId, AddressAssociationId)>,
    /// The zone that a regional gateway uses it in.
    pub zone: Option<Zone>,
    /// Set while it is taken away: it keeps its connections until then, and gets no new ones
    /// (aws: nat-drain).
    pub draining_until: Option<Instant>,
}

/// The states of a NAT gateway that last; `pending` and `deleting` pass at once here
/// (assumed: nat-transitions-immediate).
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum NatGatewayState {
    /// It carries traffic.
    Available,
    /// It is gone; its routes are blackholes (aws: nat-deleted-blackhole).
    Deleted,
    /// It could not be made.
    Failed {
        /// E.g. `Gateway.NotAttached`.
        code: &'static str,
        /// In AWS's words.
        message: String,
    },
}

impl NatGatewayState {
    /// AWS's code for it.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Available => "available",
            Self::Deleted => "deleted",
            Self::Failed { .. } => "failed",
        }
    }
}

impl NatGateway {
    /// Its interface, if it has one.
    pub fn eni(&self) -> Option<EniId> {
        match self.place {
            NatPlace::Regional { .. } => None,
            NatPlace::Zonal { eni, .. } => eni,
        }
    }

    /// The addresses that new connections can get from a zone: those of the zone, or any if it has none
    /// there (aws: nat-regional).
    pub fn addresses_for(&self, zone: Zone) -> impl Iterator<Item = &NatAddress> {
        let has_own = self.addresses.iter().any(|address| address.zone == Some(zone));
        self.addresses.iter().filter(move |address| !has_own || address.zone == Some(zone))
    }

    /// Whether an address is one of its own; one that is taken away is until it has drained.
    pub fn has(&self, ip: Ipv4Addr, now: Instant) -> bool {
        let is_kept = |address: &NatAddress| address.draining_until.is_none_or(|until| now < until);
        self.addresses.iter().any(|address| address.ip == ip && is_kept(address))
    }
}
