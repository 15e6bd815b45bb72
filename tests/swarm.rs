//! Random worlds: whatever is made, changed, deleted and tried, in whatever order, the simulator keeps its
//! promises. A seed draws a scenario; a seed that fails is printed with it.

use std::fmt::Write as _;

use vpclab::report::result::{End, Outcome};
use vpclab::seed::{Seed, Stream};
use vpclab::suite::{self, Options};

/// How many worlds are tried.
const SEEDS: u64 = 400;
const STEPS: u64 = 40;

struct Draw(Stream);

impl Draw {
    fn one<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.0.below(of.len() as u64) as usize]
    }

    fn number(&mut self, below: u64) -> u64 {
        self.0.below(below)
    }
}

const HOSTS: [&str; 5] = ["a", "b", "c", "d", "e"];
const EVERYBODY: [&str; 6] = ["a", "b", "c", "d", "e", "Laptop"];

/// Three VPCs, two of them peered, hosts in all of them, one host outside.
fn scenario(seed: u64) -> String {
    let mut draw = Draw(Seed(seed).stream("swarm", "scenario"));
    let mut yaml = String::from("name: swarm\nvpcs:\n");
    let hosts = [&HOSTS[..2], &HOSTS[2..4], &HOSTS[4..]];
    for (n, hosts) in hosts.iter().enumerate() {
        let peer = draw.one(&["anywhere", "self", "10.0.0.0/8", "Laptop"]);
        let public = draw.one(&["true", "false"]);
        let _ = write!(
            yaml,
            "  V{n}:
    cidr: 10.{n}.0.0/16
    internet_gateway: G{n}
    subnets: {{ S{n}: {{ cidr: 10.{n}.0.0/24, map_public_ip: {public} }}, T{n}: {{ cidr: 10.{n}.1.0/24 }} }}
    route_tables: {{ R{n}: {{ subnets: [S{n}, T{n}], routes: {{ 0.0.0.0/0: G{n} }} }} }}
    network_acls: {{ A{n}: {{ ingress: [{{ rule: 100, action: allow, from: anywhere }}] }} }}
    security_groups: {{ Q{n}: {{ ingress: [{{ from: {peer} }}] }} }}
    instances:
"
        );
        for host in *hosts {
            let subnet = draw.one(&["S", "T"]);
            let _ = writeln!(
                yaml,
                "      {host}: {{ subnet: {subnet}{n}, security_groups: Q{n}, serves: {{ 80: {host} }} }}"
            );
        }
    }
    yaml += "peerings: { P01: { requester: V0, accepter: V1 }, P12: { requester: V1, accepter: V2, accepted: false } }\n";
    yaml += "internet: { Laptop: { address: 198.51.100.7, serves: { 80: laptop } } }\nsteps:\n";
    let mut chance = Draw(Seed(seed).stream("swarm", "faults"));
    for _ in 0..STEPS {
        let step = step(&mut draw);
        let _ = writeln!(yaml, "  - {step}");
        for fault in faults(&mut chance) {
            let _ = writeln!(yaml, "  - {fault}");
        }
    }
    yaml
}

/// What breaks or is repaired after a step: mostly nothing.
fn faults(draw: &mut Draw) -> Vec<String> {
    let repair = "repair: all".to_owned();
    match draw.number(16) {
        0 => {
            let ends =
                format!("{}, {}", draw.one(&HOSTS), draw.one(&["internet", "us-east-1", "us-east-1a"]));
            let chances = "loss: 20%, jitter: 5ms, reorder: 20%, duplicate: 20%, bandwidth: 64kbps";
            vec![format!("fault: {{ link: [{ends}], {chances} }}")]
        }
        1 => {
            let fault = draw.one(&[
                "zone_down: us-east-1a",
                "cut: [us-east-1, internet]",
                "partition: [[a, b], [c, d, Laptop]]",
            ]);
            // What is broken already cannot be broken again.
            vec![repair, format!("fault: {{ {fault} }}")]
        }
        2 | 3 => vec![repair],
        _ => Vec::new(),
    }
}

