//! Groups, network ACLs, routes and who has which address: everything by scanning all there is.

use std::net::Ipv4Addr;

use ipnet::Ipv4Net;
use vpclab::ids::{EniId, PrefixListId, SecurityGroupId, TransitGatewayId, VpcId};
use vpclab::model::{
    AclAction, AttachmentResource, AttachmentState, BlockMode, Destination, Direction, Eni, ExcludedResource,
    ExclusionMode, Gateway, InstanceState, Model, NatGatewayState, Owner, Peer, PeeringStatus, PortRange,
    Route, RouteOrigin, RouteTable, SecurityGroupRule, Subnet, Target, Traffic, TransitGatewayAttachment,
    VpcEndpoint,
};
use vpclab::time::Instant;

use super::packet::{ICMP, Packet, TCP, UDP};

pub fn eni_with(model: &Model, vpc: VpcId, address: Ipv4Addr) -> Option<EniId> {
    model.enis.values().find(|e| e.vpc == vpc && e.private_ips.contains(&address)).map(|e| e.id)
}

pub fn in_blocks(model: &Model, vpc: VpcId, address: Ipv4Addr) -> bool {
    model.vpcs.get(&vpc).is_some_and(|vpc| vpc.cidrs.iter().any(|cidr| cidr.block.contains(&address)))
}

pub fn is_private(address: Ipv4Addr) -> bool {
    ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"].iter().any(|range| is_in(range, address))
}

pub fn is_in(range: &str, address: Ipv4Addr) -> bool {
    range.parse::<Ipv4Net>().expect("a block").contains(&address)
}

/// Whether something works behind an interface.
pub fn is_up(model: &Model, eni: &Eni) -> bool {
    match eni.owner {
        None => false,
        Some(Owner::Instance(id)) => model.instances[&id].state == InstanceState::Running,
        Some(Owner::InterfaceEndpoint(id)) => model.endpoints.contains_key(&id),
        Some(Owner::NatGateway(id)) => model.nat_gateways[&id].state == NatGatewayState::Available,
        Some(Owner::Requester(_)) => true,
        Some(Owner::TransitGateway(id)) => {
            model.transit_gateway_attachments[&id].state == AttachmentState::Available
        }
    }
}

pub fn attachment(model: &Model, gateway: TransitGatewayId, vpc: VpcId) -> Option<&TransitGatewayAttachment> {
    model.transit_gateway_attachments.values().find(|a| {
        a.transit_gateway == gateway
            && a.state == AttachmentState::Available
            && matches!(a.resource, AttachmentResource::Vpc { vpc: attached, .. } if attached == vpc)
    })
}

/// Whether the target of a route carries traffic.
pub fn is_usable(model: &Model, target: Target, vpc: VpcId, now: Instant) -> bool {
    match target {
        Target::Local => true,
        Target::GatewayEndpoint(id) => model.endpoints.contains_key(&id),
        Target::InternetGateway(id) => model.internet_gateways.get(&id).is_some_and(|g| g.vpc == Some(vpc)),
        Target::NatGateway(id) => {
            model.nat_gateways.get(&id).is_some_and(|nat| nat.state == NatGatewayState::Available)
        }
        Target::NetworkInterface(id) => model.enis.get(&id).is_some_and(|eni| is_up(model, eni)),
        Target::Peering(id) => {
            model.peerings.get(&id).is_some_and(|pcx| pcx.status_at(now) == PeeringStatus::Active)
        }
        Target::TransitGateway(id) => attachment(model, id, vpc).is_some(),
        Target::VpnGateway(id) => model.vpn_gateways.get(&id).is_some_and(|g| g.vpc == Some(vpc)),
    }
}

