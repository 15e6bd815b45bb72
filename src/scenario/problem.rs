//! Mistakes in a file, collected and shown together.
//!
//! Knows places in a text and how to point at them. Must never know YAML or a key of the scenario
//! language, and prints nothing: it makes the text. The only user of annotate-snippets.

use std::borrow::Cow;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use super::yaml::Span;

/// How many mistakes are shown. Someone who made more reads the first ones first.
pub const SHOWN_MAX: usize = 100;

/// How many bytes of the file are shown or skimmed for that, over all mistakes. Only a file with very
/// long lines reaches it.
const SKIMMED_MAX: usize = 4 << 20;

/// How much of a text from the file a message repeats, in characters.
const QUOTED_MAX: usize = 60;

/// One mistake.
///
/// Texts are lowercase fragments without a full stop, with literals in backticks.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[must_use]
pub struct Problem {
    /// Where to point.
    pub span: Span,
    /// What is wrong.
    pub message: String,
    /// What to write beside the carets.
    pub label: Option<String>,
    /// Other places that matter, and why.
    pub also: Vec<(Span, String)>,
    /// What helps to understand it.
    pub notes: Vec<String>,
    /// What to do.
    pub hint: Option<String>,
}

/// How many known words are listed although one of them looks like the one that was meant.
const LIST_LEN_MAX: usize = 12;

impl Problem {
    /// A mistake at a place.
    pub fn at(span: Span, message: impl Into<String>) -> Self {
        Self { span, message: message.into(), label: None, also: Vec::new(), notes: Vec::new(), hint: None }
    }

    /// A word that is none of those known: names the near one, and lists them all.
    ///
    /// `what` is the kind of word, e.g. `key`, `subnet`.
    pub fn unknown<'a>(
        span: Span,
        what: &str,
        word: &str,
        known: impl IntoIterator<Item = &'a str> + Clone,
    ) -> Self {
        let problem = Self::at(span, format!("unknown {what} {}", quote(word)));
        let near = suggest(word, known.clone());
        let names: Vec<String> = known.into_iter().map(quote).collect();
        let problem = match names.as_slice() {
            [] => problem.note(format!("no {what} is defined")),
            // A long list hides the one that was meant.
            names if near.is_some() && names.len() > LIST_LEN_MAX => problem,
            names => problem.note(format!("known: {}", names.join(", "))),
        };
        match near {
            Some(near) => problem.hint(format!("did you mean {}?", quote(near))),
            None => problem,
        }
    }

    /// Adds what to write beside the carets.
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = Some(label.into());
        self
    }

    /// Adds another place that matters.
    pub fn also(mut self, span: Span, label: impl Into<String>) -> Self {
        self.also.push((span, label.into()));
        self
    }

    /// Adds what helps to understand it.
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }

    /// Sets what to do.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

/// The mistakes found so far.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Problems(Vec<Problem>);

impl Problems {
    /// No mistakes yet.
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Adds a mistake.
    pub fn push(&mut self, problem: Problem) {
        self.0.push(problem);
    }

    /// Adds the mistakes there are.
    pub fn extend(&mut self, problems: impl IntoIterator<Item = Problem>) {
        self.0.extend(problems);
    }

    /// Takes all mistakes back but the first `len`.
    pub(super) fn truncate(&mut self, len: usize) {
        self.0.truncate(len);
    }

    /// Takes a mistake back that turned out to be part of another one.
    pub(super) fn withdraw(&mut self, problem: &Problem) {
        self.0.retain(|other| other != problem);
    }

    /// Changes every mistake.
    pub(super) fn change(&mut self, change: impl FnMut(&mut Problem)) {
        self.0.iter_mut().for_each(change);
    }

    /// Whether all is well.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The mistakes in the order they were found.
    pub fn as_slice(&self) -> &[Problem] {
        &self.0
    }

    /// The mistakes for a person; see [`render`].
    pub fn render(&self, path: &str, source: &str, color: bool) -> String {
        render(path, source, &self.0, color)
    }
}

