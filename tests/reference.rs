//! The plane against a reference model, in random worlds: two implementations of the facts have to agree
//! about every packet.
//!
//! `VPCLAB_SEEDS=20000` tries more worlds, `VPCLAB_SEED=7` just one; `VPCLAB_FAILURES=9` goes on after the
//! first difference, `VPCLAB_SHOW=1` fails in the end to show what was counted. A difference is printed with
//! the shortest script that still shows it. What it finds becomes a file in `scenarios/regress` if commands
//! can show it, and a test in `tests/compliance/regressions.rs`.

mod swarm_reference;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::net::Ipv4Addr;

use swarm_reference::memory::Memory;
use swarm_reference::packet::{Flow, Packet};
use swarm_reference::path::{End, Journey, Trip};
use swarm_reference::plane;
use swarm_reference::script::{Action, Past, change, next_actions, stream};
use swarm_reference::world::{Draw, LAPTOP, build as build_world};
use vpclab::ids::EniId;
use vpclab::model::{InstanceState, Model};
use vpclab::plane::{Effect, NatEffect, NatWay, State};
use vpclab::time::Instant;
use vpclab::trace::{DropReason, Station};
use vpclab::wire::build::{self, Ends};
use vpclab::wire::{self, FiveTuple, Protocol, TcpFlags};

/// How many worlds are tried.
const SEEDS: u64 = 1000;
const START: Instant = Instant::from_unix_seconds(1_719_565_200);

/// What became of packets.
#[derive(Default)]
struct Tally {
    dropped: BTreeMap<&'static str, u64>,
    hops: BTreeMap<&'static str, u64>,
    packets: u64,
    delivered: u64,
    answers: u64,
    splits: u64,
}

impl Tally {
    fn count(&mut self, journey: &Journey, hops: &BTreeSet<&'static str>) {
        self.packets += 1;
        match &journey.end {
            End::Delivered(..) => {
                self.delivered += 1;
                for hop in hops {
                    *self.hops.entry(hop).or_insert(0) += 1;
                }
            }
            End::Dropped(reason) => *self.dropped.entry(reason).or_insert(0) += 1,
            End::Split(_, parts) => {
                self.splits += 1;
                parts.iter().for_each(|part| self.count(part, hops));
            }
        }
        if let Some(answer) = &journey.answer {
            self.answers += 1;
            self.count(&answer.1, &BTreeSet::new());
        }
    }
}

/// A world in two views.
struct Lab {
    model: Model,
    state: State,
    memory: Memory,
    now: Instant,
    tally: Tally,
}

/// The two views of a packet differ.
struct Difference {
    text: String,
}

impl Lab {
    fn new(seed: u64) -> Self {
        let model = build_world(&mut Draw(stream(seed, "world")), START);
        Self {
            model,
            state: State::default(),
            memory: Memory::default(),
            now: START,
            tally: Tally::default(),
        }
    }

    fn act(&mut self, action: &Action) -> Result<Option<Past>, Difference> {
        match action {
            Action::Wait(duration) => {
                self.now += *duration;
                Ok(None)
            }
            Action::Change(seed) => {
                let running = self.running();
                change(&mut self.model, *seed, self.now);
                let now_running = self.running();
                for eni in running.difference(&now_running) {
                    self.state.forget(*eni);
                    self.memory.forget(*eni);
                }
                Ok(None)
            }
            Action::Send { from, frame } => {
                let exists = match from {
                    Station::Eni(eni) => self.running().contains(eni),
                    Station::LinkLocal(_) | Station::Outside(_) | Station::OnPrem(..) => true,
                };
                if !exists {
                    return Ok(None);
                }
                let packet = wire::Packet::parse(frame.clone()).expect("a packet");
                self.send(*from, packet).map(Some)
            }
        }
    }

    fn running(&self) -> BTreeSet<EniId> {
        let running = self.model.instances.values().filter(|i| i.state == InstanceState::Running);
        running.map(|instance| instance.eni).collect()
    }

