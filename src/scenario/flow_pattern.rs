//! Lines that are to be in flow logs, or not: how they are written in a file.
//!
//! A pattern names fields, or is a whole line as people read it, with `*` for what does not matter and names in braces
//! for ids. How patterns are compared with records is elsewhere.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;

use super::expect::{Count, Names, count};
use super::fields::Fields;
use super::problem::{Lines, Problem, Problems};
use super::yaml::{Node, Value};
use crate::model::{Account, Field, FieldType, LogFormat};

/// Lines that are to be in the flow logs, or not.
#[derive(Clone, Debug)]
pub struct FlowLogExpectation {
    /// One for each kind of line.
    pub patterns: Vec<FlowPattern>,
}

/// A kind of line.
#[derive(Clone, Debug)]
pub struct FlowPattern {
    /// The flow log that delivers it, by name or id; `None` is the simulator's own view of all interfaces.
    pub flow_log: Option<String>,
    /// What is wanted.
    pub wanted: Wanted,
    /// How many lines there are.
    pub count: Count,
    /// The line of the file.
    pub line: usize,
}

/// What a line is to say.
#[derive(Clone, Debug)]
pub enum Wanted {
    /// Some fields.
    Fields(Vec<(Field, FieldPattern)>),
    /// All fields of the flow log's format, in its order.
    Line(Vec<FieldPattern>),
}

/// What a field is to be.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum FieldPattern {
    /// Whatever.
    Any,
    /// A number that compares so.
    Compared(Comparison, u64),
    /// This text, in which `*` stands for any.
    Like(String),
    /// This text, or what has this name.
    Named(String),
}

/// How a number compares with another.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Comparison {
    /// `>=`
    AtLeast,
    /// `<=`
    AtMost,
    /// `<`
    Below,
    /// `>`
    Over,
}

const COMPARISONS: [(&str, Comparison); 4] = [
    (">=", Comparison::AtLeast),
    ("<=", Comparison::AtMost),
    (">", Comparison::Over),
    ("<", Comparison::Below),
];

/// What may stand before a name in braces, `{eni:BastionHost}`.
const KINDS: [&str; 9] = ["eni", "instance", "ip", "nat", "subnet", "tgw", "tgw-attach", "vpc", "vpce"];

impl FieldPattern {
    /// Reads a word; names may stand in braces, with or without the kind of what they are the name of.
    fn read(text: &str) -> Result<Self, String> {
        if text == "*" {
            return Ok(Self::Any);
        }
        if let Some(inside) = text.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
            return match inside.split_once(':') {
                Some((kind, name)) if KINDS.contains(&kind) => Ok(Self::Named(name.to_owned())),
                Some((kind, _)) => {
                    Err(format!("`{kind}` is no kind of thing with an id; known: {}", KINDS.join(", ")))
                }
                None => Ok(Self::Named(inside.to_owned())),
            };
        }
        let compared = COMPARISONS.into_iter().find_map(|(sign, how)| {
            text.strip_prefix(sign).and_then(|number| number.trim().parse().ok()).map(|number| (how, number))
        });
        Ok(match compared {
            Some((how, number)) => Self::Compared(how, number),
            None if text.contains('*') => Self::Like(text.to_owned()),
            None => Self::Named(text.to_owned()),
        })
    }
}

/// Reads what is expected of the flow logs.
pub fn flow_logs(
    node: &Node,
    lines: &Lines<'_>,
    names: &Names,
    problems: &mut Problems,
) -> Option<FlowLogExpectation> {
    let list = node.list(problems, "patterns of flow-log lines")?;
    if list.is_empty() {
        problems
            .push(Problem::at(node.place, "an empty list expects nothing").hint("`[{}]` expects any line"));
    }
    let patterns = list.iter().filter_map(|node| flow_pattern(node, lines, names, problems)).collect();
    Some(FlowLogExpectation { patterns })
}

fn flow_pattern(
    node: &Node,
    lines: &Lines<'_>,
    names: &Names,
    problems: &mut Problems,
) -> Option<FlowPattern> {
    let line = lines.number(node.span.start);
    if let Value::Scalar { text, .. } = &node.value {
        let wanted = whole_line(node, text, names, problems)?;
        check_length(&wanted, node, problems);
        return Some(FlowPattern { flow_log: None, wanted, count: Count::Some, line });
    }
    let mut fields = Fields::of(node, "a flow-log line", problems)?;
    let flow_log = fields.optional("flow_log").and_then(|node| flow_log(node, names, problems));
    let whole = fields.optional("line").and_then(|node| {
        let text = node.text(problems)?;
        let line = whole_line(node, text, names, problems)?;
        if flow_log.is_none() {
            check_length(&line, node, problems);
        }
        Some(line)
    });
    let mut wanted = Vec::new();
    for field in Field::ALL {
        let Some(node) = fields.optional(field.name()) else { continue };
        let Some(text) = node.text(problems) else { continue };
        wanted.extend(field_pattern(*field, text, node, names, problems).map(|pattern| (*field, pattern)));
    }
    let count = count(&mut fields, problems);
    fields.finish(problems);
    if whole.is_some() && !wanted.is_empty() {
        let problem = Problem::at(node.place, "a whole line has all fields");
        problems.push(problem.hint("leave the fields out, or leave `line` out"));
    }
    Some(FlowPattern { flow_log, wanted: whole.unwrap_or(Wanted::Fields(wanted)), count: count?, line })
}

