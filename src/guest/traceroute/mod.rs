//! `traceroute` as Linux has it (2.1): probes with a small time to live, and who complains about them.
//!
//! Knows when to send which probe and what is printed; never how packets travel.
//!
//! The order in which probes leave and answers are printed is the original's: a number of them on
//! their way at once, a line begun as soon as its first probe is decided.

mod options;

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::time::Duration;

pub(super) use self::options::Options;
use self::options::{Method, Patience};
use super::dns::lookup::{Looked, Lookup};
use super::process::{Os, Program, Progress};
use super::stack::{Probe as About, ProbeNews};
use crate::time::Instant;
use crate::wire::build::{self, Ends};
use crate::wire::{FiveTuple, Packet, Protocol};

/// Every probe is as long as a SYN with all its options.
const PACKET_LEN: usize = 60;
const HEADERS: usize = 28;
const UDP_PORT: u16 = 33_434;
const TCP_PORT: u16 = 80;
/// What is added to a round trip before it is multiplied.
const ALLOWANCE: Duration = Duration::from_millis(1);
/// Turns of the state machine in one step.
const TURNS_MAX: usize = 10_000;

/// A running `traceroute`.
pub(super) struct Traceroute {
    options: Options,
    lookup: Lookup,
    state: Option<State>,
}

struct State {
    address: Ipv4Addr,
    /// What echo requests are told by.
    identifier: Option<u16>,
    by_port: BTreeMap<u16, usize>,
    probes: Vec<Probe>,
    /// The first probe that is not printed.
    start: usize,
    /// Behind the last probe of the last hop.
    end: usize,
}

#[derive(Clone, Default)]
struct Probe {
    sent: Option<Instant>,
    /// Answered, or not waited for any more.
    is_done: bool,
    answer: Option<Answer>,
}

#[derive(Clone)]
struct Answer {
    from: Ipv4Addr,
    took: Duration,
    /// Whether nothing is behind it.
    is_final: bool,
    mark: String,
}

impl Traceroute {
    pub fn new(options: Options) -> Self {
        let lookup = Lookup::new(&options.host);
        Self { options, lookup, state: None }
    }

    fn begin(&mut self, os: &mut Os<'_>, address: Ipv4Addr) {
        let Options { host, max_hops, per_hop, first_hop, .. } = &self.options;
        os.write_stdout(format!(
            "traceroute to {host} ({address}), {max_hops} hops max, {PACKET_LEN} byte packets"
        ));
        self.state = Some(State {
            address,
            identifier: (self.options.method == Method::Icmp).then(|| os.open_echo()),
            by_port: BTreeMap::new(),
            probes: vec![Probe::default(); max_hops * per_hop],
            start: (first_hop - 1) * per_hop,
            end: max_hops * per_hop,
        });
    }

    /// Sends and prints what is due; says until when to wait, or nothing if all is printed.
    fn advance(&mut self, os: &mut Os<'_>) -> Option<Instant> {
        for _ in 0..TURNS_MAX {
            let (start, end) = (self.state().start, self.state().end);
            if start >= end {
                return None;
            }
            if let Some(until) = self.turn(os, start) {
                return Some(until);
            }
        }
        panic!("{}: traceroute does not come to an end", os.hostname);
    }

    /// Walks along the probes from the first that is not printed.
    fn turn(&mut self, os: &mut Os<'_>, start: usize) -> Option<Instant> {
        let (per_hop, at_once) = (self.options.per_hop, self.options.at_once);
        let (mut until, mut on_their_way) = (None, 0);
        let mut index = start;
        while index < self.state().end {
            let expires = (index == start).then(|| self.expires(index)).flatten();
            if let Some(at) = expires {
                if at > os.now {
                    until = Some(at);
                } else {
                    self.state_mut().probes[index].is_done = true;
                }
            }
            let probe = &self.state().probes[index];
            if probe.is_done {
                let is_final = probe.answer.as_ref().is_some_and(|answer| answer.is_final);
                if index == self.state().start {
                    self.print(os, index);
                    self.state_mut().start += 1;
                }
                if is_final {
                    self.state_mut().end = (index / per_hop + 1) * per_hop;
                }
            } else {
                if probe.sent.is_none() {
                    self.send(os, index);
                }
                on_their_way += 1;
                if on_their_way >= at_once {
                    break;
                }
            }
            index += 1;
        }
        until
    }

