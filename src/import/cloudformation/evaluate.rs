//! What an expression of a template is worth.
//!
//! Knows functions, conditions and references. Must never know what a resource is for.
//!
//! A reference to a resource is its logical id. What only AWS can tell, such as the address of an Elastic IP, is
//! an unknown that carries its name along, so that what is made of it still says what it is.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::attributes::{self, Attribute};
use super::functions;
use super::parameters::{Values, Worth, text_of};
use super::template::{Declared, Template};
use crate::import::Trouble;
use crate::scenario::problem::suggest;

/// How deep expressions may lead into each other.
const DEPTH_MAX: usize = 100;

/// How many expressions a template may be worth.
const STEPS_MAX: usize = 200_000;

/// How many bytes of text may be made of them.
const TEXT_MAX: usize = 32 << 20;

/// The most conditions that `Fn::And` and `Fn::Or` take.
const OPERANDS_MAX: usize = 100;

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
    conditions: BTreeMap<String, Verdict>,
    /// What is being worked out, from the outermost to the innermost.
    going: Vec<String>,
    depth: usize,
    steps: usize,
    text: usize,
    is_exhausted: bool,
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
    unanswered: usize,
}

/// What a condition is.
#[derive(Clone, Copy, Debug)]
struct Verdict {
    holds: bool,
    /// Whether all that it depends on had a value.
    is_known: bool,
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
            let value = self.value(written, &format!("{path}.{key}"));
            if !value.is_null() {
                made.insert(key.clone(), value);
            }
        }
        Value::Object(made)
    }

    /// Whether there may be one expression more.
    fn enter(&mut self, path: &str) -> bool {
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
                let charged = made.as_ref().map_or(0, |made| functions::weight(made));
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

    fn pseudo(&mut self, name: &str) -> Option<String> {
        let value = self.values.pseudo(name);
        self.asked.pseudo.extend(value.is_some().then(|| name.to_owned()));
        value
    }

    /// What a name stands for.
    pub fn reference(&mut self, name: &str, path: &str) -> Value {
        match name {
            "AWS::NoValue" => return Value::Null,
            "AWS::NotificationARNs" => return functions::unknown(name),
            _ => {}
        }
        if let Some(value) = self.pseudo(name) {
            return Value::from(value);
        }
        match self.values.parameters.get(name) {
            Some(Worth::Given(value)) => {
                let value = value.clone();
                return if self.charge(functions::weight(&value), path) { value } else { Value::Null };
            }
            Some(Worth::Missing) => {
                self.asked.unanswered += 1;
                self.asked.missing.insert(name.to_owned());
                return Value::Null;
            }
            Some(Worth::Stored) => {
                self.asked.unanswered += 1;
                self.asked.stored.insert(name.to_owned());
                return Value::Null;
            }
            None => {}
        }
        let Some(declared) = self.resource(name, path) else { return Value::Null };
        match attributes::of_ref(&declared.kind) {
            Attribute::Itself => Value::from(name),
            Attribute::Named(property, otherwise) => {
                self.property(name, property, path).unwrap_or_else(|| {
                    let stack = self.values.pseudo("AWS::StackName").unwrap_or_default();
                    Value::from(otherwise(&stack, name))
                })
            }
            Attribute::Property(_) | Attribute::Part(_) | Attribute::Told => functions::unknown(name),
        }
    }

    /// A resource that exists, which the current one then depends on.
    fn resource(&mut self, id: &str, path: &str) -> Option<&'t Declared> {
        let template = self.template;
        let Some(declared) = template.resources.get(id) else {
            let names = template.parameters.keys().map(String::as_str);
            let names = names.chain(template.resources.keys().map(String::as_str));
            let near = suggest(id, names).map(|near| format!("did you mean `{near}`?"));
            let message = format!("`{id}` is neither a parameter nor a resource of this template");
            self.trouble(path, message, near);
            return None;
        };
        if let Some(current) = self.current.clone() {
            self.needs.entry(current).or_default().insert(id.to_owned());
        }
        if !self.exists(id, declared) {
            let condition = declared.condition.as_deref().unwrap_or_default();
            let message = format!("`{id}` is not created, because its condition `{condition}` does not hold");
            let hint = "another value of a parameter changes that: `--set Name=…`";
            self.trouble(path, message, Some(hint.to_owned()));
            return None;
        }
        Some(declared)
    }

    /// Whether a resource is created.
    pub fn exists(&mut self, id: &str, declared: &Declared) -> bool {
        match &declared.condition {
            Some(name) => {
                let verdict = self.condition(name, &format!("Resources.{id}.Condition"));
                verdict.holds || !verdict.is_known
            }
            None => true,
        }
    }

    fn get_att(&mut self, argument: &Value, path: &str) -> Value {
        let (id, attribute) = match argument {
            Value::String(text) => match text.split_once('.') {
                Some((id, attribute)) => (id.to_owned(), attribute.to_owned()),
                None => return self.refuse(path, "`Fn::GetAtt` takes a resource and an attribute"),
            },
            Value::Array(parts) => {
                let parts: Vec<_> = parts.iter().map(|part| text_of(&self.value(part, path))).collect();
                match parts.as_slice() {
                    [Some(id), attribute @ ..] if !attribute.is_empty() => {
                        let attribute: Vec<_> = attribute.iter().flatten().cloned().collect();
                        (id.clone(), attribute.join("."))
                    }
                    _ => return self.refuse(path, "`Fn::GetAtt` takes a resource and an attribute"),
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => {
                return self.refuse(path, "`Fn::GetAtt` takes a resource and an attribute");
            }
        };
        self.attribute(&id, &attribute, path)
    }

    /// An attribute of a resource.
    fn attribute(&mut self, id: &str, attribute: &str, path: &str) -> Value {
        let Some(declared) = self.resource(id, path) else { return Value::Null };
        let told = functions::unknown(&format!("{id}.{attribute}"));
        match attributes::of(&declared.kind, attribute) {
            Ok(Attribute::Itself) => Value::from(id),
            Ok(Attribute::Property(name)) => self.property(id, name, path).unwrap_or(told),
            Ok(Attribute::Part(part)) => Value::from(format!("{id}.{part}")),
            Ok(Attribute::Named(name, otherwise)) => {
                let stack = self.values.pseudo("AWS::StackName").unwrap_or_default();
                let name = self.property(id, name, path);
                let name = name.as_ref().and_then(text_of).unwrap_or_else(|| otherwise(&stack, id));
                let scope = ["AWS::Partition", "AWS::Region", "AWS::AccountId"].map(|name| self.pseudo(name));
                let [partition, region, account] = scope.map(Option::unwrap_or_default);
                Value::from(attributes::arn(&declared.kind, &partition, (&region, &account), &name))
            }
            Ok(Attribute::Told) => told,
            Err(near) => {
                let hint = near.map(|near| format!("did you mean `{near}`?"));
                let kind = &declared.kind;
                self.trouble(path, format!("`{attribute}` is no attribute of a {kind}"), hint);
                Value::Null
            }
        }
    }

    /// A property as the template says it; `None` where it says nothing.
    fn property(&mut self, id: &str, name: &str, path: &str) -> Option<Value> {
        let template = self.template;
        let written = template.resources.get(id)?.properties.get(name)?;
        let key = format!("Resources.{id}.Properties.{name}");
        let value = self.within(key, path, |evaluator, key| evaluator.value(written, key))?;
        Some(value).filter(|value| !value.is_null())
    }

    /// Works something out unless that is being done already.
    fn within<T>(&mut self, key: String, path: &str, work: impl FnOnce(&mut Self, &str) -> T) -> Option<T> {
        if let Some(from) = self.going.iter().position(|one| *one == key) {
            let circle: Vec<_> = self.going[from..].iter().map(|one| format!("`{one}`")).collect();
            let message = format!("this leads in a circle: {} needs itself", circle.join(" needs "));
            self.trouble(path, message, None);
            return None;
        }
        self.going.push(key.clone());
        let made = work(self, &key);
        self.going.pop();
        Some(made)
    }

    fn if_then_else(&mut self, argument: &Value, path: &str) -> Value {
        let Some([name, then, otherwise]) = argument.as_array().map(Vec::as_slice) else {
            return self.refuse(path, "`Fn::If` takes a condition and two values");
        };
        let verdict = match name.as_str() {
            Some(name) => self.condition(name, path),
            None => self.verdict(name, path),
        };
        if !verdict.is_known {
            // Both may turn out to be asked for.
            self.value(then, path);
            return self.value(otherwise, path);
        }
        self.value(if verdict.holds { then } else { otherwise }, path)
    }

    fn condition(&mut self, name: &str, path: &str) -> Verdict {
        const WRONG: Verdict = Verdict { holds: false, is_known: true };
        if let Some(verdict) = self.conditions.get(name) {
            return *verdict;
        }
        let template = self.template;
        let Some(written) = template.conditions.get(name) else {
            let near = suggest(name, template.conditions.keys().map(String::as_str));
            let hint = near.map(|near| format!("did you mean `{near}`?"));
            self.trouble(path, format!("there is no condition `{name}`"), hint);
            return WRONG;
        };
        let key = format!("Conditions.{name}");
        let verdict = self.within(key, path, |evaluator, key| evaluator.verdict(written, key));
        let verdict = verdict.unwrap_or(WRONG);
        self.conditions.insert(name.to_owned(), verdict);
        verdict
    }

    fn verdict(&mut self, written: &Value, path: &str) -> Verdict {
        const WRONG: Verdict = Verdict { holds: false, is_known: true };
        if !self.enter(path) {
            return WRONG;
        }
        let before = self.asked.unanswered;
        let call = written.as_object().filter(|members| members.len() == 1).and_then(|one| one.iter().next());
        let (name, argument) = call.map_or(("", &Value::Null), |(name, argument)| (name.as_str(), argument));
        let operands = argument.as_array().map(Vec::as_slice).unwrap_or_default();
        let verdict = match (name, operands) {
            ("Condition", _) if argument.is_string() => {
                self.condition(argument.as_str().unwrap_or_default(), path)
            }
            ("Fn::Not", [one]) => {
                let Verdict { holds, is_known } = self.verdict(one, path);
                Verdict { holds: !holds, is_known }
            }
            ("Fn::Equals", [left, right]) => {
                let [left, right] = [left, right].map(|side| functions::compared(self.value(side, path)));
                if left.is_none() || right.is_none() {
                    if self.asked.unanswered == before && !self.is_exhausted {
                        self.trouble(
                            path,
                            "`Fn::Equals` compares two values that are known beforehand",
                            None,
                        );
                    }
                }
                Verdict { holds: left.is_some() && left == right, is_known: self.asked.unanswered == before }
            }
            ("Fn::And" | "Fn::Or", [_, ..]) if operands.len() <= OPERANDS_MAX => {
                let verdicts: Vec<_> = operands.iter().map(|one| self.verdict(one, path)).collect();
                let is_known = verdicts.iter().all(|verdict| verdict.is_known);
                let holds = match name {
                    "Fn::And" => verdicts.iter().all(|verdict| verdict.holds),
                    _ => verdicts.iter().any(|verdict| verdict.holds),
                };
                Verdict { holds, is_known }
            }
            _ => {
                let hint = "it is made of `Fn::And`, `Fn::Or`, `Fn::Not`, `Fn::Equals` and `Condition`";
                self.trouble(path, "this is not a condition", Some(hint.to_owned()));
                WRONG
            }
        };
        self.depth -= 1;
        verdict
    }

    fn import_value(&mut self, argument: &Value, path: &str) -> Value {
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

    fn find_in_map(&mut self, argument: &Value, path: &str) -> Value {
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

    fn sub(&mut self, argument: &Value, path: &str) -> Value {
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

/// The function that a map calls, and its argument.
fn function_of(members: &Map<String, Value>) -> Option<(&str, &Value)> {
    let mut entries = members.iter();
    let (name, argument) = entries.next().filter(|_| members.len() == 1)?;
    let is_function = name == "Ref" || name.starts_with("Fn::");
    is_function.then_some((name.as_str(), argument))
}
