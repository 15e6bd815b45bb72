//! A template's text as one JSON value, whose short forms (`!Ref x`) have become their long forms.
//!
//! Knows YAML and its tags. Must never know a section or a resource of a template.
//!
//! A plain scalar stays a text, exactly as written: CloudFormation compares texts, and an account `012345678901`
//! must keep its zero. What a file may cost is bounded here.

use std::collections::BTreeMap;
use std::rc::Rc;

use granit_parser::{Event, Options, Parser, ScalarStyle, StrInput, Tag, options};
use serde_json::{Map, Value};

use crate::import::{Place, Trouble, json};

/// The largest file that is read, in bytes.
const SOURCE_MAX: usize = 4 << 20;

/// How deep lists and maps may be nested, aliases followed.
const DEPTH_MAX: usize = 64;

/// How many values a file may have, aliases followed.
const NODES_MAX: usize = 200_000;

/// How many bytes of text the values may hold together, aliases followed.
const TEXT_MAX: usize = 8 << 20;

/// Reads a template that is written in JSON or YAML.
pub fn parse(file: &Rc<str>, text: &str) -> Result<Value, Vec<Trouble>> {
    let text = text.trim_start_matches('\u{feff}');
    if text.len() > SOURCE_MAX {
        let message = format!("the file has more than {SOURCE_MAX} bytes");
        return Err(vec![Trouble { place: Place::file(file), message, hint: None }]);
    }
    let is_json = text.trim_start().starts_with('{');
    let read = Reader::new(file, text).document();
    if !is_json {
        return read;
    }
    let value = json::parse(file, text).map_err(|trouble| vec![trouble])?;
    // JSON is nearly YAML. Where it is, a key that is given twice has been seen.
    match read {
        Err(troubles) if troubles.iter().all(|trouble| trouble.message.ends_with(TWICE)) => Err(troubles),
        Ok(_) | Err(_) => Ok(value),
    }
}

const TWICE: &str = "is given twice";

fn reading() -> Options {
    let mut options = options! { emit_unresolved_aliases: true };
    options.set_emit_comments(false);
    options
}

struct Reader<'s> {
    file: &'s Rc<str>,
    events: Parser<'s, StrInput<'s>>,
    /// The values that aliases may repeat. One that is still being read is not in here yet.
    anchors: BTreeMap<usize, (Value, Cost)>,
    troubles: Vec<Trouble>,
    depth: usize,
    spent: Cost,
}

/// What a value costs.
#[derive(Clone, Copy, Default)]
struct Cost {
    nodes: usize,
    text: usize,
    height: usize,
}

/// There is no value; the reader's troubles say why.
struct Stopped;

type Read<T> = Result<T, Stopped>;

impl<'s> Reader<'s> {
    fn new(file: &'s Rc<str>, text: &'s str) -> Self {
        let events = Parser::new_from_str_with_options(text, reading());
        let (anchors, troubles) = (BTreeMap::new(), Vec::new());
        Self { file, events, anchors, troubles, depth: 0, spent: Cost::default() }
    }

    fn document(mut self) -> Result<Value, Vec<Trouble>> {
        match self.root() {
            Ok(value) if self.troubles.is_empty() => Ok(value),
            Ok(_) | Err(Stopped) => Err(self.troubles),
        }
    }

    fn root(&mut self) -> Read<Value> {
        let (event, span) = self.next_content()?;
        if event == Event::StreamEnd {
            return Ok(Value::Null);
        }
        let root = self.node(event, span)?.0;
        let (event, span) = self.next_content()?;
        if event != Event::StreamEnd {
            self.trouble(span, "a second document begins here", Some("a template is one document"));
        }
        Ok(root)
    }

    /// The next event that is neither the frame of the stream nor that of a document.
    fn next_content(&mut self) -> Read<(Event<'s>, granit_parser::Span)> {
        loop {
            let (event, span) = self.next()?;
            if !matches!(event, Event::StreamStart | Event::DocumentStart(..) | Event::DocumentEnd) {
                return Ok((event, span));
            }
        }
    }

