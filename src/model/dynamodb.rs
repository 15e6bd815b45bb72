//! Tables of DynamoDB and the items in them.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::Scope;
use crate::time::Instant;

/// How deep lists and maps may be nested (aws: dynamodb-nesting).
const DEPTH_MAX: usize = 32;

/// A table.
#[derive(Clone, Debug)]
pub struct DynamoDbTable {
    /// Its name, unique in its account and region.
    pub name: String,
    /// Owner and region.
    pub scope: Scope,
    /// When it was made.
    pub created: Instant,
    /// The attributes that tell one item from another: the partition key, and a sort key if it has one.
    pub keys: Vec<KeyAttribute>,
    /// The items, by their keys.
    pub items: BTreeMap<Vec<AttributeValue>, Item>,
}

/// The attributes of an item by name.
pub type Item = BTreeMap<String, AttributeValue>;

/// An attribute that every item has.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KeyAttribute {
    /// Its name.
    pub name: String,
    /// Its type.
    pub kind: KeyKind,
}

/// The types a key can have.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum KeyKind {
    /// `B`
    Binary,
    /// `N`
    Number,
    /// `S`
    String,
}

impl KeyKind {
    /// As DynamoDB calls it, e.g. `S`.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Binary => "B",
            Self::Number => "N",
            Self::String => "S",
        }
    }

    /// The type with a code.
    pub fn of_code(code: &str) -> Option<Self> {
        [Self::Binary, Self::Number, Self::String].into_iter().find(|kind| kind.code() == code)
    }
}

/// The value of an attribute (aws: dynamodb-types). Numbers and binaries are kept as they were written.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum AttributeValue {
    /// `B`, in base64.
    Binary(String),
    /// `BOOL`
    Bool(bool),
    /// `L`
    List(Vec<AttributeValue>),
    /// `M`
    Map(BTreeMap<String, AttributeValue>),
    /// `N`
    Number(String),
    /// `NULL`
    Null,
    /// `SS`, `NS` or `BS`, without duplicates.
    Set(&'static str, Vec<String>),
    /// `S`
    String(String),
}

impl AttributeValue {
    /// The type, as DynamoDB calls it.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Binary(_) => "B",
            Self::Bool(_) => "BOOL",
            Self::List(_) => "L",
            Self::Map(_) => "M",
            Self::Number(_) => "N",
            Self::Null => "NULL",
            Self::Set(code, _) => code,
            Self::String(_) => "S",
        }
    }

    /// Reads what DynamoDB calls JSON: every value in a map with its type, e.g. `{"S": "a"}`.
    pub fn from_json(value: &Value) -> Option<Self> {
        Self::read(value, 0)
    }

    fn read(value: &Value, depth: usize) -> Option<Self> {
        let members = value.as_object().filter(|members| members.len() == 1 && depth < DEPTH_MAX)?;
        let (code, value) = members.iter().next()?;
        let text = || value.as_str().map(str::to_owned);
        Some(match code.as_str() {
            "B" => Self::Binary(text()?),
            "BOOL" => Self::Bool(value.as_bool()?),
            "L" => Self::List(
                value.as_array()?.iter().map(|value| Self::read(value, depth + 1)).collect::<Option<_>>()?,
            ),
            "M" => {
                let members = value.as_object()?.iter();
                Self::Map(
                    members
                        .map(|(k, v)| Some((k.clone(), Self::read(v, depth + 1)?)))
                        .collect::<Option<_>>()?,
                )
            }
            "N" => Self::Number(text().filter(|text| is_number(text))?),
            "NULL" => value.as_bool().filter(|is_null| *is_null).map(|_| Self::Null)?,
            "S" => Self::String(text()?),
            code => {
                let code = ["BS", "NS", "SS"].into_iter().find(|known| *known == code)?;
                let texts = value.as_array()?.iter().map(|value| value.as_str().map(str::to_owned));
                let mut texts: Vec<String> = texts.collect::<Option<_>>()?;
                texts.sort_unstable();
                let is_set = texts.windows(2).all(|pair| pair[0] != pair[1]) && !texts.is_empty();
                let are_numbers = code != "NS" || texts.iter().all(|text| is_number(text));
                (is_set && are_numbers).then_some(Self::Set(code, texts))?
            }
        })
    }

    /// As [`Self::from_json`] reads it.
    pub fn to_json(&self) -> Value {
        let value = match self {
            Self::Binary(text) | Self::Number(text) | Self::String(text) => Value::from(text.as_str()),
            Self::Bool(flag) => Value::from(*flag),
            Self::List(values) => values.iter().map(Self::to_json).collect(),
            Self::Map(members) => item_to_json(members),
            Self::Null => Value::from(true),
            Self::Set(_, texts) => Value::from(texts.clone()),
        };
        Value::Object(Map::from_iter([(self.code().to_owned(), value)]))
    }
}

/// Reads an item: a map of attributes, each with its type.
pub fn item_from_json(value: &Value) -> Option<Item> {
    let members = value.as_object()?.iter();
    members.map(|(name, value)| Some((name.clone(), AttributeValue::from_json(value)?))).collect()
}

/// As [`item_from_json`] reads it.
pub fn item_to_json(item: &Item) -> Value {
    Value::Object(item.iter().map(|(name, value)| (name.clone(), value.to_json())).collect())
}

fn is_number(text: &str) -> bool {
    let starts = text.trim_start_matches(['-', '+']).starts_with(|c: char| c.is_ascii_digit() || c == '.');
    starts && text.parse::<f64>().is_ok_and(f64::is_finite)
}

impl DynamoDbTable {
    /// E.g. `arn:aws:dynamodb:us-east-1:123456789012:table/orders`.
    pub fn arn(&self) -> String {
        table_arn(self.scope, &self.name)
    }

    /// The key of an item: the values of its key attributes, or the first attribute that is missing or
    /// of another type.
    pub fn key_of(&self, item: &Item) -> Result<Vec<AttributeValue>, &KeyAttribute> {
        let keys = self.keys.iter();
        keys.map(|key| {
            let value = item.get(&key.name).filter(|value| value.code() == key.kind.code());
            value.cloned().ok_or(key)
        })
        .collect()
    }
}

/// The ARN that a table has or would have.
pub fn table_arn(scope: Scope, name: &str) -> String {
    format!("arn:aws:dynamodb:{}:{}:table/{name}", scope.region, scope.account)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_read_back() {
        let text = r#"{"a":{"S":"x"},"b":{"N":"-1.5e3"},"c":{"L":[{"BOOL":true},{"NULL":true}]},"d":{"M":{"e":{"SS":["p","q"]}}}}"#;
        let item = item_from_json(&serde_json::from_str(text).expect("JSON")).expect("an item");
        assert_eq!(item_to_json(&item).to_string(), text);
    }

    #[test]
    fn mistakes_are_no_values() {
        for text in [
            "{}",
            r#""a""#,
            r#"{"S":1}"#,
            r#"{"N":1}"#,
            r#"{"N":"inf"}"#,
            r#"{"N":"x"}"#,
            r#"{"S":"a","N":"1"}"#,
            r#"{"NULL":false}"#,
            r#"{"SS":[]}"#,
            r#"{"SS":["a","a"]}"#,
            r#"{"X":"a"}"#,
        ] {
            assert_eq!(AttributeValue::from_json(&serde_json::from_str(text).expect("JSON")), None, "{text}");
        }
        let deep = format!("{}{}{}", r#"{"L":["#.repeat(33), r#"{"S":""}"#, "]}".repeat(33));
        assert_eq!(AttributeValue::from_json(&serde_json::from_str(&deep).expect("JSON")), None);
    }
}
