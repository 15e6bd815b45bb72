//! curl and the web server.

use std::time::Duration;

use super::rig::{Rig, START, address};
use crate::guest::{Answer, Body, HeaderValue, Service, Site};
use crate::seed::Seed;
use crate::wire::{ETHERNET_HEADER_LEN, Packet, TcpFlags};

fn web_rig(site: Site) -> Rig {
    let mut rig = Rig::new(2);
    rig.hosts[1].serve(80, Service::Http(site));
    rig
}

#[test]
fn a_get_costs_what_it_costs_on_linux() {
    let mut rig = web_rig(Site::plain("hello\n"));
    rig.run(0, "curl -sS http://10.0.1.11").assert(0, "hello\n", "");
    rig.settle();
    // The client sends 6 packets, the server 4; the request is 52 + 76 - 4 bytes ("curl/8.5.0").
    assert_eq!(
        rig.packets(),
        [
            "0.000 host-0 SYN 60",
            "0.250 host-1 SYN-ACK 60",
            "0.500 host-0 ACK 52",
            "0.500 host-0 ACK 124",
            "0.750 host-1 ACK 52",
            "0.750 host-1 ACK 175",
            "1.000 host-0 ACK 52",
            "1.000 host-0 FIN-ACK 52",
            "1.250 host-1 FIN-ACK 52",
            "1.500 host-0 ACK 52",
        ]
    );
}

#[test]
fn a_quiet_host_asks_for_no_wake_up() {
    let mut rig = web_rig(Site::plain("hello\n"));
    assert_eq!(rig.hosts[0].pump(START), None);
    rig.run(0, "curl -sS http://10.0.1.11").assert(0, "hello\n", "");
    rig.settle();
    let now = rig.now;
    assert_eq!(rig.hosts[0].pump(now), None);
    assert_eq!(rig.hosts[1].pump(now), None);
    assert!(now.since(START) < Duration::from_secs(11), "TIME-WAIT ends");
}

#[test]
fn the_syn_says_what_linux_says() {
    let options = |frame: &[u8]| frame[ETHERNET_HEADER_LEN + 32..ETHERNET_HEADER_LEN + 60].to_vec();
    for (mtu, mss, client, server) in [(9001, 8961, 62_727, 62_643), (1500, 1460, 64_240, 65_160)] {
        let mut rig = Rig::with_seed(2, Seed(1), mtu);
        rig.hosts[1].serve(80, Service::Http(Site::plain("")));
        rig.run(0, "curl -s 10.0.1.11").assert(0, "", "");
        let syns: Vec<(u16, Vec<u8>)> = rig
            .log
            .iter()
            .filter_map(|(_, _, frame)| Packet::parse(frame.clone()).ok())
            .filter(|packet| packet.tcp_flags().has(TcpFlags::SYN))
            .map(|packet| (packet.tuple().src_port, options(packet.frame())))
            .collect();
        let window = |options: &[u8]| u16::from_be_bytes([options[2], options[3]]);
        let kinds = |options: &[u8]| (options[8], u16::from_be_bytes([options[10], options[11]]));
        assert_eq!(syns.len(), 2);
        assert_eq!(syns[0].0 % 2, 0, "connect takes even ports");
        assert!((32_768..=60_999).contains(&syns[0].0));
        assert_eq!((window(&syns[0].1), window(&syns[1].1)), (client, server));
        assert_eq!((kinds(&syns[0].1), kinds(&syns[1].1)), ((2, mss), (2, mss)));
    }
}

