//! curl and web servers over TLS: certificates, and peers that do not speak it.

use std::sync::Arc;
use std::time::Duration;

use super::rig::{Output, Rig, START, Tamper, address};
use crate::guest::{Answer, Certificate, Host, HostConfig, Identity, Names, Service, Site};
use crate::seed::{Seed, Stream};
use crate::time::Instant;
use crate::wire::{Mac, Packet};

const EXPLANATION: &str = "More details here: https://curl.se/docs/sslcerts.html\n\n\
    curl failed to verify the legitimacy of the server and therefore could not\n\
    establish a secure connection to it. To learn more about this situation and\n\
    how to fix it, please visit the web page mentioned above.\n";

fn server(certificate: Certificate, names: &[&str]) -> Service {
    let names = names.iter().map(|name| (*name).to_owned()).collect();
    Service::Https(Site::plain("secret\n"), Identity { certificate, names })
}

fn rig(certificate: Certificate) -> Rig {
    let mut rig = Rig::new(2);
    rig.hosts[1].serve(443, server(certificate, &[]));
    rig
}

#[track_caller]
fn problem(rig: &mut Rig, line: &str, message: &str) {
    let stderr = format!("curl: (60) {message}\n{EXPLANATION}");
    rig.run(0, line).assert(60, "", &stderr);
    rig.settle();
}

#[test]
fn a_page_is_fetched_over_tls() {
    let mut rig = rig(Certificate::Valid);
    let output = rig.run(0, "curl -sS https://host-1.test -w '%{scheme} %{ssl_verify_result} %{http_code}'");
    output.assert(0, "secret\nhttps 0 200", "");
    rig.settle();
    assert_eq!(
        rig.packets(),
        [
            "0.000 host-0 SYN 60",
            "0.250 host-1 SYN-ACK 60",
            "0.500 host-0 ACK 52",
            // ClientHello.
            "0.500 host-0 ACK 297",
            "0.750 host-1 ACK 52",
            // ServerHello to Finished.
            "0.750 host-1 ACK 699",
            "1.000 host-0 ACK 52",
            // Finished; the request with 22 bytes around it.
            "1.000 host-0 ACK 132",
            "1.000 host-0 ACK 148",
            "1.250 host-1 ACK 198",
            // close_notify.
            "1.500 host-0 ACK 76",
            "1.500 host-0 FIN-ACK 52",
            "1.750 host-1 FIN-ACK 52",
            "1.750 host-1 ACK 52",
            "2.000 host-0 ACK 52",
        ]
    );
    let sent: Vec<u8> = rig.log.iter().flat_map(|(_, _, frame)| frame.clone()).collect();
    assert!(!sent.windows(6).any(|part| part == b"secret"), "nobody can read it on the way");
}

#[test]
fn curl_tells_what_was_agreed_on() {
    let mut rig = rig(Certificate::Valid);
    let output = rig
        .run(0, "curl -v https://host-1.test/ -w '%{time_connect} %{time_appconnect} %{time_pretransfer}'");
    output.assert(
        0,
        "secret\n0.000500 0.001000 0.001000",
        "* Host host-1.test:443 was resolved.\n* IPv6: (none)\n* IPv4: 10.0.1.11\n\
         *   Trying 10.0.1.11:443...\n* Connected to host-1.test (10.0.1.11) port 443\n\
         * ALPN: curl offers http/1.1\n\
         * SSL connection using TLSv1.3 / TLS_AES_256_GCM_SHA384 / X25519 / ED25519\n\
         * ALPN: server accepted http/1.1\n* Server certificate:\n*  SSL certificate verify ok.\n\
         > GET / HTTP/1.1\n> Host: host-1.test\n> User-Agent: curl/8.5.0\n> Accept: */*\n> \n\
         < HTTP/1.1 200 OK\n< Date: Fri, 28 Jun 2024 09:00:00 GMT\n< Server: vpclab\n\
         < Content-Length: 7\n< Content-Type: text/plain\n< \n\
         * Connection #0 to host host-1.test left intact\n",
    );
}

