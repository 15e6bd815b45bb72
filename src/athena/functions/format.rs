//! Formats of moments: MySQL's (`%Y-%m-%d`) and Joda's (`yyyy-MM-dd`).

use crate::athena::calendar::{self, DAY, Date};
use crate::athena::failure::Failure;

/// Whose letters a format is written in.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// `%Y-%m-%d %H:%i:%s`.
    MySql,
    /// `yyyy-MM-dd HH:mm:ss`.
    Joda,
}

/// A piece of a format.
#[derive(Clone, PartialEq, Eq)]
pub enum Piece {
    /// Text that stands for itself.
    Literal(String),
    /// A number with at least so many digits.
    Number(Field, usize),
    /// The year's last two digits.
    ShortYear,
    /// A name, or the first three letters of it.
    Name(Named, bool),
    /// The digits of a second after its point.
    Fraction(usize),
    /// The zone: `UTC`, or `+00:00`, `+0000`.
    Zone(usize),
    /// The day of the month as `1st`.
    Ordinal,
}

/// What a number of a format counts.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Field {
    /// The year.
    Year,
    /// The year of the week.
    WeekYear,
    /// The month.
    Month,
    /// The day of the month.
    Day,
    /// The day of the year.
    DayOfYear,
    /// The day of the week, 1 for Monday.
    DayOfWeek,
    /// The week.
    Week,
    /// The hour, 0 to 23.
    Hour,
    /// The hour, 1 to 12.
    HalfHour,
    /// The minute.
    Minute,
    /// The second.
    Second,
}

/// What has names.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Named {
    /// January to December.
    Month,
    /// Monday to Sunday.
    Weekday,
    /// AM and PM.
    Half,
}

