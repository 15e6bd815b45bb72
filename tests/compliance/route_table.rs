use crate::lab::Lab;

const WORLD: &str = "
name: routes
prefix_lists:
  Wide: { entries: [192.0.2.0/24], max_entries: 3 }
vpcs:
  V:
    cidr: 10.0.0.0/16
    internet_gateway: Gateway
    vpn_gateway: Vgw
    subnets:
      A: { cidr: 10.0.0.0/24, map_public_ip: true }
      B: { cidr: 10.0.1.0/24 }
      M: { cidr: 10.0.2.0/24, map_public_ip: true }
    route_tables:
      TableA: { subnets: A, routes: { 0.0.0.0/0: Gateway } }
      Main: { main: true }
    security_groups: { Open: { ingress: [{ from: anywhere }] } }
    instances:
      a: { subnet: A, security_groups: Open }
      b: { subnet: B, security_groups: Open }
      firewall: { subnet: M, security_groups: Open, source_dest_check: false, forwards: true }
      checked: { subnet: M, security_groups: Open }
on_prem:
  Office:
    cidr: [192.168.0.0/16, 192.0.2.0/24]
    hosts: { desk: { address: 192.168.0.10 }, server: { address: 192.0.2.10 } }
    vpn: { Vpn: { to: Vgw } }
internet:
  Host: { address: 203.0.113.5 }
";

fn lab() -> Lab {
    Lab::of(WORLD)
}

#[test]
fn the_longest_prefix_wins_and_local_takes_what_is_inside() {
    let mut lab = lab();
    lab.check(
        "
        a   | tcp b:80         | delivered to b
        a   | tcp Host:80      | delivered to Host
        a   | tcp 10.0.99.9:80 | no-such-address at V
        b   | tcp Host:80      | no-route at Main",
    );
}

#[test]
fn a_subnet_without_a_table_of_its_own_has_the_main_one() {
    let mut lab = lab();
    lab.check(
        "
        aws | ec2 create-route --route-table-id Main --destination-cidr-block 0.0.0.0/0 --gateway-id Gateway | ok
        b   | tcp Host:80 | igw-no-public-address at Gateway
        aws | ec2 associate-route-table --route-table-id TableA --subnet-id B | ok
        aws | ec2 delete-route --route-table-id Main --destination-cidr-block 0.0.0.0/0 | ok
        b   | tcp Host:80 | igw-no-public-address at Gateway
        aws | ec2 disassociate-route-table --association-id B | ok
        b   | tcp Host:80 | no-route at Main",
    );
}

#[test]
fn a_static_route_comes_before_a_list_and_a_list_before_what_is_propagated() {
    let mut lab = lab();
    // Only what is propagated.
    lab.aws("ec2 enable-vgw-route-propagation --route-table-id TableA --gateway-id Vgw");
    lab.check("a | tcp server:80 | delivered to server");
    lab.aws("ec2 create-route --route-table-id TableA --destination-prefix-list-id Wide --network-interface-id firewall");
    lab.check("a | tcp server:80 | delivered to firewall");
    lab.aws(
        "ec2 create-route --route-table-id TableA --destination-cidr-block 192.0.2.0/24 --gateway-id Gateway",
    );
    lab.check("a | tcp server:80 | no-internet-host at internet");
    // A longer prefix beats them all.
    lab.aws("ec2 create-route --route-table-id TableA --destination-cidr-block 192.0.2.10/32 --network-interface-id firewall");
    lab.check("a | tcp server:80 | delivered to firewall");
}

#[test]
fn what_is_propagated_never_leads_out_what_is_local() {
    let mut lab = lab();
    lab.aws("ec2 create-vpn-connection-route --vpn-connection-id Vpn --destination-cidr-block 10.0.1.0/24");
    lab.aws("ec2 enable-vgw-route-propagation --route-table-id TableA --gateway-id Vgw");
    lab.check("a | tcp b:80 | delivered to b\na | tcp desk:80 | delivered to desk");
}

#[test]
fn a_prefix_list_is_followed_when_it_changes() {
    let mut lab = lab();
    lab.aws("ec2 create-route --route-table-id TableA --destination-prefix-list-id Wide --network-interface-id firewall");
    lab.check("a | tcp 192.0.2.99:80 | delivered to firewall\na | tcp Host:80 | delivered to Host");
    lab.aws("ec2 modify-managed-prefix-list --prefix-list-id Wide --add-entries Cidr=203.0.113.0/24 --remove-entries Cidr=192.0.2.0/24");
    lab.check("a | tcp Host:80 sport=41000 | delivered to firewall\na | tcp 192.0.2.99:80 | no-internet-host at internet");
}

