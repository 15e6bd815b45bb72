//! A command line as words, each knowing where in the line its bytes come from.
//!
//! Knows quotes and the characters only a shell understands; never what a word means.

use std::iter::Peekable;
use std::ops::Range;
use std::str::CharIndices;

use super::command::CommandError;

/// One word of a command line.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Word {
    /// Without quotes.
    pub text: String,
    /// Where it stands in the line, quotes included.
    pub range: Range<usize>,
    /// Where each byte of `text` stands in the line, and where the word ends.
    origin: Vec<usize>,
}

impl Word {
    /// The place in the line of `text` from a byte on: the whole word, quotes and all, from its first.
    pub fn from(&self, start: usize) -> Range<usize> {
        if start == 0 { self.range.clone() } else { self.part(start..self.text.len()) }
    }

    /// The place in the line of a part of `text`.
    pub fn part(&self, part: Range<usize>) -> Range<usize> {
        place(&self.origin, part)
    }

    /// What stands before the first `=` and behind it.
    pub fn halves(&self) -> Option<(Self, Self)> {
        let at = self.text.find('=')?;
        let half = |part: Range<usize>| Self {
            text: self.text[part.clone()].to_owned(),
            range: self.part(part.clone()),
            origin: self.origin[part.start..=part.end].to_vec(),
        };
        Some((half(0..at), half(at + 1..self.text.len())))
    }
}

/// Several words as one text, as `ssh` sends them to the other side, with the places they came from.
pub(super) struct Joined {
    pub text: String,
    origin: Vec<usize>,
}

impl Joined {
    pub fn new(words: &[Word]) -> Self {
        let mut joined = Self { text: String::new(), origin: Vec::new() };
        for word in words {
            if !joined.text.is_empty() {
                joined.text.push(' ');
                joined.origin.push(word.range.start.saturating_sub(1));
            }
            joined.text.push_str(&word.text);
            joined.origin.extend(&word.origin[..word.text.len()]);
        }
        joined.origin.push(words.last().map_or(0, |word| word.range.end));
        joined
    }

    /// The place in the line of a part of the text.
    pub fn part(&self, part: Range<usize>) -> Range<usize> {
        place(&self.origin, part)
    }
}

fn place(origin: &[usize], part: Range<usize>) -> Range<usize> {
    let start = origin[part.start];
    // The end follows the last byte itself: the next one may lie behind a quote.
    let end = if part.end > part.start { origin[part.end - 1] + 1 } else { start };
    start..end
}

/// Splits a line as a shell does, without anything that needs a shell.
pub fn split(line: &str) -> Result<Vec<Word>, CommandError> {
    let mut splitter = Splitter { rest: line.char_indices().peekable(), words: Vec::new(), current: None };
    while let Some((at, c)) = splitter.rest.next() {
        match c {
            ' ' | '\t' | '\n' => splitter.end(at),
            '\'' => splitter.single_quoted(at, line.len())?,
            '"' => splitter.double_quoted(at, line.len())?,
            '\\' => {
                splitter.begin(at);
                let Some((at, escaped)) = splitter.rest.next() else {
                    return Err(CommandError::new(at..line.len(), "a backslash with nothing behind it"));
                };
                splitter.push(at, escaped);
            }
            '|' | ';' | '&' | '>' | '<' | '$' | '`' | '(' | ')' => return Err(needs_a_shell(at, c)),
            c => splitter.push(at, c),
        }
    }
    splitter.end(line.len());
    Ok(splitter.words)
}

struct Splitter<'a> {
    rest: Peekable<CharIndices<'a>>,
    words: Vec<Word>,
    current: Option<Word>,
}

impl Splitter<'_> {
    fn single_quoted(&mut self, opened: usize, end: usize) -> Result<(), CommandError> {
        self.begin(opened);
        loop {
            match self.rest.next() {
                Some((_, '\'')) => return Ok(()),
                Some((at, c)) => self.push(at, c),
                None => return Err(unclosed(opened..end)),
            }
        }
    }

    fn double_quoted(&mut self, opened: usize, end: usize) -> Result<(), CommandError> {
        self.begin(opened);
        loop {
            match self.rest.next() {
                Some((_, '"')) => return Ok(()),
                Some((at, '\\')) => {
                    let escaped = self.rest.next_if(|(_, c)| matches!(c, '"' | '\\' | '$' | '`'));
                    let (at, c) = escaped.unwrap_or((at, '\\'));
                    self.push(at, c);
                }
                // These keep their meaning within double quotes.
                Some((at, c @ ('$' | '`'))) => return Err(needs_a_shell(at, c)),
                Some((at, c)) => self.push(at, c),
                None => return Err(unclosed(opened..end)),
            }
        }
    }

    fn begin(&mut self, at: usize) -> &mut Word {
        self.current.get_or_insert_with(|| Word { text: String::new(), range: at..at, origin: Vec::new() })
    }

    fn push(&mut self, at: usize, c: char) {
        let word = self.begin(at);
        word.text.push(c);
        word.origin.extend(at..at + c.len_utf8());
    }

    fn end(&mut self, at: usize) {
        if let Some(mut word) = self.current.take() {
            word.range.end = at;
            word.origin.push(at);
            self.words.push(word);
        }
    }
}

fn unclosed(range: Range<usize>) -> CommandError {
    CommandError::new(range, "a quote that is not closed")
}

fn needs_a_shell(at: usize, c: char) -> CommandError {
    CommandError::new(at..at + c.len_utf8(), format!("`{c}` needs a shell, and there is none here"))
        .with_hint(
            "only one command without a shell is supported; quote the character if it is meant literally",
        )
}
