//! The vocabulary of probing: what is asked for, and what became of a packet and its answer.

use std::fmt;

use super::{DropReason, Station};
use crate::wire::Protocol;

/// What a host is asked for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Asked {
    /// A connection to a port of TCP.
    Tcp(u16),
    /// The answer to a datagram to a port of UDP.
    Udp(u16),
    /// The answer to a ping.
    Ping,
}

impl Asked {
    /// The protocol of the packets.
    pub fn protocol(self) -> Protocol {
        match self {
            Self::Ping => Protocol::ICMP,
            Self::Tcp(_) => Protocol::TCP,
            Self::Udp(_) => Protocol::UDP,
        }
    }

    /// The port, if there is one.
    pub fn port(self) -> Option<u16> {
        match self {
            Self::Ping => None,
            Self::Tcp(port) | Self::Udp(port) => Some(port),
        }
    }
}

impl fmt::Display for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ping => f.pad("icmp"),
            Self::Tcp(port) => f.pad(&format!("{port}/tcp")),
            Self::Udp(port) => f.pad(&format!("{port}/udp")),
        }
    }
}

/// Which of the two packets of a probe.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Leg {
    /// From who asks to who is asked.
    Request,
    /// Back.
    Reply,
}

impl fmt::Display for Leg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Request => "request",
            Self::Reply => "reply",
        })
    }
}

/// Why a packet of a probe did not get to whom it was for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Obstacle {
    /// The network dropped it.
    Dropped(DropReason),
    /// Nothing is sent: the network of who asks has no address for who is asked.
    NoAddress(Station),
    /// A host got it that it is not for, and does not forward.
    NotForwarded(Station),
    /// Another host has the address, and got it.
    OtherHost(Station),
    /// Nothing is sent: who asks has the address itself.
    OwnAddress(Station),
    /// Hosts forwarded it until its time to live ran out.
    TtlExpired(Station),
}

impl Obstacle {
    /// A stable name; what the network drops has the name of the reason.
    pub fn code(self) -> &'static str {
        match self {
            Self::Dropped(reason) => reason.code(),
            Self::NoAddress(_) => "no-public-address",
            Self::NotForwarded(_) => "not-forwarded",
            Self::OtherHost(_) => "other-host",
            Self::OwnAddress(_) => "own-address",
            Self::TtlExpired(_) => "ttl-expired",
        }
    }
}

/// What became of a packet and its answer.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Finding {
    /// One of them did not arrive.
    Closed {
        /// Which one.
        leg: Leg,
        /// Why not.
        why: Obstacle,
    },
    /// Both arrived.
    Open,
}
