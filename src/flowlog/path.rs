//! What the rest of a stretch says of a packet that was metered: the way it takes, where it goes next, and how it
//! is encrypted.

use super::point::PointFacts;
use crate::model::{Model, Target};
use crate::trace::{DropReason, Fate, Step};
use crate::wire::{FiveTuple, Protocol};

/// By which kind of gateway a packet goes on (aws: flow-log-traffic-path).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum TrafficPath {
    /// To a resource of the same VPC.
    SameVpc,
    /// By an internet gateway or a gateway endpoint, from an instance that is not built on Nitro.
    InternetGatewayOrGatewayEndpoint,
    /// By a virtual private gateway.
    VpnGateway,
    /// By a peering connection within the region.
    IntraRegionPeering,
    /// By a peering connection with another region.
    InterRegionPeering,
    /// By a gateway endpoint.
    GatewayEndpoint,
    /// By an internet gateway.
    InternetGateway,
}

impl TrafficPath {
    /// As records print it.
    pub const fn code(self) -> u8 {
        match self {
            Self::SameVpc => 1,
            Self::InternetGatewayOrGatewayEndpoint => 2,
            Self::VpnGateway => 3,
            Self::IntraRegionPeering => 4,
            Self::InterRegionPeering => 5,
            Self::GatewayEndpoint => 7,
            Self::InternetGateway => 8,
        }
    }

    /// The path of what an interface let out; none if no router knew one (assumed: flow-log-unroutable-path).
    pub fn of(after: &[Step], sender: &PointFacts, model: &Model) -> Option<Self> {
        // Gateways of AWS count as built on Nitro (assumed: flow-log-path-of-gateways).
        let is_xen = sender.instance.is_some() && !sender.is_nitro;
        let by_gateway = |path| if is_xen { Self::InternetGatewayOrGatewayEndpoint } else { path };
        let chosen = after.iter().find_map(|step| {
            if let Step::SameSubnet { .. } = step {
                return Some(Self::SameVpc);
            }
            let Step::Routed { target, .. } = step else { return None };
            Some(match *target {
                Target::GatewayEndpoint(_) => by_gateway(Self::GatewayEndpoint),
                Target::InternetGateway(_) => by_gateway(Self::InternetGateway),
                // A transit gateway takes it by an interface of the VPC (assumed: flow-log-path-tgw).
                Target::Local
                | Target::NatGateway(_)
                | Target::NetworkInterface(_)
                | Target::TransitGateway(_) => Self::SameVpc,
                Target::Peering(id) => {
                    match model.peerings.get(&id).is_none_or(|pcx| pcx.is_intra_region()) {
                        true => Self::IntraRegionPeering,
                        false => Self::InterRegionPeering,
                    }
                }
                Target::VpnGateway(_) => Self::VpnGateway,
            })
        });
        let is_blackhole =
            matches!(after.last(), Some(Step::Ended(Fate::Dropped(DropReason::Blackhole { .. }))));
        chosen.filter(|_| !is_blackhole)
    }

    /// Whether the packet goes on to an interface that records can name (aws: flow-log-next-hop).
    pub const fn leads_to_interface(self) -> bool {
        matches!(self, Self::SameVpc | Self::IntraRegionPeering)
    }
}

/// How a flow is encrypted, as far as it is known: 0 not at all, 1 by Nitro, 2 by the application, 3 by both
/// (aws: flow-log-encryption-status).
///
/// Between instances it is known whether both are built on Nitro; what goes to an endpoint's port 443 counts as
/// encrypted by the application (assumed: flow-log-encryption-elsewhere).
pub fn encryption_status(
    own: &PointFacts,
    next_hop: Option<&PointFacts>,
    path: Option<TrafficPath>,
    tuple: FiveTuple,
) -> Option<u8> {
    if !own.monitors_encryption {
        return None;
    }
    let is_https = tuple.protocol == Protocol::TCP && (tuple.dst_port == 443 || tuple.src_port == 443);
    let is_endpoint = |facts: &PointFacts| facts.interface_type == Some("vpc_endpoint");
    let is_by_endpoint =
        path == Some(TrafficPath::GatewayEndpoint) || is_endpoint(own) || next_hop.is_some_and(is_endpoint);
    let by_application = if is_https && is_by_endpoint { 2 } else { 0 };
    let both_instances = own.instance.is_some() && next_hop.is_some_and(|next| next.instance.is_some());
    match (both_instances, next_hop) {
        (true, Some(next)) => Some(by_application + u8::from(own.is_nitro && next.is_nitro)),
        _ if by_application > 0 => Some(by_application),
        // Out of the VPC nothing encrypts.
        _ if path.is_some_and(|path| !path.leads_to_interface()) => Some(0),
        _ => None,
    }
}
