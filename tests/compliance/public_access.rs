use vpclab::trace::Step;

use crate::lab::Lab;

const WORLD: &str = "
name: block public access
vpcs:
  V:
    cidr: 10.0.0.0/16
    internet_gateway: Gateway
    subnets:
      A: { cidr: 10.0.0.0/24, map_public_ip: true }
      B: { cidr: 10.0.1.0/24, map_public_ip: true }
      P: { cidr: 10.0.2.0/24 }
    nat_gateways: { Nat: { subnet: A } }
    route_tables:
      Table: { main: true, routes: { 0.0.0.0/0: Gateway } }
      TableP: { subnets: P, routes: { 0.0.0.0/0: Nat } }
    security_groups: { Open: { ingress: [{ from: anywhere }] } }
    instances:
      a: { subnet: A, security_groups: Open }
      b: { subnet: B, security_groups: Open }
      p: { subnet: P, security_groups: Open }
internet: { Host: { address: 203.0.113.5 } }
";

#[test]
fn public_access_is_blocked_for_a_region_but_for_exclusions() {
    let mut lab = Lab::of(WORLD);
    lab.check(
        "
        aws   | ec2 modify-vpc-block-public-access-options --internet-gateway-block-mode block-bidirectional | ok
        a     | tcp Host:80     | public-access-blocked at Gateway
        p     | tcp Host:80     | public-access-blocked at Gateway
        Host  | tcp a.public:80 | public-access-blocked at Gateway
        aws   | ec2 modify-vpc-block-public-access-options --internet-gateway-block-mode block-ingress | ok
        a     | tcp Host:80     | public-access-blocked at Gateway
        p     | tcp Host:80     | delivered to Host
        reply | SYN-ACK         | delivered to p
        Host  | tcp a.public:80 | public-access-blocked at Gateway
        aws   | ec2 create-vpc-block-public-access-exclusion --subnet-id B --internet-gateway-exclusion-mode allow-bidirectional | ok
        Host  | tcp b.public:80 | delivered to b
        reply | SYN-ACK         | delivered to Host
        Host  | tcp a.public:80 | public-access-blocked at Gateway
        aws   | ec2 modify-vpc-block-public-access-options --internet-gateway-block-mode off | ok
        Host  | tcp a.public:80 | delivered to a",
    );
}

#[test]
fn what_public_access_refuses_is_metered_as_rejected() {
    let mut lab = Lab::of(WORLD);
    lab.aws("ec2 modify-vpc-block-public-access-options --internet-gateway-block-mode block-bidirectional");
    for (from, packet) in [("a", "tcp Host:80"), ("Host", "tcp a.public:80")] {
        lab.send(from, packet);
        let metered: Vec<bool> = lab
            .steps
            .iter()
            .filter_map(|step| if let Step::Metered { accepted, .. } = step { Some(*accepted) } else { None })
            .collect();
        assert_eq!(metered, [false], "{from}");
    }
}
