//! YAML text to a tree whose every node knows its place in the file.
//!
//! Knows YAML: scalars, lists, maps, anchors, aliases, merge keys. Must never know a key of the
//! scenario language.
//!
//! A plain scalar stays exactly as written (`0123` stays `0123`), because only the reader of a field
//! knows whether `22` is a port or a name. What a file may cost is bounded here, so that the readers
//! of the tree need no bounds of their own.

use std::collections::BTreeMap;

use granit_parser::{ErrorKind, Event, Options, Parser, ScalarStyle, ScanError, StrInput, Tag, options};

use super::problem::{Problem, Problems, quote};

/// The largest file that is read, in bytes.
pub const SOURCE_MAX: usize = 32 << 20;

/// How deep lists and maps may be nested, aliases followed.
pub const DEPTH_MAX: usize = 32;

/// How many nodes a file may have, aliases followed.
pub const NODES_MAX: usize = 2_000_000;

/// How many bytes of text the nodes may hold together, aliases followed.
pub const TEXT_MAX: usize = 32 << 20;

/// A range of byte offsets into the source.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub struct Span {
    /// The first byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

/// A value and where it is written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Node {
    /// The text of the value; for an alias, the alias.
    pub span: Span,
    /// Where to point when the value as a whole is meant: the key of a list or a map that has one,
    /// otherwise the value itself.
    pub place: Span,
    /// What is written there.
    pub value: Value,
}

/// What a node holds.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Value {
    /// Nothing, `~` or `null`.
    Null,
    /// A word, a number, a text.
    Scalar {
        /// The text; of a plain scalar exactly as written, otherwise with quotes and escapes resolved.
        text: String,
        /// Whether the file says that this is text: by quotes, or by a `|` or `>` block.
        quoted: bool,
    },
    /// A list.
    List(Vec<Node>),
    /// A map, in the order of the file. No key occurs twice.
    Map(Vec<(Key, Node)>),
}

/// A key of a map and where it is written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Key {
    /// The text of the key, quotes included.
    pub span: Span,
    /// The key.
    pub text: String,
}

/// A value that was read, and where it is written.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Spanned<T> {
    /// Where.
    pub span: Span,
    /// What.
    pub value: T,
}

/// Reads a file that holds one YAML document. An empty file is [`Value::Null`].
///
/// A mistake in the syntax ends the reading: there is no tree, and `problems` says why. A key given
/// twice or a tag is reported as well, but the tree is complete and can be checked further.
pub fn parse(source: &str, problems: &mut Problems) -> Option<Node> {
    if source.len() > SOURCE_MAX {
        problems.push(too_much(Span::default(), "the file is too large", &format!("{SOURCE_MAX} bytes")));
        return None;
    }
    let events = Parser::new_from_str_with_options(source, reading());
    let mut reader =
        Reader { source, events, problems, anchors: BTreeMap::new(), depth: 0, nodes: 0, text: 0 };
    reader.document()
}

fn reading() -> Options {
    let mut options = options! { emit_unresolved_aliases: true, disallow_directives: true };
    options.set_emit_comments(false);
    options
}

impl Span {
    /// The place between two bytes.
    pub const fn empty(at: usize) -> Self {
        Self { start: at, end: at }
    }

    fn shift(&mut self, by: usize) {
        self.start += by;
        self.end += by;
    }

    /// From where this begins to where `last` ends.
    pub const fn to(self, last: Self) -> Self {
        Self { start: self.start, end: last.end }
    }
}

impl Node {
    /// Moves the places of this and all it holds.
    pub(super) fn shift(&mut self, by: usize) {
        self.span.shift(by);
        self.place.shift(by);
        match &mut self.value {
            Value::Null | Value::Scalar { .. } => {}
            Value::List(items) => items.iter_mut().for_each(|item| item.shift(by)),
            Value::Map(entries) => {
                for (key, node) in entries {
                    key.span.shift(by);
                    node.shift(by);
                }
            }
        }
    }
}

impl From<granit_parser::Span> for Span {
    fn from(span: granit_parser::Span) -> Self {
        let range = span.byte_range().expect("a parser of a str knows byte offsets");
        Self { start: range.start, end: range.end }
    }
}

