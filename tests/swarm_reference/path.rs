//! The way of a packet, from the facts about routing: one function for each place, each of which says how
//! the journey ends.

use std::collections::BTreeSet;
use std::mem;
use std::net::Ipv4Addr;

use ipnet::Ipv4Net;
use vpclab::ids::{
    CustomerGatewayId, EniId, InternetGatewayId, NatGatewayId, PeeringId, TransitGatewayAttachmentId,
    TransitGatewayId, VpcEndpointId, VpcId, VpnConnectionId, VpnGatewayId,
};
use vpclab::model::{
    AttachmentResource, AttachmentState, Connectivity, Direction, Eni, Gateway, Model, NatAddress,
    NatGatewayState, NatPlace, Owner, Route, Target, Vpc, VpnEnd, Zone,
};
use vpclab::time::Instant;
use vpclab::trace::Station;

use super::memory::{EndpointUse, Memory};
use super::packet::{Content, Flow, ICMP, Packet, RST, TCP, UDP};
use super::rules::{
    Path, acl_allows, allowing, attachment, eni_with, gateway_table, in_blocks, is_blocked, is_in, is_open,
    is_open_for, is_private, is_up, is_usable, route, service_host, table_of,
};

const VPC_MTU: u16 = 9001;
const GATEWAY_MTU: u16 = 8500;
const INTERNET_MTU: u16 = 1500;
const TUNNEL_MTU: u16 = 1446;
const NAT_CONNECTIONS_MAX: usize = 55_000;

/// All that comes of a packet.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Journey {
    /// Who counted it, and whether as accepted.
    pub meters: Vec<(EniId, Direction, bool)>,
    pub end: End,
    /// What the plane itself sent because of it.
    pub answer: Option<Box<(Packet, Journey)>>,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub enum End {
    Delivered(Station, Packet),
    Dropped(&'static str),
    Split(u16, Vec<Journey>),
}

/// What is chosen at random, or by nobody knows what rule: taken from the plane, and checked.
#[derive(Clone, Default, Debug)]
pub struct Choices {
    /// The ports NAT gateways put in place of senders', by the flow that came to them.
    pub ports: Vec<(NatGatewayId, Flow, u16)>,
    /// The interfaces by which packets came out of transit gateways, in order.
    pub emerged: Vec<EniId>,
}

/// Who sends an answer.
#[derive(Clone, Copy, Debug)]
enum Answerer {
    Router(EniId),
    Interface(EniId),
    /// A gateway without an interface, to one that has sent something to it.
    NoInterface(EniId),
}

/// Where an arriving packet comes from.
#[derive(Clone, Copy, Debug)]
enum Came {
    Vpc(EniId),
    Peer(EniId),
    Elsewhere,
}

pub struct Trip<'a> {
    pub model: &'a Model,
    pub memory: &'a mut Memory,
    pub choices: &'a mut Choices,
    pub now: Instant,
    pub hops: BTreeSet<&'static str>,
    meters: Vec<(EniId, Direction, bool)>,
    answer: Option<(Packet, Answerer)>,
    /// The flow under which the packet last left an interface with groups.
    left_as: Option<(EniId, Flow)>,
}

impl<'a> Trip<'a> {
    pub fn new(model: &'a Model, memory: &'a mut Memory, choices: &'a mut Choices, now: Instant) -> Self {
        let (meters, hops) = (Vec::new(), BTreeSet::new());
        Self { model, memory, choices, now, hops, meters, answer: None, left_as: None }
    }

    pub fn begin(&mut self, from: Station, packet: Packet) -> Journey {
        self.journey(&mut |trip| match from {
            Station::Eni(eni) => trip.leave(eni, packet),
            Station::LinkLocal(eni) => trip.leave_service(eni, packet),
            Station::Outside(host) => trip.leave_outside(host, packet),
            Station::OnPrem(network, _) => trip.leave_premises(network, packet),
        })
    }

    /// What is next to an interface answers it past all filters.
    fn leave_service(&mut self, eni: EniId, packet: Packet) -> End {
        match self.model.enis.get(&eni) {
            Some(found) if is_up(self.model, found) => End::Delivered(Station::Eni(eni), packet),
            Some(_) | None => End::Dropped("not-running"),
        }
    }

    /// A journey of its own, and then that of the answer to it.
    fn journey(&mut self, go: &mut dyn FnMut(&mut Self) -> End) -> Journey {
        let outer = (mem::take(&mut self.meters), self.answer.take());
        let end = go(self);
        let meters = mem::take(&mut self.meters);
        let answer = self.answer.take().map(|(packet, by)| {
            let journey = self.journey(&mut |trip| match by {
                Answerer::Router(eni) => trip.behind(eni, Came::Elsewhere, packet),
                Answerer::Interface(eni) => trip.leave(eni, packet),
                Answerer::NoInterface(to) => trip.arrive(to, Came::Elsewhere, packet),
            });
            Box::new((packet, journey))
        });
        (self.meters, self.answer) = outer;
        Journey { meters, end, answer }
    }

    /// On in parts, if it is too long. Who forbids that is told by `reporter`, if there is one.
    fn fit(
        &mut self,
        packet: Packet,
        mtu: u16,
        reporter: Option<(Ipv4Addr, Answerer)>,
        go: &mut dyn FnMut(&mut Self, Packet) -> End,
    ) -> End {
        if packet.len <= mtu {
            return go(self, packet);
        }
        if packet.dont_fragment {
            if let Some((from, by)) = reporter {
                self.report(packet.error(from, 3, 4, Some(mtu)), by, &packet);
            }
            return End::Dropped("mtu-exceeded");
        }
        let parts = packet.parts(mtu);
        End::Split(mtu, parts.into_iter().map(|part| self.journey(&mut |trip| go(trip, part))).collect())
    }

