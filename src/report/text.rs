//! Results as people read them in a terminal. Colour never carries meaning.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::time::Duration;

use super::json;
use super::result::{End, Explanation, FlowLogResult, Outcome, ScenarioResult, StepResult};
use crate::time::Instant;

/// Whether to colour.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Style {
    /// With ANSI escapes.
    Colored,
    /// Without.
    Plain,
}

#[derive(Clone, Copy)]
pub(super) enum Ink {
    Bad,
    Bold,
    Dim,
    Good,
}

impl Style {
    pub(super) fn paint(self, ink: Ink, text: &str) -> String {
        let code = match ink {
            Ink::Bad => "1;31",
            Ink::Bold => "1",
            Ink::Dim => "2",
            Ink::Good => "32",
        };
        match self {
            Self::Colored => format!("\x1b[{code}m{text}\x1b[0m"),
            Self::Plain => text.to_owned(),
        }
    }
}

/// So many lines of flow logs are shown; JSON has all.
const LINES_MAX: usize = 20;

/// Where a step's text begins.
const INDENT: &str = "     ";

/// RFC 3339, without the fraction if it is zero.
pub fn timestamp(at: Instant) -> String {
    let nanos = i128::from(at.as_nanos());
    let timestamp = jiff::Timestamp::from_nanosecond(nanos).expect("virtual time is within jiff's range");
    timestamp.to_string()
}

/// Milliseconds below a second, then seconds, and minutes once there are some; rounded to what is shown.
pub fn duration(duration: Duration) -> String {
    let tenths = (duration.as_nanos() + 50_000) / 100_000;
    if tenths < 10_000 {
        return format!("{}.{} ms", tenths / 10, tenths % 10);
    }
    let millis = (duration.as_nanos() + 500_000) / 1_000_000;
    let (seconds, millis) = (millis / 1000, millis % 1000);
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, s) => format!("{s}.{millis:03} s"),
        (0, m, s) => format!("{m} min {s}.{millis:03} s"),
        (h, m, s) => format!("{h} h {m} min {s}.{millis:03} s"),
    }
}

/// How much is shown of what could not be imported.
const NOT_IMPORTED_MAX: usize = 5;

/// The whole result of a scenario.
pub fn render(result: &ScenarioResult, style: Style) -> String {
    let mut out = String::new();
    let title = style.paint(Ink::Bold, &printable(&result.name));
    let _ = writeln!(out, "{title}  ({})", result.path);
    for line in result.description.iter().flat_map(|text| text.lines()) {
        let _ = writeln!(out, "{}", style.paint(Ink::Dim, line));
    }
    for line in result.not_imported.iter().take(NOT_IMPORTED_MAX) {
        let _ = writeln!(out, "not as in the source: {}", printable(line));
    }
    if let Some(more) = result.not_imported.len().checked_sub(NOT_IMPORTED_MAX).filter(|more| *more > 0) {
        let _ = writeln!(out, "and {more} more, which `vpclab import` lists");
    }
    for step in &result.steps {
        out.push('\n');
        render_step(&mut out, step, style);
    }
    out.push('\n');
    render_summary(&mut out, result, style);
    out
}

fn render_step(out: &mut String, step: &StepResult, style: Style) {
    let verdict = if step.passed() { style.paint(Ink::Good, "ok  ") } else { style.paint(Ink::Bad, "FAIL") };
    let title = step.name.clone().unwrap_or_else(|| fallback_title(&step.outcome));
    let _ = writeln!(out, "{:>3}  {verdict}  {}", step.number, style.paint(Ink::Bold, &printable(&title)));
    render_outcome(out, step, style);
    for explanation in &step.explanations {
        render_explanation(out, explanation, style);
    }
    if step.unexplained > 0 {
        let more = format!("{} more kinds of drops; -v shows them all", step.unexplained);
        let _ = writeln!(out, "{INDENT}{}", style.paint(Ink::Dim, &more));
    }
    // The verdict of a probe says it already.
    let is_probe = matches!(step.outcome, Outcome::Probe { .. });
    for failure in step.failures.iter().filter(|_| !is_probe) {
        for (at, line) in failure.lines().enumerate() {
            let head = if at == 0 { "expected: " } else { "          " };
            let _ = writeln!(out, "{INDENT}{}{line}", style.paint(Ink::Bad, head));
        }
    }
}

/// What to call a command of somebody with the AWS CLI.
pub fn title_of_aws(typed: &str) -> String {
    typed.split(' ').take(2).collect::<Vec<_>>().join(" ")
}

