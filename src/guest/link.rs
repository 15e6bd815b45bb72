//! A host's Ethernet: its neighbours, and the frames it puts on the wire.
//!
//! Knows ARP and the next hop of a packet; never connections or programs.
//!
//! Follows Linux: packets wait while a neighbour is looked for, three requests go out a second apart,
//! and a second after the last one the packets that waited are given back as undeliverable.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::Ipv4Addr;
use std::time::Duration;

use super::tcp_options;
use crate::time::Instant;
use crate::wire::{ArpReply, ArpRequest, ETHERNET_HEADER_LEN, Mac, Packet, build};

/// Requests for one neighbour before it counts as unreachable (Linux: `mcast_solicit`).
const REQUESTS_MAX: u32 = 3;
/// Time between requests (Linux: `retrans_time_ms`).
const REQUEST_INTERVAL: Duration = Duration::from_secs(1);
/// How long an answer is believed without asking again.
const FRESH: Duration = Duration::from_secs(60);
/// Packets that may wait for one neighbour; the oldest is dropped for a newer one.
const WAITING_MAX: usize = 256;

const ETHERTYPE_IPV4: [u8; 2] = [0x08, 0x00];

/// Where a host's Ethernet is attached.
#[derive(Clone, Debug)]
pub(super) struct Attachment {
    pub mac: Mac,
    /// The first is the one the host speaks from.
    pub addresses: Vec<Ipv4Addr>,
    pub prefix_len: u8,
    pub gateway: Ipv4Addr,
    pub ttl: u8,
    /// What the first packet that may be fragmented is told from others by.
    pub identification: u16,
}

/// What a host knows of a neighbour.
enum Neighbor {
    /// Asked for; packets wait.
    Sought { requests: u32, next: Instant, waiting: VecDeque<Packet> },
    /// Answered.
    Known { mac: Mac, asked: Instant },
}

pub(super) struct Link {
    at: Attachment,
    neighbors: BTreeMap<Ipv4Addr, Neighbor>,
    /// Those of them that are asked for: a busy host has many neighbours, and few of these.
    sought: BTreeSet<Ipv4Addr>,
    sent: Vec<Vec<u8>>,
    /// Frames from the host to itself.
    looped: VecDeque<Vec<u8>>,
}

impl Link {
    pub fn new(at: Attachment) -> Self {
        let (neighbors, sought) = (BTreeMap::new(), BTreeSet::new());
        Self { at, neighbors, sought, sent: Vec::new(), looped: VecDeque::new() }
    }

    /// Sends an IP packet in a frame whose Ethernet header is still blank.
    pub fn send(&mut self, now: Instant, frame: Vec<u8>) {
        self.send_own(now, own_packet(frame));
    }

    /// Sends the segment of such a frame again, as if it were written now.
    pub fn send_again(&mut self, now: Instant, frame: Vec<u8>, timestamp: u32) {
        let mut packet = own_packet(frame);
        tcp_options::restamp(&mut packet, timestamp);
        self.send_own(now, packet);
    }

    /// Sends a packet of this host, in parts if it is longer than `mtu` and may be fragmented.
    pub fn send_packet(&mut self, now: Instant, mut packet: Packet, mtu: u16) {
        if !packet.dont_fragment() {
            packet.set_identification(self.at.identification);
            self.at.identification = self.at.identification.wrapping_add(1);
        }
        if self.is_own(packet.tuple().dst) {
            packet.set_macs(self.at.mac, self.at.mac);
            self.looped.push_back(packet.into_frame());
        } else {
            self.send_on(now, packet, mtu);
        }
    }

    /// Sends a packet on to its next hop, in parts if it is longer than `mtu` and may be fragmented.
    pub fn send_on(&mut self, now: Instant, packet: Packet, mtu: u16) {
        let hop = self.next_hop(packet.tuple().dst);
        if packet.ip_len() > mtu && !packet.dont_fragment() {
            for part in packet.fragments(mtu) {
                self.send_via(now, hop, part);
            }
        } else {
            self.send_via(now, hop, packet);
        }
    }

    fn send_own(&mut self, now: Instant, mut packet: Packet) {
        // What smoltcp answers by itself (RSTs and unreachables for closed ports) always says 64.
        if packet.ttl() != self.at.ttl {
            packet.set_ttl(self.at.ttl);
        }
        tcp_options::arrange(&mut packet);
        let destination = packet.tuple().dst;
        if self.is_own(destination) {
            packet.set_macs(self.at.mac, self.at.mac);
            self.looped.push_back(packet.into_frame());
        } else {
            self.send_via(now, self.next_hop(destination), packet);
        }
    }

    /// Remembers who has an address, and sends what waited for it.
    pub fn learn(&mut self, now: Instant, address: Ipv4Addr, mac: Mac) {
        self.sought.remove(&address);
        let before = self.neighbors.insert(address, Neighbor::Known { mac, asked: now });
        if let Some(Neighbor::Sought { waiting, .. }) = before {
            for packet in waiting {
                self.emit(packet, mac);
            }
        }
    }

    /// Takes in an answer, whoever asked.
    pub fn answered(&mut self, now: Instant, reply: ArpReply) {
        if self.neighbors.contains_key(&reply.address) {
            self.learn(now, reply.address, reply.mac);
        }
    }

