//! NAT gateways: many senders behind few addresses.
//!
//! Read first: "NAT gateway basics" and "Troubleshoot NAT gateways" in the VPC guide.

use super::flow::{Asking, flow_of_quoted};
use super::nat_table::{Binding, NatEffect, NatWay};
use super::state::Effect;
use super::walk::{Cx, Origin, Place};
use crate::model::{Eni, NatGateway, Owner, Zone};
use crate::trace::{DropReason, Step, Translator, TtlHop};
use crate::wire::build::{self, Ends};
use crate::wire::{ECHO_REPLY, ECHO_REQUEST, Packet, Protocol, Rewrite, TcpFlags};

/// The longest packet a NAT gateway carries (aws: mtu-nat).
pub(super) const MTU: u16 = 8500;
/// What it lowers the segment size of a SYN to; AWS gives no number (assumed: mss-clamp-8460).
const MSS: u16 = MTU - 40;

/// Where a NAT gateway got a packet.
#[derive(Clone, Copy, Debug)]
pub(super) enum Face<'a> {
    /// Somewhere in the VPC, without an interface of its own.
    Regional {
        /// The interface that the packet left; none if it came back from the internet.
        sender: Option<&'a Eni>,
    },
    /// At its interface.
    Zonal(&'a Eni),
}

