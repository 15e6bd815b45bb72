//! Which packets cross which links, and what faults stop.

use std::net::Ipv4Addr;
use std::time::Duration;

use super::*;
use crate::model::{OutsideHost, Ppm, Region, Zone};
use crate::wire::Protocol;

const NOW: Instant = Instant::from_unix_seconds(1_719_565_200);
const LAPTOP: Ipv4Addr = Ipv4Addr::new(198, 51, 100, 7);
const SITE: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 80);

fn model() -> Model {
    let mut model = Model::default();
    for (name, address) in [("Laptop", LAPTOP), ("site", SITE)] {
        let latency = Duration::from_millis(10);
        model.connect_outside_host(OutsideHost {
            name: name.to_owned(),
            address,
            latency,
            service: None,
            aws_service: None,
            is_provided: false,
        });
    }
    model
}

fn zone(name: &str) -> Zone {
    let (region, letter) = name.split_at(name.len() - 1);
    region.parse::<Region>().unwrap().zone(letter.chars().next().unwrap()).unwrap()
}

fn eni(number: u64) -> EniId {
    format!("eni-{number:017x}").parse().unwrap()
}

/// A place by name: a host on the internet, or a zone, with its interface after a colon.
fn endpoint(name: &str) -> Endpoint {
    match name {
        "Laptop" => Endpoint { location: Location::Outside(LAPTOP), eni: None },
        "site" => Endpoint { location: Location::Outside(SITE), eni: None },
        name => {
            let (name, number) = name.split_once(':').unwrap_or((name, "1"));
            Endpoint { location: Location::Zone(zone(name)), eni: Some(eni(number.parse().unwrap())) }
        }
    }
}

fn end(name: &str) -> LinkEnd<Station> {
    match name {
        "internet" => LinkEnd::Internet,
        "Laptop" => LinkEnd::Host(Station::Outside(LAPTOP)),
        name => match (name.strip_prefix(':'), name.parse()) {
            (Some(number), _) => LinkEnd::Host(Station::Eni(eni(number.parse().unwrap()))),
            (None, Ok(region)) => LinkEnd::Region(region),
            (None, Err(())) => LinkEnd::Zone(zone(name)),
        },
    }
}

fn crossing(from: &str, towards: &str) -> Crossing {
    let tuple = FiveTuple {
        src: [10, 0, 0, 1].into(),
        dst: [10, 0, 0, 2].into(),
        src_port: 40_000,
        dst_port: 80,
        protocol: Protocol::TCP,
    };
    Crossing { from: endpoint(from), towards: endpoint(towards), tuple, bytes: 1250 }
}

/// How a crossing goes right now, in words.
fn cross(links: &mut Links, from: &str, towards: &str) -> String {
    match links.cross(&crossing(from, towards), NOW, &model()) {
        Ok(crossed) => format!("{} us", crossed.at.since(NOW).as_micros()),
        Err(reason) => reason.code().to_owned(),
    }
}

fn links() -> Links {
    Links::new(Seed(1))
}

#[test]
fn latency_and_pace_without_any_links_described() {
    // 1250 bytes take 2 µs at 5 Gbps; nobody limits what is not in AWS.
    for (from, towards, expected) in [
        ("us-east-1a", "us-east-1a", "102 us"),
        ("us-east-1a", "us-east-1b", "402 us"),
        ("us-east-1a", "ap-northeast-2a", "90502 us"),
        ("us-east-1a", "Laptop", "10002 us"),
        ("Laptop", "us-east-1a", "10002 us"),
        ("Laptop", "site", "20000 us"),
    ] {
        assert_eq!(cross(&mut links(), from, towards), expected, "{from} > {towards}");
    }
}

#[test]
fn a_flow_waits_for_itself_and_for_nobody_else() {
    let mut links = links();
    assert_eq!(cross(&mut links, "us-east-1a:1", "us-east-1b:2"), "402 us");
    assert_eq!(cross(&mut links, "us-east-1a:1", "us-east-1b:2"), "404 us");
    // The same addresses in another VPC.
    assert_eq!(cross(&mut links, "us-east-1a:3", "us-east-1b:4"), "402 us");
}

#[test]
fn an_instance_has_its_own_limits() {
    let other = |from, towards, port| {
        let crossing = crossing(from, towards);
        Crossing { tuple: FiveTuple { src_port: port, ..crossing.tuple }, ..crossing }
    };
    let late = |links: &mut Links, crossing: &Crossing, distance: u64| {
        let crossed = links.cross(crossing, NOW, &model()).unwrap();
        crossed.at.since(NOW).as_micros() as u64 - distance
    };
    // Other conversations wait only where they leave the region, or if the instance says so.
    let mut links = links();
    assert_eq!(late(&mut links, &other("us-east-1a:1", "us-east-1b:2", 1), 400), 2);
    assert_eq!(late(&mut links, &other("us-east-1a:1", "us-east-1b:2", 2), 400), 2);
    assert_eq!(late(&mut links, &other("us-east-1a:7", "Laptop", 1), 10_000), 2);
    assert_eq!(late(&mut links, &other("us-east-1a:7", "Laptop", 2), 10_000), 4);
    links.limit(eni(5), Bandwidth::gbps(1));
    assert_eq!(late(&mut links, &other("us-east-1a:5", "us-east-1b:2", 1), 400), 10);
    assert_eq!(late(&mut links, &other("us-east-1a:5", "us-east-1b:6", 2), 400), 20);
    assert_eq!(late(&mut links, &other("us-east-1b:2", "us-east-1a:5", 3), 400), 10, "received apart");
}

