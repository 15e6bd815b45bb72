//! What came of a statement: as a table for people, as Athena's CSV, as JSON.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use super::analysis::OutputColumn;
use super::types::Type;

/// What a statement read. Athena bills bytes; here they are those of the objects that were opened (of Parquet files: of the
/// columns that were needed).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Statistics {
    /// Objects that were read.
    pub objects: u64,
    /// Their bytes, as they lie in the bucket.
    pub bytes: u64,
    /// Rows that were read.
    pub rows: u64,
    /// Partitions that were read.
    pub partitions: u64,
    /// Partitions that there are.
    pub partitions_total: u64,
}

/// What came of a statement.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Execution {
    /// Its id, from the seed.
    pub id: String,
    /// The statement.
    pub statement: String,
    /// What it came to.
    pub output: Output,
    /// What it read.
    pub statistics: Statistics,
    /// What somebody should know of the result.
    pub warnings: Vec<String>,
}

/// What a statement answers with.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Output {
    /// Lines, of a statement that defines or shows.
    Lines(Vec<String>),
    /// Rows, of a query.
    Rows {
        /// The columns.
        columns: Vec<OutputColumn>,
        /// A value for each column; none for NULL.
        rows: Vec<Vec<Option<String>>>,
    },
}

impl Output {
    /// The suffix of the file that Athena saves it in (aws: athena-result-files).
    pub fn suffix(&self) -> &'static str {
        match self {
            Self::Lines(_) => "txt",
            Self::Rows { .. } => "csv",
        }
    }

    /// As Athena saves it: all values in quotes, a NULL is nothing without quotes (aws: athena-result-csv).
    pub fn file(&self) -> String {
        match self {
            Self::Lines(lines) => lines.iter().fold(String::new(), |text, line| text + line + "\n"),
            Self::Rows { columns, rows } => {
                let names: Vec<Option<&str>> =
                    columns.iter().map(|column| Some(column.name.as_str())).collect();
                let mut text = csv_line(&names);
                for row in rows {
                    text += &csv_line(&row.iter().map(Option::as_deref).collect::<Vec<_>>());
                }
                text
            }
        }
    }

    /// For people: columns below their names, numbers to the right.
    pub fn table(&self) -> String {
        let (columns, rows) = match self {
            Self::Lines(lines) => return lines.iter().fold(String::new(), |text, line| text + line + "\n"),
            Self::Rows { columns, rows } => (columns, rows),
        };
        let cell = |value: &Option<String>| value.as_deref().map_or("NULL".to_owned(), printable);
        let width = |at: usize| {
            let cells = rows.iter().map(|row| cell(&row[at]).chars().count());
            cells.chain([columns[at].name.chars().count()]).max().unwrap_or_default()
        };
        let widths: Vec<usize> = (0..columns.len()).map(width).collect();
        let mut text = String::new();
        let mut line = |cells: Vec<String>, is_heading: bool| {
            let mut line = String::new();
            for (at, cell) in cells.iter().enumerate() {
                let gap = if at == 0 { "" } else { "  " };
                let width = widths[at];
                let _ = match columns[at].ty.is_number() && !is_heading {
                    true => write!(line, "{gap}{cell:>width$}"),
                    false => write!(line, "{gap}{cell:<width$}"),
                };
            }
            let _ = writeln!(text, "{}", line.trim_end());
        };
        line(columns.iter().map(|column| printable(&column.name)).collect(), true);
        line(widths.iter().map(|width| "─".repeat(*width)).collect(), true);
        for row in rows {
            line(row.iter().map(cell).collect(), false);
        }
        text
    }
}

impl Execution {
    /// As one JSON document.
    pub fn json(&self) -> Value {
        let mut document = self.metadata();
        let members = document.as_object_mut().expect("it is an object");
        match &self.output {
            Output::Lines(lines) => {
                members.insert("lines".to_owned(), json!(lines));
            }
            Output::Rows { columns, rows } => {
                let row = |row: &Vec<Option<String>>| {
                    let cells = columns.iter().zip(row);
                    Value::Array(cells.map(|(column, value)| as_json(value.as_deref(), &column.ty)).collect())
                };
                members.insert("rows".to_owned(), Value::Array(rows.iter().map(row).collect()));
            }
        }
        document
    }

    /// What is known of it besides its rows.
    pub fn metadata(&self) -> Value {
        let Statistics { objects, bytes, rows, partitions, partitions_total } = self.statistics;
        let mut members = Map::new();
        members.insert("QueryExecutionId".to_owned(), json!(self.id));
        members.insert("Query".to_owned(), json!(self.statement));
        if let Output::Rows { columns, .. } = &self.output {
            let column =
                |column: &OutputColumn| json!({ "Name": column.name, "Type": column.ty.base_name() });
            members.insert("ColumnInfo".to_owned(), columns.iter().map(column).collect());
        }
        members.insert(
            "Statistics".to_owned(),
            json!({
                "DataScannedInBytes": bytes,
                "ObjectsScanned": objects,
                "RowsRead": rows,
                "PartitionsRead": partitions,
                "Partitions": partitions_total,
            }),
        );
        members.insert("Warnings".to_owned(), json!(self.warnings));
        Value::Object(members)
    }

    /// What it read, in one line.
    pub fn summary(&self) -> String {
        let Statistics { objects, bytes, partitions, partitions_total, .. } = self.statistics;
        let plural = |count: u64, what: &str| format!("{count} {what}{}", if count == 1 { "" } else { "s" });
        let rows = match &self.output {
            Output::Lines(_) => return format!("query {}", self.id),
            Output::Rows { rows, .. } => plural(rows.len() as u64, "row"),
        };
        let (objects, bytes) = (plural(objects, "object"), plural(bytes, "byte"));
        format!(
            "{rows}; scanned {bytes} in {objects}, {partitions} of {} (query {})",
            plural(partitions_total, "partition"),
            self.id
        )
    }
}

fn csv_line(cells: &[Option<&str>]) -> String {
    let cell =
        |cell: &Option<&str>| cell.map_or(String::new(), |text| format!("\"{}\"", text.replace('"', "\"\"")));
    cells.iter().map(cell).collect::<Vec<_>>().join(",") + "\n"
}

fn as_json(value: Option<&str>, ty: &Type) -> Value {
    let Some(text) = value else { return Value::Null };
    let number = || text.parse::<i64>().map(Value::from).ok();
    match ty {
        Type::Boolean => Value::Bool(text == "true"),
        Type::Double => text.parse::<f64>().map_or_else(|_| text.into(), Value::from),
        ty if ty.is_integer() => number().unwrap_or_else(|| text.into()),
        _ => text.into(),
    }
}

/// Text without what a terminal would obey.
fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn output() -> Output {
        let column = |name: &str, ty| OutputColumn { name: name.to_owned(), ty };
        Output::Rows {
            columns: vec![column("srcaddr", Type::VARCHAR), column("packets", Type::Bigint)],
            rows: vec![
                vec![Some("10.0.0.4".to_owned()), Some("12".to_owned())],
                vec![Some("say \"no\"".to_owned()), None],
            ],
        }
    }

    #[test]
    fn a_file_has_all_values_in_quotes() {
        assert_eq!(output().file(), "\"srcaddr\",\"packets\"\n\"10.0.0.4\",\"12\"\n\"say \"\"no\"\"\",\n");
    }

    #[test]
    fn a_table_has_numbers_to_the_right() {
        let table = "srcaddr   packets\n────────  ───────\n10.0.0.4       12\nsay \"no\"     NULL\n";
        assert_eq!(output().table(), table);
    }
}