impl<T> Spanned<T> {
    /// Changes the value and keeps the place.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Spanned<U> {
        Spanned { span: self.span, value: change(self.value) }
    }
}

/// Builds the tree from the parser's events.
///
/// Every method answers `None` after it has pushed the problem that ends the reading.
struct Reader<'s, 'p> {
    source: &'s str,
    events: Parser<'s, StrInput<'s>>,
    problems: &'p mut Problems,
    /// The nodes that aliases may repeat. One that is still being read is not in here yet.
    anchors: BTreeMap<usize, Node>,
    depth: usize,
    nodes: usize,
    text: usize,
}

/// A map while it is read.
#[derive(Default)]
struct Entries {
    read: Vec<(Key, Node)>,
    seen: BTreeMap<String, Span>,
    merged: Vec<Node>,
}

/// What a copy of a node costs.
#[derive(Default)]
struct Cost {
    nodes: usize,
    text: usize,
    height: usize,
}

impl<'s> Reader<'s, '_> {
    fn document(&mut self) -> Option<Node> {
        let (event, span) = self.next_content()?;
        if event == Event::StreamEnd {
            return Some(Node { span: Span::default(), place: Span::default(), value: Value::Null });
        }
        let root = self.node(event, span, None)?;
        let (event, span) = self.next_content()?;
        if event != Event::StreamEnd {
            let problem = Problem::at(span.into(), "a second document begins here");
            self.problems.push(
                problem.hint("a scenario file holds one document: remove this one or give it its own file"),
            );
        }
        Some(root)
    }

    /// The next event that is neither the frame of the stream nor that of a document.
    fn next_content(&mut self) -> Option<(Event<'s>, granit_parser::Span)> {
        loop {
            let (event, span) = self.next()?;
            if !matches!(event, Event::StreamStart | Event::DocumentStart(..) | Event::DocumentEnd) {
                return Some((event, span));
            }
        }
    }

    fn next(&mut self) -> Option<(Event<'s>, granit_parser::Span)> {
        match self.events.next().expect("nobody asks for more after the end") {
            Ok(next) => Some(next),
            Err(error) => {
                self.problems.push(syntax_problem(&error, self.source));
                None
            }
        }
    }

    /// The node that begins with `event`; `key` is where its key is, if it has one.
    #[expect(clippy::wildcard_enum_match_arm, reason = "the enum is foreign and open")]
    fn node(&mut self, event: Event<'s>, raw: granit_parser::Span, key: Option<Span>) -> Option<Node> {
        let span = Span::from(raw);
        let node = match event {
            Event::Scalar(text, style, anchor, tag) => {
                self.refuse_tag(tag.as_deref(), &raw);
                self.charge(&Cost { nodes: 1, text: text.len(), height: 1 }, span)?;
                let node = scalar(&text, style, span, key);
                self.remember(anchor, node)
            }
            Event::SequenceStart(_, anchor, tag) => {
                self.refuse_tag(tag.as_deref(), &raw);
                let node = self.nested(span, key, Self::list)?;
                self.remember(anchor, node)
            }
            Event::MappingStart(_, anchor, tag) => {
                self.refuse_tag(tag.as_deref(), &raw);
                let node = self.nested(span, key, Self::map)?;
                self.remember(anchor, node)
            }
            Event::Alias(anchor) => self.alias(anchor, span, key)?,
            Event::UnresolvedAlias(name) => {
                let problem = Problem::at(span, format!("no anchor `&{name}` is defined before this alias"));
                self.problems
                    .push(problem.hint(format!("a text that begins with `*` needs quotes: `\"*{name}\"`")));
                return None;
            }
            other => unreachable!("{other:?} does not begin a node"),
        };
        Some(node)
    }

    fn nested(
        &mut self,
        start: Span,
        key: Option<Span>,
        contents: impl FnOnce(&mut Self) -> Option<(Value, Span)>,
    ) -> Option<Node> {
        self.charge(&Cost { nodes: 1, text: 0, height: 1 }, start)?;
        self.depth += 1;
        let (value, last) = contents(self)?;
        self.depth -= 1;
        let span = start.to(last);
        let place = if start.end > start.start { key.unwrap_or(start) } else { key.unwrap_or(span) };
        Some(Node { span, place, value })
    }

    /// The items of a list, and where its last one ends.
    fn list(&mut self) -> Option<(Value, Span)> {
        let mut items: Vec<Node> = Vec::new();
        loop {
            let (event, span) = self.next()?;
            if event == Event::SequenceEnd {
                let last = end_of(span.into(), items.last());
                return Some((Value::List(items), last));
            }
            items.push(self.node(event, span, None)?);
        }
    }

    /// The entries of a map, and where its last one ends.
    fn map(&mut self) -> Option<(Value, Span)> {
        let mut entries = Entries::default();
        loop {
            let (event, span) = self.next()?;
            if event == Event::MappingEnd {
                let last = end_of(span.into(), entries.read.last().map(|(_, node)| node));
                return Some((Value::Map(entries.finish(self.problems)), last));
            }
            let (key, is_merge) = self.key(event, span.into())?;
            let (event, span) = self.next()?;
            let node = self.node(event, span, Some(key.span))?;
            if is_merge {
                entries.merged.push(node);
            } else {
                entries.add(key, node, self.problems);
            }
        }
    }

    /// A key, and whether it is the merge key `<<`.
    fn key(&mut self, event: Event<'s>, span: Span) -> Option<(Key, bool)> {
        let Event::Scalar(text, style, _, _) = event else {
            let problem = Problem::at(span, "a key must be a word");
            self.problems.push(problem.hint("a value that begins with `{`, `[`, `*` or `&` needs quotes"));
            return None;
        };
        if span.start == span.end {
            self.problems.push(Problem::at(span, "the key is missing before this `:`"));
            return None;
        }
        self.charge(&Cost { nodes: 1, text: text.len(), height: 1 }, span)?;
        let is_merge = style == ScalarStyle::Plain && text == "<<";
        Some((Key { span, text: text.into_owned() }, is_merge))
    }

    /// A copy of the node an alias names. The copy stands where the alias is, its contents where the
    /// anchor is: that is where their text can be changed.
    fn alias(&mut self, anchor: usize, span: Span, key: Option<Span>) -> Option<Node> {
        // Weighed before it is copied: ten lines can name a billion nodes.
        let Some(cost) = self.anchors.get(&anchor).map(Cost::of) else {
            self.problems.push(Problem::at(span, "this alias is inside the value that it repeats"));
            return None;
        };
        self.charge(&cost, span)?;
        let value = self.anchors[&anchor].value.clone();
        let place = match value {
            Value::Null | Value::List(_) | Value::Map(_) => key.unwrap_or(span),
            Value::Scalar { .. } => span,
        };
        Some(Node { span, place, value })
    }

    fn remember(&mut self, anchor: usize, node: Node) -> Node {
        // The parser numbers anchors from one; zero is none.
        if anchor > 0 {
            self.anchors.insert(anchor, node.clone());
        }
        node
    }

    fn charge(&mut self, cost: &Cost, span: Span) -> Option<()> {
        self.nodes += cost.nodes;
        self.text += cost.text;
        let problem = if self.depth + cost.height > DEPTH_MAX {
            too_much(span, "lists and maps are nested too deeply", &format!("{DEPTH_MAX} levels"))
        } else if self.nodes > NODES_MAX {
            too_much(span, "the file has too many values", &format!("{NODES_MAX}, aliases followed"))
        } else if self.text > TEXT_MAX {
            too_much(span, "the file has too much text", &format!("{TEXT_MAX} bytes, aliases followed"))
        } else {
            return Some(());
        };
        self.problems.push(problem);
        None
    }

    fn refuse_tag(&mut self, tag: Option<&Tag>, node: &granit_parser::Span) {
        if tag.is_some() {
            let span = Span::from(node.tag_span().unwrap_or(*node));
            let problem = Problem::at(span, "tags are not part of the scenario language");
            self.problems.push(problem.hint("remove it, and put text that looks like a number in quotes"));
        }
    }
}

