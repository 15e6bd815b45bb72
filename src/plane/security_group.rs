//! The security groups of an interface: a union of allow rules, and the memory of what they allowed.
//!
//! Read first: "Security group rules" in the VPC guide and "Connection tracking" in the EC2 guide.

use std::net::Ipv4Addr;

use ipnet::Ipv4Net;

use super::flow::{Asking, flow_of_quoted};
use super::state::Effect;
use super::tracking::{FlowKey, Memory};
use super::walk::{Cx, Origin};
use crate::ids::{SecurityGroupId, TransitGatewayId, VpcId};
use crate::model::{Direction, Eni, Owner, Peer, SecurityGroup, SecurityGroupRule, Subnet, Target};
use crate::trace::{DropReason, GroupVerdict, Refusal, Step};
use crate::wire::{Packet, Protocol, TcpFlags};

/// How a packet gets from its sender's interface to its receiver's, as far as rules that name groups ask.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Path {
    /// Within the VPC.
    Direct,
    /// Through something that does not pass on whose packet it is: a middlebox, a gateway.
    Lost,
    /// Over a peering connection with a VPC.
    Peering(VpcId),
    /// Over a transit gateway.
    TransitGateway(TransitGatewayId),
}

/// Whether an address is a member of a group that a rule names.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Membership {
    Member,
    /// It is, but that is not known here.
    Unknown(Refusal),
    None,
}

impl<'a> Cx<'a> {
    /// Lets a packet through if it belongs to a tracked flow, or if any rule of any group allows it.
    pub(super) fn security_group(
        &mut self,
        eni: &Eni,
        direction: Direction,
        path: Path,
        packet: &Packet,
    ) -> Result<(), DropReason> {
        // An ICMP error about a tracked flow belongs to it, is no flow of its own, and does not keep the
        // one it is about alive (aws: sg-related-icmp).
        let quoted = packet.icmp().and_then(|icmp| icmp.quoted).map(flow_of_quoted);
        let about = quoted.map(|quoted| FlowKey::of_quoted(eni.id, direction, quoted));
        if about.is_some_and(|about| self.recall(about, TcpFlags::default()) == Some(Memory::Tracked)) {
            self.step(Step::SecurityGroup { eni: eni.id, direction, verdict: GroupVerdict::Tracked });
            return Ok(());
        }
        if packet.is_icmp_error() {
            // Nothing is remembered of one that is let through for its own sake.
            let verdict = self.rule_for(eni, direction, path, packet);
            return self.group_verdict(eni, direction, verdict);
        }
        let flow = FlowKey::new(eni.id, direction, self.flow(Asking::Groups(eni.id), packet));
        // The flow is looked for before the rules: taking a rule away must not cut a tracked flow.
        // aws: sg-stateful, sg-tracked-survives-rule-change
        let memory = self.recall(flow, packet.tcp_flags());
        let verdict = match memory {
            Some(Memory::Tracked) => Ok(GroupVerdict::Tracked),
            Some(Memory::Untracked { .. }) | None => self.rule_for(eni, direction, path, packet),
        };
        let verdict = match verdict {
            Ok(GroupVerdict::Rule { group, rule, .. }) => {
                let tracked = match memory {
                    // Answers to an untracked flow do not make it a tracked one (aws: sg-untracked).
                    Some(Memory::Untracked { opened }) if opened != direction => false,
                    Some(Memory::Untracked { .. } | Memory::Tracked) | None => {
                        !self.is_untracked(eni, direction, packet)
                    }
                };
                Ok(GroupVerdict::Rule { group, rule, tracked })
            }
            other => other,
        };
        self.group_verdict(eni, direction, verdict)?;
        let tracked = matches!(verdict, Ok(GroupVerdict::Tracked | GroupVerdict::Rule { tracked: true, .. }));
        // aws: sg-tracking-limit; it is metered like what no rule allows (assumed: flow-log-tracking-reject)
        if let (Some(flows_max), true, true) = (eni.tracking.flows_max, tracked, memory.is_none())
            && self.state.tracking.entries_at(eni.id, self.now) >= flows_max
        {
            return Err(DropReason::TrackingExceeded { eni: eni.id });
        }
        let (flags, timeouts) = (packet.tcp_flags(), eni.tracking);
        let entries = usize::from(tracked);
        self.out.effects.push(Effect::Track { flow, direction, flags, entries, timeouts });
        Ok(())
    }

