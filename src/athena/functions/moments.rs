//! Functions of days and moments. A day is given to them as the moment it begins, unless their name ends in `_date`.

use rusqlite::types::Value;

use super::format::{self, Style};
use super::function::{Arguments, Function, text};
use crate::athena::calendar::{self, DAY, Date};
use crate::athena::cast::{Outcome, round_to_integer};
use crate::athena::failure::Failure;

/// The functions of days and moments.
pub const FUNCTIONS: &[Function] = &[
    Function::new("t_day_of_week", 1, |a| of_day(a, calendar::day_of_week)),
    Function::new("t_day", 1, |a| of_day(a, |days| Date::of_days(days).day)),
    Function::new("t_day_of_year", 1, |a| of_day(a, calendar::day_of_year)),
    Function::new("t_week", 1, |a| of_day(a, |days| calendar::week(days).1)),
    Function::new("t_year_of_week", 1, |a| of_day(a, |days| calendar::week(days).0)),
    Function::new("t_month", 1, |a| of_day(a, |days| Date::of_days(days).month)),
    Function::new("t_quarter", 1, |a| of_day(a, |days| (Date::of_days(days).month + 2) / 3)),
    Function::new("t_year", 1, |a| of_day(a, |days| Date::of_days(days).year)),
    Function::new("t_hour", 1, |a| of_time(a, 3_600_000, 24)),
    Function::new("t_minute", 1, |a| of_time(a, 60_000, 60)),
    Function::new("t_second", 1, |a| of_time(a, 1000, 60)),
    Function::new("t_millisecond", 1, |a| of_time(a, 1, 1000)),
    Function::new("t_last_day_of_month", 1, |a| of_day(a, last_day_of_month)),
    Function::new("t_date_add_span", 2, |a| {
        let (days, rest) = calendar::split(a.integer(1)?);
        if rest != 0 {
            return Err(Failure::argument("Cannot add hour, minutes or seconds to a date"));
        }
        Ok(Value::Integer(a.integer(0)?.saturating_add(days)))
    }),
    Function::new("t_date_add_months", 2, |a| {
        let days = bounded(a.integer(0)?.saturating_mul(DAY))? / DAY;
        Ok(Value::Integer(Date::of_days(days).add_months(a.integer(1)?.clamp(-MONTHS, MONTHS)).days()))
    }),
    Function::new("t_timestamp_add_months", 2, |a| {
        let months = a.integer(1)?.clamp(-MONTHS, MONTHS);
        Ok(Value::Integer(calendar::add_months(bounded(a.integer(0)?)?, months)))
    }),
    Function::new("t_date_trunc", 2, |a| truncate(unit(a, "TIMESTAMP")?, moment(a, 1)?)),
    Function::new("t_date_trunc_date", 2, |a| truncate(unit_of_days(a)?, moment(a, 1)?)),
    Function::new("t_date_add", 3, |a| add(unit(a, "TIMESTAMP")?, a.integer(1)?, moment(a, 2)?)),
    Function::new("t_date_add_date", 3, |a| add(unit_of_days(a)?, a.integer(1)?, moment(a, 2)?)),
    Function::new("t_date_diff", 3, |a| difference(unit(a, "TIMESTAMP")?, moment(a, 1)?, moment(a, 2)?)),
    Function::new("t_date_diff_date", 3, |a| difference(unit_of_days(a)?, moment(a, 1)?, moment(a, 2)?)),
    Function::new("t_date_format", 2, |a| print(a, Style::MySql)),
    Function::new("t_format_datetime", 2, |a| print(a, Style::Joda)),
    Function::new("t_date_parse", 2, |a| parse(a, Style::MySql)),
    Function::new("t_parse_datetime", 2, |a| parse(a, Style::Joda)),
    Function::new("t_from_unixtime", 1, |a| {
        let ms = round_to_integer(a.real(0)? * 1000.0);
        Ok(Value::Integer(bounded(ms.unwrap_or(i64::MAX))?))
    }),
    Function::new("t_utc", 2, |a| {
        let zone = a.text(1)?;
        // Moments are kept without a zone, so no other zone than UTC can be shown.
        let is_utc = calendar::parse_zone(zone) == Some(0);
        if is_utc {
            Ok(a.value(0))
        } else {
            Err(Failure::argument(format!("'{zone}' is not UTC, the only zone here")))
        }
    }),
    Function::new("t_iso_date", 1, |a| text(calendar::date_text(a.integer(0)?))),
    Function::new("t_iso_timestamp", 1, |a| text(calendar::timestamp_text(moment(a, 0)?, "T"))),
    Function::new("t_from_iso8601_timestamp", 1, from_iso8601_timestamp),
    Function::new("t_from_iso8601_date", 1, |a| {
        let day = a.text(0)?;
        let days = iso_date(day).ok_or_else(|| Failure::argument(format!("Invalid format: \"{day}\"")))?;
        Ok(Value::Integer(days))
    }),
];

/// More months than any moment lies from another.
const MONTHS: i64 = 4_000_000;

