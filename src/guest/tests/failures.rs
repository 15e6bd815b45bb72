//! What programs say when the network does not answer, or says no.

use std::net::Ipv4Addr;
use std::time::Duration;

use super::rig::{Output, Rig, address};
use crate::guest::{Service, Site};
use crate::wire::build::{self, Ends};
use crate::wire::{ETHERNET_HEADER_LEN, FiveTuple, Mac, Packet, Protocol, TcpFlags};

fn nothing_passes(_: &Packet) -> bool {
    false
}

fn web_rig() -> Rig {
    let mut rig = Rig::new(2);
    rig.hosts[1].serve(80, Service::Http(Site::plain("hello\n")));
    rig
}

#[test]
fn a_closed_port_refuses() {
    let mut rig = Rig::new(2);
    rig.run(0, "curl http://10.0.1.11:81").assert(
        7,
        "",
        "curl: (7) Failed to connect to 10.0.1.11 port 81 after 0 ms: Couldn't connect to server\n",
    );
    assert_eq!(rig.packets(), ["0.000 host-0 SYN 60", "0.250 host-1 RST-ACK 40"]);
    rig.run(0, "ssh 10.0.1.11 ping -c 1 localhost").assert(
        255,
        "",
        "ssh: connect to host 10.0.1.11 port 22: Connection refused\r\n",
    );
}

#[test]
fn the_address_of_nobody_is_the_own_host() {
    let mut rig = web_rig();
    rig.run(1, "curl -s http://0.0.0.0").assert(0, "hello\n", "");
    for command in ["nc -n -z -v 0.0.0.0 80", "ping -q -c 1 0.0.0.0", "traceroute -n 0.0.0.0"] {
        assert_eq!(rig.run(1, command).exit, 0, "{command}");
    }
    // None of it gets to a link.
    assert!(rig.packets().is_empty());
}

#[test]
fn port_0_refuses() {
    let mut rig = web_rig();
    rig.run(0, "curl http://10.0.1.11:0").assert(
        7,
        "",
        "curl: (7) Failed to connect to 10.0.1.11 port 0 after 0 ms: Couldn't connect to server\n",
    );
}

#[test]
fn refused_says_more_with_v() {
    let mut rig = Rig::new(2);
    let output = rig.run(0, "curl -sv http://10.0.1.11:81");
    let packet = Packet::parse(rig.log.last().expect("the RST").2.clone()).expect("a packet");
    let port = packet.tuple().dst_port;
    output.assert(
        7,
        "",
        &format!(
            "*   Trying 10.0.1.11:81...\n\
             * connect to 10.0.1.11 port 81 from 10.0.0.10 port {port} failed: Connection refused\n\
             * Failed to connect to 10.0.1.11 port 81 after 0 ms: Couldn't connect to server\n\
             * Closing connection\n"
        ),
    );
}

#[test]
fn connecting_to_nobody_takes_seven_syns_and_127_seconds() {
    let mut rig = web_rig();
    rig.passes = nothing_passes;
    let output = rig.run(0, "curl http://10.0.1.11");
    assert_eq!(output.took, Duration::from_secs(127));
    output.assert(
        28,
        "",
        "curl: (28) Failed to connect to 10.0.1.11 port 80 after 127000 ms: Couldn't connect to server\n",
    );
    rig.settle();
    let syns = [0, 1, 3, 7, 15, 31, 63].map(|second| format!("{}.000 host-0 SYN 60", second * 1000));
    assert_eq!(rig.packets(), syns);
}

#[test]
fn a_server_gives_up_an_unanswered_handshake() {
    let mut rig = web_rig();
    rig.passes = |packet| packet.tuple().src == address(0);
    rig.run(0, "curl -sS -m 0.1 http://10.0.1.11").assert(
        28,
        "",
        "curl: (28) Connection timed out after 100 milliseconds\n",
    );
    rig.settle();
    let mut expected = vec!["0.000 host-0 SYN 60".to_owned()];
    expected.extend([0, 1, 3, 7, 15, 31].map(|second| format!("{}.250 host-1 SYN-ACK 60", second * 1000)));
    assert_eq!(rig.packets(), expected);
}

#[test]
fn a_server_answers_every_repeated_syn() {
    let mut rig = web_rig();
    rig.passes = |packet| packet.tuple().src == address(0);
    rig.run(0, "curl -s -m 4 http://10.0.1.11").assert(28, "", "");
    assert_eq!(
        rig.packets(),
        [
            "0.000 host-0 SYN 60",
            "0.250 host-1 SYN-ACK 60",
            "1000.000 host-0 SYN 60",
            "1000.250 host-1 SYN-ACK 60",
            "1000.250 host-1 SYN-ACK 60",
            "3000.000 host-0 SYN 60",
            "3000.250 host-1 SYN-ACK 60",
            "3000.250 host-1 SYN-ACK 60",
        ]
    );
}

