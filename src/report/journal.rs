//! The journeys of the packets of a step, alike ones taken together.
//!
//! Holds one example of each kind of journey and a count, so its size depends on how many conversations
//! there are and not on how many packets they have.

use std::net::Ipv4Addr;

use foldhash::fast::FixedState;
use indexmap::{IndexMap, IndexSet};

use crate::ids::EniId;
use crate::time::Instant;
use crate::trace::{DropReason, Fate, PacketFacts, PacketId, Step, Stretch};
use crate::wire::{FiveTuple, Protocol, TcpFlags};

/// Journeys since the last [`Journal::begin_step`].
#[derive(Debug, Default)]
pub struct Journal {
    /// Packets on a link.
    travelling: IndexMap<PacketId, Journey, FixedState>,
    journeys: IndexMap<Likeness, Journey, FixedState>,
    /// Conversations of earlier steps: what is left of them belongs to nobody's step.
    earlier: IndexSet<FiveTuple, FixedState>,
    current: IndexSet<FiveTuple, FixedState>,
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
        let mut journey = match self.travelling.swap_remove(&stretch.id) {
            Some(journey) => journey,
            None => {
                let conversation = conversation(stretch.packet.tuple);
                if self.earlier.contains(&conversation) || !begins_here(stretch) {
                    return;
                }
                self.current.insert(conversation);
                Journey {
                    packet: Subject::Packet(stretch.packet),
                    first: stretch.at,
                    last: stretch.at,
                    count: 1,
                    steps: Vec::new(),
                    fate: Fate::Dropped(DropReason::Loop),
                }
            }
        };
        journey.steps.extend_from_slice(stretch.steps);
        match stretch.steps.last() {
            Some(Step::Ended(fate)) => {
                journey.fate = *fate;
                self.end(journey);
            }
            Some(_) | None => {
                self.travelling.insert(stretch.id, journey);
            }
        }
    }

    /// Records that nobody answered for a neighbour.
    pub fn on_unanswered_arp(&mut self, at: Instant, eni: EniId, sender: Ipv4Addr, target: Ipv4Addr) {
        self.end(Journey {
            packet: Subject::Arp { sender, target },
            first: at,
            last: at,
            count: 1,
            steps: vec![Step::Left { eni }],
            fate: Fate::Dropped(DropReason::NoNeighbor { eni, address: target }),
        });
    }

    fn end(&mut self, journey: Journey) {
        let likeness = likeness(&journey);
        match self.journeys.get_mut(&likeness) {
            Some(alike) => {
                alike.count += 1;
                alike.last = alike.last.max(journey.first);
            }
            None => {
                self.journeys.insert(likeness, journey);
            }
        }
    }
}

/// Whether a stretch is the first of its packet: it then says who sent it.
fn begins_here(stretch: &Stretch<'_>) -> bool {
    matches!(stretch.steps.first(), Some(Step::Left { .. } | Step::LeftOutside { .. }))
}

/// Both directions of a conversation are one.
fn conversation(tuple: FiveTuple) -> FiveTuple {
    tuple.min(tuple.mirror())
}

fn likeness(journey: &Journey) -> Likeness {
    match journey.packet {
        Subject::Packet(facts) => Likeness {
            tuple: facts.tuple,
            flags: facts.tcp_flags.0 & !TcpFlags::PSH,
            icmp: facts.icmp.map(|icmp| (icmp.kind, icmp.code)),
            fate: journey.fate,
        },
        Subject::Arp { sender, target } => Likeness {
            tuple: FiveTuple { src: sender, dst: target, src_port: 0, dst_port: 0, protocol: Protocol(0) },
            flags: 0,
            icmp: None,
            fate: journey.fate,
        },
    }
}
