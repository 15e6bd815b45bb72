//! Journeys in words: what was asked, what it said, and what to change.

use std::net::Ipv4Addr;
use std::time::Duration;

use super::journal::{Journey, Subject};
use super::labels;
use super::result::{End, Explanation, Hop};
use crate::ids::{RouteTableId, VpcId};
use crate::model::{Direction, Model, PeeringStatus, Target};
use crate::time::Instant;
use crate::trace::{DropReason, Fate, GroupVerdict, PacketFacts, Step};
use crate::wire::{FiveTuple, Protocol, TcpFlags};

/// Puts a journey into words; times are counted from `begin`.
///
/// `others` are the journeys of the same step: what a packet answers is among them.
pub fn explain(
    journey: &Journey,
    others: &[&Journey],
    begin: Instant,
    now: Instant,
    model: &Model,
) -> Explanation {
    let since = |at: Instant| -> Duration { at.since(begin) };
    Explanation {
        packet: title(journey, model),
        answers: answered(journey, others, model),
        count: journey.count,
        first: since(journey.first),
        last: since(journey.last),
        hops: hops(journey, model),
        end: end(journey, model, now),
    }
}

/// The packets that came the other way in the same conversation, if they arrived.
fn answered(journey: &Journey, others: &[&Journey], model: &Model) -> Option<String> {
    let (Subject::Packet(facts), Fate::Dropped(_)) = (journey.packet, journey.fate) else { return None };
    let question = others.iter().find(|other| {
        let came_first = other.first <= journey.first && matches!(other.fate, Fate::Delivered(_));
        matches!(other.packet, Subject::Packet(there) if came_first && there.tuple == facts.tuple.mirror())
    })?;
    let Subject::Packet(there) = question.packet else { return None };
    let to = match question.fate {
        Fate::Delivered(station) => labels::station_label(model, station),
        Fate::Dropped(_) => return None,
    };
    let packets = if question.count == 1 { "1 packet" } else { &format!("{} packets", question.count) };
    Some(format!("{}, which {to} received ({packets})", kind(&there)))
}

fn title(journey: &Journey, model: &Model) -> String {
    match journey.packet {
        Subject::Packet(facts) => packet_title(&facts, journey, model),
        Subject::Arp { sender, target } => format!("arp {sender} asks for {target}"),
    }
}

/// E.g. `tcp SYN BastionHost 10.0.0.4:40612 > DefaultVPCInstance 172.31.0.4:80`.
fn packet_title(facts: &PacketFacts, journey: &Journey, model: &Model) -> String {
    let vpc = sender_vpc(journey, model);
    let tuple = facts.tuple;
    let ports = tuple.protocol.has_ports();
    let party = |address: Ipv4Addr, port: u16| {
        let name = model.address_label(vpc, address).or_else(|| name_anywhere(model, address));
        let socket = if ports { format!("{address}:{port}") } else { address.to_string() };
        name.map_or(socket.clone(), |name| format!("{name} {socket}"))
    };
    let src = party(tuple.src, tuple.src_port);
    let dst = party(tuple.dst, tuple.dst_port);
    format!("{} {src} > {dst}", kind(facts))
}

/// The instance with a private address, if only one VPC has an instance with it.
fn name_anywhere(model: &Model, address: Ipv4Addr) -> Option<String> {
    let mut owners = model.enis.values().filter(|eni| eni.has(address));
    match (owners.next(), owners.next()) {
        (Some(eni), None) => Some(model.eni_label(eni.id)),
        (_, _) => None,
    }
}

fn sender_vpc(journey: &Journey, model: &Model) -> Option<VpcId> {
    let Some(Step::Left { eni }) = journey.steps.first() else { return None };
    model.enis.get(eni).map(|eni| eni.vpc)
}

/// What people call a packet: `tcp SYN`, `icmp echo request`.
fn kind(facts: &PacketFacts) -> String {
    match facts.icmp {
        Some(icmp) => {
            let name = match (icmp.kind, icmp.code) {
                (0, _) => "echo reply".to_owned(),
                (3, _) => "destination unreachable".to_owned(),
                (8, _) => "echo request".to_owned(),
                (11, _) => "time exceeded".to_owned(),
                (kind, code) => format!("type {kind} code {code}"),
            };
            format!("icmp {name}")
        }
        None if facts.tuple.protocol == Protocol::TCP => {
            format!("tcp {}", TcpFlags(facts.tcp_flags.0 & !TcpFlags::PSH))
        }
        None => facts.tuple.protocol.to_string(),
    }
}

fn hops(journey: &Journey, model: &Model) -> Vec<Hop> {
    let mut tuple = match journey.packet {
        Subject::Packet(facts) => facts.tuple,
        Subject::Arp { .. } => return Vec::new(),
    };
    let mut hops = Vec::new();
    for step in &journey.steps {
        hops.extend(hop(step, &mut tuple, model));
    }
    if let Fate::Dropped(reason) = journey.fate {
        let (kind, detail) = drop_hop(reason, tuple, model);
        // A filter has said already that it denies.
        if let Some(kind) = kind {
            let object = labels::drop_objects(model, reason).into_iter().next().unwrap_or_default().0;
            hops.push(Hop { kind, object, verdict: "DROPS", detail });
        }
    }
    hops
}

