//! The path of a packet, from one stretch to the next.
//!
//! Read first: "Network ACL basics", "Connection tracking" and "Route priority" in the VPC and EC2 guides.

use std::net::Ipv4Addr;

use super::State;
use super::endpoint::Session;
use super::mtu::{self, Reporter};
use super::nat_gateway::Face;
use super::state::Effect;
use crate::ids::{
    CustomerGatewayId, EniId, RouteTableId, SubnetId, TransitGatewayAttachmentId, TransitGatewayId,
    VpnConnectionId,
};
use crate::model::{
    AttachmentResource, Direction, Eni, Gateway, Location, Model, NatGateway, NatPlace, OutsideHost, Owner,
    Target, VpnConnection, VpnEnd,
};
use crate::time::Instant;
use crate::trace::{DropReason, Fate, MtuLimit, Station, Step};
use crate::wire::{FiveTuple, Packet};

/// How many places a packet may pass within one stretch; none needs more than a few.
pub const CROSSINGS_MAX: u32 = 32;

/// Where a packet is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Place {
    /// Out of an interface: source check, security group, network ACL, route.
    Leaving(EniId),
    /// At the router of the interface's subnet, target chosen.
    At {
        /// The interface it left.
        from: EniId,
        /// What the route leads to.
        target: Target,
        /// The table that chose it; `None` within a subnet.
        table: Option<RouteTableId>,
    },
    /// From the router of an interface's subnet to that interface, past all filters.
    Answering(EniId),
    /// Out of the services next to an interface, past all filters.
    LeavingLinkLocal(EniId),
    /// Out of a host on the internet.
    LeavingOutside(Ipv4Addr),
    /// Out of a host on premises.
    LeavingOnPrem(CustomerGatewayId, Ipv4Addr),
    /// On the internet, with public addresses, sent from a location.
    OnInternet(Location),
    /// Before the tunnel to premises.
    EnteringTunnel {
        /// The VPN connection.
        connection: VpnConnectionId,
        /// Where from.
        from: Location,
    },
    /// In a transit gateway.
    InTransitGateway {
        /// The transit gateway.
        gateway: TransitGatewayId,
        /// The attachment it came by.
        attachment: TransitGatewayAttachmentId,
        /// Where from.
        from: Location,
    },
    /// Into an interface: network ACL, security group, destination check.
    Arriving {
        /// The interface.
        eni: EniId,
        /// Where from.
        from: Origin,
    },
    /// Past the filters: whatever the interface belongs to.
    Behind {
        /// The interface.
        eni: EniId,
        /// Where from.
        from: Origin,
    },
    /// Before a host on the internet.
    ArrivingOutside(Ipv4Addr),
    /// Before a host on premises.
    ArrivingOnPrem(CustomerGatewayId, Ipv4Addr),
}

/// Where an arriving packet comes from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Origin {
    /// From an interface of the same VPC.
    Subnet {
        /// The subnet.
        subnet: SubnetId,
        /// The interface.
        eni: EniId,
    },
    /// From an interface of a peered VPC.
    Peer {
        /// The interface.
        eni: EniId,
    },
    /// From the internet, from premises, or from a service.
    Elsewhere,
}

impl Place {
    /// The interface that a packet comes from which arrives at another one.
    pub fn sender(self) -> Option<EniId> {
        match self {
            Self::Arriving { from: Origin::Subnet { eni, .. } | Origin::Peer { eni }, .. } => Some(eni),
            Self::Arriving { from: Origin::Elsewhere, .. }
            | Self::Answering(_)
            | Self::ArrivingOnPrem(..)
            | Self::ArrivingOutside(_)
            | Self::At { .. }
            | Self::Behind { .. }
            | Self::EnteringTunnel { .. }
            | Self::InTransitGateway { .. }
            | Self::Leaving(_)
            | Self::LeavingLinkLocal(_)
            | Self::LeavingOnPrem(..)
            | Self::LeavingOutside(_)
            | Self::OnInternet(_) => None,
        }
    }
}

/// Where a stretch ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Way {
    /// On a link; the walk goes on at `to` when the packet has crossed it.
    Link {
        /// Where the walk goes on.
        to: Place,
        /// The near end.
        from: Location,
        /// The far end.
        towards: Location,
    },
    /// It is too long, and goes on from `place` in parts.
    Split {
        /// The longest part.
        mtu: u16,
        /// Where the parts go on.
        place: Place,
    },
    /// At the end of the journey.
    End(Fate),
}

