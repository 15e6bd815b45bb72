//! What a packet costs: `cargo bench`. Times of different machines cannot be compared; compare rows of one run,
//! or count instructions: `valgrind --tool=callgrind target/release/vpclab run --no-out scenarios/vpc-peering.yaml`.

use divan::counter::{BytesCount, ItemsCount};
use divan::{Bencher, black_box};

use vpclab::model::Owner;
use vpclab::plane::{Place, State, Walk, Way, walk};
use vpclab::scenario::{self, Scenario, station_of};
use vpclab::suite::{self, Options};
use vpclab::time::Instant;
use vpclab::trace::{Fate, Station};
use vpclab::wire::build::{self, Ends};
use vpclab::wire::{FiveTuple, Packet, Protocol, TcpFlags};

fn main() {
    divan::main();
}

const NOW: Instant = Instant::from_unix_seconds(1_719_565_200);
const QUIET: Options = Options { seed: None, verbose: false };

/// Filters of a size people have, and every way out of a subnet.
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
    subnets:
      A: {{ cidr: 10.0.0.0/24, az: a, map_public_ip: true }}
      B: {{ cidr: 10.0.1.0/24, az: a }}
      N: {{ cidr: 10.0.2.0/24, az: a }}
    nat_gateways: {{ Nat: {{ subnet: A }} }}
    route_tables:
      Table: {{ subnets: [A, B], routes: {{ 0.0.0.0/0: Gateway, 10.1.0.0/16: V-P, 10.2.0.0/16: Hub }} }}
      Inner: {{ subnets: N, routes: {{ 0.0.0.0/0: Nat }} }}
    network_acls: {{ Acl: {{ subnets: [A, B, N], ingress: {ingress}, egress: {egress} }} }}
    security_groups: {{ Open: {{ ingress: [{{ from: 10.0.0.0/8 }}] }} }}
    endpoints: {{ Sns: {{ service: sns, subnets: B, security_groups: Open }} }}
    instances:
      a: {{ subnet: A, security_groups: Open, private_ip: 10.0.0.10 }}
      a2: {{ subnet: A, security_groups: Open, private_ip: 10.0.0.11 }}
      b: {{ subnet: B, security_groups: Open, private_ip: 10.0.1.10 }}
      inner: {{ subnet: N, security_groups: Open, private_ip: 10.0.2.10 }}
  P:
    cidr: 10.1.0.0/16
    subnets: {{ Ps: {{ cidr: 10.1.0.0/24, az: a }} }}
    security_groups: {{ OpenP: {{ ingress: [{{ from: 10.0.0.0/8 }}] }} }}
    instances: {{ peer: {{ subnet: Ps, security_groups: OpenP, private_ip: 10.1.0.10 }} }}
  T:
    cidr: 10.2.0.0/16
    subnets: {{ Ts: {{ cidr: 10.2.0.0/24, az: a }} }}
    security_groups: {{ OpenT: {{ ingress: [{{ from: 10.0.0.0/8 }}] }} }}
    instances: {{ spoke: {{ subnet: Ts, security_groups: OpenT, private_ip: 10.2.0.10 }} }}
peerings: {{ V-P: {{ requester: V, accepter: P }} }}
transit_gateways: {{ Hub: {{ attachments: {{ AtV: {{ vpc: V, subnets: A }}, AtT: {{ vpc: T, subnets: Ts }} }} }} }}
internet:
  Laptop: {{ address: 198.51.100.7 }}
  sns-server: {{ address: 52.95.192.10, service: sns }}
"
    );
    scenario::load(&yaml).unwrap_or_else(|problems| panic!("{}", problems.render("bench", &yaml, false)))
}

const WAYS: [(&str, &str, &str); 7] = [
    ("subnet", "a", "10.0.0.11"),
    ("vpc", "a", "10.0.1.10"),
    ("peering", "a", "10.1.0.10"),
    ("transit-gateway", "a", "10.2.0.10"),
    ("internet-gateway", "a", "198.51.100.7"),
    ("nat-gateway", "inner", "198.51.100.7"),
    ("interface-endpoint", "a", "Sns"),
];

/// Carries a packet of 1500 bytes, whose flow is tracked, from interface to host.
#[divan::bench(args = WAYS.map(|(name, ..)| name))]
fn walk_over(bencher: Bencher<'_, '_>, name: &str) {
    let model = topology().model;
    let (_, from, to) = WAYS.into_iter().find(|way| way.0 == name).expect("it is one of the ways");
    let Some(Station::Eni(from)) = station_of(&model, from) else { panic!("the sender is there") };
    let endpoint = model.enis.values().find(|eni| matches!(eni.owner, Some(Owner::InterfaceEndpoint(_))));
    let dst = to.parse().unwrap_or_else(|_| endpoint.expect("an endpoint").primary_ip());
    let tuple = FiveTuple {
        src: model.enis[&from].primary_ip(),
        dst,
        src_port: 40_000,
        dst_port: 80,
        protocol: Protocol::TCP,
    };
    let frame = |flags| build::tcp(Ends::TEST, tuple, TcpFlags(flags), &[0; 1400]).into_frame();
    let (mut state, mut out) = (State::default(), Walk::default());
    let mut carry = |frame| {
        let mut packet = Packet::parse(frame).expect("it is a packet");
        let mut place = Place::Leaving(from);
        loop {
            out.clear();
            let way = walk(&model, &state, place, &mut packet, NOW, &mut out);
            state.commit(&out.effects, NOW);
            match way {
                Way::Link { to, .. } => place = to,
                Way::Split { .. } => unreachable!("nothing here is too long"),
                Way::End(fate) => return (fate, packet.into_frame()),
            }
        }
    };
    let (fate, _) = carry(frame(TcpFlags::SYN));
    assert!(!matches!(fate, Fate::Dropped(_)), "{name}: {fate:?}");
    let frame = frame(TcpFlags::ACK);
    bencher
        .counter(ItemsCount::new(1_u32))
        .with_inputs(|| frame.clone())
        .bench_local_values(|frame| black_box(carry(frame)));
}

/// The labs, from their text to their result: one with plain HTTP, one with names, keys and TLS.
#[divan::bench(args = ["vpc-peering", "vpc-endpoints"])]
fn labs(bencher: Bencher<'_, '_>, name: &str) {
    let path = format!("{}/scenarios/{name}.yaml", env!("CARGO_MANIFEST_DIR"));
    let source = std::fs::read_to_string(path).expect("the scenario is there");
    bencher.bench(|| suite::run_text("lab", black_box(&source), &QUIET).expect("it runs"));
}

/// A bucket list: instance metadata, a name, a TLS session, a signed request, an authorised answer.
#[divan::bench(args = [1, 10])]
fn bucket_lists(bencher: Bencher<'_, '_>, lists: usize) {
    let yaml = format!(
        "
name: buckets
iam: {{ roles: {{ Reader: {{ policies: [AmazonS3ReadOnlyAccess] }} }} }}
buckets: {{ reports: {{}} }}
vpcs:
  V:
    cidr: 10.0.0.0/16
    subnets: {{ A: {{ cidr: 10.0.0.0/24 }} }}
    route_tables: {{ T: {{ subnets: A }} }}
    endpoints: {{ ToS3: {{ service: s3, route_tables: T }} }}
    instances: {{ a: {{ subnet: A, role: Reader }} }}
steps: [{}]
",
        "{ on: a, run: aws s3 ls }, ".repeat(lists)
    );
    bencher
        .counter(ItemsCount::new(lists))
        .bench(|| suite::run_text("buckets", black_box(&yaml), &QUIET).expect("it runs"));
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
