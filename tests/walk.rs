//! The walk of a packet, stage by stage: which check wins, and that every reason for a drop is reached.
//!
//! Tests are rows. [`fate`] alone touches the plane.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;

use vpclab::api::Ec2;
use vpclab::model::{Model, Scope};
use vpclab::plane::{Place, State, Walk, Way, answer_arp, walk};
use vpclab::report::{drop_objects, station_label};
use vpclab::scenario::{self, aws, station_of};
use vpclab::time::Instant;
use vpclab::trace::{DropReason, Fate, Station, Step};
use vpclab::wire::build::{self, Ends};
use vpclab::wire::{ArpRequest, FiveTuple, Mac, Packet, Protocol, TcpFlags, checksums_are_valid};

const NOW: Instant = Instant::from_unix_seconds(1_719_565_200);
const LAPTOP: Ipv4Addr = Ipv4Addr::new(198, 51, 100, 7);

fn model(yaml: &str) -> Model {
    match scenario::load(yaml) {
        Ok(scenario) => scenario.model,
        Err(problems) => panic!("{}", problems.render("test", yaml, false)),
    }
}

/// Carries a packet over all links to its end, tracking flows on the way; gives all its steps.
fn journey(model: &Model, state: &mut State, from: Station, packet: &mut Packet) -> (Fate, Vec<Step>) {
    let mut place = match from {
        Station::Eni(eni) => Place::Leaving(eni),
        Station::LinkLocal(eni) => Place::LeavingLinkLocal(eni),
        Station::Outside(host) => Place::LeavingOutside(host),
        Station::OnPrem(network, host) => Place::LeavingOnPrem(network, host),
    };
    let (mut out, mut steps) = (Walk::default(), Vec::new());
    loop {
        out.clear();
        let way = walk(model, state, place, packet, NOW, &mut out);
        state.commit(&out.effects, NOW);
        steps.append(&mut out.steps);
        assert!(checksums_are_valid(packet.frame()), "translations keep checksums valid");
        match way {
            Way::Link { to, .. } => place = to,
            Way::Split { .. } => return (Fate::Fragmented, steps),
            Way::End(fate) => return (fate, steps),
        }
    }
}

/// How the journey of a packet ends, in the words of the tables: `delivered to X` or `reason at X`.
fn fate(model: &Model, from: Station, mut packet: Packet) -> String {
    in_words(model, journey(model, &mut State::default(), from, &mut packet).0)
}

fn in_words(model: &Model, fate: Fate) -> String {
    match fate {
        Fate::Delivered(station) => format!("delivered to {}", station_label(model, station)),
        Fate::Fragmented => "fragmented".to_owned(),
        Fate::Dropped(reason) => {
            let object = drop_objects(model, reason)
                .first()
                .map_or(String::new(), |(label, _)| format!(" at {label}"));
            format!("{}{object}", reason.code())
        }
    }
}

fn tcp(src: Ipv4Addr, dst: Ipv4Addr, dst_port: u16) -> Packet {
    let tuple = FiveTuple { src, dst, src_port: 40_000, dst_port, protocol: Protocol::TCP };
    build::tcp(Ends::TEST, tuple, TcpFlags(TcpFlags::SYN), b"")
}

fn reply(packet: &Packet) -> Packet {
    build::tcp(Ends::TEST, packet.tuple().mirror(), TcpFlags(TcpFlags::SYN | TcpFlags::ACK), b"")
}

fn address(text: &str) -> Ipv4Addr {
    text.parse().unwrap()
}

