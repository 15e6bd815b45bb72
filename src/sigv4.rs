//! AWS Signature Version 4: what a signed request carries, and whether it was signed with a secret.
//!
//! Knows requests as text, as they are on the wire. Never knows whose a key is, or what may be done
//! with it.

use ring::{digest, hmac};

use crate::time::Instant;

/// How signatures of this version begin, in the header `Authorization`.
pub const ALGORITHM: &str = "AWS4-HMAC-SHA256";
/// What stands for the hash of a body that is not signed.
pub const UNSIGNED_PAYLOAD: &str = "UNSIGNED-PAYLOAD";

/// What a client or a proxy may add or change after signing.
const NEVER_SIGNED: [&str; 8] = [
    "accept-encoding",
    "authorization",
    "connection",
    "content-length",
    "expect",
    "transfer-encoding",
    "user-agent",
    "x-amzn-trace-id",
];

/// A request as it is sent.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// E.g. `GET`.
    pub method: &'a str,
    /// Path and query as they stand in the first line, e.g. `/?list-type=2`.
    pub target: &'a str,
    /// The header fields, `Host` among them.
    pub headers: &'a [(String, String)],
    /// The body.
    pub body: &'a [u8],
}

/// What a client signs with.
#[derive(Clone, Copy, Debug)]
pub struct Credentials<'a> {
    /// E.g. `AKIAIOSFODNN7EXAMPLE`.
    pub access_key_id: &'a str,
    /// Never sent.
    pub secret_access_key: &'a str,
    /// Of temporary credentials.
    pub session_token: Option<&'a str>,
}

/// The header fields that sign a request, in the order in which they are sent (aws: sigv4-headers).
pub fn sign(
    request: &Request<'_>,
    credentials: &Credentials<'_>,
    region: &str,
    service: &str,
    now: Instant,
) -> Vec<(String, String)> {
    let time = time(now);
    let payload = payload_hash(request.body);
    let mut added = vec![("X-Amz-Date".to_owned(), time.clone())];
    if let Some(token) = credentials.session_token {
        added.push(("X-Amz-Security-Token".to_owned(), token.to_owned()));
    }
    let stated = field(request.headers, "x-amz-content-sha256").map(str::to_owned);
    if service == "s3" && stated.is_none() {
        added.push(("X-Amz-Content-SHA256".to_owned(), payload.clone()));
    }
    let headers: Vec<(String, String)> = request.headers.iter().chain(&added).cloned().collect();
    let mut signed_headers: Vec<String> = headers.iter().map(|(name, _)| name.to_ascii_lowercase()).collect();
    signed_headers.retain(|name| !NEVER_SIGNED.contains(&name.as_str()));
    signed_headers.sort_unstable();
    signed_headers.dedup();
    let mut authorization = Authorization {
        access_key_id: credentials.access_key_id.to_owned(),
        date: time[..8].to_owned(),
        region: region.to_owned(),
        service: service.to_owned(),
        signed_headers,
        signature: String::new(),
    };
    let request = Request { headers: &headers, ..*request };
    authorization.signature = authorization.expected(
        &request,
        &time,
        stated.as_ref().unwrap_or(&payload),
        credentials.secret_access_key,
    );
    added.push(("Authorization".to_owned(), authorization.to_string()));
    added
}

/// What the header `Authorization` of a signed request says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Authorization {
    /// Whose key signed.
    pub access_key_id: String,
    /// The day, e.g. `20240628`.
    pub date: String,
    /// The region it is signed for.
    pub region: String,
    /// The service it is signed for.
    pub service: String,
    /// The header fields that are signed, in lower case.
    pub signed_headers: Vec<String>,
    /// 64 hexadecimal digits.
    pub signature: String,
}

/// What is wrong with a header that shall be an [`Authorization`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Malformed {
    /// It is of another kind, e.g. `Basic …`.
    Algorithm,
    /// A part is missing: `Credential`, `SignedHeaders` or `Signature`.
    Missing(&'static str),
    /// The credential is not a key, a day, a region, a service and `aws4_request`.
    Credential,
}

