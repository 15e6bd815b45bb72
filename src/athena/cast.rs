//! Casts of values from type to type, as Trino does them.

use rusqlite::Connection;
use rusqlite::functions::{Context, FunctionFlags};
use rusqlite::types::{Value, ValueRef};

use super::failure::Failure;
use super::types::Type;
use super::value::{double_text, elements, from_json, owned, print, scientific_text, to_double, to_json};
use super::{address, attempt, calendar, decimal};

/// What comes of a cast or a function.
pub type Outcome = Result<Value, Failure>;

/// Whether there is a cast between two types.
pub fn is_castable(from: &Type, to: &Type) -> bool {
    if from == to || matches!(from, Type::Unknown) {
        return true;
    }
    match (from, to) {
        (Type::Array(from), Type::Array(to)) => is_castable(from, to),
        (Type::Array(_), _)
        | (_, Type::Array(_) | Type::Unknown | Type::IntervalDay | Type::IntervalYear) => false,
        (_, Type::Varchar(_)) | (Type::Varchar(_), _) => true,
        (Type::IpAddress | Type::IpPrefix, Type::IpAddress | Type::IpPrefix) => true,
        (from, to) if is_moment(from) => is_moment(to),
        (from, to) => {
            (from.is_number() || *from == Type::Boolean) && (to.is_number() || *to == Type::Boolean)
        }
    }
}

fn is_moment(ty: &Type) -> bool {
    matches!(ty, Type::Date | Type::Timestamp | Type::TimestampTz)
}

/// Casts a value. NULL stays NULL.
pub fn cast(value: &Value, from: &Type, to: &Type) -> Outcome {
    if *value == Value::Null || from == to {
        return Ok(value.clone());
    }
    match to {
        Type::Unknown | Type::IntervalDay | Type::IntervalYear => Ok(value.clone()),
        Type::Boolean => to_boolean(value, from),
        Type::Tinyint => to_integer(value, from, "TINYINT", i64::from(i8::MIN), i64::from(i8::MAX)),
        Type::Smallint => to_integer(value, from, "SMALLINT", i64::from(i16::MIN), i64::from(i16::MAX)),
        Type::Integer => to_integer(value, from, "INT", i64::from(i32::MIN), i64::from(i32::MAX)),
        Type::Bigint => to_integer(value, from, "BIGINT", i64::MIN, i64::MAX),
        Type::Decimal(precision, scale) => to_decimal(value, from, *precision, *scale),
        Type::Double => to_double_value(value, from),
        Type::Varchar(length) => to_varchar(value, from, *length),
        Type::Date | Type::Timestamp | Type::TimestampTz => to_moment(value, from, to),
        Type::IpAddress => to_address(value),
        Type::IpPrefix => to_prefix(value),
        Type::Array(element) => to_array(value, from, element),
    }
}

fn wrong(value: &Value, from: &Type, name: &str) -> Failure {
    Failure::cast(format!("Cannot cast '{}' to {name}", shown(value, from)))
}

fn shown(value: &Value, from: &Type) -> String {
    print(ValueRef::from(value), from).unwrap_or_default()
}

fn scale_of(ty: &Type) -> i32 {
    ty.as_decimal().map_or(0, |(_, scale)| i32::from(scale))
}

fn unscaled(bytes: &[u8]) -> Result<i128, Failure> {
    decimal::decode(bytes).ok_or_else(|| Failure::internal("a decimal is not kept as one"))
}

fn to_boolean(value: &Value, from: &Type) -> Outcome {
    let truth = match value {
        Value::Null => return Ok(Value::Null),
        Value::Integer(number) => *number != 0,
        Value::Real(number) => *number != 0.0,
        Value::Blob(bytes) => unscaled(bytes)? != 0,
        Value::Text(text) => match text.to_ascii_lowercase().as_str() {
            "true" | "t" | "1" => true,
            "false" | "f" | "0" => false,
            _ => return Err(wrong(value, from, "BOOLEAN")),
        },
    };
    Ok(Value::from(truth))
}

