//! Which flow a packet belongs to.

use std::net::Ipv4Addr;

use super::state::Effect;
use super::walk::Cx;
use crate::ids::{EniId, NatGatewayId};
use crate::wire::{FiveTuple, Packet, Protocol, Quoted};

/// Who talks to whom, with the identifier of ICMP echoes in place of both ports: the same for a request
/// and, mirrored, for its reply.
pub fn flow_of(packet: &Packet) -> FiveTuple {
    with_identifier(packet.tuple(), packet.icmp().and_then(|icmp| icmp.echo).map(|echo| echo.identifier))
}

/// The flow of the packet that an ICMP error is about.
pub fn flow_of_quoted(quoted: Quoted) -> FiveTuple {
    with_identifier(quoted.tuple, quoted.echo_identifier)
}

fn with_identifier(tuple: FiveTuple, identifier: Option<u16>) -> FiveTuple {
    match identifier {
        Some(identifier) => FiveTuple { src_port: identifier, dst_port: identifier, ..tuple },
        None => tuple,
    }
}

/// Who has to know which flow a fragment is of.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Asking {
    /// The groups of an interface.
    Groups(EniId),
    /// A NAT gateway.
    NatGateway(NatGatewayId),
}

/// The fragments of one datagram at an interface or a NAT gateway.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct DatagramKey {
    at: Asking,
    src: Ipv4Addr,
    dst: Ipv4Addr,
    protocol: Protocol,
    identification: u16,
}

impl DatagramKey {
    fn of(at: Asking, packet: &Packet) -> Self {
        let FiveTuple { src, dst, protocol, .. } = packet.tuple();
        Self { at, src, dst, protocol, identification: packet.identification() }
    }
}

impl Cx<'_> {
    /// The flow of a packet at an interface or a NAT gateway. A later fragment belongs to the flow of the first one, which
    /// alone has the ports, if that came before (assumed: fragments-follow-first).
    pub(super) fn flow(&mut self, at: Asking, packet: &Packet) -> FiveTuple {
        if !packet.is_fragment() {
            return flow_of(packet);
        }
        let datagram = DatagramKey::of(at, packet);
        if packet.is_later_fragment() {
            return self.state.flow_of_datagram(datagram, self.now).unwrap_or(packet.tuple());
        }
        let flow = flow_of(packet);
        self.out.effects.push(Effect::FirstFragment { datagram, flow });
        flow
    }
}
