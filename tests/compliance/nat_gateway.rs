use crate::lab::Lab;

const WORLD: &str = "
name: NAT gateways
vpcs:
  V:
    cidr: 10.0.0.0/16
    internet_gateway: Gateway
    subnets:
      Public: { cidr: 10.0.0.0/24 }
      Private: { cidr: 10.0.1.0/24 }
    nat_gateways: { Nat: { subnet: Public, private_ip: 10.0.0.220 } }
    route_tables:
      PublicTable: { subnets: Public, routes: { 0.0.0.0/0: Gateway } }
      PrivateTable: { subnets: Private, routes: { 0.0.0.0/0: Nat } }
    security_groups: { Open: { ingress: [{ from: anywhere }] } }
    instances:
      a: { subnet: Private, security_groups: Open, private_ip: 10.0.1.5 }
      a2: { subnet: Private, security_groups: Open }
      neighbour: { subnet: Public, security_groups: Open }
internet:
  Host: { address: 203.0.113.5 }
  Other: { address: 203.0.113.6 }
";

#[test]
fn many_senders_share_an_address_and_answers_find_back() {
    let mut lab = Lab::of(WORLD);
    lab.check("a | tcp Host:443 | delivered to Host");
    let first = lab.arrived();
    let public = lab.model.elastic_ips.values().next().unwrap().ip;
    assert_eq!(first.src, public);
    assert!((1024..=65535).contains(&first.src_port));
    lab.check("reply | SYN-ACK | delivered to a");
    assert_eq!(lab.arrived().dst_port, 40_000);
    assert_eq!(lab.arrived().src, lab.address("Host"), "the destination is not touched");
    // The same port of another sender is another port at the gateway; the same flow keeps its own.
    lab.check("a2 | tcp Host:443 | delivered to Host");
    assert_ne!(lab.arrived().src_port, first.src_port);
    lab.check("reply | SYN-ACK | delivered to a2\na | tcp Host:443 ACK | delivered to Host");
    assert_eq!(lab.arrived(), first);
    // Another destination may get the same port.
    lab.check("a | udp Host:53 | delivered to Host\nreply | - | delivered to a");
    lab.check("a | icmp Host | delivered to Host\nreply | - | delivered to a");
}

#[test]
fn nobody_opens_a_connection_from_outside() {
    let mut lab = Lab::of(WORLD);
    let public = lab.model.elastic_ips.values().next().unwrap().ip;
    lab.check(&format!("Host | tcp {public}:4444 | nat-no-session at Nat"));
    lab.check(&format!("Host | icmp {public} | nat-no-session at Nat"));
    lab.check("a | icmp Nat | nat-no-session at Nat");
    // What came in another way does not get out by an answer.
    lab.check("a | tcp Host:40000 SYN-ACK sport=80 | nat-no-session at Nat");
    // Nor does somebody else answer in a host's place.
    lab.check("a | tcp Host:443 | delivered to Host");
    let port = lab.arrived().src_port;
    lab.check(&format!("Other | tcp {public}:{port} SYN-ACK sport=443 | nat-no-session at Nat"));
    lab.check(&format!("Host | tcp {public}:{port} SYN-ACK sport=443 | delivered to a"));
}

#[test]
fn it_carries_tcp_udp_and_icmp_and_fragments_of_udp_only() {
    let mut lab = Lab::of(WORLD);
    lab.check("a | protocol=50 Host | nat-protocol at Nat");
    let station = vpclab::scenario::station_of(&lab.model, "a").unwrap();
    for (packet, expected) in [
        ("udp Host:53 len=3000", "delivered to Host"),
        ("tcp Host:80 len=3000", "nat-protocol at Nat"),
        ("icmp Host len=3000", "nat-protocol at Nat"),
    ] {
        for part in lab.packet("a", packet).fragments(1500) {
            assert_eq!(lab.put(station, part), expected, "{packet}");
        }
    }
}

#[test]
fn it_does_not_serve_its_own_subnet() {
    let mut lab = Lab::of(WORLD);
    lab.check(
        "
        aws       | ec2 replace-route --route-table-id PublicTable --destination-cidr-block 0.0.0.0/0 --nat-gateway-id Nat | ok
        neighbour | tcp Host:80 | nat-own-subnet at Nat",
    );
}

