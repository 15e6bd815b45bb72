//! Names: what columns there are at a place of a query, and what they are in SQLite's statement.

use sqlparser::ast::Ident;

use super::{not_supported, place, place_of};
use crate::athena::error::{QueryError, Result};
use crate::athena::types::Type;

/// A column that an expression can name.
#[derive(Clone, Debug)]
pub struct Field {
    /// The table's name or alias, if the column has one.
    pub relation: Option<String>,
    /// Its name.
    pub name: String,
    /// Its type.
    pub ty: Type,
    /// What it is in SQLite's statement, e.g. `r0.c3`.
    pub sql: String,
    /// The relation of `FROM` it is of, and its number there.
    pub source: (usize, usize),
}

/// Columns that Athena's tables have beside their own.
const HIDDEN: [&str; 4] = ["$path", "$file_size", "$file_modified_time", "$partition"];

/// The columns at a place, and those of the queries around it.
#[derive(Clone, Copy, Debug)]
pub struct Scope<'a> {
    /// Names that come before the columns: those of the output, in `ORDER BY`.
    pub outputs: &'a [Field],
    /// The columns of `FROM`.
    pub fields: &'a [Field],
    /// What its rows are grouped by: other columns differ within a group, also for queries inside.
    pub keys: Option<&'a [String]>,
    /// What is around it.
    pub parent: Option<&'a Scope<'a>>,
}

/// A column that was found, and whether a query around has it.
pub struct Resolved<'a> {
    /// The column.
    pub field: &'a Field,
    /// Whether it is a column of a query around this one.
    pub is_outer: bool,
    /// Whether it is a column of the output.
    pub is_output: bool,
    /// What the rows that it is a column of are grouped by.
    pub keys: Option<&'a [String]>,
}

impl<'a> Scope<'a> {
    /// Where nothing has a name.
    pub const EMPTY: Scope<'static> = Scope { outputs: &[], fields: &[], keys: None, parent: None };

    /// Finds a column by its name, with that of its table before it or not.
    pub fn resolve(&self, parts: &[Ident]) -> Result<Resolved<'a>> {
        let (mut scope, mut is_outer) = (Some(self), false);
        while let Some(Scope { outputs, fields, keys, parent }) = scope {
            for (columns, is_output) in [(outputs, true), (fields, false)] {
                let found: Vec<&Field> = columns.iter().filter(|field| field.is_named(parts)).collect();
                match found.as_slice() {
                    [] => {}
                    [field] => return Ok(Resolved { field, is_outer, is_output, keys: *keys }),
                    // The same column twice in an output is one column.
                    [first, rest @ ..] if is_output && rest.iter().all(|field| field.sql == first.sql) => {
                        return Ok(Resolved { field: first, is_outer, is_output, keys: *keys });
                    }
                    _ => {
                        let message = format!("Column '{}' is ambiguous", dotted(parts));
                        return Err(QueryError::at("AMBIGUOUS_NAME", place_of(parts), message));
                    }
                }
            }
            (scope, is_outer) = (*parent, true);
        }
        if let [name] = parts
            && name.quote_style == Some('`')
        {
            return Err(backquoted(name));
        }
        if let Some(name) = parts.last().filter(|name| HIDDEN.contains(&name.value.as_str())) {
            return Err(not_supported(place(name.span), &format!("the hidden column \"{}\"", name.value)));
        }
        let message = format!(
            "Column '{}' cannot be resolved or requester is not authorized to access requested resources",
            dotted(parts)
        );
        let error = QueryError::at("COLUMN_NOT_FOUND", place_of(parts), message);
        let is_quoted = matches!(parts, [name] if name.quote_style == Some('"'));
        Err(match self.names().as_slice() {
            _ if is_quoted => {
                error.hint("what is in double quotes is a column; text is in single ones: 'REJECT'")
            }
            [] => error,
            names => error.hint(format!("the columns are: {}", names.join(", "))),
        })
    }

    fn names(&self) -> Vec<&'a str> {
        self.fields.iter().map(|field| field.name.as_str()).collect()
    }
}

impl Field {
    /// Names are the same however they are capitalized; a table is named by its last part.
    fn is_named(&self, parts: &[Ident]) -> bool {
        let Some((name, before)) = parts.split_last() else { return false };
        let is_of = |relation: &Ident| {
            self.relation.as_ref().is_some_and(|own| own.eq_ignore_ascii_case(&relation.value))
        };
        self.name.eq_ignore_ascii_case(&name.value) && before.last().is_none_or(is_of)
    }
}

/// Queries quote names as SQL does, other than statements that define tables.
pub fn backquoted(name: &Ident) -> QueryError {
    let message = "backquoted identifiers are not supported; use double quotes to quote identifiers";
    QueryError::at("SYNTAX_ERROR", place(name.span), message)
}

pub fn dotted(parts: &[Ident]) -> String {
    parts.iter().map(|part| part.value.to_lowercase()).collect::<Vec<_>>().join(".")
}
