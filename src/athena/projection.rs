//! Partition projection: partitions that follow from a table's properties instead of being added.

use std::str::FromStr as _;

use jiff::civil::DateTime;

use super::catalog::{Column, Table};
use super::error::{QueryError, Result};
use super::projection_date::{Bound, DateFormat, Unit};
use super::types::Type;

/// How partitions follow from properties.
#[derive(Clone, PartialEq, Debug)]
pub struct Projection {
    /// A rule for each partition key, in their order.
    pub keys: Vec<Rule>,
    /// The bucket of all partitions.
    pub bucket: String,
    /// What the keys of objects begin with, up to and with the slash after the last part that names a partition.
    pieces: Vec<Piece>,
}

/// The values that a partition key has.
#[derive(Clone, PartialEq, Debug)]
pub enum Rule {
    /// These.
    Enum(Vec<String>),
    /// Whole numbers.
    Integer {
        /// The least.
        min: i64,
        /// The greatest.
        max: i64,
        /// From one to the next.
        interval: i64,
        /// How many digits they have at least, with zeros in front.
        digits: usize,
    },
    /// Days or times.
    Date {
        /// The first.
        from: Bound,
        /// The last.
        to: Bound,
        /// How they are written.
        format: DateFormat,
        /// How many units it is from one to the next.
        interval: i64,
        /// The unit.
        unit: Unit,
    },
    /// Those that a query asks for.
    Injected,
}

#[derive(Clone, PartialEq, Debug)]
enum Piece {
    Literal(String),
    Key(usize),
}

fn invalid(table: &Table, message: &str) -> QueryError {
    let text = format!("The table {} has the following errors: {message}", table.full_name());
    QueryError::new("INVALID_TABLE_PROPERTY", text)
}

impl Projection {
    /// Reads a table's properties (aws: athena-projection): nothing, unless `projection.enabled` is `true`.
    pub fn of(table: &Table) -> Result<Option<Self>> {
        let enabled = table.properties.get("projection.enabled");
        if !enabled.is_some_and(|enabled| enabled.trim().eq_ignore_ascii_case("true")) {
            return Ok(None);
        }
        if table.partition_keys.is_empty() {
            return Err(invalid(table, "projection.enabled is true, and the table is not partitioned"));
        }
        let is_key = |name: &str| table.partition_keys.iter().any(|key| key.name.eq_ignore_ascii_case(name));
        for property in table.properties.keys() {
            let of_column = property.strip_prefix("projection.").and_then(|rest| rest.split_once('.'));
            if let Some((column, _)) = of_column.filter(|(column, _)| !is_key(column)) {
                let message = format!("{property} is of '{column}', which is no partition column");
                return Err(invalid(table, &message));
            }
        }
        let keys = table.partition_keys.iter().map(|key| rule(table, key)).collect::<Result<Vec<_>>>()?;
        let template = match table.properties.get("storage.location.template") {
            Some(template) => template.clone(),
            None => {
                let slash = if table.location.ends_with('/') { "" } else { "/" };
                let parts = table.partition_keys.iter().map(|key| format!("{0}=${{{0}}}/", key.name));
                format!("{}{slash}{}", table.location, parts.collect::<String>())
            }
        };
        let (bucket, pieces) = pieces(table, &template)?;
        Ok(Some(Self { keys, bucket, pieces }))
    }

    /// What the keys of all partitions' objects begin with.
    pub fn prefix(&self) -> &str {
        match self.pieces.first() {
            Some(Piece::Literal(prefix)) => prefix,
            Some(Piece::Key(_)) | None => "",
        }
    }

    /// The values of the partition that an object of the bucket is in, and how long the partition's prefix is, if it is in one.
    pub fn partition_of(&self, key: &str, now: DateTime) -> Option<(Vec<String>, usize)> {
        let mut values = vec![None; self.keys.len()];
        let rest = self.find(&self.pieces, key, &mut values, now)?;
        Some((values.into_iter().collect::<Option<Vec<_>>>()?, key.len() - rest))
    }