fn step(draw: &mut Draw) -> String {
    let n = draw.number(3);
    let host = draw.one(&HOSTS);
    let peering = draw.one(&["P01", "P12"]);
    let aws = |command: String| format!("{{ aws: ec2 {command} }}");
    match draw.number(20) {
        0 => aws(format!("stop-instances --instance-ids {host}")),
        1 | 2 => aws(format!("start-instances --instance-ids {host}")),
        3 => aws(format!("terminate-instances --instance-ids {host}")),
        4 => aws(format!("accept-vpc-peering-connection --vpc-peering-connection-id {peering}")),
        5 => aws(format!("delete-vpc-peering-connection --vpc-peering-connection-id {peering}")),
        6 => aws(format!(
            "create-route --route-table-id R{n} --destination-cidr-block 10.{}.0.0/16 --vpc-peering-connection-id {peering}",
            draw.number(3)
        )),
        7 => aws(format!(
            "create-route --route-table-id R{n} --destination-cidr-block 10.{n}.{}.0/24 --instance-id {host}",
            draw.number(2)
        )),
        8 => aws(format!("delete-route --route-table-id R{n} --destination-cidr-block 0.0.0.0/0")),
        9 => aws(format!("revoke-security-group-egress --group-id Q{n} --protocol all --cidr 0.0.0.0/0")),
        10 => aws(format!(
            "authorize-security-group-ingress --group-id Q{n} --protocol tcp --port 80 --source-group Q{}",
            draw.number(3)
        )),
        11 => aws(format!("replace-network-acl-association --association-id S{n} --network-acl-id A{n}")),
        12 => aws(format!(
            "modify-instance-attribute --instance-id {host} --{}source-dest-check",
            draw.one(&["", "no-"])
        )),
        13 => aws(format!("detach-internet-gateway --internet-gateway-id G{n} --vpc-id V{n}")),
        14 => aws(format!("delete-{} V{n}", "vpc --vpc-id")),
        15 | 16 => format!(
            "{{ on: {}, run: ping -c 2 -W 1 {}, timeout: 30s }}",
            draw.one(&EVERYBODY),
            draw.one(&EVERYBODY)
        ),
        _ => format!(
            "{{ on: {}, run: curl -s -m 2 http://{}, timeout: 30s }}",
            draw.one(&EVERYBODY),
            draw.one(&EVERYBODY)
        ),
    }
}

#[test]
fn random_worlds_keep_their_promises() {
    let (mut delivered, mut dropped) = (0, std::collections::BTreeMap::new());
    for seed in 0..SEEDS {
        let yaml = scenario(seed);
        let run = || suite::run_text("swarm", &yaml, &Options { seed: Some(Seed(seed)), verbose: true });
        let result = run().unwrap_or_else(|mistakes| panic!("seed {seed}:\n{yaml}\n{mistakes}"));
        for step in &result.steps {
            // Whoever got a page got it whole, from the host it asked.
            if let Outcome::Run { typed, exit: Some(0), stdout, .. } = &step.outcome
                && let Some(host) = typed.strip_prefix("curl -s -m 2 http://")
            {
                assert_eq!(stdout, &host.to_ascii_lowercase(), "seed {seed}, step {}:\n{yaml}", step.number);
            }
            for explanation in &step.explanations {
                match &explanation.end {
                    End::Delivered { .. } => delivered += explanation.count,
                    End::Fragmented => {}
                    End::Dropped { reason, hint, .. } => {
                        assert!(!hint.is_empty(), "every drop has a hint");
                        *dropped.entry(*reason).or_insert(0) += explanation.count;
                    }
                }
            }
        }
        // The same again is the same.
        if seed % 10 == 0 {
            let again = run().expect("it ran before");
            assert_eq!(format!("{:?}", result.steps), format!("{:?}", again.steps), "seed {seed}");
        }
    }
    // The worlds are worth trying: packets arrive, and die in many ways.
    assert!(delivered > 1000, "{delivered} delivered");
    let reasons: Vec<&str> = dropped.keys().copied().collect();
    assert_eq!(
        reasons,
        [
            "blackhole",
            "destination-check",
            "igw-no-public-address",
            "igw-private-destination",
            "link-cut",
            "link-loss",
            "network-acl",
            "no-route",
            "not-running",
            "peering-not-transitive",
            "security-group",
            "zone-down",
        ]
    );
}
