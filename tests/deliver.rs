//! What a run left gets to S3 and CloudWatch Logs: once, whatever happens on the way.
#![cfg(feature = "deliver")]

#[path = "deliver/server.rs"]
mod server;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use insta::assert_snapshot;
use serde_json::{Value, json};
use vpclab::deliver::{Access, Credentials, Delivered, Delivery, Endpoints, Error, Manifest, Retry};

use self::server::{Fault, SECRET, Server};

const BEGIN: u64 = 1_719_565_200_000;
const IMPATIENT: Retry = Retry { tries: 1, pause: Duration::ZERO };
const PATIENT: Retry = Retry { tries: 5, pause: Duration::from_millis(1) };

/// A folder of a test's own, with what a run leaves for delivery.
struct Left {
    path: PathBuf,
    manifest: Value,
}

impl Left {
    fn new(name: &str) -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("deliver").join(name);
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).expect("a folder can be made");
        let left = Self { path, manifest: json!({ "schema": 1, "objects": [], "streams": [] }) };
        left.write("delivery.json", left.manifest.to_string().as_bytes());
        left
    }

    /// Two objects and two streams, one of them with events that happened more than once.
    fn usual(name: &str) -> Self {
        let event = |at: u64, message: &str| (BEGIN + at, message.to_owned());
        let twice = [
            event(60_000, "2 a"),
            event(0, "2 b"),
            event(60_000, "2 a"),
            event(0, "2 a"),
            event(60_000, "2 c"),
        ];
        let day = 86_400_000;
        let long = [
            event(3 * day, "late"),
            event(0, "early"),
            event(day, "a day later"),
            event(day + 1, "and more"),
        ];
        Self::new(name)
            .object("logs", "AWSLogs/123456789012/vpcflowlogs/x.log.gz", b"\x1f\x8bnot really")
            .object("logs", "prefix/a b+c=d~\u{d55c}/../y.log.gz", b"")
            .stream("VPCFlowLogs", "eni-0a1b2c3d4e5f60718-all", &twice)
            .stream("VPCFlowLogs", "eni-0a1b2c3d4e5f60719-all", &long)
    }

    fn write(&self, file: &str, bytes: &[u8]) {
        let path = self.path.join(file);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder can be made");
        std::fs::write(path, bytes).expect("a file can be written");
    }

    fn list(&mut self, what: &str, entry: Value) {
        self.manifest[what].as_array_mut().expect("a list").push(entry);
        self.write("delivery.json", self.manifest.to_string().as_bytes());
    }

    fn object(mut self, bucket: &str, key: &str, bytes: &[u8]) -> Self {
        let file = format!("s3/{}", self.manifest["objects"].as_array().expect("a list").len());
        self.write(&file, bytes);
        self.list(
            "objects",
            json!({ "bucket": bucket, "region": "ap-northeast-2", "key": key, "file": file }),
        );
        self
    }

    fn stream(mut self, group: &str, stream: &str, events: &[(u64, String)]) -> Self {
        let file = format!("cloudwatch/{group}/{stream}");
        let line = |(timestamp, message): &(u64, String)| {
            json!({ "timestamp": timestamp, "message": message, "ingestionTime": timestamp + 360_000 })
                .to_string()
                + "\n"
        };
        self.write(&file, events.iter().map(line).collect::<String>().as_bytes());
        self.list(
            "streams",
            json!({ "group": group, "stream": stream, "region": "ap-northeast-2", "file": file }),
        );
        self
    }

    fn deliver(&self, server: &Server, retry: Retry) -> Result<Delivered, Error> {
        self.deliver_as(access(), server, retry)
    }

    fn deliver_as(&self, access: Access, server: &Server, retry: Retry) -> Result<Delivered, Error> {
        let url = server.url.parse().expect("a URL");
        let endpoints = Endpoints { s3: Some(url), logs: Some(server.url.parse().expect("a URL")) };
        let manifest = Manifest::read(&self.path)?.expect("a manifest");
        Delivery::new(endpoints, access, retry)?.deliver(&manifest)
    }

    /// The error of a delivery and its hint, with names in place of what differs between runs.
    fn error(&self, server: &Server, retry: Retry) -> String {
        self.shown(&self.deliver(server, retry).expect_err("it fails"), server)
    }

    fn shown(&self, error: &Error, server: &Server) -> String {
        let text = format!("{error}\nhint: {}", error.hint().unwrap_or("none"));
        text.replace(&server.url, "URL").replace(&self.path.display().to_string(), "FOLDER")
    }
}

fn access() -> Access {
    let credentials = Credentials {
        access_key_id: "AKIDEXAMPLE".to_owned(),
        secret_access_key: SECRET.to_owned(),
        session_token: None,
    };
    Access { credentials, region: None, ca_bundle: None }
}

