//! Statements, one after the other: what they change in the catalog, and what queries give.

use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};

use super::analysis::{Plan, TableUse, analyze};
use super::catalog::Catalog;
use super::error::{QueryError, Result};
use super::functions;
use super::partitions::{Found, partitions};
use super::projection::Rule;
use super::result::{Execution, Output, Statistics};
use super::scan::{ScanSpec, Stats};
use super::storage::Storage;
use super::table::Registry;
use super::{ddl, statement, value};
use crate::seed;

/// The stack on which statements run: room for the deepest one, of which most is never touched.
const STACK: usize = 512 << 20;

/// Somebody who runs statements over the objects of buckets.
pub struct Session {
    /// The tables there are.
    pub catalog: Catalog,
    storage: Arc<dyn Storage>,
    /// The present, in milliseconds since 1970: what `current_date` is taken of.
    now: i64,
    /// What ids of queries are drawn from.
    seed: u64,
    /// How many statements ran.
    count: u64,
}

impl Session {
    /// A session over objects at a moment, in milliseconds since 1970.
    pub fn new(catalog: Catalog, storage: Arc<dyn Storage>, now: i64, seed: u64) -> Self {
        Self { catalog, storage, now, seed, count: 0 }
    }

    /// Goes on at another moment, over what the buckets hold then.
    pub fn at(&mut self, storage: Arc<dyn Storage>, now: i64) {
        (self.storage, self.now) = (storage, now);
    }

    /// Runs one statement, which may end with a semicolon. What fails changes nothing.
    pub fn execute(&mut self, text: &str) -> Result<Execution> {
        // Parts of a statement are looked at one within the other, deeper than the stacks of most threads are.
        let thread = std::thread::Builder::new().stack_size(STACK);
        std::thread::scope(|scope| {
            let ended = thread.spawn_scoped(scope, || self.execute_here(text)).map_err(internal)?.join();
            ended.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })
    }

    fn execute_here(&mut self, text: &str) -> Result<Execution> {
        let text = text.trim_end().trim_end_matches(';').trim_end();
        self.count += 1;
        let id = self.id(text);
        let statement = text.to_owned();
        if ddl::is_ddl(text) {
            let mut catalog = self.catalog.clone();
            let lines = ddl::execute(text, &mut catalog, self.storage.as_ref())?;
            self.catalog = catalog;
            let (statistics, warnings) = (Statistics::default(), Vec::new());
            return Ok(Execution { id, statement, output: Output::Lines(lines), statistics, warnings });
        }
        let plan = analyze(&statement::query(text)?, &self.catalog)?;
        let (output, statistics, warnings) = self.run(&plan)?;
        Ok(Execution { id, statement, output, statistics, warnings })
    }

    /// The id of a statement: the same seed, number and text have the same one.
    fn id(&self, text: &str) -> String {
        let (seed, count) = (self.seed.to_string(), self.count.to_string());
        let half = |half: &str| seed::hash(&["athena", half, &seed, &count, text]);
        let (a, b) = (half("first"), half("second"));
        // Version 4, variant 1: as ids of queries look.
        format!(
            "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
            a >> 32,
            (a >> 16) & 0xffff,
            a & 0xfff,
            0x8000 | (b >> 48) & 0x3fff,
            b & 0xffff_ffff_ffff
        )
    }

    fn run(&self, plan: &Plan) -> Result<(Output, Statistics, Vec<String>)> {
        let connection = Connection::open_in_memory().map_err(internal)?;
        functions::register(&connection, self.now).map_err(internal)?;
        register_scalar_value(&connection).map_err(internal)?;
        let (registry, stats) = (Arc::new(Registry::default()), Arc::new(Mutex::new(Stats::default())));
        registry.register(&connection).map_err(internal)?;
        for (number, used) in plan.tables.iter().enumerate() {
            let scan = self.scan(&connection, number, used)?.with_stats(&stats);
            registry.create_table(&connection, &format!("t{number}"), Arc::new(scan)).map_err(internal)?;
        }
        let rows = read(&connection, plan);
        drop(connection);
        let mut stats = stats.lock().unwrap_or_else(PoisonError::into_inner);
        let rows = rows.map_err(|error| stats.error.take().unwrap_or_else(|| failed(&error)))?;
        let statistics = Statistics {
            objects: stats.objects,
            bytes: stats.bytes,
            rows: stats.rows,
            partitions: stats.partitions_read,
            partitions_total: stats.partitions_total,
        };
        let output = Output::Rows { columns: plan.columns.clone(), rows };
        Ok((output, statistics, std::mem::take(&mut stats.warnings)))
    }

    /// What is read of a table: those of its partitions that meet the conditions on their keys.
    fn scan(&self, connection: &Connection, number: usize, used: &TableUse) -> Result<ScanSpec> {
        let table = &used.table;
        injected(used)?;
        let found = partitions(table, self.storage.as_ref(), self.now)?;
        let total = found.len();
        let chosen = if used.partition_filters.is_empty() || table.partition_keys.is_empty() {
            found
        } else {
            choose(connection, number, used, found)?
        };
        Ok(ScanSpec::new(table, chosen, total, Arc::clone(&self.storage)))
    }
}

