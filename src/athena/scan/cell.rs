//! Cells of rows: how text becomes a value of a column's type, as Hive's LazySimpleSerDe reads it.

use rusqlite::types::{Value, ValueRef};

use crate::athena::types::Type;
use crate::athena::{calendar, decimal};

/// A value of a row, as SQLite keeps it. What is longer than a number is in the arena of its batch.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Cell {
    /// No value.
    Null,
    /// A whole number.
    Integer(i64),
    /// A number.
    Real(f64),
    /// Text in the arena.
    Text {
        /// Where it begins.
        start: u32,
        /// How many bytes it has.
        length: u32,
    },
    /// Bytes in the arena.
    Blob {
        /// Where they begin.
        start: u32,
        /// How many there are.
        length: u32,
    },
}

impl Cell {
    /// Puts text into an arena.
    pub fn text(text: &[u8], arena: &mut Vec<u8>) -> Self {
        let start = arena.len() as u32;
        arena.extend_from_slice(text);
        Self::Text { start, length: text.len() as u32 }
    }

    /// Puts bytes into an arena.
    pub fn blob(bytes: &[u8], arena: &mut Vec<u8>) -> Self {
        let start = arena.len() as u32;
        arena.extend_from_slice(bytes);
        Self::Blob { start, length: bytes.len() as u32 }
    }

    /// The value, with the arena it is in.
    pub fn value<'a>(&self, arena: &'a [u8]) -> ValueRef<'a> {
        let bytes = |start: u32, length: u32| &arena[start as usize..(start + length) as usize];
        match *self {
            Self::Null => ValueRef::Null,
            Self::Integer(number) => ValueRef::Integer(number),
            Self::Real(number) => ValueRef::Real(number),
            Self::Text { start, length } => ValueRef::Text(bytes(start, length)),
            Self::Blob { start, length } => ValueRef::Blob(bytes(start, length)),
        }
    }

    /// Reads text as a value of a type; text that is no such value is none.
    pub fn parse(ty: &Type, text: &[u8], arena: &mut Vec<u8>) -> Self {
        match ty {
            Type::Varchar(None) => Self::text(text, arena),
            Type::Varchar(Some(length)) => Self::text(shortened(text, *length as usize), arena),
            Type::Tinyint => within(text, i64::from(i8::MIN), i64::from(i8::MAX)),
            Type::Smallint => within(text, i64::from(i16::MIN), i64::from(i16::MAX)),
            Type::Integer => within(text, i64::from(i32::MIN), i64::from(i32::MAX)),
            Type::Bigint => within(text, i64::MIN, i64::MAX),
            Type::Double => str::from_utf8(text)
                .ok()
                .and_then(|text| text.trim().parse::<f64>().ok())
                // A value that is no number would be NULL in SQLite all the same.
                .filter(|number| !number.is_nan())
                .map_or(Self::Null, Self::Real),
            Type::Boolean if text.eq_ignore_ascii_case(b"true") => Self::Integer(1),
            Type::Boolean if text.eq_ignore_ascii_case(b"false") => Self::Integer(0),
            Type::Boolean => Self::Null,
            Type::Date => date(text).map_or(Self::Null, Self::Integer),
            Type::Timestamp => timestamp(text).map_or(Self::Null, Self::Integer),
            Type::Decimal(precision, scale) => {
                let number = unscaled(text, *precision, *scale);
                number.map_or(Self::Null, |number| Self::blob(&decimal::encode(number), arena))
            }
            // No column of a table is of these.
            Type::Unknown | Type::TimestampTz | Type::IntervalDay | Type::IntervalYear => Self::Null,
            Type::IpAddress | Type::IpPrefix | Type::Array(_) => Self::Null,
        }
    }
}

/// Reads text as a value of a type that stands alone.
pub fn value(ty: &Type, text: &str) -> Value {
    let mut arena = Vec::new();
    let cell = Cell::parse(ty, text.as_bytes(), &mut arena);
    // Text came from text, so it is some.
    Value::try_from(cell.value(&arena)).unwrap_or(Value::Null)
}

/// Whether a column of a table may be of a type.
pub fn is_kept(ty: &Type) -> bool {
    match ty {
        Type::Boolean | Type::Tinyint | Type::Smallint | Type::Integer | Type::Bigint => true,
        Type::Decimal(..) | Type::Double | Type::Varchar(_) | Type::Date | Type::Timestamp => true,
        Type::Unknown | Type::TimestampTz | Type::IntervalDay | Type::IntervalYear => false,
        Type::IpAddress | Type::IpPrefix | Type::Array(_) => false,
    }
}

