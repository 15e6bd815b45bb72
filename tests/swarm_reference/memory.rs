//! What the reference remembers: plain lists, searched from the newest entry to the oldest.

use std::fmt::Display;
use std::time::Duration;

use vpclab::ids::{EniId, NatGatewayId, TransitGatewayAttachmentId, VpcEndpointId};
use vpclab::model::{Direction, Eni};
use vpclab::time::Instant;

use super::packet::{Content, FIN, Flow, ICMP, Packet, RST, TCP, UDP};

const CLOSED: Duration = Duration::from_secs(10);
const PING: Duration = Duration::from_secs(30);
const OTHER: Duration = Duration::from_secs(600);
const NAT_IDLE: Duration = Duration::from_secs(350);
const NAT_CLOSED: Duration = Duration::from_secs(5);
const INTERFACE_ENDPOINT_IDLE: Duration = Duration::from_secs(350);
const GATEWAY_ENDPOINT_IDLE: Duration = Duration::from_secs(432_000);
const FRAGMENTS: Duration = Duration::from_secs(30);

/// A flow that the groups of an interface let through.
#[derive(Clone, Debug)]
pub struct Tracked {
    pub eni: EniId,
    /// The local side is the source.
    pub flow: Flow,
    pub opened: Direction,
    /// Whether answers pass for its sake.
    pub kept: bool,
    /// DynamoDB's connections count twice.
    pub entries: usize,
    until: Instant,
    answered: bool,
    stream: bool,
    end: End,
}

/// How far a connection is from its end.
#[derive(Clone, Debug, Default)]
struct End {
    fin: [bool; 2],
    closed: bool,
}

impl Tracked {
    pub fn is_closed(&self) -> bool {
        self.end.closed
    }
}

impl End {
    fn see(&mut self, packet: &Packet, by_opener: bool) {
        if packet.opens() {
            *self = Self::default();
        }
        if packet.flags() & FIN != 0 {
            self.fin[usize::from(by_opener)] = true;
        }
        self.closed |= packet.flags() & RST != 0 || self.fin == [true, true];
    }
}

/// A connection through a NAT gateway.
#[derive(Clone, Debug)]
pub struct Translation {
    pub nat: NatGatewayId,
    pub inside: Flow,
    pub outside: Flow,
    until: Instant,
    end: End,
}

/// Somebody has talked to a service through an endpoint.
#[derive(Clone, Debug)]
pub struct EndpointUse {
    pub endpoint: VpcEndpointId,
    pub eni: Option<EniId>,
    /// From the client to the service's host.
    pub flow: Flow,
    pub at: Instant,
}

/// The first fragment of a datagram has passed an interface or a NAT gateway.
#[derive(Clone, Debug)]
struct FirstFragment {
    at_id: String,
    flow: Flow,
    id: u16,
    at: Instant,
}

#[derive(Clone, Debug, Default)]
pub struct Memory {
    pub tracked: Vec<Tracked>,
    pub translations: Vec<Translation>,
    pub endpoint_uses: Vec<EndpointUse>,
    fragments: Vec<FirstFragment>,
    emerged: Vec<(TransitGatewayAttachmentId, Flow, EniId)>,
}

fn local(flow: Flow, direction: Direction) -> Flow {
    match direction {
        Direction::Egress => flow,
        Direction::Ingress => flow.mirror(),
    }
}

impl Memory {
    /// The flow of a packet at an interface: a later fragment has that of the first one.
    pub fn flow(&mut self, at: impl Display, packet: &Packet, now: Instant) -> Flow {
        if !packet.is_fragment() {
            return packet.flow;
        }
        let at_id = at.to_string();
        if packet.offset == 0 {
            self.fragments.push(FirstFragment {
                at_id: at_id.clone(),
                flow: packet.flow,
                id: packet.id,
                at: now,
            });
        }
        let same = |first: &&FirstFragment| {
            let (a, b) = (first.flow, packet.flow);
            first.at_id == at_id
                && (a.src, a.dst, a.protocol, first.id) == (b.src, b.dst, b.protocol, packet.id)
                && now.since(first.at) < FRAGMENTS
        };
        self.fragments.iter().rev().find(same).map_or(packet.flow, |first| first.flow)
    }

    /// The flow remembered at an interface for a packet that has this flow.
    pub fn tracked(
        &mut self,
        eni: EniId,
        flow: Flow,
        direction: Direction,
        now: Instant,
    ) -> Option<&mut Tracked> {
        let flow = local(flow, direction);
        self.tracked.iter_mut().rev().find(|t| t.eni == eni && t.flow == flow && now < t.until)
    }

