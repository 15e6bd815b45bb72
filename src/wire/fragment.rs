//! Splitting a packet that is too long for a link, and putting the parts together again.
//!
//! Knows RFC 791's fragments; never who splits or why.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::time::Duration;

use super::{ETHERNET_HEADER_LEN, Packet, Protocol};
use crate::time::Instant;

/// Datagrams that are put together at the same time; the oldest gives way to a newer one.
const DATAGRAMS_MAX: usize = 64;
/// How long the parts of a datagram wait for the rest (Linux: `ipfrag_time`).
const WAIT_MAX: Duration = Duration::from_secs(30);
/// The longest IP packet.
const PACKET_MAX: usize = 65_535;
/// Offsets count units of this many bytes.
const UNIT: usize = 8;

const OFFSET_MAX: usize = 0x1fff * UNIT;

const DONT_FRAGMENT: u16 = 0x4000;
const MORE_FRAGMENTS: u16 = 0x2000;
/// Length of an IPv4 header without options.
const HEADER_LEN: usize = 20;

impl Packet {
    /// The packet in parts that are at most `mtu` bytes long; a copy of it if it is not longer.
    ///
    /// A packet that is a part itself is split further. Each part carries at least 8 bytes, however
    /// small `mtu` is. Whether the sender allows it is not asked.
    pub fn fragments(&self, mtu: u16) -> Vec<Self> {
        if self.ip_len() <= mtu || self.ip_payload().is_empty() {
            return vec![self.with_payload(self.ip_payload(), self.fragment_offset(), self.more_fragments())];
        }
        let room = usize::from(mtu).saturating_sub(self.ip_header_len());
        let payload_max = (room / UNIT).max(1) * UNIT;
        let parts = self.ip_payload().chunks(payload_max);
        let last = parts.len().saturating_sub(1);
        let part = |(index, bytes)| {
            let offset = self.fragment_offset() + index * payload_max;
            self.with_payload(bytes, offset, index < last || self.more_fragments())
        };
        // What pretends to lie beyond the longest packet has no offset.
        parts.take(1 + (OFFSET_MAX - self.fragment_offset()) / payload_max).enumerate().map(part).collect()
    }

    /// The headers of this packet around a part of a datagram's payload.
    fn with_payload(&self, payload: &[u8], offset: usize, more: bool) -> Self {
        let header = ETHERNET_HEADER_LEN..ETHERNET_HEADER_LEN + self.ip_header_len();
        let mut frame = Vec::with_capacity(header.end + payload.len());
        frame.extend_from_slice(&self.frame()[..header.end]);
        frame.extend_from_slice(payload);
        let ip = &mut frame[header.start..header.end];
        if offset > self.fragment_offset() {
            blank_options(&mut ip[HEADER_LEN..]);
        }
        let flags = if self.dont_fragment() { DONT_FRAGMENT } else { 0 }
            | if more { MORE_FRAGMENTS } else { 0 }
            | (offset / UNIT) as u16;
        finish_header(ip, payload.len(), flags);
        Self::parse(frame).unwrap_or_else(|_| unreachable!("a part of a packet that parsed"))
    }
}

/// Overwrites the options that only the first part carries, as Linux does.
fn blank_options(options: &mut [u8]) {
    const END: u8 = 0;
    const NOP: u8 = 1;
    const COPIED: u8 = 0x80;
    let mut at = 0;
    while let Some(&kind) = options.get(at) {
        let len = match kind {
            END => return,
            NOP => 1,
            _ => usize::from(options.get(at + 1).copied().unwrap_or(0)).max(2),
        };
        let end = (at + len).min(options.len());
        if kind & COPIED == 0 {
            options[at..end].fill(NOP);
        }
        at = end;
    }
}

