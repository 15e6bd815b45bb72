//! Statements that show what is defined.

use sqlparser::tokenizer::Token;

use super::create::{PARQUET_SERDE, TEXT_SERDE};
use super::cursor::Cursor;
use super::{table_name, unsupported};
use crate::athena::catalog::{Catalog, Column, Format, Table};
use crate::athena::error::{QueryError, Result};

/// Shows something; `SHOW` is taken already.
pub fn show(mut cursor: Cursor, catalog: &Catalog) -> Result<Vec<String>> {
    let start = cursor.place();
    if cursor.take("DATABASES") || cursor.take("SCHEMAS") {
        cursor.take("LIKE");
        let pattern = if at_end(&cursor) { None } else { Some(cursor.text()?) };
        cursor.finish()?;
        let names = catalog.databases.keys().filter(|name| matches(pattern.as_deref(), name));
        return Ok(names.cloned().collect());
    }
    if cursor.take("TABLES") {
        let (database, place) = if cursor.take("IN") || cursor.take("FROM") {
            (cursor.name()?, cursor.place())
        } else {
            (catalog.current.clone(), start)
        };
        cursor.take("LIKE");
        let pattern = if at_end(&cursor) { None } else { Some(cursor.text()?) };
        cursor.finish()?;
        let missing =
            || QueryError::at("SCHEMA_NOT_FOUND", place, format!("Schema '{database}' does not exist"));
        let tables = &catalog.database(&database).ok_or_else(missing)?.tables;
        let names = tables.keys().filter(|name| matches(pattern.as_deref(), name));
        return Ok(names.cloned().collect());
    }
    if cursor.take("COLUMNS") {
        if !cursor.take("IN") {
            cursor.expect("FROM")?;
        }
        let place = cursor.place();
        let mut parts = cursor.names()?;
        if cursor.take("IN") || cursor.take("FROM") {
            parts.insert(0, cursor.name()?);
        }
        cursor.finish()?;
        let table = catalog.table(&catalog.resolve(&parts, place)?, place)?;
        let names = table.all_columns().map(|column| format!("{:<20}", column.name));
        return Ok(names.collect());
    }
    if cursor.take("PARTITIONS") {
        let (name, place) = table_name(&mut cursor, catalog)?;
        cursor.finish()?;
        let table = catalog.table(&name, place)?;
        if table.partition_keys.is_empty() {
            let message = format!("Table {name} is not a partitioned table");
            return Err(QueryError::at("NOT_SUPPORTED", place, message));
        }
        let mut names: Vec<String> =
            table.partitions.iter().map(|partition| table.partition_name(&partition.values)).collect();
        names.sort();
        return Ok(names);
    }
    if cursor.take("CREATE TABLE") {
        let (name, place) = table_name(&mut cursor, catalog)?;
        cursor.finish()?;
        return Ok(statement(catalog.table(&name, place)?));
    }
    if cursor.take("TBLPROPERTIES") {
        let (name, place) = table_name(&mut cursor, catalog)?;
        let one = if at_end(&cursor) {
            None
        } else {
            cursor.expect_sign(&Token::LParen)?;
            let key = cursor.text()?;
            cursor.expect_sign(&Token::RParen)?;
            Some(key)
        };
        cursor.finish()?;
        let properties = all_properties(catalog.table(&name, place)?);
        let wanted = properties.iter().filter(|(key, _)| one.as_ref().is_none_or(|one| one == key));
        let lines =
            wanted.map(|(key, value)| if one.is_some() { value.clone() } else { format!("{key}\t{value}") });
        return Ok(lines.collect());
    }
    if cursor.take("VIEWS") || cursor.take("CREATE VIEW") {
        return Err(unsupported(start, "SHOW of views"));
    }
    Err(cursor.unexpected(
        "'DATABASES', 'SCHEMAS', 'TABLES', 'COLUMNS', 'PARTITIONS', 'CREATE TABLE' or 'TBLPROPERTIES'",
    ))
}

fn at_end(cursor: &Cursor) -> bool {
    cursor.is_done() || cursor.is_semicolon()
}

/// Whether a name fits a pattern of Hive: `*` is anything, `|` is or.
fn matches(pattern: Option<&str>, name: &str) -> bool {
    let Some(pattern) = pattern else { return true };
    pattern.to_ascii_lowercase().split('|').any(|pattern| fits(pattern.trim(), name))
}

fn fits(pattern: &str, name: &str) -> bool {
    // `.*` is what Athena's documentation writes, and `*` what Hive's does.
    let pattern = pattern.replace(".*", "*");
    match pattern.split_once('*') {
        None => pattern == name,
        Some((start, rest)) => name.strip_prefix(start).is_some_and(|name| {
            let mut ends = (0..=name.len()).filter(|at| name.is_char_boundary(*at));
            ends.any(|at| fits(rest, &name[at..]))
        }),
    }
}

