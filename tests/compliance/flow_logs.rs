//! Flow logs: what is recorded, by whom, and where it goes.

use vpclab::report::result::{Outcome, ScenarioResult};
use vpclab::suite::{self, Options};

fn run(yaml: &str) -> ScenarioResult {
    let options = Options { seed: None, verbose: false };
    suite::run_text("test", yaml, &options).unwrap_or_else(|text| panic!("{text}"))
}

fn passes(topology: &str, steps: &str) -> ScenarioResult {
    let result = run(&format!("name: test\nstart: 2024-06-28T09:00:00Z\n{topology}\nsteps:\n{steps}\n"));
    for step in &result.steps {
        assert!(step.passed(), "step {}: {:?} {:?}", step.number, step.outcome, step.failures);
    }
    result
}

/// The lines about flows that a flow log delivers of some steps, with times counted from the begin of the run.
fn lines(topology: &str, steps: &str, log: &str) -> String {
    let steps = format!("{steps}\n  - expect_flow_logs: [{{ flow_log: {log}, log-status: OK }}]");
    let result = passes(topology, &steps);
    let Some(Outcome::FlowLogs { lines }) = result.steps.last().map(|step| &step.outcome) else {
        panic!("the last step looks at flow logs")
    };
    let readable = |word: &str| match word.parse::<u64>() {
        Ok(time) if (1_719_565_200..1_800_000_000).contains(&time) => format!("+{}", time - 1_719_565_200),
        Ok(port) if (32_768..=60_999).contains(&port) && port % 2 == 0 => "eph".to_owned(),
        _ => word.to_owned(),
    };
    lines.iter().map(|line| line.split(' ').map(readable).collect::<Vec<_>>().join(" ") + "\n").collect()
}

/// Two instances in two subnets and two zones, and a flow log.
fn two(log: &str) -> String {
    format!(
        "
buckets: {{ logs: {{}} }}
vpcs:
  V:
    id: vpc-00000001
    cidr: 10.0.0.0/16
    subnets:
      A: {{ id: subnet-0000000a, cidr: 10.0.0.0/24, az: a }}
      B: {{ id: subnet-0000000b, cidr: 10.0.1.0/24, az: b }}
    network_acls:
      Acl:
        subnets: B
        ingress: [{{ rule: 1, action: allow, protocol: all, from: anywhere }}]
        egress: [{{ rule: 1, action: allow, protocol: all, to: anywhere }}]
    security_groups: {{ Any: {{ ingress: [{{ from: 10.0.0.0/16 }}] }}, None: {{ ingress: [] }} }}
    instances:
      a: {{ id: i-0000000a, eni_id: eni-0000000a, subnet: A, security_groups: None }}
      b: {{ id: i-0000000b, eni_id: eni-0000000b, subnet: B, security_groups: Any, serves: {{ 80: hello }} }}
flow_logs:
  L: {{ resource: V, bucket: logs, {log} }}"
    )
}

