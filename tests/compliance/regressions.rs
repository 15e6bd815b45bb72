//! What a comparison with the reference model (`tests/reference.rs`) has found, one test for each rule.

use vpclab::scenario::station_of;
use vpclab::wire::build::{self, Ends};

use crate::lab::Lab;

const NAT: &str = "
name: NAT gateways
vpcs:
  V:
    cidr: 10.0.0.0/16
    internet_gateway: Gateway
    subnets: { Public: { cidr: 10.0.0.0/24 }, Private: { cidr: 10.0.1.0/24 }, Third: { cidr: 10.0.2.0/24 } }
    nat_gateways: { Nat: { PLACE } }
    route_tables:
      PublicTable: { subnets: Public, routes: { 0.0.0.0/0: Gateway } }
      PrivateTable: { subnets: Private, routes: { 0.0.0.0/0: Nat, 10.0.2.0/24: Nat } }
    security_groups: { Open: { ingress: [{ from: anywhere }] } }
    instances:
      a: { subnet: Private, security_groups: Open }
      c: { subnet: Third, security_groups: Open }
internet:
  Host: { address: 203.0.113.5 }
";

fn zonal() -> Lab {
    Lab::of(&NAT.replace("PLACE", "subnet: Public"))
}

fn regional() -> Lab {
    Lab::of(&NAT.replace("PLACE", "regional: true"))
}

#[test]
fn an_answer_opens_no_connection_through_a_nat_gateway() {
    let mut lab = zonal();
    lab.check("a | tcp Host:443 SYN-ACK | nat-no-session at Nat");
    let (a, host) = (lab.address("a"), lab.address("Host"));
    let pong = build::echo_reply(Ends::TEST, a, host, 1, 1, b"ping");
    let station = station_of(&lab.model, "a").unwrap();
    assert_eq!(lab.put(station, pong.clone()), "nat-no-session at Nat");
    // Nor does it become part of a ping that has the same identifier.
    lab.check("a | icmp Host | delivered to Host");
    assert_eq!(lab.put(station, pong), "nat-no-session at Nat");
}

#[test]
fn a_ping_does_not_come_in_by_the_identifier_of_another() {
    let mut lab = zonal();
    lab.check("a | icmp Host | delivered to Host");
    let (host, request) = lab.last.take().unwrap();
    let identifier = request.icmp().unwrap().echo.unwrap().identifier;
    let back = request.tuple().mirror();
    let ping = build::echo_request(Ends::TEST, back.src, back.dst, identifier, 1, b"ping");
    assert_eq!(lab.put(host, ping), "nat-no-session at Nat");
    let pong = build::echo_reply(Ends::TEST, back.src, back.dst, identifier, 1, b"ping");
    assert_eq!(lab.put(host, pong), "delivered to a");
}

#[test]
fn a_nat_gateway_cuts_what_it_sends_and_not_what_it_gets() {
    let mut lab = zonal();
    lab.check("a | tcp c:80 len=9000 | 2 parts of at most 8500: delivered to c, delivered to c");
    lab.check("a | tcp c:80 len=9000 df | mtu-exceeded at Nat");
}

#[test]
fn a_port_is_kept_for_five_seconds_whatever_still_comes() {
    let mut lab = zonal();
    lab.check(
        "
        a    | tcp Host:443     | delivered to Host
        a    | tcp Host:443 RST | delivered to Host
        wait | 4                |
        a    | tcp Host:443 ACK | delivered to Host
        wait | 2                |
        a    | tcp Host:443 ACK | nat-no-session at Nat",
    );
}

#[test]
fn errors_keep_no_connection_alive() {
    let mut lab = zonal();
    lab.check("a | udp Host:53 | delivered to Host");
    let (host, request) = lab.last.take().unwrap();
    let error = || build::port_unreachable(Ends::TEST, request.tuple().dst, &request);
    lab.wait(200);
    assert_eq!(lab.put(host, error()), "delivered to a");
    lab.wait(200);
    assert_eq!(lab.put(host, error()), "nat-no-session at Nat");
}

#[test]
fn a_regional_gateway_routes_by_its_own_table() {
    let mut lab = regional();
    lab.check("a | tcp c:80 | delivered to c\na | tcp 10.0.2.99:80 | no-such-address at V");
}

#[test]
fn a_regional_gateway_carries_fragments_of_udp() {
    let mut lab = regional();
    let station = station_of(&lab.model, "a").unwrap();
    for part in lab.packet("a", "udp Host:53 len=3000").fragments(1500) {
        assert_eq!(lab.put(station, part), "delivered to Host");
    }
}

