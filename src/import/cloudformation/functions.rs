//! Functions whose value follows from their arguments alone.
//!
//! Knows texts, lists, blocks of addresses and zones. Must never know a template.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;

use ipnet::Ipv4Net;
use serde_json::{Map, Value};

use super::parameters::text_of;
use crate::model::Region;

/// The functions that [`call`] works out.
pub const NAMES: [&str; 7] =
    ["Fn::Base64", "Fn::Cidr", "Fn::Join", "Fn::Length", "Fn::Select", "Fn::Split", "Fn::ToJsonString"];

const OTHERS: [&str; 7] =
    ["Fn::FindInMap", "Fn::GetAZs", "Fn::GetAtt", "Fn::If", "Fn::ImportValue", "Fn::Sub", "Fn::Transform"];

/// The key of a value that only AWS can tell. No key of a template begins like this.
const UNKNOWN: &str = "\u{0}unknown";

/// The most blocks that `Fn::Cidr` makes.
const BLOCKS_MAX: u32 = 256;

/// The names of all functions that have a value.
pub fn all() -> impl Iterator<Item = &'static str> {
    NAMES.into_iter().chain(OTHERS)
}

/// A value that only AWS can tell, by what it is called.
pub fn unknown(name: &str) -> Value {
    Value::Object(Map::from_iter([(UNKNOWN.to_owned(), Value::from(name))]))
}

fn as_unknown(value: &Value) -> Option<&str> {
    value.as_object()?.get(UNKNOWN)?.as_str()
}

/// A value in which unknowns are called by their names; `names` collects them.
pub fn settled(value: Value, names: &mut BTreeSet<String>) -> Value {
    if let Some(name) = as_unknown(&value) {
        names.insert(name.to_owned());
        return Value::from(name);
    }
    match value {
        Value::Array(items) => items.into_iter().map(|item| settled(item, names)).collect(),
        Value::Object(members) => {
            let member = |(key, value)| (key, settled(value, names));
            Value::Object(members.into_iter().map(member).collect())
        }
        plain @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) => plain,
    }
}

/// How much a value holds, in bytes or so.
pub fn weight(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => 8,
        Value::String(text) => text.len(),
        Value::Array(items) => items.iter().map(|item| 8 + weight(item)).sum(),
        Value::Object(members) => members.iter().map(|(key, value)| key.len() + weight(value)).sum(),
    }
}

/// Values as one text, which is unknown if one of them is; `None` if one is no text.
pub fn joined(delimiter: &str, parts: &[Value]) -> Option<Value> {
    let mut texts = Vec::new();
    let mut is_unknown = false;
    for part in parts.iter().filter(|part| !part.is_null()) {
        if let Some(name) = as_unknown(part) {
            is_unknown = true;
            texts.push(name.to_owned());
        } else {
            texts.push(text_of(part)?);
        }
    }
    let text = texts.join(delimiter);
    Some(if is_unknown { unknown(&text) } else { Value::from(text) })
}

/// What `Fn::Equals` looks at; `None` for what is not known.
pub fn compared(value: Value) -> Option<String> {
    let mut unknown = BTreeSet::new();
    let value = settled(value, &mut unknown);
    if !unknown.is_empty() || value.is_null() {
        return None;
    }
    Some(text_of(&value).unwrap_or_else(|| value.to_string()))
}

/// The Availability Zones of a region.
pub fn zones(region: &str) -> Value {
    match region.parse::<Region>() {
        Ok(region) => region.zones().map(|zone| Value::from(zone.to_string())).collect(),
        Err(()) => ["a", "b", "c"].iter().map(|letter| Value::from(format!("{region}{letter}"))).collect(),
    }
}

