//! `curl`, as far as a network test needs it: GET and HEAD over HTTP/1.1, with TLS or without, and with
//! version 8.5.0's words.
//!
//! Knows HTTP and what curl prints; never how packets travel.
//!
//! Standard output counts as a terminal: there is no progress meter.

mod options;
pub(super) mod response;
mod tls;
pub(super) mod url;
mod write_out;

use std::collections::VecDeque;
use std::net::Ipv4Addr;
use std::time::Duration;

pub(super) use self::options::Options;
use self::response::Response;
use self::url::Url;
use self::write_out::Facts;
use super::connection::ConnectionError;
use super::dns::lookup::{Looked, Lookup};
use super::process::{Os, Outbox, Program, Progress, Standing};
use super::stack::ConnectionId;
use super::tls::{Channel, Failure as Fault, Received, Stage, TlsError};
use crate::time::Instant;

const VERSION: &str = "8.5.0";
/// Turns of the state machine in one step.
const TURNS_MAX: u32 = 10_000;
/// How long connecting may take if nothing else is said.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(300);
/// Redirects `-L` follows.
const REDIRECTS_MAX: u32 = 50;
/// A longer file is sent only once the server has said that it wants it, or has not said so in time.
const EXPECT_FROM: u64 = 1 << 20;
const CONTINUE_WAIT: Duration = Duration::from_secs(1);

mod exit {
    pub const UNSUPPORTED_PROTOCOL: i32 = 1;
    pub const MALFORMED_URL: i32 = 3;
    pub const COULD_NOT_RESOLVE: i32 = 6;
    pub const COULD_NOT_CONNECT: i32 = 7;
    pub const PARTIAL_FILE: i32 = 18;
    pub const HTTP_ERROR: i32 = 22;
    pub const TIMED_OUT: i32 = 28;
    pub const TLS_FAILED: i32 = 35;
    pub const INTERFACE_FAILED: i32 = 45;
    pub const TOO_MANY_REDIRECTS: i32 = 47;
    pub const GOT_NOTHING: i32 = 52;
    pub const RECEIVE_ERROR: i32 = 56;
    pub const BAD_CERTIFICATE: i32 = 60;
}

/// Why a transfer failed: exit status and message.
struct Failure(i32, String);

enum State {
    Start,
    Looking(Lookup),
    Connecting(ConnectionId),
    /// On the newest channel.
    Handshaking,
    Exchanging(Box<Exchange>),
    Finished,
}

struct Exchange {
    /// Where the channel is among all.
    channel: usize,
    unsent: Outbox,
    /// The length of a file that is sent once the server wants it, and for how long its word is waited for.
    held: Option<(u64, Instant)>,
    response: Response,
    saw_head: bool,
}

impl Exchange {
    /// Lets the file go if the server wants it, or says nothing of it; says whether it does.
    fn release(&mut self, now: Instant) -> bool {
        if self.held.is_none() {
            return false;
        }
        // A mistake is found again when the response is read.
        let has_head = self.response.read_head().unwrap_or(false);
        let is_wanted = self.response.interim > 0;
        let held = self.held.take_if(|(_, until)| !has_head && (is_wanted || *until <= now));
        if let Some((len, _)) = held {
            self.unsent.fill(len);
        }
        held.is_some()
    }
}

enum Turn {
    Again,
    Wait,
}

/// Scheme, host and port.
type Origin = (String, String, u16);

/// A running `curl`.
pub(super) struct Curl {
    options: Options,
    state: State,
    url: Option<Url>,
    /// Addresses of the host that were not tried yet.
    addresses: VecDeque<Ipv4Addr>,
    /// When the next of them is tried, and how long that is after this one.
    move_on_at: Option<(Instant, Duration)>,
    /// Everything it has connected to; all stays open until it ends.
    channels: Vec<Channel>,
    /// The channel a redirect may use again, and where it goes.
    open: Option<(usize, Origin)>,
    began: Option<Instant>,
    /// When the current request began; redirects begin anew.
    request_began: Instant,
    facts: Facts,
}

