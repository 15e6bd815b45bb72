//! The journeys of the packets of a step, alike ones taken together.
//!
//! Holds one example of each kind of journey and a count, so its size depends on how many conversations
//! there are and not on how many packets they have.

use std::net::Ipv4Addr;

use foldhash::fast::FixedState;
use indexmap::map::Entry;
use indexmap::{IndexMap, IndexSet};

use crate::ids::EniId;
use crate::time::Instant;
use crate::trace::{DropReason, Fate, PacketFacts, PacketId, Station, Step, Stretch};
use crate::wire::{FiveTuple, Protocol, TcpFlags};

/// Journeys since the last [`Journal::begin_step`].
#[derive(Debug, Default)]
pub struct Journal {
    /// Packets on a link.
    travelling: IndexMap<PacketId, Travelling, FixedState>,
    journeys: IndexMap<Likeness, Journey, FixedState>,
    /// Conversations of earlier steps: what is left of them belongs to nobody's step.
    earlier: IndexSet<FiveTuple, FixedState>,
    current: IndexSet<FiveTuple, FixedState>,
}

/// A packet on its way, and what happened to it so far.
#[derive(Debug)]
struct Travelling {
    packet: Subject,
    sent: Instant,
    steps: Vec<Step>,
}

/// What makes two journeys alike.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
struct Likeness {
    tuple: FiveTuple,
    flags: u8,
    icmp: Option<(u8, u8)>,
    fate: Fate,
}

/// The journey of a packet, and how many went the same way.
#[derive(Clone, Debug)]
pub struct Journey {
    /// The first of them, as it was sent.
    pub packet: Subject,
    /// When the first was sent.
    pub first: Instant,
    /// When the last was sent.
    pub last: Instant,
    /// How many.
    pub count: u64,
    /// With how many ports of the client.
    pub ports: u64,
    /// What happened to the first.
    pub steps: Vec<Step>,
    /// How they ended.
    pub fate: Fate,
}

/// What was on its way.
#[derive(Clone, Copy, Debug)]
pub enum Subject {
    /// A question for a neighbour's hardware address.
    Arp {
        /// Who asked.
        sender: Ipv4Addr,
        /// Whose address.
        target: Ipv4Addr,
    },
    /// A frame that is no intact IPv4 packet.
    Frame {
        /// Who sent it.
        station: Station,
        /// How many bytes it has.
        len: usize,
    },
    /// A packet.
    Packet(PacketFacts),
}

impl Journal {
    /// Forgets the journeys of the last step. What still comes of its conversations is not recorded.
    pub fn begin_step(&mut self) {
        self.journeys.clear();
        self.earlier.append(&mut self.current);
    }

    /// The journeys that ended, in the order in which the first of each kind did.
    pub fn journeys(&self) -> impl Iterator<Item = &Journey> {
        self.journeys.values()
    }

    /// Records a stretch.
    pub fn on_stretch(&mut self, stretch: &Stretch<'_>) {
        let Some(mut travelling) = self.travelling.swap_remove(&stretch.id).or_else(|| self.depart(stretch))
        else {
            return;
        };
        travelling.steps.extend_from_slice(stretch.steps);
        match stretch.steps.last() {
            Some(Step::Ended(fate)) => self.end(travelling, *fate),
            Some(_) | None => {
                self.travelling.insert(stretch.id, travelling);
            }
        }
    }

    /// A packet that sets out, unless it belongs to an earlier step.
    fn depart(&mut self, stretch: &Stretch<'_>) -> Option<Travelling> {
        let conversation = conversation(&stretch.packet);
        if self.earlier.contains(&conversation) || stretch.cause.is_none() {
            return None;
        }
        self.current.insert(conversation);
        Some(Travelling { packet: Subject::Packet(stretch.packet), sent: stretch.at, steps: Vec::new() })
    }