/// Numbers are not padded to more digits than this, whatever a format asks for.
const WIDTH_MAX: usize = 64;
const MONTHS: &[&str] = &[
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const WEEKDAYS: &[&str] = &["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
const HALVES: &[&str] = &["AM", "PM"];

impl Named {
    fn names(self) -> &'static [&'static str] {
        match self {
            Self::Month => MONTHS,
            Self::Weekday => WEEKDAYS,
            Self::Half => HALVES,
        }
    }
}

/// Reads a format.
pub fn compile(pattern: &str, style: Style) -> Result<Vec<Piece>, Failure> {
    match style {
        Style::MySql => compile_mysql(pattern),
        Style::Joda => compile_joda(pattern),
    }
}

fn literal(pieces: &mut Vec<Piece>, character: char) {
    if let Some(Piece::Literal(text)) = pieces.last_mut() {
        text.push(character);
    } else {
        pieces.push(Piece::Literal(character.to_string()));
    }
}

fn compile_mysql(pattern: &str) -> Result<Vec<Piece>, Failure> {
    let mut pieces = Vec::new();
    let mut characters = pattern.chars();
    while let Some(character) = characters.next() {
        if character != '%' {
            literal(&mut pieces, character);
            continue;
        }
        let letter = characters.next().ok_or_else(|| Failure::argument("Invalid date format string"))?;
        match letter {
            'a' => pieces.push(Piece::Name(Named::Weekday, true)),
            'b' => pieces.push(Piece::Name(Named::Month, true)),
            'c' => pieces.push(Piece::Number(Field::Month, 1)),
            'd' => pieces.push(Piece::Number(Field::Day, 2)),
            'D' => pieces.push(Piece::Ordinal),
            'e' => pieces.push(Piece::Number(Field::Day, 1)),
            'f' => pieces.push(Piece::Fraction(6)),
            'H' => pieces.push(Piece::Number(Field::Hour, 2)),
            'h' | 'I' => pieces.push(Piece::Number(Field::HalfHour, 2)),
            'i' => pieces.push(Piece::Number(Field::Minute, 2)),
            'j' => pieces.push(Piece::Number(Field::DayOfYear, 3)),
            'k' => pieces.push(Piece::Number(Field::Hour, 1)),
            'l' => pieces.push(Piece::Number(Field::HalfHour, 1)),
            'M' => pieces.push(Piece::Name(Named::Month, false)),
            'm' => pieces.push(Piece::Number(Field::Month, 2)),
            'p' => pieces.push(Piece::Name(Named::Half, false)),
            'r' => pieces.extend(compile_mysql("%h:%i:%s %p")?),
            'S' | 's' => pieces.push(Piece::Number(Field::Second, 2)),
            'T' => pieces.extend(compile_mysql("%H:%i:%s")?),
            'v' => pieces.push(Piece::Number(Field::Week, 2)),
            'W' => pieces.push(Piece::Name(Named::Weekday, false)),
            'x' => pieces.push(Piece::Number(Field::WeekYear, 4)),
            'Y' => pieces.push(Piece::Number(Field::Year, 4)),
            'y' => pieces.push(Piece::ShortYear),
            'U' | 'u' | 'V' | 'w' | 'X' => {
                return Err(Failure::argument(format!("%{letter} not supported in date format string")));
            }
            _ => literal(&mut pieces, letter),
        }
    }
    Ok(pieces)
}

fn compile_joda(pattern: &str) -> Result<Vec<Piece>, Failure> {
    let mut pieces = Vec::new();
    let mut characters = pattern.chars().peekable();
    while let Some(letter) = characters.next() {
        if letter == '\'' {
            if characters.next_if_eq(&'\'').is_some() {
                literal(&mut pieces, '\'');
                continue;
            }
            for quoted in characters.by_ref().take_while(|c| *c != '\'') {
                literal(&mut pieces, quoted);
            }
            continue;
        }
        if !letter.is_ascii_alphabetic() {
            literal(&mut pieces, letter);
            continue;
        }
        let mut width = 1;
        while characters.next_if_eq(&letter).is_some() {
            width += 1;
        }
        pieces.push(joda_piece(letter, width)?);
    }
    Ok(pieces)
}

fn joda_piece(letter: char, width: usize) -> Result<Piece, Failure> {
    Ok(match letter {
        'y' | 'Y' if width == 2 => Piece::ShortYear,
        'y' | 'Y' => Piece::Number(Field::Year, width),
        'x' => Piece::Number(Field::WeekYear, width),
        'w' => Piece::Number(Field::Week, width),
        'M' if width >= 3 => Piece::Name(Named::Month, width == 3),
        'M' => Piece::Number(Field::Month, width),
        'd' => Piece::Number(Field::Day, width),
        'D' => Piece::Number(Field::DayOfYear, width),
        'e' => Piece::Number(Field::DayOfWeek, width),
        'E' => Piece::Name(Named::Weekday, width <= 3),
        'a' => Piece::Name(Named::Half, false),
        'H' => Piece::Number(Field::Hour, width),
        'h' => Piece::Number(Field::HalfHour, width),
        'm' => Piece::Number(Field::Minute, width),
        's' => Piece::Number(Field::Second, width),
        'S' => Piece::Fraction(width),
        'z' => Piece::Zone(0),
        'Z' => Piece::Zone(width),
        _ => return Err(Failure::argument(format!("Illegal pattern component: {letter}"))),
    })
}

fn number(field: Field, ms: i64) -> i64 {
    let (days, time) = calendar::split(ms);
    let date = Date::of_days(days);
    match field {
        Field::Year => date.year,
        Field::WeekYear => calendar::week(days).0,
        Field::Month => date.month,
        Field::Day => date.day,
        Field::DayOfYear => calendar::day_of_year(days),
        Field::DayOfWeek => calendar::day_of_week(days),
        Field::Week => calendar::week(days).1,
        Field::Hour => time / 3_600_000,
        Field::HalfHour => (time / 3_600_000 + 11) % 12 + 1,
        Field::Minute => time / 60_000 % 60,
        Field::Second => time / 1000 % 60,
    }
}

fn name(named: Named, ms: i64) -> &'static str {
    let place = match named {
        Named::Month => number(Field::Month, ms) - 1,
        Named::Weekday => number(Field::DayOfWeek, ms) - 1,
        Named::Half => number(Field::Hour, ms) / 12,
    };
    usize::try_from(place).ok().and_then(|place| named.names().get(place)).copied().unwrap_or_default()
}

/// Shows a moment.
pub fn print(pieces: &[Piece], ms: i64) -> String {
    pieces.iter().map(|piece| print_piece(piece, ms)).collect()
}

