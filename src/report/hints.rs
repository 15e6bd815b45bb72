//! What to say of a drop: what happened there, and what to change so that the packet gets on.

use std::net::Ipv4Addr;

use super::explain::sender_vpc;
use super::journal::{Journey, Subject};
use super::labels;
use crate::ids::{EniId, NetworkAclId, RouteTableId, VpcId};
use crate::model::{Direction, EndpointKind, Model, NatGatewayState, Owner, PeeringStatus, Target, VpnEnd};
use crate::time::Instant;
use crate::trace::{DropReason, GroupVerdict, MtuLimit, Refusal, Step, TtlHop};
use crate::wire::{FiveTuple, Protocol, TcpFlags};

/// What a rule would have to allow.
pub fn what(tuple: FiveTuple, direction: Direction) -> String {
    let remote = match direction {
        Direction::Egress => format!("to {}", tuple.dst),
        Direction::Ingress => format!("from {}", tuple.src),
    };
    if tuple.protocol.has_ports() {
        format!("{} {} {remote}", tuple.protocol, tuple.dst_port)
    } else {
        format!("{} {remote}", tuple.protocol)
    }
}

/// The last line of a path: what dropped the packet. `None` if the step before says so already.
pub fn drop_hop(reason: DropReason, tuple: FiveTuple, model: &Model) -> (Option<&'static str>, String) {
    match reason {
        DropReason::SecurityGroup { .. } | DropReason::NetworkAcl { .. } => (None, String::new()),
        DropReason::Malformed(_) => (Some("network"), "the bytes are not an intact IPv4 packet".to_owned()),
        DropReason::NotUnicast { .. } => {
            (Some("interface"), format!("{} is not a unicast address", tuple.dst))
        }
        DropReason::SourceCheck { .. } => {
            (Some("interface"), format!("source check: {} is not one of its addresses", tuple.src))
        }
        DropReason::LinkLocal { address, .. } => (Some("interface"), format!("nothing answers at {address}")),
        DropReason::LinkLocalRate { .. } => {
            (Some("interface"), "has sent 1024 packets to link-local services within this second".to_owned())
        }
        DropReason::ResolverOff { .. } => (Some("resolver"), "the VPC has DNS support off".to_owned()),
        DropReason::RouterSilent { .. } => (Some("router"), "answers nobody".to_owned()),
        DropReason::TrackingExceeded { .. } => {
            (Some("interface"), "tracks as many flows as it can".to_owned())
        }
        DropReason::MtuExceeded { at, mtu } => (
            Some(match at {
                MtuLimit::Endpoint(_) => "endpoint",
                MtuLimit::Interface(_) => "interface",
                MtuLimit::Internet => "internet",
                MtuLimit::InternetGateway(_) => "internet gateway",
                MtuLimit::NatGateway(_) => "NAT gateway",
                MtuLimit::Peering(_) => "peering",
                MtuLimit::TransitGateway(_) => "transit gateway",
                MtuLimit::Vpn(_) => "VPN connection",
            }),
            format!("carries packets of up to {mtu} bytes, and this one must not be split"),
        ),
        DropReason::TtlExpired { at } => (
            Some(match at {
                TtlHop::NatGateway(_) => "NAT gateway",
                TtlHop::TransitGateway(_) => "transit gateway",
            }),
            "its time to live ran out".to_owned(),
        ),
        DropReason::NatOwnSubnet { .. } => {
            (Some("NAT gateway"), "does not serve the subnet it is in".to_owned())
        }
        DropReason::NatSource { source, .. } => {
            (Some("NAT gateway"), format!("{source} is no interface of its VPC"))
        }
        DropReason::NatProtocol { .. } => {
            (Some("NAT gateway"), "carries TCP, UDP and ICMP, and fragments of UDP only".to_owned())
        }
        DropReason::NatNoSession { .. } => {
            (Some("NAT gateway"), "nobody behind it has such a connection (any more)".to_owned())
        }
        DropReason::NatPortsExhausted { .. } => {
            (Some("NAT gateway"), format!("has 55000 connections to {} on each of its addresses", tuple.dst))
        }
        DropReason::PublicAccessBlocked { .. } => {
            (Some("internet gateway"), "Block Public Access is on".to_owned())
        }
        DropReason::IngressRedirected { .. } => (
            Some("internet gateway"),
            format!(
                "what comes in for {} goes through a middlebox, so what it sends has to as well",
                tuple.src
            ),
        ),
        DropReason::MiddleboxNoPublicAddress { eni, .. } => {
            (Some("route table"), format!("the middlebox {} has no public address", model.eni_label(eni)))
        }
        DropReason::NoNeighbor { address, .. } => (Some("interface"), format!("nobody has {address}")),
        DropReason::NoRoute { .. } => (Some("route table"), format!("no route to {}", tuple.dst)),
        DropReason::Blackhole { target, .. } => {
            (Some("route table"), format!("blackhole: {} carries no traffic", labels::target(model, target)))
        }
        DropReason::NoPublicAddress { source, .. } => {
            (Some("internet gateway"), format!("{source} has no public address"))
        }
        DropReason::PrivateDestination { .. } => {
            (Some("internet gateway"), format!("{} is a private address", tuple.dst))
        }
        DropReason::PrivateSource { .. } => {
            (Some("internet gateway"), format!("{} is a private address", tuple.src))
        }
        DropReason::SharedDestination { .. } => {
            (Some("internet gateway"), format!("{} is an address of the shared space", tuple.dst))
        }
        DropReason::SharedSource { .. } => {
            (Some("internet gateway"), format!("{} is an address of the shared space", tuple.src))
        }
        DropReason::TransitGatewayZone { zone, .. } => {
            (Some("transit gateway"), format!("the attachment has no subnet in {zone}"))
        }
        DropReason::TransitGatewayNoAssociation { .. } => {
            (Some("transit gateway"), "the attachment is associated with no route table".to_owned())
        }
        DropReason::TransitGatewayNoRoute { .. } => {
            (Some("TGW route table"), format!("no route to {}", tuple.dst))
        }
        DropReason::TransitGatewayBlackhole { .. } => {
            (Some("TGW route table"), "blackhole: the route leads nowhere".to_owned())
        }
        DropReason::VpnSource { source, .. } => {
            (Some("virtual private gateway"), format!("{source} is no interface of its VPC"))
        }
        DropReason::VpnNoRoute { .. } => {
            (Some("virtual private gateway"), format!("no VPN connection has a route to {}", tuple.dst))
        }
        DropReason::VpnDestination { .. } => {
            (Some("virtual private gateway"), format!("{} is no interface of its VPC", tuple.dst))
        }
        DropReason::OnPremNoRoute { .. } => {
            (Some("customer gateway"), format!("no connection leads to {}", tuple.dst))
        }
        DropReason::NoOnPremHost { address, .. } => {
            (Some("customer gateway"), format!("nobody has {address}"))
        }
        DropReason::GatewayEndpointProtocol { .. } => {
            (Some("gateway endpoint"), "carries TCP and pings only".to_owned())
        }
        DropReason::GatewayEndpointSource { source, .. } => {
            (Some("gateway endpoint"), format!("serves its own VPC, where {source} is not"))
        }
        DropReason::InterfaceEndpointProtocol { .. } => {
            (Some("endpoint"), "carries TCP only, and answers no pings".to_owned())
        }
        DropReason::EndpointIdle { .. } => (Some("endpoint"), "the connection was idle for 350 s".to_owned()),
        DropReason::EndpointNoService { .. } => {
            (Some("endpoint"), "no host of the scenario stands for the service".to_owned())
        }
        DropReason::NoInternetGateway { .. } => (Some("VPC"), "no internet gateway is attached".to_owned()),
        DropReason::NoInternetHost { address } => (Some("internet"), format!("nobody has {address}")),
        DropReason::NotTransitive { vpc, .. } => {
            let inside = format!(
                "carries only what goes to {} from the VPC it is peered with",
                labels::vpc(model, vpc)
            );
            (Some("peering"), inside)
        }
        DropReason::NoSuchAddress { address, .. } => (Some("VPC"), format!("no interface has {address}")),
        DropReason::ZoneDown { .. } => (Some("zone"), "the Availability Zone is down".to_owned()),
        DropReason::LinkCut { .. } => (Some("link"), "cut: nothing passes".to_owned()),
        DropReason::LinkQueueFull { .. } => (Some("link"), "too much waits for it already".to_owned()),
        DropReason::LinkLoss { .. } => (Some("link"), "lost on the way".to_owned()),
        DropReason::NotRunning { .. } => (Some("interface"), "no running instance behind it".to_owned()),
        DropReason::DestinationCheck { .. } => {
            (Some("interface"), format!("destination check: {} is not one of its addresses", tuple.dst))
        }
    }
}

