//! What came against what was expected. Every difference is a text that goes on after "expected: ".

use std::net::Ipv4Addr;

use crate::guest::Finished;
use crate::model::Model;
use crate::report::drop_objects;
use crate::report::journal::{Journey, Subject};
use crate::report::result::NatGatewayMetrics;
use crate::scenario::aws::{Failure, Output};
use crate::scenario::{
    ApiExpectation, CommandExpectation, Count, DropExpectation, Exit, MetricsExpectation, PacketExpectation,
    PacketFate, PacketKind, Party, Text, station_of,
};
use crate::trace::{DropReason, Fate, PacketFacts, Station};
use crate::wire::{Protocol, TcpFlags};

/// A command on a host.
pub fn command(
    expect: &CommandExpectation,
    came: &Finished,
    exit: Exit,
    journeys: &[&Journey],
    model: &Model,
) -> Vec<String> {
    let mut failures = Vec::new();
    if exit != expect.exit {
        failures.push(format!("{}, came {exit}", expect.exit));
    }
    texts(&mut failures, "stdout", &expect.stdout, &came.stdout);
    texts(&mut failures, "stderr", &expect.stderr, &came.stderr);
    if let Some(expected) = &expect.dropped {
        failures.extend(dropped(expected, journeys, model));
    }
    failures.extend(expect.packets.iter().filter_map(|expected| packets(expected, journeys, model)));
    failures
}

fn texts(failures: &mut Vec<String>, name: &str, expected: &[Text], came: &[u8]) {
    let came = String::from_utf8_lossy(came);
    for text in expected {
        let (met, how, wanted) = match text {
            Text::Contains(wanted) => (came.contains(wanted.trim_end_matches('\n')), "with", wanted),
            Text::Exactly(wanted) => (
                came.strip_suffix('\n').unwrap_or(&came) == wanted.strip_suffix('\n').unwrap_or(wanted),
                "",
                wanted,
            ),
        };
        if !met {
            let how = if how.is_empty() { String::new() } else { format!(" {how}") };
            failures.push(format!("{name}{how} {wanted:?}, came {came:?}"));
        }
    }
}

fn reason_of(journey: &Journey) -> Option<DropReason> {
    match journey.fate {
        Fate::Dropped(reason) => Some(reason),
        Fate::Delivered(_) | Fate::Fragmented => None,
    }
}

/// Whether a drop is at an object, called by name or id.
fn is_at(model: &Model, reason: DropReason, at: Option<&str>) -> bool {
    // A VPC's default group is printed with its VPC.
    let is_default = |label: &str, at| at == "default" && label.starts_with("default of ");
    at.is_none_or(|at| {
        let objects = drop_objects(model, reason);
        objects.iter().any(|(label, id)| label == at || id == at || is_default(label, at))
    })
}

fn dropped(expected: &DropExpectation, journeys: &[&Journey], model: &Model) -> Option<String> {
    let mut drops = journeys.iter().filter_map(|journey| reason_of(journey));
    let came = || {
        let all: Vec<String> = journeys
            .iter()
            .filter_map(|journey| reason_of(journey))
            .map(|reason| format!("{}{}", reason.code(), place(model, reason)))
            .collect();
        if all.is_empty() { "nothing was dropped".to_owned() } else { format!("dropped: {}", all.join(", ")) }
    };
    match expected {
        DropExpectation::Nothing => drops.next().map(|_| format!("nothing dropped, but {}", came())),
        DropExpectation::Something { reason, at } => {
            let met = drops.any(|drop| drop.code() == *reason && is_at(model, drop, at.as_deref()));
            let at = at.as_ref().map_or(String::new(), |at| format!(" at {at}"));
            (!met).then(|| format!("dropped: {reason}{at}; but {}", came()))
        }
    }
}

fn place(model: &Model, reason: DropReason) -> String {
    drop_objects(model, reason).first().map_or(String::new(), |(label, _)| format!(" at {label}"))
}

fn packets(expected: &PacketExpectation, journeys: &[&Journey], model: &Model) -> Option<String> {
    let of_kind = journeys.iter().filter(|journey| is_meant(expected, journey, model));
    let number: u64 = of_kind.clone().filter(|j| has_fate(&expected.fate, j, model)).map(|j| j.count).sum();
    if expected.count.is_met_by(number) {
        return None;
    }
    let others: Vec<String> =
        of_kind.map(|journey| format!("{} {}", journey.count, fate_text(journey, model))).collect();
    let came =
        if others.is_empty() { "none was seen".to_owned() } else { format!("came {}", others.join(", ")) };
    Some(format!("{} (line {}), {came}", describe(expected), expected.line))
}

fn is_meant(expected: &PacketExpectation, journey: &Journey, model: &Model) -> bool {
    let Subject::Packet(facts) = journey.packet else { return false };
    is_kind(&expected.kind, &facts)
        && expected.from.as_ref().is_none_or(|party| is_party(party, facts.tuple.src, model))
        && expected.to.as_ref().is_none_or(|party| is_party(party, facts.tuple.dst, model))
}

fn is_kind(kind: &PacketKind, facts: &PacketFacts) -> bool {
    match kind {
        PacketKind::Any => true,
        PacketKind::Icmp(wanted) => {
            facts.icmp.is_some_and(|icmp| wanted.is_none_or(|wanted| icmp.kind == wanted))
        }
        PacketKind::Tcp(flags) => {
            let came = TcpFlags(facts.tcp_flags.0 & !TcpFlags::PSH).to_string();
            facts.tuple.protocol == Protocol::TCP && flags.as_ref().is_none_or(|flags| *flags == came)
        }
        PacketKind::Udp => facts.tuple.protocol == Protocol::UDP,
    }
}

