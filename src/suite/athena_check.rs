//! What a statement of Athena gave, against what a scenario expects.

use super::flow_logs::stands_for;
use crate::athena::error::Result;
use crate::athena::result::{Execution, Output};
use crate::model::Model;
use crate::scenario::{AthenaExpectation, RowExpectation};

/// So many rows are shown if there are others than expected.
const SHOWN_MAX: usize = 10;

/// What differs.
pub fn check(expect: &AthenaExpectation, came: &Result<Execution>, model: &Model) -> Vec<String> {
    let execution = match (came, &expect.error) {
        (Err(error), Some(wanted)) if error.code == wanted => return Vec::new(),
        (Err(error), Some(wanted)) => return vec![format!("{wanted}, came {error}")],
        (Err(error), None) => return vec![format!("success, came {error}")],
        (Ok(_), Some(wanted)) => return vec![format!("{wanted}, but the statement succeeded")],
        (Ok(execution), None) => execution,
    };
    let mut failures = Vec::new();
    let (names, rows) = match &execution.output {
        Output::Rows { columns, rows } => {
            (columns.iter().map(|column| column.name.as_str()).collect(), rows.clone())
        }
        Output::Lines(lines) => (vec!["line"], lines.iter().map(|line| vec![Some(line.clone())]).collect()),
    };
    let mut number = |what: &str, wanted: Option<u64>, came: u64| {
        if let Some(wanted) = wanted.filter(|wanted| *wanted != came) {
            failures.push(format!("{wanted} {what}, came {came}"));
        }
    };
    number("rows", expect.count, rows.len() as u64);
    number("objects read", expect.objects, execution.statistics.objects);
    number("partitions read", expect.partitions, execution.statistics.partitions);
    if let Some(wanted) = &expect.rows {
        failures.extend(difference(wanted, &names, &rows, model));
    }
    failures
}

/// A column, what is expected of its value, and the value, if there is the column.
type Cell<'a> = (&'a str, &'a Option<String>, Option<&'a Option<String>>);

/// The first row that differs, or how many there are if that differs.
fn difference(
    wanted: &[RowExpectation],
    names: &[&str],
    rows: &[Vec<Option<String>>],
    model: &Model,
) -> Option<String> {
    if wanted.len() != rows.len() {
        let mut text = format!("{} rows, came {}", wanted.len(), rows.len());
        for row in rows.iter().take(SHOWN_MAX) {
            text += &format!("\n  {}", row.iter().map(in_words).collect::<Vec<_>>().join("  "));
        }
        return Some(text);
    }
    let differs = |(at, (wanted, came)): (usize, (&RowExpectation, &Vec<Option<String>>))| {
        let column = |name: &str| names.iter().position(|other| other.eq_ignore_ascii_case(name));
        let cells: Vec<Cell<'_>> = match wanted {
            RowExpectation::All(cells) if cells.len() != came.len() => {
                return Some(format!("row {}: {} values, came {}", at + 1, cells.len(), came.len()));
            }
            RowExpectation::All(cells) => names
                .iter()
                .zip(cells)
                .zip(came)
                .map(|((name, cell), came)| (*name, cell, Some(came)))
                .collect(),
            RowExpectation::Some(cells) => {
                let cells = cells.iter();
                cells.map(|(name, cell)| (name.as_str(), cell, column(name).map(|at| &came[at]))).collect()
            }
        };
        cells.into_iter().find_map(|(name, wanted, came)| {
            let Some(came) = came else {
                return Some(format!("row {}: a column {name}; there are {}", at + 1, names.join(", ")));
            };
            let differs = !is_met(wanted.as_deref(), came.as_deref(), model);
            differs.then(|| format!("row {}: {name} {}, came {}", at + 1, in_words(wanted), in_words(came)))
        })
    };
    wanted.iter().zip(rows).enumerate().find_map(differs)
}

fn in_words(value: &Option<String>) -> String {
    value.clone().unwrap_or_else(|| "NULL".to_owned())
}

/// A value is met by itself, by what is called so, and `*` by anything.
fn is_met(wanted: Option<&str>, came: Option<&str>, model: &Model) -> bool {
    match (wanted, came) {
        (Some("*"), _) | (None, None) => true,
        (None, Some(_)) | (Some(_), None) => false,
        (Some(wanted), Some(came)) => wanted == came || stands_for(wanted, came, model),
    }
}
