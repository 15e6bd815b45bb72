//! YAML as people write it: short things on one line, long ones below each other, and for every part where it
//! comes from.
//!
//! Knows YAML. Must never know a key of the scenario language.

use super::super::inventory::Place;

/// A value, and where it comes from.
#[derive(Clone, Debug)]
pub struct Doc {
    value: Value,
    place: Option<Place>,
    /// Whether each of its entries has a line of its own.
    is_tall: bool,
}

#[derive(Clone, Debug)]
enum Value {
    Text(String),
    /// Words of the language, numbers and truths: never in quotes.
    Plain(String),
    List(Vec<Doc>),
    Map(Map),
}

/// A map, in the order its entries came.
#[derive(Clone, Default, Debug)]
pub struct Map(Vec<(String, Doc)>);

/// How long a line may become.
const WIDTH: usize = 110;

impl Doc {
    /// A name, an id or any other text, in quotes if it needs them.
    pub fn text(text: impl Into<String>) -> Self {
        Self { value: Value::Text(text.into()), place: None, is_tall: false }
    }

    /// A number, a truth or a word, as it is.
    pub fn plain(word: impl ToString) -> Self {
        Self { value: Value::Plain(word.to_string()), place: None, is_tall: false }
    }

    /// Several values.
    pub fn list(items: impl IntoIterator<Item = Self>) -> Self {
        Self { value: Value::List(items.into_iter().collect()), place: None, is_tall: false }
    }

    /// One value as it is, several as a list.
    pub fn one_or_list(mut items: Vec<Self>) -> Self {
        if items.len() == 1 { items.remove(0) } else { Self::list(items) }
    }

    /// Says where it comes from.
    pub fn from(self, place: &Place) -> Self {
        Self { place: Some(place.clone()), ..self }
    }

    /// Gives each of its entries a line of its own.
    pub fn tall(self) -> Self {
        Self { is_tall: true, ..self }
    }

    /// Whether parts of it come from places of their own: then each has a line of its own.
    fn has_parts(&self) -> bool {
        self.is_tall
            || match &self.value {
                Value::Text(_) | Value::Plain(_) => false,
                Value::List(items) => items.iter().any(|item| item.has_parts() || item.is_placed_map()),
                Value::Map(map) => map.0.iter().any(|(_, doc)| doc.has_parts() || doc.is_placed_map()),
            }
    }

    fn is_placed_map(&self) -> bool {
        self.place.is_some() && matches!(self.value, Value::Map(_))
    }
}

impl Map {
    /// Adds an entry.
    pub fn put(&mut self, key: impl Into<String>, doc: Doc) -> &mut Self {
        self.0.push((key.into(), doc));
        self
    }

    /// Adds an entry if there is one.
    pub fn maybe(&mut self, key: &str, doc: Option<Doc>) -> &mut Self {
        if let Some(doc) = doc {
            self.put(key, doc);
        }
        self
    }

    /// Adds a list or map, unless it is empty.
    pub fn unless_empty(&mut self, key: &str, doc: Doc) -> &mut Self {
        let is_empty = match &doc.value {
            Value::List(items) => items.is_empty(),
            Value::Map(map) => map.0.is_empty(),
            Value::Text(_) | Value::Plain(_) => false,
        };
        if is_empty { self } else { self.put(key, doc) }
    }

    /// How many entries it has.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether it has no entries.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// As a value.
    pub fn doc(self) -> Doc {
        Doc { value: Value::Map(self), place: None, is_tall: false }
    }
}

/// A text, and what begins where in it.
#[derive(Clone, Default, Debug)]
pub struct Page {
    /// The text.
    pub text: String,
    /// Offsets and where what begins there comes from.
    pub places: Vec<(usize, Place)>,
}

impl Page {
    /// Writes the entries of a map, each group of them apart.
    pub fn write(map: &Map) -> Self {
        let mut page = Self::default();
        page.entries(map, 0);
        page
    }

    fn entries(&mut self, map: &Map, indent: usize) {
        for (key, doc) in &map.0 {
            if indent == 0 && doc.has_parts() && !self.text.is_empty() {
                self.text.push('\n');
            }
            self.begin(doc, indent);
            self.text.push_str(&scalar(key));
            self.text.push(':');
            self.after(doc, indent);
        }
    }

    fn begin(&mut self, doc: &Doc, indent: usize) {
        if let Some(place) = &doc.place {
            self.places.push((self.text.len(), place.clone()));
        }
        self.text.extend(std::iter::repeat_n(' ', indent));
    }

    /// What follows a key or a dash.
    fn after(&mut self, doc: &Doc, indent: usize) {
        let column = self.text.len() - self.text.rfind('\n').map_or(0, |at| at + 1);
        let line = if doc.has_parts() { None } else { flow(doc) };
        match (&doc.value, line) {
            (Value::Map(map), None) if !map.0.is_empty() => {
                self.text.push('\n');
                self.entries(map, indent + 2);
            }
            (Value::Map(map), Some(line)) if column + line.len() >= WIDTH && !map.0.is_empty() => {
                self.text.push('\n');
                self.entries(map, indent + 2);
            }
            (Value::List(items), None) => self.items(items, indent),
            (Value::List(items), Some(line)) if column + line.len() >= WIDTH => self.items(items, indent),
            (_, _) => {
                self.text.push(' ');
                self.inline(doc);
                self.text.push('\n');
            }
        }
    }

