//! The meters: packets are summed up to flows, and flows become records when their interval is over.

use std::net::Ipv4Addr;
use std::time::Duration;

use foldhash::fast::FixedState;
use indexmap::{IndexMap, IndexSet};

use super::record::{Action, Flow, FlowRecord};
use crate::ids::EniId;
use crate::model::{Account, Direction, Eni, Model};
use crate::time::Instant;
use crate::trace::{PacketFacts, Step, Stretch};
use crate::wire::{FiveTuple, Protocol, TcpFlags};

/// Interfaces of today's instances are aggregated over a minute, whatever was asked for
/// (aws: flow-log-nitro-interval). Intervals begin at full minutes (assumed: flow-log-interval-aligned).
pub const AGGREGATION_INTERVAL: Duration = Duration::from_secs(60);

/// The meters of all interfaces.
#[derive(Debug)]
pub struct Meter {
    /// Begin of the current interval.
    interval: Instant,
    /// Flows of the current interval, in the order their first packets came.
    flows: IndexMap<FlowKey, Counters, FixedState>,
    /// Interfaces that have had traffic, in that order: silent until then (aws: flow-log-first-traffic).
    seen: IndexMap<EniId, Account, FixedState>,
    closed: Vec<Closed>,
}

/// What is known of intervals that are over.
#[derive(Debug)]
enum Closed {
    /// A flow.
    Flow(FlowRecord),
    /// Interfaces without traffic in some intervals, one after the other: kept short however long they last.
    Silence { interfaces: Vec<(EniId, Account)>, begin: Instant, intervals: u64 },
}

/// Flows with another verdict are other flows (aws: flow-log-action-in-key).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
struct FlowKey {
    eni: EniId,
    direction: Direction,
    tuple: FiveTuple,
    action: Action,
}

#[derive(Clone, Copy, Debug)]
struct Counters {
    packets: u64,
    bytes: u64,
    first: Instant,
    last: Instant,
    tcp_flags: u8,
    srcaddr: Ipv4Addr,
    dstaddr: Ipv4Addr,
}

impl Meter {
    /// Meters that start counting at `now`.
    pub fn new(now: Instant) -> Self {
        Self {
            interval: begin_of_interval(now),
            flows: IndexMap::default(),
            seen: IndexMap::default(),
            closed: Vec::new(),
        }
    }

    /// Counts what the interfaces on a stretch metered.
    pub fn on_stretch(&mut self, stretch: &Stretch<'_>, model: &Model) {
        for step in stretch.steps {
            if let &Step::Metered { eni, direction, tuple, accepted } = step {
                let action = if accepted { Action::Accept } else { Action::Reject };
                let key = FlowKey { eni, direction, tuple, action };
                self.count(stretch.at, key, &stretch.packet, model);
            }
        }
    }

    /// Ends all intervals that are over at `now`.
    pub fn close(&mut self, now: Instant, model: &Model) {
        let over = now.since(self.interval).as_secs() / AGGREGATION_INTERVAL.as_secs();
        if over == 0 {
            return;
        }
        self.close_interval(model);
        // Nothing was counted in the others.
        if over > 1 {
            self.be_silent(self.seen.iter().map(|(eni, account)| (*eni, *account)).collect(), over - 1);
            self.interval +=
                AGGREGATION_INTERVAL * u32::try_from(over - 1).expect("a run of less than 8000 years");
        }
    }

