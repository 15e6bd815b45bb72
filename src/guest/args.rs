//! Options as `getopt` reads them: bundles of short ones, long ones, values behind or within.
//!
//! Knows the shape of options; never which a program has.

use std::ops::Range;
use std::time::Duration;

use super::command::CommandError;
use super::words::Word;

/// The next thing on a command line.
pub(super) enum Arg<'a> {
    /// `-x`, alone or in a bundle.
    Short(char, Range<usize>),
    /// `--name`.
    Long(&'a str, Range<usize>),
    /// Anything else.
    Plain(&'a Word),
}

/// The value of an option.
pub(super) struct Value<'a> {
    pub text: &'a str,
    pub range: Range<usize>,
}

impl Value<'_> {
    /// A whole number.
    pub fn number<N: std::str::FromStr>(&self) -> Result<N, CommandError> {
        self.text.parse().map_err(|_| {
            CommandError::new(self.range.clone(), format!("`{}` is not a whole number that fits", self.text))
        })
    }

    /// Seconds, with decimals if need be.
    pub fn seconds(&self) -> Result<Duration, CommandError> {
        seconds(self.text).ok_or_else(|| {
            CommandError::new(self.range.clone(), format!("`{}` is not a number of seconds", self.text))
        })
    }
}

/// Walks along the words behind a program's name.
pub(super) struct Args<'a> {
    words: &'a [Word],
    /// The rest of a bundle of short options: how many bytes of the first word are read.
    within: usize,
    only_plain: bool,
}

impl<'a> Args<'a> {
    pub fn new(words: &'a [Word]) -> Self {
        Self { words, within: 0, only_plain: false }
    }

    pub fn next(&mut self) -> Option<Arg<'a>> {
        let word = self.words.first()?;
        if self.within > 0 {
            return Some(self.short(word));
        }
        if self.only_plain || !word.text.starts_with('-') || word.text == "-" {
            self.words = &self.words[1..];
            return Some(Arg::Plain(word));
        }
        if word.text == "--" {
            self.words = &self.words[1..];
            self.only_plain = true;
            return self.next();
        }
        if let Some(name) = word.text.strip_prefix("--") {
            self.words = &self.words[1..];
            return Some(Arg::Long(name, word.range.clone()));
        }
        self.within = 1;
        Some(self.short(word))
    }

    /// The value of the option that was read last.
    pub fn value(&mut self, option: &Range<usize>) -> Result<Value<'a>, CommandError> {
        let Some(word) = self.words.first() else {
            return Err(CommandError::new(option.clone(), "this option needs a value"));
        };
        self.words = &self.words[1..];
        let start = std::mem::take(&mut self.within);
        Ok(Value { text: &word.text[start..], range: word.from(start) })
    }

    /// The words that are not read yet.
    pub fn rest(self) -> &'a [Word] {
        self.words
    }

    fn short(&mut self, word: &'a Word) -> Arg<'a> {
        let c = word.text[self.within..].chars().next().expect("a bundle is left when it is empty");
        let end = self.within + c.len_utf8();
        // The first of a bundle is shown with its dash.
        let begin = if self.within == 1 { 0 } else { self.within };
        let range = word.part(begin..end);
        if end == word.text.len() {
            self.within = 0;
            self.words = &self.words[1..];
        } else {
            self.within = end;
        }
        Arg::Short(c, range)
    }
}

/// Reads `5`, `0.25` or `.5` without a detour over floats.
fn seconds(text: &str) -> Option<Duration> {
    const DIGITS_MAX: usize = 9;
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let is_number = |digits: &str| digits.len() <= DIGITS_MAX && digits.bytes().all(|b| b.is_ascii_digit());
    if !is_number(whole) || !is_number(part) || (whole.is_empty() && part.is_empty()) {
        return None;
    }
    let whole: u64 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    let nanos: u32 = format!("{part:0<9}").parse().ok()?;
    Some(Duration::new(whole, nanos))
}
