//! What an expression of a template is worth.
//!
//! Knows how expressions lead into each other, and bounds it; `references`, `lookups`, `conditions` and `functions`
//! know what each is worth. Must never know what a resource is for.
//!
//! A reference to a resource is its logical id. What only AWS can tell, such as the address of an Elastic IP, is
//! an unknown that carries its name along, so that what is made of it still says what it is.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::functions;
use super::parameters::{Values, text_of};
use super::template::Template;
use crate::import::Trouble;
use crate::scenario::problem::suggest;

/// How deep expressions may lead into each other.
const DEPTH_MAX: usize = 100;

/// How many expressions a template may be worth.
const STEPS_MAX: usize = 200_000;

/// How many mistakes are said: looking for what was meant takes its time.
const TROUBLES_MAX: usize = 50;

/// How many characters of a key are shown in the way to a value.
const KEY_MAX: usize = 80;

/// How many bytes of text may be made of them.
const TEXT_MAX: usize = 32 << 20;

/// Works out expressions.
#[derive(Debug)]
pub struct Evaluator<'t> {
    /// The template.
    pub template: &'t Template,
    /// What it was given.
    pub values: &'t Values,
    /// All that is wrong.
    pub troubles: Vec<Trouble>,
    /// What could not be found.
    pub asked: Asked,
    /// Which resource needs which others.
    pub needs: BTreeMap<String, BTreeSet<String>>,
    /// The resource whose properties are worked out.
    pub current: Option<String>,
    /// The conditions that were worked out.
    pub(super) conditions: BTreeMap<String, Verdict>,
    /// What is being worked out, from the outermost to the innermost.
    pub(super) going: Vec<String>,
    pub(super) depth: usize,
    steps: usize,
    text: usize,
    pub(super) is_exhausted: bool,
}

/// What a template asked its surroundings for.
#[derive(Default, Debug)]
pub struct Asked {
    /// Parameters without a value.
    pub missing: BTreeSet<String>,
    /// Parameters whose value is in the parameter store.
    pub stored: BTreeSet<String>,
    /// Exports without a value, and where they are wanted.
    pub exports: BTreeMap<String, String>,
    /// Exports that a value was given for.
    pub imported: BTreeSet<String>,
    /// Pseudo parameters.
    pub pseudo: BTreeSet<String>,
    /// How often something was asked for that has no value.
    pub(super) unanswered: usize,
}

/// What a condition is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Verdict {
    /// Whether it holds.
    pub holds: bool,
    /// Whether all that it depends on had a value.
    pub is_known: bool,
}

impl Asked {
    /// Whether something has no value, so that nothing that was worked out counts.
    pub fn is_unanswered(&self) -> bool {
        self.unanswered > 0
    }
}

impl<'t> Evaluator<'t> {
    /// One that has worked out nothing yet.
    pub fn new(template: &'t Template, values: &'t Values) -> Self {
        Self {
            template,
            values,
            troubles: Vec::new(),
            asked: Asked::default(),
            needs: BTreeMap::new(),
            current: None,
            conditions: BTreeMap::new(),
            going: Vec::new(),
            depth: 0,
            steps: 0,
            text: 0,
            is_exhausted: false,
        }
    }

    /// Says what is wrong.
    pub fn trouble(&mut self, path: &str, message: impl Into<String>, hint: Option<String>) {
        if self.troubles.len() >= TROUBLES_MAX {
            self.is_exhausted = true;
            return;
        }
        let place = self.template.place(path);
        self.troubles.push(Trouble { place, message: message.into(), hint });
    }

    /// What an expression is worth; `null` for nothing, and for what is wrong.
    pub fn value(&mut self, written: &Value, path: &str) -> Value {
        if !self.enter(path) {
            return Value::Null;
        }
        let value = match written {
            Value::Null | Value::Bool(_) | Value::Number(_) => written.clone(),
            Value::String(text) if !self.charge(text.len(), path) => Value::Null,
            Value::String(text) if text.contains("{{resolve:") => functions::unknown(text),
            Value::String(text) => Value::from(text.as_str()),
            Value::Array(items) => {
                let item = |(at, item)| self.value(item, &format!("{path}[{at}]"));
                items.iter().enumerate().map(item).collect()
            }
            Value::Object(members) => match function_of(members) {
                Some((name, argument)) => self.call(name, argument, path),
                None => self.members(members, path),
            },
        };
        self.depth -= 1;
        value
    }

