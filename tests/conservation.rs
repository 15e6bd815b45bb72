//! What flow logs deliver of a day of background traffic is what the hosts' captures show: for every flow, in every
//! interval, packet for packet and byte for byte.
//!
//! `VPCLAB_INTERFACES`, `VPCLAB_FLOWS` and `VPCLAB_HOURS` say how much; the captures of a million flows take some 6 GB.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::File;
use std::io::{BufReader, Read as _};
use std::path::{Path, PathBuf};

use etherparse::{NetSlice, SlicedPacket, TransportSlice};
use pcap_file::pcapng::{Block, PcapNgReader};
use vpclab::suite::{self, Options, Plan, Report};

/// Interface, direction, addresses, ports, protocol, minute.
type Key = (String, bool, String, String, u16, u16, u8, u64);
/// Packets and bytes.
type Sums = BTreeMap<Key, (u64, u64)>;

fn given(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().map_or(default, |text| text.parse().expect("a number"))
}

/// Web servers, clients in the VPC and on the internet, and what makes its way into logs otherwise.
fn scenario(interfaces: u64, flows: u64, hours: u64) -> String {
    let mut yaml = String::from(
        "name: a day
quotas: unlimited
buckets: { logs: {} }
vpcs:
  V:
    cidr: 10.0.0.0/16
    internet_gateway: Gateway
    subnets: { Public: { cidr: 10.0.0.0/18, map_public_ip: true }, Private: { cidr: 10.0.64.0/18 } }
    nat_gateways: { Nat: { subnet: Public } }
    route_tables:
      Out: { subnets: Public, routes: { 0.0.0.0/0: Gateway } }
      In: { subnets: Private, routes: { 0.0.0.0/0: Nat } }
    security_groups: { Web: { ingress: [{ tcp: 80, from: anywhere }] }, App: {} }
    instances:
",
    );
    let webs = (interfaces / 10).max(1);
    let apps = (interfaces - webs).max(1);
    for n in 0..webs {
        let _ = writeln!(
            yaml,
            "      Web{n}: {{ subnet: Public, security_groups: Web, serves: {{ 80: hello }} }}"
        );
    }
    for n in 0..apps {
        let _ = writeln!(yaml, "      App{n}: {{ subnet: Private, security_groups: App }}");
    }
    yaml += "internet:\n";
    for n in 0..20 {
        let _ = writeln!(yaml, "  Visitor{n}: {{ address: 198.51.100.{} }}", n + 10);
    }
    let list =
        |prefix: &str, count: u64| (0..count).map(|n| format!("{prefix}{n}")).collect::<Vec<_>>().join(", ");
    let (webs, apps, visitors) = (list("Web", webs), list("App", apps), list("Visitor", 20));
    let per_hour = |percent: u64| (flows * percent / 100 / hours).max(1);
    let _ = write!(
        yaml,
        "  Site: {{ address: 203.0.113.80, serves: {{ 80: drop }} }}
flow_logs:
  Log:
    resource: V
    bucket: logs
    format: ${{interface-id}} ${{flow-direction}} ${{pkt-srcaddr}} ${{pkt-dstaddr}} ${{srcport}} ${{dstport}} ${{protocol}} ${{start}} ${{end}} ${{action}} ${{packets}} ${{bytes}} ${{log-status}}
traffic:
  Visits: {{ kind: clients, from: [{visitors}], to: [{webs}], rate: {}/h }}
  Calls: {{ kind: clients, from: [{apps}], to: [{webs}], rate: {}/h }}
  Reports: {{ kind: clients, from: [{apps}], to: Site, rate: {}/h }}
  Scan: {{ kind: port-scan, from: Visitor0, to: [{webs}], ports: 20-90, rate: {}/h }}
  Guesses: {{ kind: ssh-brute-force, from: Visitor1, to: [{webs}], rate: {}/h }}
  Theft: {{ kind: exfiltration, from: App0, to: Site, port: 80, bytes: 2MB, begin: 10m }}
steps:
  - wait: {hours}h
",
        per_hour(40),
        per_hour(40),
        per_hour(10),
        per_hour(5),
        per_hour(5),
    );
    yaml
}

fn run(root: &Path, yaml: &str) {
    let _ = std::fs::remove_dir_all(root);
    std::fs::create_dir_all(root).expect("a folder");
    let scenario = root.join("day.yaml");
    std::fs::write(&scenario, yaml).expect("a file");
    let files = suite::find(&[scenario]).expect("it is there");
    let options = Options { seed: None, verbose: false };
    let plan = Plan { options, jobs: 1, out: Some(root.join("out")), captures: true, color: false };
    suite::run_all(files, &plan, |report| {
        assert!(matches!(&report, Report::Ran(result) if result.passed()), "{report:?}");
    });
}

fn objects(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("the folder is there") {
        let path = entry.expect("it can be read").path();
        if path.is_dir() { objects(&path, found) } else { found.push(path) }
    }
}

