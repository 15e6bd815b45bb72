use crate::lab::Lab;

const WORLD: &str = "
name: sizes
vpcs:
  V:
    cidr: 10.0.0.0/16
    internet_gateway: Gateway
    subnets:
      Public: { cidr: 10.0.0.0/24, map_public_ip: true }
      Private: { cidr: 10.0.1.0/24 }
    nat_gateways: { Nat: { subnet: Public, private_ip: 10.0.0.220 } }
    route_tables:
      PublicTable: { subnets: Public, routes: { 0.0.0.0/0: Gateway } }
      PrivateTable: { subnets: Private, routes: { 0.0.0.0/0: Nat } }
    security_groups:
      Open: { ingress: [{ from: anywhere }] }
      Closed: { ingress: [] }
    instances:
      a: { subnet: Public, security_groups: Open }
      b: { subnet: Public, security_groups: Open }
      private: { subnet: Private, security_groups: Closed }
internet:
  Host: { address: 203.0.113.5 }
";

#[test]
fn a_vpc_carries_jumbo_frames() {
    let mut lab = Lab::of(WORLD);
    lab.check(
        "
        a | tcp b:80 len=9001 df       | delivered to b
        a | tcp private:80 len=9001 df | security-group at Closed
        a | tcp b:80 len=9002          | mtu-exceeded at a",
    );
}

#[test]
fn the_internet_carries_1500_bytes_and_the_router_says_so() {
    let mut lab = Lab::of(WORLD);
    lab.check("a | tcp Host:80 len=1500 df | delivered to Host\na | tcp Host:80 len=1501 df | mtu-exceeded at Gateway");
    assert_eq!(lab.answer.as_deref(), Some("icmp 3/4 mtu 1500 from 10.0.0.1, delivered to a"));
    // What may be cut is cut.
    lab.check("a | udp Host:80 len=3000 | 3 parts of at most 1500: delivered to Host, delivered to Host, delivered to Host");
}

#[test]
fn a_nat_gateway_carries_8500_bytes_and_says_so() {
    let mut lab = Lab::of(WORLD);
    lab.check("private | tcp Host:80 len=8501 df | mtu-exceeded at Nat");
    assert_eq!(lab.answer.as_deref(), Some("icmp 3/4 mtu 8500 from 10.0.0.220, delivered to private"));
    // On the way out it is the router of the gateway's subnet, and the gateway brings it back.
    lab.check("private | tcp Host:80 | delivered to Host\nprivate | tcp Host:80 ACK len=1501 df | mtu-exceeded at Gateway");
    assert_eq!(lab.answer.as_deref(), Some("icmp 3/4 mtu 1500 from 10.0.0.1, delivered to private"));
}

#[test]
fn an_error_is_never_answered() {
    let mut lab = Lab::of(WORLD);
    let long = lab.packet("a", "udp Host:80 len=1500");
    let ends = vpclab::wire::build::Ends::TEST;
    let mut error = vpclab::wire::build::port_unreachable(ends, lab.address("a"), &long);
    error.set_ttl(1);
    let station = vpclab::scenario::station_of(&lab.model, "a").unwrap();
    lab.put(station, error);
    assert_eq!(lab.answer, None);
}
