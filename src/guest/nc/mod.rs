//! `nc -z` as Nmap's ncat has it, which is what Amazon Linux installs: whether a port is open.
//!
//! Knows how to try and ncat's words; never how packets travel.

mod options;

use std::net::Ipv4Addr;
use std::time::Duration;

pub(super) use self::options::Options;
use super::dns::lookup::{Looked, Lookup, LookupError};
use super::process::{Os, Program, Progress, Standing};
use super::stack::{ConnectionId, Probe, ProbeNews};
use crate::time::Instant;
use crate::wire::build::{self, Ends};
use crate::wire::{FiveTuple, Protocol};

const VERSION: &str = "7.93";
/// How long an ICMP error may take before a datagram counts as received.
const DATAGRAM_WAIT: Duration = Duration::from_secs(2);
/// Exit status if the port is not open.
const FAILED: i32 = 1;
/// Exit status if the host has no address.
const FATAL: i32 = 2;

/// A running `nc`.
pub(super) struct Nc {
    options: Options,
    began: Instant,
    state: State,
}

enum State {
    Looking(Lookup),
    Connecting(ConnectionId),
    /// A datagram was sent.
    Listening,
}

impl Nc {
    pub fn new(options: Options) -> Self {
        let state = State::Looking(Lookup::new(&options.host));
        Self { options, began: Instant::EPOCH, state }
    }

    fn begin(&mut self, os: &mut Os<'_>, address: Ipv4Addr) -> Progress {
        self.began = os.now;
        if self.options.udp {
            self.connected(os, address);
            self.send_datagram(os, address);
            self.state = State::Listening;
            return self.listen(os);
        }
        if let Some(port) = self.options.local_port
            && !os.bind(port)
        {
            say(os, &format!("bind to 0.0.0.0:{port}: Address already in use. QUITTING."));
            return Progress::Exited(FATAL);
        }
        let connection = os.connect(address, self.options.port);
        self.state = State::Connecting(connection);
        self.look(os, connection)
    }

    fn look_up(&mut self, os: &mut Os<'_>) -> Progress {
        let State::Looking(lookup) = &mut self.state else { unreachable!("the caller has seen it") };
        if lookup.is_new() && self.options.verbose {
            say(os, &format!("Version {VERSION} ( https://nmap.org/ncat )"));
        }
        let host = &self.options.host;
        let looked = if self.options.numeric && host.parse::<Ipv4Addr>().is_err() {
            Looked::Failed(LookupError::Unknown)
        } else {
            lookup.poll(os)
        };
        match looked {
            Looked::Waiting => Progress::Waiting(lookup.deadline()),
            Looked::Found(addresses) => self.begin(os, addresses[0]),
            Looked::Failed(why) => {
                let why = why.describe();
                say(os, &format!("Could not resolve hostname \"{host}\": {why}. QUITTING."));
                Progress::Exited(FATAL)
            }
        }
    }

    fn look(&self, os: &mut Os<'_>, connection: ConnectionId) -> Progress {
        let limit = self.began + self.options.wait;
        match os.standing(connection) {
            Standing::Connecting if limit <= os.now => {
                say(os, "TIMEOUT.");
                Progress::Exited(FAILED)
            }
            Standing::Connecting => Progress::Waiting(Some(limit)),
            Standing::Failed(error) => {
                say(os, &format!("{}.", error.describe()));
                Progress::Exited(FAILED)
            }
            Standing::Open => {
                self.connected(os, os.tuple(connection).dst);
                os.close(connection);
                self.sum_up(os, 0);
                Progress::Exited(0)
            }
        }
    }

    fn send_datagram(&self, os: &mut Os<'_>, address: Ipv4Addr) {
        let tuple = FiveTuple {
            src: os.source_for(address),
            dst: address,
            src_port: os.open_port(Protocol::UDP),
            dst_port: self.options.port,
            protocol: Protocol::UDP,
        };
        // The link fills in the stations.
        let mut packet = build::udp(Ends::TEST, tuple, &[0]);
        packet.set_ttl(os.ttl());
        os.send_packet(packet);
    }

    fn listen(&self, os: &mut Os<'_>) -> Progress {
        for news in os.take_probe_news() {
            let why = match news {
                ProbeNews::Error { about: Probe::Port(_), kind: 3, code: 2 | 3, .. } => "Connection refused.",
                ProbeNews::Error { about: Probe::Port(_), kind: 3, code: 0 | 6 | 9 | 11, .. } => {
                    "Network is unreachable."
                }
                // The datagram was too big: not this one.
                ProbeNews::Error { kind: 3, code: 4, .. } => continue,
                ProbeNews::Error { about: Probe::Port(_), .. } => "No route to host.",
                ProbeNews::Error { about: Probe::Echo(_), .. }
                | ProbeNews::Answer { .. }
                | ProbeNews::Reply { .. } => continue,
            };
            say(os, why);
            return Progress::Exited(FAILED);
        }
        let limit = self.began + DATAGRAM_WAIT;
        if os.now < limit {
            return Progress::Waiting(Some(limit));
        }
        self.say_more(os, "UDP packet sent successfully");
        self.sum_up(os, 1);
        Progress::Exited(0)
    }

    fn connected(&self, os: &mut Os<'_>, address: Ipv4Addr) {
        self.say_more(os, &format!("Connected to {address}:{}.", self.options.port));
    }

    fn sum_up(&self, os: &mut Os<'_>, sent: usize) {
        let hundredths = (os.now.since(self.began).as_millis() + 5) / 10;
        let seconds = format!("{}.{:02}", hundredths / 100, hundredths % 100);
        self.say_more(os, &format!("{sent} bytes sent, 0 bytes received in {seconds} seconds."));
    }

    /// What only `-v` shows.
    fn say_more(&self, os: &mut Os<'_>, text: &str) {
        if self.options.verbose {
            say(os, text);
        }
    }
}

impl Program for Nc {
    fn step(&mut self, os: &mut Os<'_>) -> Progress {
        match self.state {
            State::Looking(_) => self.look_up(os),
            State::Connecting(connection) => self.look(os, connection),
            State::Listening => self.listen(os),
        }
    }
}

fn say(os: &mut Os<'_>, text: &str) {
    os.write_stderr(format!("Ncat: {text}\n"));
}