    /// When a probe on its way counts as lost.
    fn expires(&self, index: usize) -> Option<Instant> {
        let (State { probes, .. }, Patience { max, here, near }) = (self.state(), self.options.patience);
        let sent = probes[index].sent.filter(|_| !probes[index].is_done)?;
        let took = |probe: &Probe| probe.answer.as_ref().map(|answer| answer.took);
        let hop = index / self.options.per_hop * self.options.per_hop;
        let same_hop = &probes[hop..hop + self.options.per_hop];
        let later = probes[index + 1..].iter().take_while(|probe| probe.sent.is_some());
        let patience = |took: Duration, factor: u32| ((took + ALLOWANCE) * factor).min(max);
        let wait = if here > 0
            && let Some(took) = same_hop.iter().find_map(took)
        {
            patience(took, here)
        } else if near > 0
            && let Some(took) = later.filter_map(took).next()
        {
            patience(took, near)
        } else {
            max
        };
        Some(sent + wait)
    }

    fn send(&mut self, os: &mut Os<'_>, index: usize) {
        let destination = self.state().address;
        let hop = index / self.options.per_hop + 1;
        let mut packet = match self.options.method {
            Method::Icmp => {
                let identifier = self.state().identifier.expect("opened at the beginning");
                let source = os.source_for(destination);
                let sequence = (index + 1) as u16;
                build::echo_request(Ends::TEST, source, destination, identifier, sequence, &payload())
            }
            Method::Udp => {
                let port = self.options.port.unwrap_or(UDP_PORT).wrapping_add(index as u16);
                build::udp(Ends::TEST, self.open(os, index, (Protocol::UDP, port)), &payload())
            }
            Method::Tcp => {
                let port = self.options.port.unwrap_or(TCP_PORT);
                let tuple = self.open(os, index, (Protocol::TCP, port));
                syn(os, tuple)
            }
        };
        packet.set_ttl(u8::try_from(hop).unwrap_or(u8::MAX));
        packet.set_dont_fragment(false);
        os.send_packet(packet);
        self.state_mut().probes[index].sent = Some(os.now);
    }

    /// A port of its own for a probe, by which its answer is known.
    fn open(&mut self, os: &mut Os<'_>, index: usize, (protocol, dst_port): (Protocol, u16)) -> FiveTuple {
        let src_port = os.open_port(protocol);
        let state = self.state_mut();
        state.by_port.insert(src_port, index);
        let dst = state.address;
        FiveTuple { src: os.source_for(dst), dst, src_port, dst_port, protocol }
    }

    fn hear(&mut self, now: Instant, news: ProbeNews) {
        let (about, from, is_final, mark) = match news {
            ProbeNews::Reply { from, sequence, .. } => (About::Echo(sequence), from, true, String::new()),
            ProbeNews::Answer { from, port, .. } => (About::Port(port), from, true, String::new()),
            ProbeNews::Error { from, about, kind, code, mtu } => {
                let Some((is_final, mark)) = complaint(kind, code, mtu) else { return };
                (about, from, is_final, mark)
            }
        };
        let state = self.state_mut();
        let index = match about {
            About::Echo(sequence) => Some(usize::from(sequence.wrapping_sub(1))),
            About::Port(port) => state.by_port.get(&port).copied(),
        };
        let Some(probe) = index.and_then(|index| state.probes.get_mut(index)) else { return };
        let Some(sent) = probe.sent.filter(|_| !probe.is_done) else { return };
        probe.is_done = true;
        probe.answer = Some(Answer { from, took: now.since(sent), is_final, mark });
    }

