//! The meters: packets are summed up to flows, and flows become records when their interval is over.
//!
//! What is counted together is a [`Collection`]: everything since a moment, over intervals of a length. The
//! simulator's own view is one, over a minute, of all interfaces; flow logs that were made at the same moment
//! share theirs. So a flow log knows nothing of what was before it, and several cost little more than one.

use std::sync::Arc;
use std::time::Duration;

use foldhash::fast::FixedState;
use indexmap::IndexMap;

use super::collection::{Collection, FlowKey, NewFlow, begin_of_interval, is_regional};
use super::path::{TrafficPath, encryption_status};
use super::point::{Point, PointFacts};
use super::record::{Action, FlowRecord, Loss, RejectReason, Transit, TransitEnd};
use crate::ids::{EniId, TransitGatewayAttachmentId};
use crate::model::{Direction, Eni, FlowLog, Model, TrafficType};
use crate::time::Instant;
use crate::trace::{DropReason, Fate, MtuLimit, Step, Stretch, Translator, Truth, TtlHop};
use crate::wire::FiveTuple;

/// Interfaces of instances that are built on Nitro are aggregated over a minute, whatever was asked for
/// (aws: flow-log-nitro-interval). Intervals begin at full minutes, or at full ten of them
/// (assumed: flow-log-interval-aligned).
pub const AGGREGATION_INTERVAL: Duration = Duration::from_secs(60);

/// What takes records as their intervals end.
pub trait RecordSink {
    /// Takes a record of an interval that ended at `closed`: one of the simulator's own view, or one that a flow
    /// log keeps.
    fn take(&mut self, log: Option<&Arc<FlowLog>>, record: FlowRecord, closed: Instant, model: &Model);
}

/// The meters of all points.
#[derive(Debug)]
pub struct Meter {
    /// The first is the simulator's own view.
    collections: Vec<Collection>,
    /// The flow logs, those that are deleted as long as something of theirs is counted.
    logs: Vec<Subscription>,
    /// What is known of points, and which collections count there; forgotten whenever resources change.
    points: IndexMap<Point, Known, FixedState>,
    /// How many flows are recorded at a point in an interval; the rest is skipped.
    capacity: Option<usize>,
    /// Whether anybody wants to hear of the simulator's own view that there was no traffic.
    hears_silence: bool,
}

/// A flow log, and its place among the collections.
#[derive(Debug)]
struct Subscription {
    log: Arc<FlowLog>,
    /// When it was deleted.
    ended: Option<Instant>,
}

#[derive(Debug)]
struct Known {
    facts: Arc<PointFacts>,
    counted_in: Vec<usize>,
}

/// What a stretch is seen with.
struct Cx<'a> {
    stretch: &'a Stretch<'a>,
    truth: &'a Truth,
    model: &'a Model,
    sink: &'a mut dyn RecordSink,
}

impl Meter {
    /// Meters that start counting at `now`.
    pub fn new(now: Instant, hears_silence: bool) -> Self {
        Self {
            collections: vec![Collection::new(now, AGGREGATION_INTERVAL)],
            logs: Vec::new(),
            points: IndexMap::default(),
            capacity: None,
            hears_silence,
        }
    }

    /// Records so many flows at a point in an interval, and skips the rest.
    pub fn limit(&mut self, capacity: Option<usize>) {
        self.capacity = capacity;
    }

    /// Takes note of what exists now: of flow logs that are new, and of those that are gone.
    pub fn follow(&mut self, now: Instant, model: &Model) {
        self.points.clear();
        for subscription in &mut self.logs {
            if !model.flow_logs.contains_key(&subscription.log.id) {
                subscription.ended.get_or_insert(now);
            }
        }
        for log in model.flow_logs.values() {
            if self.logs.iter().any(|known| known.log.id == log.id) {
                continue;
            }
            for length in [AGGREGATION_INTERVAL, log.max_aggregation_interval] {
                if self.collections.iter().all(|known| (known.since, known.length) != (log.created, length)) {
                    self.collections.push(Collection::new(log.created, length));
                }
            }
            self.logs.push(Subscription { log: Arc::new(log.clone()), ended: None });
        }
    }

    /// Whether there are flow logs, or were a moment ago.
    pub fn has_logs(&self) -> bool {
        !self.logs.is_empty()
    }