/// Longest prefix; then routes to blocks, then to prefix lists (the lowest id), then propagated ones, which
/// never lead out of the VPC what is in it.
pub fn route(model: &Model, table: &RouteTable, dst: Ipv4Addr) -> Option<Route> {
    let mut best: Option<(u8, u8, Option<PrefixListId>, Route)> = None;
    let is_local = table.routes().iter().any(|route| {
        route.origin == RouteOrigin::CreateRouteTable
            && route.destination.cidr().is_some_and(|block| block.contains(&dst))
    });
    for route in table.routes() {
        let is_propagated = route.origin == RouteOrigin::EnableVgwRoutePropagation;
        if is_propagated && is_local {
            continue;
        }
        let (blocks, rank, tie) = match route.destination {
            Destination::Cidr(block) => (vec![block], if is_propagated { 2 } else { 0 }, None),
            Destination::PrefixList(id) => {
                let list = model.prefix_lists.get(&id);
                (list.map(|list| list.entries.clone()).unwrap_or_default(), 1, Some(id))
            }
        };
        for block in blocks.iter().filter(|block| block.contains(&dst)) {
            let candidate = (32 - block.prefix_len(), rank, tie, *route);
            if best.is_none_or(|b| (candidate.0, candidate.1, candidate.2) < (b.0, b.1, b.2)) {
                best = Some(candidate);
            }
        }
    }
    best.map(|(.., route)| route)
}

pub fn table_of<'m>(model: &'m Model, subnet: &Subnet) -> &'m RouteTable {
    let id = subnet.route_table.map_or(model.vpcs[&subnet.vpc].main_route_table, |own| own.table);
    &model.route_tables[&id]
}

pub fn gateway_table(model: &Model, gateway: Gateway) -> Option<&RouteTable> {
    model.route_tables.values().find(|table| table.gateways.iter().any(|(_, of)| *of == gateway))
}

fn matches(traffic: Traffic, packet: &Packet) -> bool {
    let protocol = packet.flow.protocol;
    let port =
        |range: PortRange| packet.offset > 0 || (range.from..=range.to).contains(&packet.flow.dst_port);
    match traffic {
        Traffic::All => true,
        Traffic::Tcp(range) => protocol == TCP && port(range),
        Traffic::Udp(range) => protocol == UDP && port(range),
        Traffic::Other(other) => protocol == other.0,
        Traffic::Icmp { kind, code } => {
            protocol == ICMP
                && packet.icmp().is_none_or(|(is_kind, is_code)| {
                    kind.is_none_or(|kind| kind == is_kind) && code.is_none_or(|code| code == is_code)
                })
        }
    }
}

pub fn acl_allows(model: &Model, subnet: &Subnet, direction: Direction, packet: &Packet) -> bool {
    let acl = &model.network_acls[&subnet.network_acl];
    let (entries, remote) = match direction {
        Direction::Egress => (&acl.egress, packet.flow.dst),
        Direction::Ingress => (&acl.ingress, packet.flow.src),
    };
    let deciding = entries
        .iter()
        .filter(|entry| entry.cidr.contains(&remote) && matches(entry.traffic, packet))
        .min_by_key(|entry| entry.number);
    deciding.is_some_and(|entry| entry.action == AclAction::Allow)
}

/// Where the other side of a rule is, as far as rules that name groups are concerned.
#[derive(Clone, Copy, Debug)]
pub enum Path {
    Within(VpcId),
    /// Here and there.
    Peered(VpcId, VpcId),
    OverTransitGateway(VpcId, TransitGatewayId),
    Lost,
}

fn rules_of<'m>(
    model: &'m Model,
    eni: &'m Eni,
    direction: Direction,
) -> impl Iterator<Item = &'m SecurityGroupRule> {
    eni.security_groups.iter().flat_map(move |id| model.security_groups[id].rules(direction))
}

/// Whether a rule of an interface's groups lets a packet through.
pub fn allowing(
    model: &Model,
    eni: &Eni,
    direction: Direction,
    packet: &Packet,
    path: Path,
    now: Instant,
) -> bool {
    let remote = match direction {
        Direction::Egress => packet.flow.dst,
        Direction::Ingress => packet.flow.src,
    };
    let is_remote = |rule: &SecurityGroupRule| match rule.peer {
        Peer::Cidr(block) => block.contains(&remote),
        Peer::PrefixList(id) => {
            model.prefix_lists.get(&id).is_some_and(|list| list.entries.iter().any(|b| b.contains(&remote)))
        }
        Peer::Group(id) => is_member(model, id, remote, direction, path, now),
    };
    rules_of(model, eni, direction).any(|rule| matches(rule.traffic, packet) && is_remote(rule))
}

