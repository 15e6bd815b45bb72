//! Journeys in words: what was asked, what it said, and what to change.

use std::net::Ipv4Addr;
use std::time::Duration;

use super::hints::{drop_hop, hint, what};
use super::journal::{Journey, Subject};
use super::labels;
use super::result::{End, Explanation, Hop};
use crate::ids::VpcId;
use crate::model::{Direction, Model};
use crate::time::Instant;
use crate::trace::{Fate, GroupVerdict, PacketFacts, Step, Translator};
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
        ports: journey.ports,
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
        Fate::Dropped(_) | Fate::Fragmented => return None,
    };
    let packets = if question.count == 1 { "1 packet" } else { &format!("{} packets", question.count) };
    Some(format!("{}, which {to} received ({packets})", kind(&there)))
}

fn title(journey: &Journey, model: &Model) -> String {
    match journey.packet {
        Subject::Packet(facts) => packet_title(&facts, journey, model),
        Subject::Arp { sender, target } => format!("arp {sender} asks for {target}"),
        Subject::Frame { station, len } => {
            format!("a frame of {len} bytes from {}", labels::station_label(model, station))
        }
    }
}

/// E.g. `tcp SYN BastionHost 10.0.0.4:40612 > DefaultVPCInstance 172.31.0.4:80`.
fn packet_title(facts: &PacketFacts, journey: &Journey, model: &Model) -> String {
    let vpc = sender_vpc(journey, model);
    let tuple = facts.tuple;
    let ports = tuple.protocol.has_ports();
    let party = |address: Ipv4Addr, port: u16| {
        let name = model.address_label(vpc, address).or_else(|| name_anywhere(model, address));
        let name = name.or_else(|| name_next_door(model, vpc, address));
        let socket = if ports { format!("{address}:{port}") } else { address.to_string() };
        name.map_or(socket.clone(), |name| format!("{name} {socket}"))
    };
    let src = party(tuple.src, tuple.src_port);
    let dst = party(tuple.dst, tuple.dst_port);
    format!("{} {src} > {dst}", kind(facts))
}

/// Who has a private address, if only one VPC or network on premises has somebody with it.
fn name_anywhere(model: &Model, address: Ipv4Addr) -> Option<String> {
    let inside = model.enis.values().filter(|eni| eni.has(address)).map(|eni| model.eni_label(eni.id));
    let on_prem = model.on_prem.values().filter(|host| host.address == address).map(|host| host.name.clone());
    let mut owners = inside.chain(on_prem);
    owners.next().filter(|_| owners.next().is_none())
}

/// What is next to an interface, by its address.
fn name_next_door(model: &Model, vpc: Option<VpcId>, address: Ipv4Addr) -> Option<String> {
    let is_base_plus_two = vpc.is_some_and(|vpc| model.vpc(vpc).resolver() == address);
    let name = match address.octets() {
        [169, 254, 169, 254] => "instance metadata",
        [169, 254, 169, 253] => "resolver",
        _ if is_base_plus_two => "resolver",
        _ => return None,
    };
    Some(name.to_owned())
}

