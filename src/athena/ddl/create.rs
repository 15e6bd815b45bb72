//! `CREATE EXTERNAL TABLE`.

use std::collections::BTreeMap;

use sqlparser::tokenizer::Token;

use super::cursor::Cursor;
use super::{failed, table_name};
use crate::athena::catalog::{Catalog, Column, Format, Table};
use crate::athena::error::{Place, QueryError, Result};
use crate::athena::projection;
use crate::athena::scan::cell;
use crate::athena::storage::{Location, Storage};
use crate::athena::types::Type;

/// What Hive calls the reader of text.
pub const TEXT_SERDE: &str = "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe";
/// What Hive calls the reader of Parquet files.
pub const PARQUET_SERDE: &str = "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe";
/// What is between fields unless something else is said.
const DELIMITER: u8 = 1;

/// What a statement says of the format.
#[derive(Default)]
struct Said {
    serde: Option<(String, Option<Place>)>,
    stored: Option<(String, Option<Place>)>,
    delimiter: Option<u8>,
    null: Option<String>,
}

/// Makes a table; `CREATE EXTERNAL TABLE` is taken already.
pub fn create_table(mut cursor: Cursor, catalog: &mut Catalog, storage: &dyn Storage) -> Result<Vec<String>> {
    let may_exist = cursor.take("IF NOT EXISTS");
    let (name, place) = table_name(&mut cursor, catalog)?;
    let columns = columns(&mut cursor)?;
    let mut table = Table {
        database: name.database.clone(),
        name: name.table.clone(),
        comment: None,
        columns,
        partition_keys: Vec::new(),
        location: String::new(),
        format: Format::Parquet,
        properties: BTreeMap::new(),
        partitions: Vec::new(),
    };
    let mut said = Said::default();
    let mut location_place = None;
    while !cursor.is_done() {
        if cursor.take("COMMENT") {
            table.comment = Some(cursor.text()?);
        } else if cursor.take("PARTITIONED BY") {
            table.partition_keys = partition_keys(&mut cursor, &table)?;
        } else if cursor.take("ROW FORMAT") {
            row_format(&mut cursor, &mut said)?;
        } else if cursor.take("STORED AS") {
            stored_as(&mut cursor, &mut said)?;
        } else if cursor.take("WITH SERDEPROPERTIES") {
            serde_properties(&mut cursor, &mut said)?;
        } else if cursor.take("LOCATION") {
            location_place = cursor.place();
            table.location = cursor.text()?;
        } else if cursor.take("TBLPROPERTIES") {
            table.properties.extend(cursor.properties()?);
        } else if cursor.is("CLUSTERED") {
            let message = "CLUSTERED BY is not supported: delivered flow logs have no buckets";
            return Err(QueryError::at("NOT_SUPPORTED", cursor.place(), message));
        } else if cursor.take_sign(&Token::SemiColon) {
            break;
        } else {
            let expected =
                "'COMMENT', 'PARTITIONED BY', 'ROW FORMAT', 'STORED AS', 'LOCATION' or 'TBLPROPERTIES'";
            return Err(cursor.unexpected(expected));
        }
    }
    let end = cursor.place();
    cursor.finish()?;
    if table.location.is_empty() {
        let message = "LOCATION is missing: an external table says where its objects are, e.g. LOCATION 's3://bucket/AWSLogs/'";
        return Err(QueryError::at("SYNTAX_ERROR", end, message));
    }
    table.format = format(&said, &table)?;
    let exists = catalog.database_mut(&name.database, place)?.tables.contains_key(&name.table);
    if exists {
        let exception = format!("AlreadyExistsException(message:Table {} already exists)", name.table);
        return if may_exist {
            Ok(Vec::new())
        } else {
            Err(failed("TABLE_ALREADY_EXISTS", place, &exception))
        };
    }
    Location::existing(&table.location, storage)
        .map_err(|error| QueryError { place: location_place, ..error })?;
    check_properties(&table)?;
    catalog.database_mut(&name.database, place)?.tables.insert(name.table, table);
    Ok(Vec::new())
}

