//! What a scenario says of its background traffic: activities by name.
//!
//! Knows the keys of an activity, and which kind has which; never when anything happens.

use std::net::Ipv4Addr;
use std::ops::RangeInclusive;
use std::time::Duration;

use super::expect::Names;
use super::fields::Fields;
use super::placeholder;
use super::problem::{Problem, Problems};
use super::steps::part_of;
use super::yaml::{Key, Node, Value};
use crate::guest::{self, Command};
use crate::trace::ActivityKind;
use crate::traffic::{Activity, Deed, Pace, Targets};

/// The keys that not every kind has.
const OWN: [&str; 9] = ["bytes", "every", "jitter", "port", "ports", "rate", "run", "tls", "to"];
/// The port of the web, of the web over TLS, and of sshd.
const HTTP: u16 = 80;
const HTTPS: u16 = 443;
const SSH: u16 = 22;

/// What is written of an activity, whether or not its kind has it.
struct Written<'n> {
    kind: ActivityKind,
    to: Option<Vec<String>>,
    port: Option<u16>,
    tls: Option<bool>,
    ports: Option<Vec<RangeInclusive<u16>>>,
    bytes: Option<u64>,
    run: Option<Command>,
    /// The keys that are there, with their values.
    given: Vec<(&'static str, &'n Node)>,
}

/// Reads `traffic:`.
pub fn read(source: &str, node: &Node, names: &Names, problems: &mut Problems) -> Vec<Activity<()>> {
    let Some(entries) = node.entries(problems, "activities by name") else { return Vec::new() };
    entries.iter().filter_map(|(key, node)| activity(source, key, node, names, problems)).collect()
}

fn activity(
    source: &str,
    key: &Key,
    node: &Node,
    names: &Names,
    problems: &mut Problems,
) -> Option<Activity<()>> {
    let mut fields = Fields::of(node, "an activity", problems)?;
    let kind = fields.required("kind", problems).and_then(|node| kind(node, problems));
    let from = fields.required("from", problems).map(|node| hosts(node, "host", names, &[], problems));
    let begin = fields.optional("begin").and_then(|node| node.duration(problems));
    let length = fields.optional("for").map(|node| node.duration(problems));
    let malicious = fields.optional("malicious").and_then(|node| node.bool(problems));
    let given: Vec<(&'static str, &Node)> =
        OWN.iter().filter_map(|key| fields.optional(key).map(|node| (*key, node))).collect();
    fields.finish(problems);
    let value = |key: &str| given.iter().find(|(own, _)| *own == key).map(|(_, node)| *node);
    let before = problems.as_slice().len();
    let to = value("to").map(|node| hosts(node, "host", names, &names.provided, problems));
    let port = value("port").and_then(|node| node.integer(problems, 1..=u16::MAX)).map(|port| port.value);
    let tls = value("tls").and_then(|node| node.bool(problems)).map(|tls| tls.value);
    let ports = value("ports").map(|node| ports(node, problems));
    let bytes = value("bytes").and_then(|node| node.size(problems)).map(|bytes| bytes.value);
    let run = value("run").and_then(|node| command(source, node, problems));
    let pace = pace(&value, problems);
    let is_read = problems.as_slice().len() == before;
    let kind = kind?;
    let written = Written { kind, to, port, tls, ports, bytes, run, given };
    written.check_keys(key, problems);
    let deed = written.deed();
    if !is_read {
        return None;
    }
    Some(Activity {
        name: key.text.clone(),
        kind,
        malicious: malicious.map_or(kind.is_malicious(), |malicious| malicious.value),
        from: from?.into_iter().map(|name| (name, ())).collect(),
        deed: deed?,
        pace: pace?,
        begin: begin.map_or(Duration::ZERO, |begin| begin.value),
        length: match length {
            Some(length) => Some(length?.value),
            None => None,
        },
    })
}

fn kind(node: &Node, problems: &mut Problems) -> Option<ActivityKind> {
    node.choice(problems, "kind of activity", &ActivityKind::NAMES).map(|kind| kind.value)
}

/// Hosts by name, one or several; `or` are more names that will do, and if there are any, addresses will.
fn hosts(node: &Node, what: &str, names: &Names, or: &[String], problems: &mut Problems) -> Vec<String> {
    let nodes = match &node.value {
        Value::List(nodes) => nodes.as_slice(),
        Value::Null | Value::Scalar { .. } | Value::Map(_) => std::slice::from_ref(node),
    };
    if nodes.is_empty() {
        problems.push(Problem::at(node.place, format!("not a single {what}")));
    }
    let mut found = Vec::new();
    for node in nodes {
        let Some(name) = node.text(problems) else { continue };
        let is_known = names.hosts.iter().chain(or).any(|known| known == name)
            || (!or.is_empty() && name.parse::<Ipv4Addr>().is_ok());
        if is_known {
            found.push(name.to_owned());
        } else {
            problems.push(Problem::unknown(node.span, what, name, names.hosts.iter().map(String::as_str)));
        }
    }
    found
}

/// A port, a range, or a list of these.
fn ports(node: &Node, problems: &mut Problems) -> Vec<RangeInclusive<u16>> {
    let nodes = match &node.value {
        Value::List(nodes) => nodes.as_slice(),
        Value::Null | Value::Scalar { .. } | Value::Map(_) => std::slice::from_ref(node),
    };
    if nodes.is_empty() {
        problems.push(Problem::at(node.place, "a scan of no port"));
    }
    let mut found = Vec::new();
    for node in nodes {
        let Some(text) = node.text(problems) else { continue };
        let (from, to) = text.split_once('-').unwrap_or((text, text));
        match (from.trim().parse::<u16>(), to.trim().parse::<u16>()) {
            (Ok(from), Ok(to)) if 0 < from && from <= to => found.push(from..=to),
            (Ok(_) | Err(_), _) => problems.push(Problem::at(
                node.span,
                format!("expected a port such as `22` or a range such as `1-1024`, found `{text}`"),
            )),
        }
    }
    found
}

fn command(source: &str, node: &Node, problems: &mut Problems) -> Option<Command> {
    let typed = node.text(problems)?.trim();
    if let Some((range, _)) = placeholder::names(typed).next() {
        let span = part_of(source, node, typed, &range);
        problems.push(
            Problem::at(span, "background traffic has no placeholders")
                .hint("they are for the commands of steps; write the name itself"),
        );
        return None;
    }
    match guest::parse(typed) {
        Ok(command) => Some(command),
        Err(error) => {
            let problem = Problem::at(part_of(source, node, typed, &error.range), error.message);
            problems.push(match error.hint {
                Some(hint) => problem.hint(hint),
                None => problem,
            });
            None
        }
    }
}

/// `rate:`, or `every:` with or without `jitter:`; once if there is nothing.
fn pace<'n>(value: &impl Fn(&str) -> Option<&'n Node>, problems: &mut Problems) -> Option<Pace> {
    let every = value("every").map(|node| (node, node.duration(problems)));
    let jitter = value("jitter").map(|node| (node, node.duration(problems)));
    let rate = value("rate").map(|node| (node, node.rate(problems)));
    match (rate, every) {
        (Some(_), Some((node, _))) => {
            let problem = Problem::at(node.place, "an activity has one pace: it has `rate` and `every`");
            problems.push(problem.hint("`rate` is for what happens at random, `every` for what has a beat"));
            None
        }
        (rate, None) => {
            if let Some((node, _)) = jitter {
                let problem = Problem::at(node.place, "jitter is about a beat");
                problems.push(problem.hint("add `every:`, or leave `jitter` out: `rate` is random already"));
            }
            match rate {
                Some((_, rate)) => Some(Pace::Random(rate?.value)),
                None => Some(Pace::Once),
            }
        }
        (None, Some((node, period))) => {
            let period = period?.value;
            if period.is_zero() {
                problems.push(Problem::at(node.place, "again and again after no time at all"));
                return None;
            }
            let late = match &jitter {
                Some((_, jitter)) => jitter.as_ref()?.value,
                None => Duration::ZERO,
            };
            if let (Some((node, _)), true) = (jitter, period <= late) {
                let problem = Problem::at(node.place, "more jitter than time between two beats");
                problems.push(problem.hint("make it shorter than `every`"));
                return None;
            }
            Some(Pace::Every { period, jitter: late })
        }
    }
}

