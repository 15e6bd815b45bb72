//! What traffic has taught the plane: the flows that security groups track.
//!
//! Only looked up, never iterated for output, so the order of the table is nobody's business.

use std::time::Duration;

use foldhash::fast::FixedState;
use indexmap::IndexMap;

use crate::ids::EniId;
use crate::model::Direction;
use crate::time::Instant;
use crate::wire::{FiveTuple, Packet, Protocol, Quoted, TcpFlags};

/// A flow at an interface, seen from the interface: the local side is the source.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct FlowKey {
    eni: EniId,
    /// ICMP echoes have their identifier in place of both ports.
    tuple: FiveTuple,
}

/// A change a walk asks for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Effect {
    /// A group let a packet of this flow through.
    Track {
        /// The flow.
        flow: FlowKey,
        /// Which way the packet went.
        direction: Direction,
        /// Its TCP control bits: a connection that is closed is soon forgotten.
        flags: TcpFlags,
    },
}

/// The memory of the plane.
#[derive(Default, Debug)]
pub struct State {
    tracked: IndexMap<FlowKey, Tracked, FixedState>,
    sweep_at_len: usize,
}

#[derive(Clone, Copy, Debug)]
struct Tracked {
    opened: Direction,
    /// Whether an answer was seen, and then a packet of the opener again.
    answered: bool,
    stream: bool,
    /// Who has said that no more data comes: the opener, the other side.
    finished: [bool; 2],
    reset: bool,
    expires: Instant,
}

/// Idle times after which a flow is forgotten (aws: sg-idle-timeouts).
mod idle {
    use std::time::Duration;

    pub const TCP: Duration = Duration::from_secs(432_000);
    /// Flows are tracked until they close (aws: sg-tracked-until-closed); how long after is not
    /// published (assumed: sg-closed-timeout).
    pub const TCP_CLOSED: Duration = Duration::from_secs(10);
    pub const UDP: Duration = Duration::from_secs(30);
    pub const UDP_STREAM: Duration = Duration::from_secs(180);
    /// Not published (assumed: sg-icmp-timeout).
    pub const ICMP: Duration = Duration::from_secs(30);
    pub const OTHER: Duration = Duration::from_secs(600);
}

/// Expired flows are swept out when the table has doubled, from this size on.
const SWEEP_LEN_MIN: usize = 1024;

impl FlowKey {
    /// The flow of a packet at an interface.
    pub fn of(eni: EniId, direction: Direction, packet: &Packet) -> Self {
        let echo = packet.icmp().and_then(|icmp| icmp.echo).map(|echo| echo.identifier);
        Self::new(eni, direction, packet.tuple(), echo)
    }

    /// The flow that an ICMP error is about: the quoted packet went the other way.
    pub fn of_quoted(eni: EniId, direction: Direction, quoted: Quoted) -> Self {
        let direction = match direction {
            Direction::Egress => Direction::Ingress,
            Direction::Ingress => Direction::Egress,
        };
        Self::new(eni, direction, quoted.tuple, quoted.echo_identifier)
    }

    fn new(eni: EniId, direction: Direction, tuple: FiveTuple, echo: Option<u16>) -> Self {
        let tuple = match direction {
            Direction::Egress => tuple,
            Direction::Ingress => tuple.mirror(),
        };
        let tuple = match echo {
            Some(identifier) => FiveTuple { src_port: identifier, dst_port: identifier, ..tuple },
            None => tuple,
        };
        Self { eni, tuple }
    }
}

impl State {
    /// Whether a flow was let through before, and not too long ago.
    pub fn tracks(&self, flow: FlowKey, now: Instant) -> bool {
        self.tracked.get(&flow).is_some_and(|tracked| now < tracked.expires)
    }

    /// How many flows are remembered, expired ones included.
    pub fn len(&self) -> usize {
        self.tracked.len()
    }

    /// Whether nothing is remembered.
    pub fn is_empty(&self) -> bool {
        self.tracked.is_empty()
    }

    /// Applies what a walk learned.
    pub fn commit(&mut self, effects: &[Effect], now: Instant) {
        for effect in effects {
            match *effect {
                Effect::Track { flow, direction, flags } => self.track(flow, direction, flags, now),
            }
        }
    }

    fn track(&mut self, flow: FlowKey, direction: Direction, flags: TcpFlags, now: Instant) {
        let tracked = self.tracked.entry(flow).or_insert_with(|| Tracked::new(direction, now));
        if tracked.expires <= now {
            *tracked = Tracked::new(direction, now);
        }
        tracked.see(direction, flags);
        tracked.expires = now + tracked.idle_timeout(flow.tuple.protocol);
        self.sweep(now);
    }

    /// Forgets all flows at an interface: whatever was behind it is gone.
    pub fn forget(&mut self, eni: EniId) {
        self.tracked.retain(|flow, _| flow.eni != eni);
    }

    fn sweep(&mut self, now: Instant) {
        if self.tracked.len() < self.sweep_at_len.max(SWEEP_LEN_MIN) {
            return;
        }
        self.tracked.retain(|_, tracked| now < tracked.expires);
        self.sweep_at_len = self.tracked.len() * 2;
    }
}

impl Tracked {
    fn new(opened: Direction, now: Instant) -> Self {
        Self { opened, answered: false, stream: false, finished: [false; 2], reset: false, expires: now }
    }

    fn see(&mut self, direction: Direction, flags: TcpFlags) {
        let is_answer = direction != self.opened;
        if is_answer {
            self.answered = true;
        } else if self.answered {
            self.stream = true;
        }
        // A new connection may use the same addresses and ports.
        if flags.has(TcpFlags::SYN) && !flags.has(TcpFlags::ACK) {
            (self.finished, self.reset) = ([false; 2], false);
        }
        self.finished[usize::from(is_answer)] |= flags.has(TcpFlags::FIN);
        self.reset |= flags.has(TcpFlags::RST);
    }

    fn idle_timeout(&self, protocol: Protocol) -> Duration {
        match protocol {
            Protocol::TCP if self.reset || self.finished == [true, true] => idle::TCP_CLOSED,
            Protocol::TCP => idle::TCP,
            Protocol::UDP if self.stream => idle::UDP_STREAM,
            Protocol::UDP => idle::UDP,
            Protocol::ICMP => idle::ICMP,
            Protocol(_) => idle::OTHER,
        }
    }
}
