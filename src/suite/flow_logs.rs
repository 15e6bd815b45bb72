//! Records of flow logs against the patterns that a scenario expects.
//!
//! Patterns are known before the run, and each record is compared once, as it comes: nothing has to be kept but
//! counts and what is shown.

use std::fmt::Write as _;

use crate::flowlog::{FlowRecord, Printer};
use crate::model::{Field, FlowLog, LogFormat, Model};
use crate::scenario::{
    Comparison, Count, FieldPattern, FlowLogExpectation, FlowPattern, Wanted, is_called, station_of,
};
use crate::trace::Station;

/// So many lines that match are kept to be shown.
const KEPT_MAX: usize = 1000;
/// So many are shown if there are others than expected.
const SHOWN_MAX: usize = 5;

/// Patterns, and what matched them so far.
#[derive(Debug, Default)]
pub struct Tallies {
    /// By the step that asks.
    tallies: Vec<(usize, Tally)>,
    buffer: String,
}

#[derive(Debug)]
struct Tally {
    pattern: FlowPattern,
    matched: u64,
    /// The first lines that matched.
    lines: Vec<String>,
    /// The line that has most of the pattern's fields, and how many; the values of its format's fields.
    nearest: Option<(usize, LogFormat, Vec<String>)>,
}

impl Tallies {
    /// Takes the patterns of a step.
    pub fn expect(&mut self, step: usize, expectation: &FlowLogExpectation) {
        let tally = |pattern: &FlowPattern| Tally {
            pattern: pattern.clone(),
            matched: 0,
            lines: Vec::new(),
            nearest: None,
        };
        self.tallies.extend(expectation.patterns.iter().map(|pattern| (step, tally(pattern))));
    }

    /// Whether patterns are about the simulator's own view of all interfaces.
    pub fn look_at_own_view(&self) -> bool {
        self.tallies.iter().any(|(_, tally)| tally.pattern.flow_log.is_none())
    }

    /// Compares a record that a flow log has delivered, or one of the simulator's own view.
    pub fn see(&mut self, log: Option<&FlowLog>, record: &FlowRecord, model: &Model) {
        let default = LogFormat::default();
        let format = log.map_or(&default, |log| &log.format);
        let printer = Printer { model, version: format.version(), log };
        for (_, tally) in &mut self.tallies {
            if is_of(&tally.pattern, log) {
                tally.see(record, format, printer, &mut self.buffer);
            }
        }
    }

    /// What came for a step: the lines that matched, and what is missing.
    pub fn check(&self, step: usize, model: &Model) -> (Vec<String>, Vec<String>) {
        let (mut lines, mut failures) = (Vec::new(), Vec::new());
        for (_, tally) in self.tallies.iter().filter(|(of, _)| *of == step) {
            if !tally.pattern.count.is_met_by(tally.matched) {
                failures.push(tally.mismatch(model));
                continue;
            }
            let new: Vec<String> =
                tally.lines.iter().filter(|line| !lines.contains(*line)).cloned().collect();
            lines.extend(new);
            if tally.matched > KEPT_MAX as u64 {
                lines.push(format!("and {} more", tally.matched - KEPT_MAX as u64));
            }
        }
        (lines, failures)
    }
}

/// Whether a pattern is about what a flow log delivers.
fn is_of(pattern: &FlowPattern, log: Option<&FlowLog>) -> bool {
    match (&pattern.flow_log, log) {
        (None, None) => true,
        (Some(wanted), Some(log)) => log.name.as_ref() == Some(wanted) || log.id.to_string() == *wanted,
        (None, Some(_)) | (Some(_), None) => false,
    }
}

