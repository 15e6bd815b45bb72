//! Background traffic: what it looks like in flow logs, how much of it there is, and that steps do not see it.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use vpclab::ids::EniId;
use vpclab::model::{Direction, Model};
use vpclab::report::result::{Outcome, ScenarioResult};
use vpclab::scenario::{self, station_of};
use vpclab::seed::Seed;
use vpclab::sim::World;
use vpclab::suite::{self, Options};
use vpclab::time::Instant;
use vpclab::trace::{ActivityKind, DropReason, FlowOpened, Observer, Station, Step, Stretch, Truth};
use vpclab::traffic::Activity;
use vpclab::wire::Protocol;

/// A page for everybody, an application behind a NAT gateway, and people on the internet.
const TOPOLOGY: &str = "
name: background traffic
vpcs:
  V:
    cidr: 10.0.0.0/16
    internet_gateway: Gateway
    subnets:
      Public: { cidr: 10.0.0.0/24, az: a, map_public_ip: true }
      Private: { cidr: 10.0.1.0/24, az: a }
    nat_gateways: { Nat: { subnet: Public } }
    route_tables:
      Outward: { subnets: Public, routes: { 0.0.0.0/0: Gateway } }
      Inward: { subnets: Private, routes: { 0.0.0.0/0: Nat } }
    security_groups:
      Webs: { ingress: [{ tcp: 80, from: anywhere }, { tcp: 22, from: anywhere }, { icmp: all, from: anywhere }] }
      Apps: { ingress: [{ from: 10.0.0.0/16 }] }
    instances:
      Web: { subnet: Public, security_groups: Webs, eni_id: eni-0aaaaaaaaaaaaaaaa, serves: { 80: hello } }
      App: { subnet: Private, security_groups: Apps, eni_id: eni-0bbbbbbbbbbbbbbbb, serves: { 80: hello } }
internet:
  Alice: { address: 198.51.100.1 }
  Bob: { address: 198.51.100.2 }
  Attacker: { address: 203.0.113.9 }
  Controller: { address: 192.0.2.9, serves: { 443: { body: ok, certificate: self-signed } } }
  DropSite: { address: 192.0.2.10, serves: { 80: ok } }
";

fn yaml(traffic: &[&str], steps: &[&str]) -> String {
    let lines = |lines: &[&str], indent: &str| -> String {
        lines.iter().map(|line| format!("{indent}{line}\n")).collect()
    };
    let traffic =
        if traffic.is_empty() { String::new() } else { format!("traffic:\n{}", lines(traffic, "  ")) };
    let steps = if steps.is_empty() { String::new() } else { format!("steps:\n{}", lines(steps, "  - ")) };
    format!("{TOPOLOGY}{traffic}{steps}")
}

fn run(traffic: &[&str], steps: &[&str], seed: u64) -> ScenarioResult {
    let options = Options { seed: Some(Seed(seed)), verbose: true };
    suite::run_text("traffic", &yaml(traffic, steps), &options).unwrap_or_else(|text| panic!("{text}"))
}

/// All records of a run with some activities, at an interface; ports that clients choose are `eph`, the times
/// are left out, and alike records are counted.
fn records(traffic: &[&str], wait: &str, interface: &str) -> String {
    let result = run(traffic, &[&format!("wait: {wait}"), "expect_flow_logs: [{}]"], 1);
    let Some(Outcome::FlowLogs { lines }) = result.steps.last().map(|step| &step.outcome) else {
        panic!("no lines")
    };
    let mut counts: Vec<(String, u32)> = Vec::new();
    for line in lines.iter().filter(|line| line.contains(interface) && !line.contains("NODATA")) {
        let mut fields: Vec<&str> = line.split(' ').skip(3).collect();
        fields.drain(7..9);
        for at in [2, 3] {
            if fields[at].parse::<u16>().is_ok_and(|port| port >= 1_024) {
                fields[at] = "eph";
            }
        }
        let line = fields[..8].join(" ");
        match counts.iter_mut().find(|(other, _)| *other == line) {
            Some((_, count)) => *count += 1,
            None => counts.push((line, 1)),
        }
    }
    counts.into_iter().map(|(line, count)| format!("{count} x {line}\n")).collect()
}

const WEB: &str = "eni-0aaaaaaaaaaaaaaaa";
const APP: &str = "eni-0bbbbbbbbbbbbbbbb";

