//! What happens in a world: packets, changes and the passing of time. An action does not depend on the ones
//! before it except through the world, so any of them can be left out.

use std::net::Ipv4Addr;
use std::time::Duration;

use vpclab::api::{AclEntryRequest, Ec2, ModifyVpcEndpoint, RuleRequest};
use vpclab::ids::RouteTableId;
use vpclab::model::{
    Direction, EndpointKind, InstanceState, Model, NatPlace, Owner, PeeringStatus, RouteOrigin,
};
use vpclab::seed::{Seed, Stream};
use vpclab::time::Instant;
use vpclab::trace::Station;
use vpclab::wire::build::{self, Ends};
use vpclab::wire::{FiveTuple, Packet, Protocol, TcpFlags};

use super::world::{
    Draw, acl_entry, add_route, add_rule, change_transit_gateway, exclude, instance_enis, is_of_subnets,
    owner,
};

#[derive(Clone, Debug)]
pub enum Action {
    Send {
        from: Station,
        frame: Vec<u8>,
    },
    /// A change of the world, drawn from this seed.
    Change(u64),
    Wait(Duration),
}

/// A packet that was sent, and what was received of it.
#[derive(Clone, Debug)]
pub struct Past {
    pub from: Station,
    pub sent: Packet,
    pub received: Vec<(Station, Packet)>,
}

const SERVICES: [u16; 5] = [22, 80, 443, 53, 8080];

pub fn next_actions(draw: &mut Draw, model: &Model, past: &[Past]) -> Vec<Action> {
    match draw.number(100) {
        0..=11 => vec![Action::Change(draw.0.next_u64())],
        12..=19 => {
            let seconds =
                draw.one(&[1, 4, 6, 11, 29, 31, 59, 61, 179, 200, 349, 351, 601, 3700, 90_000, 432_001]);
            vec![Action::Wait(Duration::from_secs(seconds) + Duration::from_nanos(draw.0.below(999_999)))]
        }
        20..=57 => follow_up(draw, model, past).unwrap_or_else(|| fresh(draw, model)),
        _ => fresh(draw, model),
    }
}

fn is_running(model: &Model, station: Station) -> bool {
    match station {
        Station::Eni(eni) => model.enis.get(&eni).is_some_and(|eni| match eni.owner {
            Some(Owner::Instance(id)) => model.instances[&id].state == InstanceState::Running,
            Some(Owner::Requester(_)) => true,
            Some(Owner::InterfaceEndpoint(_) | Owner::NatGateway(_) | Owner::TransitGateway(_)) | None => {
                false
            }
        }),
        Station::LinkLocal(_) | Station::Outside(_) | Station::OnPrem(..) => true,
    }
}

/// An answer to something that was received, or more of something that was sent.
fn follow_up(draw: &mut Draw, model: &Model, past: &[Past]) -> Option<Vec<Action>> {
    let recent = &past[past.len().saturating_sub(12)..];
    let answerable: Vec<&Past> = recent.iter().filter(|past| !past.received.is_empty()).collect();
    let chosen = draw.maybe(&answerable)?;
    let (station, packet) = chosen.received[draw.number(chosen.received.len())].clone();
    let tuple = packet.tuple();
    // What a middlebox gets for somebody else it passes on.
    if let Station::Eni(eni) = station
        && let Some(eni) = model.enis.get(&eni)
        && !eni.private_ips.contains(&tuple.dst)
    {
        let mut on = packet;
        on.decrement_ttl().then_some(())?;
        return is_running(model, station).then(|| vec![send(station, on)]);
    }
    let (from, packet) = match draw.number(10) {
        0..=6 => (station, answer(draw, &packet)?),
        7 => (station, icmp_error(draw, tuple.dst, &packet)?),
        _ => (chosen.from, again(draw, &chosen.sent)?),
    };
    is_running(model, from).then(|| vec![send(from, packet)])
}

fn send(from: Station, packet: Packet) -> Action {
    Action::Send { from, frame: packet.into_frame() }
}