    fn send(&mut self, from: Station, packet: wire::Packet) -> Result<Past, Difference> {
        let (model, now) = (&self.model, self.now);
        let mut plane = plane::Trip {
            model,
            state: &mut self.state,
            now,
            steps: Vec::new(),
            choices: swarm_reference::path::Choices::default(),
            received: Vec::new(),
        };
        let sent = Packet::of(&packet);
        let came = plane.begin(from, packet.clone());
        let (steps, mut choices, received) = (plane.steps, plane.choices, plane.received);
        let mut trip = Trip::new(model, &mut self.memory, &mut choices, now);
        let expected = trip.begin(from, sent);
        let hops = trip.hops;
        if came != expected {
            let mut text = format!(
                "{sent:?}\nfrom {from:?} at {now:?}\nthe plane:     {came:?}\nthe reference: {expected:?}\nthe plane's steps:\n"
            );
            for step in steps {
                let _ = writeln!(text, "  {step:?}");
            }
            return Err(Difference { text });
        }
        self.tally.count(&expected, &hops);
        Ok(Past { from, sent: packet, received })
    }
}

/// Runs a drawn script; gives the actions until the difference, if there is one.
fn run(seed: u64) -> Result<Tally, (Vec<Action>, Difference)> {
    let mut lab = Lab::new(seed);
    let mut draw = Draw(stream(seed, "script"));
    let (mut actions, mut past) = (Vec::new(), Vec::new());
    let length = 60 + draw.number(90);
    while actions.len() < length {
        let next = next_actions(&mut draw, &lab.model, &past);
        for action in next {
            actions.push(action.clone());
            match lab.act(&action) {
                Ok(sent) => past.extend(sent),
                Err(difference) => return Err((actions, difference)),
            }
        }
    }
    Ok(lab.tally)
}

fn replay(seed: u64, actions: &[Action]) -> Option<Difference> {
    let mut lab = Lab::new(seed);
    actions.iter().find_map(|action| lab.act(action).err())
}

/// Leaves actions out as long as there still is a difference.
fn shrink(seed: u64, mut actions: Vec<Action>, mut difference: Difference) -> (Vec<Action>, Difference) {
    let mut at = actions.len();
    while at > 0 {
        at -= 1;
        let mut fewer = actions.clone();
        fewer.remove(at);
        if let Some(found) = replay(seed, &fewer) {
            (actions, difference) = (fewer, found);
        }
    }
    (actions, difference)
}

fn report(seed: u64, actions: Vec<Action>, difference: Difference) -> String {
    let (actions, difference) = shrink(seed, actions, difference);
    let mut text = format!("seed {seed}, after {} actions that matter:\n", actions.len());
    for action in &actions {
        let _ = match action {
            Action::Send { from, frame } => {
                let packet = wire::Packet::parse(frame.clone()).expect("a packet");
                writeln!(text, "  {from:?} sends {:?}", Packet::of(&packet))
            }
            Action::Change(seed) => writeln!(text, "  change {seed}"),
            Action::Wait(duration) => writeln!(text, "  wait {duration:?}"),
        };
    }
    text + &difference.text
}

/// What a bare walk of intact packets cannot come to: links, hosts and frames have tests of their own.
const ELSEWHERE: [&str; 7] =
    ["link-local-rate", "malformed", "no-neighbor", "zone-down", "link-cut", "link-queue-full", "link-loss"];

