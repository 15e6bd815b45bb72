//! `topology: { from: … }`: a scenario that begins with what somebody already has.
//!
//! Whoever calls imports the source, as the text of a scenario; here it becomes a tree, and the file's own keys are
//! laid over it. Knows where a text came from, and nothing of sources.

use std::collections::BTreeMap;

use super::fields::Fields;
use super::problem::{Problem, Problems, quote};
use super::yaml::{self, Key, Node, Span, Value};

/// What a file asks to begin with.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Base {
    /// The source as it is written: a path, relative to the file.
    pub from: String,
    /// Whether hosts listen on what their security groups let in.
    pub listens: bool,
    /// Parameters of a template.
    pub parameters: BTreeMap<String, String>,
    /// The region of what does not say it.
    pub region: Option<String>,
    /// The account of what does not say it.
    pub account: Option<String>,
}

/// A source that was imported.
#[derive(Clone, Default, Debug)]
pub struct Imported {
    /// The text of a scenario without steps.
    pub text: String,
    /// What begins where in the text, in the order of the offsets: places in the source.
    pub places: Vec<(usize, String)>,
    /// What could not be carried over as it stands, in the words of a report.
    pub notices: Vec<String>,
}

/// Imports a source, or says why it cannot.
pub type Importer<'i> = &'i mut dyn FnMut(&Base) -> Result<Imported, String>;

/// What a tree was laid over.
pub(super) struct Ground {
    /// Where `from` is written.
    span: Span,
    /// Where the imported text begins: spans from here on are of it.
    begin: usize,
    imported: Imported,
}

/// Lays a file's own keys over what it begins with, if it says so.
pub(super) fn lay_over(
    source: &str,
    root: Node,
    import: Importer<'_>,
    problems: &mut Problems,
) -> (Node, Option<Ground>) {
    let Node { value: Value::Map(entries), .. } = &root else { return (root, None) };
    let Some((_, node)) = entries.iter().find(|(key, _)| key.text == "topology") else { return (root, None) };
    let Some((base, span)) = base(node, entries, problems) else { return (root, None) };
    let imported = match import(&base) {
        Ok(imported) => imported,
        Err(text) => {
            problems.push(Problem::at(span, format!("cannot import {}: {text}", quote(&base.from))));
            return (root, None);
        }
    };
    let mut mistakes = Problems::new();
    let Some(mut tree) = yaml::parse(&imported.text, &mut mistakes) else {
        let first = mistakes.as_slice().first().map(|problem| problem.message.clone()).unwrap_or_default();
        problems.push(Problem::at(span, format!("cannot import {}: {first}", quote(&base.from))));
        return (root, None);
    };
    let begin = source.len() + 1;
    tree.shift(begin);
    (over(tree, root), Some(Ground { span, begin, imported }))
}

fn base(node: &Node, file: &[(Key, Node)], problems: &mut Problems) -> Option<(Base, Span)> {
    let mut fields = Fields::of(node, "a topology", problems)?;
    let from = fields.required("from", problems);
    let listen = fields
        .optional("listen")
        .and_then(|node| node.choice(problems, "way to listen", &[("from-security-groups", true)]));
    let set = fields.optional("set").and_then(|node| node.entries(problems, "values by parameter"));
    let parameters = set
        .unwrap_or_default()
        .iter()
        .filter_map(|(key, node)| node.text(problems).map(|text| (key.text.clone(), text.to_owned())));
    let parameters = parameters.collect();
    fields.finish(problems);
    let from = from?;
    let of_file = |name: &str| {
        let found = file.iter().find(|(key, _)| key.text == name);
        found.and_then(|(_, node)| node.text_if_scalar()).map(str::to_owned)
    };
    let base = Base {
        from: from.text(problems)?.to_owned(),
        listens: listen.is_some_and(|listen| listen.value),
        parameters,
        region: of_file("region"),
        account: of_file("account"),
    };
    Some((base, from.span))
}

/// Maps are joined; of everything else, what lies over it counts.
fn over(under: Node, own: Node) -> Node {
    match (under.value, own.value) {
        (Value::Map(mut entries), Value::Map(laid)) => {
            let mut at: BTreeMap<String, usize> =
                entries.iter().enumerate().map(|(at, (key, _))| (key.text.clone(), at)).collect();
            for (key, node) in laid {
                if let Some(at) = at.get(&key.text) {
                    let (_, there) = &mut entries[*at];
                    let nothing = Node { span: there.span, place: there.place, value: Value::Null };
                    let under = std::mem::replace(there, nothing);
                    *there = over(under, node);
                } else {
                    at.insert(key.text.clone(), entries.len());
                    entries.push((key, node));
                }
            }
            Node { span: own.span, place: own.place, value: Value::Map(entries) }
        }
        (_, value) => Node { value, ..own },
    }
}

impl Ground {
    /// Mistakes in the imported text are shown at `from`, with the place in the source.
    pub(super) fn place(&self, problems: &mut Problems) {
        problems.change(|problem| {
            problem.also.retain(|(span, _)| span.start < self.begin);
            if problem.span.start >= self.begin {
                let at = problem.span.start - self.begin;
                let places = &self.imported.places;
                let before = places.partition_point(|(begin, _)| *begin <= at);
                if let Some((_, place)) = before.checked_sub(1).and_then(|at| places.get(at)) {
                    problem.message = format!("{place}: {}", problem.message);
                }
                problem.span = self.span;
            }
        });
    }

    /// What could not be carried over.
    pub(super) fn notices(self) -> Vec<String> {
        self.imported.notices
    }
}
