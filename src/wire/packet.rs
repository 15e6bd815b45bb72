//! An IPv4 packet in its Ethernet frame, with the facts every stage asks for read once.

use std::fmt;
use std::net::Ipv4Addr;
use std::ops::Range;

use etherparse::{Icmpv4Slice, Ipv4HeaderSlice, LaxNetSlice, LaxSlicedPacket, TcpSlice, UdpSlice};

use super::{ECHO_REPLY, ECHO_REQUEST, ETHERNET_HEADER_LEN, Mac};

const ETHERTYPE: Range<usize> = 12..14;
const IPV4: [u8; 2] = [0x08, 0x00];
/// Where the second word of the IPv4 header says which datagram a fragment is of, and which part.
pub(super) const IDENTIFICATION: usize = ETHERNET_HEADER_LEN + 4;
pub(super) const FRAGMENT: usize = ETHERNET_HEADER_LEN + 6;
const MORE_FRAGMENTS: u16 = 0x2000;
const FRAGMENT_OFFSET: u16 = 0x1fff;
/// Where the TCP header has its sequence number, its acknowledgment number and its own length.
const TCP_SEQUENCE: usize = 4;
const TCP_ACKNOWLEDGMENT: usize = 8;
const TCP_LEN: usize = 12;
const TCP_HEADER_LEN: usize = 20;

/// An IP protocol number.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Protocol(pub u8);

impl Protocol {
    /// Internet Control Message Protocol.
    pub const ICMP: Self = Self(1);
    /// Transmission Control Protocol.
    pub const TCP: Self = Self(6);
    /// User Datagram Protocol.
    pub const UDP: Self = Self(17);

    /// Whether packets of this protocol carry port numbers that AWS's rules look at.
    pub const fn has_ports(self) -> bool {
        matches!(self, Self::TCP | Self::UDP)
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::ICMP => f.write_str("icmp"),
            Self::TCP => f.write_str("tcp"),
            Self::UDP => f.write_str("udp"),
            Self(number) => write!(f, "protocol {number}"),
        }
    }
}

impl fmt::Debug for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// Who talks to whom. Ports are 0 where the protocol has none, as in flow-log records.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FiveTuple {
    /// Source address.
    pub src: Ipv4Addr,
    /// Destination address.
    pub dst: Ipv4Addr,
    /// Source port, or 0.
    pub src_port: u16,
    /// Destination port, or 0.
    pub dst_port: u16,
    /// IP protocol.
    pub protocol: Protocol,
}

impl FiveTuple {
    /// The same conversation seen from the other side.
    pub const fn mirror(self) -> Self {
        Self { src: self.dst, dst: self.src, src_port: self.dst_port, dst_port: self.src_port, ..self }
    }
}

impl fmt::Display for FiveTuple {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.protocol.has_ports() {
            write!(f, "{} {}:{} > {}:{}", self.protocol, self.src, self.src_port, self.dst, self.dst_port)
        } else {
            write!(f, "{} {} > {}", self.protocol, self.src, self.dst)
        }
    }
}

impl fmt::Debug for FiveTuple {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// The control bits of a TCP header.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default, Debug)]
pub struct TcpFlags(pub u8);

impl TcpFlags {
    /// No more data from the sender.
    pub const FIN: u8 = 1;
    /// Synchronise sequence numbers.
    pub const SYN: u8 = 2;
    /// Reset the connection.
    pub const RST: u8 = 4;
    /// Push.
    pub const PSH: u8 = 8;
    /// The acknowledgment field counts.
    pub const ACK: u8 = 16;

    /// Whether all bits of `mask` are set.
    pub const fn has(self, mask: u8) -> bool {
        self.0 & mask == mask
    }

    /// Whether they ask for a new connection.
    pub const fn opens(self) -> bool {
        self.has(Self::SYN) && self.0 & (Self::ACK | Self::RST) == 0
    }
}

impl fmt::Display for TcpFlags {
    /// The flags people name a segment by, e.g. `SYN-ACK`; `ACK` when there is nothing else to say.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = [
            (Self::SYN, "SYN"),
            (Self::FIN, "FIN"),
            (Self::RST, "RST"),
            (Self::PSH, "PSH"),
            (Self::ACK, "ACK"),
        ];
        let mut first = true;
        for (bit, name) in names {
            if self.has(bit) {
                write!(f, "{}{name}", if first { "" } else { "-" })?;
                first = false;
            }
        }
        if first { f.write_str("no flags") } else { Ok(()) }
    }
}

