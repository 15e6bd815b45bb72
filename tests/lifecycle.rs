//! Things come, go, move and are renamed while others use them. Each scenario states what has to hold.

use vpclab::suite::{self, Options};

/// A VPC with a public subnet, an internet gateway and two hosts that may talk to each other.
const TOPOLOGY: &str = r#"
region: ap-northeast-2
account: "111111111111"
vpcs:
  V:
    cidr: 10.0.0.0/16
    internet_gateway: Gateway
    subnets: { S: { cidr: 10.0.0.0/24, map_public_ip: true } }
    route_tables: { T: { subnets: S, routes: { 0.0.0.0/0: Gateway } } }
    security_groups: { Open: { ingress: [{ from: anywhere }] }, Web: { ingress: [{ tcp: 80, from: 10.0.0.0/8 }] } }
    instances:
      a: { subnet: S, security_groups: Open }
      b: { subnet: S, security_groups: Web, serves: { 80: "page\n" } }
internet:
  Laptop: { address: 198.51.100.7, serves: { 80: "laptop\n" } }
"#;

/// Runs steps; every expectation in them holds.
fn holds(steps: &str) {
    let yaml = format!("name: lifecycle\n{TOPOLOGY}\nsteps:\n{steps}");
    let result = suite::run_text("test", &yaml, &Options { seed: None, verbose: false })
        .unwrap_or_else(|text| panic!("{text}"));
    for step in &result.steps {
        assert!(step.passed(), "step {}: {:#?} {:#?}", step.number, step.outcome, step.failures);
    }
}

#[test]
fn the_same_command_is_explained_each_time() {
    holds(
        "
  - { on: a, run: ping -c 1 -W 1 b, expect: { exit: 1, dropped: security-group, at: Web } }
  - { on: a, run: ping -c 1 -W 1 b, expect: { exit: 1, dropped: security-group, at: Web } }
  - { on: a, run: ping -c 1 -W 1 10.0.0.99, expect: { exit: 1, dropped: no-neighbor } }
  - wait: 5s
  - { on: a, run: ping -c 1 -W 1 10.0.0.99, expect: { exit: 1, dropped: no-neighbor } }",
    );
}