    fn items(&mut self, items: &[Doc], indent: usize) {
        self.text.push('\n');
        for item in items {
            self.begin(item, indent + 2);
            self.text.push('-');
            match &item.value {
                // `- key: value`, the other entries below the first.
                Value::Map(map) if item.has_parts() && !map.0.is_empty() => {
                    self.text.push(' ');
                    let at = self.text.len();
                    self.entries(map, indent + 4);
                    self.text.replace_range(at..at + indent + 4, "");
                    for (place, _) in self.places.iter_mut().rev().take_while(|(place, _)| *place >= at) {
                        *place = place.saturating_sub(indent + 4).max(at);
                    }
                }
                Value::Map(_) | Value::List(_) | Value::Text(_) | Value::Plain(_) => {
                    self.after(item, indent + 2);
                }
            }
        }
    }

    /// On the line, with the places of its parts.
    fn inline(&mut self, doc: &Doc) {
        match &doc.value {
            Value::Text(text) => self.text.push_str(&scalar(text)),
            Value::Plain(word) => self.text.push_str(word),
            Value::List(items) => {
                self.text.push('[');
                for (at, item) in items.iter().enumerate() {
                    if at > 0 {
                        self.text.push_str(", ");
                    }
                    if let Some(place) = &item.place {
                        self.places.push((self.text.len(), place.clone()));
                    }
                    self.inline(item);
                }
                self.text.push(']');
            }
            Value::Map(map) if map.0.is_empty() => self.text.push_str("{}"),
            Value::Map(map) => {
                self.text.push_str("{ ");
                for (at, (key, doc)) in map.0.iter().enumerate() {
                    if at > 0 {
                        self.text.push_str(", ");
                    }
                    if let Some(place) = &doc.place {
                        self.places.push((self.text.len(), place.clone()));
                    }
                    self.text.push_str(&scalar(key));
                    self.text.push_str(": ");
                    self.inline(doc);
                }
                self.text.push_str(" }");
            }
        }
    }
}

/// The value on one line, as far as it is needed to know whether it fits; `None` if it does not.
fn flow(doc: &Doc) -> Option<String> {
    let mut page = Page::default();
    page.inline(doc);
    (page.text.len() < WIDTH).then_some(page.text)
}

/// A text as YAML writes it: plain if nothing else could be meant by it.
fn scalar(text: &str) -> String {
    const WORDS: [&str; 8] = ["true", "false", "null", "~", "yes", "no", "on", "off"];
    let is_inside = |c: char| c.is_ascii_alphanumeric() || "_./@:+= -()".contains(c);
    let first = text.chars().next().unwrap_or(' ');
    let plain = (first.is_ascii_alphanumeric() || first == '/' || first == '_')
        && text.chars().all(is_inside)
        && !text.contains(": ")
        && !text.ends_with([':', ' '])
        && !WORDS.iter().any(|word| word.eq_ignore_ascii_case(text))
        && text.parse::<f64>().is_err();
    if plain { text.to_owned() } else { quoted(text) }
}

/// In double quotes.
fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            c if c.is_control() || ('\u{2028}'..='\u{2029}').contains(&c) || c == '\u{feff}' => {
                out.push_str(&format!("\\U{:08x}", c as u32));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place() -> Place {
        Place { file: "a.json".into(), path: "Vpcs[0]".to_owned() }
    }

    #[test]
    fn what_has_parts_stands_below_and_the_rest_beside() {
        let mut subnet = Map::default();
        subnet.put("cidr", Doc::text("10.0.0.0/24")).put("az", Doc::text("a"));
        let mut subnets = Map::default();
        subnets.put("my subnet", subnet.doc().from(&place()));
        let mut rule = Map::default();
        rule.put("tcp", Doc::plain(22))
            .put("from", Doc::list([Doc::text("10.0.0.0/8").from(&place()), Doc::text("a: b")]));
        let mut vpc = Map::default();
        vpc.put("cidr", Doc::text("10.0.0.0/16")).put("subnets", subnets.doc());
        vpc.put("rules", Doc::list([rule.doc().from(&place())]));
        let mut root = Map::default();
        root.put("account", Doc::text("000000000012")).put("Main", vpc.doc().from(&place()));
        let page = Page::write(&root);
        assert_eq!(
            page.text,
            "account: \"000000000012\"\n\nMain:\n  cidr: 10.0.0.0/16\n  subnets:\n    my subnet: { cidr: 10.0.0.0/24, az: a \
             }\n  rules:\n    - { tcp: 22, from: [10.0.0.0/8, \"a: b\"] }\n"
        );
        assert_eq!(page.places.iter().map(|(at, _)| *at).collect::<Vec<_>>(), [25, 62, 115, 139]);
    }

    #[test]
    fn texts_are_quoted_where_they_would_be_something_else() {
        for (text, written) in [
            ("web-1", "web-1"),
            ("eipalloc-0 (old)", "eipalloc-0 (old)"),
            ("", "\"\""),
            ("true", "\"true\""),
            ("NULL", "\"NULL\""),
            ("- a", "\"- a\""),
            ("a:", "\"a:\""),
            ("a #b", "\"a #b\""),
            ("{x}", "\"{x}\""),
            ("zwei\nZeilen \"x\"", "\"zwei\\nZeilen \\\"x\\\"\""),
            ("größe", "\"größe\""),
        ] {
            assert_eq!(scalar(text), written);
        }
    }
}
