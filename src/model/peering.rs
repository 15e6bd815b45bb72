//! VPC peering connections and their life cycle.

use std::fmt;

use super::Scope;
use crate::ids::{PeeringId, VpcId};
use crate::time::Instant;

/// A connection between two VPCs that routes can target.
#[derive(Clone, Debug)]
pub struct Peering {
    /// Its id.
    pub id: PeeringId,
    /// Its Name tag.
    pub name: Option<String>,
    /// Who asked for it.
    pub requester: PeeringSide,
    /// Who was asked.
    pub accepter: PeeringSide,
    /// When a request nobody answers expires: seven days after it was made (aws: pcx-expires).
    pub expires: Instant,
    pub(crate) status: PeeringStatus,
}

/// One of the two VPCs of a peering connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PeeringSide {
    /// The VPC; it may not exist, then the request has failed.
    pub vpc: VpcId,
    /// Its owner and region, as the request stated them.
    pub scope: Scope,
    /// Whether public DNS names of its instances mean private addresses to the other side.
    pub allow_dns_resolution: bool,
}

/// The states of a peering connection (aws: pcx-lifecycle). `initiating-request`, `provisioning` and
/// `deleting` pass at once here (assumed: pcx-transitions-immediate).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum PeeringStatus {
    /// Traffic can flow.
    Active,
    /// One side took it down.
    Deleted,
    /// Nobody answered the request in time.
    Expired,
    /// The request named a wrong VPC or account, or the blocks overlap.
    Failed,
    /// The request waits for the accepter.
    PendingAcceptance,
    /// The accepter declined.
    Rejected,
}

impl PeeringStatus {
    /// AWS's code for it.
    pub fn code(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Deleted => "deleted",
            Self::Expired => "expired",
            Self::Failed => "failed",
            Self::PendingAcceptance => "pending-acceptance",
            Self::Rejected => "rejected",
        }
    }
}

impl fmt::Display for PeeringStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.code())
    }
}

impl Peering {
    /// The status at a moment: a pending request expires without anybody doing anything.
    pub fn status_at(&self, now: Instant) -> PeeringStatus {
        let unanswered = self.status == PeeringStatus::PendingAcceptance && self.expires <= now;
        if unanswered { PeeringStatus::Expired } else { self.status }
    }

    /// Whether it carries traffic now, within one region.
    pub fn connects_in_region(&self, now: Instant) -> bool {
        self.status_at(now) == PeeringStatus::Active && self.is_intra_region()
    }

    /// Whether it will never carry traffic any more, whatever happens.
    pub fn is_over(&self) -> bool {
        match self.status {
            PeeringStatus::Active | PeeringStatus::PendingAcceptance => false,
            PeeringStatus::Deleted
            | PeeringStatus::Expired
            | PeeringStatus::Failed
            | PeeringStatus::Rejected => true,
        }
    }

    /// The side of a VPC and the other one; `None` if the VPC is on neither.
    pub fn sides_from(&self, vpc: VpcId) -> Option<(&PeeringSide, &PeeringSide)> {
        if self.requester.vpc == vpc {
            Some((&self.requester, &self.accepter))
        } else if self.accepter.vpc == vpc {
            Some((&self.accepter, &self.requester))
        } else {
            None
        }
    }

    /// Whether both sides are in one region.
    pub fn is_intra_region(&self) -> bool {
        self.requester.scope.region == self.accepter.scope.region
    }
}
