use crate::lab::Lab;

const WORLD: &str = "
name: transit gateways
vpcs:
  A:
    cidr: 10.0.0.0/16
    subnets:
      A1: { cidr: 10.0.0.0/24, az: a }
      A2: { cidr: 10.0.1.0/24, az: b }
      At: { cidr: 10.0.9.0/28, az: a }
    route_tables: { Ta: { main: true, routes: { 10.0.0.0/8: Hub } } }
    security_groups: { Client: {} }
    instances: { a: { subnet: A1, security_groups: Client }, a2: { subnet: A2, security_groups: Client } }
  B:
    cidr: 10.1.0.0/16
    subnets: { B1: { cidr: 10.1.0.0/24, az: a }, Bt: { cidr: 10.1.9.0/28, az: a } }
    route_tables: { Tb: { main: true, routes: { 10.0.0.0/8: Hub } } }
    security_groups: { Web: { ingress: [{ tcp: 443, from: 10.0.0.0/8 }] } }
    instances: { b: { subnet: B1, security_groups: Web } }
  C:
    cidr: 10.2.0.0/16
    subnets: { C1: { cidr: 10.2.0.0/24, az: a } }
    route_tables: { Tc: { main: true, routes: { 10.0.0.0/8: Hub } } }
    security_groups: { OpenC: { ingress: [{ from: anywhere }] } }
    instances: { c: { subnet: C1, security_groups: OpenC } }
transit_gateways:
  Hub:
    attachments:
      AtA: { vpc: A, subnets: At }
      AtB: { vpc: B, subnets: Bt }
      AtC: { vpc: C, subnets: C1 }
    route_tables: { Default: { default: true }, Isolated: {} }
";

#[test]
fn it_routes_between_attached_vpcs() {
    let mut lab = Lab::of(WORLD);
    lab.check(
        "
        a     | tcp b:443       | delivered to b
        reply | SYN-ACK         | delivered to a
        a     | tcp c:443       | delivered to c
        reply | SYN-ACK         | delivered to a
        a     | tcp 10.7.7.7:80 | tgw-no-route at Default",
    );
}

#[test]
fn only_zones_with_an_attachment_are_served() {
    let mut lab = Lab::of(WORLD);
    lab.check("a2 | tcp b:443 | tgw-zone at AtA");
    lab.aws(
        "ec2 modify-transit-gateway-vpc-attachment --transit-gateway-attachment-id AtA --add-subnet-ids A2",
    );
    lab.check("a2 | tcp b:443 | delivered to b\nreply | SYN-ACK | delivered to a2");
}

#[test]
fn an_attachment_has_one_table_or_none() {
    let mut lab = Lab::of(WORLD);
    lab.check(
        "
        aws | ec2 disassociate-transit-gateway-route-table --transit-gateway-route-table-id Default --transit-gateway-attachment-id AtA | ok
        a   | tcp b:443 | tgw-no-association at Hub
        aws | ec2 associate-transit-gateway-route-table --transit-gateway-route-table-id Isolated --transit-gateway-attachment-id AtA | ok
        a   | tcp b:443 | tgw-no-route at Isolated
        aws | ec2 enable-transit-gateway-route-table-propagation --transit-gateway-route-table-id Isolated --transit-gateway-attachment-id AtB | ok
        a   | tcp b:443 | delivered to b
        a   | tcp c:443 | tgw-no-route at Isolated",
    );
}

#[test]
fn a_static_route_comes_before_a_propagated_one_and_can_drop() {
    let mut lab = Lab::of(WORLD);
    lab.check(
        "
        aws | ec2 create-transit-gateway-route --transit-gateway-route-table-id Default --destination-cidr-block 10.1.0.0/16 --blackhole | ok
        a   | tcp b:443 | tgw-blackhole at Default
        aws | ec2 delete-transit-gateway-route --transit-gateway-route-table-id Default --destination-cidr-block 10.1.0.0/16 | ok
        a   | tcp b:443 | delivered to b",
    );
}

