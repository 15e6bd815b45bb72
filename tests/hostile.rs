//! Frames that no well-behaved host sends, put on the wire at an interface: nothing panics, and each ends
//! in a way that has a name.

use std::net::Ipv4Addr;

use vpclab::api::Ec2;
use vpclab::guest::HttpRequest;
use vpclab::iam::{AccessRequest, authorize};
use vpclab::ids::EniId;
use vpclab::model::{Direction, Model, Policy, Principal};
use vpclab::scenario::{self, station_of};
use vpclab::seed::{Seed, Stream};
use vpclab::service::dns::{self, Vantage};
use vpclab::service::imds;
use vpclab::sim::World;
use vpclab::time::Instant;
use vpclab::trace::{DropReason, Fate, Observer, Station, Step, Stretch};
use vpclab::wire::build::{self, Ends};
use vpclab::wire::{FiveTuple, Protocol, TcpFlags, checksums_are_valid};

/// Counts how journeys end.
#[derive(Default)]
struct Endings {
    delivered: u64,
    fragmented: u64,
    dropped: std::collections::BTreeMap<&'static str, u64>,
    unanswered: u64,
}

impl Observer for Endings {
    fn on_stretch(&mut self, stretch: &Stretch<'_>, _: &Model) {
        match stretch.steps.last() {
            Some(Step::Ended(Fate::Delivered(_))) => self.delivered += 1,
            Some(Step::Ended(Fate::Fragmented)) => self.fragmented += 1,
            Some(Step::Ended(Fate::Dropped(reason))) => *self.dropped.entry(reason.code()).or_insert(0) += 1,
            Some(_) | None => {}
        }
    }

    fn on_frame(&mut self, _: Instant, _: Station, _: Direction, _: &[u8], _: Option<DropReason>) {}

    fn wants_frames(&self) -> bool {
        true
    }

    fn on_malformed(&mut self, _: Instant, _: Station, _: usize, reason: DropReason) {
        *self.dropped.entry(reason.code()).or_insert(0) += 1;
    }

    fn on_unanswered_arp(&mut self, _: Instant, _: EniId, _: Ipv4Addr, _: &Model) {
        self.unanswered += 1;
    }
}

const WORLD: &str = "
name: hostile
vpcs:
  V:
    cidr: 10.0.0.0/16
    internet_gateway: Gateway
    subnets: { A: { cidr: 10.0.0.0/24, map_public_ip: true }, B: { cidr: 10.0.1.0/24 } }
    nat_gateways: { Nat: { subnet: A } }
    route_tables:
      TableA: { subnets: A, routes: { 0.0.0.0/0: Gateway, 10.1.0.0/16: Hub } }
      TableB: { subnets: B, routes: { 0.0.0.0/0: Nat } }
    security_groups: { Open: { ingress: [{ from: anywhere }] } }
    instances:
      a: { subnet: A, security_groups: Open, source_dest_check: false, private_ip: 10.0.0.10, serves: { 80: hello } }
      b: { subnet: B, security_groups: Open, source_dest_check: false, private_ip: 10.0.1.10, forwards: true }
  W:
    cidr: 10.1.0.0/16
    subnets: { S: { cidr: 10.1.0.0/24 } }
    route_tables: { TableW: { main: true, routes: { 10.0.0.0/16: Hub } } }
    security_groups: { OpenW: { ingress: [{ from: anywhere }] } }
    instances: { w: { subnet: S, security_groups: OpenW, private_ip: 10.1.0.10 } }
transit_gateways: { Hub: { attachments: { AtV: { vpc: V, subnets: A }, AtW: { vpc: W, subnets: S } } } }
internet: { Host: { address: 203.0.113.5, serves: { 80: hello } } }
";

fn world() -> World<Endings> {
    let scenario = scenario::load(WORLD).unwrap_or_else(|p| panic!("{}", p.render("w", WORLD, false)));
    World::new(Seed(1), scenario.start, scenario.model, scenario.hosts, Endings::default())
}

