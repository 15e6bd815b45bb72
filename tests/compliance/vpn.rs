use crate::lab::Lab;

const WORLD: &str = "
name: on premises
vpcs:
  V:
    cidr: 10.0.0.0/16
    internet_gateway: Gateway
    vpn_gateway: Vgw
    subnets: { A: { cidr: 10.0.0.0/24, map_public_ip: true }, P: { cidr: 10.0.1.0/24 } }
    nat_gateways: { Nat: { subnet: P, private: true } }
    route_tables:
      Table: { main: true, propagates: Vgw, routes: { 0.0.0.0/0: Gateway } }
    security_groups: { Open: { ingress: [{ from: anywhere }] } }
    instances:
      a: { subnet: A, security_groups: Open }
      router: { subnet: P, security_groups: Open, source_dest_check: false }
on_prem:
  Office:
    cidr: 192.168.0.0/16
    hosts: { desk: { address: 192.168.0.10 }, printer: { address: 192.168.0.11 } }
    vpn: { Vpn: { to: Vgw } }
internet:
  Host: { address: 203.0.113.5 }
";

#[test]
fn a_network_on_premises_and_a_vpc_talk_to_each_other() {
    let mut lab = Lab::of(WORLD);
    lab.check(
        "
        desk  | tcp a:80          | delivered to a
        reply | SYN-ACK           | delivered to desk
        a     | tcp desk:22       | delivered to desk
        reply | SYN-ACK           | delivered to a
        desk  | tcp printer:9100  | delivered to printer
        a     | tcp 192.168.7.7:1 | no-on-prem-host at Office
        desk  | tcp 10.7.0.1:80   | on-prem-no-route at Office",
    );
    assert_eq!(lab.model.route_tables.values().next().unwrap().routes().len(), 3);
}

#[test]
fn only_what_interfaces_send_and_receive_passes() {
    // So premises cannot use the VPC's internet gateway, NAT gateway or peers.
    let mut lab = Lab::of(WORLD);
    lab.check(
        "
        desk   | tcp Host:80                     | on-prem-no-route at Office
        desk   | tcp 10.0.0.99:80                | vgw-destination at Vgw
        router | tcp desk:80 from=172.16.0.9     | vgw-source at Vgw",
    );
}

#[test]
fn a_virtual_private_gateway_needs_a_static_route() {
    let mut lab = Lab::of(WORLD);
    lab.check(
        "
        aws | ec2 create-route --route-table-id Table --destination-cidr-block 172.16.0.0/12 --gateway-id Vgw | ok
        a   | tcp 172.16.0.1:80 | vgw-no-route at Vgw
        aws | ec2 delete-vpn-connection-route --vpn-connection-id Vpn --destination-cidr-block 192.168.0.0/16 | ok
        a   | tcp desk:22 | igw-private-destination at Gateway",
    );
}

#[test]
fn what_is_too_long_for_the_tunnel_is_dropped_in_silence_or_cut() {
    let mut lab = Lab::of(WORLD);
    lab.check(
        "a | tcp desk:22 len=1446 df | delivered to desk\na | tcp desk:22 len=1447 df | mtu-exceeded at Vpn",
    );
    assert_eq!(lab.answer, None);
    lab.check("a | udp desk:22 len=1447 | 2 parts of at most 1446: delivered to desk, delivered to desk");
    lab.check("desk | tcp a:80 len=1447 df | mtu-exceeded at Vpn");
}

#[test]
fn a_detached_gateway_leaves_a_blackhole() {
    let mut lab = Lab::of(
        &WORLD.replace("propagates: Vgw, routes: { 0.0.0.0/0: Gateway }", "routes: { 192.168.0.0/16: Vgw }"),
    );
    lab.check(
        "
        a   | tcp desk:22 | delivered to desk
        aws | ec2 detach-vpn-gateway --vpn-gateway-id Vgw --vpc-id V | ok
        a   | tcp desk:22 | blackhole at Table",
    );
}

#[test]
fn a_vpn_can_end_at_a_transit_gateway() {
    // Over a transit gateway premises do reach the NAT gateway.
    let mut lab = Lab::of(
        "
name: transit
vpcs:
  V:
    cidr: 10.0.0.0/16
    internet_gateway: Gateway
    subnets: { A: { cidr: 10.0.0.0/24 }, Public: { cidr: 10.0.1.0/24 }, T: { cidr: 10.0.2.0/24 } }
    nat_gateways: { Nat: { subnet: Public } }
    route_tables:
      Table: { main: true, routes: { 192.168.0.0/16: Hub } }
      TableT: { subnets: T, routes: { 0.0.0.0/0: Nat } }
      TableP: { subnets: Public, routes: { 0.0.0.0/0: Gateway, 192.168.0.0/16: Hub } }
    security_groups: { Open: { ingress: [{ from: anywhere }] } }
    instances: { a: { subnet: A, security_groups: Open } }
transit_gateways:
  Hub:
    attachments: { AtV: { vpc: V, subnets: T } }
    route_tables: { Default: { default: true, routes: { 0.0.0.0/0: AtV } } }
on_prem:
  Office:
    cidr: 192.168.0.0/16
    hosts: { desk: { address: 192.168.0.10 } }
    vpn: { Vpn: { to: Hub } }
internet:
  Host: { address: 203.0.113.5 }
",
    );
    lab.check(
        "
        desk  | tcp a:80    | delivered to a
        reply | SYN-ACK     | delivered to desk
        a     | tcp desk:22 | delivered to desk
        reply | SYN-ACK     | delivered to a
        desk  | tcp Host:80 | delivered to Host
        reply | SYN-ACK     | delivered to desk",
    );
}
