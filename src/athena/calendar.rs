//! Days, months and moments of the proleptic Gregorian calendar, in UTC, as numbers since 1970-01-01.
//!
//! Trino's moments go on for 290,000 years; jiff's end with the year 9999, so this is not jiff's.

/// Milliseconds of a day.
pub const DAY: i64 = 86_400_000;

/// A year, a month from 1 on and a day from 1 on.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Date {
    /// The year; 0 is the one before 1.
    pub year: i64,
    /// The month, 1 to 12.
    pub month: i64,
    /// The day of the month.
    pub day: i64,
}

impl Date {
    /// The day that lies so many days after 1970-01-01.
    pub fn of_days(days: i64) -> Self {
        // Years begin on 1 March here, so that the leap day is a year's last.
        let shifted = days + 719_468;
        let era = shifted.div_euclid(146_097);
        let day_of_era = shifted.rem_euclid(146_097);
        let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted_month = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
        let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
        let year = year_of_era + era * 400 + i64::from(month <= 2);
        Self { year, month, day }
    }

    /// A day that the calendar has.
    pub fn new(year: i64, month: i64, day: i64) -> Option<Self> {
        let is_day = (1..=12).contains(&month) && (1..=days_of_month(year, month)).contains(&day);
        (is_day && year.abs() < 1_000_000).then_some(Self { year, month, day })
    }

    /// Days since 1970-01-01.
    pub fn days(self) -> i64 {
        let year = if self.month <= 2 { self.year - 1 } else { self.year };
        let era = year.div_euclid(400);
        let year_of_era = year.rem_euclid(400);
        let shifted_month = (self.month + 9) % 12;
        let day_of_year = (153 * shifted_month + 2) / 5 + self.day - 1;
        let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
        era * 146_097 + day_of_era - 719_468
    }

    /// The day so many months later; the month's last if it has no such day.
    pub fn add_months(self, months: i64) -> Self {
        let count = self.year.saturating_mul(12).saturating_add(self.month - 1).saturating_add(months);
        let (year, month) = (count.div_euclid(12), count.rem_euclid(12) + 1);
        Self { year, month, day: self.day.min(days_of_month(year, month)) }
    }
}