/// Shows mistakes in the order of the file, each once, with the lines they are in; the last line
/// counts them. Says nothing if there are none.
///
/// `source` is the text that `path` held when the mistakes were found. Without `color` the result is
/// plain text.
pub fn render(path: &str, source: &str, problems: &[Problem], color: bool) -> String {
    let mut sorted: Vec<&Problem> = problems.iter().collect();
    sorted.sort();
    sorted.dedup();
    if sorted.is_empty() {
        return String::new();
    }
    let page = Page { path, lines: Lines::of(source) };
    let renderer = if color { Renderer::styled() } else { Renderer::plain() };
    let (mut out, mut shown, mut skimmed) = (String::new(), 0, 0);
    for problem in sorted.iter().take(SHOWN_MAX) {
        let window = page.window(problem);
        skimmed += window.end - window.start;
        if shown > 0 && skimmed > SKIMMED_MAX {
            break;
        }
        out += &renderer.render(&[page.group(problem, window)]);
        out += "\n\n";
        shown += 1;
    }
    let summary = Group::with_title(Level::ERROR.primary_title(summary(sorted.len(), shown, path)));
    out += &renderer.render(&[summary]);
    out + "\n"
}

fn summary(count: usize, shown: usize, path: &str) -> String {
    let mistakes = if count == 1 { "mistake" } else { "mistakes" };
    let rest = if shown < count { format!(", of which the first {shown} are shown") } else { String::new() };
    format!("{count} {mistakes} in {path}{rest}")
}

/// A file to point into.
struct Page<'a> {
    path: &'a str,
    lines: Lines<'a>,
}

impl<'a> Page<'a> {
    fn group(&self, problem: &'a Problem, window: Span) -> Group<'a> {
        let title = Level::ERROR.primary_title(printable(&problem.message));
        let notes = problem.notes.iter().map(|note| Level::NOTE.message(printable(note)));
        let hint = problem.hint.iter().map(|hint| Level::HELP.with_name("hint").message(printable(hint)));
        title.element(self.snippet(problem, window)).elements(notes).elements(hint)
    }

    /// The lines that a problem points at and those between them. Only these are given to the
    /// renderer, which reads all it is given.
    fn window(&self, problem: &Problem) -> Span {
        let spans = std::iter::once(problem.span).chain(problem.also.iter().map(|(span, _)| *span));
        let own = self.lines.around(problem.span);
        spans.map(|span| self.lines.around(span)).fold(own, |window, line| Span {
            start: window.start.min(line.start),
            end: window.end.max(line.end),
        })
    }

    fn snippet(&self, problem: &'a Problem, window: Span) -> Snippet<'a, annotate_snippets::Annotation<'a>> {
        let marks = |kind: AnnotationKind, span: Span, label: Option<&'a str>| {
            let span = self.lines.within_one(span);
            kind.span(span.start - window.start..span.end - window.start).label(label.map(printable))
        };
        Snippet::source(&self.lines.source[window.start..window.end])
            .path(self.path)
            .line_start(self.lines.index(window.start) + 1)
            .annotation(marks(AnnotationKind::Primary, problem.span, problem.label.as_deref()))
            .annotations(
                problem.also.iter().map(|(span, label)| marks(AnnotationKind::Context, *span, Some(label))),
            )
    }
}

/// A text and where its lines begin.
pub(super) struct Lines<'a> {
    pub source: &'a str,
    starts: Vec<usize>,
}

impl<'a> Lines<'a> {
    pub fn of(source: &'a str) -> Self {
        // A byte-order mark is no column.
        let first = if source.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
        let starts = std::iter::once(first).chain(source.match_indices('\n').map(|(at, _)| at + 1)).collect();
        Self { source, starts }
    }

    /// Which line a byte is in, from one, as people count.
    pub fn number(&self, at: usize) -> usize {
        self.index(at) + 1
    }

    /// Which line a byte is in, from zero.
    fn index(&self, at: usize) -> usize {
        self.starts.partition_point(|start| *start <= at).saturating_sub(1)
    }

    /// The line that a span begins in, without the line's end.
    fn around(&self, span: Span) -> Span {
        let start = self.starts[self.index(span.start)];
        let line = self.source[start..].split('\n').next().unwrap_or_default();
        Span { start, end: start + line.trim_end_matches('\r').len() }
    }