fn is_party(party: &Party, address: Ipv4Addr, model: &Model) -> bool {
    match party {
        Party::Address(wanted) => *wanted == address,
        Party::Host(name) => match station_of(model, name) {
            Some(Station::Eni(eni)) => {
                let eni = model.eni(eni);
                eni.has(address) || eni.private_of(address).is_some()
            }
            Some(Station::Outside(wanted) | Station::OnPrem(_, wanted)) => wanted == address,
            Some(Station::LinkLocal(_)) | None => false,
        },
    }
}

fn has_fate(fate: &PacketFate, journey: &Journey, model: &Model) -> bool {
    match (fate, reason_of(journey)) {
        (PacketFate::Any, _) | (PacketFate::Delivered, None) => true,
        (PacketFate::Delivered, Some(_)) | (PacketFate::Dropped { .. }, None) => false,
        (PacketFate::Dropped { reason, at }, Some(came)) => {
            reason.is_none_or(|reason| came.code() == reason) && is_at(model, came, at.as_deref())
        }
    }
}

fn fate_text(journey: &Journey, model: &Model) -> String {
    match reason_of(journey) {
        None => "delivered".to_owned(),
        Some(reason) => format!("dropped: {}{}", reason.code(), place(model, reason)),
    }
}

fn describe(expected: &PacketExpectation) -> String {
    let kind = match &expected.kind {
        PacketKind::Any => "packets".to_owned(),
        PacketKind::Icmp(None) => "icmp".to_owned(),
        PacketKind::Icmp(Some(0)) => "icmp echo-reply".to_owned(),
        PacketKind::Icmp(Some(8)) => "icmp echo-request".to_owned(),
        PacketKind::Icmp(Some(kind)) => format!("icmp type {kind}"),
        PacketKind::Tcp(None) => "tcp".to_owned(),
        PacketKind::Tcp(Some(flags)) => format!("tcp {flags}"),
        PacketKind::Udp => "udp".to_owned(),
    };
    let party = |word: &str, party: &Option<Party>| match party {
        None => String::new(),
        Some(Party::Address(address)) => format!(" {word} {address}"),
        Some(Party::Host(name)) => format!(" {word} {name}"),
    };
    let fate = match &expected.fate {
        PacketFate::Any => String::new(),
        PacketFate::Delivered => " delivered".to_owned(),
        PacketFate::Dropped { reason, at } => {
            let reason = reason.map_or(String::new(), |reason| format!(": {reason}"));
            let at = at.as_ref().map_or(String::new(), |at| format!(" at {at}"));
            format!(" dropped{reason}{at}")
        }
    };
    let count = match expected.count {
        Count::Some => String::new(),
        Count::Exactly(number) => format!("{number} "),
    };
    format!("{count}{kind}{}{}{fate}", party("from", &expected.from), party("to", &expected.to))
}

/// An `aws` command.
pub fn api(expect: &ApiExpectation, came: &Result<Output, Failure>, model: &Model) -> Vec<String> {
    let mut failures = Vec::new();
    match (came, &expect.error, &expect.message) {
        (Ok(_), None, None) => {}
        (Ok(_), error, message) => {
            let wanted = error.as_ref().or(message.as_ref()).expect("one of them is there");
            failures.push(format!("error {wanted}, but the command succeeded"));
        }
        (Err(_), None, None) => failures.push("success".to_owned()),
        (Err(failure), error, message) => {
            if let Some(wanted) = error.as_ref().filter(|wanted| failure.code() != Some(wanted)) {
                failures
                    .push(format!("error {wanted}, came {}", failure.code().unwrap_or("no answer of AWS")));
            }
            if let Some(wanted) = message.as_ref().filter(|wanted| failure.message() != Some(wanted)) {
                failures.push(format!(
                    "message {wanted:?}\n    came {:?}",
                    failure.message().unwrap_or_default()
                ));
            }
        }
    }
    if let (Some(wanted), Ok(output)) = (&expect.status, came) {
        let status = output.fields.iter().find(|(key, _)| *key == "Status").map(|(_, status)| status);
        if status != Some(wanted) {
            let came = status.map_or("none", String::as_str);
            failures.push(format!("status {wanted}, came {came}"));
        }
    }
    if let (Some(pattern), Ok(Output { document: Some(document), .. })) = (&expect.output, came) {
        let differences = pattern.differences(document, model);
        failures.extend(differences.into_iter().map(|difference| format!("output {difference}")));
    }
    failures
}

/// The metrics of NAT gateways: those that were asked for, and what differs.
pub fn metrics(expect: &MetricsExpectation, came: &[NatGatewayMetrics]) -> (Vec<String>, Vec<String>) {
    let (mut values, mut failures) = (Vec::new(), Vec::new());
    for (gateway, metric, wanted) in &expect.values {
        let of_gateway = came.iter().filter(|nat| nat.name == *gateway || nat.id == *gateway);
        let found = of_gateway.flat_map(|nat| &nat.values).find(|(name, _)| name == metric);
        let value = found.map_or(0, |(_, value)| *value);
        values.push(format!("{gateway} {metric} {value}"));
        if value != *wanted {
            failures.push(format!("{metric} {wanted} of {gateway}, came {value}"));
        }
    }
    (values, failures)
}