fn print_piece(piece: &Piece, ms: i64) -> String {
    match piece {
        Piece::Literal(text) => text.clone(),
        Piece::Number(field, width) => {
            let width = (*width).min(WIDTH_MAX);
            format!("{:0width$}", number(*field, ms))
        }
        Piece::ShortYear => format!("{:02}", number(Field::Year, ms).rem_euclid(100)),
        Piece::Name(named, true) => name(*named, ms).chars().take(3).collect(),
        Piece::Name(named, false) => name(*named, ms).to_owned(),
        Piece::Fraction(width) => {
            let digits = format!("{:03}000000", ms.rem_euclid(1000));
            digits.chars().take(*width).collect()
        }
        Piece::Zone(0) => "UTC".to_owned(),
        Piece::Zone(1) => "+0000".to_owned(),
        Piece::Zone(2) => "+00:00".to_owned(),
        Piece::Zone(_) => "UTC".to_owned(),
        Piece::Ordinal => {
            let day = number(Field::Day, ms);
            let ending = match (day, day % 10) {
                (11..=13, _) => "th",
                (_, 1) => "st",
                (_, 2) => "nd",
                (_, 3) => "rd",
                _ => "th",
            };
            format!("{day}{ending}")
        }
    }
}

/// What was read of a moment.
#[derive(Default)]
struct Parts {
    year: Option<i64>,
    month: Option<i64>,
    day: Option<i64>,
    day_of_year: Option<i64>,
    week_year: Option<i64>,
    week: Option<i64>,
    day_of_week: Option<i64>,
    hour: i64,
    half_hour: Option<i64>,
    is_afternoon: bool,
    minute: i64,
    second: i64,
    ms: i64,
    zone: i64,
}

/// Reads a moment, the whole text.
pub fn parse(pieces: &[Piece], text: &str) -> Option<i64> {
    let (mut rest, mut parts) = (text, Parts::default());
    for (index, piece) in pieces.iter().enumerate() {
        // Digits that follow one another without anything between are told apart by their width alone.
        let is_followed =
            matches!(pieces.get(index + 1), Some(Piece::Number(..) | Piece::Fraction(_) | Piece::ShortYear));
        rest = parse_piece(piece, is_followed, rest, &mut parts)?;
    }
    if rest.is_empty() { parts.moment() } else { None }
}

fn parse_piece<'a>(piece: &Piece, is_followed: bool, text: &'a str, parts: &mut Parts) -> Option<&'a str> {
    match piece {
        Piece::Literal(literal) => text.strip_prefix(literal.as_str()),
        Piece::Number(field, width) => {
            let most = match field {
                Field::Year | Field::WeekYear => 4,
                Field::DayOfYear => 3,
                Field::DayOfWeek => 1,
                Field::Month | Field::Day | Field::Week | Field::Hour => 2,
                Field::HalfHour | Field::Minute | Field::Second => 2,
            };
            let (digits, rest) = take_digits(text, if is_followed { (*width).max(1) } else { most })?;
            parts.set(*field, digits.parse().ok()?);
            Some(rest)
        }
        Piece::ShortYear => {
            let (digits, rest) = take_digits(text, 2)?;
            let year: i64 = digits.parse().ok()?;
            parts.year = Some(if year < 70 { 2000 + year } else { 1900 + year });
            Some(rest)
        }
        Piece::Name(named, _) => {
            let (place, rest) = take_name(*named, text)?;
            match named {
                Named::Month => parts.month = Some(place + 1),
                Named::Half => parts.is_afternoon = place == 1,
                Named::Weekday => {}
            }
            Some(rest)
        }
        Piece::Fraction(width) => {
            let (digits, rest) = take_digits(text, (*width).max(1))?;
            let digits: String = digits.chars().chain("000".chars()).take(3).collect();
            parts.ms = digits.parse().ok()?;
            Some(rest)
        }
        Piece::Zone(_) => {
            let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | ':' | '/');
            let (zone, rest) = text.split_at(text.find(|c| !is_part(c)).unwrap_or(text.len()));
            parts.zone = calendar::parse_zone(zone)?;
            Some(rest)
        }
        Piece::Ordinal => None,
    }
}

fn take_digits(text: &str, most: usize) -> Option<(&str, &str)> {
    let end = text.bytes().take(most).take_while(u8::is_ascii_digit).count();
    (end > 0).then(|| text.split_at(end))
}

fn take_name(named: Named, text: &str) -> Option<(i64, &str)> {
    let starts = |name: &str| text.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name));
    let (place, name) = named.names().iter().enumerate().find_map(|(place, name)| {
        let short = name.get(..3).unwrap_or(name);
        if starts(name) { Some((place, *name)) } else { starts(short).then_some((place, short)) }
    })?;
    Some((i64::try_from(place).ok()?, text.get(name.len()..)?))
}

