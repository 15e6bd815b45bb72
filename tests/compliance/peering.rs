use crate::lab::Lab;

/// A - B - C in a row; D is of another region.
const WORLD: &str = "
name: peering
vpcs:
  A:
    cidr: 10.0.0.0/16
    internet_gateway: GatewayA
    subnets: { Sa: { cidr: 10.0.0.0/24 } }
    route_tables:
      Ta: { main: true, routes: { 10.1.0.0/16: A-B, 10.2.0.0/16: A-B, 0.0.0.0/0: A-B, 10.3.0.0/16: A-D } }
    security_groups: { Client: {} }
    instances: { a: { subnet: Sa, security_groups: Client } }
  B:
    cidr: 10.1.0.0/16
    internet_gateway: GatewayB
    subnets: { Sb: { cidr: 10.1.0.0/24, map_public_ip: true } }
    route_tables: { Tb: { main: true, routes: { 10.0.0.0/16: A-B, 10.2.0.0/16: B-C, 0.0.0.0/0: GatewayB } } }
    security_groups: { Web: { ingress: [{ tcp: 80, from: A/Client }, { tcp: 443, from: 10.0.0.0/16 }] } }
    instances: { b: { subnet: Sb, security_groups: Web } }
  C:
    cidr: 10.2.0.0/16
    subnets: { Sc: { cidr: 10.2.0.0/24 } }
    route_tables: { Tc: { main: true, routes: { 10.1.0.0/16: B-C, 10.0.0.0/16: B-C } } }
    security_groups: { OpenC: { ingress: [{ from: anywhere }] } }
    instances: { c: { subnet: Sc, security_groups: OpenC } }
  D:
    region: eu-west-1
    cidr: 10.3.0.0/16
    subnets: { Sd: { cidr: 10.3.0.0/24 } }
    route_tables: { Td: { main: true, routes: { 10.0.0.0/16: A-D } } }
    security_groups: { OpenD: { ingress: [{ from: anywhere }] } }
    instances: { d: { subnet: Sd, security_groups: OpenD } }
peerings:
  A-B: { requester: A, accepter: B }
  B-C: { requester: B, accepter: C }
  A-D: { requester: A, accepter: D }
internet:
  Host: { address: 203.0.113.5 }
";

#[test]
fn a_peering_connection_carries_what_goes_between_its_vpcs() {
    let mut lab = Lab::of(WORLD);
    lab.check("a | tcp b:443 | delivered to b\nreply | SYN-ACK | delivered to a");
}

#[test]
fn there_is_no_transit_and_no_edge_to_edge_routing() {
    let mut lab = Lab::of(WORLD);
    lab.check(
        "
        a | tcp c:80    | peering-not-transitive at A-B
        a | tcp Host:80 | peering-not-transitive at A-B
        c | tcp a:80    | peering-not-transitive at B-C",
    );
}

#[test]
fn a_group_of_a_peer_can_be_named_within_a_region() {
    let mut lab = Lab::of(WORLD);
    lab.check("a | tcp b:80 | delivered to b");
    // Without the connection the rule is stale.
    lab.aws("ec2 delete-vpc-peering-connection --vpc-peering-connection-id A-B");
    lab.check("a | tcp b:80 sport=41000 | blackhole at Ta");
    let refused = lab.try_aws(
        "ec2 authorize-security-group-ingress --group-id A/Client --protocol tcp --port 80 --source-group OpenD",
    );
    assert_eq!(refused, Err("InvalidGroup.NotFound: ".to_owned()), "not between regions");
}

#[test]
fn the_route_back_is_a_route_of_its_own() {
    let mut lab = Lab::of(WORLD);
    lab.aws("ec2 delete-route --route-table-id Tb --destination-cidr-block 10.0.0.0/16");
    lab.check("a | tcp b:443 | delivered to b\nreply | SYN-ACK | igw-private-destination at GatewayB");
}

#[test]
fn a_pending_connection_is_a_blackhole_until_it_is_accepted() {
    let mut lab = Lab::of(
        &WORLD
            .replace(
                "A-B: { requester: A, accepter: B }",
                "A-B: { requester: A, accepter: B, accepted: false }",
            )
            .replace("{ tcp: 80, from: A/Client }, ", ""),
    );
    lab.check(
        "
        a   | tcp b:443 | blackhole at Ta
        aws | ec2 accept-vpc-peering-connection --vpc-peering-connection-id A-B | ok
        a   | tcp b:443 | delivered to b",
    );
}

#[test]
fn the_most_specific_route_chooses_among_peers() {
    let mut lab = Lab::of(WORLD);
    lab.aws("ec2 create-vpc --cidr-block 10.1.0.0/24 --tag-specifications ResourceType=vpc,Tags=[{Key=Name,Value=Twin}]");
    lab.aws("ec2 create-vpc-peering-connection --vpc-id A --peer-vpc-id Twin --tag-specifications ResourceType=vpc-peering-connection,Tags=[{Key=Name,Value=A-Twin}]");
    lab.aws("ec2 accept-vpc-peering-connection --vpc-peering-connection-id A-Twin");
    lab.aws("ec2 create-route --route-table-id Ta --destination-cidr-block 10.1.0.77/32 --vpc-peering-connection-id A-Twin");
    lab.check("a | tcp 10.1.0.77:80 | no-such-address at Twin\na | tcp b:443 | delivered to b");
}

#[test]
fn regions_are_connected_with_shorter_packets() {
    let mut lab = Lab::of(WORLD);
    lab.check(
        "
        a | tcp b:443 len=9001 df | delivered to b
        a | tcp d:443 len=8500 df | delivered to d
        a | tcp d:443 len=8501 df | mtu-exceeded at A-D",
    );
    assert_eq!(lab.answer.as_deref(), Some("icmp 3/4 mtu 8500 from 10.0.0.1, delivered to a"));
}
