//! ARP requests, as far as the fabric answers them.

use std::net::Ipv4Addr;

use etherparse::{ArpOperation, NetSlice, SlicedPacket};

use super::Mac;

/// "Who has `target`? Tell `sender`."
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ArpRequest {
    /// Hardware address of the one who asks.
    pub sender_mac: Mac,
    /// Protocol address of the one who asks.
    pub sender: Ipv4Addr,
    /// The protocol address that is looked for.
    pub target: Ipv4Addr,
}

impl ArpRequest {
    /// Reads an Ethernet frame; `None` if it is anything but an ARP request for IPv4.
    pub(super) fn parse(frame: &[u8]) -> Option<Self> {
        let Ok(SlicedPacket { net: Some(NetSlice::Arp(arp)), .. }) = SlicedPacket::from_ethernet(frame)
        else {
            return None;
        };
        if arp.operation() != ArpOperation::REQUEST {
            return None;
        }
        Some(Self {
            sender_mac: Mac(arp.sender_hw_addr().try_into().ok()?),
            sender: Ipv4Addr::from(<[u8; 4]>::try_from(arp.sender_protocol_addr()).ok()?),
            target: Ipv4Addr::from(<[u8; 4]>::try_from(arp.target_protocol_addr()).ok()?),
        })
    }
}

/// "`address` is at `mac`."
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ArpReply {
    /// Hardware address of the one who answers.
    pub mac: Mac,
    /// Protocol address of the one who answers.
    pub address: Ipv4Addr,
}

impl ArpReply {
    /// Reads an Ethernet frame; `None` if it is anything but an ARP reply for IPv4.
    pub fn parse(frame: &[u8]) -> Option<Self> {
        let Ok(SlicedPacket { net: Some(NetSlice::Arp(arp)), .. }) = SlicedPacket::from_ethernet(frame)
        else {
            return None;
        };
        if arp.operation() != ArpOperation::REPLY {
            return None;
        }
        Some(Self {
            mac: Mac(arp.sender_hw_addr().try_into().ok()?),
            address: Ipv4Addr::from(<[u8; 4]>::try_from(arp.sender_protocol_addr()).ok()?),
        })
    }
}
