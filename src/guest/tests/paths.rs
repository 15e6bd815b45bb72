//! Packets that are too long for their path, hosts that forward, and hosts with several addresses.

use std::time::Duration;

use super::rig::{Narrow, Rig, address, secondary};
use crate::guest::{Answer, Service, Site};
use crate::seed::Seed;
use crate::wire::build::{self, Ends};
use crate::wire::{ArpReply, FiveTuple, Packet, Parsed, Protocol, TcpFlags, parse};

const MEGABYTE: u64 = 1_000_000;

fn bulky(mut rig: Rig, server: usize) -> Rig {
    rig.hosts[server].serve(80, Service::Http(Site::everywhere(Answer::filler(MEGABYTE))));
    rig
}

/// A rig whose host 1 forwards between the others; its own link carries this much.
fn routed(mtu: u16) -> Rig {
    let mut rig = Rig::with_router(3, Seed(1), move |host| if host == 1 { mtu } else { 9001 }, Some(1));
    rig.hosts[2].serve(80, Service::Http(Site::everywhere(Answer::filler(MEGABYTE))));
    rig
}

/// The packets a host has sent.
fn sent_by(rig: &Rig, host: usize) -> Vec<Packet> {
    let own = rig.log.iter().filter(|(_, from, _)| *from == host);
    own.filter_map(|(_, _, frame)| match parse(frame.clone()) {
        Ok(Parsed::Ipv4(packet)) => Some(packet),
        Ok(Parsed::Arp(..)) | Err(_) => None,
    })
    .collect()
}

#[track_caller]
fn assert_whole(rig: &mut Rig, line: &str) {
    let output = rig.run(0, line);
    let text = "0123456789abcdef".repeat(4);
    let line_of_text = format!("{}\n", &text[..63]);
    let expected = line_of_text.repeat(MEGABYTE as usize / 64 + 1);
    assert_eq!(output.exit, 0, "{}", output.stderr);
    assert!(output.stdout == expected[..MEGABYTE as usize], "the page has arrived whole");
}

#[test]
fn a_long_page_arrives_on_a_wide_path() {
    let mut rig = bulky(Rig::new(2), 1);
    assert_whole(&mut rig, "curl -s http://10.0.1.11");
    assert!(sent_by(&rig, 1).iter().any(|packet| packet.ip_len() == 9001));
}

#[test]
fn a_filler_is_only_sent_where_a_body_belongs() {
    let mut rig = bulky(Rig::new(2), 1);
    let head = "HTTP/1.1 200 OK\r\nDate: Fri, 28 Jun 2024 09:00:00 GMT\r\nServer: vpclab\r\n\
                Content-Length: 1000000\r\nContent-Type: text/plain\r\n\r\n";
    rig.run(0, "curl -sI http://10.0.1.11").assert(0, head, "");
}

#[test]
fn segments_get_shorter_when_a_router_says_so() {
    let mut rig = bulky(Rig::new(2), 1);
    rig.narrow = Some((1500, Narrow::Tells));
    assert_whole(&mut rig, "curl -s http://10.0.1.11");
    let took = rig.now.since(rig.log[0].0);
    assert!(took < Duration::from_millis(100), "nothing waits for a retransmission timer: {took:?}");
    let data: Vec<u16> = sent_by(&rig, 1).iter().map(Packet::ip_len).filter(|len| *len > 600).collect();
    let long = data.iter().filter(|len| **len > 1500).count();
    assert!(data[0] == 9001 && long <= 8, "only the first window is too long: {long}");
    assert!(data[long..].iter().all(|len| *len <= 1500), "afterwards every packet fits");
    assert!(data.contains(&1500), "and whole segments fill the path");

    // The next connection announces what the link carries and sends what the path carries.
    let before = sent_by(&rig, 1).len();
    assert_whole(&mut rig, "curl -s http://10.0.1.11");
    let again = sent_by(&rig, 1).split_off(before);
    let syn = again.iter().find(|packet| packet.tcp_flags().has(TcpFlags::SYN)).expect("a SYN-ACK");
    assert_eq!(syn.tcp_options()[..4], [2, 4, 0x23, 0x01], "a segment size of 8961");
    assert!(again.iter().all(|packet| packet.ip_len() <= 1500));

    // After ten minutes the host tries again.
    rig.run_for(Duration::from_secs(600));
    let before = sent_by(&rig, 1).len();
    assert_whole(&mut rig, "curl -s http://10.0.1.11");
    assert!(sent_by(&rig, 1)[before..].iter().any(|packet| packet.ip_len() == 9001));
}

