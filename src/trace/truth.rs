//! The ground truth: which flow belongs to which activity, at every point of its way.
//!
//! Learns what hosts open and what translators make of it, and forgets what was idle for too long: its
//! size depends on how much goes on at a time and not on how long a run is.

use std::net::Ipv4Addr;
use std::time::Duration;

use foldhash::fast::FixedState;
use indexmap::IndexMap;

use super::activity::{ActivityFacts, ActivityId, FlowOpened, Opener};
use super::{PacketFacts, Step, Stretch, Translator};
use crate::time::Instant;
use crate::wire::{FiveTuple, Protocol};

/// How long a flow that nothing is heard of belongs to its activity.
const IDLE: Duration = Duration::from_secs(15 * 60);
/// Flows that were idle for too long are swept out when the table has doubled, from this size on.
const SWEEP_LEN_MIN: usize = 1024;

/// Which flow belongs to which activity.
///
/// Flows are found by addresses and ports only. Where the same private addresses are used twice, the same
/// ports at the same time are taken for the same flow.
#[derive(Debug, Default)]
pub struct Truth {
    activities: Vec<ActivityFacts>,
    /// By the lesser of both directions.
    flows: IndexMap<FiveTuple, Known, FixedState>,
    /// Who has lately turned to whom for an activity, and when.
    turned: IndexMap<(Ipv4Addr, Ipv4Addr), Instant, FixedState>,
    sweep_at_len: usize,
}

#[derive(Clone, Copy, Debug)]
struct Known {
    activity: ActivityId,
    last: Instant,
}

impl Truth {
    /// Of the activities of a scenario, by their numbers.
    pub fn new(activities: Vec<ActivityFacts>) -> Self {
        Self { activities, ..Self::default() }
    }

    /// Whether there are no activities: then there is nothing to ask.
    pub fn is_empty(&self) -> bool {
        self.activities.is_empty()
    }

    /// All activities, in the order of their numbers.
    pub fn activities(&self) -> impl Iterator<Item = (ActivityId, &ActivityFacts)> {
        (0..).map(ActivityId).zip(&self.activities)
    }

    /// What an activity is.
    ///
    /// # Panics
    /// If it is of another scenario.
    pub fn facts(&self, id: ActivityId) -> &ActivityFacts {
        &self.activities[id.0 as usize]
    }

    /// How many flows are remembered, idle ones included.
    pub fn remembered(&self) -> usize {
        self.flows.len()
    }

    /// The activity that a flow belongs to, whichever direction it is seen in, and at whatever interface.
    pub fn activity_of(&self, tuple: FiveTuple) -> Option<ActivityId> {
        if self.flows.is_empty() {
            return None;
        }
        self.flows.get(&either_way(tuple)).map(|known| known.activity)
    }

    /// The activity that a packet belongs to; an ICMP error belongs to that of the packet it is about.
    pub fn activity_of_packet(&self, packet: &PacketFacts) -> Option<ActivityId> {
        if self.flows.is_empty() {
            return None;
        }
        self.activity_of(flow_of(packet))
    }

    /// Whether it was for an activity, and nothing else, that a host lately turned to an address: who looks for
    /// a neighbour does not say for which packet.
    pub fn is_for_activity(&self, host: Ipv4Addr, target: Ipv4Addr) -> bool {
        self.turned.contains_key(&(host, target))
    }

    /// Takes in that a host opens a flow. What had its addresses and ports before is over.
    pub fn on_flow_opened(&mut self, at: Instant, opened: &FlowOpened) {
        if self.activities.is_empty() {
            return;
        }
        let activity = match opened.by {
            Opener::Activity(activity) => Some(activity),
            Opener::Step => None,
            Opener::Flow(other) => self.activity_of(other),
        };
        let pair = (opened.tuple.src, opened.tuple.dst);
        match activity {
            Some(_) => drop(self.turned.insert(pair, at)),
            None => drop(self.turned.swap_remove(&pair)),
        }
        self.file(at, opened.tuple, activity);
        // Flow logs know no identifiers: there, all pings between two hosts are one flow.
        if opened.tuple.protocol == Protocol::ICMP && activity.is_some() {
            self.file(at, FiveTuple { src_port: 0, dst_port: 0, ..opened.tuple }, activity);
        }
    }

    /// Learns from what happens to a packet. To be called before [`Self::activity_of`] is asked about it.
    pub fn on_stretch(&mut self, stretch: &Stretch<'_>) {
        if self.flows.is_empty() {
            return;
        }
        let flow = either_way(flow_of(&stretch.packet));
        if let Some(known) = self.flows.get_mut(&flow) {
            known.last = stretch.at;
        }
        // Pings keep their identifier on their way, but for a NAT gateway.
        let mut ping = stretch.packet.icmp.and_then(|icmp| icmp.echo).map(|echo| echo.identifier);
        let whose = self.flows.get(&flow).map(|known| known.activity);
        let is_error = stretch.packet.icmp.is_some_and(|icmp| icmp.quoted.is_some());
        for step in stretch.steps {
            // What stands behind a translation of an error is the address of who sent the error.
            if let (Step::Translated { by, from, to }, false) = (step, is_error) {
                let activity = self.activity_of(*from);
                self.file(stretch.at, *to, activity);
                ping = ping.filter(|_| !matches!(by, Translator::NatGateway(_)));
                if let Some(identifier) = ping {
                    let to = FiveTuple { src_port: identifier, dst_port: identifier, ..*to };
                    self.file(stretch.at, to, whose);
                }
            }
        }
    }

