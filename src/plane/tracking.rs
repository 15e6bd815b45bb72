//! The memory of security groups: which flows they let through, and for how long that counts.
//!
//! Read first: "Security group connection tracking" in the EC2 guide.

use std::time::Duration;

use foldhash::fast::FixedState;
use indexmap::IndexMap;

use crate::ids::EniId;
use crate::model::{ConnectionTracking, Direction};
use crate::time::Instant;
use crate::wire::{FiveTuple, Protocol, TcpFlags};

/// A flow at an interface, seen from the interface: the local side is the source.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct FlowKey {
    eni: EniId,
    flow: FiveTuple,
}

impl FlowKey {
    /// The flow of a packet at an interface.
    pub fn new(eni: EniId, direction: Direction, flow: FiveTuple) -> Self {
        let flow = match direction {
            Direction::Egress => flow,
            Direction::Ingress => flow.mirror(),
        };
        Self { eni, flow }
    }

    /// The same flow as an ICMP error about it sees it: the quoted packet went the other way.
    pub fn of_quoted(eni: EniId, direction: Direction, quoted: FiveTuple) -> Self {
        Self::new(eni, direction, quoted.mirror())
    }
}

/// What is remembered of a flow.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Memory {
    /// It passes, both ways, whatever the rules say now.
    Tracked,
    /// It was opened in this direction under rules that are open both ways, and every packet is judged by
    /// the rules of its own direction.
    Untracked {
        /// The direction of its first packet.
        opened: Direction,
    },
}

/// The flows of all interfaces.
#[derive(Default, Debug)]
pub struct Tracking {
    flows: IndexMap<FlowKey, Flow, FixedState>,
    sweep_at_len: usize,
}

#[derive(Clone, Copy, Debug)]
struct Flow {
    opened: Direction,
    /// How many entries it takes; 0 if it is not tracked.
    entries: usize,
    /// Whether an answer was seen, and then a packet of the opener again.
    answered: bool,
    stream: bool,
    /// Who has said that no more data comes: the opener, the other side.
    finished: [bool; 2],
    reset: bool,
    expires: Instant,
}

/// Flows are tracked until they close (aws: sg-tracked-until-closed); how long after is not published
/// (assumed: sg-closed-timeout). What still comes then does not make it longer.
const TCP_CLOSED: Duration = Duration::from_secs(10);
/// Not published (assumed: sg-icmp-timeout).
const ICMP: Duration = Duration::from_secs(30);
/// Of protocols without ports (aws: sg-other-protocols-timeout).
const OTHER: Duration = Duration::from_secs(600);
/// Expired flows are swept out when the table has doubled, from this size on.
const SWEEP_LEN_MIN: usize = 1024;

impl Tracking {
    /// What is remembered of a flow, if it was not idle for too long. Who asks for a new connection with the
    /// addresses and ports of one that is closed does not mean that one.
    pub fn recall(&self, flow: FlowKey, flags: TcpFlags, now: Instant) -> Option<Memory> {
        let found = self.flows.get(&flow).filter(|found| now < found.expires)?;
        if found.is_closed() && flags.opens() {
            return None;
        }
        Some(if found.entries > 0 { Memory::Tracked } else { Memory::Untracked { opened: found.opened } })
    }

    /// How many flows are remembered, expired ones included.
    pub fn len(&self) -> usize {
        self.flows.len()
    }

    /// Whether nothing is remembered.
    pub fn is_empty(&self) -> bool {
        self.flows.is_empty()
    }

    /// How many entries the flows of an interface take. Looks at all: only for interfaces that have a limit.
    pub fn entries_at(&self, eni: EniId, now: Instant) -> usize {
        let live = self.flows.iter().filter(|(key, flow)| key.eni == eni && now < flow.expires);
        live.map(|(_, flow)| flow.entries).sum()
    }

    pub(super) fn see(
        &mut self,
        key: FlowKey,
        direction: Direction,
        flags: TcpFlags,
        entries: usize,
        timeouts: ConnectionTracking,
        now: Instant,
    ) {
        let flow = self.flows.entry(key).or_insert_with(|| Flow::new(direction, now));
        if flow.expires <= now || (flow.is_closed() && flags.opens()) {
            *flow = Flow::new(direction, now);
        }
        flow.entries = if entries == 0 { 0 } else { entries.max(flow.entries) };
        if !flow.is_closed() {
            flow.see(direction, flags);
            flow.expires = now + flow.idle_timeout(key.flow.protocol, timeouts);
        }
        self.sweep(now);
    }

    pub(super) fn clear(&mut self) {
        self.flows.clear();
    }

    pub(super) fn forget(&mut self, eni: EniId) {
        self.flows.retain(|key, _| key.eni != eni);
    }

    fn sweep(&mut self, now: Instant) {
        if self.flows.len() < self.sweep_at_len.max(SWEEP_LEN_MIN) {
            return;
        }
        self.flows.retain(|_, flow| now < flow.expires);
        self.sweep_at_len = self.flows.len() * 2;
    }
}

impl Flow {
    fn new(opened: Direction, now: Instant) -> Self {
        Self {
            opened,
            entries: 0,
            answered: false,
            stream: false,
            finished: [false; 2],
            reset: false,
            expires: now,
        }
    }

    fn see(&mut self, direction: Direction, flags: TcpFlags) {
        let is_answer = direction != self.opened;
        if is_answer {
            self.answered = true;
        } else if self.answered {
            self.stream = true;
        }
        // A new connection may use the addresses and ports of one that is half closed.
        if flags.opens() {
            (self.finished, self.reset) = ([false; 2], false);
        }
        self.finished[usize::from(is_answer)] |= flags.has(TcpFlags::FIN);
        self.reset |= flags.has(TcpFlags::RST);
    }

    fn is_closed(&self) -> bool {
        self.reset || self.finished == [true, true]
    }

    fn idle_timeout(&self, protocol: Protocol, timeouts: ConnectionTracking) -> Duration {
        match protocol {
            Protocol::TCP if self.is_closed() => TCP_CLOSED,
            Protocol::TCP => timeouts.tcp_established,
            Protocol::UDP if self.stream => timeouts.udp_stream,
            Protocol::UDP => timeouts.udp,
            Protocol::ICMP => ICMP,
            Protocol(_) => OTHER,
        }
    }
}