    fn group_verdict(
        &mut self,
        eni: &Eni,
        direction: Direction,
        verdict: Result<GroupVerdict, Refusal>,
    ) -> Result<(), DropReason> {
        let shown = verdict.unwrap_or(GroupVerdict::NoRule);
        self.step(Step::SecurityGroup { eni: eni.id, direction, verdict: shown });
        let group = eni.security_groups[0];
        verdict.map(|_| ()).map_err(|why| DropReason::SecurityGroup { eni: eni.id, direction, group, why })
    }

    fn recall(&self, flow: FlowKey, flags: TcpFlags) -> Option<Memory> {
        self.state.tracking.recall(flow, flags, self.now)
    }

    /// The flow that was just let through goes to a place whose flows are tracked whatever the rules, and
    /// take so many entries there (aws: sg-automatically-tracked). They count towards the interface's limit, and
    /// are not refused by it (assumed: sg-automatic-allowance).
    pub(super) fn track_automatically(&mut self, entries_there: usize) {
        for effect in &mut self.out.effects {
            if let Effect::Track { entries, .. } = effect {
                *entries = entries_there;
            }
        }
    }

    fn groups(&self, eni: &'a Eni) -> impl Iterator<Item = &'a SecurityGroup> {
        let model = self.model;
        eni.security_groups.iter().filter_map(move |id| model.security_groups.get(id))
    }

    /// The first rule that allows the packet; which one is found does not matter (aws: sg-allow-only).
    fn rule_for(
        &self,
        eni: &Eni,
        direction: Direction,
        path: Path,
        packet: &Packet,
    ) -> Result<GroupVerdict, Refusal> {
        let remote = remote(direction, packet);
        let mut why = Refusal::NoRules;
        let groups = eni.security_groups.iter().filter_map(|id| self.model.security_groups.get(id));
        for group in groups {
            for rule in group.rules(direction) {
                why = if why == Refusal::NoRules { Refusal::NoMatch } else { why };
                if !rule.traffic.matches(packet) {
                    continue;
                }
                match self.membership(eni, direction, path, rule, remote) {
                    Membership::Member => {
                        return Ok(GroupVerdict::Rule { group: group.id, rule: rule.id, tracked: true });
                    }
                    Membership::Unknown(refusal) => why = refusal,
                    Membership::None => {}
                }
            }
        }
        Err(why)
    }

    fn membership(
        &self,
        eni: &Eni,
        direction: Direction,
        path: Path,
        rule: &SecurityGroupRule,
        remote: Ipv4Addr,
    ) -> Membership {
        let matches = |is_member: bool| if is_member { Membership::Member } else { Membership::None };
        match rule.peer {
            Peer::Cidr(cidr) => matches(cidr.contains(&remote)),
            // aws: sg-prefix-list
            Peer::PrefixList(id) => {
                matches(self.model.prefix_lists.get(&id).is_some_and(|list| list.contains(remote)))
            }
            Peer::Group(id) => self.carries(eni, direction, path, id, remote),
        }
    }

    /// Whether a private address belongs to an interface with a group, in this VPC or in one that is
    /// peered with it in the same region, or attached to the same transit gateway
    /// (aws: sg-reference-private, sg-reference-peering, tgw-sg-referencing).
    fn carries(
        &self,
        eni: &Eni,
        direction: Direction,
        path: Path,
        group: SecurityGroupId,
        address: Ipv4Addr,
    ) -> Membership {
        let Some(group) = self.model.security_groups.get(&group) else { return Membership::None };
        // Whoever comes by a public address may be meant, and is not recognized.
        let public = self.model.eni_with_public_address(address).filter(|eni| eni.vpc == group.vpc);
        let member = self.model.eni_with_address(group.vpc, address);
        let member = member.or_else(|| public.filter(|_| path == Path::Lost));
        if !member.is_some_and(|member| member.security_groups.contains(&group.id)) {
            return Membership::None;
        }
        let here = eni.vpc;
        let known = match path {
            Path::Direct => group.vpc == here,
            // Somebody else can have the same address in another VPC.
            Path::Peering(there) => {
                group.vpc == there && self.model.knows_groups_of_peer(here, there, self.now)
            }
            // aws: sg-reference-not-preserved
            Path::Lost => return Membership::Unknown(Refusal::ReferenceLost),
            // Ingress rules only (aws: tgw-sg-referencing).
            Path::TransitGateway(gateway) => {
                // Who comes from elsewhere with an address of this VPC is somebody else.
                if group.vpc == here {
                    return Membership::None;
                }
                let shared = self.model.shares_groups(gateway, here, group.vpc);
                if direction == Direction::Egress || !shared {
                    return Membership::Unknown(Refusal::ReferencingOff);
                }
                true
            }
        };
        if known { Membership::Member } else { Membership::None }
    }

    /// How a packet that arrives has come.
    pub(super) fn path_from(&self, from: Origin, packet: &Packet) -> Path {
        let is_from = |eni| self.model.enis.get(&eni).is_some_and(|eni: &Eni| eni.has(packet.tuple().src));
        match from {
            Origin::Subnet { eni, .. } if is_from(eni) => Path::Direct,
            Origin::Subnet { eni, .. } => {
                let sender = self.model.enis.get(&eni);
                match sender.and_then(|eni| eni.owner) {
                    Some(Owner::TransitGateway(attachment)) => {
                        let attachment = self.model.transit_gateway_attachments.get(&attachment);
                        attachment.map_or(Path::Lost, |it| Path::TransitGateway(it.transit_gateway))
                    }
                    Some(
                        Owner::Instance(_)
                        | Owner::InterfaceEndpoint(_)
                        | Owner::NatGateway(_)
                        | Owner::Requester(_),
                    )
                    | None => Path::Lost,
                }
            }
            Origin::Peer { eni } if is_from(eni) => Path::Peering(self.model.eni(eni).vpc),
            Origin::Peer { .. } | Origin::Elsewhere => Path::Lost,
        }
    }

    /// How a packet that leaves will go. Only rules that name groups ask.
    pub(super) fn path_to(&self, subnet: &Subnet, packet: &Packet) -> Path {
        let dst = packet.tuple().dst;
        if subnet.cidr.contains(&dst) {
            return Path::Direct;
        }
        match self.model.route_table_of(subnet).lookup(dst).map(|route| route.target) {
            Some(Target::Local) => Path::Direct,
            Some(Target::Peering(pcx)) => {
                let sides = self.model.peerings.get(&pcx).and_then(|pcx| pcx.sides_from(subnet.vpc));
                sides.map_or(Path::Lost, |(_, there)| Path::Peering(there.vpc))
            }
            Some(Target::TransitGateway(id)) => Path::TransitGateway(id),
            Some(
                Target::GatewayEndpoint(_)
                | Target::InternetGateway(_)
                | Target::NatGateway(_)
                | Target::NetworkInterface(_)
                | Target::VpnGateway(_),
            )
            | None => Path::Lost,
        }
    }

    /// Whether the rules are open both ways for a new flow: it is then not tracked, unless it is ICMP or
    /// goes to an endpoint (aws: sg-untracked, sg-automatically-tracked).
    fn is_untracked(&self, eni: &'a Eni, direction: Direction, packet: &Packet) -> bool {
        let protocol = packet.tuple().protocol;
        let back = match direction {
            Direction::Egress => Direction::Ingress,
            Direction::Ingress => Direction::Egress,
        };
        let everybody = Peer::Cidr(Ipv4Net::default());
        let open = |rule: &SecurityGroupRule| rule.peer == everybody && rule.traffic.matches(packet);
        matches!(protocol, Protocol::TCP | Protocol::UDP)
            && !matches!(eni.owner, Some(Owner::InterfaceEndpoint(_)))
            && self.groups(eni).any(|group| group.rules(direction).iter().any(open))
            && self.groups(eni).any(|group| group.is_open(back, protocol))
    }
}

fn remote(direction: Direction, packet: &Packet) -> Ipv4Addr {
    match direction {
        Direction::Egress => packet.tuple().dst,
        Direction::Ingress => packet.tuple().src,
    }
}
