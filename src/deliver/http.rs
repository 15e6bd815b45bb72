//! Requests: signed, sent, and sent again where that may help.
//!
//! The only place that reads the clock and that waits.

use std::fmt;
use std::io;
use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use ureq::http::{self, Uri};
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem};

use super::access::Credentials;
use super::error::{Error, Refusal};
use crate::sigv4;
use crate::time::Instant;

/// How long a connection may take to come about.
const CONNECT_TIME_MAX: Duration = Duration::from_secs(10);
/// How long a request may take with its answer.
const CALL_TIME_MAX: Duration = Duration::from_secs(120);
/// The longest answer: a page of events is 1 MB on AWS, where imitations of it count events only.
const ANSWER_BYTES_MAX: u64 = 256 << 20;
/// How much of an answer that nobody can read is shown.
const EXCERPT_CHARS_MAX: usize = 200;

/// The address of a service's API, e.g. `http://127.0.0.1:5000`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Endpoint {
    url: String,
    /// What the header `Host` says: no port if it is the usual one.
    host: String,
    /// What paths begin with; most often nothing.
    base: String,
}

/// What is wrong with an address that shall be an [`Endpoint`].
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{problem}; an endpoint is like http://127.0.0.1:5000 or https://s3.eu-west-1.amazonaws.com")]
pub struct NotAnEndpoint {
    problem: &'static str,
}

/// How often it is tried, and how long it is waited in between.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Retry {
    /// How often a request is sent at most.
    pub tries: u32,
    /// How long it is waited after the first try; after each further one, twice as long.
    pub pause: Duration,
}

impl Retry {
    /// For real services: five tries within about three seconds.
    pub const USUAL: Self = Self { tries: 5, pause: Duration::from_millis(200) };
}

/// A request, apart from what signs it.
#[derive(Clone, Debug)]
pub struct Call<'a> {
    /// As errors name it.
    pub shown: String,
    /// Where to.
    pub endpoint: &'a Endpoint,
    /// As signatures call it, e.g. `s3`.
    pub service: &'static str,
    /// The region it is signed for.
    pub region: &'a str,
    /// E.g. `PUT`.
    pub method: &'static str,
    /// Escaped, with a `/` in front.
    pub path: &'a str,
    /// Header fields apart from `Host` and those of the signature.
    pub headers: &'a [(&'static str, String)],
    /// What is sent.
    pub body: &'a [u8],
    /// Reads the code and the message of an answer that says no.
    pub refusal: fn(&str) -> Option<(String, String)>,
}

/// Why a request had no success.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Trouble {
    /// The service said no.
    Refused(Refusal),
    /// No answer came.
    Unanswered {
        /// What came instead.
        problem: String,
        /// Whether another try may help.
        may_pass: bool,
    },
}

/// Whoever sends.
#[derive(Debug)]
pub struct Client {
    agent: ureq::Agent,
    credentials: Credentials,
    retry: Retry,
}

impl Client {
    /// Trusts the public authorities, or those of a file in their place.
    pub fn new(credentials: Credentials, retry: Retry, ca_bundle: Option<&Path>) -> Result<Self, Error> {
        let mut tls = TlsConfig::builder();
        if let Some(path) = ca_bundle {
            tls = tls.root_certs(RootCerts::from(certificates(path)?));
        }
        let config = ureq::Agent::config_builder()
            .user_agent(concat!("vpclab/", env!("CARGO_PKG_VERSION")))
            .tls_config(tls.build())
            // What is no success is read: the service says why.
            .http_status_as_error(false)
            // A signature holds for one host.
            .max_redirects(0)
            .max_redirects_will_error(false)
            .timeout_connect(Some(CONNECT_TIME_MAX))
            .timeout_global(Some(CALL_TIME_MAX))
            .build();
        Ok(Self { agent: config.new_agent(), credentials, retry })
    }

    /// Sends a request that may be repeated, until it has success or trying again is of no use.
    pub fn send(&self, call: &Call<'_>) -> Result<Vec<u8>, Error> {
        let mut patience = self.patience();
        loop {
            match self.send_once(call) {
                Ok(answer) => return Ok(answer),
                Err(trouble) => patience.wait(call, trouble)?,
            }
        }
    }