    fn file(&mut self, at: Instant, tuple: FiveTuple, activity: Option<ActivityId>) {
        let Some(activity) = activity else {
            self.flows.swap_remove(&either_way(tuple));
            return;
        };
        self.flows.insert(either_way(tuple), Known { activity, last: at });
        if self.flows.len() >= self.sweep_at_len.max(SWEEP_LEN_MIN) {
            self.flows.retain(|_, known| at.since(known.last) <= IDLE);
            self.turned.retain(|_, last| at.since(*last) <= IDLE);
            self.sweep_at_len = self.flows.len() * 2;
        }
    }
}

fn either_way(tuple: FiveTuple) -> FiveTuple {
    tuple.min(tuple.mirror())
}

/// What a packet belongs to: pings by their identifiers, errors by what they quote.
fn flow_of(packet: &PacketFacts) -> FiveTuple {
    let Some(icmp) = packet.icmp else { return packet.tuple };
    let about = icmp.quoted.map(|quoted| (quoted.tuple, quoted.echo_identifier));
    let (mut tuple, identifier) = about.unwrap_or((packet.tuple, icmp.echo.map(|echo| echo.identifier)));
    if let Some(identifier) = identifier {
        (tuple.src_port, tuple.dst_port) = (identifier, identifier);
    }
    tuple
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;
    use crate::ids::InternetGatewayId;
    use crate::trace::{ActivityKind, Cause, PacketId};
    use crate::wire::TcpFlags;

    fn tuple(src: u8, src_port: u16, dst: u8, dst_port: u16) -> FiveTuple {
        let address = |last| Ipv4Addr::new(10, 0, 0, last);
        FiveTuple { src: address(src), dst: address(dst), src_port, dst_port, protocol: Protocol::TCP }
    }

    fn truth() -> Truth {
        let facts = |name: &str| ActivityFacts {
            name: name.to_owned(),
            kind: ActivityKind::Clients,
            malicious: false,
        };
        Truth::new(vec![facts("A"), facts("B")])
    }

    fn open(truth: &mut Truth, seconds: u64, tuple: FiveTuple, by: Opener) {
        truth.on_flow_opened(Instant::from_unix_seconds(seconds), &FlowOpened { tuple, by });
    }

    fn translated(truth: &mut Truth, seconds: u64, from: FiveTuple, to: FiveTuple) {
        let by = Translator::InternetGateway(InternetGatewayId::derive(&["Gateway"]));
        let packet = PacketFacts { tuple: from, ip_len: 40, tcp_flags: TcpFlags(0), icmp: None };
        let (at, steps) = (Instant::from_unix_seconds(seconds), [Step::Translated { by, from, to }]);
        let (id, cause, steps) = (PacketId(0), Some(Cause::Host), steps.as_slice());
        truth.on_stretch(&Stretch { at, id, cause, packet, steps, sender: None, receiver: None });
    }

    #[test]
    fn a_flow_is_found_in_both_directions_and_behind_translators() {
        let mut truth = truth();
        let (inside, outside) = (tuple(1, 40_000, 9, 443), tuple(5, 1024, 9, 443));
        open(&mut truth, 0, inside, Opener::Activity(ActivityId(1)));
        translated(&mut truth, 1, inside, outside);
        for seen in [inside, inside.mirror(), outside, outside.mirror()] {
            assert_eq!(truth.activity_of(seen), Some(ActivityId(1)), "{seen}");
        }
        assert_eq!(truth.activity_of(tuple(1, 40_002, 9, 443)), None);
        assert_eq!(truth.facts(ActivityId(1)).name, "B");
        // A port of the translator that another flow gets is no longer the activity's.
        translated(&mut truth, 2, tuple(2, 40_000, 9, 443), outside);
        assert_eq!(truth.activity_of(outside), None);
        assert_eq!(truth.activity_of(inside), Some(ActivityId(1)));
    }

    #[test]
    fn what_a_service_is_asked_for_belongs_to_who_asks() {
        let mut truth = truth();
        let (asked, done) = (tuple(1, 40_000, 2, 22), tuple(2, 50_000, 3, 80));
        open(&mut truth, 0, asked, Opener::Activity(ActivityId(0)));
        open(&mut truth, 0, done, Opener::Flow(asked.mirror()));
        assert_eq!(truth.activity_of(done), Some(ActivityId(0)));
        // The same ports are a step's now.
        open(&mut truth, 1, asked, Opener::Step);
        open(&mut truth, 1, done, Opener::Flow(asked.mirror()));
        assert_eq!((truth.activity_of(asked), truth.activity_of(done)), (None, None));
    }

    #[test]
    fn memory_is_bounded() {
        let mut truth = truth();
        let long = tuple(1, 1, 2, 2);
        open(&mut truth, 0, long, Opener::Activity(ActivityId(0)));
        for second in 0..100_000_u64 {
            let port = (second % 60_000) as u16;
            open(
                &mut truth,
                second,
                tuple(3, port, 4, (second / 60_000) as u16),
                Opener::Activity(ActivityId(1)),
            );
            translated(&mut truth, second, long, long);
            assert!(truth.remembered() <= 2 * (15 * 60 + 2) + SWEEP_LEN_MIN, "{}", truth.remembered());
        }
        assert_eq!(truth.activity_of(long), Some(ActivityId(0)));
        assert_eq!(truth.activity_of(tuple(3, 0, 4, 0)), None);
    }

    #[test]
    fn without_activities_nothing_is_remembered() {
        let mut truth = Truth::default();
        open(&mut truth, 0, tuple(1, 1, 2, 2), Opener::Step);
        assert!(truth.is_empty() && truth.remembered() == 0);
    }
}
