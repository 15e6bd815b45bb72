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
    /// Interfaces that have had traffic, in that order: silent until then (aws: flow-log-nodata).
    seen: IndexMap<EniId, Account, FixedState>,
    records: Vec<FlowRecord>,
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
            records: Vec::new(),
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

    /// The records of all intervals that are over at `now`, in the order the flows began.
    pub fn close(&mut self, now: Instant) -> &[FlowRecord] {
        while self.interval + AGGREGATION_INTERVAL <= now {
            self.close_interval();
        }
        &self.records
    }

    /// The end of the interval that `now` is in.
    pub fn interval_end(now: Instant) -> Instant {
        begin_of_interval(now) + AGGREGATION_INTERVAL
    }

    fn count(&mut self, at: Instant, key: FlowKey, packet: &PacketFacts, model: &Model) {
        self.close(at);
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

    fn close_interval(&mut self) {
        let mut active: IndexSet<EniId, FixedState> = IndexSet::default();
        for (key, counters) in self.flows.drain(..) {
            active.insert(key.eni);
            self.records.push(record(self.seen[&key.eni], key, counters));
        }
        let end = self.interval + AGGREGATION_INTERVAL;
        for (&interface, &account) in self.seen.iter().filter(|(eni, _)| !active.contains(*eni)) {
            let (start, end) = (self.interval.unix_seconds(), end.unix_seconds() - 1);
            self.records.push(FlowRecord { account, interface, start, end, flow: None });
        }
        self.interval = end;
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
    let resolver = Ipv4Addr::from_bits(model.vpc(eni.vpc).cidrs[0].network().to_bits() + 2);
    [router, resolver].iter().any(|reserved| *reserved == tuple.src || *reserved == tuple.dst)
}

fn recorded_flags(packet: &PacketFacts) -> u8 {
    if packet.tuple.protocol != Protocol::TCP {
        return 0;
    }
    let flags = packet.tcp_flags.0 & (TcpFlags::FIN | TcpFlags::SYN | TcpFlags::RST);
    if packet.tcp_flags.has(TcpFlags::SYN | TcpFlags::ACK) { flags | TcpFlags::ACK } else { flags }
}