/// Beyond these years no moment is reckoned with.
const FURTHEST: i64 = 292_000 * 366 * DAY;

fn bounded(ms: i64) -> Result<i64, Failure> {
    let is_inside = (-FURTHEST..=FURTHEST).contains(&ms);
    if is_inside { Ok(ms) } else { Err(Failure::argument("timestamp is out of range")) }
}

fn moment(arguments: &Arguments<'_, '_>, index: usize) -> Result<i64, Failure> {
    bounded(arguments.integer(index)?)
}

fn of_day(arguments: &Arguments<'_, '_>, part: fn(i64) -> i64) -> Outcome {
    Ok(Value::Integer(part(calendar::split(moment(arguments, 0)?).0)))
}

fn of_time(arguments: &Arguments<'_, '_>, size: i64, count: i64) -> Outcome {
    Ok(Value::Integer(arguments.integer(0)?.div_euclid(size).rem_euclid(count)))
}

fn last_day_of_month(days: i64) -> i64 {
    let date = Date::of_days(days);
    Date { day: calendar::days_of_month(date.year, date.month), ..date }.days()
}

/// A unit of time: so many milliseconds, or so many months.
#[derive(Clone, Copy)]
enum Unit {
    Time(i64),
    Week,
    Months(i64),
}

fn unit(arguments: &Arguments<'_, '_>, kind: &str) -> Result<Unit, Failure> {
    let name = arguments.text(0)?;
    Ok(match name.to_ascii_lowercase().as_str() {
        "millisecond" => Unit::Time(1),
        "second" => Unit::Time(1000),
        "minute" => Unit::Time(60_000),
        "hour" => Unit::Time(3_600_000),
        "day" => Unit::Time(DAY),
        "week" => Unit::Week,
        "month" => Unit::Months(1),
        "quarter" => Unit::Months(3),
        "year" => Unit::Months(12),
        _ => return Err(Failure::argument(format!("'{name}' is not a valid {kind} field"))),
    })
}

fn unit_of_days(arguments: &Arguments<'_, '_>) -> Result<Unit, Failure> {
    let unit = unit(arguments, "DATE")?;
    if matches!(unit, Unit::Time(size) if size < DAY) {
        return Err(Failure::argument(format!("'{}' is not a valid DATE field", arguments.text(0)?)));
    }
    Ok(unit)
}

fn truncate(unit: Unit, ms: i64) -> Outcome {
    let days = calendar::split(ms).0;
    Ok(Value::Integer(match unit {
        Unit::Time(size) => ms.div_euclid(size) * size,
        Unit::Week => (days - calendar::day_of_week(days) + 1) * DAY,
        Unit::Months(size) => {
            let date = Date::of_days(days);
            Date { month: (date.month - 1) / size * size + 1, day: 1, ..date }.days() * DAY
        }
    }))
}

fn add(unit: Unit, count: i64, ms: i64) -> Outcome {
    let sum = match unit {
        Unit::Time(size) => ms.saturating_add(count.saturating_mul(size)),
        Unit::Week => ms.saturating_add(count.saturating_mul(7 * DAY)),
        Unit::Months(size) => calendar::add_months(ms, count.saturating_mul(size).clamp(-MONTHS, MONTHS)),
    };
    bounded(sum).map(Value::Integer)
}

fn difference(unit: Unit, from: i64, to: i64) -> Outcome {
    Ok(Value::Integer(match unit {
        Unit::Time(size) => (to - from) / size,
        Unit::Week => (to - from) / (7 * DAY),
        Unit::Months(size) => whole_months(from, to) / size,
    }))
}

/// The months that passed in full between two moments.
fn whole_months(from: i64, to: i64) -> i64 {
    if to < from {
        return -whole_months(to, from);
    }
    let (a, b) = (Date::of_days(calendar::split(from).0), Date::of_days(calendar::split(to).0));
    let months = (b.year - a.year) * 12 + b.month - a.month;
    if months > 0 && calendar::add_months(from, months) > to { months - 1 } else { months }
}

fn print(arguments: &Arguments<'_, '_>, style: Style) -> Outcome {
    let pieces = arguments.cached(1, |pattern| format::compile(pattern, style))?;
    text(format::print(&pieces, moment(arguments, 0)?))
}

fn parse(arguments: &Arguments<'_, '_>, style: Style) -> Outcome {
    let pieces = arguments.cached(1, |pattern| format::compile(pattern, style))?;
    let text = arguments.text(0)?;
    let ms = format::parse(&pieces, text);
    ms.map(Value::Integer).ok_or_else(|| Failure::argument(format!("Invalid format: \"{text}\"")))
}

