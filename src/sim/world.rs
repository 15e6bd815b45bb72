//! The world: the model, what traffic taught the plane, the hosts, and the events that move them.

use std::sync::Arc;

use foldhash::fast::FixedState;
use indexmap::{IndexMap, IndexSet};

use super::hosts::{self, Slot};
use super::link::{Crossed, Crossing, Endpoint, Links, TO_HYPERVISOR};
use super::queue::{EventQueue, Lane};
use super::services;
use super::traffic::{Traffic, flow_opened};
use crate::api::Ec2;
use crate::guest::{Command, Finished, HostSetup, ProcessId, Service};
use crate::ids::{EniId, NatGatewayId};
use crate::model::{Direction, Instance, InstanceState, Location, Model, OnPremHost, OutsideHost, Scope};
use crate::plane::{self, NatMetrics, Place, State, Walk, Way, walk};
use crate::seed::Seed;
use crate::time::Instant;
use crate::trace::{Cause, DropReason, Fate, Observer, PacketFacts, PacketId, Station, Step, Stretch};
use crate::wire::{self, Packet, Parsed, build};

/// A program that runs on a host.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Process {
    station: Station,
    id: ProcessId,
}

/// What the hosts do by themselves.
pub type Setups = IndexMap<Station, HostSetup, FixedState>;

/// A world in which time stands still: what there is, and what hosts would do by themselves.
#[derive(Debug)]
pub struct Still {
    /// What exists.
    pub model: Model,
    /// The links, and what is broken.
    pub links: Links,
    /// What hosts do by themselves.
    pub setups: Setups,
    /// When it is.
    pub now: Instant,
}

/// Everything that moves.
#[derive(Debug)]
pub struct World<O> {
    model: Model,
    state: State,
    pub(super) queue: EventQueue<Event>,
    pub(super) hosts: IndexMap<Station, Slot, FixedState>,
    /// How often the host of an interface has booted: each time with other random numbers.
    boots: IndexMap<EniId, u64, FixedState>,
    /// What hosts do by themselves.
    setups: Setups,
    links: Links,
    pub(super) seed: Seed,
    pub(super) traffic: Traffic,
    packets_sent: u64,
    /// Those, and what the plane and the links made: answers, fragments, second copies.
    packets_numbered: u64,
    // Reused from packet to packet.
    walk: Walk,
    sent: Vec<Vec<u8>>,
    copy: Vec<u8>,
    /// Who watches.
    pub observer: O,
}

#[derive(Debug)]
pub(super) enum Event {
    /// A packet has crossed a link.
    Arrive { id: PacketId, place: Place, at: Location, packet: Packet },
    /// A frame reaches a host from what is next to it, or the other way round.
    Answer { station: Station, frame: Vec<u8> },
    /// A program of the background traffic is due.
    Traffic { schedule: usize },
    /// A host wanted to be woken; only the newest wish of a host counts.
    Wake { station: Station, generation: u64 },
}

/// Where a packet is when a stretch is over.
#[derive(Clone, Copy)]
enum Ahead {
    /// At the end of its journey.
    End(Fate),
    /// Nowhere: it goes on from `place` in parts.
    Split { mtu: u16, place: Place },
    /// On a link, which it leaves some time.
    Travel { to: Place, from: Location, towards: Location, crossed: Crossed },
}