/// What to change so that the packet gets on.
pub fn hint(reason: DropReason, journey: &Journey, model: &Model, now: Instant) -> String {
    let tuple = last_tuple(journey);
    match reason {
        DropReason::Malformed(_) => "the sender's stack made a broken packet".to_owned(),
        DropReason::NotUnicast { .. } => "a VPC carries unicast only; send to one address".to_owned(),
        DropReason::SourceCheck { eni } => {
            format!(
                "switch the source/destination check of {} off if it forwards for others",
                model.eni_label(eni)
            )
        }
        DropReason::LinkLocal { .. } => {
            "next to an interface only the resolver (port 53) and instance metadata (port 80) answer".to_owned()
        }
        DropReason::LinkLocalRate { .. } => {
            "the limit of 1024 packets a second cannot be raised: keep answers of the resolver in a cache".to_owned()
        }
        DropReason::ResolverOff { vpc } => {
            let vpc = labels::vpc(model, vpc);
            format!("turn DNS support on: aws ec2 modify-vpc-attribute --vpc-id {vpc} --enable-dns-support")
        }
        DropReason::RouterSilent { .. } => "send to a host: a VPC's router answers no pings".to_owned(),
        DropReason::TrackingExceeded { .. } => {
            "open the rules both ways so that flows are not tracked, or close connections sooner".to_owned()
        }
        DropReason::NoNeighbor { address, .. } => {
            format!("no interface in the subnet has {address}: check the address")
        }
        DropReason::SecurityGroup { eni, direction: Direction::Ingress, .. } if is_answer(journey) => {
            format!(
                "this answers a connection that {} has not opened: check where the routes of {} lead",
                model.eni_label(eni),
                tuple.src
            )
        }
        DropReason::SecurityGroup { eni, direction, group, why: Refusal::ReferenceLost } => format!(
            "{} of {} names a group, which matches private addresses only, and nothing that came through a \
             middlebox: allow {} by its address",
            labels::security_group(model, group),
            model.eni_label(eni),
            what(tuple, direction)
        ),
        DropReason::SecurityGroup { eni, direction, group, why: Refusal::ReferencingOff } => format!(
            "{} of {} names a group of another VPC: switch security group referencing on at the transit gateway \
             and at both attachments (it works in ingress rules only), or allow {} by its address",
            labels::security_group(model, group),
            model.eni_label(eni),
            what(tuple, direction)
        ),
        DropReason::SecurityGroup { eni, .. }
            if tuple.protocol == Protocol::ICMP && is_of_endpoint(eni, model) =>
        {
            "an interface endpoint answers no ping, whatever its groups allow: ask for port 443".to_owned()
        }
        DropReason::SecurityGroup { eni, direction, group, .. } => format!(
            "allow {} in an {direction} rule of {}, a group of {}",
            what(tuple, direction),
            labels::security_group(model, group),
            model.eni_label(eni)
        ),
        DropReason::NetworkAcl { acl, direction, rule, .. } => {
            acl_hint(acl, direction, rule, journey, tuple, model)
        }
        DropReason::NoRoute { table } => no_route_hint(table, tuple, journey, model),
        DropReason::Blackhole { table, target } => blackhole_hint(table, target, model, now),
        DropReason::MtuExceeded { at, mtu } => mtu_hint(at, mtu),
        DropReason::TtlExpired { at: TtlHop::NatGateway(_) } => {
            "the sender is told so, as every router does; traceroute lives on it".to_owned()
        }
        DropReason::TtlExpired { at: TtlHop::TransitGateway(_) } => {
            "send it with a longer time to live; a transit gateway counts as a hop and does not say so".to_owned()
        }
        DropReason::NatOwnSubnet { .. } => {
            "put the instance into another subnet, or give it a public address".to_owned()
        }
        DropReason::NatSource { .. } => {
            "a NAT gateway serves its own VPC, and what a transit gateway brings; a peer needs one of its own"
                .to_owned()
        }
        DropReason::NatProtocol { .. } => {
            "use TCP, UDP or ICMP, and packets that need not be split".to_owned()
        }
        DropReason::NatNoSession { .. } => nat_no_session_hint(journey, tuple).to_owned(),
        DropReason::NatPortsExhausted { nat } => format!(
            "give {} another address: each has 55000 connections to one address, port and protocol",
            labels::nat_gateway(model, nat)
        ),
        DropReason::PublicAccessBlocked { .. } => {
            "exclude the VPC or subnet from VPC Block Public Access, or switch that off".to_owned()
        }
        DropReason::IngressRedirected { table, .. } => format!(
            "route the subnet's internet traffic to the middlebox that {} names",
            labels::route_table(model, table)
        ),
        DropReason::MiddleboxNoPublicAddress { eni, .. } => {
            format!("give {} a public address", model.eni_label(eni))
        }
        DropReason::NoPublicAddress { source, .. } => {
            let who = model.address_label(sender_vpc(journey, model), source).unwrap_or(source.to_string());
            format!("give {who} a public address, or route through a NAT gateway")
        }
        DropReason::PrivateDestination { table, .. } => match vpc_with(tuple.dst, model) {
            Some(vpc) => format!(
                "{} is in {}, and {} leads there only by its default route: add a route to a connection with it",
                tuple.dst,
                labels::vpc(model, vpc),
                labels::route_table(model, table)
            ),
            None => on_prem_hint(table, tuple.dst, model).unwrap_or_else(|| {
                format!("the internet carries no private addresses; nobody has {}", tuple.dst)
            }),
        },
        DropReason::PrivateSource { .. } => "the internet carries no private addresses".to_owned(),
        DropReason::SharedDestination { .. } | DropReason::SharedSource { .. } => {
            "the internet does not carry 100.64.0.0/10".to_owned()
        }
        DropReason::TransitGatewayZone { attachment, zone } => {
            format!("add a subnet in {zone} to {}", labels::attachment(model, attachment))
        }
        DropReason::TransitGatewayNoAssociation { attachment, .. } => {
            format!("associate {} with a route table", labels::attachment(model, attachment))
        }
        DropReason::TransitGatewayNoRoute { table } => format!(
            "add a route to {} to {}, or let an attachment propagate it there",
            tuple.dst,
            labels::transit_gateway_table(model, table)
        ),
        DropReason::TransitGatewayBlackhole { table } => {
            format!("replace the route of {}", labels::transit_gateway_table(model, table))
        }
        DropReason::VpnSource { .. } | DropReason::VpnDestination { .. } => {
            "a virtual private gateway carries only what interfaces of its VPC send or receive: use a transit gateway"
                .to_owned()
        }
        DropReason::VpnNoRoute { .. } => {
            format!("add a static route to {} to a VPN connection", tuple.dst)
        }
        DropReason::OnPremNoRoute { .. } => on_prem_no_route_hint(tuple.dst, model),
        DropReason::NoOnPremHost { address, .. } => {
            format!("add a host with the address {address} to the network, or check the address")
        }
        DropReason::GatewayEndpointProtocol { .. } => "use TCP".to_owned(),
        DropReason::GatewayEndpointSource { .. } => {
            "give the sender's VPC an endpoint of its own, or use an interface endpoint".to_owned()
        }
        DropReason::InterfaceEndpointProtocol { .. } => {
            "try a TCP connection instead, for instance `nc -zv`".to_owned()
        }
        DropReason::EndpointIdle { .. } => "send keep-alives more often than every 350 s".to_owned(),
        DropReason::EndpointNoService { endpoint } => format!(
            "add a host to `internet:` with `service: {}`",
            labels::service(model, endpoint)
        ),
        DropReason::NoInternetGateway { vpc } => {
            format!("attach an internet gateway to {}", labels::vpc(model, vpc))
        }
        DropReason::NoInternetHost { address } => no_internet_host_hint(address, model),
        DropReason::NotTransitive { vpc, .. } => {
            let owner = vpc_with(tuple.dst, model).map(|owner| labels::vpc(model, owner));
            match owner {
                Some(owner) => format!(
                    "peering is not transitive: {} does not pass traffic on to {owner}; peer the two VPCs directly",
                    labels::vpc(model, vpc)
                ),
                None => format!(
                    "a peer's internet gateway, NAT gateway and endpoints cannot be used: {} is not in {}",
                    tuple.dst,
                    labels::vpc(model, vpc)
                ),
            }
        }
        DropReason::NoSuchAddress { vpc, .. } => {
            format!(
                "the address lies in {}: the local route takes it, whatever other routes there are",
                labels::vpc(model, vpc)
            )
        }
        DropReason::ZoneDown { zone } => {
            format!("`repair: {{ zone_down: {zone} }}` brings it back; what is to survive runs in two zones")
        }
        DropReason::LinkCut { .. } => "`repair:` makes the link whole again".to_owned(),
        DropReason::LinkQueueFull { from, to } => format!(
            "more is sent from {} to {} than the bandwidth lets through: send less, or allow more",
            labels::location(model, from),
            labels::location(model, to)
        ),
        DropReason::LinkLoss { .. } => "the link loses packets at random; TCP sends them again".to_owned(),
        DropReason::NotRunning { eni } => format!("start the instance of {}", model.eni_label(eni)),
        DropReason::DestinationCheck { eni } => {
            format!(
                "switch the source/destination check of {} off if it forwards for others",
                model.eni_label(eni)
            )
        }
    }
}

