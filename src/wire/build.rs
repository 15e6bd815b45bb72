//! Making frames: what the fabric answers itself, and packets for tests.

use std::net::Ipv4Addr;

use etherparse::{
    ArpHardwareId, ArpOperation, ArpPacket, EtherType, Icmpv4Type, PacketBuilder, TcpHeader,
    icmpv4::{self, DestUnreachableHeader},
};

use super::{ArpRequest, ETHERNET_HEADER_LEN, FiveTuple, Mac, Packet, TcpFlags};

/// Time to live of what is built here.
const TTL: u8 = 64;

/// How much of a packet an ICMP error quotes, in bytes: as Linux, the error stays below 576 bytes.
const QUOTE_MAX: usize = 548;

/// The hardware addresses a frame goes between.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Ends {
    /// Sender.
    pub src: Mac,
    /// Receiver.
    pub dst: Mac,
}

impl Ends {
    /// Two made-up stations, for tests.
    pub const TEST: Self = Self { src: Mac([2, 0, 0, 0, 0, 1]), dst: Mac([2, 0, 0, 0, 0, 2]) };
}

/// The question "who has `request.target`?", to every station.
pub fn arp_request(request: ArpRequest) -> Vec<u8> {
    let question = ArpPacket::new(
        ArpHardwareId::ETHERNET,
        EtherType::IPV4,
        ArpOperation::REQUEST,
        &request.sender_mac.0,
        &request.sender.octets(),
        &[0; 6],
        &request.target.octets(),
    )
    .expect("Ethernet and IPv4 addresses have the lengths ARP wants");
    let builder = PacketBuilder::ethernet2(request.sender_mac.0, Mac::BROADCAST.0).arp(question);
    let mut frame = Vec::with_capacity(builder.size());
    builder.write(&mut frame).expect("writes to memory");
    frame
}

/// The answer "`request.target` is at `mac`".
pub fn arp_reply(request: ArpRequest, mac: Mac) -> Vec<u8> {
    let reply = ArpPacket::new(
        ArpHardwareId::ETHERNET,
        EtherType::IPV4,
        ArpOperation::REPLY,
        &mac.0,
        &request.target.octets(),
        &request.sender_mac.0,
        &request.sender.octets(),
    )
    .expect("Ethernet and IPv4 addresses have the lengths ARP wants");
    let builder = PacketBuilder::ethernet2(mac.0, request.sender_mac.0).arp(reply);
    let mut frame = Vec::with_capacity(builder.size());
    builder.write(&mut frame).expect("writes to memory");
    frame
}

/// "The packet was too big and may not be fragmented; `mtu` would have passed" (type 3 code 4).
pub fn fragmentation_needed(ends: Ends, from: Ipv4Addr, about: &Packet, mtu: u16) -> Packet {
    unreachable(ends, from, about, DestUnreachableHeader::FragmentationNeeded { next_hop_mtu: mtu })
}

/// "Nobody has that address" (type 3 code 1).
pub fn host_unreachable(ends: Ends, from: Ipv4Addr, about: &Packet) -> Packet {
    unreachable(ends, from, about, DestUnreachableHeader::Host)
}

/// "Nobody listens on that port" (type 3 code 3).
pub fn port_unreachable(ends: Ends, from: Ipv4Addr, about: &Packet) -> Packet {
    unreachable(ends, from, about, DestUnreachableHeader::Port)
}

/// "The packet has made too many hops" (type 11 code 0).
pub fn time_exceeded(ends: Ends, from: Ipv4Addr, about: &Packet) -> Packet {
    let code = icmpv4::TimeExceededCode::TtlExceededInTransit;
    icmp_error(ends, from, about, Icmpv4Type::TimeExceeded(code))
}

fn unreachable(ends: Ends, from: Ipv4Addr, about: &Packet, why: DestUnreachableHeader) -> Packet {
    icmp_error(ends, from, about, Icmpv4Type::DestinationUnreachable(why))
}

/// An ICMP error to the sender of `about`. Whether there may be one is for the caller to know: not
/// about another error ([`Packet::is_icmp_error`]) and not about a later fragment.
fn icmp_error(ends: Ends, from: Ipv4Addr, about: &Packet, what: Icmpv4Type) -> Packet {
    let ip = &about.frame()[ETHERNET_HEADER_LEN..];
    let quote = &ip[..usize::from(about.ip_len()).min(QUOTE_MAX)];
    finish(
        PacketBuilder::ethernet2(ends.src.0, ends.dst.0)
            .ipv4(from.octets(), about.tuple().src.octets(), TTL)
            .icmpv4(what),
        quote,
    )
}