fn answer(draw: &mut Draw, packet: &Packet) -> Option<Packet> {
    if packet.is_fragment() {
        return None;
    }
    let tuple = packet.tuple().mirror();
    let len = payload_len(draw);
    let mut answer = match tuple.protocol {
        Protocol::TCP => build::tcp(Ends::TEST, tuple, answer_flags(draw), &vec![0; len]),
        Protocol::UDP => build::udp(Ends::TEST, tuple, &vec![0; len]),
        Protocol::ICMP => {
            let echo = packet.icmp()?.echo?;
            build::echo_reply(Ends::TEST, tuple.src, tuple.dst, echo.identifier, echo.sequence, &vec![0; len])
        }
        Protocol(_) => other_protocol(tuple),
    };
    vary(draw, &mut answer);
    Some(answer)
}

fn answer_flags(draw: &mut Draw) -> TcpFlags {
    TcpFlags(draw.one(&[
        TcpFlags::SYN | TcpFlags::ACK,
        TcpFlags::SYN | TcpFlags::ACK,
        TcpFlags::ACK,
        TcpFlags::FIN | TcpFlags::ACK,
        TcpFlags::RST | TcpFlags::ACK,
    ]))
}

/// The same flow once more.
fn again(draw: &mut Draw, sent: &Packet) -> Option<Packet> {
    if sent.is_fragment() || sent.tuple().protocol != Protocol::TCP {
        return Some(sent.clone());
    }
    let flags = draw.one(&[
        TcpFlags::ACK,
        TcpFlags::ACK,
        TcpFlags::SYN,
        TcpFlags::FIN | TcpFlags::ACK,
        TcpFlags::RST,
    ]);
    let mut packet = build::tcp(Ends::TEST, sent.tuple(), TcpFlags(flags), &vec![0; payload_len(draw)]);
    vary(draw, &mut packet);
    Some(packet)
}

fn icmp_error(draw: &mut Draw, from: Ipv4Addr, about: &Packet) -> Option<Packet> {
    if about.is_icmp_error() || about.is_later_fragment() {
        return None;
    }
    Some(match draw.number(3) {
        0 => build::fragmentation_needed(Ends::TEST, from, about, 1200),
        1 => build::time_exceeded(Ends::TEST, from, about),
        _ => build::port_unreachable(Ends::TEST, from, about),
    })
}

/// Usually short; sometimes just as long as something carries, or a little longer.
fn payload_len(draw: &mut Draw) -> usize {
    if draw.percent(88) {
        return draw.number(3);
    }
    let total = draw.one(&[1446, 1447, 1500, 1501, 3000, 8500, 8501, 9001, 9002]);
    total - 40
}

fn vary(draw: &mut Draw, packet: &mut Packet) {
    packet.set_dont_fragment(draw.percent(60));
    if draw.percent(8) {
        packet.set_ttl(1 + draw.number(3) as u8);
    }
}

fn other_protocol(tuple: FiveTuple) -> Packet {
    const PROTOCOL: usize = 14 + 9;
    const CHECKSUM: usize = 14 + 10;
    let ports = FiveTuple { src_port: 1, dst_port: 2, ..tuple };
    let mut frame = build::udp(Ends::TEST, ports, &[0; 12]).into_frame();
    let (before, after) = (u16::from(frame[PROTOCOL]), 50_u16);
    frame[PROTOCOL] = 50;
    let sum = u16::from_be_bytes([frame[CHECKSUM], frame[CHECKSUM + 1]]);
    let mut new = u32::from(!sum) + u32::from(!before) + u32::from(after);
    while new > 0xffff {
        new = (new & 0xffff) + (new >> 16);
    }
    frame[CHECKSUM..CHECKSUM + 2].copy_from_slice(&(!(new as u16)).to_be_bytes());
    Packet::parse(frame).expect("a packet of another protocol")
}

