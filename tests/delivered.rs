//! What flow logs leave in the output folder: objects, streams, and the list of them.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use vpclab::suite::{self, Options, Plan, Report};

/// Runs a scenario; gives the output folder's files by path.
fn run(name: &str, yaml: &str) -> BTreeMap<String, Vec<u8>> {
    let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join("delivered").join(name);
    let _ = std::fs::remove_dir_all(&root);
    std::fs::create_dir_all(&root).expect("a folder");
    let scenario = root.join("scenario.yaml");
    // Not every build can write Parquet.
    let format = if cfg!(feature = "parquet") { "parquet" } else { "plain-text" };
    std::fs::write(&scenario, yaml.replace("FORMAT", format)).expect("a file");
    let files = suite::find(&[scenario]).expect("it is there");
    let options = Options { seed: None, verbose: false };
    let plan = Plan { options, jobs: 1, out: Some(root.join("out")), captures: true, color: false };
    suite::run_all(files, &plan, |report| {
        assert!(matches!(&report, Report::Ran(result) if result.passed()), "{report:?}");
    });
    let mut files = BTreeMap::new();
    read(&root.join("out/scenario"), &root.join("out/scenario"), &mut files);
    files
}

fn read(root: &Path, folder: &Path, files: &mut BTreeMap<String, Vec<u8>>) {
    for entry in std::fs::read_dir(folder).expect("the folder is there") {
        let path: PathBuf = entry.expect("it can be read").path();
        if path.is_dir() {
            read(root, &path, files);
        } else {
            let name = path.strip_prefix(root).expect("it is inside").display().to_string();
            files.insert(name, std::fs::read(&path).expect("it can be read"));
        }
    }
}

fn unzipped(bytes: &[u8]) -> Vec<String> {
    let mut text = String::new();
    flate2::read::GzDecoder::new(bytes).read_to_string(&mut text).expect("gzip");
    assert!(text.ends_with('\n'), "the last line ends");
    text.lines().map(str::to_owned).collect()
}

const SCENARIO: &str = "
name: delivered
start: 2024-06-28T09:58:30Z
iam: { roles: { Writer: { trusts: vpc-flow-logs.amazonaws.com, policies: [CloudWatchLogsFullAccess] } } }
buckets: { logs: {} }
vpcs:
  V:
    cidr: 10.0.0.0/16
    subnets: { S: { cidr: 10.0.0.0/24 } }
    security_groups: { Any: { ingress: [{ from: 10.0.0.0/16 }] } }
    instances:
      a: { subnet: S, security_groups: Any }
      b: { subnet: S, security_groups: Any, eni_id: eni-0000000b }
flow_logs:
  Plain: { id: fl-00000001, resource: V, bucket: logs, format: '${start} ${end} ${interface-id} ${packets}' }
  Hours: { id: fl-00000002, resource: V, bucket: logs, prefix: hours, per_hour_partition: true, file_format: FORMAT }
  Hive: { id: fl-00000003, resource: V, bucket: logs, prefix: hive, hive_compatible_partitions: true, per_hour_partition: true }
  Events: { id: fl-00000004, resource: V, log_group: /vpc/events, role: Writer, traffic_type: ACCEPT }
steps:
  - { on: a, run: ping -c 1 b }
  - wait: 10m
  - { on: a, run: ping -c 3 b }
";