    /// Counts what was metered on a stretch.
    pub fn on_stretch(
        &mut self,
        stretch: &Stretch<'_>,
        truth: &Truth,
        model: &Model,
        sink: &mut dyn RecordSink,
    ) {
        let mut cx = Cx { stretch, truth, model, sink };
        for (at, step) in stretch.steps.iter().enumerate() {
            if let Step::Metered { .. } = step {
                self.at_interface(&mut cx, at);
            } else if let &Step::Translated { by: Translator::NatGateway(nat), from, to } = step {
                if is_regional(nat, model) {
                    self.pass(&mut cx, Point::RegionalNat(nat), Direction::Ingress, from);
                    self.pass(&mut cx, Point::RegionalNat(nat), Direction::Egress, to);
                }
            } else if let Step::EnteredTransitGateway { .. } = step {
                self.through_transit_gateway(&mut cx, at);
            } else if let &Step::Ended(Fate::Dropped(reason)) = step {
                self.dropped(&mut cx, reason);
            }
        }
    }

    /// A packet at an interface, and what became of it there.
    fn at_interface(&mut self, cx: &mut Cx<'_>, at: usize) {
        let Step::Metered { eni, direction, tuple, accepted } = cx.stretch.steps[at] else { return };
        let (after, stretch, model) = (&cx.stretch.steps[at + 1..], cx.stretch, cx.model);
        if is_not_logged(model.eni(eni), tuple, model) {
            return;
        }
        let is_blocked =
            matches!(after.first(), Some(Step::Ended(Fate::Dropped(DropReason::PublicAccessBlocked { .. }))));
        let (action, reject_reason) = match accepted {
            true => (Action::Accept, None),
            // aws: bpa-flow-log
            false => (Action::Reject, is_blocked.then_some(RejectReason::Bpa)),
        };
        let key = FlowKey { point: Point::Eni(eni), direction, tuple, action, reject_reason };
        self.count(cx, key, None, |meter, own| {
            let path = match direction {
                Direction::Egress if accepted => TrafficPath::of(after, own, model),
                Direction::Egress | Direction::Ingress => None,
            };
            let next = match direction {
                Direction::Egress if path.is_some_and(TrafficPath::leads_to_interface) => stretch.receiver,
                Direction::Egress => None,
                Direction::Ingress => stretch.sender,
            };
            let next = next.and_then(|eni| meter.facts(Point::Eni(eni), model));
            // aws: flow-log-next-hop
            let next_hop = next.filter(|next| next.region == own.region);
            let encryption_status = encryption_status(own, next_hop.as_deref(), path, tuple);
            NewFlow { path, next_hop, encryption_status, ..NewFlow::default() }
        });
    }

    /// A packet that a point without filters lets pass.
    fn pass(&mut self, cx: &mut Cx<'_>, point: Point, direction: Direction, tuple: FiveTuple) {
        let key = FlowKey { point, direction, tuple, action: Action::Accept, reject_reason: None };
        self.count(cx, key, None, |_, _| NewFlow::default());
    }

    /// A packet in a transit gateway: in by one attachment, out by another (assumed: tgw-flow-log-directions).
    fn through_transit_gateway(&mut self, cx: &mut Cx<'_>, at: usize) {
        let Step::EnteredTransitGateway { gateway, attachment: source } = cx.stretch.steps[at] else {
            return;
        };
        if !self.watches_transit() {
            return;
        }
        let (before, after) = cx.stretch.steps.split_at(at);
        let destination = after.iter().find_map(|step| {
            if let Step::TransitGatewayRouted { attachment, .. } = step { *attachment } else { None }
        });
        let came_by = before
            .iter()
            .rev()
            .find_map(|step| if let Step::Arrived { eni } = step { Some(*eni) } else { None });
        let loss = match after.last() {
            Some(Step::Ended(Fate::Dropped(reason))) => loss(*reason),
            Some(_) | None => None,
        };
        let ends = [
            self.transit_end(Some(source), came_by, cx.model),
            self.transit_end(destination, destination.and(cx.stretch.receiver), cx.model),
        ];
        self.transit(cx, Point::Attachment(gateway, source), Direction::Ingress, destination, loss, &ends);
        if let Some(destination) = destination {
            let point = Point::Attachment(gateway, destination);
            self.transit(cx, point, Direction::Egress, Some(source), loss, &ends);
        }
    }

    fn transit(
        &mut self,
        cx: &mut Cx<'_>,
        point: Point,
        direction: Direction,
        pair: Option<TransitGatewayAttachmentId>,
        loss: Option<Loss>,
        [source, destination]: &[TransitEnd; 2],
    ) {
        let tuple = cx.stretch.packet.tuple;
        let key = FlowKey { point, direction, tuple, action: Action::Accept, reject_reason: None };
        self.count(cx, key, loss, |_, _| {
            let (source, destination) = (source.clone(), destination.clone());
            let transit = Transit { source, destination, pair, lost: [0; 4] };
            NewFlow { transit: Some(Box::new(transit)), ..NewFlow::default() }
        });
    }

