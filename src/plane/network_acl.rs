//! The network ACL at the edge of a subnet: every packet, both ways, no memory (aws: nacl-stateless).

use super::walk::Cx;
use crate::model::{AclAction, Direction, Subnet};
use crate::trace::{DropReason, Step};
use crate::wire::Packet;

impl Cx<'_> {
    pub(super) fn network_acl(
        &mut self,
        subnet: &Subnet,
        direction: Direction,
        packet: &Packet,
    ) -> Result<(), DropReason> {
        let acl = &self.model.network_acls[&subnet.network_acl];
        // aws: nacl-rule-order, nacl-implicit-deny
        let entry = acl.decide(direction, packet);
        let rule = entry.map(|entry| entry.number);
        let allowed = entry.is_some_and(|entry| entry.action == AclAction::Allow);
        self.step(Step::NetworkAcl { subnet: subnet.id, acl: acl.id, direction, rule, allowed });
        if allowed {
            return Ok(());
        }
        Err(DropReason::NetworkAcl { subnet: subnet.id, acl: acl.id, direction, rule })
    }
}
