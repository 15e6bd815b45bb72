//! Operators: which types they take, what comes of them, and what they are in SQLite.

use sqlparser::ast::{BinaryOperator, Expr, UnaryOperator};

use super::{Typed, at, mismatch, not_supported};
use crate::athena::error::{Place, Result};
use crate::athena::types::Type;

impl Typed {
    pub fn new(sql: impl Into<String>, ty: Type) -> Self {
        Self { sql: sql.into(), ty }
    }

    /// The expression as one of another type, to which its own may become without being asked.
    pub fn coerced(&self, to: &Type) -> String {
        match (&self.ty, to) {
            (from, to) if from == to => self.sql.clone(),
            (Type::Unknown, _) | (Type::Varchar(_), Type::Varchar(_)) => self.sql.clone(),
            (from, to) if from.is_integer() && to.is_integer() => self.sql.clone(),
            (from, Type::Double) if from.is_integer() => format!("CAST({} AS REAL)", self.sql),
            (_, to) => self.cast_sql(to),
        }
    }

    /// The expression as one of another type, whatever that takes.
    pub fn cast_sql(&self, to: &Type) -> String {
        format!("cast_value({}, '{}', '{to}')", self.sql, self.ty)
    }
}

/// A binary operator between two expressions.
pub fn binary(a: Typed, op: &BinaryOperator, b: Typed, is_try: bool, place: Option<Place>) -> Result<Typed> {
    use BinaryOperator as Op;
    match op {
        Op::Eq | Op::NotEq | Op::Lt | Op::LtEq | Op::Gt | Op::GtEq => {
            let ty = comparable(&a, &op.to_string(), &b, place)?;
            if matches!(ty, Type::Array(_)) && !matches!(op, Op::Eq | Op::NotEq) {
                return Err(not_supported(place, "an order of arrays"));
            }
            Ok(Typed::new(format!("({} {op} {})", a.coerced(&ty), b.coerced(&ty)), Type::Boolean))
        }
        Op::StringConcat => concatenation(&a, &b, place),
        Op::Plus | Op::Minus | Op::Multiply | Op::Divide | Op::Modulo => arithmetic(a, op, b, is_try, place),
        _ => Err(not_supported(place, &format!("the operator {op}"))),
    }
}

/// A unary operator.
pub fn unary(op: UnaryOperator, operand: Typed, is_try: bool, expr: &Expr) -> Result<Typed> {
    match op {
        UnaryOperator::Not => {
            if !matches!(operand.ty, Type::Boolean | Type::Unknown) {
                let message = format!(
                    "Value of logical NOT expression must evaluate to a boolean (actual: {})",
                    operand.ty
                );
                return Err(mismatch(at(expr), message));
            }
            Ok(Typed::new(format!("(NOT {})", operand.sql), Type::Boolean))
        }
        UnaryOperator::Plus if operand.ty.is_number() => Ok(operand),
        UnaryOperator::Minus => {
            let attempt = if is_try { "try_" } else { "" };
            let sql = match &operand.ty {
                Type::Decimal(..) => format!("t_negate_decimal({})", operand.sql),
                Type::Double | Type::IntervalDay | Type::IntervalYear => format!("(-{})", operand.sql),
                ty if ty.is_integer() => format!("{attempt}t_negate_{ty}({})", operand.sql),
                ty => return Err(mismatch(at(expr), format!("Cannot negate {ty}"))),
            };
            Ok(Typed::new(sql, operand.ty))
        }
        _ => Err(not_supported(at(expr), &format!("the operator {op}"))),
    }
}

/// The type two things are compared in.
pub fn comparable(a: &Typed, op: &str, b: &Typed, place: Option<Place>) -> Result<Type> {
    a.ty.common(&b.ty).ok_or_else(|| cannot_apply(a, op, b, place))
}

fn cannot_apply(a: &Typed, op: &str, b: &Typed, place: Option<Place>) -> crate::athena::error::QueryError {
    let error = mismatch(place, format!("Cannot apply operator: {} {op} {}", a.ty, b.ty));
    let is_text = |typed: &Typed| matches!(typed.ty, Type::Varchar(_));
    match (&a.ty, &b.ty) {
        (ty, Type::Timestamp | Type::TimestampTz) | (Type::Timestamp | Type::TimestampTz, ty)
            if ty.is_integer() =>
        {
            error.hint("from_unixtime(start) makes a moment of seconds since 1970")
        }
        (Type::Date, _) if is_text(b) => error.hint("a date is written DATE '2024-06-28'"),
        (_, Type::Date) if is_text(a) => error.hint("a date is written DATE '2024-06-28'"),
        (ty, _) if ty.is_number() && is_text(b) => error.hint("numbers are written without quotes"),
        (_, ty) if ty.is_number() && is_text(a) => {
            let is_compared = matches!(op, "=" | "<>" | "<" | "<=" | ">" | ">=");
            let how = if is_compared { "write the number in quotes, or CAST the column" } else { "CAST it" };
            error.hint(format!("one side is text: {how}"))
        }
        _ => error,
    }
}

/// `AND` and `OR`, of terms at two places.
pub fn logical(a: Typed, op: &BinaryOperator, b: Typed, places: [Option<Place>; 2]) -> Result<Typed> {
    for (side, place) in [&a, &b].into_iter().zip(places) {
        if !matches!(side.ty, Type::Boolean | Type::Unknown) {
            let message = format!("Logical expression term must evaluate to a boolean (actual: {})", side.ty);
            return Err(mismatch(place, message));
        }
    }
    Ok(Typed::new(format!("({} {op} {})", a.sql, b.sql), Type::Boolean))
}