#[test]
fn certificates_that_nobody_should_believe() {
    let line = "curl -sS https://host-1.test";
    let message = "SSL certificate problem: self-signed certificate";
    problem(&mut rig(Certificate::SelfSigned), line, message);
    let message = "SSL certificate problem: certificate has expired";
    problem(&mut rig(Certificate::Expired), line, message);
    let message = "SSL: no alternative certificate subject name matches target host name 'host-1.test'";
    problem(&mut rig(Certificate::OtherName), line, message);
    // A valid one is not for an address.
    let message = "SSL: no alternative certificate subject name matches target host name '10.0.1.11'";
    problem(&mut rig(Certificate::Valid), "curl -sS https://10.0.1.11", message);
}

#[test]
fn before_its_time_a_certificate_is_not_valid_yet() {
    let mut rig = rig(Certificate::Valid);
    rig.now = Instant::from_unix_seconds(900_000_000);
    let message = "SSL certificate problem: certificate is not yet valid";
    problem(&mut rig, "curl -sS https://host-1.test", message);
}

#[test]
fn an_authority_of_another_run_is_unknown() {
    let mut rig = rig(Certificate::Valid);
    rig.hosts[1] = Host::new(HostConfig {
        name: "host-1".to_owned(),
        hostname: "ip-10-0-1-11".to_owned(),
        known_as: vec!["host-1.test".to_owned()],
        mac: Mac([2, 0, 0, 0, 1, 1]),
        addresses: vec![address(1)],
        prefix_len: 24,
        gateway: std::net::Ipv4Addr::new(10, 0, 1, 1),
        mtu: 9001,
        ttl: 127,
        forwards: false,
        seed: Seed(2),
    });
    rig.hosts[1].serve(443, server(Certificate::Valid, &[]));
    let message = "SSL certificate problem: unable to get local issuer certificate";
    problem(&mut rig, "curl -sS https://host-1.test", message);
}

#[test]
fn with_k_everybody_will_do() {
    for (certificate, result) in [
        (Certificate::Valid, "0"),
        (Certificate::SelfSigned, "18"),
        (Certificate::Expired, "10"),
        (Certificate::OtherName, "0"),
    ] {
        let mut rig = rig(certificate);
        let line = "curl -sSk https://host-1.test -w '%{ssl_verify_result}'";
        rig.run(0, line).assert(0, &format!("secret\n{result}"), "");
    }
    let output = rig(Certificate::SelfSigned).run(0, "curl -sv --insecure https://host-1.test -o /dev/null");
    let said = "\n*  SSL certificate verify result: self-signed certificate (18), continuing anyway.\n";
    assert!(output.stderr.contains(said), "{}", output.stderr);
}

#[test]
fn a_star_stands_for_one_label() {
    let mut rig = Rig::new(2);
    let names: Names =
        ["a.s3.test", "b.a.s3.test", "S3.test"].into_iter().map(|name| (name, address(1))).collect();
    rig.hosts[0].set_names(Arc::new(names));
    rig.hosts[1].serve(443, server(Certificate::Valid, &["s3.test", "*.s3.test"]));
    rig.run(0, "curl -s https://a.s3.test").assert(0, "secret\n", "");
    rig.run(0, "curl -s https://s3.TEST").assert(0, "secret\n", "");
    assert_eq!(rig.run(0, "curl -s https://b.a.s3.test").exit, 60);
}

#[test]
fn a_redirect_leads_to_tls_and_the_channel_is_used_again() {
    let mut rig = Rig::new(2);
    rig.hosts[1].serve(80, Service::Http(Site::redirect("https://host-1.test/page")));
    let site = Site::plain("secret\n").with_page("/page", Answer::redirect("/other"));
    rig.hosts[1].serve(443, Service::Https(site, Identity::valid(["host-1.test"])));
    let format = "%{scheme} %{num_connects} %{num_redirects} %{url_effective}";
    rig.run(0, &format!("curl -sSL host-1.test -w '{format}'")).assert(
        0,
        "secret\nhttps 2 2 https://host-1.test/other",
        "",
    );
    rig.settle();
    let ends = rig.packets().iter().filter(|packet| packet.contains("FIN")).count();
    assert_eq!(ends, 4, "both sides of both connections have ended");
}

