//! `ping` as iputils has it: echo requests, and its words to the letter.
//!
//! Knows ICMP echo and what ping prints; never how packets travel.

mod options;
mod report;

use std::collections::BTreeSet;
use std::net::Ipv4Addr;

use self::options::Fragmentation;
pub(super) use self::options::Options;
use self::report::Statistics;
use super::dns::lookup::{Looked, Lookup};
use super::process::{Os, Program, Progress};
use super::stack::{Probe, ProbeNews};
use crate::time::Instant;
use crate::wire::build::{self, Ends};

const IP_AND_ICMP_HEADERS: usize = 28;
/// The send time stands in the payload if there is room for it (a `timeval`).
const TIMESTAMP: usize = 16;
/// Probes sent in one step.
const PROBES_MAX: u32 = 10_000;

/// A running `ping`.
pub(super) struct Ping {
    options: Options,
    lookup: Lookup,
    state: Option<State>,
    statistics: Statistics,
}

struct State {
    address: Ipv4Addr,
    /// Who answers, as the replies print it.
    shown: String,
    identifier: u16,
    began: Instant,
    next_probe: Instant,
    /// When to stop waiting for replies: set once all probes are sent.
    lingers_until: Option<Instant>,
    sent_at: Vec<Instant>,
    answered: BTreeSet<u16>,
}

impl Ping {
    pub fn new(options: Options) -> Self {
        let lookup = Lookup::new(&options.host);
        Self { options, lookup, state: None, statistics: Statistics::default() }
    }

    fn begin(&mut self, os: &mut Os<'_>, address: Ipv4Addr) {
        let host = &self.options.host;
        let is_literal = host.parse::<Ipv4Addr>().is_ok();
        let name = os.name_of(address).filter(|_| !is_literal && !self.options.numeric);
        let shown = name.map_or(address.to_string(), |name| format!("{name} ({address})"));
        let (size, packet) = (self.options.size, self.options.size + IP_AND_ICMP_HEADERS);
        os.write_stdout(format!("PING {host} ({address}) {size}({packet}) bytes of data.\n"));
        self.state = Some(State {
            address,
            shown,
            identifier: os.open_echo(),
            began: os.now,
            next_probe: os.now,
            lingers_until: None,
            sent_at: Vec::new(),
            answered: BTreeSet::new(),
        });
    }

    fn send_due(&mut self, os: &mut Os<'_>) {
        for _ in 0..PROBES_MAX {
            let state = self.state.as_mut().expect("ping has begun");
            let all_sent = self.options.count.is_some_and(|count| self.statistics.transmitted >= count);
            // With a deadline, ping goes on until enough replies are there.
            if state.next_probe > os.now || (all_sent && self.options.deadline.is_none()) {
                return;
            }
            state.next_probe += self.options.interval;
            state.sent_at.push(os.now);
            self.statistics.transmitted += 1;
            self.statistics.last_sent = os.now.since(state.began);
            self.send_probe(os);
        }
        panic!("{}: ping floods", os.hostname);
    }

    fn send_probe(&mut self, os: &mut Os<'_>) {
        let state = self.state.as_mut().expect("ping has begun");
        let mtu = os.path_mtu(state.address);
        let fits = self.options.size + IP_AND_ICMP_HEADERS <= usize::from(mtu);
        let dont_fragment = match self.options.fragmentation {
            Fragmentation::Never => true,
            Fragmentation::HereOnly => fits,
            Fragmentation::Anywhere => false,
        };
        if dont_fragment && !fits {
            self.statistics.errors += 1;
            if !self.options.quiet {
                os.write_stderr(format!("ping: local error: message too long, mtu={mtu}\n"));
            }
        } else {
            let sequence = self.statistics.transmitted as u16;
            let source = os.source_for(state.address);
            let payload = payload(os.now, self.options.size);
            // The link fills in the stations.
            let mut packet =
                build::echo_request(Ends::TEST, source, state.address, state.identifier, sequence, &payload);
            packet.set_ttl(self.options.ttl.unwrap_or(os.ttl()));
            packet.set_dont_fragment(dont_fragment);
            os.send_packet(packet);
        }
        self.linger_if_done(os.now);
    }

    /// After the last probe, ping waits twice the longest round trip and at least an interval, or ten
    /// seconds if nothing came back at all.
    fn linger_if_done(&mut self, now: Instant) {
        let state = self.state.as_mut().expect("ping has begun");
        let all_sent = self.options.count.is_some_and(|count| self.statistics.transmitted >= count);
        if !all_sent || self.options.deadline.is_some() || state.lingers_until.is_some() {
            return;
        }
        let wait = if self.statistics.received > 0 {
            (self.statistics.longest() * 2).max(self.options.interval)
        } else {
            self.options.linger
        };
        state.lingers_until = Some(now + wait);
    }

