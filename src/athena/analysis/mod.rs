//! From a query as Athena reads it to a statement of SQLite: names are resolved, types are inferred and checked, and what
//! means something else in SQLite is said in other words.
//!
//! It knows the catalog and the signatures of functions, and never reads an object.
//!
//! Every relation is called `r0`, `r1`, … and every column `c0`, `c1`, … in SQLite's statement, so that no name of the query
//! means anything there.

mod expression;
mod foreign;
mod from;
mod function;
mod literal;
mod operator;
mod query;
mod scope;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use sqlparser::ast::{Ident, Spanned, WindowSpec};
use sqlparser::tokenizer::Span;

pub use self::scope::{Field, Scope};
use super::catalog::{Catalog, Table};
use super::error::{Place, QueryError, Result};
use super::statement::Parsed;
use super::types::Type;

/// A column of a result.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OutputColumn {
    /// Its name; `_col0`, … if it has none.
    pub name: String,
    /// Its type.
    pub ty: Type,
}

/// A table that a query reads: `temp.t0`, … of SQLite's statement, in their order.
#[derive(Clone, Debug)]
pub struct TableUse {
    /// The table.
    pub table: Table,
    /// What it is called in the statement, e.g. `r2`.
    pub alias: String,
    /// Conditions that speak of partition keys alone: a partition that does not meet all of them is not read. Its keys are
    /// columns of `alias`.
    pub partition_filters: Vec<String>,
}

/// A query that is ready to run.
#[derive(Clone, Debug)]
pub struct Plan {
    /// SQLite's statement.
    pub sql: String,
    /// What it gives.
    pub columns: Vec<OutputColumn>,
    /// What it reads.
    pub tables: Vec<TableUse>,
}

/// Makes a query ready to run.
pub fn analyze(parsed: &Parsed, catalog: &Catalog) -> Result<Plan> {
    let mut analyzer = Analyzer {
        catalog,
        operators: &parsed.operators,
        tables: Vec::new(),
        relations: Vec::new(),
        ctes: Vec::new(),
        windows: Vec::new(),
        names: 0,
        is_repeated: false,
        reach: usize::MAX,
    };
    let (sql, columns) = analyzer.query(&parsed.query, &Scope::EMPTY)?;
    let columns = columns.into_iter().map(|(name, ty)| OutputColumn { name, ty }).collect();
    Ok(Plan { sql, columns, tables: analyzer.tables })
}

/// Names and types of a query's columns, which are `c0`, `c1`, … in SQLite's statement.
type Columns = Vec<(String, Type)>;

struct Analyzer<'a> {
    catalog: &'a Catalog,
    /// Where the operators of the statement are, in their order.
    operators: &'a [Place],
    tables: Vec<TableUse>,
    relations: Vec<Relation>,
    /// Queries that `WITH` has named, innermost last: the name, the name in SQLite's statement, the columns.
    ctes: Vec<(String, String, Columns)>,
    /// The windows that a `SELECT` names.
    windows: Vec<(String, WindowSpec)>,
    /// How many names were given.
    names: usize,
    /// Whether what is analyzed is asked again for each row of a query around it.
    is_repeated: bool,
    /// The first relation that was named of late, to see whether one of a query around was.
    reach: usize,
}

/// An entry of `FROM`, called `r0`, `r1`, … by its number.
#[derive(Clone, Debug, Default)]
struct Relation {
    /// The table it is, by its number in `tables`, if it is one.
    table: Option<usize>,
    /// The columns that are read.
    used: BTreeSet<usize>,
    /// Conditions that can be applied before it is joined.
    pushed: Vec<String>,
    /// Whether an outer join may put NULLs in place of its rows.
    is_nullable: bool,
}

/// An expression of SQLite, and its type.
#[derive(Clone, Debug)]
struct Typed {
    sql: String,
    ty: Type,
}

/// How far an analysis has come, to return to.
struct Mark {
    tables: usize,
    relations: usize,
    names: usize,
}

impl Analyzer<'_> {
    fn mark(&self) -> Mark {
        Mark { tables: self.tables.len(), relations: self.relations.len(), names: self.names }
    }

    /// Forgets what was done since.
    fn return_to(&mut self, mark: &Mark) {
        self.tables.truncate(mark.tables);
        self.relations.truncate(mark.relations);
        self.names = mark.names;
    }

    /// Where the operator is that comes after an operand.
    fn operator_after(&self, operand: &impl Spanned) -> Option<Place> {
        let end = operand.span().end;
        let end = Place { line: end.line, column: end.column };
        let next = self.operators.partition_point(|place| *place < end);
        self.operators.get(next).copied().filter(|_| end.line > 0)
    }

    fn fresh(&mut self, prefix: char) -> String {
        self.names += 1;
        format!("{prefix}{}", self.names)
    }
}

/// Where something of a statement begins.
pub(super) fn place(span: Span) -> Option<Place> {
    (span.start.line > 0).then_some(Place { line: span.start.line, column: span.start.column })
}

fn place_of(parts: &[Ident]) -> Option<Place> {
    parts.first().and_then(|part| place(part.span))
}

fn at(thing: &impl Spanned) -> Option<Place> {
    place(thing.span())
}

/// What Athena has, and vpclab has not.
fn not_supported(place: Option<Place>, what: &str) -> QueryError {
    QueryError::at("NOT_SUPPORTED", place, format!("vpclab does not run {what}"))
}

fn mismatch(place: Option<Place>, message: impl Into<String>) -> QueryError {
    QueryError::at("TYPE_MISMATCH", place, message)
}