impl Curl {
    pub fn new(options: Options) -> Self {
        Self {
            options,
            state: State::Start,
            url: None,
            addresses: VecDeque::new(),
            move_on_at: None,
            channels: Vec::new(),
            open: None,
            began: None,
            request_began: Instant::EPOCH,
            facts: Facts::default(),
        }
    }

    fn turn(&mut self, os: &mut Os<'_>) -> Result<Turn, Failure> {
        self.check_time(os.now)?;
        match std::mem::replace(&mut self.state, State::Finished) {
            State::Start => self.begin_request(os),
            State::Looking(lookup) => self.look_up(os, lookup),
            State::Connecting(connection) => self.await_connection(os, connection),
            State::Handshaking => self.shake_hands(os),
            State::Exchanging(exchange) => self.exchange(os, exchange),
            State::Finished => Ok(Turn::Wait),
        }
    }

    fn begin_request(&mut self, os: &mut Os<'_>) -> Result<Turn, Failure> {
        let url = match self.url.take() {
            Some(url) => url,
            None => {
                Url::parse(&self.options.url).map_err(|why| Failure(exit::MALFORMED_URL, why.to_owned()))?
            }
        };
        self.facts.url_effective = url.to_string();
        let usual = match &self.options {
            options if options.head_only => "HEAD",
            options if options.upload.is_some() => "PUT",
            options if options.data.is_some() => "POST",
            _ => "GET",
        };
        self.facts.method = self.options.method.clone().unwrap_or_else(|| usual.to_owned());
        self.facts.scheme.clone_from(&url.scheme);
        let origin = url.origin();
        let (scheme, host, _) = origin.clone();
        self.url = Some(url);
        if !["http", "https"].contains(&scheme.as_str()) {
            let message = format!("Protocol \"{scheme}\" not supported");
            return Err(Failure(exit::UNSUPPORTED_PROTOCOL, message));
        }
        if let Some((channel, _)) = self.open.take_if(|(_, to)| *to == origin) {
            self.say(os, &format!("Re-using existing connection with host {host}"));
            return self.send_request(os, channel);
        }
        self.state = State::Looking(Lookup::new(&host));
        Ok(Turn::Again)
    }

    fn look_up(&mut self, os: &mut Os<'_>, mut lookup: Lookup) -> Result<Turn, Failure> {
        match lookup.poll(os) {
            Looked::Waiting => {
                self.state = State::Looking(lookup);
                Ok(Turn::Wait)
            }
            Looked::Found(addresses) => self.resolved(os, addresses),
            Looked::Failed(_) => {
                let host = &self.url.as_ref().expect("a request has a URL").host;
                Err(Failure(exit::COULD_NOT_RESOLVE, format!("Could not resolve host: {host}")))
            }
        }
    }

    fn resolved(&mut self, os: &mut Os<'_>, addresses: Vec<Ipv4Addr>) -> Result<Turn, Failure> {
        let url = self.url.as_ref().expect("a request has a URL");
        let (host, port) = (url.host.clone(), url.port_or_default());
        self.facts.name_lookup = self.elapsed(os.now);
        if host.parse::<Ipv4Addr>().is_err() {
            self.say(os, &format!("Host {host}:{port} was resolved."));
            self.say(os, "IPv6: (none)");
            let all: Vec<String> = addresses.iter().map(Ipv4Addr::to_string).collect();
            self.say(os, &format!("IPv4: {}", all.join(", ")));
        }
        self.addresses = addresses.into();
        let first = self.addresses.pop_front().expect("a name that is found has an address");
        self.connect(os, first)
    }

    fn connect(&mut self, os: &mut Os<'_>, address: Ipv4Addr) -> Result<Turn, Failure> {
        let port = self.url.as_ref().expect("a request has a URL").port_or_default();
        self.say(os, &format!("  Trying {address}:{port}..."));
        // Nobody listens there, and no stack here would ask.
        if port == 0 {
            return Err(Failure(
                exit::COULD_NOT_CONNECT,
                self.failed_to_connect(os.now, "Couldn't connect to server"),
            ));
        }
        if self.options.local_port.is_some_and(|port| !os.bind(port)) {
            let message = "bind failed with errno 98: Address already in use".to_owned();
            return Err(Failure(exit::INTERFACE_FAILED, message));
        }
        self.state = State::Connecting(os.connect(address, port));
        // While there are more addresses, half of the time that is left is for this one.
        let limit = self.connect_limit().unwrap_or(self.request_began + CONNECT_TIMEOUT);
        let share = limit.since(os.now.min(limit)) / 2;
        self.move_on_at = (!self.addresses.is_empty()).then(|| (os.now + share, share));
        Ok(Turn::Again)
    }

