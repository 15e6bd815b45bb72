//! Values as they are shown, and as they lie in the JSON of an array.

use rusqlite::types::{Value, ValueRef};

use super::types::Type;
use super::{address, calendar, decimal};

/// A value as Athena's CSV shows it. `None` for NULL.
pub fn print(value: ValueRef<'_>, ty: &Type) -> Option<String> {
    match value {
        ValueRef::Null => None,
        ValueRef::Integer(number) => Some(print_integer(number, ty)),
        ValueRef::Real(number) => Some(double_text(number)),
        ValueRef::Text(bytes) => Some(print_text(&String::from_utf8_lossy(bytes), ty)),
        ValueRef::Blob(bytes) => Some(print_blob(bytes, ty).unwrap_or_else(|| to_hex(bytes))),
    }
}

fn print_integer(number: i64, ty: &Type) -> String {
    match ty {
        Type::Boolean => (number != 0).to_string(),
        Type::Double => double_text(to_double(number)),
        Type::Date => calendar::date_text(number),
        Type::Timestamp => calendar::timestamp_text(number, " "),
        Type::TimestampTz => format!("{} UTC", calendar::timestamp_text(number, " ")),
        Type::IntervalDay => {
            let size = number.saturating_abs();
            let (days, time) = (size / calendar::DAY, size % calendar::DAY);
            format!("{}{days} {}", sign(number), calendar::time_text(time))
        }
        Type::IntervalYear => {
            format!("{}{}-{}", sign(number), number.unsigned_abs() / 12, number.unsigned_abs() % 12)
        }
        Type::Unknown | Type::Tinyint | Type::Smallint | Type::Integer | Type::Bigint => number.to_string(),
        Type::Decimal(..) | Type::Varchar(_) | Type::IpAddress | Type::IpPrefix | Type::Array(_) => {
            number.to_string()
        }
    }
}

fn sign(number: i64) -> &'static str {
    if number < 0 { "-" } else { "" }
}

fn print_text(text: &str, ty: &Type) -> String {
    let Type::Array(element) = ty else { return text.to_owned() };
    let Some(items) = elements(text) else { return text.to_owned() };
    let shown: Vec<String> = items
        .iter()
        .map(|item| {
            let value = from_json(item, element);
            print(ValueRef::from(&value), element).unwrap_or_else(|| "null".to_owned())
        })
        .collect();
    format!("[{}]", shown.join(", "))
}

fn print_blob(bytes: &[u8], ty: &Type) -> Option<String> {
    if let Type::Decimal(_, scale) = ty {
        return decimal::decode(bytes).map(|unscaled| decimal::to_text(unscaled, *scale));
    }
    if matches!(ty, Type::IpAddress) {
        return address::address_text(bytes);
    }
    matches!(ty, Type::IpPrefix).then(|| address::prefix_text(bytes))?
}

/// A number as Java shows it: `1.0`, `1.0E7`, `1.0E-5`, `Infinity`.
pub fn double_text(number: f64) -> String {
    let size = number.abs();
    if number.is_finite() && (size == 0.0 || (1e-3..1e7).contains(&size)) {
        let text = number.to_string();
        return if text.contains('.') { text } else { text + ".0" };
    }
    scientific_text(number)
}

/// A number with one digit before the point and an exponent, as a cast to text shows it: `1.5E0`.
pub fn scientific_text(number: f64) -> String {
    if number.is_nan() {
        return "NaN".to_owned();
    }
    if number.is_infinite() {
        return if number > 0.0 { "Infinity" } else { "-Infinity" }.to_owned();
    }
    let text = format!("{number:E}");
    match text.split_once('E') {
        Some((mantissa, exponent)) if !mantissa.contains('.') => format!("{mantissa}.0E{exponent}"),
        _ => text,
    }
}

/// A value of its own. Text that is not UTF-8 is mended.
pub fn owned(value: ValueRef<'_>) -> Value {
    match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) => Value::Integer(number),
        ValueRef::Real(number) => Value::Real(number),
        ValueRef::Text(bytes) => Value::Text(String::from_utf8_lossy(bytes).into_owned()),
        ValueRef::Blob(bytes) => Value::Blob(bytes.to_vec()),
    }
}

/// The nearest number of IEEE 754.
#[expect(clippy::cast_precision_loss, reason = "doubles are rounded")]
pub fn to_double(number: i64) -> f64 {
    number as f64
}

