use crate::lab::Lab;

/// Two subnets of a VPC, another VPC that can be peered, a laptop.
fn lab(groups: &str, a: &str, b: &str) -> Lab {
    Lab::of(&format!(
        "
name: security groups
vpcs:
  V:
    cidr: 10.0.0.0/16
    internet_gateway: Gateway
    subnets: {{ A: {{ cidr: 10.0.0.0/24, map_public_ip: true }}, B: {{ cidr: 10.0.1.0/24, map_public_ip: true }} }}
    route_tables:
      Table: {{ main: true, routes: {{ 0.0.0.0/0: Gateway }} }}
    security_groups:
{groups}
    instances:
      a: {{ subnet: A, security_groups: {a} }}
      b: {{ subnet: B, security_groups: {b} }}
internet:
  Laptop: {{ address: 198.51.100.7 }}
  Stranger: {{ address: 203.0.113.9 }}
"
    ))
}

#[test]
fn groups_are_a_union_of_allow_rules() {
    let mut lab = lab(
        "
      Client: {}
      Web: { ingress: [{ tcp: 80, from: 10.0.0.0/24 }], egress: [] }
      Ssh: { ingress: [{ tcp: 22, from: Laptop }], egress: [] }",
        "Client",
        "[Web, Ssh]",
    );
    lab.check(
        "
        a        | tcp b:80        | delivered to b
        a        | tcp b:22        | security-group at Web
        Laptop   | tcp b.public:22 | delivered to b
        Stranger | tcp b.public:22 | security-group at Web
        a        | udp b:80        | security-group at Web
        b        | tcp a:80        | security-group at Web",
    );
}

#[test]
fn rules_match_protocol_ports_and_icmp_types() {
    let mut lab = lab(
        "
      Client: {}
      Server:
        ingress:
          - { tcp: 8000-8010, from: anywhere }
          - { udp: 53, from: anywhere }
          - { icmp: echo-request, from: anywhere }
          - { protocol: 50, from: anywhere }",
        "Client",
        "Server",
    );
    lab.check(
        "
        a | tcp b:7999    | security-group at Server
        a | tcp b:8000    | delivered to b
        a | tcp b:8010    | delivered to b
        a | tcp b:8011    | security-group at Server
        a | udp b:53      | delivered to b
        a | udp b:54      | security-group at Server
        a | icmp b        | delivered to b
        a | protocol=50 b | delivered to b
        a | protocol=47 b | security-group at Server",
    );
}

#[test]
fn replies_pass_whatever_the_rules_of_their_direction_say() {
    let mut lab = lab(
        "
      Client: { ingress: [] }
      Web: { ingress: [{ tcp: 80, from: Client }, { icmp: echo-request, from: Client }], egress: [] }",
        "Client",
        "Web",
    );
    lab.check(
        "
        a     | tcp b:80 | delivered to b
        reply | SYN-ACK  | delivered to a
        a     | icmp b   | delivered to b
        reply | ACK      | delivered to a
        b     | tcp a:80 | security-group at Web",
    );
}

#[test]
fn a_group_reference_means_private_addresses() {
    let mut lab = lab(
        "
      Client: {}
      Web: { ingress: [{ tcp: 80, from: Client }] }",
        "Client",
        "Web",
    );
    // Over the public address the packet comes back in with a public source.
    lab.check(
        "
        a | tcp b:80        | delivered to b
        a | tcp b.public:80 | security-group at Web",
    );
    let public = lab.address("a.public");
    lab.aws(&format!(
        "ec2 authorize-security-group-ingress --group-id Web --protocol tcp --port 80 --cidr {public}/32"
    ));
    lab.check("a | tcp b.public:80 | delivered to b");
}