/// What was delivered: everything that left, and what came in and was accepted. Hosts see nothing of the rest.
fn delivered(root: &Path, of_instances: &BTreeMap<String, String>) -> Sums {
    let (mut files, mut sums) = (Vec::new(), Sums::new());
    objects(&root.join("out/day/s3"), &mut files);
    for path in files {
        let mut text = String::new();
        let file = File::open(path).expect("it is there");
        flate2::read::GzDecoder::new(file).read_to_string(&mut text).expect("gzip");
        for line in text.lines().skip(1) {
            let fields: Vec<&str> = line.split(' ').collect();
            let [
                eni,
                direction,
                src,
                dst,
                sport,
                dport,
                protocol,
                start,
                end,
                action,
                packets,
                bytes,
                status,
            ] = fields[..]
            else {
                panic!("{line}")
            };
            let leaves = direction == "egress";
            if status != "OK" || !leaves && action == "REJECT" || !of_instances.contains_key(eni) {
                continue;
            }
            let number = |text: &str| text.parse::<u64>().unwrap_or_else(|_| panic!("{line}"));
            assert_eq!(number(start) / 60, number(end) / 60, "within an interval: {line}");
            let ports = [sport, dport].map(|port| number(port) as u16);
            let key = (
                eni.into(),
                leaves,
                src.into(),
                dst.into(),
                ports[0],
                ports[1],
                number(protocol) as u8,
                number(start) / 60,
            );
            let sum = sums.entry(key).or_default();
            *sum = (sum.0 + number(packets), sum.1 + number(bytes));
        }
    }
    sums
}

/// What the capture of a host shows.
fn captured(path: &Path, eni: &str, sums: &mut Sums) {
    let file = BufReader::new(File::open(path).unwrap_or_else(|error| panic!("{}: {error}", path.display())));
    let mut reader = PcapNgReader::new(file).expect("a capture");
    while let Some(block) = reader.next_block() {
        let (Block::EnhancedPacket(packet), _) = block.expect("a block") else { continue };
        let leaves = packet.options.iter().any(|option| {
            matches!(option, pcap_file::pcapng::blocks::enhanced_packet::EnhancedPacketOption::Flags(flags) if flags & 3 == 2)
        });
        let Ok(sliced) = SlicedPacket::from_ethernet(&packet.data) else { continue };
        let Some(NetSlice::Ipv4(ip)) = sliced.net else { continue };
        let header = ip.header();
        let ports = match &sliced.transport {
            Some(TransportSlice::Tcp(tcp)) => [tcp.source_port(), tcp.destination_port()],
            Some(TransportSlice::Udp(udp)) => [udp.source_port(), udp.destination_port()],
            _ => [0, 0],
        };
        let (src, dst) = (header.source_addr().to_string(), header.destination_addr().to_string());
        let minute = packet.timestamp.as_secs() / 60;
        let key = (eni.to_owned(), leaves, src, dst, ports[0], ports[1], header.protocol().0, minute);
        let sum = sums.entry(key).or_default();
        *sum = (sum.0 + 1, sum.1 + u64::from(header.total_len()));
    }
}

#[test]
fn what_is_delivered_is_what_was_sent() {
    let (interfaces, flows, hours) =
        (given("VPCLAB_INTERFACES", 12), given("VPCLAB_FLOWS", 1500), given("VPCLAB_HOURS", 3));
    let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join("conservation");
    let yaml = scenario(interfaces, flows, hours);
    let loaded = vpclab::scenario::load(&yaml).expect("it has no mistakes");
    let of_instances: BTreeMap<String, String> = loaded
        .model
        .instances
        .values()
        .map(|instance| (instance.eni.to_string(), instance.name.clone().expect("it has a name")))
        .collect();
    run(&root, &yaml);
    let records = delivered(&root, &of_instances);
    let (mut seen, mut packets) = (0, 0);
    for (eni, name) in &of_instances {
        let mut shown = Sums::new();
        captured(&root.join(format!("out/day/pcap/{name}.pcapng")), eni, &mut shown);
        let own = records.range((eni.clone(), false, String::new(), String::new(), 0, 0, 0, 0)..);
        let own: BTreeMap<_, _> = own.take_while(|(key, _)| key.0 == *eni).collect();
        let both: BTreeMap<_, _> = shown.iter().collect();
        for (key, sum) in &both {
            assert_eq!(own.get(key), Some(sum), "{name}: {key:?} was captured");
            packets += sum.0;
        }
        for (key, sum) in &own {
            assert_eq!(both.get(key), Some(sum), "{name}: {key:?} was delivered");
        }
        seen += own.len();
    }
    assert!(seen as u64 > flows, "{seen} flows of {flows}");
    assert!(packets > 5 * flows, "{packets} packets of {flows} flows");
    let _ = std::fs::remove_dir_all(&root);
}
