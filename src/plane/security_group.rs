//! The security groups of an interface: a union of allow rules, and the memory of what they allowed.

use std::net::Ipv4Addr;

use super::state::{Effect, FlowKey};
use super::walk::Cx;
use crate::ids::{SecurityGroupId, VpcId};
use crate::model::{Direction, Eni, Peer};
use crate::trace::{DropReason, GroupVerdict, Step};
use crate::wire::Packet;

impl Cx<'_> {
    /// Lets a packet through if it belongs to a tracked flow, or if any rule of any group allows it.
    pub(super) fn security_group(
        &mut self,
        eni: &Eni,
        direction: Direction,
        packet: &Packet,
    ) -> Result<(), DropReason> {
        let flow = FlowKey::of(eni.id, direction, packet);
        let is_related = self.is_about_tracked_flow(eni, direction, packet);
        // The flow is looked for before the rules: taking a rule away must not cut a tracked flow.
        // aws: sg-stateful, sg-tracked-survives-rule-change
        let verdict = if is_related || self.state.tracks(flow, self.now) {
            GroupVerdict::Tracked
        } else {
            self.rule_for(eni, direction, packet)
        };
        self.step(Step::SecurityGroup { eni: eni.id, direction, verdict });
        if verdict == GroupVerdict::NoRule {
            return Err(DropReason::SecurityGroup { eni: eni.id, direction, group: eni.security_groups[0] });
        }
        // An error is no flow of its own, and does not keep the one it is about alive.
        if !is_related {
            self.out.effects.push(Effect::Track { flow, direction, flags: packet.tcp_flags() });
        }
        Ok(())
    }

    /// An ICMP error about a tracked flow belongs to it (aws: sg-related-icmp).
    fn is_about_tracked_flow(&self, eni: &Eni, direction: Direction, packet: &Packet) -> bool {
        let quoted = packet.icmp().and_then(|icmp| icmp.quoted);
        quoted
            .is_some_and(|quoted| self.state.tracks(FlowKey::of_quoted(eni.id, direction, quoted), self.now))
    }

    /// The first rule that allows the packet; which one is found does not matter (aws: sg-allow-only).
    fn rule_for(&self, eni: &Eni, direction: Direction, packet: &Packet) -> GroupVerdict {
        let remote = match direction {
            Direction::Egress => packet.tuple().dst,
            Direction::Ingress => packet.tuple().src,
        };
        for group in eni.security_groups.iter().filter_map(|id| self.model.security_groups.get(id)) {
            for rule in group.rules(direction) {
                let peer = match rule.peer {
                    Peer::Cidr(cidr) => cidr.contains(&remote),
                    Peer::Group(id) => self.carries(eni.vpc, id, remote),
                };
                if peer && rule.traffic.matches(packet) {
                    return GroupVerdict::Rule { group: group.id, rule: rule.id };
                }
            }
        }
        GroupVerdict::NoRule
    }

    /// Whether a private address belongs to an interface with a group, in this VPC or in one that is
    /// peered with it in the same region (aws: sg-reference-private, sg-reference-peering).
    fn carries(&self, here: VpcId, group: SecurityGroupId, address: Ipv4Addr) -> bool {
        let Some(group) = self.model.security_groups.get(&group) else { return false };
        let member = self.model.eni_with_address(group.vpc, address);
        let is_member = member.is_some_and(|eni| eni.security_groups.contains(&group.id));
        is_member && (group.vpc == here || self.model.are_peered_in_region(here, group.vpc, self.now))
    }
}