#[test]
fn an_idle_connection_is_reset_towards_the_inside_only() {
    let mut lab = Lab::of(WORLD);
    lab.check("a | tcp Host:443 | delivered to Host\nreply | SYN-ACK | delivered to a");
    lab.wait(349);
    lab.check("a | tcp Host:443 ACK | delivered to Host");
    assert_eq!(lab.nat_metrics().idle_timeout_count, 0);
    lab.wait(350);
    lab.check("a | tcp Host:443 ACK | nat-no-session at Nat");
    assert_eq!(lab.answer.as_deref(), Some("tcp RST from 203.0.113.5, delivered to a"));
    let metrics = lab.nat_metrics();
    assert_eq!((metrics.idle_timeout_count, metrics.active_connection_count), (1, 0));
    // A new connection is welcome.
    lab.check("a | tcp Host:443 SYN | delivered to Host");
}

#[test]
fn a_closed_connection_is_no_idle_one() {
    let mut lab = Lab::of(WORLD);
    lab.check(
        "
        a     | tcp Host:443         | delivered to Host
        reply | SYN-ACK              | delivered to a
        a     | tcp Host:443 FIN-ACK | delivered to Host
        reply | FIN-ACK              | delivered to a
        a     | tcp Host:443 ACK     | delivered to Host",
    );
    lab.wait(400);
    let metrics = lab.nat_metrics();
    assert_eq!((metrics.idle_timeout_count, metrics.active_connection_count), (0, 0));
    assert_eq!((metrics.connection_attempt_count, metrics.connection_established_count), (1, 1));
    assert_eq!((metrics.packets_in_from_source, metrics.packets_out_to_destination), (3, 3));
    assert_eq!((metrics.packets_in_from_destination, metrics.packets_out_to_source), (2, 2));
    assert_eq!((metrics.bytes_in_from_source, metrics.bytes_out_to_source), (120, 80));
}

#[test]
fn an_address_has_55_000_connections_to_one_destination() {
    let mut lab = Lab::of(WORLD);
    for n in 0..55_000_u32 {
        let (sender, port) = if n < 40_000 { ("a", 1024 + n) } else { ("a2", 1024 + n - 40_000) };
        assert_eq!(lab.send(sender, &format!("tcp Host:443 sport={port}")), "delivered to Host");
    }
    lab.check(
        "
        a2 | tcp Host:443 sport=60000  | nat-ports-exhausted at Nat
        a2 | tcp Host:444 sport=60000  | delivered to Host
        a2 | tcp Other:443 sport=60000 | delivered to Other",
    );
    assert_eq!(lab.nat_metrics().error_port_allocation, 1);
}

#[test]
fn the_acl_of_its_subnet_is_asked_at_both_faces() {
    let world = |ingress: &str, egress: &str| {
        WORLD.replace(
            "    security_groups:",
            &format!(
                "    network_acls:
      Acl:
        subnets: Public
        ingress: [{ingress}]
        egress: [{egress}]
    security_groups:"
            ),
        )
    };
    let any = "{ rule: 100, action: allow, from: anywhere }";
    let out = "{ rule: 100, action: allow, to: anywhere }";
    let from_inside = "{ rule: 100, action: allow, from: 10.0.0.0/16 }";
    let mut right = Lab::of(&world(any, out));
    right.check("a | tcp Host:443 | delivered to Host\nreply | SYN-ACK | delivered to a");
    assert_eq!(
        right.steps.iter().filter(|s| matches!(s, vpclab::trace::Step::NetworkAcl { .. })).count(),
        3,
        "into the gateway's subnet, out of it, into the sender's"
    );
    // The answers come to ports from 1024 on, and need a rule.
    let mut forgot = Lab::of(&world(from_inside, out));
    forgot.check("a | tcp Host:443 | delivered to Host\nreply | SYN-ACK | network-acl at Acl");
    let mut closed = Lab::of(&world("{ rule: 100, action: allow, from: 203.0.113.0/24 }", out));
    closed.check("a | tcp Host:443 | network-acl at Acl");
}

