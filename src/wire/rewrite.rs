//! Changing a packet in place, with every checksum that covers the change.
//!
//! Fields are written through pnet_packet's mutable views. Sums are updated from the words that
//! changed (RFC 1624) and not computed anew: the cost does not depend on the packet's size, and a
//! sum that was wrong before stays wrong, as behind a real translator.

use std::net::Ipv4Addr;

use pnet_packet::MutablePacket;
use pnet_packet::icmp::MutableIcmpPacket;
use pnet_packet::ipv4::MutableIpv4Packet;
use pnet_packet::tcp::MutableTcpPacket;
use pnet_packet::udp::MutableUdpPacket;

use super::packet::{FRAGMENT, IDENTIFICATION, is_error};
use super::{ECHO_REPLY, ECHO_REQUEST, ETHERNET_HEADER_LEN, Mac, Packet, Protocol, TcpFlags};

/// What to change. `None` leaves a field alone.
///
/// In an ICMP error the quoted packet travels the other way, so its source changes as the error's
/// destination does, and the other way round.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Rewrite {
    /// New source address.
    pub src: Option<Ipv4Addr>,
    /// New destination address.
    pub dst: Option<Ipv4Addr>,
    /// New source port, or ICMP echo identifier of a request.
    pub src_port: Option<u16>,
    /// New destination port, or ICMP echo identifier of a reply.
    pub dst_port: Option<u16>,
}

impl Rewrite {
    const fn mirror(self) -> Self {
        Self { src: self.dst, dst: self.src, src_port: self.dst_port, dst_port: self.src_port }
    }
}

impl Packet {
    /// Addresses the frame to the next station.
    pub fn set_macs(&mut self, src: Mac, dst: Mac) {
        let frame = self.frame_mut();
        frame[0..6].copy_from_slice(&dst.0);
        frame[6..12].copy_from_slice(&src.0);
    }

    /// Applies a translation to the packet, to its checksums and to what it quotes.
    ///
    /// The transport checksum of a fragmented datagram is in the first fragment, unless that one is
    /// shorter than the transport header; then it cannot be corrected.
    pub fn rewrite(&mut self, rewrite: Rewrite) {
        let packet = ETHERNET_HEADER_LEN..self.end();
        rewrite_ipv4(&mut self.frame_mut()[packet], rewrite, Layer::Outer, &mut Delta::default());
        self.refresh();
    }

    /// Replaces the options of the TCP header by others of the same length.
    ///
    /// # Panics
    /// If the length differs.
    pub fn set_tcp_options(&mut self, options: &[u8]) {
        const CHECKSUM_BEFORE_OPTIONS: usize = 4;
        let range = self.tcp_options_range();
        if range.is_empty() {
            return;
        }
        let checksum = range.start - CHECKSUM_BEFORE_OPTIONS;
        let frame = self.frame_mut();
        let mut delta = Delta::default();
        // Options fill whole words, so they begin and end at even offsets.
        for (before, after) in frame[range.clone()].chunks_exact(2).zip(options.chunks_exact(2)) {
            delta.word(u16::from_be_bytes([before[0], before[1]]), u16::from_be_bytes([after[0], after[1]]));
        }
        frame[range].copy_from_slice(options);
        let sum = u16::from_be_bytes([frame[checksum], frame[checksum + 1]]);
        frame[checksum..checksum + 2].copy_from_slice(&delta.applied_to(sum).to_be_bytes());
    }

    /// Lowers the maximum segment size that a SYN announces; changes nothing else.
    pub fn clamp_mss(&mut self, max: u16) {
        if !self.tcp_flags().has(TcpFlags::SYN) {
            return;
        }
        let given = self.tcp_options();
        let Some(value) = mss_value(given) else { return };
        if u16::from_be_bytes([given[value], given[value + 1]]) <= max {
            return;
        }
        let mut options = [0; TCP_OPTIONS_MAX];
        let len = given.len();
        options[..len].copy_from_slice(given);
        options[value..value + 2].copy_from_slice(&max.to_be_bytes());
        self.set_tcp_options(&options[..len]);
    }