    /// The part of a span on its first line: carets along a whole block say less than at its head.
    fn within_one(&self, span: Span) -> Span {
        let line = self.around(span);
        let start = self.source.floor_char_boundary(span.start.clamp(line.start, line.end));
        let end = self.source.floor_char_boundary(span.end.clamp(start, line.end));
        Span { start, end }
    }
}

/// Text from the file in backticks, on one line and not too long.
pub(super) fn quote(text: &str) -> String {
    let mut short: String = text.chars().take(QUOTED_MAX).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    format!("`{}`", printable(&short))
}

/// A text whose control characters cannot reach the terminal.
fn printable(text: &str) -> Cow<'_, str> {
    if !text.contains(char::is_control) {
        return Cow::Borrowed(text);
    }
    let escape = |c: char| if c.is_control() { c.escape_default().to_string() } else { c.to_string() };
    Cow::Owned(text.chars().map(escape).collect())
}

/// The candidate nearest to a misspelt word, the first of equals; `None` if nothing is near.
///
/// Upper and lower case, `-` and `_` are the same here. About one slip in three letters is near.
pub fn suggest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    const WORD_MAX: usize = 64;
    let word = folded(word);
    let near = (word.len() / 3).max(1);
    let distance_to = |candidate: &'a str| (slips(&word, &folded(candidate)), candidate);
    candidates
        .into_iter()
        .filter(|candidate| word.len() <= WORD_MAX && candidate.len() <= WORD_MAX)
        .map(distance_to)
        .filter(|(slips, candidate)| *slips <= near && *slips < candidate.chars().count())
        .min_by_key(|(slips, _)| *slips)
        .map(|(_, candidate)| candidate)
}

fn folded(word: &str) -> Vec<char> {
    word.chars().flat_map(char::to_lowercase).map(|c| if c == '-' { '_' } else { c }).collect()
}