impl std::str::FromStr for Authorization {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        let rest = text.strip_prefix(ALGORITHM).filter(|rest| rest.starts_with([' ', ',']));
        let rest = rest.ok_or(Malformed::Algorithm)?;
        let part = |name: &'static str| {
            let parts = rest.split([',', ' ']).filter_map(|part| part.split_once('='));
            parts
                .into_iter()
                .find(|(key, _)| *key == name)
                .map(|(_, value)| value)
                .ok_or(Malformed::Missing(name))
        };
        let (credential, signed, signature) =
            (part("Credential")?, part("SignedHeaders")?, part("Signature")?);
        let [access_key_id, date, region, service, "aws4_request"] =
            credential.split('/').collect::<Vec<_>>()[..]
        else {
            return Err(Malformed::Credential);
        };
        Ok(Self {
            access_key_id: access_key_id.to_owned(),
            date: date.to_owned(),
            region: region.to_owned(),
            service: service.to_owned(),
            signed_headers: signed.split(';').map(str::to_ascii_lowercase).collect(),
            signature: signature.to_owned(),
        })
    }
}

impl std::fmt::Display for Authorization {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (scope, signed) = (self.scope(), self.signed_headers.join(";"));
        let (key, signature) = (&self.access_key_id, &self.signature);
        write!(f, "{ALGORITHM} Credential={key}/{scope}, SignedHeaders={signed}, Signature={signature}")
    }
}

impl Authorization {
    /// Whether the request was signed with this secret and has not changed since (aws: sigv4-signature).
    pub fn verify(&self, request: &Request<'_>, secret: &str) -> bool {
        let Some(time) = field(request.headers, "x-amz-date").filter(|time| time.starts_with(&self.date))
        else {
            return false;
        };
        let payload = match field(request.headers, "x-amz-content-sha256") {
            Some(stated) if self.service == "s3" => stated.to_owned(),
            Some(_) | None => payload_hash(request.body),
        };
        // The address of the service is what makes a signature of no use elsewhere.
        self.signed_headers.iter().any(|name| name == "host")
            && self.expected(request, time, &payload, secret) == self.signature
    }

    fn scope(&self) -> String {
        format!("{}/{}/{}/aws4_request", self.date, self.region, self.service)
    }

    /// The signature that goes with the secret.
    fn expected(&self, request: &Request<'_>, time: &str, payload: &str, secret: &str) -> String {
        let canonical = canonical_request(request, &self.signed_headers, payload, self.service == "s3");
        let scope = self.scope();
        let to_sign = format!("{ALGORITHM}\n{time}\n{scope}\n{}", payload_hash(canonical.as_bytes()));
        let key = [&self.date, &self.region, &self.service, "aws4_request"]
            .iter()
            .fold(format!("AWS4{secret}").into_bytes(), |key, part| mac(&key, part.as_bytes()));
        hex(&mac(&key, to_sign.as_bytes()))
    }
}

/// The hash of a body as signatures have it: SHA-256 in hexadecimal digits.
pub fn payload_hash(body: &[u8]) -> String {
    hex(digest::digest(&digest::SHA256, body).as_ref())
}

/// A time as `X-Amz-Date` has it, e.g. `20240628T120000Z`.
pub fn time(at: Instant) -> String {
    let at = jiff::Timestamp::from_second(at.unix_seconds() as i64).expect("virtual time ends in 2554");
    at.strftime("%Y%m%dT%H%M%SZ").to_string()
}

/// Reads what [`time`] writes.
pub fn read_time(text: &str) -> Option<Instant> {
    let at = jiff::civil::DateTime::strptime("%Y%m%dT%H%M%SZ", text).ok()?;
    let epoch = jiff::civil::DateTime::constant(1970, 1, 1, 0, 0, 0, 0);
    let seconds = at.duration_since(epoch).as_secs();
    // Later than virtual time can be is no time.
    u64::try_from(seconds).ok().filter(|seconds| *seconds < 1 << 34).map(Instant::from_unix_seconds)
}

/// Escapes all but what a URI needs no escape for.
pub fn uri_encode(text: &[u8], keep: &str) -> String {
    let mut encoded = String::new();
    for &byte in text {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) || keep.as_bytes().contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

/// Takes the escapes of a URI away; what is no escape stays.
pub fn uri_decode(text: &str) -> Vec<u8> {
    let (mut decoded, mut rest) = (Vec::new(), text.as_bytes());
    while let Some((&byte, tail)) = rest.split_first() {
        let escaped = || {
            let digits = std::str::from_utf8(tail.get(..2)?).ok()?;
            let is_hex = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
            is_hex.then(|| u8::from_str_radix(digits, 16).ok())?
        };
        let escaped = if byte == b'%' { escaped() } else { None };
        decoded.push(escaped.unwrap_or(byte));
        rest = if escaped.is_some() { &tail[2..] } else { tail };
    }
    decoded
}

fn field<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    headers.iter().find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
}