    fn report(&mut self, error: Packet, by: Answerer, about: &Packet) {
        if about.may_be_reported() {
            self.answer = Some((error, by));
        }
    }

    fn router(&self, eni: &Eni) -> (Ipv4Addr, Answerer) {
        let cidr = self.model.subnets[&eni.subnet].cidr;
        (Ipv4Addr::from_bits(cidr.network().to_bits() + 1), Answerer::Router(eni.id))
    }

    // Interfaces.

    fn leave(&mut self, id: EniId, packet: Packet) -> End {
        let model = self.model;
        let Some(eni) = model.enis.get(&id) else { return End::Dropped("not-running") };
        let subnet = &model.subnets[&eni.subnet];
        let dst = packet.flow.dst;
        self.left_as = None;
        if packet.len > VPC_MTU {
            return End::Dropped("mtu-exceeded");
        }
        if dst.is_multicast() || dst.is_broadcast() || dst == subnet.cidr.broadcast() {
            return End::Dropped("not-unicast");
        }
        if eni.source_dest_check && !eni.private_ips.contains(&packet.flow.src) {
            return End::Dropped("source-check");
        }
        let vpc = &model.vpcs[&eni.vpc];
        let by_base = Ipv4Addr::from_bits(vpc.cidrs[0].block.network().to_bits() + 2);
        let is_resolver = dst == by_base || dst == Ipv4Addr::new(169, 254, 169, 253);
        if is_resolver || is_in("169.254.168.0/22", dst) {
            return next_to(eni, vpc, is_resolver, packet);
        }
        if dst == self.router(eni).0 {
            return End::Dropped("router-silent");
        }
        let is_neighbour = subnet.cidr.contains(&dst);
        let table = table_of(model, subnet);
        let route = route(model, table, dst);
        let target = route.map(|route| route.target);
        let path = match target {
            _ if is_neighbour => Path::Within(eni.vpc),
            Some(Target::Local) => Path::Within(eni.vpc),
            Some(Target::Peering(pcx)) => Path::Peered(eni.vpc, self.other_side(pcx, eni.vpc)),
            Some(_) | None => Path::Lost,
        };
        if let Err(reason) = self.groups(eni, Direction::Egress, &packet, path) {
            self.meters.push((id, Direction::Egress, false));
            return End::Dropped(reason);
        }
        if !is_neighbour && !acl_allows(model, subnet, Direction::Egress, &packet) {
            self.meters.push((id, Direction::Egress, false));
            return End::Dropped("network-acl");
        }
        let to_internet = matches!(target, Some(Target::InternetGateway(_)));
        if !is_neighbour && to_internet && is_blocked(model, eni.vpc, Some(eni)) {
            self.meters.push((id, Direction::Egress, false));
            return End::Dropped("public-access-blocked");
        }
        self.meters.push((id, Direction::Egress, true));
        if is_neighbour {
            self.hops.insert("same subnet");
            return self.within(eni.vpc, Came::Vpc(id), packet);
        }
        self.follow(eni, route, packet)
    }

    fn follow(&mut self, eni: &Eni, route: Option<Route>, packet: Packet) -> End {
        let Some(Route { target, .. }) = route else { return End::Dropped("no-route") };
        if !is_usable(self.model, target, eni.vpc, self.now) {
            return End::Dropped("blackhole");
        }
        match target {
            Target::Local => self.within(eni.vpc, Came::Vpc(eni.id), packet),
            Target::NetworkInterface(next) => {
                self.hops.insert("middlebox");
                self.arrive(next, Came::Vpc(eni.id), packet)
            }
            Target::NatGateway(nat) => self.enter_nat(nat, eni, packet),
            Target::InternetGateway(gateway) => {
                let router = self.router(eni);
                self.fit(packet, INTERNET_MTU, Some(router), &mut |trip, packet| {
                    trip.out_of_vpc(gateway, eni, packet)
                })
            }
            Target::Peering(peering) => self.peer(peering, eni, packet),
            Target::TransitGateway(gateway) => self.enter_transit_gateway(gateway, eni, packet),
            Target::VpnGateway(gateway) => self.leave_by_vpn(gateway, eni, packet),
            Target::GatewayEndpoint(endpoint) => self.gateway_endpoint(endpoint, eni, packet),
        }
    }

    /// To whoever has the address in a VPC.
    fn within(&mut self, vpc: VpcId, came: Came, packet: Packet) -> End {
        match eni_with(self.model, vpc, packet.flow.dst) {
            Some(eni) => self.arrive(eni, came, packet),
            None => End::Dropped("no-such-address"),
        }
    }

    fn arrive(&mut self, id: EniId, came: Came, packet: Packet) -> End {
        let model = self.model;
        let eni = &model.enis[&id];
        if !is_up(model, eni) {
            return End::Dropped("not-running");
        }
        if let Some(Owner::InterfaceEndpoint(_)) = eni.owner {
            self.keep(1);
        }
        let subnet = &model.subnets[&eni.subnet];
        let is_neighbour = match came {
            Came::Vpc(sender) => model.enis[&sender].subnet == eni.subnet,
            Came::Peer(_) | Came::Elsewhere => false,
        };
        if !is_neighbour && !acl_allows(model, subnet, Direction::Ingress, &packet) {
            self.meters.push((id, Direction::Ingress, false));
            return End::Dropped("network-acl");
        }
        let has = |sender: EniId| model.enis[&sender].private_ips.contains(&packet.flow.src);
        let path = match came {
            Came::Vpc(sender) if has(sender) => Path::Within(eni.vpc),
            Came::Vpc(sender) => match model.enis[&sender].owner {
                Some(Owner::TransitGateway(attachment)) => {
                    let attachment = &model.transit_gateway_attachments[&attachment];
                    Path::OverTransitGateway(eni.vpc, attachment.transit_gateway)
                }
                Some(
                    Owner::Instance(_)
                    | Owner::InterfaceEndpoint(_)
                    | Owner::NatGateway(_)
                    | Owner::Requester(_),
                )
                | None => Path::Lost,
            },
            Came::Peer(sender) if has(sender) => Path::Peered(eni.vpc, model.enis[&sender].vpc),
            Came::Peer(_) | Came::Elsewhere => Path::Lost,
        };
        if let Err(reason) = self.groups(eni, Direction::Ingress, &packet, path) {
            self.meters.push((id, Direction::Ingress, false));
            return End::Dropped(reason);
        }
        self.meters.push((id, Direction::Ingress, true));
        if eni.source_dest_check && !eni.private_ips.contains(&packet.flow.dst) {
            return End::Dropped("destination-check");
        }
        self.behind(id, came, packet)
    }

