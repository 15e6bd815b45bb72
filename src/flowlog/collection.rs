//! Flows of an interval: what is counted together, and what becomes of it as the interval ends.
//!
//! Knows counters and the clock of its intervals; what a packet did, and who keeps records, is in `meter`.

use std::sync::Arc;
use std::time::Duration;

use foldhash::fast::FixedState;
use indexmap::{IndexMap, IndexSet};

use super::meter::AGGREGATION_INTERVAL;
use super::path::TrafficPath;
use super::point::{Point, PointFacts};
use super::record::{Action, Content, Flow, FlowRecord, Loss, RejectReason, Transit, recorded_flags};
use crate::ids::NatGatewayId;
use crate::model::{Direction, FlowLog, Model, NatPlace};
use crate::time::Instant;
use crate::trace::{ActivityId, Stretch};
use crate::wire::FiveTuple;

/// What is counted together.
#[derive(Debug)]
pub struct Collection {
    pub since: Instant,
    pub length: Duration,
    /// Begin of the current interval.
    pub interval: Instant,
    /// Flows of the current interval, in the order their first packets came.
    pub flows: IndexMap<FlowKey, Counters, FixedState>,
    /// How many of them a point has, if that is limited.
    pub per_point: IndexMap<Point, usize, FixedState>,
    /// Points that have had more.
    pub skipped: IndexSet<Point, FixedState>,
    /// Points that have had traffic, in that order: silent until then (aws: flow-log-first-traffic).
    pub seen: IndexMap<Point, Arc<PointFacts>, FixedState>,
}

/// Flows with another verdict are other flows (aws: flow-log-action-in-key).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct FlowKey {
    pub point: Point,
    pub direction: Direction,
    pub tuple: FiveTuple,
    pub action: Action,
    pub reject_reason: Option<RejectReason>,
}

#[derive(Debug)]
pub struct Counters {
    pub at: Arc<PointFacts>,
    pub packets: u64,
    pub bytes: u64,
    pub first: Instant,
    pub last: Instant,
    pub tcp_flags: u8,
    pub new: NewFlow,
}

/// What is known of a flow from its first packet on.
#[derive(Debug, Default)]
pub struct NewFlow {
    pub path: Option<TrafficPath>,
    pub next_hop: Option<Arc<PointFacts>>,
    pub encryption_status: Option<u8>,
    pub transit: Option<Box<Transit>>,
    pub activity: Option<ActivityId>,
}
impl Collection {
    pub fn new(since: Instant, length: Duration) -> Self {
        Self {
            since,
            length,
            interval: begin_of_interval(since, length),
            flows: IndexMap::default(),
            per_point: IndexMap::default(),
            skipped: IndexSet::default(),
            seen: IndexMap::default(),
        }
    }

    /// Whether it has the flows that a flow log records at a point.
    pub fn is_of(&self, log: &FlowLog, at: &PointFacts) -> bool {
        let length = if at.is_nitro { AGGREGATION_INTERVAL } else { log.max_aggregation_interval };
        (self.since, self.length) == (log.created, length) && at.is_covered_by(log.resource)
    }

    /// Begins a flow, unless there are too many at the point. What Block Public Access refuses is never skipped
    /// (aws: bpa-flow-log).
    pub fn begin(
        &mut self,
        key: FlowKey,
        at: Arc<PointFacts>,
        new: NewFlow,
        now: Instant,
        capacity: Option<usize>,
    ) {
        self.seen.insert(key.point, Arc::clone(&at));
        if let Some(capacity) = capacity.filter(|_| key.reject_reason.is_none()) {
            let there = self.per_point.entry(key.point).or_insert(0);
            if *there >= capacity {
                self.skipped.insert(key.point);
                return;
            }
            *there += 1;
        }
        let (packets, bytes, tcp_flags, first, last) = (0, 0, 0, now, now);
        self.flows.insert(key, Counters { at, packets, bytes, first, last, tcp_flags, new });
    }

    /// The records of the current interval, and the next one.
    pub fn end_interval(&mut self, model: &Model) -> Vec<FlowRecord> {
        let begin = self.interval.unix_seconds();
        let end = begin + self.length.as_secs() - 1;
        let mut active: IndexSet<Point, FixedState> = IndexSet::default();
        let mut records = Vec::with_capacity(self.flows.len());
        for (key, counters) in self.flows.drain(..) {
            active.insert(key.point);
            records.push(counters.record(key));
        }
        self.per_point.clear();
        for point in self.skipped.drain(..) {
            active.insert(point);
            let at = Arc::clone(&self.seen[&point]);
            records.push(FlowRecord { at, start: begin, end, content: Content::SkipData });
        }
        // A point that is gone has nothing more to say.
        self.seen.retain(|point, _| exists(*point, model));
        // Each that is not has (assumed: flow-log-nodata-each-interval).
        let silent = self.seen.iter().filter(|(point, _)| !active.contains(*point));
        records.extend(silent.map(|(_, at)| FlowRecord {
            at: Arc::clone(at),
            start: begin,
            end,
            content: Content::NoData,
        }));
        self.interval += self.length;
        records
    }
}

impl Counters {
    pub fn add(&mut self, stretch: &Stretch<'_>, loss: Option<Loss>) {
        let packet = &stretch.packet;
        self.packets += 1;
        self.bytes += u64::from(packet.ip_len);
        self.last = stretch.at;
        let is_transit = self.new.transit.is_some();
        self.tcp_flags |= recorded_flags(packet.tuple.protocol, packet.tcp_flags, is_transit);
        if let (Some(transit), Some(loss)) = (&mut self.new.transit, loss) {
            transit.lost[loss as usize] += 1;
        }
    }

    fn record(self, key: FlowKey) -> FlowRecord {
        let NewFlow { path, next_hop, encryption_status, transit, activity } = self.new;
        let flow = Flow {
            direction: key.direction,
            tuple: key.tuple,
            packets: self.packets,
            bytes: self.bytes,
            tcp_flags: self.tcp_flags,
            action: key.action,
            reject_reason: key.reject_reason,
            path,
            next_hop,
            encryption_status,
            transit,
            activity,
        };
        let (start, end) = (self.first.unix_seconds(), self.last.unix_seconds());
        FlowRecord { at: self.at, start, end, content: Content::Flow(flow) }
    }
}

pub fn begin_of_interval(now: Instant, length: Duration) -> Instant {
    let seconds = length.as_secs();
    Instant::from_unix_seconds(now.unix_seconds() / seconds * seconds)
}

pub fn exists(point: Point, model: &Model) -> bool {
    match point {
        Point::Attachment(_, id) => model.transit_gateway_attachments.contains_key(&id),
        Point::Eni(id) => model.enis.contains_key(&id),
        Point::RegionalNat(id) => is_regional(id, model),
    }
}

pub fn is_regional(id: NatGatewayId, model: &Model) -> bool {
    model.nat_gateways.get(&id).is_some_and(|nat| matches!(nat.place, NatPlace::Regional { .. }))
}
