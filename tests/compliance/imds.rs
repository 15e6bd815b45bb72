//! The instance metadata service: tokens, what it tells, and who hears it.

use vpclab::ids::EniId;
use vpclab::model::{Direction, Model};
use vpclab::scenario::{self, station_of};
use vpclab::seed::Seed;
use vpclab::sim::World;
use vpclab::time::Instant;
use vpclab::trace::{DropReason, Observer, Station, Stretch};

use crate::hosts::run;

const WORLD: &str = "
name: metadata
region: ap-northeast-2
iam: { roles: { Reader: { trusts: ec2.amazonaws.com } } }
vpcs:
  V:
    cidr: 10.0.0.0/16
    dns_hostnames: true
    subnets: { A: { cidr: 10.0.0.0/24, az: a } }
    instances:
      app: { id: i-0123456789abcdef0, subnet: A, private_ip: 10.0.0.5, role: Reader }
      bare: { subnet: A, private_ip: 10.0.0.6, metadata: { tokens: optional } }
      off: { subnet: A, private_ip: 10.0.0.7, metadata: { enabled: false } }
";
const AT: &str = "http://169.254.169.254/latest";
const LIFETIME: &str = "-H 'X-aws-ec2-metadata-token-ttl-seconds: 60'";

/// Status and body of requests of an instance, each by its own curl.
fn ask(host: &str, requests: &[&str]) -> Vec<(String, String)> {
    let commands: Vec<String> =
        requests.iter().map(|request| format!("{host}: curl -s -w ' %{{http_code}}' {request}")).collect();
    let commands: Vec<&str> = commands.iter().map(String::as_str).collect();
    let split = |text: &str| {
        let (body, status) = text.rsplit_once(' ').expect("a status");
        (status.to_owned(), body.to_owned())
    };
    run(WORLD, &commands).iter().map(|ran| split(&ran.stdout)).collect()
}

/// The token an instance gets in the first request of a run: it is the same in every run.
fn token(host: &str) -> String {
    let (status, token) = ask(host, &[&format!("-X PUT {LIFETIME} {AT}/api/token")]).remove(0);
    assert_eq!(status, "200");
    token
}

fn get(host: &str, path: &str) -> (String, String) {
    let token = token(host);
    let put = format!("-X PUT {LIFETIME} {AT}/api/token");
    let request = format!("-H 'X-aws-ec2-metadata-token: {token}' {AT}{path}");
    ask(host, &[&put, &request]).remove(1)
}

fn status(host: &str, request: &str) -> String {
    ask(host, &[request]).remove(0).0
}

#[test]
fn a_token_comes_first() {
    assert_eq!(status("app", &format!("{AT}/meta-data/")), "401");
    assert_eq!(get("app", "/meta-data/instance-id"), ("200".to_owned(), "i-0123456789abcdef0".to_owned()));
    assert_eq!(status("app", &format!("-H 'X-aws-ec2-metadata-token: AQAEnone' {AT}/meta-data/")), "401");
    let (_, text) = ask("app", &[&format!("-i -X PUT {LIFETIME} {AT}/api/token")]).remove(0);
    assert!(text.contains("X-Aws-Ec2-Metadata-Token-Ttl-Seconds: 60\r\n"), "{text}");
}

#[test]
fn a_token_is_not_for_those_who_forward_or_ask_a_version() {
    let put = |more: &str, path: &str| status("app", &format!("-X PUT {more} http://169.254.169.254{path}"));
    assert_eq!(put(&format!("{LIFETIME} -H 'X-Forwarded-For: 10.0.0.9'"), "/latest/api/token"), "403");
    assert_eq!(put(LIFETIME, "/2021-03-23/api/token"), "403");
    for lifetime in ["0", "21601", "soon", "-1"] {
        let field = format!("-H 'X-aws-ec2-metadata-token-ttl-seconds: {lifetime}'");
        assert_eq!(put(&field, "/latest/api/token"), "400", "{lifetime}");
    }
    assert_eq!(put("", "/latest/api/token"), "400");
    assert_eq!(put("-H 'X-aws-ec2-metadata-token-ttl-seconds: 21600'", "/latest/api/token"), "200");
}

