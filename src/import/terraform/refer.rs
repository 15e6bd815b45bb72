//! From an expression in a plan's configuration to what it names: ids, addresses of what has no id yet, values.
//!
//! A plan does not keep expressions, only what they refer to; what stands between (functions, `local` values) is not
//! known, so what leads to nothing is left to whoever asks.

use std::cell::Cell;

use serde_json::Value;

use super::texts_of;
use super::tree::{Resource, Tree, key_in, module_config, modules, parts, without_key};

/// How deep it goes before it is given up: expressions may lead in a circle in documents nobody wrote.
const DEPTH_MAX: usize = 64;

/// How many expressions are looked at in all, since each of a circle may branch.
const EXPRESSIONS_MAX: usize = 10_000;

/// Attributes that stand for the resource itself.
const ITSELF: [&str; 6] =
    ["arn", "id", "ids", "allocation_id", "transit_gateway_attachment_id", "spot_instance_id"];

impl<'t> Tree<'t> {
    /// What an expression of a resource names, most specific first; of a constant, the constant.
    pub fn follow(&self, from: &Resource<'t>, expression: &'t Value) -> Vec<String> {
        let place = Standpoint { module: from.module.clone(), key: from.key.clone(), config: from.config };
        self.expression(&place, expression, Search { depth: 0, left: &Cell::new(EXPRESSIONS_MAX) })
    }

    fn expression(&self, from: &Standpoint<'t>, expression: &'t Value, search: Search<'_>) -> Vec<String> {
        let Some(search) = search.deeper() else { return Vec::new() };
        if let Some(constant) = expression.get("constant_value") {
            return texts_of(Some(constant));
        }
        let references = expression.get("references").and_then(Value::as_array);
        let references: Vec<&str> =
            references.map(Vec::as_slice).unwrap_or_default().iter().filter_map(Value::as_str).collect();
        let mut found = Vec::new();
        for (at, reference) in references.iter().enumerate() {
            // `aws_vpc.a.id` is followed by `aws_vpc.a`, which says the same.
            let is_said = references[..at]
                .iter()
                .any(|other| other.strip_prefix(reference).is_some_and(|rest| rest.starts_with(['.', '['])));
            if is_said || reference.starts_with("each.key") || reference.starts_with("count.") {
                continue;
            }
            for id in self.reference(from, reference, &references, search) {
                if !found.contains(&id) {
                    found.push(id);
                }
            }
        }
        found
    }

    fn reference(
        &self,
        from: &Standpoint<'t>,
        reference: &str,
        all: &[&str],
        search: Search<'_>,
    ) -> Vec<String> {
        let parts = parts(reference);
        let part = |at: usize| parts.get(at).map(String::as_str).unwrap_or_default();
        match part(0) {
            "var" => self.variable(from, part(1), search),
            "module" => self.output(from, part(1), part(2), all, search),
            "each" => match from.config.get("for_each_expression") {
                Some(expression) => self.expression(from, expression, search),
                None => Vec::new(),
            },
            "local" | "path" | "terraform" | "self" => Vec::new(),
            "data" => self.resource(from, &format!("data.{}", part(1)), part(2), part(3), all),
            kind => self.resource(from, kind, part(1), part(2), all),
        }
    }