/// What a walk has to say, apart from where it led. Reused from packet to packet.
#[derive(Default, Debug)]
pub struct Walk {
    /// What happened, in order.
    pub steps: Vec<Step>,
    /// What [`State::commit`] is to remember.
    pub effects: Vec<Effect>,
    /// What the plane itself sends in answer, and from where: an ICMP error, a RST.
    pub answer: Option<(Packet, Place)>,
}

impl Walk {
    /// Forgets the last packet.
    pub fn clear(&mut self) {
        self.steps.clear();
        self.effects.clear();
        self.answer = None;
    }
}

/// Carries a packet from a place to the next link or to its end, rewriting it as it is translated and
/// recording every decision in `out`.
pub fn walk(
    model: &Model,
    state: &State,
    place: Place,
    packet: &mut Packet,
    now: Instant,
    out: &mut Walk,
) -> Way {
    let mut cx = Cx { model, state, now, out };
    let mut place = place;
    for _ in 0..CROSSINGS_MAX {
        match cx.cross(place, packet) {
            Ok(Next::Go(next)) => place = next,
            Ok(Next::Travel(to, from, towards)) => return Way::Link { to, from, towards },
            Ok(Next::Split { mtu, place }) => {
                cx.step(Step::Ended(Fate::Fragmented));
                return Way::Split { mtu, place };
            }
            Ok(Next::Stop(station)) => return cx.end(Fate::Delivered(station)),
            Err(reason) => return cx.end(Fate::Dropped(reason)),
        }
    }
    panic!("a packet passed {CROSSINGS_MAX} places without meeting a link: {packet}")
}

/// Where a packet goes from a place.
#[derive(Debug)]
pub(super) enum Next {
    /// On, at once.
    Go(Place),
    /// On from a place, in parts that are short enough.
    Split { mtu: u16, place: Place },
    /// To a host.
    Stop(Station),
    /// Over a link between two locations.
    Travel(Place, Location, Location),
}

/// What every leaf of the walk can see.
pub(super) struct Cx<'a> {
    pub model: &'a Model,
    pub state: &'a State,
    pub now: Instant,
    pub out: &'a mut Walk,
}

impl<'a> Cx<'a> {
    /// Where a packet goes from a place. Every branch is in the functions this one calls; leaves, in the
    /// other files, never decide where next.
    fn cross(&mut self, place: Place, packet: &mut Packet) -> Result<Next, DropReason> {
        match place {
            Place::Leaving(eni) => self.leaving(self.model.eni(eni), packet),
            Place::At { from, target, table } => self.at(self.model.eni(from), target, table, packet),
            Place::Answering(eni) => {
                let eni = self.running(eni)?;
                self.step(Step::LeftRouter { subnet: eni.subnet });
                self.step(Step::Arrived { eni: eni.id });
                Ok(Next::Go(Place::Behind { eni: eni.id, from: Origin::Elsewhere }))
            }
            Place::LeavingLinkLocal(eni) => {
                let eni = self.running(eni)?;
                self.step(Step::LeftLinkLocal { eni: eni.id });
                packet.set_macs(self.model.subnet(eni.subnet).router_mac, eni.mac);
                self.step(Step::Arrived { eni: eni.id });
                Ok(Next::Stop(Station::Eni(eni.id)))
            }
            Place::LeavingOutside(host) => self.leaving_outside(host, packet),
            Place::LeavingOnPrem(network, host) => self.leaving_on_prem(network, host, packet),
            Place::OnInternet(from) => self.on_internet(from, packet),
            Place::EnteringTunnel { connection, from } => {
                self.down_the_tunnel(&self.model.vpn_connections[&connection], from, packet)
            }
            Place::InTransitGateway { gateway, attachment, from } => {
                self.in_transit_gateway(gateway, attachment, from, packet)
            }
            Place::Arriving { eni, from } => self.arriving(eni, from, packet),
            Place::Behind { eni, from } => self.behind(self.running(eni)?, from, packet),
            Place::ArrivingOutside(host) => {
                packet.set_macs(OutsideHost::provider_mac(), self.model.outside[&host].mac());
                self.step(Step::ArrivedOutside { host });
                Ok(Next::Stop(Station::Outside(host)))
            }
            Place::ArrivingOnPrem(network, host) => {
                let host = self.on_prem_host(network, host)?;
                packet.set_macs(OutsideHost::provider_mac(), self.model.on_prem[&(network, host)].mac());
                self.step(Step::ArrivedOnPrem { network, host });
                Ok(Next::Stop(Station::OnPrem(network, host)))
            }
        }
    }

