//! `aws` on a host: a part of the AWS CLI, version 2.15.30 or 1.45.11.
//!
//! Knows the order in which region, keys and endpoint are found, when a request is tried again, and what
//! is said when nothing helps. What is asked and printed is in `job`; the wire belongs to `call`.

mod endpoint;
mod job;
mod metadata;
mod options;
mod output;
mod profile;

use std::time::Duration;

use self::endpoint::Endpoint;
use self::job::{Job, Next, Service, Wanted};
use self::metadata::{Answer, Metadata, Question};
pub(super) use self::options::Options;
pub use self::profile::{AccessKeys, AwsProfile, CliVersion};
use super::call::{Call, CallError, Called, Incoming, Limits, Outgoing};
use super::dns::lookup::LookupError;
use super::process::{Os, Program, Progress, Turn, take_turns};
use super::tls::{CertificateProblem, TlsError};
use crate::sigv4;
use crate::time::Instant;

/// Turns of the state machine in one step.
const TURNS_MAX: u32 = 10_000;
/// The longest pause between two tries, in seconds.
const REST_MAX: u64 = 20;

/// A running `aws`.
pub(super) struct Aws {
    options: Options,
    profile: AwsProfile,
    job: Job,
    region: Found<String>,
    keys: Found<AccessKeys>,
    state: State,
    /// How often the current request was tried.
    attempts: u64,
    /// When the command's first request was sent.
    began: Option<Instant>,
    /// A bucket is looked for in another region once.
    was_redirected: bool,
}

/// Something that was found somewhere.
enum Found<T> {
    NotYet,
    Nowhere,
    In(T, &'static str),
}

impl<T> Found<T> {
    fn get(&self) -> Option<&T> {
        match self {
            Self::In(value, _) => Some(value),
            Self::NotYet | Self::Nowhere => None,
        }
    }
}

enum State {
    Begin,
    Asking(Box<Metadata>),
    Sending(Box<(Call, Endpoint, Wanted)>),
    Resting(Instant),
}

impl Aws {
    pub fn new(options: Options) -> Self {
        let job = Job::new(options.action.clone());
        Self {
            options,
            profile: AwsProfile::default(),
            job,
            region: Found::NotYet,
            keys: Found::NotYet,
            state: State::Begin,
            attempts: 0,
            began: None,
            was_redirected: false,
        }
    }

    fn turn(&mut self, os: &mut Os<'_>) -> Turn {
        match std::mem::replace(&mut self.state, State::Begin) {
            State::Begin => self.go_on(os),
            State::Asking(metadata) => self.hear(os, metadata),
            State::Sending(sent) => self.wait(os, sent),
            State::Resting(until) if os.now < until => {
                self.state = State::Resting(until);
                Turn::Wait(Some(until))
            }
            State::Resting(_) => self.send(os),
        }
    }

    /// Finds what is missing, in the order in which the CLI does: region, keys, then the request itself.
    fn go_on(&mut self, os: &mut Os<'_>) -> Turn {
        if matches!(self.region, Found::NotYet) {
            self.profile = os.aws_profile().clone();
            if let Err(why) = self.job.prepare(os) {
                return self.fail(os, &why, 255);
            }
            // aws: cli-region-order
            self.region = match (&self.options.region, &self.profile.region, self.profile.version) {
                (Some(region), _, _) => Found::In(region.clone(), "option"),
                (None, Some(region), _) => Found::In(region.clone(), "config-file"),
                // Version 1 does not ask the instance (aws: cli-v1-region).
                (None, None, CliVersion::One) => Found::Nowhere,
                (None, None, CliVersion::Two) => return self.ask(Question::Region),
            };
        }
        if matches!(self.keys, Found::NotYet) {
            // aws: cli-credential-order
            self.keys = match &self.profile.keys {
                _ if !self.options.sign => Found::Nowhere,
                Some(keys) => Found::In(keys.clone(), "shared-credentials-file"),
                None => return self.ask(Question::Keys),
            };
        }
        let Some(service) = self.job.service() else { return self.list_configuration(os) };
        // Which is said first if both are missing is not documented (assumed: cli-first-error).
        let is_global = matches!(service, Service::S3 | Service::Sts);
        if self.region.get().is_none() && !is_global {
            let text =
                "You must specify a region. You can also configure your region by running \"aws configure\".";
            return self.fail(os, text, 253);
        }
        if self.keys.get().is_none() && self.options.sign {
            let text =
                "Unable to locate credentials. You can configure credentials by running \"aws configure\".";
            return self.fail(os, text, 253);
        }
        self.send(os)
    }