impl Tally {
    fn see(&mut self, record: &FlowRecord, format: &LogFormat, printer: Printer<'_>, buffer: &mut String) {
        let wanted: Vec<(Field, &FieldPattern)> = match &self.pattern.wanted {
            Wanted::Fields(fields) => fields.iter().map(|(field, pattern)| (*field, pattern)).collect(),
            // A line of another length matches nothing.
            Wanted::Line(words) if words.len() != format.fields().len() => return,
            Wanted::Line(words) => format.fields().iter().copied().zip(words).collect(),
        };
        let mut is_met = |(field, pattern): &(Field, &FieldPattern)| {
            buffer.clear();
            printer.value(record, *field, buffer);
            matches(*field, pattern, buffer, record, printer.model)
        };
        let score = wanted.iter().filter(|wanted| is_met(wanted)).count();
        if score == wanted.len() {
            self.matched += 1;
            if self.lines.len() < KEPT_MAX {
                let mut line = String::new();
                printer.line(record, format, &mut line);
                self.lines.push(line);
            }
        } else if score > 0 && self.nearest.as_ref().is_none_or(|(best, ..)| score >= *best) {
            let mut line = String::new();
            printer.line(record, &shown_format(format, &self.pattern.wanted), &mut line);
            let values = line.split(' ').map(str::to_owned).collect();
            self.nearest = Some((score, shown_format(format, &self.pattern.wanted), values));
        }
    }

    fn mismatch(&self, model: &Model) -> String {
        let pattern = &self.pattern;
        let wanted = match pattern.count {
            Count::Some => "a line".to_owned(),
            Count::Exactly(1) => "1 line".to_owned(),
            Count::Exactly(number) => format!("{number} lines"),
        };
        let of = pattern.flow_log.as_ref().map_or(String::new(), |log| format!(" of {log}"));
        let mut text = format!(
            "{wanted}{of} with {} (line {}), found {}",
            in_words(&pattern.wanted),
            pattern.line,
            self.matched
        );
        for line in self.lines.iter().take(SHOWN_MAX) {
            text += "\n  ";
            text += line;
        }
        if self.matched > SHOWN_MAX as u64 {
            let _ = write!(text, "\n  and {} more", self.matched - SHOWN_MAX as u64);
        }
        if let (true, Some((_, format, values))) = (self.matched == 0, &self.nearest) {
            text += &difference(&pattern.wanted, format, values, model);
        } else if let (Wanted::Line(words), 0) = (&pattern.wanted, self.matched) {
            let log = pattern.flow_log.as_ref().and_then(|name| {
                model
                    .flow_logs
                    .values()
                    .find(|log| log.name.as_ref() == Some(name) || log.id.to_string() == *name)
            });
            let fields = log.map_or(LogFormat::default().fields().len(), |log| log.format.fields().len());
            if fields != words.len() {
                let _ =
                    write!(text, "\n  lines have {fields} fields there, and this one has {}", words.len());
            }
        }
        text
    }
}

/// The format in which a line is shown beside a pattern: the fields it names that the format lacks come last.
fn shown_format(format: &LogFormat, wanted: &Wanted) -> LogFormat {
    let mut fields = format.fields().to_vec();
    if let Wanted::Fields(wanted) = wanted {
        for (field, _) in wanted {
            if !fields.contains(field) {
                fields.push(*field);
            }
        }
    }
    LogFormat::of(fields).expect("a format has a field")
}

/// The expected line over the nearest that came, field under field, with a mark where they differ.
fn difference(wanted: &Wanted, format: &LogFormat, came: &[String], model: &Model) -> String {
    let expected: Vec<Option<&FieldPattern>> = match wanted {
        Wanted::Line(words) => words.iter().map(Some).collect(),
        Wanted::Fields(fields) => {
            let find =
                |field: &Field| fields.iter().find(|(wanted, _)| wanted == field).map(|(_, pattern)| pattern);
            format.fields().iter().map(find).collect()
        }
    };
    let mut rows = [String::from("\n  - "), String::from("\n  + "), String::from("\n    ")];
    for ((field, pattern), came) in format.fields().iter().zip(expected).zip(came) {
        let text = pattern.map_or_else(|| "*".to_owned(), word);
        let differs = pattern.is_some_and(|pattern| !is_text(*field, pattern, came, model));
        let width = text.chars().count().max(came.len());
        let mark = if differs { "^".repeat(width) } else { String::new() };
        for (row, text) in rows.iter_mut().zip([text.as_str(), came.as_str(), mark.as_str()]) {
            let _ = write!(row, "{text:<width$} ");
        }
    }
    rows.iter().flat_map(|row| ["\n", row.trim_start_matches('\n').trim_end()]).collect()
}

