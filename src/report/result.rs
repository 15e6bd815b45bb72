//! What came of a scenario, as data: what is printed, and what is written as JSON.

use std::time::Duration;

use crate::time::Instant;

/// What came of a scenario.
#[derive(Clone, Debug)]
pub struct ScenarioResult {
    /// The file, as the user named it.
    pub path: String,
    /// Its title.
    pub name: String,
    /// What it shows.
    pub description: Option<String>,
    /// The seed it ran with.
    pub seed: u64,
    /// When it began.
    pub start: Instant,
    /// How much virtual time passed.
    pub simulated: Duration,
    /// How many packets hosts sent.
    pub packets: u64,
    /// Its steps.
    pub steps: Vec<StepResult>,
    /// What CloudWatch shows of its NAT gateways.
    pub nat_gateways: Vec<NatGatewayMetrics>,
    /// What its flow logs delivered.
    pub flow_logs: Vec<FlowLogResult>,
    /// Where its files are, if they were written.
    pub output: Option<Output>,
    /// What of the source it begins with is not as it is there.
    pub not_imported: Vec<String>,
}

/// What CloudWatch shows of a NAT gateway, summed over the run.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NatGatewayMetrics {
    /// Its id.
    pub id: String,
    /// What it is called.
    pub name: String,
    /// Metrics by CloudWatch's names.
    pub values: Vec<(&'static str, u64)>,
}

/// What a flow log delivered.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FlowLogResult {
    /// Its id.
    pub id: String,
    /// What it is called.
    pub name: String,
    /// Where to: `s3://…`, or the name of a log group.
    pub destination: String,
    /// As what: `object` or `event`.
    pub unit: &'static str,
    /// How many records.
    pub records: u64,
    /// In how many objects or events.
    pub pieces: u64,
    /// How many records it was not let deliver.
    pub refused: u64,
    /// Why not, the last time.
    pub refusal: Option<String>,
}

/// What a scenario left behind.
#[derive(Clone, Debug)]
pub struct Output {
    /// The folder.
    pub folder: String,
    /// How many captures.
    pub captures: usize,
    /// How many flow-log records, as the simulator sees them.
    pub records: u64,
}

impl ScenarioResult {
    /// Whether every step came out as expected.
    pub fn passed(&self) -> bool {
        self.steps.iter().all(StepResult::passed)
    }
}

/// What came of a step.
#[derive(Clone, Debug)]
pub struct StepResult {
    /// From 1.
    pub number: usize,
    /// The line of the file.
    pub line: usize,
    /// Its title.
    pub name: Option<String>,
    /// When it began.
    pub begin: Instant,
    /// How long it took.
    pub took: Duration,
    /// What happened.
    pub outcome: Outcome,
    /// Where it differs from what was expected.
    pub failures: Vec<String>,
    /// What was dropped and why; all journeys if the run is verbose.
    pub explanations: Vec<Explanation>,
    /// How many kinds of drops there were beyond those explained.
    pub unexplained: usize,
}

impl StepResult {
    /// Whether it came out as expected.
    pub fn passed(&self) -> bool {
        self.failures.is_empty()
    }
}

/// What happened in a step.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// A command changed resources, or was refused.
    Aws {
        /// Who called and where, if not the scenario's account in its region.
        caller: Option<String>,
        /// As typed, without `aws`.
        typed: String,
        /// What was answered.
        output: Vec<(&'static str, String)>,
        /// The whole answer of a command that describes.
        document: Option<serde_json::Value>,
        /// What the CLI prints if it was refused.
        error: Option<String>,
    },
    /// Statements ran in Athena.
    Athena {
        /// The statements, as they were written.
        statements: Vec<String>,
        /// What the last one gave, as a table; nothing if it failed.
        table: String,
        /// What it read, in a line.
        summary: String,
        /// What came of it, as JSON.
        document: Option<serde_json::Value>,
        /// Warnings, and the error if one failed.
        remarks: Vec<String>,
    },
    /// Something broke.
    Fault {
        /// In words.
        what: String,
    },
    /// Something was made whole again.
    Repair {
        /// In words.
        what: String,
    },
    /// Flow-log lines were looked for.
    FlowLogs {
        /// The lines that were found.
        lines: Vec<String>,
    },
    /// Metrics were looked at.
    Metrics {
        /// Those that were looked at, with their values.
        values: Vec<String>,
    },
    /// It was asked whether something gets somewhere.
    Probe {
        /// What came of it.
        verdict: String,
    },
    /// A command ran on a host.
    Run {
        /// The host.
        on: String,
        /// As typed.
        typed: String,
        /// Its exit code; `None` if it was interrupted.
        exit: Option<i32>,
        /// What it printed.
        stdout: String,
        /// What it printed on standard error.
        stderr: String,
    },
    /// Time passed.
    Wait {
        /// How much.
        duration: Duration,
    },
}

/// The journey of a packet in words.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Explanation {
    /// Which packet, from whom to whom.
    pub packet: String,
    /// What it answers, if that was delivered in the same step.
    pub answers: Option<String>,
    /// How many like it.
    pub count: u64,
    /// With how many ports of the client: whoever tries again has another one.
    pub ports: u64,
    /// From the begin of the step to the first.
    pub first: Duration,
    /// From the begin of the step to the last.
    pub last: Duration,
    /// What happened, in order.
    pub hops: Vec<Hop>,
    /// How it ended.
    pub end: End,
}

/// One thing that happened to a packet.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Hop {
    /// What decided, e.g. `route table`.
    pub kind: &'static str,
    /// Which one.
    pub object: String,
    /// What it decided, e.g. `allows`.
    pub verdict: &'static str,
    /// Why.
    pub detail: String,
}

/// How a journey ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum End {
    /// A host has it.
    Delivered {
        /// Which one.
        to: String,
    },
    /// It went on as fragments.
    Fragmented,
    /// It went no further.
    Dropped {
        /// The reason's code.
        reason: &'static str,
        /// Reachability Analyzer's code for it.
        analyzer: Option<&'static str>,
        /// The object that dropped it.
        at: String,
        /// What to change.
        hint: String,
    },
}