fn fresh(draw: &mut Draw, model: &Model) -> Vec<Action> {
    let Some(from) = sender(draw, model) else { return Vec::new() };
    let dst = destination(draw, model, from);
    let own = match from {
        Station::Eni(eni) | Station::LinkLocal(eni) => draw.one(&model.enis[&eni].private_ips),
        Station::Outside(host) | Station::OnPrem(_, host) => host,
    };
    // Who may send from other addresses does so more often.
    let honest = match from {
        Station::Eni(eni) if !model.enis[&eni].source_dest_check => 85,
        Station::Eni(_) | Station::LinkLocal(_) | Station::Outside(_) | Station::OnPrem(..) => 95,
    };
    let src = if draw.percent(honest) {
        own
    } else {
        draw.one(&["192.168.1.10", "100.64.0.9", "10.1.1.4", "203.0.113.5"]).parse().expect("an address")
    };
    let tuple = FiveTuple {
        src,
        dst,
        src_port: 40_000 + draw.number(3) as u16,
        dst_port: draw.one(&SERVICES),
        protocol: Protocol::TCP,
    };
    let len = payload_len(draw);
    let payload = vec![0; len];
    let mut packet = match draw.number(20) {
        0..=9 => {
            let syn = TcpFlags::SYN;
            let flags = draw.one(&[syn, syn, syn, syn, TcpFlags::ACK, syn | TcpFlags::ACK, TcpFlags::RST]);
            build::tcp(Ends::TEST, tuple, TcpFlags(flags), &payload)
        }
        10..=13 => build::udp(Ends::TEST, FiveTuple { protocol: Protocol::UDP, ..tuple }, &payload),
        14..=17 => build::echo_request(Ends::TEST, src, dst, 7 + draw.number(2) as u16, 1, &payload),
        18 => other_protocol(tuple),
        _ => {
            let kind = draw.number(4);
            let size = 2000 + draw.number(4000);
            let payload = vec![0; size];
            let mut whole = match kind {
                0 => build::tcp(Ends::TEST, tuple, TcpFlags(TcpFlags::SYN), &payload),
                1 => build::echo_request(Ends::TEST, src, dst, 9, 1, &payload),
                _ => build::udp(Ends::TEST, FiveTuple { protocol: Protocol::UDP, ..tuple }, &payload),
            };
            whole.set_dont_fragment(false);
            whole.set_identification(draw.number(50_000) as u16);
            let mut parts = whole.fragments(draw.one(&[1500, 1400, 3000]));
            if draw.percent(25) {
                let gone = draw.number(parts.len());
                parts.remove(gone);
            }
            return parts.into_iter().map(|part| send(from, part)).collect();
        }
    };
    vary(draw, &mut packet);
    vec![send(from, packet)]
}

fn sender(draw: &mut Draw, model: &Model) -> Option<Station> {
    let station = match draw.number(10) {
        0 | 1 => {
            let hosts: Vec<Ipv4Addr> = model.outside.keys().copied().take(3).collect();
            Station::Outside(draw.one(&hosts))
        }
        2 => {
            let hosts: Vec<_> = model.on_prem.keys().copied().collect();
            let (network, host) = draw.one(&hosts);
            Station::OnPrem(network, host)
        }
        _ => {
            let enis: Vec<_> = model.vpcs.keys().flat_map(|vpc| instance_enis(model, *vpc)).collect();
            Station::Eni(draw.maybe(&enis)?)
        }
    };
    is_running(model, station).then_some(station)
}

