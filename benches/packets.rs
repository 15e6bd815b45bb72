//! What a packet costs: `cargo bench`. Times of different machines cannot be compared; compare rows of one run,
//! or count instructions: `valgrind --tool=callgrind target/release/vpclab run --no-out scenarios/vpc-peering.yaml`.

use std::net::Ipv4Addr;

use divan::counter::{BytesCount, ItemsCount};
use divan::{Bencher, black_box};

use vpclab::plane::{Place, State, Walk, Way, walk};
use vpclab::scenario::{self, Scenario, station_of};
use vpclab::suite::{self, Options};
use vpclab::time::Instant;
use vpclab::trace::Station;
use vpclab::wire::build::{self, Ends};
use vpclab::wire::{FiveTuple, Packet, Protocol, TcpFlags};

fn main() {
    divan::main();
}

const NOW: Instant = Instant::from_unix_seconds(1_719_565_200);
const LAPTOP: Ipv4Addr = Ipv4Addr::new(198, 51, 100, 7);
const QUIET: Options = Options { seed: None, verbose: false };

/// Two subnets, filters of a size people have, and the internet.
fn topology() -> Scenario {
    let rules: Vec<String> = (0..20)
        .map(|n| format!("{{ rule: {n}, action: deny, tcp: 99, from: 192.0.2.{n}/32 }}"))
        .skip(1)
        .collect();
    let allow = "{ rule: 100, action: allow, from: anywhere }";
    let ingress = format!("[{}, {allow}]", rules.join(", "));
    let egress = ingress.replace("from:", "to:");
    let yaml = format!(
        "
name: bench
vpcs:
  V:
    cidr: 10.0.0.0/16
    internet_gateway: Gateway
    subnets: {{ A: {{ cidr: 10.0.0.0/24, map_public_ip: true }}, B: {{ cidr: 10.0.1.0/24 }} }}
    route_tables: {{ Table: {{ subnets: [A, B], routes: {{ 0.0.0.0/0: Gateway }} }} }}
    network_acls: {{ Acl: {{ subnets: [A, B], ingress: {ingress}, egress: {egress} }} }}
    security_groups: {{ Open: {{ ingress: [{{ from: 10.0.0.0/8 }}] }} }}
    instances:
      a: {{ subnet: A, security_groups: Open, private_ip: 10.0.0.10 }}
      a2: {{ subnet: A, security_groups: Open, private_ip: 10.0.0.11 }}
      b: {{ subnet: B, security_groups: Open, private_ip: 10.0.1.10 }}
internet: {{ Laptop: {{ address: 198.51.100.7 }} }}
"
    );
    scenario::load(&yaml).unwrap_or_else(|problems| panic!("{}", problems.render("bench", &yaml, false)))
}

/// Carries a packet of 1500 bytes, whose flow is tracked, from interface to interface.
#[divan::bench(args = ["10.0.0.11", "10.0.1.10", "198.51.100.7"])]
fn walk_to(bencher: Bencher<'_, '_>, to: &str) {
    let model = topology().model;
    let Some(Station::Eni(from)) = station_of(&model, "a") else { panic!("a is there") };
    let dst = to.parse().unwrap_or(LAPTOP);
    let tuple = FiveTuple {
        src: [10, 0, 0, 10].into(),
        dst,
        src_port: 40_000,
        dst_port: 80,
        protocol: Protocol::TCP,
    };
    let frame = build::tcp(Ends::TEST, tuple, TcpFlags(TcpFlags::ACK), &[0; 1460]).into_frame();
    let (mut state, mut out) = (State::default(), Walk::default());
    bencher.counter(ItemsCount::new(1_u32)).with_inputs(|| frame.clone()).bench_local_values(|frame| {
        let mut packet = Packet::parse(frame).expect("it is a packet");
        let mut place = Place::Leaving(from);
        loop {
            out.clear();
            let way = walk(&model, &state, place, &mut packet, NOW, &mut out);
            state.commit(&out.effects, NOW);
            match way {
                Way::Link { to, .. } => place = to,
                Way::Split { .. } => unreachable!("nothing here is too long"),
                Way::End(fate) => {
                    black_box(fate);
                    return packet.into_frame();
                }
            }
        }
    });
}

/// The peering lab, from its text to its result.
#[divan::bench]
fn the_peering_lab(bencher: Bencher<'_, '_>) {
    let source = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios/vpc-peering.yaml"));
    let source = source.expect("the scenario is there");
    bencher.bench(|| suite::run_text("lab", black_box(&source), &QUIET).expect("it runs"));
}

/// A page of some megabytes between two subnets, with flow meters, without captures.
#[divan::bench(args = [1, 10])]
fn bulk_transfer(bencher: Bencher<'_, '_>, megabytes: usize) {
    let body = "x".repeat(megabytes * 100_000);
    let yaml = format!(
        "
name: bulk
vpcs:
  V:
    cidr: 10.0.0.0/16
    subnets: {{ A: {{ cidr: 10.0.0.0/24 }}, B: {{ cidr: 10.0.1.0/24 }} }}
    security_groups: {{ Open: {{ ingress: [{{ from: anywhere }}] }} }}
    instances:
      a: {{ subnet: A, security_groups: Open }}
      b: {{ subnet: B, security_groups: Open, serves: {{ 80: {body} }} }}
steps: [{}]
",
        "{ on: a, run: curl -s -o /dev/null http://b }, ".repeat(10)
    );
    bencher
        .counter(BytesCount::new(megabytes * 1_000_000))
        .bench(|| suite::run_text("bulk", black_box(&yaml), &QUIET).expect("it runs"));
}