impl Parts {
    fn set(&mut self, field: Field, number: i64) {
        match field {
            Field::Year => self.year = Some(number),
            Field::WeekYear => self.week_year = Some(number),
            Field::Month => self.month = Some(number),
            Field::Day => self.day = Some(number),
            Field::DayOfYear => self.day_of_year = Some(number),
            Field::DayOfWeek => self.day_of_week = Some(number),
            Field::Week => self.week = Some(number),
            Field::Hour => self.hour = number,
            Field::HalfHour => self.half_hour = Some(number),
            Field::Minute => self.minute = number,
            Field::Second => self.second = number,
        }
    }

    fn moment(&self) -> Option<i64> {
        let afternoon = if self.is_afternoon { 12 } else { 0 };
        let hour = self.half_hour.map_or(self.hour, |hour| hour % 12 + afternoon);
        let is_time = hour < 24 && self.minute < 60 && self.second < 60;
        let time = ((hour * 60 + self.minute) * 60 + self.second) * 1000 + self.ms;
        is_time.then_some(())?;
        Some(self.days()? * DAY + time - self.zone)
    }

    fn days(&self) -> Option<i64> {
        if let Some(week) = self.week {
            let year = self.week_year.or(self.year).unwrap_or(1970);
            let day = self.day_of_week.unwrap_or(1);
            let is_day = (1..=53).contains(&week) && (1..=7).contains(&day);
            return is_day.then(|| calendar::monday_of_week(year, week) + day - 1);
        }
        let year = self.year.unwrap_or(1970);
        if let Some(day) = self.day_of_year {
            return (1..=366).contains(&day).then(|| Date { year, month: 1, day: 1 }.days() + day - 1);
        }
        Date::new(year, self.month.unwrap_or(1), self.day.unwrap_or(1)).map(Date::days)
    }
}

#[cfg(test)]
mod tests {
    use crate::athena::functions::tests::{call, call_error};

    const TEXT: &str = "varchar";
    const MOMENT: (&str, &str) = ("1609686306789", "timestamp(3)"); // 2021-01-03 15:05:06.789

    #[test]
    fn moments_are_shown() {
        for (name, pattern, expected) in [
            ("date_format", "'%Y-%m-%d %H:%i:%s'", "2021-01-03 15:05:06"),
            (
                "date_format",
                "'%W %e %M %y, %l %p %f %j %v %x'",
                "Sunday 3 January 21, 3 PM 789000 003 53 2020",
            ),
            ("date_format", "'%a %b %c %r %T %%'", "Sun Jan 1 03:05:06 PM 15:05:06 %"),
            ("format_datetime", "'yyyy-MM-dd''T''HH:mm:ss.SSS Z'", "2021-01-03T15:05:06.789 +0000"),
            ("format_datetime", "'EEE d MMM yy h a'", "Sun 3 Jan 21 3 PM"),
        ] {
            assert_eq!(call(name, &[MOMENT, (pattern, TEXT)]), expected, "{pattern}");
        }
        assert_eq!(
            call_error("date_format", &[MOMENT, ("'%U'", TEXT)]),
            "INVALID_FUNCTION_ARGUMENT: %U not supported in date format string"
        );
    }

    #[test]
    fn moments_are_read() {
        for (name, text, pattern, expected) in [
            ("date_parse", "'2021-01-03 15:05:06'", "'%Y-%m-%d %H:%i:%s'", "2021-01-03 15:05:06.000"),
            ("date_parse", "'20210103'", "'%Y%m%d'", "2021-01-03 00:00:00.000"),
            ("date_parse", "'3 jan 21 12 AM'", "'%e %b %y %l %p'", "2021-01-03 00:00:00.000"),
            (
                "parse_datetime",
                "'03/Jan/2021:15:05:06 +0100'",
                "'dd/MMM/yyyy:HH:mm:ss Z'",
                "2021-01-03 14:05:06.000 UTC",
            ),
        ] {
            assert_eq!(call(name, &[(text, TEXT), (pattern, TEXT)]), expected, "{text}");
        }
        assert_eq!(
            call_error("date_parse", &[("'x'", TEXT), ("'%Y'", TEXT)]),
            "INVALID_FUNCTION_ARGUMENT: Invalid format: \"x\""
        );
    }
}