#[test]
fn objects_hold_what_ended_in_their_five_minutes() {
    let files = run("objects", SCENARIO);
    let plain: Vec<(&String, &Vec<u8>)> = files
        .iter()
        .filter(|(name, _)| {
            name.starts_with("s3/logs/AWSLogs/123456789012/vpcflowlogs/us-east-1/2024/06/28/")
        })
        .collect();
    let mut seen = 0;
    for (name, bytes) in plain {
        let name = name.rsplit('/').next().expect("a file name");
        let slot = name.split('_').nth(4).expect("a slot");
        let minutes = |at: usize| slot[at..at + 2].parse::<u64>().expect("digits");
        // 2024-06-28T00:00:00Z
        let slot = 1_719_532_800 + minutes(9) * 3600 + minutes(11) * 60;
        let lines = unzipped(bytes);
        assert_eq!(lines[0], "start end interface-id packets");
        for line in &lines[1..] {
            let end: u64 = line.split(' ').nth(1).expect("a field").parse().expect("seconds");
            assert!((slot..slot + 300).contains(&end), "{name}: {line}");
            seen += 1;
        }
    }
    // Two pings, two directions, two interfaces, and nine minutes of nothing.
    assert_eq!(seen, 8 + 2 * 10);
    for folder in [
        "s3/logs/hours/AWSLogs/123456789012/vpcflowlogs/us-east-1/2024/06/28/10/",
        "s3/logs/hive/AWSLogs/aws-account-id=123456789012/aws-service=vpcflowlogs/aws-region=us-east-1/year=2024/month=06/day=28/hour=09/",
    ] {
        assert!(files.keys().any(|name| name.starts_with(folder)), "{folder}");
    }
    let parquet = files.iter().find(|(name, _)| name.ends_with(".log.parquet"));
    assert_eq!(parquet.is_some(), cfg!(feature = "parquet"));
    assert!(parquet.is_none_or(|(_, bytes)| bytes.starts_with(b"PAR1") && bytes.ends_with(b"PAR1")));
}

#[test]
fn streams_hold_events_with_the_times_of_their_records() {
    let files = run("streams", SCENARIO);
    let stream = &files["cloudwatch/vpc/events/eni-0000000b-all"];
    let events: Vec<serde_json::Value> = String::from_utf8_lossy(stream)
        .lines()
        .map(|line| serde_json::from_str(line).expect("an event"))
        .collect();
    assert!(events.len() > 4, "{events:?}");
    for event in &events {
        let message = event["message"].as_str().expect("a text");
        let start: u64 = message.split(' ').nth(10).expect("a field").parse().expect("seconds");
        assert_eq!(event["timestamp"], start * 1000, "{message}");
        assert!(event["ingestionTime"].as_u64() >= Some((start + 300) * 1000), "{event}");
    }
}

#[test]
fn the_list_names_every_file_that_was_delivered() {
    let files = run("list", SCENARIO);
    let list: serde_json::Value = serde_json::from_slice(&files["delivery.json"]).expect("JSON");
    let named = ["objects", "streams"].into_iter().flat_map(|kind| {
        list[kind]
            .as_array()
            .expect("a list")
            .iter()
            .map(|entry| entry["file"].as_str().expect("a path").to_owned())
    });
    let mut named: Vec<String> = named.collect();
    named.sort();
    let there: Vec<&String> =
        files.keys().filter(|name| name.starts_with("s3/") || name.starts_with("cloudwatch/")).collect();
    assert_eq!(named.iter().collect::<Vec<_>>(), there);
    let group = list["streams"][0]["group"].as_str();
    assert_eq!(group, Some("/vpc/events"), "a slash at the begin is not lost");
}

/// Every record about a flow has a line of truth, and every flow of background traffic its activity.
#[test]
fn the_truth_says_whose_records_they_are() {
    let files = run("truth", include_str!("../scenarios/traffic-and-truth.yaml"));
    let text = |name: &str| String::from_utf8_lossy(&files[name]).into_owned();
    let records = text("flow-logs/all.log").lines().skip(1).filter(|line| line.ends_with(" OK")).count();
    let truth: Vec<serde_json::Value> = text("flow-logs/ground-truth.jsonl")
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    assert_eq!(truth.len(), records);
    let mut activities = std::collections::BTreeSet::new();
    for row in &truth {
        let activity = row["activity"].as_str().unwrap_or_else(|| panic!("whose is {row}"));
        activities.insert(activity.to_owned());
        let talks_to = |address: &str| row["pkt-srcaddr"] == address || row["pkt-dstaddr"] == address;
        let expected = if talks_to("203.0.113.66") {
            ["Guessing", "Scan"].contains(&activity)
        } else if talks_to("192.0.2.99") {
            activity == "Beacon"
        } else if talks_to("192.0.2.100") {
            activity == "Leak"
        } else {
            ["Backend", "Customers", "Beacon", "Leak"].contains(&activity)
        };
        assert!(expected, "{row}");
        assert_eq!(row["malicious"], !["Backend", "Customers"].contains(&activity), "{row}");
    }
    assert_eq!(activities.len(), 6);
}