impl Entries {
    fn add(&mut self, key: Key, node: Node, problems: &mut Problems) {
        if let Some(&first) = self.seen.get(&key.text) {
            let problem = Problem::at(key.span, format!("the key {} is given twice", quote(&key.text)));
            problems.push(problem.label("given again here").also(first, "first given here"));
            return;
        }
        self.seen.insert(key.text.clone(), key.span);
        self.read.push((key, node));
    }

    /// The entries, those of merged maps last. What the map itself says wins, then the earlier merge.
    fn finish(mut self, problems: &mut Problems) -> Vec<(Key, Node)> {
        for node in std::mem::take(&mut self.merged) {
            match node.value {
                Value::Map(entries) => self.merge(entries),
                Value::List(nodes) => {
                    for node in nodes {
                        self.merge_map(node, problems);
                    }
                }
                Value::Null | Value::Scalar { .. } => self.merge_map(node, problems),
            }
        }
        self.read
    }

    fn merge_map(&mut self, node: Node, problems: &mut Problems) {
        match node.value {
            Value::Map(entries) => self.merge(entries),
            Value::Null | Value::Scalar { .. } | Value::List(_) => {
                let problem = Problem::at(node.place, "only a map can be merged with `<<`");
                problems.push(problem.hint("write `<<: *name` where `&name` stands before a map"));
            }
        }
    }

