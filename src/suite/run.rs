//! One scenario, from its first step to its files.

use std::io;
use std::path::Path;
use std::time::Duration;

use super::athena::Athena;
use super::check;
use super::destinations::{Delivered, Destinations};
use super::output::{Folder, RESULT};
use super::recorder::{CaptureFiles, Recorder};
use super::records::Records;
use crate::flowlog::{AGGREGATION_INTERVAL, Batch, LogObject};
use crate::guest::{self, Command, Finished, Service};
use crate::ids::{InstanceId, NatGatewayId};
use crate::model::{Account, Fault, LogDestination, Scope};
use crate::report::explain::explain;
use crate::report::journal::{Journey, by_try};
use crate::report::json;
use crate::report::nat_gateway_label;
use crate::report::result::{
    Explanation, FlowLogResult, NatGatewayMetrics, Outcome, Output, ScenarioResult, StepResult,
};
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

/// Runs a scenario, and writes what it leaves behind to a folder, captures only if they are wanted.
pub fn run(
    shown: &str,
    scenario: Scenario,
    options: &Options,
    folder: Option<&Path>,
    captures: bool,
) -> io::Result<ScenarioResult> {
    let folder = folder.map(Folder::begin).transpose()?;
    let captures = folder.as_ref().filter(|_| captures).map(Folder::captures).transpose()?;
    let mut records = Records::default();
    let mut destinations = Destinations::default();
    if let Some(folder) = &folder {
        records.write_to(folder.flow_logs()?)?;
        destinations = Destinations::to_folder(folder.partial());
    }
    let (mut runner, about) = begin(shown, scenario, options, captures, records)?;
    runner.destinations = destinations;
    let mut result = about.result;
    runner.world.begin_traffic(about.traffic);
    for (at, step) in about.steps.iter().enumerate() {
        result.steps.push(runner.step(at + 1, step)?);
    }
    result.simulated = runner.world.now().since(result.start);
    result.packets = runner.world.packets_sent();
    result.nat_gateways = runner.nat_metrics();
    result.flow_logs = runner.finish_deliveries()?;
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
    mut records: Records,
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
    for (at, step) in scenario.steps.iter().enumerate() {
        if let Action::ExpectFlowLogs(expect) = &step.action {
            records.tallies.expect(at + 1, expect);
        }
    }
    records.tell_truth(&truth);
    let mut recorder = Recorder::new(scenario.start, &scenario.model, truth, captures, records)?;
    recorder.meter.limit(scenario.flow_log_capacity);
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
        flow_logs: Vec::new(),
        output: None,
        not_imported: scenario.not_imported,
    };
    let (scope, verbose, destinations) = (scenario.scope, options.verbose, Destinations::default());
    let runner = Runner { world, scope, verbose, destinations, athena: Athena::default(), seed };
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
    destinations: Destinations,
    athena: Athena,
    seed: Seed,
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
            Action::Athena { statements, output_location, expect } => {
                let (outcome, failures) = self.athena(statements, output_location.as_deref(), expect)?;
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
                let (lines, failures) = self.flow_logs(number, expect)?;
                (Outcome::FlowLogs { lines }, self.world.now().since(begin), failures)
            }
            Action::Run { on, typed, command, timeout, expect } => {
                self.command(on, typed, command, *timeout, expect)?
            }
            Action::Wait(duration) => {
                self.pass_until(begin + *duration, |_| false)?;
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
        let now = self.world.now();
        self.world.show(|recorder, model| recorder.follow(now, model))?;
        let failures = check::api(expect, &result, self.world.model());
        let (output, error) = match result {
            Ok(output) => (output, None),
            Err(failure) => (aws::Output::default(), Some(failure.to_string())),
        };
        let (typed, aws::Output { fields: output, document }) = (typed.to_owned(), output);
        Ok((Outcome::Aws { caller: elsewhere, typed, output, document, error }, failures))
    }

    /// Statements over what buckets hold now; what they give is put where they want it.
    fn athena(
        &mut self,
        statements: &str,
        output_location: Option<&str>,
        expect: &crate::scenario::AthenaExpectation,
    ) -> io::Result<(Outcome, Vec<String>)> {
        let (model, now) = (self.world.model(), self.world.now());
        let (outcome, failures, saved) =
            self.athena.step(statements, output_location, expect, (model, now, self.seed));
        for (bucket, key, bytes) in saved {
            let content = self.destinations.keep(&bucket, &key, bytes)?;
            let put = self
                .world
                .change(self.scope, |ec2| ec2.put_object(&bucket, &key, content, "application/octet-stream"));
            debug_assert!(put.is_ok(), "keys of results are short");
        }
        Ok((outcome, failures))
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
    ) -> io::Result<(Outcome, Duration, Vec<String>)> {
        let begin = self.world.now();
        let (typed, ended) = match placeholder::expand(typed, self.world.model()) {
            Ok(typed) => {
                let expanded = guest::parse(&typed);
                let ended = self.finish(on, expanded.as_ref().unwrap_or(command), timeout)?;
                (typed, ended)
            }
            Err(name) => {
                let failure =
                    Some(format!("an interface endpoint or instance `{name}`, and there is none now"));
                (typed.to_owned(), Ended { finished: None, was_interrupted: false, failure })
            }
        };
        let took = self.world.now().since(begin);
        self.pass_until(begin + took + PAUSE, |_| false)?;
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
        Ok((outcome, took, failures))
    }

    /// Runs a command until it ends or its time is up.
    pub fn finish(&mut self, on: &str, command: &Command, timeout: Duration) -> io::Result<Ended> {
        let station = station_of(self.world.model(), on);
        let Some(station) = station.filter(|station| self.world.has_host(*station)) else {
            let why = if station.is_some() { "it is stopped" } else { "there is none now" };
            let failure = Some(format!("a running host `{on}`, and {why}"));
            return Ok(Ended { finished: None, was_interrupted: false, failure });
        };
        let process = self.world.start(station, command);
        let deadline = self.world.now() + timeout;
        let mut finished = None;
        self.pass_until(deadline, |world| {
            finished = world.take_exit(process);
            finished.is_some()
        })?;
        if finished.is_some() {
            return Ok(Ended { finished, was_interrupted: false, failure: None });
        }
        self.world.kill(process);
        let limit = crate::report::text::duration(timeout);
        let failure =
            format!("an end within {limit}; it was interrupted (a longer `timeout:` gives it more time)");
        Ok(Ended { finished: self.world.take_exit(process), was_interrupted: true, failure: Some(failure) })
    }

    /// Waits until the records of what happened so far are there, as one has to at AWS.
    fn flow_logs(
        &mut self,
        step: usize,
        expect: &crate::scenario::FlowLogExpectation,
    ) -> io::Result<(Vec<String>, Vec<String>)> {
        self.finish_intervals()?;
        if expect.patterns.iter().any(|pattern| pattern.flow_log.is_some())
            && let Some(due) = self.world.observer.records.deliveries.last_due()
        {
            self.pass_until(due, |_| false)?;
        }
        Ok(self.world.observer.records.tallies.check(step, self.world.model()))
    }

    /// Lets time pass until `deadline`, or until `done` says so after an event. What flow logs deliver arrives
    /// meanwhile.
    fn pass_until(
        &mut self,
        deadline: Instant,
        mut done: impl FnMut(&mut World<Recorder>) -> bool,
    ) -> io::Result<()> {
        loop {
            let stop = self.next_delivery().map_or(deadline, |at| at.min(deadline));
            let mut is_done = false;
            self.world.run_until(stop, |world| {
                is_done = done(world);
                is_done
            });
            self.world.observer.records.check()?;
            if is_done {
                return Ok(());
            }
            self.deliver(stop)?;
            if stop == deadline {
                return Ok(());
            }
        }
    }

    /// When to look after deliveries next: as intervals end and as deliveries arrive, if there are flow logs.
    fn next_delivery(&self) -> Option<Instant> {
        let recorder = &self.world.observer;
        if !recorder.meter.has_logs() {
            return recorder.records.deliveries.next_due();
        }
        let minute = AGGREGATION_INTERVAL.as_secs();
        let full = Instant::from_unix_seconds((self.world.now().unix_seconds() / minute + 1) * minute);
        Some(recorder.records.deliveries.next_due().map_or(full, |due| due.min(full)))
    }

    /// Delivers what has arrived by `until`.
    fn deliver(&mut self, until: Instant) -> io::Result<()> {
        if self.next_delivery().is_none() {
            return Ok(());
        }
        self.world.show(|recorder, model| recorder.close_intervals(until, model));
        while let Some(batch) = self.world.observer.records.deliveries.arrived(until) {
            let delivered = match &batch.log.destination {
                LogDestination::CloudWatchLogs { group, .. } => self.deliver_events(&batch, group)?,
                LogDestination::S3 { bucket, prefix, options } => {
                    let objects = batch.objects(*options, prefix, self.world.model());
                    self.deliver_objects(&batch, bucket, objects)?
                }
            };
            if delivered.is_ok() {
                self.world.show(|recorder, model| {
                    for record in &batch.records {
                        recorder.records.tallies.see(Some(&batch.log), record, model);
                    }
                });
            }
            self.destinations.note(&batch, delivered);
        }
        Ok(())
    }

    /// Puts objects into a bucket; how many, or why not.
    fn deliver_objects(
        &mut self,
        batch: &Batch,
        bucket: &str,
        objects: Vec<LogObject>,
    ) -> io::Result<Delivered> {
        let (mut count, log) = (0, &batch.log);
        for object in objects {
            let key = object.key.clone();
            if let Err(refusal) = self.world.change(log.scope, |ec2| ec2.admits_log_object(log, &key)) {
                return Ok(Err(refusal));
            }
            let region = self.world.model().buckets[bucket].region;
            let content = self.destinations.put(region, bucket, object)?;
            self.world.change(log.scope, |ec2| ec2.deliver_log_object(log, &key, content, batch.due));
            count += 1;
        }
        Ok(Ok(count))
    }

    /// Puts events into a group; how many, or why not.
    fn deliver_events(&mut self, batch: &Batch, group: &str) -> io::Result<Delivered> {
        let (mut count, log) = (0, &batch.log);
        for events in batch.events(self.world.model()) {
            let (times, number) = (events.times(), events.events.len() as u64);
            let admitted = self.world.change(log.scope, |ec2| {
                ec2.deliver_log_events(log, &events.stream, times, number, batch.due)
            });
            if let Err(refusal) = admitted {
                return Ok(Err(refusal));
            }
            self.destinations.put_events(log.scope.region, group, &events, batch.due)?;
            count += number;
        }
        Ok(Ok(count))
    }

    /// Delivers what is still on its way when the run is over, and says what became of all of it.
    fn finish_deliveries(&mut self) -> io::Result<Vec<FlowLogResult>> {
        self.finish_intervals()?;
        let last = self.world.observer.records.deliveries.last_due();
        self.deliver(last.unwrap_or(self.world.now()))?;
        Ok(self.destinations.results())
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

    /// Lets the current aggregation intervals end.
    fn finish_intervals(&mut self) -> io::Result<()> {
        let end = self.world.observer.meter.complete_at(self.world.now());
        self.pass_until(end, |_| false)?;
        self.world.show(|recorder, model| recorder.close_intervals(end, model));
        self.world.observer.records.check()
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
        let captures = self.world.observer.finish_captures()?;
        let records = self.world.observer.records.finish()?;
        self.destinations.finish(self.world.model().buckets.values().map(|bucket| bucket.name.as_str()))?;
        if let Some((name, text)) = self.athena.file() {
            folder.write(name, text.as_bytes())?;
        }
        folder.write(RESULT, json::render(result).as_bytes())?;
        let folder = folder.finish()?;
        Ok(Output { folder: folder.display().to_string(), captures, records })
    }
}