    fn members(&mut self, members: &Map<String, Value>, path: &str) -> Value {
        let mut made = Map::new();
        for (key, written) in members {
            let shown: String = key.chars().take(KEY_MAX).collect();
            let value = self.value(written, &format!("{path}.{shown}"));
            if !value.is_null() {
                made.insert(key.clone(), value);
            }
        }
        Value::Object(made)
    }

    /// Whether there may be one expression more.
    pub(super) fn enter(&mut self, path: &str) -> bool {
        self.steps += 1;
        if self.depth >= DEPTH_MAX || self.steps > STEPS_MAX {
            self.exhaust(path);
        }
        if self.is_exhausted {
            return false;
        }
        self.depth += 1;
        true
    }

    /// Whether so much text more may be made.
    pub fn charge(&mut self, bytes: usize, path: &str) -> bool {
        self.text = self.text.saturating_add(bytes);
        if self.text > TEXT_MAX {
            self.exhaust(path);
        }
        !self.is_exhausted
    }

    fn exhaust(&mut self, path: &str) {
        if !self.is_exhausted {
            self.is_exhausted = true;
            self.trouble(path, "the template's expressions are too many or lead too deep", None);
        }
    }

    fn call(&mut self, name: &str, argument: &Value, path: &str) -> Value {
        match name {
            "Ref" => match argument.as_str() {
                Some(name) => self.reference(name, path),
                None => self.refuse(path, "`Ref` takes a name"),
            },
            "Fn::GetAtt" => self.get_att(argument, path),
            "Fn::If" => self.if_then_else(argument, path),
            "Fn::Sub" => self.sub(argument, path),
            "Fn::FindInMap" => self.find_in_map(argument, path),
            "Fn::GetAZs" => {
                let region = self.value(argument, path);
                let asked = text_of(&region).filter(|region| !region.is_empty());
                let region = asked.or_else(|| self.pseudo("AWS::Region")).unwrap_or_default();
                functions::zones(&region)
            }
            "Fn::ImportValue" => self.import_value(argument, path),
            "Fn::Transform" => {
                let message = "`Fn::Transform` is a macro: what it makes of the template is not known here";
                self.refuse_with(
                    path,
                    message,
                    "import the processed template: `aws cloudformation get-template`",
                )
            }
            "Fn::And" | "Fn::Or" | "Fn::Not" | "Fn::Equals" => {
                self.refuse(path, &format!("`{name}` belongs into `Conditions`"))
            }
            name if functions::NAMES.contains(&name) => {
                let argument = self.value(argument, path);
                let made = functions::call(name, argument);
                let charged = made.as_ref().map_or(0, functions::weight);
                match made {
                    Ok(made) if self.charge(charged, path) => made,
                    Ok(_) => Value::Null,
                    Err(message) => self.refuse(path, &message),
                }
            }
            name => {
                let near = suggest(name, functions::all()).map(|near| format!("did you mean `{near}`?"));
                self.trouble(path, format!("there is no function `{name}`"), near);
                Value::Null
            }
        }
    }

    /// Says what is wrong; the value is nothing.
    pub fn refuse(&mut self, path: &str, message: &str) -> Value {
        self.trouble(path, message, None);
        Value::Null
    }

    fn refuse_with(&mut self, path: &str, message: &str, hint: &str) -> Value {
        self.trouble(path, message, Some(hint.to_owned()));
        Value::Null
    }
}

/// The function that a map calls, and its argument.
fn function_of(members: &Map<String, Value>) -> Option<(&str, &Value)> {
    let mut entries = members.iter();
    let (name, argument) = entries.next().filter(|_| members.len() == 1)?;
    let is_function = name == "Ref" || name.starts_with("Fn::");
    is_function.then_some((name.as_str(), argument))
}