    /// Sends a request, and gives the body of the answer.
    pub fn send_once(&self, call: &Call<'_>) -> Result<Vec<u8>, Trouble> {
        let endpoint = call.endpoint;
        let target = format!("{}{}", endpoint.base, call.path);
        let mut headers = vec![("Host".to_owned(), endpoint.host.clone())];
        headers.extend(call.headers.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
        let request =
            sigv4::Request { method: call.method, target: &target, headers: &headers, body: call.body };
        let signer = self.credentials.as_signer();
        let added = sigv4::sign(&request, &signer, call.region, call.service, now());

        let mut request =
            http::Request::builder().method(call.method).uri(format!("{}{}", endpoint.url, call.path));
        for (name, value) in headers.iter().chain(&added) {
            request = request.header(name, value);
        }
        // What cannot be written as a header field, e.g. a line break in a secret.
        let request = request.body(call.body).map_err(|error| Trouble::hopeless(error.to_string()))?;
        let mut answer = self.agent.run(request).map_err(|error| Trouble::of(&error))?;
        let status = answer.status();
        let body = answer.body_mut().with_config().limit(ANSWER_BYTES_MAX).read_to_vec();
        let body = body.map_err(|error| Trouble::of(&error))?;
        if status.is_success() { Ok(body) } else { Err(Trouble::refused(call, status.as_u16(), &body)) }
    }

    /// What counts the tries of one thing.
    pub fn patience(&self) -> Patience {
        Patience { retry: self.retry, tried: 0 }
    }
}

/// Counts tries, and waits between them.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    retry: Retry,
    tried: u32,
}

impl Patience {
    /// Waits if another try may help, and otherwise says why there was no success.
    pub fn wait(&mut self, call: &Call<'_>, trouble: Trouble) -> Result<(), Error> {
        self.tried += 1;
        if self.tried >= self.retry.tries || !trouble.may_pass() {
            return Err(trouble.into_error(call, self.tried));
        }
        let doubled = 1_u32.checked_shl(self.tried - 1).unwrap_or(u32::MAX);
        std::thread::sleep(self.retry.pause.saturating_mul(doubled));
        Ok(())
    }
}

impl Trouble {
    fn of(error: &ureq::Error) -> Self {
        if let ureq::Error::Io(error) = error {
            // Certificates, and whoever does not speak TLS at all, come as invalid data.
            let may_pass = error.kind() != io::ErrorKind::InvalidData;
            return Self::Unanswered { problem: error.to_string(), may_pass };
        }
        let may_pass = matches!(
            error,
            ureq::Error::Timeout(_)
                | ureq::Error::HostNotFound
                | ureq::Error::ConnectionFailed
                | ureq::Error::Protocol(_)
        );
        Self::Unanswered { problem: error.to_string(), may_pass }
    }

    fn hopeless(problem: String) -> Self {
        Self::Unanswered { problem, may_pass: false }
    }

    fn refused(call: &Call<'_>, status: u16, body: &[u8]) -> Self {
        let body = String::from_utf8_lossy(body);
        let (code, message) = match (call.refusal)(&body) {
            Some((code, message)) => (Some(code), message),
            None => (None, body.trim().chars().take(EXCERPT_CHARS_MAX).collect()),
        };
        Self::Refused(Refusal { status, code, message })
    }

    /// The service's code, if it said no.
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::Refused(refusal) => refusal.code.as_deref(),
            Self::Unanswered { .. } => None,
        }
    }

    fn may_pass(&self) -> bool {
        const BUSY: [&str; 5] = [
            "OperationAbortedException",
            "RequestTimeout",
            "SlowDown",
            "ThrottlingException",
            "ServiceUnavailableException",
        ];
        match self {
            Self::Refused(Refusal { status, code, .. }) => {
                *status == 429 || *status >= 500 || code.as_deref().is_some_and(|code| BUSY.contains(&code))
            }
            Self::Unanswered { may_pass, .. } => *may_pass,
        }
    }

    fn into_error(self, call: &Call<'_>, tries: u32) -> Error {
        let call_shown = call.shown.clone();
        match self {
            Self::Refused(refusal) => {
                let hint = refusal.code.as_deref().and_then(hint).map(str::to_owned);
                Error::Refused { call: call_shown, refusal, tries, hint }
            }
            Self::Unanswered { problem, may_pass } => {
                let is_tls = call.endpoint.url.starts_with("https:");
                let hint = match (may_pass, is_tls) {
                    (true, _) => format!("see that something answers at {}", call.endpoint),
                    (false, true) => "an authority of your own is trusted if AWS_CA_BUNDLE names its certificate; a service \
                         without TLS is at http://"
                        .to_owned(),
                    (false, false) => format!("see that an AWS API answers at {}", call.endpoint),
                };
                Error::Unanswered { call: call_shown, problem, tries, hint: Some(hint) }
            }
        }
    }
}