    fn transit_end(
        &mut self,
        attachment: Option<TransitGatewayAttachmentId>,
        eni: Option<EniId>,
        model: &Model,
    ) -> TransitEnd {
        let vpc = attachment.and_then(|id| model.transit_gateway_attachments.get(&id)?.vpc());
        TransitEnd {
            interface: eni.and_then(|eni| self.facts(Point::Eni(eni), model)),
            vpc,
            vpc_account: vpc.and_then(|vpc| model.vpcs.get(&vpc)).map(|vpc| vpc.scope.account),
        }
    }

    /// What was dropped where no meter stands: before a transit gateway, or at a regional NAT gateway.
    fn dropped(&mut self, cx: &mut Cx<'_>, reason: DropReason) {
        let (stretch, model) = (cx.stretch, cx.model);
        if let DropReason::NatNoSession { nat } | DropReason::NatPortsExhausted { nat } = reason
            && is_regional(nat, model)
        {
            self.pass(cx, Point::RegionalNat(nat), Direction::Ingress, stretch.packet.tuple);
        }
        let (DropReason::MtuExceeded { at: MtuLimit::TransitGateway(gateway), .. }
        | DropReason::TtlExpired { at: TtlHop::TransitGateway(gateway) }) = reason
        else {
            return;
        };
        let is_inside = stretch.steps.iter().any(|step| matches!(step, Step::EnteredTransitGateway { .. }));
        if is_inside || !self.watches_transit() {
            return;
        }
        let sender = stretch
            .steps
            .iter()
            .find_map(|step| if let Step::Metered { eni, .. } = step { Some(eni) } else { None });
        let sender = sender.and_then(|eni| model.enis.get(eni));
        if let Some(attachment) = sender.and_then(|eni| model.attachment_of_vpc(gateway, eni.vpc)) {
            let ends = [self.transit_end(Some(attachment.id), None, model), TransitEnd::default()];
            let point = Point::Attachment(gateway, attachment.id);
            self.transit(cx, point, Direction::Ingress, None, loss(reason), &ends);
        }
    }

    fn watches_transit(&self) -> bool {
        self.logs.iter().any(|known| known.log.resource.is_transit_gateway())
    }

    fn facts(&mut self, point: Point, model: &Model) -> Option<Arc<PointFacts>> {
        self.know(point, model).map(|known| Arc::clone(&known.facts))
    }

    /// What is known of a point, looked up once for each change of resources.
    fn know(&mut self, point: Point, model: &Model) -> Option<&Known> {
        if !self.points.contains_key(&point) {
            let facts = Arc::new(PointFacts::of(point, model)?);
            let counted_in = self.collections_of(&facts);
            self.points.insert(point, Known { facts, counted_in });
        }
        self.points.get(&point)
    }

    /// The collections in which a point's flows are counted.
    fn collections_of(&self, facts: &PointFacts) -> Vec<usize> {
        let wanted = |at: usize, collection: &Collection| {
            let is_own_view = at == 0 && matches!(facts.point, Point::Eni(_));
            is_own_view
                || self.logs.iter().any(|known| known.ended.is_none() && collection.is_of(&known.log, facts))
        };
        let all = self.collections.iter().enumerate();
        all.filter(|(at, collection)| wanted(*at, collection)).map(|(at, _)| at).collect()
    }

    /// Counts a packet wherever it is counted; `begin` says what is known of its flow if it is new.
    fn count(
        &mut self,
        cx: &mut Cx<'_>,
        key: FlowKey,
        loss: Option<Loss>,
        begin: impl Fn(&mut Self, &PointFacts) -> NewFlow,
    ) {
        let Some(known) = self.know(key.point, cx.model) else { return };
        for nth in 0..known.counted_in.len() {
            let known = &self.points[&key.point];
            let (at, facts) = (known.counted_in[nth], Arc::clone(&known.facts));
            self.close_collection(at, cx.stretch.at, cx.model, cx.sink);
            if !self.collections[at].flows.contains_key(&key) {
                let activity = cx.truth.activity_of_packet(&cx.stretch.packet);
                let new = NewFlow { activity, ..begin(self, &facts) };
                self.collections[at].begin(key, facts, new, cx.stretch.at, self.capacity);
            }
            if let Some(counters) = self.collections[at].flows.get_mut(&key) {
                counters.add(cx.stretch, loss);
            }
        }
    }

