//! Links and faults as a scenario sees them.

use std::fmt::Write as _;
use std::time::Duration;

use insta::assert_snapshot;
use vpclab::report::result::{End, Outcome, ScenarioResult, StepResult};
use vpclab::scenario;
use vpclab::suite::{self, Options};

/// Two zones with a host or two in each, and a laptop.
const TOPOLOGY: &str = "
name: links
vpcs:
  V:
    cidr: 10.0.0.0/16
    internet_gateway: Gateway
    subnets:
      SubnetA: { cidr: 10.0.0.0/24, az: a, map_public_ip: true }
      SubnetB: { cidr: 10.0.1.0/24, az: b, map_public_ip: true }
    route_tables: { Table: { subnets: [SubnetA, SubnetB], routes: { 0.0.0.0/0: Gateway } } }
    security_groups: { Open: { ingress: [{ from: anywhere }] } }
    instances:
      A1: { subnet: SubnetA, security_groups: Open, serves: { 80: PAGE } }
      A2: { subnet: SubnetA, security_groups: Open }
      B1: { subnet: SubnetB, security_groups: Open, serves: { 80: b } }
      Slow: { subnet: SubnetB, security_groups: Open, bandwidth: 1Mbps }
internet:
  Laptop: { address: 198.51.100.7 }
";

/// How long the page is that A1 serves.
const PAGE_LEN: usize = 100_000;

/// Runs steps; `links` is written behind them, so that lines stay where they are.
fn run(steps: &[&str], links: &str) -> ScenarioResult {
    let mut yaml = TOPOLOGY.replace("PAGE", &"x".repeat(PAGE_LEN));
    yaml += "steps:\n";
    for step in steps {
        let _ = writeln!(yaml, "  - {step}");
    }
    yaml += links;
    let options = Options { seed: None, verbose: true };
    suite::run_text("links", &yaml, &options).unwrap_or_else(|mistakes| panic!("{mistakes}"))
}

/// The links of a scenario, one in a line.
fn links(links: &[&str]) -> String {
    links.iter().fold("links:\n".to_owned(), |yaml, link| yaml + &format!("  - {{ {link} }}\n"))
}

fn stdout(step: &StepResult) -> &str {
    match &step.outcome {
        Outcome::Run { stdout, .. } => stdout,
        Outcome::Aws { .. }
        | Outcome::Fault { .. }
        | Outcome::FlowLogs { .. }
        | Outcome::Metrics { .. }
        | Outcome::Probe { .. }
        | Outcome::Repair { .. }
        | Outcome::Athena { .. }
        | Outcome::Wait { .. } => panic!("step {} runs no command", step.number),
    }
}

/// How many packets of a step came to which end, in the order of the words.
fn ends(step: &StepResult, packets: &str) -> Vec<(String, u64)> {
    let mut ends = std::collections::BTreeMap::new();
    for explanation in step.explanations.iter().filter(|e| e.packet.starts_with(packets)) {
        let end = match &explanation.end {
            End::Delivered { to } => format!("delivered to {to}"),
            End::Fragmented => "fragmented".to_owned(),
            End::Dropped { reason, at, .. } => format!("{reason} at {at}"),
        };
        *ends.entry(end).or_insert(0) += explanation.count;
    }
    ends.into_iter().collect()
}

fn end(words: &str, count: u64) -> (String, u64) {
    (words.to_owned(), count)
}

/// The sequence numbers in the order in which the answers came.
fn sequence(step: &StepResult) -> Vec<u64> {
    let numbers = stdout(step).split("icmp_seq=").skip(1);
    numbers.map(|rest| rest.split(' ').next().unwrap().parse().unwrap()).collect()
}

