//! The resources of a document, whether it is a plan, a state that is shown, or a state as it is stored.
//!
//! Knows where Terraform writes values, addresses and expressions. Must never know a kind of resource.

use std::collections::BTreeMap;

use serde_json::Value;

/// A resource, or one of several that an address with a key tells apart.
#[derive(Debug)]
pub struct Resource<'t> {
    /// With its modules and its key: `module.net.aws_subnet.a["x"]`.
    pub address: String,
    /// The modules it is in, with their keys; empty for the root.
    pub module: String,
    /// E.g. `aws_subnet`.
    pub kind: &'t str,
    /// Its local name.
    pub name: &'t str,
    /// Which of several, as it is written between brackets.
    pub key: Option<String>,
    /// Whether it is only looked at.
    pub is_data: bool,
    /// What is known of it.
    pub values: &'t Value,
    /// What is not known yet, in the layout of the values.
    pub unknown: &'t Value,
    /// Its block in the configuration of a plan.
    pub config: &'t Value,
}

/// All resources, and what a plan says of how they refer to each other.
#[derive(Debug)]
pub struct Tree<'t> {
    pub resources: Vec<Resource<'t>>,
    /// By address.
    index: BTreeMap<String, usize>,
    pub root: &'t Value,
    pub variables: &'t Value,
    providers: &'t Value,
    /// What is to be said of the document as a whole.
    pub notes: Vec<String>,
}

/// How deep modules are nested at most.
const DEPTH_MAX: usize = 32;

const NOTHING: &Value = &Value::Null;

impl<'t> Tree<'t> {
    /// Finds them; a document that is neither says what is wrong with it.
    pub fn of(document: &'t Value) -> Result<Self, String> {
        let configuration = document.get("configuration").unwrap_or(NOTHING);
        let mut tree = Self {
            resources: Vec::new(),
            index: BTreeMap::new(),
            root: configuration.get("root_module").unwrap_or(NOTHING),
            variables: document.get("variables").unwrap_or(NOTHING),
            providers: configuration.get("provider_config").unwrap_or(NOTHING),
            notes: Vec::new(),
        };
        let format = document.get("format_version").and_then(Value::as_str);
        if let Some(planned) = document.get("planned_values") {
            // What is read and not made is in what was there before.
            let before = document.get("prior_state").and_then(|state| state.get("values"));
            tree.module(planned.get("root_module").unwrap_or(NOTHING), "", false, 0);
            if let Some(before) = before {
                tree.module(before.get("root_module").unwrap_or(NOTHING), "", true, 0);
            }
            tree.changes(document);
        } else if let Some(values) = document.get("values").filter(|_| format.is_some()) {
            tree.module(values.get("root_module").unwrap_or(NOTHING), "", false, 0);
        } else if let Some(resources) = document.get("resources").and_then(Value::as_array) {
            tree.stored(resources);
        } else if format.is_some() {
            return Err("neither a plan nor a state with resources".to_owned());
        } else {
            return Err("this is no JSON of Terraform".to_owned());
        }
        if let Some(format) =
            format.filter(|format| !["0.", "1."].iter().any(|known| format.starts_with(known)))
        {
            tree.notes.push(format!("the format {format} is not known: read like 1.2"));
        }
        tree.index = tree.resources.iter().enumerate().map(|(at, it)| (it.address.clone(), at)).collect();
        tree.configure();
        Ok(tree)
    }

    fn module(&mut self, module: &'t Value, path: &str, data_only: bool, depth: usize) {
        let list =
            |key: &str| module.get(key).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        for resource in list("resources") {
            let text = |key: &str| resource.get(key).and_then(Value::as_str);
            let (Some(kind), Some(name)) = (text("type"), text("name")) else { continue };
            let is_data = text("mode") == Some("data");
            if data_only && !is_data {
                continue;
            }
            let key = resource.get("index").and_then(key_of);
            let values = resource.get("values").unwrap_or(NOTHING);
            self.push(path, kind, name, key, is_data, values);
        }
        for child in list("child_modules") {
            let path = child.get("address").and_then(Value::as_str).unwrap_or_default();
            if depth < DEPTH_MAX {
                self.module(child, path, data_only, depth + 1);
            } else {
                self.notes.push(format!("{path}: modules are nested too deeply"));
            }
        }
    }

