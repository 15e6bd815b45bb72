//! Flow-log records: who logs what, accepted or rejected, in which interval, with how many bytes.

use vpclab::report::result::Outcome;
use vpclab::suite::{self, Options};

/// Runs steps in a topology; gives all records at the end, with interfaces by name and times counted
/// from the begin of the run.
fn logs(topology: &str, steps: &str) -> String {
    let yaml = format!(
        "name: flow logs\nstart: 2024-06-28T09:00:00Z\n{topology}\nsteps:\n{steps}\n  - expect_flow_logs: [{{}}]\n"
    );
    let result = suite::run_text("test", &yaml, &Options { seed: None, verbose: false })
        .unwrap_or_else(|text| panic!("{text}"));
    for step in &result.steps {
        assert!(step.passed(), "step {}: {:?} {:?}", step.number, step.outcome, step.failures);
    }
    let Some(Outcome::FlowLogs { lines }) = result.steps.last().map(|step| &step.outcome) else {
        panic!("no lines")
    };
    lines.iter().map(|line| readable(line) + "\n").collect()
}

fn readable(line: &str) -> String {
    const START: u64 = 1_719_565_200;
    let mut fields: Vec<String> = line.split(' ').map(str::to_owned).collect();
    assert_eq!((fields.len(), fields[0].as_str()), (14, "2"));
    for at in [10, 11] {
        fields[at] = format!("+{}", fields[at].parse::<u64>().expect("seconds") - START);
    }
    // Ports that a client chose are in the ephemeral range, and even.
    for at in [5, 6] {
        if fields[at].parse::<u16>().is_ok_and(|port| (32_768..=60_999).contains(&port) && port % 2 == 0) {
            fields[at] = "eph".to_owned();
        }
    }
    fields[2..].join(" ").replace("eni-0aaaaaaaaaaaaaaaa", "eni-a").replace("eni-0bbbbbbbbbbbbbbbb", "eni-b")
}

