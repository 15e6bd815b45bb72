//! CloudFormation templates, as what they would make.
//!
//! `yaml` reads the text, `template` its sections; `parameters` and `evaluate` say what an expression is worth;
//! `kinds` says which properties are worked out, and `build` makes an inventory of them. There are no ids before a
//! stack is made, so a resource is called by its logical id.
//!
//! Knows templates. Must never know the language of scenarios, or make a resource.

mod attributes;
mod build;
mod conditions;
mod evaluate;
mod foreach;
mod functions;
mod kinds;
mod lookups;
mod others;
mod parameters;
mod pattern;
mod references;
mod template;
#[cfg(test)]
mod tests;
mod yaml;

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use serde_json::{Map, Value};

use self::build::{Builder, Item};
use self::evaluate::{Asked, Evaluator};
use self::others::Others;
use self::parameters::{ACCOUNT, IMPORT_PREFIX, REGION, Values};
use self::template::Template;
use crate::import::{Loss, Notice, Reading, Trouble};
use crate::scenario::problem::suggest;

/// Macros whose resources are read as they stand.
const HARMLESS_MACROS: [&str; 3] = ["AWS::LanguageExtensions", "AWS::Serverless", "AWS::SecretsManager"];

/// Reads a template. `parameters` are values by name: of parameters of the template, of pseudo parameters
/// (`AWS::Region`), and of exports of other stacks (`ImportValue:Export`).
pub fn read(
    file: &Rc<str>,
    text: &str,
    parameters: &BTreeMap<String, String>,
) -> Result<Reading, Vec<Trouble>> {
    let root = yaml::parse(file, text)?;
    let (mut template, resources) = Template::read(file, root)?;
    let values = Values::of(&template, parameters)?;
    let (conditions, resources) = unrolled(&template, &values, &resources)?;
    template.conditions = conditions;
    let troubles = template.declare(resources);
    if !troubles.is_empty() {
        return Err(troubles);
    }
    let mut evaluator = Evaluator::new(&template, &values);
    let (items, others, mut notices) = worked_out(&mut evaluator);
    circles(&mut evaluator);
    let Evaluator { troubles, asked, .. } = evaluator;
    let troubles = with_unanswered(&template, &values, &asked, troubles);
    if !troubles.is_empty() {
        return Err(troubles);
    }
    notices.extend(about_surroundings(&template, &values, &asked));
    let region = values.region().map(str::to_owned);
    let region = region.or_else(|| asked.pseudo.contains("AWS::Region").then(|| REGION.to_owned()));
    let account = values.pseudo.get("AWS::AccountId").cloned();
    let account = account.or_else(|| asked.pseudo.contains("AWS::AccountId").then(|| ACCOUNT.to_owned()));
    let mut builder = Builder::new(file, region, account);
    builder.fill(items);
    let Reading { inventory, notices: more } = builder.finish()?;
    notices.extend(more);
    notices.extend(others.notices());
    Ok(Reading { inventory, notices })
}

/// A section, as it is written.
type Section = Map<String, Value>;

/// Conditions and resources without loops.
fn unrolled(
    template: &Template,
    values: &Values,
    resources: &Section,
) -> Result<(Section, Section), Vec<Trouble>> {
    let mut evaluator = Evaluator::new(template, values);
    let conditions = foreach::expanded(&mut evaluator, &template.conditions, "Conditions");
    let resources = foreach::expanded(&mut evaluator, resources, "Resources");
    let Evaluator { troubles, asked, .. } = evaluator;
    let is_unanswered = asked.is_unanswered();
    let troubles = if is_unanswered { unanswered(template, &asked) } else { troubles };
    if troubles.is_empty() { Ok((conditions, resources)) } else { Err(troubles) }
}

/// The properties of all resources that are read and exist.
fn worked_out(evaluator: &mut Evaluator<'_>) -> (Vec<Item>, Others, Vec<Notice>) {
    let (mut items, mut others, mut notices) = (Vec::new(), Others::default(), Vec::new());
    for (id, declared) in &evaluator.template.resources {
        if !evaluator.exists(id, declared) {
            continue;
        }
        let Some(kind) = kinds::of(&declared.kind) else {
            others.add(declared, evaluator.template.place(format!("Resources.{id}")));
            continue;
        };
        evaluator.current = Some(id.clone());
        let path = format!("Resources.{id}.Properties");
        let mut properties = Map::new();
        for (name, value) in &chosen(evaluator, &declared.properties, &path) {
            let path = format!("{path}.{name}");
            if kind.read.contains(&name.as_str()) {
                properties.insert(name.clone(), evaluator.value(value, &path));
            } else if !kind.plain.contains(&name.as_str()) {
                let near = suggest(name, kind.read.iter().copied());
                let near = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
                let message = format!("{} has no property `{name}`, which is left out{near}", declared.kind);
                notices.push(Notice { place: evaluator.template.place(path), loss: Loss::Matters, message });
            }
        }
        evaluator.current = None;
        let mut unknown = BTreeSet::new();
        let properties = functions::settled(Value::Object(properties), &mut unknown);
        items.push(Item { id: id.clone(), kind: kind.name, is_tie: kind.is_tie, properties, unknown });
    }
    (items, others, notices)
}