/// The first characters of a text.
fn shortened(text: &[u8], length: usize) -> &[u8] {
    // A byte that goes on with a character is no character.
    let mut starts = text.iter().enumerate().filter(|(_, byte)| (**byte & 0xc0) != 0x80);
    starts.nth(length).map_or(text, |(end, _)| &text[..end])
}

#[inline]
fn within(text: &[u8], min: i64, max: i64) -> Cell {
    match integer(text) {
        Some(number) if (min..=max).contains(&number) => Cell::Integer(number),
        _ => Cell::Null,
    }
}

/// A whole number; what follows a point is cut off, as Hive does.
#[inline]
fn integer(text: &[u8]) -> Option<i64> {
    let (negative, digits) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, text),
    };
    if digits.is_empty() {
        return None;
    }
    let mut number = 0_i64;
    for (at, byte) in digits.iter().enumerate() {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            let fraction = &digits[at..];
            let cut = *byte == b'.' && digits.len() > 1 && fraction[1..].iter().all(u8::is_ascii_digit);
            return cut.then_some(number);
        }
        // Negative numbers have one more value.
        let digit = i64::from(digit);
        number = if negative {
            number.checked_mul(10)?.checked_sub(digit)?
        } else {
            number.checked_mul(10)?.checked_add(digit)?
        };
    }
    Some(number)
}

/// Days since 1970 of `2024-01-31`.
fn date(text: &[u8]) -> Option<i64> {
    let year = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    calendar::parse_date(str::from_utf8(text).ok().filter(|_| year == 4)?)
}

/// Milliseconds since 1970 of `2024-01-31 23:59:59.999`, in no zone.
fn timestamp(text: &[u8]) -> Option<i64> {
    let (at, zone) = calendar::parse_timestamp(str::from_utf8(text).ok()?)?;
    zone.is_none().then_some(at)
}

/// The unscaled value of a decimal; digits that are too many after the point are rounded, too many before it are no value.
fn unscaled(text: &[u8], precision: u8, scale: u8) -> Option<i128> {
    let (number, given) = decimal::parse(str::from_utf8(text).ok()?.trim())?;
    decimal::rescale(number, given, i32::from(scale)).filter(|number| decimal::fits(*number, precision))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(ty: &str, text: &str) -> Value {
        value(&ty.parse().unwrap(), text)
    }

    #[test]
    fn text_that_is_no_value_is_none() {
        for (ty, text) in [
            ("int", "-"),
            ("int", ""),
            ("int", "x"),
            ("int", "1x"),
            ("int", "2147483648"),
            ("tinyint", "128"),
            ("bigint", "9223372036854775808"),
            ("double", "-"),
            ("boolean", "1"),
            ("date", "YYYY-MM-dd"),
            ("date", "2023-02-29"),
            ("timestamp", "2024-01-31 25:00:00"),
            ("decimal(3,1)", "100"),
            ("decimal(3,1)", "-"),
        ] {
            assert_eq!(of(ty, text), Value::Null, "{text} as {ty}");
        }
    }

    #[test]
    fn text_is_read_as_the_type_of_its_column() {
        assert_eq!(of("string", "-"), Value::Text("-".into()));
        assert_eq!(of("varchar(2)", "äöü"), Value::Text("äö".into()));
        assert_eq!(of("int", "-42"), Value::Integer(-42));
        assert_eq!(of("int", "42.9"), Value::Integer(42));
        assert_eq!(of("bigint", "-9223372036854775808"), Value::Integer(i64::MIN));
        assert_eq!(of("double", "1.5"), Value::Real(1.5));
        assert_eq!(of("boolean", "TRUE"), Value::Integer(1));
        assert_eq!(of("date", "1970-01-02"), Value::Integer(1));
        assert_eq!(of("date", "1969-12-31"), Value::Integer(-1));
        assert_eq!(of("timestamp", "1970-01-02 00:00:01.5"), Value::Integer(86_401_500));
        assert_eq!(of("decimal(3,1)", "99.95"), Value::Null);
        assert_eq!(of("decimal(4,1)", "-99.95"), Value::Blob(decimal::encode(-1000)));
    }
}