    fn hear(&mut self, os: &mut Os<'_>, news: ProbeNews) {
        match news {
            ProbeNews::Reply { from, sequence, ttl, len } => self.hear_reply(os, from, sequence, (ttl, len)),
            // It listens on no port.
            ProbeNews::Answer { .. } | ProbeNews::Error { about: Probe::Port(_), .. } => {}
            ProbeNews::Error { from, about: Probe::Echo(sequence), kind, code, mtu } => {
                self.statistics.errors += 1;
                self.acknowledge(sequence);
                if !self.options.quiet {
                    let what = report::icmp_error(kind, code, mtu);
                    let name = os.name_of(from).filter(|_| !self.is_numeric()).map(str::to_owned);
                    let shown = name.map_or(from.to_string(), |name| format!("{name} ({from})"));
                    os.write_stdout(format!("From {shown} icmp_seq={sequence} {what}\n"));
                }
            }
        }
    }

    fn hear_reply(&mut self, os: &mut Os<'_>, from: Ipv4Addr, sequence: u16, (ttl, len): (u8, usize)) {
        let state = self.state.as_mut().expect("ping has begun");
        let index = usize::from(sequence.wrapping_sub(1));
        let Some(&sent_at) = state.sent_at.get(index) else { return };
        let is_repeat = !state.answered.insert(sequence);
        let round_trip = os.now.since(sent_at);
        let has_time = self.options.size >= TIMESTAMP;
        let shown = if from == state.address { state.shown.clone() } else { from.to_string() };
        self.acknowledge(sequence);
        self.statistics.reply(is_repeat, has_time.then_some(round_trip));
        if self.options.quiet {
            return;
        }
        let time = if has_time { format!(" time={} ms", report::time(round_trip)) } else { String::new() };
        let repeat = if is_repeat { " (DUP!)" } else { "" };
        os.write_stdout(format!("{len} bytes from {shown}: icmp_seq={sequence} ttl={ttl}{time}{repeat}\n"));
    }

    /// Notes how many probes were on their way at once.
    fn acknowledge(&mut self, sequence: u16) {
        let behind = (self.statistics.transmitted as u16).wrapping_sub(sequence);
        if behind <= u16::MAX / 2 {
            self.statistics.pipe = self.statistics.pipe.max(u32::from(behind) + 1);
        }
    }

    fn is_numeric(&self) -> bool {
        self.options.numeric || self.options.host.parse::<Ipv4Addr>().is_ok()
    }

    fn is_done(&self, now: Instant) -> bool {
        let state = self.state.as_ref().expect("ping has begun");
        let heard = self.statistics.received + self.statistics.errors;
        self.options.count.is_some_and(|count| heard >= count)
            || state.lingers_until.is_some_and(|at| at <= now)
            || self.options.deadline.is_some_and(|limit| now.since(state.began) >= limit)
    }

    fn finish(&mut self, os: &mut Os<'_>) -> i32 {
        os.write_stdout(self.statistics.summary(&self.options.host));
        let too_few = self.options.deadline.is_some()
            && self.options.count.is_some_and(|count| self.statistics.received < count);
        i32::from(self.statistics.received == 0 || too_few)
    }

    fn wake(&self) -> Instant {
        let state = self.state.as_ref().expect("ping has begun");
        let end = state.lingers_until.unwrap_or(state.next_probe);
        self.options.deadline.map_or(end, |limit| end.min(state.began + limit))
    }
}

impl Program for Ping {
    fn step(&mut self, os: &mut Os<'_>) -> Progress {
        if self.state.is_none() {
            match self.lookup.poll(os) {
                Looked::Waiting => return Progress::Waiting(self.lookup.deadline()),
                Looked::Found(addresses) => self.begin(os, addresses[0]),
                Looked::Failed(why) => {
                    os.write_stderr(format!("ping: {}: {}\n", self.options.host, why.describe()));
                    return Progress::Exited(2);
                }
            }
        }
        for news in os.take_probe_news() {
            self.hear(os, news);
        }
        if !self.is_done(os.now) {
            self.send_due(os);
        }
        if self.is_done(os.now) {
            return Progress::Exited(self.finish(os));
        }
        Progress::Waiting(Some(self.wake()))
    }

    fn interrupt(&mut self, os: &mut Os<'_>) -> i32 {
        if self.state.is_some() { self.finish(os) } else { super::process::INTERRUPTED }
    }
}

/// The send time, then counting bytes, as iputils fills a probe.
fn payload(now: Instant, size: usize) -> Vec<u8> {
    let micros = now.as_nanos() % 1_000_000_000 / 1_000;
    let mut payload: Vec<u8> = (0..size).map(|at| at as u8).collect();
    if size >= TIMESTAMP {
        payload[..8].copy_from_slice(&now.unix_seconds().to_le_bytes());
        payload[8..TIMESTAMP].copy_from_slice(&micros.to_le_bytes());
    }
    payload
}
