//! The documentation is true: what it shows is what the program prints, what it describes is what there is.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use vpclab::model::Quotas;
use vpclab::scenario;
use vpclab::trace::DropReason;

fn read(path: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).expect("the file is there")
}

/// The fenced blocks of a language, in order.
fn blocks(text: &str, language: &str) -> Vec<String> {
    let fence = format!("```{language}\n");
    text.split(&fence).skip(1).map(|rest| rest.split("```").next().expect("an end").to_owned()).collect()
}

fn vpclab(arguments: &str) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_vpclab"))
        .args(arguments.split(' '))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("the program starts");
    String::from_utf8(output.stdout).expect("it prints UTF-8")
}

#[test]
fn sessions_in_the_readme_print_what_they_show() {
    let sessions = blocks(&read("README.md"), "console");
    assert_eq!(sessions.len(), 7);
    for session in sessions {
        let (command, shown) = session.split_once('\n').expect("a command and its output");
        let printed = vpclab(command.strip_prefix("$ vpclab ").expect("a command of vpclab"));
        let mut rest = printed.as_str();
        // `...` stands for lines that are left out.
        for (at, part) in shown.split("...\n").enumerate() {
            let found = rest
                .find(part)
                .unwrap_or_else(|| panic!("`{command}` does not print:\n{part}\nbut:\n{rest}"));
            assert!(at > 0 || found == 0, "the session begins with what is printed first");
            rest = &rest[found + part.len()..];
        }
        assert!(rest.is_empty(), "the session ends before the output of `{command}` does:\n{rest}");
    }
}

#[test]
fn the_first_scenario_of_the_readme_is_the_one_that_ships() {
    assert_eq!(blocks(&read("README.md"), "yaml")[0], read("scenarios/hello.yaml"));
}

#[test]
fn the_readme_names_every_scenario() {
    let readme = read("README.md");
    for entry in
        std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios")).expect("the folder")
    {
        let name = entry.expect("it can be read").file_name().to_string_lossy().into_owned();
        assert!(readme.contains(&format!("scenarios/{name}")), "README.md does not name scenarios/{name}");
    }
}

/// The topology of the reference, put together from its blocks, is one that loads.
#[test]
fn the_reference_describes_a_topology_that_loads() {
    let reference = read("docs/scenarios.md");
    let topology: Vec<String> = blocks(&reference, "yaml")
        .into_iter()
        .filter(|block| {
            [
                "quotas:",
                "iam:",
                "prefix_lists:",
                "vpcs:",
                "transit_gateways:",
                "elastic_ips:",
                "buckets:",
                "log_groups:",
                "internet:",
                "on_prem:",
                "serves:",
                "links:",
                "traffic:",
            ]
            .iter()
            .any(|key| block.starts_with(key))
        })
        .collect();
    assert_eq!(topology.len(), 13);
    // A host that a rule of the example names.
    let yaml = format!("name: reference\n{}", topology.concat()).replace("from: Bastion }", "from: Web }");
    let scenario = scenario::load(&yaml)
        .unwrap_or_else(|problems| panic!("{}", problems.render("reference", &yaml, false)));
    assert_eq!(scenario.model.instances.len(), 2);
}

#[test]
fn the_reference_lists_every_command() {
    let reference = read("docs/scenarios.md");
    let rows = reference.lines().skip_while(|line| *line != "| about | commands |").skip(2);
    let rows = rows.take_while(|line| line.starts_with('|'));
    let listed: BTreeSet<&str> = rows.flat_map(|row| row.split('`').skip(1).step_by(2)).collect();
    let known = |service: &str| {
        let command = format!("{service} there-is-no-such-thing");
        let mistakes = scenario::aws::parse(&command).expect_err("it is no command");
        let hint = mistakes[0].hint.clone();
        hint.and_then(|hint| hint.strip_prefix("known: ").map(str::to_owned)).expect("a list")
    };
    let (ec2, mut others) = (known("ec2"), Vec::new());
    for service in ["dynamodb", "iam", "logs", "s3api", "sns"] {
        others.extend(known(service).split(", ").map(|command| format!("{service} {command}")));
    }
    assert_eq!(listed, ec2.split(", ").chain(others.iter().map(String::as_str)).collect());
}