/// Writes the length, the fragment field and the checksum of an IPv4 header.
fn finish_header(ip: &mut [u8], payload_len: usize, fragment: u16) {
    const LEN: usize = 2;
    const FRAGMENT: usize = 6;
    const CHECKSUM: usize = 10;
    let len = (ip.len() + payload_len) as u16;
    for (at, word) in [(LEN, len), (FRAGMENT, fragment), (CHECKSUM, 0)] {
        ip[at..at + 2].copy_from_slice(&word.to_be_bytes());
    }
    let mut sum: u32 = ip.chunks_exact(2).map(|word| u32::from(word[0]) << 8 | u32::from(word[1])).sum();
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    ip[CHECKSUM..CHECKSUM + 2].copy_from_slice(&(!(sum as u16)).to_be_bytes());
}

/// What the parts of one datagram have in common.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct Datagram {
    src: Ipv4Addr,
    dst: Ipv4Addr,
    protocol: Protocol,
    identification: u16,
}

/// The parts of a datagram that are there.
#[derive(Debug)]
struct Parts {
    began: Instant,
    /// By their offsets; none overlaps another.
    by_offset: BTreeMap<usize, Packet>,
    /// Bytes of payload so far.
    len: usize,
    /// Bytes of payload in all, once the last part is there.
    total: Option<usize>,
}

/// Two parts that cannot be of one datagram.
struct Contradiction;

impl Parts {
    fn add(&mut self, part: Packet) -> Result<(), Contradiction> {
        let (start, len) = (part.fragment_offset(), part.ip_payload().len());
        let end = start + len;
        if self.by_offset.get(&start).is_some_and(|same| same.ip_payload() == part.ip_payload()) {
            return Ok(());
        }
        let before = self.by_offset.range(..=start).next_back();
        let after = self.by_offset.range(start..).next();
        let overlaps = before.is_some_and(|(at, part)| at + part.ip_payload().len() > start)
            || after.is_some_and(|(at, _)| *at < end);
        let has_rest = part.more_fragments();
        // Only the last part may end anywhere.
        let is_ragged = len == 0 || (has_rest && len % UNIT != 0);
        let is_beyond = end + HEADER_LEN > PACKET_MAX
            || self.total.is_some_and(|total| end > total || !has_rest)
            || (!has_rest && self.by_offset.last_key_value().is_some_and(|(at, _)| *at > start));
        if overlaps || is_ragged || is_beyond {
            return Err(Contradiction);
        }
        self.len += len;
        if !has_rest {
            self.total = Some(end);
        }
        self.by_offset.insert(start, part);
        Ok(())
    }

    fn is_complete(&self) -> bool {
        self.total == Some(self.len)
    }

    /// The whole datagram under the first part's headers; `None` if it is not a packet.
    fn join(self) -> Option<Packet> {
        let mut parts = self.by_offset.into_values();
        let first = parts.next()?;
        let (end, header) = (first.end(), ETHERNET_HEADER_LEN..first.transport_start());
        let flags = if first.dont_fragment() { DONT_FRAGMENT } else { 0 };
        let mut frame = first.into_frame();
        frame.truncate(end);
        for part in parts {
            frame.extend_from_slice(part.ip_payload());
        }
        let payload_len = frame.len() - header.end;
        if header.len() + payload_len > PACKET_MAX {
            return None;
        }
        finish_header(&mut frame[header], payload_len, flags);
        Packet::parse(frame).ok()
    }
}

/// Puts datagrams together from their parts, as the host they are for does.
///
/// Parts that overlap or contradict each other take the whole datagram with them (RFC 5722, which
/// Linux follows for IPv4 too); a part that came twice does not.
#[derive(Debug, Default)]
pub struct Reassembly {
    waiting: BTreeMap<Datagram, Parts>,
}