    /// The next address, if this one takes too long.
    fn move_on(&mut self, os: &mut Os<'_>, connection: ConnectionId) -> Option<Result<Turn, Failure>> {
        let (_, share) = self.move_on_at.take_if(|(at, _)| *at <= os.now)?;
        self.say(os, &format!("ipv4 connect timeout after {}ms, move on!", share.as_millis()));
        os.close(connection);
        let next = self.addresses.pop_front()?;
        Some(self.connect(os, next))
    }

    fn await_connection(&mut self, os: &mut Os<'_>, connection: ConnectionId) -> Result<Turn, Failure> {
        match os.standing(connection) {
            Standing::Connecting => {
                if let Some(turn) = self.move_on(os, connection) {
                    return turn;
                }
                self.state = State::Connecting(connection);
                Ok(Turn::Wait)
            }
            Standing::Failed(error) => {
                let failure = self.could_not_connect(os, connection, error);
                match self.addresses.pop_front() {
                    Some(next) => self.connect(os, next),
                    None => Err(failure),
                }
            }
            Standing::Open => {
                let tuple = os.tuple(connection);
                let url = self.url.as_ref().expect("a request has a URL");
                let line = format!("Connected to {} ({}) port {}", url.host, tuple.dst, tuple.dst_port);
                let is_secure = url.scheme == "https";
                self.say(os, &line);
                self.facts.num_connects += 1;
                self.facts.connect = self.elapsed(os.now);
                self.facts.remote = Some((tuple.dst.to_string(), tuple.dst_port));
                self.facts.local = Some((tuple.src.to_string(), tuple.src_port));
                if is_secure {
                    return self.begin_handshake(os, connection);
                }
                self.channels.push(Channel::plain(connection));
                self.send_request(os, self.channels.len() - 1)
            }
        }
    }

    fn could_not_connect(&self, os: &mut Os<'_>, id: ConnectionId, error: ConnectionError) -> Failure {
        let (code, why) = match error {
            ConnectionError::TimedOut => (exit::TIMED_OUT, "Connection timed out"),
            ConnectionError::Refused | ConnectionError::Reset => {
                (exit::COULD_NOT_CONNECT, "Connection refused")
            }
            ConnectionError::HostUnreachable => (exit::COULD_NOT_CONNECT, "No route to host"),
            ConnectionError::NetworkUnreachable => (exit::COULD_NOT_CONNECT, "Network is unreachable"),
        };
        let tuple = os.tuple(id);
        let ends = (tuple.dst, tuple.dst_port, tuple.src, tuple.src_port);
        let line =
            format!("connect to {} port {} from {} port {} failed: {why}", ends.0, ends.1, ends.2, ends.3);
        self.say(os, &line);
        Failure(code, self.failed_to_connect(os.now, "Couldn't connect to server"))
    }

    fn failed_to_connect(&self, now: Instant, why: &str) -> String {
        let url = self.url.as_ref().expect("a request has a URL");
        let millis = self.request_elapsed(now).as_millis();
        format!("Failed to connect to {} port {} after {millis} ms: {why}", url.host, url.port_or_default())
    }

    fn send_request(&mut self, os: &mut Os<'_>, channel: usize) -> Result<Turn, Failure> {
        let request = self.request();
        if self.options.verbose {
            for line in request.trim_end_matches("\r\n").split("\r\n").chain([""]) {
                os.write_stderr(format!("> {line}\n"));
            }
        }
        self.facts.pretransfer = self.elapsed(os.now);
        self.facts.size_request += request.len() as u64;
        let mut unsent = Outbox::default();
        unsent.bytes_mut().extend(request.into_bytes());
        unsent.bytes_mut().extend(self.options.data.iter().flat_map(|data| data.bytes()));
        let mut held = None;
        match self.options.upload {
            Some(len) if len > EXPECT_FROM => held = Some((len, os.now + CONTINUE_WAIT)),
            Some(len) => unsent.fill(len),
            None => {}
        }
        self.state = State::Exchanging(Box::new(Exchange {
            channel,
            unsent,
            held,
            response: Response::new(self.options.head_only),
            saw_head: false,
        }));
        Ok(Turn::Again)
    }