    /// Answers a question about one of the host's own addresses.
    pub fn asked(&mut self, now: Instant, request: ArpRequest) {
        if !self.at.addresses.contains(&request.target) {
            return;
        }
        // Who asks is about to send something that will need an answer.
        self.learn(now, request.sender, request.sender_mac);
        self.sent.push(build::arp_reply(request, self.at.mac));
    }

    /// Asks again where it is time to; gives back the packets whose neighbour does not answer.
    pub fn expire(&mut self, now: Instant) -> Vec<Packet> {
        let mut undeliverable = Vec::new();
        let due: Vec<Ipv4Addr> =
            self.asked_again().filter(|(_, next)| *next <= now).map(|(address, _)| address).collect();
        for address in due {
            let Some(Neighbor::Sought { requests, next, .. }) = self.neighbors.get_mut(&address) else {
                continue;
            };
            if *requests < REQUESTS_MAX {
                *requests += 1;
                *next = now + REQUEST_INTERVAL;
                self.ask(address);
            } else if let Some(Neighbor::Sought { waiting, .. }) = self.neighbors.remove(&address) {
                self.sought.remove(&address);
                undeliverable.extend(waiting);
            }
        }
        undeliverable
    }

    /// Takes the next frame the host sent to itself.
    pub fn take_looped(&mut self) -> Option<Vec<u8>> {
        self.looped.pop_front()
    }

    pub fn take_sent(&mut self) -> impl Iterator<Item = Vec<u8>> + '_ {
        self.sent.drain(..)
    }

    pub fn has_looped(&self) -> bool {
        !self.looped.is_empty()
    }

    /// When [`Self::expire`] has something to do.
    pub fn deadline(&self) -> Option<Instant> {
        self.asked_again().map(|(_, next)| next).min()
    }

    /// The neighbours that are asked for, and when it is time to ask again.
    fn asked_again(&self) -> impl Iterator<Item = (Ipv4Addr, Instant)> + '_ {
        self.sought.iter().filter_map(|address| match self.neighbors.get(address) {
            Some(Neighbor::Sought { next, .. }) => Some((*address, *next)),
            Some(Neighbor::Known { .. }) | None => None,
        })
    }

    /// Whether a frame to this station is taken in.
    pub fn accepts(&self, destination: Mac) -> bool {
        destination == self.at.mac || destination == Mac::BROADCAST
    }

    /// The address the host speaks from when it speaks to `destination`.
    pub fn source_for(&self, destination: Ipv4Addr) -> Ipv4Addr {
        if destination.is_loopback() {
            Ipv4Addr::LOCALHOST
        } else if self.at.addresses.contains(&destination) {
            destination
        } else {
            self.address()
        }
    }

    /// The address the host speaks from to others.
    pub fn address(&self) -> Ipv4Addr {
        self.at.addresses[0]
    }

    /// The time to live of what the host sends.
    pub fn ttl(&self) -> u8 {
        self.at.ttl
    }

    /// Changes the time to live of what the host sends.
    pub fn set_ttl(&mut self, ttl: u8) {
        self.at.ttl = ttl;
    }

    /// Whether a packet to this address is for this host.
    pub fn is_own(&self, address: Ipv4Addr) -> bool {
        self.at.addresses.contains(&address) || address.is_loopback()
    }

    fn next_hop(&self, destination: Ipv4Addr) -> Ipv4Addr {
        let host_bits = 32 - u32::from(self.at.prefix_len);
        let differ = self.address().to_bits() ^ destination.to_bits();
        if u64::from(differ) >> host_bits == 0 { destination } else { self.at.gateway }
    }

    fn send_via(&mut self, now: Instant, hop: Ipv4Addr, packet: Packet) {
        match self.neighbors.get_mut(&hop) {
            Some(Neighbor::Known { mac, asked }) => {
                let mac = *mac;
                let stale = now.since(*asked) >= FRESH;
                if stale {
                    *asked = now;
                    self.ask(hop);
                }
                self.emit(packet, mac);
            }
            Some(Neighbor::Sought { waiting, .. }) => {
                if waiting.len() == WAITING_MAX {
                    waiting.pop_front();
                }
                waiting.push_back(packet);
            }
            None => {
                let next = now + REQUEST_INTERVAL;
                let sought = Neighbor::Sought { requests: 1, next, waiting: VecDeque::from([packet]) };
                self.neighbors.insert(hop, sought);
                self.sought.insert(hop);
                self.ask(hop);
            }
        }
    }

    fn ask(&mut self, target: Ipv4Addr) {
        let request = ArpRequest { sender_mac: self.at.mac, sender: self.address(), target };
        self.sent.push(build::arp_request(request));
    }

    fn emit(&mut self, mut packet: Packet, to: Mac) {
        packet.set_macs(self.at.mac, to);
        self.sent.push(packet.into_frame());
    }
}

/// The packet in a frame whose Ethernet header is still blank.
fn own_packet(mut frame: Vec<u8>) -> Packet {
    frame[12..ETHERNET_HEADER_LEN].copy_from_slice(&ETHERTYPE_IPV4);
    Packet::parse(frame).expect("a host's own packet parses")
}