/// What to call a command on a host.
pub fn title_of_run(typed: &str, on: &str) -> String {
    format!("{} on {on}", typed.split(' ').next().unwrap_or_default())
}

fn fallback_title(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Aws { typed, .. } => title_of_aws(typed),
        Outcome::Athena { .. } => "athena".to_owned(),
        Outcome::Fault { .. } => "fault".to_owned(),
        Outcome::Repair { .. } => "repair".to_owned(),
        Outcome::FlowLogs { .. } => "flow logs".to_owned(),
        Outcome::Metrics { .. } => "metrics".to_owned(),
        Outcome::Probe { .. } => "probe".to_owned(),
        Outcome::Run { on, typed, .. } => title_of_run(typed, on),
        Outcome::Wait { .. } => "wait".to_owned(),
    }
}

fn render_outcome(out: &mut String, step: &StepResult, style: Style) {
    match &step.outcome {
        Outcome::Aws { caller, typed, output, document, error } => {
            let caller = caller.as_ref().map_or(String::new(), |caller| format!("{caller} "));
            let _ = writeln!(out, "{INDENT}{caller}$ aws {}", one_line(typed));
            if let Some(error) = error {
                let _ = writeln!(out, "{INDENT}  {error}");
            }
            if let Some(document) = document {
                for line in json::as_printed_by_cli(document).lines() {
                    let _ = writeln!(out, "{INDENT}  {line}");
                }
            } else if !output.is_empty() {
                let fields: Vec<String> =
                    output.iter().map(|(key, value)| format!("{key} {value}")).collect();
                let _ = writeln!(out, "{INDENT}  {}", style.paint(Ink::Dim, &fields.join(", ")));
            }
        }
        Outcome::Athena { statements, table, summary, remarks, .. } => {
            let lines = statements.iter().flat_map(|statement| statement.lines());
            for (at, line) in lines.enumerate() {
                let prompt = if at == 0 { "athena>" } else { "     ->" };
                let _ = writeln!(out, "{INDENT}{prompt} {}", printable(line.trim_end()));
            }
            render_lines(out, table.lines(), style);
            for remark in remarks {
                let _ = writeln!(out, "{INDENT}  {}", printable(remark));
            }
            if !summary.is_empty() {
                let _ = writeln!(out, "{INDENT}  {}", style.paint(Ink::Dim, summary));
            }
        }
        Outcome::Fault { what } => {
            let _ = writeln!(out, "{INDENT}  fault: {}", printable(what));
        }
        Outcome::Repair { what } => {
            let _ = writeln!(out, "{INDENT}  repaired: {}", printable(what));
        }
        Outcome::Probe { verdict } => {
            let _ = writeln!(out, "{INDENT}  {verdict}");
        }
        Outcome::FlowLogs { lines } | Outcome::Metrics { values: lines } => {
            render_lines(out, lines.iter().map(String::as_str), style);
        }
        Outcome::Run { on, typed, exit, stdout, stderr } => {
            let _ = writeln!(out, "{INDENT}{on} $ {}", one_line(typed));
            for line in stdout.lines().chain(stderr.lines()) {
                let _ = writeln!(out, "{INDENT}  {}", printable(seen(line)));
            }
            let exit = exit.map_or("interrupted".to_owned(), |code| format!("exit {code}"));
            let took = format!("{exit} after {}", duration(step.took));
            let _ = writeln!(out, "{INDENT}  {}", style.paint(Ink::Dim, &took));
        }
        Outcome::Wait { duration: waited } => {
            let _ = writeln!(out, "{INDENT}  {}", style.paint(Ink::Dim, &duration(*waited)));
        }
    }
}

/// The first lines of many, and how many more there are.
fn render_lines<'a>(out: &mut String, lines: impl Iterator<Item = &'a str> + Clone, style: Style) {
    for line in lines.clone().take(LINES_MAX) {
        let _ = writeln!(out, "{INDENT}  {line}");
    }
    let count = lines.count();
    if count > LINES_MAX {
        let more = format!("{} more lines", count - LINES_MAX);
        let _ = writeln!(out, "{INDENT}  {}", style.paint(Ink::Dim, &more));
    }
}

/// What is left of a line on a terminal: a carriage return goes back to its begin.
fn seen(line: &str) -> &str {
    match line.rsplit_once('\r') {
        Some((_, last)) => last.trim_end_matches(' '),
        None => line,
    }
}

