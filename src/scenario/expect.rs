//! What is to come of a step. How it is compared with what came is elsewhere.

use std::fmt;
use std::net::Ipv4Addr;

use super::aws::AwsCommand;
use super::document::{self, Pattern};
use super::draft::Declared;
use super::fields::Fields;
use super::links;
use super::problem::{Lines, Problem, Problems};
use super::yaml::{Node, Value};
use crate::model::Model;
use crate::trace::DropReason;
use crate::wire::TcpFlags;

/// What is to come of a command on a host.
#[derive(Clone, Debug, Default)]
pub struct CommandExpectation {
    /// How it ends: with 0 unless the file says otherwise.
    pub exit: Exit,
    /// What it prints.
    pub stdout: Vec<Text>,
    /// What it prints on standard error.
    pub stderr: Vec<Text>,
    /// What is dropped on the way.
    pub dropped: Option<DropExpectation>,
    /// Packets that are seen.
    pub packets: Vec<PacketExpectation>,
}

/// How a command ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Exit {
    /// By itself, with an exit code.
    Code(i32),
    /// Its time is up.
    Interrupted,
}

impl Default for Exit {
    fn default() -> Self {
        Self::Code(0)
    }
}

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code(code) => write!(f, "exit {code}"),
            Self::Interrupted => f.write_str("an interruption, because its time was up"),
        }
    }
}

/// A text to be compared with another.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Text {
    /// It contains this.
    Contains(String),
    /// It is this; a line break at the end makes no difference.
    Exactly(String),
}

/// Whether something is dropped, why and where.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum DropExpectation {
    /// Nothing is.
    Nothing,
    /// Something is.
    Something {
        /// A reason's code.
        reason: &'static str,
        /// The object that drops it, by name or id.
        at: Option<String>,
    },
}

/// A packet that is to be seen during a step.
#[derive(Clone, Debug)]
pub struct PacketExpectation {
    /// Which packets are meant.
    pub kind: PacketKind,
    /// From whom.
    pub from: Option<Party>,
    /// To whom.
    pub to: Option<Party>,
    /// What becomes of them.
    pub fate: PacketFate,
    /// How many there are.
    pub count: Count,
    /// The line of the file.
    pub line: usize,
}

/// Which packets are meant.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum PacketKind {
    /// All.
    Any,
    /// ICMP, of a type or of any.
    Icmp(Option<u8>),
    /// TCP, with flags such as `SYN` or `SYN-ACK`, or any.
    Tcp(Option<String>),
    /// UDP.
    Udp,
}

/// One end of a conversation.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Party {
    /// An address.
    Address(Ipv4Addr),
    /// A host: any of its addresses.
    Host(String),
}

/// What becomes of a packet.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum PacketFate {
    /// Whatever.
    Any,
    /// A host gets it.
    Delivered,
    /// It is dropped.
    Dropped {
        /// A reason's code.
        reason: Option<&'static str>,
        /// The object that drops it, by name or id.
        at: Option<String>,
    },
}

/// How many of something there are to be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Count {
    /// One or more.
    Some,
    /// So many.
    Exactly(u64),
}

impl Count {
    /// Whether a number is as expected.
    pub fn is_met_by(self, number: u64) -> bool {
        match self {
            Self::Some => number > 0,
            Self::Exactly(wanted) => number == wanted,
        }
    }
}

/// What is to come of an `aws` command.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ApiExpectation {
    /// AWS's error code; without one the command is to succeed.
    pub error: Option<String>,
    /// AWS's error message.
    pub message: Option<String>,
    /// A part of the document that it answers with.
    pub output: Option<Pattern>,
    /// The status of a peering connection.
    pub status: Option<String>,
}