/// The packet's addresses where it was dropped.
fn last_tuple(journey: &Journey) -> FiveTuple {
    let sent = match journey.packet {
        Subject::Packet(facts) => facts.tuple,
        Subject::Frame { .. } => FiveTuple {
            src: Ipv4Addr::UNSPECIFIED,
            dst: Ipv4Addr::UNSPECIFIED,
            src_port: 0,
            dst_port: 0,
            protocol: Protocol(0),
        },
        Subject::Arp { sender, target } => {
            FiveTuple { src: sender, dst: target, src_port: 0, dst_port: 0, protocol: Protocol(0) }
        }
    };
    let mut tuple = sent;
    for step in &journey.steps {
        if let Step::Translated { to, .. } = step {
            tuple = *to;
        }
    }
    tuple
}

/// Whether it accepts a connection somebody asked for.
fn is_answer(journey: &Journey) -> bool {
    matches!(journey.packet, Subject::Packet(facts) if facts.tcp_flags.has(TcpFlags::SYN | TcpFlags::ACK))
}

fn belongs_to_tracked_flow(journey: &Journey) -> bool {
    let tracked = |step: &Step| matches!(step, Step::SecurityGroup { verdict: GroupVerdict::Tracked, .. });
    journey.steps.iter().any(tracked)
}

