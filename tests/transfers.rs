//! A page of a million bytes over every kind of hop: path MTU discovery, smaller segments and fragments work
//! together, whatever the hosts believe at first.

use vpclab::report::result::{End, Outcome};
use vpclab::suite::{self, Options};

const WORLD: &str = "
name: transfers
region: ap-northeast-2
vpcs:
  A:
    cidr: 10.0.0.0/16
    internet_gateway: GatewayA
    vpn_gateway: Vgw
    dns_hostnames: true
    subnets:
      Public: { cidr: 10.0.0.0/24, az: a, map_public_ip: true }
      Private: { cidr: 10.0.1.0/24, az: a }
      Other: { cidr: 10.0.2.0/24, az: b }
      Ta: { cidr: 10.0.9.0/28, az: a }
      Firewalled: { cidr: 10.0.3.0/24, az: a }
    nat_gateways: { Nat: { subnet: Public } }
    route_tables:
      PublicTable: { subnets: Public, routes: { 0.0.0.0/0: GatewayA, 10.1.0.0/16: A-B, 10.2.0.0/16: A-C, 10.3.0.0/16: Hub }, propagates: Vgw }
      PrivateTable: { subnets: Private, routes: { 0.0.0.0/0: Nat } }
      FirewalledTable: { subnets: Firewalled, routes: { 0.0.0.0/0: firewall, 10.0.2.0/24: firewall } }
      OtherTable: { subnets: Other, routes: { 10.0.3.0/24: firewall } }
      TaTable: { subnets: Ta }
    security_groups: { Open: { ingress: [{ from: anywhere }] } }
    instances:
      public: { subnet: Public, security_groups: Open, serves: { 80: { bytes: 1000000 } } }
      near: { subnet: Public, security_groups: Open, serves: { 80: { bytes: 1000000 } } }
      private: { subnet: Private, security_groups: Open }
      other: { subnet: Other, security_groups: Open, serves: { 80: { bytes: 1000000 } } }
      behind: { subnet: Firewalled, security_groups: Open }
      firewall: { subnet: Public, security_groups: Open, source_dest_check: false, forwards: true }
    endpoints:
      S3: { service: s3, route_tables: PublicTable }
      Sns: { service: sns, subnets: Private, security_groups: Open }
  B:
    cidr: 10.1.0.0/16
    subnets: { Sb: { cidr: 10.1.0.0/24 } }
    route_tables: { Tb: { main: true, routes: { 10.0.0.0/16: A-B } } }
    security_groups: { OpenB: { ingress: [{ from: anywhere }] } }
    instances: { peer: { subnet: Sb, security_groups: OpenB, serves: { 80: { bytes: 1000000 } } } }
  C:
    region: eu-west-1
    cidr: 10.2.0.0/16
    subnets: { Sc: { cidr: 10.2.0.0/24 } }
    route_tables: { Tc: { main: true, routes: { 10.0.0.0/16: A-C } } }
    security_groups: { OpenC: { ingress: [{ from: anywhere }] } }
    instances: { far: { subnet: Sc, security_groups: OpenC, serves: { 80: { bytes: 1000000 } } } }
  D:
    cidr: 10.3.0.0/16
    subnets: { Sd: { cidr: 10.3.0.0/24 } }
    route_tables: { Td: { main: true, routes: { 10.0.0.0/16: Hub } } }
    security_groups: { OpenD: { ingress: [{ from: anywhere }] } }
    instances: { spoke: { subnet: Sd, security_groups: OpenD, serves: { 80: { bytes: 1000000 } } } }
peerings: { A-B: { requester: A, accepter: B }, A-C: { requester: A, accepter: C } }
transit_gateways:
  Hub: { attachments: { AtA: { vpc: A, subnets: Ta }, AtD: { vpc: D, subnets: Sd } } }
on_prem:
  Office:
    cidr: 192.168.0.0/16
    hosts: { desk: { address: 192.168.0.10, serves: { 80: { bytes: 1000000 } } } }
    vpn: { Vpn: { to: Vgw } }
internet:
  site: { address: 203.0.113.5, serves: { 80: { bytes: 1000000 } } }
  s3-server: { address: 52.219.58.47, service: s3, serves: { 80: { bytes: 1000000 } } }
  sns-server: { address: 52.95.192.10, service: sns, serves: { 80: { bytes: 1000000 } } }
steps:
";