/// The port of sshd.
const SSH: u16 = 22;
impl<O: Observer> World<O> {
    /// A world in which all that the model says exists, and its hosts have just booted.
    ///
    /// `setups` says what hosts do by themselves; sshd listens on every instance (assumed: sshd-everywhere).
    pub fn new(seed: Seed, now: Instant, model: Model, setups: Setups, observer: O) -> Self {
        let mut world = Self {
            model,
            state: State::default(),
            queue: EventQueue::new(now),
            hosts: IndexMap::default(),
            boots: IndexMap::default(),
            setups,
            links: Links::new(seed),
            seed,
            traffic: Traffic::default(),
            packets_sent: 0,
            packets_numbered: 0,
            walk: Walk::default(),
            sent: Vec::new(),
            copy: Vec::new(),
            observer,
        };
        let default = HostSetup::default();
        // What is provided boots when somebody needs it.
        for host in world.model.outside.values().filter(|host| !host.is_provided) {
            let station = Station::Outside(host.address);
            let setup = world.setups.get(&station).unwrap_or(&default);
            world.hosts.insert(station, Slot::new(hosts::outside(host, seed), setup));
        }
        for host in world.model.on_prem.values().filter(|host| !host.is_provided) {
            let station = Station::OnPrem(host.network, host.address);
            let setup = world.setups.get(&station).unwrap_or(&default);
            world.hosts.insert(station, Slot::new(hosts::on_prem(&world.model, host, seed), setup));
        }
        world.follow_model();
        world
    }

    /// What exists.
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// Lets everything stand still. What is on its way, and what the plane remembers, is forgotten.
    pub fn into_still(self) -> Still {
        let now = self.now();
        Still { model: self.model, links: self.links, setups: self.setups, now }
    }

    /// Shows the observer what exists now.
    pub fn show<T>(&mut self, look: impl FnOnce(&mut O, &Model) -> T) -> T {
        look(&mut self.observer, &self.model)
    }

    /// The time.
    pub fn now(&self) -> Instant {
        self.queue.now()
    }

    /// How many packets the hosts have sent that are described; services that are just there do not count.
    pub fn packets_sent(&self) -> u64 {
        self.packets_sent
    }

    /// Describes, breaks or repairs links. Packets on their way are not called back.
    pub fn change_links<T>(&mut self, change: impl FnOnce(&mut Links, &Model) -> T) -> T {
        change(&mut self.links, &self.model)
    }