#[test]
fn what_is_no_tls_is_a_wrong_version() {
    let mut rig = Rig::new(2);
    rig.hosts[1].serve(443, Service::Http(Site::plain("plain\n")));
    rig.hosts[1].serve(22, Service::Ssh);
    let stderr = "curl: (35) OpenSSL/3.0.8: error:0A00010B:SSL routines::wrong version number\n";
    rig.run(0, "curl -sS https://host-1.test").assert(35, "", stderr);
    rig.run(0, "curl -sS https://host-1.test:22").assert(35, "", stderr);
    rig.hosts[1].serve(443, server(Certificate::Valid, &[]));
    assert_eq!(rig.run(0, "curl -s http://host-1.test:443").exit, 1, "an alert is no HTTP");
    assert_eq!(rig.run(0, "ssh -p 443 host-1.test ping localhost").exit, 255);
    rig.settle();
}

#[test]
fn a_reset_in_the_handshake_is_said() {
    // Nobody listens any more when the ClientHello comes.
    let mut rig = Rig::new(2);
    rig.hosts[1].serve(443, server(Certificate::Valid, &[]));
    rig.passes = |packet| packet.tcp_payload().is_empty();
    let pid = rig.start(0, "curl -sS https://host-1.test");
    rig.run_for(Duration::from_millis(2));
    rig.passes = |_| true;
    rig.hosts[1] = Rig::new(2).hosts.remove(1);
    rig.run_for(Duration::from_secs(3));
    let finished = rig.hosts[0].take_exit(pid).expect("it has ended");
    let output = Output::new(finished, Duration::ZERO);
    output.assert(35, "", "curl: (35) Recv failure: Connection reset by peer\n");
}

#[test]
fn time_runs_out_in_the_handshake() {
    for limit in ["-m 2", "--connect-timeout 2"] {
        let mut rig = rig(Certificate::Valid);
        rig.passes = |packet| packet.tcp_payload().is_empty();
        let output = rig.run(0, &format!("curl -sS {limit} https://host-1.test"));
        output.assert(28, "", "curl: (28) SSL connection timeout\n");
        assert_eq!(output.took, Duration::from_secs(2));
    }
}

#[test]
fn a_record_that_never_ends_is_waited_for() {
    let mut rig = rig(Certificate::Valid);
    rig.tamper = Some(Box::new(|from, payload| {
        if from == 1 && payload[0] == 22 {
            payload[3] = 0x3f;
        }
    }));
    let output = rig.run(0, "curl -sS -m 2 https://host-1.test");
    output.assert(28, "", "curl: (28) SSL connection timeout\n");
    rig.settle();
}

#[test]
fn a_changed_record_is_noticed() {
    let flip = |of: usize, kind: u8| -> Tamper {
        Box::new(move |from, payload| {
            if from == of && payload[0] == kind {
                *payload.last_mut().expect("it is not empty") ^= 1;
            }
        })
    };
    let mut rig = rig(Certificate::Valid);
    // The server's Finished, its page, and the client's Finished.
    rig.tamper = Some(flip(1, 22));
    let stderr =
        "curl: (35) OpenSSL/3.0.8: error:0A000119:SSL routines::decryption failed or bad record mac\n";
    rig.run(0, "curl -sS https://host-1.test").assert(35, "", stderr);
    rig.tamper = Some(flip(1, 23));
    let stderr = "curl: (56) OpenSSL SSL_read: OpenSSL/3.0.8: error:0A000119:SSL routines::decryption failed \
                  or bad record mac, errno 0\n";
    rig.run(0, "curl -sS https://host-1.test").assert(56, "", stderr);
    rig.tamper = Some(flip(0, 20));
    let stderr = "curl: (56) OpenSSL SSL_read: OpenSSL/3.0.8: error:0A0003FC:SSL routines::sslv3 alert bad \
                  record mac, errno 0\n";
    rig.run(0, "curl -sS https://host-1.test").assert(56, "", stderr);
    rig.settle();
}

#[test]
fn a_long_page_arrives_whole_whatever_the_packets() {
    const LEN: u64 = 1_000_000;
    for (mtu, seed) in [(576, 1), (1500, 2), (9001, 3)] {
        let mut rig = Rig::with_seed(2, Seed(seed), mtu);
        let site = Site::everywhere(Answer::filler(LEN));
        rig.hosts[1].serve(443, Service::Https(site, Identity::valid(["host-1.test"])));
        let output = rig.run(0, "curl -sS https://host-1.test");
        assert_eq!((output.exit, output.stdout.len() as u64), (0, LEN), "{}", output.stderr);
        let line: String = "0123456789abcdef".repeat(4)[..63].to_owned();
        assert!(output.stdout.lines().all(|found| line.starts_with(found)));
        rig.settle();
    }
}

