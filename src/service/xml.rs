//! XML as services write it: elements within elements, and text.

/// A document that is being written.
#[derive(Default)]
pub struct Xml {
    text: String,
    /// How far elements are indented; `None` if everything stands on one line.
    depth: Option<usize>,
}

impl Xml {
    /// On one line, after the declaration: S3's way.
    pub fn compact() -> Self {
        Self { text: "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n".to_owned(), depth: None }
    }

    /// A line for each element: the way of services with forms.
    pub fn indented() -> Self {
        Self { text: String::new(), depth: Some(0) }
    }

    /// An element with text in it.
    pub fn text(&mut self, name: &str, text: &str) -> &mut Self {
        self.indent();
        self.text.push_str(&format!("<{name}>{}</{name}>", escape(text)));
        self.end_line();
        self
    }

    /// The same with attributes, which are written as they are.
    pub fn attributed(&mut self, name: &str, attributes: &str, text: &str) -> &mut Self {
        self.indent();
        self.text.push_str(&format!("<{name} {attributes}>{}</{name}>", escape(text)));
        self.end_line();
        self
    }

    /// An element with others in it; `attributes` are written as they are.
    pub fn element(&mut self, name: &str, attributes: &str, inside: impl FnOnce(&mut Self)) -> &mut Self {
        self.indent();
        let gap = if attributes.is_empty() { "" } else { " " };
        self.text.push_str(&format!("<{name}{gap}{attributes}>"));
        self.end_line();
        self.depth = self.depth.map(|depth| depth + 1);
        inside(self);
        self.depth = self.depth.map(|depth| depth - 1);
        self.indent();
        self.text.push_str(&format!("</{name}>"));
        self.end_line();
        self
    }

    /// The document.
    pub fn finish(self) -> String {
        self.text
    }

    fn indent(&mut self) {
        self.text.push_str(&"  ".repeat(self.depth.unwrap_or(0)));
    }

    fn end_line(&mut self) {
        if self.depth.is_some() {
            self.text.push('\n');
        }
    }
}

/// What means something in XML, or cannot be in it, is written as a reference.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\t' | '\n' => escaped.push(c),
            c if u32::from(c) < 0x20 => escaped.push_str(&format!("&#x{:X};", u32::from(c))),
            c => escaped.push(c),
        }
    }
    escaped
}