/// Two subnets and all the switches of the precedence table.
fn two_subnets(sg_out: &str, acl_out: &str, route: &str, acl_in: &str, sg_in: &str) -> Model {
    let group = |on: &str, peer: &str| match on {
        "allow" => format!("[{{ tcp: 80, {peer}: anywhere }}]"),
        _ => "[]".to_owned(),
    };
    let routes = match route {
        "local" | "none" => String::new(),
        target => format!(", routes: {{ 192.0.2.0/24: {target} }}"),
    };
    model(&format!(
        "
name: precedence
vpcs:
  V:
    cidr: 10.0.0.0/16
    internet_gateway: Gateway
    subnets: {{ A: {{ cidr: 10.0.0.0/24 }}, B: {{ cidr: 10.0.1.0/24 }} }}
    route_tables: {{ TableA: {{ subnets: A{routes} }} }}
    network_acls:
      AclA:
        subnets: A
        ingress: [{{ rule: 100, action: allow, from: anywhere }}]
        egress: [{{ rule: 100, action: {acl_out}, to: anywhere }}]
      AclB:
        subnets: B
        ingress: [{{ rule: 100, action: {acl_in}, from: anywhere }}]
        egress: [{{ rule: 100, action: allow, to: anywhere }}]
    security_groups:
      GroupA: {{ egress: {} }}
      GroupB: {{ ingress: {} }}
    instances:
      a: {{ subnet: A, security_groups: GroupA, private_ip: 10.0.0.10 }}
      b: {{ subnet: B, security_groups: GroupB, private_ip: 10.0.1.10 }}
",
        group(sg_out, "to"),
        group(sg_in, "from"),
    ))
}

#[test]
fn which_check_wins() {
    // From the earliest check to the latest: each row fixes the cause of the row above.
    let table = "
        src       sg-out acl-out route   dst        acl-in sg-in => fate
        10.9.9.9  deny   deny    none    192.0.2.1  deny   deny  => source-check at a
        10.0.0.10 deny   deny    none    192.0.2.1  deny   deny  => security-group at GroupA
        10.0.0.10 allow  deny    none    192.0.2.1  deny   deny  => network-acl at AclA
        10.0.0.10 allow  allow   none    192.0.2.1  deny   deny  => no-route at TableA
        10.0.0.10 allow  allow   Gateway 192.0.2.1  deny   deny  => igw-no-public-address at Gateway
        10.0.0.10 allow  allow   local   10.0.1.99  deny   deny  => no-such-address at V
        10.0.0.10 allow  allow   local   10.0.1.10  deny   deny  => network-acl at AclB
        10.0.0.10 allow  allow   local   10.0.1.10  allow  deny  => security-group at GroupB
        10.0.0.10 allow  allow   local   10.0.1.10  allow  allow => delivered to b";
    for row in table.lines().skip(2) {
        let (given, expected) = row.split_once("=>").unwrap();
        let [src, sg_out, acl_out, route, dst, acl_in, sg_in] =
            given.split_whitespace().collect::<Vec<_>>().try_into().unwrap();
        let model = two_subnets(sg_out, acl_out, route, acl_in, sg_in);
        let from = station_of(&model, "a").unwrap();
        assert_eq!(fate(&model, from, tcp(address(src), address(dst), 80)), expected.trim(), "{row}");
    }
}

/// A VPC with an internet gateway; one without, peered with it; and one that waits to be peered.
const WORLD: &str = "
name: world
vpcs:
  V:
    cidr: 10.0.0.0/16
    internet_gateway: Gateway
    subnets: { Public: { cidr: 10.0.0.0/24, map_public_ip: true }, Private: { cidr: 10.0.1.0/24 } }
    route_tables:
      PublicTable:
        subnets: Public
        routes:
          0.0.0.0/0: Gateway
          10.1.0.0/16: V-W
          10.2.0.0/16: V-W
          10.3.0.0/16: V-X
          10.0.1.0/24: middlebox
      PrivateTable: { subnets: Private, routes: { 0.0.0.0/0: Gateway } }
    security_groups: { Open: { ingress: [{ from: anywhere }] } }
    instances:
      public: { subnet: Public, security_groups: Open, private_ip: 10.0.0.10 }
      neighbour: { subnet: Public, security_groups: Open, private_ip: 10.0.0.11 }
      private: { subnet: Private, security_groups: Open, private_ip: 10.0.1.10 }
      middlebox: { subnet: Public, security_groups: Open, private_ip: 10.0.0.20 }
      stopped: { subnet: Public, security_groups: Open, private_ip: 10.0.0.30 }
  W:
    cidr: 10.1.0.0/16
    subnets: { Peered: { cidr: 10.1.0.0/24, map_public_ip: true } }
    route_tables: { PeeredTable: { subnets: Peered, routes: { 10.0.0.0/16: V-W } } }
    security_groups: { OpenW: { ingress: [{ from: anywhere }] } }
    instances: { peered: { subnet: Peered, security_groups: OpenW, private_ip: 10.1.0.10 } }
  X:
    cidr: 10.3.0.0/16
    subnets: { Waiting: { cidr: 10.3.0.0/24 } }