/// Which of [`OWN`] a kind must have, and which it may have. A pace is asked for by `rate` or `every`.
fn keys_of(kind: ActivityKind) -> (&'static [&'static str], &'static [&'static str]) {
    const PACE: &str = "rate";
    match kind {
        ActivityKind::Beacon | ActivityKind::HealthCheck => (&["to", "every"], &["port", "tls", "jitter"]),
        ActivityKind::Clients => (&["to", PACE], &["port", "tls", "every", "jitter"]),
        ActivityKind::Command => (&["run"], &[PACE, "every", "jitter"]),
        ActivityKind::Exfiltration => (&["to", "bytes"], &["port", "tls", PACE, "every", "jitter"]),
        ActivityKind::PortScan => (&["to", "ports", PACE], &["every", "jitter"]),
        ActivityKind::SshBruteForce => (&["to", PACE], &["port", "every", "jitter"]),
    }
}

impl Written<'_> {
    /// Says which keys the kind has not, and which it misses.
    fn check_keys(&self, name: &Key, problems: &mut Problems) {
        let (required, optional) = keys_of(self.kind);
        let kind = self.kind.name();
        for (key, node) in &self.given {
            if !required.contains(key) && !optional.contains(key) {
                let known: Vec<String> =
                    required.iter().chain(optional).map(|key| format!("`{key}`")).collect();
                let problem = Problem::at(node.place, format!("`{key}` is not for {kind}"));
                problems.push(problem.note(format!("what it can have: {}", known.join(", "))));
            }
        }
        let is_given = |key: &str| self.given.iter().any(|(given, _)| *given == key);
        for key in required {
            let or_every = *key == "rate" && is_given("every");
            if !is_given(key) && !or_every {
                let or = if *key == "rate" { " or `every`" } else { "" };
                problems.push(Problem::at(name.span, format!("missing key `{key}`{or} in {kind}")));
            }
        }
    }

    fn deed(self) -> Option<Deed> {
        let port = self.port.unwrap_or(match self.kind {
            ActivityKind::Clients | ActivityKind::HealthCheck => HTTP,
            ActivityKind::Beacon | ActivityKind::Exfiltration => HTTPS,
            ActivityKind::SshBruteForce => SSH,
            ActivityKind::Command | ActivityKind::PortScan => 0,
        });
        let tls = self.tls.unwrap_or(port == HTTPS);
        let targets = |to: Vec<String>| Targets { to, port, tls };
        match self.kind {
            ActivityKind::Beacon | ActivityKind::Clients | ActivityKind::HealthCheck => {
                self.to.map(targets).map(Deed::Fetch)
            }
            ActivityKind::Command => self.run.map(Deed::Run),
            ActivityKind::Exfiltration => Some(Deed::Upload(targets(self.to?), self.bytes?)),
            ActivityKind::PortScan => Some(Deed::Knock { to: self.to?, ports: self.ports? }),
            ActivityKind::SshBruteForce => self.to.map(targets).map(Deed::Guess),
        }
    }
}
