//! A request taken apart: header fields, path, query, form, and the ids that its answer has.
//!
//! Knows HTTP as far as services look at it.

use super::Request;
use crate::seed;
use crate::sigv4;
use crate::time::Instant;

/// A request, and what was found in it.
pub struct Call<'a> {
    pub request: &'a Request<'a>,
    /// When it is answered.
    pub now: Instant,
    /// The path as it was sent.
    pub path: &'a str,
    /// The parameters behind the path, in order.
    pub query: Vec<(String, String)>,
}

impl<'a> Call<'a> {
    pub fn of(request: &'a Request<'a>, now: Instant) -> Self {
        let target = request.target.split('#').next().unwrap_or_default();
        // A proxy is asked with the whole URL.
        let target = match target.split_once("://") {
            Some((_, rest)) if !target.starts_with('/') => rest.find('/').map_or("/", |at| &rest[at..]),
            _ => target,
        };
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        Self { request, now, path: if path.is_empty() { "/" } else { path }, query: pairs(query) }
    }

    /// The value of a header field.
    pub fn header(&self, name: &str) -> Option<&'a str> {
        let mut fields = self.request.headers.iter();
        fields.find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
    }

    /// The value of a parameter behind the path.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }

    /// The parameters of a form, those behind the path included.
    pub fn form(&self) -> Vec<(String, String)> {
        let body = std::str::from_utf8(self.request.body).unwrap_or_default();
        self.query.iter().cloned().chain(pairs(body)).collect()
    }

    /// An id for the answer, of some capital letters and digits.
    pub fn request_id(&self, len: usize) -> String {
        let mut digits = self.random("request");
        (0..len)
            .map(|_| char::from(b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"[(digits() % 36) as usize]))
            .collect()
    }

    /// The other id of S3's answers, in base64.
    pub fn host_id(&self) -> String {
        const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        let mut digits = self.random("host");
        let id: String = (0..75).map(|_| char::from(BASE64[(digits() % 64) as usize])).collect();
        id + "="
    }

    /// An id in the form of a UUID.
    pub fn uuid(&self) -> String {
        let mut digits = self.random("request");
        let (a, b) = (digits(), digits());
        let (c, d) = (a & 0x0fff, b >> 48 & 0x3fff | 0x8000);
        format!("{:08x}-{:04x}-4{c:03x}-{d:04x}-{:012x}", a >> 32, a >> 16 & 0xffff, b & 0xffff_ffff_ffff)
    }

    /// Numbers that are the same whenever the same request comes at the same moment.
    fn random(&self, purpose: &str) -> impl FnMut() -> u64 {
        let Request { method, target, source, .. } = self.request;
        let at = self.now.as_nanos().to_string();
        let seed = seed::Seed(seed::hash(&[method, target, &source.to_string(), &at]));
        let mut stream = seed.stream("request-id", purpose);
        move || stream.next_u64()
    }
}

/// `a=1&b=2` with its escapes taken away. What is no text is left out.
fn pairs(text: &str) -> Vec<(String, String)> {
    let decode = |part: &str| String::from_utf8(sigv4::uri_decode(&part.replace('+', " "))).ok();
    let pairs = text.split('&').filter(|pair| !pair.is_empty());
    pairs
        .filter_map(|pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            Some((decode(key)?, decode(value)?))
        })
        .collect()
}