#[test]
fn a_black_hole_swallows_long_packets() {
    let mut rig = bulky(Rig::new(2), 1);
    rig.narrow = Some((1500, Narrow::Swallows));
    rig.run(0, "curl -sS -m 5 http://10.0.1.11").assert(
        28,
        "",
        "curl: (28) Operation timed out after 5000 milliseconds with 0 bytes received\n",
    );
}

#[test]
fn nobody_makes_a_path_narrow_with_a_segment_that_was_never_sent() {
    let mut rig = bulky(Rig::new(2), 1);
    let tuple = FiveTuple {
        src: address(1),
        dst: address(0),
        src_port: 80,
        dst_port: 40_000,
        protocol: Protocol::TCP,
    };
    let forged = build::tcp(Ends::TEST, tuple, TcpFlags(TcpFlags::ACK), b"x");
    let mut error = build::fragmentation_needed(Ends::TEST, address(0), &forged, 552);
    error.set_macs(Ends::TEST.src, crate::wire::Mac([2, 0, 0, 0, 1, 1]));
    rig.hosts[1].receive(error.into_frame());
    rig.pump(1);
    assert_whole(&mut rig, "curl -s http://10.0.1.11");
    assert!(sent_by(&rig, 1).iter().any(|packet| packet.ip_len() == 9001));
}

#[test]
fn long_pings_are_fragmented_and_put_together() {
    let mut rig = Rig::with_seed(2, Seed(1), 1500);
    rig.run(0, "ping -c 1 -s 10000 10.0.1.11").assert(
        0,
        "PING 10.0.1.11 (10.0.1.11) 10000(10028) bytes of data.\n\
         10008 bytes from 10.0.1.11: icmp_seq=1 ttl=127 time=0.500 ms\n\
         \n\
         --- 10.0.1.11 ping statistics ---\n\
         1 packets transmitted, 1 received, 0% packet loss, time 0ms\n\
         rtt min/avg/max/mdev = 0.500/0.500/0.500/0.000 ms\n",
        "",
    );
    for host in 0..2 {
        let parts = sent_by(&rig, host);
        assert_eq!(parts.len(), 7, "6 full ones and the rest");
        assert!(parts.iter().all(|part| part.is_fragment() && !part.dont_fragment()));
        assert!(parts.iter().all(|part| part.identification() == parts[0].identification()));
    }
}

#[test]
fn ping_finds_out_about_its_path() {
    let narrow = || {
        let mut rig = Rig::new(2);
        rig.narrow = Some((1500, Narrow::Tells));
        rig
    };
    // As Linux does by default: the first is too long, then the host knows and fragments.
    narrow().run(0, "ping -c 2 -s 4000 10.0.1.11").assert(
        0,
        "PING 10.0.1.11 (10.0.1.11) 4000(4028) bytes of data.\n\
         From 10.0.0.1 icmp_seq=1 Frag needed and DF set (mtu = 1500)\n\
         4008 bytes from 10.0.1.11: icmp_seq=2 ttl=127 time=0.500 ms\n\
         \n\
         --- 10.0.1.11 ping statistics ---\n\
         2 packets transmitted, 1 received, +1 errors, 50% packet loss, time 1000ms\n\
         rtt min/avg/max/mdev = 0.500/0.500/0.500/0.000 ms\n",
        "",
    );
    let mut rig = narrow();
    rig.run(0, "ping -c 2 -M do -s 4000 10.0.1.11").assert(
        1,
        "PING 10.0.1.11 (10.0.1.11) 4000(4028) bytes of data.\n\
         From 10.0.0.1 icmp_seq=1 Frag needed and DF set (mtu = 1500)\n\
         \n\
         --- 10.0.1.11 ping statistics ---\n\
         2 packets transmitted, 0 received, +2 errors, 100% packet loss, time 1000ms\n\
         \n",
        "ping: local error: message too long, mtu=1500\n",
    );
    rig.run(0, "ping -q -c 1 -M do -s 1472 10.0.1.11");
    assert_eq!(sent_by(&rig, 0).last().expect("a probe").ip_len(), 1500);
    // Routers fragment these.
    let mut rig = narrow();
    assert_eq!(rig.run(0, "ping -q -c 1 -M dont -s 4000 10.0.1.11").exit, 0);
    assert_eq!(sent_by(&rig, 0)[0].ip_len(), 4028);
}

