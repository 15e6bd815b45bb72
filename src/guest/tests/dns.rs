//! Names: how they are looked up, and what dig shows.

use std::net::Ipv4Addr;
use std::time::Duration;

use simple_dns::rdata::{A, OPT, RData};
use simple_dns::{CLASS, Packet as Message, PacketFlag, RCODE, ResourceRecord};

use super::rig::{Output, Rig, address};
use crate::guest::dns::message;
use crate::guest::{Query, Reply, Request, Resolver, Service};
use crate::seed::Seed;
use crate::wire::{self, Parsed, Protocol};

const DEAD: Ipv4Addr = Ipv4Addr::new(10, 0, 9, 9);

/// A client whose names are kept by servers, which answer as told.
fn rig(servers: &[Ipv4Addr], search: &[&str], answers: fn(usize, &Request) -> Reply) -> Rig {
    let mut rig = Rig::new(3);
    rig.answers = answers;
    for server in [1, 2] {
        rig.hosts[server].serve(53, Service::Dns);
    }
    let search = search.iter().map(|domain| (*domain).to_owned()).collect();
    rig.hosts[0].set_resolver(Resolver { servers: servers.to_vec(), search });
    rig
}

fn message_of(request: &Request) -> Message<'_> {
    let Query::Dns(bytes) = &request.query else { panic!("only names are asked for") };
    Message::parse(bytes).expect("a question")
}

fn name_of(request: &Request) -> String {
    message_of(request).questions[0].qname.to_string()
}

/// An answer with one address, or none.
fn reply(request: &Request, code: RCODE, addresses: &[Ipv4Addr]) -> Reply {
    let query = message_of(request);
    let mut reply = Message::new_reply(query.id());
    reply.set_flags(PacketFlag::RECURSION_DESIRED | PacketFlag::RECURSION_AVAILABLE);
    *reply.rcode_mut() = code;
    reply.questions.clone_from(&query.questions);
    if query.opt().is_some() {
        *reply.opt_mut() = Some(OPT { opt_codes: Vec::new(), udp_packet_size: 4096, version: 0 });
    }
    for address in addresses {
        let data = RData::A(A::from(*address));
        reply.answers.push(ResourceRecord::new(query.questions[0].qname.clone(), CLASS::IN, 52, data));
    }
    Reply::Dns(reply.build_bytes_vec_compressed().expect("a message"))
}

fn found(request: &Request) -> Reply {
    reply(request, RCODE::NoError, &[address(2)])
}

/// The names that were asked for over UDP, and whom.
fn asked(rig: &Rig) -> Vec<String> {
    let question = |(_, from, frame): &(_, usize, Vec<u8>)| {
        let Ok(Parsed::Ipv4(packet)) = wire::parse(frame.clone()) else { return None };
        let tuple = packet.tuple();
        let is_question = (*from, tuple.protocol, tuple.dst_port) == (0, Protocol::UDP, 53);
        let header = 14 + 20 + 8;
        let message = Message::parse(frame.get(header..).filter(|_| is_question)?).ok()?;
        Some(format!("{} of {}", message.questions[0].qname, tuple.dst))
    };
    rig.log.iter().filter_map(question).collect()
}

fn ping(rig: &mut Rig, name: &str) -> Output {
    rig.run(0, &format!("ping -n -c 1 {name}"))
}

#[track_caller]
fn fails(output: &Output, name: &str, why: &str, took: Duration) {
    output.assert(2, "", &format!("ping: {name}: {why}\n"));
    assert!(output.took >= took && output.took < took + Duration::from_millis(20), "{:?}", output.took);
}

#[test]
fn a_name_is_asked_for_as_it_is_and_with_search_domains() {
    let answers = |_, request: &Request| match name_of(request).as_str() {
        "db.corp.example" => found(request),
        _ => reply(request, RCODE::NameError, &[]),
    };
    let mut rig = rig(&[address(1)], &["other.example", "corp.example"], answers);
    assert_eq!(ping(&mut rig, "db").exit, 0);
    assert_eq!(asked(&rig), ["db.other.example of 10.0.1.11", "db.corp.example of 10.0.1.11"]);
    rig.log.clear();
    fails(&ping(&mut rig, "db.corp"), "db.corp", "Name or service not known", Duration::ZERO);
    let tried = ["db.corp", "db.corp.other.example", "db.corp.corp.example"];
    assert_eq!(asked(&rig), tried.map(|name| format!("{name} of 10.0.1.11")));
    rig.log.clear();
    assert_eq!(ping(&mut rig, "db.corp.example.").exit, 0);
    assert_eq!(asked(&rig), ["db.corp.example of 10.0.1.11"]);
}