/// Shows the columns of a table; `DESCRIBE` is taken already.
pub fn describe(mut cursor: Cursor, catalog: &Catalog) -> Result<Vec<String>> {
    let detailed = cursor.take("FORMATTED") || cursor.take("EXTENDED");
    let (name, place) = table_name(&mut cursor, catalog)?;
    cursor.finish()?;
    let table = catalog.table(&name, place)?;
    let mut lines = Vec::new();
    if detailed {
        lines.extend([titles(), line("", "", "")]);
    }
    lines.extend(table.all_columns().map(of_column));
    if detailed {
        lines.truncate(2 + table.columns.len());
    }
    if !table.partition_keys.is_empty() {
        lines.extend([line("", "", ""), line("# Partition Information", "", ""), titles(), line("", "", "")]);
        lines.extend(table.partition_keys.iter().map(of_column));
    }
    if detailed {
        let (serde, input, output) = classes(&table.format);
        lines.extend([line("", "", ""), line("# Detailed Table Information", "", "")]);
        lines.push(line("Database:", &table.database, ""));
        lines.push(line("Location:", &table.location, ""));
        lines.push(line("Table Type:", "EXTERNAL_TABLE", ""));
        lines.push(line("Table Parameters:", "", ""));
        lines.extend(all_properties(table).iter().map(|(key, value)| line("", key, value)));
        lines.extend([line("", "", ""), line("# Storage Information", "", "")]);
        lines.push(line("SerDe Library:", serde, ""));
        lines.push(line("InputFormat:", input, ""));
        lines.push(line("OutputFormat:", output, ""));
        if let Some(delimiter) = delimiter(&table.format) {
            lines.push(line("Storage Desc Params:", "", ""));
            lines.push(line("", "field.delim", &delimiter));
            lines.push(line("", "serialization.format", &delimiter));
        }
    }
    Ok(lines)
}

fn titles() -> String {
    line("# col_name", "data_type", "comment")
}

fn of_column(column: &Column) -> String {
    line(&column.name, &column.type_name, column.comment.as_deref().unwrap_or_default())
}

fn line(a: &str, b: &str, c: &str) -> String {
    format!("{a:<20}\t{b:<20}\t{c:<20}")
}

/// What Hive calls the reader, and the formats that come in and go out.
fn classes(format: &Format) -> (&'static str, &'static str, &'static str) {
    match format {
        Format::Text { .. } => (
            TEXT_SERDE,
            "org.apache.hadoop.mapred.TextInputFormat",
            "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
        ),
        Format::Parquet => (
            PARQUET_SERDE,
            "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
            "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
        ),
    }
}

fn delimiter(format: &Format) -> Option<String> {
    match format {
        Format::Text { delimiter, .. } if delimiter.is_ascii_control() => Some(format!("\\{delimiter:03o}")),
        Format::Text { delimiter, .. } => Some(char::from(*delimiter).to_string()),
        Format::Parquet => None,
    }
}

/// The properties, with the one that all external tables have.
fn all_properties(table: &Table) -> Vec<(String, String)> {
    let has = table.properties.keys().any(|key| key.eq_ignore_ascii_case("external"));
    let external = (!has).then(|| ("EXTERNAL".to_owned(), "TRUE".to_owned()));
    let properties = table.properties.iter().map(|(key, value)| (key.clone(), value.clone()));
    external.into_iter().chain(properties).collect()
}

/// The statement that makes a table again.
fn statement(table: &Table) -> Vec<String> {
    let quoted = |text: &str| format!("'{}'", text.replace('\'', "''"));
    let comment = |comment: &Option<String>| {
        comment.as_ref().map_or_else(String::new, |comment| format!(" COMMENT {}", quoted(comment)))
    };
    let columns = |columns: &[Column], lines: &mut Vec<String>| {
        for (at, column) in columns.iter().enumerate() {
            let end = if at + 1 < columns.len() { ", " } else { ")" };
            lines.push(format!("  `{}` {}{}{end}", column.name, column.type_name, comment(&column.comment)));
        }
    };
    let mut lines = vec![format!("CREATE EXTERNAL TABLE `{}`(", table.full_name())];
    columns(&table.columns, &mut lines);
    if table.comment.is_some() {
        lines.push(comment(&table.comment).trim_start().to_owned());
    }
    if !table.partition_keys.is_empty() {
        lines.push("PARTITIONED BY ( ".to_owned());
        columns(&table.partition_keys, &mut lines);
    }
    let (serde, input, output) = classes(&table.format);
    match &table.format {
        Format::Text { null, .. } => {
            lines.push("ROW FORMAT DELIMITED ".to_owned());
            let delimiter = delimiter(&table.format).unwrap_or_default();
            lines.push(format!("  FIELDS TERMINATED BY {} ", quoted(&delimiter)));
            if null != "\\N" {
                lines.push(format!("  NULL DEFINED AS {} ", quoted(null)));
            }
        }
        Format::Parquet => lines.extend(["ROW FORMAT SERDE ".to_owned(), format!("  {} ", quoted(serde))]),
    }
    lines.extend(["STORED AS INPUTFORMAT ".to_owned(), format!("  {} ", quoted(input))]);
    lines.extend(["OUTPUTFORMAT ".to_owned(), format!("  {}", quoted(output))]);
    lines.extend(["LOCATION".to_owned(), format!("  {}", quoted(&table.location))]);
    let properties: Vec<String> =
        table.properties.iter().map(|(key, value)| format!("  {}={}", quoted(key), quoted(value))).collect();
    if !properties.is_empty() {
        lines.push("TBLPROPERTIES (".to_owned());
        lines.extend(format!("{})", properties.join(", \n")).lines().map(str::to_owned));
    }
    lines
}
