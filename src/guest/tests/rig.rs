//! A wire for a few hosts: every frame takes the same time, and ARP is answered at once.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use crate::guest::{Finished, Host, HostConfig, Names, ProcessId, Reply, Request, parse};
use crate::seed::Seed;
use crate::time::Instant;
use crate::wire::build::{self, Ends};
use crate::wire::{self, Mac, Packet, Parsed, TcpFlags};

pub const START: Instant = Instant::from_unix_seconds(1_719_565_200);
/// Half a round trip.
pub const DELAY: Duration = Duration::from_micros(250);
const EVENTS_MAX: u32 = 100_000;
const ROUTER: Mac = Mac([2, 0, 0, 0, 0, 1]);

/// The hosts are 10.0.0.10, 10.0.1.11, 10.0.2.12, ...: each in a subnet of its own.
pub fn address(host: usize) -> Ipv4Addr {
    Ipv4Addr::new(10, 0, host as u8, 10 + host as u8)
}

/// What a narrow place does with packets that must not be fragmented.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Narrow {
    /// It says that they are too long.
    Tells,
    /// It drops them.
    Swallows,
}

/// Is given the sender and what a segment carries.
pub type Tamper = Box<dyn FnMut(usize, &mut [u8])>;

pub struct Rig {
    pub hosts: Vec<Host>,
    pub now: Instant,
    /// Every frame, when it left and who sent it.
    pub log: Vec<(Instant, usize, Vec<u8>)>,
    /// Whether a packet gets through; everything does at first.
    pub passes: fn(&Packet) -> bool,
    /// Changes what a segment carries, once its sender is known.
    pub tamper: Option<Tamper>,
    /// What gets through between the hosts, and what happens to longer packets.
    pub narrow: Option<(u16, Narrow)>,
    /// What services say that pass their requests on, by host.
    pub answers: fn(usize, &Request) -> Reply,
    /// A host through which everybody else's packets go; it has to forward.
    pub via: Option<usize>,
    wakes: Vec<Option<Instant>>,
    travelling: BTreeMap<(Instant, u64), (usize, Vec<u8>)>,
    sent: u64,
}

impl Rig {
    pub fn new(count: usize) -> Self {
        Self::with_seed(count, Seed(1), 9001)
    }

    pub fn with_seed(count: usize, seed: Seed, mtu: u16) -> Self {
        Self::with_router(count, seed, |_| mtu, None)
    }

    pub fn with_router(count: usize, seed: Seed, mtu: impl Fn(usize) -> u16, via: Option<usize>) -> Self {
        let names: Names = (0..count).map(|host| (format!("host-{host}.test"), address(host))).collect();
        let names = Arc::new(names);
        let hosts = (0..count).map(|host| {
            let mut made = Host::new(HostConfig {
                name: format!("host-{host}"),
                hostname: format!("ip-10-0-{host}-{}", 10 + host),
                known_as: vec![format!("host-{host}.test")],
                mac: mac(host),
                addresses: vec![address(host), secondary(host)],
                prefix_len: 24,
                gateway: Ipv4Addr::new(10, 0, host as u8, 1),
                mtu: mtu(host),
                ttl: 127,
                forwards: via == Some(host),
                seed,
            });
            made.set_names(Arc::clone(&names));
            made
        });
        Self {
            hosts: hosts.collect(),
            now: START,
            log: Vec::new(),
            passes: |_| true,
            tamper: None,
            narrow: None,
            answers: |_, _| Reply::Silence,
            via,
            wakes: vec![None; count],
            travelling: BTreeMap::new(),
            sent: 0,
        }
    }

    pub fn start(&mut self, host: usize, line: &str) -> ProcessId {
        let command = parse(line).unwrap_or_else(|error| panic!("{line}: {error}"));
        let pid = self.hosts[host].start(&command, self.now);
        self.pump(host);
        pid
    }

    /// Runs a command on a host until it ends.
    pub fn run(&mut self, host: usize, line: &str) -> Output {
        let pid = self.start(host, line);
        let began = self.now;
        for _ in 0..EVENTS_MAX {
            if let Some(finished) = self.hosts[host].take_exit(pid) {
                return Output::new(finished, self.now.since(began));
            }
            assert!(self.advance(Instant::from_nanos(u64::MAX)), "`{line}` waits for ever");
        }
        panic!("`{line}` does not end");
    }

    /// Lets everything happen up to some time.
    pub fn run_for(&mut self, duration: Duration) {
        let until = self.now + duration;
        while self.advance(until) {}
        self.now = until;
    }

    /// Lets everything happen until nothing is left to do.
    pub fn settle(&mut self) {
        for _ in 0..EVENTS_MAX {
            if !self.advance(Instant::from_nanos(u64::MAX)) {
                return;
            }
        }
        panic!("the hosts do not come to rest");
    }

    /// The IP packets so far: when in ms, sender, what and how long; ARP left out.
    pub fn packets(&self) -> Vec<String> {
        self.log.iter().filter_map(|(at, host, frame)| describe(*at, *host, frame)).collect()
    }

    fn advance(&mut self, until: Instant) -> bool {
        let arrival = self.travelling.keys().next().map(|(at, _)| *at);
        let wake = self.wakes.iter().flatten().min().copied();
        let Some(at) = arrival.into_iter().chain(wake).min().filter(|at| *at <= until) else {
            return false;
        };
        self.now = at;
        if arrival == Some(at) {
            let (_, (host, frame)) = self.travelling.pop_first().expect("a frame arrives");
            self.hosts[host].receive(frame);
            self.pump(host);
        } else {
            let host = self.wakes.iter().position(|wake| *wake == Some(at)).expect("a host wakes");
            self.pump(host);
        }
        true
    }