    fn leaving(&mut self, eni: &'a Eni, packet: &mut Packet) -> Result<Next, DropReason> {
        let subnet = self.model.subnet(eni.subnet);
        self.step(Step::Left { eni: eni.id });
        self.check_size(eni, packet)?;
        self.check_unicast(eni, packet)?;
        self.check_source(eni, packet)?;
        if self.check_link_local(eni, packet)? {
            return Ok(Next::Stop(Station::LinkLocal(eni.id)));
        }
        self.check_router(subnet, packet)?;
        let dst = packet.tuple().dst;
        // aws: nacl-subnet-boundary
        let leaves_subnet = !subnet.cidr.contains(&dst);
        // What no route carries is metered all the same (assumed: flow-log-unroutable-accept).
        self.metered(eni, Direction::Egress, packet.tuple(), |cx| {
            if !eni.security_groups.is_empty() {
                cx.security_group(eni, Direction::Egress, cx.path_to(subnet, packet), packet)?;
            }
            if leaves_subnet {
                cx.network_acl(subnet, Direction::Egress, packet)?;
                cx.check_public_access_before(eni, subnet, dst)?;
            }
            Ok(())
        })?;
        if leaves_subnet {
            let (table, target) = self.route(subnet, dst)?;
            Ok(Next::Go(Place::At { from: eni.id, target, table: Some(table) }))
        } else {
            self.step(Step::SameSubnet { subnet: subnet.id });
            Ok(Next::Go(Place::At { from: eni.id, target: Target::Local, table: None }))
        }
    }

    fn at(
        &mut self,
        from: &'a Eni,
        target: Target,
        table: Option<RouteTableId>,
        packet: &mut Packet,
    ) -> Result<Next, DropReason> {
        let here = Place::At { from: from.id, target, table };
        let near = self.location(from);
        let dst = packet.tuple().dst;
        match target {
            Target::GatewayEndpoint(endpoint) => {
                self.enter_gateway_endpoint(endpoint, packet)?;
                let limit = MtuLimit::Endpoint(endpoint);
                if let Some(split) = self.fit(packet, super::endpoint::MTU, limit, Reporter::Nobody, here)? {
                    return Ok(split);
                }
                let host = self.through_gateway_endpoint(endpoint, packet)?;
                Ok(Next::Travel(Place::ArrivingOutside(host), near, Location::Outside(host)))
            }
            Target::InternetGateway(gateway) => {
                let (limit, router) = (MtuLimit::InternetGateway(gateway), Reporter::Router(from.id));
                if let Some(split) = self.fit(packet, mtu::INTERNET, limit, router, here)? {
                    return Ok(split);
                }
                let table = table.expect("a route led to the gateway");
                self.translate_to_public(gateway, table, from, packet)?;
                Ok(Next::Go(Place::OnInternet(near)))
            }
            Target::Local => {
                let to = self.owner_in_vpc(from.vpc, dst)?;
                Ok(self.travel_between(from, to, Origin::Subnet { subnet: from.subnet, eni: from.id }))
            }
            Target::NatGateway(nat) => {
                let nat = &self.model.nat_gateways[&nat];
                self.track_automatically(1);
                let origin = Origin::Subnet { subnet: from.subnet, eni: from.id };
                match nat.place {
                    NatPlace::Zonal { eni, .. } => {
                        let to = self.model.eni(eni.expect("one that is available has an interface"));
                        Ok(self.travel_between(from, to, origin))
                    }
                    NatPlace::Regional { route_table } => {
                        let (limit, router) = (MtuLimit::NatGateway(nat.id), Reporter::Router(from.id));
                        if let Some(split) = self.fit(packet, mtu::INTERNET, limit, router, here)? {
                            return Ok(split);
                        }
                        self.check_nat_source(nat, None, origin, packet)?;
                        let zone = self.model.subnet(from.subnet).zone;
                        self.translate_at_nat(nat, Face::Regional { sender: Some(from) }, zone, packet)?;
                        self.leaving_regional_nat(nat, route_table, near, packet)
                    }
                }
            }
            Target::NetworkInterface(to) => {
                let to = self.model.eni(to);
                Ok(self.travel_between(from, to, Origin::Subnet { subnet: from.subnet, eni: from.id }))
            }
            Target::Peering(peering) => {
                let (limit, router) = (MtuLimit::Peering(peering), Reporter::Router(from.id));
                let intra = self.model.peerings[&peering].is_intra_region();
                let mtu = if intra { mtu::VPC } else { mtu::INTER_REGION };
                if let Some(split) = self.fit(packet, mtu, limit, router, here)? {
                    return Ok(split);
                }
                let there = self.cross_peering(peering, from.vpc, packet)?;
                let to = self.owner_in_vpc(there, dst)?;
                Ok(self.travel_between(from, to, Origin::Peer { eni: from.id }))
            }
            Target::TransitGateway(gateway) => {
                let (limit, router) = (MtuLimit::TransitGateway(gateway), Reporter::Router(from.id));
                let to = self.attachment_interface(gateway, from)?;
                // It cuts nothing: what is too long is dropped (aws: mtu-tgw).
                self.check_transit_mtu(packet, limit, router, here)?;
                // The ACL of the attachment's subnet is asked even if the sender is in it (aws: tgw-acl).
                Ok(self.travel_between(from, to, Origin::Elsewhere))
            }
            Target::VpnGateway(gateway) => {
                let vpn = self.route_at_vpn_gateway(gateway, from, packet)?;
                self.down_the_tunnel(vpn, near, packet)
            }
        }
    }

