//! Results as JSON. The field names are a public interface: they change with the number in `schema`.

use std::time::Duration;

use serde::Serialize;

use super::result::{
    End, Explanation, FlowLogResult, NatGatewayMetrics, Outcome, ScenarioResult, StepResult,
};
use super::text::timestamp;

/// The version of the layout.
const SCHEMA: u32 = 1;

#[derive(Serialize)]
struct Document<'a> {
    schema: u32,
    scenario: &'a str,
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    passed: bool,
    seed: u64,
    start: String,
    simulated_ns: u64,
    packets: u64,
    steps: Vec<Step<'a>>,
    /// CloudWatch's metrics of each NAT gateway, by its name or id.
    #[serde(skip_serializing_if = "serde_json::Map::is_empty")]
    nat_gateways: serde_json::Map<String, serde_json::Value>,
    /// What flow logs delivered, by name or id.
    #[serde(skip_serializing_if = "serde_json::Map::is_empty")]
    flow_logs: serde_json::Map<String, serde_json::Value>,
    /// What of the source it begins with is not as it is there.
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    not_imported: &'a [String],
}

#[derive(Serialize)]
struct Step<'a> {
    number: usize,
    line: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    passed: bool,
    begin: String,
    took_ns: u64,
    #[serde(flatten)]
    outcome: StepOutcome<'a>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    failures: &'a [String],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    journeys: Vec<Journey<'a>>,
}

#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
enum StepOutcome<'a> {
    Aws {
        #[serde(skip_serializing_if = "Option::is_none")]
        caller: Option<&'a str>,
        command: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        error: Option<&'a str>,
        output: serde_json::Map<String, serde_json::Value>,
        #[serde(skip_serializing_if = "Option::is_none")]
        document: Option<&'a serde_json::Value>,
    },
    Athena {
        statements: &'a [String],
        #[serde(skip_serializing_if = "Option::is_none")]
        result: Option<&'a serde_json::Value>,
        #[serde(skip_serializing_if = "<[String]>::is_empty")]
        remarks: &'a [String],
    },
    Fault {
        what: &'a str,
    },
    Repair {
        what: &'a str,
    },
    FlowLogs {
        lines: &'a [String],
    },
    Metrics {
        values: &'a [String],
    },
    Probe {
        verdict: &'a str,
    },
    Run {
        on: &'a str,
        command: &'a str,
        exit: Option<i32>,
        stdout: &'a str,
        stderr: &'a str,
    },
    Wait {
        duration_ns: u64,
    },
}

#[derive(Serialize)]
struct Journey<'a> {
    packet: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    answers: Option<&'a str>,
    count: u64,
    ports: u64,
    first_ns: u64,
    last_ns: u64,
    path: Vec<PathHop<'a>>,
    #[serde(flatten)]
    end: JourneyEnd<'a>,
}

#[derive(Serialize)]
struct PathHop<'a> {
    kind: &'a str,
    object: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    verdict: &'a str,
    detail: &'a str,
}

#[derive(Serialize)]
#[serde(tag = "fate", rename_all = "kebab-case")]
enum JourneyEnd<'a> {
    Delivered {
        to: &'a str,
    },
    Fragmented,
    Dropped {
        reason: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        reachability_analyzer: Option<&'a str>,
        at: &'a str,
        hint: &'a str,
    },
}

/// A document as the AWS CLI prints it: indented by four spaces.
pub fn as_printed_by_cli(document: &serde_json::Value) -> String {
    let mut bytes = Vec::new();
    let layout = serde_json::ser::PrettyFormatter::with_indent(b"    ");
    let mut printer = serde_json::Serializer::with_formatter(&mut bytes, layout);
    document.serialize(&mut printer).expect("a document is plain data");
    String::from_utf8(bytes).expect("JSON is UTF-8")
}