fn hop(step: &Step, tuple: &mut FiveTuple, model: &Model) -> Option<Hop> {
    let hop = |kind, object, verdict, detail| Some(Hop { kind, object, verdict, detail });
    match *step {
        Step::Left { eni } => {
            let subnet =
                model.enis.get(&eni).map(|eni| labels::subnet(model, eni.subnet)).unwrap_or_default();
            hop("leaves", model.eni_label(eni), "", format!("{eni} in {subnet}"))
        }
        Step::LeftOutside { host } => hop(
            "leaves",
            labels::station_label(model, crate::trace::Station::Outside(host)),
            "",
            "internet".to_owned(),
        ),
        Step::SecurityGroup { eni, direction, verdict } => {
            let (object, verdict, detail) = group_verdict(eni, direction, verdict, *tuple, model);
            hop("security group", object, verdict, detail)
        }
        Step::NetworkAcl { acl, direction, rule, allowed, .. } => {
            let rule = rule.map_or("rule *".to_owned(), |rule| format!("rule {rule}"));
            let verdict = if allowed { "allows" } else { "DENIES" };
            hop("network ACL", labels::network_acl(model, acl), verdict, format!("{direction} {rule}"))
        }
        Step::Metered { .. } | Step::Ended(_) => None,
        Step::Routed { table, destination, target } => {
            let to = format!("{destination} -> {}", labels::target(model, target));
            hop("route table", labels::route_table(model, table), "routes", to)
        }
        Step::SameSubnet { subnet } => hop(
            "subnet",
            labels::subnet(model, subnet),
            "delivers",
            "directly: no network ACL, no route table".to_owned(),
        ),
        Step::Peered { peering, to } => hop(
            "peering",
            labels::peering(model, peering),
            "carries",
            format!("to {}", labels::vpc(model, to)),
        ),
        Step::Translated { gateway, from, to } => {
            *tuple = to;
            let detail = if from.src == to.src {
                format!("{} -> {}", from.dst, to.dst)
            } else {
                format!("{} -> {}", from.src, to.src)
            };
            hop("internet gateway", labels::internet_gateway(model, gateway), "translates", detail)
        }
        Step::Duplicated { from, to } => {
            hop("link", labels::link(model, from, to), "duplicates", "a second copy".to_owned())
        }
        Step::Arrived { eni } => hop("arrives", model.eni_label(eni), "", eni.to_string()),
        Step::ArrivedOutside { host } => {
            let label = labels::station_label(model, crate::trace::Station::Outside(host));
            hop("arrives", label, "", "internet".to_owned())
        }
    }
}

fn group_verdict(
    eni: crate::ids::EniId,
    direction: Direction,
    verdict: GroupVerdict,
    tuple: FiveTuple,
    model: &Model,
) -> (String, &'static str, String) {
    let of_eni = || {
        let groups = model.enis.get(&eni).map(|eni| eni.security_groups.clone()).unwrap_or_default();
        let names: Vec<String> = groups.into_iter().map(|id| labels::security_group(model, id)).collect();
        names.join(", ")
    };
    match verdict {
        GroupVerdict::Rule { group, rule } => {
            let rules =
                model.security_groups.get(&group).map(|group| group.rules(direction)).unwrap_or_default();
            let rule = rules.iter().find(|candidate| candidate.id == rule);
            let detail = rule.map(|rule| {
                let preposition = if direction == Direction::Egress { "to" } else { "from" };
                let peer = match rule.peer {
                    crate::model::Peer::Cidr(cidr) => cidr.to_string(),
                    crate::model::Peer::Group(id) => labels::security_group(model, id),
                };
                format!("{direction} {} {preposition} {peer}", rule.traffic)
            });
            (labels::security_group(model, group), "allows", detail.unwrap_or_default())
        }
        GroupVerdict::Tracked => (of_eni(), "allows", format!("{direction}, a tracked flow")),
        GroupVerdict::NoRule => {
            (of_eni(), "DENIES", format!("{direction}: no rule allows {}", what(tuple, direction)))
        }
    }
}

/// What a rule would have to allow.
fn what(tuple: FiveTuple, direction: Direction) -> String {
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
fn drop_hop(reason: DropReason, tuple: FiveTuple, model: &Model) -> (Option<&'static str>, String) {
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

fn end(journey: &Journey, model: &Model, now: Instant) -> End {
    match journey.fate {
        Fate::Delivered(station) => End::Delivered { to: labels::station_label(model, station) },
        Fate::Dropped(reason) => End::Dropped {
            reason: reason.code(),
            analyzer: reason.analyzer_code(),
            at: labels::drop_objects(model, reason).into_iter().next().unwrap_or_default().0,
            hint: hint(reason, journey, model, now),
        },
    }
}

/// What to change so that the packet gets on.
fn hint(reason: DropReason, journey: &Journey, model: &Model, now: Instant) -> String {
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
        DropReason::LinkLocal { .. } => "link-local services are not simulated yet".to_owned(),
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
        DropReason::SecurityGroup { eni, direction, group } => format!(
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
            None => format!("the internet carries no private addresses; nobody has {}", tuple.dst),
        },
        DropReason::PrivateSource { .. } => "the internet carries no private addresses".to_owned(),
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
    acl: crate::ids::NetworkAclId,
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
    let table = labels::route_table(model, table);
    let is_answer = is_answer(journey) || belongs_to_tracked_flow(journey);
    let vpc = vpc_with(tuple.dst, model).map(|vpc| format!(" (in {})", labels::vpc(model, vpc)));
    let way = if is_answer { "the answer has no way back: " } else { "" };
    format!("{way}add a route to {}{} to {table}", tuple.dst, vpc.unwrap_or_default())
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
        Target::InternetGateway(_) => {
            format!("{name} is not attached: attach it, or replace the route of {table}")
        }
        Target::NetworkInterface(_) => format!("{name} is not attached to a running instance"),
        Target::Local => format!("replace the route of {table}"),
    }
}