/// What CloudWatch is to show of NAT gateways.
#[derive(Clone, Debug)]
pub struct MetricsExpectation {
    /// NAT gateways by name or id, metrics by CloudWatch's names, and their sums.
    pub values: Vec<(String, &'static str, u64)>,
}

/// CloudWatch's metrics of NAT gateways (aws: nat-metrics).
const NAT_METRICS: [&str; 14] = [
    "ActiveConnectionCount",
    "BytesInFromDestination",
    "BytesInFromSource",
    "BytesOutToDestination",
    "BytesOutToSource",
    "ConnectionAttemptCount",
    "ConnectionEstablishedCount",
    "ErrorPortAllocation",
    "IdleTimeoutCount",
    "PacketsDropCount",
    "PacketsInFromDestination",
    "PacketsInFromSource",
    "PacketsOutToDestination",
    "PacketsOutToSource",
];

/// The names that steps may use.
#[derive(Clone, Debug, Default)]
pub struct Names {
    /// Hosts that commands can run on.
    pub hosts: Vec<String>,
    /// Hosts that are there without anybody describing them.
    pub provided: Vec<String>,
    /// Those of them that are instances.
    pub instances: Vec<String>,
    /// Those and all else that owns a network interface at the beginning.
    pub interfaces: Vec<String>,
    /// Everything that has a name.
    pub labels: Vec<String>,
    /// Flow logs.
    pub flow_logs: Vec<String>,
    /// What earlier steps have named, and what has a mistake that is reported elsewhere.
    pub given: Vec<String>,
}

impl Names {
    /// The names of a model, and those of what could not be made.
    pub fn of(model: &Model, declared: Declared) -> Self {
        let mut labels = labels(model);
        let has_mistake = |name: &String| !labels.contains(name);
        let given: Vec<String> = declared.all.into_iter().filter(has_mistake).collect();
        labels.extend(given.iter().cloned());
        let hosts =
            declared.instances.iter().chain(&declared.outside).chain(&declared.on_prem).cloned().collect();
        let mut interfaces = declared.instances.clone();
        for label in model.enis.keys().map(|eni| model.eni_label(*eni)) {
            if !interfaces.contains(&label) {
                interfaces.push(label);
            }
        }
        let provided = model.outside.values().filter(|host| host.is_provided);
        let provided = provided.map(|host| host.name.clone()).collect();
        let flow_logs = declared.flow_logs;
        Self { hosts, provided, instances: declared.instances, interfaces, labels, flow_logs, given }
    }