    pub fn entries(&self, eni: EniId, now: Instant) -> usize {
        let live = |t: &&Tracked| t.eni == eni && t.kept && now < t.until;
        self.tracked.iter().filter(live).map(|t| t.entries).sum()
    }

    pub fn open(&mut self, eni: &Eni, flow: Flow, direction: Direction, kept: bool, now: Instant) {
        let flow = local(flow, direction);
        self.tracked.retain(|t| !(t.eni == eni.id && t.flow == flow));
        self.tracked.push(Tracked {
            eni: eni.id,
            flow,
            opened: direction,
            kept,
            entries: 1,
            until: now,
            answered: false,
            stream: false,
            end: End::default(),
        });
    }

    /// From a flow's first packet on, also for packets that were let through because of it.
    pub fn pass(&mut self, eni: &Eni, flow: Flow, direction: Direction, packet: &Packet, now: Instant) {
        let flow = local(flow, direction);
        let Some(tracked) = self.tracked.iter_mut().rev().find(|t| t.eni == eni.id && t.flow == flow) else {
            return;
        };
        let by_opener = direction == tracked.opened;
        if tracked.end.closed {
            return; // It is forgotten some time after it was closed, whatever still comes.
        }
        tracked.end.see(packet, by_opener);
        tracked.stream |= by_opener && tracked.answered;
        tracked.answered |= !by_opener;
        tracked.until = now
            + match packet.flow.protocol {
                TCP if tracked.end.closed => CLOSED,
                TCP => eni.tracking.tcp_established,
                UDP if tracked.stream => eni.tracking.udp_stream,
                UDP => eni.tracking.udp,
                ICMP => PING,
                _ => OTHER,
            };
    }

    /// Flows to some places are tracked whatever the rules.
    pub fn keep(&mut self, eni: EniId, flow: Flow, entries: usize, now: Instant) {
        if let Some(tracked) = self.tracked(eni, flow, Direction::Egress, now) {
            tracked.kept = true;
            tracked.entries = entries;
        }
    }

    /// Whether a flow, either way, comes out of an attachment by the interface it came out by before.
    pub fn stays(&mut self, by: TransitGatewayAttachmentId, flow: Flow, eni: EniId) -> bool {
        let same = |(at, of, _): &&(TransitGatewayAttachmentId, Flow, EniId)| {
            *at == by && (*of == flow || *of == flow.mirror())
        };
        let before = self.emerged.iter().rev().find(same).map(|(.., eni)| *eni);
        self.emerged.push((by, flow, eni));
        before.is_none_or(|before| before == eni)
    }

    pub fn forget(&mut self, eni: EniId) {
        self.tracked.retain(|t| t.eni != eni);
    }

    pub fn translation(
        &mut self,
        nat: NatGatewayId,
        now: Instant,
        is_it: impl Fn(&Translation) -> bool,
    ) -> Option<&mut Translation> {
        self.translations.iter_mut().rev().find(|t| t.nat == nat && now < t.until && is_it(t))
    }

    /// How many live connections the address of a NAT gateway has to one destination, and whether one of
    /// them has a port.
    pub fn towards(&self, nat: NatGatewayId, outside: Flow, now: Instant) -> (usize, bool) {
        let destination =
            |f: Flow| (f.src, f.dst, f.protocol, if f.protocol == ICMP { 0 } else { f.dst_port });
        let live: Vec<&Translation> = self
            .translations
            .iter()
            .filter(|t| t.nat == nat && now < t.until && destination(t.outside) == destination(outside))
            .collect();
        (live.len(), live.iter().any(|t| t.outside.src_port == outside.src_port))
    }

    pub fn translate(&mut self, nat: NatGatewayId, inside: Flow, outside: Flow, now: Instant) {
        self.translations.push(Translation {
            nat,
            inside,
            outside,
            until: now + NAT_IDLE,
            end: End::default(),
        });
    }
}

impl Translation {
    pub fn pass(&mut self, packet: &Packet, outward: bool, now: Instant) {
        if matches!(packet.content, Content::Error { .. }) {
            return;
        }
        if self.end.closed && !(packet.opens() && outward) {
            return;
        }
        self.end.see(packet, outward);
        self.until = now + if self.end.closed { NAT_CLOSED } else { NAT_IDLE };
    }
}

impl EndpointUse {
    pub fn is_live(&self, now: Instant) -> bool {
        let idle = if self.eni.is_some() { INTERFACE_ENDPOINT_IDLE } else { GATEWAY_ENDPOINT_IDLE };
        now.since(self.at) < idle
    }
}
