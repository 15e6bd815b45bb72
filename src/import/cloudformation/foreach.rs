//! `Fn::ForEach`: entries of a map that are written once and made for each item of a list.
//!
//! Knows how an identifier is put into a text. Must never know a kind of resource.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::evaluate::Evaluator;
use super::functions;
use super::parameters::text_of;

const MARK: &str = "Fn::ForEach::";

/// How deep loops may be inside each other, as AWS has it.
const DEPTH_MAX: usize = 5;

/// How many values all loops together may make.
const NODES_MAX: usize = 200_000;

/// A map in which loops have become what they make.
pub fn expanded(evaluator: &mut Evaluator<'_>, map: &Map<String, Value>, path: &str) -> Map<String, Value> {
    let mut made = Map::new();
    let mut room = NODES_MAX;
    fill(evaluator, map, path, (0, &mut room), &mut made);
    made
}

fn fill(
    evaluator: &mut Evaluator<'_>,
    map: &Map<String, Value>,
    path: &str,
    (depth, room): (usize, &mut usize),
    made: &mut Map<String, Value>,
) {
    for (key, value) in map {
        let path = format!("{path}.{key}");
        if !key.starts_with(MARK) {
            let value = if depth > 0 || holds_loop(value, 0) {
                inside(evaluator, value, &path, (depth, &mut *room))
            } else {
                value.clone()
            };
            if made.insert(key.clone(), value).is_some() {
                evaluator.trouble(&path, format!("`{key}` is made twice"), None);
            }
            continue;
        }
        let Some([Value::String(name), list, Value::Object(body)]) = value.as_array().map(Vec::as_slice)
        else {
            let hint = "write `[Identifier, [items], {Key${Identifier}: …}]`";
            evaluator.trouble(&path, "this is not a loop", Some(hint.to_owned()));
            continue;
        };
        if depth >= DEPTH_MAX {
            evaluator.trouble(&path, "loops are too deep inside each other", None);
            continue;
        }
        let list = evaluator.value(list, &path);
        let items = functions::settled(list, &mut BTreeSet::new());
        let Some(items) = items.as_array() else {
            if !evaluator.asked.is_unanswered() {
                evaluator.trouble(&path, "a loop goes over a list", None);
            }
            continue;
        };
        for item in items.iter().filter_map(text_of) {
            let Some(body) = replaced_map(body, (name, &item), room) else {
                evaluator.trouble(&path, "the loops of the template make too much", None);
                return;
            };
            fill(evaluator, &body, &path, (depth + 1, &mut *room), made);
        }
    }
}

/// Loops further inside, such as among the properties of a resource.
fn inside(evaluator: &mut Evaluator<'_>, value: &Value, path: &str, state: (usize, &mut usize)) -> Value {
    let Some(map) = value.as_object().filter(|_| holds_loop(value, 0)) else { return value.clone() };
    let mut made = Map::new();
    fill(evaluator, map, path, state, &mut made);
    Value::Object(made)
}

fn holds_loop(value: &Value, depth: usize) -> bool {
    let deeper = |value: &Value| depth < 64 && holds_loop(value, depth + 1);
    match value {
        Value::Object(map) => map.iter().any(|(key, value)| key.starts_with(MARK) || deeper(value)),
        Value::Array(_) | Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

/// A body with an item in the place of its identifier; `None` if there is no room for it.
fn replaced_map(body: &Map<String, Value>, by: (&str, &str), room: &mut usize) -> Option<Map<String, Value>> {
    let entry = |(key, value): (&String, &Value)| Some((put(key, by)?, replaced(value, by, room)?));
    body.iter().map(entry).collect()
}

fn replaced(value: &Value, by: (&str, &str), room: &mut usize) -> Option<Value> {
    *room = room.checked_sub(1)?;
    Some(match value {
        Value::String(text) => Value::from(put(text, by)?),
        Value::Array(items) => {
            let items: Option<Vec<Value>> = items.iter().map(|item| replaced(item, by, room)).collect();
            Value::Array(items?)
        }
        Value::Object(map) if map.len() == 1 && map.get("Ref").is_some_and(|name| name == by.0) => {
            Value::from(by.1)
        }
        Value::Object(map) => Value::Object(replaced_map(map, by, room)?),
        Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
    })
}

/// A text with an item in it: `${Name}` as it is, `&{Name}` without what is no letter or digit.
fn put(text: &str, (name, item): (&str, &str)) -> Option<String> {
    const TEXT_MAX: usize = 1 << 16;
    let plain: String = item.chars().filter(char::is_ascii_alphanumeric).collect();
    let (as_is, stripped) = (format!("${{{name}}}"), format!("&{{{name}}}"));
    if !text.contains(&as_is) && !text.contains(&stripped) {
        return Some(text.to_owned());
    }
    let marks = text.matches(&as_is).count() + text.matches(&stripped).count();
    let fits = marks.saturating_mul(item.len()).saturating_add(text.len()) <= TEXT_MAX;
    fits.then(|| text.replace(&as_is, item).replace(&stripped, &plain))
}