/// So many connections of one NAT gateway to one destination that the next one finds no port: too many to
/// open one by one, so both views are told of them.
fn exhaust_ports() -> Tally {
    let probe = |from: Station, model: &Model, src_port: u16, dst_port: u16| {
        let Station::Eni(eni) = from else { unreachable!("an instance sends it") };
        let (src, dst) = (model.enis[&eni].private_ips[0], LAPTOP);
        let tuple = FiveTuple { src, dst, src_port, dst_port, protocol: Protocol::TCP };
        build::tcp(Ends::TEST, tuple, TcpFlags(TcpFlags::SYN), b"")
    };
    let send = |lab: &mut Lab, from: Station, src_port: u16, dst_port: u16| {
        let packet = probe(from, &lab.model, src_port, dst_port);
        let _ = lab.send(from, packet).map_err(|difference| panic!("{}", difference.text));
    };
    // The first world in which an instance reaches the internet through a NAT gateway.
    let through_nat = |seed| {
        let mut lab = Lab::new(seed);
        let from = lab.running().into_iter().map(Station::Eni).find(|from| {
            send(&mut lab, *from, 1, 80);
            lab.memory.translations.len() == 1
        });
        from.map(|from| (lab, from))
    };
    let (mut lab, from) = (0..SEEDS).find_map(through_nat).expect("there are NAT gateways");
    let first = lab.memory.translations[0].clone();
    let tuple = |flow: Flow| FiveTuple {
        src: flow.src,
        dst: flow.dst,
        src_port: flow.src_port,
        dst_port: flow.dst_port,
        protocol: Protocol(flow.protocol),
    };
    for n in 1..55_000_u32 {
        // Another sender for every 50,000: ports end at 65,535.
        let other = Ipv4Addr::from_bits(first.inside.src.to_bits() + n / 50_000);
        let inside = Flow { src: other, src_port: (2 + n % 50_000) as u16, ..first.inside };
        let binding = lab.state.nat.new_binding(first.nat, tuple(inside), first.outside.src).expect("a port");
        let outside = Flow { src_port: binding.outside.src_port, ..first.outside };
        let (way, flags, len) = (NatWay::Out, TcpFlags(TcpFlags::SYN), 40);
        let effect = NatEffect::Forwarded { nat: first.nat, binding, way, flags, len };
        lab.state.commit(&[Effect::Nat(effect)], lab.now);
        lab.memory.translate(first.nat, inside, outside, lab.now);
    }
    for (src_port, dst_port) in [(60_000, 80), (60_000, 81), (3, 80)] {
        send(&mut lab, from, src_port, dst_port);
    }
    lab.tally
}

const HOPS: [&str; 15] = [
    "gateway endpoint",
    "igw hairpin",
    "igw in",
    "igw out",
    "interface endpoint",
    "middlebox",
    "nat private",
    "nat regional",
    "nat zonal",
    "peering inter",
    "peering intra",
    "same subnet",
    "tgw",
    "tgw peering",
    "vpn",
];

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().expect("a number"))
}

#[test]
fn the_plane_does_what_the_facts_say() {
    let seeds = match number("VPCLAB_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("VPCLAB_SEEDS").unwrap_or(SEEDS),
    };
    let is_complete = seeds.end - seeds.start >= SEEDS;
    let mut all = if is_complete { exhaust_ports() } else { Tally::default() };
    let mut failures = Vec::new();
    for seed in seeds {
        match run(seed) {
            Ok(tally) => {
                for (reason, count) in tally.dropped {
                    *all.dropped.entry(reason).or_insert(0) += count;
                }
                for (hop, count) in tally.hops {
                    *all.hops.entry(hop).or_insert(0) += count;
                }
                all.packets += tally.packets;
                all.delivered += tally.delivered;
                all.answers += tally.answers;
                all.splits += tally.splits;
            }
            Err((actions, difference)) => {
                failures.push(report(seed, actions, difference));
                if failures.len() as u64 >= number("VPCLAB_FAILURES").unwrap_or(1) {
                    break;
                }
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
    let counts = format!(
        "{} packets, {} delivered, {} answers, {} splits\n{:#?}\n{:#?}",
        all.packets, all.delivered, all.answers, all.splits, all.dropped, all.hops
    );
    if is_complete {
        for (code, _) in DropReason::CODES {
            let is_there = all.dropped.contains_key(code) || ELSEWHERE.contains(code);
            assert!(is_there, "nothing was dropped for {code}:\n{counts}");
        }
        for hop in HOPS {
            assert!(all.hops.contains_key(hop), "nothing went by {hop}:\n{counts}");
        }
    }
    if number("VPCLAB_SHOW").is_some() {
        panic!("{counts}");
    }
}
