//! Who reaches whom. What the prober finds is what the simulation finds that runs hosts: that is tested for all
//! pairs of the scenarios that ship.

mod program;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use insta::assert_snapshot;
use vpclab::report::matrix::{Cell, Matrix, Verdict};
use vpclab::report::result::{End, Outcome, ScenarioResult};
use vpclab::suite::{self, Options, Probe, Question};
use vpclab::trace::{Asked, Leg};

use crate::program::vpclab;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn scenario(name: &str, yaml: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("probe");
    std::fs::create_dir_all(&folder).expect("a folder can be made");
    let path = folder.join(format!("{name}.yaml"));
    std::fs::write(&path, yaml).expect("a file can be written");
    path
}

fn shipped(name: &str) -> PathBuf {
    root().join(format!("scenarios/{name}.yaml"))
}

fn matrix(path: &Path, ports: &[Asked], after: Option<&str>) -> Matrix {
    let probe = Probe { ports: ports.to_vec(), after: after.map(str::to_owned), jobs: 2, ..Probe::default() };
    suite::probe(path, &probe, false).unwrap_or_else(|report| panic!("{report:?}"))
}

/// Every pair of a matrix that is no host and itself: who asks, who is asked, what for, and what came of it.
fn pairs(matrix: &Matrix) -> Vec<(usize, usize, Asked, Cell)> {
    let mut cells = matrix.cells.iter();
    let mut pairs = Vec::new();
    for port in &matrix.ports {
        for from in &matrix.from {
            for to in &matrix.to {
                let cell = *cells.next().expect("a cell for each pair");
                if cell != Cell::ITSELF {
                    pairs.push((*from, *to, *port, cell));
                }
            }
        }
    }
    pairs
}

/// The same as a line: `open`, or `request no-route Table`.
fn words(matrix: &Matrix, cell: Cell) -> String {
    match matrix.refusals.verdict(cell) {
        Verdict::Closed(refusal) => format!("{} {} {}", refusal.leg, refusal.code, refusal.at),
        Verdict::Itself => "itself".to_owned(),
        Verdict::Open => "open".to_owned(),
    }
}

/// What `vpclab explain` says, in the same words; `None` if it has followed only a part of the way, because a host
/// in between sends the packet on as one of its own.
fn explained(result: &ScenarioResult, to: &str, from: &str) -> Option<String> {
    let step = &result.steps[0];
    let Outcome::Probe { verdict } = &step.outcome else { panic!("it is a question") };
    if verdict.starts_with("nothing is sent") {
        return Some("nothing is sent".to_owned());
    }
    let goals = [(Leg::Request, to), (Leg::Reply, from)];
    for ((leg, goal), explanation) in goals.iter().zip(&step.explanations) {
        match &explanation.end {
            End::Dropped { reason, at, .. } => return Some(format!("{leg} {reason} {at}")),
            End::Delivered { to } if to == goal => {}
            End::Delivered { .. } | End::Fragmented => return None,
        }
    }
    assert_eq!(step.explanations.len(), 2, "{verdict}");
    Some("open".to_owned())
}

/// Asks the simulation with hosts about a pair.
fn explain(path: &Path, from: &str, to: &str, after: Option<&str>) -> ScenarioResult {
    let files = suite::find(&[path.to_owned()]).expect("the scenario is there");
    let question = Question { from: from.to_owned(), to: to.to_owned(), after: after.map(str::to_owned) };
    let options = Options { seed: None, verbose: true };
    match suite::ask(&files[0].path, &options, &question, false) {
        Ok(result) => *result,
        Err(report) => panic!("{from} {to}: {report:?}"),
    }
}