#[test]
fn hosts_answer_from_the_address_that_was_asked() {
    let mut rig = Rig::new(2);
    rig.hosts[1].serve(80, Service::Http(Site::plain("hello\n")));
    rig.run(0, "curl -s http://10.0.1.100").assert(0, "hello\n", "");
    rig.run(0, "curl -s http://10.0.1.11").assert(0, "hello\n", "");
    assert!(rig.run(0, "ping -c 1 10.0.1.100").stdout.contains("64 bytes from 10.0.1.100: icmp_seq=1"));
    let refused = rig.run(0, "curl -sS http://10.0.1.100:81");
    assert_eq!(refused.exit, 7, "{}", refused.stderr);
    assert!(sent_by(&rig, 0).iter().all(|packet| packet.tuple().src == address(0)));
    // A host talks to an address of its own from that address.
    rig.run(1, "curl -s http://10.0.1.100").assert(0, "hello\n", "");

    for target in [address(1), secondary(1)] {
        let request =
            crate::wire::ArpRequest { sender_mac: Ends::TEST.src, sender: [10, 0, 1, 7].into(), target };
        rig.hosts[1].receive(build::arp_request(request));
        rig.hosts[1].pump(rig.now);
        let answer = rig.hosts[1].take_sent().next().expect("an answer");
        assert_eq!(ArpReply::parse(&answer).expect("an ARP reply").address, target);
    }
}

#[test]
fn a_host_forwards_what_is_not_for_it() {
    let mut rig = routed(9001);
    assert_whole(&mut rig, "curl -s http://10.0.2.12");
    let forwarded = sent_by(&rig, 1);
    assert!(forwarded.iter().all(|packet| packet.ttl() == 126));
    assert!(forwarded.iter().all(|packet| ![packet.tuple().src, packet.tuple().dst].contains(&address(1))));
    // It still answers for itself.
    assert_eq!(rig.run(0, "ping -c 1 10.0.1.11").exit, 0);

    rig.run(0, "ping -c 1 -t 1 10.0.2.12").assert(
        1,
        "PING 10.0.2.12 (10.0.2.12) 56(84) bytes of data.\n\
         From 10.0.1.11 icmp_seq=1 Time to live exceeded\n\
         \n\
         --- 10.0.2.12 ping statistics ---\n\
         1 packets transmitted, 0 received, +1 errors, 100% packet loss, time 0ms\n\
         \n",
        "",
    );
}

#[test]
fn a_forwarding_host_says_who_is_not_there() {
    let mut rig = routed(9001);
    rig.run(0, "ping -n -c 1 10.0.1.99").assert(
        1,
        "PING 10.0.1.99 (10.0.1.99) 56(84) bytes of data.\n\
         From 10.0.1.11 icmp_seq=1 Destination Host Unreachable\n\
         \n\
         --- 10.0.1.99 ping statistics ---\n\
         1 packets transmitted, 0 received, +1 errors, 100% packet loss, time 0ms\n\
         \n",
        "",
    );
}

#[test]
fn a_forwarding_host_says_what_is_too_long() {
    let mut rig = routed(1500);
    assert_whole(&mut rig, "curl -s http://10.0.2.12");
    let mut errors = sent_by(&rig, 1);
    errors.retain(|packet| packet.tuple().src == address(1));
    assert!(!errors.is_empty());
    for error in errors {
        assert_eq!((error.next_hop_mtu(), error.tuple().dst), (Some(1500), address(2)));
    }
    // What may be fragmented is.
    assert_eq!(rig.run(0, "ping -q -c 1 -M dont -s 4000 10.0.2.12").exit, 0);
    // No errors about errors, and none about later fragments.
    let before = sent_by(&rig, 1).len();
    let datagram = build::echo_request(Ends::TEST, address(0), address(2), 1, 1, &[0; 2000]);
    let error = build::host_unreachable(Ends::TEST, address(0), &datagram);
    for mut packet in [error, datagram.fragments(1500).remove(1)] {
        packet.set_ttl(1);
        packet.set_macs(Ends::TEST.src, crate::wire::Mac([2, 0, 0, 0, 1, 1]));
        rig.hosts[1].receive(packet.into_frame());
    }
    rig.pump(1);
    assert_eq!(sent_by(&rig, 1).len(), before);
}