#[test]
fn an_attachment_that_is_gone_leaves_blackholes() {
    let mut lab = Lab::of(WORLD);
    lab.aws("ec2 create-transit-gateway-route --transit-gateway-route-table-id Default --destination-cidr-block 10.9.0.0/16 --transit-gateway-attachment-id AtB");
    lab.aws("ec2 delete-transit-gateway-vpc-attachment --transit-gateway-attachment-id AtB");
    lab.check(
        "
        a | tcp 10.9.0.1:80 | tgw-blackhole at Default
        a | tcp b:443       | tgw-no-route at Default
        b | tcp a:80        | blackhole at Tb",
    );
}

#[test]
fn it_carries_8500_bytes_and_drops_what_is_longer() {
    let mut lab = Lab::of(WORLD);
    lab.check("a | tcp b:443 len=8500 df | delivered to b\na | tcp b:443 len=8501 df | mtu-exceeded at Hub");
    assert_eq!(lab.answer.as_deref(), Some("icmp 3/4 mtu 8500 from 10.0.0.1, delivered to a"));
    lab.check("a | udp b:443 len=8501 | mtu-exceeded at Hub");
    assert_eq!(lab.answer, None);
}

#[test]
fn it_counts_as_a_hop_and_does_not_say_so() {
    let mut lab = Lab::of(WORLD);
    lab.check("a | udp b:33434 ttl=1 | ttl-expired at Hub");
    assert_eq!(lab.answer, None);
}

#[test]
fn the_acl_of_the_attachments_subnet_is_asked_on_the_way_in_and_on_the_way_out() {
    let closed = |vpc: &str, subnet: &str, ingress: &str, egress: &str| {
        let marker = format!("  {vpc}:\n");
        WORLD.replace(
            &marker,
            &format!(
                "{marker}    network_acls:
      Acl:
        subnets: {subnet}
        ingress: [{{ rule: 100, action: {ingress}, from: anywhere }}]
        egress: [{{ rule: 100, action: {egress}, to: anywhere }}]
"
            ),
        )
    };
    // Into the transit gateway: the inbound rules of the attachment's subnet, and not the outbound ones.
    Lab::of(&closed("A", "At", "deny", "allow")).check("a | tcp b:443 | network-acl at Acl");
    Lab::of(&closed("A", "At", "allow", "deny")).check("a | tcp b:443 | delivered to b");
    // Out of it: the outbound rules, and not the inbound ones.
    Lab::of(&closed("B", "Bt", "allow", "deny")).check("a | tcp b:443 | network-acl at Acl");
    Lab::of(&closed("B", "Bt", "deny", "allow")).check("a | tcp b:443 | delivered to b");
    // An instance in the attachment's own subnet: both on the way in, neither on the way out.
    Lab::of(&closed("C", "C1", "deny", "allow"))
        .check("c | tcp b:443 | network-acl at Acl\na | tcp c:80 | delivered to c");
    Lab::of(&closed("C", "C1", "allow", "deny"))
        .check("c | tcp b:443 | network-acl at Acl\na | tcp c:80 | delivered to c");
}

#[test]
fn groups_can_be_named_if_all_three_say_so_and_in_ingress_rules_only() {
    // The rule cannot be made before the gateway passes groups on.
    let world = WORLD.replace("[{ tcp: 443", "[{ tcp: 80, from: A/Client }, { tcp: 443");
    let error = vpclab::scenario::load(&world);
    assert!(error.is_err(), "a rule that names a group of a VPC that is not connected");
    let mut lab = Lab::of(&world.replace("  Hub:\n", "  Hub:\n    security_group_referencing: true\n"));
    lab.check("a | tcp b:80 | delivered to b");
    lab.aws("ec2 modify-transit-gateway-vpc-attachment --transit-gateway-attachment-id AtA --options SecurityGroupReferencingSupport=disable");
    lab.check("a | tcp b:80 sport=41000 | security-group at Web");
    // Another transit gateway that does is no help to what comes by this one.
    let another = "
  Another:
    security_group_referencing: true
    attachments:
      AnotherA: { vpc: A, subnets: A1 }
      AnotherB: { vpc: B, subnets: B1 }
";
    let mut lab = Lab::of(&format!("{}{another}", world.trim_end()));
    lab.check("a | tcp b:80 | security-group at Web");
}