/// All pairs of a scenario, compared with `vpclab explain`. How many were compared, and how many go through hosts.
fn agrees(path: &Path, asked: Asked, after: Option<&str>) -> (usize, usize) {
    let matrix = matrix(path, &[asked], after);
    let (mut compared, mut through_hosts) = (0, 0);
    let mut wrong = String::new();
    for (from, to, asked, cell) in pairs(&matrix) {
        let (from, to) = (&matrix.hosts[from], &matrix.hosts[to]);
        if from.is_stand_in || to.is_stand_in {
            continue;
        }
        // Names with a dot are asked for, and the answer may not come.
        let host = if to.name.contains('.') { &to.id } else { &to.name };
        let target = match asked {
            Asked::Ping => host.clone(),
            Asked::Tcp(port) => format!("{host}:{port}"),
            Asked::Udp(port) => format!("{host}:{port}/udp"),
        };
        let result = explain(path, &from.name, &target, after);
        let found = words(&matrix, cell);
        let is_unsent = ["request no-public-address", "request own-address"];
        let found = if is_unsent.iter().any(|code| found.starts_with(code)) {
            "nothing is sent".to_owned()
        } else {
            found
        };
        match explained(&result, &to.name, &from.name) {
            Some(explained) if explained == found => compared += 1,
            Some(explained) => {
                let pair = format!("{} -> {} {asked} {after:?}", from.name, to.name);
                let _ = writeln!(wrong, "{pair}\n  probe:   {found}\n  explain: {explained}");
            }
            None => through_hosts += 1,
        }
    }
    assert!(wrong.is_empty(), "{}\n{wrong}", path.display());
    (compared, through_hosts)
}

#[test]
fn every_pair_is_what_explain_says() {
    let (mut compared, mut through_hosts) = (0, 0);
    let mut files: Vec<PathBuf> = std::fs::read_dir(root().join("scenarios"))
        .expect("the folder is there")
        .map(|entry| entry.expect("it can be read").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "yaml"))
        .collect();
    files.sort();
    for path in files {
        for asked in [Asked::Tcp(80), Asked::Tcp(443), Asked::Ping] {
            for after in [None, Some("end")] {
                let (one, other) = agrees(&path, asked, after);
                (compared, through_hosts) = (compared + one, through_hosts + other);
            }
        }
    }
    assert!(compared > 2_000, "{compared}");
    assert!(through_hosts < compared / 20, "{through_hosts} of {compared}");
}

/// What a run of `nc` comes to that is put at the end of a scenario, or in place of its steps.
fn tried(name: &str, step: &str, at_end: bool) -> ScenarioResult {
    let source = std::fs::read_to_string(shipped(name)).expect("the scenario is there");
    let text = if at_end {
        source
    } else {
        format!("{}\nsteps:\n", source.split("\nsteps:").next().expect("a beginning"))
    };
    let options = Options { seed: None, verbose: true };
    suite::run_text(name, &format!("{text}{step}"), &options).unwrap_or_else(|text| panic!("{text}"))
}

/// Through hosts that forward, `vpclab explain` shows the first part of the way. There the prober has to say what
/// programs see, and its reason has to be one of those that packets died of.
#[test]
fn through_middleboxes_every_pair_is_what_programs_see() {
    let mut through = 0;
    for name in [
        "route-ingress-firewall",
        "route-inside-vpc",
        "route-middlebox-asymmetry",
        "route-source-dest-check",
        "sg-behind-middlebox",
        "tgw-appliance-mode",
        "traceroute-hops",
    ] {
        for (after, at_end) in [(None, false), (Some("end"), true)] {
            let matrix = matrix(&shipped(name), &[Asked::Tcp(80), Asked::Tcp(5432)], after);
            for (from, to, asked, cell) in pairs(&matrix) {
                let (from, to) = (&matrix.hosts[from], &matrix.hosts[to]);
                let port = asked.port().expect("a port");
                if from.is_stand_in || to.is_stand_in {
                    continue;
                }
                let run = format!("nc -z -v -w 4 {} {port}", to.name);
                let step = format!("  - {{ on: {}, run: {run}, timeout: 20s }}\n", from.name);
                let result = tried(name, &step, at_end);
                let step = result.steps.last().expect("a step");
                let Outcome::Run { stdout, stderr, .. } = &step.outcome else { panic!("a command ran") };
                let is_open = ["succeeded", "Connected", "refused"]
                    .iter()
                    .any(|word| stdout.contains(word) || stderr.contains(word));
                let found = words(&matrix, cell);
                let about = format!("{name}: {} -> {} {asked} {after:?}: {found}", from.name, to.name);
                assert_eq!(is_open, cell == Cell::OPEN, "{about}\n{stdout}{stderr}");
                through += step.explanations.len();
                if let Verdict::Closed(refusal) = matrix.refusals.verdict(cell) {
                    let died = step.explanations.iter().any(|explanation| {
                        matches!(&explanation.end, End::Dropped { reason, at, .. }
                            if (*reason, at) == (refusal.code, &refusal.at))
                    });
                    let is_of_hosts = ["no-public-address", "not-forwarded", "other-host", "ttl-expired"];
                    assert!(died || is_of_hosts.contains(&refusal.code), "{about}");
                }
            }
        }
    }
    assert!(through > 200, "{through}");
}

