//! What a function of Rust is to SQLite: its name, its arguments, and its twin that gives NULL in place of an error.

use std::sync::Arc;

use regex_lite::Regex;
use rusqlite::Connection;
use rusqlite::functions::{Context, FunctionFlags};
use rusqlite::types::{Value, ValueRef};

use crate::athena::attempt::{self, attempt};
use crate::athena::cast::Outcome;
use crate::athena::failure::Failure;
use crate::athena::{decimal, value};

/// The flags of every function here.
pub const FLAGS: FunctionFlags = FunctionFlags::SQLITE_UTF8
    .union(FunctionFlags::SQLITE_DETERMINISTIC)
    .union(FunctionFlags::SQLITE_INNOCUOUS);

/// A function of Rust. It is registered under its name, and under `try_` and its name.
pub struct Function {
    name: &'static str,
    /// How many arguments it has; -1 for any number.
    arity: i32,
    /// Whether it is called although an argument is NULL.
    takes_nulls: bool,
    run: fn(&Arguments<'_, '_>) -> Outcome,
}

impl Function {
    /// A function that is NULL if an argument is.
    pub const fn new(name: &'static str, arity: i32, run: fn(&Arguments<'_, '_>) -> Outcome) -> Self {
        Self { name, arity, takes_nulls: false, run }
    }

    /// A function that wants to see NULL.
    pub const fn of_nulls(name: &'static str, arity: i32, run: fn(&Arguments<'_, '_>) -> Outcome) -> Self {
        Self { name, arity, takes_nulls: true, run }
    }

    fn call(&self, context: &Context<'_>) -> Outcome {
        let arguments = Arguments { context };
        let has_null = (0..arguments.len()).any(|index| arguments.is_null(index));
        if has_null && !self.takes_nulls { Ok(Value::Null) } else { (self.run)(&arguments) }
    }
}

/// Registers functions, each with its twin.
pub fn register(connection: &Connection, functions: &'static [Function]) -> rusqlite::Result<()> {
    for function in functions {
        let name = function.name;
        connection.create_scalar_function(name, function.arity, FLAGS, |context| {
            function.call(context).map_err(rusqlite::Error::from)
        })?;
        let twin = format!("try_{name}");
        connection.create_scalar_function(twin.as_str(), function.arity, attempt::FLAGS, |context| {
            Ok(attempt(function.call(context)))
        })?;
    }
    Ok(())
}

/// What a function is called with.
pub struct Arguments<'a, 'b> {
    context: &'a Context<'b>,
}

impl Arguments<'_, '_> {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.context.len()
    }

    /// Whether one is NULL.
    pub fn is_null(&self, index: usize) -> bool {
        matches!(self.context.get_raw(index), ValueRef::Null)
    }

    /// One, as SQLite has it.
    pub fn raw(&self, index: usize) -> ValueRef<'_> {
        self.context.get_raw(index)
    }

    /// One, as a value of its own.
    pub fn value(&self, index: usize) -> Value {
        value::owned(self.raw(index))
    }

    /// A whole number.
    pub fn integer(&self, index: usize) -> Result<i64, Failure> {
        self.raw(index).as_i64().map_err(|_| mistaken("a whole number"))
    }

    /// A number.
    pub fn real(&self, index: usize) -> Result<f64, Failure> {
        if let ValueRef::Integer(number) = self.raw(index) {
            return Ok(value::to_double(number));
        }
        self.raw(index).as_f64().map_err(|_| mistaken("a number"))
    }

    /// Text.
    pub fn text(&self, index: usize) -> Result<&str, Failure> {
        self.raw(index).as_str().map_err(|_| mistaken("text"))
    }

    /// Bytes.
    pub fn blob(&self, index: usize) -> Result<&[u8], Failure> {
        self.raw(index).as_blob().map_err(|_| mistaken("a blob"))
    }

    /// The unscaled number of a decimal.
    pub fn decimal(&self, index: usize) -> Result<i128, Failure> {
        decimal::decode(self.blob(index)?).ok_or_else(|| mistaken("a decimal"))
    }

    /// The scale of a decimal, which is given as a number.
    pub fn scale(&self, index: usize) -> Result<i32, Failure> {
        i32::try_from(self.integer(index)?).map_err(|_| mistaken("a scale"))
    }

    /// The elements of an array.
    pub fn array(&self, index: usize) -> Result<Vec<serde_json::Value>, Failure> {
        value::elements(self.text(index)?).ok_or_else(|| mistaken("an array"))
    }

    /// A pattern, which is read once if it is a constant.
    pub fn regex(&self, index: usize) -> Result<Arc<Regex>, Failure> {
        self.cached(index, |pattern| {
            Regex::new(pattern)
                .map_err(|error| Failure::argument(format!("Invalid regular expression: {error}")))
        })
    }

    /// What is made of a text; once, if the text is a constant.
    pub fn cached<T: Send + Sync + 'static>(
        &self,
        index: usize,
        make: impl FnOnce(&str) -> Result<T, Failure>,
    ) -> Result<Arc<T>, Failure> {
        let slot = i32::try_from(index).map_err(|_| mistaken("an index"))?;
        if let Ok(Some(made)) = self.context.get_aux::<T>(slot) {
            return Ok(made);
        }
        let made = make(self.text(index)?)?;
        self.context.set_aux(slot, made).map_err(|error| Failure::internal(error.to_string()))
    }
}

fn mistaken(what: &str) -> Failure {
    Failure::internal(format!("an argument is not kept as {what}"))
}

/// An array as a value.
pub fn array(items: Vec<serde_json::Value>) -> Outcome {
    Ok(Value::Text(serde_json::Value::Array(items).to_string()))
}

/// A text as a value.
pub fn text(text: impl Into<String>) -> Outcome {
    Ok(Value::Text(text.into()))
}

/// A truth as a value.
pub fn truth(truth: bool) -> Outcome {
    Ok(Value::from(truth))
}

/// A count as a value.
pub fn count(count: usize) -> Outcome {
    Ok(Value::Integer(i64::try_from(count).unwrap_or(i64::MAX)))
}