    /// A state as it is stored: instances below resources.
    fn stored(&mut self, resources: &'t [Value]) {
        for resource in resources {
            let text = |key: &str| resource.get(key).and_then(Value::as_str);
            let (Some(kind), Some(name)) = (text("type"), text("name")) else { continue };
            let is_data = text("mode") == Some("data");
            let path = text("module").unwrap_or_default();
            let instances = resource.get("instances").and_then(Value::as_array);
            for instance in instances.map(Vec::as_slice).unwrap_or_default() {
                let key = instance.get("index_key").and_then(key_of);
                let values = instance.get("attributes").unwrap_or(NOTHING);
                self.push(path, kind, name, key, is_data, values);
            }
        }
    }

    fn push(
        &mut self,
        module: &str,
        kind: &'t str,
        name: &'t str,
        key: Option<String>,
        is_data: bool,
        values: &'t Value,
    ) {
        let mut address = String::from(module);
        if !module.is_empty() {
            address.push('.');
        }
        if is_data {
            address.push_str("data.");
        }
        address.push_str(&format!("{kind}.{name}"));
        if let Some(key) = &key {
            address.push_str(&format!("[{key}]"));
        }
        let (unknown, config, module) = (NOTHING, NOTHING, module.to_owned());
        self.resources.push(Resource { address, module, kind, name, key, is_data, values, unknown, config });
    }

    /// What a plan does not know yet.
    fn changes(&mut self, document: &'t Value) {
        let changes = document.get("resource_changes").and_then(Value::as_array);
        let unknown: BTreeMap<&str, &'t Value> = changes
            .map(Vec::as_slice)
            .unwrap_or_default()
            .iter()
            .filter_map(|it| Some((it.get("address")?.as_str()?, it.get("change")?.get("after_unknown")?)))
            .collect();
        for resource in &mut self.resources {
            resource.unknown = unknown.get(resource.address.as_str()).copied().unwrap_or(NOTHING);
        }
    }

    /// Gives every resource its block of the configuration.
    fn configure(&mut self) {
        let root = self.root;
        for resource in &mut self.resources {
            let module = module_config(root, &resource.module).unwrap_or(NOTHING);
            let blocks = module.get("resources").and_then(Value::as_array);
            let is_it = |block: &&'t Value| {
                let text = |key: &str| block.get(key).and_then(Value::as_str);
                text("type") == Some(resource.kind)
                    && text("name") == Some(resource.name)
                    && (text("mode") == Some("data")) == resource.is_data
            };
            resource.config = blocks.and_then(|blocks| blocks.iter().find(is_it)).unwrap_or(NOTHING);
        }
    }

    /// The resource with an address.
    pub fn at(&self, address: &str) -> Option<&Resource<'t>> {
        self.index.get(address).map(|at| &self.resources[*at])
    }

    /// The region that the provider of a resource is configured for.
    pub fn region_of(&self, resource: &Resource<'t>) -> Option<String> {
        let key = resource.config.get("provider_config_key").and_then(Value::as_str).unwrap_or("aws");
        let provider = self.providers.get(key).or_else(|| self.providers.get("aws"))?;
        let expression = provider.get("expressions")?.get("region")?;
        let constant = expression.get("constant_value").and_then(Value::as_str);
        let variable = || {
            let name = expression.get("references")?.get(0)?.as_str()?.strip_prefix("var.")?;
            self.variables.get(name)?.get("value")?.as_str()
        };
        constant.or_else(variable).map(str::to_owned)
    }
}

/// The configuration of a module by its path.
pub fn module_config<'t>(root: &'t Value, path: &str) -> Option<&'t Value> {
    let mut module = root;
    for name in modules(path) {
        module = module.get("module_calls")?.get(without_key(&name))?.get("module")?;
    }
    Some(module)
}

/// The names of the modules of a path, with their keys.
pub fn modules(path: &str) -> Vec<String> {
    parts(path).into_iter().filter(|part| part != "module").collect()
}