    fn behind(&mut self, id: EniId, came: Came, packet: Packet) -> End {
        let Some(eni) = self.model.enis.get(&id) else { return End::Dropped("not-running") };
        match eni.owner {
            None | Some(Owner::Instance(_) | Owner::Requester(_)) => End::Delivered(Station::Eni(id), packet),
            Some(Owner::InterfaceEndpoint(endpoint)) => self.interface_endpoint(endpoint, eni, packet),
            Some(Owner::NatGateway(nat)) => self.nat(nat, came, packet),
            Some(Owner::TransitGateway(attachment)) => {
                let gateway = self.model.transit_gateway_attachments[&attachment].transit_gateway;
                let zone = self.zone(id);
                self.transit_gateway(gateway, attachment, Some(zone), packet)
            }
        }
    }

    fn zone(&self, eni: EniId) -> Zone {
        self.model.subnets[&self.model.enis[&eni].subnet].zone
    }

    // Security groups.

    fn groups(
        &mut self,
        eni: &Eni,
        direction: Direction,
        packet: &Packet,
        path: Path,
    ) -> Result<(), &'static str> {
        let (model, now) = (self.model, self.now);
        if eni.security_groups.is_empty() {
            return Ok(()); // NAT and transit gateways have none.
        }
        let is_allowed = allowing(model, eni, direction, packet, path, now);
        if let Content::Error { quoted, .. } = packet.content {
            // The packet it is about went the other way.
            let related =
                quoted.and_then(|quoted| self.memory.tracked(eni.id, quoted.mirror(), direction, now));
            let is_related = related.is_some_and(|tracked| tracked.kept);
            return if is_related || is_allowed { Ok(()) } else { Err("security-group") };
        }
        let flow = self.memory.flow(eni.id, packet, now);
        if direction == Direction::Egress {
            self.left_as = Some((eni.id, flow));
        }
        let protocol = packet.flow.protocol;
        let opposite = match direction {
            Direction::Egress => Direction::Ingress,
            Direction::Ingress => Direction::Egress,
        };
        let is_untracked = matches!(protocol, TCP | UDP)
            && !matches!(eni.owner, Some(Owner::InterfaceEndpoint(_)))
            && is_open_for(model, eni, direction, packet)
            && is_open(model, eni, opposite, protocol);
        match self.memory.tracked(eni.id, flow, direction, now) {
            // A new connection with the addresses and ports of one that is closed is not that one.
            Some(tracked) if tracked.kept && !(tracked.is_closed() && packet.opens()) => {}
            _ if !is_allowed => return Err("security-group"),
            Some(tracked) if !(tracked.is_closed() && packet.opens()) => {
                tracked.kept = tracked.opened == direction && !is_untracked;
            }
            Some(_) | None => {
                let max = eni.tracking.flows_max.unwrap_or(usize::MAX);
                if !is_untracked && self.memory.entries(eni.id, now) >= max {
                    return Err("tracking-exceeded");
                }
                self.memory.open(eni, flow, direction, !is_untracked, now);
            }
        }
        self.memory.pass(eni, flow, direction, packet, now);
        Ok(())
    }

    /// The flow goes to something whose flows are tracked whatever the rules.
    fn keep(&mut self, entries: usize) {
        if let Some((eni, flow)) = self.left_as {
            self.memory.keep(eni, flow, entries, self.now);
        }
    }

    // The internet.

    fn out_of_vpc(&mut self, gateway: InternetGatewayId, eni: &Eni, packet: Packet) -> End {
        let model = self.model;
        let src = packet.flow.src;
        let owner = eni_with(model, eni.vpc, src).map(|owner| &model.enis[&owner]);
        let public = owner.and_then(|owner| owner.public.iter().find(|address| address.private == src));
        let Some(public) = public else { return End::Dropped("igw-no-public-address") };
        if let Err(reason) = check_public_destination(packet.flow.dst) {
            return End::Dropped(reason);
        }
        let redirect = gateway_table(model, Gateway::Internet(gateway)).and_then(|t| route(model, t, src));
        if let Some(Route { target: Target::NetworkInterface(middlebox), .. }) = redirect
            && middlebox != eni.id
        {
            return End::Dropped("ingress-redirected");
        }
        self.hops.insert("igw out");
        let flow = Flow { src: public.ip, ..packet.flow };
        self.internet(translated(packet, flow, |quoted| Flow { dst: public.ip, ..quoted }))
    }

    fn internet(&mut self, packet: Packet) -> End {
        let model = self.model;
        let dst = packet.flow.dst;
        if model.outside.contains_key(&dst) {
            return End::Delivered(Station::Outside(dst), packet);
        }
        if let Some(eni) = model.enis.values().find(|eni| eni.public.iter().any(|public| public.ip == dst)) {
            return self.enter_vpc(eni.vpc, Some(eni), None, packet);
        }
        let nat = model.nat_gateways.values().find(|nat| {
            nat.state == NatGatewayState::Available
                && matches!(nat.place, NatPlace::Regional { .. })
                && nat.addresses.iter().any(|address| address.ip == dst)
        });
        match nat {
            Some(nat) => self.enter_vpc(nat.vpc, None, Some(nat.id), packet),
            None => End::Dropped("no-internet-host"),
        }
    }

    fn enter_vpc(&mut self, vpc: VpcId, eni: Option<&Eni>, nat: Option<NatGatewayId>, packet: Packet) -> End {
        let model = self.model;
        let src = packet.flow.src;
        let Some(gateway) = model.vpcs[&vpc].internet_gateway else {
            return End::Dropped("no-internet-gateway");
        };
        if is_private(src) {
            return End::Dropped("igw-private-source");
        }
        if is_in("100.64.0.0/10", src) {
            return End::Dropped("igw-shared-source");
        }
        if is_blocked(model, vpc, eni) {
            if let Some(eni) = eni {
                self.meters.push((eni.id, Direction::Ingress, false));
            }
            return End::Dropped("public-access-blocked");
        }
        self.hops.insert(if self.hops.contains("igw out") { "igw hairpin" } else { "igw in" });
        let Some(eni) = eni else {
            return self.nat(nat.expect("one of the two"), Came::Elsewhere, packet);
        };
        let public = packet.flow.dst;
        let private =
            eni.public.iter().find(|address| address.ip == public).expect("it was found by it").private;
        let flow = Flow { dst: private, ..packet.flow };
        let packet = translated(packet, flow, |quoted| Flow { src: private, ..quoted });
        self.through_gateway_table(Gateway::Internet(gateway), eni, packet)
    }

    fn through_gateway_table(&mut self, gateway: Gateway, eni: &Eni, packet: Packet) -> End {
        let model = self.model;
        let redirect = gateway_table(model, gateway).and_then(|table| route(model, table, packet.flow.dst));
        match redirect {
            Some(Route { target: Target::NetworkInterface(middlebox), .. }) => {
                if !is_usable(model, Target::NetworkInterface(middlebox), eni.vpc, self.now) {
                    return End::Dropped("blackhole");
                }
                if matches!(gateway, Gateway::Internet(_)) && model.enis[&middlebox].public.is_empty() {
                    return End::Dropped("middlebox-no-public-address");
                }
                self.hops.insert("middlebox");
                self.arrive(middlebox, Came::Elsewhere, packet)
            }
            Some(_) | None => self.arrive(eni.id, Came::Elsewhere, packet),
        }
    }

    fn leave_outside(&mut self, host: Ipv4Addr, packet: Packet) -> End {
        if let Some(used) = self.endpoint_use(host, &packet) {
            return self.answer_of_service(&used, packet);
        }
        self.fit(packet, INTERNET_MTU, None, &mut |trip, packet| trip.internet(packet))
    }

    // Peering.

    fn peer(&mut self, id: PeeringId, eni: &Eni, packet: Packet) -> End {
        let pcx = &self.model.peerings[&id];
        let there = self.other_side(id, eni.vpc);
        let is_intra = pcx.requester.scope.region == pcx.accepter.scope.region;
        let mtu = if is_intra { VPC_MTU } else { GATEWAY_MTU };
        let router = self.router(eni);
        self.fit(packet, mtu, Some(router), &mut |trip, packet| {
            let model = trip.model;
            if !in_blocks(model, there, packet.flow.dst) || !in_blocks(model, eni.vpc, packet.flow.src) {
                return End::Dropped("peering-not-transitive");
            }
            trip.hops.insert(if is_intra { "peering intra" } else { "peering inter" });
            trip.within(there, Came::Peer(eni.id), packet)
        })
    }

    fn other_side(&self, id: PeeringId, here: VpcId) -> VpcId {
        let pcx = &self.model.peerings[&id];
        if pcx.requester.vpc == here { pcx.accepter.vpc } else { pcx.requester.vpc }
    }

    // Transit gateways.

    fn enter_transit_gateway(&mut self, gateway: TransitGatewayId, eni: &Eni, packet: Packet) -> End {
        let model = self.model;
        let attachment = attachment(model, gateway, eni.vpc).expect("the route is usable");
        let zone = self.zone(eni.id);
        let by = interfaces(&attachment.resource).into_iter().find(|by| self.zone(*by) == zone);
        let Some(by) = by else { return End::Dropped("tgw-zone") };
        if packet.len > GATEWAY_MTU {
            if packet.dont_fragment {
                let (router, by) = self.router(eni);
                self.report(packet.error(router, 3, 4, Some(GATEWAY_MTU)), by, &packet);
            }
            return End::Dropped("mtu-exceeded");
        }
        self.arrive(by, Came::Elsewhere, packet)
    }

    fn transit_gateway(
        &mut self,
        gateway: TransitGatewayId,
        from: TransitGatewayAttachmentId,
        zone: Option<Zone>,
        mut packet: Packet,
    ) -> End {
        let model = self.model;
        if packet.ttl <= 1 {
            return End::Dropped("ttl-expired");
        }
        packet.ttl -= 1;
        let table = model
            .transit_gateway_route_tables
            .values()
            .find(|table| table.transit_gateway == gateway && table.associations.contains(&from));
        let Some(table) = table else { return End::Dropped("tgw-no-association") };
        let dst = packet.flow.dst;
        // Longest prefix; then static routes, those of VPCs, those of VPN connections, in the order in which
        // they began to propagate.
        let mut routes: Vec<(Ipv4Net, u8, Option<TransitGatewayAttachmentId>)> =
            table.routes.iter().map(|route| (route.destination, 0, route.attachment)).collect();
        for id in &table.propagations {
            match &model.transit_gateway_attachments[id].resource {
                AttachmentResource::Peering { .. } => {}
                AttachmentResource::Vpc { vpc, .. } => {
                    routes.extend(model.vpcs[vpc].cidrs.iter().map(|cidr| (cidr.block, 1, Some(*id))));
                }
                AttachmentResource::Vpn { connection } => {
                    routes
                        .extend(model.vpn_connections[connection].routes.iter().map(|r| (*r, 2, Some(*id))));
                }
            }
        }
        let best = routes
            .iter()
            .filter(|(block, ..)| block.contains(&dst))
            .min_by_key(|(block, rank, _)| (32 - block.prefix_len(), *rank));
        let Some((_, _, to)) = best else { return End::Dropped("tgw-no-route") };
        let to = to.map(|to| &model.transit_gateway_attachments[&to]);
        let Some(to) = to.filter(|to| to.state == AttachmentState::Available) else {
            return End::Dropped("tgw-blackhole");
        };
        match &to.resource {
            AttachmentResource::Peering { accepter } => {
                let peer = if gateway == *accepter { to.transit_gateway } else { *accepter };
                self.hops.insert("tgw peering");
                // Whether the other one knows the sender's zone is not documented.
                self.transit_gateway(peer, to.id, None, packet)
            }
            AttachmentResource::Vpn { connection } => self.tunnel(*connection, packet),
            AttachmentResource::Vpc { appliance_mode, .. } => {
                let interfaces = interfaces(&to.resource);
                let near = interfaces.iter().find(|by| Some(self.zone(**by)) == zone && !appliance_mode);
                let chosen = if self.choices.emerged.is_empty() {
                    interfaces[0]
                } else {
                    self.choices.emerged.remove(0)
                };
                let by = match near {
                    Some(near) => *near,
                    None if interfaces.contains(&chosen) => chosen,
                    None => interfaces[0],
                };
                if *appliance_mode && !packet.is_fragment() && !self.memory.stays(to.id, packet.flow, by) {
                    return End::Dropped("a flow that changes its interface");
                }
                self.hops.insert("tgw");
                self.leave(by, packet)
            }
        }
    }

    // Premises.

    fn leave_by_vpn(&mut self, gateway: VpnGatewayId, eni: &Eni, packet: Packet) -> End {
        let model = self.model;
        if eni_with(model, eni.vpc, packet.flow.src).is_none() {
            return End::Dropped("vgw-source");
        }
        let mut best: Option<(u8, VpnConnectionId)> = None;
        for vpn in model.vpn_connections.values().filter(|vpn| vpn.end == VpnEnd::VpnGateway(gateway)) {
            for block in vpn.routes.iter().filter(|block| block.contains(&packet.flow.dst)) {
                if best.is_none_or(|(len, _)| len < block.prefix_len()) {
                    best = Some((block.prefix_len(), vpn.id));
                }
            }
        }
        match best {
            Some((_, vpn)) => self.tunnel(vpn, packet),
            None => End::Dropped("vgw-no-route"),
        }
    }

    fn tunnel(&mut self, connection: VpnConnectionId, packet: Packet) -> End {
        let network = self.model.vpn_connections[&connection].customer_gateway;
        self.fit(packet, TUNNEL_MTU, None, &mut |trip, packet| {
            trip.hops.insert("vpn");
            trip.on_premises(network, packet)
        })
    }

    fn on_premises(&mut self, network: CustomerGatewayId, packet: Packet) -> End {
        let host = packet.flow.dst;
        if self.model.on_prem.contains_key(&(network, host)) {
            End::Delivered(Station::OnPrem(network, host), packet)
        } else {
            End::Dropped("no-on-prem-host")
        }
    }

    fn leave_premises(&mut self, network: CustomerGatewayId, packet: Packet) -> End {
        let model = self.model;
        let dst = packet.flow.dst;
        if model.customer_gateways[&network].cidrs.iter().any(|block| block.contains(&dst)) {
            return self.on_premises(network, packet);
        }
        let own = model.vpn_connections.values().filter(|vpn| vpn.customer_gateway == network);
        let to_vpc = own.clone().find_map(|vpn| match vpn.end {
            VpnEnd::VpnGateway(gateway) => {
                let vpc = model.vpn_gateways[&gateway].vpc.filter(|vpc| in_blocks(model, *vpc, dst))?;
                Some((gateway, vpc))
            }
            VpnEnd::TransitGateway(_) => None,
        });
        if let Some((gateway, vpc)) = to_vpc {
            return self.fit(packet, TUNNEL_MTU, None, &mut |trip, packet| {
                let Some(eni) = eni_with(model, vpc, packet.flow.dst) else {
                    return End::Dropped("vgw-destination");
                };
                trip.hops.insert("vpn");
                trip.through_gateway_table(Gateway::Vpn(gateway), &model.enis[&eni], packet)
            });
        }
        let to_gateway = own.clone().find_map(|vpn| match vpn.end {
            VpnEnd::TransitGateway(gateway) => Some((gateway, vpn.id)),
            VpnEnd::VpnGateway(_) => None,
        });
        let Some((gateway, connection)) = to_gateway else { return End::Dropped("on-prem-no-route") };
        let resource = AttachmentResource::Vpn { connection };
        let attachment = model.transit_gateway_attachments.values().find(|a| a.resource == resource);
        let attachment = attachment.expect("the connection is attached").id;
        self.fit(packet, TUNNEL_MTU, None, &mut |trip, packet| {
            trip.hops.insert("vpn");
            trip.transit_gateway(gateway, attachment, None, packet)
        })
    }

    // Endpoints.

    fn gateway_endpoint(&mut self, id: VpcEndpointId, eni: &Eni, packet: Packet) -> End {
        let is_carried = |packet: &Packet| {
            packet.flow.protocol == TCP || packet.content == Content::Echo { request: true }
        };
        let vpc = &self.model.vpcs[&self.model.endpoints[&id].vpc];
        if !vpc.blocks().any(|block| block.contains(&packet.flow.src)) {
            return End::Dropped("gateway-endpoint-source");
        }
        if !is_carried(&packet) {
            return End::Dropped("gateway-endpoint-protocol");
        }
        if self.model.endpoints[&id].service.service() == "dynamodb" {
            self.keep(2);
        }
        self.fit(packet, GATEWAY_MTU, None, &mut |trip, packet| {
            let host = packet.flow.dst;
            if !is_carried(&packet) {
                return End::Dropped("gateway-endpoint-protocol");
            }
            if !trip.model.outside.contains_key(&host) {
                return End::Dropped("no-internet-host");
            }
            trip.hops.insert("gateway endpoint");
            let flow = trip.memory.flow(eni.id, &packet, trip.now);
            trip.use_endpoint(id, None, flow);
            End::Delivered(Station::Outside(host), packet)
        })
    }

    fn interface_endpoint(&mut self, id: VpcEndpointId, eni: &Eni, packet: Packet) -> End {
        let endpoint = &self.model.endpoints[&id];
        if packet.flow.protocol != TCP || packet.is_fragment() {
            return End::Dropped("interface-endpoint-protocol");
        }
        if packet.len > GATEWAY_MTU {
            return End::Dropped("mtu-exceeded");
        }
        let Some(host) = service_host(self.model, endpoint) else {
            return End::Dropped("endpoint-no-service");
        };
        let flow = Flow { dst: host, ..self.memory.flow(eni.id, &packet, self.now) };
        let now = self.now;
        let used = self.memory.endpoint_uses.iter().rev().find(|used| used.flow == flow);
        let is_live = used.is_some_and(|used| used.eni == Some(eni.id) && used.is_live(now));
        if !packet.opens() && !is_live {
            return End::Dropped("endpoint-idle");
        }
        self.hops.insert("interface endpoint");
        self.use_endpoint(id, Some(eni.id), flow);
        End::Delivered(Station::Outside(host), Packet { flow: Flow { dst: host, ..packet.flow }, ..packet })
    }

    fn use_endpoint(&mut self, endpoint: VpcEndpointId, eni: Option<EniId>, flow: Flow) {
        let at = self.now;
        self.memory.endpoint_uses.push(EndpointUse { endpoint, eni, flow, at });
    }

    /// The last use of an endpoint that an answer of a service's host belongs to.
    fn endpoint_use(&mut self, host: Ipv4Addr, packet: &Packet) -> Option<EndpointUse> {
        let flow = packet.flow.mirror();
        let used = self.memory.endpoint_uses.iter().rev().find(|used| used.flow == flow)?.clone();
        let exists = self.model.endpoints.contains_key(&used.endpoint)
            && used.eni.is_none_or(|eni| self.model.enis.contains_key(&eni));
        (exists && host == packet.flow.src && used.is_live(self.now)).then_some(used)
    }

    fn answer_of_service(&mut self, used: &EndpointUse, packet: Packet) -> End {
        self.use_endpoint(used.endpoint, used.eni, used.flow);
        let endpoint = &self.model.endpoints[&used.endpoint];
        match used.eni {
            None => {
                self.hops.insert("gateway endpoint");
                self.within(endpoint.vpc, Came::Elsewhere, packet)
            }
            Some(eni) => {
                let own = self.model.enis[&eni].private_ips[0];
                self.hops.insert("interface endpoint");
                let flow = Flow { src: own, ..packet.flow };
                self.leave(eni, translated(packet, flow, |quoted| Flow { dst: own, ..quoted }))
            }
        }
    }

    // NAT gateways.

    fn enter_nat(&mut self, id: NatGatewayId, eni: &Eni, packet: Packet) -> End {
        let model = self.model;
        let nat = &model.nat_gateways[&id];
        self.keep(1);
        match nat.place {
            NatPlace::Zonal { eni: own, .. } => {
                self.hops.insert(match nat.connectivity {
                    Connectivity::Private => "nat private",
                    Connectivity::Public => "nat zonal",
                });
                self.arrive(own.expect("it is available"), Came::Vpc(eni.id), packet)
            }
            NatPlace::Regional { .. } => {
                self.hops.insert("nat regional");
                let router = self.router(eni);
                self.fit(packet, INTERNET_MTU, Some(router), &mut |trip, packet| {
                    trip.nat(id, Came::Vpc(eni.id), packet)
                })
            }
        }
    }

    /// Translates what comes to a NAT gateway: from a sender, or back to one.
    fn nat(&mut self, id: NatGatewayId, came: Came, packet: Packet) -> End {
        let (model, now) = (self.model, self.now);
        let nat = &model.nat_gateways[&id];
        let protocol = packet.flow.protocol;
        let eni = match nat.place {
            NatPlace::Zonal { eni, .. } => eni,
            NatPlace::Regional { .. } => None,
        };
        let own = eni.map(|eni| (model.enis[&eni].private_ips[0], Answerer::Interface(eni)));
        if packet.len > GATEWAY_MTU && packet.dont_fragment {
            if let Some((own, by)) = own {
                self.report(packet.error(own, 3, 4, Some(GATEWAY_MTU)), by, &packet);
            }
            return End::Dropped("mtu-exceeded");
        }
        let is_kept = |address: &NatAddress| address.draining_until.is_none_or(|until| now < until);
        let comes_back =
            nat.addresses.iter().any(|address| address.ip == packet.flow.dst && is_kept(address));
        if !comes_back && let Err(reason) = self.check_nat_sender(id, came, &packet) {
            return End::Dropped(reason);
        }
        if !matches!(protocol, TCP | UDP | ICMP) || (packet.is_fragment() && protocol != UDP) {
            return End::Dropped("nat-protocol");
        }
        let translated =
            if comes_back { self.nat_inwards(id, packet) } else { self.nat_outwards(id, came, packet) };
        match translated {
            Err("ttl-expired") => {
                if let Some((own, by)) = own {
                    self.report(packet.error(own, 11, 0, None), by, &packet);
                }
                End::Dropped("ttl-expired")
            }
            Err(reason) => End::Dropped(reason),
            Ok(packet) => self.fit(packet, GATEWAY_MTU, None, &mut |trip, packet| match (eni, nat.place) {
                (Some(eni), _) => trip.leave(eni, packet),
                (None, NatPlace::Regional { route_table }) => {
                    let found = route(model, &model.route_tables[&route_table], packet.flow.dst);
                    trip.leave_regional_nat(nat.vpc, found, packet)
                }
                (None, NatPlace::Zonal { .. }) => End::Dropped("not-running"),
            }),
        }
    }

    /// It serves the interfaces of its VPC and what a transit gateway brings, but not its own subnet.
    fn check_nat_sender(&self, id: NatGatewayId, came: Came, packet: &Packet) -> Result<(), &'static str> {
        let nat = &self.model.nat_gateways[&id];
        let Came::Vpc(sender) = came else { return Err("nat-source") };
        let sender = &self.model.enis[&sender];
        if matches!(nat.place, NatPlace::Zonal { subnet, .. } if subnet == sender.subnet) {
            return Err("nat-own-subnet");
        }
        let is_transit_gateway = matches!(sender.owner, Some(Owner::TransitGateway(_)));
        let is_of_vpc = eni_with(self.model, nat.vpc, packet.flow.src).is_some();
        if is_transit_gateway || is_of_vpc { Ok(()) } else { Err("nat-source") }
    }

    /// The flow of a packet at a NAT gateway, and whether it is about that flow only.
    fn nat_flow(&mut self, id: NatGatewayId, packet: &Packet) -> (Flow, bool) {
        match packet.content {
            // The packet that an error is about went the other way.
            Content::Error { quoted: Some(quoted), .. } => (quoted.mirror(), true),
            Content::Error { quoted: None, .. } => (packet.flow, true),
            Content::Segment { .. } | Content::Datagram | Content::Echo { .. } | Content::Opaque => {
                (self.memory.flow(id, packet, self.now), false)
            }
        }
    }

    fn nat_inwards(&mut self, id: NatGatewayId, packet: Packet) -> Result<Packet, &'static str> {
        let (now, (flow, is_error)) = (self.now, self.nat_flow(id, &packet));
        // Replies come back, and errors about requests.
        if packet.pings() == Some(if is_error { 0 } else { 8 }) {
            return Err("nat-no-session");
        }
        let found = self.memory.translation(id, now, |t| t.outside == flow.mirror());
        let session = found.ok_or("nat-no-session")?;
        let packet = one_hop_less(packet)?;
        session.pass(&packet, false, now);
        let to = session.inside;
        let (dst, port) = (to.src, to.src_port);
        let flow = with_destination(packet, dst, port);
        Ok(translated(packet, flow, |quoted| with_port(Flow { src: dst, ..quoted }, Some(port), None)))
    }

    fn nat_outwards(&mut self, id: NatGatewayId, came: Came, packet: Packet) -> Result<Packet, &'static str> {
        let (now, (flow, is_error)) = (self.now, self.nat_flow(id, &packet));
        let Came::Vpc(sender) = came else { return Err("nat-source") };
        let chosen = self.choices.ports.iter().find(|(nat, inside, _)| *nat == id && *inside == flow);
        let chosen = chosen.map(|(.., port)| *port);
        // Requests go out, and errors about replies.
        if packet.pings() == Some(if is_error { 8 } else { 0 }) {
            return Err("nat-no-session");
        }
        let known = self.memory.translation(id, now, |t| t.inside == flow).map(|session| session.outside);
        let outside = match known {
            Some(outside) if self.has_address(id, outside.src) => outside,
            Some(_) | None => {
                let is_opening = match packet.content {
                    Content::Segment { .. } => packet.opens(),
                    Content::Datagram => true,
                    Content::Echo { request } => request,
                    Content::Error { .. } | Content::Opaque => false,
                };
                if !is_opening || is_error {
                    if packet.flow.protocol == TCP && packet.flags() & RST == 0 {
                        let by = match self.model.nat_gateways[&id].place {
                            NatPlace::Zonal { eni: Some(eni), .. } => Answerer::Interface(eni),
                            NatPlace::Zonal { .. } | NatPlace::Regional { .. } => {
                                Answerer::NoInterface(sender)
                            }
                        };
                        self.report(packet.reset(), by, &packet);
                    }
                    return Err("nat-no-session");
                }
                self.new_address(id, Some(self.zone(sender)), flow, chosen)?
            }
        };
        let packet = one_hop_less(packet)?;
        if self.memory.translation(id, now, |t| t.inside == flow && t.outside == outside).is_none() {
            if outside.src_port < 1024 || self.memory.towards(id, outside, now).1 {
                return Err("a port that is out of range or taken");
            }
            self.memory.translate(id, flow, outside, now);
        }
        if let Some(session) = self.memory.translation(id, now, |t| t.outside == outside) {
            session.pass(&packet, true, now);
        }
        let (src, port) = (outside.src, outside.src_port);
        let flow = with_source(packet, src, port);
        Ok(translated(packet, flow, |quoted| with_port(Flow { dst: src, ..quoted }, None, Some(port))))
    }

    fn has_address(&self, id: NatGatewayId, ip: Ipv4Addr) -> bool {
        let addresses = &self.model.nat_gateways[&id].addresses;
        addresses.iter().any(|a| a.ip == ip && a.draining_until.is_none_or(|until| self.now < until))
    }

    /// The first address that can still have a connection to the destination.
    fn new_address(
        &mut self,
        id: NatGatewayId,
        zone: Option<Zone>,
        flow: Flow,
        port: Option<u16>,
    ) -> Result<Flow, &'static str> {
        let addresses = &self.model.nat_gateways[&id].addresses;
        let has_own = addresses.iter().any(|address| address.zone.is_some() && address.zone == zone);
        let port = port.unwrap_or(0);
        addresses
            .iter()
            .filter(|address| address.draining_until.is_none() && (!has_own || address.zone == zone))
            .map(|address| with_port(Flow { src: address.ip, ..flow }, Some(port), None))
            .find(|outside| self.memory.towards(id, *outside, self.now).0 < NAT_CONNECTIONS_MAX)
            .ok_or("nat-ports-exhausted")
    }

    fn leave_regional_nat(&mut self, vpc: VpcId, route: Option<Route>, packet: Packet) -> End {
        let Some(Route { target, .. }) = route else { return End::Dropped("no-route") };
        if !is_usable(self.model, target, vpc, self.now) {
            return End::Dropped("blackhole");
        }
        match target {
            Target::Local => self.within(vpc, Came::Elsewhere, packet),
            Target::InternetGateway(_) => {
                if is_blocked(self.model, vpc, None) {
                    return End::Dropped("public-access-blocked");
                }
                self.fit(packet, INTERNET_MTU, None, &mut |trip, packet| {
                    if let Err(reason) = check_public_destination(packet.flow.dst) {
                        return End::Dropped(reason);
                    }
                    trip.hops.insert("igw out");
                    trip.internet(packet)
                })
            }
            Target::GatewayEndpoint(_)
            | Target::NatGateway(_)
            | Target::NetworkInterface(_)
            | Target::Peering(_)
            | Target::TransitGateway(_)
            | Target::VpnGateway(_) => unreachable!("nobody adds such routes to a regional NAT gateway"),
        }
    }
}