#[test]
fn a_token_ends_and_is_one_instances_own() {
    let token = token("app");
    let field = format!("-H 'X-aws-ec2-metadata-token: {token}' {AT}/meta-data/");
    let yaml = format!(
        "{WORLD}steps:
  - {{ on: app, run: \"curl -s -X PUT {LIFETIME} {AT}/api/token\" }}
  - {{ on: app, run: \"curl -s -o x -w %{{http_code}} {field}\", expect: {{ stdout: '200' }} }}
  - {{ on: bare, run: \"curl -s -o x -w %{{http_code}} {field}\", expect: {{ stdout: '401' }} }}
  - {{ wait: 60s }}
  - {{ on: app, run: \"curl -s -o x -w %{{http_code}} {field}\", expect: {{ stdout: '401' }} }}
"
    );
    let (topology, steps) = yaml.split_once("steps:\n").expect("steps");
    crate::hosts::holds(topology, steps);
}

#[test]
fn tokens_can_be_optional_and_the_service_off() {
    assert_eq!(
        ask("bare", &[&format!("{AT}/meta-data/local-ipv4")])[0],
        ("200".to_owned(), "10.0.0.6".to_owned())
    );
    assert_eq!(status("bare", &format!("-H 'X-aws-ec2-metadata-token: wrong' {AT}/meta-data/")), "401");
    assert_eq!(status("off", &format!("{AT}/meta-data/")), "403");
    assert_eq!(status("off", &format!("-X PUT {LIFETIME} {AT}/api/token")), "403");
}

#[test]
fn an_instance_hears_what_it_is() {
    let texts = [
        ("/meta-data/placement/availability-zone/", "ap-northeast-2a"),
        ("/meta-data/placement/region", "ap-northeast-2"),
        ("/meta-data/local-hostname", "ip-10-0-0-6.ap-northeast-2.compute.internal"),
        ("/meta-data/placement/", "availability-zone\navailability-zone-id\nregion"),
        ("/dynamic/instance-identity/", "document"),
    ];
    for (path, text) in texts {
        assert_eq!(ask("bare", &[&format!("{AT}{path}")])[0], ("200".to_owned(), text.to_owned()), "{path}");
    }
    for path in
        ["/meta-data/nothing", "/meta-data/iam/security-credentials/", "/meta-data/public-ipv4", "/../x"]
    {
        assert_eq!(status("bare", &format!("{AT}{path}")), "404", "{path}");
    }
    let (_, document) = ask("bare", &[&format!("{AT}/dynamic/instance-identity/document")]).remove(0);
    for member in [
        "\"accountId\" : \"123456789012\"",
        "\"region\" : \"ap-northeast-2\"",
        "\"privateIp\" : \"10.0.0.6\"",
    ] {
        assert!(document.contains(member), "{document}");
    }
}

#[test]
fn a_role_has_credentials() {
    assert_eq!(get("app", "/meta-data/iam/security-credentials/").1, "Reader");
    let (status, document) = get("app", "/meta-data/iam/security-credentials/Reader");
    assert_eq!(status, "200");
    let document: serde_json::Value = serde_json::from_str(&document).expect("JSON");
    assert_eq!((&document["Code"], &document["Type"]), (&"Success".into(), &"AWS-HMAC".into()));
    assert!(document["AccessKeyId"].as_str().expect("a key").starts_with("ASIA"));
    for member in ["LastUpdated", "SecretAccessKey", "Token", "Expiration"] {
        assert!(document[member].is_string(), "{member}");
    }
}

/// The times to live of what the service sends.
#[derive(Default)]
struct Hops(Vec<u8>);

impl Observer for Hops {
    fn on_stretch(&mut self, _: &Stretch<'_>, _: &Model) {}

    fn on_frame(
        &mut self,
        _: Instant,
        at: Station,
        direction: Direction,
        frame: &[u8],
        _: Option<DropReason>,
    ) {
        let is_answer = frame.get(26..30) == Some(&[169, 254, 169, 254]);
        if matches!(at, Station::Eni(_)) && direction == Direction::Ingress && is_answer {
            self.0.push(frame[22]);
        }
    }

    fn wants_frames(&self) -> bool {
        true
    }

    fn on_malformed(&mut self, _: Instant, _: Station, _: usize, _: DropReason) {}

    fn on_unanswered_arp(&mut self, _: Instant, _: EniId, _: std::net::Ipv4Addr, _: &Model) {}
}

#[test]
fn answers_live_for_as_many_hops_as_the_options_say() {
    for (options, hops) in
        [("", 2), (", metadata: { hop_limit: 1 }", 1), (", metadata: { hop_limit: 64 }", 64)]
    {
        let yaml = WORLD.replace("role: Reader }", &format!("role: Reader{options} }}"));
        let scenario = scenario::load(&format!("{yaml}steps: [{{ wait: 1s }}]\n"));
        let scenario = scenario.unwrap_or_else(|problems| panic!("{}", problems.render("w", &yaml, false)));
        let mut world = World::new(Seed(1), scenario.start, scenario.model, scenario.hosts, Hops::default());
        let app = station_of(world.model(), "app").expect("it is there");
        let command = vpclab::guest::parse("curl -s http://169.254.169.254/").expect("a command");
        world.start(app, &command);
        let until = world.now() + std::time::Duration::from_secs(5);
        world.run_until(until, |_| false);
        let seen = &world.observer.0;
        assert!(!seen.is_empty() && seen.iter().all(|ttl| *ttl == hops), "{options}: {seen:?}");
    }
}
