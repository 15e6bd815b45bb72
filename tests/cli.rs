//! The program as a user meets it: everything it prints, and its exit code.

mod program;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use insta::assert_snapshot;

use crate::program::vpclab;

/// A folder of this test's own, empty.
fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("cli").join(name);
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).expect("a folder can be made");
    folder
}

fn scenario(folder: &Path, name: &str, yaml: &str) -> String {
    let path = folder.join(name);
    std::fs::write(&path, yaml).expect("a file can be written");
    path.display().to_string()
}

// What it says of deliveries is not there without them.
#[cfg(feature = "deliver")]
#[test]
fn help() {
    assert_snapshot!("help", vpclab(&["--help"]));
    assert_snapshot!("help-run", vpclab(&["run", "--help"]));
    assert_snapshot!("help-probe", vpclab(&["probe", "--help"]));
    assert_snapshot!("help-diff", vpclab(&["diff", "--help"]));
}

/// All scenarios that ship, by their paths, in order.
fn scenarios() -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (mut files, mut folders) = (Vec::new(), vec![root.join("scenarios")]);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("the folder is there") {
            let path = entry.expect("it can be read").path();
            let shown = path.strip_prefix(root).expect("it is in the project").to_string_lossy().into_owned();
            if path.is_dir() {
                folders.push(path);
            } else if shown.ends_with(".yaml") {
                // What scenarios are imported from lies beside them.
                files.push(shown);
            }
        }
    }
    files.sort();
    files
}

#[test]
fn every_scenario_that_ships_prints_what_it_printed() {
    let scenarios = scenarios();
    assert!(scenarios.len() >= 40, "the scenarios are there");
    for shown in scenarios {
        let name = shown.trim_start_matches("scenarios/").trim_end_matches(".yaml").replace('/', "-");
        assert_snapshot!(format!("run-{name}"), vpclab(&["run", &shown, "--no-out"]));
    }
}

#[test]
fn a_verbose_run_explains_every_packet() {
    assert_snapshot!("run-verbose", vpclab(&["run", "-v", "--no-out", "scenarios/hello.yaml"]));
}

#[test]
fn a_run_as_json() {
    assert_snapshot!(
        "run-json",
        vpclab(&["run", "--format", "json", "--no-out", "scenarios/peering-not-transitive.yaml"])
    );
}

#[test]
fn a_folder_is_run_in_order_and_summed_up() {
    let printed = vpclab(&["run", "scenarios", "--no-out", "--quiet", "--jobs", "4"]);
    let mut lines = printed.lines();
    assert_eq!(lines.next(), Some("exit 0"));
    assert_eq!(lines.next(), Some("--- stdout"));
    let files: Vec<&str> = lines
        .map(|line| {
            let (passed, rest) = line.split_once("  ").expect("what came of it");
            assert_eq!(passed, "passed", "{line}");
            rest.split_once("  ").expect("a file and a title").0
        })
        .collect();
    assert_eq!(files, scenarios());
}