#[test]
fn a_host_that_does_not_forward_drops_what_is_not_for_it() {
    let mut rig = Rig::new(3);
    rig.via = Some(1);
    let output = rig.run(0, "ping -c 1 -W 1 10.0.2.12");
    assert_eq!(output.exit, 1);
    assert_eq!(sent_by(&rig, 1).len(), 0);
}

#[test]
fn traceroute_shows_the_hops() {
    let expected = "traceroute to 10.0.2.12 (10.0.2.12), 30 hops max, 60 byte packets\n \
                    1  host-1.test (10.0.1.11)  0.500 ms  0.500 ms  0.500 ms\n \
                    2  host-2.test (10.0.2.12)  1.000 ms  1.000 ms  1.000 ms\n";
    for line in ["traceroute 10.0.2.12", "traceroute -I 10.0.2.12", "traceroute -T 10.0.2.12"] {
        let mut rig = routed(9001);
        rig.run(0, line).assert(0, expected, "");
        rig.settle();
        let mut probes = sent_by(&rig, 0);
        probes.retain(|packet| packet.ttl() < 10);
        assert!(probes.iter().all(|probe| probe.ip_len() == 60 && !probe.dont_fragment()));
        assert_eq!(probes.len(), 19, "{line}: 16 at once, and 3 more in place of the first");
    }
    // A closed port of the target answers as well as an open one.
    routed(9001).run(0, "traceroute -T -p 81 -n -q 1 host-2.test").assert(
        0,
        "traceroute to host-2.test (10.0.2.12), 30 hops max, 60 byte packets\n \
         1  10.0.1.11  0.500 ms\n \
         2  10.0.2.12  1.000 ms\n",
        "",
    );
    let mut rig = routed(9001);
    rig.run(0, "traceroute -n -f 2 -m 4 -N 1 10.0.2.12").assert(
        0,
        "traceroute to 10.0.2.12 (10.0.2.12), 4 hops max, 60 byte packets\n \
         2  10.0.2.12  1.000 ms  1.000 ms  1.000 ms\n",
        "",
    );
    let ports: Vec<u16> = sent_by(&rig, 0).iter().map(|probe| probe.tuple().dst_port).collect();
    assert_eq!(ports, [33_437, 33_438, 33_439]);
}

#[test]
fn traceroute_waits_for_what_does_not_answer() {
    // A hop that says nothing, and a target behind it that does.
    let mut rig = routed(9001);
    rig.passes = |packet| packet.icmp().is_none_or(|icmp| icmp.kind != 11);
    let output = rig.run(0, "traceroute -n 10.0.2.12");
    output.assert(
        0,
        "traceroute to 10.0.2.12 (10.0.2.12), 30 hops max, 60 byte packets\n \
         1  * * *\n \
         2  10.0.2.12  1.000 ms  1.000 ms  1.000 ms\n",
        "",
    );
    assert_eq!(output.took, Duration::from_millis(20), "ten times longer than a probe of the next hop");

    let mut rig = routed(9001);
    rig.passes = |_| false;
    let output = rig.run(0, "traceroute -n -m 2 -q 2 -w 1.5 10.0.2.12");
    output.assert(
        0,
        "traceroute to 10.0.2.12 (10.0.2.12), 2 hops max, 60 byte packets\n \
         1  * *\n \
         2  * *\n",
        "",
    );
    assert_eq!(output.took, Duration::from_millis(1500));

    // A neighbour that is not there: Linux says so itself, after 3 s.
    Rig::new(1).run(0, "traceroute -q 2 10.0.0.99").assert(
        0,
        "traceroute to 10.0.0.99 (10.0.0.99), 30 hops max, 60 byte packets\n \
         1  host-0.test (10.0.0.10)  3000.000 ms !H  3000.000 ms !H\n",
        "",
    );
    Rig::new(1).run(0, "traceroute -n nx.example").assert(
        2,
        "",
        "nx.example: Name or service not known\n\
         Cannot handle \"host\" cmdline arg `nx.example' on position 2 (argc 2)\n",
    );
}

