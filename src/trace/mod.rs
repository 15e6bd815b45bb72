//! The vocabulary of what happens to a packet: steps, fates, and the reasons for a drop.
//!
//! Everything a run can say (explanations, flow logs, expectations) is a fold over these. Prints
//! nothing itself and holds no text but the stable codes; names are looked up in the model by whoever
//! renders.

mod activity;
mod drop_reason;
mod probe;
mod truth;

use std::net::Ipv4Addr;

use ipnet::Ipv4Net;

pub use activity::{ActivityFacts, ActivityId, ActivityKind, FlowOpened, Opener};
pub use drop_reason::{DropReason, MtuLimit, Refusal, TtlHop};
pub use probe::{Asked, Finding, Leg, Obstacle};
pub use truth::Truth;

use crate::ids::{
    CustomerGatewayId, EniId, InternetGatewayId, NatGatewayId, NetworkAclId, PeeringId, RouteTableId,
    SecurityGroupId, SecurityGroupRuleId, SubnetId, TransitGatewayAttachmentId, TransitGatewayId,
    TransitGatewayRouteTableId, VpcEndpointId, VpcId, VpnConnectionId,
};
use crate::model::{Destination, Direction, Location, Model, Target};
use crate::time::Instant;
use crate::wire::{FiveTuple, Icmp, Packet, TcpFlags};

/// One decision or movement, in the order they happen.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Step {
    /// A host sent it out of an interface.
    Left {
        /// The interface.
        eni: EniId,
    },
    /// A host on the internet sent it.
    LeftOutside {
        /// The host's address.
        host: Ipv4Addr,
    },
    /// A host on premises sent it.
    LeftOnPrem {
        /// The customer gateway of its network.
        network: CustomerGatewayId,
        /// The host's address.
        host: Ipv4Addr,
    },
    /// A service next to an interface sent it.
    LeftLinkLocal {
        /// The interface.
        eni: EniId,
    },
    /// The router of a subnet sent it, as an answer to what it could not forward.
    LeftRouter {
        /// The subnet.
        subnet: SubnetId,
    },
    /// The groups of an interface were asked.
    SecurityGroup {
        /// The interface.
        eni: EniId,
        /// Which way the packet goes.
        direction: Direction,
        /// What they said.
        verdict: GroupVerdict,
    },
    /// The network ACL of a subnet was asked.
    NetworkAcl {
        /// The subnet whose edge the packet crosses.
        subnet: SubnetId,
        /// Its network ACL.
        acl: NetworkAclId,
        /// Which way the packet goes.
        direction: Direction,
        /// The number of the rule that decided; `None` is the final `*`.
        rule: Option<u16>,
        /// Whether it let the packet through.
        allowed: bool,
    },
    /// The flow meter of an interface counted it: accepted, or rejected by group or network ACL.
    Metered {
        /// The interface.
        eni: EniId,
        /// Which way the packet goes.
        direction: Direction,
        /// Who talks to whom there: a translator changes that along the way.
        tuple: FiveTuple,
        /// Whether it was accepted.
        accepted: bool,
    },
    /// A route table chose a target.
    Routed {
        /// The table.
        table: RouteTableId,
        /// The destination of the route that matched.
        destination: Destination,
        /// Where it leads.
        target: Target,
    },
    /// It entered a transit gateway.
    EnteredTransitGateway {
        /// The transit gateway.
        gateway: TransitGatewayId,
        /// By which attachment.
        attachment: TransitGatewayAttachmentId,
    },
    /// A route table of a transit gateway chose an attachment.
    TransitGatewayRouted {
        /// The table.
        table: TransitGatewayRouteTableId,
        /// The block of the route that matched.
        destination: Ipv4Net,
        /// Where it leads; `None` drops.
        attachment: Option<TransitGatewayAttachmentId>,
    },
    /// It went through the tunnel of a VPN connection.
    Tunnelled {
        /// The connection.
        connection: VpnConnectionId,
    },
    /// An endpoint took it to its service, or brought its service's answer.
    ThroughEndpoint {
        /// The endpoint.
        endpoint: VpcEndpointId,
    },
    /// It was cut into fragments, which go on by themselves.
    Fragmented {
        /// The longest packet that gets on.
        mtu: u16,
    },
    /// It stays in its subnet, where neither network ACL nor route table is asked.
    SameSubnet {
        /// The subnet.
        subnet: SubnetId,
    },
    /// It crossed a peering connection.
    Peered {
        /// The connection.
        peering: PeeringId,
        /// The VPC on the other side.
        to: VpcId,
    },
    /// An address was exchanged for another, and perhaps a port.
    Translated {
        /// By what.
        by: Translator,
        /// Before.
        from: FiveTuple,
        /// After.
        to: FiveTuple,
    },
    /// It is a second copy of another packet, which a link made.
    Duplicated {
        /// The near end.
        from: Location,
        /// The far end.
        to: Location,
    },
    /// It reached an interface.
    Arrived {
        /// The interface.
        eni: EniId,
    },
    /// It reached a host on the internet.
    ArrivedOutside {
        /// The host's address.
        host: Ipv4Addr,
    },
    /// It reached a host on premises.
    ArrivedOnPrem {
        /// The customer gateway of its network.
        network: CustomerGatewayId,
        /// The host's address.
        host: Ipv4Addr,
    },
    /// Its journey is over.
    Ended(Fate),
}

