//! Which flow a packet belongs to.

use std::net::Ipv4Addr;

use super::state::Effect;
use super::walk::Cx;
use crate::ids::EniId;
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

/// The fragments of one datagram at an interface.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct DatagramKey {
    eni: EniId,
    src: Ipv4Addr,
    dst: Ipv4Addr,
    protocol: Protocol,
    identification: u16,
}

impl DatagramKey {
    fn of(eni: EniId, packet: &Packet) -> Self {
        let FiveTuple { src, dst, protocol, .. } = packet.tuple();
        Self { eni, src, dst, protocol, identification: packet.identification() }
    }
}

impl Cx<'_> {
    /// The flow of a packet at an interface. A later fragment belongs to the flow of the first one, which
    /// alone has the ports, if that came before (assumed: fragments-follow-first).
    pub(super) fn flow(&mut self, eni: EniId, packet: &Packet) -> FiveTuple {
        if !packet.is_fragment() {
            return flow_of(packet);
        }
        let datagram = DatagramKey::of(eni, packet);
        if packet.is_later_fragment() {
            return self.state.flow_of_datagram(datagram, self.now).unwrap_or(packet.tuple());
        }
        let flow = flow_of(packet);
        self.out.effects.push(Effect::FirstFragment { datagram, flow });
        flow
    }
}
