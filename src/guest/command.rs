//! What a person types, checked before anything runs.
//!
//! Knows which programs exist; what their options mean is in the programs' own files.

use std::ops::Range;
use std::time::Duration;

use super::words::{self, Word};
use super::{aws, curl, dig, iperf, nc, ping, process::Program, ssh, traceroute};

/// A command that can be run on a host.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Command(Kind);

#[derive(Clone, PartialEq, Eq, Debug)]
enum Kind {
    Aws(aws::Options),
    Curl(curl::Options),
    Dig(dig::Options),
    Iperf(iperf::Options),
    Nc(nc::Options),
    Ping(ping::Options),
    Ssh(ssh::Options),
    Traceroute(traceroute::Options),
}

/// A page that is fetched, or where something is sent to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Page<'a> {
    /// The host by its name or address.
    pub host: &'a str,
    /// The port.
    pub port: u16,
    /// Whether with TLS; whose certificate it is does not matter.
    pub tls: bool,
}

impl Page<'_> {
    fn url(self) -> String {
        let scheme = if self.tls { "https" } else { "http" };
        format!("{scheme}://{}:{}/", self.host, self.port)
    }
}

impl Command {
    /// `curl -sk -o FILE -A AGENT URL`.
    pub fn fetch(page: Page<'_>, agent: Option<&str>) -> Self {
        Self(Kind::Curl(curl::Options::fetch(page.url(), agent)))
    }

    /// `curl -sk -T FILE URL`, with a file of so many bytes.
    pub fn upload(page: Page<'_>, bytes: u64) -> Self {
        let options = curl::Options::fetch(page.url(), None);
        Self(Kind::Curl(curl::Options { upload: Some(bytes), ..options }))
    }

    /// `nc -z -w WAIT HOST PORT`.
    pub fn knock(host: &str, port: u16, wait: Duration) -> Self {
        Self(Kind::Nc(nc::Options::knock(host, port, wait)))
    }

    /// `ssh -o PreferredAuthentications=password -p PORT USER@HOST`.
    pub fn guess(user: &str, host: &str, port: u16) -> Self {
        Self(Kind::Ssh(ssh::Options::guess(user, host, port)))
    }

    /// The program in its first state.
    pub(super) fn program(&self) -> Box<dyn Program> {
        match &self.0 {
            Kind::Aws(options) => Box::new(aws::Aws::new(options.clone())),
            Kind::Curl(options) => Box::new(curl::Curl::new(options.clone())),
            Kind::Dig(options) => Box::new(dig::Dig::new(options.clone())),
            Kind::Iperf(options) => Box::new(iperf::Client::new(options.clone())),
            Kind::Nc(options) => Box::new(nc::Nc::new(options.clone())),
            Kind::Ping(options) => Box::new(ping::Ping::new(options.clone())),
            Kind::Ssh(options) => Box::new(ssh::client::Client::new(options.clone())),
            Kind::Traceroute(options) => Box::new(traceroute::Traceroute::new(options.clone())),
        }
    }
}

/// What is wrong with a command line, and where.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{message}")]
pub struct CommandError {
    /// The bytes of the line it is about.
    pub range: Range<usize>,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl CommandError {
    pub(super) fn new(range: Range<usize>, message: impl Into<String>) -> Self {
        Self { range, message: message.into(), hint: None }
    }

    pub(super) fn with_hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    /// An option a program does not have.
    pub(super) fn unknown_option(range: Range<usize>, program: &str, option: &str, known: &[&str]) -> Self {
        let error = Self::new(range, format!("`{program}` has no option `{option}` here"));
        error.with_hint(suggestion(option, known, "options"))
    }
}

const PROGRAMS: &[&str] = &["aws", "curl", "dig", "iperf3", "nc", "ping", "ssh", "traceroute"];

/// Reads a command line as typed: one program with its options, no shell.
pub fn parse(line: &str) -> Result<Command, CommandError> {
    let words = words::split(line)?;
    let Some((program, arguments)) = words.split_first() else {
        return Err(
            CommandError::new(0..line.len(), "an empty command").with_hint(list(PROGRAMS, "programs"))
        );
    };
    parse_words(program, arguments).map(Command)
}

fn parse_words(program: &Word, arguments: &[Word]) -> Result<Kind, CommandError> {
    match program.text.as_str() {
        "aws" => aws::Options::parse(program, arguments).map(Kind::Aws),
        "curl" => curl::Options::parse(program, arguments).map(Kind::Curl),
        "dig" => dig::Options::parse(program, arguments).map(Kind::Dig),
        "iperf3" => iperf::Options::parse(program, arguments).map(Kind::Iperf),
        "nc" => nc::Options::parse(program, arguments).map(Kind::Nc),
        "ping" => ping::Options::parse(program, arguments).map(Kind::Ping),
        "ssh" => ssh::Options::parse(program, arguments).map(Kind::Ssh),
        "traceroute" => traceroute::Options::parse(program, arguments).map(Kind::Traceroute),
        other => {
            let error =
                CommandError::new(program.range.clone(), format!("there is no program `{other}` here"));
            Err(error.with_hint(suggestion(other, PROGRAMS, "programs")))
        }
    }
}

/// "Did you mean" if something is near, else everything there is.
fn suggestion(typed: &str, known: &[&str], what: &str) -> String {
    const NEAR: usize = 2;
    // An option of one letter is near every other.
    let near = known
        .iter()
        .map(|name| (distance(typed, name), name))
        .filter(|(far, name)| *far <= NEAR && *far < name.len().min(typed.len()) && typed.len() > 2);
    match near.min() {
        Some((_, name)) => format!("did you mean `{name}`?"),
        None => list(known, what),
    }
}

fn list(known: &[&str], what: &str) -> String {
    format!("{what}: {}", known.join(", "))
}

/// How many letters have to be inserted, removed or changed.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, to) in b.iter().enumerate() {
            let changed = diagonal + usize::from(from != *to);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}
