//! What a function says when it fails at run time, and how that is found again behind SQLite's errors.

use std::fmt;

/// A function that failed. SQLite carries no more than its text, `CODE: message`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Failure {
    /// E.g. `DIVISION_BY_ZERO`.
    pub code: &'static str,
    /// What is wrong.
    pub message: String,
}

impl Failure {
    /// A failure with any of Trino's codes.
    pub fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }

    /// An argument that a function does not take.
    pub fn argument(message: impl Into<String>) -> Self {
        Self::new("INVALID_FUNCTION_ARGUMENT", message)
    }

    /// A value that does not become one of another type.
    pub fn cast(message: impl Into<String>) -> Self {
        Self::new("INVALID_CAST_ARGUMENT", message)
    }

    /// A number that its type does not hold.
    pub fn range(message: impl Into<String>) -> Self {
        Self::new("NUMERIC_VALUE_OUT_OF_RANGE", message)
    }

    /// A division by zero.
    pub fn division() -> Self {
        Self::new("DIVISION_BY_ZERO", "Division by zero")
    }

    /// A value that is not kept as its type says: a mistake of ours.
    pub fn internal(message: impl Into<String>) -> Self {
        Self::new("GENERIC_INTERNAL_ERROR", message)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.message)
    }
}

impl std::error::Error for Failure {}

impl From<Failure> for rusqlite::Error {
    fn from(failure: Failure) -> Self {
        Self::UserFunctionError(Box::new(failure))
    }
}

/// Code and message of a function's failure, out of the error that SQLite made of it.
pub fn failure(error: &rusqlite::Error) -> Option<(String, String)> {
    let text = error.to_string();
    if text == "integer overflow" {
        return Some(("NUMERIC_VALUE_OUT_OF_RANGE".to_owned(), "bigint addition overflow".to_owned()));
    }
    let (code, message) = text.split_once(": ")?;
    let is_code = code.contains('_') && code.bytes().all(|byte| byte == b'_' || byte.is_ascii_uppercase());
    is_code.then(|| (code.to_owned(), message.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_survives_sqlite() {
        let error = rusqlite::Error::from(Failure::argument("a: b"));
        assert_eq!(failure(&error), Some(("INVALID_FUNCTION_ARGUMENT".to_owned(), "a: b".to_owned())));
        assert_eq!(failure(&rusqlite::Error::InvalidQuery), None);
    }
}