    fn print(&self, os: &mut Os<'_>, index: usize) {
        let probes = &self.state().probes;
        let within = index % self.options.per_hop;
        if within == 0 {
            os.write_stdout(format!("\n{:2} ", index / self.options.per_hop + 1));
        }
        let Some(answer) = &probes[index].answer else {
            os.write_stdout(" *");
            return;
        };
        let before = probes[index - within..index].iter().rev().find_map(|probe| probe.answer.as_ref());
        if before.is_none_or(|before| before.from != answer.from) {
            let from = answer.from;
            let name = os.name_of(from).map_or(from.to_string(), str::to_owned);
            os.write_stdout(if self.options.numeric {
                format!(" {from}")
            } else {
                format!(" {name} ({from})")
            });
        }
        let micros = (answer.took.as_nanos() + 500) / 1000;
        os.write_stdout(format!("  {}.{:03} ms", micros / 1000, micros % 1000));
        if !answer.mark.is_empty() {
            os.write_stdout(format!(" {}", answer.mark));
        }
    }

    fn state(&self) -> &State {
        self.state.as_ref().expect("traceroute has begun")
    }

    fn state_mut(&mut self) -> &mut State {
        self.state.as_mut().expect("traceroute has begun")
    }
}

impl Program for Traceroute {
    fn step(&mut self, os: &mut Os<'_>) -> Progress {
        if self.state.is_none() {
            match self.lookup.poll(os) {
                Looked::Waiting => return Progress::Waiting(self.lookup.deadline()),
                Looked::Found(addresses) => self.begin(os, addresses[0]),
                Looked::Failed(why) => {
                    let Options { host, position: (position, count), .. } = &self.options;
                    os.write_stderr(format!(
                        "{host}: {}\n\
                         Cannot handle \"host\" cmdline arg `{host}' on position {position} (argc {count})\n",
                        why.describe()
                    ));
                    return Progress::Exited(2);
                }
            }
        }
        for news in os.take_probe_news() {
            self.hear(os.now, news);
        }
        match self.advance(os) {
            Some(until) => Progress::Waiting(Some(until)),
            None => {
                os.write_stdout("\n");
                Progress::Exited(0)
            }
        }
    }
}

/// Whether an ICMP error ends the path, and how it is marked; `None` if it is none of those.
fn complaint(kind: u8, code: u8, mtu: u16) -> Option<(bool, String)> {
    const DESTINATION_UNREACHABLE: u8 = 3;
    const TIME_EXCEEDED: u8 = 11;
    let mark = match (kind, code) {
        (TIME_EXCEEDED, 0) => return Some((false, String::new())),
        (DESTINATION_UNREACHABLE, 0 | 6 | 8 | 11) => "!N".to_owned(),
        (DESTINATION_UNREACHABLE, 1 | 7 | 12) => "!H".to_owned(),
        (DESTINATION_UNREACHABLE, 2) => "!P".to_owned(),
        (DESTINATION_UNREACHABLE, 3) => String::new(),
        (DESTINATION_UNREACHABLE, 4) => format!("!F-{mtu}"),
        (DESTINATION_UNREACHABLE, 5) => "!S".to_owned(),
        (DESTINATION_UNREACHABLE, 9 | 10 | 13) => "!X".to_owned(),
        (DESTINATION_UNREACHABLE, 14) => "!V".to_owned(),
        (DESTINATION_UNREACHABLE, 15) => "!C".to_owned(),
        (DESTINATION_UNREACHABLE, code) => format!("!<{code}>"),
        (_, _) => return None,
    };
    Some((true, mark))
}

/// What the original fills its packets with.
fn payload() -> Vec<u8> {
    (0..PACKET_LEN - HEADERS).map(|at| b'@' + (at % 64) as u8).collect()
}

/// A SYN with the options of a Linux that opens a connection.
fn syn(os: &mut Os<'_>, tuple: FiveTuple) -> Packet {
    const IP_AND_TCP_HEADERS: u16 = 40;
    const WINDOW_SEGMENTS: u16 = 4;
    let mss = os.path_mtu(tuple.dst) - IP_AND_TCP_HEADERS;
    let sequence = os.random() as u32;
    let micros = (os.now.as_nanos() / 1000) as u32;
    let mut options = vec![2, 4];
    options.extend(mss.to_be_bytes());
    options.extend([4, 2, 8, 10]);
    options.extend(micros.to_be_bytes());
    options.extend([0, 0, 0, 0, 1, 3, 3, 2]);
    build::syn(Ends::TEST, tuple, sequence, mss.saturating_mul(WINDOW_SEGMENTS), &options)
}
