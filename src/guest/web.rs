//! A web server's side of one connection: HTTP/1.1 requests in, a site's answers out.
//!
//! Knows HTTP; never where the site's pages come from. A file that is sent to it (PUT) is taken, and thrown away
//! as it comes.

use std::sync::Arc;

use super::process::{Os, Outbox, Program, Progress};
use super::site::{Answer, Body, HeaderValue, Site};
use super::tls::{Channel, Received};
use crate::time::Instant;

/// Header fields a request may have.
const HEADERS_MAX: usize = 64;
/// Length of a request's head.
const REQUEST_MAX: usize = 65_536;

/// One visitor.
pub(super) struct Visit {
    channel: Channel,
    site: Site,
    received: Vec<u8>,
    unsent: Outbox,
    /// How much of a file is still to come, and whether the connection ends with it.
    upload: Option<(u64, bool)>,
    is_last: bool,
}

impl Visit {
    pub fn new(channel: Channel, site: Site) -> Self {
        let (received, unsent) = (Vec::new(), Outbox::default());
        Self { channel, site, received, unsent, upload: None, is_last: false }
    }

    /// Answers the first request if it is complete.
    fn answer_next(&mut self, now: Instant) -> bool {
        if self.is_last {
            return false;
        }
        if let Some((missing, is_last)) = self.upload {
            return self.take_upload(now, missing, is_last);
        }
        let mut fields = [httparse::EMPTY_HEADER; HEADERS_MAX];
        let mut request = httparse::Request::new(&mut fields);
        let (answer, len, is_last) = match request.parse(&self.received) {
            Ok(httparse::Status::Complete(len)) if let Some(bytes) = upload_len(&self.site, &request) => {
                let is_last = closes(&request);
                let expects = field(&request, "expect").is_some_and(|value| value == b"100-continue");
                self.received.drain(..len);
                if expects && self.received.is_empty() && bytes > 0 {
                    self.unsent.bytes_mut().extend_from_slice(b"HTTP/1.1 100 Continue\r\n\r\n");
                }
                return self.take_upload(now, bytes, is_last);
            }
            Ok(httparse::Status::Complete(len)) => {
                let answer = choose(&self.site, &request);
                (answer, len, closes(&request))
            }
            Ok(httparse::Status::Partial) if self.received.len() < REQUEST_MAX => return false,
            Ok(httparse::Status::Partial) | Err(_) => {
                (Choice::Own(Answer::error(400, "Bad Request", &[])), self.received.len(), true)
            }
        };
        let with_body = request.method != Some("HEAD");
        self.is_last = is_last || matches!(&answer, Choice::Own(answer) if answer.status == 405);
        self.unsent.bytes_mut().extend(head(answer.as_ref(), self.is_last, now).into_bytes());
        match &answer.as_ref().body {
            Body::Bytes(bytes) if with_body => self.unsent.bytes_mut().extend_from_slice(bytes),
            Body::Filler(len) if with_body => self.unsent.fill(*len),
            Body::Bytes(_) | Body::Filler(_) => {}
        }
        self.received.drain(..len);
        true
    }

    /// Takes what has come of a file, and answers once it is complete.
    fn take_upload(&mut self, now: Instant, missing: u64, is_last: bool) -> bool {
        let taken = missing.min(self.received.len() as u64);
        self.received.drain(..taken as usize);
        if taken < missing {
            self.upload = Some((missing - taken, is_last));
            return false;
        }
        (self.upload, self.is_last) = (None, is_last);
        let answer = Answer::new(201, "Created", &[], "text/plain", Vec::new());
        self.unsent.bytes_mut().extend(head(&answer, is_last, now).into_bytes());
        true
    }
}

impl Program for Visit {
    fn step(&mut self, os: &mut Os<'_>) -> Progress {
        let received = loop {
            match self.channel.recv(os, &mut self.received) {
                Received::Bytes(_) => {}
                other @ (Received::Nothing | Received::End | Received::Failed(_)) => break other,
            }
        };
        loop {
            // The next answer has to wait until the whole filler is made.
            while !self.unsent.has_filler() && self.answer_next(os.now) {}
            self.unsent.flush_into(|bytes| self.channel.send(os, bytes));
            if self.unsent.has_filler() || !self.answer_next(os.now) {
                break;
            }
        }
        let is_over = match received {
            Received::Failed(_) => return Progress::Exited(0),
            Received::End => self.unsent.is_empty(),
            Received::Bytes(_) | Received::Nothing => self.is_last && self.unsent.is_empty(),
        };
        if is_over && !self.channel.peer_has_closed() {
            self.channel.end_session(os);
        }
        if is_over && self.channel.is_flushed(os) {
            return Progress::Exited(0);
        }
        // The end of the stream is seen again on the next step: nothing else wakes this program.
        Progress::Waiting(None)
    }
}

/// An answer of the site, or one every server has.
enum Choice {
    Site(Arc<Answer>),
    Own(Answer),
}

impl Choice {
    fn as_ref(&self) -> &Answer {
        match self {
            Self::Site(answer) => answer,
            Self::Own(answer) => answer,
        }
    }
}

fn choose(site: &Site, request: &httparse::Request<'_, '_>) -> Choice {
    if !matches!(request.method, Some("GET" | "HEAD")) {
        return Choice::Own(Answer::error(405, "Method Not Allowed", &[("Allow", "GET, HEAD")]));
    }
    match site.answer(request.path.unwrap_or("/")) {
        Some(answer) => Choice::Site(Arc::clone(answer)),
        None => Choice::Own(Answer::error(404, "Not Found", &[])),
    }
}

fn field<'b>(request: &httparse::Request<'_, 'b>, name: &str) -> Option<&'b [u8]> {
    let found = request.headers.iter().find(|field| field.name.eq_ignore_ascii_case(name));
    found.map(|field| field.value)
}

/// How long the file is that a request brings to a place that takes it: where there is a page.
fn upload_len(site: &Site, request: &httparse::Request<'_, '_>) -> Option<u64> {
    let is_page = |answer: &Arc<Answer>| (200..300).contains(&answer.status);
    if request.method != Some("PUT") || !site.answer(request.path.unwrap_or("/")).is_some_and(is_page) {
        return None;
    }
    std::str::from_utf8(field(request, "content-length")?).ok()?.parse().ok()
}

/// Whether the connection ends after this request.
pub(super) fn closes(request: &httparse::Request<'_, '_>) -> bool {
    let connection = request.headers.iter().find(|field| field.name.eq_ignore_ascii_case("connection"));
    match connection {
        Some(field) => field.value.eq_ignore_ascii_case(b"close"),
        None => request.version == Some(0),
    }
}

pub(super) fn head(answer: &Answer, is_last: bool, now: Instant) -> String {
    let mut head = format!("HTTP/1.1 {} {}\r\n", answer.status, answer.reason);
    for (name, value) in &answer.headers {
        let value = match value {
            HeaderValue::ContentLength => answer.body.len().to_string(),
            HeaderValue::Date(later) => http_date(now + *later),
            HeaderValue::Text(text) => text.clone(),
        };
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    if is_last {
        head.push_str("Connection: close\r\n");
    }
    head.push_str("\r\n");
    head
}

/// A date as HTTP writes it, e.g. `Fri, 28 Jun 2024 09:00:00 GMT`.
fn http_date(at: Instant) -> String {
    let at = jiff::Timestamp::from_second(at.unix_seconds() as i64).expect("virtual time ends in 2554");
    at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}