#[test]
fn everything_gets_there_once_and_repeating_changes_nothing() {
    let left = Left::usual("once");
    let server = Server::start().bucket("logs");
    let first = left.deliver(&server, IMPATIENT).expect("it works");
    let all = Delivered { objects: 2, bytes: 12, streams: 2, events: 9, ..Delivered::default() };
    assert_eq!(first, all);

    let state = server.state();
    let keys: Vec<&str> = state.objects.keys().map(String::as_str).collect();
    assert_eq!(
        keys,
        ["logs/AWSLogs/123456789012/vpcflowlogs/x.log.gz", "logs/prefix/a b+c=d~\u{d55c}/../y.log.gz"]
    );
    assert_eq!(state.objects[keys[0]], b"\x1f\x8bnot really");
    let events = state.events("VPCFlowLogs", "eni-0a1b2c3d4e5f60718-all");
    let events: Vec<(u64, &str)> =
        events.iter().map(|(at, message)| (at - BEGIN, message.as_str())).collect();
    assert_eq!(events, [(0, "2 a"), (0, "2 b"), (60_000, "2 a"), (60_000, "2 a"), (60_000, "2 c")]);

    let came = server.came();
    let what: Vec<&str> = came.iter().map(|came| came.what.as_str()).collect();
    assert_eq!(
        what,
        [
            "PUT /logs/AWSLogs/123456789012/vpcflowlogs/x.log.gz",
            "PUT /logs/prefix/a%20b%2Bc%3Dd~%ED%95%9C/../y.log.gz",
            "CreateLogGroup",
            "CreateLogStream",
            "GetLogEvents",
            "GetLogEvents",
            "PutLogEvents",
            // The second stream spans three days.
            "CreateLogGroup",
            "CreateLogStream",
            "GetLogEvents",
            "GetLogEvents",
            "PutLogEvents",
            "PutLogEvents",
            "PutLogEvents",
        ]
    );
    assert!(came.iter().all(|came| came.region == "ap-northeast-2"));
    let acl = ("x-amz-acl".to_owned(), "bucket-owner-full-control".to_owned());
    assert!(came[0].headers.contains(&acl), "{:?}", came[0].headers);
    // Events of the same time keep the order of the file.
    let body: Value = serde_json::from_slice(&came[6].body).expect("JSON");
    let messages: Vec<&Value> =
        body["logEvents"].as_array().expect("events").iter().map(|it| &it["message"]).collect();
    assert_eq!(messages, ["2 b", "2 a", "2 a", "2 a", "2 c"]);

    let second = left.deliver(&server, IMPATIENT).expect("it works again");
    assert_eq!(second, Delivered { events_there: 9, ..all });
    assert_eq!(server.state(), state);
    assert!(!server.what_came().contains(&"PutLogEvents".to_owned()));
}

#[test]
fn events_of_others_stay_and_what_is_missing_is_put() {
    let left = Left::usual("others");
    let server = Server::start().bucket("logs");
    left.deliver(&server, IMPATIENT).expect("it works");
    let now = Left::new("others").stream(
        "VPCFlowLogs",
        "eni-0a1b2c3d4e5f60718-all",
        &[
            (BEGIN + 60_000, "2 a".to_owned()),
            (BEGIN + 60_000, "2 a".to_owned()),
            (BEGIN + 60_000, "2 a".to_owned()),
            (BEGIN + 60_001, "2 a".to_owned()),
        ],
    );
    let delivered = now.deliver(&server, IMPATIENT).expect("it works");
    assert_eq!((delivered.events, delivered.events_there), (4, 2));
    let events = server.state().events("VPCFlowLogs", "eni-0a1b2c3d4e5f60718-all");
    let events: Vec<(u64, &str)> =
        events.iter().map(|(at, message)| (at - BEGIN, message.as_str())).collect();
    assert_eq!(
        events,
        [
            (0, "2 a"),
            (0, "2 b"),
            (60_000, "2 a"),
            (60_000, "2 a"),
            (60_000, "2 a"),
            (60_000, "2 c"),
            (60_001, "2 a"),
        ]
    );
}

/// A delivery that ends at any request, done or not, and is repeated leaves what one leaves that went well.
#[test]
fn a_delivery_may_end_anywhere() {
    let left = Left::usual("anywhere");
    let well = Server::start().bucket("logs");
    left.deliver(&well, IMPATIENT).expect("it works");
    let requests = well.came().len();
    assert_eq!(requests, 14);
    for end in 0..requests {
        for fault in [Fault::DropBefore, Fault::DropAfter] {
            let shown = format!("{fault:?} at {end}");
            let server = Server::start().bucket("logs").faulty({
                let fault = fault.clone();
                move |number, _| (number == end).then(|| fault.clone())
            });
            left.deliver(&server, IMPATIENT).expect_err(&shown);
            assert_eq!(server.came().len(), end + 1, "{shown}");
            server.reliable();
            left.deliver(&server, IMPATIENT).expect(&shown);
            assert_eq!(server.state(), well.state(), "{shown}");

            // So does one that goes on by itself.
            let server = Server::start()
                .bucket("logs")
                .faulty(move |number, _| (number == end).then(|| fault.clone()));
            left.deliver(&server, PATIENT).expect(&shown);
            assert_eq!(server.state(), well.state(), "{shown}");
        }
    }
}