#[test]
fn a_link_that_says_nothing_changes_nothing() {
    let steps = [
        "{ on: Laptop, run: curl -s http://A1 }",
        "{ on: A1, run: ping -c 3 B1 }",
        "{ on: B1, run: ping -c 3 -i 0.002 Laptop }",
    ];
    let zero = "loss: 0%, jitter: 0s, reorder: 0%, duplicate: 0ppm";
    let zeros = [
        &format!("between: [Laptop, internet], {zero}"),
        &format!("between: [a, b], {zero}"),
        "between: [a, internet]",
    ];
    assert_eq!(
        format!("{:?}", run(&steps, &links(&zeros.map(|link| link)))),
        format!("{:?}", run(&steps, ""))
    );
}

#[test]
fn losses_are_those_of_the_seed() {
    let ping = [
        "{ on: Laptop, run: ping -q -c 500 -i 0.01 A1, expect: { dropped: link-loss, at: us-east-1a - Laptop } }",
    ];
    let result = run(&ping, &links(&["between: [Laptop, internet], loss: 10%"]));
    assert!(result.passed(), "a link is called as it is printed");
    // They add up, and nothing else is lost.
    let (requests, replies) =
        (ends(&result.steps[0], "icmp echo request"), ends(&result.steps[0], "icmp echo reply"));
    assert_eq!(requests, [end("delivered to A1", 459), end("link-loss at Laptop - us-east-1a", 41)]);
    assert_eq!(replies, [end("delivered to Laptop", 412), end("link-loss at us-east-1a - Laptop", 47)]);
    assert!(stdout(&result.steps[0]).contains("500 packets transmitted, 412 received"));
}

#[test]
fn packets_stay_in_order_unless_reordering_is_asked_for() {
    let ping = ["{ on: Laptop, run: ping -c 200 -i 0.002 A1 }"];
    let jitter = run(&ping, &links(&["between: [Laptop, internet], jitter: 20ms"]));
    assert_eq!(sequence(&jitter.steps[0]), (1..=200).collect::<Vec<u64>>());
    let reorder = run(&ping, &links(&["between: [Laptop, internet], reorder: 5%"]));
    let mut came = sequence(&reorder.steps[0]);
    assert!(!came.is_sorted());
    came.sort_unstable();
    assert_eq!(came, (1..=200).collect::<Vec<u64>>(), "all came");
}

#[test]
fn copies_are_packets_of_their_own() {
    let ping = ["{ on: A1, run: ping -c 3 B1 }"];
    let result = run(&ping, &links(&["between: [b, a], duplicate: 100%"]));
    let step = &result.steps[0];
    assert_eq!(ends(step, "icmp echo request"), [end("delivered to B1", 6)]);
    // B1 answers the copies too, and its answers are doubled.
    assert_eq!(ends(step, "icmp echo reply"), [end("delivered to A1", 12)]);
    assert_eq!(result.packets, 3 + 6, "hosts have not sent the copies");
    // It stops at the first answer to its last probe.
    assert!(stdout(step).contains("3 packets transmitted, 3 received, +6 duplicates, 0% packet loss"));
}

#[test]
fn bytes_take_their_time() {
    // A frame of 1250 bytes, 1208 of them ping's payload, takes 10 ms at 1 Mbps; there and back between
    // zones is 0.8 ms.
    let steps = ["{ on: A1, run: ping -c 1 -s 1208 B1 }", "{ on: A1, run: ping -c 1 -s 1208 Slow }"];
    let result = run(&steps, &links(&["between: [a, B1], bandwidth: 1Mbps"]));
    for step in &result.steps {
        assert!(stdout(step).contains("icmp_seq=1 ttl=127 time=20.8 ms"), "{}", stdout(step));
    }
    // At 10 Mbps, and at the 5 Gbps of a flow, which nobody notices here.
    let curl = ["{ on: Laptop, run: curl -s http://A1 }"];
    let took = |links: &str| run(&curl, links).steps[0].took;
    let bits = PAGE_LEN as u64 * 8;
    let slow = took(&links(&["between: [a, internet], bandwidth: 10Mbps"]));
    let least = Duration::from_micros(bits / 10);
    assert!((least..least + Duration::from_millis(60)).contains(&slow), "{slow:?}");
    assert!(took("") < least);
}

