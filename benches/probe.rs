//! What a pair costs that `vpclab probe` asks, in networks of the size of a company: `cargo bench --bench probe`.
//! Count instructions of the small one: `valgrind --tool=callgrind target/release/deps/probe-… small`.

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use ipnet::Ipv4Net;

use vpclab::api::{ApiError, CreateSecurityGroup};
use vpclab::api::{
    CreateRoute, CreateSubnet, CreateTransitGateway, CreateTransitGatewayVpcAttachment, CreateVpc, Ec2, New,
    NewDefaults, RuleRequest, RunInstances,
};
use vpclab::model::{
    Account, Direction, MetadataOptions, Model, Peer, PortRange, Region, Scope, Target, Traffic,
};
use vpclab::scenario::{self, Scenario};
use vpclab::suite::{Place, Probe};
use vpclab::time::Instant;
use vpclab::trace::Asked;

fn main() {
    divan::main();
}

const NOW: Instant = Instant::from_unix_seconds(1_719_565_200);

/// How large a network is.
#[derive(Clone, Copy, Debug)]
struct Size {
    vpcs: u8,
    subnets: u8,
    hosts: u8,
    /// Rules of each of the four groups of a VPC.
    rules: u16,
}

/// 100 hosts, and 10,000: 2,000 subnets and route tables, 20,000 rules, 100 attachments of a transit gateway.
const SMALL: Size = Size { vpcs: 5, subnets: 5, hosts: 4, rules: 50 };
const LARGE: Size = Size { vpcs: 100, subnets: 20, hosts: 5, rules: 50 };

/// VPCs around a transit gateway; every other subnet of a VPC leads to the internet.
fn build(size: Size, ec2: &mut Ec2<'_>) -> Result<(), ApiError> {
    let block = |text: String| text.parse::<Ipv4Net>().expect("a block");
    let (everywhere, inside) = (block("0.0.0.0/0".to_owned()), block("10.0.0.0/8".to_owned()));
    let new = New::named("Hub");
    let hub = ec2.create_transit_gateway(CreateTransitGateway {
        default_route_table_id: None,
        new,
        default_route_table_association: true,
        default_route_table_propagation: true,
        security_group_referencing: true,
        auto_accept_shared_attachments: true,
    })?;
    for v in 0..size.vpcs {
        let name = |what: &str, n: usize| format!("{what}-{v}-{n}");
        let cidr_block = block(format!("10.{v}.0.0/16"));
        let vpc_id = ec2.create_vpc(CreateVpc {
            new: New::named(&name("vpc", 0)),
            cidr_block,
            defaults: NewDefaults::default(),
        })?;
        let gateway = ec2.create_internet_gateway(New::named(&name("igw", 0)))?;
        ec2.attach_internet_gateway(gateway, vpc_id)?;
        let mut groups = Vec::new();
        for g in 0..4_u16 {
            let group_name = name("group", g.into());
            let id = ec2.create_security_group(CreateSecurityGroup { group_name, id: None, vpc_id })?;
            let rule = |n: u16| {
                let from = block(format!("10.{}.{}.0/24", n % u16::from(size.vpcs), g));
                RuleRequest { traffic: Traffic::Tcp(PortRange::one(1000 + n)), peer: Peer::Cidr(from) }
            };
            let mut rules: Vec<RuleRequest> = (0..size.rules - 2).map(rule).collect();
            let https = Traffic::Tcp(PortRange::one(443));
            let from = if g == 0 { cidr_block } else { inside };
            rules.push(RuleRequest { traffic: https, peer: Peer::Cidr(from) });
            rules.push(RuleRequest { traffic: Traffic::All, peer: Peer::Group(id) });
            ec2.authorize_security_group(id, Direction::Ingress, &rules)?;
            groups.push(id);
        }
        let mut subnets = Vec::new();
        for s in 0..size.subnets {
            let zone = ec2.model().vpc(vpc_id).scope.region.zones().nth(usize::from(s) % 3);
            let cidr_block = block(format!("10.{v}.{s}.0/24"));
            let new = New::named(&name("subnet", s.into()));
            let subnet = CreateSubnet { new, vpc_id, cidr_block, availability_zone: zone };
            subnets.push(ec2.create_subnet(subnet)?);
        }
        let attachment = CreateTransitGatewayVpcAttachment {
            new: New::named(&name("attachment", 0)),
            transit_gateway_id: hub,
            vpc_id,
            subnet_ids: subnets.iter().take(3).copied().collect(),
            appliance_mode: false,
            security_group_referencing: true,
        };
        ec2.create_transit_gateway_vpc_attachment(attachment)?;
        for (s, subnet_id) in subnets.into_iter().enumerate() {
            let table = ec2.create_route_table(New::named(&name("table", s)), vpc_id)?;
            ec2.associate_route_table(table, subnet_id)?;
            let mut route = |destination: Ipv4Net, target| {
                let destination = destination.into();
                ec2.create_route(CreateRoute { route_table_id: table, destination, target })
            };
            route(inside, Target::TransitGateway(hub))?;
            if s % 2 == 0 {
                route(everywhere, Target::InternetGateway(gateway))?;
            }
            for h in 0..usize::from(size.hosts) {
                ec2.run_instances(RunInstances {
                    new: New::named(&format!("host-{v}-{s}-{h}")),
                    network_interface_id: None,
                    subnet_id,
                    private_ip_address: None,
                    associate_public_ip_address: Some(s % 2 == 0),
                    security_group_ids: vec![groups[(s + h) % groups.len()]],
                    iam_instance_profile: None,
                    metadata_options: MetadataOptions::default(),
                    instance_type: None,
                })?;
            }
        }
    }
    Ok(())
}