    /// Whether a network interface can be called by a name: by what owns it, which a step may have made.
    pub fn may_own_interface(&self, name: &str) -> bool {
        let is_in = |names: &[String]| names.iter().any(|known| known == name);
        is_in(&self.interfaces) || is_in(&self.instances) || is_in(&self.given) && !is_in(&self.hosts)
    }
}

/// Everything in a model that has a name.
pub fn labels(model: &Model) -> Vec<String> {
    let mut labels: Vec<String> = model.instances.values().filter_map(|x| x.name.clone()).collect();
    let described = model.outside.values().filter(|host| !host.is_provided);
    labels.extend(described.map(|host| host.name.clone()));
    labels.extend(model.vpcs.values().filter_map(|x| x.name.clone()));
    labels.extend(model.subnets.values().filter_map(|x| x.name.clone()));
    labels.extend(model.route_tables.values().filter_map(|x| x.name.clone()));
    labels.extend(model.network_acls.values().filter_map(|x| x.name.clone()));
    labels.extend(model.security_groups.values().map(|x| x.name.clone()));
    labels.extend(model.internet_gateways.values().filter_map(|x| x.name.clone()));
    labels.extend(model.peerings.values().filter_map(|x| x.name.clone()));
    labels.extend(model.elastic_ips.values().filter_map(|x| x.name.clone()));
    labels.extend(model.nat_gateways.values().filter_map(|x| x.name.clone()));
    labels.extend(model.endpoints.values().filter_map(|x| x.name.clone()));
    labels.extend(model.flow_logs.values().filter_map(|x| x.name.clone()));
    labels.extend(model.prefix_lists.values().map(|x| x.name.clone()));
    labels.extend(model.transit_gateways.values().filter_map(|x| x.name.clone()));
    labels.extend(model.transit_gateway_attachments.values().filter_map(|x| x.name.clone()));
    labels.extend(model.transit_gateway_route_tables.values().filter_map(|x| x.name.clone()));
    labels.extend(model.vpn_gateways.values().filter_map(|x| x.name.clone()));
    labels.extend(model.vpn_connections.values().filter_map(|x| x.name.clone()));
    labels.extend(model.customer_gateways.values().map(|x| x.label.clone()));
    labels.extend(model.on_prem.values().map(|host| host.name.clone()));
    labels.sort();
    labels.dedup();
    labels
}

/// Reads what is expected of a command on a host.
pub fn command(
    node: &Node,
    lines: &Lines<'_>,
    names: &Names,
    problems: &mut Problems,
) -> Option<CommandExpectation> {
    let mut fields = Fields::of(node, "an expectation", problems)?;
    let exit = fields.optional("exit").and_then(|node| exit(node, problems));
    let stdout = texts(&mut fields, "stdout", "stdout_contains", problems);
    let stderr = texts(&mut fields, "stderr", "stderr_contains", problems);
    let dropped = fields.optional("dropped").and_then(|node| drop_reason(node, problems));
    let at = fields.optional("at").and_then(|node| label(node, names, problems).map(|at| (node, at)));
    let packets = fields.optional("packets").and_then(|node| node.list(problems, "packets"));
    fields.finish(problems);
    if let (Some((node, _)), None | Some(None)) = (&at, dropped) {
        let hint = if dropped.is_some() { "leave `at` out" } else { "add `dropped:` with the reason" };
        problems.push(Problem::at(node.place, "`at` says where something is dropped").hint(hint));
    }
    let packets = packets.unwrap_or_default().iter().filter_map(|node| packet(node, lines, names, problems));
    Some(CommandExpectation {
        exit: exit.unwrap_or_default(),
        stdout,
        stderr,
        packets: packets.collect(),
        dropped: dropped.map(|reason| match reason {
            Some(reason) => DropExpectation::Something { reason, at: at.map(|(_, at)| at) },
            None => DropExpectation::Nothing,
        }),
    })
}

/// An exit code, or `interrupted`.
fn exit(node: &Node, problems: &mut Problems) -> Option<Exit> {
    if matches!(&node.value, Value::Scalar { text, .. } if text == "interrupted") {
        return Some(Exit::Interrupted);
    }
    node.integer(problems, 0..=255).map(|code| Exit::Code(code.value))
}

fn texts(
    fields: &mut Fields<'_>,
    exactly: &'static str,
    contains: &'static str,
    problems: &mut Problems,
) -> Vec<Text> {
    let mut texts = Vec::new();
    if let Some(text) =
        fields.optional(exactly).and_then(|node| if node.is_null() { Some("") } else { node.text(problems) })
    {
        texts.push(Text::Exactly(text.to_owned()));
    }
    if let Some(node) = fields.optional(contains) {
        match &node.value {
            Value::List(list) => {
                if list.is_empty() {
                    problems
                        .push(Problem::at(node.place, "an empty list expects nothing").hint("leave it out"));
                }
                texts.extend(
                    list.iter()
                        .filter_map(|node| node.text(problems))
                        .map(|text| Text::Contains(text.to_owned())),
                );
            }
            Value::Null | Value::Scalar { .. } | Value::Map(_) => {
                texts.extend(node.text(problems).map(|text| Text::Contains(text.to_owned())));
            }
        }
    }
    texts
}

/// A reason by our code or by that of Reachability Analyzer; `nothing` is `Some(None)`.
fn drop_reason(node: &Node, problems: &mut Problems) -> Option<Option<&'static str>> {
    let text = node.text(problems)?;
    if text == "nothing" {
        return Some(None);
    }
    let known = DropReason::CODES.iter().find(|(code, analyzer)| *code == text || analyzer.contains(&text));
    if known.is_none() {
        let codes = DropReason::CODES.iter().map(|(code, _)| *code).chain(["nothing"]);
        problems.push(Problem::unknown(node.span, "drop reason", text, codes));
    }
    known.map(|(code, _)| Some(*code))
}