#[test]
fn which_packets_cross_which_link() {
    // Where 1 s of latency is noticed.
    let table = "
        us-east-1a  us-east-1b     | us-east-1a:1 us-east-1b:2 | yes
        us-east-1a  us-east-1b     | us-east-1b:2 us-east-1a:1 | yes
        us-east-1a  us-east-1b     | us-east-1a:1 us-east-1a:2 | no
        us-east-1a  us-east-1a     | us-east-1a:1 us-east-1a:2 | yes
        us-east-1   us-east-1b     | us-east-1a:1 us-east-1b:2 | yes
        us-east-1   us-west-2      | us-west-2a:1 us-east-1b:2 | yes
        us-east-1   us-west-2      | us-east-1a:1 us-east-1b:2 | no
        us-east-1a  internet       | Laptop       us-east-1a:1 | yes
        us-east-1a  internet       | Laptop       us-east-1b:1 | no
        us-east-1a  internet       | us-east-1a:1 us-east-1b:1 | no
        Laptop      internet       | Laptop       us-east-1b:1 | yes
        Laptop      internet       | site         Laptop       | yes
        Laptop      internet       | site         us-east-1b:1 | no
        internet    internet       | site         Laptop       | yes
        internet    internet       | site         us-east-1b:1 | no
        :1          us-east-1b     | us-east-1a:1 us-east-1b:2 | yes
        :1          us-east-1b     | us-east-1a:3 us-east-1b:2 | no
        :1          :2             | us-east-1b:2 us-east-1a:1 | yes";
    for row in table.lines().skip(1) {
        let [ends, hosts, expected] = row.split('|').collect::<Vec<_>>().try_into().unwrap();
        let pair = |text: &str| -> [String; 2] {
            text.split_whitespace().map(str::to_owned).collect::<Vec<_>>().try_into().unwrap()
        };
        let [from, towards] = pair(hosts);
        let ends = pair(ends).each_ref().map(|name| end(name));
        let traits = LinkTraits { latency: Some(Duration::from_secs(1)), ..LinkTraits::default() };
        let mut slow = links();
        slow.declare(&LinkSpec { ends, traits }, &model());
        let is_slow = cross(&mut slow, &from, &towards).starts_with("100");
        let is_slow = is_slow && cross(&mut slow, &from, &towards).len() == "1000000 us".len();
        assert_eq!(is_slow, expected.trim() == "yes", "{row}");
        let mut cut = links();
        cut.fault(Fault::Cut(ends), &model());
        assert_eq!(cross(&mut cut, &from, &towards) == "link-cut", expected.trim() == "yes", "{row}");
    }
}

#[test]
fn faults_stop_packets_until_they_are_repaired() {
    let (a, b) = ("us-east-1a:1", "us-east-1b:2");
    let cut = Fault::Cut([end("us-east-1b"), end("us-east-1a")]);
    let down = Fault::ZoneDown(zone("us-east-1b"));
    let parts = vec![vec![end("us-east-1a")], vec![end("us-east-1b"), end("internet")]];
    let lossy = LinkTraits { loss: Some(Ppm::ALWAYS), ..LinkTraits::default() };
    let lossy = Fault::Link(LinkSpec { ends: [end("us-east-1a"), end("us-east-1b")], traits: lossy });
    for (fault, expected, others) in [
        (cut, "link-cut", ["10002 us", "10002 us", "102 us"]),
        (down, "zone-down", ["10002 us", "zone-down", "zone-down"]),
        (Fault::Partition(parts), "link-cut", ["link-cut", "10002 us", "102 us"]),
        (lossy, "link-loss", ["10002 us", "10002 us", "102 us"]),
    ] {
        let mut links = links();
        links.fault(fault.clone(), &model());
        assert_eq!(cross(&mut links, a, b), expected);
        assert_eq!(cross(&mut links, b, a), expected);
        let came =
            [("us-east-1a:7", "Laptop"), ("us-east-1b:8", "Laptop"), ("us-east-1b:10", "us-east-1b:9")];
        assert_eq!(came.map(|(from, to)| cross(&mut links, from, to)), others, "{expected}");
        links.repair(&fault);
        assert!(cross(&mut links, a, b).ends_with(" us"));
        links.fault(fault, &model());
        links.repair_all();
        assert!(cross(&mut links, a, b).ends_with(" us"));
    }
}

#[test]
fn a_fault_changes_only_what_it_names() {
    let ends = [end("us-east-1a"), end("us-east-1b")];
    let latency =
        |millis| LinkTraits { latency: Some(Duration::from_millis(millis)), ..LinkTraits::default() };
    let mut links = links();
    links.declare(&LinkSpec { ends, traits: latency(5) }, &model());
    let loss = LinkTraits { loss: Some(Ppm::ALWAYS), ..LinkTraits::default() };
    let fault = Fault::Link(LinkSpec { ends, traits: loss });
    links.fault(fault.clone(), &model());
    assert_eq!(cross(&mut links, "us-east-1a:1", "us-east-1b:2"), "link-loss");
    links.repair(&fault);
    assert_eq!(cross(&mut links, "us-east-1a:3", "us-east-1b:4"), "5002 us");
    links.fault(Fault::Link(LinkSpec { ends, traits: latency(7) }), &model());
    assert_eq!(cross(&mut links, "us-east-1a:5", "us-east-1b:6"), "7002 us");
    assert_eq!(links.links.len(), 1);
}
