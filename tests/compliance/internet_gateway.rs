use crate::lab::Lab;

fn lab() -> Lab {
    Lab::of(
        "
name: internet gateways
vpcs:
  V:
    cidr: 10.0.0.0/16
    internet_gateway: Gateway
    subnets:
      Public: { cidr: 10.0.0.0/24, map_public_ip: true }
      Private: { cidr: 10.0.1.0/24, map_public_ip: true }
    route_tables: { PublicTable: { subnets: Public, routes: { 0.0.0.0/0: Gateway } } }
    security_groups: { Open: { ingress: [{ from: anywhere }] } }
    instances:
      a: { subnet: Public, security_groups: Open }
      b: { subnet: Public, security_groups: Open }
      unmapped: { subnet: Public, security_groups: Open, public_ip: false, secondary_private_ips: 10.0.0.50 }
      private: { subnet: Private, security_groups: Open }
internet:
  Laptop: { address: 198.51.100.7 }
",
    )
}

#[test]
fn one_public_address_stands_for_one_private_address_both_ways() {
    let mut lab = lab();
    lab.check("a | tcp Laptop:443 | delivered to Laptop");
    assert_eq!(lab.arrived().src, lab.address("a.public"));
    assert_eq!(lab.arrived().src_port, 40_000, "ports stay");
    lab.check("reply | SYN-ACK | delivered to a");
    assert_eq!(lab.arrived().dst, lab.address("a"));
}

#[test]
fn without_a_public_address_nothing_leaves() {
    let mut lab = lab();
    lab.check("unmapped | tcp Laptop:443 | igw-no-public-address at Gateway");
}

#[test]
fn private_and_shared_addresses_are_neither_reached_nor_believed() {
    let mut lab = lab();
    lab.check(
        "
        a      | tcp 192.168.0.1:80                 | igw-private-destination at Gateway
        a      | tcp 172.16.0.1:80                  | igw-private-destination at Gateway
        a      | tcp 100.64.0.1:80                  | igw-shared-destination at Gateway
        Laptop | tcp a.public:80 from=10.9.9.9      | igw-private-source at Gateway
        Laptop | tcp a.public:80 from=100.127.255.1 | igw-shared-source at Gateway
        Laptop | tcp a.public:80 from=100.128.0.1   | delivered to a",
    );
}

#[test]
fn a_public_address_does_not_make_a_subnet_public() {
    // What comes in arrives; the answer finds no route.
    let mut lab = lab();
    lab.check("Laptop | tcp private.public:80 | delivered to private\nreply | SYN-ACK | no-route at main table of V");
}

#[test]
fn instances_reach_each_other_over_their_public_addresses() {
    let mut lab = lab();
    lab.check("a | tcp b.public:80 | delivered to b");
    assert_eq!(lab.arrived().src, lab.address("a.public"));
    lab.check("reply | SYN-ACK | delivered to a");
}

#[test]
fn an_elastic_ip_belongs_to_one_private_address() {
    let mut lab = lab();
    lab.aws("ec2 allocate-address --tag-specifications ResourceType=elastic-ip,Tags=[{Key=Name,Value=Eip}]");
    let eip = lab.model.elastic_ips.values().next().unwrap().ip;
    lab.check(&format!("Laptop | tcp {eip}:80 | no-internet-host at internet"));
    lab.aws(
        "ec2 associate-address --allocation-id Eip --instance-id unmapped --private-ip-address 10.0.0.50",
    );
    lab.check(&format!("Laptop | tcp {eip}:80 | delivered to unmapped"));
    assert_eq!(lab.arrived().dst.to_string(), "10.0.0.50");
    lab.check("unmapped | tcp Laptop:80 from=10.0.0.50 | delivered to Laptop");
    lab.check("unmapped | tcp Laptop:80 | igw-no-public-address at Gateway");
}

#[test]
fn the_interface_sends_and_receives_with_its_own_addresses_only() {
    let mut lab = lab();
    lab.check(
        "
        a        | tcp b:80 from=10.0.0.99        | source-check at a
        unmapped | tcp b:80 from=10.0.0.50        | delivered to b
        a        | tcp 10.0.0.50:80               | delivered to unmapped
        a        | udp 10.0.0.255:68              | not-unicast at a
        a        | udp 224.0.0.251:5353           | not-unicast at a
        a        | tcp 10.0.77.7:80               | no-such-address at V
        a        | tcp 169.254.169.123:80         | link-local at a",
    );
}

#[test]
fn nobody_answers_behind_a_stopped_instance() {
    let mut lab = lab();
    lab.aws("ec2 stop-instances --instance-ids b");
    lab.check("a | tcp b:80 | not-running at b");
}