#[test]
fn a_regional_gateway_resets_idle_connections() {
    let mut lab = regional();
    lab.check("a | tcp Host:443 | delivered to Host");
    lab.wait(350);
    lab.check("a | tcp Host:443 ACK | nat-no-session at Nat");
    assert_eq!(lab.answer.as_deref(), Some("tcp RST from 203.0.113.5, delivered to a"));
}

#[test]
fn public_access_is_blocked_for_a_regional_gateway_too() {
    let mut lab = regional();
    lab.check(
        "
        a     | tcp Host:443 | delivered to Host
        aws   | ec2 modify-vpc-block-public-access-options --internet-gateway-block-mode block-ingress | ok
        reply | SYN-ACK      | delivered to a
        aws   | ec2 modify-vpc-block-public-access-options --internet-gateway-block-mode block-bidirectional | ok
        a     | tcp Host:443 ACK | public-access-blocked at Gateway
        aws   | ec2 create-vpc-block-public-access-exclusion --vpc-id V --internet-gateway-exclusion-mode allow-egress | ok
        a     | tcp Host:443 ACK | delivered to Host",
    );
    // Nobody on the internet has a private address.
    let public = lab.arrived().src;
    lab.check(&format!("Host | tcp {public}:443 from=192.168.0.1 | igw-private-source at Gateway"));
}

#[test]
fn any_exclusion_from_block_public_access_counts() {
    let mut lab = zonal();
    lab.check(
        "
        aws | ec2 modify-vpc-block-public-access-options --internet-gateway-block-mode block-bidirectional | ok
        aws | ec2 create-vpc-block-public-access-exclusion --subnet-id Private --internet-gateway-exclusion-mode allow-egress | ok
        a   | tcp Host:443 | public-access-blocked at Gateway
        aws | ec2 create-vpc-block-public-access-exclusion --vpc-id V --internet-gateway-exclusion-mode allow-bidirectional | ok
        a   | tcp Host:443 | delivered to Host",
    );
}

/// A server that answers one client, under rules that are open to nobody.
const GROUPS: &str = "
name: security groups
vpcs:
  V:
    cidr: 10.0.0.0/16
    subnets: { A: { cidr: 10.0.0.0/24 }, B: { cidr: 10.0.1.0/24 } }
    security_groups:
      Client: {}
      Server: { ingress: [{ tcp: 80, from: 10.0.0.0/24 }, { icmp: all, from: 10.0.0.0/24 }], egress: [] }
    instances: { a: { subnet: A, security_groups: Client }, b: { subnet: B, security_groups: Server } }
";

#[test]
fn an_error_that_a_rule_lets_through_lets_none_back() {
    let mut lab = Lab::of(GROUPS);
    let (a, b) = (lab.address("a"), lab.address("b"));
    let about = |from: &str, to: &str, lab: &Lab| lab.packet(from, &format!("tcp {to}:9 sport=9"));
    let [at_a, at_b] = ["a", "b"].map(|host| station_of(&lab.model, host).unwrap());
    let error = build::port_unreachable(Ends::TEST, a, &about("b", "a", &lab));
    assert_eq!(lab.put(at_a, error), "delivered to b");
    let error = build::port_unreachable(Ends::TEST, b, &about("a", "b", &lab));
    assert_eq!(lab.put(at_b, error), "security-group at Server");
}

#[test]
fn a_closed_flow_is_forgotten_whatever_still_comes() {
    let mut lab = Lab::of(GROUPS);
    let late = format!("tcp {}:40000 ACK sport=80", lab.address("a"));
    lab.check(&format!(
        "
        a    | tcp b:80     | delivered to b
        a    | tcp b:80 RST | delivered to b
        wait | 9            |
        b    | {late}       | delivered to a
        wait | 2            |
        b    | {late}       | security-group at Server"
    ));
}

#[test]
fn the_successor_of_a_closed_flow_needs_a_rule() {
    let mut lab = Lab::of(GROUPS);
    lab.check(
        "
        a   | tcp b:80     | delivered to b
        aws | ec2 revoke-security-group-ingress --group-id Server --protocol tcp --port 80 --cidr 10.0.0.0/24 | ok
        a   | tcp b:80 ACK | delivered to b
        a   | tcp b:80 RST | delivered to b
        a   | tcp b:80 SYN | security-group at Server",
    );
}