    /// How much of a text is left after pieces.
    fn find(
        &self,
        pieces: &[Piece],
        text: &str,
        values: &mut [Option<String>],
        now: DateTime,
    ) -> Option<usize> {
        let Some((piece, pieces)) = pieces.split_first() else { return Some(text.len()) };
        let at = match piece {
            Piece::Literal(literal) => {
                return self.find(pieces, text.strip_prefix(literal.as_str())?, values, now);
            }
            Piece::Key(at) => *at,
        };
        let before = values[at].take();
        for length in self.keys[at].lengths(text) {
            let (value, rest) = text.split_at(length);
            let same = before.as_ref().is_none_or(|before| before == value);
            if same && self.keys[at].has(value, now) {
                values[at] = Some(value.to_owned());
                if let Some(rest) = self.find(pieces, rest, values, now) {
                    return Some(rest);
                }
            }
        }
        values[at] = before;
        None
    }
}

impl Rule {
    /// How long the values are that a text may begin with.
    fn lengths(&self, text: &str) -> Vec<usize> {
        match self {
            Self::Enum(values) => {
                let values = values.iter().filter(|value| text.starts_with(value.as_str()));
                values.map(String::len).collect()
            }
            Self::Integer { .. } => {
                let sign = usize::from(text.starts_with('-'));
                let digits = text[sign..].bytes().take_while(u8::is_ascii_digit).count();
                (1..=digits).rev().map(|digits| sign + digits).collect()
            }
            Self::Date { format, .. } => {
                Vec::from_iter(Some(format.width()).filter(|width| text.is_char_boundary(*width)))
            }
            Self::Injected => {
                let end = text.find('/').unwrap_or(text.len());
                (1..=end).rev().filter(|length| text.is_char_boundary(*length)).collect()
            }
        }
    }

    /// Whether it has a value, as it is written in the keys of objects.
    pub fn has(&self, value: &str, now: DateTime) -> bool {
        match self {
            Self::Enum(values) => values.iter().any(|there| there == value),
            Self::Integer { min, max, interval, digits } => value.parse().is_ok_and(|number: i64| {
                let written = format!("{number:0digits$}");
                written == value && (*min..=*max).contains(&number) && (number - min) % interval == 0
            }),
            Self::Date { from, to, format, interval, unit } => format.parse(value).is_some_and(|at| {
                let (from, to) = (format.truncate(from.at(now)), to.at(now));
                from <= at && at <= to && unit.divides(*interval, from, at)
            }),
            Self::Injected => true,
        }
    }
}