    fn next(&mut self) -> Read<(Event<'s>, granit_parser::Span)> {
        match self.events.next() {
            Some(Ok(next)) => Ok(next),
            Some(Err(error)) => {
                let at = error.marker();
                let message = format!("this is neither YAML nor JSON: {}", error.info());
                self.troubles.push(Trouble {
                    place: self.place(at.line(), at.col() + 1),
                    message,
                    hint: None,
                });
                Err(Stopped)
            }
            None => Err(Stopped),
        }
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "the enum is foreign and open")]
    fn node(&mut self, event: Event<'s>, span: granit_parser::Span) -> Read<(Value, Cost)> {
        let (value, cost, anchor, tag) = match event {
            Event::Scalar(text, style, anchor, tag) => {
                let cost = Cost { nodes: 1, text: text.len(), height: 1 };
                self.charge(cost, span)?;
                (scalar(&text, style, tag.as_deref()), cost, anchor, tag)
            }
            Event::SequenceStart(_, anchor, tag) => {
                let (value, cost) = self.nested(span, Self::list)?;
                (value, cost, anchor, tag)
            }
            Event::MappingStart(_, anchor, tag) => {
                let (value, cost) = self.nested(span, Self::map)?;
                (value, cost, anchor, tag)
            }
            Event::Alias(anchor) => return self.alias(anchor, span),
            other => {
                let message = match other {
                    Event::UnresolvedAlias(name) => {
                        format!("no anchor `&{name}` is defined before this alias")
                    }
                    _ => "a value is missing here".to_owned(),
                };
                self.trouble(span, &message, Some("a text that begins with `*` needs quotes"));
                return Err(Stopped);
            }
        };
        let made = match tag.as_deref().and_then(function) {
            Some(name) => {
                // The long form is one level more.
                let extra = Cost { nodes: 1, text: name.len(), height: cost.height + 1 };
                self.charge(extra, span)?;
                let value = Value::Object(Map::from_iter([(name, value)]));
                (value, Cost { nodes: cost.nodes + 1, text: cost.text + extra.text, height: extra.height })
            }
            None => (value, cost),
        };
        // The parser numbers anchors from one; zero is none.
        if anchor > 0 {
            self.anchors.insert(anchor, made.clone());
        }
        Ok(made)
    }

    fn nested(
        &mut self,
        span: granit_parser::Span,
        contents: impl FnOnce(&mut Self) -> Read<(Value, Cost)>,
    ) -> Read<(Value, Cost)> {
        self.charge(Cost { nodes: 1, text: 0, height: 1 }, span)?;
        self.depth += 1;
        let (value, cost) = contents(self)?;
        self.depth -= 1;
        Ok((value, Cost { nodes: cost.nodes + 1, height: cost.height + 1, ..cost }))
    }

    fn list(&mut self) -> Read<(Value, Cost)> {
        let (mut items, mut cost) = (Vec::new(), Cost::default());
        loop {
            let (event, span) = self.next()?;
            if event == Event::SequenceEnd {
                return Ok((Value::Array(items), cost));
            }
            let (item, its) = self.node(event, span)?;
            cost.add(its);
            items.push(item);
        }
    }

    fn map(&mut self) -> Read<(Value, Cost)> {
        let (mut entries, mut merged, mut cost) = (Map::new(), Vec::new(), Cost::default());
        loop {
            let (event, at) = self.next()?;
            if event == Event::MappingEnd {
                break;
            }
            let (key, is_merge) = self.key(event, at)?;
            let (event, span) = self.next()?;
            let (value, its) = self.node(event, span)?;
            cost.add(Cost { nodes: 1 + its.nodes, text: key.len() + its.text, height: its.height });
            if is_merge {
                merged.push(value);
            } else if entries.contains_key(&key) {
                self.trouble(at, &format!("the key `{key}` {TWICE}"), None);
            } else {
                entries.insert(key, value);
            }
        }
        for value in merged {
            merge(&mut entries, value);
        }
        Ok((Value::Object(entries), cost))
    }

    /// A key, and whether it is the merge key `<<`.
    fn key(&mut self, event: Event<'s>, span: granit_parser::Span) -> Read<(String, bool)> {
        let Event::Scalar(text, style, _, _) = event else {
            self.trouble(
                span,
                "a key must be a word",
                Some("a text that begins with `{`, `[` or `*` needs quotes"),
            );
            return Err(Stopped);
        };
        self.charge(Cost { nodes: 1, text: text.len(), height: 1 }, span)?;
        let is_merge = style == ScalarStyle::Plain && text == "<<";
        Ok((text.into_owned(), is_merge))
    }

    /// A copy of the value an alias names, weighed before it is made: ten lines can name a billion values.
    fn alias(&mut self, anchor: usize, span: granit_parser::Span) -> Read<(Value, Cost)> {
        let Some(cost) = self.anchors.get(&anchor).map(|(_, cost)| *cost) else {
            self.trouble(span, "this alias is inside the value that it repeats", None);
            return Err(Stopped);
        };
        self.charge(cost, span)?;
        Ok((self.anchors[&anchor].0.clone(), cost))
    }

    fn charge(&mut self, cost: Cost, span: granit_parser::Span) -> Read<()> {
        self.spent.nodes += cost.nodes;
        self.spent.text += cost.text;
        let message = if self.depth + cost.height > DEPTH_MAX {
            format!("lists and maps are nested deeper than {DEPTH_MAX} levels")
        } else if self.spent.nodes > NODES_MAX {
            format!("the file has more than {NODES_MAX} values, aliases followed")
        } else if self.spent.text > TEXT_MAX {
            format!("the file has more than {TEXT_MAX} bytes of text, aliases followed")
        } else {
            return Ok(());
        };
        self.trouble(span, &message, None);
        Err(Stopped)
    }

    fn trouble(&mut self, span: granit_parser::Span, message: &str, hint: Option<&str>) {
        let place = self.place(span.start.line(), span.start.col() + 1);
        self.troubles.push(Trouble { place, message: message.to_owned(), hint: hint.map(str::to_owned) });
    }

    fn place(&self, line: usize, column: usize) -> Place {
        Place { file: Rc::clone(self.file), path: format!("line {line}, column {column}") }
    }
}

impl Cost {
    fn add(&mut self, part: Self) {
        self.nodes += part.nodes;
        self.text += part.text;
        self.height = self.height.max(part.height);
    }
}

fn scalar(text: &str, style: ScalarStyle, tag: Option<&Tag>) -> Value {
    let is_null = matches!(text, "" | "~" | "null" | "Null" | "NULL");
    if style == ScalarStyle::Plain && is_null && tag.is_none() { Value::Null } else { Value::from(text) }
}

/// The function that a tag stands for; `None` for tags of YAML itself, such as `!!str`.
fn function(tag: &Tag) -> Option<String> {
    if tag.handle() != "!" || tag.suffix().is_empty() {
        return None;
    }
    match tag.suffix() {
        name @ ("Ref" | "Condition") => Some(name.to_owned()),
        name => Some(format!("Fn::{name}")),
    }
}

/// Adds what a map does not say itself.
fn merge(entries: &mut Map<String, Value>, value: Value) {
    match value {
        Value::Object(more) => {
            for (key, value) in more {
                entries.entry(key).or_insert(value);
            }
        }
        Value::Array(maps) => {
            for map in maps.into_iter().filter(Value::is_object) {
                merge(entries, map);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