/// Reads a day of ISO 8601: `2024-06-28`, `2024-W26-5`, `2024-180`.
fn iso_date(text: &str) -> Option<i64> {
    if let Some((year, rest)) = text.split_once("-W") {
        let (week, day) = rest.split_once('-').unwrap_or((rest, "1"));
        let (year, week, day): (i64, i64, i64) = (year.parse().ok()?, week.parse().ok()?, day.parse().ok()?);
        let is_day = (0..10_000).contains(&year) && (1..=53).contains(&week) && (1..=7).contains(&day);
        return is_day.then(|| calendar::monday_of_week(year, week) + day - 1);
    }
    match text.split_once('-') {
        Some((year, day)) if day.len() == 3 => {
            let (year, day): (i64, i64) = (year.parse().ok()?, day.parse().ok()?);
            ((0..10_000).contains(&year) && (1..=366).contains(&day))
                .then(|| Date { year, month: 1, day: 1 }.days() + day - 1)
        }
        Some((_, rest)) if !rest.contains('-') => calendar::parse_date(&format!("{text}-1")),
        Some(_) => calendar::parse_date(text),
        None => calendar::parse_date(&format!("{text}-1-1")),
    }
}

fn from_iso8601_timestamp(arguments: &Arguments<'_, '_>) -> Outcome {
    let whole = arguments.text(0)?;
    let (date, time) = whole.split_once('T').unwrap_or((whole, ""));
    let parsed = iso_date(date).and_then(|days| {
        let moment = format!("{} {time}", calendar::date_text(days));
        let (ms, zone) = calendar::parse_timestamp(&moment)?;
        Some(ms - zone.unwrap_or(0))
    });
    parsed.map(Value::Integer).ok_or_else(|| Failure::argument(format!("Invalid format: \"{whole}\"")))
}

#[cfg(test)]
mod tests {
    use crate::athena::functions::tests::{call, call_error, value};

    const TEXT: &str = "varchar";
    /// 2021-01-03 04:05:06.789, a Sunday of the year before by its week.
    const MOMENT: (&str, &str) = ("1609646706789", "timestamp(3)");
    const DAY: (&str, &str) = ("18630", "date");

    #[test]
    fn parts() {
        for (name, moment, day) in [
            ("day_of_week", "7", "7"),
            ("dow", "7", "7"),
            ("day", "3", "3"),
            ("doy", "3", "3"),
            ("week", "53", "53"),
            ("yow", "2020", "2020"),
            ("month", "1", "1"),
            ("quarter", "1", "1"),
            ("year", "2021", "2021"),
            ("last_day_of_month", "2021-01-31", "2021-01-31"),
            ("date", "2021-01-03", "2021-01-03"),
        ] {
            assert_eq!(call(name, &[MOMENT]), moment, "{name}");
            assert_eq!(call(name, &[DAY]), day, "{name}");
        }
        for (name, expected) in [("hour", "4"), ("minute", "5"), ("second", "6"), ("millisecond", "789")] {
            assert_eq!(call(name, &[MOMENT]), expected);
        }
        assert_eq!(call("day_of_week", &[("18631", "date")]), "1");
        assert_eq!(call("year", &[("NULL", "unknown")]), "NULL");
    }

    #[test]
    fn reckoning() {
        let from = ("18658", "date"); // 2021-01-31
        for (name, arguments, expected) in [
            ("date_trunc", &[("'hour'", TEXT), MOMENT][..], "2021-01-03 04:00:00.000"),
            ("date_trunc", &[("'week'", TEXT), DAY], "2020-12-28"),
            ("date_trunc", &[("'year'", TEXT), MOMENT], "2021-01-01 00:00:00.000"),
            ("date_add", &[("'month'", TEXT), ("1", "integer"), from], "2021-02-28"),
            ("date_add", &[("'minute'", TEXT), ("-6", "integer"), MOMENT], "2021-01-03 03:59:06.789"),
            ("date_diff", &[("'day'", TEXT), DAY, from], "28"),
            ("date_diff", &[("'month'", TEXT), DAY, from], "0"),
            ("date_diff", &[("'hour'", TEXT), DAY, MOMENT], "4"),
            ("from_unixtime", &[("1609646706", "bigint")], "2021-01-03 04:05:06.000 UTC"),
            ("to_unixtime", &[MOMENT], "1.609646706789E9"),
            ("to_iso8601", &[MOMENT], "2021-01-03T04:05:06.789"),
            ("to_iso8601", &[("0", "timestamp(3) with time zone")], "1970-01-01T00:00:00.000Z"),
            (
                "from_iso8601_timestamp",
                &[("'1970-01-01T01:00:00+01:00'", TEXT)],
                "1970-01-01 00:00:00.000 UTC",
            ),
            ("from_iso8601_date", &[("'2020-W53-7'", TEXT)], "2021-01-03"),
            ("date", &[("'2021-01-03'", TEXT)], "2021-01-03"),
            ("current_date", &[], "2021-01-03"),
            ("now", &[], "2021-01-03 00:00:00.000 UTC"),
        ] {
            assert_eq!(call(name, arguments), expected, "{name} {arguments:?}");
        }
        assert_eq!(
            call_error("date_trunc", &[("'hour'", TEXT), DAY]),
            "INVALID_FUNCTION_ARGUMENT: 'hour' is not a valid DATE field"
        );
        assert_eq!(value("t_date_add_months(18658, 1)"), "18686");
        assert_eq!(value("t_timestamp_add_months(86400000 * 30, 1)"), "5011200000");
    }
}