/// What an ICMP message says, as far as rules and trackers ask.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Icmp {
    /// Message type, e.g. 8 for an echo request.
    pub kind: u8,
    /// Code within the type.
    pub code: u8,
    /// Set in echo requests and replies.
    pub echo: Option<Echo>,
    /// The packet an error message is about.
    pub quoted: Option<Quoted>,
}

/// The identifying part of an ICMP echo message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Echo {
    /// Which ping.
    pub identifier: u16,
    /// Which of its requests.
    pub sequence: u16,
}

/// The packet quoted in an ICMP error.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Quoted {
    /// Who sent it to whom.
    pub tuple: FiveTuple,
    /// The identifier, if the quoted packet is an ICMP echo.
    pub echo_identifier: Option<u16>,
    /// The message type, if it is ICMP.
    pub icmp_kind: Option<u8>,
}

/// Why a frame is not a packet the fabric carries.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Malformed {
    /// An EtherType other than IPv4 and ARP.
    NotIpv4,
    /// Lengths or header fields that contradict each other.
    Broken,
}

/// A parsed IPv4 packet, in the frame it travels in.
#[derive(Clone, Debug)]
pub struct Packet {
    frame: Vec<u8>,
    facts: Facts,
}

/// What [`Packet::parse`] reads. All `Copy`, so the frame can be moved and rewritten freely.
#[derive(Clone, Copy, Debug)]
struct Facts {
    tuple: FiveTuple,
    ip_len: u16,
    ttl: u8,
    dont_fragment: bool,
    later_fragment: bool,
    tcp_flags: TcpFlags,
    icmp: Option<Icmp>,
}

impl Packet {
    /// Reads a frame; gives the bytes back with the reason if it is not an intact IPv4 packet.
    pub fn parse(frame: Vec<u8>) -> Result<Self, (Malformed, Vec<u8>)> {
        match facts(&frame) {
            Ok(facts) => Ok(Self { frame, facts }),
            Err(reason) => Err((reason, frame)),
        }
    }

    /// The bytes, from the Ethernet header on.
    pub fn frame(&self) -> &[u8] {
        &self.frame
    }

    /// Gives the bytes away.
    pub fn into_frame(self) -> Vec<u8> {
        self.frame
    }

    pub(super) fn frame_mut(&mut self) -> &mut [u8] {
        &mut self.frame
    }

    /// Reads the facts again after the bytes were rewritten.
    pub(super) fn refresh(&mut self) {
        self.facts = facts(&self.frame).expect("a rewritten packet still parses");
    }

    /// Who talks to whom.
    pub fn tuple(&self) -> FiveTuple {
        self.facts.tuple
    }

    /// Total length of the IP packet in bytes: what flow logs count and MTUs limit.
    pub fn ip_len(&self) -> u16 {
        self.facts.ip_len
    }

    /// Time to live.
    pub fn ttl(&self) -> u8 {
        self.facts.ttl
    }

    /// Whether routers must not fragment it.
    pub fn dont_fragment(&self) -> bool {
        self.facts.dont_fragment
    }

    /// Whether it is a fragment other than the first, which carries no ports.
    pub fn is_later_fragment(&self) -> bool {
        self.facts.later_fragment
    }

    /// Whether it is a part of a datagram: the first, one in between or the last.
    pub fn is_fragment(&self) -> bool {
        self.is_later_fragment() || self.more_fragments()
    }

    /// Whether parts of the same datagram follow behind it.
    pub fn more_fragments(&self) -> bool {
        self.word(FRAGMENT) & MORE_FRAGMENTS != 0
    }

    /// Where in the datagram a fragment's payload begins, in bytes.
    pub fn fragment_offset(&self) -> usize {
        usize::from(self.word(FRAGMENT) & FRAGMENT_OFFSET) * 8
    }

    /// What the fragments of one datagram have in common.
    pub fn identification(&self) -> u16 {
        self.word(IDENTIFICATION)
    }

    /// TCP control bits; none for other protocols.
    pub fn tcp_flags(&self) -> TcpFlags {
        self.facts.tcp_flags
    }

    /// The options of the TCP header; empty for other protocols.
    pub fn tcp_options(&self) -> &[u8] {
        &self.frame[self.tcp_options_range()]
    }

    pub(super) fn tcp_options_range(&self) -> Range<usize> {
        let tcp = self.transport_start();
        let end = self.tcp_payload_start();
        // A first fragment may end within the header.
        if end >= tcp + TCP_HEADER_LEN { tcp + TCP_HEADER_LEN..end } else { 0..0 }
    }