#[test]
fn a_name_in_the_hosts_file_is_not_asked_for() {
    let mut rig = rig(&[address(1)], &[], |_, _| panic!("nobody is asked"));
    assert_eq!(ping(&mut rig, "host-2.test").exit, 0);
}

#[test]
fn a_dead_server_is_asked_twice_for_five_seconds_each() {
    let mut rig = rig(&[DEAD], &["corp.example"], |_, request| found(request));
    let output = ping(&mut rig, "db.example");
    fails(&output, "db.example", "Temporary failure in name resolution", Duration::from_secs(10));
    assert_eq!(asked(&rig), ["db.example of 10.0.9.9", "db.example of 10.0.9.9"]);
}

#[test]
fn the_second_server_is_asked_when_the_first_is_silent_or_does_not_serve() {
    let mut rig = rig(&[DEAD, address(1)], &[], |_, request| found(request));
    let output = ping(&mut rig, "db.example");
    assert_eq!(output.exit, 0);
    assert!(output.took > Duration::from_secs(5) && output.took < Duration::from_secs(6));
    // Its own loopback has no server: the port says so at once.
    rig.hosts[0].set_resolver(Resolver { servers: vec![address(0), address(1)], search: Vec::new() });
    let output = ping(&mut rig, "db.example");
    assert_eq!(output.exit, 0);
    assert!(output.took < Duration::from_secs(6));
}

#[test]
fn a_server_that_cannot_say_is_passed_over() {
    let answers = |host, request: &Request| match host {
        1 => reply(request, RCODE::ServerFailure, &[]),
        _ => found(request),
    };
    let mut both = rig(&[address(1), address(2)], &[], answers);
    let output = ping(&mut both, "db.example");
    assert_eq!(output.exit, 0);
    assert!(output.took < Duration::from_secs(1));
    let mut one = rig(&[address(1)], &[], answers);
    let output = ping(&mut one, "db.example");
    fails(&output, "db.example", "Temporary failure in name resolution", Duration::ZERO);
}

#[test]
fn what_answers_another_question_is_no_answer() {
    let answers = |host, request: &Request| {
        let Reply::Dns(mut bytes) = found(request) else { unreachable!() };
        if host == 1 {
            bytes[1] ^= 1;
        }
        Reply::Dns(bytes)
    };
    let mut rig = rig(&[address(1), address(2)], &[], answers);
    let output = ping(&mut rig, "db.example");
    assert_eq!(output.exit, 0);
    assert!(output.took > Duration::from_secs(5), "it is waited for until the time is up");
}

#[test]
fn garbage_is_passed_over() {
    let answers = |host, request: &Request| {
        let Query::Dns(question) = &request.query else { unreachable!() };
        match host {
            1 => Reply::Dns([&question[..2], &[0xff; 40]].concat()),
            _ => found(request),
        }
    };
    let mut rig = rig(&[address(1), address(2)], &[], answers);
    assert_eq!(ping(&mut rig, "db.example").exit, 0);
}

/// Only the first bytes over UDP, everything over TCP.
fn cut(request: &Request) -> Reply {
    if request.tuple.protocol == Protocol::TCP {
        return found(request);
    }
    let Reply::Dns(mut bytes) = reply(request, RCODE::NoError, &[]) else { unreachable!() };
    bytes[2] |= 2;
    Reply::Dns(bytes)
}

#[test]
fn what_is_cut_short_is_asked_for_again_over_tcp() {
    let mut over_tcp = rig(&[address(1)], &[], |_, request| cut(request));
    let output = ping(&mut over_tcp, "db.example");
    assert_eq!((output.exit, asked(&over_tcp).len()), (0, 1));
    let shown = over_tcp.run(0, "dig +short db.example");
    shown.assert(0, ";; Truncated, retrying in TCP mode.\n10.0.2.12\n", "");
    over_tcp.run(0, "dig +short +tcp db.example").assert(0, "10.0.2.12\n", "");

    // Cut short over TCP too: it ends.
    let mut never = rig(&[address(1)], &[], |_, request| {
        let Reply::Dns(mut bytes) = found(request) else { unreachable!() };
        bytes[2] |= 2;
        Reply::Dns(bytes)
    });
    let output = ping(&mut never, "db.example");
    fails(&output, "db.example", "Temporary failure in name resolution", Duration::ZERO);
}

fn id_in(text: &str) -> &str {
    text.split_once("id: ").and_then(|(_, rest)| rest.split_once('\n')).expect("an id").0
}