#[test]
fn services_that_are_busy_are_asked_again_but_not_forever() {
    const SLOW: &str =
        "<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>";
    const THROTTLED: &str = r#"{"__type":"ThrottlingException","message":"Rate exceeded"}"#;
    let left = Left::usual("busy");
    let answers = [("", Fault::Answer(429, "")), ("", Fault::DropBefore), ("PUT", Fault::Answer(503, SLOW))];
    for (whose, answer) in answers.into_iter().chain([("LogEvents", Fault::Answer(400, THROTTLED))]) {
        // Four times each.
        let mut failed: std::collections::BTreeMap<(String, Vec<u8>), usize> = Default::default();
        let server = Server::start().bucket("logs").faulty(move |_, came| {
            let failed = failed.entry((came.what.clone(), came.body.clone())).or_default();
            *failed += 1;
            (*failed <= 4 && came.what.contains(whose)).then(|| answer.clone())
        });
        left.deliver(&server, PATIENT).expect("the fifth time it works");
    }

    let server = Server::start().bucket("logs").faulty(|_, _| Some(Fault::Answer(503, SLOW)));
    assert_snapshot!(left.error(&server, PATIENT), @"
    PUT URL/logs/AWSLogs/123456789012/vpcflowlogs/x.log.gz: SlowDown: Please reduce your request rate. (HTTP 503); tried 5 times
    hint: none
    ");
    assert_eq!(server.came().len(), 5);

    let server = Server::start()
        .bucket("logs")
        .faulty(|_, came| (came.what == "PutLogEvents").then_some(Fault::Answer(400, THROTTLED)));
    assert_snapshot!(left.error(&server, PATIENT), @"
    PutLogEvents at URL for stream `eni-0a1b2c3d4e5f60718-all` of log group `VPCFlowLogs`: ThrottlingException: Rate exceeded (HTTP 400); tried 5 times
    hint: none
    ");
    assert_eq!(server.what_came().iter().filter(|what| *what == "PutLogEvents").count(), 5);

    let server = Server::start().faulty(|_, _| Some(Fault::Answer(502, "<html>bad gateway</html>")));
    assert_snapshot!(left.error(&server, PATIENT), @"
    PUT URL/logs/AWSLogs/123456789012/vpcflowlogs/x.log.gz: HTTP 502: <html>bad gateway</html>; tried 5 times
    hint: none
    ");
}

#[test]
fn waits_double() {
    let left = Left::usual("waits");
    let server = Server::start().faulty(|_, _| Some(Fault::Answer(500, "")));
    let retry = Retry { tries: 4, pause: Duration::from_millis(20) };
    #[expect(clippy::disallowed_types, reason = "how long something really takes")]
    let begin = std::time::Instant::now();
    left.deliver(&server, retry).expect_err("it fails");
    assert!(begin.elapsed() >= Duration::from_millis(20 + 40 + 80), "{:?}", begin.elapsed());
    assert_eq!(server.came().len(), 4);
}

#[test]
fn who_is_refused_hears_why_at_once() {
    let left = Left::usual("refused");
    let server = Server::start();
    assert_snapshot!(left.error(&server, PATIENT), @"
    PUT URL/logs/AWSLogs/123456789012/vpcflowlogs/x.log.gz: NoSuchBucket: The specified bucket does not exist (HTTP 404)
    hint: create the bucket: aws s3api create-bucket --bucket logs --region ap-northeast-2 --create-bucket-configuration LocationConstraint=ap-northeast-2 --endpoint-url URL
    ");
    assert_eq!(server.came().len(), 1);

    let mut virginia = access();
    virginia.region = Some("us-east-1".to_owned());
    let error = left.deliver_as(virginia, &server, PATIENT).expect_err("it fails");
    assert_snapshot!(left.shown(&error, &server), @"
    PUT URL/logs/AWSLogs/123456789012/vpcflowlogs/x.log.gz: NoSuchBucket: The specified bucket does not exist (HTTP 404)
    hint: create the bucket: aws s3api create-bucket --bucket logs --region us-east-1 --endpoint-url URL
    ");
    assert_eq!(server.came()[0].region, "us-east-1");

    let mut stranger = access();
    stranger.credentials.secret_access_key = "another".to_owned();
    let error = left.deliver_as(stranger.clone(), &server, PATIENT).expect_err("it fails");
    assert_snapshot!(left.shown(&error, &server), @"
    PUT URL/logs/AWSLogs/123456789012/vpcflowlogs/x.log.gz: SignatureDoesNotMatch: The request signature we calculated does not match (HTTP 403)
    hint: see that AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY belong together and to this service
    ");
    let events_only = Left::new("refused-events").stream("G", "S", &[]);
    let error = events_only.deliver_as(stranger, &server, PATIENT).expect_err("it fails");
    assert_snapshot!(events_only.shown(&error, &server), @"
    CreateLogGroup at URL for stream `S` of log group `G`: InvalidSignatureException: it does not match (HTTP 403)
    hint: see that AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY belong together and to this service
    ");

    let refusals: [(&str, u16, &'static str); 4] = [
        ("PUT", 403, "<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"),
        (
            "PUT",
            301,
            "<Error><Code>PermanentRedirect</Code><Message>The bucket is elsewhere.</Message></Error>",
        ),
        (
            "PutLogEvents",
            400,
            r#"{"__type":"AccessDeniedException","Message":"User: x is not authorized to perform: logs:PutLogEvents"}"#,
        ),
        (
            "CreateLogStream",
            400,
            r#"{"__type":"ExpiredTokenException","message":"The security token included in the request is expired"}"#,
        ),
    ];
    let mut all = String::new();
    for (what, status, text) in refusals {
        let server = Server::start()
            .bucket("logs")
            .faulty(move |_, came| came.what.starts_with(what).then_some(Fault::Answer(status, text)));
        all += &format!("{}\n\n", left.error(&server, PATIENT));
        assert_eq!(server.what_came().iter().filter(|came| came.starts_with(what)).count(), 1);
    }
    assert_snapshot!(all, @"
    PUT URL/logs/AWSLogs/123456789012/vpcflowlogs/x.log.gz: AccessDenied: Access Denied (HTTP 403)
    hint: whoever the credentials belong to needs s3:PutObject and s3:PutObjectAcl for arn:aws:s3:::logs/*

    PUT URL/logs/AWSLogs/123456789012/vpcflowlogs/x.log.gz: PermanentRedirect: The bucket is elsewhere. (HTTP 301)
    hint: the endpoint is of another region: set AWS_REGION to the bucket's

    PutLogEvents at URL for stream `eni-0a1b2c3d4e5f60718-all` of log group `VPCFlowLogs`: AccessDeniedException: User: x is not authorized to perform: logs:PutLogEvents (HTTP 400)
    hint: whoever the credentials belong to needs logs:CreateLogGroup, logs:CreateLogStream, logs:PutLogEvents and logs:GetLogEvents for log group `VPCFlowLogs`

    CreateLogStream at URL for stream `eni-0a1b2c3d4e5f60718-all` of log group `VPCFlowLogs`: ExpiredTokenException: The security token included in the request is expired (HTTP 400)
    hint: fetch new credentials, and set AWS_SESSION_TOKEN with them
    ");
}

#[test]
fn temporary_credentials_send_their_token() {
    let left = Left::usual("token");
    let server = Server::start().bucket("logs");
    let mut temporary = access();
    temporary.credentials.session_token = Some("token/with+chars==".to_owned());
    left.deliver_as(temporary, &server, IMPATIENT).expect("it works");
    let token = |came: &server::Came| {
        let found = came.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("x-amz-security-token"));
        found.map(|(_, value)| value.clone())
    };
    assert!(server.came().iter().all(|came| token(came).as_deref() == Some("token/with+chars==")));
}

#[test]
fn batches_are_what_the_service_takes() {
    let events: Vec<(u64, String)> =
        (0..25_000_u64).map(|at| (BEGIN + at * 7 % 5000 * 60_000, format!("2 {at}"))).collect();
    let long: Vec<(u64, String)> = (0..300).map(|at| (BEGIN, format!("{at:9999}"))).collect();
    let left = Left::new("batches").stream("G", "many", &events).stream("G", "long", &long);
    let server = Server::start();
    let delivered = left.deliver(&server, IMPATIENT).expect("the server takes all batches");
    assert_eq!(delivered.events, 25_300);
    let mut expected = events;
    expected.sort();
    assert_eq!(server.state().events("G", "many"), expected);
    let puts = server.what_came().iter().filter(|came| *came == "PutLogEvents").count();
    // Days there are 3.5, with 7200 events each; and what is 3,007,500 bytes takes three requests.
    assert_eq!(puts, 4 + 3);
}

#[test]
fn what_the_service_rejects_is_told() {
    let left = Left::usual("rejected");
    let server = Server::start().bucket("logs");
    server.takes_only(BEGIN + 1..BEGIN + 86_400_001);
    let delivered = left.deliver(&server, IMPATIENT).expect("it works as far as it goes");
    let rejected: Vec<String> = delivered.rejected.iter().map(ToString::to_string).collect();
    assert_snapshot!(rejected.join("\n"), @"
    2 of 5 for stream `eni-0a1b2c3d4e5f60718-all` of log group `VPCFlowLogs`: 2 older than 14 days
    3 of 4 for stream `eni-0a1b2c3d4e5f60719-all` of log group `VPCFlowLogs`: 1 older than 14 days, 2 more than two hours ahead
    ");
    // It is asked again, and says the same.
    let state = server.state();
    let again = left.deliver(&server, IMPATIENT).expect("it works as far as it goes");
    assert_eq!(again.rejected.len(), 2);
    assert_eq!(server.state(), state);
}

#[test]
fn folders_that_are_not_as_a_run_left_them_are_refused() {
    let server = Server::start().bucket("logs");
    let event = [(BEGIN, "2".to_owned())];
    let left = || Left::new("damaged").object("logs", "k", b"x").stream("G", "S", &event);
    let mut all = String::new();
    let manifests = [
        "",
        "{\n  \"schema\": 1,\n  \"objects\": [{ \"bucket\": \"b\" }]\n}",
        r#"{ "schema": 2, "streams": 7 }"#,
        r#"{ "schema": 1, "objects": [{ "bucket": "b", "region": "r", "key": "k", "file": "../k" }] }"#,
        r#"{ "schema": 1, "objects": [{ "bucket": "b", "region": "r", "key": "k", "file": "/k" }] }"#,
        r#"{ "schema": 1, "objects": [{ "bucket": "b/c", "region": "r", "key": "k", "file": "k" }] }"#,
        r#"{ "schema": 1, "streams": [{ "group": "", "region": "r", "stream": "k", "file": "k" }] }"#,
        r#"{ "schema": 1, "streams": [{ "group": "g", "region": "r", "stream": "s", "file": "k" }, { "group": "g", "region": "r", "stream": "s", "file": "l" }] }"#,
        r#"{ "schema": 1, "objects": [{ "bucket": "b", "region": "r", "key": "k", "file": "k" }, { "bucket": "b", "region": "r", "key": "k", "file": "l" }] }"#,
    ];
    for manifest in manifests {
        let left = left();
        left.write("delivery.json", manifest.as_bytes());
        all += &format!("{}\n\n", left.error(&server, PATIENT));
    }
    assert_eq!(server.came().len(), 0);
    for events in [
        "{\"timestamp\":1,\"message\":\"2\"}\n{\"timestamp\":1}\n",
        "{\"timestamp\":-1,\"message\":\"2\"}",
        "\n",
        "{\"timestamp\":1,\"message\":\"\"}",
        "\u{0}",
    ] {
        let left = left();
        left.write("cloudwatch/G/S", events.as_bytes());
        all += &format!("{}\n\n", left.error(&server, PATIENT));
    }
    let gone = left();
    std::fs::remove_file(gone.path.join("s3/0")).expect("it was there");
    all += &gone.error(&server, PATIENT);
    assert_snapshot!(all, @"
    FOLDER/delivery.json:1:1: EOF while parsing a value
    hint: the folder is not as a run left it: run the scenario again

    FOLDER/delivery.json:3:31: missing field `region`
    hint: the folder is not as a run left it: run the scenario again

    FOLDER/delivery.json: it is of schema 2, and this vpclab reads schema 1
    hint: the folder is not as a run left it: run the scenario again

    FOLDER/delivery.json: file `../k` is not a path in the folder
    hint: the folder is not as a run left it: run the scenario again

    FOLDER/delivery.json: file `/k` is not a path in the folder
    hint: the folder is not as a run left it: run the scenario again

    FOLDER/delivery.json: bucket `b/c` with key `k` is no place for an object
    hint: the folder is not as a run left it: run the scenario again

    FOLDER/delivery.json: group `` with stream `k` is no place for events
    hint: the folder is not as a run left it: run the scenario again

    FOLDER/delivery.json: stream `s` of group `g` in r is there twice
    hint: the folder is not as a run left it: run the scenario again

    FOLDER/delivery.json: key `k` of bucket `b` is there twice
    hint: the folder is not as a run left it: run the scenario again

    FOLDER/cloudwatch/G/S:2:15: missing field `message`
    hint: the folder is not as a run left it: run the scenario again

    FOLDER/cloudwatch/G/S:1:15: invalid value: integer `-1`, expected u64
    hint: the folder is not as a run left it: run the scenario again

    FOLDER/cloudwatch/G/S:1:1: EOF while parsing a value
    hint: the folder is not as a run left it: run the scenario again

    FOLDER/cloudwatch/G/S:1: the message of an event cannot be empty
    hint: the folder is not as a run left it: run the scenario again

    FOLDER/cloudwatch/G/S:1:1: expected value
    hint: the folder is not as a run left it: run the scenario again

    cannot read FOLDER/s3/0: No such file or directory (os error 2)
    hint: the folder is not as a run left it: run the scenario again
    ");
}

#[test]
fn tls_is_spoken_and_certificates_are_checked() {
    let key = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).expect("a certificate");
    let secret = rustls::pki_types::PrivateKeyDer::try_from(key.signing_key.serialize_der()).expect("a key");
    let config = rustls::ServerConfig::builder_with_provider(rustls::crypto::ring::default_provider().into())
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![key.cert.der().clone()], secret)
        .expect("a certificate with its key");
    let server = Server::start_tls(config).bucket("logs");
    let left = Left::usual("tls");
    left.write("ca.pem", pem(key.cert.der()).as_bytes());
    left.write("none.pem", b"nothing");
    let trusting = |file: &str| Access { ca_bundle: Some(left.path.join(file)), ..access() };
    left.deliver_as(trusting("ca.pem"), &server, IMPATIENT).expect("it works");
    assert_eq!(server.came().len(), 14);
    assert_snapshot!(left.error(&server, PATIENT), @"
    PUT URL/logs/AWSLogs/123456789012/vpcflowlogs/x.log.gz: invalid peer certificate: UnknownIssuer
    hint: an authority of your own is trusted if AWS_CA_BUNDLE names its certificate; a service without TLS is at http://
    ");
    let error = left.deliver_as(trusting("none.pem"), &server, PATIENT).expect_err("it fails");
    assert_snapshot!(left.shown(&error, &server), @"
    cannot read certificates from FOLDER/none.pem: it holds no certificate
    hint: AWS_CA_BUNDLE names a file with certificates as PEM
    ");
    let error = left.deliver_as(trusting("gone.pem"), &server, PATIENT).expect_err("it fails");
    assert_snapshot!(left.shown(&error, &server), @"
    cannot read certificates from FOLDER/gone.pem: No such file or directory (os error 2)
    hint: AWS_CA_BUNDLE names a file with certificates as PEM
    ");

    // Plain HTTP on the other side.
    let mut plain = Server::start();
    plain.url = plain.url.replace("http://", "https://");
    assert_snapshot!(left.error(&plain, PATIENT), @"
    PUT URL/logs/AWSLogs/123456789012/vpcflowlogs/x.log.gz: received corrupt message of type InvalidContentType
    hint: an authority of your own is trusted if AWS_CA_BUNDLE names its certificate; a service without TLS is at http://
    ");
}

/// A certificate as files hold it.
fn pem(der: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let four = |bytes: &[u8]| {
        let bits = (0..3).fold(0_u32, |bits, at| bits << 8 | u32::from(*bytes.get(at).unwrap_or(&0)));
        let digit = |at: usize| {
            let digit = DIGITS[(bits >> (18 - 6 * at) & 63) as usize];
            if at <= bytes.len() { char::from(digit) } else { '=' }
        };
        (0..4).map(digit).collect::<String>()
    };
    let text: String = der.chunks(3).map(four).collect();
    let lines: Vec<&str> =
        text.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).expect("ASCII")).collect();
    format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", lines.join("\n"))
}

// The program as a user meets it.

/// Runs vpclab; gives exit code, standard output and standard error, with names in place of what differs.
fn vpclab(arguments: &[&str], variables: &[(&str, &str)], names: &[(&str, &str)]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_vpclab"))
        .args(arguments)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env_clear()
        .envs(variables.iter().copied())
        .output()
        .expect("the program starts");
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    let mut text = format!("exit {}\n", output.status.code().expect("it ends by itself"));
    for (name, printed) in [("stdout", stdout), ("stderr", stderr)] {
        if !printed.is_empty() {
            text += &format!("--- {name}\n{printed}");
        }
    }
    names.iter().fold(text, |text, (found, name)| text.replace(found, name))
}

const KEYS: [(&str, &str); 2] = [("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"), ("AWS_SECRET_ACCESS_KEY", SECRET)];

#[test]
fn the_program_delivers_folders() {
    let left = Left::usual("program");
    let server = Server::start().bucket("logs");
    let folder = left.path.display().to_string();
    let names = [(folder.as_str(), "FOLDER"), (server.url.as_str(), "URL")];
    let (s3, logs) = (["--s3-endpoint", &server.url], ["--logs-endpoint", &server.url]);
    let run = |arguments: &[&[&str]]| vpclab(&arguments.concat(), &KEYS, &names);
    let deliver = ["deliver", &folder];
    assert_snapshot!(run(&[&deliver, &s3]), @"
    exit 0
    --- stdout
    delivered  FOLDER: 2 objects (12 bytes); 2 streams not sent (no --logs-endpoint)
    ");
    assert_snapshot!(run(&[&deliver, &logs]), @"
    exit 0
    --- stdout
    delivered  FOLDER: 2 objects not sent (no --s3-endpoint); 9 events in 2 streams
    ");
    assert_snapshot!(run(&[&deliver, &s3, &logs]), @"
    exit 0
    --- stdout
    delivered  FOLDER: 2 objects (12 bytes); 9 events in 2 streams, 9 of them there before
    ");
    let region = [KEYS.as_slice(), &[("AWS_DEFAULT_REGION", "eu-west-1")]].concat();
    server.came();
    vpclab(&[&deliver, s3.as_slice()].concat(), &region, &names);
    assert_eq!(server.came()[0].region, "eu-west-1");

    // What fails does not keep the next folder waiting.
    let other = Left::new("other's").object("other", "k", b"x");
    let other = other.path.display().to_string();
    // As a shell takes it.
    let typed = format!("'{}'", other.replace('\'', r"'\''"));
    let names = [
        (typed.as_str(), "TYPED"),
        (other.as_str(), "OTHER"),
        (folder.as_str(), "FOLDER"),
        (server.url.as_str(), "URL"),
    ];
    assert_snapshot!(vpclab(&["deliver", &other, &folder, "--s3-endpoint", &server.url], &KEYS, &names), @r"
    exit 3
    --- stdout
    delivered  FOLDER: 2 objects (12 bytes); 2 streams not sent (no --logs-endpoint)
    --- stderr
    error: OTHER: PUT URL/other/k: NoSuchBucket: The specified bucket does not exist (HTTP 404)

    hint: create the bucket: aws s3api create-bucket --bucket other --region ap-northeast-2 --create-bucket-configuration LocationConstraint=ap-northeast-2 --endpoint-url URL
    hint: what was not delivered stays in OTHER; to deliver it again: vpclab deliver TYPED --s3-endpoint URL
    ");
    server.takes_only(BEGIN + 1..u64::MAX);
    let late = Left::new("late").stream("G", "S", &[(BEGIN, "2".to_owned()), (BEGIN + 1, "2".to_owned())]);
    let late = late.path.display().to_string();
    let names = [(late.as_str(), "LATE"), (server.url.as_str(), "URL")];
    assert_snapshot!(vpclab(&["deliver", &late, "--logs-endpoint", &server.url], &KEYS, &names), @"
    exit 3
    --- stdout
    delivered  LATE: 0 objects (0 bytes); 2 events in 1 stream, 1 of them rejected
    --- stderr
    error: LATE: CloudWatch Logs rejected events
      1 of 2 for stream `S` of log group `G`: 1 older than 14 days

    hint: the real service takes events of the last 14 days that its log group still keeps, and up to two hours ahead: set the scenario's `start:` to a time in between and run it again
    hint: what was rejected stays in LATE; to deliver it again: vpclab deliver LATE --logs-endpoint URL
    ");

    let nobody = std::net::TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let url = format!("http://{}", nobody.local_addr().expect("an address"));
    drop(nobody);
    let names = [(folder.as_str(), "FOLDER"), (url.as_str(), "URL")];
    assert_snapshot!(vpclab(&["deliver", &folder, "--s3-endpoint", &url], &KEYS, &names), @"
    exit 3
    --- stderr
    error: FOLDER: PUT URL/logs/AWSLogs/123456789012/vpcflowlogs/x.log.gz: Connection refused (os error 111); tried 5 times

    hint: see that something answers at URL
    hint: what was not delivered stays in FOLDER; to deliver it again: vpclab deliver FOLDER --s3-endpoint URL
    ");
}

#[test]
fn wrong_usage_sends_nothing() {
    let left = Left::usual("usage");
    let server = Server::start().bucket("logs");
    let folder = left.path.display().to_string();
    let parent = left.path.parent().expect("a folder").display().to_string();
    let empty = Left::new("empty");
    std::fs::remove_file(empty.path.join("delivery.json")).expect("it was there");
    let empty = empty.path.display().to_string();
    let names = [
        (empty.as_str(), "EMPTY"),
        (folder.as_str(), "FOLDER"),
        (parent.as_str(), "PARENT"),
        (server.url.as_str(), "URL"),
    ];
    let s3 = ["--s3-endpoint", server.url.as_str()];
    let run = |arguments: &[&str], variables| vpclab(&[arguments, &s3].concat(), variables, &names);
    assert_snapshot!(run(&["deliver", &folder], &[]), @"
    exit 2
    --- stderr
    error: there are no credentials to deliver with: AWS_ACCESS_KEY_ID is not set

    hint: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, and AWS_SESSION_TOKEN if the credentials are temporary; moto and LocalStack take any, e.g. `test`
    ");
    assert_snapshot!(run(&["run", "scenarios/hello.yaml"], &KEYS[..1]), @"
    exit 2
    --- stderr
    error: there are no credentials to deliver with: AWS_SECRET_ACCESS_KEY is not set

    hint: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, and AWS_SESSION_TOKEN if the credentials are temporary; moto and LocalStack take any, e.g. `test`
    ");
    assert_snapshot!(run(&["run", "--no-out", "scenarios/hello.yaml"], &KEYS), @"
    exit 2
    --- stderr
    error: the argument '--no-out' cannot be used with:
      --s3-endpoint <URL>
      --logs-endpoint <URL>

    Usage: vpclab run --no-out <SCENARIOS>...

    For more information, try '--help'.
    ");
    assert_snapshot!(run(&["deliver", &empty, &folder], &KEYS), @"
    exit 2
    --- stderr
    error: EMPTY: there is no delivery.json in it

    hint: a run leaves that file if flow logs of its scenario go to S3 or CloudWatch Logs
    ");
    assert_snapshot!(run(&["deliver", "nowhere"], &KEYS), @"
    exit 2
    --- stderr
    error: nowhere: there is no delivery.json in it

    hint: name the output folder of a scenario; `vpclab run` makes it
    ");
    let several = Left::new("several/scenario one");
    let several = several.path.parent().expect("a folder").display().to_string();
    assert_snapshot!(run(&["deliver", &several], &KEYS).replace(&several, "SEVERAL"), @"
    exit 2
    --- stderr
    error: PARENT/several: there is no delivery.json in it

    hint: name the folders of scenarios: 'PARENT/several/scenario one'
    ");
    assert_snapshot!(vpclab(&["deliver", &folder], &KEYS, &names), @"
    exit 2
    --- stderr
    error: the following required arguments were not provided:
      <--s3-endpoint <URL>|--logs-endpoint <URL>>

    Usage: vpclab deliver <--s3-endpoint <URL>|--logs-endpoint <URL>> <FOLDER>...

    For more information, try '--help'.
    ");
    assert_snapshot!(vpclab(&["deliver", &folder, "--logs-endpoint", "ftp://h"], &KEYS, &names), @"
    exit 2
    --- stderr
    error: invalid value 'ftp://h' for '--logs-endpoint <URL>': it begins with neither http:// nor https://; an endpoint is like http://127.0.0.1:5000 or https://s3.eu-west-1.amazonaws.com

    For more information, try '--help'.
    ");
    assert_eq!(server.came().len(), 0);
}

#[test]
fn a_run_delivers_when_its_folder_is_there() {
    let out = Left::new("run").path.join("out").display().to_string();
    let server = Server::start();
    let names = [(out.as_str(), "OUT")];
    let run = |more: &[&str]| {
        let run = ["run", "scenarios/hello.yaml", "--quiet", "--out", &out, "--logs-endpoint", &server.url];
        vpclab(&[&run, more].concat(), &KEYS, &names)
    };
    assert_snapshot!(run(&[]), @"
    exit 0
    --- stdout
    passed  scenarios/hello.yaml  Hello, VPC
    delivered  OUT/hello: nothing: the scenario's flow logs go neither to S3 nor to CloudWatch Logs
    ");
    let json = run(&["--format", "json"]);
    let (_, stderr) = json.split_once("--- stderr\n").expect("something on standard error");
    assert_snapshot!(stderr, @"delivered  OUT/hello: nothing: the scenario's flow logs go neither to S3 nor to CloudWatch Logs");
    assert_eq!(server.came().len(), 0);
}

#[test]
fn help() {
    assert_snapshot!(vpclab(&["deliver", "--help"], &[], &[]), @"
    exit 0
    --- stdout
    Send what earlier runs left for S3 and CloudWatch Logs there, or to what imitates them

    Usage: vpclab deliver <--s3-endpoint <URL>|--logs-endpoint <URL>> <FOLDER>...

    Arguments:
      <FOLDER>...
              Output folders of scenarios

    Options:
          --s3-endpoint <URL>
              Put flow logs for S3 there: the URL of an S3 API
              
              Requests are signed with AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN
              for AWS_REGION or AWS_DEFAULT_REGION; without either, for the region of each bucket.
              AWS_CA_BUNDLE names certificates to trust.

          --logs-endpoint <URL>
              Put flow logs for CloudWatch Logs there: the URL of its API
              
              Log groups and streams are made. Events that are in a stream already are not put again.

      -h, --help
              Print help (see a summary with '-h')
    ");
}