fn vpc_with(address: Ipv4Addr, model: &Model) -> Option<VpcId> {
    model.vpcs.values().find(|vpc| vpc.contains(address)).map(|vpc| vpc.id)
}

fn acl_hint(
    acl: NetworkAclId,
    direction: Direction,
    rule: Option<u16>,
    journey: &Journey,
    tuple: FiveTuple,
    model: &Model,
) -> String {
    let acl = labels::network_acl(model, acl);
    let what = what(tuple, direction);
    let rule = match rule {
        Some(number) => format!("rule {number} of {acl} denies it: allow {what} under a lower number"),
        None => format!("no numbered {direction} rule of {acl} matches: allow {what}"),
    };
    if belongs_to_tracked_flow(journey) {
        format!(
            "{rule}; network ACLs have no memory, so replies need a rule for the client's ephemeral ports"
        )
    } else {
        rule
    }
}

fn no_route_hint(table: RouteTableId, tuple: FiveTuple, journey: &Journey, model: &Model) -> String {
    if let Some(hint) = service_hint(table, tuple.dst, model) {
        return hint;
    }
    let table = labels::route_table(model, table);
    let is_answer = is_answer(journey) || belongs_to_tracked_flow(journey);
    let vpc = vpc_with(tuple.dst, model).map(|vpc| format!(" (in {})", labels::vpc(model, vpc)));
    let way = if is_answer { "the answer has no way back: " } else { "" };
    format!("{way}add a route to {}{} to {table}", tuple.dst, vpc.unwrap_or_default())
}