#[test]
fn appliance_mode_keeps_both_directions_of_a_flow_together() {
    let world = |appliance: &str| {
        format!(
            "
name: appliance
vpcs:
  A:
    cidr: 10.0.0.0/16
    subnets: {{ A1: {{ cidr: 10.0.0.0/24, az: a }}, A2: {{ cidr: 10.0.1.0/24, az: b }} }}
    route_tables: {{ Ta: {{ main: true, routes: {{ 10.0.0.0/8: Hub }} }} }}
    security_groups: {{ OpenA: {{ ingress: [{{ from: anywhere }}] }} }}
    instances: {{ a: {{ subnet: A1, security_groups: OpenA }} }}
  B:
    cidr: 10.1.0.0/16
    subnets: {{ B1: {{ cidr: 10.1.0.0/24, az: a }}, B2: {{ cidr: 10.1.1.0/24, az: b }} }}
    route_tables: {{ Tb: {{ main: true, routes: {{ 10.0.0.0/8: Hub }} }} }}
    security_groups: {{ OpenB: {{ ingress: [{{ from: anywhere }}] }} }}
    instances: {{ b: {{ subnet: B2, security_groups: OpenB }} }}
  Inspection:
    cidr: 10.9.0.0/16
    subnets: {{ I1: {{ cidr: 10.9.0.0/24, az: a }}, I2: {{ cidr: 10.9.1.0/24, az: b }} }}
    route_tables:
      T1: {{ subnets: I1, routes: {{ 10.0.0.0/8: box1 }} }}
      T2: {{ subnets: I2, routes: {{ 10.0.0.0/8: box2 }} }}
    security_groups: {{ OpenI: {{ ingress: [{{ from: anywhere }}] }} }}
    instances:
      box1: {{ subnet: I1, security_groups: OpenI, source_dest_check: false }}
      box2: {{ subnet: I2, security_groups: OpenI, source_dest_check: false }}
transit_gateways:
  Hub:
    attachments:
      AtA: {{ vpc: A, subnets: [A1, A2] }}
      AtB: {{ vpc: B, subnets: [B1, B2] }}
      AtI: {{ vpc: Inspection, subnets: [I1, I2], appliance_mode: {appliance} }}
    route_tables:
      Default: {{ default: true, routes: {{ 10.0.0.0/16: AtI, 10.1.0.0/16: AtI }} }}
"
        )
    };
    // Without it each direction goes through the box of its sender's zone.
    let mut apart = Lab::of(&world("false"));
    apart.check("a | tcp b:80 | delivered to box1\nb | tcp a:40000 SYN-ACK sport=80 | delivered to box2");
    let mut together = Lab::of(&world("true"));
    let mut boxes = std::collections::BTreeSet::new();
    for port in 1..50 {
        let there = together.send("a", &format!("tcp b:80 sport={port}"));
        let back = together.send("b", &format!("tcp a:{port} SYN-ACK sport=80"));
        assert_eq!(there, back);
        boxes.insert(there);
    }
    assert_eq!(boxes.len(), 2, "different flows use both");
}

#[test]
fn transit_gateways_of_two_regions_are_peered_with_static_routes() {
    let world = WORLD
        .replace("  B:\n", "  B:\n    region: eu-west-1\n")
        .replace(
            "Tb: { main: true, routes: { 10.0.0.0/8: Hub } }",
            "Tb: { main: true, routes: { 10.0.0.0/8: Far } }",
        )
        .replace("      AtB: { vpc: B, subnets: Bt }\n", "")
        .replace(
            "    route_tables: { Default: { default: true }, Isolated: {} }",
            "    peerings: { Hub-Far: Far }
    route_tables: { Default: { default: true, routes: { 10.1.0.0/16: Hub-Far } } }
  Far:
    region: eu-west-1
    attachments: { AtB: { vpc: B, subnets: Bt } }
    route_tables: { FarTable: { default: true, associations: Hub-Far, routes: { 10.0.0.0/16: Hub-Far } } }",
        );
    let mut lab = Lab::of(&world);
    // The peering is associated with a table on one side so far.
    lab.check("a | tcp b:443 | delivered to b\nreply | SYN-ACK | tgw-no-association at Hub");
    lab.aws("ec2 associate-transit-gateway-route-table --transit-gateway-route-table-id Default --transit-gateway-attachment-id Hub-Far");
    lab.check("a | tcp b:443 | delivered to b\nreply | SYN-ACK | delivered to a");
}