#[test]
fn every_time_limit_has_its_words() {
    let cases: &[(&str, i32, &str, u64)] = &[
        (
            "curl --connect-timeout 2 http://10.0.1.11:82",
            28,
            "curl: (28) Failed to connect to 10.0.1.11 port 82 after 2000 ms: Timeout was reached\n",
            2000,
        ),
        (
            "curl -m2 http://10.0.1.11:82",
            28,
            "curl: (28) Connection timed out after 2000 milliseconds\n",
            2000,
        ),
        ("curl -sSm0.25 10.0.1.11", 28, "curl: (28) Connection timed out after 250 milliseconds\n", 250),
        ("curl -sm1 10.0.1.11", 28, "", 1000),
        (
            "ssh -o ConnectTimeout=5 10.0.1.11 ping localhost",
            255,
            "ssh: connect to host 10.0.1.11 port 22: Connection timed out\r\n",
            5000,
        ),
        (
            "ssh 10.0.1.11 ping localhost",
            255,
            "ssh: connect to host 10.0.1.11 port 22: Connection timed out\r\n",
            127_000,
        ),
        (
            "ssh nx.example ping localhost",
            255,
            "ssh: Could not resolve hostname nx.example: Name or service not known\r\n",
            0,
        ),
        ("ping nx.example", 2, "ping: nx.example: Name or service not known\n", 0),
    ];
    for (line, exit, stderr, millis) in cases {
        let mut rig = Rig::new(2);
        rig.passes = nothing_passes;
        let output = rig.run(0, line);
        output.assert(*exit, "", stderr);
        assert_eq!(output.took, Duration::from_millis(*millis), "{line}");
        rig.settle();
    }
}

#[test]
fn a_server_that_says_nothing() {
    let mut rig = web_rig();
    // The server's data is lost; its handshake is not.
    rig.passes = |packet| packet.tuple().src == address(0) || packet.ip_len() <= 60;
    let output = rig.run(0, "curl -m 2 http://10.0.1.11");
    output.assert(28, "", "curl: (28) Operation timed out after 2000 milliseconds with 0 bytes received\n");
    rig.settle();

    let mut rig = Rig::new(2);
    rig.hosts[1].serve(80, Service::Ssh);
    rig.run(0, "curl -sS http://10.0.1.11").assert(1, "", "curl: (1) Received HTTP/0.9 when not allowed\n");
}

#[test]
fn a_page_that_stops_half_way() {
    let mut rig = Rig::with_seed(2, crate::seed::Seed(1), 1500);
    rig.hosts[1].serve(80, Service::Http(Site::plain("x".repeat(2000))));
    rig.passes = |packet| packet.tuple().src == address(0) || packet.ip_len() != 724;
    let output = rig.run(0, "curl -o x -m 2 http://10.0.1.11");
    output.assert(
        28,
        "",
        "curl: (28) Operation timed out after 2000 milliseconds with 1328 out of 2000 bytes received\n",
    );
}

/// A packet from host 1 to host 0 that answers the last thing host 0 sent.
fn inject(rig: &mut Rig, packet: Packet) {
    let mut packet = packet;
    packet.set_macs(Mac([2, 0, 0, 0, 0, 1]), Mac([2, 0, 0, 0, 1, 0]));
    rig.hosts[0].receive(packet.into_frame());
    rig.pump(0);
}

fn last_packet_of(rig: &Rig, host: usize) -> Packet {
    let frame = rig.log.iter().rev().find(|(_, from, _)| *from == host).expect("a frame").2.clone();
    Packet::parse(frame).expect("a packet")
}

