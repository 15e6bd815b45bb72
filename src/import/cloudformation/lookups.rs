//! What `Fn::Sub`, `Fn::FindInMap` and `Fn::ImportValue` are worth.
//!
//! Knows mappings, exports and texts with names in them. Must never know a resource.

use std::collections::BTreeSet;

use serde_json::Value;

use super::evaluate::Evaluator;
use super::functions;
use super::parameters::text_of;

impl Evaluator<'_> {
    pub(super) fn import_value(&mut self, argument: &Value, path: &str) -> Value {
        let before = self.asked.unanswered;
        let name = self.value(argument, path);
        if self.asked.unanswered > before {
            return Value::Null;
        }
        let Some(name) = functions::settled(name, &mut BTreeSet::new()).as_str().map(str::to_owned) else {
            return self.refuse(path, "`Fn::ImportValue` takes the name of an export");
        };
        if let Some(value) = self.values.exports.get(&name) {
            self.asked.imported.insert(name);
            return Value::from(value.as_str());
        }
        self.asked.unanswered += 1;
        self.asked.exports.entry(name).or_insert_with(|| path.to_owned());
        Value::Null
    }

    pub(super) fn find_in_map(&mut self, argument: &Value, path: &str) -> Value {
        let Some([map, first, second, rest @ ..]) = argument.as_array().map(Vec::as_slice) else {
            return self.refuse(path, "`Fn::FindInMap` takes a mapping and two keys");
        };
        let before = self.asked.unanswered;
        let names = [map, first, second].map(|name| text_of(&self.value(name, path)));
        let [Some(map), Some(first), Some(second)] = names else {
            if self.asked.unanswered > before {
                return Value::Null;
            }
            return self.refuse(path, "`Fn::FindInMap` takes names that are known beforehand");
        };
        let template = self.template;
        let key = format!("Mappings.{map}.{first}.{second}");
        if !self.charge(key.len(), path) {
            return Value::Null;
        }
        let rows = template.mappings.get(&map);
        let row = rows.and_then(|rows| rows.get(&first));
        if let Some(found) = row.and_then(|row| row.get(&second)) {
            let found = self.within(key, path, |evaluator, key| evaluator.value(found, key));
            return found.unwrap_or_default();
        }
        if let Some(default) = rest.iter().find_map(|options| options.get("DefaultValue")) {
            return self.value(default, path);
        }
        let known = |value: Option<&Value>| {
            let keys = value.and_then(Value::as_object).into_iter().flatten();
            keys.map(|(key, _)| format!("`{key}`")).collect::<Vec<_>>().join(", ")
        };
        let (missing, among) = match (rows, row) {
            (None, _) => (map, template.mappings.keys().cloned().collect::<Vec<_>>().join(", ")),
            (Some(_), None) => (first, known(rows)),
            (Some(_), Some(_)) => (second, known(row)),
        };
        let hint = if self.values.region().is_none()
            && Some(&missing) == self.values.pseudo("AWS::Region").as_ref()
        {
            format!("there are {among}: `--set AWS::Region=…` says which one")
        } else {
            format!("there are {among}")
        };
        self.trouble(path, format!("`{key}` is not in the template: no `{missing}`"), Some(hint));
        Value::Null
    }

    pub(super) fn sub(&mut self, argument: &Value, path: &str) -> Value {
        let (text, given) = match argument {
            Value::String(text) => (text.as_str(), None),
            Value::Array(parts) => match parts.as_slice() {
                [Value::String(text)] => (text.as_str(), None),
                [Value::String(text), Value::Object(given)] => (text.as_str(), Some(given)),
                _ => return self.refuse(path, "`Fn::Sub` takes a text, or a text and a map"),
            },
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => {
                return self.refuse(path, "`Fn::Sub` takes a text, or a text and a map");
            }
        };
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${") {
            parts.push(Value::from(before));
            let Some((name, after)) = after.split_once('}') else {
                parts.push(Value::from("${"));
                rest = after;
                break;
            };
            rest = after;
            let name = name.trim();
            let part = match (name.strip_prefix('!'), given.and_then(|given| given.get(name))) {
                (Some(literal), _) => Value::from(format!("${{{literal}}}")),
                (None, Some(given)) => self.value(given, &format!("{path}.{name}")),
                (None, None) => match name.split_once('.') {
                    Some((id, attribute)) => self.attribute(id, attribute, path),
                    None => self.reference(name, path),
                },
            };
            if !self.charge(functions::weight(&part), path) {
                return Value::Null;
            }
            parts.push(part);
        }
        parts.push(Value::from(rest));
        match functions::joined("", &parts) {
            Some(made) if self.charge(functions::weight(&made), path) => made,
            Some(_) => Value::Null,
            None => self.refuse(path, "`Fn::Sub` can only put texts together"),
        }
    }
}