pub(super) fn sender_vpc(journey: &Journey, model: &Model) -> Option<VpcId> {
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
        Subject::Arp { .. } | Subject::Frame { .. } => return Vec::new(),
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
            outside(model, host),
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
        Step::LeftOnPrem { network, host } => {
            let station = crate::trace::Station::OnPrem(network, host);
            hop("leaves", labels::station_label(model, station), "", labels::network(model, network))
        }
        Step::LeftLinkLocal { eni } => hop(
            "leaves",
            labels::station_label(model, crate::trace::Station::LinkLocal(eni)),
            "",
            "no filters".to_owned(),
        ),
        Step::LeftRouter { subnet } => {
            hop("leaves", format!("router of {}", labels::subnet(model, subnet)), "", "answers".to_owned())
        }
        Step::ArrivedOnPrem { network, host } => {
            let station = crate::trace::Station::OnPrem(network, host);
            hop("arrives", labels::station_label(model, station), "", labels::network(model, network))
        }
        Step::EnteredTransitGateway { gateway, attachment } => hop(
            "transit gateway",
            labels::transit_gateway(model, gateway),
            "takes",
            format!("by {}", labels::attachment(model, attachment)),
        ),
        Step::TransitGatewayRouted { table, destination, attachment } => {
            let to = attachment.map_or("blackhole".to_owned(), |id| labels::attachment(model, id));
            let object = labels::transit_gateway_table(model, table);
            hop("TGW route table", object, "routes", format!("{destination} -> {to}"))
        }
        Step::Tunnelled { connection } => hop(
            "VPN connection",
            labels::vpn_connection(model, connection),
            "carries",
            "through its tunnel".to_owned(),
        ),
        Step::ThroughEndpoint { endpoint } => hop(
            "gateway endpoint",
            labels::endpoint(model, endpoint),
            "carries",
            labels::service(model, endpoint),
        ),
        Step::Fragmented { mtu } => {
            hop("router", String::new(), "splits", format!("into parts of at most {mtu} bytes"))
        }
        Step::Metered { .. } | Step::Ended(_) => None,
        Step::Routed { table, destination, target } => {
            let destination = labels::destination(model, destination);
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
        Step::Translated { by, from, to } => {
            *tuple = to;
            let with_port = |address: Ipv4Addr, port: u16| match by {
                Translator::NatGateway(_) if from.protocol.has_ports() => format!("{address}:{port}"),
                Translator::NatGateway(_) | Translator::Endpoint(_) | Translator::InternetGateway(_) => {
                    address.to_string()
                }
            };
            let change = if from.src == to.src {
                (with_port(from.dst, from.dst_port), with_port(to.dst, to.dst_port))
            } else {
                (with_port(from.src, from.src_port), with_port(to.src, to.src_port))
            };
            let (kind, object) = match by {
                Translator::Endpoint(id) => ("endpoint", labels::endpoint(model, id)),
                Translator::InternetGateway(id) => ("internet gateway", labels::internet_gateway(model, id)),
                Translator::NatGateway(id) => ("NAT gateway", labels::nat_gateway(model, id)),
            };
            hop(kind, object, "translates", format!("{} -> {}", change.0, change.1))
        }
        Step::Duplicated { from, to } => {
            hop("link", labels::link(model, from, to), "duplicates", "a second copy".to_owned())
        }
        Step::Arrived { eni } => hop("arrives", model.eni_label(eni), "", eni.to_string()),
        Step::ArrivedOutside { host } => {
            let label = labels::station_label(model, crate::trace::Station::Outside(host));
            hop("arrives", label, "", outside(model, host))
        }
    }
}

/// Where a host outside of VPCs is.
fn outside(model: &Model, host: Ipv4Addr) -> String {
    let service = model.outside.get(&host).and_then(|host| host.service.as_ref());
    service.map_or("internet".to_owned(), |service| format!("AWS in {}", service.region()))
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
        GroupVerdict::Rule { group, rule, tracked } => {
            let rules =
                model.security_groups.get(&group).map(|group| group.rules(direction)).unwrap_or_default();
            let rule = rules.iter().find(|candidate| candidate.id == rule);
            let detail = rule.map(|rule| {
                let preposition = if direction == Direction::Egress { "to" } else { "from" };
                let peer = match rule.peer {
                    crate::model::Peer::Cidr(cidr) => cidr.to_string(),
                    crate::model::Peer::Group(id) => labels::security_group(model, id),
                    crate::model::Peer::PrefixList(id) => labels::prefix_list(model, id),
                };
                let untracked = if tracked { "" } else { ", not tracked" };
                format!("{direction} {} {preposition} {peer}{untracked}", rule.traffic)
            });
            (labels::security_group(model, group), "allows", detail.unwrap_or_default())
        }
        GroupVerdict::Tracked => (of_eni(), "allows", format!("{direction}, a tracked flow")),
        GroupVerdict::NoRule => {
            (of_eni(), "DENIES", format!("{direction}: no rule allows {}", what(tuple, direction)))
        }
    }
}

fn end(journey: &Journey, model: &Model, now: Instant) -> End {
    match journey.fate {
        Fate::Delivered(station) => End::Delivered { to: labels::station_label(model, station) },
        Fate::Fragmented => End::Fragmented,
        Fate::Dropped(reason) => End::Dropped {
            reason: reason.code(),
            analyzer: reason.analyzer_code(),
            at: labels::drop_objects(model, reason).into_iter().next().unwrap_or_default().0,
            hint: hint(reason, journey, model, now),
        },
    }
}