/// The RST that answers a segment nobody knows anything of (RFC 793, "Reset Generation").
///
/// Whether there may be one is for the caller to know: a RST is never answered.
pub fn tcp_reset(ends: Ends, about: &Packet) -> Packet {
    let (tuple, flags) = (about.tuple().mirror(), about.tcp_flags());
    let mut header = TcpHeader::new(tuple.src_port, tuple.dst_port, 0, 0);
    header.rst = true;
    if flags.has(TcpFlags::ACK) {
        header.sequence_number = about.tcp_acknowledgment();
    } else {
        let len = about.tcp_payload().len() as u32
            + u32::from(flags.has(TcpFlags::SYN))
            + u32::from(flags.has(TcpFlags::FIN));
        header.ack = true;
        header.acknowledgment_number = about.tcp_sequence().wrapping_add(len);
    }
    finish(
        PacketBuilder::ethernet2(ends.src.0, ends.dst.0)
            .ipv4(tuple.src.octets(), tuple.dst.octets(), TTL)
            .tcp_header(header),
        &[],
    )
}

/// A TCP segment with sequence numbers 0 and no options.
pub fn tcp(ends: Ends, tuple: FiveTuple, flags: TcpFlags, payload: &[u8]) -> Packet {
    let mut header = TcpHeader::new(tuple.src_port, tuple.dst_port, 0, 0xffff);
    header.fin = flags.has(TcpFlags::FIN);
    header.syn = flags.has(TcpFlags::SYN);
    header.rst = flags.has(TcpFlags::RST);
    header.psh = flags.has(TcpFlags::PSH);
    header.ack = flags.has(TcpFlags::ACK);
    finish(
        PacketBuilder::ethernet2(ends.src.0, ends.dst.0)
            .ipv4(tuple.src.octets(), tuple.dst.octets(), TTL)
            .tcp_header(header),
        payload,
    )
}

/// A SYN with options, its first sequence number and the window it offers.
///
/// # Panics
/// If the options are longer than 40 bytes.
pub fn syn(ends: Ends, tuple: FiveTuple, sequence: u32, window: u16, options: &[u8]) -> Packet {
    let mut header = TcpHeader::new(tuple.src_port, tuple.dst_port, sequence, window);
    header.syn = true;
    header.set_options_raw(options).expect("options fit into a TCP header");
    finish(
        PacketBuilder::ethernet2(ends.src.0, ends.dst.0)
            .ipv4(tuple.src.octets(), tuple.dst.octets(), TTL)
            .tcp_header(header),
        &[],
    )
}

/// A UDP datagram.
pub fn udp(ends: Ends, tuple: FiveTuple, payload: &[u8]) -> Packet {
    finish(
        PacketBuilder::ethernet2(ends.src.0, ends.dst.0)
            .ipv4(tuple.src.octets(), tuple.dst.octets(), TTL)
            .udp(tuple.src_port, tuple.dst_port),
        payload,
    )
}

/// An ICMP echo request.
pub fn echo_request(
    ends: Ends,
    src: Ipv4Addr,
    dst: Ipv4Addr,
    identifier: u16,
    sequence: u16,
    payload: &[u8],
) -> Packet {
    finish(
        PacketBuilder::ethernet2(ends.src.0, ends.dst.0)
            .ipv4(src.octets(), dst.octets(), TTL)
            .icmpv4_echo_request(identifier, sequence),
        payload,
    )
}

/// The echo reply to [`echo_request`].
pub fn echo_reply(
    ends: Ends,
    src: Ipv4Addr,
    dst: Ipv4Addr,
    identifier: u16,
    sequence: u16,
    payload: &[u8],
) -> Packet {
    finish(
        PacketBuilder::ethernet2(ends.src.0, ends.dst.0)
            .ipv4(src.octets(), dst.octets(), TTL)
            .icmpv4_echo_reply(identifier, sequence),
        payload,
    )
}

/// The last step of etherparse's builder differs in type for each transport.
trait LastStep {
    fn write_frame(self, payload: &[u8]) -> Vec<u8>;
}

macro_rules! last_step {
    ($($header:ty),*) => {$(
        impl LastStep for etherparse::PacketBuilderStep<$header> {
            fn write_frame(self, payload: &[u8]) -> Vec<u8> {
                let mut frame = Vec::with_capacity(self.size(payload.len()));
                self.write(&mut frame, payload).expect("writes to memory");
                frame
            }
        }
    )*};
}

last_step!(TcpHeader, etherparse::UdpHeader, etherparse::Icmpv4Header);

