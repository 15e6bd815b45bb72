//! `aws` on hosts: where it finds region, keys and endpoints, how often it tries, and what it says.

use std::time::Duration;

use crate::hosts::{Ran, holds, run};

/// Nothing leads out of the VPC.
const WORLD: &str = "
name: cli
region: ap-northeast-2
iam:
  roles: { Reader: { trusts: ec2.amazonaws.com, policies: [AmazonS3ReadOnlyAccess] } }
  users: { kim: {} }
vpcs:
  V:
    cidr: 10.0.0.0/16
    dns_hostnames: true
    subnets: { A: { cidr: 10.0.0.0/24, az: a } }
    security_groups: { Open: { ingress: [{ from: anywhere }] } }
    instances:
      app: { subnet: A, security_groups: Open, role: Reader }
      old: { subnet: A, security_groups: Open, role: Reader, aws: { version: 1 } }
      set: { subnet: A, security_groups: Open, role: Reader, aws: { region: eu-west-1, user: kim } }
      bare: { subnet: A, security_groups: Open }
      bare-old: { subnet: A, security_groups: Open, aws: { version: 1 } }
      web: { subnet: A, security_groups: Open, private_ip: 10.0.0.50 }
internet: { laptop: { address: 198.51.100.7 } }
";

fn one(command: &str) -> Ran {
    run(WORLD, &[command]).remove(0)
}

/// Where a command goes: what it says when nobody is reached there.
#[track_caller]
fn goes_to(command: &str, url: &str) {
    let ran = one(&format!("{command} --cli-connect-timeout 1"));
    let text = format!("Connect timeout on endpoint URL: \"{url}\"");
    assert_eq!((ran.exit, ran.stderr.trim()), (Some(255), text.as_str()), "{command}");
}

#[test]
fn requests_go_to_the_regions_own_endpoint() {
    goes_to("app: aws s3 ls", "https://s3.ap-northeast-2.amazonaws.com/");
    goes_to("app: aws s3 ls --region us-east-1", "https://s3.us-east-1.amazonaws.com/");
    goes_to("app: aws dynamodb list-tables --region eu-west-1", "https://dynamodb.eu-west-1.amazonaws.com/");
    let query = "?list-type=2&prefix=&delimiter=%2F&encoding-type=url";
    goes_to(
        "app: aws s3 ls s3://my-bucket",
        &format!("https://my-bucket.s3.ap-northeast-2.amazonaws.com/{query}"),
    );
}

#[test]
fn version_1_asks_no_instance_for_its_region_and_keeps_the_first_names() {
    goes_to("old: aws s3 ls", "https://s3.amazonaws.com/");
    goes_to("old: aws s3 ls --region us-east-1", "https://s3.amazonaws.com/");
    goes_to("old: aws s3 ls --region ap-northeast-2", "https://s3.ap-northeast-2.amazonaws.com/");
}

#[test]
fn the_region_is_that_of_the_option_the_file_the_instance() {
    goes_to("set: aws s3 ls --region us-west-2", "https://s3.us-west-2.amazonaws.com/");
    goes_to("set: aws s3 ls", "https://s3.eu-west-1.amazonaws.com/");
    let shown = one("app: aws configure list").stdout;
    assert!(shown.contains("    region           ap-northeast-2             imds    \n"), "{shown}");
}

#[test]
fn keys_of_a_file_come_before_those_of_the_role() {
    let shown = one("set: aws configure list").stdout;
    assert!(
        shown.contains("shared-credentials-file    ~/.aws/") || shown.contains("shared-credentials-file"),
        "{shown}"
    );
    let shown = one("app: aws configure list").stdout;
    let first = "      Name                    Value             Type    Location\n      ----                    -----             ----    --------\n   profile                <not set>             None    None\n";
    assert!(shown.starts_with(first), "{shown}");
    assert!(shown.contains("iam-role"), "{shown}");
}

#[test]
fn what_fails_is_tried_three_times_or_five() {
    let steps = "
  - on: app
    run: aws s3 ls --endpoint-url http://10.0.0.50:81
    expect: { exit: 255, stderr_contains: 'Could not connect to the endpoint URL: \"http://10.0.0.50:81/\"', packets: [{ tcp: SYN, to: web, count: 3 }] }
  - on: old
    run: aws s3 ls --endpoint-url http://10.0.0.50:81
    expect: { exit: 255, packets: [{ tcp: SYN, to: web, count: 5 }] }
";
    holds(WORLD, steps);
    let ran = one("app: aws s3 ls");
    assert!(ran.took >= Duration::from_secs(180) && ran.took < Duration::from_secs(190), "{:?}", ran.took);
}

#[test]
fn errors_have_their_words_and_their_status() {
    let keys = "Unable to locate credentials. You can configure credentials by running \"aws configure\".\n";
    let region =
        "You must specify a region. You can also configure your region by running \"aws configure\".\n";
    let cases = [
        ("bare: aws s3 ls", Some(253), format!("\n{keys}")),
        ("bare-old: aws s3 ls", Some(255), keys.to_owned()),
        ("laptop: aws dynamodb list-tables", Some(253), format!("\n{region}")),
        (
            "app: aws s3 ls --region ap-northeast-22",
            Some(255),
            "\nCould not connect to the endpoint URL: \"https://s3.ap-northeast-22.amazonaws.com/\"\n"
                .to_owned(),
        ),
    ];
    for (command, exit, stderr) in cases {
        let ran = one(command);
        assert_eq!((ran.exit, ran.stdout.as_str(), ran.stderr), (exit, "", stderr), "{command}");
    }
}

#[test]
fn a_metadata_service_that_is_not_there_costs_a_second_each_time() {
    // A token and the zone; a token and the role.
    let ran = one("laptop: aws configure list");
    assert!(ran.took >= Duration::from_secs(4) && ran.took < Duration::from_millis(4_100), "{:?}", ran.took);
    assert!(
        ran.stdout.contains("    region                <not set>             None    None\n"),
        "{}",
        ran.stdout
    );
}

#[test]
fn a_slow_upload_is_no_read_timeout() {
    let steps = "
  - { on: app, run: aws s3 cp s3://data/big . }
  - { on: app, run: aws s3 cp big s3://data/ --cli-read-timeout 1, expect: { stdout_contains: 'upload: ./big to s3://data/big' } }
  - { on: app, run: aws s3 cp s3://data/big sub/copy, expect: { stdout_contains: 'download: s3://data/big to sub/copy' } }
";
    holds(
        "
name: slow
iam: { roles: { Writer: { policies: [AmazonS3FullAccess] } } }
buckets: { data: { objects: { big: { bytes: 500000 } } } }
vpcs:
  V:
    cidr: 10.0.0.0/16
    subnets: { A: { cidr: 10.0.0.0/24 } }
    route_tables: { R: { subnets: A } }
    endpoints: { E: { service: s3, route_tables: R } }
    instances: { app: { subnet: A, role: Writer, bandwidth: 1500kbps } }
",
        steps,
    );
}

#[test]
fn whoever_is_nowhere_may_still_ask_who_they_are() {
    let ran = one("laptop: aws sts get-caller-identity --no-sign-request");
    let text = "\nAn error occurred (MissingAuthenticationToken) when calling the GetCallerIdentity operation: \
                Request is missing Authentication Token\n";
    assert_eq!((ran.exit, ran.stderr.as_str()), (Some(254), text));
}