#[test]
fn an_error_about_a_translated_packet_finds_its_sender() {
    let mut lab = Lab::of(WORLD);
    lab.check("a | udp Host:33434 | delivered to Host");
    let (station, request) = lab.last.take().unwrap();
    let host = lab.address("Host");
    let ends = vpclab::wire::build::Ends::TEST;
    let error = vpclab::wire::build::port_unreachable(ends, host, &request);
    assert_eq!(lab.put(station, error), "delivered to a");
    let (_, error) = lab.last.take().unwrap();
    let quoted = error.icmp().unwrap().quoted.unwrap().tuple;
    assert_eq!((quoted.src, quoted.src_port), (lab.address("a"), 40_000));
}

#[test]
fn it_counts_as_a_hop_and_says_so() {
    let mut lab = Lab::of(WORLD);
    lab.check("a | udp Host:33434 ttl=1 | ttl-expired at Nat");
    assert_eq!(lab.answer.as_deref(), Some("icmp 11/0 from 10.0.0.220, delivered to a"));
    lab.check("a | udp Host:33434 ttl=2 | delivered to Host");
}

#[test]
fn a_deleted_gateway_leaves_blackholes() {
    let mut lab = Lab::of(WORLD);
    lab.aws("ec2 delete-nat-gateway --nat-gateway-id Nat");
    lab.check("a | tcp Host:443 | blackhole at PrivateTable");
    let eip = lab.model.elastic_ips.values().next().unwrap();
    assert_eq!(eip.association, None, "its Elastic IP is free, and still there");
}

#[test]
fn a_private_gateway_cannot_use_an_internet_gateway() {
    let mut lab =
        Lab::of(&WORLD.replace("subnet: Public, private_ip", "subnet: Public, private: true, private_ip"));
    lab.check("a | tcp Host:443 | igw-no-public-address at Gateway");
}

#[test]
fn a_gateway_in_a_private_subnet_leads_nowhere() {
    let world = WORLD.replace("{ subnet: Public, private_ip: 10.0.0.220 }", "{ subnet: Private }").replace(
        "      PrivateTable: { subnets: Private, routes: { 0.0.0.0/0: Nat } }",
        "      PrivateTable: { subnets: Private }\n      Third: { subnets: Third, routes: { 0.0.0.0/0: Nat } }",
    );
    let world = world
        .replace("      Private: { cidr", "      Third: { cidr: 10.0.2.0/24 }\n      Private: { cidr")
        .replace("a: { subnet: Private", "a: { subnet: Third");
    let mut lab = Lab::of(&world.replace("private_ip: 10.0.1.5", "private_ip: 10.0.2.5"));
    lab.check("a | tcp Host:443 | no-route at PrivateTable");
}

#[test]
fn another_address_brings_another_55_000_connections() {
    let mut lab = Lab::of(
        &WORLD
            .replace("private_ip: 10.0.0.220 }", "private_ip: 10.0.0.220, elastic_ips: [One, Two] }")
            .replace("internet:\n", "elastic_ips: { One: {}, Two: {} }\ninternet:\n"),
    );
    let mut addresses = std::collections::BTreeSet::new();
    for n in 0..55_001_u32 {
        let (sender, port) = if n < 40_000 { ("a", 1024 + n) } else { ("a2", 1024 + n - 40_000) };
        assert_eq!(lab.send(sender, &format!("tcp Host:443 sport={port}")), "delivered to Host");
        addresses.insert(lab.arrived().src);
    }
    assert_eq!(addresses.len(), 2);
    assert_eq!(lab.nat_metrics().error_port_allocation, 0);
}

