//! One question asked of a scenario: does a packet from here get there, and its answer back?
//!
//! The steps before are taken as far as they change something; nobody's traffic runs but the question's.

use std::fmt;
use std::io;
use std::net::Ipv4Addr;

use super::records::Records;
use super::run::{About, Options, Runner, begin};
use crate::guest;
use crate::model::Model;
use crate::report::explain::explain;
use crate::report::journal::{Journey, Subject};
use crate::report::result::{Outcome, ScenarioResult, StepResult};
use crate::report::text;
use crate::scenario::{Action, Scenario, Step, station_of};
use crate::trace::{Fate, Station};
use crate::wire::{Protocol, TcpFlags};

/// Who asks whom, and when.
#[derive(Clone, Debug)]
pub struct Question {
    /// The host that sends.
    pub from: String,
    /// The host or address it sends to, with a port (`web:443`, `dns:53/udp`) or without (a ping).
    pub to: String,
    /// The step after which it is asked: its number, its name, or `end`; before all steps if not given.
    pub after: Option<String>,
}

/// A question that cannot be asked of a scenario.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Unanswerable {
    /// No host has the name, or it does not run by then.
    NoHost {
        /// The name.
        name: String,
        /// Those there are.
        known: Vec<String>,
    },
    /// No step has the name or number.
    NoStep {
        /// What was given.
        step: String,
        /// How many there are.
        steps: usize,
    },
    /// Several steps have the title.
    Ambiguous {
        /// What was given.
        step: String,
        /// Which they are.
        numbers: Vec<usize>,
    },
    /// There are too many pairs.
    TooMany {
        /// How many, times ports.
        cells: usize,
        /// How many there may be.
        most: usize,
    },
    /// What is to be reached makes no sense.
    Target {
        /// What is wrong with it.
        message: String,
    },
}

impl fmt::Display for Unanswerable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoHost { name, known } => {
                write!(f, "there is no running host `{name}` by then\n\nhint: hosts: {}", some_of(known))
            }
            Self::NoStep { step, steps } => {
                write!(
                    f,
                    "there is no step `{step}`\n\nhint: give a number from 1 to {steps}, a step's name, or `end`"
                )
            }
            Self::Ambiguous { step, numbers } => {
                let numbers: Vec<String> = numbers.iter().map(usize::to_string).collect();
                write!(
                    f,
                    "there are several steps `{step}`\n\nhint: give the number of one: {}",
                    numbers.join(", ")
                )
            }
            Self::TooMany { cells, most } => write!(
                f,
                "{cells} pairs are too many at once: at most {most}\n\nhint: name some hosts (--from, --to) or fewer ports (--port)"
            ),
            Self::Target { message } => f.write_str(message),
        }
    }
}

/// So many names are a help; more are none.
const NAMES_MAX: usize = 50;