#[test]
fn nc_says_whether_a_port_is_open() {
    let version = "Ncat: Version 7.93 ( https://nmap.org/ncat )\n";
    let cases: &[(&str, i32, &str, u64)] = &[
        (
            "nc -zv 10.0.1.11 80",
            0,
            "Ncat: Connected to 10.0.1.11:80.\nNcat: 0 bytes sent, 0 bytes received in 0.00 seconds.\n",
            0,
        ),
        ("nc -zv host-1.test 81", 1, "Ncat: Connection refused.\n", 0),
        ("nc -zv 10.0.2.12 80", 1, "Ncat: TIMEOUT.\n", 10_000),
        ("nc -zv -w 2 10.0.2.12 80", 1, "Ncat: TIMEOUT.\n", 2000),
        ("nc -zv 10.0.0.99 80", 1, "Ncat: No route to host.\n", 3000),
        (
            "nc -zv nx.example 80",
            2,
            "Ncat: Could not resolve hostname \"nx.example\": Name or service not known. QUITTING.\n",
            0,
        ),
        (
            "nc -zvu 10.0.2.12 7777",
            0,
            "Ncat: Connected to 10.0.2.12:7777.\n\
             Ncat: UDP packet sent successfully\n\
             Ncat: 1 bytes sent, 0 bytes received in 2.00 seconds.\n",
            2000,
        ),
        ("nc -zvu 10.0.1.11 7777", 1, "Ncat: Connected to 10.0.1.11:7777.\nNcat: Connection refused.\n", 0),
    ];
    for (line, exit, stderr, millis) in cases {
        let mut rig = Rig::new(2);
        rig.hosts[1].serve(80, Service::Http(Site::plain("hello\n")));
        let output = rig.run(0, line);
        output.assert(*exit, "", &format!("{version}{stderr}"));
        assert_eq!(output.took.as_millis() as u64, *millis, "{line}");
        rig.settle();
    }
    // Without -v, failures are all it talks about.
    let mut rig = Rig::new(2);
    rig.hosts[1].serve(80, Service::Http(Site::plain("hello\n")));
    rig.run(0, "nc -z 10.0.1.11 80").assert(0, "", "");
    rig.run(0, "nc -z 10.0.1.11 81").assert(1, "", "Ncat: Connection refused.\n");
    rig.run(0, "nc -zn host-1.test 81").assert(
        2,
        "",
        "Ncat: Could not resolve hostname \"host-1.test\": Name or service not known. QUITTING.\n",
    );
}

#[test]
fn no_frame_makes_a_host_panic() {
    let mut rig = routed(1500);
    rig.run(0, "curl -s -o page http://10.0.2.12");
    rig.run(0, "ping -c 1 -s 4000 10.0.1.11");
    rig.run(0, "traceroute -T 10.0.2.12");
    let mut frames: Vec<Vec<u8>> = rig.log.iter().map(|(_, _, frame)| frame.clone()).take(200).collect();
    frames
        .extend(sent_by(&rig, 1).into_iter().filter(|packet| packet.is_icmp_error()).map(Packet::into_frame));
    let mut random = Seed(7).stream("broken-frames", "");
    rig.hosts[1].serve(80, Service::Http(Site::plain("hello\n")));
    for round in 0..20_000_u64 {
        let mut frame = frames[random.below(frames.len() as u64) as usize].clone();
        frame[..6].copy_from_slice(&[2, 0, 0, 0, 1, 1]);
        if round % 2 == 0 {
            // To the host itself.
            frame[30..34].copy_from_slice(&address(1).octets());
        }
        for _ in 0..1 + round % 3 {
            // Headers are where it hurts.
            let at = random.below((frame.len() as u64).min(90));
            frame[at as usize] = random.next_u64() as u8;
        }
        if round % 5 == 0 {
            frame.truncate(random.below(frame.len() as u64) as usize);
        }
        rig.hosts[1].receive(frame);
        if round % 16 == 0 {
            rig.now += Duration::from_millis(1);
            rig.hosts[1].pump(rig.now);
            rig.hosts[1].take_sent().for_each(drop);
        }
    }
}