/// What exchanges addresses.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Translator {
    /// An interface endpoint, between its own address and its service's.
    Endpoint(VpcEndpointId),
    /// An internet gateway, between private and public addresses.
    InternetGateway(InternetGatewayId),
    /// A NAT gateway, between many senders and itself.
    NatGateway(NatGatewayId),
}

/// What the security groups of an interface say of a packet.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum GroupVerdict {
    /// A rule allows it.
    Rule {
        /// The group.
        group: SecurityGroupId,
        /// The rule.
        rule: SecurityGroupRuleId,
        /// Whether answers will be let through for its sake; if not, they need a rule of their own.
        tracked: bool,
    },
    /// It belongs to a flow that was allowed before.
    Tracked,
    /// No rule of any group matches.
    NoRule,
}

/// How a packet's journey ended.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Fate {
    /// It goes on as fragments, each with a journey of its own.
    Fragmented,
    /// A host has it.
    Delivered(Station),
    /// It went no further.
    Dropped(DropReason),
}

/// Where a host is connected.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Station {
    /// Behind an interface.
    Eni(EniId),
    /// Next to an interface: the Amazon resolver and the instance metadata service.
    LinkLocal(EniId),
    /// On the internet.
    Outside(Ipv4Addr),
    /// In a network on premises.
    OnPrem(CustomerGatewayId, Ipv4Addr),
}

/// A packet of a run, numbered in the order they were sent.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct PacketId(pub u64);

/// Why a packet exists.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Cause {
    /// The plane answers another packet, which it could not forward.
    AnswerTo(PacketId),
    /// A link has made a second copy of a packet.
    Duplicate,
    /// It is a part of another packet, which was too long.
    FragmentOf(PacketId),
    /// A host sent it.
    Host,
}

/// What a packet is, for those who only watch.
#[derive(Clone, Copy, Debug)]
pub struct PacketFacts {
    /// Who talks to whom, at this point of the journey.
    pub tuple: FiveTuple,
    /// IP total length in bytes.
    pub ip_len: u16,
    /// TCP control bits.
    pub tcp_flags: TcpFlags,
    /// The ICMP message, if it is one.
    pub icmp: Option<Icmp>,
}

impl From<&Packet> for PacketFacts {
    fn from(packet: &Packet) -> Self {
        Self {
            tuple: packet.tuple(),
            ip_len: packet.ip_len(),
            tcp_flags: packet.tcp_flags(),
            icmp: packet.icmp(),
        }
    }
}

/// A stretch of a packet's journey: from a host or a link to the next link or to its end.
#[derive(Clone, Copy, Debug)]
pub struct Stretch<'a> {
    /// When it happened.
    pub at: Instant,
    /// Which packet.
    pub id: PacketId,
    /// Why it exists, on its first stretch.
    pub cause: Option<Cause>,
    /// The packet as it entered the stretch.
    pub packet: PacketFacts,
    /// What happened to it.
    pub steps: &'a [Step],
    /// The interface it came from over the last link, if it came to one from one.
    pub sender: Option<EniId>,
    /// The interface it travels to over the next link.
    pub receiver: Option<EniId>,
}

/// Somebody who watches a run. Every output is made by one of these.
pub trait Observer {
    /// A packet went a stretch of its way.
    fn on_stretch(&mut self, stretch: &Stretch<'_>, model: &Model);

    /// A host sent or received a frame, `comment` says what became of one that was dropped at once.
    fn on_frame(
        &mut self,
        at: Instant,
        station: Station,
        direction: Direction,
        frame: &[u8],
        comment: Option<DropReason>,
    );

    /// A host knows something of what a TLS session is encrypted with: a line as `SSLKEYLOGFILE` has
    /// them, and the random number of the session's ClientHello. It comes before what the host sends next.
    fn on_tls_secret(&mut self, _random: &[u8; 32], _line: &str) {}

    /// A program on a host begins a flow, or may do so. It comes before the packets, and only if the scenario
    /// has background traffic.
    fn on_flow_opened(&mut self, _at: Instant, _opened: &FlowOpened) {}

    /// Whether [`Self::on_frame`] wants to be called: sent frames are copied for it.
    fn wants_frames(&self) -> bool;

    /// A host sent a frame of so many bytes that is no intact IPv4 packet.
    fn on_malformed(&mut self, at: Instant, station: Station, len: usize, reason: DropReason);

    /// Nobody answered a question for a neighbour's hardware address.
    fn on_unanswered_arp(&mut self, at: Instant, eni: EniId, target: Ipv4Addr, model: &Model);
}
