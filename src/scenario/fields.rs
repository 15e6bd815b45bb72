//! Typed readers: from a tree of YAML to values, collecting every mistake on the way.
//!
//! Knows the shapes that values have (maps, lists, numbers, durations, …). Must never know a key of
//! the scenario language. A reader that answers `None` has pushed the problem that says why.

use std::fmt::Display;
use std::ops::RangeInclusive;
use std::str::FromStr;
use std::time::Duration;

use super::problem::{Problem, Problems, quote, suggest};
use super::yaml::{Key, Node, Span, Spanned, Value};
use crate::time::Instant;

/// A map that is being read. Remembers which keys were asked for, so that [`Fields::finish`] can
/// report all others.
#[derive(Debug)]
#[must_use = "unknown keys are reported by `finish`"]
pub struct Fields<'a> {
    place: Span,
    what: &'static str,
    entries: &'a [(Key, Node)],
    asked: Vec<&'static str>,
    missing: Vec<(&'static str, Problem)>,
}

impl<'a> Fields<'a> {
    /// Begins to read a map; `what` names what it describes, e.g. `a subnet`.
    pub fn of(node: &'a Node, what: &'static str, problems: &mut Problems) -> Option<Self> {
        let entries = node.entries(problems, what)?;
        Some(Self { place: node.place, what, entries, asked: Vec::new(), missing: Vec::new() })
    }

