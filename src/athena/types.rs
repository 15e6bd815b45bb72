//! The types of values, and what becomes which without being asked.

use std::fmt;
use std::str::FromStr;

/// A type of Trino, by which Athena runs queries. In SQLite values are kept as follows; no value is NULL.
///
/// | type | SQLite |
/// |---|---|
/// | boolean | INTEGER 0, 1 |
/// | tinyint, smallint, integer, bigint | INTEGER |
/// | double | REAL |
/// | decimal | BLOB: 16 bytes, the unscaled `i128`, big-endian with its sign bit flipped, so that bytes order as numbers |
/// | varchar | TEXT |
/// | date | INTEGER: days since 1970-01-01 |
/// | timestamp, timestamp with time zone | INTEGER: milliseconds since 1970-01-01T00:00:00 (UTC, the only zone) |
/// | interval day to second | INTEGER: milliseconds |
/// | interval year to month | INTEGER: months |
/// | ipaddress | BLOB: 16 bytes; IPv4 as `::ffff:a.b.c.d` |
/// | ipprefix | BLOB: 17 bytes: the address, and the length within 128 |
/// | array | TEXT: a JSON array of what the elements are kept as, a BLOB as its hex digits |
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Type {
    /// Of `NULL`, which is of every type.
    Unknown,
    /// True or false.
    Boolean,
    /// 8 bits.
    Tinyint,
    /// 16 bits.
    Smallint,
    /// 32 bits.
    Integer,
    /// 64 bits.
    Bigint,
    /// A number with so many digits, and so many of them after the point.
    Decimal(u8, u8),
    /// A number of IEEE 754.
    Double,
    /// Text; a literal has a length.
    Varchar(Option<u32>),
    /// A day.
    Date,
    /// A day and a time.
    Timestamp,
    /// A moment.
    TimestampTz,
    /// A span of time.
    IntervalDay,
    /// A number of months.
    IntervalYear,
    /// An address of IPv4 or IPv6.
    IpAddress,
    /// A block of addresses.
    IpPrefix,
    /// Several of one type.
    Array(Box<Type>),
}

impl Type {
    /// Text of any length.
    pub const VARCHAR: Self = Self::Varchar(None);

    /// Whether it is a whole number.
    pub fn is_integer(&self) -> bool {
        self.integer_digits().is_some()
    }

    /// Whether it is a number.
    pub fn is_number(&self) -> bool {
        self.is_integer() || matches!(self, Self::Decimal(..) | Self::Double)
    }

    /// The digits of a decimal that holds every value of a whole number's type.
    pub fn integer_digits(&self) -> Option<u8> {
        match self {
            Self::Tinyint => Some(3),
            Self::Smallint => Some(5),
            Self::Integer => Some(10),
            Self::Bigint => Some(19),
            Self::Unknown | Self::Boolean | Self::Decimal(..) | Self::Double | Self::Varchar(_) => None,
            Self::Date | Self::Timestamp | Self::TimestampTz | Self::IntervalDay | Self::IntervalYear => None,
            Self::IpAddress | Self::IpPrefix | Self::Array(_) => None,
        }
    }

    /// Whether its values become values of another type without a cast.
    pub fn coerces_to(&self, to: &Self) -> bool {
        self == to || self.common(to).is_some_and(|common| common == *to)
    }

    /// The type that values of both become, if there is one.
    pub fn common(&self, other: &Self) -> Option<Self> {
        if self == other {
            return Some(self.clone());
        }
        match (self, other) {
            (Self::Unknown, known) | (known, Self::Unknown) => Some(known.clone()),
            (Self::Varchar(a), Self::Varchar(b)) => Some(Self::Varchar(a.zip(*b).map(|(a, b)| a.max(b)))),
            (Self::Array(a), Self::Array(b)) => a.common(b).map(|element| Self::Array(Box::new(element))),
            (Self::Date, Self::Timestamp) | (Self::Timestamp, Self::Date) => Some(Self::Timestamp),
            (Self::Date | Self::Timestamp, Self::TimestampTz)
            | (Self::TimestampTz, Self::Date | Self::Timestamp) => Some(Self::TimestampTz),
            (a, b) if a.is_number() && b.is_number() => Some(Self::common_number(a, b)),
            _ => None,
        }
    }

