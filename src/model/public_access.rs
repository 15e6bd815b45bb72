//! VPC Block Public Access: a switch for a whole region (aws: bpa-modes).

use super::Scope;
use crate::ids::{PublicAccessExclusionId, SubnetId, VpcId};

/// What internet gateways of a region refuse.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum BlockMode {
    /// Everything.
    BlockBidirectional,
    /// All but what NAT gateways carry, which only lets connections out (assumed: bpa-ingress-nat).
    BlockIngress,
    /// Nothing.
    #[default]
    Off,
}

impl BlockMode {
    /// AWS's word for it.
    pub fn code(self) -> &'static str {
        match self {
            Self::BlockBidirectional => "block-bidirectional",
            Self::BlockIngress => "block-ingress",
            Self::Off => "off",
        }
    }
}

/// A VPC or subnet for which Block Public Access does not hold.
#[derive(Clone, Copy, Debug)]
pub struct PublicAccessExclusion {
    /// Its id.
    pub id: PublicAccessExclusionId,
    /// Owner and region.
    pub scope: Scope,
    /// What is excluded.
    pub resource: ExcludedResource,
    /// What is let through there.
    pub mode: ExclusionMode,
}

/// What an exclusion is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ExcludedResource {
    /// One subnet.
    Subnet(SubnetId),
    /// A whole VPC.
    Vpc(VpcId),
}

/// What an exclusion lets through.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ExclusionMode {
    /// Everything.
    AllowBidirectional,
    /// What NAT gateways carry (assumed: bpa-ingress-nat).
    AllowEgress,
}
