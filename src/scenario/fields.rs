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

/// The longest duration in a file. With [`TIME_MAX`] it keeps a run below the year 2554, where
/// virtual time ends.
pub const DURATION_MAX: Duration = Duration::from_secs(366 * 86_400);

/// The latest time in a file: the beginning of the year 2200.
pub const TIME_MAX: Instant = Instant::from_unix_seconds(7_258_118_400);

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
        if !self.asked.contains(&key) {
            self.asked.push(key);
        }
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

    /// The entries, if it is a map; nothing is said if it is not.
    pub fn entries_if_map(&self) -> Option<&[(Key, Self)]> {
        match &self.value {
            Value::Map(entries) => Some(entries),
            Value::Null | Value::Scalar { .. } | Value::List(_) => None,
        }
    }

    /// The text of a scalar.
    pub fn text_if_scalar(&self) -> Option<&str> {
        match &self.value {
            Value::Scalar { text, .. } => Some(text),
            Value::Null | Value::List(_) | Value::Map(_) => None,
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

    /// A length of time up to [`DURATION_MAX`], e.g. `5s`, `10m`, `1h30m`, `500ms`. The unit must be given.
    pub fn duration(&self, problems: &mut Problems) -> Option<Spanned<Duration>> {
        const EXPECTED: &str = "a duration such as `5s`, `500ms` or `1h30m`, at most `366d`";
        let (text, _) = self.scalar(problems, EXPECTED)?;
        match duration(text).filter(|length| *length <= DURATION_MAX) {
            Some(value) => Some(self.spanned(value)),
            None if whole_number(text).is_some() => {
                let hint =
                    format!("add a unit: `{text}s` for seconds; the units are d, h, m, s, ms, us and ns");
                self.mismatch(problems, EXPECTED, Some(hint))
            }
            None => self.mismatch(problems, EXPECTED, None),
        }
    }

    /// A point in time as RFC 3339 writes it, e.g. `2024-06-28T09:00:00Z`, from 1970 to [`TIME_MAX`].
    pub fn timestamp(&self, problems: &mut Problems) -> Option<Spanned<Instant>> {
        const EXPECTED: &str = "a time such as `2024-06-28T09:00:00Z`, from 1970 to 2199";
        let (text, _) = self.scalar(problems, EXPECTED)?;
        let nanos = |time: jiff::Timestamp| u64::try_from(time.as_nanosecond()).ok();
        let value = text.parse().ok().and_then(nanos).map(Instant::from_nanos);
        let value = value.filter(|time| *time <= TIME_MAX);
        self.checked(value, problems, EXPECTED)
    }

    /// A value that was made from this node, with its place.
    pub const fn spanned<T>(&self, value: T) -> Spanned<T> {
        Spanned { span: self.span, value }
    }

    /// The text of a scalar, and whether the file says that it is text.
    pub(super) fn scalar(&self, problems: &mut Problems, expected: &str) -> Option<(&str, bool)> {
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

    /// Says that something else is expected here.
    pub(super) fn mismatch<T>(
        &self,
        problems: &mut Problems,
        expected: &str,
        hint: Option<String>,
    ) -> Option<T> {
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
pub(super) fn whole_number(text: &str) -> Option<i128> {
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

#[cfg(test)]
pub(super) mod tests {
    use ipnet::Ipv4Net;

    use super::*;
    use crate::scenario::yaml::parse;

    #[derive(PartialEq, Eq, Debug)]
    struct Vpc {
        cidr: Ipv4Net,
        subnets: Vec<Subnet>,
    }

    #[derive(PartialEq, Eq, Debug)]
    struct Subnet {
        name: String,
        cidr: Spanned<Ipv4Net>,
        az: Zone,
        map_public_ip: bool,
    }

    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    enum Zone {
        A,
        C,
    }

    const CIDR: &str = "an IPv4 CIDR block such as `10.0.0.0/16`";

    fn vpc(node: &Node, problems: &mut Problems) -> Option<Vpc> {
        let mut fields = Fields::of(node, "a VPC", problems)?;
        let cidr = fields.required("cidr", problems).and_then(|node| node.parse(problems, CIDR));
        let subnets = fields.required("subnets", problems).and_then(|node| subnets(node, problems));
        fields.finish(problems);
        Some(Vpc { cidr: cidr?.value, subnets: subnets? })
    }

    fn subnets(node: &Node, problems: &mut Problems) -> Option<Vec<Subnet>> {
        let entries = node.entries(problems, "subnets by name")?;
        Some(entries.iter().filter_map(|(key, node)| subnet(key, node, problems)).collect())
    }

    fn subnet(key: &Key, node: &Node, problems: &mut Problems) -> Option<Subnet> {
        let mut fields = Fields::of(node, "a subnet", problems)?;
        let cidr = fields.required("cidr", problems).and_then(|node| node.parse(problems, CIDR));
        let az = fields.required("az", problems).and_then(|node| zone(node, problems));
        let map_public_ip = fields.optional("map_public_ip").map(|node| node.bool(problems));
        fields.finish(problems);
        let map_public_ip = map_public_ip.map_or(Some(false), |flag| flag.map(|flag| flag.value));
        Some(Subnet { name: key.text.clone(), cidr: cidr?, az: az?.value, map_public_ip: map_public_ip? })
    }

    fn zone(node: &Node, problems: &mut Problems) -> Option<Spanned<Zone>> {
        node.choice(problems, "availability zone", &[("a", Zone::A), ("c", Zone::C)])
    }

    fn load(source: &str) -> (Option<Vpc>, String) {
        let mut problems = Problems::new();
        let vpc = parse(source, &mut problems).and_then(|root| vpc(&root, &mut problems));
        let rendered = problems.render("scenarios/x.yaml", source, false);
        (vpc, rendered)
    }

    /// Reads `a: <yaml>` and gives the value, or all that is said about it.
    pub fn read<T>(
        yaml: &str,
        reader: impl FnOnce(&Node, &mut Problems) -> Option<T>,
    ) -> Result<T, Vec<String>> {
        let (source, mut problems) = (format!("a: {yaml}"), Problems::new());
        let root = parse(&source, &mut problems).expect("valid YAML");
        let entries = root.entries(&mut problems, "the test").expect("a map");
        reader(&entries[0].1, &mut problems).ok_or_else(|| {
            let said = |p: &Problem| match &p.hint {
                Some(hint) => format!("{}; {hint}", p.message),
                None => p.message.clone(),
            };
            problems.as_slice().iter().map(said).collect()
        })
    }

    #[test]
    fn a_map_without_mistakes_is_read() {
        let source = "cidr: 10.0.0.0/16\nsubnets:\n  A: { cidr: 10.0.0.0/24, az: a, map_public_ip: true }\n  B:\n    cidr: 10.0.1.0/24\n    az: c\n";
        let (vpc, said) = load(source);
        assert_eq!(said, "");
        let subnet = |name: &str, cidr: &str, az, map_public_ip| {
            let start = source.find(cidr).unwrap();
            let span = Span { start, end: start + cidr.len() };
            let cidr = Spanned { span, value: cidr.parse().unwrap() };
            Subnet { name: name.to_owned(), cidr, az, map_public_ip }
        };
        let subnets =
            vec![subnet("A", "10.0.0.0/24", Zone::A, true), subnet("B", "10.0.1.0/24", Zone::C, false)];
        assert_eq!(vpc, Some(Vpc { cidr: "10.0.0.0/16".parse().unwrap(), subnets }));
    }

    #[test]
    fn all_mistakes_are_reported_at_once() {
        let source = "\
# five mistakes
cidr: 10.0.0.0/33
subnets:
  Öffentlich: { cird: 10.0.0.0/24, az: a }
  Private:
    cidr: 10.0.1.0/24
    az: b
    map_public_ip: yes
    cidr: 10.0.2.0/24
";
        assert_eq!(
            load(source),
            (
                None,
                "\
error: expected an IPv4 CIDR block such as `10.0.0.0/16`, found `10.0.0.0/33`
 --> scenarios/x.yaml:2:7
  |
2 | cidr: 10.0.0.0/33
  |       ^^^^^^^^^^^

error: unknown key `cird` in a subnet
 --> scenarios/x.yaml:4:17
  |
4 |   Öffentlich: { cird: 10.0.0.0/24, az: a }
  |                 ^^^^
  |
  = note: known: `cidr`, `az`, `map_public_ip`
  = hint: did you mean `cidr`?

error: unknown availability zone `b`
 --> scenarios/x.yaml:7:9
  |
7 |     az: b
  |         ^
  |
  = note: known: `a`, `c`

error: expected `true` or `false`, found `yes`
 --> scenarios/x.yaml:8:20
  |
8 |     map_public_ip: yes
  |                    ^^^
  |
  = hint: write `true`

error: the key `cidr` is given twice
 --> scenarios/x.yaml:9:5
  |
6 |     cidr: 10.0.1.0/24
  |     ---- first given here
...
9 |     cidr: 10.0.2.0/24
  |     ^^^^ given again here

error: 5 mistakes in scenarios/x.yaml
"
                .to_owned()
            )
        );
    }

    #[test]
    fn a_missing_key_is_reported_at_the_key_of_its_map() {
        let (_, said) = load("cidr: 10.0.0.0/16\nsubnets:\n  Empty:\n  Private:\n    az: a\n");
        assert_eq!(
            said,
            "\
error: expected a subnet (a map of keys and values), found nothing
 --> scenarios/x.yaml:3:3
  |
3 |   Empty:
  |   ^^^^^
  |
  = hint: write `{}` for an empty map

error: missing key `cidr` in a subnet
 --> scenarios/x.yaml:4:3
  |
4 |   Private:
  |   ^^^^^^^

error: 2 mistakes in scenarios/x.yaml
"
        );
    }

    #[test]
    fn a_list_is_no_map() {
        let (_, said) = load("cidr: 10.0.0.0/16\r\nsubnets:\r\n  - A\r\n  - B\r\n");
        assert_eq!(
            said,
            "\
error: expected subnets by name (a map of keys and values), found a list
 --> scenarios/x.yaml:2:1
  |
2 | subnets:
  | ^^^^^^^

error: 1 mistake in scenarios/x.yaml
"
        );
    }

    #[test]
    fn an_empty_file_is_no_map() {
        for source in ["", "# only a comment\n"] {
            let first_line = source.trim_end();
            let bar = if first_line.is_empty() { "1 |" } else { "1 | " };
            assert_eq!(
                load(source).1,
                format!(
                    "\
error: expected a VPC (a map of keys and values), found nothing
 --> scenarios/x.yaml:1:1
  |
{bar}{first_line}
  | ^
  |
  = hint: write `{{}}` for an empty map

error: 1 mistake in scenarios/x.yaml
"
                )
            );
        }
    }

    #[test]
    fn a_misspelt_alias_of_a_map_is_reported_where_it_is_written() {
        let (vpc, said) = load("cidr: &c 10.0.0.0/16\nsubnets: { A: &a { cidr: *c, az: x }, B: *a }\n");
        assert_eq!(vpc.map(|vpc| vpc.subnets), Some(vec![]));
        assert_eq!(
            said,
            "\
error: unknown availability zone `x`
 --> scenarios/x.yaml:2:34
  |
2 | subnets: { A: &a { cidr: *c, az: x }, B: *a }
  |                                  ^
  |
  = note: known: `a`, `c`

error: 1 mistake in scenarios/x.yaml
"
        );
    }

    #[test]
    fn texts_are_exactly_what_is_written() {
        let text = |yaml| read(yaml, |node, problems| node.text(problems).map(str::to_owned));
        for (yaml, expected) in [("0123", "0123"), ("22", "22"), ("\"~\"", "~"), ("true", "true"), ("''", "")]
        {
            assert_eq!(text(yaml), Ok(expected.to_owned()));
        }
        assert_eq!(text("~"), Err(vec!["expected a text, found nothing".to_owned()]));
        assert_eq!(text("[]"), Err(vec!["expected a text, found a list".to_owned()]));
    }

    #[test]
    fn booleans() {
        let bool = |yaml| read(yaml, |node, problems| node.bool(problems)).map(|found| found.value);
        let refused =
            |found: &str, hint: &str| Err(vec![format!("expected `true` or `false`, found `{found}`{hint}")]);
        assert_eq!(bool("true"), Ok(true));
        assert_eq!(bool("false"), Ok(false));
        assert_eq!(bool("off"), refused("off", "; write `false`"));
        assert_eq!(bool("'true'"), refused("true", "; remove the quotes"));
        assert_eq!(bool("1"), refused("1", ""));
    }

    #[test]
    fn integers() {
        let port = |yaml| read(yaml, |node, problems| node.integer::<u16>(problems, 0..=65_535));
        for (yaml, value) in [("0", 0), ("22", 22), ("65535", 65_535), ("0x1F", 31)] {
            assert_eq!(port(yaml).map(|found| found.value), Ok(value));
        }
        let refused =
            ["65536", "-1", "+1", "022", "1.0", "1_000", "0x", "0x-1", "ssh", "99999999999999999999999999"];
        for yaml in refused {
            let said = format!("expected a whole number from 0 to 65535, found `{yaml}`");
            assert_eq!(port(yaml), Err(vec![said]));
        }
        let quoted = "expected a whole number from 0 to 65535, found `22`; remove the quotes";
        assert_eq!(port("'22'"), Err(vec![quoted.to_owned()]));
        let any = read("18446744073709551615", |node, problems| node.integer(problems, 0..=u64::MAX));
        assert_eq!(any.map(|found| found.value), Ok(u64::MAX));
    }

    #[test]
    fn lists() {
        let list = |yaml| {
            read(yaml, |node, problems| node.list(problems, "a list of subnets").map(|items| items.len()))
        };
        let refused = |found: &str| Err(vec![format!("expected a list of subnets, found {found}")]);
        assert_eq!(list("[A, B]"), Ok(2));
        assert_eq!(list("[]"), Ok(0));
        assert_eq!(list("A"), refused("`A`; write `[A]` for a list of one"));
        assert_eq!(list(""), refused("nothing; write `[]` for an empty list"));
        assert_eq!(list("{ A: 1 }"), refused("a map; begin each item with `- `"));
    }

    #[test]
    fn durations() {
        const EXPECTED: &str = "expected a duration such as `5s`, `500ms` or `1h30m`, at most `366d`, found ";
        const UNITS: &str = "for seconds; the units are d, h, m, s, ms, us and ns";
        let duration = |yaml| read(yaml, |node, problems| node.duration(problems)).map(|found| found.value);
        for (yaml, millis) in [
            ("5s", 5_000),
            ("10m", 600_000),
            ("1h30m", 5_400_000),
            ("500ms", 500),
            ("1m500ms", 60_500),
            ("1d", 86_400_000),
            ("0s", 0),
        ] {
            assert_eq!(duration(yaml), Ok(Duration::from_millis(millis)));
        }
        assert_eq!(duration("1us2ns"), Ok(Duration::from_nanos(1_002)));
        assert_eq!(duration("5"), Err(vec![format!("{EXPECTED}`5`; add a unit: `5s` {UNITS}")]));
        for yaml in ["s", "1.5s", "-5s", "5 s", "5x", "30m1h", "1s1s", "5s5", "367d", "999999999d", "''"] {
            let found = yaml.trim_matches('\'');
            assert_eq!(duration(yaml), Err(vec![format!("{EXPECTED}`{found}`")]));
        }
    }

    #[test]
    fn timestamps() {
        let timestamp = |yaml| read(yaml, |node, problems| node.timestamp(problems)).map(|found| found.value);
        assert_eq!(timestamp("2024-06-28T09:00:00Z"), Ok(Instant::from_unix_seconds(1_719_565_200)));
        assert_eq!(timestamp("2024-06-28T18:00:00+09:00"), Ok(Instant::from_unix_seconds(1_719_565_200)));
        assert_eq!(timestamp("1970-01-01T00:00:00.000000001Z"), Ok(Instant::from_nanos(1)));
        for yaml in [
            "2024-06-28T09:00:00",
            "2024-06-28",
            "1969-12-31T23:59:59Z",
            "2200-01-01T00:00:01Z",
            "9999-01-01T00:00:00Z",
            "now",
        ] {
            let said =
                format!("expected a time such as `2024-06-28T09:00:00Z`, from 1970 to 2199, found `{yaml}`");
            assert_eq!(timestamp(yaml), Err(vec![said]));
        }
    }
}