fn destination(draw: &mut Draw, model: &Model, from: Station) -> Ipv4Addr {
    let private: Vec<Ipv4Addr> = model.enis.values().flat_map(|eni| eni.private_ips.clone()).collect();
    let regional = model.nat_gateways.values().filter(|nat| matches!(nat.place, NatPlace::Regional { .. }));
    let regional = regional.flat_map(|nat| nat.addresses.iter().map(|address| address.ip));
    let public: Vec<Ipv4Addr> =
        model.enis.values().flat_map(|eni| eni.public.iter().map(|p| p.ip)).chain(regional).collect();
    let outside: Vec<Ipv4Addr> = model.outside.keys().copied().collect();
    let on_prem: Vec<Ipv4Addr> = model.on_prem.keys().map(|(_, host)| *host).collect();
    let odd = [
        "10.0.1.1",
        "10.0.1.255",
        "10.1.1.1",
        "10.0.1.200",
        "10.1.9.9",
        "10.2.1.200",
        "192.168.9.9",
        "100.64.9.9",
        "203.0.113.99",
        "224.0.0.5",
        "255.255.255.255",
        "169.254.169.123",
        "169.254.169.253",
        "169.254.169.254",
        "10.0.0.2",
        "10.1.0.2",
        "3.80.1.1",
    ];
    let odd: Vec<Ipv4Addr> = odd.iter().map(|address| address.parse().expect("an address")).collect();
    let is_outside = matches!(from, Station::Outside(_));
    let pool = match draw.number(20) {
        0..=8 if !is_outside => &private,
        0..=13 if is_outside => &public,
        9 | 10 => &public,
        11..=14 => &outside,
        15 | 16 => &on_prem,
        17 => &odd,
        _ => &private,
    };
    draw.maybe(pool).unwrap_or(odd[8])
}

/// Changes something, as the owner of it; EC2 may refuse. Gives the instances that were stopped.
pub fn change(model: &mut Model, seed: u64, now: Instant) {
    let mut draw = Draw(Seed(seed).stream("reference", "change"));
    let draw = &mut draw;
    match draw.number(16) {
        0 => {
            let groups: Vec<_> = model.security_groups.keys().copied().collect();
            let group = draw.one(&groups);
            add_rule(model, draw, group, now);
        }
        1 | 2 => revoke(model, draw, now),
        3 | 4 => {
            let tables: Vec<RouteTableId> = model.route_tables.keys().copied().collect();
            let table = draw.one(&tables);
            add_route(model, draw, table, now);
        }
        5 => delete_route(model, draw, now),
        6 => {
            let nats: Vec<_> = model.nat_gateways.values().map(|nat| (nat.id, nat.scope)).collect();
            if let Some((nat, scope)) = draw.maybe(&nats) {
                let associations: Vec<_> = model.nat_gateways[&nat]
                    .addresses
                    .iter()
                    .skip(1)
                    .filter_map(|address| address.allocation.map(|(_, association)| association))
                    .collect();
                let mut ec2 = Ec2::new(model, scope, now);
                let _ = if associations.is_empty() {
                    ec2.delete_nat_gateway(nat)
                } else {
                    ec2.disassociate_nat_gateway_address(nat, &associations)
                };
            }
        }
        7 => {
            let pcxs: Vec<_> =
                model.peerings.values().map(|p| (p.id, p.accepter.scope, p.status_at(now))).collect();
            if let Some((pcx, scope, status)) = draw.maybe(&pcxs) {
                let mut ec2 = Ec2::new(model, scope, now);
                let _ = if status == PeeringStatus::PendingAcceptance {
                    ec2.accept_vpc_peering_connection(pcx)
                } else {
                    ec2.delete_vpc_peering_connection(pcx)
                };
            }
        }
        8 => {
            let acls: Vec<_> = model.network_acls.values().map(|acl| (acl.id, acl.vpc)).collect();
            let (acl, vpc) = draw.one(&acls);
            let direction = draw.one(&[Direction::Egress, Direction::Ingress]);
            let request = AclEntryRequest { network_acl_id: acl, direction, entry: acl_entry(draw) };
            let scope = owner(model, vpc);
            if Ec2::new(model, scope, now).create_network_acl_entry(request).is_err() {
                let _ = Ec2::new(model, scope, now).delete_network_acl_entry(
                    acl,
                    direction,
                    request.entry.number,
                );
            }
        }
        9 | 10 => {
            let instances: Vec<_> = model.instances.values().map(|i| (i.id, i.scope, i.state)).collect();
            if let Some((id, scope, state)) = draw.maybe(&instances) {
                let stopped: Vec<_> =
                    instances.iter().filter(|(.., state)| *state == InstanceState::Stopped).collect();
                let mut ec2 = Ec2::new(model, scope, now);
                let _ = if let Some((id, scope, _)) = draw.maybe(&stopped) {
                    Ec2::new(model, *scope, now).start_instances(*id)
                } else if state == InstanceState::Running {
                    ec2.stop_instances(id)
                } else {
                    Ok(())
                };
            }
        }
        11 => modify_endpoint(model, draw, now),
        12 => {
            let attachments: Vec<_> =
                model.transit_gateway_attachments.values().map(|a| (a.id, a.scope)).collect();
            if let Some((attachment, scope)) = draw.maybe(&attachments)
                && draw.percent(40)
            {
                let _ = Ec2::new(model, scope, now).delete_transit_gateway_attachment(attachment);
            }
        }
        13 => exclude(model, draw, now),
        _ => change_transit_gateway(model, draw, now),
    }
}

