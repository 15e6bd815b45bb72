//! Bytes changed in what programs and servers say to each other, and answers that are no answers: every program
//! comes to an end, and nothing panics.

#![no_main]

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use vpclab::guest::{AccessKeys, AwsProfile, CliVersion, Host, HostConfig, Identity, Service, Site, parse};
use vpclab::seed::Seed;
use vpclab::time::Instant;
use vpclab::wire::{Mac, Packet};

const NAME: &str = "server.test";
const DELAY: Duration = Duration::from_micros(100);
/// Every program gives up after a while, and with it everything else.
const TURNS_MAX: u32 = 1_000_000;

const COMMANDS: [&str; 8] = [
    "curl -sk -m 5 https://server.test",
    "curl -sL -m 5 http://server.test",
    "aws s3 ls --cli-read-timeout 5 --endpoint-url http://server.test",
    "aws s3 ls s3://bucket --cli-read-timeout 5 --endpoint-url http://10.0.0.11",
    "aws sts get-caller-identity --cli-read-timeout 5 --endpoint-url http://server.test",
    "aws dynamodb list-tables --cli-read-timeout 5 --endpoint-url http://server.test",
    "iperf3 -c server.test -n 1000",
    "iperf3 -c server.test -p 80 -n 1000",
];

fn host(number: u8) -> Host {
    let address = |number| Ipv4Addr::new(10, 0, 0, 10 + number);
    let mut host = Host::new(HostConfig {
        name: format!("host-{number}"),
        hostname: format!("host-{number}"),
        known_as: Vec::new(),
        mac: Mac([2, 0, 0, 0, 0, number]),
        addresses: vec![address(number)],
        prefix_len: 24,
        gateway: Ipv4Addr::new(10, 0, 0, 1),
        mtu: 1500,
        ttl: 64,
        forwards: false,
        seed: Seed(1),
    });
    host.set_names(Arc::new([(NAME, address(1))].into_iter().collect()));
    host
}

/// Takes three bytes for each segment with data: how many of the next go to other segments, where a byte is
/// changed, and how.
fn change(frame: Vec<u8>, rest: &mut &[u8], calm: &mut u8) -> Vec<u8> {
    let packet = match Packet::parse(frame) {
        Ok(packet) => packet,
        Err((_, frame)) => return frame,
    };
    let (payload, segment) = (packet.tcp_payload().len(), packet.ip_payload().len());
    let mut frame = packet.into_frame();
    if payload == 0 {
        return frame;
    }
    if *calm > 0 {
        *calm -= 1;
        return frame;
    }
    let Some(([wait, at, change], after)) = rest.split_first_chunk::<3>() else { return frame };
    (*rest, *calm) = (after, wait % 4);
    let first = frame.len() - payload;
    frame[first + usize::from(*at) % payload] ^= change;
    let start = frame.len() - segment;
    frame[start + 16..start + 18].fill(0);
    let pseudo = 6 + segment as u32;
    let words = frame[start - 8..].chunks(2);
    let sum: u32 = words.map(|word| u32::from(word[0]) << 8 | u32::from(*word.get(1).unwrap_or(&0))).sum();
    let sum = sum + pseudo;
    let sum = (sum & 0xffff) + (sum >> 16);
    let checksum = !((sum & 0xffff) + (sum >> 16)) as u16;
    frame[start + 16..start + 18].copy_from_slice(&checksum.to_be_bytes());
    frame
}

fuzz_target!(|bytes: &[u8]| {
    let (mut rest, mut calm) = (bytes, 0);
    let mut hosts = [host(0), host(1)];
    let (choice, body) = bytes.split_first().unwrap_or((&0, &[]));
    let keys = AccessKeys { id: "AKIA".to_owned(), secret: "secret".to_owned(), token: None };
    let profile =
        AwsProfile { version: CliVersion::Two, region: Some("us-east-1".to_owned()), keys: Some(keys) };
    hosts[0].set_disk(profile, BTreeMap::new());
    hosts[1].serve(80, Service::Http(Site::plain(body)));
    hosts[1].serve(5201, Service::Iperf);
    hosts[1].serve(443, Service::Https(Site::plain("a secret\n"), Identity::valid([NAME])));
    let mut now = Instant::from_unix_seconds(1_719_565_200);
    let command = parse(COMMANDS[usize::from(*choice) % COMMANDS.len()]).expect("a command");
    let program = hosts[0].start(&command, now);
    for _ in 0..TURNS_MAX {
        let wakes = [hosts[0].pump(now), hosts[1].pump(now)];
        let mut moved = false;
        for from in [0, 1] {
            for frame in hosts[from].take_sent().collect::<Vec<_>>() {
                moved = true;
                let frame = change(frame, &mut rest, &mut calm);
                hosts[1 - from].receive(frame);
            }
        }
        match wakes.into_iter().flatten().min() {
            _ if moved => now += DELAY,
            Some(at) => now = at.max(now),
            None => break,
        }
    }
    assert!(hosts[0].take_exit(program).is_some(), "the program has ended");
    assert_eq!(hosts.each_mut().map(|host| host.pump(now)), [None, None], "nothing is left to do");
});