#[test]
fn members_of_a_group_need_a_rule_to_talk_to_each_other() {
    let mut one = lab("\n      Club: { ingress: [] }", "Club", "Club");
    one.check("a | tcp b:80 | security-group at Club");
    let mut other = lab("\n      Club: { ingress: [{ from: self }] }", "Club", "Club");
    other.check("a | tcp b:80 | delivered to b");
    // The default group has that rule.
    let mut default = lab("\n      Unused: {}", "[]", "[]");
    default.check(
        "
        a        | tcp b:80        | delivered to b
        Laptop   | tcp b.public:80 | security-group at default of V",
    );
}

#[test]
fn a_prefix_list_stands_for_its_blocks() {
    let mut lab = Lab::of(
        "
name: prefix lists
prefix_lists: { Offices: { entries: [198.51.100.0/24], max_entries: 5 } }
vpcs:
  V:
    cidr: 10.0.0.0/16
    internet_gateway: Gateway
    subnets: { A: { cidr: 10.0.0.0/24, map_public_ip: true } }
    route_tables: { Table: { main: true, routes: { 0.0.0.0/0: Gateway } } }
    security_groups: { Web: { ingress: [{ tcp: 80, from: Offices }] } }
    instances: { a: { subnet: A, security_groups: Web } }
internet:
  Laptop: { address: 198.51.100.7 }
  Stranger: { address: 203.0.113.9 }
",
    );
    lab.check(
        "
        Laptop   | tcp a.public:80 | delivered to a
        Stranger | tcp a.public:80 | security-group at Web",
    );
}

const OPEN: &str = "
      Client: {}
      Open: { ingress: [{ tcp: 80, from: anywhere }, { tcp: 22, from: Laptop }, { icmp: all, from: anywhere }] }";

#[test]
fn flows_under_rules_that_are_open_both_ways_are_not_tracked() {
    // The example of the EC2 guide: 22 from one address, 80 from everybody, ICMP from everybody, all out.
    let mut lab = lab(OPEN, "Client", "Open");
    let mut verdicts = |from: &str, packet: &str| {
        lab.send(from, packet);
        lab.verdicts().last().copied()
    };
    assert_eq!(verdicts("Laptop", "tcp b.public:22"), Some("rule"));
    assert_eq!(verdicts("Laptop", "tcp b.public:80"), Some("rule, untracked"));
    assert_eq!(verdicts("Laptop", "icmp b.public"), Some("rule"));
    lab.aws("ec2 revoke-security-group-egress --group-id Open --protocol all --cidr 0.0.0.0/0");
    // Without the rule for the way back, what is opened from now on is tracked.
    lab.send("Stranger", "tcp b.public:80 sport=41000");
    assert_eq!(lab.verdicts(), ["rule"]);
}

#[test]
fn revoking_a_rule_cuts_an_untracked_flow_at_once() {
    let mut lab = lab(OPEN, "Client", "Open");
    lab.check(
        "
        Laptop | tcp b.public:80     | delivered to b
        reply  | SYN-ACK             | delivered to Laptop
        aws    | ec2 revoke-security-group-ingress --group-id Open --protocol tcp --port 80 --cidr 0.0.0.0/0 | ok
        Laptop | tcp b.public:80 ACK | security-group at Open",
    );
    // What the server still sends does not open it again.
    let to = lab.address("Laptop");
    lab.send("b", &format!("tcp {to}:40000 ACK sport=80"));
    lab.check("Laptop | tcp b.public:80 ACK | security-group at Open");
}

#[test]
fn revoking_a_rule_leaves_a_tracked_flow() {
    let mut lab = lab(OPEN, "Client", "Open");
    let revoke =
        "ec2 revoke-security-group-ingress --group-id Open --protocol tcp --port 22 --cidr 198.51.100.7/32";
    lab.check(&format!(
        "
        Laptop | tcp b.public:22     | delivered to b
        reply  | SYN-ACK             | delivered to Laptop
        aws    | {revoke}            | ok
        Laptop | tcp b.public:22 ACK | delivered to b
        Laptop | tcp b.public:22 SYN sport=41000 | security-group at Open"
    ));
}