/// S3 takes a path as it is sent; everybody else escapes it once more (aws: sigv4-canonical).
fn canonical_request(request: &Request<'_>, signed: &[String], payload: &str, is_s3: bool) -> String {
    let (path, query) = request.target.split_once('?').unwrap_or((request.target, ""));
    let path = match (path, is_s3) {
        ("", _) => "/".to_owned(),
        (path, true) => path.to_owned(),
        (path, false) => uri_encode(without_dots(path).as_bytes(), "/"),
    };
    let mut fields = String::new();
    for name in signed {
        let values: Vec<String> = request
            .headers
            .iter()
            .filter(|(found, _)| found.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.split_whitespace().collect::<Vec<_>>().join(" "))
            .collect();
        fields.push_str(&format!("{name}:{}\n", values.join(",")));
    }
    let (method, query, signed) = (request.method, canonical_query(query), signed.join(";"));
    format!("{method}\n{path}\n{query}\n{fields}\n{signed}\n{payload}")
}

/// A path without empty, `.` and `..` segments.
fn without_dots(path: &str) -> String {
    let mut segments: Vec<&str> = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => drop(segments.pop()),
            other => segments.push(other),
        }
    }
    let end = if path.ends_with('/') && !segments.is_empty() { "/" } else { "" };
    format!("/{}{end}", segments.join("/"))
}

fn canonical_query(query: &str) -> String {
    let mut pairs: Vec<(String, String)> = query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            let encode = |text| uri_encode(&uri_decode(text), "");
            (encode(key), encode(value))
        })
        .collect();
    pairs.sort_unstable();
    let pairs: Vec<String> = pairs.iter().map(|(key, value)| format!("{key}={value}")).collect();
    pairs.join("&")
}