/// A packet as somebody might begin with before breaking it.
fn innocent(random: &mut Stream) -> Vec<u8> {
    let addresses =
        ["10.0.0.10", "10.0.1.10", "10.1.0.10", "203.0.113.5", "10.0.0.1", "10.0.9.9", "192.168.0.1"];
    let mut address = || -> Ipv4Addr { addresses[random.below(7) as usize].parse().unwrap() };
    let (src, dst) = (address(), address());
    let tuple = |protocol| FiveTuple { src, dst, src_port: 40_000, dst_port: 80, protocol };
    let payload = vec![7; random.below(4000) as usize];
    let packet = match random.below(5) {
        0 => build::udp(Ends::TEST, tuple(Protocol::UDP), &payload),
        1 => build::echo_request(Ends::TEST, src, dst, 1, 1, &payload),
        2 => {
            let about = build::udp(Ends::TEST, tuple(Protocol::UDP), &payload);
            build::fragmentation_needed(Ends::TEST, dst, &about, random.below(2000) as u16)
        }
        3 => {
            let about = build::echo_request(Ends::TEST, src, dst, 1, 1, &payload);
            build::time_exceeded(Ends::TEST, dst, &about)
        }
        _ => build::tcp(Ends::TEST, tuple(Protocol::TCP), TcpFlags(random.below(64) as u8), &payload),
    };
    packet.into_frame()
}

/// Breaks a frame in one of the ways frames are broken.
fn breaks(frame: &mut Vec<u8>, random: &mut Stream) {
    match random.below(6) {
        0 => frame.truncate(random.below(frame.len() as u64 + 1) as usize),
        1 => frame.extend(std::iter::repeat_n(0, random.below(9000) as usize)),
        2 if frame.len() > 34 => {
            // The fields of the IPv4 header that lengths, options and fragments hang on.
            let at = [14, 16, 17, 20, 21, 22, 23][random.below(7) as usize];
            frame[at] = random.below(256) as u8;
        }
        _ => {
            for _ in 0..=random.below(6) {
                if !frame.is_empty() {
                    let at = random.below(frame.len() as u64) as usize;
                    frame[at] = random.below(256) as u8;
                }
            }
        }
    }
}

#[test]
fn hostile_frames_end_as_typed_drops() {
    let mut world = world();
    let mut random = Seed(7).stream("hostile", "frames");
    let stations = ["a", "b", "w", "Host"].map(|name| station_of(world.model(), name).unwrap());
    for _ in 0..20_000 {
        let mut frame = innocent(&mut random);
        if random.below(8) > 0 {
            breaks(&mut frame, &mut random);
        }
        world.inject(stations[random.below(4) as usize], frame);
        let until = world.now() + std::time::Duration::from_millis(random.below(20));
        world.run_until(until, |_| false);
    }
    let seen = &world.observer;
    assert!(seen.delivered > 1000 && seen.fragmented > 10, "{} {}", seen.delivered, seen.fragmented);
    for reason in ["malformed", "mtu-exceeded", "no-such-address", "nat-no-session", "nat-protocol"] {
        assert!(seen.dropped.contains_key(reason), "{reason} never occurred: {:?}", seen.dropped);
    }
}

#[test]
fn every_cut_and_every_flipped_byte_of_a_header_is_survived() {
    let mut random = Seed(8).stream("hostile", "headers");
    let mut world = world();
    let station = station_of(world.model(), "a").unwrap();
    for _ in 0..20 {
        let frame = innocent(&mut random);
        for len in 0..frame.len().min(80) {
            world.inject(station, frame[..len].to_vec());
        }
        for at in 0..frame.len().min(64) {
            for bit in 0..8 {
                let mut flipped = frame.clone();
                flipped[at] ^= 1 << bit;
                world.inject(station, flipped);
            }
        }
        let until = world.now() + std::time::Duration::from_secs(1);
        world.run_until(until, |_| false);
    }
    assert!(world.observer.dropped["malformed"] > 100);
    assert!(world.observer.delivered > 100);
}

#[test]
fn a_whole_frame_is_what_the_builders_say() {
    let mut random = Seed(9).stream("hostile", "whole");
    for _ in 0..200 {
        assert!(checksums_are_valid(&innocent(&mut random)));
    }
}

#[test]
fn policies_of_any_text_are_read_or_refused() {
    let whole = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":{"AWS":"*"},"NotAction":["s3:*"],"Resource":"arn:aws:s3:::${aws:x}","Condition":{"ForAnyValue:StringLikeIfExists":{"aws:SourceIp":["1*","?"]}}}]}"#;
    let principal = Principal::Anonymous;
    let decide = |text: &str| {
        let policy = match text.parse::<Policy>() {
            Ok(policy) => policy,
            Err(error) => return !error.reason().is_empty(),
        };
        let request = AccessRequest {
            principal: &principal,
            action: "sns:Publish",
            resource: "arn:aws:sns:::t",
            resource_account: None,
            resource_policy: Some(&policy),
            endpoint: None,
            source: Ipv4Addr::LOCALHOST,
            over_tls: true,
        };
        authorize(&Model::default(), &request).is_err() || policy.text() == text
    };
    let mut random = Seed(10).stream("hostile", "policies");
    for _ in 0..20_000 {
        let mut bytes = whole.as_bytes().to_vec();
        for _ in 0..=random.below(4) {
            let at = random.below(bytes.len() as u64) as usize;
            match random.below(3) {
                0 => bytes[at] = random.below(128) as u8,
                1 => drop(bytes.remove(at)),
                _ => bytes.insert(at, b"{}[]\":,*$\\"[random.below(10) as usize]),
            }
        }
        assert!(decide(&String::from_utf8_lossy(&bytes)));
    }
    for deep in ["[", "{\"Statement\":", "{\"Statement\":[", "{\"Statement\":{\"Condition\":"] {
        assert!(deep.repeat(100_000).parse::<Policy>().is_err());
    }
    let long = "*a".repeat(5_000);
    assert!(decide(&whole.replace("1*", &long)));
    assert!(decide(&whole.replace("${aws:x}", &"${".repeat(10_000))));
}

