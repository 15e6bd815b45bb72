//! A web server that passes on what it is asked: whole requests of HTTP/1.1 in, answers out.
//!
//! Knows HTTP; what the answer is, whoever runs the simulation knows.

use super::process::{Os, Outbox, Program, Progress};
use super::request::{HttpRequest, Query, Reply};
use super::site::{Answer, Body};
use super::tls::{Channel, Received};
use super::web;

/// Header fields a request may have.
const HEADERS_MAX: usize = 64;
/// Length of a request's head.
const HEAD_MAX: usize = 65_536;
/// Length of a request's body.
const BODY_MAX: usize = 64 << 20;

/// One visitor.
pub(super) struct Visit {
    channel: Channel,
    received: Vec<u8>,
    unsent: Outbox,
    /// What is asked now, and whether the connection ends with it.
    asked: Option<Asked>,
    /// Whether the visitor was told to go on with its body.
    has_continued: bool,
    is_last: bool,
}

struct Asked {
    is_head: bool,
    closes: bool,
}

/// What stands at the begin of what was received.
enum Next {
    Request(HttpRequest, usize, bool),
    /// The rest is missing; whether the visitor waits to be told to send it.
    Partial(bool),
    Bad(u16, &'static str),
}

impl Visit {
    pub fn new(channel: Channel) -> Self {
        let (received, unsent) = (Vec::new(), Outbox::default());
        Self { channel, received, unsent, asked: None, has_continued: false, is_last: false }
    }

    fn ask_next(&mut self, os: &mut Os<'_>) {
        if self.asked.is_some() || self.is_last {
            return;
        }
        match next(&self.received) {
            Next::Request(request, len, closes) => {
                self.received.drain(..len);
                self.has_continued = false;
                self.asked = Some(Asked { is_head: request.method == "HEAD", closes });
                os.ask(self.channel.connection(), Query::Http(request));
            }
            Next::Partial(expects) => {
                if expects && !self.has_continued {
                    self.has_continued = true;
                    self.unsent.bytes_mut().extend_from_slice(b"HTTP/1.1 100 Continue\r\n\r\n");
                }
            }
            Next::Bad(status, reason) => {
                self.received.clear();
                self.say(os, &Answer::error(status, reason, &[]), false, true);
            }
        }
    }

    fn say(&mut self, os: &Os<'_>, answer: &Answer, is_head: bool, closes: bool) {
        self.is_last = closes;
        self.unsent.bytes_mut().extend(web::head(answer, closes, os.now).into_bytes());
        match &answer.body {
            Body::Bytes(bytes) if !is_head => self.unsent.bytes_mut().extend_from_slice(bytes),
            Body::Filler(len) if !is_head => self.unsent.fill(*len),
            Body::Bytes(_) | Body::Filler(_) => {}
        }
    }
}

impl Program for Visit {
    fn step(&mut self, os: &mut Os<'_>) -> Progress {
        let received = loop {
            match self.channel.recv(os, &mut self.received) {
                Received::Bytes(_) => {}
                last @ (Received::Nothing | Received::End | Received::Failed(_)) => break last,
            }
        };
        match (os.take_reply(), self.asked.take()) {
            (Some(Reply::Http(answer)), Some(asked)) => {
                self.say(os, &answer, asked.is_head, asked.closes);
            }
            (Some(Reply::Dns(_) | Reply::Silence), _) => return Progress::Exited(0),
            (_, asked) => self.asked = asked,
        }
        if !self.unsent.has_filler() {
            self.ask_next(os);
        }
        let channel = &mut self.channel;
        self.unsent.flush_into(|bytes| channel.send(os, bytes));
        let is_idle = self.unsent.is_empty() && self.asked.is_none();
        let is_over = match received {
            Received::Failed(_) => return Progress::Exited(0),
            Received::End => is_idle,
            Received::Bytes(_) | Received::Nothing => self.is_last && is_idle,
        };
        if is_over && !self.channel.peer_has_closed() {
            self.channel.end_session(os);
        }
        if is_over && self.channel.is_flushed(os) {
            return Progress::Exited(0);
        }
        Progress::Waiting(None)
    }
}

fn next(received: &[u8]) -> Next {
    let mut fields = [httparse::EMPTY_HEADER; HEADERS_MAX];
    let mut request = httparse::Request::new(&mut fields);
    let head = match request.parse(received) {
        Ok(httparse::Status::Complete(len)) => len,
        Ok(httparse::Status::Partial) if received.len() < HEAD_MAX => return Next::Partial(false),
        Ok(httparse::Status::Partial) | Err(_) => return Next::Bad(400, "Bad Request"),
    };
    let field = |name: &str| request.headers.iter().find(|field| field.name.eq_ignore_ascii_case(name));
    if field("transfer-encoding").is_some() {
        return Next::Bad(501, "Not Implemented");
    }
    let len = match field("content-length").map(|field| std::str::from_utf8(field.value).map(str::parse)) {
        None => 0,
        Some(Ok(Ok(len))) if len <= BODY_MAX => len,
        Some(Ok(Ok(_))) => return Next::Bad(413, "Content Too Large"),
        Some(Ok(Err(_)) | Err(_)) => return Next::Bad(400, "Bad Request"),
    };
    let Some(body) = received.get(head..head + len) else {
        let expects = field("expect").is_some_and(|field| field.value.eq_ignore_ascii_case(b"100-continue"));
        return Next::Partial(expects);
    };
    let headers = request
        .headers
        .iter()
        .map(|field| (field.name.to_owned(), String::from_utf8_lossy(field.value).into_owned()));
    let request_of_service = HttpRequest {
        method: request.method.unwrap_or_default().to_owned(),
        target: request.path.unwrap_or_default().to_owned(),
        headers: headers.collect(),
        body: body.to_vec(),
    };
    Next::Request(request_of_service, head + len, web::closes(&request))
}