fn some_of(names: &[String]) -> String {
    let shown = names[..names.len().min(NAMES_MAX)].join(", ");
    match names.len().saturating_sub(NAMES_MAX) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

/// Asks it. The result has one step, which failed if the packet or its answer did not arrive.
pub fn ask(
    shown: &str,
    scenario: Scenario,
    options: &Options,
    question: &Question,
) -> io::Result<Result<ScenarioResult, Unanswerable>> {
    let after = match steps_before(&scenario.steps, question.after.as_deref()) {
        Ok(after) => after,
        Err(unanswerable) => return Ok(Err(unanswerable)),
    };
    let command = match command(&question.to) {
        Ok(command) => command,
        Err(message) => return Ok(Err(Unanswerable::Target { message })),
    };
    let known: Vec<String> = scenario.model.host_names().map(str::to_owned).collect();
    let (mut runner, about) = begin_after(after, shown, scenario, options)?;
    let model = runner.world.model();
    let (name, is_there) =
        (question.from.clone(), station_of(model, &question.from).is_some_and(|s| runner.world.has_host(s)));
    if !is_there {
        return Ok(Err(Unanswerable::NoHost { name, known }));
    }
    let step = runner.probe(&question.from, &question.to, &command, after);
    let target = host_of(&question.to);
    // AWS gives names too.
    let is_known = station_of(runner.world.model(), target).is_some()
        || target.parse::<Ipv4Addr>().is_ok()
        || [".amazonaws.com", ".internal"].iter().any(|end| target.ends_with(end));
    if step.explanations.is_empty() && !is_known {
        return Ok(Err(Unanswerable::NoHost { name: target.to_owned(), known }));
    }
    let mut result = about.result;
    result.packets = runner.world.packets_sent();
    result.simulated = runner.world.now().since(result.start);
    result.steps = vec![step];
    Ok(Ok(result))
}

/// The world of a scenario after so many of its steps, of which only those are done that change something.
/// Whether they come out as expected is not asked.
pub(super) fn begin_after(
    after: usize,
    shown: &str,
    scenario: Scenario,
    options: &Options,
) -> io::Result<(Runner, About)> {
    let (mut runner, about) = begin(shown, scenario, options, None, Records::default())?;
    for (at, step) in about.steps.iter().take(after).enumerate() {
        match step.action {
            Action::Aws { .. } | Action::Fault { .. } | Action::Repair { .. } | Action::Wait(_) => {
                runner.step(at + 1, step)?;
            }
            Action::Athena { .. }
            | Action::ExpectFlowLogs(_)
            | Action::ExpectMetrics(_)
            | Action::Run { .. } => {}
        }
    }
    Ok((runner, about))
}

/// How many steps come before a question.
pub(super) fn steps_before(steps: &[Step], after: Option<&str>) -> Result<usize, Unanswerable> {
    let Some(after) = after else { return Ok(0) };
    if after == "end" {
        return Ok(steps.len());
    }
    let by_number = after.parse().ok().filter(|number| (1..=steps.len()).contains(number));
    let by_name = || steps.iter().position(|step| step.name.as_deref() == Some(after)).map(|at| at + 1);
    if let Some(found) = by_number.or_else(by_name) {
        return Ok(found);
    }
    let has_title = |step: &Step| step.name.is_none() && title(&step.action).as_deref() == Some(after);
    let numbers: Vec<usize> =
        (1..).zip(steps).filter(|(_, step)| has_title(step)).map(|(at, _)| at).collect();
    match numbers.as_slice() {
        [] => Err(Unanswerable::NoStep { step: after.to_owned(), steps: steps.len() }),
        [one] => Ok(*one),
        _ => Err(Unanswerable::Ambiguous { step: after.to_owned(), numbers }),
    }
}

/// The title by which a run prints a step without a name, if it says what the step does.
fn title(action: &Action) -> Option<String> {
    match action {
        Action::Aws { typed, .. } => Some(text::title_of_aws(typed)),
        Action::Run { on, typed, .. } => Some(text::title_of_run(typed, on)),
        Action::Athena { .. }
        | Action::ExpectFlowLogs(_)
        | Action::ExpectMetrics(_)
        | Action::Fault { .. }
        | Action::Repair { .. }
        | Action::Wait(_) => None,
    }
}

/// The host in what is to be reached.
fn host_of(to: &str) -> &str {
    to.split_once(':').map_or(to, |(host, _)| host)
}

/// The command that asks: `nc` for a port, `ping` without one.
fn command(to: &str) -> Result<guest::Command, String> {
    if host_of(to).is_empty() {
        return Err(
            "it is not said which host to reach\n\nhint: write `Web:443`, or `Web` for a ping".to_owned()
        );
    }
    let line = match to.split_once(':') {
        None => format!("ping -c 1 -W 4 {to}"),
        Some((host, port)) => {
            let (port, udp) = match port.split_once('/') {
                None | Some((_, "tcp")) => (port.trim_end_matches("/tcp"), ""),
                Some((port, "udp")) => (port, "-u "),
                Some((_, other)) => return Err(format!("unknown protocol `{other}`\n\nhint: tcp or udp")),
            };
            if port.parse::<u16>().is_err() {
                return Err(format!(
                    "`{port}` is no port\n\nhint: write `{host}:443`, or `{host}` for a ping"
                ));
            }
            // A resolver answers questions only.
            if (port, udp) == ("53", "-u ") {
                format!("dig @{host} +tries=1 +time=4 example.com")
            } else {
                format!("nc -z {udp}-w 4 {host} {port}")
            }
        }
    };
    guest::parse(&line).map_err(|error| error.to_string())
}

impl Runner {
    fn probe(&mut self, from: &str, to: &str, command: &guest::Command, after: usize) -> StepResult {
        let begin = self.world.now();
        self.world.observer.journal.begin_step();
        let _ = self.finish(from, command, std::time::Duration::from_secs(10));
        let (model, now) = (self.world.model(), self.world.now());
        let journeys: Vec<&Journey> = self.world.observer.journal.journeys().collect();
        // A name may have to be looked up first.
        let is_lookup = |journey: &&Journey| is_of_lookup(journey) && !to.ends_with(":53/udp");
        let request = journeys.iter().copied().find(|journey| !is_lookup(journey));
        let lookup = journeys.first().copied().filter(|_| request.is_none());
        let request_or_lookup = request.or(lookup);
        let reply = request_or_lookup.and_then(|request| answer_to(request, &journeys));
        let (arrives, verdict) = match (request, reply) {
            (None, _) if lookup.is_some_and(is_dropped) => {
                (false, "nothing is sent: the resolver is out of reach".to_owned())
            }
            (None, _) if lookup.is_some() && station_of(model, host_of(to)).is_none() => {
                (false, "nothing is sent: nobody knows the name".to_owned())
            }
            (None, _) => (false, nothing_sent(from, host_of(to), model)),
            (Some(request), _) if is_dropped(request) => (false, "the request is dropped".to_owned()),
            (Some(_), None) => (false, "the request arrives, and nobody answers".to_owned()),
            (Some(_), Some(reply)) if is_dropped(reply) => {
                (false, "the request arrives, and the reply is dropped".to_owned())
            }
            (Some(_), Some(reply)) if is_refusal(reply) => {
                (true, "both ways are open, and nothing listens there".to_owned())
            }
            (Some(_), Some(_)) => (true, "both ways are open".to_owned()),
        };
        let shown = request_or_lookup.into_iter().chain(reply);
        let explanations = shown.map(|journey| explain(journey, &journeys, begin, now, model)).collect();
        StepResult {
            number: 1,
            line: 0,
            name: Some(match after {
                0 => format!("{from} to {to}, before the first step"),
                after => format!("{from} to {to}, after step {after}"),
            }),
            begin,
            took: now.since(begin),
            failures: if arrives { Vec::new() } else { vec![verdict.clone()] },
            outcome: Outcome::Probe { verdict },
            explanations,
            unexplained: 0,
        }
    }
}

/// Why no packet leaves.
fn nothing_sent(from: &str, to: &str, model: &Model) -> String {
    let (here, there) = (station_of(model, from), station_of(model, to));
    let has_address = |station| match station {
        Station::Eni(eni) | Station::LinkLocal(eni) => {
            to.parse().is_ok_and(|address| model.eni(eni).has(address))
        }
        Station::Outside(address) | Station::OnPrem(_, address) => to == address.to_string(),
    };
    match (here, there) {
        (Some(here), there) if Some(here) == there || has_address(here) => {
            format!("nothing is sent: {from} is asked for itself")
        }
        (Some(Station::Outside(_)), Some(Station::Eni(eni))) if model.eni(eni).public.is_empty() => {
            format!("nothing is sent: {to} has no public address")
        }
        _ => "nothing is sent: the name leads to no address there".to_owned(),
    }
}

fn is_dropped(journey: &Journey) -> bool {
    matches!(journey.fate, Fate::Dropped(_))
}

/// Whether it belongs to the question for a name.
fn is_of_lookup(journey: &Journey) -> bool {
    const DNS: u16 = 53;
    match journey.packet {
        Subject::Packet(facts) => {
            let tuple = facts.tuple;
            tuple.protocol == Protocol::UDP && [tuple.src_port, tuple.dst_port].contains(&DNS)
        }
        Subject::Arp { .. } | Subject::Frame { .. } => false,
    }
}

/// The first packet that goes the other way in the same conversation: what the receiver sends, or the
/// network in its place.
fn answer_to<'j>(request: &Journey, journeys: &[&'j Journey]) -> Option<&'j Journey> {
    let Subject::Packet(asked) = request.packet else { return None };
    journeys.iter().copied().find(|journey| {
        let Subject::Packet(came) = journey.packet else { return false };
        // Addresses may have been translated on the way; the conversation is the only one there is.
        came.tuple.dst != asked.tuple.dst && came.tuple != asked.tuple && journey.first >= request.first
    })
}

/// Whether it says that nothing listens: a RST, or "port unreachable".
fn is_refusal(journey: &Journey) -> bool {
    match journey.packet {
        Subject::Packet(facts) => {
            facts.tcp_flags.has(TcpFlags::RST)
                || facts.icmp.is_some_and(|icmp| (icmp.kind, icmp.code) == (3, 3))
        }
        Subject::Arp { .. } | Subject::Frame { .. } => false,
    }
}