/// The name or id of an object.
fn label(node: &Node, names: &Names, problems: &mut Problems) -> Option<String> {
    let text = node.text(problems)?;
    let is_id = text
        .split_once('-')
        .is_some_and(|(_, hex)| hex.len() >= 8 && hex.bytes().all(|b| b.is_ascii_hexdigit()));
    let is_known = |name: &str| names.labels.iter().any(|known| known == name) || is_zone(name);
    // What has no name of its own, as it is printed.
    let unnamed = ["default of ", "main table of ", "table of ", "internet gateway of "];
    let is_unnamed = unnamed.iter().find_map(|what| text.strip_prefix(what)).is_some_and(is_known);
    let is_link = text.split_once(" - ").is_some_and(|(from, to)| is_known(from) && is_known(to));
    if !is_id && !is_link && !is_unnamed && !is_known(text) {
        problems.push(Problem::unknown(node.span, "name", text, names.labels.iter().map(String::as_str)));
        return None;
    }
    Some(text.to_owned())
}

/// A zone by its letter or its whole name.
fn is_zone(text: &str) -> bool {
    matches!(text.as_bytes(), [b'a'..=b'f']) || links::zone_by_name(text).is_some()
}

fn packet(
    node: &Node,
    lines: &Lines<'_>,
    names: &Names,
    problems: &mut Problems,
) -> Option<PacketExpectation> {
    let mut fields = Fields::of(node, "a packet", problems)?;
    let tcp = fields.optional("tcp").map(|node| tcp_kind(node, problems));
    let any = [("any", PacketKind::Udp)];
    let udp = fields.optional("udp").map(|node| choice(node, problems, "kind of UDP packet", &any));
    let icmp = fields.optional("icmp").map(|node| icmp_kind(node, problems));
    let from = fields.optional("from").map(|node| party(node, names, problems));
    let to = fields.optional("to").map(|node| party(node, names, problems));
    let fates = [("delivered", ()), ("dropped", ())];
    let fate = fields
        .optional("fate")
        .and_then(|node| node.choice(problems, "fate", &fates).map(|_| node.text(problems)));
    let reason = fields.optional("dropped").map(|node| drop_reason(node, problems));
    let at = fields.optional("at").and_then(|node| label(node, names, problems));
    let count = count(&mut fields, problems);
    fields.finish(problems);
    if let (Some(_), Some(_)) = (&reason, &fate) {
        let problem =
            Problem::at(node.place, "`fate` and `dropped` say what becomes of a packet: one is enough");
        problems.push(problem.hint("leave `fate` out"));
    }
    let kind = tcp.or(udp).or(icmp).unwrap_or(Some(PacketKind::Any));
    let fate = match (reason, fate.flatten()) {
        (Some(reason), _) => PacketFate::Dropped { reason: reason?, at },
        (None, Some("dropped")) => PacketFate::Dropped { reason: None, at },
        (None, Some(_)) => PacketFate::Delivered,
        (None, None) => PacketFate::Any,
    };
    let (from, to) =
        (from.map_or(Some(None), |party| party.map(Some)), to.map_or(Some(None), |party| party.map(Some)));
    Some(PacketExpectation {
        kind: kind?,
        from: from?,
        to: to?,
        fate,
        count: count?,
        line: lines.number(node.span.start),
    })
}

/// `any`, or flags such as `SYN-ACK` in whatever order.
fn tcp_kind(node: &Node, problems: &mut Problems) -> Option<PacketKind> {
    const FLAGS: [(&str, u8); 4] =
        [("SYN", TcpFlags::SYN), ("FIN", TcpFlags::FIN), ("RST", TcpFlags::RST), ("ACK", TcpFlags::ACK)];
    let text = node.text(problems)?;
    if text == "any" {
        return Some(PacketKind::Tcp(None));
    }
    let mut flags = TcpFlags::default();
    for word in text.split('-') {
        let Some((_, bit)) = FLAGS.iter().find(|(name, _)| name.eq_ignore_ascii_case(word)) else {
            let problem = Problem::at(node.span, format!("unknown TCP flags `{text}`"));
            problems.push(
                problem
                    .hint("write `any`, or some of SYN, FIN, RST and ACK with `-` between, e.g. `SYN-ACK`"),
            );
            return None;
        };
        flags.0 |= bit;
    }
    Some(PacketKind::Tcp(Some(flags.to_string())))
}