    fn leaving_outside(&mut self, host: Ipv4Addr, packet: &mut Packet) -> Result<Next, DropReason> {
        self.step(Step::LeftOutside { host });
        let near = Location::Outside(host);
        let Some((endpoint, session)) = self.answer_through_endpoint(packet) else {
            return Ok(Next::Go(Place::OnInternet(near)));
        };
        match session {
            Session { interface: Some((eni, own)), .. } => {
                self.translate_answer(endpoint.id, own, packet);
                let far = self.location(self.model.eni(eni));
                Ok(Next::Travel(Place::Leaving(eni), near, far))
            }
            Session { interface: None, .. } => {
                self.step(Step::ThroughEndpoint { endpoint: endpoint.id });
                let to = self.owner_in_vpc(endpoint.vpc, packet.tuple().dst)?;
                let place = Place::Arriving { eni: to.id, from: Origin::Elsewhere };
                Ok(Next::Travel(place, near, self.location(to)))
            }
        }
    }

    fn leaving_on_prem(
        &mut self,
        network: CustomerGatewayId,
        host: Ipv4Addr,
        packet: &mut Packet,
    ) -> Result<Next, DropReason> {
        self.step(Step::LeftOnPrem { network, host });
        let dst = packet.tuple().dst;
        let near = Location::OnPrem(network, host);
        if self.model.customer_gateways[&network].contains(dst) {
            return Ok(Next::Travel(Place::ArrivingOnPrem(network, dst), near, near));
        }
        let vpn = self.route_on_premises(network, dst)?;
        let here = Place::LeavingOnPrem(network, host);
        if let Some(split) = self.fit(packet, mtu::VPN, MtuLimit::Vpn(vpn.id), Reporter::Nobody, here)? {
            return Ok(split);
        }
        self.tunnel(vpn, packet);
        match vpn.end {
            VpnEnd::TransitGateway(gateway) => {
                let attachment = self.model.attachment_of_vpn(vpn.id);
                let attachment = attachment.ok_or(DropReason::OnPremNoRoute { network })?;
                Ok(Next::Go(Place::InTransitGateway { gateway, attachment, from: near }))
            }
            VpnEnd::VpnGateway(gateway) => {
                let receiver = self.receiver_behind_vpn(gateway, dst)?;
                let to = self.ingress_route(Gateway::Vpn(gateway), receiver, dst)?;
                let place = Place::Arriving { eni: to.id, from: Origin::Elsewhere };
                Ok(Next::Travel(place, near, self.location(to)))
            }
        }
    }