    fn ask(&mut self, question: Question) -> Turn {
        self.state = State::Asking(Box::new(Metadata::new(&self.user_agent(), question)));
        Turn::Again
    }

    fn hear(&mut self, os: &mut Os<'_>, mut metadata: Box<Metadata>) -> Turn {
        match metadata.poll(os) {
            Answer::Waiting(until) => {
                self.state = State::Asking(metadata);
                return Turn::Wait(until);
            }
            Answer::Region(region) => {
                self.region = region.map_or(Found::Nowhere, |region| Found::In(region, "imds"));
            }
            Answer::Keys(keys) => {
                self.keys = keys.map_or(Found::Nowhere, |keys| Found::In(keys, "iam-role"));
            }
        }
        Turn::Again
    }

    fn send(&mut self, os: &mut Os<'_>) -> Turn {
        let service = self.job.service().expect("a service is asked");
        let wanted = self.job.wanted();
        let (region, typed) = (self.region.get().map(String::as_str), self.options.endpoint_url.as_ref());
        let (version, verify) = (self.profile.version, self.options.verify);
        let endpoint = Endpoint::of(service, region, typed, version, &wanted, verify);
        let request = self.request(os.now, service, &endpoint, &wanted);
        let limits = Limits { connect: self.options.connect_timeout, read: self.options.read_timeout };
        self.attempts += 1;
        self.began.get_or_insert(os.now);
        let call = Call::new(endpoint.target.clone(), limits, request);
        self.state = State::Sending(Box::new((call, endpoint, wanted)));
        Turn::Again
    }

    /// The request as it is sent, signed.
    fn request(&self, now: Instant, service: Service, endpoint: &Endpoint, wanted: &Wanted) -> Outgoing {
        let target = endpoint.path(wanted);
        let field = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let mut headers = vec![field("Host", &endpoint.authority()), field("Accept-Encoding", "identity")];
        headers.extend(wanted.headers.iter().cloned());
        headers.push(field("User-Agent", &self.user_agent()));
        if let Some(keys) = self.keys.get() {
            let request = sigv4::Request {
                method: wanted.method,
                target: &target,
                headers: &headers,
                body: &wanted.body,
            };
            let credentials = sigv4::Credentials {
                access_key_id: &keys.id,
                secret_access_key: &keys.secret,
                session_token: keys.token.as_deref(),
            };
            let added = sigv4::sign(&request, &credentials, &endpoint.signing_region, service.name(), now);
            headers.extend(added);
        }
        if !wanted.body.is_empty() || ["POST", "PUT"].contains(&wanted.method) {
            headers.push(field("Content-Length", &wanted.body.len().to_string()));
        }
        let mut head = format!("{} {target} HTTP/1.1\r\n", wanted.method);
        for (name, value) in &headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str("\r\n");
        Outgoing {
            head: head.into_bytes(),
            body: wanted.body.clone(),
            expects_continue: headers.iter().any(|(name, _)| name == "Expect"),
            is_head: wanted.method == "HEAD",
        }
    }