peerings:
  V-W: { requester: V, accepter: W }
  V-X: { requester: V, accepter: X, accepted: false }
internet:
  Laptop: { address: 198.51.100.7 }
";

fn world() -> Model {
    let mut model = model(WORLD);
    let scope = model.vpcs[0].scope;
    run(&mut model, scope, "ec2 stop-instances --instance-ids stopped");
    model
}

fn run(model: &mut Model, scope: Scope, command: &str) {
    let command = aws::parse(command).expect("a command");
    command.run(&mut Ec2::new(model, scope, NOW), None).expect("it succeeds");
}

fn public_address(model: &Model, name: &str) -> Ipv4Addr {
    let Some(Station::Eni(eni)) = station_of(model, name) else { panic!("no instance {name}") };
    model.eni(eni).public[0].ip
}

#[test]
fn every_reason_is_reached_and_named() {
    let model = world();
    let mut reached = BTreeSet::new();
    let mut check = |from: &str, packet: Packet, expected: &str| {
        let came = fate(&model, station_of(&model, from).expect("a host"), packet);
        assert_eq!(came, expected);
        reached.insert(came.split(' ').next().unwrap().to_owned());
    };
    let public = address("10.0.0.10");
    let elastic = public_address(&model, "public");
    let orphan = public_address(&model, "peered");

    // Within the subnet: neither network ACL nor route table.
    check("public", tcp(public, address("10.0.0.11"), 80), "delivered to neighbour");
    check("public", tcp(public, address("10.0.0.255"), 80), "not-unicast at public");
    check("public", tcp(public, address("224.0.0.1"), 80), "not-unicast at public");
    check("public", tcp(address("10.0.0.99"), address("10.0.0.11"), 80), "source-check at public");
    check("public", tcp(public, address("169.254.169.254"), 443), "link-local at public");
    check("public", tcp(public, address("10.0.0.99"), 80), "no-such-address at V");
    check("public", tcp(public, address("10.0.0.30"), 80), "not-running at stopped");
    // Through a middlebox that checks destinations.
    check("public", tcp(public, address("10.0.1.10"), 80), "destination-check at middlebox");
    // Peering.
    check("public", tcp(public, address("10.1.0.10"), 80), "delivered to peered");
    check("peered", tcp(address("10.1.0.10"), public, 80), "delivered to public");
    check("public", tcp(public, address("10.1.0.99"), 80), "no-such-address at W");
    check("public", tcp(public, address("10.2.0.1"), 80), "peering-not-transitive at V-W");
    check("public", tcp(public, address("10.3.0.1"), 80), "blackhole at PublicTable");
    // The internet.
    check("public", tcp(public, LAPTOP, 80), "delivered to Laptop");
    check("public", tcp(public, address("203.0.113.9"), 80), "no-internet-host at internet");
    check("public", tcp(public, address("192.168.0.1"), 80), "igw-private-destination at Gateway");
    check("public", tcp(public, address("100.64.0.1"), 80), "igw-shared-destination at Gateway");
    check("private", tcp(address("10.0.1.10"), LAPTOP, 80), "igw-no-public-address at Gateway");
    check("Laptop", tcp(LAPTOP, elastic, 80), "delivered to public");
    check("Laptop", tcp(address("192.168.0.1"), elastic, 80), "igw-private-source at Gateway");
    check("Laptop", tcp(LAPTOP, orphan, 80), "no-internet-gateway at W");
    check("Laptop", tcp(LAPTOP, address("203.0.113.9"), 80), "no-internet-host at internet");
    // Hairpin: over the public address of a neighbour.
    check("public", tcp(public, public_address(&model, "neighbour"), 80), "delivered to neighbour");

    // These have tables of their own, above and below, or are the links': tests/links.rs.
    let elsewhere = ["security-group", "network-acl", "no-route", "malformed", "no-neighbor"];
    let of_links = ["zone-down", "link-cut", "link-queue-full", "link-loss"];
    reached.extend(elsewhere.iter().chain(&of_links).map(|code| (*code).to_owned()));
    // And these have a file for each noun.
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/compliance");
    for entry in std::fs::read_dir(folder).expect("it is there") {
        let text = std::fs::read_to_string(entry.expect("it can be read").path()).expect("text");
        let in_rows = DropReason::CODES
            .iter()
            .map(|(code, _)| *code)
            .filter(|code| text.contains(&format!("| {code} at ")));
        reached.extend(in_rows.map(str::to_owned));
    }
    reached.remove("delivered");
    let all: BTreeSet<String> = DropReason::CODES.iter().map(|(code, _)| (*code).to_owned()).collect();
    assert_eq!(reached, all);
}