fn to_integer(value: &Value, from: &Type, name: &str, least: i64, most: i64) -> Outcome {
    let out_of_range = || {
        let type_name = if name == "INT" { "integer".to_owned() } else { name.to_ascii_lowercase() };
        Failure::range(format!("Out of range for {type_name}: {}", shown(value, from)))
    };
    let number = match value {
        Value::Null => return Ok(Value::Null),
        Value::Integer(number) => *number,
        Value::Real(number) => round_to_integer(*number).ok_or_else(|| {
            if name == "BIGINT" {
                Failure::cast(format!("Unable to cast {} to bigint", double_text(*number)))
            } else {
                out_of_range()
            }
        })?,
        Value::Text(text) => {
            let number = text.parse().ok().filter(|number| (least..=most).contains(number));
            number.ok_or_else(|| wrong(value, from, name))?
        }
        Value::Blob(bytes) => {
            let whole = decimal::rescale(unscaled(bytes)?, scale_of(from), 0);
            let number = whole.and_then(|whole| i64::try_from(whole).ok());
            let number = number.filter(|number| (least..=most).contains(number));
            number.ok_or_else(|| wrong(value, from, name))?
        }
    };
    if (least..=most).contains(&number) { Ok(Value::Integer(number)) } else { Err(out_of_range()) }
}

/// A number as the nearest whole one, half away from zero, if 64 bits hold it.
#[expect(clippy::cast_possible_truncation, reason = "the range is checked before")]
pub fn round_to_integer(number: f64) -> Option<i64> {
    let rounded = number.round();
    // The bounds are -2^63 and 2^63: both are exact as doubles.
    let is_inside = (-9_223_372_036_854_775_808.0..9_223_372_036_854_775_808.0).contains(&rounded);
    is_inside.then_some(rounded as i64)
}

fn to_decimal(value: &Value, from: &Type, precision: u8, scale: u8) -> Outcome {
    let name = from.to_string().to_ascii_uppercase();
    let name = if matches!(from, Type::Varchar(_)) { "VARCHAR" } else { &name };
    let target = format!("DECIMAL({precision}, {scale})");
    let base = || format!("Cannot cast {name} '{}' to {target}", shown(value, from));
    let (number, number_scale) = match value {
        Value::Null => return Ok(Value::Null),
        Value::Integer(number) => (i128::from(*number), 0),
        Value::Blob(bytes) => (unscaled(bytes)?, scale_of(from)),
        Value::Real(number) => decimal::parse(&number.to_string()).ok_or_else(|| Failure::cast(base()))?,
        Value::Text(text) => decimal::parse(text.trim())
            .ok_or_else(|| Failure::cast(format!("{}. Value is not a number.", base())))?,
    };
    let rescaled = decimal::rescale(number, number_scale, i32::from(scale));
    let rescaled = rescaled.filter(|rescaled| decimal::fits(*rescaled, precision)).ok_or_else(|| {
        let is_text = matches!(value, Value::Text(_));
        Failure::cast(base() + if is_text { ". Value too large." } else { "" })
    })?;
    Ok(Value::Blob(decimal::encode(rescaled)))
}

fn to_double_value(value: &Value, from: &Type) -> Outcome {
    let number = match value {
        Value::Null => return Ok(Value::Null),
        Value::Integer(number) => to_double(*number),
        Value::Real(number) => *number,
        Value::Blob(bytes) => decimal_to_double(unscaled(bytes)?, from),
        Value::Text(text) => parse_double(text).ok_or_else(|| wrong(value, from, "DOUBLE"))?,
    };
    Ok(Value::Real(number))
}

fn decimal_to_double(unscaled: i128, from: &Type) -> f64 {
    let scale = from.as_decimal().map_or(0, |(_, scale)| scale);
    decimal::to_text(unscaled, scale).parse().unwrap_or(f64::NAN)
}

/// Reads a number as Java does: Rust knows more names of the infinite.
fn parse_double(text: &str) -> Option<f64> {
    let text = text.trim();
    let digits = text.trim_start_matches(['+', '-']);
    let is_number = digits.starts_with(|c: char| c.is_ascii_digit() || c == '.');
    (is_number || digits == "NaN" || digits == "Infinity").then(|| text.parse().ok())?
}