fn one_hop_less(packet: Packet) -> Result<Packet, &'static str> {
    if packet.ttl > 1 { Ok(Packet { ttl: packet.ttl - 1, ..packet }) } else { Err("ttl-expired") }
}

fn interfaces(resource: &AttachmentResource) -> Vec<EniId> {
    match resource {
        AttachmentResource::Vpc { interfaces, .. } => interfaces.iter().map(|(_, eni)| *eni).collect(),
        AttachmentResource::Peering { .. } | AttachmentResource::Vpn { .. } => Vec::new(),
    }
}

fn check_public_destination(dst: Ipv4Addr) -> Result<(), &'static str> {
    if is_private(dst) {
        Err("igw-private-destination")
    } else if is_in("100.64.0.0/10", dst) {
        Err("igw-shared-destination")
    } else {
        Ok(())
    }
}

/// The packet under another flow; what an error quotes changes with it.
fn translated(packet: Packet, flow: Flow, quoted_as: impl Fn(Flow) -> Flow) -> Packet {
    let content = match packet.content {
        Content::Error { kind, code, mtu, quoted, about } => {
            Content::Error { kind, code, mtu, quoted: quoted.map(quoted_as), about }
        }
        other @ (Content::Segment { .. } | Content::Datagram | Content::Echo { .. } | Content::Opaque) => {
            other
        }
    };
    Packet { flow, content, ..packet }
}