/// A text whose control characters cannot reach the terminal.
pub fn printable(text: &str) -> Cow<'_, str> {
    if !text.contains(char::is_control) {
        return Cow::Borrowed(text);
    }
    let escape =
        |c: char| if c.is_control() && c != '\t' { c.escape_default().to_string() } else { c.to_string() };
    Cow::Owned(text.chars().map(escape).collect())
}

fn one_line(typed: &str) -> String {
    typed.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn render_explanation(out: &mut String, explanation: &Explanation, style: Style) {
    let times = match explanation.count {
        1 => format!("at +{}", duration(explanation.first)),
        count => {
            let ports = match explanation.ports {
                0 | 1 => String::new(),
                many => format!(" on {many} ports"),
            };
            let (first, last) = (duration(explanation.first), duration(explanation.last));
            format!("{count} packets{ports}, +{first} to +{last}")
        }
    };
    let label = match explanation.end {
        End::Delivered { .. } | End::Fragmented => "    ",
        End::Dropped { .. } => "why ",
    };
    let times = style.paint(Ink::Dim, &format!("({times})"));
    let _ = writeln!(out, "{INDENT}{}{}  {times}", style.paint(Ink::Bold, label), explanation.packet);
    if let Some(answers) = &explanation.answers {
        let _ = writeln!(out, "{INDENT}      answers {answers}");
    }
    let width = |of: fn(&super::result::Hop) -> usize| explanation.hops.iter().map(of).max().unwrap_or(0);
    let (kinds, objects) = (width(|hop| hop.kind.len()), width(|hop| hop.object.chars().count()));
    for hop in &explanation.hops {
        let verdict = format!("{:<10}", hop.verdict);
        let verdict = match hop.verdict {
            "DENIES" | "DROPS" => style.paint(Ink::Bad, &verdict),
            _ => verdict,
        };
        let line = format!("{:<kinds$}  {:<objects$}  {verdict}  {}", hop.kind, hop.object, hop.detail);
        let _ = writeln!(out, "{INDENT}      {}", line.trim_end());
    }
    match &explanation.end {
        End::Delivered { .. } | End::Fragmented => {}
        End::Dropped { reason, analyzer, at, hint } => {
            let analyzer = analyzer.map_or(String::new(), |code| format!("  {code}"));
            let at = if at.is_empty() { String::new() } else { format!(" at {at}") };
            let _ = writeln!(out, "{INDENT}    dropped: {reason}{at}{}", style.paint(Ink::Dim, &analyzer));
            let _ = writeln!(out, "{INDENT}    hint: {hint}");
        }
    }
}

/// What a flow log delivered, in words.
fn delivered(log: &FlowLogResult) -> String {
    let plural = |number: u64, what: &str| format!("{number} {what}{}", if number == 1 { "" } else { "s" });
    let mut text = format!("{}: ", printable(&log.name));
    if log.records > 0 || log.refused == 0 {
        text += &plural(log.records, "record");
        // An event is a record.
        if log.unit == "object" {
            let _ = write!(text, " in {}", plural(log.pieces, "object"));
        }
        let _ = write!(text, " to {}", log.destination);
    }
    if let Some(refusal) = &log.refusal {
        let comma = if log.records > 0 { ", " } else { "" };
        let refused = plural(log.refused, "record");
        let _ = write!(text, "{comma}{refused} not delivered (Access error: {refusal})");
    }
    text
}

fn render_summary(out: &mut String, result: &ScenarioResult, style: Style) {
    let failed = result.steps.iter().filter(|step| !step.passed()).count();
    let verdict = match failed {
        0 => style.paint(Ink::Good, "passed"),
        failed => style.paint(Ink::Bad, &format!("failed {failed} of")),
    };
    let steps = if result.steps.len() == 1 { "step" } else { "steps" };
    let packets = if result.packets == 1 { "packet" } else { "packets" };
    let _ = writeln!(
        out,
        "{verdict} {} {steps}, {} {packets}, {} of virtual time, seed {}",
        result.steps.len(),
        result.packets,
        duration(result.simulated),
        result.seed
    );
    for log in &result.flow_logs {
        let _ = writeln!(out, "flow log {}", delivered(log));
    }
    if let Some(output) = &result.output {
        let _ = writeln!(
            out,
            "left in {}: result.json, {}{} records in flow-logs/",
            output.folder,
            if output.captures > 0 {
                format!("{} captures in pcap/, ", output.captures)
            } else {
                String::new()
            },
            output.records
        );
    }
}
