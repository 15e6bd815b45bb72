//! Where a table's objects are: its partitions, with the values of their keys.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use jiff::civil::DateTime;
use rusqlite::types::Value;

use super::catalog::{Column, Table};
use super::error::{QueryError, Result};
use super::projection::Rule;
use super::scan::cell;
use super::storage::{Location, ObjectSummary, Storage};
use super::types::Type;

/// What Hive calls the value of a partition that has none.
const NO_VALUE: &str = "__HIVE_DEFAULT_PARTITION__";

/// A partition that was found.
#[derive(Clone, PartialEq, Debug)]
pub struct Found {
    /// The values of the partition keys, as SQLite keeps their types.
    pub values: Vec<Value>,
    /// Where the objects are.
    pub location: Location,
    /// The objects, if they were looked for.
    pub objects: Option<Vec<ObjectSummary>>,
}

impl Found {
    /// The objects that are read.
    pub fn objects(&self, storage: &dyn Storage) -> Vec<ObjectSummary> {
        self.objects.clone().unwrap_or_else(|| self.location.objects(storage))
    }
}

/// The partitions of a table: one without values if it has no keys, those that its properties project, or those that were added, in the
/// order of their values. `now_ms` is what `NOW` means.
pub fn partitions(table: &Table, storage: &dyn Storage, now_ms: i64) -> Result<Vec<Found>> {
    if table.partition_keys.is_empty() {
        let location = Location::existing(&table.location, storage)?;
        return Ok(vec![Found { values: Vec::new(), location, objects: None }]);
    }
    if let Some(projection) = table.projection()? {
        let now = jiff::Timestamp::from_millisecond(now_ms).unwrap_or(jiff::Timestamp::MAX);
        let now = jiff::tz::Offset::UTC.to_datetime(now);
        let place = Location { bucket: projection.bucket.clone(), prefix: String::new() };
        place.check_bucket(storage)?;
        let mut found: BTreeMap<String, (Vec<String>, Vec<ObjectSummary>)> = BTreeMap::new();
        let mut last: Option<String> = None;
        for object in storage.list(&projection.bucket, projection.prefix()) {
            if object.is_hidden() {
                continue;
            }
            // Keys come in order: most are in the same partition as the one before.
            if let Some(last) = last.as_ref().filter(|last| object.key.starts_with(last.as_str()))
                && let Some((_, objects)) = found.get_mut(last)
            {
                objects.push(object);
                continue;
            }
            if let Some((values, length)) = projection.partition_of(&object.key, now) {
                let prefix = object.key[..length].to_owned();
                last = Some(prefix.clone());
                found.entry(prefix).or_insert_with(|| (values, Vec::new())).1.push(object);
            }
        }
        let found = found.into_iter().map(|(prefix, (values, objects))| {
            let values = table.partition_keys.iter().zip(&projection.keys).zip(&values);
            let values = values.map(|((key, rule), text)| match rule {
                Rule::Date { format, .. } => {
                    let at = format.parse(text).unwrap_or(DateTime::MIN);
                    Ok(projected_date(key, text, at))
                }
                Rule::Enum(_) | Rule::Integer { .. } | Rule::Injected => value(key, text),
            });
            let values = values.collect::<Result<Vec<_>>>()?;
            Ok(Found { values, location: place.with_prefix(prefix), objects: Some(objects) })
        });
        return found.collect::<Result<Vec<_>>>().map(sorted);
    }
    let stored = table.partitions.iter().map(|partition| {
        let values = table.partition_keys.iter().zip(&partition.values);
        let values = values.map(|(key, text)| value(key, text)).collect::<Result<Vec<_>>>()?;
        Ok(Found { values, location: Location::parse(&partition.location)?, objects: None })
    });
    stored.collect::<Result<Vec<_>>>().map(sorted)
}

/// The value of a partition key that is written as text.
pub fn value(key: &Column, text: &str) -> Result<Value> {
    if text == NO_VALUE {
        return Ok(Value::Null);
    }
    let invalid = || {
        let name = key.ty().to_string().to_ascii_uppercase();
        let hint = if key.ty() == Type::Date { "; write the day it stands for, e.g. 2024-01-31" } else { "" };
        let message =
            format!("Invalid partition value '{text}' for {name} partition key: {}={text}{hint}", key.name);
        QueryError::new("HIVE_INVALID_PARTITION_VALUE", message)
    };
    match cell::value(&key.ty(), text) {
        Value::Null => Err(invalid()),
        value => Ok(value),
    }
}

/// The value of a partition key that is a moment in some format.
fn projected_date(key: &Column, text: &str, at: DateTime) -> Value {
    let ty = key.ty();
    if ty == Type::Date {
        cell::value(&ty, &at.date().to_string())
    } else if ty == Type::Timestamp {
        cell::value(&ty, &at.to_string())
    } else {
        Value::Text(text.to_owned())
    }
}

fn sorted(mut found: Vec<Found>) -> Vec<Found> {
    found.sort_by(|a, b| {
        let values = a.values.iter().zip(&b.values).map(|(a, b)| compare(a, b));
        values.fold(Ordering::Equal, Ordering::then).then_with(|| a.location.cmp(&b.location))
    });
    found
}

/// The order of values of one type; no value comes first.
fn compare(a: &Value, b: &Value) -> Ordering {
    match (a, b) {
        (Value::Integer(a), Value::Integer(b)) => a.cmp(b),
        (Value::Real(a), Value::Real(b)) => a.total_cmp(b),
        (Value::Text(a), Value::Text(b)) => a.cmp(b),
        (Value::Blob(a), Value::Blob(b)) => a.cmp(b),
        (Value::Null, Value::Null) => Ordering::Equal,
        (Value::Null, _) => Ordering::Less,
        _ => Ordering::Greater,
    }
}