    fn wait(&mut self, os: &mut Os<'_>, mut sent: Box<(Call, Endpoint, Wanted)>) -> Turn {
        let (call, endpoint, wanted) = &mut *sent;
        match call.poll(os) {
            Called::Waiting => {
                let until = call.deadline();
                self.state = State::Sending(sent);
                Turn::Wait(until)
            }
            Called::Done(response) => {
                if let Some(mut channel) = call.take_channel() {
                    channel.close(os);
                }
                self.take(os, wanted, *response)
            }
            Called::Failed(_) if self.attempts < self.attempts_max() => self.rest(os),
            Called::Failed(error) => {
                let text = could_not_call(error, endpoint, wanted);
                match self.job.failure(&text) {
                    Some((text, status)) => self.fail_plainly(os, &text, status),
                    None => self.fail(os, &text, 255),
                }
            }
        }
    }

    fn take(&mut self, os: &mut Os<'_>, wanted: &Wanted, response: Incoming) -> Turn {
        let status = response.status;
        if (200..300).contains(&status) {
            self.attempts = 0;
            let took = os.now.since(self.began.unwrap_or(os.now));
            return match self.job.take(os, response, took) {
                Next::Ask => self.send(os),
                Next::Exit(status) => Turn::Exit(status),
                Next::Fail(why) => self.fail(os, &why, 255),
            };
        }
        let is_transient = matches!(status, 500 | 502 | 503 | 504);
        if is_transient && self.attempts < self.attempts_max() {
            return self.rest(os);
        }
        let body = String::from_utf8_lossy(&response.body);
        let mut error = output::error(status, output::reason(status), &body);
        self.job.reword(&mut error);
        let elsewhere = response.header("x-amz-bucket-region").or(error.region.clone());
        let is_elsewhere = matches!(status, 301 | 307 | 400) && wanted.bucket.is_some();
        if let Some(region) = elsewhere.filter(|_| is_elsewhere && !self.was_redirected) {
            self.was_redirected = true;
            self.attempts = 0;
            self.region = Found::In(region, "redirect");
            return self.send(os);
        }
        let retried = match is_transient {
            true => format!(" (reached max retries: {})", self.attempts - 1),
            false => String::new(),
        };
        let operation = wanted.operation;
        let text = format!(
            "An error occurred ({}) when calling the {operation} operation{retried}: {}",
            error.code, error.message
        );
        match self.job.failure(&text) {
            Some((text, status)) => self.fail_plainly(os, &text, status),
            None => self.fail(os, &text, 254),
        }
    }

    /// Waits a while before the next try: up to a second, and each time up to twice as long (aws: cli-retries).
    fn rest(&mut self, os: &mut Os<'_>) -> Turn {
        let most = 1000 * (1u64 << (self.attempts - 1).min(10)).min(REST_MAX);
        let millis = os.random() % most;
        self.state = State::Resting(os.now + Duration::from_millis(millis));
        Turn::Again
    }

    /// How often a request is tried (aws: cli-retries).
    fn attempts_max(&self) -> u64 {
        match self.profile.version {
            CliVersion::One => 5,
            CliVersion::Two => 3,
        }
    }

    /// Ends with a message. Version 2 puts an empty line before it; version 1 has one exit status for all
    /// that goes wrong (aws: cli-errors).
    fn fail(&self, os: &mut Os<'_>, text: &str, status: i32) -> Turn {
        match self.profile.version {
            CliVersion::One => {
                os.write_stderr(format!("{text}\n"));
                Turn::Exit(255)
            }
            CliVersion::Two => {
                os.write_stderr(format!("\n{text}\n"));
                Turn::Exit(status)
            }
        }
    }

    fn fail_plainly(&self, os: &mut Os<'_>, text: &str, status: i32) -> Turn {
        os.write_stderr(format!("{text}\n"));
        Turn::Exit(status)
    }