#[test]
fn an_instance_stops_starts_and_ends() {
    holds(
        "
  - { aws: ec2 stop-instances --instance-ids b }
  - { on: a, run: curl -s -m 2 http://10.0.0.5, expect: { exit: 28, dropped: not-running } }
  - { aws: ec2 start-instances --instance-ids b }
  - { aws: ec2 start-instances --instance-ids b }
  - { on: a, run: curl -s http://b, expect: { stdout: page } }
  - aws: ec2 create-tags --resources b --tags Key=Name,Value=renamed
  - { aws: ec2 stop-instances --instance-ids renamed }
  - { aws: ec2 start-instances --instance-ids renamed }
  - { on: a, run: curl -s http://10.0.0.5, expect: { stdout: page } }
  - { aws: ec2 terminate-instances --instance-ids renamed }
  - { on: a, run: curl -s -m 5 http://10.0.0.5, expect: { exit: 28, dropped: no-such-address } }
  - { aws: ec2 run-instances --subnet-id S --private-ip-address 10.0.0.5 --security-group-ids Open, as: renamed }
  - { on: a, run: ping -c 1 10.0.0.5, expect: { dropped: nothing } }
  - { on: renamed, run: ping -c 1 a }",
    );
}

#[test]
fn a_terminated_instance_neither_stops_nor_starts() {
    let gone = "IncorrectInstanceState";
    let id = instance_id("b");
    holds(&format!(
        "
  - {{ aws: ec2 terminate-instances --instance-ids {id} }}
  - {{ aws: ec2 stop-instances --instance-ids {id}, expect: {{ error: {gone} }} }}
  - {{ aws: ec2 start-instances --instance-ids {id}, expect: {{ error: {gone} }} }}
  - {{ aws: ec2 terminate-instances --instance-ids {id} }}"
    ));
}

fn instance_id(name: &str) -> String {
    let scenario = vpclab::scenario::load(&format!("name: x\n{TOPOLOGY}")).expect("it loads");
    let instance = scenario.model.instances.values().find(|instance| instance.name.as_deref() == Some(name));
    instance.expect("it is there").id.to_string()
}

#[test]
fn a_request_goes_with_the_vpc_that_made_it() {
    holds(
        "
  - { aws: ec2 create-vpc --cidr-block 10.7.0.0/16, as: W }
  - { aws: ec2 create-vpc-peering-connection --vpc-id W --peer-vpc-id V, as: P, expect: { status: pending-acceptance } }
  - { aws: ec2 delete-vpc --vpc-id W }
  - { aws: ec2 delete-vpc --vpc-id W, expect: { error: InvalidVpcID.NotFound } }
  - { aws: ec2 accept-vpc-peering-connection --vpc-peering-connection-id P, expect: { error: InvalidStateTransition } }",
    );
}

#[test]
fn an_id_is_never_given_twice() {
    // A route to a gateway that is gone stays a blackhole, even if another gateway gets its name.
    holds(
        "
  - { on: a, run: curl -s http://Laptop, expect: { stdout: laptop } }
  - { aws: ec2 terminate-instances --instance-ids b }
  - { aws: ec2 stop-instances --instance-ids a }
  - { aws: ec2 detach-internet-gateway --internet-gateway-id Gateway --vpc-id V }
  - { aws: ec2 delete-internet-gateway --internet-gateway-id Gateway }
  - { aws: ec2 create-internet-gateway, as: Gateway }
  - { aws: ec2 attach-internet-gateway --internet-gateway-id Gateway --vpc-id V }
  - { aws: ec2 start-instances --instance-ids a }
  - { on: a, run: curl -s -m 2 http://Laptop, expect: { exit: 28, dropped: blackhole, at: T } }
  - { aws: ec2 replace-route --route-table-id T --destination-cidr-block 0.0.0.0/0 --gateway-id Gateway }
  - { on: a, run: curl -s http://Laptop, expect: { stdout: laptop } }",
    );
}

#[test]
fn a_closed_flow_is_forgotten_and_an_open_one_survives_its_rule() {
    holds(
        "
  - { on: a, run: curl -s http://b, expect: { stdout: page } }
  - { aws: ec2 revoke-security-group-ingress --group-id Web --protocol tcp --port 80 --cidr 10.0.0.0/8 }
  - { on: a, run: curl -s -m 2 http://b, expect: { exit: 28, dropped: security-group, at: Web } }
  - { aws: ec2 stop-instances --instance-ids a }
  - { aws: ec2 start-instances --instance-ids a }
  - { on: a, run: curl -s -m 2 http://b, expect: { exit: 28, dropped: security-group, at: Web } }",
    );
}

#[test]
fn an_elastic_ip_moves_and_only_its_owner_moves_it() {
    holds(
        "
  - { aws: ec2 allocate-address --address 203.0.113.5, as: Fixed }
  - { aws: ec2 allocate-address --address 203.0.113.5, expect: { error: InvalidParameterValue } }
  - { aws: ec2 allocate-address --address 198.51.100.7, expect: { error: InvalidParameterValue } }
  - { aws: ec2 allocate-address --address 10.0.0.9, expect: { error: InvalidParameterValue } }
  - { aws: ec2 associate-address --allocation-id Fixed --instance-id a --private-ip-address 10.0.0.77, expect: { error: InvalidParameterValue } }
  - { aws: ec2 associate-address --allocation-id Fixed --instance-id a }
  - { on: Laptop, run: ping -c 1 203.0.113.5 }
  - { aws: ec2 disassociate-address --association-id Fixed, account: \"222222222222\", expect: { error: InvalidAssociationID.NotFound } }
  - { on: Laptop, run: ping -c 1 203.0.113.5 }
  - { aws: ec2 associate-address --allocation-id Fixed --instance-id b --no-allow-reassociation, expect: { error: Resource.AlreadyAssociated } }
  - { aws: ec2 associate-address --allocation-id Fixed --instance-id b }
  - { on: Laptop, run: ping -c 1 -W 1 203.0.113.5, expect: { exit: 1, dropped: security-group, at: Web } }",
    );
}

#[test]
fn a_route_to_an_interface_of_the_own_subnet_arrives_there() {
    holds(
        "
  - { aws: ec2 create-route --route-table-id T --destination-cidr-block 192.0.2.0/24 --instance-id b }
  - { on: a, run: ping -c 1 -W 1 192.0.2.1, expect: { exit: 1, dropped: security-group, at: Web } }
  - { aws: ec2 authorize-security-group-ingress --group-id Web --protocol icmp --port 8 --cidr 10.0.0.0/8 }
  - { on: a, run: ping -c 1 -W 1 192.0.2.1, expect: { exit: 1, dropped: destination-check, at: b } }
  - { aws: ec2 modify-instance-attribute --instance-id b --no-source-dest-check }
  - { on: a, run: ping -c 1 -W 1 192.0.2.1, expect: { exit: 1, packets: [{ icmp: echo-request, from: a, fate: delivered, count: 1 }] } }",
    );
}

#[test]
fn the_logs_of_an_interface_outlive_it() {
    holds(
        "
  - { on: a, run: curl -s http://b, expect: { stdout: page } }
  - { aws: ec2 terminate-instances --instance-ids b }
  - { wait: 5m }
  - expect_flow_logs:
      - { interface-id: b, dstport: 80, action: ACCEPT, count: 1 }
      # It has nothing to say once it is gone, and the other one falls silent.
      - { interface-id: b, log-status: NODATA, count: 0 }
      - { interface-id: a, log-status: NODATA, count: 5 }",
    );
}

#[test]
fn silence_costs_nothing() {
    // A month of it is one entry, and 43200 records for each host.
    holds(
        "
  - { on: a, run: ping -c 1 Laptop }
  - { wait: 30d }
  - expect_flow_logs: [{ log-status: NODATA, count: 43200 }]",
    );
}

#[test]
fn rules_and_names_that_do_not_go_together_are_refused() {
    holds(
        "
  - { aws: ec2 authorize-security-group-ingress --group-id Web --protocol tcp --cidr 0.0.0.0/0, expect: { error: InvalidParameterValue } }
  - { aws: ec2 authorize-security-group-ingress --group-id Web --protocol tcp --port 99-10 --cidr 0.0.0.0/0, expect: { error: InvalidParameterValue } }
  - { aws: ec2 authorize-security-group-ingress --group-id Web --protocol icmp --port 300 --cidr 0.0.0.0/0, expect: { error: InvalidParameterValue } }
  - { aws: ec2 authorize-security-group-ingress --group-id Web --protocol tcp --port 1 --cidr 0.0.0.0/0 --source-group Open, expect: { error: InvalidParameterCombination } }
  - { aws: ec2 create-security-group --group-name sg-mine --vpc-id V, expect: { error: InvalidParameterValue } }
  - { aws: ec2 replace-route --route-table-id T --destination-cidr-block 0.0.0.0/0 --local-target, expect: { error: InvalidParameterValue, message: local-target only allowed with network local destination CIDRs } }
  - aws: ec2 create-tags --resources a vpc-00000000000000001 --tags Key=Name,Value=z
    expect: { error: InvalidVpcID.NotFound }
  - { on: a, run: ping -c 1 Laptop }",
    );
}

#[test]
fn an_interface_changes_one_attribute_at_a_time() {
    holds(
        "
  - { aws: ec2 modify-instance-attribute --instance-id a, expect: { error: MissingParameter } }
  - { aws: ec2 modify-instance-attribute --instance-id a --source-dest-check --no-source-dest-check, expect: { error: InvalidParameterCombination } }
  - { aws: ec2 modify-instance-attribute --instance-id a --groups Web --no-source-dest-check, expect: { error: InvalidParameterCombination } }
  - { on: b, run: ping -c 1 a }
  - { aws: ec2 modify-instance-attribute --instance-id a --groups Web }
  - { on: b, run: ping -c 1 -W 1 a, expect: { exit: 1, dropped: security-group, at: Web } }",
    );
}

#[test]
fn an_id_that_is_pinned_twice_is_a_mistake() {
    let yaml = "name: twice\nvpcs:\n  A: { id: vpc-0aaaaaaaaaaaaaaaa, cidr: 10.0.0.0/16 }\n  B: { id: vpc-0aaaaaaaaaaaaaaaa, cidr: 10.1.0.0/16 }\n";
    let text =
        suite::run_text("twice.yaml", yaml, &Options { seed: None, verbose: false }).expect_err("a mistake");
    insta::assert_snapshot!(text, @r"
    error: the id `vpc-0aaaaaaaaaaaaaaaa` is given twice
     --> twice.yaml:4:12
      |
    3 |   A: { id: vpc-0aaaaaaaaaaaaaaaa, cidr: 10.0.0.0/16 }
      |            --------------------- first here
    4 |   B: { id: vpc-0aaaaaaaaaaaaaaaa, cidr: 10.1.0.0/16 }
      |            ^^^^^^^^^^^^^^^^^^^^^

    error: 1 mistake in twice.yaml
    ");
}