/// How many slips lead from one word to the other: a letter too many, missing, wrong, or two swapped.
fn slips(from: &[char], to: &[char]) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=to.len()).collect();
    for (i, a) in from.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, b) in to.iter().enumerate() {
            let wrong = above[j] + usize::from(a != b);
            let mut least = wrong.min(above[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *a == to[j - 1] && from[i - 1] == *b {
                least = least.min(before[j - 1] + 1);
            }
            row.push(least);
        }
        before = std::mem::replace(&mut above, row);
    }
    above[to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The span of the first `text` in `source`.
    fn span(source: &str, text: &str) -> Span {
        let start = source.find(text).expect("the text is in the source");
        Span { start, end: start + text.len() }
    }

    #[test]
    fn nothing_wrong_says_nothing() {
        assert_eq!(render("x.yaml", "a: 1", &[], true), "");
        assert!(Problems::new().is_empty());
    }

    #[test]
    fn problems_are_sorted_and_each_is_shown_once() {
        let source = "a: 1\nb: 2\n";
        let (a, b) = (Problem::at(span(source, "1"), "first"), Problem::at(span(source, "b"), "second"));
        assert_eq!(
            render("x.yaml", source, &[b.clone(), a.clone(), b, a], false),
            "\
error: first
 --> x.yaml:1:4
  |
1 | a: 1
  |    ^

error: second
 --> x.yaml:2:1
  |
2 | b: 2
  | ^

error: 2 mistakes in x.yaml
"
        );
    }

    #[test]
    fn everything_a_problem_says_is_shown() {
        let source = "\u{feff}é: ü1 x\r\nb: 2\r\nc: 3\r\nd: 4\r\n";
        let problem = Problem::at(span(source, "x\r\nb"), "ünknown \u{1b}[31m`x`")
            .label("this one")
            .also(span(source, "d"), "because of this")
            .note("a note")
            .hint("a hint");
        assert_eq!(
            render("x.yaml", source, &[problem], false),
            "\
error: ünknown \\u{1b}[31m`x`
 --> x.yaml:1:7
  |
1 | é: ü1 x
  |       ^ this one
...
4 | d: 4
  | - because of this
  |
  = note: a note
  = hint: a hint

error: 1 mistake in x.yaml
"
        );
    }

    #[test]
    fn places_past_the_end_are_shown_at_the_end() {
        let problem = Problem::at(Span { start: 90, end: 99 }, "cut off");
        assert_eq!(
            render("x.yaml", "a: é", &[problem], false),
            "error: cut off\n --> x.yaml:1:5\n  |\n1 | a: é\n  |     ^\n\nerror: 1 mistake in x.yaml\n"
        );
    }

    #[test]
    fn long_lines_are_cut_around_the_place() {
        let source = format!("a: [{}x, {}]\n", "1, ".repeat(1_000), "2, ".repeat(100_000));
        let rendered = render("x.yaml", &source, &[Problem::at(span(&source, "x"), "wrong")], false);
        let (ones, twos) = ("1, ".repeat(21), "2, ".repeat(21));
        assert_eq!(
            rendered,
            format!(
                "error: wrong\n --> x.yaml:1:3005\n  |\n1 | ... {ones}x, {twos}...\n  |     {}^\n\nerror: 1 mistake in x.yaml\n",
                " ".repeat(ones.len())
            )
        );
    }

    #[test]
    fn only_so_many_are_shown() {
        let source = "x".repeat(SHOWN_MAX + 1);
        let at = |start| Problem::at(Span { start, end: start + 1 }, "wrong");
        let problems: Vec<Problem> = (0..source.len()).map(at).collect();
        let rendered = render("x.yaml", &source, &problems, false);
        assert_eq!(rendered.matches("error: wrong").count(), SHOWN_MAX);
        let last = "\n\nerror: 101 mistakes in x.yaml, of which the first 100 are shown\n";
        assert_eq!(&rendered[rendered.len() - last.len()..], last);
    }

    #[test]
    fn fewer_are_shown_of_very_long_lines() {
        let source = "x".repeat(SKIMMED_MAX / 3);
        let problems = [1, 2, 3, 4, 5].map(|start| Problem::at(Span { start, end: start + 1 }, "wrong"));
        let rendered = render("x.yaml", &source, &problems, false);
        let last = "\n\nerror: 5 mistakes in x.yaml, of which the first 3 are shown\n";
        assert_eq!(&rendered[rendered.len() - last.len()..], last);
    }

    #[test]
    fn color_changes_nothing_but_color() {
        let source = "a: 1\n";
        let problem = Problem::at(span(source, "1"), "wrong").label("here").note("note").hint("hint");
        let (plain, colored) =
            [false, true].map(|color| render("x.yaml", source, std::slice::from_ref(&problem), color)).into();
        let mut stripped = String::new();
        let mut rest: &str = &colored;
        while let Some((text, escape)) = rest.split_once("\u{1b}[") {
            stripped += text;
            rest = escape.split_once('m').expect("an SGR sequence").1;
        }
        assert_eq!(stripped + rest, plain);
        assert_ne!(colored, plain);
    }

    #[test]
    fn near_words_are_suggested() {
        let keys = ["cidr", "az", "map_public_ip", "subnets", "security_groups"];
        for (word, expected) in [
            ("cird", Some("cidr")),
            ("CIDR", Some("cidr")),
            ("cidrs", Some("cidr")),
            ("subnet", Some("subnets")),
            ("map-public-ip", Some("map_public_ip")),
            ("securtiy_group", Some("security_groups")),
            ("zone", None),
            ("a", Some("az")),
            ("q", None),
            ("", None),
        ] {
            assert_eq!(suggest(word, keys), expected, "{word}");
        }
        assert_eq!(suggest(&"x".repeat(100_000), keys), None);
    }

    #[test]
    fn unknown_words_come_with_the_known_ones() {
        let at = Span::empty(0);
        assert_eq!(
            Problem::unknown(at, "subnet", "PublicA", ["PublicB", "Private"]),
            Problem::at(at, "unknown subnet `PublicA`")
                .note("known: `PublicB`, `Private`")
                .hint("did you mean `PublicB`?")
        );
        assert_eq!(
            Problem::unknown(at, "subnet", "A\n", []),
            Problem::at(at, "unknown subnet `A\\n`").note("no subnet is defined")
        );
    }
}
