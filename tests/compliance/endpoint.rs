use crate::lab::Lab;

const WORLD: &str = "
name: endpoints
region: ap-northeast-2
vpcs:
  V:
    cidr: 10.0.0.0/16
    vpn_gateway: Vgw
    dns_hostnames: true
    subnets: { A: { cidr: 10.0.0.0/24, az: a }, B: { cidr: 10.0.1.0/24, az: b } }
    route_tables:
      Table: { main: true, propagates: Vgw, routes: { 10.1.0.0/16: V-W } }
      TableB: { subnets: B }
    security_groups:
      Open: { ingress: [{ from: anywhere }] }
      Https: { ingress: [{ tcp: 443, from: 10.0.0.0/8 }, { icmp: all, from: anywhere }, { tcp: 443, from: 192.168.0.0/16 }] }
    instances:
      a: { subnet: A, security_groups: Open }
      b: { subnet: B, security_groups: Open }
    endpoints:
      S3: { service: s3, route_tables: Table }
      Sns: { service: sns, subnets: [A, B], security_groups: Https }
  W:
    cidr: 10.1.0.0/16
    subnets: { Sw: { cidr: 10.1.0.0/24 } }
    route_tables: { Tw: { main: true, routes: { 10.0.0.0/16: V-W, 52.219.56.0/22: V-W } } }
    instances: { w: { subnet: Sw } }
peerings: { V-W: { requester: V, accepter: W } }
on_prem:
  Office:
    cidr: 192.168.0.0/16
    hosts: { desk: { address: 192.168.0.10 } }
    vpn: { Vpn: { to: Vgw } }
internet:
  s3-server: { address: 52.219.58.47, service: s3 }
  s3-elsewhere: { address: 54.231.0.5, service: com.amazonaws.us-east-1.s3 }
  sns-server: { address: 52.95.192.10, service: sns }
";

#[test]
fn a_gateway_endpoint_is_a_route_to_its_region_only() {
    let mut lab = Lab::of(WORLD);
    lab.check(
        "
        a | tcp s3-server:443    | delivered to s3-server
        a | tcp s3-elsewhere:443 | no-route at Table
        b | tcp s3-server:443    | no-route at TableB",
    );
}

#[test]
fn the_service_sees_the_private_address() {
    let mut lab = Lab::of(WORLD);
    lab.check("a | tcp s3-server:443 | delivered to s3-server");
    assert_eq!(lab.arrived().src, lab.address("a"));
    lab.check("reply | SYN-ACK | delivered to a");
}

#[test]
fn a_gateway_endpoint_carries_tcp_and_pings() {
    let mut lab = Lab::of(WORLD);
    lab.check(
        "
        a | icmp s3-server    | delivered to s3-server
        reply | -             | delivered to a
        a | udp s3-server:443 | gateway-endpoint-protocol at S3",
    );
}

#[test]
fn a_gateway_endpoint_serves_its_own_vpc() {
    let world = WORLD
        .replace("routes: { 10.1.0.0/16: V-W } }", "routes: { 10.1.0.0/16: Hub } }")
        .replace("10.0.0.0/16: V-W, 52.219.56.0/22: V-W", "10.0.0.0/16: Hub, 52.219.56.0/22: Hub")
        + "
transit_gateways:
  Hub:
    attachments: { AtV: { vpc: V, subnets: A }, AtW: { vpc: W, subnets: Sw } }
    route_tables: { HubTable: { default: true, routes: { 52.219.56.0/22: AtV } } }
";
    let mut lab = Lab::of(&world);
    lab.check(
        "
        a | tcp s3-server:443 | delivered to s3-server
        w | tcp s3-server:443 | gateway-endpoint-source at S3",
    );
}

#[test]
fn peers_and_premises_cannot_use_a_gateway_endpoint() {
    let mut lab = Lab::of(WORLD);
    lab.check(
        "
        w    | tcp s3-server:443 | peering-not-transitive at V-W
        desk | tcp s3-server:443 | on-prem-no-route at Office",
    );
}

#[test]
fn peers_and_premises_can_use_an_interface_endpoint() {
    let mut lab = Lab::of(WORLD);
    lab.check(
        "
        a     | tcp Sns:443 | delivered to sns-server
        reply | SYN-ACK     | delivered to a
        w     | tcp Sns:443 | delivered to sns-server
        reply | SYN-ACK     | delivered to w
        desk  | tcp Sns:443 | delivered to sns-server
        reply | SYN-ACK     | delivered to desk",
    );
}

