//! Comparisons that rows must pass, so that those which fail never reach SQLite.
//!
//! SQLite checks again: a row is dropped here only if it fails for certain.

use std::cmp::Ordering;

use rusqlite::types::{Value, ValueRef};

/// How a column is compared.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Op {
    /// `=`
    Equal,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
    /// `IS NOT NULL`
    NotNull,
}

impl Op {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Equal, Self::Less, Self::LessOrEqual, Self::Greater, Self::GreaterOrEqual, Self::NotNull];

    fn holds(self, ordering: Ordering) -> bool {
        match self {
            Self::Equal => ordering.is_eq(),
            Self::Less => ordering.is_lt(),
            Self::LessOrEqual => ordering.is_le(),
            Self::Greater => ordering.is_gt(),
            Self::GreaterOrEqual => ordering.is_ge(),
            Self::NotNull => true,
        }
    }
}

/// A comparison of a column with a value.
#[derive(Clone, PartialEq, Debug)]
pub struct Filter {
    /// The number of the column.
    pub column: usize,
    /// The comparison.
    pub op: Op,
    /// The value; of no meaning for `IS NOT NULL`.
    pub value: Value,
}

impl Filter {
    /// Whether a value may pass.
    #[inline]
    pub fn may_pass(&self, value: ValueRef<'_>) -> bool {
        if value == ValueRef::Null {
            return false;
        }
        if self.op == Op::NotNull {
            return true;
        }
        let ordering = match (value, &self.value) {
            // No comparison with NULL is true.
            (_, Value::Null) => return false,
            (ValueRef::Integer(a), Value::Integer(b)) => Some(a.cmp(b)),
            (ValueRef::Real(a), Value::Real(b)) => a.partial_cmp(b),
            (ValueRef::Text(a), Value::Text(b)) => Some(a.cmp(b.as_bytes())),
            (ValueRef::Blob(a), Value::Blob(b)) => Some(a.cmp(b.as_slice())),
            // What is compared may first be converted: nothing is certain.
            _ => None,
        };
        ordering.is_none_or(|ordering| self.op.holds(ordering))
    }
}