#[test]
fn an_established_connection_is_reset() {
    let mut rig = web_rig();
    rig.passes = |packet| packet.tuple().src == address(0) || packet.ip_len() <= 60;
    let pid = rig.start(0, "curl http://10.0.1.11");
    rig.run_for(Duration::from_millis(100));
    let request = last_packet_of(&rig, 0);
    let acknowledged: [u8; 4] = request.frame()[ETHERNET_HEADER_LEN + 28..][..4].try_into().expect("4 bytes");
    let reset = build::tcp(Ends::TEST, request.tuple().mirror(), TcpFlags(TcpFlags::RST), b"");
    let mut frame = reset.into_frame();
    frame[ETHERNET_HEADER_LEN + 24..][..4].copy_from_slice(&acknowledged);
    // The checksum is adjusted by hand: two words changed from 0.
    let at = ETHERNET_HEADER_LEN + 36;
    let mut sum = u32::from(!u16::from_be_bytes([frame[at], frame[at + 1]]));
    for word in acknowledged.chunks_exact(2) {
        sum += u32::from(u16::from_be_bytes([word[0], word[1]]));
    }
    let sum = (sum & 0xffff) + (sum >> 16);
    let sum = !((sum & 0xffff) + (sum >> 16)) as u16;
    frame[at..at + 2].copy_from_slice(&sum.to_be_bytes());
    inject(&mut rig, Packet::parse(frame).expect("a packet"));
    let finished = rig.hosts[0].take_exit(pid).expect("curl has ended");
    Output::new(finished, Duration::ZERO).assert(
        56,
        "",
        "curl: (56) Recv failure: Connection reset by peer\n",
    );
}

#[test]
fn a_closed_udp_port_is_unreachable() {
    let mut rig = web_rig();
    rig.run(0, "curl -s 10.0.1.11").assert(0, "hello\n", "");
    let tuple =
        FiveTuple { src: address(1), dst: address(0), src_port: 53, dst_port: 5353, protocol: Protocol::UDP };
    let before = rig.packets().len();
    inject(&mut rig, build::udp(Ends::TEST, tuple, b"hello"));
    assert_eq!(rig.packets()[before..], ["1.000 host-0 icmp 3/3 61"]);
}

#[test]
fn icmp_ends_a_connection_that_is_being_made() {
    let mut rig = web_rig();
    rig.passes = nothing_passes;
    let pid = rig.start(0, "curl http://10.0.1.11");
    let syn = last_packet_of(&rig, 0);
    // Type 3 code 4 says nothing about reach; the next does.
    inject(&mut rig, build::fragmentation_needed(Ends::TEST, Ipv4Addr::new(10, 0, 0, 1), &syn, 1500));
    assert_eq!(rig.hosts[0].take_exit(pid), None);
    let error = build::fragmentation_needed(Ends::TEST, Ipv4Addr::new(10, 0, 0, 1), &syn, 0);
    let mut frame = error.into_frame();
    // Code 4 becomes 1, host unreachable, and the checksum 3 more.
    frame[ETHERNET_HEADER_LEN + 21] = 1;
    let at = ETHERNET_HEADER_LEN + 22;
    let sum = u16::from_be_bytes([frame[at], frame[at + 1]]);
    let (sum, carry) = sum.overflowing_add(3);
    frame[at..at + 2].copy_from_slice(&(sum + u16::from(carry)).to_be_bytes());
    inject(&mut rig, Packet::parse(frame).expect("a packet"));
    let finished = rig.hosts[0].take_exit(pid).expect("curl has ended");
    Output::new(finished, Duration::ZERO).assert(
        7,
        "",
        "curl: (7) Failed to connect to 10.0.1.11 port 80 after 0 ms: Couldn't connect to server\n",
    );
}

#[test]
fn a_neighbour_that_does_not_exist() {
    // The rig answers ARP for the gateway only.
    let mut rig = Rig::new(1);
    let output = rig.run(0, "curl http://10.0.0.99");
    assert_eq!(output.took, Duration::from_secs(3));
    output.assert(
        7,
        "",
        "curl: (7) Failed to connect to 10.0.0.99 port 80 after 3000 ms: Couldn't connect to server\n",
    );
    rig.run(0, "ssh 10.0.0.99 ping localhost").assert(
        255,
        "",
        "ssh: connect to host 10.0.0.99 port 22: No route to host\r\n",
    );
    rig.run(0, "ping -c 3 10.0.0.99").assert(
        1,
        "PING 10.0.0.99 (10.0.0.99) 56(84) bytes of data.\n\
         From 10.0.0.10 icmp_seq=1 Destination Host Unreachable\n\
         From 10.0.0.10 icmp_seq=2 Destination Host Unreachable\n\
         From 10.0.0.10 icmp_seq=3 Destination Host Unreachable\n\
         \n\
         --- 10.0.0.99 ping statistics ---\n\
         3 packets transmitted, 0 received, +3 errors, 100% packet loss, time 2000ms\n\
         pipe 3\n",
        "",
    );
    rig.settle();
    assert_eq!(rig.packets(), [""; 0]);
    assert_eq!(rig.log.len(), 9, "three ARP requests for each command");
}
