//! Why a statement failed, as Athena says it.

use std::fmt;

/// A place in a statement: line and column, from 1 on.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Place {
    /// The line.
    pub line: u64,
    /// The column, in characters.
    pub column: u64,
}

/// A statement that failed. It is shown like Athena's `StateChangeReason`:
/// `COLUMN_NOT_FOUND: line 1:8: Column 'x' cannot be resolved …`.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub struct QueryError {
    /// E.g. `TABLE_NOT_FOUND`.
    pub code: &'static str,
    /// Where in the statement it lies, if it lies there.
    pub place: Option<Place>,
    /// What is wrong.
    pub message: String,
    /// What may help: vpclab's words, not Athena's.
    pub hint: Option<String>,
}

/// What comes of a statement or a part of it.
pub type Result<T> = std::result::Result<T, QueryError>;

impl QueryError {
    /// An error of the statement as a whole, or of what it reads.
    pub fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, place: None, message: message.into(), hint: None }
    }

    /// An error at a place of the statement.
    pub fn at(code: &'static str, place: impl Into<Option<Place>>, message: impl Into<String>) -> Self {
        Self { code, place: place.into(), message: message.into(), hint: None }
    }

    /// With what may help.
    #[must_use]
    pub fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }
}

impl fmt::Display for QueryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.code)?;
        if let Some(Place { line, column }) = self.place {
            write!(f, "line {line}:{column}: ")?;
        }
        f.write_str(&self.message)
    }
}