fn is_of_endpoint(eni: EniId, model: &Model) -> bool {
    model.enis.get(&eni).is_some_and(|eni| matches!(eni.owner, Some(Owner::InterfaceEndpoint(_))))
}

/// What is missing on premises: a service is there by the name of an endpoint, or not at all.
fn on_prem_no_route_hint(address: Ipv4Addr, model: &Model) -> String {
    if address.octets()[..2] == [169, 254] {
        return format!("{address} is next to instances only: give the host keys by `aws: {{ user: … }}`");
    }
    let service = model.outside.get(&address).and_then(|host| host.service.as_ref());
    let Some(service) = service else {
        return format!("connect the network with a VPC or transit gateway that leads to {address}");
    };
    let endpoint = model.endpoints.values().find(|endpoint| {
        let is_interface = matches!(endpoint.kind, EndpointKind::Interface { .. });
        is_interface && endpoint.service == *service
    });
    let who = format!("{address} is {} in {}", service.service(), service.region());
    match endpoint.map(|endpoint| labels::endpoint(model, endpoint.id)) {
        Some(endpoint) => format!(
            "{who}, and private DNS does not reach premises: use the own name of {endpoint}, {{dns:{endpoint}}}"
        ),
        None => format!("{who}: make an interface endpoint for it in a VPC that a connection leads to"),
    }
}

