//! What happens to a packet between two places: latency, bandwidth, chance, and faults.
//!
//! Draws from streams named after the link and the purpose; a share of zero draws nothing, so describing
//! one link changes nothing on another. Knows no hosts and no walks: it says when a packet arrives, how
//! often, or why it does not.
//!
//! A packet crosses every link of the scenario whose ends fit it, in the order of the file. All that
//! is decided as it enters; only whether its zone is up is asked again as it arrives
//! (assumed: zone-down-isolates).

mod latency;
mod pacer;
mod wire;

use foldhash::fast::FixedState;
use indexmap::IndexMap;

pub use self::latency::TO_HYPERVISOR;
use self::latency::latency;
use self::pacer::{Full, Pacer, Queue};
use self::wire::Wire;
use crate::ids::EniId;
use crate::model::{
    Bandwidth, Direction, Fault, LinkEnd, LinkSpec, LinkTraits, Location, Model, Ppm, same_ends,
};
use crate::seed::Seed;
use crate::time::Instant;
use crate::trace::{DropReason, Station};
use crate::wire::FiveTuple;

/// What a conversation gets at most outside of a cluster placement group (aws: bandwidth-single-flow).
const FLOW: Bandwidth = Bandwidth::gbps(5);
/// What an instance exchanges at most with other regions and the internet, if it has fewer than 32 vCPUs
/// (aws: bandwidth-beyond-region). Larger ones have half of their bandwidth; instance types are not
/// simulated, so every instance counts as one with fewer (assumed: instance-bandwidth).
const BEYOND: Bandwidth = Bandwidth::gbps(5);

/// One end of a crossing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Endpoint {
    /// Where it is.
    pub location: Location,
    /// The interface there, if it is in AWS.
    pub eni: Option<EniId>,
}

/// A packet that is about to cross.
#[derive(Clone, Copy, Debug)]
pub struct Crossing {
    /// The near end.
    pub from: Endpoint,
    /// The far end.
    pub towards: Endpoint,
    /// Whose conversation it is.
    pub tuple: FiveTuple,
    /// The length of its frame.
    pub bytes: usize,
}

/// How a crossing went.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Crossed {
    /// When it arrives.
    pub at: Instant,
    /// How many more of it do, right behind it.
    pub copies: u32,
}

/// All links: those a scenario describes, and those it says nothing of.
#[derive(Debug)]
pub struct Links {
    seed: Seed,
    links: Vec<Link>,
    /// Faults that let nothing through. What makes a link another is in the link.
    faults: Vec<Fault<Station>>,
    /// The bandwidth of instances; those that are not here have all they want
    /// (assumed: instance-bandwidth).
    instances: IndexMap<EniId, Bandwidth, FixedState>,
    pacer: Pacer,
    // Reused from packet to packet.
    fitting: Vec<(usize, Way)>,
    limits: Vec<(Queue, Bandwidth)>,
}

/// A link that a scenario describes.
#[derive(Debug)]
struct Link {
    ends: [LinkEnd<Station>; 2],
    /// What `links:` says of it.
    declared: LinkTraits,
    /// What it is like now.
    traits: LinkTraits,
    /// One for each direction: from the first end to the second, and back.
    wires: [Wire; 2],
}

/// Which way along a link.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Way {
    Forward,
    Backward,
}

impl Links {
    /// Links of which nobody has said anything.
    pub fn new(seed: Seed) -> Self {
        Self {
            seed,
            links: Vec::new(),
            faults: Vec::new(),
            instances: IndexMap::default(),
            pacer: Pacer::default(),
            fitting: Vec::new(),
            limits: Vec::new(),
        }
    }

    /// Says what a link is like from the beginning. Hosts are called as `model` does.
    pub fn declare(&mut self, spec: &LinkSpec<Station>, model: &Model) {
        let link = self.link(&spec.ends, model);
        link.declared = spec.traits;
        link.traits = spec.traits;
    }

    /// Gives an instance's interface a bandwidth.
    pub fn limit(&mut self, eni: EniId, bandwidth: Bandwidth) {
        self.instances.insert(eni, bandwidth);
    }

    /// Breaks something.
    pub fn fault(&mut self, fault: Fault<Station>, model: &Model) {
        match fault {
            Fault::Link(spec) => {
                let link = self.link(&spec.ends, model);
                link.traits = spec.traits.over(link.declared);
            }
            Fault::Cut(_) | Fault::Partition(_) | Fault::ZoneDown(_) => self.faults.push(fault),
        }
    }