#[test]
fn tracked_flows_are_forgotten_when_they_are_idle() {
    // 5 days for TCP, 30 s for UDP one way, 180 s to and fro, 10 minutes for what has no ports.
    let groups = "
      Client: {}
      Server: { ingress: [{ from: 10.0.0.0/24 }], egress: [] }";
    let mut lab = lab(groups, "Client", "Server");
    lab.check("a | udp b:53 | delivered to b");
    lab.wait(29);
    lab.check("reply | - | delivered to a");
    lab.wait(31);
    lab.check("a | udp b:53 | delivered to b");
    let answer = format!("udp {}:40000 sport=53", lab.address("a"));
    lab.check(&format!("b | {answer} | delivered to a\na | udp b:53 | delivered to b"));
    lab.wait(179);
    lab.check(&format!("b | {answer} | delivered to a"));
    lab.wait(180);
    lab.check(&format!("b | {answer} | security-group at Server"));
    lab.check("a | tcp b:80 | delivered to b");
    lab.wait(432_000 - 1);
    let answer = format!("tcp {}:40000 ACK sport=80", lab.address("a"));
    lab.check(&format!("b | {answer} | delivered to a"));
    lab.wait(432_000);
    lab.check(&format!("b | {answer} | security-group at Server"));
    lab.check("a | protocol=50 b | delivered to b");
    lab.wait(599);
    let answer = format!("protocol=50 {}", lab.address("a"));
    lab.check(&format!("b | {answer} | delivered to a"));
    lab.wait(600);
    lab.check(&format!("b | {answer} | security-group at Server"));
}

#[test]
fn a_closed_connection_is_soon_forgotten() {
    let groups = "
      Client: {}
      Server: { ingress: [{ tcp: 80, from: 10.0.0.0/24 }], egress: [] }";
    let mut lab = lab(groups, "Client", "Server");
    let answer = |flags: &str, lab: &Lab| format!("tcp {}:40000 {flags} sport=80", lab.address("a"));
    lab.check("a | tcp b:80 | delivered to b\na | tcp b:80 FIN-ACK | delivered to b");
    let fin = answer("FIN-ACK", &lab);
    lab.check(&format!("b | {fin} | delivered to a"));
    lab.wait(11);
    let late = answer("ACK", &lab);
    lab.check(&format!("b | {late} | security-group at Server"));
}

#[test]
fn an_icmp_error_belongs_to_the_flow_it_is_about() {
    let groups = "
      Client: { ingress: [], egress: [{ tcp: all, to: 10.0.1.0/24 }] }
      Server: { ingress: [{ tcp: 80, from: 10.0.0.0/24 }], egress: [] }";
    let mut lab = lab(groups, "Client", "Server");
    lab.check("a | tcp b:80 | delivered to b");
    let (_, request) = lab.last.take().expect("it has arrived");
    let b = lab.address("b");
    let error = vpclab::wire::build::port_unreachable(vpclab::wire::build::Ends::TEST, b, &request);
    let station = vpclab::scenario::station_of(&lab.model, "b").unwrap();
    assert_eq!(lab.put(station, error), "delivered to a");
    // About another connection it is nobody's.
    let other = lab.packet("a", "tcp b:80 sport=41000");
    let error = vpclab::wire::build::port_unreachable(vpclab::wire::build::Ends::TEST, b, &other);
    assert_eq!(lab.put(station, error), "security-group at Server");
}

#[test]
fn later_fragments_follow_the_first() {
    let groups = "
      Client: {}
      Server: { ingress: [{ icmp: echo-request, from: anywhere }], egress: [] }";
    let mut lab = lab(groups, "Client", "Server");
    let whole = lab.packet("a", "icmp b len=3000");
    let station = vpclab::scenario::station_of(&lab.model, "a").unwrap();
    for part in whole.fragments(1500) {
        assert_eq!(lab.put(station, part), "delivered to b");
    }
    // The answer is longer than a packet too.
    let (a, b) = (lab.address("a"), lab.address("b"));
    let ends = vpclab::wire::build::Ends::TEST;
    let answer = vpclab::wire::build::echo_reply(ends, b, a, 1, 1, &[0; 2972]);
    let station = vpclab::scenario::station_of(&lab.model, "b").unwrap();
    for part in answer.fragments(1500) {
        assert_eq!(lab.put(station, part), "delivered to a");
    }
}