/// Runs steps; gives their results and all codes of drops.
fn run(steps: &str) -> Vec<(Outcome, Vec<&'static str>)> {
    let yaml = format!("{WORLD}{steps}");
    let result = suite::run_text("transfers", &yaml, &Options { seed: None, verbose: true })
        .unwrap_or_else(|mistakes| panic!("{mistakes}"));
    let drops = |step: &vpclab::report::result::StepResult| {
        let reason = |end: &End| if let End::Dropped { reason, .. } = end { Some(*reason) } else { None };
        step.explanations.iter().filter_map(|explanation| reason(&explanation.end)).collect()
    };
    result.steps.iter().map(|step| (step.outcome.clone(), drops(step))).collect()
}

#[test]
fn a_million_bytes_pass_every_kind_of_hop() {
    let hops = [
        ("within a subnet", "public", "near"),
        ("within a VPC", "public", "other"),
        ("internet gateway", "public", "site"),
        ("internet gateway, inbound", "site", "public"),
        ("NAT gateway", "private", "site"),
        ("peering", "public", "peer"),
        ("peering between regions", "public", "far"),
        ("transit gateway", "public", "spoke"),
        ("VPN", "public", "desk"),
        ("VPN, inbound", "desk", "public"),
        ("gateway endpoint", "public", "s3-server"),
        ("interface endpoint", "public", "Sns"),
        ("middlebox", "behind", "other"),
        ("middlebox to the internet", "behind", "site"),
    ];
    let steps: String = hops
        .iter()
        .map(|(_, from, to)| {
            format!("  - {{ on: {from}, run: \"curl -s -o /dev/null -w %{{size_download}} -m 60 http://{to}\", expect: {{ exit: 0 }} }}\n")
        })
        .collect();
    for ((name, ..), (outcome, drops)) in hops.iter().zip(run(&steps)) {
        let Outcome::Run { stdout, exit, .. } = outcome else { panic!("a command") };
        let expected = if *name == "middlebox to the internet" { (None, "") } else { (Some(0), "1000000") };
        // The middlebox has no public address for the sender: what it forwards cannot leave.
        if expected.0.is_none() {
            assert!(drops.contains(&"igw-no-public-address"), "{name}: {drops:?}");
        } else {
            assert_eq!((exit, stdout.as_str()), (Some(0), "1000000"), "{name}: {drops:?}");
        }
    }
}

#[test]
fn a_host_that_does_not_clamp_learns_the_size_of_the_way() {
    // The web server is in the VPC and sends jumbo frames: the router tells it what the internet carries.
    let results =
        run("  - { on: site, run: \"curl -s -o /dev/null -w %{size_download} -m 60 http://public\" }
  - { on: far, run: \"curl -s -o /dev/null -w %{size_download} -m 60 http://public\" }
  - { on: public, run: ping -c 1 -M do -s 8600 far, expect: { exit: 1 } }
  - { on: public, run: ping -c 1 -M do -s 1600 site, expect: { exit: 1 } }
");
    // The transfer taught the host the way to the other region: its own kernel refuses a longer ping.
    let Outcome::Run { stderr, .. } = &results[2].0 else { panic!("a command") };
    assert_eq!(stderr, "ping: local error: message too long, mtu=8500\n");
    // A site with an ordinary MTU asks for small segments, so nothing was learned there: the router tells now.
    let Outcome::Run { stdout, .. } = &results[3].0 else { panic!("a command") };
    assert!(stdout.contains("Frag needed and DF set (mtu = 1500)"), "{stdout}");
}

#[test]
fn a_black_hole_is_one_where_nobody_is_told() {
    // An interface endpoint reports nothing, and clamps: TCP works. A long ping just vanishes in a tunnel.
    let results = run("  - { on: public, run: ping -c 1 -W 1 -M do -s 1500 desk, expect: { exit: 1 } }\n");
    assert_eq!(results[0].1, ["mtu-exceeded"]);
    let Outcome::Run { stdout, .. } = &results[0].0 else { panic!("a command") };
    assert!(stdout.contains("100% packet loss") && !stdout.contains("Frag"), "{stdout}");
}

#[test]
fn a_connection_to_a_service_breaks_when_its_way_changes() {
    // The service sees another sender all of a sudden, and refuses: two long downloads, with the endpoint's
    // route gone in between, are two connections.
    let results =
        run("  - { on: public, run: \"curl -s -o /dev/null -w %{size_download} http://s3-server\" }
  - { aws: ec2 delete-vpc-endpoints --vpc-endpoint-ids S3 }
  - { on: public, run: \"curl -s -o /dev/null -w %{size_download} http://s3-server\" }
");
    for at in [0, 2] {
        let Outcome::Run { stdout, .. } = &results[at].0 else { panic!("a command") };
        assert_eq!(stdout, "1000000");
    }
}