    /// Takes a hop off the time to live; says `false`, and changes nothing, if none is left.
    #[must_use]
    pub fn decrement_ttl(&mut self) -> bool {
        let may_go_on = self.ttl() > 1;
        if may_go_on {
            self.set_ttl(self.ttl() - 1);
        }
        may_go_on
    }

    /// Says whether routers may fragment the packet.
    pub fn set_dont_fragment(&mut self, dont_fragment: bool) {
        const DONT_FRAGMENT: u16 = 0x4000;
        let before = u16::from_be_bytes([self.frame()[FRAGMENT], self.frame()[FRAGMENT + 1]]);
        let flag = if dont_fragment { DONT_FRAGMENT } else { 0 };
        self.set_ip_word(FRAGMENT, before & !DONT_FRAGMENT | flag);
    }

    /// Sets what the fragments of one datagram have in common.
    pub fn set_identification(&mut self, identification: u16) {
        self.set_ip_word(IDENTIFICATION, identification);
    }

    /// Sets the time to live.
    pub fn set_ttl(&mut self, ttl: u8) {
        let mut ip =
            MutableIpv4Packet::new(&mut self.frame_mut()[ETHERNET_HEADER_LEN..]).expect("a parsed packet");
        let mut delta = Delta::default();
        delta.word(u16::from_be_bytes([ip.get_ttl(), 0]), u16::from_be_bytes([ttl, 0]));
        ip.set_ttl(ttl);
        ip.set_checksum(delta.applied_to(ip.get_checksum()));
        self.refresh();
    }

    /// Replaces a word of the IPv4 header that stands at `at` in the frame.
    fn set_ip_word(&mut self, at: usize, word: u16) {
        const CHECKSUM: usize = ETHERNET_HEADER_LEN + 10;
        let frame = self.frame_mut();
        let read = |at: usize| u16::from_be_bytes([frame[at], frame[at + 1]]);
        let mut delta = Delta::default();
        delta.word(read(at), word);
        let sum = delta.applied_to(read(CHECKSUM));
        frame[at..at + 2].copy_from_slice(&word.to_be_bytes());
        frame[CHECKSUM..CHECKSUM + 2].copy_from_slice(&sum.to_be_bytes());
        self.refresh();
    }
}

/// A TCP header has at most this much room for options.
const TCP_OPTIONS_MAX: usize = 40;

/// Where the value of the "maximum segment size" option stands, if it is there and complete.
fn mss_value(options: &[u8]) -> Option<usize> {
    const END: u8 = 0;
    const NOP: u8 = 1;
    const MSS: u8 = 2;
    const MSS_LEN: u8 = 4;
    let mut at = 0;
    loop {
        match *options.get(at)? {
            END => return None,
            NOP => at += 1,
            MSS => {
                let is_complete = options.get(at + 1) == Some(&MSS_LEN) && options.len() >= at + 4;
                return is_complete.then_some(at + 2);
            }
            _ => at += usize::from(*options.get(at + 1)?).max(2),
        }
    }
}

/// Whether a packet is on its way or only quoted.
#[derive(Clone, Copy)]
enum Layer {
    Outer,
    Quoted,
}

