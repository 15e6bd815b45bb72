//! What is expected of statements of Athena: rows, and what is read for them.

use super::fields::Fields;
use super::problem::{Problem, Problems};
use super::yaml::{Node, Value};

/// What is expected of a statement of Athena.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct AthenaExpectation {
    /// The rows of the last statement, all of them in their order.
    pub rows: Option<Vec<RowExpectation>>,
    /// How many rows there are.
    pub count: Option<u64>,
    /// How many objects are read.
    pub objects: Option<u64>,
    /// How many partitions are read.
    pub partitions: Option<u64>,
    /// The code it fails with.
    pub error: Option<String>,
}

/// A row: values, of which `None` is NULL and `*` anything. A name stands for the id or an address of what is called so.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum RowExpectation {
    /// A value for each column.
    All(Vec<Option<String>>),
    /// Values of some columns.
    Some(Vec<(String, Option<String>)>),
}

/// Reads what is expected of a statement of Athena.
pub fn read(node: &Node, problems: &mut Problems) -> Option<AthenaExpectation> {
    let mut fields = Fields::of(node, "an expectation of a statement", problems)?;
    let rows = fields.optional("rows").and_then(|node| {
        let rows = node.list(problems, "rows")?;
        Some(rows.iter().filter_map(|row| expected_row(row, problems)).collect())
    });
    let mut number = |key, problems: &mut Problems| {
        let value = fields.optional(key).and_then(|node| node.integer(problems, 0..=u64::MAX));
        value.map(|value| value.value)
    };
    let (count, objects) = (number("count", problems), number("objects", problems));
    let partitions = number("partitions", problems);
    let error = fields.optional("error");
    fields.finish(problems);
    let is_more = rows.is_some() || count.is_some() || objects.is_some() || partitions.is_some();
    if let Some(node) = error.filter(|_| is_more) {
        let problem = Problem::at(node.place, "a statement that fails gives no rows");
        problems.push(problem.hint("expect the one or the other"));
    }
    let error = error.and_then(|node| node.text(problems)).map(str::to_owned);
    Some(AthenaExpectation { rows, count, objects, partitions, error })
}

fn expected_row(node: &Node, problems: &mut Problems) -> Option<RowExpectation> {
    if let Some(entries) = node.entries_if_map() {
        let cells =
            entries.iter().map(|(key, node)| Some((key.text.clone(), expected_cell(node, problems)?)));
        return cells.collect::<Option<Vec<_>>>().map(RowExpectation::Some);
    }
    let cells = node.list(problems, "the values of a row")?.iter().map(|node| expected_cell(node, problems));
    cells.collect::<Option<Vec<_>>>().map(RowExpectation::All)
}

fn expected_cell(node: &Node, problems: &mut Problems) -> Option<Option<String>> {
    if matches!(node.value, Value::Null) {
        return Some(None);
    }
    node.text(problems).map(|text| Some(text.to_owned()))
}