/// Values of a key that is injected are those that a query names, so it has to (aws: athena-injected).
fn injected(used: &TableUse) -> Result<()> {
    let Some(projection) = used.table.projection()? else { return Ok(()) };
    let first = used.table.columns.len();
    for (number, (key, rule)) in used.table.partition_keys.iter().zip(&projection.keys).enumerate() {
        let column = format!("({}.c{}", used.alias, first + number);
        let names = |filter: &String| {
            filter
                .strip_prefix(&column)
                .is_some_and(|rest| rest.starts_with(" = ") || rest.starts_with(" IN "))
        };
        if *rule == Rule::Injected && !used.partition_filters.iter().any(names) {
            let message = format!(
                "For the injected projected partition column {}, the WHERE clause must contain only static equality \
                 conditions, and at least one such condition must be present",
                key.name
            );
            return Err(QueryError::new("CONSTRAINT_VIOLATION", message));
        }
    }
    Ok(())
}

/// The partitions that meet conditions: they are rows of a table for that.
fn choose(connection: &Connection, number: usize, used: &TableUse, found: Vec<Found>) -> Result<Vec<Found>> {
    let first = used.table.columns.len();
    let keys: Vec<String> =
        (0..used.table.partition_keys.len()).map(|key| format!("c{}", first + key)).collect();
    let (name, alias) = (format!("p{number}"), &used.alias);
    let make = format!("CREATE TABLE temp.{name} (number, {})", keys.join(", "));
    connection.execute(&make, []).map_err(internal)?;
    let marks = vec!["?"; keys.len() + 1].join(", ");
    let mut insert =
        connection.prepare(&format!("INSERT INTO temp.{name} VALUES ({marks})")).map_err(internal)?;
    for (at, partition) in found.iter().enumerate() {
        let values = std::iter::once(Value::Integer(at as i64)).chain(partition.values.iter().cloned());
        insert.execute(params_from_iter(values)).map_err(internal)?;
    }
    let filter = used.partition_filters.join(" AND ");
    let ask = format!("SELECT number FROM temp.{name} AS {alias} WHERE {filter}");
    let numbers = connection.prepare(&ask).and_then(|mut ask| {
        let numbers = ask.query_map([], |row| row.get::<_, i64>(0))?;
        numbers.collect::<rusqlite::Result<std::collections::BTreeSet<i64>>>()
    });
    let numbers = numbers.map_err(|error| failed(&error))?;
    let chosen = found.into_iter().enumerate().filter(|(at, _)| numbers.contains(&(*at as i64)));
    Ok(chosen.map(|(_, partition)| partition).collect())
}

/// Runs a statement of SQLite, and prints what it gives.
fn read(connection: &Connection, plan: &Plan) -> rusqlite::Result<Vec<Vec<Option<String>>>> {
    let mut statement = connection.prepare(&plan.sql)?;
    let mut rows = statement.query([])?;
    let mut printed = Vec::new();
    while let Some(row) = rows.next()? {
        let mut cells = Vec::with_capacity(plan.columns.len());
        for (at, column) in plan.columns.iter().enumerate() {
            cells.push(value::print(row.get_ref(at)?, &column.ty));
        }
        printed.push(cells);
    }
    Ok(printed)
}

/// `scalar_value(count, value)`: the value of a subquery, which may have one row at most.
fn register_scalar_value(connection: &Connection) -> rusqlite::Result<()> {
    use rusqlite::functions::FunctionFlags;
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    connection.create_scalar_function("scalar_value", 2, flags, |cx| {
        if cx.get::<i64>(0)? > 1 {
            let error =
                QueryError::new("SUBQUERY_MULTIPLE_ROWS", "Scalar sub-query has returned multiple rows");
            return Err(rusqlite::Error::UserFunctionError(Box::new(error)));
        }
        cx.get::<Value>(1)
    })
}

/// Why a query failed: functions say it in SQLite's message.
fn failed(error: &rusqlite::Error) -> QueryError {
    if error.to_string().contains("Expression tree is too large") {
        return QueryError::new("QUERY_TOO_COMPLEX", "the statement's expressions are too deep");
    }
    match functions::failure(error) {
        Some((code, message)) => QueryError::new(known_code(&code), message),
        None => of_windows(&error.to_string()).unwrap_or_else(|| internal(error)),
    }
}

/// What SQLite itself says of window functions' arguments.
fn of_windows(text: &str) -> Option<QueryError> {
    let at = ["argument of ", "second argument to nth_value"].iter().find_map(|words| text.find(words))?;
    Some(QueryError::new("INVALID_FUNCTION_ARGUMENT", text[at..].to_owned()))
}

/// The codes that functions fail with.
fn known_code(code: &str) -> &'static str {
    const CODES: [&str; 6] = [
        "DIVISION_BY_ZERO",
        "INVALID_CAST_ARGUMENT",
        "INVALID_FUNCTION_ARGUMENT",
        "NUMERIC_VALUE_OUT_OF_RANGE",
        "SUBQUERY_MULTIPLE_ROWS",
        "NOT_SUPPORTED",
    ];
    CODES.iter().find(|known| **known == code).unwrap_or(&"GENERIC_INTERNAL_ERROR")
}

fn internal(error: impl std::fmt::Display) -> QueryError {
    QueryError::new("GENERIC_INTERNAL_ERROR", error.to_string())
}