fn choice<T: Clone>(node: &Node, problems: &mut Problems, what: &str, words: &[(&str, T)]) -> Option<T> {
    let places: Vec<(&str, usize)> = words.iter().enumerate().map(|(at, (word, _))| (*word, at)).collect();
    node.choice(problems, what, &places).map(|place| words[place.value].1.clone())
}

fn icmp_kind(node: &Node, problems: &mut Problems) -> Option<PacketKind> {
    let kinds = [
        ("any", None),
        ("echo-request", Some(8)),
        ("echo-reply", Some(0)),
        ("unreachable", Some(3)),
        ("time-exceeded", Some(11)),
    ];
    node.choice(problems, "ICMP type", &kinds).map(|kind| PacketKind::Icmp(kind.value))
}

fn party(node: &Node, names: &Names, problems: &mut Problems) -> Option<Party> {
    let text = node.text(problems)?;
    if let Ok(address) = text.parse() {
        return Some(Party::Address(address));
    }
    if names.hosts.iter().chain(&names.provided).any(|host| host == text) {
        return Some(Party::Host(text.to_owned()));
    }
    problems.push(Problem::unknown(node.span, "host", text, names.hosts.iter().map(String::as_str)));
    None
}

/// How many there are to be.
pub fn count(fields: &mut Fields<'_>, problems: &mut Problems) -> Option<Count> {
    match fields.optional("count") {
        None => Some(Count::Some),
        Some(node) => node.integer(problems, 0..=u64::MAX).map(|count| Count::Exactly(count.value)),
    }
}

/// Reads what is expected of an `aws` command.
pub fn api(node: &Node, command: &AwsCommand, problems: &mut Problems) -> Option<ApiExpectation> {
    let mut fields = Fields::of(node, "an expectation", problems)?;
    let output = fields.optional("output");
    let mut text = |key, problems: &mut Problems| {
        fields.optional(key).and_then(|node| node.text(problems)).map(|text| text.trim_end().to_owned())
    };
    let expectation = ApiExpectation {
        error: text("error", problems),
        message: text("message", problems),
        output: output.and_then(|node| document::read(node, command, problems)),
        status: text("status", problems),
    };
    fields.finish(problems);
    if let (Some(node), true) = (output, expectation.error.is_some() || expectation.message.is_some()) {
        let problem = Problem::at(node.place, "a command that is refused has no output");
        problems.push(problem.hint("expect the one or the other"));
    }
    Some(expectation)
}

/// Reads what is expected of metrics: NAT gateways, and under each its metrics.
pub fn metrics(node: &Node, names: &Names, problems: &mut Problems) -> Option<MetricsExpectation> {
    let mut values = Vec::new();
    for (key, node) in node.entries(problems, "metrics by NAT gateway")? {
        let is_known = key.text.starts_with("nat-") || names.labels.contains(&key.text);
        if !is_known {
            let known = names.labels.iter().map(String::as_str);
            problems.push(Problem::unknown(key.span, "NAT gateway", &key.text, known));
        }
        for (metric, node) in node.entries(problems, "numbers by metric").unwrap_or_default() {
            let known = NAT_METRICS.iter().find(|name| **name == metric.text);
            if known.is_none() {
                let all = NAT_METRICS.iter().copied();
                problems.push(Problem::unknown(metric.span, "metric", &metric.text, all));
            }
            let value = node.integer(problems, 0..=u64::MAX);
            values.extend(known.zip(value).map(|(name, value)| (key.text.clone(), *name, value.value)));
        }
    }
    Some(MetricsExpectation { values })
}