    fn request(&self) -> String {
        let url = self.url.as_ref().expect("a request has a URL");
        let own = |name: &str| {
            let mut fields = self.options.headers.iter().map(|field| split_field(field));
            fields.find(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| value)
        };
        let agent = self.options.user_agent.clone().unwrap_or_else(|| format!("curl/{VERSION}"));
        let mut request = format!("{} {} HTTP/1.1\r\n", self.facts.method, url.path);
        let mut add = |name: &str, value: &str| {
            // `-H 'Accept:'` takes a field away.
            if !value.is_empty() {
                request.push_str(&format!("{name}: {value}\r\n"));
            }
        };
        // `-H 'Host: x'` changes the field where it is, other fields of one's own come last.
        add("Host", own("Host").unwrap_or(&url.authority()));
        for (name, value) in [("User-Agent", agent.as_str()), ("Accept", "*/*")] {
            if own(name).is_none() {
                add(name, value);
            }
        }
        for (name, value) in self.options.headers.iter().map(|field| split_field(field)) {
            if !name.eq_ignore_ascii_case("Host") {
                add(name, value);
            }
        }
        if let Some(len) = self.options.upload {
            add("Content-Length", &len.to_string());
            if len > EXPECT_FROM {
                add("Expect", "100-continue");
            }
        }
        if let Some(data) = &self.options.data {
            let kind = "application/x-www-form-urlencoded";
            let len = data.len();
            request.push_str(&format!("Content-Length: {len}\r\n"));
            if own("Content-Type").is_none() {
                request.push_str(&format!("Content-Type: {kind}\r\n"));
            }
        }
        request + "\r\n"
    }

    fn exchange(&mut self, os: &mut Os<'_>, mut exchange: Box<Exchange>) -> Result<Turn, Failure> {
        let channel = &mut self.channels[exchange.channel];
        exchange.unsent.flush_into(|bytes| channel.send(os, bytes));
        let received = channel.recv(os, &mut exchange.response.buffer);
        if exchange.release(os.now) {
            exchange.unsent.flush_into(|bytes| channel.send(os, bytes));
        }
        if matches!(received, Received::Bytes(_)) && self.facts.start_transfer < self.facts.pretransfer {
            self.facts.start_transfer = self.elapsed(os.now);
        }
        let is_complete = self.read(os, &mut exchange)?;
        let turn = match received {
            _ if is_complete => return self.complete(os, *exchange),
            Received::Bytes(_) => Turn::Again,
            Received::Nothing => Turn::Wait,
            Received::End => return self.ended(os, *exchange),
            Received::Failed(fault) => {
                return Err(Failure(exit::RECEIVE_ERROR, tls::could_not_receive(fault)));
            }
        };
        self.state = State::Exchanging(exchange);
        Ok(turn)
    }

    /// Reads what has come; says whether the response is complete.
    fn read(&mut self, os: &mut Os<'_>, exchange: &mut Exchange) -> Result<bool, Failure> {
        let garbled =
            |_| Failure(exit::UNSUPPORTED_PROTOCOL, "Received HTTP/0.9 when not allowed".to_owned());
        if !exchange.response.read_head().map_err(garbled)? {
            return Ok(false);
        }
        if !std::mem::replace(&mut exchange.saw_head, true) {
            self.read_head(os, &exchange.response)?;
        }
        let mut body = Vec::new();
        let is_complete = exchange.response.take_body(&mut body).map_err(garbled)?;
        self.facts.size_download += body.len() as u64;
        if !self.redirects_to(&exchange.response).is_some_and(|_| self.options.follow) {
            self.output(os, &body);
        }
        Ok(is_complete)
    }

