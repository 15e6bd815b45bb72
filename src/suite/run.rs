//! One scenario, from its first step to its files.

use std::fs::File;
use std::io::{self, BufWriter, Write as _};
use std::path::Path;
use std::time::Duration;

use super::check;
use super::output::{FileNames, Folder, RESULT};
use super::recorder::{CaptureFiles, Recorder};
use indexmap::IndexMap;
use indexmap::map::Entry;

use crate::flowlog::DEFAULT_FORMAT_HEADER;
use crate::guest::{self, Command, Finished, Service};
use crate::ids::{EniId, InstanceId, NatGatewayId};
use crate::model::{Account, Fault, Scope};
use crate::report::explain::explain;
use crate::report::journal::{Journey, by_try};
use crate::report::json;
use crate::report::nat_gateway_label;
use crate::report::result::{Explanation, NatGatewayMetrics, Outcome, Output, ScenarioResult, StepResult};
use crate::scenario::aws::{self, AwsCommand};
use crate::scenario::placeholder;
use crate::scenario::{Action, Exit, MetricsExpectation, Repair, Scenario, Step, station_of};
use crate::seed::Seed;
use crate::sim::World;
use crate::time::Instant;
use crate::trace::{Fate, Station, Truth};
use crate::traffic::Activity;

/// How to run a scenario.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// In place of the scenario's own seed.
    pub seed: Option<Seed>,
    /// Whether all journeys are explained, and not only drops.
    pub verbose: bool,
}

/// Time that passes after a command before the next step: a person reads and types, and what is still
/// on its way arrives.
const PAUSE: Duration = Duration::from_secs(1);

/// How many drops a step explains unless everything is asked for.
const EXPLAINED_MAX: usize = 3;

/// Runs a scenario, and writes what it leaves behind to a folder.
pub fn run(
    shown: &str,
    scenario: Scenario,
    options: &Options,
    folder: Option<&Path>,
) -> io::Result<ScenarioResult> {
    let folder = folder.map(Folder::begin).transpose()?;
    let captures = folder.as_ref().map(Folder::captures).transpose()?;
    let (mut runner, about) = begin(shown, scenario, options, captures)?;
    let mut result = about.result;
    runner.world.begin_traffic(about.traffic);
    for (at, step) in about.steps.iter().enumerate() {
        result.steps.push(runner.step(at + 1, step)?);
    }
    result.simulated = runner.world.now().since(result.start);
    result.packets = runner.world.packets_sent();
    result.nat_gateways = runner.nat_metrics();
    if let Some(folder) = folder {
        result.output = Some(runner.leave_behind(folder, &result)?);
    }
    Ok(result)
}

/// What is left of a scenario once its world exists: its background traffic, which has not begun, its steps,
/// and a result without any.
pub(super) struct About {
    pub traffic: Vec<Activity<Station>>,
    pub steps: Vec<Step>,
    pub result: ScenarioResult,
}

/// Makes the world of a scenario.
pub(super) fn begin(
    shown: &str,
    scenario: Scenario,
    options: &Options,
    captures: Option<CaptureFiles>,
) -> io::Result<(Runner, About)> {
    let seed = options.seed.unwrap_or(scenario.seed);
    let traffic: Vec<Activity<Station>> = scenario
        .traffic
        .into_iter()
        .map(|activity| {
            let placed = activity.resolve(&mut |name| station_of(&scenario.model, name).ok_or(()));
            placed.expect("hosts of background traffic exist at the beginning")
        })
        .collect();
    let truth = Truth::new(traffic.iter().map(Activity::facts).collect());
    let recorder = Recorder::new(scenario.start, &scenario.model, truth, captures)?;
    let mut world = World::new(seed, scenario.start, scenario.model, scenario.hosts, recorder);
    world.change_links(|links, model| {
        for (eni, bandwidth) in scenario.bandwidths {
            links.limit(eni, bandwidth);
        }
        for link in &scenario.links {
            let named = link.resolve(&mut |name| station_of(model, name).ok_or(()));
            links.declare(&named.expect("links are between what exists at the beginning"), model);
        }
    });
    let result = ScenarioResult {
        path: shown.to_owned(),
        name: scenario.name,
        description: scenario.description,
        seed: seed.0,
        start: scenario.start,
        simulated: Duration::ZERO,
        packets: 0,
        steps: Vec::new(),
        nat_gateways: Vec::new(),
        output: None,
    };
    let runner = Runner { world, scope: scenario.scope, verbose: options.verbose };
    Ok((runner, About { traffic, steps: scenario.steps, result }))
}

