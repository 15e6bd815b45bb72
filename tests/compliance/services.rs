//! What AWS's services answer to requests that are signed, badly signed and not signed at all.

use std::net::Ipv4Addr;
use std::time::Duration;

use serde_json::{Value, json};
use vpclab::api::Ec2;
use vpclab::guest::{Answer, Body, HeaderValue};
use vpclab::ids::VpcEndpointId;
use vpclab::model::{Account, Credentials, Principal, Scope};
use vpclab::seed::Seed;
use vpclab::service::{Request, answer};
use vpclab::sigv4;

use crate::lab::Lab;

const SEOUL: &str = "ap-northeast-2";
const WORLD: &str = r#"
name: services
region: ap-northeast-2
vpcs:
  Lab:
    cidr: 10.0.0.0/16
    subnets: { A: { cidr: 10.0.0.0/24 } }
    route_tables: { R: { main: true } }
    endpoints: { E: { service: com.amazonaws.ap-northeast-2.s3, route_tables: [R] } }
buckets:
  my-bucket:
    created: 2024-06-01T00:00:00Z
    objects:
      a.txt: "hello\n"
      "b c+d.txt": { body: "<x>", content_type: text/plain, modified: 2024-06-02T03:04:05Z }
      dir/1.txt: "1"
      dir/2.txt: "2"
      dir/big.bin: { bytes: 20000000 }
      z.txt: "z"
  far-bucket: { region: us-east-1 }
  open-bucket:
    objects: { page.html: "<html/>" }
    policy:
      Statement:
        - { Effect: Allow, Principal: "*", Action: s3:GetObject, Resource: arn:aws:s3:::open-bucket/* }
  others-bucket: { account: "999999999999", objects: { a.txt: "theirs" } }
tables:
  orders: { key: id, items: [{ id: "1", count: 2, done: true, tags: [a] }] }
  visits: { key: [user, at], items: [{ user: u, at: 5 }] }
topics: { alerts: {} }
"#;

/// A request, so far without a signature.
#[derive(Clone)]
struct Ask {
    method: &'static str,
    host: String,
    target: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    service: &'static str,
    region: &'static str,
    endpoint: Option<VpcEndpointId>,
    over_tls: bool,
}

impl Ask {
    fn s3(method: &'static str, bucket: &str, target: &str) -> Self {
        let dot = if bucket.is_empty() { "" } else { "." };
        Self {
            method,
            host: format!("{bucket}{dot}s3.{SEOUL}.amazonaws.com"),
            target: target.to_owned(),
            headers: Vec::new(),
            body: Vec::new(),
            service: "s3",
            region: SEOUL,
            endpoint: None,
            over_tls: true,
        }
    }

    fn dynamodb(action: &str, document: &Value) -> Self {
        let ask = Self {
            host: format!("dynamodb.{SEOUL}.amazonaws.com"),
            service: "dynamodb",
            body: document.to_string().into_bytes(),
            ..Self::s3("POST", "", "/")
        };
        let ask = ask.with("X-Amz-Target", &format!("DynamoDB_20120810.{action}"));
        ask.with("Content-Type", "application/x-amz-json-1.0")
    }

    fn form(service: &'static str, form: &str) -> Self {
        let host = format!("{service}.{SEOUL}.amazonaws.com");
        let ask = Self { host, service, body: form.as_bytes().to_vec(), ..Self::s3("POST", "", "/") };
        ask.with("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
    }

    fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }
}

/// What came back.
struct Reply {
    status: u16,
    headers: Vec<(String, String)>,
    body: String,
}

impl Reply {
    fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(found, _)| found == name).map_or("", |(_, value)| value)
    }

    /// The text of the first element with a name.
    fn element(&self, name: &str) -> &str {
        let inside = self.body.split(&format!("<{name}>")).nth(1);
        inside.and_then(|rest| rest.split(&format!("</{name}>")).next()).unwrap_or_default()
    }

    fn elements(&self, name: &str) -> Vec<&str> {
        let begin = format!("<{name}>");
        let parts = self.body.split(&begin).skip(1);
        parts.map(|rest| rest.split(&format!("</{name}>")).next().unwrap_or_default()).collect()
    }

    /// Status, code and message of an error.
    fn error(&self) -> (u16, &str, &str) {
        (self.status, self.element("Code"), self.element("Message"))
    }

    fn json(&self) -> Value {
        serde_json::from_str(&self.body).expect("JSON")
    }
}

fn reply(came: Answer) -> Reply {
    let value = |value: HeaderValue| match value {
        HeaderValue::ContentLength => came.body.len().to_string(),
        HeaderValue::Date(_) => "now".to_owned(),
        HeaderValue::Text(text) => text,
    };
    let body = match &came.body {
        Body::Bytes(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        Body::Filler(len) => format!("{len} bytes"),
    };
    let headers = came.headers.iter().map(|(name, of)| (name.clone(), value(of.clone()))).collect();
    Reply { status: came.status, headers, body }
}

/// The services, and who asks them.
struct Services {
    lab: Lab,
}

impl Services {
    /// With three users: one may do everything, one reads S3, one may nothing.
    fn new() -> Self {
        let mut lab = Lab::of(WORLD);
        for user in ["Admin", "Reader", "Nobody"] {
            lab.aws(&format!("iam create-user --user-name {user}"));
            lab.aws(&format!("iam create-access-key --user-name {user}"));
        }
        let attach = "iam attach-user-policy --policy-arn arn:aws:iam::aws:policy";
        lab.aws(&format!("{attach}/AmazonS3ReadOnlyAccess --user-name Reader"));
        let all = r#"{"Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;
        lab.aws(&format!(
            "iam put-user-policy --user-name Admin --policy-name All --policy-document '{all}'"
        ));
        Self { lab }
    }

    fn key(&self, user: &str) -> Credentials {
        let is_theirs =
            |principal: &Principal| matches!(principal, Principal::User { name, .. } if name == user);
        let mut sessions = self.lab.model.sessions.values();
        sessions.find(|session| is_theirs(&session.principal)).expect("a key").credentials.clone()
    }

    fn send(&mut self, ask: &Ask) -> Reply {
        let mut headers = vec![("Host".to_owned(), ask.host.clone())];
        headers.extend(ask.headers.clone());
        let request = Request {
            method: ask.method,
            target: &ask.target,
            headers: &headers,
            body: &ask.body,
            source: Ipv4Addr::new(10, 0, 0, 5),
            over_tls: ask.over_tls,
            endpoint: ask.endpoint,
            service: ask.service,
            region: ask.region.parse().expect("a region"),
        };
        let caller = Scope { account: "123456789012".parse().expect("an account"), region: request.region };
        let came = answer(&mut Ec2::new(&mut self.lab.model, caller, self.lab.now), &request);
        reply(came)
    }

    fn signed_by(&self, ask: &Ask, key: &Credentials, region: &str) -> Ask {
        let mut headers = vec![("Host".to_owned(), ask.host.clone())];
        headers.extend(ask.headers.clone());
        let request =
            sigv4::Request { method: ask.method, target: &ask.target, headers: &headers, body: &ask.body };
        let credentials = sigv4::Credentials {
            access_key_id: &key.access_key_id,
            secret_access_key: &key.secret_access_key,
            session_token: key.token.as_deref(),
        };
        let mut ask = ask.clone();
        ask.headers.extend(sigv4::sign(&request, &credentials, region, ask.service, self.lab.now));
        ask
    }

    fn ask(&mut self, user: &str, ask: &Ask) -> Reply {
        let signed = self.signed_by(ask, &self.key(user), ask.region);
        self.send(&signed)
    }
}

#[test]
fn buckets_of_every_region_are_listed_to_who_may() {
    let mut services = Services::new();
    let came = services.ask("Reader", &Ask::s3("GET", "", "/"));
    assert_eq!(came.status, 200);
    let names: Vec<&str> = came.headers.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["x-amz-id-2", "x-amz-request-id", "Date", "Content-Type", "Content-Length", "Server"]);
    assert_eq!(came.header("x-amz-request-id").len(), 16);
    assert_eq!(came.header("Content-Type"), "application/xml");
    assert!(came.body.starts_with(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ListAllMyBucketsResult \
         xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Owner><ID>"
    ));
    assert_eq!(came.elements("Name"), ["far-bucket", "my-bucket", "open-bucket"]);
    assert_eq!(came.elements("CreationDate")[1], "2024-06-01T00:00:00.000Z");

    let denied = services.ask("Nobody", &Ask::s3("GET", "", "/"));
    let text = "User: arn:aws:iam::123456789012:user/Nobody is not authorized to perform: s3:ListAllMyBuckets \
                because no identity-based policy allows the s3:ListAllMyBuckets action";
    assert_eq!(denied.error(), (403, "AccessDenied", text));
}

#[test]
fn the_root_of_s3_leads_strangers_to_a_page() {
    let mut services = Services::new();
    let came = services.send(&Ask::s3("GET", "", "/"));
    assert_eq!((came.status, came.header("Location")), (307, "https://aws.amazon.com/s3/"));
    assert_eq!((came.header("Content-Length"), came.header("Server")), ("0", "AmazonS3"));
    assert_eq!(services.send(&Ask::s3("PUT", "", "/")).error().1, "MethodNotAllowed");
}

#[test]
fn keys_are_listed_in_order_and_by_prefix() {
    let mut services = Services::new();
    let mut list =
        |query: &str| services.ask("Reader", &Ask::s3("GET", "my-bucket", &format!("/?list-type=2{query}")));
    let came = list("");
    let keys = ["a.txt", "b c+d.txt", "dir/1.txt", "dir/2.txt", "dir/big.bin", "z.txt"];
    assert_eq!(came.elements("Key"), keys);
    assert_eq!(came.elements("Size"), ["6", "3", "1", "1", "20000000", "1"]);
    assert_eq!(came.elements("LastModified")[1], "2024-06-02T03:04:05.000Z");
    assert_eq!(came.elements("ETag")[0], "&quot;b1946ac92492d2347c6235b4d2611184&quot;");

    let came = list("&prefix=&delimiter=%2F&encoding-type=url");
    assert_eq!(came.elements("Key"), ["a.txt", "b+c%2Bd.txt", "z.txt"]);
    assert_eq!((came.elements("Prefix"), came.element("KeyCount")), (vec!["", "dir/"], "4"));
    assert_eq!((came.element("Delimiter"), came.element("EncodingType")), ("/", "url"));
    assert_eq!(list("&prefix=dir/&delimiter=/").elements("Key"), keys[2..5]);
    assert_eq!(list("&prefix=none/").element("KeyCount"), "0");
    assert_eq!(list("&start-after=dir/2.txt").elements("Key"), keys[4..]);

    // Page by page, with a prefix that counts as one.
    let (mut pages, mut token) = (Vec::new(), String::new());
    loop {
        let came = list(&format!("&max-keys=1&delimiter=/{token}"));
        pages.push([came.element("Key"), came.elements("Prefix").last().expect("one")].concat());
        if came.element("IsTruncated") == "false" {
            break;
        }
        token = format!("&continuation-token={}", came.element("NextContinuationToken"));
    }
    assert_eq!(pages, ["a.txt", "b c+d.txt", "dir/", "z.txt"]);

    assert_eq!(list("&max-keys=x").error().1, "InvalidArgument");
    assert_eq!(list("&continuation-token=x").error().1, "InvalidArgument");
    let first = services.ask("Reader", &Ask::s3("GET", "my-bucket", "/?max-keys=2"));
    assert_eq!((first.elements("Key"), first.element("IsTruncated")), (keys[..2].to_vec(), "true"));
    assert_eq!(first.elements("Marker"), [""]);
}

#[test]
fn objects_are_got_whole_and_in_part() {
    let mut services = Services::new();
    let came = services.ask("Reader", &Ask::s3("GET", "my-bucket", "/b%20c%2Bd.txt"));
    assert_eq!((came.status, came.body.as_str()), (200, "<x>"));
    assert_eq!((came.header("Content-Type"), came.header("Content-Length")), ("text/plain", "3"));
    assert_eq!(came.header("Last-Modified"), "Sun, 02 Jun 2024 03:04:05 GMT");

    let part = |range: &str| Ask::s3("GET", "my-bucket", "/a.txt").with("Range", range);
    for (range, body) in
        [("bytes=1-3", "ell"), ("bytes=4-", "o\n"), ("bytes=-2", "o\n"), ("bytes=0-99", "hello\n")]
    {
        let came = services.ask("Reader", &part(range));
        assert_eq!((came.status, came.body.as_str()), (206, body), "{range}");
    }
    assert_eq!(services.ask("Reader", &part("bytes=1-3")).header("Content-Range"), "bytes 1-3/6");
    assert_eq!(services.ask("Reader", &part("bytes=6-")).error().1, "InvalidRange");
    assert_eq!(services.ask("Reader", &part("lines=1-")).status, 200);
    let big = Ask::s3("GET", "my-bucket", "/dir/big.bin").with("Range", "bytes=8388608-16777215");
    assert_eq!(services.ask("Reader", &big).body, "8388608 bytes");

    let head = services.ask("Reader", &Ask::s3("HEAD", "my-bucket", "/dir/big.bin"));
    assert_eq!((head.status, head.header("Content-Length"), head.body.as_str()), (200, "20000000", ""));
    // By path, as a client asks that was given an address.
    let by_path = Ask { host: "10.0.0.9".to_owned(), ..Ask::s3("GET", "", "/my-bucket/a.txt") };
    assert_eq!(services.ask("Reader", &by_path).body, "hello\n");
    let host = format!("my-bucket.bucket.vpce-1a2b3c4d-5e6f.s3.{SEOUL}.vpce.amazonaws.com");
    assert_eq!(services.ask("Reader", &Ask { host, ..Ask::s3("GET", "", "/a.txt") }).body, "hello\n");
}

#[test]
fn objects_are_put_and_deleted() {
    let mut services = Services::new();
    let put = Ask { body: b"hello\n".to_vec(), ..Ask::s3("PUT", "my-bucket", "/new/up.txt") };
    let put = put.with("Content-Type", "text/plain");
    assert_eq!(services.ask("Reader", &put).error().1, "AccessDenied");
    let came = services.ask("Admin", &put);
    assert_eq!((came.status, came.header("ETag")), (200, "\"b1946ac92492d2347c6235b4d2611184\""));
    let got = services.ask("Reader", &Ask::s3("GET", "my-bucket", "/new/up.txt"));
    assert_eq!((got.body.as_str(), got.header("Content-Type")), ("hello\n", "text/plain"));

    let chunked =
        b"4;chunk-signature=00\r\nwiki\r\n5\r\npedia\r\n0\r\nx-amz-checksum-crc32:AAAA\r\n\r\n".to_vec();
    let put = Ask { body: chunked, ..Ask::s3("PUT", "my-bucket", "/chunks") };
    let put = put.with("X-Amz-Content-SHA256", "STREAMING-UNSIGNED-PAYLOAD-TRAILER");
    assert_eq!(services.ask("Admin", &put).status, 200);
    assert_eq!(services.ask("Admin", &Ask::s3("GET", "my-bucket", "/chunks")).body, "wikipedia");
    let cut = Ask { body: b"4\r\nwi".to_vec(), ..put };
    assert_eq!(services.ask("Admin", &cut).error().1, "IncompleteBody");

    for _ in 0..2 {
        // That there is none is no mistake.
        assert_eq!(services.ask("Admin", &Ask::s3("DELETE", "my-bucket", "/chunks")).status, 204);
    }
    let long = Ask::s3("PUT", "my-bucket", &format!("/{}", "k".repeat(1025)));
    assert_eq!(services.ask("Admin", &long).error().1, "KeyTooLongError");
    let copy = Ask::s3("PUT", "my-bucket", "/copy").with("x-amz-copy-source", "/my-bucket/a.txt");
    assert_eq!(services.ask("Admin", &copy).error().1, "NotImplemented");
}

#[test]
fn what_is_missing_is_told_to_who_may_list() {
    let mut services = Services::new();
    let missing = |services: &mut Services, user: &str| {
        let came = services.ask(user, &Ask::s3("GET", "my-bucket", "/none.txt"));
        let (status, code, message) = came.error();
        (status, code.to_owned(), message.to_owned())
    };
    let (status, code, message) = missing(&mut services, "Reader");
    assert_eq!(
        (status, code.as_str(), message.as_str()),
        (404, "NoSuchKey", "The specified key does not exist.")
    );
    let only_get = r#"{"Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}]}"#;
    services.lab.aws(&format!(
        "iam put-user-policy --user-name Nobody --policy-name Get --policy-document '{only_get}'"
    ));
    let (status, code, message) = missing(&mut services, "Nobody");
    assert_eq!((status, code.as_str()), (403, "AccessDenied"));
    assert!(message.contains("s3:ListBucket on resource: &quot;arn:aws:s3:::my-bucket&quot;"), "{message}");

    let came = services.ask("Reader", &Ask::s3("GET", "no-bucket", "/?list-type=2"));
    assert_eq!(came.error(), (404, "NoSuchBucket", "The specified bucket does not exist"));
    assert_eq!(came.element("BucketName"), "no-bucket");
    for (bucket, key, user, status) in [
        ("no-bucket", "/", "Reader", 404),
        ("my-bucket", "/none", "Reader", 404),
        ("my-bucket", "/", "Nobody", 403),
    ] {
        let came = services.ask(user, &Ask::s3("HEAD", bucket, key));
        assert_eq!((came.status, came.body.as_str()), (status, ""));
    }
}

#[test]
fn a_bucket_elsewhere_says_where() {
    let mut services = Services::new();
    let came = services.ask("Reader", &Ask::s3("GET", "far-bucket", "/?list-type=2"));
    assert_eq!((came.error().0, came.error().1), (301, "PermanentRedirect"));
    assert_eq!(came.header("x-amz-bucket-region"), "us-east-1");
    assert_eq!(came.element("Endpoint"), "far-bucket.s3.us-east-1.amazonaws.com");
    let head = services.ask("Reader", &Ask::s3("HEAD", "far-bucket", "/"));
    assert_eq!((head.status, head.header("x-amz-bucket-region"), head.body.as_str()), (301, "us-east-1", ""));

    let host = "far-bucket.s3.us-east-1.amazonaws.com".to_owned();
    let there = Ask { host, region: "us-east-1", ..Ask::s3("GET", "far-bucket", "/?location") };
    let came = services.ask("Reader", &there);
    assert!(came.body.ends_with(
        "<LocationConstraint xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"></LocationConstraint>"
    ));
    let here = services.ask("Reader", &Ask::s3("GET", "my-bucket", "/?location"));
    assert!(here.body.ends_with(">ap-northeast-2</LocationConstraint>"));
    assert_eq!(
        services.ask("Reader", &Ask::s3("HEAD", "my-bucket", "/")).header("x-amz-bucket-region"),
        SEOUL
    );
}

#[test]
fn a_signature_that_is_not_right_is_refused() {
    let mut services = Services::new();
    let (key, ask) = (services.key("Reader"), Ask::s3("GET", "my-bucket", "/a.txt"));
    let wrong = |services: &mut Services, ask: &Ask| {
        let came = services.send(ask);
        (came.status, came.element("Code").to_owned(), came.body)
    };
    let good = services.signed_by(&ask, &key, SEOUL);
    assert_eq!(services.send(&good).status, 200);
    let mut no_time = good.clone();
    no_time.headers.retain(|(name, _)| name != "X-Amz-Date");
    let mut no_hash = good.clone();
    no_hash.headers.retain(|(name, _)| name != "X-Amz-Content-SHA256");
    let with_key = |key: Credentials| services.signed_by(&ask, &key, SEOUL);
    let asks = [
        (Ask { target: "/z.txt".to_owned(), ..good.clone() }, 403, "SignatureDoesNotMatch"),
        (
            with_key(Credentials { secret_access_key: "x".to_owned(), ..key.clone() }),
            403,
            "SignatureDoesNotMatch",
        ),
        (
            with_key(Credentials { access_key_id: "AKIANOBODY".to_owned(), ..key.clone() }),
            403,
            "InvalidAccessKeyId",
        ),
        (with_key(Credentials { token: Some("x".to_owned()), ..key.clone() }), 400, "InvalidToken"),
        (Ask { body: b"x".to_vec(), ..good.clone() }, 400, "XAmzContentSHA256Mismatch"),
        (no_time, 403, "AccessDenied"),
        (no_hash, 400, "InvalidRequest"),
        (ask.clone().with("Authorization", "Basic YTpi"), 400, "InvalidArgument"),
        (ask.clone().with("Authorization", "AWS4-HMAC-SHA256 nothing"), 400, "AuthorizationHeaderMalformed"),
    ];
    for (ask, status, code) in asks {
        let came = wrong(&mut services, &ask);
        assert_eq!((came.0, came.1.as_str()), (status, code), "{}", came.2);
    }
    let elsewhere = services.signed_by(&ask, &key, "us-east-1");
    let came = services.send(&elsewhere);
    let text =
        "The authorization header is malformed; the region 'us-east-1' is wrong; expecting 'ap-northeast-2'";
    assert_eq!(came.error(), (400, "AuthorizationHeaderMalformed", text));
    assert_eq!(came.element("Region"), SEOUL);

    services.lab.wait(15 * 60);
    assert_eq!(services.send(&good).status, 200);
    services.lab.wait(1);
    let came = services.send(&good);
    assert_eq!((came.error().0, came.error().1), (403, "RequestTimeTooSkewed"));
    assert_eq!(came.element("MaxAllowedSkewMilliseconds"), "900000");
}

#[test]
fn a_session_ends_with_its_token() {
    let mut services = Services::new();
    let mut key = services.key("Reader");
    // As temporary credentials are.
    (key.token, key.expires) = (Some("token".to_owned()), Some(services.lab.now + Duration::from_secs(60)));
    services.lab.model.sessions.get_mut(&key.access_key_id).expect("a key").credentials = key.clone();
    let ask = Ask::s3("GET", "my-bucket", "/a.txt");
    let signed = services.signed_by(&ask, &key, SEOUL);
    assert_eq!(services.send(&signed).status, 200);
    let without = services.signed_by(&ask, &Credentials { token: None, ..key.clone() }, SEOUL);
    assert_eq!(services.send(&without).error().1, "InvalidToken");
    services.lab.wait(60);
    assert_eq!(services.send(&signed).error(), (400, "ExpiredToken", "The provided token has expired."));
    let tables = services.signed_by(&Ask::dynamodb("ListTables", &json!({})), &key, SEOUL);
    assert_eq!(services.send(&tables).json()["__type"], "com.amazon.coral.service#ExpiredTokenException");
    let who = services.signed_by(&Ask::form("sts", "Action=GetCallerIdentity"), &key, SEOUL);
    assert_eq!(services.send(&who).error().1, "ExpiredToken");
}

#[test]
fn a_bucket_policy_lets_strangers_in() {
    let mut services = Services::new();
    assert_eq!(services.send(&Ask::s3("GET", "open-bucket", "/page.html")).body, "<html/>");
    assert_eq!(
        services.send(&Ask::s3("GET", "open-bucket", "/")).error(),
        (403, "AccessDenied", "Access Denied")
    );
    assert_eq!(services.send(&Ask::s3("GET", "my-bucket", "/a.txt")).error().1, "AccessDenied");
    assert_eq!(services.ask("Nobody", &Ask::s3("GET", "open-bucket", "/page.html")).status, 200);
    // Of another account: its policy has to say so.
    assert_eq!(services.ask("Admin", &Ask::s3("GET", "others-bucket", "/a.txt")).error().2, "Access Denied");

    let deny = r#"{"Statement":[{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::my-bucket/*"}]}"#;
    services.lab.aws(&format!("s3api put-bucket-policy --bucket my-bucket --policy '{deny}'"));
    let came = services.ask("Admin", &Ask::s3("GET", "my-bucket", "/a.txt"));
    assert!(came.error().2.ends_with("with an explicit deny in a resource-based policy"), "{}", came.body);
    services.lab.aws("s3api delete-bucket-policy --bucket my-bucket");
    assert_eq!(services.ask("Admin", &Ask::s3("GET", "my-bucket", "/a.txt")).status, 200);
}

#[test]
fn a_bucket_may_want_tls() {
    let mut services = Services::new();
    let policy = r#"{"Statement":{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::my-bucket/*",
                     "Condition":{"Bool":{"aws:SecureTransport":"false"}}}}"#;
    services.lab.aws(&format!("s3api put-bucket-policy --bucket my-bucket --policy '{policy}'"));
    let ask = Ask::s3("GET", "my-bucket", "/a.txt");
    assert_eq!(services.ask("Admin", &ask).status, 200);
    assert_eq!(services.ask("Admin", &Ask { over_tls: false, ..ask }).status, 403);
}

#[test]
fn an_endpoint_policy_is_asked_by_services() {
    let mut services = Services::new();
    let only = r#"{"Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::my-bucket/*"}]}"#;
    services.lab.aws(&format!("ec2 modify-vpc-endpoint --vpc-endpoint-id E --policy-document '{only}'"));
    let endpoint = services.lab.model.endpoints.keys().next().copied();
    let get = Ask { endpoint, ..Ask::s3("GET", "my-bucket", "/a.txt") };
    assert_eq!(services.ask("Admin", &get).status, 200);
    let list = Ask { endpoint, ..Ask::s3("GET", "", "/") };
    let came = services.ask("Admin", &list);
    assert!(came.error().2.contains("because no VPC endpoint policy allows the s3:ListAllMyBuckets action"));
    assert_eq!(services.ask("Admin", &Ask { endpoint: None, ..list }).status, 200);
}

#[test]
fn tables_are_listed_described_and_read() {
    let mut services = Services::new();
    let mut ask = |action: &str, document: Value| services.ask("Admin", &Ask::dynamodb(action, &document));
    let came = ask("ListTables", json!({}));
    assert_eq!((came.status, came.header("Content-Type")), (200, "application/x-amz-json-1.0"));
    assert_eq!(came.body, r#"{"TableNames":["orders","visits"]}"#);
    assert_eq!((came.header("x-amzn-RequestId").len(), came.header("Server")), (52, "Server"));
    let page = ask("ListTables", json!({ "Limit": 1 })).json();
    assert_eq!(page, json!({ "TableNames": ["orders"], "LastEvaluatedTableName": "orders" }));
    let page = ask("ListTables", json!({ "Limit": 1, "ExclusiveStartTableName": "orders" })).json();
    assert_eq!(page, json!({ "TableNames": ["visits"] }));

    let table = &ask("DescribeTable", json!({ "TableName": "visits" })).json()["Table"];
    assert_eq!(table["TableArn"], "arn:aws:dynamodb:ap-northeast-2:123456789012:table/visits");
    assert_eq!(table["KeySchema"][1], json!({ "AttributeName": "at", "KeyType": "RANGE" }));
    assert_eq!(table["AttributeDefinitions"][1], json!({ "AttributeName": "at", "AttributeType": "N" }));

    let key = json!({ "id": { "S": "1" } });
    let item = ask("GetItem", json!({ "TableName": "orders", "Key": key })).json();
    let expected = json!({ "id": { "S": "1" }, "count": { "N": "2" }, "done": { "BOOL": true }, "tags": { "L": [{ "S": "a" }] } });
    assert_eq!(item["Item"], expected);
    let item = json!({ "id": { "S": "2" }, "x": { "NULL": true } });
    assert_eq!(ask("PutItem", json!({ "TableName": "orders", "Item": item })).body, "{}");
    let key = json!({ "id": { "S": "2" } });
    assert_eq!(ask("GetItem", json!({ "TableName": "orders", "Key": key })).json()["Item"], item);
    let key = json!({ "id": { "S": "3" } });
    assert_eq!(ask("GetItem", json!({ "TableName": "orders", "Key": key })).body, "{}");

    let mut refused = |action: &str, document: Value| {
        let came = ask(action, document);
        let (status, error) = (came.status, came.json());
        let code = error["__type"].as_str().unwrap_or_default().to_owned();
        (status, code, error["message"].as_str().unwrap_or_default().to_owned())
    };
    let (status, code, text) = refused("DescribeTable", json!({ "TableName": "none" }));
    assert_eq!(status, 400);
    assert_eq!(code, "com.amazonaws.dynamodb.v20120810#ResourceNotFoundException");
    assert_eq!(text, "Requested resource not found: Table: none not found");
    let (_, code, text) = refused("PutItem", json!({ "TableName": "orders", "Item": { "x": { "S": "" } } }));
    assert_eq!(code, "com.amazon.coral.validate#ValidationException");
    assert_eq!(text, "One or more parameter values were invalid: Missing the key id in the item");
    let (_, _, text) = refused("PutItem", json!({ "TableName": "orders", "Item": { "id": { "N": "1" } } }));
    assert_eq!(
        text,
        "One or more parameter values were invalid: Type mismatch for key id expected: S actual: N"
    );
    let (_, _, text) = refused("GetItem", json!({ "TableName": "orders", "Key": { "no": { "S": "" } } }));
    assert_eq!(text, "The provided key element does not match the schema");
    assert_eq!(refused("Scan", json!({})).1, "com.amazon.coral.service#UnknownOperationException");
    assert_eq!(refused("GetItem", json!([])).1, "com.amazon.coral.service#SerializationException");
}

#[test]
fn dynamodb_wants_to_know_who_asks() {
    let mut services = Services::new();
    let list = Ask::dynamodb("ListTables", &json!({}));
    let denied = services.ask("Nobody", &list).json();
    assert_eq!(denied["__type"], "com.amazon.coral.service#AccessDeniedException");
    assert_eq!(
        denied["Message"],
        "User: arn:aws:iam::123456789012:user/Nobody is not authorized to perform: dynamodb:ListTables on resource: \
         arn:aws:dynamodb:ap-northeast-2:123456789012:table/* because no identity-based policy allows the \
         dynamodb:ListTables action"
    );
    let code = |came: Reply| {
        came.json()["__type"].as_str().unwrap_or_default().replace("com.amazon.coral.service#", "")
    };
    assert_eq!(code(services.send(&list)), "MissingAuthenticationTokenException");
    let key = services.key("Admin");
    let other = services.signed_by(&list, &key, "us-east-1");
    assert_eq!(code(services.send(&other)), "InvalidSignatureException");
    let old = services.signed_by(&list, &key, SEOUL);
    let unknown = services.signed_by(&list, &Credentials { access_key_id: "AKIA".to_owned(), ..key }, SEOUL);
    assert_eq!(code(services.send(&unknown)), "UnrecognizedClientException");
    services.lab.wait(3600);
    assert_eq!(
        services.send(&old).json()["message"],
        "Signature expired: 20240628T090000Z is now earlier than 20240628T094500Z (20240628T100000Z - 15 min.)"
    );

    let mut healthy = Ask::dynamodb("", &json!({}));
    healthy.method = "GET";
    let came = services.send(&healthy);
    assert_eq!((came.status, came.body.as_str()), (200, "healthy: dynamodb.ap-northeast-2.amazonaws.com "));
}

#[test]
fn messages_are_published_on_topics() {
    let mut services = Services::new();
    let arn = "arn:aws:sns:ap-northeast-2:123456789012:alerts";
    let publish = |arn: &str| {
        Ask::form("sns", &format!("Action=Publish&TopicArn={}&Message=a%20b+c", arn.replace(':', "%3A")))
    };
    let came = services.ask("Admin", &publish(arn));
    assert_eq!(came.status, 200, "{}", came.body);
    assert!(came.body.starts_with(
        "<PublishResponse xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\">\n  <PublishResult>\n"
    ));
    assert_eq!(came.element("MessageId").len(), 36);
    assert_eq!(services.lab.model.topics[arn].messages, ["a b c"]);
    let came = services.ask("Admin", &Ask::form("sns", "Action=ListTopics&Version=2010-03-31"));
    assert_eq!(came.elements("TopicArn"), [arn]);

    let came = services.ask("Admin", &publish("arn:aws:sns:ap-northeast-2:123456789012:none"));
    assert_eq!(came.error(), (404, "NotFound", "Topic does not exist"));
    let came = services.ask("Nobody", &publish(arn));
    let text = format!(
        "User: arn:aws:iam::123456789012:user/Nobody is not authorized to perform: SNS:Publish on resource: {arn} \
         because no identity-based policy allows the SNS:Publish action"
    );
    assert_eq!(came.error(), (403, "AuthorizationError", text.as_str()));
    assert_eq!(
        services.ask("Admin", &publish("arn:aws:sns:us-east-1:123456789012:alerts")).error().1,
        "InvalidParameter"
    );
    let empty = Ask::form("sns", &format!("Action=Publish&TopicArn={arn}&Message="));
    assert_eq!(services.ask("Admin", &empty).error().2, "Invalid parameter: Empty message");
    assert_eq!(services.ask("Admin", &Ask::form("sns", "Action=Subscribe")).error().1, "InvalidAction");
    assert_eq!(services.send(&Ask::form("sns", "Action=ListTopics")).error().1, "MissingAuthenticationToken");
}

#[test]
fn everybody_may_ask_who_they_are() {
    let mut services = Services::new();
    let who = Ask::form("sts", "Action=GetCallerIdentity&Version=2011-06-15");
    let came = services.ask("Nobody", &who);
    assert_eq!(came.element("Arn"), "arn:aws:iam::123456789012:user/Nobody");
    assert_eq!(came.element("Account"), "123456789012");
    assert!(came.element("UserId").starts_with("AIDA"));
    assert_eq!(came.header("Content-Type"), "text/xml");
    let unknown = Credentials { access_key_id: "AKIA".to_owned(), ..services.key("Nobody") };
    let signed = services.signed_by(&who, &unknown, SEOUL);
    assert_eq!(services.send(&signed).error().1, "InvalidClientTokenId");
    let page = Ask { method: "GET", body: Vec::new(), ..who };
    assert_eq!(services.send(&page).header("Location"), "https://aws.amazon.com/iam");
}

#[test]
fn a_notebook_shows_its_page() {
    let mut services = Services::new();
    let ask = |target: &str| Ask { service: "notebook", ..Ask::s3("GET", "", target) };
    assert_eq!(services.send(&ask("/")).header("Location"), "/tree");
    assert!(services.send(&ask("/tree")).body.contains("Jupyter"));
    assert_eq!(services.send(&ask("/none")).status, 404);
    let nothing = Ask { service: "kms", ..Ask::s3("GET", "", "/") };
    assert_eq!(services.send(&nothing).error().1, "MissingAction");
}

#[test]
fn buckets_tables_and_topics_are_made_by_commands() {
    let mut lab = Lab::of(WORLD);
    let mut refused = |command: &str| {
        let failure = lab.try_aws(command).expect_err("it is refused");
        let (code, text) = failure.split_once(": ").expect("a code and a message");
        (code.to_owned(), text.to_owned())
    };
    let bucket = "s3api create-bucket --bucket";
    let there = "--create-bucket-configuration LocationConstraint=ap-northeast-2";
    assert_eq!(refused(&format!("{bucket} new-one")).0, "IllegalLocationConstraintException");
    let elsewhere = "--create-bucket-configuration LocationConstraint=eu-west-1";
    assert_eq!(refused(&format!("{bucket} new-one {elsewhere}")).0, "IllegalLocationConstraintException");
    assert_eq!(refused(&format!("{bucket} New_One {there}")).0, "InvalidBucketName");
    assert_eq!(refused(&format!("{bucket} my-bucket {there}")).0, "BucketAlreadyOwnedByYou");
    assert_eq!(refused(&format!("{bucket} others-bucket {there}")).0, "BucketAlreadyExists");
    assert_eq!(refused("s3api delete-bucket --bucket my-bucket").0, "BucketNotEmpty");
    assert_eq!(refused("s3api delete-bucket --bucket no-bucket").0, "NoSuchBucket");
    assert_eq!(refused("s3api delete-bucket --bucket others-bucket").0, "AccessDenied");
    let policy = |what: &str| {
        format!("s3api put-bucket-policy --bucket my-bucket --policy '{{\"Statement\":[{what}]}}'")
    };
    let all = r#""Effect":"Allow","Action":"s3:*""#;
    for (what, text) in [
        (format!(r#"{{{all},"Resource":"arn:aws:s3:::my-bucket"}}"#), "Missing required field Principal"),
        (
            format!(r#"{{{all},"Principal":"*","Resource":"arn:aws:s3:::other"}}"#),
            "Policy has invalid resource",
        ),
        (format!(r#"{{{all},"Principal":"*","Resource":"my-bucket"}}"#), "Policy has invalid resource"),
    ] {
        assert_eq!(refused(&policy(&what)), ("MalformedPolicy".to_owned(), text.to_owned()));
    }
    let table = "dynamodb create-table --attribute-definitions AttributeName=id,AttributeType=S --key-schema \
                 AttributeName=id,KeyType=HASH --table-name";
    assert_eq!(
        refused(&format!("{table} orders --billing-mode PAY_PER_REQUEST")).0,
        "ResourceInUseException"
    );
    assert_eq!(refused(&format!("{table} new-one")).0, "ValidationException");
    assert_eq!(refused(&format!("{table} a --billing-mode PAY_PER_REQUEST")).0, "ValidationException");
    assert_eq!(refused("dynamodb put-item --table-name none --item {}").0, "ResourceNotFoundException");
    assert_eq!(refused("dynamodb put-item --table-name orders --item '{\"a\":1}'").0, "ValidationException");
    assert_eq!(refused("sns create-topic --name a/b").0, "InvalidParameter");

    lab.aws(&format!("{bucket} new-one {there}"));
    lab.aws(&format!("{bucket} newer-one --region us-east-1"));
    lab.aws(&format!("{bucket} newer-one --region us-east-1"));
    lab.aws("s3api delete-bucket --bucket new-one");
    lab.aws(&format!("{table} new-one --provisioned-throughput ReadCapacityUnits=1,WriteCapacityUnits=1"));
    lab.aws("dynamodb put-item --table-name new-one --item '{\"id\":{\"S\":\"1\"}}'");
    lab.aws("sns create-topic --name news");
    lab.aws("sns create-topic --name news");
    assert!(!lab.model.buckets.contains_key("new-one") && lab.model.buckets.contains_key("newer-one"));
    assert_eq!(lab.model.topics.len(), 2);
    let account: Account = "123456789012".parse().expect("an account");
    let key = (account, SEOUL.parse().expect("a region"), "new-one".to_owned());
    assert_eq!(lab.model.dynamodb_tables[&key].items.len(), 1);
}

#[test]
fn parts_of_buckets_that_are_not_here_are_no_lists() {
    let mut services = Services::new();
    for part in ["acl", "analytics", "publicAccessBlock", "requestPayment", "versions"] {
        let reply = services.ask("Admin", &Ask::s3("GET", "my-bucket", &format!("/?{part}")));
        assert_eq!((reply.status, reply.element("Code")), (501, "NotImplemented"), "{part}");
    }
}

#[test]
fn whatever_is_asked_there_is_an_answer() {
    let mut services = Services::new();
    let good = [
        Ask::s3("GET", "my-bucket", "/?list-type=2&prefix=a&delimiter=%2F&max-keys=2&encoding-type=url"),
        Ask::s3("GET", "", "/my-bucket/dir/1.txt").with("Range", "bytes=0-1"),
        Ask { body: b"4;x\r\nwiki\r\n0\r\n\r\n".to_vec(), ..Ask::s3("PUT", "my-bucket", "/k") }
            .with("X-Amz-Content-SHA256", "STREAMING-UNSIGNED-PAYLOAD-TRAILER"),
        Ask::dynamodb("PutItem", &json!({ "TableName": "orders", "Item": { "id": { "S": "x" } } })),
        Ask::form("sns", "Action=Publish&TopicArn=arn:aws:sns:ap-northeast-2:123456789012:alerts&Message=m"),
        Ask::form("sts", "Action=GetCallerIdentity&Version=2011-06-15"),
    ];
    let key = services.key("Admin");
    let mut random = Seed(1).stream("services", "mutations");
    let mut mutate = |text: &str, often: u64| -> String {
        let mut bytes = text.as_bytes().to_vec();
        for _ in 0..random.below(often + 1) {
            let at = random.below(bytes.len() as u64 + 1) as usize;
            let byte = b"%/=&?;:\r\n\x00\xff.-0aZ{}\"<"[random.below(20) as usize];
            match random.below(3) {
                0 if at < bytes.len() => drop(bytes.remove(at)),
                1 if at < bytes.len() => bytes[at] = byte,
                _ => bytes.insert(at, byte),
            }
        }
        String::from_utf8_lossy(&bytes).into_owned()
    };
    for round in 0..4_000 {
        let mut ask = good[round % good.len()].clone();
        let signs_last = round % 3 == 0;
        if !signs_last {
            ask = services.signed_by(&ask, &key, SEOUL);
        }
        (ask.target, ask.host) = (mutate(&ask.target, 3), mutate(&ask.host, 1));
        for (_, value) in &mut ask.headers {
            *value = mutate(value, 1);
        }
        ask.body = mutate(&String::from_utf8_lossy(&ask.body), 2).into_bytes();
        if signs_last {
            ask = services.signed_by(&ask, &key, SEOUL);
        }
        let came = services.send(&ask);
        assert!((200..502).contains(&came.status), "{}", came.status);
    }
}

#[test]
fn mistakes_in_what_services_keep_are_said_all_at_once() {
    let yaml = r#"
name: mistakes
region: ap-northeast-2
buckets:
  Upper: {}
  taken: { objects: { a: { body: x, bytes: 1 } } }
  bad-policy: { policy: { Statement: [{ Effect: Maybe, Action: "s3:*", Resource: "*" }] } }
  other-policy: { policy: { Statement: { Effect: Allow, Principal: "*", Action: "s3:*", Resource: "arn:aws:s3:::b" } } }
  odd: { color: red }
tables:
  orders: { key: id, items: [{ name: x }] }
  visits: { items: [] }
  deep: { key: [a, b, c] }
topics: { "a b": {} }
"#;
    let problems = vpclab::scenario::load(yaml).expect_err("it has mistakes");
    let mut said: Vec<&str> = problems.as_slice().iter().map(|problem| problem.message.as_str()).collect();
    said.sort_unstable();
    assert_eq!(
        said,
        [
            "DynamoDB refuses this: One or more parameter values were invalid: Missing the key id in the item",
            "S3 refuses this: Policy has invalid resource",
            "S3 refuses this: The specified bucket is not valid.",
            "SNS refuses this: Invalid parameter: Topic Name",
            "a table has a partition key and at most one sort key",
            "an object of so many bytes has no text",
            "missing key `key` in a table",
            "this is no policy: `Effect` wants `Allow` or `Deny`",
            "unknown key `color` in a bucket",
        ]
    );
}
