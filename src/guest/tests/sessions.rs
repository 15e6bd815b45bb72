//! ping, and commands on other hosts.

use std::time::Duration;

use super::rig::{Output, Rig, address};
use crate::guest::{Service, Site};

fn rig() -> Rig {
    let mut rig = Rig::new(3);
    for host in 0..3 {
        rig.hosts[host].serve(22, Service::Ssh);
    }
    rig.hosts[2].serve(80, Service::Http(Site::plain("deep\n")));
    rig
}

#[test]
fn ping_prints_what_iputils_prints() {
    let mut rig = rig();
    let output = rig.run(0, "ping -c 3 10.0.1.11");
    output.assert(
        0,
        "PING 10.0.1.11 (10.0.1.11) 56(84) bytes of data.\n\
         64 bytes from 10.0.1.11: icmp_seq=1 ttl=127 time=0.500 ms\n\
         64 bytes from 10.0.1.11: icmp_seq=2 ttl=127 time=0.500 ms\n\
         64 bytes from 10.0.1.11: icmp_seq=3 ttl=127 time=0.500 ms\n\
         \n\
         --- 10.0.1.11 ping statistics ---\n\
         3 packets transmitted, 3 received, 0% packet loss, time 2000ms\n\
         rtt min/avg/max/mdev = 0.500/0.500/0.500/0.000 ms\n",
        "",
    );
    assert_eq!(output.took, Duration::from_micros(2_000_500));
    let lengths: Vec<String> = rig.packets()[..2].to_vec();
    assert_eq!(lengths, ["0.000 host-0 icmp 8/0 84", "0.250 host-1 icmp 0/0 84"]);
}

#[test]
fn ping_knows_names_sizes_and_silence() {
    let mut rig = rig();
    rig.run(0, "ping -c1 -s 8 host-1.test").assert(
        0,
        "PING host-1.test (10.0.1.11) 8(36) bytes of data.\n\
         16 bytes from host-1.test (10.0.1.11): icmp_seq=1 ttl=127\n\
         \n\
         --- host-1.test ping statistics ---\n\
         1 packets transmitted, 1 received, 0% packet loss, time 0ms\n\
         \n",
        "",
    );
    rig.run(0, "ping -qnc2 -i 0.2 host-1.test").assert(
        0,
        "PING host-1.test (10.0.1.11) 56(84) bytes of data.\n\
         \n\
         --- host-1.test ping statistics ---\n\
         2 packets transmitted, 2 received, 0% packet loss, time 200ms\n\
         rtt min/avg/max/mdev = 0.500/0.500/0.500/0.000 ms\n",
        "",
    );
    rig.run(0, "ping -c 2 -M do -s 9000 10.0.1.11").assert(
        1,
        "PING 10.0.1.11 (10.0.1.11) 9000(9028) bytes of data.\n\
         \n\
         --- 10.0.1.11 ping statistics ---\n\
         2 packets transmitted, 0 received, +2 errors, 100% packet loss, time 1000ms\n\
         \n",
        "ping: local error: message too long, mtu=9001\nping: local error: message too long, mtu=9001\n",
    );
    rig.passes = |_| false;
    for (line, seconds) in [("ping -c 2 10.0.1.11", 11), ("ping -c 2 -W 1.5 10.0.1.11", 2)] {
        let output = rig.run(0, line);
        output.assert(
            1,
            "PING 10.0.1.11 (10.0.1.11) 56(84) bytes of data.\n\
             \n\
             --- 10.0.1.11 ping statistics ---\n\
             2 packets transmitted, 0 received, 100% packet loss, time 1000ms\n\
             \n",
            "",
        );
        assert_eq!(output.took.as_secs(), seconds);
    }
    let output = rig.run(0, "ping -w 3 10.0.1.11");
    assert_eq!(output.took, Duration::from_secs(3));
    output.assert(
        1,
        "PING 10.0.1.11 (10.0.1.11) 56(84) bytes of data.\n\
         \n\
         --- 10.0.1.11 ping statistics ---\n\
         3 packets transmitted, 0 received, 100% packet loss, time 2000ms\n\
         \n",
        "",
    );
}

#[test]
fn ping_runs_until_it_is_stopped() {
    let mut rig = rig();
    let pid = rig.start(0, "ping 10.0.1.11");
    rig.run_for(Duration::from_millis(1500));
    assert_eq!(rig.hosts[0].take_exit(pid), None);
    rig.hosts[0].kill(pid);
    rig.hosts[0].kill(pid);
    let finished = rig.hosts[0].take_exit(pid).expect("a killed process has ended");
    Output::new(finished, Duration::ZERO).assert(
        0,
        "PING 10.0.1.11 (10.0.1.11) 56(84) bytes of data.\n\
         64 bytes from 10.0.1.11: icmp_seq=1 ttl=127 time=0.500 ms\n\
         64 bytes from 10.0.1.11: icmp_seq=2 ttl=127 time=0.500 ms\n\
         \n\
         --- 10.0.1.11 ping statistics ---\n\
         2 packets transmitted, 2 received, 0% packet loss, time 1000ms\n\
         rtt min/avg/max/mdev = 0.500/0.500/0.500/0.000 ms\n",
        "",
    );
    rig.settle();
}