#[test]
fn broken_frames_have_a_reason() {
    let reason =
        |frame: Vec<u8>| vpclab::wire::parse(frame).map_err(|(malformed, _)| DropReason::from(malformed));
    let good = tcp(LAPTOP, LAPTOP, 80).into_frame();
    let mut ipv6 = good.clone();
    ipv6[12..14].copy_from_slice(&[0x86, 0xdd]);
    for frame in [good[..30].to_vec(), ipv6, vec![0; 14]] {
        assert_eq!(reason(frame).expect_err("not a packet").code(), "malformed");
    }
}

#[test]
fn the_host_answers_arp_for_the_router_and_for_neighbours_only() {
    let model = world();
    let Some(Station::Eni(eni)) = station_of(&model, "public") else { panic!() };
    let ask = |target: &str| {
        let (sender_mac, sender) = (Mac([2, 0, 0, 0, 0, 1]), address("10.0.0.10"));
        answer_arp(&model, eni, ArpRequest { sender_mac, sender, target: address(target) })
    };
    let Some(Station::Eni(neighbour)) = station_of(&model, "neighbour") else { panic!() };
    assert_eq!(ask("10.0.0.1"), Some(model.subnet(model.eni(eni).subnet).router_mac));
    assert_eq!(ask("10.0.0.11"), Some(model.eni(neighbour).mac));
    // The resolver is in the block of the first subnet.
    assert_eq!(ask("10.0.0.2"), ask("10.0.0.1"));
    for nobody in ["10.0.0.99", "10.0.1.10", "10.0.0.10", "10.0.0.3"] {
        assert_eq!(ask(nobody), None, "{nobody}");
    }
}

#[test]
fn a_gateway_translates_both_ways_and_changes_nothing_else() {
    let model = world();
    let mut state = State::default();
    let (public, elastic) = (address("10.0.0.10"), public_address(&model, "public"));
    let mut out = tcp(public, LAPTOP, 443);
    let (came, steps) = journey(&model, &mut state, station_of(&model, "public").unwrap(), &mut out);
    assert_eq!(came, Fate::Delivered(Station::Outside(LAPTOP)));
    let sent =
        FiveTuple { src: elastic, dst: LAPTOP, src_port: 40_000, dst_port: 443, protocol: Protocol::TCP };
    assert_eq!(out.tuple(), sent);
    assert_eq!(steps.iter().filter(|step| matches!(step, Step::Translated { .. })).count(), 1);
    let mut back = reply(&out);
    let (came, _) = journey(&model, &mut state, Station::Outside(LAPTOP), &mut back);
    assert_eq!(in_words(&model, came), "delivered to public");
    assert_eq!(back.tuple(), FiveTuple { src: public, ..sent }.mirror());
}