#[test]
fn every_server_answers_what_it_has() {
    let site = Site::empty()
        .with_page("/", Answer::plain("<p>root</p>\n"))
        .with_page("/go", Answer::redirect("/there?x=1"))
        .with_page("/there", Answer::plain("there\n"))
        .with_page("/away", Answer::redirect("http://nobody.test/"));
    let mut rig = web_rig(site);
    let head = "HTTP/1.1 200 OK\r\nDate: Fri, 28 Jun 2024 09:00:00 GMT\r\nServer: vpclab\r\n\
        Content-Length: 12\r\nContent-Type: text/html\r\n\r\n";
    let moved = "HTTP/1.1 301 Moved Permanently\r\nDate: Fri, 28 Jun 2024 09:00:00 GMT\r\nServer: vpclab\r\n\
        Location: /there?x=1\r\nContent-Length: 106\r\nContent-Type: text/html\r\n\r\n";
    let there = "HTTP/1.1 200 OK\r\nDate: Fri, 28 Jun 2024 09:00:00 GMT\r\nServer: vpclab\r\n\
        Content-Length: 6\r\nContent-Type: text/plain\r\n\r\n";
    let cases: &[(&str, i32, String, &str)] = &[
        ("curl host-1.test", 0, "<p>root</p>\n".into(), ""),
        ("curl -I http://HOST-1.test:80/", 0, head.into(), ""),
        ("curl -i http://host-1.test/", 0, format!("{head}<p>root</p>\n"), ""),
        ("curl -sL http://host-1.test/go", 0, "there\n".into(), ""),
        ("curl -siL http://host-1.test/go", 0, format!("{moved}{there}there\n"), ""),
        (
            "curl -L http://host-1.test/away",
            6,
            String::new(),
            "curl: (6) Could not resolve host: nobody.test\n",
        ),
        (
            "curl -f http://host-1.test/no",
            22,
            String::new(),
            "curl: (22) The requested URL returned error: 404\n",
        ),
        ("curl -sf http://host-1.test/no", 22, String::new(), ""),
        ("curl -so page.html http://host-1.test/", 0, String::new(), ""),
        ("curl http://nx.example/", 6, String::new(), "curl: (6) Could not resolve host: nx.example\n"),
        ("curl ftp://host-1.test/", 1, String::new(), "curl: (1) Protocol \"ftp\" not supported\n"),
        (
            "curl http://host-1.test:x/",
            3,
            String::new(),
            "curl: (3) URL rejected: Port number was not a decimal number between 0 and 65535\n",
        ),
        (
            "curl -sw '%{http_code} %{redirect_url}\\n' -o /dev/null host-1.test/go",
            0,
            "301 http://host-1.test/there?x=1\n".into(),
            "",
        ),
    ];
    for (line, exit, stdout, stderr) in cases {
        rig.run(0, line).assert(*exit, stdout, stderr);
    }
}

#[test]
fn write_out_prints_every_number() {
    let mut rig = web_rig(Site::plain("hello\n"));
    let format = "%{http_code} %{time_namelookup} %{time_connect} %{time_pretransfer} %{time_starttransfer} \
        %{time_total} %{remote_ip} %{remote_port} %{local_ip} %{size_download} %{size_request} %{size_header} \
        %{exitcode} %{errormsg}|%{url_effective} %{num_connects} %{speed_download} %{http_version} \
        %{content_type} %{method} %{num_redirects}%%\\n";
    rig.run(0, &format!("curl -so /dev/null -w '{format}' 10.0.1.11")).assert(
        0,
        "200 0.000000 0.000500 0.000500 0.001000 0.001000 10.0.1.11 80 10.0.0.10 6 72 117 0 \
         |http://10.0.1.11/ 1 6000 1.1 text/plain GET 0%\n",
        "",
    );
    rig.run(0, &format!("curl -so /dev/null -w '{format}' 10.0.1.11:81")).assert(
        7,
        "000 0.000000 0.000000 0.000000 0.000000 0.000500  0  0 0 0 7 \
         Failed to connect to 10.0.1.11 port 81 after 0 ms: Couldn't connect to server|http://10.0.1.11:81/ \
         0 0 0  GET 0%\n",
        "",
    );
}

#[test]
fn verbose_shows_the_conversation() {
    let mut rig = web_rig(Site::plain("hello\n"));
    rig.run(0, "curl -v -H 'X-Test: 1' -A me http://host-1.test/").assert(
        0,
        "hello\n",
        "* Host host-1.test:80 was resolved.\n* IPv6: (none)\n* IPv4: 10.0.1.11\n\
         *   Trying 10.0.1.11:80...\n* Connected to host-1.test (10.0.1.11) port 80\n\
         > GET / HTTP/1.1\n> Host: host-1.test\n> User-Agent: me\n> Accept: */*\n> X-Test: 1\n> \n\
         < HTTP/1.1 200 OK\n< Date: Fri, 28 Jun 2024 09:00:00 GMT\n< Server: vpclab\n\
         < Content-Length: 6\n< Content-Type: text/plain\n< \n\
         * Connection #0 to host host-1.test left intact\n",
    );
}