fn flow_log(node: &Node, names: &Names, problems: &mut Problems) -> Option<String> {
    let text = node.text(problems)?;
    if !text.starts_with("fl-") && !names.flow_logs.iter().any(|known| known == text) {
        let known = names.flow_logs.iter().map(String::as_str);
        problems.push(Problem::unknown(node.span, "flow log", text, known));
    }
    Some(text.to_owned())
}

/// How many fields it has to have depends on the flow log's format, which may be of one that a step makes.
fn whole_line(node: &Node, text: &str, names: &Names, problems: &mut Problems) -> Option<Wanted> {
    let mut words = Vec::new();
    for word in text.split_whitespace() {
        match FieldPattern::read(word) {
            Ok(pattern) => {
                if let (FieldPattern::Named(name), true) = (&pattern, word.starts_with('{')) {
                    check_label(name, node, names, problems);
                }
                words.push(pattern);
            }
            Err(message) => problems.push(Problem::at(node.span, message)),
        }
    }
    if words.is_empty() {
        problems.push(Problem::at(node.place, "an empty line expects nothing"));
        return None;
    }
    Some(Wanted::Line(words))
}

/// The simulator's own view has the default format.
fn check_length(wanted: &Wanted, node: &Node, problems: &mut Problems) {
    let fields = LogFormat::default().fields().len();
    if let Wanted::Line(words) = wanted
        && words.len() != fields
    {
        let message =
            format!("lines of the default format have {fields} fields, and this one has {}", words.len());
        problems.push(Problem::at(node.span, message).hint("write `*` for fields that do not matter"));
    }
}

fn check_label(name: &str, node: &Node, names: &Names, problems: &mut Problems) {
    let lists = [&names.labels, &names.hosts, &names.given, &names.interfaces];
    let known: BTreeSet<&str> = lists.into_iter().flatten().map(String::as_str).collect();
    if !known.contains(name) {
        problems.push(Problem::unknown(node.span, "name", name, known));
    }
}

/// Reads a field's value, unless the field can never have it: a misspelt one would match nothing for ever.
fn field_pattern(
    field: Field,
    text: &str,
    node: &Node,
    names: &Names,
    problems: &mut Problems,
) -> Option<FieldPattern> {
    let pattern =
        FieldPattern::read(text).map_err(|message| problems.push(Problem::at(node.span, message))).ok()?;
    let FieldPattern::Named(text) = &pattern else { return Some(pattern) };
    if text == "-" {
        return Some(pattern);
    }
    if INTERFACES.contains(&field) {
        if !text.starts_with("eni-") && !names.may_own_interface(text) {
            let known = names.interfaces.iter().map(String::as_str);
            problems.push(Problem::unknown(node.span, "owner of an interface", text, known));
        }
        return Some(pattern);
    }
    if ADDRESSES.contains(&field) {
        let is_host = names.hosts.iter().chain(&names.interfaces).any(|name| name == text);
        if text.parse::<Ipv4Addr>().is_err() && !is_host {
            problems.push(Problem::unknown(node.span, "host", text, names.hosts.iter().map(String::as_str)));
        }
        return Some(pattern);
    }
    let Some(expected) = misfit(field, text) else { return Some(pattern) };
    problems.push(Problem::at(node.span, format!("`{field}` is {expected}, found `{text}`")));
    None
}

const INTERFACES: [Field; 4] =
    [Field::InterfaceId, Field::NextHopInterfaceId, Field::TgwSrcEni, Field::TgwDstEni];
const ADDRESSES: [Field; 4] = [Field::SrcAddr, Field::DstAddr, Field::PktSrcAddr, Field::PktDstAddr];

/// What a field is, if a text cannot be it.
fn misfit(field: Field, text: &str) -> Option<&'static str> {
    let words: &[(Field, &[&str], &'static str)] = &[
        (Field::Action, &["ACCEPT", "REJECT"], "`ACCEPT` or `REJECT`"),
        (Field::FlowDirection, &["egress", "ingress"], "`egress` or `ingress`"),
        (Field::LogStatus, &["OK", "NODATA", "SKIPDATA"], "`OK`, `NODATA` or `SKIPDATA`"),
    ];
    if let Some((_, known, what)) = words.iter().find(|(of, ..)| *of == field) {
        return (!known.contains(&text)).then_some(what);
    }
    let (fits, what) = if field == Field::AccountId {
        (text.parse::<Account>().is_ok(), "an account number of twelve digits")
    } else if field == Field::Protocol {
        let is_name = ["tcp", "udp", "icmp"].contains(&text);
        (is_name || text.parse::<u8>().is_ok(), "`tcp`, `udp`, `icmp` or a protocol number")
    } else if [Field::SrcPort, Field::DstPort].contains(&field) {
        (text.parse::<u16>().is_ok(), "a port")
    } else {
        (field.kind() == FieldType::String || text.parse::<u64>().is_ok(), "a number")
    };
    (!fits).then_some(what)
}