    fn on_internet(&mut self, from: Location, packet: &mut Packet) -> Result<Next, DropReason> {
        let here = Place::OnInternet(from);
        if let Some(split) = self.fit(packet, mtu::INTERNET, MtuLimit::Internet, Reporter::Nobody, here)? {
            return Ok(split);
        }
        let dst = packet.tuple().dst;
        if let Some(eni) = self.model.eni_with_public_address(dst) {
            self.translate_to_private(eni, packet)?;
            let gateway = self.model.vpc(eni.vpc).internet_gateway.expect("it has translated");
            let to = self.ingress_route(Gateway::Internet(gateway), eni, packet.tuple().dst)?;
            let place = Place::Arriving { eni: to.id, from: Origin::Elsewhere };
            return Ok(Next::Travel(place, from, self.location(to)));
        }
        if let Some(nat) = self.model.nat_public_addresses.get(&dst) {
            let nat = &self.model.nat_gateways[nat];
            let NatPlace::Regional { route_table } = nat.place else {
                unreachable!("zonal gateways have interfaces with addresses")
            };
            let zone = nat.addresses.iter().find(|address| address.ip == dst).and_then(|found| found.zone);
            let zone = zone.expect("a regional address has a zone");
            self.enter_regional_nat(nat, packet)?;
            self.translate_at_nat(nat, Face::Regional { sender: None }, zone, packet)?;
            return self.leaving_regional_nat(nat, route_table, from, packet);
        }
        let host = self.internet_host(dst)?;
        Ok(Next::Travel(Place::ArrivingOutside(host), from, Location::Outside(host)))
    }

    /// Out of a regional NAT gateway by its own table (aws: nat-regional). Routes of it to a transit gateway
    /// are not simulated.
    fn leaving_regional_nat(
        &mut self,
        nat: &NatGateway,
        table: RouteTableId,
        near: Location,
        packet: &Packet,
    ) -> Result<Next, DropReason> {
        let dst = packet.tuple().dst;
        let (table, target) = self.route_by(&self.model.route_tables[&table], dst)?;
        match target {
            Target::InternetGateway(gateway) => {
                self.leave_regional_nat(nat, gateway, table, packet)?;
                Ok(Next::Go(Place::OnInternet(near)))
            }
            Target::Local => {
                let to = self.owner_in_vpc(nat.vpc, dst)?;
                let place = Place::Arriving { eni: to.id, from: Origin::Elsewhere };
                Ok(Next::Travel(place, near, self.location(to)))
            }
            Target::GatewayEndpoint(_)
            | Target::NatGateway(_)
            | Target::NetworkInterface(_)
            | Target::Peering(_)
            | Target::TransitGateway(_)
            | Target::VpnGateway(_) => Err(DropReason::Blackhole { table, target }),
        }
    }

    fn in_transit_gateway(
        &mut self,
        gateway: TransitGatewayId,
        attachment: TransitGatewayAttachmentId,
        from: Location,
        packet: &mut Packet,
    ) -> Result<Next, DropReason> {
        let chosen = self.route_at_transit_gateway(gateway, attachment, packet)?;
        match &chosen.resource {
            AttachmentResource::Peering { .. } => {
                let other = chosen.peer_of(gateway).expect("it is one of the two");
                let region = self.model.transit_gateways[&other].scope.region;
                // In which zone it comes out is not documented (assumed: tgw-peering-zone).
                let far = Location::Zone(region.zones().next().expect("a region has zones"));
                let place = Place::InTransitGateway { gateway: other, attachment: chosen.id, from: far };
                Ok(Next::Travel(place, from, far))
            }
            AttachmentResource::Vpc { interfaces, appliance_mode, .. } => {
                let eni = self.way_into_vpc(interfaces, *appliance_mode, from, packet);
                Ok(Next::Travel(Place::Leaving(eni), from, self.location(self.model.eni(eni))))
            }
            AttachmentResource::Vpn { connection } => {
                let vpn = &self.model.vpn_connections[connection];
                self.down_the_tunnel(vpn, from, packet)
            }
        }
    }

    /// Through a VPN connection to premises. What is too long for the tunnel is cut, or dropped in silence
    /// (aws: mtu-vpn).
    fn down_the_tunnel(
        &mut self,
        vpn: &VpnConnection,
        near: Location,
        packet: &mut Packet,
    ) -> Result<Next, DropReason> {
        let here = Place::EnteringTunnel { connection: vpn.id, from: near };
        if let Some(split) = self.fit(packet, mtu::VPN, MtuLimit::Vpn(vpn.id), Reporter::Nobody, here)? {
            return Ok(split);
        }
        self.tunnel(vpn, packet);
        let (network, dst) = (vpn.customer_gateway, packet.tuple().dst);
        Ok(Next::Travel(Place::ArrivingOnPrem(network, dst), near, Location::OnPrem(network, dst)))
    }