    /// Records that nobody answered for a neighbour.
    pub fn on_unanswered_arp(&mut self, at: Instant, eni: EniId, sender: Ipv4Addr, target: Ipv4Addr) {
        let packet = Subject::Arp { sender, target };
        let travelling = Travelling { packet, sent: at, steps: vec![Step::Left { eni }] };
        self.end(travelling, Fate::Dropped(DropReason::NoNeighbor { eni, address: target }));
    }

    /// Records a frame that is no intact packet.
    pub fn on_malformed(&mut self, at: Instant, station: Station, len: usize, reason: DropReason) {
        let packet = Subject::Frame { station, len };
        self.end(Travelling { packet, sent: at, steps: Vec::new() }, Fate::Dropped(reason));
    }

    fn end(&mut self, travelling: Travelling, fate: Fate) {
        let Travelling { packet, sent, steps } = travelling;
        match self.journeys.entry(likeness(packet, fate)) {
            Entry::Occupied(mut alike) => {
                let alike = alike.get_mut();
                alike.count += 1;
                alike.last = alike.last.max(sent);
            }
            Entry::Vacant(first) => {
                first.insert(Journey { packet, first: sent, last: sent, count: 1, ports: 1, steps, fate });
            }
        }
    }
}

/// The first of the ports that clients use.
const EPHEMERAL: u16 = 32_768;

/// Takes journeys together that differ only in the port of the client: each of its tries has another.
pub fn by_try<'j>(journeys: impl IntoIterator<Item = &'j Journey>) -> Vec<Journey> {
    let mut tries: IndexMap<Likeness, Journey, FixedState> = IndexMap::default();
    for journey in journeys {
        let mut likeness = likeness(journey.packet, journey.fate);
        if likeness.tuple.protocol.has_ports() {
            for port in [&mut likeness.tuple.src_port, &mut likeness.tuple.dst_port] {
                if *port >= EPHEMERAL {
                    *port = 0;
                }
            }
        }
        match tries.entry(likeness) {
            Entry::Vacant(first) => {
                first.insert(journey.clone());
            }
            Entry::Occupied(mut first) => {
                let first = first.get_mut();
                first.count += journey.count;
                first.ports += journey.ports;
                first.first = first.first.min(journey.first);
                first.last = first.last.max(journey.last);
            }
        }
    }
    tries.into_values().collect()
}

/// What a packet belongs to; both directions are one. Each ping is a conversation of its own, and an
/// ICMP error is part of the one it is about.
fn conversation(packet: &PacketFacts) -> FiveTuple {
    let mut tuple = packet.tuple;
    if let Some(icmp) = packet.icmp {
        let about = icmp.quoted.map(|quoted| (quoted.tuple, quoted.echo_identifier));
        let identifier;
        (tuple, identifier) = about.unwrap_or((tuple, icmp.echo.map(|echo| echo.identifier)));
        if let Some(identifier) = identifier {
            (tuple.src_port, tuple.dst_port) = (identifier, identifier);
        }
    }
    tuple.min(tuple.mirror())
}

fn likeness(packet: Subject, fate: Fate) -> Likeness {
    match packet {
        Subject::Packet(facts) => Likeness {
            tuple: facts.tuple,
            flags: facts.tcp_flags.0 & !TcpFlags::PSH,
            icmp: facts.icmp.map(|icmp| (icmp.kind, icmp.code)),
            fate,
        },
        // All broken frames are alike.
        Subject::Frame { .. } => Likeness {
            tuple: FiveTuple {
                src: Ipv4Addr::UNSPECIFIED,
                dst: Ipv4Addr::UNSPECIFIED,
                src_port: 0,
                dst_port: 0,
                protocol: Protocol(0),
            },
            flags: 0,
            icmp: None,
            fate,
        },
        Subject::Arp { sender, target } => Likeness {
            tuple: FiveTuple { src: sender, dst: target, src_port: 0, dst_port: 0, protocol: Protocol(0) },
            flags: 0,
            icmp: None,
            fate,
        },
    }
}