#[test]
fn what_waits_too_long_is_dropped_and_sent_again() {
    let curl = ["{ on: A2, run: curl -s http://A1 }"];
    let result = run(&curl, &links(&["between: [A1, A2], bandwidth: 512kbps"]));
    assert_eq!(stdout(&result.steps[0]).len(), PAGE_LEN);
    let dropped = ends(&result.steps[0], "tcp ACK");
    assert!(
        dropped.iter().any(|(end, _)| end == "link-queue-full at us-east-1a - us-east-1a"),
        "{dropped:?}"
    );
}

#[test]
fn faults_stop_what_they_say_until_they_are_repaired() {
    // What becomes of pings from A1 to B1, to A2 and to Laptop, and from B1 to itself in zone b.
    let pings = ["A1 B1", "A1 A2", "Laptop A1", "Laptop B1", "B1 Slow"];
    let ping = |pair: &str| {
        let (from, to) = pair.split_once(' ').unwrap();
        format!("{{ on: {from}, run: ping -c 1 -W 1 {to}, expect: {{ exit: EXIT }} }}")
    };
    let cut = "link-cut at us-east-1a - us-east-1b";
    let down = "zone-down at us-east-1b";
    let table = [
        ("{ cut: [a, b] }", [cut, "", "", "", ""]),
        ("{ cut: [B1, a] }", [cut, "", "", "", ""]),
        ("{ zone_down: b }", [down, "", "", down, down]),
        ("{ partition: [[a], [b, internet]] }", [cut, "", "link-cut at Laptop - us-east-1a", "", ""]),
        (
            "{ cut: [Laptop, internet] }",
            ["", "", "link-cut at Laptop - us-east-1a", "link-cut at Laptop - us-east-1b", ""],
        ),
        (
            "{ link: [us-east-1, us-east-1], loss: 100% }",
            [
                "link-loss at us-east-1a - us-east-1b",
                "link-loss at us-east-1a - us-east-1a",
                "",
                "",
                "link-loss at us-east-1b - us-east-1b",
            ],
        ),
    ];
    for (fault, expected) in table {
        for repair in ["all", &fault.replace(", loss: 100%", "")] {
            let mut steps = vec![format!("fault: {fault}")];
            let exit = |end: &str| if end.is_empty() { "0" } else { "1" };
            steps.extend(pings.iter().zip(expected).map(|(pair, end)| ping(pair).replace("EXIT", exit(end))));
            steps.push(format!("repair: {repair}"));
            steps.extend(pings.map(|pair| ping(pair).replace("EXIT", "0")));
            let result = run(&steps.iter().map(String::as_str).collect::<Vec<_>>(), "");
            assert!(result.passed(), "{fault}: {:#?}", result.steps);
            for (step, expected) in result.steps[1..].iter().zip(expected) {
                let came = ends(step, "icmp echo request");
                let expected = if expected.is_empty() { vec![] } else { vec![end(expected, 1)] };
                let dropped: Vec<_> =
                    came.into_iter().filter(|(end, _)| !end.starts_with("delivered")).collect();
                assert_eq!(dropped, expected, "{fault}, step {}", step.number);
            }
        }
    }
}

#[test]
fn what_comes_to_a_zone_that_went_down_is_dropped_before_its_interface() {
    let steps = [
        "{ on: Laptop, run: ping -c 1 -W 1 A1, expect: { exit: 1 } }",
        "fault: { zone_down: a }",
        "wait: 20s",
        "expect_flow_logs: [{ interface-id: A1, count: 0 }]",
        "repair: all",
        "{ on: Laptop, run: ping -c 1 -W 30 A1 }",
        "fault: { cut: [Laptop, a] }",
        "expect_flow_logs: [{ interface-id: A1, srcaddr: Laptop, protocol: icmp, action: ACCEPT, count: 1 }]",
    ];
    let result = run(&steps, &links(&["between: [Laptop, internet], latency: 10s"]));
    assert!(result.passed(), "{:#?}", result.steps);
    assert_eq!(ends(&result.steps[2], "icmp"), [end("zone-down at us-east-1a", 1)]);
    // The wire that is cut later carries what is on it already.
    let steps = [
        "{ on: Laptop, run: ping -c 1 -W 1 A1, expect: { exit: 1 } }",
        "fault: { cut: [Laptop, a] }",
        "wait: 20s",
    ];
    let result = run(&steps, &links(&["between: [Laptop, internet], latency: 10s"]));
    assert_eq!(ends(&result.steps[2], "icmp echo request"), [end("delivered to A1", 1)]);
}