/// Checks what properties say of partitions.
pub fn check_properties(table: &Table) -> Result<()> {
    let Some(_) = table.projection()? else { return Ok(()) };
    match table.partition_keys.iter().find(|key| !projection::supports(&key.ty())) {
        None => Ok(()),
        Some(key) => {
            let message =
                format!("the partition key {} is projected, so it cannot be a {}", key.name, key.type_name);
            Err(QueryError::new("INVALID_TABLE_PROPERTY", message))
        }
    }
}

fn columns(cursor: &mut Cursor) -> Result<Vec<Column>> {
    let mut names = Vec::new();
    cursor.list(|cursor| column(cursor, &mut names))
}

fn partition_keys(cursor: &mut Cursor, table: &Table) -> Result<Vec<Column>> {
    let mut names = table.columns.iter().map(|column| column.name.clone()).collect();
    cursor.list(|cursor| column(cursor, &mut names))
}

/// A column, whose name must be none of those before it.
pub fn column(cursor: &mut Cursor, names: &mut Vec<String>) -> Result<Column> {
    let place = cursor.place();
    let name = cursor.name()?;
    if names.contains(&name) {
        let message = format!("Column repeated in partitioning columns or columns: {name}");
        return Err(QueryError::at("DUPLICATE_COLUMN_NAME", place, message));
    }
    names.push(name.clone());
    let place = cursor.place();
    let type_name = cursor.type_name()?;
    let ty: Option<Type> = type_name.parse().ok();
    if !ty.as_ref().is_some_and(cell::is_kept) {
        let message =
            format!("column {name}: the type {type_name} is not supported in tables over flow logs");
        return Err(QueryError::at("NOT_SUPPORTED", place, message));
    }
    let comment = if cursor.take("COMMENT") { Some(cursor.text()?) } else { None };
    Ok(Column { name, type_name, comment })
}

fn row_format(cursor: &mut Cursor, said: &mut Said) -> Result<()> {
    if cursor.take("SERDE") {
        let place = cursor.place();
        said.serde = Some((cursor.text()?, place));
        if cursor.take("WITH SERDEPROPERTIES") {
            serde_properties(cursor, said)?;
        }
        return Ok(());
    }
    if !cursor.take("DELIMITED") {
        return Err(cursor.unexpected("'DELIMITED' or 'SERDE'"));
    }
    said.serde.get_or_insert_with(|| (TEXT_SERDE.to_owned(), cursor.place()));
    loop {
        if cursor.take("FIELDS TERMINATED BY") {
            said.delimiter = Some(character(cursor)?);
            if cursor.is("ESCAPED") {
                return Err(QueryError::at("NOT_SUPPORTED", cursor.place(), "ESCAPED BY is not supported"));
            }
        } else if cursor.take("COLLECTION ITEMS TERMINATED BY") || cursor.take("MAP KEYS TERMINATED BY") {
            // No column holds several values.
            cursor.text()?;
        } else if cursor.take("LINES TERMINATED BY") {
            let place = cursor.place();
            if character(cursor)? != b'\n' {
                return Err(QueryError::at(
                    "NOT_SUPPORTED",
                    place,
                    "LINES TERMINATED BY only supports newline '\\n'",
                ));
            }
        } else if cursor.take("NULL DEFINED AS") {
            said.null = Some(cursor.text()?);
        } else {
            return Ok(());
        }
    }
}

/// A text that is one character, written as it is, as `\t`, or as its number.
fn character(cursor: &mut Cursor) -> Result<u8> {
    let place = cursor.place();
    let text = cursor.text()?;
    delimiter(&text).ok_or_else(|| {
        QueryError::at(
            "NOT_SUPPORTED",
            place,
            format!("'{text}' is not one ASCII character, as a delimiter must be"),
        )
    })
}