#[test]
fn records_have_the_fields_of_their_format() {
    let topology = two(
        "format: '${version} ${account-id} ${vpc-id} ${subnet-id} ${instance-id} ${interface-id} ${region} ${az-id} ${sublocation-type} ${sublocation-id} ${type} ${flow-direction} ${traffic-path} ${tcp-flags} ${interface-type} ${next-hop-interface-id} ${next-hop-subnet-id} ${next-hop-az-id} ${next-hop-vpc-id} ${next-hop-interface-type} ${reject-reason} ${resource-id} ${encryption-status}'",
    );
    insta::assert_snapshot!(lines(&topology, "  - { on: a, run: curl -s http://b }", "L"), @r"
    11 123456789012 vpc-00000001 subnet-0000000a i-0000000a eni-0000000a us-east-1 use1-az1 - - IPv4 egress 1 3 - eni-0000000b subnet-0000000b use1-az2 vpc-00000001 - - - -
    11 123456789012 vpc-00000001 subnet-0000000b i-0000000b eni-0000000b us-east-1 use1-az2 - - IPv4 ingress - 3 - eni-0000000a subnet-0000000a use1-az1 vpc-00000001 - - - -
    11 123456789012 vpc-00000001 subnet-0000000b i-0000000b eni-0000000b us-east-1 use1-az2 - - IPv4 egress 1 19 - eni-0000000a subnet-0000000a use1-az1 vpc-00000001 - - - -
    11 123456789012 vpc-00000001 subnet-0000000a i-0000000a eni-0000000a us-east-1 use1-az1 - - IPv4 ingress - 19 - eni-0000000b subnet-0000000b use1-az2 vpc-00000001 - - - -
    ");
    // Without traffic only what is known of the interface is there.
    let steps = "
  - { on: a, run: ping -c 1 b }
  - wait: 3m
  - expect_flow_logs:
      - { flow_log: L, line: '11 123456789012 vpc-00000001 subnet-0000000a i-0000000a eni-0000000a us-east-1 use1-az1 - - - - - - - - - - - - - - -' }";
    passes(&topology, steps);
}

/// A format prints as its version the highest among its fields.
#[test]
fn the_version_is_that_of_the_newest_field() {
    let first = |format: &str| {
        let found = lines(&two(&format!("format: '{format}'")), "  - { on: a, run: ping -c 1 b }", "L");
        found.lines().next().expect("a record").to_owned()
    };
    assert_eq!(first("${version} ${srcaddr}"), "2 10.0.0.4");
    assert_eq!(first("${version} ${vpc-id}"), "3 vpc-00000001");
    assert_eq!(first("${version} ${region}"), "4 us-east-1");
    assert_eq!(first("${version} ${flow-direction}"), "5 egress");
    assert_eq!(first("${version} ${ecs-task-id}"), "7 -");
    assert_eq!(first("${version} ${reject-reason}"), "8 -");
    assert_eq!(first("${version} ${resource-id}"), "9 -");
    assert_eq!(first("${version} ${encryption-status}"), "10 -");
    assert_eq!(first("${version} ${interface-type}"), "11 -");
    // ICMP has neither ports nor flags.
    assert_eq!(first("${srcport} ${dstport} ${tcp-flags} ${protocol}"), "0 0 0 1");
}

#[test]
fn tags_and_tasks_are_those_of_the_interface() {
    let topology = two(
        "tag_fields: { instance: [Team, Name], network-interface: [Role], auto-scaling-group: Group }, format: '${instance-tag} ${instance-tag-2} ${interface-tag} ${interface-tag-2} ${asg-tag} ${ecs-cluster-name} ${ecs-task-id} ${ecs-service-name}', resource: a",
    )
    .replace("resource: V, ", "")
    .replace(
        "security_groups: None }",
        "security_groups: None, tags: { Team: \"red & blue\" }, interface_tags: { Role: eth0 }, auto_scaling_group_tags: { Group: web }, ecs_task: { cluster_name: demo, task_id: abcd1234 } }",
    );
    insta::assert_snapshot!(lines(&topology, "  - { on: a, run: ping -c 1 b }", "L"), @r"
    red%20%26%20blue a eth0 - web demo abcd1234 -
    red%20%26%20blue a eth0 - web demo abcd1234 -
    ");
}

#[test]
fn a_flow_log_keeps_what_was_asked_for() {
    let steps = "
  - { on: a, run: ping -c 1 b }
  - { on: b, run: ping -c 1 -W 1 a, expect: { exit: 1 } }";
    let format = "format: '${interface-id} ${srcaddr} ${action}'";
    let kept = |kind: &str| lines(&two(&format!("traffic_type: {kind}, {format}")), steps, "L");
    let (all, accepted, rejected) = (kept("ALL"), kept("ACCEPT"), kept("REJECT"));
    assert_eq!(rejected, "eni-0000000a 10.0.1.4 REJECT\n");
    assert_eq!(accepted, all.replace(&rejected, ""));
    // Of a subnet, and of one interface.
    let of = |resource: &str| {
        lines(&two(format).replace("resource: V", &format!("resource: {resource}")), steps, "L")
    };
    assert_eq!(of("A"), of("a"));
    assert!(of("A").lines().all(|line| line.starts_with("eni-0000000a")), "{}", of("A"));
}

#[test]
fn a_flow_log_records_while_it_exists() {
    let steps = "
  - { on: a, run: ping -c 1 b }
  - aws: ec2 create-flow-logs --resource-type Subnet --resource-ids A --traffic-type ALL --log-destination-type s3 --log-destination arn:aws:s3:::logs/late --log-format '${start} ${srcaddr} ${packets}' --tag-specifications 'ResourceType=vpc-flow-log,Tags=[{Key=Name,Value=Late}]'
  - { on: a, run: ping -c 2 b }
  - wait: 60s
  - { on: a, run: ping -c 1 b }
  - wait: 20m
  - aws: ec2 delete-flow-logs --flow-log-ids Late
  - { on: a, run: ping -c 1 b }
  - aws: ec2 describe-flow-logs
    expect: { output: { FlowLogs: [{ FlowLogId: L }] } }
  - wait: 20m
  - expect_flow_logs:
      - { flow_log: Late, packets: 2, srcaddr: a, count: 1 }
      - { flow_log: Late, packets: 1, srcaddr: a, count: 1 }
      - { flow_log: Late, packets: '*', log-status: OK, count: 4 }
      - { flow_log: L, packets: 3, srcaddr: a, interface-id: a, count: 1 }";
    passes(&two(""), steps);
}

#[test]
fn interfaces_of_instances_are_aggregated_over_a_minute_and_others_as_asked() {
    let topology = "
buckets: { logs: {} }
vpcs:
  V:
    cidr: 10.0.0.0/16
    internet_gateway: Gateway
    subnets: { Public: { cidr: 10.0.0.0/24, map_public_ip: true }, Private: { cidr: 10.0.1.0/24 } }
    nat_gateways: { Nat: { subnet: Public } }
    route_tables:
      Out: { subnets: Public, routes: { 0.0.0.0/0: Gateway } }
      ByNat: { subnets: Private, routes: { 0.0.0.0/0: Nat } }
    instances: { nitro: { subnet: Private }, xen: { subnet: Private, type: m4.large } }
internet: { site: { address: 192.0.2.1 } }
flow_logs:
  Ten: { resource: V, bucket: logs }
  One: { resource: V, bucket: logs, prefix: one, max_aggregation_interval: 1m }";
    let steps = "
  - { on: nitro, run: ping -c 1 site }
  - { on: xen, run: ping -c 1 site }
  - wait: 60s
  - { on: nitro, run: ping -c 1 site }
  - { on: xen, run: ping -c 1 site }
  - expect_flow_logs:
      - { flow_log: Ten, interface-id: nitro, dstaddr: site, packets: 1, count: 2 }
      - { flow_log: Ten, interface-id: xen, dstaddr: site, packets: 2, count: 1 }
      - { flow_log: Ten, interface-id: Nat, dstaddr: site, log-status: OK, count: '*' }
      - { flow_log: One, interface-id: xen, dstaddr: site, packets: 1, count: 2 }";
    passes(
        topology,
        &steps.replace(
            "\n      - { flow_log: Ten, interface-id: Nat, dstaddr: site, log-status: OK, count: '*' }",
            "",
        ),
    );
}

#[test]
fn the_path_says_which_gateway_comes_next() {
    let topology = "
region: us-east-1
buckets: { logs: {} }
vpcs:
  V:
    cidr: 10.0.0.0/16
    internet_gateway: Gateway
    vpn_gateway: Vgw
    subnets: { S: { cidr: 10.0.0.0/24, map_public_ip: true } }
    route_tables:
      T: { subnets: S, routes: { 0.0.0.0/0: Gateway, 10.1.0.0/16: Near, 10.2.0.0/16: Far, 192.168.0.0/16: Vgw, 10.9.0.0/16: Gone } }
    endpoints: { ToS3: { service: com.amazonaws.us-east-1.s3, route_tables: T } }
    security_groups: { Any: { ingress: [{ from: anywhere }] } }
    instances: { nitro: { subnet: S, security_groups: Any }, xen: { subnet: S, type: t2.micro }, other: { subnet: S, security_groups: Any } }
  N:
    cidr: 10.1.0.0/16
    subnets: { NS: { cidr: 10.1.0.0/24 } }
    route_tables: { NT: { subnets: NS, routes: { 10.0.0.0/16: Near } } }
    security_groups: { NAny: { ingress: [{ from: anywhere }] } }
    instances: { near: { subnet: NS, security_groups: NAny } }
  F:
    region: eu-west-1
    cidr: 10.2.0.0/16
    subnets: { FS: { cidr: 10.2.0.0/24 } }
    instances: { far: { subnet: FS } }
  G: { cidr: 10.9.0.0/16 }
peerings:
  Near: { requester: V, accepter: N }
  Far: { requester: V, accepter: F }
  Gone: { requester: V, accepter: G }
on_prem: { Office: { address: 203.0.113.99, cidr: 192.168.0.0/16, vpn: { Tunnel: { to: Vgw } }, hosts: { printer: { address: 192.168.1.9 } } } }
internet: { site: { address: 192.0.2.1 } }
flow_logs:
  L: { resource: V, bucket: logs, format: '${interface-id} ${dstaddr} ${flow-direction} ${traffic-path} ${next-hop-vpc-id} ${pkt-dst-aws-service}' }";
    let ping = |from: &str, to: &str| {
        format!(
            "  - {{ on: {from}, run: ping -c 1 -W 1 {to}, expect: {{ exit: {} }} }}\n",
            i32::from(["far", "10.9.0.9"].contains(&to))
        )
    };
    let mut steps = String::new();
    for to in ["other", "site", "near", "far", "printer"] {
        steps += &ping("nitro", to);
    }
    steps += &ping("xen", "site");
    steps += "  - { on: nitro, run: nc -z -w 1 s3.us-east-1.amazonaws.com 443 }\n";
    steps += "  - { on: xen, run: nc -z -w 1 s3.us-east-1.amazonaws.com 443 }\n";
    steps += "  - { aws: ec2 delete-vpc-peering-connection --vpc-peering-connection-id Gone }\n";
    steps += &ping("nitro", "10.9.0.9");
    steps += "  - expect_flow_logs:\n";
    for (from, to, path, next) in [
        ("nitro", "other", "1", "V"),
        ("nitro", "site", "8", "-"),
        ("nitro", "near", "4", "N"),
        ("nitro", "far", "5", "-"),
        ("nitro", "printer", "3", "-"),
        ("nitro", "10.9.0.9", "-", "-"),
        ("xen", "site", "2", "-"),
    ] {
        steps +=
            &format!("      - {{ flow_log: L, line: '{{{from}}} {to} egress {path} {next} -', count: 1 }}\n");
    }
    steps += "      - { flow_log: L, line: '{nitro} * egress 7 - S3', count: 1 }\n";
    steps += "      - { flow_log: L, line: '{xen} * egress 2 - S3', count: 1 }\n";
    passes(topology, &steps);
}

#[test]
fn a_transit_gateway_counts_what_it_loses() {
    let topology = "
buckets: { logs: {} }
vpcs:
  A:
    cidr: 10.1.0.0/16
    subnets: { SA: { cidr: 10.1.0.0/24 } }
    route_tables: { TA: { subnets: SA, routes: { 10.0.0.0/8: Transit } } }
    instances: { a: { subnet: SA } }
transit_gateways:
  Transit:
    attachments: { OfA: { vpc: A, subnets: SA } }
    route_tables: { Table: { default: true, routes: { 10.9.0.0/16: blackhole } } }
flow_logs:
  L: { resource: Transit, bucket: logs, format: '${version} ${resource-type} ${tgw-attachment-id} ${tgw-pair-attachment-id} ${flow-direction} ${srcaddr} ${dstaddr} ${packets} ${packets-lost-no-route} ${packets-lost-blackhole} ${packets-lost-mtu-exceeded} ${packets-lost-ttl-expired} ${log-status}' }";
    let steps = "
  - { on: a, run: ping -c 2 -W 1 10.8.0.1, expect: { exit: 1, dropped: tgw-no-route } }
  - { on: a, run: ping -c 3 -W 1 10.9.0.1, expect: { exit: 1 } }
  - { on: a, run: ping -c 1 -W 1 -s 8600 -M do 10.9.0.1, expect: { exit: 1, dropped: mtu-exceeded } }
  - { on: a, run: ping -c 1 -W 1 -t 1 10.9.0.1, expect: { exit: 1, dropped: ttl-expired } }
  - expect_flow_logs:
      - { flow_log: L, line: '6 TransitGateway {OfA} - ingress a 10.8.0.1 2 2 0 0 0 OK', count: 1 }
      - { flow_log: L, line: '6 TransitGateway {OfA} - ingress a 10.9.0.1 5 0 3 1 1 OK', count: 1 }";
    passes(topology, steps);
}

#[test]
fn what_public_access_refuses_has_a_reason_and_no_bytes() {
    let topology = "
buckets: { logs: {} }
vpcs:
  V:
    cidr: 10.0.0.0/16
    internet_gateway: Gateway
    subnets: { S: { cidr: 10.0.0.0/24, map_public_ip: true } }
    route_tables: { T: { subnets: S, routes: { 0.0.0.0/0: Gateway } } }
    instances: { a: { subnet: S, eni_id: eni-0000000a } }
internet: { site: { address: 192.0.2.1 } }
flow_log_capacity: 1
flow_logs:
  L: { resource: V, bucket: logs, format: '${interface-id} ${dstaddr} ${packets} ${bytes} ${action} ${reject-reason} ${log-status}' }";
    let steps = "
  - aws: ec2 modify-vpc-block-public-access-options --internet-gateway-block-mode block-bidirectional
  - { on: a, run: ping -c 2 -W 1 site, expect: { exit: 1 } }
  - { on: a, run: ping -c 1 -W 1 8.8.8.8, expect: { exit: 1 } }";
    // Though one flow is all that is recorded of an interface here, these are.
    insta::assert_snapshot!(lines(topology, steps, "L"), @r"
    eni-0000000a 192.0.2.1 2 - REJECT BPA OK
    eni-0000000a 8.8.8.8 1 - REJECT BPA OK
    ");
}

#[test]
fn wrong_parameters_are_refused_with_the_documented_codes() {
    let topology = format!(
        "{}
iam: {{ roles: {{ Writer: {{ trusts: vpc-flow-logs.amazonaws.com, policies: [CloudWatchLogsFullAccess] }} }} }}",
        two("")
    );
    let topology = topology
        .replace("buckets: { logs: {} }", "buckets:\n  logs: {}\n  theirs: { account: \"210987654321\" }")
        + "\ntransit_gateways: { Transit: { attachments: {} } }";
    let s3 = "--log-destination-type s3 --log-destination arn:aws:s3:::logs";
    let mut steps = String::new();
    for (command, code) in [
        (format!("--resource-type VPC --resource-ids V --traffic-type ALL {s3}"), "FlowLogAlreadyExists"),
        (format!("--resource-type VPC --resource-ids V {s3}"), "MissingParameter"),
        (format!("--resource-type VPC --resource-ids V --traffic-type ALL --max-aggregation-interval 30 {s3}"), "InvalidParameter"),
        (format!("--resource-type VPC --resource-ids V --traffic-type ALL {s3}/AWSLogs"), "InvalidParameter"),
        (format!("--resource-type VPC --resource-ids V --traffic-type ALL {s3}-not-there"), "LogDestinationNotFound"),
        (
            "--resource-type VPC --resource-ids V --traffic-type ALL --log-destination-type s3 --log-destination arn:aws:s3:::theirs".to_owned(),
            "LogDestinationPermissionIssue",
        ),
        (format!("--resource-type VPC --resource-ids V --traffic-type ALL --log-format '${{srcaddr}} ${{nonsense}}' {s3}"), "InvalidParameter"),
        (format!("--resource-type VPC --resource-ids V --traffic-type ALL --log-format '${{tgw-id}}' {s3}"), "InvalidParameter"),
        ("--resource-type VPC --resource-ids V --traffic-type ALL --log-group-name G".to_owned(), "MissingParameter"),
        ("--resource-type VPC --resource-ids V --traffic-type ALL --deliver-logs-permission-arn Writer".to_owned(), "MissingParameter"),
        (
            "--resource-type VPC --resource-ids V --traffic-type ALL --log-group-name G --deliver-logs-permission-arn arn:aws:iam::210987654321:role/Writer".to_owned(),
            "InvalidParameter",
        ),
        (format!("--resource-type VPC --resource-ids vpc-0123456789abcdef0 --traffic-type ALL {s3}"), "InvalidVpcID.NotFound"),
        (format!("--resource-type TransitGateway --resource-ids Transit --traffic-type ALL {s3}"), "InvalidParameter"),
        (format!("--resource-type TransitGateway --resource-ids Transit {s3}"), "InvalidParameter"),
    ] {
        steps += &format!("  - {{ aws: \"ec2 create-flow-logs {command}\", expect: {{ error: {code} }} }}\n");
    }
    steps += &format!(
        "  - aws: ec2 create-flow-logs --resource-type TransitGateway --resource-ids Transit --max-aggregation-interval 60 {s3}\n"
    );
    steps += "  - { aws: ec2 delete-flow-logs --flow-log-ids fl-0123456789abcdef0, expect: { error: InvalidFlowLogId.NotFound } }\n";
    passes(&topology, &steps);
}

/// The owner's bucket is given the policy of the documentation, behind the one it has.
#[test]
fn a_bucket_is_given_the_policy_of_delivery_and_can_take_it_away() {
    let steps = "
  - { on: a, run: ping -c 1 b }
  - expect_flow_logs: [{ flow_log: L, interface-id: a, dstaddr: b, count: 1 }]
  - aws: s3api delete-bucket-policy --bucket logs
  - { on: a, run: ping -c 1 b }
  - wait: 20m
  - expect_flow_logs: [{ flow_log: L, interface-id: a, dstaddr: b, count: 1 }]
  - aws: ec2 describe-flow-logs
    expect: { output: { FlowLogs: [{ DeliverLogsStatus: FAILED, DeliverLogsErrorMessage: Access error }] } }";
    // What one step saw, the next sees as well: the second ping's records never came.
    let result = passes(&two(""), steps);
    let [log] = result.flow_logs.as_slice() else { panic!("one flow log") };
    assert_eq!(
        log.refusal.as_deref(),
        Some("the policy of logs does not let delivery.logs.amazonaws.com put objects there")
    );
}

#[test]
fn a_bucket_policy_that_denies_is_not_overruled() {
    let denies = r#"'{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"s3:PutObject","Resource":"arn:aws:s3:::logs/*"}]}'"#;
    let steps = format!(
        "
  - aws: ec2 delete-flow-logs --flow-log-ids L
  - aws: s3api delete-bucket-policy --bucket logs
  - aws: s3api put-bucket-policy --bucket logs --policy {denies}
  - aws: ec2 create-flow-logs --resource-type VPC --resource-ids V --traffic-type ALL --log-destination-type s3 --log-destination arn:aws:s3:::logs
    expect: {{ error: LogDestinationPermissionIssue }}"
    );
    passes(&two(""), &steps);
}

#[test]
fn a_log_group_is_made_with_the_first_records_and_flow_logs_share_its_streams() {
    let topology = two("").replace("\nflow_logs:", "\niam: { roles: { Writer: { trusts: vpc-flow-logs.amazonaws.com, policies: [CloudWatchLogsFullAccess] } } }\nflow_logs:\n  Accepted: { resource: a, log_group: G, role: Writer, traffic_type: ACCEPT }\n  Rejected: { resource: V, log_group: G, role: Writer, traffic_type: REJECT }");
    let steps = "
  - aws: logs describe-log-groups
    expect: { output: { logGroups: [] } }
  - { on: a, run: ping -c 1 b }
  - { on: b, run: ping -c 1 -W 1 a, expect: { exit: 1 } }
  - wait: 7m
  - aws: logs describe-log-groups
    expect: { output: { logGroups: [{ logGroupName: G }] } }
  - aws: logs describe-log-streams --log-group-name G
    expect: { output: { logStreams: [{ logStreamName: eni-0000000a-all }] } }";
    passes(&topology, steps);
}

#[test]
fn a_role_without_permissions_writes_nothing() {
    let topology = two("").replace("\nflow_logs:", "\niam: { roles: { Writer: { trusts: vpc-flow-logs.amazonaws.com } } }\nflow_logs:\n  C: { resource: V, log_group: G, role: Writer }");
    let steps = "
  - { on: a, run: ping -c 1 b }
  - wait: 10m
  - aws: ec2 describe-flow-logs --flow-log-ids C
    expect: { output: { FlowLogs: [{ DeliverLogsStatus: FAILED, DeliverLogsErrorMessage: Access error }] } }
  - expect_flow_logs:
      - { flow_log: C, count: 0 }
      - { flow_log: L, interface-id: a, log-status: OK, count: 2 }";
    passes(&topology, steps);
}

#[test]
fn objects_hold_five_minutes_and_are_there_up_to_ten_minutes_later() {
    let topology = two("").replace("\nflow_logs:", "\niam: { roles: { Reader: { trusts: ec2.amazonaws.com, policies: [AmazonS3ReadOnlyAccess] } } }\nflow_logs:")
        .replace("    network_acls:", "    endpoints: { ToS3: { service: com.amazonaws.us-east-1.s3, route_tables: T } }\n    route_tables: { T: { subnets: A, routes: {} } }\n    network_acls:")
        .replace("security_groups: None }", "security_groups: None, role: Reader }");
    let steps = "
  - { on: a, run: ping -c 1 b }
  - wait: 9m
  - { on: a, run: aws s3 ls s3://logs, expect: { stdout: ~ } }
  - wait: 2m
  - { on: a, run: aws s3 ls s3://logs --recursive, expect: { stdout_contains: [\"2024-06-28 09:10:00\", \"T0900Z_\"] } }";
    passes(&topology, steps);
}

#[test]
fn log_groups_have_names_of_their_own() {
    let steps = "
  - aws: logs create-log-group --log-group-name /aws/vpc/flow-logs
  - { aws: logs create-log-group --log-group-name /aws/vpc/flow-logs, expect: { error: ResourceAlreadyExistsException } }
  - { aws: \"logs create-log-group --log-group-name 'a b'\", expect: { error: InvalidParameterException } }
  - aws: logs delete-log-group --log-group-name /aws/vpc/flow-logs
  - { aws: logs delete-log-group --log-group-name /aws/vpc/flow-logs, expect: { error: ResourceNotFoundException } }
  - { aws: logs describe-log-streams --log-group-name other, expect: { error: ResourceNotFoundException } }";
    passes(&two(""), steps);
}

#[test]
fn a_regional_nat_gateway_has_records_of_its_own() {
    let scenario = include_str!("../../scenarios/flow-logs/regional-nat-gateway.yaml");
    let result = run(scenario);
    assert!(result.passed(), "{:?}", result.steps);
}

#[test]
fn a_resource_has_at_most_250_flow_logs() {
    let create = |n: u32, expect: &str| {
        format!(
            "  - {{ aws: \"ec2 create-flow-logs --resource-type VPC --resource-ids V --traffic-type ALL --log-destination-type s3 --log-destination arn:aws:s3:::logs/{n}\"{expect} }}\n"
        )
    };
    // The first is in the file.
    let mut steps: String = (2..=250).map(|n| create(n, "")).collect();
    steps += &create(251, ", expect: { error: FlowLogsLimitExceeded }");
    passes(&two(""), &steps);
}