    /// Ends all intervals that are over at `now`.
    pub fn close(&mut self, now: Instant, model: &Model, sink: &mut dyn RecordSink) {
        for at in 0..self.collections.len() {
            self.close_collection(at, now, model, sink);
        }
        // The last interval of what was deleted may still be counted.
        let is_over = |known: &Subscription| {
            let length = known.log.max_aggregation_interval;
            known.ended.is_some_and(|ended| begin_of_interval(ended, length) + length <= now)
        };
        if self.logs.iter().any(is_over) {
            self.logs.retain(|known| !is_over(known));
            let is_used =
                |collection: &Collection| self.logs.iter().any(|known| known.log.created == collection.since);
            let mut is_own_view = true;
            self.collections.retain(|collection| std::mem::take(&mut is_own_view) || is_used(collection));
            self.points.clear();
        }
    }

    fn close_collection(&mut self, at: usize, now: Instant, model: &Model, sink: &mut dyn RecordSink) {
        loop {
            let is_heard = at > 0 || self.hears_silence || !self.logs.is_empty();
            let collection = &mut self.collections[at];
            let end = collection.interval + collection.length;
            if now < end {
                return;
            }
            if collection.flows.is_empty() && (collection.seen.is_empty() || !is_heard) {
                // However long nothing happens, nobody is told.
                collection.interval = begin_of_interval(now, collection.length);
                return;
            }
            let records = collection.end_interval(model);
            for record in records {
                self.publish(at, record, end, model, sink);
            }
        }
    }

    /// Hands a record of a collection to whoever keeps it.
    fn publish(
        &self,
        at: usize,
        record: FlowRecord,
        closed: Instant,
        model: &Model,
        sink: &mut dyn RecordSink,
    ) {
        let takers = self.logs.iter().filter(|known| {
            let has_ended = known.ended.is_some_and(|ended| ended.unix_seconds() < record.start);
            self.collections[at].is_of(&known.log, &record.at)
                && !has_ended
                && is_kept(known.log.traffic_type, &record)
        });
        for taker in takers {
            sink.take(Some(&taker.log), record.clone(), closed, model);
        }
        if at == 0 && matches!(record.at.point, Point::Eni(_)) {
            sink.take(None, record, closed, model);
        }
    }

    /// When everything that was counted until `now` will be in records: the end of the current intervals,
    /// or at once if nothing was counted in them yet and the shortest has just begun.
    pub fn complete_at(&self, now: Instant) -> Instant {
        let of_collection = |collection: &Collection| {
            let begin = begin_of_interval(now, collection.length);
            let is_complete = collection.flows.is_empty() && collection.skipped.is_empty();
            let waits = !is_complete || collection.length == AGGREGATION_INTERVAL && begin < now;
            if waits { begin + collection.length } else { now }
        };
        self.collections.iter().map(of_collection).max().unwrap_or(now)
    }
}

/// Whether a flow log keeps a record. What says nothing of a flow is kept whatever it keeps
/// (assumed: flow-log-nodata-unfiltered).
fn is_kept(kept: TrafficType, record: &FlowRecord) -> bool {
    let Some(flow) = record.flow() else { return true };
    match kept {
        TrafficType::Accept => flow.action == Action::Accept,
        TrafficType::All => true,
        TrafficType::Reject => flow.action == Action::Reject,
    }
}

/// Why a transit gateway lost a packet, if it did.
fn loss(reason: DropReason) -> Option<Loss> {
    if let DropReason::TransitGatewayBlackhole { .. } = reason {
        Some(Loss::Blackhole)
    } else if let DropReason::TransitGatewayNoRoute { .. } | DropReason::TransitGatewayNoAssociation { .. } =
        reason
    {
        Some(Loss::NoRoute)
    } else if let DropReason::MtuExceeded { at: MtuLimit::TransitGateway(_), .. } = reason {
        Some(Loss::MtuExceeded)
    } else if let DropReason::TtlExpired { at: TtlHop::TransitGateway(_) } = reason {
        Some(Loss::TtlExpired)
    } else {
        None
    }
}

/// Traffic with Amazon's DNS server and with the router's reserved address (aws: flow-log-not-logged).
fn is_not_logged(eni: &Eni, tuple: FiveTuple, model: &Model) -> bool {
    let router = model.subnet(eni.subnet).router();
    let resolver = model.vpc(eni.vpc).resolver();
    [router, resolver].iter().any(|reserved| *reserved == tuple.src || *reserved == tuple.dst)
}
