//! The values of a template's parameters, and of what its surroundings give it.
//!
//! Knows how parameters are declared and what `--set` may name. Must never know a function or a resource.

use std::collections::BTreeMap;

use serde_json::Value;

use super::pattern;
use super::template::Template;
use crate::import::Trouble;
use crate::scenario::problem::suggest;

/// What `--set` calls an export of another stack.
pub const IMPORT_PREFIX: &str = "ImportValue:";

/// The region of a template that asks for one, if nobody says it.
pub const REGION: &str = "us-east-1";

/// The account of a template that asks for one, if nobody says it.
pub const ACCOUNT: &str = "123456789012";

/// How many allowed values a hint lists.
const LISTED_MAX: usize = 12;

const PSEUDO: [&str; 6] =
    ["AWS::AccountId", "AWS::Partition", "AWS::Region", "AWS::StackId", "AWS::StackName", "AWS::URLSuffix"];

/// What a parameter is worth.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Worth {
    /// A value: a text, or a list of texts.
    Given(Value),
    /// There is none.
    Missing,
    /// It is in the parameter store, which is not here.
    Stored,
}

/// All values that a template can ask for by name.
#[derive(Debug)]
pub struct Values {
    /// Parameters by name.
    pub parameters: BTreeMap<String, Worth>,
    /// What was said of the surroundings, by the name of the pseudo parameter.
    pub pseudo: BTreeMap<String, String>,
    /// What was said of exports, by their names.
    pub exports: BTreeMap<String, String>,
}

impl Values {
    /// The values of a template's parameters; all that is wrong with what was given is said at once.
    pub fn of(template: &Template, given: &BTreeMap<String, String>) -> Result<Self, Vec<Trouble>> {
        let (mut pseudo, mut exports) = (BTreeMap::new(), BTreeMap::new());
        let mut troubles = Vec::new();
        for (name, value) in given {
            if let Some(export) = name.strip_prefix(IMPORT_PREFIX) {
                exports.insert(export.to_owned(), value.clone());
            } else if PSEUDO.contains(&name.as_str()) {
                pseudo.insert(name.clone(), value.clone());
            } else if !template.parameters.contains_key(name) {
                troubles.push(unknown(template, name));
            }
        }
        let mut parameters = BTreeMap::new();
        for (name, declared) in &template.parameters {
            let said = given.get(name);
            let worth = worth(declared, said.map(String::as_str));
            if let (Worth::Given(value), true) = (&worth, said.is_some()) {
                let path = format!("Parameters.{name}");
                let complaint = complaint(declared, value);
                let trouble = |(message, hint)| Trouble { place: template.place(path), message, hint };
                troubles.extend(complaint.map(trouble));
            }
            parameters.insert(name.clone(), worth);
        }
        let stack = template.file.rsplit(['/', '\\']).next().and_then(|name| name.split('.').next());
        let stack = stack.filter(|name| !name.is_empty()).unwrap_or("stack");
        pseudo.entry("AWS::StackName".to_owned()).or_insert_with(|| stack.to_owned());
        if troubles.is_empty() { Ok(Self { parameters, pseudo, exports }) } else { Err(troubles) }
    }

    /// The region, as far as it was said.
    pub fn region(&self) -> Option<&str> {
        self.pseudo.get("AWS::Region").map(String::as_str)
    }

    /// A pseudo parameter that is a text.
    pub fn pseudo(&self, name: &str) -> Option<String> {
        if let Some(value) = self.pseudo.get(name) {
            return Some(value.clone());
        }
        let region = self.region().unwrap_or(REGION);
        let account = self.pseudo.get("AWS::AccountId").map_or(ACCOUNT, String::as_str);
        let partition = match region {
            china if china.starts_with("cn-") => "aws-cn",
            gov if gov.starts_with("us-gov-") => "aws-us-gov",
            _ => "aws",
        };
        let suffix = if partition == "aws-cn" { "amazonaws.com.cn" } else { "amazonaws.com" };
        let stack = self.pseudo.get("AWS::StackName").map_or("stack", String::as_str);
        match name {
            "AWS::AccountId" => Some(account.to_owned()),
            "AWS::Partition" => Some(partition.to_owned()),
            "AWS::Region" => Some(region.to_owned()),
            "AWS::StackId" => Some(format!(
                "arn:{partition}:cloudformation:{region}:{account}:stack/{stack}/00000000-0000-0000-0000-000000000000"
            )),
            "AWS::StackName" => Some(stack.to_owned()),
            "AWS::URLSuffix" => Some(suffix.to_owned()),
            _ => None,
        }
    }
}