    /// The value of a key, if the map has it.
    pub fn optional(&mut self, key: &'static str) -> Option<&'a Node> {
        self.asked.push(key);
        self.entries.iter().find(|(found, _)| found.text == key).map(|(_, node)| node)
    }

    /// The value of a key that the map must have.
    pub fn required(&mut self, key: &'static str, problems: &mut Problems) -> Option<&'a Node> {
        let node = self.optional(key);
        if node.is_none() {
            let problem = Problem::at(self.place, format!("missing key `{key}` in {}", self.what));
            problems.push(problem.clone());
            self.missing.push((key, problem));
        }
        node
    }

    /// Ends the reading: every key that nobody asked for is a mistake.
    pub fn finish(self, problems: &mut Problems) {
        for (key, _) in self.entries {
            if !self.asked.contains(&key.text.as_str()) {
                self.report_unknown(key, problems);
            }
        }
    }

    fn report_unknown(&self, key: &Key, problems: &mut Problems) {
        let known = self.asked.iter().copied();
        let mut problem = Problem::unknown(key.span, "key", &key.text, known.clone());
        problem.message += &format!(" in {}", self.what);
        // A misspelt key is one mistake, not an unknown key and a missing one.
        let meant = suggest(&key.text, known);
        if let Some((_, missing)) = self.missing.iter().find(|(key, _)| Some(*key) == meant) {
            problems.withdraw(missing);
        }
        problems.push(problem);
    }
}

impl Node {
    /// Whether nothing is written here.
    pub const fn is_null(&self) -> bool {
        matches!(self.value, Value::Null)
    }

    /// A text. Numbers and the like are texts too, exactly as written.
    pub fn text(&self, problems: &mut Problems) -> Option<&str> {
        self.scalar(problems, "a text").map(|(text, _)| text)
    }

    /// Anything that can be parsed from a text; `expected` says what, with an example, e.g.
    /// ``an IPv4 CIDR block such as `10.0.0.0/16` ``.
    pub fn parse<T: FromStr>(&self, problems: &mut Problems, expected: &str) -> Option<Spanned<T>> {
        let (text, _) = self.scalar(problems, expected)?;
        let value = text.parse().ok();
        self.checked(value, problems, expected)
    }

    /// One of a few words, and what it stands for.
    pub fn choice<T: Copy>(
        &self,
        problems: &mut Problems,
        what: &str,
        words: &[(&str, T)],
    ) -> Option<Spanned<T>> {
        let (text, _) = self.scalar(problems, what)?;
        let found = words.iter().find(|(word, _)| *word == text);
        if found.is_none() {
            problems.push(Problem::unknown(self.place, what, text, words.iter().map(|(word, _)| *word)));
        }
        found.map(|(_, value)| self.spanned(*value))
    }

    /// `true` or `false`.
    pub fn bool(&self, problems: &mut Problems) -> Option<Spanned<bool>> {
        const EXPECTED: &str = "`true` or `false`";
        let (text, quoted) = self.scalar(problems, EXPECTED)?;
        let (value, meant) = match text {
            "true" => (true, None),
            "false" => (false, None),
            "yes" | "on" | "True" | "TRUE" => (true, Some("true")),
            "no" | "off" | "False" | "FALSE" => (false, Some("false")),
            _ => return self.mismatch(problems, EXPECTED, None),
        };
        match meant {
            Some(meant) => self.mismatch(problems, EXPECTED, Some(format!("write `{meant}`"))),
            None if quoted => self.mismatch(problems, EXPECTED, Some("remove the quotes".to_owned())),
            None => Some(self.spanned(value)),
        }
    }

    /// A whole number in a range, in decimal or after `0x` in hexadecimal.
    pub fn integer<T>(&self, problems: &mut Problems, range: RangeInclusive<T>) -> Option<Spanned<T>>
    where
        T: TryFrom<i128> + PartialOrd + Display,
    {
        let expected = format!("a whole number from {} to {}", range.start(), range.end());
        let (text, quoted) = self.scalar(problems, &expected)?;
        let value = whole_number(text).and_then(|number| T::try_from(number).ok());
        let value = value.filter(|number| range.contains(number));
        if quoted && value.is_some() {
            return self.mismatch(problems, &expected, Some("remove the quotes".to_owned()));
        }
        self.checked(value, problems, &expected)
    }

    /// The items of a list; `what` names them, e.g. `a list of subnets`.
    pub fn list(&self, problems: &mut Problems, what: &str) -> Option<&[Self]> {
        match &self.value {
            Value::List(items) => Some(items),
            Value::Scalar { text, .. } => {
                let hint = format!("write `[{text}]` for a list of one");
                self.mismatch(problems, what, Some(hint).filter(|_| is_one_word(text)))
            }
            Value::Null => self.mismatch(problems, what, Some("write `[]` for an empty list".to_owned())),
            Value::Map(_) => self.mismatch(problems, what, Some("begin each item with `- `".to_owned())),
        }
    }

    /// The entries of a map whose keys are names; `what` names it, e.g. `subnets by name`.
    pub fn entries(&self, problems: &mut Problems, what: &str) -> Option<&[(Key, Self)]> {
        let expected = || format!("{what} (a map of keys and values)");
        match &self.value {
            Value::Map(entries) => Some(entries),
            Value::Scalar { text, quoted: false } if text.contains(':') => {
                let hint = "a key needs a space after its colon: `key: value`";
                self.mismatch(problems, &expected(), Some(hint.to_owned()))
            }
            Value::Null => {
                self.mismatch(problems, &expected(), Some("write `{}` for an empty map".to_owned()))
            }
            Value::Scalar { .. } | Value::List(_) => self.mismatch(problems, &expected(), None),
        }
    }

    /// A length of time, e.g. `5s`, `10m`, `1h30m`, `500ms`. The unit must be given.
    pub fn duration(&self, problems: &mut Problems) -> Option<Spanned<Duration>> {
        const EXPECTED: &str = "a duration such as `5s`, `500ms` or `1h30m`";
        let (text, _) = self.scalar(problems, EXPECTED)?;
        match duration(text) {
            Some(value) => Some(self.spanned(value)),
            None if whole_number(text).is_some() => {
                let hint =
                    format!("add a unit: `{text}s` for seconds; the units are d, h, m, s, ms, us and ns");
                self.mismatch(problems, EXPECTED, Some(hint))
            }
            None => self.mismatch(problems, EXPECTED, None),
        }
    }

    /// A point in time as RFC 3339 writes it, e.g. `2024-06-28T09:00:00Z`, not before 1970.
    pub fn timestamp(&self, problems: &mut Problems) -> Option<Spanned<Instant>> {
        const EXPECTED: &str = "a time such as `2024-06-28T09:00:00Z`";
        let (text, _) = self.scalar(problems, EXPECTED)?;
        let nanos = |time: jiff::Timestamp| u64::try_from(time.as_nanosecond()).ok();
        let value = text.parse().ok().and_then(nanos).map(Instant::from_nanos);
        self.checked(value, problems, EXPECTED)
    }

    /// A value that was made from this node, with its place.
    pub const fn spanned<T>(&self, value: T) -> Spanned<T> {
        Spanned { span: self.span, value }
    }

    /// The text of a scalar, and whether the file says that it is text.
    fn scalar(&self, problems: &mut Problems, expected: &str) -> Option<(&str, bool)> {
        match &self.value {
            Value::Scalar { text, quoted } => Some((text, *quoted)),
            Value::Null | Value::List(_) | Value::Map(_) => self.mismatch(problems, expected, None),
        }
    }

    fn checked<T>(&self, value: Option<T>, problems: &mut Problems, expected: &str) -> Option<Spanned<T>> {
        match value {
            Some(value) => Some(self.spanned(value)),
            None => self.mismatch(problems, expected, None),
        }
    }

    fn mismatch<T>(&self, problems: &mut Problems, expected: &str, hint: Option<String>) -> Option<T> {
        let found = match &self.value {
            Value::Null => "nothing".to_owned(),
            Value::Scalar { text, .. } => quote(text),
            Value::List(_) => "a list".to_owned(),
            Value::Map(_) => "a map".to_owned(),
        };
        let problem = Problem::at(self.place, format!("expected {expected}, found {found}"));
        problems.push(Problem { hint, ..problem });
        None
    }
}

/// A number as a person writes it: no leading zero, which some would read as octal.
fn whole_number(text: &str) -> Option<i128> {
    if let Some(hex) = text.strip_prefix("0x") {
        return hex
            .starts_with(|c: char| c.is_ascii_hexdigit())
            .then(|| i128::from_str_radix(hex, 16).ok())?;
    }
    let digits = text.strip_prefix('-').unwrap_or(text);
    let is_plain =
        digits.starts_with(|c: char| c.is_ascii_digit()) && (digits == "0" || !digits.starts_with('0'));
    is_plain.then(|| text.parse().ok())?
}

/// Numbers with units, the largest unit first, each unit once.
fn duration(text: &str) -> Option<Duration> {
    const UNITS: [(&str, u64); 7] = [
        ("d", 86_400_000_000_000),
        ("h", 3_600_000_000_000),
        ("m", 60_000_000_000),
        ("s", 1_000_000_000),
        ("ms", 1_000_000),
        ("us", 1_000),
        ("ns", 1),
    ];
    let (mut rest, mut smaller, mut nanos) = (text, &UNITS[..], 0_u64);
    while !rest.is_empty() {
        let unit_at = rest.find(|c: char| !c.is_ascii_digit())?;
        let (number, tail) = rest.split_at(unit_at);
        let (unit, tail) = tail.split_at(tail.find(|c: char| c.is_ascii_digit()).unwrap_or(tail.len()));
        let found = smaller.iter().position(|(name, _)| *name == unit)?;
        nanos = nanos.checked_add(number.parse::<u64>().ok()?.checked_mul(smaller[found].1)?)?;
        (rest, smaller) = (tail, &smaller[found + 1..]);
    }
    (!text.is_empty()).then(|| Duration::from_nanos(nanos))
}

fn is_one_word(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || "-_./".contains(c))
}