/// How to get to a service of AWS from a subnet without a way to the internet.
fn service_hint(id: RouteTableId, address: Ipv4Addr, model: &Model) -> Option<String> {
    let service = model.outside.get(&address)?.service.as_ref()?;
    let vpc = model.vpc(model.route_tables.get(&id)?.vpc);
    let (table, here) = (labels::route_table(model, id), vpc.scope.region);
    let (name, there) = (service.service(), service.region());
    let who = format!("{address} is {name} in {there}");
    let gateway = model.endpoints.values().find(|endpoint| {
        let is_gateway = matches!(endpoint.kind, EndpointKind::Gateway { .. });
        endpoint.vpc == vpc.id && is_gateway && endpoint.service.service() == name
    });
    Some(match gateway {
        _ if here != there => {
            format!(
                "{who}, and endpoints serve their own region: ask {name} in {here}, or add a route to {table}"
            )
        }
        Some(endpoint) => format!("{who}: add {table} to {}", labels::endpoint(model, endpoint.id)),
        None if ["s3", "dynamodb"].contains(&name) => {
            format!("{who}: make a gateway endpoint for {service} with {table}, or add a route to it")
        }
        None => format!(
            "{who}: make an interface endpoint for {service} with private DNS, or add a route to {table}"
        ),
    })
}

/// How to get to a host on premises from a subnet that sends its packets to the internet.
fn on_prem_hint(table: RouteTableId, address: Ipv4Addr, model: &Model) -> Option<String> {
    let host = model.on_prem.values().find(|host| host.address == address)?;
    let who = format!("{address} is {} in {}", host.name, labels::network(model, host.network));
    let table = labels::route_table(model, table);
    let mut connections = model.vpn_connections.values();
    Some(match connections.find(|vpn| vpn.customer_gateway == host.network).map(|vpn| (vpn.id, vpn.end)) {
        None => format!("{who}, which no VPN connection leads to"),
        Some((vpn, VpnEnd::TransitGateway(gateway))) => format!(
            "{who}, behind {}: add a route to it by {} to {table}",
            labels::vpn_connection(model, vpn),
            labels::transit_gateway(model, gateway)
        ),
        Some((vpn, VpnEnd::VpnGateway(gateway))) => format!(
            "{who}, behind {}: add a route to it by {gateway} to {table}, or let {gateway} propagate its routes there",
            labels::vpn_connection(model, vpn),
            gateway = labels::vpn_gateway(model, gateway)
        ),
    })
}