/// How a command ended.
pub(super) struct Ended {
    finished: Option<Finished>,
    was_interrupted: bool,
    failure: Option<String>,
}

pub(super) struct Runner {
    pub world: World<Recorder>,
    scope: Scope,
    verbose: bool,
}

impl Runner {
    pub fn step(&mut self, number: usize, step: &Step) -> io::Result<StepResult> {
        let begin = self.world.now();
        self.world.observer.journal.begin_step();
        let (outcome, took, failures) = match &step.action {
            Action::Aws { typed, command, account, creates, serves, expect } => {
                let (outcome, failures) = self.aws(typed, command, *account, creates.as_deref(), expect)?;
                self.serve(&outcome, serves);
                (outcome, Duration::ZERO, failures)
            }
            Action::Fault { what, fault } => {
                let failures = self.fault(fault);
                (Outcome::Fault { what: what.clone() }, Duration::ZERO, failures)
            }
            Action::Repair { what, repair } => {
                self.repair(repair);
                (Outcome::Repair { what: what.clone() }, Duration::ZERO, Vec::new())
            }
            Action::ExpectMetrics(expect) => {
                let (values, failures) = self.metrics(expect);
                (Outcome::Metrics { values }, Duration::ZERO, failures)
            }
            Action::ExpectFlowLogs(expect) => {
                let (lines, failures) = self.flow_logs(expect);
                (Outcome::FlowLogs { lines }, self.world.now().since(begin), failures)
            }
            Action::Run { on, typed, command, timeout, expect } => {
                self.command(on, typed, command, *timeout, expect)
            }
            Action::Wait(duration) => {
                self.world.run_until(begin + *duration, |_| false);
                (Outcome::Wait { duration: *duration }, *duration, Vec::new())
            }
        };
        let (explanations, unexplained) = self.explanations(begin);
        let (name, line) = (step.name.clone(), step.line);
        Ok(StepResult { number, line, name, begin, took, outcome, failures, explanations, unexplained })
    }

    fn aws(
        &mut self,
        typed: &str,
        command: &AwsCommand,
        account: Option<Account>,
        creates: Option<&str>,
        expect: &crate::scenario::ApiExpectation,
    ) -> io::Result<(Outcome, Vec<String>)> {
        let caller = command.scope(Scope { account: account.unwrap_or(self.scope.account), ..self.scope });
        let result = self.world.change(caller, |ec2| command.run(ec2, creates));
        let elsewhere = (caller != self.scope).then(|| format!("{} in {}", caller.account, caller.region));
        self.world.show(Recorder::follow)?;
        let failures = check::api(expect, &result, self.world.model());
        let (output, error) = match result {
            Ok(output) => (output, None),
            Err(failure) => (aws::Output::default(), Some(failure.to_string())),
        };
        let (typed, aws::Output { fields: output, document }) = (typed.to_owned(), output);
        Ok((Outcome::Aws { caller: elsewhere, typed, output, document, error }, failures))
    }

    /// What listens on the instance that a command has launched.
    fn serve(&mut self, outcome: &Outcome, serves: &[(u16, Service)]) {
        let Outcome::Aws { output, .. } = outcome else { return };
        let launched = output
            .iter()
            .find(|(key, _)| *key == "InstanceId")
            .and_then(|(_, id)| id.parse::<InstanceId>().ok());
        if let Some(id) = launched.filter(|_| !serves.is_empty()) {
            let station = Station::Eni(self.world.model().instances[&id].eni);
            self.world.serve(station, serves);
        }
    }