fn delimiter(text: &str) -> Option<u8> {
    let number = |digits: &str, radix| u8::from_str_radix(digits, radix).ok().filter(u8::is_ascii);
    match text.as_bytes() {
        [byte] if byte.is_ascii() => Some(*byte),
        b"\\t" => Some(b'\t'),
        b"\\n" => Some(b'\n'),
        b"\\\\" => Some(b'\\'),
        [b'\\', b'u', ..] => number(&text[2..], 16),
        [b'\\', ..] => number(&text[1..], 8),
        _ => None,
    }
}

fn serde_properties(cursor: &mut Cursor, said: &mut Said) -> Result<()> {
    let place = cursor.place();
    for (key, value) in cursor.properties()? {
        match key.as_str() {
            // The first is meant by both; `serialization.format` alone is what Hive writes for itself.
            "field.delim" => {
                let character = delimiter(&value);
                said.delimiter = Some(character.ok_or_else(|| {
                    QueryError::at(
                        "NOT_SUPPORTED",
                        place,
                        format!("field.delim is '{value}', which is not one character"),
                    )
                })?);
            }
            "serialization.null.format" => said.null = Some(value),
            _ => {}
        }
    }
    Ok(())
}

fn stored_as(cursor: &mut Cursor, said: &mut Said) -> Result<()> {
    let place = cursor.place();
    if cursor.take("INPUTFORMAT") {
        let input = cursor.text()?;
        if cursor.take("OUTPUTFORMAT") {
            cursor.text()?;
        }
        said.stored = Some((input, place));
    } else {
        said.stored = Some((cursor.name()?, place));
    }
    Ok(())
}

/// The format that a statement means.
fn format(said: &Said, table: &Table) -> Result<Format> {
    let unknown = |what: &str, place: Option<Place>| {
        let message = format!(
            "{what} is not supported: flow logs are text ({TEXT_SERDE}, STORED AS TEXTFILE) or Parquet ({PARQUET_SERDE}, \
             STORED AS PARQUET)"
        );
        QueryError::at("NOT_SUPPORTED", place, message)
    };
    let stored_parquet = match &said.stored {
        None => None,
        Some((format, place)) => match format.to_ascii_lowercase().as_str() {
            "parquet" => Some(true),
            "textfile" => Some(false),
            class if class.ends_with("parquetinputformat") => Some(true),
            class if class.ends_with("textinputformat") => Some(false),
            _ => return Err(unknown(format, *place)),
        },
    };
    let is_parquet = match &said.serde {
        None => stored_parquet.unwrap_or(false),
        Some((serde, _)) if serde == PARQUET_SERDE => true,
        // `ROW FORMAT DELIMITED … STORED AS PARQUET` is read as Parquet.
        Some((serde, _)) if serde == TEXT_SERDE => stored_parquet.unwrap_or(false),
        Some((serde, place)) => return Err(unknown(&format!("the SerDe {serde}"), *place)),
    };
    if is_parquet {
        return Ok(Format::Parquet);
    }
    let property = |key: &str| table.properties.get(key);
    let skip_header_lines = match property("skip.header.line.count").map(|count| count.trim().parse()) {
        None => 0,
        Some(Ok(count)) => count,
        Some(Err(_)) => {
            let message = "Invalid value for skip.header.line.count property: it is a number of lines";
            return Err(QueryError::new("INVALID_TABLE_PROPERTY", message));
        }
    };
    let delimiter = match property("field.delim").filter(|_| said.delimiter.is_none()) {
        Some(text) => delimiter(text).unwrap_or(DELIMITER),
        None => said.delimiter.unwrap_or(DELIMITER),
    };
    let null = said.null.clone().or_else(|| property("serialization.null.format").cloned());
    Ok(Format::Text { delimiter, skip_header_lines, null: null.unwrap_or_else(|| "\\N".to_owned()) })
}

/// A format that follows properties which changed.
pub fn reformatted(table: &Table) -> Result<Format> {
    match &table.format {
        Format::Parquet => Ok(Format::Parquet),
        Format::Text { delimiter, null, .. } => {
            let said = Said { delimiter: Some(*delimiter), null: Some(null.clone()), ..Said::default() };
            format(&said, table)
        }
    }
}