    /// The records of all intervals that were ended, in the order of intervals, and of first packets within.
    pub fn records(&self) -> impl Iterator<Item = FlowRecord> + '_ {
        self.closed.iter().flat_map(|closed| match closed {
            Closed::Flow(record) => Either::Left(std::iter::once(*record)),
            Closed::Silence { interfaces, begin, intervals } => {
                let begin = begin.unix_seconds();
                Either::Right((0..*intervals).flat_map(move |n| {
                    let start = begin + n * AGGREGATION_INTERVAL.as_secs();
                    let end = start + AGGREGATION_INTERVAL.as_secs() - 1;
                    interfaces.iter().map(move |&(interface, account)| FlowRecord {
                        account,
                        interface,
                        start,
                        end,
                        flow: None,
                    })
                }))
            }
        })
    }

    /// When everything that was counted until `now` will be in records: the end of the current interval,
    /// or at once if nothing was counted in it yet and it has just begun.
    pub fn complete_at(&self, now: Instant) -> Instant {
        let begin = begin_of_interval(now);
        if begin == now && self.flows.is_empty() { now } else { begin + AGGREGATION_INTERVAL }
    }

    fn count(&mut self, at: Instant, key: FlowKey, packet: &PacketFacts, model: &Model) {
        self.close(at, model);
        let eni = model.eni(key.eni);
        if is_not_logged(eni, key.tuple, model) {
            return;
        }
        self.seen.entry(eni.id).or_insert_with(|| model.vpc(eni.vpc).scope.account);
        let counters = self.flows.entry(key).or_insert_with(|| {
            let (srcaddr, dstaddr) = printed_addresses(eni, key.direction, key.tuple);
            Counters { packets: 0, bytes: 0, first: at, last: at, tcp_flags: 0, srcaddr, dstaddr }
        });
        counters.packets += 1;
        counters.bytes += u64::from(packet.ip_len);
        counters.last = at;
        counters.tcp_flags |= recorded_flags(packet);
    }

    fn close_interval(&mut self, model: &Model) {
        let mut active: IndexSet<EniId, FixedState> = IndexSet::default();
        for (key, counters) in self.flows.drain(..) {
            active.insert(key.eni);
            self.closed.push(Closed::Flow(record(self.seen[&key.eni], key, counters)));
        }
        // An interface that is gone has nothing more to say.
        self.seen.retain(|eni, _| model.enis.contains_key(eni));
        let silent = self.seen.iter().filter(|(eni, _)| !active.contains(*eni));
        self.be_silent(silent.map(|(eni, account)| (*eni, *account)).collect(), 1);
        self.interval += AGGREGATION_INTERVAL;
    }

    /// Notes that interfaces have no traffic in the next intervals (assumed: flow-log-nodata-each-interval).
    fn be_silent(&mut self, interfaces: Vec<(EniId, Account)>, intervals: u64) {
        if interfaces.is_empty() {
            return;
        }
        if let Some(Closed::Silence { interfaces: before, intervals: so_far, begin }) = self.closed.last_mut()
            && *before == interfaces
            && *begin + AGGREGATION_INTERVAL * u32::try_from(*so_far).expect("a run of less than 8000 years")
                == self.interval
        {
            *so_far += intervals;
            return;
        }
        self.closed.push(Closed::Silence { interfaces, begin: self.interval, intervals });
    }
}

/// One of two iterators.
enum Either<L, R> {
    Left(L),
    Right(R),
}

impl<T, L: Iterator<Item = T>, R: Iterator<Item = T>> Iterator for Either<L, R> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        match self {
            Self::Left(left) => left.next(),
            Self::Right(right) => right.next(),
        }
    }
}

fn begin_of_interval(now: Instant) -> Instant {
    let seconds = AGGREGATION_INTERVAL.as_secs();
    Instant::from_unix_seconds(now.unix_seconds() / seconds * seconds)
}

fn record(account: Account, key: FlowKey, counters: Counters) -> FlowRecord {
    FlowRecord {
        account,
        interface: key.eni,
        start: counters.first.unix_seconds(),
        end: counters.last.unix_seconds(),
        flow: Some(Flow {
            direction: key.direction,
            srcaddr: counters.srcaddr,
            dstaddr: counters.dstaddr,
            pkt_srcaddr: key.tuple.src,
            pkt_dstaddr: key.tuple.dst,
            srcport: key.tuple.src_port,
            dstport: key.tuple.dst_port,
            protocol: key.tuple.protocol,
            packets: counters.packets,
            bytes: counters.bytes,
            tcp_flags: counters.tcp_flags,
            action: key.action,
        }),
    }
}

/// In place of a foreign address on the interface's own side stands its primary private one; an
/// address of the other side is never replaced (aws: flow-log-address-rewriting).
fn printed_addresses(eni: &Eni, direction: Direction, tuple: FiveTuple) -> (Ipv4Addr, Ipv4Addr) {
    match direction {
        Direction::Egress => (eni.primary_ip(), tuple.dst),
        Direction::Ingress => (tuple.src, eni.primary_ip()),
    }
}

/// Traffic with Amazon's DNS server and with the router's reserved address (aws: flow-log-not-logged).
fn is_not_logged(eni: &Eni, tuple: FiveTuple, model: &Model) -> bool {
    let router = model.subnet(eni.subnet).router();
    let resolver = model.vpc(eni.vpc).resolver();
    [router, resolver].iter().any(|reserved| *reserved == tuple.src || *reserved == tuple.dst)
}

fn recorded_flags(packet: &PacketFacts) -> u8 {
    if packet.tuple.protocol != Protocol::TCP {
        return 0;
    }
    let flags = packet.tcp_flags.0 & (TcpFlags::FIN | TcpFlags::SYN | TcpFlags::RST);
    if packet.tcp_flags.has(TcpFlags::SYN | TcpFlags::ACK) { flags | TcpFlags::ACK } else { flags }
}