    fn fault(&mut self, fault: &Fault<String>) -> Vec<String> {
        let named = fault.resolve(&mut |name| station_of(self.world.model(), name).ok_or(name.clone()));
        match named {
            Ok(fault) => {
                self.world.change_links(|links, model| links.fault(fault, model));
                Vec::new()
            }
            Err(name) => vec![format!("a host `{name}`, and there is none now")],
        }
    }

    /// What is gone takes its faults along: nobody has to repair them.
    fn repair(&mut self, repair: &Repair) {
        let named = match repair {
            Repair::All => return self.world.change_links(|links, _| links.repair_all()),
            Repair::Fault(fault) => fault.resolve(&mut |name| station_of(self.world.model(), name).ok_or(())),
        };
        if let Ok(fault) = named {
            self.world.change_links(|links, _| links.repair(&fault));
        }
    }

    fn command(
        &mut self,
        on: &str,
        typed: &str,
        command: &Command,
        timeout: Duration,
        expect: &crate::scenario::CommandExpectation,
    ) -> (Outcome, Duration, Vec<String>) {
        let begin = self.world.now();
        let (typed, ended) = match placeholder::expand(typed, self.world.model()) {
            Ok(typed) => {
                let expanded = guest::parse(&typed);
                let ended = self.finish(on, expanded.as_ref().unwrap_or(command), timeout);
                (typed, ended)
            }
            Err(name) => {
                let failure =
                    Some(format!("an interface endpoint or instance `{name}`, and there is none now"));
                (typed.to_owned(), Ended { finished: None, was_interrupted: false, failure })
            }
        };
        let took = self.world.now().since(begin);
        self.world.run_until(begin + took + PAUSE, |_| false);
        let Ended { finished, was_interrupted, failure } = ended;
        let is_meant = was_interrupted && expect.exit == Exit::Interrupted;
        let failures = match (failure.filter(|_| !is_meant), &finished) {
            (None, Some(finished)) => {
                let journeys: Vec<&Journey> = self.world.observer.journal.journeys().collect();
                let exit = if was_interrupted { Exit::Interrupted } else { Exit::Code(finished.exit) };
                check::command(expect, finished, exit, &journeys, self.world.model())
            }
            (failure, _) => failure.into_iter().collect(),
        };
        let text = |bytes: Option<&[u8]>| String::from_utf8_lossy(bytes.unwrap_or_default()).into_owned();
        let outcome = Outcome::Run {
            on: on.to_owned(),
            typed,
            exit: finished.as_ref().filter(|_| !was_interrupted).map(|finished| finished.exit),
            stdout: text(finished.as_ref().map(|finished| finished.stdout.as_slice())),
            stderr: text(finished.as_ref().map(|finished| finished.stderr.as_slice())),
        };
        (outcome, took, failures)
    }

    /// Runs a command until it ends or its time is up.
    pub fn finish(&mut self, on: &str, command: &Command, timeout: Duration) -> Ended {
        let station = station_of(self.world.model(), on);
        let Some(station) = station.filter(|station| self.world.has_host(*station)) else {
            let why = if station.is_some() { "it is stopped" } else { "there is none now" };
            let failure = Some(format!("a running host `{on}`, and {why}"));
            return Ended { finished: None, was_interrupted: false, failure };
        };
        let process = self.world.start(station, command);
        let deadline = self.world.now() + timeout;
        let mut finished = None;
        self.world.run_until(deadline, |world| {
            finished = world.take_exit(process);
            finished.is_some()
        });
        if finished.is_some() {
            return Ended { finished, was_interrupted: false, failure: None };
        }
        self.world.kill(process);
        let limit = crate::report::text::duration(timeout);
        let failure =
            format!("an end within {limit}; it was interrupted (a longer `timeout:` gives it more time)");
        Ended { finished: self.world.take_exit(process), was_interrupted: true, failure: Some(failure) }
    }