fn in_words(wanted: &Wanted) -> String {
    match wanted {
        Wanted::Line(words) => words.iter().map(word).collect::<Vec<_>>().join(" "),
        Wanted::Fields(fields) if fields.is_empty() => "anything".to_owned(),
        Wanted::Fields(fields) => {
            let fields: Vec<String> =
                fields.iter().map(|(field, pattern)| format!("{field} {}", word(pattern))).collect();
            fields.join(", ")
        }
    }
}

fn word(pattern: &FieldPattern) -> String {
    match pattern {
        FieldPattern::Any => "*".to_owned(),
        FieldPattern::Compared(how, number) => {
            let sign = match how {
                Comparison::AtLeast => ">=",
                Comparison::AtMost => "<=",
                Comparison::Below => "<",
                Comparison::Over => ">",
            };
            format!("{sign}{number}")
        }
        FieldPattern::Like(text) | FieldPattern::Named(text) => text.clone(),
    }
}

fn matches(field: Field, pattern: &FieldPattern, came: &str, record: &FlowRecord, model: &Model) -> bool {
    // An interface that is gone is still known by its name.
    if let (Field::InterfaceId, FieldPattern::Named(wanted)) = (field, pattern)
        && record.at.label == *wanted
    {
        return true;
    }
    is_text(field, pattern, came, model)
}

/// Whether a value of a field is as it is to be.
fn is_text(field: Field, pattern: &FieldPattern, came: &str, model: &Model) -> bool {
    match pattern {
        FieldPattern::Any => true,
        FieldPattern::Compared(how, number) => came.parse::<u64>().is_ok_and(|came| match how {
            Comparison::AtLeast => came >= *number,
            Comparison::AtMost => came <= *number,
            Comparison::Below => came < *number,
            Comparison::Over => came > *number,
        }),
        FieldPattern::Like(like) => is_like(like, came),
        FieldPattern::Named(wanted) => came == wanted || is_named(field, wanted, came, model),
    }
}

/// Whether a text is like another one, in which `*` stands for any.
fn is_like(like: &str, text: &str) -> bool {
    let Some((first, rest)) = like.split_once('*') else { return like == text };
    let Some(text) = text.strip_prefix(first) else { return false };
    (0..=text.len()).filter(|at| text.is_char_boundary(*at)).any(|at| is_like(rest, &text[at..]))
}

/// Whether a name stands for a value: of a protocol, of a host's addresses, of a thing's id.
fn is_named(field: Field, wanted: &str, came: &str, model: &Model) -> bool {
    if field == Field::Protocol {
        return matches!((wanted, came), ("icmp", "1") | ("tcp", "6") | ("udp", "17"));
    }
    stands_for(wanted, came, model)
}

/// Whether a name stands for an address or an id.
pub fn stands_for(wanted: &str, came: &str, model: &Model) -> bool {
    if let Ok(address) = came.parse() {
        return match station_of(model, wanted) {
            Some(Station::Eni(eni) | Station::LinkLocal(eni)) => {
                let eni = model.eni(eni);
                eni.has(address) || eni.private_of(address).is_some()
            }
            Some(Station::Outside(host) | Station::OnPrem(_, host)) => host == address,
            // What forwards owns interfaces, and has no host.
            None => model.enis.values().any(|eni| eni.has(address) && model.eni_label(eni.id) == wanted),
        };
    }
    if let Some(Station::Eni(eni)) = station_of(model, wanted)
        && came.starts_with("eni-")
    {
        return eni.to_string() == came;
    }
    came.contains('-') && is_called(model, came, wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_stand_for_anything() {
        for (like, text) in
            [("*", ""), ("10.0.*", "10.0.1.4"), ("*.4", "10.0.1.4"), ("a*c*e", "abcde"), ("ab", "ab")]
        {
            assert!(is_like(like, text), "{like} {text}");
        }
        for (like, text) in [("10.0.*", "10.1.0.4"), ("a*c", "ab"), ("ab", "abc")] {
            assert!(!is_like(like, text), "{like} {text}");
        }
    }
}