#[test]
fn a_blackhole_comes_and_goes_with_its_target() {
    let mut lab = lab();
    lab.aws("ec2 create-route --route-table-id TableA --destination-cidr-block 192.0.2.0/24 --instance-id checked");
    lab.check(
        "
        a   | tcp 192.0.2.1:80 | destination-check at checked
        aws | ec2 stop-instances --instance-ids checked  | ok
        a   | tcp 192.0.2.1:80 | blackhole at TableA
        aws | ec2 start-instances --instance-ids checked | ok
        a   | tcp 192.0.2.1:80 | destination-check at checked
        aws | ec2 terminate-instances --instance-ids checked | ok
        a   | tcp 192.0.2.1:80 | blackhole at TableA",
    );
}

#[test]
fn a_whole_subnet_can_be_sent_through_a_middlebox() {
    let mut lab = lab();
    lab.check(
        "
        aws | ec2 create-route --route-table-id TableA --destination-cidr-block 10.0.1.0/25 --instance-id firewall | InvalidParameterValue: Route destination doesn't match any subnet CIDR blocks.
        aws | ec2 create-route --route-table-id TableA --destination-cidr-block 10.0.1.0/24 --gateway-id Gateway | InvalidParameterValue: The destination CIDR block 10.0.1.0/24 is equal to or more specific than one of this VPC's CIDR blocks. This route can target only an interface or an instance.
        aws | ec2 create-route --route-table-id TableA --destination-cidr-block 10.0.1.0/24 --instance-id firewall | ok
        a   | tcp b:80 | delivered to firewall",
    );
    assert_eq!(lab.arrived().dst, lab.address("b"), "the destination is not touched");
    // The way back is another table's matter.
    let from = format!("tcp a:40000 SYN-ACK sport=80 from={}", lab.address("b"));
    lab.check(&format!("b | {from} | delivered to a"));
}

#[test]
fn the_local_route_can_be_sent_through_a_middlebox_and_back() {
    let mut lab = lab();
    lab.check(
        "
        aws | ec2 replace-route --route-table-id TableA --destination-cidr-block 10.0.0.0/16 --instance-id firewall | ok
        a   | tcp b:80 | delivered to firewall
        aws | ec2 replace-route --route-table-id TableA --destination-cidr-block 10.0.0.0/16 --local-target | ok
        a   | tcp b:80 | delivered to b
        aws | ec2 delete-route --route-table-id TableA --destination-cidr-block 10.0.0.0/16 | InvalidParameterValue: cannot remove local route 10.0.0.0/16 in route table {TableA}"
            .replace("{TableA}", &lab.model.route_tables.values().find(|t| t.name.as_deref() == Some("TableA")).unwrap().id.to_string())
            .as_str(),
    );
}

/// What comes in from the internet for A goes through a firewall.
fn ingress_routing() -> Lab {
    let world = WORLD.replace(
        "      Main: { main: true }",
        "      Ingress: { gateways: Gateway, routes: { 10.0.0.0/24: firewall } }
      TableM: { subnets: M, routes: { 0.0.0.0/0: Gateway } }
      Main: { main: true }",
    );
    Lab::of(&world)
}

#[test]
fn a_gateway_can_have_a_table_for_what_comes_in() {
    let mut lab = ingress_routing();
    lab.check("Host | tcp a.public:80 | delivered to firewall");
    assert_eq!(lab.arrived().dst, lab.address("a"));
    lab.check("Host | tcp checked.public:80 | delivered to checked");
}

#[test]
fn what_comes_in_through_a_middlebox_goes_out_through_it() {
    let mut lab = ingress_routing();
    lab.check("a | tcp Host:80 | ingress-redirected at Gateway");
    lab.aws(
        "ec2 replace-route --route-table-id TableA --destination-cidr-block 0.0.0.0/0 --instance-id firewall",
    );
    lab.check("a | tcp Host:80 | delivered to firewall");
    let from = format!("tcp Host:80 from={}", lab.address("a"));
    lab.check(&format!("firewall | {from} | delivered to Host"));
    assert_eq!(lab.arrived().src, lab.address("a.public"));
}

#[test]
fn a_middlebox_behind_an_internet_gateway_needs_a_public_address() {
    let world = WORLD
        .replace("M: { cidr: 10.0.2.0/24, map_public_ip: true }", "M: { cidr: 10.0.2.0/24 }")
        .replace(
            "      Main: { main: true }",
            "      Ingress: { gateways: Gateway, routes: { 10.0.0.0/24: firewall } }\n      Main: { main: true }",
        );
    Lab::of(&world).check("Host | tcp a.public:80 | middlebox-no-public-address at Ingress");
}

#[test]
fn link_local_services_are_never_routed() {
    let mut lab = lab();
    lab.check(
        "
        aws | ec2 create-route --route-table-id TableA --destination-cidr-block 169.254.169.254/32 --gateway-id Gateway | InvalidParameterValue:
        aws | ec2 create-route --route-table-id TableA --destination-cidr-block 169.254.0.0/16 --gateway-id Gateway | ok
        a   | udp 169.254.169.253:54 | link-local at a",
    );
}