#[test]
fn a_regional_gateway_serves_every_zone_with_public_addresses_of_its_own() {
    let mut lab = Lab::of(
        "
name: regional
vpcs:
  V:
    cidr: 10.0.0.0/16
    internet_gateway: Gateway
    subnets: { A: { cidr: 10.0.0.0/24, az: a }, B: { cidr: 10.0.1.0/24, az: b } }
    nat_gateways: { Nat: { regional: true } }
    route_tables: { Table: { main: true, routes: { 0.0.0.0/0: Nat } } }
    instances: { a: { subnet: A }, b: { subnet: B } }
internet:
  Host: { address: 203.0.113.5 }
",
    );
    lab.check("a | tcp Host:443 | delivered to Host");
    let from_a = lab.arrived().src;
    lab.check("reply | SYN-ACK | delivered to a\nb | tcp Host:443 | delivered to Host");
    let from_b = lab.arrived().src;
    assert_ne!(from_a, from_b, "each zone has its own address");
    lab.check("reply | SYN-ACK | delivered to b");
    lab.check(&format!("Host | tcp {from_a}:80 | nat-no-session at Nat"));
    lab.check("a | tcp 192.168.0.1:80 | igw-private-destination at Gateway");
}

#[test]
fn what_is_wrong_with_its_addresses_fails_the_gateway_and_not_the_call() {
    let world = WORLD
        .replace("    internet_gateway: Gateway\n", "")
        .replace("routes: { 0.0.0.0/0: Gateway }", "routes: {}");
    let error = vpclab::scenario::load(&world).expect_err("it has a gateway that fails");
    let text = error.render("lab", &world, false);
    assert!(text.contains("has no Internet gateway attached"), "{text}");
    assert!(text.contains("its FailureCode is Gateway.NotAttached"), "{text}");
}

#[test]
fn it_serves_only_interfaces_of_its_vpc() {
    // A firewall passes on what a stranger sent.
    let mut lab = Lab::of(&WORLD.replace(
        "      a2: { subnet: Private, security_groups: Open }",
        "      a2: { subnet: Private, security_groups: Open, source_dest_check: false }",
    ));
    lab.check("a2 | tcp Host:443 from=192.168.7.7 | nat-source at Nat");
}

#[test]
fn connections_through_a_nat_gateway_are_tracked_whatever_the_rules() {
    // Open both ways; revoking the rule cuts what is not tracked.
    let mut lab = Lab::of(WORLD);
    lab.check(
        "
        a   | tcp Host:443     | delivered to Host
        a   | tcp neighbour:80 | delivered to neighbour
        aws | ec2 revoke-security-group-egress --group-id Open --protocol all --cidr 0.0.0.0/0 | ok
        a   | tcp Host:443 ACK     | delivered to Host
        a   | tcp neighbour:80 ACK | security-group at Open",
    );
}

#[test]
fn an_address_that_is_taken_away_drains() {
    let mut lab = Lab::of(
        &WORLD
            .replace("private_ip: 10.0.0.220 }", "private_ip: 10.0.0.220, elastic_ips: [One, Two] }")
            .replace("internet:\n", "elastic_ips: { One: {}, Two: {} }\ninternet:\n"),
    );
    // One connection more than the first address can have.
    for n in 0..55_001_u32 {
        let (sender, port) = if n < 40_000 { ("a", 1024 + n) } else { ("a2", 1024 + n - 40_000) };
        lab.send(sender, &format!("tcp Host:443 sport={port}"));
    }
    let last = "tcp Host:443 ACK sport=16024";
    lab.check(&format!("a2 | {last} | delivered to Host"));
    let second = lab.arrived().src;
    let nat = lab.model.nat_gateways.values().next().unwrap();
    let associations: Vec<String> =
        nat.addresses.iter().map(|a| a.allocation.unwrap().1.to_string()).collect();
    let take_away = |n: usize| {
        format!(
            "ec2 disassociate-nat-gateway-address --nat-gateway-id Nat --association-ids {}",
            associations[n]
        )
    };
    assert_eq!(
        lab.try_aws(&take_away(0)),
        Err("InvalidParameterValue: ".to_owned()),
        "the primary one stays"
    );
    lab.aws(&take_away(1));
    lab.check(&format!(
        "a2 | {last} | delivered to Host\na2 | tcp Host:443 sport=16025 | nat-ports-exhausted at Nat"
    ));
    assert_eq!(second, lab.model.elastic_ips.values().nth(1).unwrap().ip);
    lab.wait(349);
    lab.check(&format!("a2 | {last} | delivered to Host"));
    lab.wait(1);
    lab.check(&format!("a2 | {last} | nat-no-session at Nat"));
}