    /// Changes resources: the one way to do it. Hosts follow: instances that run have one.
    pub fn change<T>(&mut self, caller: Scope, operation: impl FnOnce(&mut Ec2<'_>) -> T) -> T {
        let now = self.now();
        let before = self.model.hosts_changed();
        let result = operation(&mut Ec2::new(&mut self.model, caller, now));
        if self.model.hosts_changed() != before {
            self.follow_model();
        }
        self.name_services();
        self.limit_hops();
        result
    }

    /// Lets services listen on a host from now on, also after it has booted again.
    pub fn serve(&mut self, station: Station, services: &[(u16, Service)]) {
        self.setups.entry(station).or_default().services.extend_from_slice(services);
        if let Some(slot) = self.hosts.get_mut(&station) {
            for (port, service) in services {
                slot.host.serve(*port, service.clone());
            }
        }
    }

    /// Starts a program on a host.
    ///
    /// # Panics
    /// If there is no host at the station.
    pub fn start(&mut self, station: Station, command: &Command) -> Process {
        let now = self.now();
        let slot = self.hosts.get_mut(&station).expect("a program needs a host");
        let id = slot.host.start(command, now);
        self.settle(station);
        Process { station, id }
    }

    /// What a program left, once it has ended.
    pub fn take_exit(&mut self, process: Process) -> Option<Finished> {
        self.hosts.get_mut(&process.station)?.host.take_exit(process.id)
    }

    /// Ends a program as its user would.
    pub fn kill(&mut self, process: Process) {
        if let Some(slot) = self.hosts.get_mut(&process.station) {
            slot.host.kill(process.id);
            self.settle(process.station);
        }
    }

    /// Whether there is a host at a station.
    pub fn has_host(&self, station: Station) -> bool {
        self.hosts.contains_key(&station)
    }

    /// Puts a frame on the wire as if the host at a station had sent it, whatever is in it.
    pub fn inject(&mut self, station: Station, frame: Vec<u8>) {
        self.carry(station, frame);
    }

    /// Lets time pass until `deadline`, or until `done` says so after an event.
    pub fn run_until(&mut self, deadline: Instant, mut done: impl FnMut(&mut Self) -> bool) {
        while !done(self) {
            match self.queue.next_at() {
                Some(at) if at <= deadline => {
                    let (_, event) = self.queue.pop().expect("an event is pending");
                    self.handle(event);
                }
                Some(_) | None => {
                    self.queue.advance(deadline);
                    return;
                }
            }
        }
    }

    fn handle(&mut self, event: Event) {
        match event {
            Event::Arrive { id, place, at, packet } => self.arrive(id, place, at, packet),
            Event::Answer { station, frame } => self.deliver(station, frame),
            Event::Traffic { schedule } => self.start_traffic(schedule),
            Event::Wake { station, generation } => {
                if self.hosts.get(&station).is_some_and(|slot| slot.generation == generation) {
                    self.settle(station);
                }
            }
        }
    }

    /// Runs a host until it has nothing more to do, and carries what it sends.
    pub(super) fn settle(&mut self, station: Station) {
        let now = self.now();
        let Some(slot) = self.hosts.get_mut(&station) else { return };
        let mut next = slot.host.pump(now);
        loop {
            let requests = slot.host.take_requests();
            if requests.is_empty() {
                break;
            }
            for request in requests {
                let caller = services::caller(&self.model, station);
                let endpoint = self.state.endpoint_of(request.tuple, now);
                let mut ec2 = Ec2::new(&mut self.model, caller, now);
                let reply = services::reply(&mut ec2, station, endpoint, &request);
                slot.host.reply(request.from, reply);
            }
            next = slot.host.pump(now);
        }
        slot.generation += 1;
        let generation = slot.generation;
        let mut sent = std::mem::take(&mut self.sent);
        sent.extend(slot.host.take_sent());
        for secret in slot.host.take_secrets() {
            self.observer.on_tls_secret(&secret.random, &secret.line);
        }
        for opened in slot.host.take_opened() {
            if !self.traffic.is_empty() {
                self.observer.on_flow_opened(now, &flow_opened(opened));
            }
        }
        for frame in sent.drain(..) {
            self.carry(station, frame);
        }
        self.sent = sent;
        if let Some(at) = next {
            self.queue.push(at, Lane::Wake, Event::Wake { station, generation });
        }
    }

    /// Takes a frame from a host.
    fn carry(&mut self, station: Station, frame: Vec<u8>) {
        let wants_frames = self.observer.wants_frames();
        match wire::parse(frame) {
            Ok(Parsed::Arp(request, frame)) => {
                if wants_frames {
                    self.observer.on_frame(self.now(), station, Direction::Egress, &frame, None);
                }
                self.answer_arp(station, request);
            }
            Ok(Parsed::Ipv4(packet)) => {
                let place = match station {
                    Station::Eni(eni) => Place::Leaving(eni),
                    Station::LinkLocal(eni) => Place::LeavingLinkLocal(eni),
                    Station::Outside(host) => Place::LeavingOutside(host),
                    Station::OnPrem(network, host) => Place::LeavingOnPrem(network, host),
                };
                let id = self.next_id();
                if !services::is_provided(&self.model, station) {
                    self.packets_sent += 1;
                }
                // The walk rewrites the packet, and a capture shows it as it was sent.
                if wants_frames {
                    self.copy.clear();
                    self.copy.extend_from_slice(packet.frame());
                }
                self.walk_on(id, place, packet, Some(Cause::Host), wants_frames.then_some(station));
            }
            Err((reason, frame)) => {
                let reason = DropReason::from(reason);
                self.observer.on_malformed(self.now(), station, frame.len(), reason);
                self.observer.on_frame(self.now(), station, Direction::Egress, &frame, Some(reason));
            }
        }
    }

    fn answer_arp(&mut self, station: Station, request: wire::ArpRequest) {
        let mac = match station {
            Station::Eni(eni) => plane::answer_arp(&self.model, eni, request),
            Station::LinkLocal(eni) => self.model.enis.get(&eni).map(|eni| eni.mac),
            // Whoever is on the internet is reached through one's provider, and what is elsewhere through
            // the router on premises.
            Station::Outside(_) => Some(OutsideHost::provider_mac()),
            Station::OnPrem(network, _) => Some(
                self.model
                    .on_prem
                    .get(&(network, request.target))
                    .map_or(OutsideHost::provider_mac(), OnPremHost::mac),
            ),
        };
        match (mac, station) {
            (Some(mac), _) => {
                let frame = build::arp_reply(request, mac);
                let at = self.now() + TO_HYPERVISOR;
                self.queue.push(at, Lane::Arrive, Event::Answer { station, frame });
            }
            (None, Station::Eni(eni)) => {
                self.observer.on_unanswered_arp(self.now(), eni, request.target, &self.model);
            }
            (None, Station::LinkLocal(_) | Station::Outside(_) | Station::OnPrem(..)) => {}
        }
    }

    /// Walks a packet from a place to the next link or to its end. `cause` says where it comes from if it
    /// is new; `sent_by` is who has just sent it, if the frame it was sent as is to be shown.
    fn walk_on(
        &mut self,
        id: PacketId,
        place: Place,
        mut packet: Packet,
        cause: Option<Cause>,
        sent_by: Option<Station>,
    ) {
        let now = self.now();
        let facts = PacketFacts::from(&packet);
        self.walk.clear();
        self.state.expire(now);
        let way = walk(&self.model, &self.state, place, &mut packet, now, &mut self.walk);
        let ahead = self.enter_link(place, way, &packet);
        // A flow is tracked at the interfaces it passed, even if it is dropped further on
        // (assumed: track-before-drop).
        self.state.commit(&self.walk.effects, now);
        let receiver = match ahead {
            Ahead::Travel { to, .. } => interface_of(to),
            Ahead::End(_) | Ahead::Split { .. } => None,
        };
        let (sender, steps) = (place.sender(), self.walk.steps.as_slice());
        let stretch = Stretch { at: now, id, cause, packet: facts, steps, sender, receiver };
        self.observer.on_stretch(&stretch, &self.model);
        if let Some(station) = sent_by {
            let comment = match ahead {
                Ahead::End(Fate::Dropped(reason)) => Some(reason),
                Ahead::End(Fate::Delivered(_) | Fate::Fragmented)
                | Ahead::Split { .. }
                | Ahead::Travel { .. } => None,
            };
            self.observer.on_frame(now, station, Direction::Egress, &self.copy, comment);
        }
        let answer = self.walk.answer.take();
        match ahead {
            Ahead::Travel { to, from, towards, crossed } => {
                let copies: Vec<Packet> = (0..crossed.copies).map(|_| packet.clone()).collect();
                self.queue.push(
                    crossed.at,
                    Lane::Arrive,
                    Event::Arrive { id, place: to, at: towards, packet },
                );
                for copy in copies {
                    self.double(copy, to, from, towards, crossed.at);
                }
            }
            Ahead::Split { mtu, place } => {
                for fragment in packet.fragments(mtu) {
                    let part = self.next_id();
                    self.walk_on(part, place, fragment, Some(Cause::FragmentOf(id)), None);
                }
            }
            Ahead::End(Fate::Delivered(station)) => {
                let frame = packet.into_frame();
                if is_next_to_host(place, station) {
                    let at = now + TO_HYPERVISOR;
                    self.queue.push(at, Lane::Arrive, Event::Answer { station, frame });
                } else {
                    self.deliver(station, frame);
                }
            }
            Ahead::End(Fate::Dropped(_) | Fate::Fragmented) => {}
        }
        if let Some((packet, place)) = answer {
            let answer = self.next_id();
            self.walk_on(answer, place, packet, Some(Cause::AnswerTo(id)), None);
        }
    }

    /// Lets a packet that comes to a link enter it. What the link drops ends the stretch.
    fn enter_link(&mut self, place: Place, way: Way, packet: &Packet) -> Ahead {
        let (to, from, towards) = match way {
            Way::Link { to, from, towards } => (to, from, towards),
            Way::Split { mtu, place } => return Ahead::Split { mtu, place },
            Way::End(fate) => return Ahead::End(fate),
        };
        let crossing = Crossing {
            from: Endpoint { location: from, eni: interface_of(place) },
            towards: Endpoint { location: towards, eni: interface_of(to) },
            tuple: packet.tuple(),
            bytes: packet.frame().len(),
        };
        match self.links.cross(&crossing, self.queue.now(), &self.model) {
            Ok(crossed) => Ahead::Travel { to, from, towards, crossed },
            Err(reason) => {
                let fate = Fate::Dropped(reason);
                self.walk.steps.push(Step::Ended(fate));
                Ahead::End(fate)
            }
        }
    }

    /// A second copy of a packet comes off a link right behind it.
    fn double(&mut self, packet: Packet, place: Place, from: Location, to: Location, at: Instant) {
        let id = self.next_id();
        let steps = [Step::Duplicated { from, to }];
        self.tell(id, Some(Cause::Duplicate), PacketFacts::from(&packet), &steps);
        self.queue.push(at, Lane::Arrive, Event::Arrive { id, place, at: to, packet });
    }

    /// A packet comes off a link, unless the place it comes to went down in the meantime: then its
    /// interface never sees it.
    fn arrive(&mut self, id: PacketId, place: Place, at: Location, packet: Packet) {
        match self.links.blocked_at(at) {
            None => self.walk_on(id, place, packet, None, None),
            Some(reason) => {
                self.tell(id, None, PacketFacts::from(&packet), &[Step::Ended(Fate::Dropped(reason))]);
            }
        }
    }

    /// Shows the observer a stretch in which nothing was walked.
    fn tell(&mut self, id: PacketId, cause: Option<Cause>, packet: PacketFacts, steps: &[Step]) {
        let (sender, receiver) = (None, None);
        let stretch = Stretch { at: self.queue.now(), id, cause, packet, steps, sender, receiver };
        self.observer.on_stretch(&stretch, &self.model);
    }

    fn next_id(&mut self) -> PacketId {
        let id = PacketId(self.packets_numbered);
        self.packets_numbered += 1;
        id
    }

    fn deliver(&mut self, station: Station, frame: Vec<u8>) {
        if self.observer.wants_frames() {
            self.observer.on_frame(self.now(), station, Direction::Ingress, &frame, None);
        }
        self.boot_provided(station);
        if let Some(slot) = self.hosts.get_mut(&station) {
            slot.host.receive(frame);
            self.settle(station);
        }
    }

    /// Boots what is there without anybody describing it, when it is needed for the first time.
    fn boot_provided(&mut self, station: Station) {
        if self.hosts.contains_key(&station) {
            return;
        }
        let slot = match station {
            Station::LinkLocal(id) => {
                let Some(eni) = self.model.enis.get(&id) else { return };
                Slot::new(hosts::link_local(&self.model, eni, self.seed), &services::of_link_local())
            }
            Station::Outside(address) => {
                let Some(host) = self.model.outside.get(&address) else { return };
                Slot::new(hosts::outside(host, self.seed), &services::of_provided(&self.model, host))
            }
            Station::OnPrem(network, address) => {
                let Some(host) = self.model.on_prem.get(&(network, address)) else { return };
                Slot::new(hosts::on_prem(&self.model, host, self.seed), &services::of_resolver())
            }
            Station::Eni(_) => return,
        };
        self.hosts.insert(station, slot);
    }

    /// Lets answers of metadata services live as long as the options of their instances say now.
    fn limit_hops(&mut self) {
        for (station, slot) in &mut self.hosts {
            if let Station::LinkLocal(eni) = station
                && let Some(eni) = self.model.enis.get(eni)
            {
                slot.host.set_ttl(hosts::hop_limit(&self.model, eni));
            }
        }
    }

    /// Lets services be called by the names of endpoints that have come since they booted.
    fn name_services(&mut self) {
        for (station, slot) in &mut self.hosts {
            let Station::Outside(address) = station else { continue };
            let host = self.model.outside.get(address).filter(|host| host.is_provided);
            for (port, service) in
                host.map(|host| services::of_provided(&self.model, host).services).into_iter().flatten()
            {
                slot.host.serve(port, service);
            }
        }
    }

    /// Gives every instance that runs a host, and takes it from those that do not.
    fn follow_model(&mut self) {
        let running = |instance: &&Instance| instance.state == InstanceState::Running;
        let further = self.model.further_hosts().filter(|eni| self.model.is_up(eni)).map(|eni| eni.id);
        let up: IndexSet<EniId, FixedState> = self
            .model
            .instances
            .values()
            .filter(running)
            .map(|instance| instance.eni)
            .chain(further)
            .collect();
        let state = &mut self.state;
        self.hosts.retain(|station, _| match station {
            Station::Eni(eni) | Station::LinkLocal(eni) if !up.contains(eni) => {
                state.forget(*eni);
                false
            }
            Station::Eni(_) | Station::LinkLocal(_) | Station::Outside(_) | Station::OnPrem(..) => true,
        });
        for eni in up {
            if !self.hosts.contains_key(&Station::Eni(eni)) {
                let boots = self.boots.entry(eni).or_insert(0);
                *boots += 1;
                let mut setup = self.setups.get(&Station::Eni(eni)).cloned().unwrap_or_default();
                let is_instance = self.model.eni(eni).instance().is_some();
                if is_instance && setup.services.iter().all(|(port, _)| *port != SSH) {
                    setup.services.push((SSH, Service::Ssh));
                }
                let config = hosts::instance(&self.model, self.model.eni(eni), self.boots[&eni], self.seed);
                self.hosts.insert(Station::Eni(eni), Slot::new(config, &setup));
            }
        }
        self.tell_names();
    }

    /// What was counted at a NAT gateway until now.
    pub fn nat_metrics(&mut self, id: NatGatewayId) -> NatMetrics {
        let now = self.now();
        self.state.expire(now);
        self.state.nat.metrics(id)
    }

    /// Writes every host's list of names.
    fn tell_names(&mut self) {
        let (inside, outside) = hosts::names(&self.model);
        let (inside, outside) = (Arc::new(inside), Arc::new(outside));
        for (station, slot) in &mut self.hosts {
            slot.host.set_resolver(hosts::resolver(&self.model, *station));
            slot.host.set_names(Arc::clone(match station {
                Station::Eni(_) | Station::LinkLocal(_) | Station::OnPrem(..) => &inside,
                Station::Outside(_) => &outside,
            }));
        }
    }
}

/// Whether a packet goes to or comes from what is next to a host: no link is between them.
fn is_next_to_host(place: Place, station: Station) -> bool {
    matches!(station, Station::LinkLocal(_)) || matches!(place, Place::LeavingLinkLocal(_))
}

/// The interface at a place.
pub(super) fn interface_of(place: Place) -> Option<EniId> {
    match place {
        Place::Answering(eni)
        | Place::Arriving { eni, .. }
        | Place::At { from: eni, .. }
        | Place::Behind { eni, .. }
        | Place::LeavingLinkLocal(eni)
        | Place::Leaving(eni) => Some(eni),
        Place::ArrivingOnPrem(..)
        | Place::ArrivingOutside(_)
        | Place::EnteringTunnel { .. }
        | Place::InTransitGateway { .. }
        | Place::LeavingOnPrem(..)
        | Place::LeavingOutside(_)
        | Place::OnInternet(_) => None,
    }
}
