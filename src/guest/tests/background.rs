//! Programs that nobody watches: what they leave, how they end, and which flows are whose.

use std::net::Ipv4Addr;
use std::time::Duration;

use super::rig::{Rig, address};
use crate::guest::{Answer, Command, Opened, Origin, Page, Service, Site, parse};
use crate::wire::Protocol;

const LIMIT: Duration = Duration::from_secs(60);

fn rig() -> Rig {
    let mut rig = Rig::new(3);
    rig.hosts[1].serve(80, Service::Http(Site::plain("hello\n")));
    rig.hosts[1].serve(81, Service::Http(Site::everywhere(Answer::error(403, "Forbidden", &[]))));
    rig.hosts[1].serve(22, Service::Ssh);
    rig
}

fn start(rig: &mut Rig, command: &Command, origin: Origin) {
    let now = rig.now;
    rig.hosts[0].start_unattended(command, origin, LIMIT, now);
    rig.pump(0);
}

fn page(host: &str, port: u16) -> Page<'_> {
    Page { host, port, tls: false }
}

#[test]
fn nothing_is_left_of_a_program_that_nobody_watches() {
    let mut rig = rig();
    for command in [
        Command::fetch(page("10.0.1.11", 80), None),
        Command::upload(page("10.0.1.11", 80), 2 << 20),
        Command::upload(page("10.0.1.11", 81), 2 << 20),
        Command::upload(page("10.0.1.11", 82), 10),
        Command::knock("10.0.1.11", 80, Duration::from_secs(3)),
        Command::knock("10.0.1.99", 80, Duration::from_secs(3)),
        Command::guess("root", "10.0.1.11", 22),
        parse("ping 10.0.1.11").expect("a command"),
    ] {
        start(&mut rig, &command, Origin::Background(0));
    }
    rig.run_for(LIMIT + Duration::from_secs(20));
    for host in &rig.hosts {
        assert_eq!(host.processes.how_many(), 0, "{host:?}");
    }
}

#[test]
fn a_file_is_sent_if_the_server_wants_it() {
    let sent = |port, len| {
        let mut rig = rig();
        start(&mut rig, &Command::upload(page("10.0.1.11", port), len), Origin::Typed);
        rig.settle();
        rig.log.iter().map(|(_, _, frame)| frame.len() as u64).sum::<u64>()
    };
    assert!((10_000..12_000).contains(&sent(80, 10_000)));
    assert!((5_000_000..5_400_000).contains(&sent(80, 5_000_000)));
    assert!(sent(81, 5_000_000) < 2_000, "the server says no at once");
    // A server that does not answer to the question gets it after a second.
    let mut rig = rig();
    rig.hosts[1].serve(53, Service::Dns);
    start(&mut rig, &Command::upload(page("10.0.1.11", 53), 2 << 20), Origin::Typed);
    rig.run_for(Duration::from_millis(900));
    let early = rig.log.len();
    rig.run_for(Duration::from_millis(500));
    assert!(early < 10 && rig.log.len() > 20, "{early}, {}", rig.log.len());
}

#[test]
fn a_password_is_taken_from_nobody() {
    let mut rig = rig();
    let ssh = "ssh -o PreferredAuthentications=password";
    let denied = "root@10.0.1.11: Permission denied (publickey,gssapi-keyex,gssapi-with-mic).\r\n";
    rig.run(0, &format!("{ssh} root@10.0.1.11 ping -c 1 localhost")).assert(255, "", denied);
    // Whoever would also use a key is let in.
    let both = "ssh -o PreferredAuthentications=publickey,password 10.0.1.11 curl -s localhost";
    rig.run(0, both).assert(0, "hello\n", "");
    rig.settle();
}

#[test]
fn every_flow_says_for_whose_sake_it_is() {
    let mut rig = rig();
    let drain = |rig: &mut Rig, host: usize| -> Vec<(Origin, Protocol, Ipv4Addr, u16)> {
        let opened: Vec<Opened> = rig.hosts[host].take_opened().collect();
        opened.into_iter().map(|o| (o.origin, o.tuple.protocol, o.tuple.dst, o.tuple.dst_port)).collect()
    };
    start(&mut rig, &Command::fetch(page("10.0.1.11", 80), None), Origin::Background(7));
    rig.settle();
    assert_eq!(drain(&mut rig, 0), [(Origin::Background(7), Protocol::TCP, address(1), 80)]);
    assert_eq!(drain(&mut rig, 1), []);
    // What sshd runs is for who has connected; what stays on the host is no flow.
    rig.run(0, "ssh 10.0.1.11 nc -zu 10.0.2.12 5000");
    rig.run(0, "ssh 10.0.1.11 curl -s localhost");
    let typed = drain(&mut rig, 0);
    assert_eq!(typed, [(Origin::Typed, Protocol::TCP, address(1), 22); 2]);
    let served = drain(&mut rig, 1);
    let [(Origin::Served(asked), Protocol::UDP, to, 5000)] = served.as_slice() else { panic!("{served:?}") };
    assert_eq!((asked.src, asked.src_port, asked.dst, *to), (address(1), 22, address(0), address(2)));
}