/// What helps against what both services say.
fn hint(code: &str) -> Option<&'static str> {
    match code {
        "InvalidAccessKeyId"
        | "InvalidClientTokenId"
        | "InvalidSignatureException"
        | "SignatureDoesNotMatch"
        | "UnrecognizedClientException" => {
            Some("see that AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY belong together and to this service")
        }
        "ExpiredToken" | "ExpiredTokenException" | "InvalidToken" => {
            Some("fetch new credentials, and set AWS_SESSION_TOKEN with them")
        }
        "RequestTimeTooSkewed" | "RequestExpired" => Some("set this machine's clock"),
        "AuthorizationHeaderMalformed" | "PermanentRedirect" => {
            Some("the endpoint is of another region: set AWS_REGION to the bucket's")
        }
        _ => None,
    }
}

impl FromStr for Endpoint {
    type Err = NotAnEndpoint;

    fn from_str(text: &str) -> Result<Self, NotAnEndpoint> {
        let wrong = |problem| NotAnEndpoint { problem };
        let lower = text.to_ascii_lowercase();
        if !lower.starts_with("http://") && !lower.starts_with("https://") {
            return Err(wrong("it begins with neither http:// nor https://"));
        }
        if text.contains(['?', '#']) {
            return Err(wrong("it has a query or a fragment"));
        }
        let uri: Uri = text.parse().map_err(|_| wrong("it is no URL"))?;
        let authority = uri.authority().ok_or(wrong("it names no host"))?.as_str();
        if authority.contains('@') {
            return Err(wrong("it holds a user's name; credentials are taken from the environment"));
        }
        let scheme = uri.scheme_str().unwrap_or_default();
        let usual_port = if scheme == "https" { ":443" } else { ":80" };
        let base = uri.path().trim_end_matches('/').to_owned();
        Ok(Self {
            url: format!("{scheme}://{authority}{base}"),
            host: authority.strip_suffix(usual_port).unwrap_or(authority).to_owned(),
            base,
        })
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.url)
    }
}

/// Reads certificates as PEM.
fn certificates(path: &Path) -> Result<Vec<Certificate<'static>>, Error> {
    let wrong = |problem: String| Error::Certificates { path: super::shown(path), problem };
    let pem = std::fs::read(path).map_err(|error| wrong(error.to_string()))?;
    let mut certificates = Vec::new();
    for item in parse_pem(&pem) {
        // A key beside its certificate is none of ours.
        if let PemItem::Certificate(certificate) = item.map_err(|error| wrong(error.to_string()))? {
            certificates.push(certificate);
        }
    }
    if certificates.is_empty() { Err(wrong("it holds no certificate".to_owned())) } else { Ok(certificates) }
}

/// The real time: a service refuses signatures that are older than some minutes.
#[expect(
    clippy::disallowed_types,
    reason = "signatures hold for a real moment; nothing of a run depends on it"
)]
fn now() -> Instant {
    let since_epoch = std::time::SystemTime::now().duration_since(std::time::SystemTime::UNIX_EPOCH);
    Instant::from_unix_seconds(since_epoch.map_or(0, |time| time.as_secs()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoints_are_addresses_of_http() {
        let read = |text: &str| {
            text.parse::<Endpoint>().map(|it| [it.url, it.host, it.base]).map_err(|it| it.problem)
        };
        let parts =
            |url: &str, host: &str, base: &str| Ok([url.to_owned(), host.to_owned(), base.to_owned()]);
        assert_eq!(read("http://127.0.0.1:5000"), parts("http://127.0.0.1:5000", "127.0.0.1:5000", ""));
        assert_eq!(read("http://localhost:80/"), parts("http://localhost:80", "localhost", ""));
        assert_eq!(read("HTTPS://[::1]:443/aws/"), parts("https://[::1]:443/aws", "[::1]", "/aws"));
        assert_eq!(read("https://h:80"), parts("https://h:80", "h:80", ""));
        for text in ["", "127.0.0.1:5000", "ftp://h", "s3://b", "http:/h"] {
            assert_eq!(read(text), Err("it begins with neither http:// nor https://"), "{text}");
        }
        assert_eq!(read("http://h/?a=b"), Err("it has a query or a fragment"));
        assert_eq!(read("http://h h"), Err("it is no URL"));
        assert_eq!(read("http://"), Err("it is no URL"));
        assert_eq!(
            read("http://u:p@h"),
            Err("it holds a user's name; credentials are taken from the environment")
        );
    }
}