fn mac(key: &[u8], message: &[u8]) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), message).as_ref().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXAMPLE: Credentials<'_> = Credentials {
        access_key_id: "AKIAIOSFODNN7EXAMPLE",
        secret_access_key: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        session_token: None,
    };
    const EMPTY: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    fn fields(fields: &[(&str, &str)]) -> Vec<(String, String)> {
        fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    fn at(text: &str) -> Instant {
        read_time(text).expect("a time")
    }

    /// Signs, and checks that what is signed verifies; the signature.
    fn signature(
        request: &Request<'_>,
        credentials: &Credentials<'_>,
        region: &str,
        service: &str,
        time: &str,
    ) -> String {
        let added = sign(request, credentials, region, service, at(time));
        let headers: Vec<(String, String)> = request.headers.iter().chain(&added).cloned().collect();
        let authorization: Authorization = added.last().expect("a header").1.parse().expect("it reads back");
        let request = Request { headers: &headers, ..*request };
        assert!(authorization.verify(&request, credentials.secret_access_key));
        assert!(!authorization.verify(&request, "another"));
        assert!(
            !authorization.verify(&Request { method: "PATCH", ..request }, credentials.secret_access_key)
        );
        authorization.signature
    }

    #[test]
    fn signatures_are_those_of_the_documentation() {
        let host = ("Host", "examplebucket.s3.amazonaws.com");
        let s3 = |target, headers: &[(&str, &str)]| {
            let headers = fields(headers);
            let request = Request { method: "GET", target, headers: &headers, body: b"" };
            signature(&request, &EXAMPLE, "us-east-1", "s3", "20130524T000000Z")
        };
        assert_eq!(
            s3("/test.txt", &[host, ("Range", "bytes=0-9")]),
            "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"
        );
        assert_eq!(
            s3("/?lifecycle", &[host]),
            "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"
        );
        assert_eq!(
            s3("/?max-keys=2&prefix=J", &[host]),
            "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"
        );
        let headers = fields(&[("Host", "example.amazonaws.com")]);
        let vanilla = Request { method: "GET", target: "/", headers: &headers, body: b"" };
        let of_the_suite = Credentials {
            access_key_id: "AKIDEXAMPLE",
            secret_access_key: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
            session_token: None,
        };
        assert_eq!(
            signature(&vanilla, &of_the_suite, "us-east-1", "service", "20150830T123600Z"),
            "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"
        );
    }

    /// What botocore signs with the example's key at 2024-06-28T12:00:00Z.
    #[test]
    fn signatures_are_those_of_botocore() {
        const JSON: (&str, &str) = ("Content-Type", "application/x-amz-json-1.0");
        const FORM: (&str, &str) = ("Content-Type", "application/x-www-form-urlencoded; charset=utf-8");
        type Case<'a> =
            (&'a str, &'a str, &'a str, &'a [(&'a str, &'a str)], &'a str, &'a str, Option<&'a str>, &'a str);
        let cases: [Case<'_>; 13] = [
            (
                "GET",
                "s3.ap-northeast-2.amazonaws.com",
                "/",
                &[],
                "",
                "ap-northeast-2",
                None,
                "fff4c2a0086fd408d4d8dc614ee567c87c144fe474c8859e7dd28c98ff9d74cd",
            ),
            (
                "GET",
                "s3.ap-northeast-2.amazonaws.com",
                "/",
                &[],
                "",
                "ap-northeast-2",
                Some("token/with+chars=="),
                "64257e3954b41e030d5f29cceb1b9f481c5d758d9437b4f89c43e13a2bb8a64b",
            ),
            (
                "GET",
                "my-bucket.s3.us-east-1.amazonaws.com",
                "/?list-type=2&prefix=&delimiter=%2F&encoding-type=url",
                &[],
                "",
                "us-east-1",
                None,
                "2d509154839a262d27701609570f89f522613edc2a59ffbcacf10dc6fff1110a",
            ),
            (
                "GET",
                "my-bucket.s3.us-east-1.amazonaws.com",
                "/?list-type=2&prefix=a%20b%2Fc&max-keys=2",
                &[],
                "",
                "us-east-1",
                Some("tok"),
                "57708a75afec4f4111786afa9a8e79bbf65bb2e96a2c75181e158075d4a17b54",
            ),
            (
                "HEAD",
                "my-bucket.s3.us-east-1.amazonaws.com",
                "/dir/a%20b%2Bc.txt",
                &[],
                "",
                "us-east-1",
                None,
                "aa9298a466d3ba3788d0dcdb00d6e46e5257efec455ef9b1a97487e6f9c1be5f",
            ),
            (
                "GET",
                "my-bucket.s3.us-east-1.amazonaws.com",
                "/a//b/../c",
                &[],
                "",
                "us-east-1",
                None,
                "a27ddcafa9b20db8ad3c3d9438e4f1828f5ee6f02ffb38f2351c6defac514348",
            ),
            (
                "PUT",
                "my-bucket.s3.us-east-1.amazonaws.com",
                "/up.txt",
                &[
                    ("Content-Type", "text/plain"),
                    ("Content-MD5", "sQqNsWTgdUEFt6mb5y4/5Q=="),
                    ("Expect", "100-continue"),
                ],
                "hello\n",
                "us-east-1",
                None,
                "98a9c0d11aa88c65f9a346cc6e19a5630e38099b68c2c5938aa2e57dbccd49a3",
            ),
            (
                "DELETE",
                "s3.eu-west-1.amazonaws.com",
                "/my-bucket/%ED%95%9C.txt",
                &[],
                "",
                "eu-west-1",
                None,
                "adcebae095a00d6b39bf3fe4f87cf25f4281733e9028405afd328e6b70e65268",
            ),
            (
                "POST",
                "dynamodb.ap-northeast-2.amazonaws.com",
                "/",
                &[("X-Amz-Target", "DynamoDB_20120810.ListTables"), JSON, ("User-Agent", "aws-cli/2.15.30")],
                "{}",
                "ap-northeast-2",
                None,
                "c2ba5c3b6e6ffe4c9c8211354dacb4c7cf656603cbc25971517c38dcb810f7cd",
            ),
            (
                "POST",
                "dynamodb.ap-northeast-2.amazonaws.com",
                "/",
                &[("X-Amz-Target", "DynamoDB_20120810.GetItem"), JSON],
                r#"{"TableName": "orders", "Key": {"id": {"S": "1"}}}"#,
                "ap-northeast-2",
                Some("tok"),
                "9dcd78639a9a8ec1c4f7b890d3205dc1d769c1d5de2781d773ae6170b1502e10",
            ),
            (
                "POST",
                "sns.us-east-1.amazonaws.com",
                "/",
                &[FORM],
                "Action=ListTopics&Version=2010-03-31",
                "us-east-1",
                None,
                "18713040bc2b729119b66cb9ad720b95680a9ed982f2b37b5b8fc038ba941399",
            ),
            (
                "POST",
                "sts.us-east-1.amazonaws.com",
                "/",
                &[FORM],
                "Action=GetCallerIdentity&Version=2011-06-15",
                "us-east-1",
                Some("tok"),
                "8dba0a651e1af2ef5cfcb351bd24699bdad5982b5dbbe7984970d7a43031988d",
            ),
            (
                "GET",
                "execute-api.us-east-1.amazonaws.com",
                "/a%20b/./c/../d%2Fe/?b=2&a=1&a=0&c",
                &[("My-Header", "  a   b  ")],
                "",
                "us-east-1",
                None,
                "ce188e3369610bfd6462a9c7200af266fb5e6881315c1998e35dea2eaf0bd64d",
            ),
        ];
        for (method, host, target, more, body, region, session_token, expected) in cases {
            let service =
                host.split('.').find(|label| ["s3", "dynamodb", "sns", "sts", "execute-api"].contains(label));
            let headers = fields(&[&[("Host", host)], more].concat());
            let request = Request { method, target, headers: &headers, body: body.as_bytes() };
            let credentials = Credentials { session_token, ..EXAMPLE };
            let service = service.expect("a service");
            let signature = signature(&request, &credentials, region, service, "20240628T120000Z");
            assert_eq!(signature, expected, "{method} {host}{target}");
        }
    }

    #[test]
    fn what_is_signed_cannot_be_changed() {
        let headers = fields(&[("Host", "s3.us-east-1.amazonaws.com")]);
        let request = Request { method: "GET", target: "/b/k?versionId=1", headers: &headers, body: b"" };
        let added = sign(&request, &EXAMPLE, "us-east-1", "s3", at("20240628T120000Z"));
        assert_eq!(added[1], ("X-Amz-Content-SHA256".to_owned(), EMPTY.to_owned()));
        let headers: Vec<(String, String)> = headers.into_iter().chain(added).collect();
        let authorization: Authorization = headers.last().expect("a header").1.parse().expect("it reads");
        let verify = |target: &str, headers: &[(String, String)]| {
            authorization
                .verify(&Request { method: "GET", target, headers, body: b"" }, EXAMPLE.secret_access_key)
        };
        assert!(verify("/b/k?versionId=1", &headers));
        assert!(verify("/b/k?versionId=%31", &headers));
        assert!(!verify("/b/k?versionId=2", &headers));
        assert!(!verify("/b/l?versionId=1", &headers));
        for (at, value) in [(0, "s3.us-west-1.amazonaws.com"), (1, "20240628T120001Z"), (2, UNSIGNED_PAYLOAD)]
        {
            let mut changed = headers.clone();
            changed[at].1 = value.to_owned();
            assert!(!verify("/b/k?versionId=1", &changed));
        }
        let mut more = headers.clone();
        more.push(("User-Agent".to_owned(), "curl".to_owned()));
        assert!(verify("/b/k?versionId=1", &more));
    }

    #[test]
    fn headers_that_are_none_say_what_is_missing() {
        let read = |text: &str| text.parse::<Authorization>().map(|_| ());
        assert_eq!(read("Basic YTpi"), Err(Malformed::Algorithm));
        assert_eq!(read("AWS4-HMAC-SHA256"), Err(Malformed::Algorithm));
        assert_eq!(read("AWS4-HMAC-SHA256 Signature=0"), Err(Malformed::Missing("Credential")));
        let short =
            "AWS4-HMAC-SHA256 Credential=AKIA/20240628/s3/aws4_request, SignedHeaders=host, Signature=0";
        assert_eq!(read(short), Err(Malformed::Credential));
        let good = short.replace("20240628/", "20240628/us-east-1/");
        assert_eq!(read(&good), Ok(()));
        assert_eq!(good.parse::<Authorization>().expect("it reads").to_string(), good);
    }

    #[test]
    fn times_and_escapes_read_back() {
        assert_eq!(time(at("20240628T120000Z")), "20240628T120000Z");
        for text in ["20240628T120000", "20241328T120000Z", "now", "", "99991231T235959Z", "18991231T235959Z"]
        {
            assert_eq!(read_time(text), None, "{text}");
        }
        assert_eq!(uri_encode("a b/한~".as_bytes(), "/"), "a%20b/%ED%95%9C~");
        assert_eq!(uri_decode("a%20b%2f%ED%95%9C%zz%4"), "a b/한%zz%4".as_bytes());
    }
}