#[test]
fn an_interface_endpoint_has_groups_and_an_interface_in_each_subnet() {
    let mut lab = Lab::of(WORLD);
    lab.check("a | tcp Sns:80 | security-group at Https");
    let of_endpoint = lab
        .model
        .enis
        .values()
        .filter(|eni| matches!(eni.owner, Some(vpclab::model::Owner::InterfaceEndpoint(_))));
    assert_eq!(of_endpoint.count(), 2);
    let refused = vpclab::scenario::load(
        &WORLD.replace("B: { cidr: 10.0.1.0/24, az: b }", "B: { cidr: 10.0.1.0/24, az: a }"),
    );
    let text = refused.expect_err("two subnets of one zone").render("lab", WORLD, false);
    assert!(text.contains("DuplicateSubnetsInSameZone"), "{text}");
}

#[test]
fn an_interface_endpoint_answers_no_pings() {
    let mut lab = Lab::of(WORLD);
    lab.check("a | icmp Sns | interface-endpoint-protocol at Sns");
}

#[test]
fn a_connection_through_an_interface_endpoint_is_forgotten_after_350_seconds() {
    let mut lab = Lab::of(WORLD);
    lab.check("a | tcp Sns:443 | delivered to sns-server\nreply | SYN-ACK | delivered to a");
    lab.wait(349);
    lab.check("a | tcp Sns:443 ACK | delivered to sns-server");
    lab.wait(350);
    lab.check("a | tcp Sns:443 ACK | endpoint-idle at Sns");
    assert_eq!(lab.answer, None);
}

#[test]
fn an_endpoint_drops_what_is_longer_than_8500_bytes_in_silence() {
    let mut lab = Lab::of(WORLD);
    lab.check(
        "
        a | tcp Sns:443              | delivered to sns-server
        a | tcp Sns:443 ACK len=8501 df | mtu-exceeded at Sns",
    );
    assert_eq!(lab.answer, None);
}

#[test]
fn connections_to_endpoints_are_tracked_whatever_the_rules() {
    let mut lab = Lab::of(&WORLD
        .replace("      S3: { service: s3, route_tables: Table }", "      S3: { service: s3, route_tables: Table }\n      Dynamo: { service: dynamodb, route_tables: Table }")
        .replace("internet:\n", "internet:\n  dynamo-server: { address: 52.94.6.7, service: dynamodb }\n"));
    // Open both ways; revoking the rule cuts what is not tracked.
    let revoke = "ec2 revoke-security-group-egress --group-id Open --protocol all --cidr 0.0.0.0/0";
    for server in ["s3-server", "dynamo-server", "Sns"] {
        lab.send("a", &format!("tcp {server}:443"));
    }
    lab.aws(revoke);
    lab.check(
        "
        a | tcp s3-server:443 ACK     | security-group at Open
        a | tcp dynamo-server:443 ACK | delivered to dynamo-server
        a | tcp Sns:443 ACK           | delivered to sns-server",
    );
}

#[test]
fn the_route_of_a_gateway_endpoint_changes_with_the_endpoint_only() {
    let mut lab = Lab::of(WORLD);
    let list = lab.model.prefix_lists.values().next().unwrap().id;
    assert_eq!(list.to_string(), "pl-78a54011", "AWS's id in ap-northeast-2");
    lab.check(&format!(
        "
        aws | ec2 delete-route --route-table-id Table --destination-prefix-list-id {list} | InvalidParameterValue:
        aws | ec2 modify-vpc-endpoint --vpc-endpoint-id S3 --remove-route-table-ids Table | ok
        a   | tcp s3-server:443 | no-route at Table
        aws | ec2 modify-vpc-endpoint --vpc-endpoint-id S3 --add-route-table-ids Table TableB | ok
        b   | tcp s3-server:443 | delivered to s3-server
        aws | ec2 delete-vpc-endpoints --vpc-endpoint-ids S3 | ok
        b   | tcp s3-server:443 ACK | no-route at TableB"
    ));
}

#[test]
fn an_answer_finds_back_only_while_the_endpoint_is_there() {
    let mut lab = Lab::of(WORLD);
    lab.check("a | tcp s3-server:443 | delivered to s3-server");
    lab.aws("ec2 delete-vpc-endpoints --vpc-endpoint-ids S3");
    lab.check("reply | SYN-ACK | no-internet-host at internet");
}

#[test]
fn a_service_nobody_stands_for_is_named() {
    // Unlike those that are everywhere.
    let mut lab = Lab::of(&WORLD.replace("Sns: { service: sns,", "Sns: { service: kms,"));
    lab.check("a | tcp Sns:443 | endpoint-no-service at Sns");
}