#[test]
fn dig_shows_an_answer_to_the_letter() {
    let mut rig = rig(&[address(1)], &["corp.example"], |_, request| found(request));
    let output = rig.run(0, "dig kms.us-east-1.amazonaws.com");
    let expected = "
; <<>> DiG 9.16.48-RH <<>> kms.us-east-1.amazonaws.com
;; global options: +cmd
;; Got answer:
;; ->>HEADER<<- opcode: QUERY, status: NOERROR, id: ID
;; flags: qr rd ra; QUERY: 1, ANSWER: 1, AUTHORITY: 0, ADDITIONAL: 1

;; OPT PSEUDOSECTION:
; EDNS: version: 0, flags:; udp: 4096
;; QUESTION SECTION:
;kms.us-east-1.amazonaws.com.\tIN\tA

;; ANSWER SECTION:
kms.us-east-1.amazonaws.com. 52\tIN\tA\t10.0.2.12

;; Query time: 0 msec
;; SERVER: 10.0.1.11#53(10.0.1.11)
;; WHEN: Fri Jun 28 09:00:00 UTC 2024
;; MSG SIZE  rcvd: 72

";
    output.assert(0, &expected.replace("ID", id_in(&output.stdout)), "");
}

#[test]
fn dig_sets_short_names_in_columns() {
    let mut rig = rig(&[address(1)], &[], |_, request| found(request));
    rig.run(0, "dig +noall +answer a.example").assert(0, "a.example.\t\t52\tIN\tA\t10.0.2.12\n", "");
    let line = "a.name.of-24-letters.xyz. 52\tIN\tA\t10.0.2.12\n";
    rig.run(0, "dig +noall +answer a.name.of-24-letters.xyz").assert(0, line, "");
}

#[test]
fn dig_says_that_there_is_no_such_name_and_succeeds() {
    let mut rig = rig(&[address(1)], &[], |_, request| reply(request, RCODE::NameError, &[]));
    let output = rig.run(0, "dig +noedns nx.example");
    let expected = "
; <<>> DiG 9.16.48-RH <<>> +noedns nx.example
;; global options: +cmd
;; Got answer:
;; ->>HEADER<<- opcode: QUERY, status: NXDOMAIN, id: ID
;; flags: qr rd ra; QUERY: 1, ANSWER: 0, AUTHORITY: 0, ADDITIONAL: 0

;; QUESTION SECTION:
;nx.example.\t\t\tIN\tA

;; Query time: 0 msec
;; SERVER: 10.0.1.11#53(10.0.1.11)
;; WHEN: Fri Jun 28 09:00:00 UTC 2024
;; MSG SIZE  rcvd: 28

";
    output.assert(0, &expected.replace("ID", id_in(&output.stdout)), "");
    rig.run(0, "dig +short nx.example").assert(0, "", "");
}

#[test]
fn dig_waits_fifteen_seconds_for_a_dead_server() {
    let mut rig = rig(&[DEAD], &[], |_, request| found(request));
    let output = rig.run(0, "dig db.example");
    let expected = "
; <<>> DiG 9.16.48-RH <<>> db.example
;; global options: +cmd
;; connection timed out; no servers could be reached
";
    output.assert(9, expected, "");
    assert_eq!(output.took, Duration::from_secs(15));
    let output = rig.run(0, "dig +short +time=1 +tries=1 @10.0.1.11 db.example");
    output.assert(0, "10.0.2.12\n", "");
}

#[test]
fn a_question_of_dig_has_the_length_it_has_on_linux() {
    let mut rig = rig(&[address(1)], &[], |_, request| found(request));
    rig.run(0, "dig s3.ap-northeast-2.amazonaws.com");
    let question = rig.log.iter().find_map(|(_, from, frame)| match wire::parse(frame.clone()) {
        Ok(Parsed::Ipv4(packet)) if *from == 0 => Some(packet.ip_len()),
        Ok(_) | Err(_) => None,
    });
    // 12 bytes of header, 33 of the name, 4 of type and class, 23 of EDNS with a cookie; and 28 around them.
    assert_eq!(question, Some(100));
}

#[test]
fn answers_of_any_bytes_are_read_or_refused() {
    let mut random = Seed(11).stream("hostile", "answers");
    let query = message::query(0x1234, "www.example.com").expect("a name");
    for _ in 0..20_000 {
        let mut bytes = query.clone();
        bytes[2] |= 0x80;
        for _ in 0..random.below(6) {
            let at = random.below(bytes.len() as u64) as usize;
            bytes[at] = random.below(256) as u8;
        }
        bytes.truncate(random.below(bytes.len() as u64 + 1) as usize);
        bytes.extend((0..random.below(40)).map(|_| random.below(256) as u8));
        let _ = message::read(0x1234, &bytes);
    }
}