    /// Waits until the records of what happened so far are there, as one has to at AWS.
    fn flow_logs(&mut self, expect: &crate::scenario::FlowLogExpectation) -> (Vec<String>, Vec<String>) {
        self.finish_interval();
        check::flow_logs(expect, &self.world.observer.meter, self.world.model())
    }

    /// What CloudWatch shows of every NAT gateway.
    fn nat_metrics(&mut self) -> Vec<NatGatewayMetrics> {
        let gateways: Vec<(NatGatewayId, String)> = self
            .world
            .model()
            .nat_gateways
            .keys()
            .map(|id| (*id, nat_gateway_label(self.world.model(), *id)))
            .collect();
        let metrics = gateways.into_iter().map(|(id, name)| {
            let values = self.world.nat_metrics(id).named().to_vec();
            NatGatewayMetrics { id: id.to_string(), name, values }
        });
        metrics.collect()
    }

    fn metrics(&mut self, expect: &MetricsExpectation) -> (Vec<String>, Vec<String>) {
        let came = self.nat_metrics();
        check::metrics(expect, &came)
    }

    /// Lets the current aggregation interval end.
    fn finish_interval(&mut self) {
        let end = self.world.observer.meter.complete_at(self.world.now());
        self.world.run_until(end, |_| false);
        self.world.show(|recorder, model| recorder.meter.close(end, model));
    }

    fn explanations(&self, begin: Instant) -> (Vec<Explanation>, usize) {
        let (model, now) = (self.world.model(), self.world.now());
        let journeys: Vec<&Journey> = self.world.observer.journal.journeys().collect();
        let is_shown = |journey: &&Journey| self.verbose || matches!(journey.fate, Fate::Dropped(_));
        let shown: Vec<&Journey> = journeys.iter().copied().filter(is_shown).collect();
        // Who wants every packet explained wants every try.
        let tries = if self.verbose { Vec::new() } else { by_try(shown.iter().copied()) };
        let shown: Vec<&Journey> = if self.verbose { shown } else { tries.iter().collect() };
        let limit = if self.verbose { usize::MAX } else { EXPLAINED_MAX };
        let explained =
            shown.iter().take(limit).map(|journey| explain(journey, &journeys, begin, now, model));
        (explained.collect(), shown.len().saturating_sub(limit))
    }

    fn leave_behind(&mut self, folder: Folder, result: &ScenarioResult) -> io::Result<Output> {
        self.finish_interval();
        let captures = self.world.observer.finish_captures()?;
        let records = self.write_logs(&folder)?;
        folder.write(RESULT, json::render(result).as_bytes())?;
        let folder = folder.finish()?;
        Ok(Output { folder: folder.display().to_string(), captures, records })
    }

    /// Writes all records to one file, and those of each interface to another; says how many there are.
    fn write_logs(&self, folder: &Folder) -> io::Result<usize> {
        let mut names = FileNames::default();
        let mut begin = |label: &str| -> io::Result<BufWriter<File>> {
            let mut log = BufWriter::new(folder.create("flow-logs", &format!("{}.log", names.give(label)))?);
            writeln!(log, "{DEFAULT_FORMAT_HEADER}")?;
            Ok(log)
        };
        let mut all = begin("all")?;
        let mut by_interface: IndexMap<EniId, BufWriter<File>> = IndexMap::new();
        let mut count = 0;
        for record in self.world.observer.meter.records() {
            let of_interface = match by_interface.entry(record.interface) {
                Entry::Occupied(there) => there.into_mut(),
                Entry::Vacant(new) => new.insert(begin(&self.world.model().eni_label(record.interface))?),
            };
            for log in [&mut all, of_interface] {
                writeln!(log, "{record}")?;
            }
            count += 1;
        }
        for mut log in by_interface.into_values().chain([all]) {
            log.flush()?;
        }
        Ok(count)
    }
}