/// How many days a month has.
pub fn days_of_month(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// The day of the week, 1 for Monday to 7 for Sunday.
pub fn day_of_week(days: i64) -> i64 {
    (days + 3).rem_euclid(7) + 1
}

/// The day of the year, from 1 on.
pub fn day_of_year(days: i64) -> i64 {
    let year = Date::of_days(days).year;
    days - Date { year, month: 1, day: 1 }.days() + 1
}

/// Year and week of ISO 8601: a week belongs to the year of its Thursday.
pub fn week(days: i64) -> (i64, i64) {
    let thursday = days - day_of_week(days) + 4;
    (Date::of_days(thursday).year, (day_of_year(thursday) - 1) / 7 + 1)
}

/// The first day of a week of ISO 8601.
pub fn monday_of_week(year: i64, week: i64) -> i64 {
    let fourth = Date { year, month: 1, day: 4 }.days();
    fourth - day_of_week(fourth) + 1 + (week - 1) * 7
}

/// The day of a moment, and the milliseconds since it began.
pub fn split(ms: i64) -> (i64, i64) {
    (ms.div_euclid(DAY), ms.rem_euclid(DAY))
}

/// A moment so many months later, at the same time of day.
pub fn add_months(ms: i64, months: i64) -> i64 {
    let (days, time) = split(ms);
    Date::of_days(days).add_months(months).days() * DAY + time
}

/// A day as `2024-06-28`.
pub fn date_text(days: i64) -> String {
    let Date { year, month, day } = Date::of_days(days);
    if year < 0 {
        format!("-{:04}-{month:02}-{day:02}", -year)
    } else {
        format!("{year:04}-{month:02}-{day:02}")
    }
}

/// A moment as `2021-04-01 00:00:00.000`, with any text between day and time.
pub fn timestamp_text(ms: i64, between: &str) -> String {
    let (days, time) = split(ms);
    format!("{}{between}{}", date_text(days), time_text(time))
}

/// A time of day as `00:00:00.000`.
pub fn time_text(ms: i64) -> String {
    let (hour, minute, second) = (ms / 3_600_000, ms / 60_000 % 60, ms / 1000 % 60);
    format!("{hour:02}:{minute:02}:{second:02}.{:03}", ms % 1000)
}

/// Reads a day as `2024-6-28`.
pub fn parse_date(text: &str) -> Option<i64> {
    let text = text.trim();
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let parts: Vec<&str> = digits.split('-').collect();
    let [year, month, day] = parts.as_slice() else { return None };
    Some(Date::new(sign * number(year, 4, 6)?, number(month, 1, 2)?, number(day, 1, 2)?)?.days())
}

/// Reads a moment: a day, a time if there is one, and a zone if there is one. The zone is given as milliseconds that
/// it is ahead of UTC; they are not taken off the moment.
pub fn parse_timestamp(text: &str) -> Option<(i64, Option<i64>)> {
    let text = text.trim();
    let Some((date, rest)) = text.split_once(' ') else {
        return Some((parse_date(text)? * DAY, None));
    };
    let days = parse_date(date)?;
    let rest = rest.trim_start();
    let end = rest.find(|c: char| !c.is_ascii_digit() && c != ':' && c != '.').unwrap_or(rest.len());
    let (time, zone) = rest.split_at(end);
    let zone = if zone.trim().is_empty() { None } else { Some(parse_zone(zone.trim())?) };
    let time = if time.is_empty() { 0 } else { parse_time(time)? };
    Some((days * DAY + time, zone))
}

/// Reads a time of day as `12:34`, `12:34:56` or `12:34:56.789`.
pub fn parse_time(text: &str) -> Option<i64> {
    let (clock, fraction) = text.split_once('.').unwrap_or((text, ""));
    let parts: Vec<&str> = clock.split(':').collect();
    let (hour, minute, second) = match parts.as_slice() {
        [hour] => (hour, &"0", &"0"),
        [hour, minute] => (hour, minute, &"0"),
        [hour, minute, second] => (hour, minute, second),
        _ => return None,
    };
    let (hour, minute, second) = (number(hour, 1, 2)?, number(minute, 1, 2)?, number(second, 1, 2)?);
    let is_time = hour < 24 && minute < 60 && second < 60;
    is_time.then_some(hour * 3_600_000 + minute * 60_000 + second * 1000 + fraction_ms(fraction)?)
}

/// Milliseconds of the digits after a second's point, rounded.
pub fn fraction_ms(digits: &str) -> Option<i64> {
    if digits.is_empty() {
        return Some(0);
    }
    let padded: String = digits.chars().chain("0000".chars()).take(4).collect();
    Some((number(&padded, 4, 4)? + 5) / 10).filter(|_| digits.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Milliseconds that a zone is ahead of UTC: `UTC`, `Z`, `+01:00`, `-0130`.
pub fn parse_zone(text: &str) -> Option<i64> {
    if matches!(text, "UTC" | "Z" | "GMT" | "Etc/UTC" | "UCT" | "Zulu" | "z") {
        return Some(0);
    }
    let (sign, rest) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+')?),
    };
    let digits = rest.replace(':', "");
    if !digits.is_ascii() {
        return None;
    }
    let (hour, minute) = match digits.len() {
        2 => (number(&digits, 2, 2)?, 0),
        4 => (number(&digits[..2], 2, 2)?, number(&digits[2..], 2, 2)?),
        _ => return None,
    };
    (hour <= 14 && minute < 60).then_some(sign * (hour * 60 + minute) * 60_000)
}

fn number(digits: &str, least: usize, most: usize) -> Option<i64> {
    let is_number =
        (least..=most).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| digits.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_back() {
        for days in (-800_000..800_000).step_by(379) {
            assert_eq!(Date::of_days(days).days(), days);
        }
        assert_eq!(Date::of_days(0), Date { year: 1970, month: 1, day: 1 });
        assert_eq!(parse_date("2000-02-29").map(date_text).as_deref(), Some("2000-02-29"));
        assert_eq!(parse_date("1900-02-29"), None);
    }

    #[test]
    fn weeks_are_those_of_iso_8601() {
        for (text, weekday, expected) in [
            ("2024-06-28", 5, (2024, 26)),
            ("2024-06-30", 7, (2024, 26)),
            ("2021-01-03", 7, (2020, 53)),
            ("2024-12-30", 1, (2025, 1)),
        ] {
            let days = parse_date(text).unwrap_or_default();
            assert_eq!((day_of_week(days), week(days)), (weekday, expected), "{text}");
        }
        assert_eq!(date_text(monday_of_week(2025, 1)), "2024-12-30");
    }

    #[test]
    fn months_clamp_to_their_last_day() {
        let day = Date { year: 2024, month: 1, day: 31 };
        assert_eq!(day.add_months(1), Date { year: 2024, month: 2, day: 29 });
        assert_eq!(day.add_months(-2), Date { year: 2023, month: 11, day: 30 });
    }

    #[test]
    fn moments_are_read() {
        for (text, expected) in [
            ("1970-01-02", Some((DAY, None))),
            ("1970-01-01 00:00:01.5", Some((1500, None))),
            ("1970-01-01 01:00:00Z", Some((3_600_000, Some(0)))),
            ("1970-01-01T01:00:00Z", None),
            ("1970-01-01 01:00 +01:00", Some((3_600_000, Some(3_600_000)))),
            ("1970-01-01 25:00", None),
            ("x", None),
        ] {
            assert_eq!(parse_timestamp(text), expected, "{text}");
        }
    }
}