/// Whether values of a type are kept as blobs.
pub fn is_blob(ty: &Type) -> bool {
    matches!(ty, Type::Decimal(..) | Type::IpAddress | Type::IpPrefix)
}

/// The elements of an array.
pub fn elements(text: &str) -> Option<Vec<serde_json::Value>> {
    serde_json::from_str(text).ok()
}

/// A value as an element of an array. A blob is its hex digits, an array is one of JSON.
pub fn to_json(value: ValueRef<'_>, is_array: bool) -> serde_json::Value {
    match value {
        ValueRef::Null => serde_json::Value::Null,
        ValueRef::Integer(number) => number.into(),
        ValueRef::Real(number) if number.is_finite() => number.into(),
        ValueRef::Real(number) => double_text(number).into(),
        ValueRef::Text(bytes) => {
            let text = String::from_utf8_lossy(bytes).into_owned();
            let nested = if is_array { serde_json::from_str(&text).ok() } else { None };
            nested.unwrap_or(serde_json::Value::String(text))
        }
        ValueRef::Blob(bytes) => to_hex(bytes).into(),
    }
}

/// An element of an array as a value of its type.
pub fn from_json(item: &serde_json::Value, ty: &Type) -> Value {
    let value = raw_from_json(item);
    let Value::Text(text) = &value else { return value };
    if is_blob(ty) {
        return from_hex(text).map_or(value, Value::Blob);
    }
    if matches!(ty, Type::Double) {
        return text.parse().map_or(Value::Null, Value::Real);
    }
    value
}

/// An element of an array as a value, where the type is not known: a blob stays its hex digits.
pub fn raw_from_json(item: &serde_json::Value) -> Value {
    match item {
        serde_json::Value::Null => Value::Null,
        serde_json::Value::Bool(truth) => Value::Integer(i64::from(*truth)),
        serde_json::Value::Number(number) => match number.as_i64() {
            Some(number) => Value::Integer(number),
            None => number.as_f64().map_or(Value::Null, Value::Real),
        },
        serde_json::Value::String(text) => Value::Text(text.clone()),
        serde_json::Value::Array(_) | serde_json::Value::Object(_) => Value::Text(item.to_string()),
    }
}

/// Bytes as hex digits.
pub fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Hex digits as bytes.
pub fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u32>> = text.chars().map(|c| c.to_digit(16)).collect();
    let digits = digits.filter(|digits| digits.len() % 2 == 0)?;
    digits.chunks(2).map(|pair| u8::try_from(pair[0] * 16 + pair[1]).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubles_are_shown_as_java_does() {
        for (number, text) in [
            (1.0, "1.0"),
            (0.0, "0.0"),
            (1e7, "1.0E7"),
            (9_999_999.5, "9999999.5"),
            (1e-5, "1.0E-5"),
            (0.001, "0.001"),
            (-1.25e300, "-1.25E300"),
            (f64::INFINITY, "Infinity"),
        ] {
            assert_eq!(double_text(number), text);
        }
        assert_eq!(scientific_text(12.5), "1.25E1");
    }

    #[test]
    fn values_are_shown_by_their_type() {
        let day = 24 * 3_600_000;
        for (value, ty, text) in [
            (Value::Integer(1), "boolean", "true"),
            (Value::Integer(19_902), "date", "2024-06-28"),
            (Value::Integer(1_617_235_200_000), "timestamp", "2021-04-01 00:00:00.000"),
            (Value::Integer(0), "timestamp(3) with time zone", "1970-01-01 00:00:00.000 UTC"),
            (Value::Integer(7 * day), "interval day to second", "7 00:00:00.000"),
            (Value::Integer(-14), "interval year to month", "-1-2"),
            (Value::Blob(decimal::encode(-150)), "decimal(5,2)", "-1.50"),
            (Value::Text("[1,null]".to_owned()), "array(bigint)", "[1, null]"),
            (Value::Text("[[\"a\"]]".to_owned()), "array(array(varchar))", "[[a]]"),
            (Value::Blob(address::parse("10.0.0.1").unwrap_or_default()), "ipaddress", "10.0.0.1"),
        ] {
            let ty = ty.parse().unwrap_or(Type::Unknown);
            assert_eq!(print(ValueRef::from(&value), &ty).as_deref(), Some(text));
        }
        assert_eq!(print(ValueRef::Null, &Type::Bigint), None);
    }
}