    /// What `aws configure list` prints.
    fn list_configuration(&self, os: &mut Os<'_>) -> Turn {
        let masked = |secret: &str| {
            let hidden = secret.chars().count().saturating_sub(4);
            format!("****************{}", secret.chars().skip(hidden).collect::<String>())
        };
        let (keys, key_kind) = match &self.keys {
            Found::In(keys, kind) => (Some(keys), *kind),
            Found::NotYet | Found::Nowhere => (None, "None"),
        };
        let not_set = || "<not set>".to_owned();
        let (region, kind) = match &self.region {
            Found::In(region, kind) => (region.clone(), *kind),
            Found::NotYet | Found::Nowhere => (not_set(), "None"),
        };
        let file = |kind: &str| match kind {
            "config-file" => "~/.aws/config",
            "None" => "None",
            _ => "",
        };
        let rows = [
            ("Name".to_owned(), "Value".to_owned(), "Type", "Location"),
            ("----".to_owned(), "-----".to_owned(), "----", "--------"),
            ("profile".to_owned(), not_set(), "None", "None"),
            ("access_key".to_owned(), keys.map_or_else(not_set, |k| masked(&k.id)), key_kind, file(key_kind)),
            (
                "secret_key".to_owned(),
                keys.map_or_else(not_set, |k| masked(&k.secret)),
                key_kind,
                file(key_kind),
            ),
            ("region".to_owned(), region, kind, file(kind)),
        ];
        for (name, value, kind, location) in rows {
            os.write_stdout(format!("{name:>10} {value:>24} {kind:>16}    {location}\n"));
        }
        Turn::Exit(0)
    }

    /// How the CLI introduces itself; the part behind Python is as on Amazon Linux (assumed: cli-user-agent).
    fn user_agent(&self) -> String {
        const KERNEL: &str = "Linux/6.1.90-99.173.amzn2023.x86_64";
        match self.profile.version {
            CliVersion::One => format!("aws-cli/1.45.11 Python/3.9.16 {KERNEL}"),
            CliVersion::Two => format!(
                "aws-cli/2.15.30 Python/3.11.8 {KERNEL} exe/x86_64.amzn.2023 prompt/off command/{}",
                self.options.action.command()
            ),
        }
    }
}

/// What is said when there is no response (aws: cli-errors).
fn could_not_call(error: CallError, endpoint: &Endpoint, wanted: &Wanted) -> String {
    let url = endpoint.url(wanted);
    match error {
        CallError::ConnectTimeout => format!("Connect timeout on endpoint URL: \"{url}\""),
        CallError::ReadTimeout => format!("Read timeout on endpoint URL: \"{url}\""),
        CallError::Connect | CallError::Lookup(LookupError::NoServer | LookupError::Unknown) => {
            format!("Could not connect to the endpoint URL: \"{url}\"")
        }
        CallError::Closed | CallError::Garbled => {
            format!("Connection was closed before we received a valid response from endpoint URL: \"{url}\".")
        }
        CallError::Tls(error) => {
            format!("SSL validation failed for {url} {}", distrust(error, &endpoint.target.host))
        }
    }
}

/// The words of Python's ssl module (assumed: cli-tls-words).
fn distrust(error: TlsError, host: &str) -> String {
    let verify = |why: &str| {
        format!("[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: {why} (_ssl.c:1000)")
    };
    match error {
        TlsError::Certificate(CertificateProblem::OtherName) => {
            verify(&format!("Hostname mismatch, certificate is not valid for '{host}'."))
        }
        TlsError::Certificate(CertificateProblem::SelfSigned) => verify("self-signed certificate"),
        TlsError::Certificate(CertificateProblem::Expired) => verify("certificate has expired"),
        TlsError::Certificate(_) => verify("unable to get local issuer certificate"),
        TlsError::NotTls => "[SSL: WRONG_VERSION_NUMBER] wrong version number (_ssl.c:1000)".to_owned(),
        TlsError::Alert(_) | TlsError::BadRecord | TlsError::Broken | TlsError::Truncated => {
            "[SSL] unknown error (_ssl.c:1000)".to_owned()
        }
    }
}

impl Program for Aws {
    fn step(&mut self, os: &mut Os<'_>) -> Progress {
        take_turns(os, "aws", TURNS_MAX, |os| self.turn(os))
    }
}