fn no_internet_host_hint(address: Ipv4Addr, model: &Model) -> String {
    if let Some(eip) = model.elastic_ips.values().find(|eip| eip.ip == address) {
        let name = eip.name.clone().unwrap_or_else(|| eip.id.to_string());
        return format!("{address} is the Elastic IP {name}, which is associated with nothing");
    }
    match model.enis.values().find(|eni| eni.has(address)) {
        Some(eni) => match eni.public_of(address) {
            Some(public) => format!("{address} is private; from the internet use {public}"),
            None => format!("{address} is private, and {} has no public address", model.eni_label(eni.id)),
        },
        None => format!("add a host with the address {address} to `internet:`, or check the address"),
    }
}

fn blackhole_hint(table: RouteTableId, target: Target, model: &Model, now: Instant) -> String {
    let (name, table) = (labels::target(model, target), labels::route_table(model, table));
    match target {
        Target::Peering(id) => match model.peerings.get(&id).map(|pcx| pcx.status_at(now)) {
            Some(PeeringStatus::PendingAcceptance) => format!("{name} is pending-acceptance: accept it"),
            Some(status) => {
                format!("{name} is {status}: make a new connection and replace the route of {table}")
            }
            None => format!("replace the route of {table}"),
        },
        Target::InternetGateway(_) | Target::VpnGateway(_) => {
            format!("{name} is not attached: attach it, or replace the route of {table}")
        }
        Target::NatGateway(id) => match model.nat_gateways.get(&id).map(|nat| &nat.state) {
            Some(NatGatewayState::Failed { message, .. }) => {
                format!("{name} has failed: {message}; make a new one and replace the route of {table}")
            }
            Some(NatGatewayState::Available | NatGatewayState::Deleted) | None => format!(
                "{name} is deleted, and its routes stay: make a new one and replace the route of {table}"
            ),
        },
        Target::TransitGateway(_) => {
            format!(
                "the VPC is not attached to {name} (any more): attach it, or replace the route of {table}"
            )
        }
        Target::NetworkInterface(_) => format!("{name} is not attached to a running instance"),
        Target::GatewayEndpoint(_) | Target::Local => format!("replace the route of {table}"),
    }
}

fn is_from_inside(journey: &Journey) -> bool {
    matches!(journey.steps.first(), Some(Step::Left { .. }))
}

fn nat_no_session_hint(journey: &Journey, tuple: FiveTuple) -> &'static str {
    let Subject::Packet(facts) = journey.packet else { return "" };
    let continues = tuple.protocol == Protocol::TCP && !facts.tcp_flags.opens();
    if is_from_inside(journey) && (is_answer(journey) || tuple.protocol == Protocol::ICMP) {
        "the request did not come through this NAT gateway: route the answer back the way the request came"
    } else if continues {
        "NAT gateways forget connections that are idle for 350 s: send keep-alives more often"
    } else {
        "nobody can open a connection through a NAT gateway: use a load balancer or a public address"
    }
}

fn mtu_hint(at: MtuLimit, mtu: u16) -> String {
    match at {
        MtuLimit::Endpoint(_) | MtuLimit::Vpn(_) => {
            format!("the sender is not told: lower its MTU or segment size to what fits into {mtu} bytes")
        }
        MtuLimit::Interface(_) => format!("no interface sends packets longer than {mtu} bytes"),
        MtuLimit::Internet
        | MtuLimit::InternetGateway(_)
        | MtuLimit::NatGateway(_)
        | MtuLimit::Peering(_)
        | MtuLimit::TransitGateway(_) => format!(
            "the sender is told with an ICMP message (type 3 code 4), which has to reach it; or lower its MTU to {mtu}"
        ),
    }
}