#[test]
fn mistakes_are_all_reported_and_nothing_runs() {
    assert_snapshot!("broken-many-mistakes", vpclab(&["check", "tests/broken/many-mistakes.yaml"]));
    assert_snapshot!("broken-not-yaml", vpclab(&["run", "--no-out", "tests/broken/not-yaml.yaml"]));
    assert_snapshot!("broken-default-vpc", vpclab(&["check", "tests/broken/default-vpc.yaml"]));
    assert_snapshot!("broken-host-names", vpclab(&["check", "tests/broken/host-names.yaml"]));
    assert_snapshot!("broken-topology", vpclab(&["check", "tests/broken/topology.yaml"]));
    assert_snapshot!("broken-traffic", vpclab(&["check", "tests/broken/traffic.yaml"]));
    assert_snapshot!("broken-flow-logs", vpclab(&["check", "tests/broken/flow-logs.yaml"]));
    assert_snapshot!(vpclab(&["check", "scenarios/hello.yaml"]), @r"
    exit 0
    --- stdout
    scenarios/hello.yaml: ok, 1 step
    ");
}

#[test]
fn a_failed_expectation_says_what_came() {
    let folder = folder("failed");
    let yaml =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios/hello.yaml")).expect("hello");
    let steps = yaml.find("steps:").expect("steps");
    let yaml = format!(
        "{}{}",
        &yaml[..steps],
        r#"steps:
  - { on: Client, run: curl -s http://Server, expect: { stdout: "hello from Client\n", dropped: no-route } }
  - { on: Client, run: curl -sS http://Server:81 }
  - { on: Client, run: curl -s http://Server, expect: { dropped: nothing, packets: [{ tcp: RST, to: Client }] } }
  - { on: Client, run: ping -c 2 -W 1 Server, expect: { exit: 0, dropped: security-group, at: Web } }
  - { on: Client, run: curl -sS http://10.0.1.99, expect: { exit: 7, dropped: no-neighbor } }
  - { on: Client, run: ping Server, timeout: 5s, expect: { exit: 0 } }
  - { on: Client, run: ping Server, timeout: 5s, expect: { exit: interrupted, dropped: no-route } }
  - { on: Client, run: curl -s http://Server, expect: { exit: interrupted } }
  - { aws: ec2 delete-vpc --vpc-id Demo, expect: { error: DependencyViolation } }
  - { aws: ec2 delete-vpc --vpc-id Demo }
  - { aws: ec2 create-vpc --cidr-block 10.9.0.0/16, expect: { error: VpcLimitExceeded } }
  - expect_flow_logs:
      - { interface-id: Server, srcaddr: Client, dstport: 80, action: REJECT }
      - { interface-id: Server, srcaddr: Client, protocol: icmp, action: REJECT, count: 3 }
"#
    );
    let file = scenario(&folder, "failed.yaml", &yaml);
    let printed = vpclab(&["run", "--no-out", &file]).replace(&file, "failed.yaml");
    assert_snapshot!("failed-expectations", printed);
}

#[test]
fn wrong_usage_is_exit_code_2() {
    assert_snapshot!(vpclab(&["run", "scenarios/nothing.yaml"]), @r"
    exit 2
    --- stderr
    error: cannot read scenarios/nothing.yaml: No such file or directory (os error 2)
    ");
    assert_snapshot!("usage-unknown-option", vpclab(&["run", "--sede", "1", "scenarios"]));
    let empty = folder("empty");
    let printed = vpclab(&["run", &empty.display().to_string()]);
    assert_eq!(
        printed,
        format!("exit 2\n--- stderr\nerror: there are no .yaml files in {}\n", empty.display())
    );
}

#[test]
fn questions_are_understood_or_refused() {
    let folder = folder("questions");
    let yaml = "\
name: questions
vpcs:
  Site:
    cidr: 10.0.0.0/16
    internet_gateway: Igw
    subnets: { Subnet: { cidr: 10.0.1.0/24 } }
    instances: { App: { private_ip: 10.0.1.9, serves: { 80: app } }, Other: { private_ip: 10.0.1.10 } }
internet: { Laptop: { address: 192.0.2.1 } }
steps:
  - { on: Other, run: curl -s App, expect: { exit: 28 } }
  - { on: Other, run: ping -c 1 App, expect: { exit: 1 } }
  - { on: App, run: ping -c 1 Other, expect: { exit: 1 } }
  - { on: Other, run: ping -c 2 App, expect: { exit: 1 } }
";
    let file = scenario(&folder, "s.yaml", yaml);
    let mut all = String::new();
    let questions: &[&[&str]] = &[
        &["Other", "Nope:80"],
        &["Other", ":80"],
        &["Other", ""],
        &["App", "App:80"],
        &["App", "10.0.1.9:80"],
        &["Laptop", "App:80"],
        &["Laptop", "10.0.1.9:80"],
        &["Laptop", "Laptop"],
        &["App", "s3.us-east-1.amazonaws.com:443"],
        &["App", "nobody.example:443"],
        &["App", "10.0.0.2:53/udp"],
        &["App", "169.254.169.254:80"],
        &["Other", "App:80", "--after", "curl on Other"],
        &["Other", "App:80", "--after", "ping on Other"],
        &["Other", "App:80", "--after", "ssh on Other"],
    ];
    for question in questions {
        let mut arguments = vec!["explain", &file, "--from", question[0], "--to", question[1]];
        arguments.extend(&question[2..]);
        let printed = vpclab(&arguments).replace(&file, "s.yaml");
        let _ = writeln!(all, "{}\n{printed}", question.join(" "));
    }
    assert_snapshot!("explain-questions", all);
}

#[test]
fn commands_in_braces_end_at_a_comma_bracket_or_brace() {
    let folder = folder("braces");
    let mut all = String::new();
    for command in ["--filters Name=vpc-id,Values=V", "--filters Values=[V]", "--filters {}"] {
        let yaml = format!("name: braces\nsteps:\n  - {{ aws: ec2 describe-vpcs {command}, as: V }}\n");
        let file = scenario(&folder, "s.yaml", &yaml);
        all += &vpclab(&["check", &file]).replace(&file, "s.yaml");
    }
    assert_snapshot!("broken-braces", all);
}

#[test]
fn a_file_is_no_folder_for_output() {
    let folder = folder("file-in-the-way");
    let file = scenario(&folder, "s.yaml", "name: nothing happens\n");
    let printed = vpclab(&["run", &file, "--out", &file]);
    let expected =
        format!("exit 2\n--- stderr\nerror: {file}: {file} is not a folder; choose one with --out\n");
    assert_eq!(printed, expected);
}

#[test]
fn a_host_on_premises_is_named_where_a_route_to_it_is_missing() {
    let folder = folder("on-prem");
    let yaml = "\
name: no way to the office
vpcs:
  Site:
    cidr: 10.0.0.0/16
    internet_gateway: Igw
    vpn_gateway: Vgw
    subnets: { Subnet: { cidr: 10.0.1.0/24, map_public_ip: true } }
    route_tables: { Table: { main: true, routes: { 0.0.0.0/0: Igw } } }
    instances: { App: { subnet: Subnet } }
on_prem:
  Office:
    cidr: 192.168.0.0/16
    hosts: { Desk: { address: 192.168.0.10 } }
    vpn: { Vpn: { to: Vgw } }
steps:
  - { on: App, run: ping -c 1 -W 1 192.168.0.10, expect: { exit: 1 } }
  - { on: Desk, run: ping -c 1 -W 1 App, expect: { exit: 1 } }
";
    let file = scenario(&folder, "s.yaml", yaml);
    assert_snapshot!("on-prem-without-route", vpclab(&["run", &file, "--no-out"]).replace(&file, "s.yaml"));
}

#[test]
fn a_folder_that_is_in_the_way_is_left_alone() {
    let folder = folder("in-the-way");
    let file = scenario(&folder, "s.yaml", "name: nothing happens\n");
    let out = folder.join("out");
    std::fs::create_dir_all(out.join("s")).expect("a folder can be made");
    std::fs::write(out.join("s/thesis.txt"), "years of work").expect("a file can be written");
    let run = || vpclab(&["run", "--quiet", &file, "--out", &out.display().to_string()]);
    let refused = run();
    assert!(refused.starts_with("exit 2\n--- stderr\nerror: "), "{refused}");
    assert!(refused.contains("is in the way: it holds more than the output of a run"), "{refused}");
    assert_eq!(
        std::fs::read_to_string(out.join("s/thesis.txt")).expect("it is still there"),
        "years of work"
    );

    // The output of an earlier run is replaced as a whole.
    std::fs::rename(out.join("s"), out.join("other")).expect("it can be moved");
    assert!(run().starts_with("exit 0"));
    std::fs::write(out.join("s/pcap/old.pcapng"), "old").expect("a file can be written");
    assert!(run().starts_with("exit 0"));
    let mut left: Vec<String> = std::fs::read_dir(&out)
        .expect("the folder is there")
        .map(|entry| entry.expect("it can be read").file_name().to_string_lossy().into_owned())
        .collect();
    left.sort();
    assert_eq!(left, ["other", "s"]);
    assert!(!out.join("s/pcap/old.pcapng").exists());
}