#[test]
fn the_reference_lists_every_reason_for_a_drop() {
    let reference = read("docs/scenarios.md");
    let rows =
        reference.lines().skip_while(|line| !line.starts_with("| code | Reachability Analyzer")).skip(2);
    let listed: Vec<(String, Vec<String>)> = rows
        .take_while(|line| line.starts_with('|'))
        .map(|row| {
            let cells: Vec<&str> = row.split('|').map(str::trim).collect();
            let analyzer = cells[2].split('`').skip(1).step_by(2).map(str::to_owned).collect();
            (cells[1].trim_matches('`').to_owned(), analyzer)
        })
        .collect();
    let owned = |codes: &[&str]| codes.iter().map(|code| (*code).to_owned()).collect();
    let there: Vec<(String, Vec<String>)> =
        DropReason::CODES.iter().map(|(code, analyzer)| ((*code).to_owned(), owned(analyzer))).collect();
    assert_eq!(listed, there);
}

/// The keys that the loader knows, by what they belong to: read off what it says of a key it does not.
fn known_keys() -> BTreeMap<String, BTreeSet<String>> {
    let yaml = "
zzz: 1
topology: { zzz: 1 }
vpcs:
  V:
    zzz: 1
    internet_gateway: { zzz: 1 }
    interfaces: { N: { zzz: 1 } }
    dhcp_options: { zzz: 1 }
    subnets: { S: { zzz: 1 } }
    route_tables: { T: { zzz: 1 } }
    network_acls: { A: { zzz: 1, ingress: [{ zzz: 1 }] } }
    security_groups: { G: { zzz: 1, ingress: [{ zzz: 1 }] } }
    instances: { I: { zzz: 1, serves: { 80: { zzz: 1 } }, metadata: { zzz: 1 }, aws: { zzz: 1 }, ecs_task: { zzz: 1 } } }
    nat_gateways: { N: { zzz: 1 } }
    endpoints: { P: { zzz: 1 } }
iam: { zzz: 1, roles: { R: { zzz: 1 } }, users: { U: { zzz: 1 } } }
prefix_lists: { L: { zzz: 1 } }
transit_gateways:
  T: { zzz: 1, attachments: { A: { zzz: 1, interfaces: { S: { zzz: 1 } } } }, peerings: { P: { zzz: 1 } }, route_tables: { R: { zzz: 1 } } }
on_prem:
  O: { zzz: 1, hosts: { D: { zzz: 1 } }, vpn: { C: { zzz: 1 } } }
peerings: { P: { zzz: 1 } }
elastic_ips: { E: { zzz: 1 } }
buckets: { B: { zzz: 1, objects: { o: { zzz: 1 } } } }
tables: { T: { zzz: 1 } }
topics: { T: { zzz: 1 } }
flow_logs: { F: { zzz: 1 } }
internet: { H: { zzz: 1 } }
links: [{ zzz: 1 }]
traffic: { T: { zzz: 1 } }
steps:
  - { on: I, run: ping I, zzz: 1, expect: { zzz: 1, packets: [{ zzz: 1 }] } }
  - { aws: ec2 create-default-vpc, expect: { zzz: 1 } }
  - { athena: SELECT 1, expect: { zzz: 1 } }
  - { expect_flow_logs: [{ zzz: 1 }] }
  - { fault: { zzz: 1 } }
  - { repair: { zzz: 1 } }
";
    let problems = scenario::load(yaml).expect_err("it has mistakes");
    let mut known: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for problem in problems.as_slice() {
        let Some(what) = problem.message.strip_prefix("unknown key `zzz` in ") else { continue };
        let keys = problem.notes[0].split('`').skip(1).step_by(2).map(str::to_owned);
        known.entry(what.to_owned()).or_default().extend(keys);
    }
    known
}