    /// A resource of the same module: the one with the key that is asked for, the one with the key of whoever asks,
    /// or all of them.
    fn resource(
        &self,
        from: &Standpoint<'t>,
        kind: &str,
        name: &str,
        attribute: &str,
        all: &[&str],
    ) -> Vec<String> {
        let (kind, is_data) = match kind.strip_prefix("data.") {
            Some(kind) => (kind, true),
            None => (kind, false),
        };
        let of_name = |it: &&Resource<'t>| {
            it.module == from.module
                && it.kind == kind
                && it.name == without_key(name)
                && it.is_data == is_data
        };
        let mut found: Vec<&Resource<'t>> = self.resources.iter().filter(of_name).collect();
        let asked = key_in(name).map(str::to_owned);
        let by_own_key = all.iter().any(|it| it.starts_with("each.") || it.starts_with("count."));
        let own = from.key.clone().filter(|_| by_own_key || asked.is_none());
        for key in [asked, own].into_iter().flatten() {
            if found.iter().any(|it| it.key.as_ref() == Some(&key)) {
                found.retain(|it| it.key.as_ref() == Some(&key));
                break;
            }
        }
        found.into_iter().flat_map(|it| attribute_of(it, without_key(attribute))).collect()
    }

    /// A variable of a module is what its caller gives; of the root, what the plan was made with.
    fn variable(&self, from: &Standpoint<'t>, name: &str, search: Search<'_>) -> Vec<String> {
        let name = without_key(name);
        let Some((parent, call)) = split_module(&from.module) else {
            return texts_of(self.variables.get(name).and_then(|variable| variable.get("value")));
        };
        let caller = module_config(self.root, &parent);
        let calls = caller.and_then(|module| module.get("module_calls"));
        let Some(call_config) = calls.and_then(|calls| calls.get(without_key(&call))) else {
            return Vec::new();
        };
        match call_config.get("expressions").and_then(|expressions| expressions.get(name)) {
            Some(expression) => {
                let key = key_in(&call).map(str::to_owned).or_else(|| from.key.clone());
                let parent = Standpoint { module: parent, key, config: call_config };
                self.expression(&parent, expression, search)
            }
            None => {
                let variables = call_config.get("module").and_then(|module| module.get("variables"));
                texts_of(variables.and_then(|it| it.get(name)).and_then(|it| it.get("default")))
            }
        }
    }

    /// An output of a module that is called here.
    fn output(
        &self,
        from: &Standpoint<'t>,
        call: &str,
        output: &str,
        all: &[&str],
        search: Search<'_>,
    ) -> Vec<String> {
        let prefix = if from.module.is_empty() { String::new() } else { format!("{}.", from.module) };
        let wanted = format!("{prefix}module.{call}");
        let mut paths: Vec<String> = Vec::new();
        for resource in &self.resources {
            let is_below = resource.module == wanted
                || resource.module.strip_prefix(&wanted).is_some_and(|rest| rest.starts_with(['.', '[']));
            let depth = modules(&wanted).len();
            let path = first_modules(&resource.module, depth);
            if is_below && !paths.contains(&path) {
                paths.push(path);
            }
        }
        if key_in(call).is_none() && all.iter().any(|it| it.starts_with("each.") || it.starts_with("count."))
        {
            let own = from.key.as_ref().map(|key| format!("{wanted}[{key}]"));
            if let Some(own) = own.filter(|own| paths.contains(own)) {
                paths = vec![own];
            }
        }
        let mut found = Vec::new();
        for path in paths {
            let module = module_config(self.root, &path);
            let expression =
                module.and_then(|it| it.get("outputs")?.get(without_key(output))?.get("expression"));
            let Some(expression) = expression else { continue };
            // An output of something that is counted is picked by whoever asks.
            let inside = Standpoint {
                module: path,
                key: from.key.clone().filter(|_| by_index(all)),
                config: &Value::Null,
            };
            found.extend(self.expression(&inside, expression, search));
        }
        match key_in(output).and_then(|key| key.parse::<usize>().ok()) {
            Some(at) => found.into_iter().nth(at).into_iter().collect(),
            None => found,
        }
    }
}

/// How much of a search is spent.
#[derive(Clone, Copy)]
struct Search<'s> {
    depth: usize,
    /// Expressions that may still be looked at, wherever they are.
    left: &'s Cell<usize>,
}

impl Search<'_> {
    fn deeper(self) -> Option<Self> {
        let left = self.left.get().checked_sub(1)?;
        self.left.set(left);
        (self.depth < DEPTH_MAX).then_some(Search { depth: self.depth + 1, ..self })
    }
}

/// From where an expression is looked at.
struct Standpoint<'t> {
    module: String,
    key: Option<String>,
    config: &'t Value,
}

fn by_index(all: &[&str]) -> bool {
    all.iter().any(|it| it.starts_with("each.") || it.starts_with("count."))
}

/// What an attribute of a resource is: known, the resource itself, or something it brings with it.
fn attribute_of(resource: &Resource<'_>, attribute: &str) -> Vec<String> {
    if attribute.is_empty() || ITSELF.contains(&attribute) {
        return vec![resource.id()];
    }
    let known = texts_of(resource.values.get(attribute));
    if !known.is_empty() {
        return known;
    }
    let brings = attribute.ends_with("_id") || attribute.ends_with("_interface_ids");
    if brings { vec![format!("{}.{attribute}", resource.id())] } else { Vec::new() }
}

/// The module around, and the last call of a path.
fn split_module(path: &str) -> Option<(String, String)> {
    let mut names = modules(path);
    let last = names.pop()?;
    Some((joined(&names), last))
}

fn first_modules(path: &str, count: usize) -> String {
    let mut names = modules(path);
    names.truncate(count);
    joined(&names)
}

fn joined(names: &[String]) -> String {
    names.iter().map(|name| format!("module.{name}")).collect::<Vec<_>>().join(".")
}