fn to_varchar(value: &Value, from: &Type, length: Option<u32>) -> Outcome {
    let text = match value {
        Value::Real(number) => scientific_text(*number),
        Value::Null | Value::Integer(_) | Value::Text(_) | Value::Blob(_) => shown(value, from),
    };
    let Some(length) = length else { return Ok(Value::Text(text)) };
    let most = usize::try_from(length).unwrap_or(usize::MAX);
    if text.chars().count() <= most {
        return Ok(Value::Text(text));
    }
    if !matches!(from, Type::Varchar(_)) {
        return Err(Failure::cast(format!("Value {text} cannot be represented as varchar({length})")));
    }
    Ok(Value::Text(text.chars().take(most).collect()))
}

fn to_moment(value: &Value, from: &Type, to: &Type) -> Outcome {
    let is_day = *to == Type::Date;
    let number = match value {
        Value::Text(text) if is_day => calendar::parse_date(text)
            .ok_or_else(|| Failure::cast(format!("Value cannot be cast to date: {text}")))?,
        Value::Text(text) => text_to_moment(text, to)?,
        Value::Integer(number) if is_day => calendar::split(*number).0,
        Value::Integer(number) if *from == Type::Date => number.saturating_mul(calendar::DAY),
        Value::Integer(number) => *number,
        Value::Null | Value::Real(_) | Value::Blob(_) => return Err(wrong(value, from, "TIMESTAMP")),
    };
    Ok(Value::Integer(number))
}

fn text_to_moment(text: &str, to: &Type) -> Result<i64, Failure> {
    let is_zoned = *to == Type::TimestampTz;
    let name = if is_zoned { "timestamp with time zone" } else { "timestamp" };
    match calendar::parse_timestamp(text) {
        Some((moment, zone)) if is_zoned || zone.is_none() => Ok(moment - zone.unwrap_or(0)),
        _ => Err(Failure::cast(format!("Value cannot be cast to {name}: {text}"))),
    }
}

fn to_address(value: &Value) -> Outcome {
    let bytes = match value {
        Value::Text(text) => address::parse(text)
            .ok_or_else(|| Failure::cast(format!("Cannot cast value to IPADDRESS: {text}")))?,
        Value::Blob(bytes) => bytes.get(..16).unwrap_or_default().to_vec(),
        Value::Null | Value::Integer(_) | Value::Real(_) => return Ok(Value::Null),
    };
    Ok(Value::Blob(bytes))
}

fn to_prefix(value: &Value) -> Outcome {
    let bytes = match value {
        Value::Text(text) => address::parse_prefix(text)
            .ok_or_else(|| Failure::cast(format!("Cannot cast value to IPPREFIX: {text}")))?,
        Value::Blob(bytes) => [bytes.as_slice(), &[128]].concat(),
        Value::Null | Value::Integer(_) | Value::Real(_) => return Ok(Value::Null),
    };
    Ok(Value::Blob(bytes))
}

fn to_array(value: &Value, from: &Type, element: &Type) -> Outcome {
    let (Value::Text(text), Type::Array(from)) = (value, from) else { return Ok(value.clone()) };
    let items = elements(text).ok_or_else(|| Failure::internal("an array is not kept as one"))?;
    let items: Result<Vec<serde_json::Value>, Failure> = items
        .iter()
        .map(|item| {
            let value = cast(&from_json(item, from), from, element)?;
            Ok(to_json(ValueRef::from(&value), matches!(element, Type::Array(_))))
        })
        .collect();
    Ok(Value::Text(serde_json::Value::Array(items?).to_string()))
}

/// Registers `cast_value(value, 'from', 'to')`, and `try_cast_value` that gives NULL in place of an error.
pub fn register(connection: &Connection) -> rusqlite::Result<()> {
    let flags =
        FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC | FunctionFlags::SQLITE_INNOCUOUS;
    connection.create_scalar_function("cast_value", 3, flags, |context| {
        call(context)?.map_err(rusqlite::Error::from)
    })?;
    connection.create_scalar_function("try_cast_value", 3, attempt::FLAGS, |context| {
        Ok(attempt::attempt(call(context)?))
    })
}

fn call(context: &Context<'_>) -> rusqlite::Result<Outcome> {
    let from = context.get_or_create_aux(1, parse_type)?;
    let to = context.get_or_create_aux(2, parse_type)?;
    Ok(cast(&owned(context.get_raw(0)), &from, &to))
}