    fn merge(&mut self, entries: Vec<(Key, Node)>) {
        for (key, node) in entries {
            if !self.seen.contains_key(&key.text) {
                self.seen.insert(key.text.clone(), key.span);
                self.read.push((key, node));
            }
        }
    }
}

impl Cost {
    fn of(node: &Node) -> Self {
        let mut cost = Self { nodes: 1, text: 0, height: 0 };
        match &node.value {
            Value::Null => {}
            Value::Scalar { text, .. } => cost.text = text.len(),
            Value::List(items) => items.iter().for_each(|item| cost.add(&Self::of(item))),
            Value::Map(entries) => {
                for (key, value) in entries {
                    cost.add(&Self { nodes: 1, text: key.text.len(), height: 0 });
                    cost.add(&Self::of(value));
                }
            }
        }
        Self { height: cost.height + 1, ..cost }
    }

    fn add(&mut self, part: &Self) {
        self.nodes += part.nodes;
        self.text += part.text;
        self.height = self.height.max(part.height);
    }
}

fn scalar(text: &str, style: ScalarStyle, span: Span, key: Option<Span>) -> Node {
    let quoted = style != ScalarStyle::Plain;
    let is_null = !quoted && (span.start == span.end || matches!(text, "~" | "null" | "Null" | "NULL"));
    if is_null {
        return Node { span, place: key.unwrap_or(span), value: Value::Null };
    }
    Node { span, place: span, value: Value::Scalar { text: text.to_owned(), quoted } }
}

/// A flow collection ends with its bracket, a block collection with its last item: the parser sees
/// the end of the latter only where something else begins.
fn end_of(end: Span, last: Option<&Node>) -> Span {
    if end.start == end.end { last.map_or(end, |node| node.span) } else { end }
}

fn too_much(span: Span, message: &str, bound: &str) -> Problem {
    Problem::at(span, message).note(format!("the most that is read is {bound}"))
}

/// How to write a command that has signs of YAML in it.
pub const IN_BRACES: &str = "inside `{ }` a comma, bracket or brace ends a value: quote the command, or end the line \
                             with `aws: >-` and write the command below";

/// Whether a place comes after a command in the same line, which is in braces.
fn is_in_command(source: &str, at: usize) -> bool {
    let before = &source[..at];
    let line = &before[before.rfind('\n').map_or(0, |newline| newline + 1)..];
    line.contains('{') && ["aws: ", "run: "].iter().any(|key| line.contains(key))
}