#[test]
fn a_link_that_is_added_changes_nothing_on_another() {
    let steps = [
        "{ on: Laptop, run: ping -c 50 -i 0.01 A1 }",
        "{ on: A1, run: ping -c 50 -i 0.01 B1 }",
        "{ on: Laptop, run: ping -c 50 -i 0.01 A1 }",
    ];
    let line = "between: [Laptop, internet], loss: 20%, jitter: 3ms, duplicate: 5%";
    let other = "between: [a, b], loss: 20%, jitter: 3ms, duplicate: 5%, reorder: 1%";
    let alone = run(&steps, &links(&[line]));
    let (before, after) = (run(&steps, &links(&[other, line])), run(&steps, &links(&[line, other])));
    assert_eq!(format!("{:?}", before.steps), format!("{:?}", after.steps));
    for (alone, other) in [(&alone.steps[0], &after.steps[0]), (&alone.steps[2], &after.steps[2])] {
        assert_eq!(stdout(alone), stdout(other));
    }
    assert_ne!(stdout(&alone.steps[1]), stdout(&after.steps[1]));
    // Another knob of the same link does not change which packets are lost.
    let lost = |links: &str| sequence(&run(&steps[..1], links).steps[0]);
    let plain = lost(&links(&["between: [Laptop, internet], loss: 20%"]));
    assert_eq!(plain, lost(&links(&["between: [Laptop, internet], loss: 20%, jitter: 3ms"])));
}

#[test]
fn mistakes_name_the_place_and_the_fix() {
    let yaml = format!(
        "{}{}",
        TOPOLOGY.replace("PAGE", "a"),
        "links:
  - { between: [a, c, b], loss: 2 }
  - { between: [a, internot] }
  - { between: [A1, A1] }
  - { loss: 1% }
  - { between: [a, b], jitter: 5ms }
  - { between: [b, a], bandwidth: 0Mbps }
  - { between: [b, us-east-1a], los: 1% }
steps:
  - fault: { zone_down: x }
  - fault: { zone_down: b }
  - fault: { zone_down: us-east-1b }
  - fault: { cut: [a, b], loss: 5% }
  - fault: { link: [a, b] }
  - fault: { cut: [a, b], zone_down: b }
  - fault: {}
  - fault: { partition: [[a, b]] }
  - fault: { partition: [[a], [a]] }
  - repair: everything
  - repair: { cut: [b, Laptop] }
  - repair: { zone_down: b, loss: 1% }
"
    );
    let problems = scenario::load(&yaml).expect_err("it has mistakes");
    assert_snapshot!("mistakes", problems.render("links.yaml", &yaml, false));
}

#[test]
fn a_letter_is_enough_unless_it_leaves_the_region_open() {
    let yaml = "
name: two regions
vpcs:
  V: { cidr: 10.0.0.0/16, subnets: { S: { cidr: 10.0.0.0/24 } } }
  W: { region: us-west-2, cidr: 10.1.0.0/16, subnets: { T: { cidr: 10.1.0.0/24 } } }
steps:
  - fault: { zone_down: a }
";
    let problems = scenario::load(yaml).expect_err("it has a mistake");
    assert_snapshot!(problems.render("two.yaml", yaml, false), @r"
    error: there is a zone `a` in several regions
     --> two.yaml:7:25
      |
    7 |   - fault: { zone_down: a }
      |                         ^
      |
      = hint: say which: `us-east-1a`, `us-west-2a`

    error: 1 mistake in two.yaml
    ");
}