/// A flow with other ports; a ping has one identifier.
fn with_port(flow: Flow, src: Option<u16>, dst: Option<u16>) -> Flow {
    let both = if flow.protocol == ICMP { src.or(dst) } else { None };
    let (src, dst) = (both.or(src), both.or(dst));
    Flow { src_port: src.unwrap_or(flow.src_port), dst_port: dst.unwrap_or(flow.dst_port), ..flow }
}

fn with_source(packet: Packet, src: Ipv4Addr, port: u16) -> Flow {
    let flow = Flow { src, ..packet.flow };
    if has_ports(&packet) { with_port(flow, Some(port), None) } else { flow }
}

fn with_destination(packet: Packet, dst: Ipv4Addr, port: u16) -> Flow {
    let flow = Flow { dst, ..packet.flow };
    if has_ports(&packet) { with_port(flow, None, Some(port)) } else { flow }
}

fn has_ports(packet: &Packet) -> bool {
    match packet.content {
        Content::Segment { .. } | Content::Datagram | Content::Echo { .. } => true,
        Content::Error { .. } | Content::Opaque => false,
    }
}

/// What the services next to an interface take: questions to the resolver, requests to instance metadata.
fn next_to(eni: &Eni, vpc: &Vpc, is_resolver: bool, packet: Packet) -> End {
    let flow = packet.flow;
    let is_question = [TCP, UDP].contains(&flow.protocol) && flow.dst_port == 53;
    let is_metadata = flow.dst == Ipv4Addr::new(169, 254, 169, 254);
    let is_request = flow.protocol == TCP && flow.dst_port == 80 && is_metadata;
    let is_whole = packet.offset == 0 && !packet.more;
    match (is_resolver && is_question, is_request) {
        _ if !is_whole => End::Dropped("link-local"),
        (true, _) if !vpc.dns_support => End::Dropped("dns-support-off"),
        (true, _) | (_, true) => End::Delivered(Station::LinkLocal(eni.id), packet),
        (false, false) => End::Dropped("link-local"),
    }
}
