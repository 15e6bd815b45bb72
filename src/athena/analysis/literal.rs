//! Values that are written out.

use sqlparser::ast::{DateTimeField, Expr, Interval, Value};

use super::{Typed, at, not_supported};
use crate::athena::cast;
use crate::athena::error::{Place, QueryError, Result};
use crate::athena::types::Type;

/// A number, a text, a truth value, or `NULL`.
pub fn value(value: &Value, place: Option<Place>) -> Result<Typed> {
    match value {
        Value::Number(digits, _) => number(digits, place),
        Value::SingleQuotedString(text) => string(text, place),
        Value::Boolean(is) => Ok(Typed::new(if *is { "1" } else { "0" }, Type::Boolean)),
        Value::Null => Ok(Typed::new("NULL", Type::Unknown)),
        Value::Placeholder(_) => Err(not_supported(place, "parameters")),
        _ => Err(not_supported(place, "this kind of literal")),
    }
}

/// Whole numbers are integers or bigints; what has a point is a decimal, what has an exponent a double.
fn number(digits: &str, place: Option<Place>) -> Result<Typed> {
    let invalid = || QueryError::at("INVALID_LITERAL", place, format!("Invalid numeric literal: {digits}"));
    if digits.contains(['e', 'E']) {
        let number: f64 = digits.parse().map_err(|_| invalid())?;
        return Ok(Typed::new(format!("{number:e}"), Type::Double));
    }
    if let Some((whole, part)) = digits.split_once('.') {
        let whole = whole.trim_start_matches('0');
        let precision = u8::try_from(whole.len() + part.len()).ok().filter(|digits| *digits <= 38);
        let (precision, scale) = (precision.ok_or_else(invalid)?.max(1), part.len() as u8);
        let ty = Type::Decimal(precision, scale);
        return Ok(Typed::new(format!("cast_value('{digits}', 'varchar', '{ty}')"), ty));
    }
    let number: i64 = digits.parse().map_err(|_| invalid())?;
    let ty = if i32::try_from(number).is_ok() { Type::Integer } else { Type::Bigint };
    Ok(Typed::new(number.to_string(), ty))
}

fn string(text: &str, place: Option<Place>) -> Result<Typed> {
    if text.contains('\0') {
        return Err(QueryError::at("INVALID_LITERAL", place, "a literal holds the character 0"));
    }
    let length = u32::try_from(text.chars().count()).ok();
    Ok(Typed::new(quoted(text), Type::Varchar(length)))
}

/// A text as SQLite reads it.
pub fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// A literal with its type before it, e.g. `DATE '2024-06-28'`.
pub fn typed(text: &str, ty: Type, place: Option<Place>) -> Result<Typed> {
    let literal = rusqlite::types::Value::Text(text.to_owned());
    if cast::cast(&literal, &Type::VARCHAR, &ty).is_err() {
        let name = ty.base_name();
        return Err(QueryError::at(
            "INVALID_LITERAL",
            place,
            format!("'{text}' is not a valid {name} literal"),
        ));
    }
    Ok(Typed::new(format!("cast_value({}, 'varchar', '{ty}')", quoted(text)), ty))
}

/// A span, e.g. `INTERVAL '7' DAY`.
pub fn interval(interval: &Interval) -> Result<Typed> {
    let place = at(interval.value.as_ref());
    let (mut sign, mut value) = (1, interval.value.as_ref());
    if let Expr::UnaryOp { op: sqlparser::ast::UnaryOperator::Minus, expr } = value {
        (sign, value) = (-1, expr);
    }
    let text = match value {
        Expr::Value(value) => match &value.value {
            Value::SingleQuotedString(text) => text.clone(),
            _ => {
                let message = format!("mismatched input '{value}'. Expecting: <string>");
                let error = QueryError::at("SYNTAX_ERROR", at(value), message);
                return Err(error.hint("an interval's number is in quotes: INTERVAL '7' DAY"));
            }
        },
        other => return Err(not_supported(at(other), "an interval that is not written out")),
    };
    if interval.last_field.is_some() {
        return Err(not_supported(place, "intervals of several units"));
    }
    let (unit, ty) = match &interval.leading_field {
        Some(DateTimeField::Second | DateTimeField::Seconds) => (1000, Type::IntervalDay),
        Some(DateTimeField::Minute | DateTimeField::Minutes) => (60_000, Type::IntervalDay),
        Some(DateTimeField::Hour | DateTimeField::Hours) => (3_600_000, Type::IntervalDay),
        Some(DateTimeField::Day | DateTimeField::Days) => (86_400_000, Type::IntervalDay),
        Some(DateTimeField::Month | DateTimeField::Months) => (1, Type::IntervalYear),
        Some(DateTimeField::Year | DateTimeField::Years) => (12, Type::IntervalYear),
        _ => return Err(not_supported(place, "this unit of an interval")),
    };
    let number: Option<i64> = text.trim().parse().ok();
    let Some(number) = number.and_then(|number| number.checked_mul(unit * sign)) else {
        let message = format!("'{text}' is not a valid INTERVAL literal");
        return Err(QueryError::at("INVALID_LITERAL", place, message));
    };
    Ok(Typed::new(number.to_string(), ty))
}
