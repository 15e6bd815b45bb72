//! What a rule is about: protocol, ports, ICMP type and code. Shared by security groups and network ACLs.

use std::fmt;

use crate::wire::{Packet, Protocol};

/// Out of an interface or subnet, or into it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Direction {
    /// From the interface towards the network.
    Egress,
    /// From the network towards the interface.
    Ingress,
}

impl fmt::Display for Direction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Egress => "egress",
            Self::Ingress => "ingress",
        })
    }
}

/// A range of port numbers, both ends included.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct PortRange {
    /// The lowest port.
    pub from: u16,
    /// The highest port.
    pub to: u16,
}

impl PortRange {
    /// Every port.
    pub const ALL: Self = Self { from: 0, to: u16::MAX };

    /// Just one.
    pub const fn one(port: u16) -> Self {
        Self { from: port, to: port }
    }

    const fn contains(self, port: u16) -> bool {
        self.from <= port && port <= self.to
    }
}

impl fmt::Display for PortRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.from == self.to { write!(f, "{}", self.from) } else { write!(f, "{}-{}", self.from, self.to) }
    }
}

/// The packets a rule speaks of. Ports are those of the packet's destination
/// (aws: sg-rule-fields, nacl-rule-fields).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Traffic {
    /// Every protocol and port (`-1`).
    All,
    /// ICMP, narrowed to a type and to a code within it.
    Icmp {
        /// `None` for every type.
        kind: Option<u8>,
        /// `None` for every code.
        code: Option<u8>,
    },
    /// Another protocol; AWS ignores a port range here.
    Other(Protocol),
    /// TCP to a range of ports.
    Tcp(PortRange),
    /// UDP to a range of ports.
    Udp(PortRange),
}

impl Traffic {
    /// Whether a packet is one of those.
    ///
    /// A later fragment carries no ports and is matched by protocol alone (assumed: fragments-match-protocol).
    pub fn matches(self, packet: &Packet) -> bool {
        let tuple = packet.tuple();
        let port = |range: PortRange| packet.is_later_fragment() || range.contains(tuple.dst_port);
        match self {
            Self::All => true,
            Self::Icmp { kind, code } => {
                tuple.protocol == Protocol::ICMP
                    && packet.icmp().is_none_or(|icmp| {
                        kind.is_none_or(|kind| kind == icmp.kind) && code.is_none_or(|code| code == icmp.code)
                    })
            }
            Self::Other(protocol) => tuple.protocol == protocol,
            Self::Tcp(range) => tuple.protocol == Protocol::TCP && port(range),
            Self::Udp(range) => tuple.protocol == Protocol::UDP && port(range),
        }
    }
}

impl fmt::Display for Traffic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::All => f.write_str("all traffic"),
            Self::Icmp { kind: None, .. } => f.write_str("icmp"),
            Self::Icmp { kind: Some(kind), code: None } => write!(f, "icmp type {kind}"),
            Self::Icmp { kind: Some(kind), code: Some(code) } => write!(f, "icmp type {kind} code {code}"),
            Self::Other(protocol) => write!(f, "{protocol}"),
            Self::Tcp(PortRange::ALL) => f.write_str("tcp"),
            Self::Tcp(ports) => write!(f, "tcp {ports}"),
            Self::Udp(PortRange::ALL) => f.write_str("udp"),
            Self::Udp(ports) => write!(f, "udp {ports}"),
        }
    }
}