    pub fn pump(&mut self, host: usize) {
        loop {
            self.wakes[host] = self.hosts[host].pump(self.now);
            for request in self.hosts[host].take_requests() {
                let reply = (self.answers)(host, &request);
                self.hosts[host].reply(request.from, reply);
                self.wakes[host] = self.hosts[host].pump(self.now);
            }
            let frames: Vec<Vec<u8>> = self.hosts[host].take_sent().collect();
            let mut answered = false;
            for frame in frames {
                self.log.push((self.now, host, frame.clone()));
                answered |= self.carry(host, frame);
            }
            if !answered {
                return;
            }
        }
    }

    /// Puts a frame on its way; says whether the sender got an ARP answer.
    fn carry(&mut self, from: usize, frame: Vec<u8>) -> bool {
        match wire::parse(frame).expect("hosts send ARP and IPv4") {
            Parsed::Arp(request, _) => {
                let is_router = request.target.octets()[3] == 1;
                if is_router {
                    self.hosts[from].receive(build::arp_reply(request, ROUTER));
                }
                is_router
            }
            Parsed::Ipv4(mut packet) => {
                assert!(wire::checksums_are_valid(packet.frame()), "{packet}");
                if !(self.passes)(&packet) {
                    return false;
                }
                if let Some(tamper) = &mut self.tamper {
                    packet = tampered(packet, |payload| tamper(from, payload));
                }
                match self.narrow {
                    Some((mtu, _)) if packet.ip_len() > mtu && !packet.dont_fragment() => {
                        for part in packet.fragments(mtu) {
                            self.deliver(from, part);
                        }
                    }
                    Some((mtu, narrow)) if packet.ip_len() > mtu => {
                        if narrow == Narrow::Tells {
                            let router = Ipv4Addr::new(10, 0, from as u8, 1);
                            packet = build::fragmentation_needed(Ends::TEST, router, &packet, mtu);
                            self.arrive(from, packet);
                        }
                    }
                    Some(_) | None => self.deliver(from, packet),
                }
                false
            }
        }
    }

    fn deliver(&mut self, from: usize, packet: Packet) {
        let destination = packet.tuple().dst;
        let to = (0..self.hosts.len()).find(|host| [address(*host), secondary(*host)].contains(&destination));
        // Everything else goes to the router, which may know what to do with it.
        if let Some(to) = self.via.filter(|via| *via != from).or(to) {
            self.arrive(to, packet);
        }
    }

    fn arrive(&mut self, to: usize, mut packet: Packet) {
        packet.set_macs(ROUTER, mac(to));
        self.sent += 1;
        self.travelling.insert((self.now + DELAY, self.sent), (to, packet.into_frame()));
    }
}

/// A packet whose segment carries something else, with a checksum that is right.
fn tampered(packet: Packet, tamper: impl FnOnce(&mut [u8])) -> Packet {
    const TCP_CHECKSUM: usize = 16;
    let payload = packet.tcp_payload().len();
    if payload == 0 {
        return packet;
    }
    let segment = packet.ip_payload().len();
    let mut frame = packet.into_frame();
    let (end, start) = (frame.len(), frame.len() - segment);
    tamper(&mut frame[end - payload..]);
    frame[start + TCP_CHECKSUM..start + TCP_CHECKSUM + 2].fill(0);
    // The addresses stand before the segment; protocol and length belong to the sum, too.
    let words = frame[start - 8..].chunks(2);
    let sum: u32 = words.map(|word| u32::from(word[0]) << 8 | u32::from(*word.get(1).unwrap_or(&0))).sum();
    let sum = sum + 6 + segment as u32;
    let sum = (sum & 0xffff) + (sum >> 16);
    let checksum = !((sum & 0xffff) + (sum >> 16)) as u16;
    frame[start + TCP_CHECKSUM..start + TCP_CHECKSUM + 2].copy_from_slice(&checksum.to_be_bytes());
    Packet::parse(frame).expect("it was intact before")
}

/// A second address of a host.
pub fn secondary(host: usize) -> Ipv4Addr {
    Ipv4Addr::new(10, 0, host as u8, 100)
}

fn mac(host: usize) -> Mac {
    Mac([2, 0, 0, 0, 1, host as u8])
}

fn describe(at: Instant, host: usize, frame: &[u8]) -> Option<String> {
    let Ok(Parsed::Ipv4(packet)) = wire::parse(frame.to_vec()) else { return None };
    let what = match packet.icmp() {
        Some(icmp) => format!("icmp {}/{}", icmp.kind, icmp.code),
        None => TcpFlags(packet.tcp_flags().0 & !TcpFlags::PSH).to_string(),
    };
    let micros = at.since(START).as_micros();
    let ttl = packet.ttl();
    assert_eq!(ttl, 127, "every packet carries the host's TTL");
    Some(format!("{}.{:03} host-{host} {what} {}", micros / 1000, micros % 1000, packet.ip_len()))
}

/// A result as text.
#[derive(PartialEq, Eq, Debug)]
pub struct Output {
    pub exit: i32,
    pub stdout: String,
    pub stderr: String,
    pub took: Duration,
}

impl Output {
    pub fn new(finished: Finished, took: Duration) -> Self {
        let text = |bytes| String::from_utf8(bytes).expect("programs write text");
        Self { exit: finished.exit, stdout: text(finished.stdout), stderr: text(finished.stderr), took }
    }

    #[track_caller]
    pub fn assert(&self, exit: i32, stdout: &str, stderr: &str) {
        assert_eq!((self.exit, self.stdout.as_str(), self.stderr.as_str()), (exit, stdout, stderr));
    }
}
