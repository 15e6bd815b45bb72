//! Dates of partition projection: their formats, ranges and steps.

use std::fmt;
use std::str::FromStr;

use jiff::civil::DateTime;
use jiff::{Span, ToSpan as _};

/// A unit of time.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[allow(missing_docs, reason = "each variant is the unit it is named after")]
pub enum Unit {
    Seconds,
    Minutes,
    Hours,
    Days,
    Weeks,
    Months,
    Years,
}

impl Unit {
    fn span(self, count: i64) -> Option<Span> {
        let zero = Span::new();
        match self {
            Self::Seconds => zero.try_seconds(count),
            Self::Minutes => zero.try_minutes(count),
            Self::Hours => zero.try_hours(count),
            Self::Days => zero.try_days(count),
            Self::Weeks => zero.try_weeks(count),
            Self::Months => zero.try_months(count),
            Self::Years => zero.try_years(count),
        }
        .ok()
    }

    /// Whether a moment is some steps after another.
    pub fn divides(self, interval: i64, from: DateTime, at: DateTime) -> bool {
        let months = |at: DateTime| i64::from(at.year()) * 12 + i64::from(at.month());
        let seconds: i64 = match self {
            Self::Seconds => 1,
            Self::Minutes => 60,
            Self::Hours => 3_600,
            Self::Days => 86_400,
            Self::Weeks => 7 * 86_400,
            Self::Months => return (months(at) - months(from)) % interval == 0,
            Self::Years => return (i64::from(at.year()) - i64::from(from.year())) % interval == 0,
        };
        at.duration_since(from).as_secs() % seconds.saturating_mul(interval) == 0
    }
}

impl FromStr for Unit {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let text = text.trim().to_ascii_uppercase();
        Ok(match text.strip_suffix('S').unwrap_or(&text) {
            "SECOND" => Self::Seconds,
            "MINUTE" => Self::Minutes,
            "HOUR" => Self::Hours,
            "DAY" => Self::Days,
            "WEEK" => Self::Weeks,
            "MONTH" => Self::Months,
            "YEAR" => Self::Years,
            _ => return Err(()),
        })
    }
}

/// How moments are written: a pattern of Java, of which only fields of a fixed width are known.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DateFormat {
    text: String,
    pieces: Vec<Piece>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Piece {
    Literal(char),
    Year,
    Month,
    Day,
    Hour,
    Minute,
    Second,
}

impl DateFormat {
    /// Reads a pattern, e.g. `yyyy/MM/dd`.
    pub fn new(text: &str) -> Option<Self> {
        let (mut pieces, mut rest) = (Vec::new(), text);
        let fields = [
            ("yyyy", Piece::Year),
            ("uuuu", Piece::Year),
            ("MM", Piece::Month),
            ("dd", Piece::Day),
            ("HH", Piece::Hour),
            ("mm", Piece::Minute),
            ("ss", Piece::Second),
        ];
        while let Some(c) = rest.chars().next() {
            if let Some((name, piece)) = fields.iter().find(|(name, _)| rest.starts_with(name)) {
                pieces.push(*piece);
                rest = &rest[name.len()..];
            } else if c == '\'' {
                let (quoted, after) = rest[1..].split_once('\'')?;
                // Two quotes are one.
                let quoted = if quoted.is_empty() { "'" } else { quoted };
                pieces.extend(quoted.chars().map(Piece::Literal));
                rest = after;
            } else if c.is_ascii_alphabetic() {
                return None;
            } else {
                pieces.push(Piece::Literal(c));
                rest = &rest[c.len_utf8()..];
            }
        }
        let has_year = pieces.contains(&Piece::Year);
        has_year.then(|| Self { text: text.to_owned(), pieces })
    }

    /// How many bytes a moment has.
    pub fn width(&self) -> usize {
        let width = |piece: &Piece| match piece {
            Piece::Literal(c) => c.len_utf8(),
            Piece::Year => 4,
            Piece::Month | Piece::Day | Piece::Hour | Piece::Minute | Piece::Second => 2,
        };
        self.pieces.iter().map(width).sum()
    }

    /// The unit of its finest field.
    pub fn unit(&self) -> Unit {
        let unit = |piece: &Piece| match piece {
            Piece::Literal(_) => None,
            Piece::Year => Some(Unit::Years),
            Piece::Month => Some(Unit::Months),
            Piece::Day => Some(Unit::Days),
            Piece::Hour => Some(Unit::Hours),
            Piece::Minute => Some(Unit::Minutes),
            Piece::Second => Some(Unit::Seconds),
        };
        self.pieces.iter().filter_map(unit).min().unwrap_or(Unit::Years)
    }