#[test]
fn a_server_that_closes_says_so_first() {
    let mut rig = rig(Certificate::Valid);
    rig.run(0, "curl -sS -H 'Connection: close' https://host-1.test").assert(0, "secret\n", "");
    rig.settle();
    let from_server: Vec<String> =
        rig.packets().into_iter().filter(|packet| packet.contains("host-1")).collect();
    // 24 bytes of close_notify, and nothing that would be reset.
    assert!(from_server.iter().any(|packet| packet.ends_with("ACK 76")), "{from_server:?}");
    assert!(!rig.packets().iter().any(|packet| packet.contains("RST")), "{:?}", rig.packets());
}

#[test]
fn the_same_seed_gives_the_same_sessions() {
    let frames = |seed| {
        let mut rig = Rig::with_seed(2, Seed(seed), 1500);
        rig.hosts[1].serve(443, server(Certificate::Valid, &[]));
        rig.run(0, "curl -s https://host-1.test").assert(0, "secret\n", "");
        rig.run(1, "curl -s https://host-1.test").assert(0, "secret\n", "");
        let secrets = (rig.hosts[0].take_secrets(), rig.hosts[1].take_secrets());
        (rig.log, secrets)
    };
    assert_eq!(frames(1), frames(1));
    assert_ne!(frames(1), frames(2));
}

#[test]
fn a_server_tells_its_secrets_before_it_answers() {
    let mut rig = rig(Certificate::Valid);
    rig.start(0, "curl -s https://host-1.test");
    while rig.hosts[1].take_secrets().is_empty() {
        assert!(rig.log.iter().all(|(_, from, frame)| {
            let packet = Packet::parse(frame.clone());
            *from == 0 || packet.is_err() || packet.is_ok_and(|packet| packet.tcp_payload().is_empty())
        }));
        rig.run_for(Duration::from_micros(250));
        if rig.now.since(START) >= Duration::from_micros(750) {
            break;
        }
    }
    let secrets = rig.hosts[1].take_secrets();
    let labels: Vec<&str> = secrets.iter().filter_map(|secret| secret.line.split(' ').next()).collect();
    assert_eq!(
        labels,
        [
            "CLIENT_HANDSHAKE_TRAFFIC_SECRET",
            "SERVER_HANDSHAKE_TRAFFIC_SECRET",
            "CLIENT_TRAFFIC_SECRET_0",
            "SERVER_TRAFFIC_SECRET_0",
            "EXPORTER_SECRET",
        ]
    );
}

/// Changes, removes and repeats bytes of what one side says, from some segment on.
fn garble(mut random: Stream) -> Tamper {
    let side = random.below(2) as usize;
    let mut calm = random.below(4);
    Box::new(move |from, payload| {
        if from != side || calm > 0 {
            calm = calm.saturating_sub(u64::from(from == side));
            return;
        }
        let len = payload.len() as u64;
        for _ in 0..=random.below(3) {
            let (at, other) = (random.below(len) as usize, random.below(len) as usize);
            match random.below(6) {
                0 => payload[at] = random.next_u64() as u8,
                1 => payload[at] ^= 1 << random.below(8),
                2 => payload.copy_within(at.min(other)..at.max(other), 0),
                3 => payload[at..].fill(0),
                4 => payload[random.below(len.min(12)) as usize] = random.next_u64() as u8,
                _ => payload[at..].iter_mut().for_each(|byte| *byte = random.next_u64() as u8),
            }
        }
    })
}

#[test]
fn hostile_bytes_end_every_session() {
    let mut failures = 0;
    for seed in 0..200 {
        let mut rig = rig(Certificate::Valid);
        rig.tamper = Some(garble(Seed(seed).stream("test", "garble")));
        let output = rig.run(0, "curl -sSk -m 5 https://host-1.test");
        failures += u32::from(output.exit != 0);
        assert!(output.took <= Duration::from_secs(5));
        rig.tamper = None;
        rig.run_for(Duration::from_secs(120));
        rig.run(0, "curl -sS https://host-1.test").assert(0, "secret\n", "");
    }
    assert!(failures > 100, "{failures} failures");
}
