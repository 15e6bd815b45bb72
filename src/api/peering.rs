//! VPC peering connections: requests and answers.

use std::time::Duration;

use super::{ApiError, Ec2, New, Result};
use crate::ids::{PeeringId, VpcId};
use crate::model::{Account, Peering, PeeringSide, PeeringStatus, Region, Scope, Vpc};

/// Parameters of CreateVpcPeeringConnection.
#[derive(Clone, Debug)]
pub struct CreateVpcPeeringConnection {
    /// Name and id.
    pub new: New<PeeringId>,
    /// The requester's VPC.
    pub vpc_id: VpcId,
    /// The accepter's VPC.
    pub peer_vpc_id: VpcId,
    /// The accepter; the caller if none is given.
    pub peer_owner_id: Option<Account>,
    /// The accepter's region; the caller's if none is given.
    pub peer_region: Option<Region>,
}

/// A request nobody answers expires after seven days (aws: pcx-expires).
const EXPIRES_AFTER: Duration = Duration::from_secs(168 * 3600);

impl Ec2<'_> {
    /// Asks for a connection. A wrong VPC, account or region and overlapping blocks do not fail the
    /// call but the connection (aws: pcx-failed). Asking again for the same pair returns the
    /// connection that is there (aws: pcx-same-pair).
    pub fn create_vpc_peering_connection(
        &mut self,
        request: CreateVpcPeeringConnection,
    ) -> Result<PeeringId> {
        let requester = PeeringSide {
            vpc: self.vpc(request.vpc_id)?.id,
            scope: self.caller,
            allow_dns_resolution: false,
        };
        let accepter = PeeringSide {
            allow_dns_resolution: false,
            vpc: request.peer_vpc_id,
            scope: Scope {
                account: request.peer_owner_id.unwrap_or(self.caller.account),
                region: request.peer_region.unwrap_or(self.caller.region),
            },
        };
        let now = self.now;
        let same_pair = |pcx: &&Peering| {
            matches!(pcx.status_at(now), PeeringStatus::Active | PeeringStatus::PendingAcceptance)
                && pcx.sides_from(requester.vpc).is_some_and(|(_, there)| there.vpc == accepter.vpc)
        };
        if let Some(existing) = self.model.peerings.values().find(same_pair) {
            return Ok(existing.id);
        }
        let outstanding = |pcx: &&Peering| {
            pcx.status_at(now) == PeeringStatus::PendingAcceptance && pcx.requester.vpc == requester.vpc
        };
        let requests = self.model.peerings.values().filter(outstanding).count();
        let code = "OutstandingVpcPeeringConnectionLimitExceeded";
        self.check_quota(requests, self.model.quotas.outstanding_peering_requests, code, "")?;
        let status = if self.can_be_peered(requester.vpc, &accepter) {
            PeeringStatus::PendingAcceptance
        } else {
            PeeringStatus::Failed
        };
        let id = self.choose_id(&request.new, "", |model| &model.peerings, PeeringId::derive);
        let expires = now + EXPIRES_AFTER;
        let peering = Peering { id, name: request.new.name, requester, accepter, expires, status };
        self.model.peerings.insert(id, peering);
        Ok(id)
    }

    /// Accepts a pending request, in the accepter's account and region.
    pub fn accept_vpc_peering_connection(&mut self, id: PeeringId) -> Result<()> {
        self.check_accepter(id, "must be accepted in region")?;
        let (peering, now) = (self.peering(id)?, self.now);
        for vpc in [peering.requester.vpc, peering.accepter.vpc] {
            let active =
                |pcx: &&Peering| pcx.status_at(now) == PeeringStatus::Active && pcx.sides_from(vpc).is_some();
            let active = self.model.peerings.values().filter(active).count();
            let code = "ActiveVpcPeeringConnectionPerVpcLimitExceeded";
            self.check_quota(active, self.model.quotas.active_peerings_per_vpc, code, "")?;
        }
        self.transition(id, &[PeeringStatus::PendingAcceptance], PeeringStatus::Active)
    }

    /// Declines a pending request, in the accepter's account and region.
    pub fn reject_vpc_peering_connection(&mut self, id: PeeringId) -> Result<()> {
        self.check_accepter(id, "must be accepted or rejected in region")?;
        self.transition(id, &[PeeringStatus::PendingAcceptance], PeeringStatus::Rejected)
    }

    /// Takes a connection down from either side, or a request back.
    pub fn delete_vpc_peering_connection(&mut self, id: PeeringId) -> Result<()> {
        let (peering, caller) = (self.peering(id)?, self.caller);
        if peering.status_at(self.now) == PeeringStatus::PendingAcceptance
            && peering.requester.scope.account != caller.account
        {
            return Err(wrong_state(id));
        }
        self.transition(
            id,
            &[PeeringStatus::Active, PeeringStatus::PendingAcceptance],
            PeeringStatus::Deleted,
        )
    }

    /// ModifyVpcPeeringConnectionOptions: whether public DNS names of the caller's side mean private
    /// addresses to the other one. Both VPCs need DNS names, and the connection has to be active
    /// (aws: pcx-dns-option).
    pub fn modify_vpc_peering_connection_options(
        &mut self,
        id: PeeringId,
        requester: Option<bool>,
        accepter: Option<bool>,
    ) -> Result<()> {
        let (peering, caller) = (self.peering(id)?, self.caller);
        if peering.status_at(self.now) != PeeringStatus::Active {
            return Err(wrong_state(id));
        }
        let sides = [(requester, peering.requester), (accepter, peering.accepter)];
        for (allow, side) in sides {
            if allow.is_some() && side.scope != caller {
                return Err(ApiError::code_only("OperationNotPermitted"));
            }
        }
        let names = |side: PeeringSide| self.model.vpcs.get(&side.vpc).is_some_and(Vpc::has_names);
        let asks = [requester, accepter].contains(&Some(true));
        if asks && !(names(peering.requester) && names(peering.accepter)) {
            return Err(ApiError::code_only("InvalidVpcPeeringConnectionState.DnsHostnamesDisabled"));
        }
        let peering = self.peering_mut(id)?;
        for (allow, side) in [(requester, &mut peering.requester), (accepter, &mut peering.accepter)] {
            side.allow_dns_resolution = allow.unwrap_or(side.allow_dns_resolution);
        }
        Ok(())
    }

    /// The status of a connection now.
    pub fn peering_status(&self, id: PeeringId) -> Result<PeeringStatus> {
        self.peering(id).map(|peering| peering.status_at(self.now))
    }

    /// The connections with these ids, or all that the caller has a side of in its region.
    pub fn describe_vpc_peering_connections(&self, ids: &[PeeringId]) -> Result<Vec<&Peering>> {
        if ids.is_empty() {
            let seen = |pcx: &&Peering| [pcx.requester.scope, pcx.accepter.scope].contains(&self.caller);
            return Ok(self.model.peerings.values().filter(seen).collect());
        }
        ids.iter().map(|id| self.peering(*id)).collect()
    }

    /// The connection with this id, if the caller is on one of its sides.
    pub(super) fn peering(&self, id: PeeringId) -> Result<&Peering> {
        let seen = |pcx: &&Peering| {
            [pcx.requester.scope, pcx.accepter.scope].iter().any(|scope| scope.account == self.caller.account)
        };
        self.model.peerings.get(&id).filter(seen).ok_or_else(|| not_found(id))
    }

    pub(super) fn peering_mut(&mut self, id: PeeringId) -> Result<&mut Peering> {
        self.peering(id)?;
        Ok(&mut self.model.peerings[&id])
    }

    fn can_be_peered(&self, requester: VpcId, accepter: &PeeringSide) -> bool {
        let Some(there) = self.model.vpcs.get(&accepter.vpc).filter(|vpc| vpc.scope == accepter.scope) else {
            return false;
        };
        let here = self.model.vpc(requester);
        let overlap = here.blocks().any(|a| there.blocks().any(|b| a.contains(&b) || b.contains(&a)));
        // aws: pcx-no-overlap
        here.id != there.id && !overlap
    }

    fn check_accepter(&self, id: PeeringId, must_be: &str) -> Result<()> {
        let (accepter, caller) = (self.peering(id)?.accepter.scope, self.caller);
        if accepter.account != caller.account {
            return Err(ApiError::new("OperationNotPermitted", format!("User cannot accept peering {id}")));
        }
        if accepter.region != caller.region {
            let message = format!(
                "Incorrect region ({}) specified for this request. VPC peering connection {id} {must_be} {}",
                caller.region, accepter.region
            );
            return Err(ApiError::new("OperationNotPermitted", message));
        }
        Ok(())
    }

    fn transition(&mut self, id: PeeringId, from: &[PeeringStatus], to: PeeringStatus) -> Result<()> {
        if !from.contains(&self.peering(id)?.status_at(self.now)) {
            return Err(wrong_state(id));
        }
        self.peering_mut(id)?.status = to;
        Ok(())
    }
}

pub(super) fn not_found(id: PeeringId) -> ApiError {
    let message = format!("The vpcPeeringConnection ID '{id}' does not exist");
    ApiError::new("InvalidVpcPeeringConnectionID.NotFound", message)
}

fn wrong_state(id: PeeringId) -> ApiError {
    let message = format!("VpcPeeringConnectionID {id} is not in the correct state for the request.");
    ApiError::new("InvalidStateTransition", message)
}