fn concatenation(a: &Typed, b: &Typed, place: Option<Place>) -> Result<Typed> {
    match (&a.ty, &b.ty) {
        (Type::Varchar(_) | Type::Unknown, Type::Varchar(_) | Type::Unknown) => {
            Ok(Typed::new(format!("({} || {})", a.sql, b.sql), Type::VARCHAR))
        }
        (Type::Array(_), Type::Array(_)) if a.ty.common(&b.ty).is_some() => {
            let ty = a.ty.common(&b.ty).expect("it was just asked");
            Ok(Typed::new(format!("t_array_concat({}, {})", a.coerced(&ty), b.coerced(&ty)), ty))
        }
        _ => Err(cannot_apply(a, "||", b, place).hint("CAST(… AS varchar) makes text of a number")),
    }
}

fn arithmetic(a: Typed, op: &BinaryOperator, b: Typed, is_try: bool, place: Option<Place>) -> Result<Typed> {
    let attempt = if is_try { "try_" } else { "" };
    if let Some(moment) = with_times(&a, op, &b, attempt) {
        return Ok(moment);
    }
    let is_number = |typed: &Typed| typed.ty.is_number() || typed.ty == Type::Unknown;
    if !is_number(&a) || !is_number(&b) {
        return Err(cannot_apply(&a, &op.to_string(), &b, place));
    }
    let name = match op {
        BinaryOperator::Plus => "add",
        BinaryOperator::Minus => "subtract",
        BinaryOperator::Multiply => "multiply",
        BinaryOperator::Divide => "divide",
        _ => "modulus",
    };
    match a.ty.common(&b.ty).expect("both are numbers") {
        Type::Double => {
            let (a, b) = (a.coerced(&Type::Double), b.coerced(&Type::Double));
            let sql = match op {
                BinaryOperator::Divide | BinaryOperator::Modulo => format!("t_{name}_double({a}, {b})"),
                _ => format!("({a} {op} {b})"),
            };
            Ok(Typed::new(sql, Type::Double))
        }
        Type::Decimal(..) => decimal(&a, op, name, &b, attempt),
        ty => {
            let ty = if ty == Type::Unknown { Type::Integer } else { ty };
            Ok(Typed::new(format!("{attempt}t_{name}_{ty}({}, {})", a.sql, b.sql), ty))
        }
    }
}

/// Arithmetic of decimals: what digits a result has is known from those of its operands.
fn decimal(a: &Typed, op: &BinaryOperator, name: &str, b: &Typed, attempt: &str) -> Result<Typed> {
    let digits = |typed: &Typed| typed.ty.as_decimal().unwrap_or((1, 0));
    let ((p, s), (q, t)) = (digits(a), digits(b));
    let (x, y) = (a.coerced(&Type::Decimal(p, s)), b.coerced(&Type::Decimal(q, t)));
    let most = s.max(t);
    let (precision, scale) = match op {
        BinaryOperator::Multiply => (p + q, s + t),
        BinaryOperator::Divide => (p + t + t.saturating_sub(s), most),
        BinaryOperator::Modulo => ((p - s).min(q - t) + most, most),
        _ => ((p - s).max(q - t) + most + 1, most),
    };
    let sql = match op {
        BinaryOperator::Multiply => format!("{attempt}t_{name}_decimal({x}, {y})"),
        _ => format!("{attempt}t_{name}_decimal({x}, {s}, {y}, {t})"),
    };
    Ok(Typed::new(sql, Type::Decimal(precision.clamp(1, 38), scale.min(38))))
}

const DAY: u64 = 86_400_000;

/// Arithmetic with days, moments and spans, if it is that.
fn with_times(a: &Typed, op: &BinaryOperator, b: &Typed, attempt: &str) -> Option<Typed> {
    use Type::{Date, IntervalDay, IntervalYear, Timestamp, TimestampTz};
    let (x, y) = (&a.sql, &b.sql);
    let sign = match op {
        BinaryOperator::Plus => "+",
        BinaryOperator::Minus => "-",
        BinaryOperator::Multiply => "*",
        _ => return None,
    };
    let sql = match (&a.ty, sign, &b.ty) {
        (Date, "+" | "-", IntervalDay) => {
            return Some(Typed::new(format!("{attempt}t_date_add_span({x}, {sign}({y}))"), Date));
        }
        (Date, "+" | "-", IntervalYear) => {
            return Some(Typed::new(format!("t_date_add_months({x}, {sign}({y}))"), Date));
        }
        (Timestamp | TimestampTz, "+" | "-", IntervalDay) => format!("({x} {sign} {y})"),
        (Timestamp | TimestampTz, "+" | "-", IntervalYear) => {
            format!("t_timestamp_add_months({x}, {sign}({y}))")
        }
        (IntervalDay | IntervalYear, "+", Date | Timestamp | TimestampTz) => {
            return with_times(b, op, a, attempt);
        }
        (Date, "-", Date) => return Some(Typed::new(format!("(({x} - {y}) * {DAY})"), IntervalDay)),
        (Timestamp, "-", Timestamp) | (TimestampTz, "-", TimestampTz) => {
            return Some(Typed::new(format!("({x} - {y})"), IntervalDay));
        }
        (IntervalDay, "+" | "-", IntervalDay) | (IntervalYear, "+" | "-", IntervalYear) => {
            format!("({x} {sign} {y})")
        }
        (IntervalDay | IntervalYear, "*", number) if number.is_integer() => format!("({x} * {y})"),
        (number, "*", IntervalDay | IntervalYear) if number.is_integer() => {
            return Some(Typed::new(format!("({x} * {y})"), b.ty.clone()));
        }
        _ => return None,
    };
    Some(Typed::new(sql, a.ty.clone()))
}
