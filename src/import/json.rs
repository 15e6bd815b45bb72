//! JSON values that know where they are: what is not as it should be is noted with its place.
//!
//! Knows JSON. Must never know a kind of resource.

use std::rc::Rc;

use serde_json::Value;

use super::inventory::{Place, Trouble};

/// A value, and the way to it.
#[derive(Clone, Debug)]
pub struct At<'v> {
    file: Rc<str>,
    path: String,
    /// The value; `null` for a member that is not there.
    pub value: &'v Value,
}

/// Reads a text; a mistake says its line and column.
pub fn parse(file: &Rc<str>, text: &str) -> Result<Value, Trouble> {
    serde_json::from_str(text).map_err(|error| {
        let place = Place {
            file: Rc::clone(file),
            path: format!("line {}, column {}", error.line(), error.column()),
        };
        let message = error.to_string();
        let message = message.split(" at line ").next().unwrap_or(&message).to_owned();
        let hint = error.is_eof().then(|| "the file ends too early: collect it again".to_owned());
        Trouble { place, message: format!("this is not JSON: {message}"), hint }
    })
}

impl<'v> At<'v> {
    /// The root of a document.
    pub fn root(file: &Rc<str>, value: &'v Value) -> Self {
        Self { file: Rc::clone(file), path: String::new(), value }
    }

    /// A value that is not the root, and the way to it.
    pub fn inside(file: &Rc<str>, path: String, value: &'v Value) -> Self {
        Self { file: Rc::clone(file), path, value }
    }

    /// Where it is.
    pub fn place(&self) -> Place {
        Place { file: Rc::clone(&self.file), path: self.path.clone() }
    }

    /// A member of an object.
    pub fn get(&self, key: &str) -> Self {
        let path = if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) };
        Self { file: Rc::clone(&self.file), path, value: self.value.get(key).unwrap_or(&Value::Null) }
    }

    /// The elements of a list; none if it is something else.
    pub fn elements(&self) -> impl Iterator<Item = Self> + use<'_, 'v> {
        let elements = self.value.as_array().map(Vec::as_slice).unwrap_or_default();
        elements.iter().enumerate().map(|(at, value)| Self {
            file: Rc::clone(&self.file),
            path: format!("{}[{at}]", self.path),
            value,
        })
    }

    /// The elements of the list behind a key.
    pub fn list(&self, key: &str) -> Vec<Self> {
        self.get(key).elements().collect()
    }

    /// The text behind a key; a number or a truth is its text, an empty text is none.
    pub fn text(&self, key: &str) -> Option<String> {
        match self.value.get(key)? {
            Value::String(text) => Some(text.clone()).filter(|text| !text.is_empty()),
            number @ Value::Number(_) => Some(number.to_string()),
            truth @ Value::Bool(_) => Some(truth.to_string()),
            Value::Null | Value::Array(_) | Value::Object(_) => None,
        }
    }

    /// The truth behind a key.
    pub fn flag(&self, key: &str) -> Option<bool> {
        match self.value.get(key)? {
            Value::Bool(flag) => Some(*flag),
            Value::String(text) => text.to_ascii_lowercase().parse().ok(),
            Value::Null | Value::Number(_) | Value::Array(_) | Value::Object(_) => None,
        }
    }

    /// The whole number behind a key, also if it is written as a text.
    pub fn number(&self, key: &str) -> Option<i64> {
        match self.value.get(key)? {
            Value::Number(number) => number.as_i64(),
            Value::String(text) => text.parse().ok(),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
        }
    }

    /// The texts of the list behind a key.
    pub fn texts(&self, key: &str) -> Vec<String> {
        let elements = self.value.get(key).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        elements.iter().filter_map(|value| value.as_str().map(str::to_owned)).collect()
    }
}