fn is_member(
    model: &Model,
    group: SecurityGroupId,
    address: Ipv4Addr,
    direction: Direction,
    path: Path,
    now: Instant,
) -> bool {
    let Some(vpc) = model.security_groups.get(&group).map(|group| group.vpc) else { return false };
    let carries = model.enis.values().any(|eni| {
        eni.vpc == vpc && eni.private_ips.contains(&address) && eni.security_groups.contains(&group)
    });
    let is_on_path = match path {
        Path::Within(own) => vpc == own,
        Path::Peered(own, there) => {
            vpc == there
                && model.peerings.values().any(|pcx| {
                    let ends = [pcx.requester.vpc, pcx.accepter.vpc];
                    pcx.status_at(now) == PeeringStatus::Active
                        && pcx.requester.scope.region == pcx.accepter.scope.region
                        && ends.contains(&own)
                        && ends.contains(&vpc)
                })
        }
        Path::OverTransitGateway(own, gateway) => {
            let shares = |vpc: VpcId| {
                attachment(model, gateway, vpc).is_some_and(|a| {
                    matches!(a.resource, AttachmentResource::Vpc { security_group_referencing: true, .. })
                })
            };
            direction == Direction::Ingress
                && own != vpc
                && model.transit_gateways.get(&gateway).is_some_and(|it| it.security_group_referencing)
                && shares(own)
                && shares(vpc)
        }
        Path::Lost => false,
    };
    carries && is_on_path
}

/// Whether a direction is open to everybody, on every port.
pub fn is_open(model: &Model, eni: &Eni, direction: Direction, protocol: u8) -> bool {
    rules_of(model, eni, direction)
        .any(|rule| is_for_everybody(rule) && covers_all_ports(rule.traffic, protocol))
}

/// Whether a packet is let through by a rule for everybody.
pub fn is_open_for(model: &Model, eni: &Eni, direction: Direction, packet: &Packet) -> bool {
    rules_of(model, eni, direction).any(|rule| is_for_everybody(rule) && matches(rule.traffic, packet))
}

fn is_for_everybody(rule: &SecurityGroupRule) -> bool {
    rule.peer == Peer::Cidr(Ipv4Net::default())
}

fn covers_all_ports(traffic: Traffic, protocol: u8) -> bool {
    let all = |range: PortRange| range.from == 0 && range.to == u16::MAX;
    match traffic {
        Traffic::All => true,
        Traffic::Tcp(range) => protocol == TCP && all(range),
        Traffic::Udp(range) => protocol == UDP && all(range),
        Traffic::Icmp { .. } | Traffic::Other(_) => false,
    }
}

/// Whether Block Public Access refuses an interface, or a regional NAT gateway of a VPC.
pub fn is_blocked(model: &Model, vpc: VpcId, eni: Option<&Eni>) -> bool {
    let scope = model.vpcs[&vpc].scope;
    let mode = model.public_access.iter().find(|(of, _)| *of == scope).map_or(BlockMode::Off, |(_, m)| *m);
    let is_nat = eni.is_none_or(|eni| matches!(eni.owner, Some(Owner::NatGateway(_))));
    let excluded = |mode: ExclusionMode| {
        model.public_access_exclusions.values().any(|exclusion| {
            exclusion.mode == mode
                && match exclusion.resource {
                    ExcludedResource::Vpc(id) => id == vpc,
                    ExcludedResource::Subnet(id) => eni.is_some_and(|eni| eni.subnet == id),
                }
        })
    };
    let is_let_through = excluded(ExclusionMode::AllowBidirectional)
        || (is_nat && excluded(ExclusionMode::AllowEgress))
        || match mode {
            BlockMode::Off => true,
            BlockMode::BlockIngress => is_nat,
            BlockMode::BlockBidirectional => false,
        };
    !is_let_through
}

pub fn service_host(model: &Model, endpoint: &VpcEndpoint) -> Option<Ipv4Addr> {
    model
        .outside
        .values()
        .find(|host| host.service.as_ref() == Some(&endpoint.service))
        .map(|host| host.address)
}
