//! Trino's functions: which there are, which of them a call means, and how SQLite comes by them.
//!
//! Reading order: `table` lists them, `signature` finds the one that takes given types, `function` brings those that are
//! written in Rust to SQLite; the rest are these.

mod aggregates;
mod arithmetic;
mod arrays;
mod format;
mod function;
mod math;
mod moments;
mod network;
mod pattern;
mod signature;
mod table;
mod words;

use rusqlite::Connection;

pub use super::failure::{Failure, failure};
use super::types::Type;
use signature::Signature;

/// What a function is called on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// A row.
    Scalar,
    /// The rows of a group.
    Aggregate,
    /// A row, among those of its window.
    Window,
}

/// A call of a function, once it is known which one is meant.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Call {
    /// What it is called on.
    pub kind: Kind,
    /// What each argument is coerced to.
    pub parameters: Vec<Type>,
    /// The type of its result.
    pub returns: Type,
    /// The expression of SQLite, with `{0}` or `{*}` for the arguments, and `!` before what has a twin that gives NULL
    /// in place of an error.
    pub template: String,
}

/// Why no function is meant.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Unresolved {
    /// Trino has no such function either.
    NoSuchFunction,
    /// Trino has it, this crate has not.
    NotHere,
    /// It takes other arguments.
    WrongArguments {
        /// What it takes, e.g. `length(varchar)`.
        expected: Vec<String>,
    },
}

impl Call {
    /// The expression of SQLite for such arguments. Within `TRY()` it is NULL where it would fail.
    pub fn sql(&self, arguments: &[String], is_try: bool) -> String {
        let mut sql = String::new();
        let mut rest = self.template.as_str();
        while let Some(at) = rest.find(['!', '{']) {
            let (before, from) = rest.split_at(at);
            sql.push_str(before);
            if let Some(after) = from.strip_prefix('!') {
                sql.push_str(if is_try { "try_" } else { "" });
                rest = after;
                continue;
            }
            let (inside, after) = from[1..].split_once('}').unwrap_or((&from[1..], ""));
            match inside.parse::<usize>() {
                Ok(index) => sql.push_str(arguments.get(index).map_or("NULL", String::as_str)),
                Err(_) => sql.push_str(&arguments.join(", ")),
            }
            rest = after;
        }
        sql + rest
    }
}

/// What a function of this name is called on, if there is one. No name means functions of two kinds.
pub fn kind(name: &str) -> Option<Kind> {
    let has = |rows: &[table::Row]| rows.iter().any(|(text, _)| text.split('(').next() == Some(name));
    table::TABLES.iter().find(|(_, rows)| has(rows)).map(|(kind, _)| *kind)
}

/// Which function a call means: the first that takes the arguments as they are, or else the first that they become.
pub fn resolve(name: &str, arguments: &[Type]) -> Result<Call, Unresolved> {
    let name = name.to_ascii_lowercase();
    let overloads: Vec<_> = table::TABLES
        .iter()
        .flat_map(|(kind, rows)| rows.iter().map(move |(text, template)| (*kind, *text, *template)))
        .filter(|(_, text, _)| text.split('(').next() == Some(name.as_str()))
        .map(|(kind, text, template)| (kind, Signature::parse(text), template))
        .collect();
    if overloads.is_empty() {
        let is_trino = table::NOT_HERE.split_whitespace().any(|missing| missing == name);
        return Err(if is_trino { Unresolved::NotHere } else { Unresolved::NoSuchFunction });
    }
    for is_exact in [true, false] {
        let found = overloads
            .iter()
            .find_map(|(kind, signature, template)| signature.call(*kind, template, arguments, is_exact));
        if let Some(call) = found {
            return Ok(call);
        }
    }
    Err(Unresolved::WrongArguments {
        expected: overloads.iter().map(|(_, signature, _)| signature.shown()).collect(),
    })
}

/// Registers everything that templates and casts call. It is now so many milliseconds after 1970.
pub fn register(connection: &Connection, now_ms: i64) -> rusqlite::Result<()> {
    for functions in [
        arithmetic::FUNCTIONS,
        arrays::FUNCTIONS,
        math::FUNCTIONS,
        moments::FUNCTIONS,
        network::FUNCTIONS,
        pattern::FUNCTIONS,
        words::FUNCTIONS,
    ] {
        function::register(connection, functions)?;
    }
    super::attempt::register(connection)?;
    aggregates::register(connection)?;
    super::cast::register(connection)?;
    connection.create_scalar_function("t_now", 0, function::FLAGS, move |_| Ok(now_ms))
}

#[cfg(test)]
mod tests {
    use rusqlite::types::{Value, ValueRef};

    use super::*;
    use crate::athena::value::print;

    /// 2021-01-03.
    const NOW: i64 = 18_630 * 86_400_000;

    fn run(sql: &str) -> Result<Value, String> {
        let connection = Connection::open_in_memory().map_err(|error| error.to_string())?;
        register(&connection, NOW).map_err(|error| error.to_string())?;
        connection.query_row(&format!("SELECT {sql}"), [], |row| row.get(0)).map_err(|error| {
            failure(&error)
                .map_or_else(|| format!("{error} in {sql}"), |(code, message)| format!("{code}: {message}"))
        })
    }