#[test]
fn replies_to_what_was_let_in_pass_whatever_the_other_rules_say() {
    // Nothing may leave GroupB; its member answers all the same, and opens nothing.
    let yaml = "
name: stateful
vpcs:
  V:
    cidr: 10.0.0.0/16
    subnets: { A: { cidr: 10.0.0.0/24 }, B: { cidr: 10.0.1.0/24 } }
    security_groups:
      GroupA: {}
      GroupB: { ingress: [{ tcp: 80, from: GroupA }, { icmp: echo-request, from: GroupA }], egress: [] }
    instances:
      a: { subnet: A, security_groups: GroupA, private_ip: 10.0.0.10 }
      b: { subnet: B, security_groups: GroupB, private_ip: 10.0.1.10 }
";
    let model = model(yaml);
    let (a, b) = (station_of(&model, "a").unwrap(), station_of(&model, "b").unwrap());
    let (from_a, from_b) = (address("10.0.0.10"), address("10.0.1.10"));
    let mut state = State::default();
    let mut carry = |from, mut packet| in_words(&model, journey(&model, &mut state, from, &mut packet).0);

    assert_eq!(carry(b, reply(&tcp(from_a, from_b, 80))), "security-group at GroupB");
    assert_eq!(carry(a, tcp(from_a, from_b, 80)), "delivered to b");
    assert_eq!(carry(b, reply(&tcp(from_a, from_b, 80))), "delivered to a");
    assert_eq!(carry(b, tcp(from_b, from_a, 80)), "security-group at GroupB");

    let ping = |id| build::echo_request(Ends::TEST, from_a, from_b, id, 1, b"ping");
    let pong = |id| build::echo_reply(Ends::TEST, from_b, from_a, id, 1, b"ping");
    assert_eq!(carry(a, ping(7)), "delivered to b");
    assert_eq!(carry(b, pong(7)), "delivered to a");
    assert_eq!(carry(b, pong(8)), "security-group at GroupB");

    // An error about a tracked flow belongs to it; one about another does not.
    let seen = |port| reply(&tcp(from_a, from_b, port));
    let error = |about: &Packet| build::fragmentation_needed(Ends::TEST, from_a, about, 1500);
    assert_eq!(carry(a, error(&seen(80))), "delivered to b");
    assert_eq!(carry(a, error(&seen(81))), "security-group at GroupB");
}

#[test]
fn network_acls_have_no_memory_and_stand_at_the_edge_of_the_subnet_only() {
    let yaml = "
name: stateless
vpcs:
  V:
    cidr: 10.0.0.0/16
    subnets: { A: { cidr: 10.0.0.0/24 }, B: { cidr: 10.0.1.0/24 } }
    network_acls:
      Closed: { subnets: A }
      OneWay:
        subnets: B
        ingress:
          - { rule: 90, action: deny, tcp: 81, from: anywhere }
          - { rule: 100, action: allow, tcp: 1-100, from: anywhere }
        egress: [{ rule: 100, action: allow, tcp: 1-100, to: anywhere }]
    security_groups: { Open: { ingress: [{ from: anywhere }] } }
    instances:
      a: { subnet: A, security_groups: Open, private_ip: 10.0.0.10 }
      a2: { subnet: A, security_groups: Open, private_ip: 10.0.0.11 }
      b: { subnet: B, security_groups: Open, private_ip: 10.0.1.10 }
      b2: { subnet: B, security_groups: Open, private_ip: 10.0.1.11 }
";
    let model = model(yaml);
    let check = |from: &str, packet: Packet, expected: &str| {
        assert_eq!(fate(&model, station_of(&model, from).unwrap(), packet), expected);
    };
    let [a, a2, b] = ["10.0.0.10", "10.0.0.11", "10.0.1.10"].map(address);
    check("a", tcp(a, a2, 80), "delivered to a2");
    check("a", tcp(a, b, 80), "network-acl at Closed");
    check("b", tcp(b, a, 80), "network-acl at Closed");
    check("b", tcp(b, address("10.0.1.11"), 81), "delivered to b2");
    // The answer to a client's ephemeral port matches no rule.
    check("b", reply(&tcp(a, b, 80)), "network-acl at OneWay");
}