impl Cx<'_> {
    /// A NAT gateway serves the interfaces of its VPC, and what a transit gateway brings
    /// (aws: nat-source), but not its own subnet (assumed: nat-own-subnet).
    pub(super) fn check_nat_source(
        &mut self,
        nat: &NatGateway,
        own: Option<&Eni>,
        from: Origin,
        packet: &Packet,
    ) -> Result<(), DropReason> {
        let tuple = packet.tuple();
        if nat.has(tuple.dst, self.now) {
            return Ok(());
        }
        let refused = match from {
            Origin::Subnet { subnet, .. } if own.is_some_and(|own| own.subnet == subnet) => {
                Some(DropReason::NatOwnSubnet { nat: nat.id })
            }
            Origin::Subnet { eni, .. } => {
                let sender = self.model.enis.get(&eni);
                let by_transit_gateway =
                    sender.is_some_and(|eni| matches!(eni.owner, Some(Owner::TransitGateway(_))));
                let is_of_vpc = self.model.eni_with_address(nat.vpc, tuple.src).is_some();
                let source = tuple.src;
                (!by_transit_gateway && !is_of_vpc).then_some(DropReason::NatSource { nat: nat.id, source })
            }
            Origin::Peer { .. } | Origin::Elsewhere => {
                Some(DropReason::NatSource { nat: nat.id, source: tuple.src })
            }
        };
        refused.map_or(Ok(()), |reason| self.nat_drops(nat, reason))
    }

    /// Translates what came to a NAT gateway: a sender's packet, or what comes back for it.
    pub(super) fn translate_at_nat(
        &mut self,
        nat: &NatGateway,
        face: Face<'_>,
        zone: Zone,
        packet: &mut Packet,
    ) -> Result<(), DropReason> {
        let tuple = packet.tuple();
        let known = matches!(tuple.protocol, Protocol::TCP | Protocol::UDP | Protocol::ICMP);
        // Fragments of UDP only (aws: nat-fragments).
        if !known || (packet.is_fragment() && tuple.protocol != Protocol::UDP) {
            return self.nat_drops(nat, DropReason::NatProtocol { nat: nat.id });
        }
        let (binding, way) = self.find_binding(nat, face, zone, packet)?;
        // aws: nat-traceroute
        if !packet.decrement_ttl() {
            // A regional gateway has no address that the inside could know.
            if let Face::Zonal(own) = face {
                let error =
                    build::time_exceeded(Ends { src: own.mac, dst: own.mac }, own.primary_ip(), packet);
                self.answer(packet, error, Place::Leaving(own.id));
            }
            return self.nat_drops(nat, DropReason::TtlExpired { at: TtlHop::NatGateway(nat.id) });
        }
        let (flags, len) = (packet.tcp_flags(), packet.ip_len());
        packet.clamp_mss(MSS);
        packet.rewrite(rewrite(binding, way, packet));
        self.step(Step::Translated { by: Translator::NatGateway(nat.id), from: tuple, to: packet.tuple() });
        let effect = if packet.is_icmp_error() {
            NatEffect::ForwardedError { nat: nat.id, way, len }
        } else {
            NatEffect::Forwarded { nat: nat.id, binding, way, flags, len }
        };
        self.out.effects.push(Effect::Nat(effect));
        Ok(())
    }

    /// The connection a packet belongs to. What comes back must belong to one: nobody can open a
    /// connection through a NAT gateway from the other side (aws: nat-unsolicited).
    fn find_binding(
        &mut self,
        nat: &NatGateway,
        face: Face<'_>,
        zone: Zone,
        packet: &Packet,
    ) -> Result<(Binding, NatWay), DropReason> {
        let table = &self.state.nat;
        let no_session = DropReason::NatNoSession { nat: nat.id };
        let quoted = packet.icmp().and_then(|icmp| icmp.quoted);
        // Pings go out and their replies come back, and errors go the other way than what they are about.
        let kind = match quoted {
            Some(quoted) => quoted.icmp_kind,
            None => packet.icmp().map(|icmp| icmp.kind),
        };
        let comes_back = nat.has(packet.tuple().dst, self.now);
        let goes_wrong_way =
            kind == Some(if comes_back != quoted.is_some() { ECHO_REQUEST } else { ECHO_REPLY });
        if goes_wrong_way {
            return self.nat_drops(nat, no_session);
        }
        let quoted = quoted.map(flow_of_quoted);
        if comes_back {
            let came = match quoted {
                Some(quoted) => quoted.mirror(),
                None => self.flow(Asking::NatGateway(nat.id), packet),
            };
            let binding = table.from_outside(nat.id, came.mirror());
            return match binding {
                Some(binding) => Ok((binding, NatWay::Back)),
                None => self.nat_drops(nat, no_session),
            };
        }
        if let Some(quoted) = quoted {
            let binding = table.from_inside(nat.id, quoted.mirror());
            return match binding {
                Some(binding) => Ok((binding, NatWay::Out)),
                None => self.nat_drops(nat, no_session),
            };
        }
        let inside = self.flow(Asking::NatGateway(nat.id), packet);
        let known = table.from_inside(nat.id, inside);
        // A connection ends with its address.
        if let Some(binding) = known.filter(|binding| nat.has(binding.outside.src, self.now)) {
            return Ok((binding, NatWay::Out));
        }
        // An answer opens nothing: what it answers did not come through the gateway (aws: nat-unsolicited).
        if !opens(packet) {
            // A connection that was idle for too long is reset, towards the inside only (aws: nat-idle).
            let way_back = match face {
                Face::Regional { sender } => {
                    sender.map(|eni| (eni.mac, Place::Arriving { eni: eni.id, from: Origin::Elsewhere }))
                }
                Face::Zonal(own) => Some((own.mac, Place::Leaving(own.id))),
            };
            if let Some((mac, place)) = way_back
                && inside.protocol == Protocol::TCP
                && !packet.tcp_flags().has(TcpFlags::RST)
            {
                let reset = build::tcp_reset(Ends { src: mac, dst: mac }, packet);
                self.answer(packet, reset, place);
            }
            return self.nat_drops(nat, no_session);
        }
        // The first address that has a port left (assumed: nat-address-order).
        let mut usable = nat.addresses_for(zone).filter(|address| address.draining_until.is_none());
        let binding = usable.find_map(|address| table.new_binding(nat.id, inside, address.ip));
        match binding {
            Some(binding) => Ok((binding, NatWay::Out)),
            None => {
                let effect = NatEffect::Dropped { nat: nat.id, exhausted: true };
                self.out.effects.push(Effect::Nat(effect));
                Err(DropReason::NatPortsExhausted { nat: nat.id })
            }
        }
    }

    fn nat_drops<T>(&mut self, nat: &NatGateway, reason: DropReason) -> Result<T, DropReason> {
        self.out.effects.push(Effect::Nat(NatEffect::Dropped { nat: nat.id, exhausted: false }));
        Err(reason)
    }
}

/// Whether a packet can be the first one of a connection.
fn opens(packet: &Packet) -> bool {
    match packet.tuple().protocol {
        _ if packet.is_later_fragment() => false,
        Protocol::TCP => packet.tcp_flags().opens(),
        Protocol::ICMP => packet.icmp().is_some_and(|icmp| icmp.kind == ECHO_REQUEST),
        Protocol(_) => true,
    }
}

/// The addresses and ports to put in place of those of a packet. A later fragment has no ports.
fn rewrite(binding: Binding, way: NatWay, packet: &Packet) -> Rewrite {
    let ports = |port: u16| (!packet.is_later_fragment()).then_some(port);
    match way {
        NatWay::Out => Rewrite {
            src: Some(binding.outside.src),
            src_port: ports(binding.outside.src_port),
            ..Rewrite::default()
        },
        NatWay::Back => Rewrite {
            dst: Some(binding.inside.src),
            dst_port: ports(binding.inside.src_port),
            ..Rewrite::default()
        },
    }
}