    fn common_number(a: &Self, b: &Self) -> Self {
        let (Some((p, s)), Some((q, t))) = (a.as_decimal(), b.as_decimal()) else { return Self::Double };
        if let (Some(p), Some(q)) = (a.integer_digits(), b.integer_digits()) {
            return if p > q { a.clone() } else { b.clone() };
        }
        let scale = s.max(t);
        Self::Decimal(((p - s).max(q - t) + scale).min(38), scale)
    }

    /// Precision and scale of a decimal that holds every value, of a number that is exact.
    pub fn as_decimal(&self) -> Option<(u8, u8)> {
        match self {
            Self::Decimal(precision, scale) => Some((*precision, *scale)),
            Self::Unknown | Self::Boolean | Self::Double | Self::Varchar(_) | Self::Date => None,
            Self::Timestamp | Self::TimestampTz | Self::IntervalDay | Self::IntervalYear => None,
            Self::IpAddress | Self::IpPrefix | Self::Array(_) => None,
            Self::Tinyint | Self::Smallint | Self::Integer | Self::Bigint => {
                self.integer_digits().map(|digits| (digits, 0))
            }
        }
    }

    /// Its name in the metadata of results, e.g. `varchar`.
    pub fn base_name(&self) -> String {
        let name = self.to_string();
        name.split('(').next().unwrap_or_default().to_owned()
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self {
            Self::Unknown => "unknown",
            Self::Boolean => "boolean",
            Self::Tinyint => "tinyint",
            Self::Smallint => "smallint",
            Self::Integer => "integer",
            Self::Bigint => "bigint",
            Self::Decimal(precision, scale) => return write!(f, "decimal({precision},{scale})"),
            Self::Double => "double",
            Self::Varchar(None) => "varchar",
            Self::Varchar(Some(length)) => return write!(f, "varchar({length})"),
            Self::Date => "date",
            Self::Timestamp => "timestamp(3)",
            Self::TimestampTz => "timestamp(3) with time zone",
            Self::IntervalDay => "interval day to second",
            Self::IntervalYear => "interval year to month",
            Self::IpAddress => "ipaddress",
            Self::IpPrefix => "ipprefix",
            Self::Array(element) => return write!(f, "array({element})"),
        };
        f.write_str(name)
    }
}

/// Reads what `Display` writes, and Hive's names of the same types (`string`, `int`, `array<string>`).
impl FromStr for Type {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let text = text.trim().to_ascii_lowercase();
        let inner = |open: char, close: char| {
            let (name, rest) = text.split_once(open)?;
            Some((name.trim().to_owned(), rest.strip_suffix(close)?.trim().to_owned()))
        };
        if let Some((_, element)) = inner('<', '>').filter(|(name, _)| name == "array") {
            return element.parse().map(|element| Self::Array(Box::new(element)));
        }
        match inner('(', ')') {
            Some((name, element)) if name == "array" => {
                return element.parse().map(|element| Self::Array(Box::new(element)));
            }
            Some((name, length)) if name == "varchar" || name == "char" => {
                return length.parse().map(|length| Self::Varchar(Some(length))).map_err(drop);
            }
            Some((name, digits)) if name == "decimal" => {
                let (precision, scale) = digits.split_once(',').unwrap_or((&digits, "0"));
                let (precision, scale) = (precision.trim().parse(), scale.trim().parse());
                return match (precision, scale) {
                    (Ok(precision @ 1..=38), Ok(scale)) if scale <= precision => {
                        Ok(Self::Decimal(precision, scale))
                    }
                    _ => Err(()),
                };
            }
            Some((name, _)) if name == "timestamp" => return Ok(Self::Timestamp),
            _ => {}
        }
        Ok(match text.as_str() {
            "unknown" => Self::Unknown,
            "boolean" => Self::Boolean,
            "tinyint" => Self::Tinyint,
            "smallint" => Self::Smallint,
            "integer" | "int" => Self::Integer,
            "bigint" => Self::Bigint,
            "decimal" => Self::Decimal(38, 0),
            "double" | "double precision" | "real" | "float" => Self::Double,
            "varchar" | "string" => Self::VARCHAR,
            "date" => Self::Date,
            "timestamp" => Self::Timestamp,
            "timestamp with time zone" | "timestamp(3) with time zone" => Self::TimestampTz,
            "interval day to second" => Self::IntervalDay,
            "interval year to month" => Self::IntervalYear,
            "ipaddress" => Self::IpAddress,
            "ipprefix" => Self::IpPrefix,
            _ => return Err(()),
        })
    }
}