impl Reassembly {
    /// Takes a packet in; gives a whole one back: the packet itself if it is no part, and the datagram if
    /// it was the last part missing.
    pub fn take(&mut self, now: Instant, packet: Packet) -> Option<Packet> {
        if !packet.is_fragment() {
            return Some(packet);
        }
        self.waiting.retain(|_, parts| now.since(parts.began) < WAIT_MAX);
        let tuple = packet.tuple();
        let datagram = Datagram {
            src: tuple.src,
            dst: tuple.dst,
            protocol: tuple.protocol,
            identification: packet.identification(),
        };
        if self.waiting.len() == DATAGRAMS_MAX && !self.waiting.contains_key(&datagram) {
            let oldest = self.waiting.iter().min_by_key(|(_, parts)| parts.began).map(|(oldest, _)| *oldest);
            self.waiting.remove(&oldest?);
        }
        let parts = self.waiting.entry(datagram).or_insert_with(|| Parts {
            began: now,
            by_offset: BTreeMap::new(),
            len: 0,
            total: None,
        });
        match parts.add(packet) {
            Ok(()) if parts.is_complete() => self.waiting.remove(&datagram)?.join(),
            Ok(()) => None,
            Err(Contradiction) => {
                self.waiting.remove(&datagram);
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::build::{self, Ends};
    use crate::wire::{FiveTuple, TcpFlags, checksums_are_valid};

    const AT: Instant = Instant::EPOCH;

    fn tuple(protocol: Protocol) -> FiveTuple {
        FiveTuple { src: [10, 0, 0, 4].into(), dst: [10, 0, 1, 4].into(), src_port: 7, dst_port: 9, protocol }
    }

    fn payload(len: usize) -> Vec<u8> {
        (0..len).map(|at| (at / 3) as u8).collect()
    }

    fn udp(len: usize) -> Packet {
        build::udp(Ends::TEST, tuple(Protocol::UDP), &payload(len))
    }

    fn together(reassembly: &mut Reassembly, parts: impl IntoIterator<Item = Packet>) -> Option<Packet> {
        let mut whole = None;
        for part in parts {
            assert!(whole.is_none(), "the datagram was complete before its last part");
            whole = reassembly.take(AT, part);
        }
        whole
    }

    #[test]
    fn parts_have_the_lengths_and_offsets_of_a_router() {
        let parts = udp(4000).fragments(1500);
        let seen: Vec<_> = parts
            .iter()
            .map(|part| (part.ip_len(), part.fragment_offset(), part.more_fragments(), part.tuple().dst_port))
            .collect();
        assert_eq!(seen, [(1500, 0, true, 9), (1500, 1480, true, 0), (1068, 2960, false, 0)]);
        assert!(parts.iter().all(|part| part.is_fragment() && checksums_are_valid(part.frame())));
        assert!(parts.iter().all(|part| part.frame()[..14] == parts[0].frame()[..14]));
        // A part is split again where the next link is narrower.
        let seen: Vec<_> = parts[1]
            .fragments(576)
            .iter()
            .map(|part| (part.ip_len(), part.fragment_offset(), part.more_fragments()))
            .collect();
        assert_eq!(seen, [(572, 1480, true), (572, 2032, true), (396, 2584, true)]);
        let seen: Vec<_> = parts[2]
            .fragments(1000)
            .iter()
            .map(|part| (part.fragment_offset(), part.more_fragments()))
            .collect();
        assert_eq!(seen, [(2960, true), (3936, false)]);
    }

    #[test]
    fn what_fits_stays_whole() {
        let packet = udp(100);
        let parts = packet.fragments(128);
        assert_eq!((parts.len(), parts[0].frame()), (1, packet.frame()));
        assert!(!packet.is_fragment());
        assert_eq!(udp(100).fragments(0).len(), 14, "at least 8 bytes each");
    }

    #[test]
    fn first_parts_know_their_ports() {
        let segment = build::tcp(Ends::TEST, tuple(Protocol::TCP), TcpFlags(TcpFlags::ACK), &payload(200))
            .fragments(60);
        assert_eq!((segment[0].tuple(), segment[0].tcp_flags().0), (tuple(Protocol::TCP), TcpFlags::ACK));
        assert_eq!((segment[1].tuple().src_port, segment[1].tcp_flags().0), (0, 0));
        assert!(segment[0].tcp_options().is_empty() && segment[1].tcp_options().is_empty());
        // The header is cut behind the ports.
        let cut =
            &build::tcp(Ends::TEST, tuple(Protocol::TCP), TcpFlags(TcpFlags::ACK), b"x").fragments(28)[0];
        assert_eq!((cut.tuple(), cut.tcp_flags().0), (tuple(Protocol::TCP), 0));
        assert!(cut.tcp_options().is_empty() && cut.tcp_payload().is_empty());

        let echo = build::echo_request(Ends::TEST, [1; 4].into(), [2; 4].into(), 7, 5, &payload(100));
        let parts = echo.fragments(60);
        assert_eq!(parts[0].icmp().expect("an echo request").echo, echo.icmp().expect("one too").echo);
        assert!(parts[1].icmp().is_none());
    }

    #[test]
    fn parts_make_a_whole_in_any_order() {
        for whole in [udp(5), udp(60_000), udp(65_507)] {
            let forwards = whole.fragments(1500);
            let mut backwards = whole.fragments(576);
            backwards.reverse();
            for parts in [forwards, backwards] {
                let back = together(&mut Reassembly::default(), parts).expect("a whole datagram");
                assert_eq!(back.frame(), whole.frame());
            }
        }
    }

    #[test]
    fn a_part_that_came_twice_does_no_harm() {
        let whole = udp(3000);
        let parts = whole.fragments(1500).into_iter().zip(whole.fragments(1500)).flat_map(|(a, b)| [a, b]);
        let mut reassembly = Reassembly::default();
        let back = together(&mut reassembly, parts.take(5)).expect("a whole datagram");
        assert_eq!(back.frame(), whole.frame());
    }

    #[test]
    fn contradictions_discard_the_datagram() {
        let take = |whole: &Packet, mtu: u16, index: usize| whole.fragments(mtu).remove(index);
        let long = udp(3000);
        let other = build::udp(Ends::TEST, tuple(Protocol::UDP), &[0xee; 3000]);
        let cases: [(&str, Vec<Packet>); 4] = [
            ("an overlap", vec![take(&long, 1500, 0), take(&long, 576, 1), take(&long, 1500, 1)]),
            ("other bytes", vec![take(&long, 1500, 1), take(&other, 1500, 1), take(&long, 1500, 0)]),
            ("two ends", vec![take(&long, 1500, 2), take(&udp(2980), 1500, 2), take(&long, 1500, 0)]),
            ("beyond the end", vec![take(&long, 1500, 2), take(&udp(9000), 1500, 4), take(&long, 1500, 0)]),
        ];
        for (name, parts) in cases {
            let mut reassembly = Reassembly::default();
            for part in parts {
                assert!(reassembly.take(AT, part).is_none(), "{name}");
            }
            assert_eq!(reassembly.waiting.len(), 1, "{name}: only the last part is left");
        }
    }

    #[test]
    fn memory_is_bounded() {
        let mut reassembly = Reassembly::default();
        let part = |id: u16| {
            let mut frame = udp(2000).fragments(1500).remove(0).into_frame();
            frame[18..20].copy_from_slice(&id.to_be_bytes());
            Packet::parse(frame).expect("a part")
        };
        for id in 0..200 {
            assert!(reassembly.take(AT + Duration::from_millis(id.into()), part(id)).is_none());
        }
        assert_eq!(reassembly.waiting.len(), DATAGRAMS_MAX);
        assert!(reassembly.waiting.keys().all(|datagram| datagram.identification >= 136));
        assert!(reassembly.take(AT + WAIT_MAX * 2, part(0)).is_none());
        assert_eq!(reassembly.waiting.len(), 1, "the others have waited too long");
        // An end beyond the longest packet.
        let mut frame = udp(2000).fragments(1500).remove(1).into_frame();
        frame[20..22].copy_from_slice(&0x1fff_u16.to_be_bytes());
        assert!(reassembly.take(AT + WAIT_MAX * 2, Packet::parse(frame).expect("a part")).is_none());
        assert!(reassembly.waiting.is_empty());
    }
}