/// Rewrites the IPv4 packet that `ip` begins with; it may be cut off after the transport ports.
///
/// Adds every 16-bit word it changes to `enclosing`, for the checksum of an ICMP error around it.
fn rewrite_ipv4(ip: &mut [u8], rewrite: Rewrite, layer: Layer, enclosing: &mut Delta) {
    let mut header = MutableIpv4Packet::new(ip).expect("an IPv4 header");
    let mut addresses = Delta::default();
    if let Some(src) = rewrite.src {
        addresses.address(header.get_source(), src);
        header.set_source(src);
    }
    if let Some(dst) = rewrite.dst {
        addresses.address(header.get_destination(), dst);
        header.set_destination(dst);
    }
    let (before, after) = (header.get_checksum(), addresses.applied_to(header.get_checksum()));
    header.set_checksum(after);
    enclosing.add(addresses);
    enclosing.word(before, after);

    // Only the first fragment carries a transport header.
    if header.get_fragment_offset() > 0 {
        return;
    }
    let protocol = Protocol(header.get_next_level_protocol().0);
    let transport = header_end(header.get_header_length(), ip);
    match protocol {
        Protocol::TCP => rewrite_tcp(transport, rewrite, addresses, enclosing),
        Protocol::UDP => rewrite_udp(transport, rewrite, addresses, enclosing),
        Protocol::ICMP => rewrite_icmp(transport, rewrite, layer, enclosing),
        Protocol(_) => {}
    }
}

fn header_end(words: u8, ip: &mut [u8]) -> &mut [u8] {
    let at = usize::from(words) * 4;
    ip.get_mut(at..).unwrap_or_default()
}

fn rewrite_tcp(segment: &mut [u8], rewrite: Rewrite, addresses: Delta, enclosing: &mut Delta) {
    let ports = rewrite_ports(segment, rewrite);
    enclosing.add(ports);
    // A quoted segment may end before its checksum.
    let Some(mut tcp) = MutableTcpPacket::new(segment) else { return };
    let (before, after) = (tcp.get_checksum(), addresses.and(ports).applied_to(tcp.get_checksum()));
    tcp.set_checksum(after);
    enclosing.word(before, after);
}

fn rewrite_udp(datagram: &mut [u8], rewrite: Rewrite, addresses: Delta, enclosing: &mut Delta) {
    let ports = rewrite_ports(datagram, rewrite);
    enclosing.add(ports);
    let Some(mut udp) = MutableUdpPacket::new(datagram) else { return };
    let before = udp.get_checksum();
    // Zero says that there is no checksum (RFC 768), and must keep saying so.
    if before == 0 {
        return;
    }
    let after = match addresses.and(ports).applied_to(before) {
        0 => 0xffff,
        sum => sum,
    };
    udp.set_checksum(after);
    enclosing.word(before, after);
}

/// TCP and UDP both begin with the two port numbers.
fn rewrite_ports(transport: &mut [u8], rewrite: Rewrite) -> Delta {
    let mut delta = Delta::default();
    for (at, port) in [(0, rewrite.src_port), (2, rewrite.dst_port)] {
        if let (Some(port), Some(field)) = (port, transport.get_mut(at..at + 2)) {
            delta.word(u16::from_be_bytes([field[0], field[1]]), port);
            field.copy_from_slice(&port.to_be_bytes());
        }
    }
    delta
}

fn rewrite_icmp(message: &mut [u8], rewrite: Rewrite, layer: Layer, enclosing: &mut Delta) {
    const IDENTIFIER: std::ops::Range<usize> = 4..6;
    const BODY: usize = 8;
    let Some(mut icmp) = MutableIcmpPacket::new(message) else { return };
    let mut changed = Delta::default();
    let identifier = match (icmp.get_icmp_type().0, layer) {
        (ECHO_REQUEST, Layer::Outer | Layer::Quoted) => rewrite.src_port,
        (ECHO_REPLY, Layer::Outer | Layer::Quoted) => rewrite.dst_port,
        // Errors about errors do not exist: what looks like one is left as it is.
        (kind, Layer::Outer) if is_error(kind) => {
            if let Some(quoted) = icmp.packet_mut().get_mut(BODY..)
                && begins_ipv4(quoted)
            {
                rewrite_ipv4(quoted, rewrite.mirror(), Layer::Quoted, &mut changed);
            }
            None
        }
        (_, Layer::Outer | Layer::Quoted) => None,
    };
    if let (Some(identifier), Some(field)) = (identifier, icmp.packet_mut().get_mut(IDENTIFIER)) {
        changed.word(u16::from_be_bytes([field[0], field[1]]), identifier);
        field.copy_from_slice(&identifier.to_be_bytes());
    }
    let (before, after) = (icmp.get_checksum(), changed.applied_to(icmp.get_checksum()));
    icmp.set_checksum(after);
    enclosing.add(changed);
    enclosing.word(before, after);
}