#[test]
fn a_site_may_have_header_fields_of_its_own() {
    let text = |text: &str| HeaderValue::Text(text.to_owned());
    let answer = Answer {
        status: 301,
        reason: "Moved Permanently".to_owned(),
        headers: vec![
            ("Location".to_owned(), text("http://www.example.com/")),
            ("Date".to_owned(), HeaderValue::Date(Duration::ZERO)),
            ("Expires".to_owned(), HeaderValue::Date(Duration::from_secs(30 * 86_400))),
            ("Content-Length".to_owned(), HeaderValue::ContentLength),
        ],
        body: Body::Bytes(b"gone\n".to_vec()),
    };
    let mut rig = web_rig(Site::everywhere(answer));
    rig.run(0, "curl -i 10.0.1.11").assert(
        0,
        "HTTP/1.1 301 Moved Permanently\r\nLocation: http://www.example.com/\r\n\
         Date: Fri, 28 Jun 2024 09:00:00 GMT\r\nExpires: Sun, 28 Jul 2024 09:00:00 GMT\r\n\
         Content-Length: 5\r\n\r\ngone\n",
        "",
    );
}

#[test]
fn a_long_page_arrives_whole() {
    let body: String = (0..60_000).map(|n| format!("{n}\n")).collect();
    for mtu in [1500, 9001] {
        let mut rig = Rig::with_seed(2, Seed(3), mtu);
        rig.hosts[1].serve(80, Service::Http(Site::plain(body.clone())));
        rig.run(0, "curl -s 10.0.1.11").assert(0, &body, "");
        rig.settle();
    }
}

#[test]
fn a_long_page_survives_loss() {
    let body: String = (0..20_000).map(|n| format!("{n}\n")).collect();
    for seed in 0..5 {
        let mut rig = Rig::with_seed(2, Seed(seed), 1500);
        rig.hosts[1].serve(80, Service::Http(Site::plain(body.clone())));
        // Every eighth packet is lost, by its checksum: a packet sent again has another timestamp.
        rig.passes = |packet| packet.ip_payload()[16] & 7 != 0;
        rig.run(0, "curl -s 10.0.1.11").assert(0, &body, "");
        rig.settle();
        assert!(rig.packets().len() < 1_000, "no packet storm");
    }
}

#[test]
fn a_host_talks_to_itself() {
    let mut rig = web_rig(Site::plain("hello\n"));
    rig.run(1, "curl -s http://localhost/").assert(0, "hello\n", "");
    rig.run(1, &format!("curl -s {}", address(1))).assert(0, "hello\n", "");
    assert_eq!(rig.log, [], "nothing leaves the host");
}

#[test]
fn one_seed_one_result() {
    let frames = |seed| {
        let mut rig = Rig::with_seed(2, Seed(seed), 9001);
        rig.hosts[1].serve(80, Service::Http(Site::plain("hello\n")));
        rig.hosts[1].serve(22, Service::Ssh);
        rig.run(0, "curl -s 10.0.1.11").assert(0, "hello\n", "");
        rig.run(0, "ssh 10.0.1.11 ping -c 1 localhost");
        rig.log
    };
    assert_eq!(frames(1), frames(1));
    assert_ne!(frames(1), frames(2));
}

#[test]
fn curl_sends_what_it_is_told_to() {
    let mut rig = web_rig(Site::plain("hello\n"));
    rig.run(0, "curl -s -w %{method}:%{http_code} -o x -X PUT http://10.0.1.11").assert(0, "PUT:405", "");
    rig.run(0, "curl -s -w %{method} -o x -d a=1 -d b=2 http://10.0.1.11").assert(0, "POST", "");
    let said = rig.run(0, "curl -sv -d a=1 -d b=2 http://10.0.1.11");
    let said = said.stderr;
    assert!(
        said.contains("> Content-Length: 7\n> Content-Type: application/x-www-form-urlencoded\n"),
        "{said}"
    );
}