    /// The sequence number of a TCP segment; 0 for other protocols.
    pub fn tcp_sequence(&self) -> u32 {
        self.tcp_field(TCP_SEQUENCE)
    }

    /// The acknowledgment number of a TCP segment; 0 for other protocols.
    pub fn tcp_acknowledgment(&self) -> u32 {
        self.tcp_field(TCP_ACKNOWLEDGMENT)
    }

    /// What a TCP segment carries; empty for other protocols.
    pub fn tcp_payload(&self) -> &[u8] {
        match self.tcp_payload_start() {
            0 => &[],
            start => &self.frame[start..self.end()],
        }
    }

    /// What a UDP datagram carries; empty for other protocols and for later fragments.
    pub fn udp_payload(&self) -> &[u8] {
        const UDP_HEADER_LEN: usize = 8;
        let is_udp = self.facts.tuple.protocol == Protocol::UDP && !self.facts.later_fragment;
        let start = self.transport_start() + UDP_HEADER_LEN;
        if is_udp && start <= self.end() { &self.frame[start..self.end()] } else { &[] }
    }

    /// Where the payload of a TCP segment begins in the frame; 0 if there is no complete TCP header.
    pub(super) fn tcp_payload_start(&self) -> usize {
        let tcp = self.transport_start();
        if self.facts.tuple.protocol != Protocol::TCP
            || self.facts.later_fragment
            || tcp + TCP_HEADER_LEN > self.end()
        {
            return 0;
        }
        let start = tcp + usize::from(self.frame[tcp + TCP_LEN] >> 4) * 4;
        if (tcp + TCP_HEADER_LEN..=self.end()).contains(&start) { start } else { 0 }
    }

    /// Where the transport header begins in the frame.
    pub(super) fn transport_start(&self) -> usize {
        ETHERNET_HEADER_LEN + self.ip_header_len()
    }

    pub(super) fn ip_header_len(&self) -> usize {
        usize::from(self.frame[ETHERNET_HEADER_LEN] & 0x0f) * 4
    }

    /// Where the packet ends in the frame; padding may follow.
    pub(super) fn end(&self) -> usize {
        ETHERNET_HEADER_LEN + usize::from(self.facts.ip_len)
    }

    fn tcp_field(&self, at: usize) -> u32 {
        let tcp = self.transport_start();
        match self.tcp_payload_start() {
            0 => 0,
            _ => u32::from(self.word(tcp + at)) << 16 | u32::from(self.word(tcp + at + 2)),
        }
    }

    fn word(&self, at: usize) -> u16 {
        u16::from_be_bytes([self.frame[at], self.frame[at + 1]])
    }

    /// The ICMP message, if it is one.
    pub fn icmp(&self) -> Option<Icmp> {
        self.facts.icmp
    }

    /// What a "fragmentation needed" (type 3 code 4) says would have passed.
    pub fn next_hop_mtu(&self) -> Option<u16> {
        const NEXT_HOP_MTU: usize = 6;
        let icmp = self.facts.icmp?;
        ((icmp.kind, icmp.code) == (3, 4)).then(|| self.word(self.transport_start() + NEXT_HOP_MTU))
    }

    /// Whether it is an ICMP error, about which no other error may be sent (RFC 1122).
    pub fn is_icmp_error(&self) -> bool {
        self.facts.icmp.is_some_and(|icmp| is_error(icmp.kind))
    }

    /// What the IP packet carries, from the transport header on.
    pub fn ip_payload(&self) -> &[u8] {
        &self.frame[self.transport_start()..self.end()]
    }

    /// Where the frame is addressed to.
    pub fn destination_mac(&self) -> Mac {
        Mac(self.frame[0..6].try_into().expect("a parsed frame has an Ethernet header"))
    }

    /// Where the frame says it comes from.
    pub fn source_mac(&self) -> Mac {
        Mac(self.frame[6..12].try_into().expect("a parsed frame has an Ethernet header"))
    }
}

impl fmt::Display for Packet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.facts.tuple.fmt(f)
    }
}

