//! `TRY`: what is NULL if anything in it fails, whatever would become of the failure there.

use std::cell::Cell;

use rusqlite::Connection;
use rusqlite::functions::FunctionFlags;
use rusqlite::types::Value;

use super::failure::Failure;
use super::value;

/// Those of functions that tell `TRY` of failures: they are called where they stand, not once before the first row.
pub const FLAGS: FunctionFlags = FunctionFlags::SQLITE_UTF8.union(FunctionFlags::SQLITE_INNOCUOUS);

thread_local! {
    /// Whether something failed since the last `try_begin`.
    static FAILED: Cell<bool> = const { Cell::new(false) };
}

/// What a function that may fail gives within `TRY`, which hears of it.
pub fn attempt(outcome: Result<Value, Failure>) -> Value {
    outcome.unwrap_or_else(|_| {
        FAILED.set(true);
        Value::Null
    })
}

/// Registers `try_end(try_begin(), expression)`: NULL if anything failed in the expression, whatever became of it there.
pub fn register(connection: &Connection) -> rusqlite::Result<()> {
    connection.create_scalar_function("try_begin", 0, FLAGS, |_| Ok(FAILED.replace(false)))?;
    connection.create_scalar_function("try_end", 2, FLAGS, |context| {
        let before = context.get::<bool>(0)?;
        Ok(if FAILED.replace(before) { Value::Null } else { value::owned(context.get_raw(1)) })
    })
}
