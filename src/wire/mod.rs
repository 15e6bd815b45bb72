//! Bytes and facts: what is in a frame, and how a frame is changed.
//!
//! The only user of etherparse (which reads and validates) and of pnet_packet (which rewrites in
//! place). Knows nothing of VPCs: a frame is a frame.
//!
//! A [`Packet`] exists only if its bytes parsed, so its accessors never return `Option` for what
//! every IPv4 packet has. The bytes are owned and moved along, never copied on the way.

mod arp;
pub mod build;
mod fragment;
mod packet;
mod rewrite;

use std::fmt;

pub use arp::{ArpReply, ArpRequest};
pub use etherparse::icmpv4::{TYPE_ECHO_REPLY as ECHO_REPLY, TYPE_ECHO_REQUEST as ECHO_REQUEST};
pub use fragment::Reassembly;
pub use packet::{Echo, FiveTuple, Icmp, Malformed, Packet, Protocol, Quoted, TcpFlags};
pub use rewrite::Rewrite;

/// Length of an Ethernet header, in bytes.
pub const ETHERNET_HEADER_LEN: usize = 14;

/// An Ethernet hardware address.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mac(pub [u8; 6]);

impl Mac {
    /// The address every station listens to.
    pub const BROADCAST: Self = Self([0xff; 6]);

    /// A locally administered unicast address that carries the low 40 bits of `hash`.
    pub const fn from_hash(hash: u64) -> Self {
        let b = hash.to_be_bytes();
        Self([0x02, b[3], b[4], b[5], b[6], b[7]])
    }

    /// Whether a frame to this address is meant for more than one station.
    pub const fn is_group(self) -> bool {
        self.0[0] & 1 == 1
    }
}

impl fmt::Display for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, e, g] = self.0;
        write!(f, "{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{g:02x}")
    }
}

impl fmt::Debug for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// What a frame turns out to be.
#[derive(Debug)]
pub enum Parsed {
    /// Somebody asks for the hardware address of a protocol address; with the frame.
    Arp(ArpRequest, Vec<u8>),
    /// An IPv4 packet.
    Ipv4(Packet),
}

/// Reads a frame; gives the bytes back with the reason if it is not one the fabric carries.
pub fn parse(frame: Vec<u8>) -> Result<Parsed, (Malformed, Vec<u8>)> {
    if let Some(request) = ArpRequest::parse(&frame) {
        return Ok(Parsed::Arp(request, frame));
    }
    Packet::parse(frame).map(Parsed::Ipv4)
}

/// Whether the IPv4 header and the transport message of a frame carry correct checksums.
///
/// For tests and debug checks: it sums the whole packet. Of a fragment only the header is checked.
pub fn checksums_are_valid(frame: &[u8]) -> bool {
    use etherparse::{Icmpv4Slice, Ipv4HeaderSlice, TcpSlice, UdpSlice};
    let Some(ip) = frame.get(ETHERNET_HEADER_LEN..) else { return false };
    let Ok(header) = Ipv4HeaderSlice::from_slice(ip) else { return false };
    let Some(message) = ip.get(header.slice().len()..usize::from(header.total_len())) else { return false };
    let (src, dst) = (header.source(), header.destination());
    let transport = match Protocol(header.protocol().0) {
        // The checksum of a datagram is over all its fragments.
        _ if header.is_fragmenting_payload() => true,
        Protocol::TCP => TcpSlice::from_slice(message)
            .is_ok_and(|tcp| tcp.calc_checksum_ipv4(src, dst) == Ok(tcp.checksum())),
        Protocol::UDP => UdpSlice::from_slice(message).is_ok_and(|udp| {
            let sum = udp.to_header().calc_checksum_ipv4_raw(src, dst, udp.payload());
            udp.checksum() == 0 || sum.is_ok_and(|sum| sum == udp.checksum())
        }),
        Protocol::ICMP => Icmpv4Slice::from_slice(message)
            .is_ok_and(|icmp| icmp.header().icmp_type.calc_checksum(icmp.payload()) == icmp.checksum()),
        Protocol(_) => true,
    };
    transport && header.to_header().calc_header_checksum() == header.header_checksum()
}
