//! The instance metadata service: tokens, what it tells, and who hears it.

use std::time::Duration;

use vpclab::api::Ec2;
use vpclab::guest::{Answer, Body, HeaderValue, HttpRequest};
use vpclab::ids::EniId;
use vpclab::model::{Direction, Model, Scope};
use vpclab::scenario::{self, station_of};
use vpclab::seed::Seed;
use vpclab::service::imds;
use vpclab::sim::World;
use vpclab::time::Instant;
use vpclab::trace::{DropReason, Observer, Station, Stretch};

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
/// The service as the instances of [`WORLD`] see it.
struct Metadata {
    model: Model,
    now: Instant,
    scope: Scope,
}

impl Metadata {
    fn new() -> Self {
        let yaml = format!("{WORLD}steps: [{{ wait: 1s }}]\n");
        let scenario = scenario::load(&yaml);
        let scenario = scenario.unwrap_or_else(|problems| panic!("{}", problems.render("w", &yaml, false)));
        Self { model: scenario.model, now: scenario.start, scope: scenario.scope }
    }

    fn answer(&mut self, host: &str, method: &str, target: &str, headers: &[(&str, &str)]) -> Answer {
        let Some(Station::Eni(eni)) = station_of(&self.model, host) else { panic!("no instance {host}") };
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let (method, target) = (method.to_owned(), target.to_owned());
        let request = HttpRequest { method, target, headers, body: Vec::new() };
        imds::answer(&mut Ec2::new(&mut self.model, self.scope, self.now), eni, &request)
    }

    /// Status and body.
    fn ask(&mut self, host: &str, method: &str, target: &str, headers: &[(&str, &str)]) -> (u16, String) {
        let answer = self.answer(host, method, target, headers);
        let Body::Bytes(body) = answer.body else { panic!("a text") };
        (answer.status, String::from_utf8(body).expect("a text"))
    }

    fn status(&mut self, host: &str, method: &str, target: &str, headers: &[(&str, &str)]) -> u16 {
        self.ask(host, method, target, headers).0
    }

    fn token(&mut self, host: &str, seconds: &str) -> String {
        let (status, token) = self.ask(host, "PUT", "/latest/api/token", &[(LIFETIME, seconds)]);
        assert_eq!(status, 200);
        token
    }

    /// What is below `/latest`, with a token.
    fn get(&mut self, host: &str, path: &str) -> (u16, String) {
        let token = self.token(host, "60");
        self.ask(host, "GET", &format!("/latest{path}"), &[(TOKEN, &token)])
    }
}

const LIFETIME: &str = "X-aws-ec2-metadata-token-ttl-seconds";
const TOKEN: &str = "X-aws-ec2-metadata-token";
const ROOT: &str = "/latest/meta-data/";

#[test]
fn a_token_comes_first() {
    let mut imds = Metadata::new();
    assert_eq!(imds.status("app", "GET", ROOT, &[]), 401);
    assert_eq!(imds.get("app", "/meta-data/instance-id"), (200, "i-0123456789abcdef0".to_owned()));
    assert_eq!(imds.status("app", "GET", ROOT, &[(TOKEN, "AQAEnone")]), 401);
    assert_eq!(imds.status("app", "GET", ROOT, &[(TOKEN, "")]), 401);
    let answer = imds.answer("app", "PUT", "/latest/api/token", &[(LIFETIME, "60")]);
    let lifetime = answer.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case(LIFETIME));
    assert_eq!(lifetime.map(|(_, value)| value), Some(&HeaderValue::Text("60".to_owned())));
}

#[test]
fn a_token_is_not_for_those_who_forward_or_ask_a_version() {
    let mut imds = Metadata::new();
    let mut put = |path: &str, headers: &[(&str, &str)]| imds.status("app", "PUT", path, headers);
    let at = "/latest/api/token";
    assert_eq!(put(at, &[(LIFETIME, "60"), ("X-Forwarded-For", "10.0.0.9")]), 403);
    assert_eq!(put("/2021-03-23/api/token", &[(LIFETIME, "60")]), 403);
    for lifetime in ["0", "21601", "soon", "-1", ""] {
        assert_eq!(put(at, &[(LIFETIME, lifetime)]), 400, "{lifetime}");
    }
    assert_eq!(put(at, &[]), 400);
    for lifetime in ["1", "21600"] {
        assert_eq!(put(at, &[(LIFETIME, lifetime)]), 200, "{lifetime}");
    }
}

#[test]
fn a_token_ends_and_is_one_instances_own() {
    let mut imds = Metadata::new();
    let token = imds.token("app", "60");
    assert_eq!(imds.status("app", "GET", ROOT, &[(TOKEN, &token)]), 200);
    assert_eq!(imds.status("bare", "GET", ROOT, &[(TOKEN, &token)]), 401);
    imds.now += Duration::from_secs(59);
    assert_eq!(imds.status("app", "GET", ROOT, &[(TOKEN, &token)]), 200);
    imds.now += Duration::from_secs(1);
    assert_eq!(imds.status("app", "GET", ROOT, &[(TOKEN, &token)]), 401);
}

#[test]
fn tokens_can_be_optional_and_the_service_off() {
    let mut imds = Metadata::new();
    let path = "/latest/meta-data/local-ipv4";
    assert_eq!(imds.ask("bare", "GET", path, &[]), (200, "10.0.0.6".to_owned()));
    assert_eq!(imds.ask("bare", "HEAD", path, &[]), (200, String::new()));
    assert_eq!(imds.status("bare", "GET", path, &[(TOKEN, "wrong")]), 401);
    assert_eq!(imds.status("bare", "POST", path, &[]), 405);
    assert_eq!(imds.status("off", "GET", path, &[]), 403);
    assert_eq!(imds.status("off", "PUT", "/latest/api/token", &[(LIFETIME, "60")]), 403);
}

#[test]
fn an_instance_hears_what_it_is() {
    let mut imds = Metadata::new();
    let texts = [
        ("/meta-data/placement/availability-zone/", "ap-northeast-2a"),
        ("/meta-data/placement/region", "ap-northeast-2"),
        ("/meta-data/local-hostname", "ip-10-0-0-6.ap-northeast-2.compute.internal"),
        ("/meta-data/placement/", "availability-zone\navailability-zone-id\nregion"),
        ("/dynamic/instance-identity/", "document"),
    ];
    for (path, text) in texts {
        assert_eq!(imds.get("bare", path), (200, text.to_owned()), "{path}");
    }
    for path in
        ["/meta-data/nothing", "/meta-data/iam/security-credentials/", "/meta-data/public-ipv4", "/../x"]
    {
        assert_eq!(imds.get("bare", path).0, 404, "{path}");
    }
    let (_, document) = imds.get("bare", "/dynamic/instance-identity/document");
    let document: serde_json::Value = serde_json::from_str(&document).expect("JSON");
    assert_eq!(document["accountId"], "123456789012");
    assert_eq!(document["region"], "ap-northeast-2");
    assert_eq!(document["privateIp"], "10.0.0.6");
}

#[test]
fn a_role_has_credentials() {
    let mut imds = Metadata::new();
    assert_eq!(imds.get("app", "/meta-data/iam/security-credentials/"), (200, "Reader".to_owned()));
    let (status, document) = imds.get("app", "/meta-data/iam/security-credentials/Reader");
    assert_eq!(status, 200);
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
        let until = world.now() + Duration::from_secs(5);
        world.run_until(until, |_| false);
        let seen = &world.observer.0;
        assert!(!seen.is_empty() && seen.iter().all(|ttl| *ttl == hops), "{options}: {seen:?}");
    }
}
