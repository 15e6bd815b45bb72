//! The sections of a template.
//!
//! Knows how a template is laid out. Must never know a function, or a kind of resource.

use std::rc::Rc;

use serde_json::{Map, Value};

use crate::import::{Place, Trouble};
use crate::model::Table;

/// How many entries a section may have, after its loops; AWS allows 500 resources and 200 of the others.
const ENTRIES_MAX: usize = 2000;

/// How long the name of an entry may be, as AWS has it.
const NAME_MAX: usize = 255;

/// A template, as it is written.
#[derive(Debug)]
pub struct Template {
    /// The file.
    pub file: Rc<str>,
    /// `Parameters`.
    pub parameters: Map<String, Value>,
    /// `Mappings`.
    pub mappings: Map<String, Value>,
    /// `Conditions`.
    pub conditions: Map<String, Value>,
    /// `Resources`, by logical id, in the order of the file.
    pub resources: Table<String, Declared>,
    /// The macros of `Transform`.
    pub transforms: Vec<String>,
}

/// A resource, as it is written.
#[derive(Debug)]
pub struct Declared {
    /// `Type`, such as `AWS::EC2::VPC`.
    pub kind: String,
    /// `Condition`.
    pub condition: Option<String>,
    /// `Properties`.
    pub properties: Value,
}

impl Template {
    /// A template without its resources, and what `Resources` holds.
    pub fn read(file: &Rc<str>, root: Value) -> Result<(Self, Map<String, Value>), Vec<Trouble>> {
        let trouble = |path: &str, message: &str, hint: &str| Trouble {
            place: Place { file: Rc::clone(file), path: path.to_owned() },
            message: message.to_owned(),
            hint: Some(hint.to_owned()),
        };
        let Value::Object(mut root) = root else {
            return Err(vec![trouble("", "this is not a template", "a template is a map with `Resources`")]);
        };
        let mut troubles = Vec::new();
        let mut section = |name: &str| match root.remove(name) {
            None | Some(Value::Null) => Map::new(),
            Some(Value::Object(section)) => section,
            Some(Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_)) => {
                troubles.push(trouble(name, "this section is not a map", "write `Name: …` for each entry"));
                Map::new()
            }
        };
        let (parameters, mappings) = (section("Parameters"), section("Mappings"));
        let (conditions, resources) = (section("Conditions"), section("Resources"));
        if resources.is_empty() && troubles.is_empty() {
            let hint = "a CloudFormation template has a section `Resources`; is this another kind of file?";
            troubles.push(trouble("", "there are no `Resources`", hint));
        }
        for (name, section) in
            [("Parameters", &parameters), ("Mappings", &mappings), ("Conditions", &conditions)]
        {
            troubles.extend(too_much(name, section).map(|message| trouble(name, &message, HINT)));
        }
        let transforms = root.get("Transform").map(names_of_macros).unwrap_or_default();
        let template = Self {
            file: Rc::clone(file),
            parameters,
            mappings,
            conditions,
            resources: Table::default(),
            transforms,
        };
        if troubles.is_empty() { Ok((template, resources)) } else { Err(troubles) }
    }

    /// Takes up the resources.
    pub fn declare(&mut self, resources: Map<String, Value>) -> Vec<Trouble> {
        if let Some(message) = too_much("Resources", &resources) {
            let place = self.place("Resources");
            return vec![Trouble { place, message, hint: Some(HINT.to_owned()) }];
        }
        let mut troubles = Vec::new();
        for (id, written) in resources {
            let path = format!("Resources.{id}");
            let Some(kind) = written.get("Type").and_then(Value::as_str).map(str::to_owned) else {
                let message = match id.as_str() {
                    "Fn::Transform" => "resources that a macro adds are not known here",
                    _ => "this resource has no `Type`",
                };
                troubles.push(Trouble { place: self.place(path), message: message.to_owned(), hint: None });
                continue;
            };
            let condition = written.get("Condition").and_then(Value::as_str).map(str::to_owned);
            let properties = written.get("Properties").cloned().unwrap_or_default();
            self.resources.insert(id, Declared { kind, condition, properties });
        }
        troubles
    }

    /// A place in the template.
    pub fn place(&self, path: impl Into<String>) -> Place {
        Place { file: Rc::clone(&self.file), path: path.into() }
    }
}

const HINT: &str = "AWS would refuse this template";

/// What is too much about a section.
fn too_much(name: &str, section: &Map<String, Value>) -> Option<String> {
    if section.len() > ENTRIES_MAX {
        return Some(format!("`{name}` has more than {ENTRIES_MAX} entries"));
    }
    let is_long = section.keys().any(|name| name.chars().count() > NAME_MAX);
    is_long.then(|| format!("a name in `{name}` has more than {NAME_MAX} characters"))
}

fn names_of_macros(transform: &Value) -> Vec<String> {
    match transform {
        Value::String(name) => vec![name.clone()],
        Value::Array(list) => list.iter().flat_map(names_of_macros).collect(),
        Value::Object(one) => one.get("Name").map(names_of_macros).unwrap_or_default(),
        Value::Null | Value::Bool(_) | Value::Number(_) => Vec::new(),
    }
}