/// A question as `dig` would ask it.
fn question(name: &str) -> Vec<u8> {
    let mut bytes = vec![0xab, 0xcd, 1, 0x20, 0, 1, 0, 0, 0, 0, 0, 1];
    for label in name.split('.') {
        bytes.push(label.len() as u8);
        bytes.extend(label.as_bytes());
    }
    bytes.extend([0, 0, 1, 0, 1, 0, 0, 41, 4, 208, 0, 0, 0, 0, 0, 0]);
    bytes
}

#[test]
fn questions_of_any_bytes_are_answered_or_ignored() {
    let model = scenario::load(WORLD).expect("no mistakes").model;
    let vpc = model.vpcs.values().next().expect("a VPC").id;
    let now = Instant::from_unix_seconds(1_719_565_200);
    let names = [
        "ip-10-0-0-10.ec2.internal",
        "my-bucket.s3.us-east-1.amazonaws.com",
        "10.0.0.10.in-addr.arpa",
        "x.notebook.us-east-1.sagemaker.aws",
        "ec2-1-2-3-4.compute-1.amazonaws.com",
    ];
    let mut random = Seed(11).stream("hostile", "questions");
    let (mut answered, mut ignored) = (0, 0);
    for _ in 0..20_000 {
        let mut bytes = question(names[random.below(5) as usize]);
        for _ in 0..random.below(5) {
            let at = random.below(bytes.len() as u64) as usize;
            bytes[at] = random.below(256) as u8;
        }
        if random.below(4) == 0 {
            bytes.truncate(random.below(bytes.len() as u64) as usize);
        }
        let vantage = if random.below(2) == 0 { Vantage::Vpc(vpc) } else { Vantage::Elsewhere };
        match dns::answer(&model, vantage, now, &bytes, random.below(2) == 0) {
            Some(reply) => {
                assert_eq!((&reply[..2], reply[2] & 0x80), (&bytes[..2], 0x80));
                answered += 1;
            }
            None => ignored += 1,
        }
    }
    assert!(answered > 10_000 && ignored > 100, "{answered} {ignored}");
}

#[test]
fn requests_for_metadata_of_any_text_are_answered() {
    let scenario = scenario::load(WORLD).expect("no mistakes");
    let (mut model, scope, now) = (scenario.model, scenario.scope, scenario.start);
    let eni = model.instances.values().next().expect("an instance").eni;
    let mut random = Seed(12).stream("hostile", "metadata");
    let whole = "/latest/meta-data/iam/security-credentials/x/../2021-03-23/api/token?a=%00";
    for _ in 0..5_000 {
        let mut text = |from: &str| {
            let mut chars: Vec<char> = from.chars().collect();
            for _ in 0..random.below(4) {
                let at = random.below(chars.len() as u64 + 1) as usize;
                chars.insert(at, ['/', '.', '\0', 'é', '-', '9', ' '][random.below(7) as usize]);
            }
            chars.truncate(random.below(chars.len() as u64 + 1) as usize);
            chars.into_iter().collect::<String>()
        };
        let request = HttpRequest {
            method: text("PUT"),
            target: text(whole),
            headers: vec![
                ("X-aws-ec2-metadata-token".to_owned(), text("AQAE00006680abcd0123456789abcdef==")),
                ("X-aws-ec2-metadata-token-ttl-seconds".to_owned(), text("21600")),
            ],
            body: Vec::new(),
        };
        for method in ["PUT", "GET", "HEAD", &request.method] {
            let request = HttpRequest { method: method.to_owned(), ..request.clone() };
            let answer = imds::answer(&mut Ec2::new(&mut model, scope, now), eni, &request);
            assert!((200..500).contains(&answer.status));
        }
    }
}