/// Two hosts in two subnets; what stands between them is given.
fn two_hosts(acl_b: &str, group_b: &str) -> String {
    format!(
        "
vpcs:
  V:
    cidr: 10.0.0.0/16
    subnets: {{ A: {{ cidr: 10.0.0.0/24 }}, B: {{ cidr: 10.0.1.0/24 }} }}
    network_acls: {{ AclB: {{ subnets: B, {acl_b} }} }}
    security_groups: {{ GroupA: {{}}, GroupB: {{ {group_b} }} }}
    instances:
      a: {{ subnet: A, security_groups: GroupA, eni_id: eni-0aaaaaaaaaaaaaaaa }}
      b: {{ subnet: B, security_groups: GroupB, eni_id: eni-0bbbbbbbbbbbbbbbb, serves: {{ 80: \"0123456789\" }} }}
"
    )
}

const OPEN_ACL: &str = "ingress: [{ rule: 1, action: allow, from: anywhere }], egress: [{ rule: 1, action: allow, to: anywhere }]";
const OPEN_GROUP: &str = "ingress: [{ from: anywhere }]";

#[test]
fn a_page_costs_what_it_costs_on_linux() {
    let topology = two_hosts(OPEN_ACL, OPEN_GROUP);
    // Client: SYN 60, ACK 52, GET 52+69, ACK, FIN, ACK. Server: SYN-ACK 60, ACK 52, page, FIN.
    insta::assert_snapshot!(logs(&topology, "  - { on: a, run: curl -s http://b }"), @r"
    eni-a 10.0.0.4 10.0.1.4 eph 80 6 6 384 +0 +0 ACCEPT OK
    eni-b 10.0.0.4 10.0.1.4 eph 80 6 6 384 +0 +0 ACCEPT OK
    eni-b 10.0.1.4 10.0.0.4 80 eph 6 4 344 +0 +0 ACCEPT OK
    eni-a 10.0.1.4 10.0.0.4 80 eph 6 4 344 +0 +0 ACCEPT OK
    ");
}

#[test]
fn a_refused_connection_is_two_packets_and_accepted() {
    let topology = two_hosts(OPEN_ACL, OPEN_GROUP);
    insta::assert_snapshot!(logs(&topology, "  - { on: a, run: curl -s http://b:81, expect: { exit: 7 } }"), @r"
    eni-a 10.0.0.4 10.0.1.4 eph 81 6 1 60 +0 +0 ACCEPT OK
    eni-b 10.0.0.4 10.0.1.4 eph 81 6 1 60 +0 +0 ACCEPT OK
    eni-b 10.0.1.4 10.0.0.4 81 eph 6 1 40 +0 +0 ACCEPT OK
    eni-a 10.0.1.4 10.0.0.4 81 eph 6 1 40 +0 +0 ACCEPT OK
    ");
}

#[test]
fn what_a_group_denies_is_rejected_where_it_arrives_and_accepted_where_it_left() {
    // Seven SYNs, 0, 1, 3, 7, 15, 31 and 63 seconds after the first: six in the first minute.
    let topology = two_hosts(OPEN_ACL, "ingress: []");
    insta::assert_snapshot!(logs(&topology, "  - { on: a, run: curl -s http://b, expect: { exit: 28 } }"), @r"
    eni-a 10.0.0.4 10.0.1.4 eph 80 6 6 360 +0 +31 ACCEPT OK
    eni-b 10.0.0.4 10.0.1.4 eph 80 6 6 360 +0 +31 REJECT OK
    eni-a 10.0.0.4 10.0.1.4 eph 80 6 1 60 +63 +63 ACCEPT OK
    eni-b 10.0.0.4 10.0.1.4 eph 80 6 1 60 +63 +63 REJECT OK
    eni-a - - - - - - - +120 +179 - NODATA
    eni-b - - - - - - - +120 +179 - NODATA
    ");
}

/// The example of AWS's documentation: a ping that the group lets in and whose answer the network ACL
/// does not let out is ACCEPT for the request and REJECT for the answer; four pings are 336 bytes.
#[test]
fn the_documented_ping_is_accepted_and_its_answer_rejected() {
    let topology = two_hosts(
        "ingress: [{ rule: 1, action: allow, icmp: all, from: anywhere }], egress: [{ rule: 1, action: deny, icmp: all, to: anywhere }]",
        "ingress: [{ icmp: all, from: anywhere }], egress: []",
    );
    insta::assert_snapshot!(logs(&topology, "  - { on: a, run: ping -c 4 -W 1 b, expect: { exit: 1 } }"), @r"
    eni-a 10.0.0.4 10.0.1.4 0 0 1 4 336 +0 +3 ACCEPT OK
    eni-b 10.0.0.4 10.0.1.4 0 0 1 4 336 +0 +3 ACCEPT OK
    eni-b 10.0.1.4 10.0.0.4 0 0 1 4 336 +0 +3 REJECT OK
    ");
    // If the group denies it, there is a single REJECT.
    let topology = two_hosts(OPEN_ACL, "ingress: []");
    insta::assert_snapshot!(logs(&topology, "  - { on: a, run: ping -c 4 -W 1 b, expect: { exit: 1 } }"), @r"
    eni-a 10.0.0.4 10.0.1.4 0 0 1 4 336 +0 +3 ACCEPT OK
    eni-b 10.0.0.4 10.0.1.4 0 0 1 4 336 +0 +3 REJECT OK
    ");
}

#[test]
fn one_flow_can_be_accepted_and_rejected_in_one_interval() {
    let topology = two_hosts(OPEN_ACL, OPEN_GROUP);
    let steps = "
  - { on: a, run: ping -c 1 b }
  - { aws: ec2 create-network-acl-entry --network-acl-id AclB --ingress --rule-number 2 --protocol all --rule-action deny --cidr-block 0.0.0.0/0 }
  - { aws: ec2 delete-network-acl-entry --network-acl-id AclB --ingress --rule-number 1 }
  - { on: a, run: ping -c 1 -W 1 b, expect: { exit: 1, dropped: network-acl } }";
    insta::assert_snapshot!(logs(&topology, steps), @r"
    eni-a 10.0.0.4 10.0.1.4 0 0 1 2 168 +0 +1 ACCEPT OK
    eni-b 10.0.0.4 10.0.1.4 0 0 1 1 84 +0 +0 ACCEPT OK
    eni-b 10.0.1.4 10.0.0.4 0 0 1 1 84 +0 +0 ACCEPT OK
    eni-a 10.0.1.4 10.0.0.4 0 0 1 1 84 +0 +0 ACCEPT OK
    eni-b 10.0.0.4 10.0.1.4 0 0 1 1 84 +1 +1 REJECT OK
    ");
}

#[test]
fn silence_is_logged_after_the_first_traffic_and_not_before() {
    let topology = two_hosts(OPEN_ACL, OPEN_GROUP);
    let steps = "
  - wait: 2m
  - { on: a, run: ping -c 1 b }
  - wait: 2m
  - { on: b, run: ping -c 1 a, expect: { exit: 0 } }";
    let topology = topology.replace("GroupA: {}", "GroupA: { ingress: [{ from: anywhere }] }");
    insta::assert_snapshot!(logs(&topology, steps), @r"
    eni-a 10.0.0.4 10.0.1.4 0 0 1 1 84 +120 +120 ACCEPT OK
    eni-b 10.0.0.4 10.0.1.4 0 0 1 1 84 +120 +120 ACCEPT OK
    eni-b 10.0.1.4 10.0.0.4 0 0 1 1 84 +120 +120 ACCEPT OK
    eni-a 10.0.1.4 10.0.0.4 0 0 1 1 84 +120 +120 ACCEPT OK
    eni-a - - - - - - - +180 +239 - NODATA
    eni-b - - - - - - - +180 +239 - NODATA
    eni-b 10.0.1.4 10.0.0.4 0 0 1 1 84 +241 +241 ACCEPT OK
    eni-a 10.0.1.4 10.0.0.4 0 0 1 1 84 +241 +241 ACCEPT OK
    eni-a 10.0.0.4 10.0.1.4 0 0 1 1 84 +241 +241 ACCEPT OK
    eni-b 10.0.0.4 10.0.1.4 0 0 1 1 84 +241 +241 ACCEPT OK
    ");
}

#[test]
fn the_router_and_the_resolver_are_not_logged() {
    let topology = two_hosts(OPEN_ACL, OPEN_GROUP);
    let steps = "
  - { on: a, run: ping -c 1 -W 1 10.0.0.1, expect: { exit: 1 } }
  - { on: a, run: ping -c 1 -W 1 10.0.0.2, expect: { exit: 1 } }
  - { on: b, run: ping -c 1 -W 1 10.0.0.2, expect: { exit: 1 } }
  - { on: b, run: ping -c 1 -W 1 10.0.1.99, expect: { exit: 1 } }";
    let yaml = format!("name: x\n{topology}\nsteps:\n{steps}\n  - expect_flow_logs: [{{ count: 0 }}]\n");
    let result = suite::run_text("test", &yaml, &Options { seed: None, verbose: false })
        .unwrap_or_else(|text| panic!("{text}"));
    assert!(result.passed(), "{:?}", result.steps);
}

#[test]
fn the_internet_sees_public_addresses_and_the_log_private_ones() {
    let topology = "
vpcs:
  V:
    cidr: 10.0.0.0/16
    internet_gateway: Gateway
    subnets: { A: { cidr: 10.0.0.0/24 } }
    route_tables: { T: { subnets: A, routes: { 0.0.0.0/0: Gateway } } }
    security_groups: { Web: { ingress: [{ tcp: 80, from: anywhere }] } }
    instances: { a: { subnet: A, security_groups: Web, eni_id: eni-0aaaaaaaaaaaaaaaa, serves: { 80: x } } }
elastic_ips: { Fixed: { instance: a, address: 203.0.113.5 } }
internet: { Laptop: { address: 198.51.100.7, serves: { 80: y } } }";
    let steps = "
  - { on: Laptop, run: curl -s http://203.0.113.5, expect: { stdout: x } }
  - { on: a, run: curl -s http://Laptop, expect: { stdout: y } }
  - { on: Laptop, run: curl -s -m 1 http://a:22, expect: { exit: 28 } }";
    insta::assert_snapshot!(logs(topology, steps), @r"
    eni-a 198.51.100.7 10.0.0.4 eph 80 6 6 394 +0 +0 ACCEPT OK
    eni-a 10.0.0.4 198.51.100.7 80 eph 6 4 334 +0 +0 ACCEPT OK
    eni-a 10.0.0.4 198.51.100.7 eph 80 6 6 389 +1 +1 ACCEPT OK
    eni-a 198.51.100.7 10.0.0.4 80 eph 6 4 334 +1 +1 ACCEPT OK
    eni-a 198.51.100.7 10.0.0.4 eph 22 6 2 120 +2 +3 REJECT OK
    ");
}

#[test]
fn interfaces_are_called_by_what_owns_them() {
    let topology = "
vpcs:
  V:
    cidr: 10.0.0.0/16
    internet_gateway: Gateway
    subnets: { Public: { cidr: 10.0.0.0/24 }, Private: { cidr: 10.0.1.0/24 } }
    nat_gateways: { Nat: { subnet: Public, elastic_ips: Eip } }
    route_tables:
      Out: { subnets: Public, routes: { 0.0.0.0/0: Gateway } }
      ByNat: { subnets: Private, routes: { 0.0.0.0/0: Nat } }
    instances: { a: { subnet: Private } }
elastic_ips: { Eip: { address: 198.51.100.1 } }
internet: { site: { address: 192.0.2.1 } }";
    let steps = "
  - { on: a, run: ping -c 1 site }
  - expect_flow_logs: [{ interface-id: Nat, dstaddr: site, protocol: icmp }]";
    assert!(logs(topology, steps).contains("ACCEPT"));
}
