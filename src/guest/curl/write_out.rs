//! `curl -w`: the format, and the numbers it can print.
//!
//! Knows variables and their spelling; never how a transfer goes.

use std::time::Duration;

use crate::guest::args::Value;
use crate::guest::command::CommandError;

/// A format read once.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(in crate::guest) struct WriteOut(Vec<Piece>);

#[derive(Clone, PartialEq, Eq, Debug)]
enum Piece {
    Text(String),
    Variable(&'static str),
}

/// What there is to say about a transfer.
#[derive(Clone, Default, Debug)]
pub(super) struct Facts {
    pub http_code: u16,
    pub http_version: Option<u8>,
    pub content_type: String,
    pub redirect_url: String,
    pub url_effective: String,
    pub method: String,
    pub scheme: String,
    pub ssl_verify_result: u32,
    pub remote: Option<(String, u16)>,
    pub local: Option<(String, u16)>,
    pub size_download: u64,
    pub size_header: u64,
    pub size_request: u64,
    pub num_connects: u32,
    pub num_redirects: u32,
    pub num_headers: usize,
    pub name_lookup: Duration,
    pub connect: Duration,
    /// When the TLS handshake was over.
    pub app_connect: Duration,
    pub pretransfer: Duration,
    pub start_transfer: Duration,
    pub redirect: Duration,
    pub total: Duration,
    pub exit_code: i32,
    pub error: String,
}

const VARIABLES: &[&str] = &[
    "content_type",
    "errormsg",
    "exitcode",
    "http_code",
    "http_version",
    "local_ip",
    "local_port",
    "method",
    "num_connects",
    "num_headers",
    "num_redirects",
    "redirect_url",
    "remote_ip",
    "remote_port",
    "response_code",
    "scheme",
    "size_download",
    "size_header",
    "size_request",
    "speed_download",
    "ssl_verify_result",
    "time_appconnect",
    "time_connect",
    "time_namelookup",
    "time_pretransfer",
    "time_redirect",
    "time_starttransfer",
    "time_total",
    "url_effective",
];

impl WriteOut {
    pub fn parse(value: &Value<'_>) -> Result<Self, CommandError> {
        let mut pieces = Vec::new();
        let mut text = String::new();
        let mut rest = value.text;
        while let Some(c) = rest.chars().next() {
            rest = &rest[c.len_utf8()..];
            if c == '%' && rest.starts_with('{') {
                let (name, behind) = rest[1..].split_once('}').ok_or_else(|| {
                    CommandError::new(value.range.clone(), "a `%{` in the format is not closed")
                })?;
                let known = VARIABLES.iter().find(|variable| **variable == name).ok_or_else(|| {
                    CommandError::new(value.range.clone(), format!("there is no variable `%{{{name}}}`"))
                        .with_hint(format!("variables: {}", VARIABLES.join(", ")))
                })?;
                pieces.push(Piece::Text(std::mem::take(&mut text)));
                pieces.push(Piece::Variable(known));
                rest = behind;
            } else if c == '%' && rest.starts_with('%') {
                text.push('%');
                rest = &rest[1..];
            } else if c == '\\' {
                let escaped = rest.chars().next();
                match escaped {
                    Some('n') => text.push('\n'),
                    Some('r') => text.push('\r'),
                    Some('t') => text.push('\t'),
                    Some(other) => text.extend(['\\', other]),
                    None => text.push('\\'),
                }
                rest = &rest[escaped.map_or(0, char::len_utf8)..];
            } else {
                text.push(c);
            }
        }
        pieces.push(Piece::Text(text));
        Ok(Self(pieces))
    }

    pub(super) fn render(&self, facts: &Facts) -> String {
        let pieces = self.0.iter().map(|piece| match piece {
            Piece::Text(text) => text.clone(),
            Piece::Variable(name) => facts.value(name),
        });
        pieces.collect()
    }
}

impl Facts {
    fn value(&self, variable: &str) -> String {
        let ip = |end: &Option<(String, u16)>| end.as_ref().map_or(String::new(), |(ip, _)| ip.clone());
        let port = |end: &Option<(String, u16)>| end.as_ref().map_or(0, |(_, port)| *port).to_string();
        match variable {
            "content_type" => self.content_type.clone(),
            "errormsg" => self.error.clone(),
            "exitcode" => self.exit_code.to_string(),
            "http_code" | "response_code" => format!("{:03}", self.http_code),
            "http_version" => match self.http_version {
                Some(minor) => format!("1.{minor}"),
                None => "0".to_owned(),
            },
            "local_ip" => ip(&self.local),
            "local_port" => port(&self.local),
            "method" => self.method.clone(),
            "num_connects" => self.num_connects.to_string(),
            "num_headers" => self.num_headers.to_string(),
            "num_redirects" => self.num_redirects.to_string(),
            "redirect_url" => self.redirect_url.clone(),
            "remote_ip" => ip(&self.remote),
            "remote_port" => port(&self.remote),
            "scheme" => self.scheme.clone(),
            "size_download" => self.size_download.to_string(),
            "size_header" => self.size_header.to_string(),
            "size_request" => self.size_request.to_string(),
            "speed_download" => self.speed().to_string(),
            "ssl_verify_result" => self.ssl_verify_result.to_string(),
            "time_appconnect" => seconds(self.app_connect),
            "time_connect" => seconds(self.connect),
            "time_namelookup" => seconds(self.name_lookup),
            "time_pretransfer" => seconds(self.pretransfer),
            "time_redirect" => seconds(self.redirect),
            "time_starttransfer" => seconds(self.start_transfer),
            "time_total" => seconds(self.total),
            "url_effective" => self.url_effective.clone(),
            other => panic!("variable {other} is known but has no value"),
        }
    }

    fn speed(&self) -> u64 {
        let micros = self.total.as_micros().max(1);
        u64::try_from(u128::from(self.size_download) * 1_000_000 / micros).unwrap_or(u64::MAX)
    }
}

fn seconds(duration: Duration) -> String {
    format!("{}.{:06}", duration.as_secs(), duration.subsec_micros())
}