#[test]
fn the_schema_for_editors_knows_the_keys_that_the_loader_knows() {
    let schema: serde_json::Value =
        serde_json::from_str(&read("docs/scenario.schema.json")).expect("it is JSON");
    let keys = |object: &serde_json::Value| -> BTreeSet<String> {
        object["properties"].as_object().expect("an object").keys().cloned().collect()
    };
    let of = |name: &str| keys(&schema["$defs"][name]);
    let steps = schema["$defs"]["step"]["oneOf"].as_array().expect("kinds of steps");
    let pages = &schema["$defs"]["serves"]["additionalProperties"]["anyOf"][1];
    let described = [
        ("IAM", keys(&schema["properties"]["iam"])),
        ("a VPC", of("vpc")),
        ("DHCP options", of("dhcp_options")),
        ("a bucket", of("bucket")),
        ("a table", of("table")),
        ("a topic", of("topic")),
        ("a flow log", of("flow_log")),
        ("a task of ECS", keys(&schema["$defs"]["instance"]["properties"]["ecs_task"])),
        ("a gateway", of("gateway")),
        ("a peering of transit gateways", of("transit_peering")),
        ("a topology", of("topology")),
        ("an interface", of("interface")),
        ("an interface of a gateway", of("gateway_interface")),
        ("an object", of("object")),
        ("a role", of("role")),
        ("a user", of("user")),
        ("metadata options", of("metadata")),
        ("a NAT gateway", of("nat_gateway")),
        ("a VPN connection", of("vpn_connection")),
        ("a configuration of the AWS CLI", of("aws_profile")),
        ("a fault", of("fault")),
        ("a host on premises", of("on_prem_host")),
        ("a host on the internet", of("outside_host")),
        ("a link", of("link")),
        ("an activity", of("activity")),
        ("a network ACL", of("network_acl")),
        ("a network ACL rule", keys(&schema["$defs"]["network_acl"]["properties"]["ingress"]["items"])),
        ("a network on premises", of("on_prem")),
        ("a packet", of("packet")),
        ("a peering connection", of("peering")),
        ("a prefix list", of("prefix_list")),
        ("a repair", of("repair")),
        ("a route table", of("route_table")),
        ("a route table of a transit gateway", of("transit_route_table")),
        ("a scenario", keys(&schema)),
        ("a security group", of("security_group")),
        ("a security group rule", keys(&schema["$defs"]["security_group"]["properties"]["ingress"]["items"])),
        ("a step", steps.iter().flat_map(keys).collect()),
        ("a subnet", of("subnet")),
        ("a transit gateway", of("transit_gateway")),
        ("a flow-log line", of("flow_log_line")),
        ("a web page", keys(pages)),
        ("an Elastic IP", of("elastic_ip")),
        ("an attachment", of("attachment")),
        ("an endpoint", of("endpoint")),
        ("an expectation", of("expect_run").union(&of("expect_aws")).cloned().collect()),
        ("an expectation of a statement", of("expect_athena")),
        ("an instance", of("instance")),
    ];
    let described: BTreeMap<String, BTreeSet<String>> =
        described.into_iter().map(|(what, keys)| (what.to_owned(), keys)).collect();
    let mut known = known_keys();
    // Of a step, the loader asks only for the keys that go with what the step does.
    let step = known.get_mut("a step").expect("steps");
    step.extend(["as", "account", "output_location", "serves"].map(str::to_owned));
    assert_eq!(known, described);
}

#[test]
fn the_schema_and_the_reference_know_every_quota() {
    let schema: serde_json::Value =
        serde_json::from_str(&read("docs/scenario.schema.json")).expect("it is JSON");
    let listed = schema["properties"]["quotas"]["anyOf"][1]["properties"].as_object().expect("quotas");
    let listed: BTreeSet<&str> = listed.keys().map(String::as_str).collect();
    assert_eq!(listed, Quotas::NAMES.iter().copied().collect());
    let reference = read("docs/scenarios.md");
    for name in Quotas::NAMES {
        assert!(reference.contains(name), "docs/scenarios.md does not name {name}");
    }
}

#[test]
fn the_schema_knows_every_reason_for_a_drop() {
    let schema: serde_json::Value =
        serde_json::from_str(&read("docs/scenario.schema.json")).expect("it is JSON");
    let listed = schema["$defs"]["drop"]["enum"].as_array().expect("a list").iter();
    let listed: BTreeSet<&str> = listed.map(|code| code.as_str().expect("a code")).collect();
    let there = DropReason::CODES.iter().flat_map(|(code, analyzer)| [&[*code][..], analyzer].concat());
    assert_eq!(listed, there.chain(["nothing"]).collect());
}