    /// Makes something whole again.
    pub fn repair(&mut self, fault: &Fault<Station>) {
        match fault {
            Fault::Link(spec) => {
                for link in self.links.iter_mut().filter(|link| same_ends(&link.ends, &spec.ends)) {
                    link.traits = link.declared;
                }
            }
            Fault::Cut(_) | Fault::Partition(_) | Fault::ZoneDown(_) => {
                self.faults.retain(|other| !other.is_same(fault));
            }
        }
    }

    /// Makes everything whole again.
    pub fn repair_all(&mut self) {
        self.faults.clear();
        for link in &mut self.links {
            link.traits = link.declared;
        }
    }

    /// Why nothing arrives at a place now, if nothing does.
    pub(super) fn blocked_at(&self, location: Location) -> Option<DropReason> {
        self.faults.iter().find_map(|fault| match fault {
            Fault::ZoneDown(zone) if location == Location::Zone(*zone) => {
                Some(DropReason::ZoneDown { zone: *zone })
            }
            Fault::ZoneDown(_) | Fault::Cut(_) | Fault::Link(_) | Fault::Partition(_) => None,
        })
    }

    /// Lets a packet cross, or says why it does not.
    pub(super) fn cross(
        &mut self,
        crossing: &Crossing,
        now: Instant,
        model: &Model,
    ) -> Result<Crossed, DropReason> {
        let (from, to) = (crossing.from.location, crossing.towards.location);
        self.check_faults(crossing)?;
        self.find_fitting(crossing);
        self.find_limits(crossing);
        let passed = self.pacer.pass(now, crossing.bytes, &self.limits);
        let mut at = passed.map_err(|Full| DropReason::LinkQueueFull { from, to })?;
        let (mut copies, mut distance) = (0, None);
        for (number, way) in &self.fitting {
            let link = &mut self.links[*number];
            distance = link.traits.latency.or(distance);
            let through = link.wires[*way as usize].carry(&link.traits, at);
            let through = through.ok_or(DropReason::LinkLoss { from, to })?;
            at = through.at;
            copies += u32::from(through.is_doubled);
        }
        let distance = distance.unwrap_or_else(|| latency(model, from, to));
        Ok(Crossed { at: at + distance, copies })
    }

    /// Why nothing crosses now, if nothing does, whatever chance says. Nobody's packets are in the way.
    pub(super) fn blocks(&self, crossing: &Crossing) -> Option<DropReason> {
        if self.faults.is_empty() && self.links.is_empty() {
            return None;
        }
        let (from, to) = (crossing.from.location, crossing.towards.location);
        let mut lossy = self.links.iter().filter(|link| link.traits.loss == Some(Ppm::ALWAYS));
        let is_lost = |link: &Link| way(&link.ends, crossing).is_some();
        self.check_faults(crossing)
            .err()
            .or_else(|| lossy.any(is_lost).then_some(DropReason::LinkLoss { from, to }))
    }

    fn check_faults(&self, crossing: &Crossing) -> Result<(), DropReason> {
        let (from, to) = (crossing.from.location, crossing.towards.location);
        let blocked = self.blocked_at(from).or_else(|| self.blocked_at(to));
        blocked.map_or(Ok(()), Err)?;
        let is_cut = self.faults.iter().any(|fault| match fault {
            Fault::Cut(ends) => way(ends, crossing).is_some(),
            Fault::Partition(groups) => is_between_groups(groups, crossing),
            Fault::Link(_) | Fault::ZoneDown(_) => false,
        });
        if is_cut { Err(DropReason::LinkCut { from, to }) } else { Ok(()) }
    }

    fn find_fitting(&mut self, crossing: &Crossing) {
        self.fitting.clear();
        for (number, link) in self.links.iter().enumerate() {
            // What says nothing is not there: its wires must not order packets either.
            if let (false, Some(way)) = (link.traits.is_nothing(), way(&link.ends, crossing)) {
                self.fitting.push((number, way));
            }
        }
    }

