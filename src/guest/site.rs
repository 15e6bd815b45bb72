//! What a web server has to say, path by path.
//!
//! Knows answers as data; how they are sent is in [`super::web`].

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// The answers of a web server. Cheap to clone.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Site {
    everywhere: Option<Arc<Answer>>,
    by_path: BTreeMap<String, Arc<Answer>>,
}

impl Site {
    /// A site without pages: every path is "404 Not Found".
    pub fn empty() -> Self {
        Self { everywhere: None, by_path: BTreeMap::new() }
    }

    /// A site that gives the same answer on every path.
    pub fn everywhere(answer: Answer) -> Self {
        Self { everywhere: Some(Arc::new(answer)), by_path: BTreeMap::new() }
    }

    /// The text on every path: HTML if it begins with `<`, else plain text.
    pub fn plain(body: impl Into<Vec<u8>>) -> Self {
        Self::everywhere(Answer::plain(body))
    }

    /// A redirect on every path.
    pub fn redirect(location: &str) -> Self {
        Self::everywhere(Answer::redirect(location))
    }

    /// Adds an answer for one path, e.g. `/index.html`; a query string is not part of it.
    pub fn with_page(mut self, path: &str, answer: Answer) -> Self {
        self.by_path.insert(path.to_owned(), Arc::new(answer));
        self
    }

    /// The answer for the target of a request.
    pub(super) fn answer(&self, target: &str) -> Option<&Arc<Answer>> {
        let path = target.split(['?', '#']).next().unwrap_or(target);
        self.by_path.get(path).or(self.everywhere.as_ref())
    }
}

/// One answer of a web server.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Answer {
    /// Status code, e.g. 200.
    pub status: u16,
    /// What stands behind the status code, e.g. `OK`.
    pub reason: String,
    /// All header fields, in the order they are sent.
    pub headers: Vec<(String, HeaderValue)>,
    /// The body.
    pub body: Body,
}

/// What an answer carries.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Body {
    /// These bytes.
    Bytes(Vec<u8>),
    /// So many bytes of no meaning, which are made as they are sent.
    Filler(u64),
}

impl Body {
    /// How long it is, in bytes.
    pub fn len(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::Filler(len) => *len,
        }
    }

    /// Whether there is nothing to carry.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What stands at a position of a filler: lines of 63 digits.
    pub(super) fn filler(position: u64) -> u8 {
        const LINE: u64 = 64;
        if position % LINE == LINE - 1 { b'\n' } else { b"0123456789abcdef"[(position % 16) as usize] }
    }
}

/// The value of a header field.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum HeaderValue {
    /// The length of the body.
    ContentLength,
    /// The time of the answer and this much later, as `Date` and `Expires` print it.
    Date(Duration),
    /// Always the same.
    Text(String),
}

impl Answer {
    /// An answer with the usual header fields and some of its own before `Content-Length`.
    pub fn new(status: u16, reason: &str, extra: &[(&str, &str)], content_type: &str, body: Vec<u8>) -> Self {
        let text = |text: &str| HeaderValue::Text(text.to_owned());
        let mut headers = vec![
            ("Date".to_owned(), HeaderValue::Date(Duration::ZERO)),
            ("Server".to_owned(), text("vpclab")),
        ];
        headers.extend(extra.iter().map(|(name, value)| ((*name).to_owned(), text(value))));
        headers.push(("Content-Length".to_owned(), HeaderValue::ContentLength));
        headers.push(("Content-Type".to_owned(), text(content_type)));
        Self { status, reason: reason.to_owned(), headers, body: Body::Bytes(body) }
    }

    /// The text with status 200: HTML if it begins with `<`, else plain text.
    pub fn plain(body: impl Into<Vec<u8>>) -> Self {
        let body = body.into();
        let is_html = body.trim_ascii_start().starts_with(b"<");
        Self::new(200, "OK", &[], if is_html { "text/html" } else { "text/plain" }, body)
    }

    /// So many bytes of plain text with status 200, which take no memory.
    pub fn filler(bytes: u64) -> Self {
        Self { body: Body::Filler(bytes), ..Self::new(200, "OK", &[], "text/plain", Vec::new()) }
    }

    /// "301 Moved Permanently" to another place.
    pub fn redirect(location: &str) -> Self {
        Self::new(
            301,
            "Moved Permanently",
            &[("Location", location)],
            "text/html",
            page("301 Moved Permanently"),
        )
    }

    /// A page that says only what went wrong.
    pub(super) fn error(status: u16, reason: &str, extra: &[(&str, &str)]) -> Self {
        Self::new(status, reason, extra, "text/html", page(&format!("{status} {reason}")))
    }
}

fn page(title: &str) -> Vec<u8> {
    format!("<html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>\n").into_bytes()
}