/// NAT, a middlebox that forwards and one that does not, and addresses that several hosts have.
const ODD: &str = "
name: Odd ones
vpcs:
  Site:
    cidr: 10.0.0.0/16
    internet_gateway: Gateway
    subnets:
      Public: { cidr: 10.0.0.0/24, map_public_ip: true }
      Inner: { cidr: 10.0.1.0/24 }
      Apps: { cidr: 10.0.2.0/24 }
      Data: { cidr: 10.0.3.0/24 }
    nat_gateways: { Nat: { subnet: Public } }
    route_tables:
      PublicTable: { subnets: Public, routes: { 0.0.0.0/0: Gateway } }
      InnerTable: { subnets: Inner, routes: { 0.0.0.0/0: Nat } }
      AppsTable: { subnets: Apps, routes: { 10.0.3.0/24: Forwarder, 10.0.1.0/24: Keeper } }
    security_groups: { Open: { ingress: [{ from: anywhere }] } }
    instances:
      inner: { subnet: Inner, security_groups: Open }
      app: { subnet: Apps, security_groups: Open }
      data: { subnet: Data, security_groups: Open }
      Forwarder: { subnet: Public, security_groups: Open, source_dest_check: false, forwards: true }
      Keeper: { subnet: Public, security_groups: Open, source_dest_check: false }
  Twin:
    cidr: 10.0.0.0/16
    subnets: { There: { cidr: 10.0.2.0/24 } }
    instances: { twin: { subnet: There } }
internet: { site: { address: 198.51.100.7 } }
steps: []
";

fn found(path: &Path, port: Asked, from: &str, to: &str) -> String {
    let probe = Probe { from: vec![from.into()], to: vec![to.into()], ports: vec![port], ..Probe::default() };
    let matrix = suite::probe(path, &probe, false).unwrap_or_else(|report| panic!("{report:?}"));
    words(&matrix, matrix.cells[0])
}

#[test]
fn packets_are_translated_forwarded_and_kept() {
    let path = scenario("odd", ODD);
    let cases = [
        ("inner", "site", "open"),
        ("site", "inner", "request no-public-address inner"),
        ("site", "Forwarder", "open"),
        ("app", "data", "open"),
        ("app", "inner", "request not-forwarded Keeper"),
        ("inner", "app", "reply not-forwarded Keeper"),
        // Both have the first free address of a block that both VPCs have.
        ("app", "twin", "request own-address app"),
        ("data", "twin", "request other-host app"),
    ];
    for (from, to, expected) in cases {
        for port in [Asked::Tcp(443), Asked::Udp(53), Asked::Ping] {
            assert_eq!(found(&path, port, from, to), expected, "{from} -> {to} {port}");
        }
    }
}

/// The answer to a datagram is one, and no ICMP error: network ACLs tell them apart.
#[test]
fn each_protocol_is_asked_for_by_its_own_packets() {
    let yaml = "
name: protocols
vpcs:
  V:
    cidr: 10.0.0.0/16
    subnets: { A: { cidr: 10.0.0.0/24 }, B: { cidr: 10.0.1.0/24 } }
    network_acls:
      Narrow:
        subnets: B
        ingress: [{ rule: 1, action: allow, udp: 53, from: anywhere }, { rule: 2, action: allow, icmp: 8, from: anywhere }]
        egress: [{ rule: 1, action: allow, udp: 1024-65535, to: anywhere }]
    security_groups: { Open: { ingress: [{ from: anywhere }] } }
    instances: { a: { subnet: A, security_groups: Open }, b: { subnet: B, security_groups: Open } }
";
    let path = scenario("protocols", yaml);
    assert_eq!(found(&path, Asked::Udp(53), "a", "b"), "open");
    assert_eq!(found(&path, Asked::Tcp(53), "a", "b"), "request network-acl Narrow");
    assert_eq!(found(&path, Asked::Ping, "a", "b"), "reply network-acl Narrow");
}

#[test]
fn a_matrix_is_printed_in_three_formats() {
    let file = "scenarios/vpc-peering.yaml";
    let mut all = String::new();
    for arguments in [
        &["--after", "end"][..],
        &["--port", "22,icmp", "--from", "Laptop"],
        &["--port", "443", "--format", "csv"],
        &["--port", "443,53/udp", "--to", "BastionHost", "--format", "json"],
    ] {
        let mut typed = vec!["probe", file];
        typed.extend(arguments);
        let _ = writeln!(all, "{}\n{}", arguments.join(" "), vpclab(&typed));
    }
    assert_snapshot!(all);
}