/// Whether the bytes have an IPv4 header that is all there.
fn begins_ipv4(bytes: &[u8]) -> bool {
    const HEADER_LEN: usize = 20;
    let header_len = bytes.first().map_or(0, |first| usize::from(first & 0x0f) * 4);
    bytes.first().is_some_and(|first| first >> 4 == 4) && (HEADER_LEN..=bytes.len()).contains(&header_len)
}

/// How much a set of changed words moves an Internet checksum.
#[derive(Clone, Copy, Default)]
struct Delta(u64);

impl Delta {
    fn word(&mut self, before: u16, after: u16) {
        self.0 += u64::from(!before) + u64::from(after);
    }

    fn address(&mut self, before: Ipv4Addr, after: Ipv4Addr) {
        let (before, after) = (before.to_bits(), after.to_bits());
        self.word((before >> 16) as u16, (after >> 16) as u16);
        self.word(before as u16, after as u16);
    }

    fn add(&mut self, other: Self) {
        self.0 += other.0;
    }

    fn and(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }

    fn applied_to(self, checksum: u16) -> u16 {
        if self.0 == 0 {
            return checksum;
        }
        let mut sum = u64::from(!checksum) + self.0;
        while sum > 0xffff {
            sum = (sum & 0xffff) + (sum >> 16);
        }
        !(sum as u16)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::build::{self, Ends};
    use crate::wire::{FiveTuple, TcpFlags, checksums_are_valid};

    const INSIDE: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 10);
    const PUBLIC: Ipv4Addr = Ipv4Addr::new(198, 51, 100, 10);
    const HOST: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 5);

    fn tuple(protocol: Protocol) -> FiveTuple {
        FiveTuple { src: INSIDE, dst: HOST, src_port: 40_612, dst_port: 80, protocol }
    }

    fn translated(mut packet: Packet) -> Packet {
        packet.rewrite(Rewrite { src: Some(PUBLIC), src_port: Some(1024), ..Rewrite::default() });
        packet
    }

    #[test]
    fn tcp_and_udp_keep_valid_checksums() {
        for payload in [&b""[..], b"x", b"hello"] {
            let tcp =
                translated(build::tcp(Ends::TEST, tuple(Protocol::TCP), TcpFlags(TcpFlags::SYN), payload));
            assert_eq!(tcp.tuple(), FiveTuple { src: PUBLIC, src_port: 1024, ..tuple(Protocol::TCP) });
            assert!(checksums_are_valid(tcp.frame()));
            let udp = translated(build::udp(Ends::TEST, tuple(Protocol::UDP), payload));
            assert_eq!(udp.tuple(), FiveTuple { src: PUBLIC, src_port: 1024, ..tuple(Protocol::UDP) });
            assert!(checksums_are_valid(udp.frame()));
        }
    }

    #[test]
    fn a_wrong_checksum_stays_wrong() {
        let mut frame =
            build::tcp(Ends::TEST, tuple(Protocol::TCP), TcpFlags(TcpFlags::ACK), b"x").into_frame();
        *frame.last_mut().unwrap() ^= 0x40;
        let packet = translated(Packet::parse(frame).unwrap());
        assert!(!checksums_are_valid(packet.frame()));
    }

    #[test]
    fn an_absent_udp_checksum_stays_absent() {
        let mut frame = build::udp(Ends::TEST, tuple(Protocol::UDP), b"x").into_frame();
        frame[40..42].copy_from_slice(&[0, 0]);
        let packet = translated(Packet::parse(frame).unwrap());
        assert_eq!(packet.frame()[40..42], [0, 0]);
    }

    #[test]
    fn an_echo_request_is_translated_by_its_identifier() {
        let packet = translated(build::echo_request(Ends::TEST, INSIDE, HOST, 7, 1, b"ping"));
        assert_eq!(packet.icmp().unwrap().echo.unwrap().identifier, 1024);
        assert!(checksums_are_valid(packet.frame()));
    }

    #[test]
    fn an_icmp_error_is_translated_with_what_it_quotes() {
        // The host answers a packet that PUBLIC:1024 sent; inside, that was INSIDE:40612.
        let outside =
            translated(build::tcp(Ends::TEST, tuple(Protocol::TCP), TcpFlags(TcpFlags::ACK), b"data"));
        let mut error = build::fragmentation_needed(Ends::TEST, HOST, &outside, 1500);
        error.rewrite(Rewrite { dst: Some(INSIDE), dst_port: Some(40_612), ..Rewrite::default() });
        assert_eq!(error.tuple().dst, INSIDE);
        assert_eq!(error.icmp().unwrap().quoted.unwrap().tuple, tuple(Protocol::TCP));
        assert!(checksums_are_valid(error.frame()));
    }

    #[test]
    fn the_time_to_live_changes_with_its_checksum() {
        let mut packet = build::tcp(Ends::TEST, tuple(Protocol::TCP), TcpFlags(TcpFlags::SYN), b"");
        packet.set_ttl(127);
        assert_eq!(packet.ttl(), 127);
        assert!(checksums_are_valid(packet.frame()));
    }

    /// A SYN with these options; its checksum is that of a segment without, moved by what they add.
    fn syn(options: &[u8]) -> Packet {
        let mut frame =
            build::tcp(Ends::TEST, tuple(Protocol::TCP), TcpFlags(TcpFlags::SYN), options).into_frame();
        let (before, words) = (frame[46], 5 + options.len() as u8 / 4);
        frame[46] = words << 4;
        let mut delta = Delta::default();
        delta.word(u16::from_be_bytes([before, frame[47]]), u16::from_be_bytes([frame[46], frame[47]]));
        let sum = delta.applied_to(u16::from_be_bytes([frame[50], frame[51]]));
        frame[50..52].copy_from_slice(&sum.to_be_bytes());
        Packet::parse(frame).unwrap()
    }

    #[test]
    fn the_segment_size_of_a_syn_is_lowered() {
        let cases: &[(&[u8], &[u8])] = &[
            (&[2, 4, 0x23, 0x01, 1, 1, 4, 2], &[2, 4, 0x05, 0xb4, 1, 1, 4, 2]),
            (&[1, 2, 4, 0x23, 0x01, 1, 4, 2], &[1, 2, 4, 0x05, 0xb4, 1, 4, 2]),
            (&[2, 4, 0x05, 0xb4], &[2, 4, 0x05, 0xb4]),
            (&[2, 4, 0x02, 0x00], &[2, 4, 0x02, 0x00]),
            (&[1, 1, 4, 2], &[1, 1, 4, 2]),
            (&[1, 1, 2, 4], &[1, 1, 2, 4]),
            (&[2, 3, 0x23, 0], &[2, 3, 0x23, 0]),
            (&[0, 2, 4, 0xff], &[0, 2, 4, 0xff]),
            (&[9, 0, 9, 255], &[9, 0, 9, 255]),
            (&[], &[]),
        ];
        for (before, after) in cases {
            let mut packet = syn(before);
            assert!(checksums_are_valid(packet.frame()));
            packet.clamp_mss(1460);
            assert_eq!(packet.tcp_options(), *after);
            assert!(checksums_are_valid(packet.frame()), "{before:?}");
        }
        let mut ack = build::tcp(Ends::TEST, tuple(Protocol::TCP), TcpFlags(TcpFlags::ACK), b"x");
        ack.clamp_mss(1);
        assert!(checksums_are_valid(ack.frame()));
    }

    #[test]
    fn the_fragment_fields_change_with_their_checksum() {
        let mut packet = build::udp(Ends::TEST, tuple(Protocol::UDP), b"x");
        packet.set_identification(0xbeef);
        packet.set_dont_fragment(false);
        assert!(checksums_are_valid(packet.frame()));
        assert_eq!((packet.identification(), packet.dont_fragment()), (0xbeef, false));
        packet.set_dont_fragment(true);
        assert!(packet.dont_fragment() && !packet.is_fragment());
        assert!(checksums_are_valid(packet.frame()));
    }

    #[test]
    fn the_last_hop_takes_nothing_off() {
        let mut packet = build::udp(Ends::TEST, tuple(Protocol::UDP), b"x");
        packet.set_ttl(2);
        assert!(packet.decrement_ttl());
        assert_eq!(packet.ttl(), 1);
        assert!(checksums_are_valid(packet.frame()));
        assert!(!packet.decrement_ttl());
        assert_eq!(packet.ttl(), 1);
    }

    #[test]
    fn fragments_are_translated_with_the_datagram_they_are_of() {
        let payload: Vec<u8> = (0..3000_u16).map(|at| at as u8).collect();
        for whole in [
            build::udp(Ends::TEST, tuple(Protocol::UDP), &payload),
            build::tcp(Ends::TEST, tuple(Protocol::TCP), TcpFlags(TcpFlags::ACK), &payload),
            build::echo_request(Ends::TEST, INSIDE, HOST, 7, 1, &payload),
        ] {
            let mut reassembly = crate::wire::Reassembly::default();
            let mut back = None;
            for fragment in whole.fragments(1500) {
                let translated = translated(fragment);
                assert!(checksums_are_valid(translated.frame()));
                back = reassembly.take(crate::time::Instant::EPOCH, translated);
            }
            let back = back.expect("the last fragment completes the datagram");
            assert!(checksums_are_valid(back.frame()), "{back}");
            assert_eq!(back.frame(), translated(whole).frame());
        }
    }

    #[test]
    fn nothing_that_parses_makes_a_translation_panic() {
        let everything =
            Rewrite { src: Some(PUBLIC), dst: Some(INSIDE), src_port: Some(1), dst_port: Some(2) };
        let data = build::tcp(Ends::TEST, tuple(Protocol::TCP), TcpFlags(TcpFlags::ACK), b"data");
        let frames = [
            syn(&[2, 4, 0x23, 0x01, 1, 3, 3, 7]).into_frame(),
            build::udp(Ends::TEST, tuple(Protocol::UDP), b"data").into_frame(),
            build::echo_request(Ends::TEST, INSIDE, HOST, 7, 1, b"data").into_frame(),
            build::time_exceeded(Ends::TEST, HOST, &data).into_frame(),
            build::port_unreachable(Ends::TEST, HOST, &build::time_exceeded(Ends::TEST, HOST, &data))
                .into_frame(),
        ];
        let mut random = crate::seed::Seed(1).stream("broken-frames", "");
        let mut parsed = 0;
        for round in 0..40_000_u64 {
            let mut frame = frames[random.below(frames.len() as u64) as usize].clone();
            for _ in 0..=round % 3 {
                let at = random.below(frame.len() as u64) as usize;
                frame[at] = random.next_u64() as u8;
            }
            if round % 2 == 0 {
                // As long as it says, so that cut transport headers get through as first fragments.
                let len = 34 + random.below(frame.len() as u64 - 33) as usize;
                frame.truncate(len);
                frame[16..18].copy_from_slice(&(len as u16 - 14).to_be_bytes());
                frame[20] |= 0x20;
            }
            let Ok(mut packet) = Packet::parse(frame) else { continue };
            parsed += 1;
            packet.rewrite(everything);
            packet.clamp_mss(536);
            let _ = (packet.decrement_ttl(), packet.tcp_options(), packet.tcp_payload(), packet.ip_payload());
            let _ = build::time_exceeded(Ends::TEST, HOST, &packet);
            let _ = build::tcp_reset(Ends::TEST, &packet);
            let _ = packet.fragments(68);
        }
        assert!(parsed > 10_000, "{parsed} frames parsed");
    }
}