/// Everything [`Packet`] remembers of the bytes. etherparse's slices borrow the frame, so they end here.
fn facts(frame: &[u8]) -> Result<Facts, Malformed> {
    let ip = frame.get(ETHERNET_HEADER_LEN..).ok_or(Malformed::Broken)?;
    if frame[ETHERTYPE] != IPV4 {
        return Err(Malformed::NotIpv4);
    }
    // What comes behind the header is looked at below, and only where rules ask: an authentication header,
    // say, is a protocol like others, and a fragment may cut it anywhere.
    let header = Ipv4HeaderSlice::from_slice(ip).map_err(|_| Malformed::Broken)?;
    let transport = header.slice().len()..usize::from(header.total_len());
    let transport = ip.get(transport).ok_or(Malformed::Broken)?;
    let mut facts = Facts {
        tuple: FiveTuple {
            src: header.source_addr(),
            dst: header.destination_addr(),
            src_port: 0,
            dst_port: 0,
            protocol: Protocol(header.protocol().0),
        },
        ip_len: header.total_len(),
        ttl: header.ttl(),
        dont_fragment: header.dont_fragment(),
        later_fragment: header.fragments_offset().value() > 0,
        tcp_flags: TcpFlags::default(),
        icmp: None,
    };
    if !header.is_fragmenting_payload() {
        check_transport(facts.tuple.protocol, transport)?;
    }
    if !facts.later_fragment {
        facts.read_transport(transport);
    }
    Ok(facts)
}

/// Whether a whole message of a protocol that rules look into has a header that makes sense.
fn check_transport(protocol: Protocol, message: &[u8]) -> Result<(), Malformed> {
    let makes_sense = match protocol {
        Protocol::TCP => TcpSlice::from_slice(message).is_ok(),
        Protocol::UDP => UdpSlice::from_slice(message).is_ok(),
        Protocol::ICMP => Icmpv4Slice::from_slice(message).is_ok(),
        Protocol(_) => true,
    };
    if makes_sense { Ok(()) } else { Err(Malformed::Broken) }
}

impl Facts {
    /// Reads as much as is there: of a whole packet etherparse has seen that it is everything, but a first
    /// fragment may end anywhere.
    fn read_transport(&mut self, bytes: &[u8]) {
        const PORTS: usize = 4;
        const TCP_FLAGS: usize = 13;
        const ICMP_HEADER_LEN: usize = 8;
        let word = |at: usize| u16::from_be_bytes([bytes[at], bytes[at + 1]]);
        if self.tuple.protocol.has_ports() && bytes.len() >= PORTS {
            (self.tuple.src_port, self.tuple.dst_port) = (word(0), word(2));
        }
        if self.tuple.protocol == Protocol::TCP {
            self.tcp_flags = TcpFlags(bytes.get(TCP_FLAGS).copied().unwrap_or(0));
        }
        if self.tuple.protocol == Protocol::ICMP && bytes.len() >= ICMP_HEADER_LEN {
            self.icmp = Some(icmp_facts(bytes));
        }
    }
}

fn icmp_facts(message: &[u8]) -> Icmp {
    let (kind, code) = (message[0], message[1]);
    let word = |at: usize| u16::from_be_bytes([message[at], message[at + 1]]);
    match kind {
        ECHO_REPLY | ECHO_REQUEST => {
            Icmp { kind, code, echo: Some(Echo { identifier: word(4), sequence: word(6) }), quoted: None }
        }
        kind if is_error(kind) => Icmp { kind, code, echo: None, quoted: quoted(&message[8..]) },
        _ => Icmp { kind, code, echo: None, quoted: None },
    }
}

/// Whether messages of an ICMP type are about a packet, which they quote.
pub(super) const fn is_error(kind: u8) -> bool {
    matches!(kind, 3 | 4 | 5 | 11 | 12)
}

/// The packet inside an ICMP error: its header and at least eight bytes, the rest cut off.
fn quoted(bytes: &[u8]) -> Option<Quoted> {
    let lax = LaxSlicedPacket::from_ip(bytes).ok()?;
    let Some(LaxNetSlice::Ipv4(ip)) = &lax.net else { return None };
    let header = ip.header();
    let protocol = Protocol(header.protocol().0);
    let transport = bytes.get(header.slice().len()..)?;
    let word = |at: usize| transport.get(at..at + 2).map(|b| u16::from_be_bytes([b[0], b[1]]));
    let ports = if protocol.has_ports() { (word(0)?, word(2)?) } else { (0, 0) };
    Some(Quoted {
        tuple: FiveTuple {
            src: header.source_addr(),
            dst: header.destination_addr(),
            src_port: ports.0,
            dst_port: ports.1,
            protocol,
        },
        echo_identifier: if protocol == Protocol::ICMP { word(4) } else { None },
        icmp_kind: if protocol == Protocol::ICMP { transport.first().copied() } else { None },
    })
}