/// The parts of an address; what is between brackets belongs to the part before.
pub fn parts(address: &str) -> Vec<String> {
    let (mut parts, mut part, mut depth, mut quoted) = (Vec::new(), String::new(), 0_usize, false);
    for c in address.chars() {
        match c {
            '"' => quoted = !quoted,
            '[' if !quoted => depth += 1,
            ']' if !quoted => depth = depth.saturating_sub(1),
            _ => {}
        }
        if c == '.' && depth == 0 && !quoted {
            parts.push(std::mem::take(&mut part));
        } else {
            part.push(c);
        }
    }
    parts.push(part);
    parts.retain(|part| !part.is_empty());
    parts
}

/// A part without its key.
pub fn without_key(part: &str) -> &str {
    part.split('[').next().unwrap_or(part)
}

/// The key of a part, without the brackets.
pub fn key_in(part: &str) -> Option<&str> {
    part.split_once('[').map(|(_, rest)| rest.trim_end_matches(']'))
}

fn key_of(index: &Value) -> Option<String> {
    match index {
        Value::Number(number) => Some(number.to_string()),
        Value::String(text) => Some(format!("{text:?}")),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

impl<'t> Resource<'t> {
    /// Its id at AWS, or its address where it has none yet.
    pub fn id(&self) -> String {
        self.text("id").unwrap_or_else(|| self.address.clone())
    }

    /// A text, a number or a truth that is known.
    pub fn text(&self, attribute: &str) -> Option<String> {
        text_of(self.values.get(attribute)?)
    }

    /// A truth that is known.
    pub fn flag(&self, attribute: &str) -> Option<bool> {
        match self.values.get(attribute)? {
            Value::Bool(flag) => Some(*flag),
            Value::String(text) => text.parse().ok(),
            Value::Null | Value::Number(_) | Value::Array(_) | Value::Object(_) => None,
        }
    }

    /// A whole number that is known, also if it is written as a text.
    pub fn number(&self, attribute: &str) -> Option<i64> {
        number_of(self.values.get(attribute)?)
    }

    /// The blocks of a kind, or the elements of a list.
    pub fn blocks(&self, attribute: &str) -> Vec<&'t Value> {
        match self.values.get(attribute) {
            Some(Value::Array(items)) => items.iter().filter(|item| item.is_object()).collect(),
            Some(block @ Value::Object(_)) => vec![block],
            Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) | None => Vec::new(),
        }
    }

    /// The expression of an attribute in the configuration.
    pub fn expression(&self, attribute: &str) -> Option<&'t Value> {
        self.config.get("expressions")?.get(attribute)
    }

    /// Whether something of an attribute is not known yet.
    pub fn is_unknown(&self, attribute: &str) -> bool {
        self.unknown.get(attribute).is_some_and(holds_true)
    }

    /// Its tags, those of the provider included.
    pub fn tags(&self) -> BTreeMap<String, String> {
        let of = |attribute: &str| {
            self.values.get(attribute).and_then(Value::as_object).filter(|map| !map.is_empty())
        };
        let tags = of("tags_all").or_else(|| of("tags")).into_iter().flatten();
        tags.filter_map(|(key, value)| Some((key.clone(), text_of(value)?))).collect()
    }

    /// What people call it: its local name, with its key.
    pub fn short_name(&self) -> String {
        match &self.key {
            None => self.name.to_owned(),
            Some(key) => format!("{}-{}", self.name, key.trim_matches('"')),
        }
    }
}

/// A text, a number or a truth.
pub fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()).filter(|text| !text.is_empty()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// A whole number.
pub fn number_of(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64().or_else(|| number.as_f64().map(|float| float as i64)),
        Value::String(text) => text.parse().ok(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// Whether there is a `true` anywhere in it. JSON is nested 128 deep at most.
fn holds_true(value: &Value) -> bool {
    match value {
        Value::Bool(flag) => *flag,
        Value::Array(items) => items.iter().any(holds_true),
        Value::Object(members) => members.values().any(holds_true),
        Value::Null | Value::Number(_) | Value::String(_) => false,
    }
}
