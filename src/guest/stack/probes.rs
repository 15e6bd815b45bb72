//! Packets that programs build themselves, and what comes back for them.
//!
//! Knows which program listens for which answers (Linux: raw sockets and error queues); never what it
//! makes of them.

use std::net::Ipv4Addr;

use super::{News, Stack};
use crate::guest::process::ProcessId;
use crate::time::Instant;
use crate::wire::build::{self, Ends};
use crate::wire::{ECHO_REPLY, FiveTuple, Packet, Protocol};

/// What came back for a packet that a program built itself.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(in crate::guest) enum ProbeNews {
    /// An echo reply; `len` counts the ICMP message.
    Reply { from: Ipv4Addr, sequence: u16, ttl: u8, len: usize },
    /// A TCP segment or a UDP datagram to a port that probes; `payload` is the datagram's.
    Answer { from: Ipv4Addr, from_port: u16, port: u16, payload: Vec<u8> },
    /// An ICMP error; `mtu` counts if the packet was too big.
    Error { from: Ipv4Addr, about: Probe, kind: u8, code: u8, mtu: u16 },
}

/// Which packet an error is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::guest) enum Probe {
    /// An echo request, by its sequence number.
    Echo(u16),
    /// A segment or a datagram, by the port it came from.
    Port(u16),
}

impl Stack {
    /// Gives a program the answers to what it sends from a free port.
    pub fn open_port(&mut self, owner: ProcessId, protocol: Protocol) -> u16 {
        let port = self.ephemeral_port();
        self.probes.insert((protocol, port), owner);
        port
    }

    /// Gives a program the answers to echo requests with an identifier, if it is free.
    pub fn open_echo(&mut self, owner: ProcessId, identifier: u16) -> bool {
        let is_free = !self.probes.contains_key(&(Protocol::ICMP, identifier));
        if is_free {
            self.probes.insert((Protocol::ICMP, identifier), owner);
        }
        is_free
    }

    /// Gives a port back.
    pub fn close_port(&mut self, protocol: Protocol, port: u16) {
        self.probes.remove(&(protocol, port));
    }

    /// Forgets all that a program listens for.
    pub fn close_probes(&mut self, owner: ProcessId) {
        self.probes.retain(|_, other| *other != owner);
    }

    /// Sends a packet that a program built itself.
    pub fn send_packet(&mut self, now: Instant, packet: Packet) {
        let mtu = self.path_mtu(now, packet.tuple().dst);
        self.link.send_packet(now, packet, mtu);
    }

    /// Sends a datagram.
    pub fn send_datagram(&mut self, now: Instant, tuple: FiveTuple, payload: &[u8]) {
        // The link fills in the stations.
        let mut packet = build::udp(Ends::TEST, tuple, payload);
        packet.set_ttl(self.link.ttl());
        // Routers may fragment what is longer than one packet; Linux forbids it for all else.
        packet.set_dont_fragment(packet.ip_len() <= self.path_mtu(now, tuple.dst));
        self.send_packet(now, packet);
    }

    /// Tells the program that probes from the port a segment or datagram is for; says whether one does.
    pub(super) fn hear_answer(&mut self, packet: &Packet) -> bool {
        let tuple = packet.tuple();
        let owner = self.probes.get(&(tuple.protocol, tuple.dst_port)).copied();
        if let Some(owner) = owner {
            let (from, from_port, port) = (tuple.src, tuple.src_port, tuple.dst_port);
            let news = ProbeNews::Answer { from, from_port, port, payload: packet.udp_payload().to_vec() };
            self.news.push(News::Probe(owner, news));
        }
        owner.is_some()
    }

    /// Tells the program that an ICMP message is for.
    pub(super) fn hear_icmp(&mut self, packet: &Packet) {
        const ICMP_HEADER_LEN: usize = 8;
        let Some(icmp) = packet.icmp() else { return };
        let message = packet.ip_payload();
        let from = packet.tuple().src;
        if let Some(echo) = icmp.echo.filter(|_| icmp.kind == ECHO_REPLY) {
            let news =
                ProbeNews::Reply { from, sequence: echo.sequence, ttl: packet.ttl(), len: message.len() };
            self.tell(Protocol::ICMP, echo.identifier, news);
        } else if let Some(quoted) = icmp.quoted {
            let (kind, code) = (icmp.kind, icmp.code);
            let mtu = packet.next_hop_mtu().unwrap_or(0);
            let error = |about| ProbeNews::Error { from, about, kind, code, mtu };
            if let Some(identifier) = quoted.echo_identifier {
                let news = error(Probe::Echo(echo_sequence(&message[ICMP_HEADER_LEN..])));
                self.tell(Protocol::ICMP, identifier, news);
            } else {
                let FiveTuple { protocol, src_port, .. } = quoted.tuple;
                self.tell(protocol, src_port, error(Probe::Port(src_port)));
            }
        }
    }

    /// Tells a program that its packet found no neighbour: Linux sends itself a "host unreachable"
    /// (type 3 code 1).
    pub(super) fn hear_undeliverable(&mut self, packet: &Packet) {
        let FiveTuple { src: from, protocol, src_port, .. } = packet.tuple();
        let error = |about| ProbeNews::Error { from, about, kind: 3, code: 1, mtu: 0 };
        if let Some(echo) = packet.icmp().and_then(|icmp| icmp.echo) {
            self.tell(Protocol::ICMP, echo.identifier, error(Probe::Echo(echo.sequence)));
        } else {
            self.tell(protocol, src_port, error(Probe::Port(src_port)));
        }
    }

    fn tell(&mut self, protocol: Protocol, identifier: u16, news: ProbeNews) {
        if let Some(&owner) = self.probes.get(&(protocol, identifier)) {
            self.news.push(News::Probe(owner, news));
        }
    }
}

/// The sequence number of a quoted echo request, or 0 where the quote was cut off.
fn echo_sequence(quote: &[u8]) -> u16 {
    const SEQUENCE: usize = 6;
    let at = quote.first().map_or(0, |first| usize::from(first & 0x0f) * 4) + SEQUENCE;
    quote.get(at..at + 2).map_or(0, |pair| u16::from_be_bytes([pair[0], pair[1]]))
}