/// A VPC with more hosts than a table has columns.
fn large() -> PathBuf {
    let hosts: Vec<String> = (0..60)
        .map(|n| {
            format!("h{n}: {{ subnet: S, security_groups: {} }}", if n % 3 == 0 { "Web" } else { "Shut" })
        })
        .collect();
    let yaml = format!(
        "
name: many
vpcs:
  V:
    cidr: 10.0.0.0/16
    subnets: {{ S: {{ cidr: 10.0.0.0/24 }} }}
    security_groups: {{ Web: {{ ingress: [{{ tcp: 443, from: 10.0.0.0/8 }}] }}, Shut: {{}} }}
    instances: {{ {} }}
",
        hosts.join(", ")
    );
    scenario("many", &yaml)
}

#[test]
fn many_hosts_are_told_in_groups() {
    let path = large();
    let printed = vpclab(&["probe", &path.display().to_string()]);
    assert_snapshot!(printed.replace(&path.display().to_string(), "many.yaml"));
}

#[test]
fn however_many_ask_at_a_time_it_is_the_same() {
    for file in [large().display().to_string(), "scenarios/vpn-edge-to-edge.yaml".to_owned()] {
        for format in ["text", "csv", "json"] {
            let with =
                |jobs| vpclab(&["probe", &file, "--port", "443,22,icmp", "--format", format, "--jobs", jobs]);
            let one = with("1");
            assert_eq!(one, with("4"));
            assert_eq!(one, with("7"));
        }
    }
}

#[test]
fn wrong_usage_says_what_there_is() {
    let mut all = String::new();
    for arguments in [
        &["probe", "scenarios/hello.yaml", "--to", "Nobody"][..],
        &["probe", "scenarios/hello.yaml", "--port", "http"],
        &["probe", "scenarios/hello.yaml", "--port", "1-9000"],
        &["probe", "scenarios/hello.yaml", "--after", "never"],
        &["probe", "scenarios/flow-logs"],
        &["diff", "scenarios/hello.yaml", "scenarios/hello.yaml", "--from", "Nobody"],
        &["diff", "scenarios/hello.yaml"],
    ] {
        let _ = writeln!(all, "{}\n{}", arguments.join(" "), vpclab(arguments));
    }
    assert_snapshot!(all);
}

#[test]
fn hosts_are_named_by_ids_and_addresses_too() {
    let path = shipped("hello");
    for word in ["Server", "eni-0046d2a3dda4a31fd", "10.0.1.5"] {
        assert_eq!(found(&path, Asked::Tcp(80), "Client", word), "open", "{word}");
    }
}

#[test]
fn a_diff_says_what_is_opened_and_closed() {
    let network = |rule: &str, hosts: &str| {
        format!(
            "
name: network
vpcs:
  V:
    cidr: 10.0.0.0/16
    subnets: {{ S: {{ cidr: 10.0.0.0/24 }} }}
    security_groups: {{ Web: {{ ingress: [{rule}] }}, Clients: {{}} }}
    instances: {{ web: {{ subnet: S, security_groups: Web }}, {hosts} }}
"
        )
    };
    let hosts = "client: { subnet: S, security_groups: Clients }";
    let before = scenario("before", &network("{ tcp: 443, from: Clients }", hosts));
    let others = format!("{hosts}, new: {{ subnet: S, security_groups: Clients }}");
    let after = scenario("after", &network("{ tcp: 80, from: Clients }", &others));
    let (before, after) = (before.display().to_string(), after.display().to_string());
    let mut all = String::new();
    for (a, b, format) in [
        (&before, &after, "text"),
        (&before, &after, "csv"),
        (&after, &before, "json"),
        (&before, &before, "text"),
    ] {
        let printed = vpclab(&["diff", a, b, "--format", format]);
        let printed = printed.replace(&before, "before.yaml").replace(&after, "after.yaml");
        let _ = writeln!(all, "{format}\n{printed}");
    }
    // A host that is only in one of them can be asked for.
    let printed = vpclab(&["diff", &before, &after, "--from", "new"]);
    all += &printed.replace(&before, "before.yaml").replace(&after, "after.yaml");
    assert_snapshot!(all);
}