/// A value that a template holds or that was given, as a text.
pub fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

fn unknown(template: &Template, name: &str) -> Trouble {
    let known = || template.parameters.keys().map(String::as_str);
    let listed = known().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    let hint = match (suggest(name, known()), listed.as_str()) {
        (Some(near), _) => format!("did you mean `{near}`? Parameters: {listed}"),
        (None, "") => "the template has no parameters".to_owned(),
        (None, listed) => format!("parameters: {listed}"),
    };
    let message = format!("the template has no parameter `{name}`");
    Trouble { place: template.place("Parameters"), message, hint: Some(hint) }
}

fn worth(declared: &Value, given: Option<&str>) -> Worth {
    let kind = declared.get("Type").and_then(Value::as_str).unwrap_or("String");
    let is_stored = kind.starts_with("AWS::SSM::Parameter::Value<");
    let default = declared.get("Default").and_then(text_of).filter(|_| !is_stored);
    let is_list =
        kind == "CommaDelimitedList" || kind.contains("List<") || kind.contains("<CommaDelimitedList");
    match given.map(str::to_owned).or(default) {
        Some(text) if is_list => {
            let items = text.split(',').map(|item| Value::from(item.trim())).filter(|item| item != "");
            Worth::Given(items.collect())
        }
        Some(text) => Worth::Given(Value::from(text)),
        None if is_stored => Worth::Stored,
        None => Worth::Missing,
    }
}

/// What is wrong with a value that was given, and what to do.
fn complaint(declared: &Value, value: &Value) -> Option<(String, Option<String>)> {
    let items: Vec<String> = match value.as_array() {
        Some(items) => items.iter().filter_map(text_of).collect(),
        None => text_of(value).into_iter().collect(),
    };
    items.iter().find_map(|item| complaint_of_item(declared, item))
}

fn complaint_of_item(declared: &Value, item: &str) -> Option<(String, Option<String>)> {
    let list = declared.get("AllowedValues").and_then(Value::as_array);
    if let Some(allowed) = list.map(|list| list.iter().filter_map(text_of).collect::<Vec<_>>())
        && !allowed.iter().any(|one| one == item)
    {
        let listed = allowed.iter().take(LISTED_MAX).map(|one| format!("`{one}`"));
        let more = if allowed.len() > LISTED_MAX { ", …" } else { "" };
        let listed = listed.collect::<Vec<_>>().join(", ") + more;
        return Some((
            format!("`{item}` is not among the allowed values"),
            Some(format!("allowed: {listed}")),
        ));
    }
    if let Some(allowed) = declared.get("AllowedPattern").and_then(Value::as_str)
        && pattern::matches(allowed, item) == Some(false)
    {
        let hint = declared.get("ConstraintDescription").and_then(Value::as_str).map(str::to_owned);
        return Some((format!("`{item}` does not match the allowed pattern `{allowed}`"), hint));
    }
    let kind = declared.get("Type").and_then(Value::as_str).unwrap_or("String");
    let is_number = |text: &str| {
        let digits = text.strip_prefix('-').unwrap_or(text);
        digits.bytes().any(|b| b.is_ascii_digit()) && digits.bytes().all(|b| b.is_ascii_digit() || b == b'.')
    };
    let is_numeric = matches!(kind, "Number" | "List<Number>");
    if is_numeric && !is_number(item) {
        return Some((format!("`{item}` is not a number"), None));
    }
    let bound = |key: &str| declared.get(key).and_then(text_of).and_then(|text| text.parse::<i64>().ok());
    let measured = if is_numeric { item.parse().ok() } else { i64::try_from(item.chars().count()).ok() };
    let (least, most) = if is_numeric { ("MinValue", "MaxValue") } else { ("MinLength", "MaxLength") };
    let measured: i64 = measured?;
    if bound(least).is_some_and(|least| measured < least) || bound(most).is_some_and(|most| measured > most) {
        return Some((format!("`{item}` is beyond `{least}` or `{most}`"), None));
    }
    None
}