/// The parser's errors in words for the person who wrote the file.
#[expect(clippy::wildcard_enum_match_arm, reason = "the enum is foreign and open")]
fn syntax_problem(error: &ScanError, source: &str) -> Problem {
    let at = error.marker().byte_offset().unwrap_or(source.len());
    let here = Span::empty(at);
    match error.kind() {
        ErrorKind::TabInBlockIndentation
        | ErrorKind::TabInIndentation
        | ErrorKind::TabInPlainScalar
        | ErrorKind::TabAtBlockScalarStart
        | ErrorKind::TabNotAllowed => {
            // The parser stops before the tab in some contexts and after it in others.
            let tab = source[..at].ends_with('\t').then(|| Span { start: at - 1, end: at });
            Problem::at(tab.unwrap_or(here), "a tab is not allowed here").hint("indent with spaces")
        }
        ErrorKind::ExpectedFlowMappingSeparator | ErrorKind::ExpectedBlockSequenceEntry
            if is_in_command(source, at) =>
        {
            Problem::at(here, "the command ends before this").hint(IN_BRACES)
        }
        ErrorKind::UnclosedFlowCollection { open } => {
            let close = if *open == '[' { ']' } else { '}' };
            Problem::at(here, format!("this `{open}` is never closed")).hint(format!("add a `{close}`"))
        }
        ErrorKind::MismatchedFlowCollectionEnd { open, close } => {
            Problem::at(here, format!("`{close}` does not close the `{open}` before it"))
        }
        ErrorKind::ExpectedFlowMappingSeparator => Problem::at(here, "expected `,` or `}` here")
            .hint("check that the `{` before this place is closed, with commas between its entries"),
        ErrorKind::ExpectedFlowSequenceSeparator => Problem::at(here, "expected `,` or `]` here")
            .hint("check that the `[` before this place is closed, with commas between its items"),
        ErrorKind::UnclosedQuotedScalar => Problem::at(here, "this quote is never closed"),
        ErrorKind::MappingValueNotAllowed => Problem::at(here, "a `:` cannot stand here").hint(
            "check the indentation of this line and the one above; a value with `: ` in it needs quotes",
        ),
        ErrorKind::InvalidColonPlacement => Problem::at(here, "a `:` cannot stand here")
            .hint("check that every `[` and `{` before this place is closed"),
        ErrorKind::ExpectedBlockSequenceEntry => Problem::at(here, "expected the next `- ` of the list")
            .hint("check the indentation: items begin in one column, the keys of an item in another"),
        ErrorKind::ExpectedBlockMappingKey | ErrorKind::InvalidIndentation => {
            Problem::at(here, "the indentation of this line matches no line above")
                .hint("keys of one map begin in the same column")
        }
        ErrorKind::SimpleKeyExpected => Problem::at(here, "expected `key: value` here")
            .hint("a key ends with a colon and a space; the lines of a long text belong under `|`"),
        ErrorKind::UnexpectedCharacter { character } => {
            let end = at + character.len_utf8();
            Problem::at(Span { start: at, end }, format!("a value cannot begin with `{character}`"))
                .hint("put the value in quotes")
        }
        ErrorKind::InvalidTrailingSingleQuotedScalar | ErrorKind::InvalidTrailingDoubleQuotedScalar => {
            Problem::at(here, "text after the closing quote")
                .hint("put the whole value in quotes of the other kind")
        }
        ErrorKind::UnknownQuotedScalarEscape => {
            Problem::at(here, "unknown escape in a text in double quotes")
                .hint("write `\\\\` for a backslash, or use single quotes")
        }
        ErrorKind::RecursionLimitExceeded => {
            too_much(here, "lists and maps are nested too deeply", &format!("{DEPTH_MAX} levels"))
        }
        ErrorKind::DirectiveDisallowed => {
            Problem::at(here, "directives are not part of the scenario language")
        }
        other => Problem::at(here, format!("this is not YAML: {other}")),
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write;

    use super::*;

    /// The tree on one line, every value as the file has it: `'…'` for quoted, `~` for nothing.
    fn show(node: &Node) -> String {
        match &node.value {
            Value::Null => "~".to_owned(),
            Value::Scalar { text, quoted: true } => format!("'{}'", text.escape_debug()),
            Value::Scalar { text, quoted: false } => text.clone(),
            Value::List(items) => format!("[{}]", items.iter().map(show).collect::<Vec<_>>().join(", ")),
            Value::Map(entries) => {
                let entries: Vec<_> =
                    entries.iter().map(|(key, node)| format!("{}: {}", key.text, show(node))).collect();
                format!("{{{}}}", entries.join(", "))
            }
        }
    }

    /// The tree, and the first line of each problem with the text it points at.
    fn check(source: &str) -> (Option<String>, Vec<String>) {
        let mut problems = Problems::new();
        let root = parse(source, &mut problems);
        let said = |p: &Problem| format!("{} at `{}`", p.message, &source[p.span.start..p.span.end]);
        (root.as_ref().map(show), problems.as_slice().iter().map(said).collect())
    }

    fn check_tree(source: &str, expected: &str) {
        assert_eq!(check(source), (Some(expected.to_owned()), vec![]), "{source}");
    }

    fn check_refused(source: &str, expected: &str) {
        assert_eq!(check(source), (None, vec![expected.to_owned()]), "{source}");
    }

    #[test]
    fn scalars_stay_as_written() {
        check_tree(
            "a: 0123\nb: 22\nc: 1e3\nd: yes\ne: 2024-06-28T09:00:00Z\nf: 10.0.0.0/16\n",
            "{a: 0123, b: 22, c: 1e3, d: yes, e: 2024-06-28T09:00:00Z, f: 10.0.0.0/16}",
        );
        check_tree(
            "{ a: '1''2', \"b c\": \"x\\n\", c: ~, d: , e: null, f: \"~\" }",
            "{a: '1\\'2', b c: 'x\\n', c: ~, d: ~, e: ~, f: '~'}",
        );
        check_tree("run: curl http://x -d {a}\n", "{run: curl http://x -d {a}}");
    }

    #[test]
    fn block_texts_are_exact() {
        check_tree(
            "a: |\n  one\n    two\n\nb: >-\n  three\n  four\n",
            "{a: 'one\\n  two\\n', b: 'three four'}",
        );
        check_tree("a: |\r\n  one\r\n  two\r\n", "{a: 'one\\ntwo\\n'}");
    }

    #[test]
    fn empty_files_are_null() {
        for source in ["", "\n\n", "# comment\n", "---\n", "\u{feff}"] {
            check_tree(source, "~");
        }
    }

    #[test]
    fn every_node_knows_its_place() {
        let source = "é:\n  - 1\n  - { b: 2 }\nc: &x {\n  d: 3 }\ne: *x\n";
        let mut problems = Problems::new();
        let root = parse(source, &mut problems).unwrap();
        let mut places = String::new();
        fn visit(node: &Node, source: &str, out: &mut String) {
            let part = |span: Span| &source[span.start..span.end];
            writeln!(out, "{:?} at {:?}", part(node.span), part(node.place)).unwrap();
            match &node.value {
                Value::Null | Value::Scalar { .. } => {}
                Value::List(items) => items.iter().for_each(|item| visit(item, source, out)),
                Value::Map(entries) => entries.iter().for_each(|(_, node)| visit(node, source, out)),
            }
        }
        visit(&root, source, &mut places);
        let whole = source.trim_end();
        assert_eq!(
            places,
            format!(
                r#"{whole:?} at {whole:?}
"- 1\n  - {{ b: 2 }}" at "é"
"1" at "1"
"{{ b: 2 }}" at "{{"
"2" at "2"
"{{\n  d: 3 }}" at "c"
"3" at "3"
"*x" at "e"
"3" at "3"
"#
            )
        );
    }

    #[test]
    fn aliases_repeat_and_merge_keys_fill_in() {
        check_tree("a: &x [1, 2]\nb: *x\n", "{a: [1, 2], b: [1, 2]}");
        check_tree(
            "a: &a { p: 1, q: 2 }\nb: &b { q: 3, r: 4 }\nc:\n  <<: [*a, *b]\n  p: 5\nd: { <<: *b }\n",
            "{a: {p: 1, q: 2}, b: {q: 3, r: 4}, c: {p: 5, q: 2, r: 4}, d: {q: 3, r: 4}}",
        );
        check_refused("a: *x\n", "no anchor `&x` is defined before this alias at `*x`");
        check_refused("a: &x [*x]\n", "this alias is inside the value that it repeats at `*x`");
    }

    #[test]
    fn mistakes_that_leave_a_tree_do_not_end_the_reading() {
        assert_eq!(
            check("a: !!str 1\na: 2\nb: { c: 1, c: 2 }\nd:\n  <<: 5\n"),
            (
                Some("{a: 1, b: {c: 1}, d: {}}".to_owned()),
                vec![
                    "tags are not part of the scenario language at `!!str`".to_owned(),
                    "the key `a` is given twice at `a`".to_owned(),
                    "the key `c` is given twice at `c`".to_owned(),
                    "only a map can be merged with `<<` at `5`".to_owned(),
                ]
            )
        );
        let second = vec!["a second document begins here at ``".to_owned()];
        assert_eq!(check("a: 1\n---\n b: 2\n"), (Some("{a: 1}".to_owned()), second));
    }

    #[test]
    fn broken_syntax_is_explained() {
        check_refused("a:\n\tb: 1\n", "a tab is not allowed here at `\t`");
        check_refused("a: [1, 2\n", "this `[` is never closed at ``");
        check_refused("a: [1, 2\nb: 3\n", "a `:` cannot stand here at ``");
        check_refused("a: [1, 2}\n", "`}` does not close the `[` before it at ``");
        check_refused("a: {b: 1\nc: 2}\n", "expected `,` or `}` here at ``");
        check_refused("a: \"b\n", "this quote is never closed at ``");
        check_refused("a: 'b' c\n", "text after the closing quote at ``");
        check_refused("a: b: c\n", "a `:` cannot stand here at ``");
        check_refused("a: 1\n b: 2\n", "a `:` cannot stand here at ``");
        check_refused("a:\n  - b: 1\n   c: 2\n", "expected the next `- ` of the list at ``");
        check_refused("a:\n    b: 1\n  c: 2\n", "the indentation of this line matches no line above at ``");
        check_refused("a: 1\nb\nc: 2\n", "expected `key: value` here at ``");
        check_refused("a: @b\n", "a value cannot begin with `@` at `@`");
        check_refused("a: \"\\q\"\n", "unknown escape in a text in double quotes at ``");
        check_refused("[1]: 2\n", "a key must be a word at `[`");
        check_refused(": 2\n", "the key is missing before this `:` at ``");
        check_refused("%YAML 1.2\n---\na: 1\n", "directives are not part of the scenario language at ``");
    }

    #[test]
    fn bombs_are_refused_before_they_go_off() {
        let deep = "lists and maps are nested too deeply";
        let open = |count: usize| "[".repeat(count);
        let closed = |count: usize| format!("{}{}", open(count), "]".repeat(count));
        assert_eq!(check(&closed(DEPTH_MAX - 1)).1, Vec::<String>::new());
        check_refused(&closed(DEPTH_MAX + 1), &format!("{deep} at `[`"));
        for source in [open(100_000), "- ".repeat(100_000), "{a: ".repeat(100_000)] {
            let (tree, said) = check(&source);
            assert_eq!((tree, said.len()), (None, 1));
            assert!(said[0].starts_with(deep), "{said:?}");
        }

        let laughs = |first: &str| {
            let mut source = format!("l0: &l0 {first}\n");
            for level in 1..10 {
                let aliases = vec![format!("*l{}", level - 1); 10].join(", ");
                writeln!(source, "l{level}: &l{level} [{aliases}]").unwrap();
            }
            source
        };
        check_refused(&laughs("ha"), "the file has too many values at `*l6`");
        check_refused(&laughs(&"ha".repeat(10_000)), "the file has too much text at `*l3`");
        check_refused(&format!("[{}]", "1,".repeat(NODES_MAX)), "the file has too many values at `1`");
        check_refused(&" ".repeat(SOURCE_MAX + 1), "the file is too large at ``");
        let tower = format!("a: &a {}\nb: {}*a{}\n", closed(20), open(20), "]".repeat(20));
        check_refused(&tower, &format!("{deep} at `*a`"));
    }
}