fn rule(table: &Table, key: &Column) -> Result<Rule> {
    let property = |name: &str| format!("projection.{}.{name}", key.name);
    let get = |name: &str| table.properties.get(&property(name)).map(|value| value.trim());
    let wrong = |name: &str, why: &str| {
        let given = get(name).map_or_else(|| "is missing".to_owned(), |given| format!("is '{given}'"));
        invalid(table, &format!("{} {given}: {why}", property(name)))
    };
    let range = |sample: &str| {
        let why = || wrong("range", &format!("it is the first and the last value, e.g. {sample}"));
        let (first, last) = get("range").and_then(|range| range.split_once(',')).ok_or_else(why)?;
        Ok::<_, QueryError>((first.trim(), last.trim()))
    };
    let interval = match get("interval").map(str::parse) {
        None => None,
        Some(Ok(interval @ 1..)) => Some(interval),
        Some(_) => return Err(wrong("interval", "it is a positive number")),
    };
    match get("type").map(str::to_ascii_lowercase).as_deref() {
        Some("enum") => {
            let values = get("values").unwrap_or_default().split(',').map(str::trim);
            let values: Vec<String> = values.filter(|value| !value.is_empty()).map(str::to_owned).collect();
            if values.is_empty() {
                return Err(wrong("values", "it is a list of values with commas between them"));
            }
            Ok(Rule::Enum(values))
        }
        Some("integer") => {
            let (min, max) = range("1,31")?;
            let (Ok(min), Ok(max)) = (min.parse(), max.parse()) else {
                return Err(wrong("range", "it is two whole numbers, e.g. 1,31"));
            };
            if min > max {
                return Err(wrong("range", "its first value is greater than its last one"));
            }
            let digits = get("digits").map_or(Ok(1), str::parse);
            let digits = digits.map_err(|_| wrong("digits", "it is a number"))?;
            Ok(Rule::Integer { min, max, interval: interval.unwrap_or(1), digits })
        }
        Some("date") => {
            let why = "it is a format of dates made of yyyy, MM, dd, HH, mm and ss, e.g. yyyy/MM/dd";
            let format = get("format").and_then(DateFormat::new).ok_or_else(|| wrong("format", why))?;
            let (first, last) = range("2024/01/01,NOW")?;
            let bound = |text: &str| {
                let why =
                    format!("'{text}' is neither a date in the format {format} nor e.g. NOW or NOW-3DAYS");
                Bound::parse(text, &format).ok_or_else(|| wrong("range", &why))
            };
            let (from, to) = (bound(first)?, bound(last)?);
            let unit = match get("interval.unit").map(Unit::from_str) {
                Some(Ok(unit)) => unit,
                Some(Err(())) => {
                    return Err(wrong(
                        "interval.unit",
                        "it is YEARS, MONTHS, WEEKS, DAYS, HOURS, MINUTES or SECONDS",
                    ));
                }
                None => format.unit(),
            };
            let wants_unit = matches!(format.unit(), Unit::Hours | Unit::Minutes | Unit::Seconds);
            if wants_unit && (interval.is_none() || get("interval.unit").is_none()) {
                let name = if interval.is_none() { "interval" } else { "interval.unit" };
                return Err(wrong(name, "a format that is finer than days needs interval and interval.unit"));
            }
            Ok(Rule::Date { from, to, format, interval: interval.unwrap_or(1), unit })
        }
        Some("injected") => Ok(Rule::Injected),
        _ => Err(wrong("type", "it is enum, integer, date or injected")),
    }
}

/// The bucket of a template, and the pieces of its keys.
fn pieces(table: &Table, template: &str) -> Result<(String, Vec<Piece>)> {
    let wrong = |why: &str| invalid(table, &format!("storage.location.template is '{template}': {why}"));
    let rest = template.strip_prefix("s3://").ok_or_else(|| wrong("it is a place in S3, s3://bucket/…"))?;
    let (bucket, keys) = rest.split_once('/').unwrap_or((rest, ""));
    if bucket.is_empty() || bucket.contains("${") {
        return Err(wrong("its bucket must be one"));
    }
    let (mut pieces, mut literal, mut rest) = (Vec::new(), String::new(), keys);
    while let Some((before, after)) = rest.split_once("${") {
        let (name, after) = after.split_once('}').ok_or_else(|| wrong("a ${ has no }"))?;
        let key = table.partition_keys.iter().position(|key| key.name.eq_ignore_ascii_case(name.trim()));
        let key = key.ok_or_else(|| {
            wrong(&format!("${{{name}}} names no partition column; write what it stands for"))
        })?;
        literal.push_str(before);
        if !literal.is_empty() {
            pieces.push(Piece::Literal(std::mem::take(&mut literal)));
        }
        pieces.push(Piece::Key(key));
        rest = after;
    }
    literal.push_str(rest);
    if !literal.ends_with('/') {
        literal.push('/');
    }
    pieces.push(Piece::Literal(literal));
    let missing = (0..table.partition_keys.len()).find(|key| !pieces.contains(&Piece::Key(*key)));
    match missing {
        Some(key) => Err(wrong(&format!("it lacks ${{{}}}", table.partition_keys[key].name))),
        None => Ok((bucket.to_owned(), pieces)),
    }
}

/// Whether a partition key's type goes with projection.
pub fn supports(ty: &Type) -> bool {
    matches!(ty, Type::Varchar(_) | Type::Date | Type::Timestamp) || ty.is_integer()
}