fn parse_type(text: ValueRef<'_>) -> Result<Type, Failure> {
    let text = text.as_str().map_err(|_| Failure::internal("a type is no text"))?;
    text.parse().map_err(|()| Failure::internal(format!("no such type: {text}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::athena::failure::failure;

    fn run(sql: &str) -> Result<Option<String>, String> {
        let connection = Connection::open_in_memory().map_err(|error| error.to_string())?;
        register(&connection).map_err(|error| error.to_string())?;
        let value: Value =
            connection.query_row(&format!("SELECT {sql}"), [], |row| row.get(0)).map_err(|error| {
                failure(&error).map_or(error.to_string(), |(code, message)| format!("{code}: {message}"))
            })?;
        Ok(print(ValueRef::from(&value), &Type::VARCHAR))
    }

    #[test]
    fn values_become_others() {
        for (value, from, to, expected) in [
            ("'42'", "varchar", "bigint", "42"),
            ("2.5", "double", "bigint", "3"),
            ("-2.5", "double", "bigint", "-3"),
            ("'T'", "varchar", "boolean", "1"),
            ("1", "boolean", "varchar", "true"),
            ("12.5", "double", "varchar", "1.25E1"),
            ("'abcdef'", "varchar", "varchar(3)", "abc"),
            ("'2024-06-28'", "varchar", "date", "19902"),
            ("19902", "date", "varchar", "2024-06-28"),
            ("1", "date", "timestamp(3)", "86400000"),
            ("-1", "timestamp(3)", "date", "-1"),
            ("'1970-01-01 01:00:00 +01:00'", "varchar", "timestamp(3) with time zone", "0"),
            ("'[\"1\",null]'", "array(varchar)", "array(bigint)", "[1,null]"),
            ("cast_value('1.005', 'varchar', 'decimal(5,2)')", "decimal(5,2)", "varchar", "1.01"),
            ("cast_value(7, 'bigint', 'decimal(5,2)')", "decimal(5,2)", "varchar", "7.00"),
            ("cast_value(0.125, 'double', 'decimal(5,2)')", "decimal(5,2)", "double", "0.13"),
            ("cast_value('10.0.0.1', 'varchar', 'ipaddress')", "ipaddress", "varchar", "10.0.0.1"),
        ] {
            let sql = format!("cast_value({value}, '{from}', '{to}')");
            assert_eq!(run(&sql), Ok(Some(expected.to_owned())), "{sql}");
        }
    }

    #[test]
    fn what_does_not_fit_fails() {
        for (sql, expected) in [
            ("'x', 'varchar', 'bigint'", "INVALID_CAST_ARGUMENT: Cannot cast 'x' to BIGINT"),
            (
                "3000000000, 'bigint', 'integer'",
                "NUMERIC_VALUE_OUT_OF_RANGE: Out of range for integer: 3000000000",
            ),
            ("1e30, 'double', 'bigint'", "INVALID_CAST_ARGUMENT: Unable to cast 1.0E30 to bigint"),
            ("'y', 'varchar', 'boolean'", "INVALID_CAST_ARGUMENT: Cannot cast 'y' to BOOLEAN"),
            ("'y', 'varchar', 'date'", "INVALID_CAST_ARGUMENT: Value cannot be cast to date: y"),
            ("'y', 'varchar', 'ipaddress'", "INVALID_CAST_ARGUMENT: Cannot cast value to IPADDRESS: y"),
            (
                "100, 'bigint', 'decimal(2,0)'",
                "INVALID_CAST_ARGUMENT: Cannot cast BIGINT '100' to DECIMAL(2, 0)",
            ),
        ] {
            assert_eq!(run(&format!("cast_value({sql})")), Err(expected.to_owned()));
            assert_eq!(run(&format!("try_cast_value({sql})")), Ok(None));
        }
        assert_eq!(run("cast_value(NULL, 'varchar', 'bigint')"), Ok(None));
    }

    #[test]
    fn some_types_never_become_others() {
        let castable = |from: &str, to: &str| match (from.parse(), to.parse()) {
            (Ok(from), Ok(to)) => is_castable(&from, &to),
            _ => false,
        };
        assert!(
            castable("varchar", "ipaddress")
                && castable("date", "timestamp")
                && castable("boolean", "double")
        );
        assert!(!castable("bigint", "date") && !castable("array(bigint)", "varchar"));
        assert!(
            castable("array(bigint)", "array(varchar)") && !castable("varchar", "interval day to second")
        );
    }
}