/// The properties of a resource, which a function may choose as a whole.
fn chosen(evaluator: &mut Evaluator<'_>, written: &Value, path: &str) -> Section {
    match written {
        Value::Null => return Map::new(),
        Value::Object(members) if !members.keys().any(|key| key.starts_with("Fn::")) => {
            return members.clone();
        }
        Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) | Value::Object(_) => {}
    }
    if let Value::Object(members) = evaluator.value(written, path) {
        return members;
    }
    evaluator.trouble(path, "the properties of a resource are a map", None);
    Map::new()
}

/// Resources that need each other, which AWS refuses as well.
fn circles(evaluator: &mut Evaluator<'_>) {
    let mut needs = std::mem::take(&mut evaluator.needs);
    // Whatever needs nothing that is left is no part of a circle.
    loop {
        let left: BTreeSet<String> = needs.keys().cloned().collect();
        for needed in needs.values_mut() {
            needed.retain(|id| left.contains(id));
        }
        let before = needs.len();
        needs.retain(|_, needed| !needed.is_empty());
        if needs.len() == before {
            break;
        }
    }
    let Some(start) = needs.keys().next() else { return };
    let mut way = vec![start.clone()];
    while let Some(next) = way.last().and_then(|last| needs[last].iter().next().cloned()) {
        if let Some(from) = way.iter().position(|id| *id == next) {
            way.drain(..from);
            way.push(next);
            break;
        }
        way.push(next);
    }
    let path = format!("Resources.{}", way[0]);
    let way: Vec<_> = way.iter().map(|id| format!("`{id}`")).collect();
    let message = format!("resources need each other in a circle: {}", way.join(" needs "));
    let hint = "AWS refuses that as well: write rules as resources of their own, such as \
                AWS::EC2::SecurityGroupIngress";
    evaluator.trouble(&path, message, Some(hint.to_owned()));
}

/// What is wrong: while values are missing, only that, because all else may follow from it.
fn with_unanswered(
    template: &Template,
    values: &Values,
    asked: &Asked,
    mut troubles: Vec<Trouble>,
) -> Vec<Trouble> {
    if asked.is_unanswered() {
        return unanswered(template, asked);
    }
    for name in values.exports.keys().filter(|name| !asked.imported.contains(*name)) {
        let wanted: Vec<_> = asked.imported.iter().map(|name| format!("`{name}`")).collect();
        let hint = match wanted.as_slice() {
            [] => "nothing is imported from other stacks".to_owned(),
            wanted => format!("imported are {}", wanted.join(", ")),
        };
        let message = format!("the template imports no `{name}`");
        troubles.push(Trouble { place: template.place(""), message, hint: Some(hint) });
    }
    troubles
}

fn unanswered(template: &Template, asked: &Asked) -> Vec<Trouble> {
    let listed = |names: &BTreeSet<String>| {
        names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
    };
    let settings = |names: &BTreeSet<String>| {
        let setting = |name: &String| match template.parameters.get(name).and_then(|one| one.get("Type")) {
            Some(Value::String(kind)) if kind.contains("AvailabilityZone") && kind.starts_with("List") => {
                format!("--set {name}={REGION}a,{REGION}b")
            }
            _ => format!("--set {name}=…"),
        };
        Some(format!("say them: `{}`", names.iter().map(setting).collect::<Vec<_>>().join(" ")))
    };
    let mut troubles = Vec::new();
    for (names, message) in [
        (&asked.missing, "these parameters have neither a default nor a value"),
        (&asked.stored, "the values of these parameters are in the parameter store"),
    ] {
        if !names.is_empty() {
            troubles.push(Trouble {
                place: template.place("Parameters"),
                message: format!("{message}: {}", listed(names)),
                hint: settings(names),
            });
        }
    }
    for (name, path) in &asked.exports {
        let message = format!("the value of the export `{name}` of another stack is not known");
        let hint = Some(format!("say it: `--set '{IMPORT_PREFIX}{name}=…'`"));
        troubles.push(Trouble { place: template.place(path.as_str()), message, hint });
    }
    troubles
}

/// What was assumed of the surroundings, and which macros were not followed.
fn about_surroundings(template: &Template, values: &Values, asked: &Asked) -> Vec<Notice> {
    let mut notices = Vec::new();
    for name in ["AWS::Region", "AWS::AccountId"] {
        if asked.pseudo.contains(name) && !values.pseudo.contains_key(name) {
            let value = values.pseudo(name).unwrap_or_default();
            let message = format!("`{name}` is taken to be {value}; `--set {name}=…` says otherwise");
            notices.push(Notice { place: template.place(""), loss: Loss::Harmless, message });
        }
    }
    for name in &template.transforms {
        if !HARMLESS_MACROS.iter().any(|known| name.starts_with(known)) {
            let message = format!("the macro `{name}` may change the template, and is not followed");
            notices.push(Notice { place: template.place("Transform"), loss: Loss::Matters, message });
        }
    }
    notices
}