#[test]
fn clients_fetch_pages() {
    let clients = "Shoppers: { kind: clients, from: Alice, to: Web, every: 1m }";
    insta::assert_snapshot!(records(&[clients], "3m", WEB), @r"
    4 x 198.51.100.1 10.0.0.4 eph 80 6 6 386 ACCEPT
    4 x 10.0.0.4 198.51.100.1 80 eph 6 4 338 ACCEPT
    ");
}

#[test]
fn a_load_balancer_looks_after_every_target() {
    let check = "Probes: { kind: health-check, from: App, to: [Web, App], every: 10s }";
    insta::assert_snapshot!(records(&[check], "1m", WEB), @r"
    12 x 10.0.1.4 10.0.0.4 eph 80 6 6 397 ACCEPT
    12 x 10.0.0.4 10.0.1.4 80 eph 6 4 338 ACCEPT
    ");
}

#[test]
fn a_scan_finds_what_is_open_closed_and_filtered() {
    let scan = "Scan: { kind: port-scan, from: Attacker, to: Web, ports: [21-23, 80], rate: 20/s }";
    insta::assert_snapshot!(records(&[scan], "1m", WEB), @r"
    1 x 203.0.113.9 10.0.0.4 eph 80 6 4 216 ACCEPT
    1 x 10.0.0.4 203.0.113.9 80 eph 6 3 164 ACCEPT
    1 x 203.0.113.9 10.0.0.4 eph 21 6 3 180 REJECT
    1 x 203.0.113.9 10.0.0.4 eph 22 6 5 268 ACCEPT
    1 x 10.0.0.4 203.0.113.9 22 eph 6 4 237 ACCEPT
    1 x 203.0.113.9 10.0.0.4 eph 23 6 3 180 REJECT
    ");
}

#[test]
fn a_guessed_password_is_a_short_session() {
    let guesses = "Guesses: { kind: ssh-brute-force, from: Attacker, to: Web, every: 1s, for: 3s }";
    insta::assert_snapshot!(records(&[guesses], "1m", WEB), @r"
    3 x 203.0.113.9 10.0.0.4 eph 22 6 9 761 ACCEPT
    3 x 10.0.0.4 203.0.113.9 22 eph 6 7 649 ACCEPT
    ");
}

#[test]
fn a_beacon_reports_through_the_nat_gateway() {
    let beacon = "Beacon: { kind: beacon, from: App, to: Controller, every: 1m, jitter: 10s }";
    insta::assert_snapshot!(records(&[beacon], "3m", APP), @r"
    4 x 10.0.1.4 192.0.2.9 eph 443 6 9 919 ACCEPT
    4 x 192.0.2.9 10.0.1.4 443 eph 6 6 1069 ACCEPT
    ");
}

#[test]
fn an_upload_is_as_long_as_it_says() {
    let theft = "Theft: { kind: exfiltration, from: App, to: DropSite, port: 80, bytes: 3MB }";
    insta::assert_snapshot!(records(&[theft], "1m", APP), @r"
    1 x 10.0.1.4 192.0.2.10 eph 80 6 2112 3109950 ACCEPT
    1 x 192.0.2.10 10.0.1.4 80 eph 6 348 18251 ACCEPT
    ");
    let short = "Theft: { kind: exfiltration, from: App, to: DropSite, port: 80, bytes: 10kB }";
    insta::assert_snapshot!(records(&[short], "1m", APP), @r"
    1 x 10.0.1.4 192.0.2.10 eph 80 6 12 10726 ACCEPT
    1 x 192.0.2.10 10.0.1.4 80 eph 6 10 650 ACCEPT
    ");
    let secret = "Theft: { kind: exfiltration, from: App, to: Controller, bytes: 10kB }";
    insta::assert_snapshot!(records(&[secret], "1m", APP), @r"
    1 x 10.0.1.4 192.0.2.9 eph 443 6 15 11254 ACCEPT
    1 x 192.0.2.9 10.0.1.4 443 eph 6 7 1124 ACCEPT
    ");
}

#[test]
fn a_command_is_what_is_typed() {
    let ping = r#"Pings: { kind: command, from: Alice, run: "ping -c 2 Web", every: 30s, for: 1m }"#;
    insta::assert_snapshot!(records(&[ping], "1m", WEB), @r"
    1 x 198.51.100.1 10.0.0.4 0 0 1 4 336 ACCEPT
    1 x 10.0.0.4 198.51.100.1 0 0 1 4 336 ACCEPT
    ");
    // It is ended after ten minutes.
    let ping = r#"Pings: { kind: command, from: Alice, run: "ping -i 60 Web" }"#;
    insta::assert_snapshot!(records(&[ping], "1h", WEB), @r"
    10 x 198.51.100.1 10.0.0.4 0 0 1 1 84 ACCEPT
    10 x 10.0.0.4 198.51.100.1 0 0 1 1 84 ACCEPT
    ");
}

#[test]
fn a_rate_is_kept_over_a_day_and_the_seed_draws_the_times() {
    let clients = "Shoppers: { kind: clients, from: [Alice, Bob], to: Web, rate: 30/h }";
    let day = |seed| {
        let result = run(&[clients], &["wait: 24h", "expect_flow_logs: [{ dstport: 80 }]"], seed);
        let Some(Outcome::FlowLogs { lines }) = result.steps.last().map(|step| step.outcome.clone()) else {
            panic!("no lines")
        };
        lines
            .into_iter()
            .filter(|line| line.contains(" 80 6 ") && line.contains(" 198.51.100."))
            .collect::<Vec<_>>()
    };
    let one = day(1);
    assert_eq!(one, day(1));
    assert_ne!(one, day(2));
    let requests = |lines: &[String]| lines.iter().filter(|line| line.contains(" 10.0.0.4 ")).count();
    // 720 on average, with a standard deviation of 27.
    insta::assert_snapshot!(format!("{} {}", requests(&one), requests(&day(2))), @"756 684");
}

#[test]
fn one_more_activity_changes_nothing_of_another() {
    let clients = "Shoppers: { kind: clients, from: [Alice, Bob], to: Web, rate: 30/m }";
    let scan = "Scan: { kind: port-scan, from: Attacker, to: Web, ports: 1-100, rate: 5/s }";
    let visits = |traffic: &[&str]| {
        let result = run(traffic, &["wait: 5m", "expect_flow_logs: [{ srcaddr: Alice }]"], 1);
        let Some(Outcome::FlowLogs { lines }) = result.steps.last().map(|step| step.outcome.clone()) else {
            panic!("no lines")
        };
        lines.into_iter().filter(|line| line.contains(" 198.51.100.")).collect::<Vec<_>>()
    };
    assert_eq!(visits(&[clients]), visits(&[scan, clients]));
}

#[test]
fn steps_are_about_what_they_do_themselves() {
    let traffic = [
        "Shoppers: { kind: clients, from: [Alice, Bob], to: Web, rate: 20/s }",
        "Scan: { kind: port-scan, from: Attacker, to: Web, ports: 1-10000, rate: 20/s }",
        "Lost: { kind: clients, from: App, to: 10.0.0.99, rate: 1/s }",
        "Alone: { kind: clients, from: Web, to: 10.0.0.98, rate: 1/s }",
        "Beacon: { kind: beacon, from: App, to: Controller, every: 1s }",
        r#"Hop: { kind: command, from: Alice, run: "ssh Web curl -s http://App", every: 1s }"#,
        r#"Pings: { kind: command, from: Alice, run: "ping -c 1 Web", every: 1s }"#,
    ];
    let steps = [
        "{ on: Alice, run: curl -s http://Web, expect: { stdout: hello, dropped: nothing } }",
        "{ on: App, run: curl -sk https://Controller, expect: { stdout: ok, dropped: nothing } }",
        "wait: 2m",
        "{ on: Alice, run: ssh Web curl -s http://App, expect: { stdout: hello, dropped: nothing } }",
        "{ on: Bob, run: ping -c 1 Web, expect: { dropped: nothing, packets: [{ icmp: any, count: 2 }] } }",
        "{ on: Alice, run: ssh -o PreferredAuthentications=password root@Web ping -c 1 localhost, expect: { exit: 255, stderr_contains: \"root@Web: Permission denied (publickey,gssapi-keyex,gssapi-with-mic).\" } }",
    ];
    let with = run(&traffic, &steps, 1);
    assert!(with.passed(), "{:#?}", with.steps);
    let without = run(&[], &steps, 1);
    // Ports differ, what happens does not.
    let packets = |result: &ScenarioResult| -> Vec<Vec<(u64, String)>> {
        let steps = result.steps.iter().map(|step| {
            let mut seen: Vec<(u64, String)> = step
                .explanations
                .iter()
                .map(|explained| {
                    let words = explained.packet.split(' ').map(|word| {
                        let port = word.rsplit_once(':').filter(|(_, port)| port.len() == 5);
                        port.map_or(word, |(host, _)| host).to_owned()
                    });
                    (explained.count, words.collect::<Vec<_>>().join(" "))
                })
                .collect();
            seen.sort();
            seen
        });
        steps.collect()
    };
    assert_eq!(packets(&with), packets(&without));
    assert!(with.packets > without.packets + 10_000, "all packets count: {}", with.packets);
}

#[test]
fn a_host_that_is_stopped_misses_what_is_due() {
    let traffic = ["Calls: { kind: clients, from: App, to: Web, every: 10s }"];
    let steps = [
        "wait: 5m",
        "{ aws: ec2 stop-instances --instance-ids App }",
        "wait: 5m",
        "{ aws: ec2 start-instances --instance-ids App }",
        "wait: 5m",
        "{ aws: ec2 terminate-instances --instance-ids App }",
        "wait: 5m",
        "expect_flow_logs: [{ interface-id: Web, dstport: 80, count: 61 }]",
    ];
    let result = run(&traffic, &steps, 1);
    assert!(result.passed(), "{:#?}", result.steps.last());
}

/// Keeps the truth, and counts for each activity what the interfaces metered; what belongs to none is under
/// no name.
struct Metered {
    truth: Truth,
    seen: BTreeMap<(String, EniId, Direction, Protocol), u64>,
}

impl Observer for Metered {
    fn on_stretch(&mut self, stretch: &Stretch<'_>, _: &Model) {
        self.truth.on_stretch(stretch);
        for step in stretch.steps {
            if let Step::Metered { eni, direction, tuple, .. } = step {
                let activity = self.truth.activity_of(*tuple).map(|id| self.truth.facts(id).name.clone());
                let key = (activity.unwrap_or_default(), *eni, *direction, tuple.protocol);
                *self.seen.entry(key).or_default() += 1;
            }
        }
    }

    fn on_flow_opened(&mut self, at: Instant, opened: &FlowOpened) {
        self.truth.on_flow_opened(at, opened);
    }

    fn on_frame(&mut self, _: Instant, _: Station, _: Direction, _: &[u8], _: Option<DropReason>) {}

    fn wants_frames(&self) -> bool {
        false
    }

    fn on_malformed(&mut self, _: Instant, _: Station, _: usize, _: DropReason) {}

    fn on_unanswered_arp(&mut self, _: Instant, _: EniId, _: Ipv4Addr, _: &Model) {}
}

#[test]
fn every_packet_belongs_to_its_activity_at_every_interface() {
    let traffic = [
        "Shoppers: { kind: clients, from: [Alice, Bob], to: Web, rate: 1/s }",
        "Beacon: { kind: beacon, from: App, to: Controller, every: 10s }",
        "Scan: { kind: port-scan, from: Attacker, to: Web, ports: 20-90, rate: 20/s }",
        r#"Hop: { kind: command, from: Alice, run: "ssh Web curl -s http://App", every: 30s }"#,
        r#"Pings: { kind: command, from: App, run: "ping -c 1 Controller", every: 30s }"#,
        r#"Names: { kind: command, from: App, run: "dig @8.8.8.8 example.com", every: 30s }"#,
    ];
    let scenario = scenario::load(&yaml(&traffic, &[])).expect("no mistakes");
    let activities: Vec<Activity<Station>> = scenario
        .traffic
        .into_iter()
        .map(|activity| {
            activity.resolve(&mut |name| station_of(&scenario.model, name).ok_or(())).expect("hosts")
        })
        .collect();
    assert_eq!(activities[2].kind, ActivityKind::PortScan);
    let truth = Truth::new(activities.iter().map(Activity::facts).collect());
    let observer = Metered { truth, seen: BTreeMap::new() };
    let mut world = World::new(Seed(1), scenario.start, scenario.model, scenario.hosts, observer);
    world.begin_traffic(activities);
    world.run_until(scenario.start + std::time::Duration::from_secs(600), |_| false);
    let model = world.model().clone();
    let lines = world.observer.seen.iter().map(|((activity, eni, direction, protocol), count)| {
        format!("{activity} {} {direction} {protocol} {count}\n", model.eni_label(*eni))
    });
    let lines: String = lines.collect();
    assert!(!lines.contains("\n "), "{lines}");
    insta::assert_snapshot!(lines, @r"
    Beacon App egress tcp 540
    Beacon App ingress tcp 360
    Beacon Nat egress tcp 900
    Beacon Nat ingress tcp 900
    Hop Web egress tcp 340
    Hop Web ingress tcp 320
    Hop App egress tcp 80
    Hop App ingress tcp 120
    Names App egress udp 21
    Names App ingress udp 20
    Names Nat egress udp 40
    Names Nat ingress udp 40
    Pings App egress icmp 21
    Pings App ingress icmp 20
    Pings Nat egress icmp 40
    Pings Nat ingress icmp 40
    Scan Web egress tcp 7
    Scan Web ingress tcp 216
    Shoppers Web egress tcp 2528
    Shoppers Web ingress tcp 3792
    ");
}
