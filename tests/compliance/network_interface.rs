use crate::lab::Lab;

fn lab() -> Lab {
    Lab::of(
        "
name: interfaces
vpcs:
  V:
    cidr: 10.0.0.0/16
    internet_gateway: Gateway
    subnets: { A: { cidr: 10.0.0.0/24, az: a }, B: { cidr: 10.0.1.0/24, az: a }, Other: { cidr: 10.0.2.0/24, az: b } }
    route_tables: { Table: { main: true, routes: { 0.0.0.0/0: Gateway } } }
    security_groups:
      Ssh: { ingress: [{ tcp: 22, from: anywhere }] }
      Web: { ingress: [{ tcp: 80, from: anywhere }] }
      Database: { ingress: [{ tcp: 5432, from: Ssh }] }
    instances:
      host: { subnet: A, security_groups: Ssh, public_ip: 198.51.100.20 }
      client: { subnet: B, security_groups: Web }
    interfaces:
      second: { subnet: B, private_ip: 10.0.1.9, instance: host, security_groups: Web, public_ip: 198.51.100.21 }
      database: { subnet: B, type: interface, description: RDSNetworkInterface, security_groups: Database }
      spare: { subnet: A, private_ip: 10.0.0.77, security_groups: Web }
internet:
  Laptop: { address: 203.0.113.7 }
",
    )
}

#[test]
fn each_interface_of_an_instance_has_its_own_groups() {
    lab().check(
        "
        Laptop | tcp host.public:22   | delivered to host
        Laptop | tcp host.public:80   | security-group at Ssh
        Laptop | tcp second.public:80 | delivered to second
        Laptop | tcp second.public:22 | security-group at Web
        client | tcp second:80        | delivered to second
        client | tcp spare:80         | not-running at spare",
    );
}

#[test]
fn the_interface_of_a_service_is_filtered_and_answers() {
    lab().check(
        "
        host   | tcp database:5432 | delivered to database
        client | tcp database:5432 | security-group at Database
        host   | tcp database:22   | security-group at Database
        second | tcp database:5432 | security-group at Database",
    );
}

#[test]
fn further_interfaces_survive_their_instance() {
    let mut lab = lab();
    lab.check(
        "
        aws    | ec2 terminate-instances --instance-ids host | ok
        client | tcp 10.0.0.4:22   | no-such-address at V
        client | tcp second:80     | not-running at second",
    );
}
