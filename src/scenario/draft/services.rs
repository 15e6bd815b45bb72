//! What AWS's services keep, as it is written: buckets, tables of DynamoDB and topics.

use super::identity::document;
use super::{each, names_at, owned_text, scope};
use crate::model::{AttributeValue, Content, Item, KeyKind, Scope};
use crate::scenario::fields::{Fields, whole_number};
use crate::scenario::problem::{Problem, Problems};
use crate::scenario::yaml::{Key, Node, Span, Spanned, Value};
use crate::time::Instant;

/// The longest object that is made up: 1 GB.
const BYTES_MAX: u64 = 1_000_000_000;

#[derive(Debug)]
pub struct Bucket {
    pub name: Spanned<String>,
    pub scope: Scope,
    pub created: Option<Instant>,
    pub policy: Option<Spanned<String>>,
    pub objects: Vec<Object>,
}

#[derive(Debug)]
pub struct Object {
    pub key: Spanned<String>,
    pub content: Content,
    pub content_type: Option<String>,
    pub modified: Option<Instant>,
}

#[derive(Debug)]
pub struct DynamoDbTable {
    pub name: Spanned<String>,
    pub scope: Scope,
    /// The partition key, and the sort key if there is one.
    pub keys: Vec<(Spanned<String>, KeyKind)>,
    pub items: Vec<Spanned<Item>>,
}

#[derive(Debug)]
pub struct Topic {
    pub name: Spanned<String>,
    pub scope: Scope,
}

fn name_of(key: &Key) -> Spanned<String> {
    Spanned { span: key.span, value: key.text.clone() }
}

pub fn bucket(key: &Key, node: &Node, around: Scope, problems: &mut Problems) -> Option<Bucket> {
    let mut fields = Fields::of(node, "a bucket", problems)?;
    let bucket = Bucket {
        name: name_of(key),
        scope: scope(&mut fields, Some(around), problems),
        created: time(&mut fields, "created", problems),
        policy: fields.optional("policy").and_then(|node| document(node, problems)),
        objects: each(&mut fields, "objects", "objects by key", problems, object),
    };
    fields.finish(problems);
    Some(bucket)
}

fn time(fields: &mut Fields<'_>, key: &'static str, problems: &mut Problems) -> Option<Instant> {
    fields.optional(key).and_then(|node| node.timestamp(problems)).map(|time| time.value)
}

/// A text is what an object holds.
fn object(key: &Key, node: &Node, problems: &mut Problems) -> Option<Object> {
    let key = name_of(key);
    let Value::Map(_) = node.value else {
        let content = Content::Bytes(node.text(problems)?.as_bytes().to_vec());
        return Some(Object { key, content, content_type: None, modified: None });
    };
    let mut fields = Fields::of(node, "an object", problems)?;
    let body = fields.optional("body").and_then(|node| node.text(problems));
    let bytes =
        fields.optional("bytes").and_then(|node| Some((node, node.integer(problems, 0..=BYTES_MAX)?)));
    let content_type = fields.optional("content_type").and_then(|node| owned_text(node, problems));
    let modified = time(&mut fields, "modified", problems);
    fields.finish(problems);
    if let (Some((node, _)), Some(_)) = (&bytes, body) {
        let problem = Problem::at(node.span, "an object of so many bytes has no text");
        problems.push(problem.hint("leave `bytes` out, or leave `body` out"));
    }
    let content = match bytes {
        Some((_, bytes)) => Content::Filler(bytes.value),
        None => Content::Bytes(body.unwrap_or_default().as_bytes().to_vec()),
    };
    Some(Object { key, content, content_type: content_type.map(|text| text.value), modified })
}

pub fn table(key: &Key, node: &Node, around: Scope, problems: &mut Problems) -> Option<DynamoDbTable> {
    let mut fields = Fields::of(node, "a table", problems)?;
    let scope = scope(&mut fields, Some(around), problems);
    let has_key = fields.required("key", problems).is_some();
    let names = names_at(&mut fields, "key", problems);
    if names.len() > 2 {
        let problem = Problem::at(names[2].span, "a table has a partition key and at most one sort key");
        problems.push(problem);
    }
    let items = match fields.optional("items") {
        None => Vec::new(),
        Some(node) => {
            let items = node.list(problems, "items").unwrap_or_default();
            items.iter().filter_map(|node| item(node, problems)).collect()
        }
    };
    fields.finish(problems);
    // The items show what their keys are.
    let kind = |name: &str| {
        let shown = items.iter().find_map(|item| item.value.get(name)).map(AttributeValue::code);
        shown.and_then(KeyKind::of_code).unwrap_or(KeyKind::String)
    };
    let keys = names.into_iter().take(2).map(|name| {
        let kind = kind(&name.value);
        (name, kind)
    });
    let keys: Vec<_> = keys.collect();
    has_key.then_some(DynamoDbTable { name: name_of(key), scope, keys, items })
}

fn item(node: &Node, problems: &mut Problems) -> Option<Spanned<Item>> {
    let entries = node.entries(problems, "attributes by name")?;
    let item = entries.iter().map(|(key, node)| (key.text.clone(), attribute(node))).collect();
    Some(Spanned { span: first(entries).unwrap_or(node.place), value: item })
}

fn first(entries: &[(Key, Node)]) -> Option<Span> {
    entries.first().map(|(key, _)| key.span)
}

/// Numbers, flags and nothing are what they look like; what has quotes is a text.
fn attribute(node: &Node) -> AttributeValue {
    match &node.value {
        Value::Null => AttributeValue::Null,
        Value::Scalar { text, quoted } => match (quoted, text.as_str()) {
            (false, "true") => AttributeValue::Bool(true),
            (false, "false") => AttributeValue::Bool(false),
            (false, number) if is_number(number) => AttributeValue::Number(number.to_owned()),
            (_, text) => AttributeValue::String(text.to_owned()),
        },
        Value::List(items) => AttributeValue::List(items.iter().map(attribute).collect()),
        Value::Map(entries) => AttributeValue::Map(
            entries.iter().map(|(key, node)| (key.text.clone(), attribute(node))).collect(),
        ),
    }
}

fn is_number(text: &str) -> bool {
    let whole = text.split_once('.').map_or(text, |(whole, part)| {
        if part.bytes().all(|b| b.is_ascii_digit()) && !part.is_empty() { whole } else { "" }
    });
    whole_number(whole).is_some() && !whole.starts_with("0x")
}

pub fn topic(key: &Key, node: &Node, around: Scope, problems: &mut Problems) -> Option<Topic> {
    let mut fields = Fields::of(node, "a topic", problems)?;
    let topic = Topic { name: name_of(key), scope: scope(&mut fields, Some(around), problems) };
    fields.finish(problems);
    Some(topic)
}