#[test]
fn a_rule_for_a_group_of_one_peer_is_not_for_another_peer_with_its_addresses() {
    let twin = |name: &str| {
        format!(
            "
  {name}:
    cidr: 10.1.0.0/16
    subnets: {{ S{name}: {{ cidr: 10.1.0.0/24 }} }}
    route_tables: {{ T{name}: {{ main: true, routes: {{ 10.0.0.0/16: B-{name} }} }} }}
    security_groups: {{ Group{name}: {{}} }}
    instances: {{ in{name}: {{ subnet: S{name}, security_groups: Group{name}, private_ip: 10.1.0.10 }} }}"
        )
    };
    let mut lab = Lab::of(&format!(
        "
name: twins
vpcs:
  B:
    cidr: 10.0.0.0/16
    subnets: {{ Sb: {{ cidr: 10.0.0.0/24 }} }}
    security_groups: {{ Web: {{ ingress: [{{ tcp: 80, from: X/GroupX }}] }} }}
    instances: {{ b: {{ subnet: Sb, security_groups: Web }} }}{}{}
peerings: {{ B-X: {{ requester: B, accepter: X }}, B-Y: {{ requester: B, accepter: Y }} }}
",
        twin("X"),
        twin("Y")
    ));
    lab.check("inX | tcp b:80 | delivered to b\ninY | tcp b:80 sport=41000 | security-group at Web");
}

const ENDPOINTS: &str = "
name: endpoints
region: us-east-1
vpcs:
  V:
    cidr: 10.0.0.0/16
    subnets: { A: { cidr: 10.0.0.0/24 } }
    route_tables: { Table: { main: true } }
    security_groups: { Open: { ingress: [{ from: anywhere }] } }
    instances: { a: { subnet: A, security_groups: Open, tracked_flows_max: 3 } }
    endpoints:
      Dynamo: { service: dynamodb, route_tables: Table }
      Sns: { service: sns, subnets: A, security_groups: Open }
internet:
  dynamo: { address: 52.94.0.10, service: dynamodb }
  sns: { address: 52.95.192.10, service: sns }
";

#[test]
fn answers_keep_a_connection_through_an_endpoint_alive_and_open_none() {
    let mut lab = Lab::of(ENDPOINTS);
    lab.check(
        "
        a     | tcp Sns:443 SYN-ACK | endpoint-idle at Sns
        a     | tcp Sns:443 SYN     | delivered to sns
        wait  | 300                 |
        reply | SYN-ACK             | delivered to a
        wait  | 300                 |
        a     | tcp Sns:443 ACK     | delivered to sns
        wait  | 350                 |
        a     | tcp Sns:443 ACK     | endpoint-idle at Sns",
    );
}

#[test]
fn a_connection_to_dynamodb_takes_two_entries() {
    let mut lab = Lab::of(ENDPOINTS);
    lab.check(
        "
        a | tcp dynamo:443 sport=1 | delivered to dynamo
        a | tcp dynamo:443 sport=2 | delivered to dynamo
        a | icmp Sns               | tracking-exceeded at a",
    );
}

#[test]
fn what_is_cut_before_a_tunnel_has_one_hop_less_and_not_two() {
    let mut lab = Lab::of(
        "
name: premises behind a transit gateway
vpcs:
  V:
    cidr: 10.0.0.0/16
    subnets: { A: { cidr: 10.0.0.0/24 } }
    route_tables: { Table: { main: true, routes: { 192.168.0.0/16: Hub } } }
    instances: { a: { subnet: A } }
transit_gateways:
  Hub: { attachments: { AtV: { vpc: V, subnets: A } } }
on_prem:
  Office:
    cidr: 192.168.0.0/16
    hosts: { desk: { address: 192.168.0.10 } }
    vpn: { Vpn: { to: Hub, routes: 192.168.0.0/16 } }
",
    );
    lab.check(
        "a | udp desk:9 len=2000 ttl=2 | 2 parts of at most 1446: delivered to desk, delivered to desk",
    );
}

#[test]
fn a_connection_to_dynamodb_is_tracked_even_if_its_first_packet_is_cut() {
    let mut lab = Lab::of(ENDPOINTS);
    lab.check(
        "
        a | tcp dynamo:443 sport=1 len=8600 | 2 parts of at most 8500: delivered to dynamo, delivered to dynamo
        a | tcp dynamo:443 sport=2          | delivered to dynamo
        a | icmp Sns                        | tracking-exceeded at a",
    );
}