    fn arriving(&mut self, eni: EniId, from: Origin, packet: &mut Packet) -> Result<Next, DropReason> {
        // It may have been deleted while the packet was on its way.
        let eni = self.running(eni)?;
        let subnet = self.model.subnet(eni.subnet);
        // aws: nacl-subnet-boundary
        let enters_subnet = !matches!(from, Origin::Subnet { subnet, .. } if subnet == eni.subnet);
        self.metered(eni, Direction::Ingress, packet.tuple(), |cx| {
            if enters_subnet {
                cx.network_acl(subnet, Direction::Ingress, packet)?;
            }
            if eni.security_groups.is_empty() {
                return Ok(());
            }
            cx.security_group(eni, Direction::Ingress, cx.path_from(from, packet), packet)
        })?;
        self.check_destination(eni, packet)?;
        self.address_frame(subnet, enters_subnet, eni, packet);
        self.step(Step::Arrived { eni: eni.id });
        Ok(Next::Go(Place::Behind { eni: eni.id, from }))
    }

    fn behind(&mut self, eni: &'a Eni, from: Origin, packet: &mut Packet) -> Result<Next, DropReason> {
        match eni.owner.expect("something runs behind it") {
            Owner::Instance(_) | Owner::Requester(_) => Ok(Next::Stop(Station::Eni(eni.id))),
            Owner::InterfaceEndpoint(endpoint) => {
                let host = self.through_interface_endpoint(endpoint, eni, packet)?;
                let far = Location::Outside(host);
                Ok(Next::Travel(Place::ArrivingOutside(host), self.location(eni), far))
            }
            Owner::NatGateway(nat) => {
                let nat = &self.model.nat_gateways[&nat];
                let (mtu, limit) = (super::nat_gateway::MTU, MtuLimit::NatGateway(nat.id));
                let (own, on) = (Reporter::Interface(eni.id), Place::Leaving(eni.id));
                if packet.dont_fragment() {
                    self.fit(packet, mtu, limit, own, on)?;
                }
                self.check_nat_source(nat, Some(eni), from, packet)?;
                self.translate_at_nat(nat, Face::Zonal(eni), self.model.subnet(eni.subnet).zone, packet)?;
                // It cuts what it sends, not what it gets: of that it takes fragments of UDP only.
                let split = self.fit(packet, mtu, limit, own, on)?;
                Ok(split.unwrap_or(Next::Go(on)))
            }
            Owner::TransitGateway(attachment) => {
                let gateway = self.model.transit_gateway_attachments[&attachment].transit_gateway;
                let from = self.location(eni);
                Ok(Next::Go(Place::InTransitGateway { gateway, attachment, from }))
            }
        }
    }

    pub(super) fn step(&mut self, step: Step) {
        self.out.steps.push(step);
    }

    fn end(&mut self, fate: Fate) -> Way {
        self.step(Step::Ended(fate));
        Way::End(fate)
    }

    /// Lets an interface's filters decide, and its meter count what they decided.
    fn metered(
        &mut self,
        eni: &Eni,
        direction: Direction,
        tuple: FiveTuple,
        filters: impl FnOnce(&mut Self) -> Result<(), DropReason>,
    ) -> Result<(), DropReason> {
        let verdict = filters(self);
        self.step(Step::Metered { eni: eni.id, direction, tuple, accepted: verdict.is_ok() });
        verdict
    }

    /// To an interface. What goes to an endpoint is tracked whatever the rules (aws: sg-automatically-tracked).
    fn travel_between(&mut self, from: &Eni, to: &Eni, origin: Origin) -> Next {
        if matches!(to.owner, Some(Owner::InterfaceEndpoint(_))) {
            self.track_automatically(1);
        }
        Next::Travel(Place::Arriving { eni: to.id, from: origin }, self.location(from), self.location(to))
    }

    fn location(&self, eni: &Eni) -> Location {
        Location::Zone(self.model.subnet(eni.subnet).zone)
    }
}