#[test]
fn new_connections_are_dropped_when_no_more_can_be_tracked() {
    let mut lab = Lab::of(
        "
name: limits
vpcs:
  V:
    cidr: 10.0.0.0/16
    subnets: { A: { cidr: 10.0.0.0/24 } }
    security_groups: { Web: { ingress: [{ tcp: 80, from: self }] } }
    instances:
      a: { subnet: A, security_groups: Web }
      b: { subnet: A, security_groups: Web, tracked_flows_max: 2 }
",
    );
    lab.check(
        "
        a | tcp b:80 sport=1     | delivered to b
        a | tcp b:80 sport=2     | delivered to b
        a | tcp b:80 sport=3     | tracking-exceeded at b
        a | tcp b:80 sport=2 ACK | delivered to b",
    );
}

#[test]
fn groups_are_not_asked_about_the_router() {
    let mut lab = lab("\n      Closed: { egress: [] }", "Closed", "Closed");
    lab.check("a | icmp 10.0.0.1 | router-silent at router of A");
    assert!(lab.verdicts().is_empty());
}

#[test]
fn a_reference_through_a_middlebox_does_not_match() {
    let mut lab = Lab::of(
        "
name: middlebox
vpcs:
  V:
    cidr: 10.0.0.0/16
    subnets: { A: { cidr: 10.0.0.0/24 }, B: { cidr: 10.0.1.0/24 }, M: { cidr: 10.0.2.0/24 } }
    route_tables:
      TableA: { subnets: A, routes: { 10.0.1.0/24: firewall } }
    security_groups:
      Client: {}
      Web: { ingress: [{ tcp: 80, from: Client }, { tcp: 81, from: 10.0.0.0/24 }] }
      Any: { ingress: [{ from: anywhere }] }
    instances:
      a: { subnet: A, security_groups: Client }
      b: { subnet: B, security_groups: Web }
      firewall: { subnet: M, security_groups: Any, source_dest_check: false, forwards: true }
",
    );
    lab.check("a | tcp b:80 | delivered to firewall");
    // The firewall sends it on as it is.
    let from = format!("tcp b:80 from={}", lab.address("a"));
    lab.check(&format!("firewall | {from} | security-group at Web"));
    let from = format!("tcp b:81 from={}", lab.address("a"));
    lab.check(&format!("firewall | {from} | delivered to b"));
}

#[test]
fn an_interface_can_forget_sooner() {
    let groups = "
      Client: {}
      Server: { ingress: [{ from: 10.0.0.0/24 }], egress: [] }";
    let mut lab = lab(groups, "Client", "Server");
    let change = |timeouts: &str| {
        format!(
            "ec2 modify-network-interface-attribute --network-interface-id b --connection-tracking-specification {timeouts}"
        )
    };
    for refused in ["TcpEstablishedTimeout=59", "UdpTimeout=61", "UdpStreamTimeout=181"] {
        assert_eq!(lab.try_aws(&change(refused)), Err("InvalidParameterValue: ".to_owned()), "{refused}");
    }
    let all = change("TcpEstablishedTimeout=60,UdpTimeout=60,UdpStreamTimeout=60");
    lab.aws(&all);
    lab.aws(&all.replace("-id b", "-id a"));
    lab.check("a | tcp b:80 | delivered to b");
    lab.wait(60);
    let answer = format!("tcp {}:40000 ACK sport=80", lab.address("a"));
    lab.check(&format!("b | {answer} | security-group at Server"));
    lab.check("a | udp b:53 | delivered to b");
    lab.wait(59);
    lab.check("reply | - | delivered to a");
}