#[test]
fn a_remote_command_brings_back_everything() {
    let mut rig = rig();
    rig.run(0, "ssh -i key.pem -o StrictHostKeyChecking=no ec2-user@10.0.1.11 curl -sS host-2.test")
        .assert(0, "deep\n", "");
    rig.run(0, "ssh 10.0.1.11 curl http://10.0.2.12:81").assert(
        7,
        "",
        "curl: (7) Failed to connect to 10.0.2.12 port 81 after 0 ms: Couldn't connect to server\n",
    );
    rig.run(0, "ssh -t host-1.test 'curl -s \"http://host-2.test/\"'").assert(
        0,
        "deep\n",
        "Connection to host-1.test closed.\r\n",
    );
    rig.run(0, "ssh 10.0.1.11 ssh 10.0.2.12 curl -s localhost").assert(0, "deep\n", "");
    rig.run(0, "ssh 10.0.1.11 ssh 10.0.2.12 ping -c 1 -q 10.0.0.10").assert(
        0,
        "PING 10.0.0.10 (10.0.0.10) 56(84) bytes of data.\n\
         \n\
         --- 10.0.0.10 ping statistics ---\n\
         1 packets transmitted, 1 received, 0% packet loss, time 0ms\n\
         rtt min/avg/max/mdev = 0.500/0.500/0.500/0.000 ms\n",
        "",
    );
    rig.run(0, "ssh 10.0.1.11 ssh -p 2222 10.0.2.12 curl -s localhost").assert(
        255,
        "",
        "ssh: connect to host 10.0.2.12 port 2222: Connection refused\r\n",
    );
    rig.settle();
    for host in 0..3 {
        let now = rig.now;
        assert_eq!(rig.hosts[host].pump(now), None, "host {host} has come to rest");
    }
}

#[test]
fn a_session_on_the_wire() {
    let mut rig = rig();
    rig.run(0, "ssh 10.0.1.11 ping -c 1 -q -n localhost");
    rig.settle();
    assert_eq!(
        rig.packets(),
        [
            "0.000 host-0 SYN 60",
            "0.250 host-1 SYN-ACK 60",
            "0.500 host-0 ACK 52",
            // Both sides introduce themselves.
            "0.500 host-0 ACK 73",
            "0.750 host-1 ACK 73",
            "0.750 host-1 ACK 52",
            // What both could do; then who is there.
            "0.750 host-1 ACK 220",
            "1.000 host-0 ACK 52",
            "1.000 host-0 ACK 220",
            "1.000 host-0 ACK 84",
            "1.250 host-1 ACK 84",
            "1.500 host-0 ACK 100",
            "1.750 host-1 ACK 68",
            // A channel, and the command.
            "2.000 host-0 ACK 92",
            "2.250 host-1 ACK 84",
            "2.500 host-0 ACK 108",
            "2.750 host-1 ACK 68",
            "2.750 host-1 ACK 124",
            "2.750 host-1 ACK 220",
            "2.750 host-1 ACK 124",
            "3.000 host-0 ACK 116",
            "3.000 host-0 FIN-ACK 52",
            "3.250 host-1 FIN-ACK 52",
            "3.500 host-0 ACK 52",
        ]
    );
}

#[test]
fn the_remote_command_dies_with_its_connection() {
    let mut rig = rig();
    let pid = rig.start(0, "ssh 10.0.1.11 ssh 10.0.2.12 ping 10.0.0.10");
    rig.run_for(Duration::from_millis(2500));
    let pings = |rig: &Rig| rig.packets().iter().filter(|packet| packet.contains("host-2 icmp 8/0")).count();
    assert_eq!(pings(&rig), 3);
    rig.hosts[0].kill(pid);
    rig.pump(0);
    let finished = rig.hosts[0].take_exit(pid).expect("a killed process has ended");
    Output::new(finished, Duration::ZERO).assert(
        130,
        "PING 10.0.0.10 (10.0.0.10) 56(84) bytes of data.\n\
         64 bytes from 10.0.0.10: icmp_seq=1 ttl=127 time=0.500 ms\n\
         64 bytes from 10.0.0.10: icmp_seq=2 ttl=127 time=0.500 ms\n\
         64 bytes from 10.0.0.10: icmp_seq=3 ttl=127 time=0.500 ms\n",
        "",
    );
    rig.settle();
    assert_eq!(pings(&rig), 3);
}

#[test]
fn a_server_without_ssh_closes_or_is_silent() {
    let mut rig = Rig::new(2);
    rig.hosts[1].serve(22, Service::Http(Site::plain("")));
    // A web server takes the identification for a bad request and hangs up.
    let output = rig.run(0, "ssh -o ConnectTimeout=3 10.0.1.11 ping localhost");
    assert_eq!(output.exit, 255);

    let mut rig = super::sessions::rig();
    rig.passes = |packet| packet.tuple().src == address(0) || packet.ip_len() <= 60;
    rig.run(0, "ssh -o ConnectTimeout=3 10.0.1.11 ping localhost").assert(
        255,
        "",
        "Connection timed out during banner exchange\r\nConnection to 10.0.1.11 port 22 timed out\r\n",
    );
}
