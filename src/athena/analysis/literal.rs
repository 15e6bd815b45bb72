//! Values that are written out.

use sqlparser::ast::{DateTimeField, Expr, Interval, Value};

use super::{Typed, at, not_supported};
use crate::athena::error::{Place, QueryError, Result};
use crate::athena::types::Type;
use crate::athena::{calendar, cast};

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
        // SQLite has no word for what is infinite.
        let sql = if number.is_infinite() { "9e999".to_owned() } else { format!("{number:e}") };
        return Ok(Typed::new(sql, Type::Double));
    }
    if digits.contains('.') {
        let ty = decimal_of(digits).ok_or_else(invalid)?;
        return Ok(Typed::new(format!("cast_value('{digits}', 'varchar', '{ty}')"), ty));
    }
    let number: i64 = digits.parse().map_err(|_| invalid())?;
    let ty = if i32::try_from(number).is_ok() { Type::Integer } else { Type::Bigint };
    // SQLite takes `--` for a comment.
    Ok(Typed::new(if number < 0 { format!("({number})") } else { number.to_string() }, ty))
}

/// The type of a decimal that is written out: as many digits as there are.
fn decimal_of(text: &str) -> Option<Type> {
    let digits = text.trim_start_matches(['+', '-']);
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    let precision = whole.trim_start_matches('0').len() + part.len();
    let precision = u8::try_from(precision).ok().filter(|precision| *precision <= 38)?;
    let is_number =
        !digits.is_empty() && [whole, part].iter().all(|part| part.bytes().all(|c| c.is_ascii_digit()));
    is_number.then(|| Type::Decimal(precision.max(1), part.len() as u8))
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
    // What is written out says how many digits there are, and whether there is a zone.
    let ty = match ty {
        Type::Decimal(..) => decimal_of(text).unwrap_or(ty),
        Type::Timestamp if calendar::parse_timestamp(text).is_some_and(|(_, zone)| zone.is_some()) => {
            Type::TimestampTz
        }
        Type::Timestamp if text.contains('/') => {
            return Err(not_supported(place, "time zones other than UTC and offsets"));
        }
        ty => ty,
    };
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
        Some(DateTimeField::Second) => (1000, Type::IntervalDay),
        Some(DateTimeField::Minute) => (60_000, Type::IntervalDay),
        Some(DateTimeField::Hour) => (3_600_000, Type::IntervalDay),
        Some(DateTimeField::Day) => (86_400_000, Type::IntervalDay),
        Some(DateTimeField::Month) => (1, Type::IntervalYear),
        Some(DateTimeField::Year) => (12, Type::IntervalYear),
        _ => {
            let message = "an interval has one of the units YEAR, MONTH, DAY, HOUR, MINUTE and SECOND";
            return Err(QueryError::at("SYNTAX_ERROR", place, message));
        }
    };
    let number: Option<i64> = text.trim().parse().ok();
    let Some(number) = number.and_then(|number| number.checked_mul(unit * sign)) else {
        let message = format!("'{text}' is not a valid INTERVAL literal");
        return Err(QueryError::at("INVALID_LITERAL", place, message));
    };
    Ok(Typed::new(number.to_string(), ty))
}