/// What a function makes of its argument, or why it cannot.
pub fn call(name: &str, argument: Value) -> Result<Value, String> {
    // What is missing was complained about where it is missing.
    let parts = argument.as_array().map(Vec::as_slice).unwrap_or_default();
    match (name, parts) {
        (_, []) if argument.is_null() => Ok(Value::Null),
        ("Fn::Cidr" | "Fn::Join" | "Fn::Select" | "Fn::Split", parts) if parts.iter().any(Value::is_null) => {
            Ok(Value::Null)
        }
        ("Fn::Base64", _) => text_of(&argument)
            .map_or_else(|| Ok(unknown(name)), |text| Ok(Value::from(base64(text.as_bytes())))),
        ("Fn::Cidr", [block, count, rest @ ..]) => cidr(block, count, rest.first()),
        ("Fn::Join", [delimiter, list]) => join(delimiter, list),
        ("Fn::Length", _) => match &argument {
            Value::Array(items) => Ok(Value::from(items.iter().filter(|item| !item.is_null()).count())),
            Value::Object(_) if as_unknown(&argument).is_some() => Ok(unknown(name)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => {
                Err("`Fn::Length` takes a list".to_owned())
            }
        },
        ("Fn::Select", [at, list]) => select(at, list),
        ("Fn::Split", [delimiter, text]) => split(delimiter, text),
        ("Fn::ToJsonString", _) => {
            let mut names = BTreeSet::new();
            let text = settled(argument, &mut names).to_string();
            Ok(if names.is_empty() { Value::from(text) } else { unknown(&text) })
        }
        ("Fn::Cidr", _) => Err("`Fn::Cidr` takes a block, a count and a number of bits".to_owned()),
        ("Fn::Join", _) => Err("`Fn::Join` takes a delimiter and a list".to_owned()),
        ("Fn::Select", _) => Err("`Fn::Select` takes a number and a list".to_owned()),
        ("Fn::Split", _) => Err("`Fn::Split` takes a delimiter and a text".to_owned()),
        (name, _) => Err(format!("there is no function `{name}`")),
    }
}

fn join(delimiter: &Value, list: &Value) -> Result<Value, String> {
    let delimiter = text_of(delimiter).ok_or("the delimiter of `Fn::Join` is a text")?;
    if let Some(name) = as_unknown(list) {
        return Ok(unknown(name));
    }
    let list = list.as_array().ok_or("`Fn::Join` takes a list")?;
    // Weighed before it is made: a long delimiter between many parts is a long text.
    if list.len().saturating_mul(delimiter.len()) > 1 << 20 {
        return Err("the text that `Fn::Join` makes is too long".to_owned());
    }
    joined(&delimiter, list).ok_or_else(|| "`Fn::Join` can only put texts together".to_owned())
}

fn select(at: &Value, list: &Value) -> Result<Value, String> {
    let wrong = || "the first argument of `Fn::Select` is a number from 0 on".to_owned();
    let at: usize = text_of(at).and_then(|at| at.parse().ok()).ok_or_else(wrong)?;
    if let Some(name) = as_unknown(list) {
        return Ok(unknown(&format!("{name}[{at}]")));
    }
    let list = list.as_array().ok_or("`Fn::Select` takes a list")?;
    let items: Vec<&Value> = list.iter().filter(|item| !item.is_null()).collect();
    let wrong = || format!("`Fn::Select` takes item {at} of a list of {}, counted from 0", items.len());
    items.get(at).map(|item| (*item).clone()).ok_or_else(wrong)
}

fn split(delimiter: &Value, text: &Value) -> Result<Value, String> {
    let delimiter = text_of(delimiter).filter(|text| !text.is_empty());
    let delimiter = delimiter.ok_or("the delimiter of `Fn::Split` is a text")?;
    if let Some(name) = as_unknown(text) {
        return Ok(unknown(name));
    }
    let text = text_of(text).ok_or("`Fn::Split` takes a text")?;
    Ok(text.split(&delimiter).map(Value::from).collect())
}

/// Blocks of one size, one after the other from the beginning of a block.
fn cidr(block: &Value, count: &Value, bits: Option<&Value>) -> Result<Value, String> {
    if let Some(name) = as_unknown(block) {
        return Ok(unknown(name));
    }
    let text = text_of(block).ok_or("`Fn::Cidr` takes a block")?;
    let number = |value: &Value| text_of(value).and_then(|text| text.parse::<u32>().ok());
    let count = number(count).filter(|count| (1..=BLOCKS_MAX).contains(count));
    let count = count.ok_or_else(|| format!("`Fn::Cidr` makes between 1 and {BLOCKS_MAX} blocks"))?;
    if text.contains(':') {
        return Ok(unknown(&text));
    }
    let block: Ipv4Net =
        text.parse().map_err(|_| format!("`{text}` is not a block of IPv4, such as 10.0.0.0/16"))?;
    let bits = bits.and_then(number).filter(|bits| (1..=32).contains(bits));
    let bits =
        bits.ok_or("the third argument of `Fn::Cidr` is how many bits are left to hosts, such as 8")?;
    let size = 1_u64 << bits;
    let first = u64::from(u32::from(block.network()));
    let room = 1_u64 << (32 - u32::from(block.prefix_len()));
    if u64::from(count) * size > room {
        return Err(format!("`{text}` has no room for {count} blocks with {bits} bits for hosts"));
    }
    let prefix = 32 - bits;
    let nth = |at: u64| {
        let address = u32::try_from(first + at * size).map(Ipv4Addr::from).unwrap_or(Ipv4Addr::BROADCAST);
        Value::from(format!("{address}/{prefix}"))
    };
    Ok((0..u64::from(count)).map(nth).collect())
}

fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let byte = |at: usize| u32::from(chunk.get(at).copied().unwrap_or(0));
        let word = byte(0) << 16 | byte(1) << 8 | byte(2);
        for at in 0..4 {
            let letter = LETTERS[(word >> (18 - 6 * at) & 63) as usize];
            text.push(if at <= chunk.len() { char::from(letter) } else { '=' });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn blocks_follow_one_another() {
        let cidr = |block: &str, count: i64, bits: i64| call("Fn::Cidr", json!([block, count, bits]));
        assert_eq!(cidr("10.0.0.0/16", 3, 8), Ok(json!(["10.0.0.0/24", "10.0.1.0/24", "10.0.2.0/24"])));
        assert_eq!(cidr("10.0.5.9/22", 2, 4), Ok(json!(["10.0.4.0/28", "10.0.4.16/28"])));
        assert_eq!(cidr("255.255.255.0/24", 1, 8), Ok(json!(["255.255.255.0/24"])));
        assert_eq!(cidr("0.0.0.0/0", 1, 32), Ok(json!(["0.0.0.0/0"])));
        let room = "`10.0.0.0/24` has no room for 2 blocks with 8 bits for hosts";
        assert_eq!(cidr("10.0.0.0/24", 2, 8), Err(room.to_owned()));
        assert!(cidr("10.0.0.0/16", 257, 4).is_err());
        assert!(cidr("10.0.0.0/16", 2, 33).is_err());
        assert!(cidr("vpc", 2, 8).is_err());
    }

    #[test]
    fn lists_and_texts() {
        for (name, argument, expected) in [
            ("Fn::Select", json!(["1", ["a", "b"]]), Ok(json!("b"))),
            ("Fn::Select", json!([0, [null, "b"]]), Ok(json!("b"))),
            ("Fn::Split", json!([",", "a,b"]), Ok(json!(["a", "b"]))),
            ("Fn::Join", json!([".", ["a", 1, true]]), Ok(json!("a.1.true"))),
            ("Fn::Length", json!(["a", "b"]), Ok(json!(2))),
            ("Fn::ToJsonString", json!({"a": [1]}), Ok(json!("{\"a\":[1]}"))),
            ("Fn::Base64", json!("ab"), Ok(json!("YWI="))),
            ("Fn::Base64", json!("abcd"), Ok(json!("YWJjZA=="))),
            ("Fn::Select", json!([0, unknown("X.Y")]), Ok(unknown("X.Y[0]"))),
            ("Fn::Join", json!(["/", [unknown("Ip"), "32"]]), Ok(unknown("Ip/32"))),
        ] {
            assert_eq!(call(name, argument), expected, "{name}");
        }
        assert!(call("Fn::Select", json!([2, ["a", "b"]])).is_err());
    }

    #[test]
    fn zones_of_regions() {
        assert_eq!(zones("eu-west-1"), json!(["eu-west-1a", "eu-west-1b", "eu-west-1c"]));
        assert_eq!(zones("us-west-1"), json!(["us-west-1a", "us-west-1b"]));
        assert_eq!(zones("cn-north-1"), json!(["cn-north-1a", "cn-north-1b", "cn-north-1c"]));
    }
}