    fn shown(value: &Value, ty: &Type) -> String {
        print(ValueRef::from(value), ty).unwrap_or_else(|| "NULL".to_owned())
    }

    /// The value of an expression of SQLite.
    pub fn value(sql: &str) -> String {
        run(sql).map_or_else(|error| error, |value| shown(&value, &Type::VARCHAR).replace("inf", "Infinity"))
    }

    /// The failure of an expression of SQLite.
    pub fn error(sql: &str) -> String {
        run(sql).map_or_else(|error| error, |value| format!("{value:?}"))
    }

    fn statement(name: &str, arguments: &[(&str, &str)], from: &str) -> (String, Type) {
        let types: Vec<Type> =
            arguments.iter().map(|(_, ty)| ty.parse().unwrap_or_else(|()| panic!("no type {ty}"))).collect();
        let call = resolve(name, &types).unwrap_or_else(|error| panic!("{name} {types:?}: {error:?}"));
        let arguments: Vec<String> = arguments
            .iter()
            .zip(&types)
            .zip(&call.parameters)
            .map(|(((sql, _), from), to)| match from {
                Type::Unknown => (*sql).to_owned(),
                // Tests write decimals as numbers.
                Type::Decimal(..) if !sql.starts_with("column") => {
                    format!("cast_value('{sql}', 'varchar', '{to}')")
                }
                _ if from == to => (*sql).to_owned(),
                _ => format!("cast_value({sql}, '{from}', '{to}')"),
            })
            .collect();
        (call.sql(&arguments, false) + from, call.returns)
    }

    /// What a call of Trino's function shows; arguments are expressions of SQLite, and their types.
    pub fn call(name: &str, arguments: &[(&str, &str)]) -> String {
        let (sql, returns) = statement(name, arguments, "");
        run(&sql).map_or_else(|error| error, |value| shown(&value, &returns))
    }

    /// What an aggregate shows of the rows of a table.
    pub fn aggregate(name: &str, arguments: &[(&str, &str)], table: &str) -> String {
        let (sql, returns) = statement(name, arguments, &format!(" FROM {table}"));
        run(&sql).map_or_else(|error| error, |value| shown(&value, &returns))
    }

    /// How a call fails.
    pub fn call_error(name: &str, arguments: &[(&str, &str)]) -> String {
        error(&statement(name, arguments, "").0)
    }

    #[test]
    fn every_row_of_the_table_is_called() {
        let connection = Connection::open_in_memory().expect("SQLite opens");
        register(&connection, NOW).expect("functions register");
        for (kind, rows) in table::TABLES {
            for (text, template) in *rows {
                let signature = Signature::parse(text);
                let call = signature.call(*kind, template, &signature.samples(), false);
                let call = call.unwrap_or_else(|| panic!("{text} does not take its samples"));
                let arguments = vec!["NULL".to_owned(); call.parameters.len()];
                for is_try in [true, false] {
                    let over = if *kind == Kind::Window { " OVER ()" } else { "" };
                    let sql = format!("SELECT {}{over}", call.sql(&arguments, is_try));
                    assert!(!sql.contains('{'), "{sql}");
                    let prepared = connection.prepare(&sql);
                    assert!(prepared.is_ok(), "{text}: {sql}: {:?}", prepared.err());
                }
            }
        }
    }

    #[test]
    fn calls_resolve() {
        let resolved = |name: &str, types: &[&str]| {
            let types: Vec<Type> = types.iter().map(|ty| ty.parse().unwrap_or(Type::Unknown)).collect();
            resolve(name, &types)
        };
        let returns = |name: &str, types: &[&str]| resolved(name, types).map(|call| call.returns.to_string());
        assert_eq!(returns("SUM", &["integer"]).as_deref(), Ok("bigint"));
        assert_eq!(returns("sum", &["decimal(5,2)"]).as_deref(), Ok("decimal(38,2)"));
        assert_eq!(returns("avg", &["decimal(5,2)"]).as_deref(), Ok("decimal(5,2)"));
        assert_eq!(returns("round", &["decimal(5,2)"]).as_deref(), Ok("decimal(4,0)"));
        assert_eq!(returns("greatest", &["integer", "double"]).as_deref(), Ok("double"));
        assert_eq!(returns("array_agg", &["ipaddress"]).as_deref(), Ok("array(ipaddress)"));
        assert_eq!(resolved("frobnicate", &[]), Err(Unresolved::NoSuchFunction));
        assert_eq!(resolved("map_agg", &["bigint", "bigint"]), Err(Unresolved::NotHere));
        assert_eq!(
            resolved("length", &["bigint"]),
            Err(Unresolved::WrongArguments { expected: vec!["length(varchar)".to_owned()] })
        );
        let call = resolved("element_at", &["array(ipaddress)", "integer"]);
        let sql = call.map(|call| call.sql(&["'{1}!'".to_owned(), "2".to_owned()], true));
        assert_eq!(sql.as_deref(), Ok("unhex(try_t_element_at('{1}!', 2))"));
    }
}