    /// The moment that a text is.
    pub fn parse(&self, text: &str) -> Option<DateTime> {
        let (mut year, mut fields) = (0, [1, 1, 0, 0, 0]);
        let mut rest = text;
        for piece in &self.pieces {
            let (width, field) = match piece {
                Piece::Literal(c) => {
                    rest = rest.strip_prefix(*c)?;
                    continue;
                }
                Piece::Year => (4, None),
                Piece::Month => (2, Some(0)),
                Piece::Day => (2, Some(1)),
                Piece::Hour => (2, Some(2)),
                Piece::Minute => (2, Some(3)),
                Piece::Second => (2, Some(4)),
            };
            let digits = rest.get(..width).filter(|digits| digits.bytes().all(|b| b.is_ascii_digit()))?;
            rest = &rest[width..];
            match field {
                None => year = digits.parse().ok()?,
                Some(field) => fields[field] = digits.parse().ok()?,
            }
        }
        let [month, day, hour, minute, second] = fields;
        rest.is_empty().then(|| DateTime::new(year, month, day, hour, minute, second, 0).ok())?
    }

    /// The moment without what is finer than the format.
    pub fn truncate(&self, at: DateTime) -> DateTime {
        let unit = self.unit();
        let keep = |finest: Unit, value: i8, least: i8| if unit <= finest { value } else { least };
        let month = keep(Unit::Months, at.month(), 1);
        let day = keep(Unit::Days, at.day(), 1);
        let hour = keep(Unit::Hours, at.hour(), 0);
        let minute = keep(Unit::Minutes, at.minute(), 0);
        let second = keep(Unit::Seconds, at.second(), 0);
        DateTime::new(at.year(), month, day, hour, minute, second, 0).unwrap_or(at)
    }
}

impl fmt::Display for DateFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// An end of a range.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Bound {
    /// A moment.
    At(DateTime),
    /// So many units after now.
    Now(i64, Unit),
}

impl Bound {
    /// Reads a moment in a format, `NOW`, or e.g. `NOW-3DAYS`.
    pub fn parse(text: &str, format: &DateFormat) -> Option<Self> {
        if let Some(at) = format.parse(text) {
            return Some(Self::At(at));
        }
        let offset: String = text.to_ascii_uppercase().strip_prefix("NOW")?.split_whitespace().collect();
        if offset.is_empty() {
            return Some(Self::Now(0, Unit::Days));
        }
        let sign = match offset.as_bytes()[0] {
            b'+' => 1,
            b'-' => -1,
            _ => return None,
        };
        let digits = offset[1..].bytes().take_while(u8::is_ascii_digit).count();
        let (count, unit) = offset[1..].split_at(digits);
        let count: i64 = count.parse().ok()?;
        Some(Self::Now(sign * count, unit.parse().ok()?))
    }

    /// The moment it is.
    pub fn at(self, now: DateTime) -> DateTime {
        match self {
            Self::At(at) => at,
            Self::Now(count, unit) => now.saturating_add(unit.span(count).unwrap_or_else(|| 0.days())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_of_fixed_width() {
        let format = DateFormat::new("yyyy/MM/dd").unwrap();
        assert_eq!((format.width(), format.unit()), (10, Unit::Days));
        assert_eq!(format.parse("2024/02/29").unwrap().to_string(), "2024-02-29T00:00:00");
        for wrong in ["2023/02/29", "2024-02-29", "2024/02/2", "2024/02/291", "YYYY/MM/dd"] {
            assert!(format.parse(wrong).is_none(), "{wrong}");
        }
        let quoted = DateFormat::new("yyyyMMdd'T'HH").unwrap();
        assert_eq!(quoted.parse("20240131T23").unwrap().to_string(), "2024-01-31T23:00:00");
        assert!(DateFormat::new("YYYY/MM/dd").is_none());
        assert!(DateFormat::new("EEE").is_none());
    }

    #[test]
    fn a_range_ends_now_or_some_time_from_it() {
        let format = DateFormat::new("yyyy-MM-dd").unwrap();
        let now = DateTime::new(2024, 3, 1, 12, 0, 0, 0).unwrap();
        let at = |text: &str| Bound::parse(text, &format).map(|bound| bound.at(now).to_string());
        assert_eq!(at("NOW").unwrap(), "2024-03-01T12:00:00");
        assert_eq!(at("now - 1 day").unwrap(), "2024-02-29T12:00:00");
        assert_eq!(at("NOW-1MONTH").unwrap(), "2024-02-01T12:00:00");
        assert_eq!(at("2024-01-01").unwrap(), "2024-01-01T00:00:00");
        for wrong in ["NOW3DAYS", "NOW-DAYS", "TODAY", "2024/01/01"] {
            assert!(at(wrong).is_none(), "{wrong}");
        }
    }
}
