//! Crossing a peering connection.

use super::walk::Cx;
use crate::ids::{PeeringId, VpcId};
use crate::trace::{DropReason, Step};
use crate::wire::Packet;

impl Cx<'_> {
    /// The VPC on the other side, which takes only what is for itself and from the VPC it is peered
    /// with: no transit, no edge-to-edge routing (aws: pcx-no-transit).
    pub(super) fn cross_peering(
        &mut self,
        id: PeeringId,
        here: VpcId,
        packet: &Packet,
    ) -> Result<VpcId, DropReason> {
        let (_, there) =
            self.model.peerings[&id].sides_from(here).expect("a route's peering is one of its VPC's");
        let tuple = packet.tuple();
        let between =
            self.model.vpc(here).contains(tuple.src) && self.model.vpc(there.vpc).contains(tuple.dst);
        if !between {
            return Err(DropReason::NotTransitive { peering: id, vpc: there.vpc });
        }
        self.step(Step::Peered { peering: id, to: there.vpc });
        Ok(there.vpc)
    }
}