fn revoke(model: &mut Model, draw: &mut Draw, now: Instant) {
    let direction = if draw.percent(60) { Direction::Ingress } else { Direction::Egress };
    let groups: Vec<_> = model
        .security_groups
        .values()
        .filter(|group| !group.rules(direction).is_empty())
        .map(|g| g.id)
        .collect();
    let Some(group) = draw.maybe(&groups) else { return };
    let rules: Vec<RuleRequest> = model.security_groups[&group]
        .rules(direction)
        .iter()
        .map(|rule| RuleRequest { traffic: rule.traffic, peer: rule.peer })
        .collect();
    let rule = draw.one(&rules);
    let scope = owner(model, model.security_groups[&group].vpc);
    let _ = Ec2::new(model, scope, now).revoke_security_group(group, direction, &[rule]);
}

fn delete_route(model: &mut Model, draw: &mut Draw, now: Instant) {
    let routes: Vec<_> = model
        .route_tables
        .values()
        .filter(|table| model.subnets.values().any(|s| s.vpc == table.vpc))
        .flat_map(|table| table.routes().iter().map(|route| (table.id, table.vpc, *route)))
        .filter(|(.., route)| route.origin == RouteOrigin::CreateRoute)
        .collect();
    if let Some((table, vpc, route)) = draw.maybe(&routes) {
        let scope = owner(model, vpc);
        let _ = Ec2::new(model, scope, now).delete_route(table, route.destination);
    }
}

fn modify_endpoint(model: &mut Model, draw: &mut Draw, now: Instant) {
    let endpoints: Vec<_> = model.endpoints.keys().copied().collect();
    let Some(id) = draw.maybe(&endpoints) else { return };
    let endpoint = model.endpoints[&id].clone();
    let tables: Vec<RouteTableId> =
        model.route_tables.values().filter(|table| table.vpc == endpoint.vpc).map(|table| table.id).collect();
    let tables: Vec<RouteTableId> = tables.into_iter().filter(|table| is_of_subnets(model, *table)).collect();
    let table = draw.one(&tables);
    let mut change = ModifyVpcEndpoint::default();
    match &endpoint.kind {
        EndpointKind::Gateway { route_tables, .. } if route_tables.contains(&table) => {
            change.remove_route_table_ids.push(table);
        }
        EndpointKind::Gateway { .. } => change.add_route_table_ids.push(table),
        EndpointKind::Interface { .. } => {}
    }
    let mut ec2 = Ec2::new(model, endpoint.scope, now);
    let _ = match &endpoint.kind {
        EndpointKind::Gateway { .. } if draw.percent(85) => ec2.modify_vpc_endpoint(id, change),
        EndpointKind::Interface { .. } if draw.percent(60) => Ok(()),
        EndpointKind::Gateway { .. } | EndpointKind::Interface { .. } => ec2.delete_vpc_endpoints(&[id]),
    };
}

/// Draws for one purpose.
pub fn stream(seed: u64, purpose: &str) -> Stream {
    Seed(seed).stream("reference", purpose)
}