    fn read_head(&mut self, os: &mut Os<'_>, response: &Response) -> Result<(), Failure> {
        let head = response.head.as_ref().expect("the head was read");
        self.facts.http_code = head.status;
        self.facts.http_version = Some(head.minor_version);
        self.facts.content_type = head.content_type.clone().unwrap_or_default();
        self.facts.num_headers = head.fields;
        self.facts.size_header += head.raw.len() as u64;
        self.facts.redirect_url = self.redirects_to(response).map(|url| url.to_string()).unwrap_or_default();
        if self.options.verbose {
            let text = String::from_utf8_lossy(&head.raw).into_owned();
            for line in text.trim_end_matches("\r\n").split("\r\n").chain([""]) {
                os.write_stderr(format!("< {line}\n"));
            }
        }
        if self.options.fail && head.status >= 400 {
            let message = format!("The requested URL returned error: {}", head.status);
            return Err(Failure(exit::HTTP_ERROR, message));
        }
        if self.options.include_headers || self.options.head_only {
            self.output(os, &head.raw);
        }
        if self.options.follow && !self.facts.redirect_url.is_empty() {
            self.say(os, "Ignoring the response-body");
        }
        Ok(())
    }

    fn redirects_to(&self, response: &Response) -> Option<Url> {
        let head = response.head.as_ref()?;
        let location = head.location.as_ref().filter(|_| (300..400).contains(&head.status))?;
        self.url.as_ref()?.join(location).ok()
    }

    fn complete(&mut self, os: &mut Os<'_>, exchange: Exchange) -> Result<Turn, Failure> {
        let origin = self.url.as_ref().expect("a request has a URL").origin();
        if exchange.response.head.as_ref().is_some_and(|head| head.closes) {
            self.say(os, "Closing connection");
            self.channels[exchange.channel].close(os);
        } else {
            let line =
                format!("Connection #{} to host {} left intact", self.facts.num_connects - 1, origin.1);
            self.say(os, &line);
            self.open = Some((exchange.channel, origin));
        }
        let Some(next) = self.redirects_to(&exchange.response).filter(|_| self.options.follow) else {
            return Ok(Turn::Wait);
        };
        if self.facts.num_redirects == REDIRECTS_MAX {
            let message = format!("Maximum ({REDIRECTS_MAX}) redirects followed");
            return Err(Failure(exit::TOO_MANY_REDIRECTS, message));
        }
        self.say(os, &format!("Issue another request to this URL: '{next}'"));
        self.facts.num_redirects += 1;
        self.facts.redirect = self.elapsed(os.now);
        self.facts.size_download = 0;
        // Only 307 and 308 take the body along; a method of one's own stays.
        if !matches!(self.facts.http_code, 307 | 308) {
            self.options.data = None;
        }
        self.url = Some(next);
        self.request_began = os.now;
        self.state = State::Start;
        Ok(Turn::Again)
    }

    fn ended(&mut self, os: &mut Os<'_>, exchange: Exchange) -> Result<Turn, Failure> {
        if exchange.response.head.is_none() {
            return Err(Failure(exit::GOT_NOTHING, "Empty reply from server".to_owned()));
        }
        match exchange.response.missing_at_end() {
            Some(message) => Err(Failure(exit::PARTIAL_FILE, message)),
            None => self.complete(os, exchange),
        }
    }

    /// The limits of `-m` and `--connect-timeout`.
    fn check_time(&self, now: Instant) -> Result<(), Failure> {
        let is_over = |limit: Option<Instant>| limit.is_some_and(|at| at <= now);
        let millis = self.request_elapsed(now).as_millis();
        match &self.state {
            State::Start | State::Finished => Ok(()),
            State::Looking(_) if is_over(self.connect_limit()) || is_over(self.limit()) => {
                Err(Failure(exit::TIMED_OUT, format!("Resolving timed out after {millis} milliseconds")))
            }
            State::Connecting(_) if is_over(self.connect_limit()) => {
                Err(Failure(exit::TIMED_OUT, self.failed_to_connect(now, "Timeout was reached")))
            }
            State::Connecting(_) if is_over(self.limit()) => {
                Err(Failure(exit::TIMED_OUT, format!("Connection timed out after {millis} milliseconds")))
            }
            State::Handshaking if is_over(self.connect_limit()) || is_over(self.limit()) => {
                Err(Failure(exit::TIMED_OUT, "SSL connection timeout".to_owned()))
            }
            State::Exchanging(exchange) if is_over(self.limit()) => {
                let received = exchange.response.taken;
                let head = exchange.response.head.as_ref();
                let of = head
                    .and_then(|head| head.content_length)
                    .map_or(String::new(), |length| format!(" out of {length}"));
                let message = format!(
                    "Operation timed out after {millis} milliseconds with {received}{of} bytes received"
                );
                Err(Failure(exit::TIMED_OUT, message))
            }
            State::Looking(_) | State::Connecting(_) | State::Handshaking | State::Exchanging(_) => Ok(()),
        }
    }

