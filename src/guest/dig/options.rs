//! The options of `dig`.
//!
//! Knows what may be typed; never what comes back.

use std::net::Ipv4Addr;
use std::time::Duration;

use simple_dns::TYPE;

use crate::guest::command::CommandError;
use crate::guest::dns::PORT;
use crate::guest::words::Word;

/// What `dig` was asked to do.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Options {
    /// Everything behind the program's name, as it was typed.
    pub typed: String,
    /// Whom to ask, in place of the host's own servers.
    pub server: Option<String>,
    pub name: String,
    pub kind: TYPE,
    pub port: u16,
    pub short: bool,
    pub over_tcp: bool,
    /// Whether the answer is all that is shown.
    pub answer_only: bool,
    pub edns: bool,
    pub timeout: Duration,
    pub tries: usize,
}

const TYPES: &[(&str, TYPE)] = &[
    ("A", TYPE::A),
    ("AAAA", TYPE::AAAA),
    ("CNAME", TYPE::CNAME),
    ("MX", TYPE::MX),
    ("NS", TYPE::NS),
    ("PTR", TYPE::PTR),
    ("SOA", TYPE::SOA),
    ("TXT", TYPE::TXT),
];
const KNOWN: &str = "here: @SERVER, a name, a type, -t TYPE, -x ADDRESS, -p PORT, +short, +tcp, +noall, +answer, \
                     +noedns, +time=S, +tries=N";

impl Options {
    /// Reads the words behind the program's name.
    pub fn parse(program: &Word, words: &[Word]) -> Result<Self, CommandError> {
        let typed: Vec<&str> = words.iter().map(|word| word.text.as_str()).collect();
        let mut options = Self {
            typed: typed.join(" "),
            server: None,
            name: String::new(),
            kind: TYPE::A,
            port: PORT,
            short: false,
            over_tcp: false,
            answer_only: false,
            edns: true,
            timeout: Duration::from_secs(5),
            tries: 3,
        };
        let mut words = words.iter();
        while let Some(word) = words.next() {
            let refuse = |message: String| CommandError::new(word.range.clone(), message).with_hint(KNOWN);
            let mut value = || {
                let missing = || CommandError::new(word.range.clone(), "this option needs a value");
                words.next().ok_or_else(missing)
            };
            let text = word.text.as_str();
            if let Some(server) = text.strip_prefix('@') {
                options.server = Some(server.to_owned());
            } else if let Some(query_option) = text.strip_prefix('+') {
                options
                    .query_option(query_option)
                    .ok_or_else(|| refuse(format!("`dig` has no option `{text}` here")))?;
            } else if text == "-x" {
                let address: Ipv4Addr =
                    value()?.text.parse().map_err(|_| refuse("`-x` wants an IPv4 address".to_owned()))?;
                let [a, b, c, d] = address.octets();
                (options.name, options.kind) = (format!("{d}.{c}.{b}.{a}.in-addr.arpa"), TYPE::PTR);
            } else if text == "-t" {
                options.kind =
                    kind(&value()?.text).ok_or_else(|| refuse("a type that is not known here".to_owned()))?;
            } else if text == "-p" {
                options.port = value()?.text.parse().map_err(|_| refuse("`-p` wants a port".to_owned()))?;
            } else if text.starts_with('-') {
                return Err(refuse(format!("`dig` has no option `{text}` here")));
            } else if let Some(kind) = kind(text) {
                options.kind = kind;
            } else if !text.eq_ignore_ascii_case("IN") {
                text.clone_into(&mut options.name);
            }
        }
        if options.name.is_empty() {
            return Err(CommandError::new(program.range.clone(), "`dig` wants a name").with_hint(KNOWN));
        }
        Ok(options)
    }

    fn query_option(&mut self, option: &str) -> Option<()> {
        let number = |text: &str| text.parse::<u8>().ok().filter(|number| *number > 0);
        match option.split_once('=') {
            Some(("time" | "timeout", text)) => self.timeout = Duration::from_secs(number(text)?.into()),
            Some(("tries", text)) => self.tries = number(text)?.into(),
            Some(("retry", text)) => self.tries = usize::from(text.parse::<u8>().ok()?) + 1,
            Some(_) => return None,
            None => match option {
                "short" => self.short = true,
                "tcp" | "vc" => self.over_tcp = true,
                "noall" => self.answer_only = true,
                "noedns" => self.edns = false,
                // What is so anyway.
                "answer" | "notcp" | "recurse" | "nosearch" => {}
                _ => return None,
            },
        }
        Some(())
    }
}

fn kind(text: &str) -> Option<TYPE> {
    TYPES.iter().find(|(name, _)| name.eq_ignore_ascii_case(text)).map(|(_, kind)| *kind)
}
