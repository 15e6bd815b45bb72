//! Peering connections, and what does not work between VPCs without one.

use ipnet::Ipv4Net;

use super::Builder;
use crate::api::CreateVpcPeeringConnection;
use crate::ids::VpcId;
use crate::scenario::draft;
use crate::scenario::problem::Problem;

impl Builder<'_> {
    pub(super) fn peering(&mut self, peering: &draft::Peering) -> Option<()> {
        let requester = self.find::<VpcId>(&peering.requester, None);
        let accepter = self.find::<VpcId>(&peering.accepter, None);
        let (requester, accepter) = (requester?, accepter?);
        if requester == accepter {
            self.problems.push(Problem::at(peering.accepter.span, "a VPC cannot be peered with itself"));
            return None;
        }
        // EC2 says so only by a connection that fails, and that nobody can accept (aws: pcx-no-overlap).
        if let Some((ours, theirs)) = self.overlap(requester, accepter).filter(|_| peering.is_accepted) {
            let (one, other) = (&peering.requester.value, &peering.accepter.value);
            let message =
                format!("`{one}` and `{other}` cannot be peered: their blocks {ours} and {theirs} overlap");
            let problem = Problem::at(peering.accepter.span, message);
            self.problems.push(problem.hint("give one of the two VPCs another block"));
            self.unpeered.push([requester, accepter]);
            return None;
        }
        let here = self.built.model.vpc(requester).scope;
        let there = self.built.model.vpc(accepter).scope;
        let request = CreateVpcPeeringConnection {
            new: self.naming(&peering.named),
            vpc_id: requester,
            peer_vpc_id: accepter,
            peer_owner_id: Some(there.account),
            peer_region: Some(there.region),
        };
        let span = peering.named.name.span;
        let id = self.call(here, span, "CreateVpcPeeringConnection", |ec2| {
            ec2.create_vpc_peering_connection(request)
        })?;
        if peering.is_accepted {
            self.call(there, span, "AcceptVpcPeeringConnection", |ec2| {
                ec2.accept_vpc_peering_connection(id)
            })?;
        }
        Some(())
    }

    /// The first blocks of two VPCs that overlap.
    fn overlap(&self, one: VpcId, other: VpcId) -> Option<(Ipv4Net, Ipv4Net)> {
        let (one, other) = (self.built.model.vpc(one), self.built.model.vpc(other));
        let mut pairs = one.blocks().flat_map(|a| other.blocks().map(move |b| (a, b)));
        pairs.find(|(a, b)| a.contains(b) || b.contains(a))
    }

    /// A group that exists, and that EC2 does not find because it is in another VPC.
    pub(super) fn unseen_group(&mut self, problem: Problem, vpcs: [VpcId; 2]) {
        let is_theirs = |pair: [VpcId; 2]| vpcs.iter().all(|vpc| pair.contains(vpc));
        if self.unpeered.iter().any(|pair| is_theirs(*pair)) {
            return;
        }
        let mut peerings = self.built.model.peerings.values();
        let peering = peerings.find(|pcx| is_theirs([pcx.requester.vpc, pcx.accepter.vpc]));
        self.problems.push(match peering {
            Some(peering) => {
                let name = peering.name.clone().unwrap_or_else(|| peering.id.to_string());
                let status = peering.status_at(self.now);
                problem
                    .note(format!("`{name}` leads to the group's VPC, and is {status}: it has to be active"))
            }
            None => problem,
        });
    }
}