    fn limit(&self) -> Option<Instant> {
        Some(self.began? + self.options.max_time.filter(|limit| !limit.is_zero())?)
    }

    fn connect_limit(&self) -> Option<Instant> {
        Some(self.request_began + self.options.connect_timeout.filter(|limit| !limit.is_zero())?)
    }

    fn deadline(&self) -> Option<Instant> {
        let is_connecting =
            matches!(self.state, State::Looking(_) | State::Connecting(_) | State::Handshaking);
        let connect = self.connect_limit().filter(|_| is_connecting);
        let lookup = match &self.state {
            State::Looking(lookup) => lookup.deadline(),
            State::Start
            | State::Connecting(_)
            | State::Handshaking
            | State::Exchanging(_)
            | State::Finished => None,
        };
        let held = match &self.state {
            State::Exchanging(exchange) => exchange.held.map(|(_, until)| until),
            State::Start
            | State::Looking(_)
            | State::Connecting(_)
            | State::Handshaking
            | State::Finished => None,
        };
        let next = self.move_on_at.map(|(at, _)| at).filter(|_| matches!(self.state, State::Connecting(_)));
        connect.into_iter().chain(self.limit()).chain(lookup).chain(next).chain(held).min()
    }

    fn end(&mut self, os: &mut Os<'_>, failure: Option<Failure>) -> Progress {
        self.facts.total = self.elapsed(os.now);
        if let Some(Failure(code, message)) = failure {
            self.say(os, &message);
            self.say(os, "Closing connection");
            self.facts.exit_code = code;
            self.facts.error = message;
            if !self.options.silent || self.options.show_error {
                os.write_stderr(format!("curl: ({code}) {}\n", self.facts.error));
                if code == exit::BAD_CERTIFICATE {
                    os.write_stderr(tls::MORE_ABOUT_CERTIFICATES);
                }
            }
        }
        for channel in &mut self.channels {
            channel.end_session(os);
        }
        if let Some(format) = &self.options.write_out {
            os.write_stdout(format.render(&self.facts));
        }
        Progress::Exited(self.facts.exit_code)
    }

    fn output(&self, os: &mut Os<'_>, bytes: &[u8]) {
        if !self.options.to_file {
            os.write_stdout(bytes);
        }
    }

    fn say(&self, os: &mut Os<'_>, line: &str) {
        if self.options.verbose {
            os.write_stderr(format!("* {line}\n"));
        }
    }

    fn elapsed(&self, now: Instant) -> Duration {
        now.since(self.began.unwrap_or(now))
    }

    fn request_elapsed(&self, now: Instant) -> Duration {
        now.since(self.request_began)
    }
}

fn split_field(field: &str) -> (&str, &str) {
    let (name, value) = field.split_once(':').unwrap_or((field, ""));
    (name.trim(), value.trim())
}

impl Program for Curl {
    fn step(&mut self, os: &mut Os<'_>) -> Progress {
        if self.began.is_none() {
            self.began = Some(os.now);
            self.request_began = os.now;
        }
        for _ in 0..TURNS_MAX {
            match self.turn(os) {
                Ok(Turn::Again) => {}
                Ok(Turn::Wait) if matches!(self.state, State::Finished) => return self.end(os, None),
                Ok(Turn::Wait) => return Progress::Waiting(self.deadline()),
                Err(failure) => return self.end(os, Some(failure)),
            }
        }
        panic!("{}: curl turns in circles", os.hostname);
    }
}
