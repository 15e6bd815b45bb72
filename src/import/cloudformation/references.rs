//! What `Ref` and `Fn::GetAtt` are worth.
//!
//! Knows that a resource is called by its logical id. Must never know what a resource is for.

use serde_json::Value;

use super::attributes::{self, Attribute};
use super::evaluate::Evaluator;
use super::functions;
use super::parameters::{Worth, text_of};
use super::template::Declared;
use crate::scenario::problem::suggest;

impl<'t> Evaluator<'t> {
    pub(super) fn pseudo(&mut self, name: &str) -> Option<String> {
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

    pub(super) fn get_att(&mut self, argument: &Value, path: &str) -> Value {
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
    pub(super) fn attribute(&mut self, id: &str, attribute: &str, path: &str) -> Value {
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
                self.trouble(path, format!("`{attribute}` is no attribute of {kind}"), hint);
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
    pub(super) fn within<T>(
        &mut self,
        key: String,
        path: &str,
        work: impl FnOnce(&mut Self, &str) -> T,
    ) -> Option<T> {
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
}