fn finish(step: impl LastStep, payload: &[u8]) -> Packet {
    Packet::parse(step.write_frame(payload)).expect("a built packet parses")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{Parsed, checksums_are_valid, parse};

    #[test]
    fn arp_round_trip() {
        // An ARP request as Linux sends it, padding left off.
        let mut bytes = vec![0xff; 6];
        bytes.extend([2, 0, 0, 0, 0, 1, 8, 6, 0, 1, 8, 0, 6, 4, 0, 1, 2, 0, 0, 0, 0, 1, 10, 0, 0, 4]);
        bytes.extend([0; 6]);
        bytes.extend([10, 0, 0, 1]);
        let Ok(Parsed::Arp(request, _)) = parse(bytes) else { panic!("an ARP request") };
        assert_eq!((request.sender, request.target), ([10, 0, 0, 4].into(), [10, 0, 0, 1].into()));
        let reply = arp_reply(request, Mac([2, 0, 0, 0, 0, 9]));
        assert_eq!(reply[..6], [2, 0, 0, 0, 0, 1]);
        assert_eq!(reply[20..22], [0, 2], "operation 2 is a reply");
        assert_eq!(reply[28..32], [10, 0, 0, 1]);
    }

    #[test]
    fn built_packets_have_valid_checksums() {
        let ends = Ends::TEST;
        let (a, b) = ([10, 0, 0, 4].into(), [10, 0, 1, 4].into());
        let echo = echo_reply(ends, a, b, 1, 2, b"ping");
        assert_eq!(echo.icmp().unwrap().echo.unwrap().sequence, 2);
        assert!(checksums_are_valid(echo.frame()));
        let error = fragmentation_needed(ends, b, &echo, 1500);
        assert_eq!(error.icmp().unwrap().quoted.unwrap().echo_identifier, Some(1));
        assert!(checksums_are_valid(error.frame()));
    }

    #[test]
    fn errors_go_back_to_the_sender() {
        let (a, b) = ([10, 0, 0, 4].into(), [10, 0, 1, 4].into());
        let router = [10, 0, 0, 1].into();
        let echo = echo_request(Ends::TEST, a, b, 1, 2, &[7; 2000]);
        let cases = [
            (fragmentation_needed(Ends::TEST, router, &echo, 1500), 3, 4),
            (host_unreachable(Ends::TEST, router, &echo), 3, 1),
            (port_unreachable(Ends::TEST, router, &echo), 3, 3),
            (time_exceeded(Ends::TEST, router, &echo), 11, 0),
        ];
        for (error, kind, code) in cases {
            let icmp = error.icmp().unwrap();
            assert_eq!((icmp.kind, icmp.code, icmp.quoted.unwrap().tuple), (kind, code, echo.tuple()));
            assert_eq!((error.tuple().src, error.tuple().dst, error.ip_len()), (router, a, 576));
            assert!(error.is_icmp_error() && !echo.is_icmp_error());
            assert!(checksums_are_valid(error.frame()));
        }
    }

    #[test]
    fn a_reset_has_the_number_the_peer_expects() {
        let tuple = FiveTuple {
            src: [10, 0, 0, 4].into(),
            dst: [10, 0, 1, 4].into(),
            src_port: 40_000,
            dst_port: 80,
            protocol: crate::wire::Protocol::TCP,
        };
        let segment = |flags: u8, payload: &[u8]| {
            let mut frame = tcp(Ends::TEST, tuple, TcpFlags(flags), payload).into_frame();
            frame[38..42].copy_from_slice(&0xffff_ffff_u32.to_be_bytes());
            frame[42..46].copy_from_slice(&77_u32.to_be_bytes());
            Packet::parse(frame).unwrap()
        };
        let cases = [
            (segment(TcpFlags::ACK | TcpFlags::FIN, b"data"), TcpFlags::RST, 77, 0),
            (segment(TcpFlags::SYN, b""), TcpFlags::RST | TcpFlags::ACK, 0, 0),
            (segment(TcpFlags::FIN, b"data"), TcpFlags::RST | TcpFlags::ACK, 0, 4),
        ];
        for (about, flags, sequence, acknowledgment) in cases {
            let reset = tcp_reset(Ends::TEST, &about);
            assert_eq!((reset.tuple(), reset.tcp_flags()), (tuple.mirror(), TcpFlags(flags)));
            assert_eq!((reset.tcp_sequence(), reset.tcp_acknowledgment()), (sequence, acknowledgment));
            assert_eq!((reset.ip_len(), reset.ttl()), (40, 64));
            assert!(checksums_are_valid(reset.frame()));
        }
    }

    #[test]
    fn broken_frames_are_given_back() {
        let good = udp(
            Ends::TEST,
            FiveTuple {
                src: [10, 0, 0, 4].into(),
                dst: [10, 0, 1, 4].into(),
                src_port: 1,
                dst_port: 2,
                protocol: crate::wire::Protocol::UDP,
            },
            b"x",
        )
        .into_frame();
        for len in 0..good.len() {
            let (_, bytes) = parse(good[..len].to_vec()).expect_err("a cut frame");
            assert_eq!(bytes.len(), len);
        }
    }
}