fn network(size: Size) -> Place {
    let mut model = Model::default();
    for quota in vpclab::model::Quotas::NAMES {
        *model.quotas.get_mut(quota).expect("it is one") = usize::MAX;
    }
    let account = "123456789012".parse::<Account>().expect("an account");
    let region = "us-east-1".parse::<Region>().expect("a region");
    let mut ec2 = Ec2::new(&mut model, Scope { account, region }, NOW);
    build(size, &mut ec2).unwrap_or_else(|error| panic!("{error:?}"));
    let scenario = Scenario { model, ..scenario::load("name: network\n").expect("a scenario") };
    match Place::reach("network", scenario, None) {
        Ok(Ok(place)) => place,
        other => panic!("{:?}", other.map(|_| ())),
    }
}

/// Some hosts of a network, from all over it.
fn some(size: Size, count: usize) -> Vec<String> {
    let all = (0..size.vpcs).flat_map(|v| {
        (0..size.subnets).flat_map(move |s| (0..size.hosts).map(move |h| format!("host-{v}-{s}-{h}")))
    });
    let all: Vec<String> = all.collect();
    let step = all.len() / count;
    all.into_iter().step_by(step).take(count).collect()
}

fn ask(bencher: Bencher<'_, '_>, size: Size, count: usize) {
    let (place, hosts) = (network(size), some(size, count));
    let probe =
        Probe { from: hosts.clone(), to: hosts, ports: vec![Asked::Tcp(443)], jobs: 1, ..Probe::default() };
    bencher.counter(ItemsCount::new(count * count)).bench(|| black_box(place.probe(&probe)));
}

/// 100 hosts, each to each.
#[divan::bench(sample_count = 10)]
fn small(bencher: Bencher<'_, '_>) {
    ask(bencher, SMALL, 100);
}

/// 1,000 of 10,000 hosts, each to each: a million pairs.
#[divan::bench(sample_count = 1, sample_size = 1)]
fn large(bencher: Bencher<'_, '_>) {
    ask(bencher, LARGE, 1_000);
}