    fn find_limits(&mut self, crossing: &Crossing) {
        self.limits.clear();
        let (from, towards) = (crossing.from, crossing.towards);
        let regions = (from.location.region(), towards.location.region());
        if regions != (None, None) {
            let flow = Queue::Flow { location: from.location, eni: from.eni, tuple: crossing.tuple };
            self.limits.push((flow, FLOW));
        }
        for (eni, direction) in [(from.eni, Direction::Egress), (towards.eni, Direction::Ingress)] {
            let Some(eni) = eni else { continue };
            if let Some(bandwidth) = self.instances.get(&eni) {
                self.limits.push((Queue::Instance { eni, direction }, *bandwidth));
            }
            if regions.0 != regions.1 {
                self.limits.push((Queue::Beyond { eni, direction }, BEYOND));
            }
        }
        for (number, way) in &self.fitting {
            if let Some(bandwidth) = self.links[*number].traits.bandwidth {
                let queue = Queue::Link { number: *number, backward: *way == Way::Backward };
                self.limits.push((queue, bandwidth));
            }
        }
    }

    /// The link between two ends, which nobody may have spoken of so far. It stays for good: its random
    /// numbers go on where they were if it breaks again.
    fn link(&mut self, ends: &[LinkEnd<Station>; 2], model: &Model) -> &mut Link {
        let found = self.links.iter().position(|link| same_ends(&link.ends, ends));
        let number = found.unwrap_or_else(|| {
            let [a, b] = ends.each_ref().map(|end| end_name(end, model));
            let wires = [Wire::new(self.seed, &a, &b), Wire::new(self.seed, &b, &a)];
            let nothing = LinkTraits::default();
            self.links.push(Link { ends: *ends, declared: nothing, traits: nothing, wires });
            self.links.len() - 1
        });
        &mut self.links[number]
    }
}

fn end_name(end: &LinkEnd<Station>, model: &Model) -> String {
    match end {
        LinkEnd::Host(Station::Eni(eni) | Station::LinkLocal(eni)) => model.eni_label(*eni),
        LinkEnd::Host(Station::Outside(address)) => {
            model.outside.get(address).map_or_else(|| address.to_string(), |host| host.name.clone())
        }
        LinkEnd::Host(Station::OnPrem(network, address)) => {
            let host = model.on_prem.get(&(*network, *address));
            host.map_or_else(|| address.to_string(), |host| host.name.clone())
        }
        LinkEnd::Internet => "internet".to_owned(),
        LinkEnd::Region(region) => region.to_string(),
        LinkEnd::Zone(zone) => zone.to_string(),
    }
}

/// Which way a packet crosses the link between two ends, if it does.
fn way([a, b]: &[LinkEnd<Station>; 2], crossing: &Crossing) -> Option<Way> {
    if is_at(a, crossing.from, b) && is_at(b, crossing.towards, a) {
        Some(Way::Forward)
    } else if is_at(b, crossing.from, a) && is_at(a, crossing.towards, b) {
        Some(Way::Backward)
    } else {
        None
    }
}

fn is_between_groups(groups: &[Vec<LinkEnd<Station>>], crossing: &Crossing) -> bool {
    groups.iter().enumerate().any(|(at, group)| {
        let others = groups[at + 1..].iter().flatten();
        others.into_iter().any(|b| group.iter().any(|a| way(&[*a, *b], crossing).is_some()))
    })
}

/// Whether an end of a link whose other end is `opposite` is where a packet is.
fn is_at(end: &LinkEnd<Station>, endpoint: Endpoint, opposite: &LinkEnd<Station>) -> bool {
    match (end, endpoint.location) {
        (LinkEnd::Host(Station::Eni(eni)), _) => endpoint.eni == Some(*eni),
        // There is no link between an interface and what is next to it.
        (LinkEnd::Host(Station::LinkLocal(_)), _) => false,
        (LinkEnd::Host(Station::Outside(host)), location) => location == Location::Outside(*host),
        (LinkEnd::Host(Station::OnPrem(network, host)), location) => {
            location == Location::OnPrem(*network, *host)
        }
        (LinkEnd::Internet, Location::Outside(_)) => true,
        // The line of a host on the internet is what all its packets cross, wherever they go.
        (LinkEnd::Internet, Location::Zone(_) | Location::OnPrem(..)) => {
            matches!(opposite, LinkEnd::Host(Station::Outside(_)))
        }
        (LinkEnd::Region(region), location) => location.region() == Some(*region),
        (LinkEnd::Zone(zone), location) => location == Location::Zone(*zone),
    }
}

#[cfg(test)]
mod tests;