/// The result of a scenario, indented, with a line break at the end.
pub fn render(result: &ScenarioResult) -> String {
    let document = Document {
        schema: SCHEMA,
        scenario: &result.path,
        name: &result.name,
        description: result.description.as_deref(),
        passed: result.passed(),
        seed: result.seed,
        start: timestamp(result.start),
        simulated_ns: nanos(result.simulated),
        packets: result.packets,
        steps: result.steps.iter().map(step).collect(),
        nat_gateways: result.nat_gateways.iter().map(nat_gateway).collect(),
        flow_logs: result.flow_logs.iter().map(flow_log).collect(),
        not_imported: &result.not_imported,
    };
    let mut text = serde_json::to_string_pretty(&document).expect("a result is plain data");
    text.push('\n');
    text
}

fn nat_gateway(nat: &NatGatewayMetrics) -> (String, serde_json::Value) {
    let id = ("NatGatewayId".to_owned(), nat.id.as_str().into());
    let metrics = nat.values.iter().map(|(name, value)| ((*name).to_owned(), (*value).into()));
    (nat.name.clone(), serde_json::Value::Object(std::iter::once(id).chain(metrics).collect()))
}

fn flow_log(log: &FlowLogResult) -> (String, serde_json::Value) {
    let value = serde_json::json!({
        "FlowLogId": log.id,
        "destination": log.destination,
        "records": log.records,
        format!("{}s", log.unit): log.pieces,
        "refused": log.refused,
        "refusal": log.refusal,
    });
    (log.name.clone(), value)
}

fn nanos(duration: Duration) -> u64 {
    duration.as_nanos() as u64
}

fn step(step: &StepResult) -> Step<'_> {
    Step {
        number: step.number,
        line: step.line,
        name: step.name.as_deref(),
        passed: step.passed(),
        begin: timestamp(step.begin),
        took_ns: nanos(step.took),
        outcome: outcome(&step.outcome),
        failures: &step.failures,
        journeys: step.explanations.iter().map(journey).collect(),
    }
}

fn outcome(outcome: &Outcome) -> StepOutcome<'_> {
    match outcome {
        Outcome::Aws { caller, typed, output, document, error } => StepOutcome::Aws {
            caller: caller.as_deref(),
            command: typed,
            error: error.as_deref(),
            output: output.iter().map(|(key, value)| ((*key).to_owned(), value.as_str().into())).collect(),
            document: document.as_ref(),
        },
        Outcome::Athena { statements, document, remarks, .. } => {
            StepOutcome::Athena { statements, result: document.as_ref(), remarks }
        }
        Outcome::Fault { what } => StepOutcome::Fault { what },
        Outcome::Repair { what } => StepOutcome::Repair { what },
        Outcome::FlowLogs { lines } => StepOutcome::FlowLogs { lines },
        Outcome::Metrics { values } => StepOutcome::Metrics { values },
        Outcome::Probe { verdict } => StepOutcome::Probe { verdict },
        Outcome::Run { on, typed, exit, stdout, stderr } => {
            StepOutcome::Run { on, command: typed, exit: *exit, stdout, stderr }
        }
        Outcome::Wait { duration } => StepOutcome::Wait { duration_ns: nanos(*duration) },
    }
}

fn journey(explanation: &Explanation) -> Journey<'_> {
    let path = explanation
        .hops
        .iter()
        .map(|h| PathHop { kind: h.kind, object: &h.object, verdict: h.verdict, detail: &h.detail })
        .collect();
    Journey {
        packet: &explanation.packet,
        answers: explanation.answers.as_deref(),
        count: explanation.count,
        ports: explanation.ports,
        first_ns: nanos(explanation.first),
        last_ns: nanos(explanation.last),
        path,
        end: match &explanation.end {
            End::Delivered { to } => JourneyEnd::Delivered { to },
            End::Fragmented => JourneyEnd::Fragmented,
            End::Dropped { reason, analyzer, at, hint } => {
                JourneyEnd::Dropped { reason, reachability_analyzer: *analyzer, at, hint }
            }
        },
    }
}
