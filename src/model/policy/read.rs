//! From JSON to a policy, or what keeps the text from being one.

use serde_json::{Map, Value};

use super::{
    Condition, Effect, MalformedPolicy, Operator, Policy, PrincipalPattern, Quantifier, Selection, Statement,
};

type Result<T> = std::result::Result<T, MalformedPolicy>;

const VERSIONS: [&str; 2] = ["2008-10-17", "2012-10-17"];

fn syntax(what: impl Into<String>) -> MalformedPolicy {
    MalformedPolicy::Syntax { what: what.into() }
}

pub(super) fn policy(text: &str) -> Result<Policy> {
    // The parser limits how deep values may nest, so no text can exhaust the stack.
    let value: Value = serde_json::from_str(text).map_err(|_| MalformedPolicy::NotJson)?;
    let members = object(&value, "a policy", &["Version", "Id", "Statement"])?;
    let version = members.get("Version").map_or(Ok("2008-10-17"), |version| string(version, "Version"))?;
    if !VERSIONS.contains(&version) {
        return Err(syntax(format!("there is no version `{version}`: write `2012-10-17`")));
    }
    if let Some(id) = members.get("Id") {
        string(id, "Id")?;
    }
    let statements = match members.get("Statement") {
        Some(Value::Array(statements)) if !statements.is_empty() => {
            statements.iter().map(statement).collect::<Result<_>>()?
        }
        Some(one @ Value::Object(_)) => vec![statement(one)?],
        Some(_) => return Err(syntax("`Statement` wants a statement, or a list of them")),
        None => return Err(syntax("a policy needs a `Statement`")),
    };
    Ok(Policy { text: text.to_owned(), has_variables: version == "2012-10-17", statements })
}

fn object<'v>(value: &'v Value, what: &str, known: &[&str]) -> Result<&'v Map<String, Value>> {
    let Value::Object(members) = value else { return Err(syntax(format!("{what} is a JSON object"))) };
    match members.keys().find(|key| !known.contains(&key.as_str())) {
        Some(key) => Err(syntax(format!("{what} has no element `{key}`"))),
        None => Ok(members),
    }
}

fn string<'v>(value: &'v Value, element: &str) -> Result<&'v str> {
    value.as_str().ok_or_else(|| syntax(format!("`{element}` wants a text")))
}

/// A text, or a list of texts with one at least.
fn strings(value: &Value, element: &str) -> Result<Vec<String>> {
    match value {
        Value::String(text) => Ok(vec![text.clone()]),
        Value::Array(texts) if !texts.is_empty() => {
            texts.iter().map(|text| string(text, element).map(str::to_owned)).collect()
        }
        Value::Array(_) | Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => {
            Err(syntax(format!("`{element}` wants a text, or a list of texts")))
        }
    }
}

fn statement(value: &Value) -> Result<Statement> {
    let members = object(
        value,
        "a statement",
        &[
            "Sid",
            "Effect",
            "Principal",
            "NotPrincipal",
            "Action",
            "NotAction",
            "Resource",
            "NotResource",
            "Condition",
        ],
    )?;
    if let Some(sid) = members.get("Sid") {
        string(sid, "Sid")?;
    }
    let effect = match members.get("Effect").map(|effect| string(effect, "Effect")).transpose()? {
        Some("Allow") => Effect::Allow,
        Some("Deny") => Effect::Deny,
        Some(_) => return Err(syntax("`Effect` wants `Allow` or `Deny`")),
        None => return Err(syntax("a statement needs an `Effect`")),
    };
    let actions = selection(members, ["Action", "NotAction"], actions)?;
    Ok(Statement {
        effect,
        principals: selection(members, ["Principal", "NotPrincipal"], principals)?,
        actions: actions.ok_or_else(|| syntax("a statement needs an `Action` or a `NotAction`"))?,
        resources: selection(members, ["Resource", "NotResource"], resources)?,
        conditions: match members.get("Condition") {
            Some(value) => conditions(value)?,
            None => Vec::new(),
        },
    })
}

/// An element or its opposite, not both.
fn selection<T>(
    members: &Map<String, Value>,
    [only, all_but]: [&str; 2],
    read: impl Fn(&Value, &str) -> Result<Vec<T>>,
) -> Result<Option<Selection<T>>> {
    match (members.get(only), members.get(all_but)) {
        (Some(_), Some(_)) => Err(syntax(format!("a statement has `{only}` or `{all_but}`, not both"))),
        (Some(value), None) => read(value, only).map(Selection::Only).map(Some),
        (None, Some(value)) => read(value, all_but).map(Selection::AllBut).map(Some),
        (None, None) => Ok(None),
    }
}

fn actions(value: &Value, element: &str) -> Result<Vec<String>> {
    let actions = strings(value, element)?;
    let is_action = |action: &&String| {
        let has_vendor = action.split_once(':').is_some_and(|(vendor, name)| {
            let is_word = |c: char| c.is_ascii_alphanumeric() || "-*?".contains(c);
            !vendor.is_empty() && vendor.chars().all(is_word) && !name.is_empty()
        });
        *action == "*" || has_vendor
    };
    match actions.iter().find(|action| !is_action(action)) {
        Some(action) => Err(MalformedPolicy::Action { action: action.clone() }),
        None => Ok(actions),
    }
}

fn resources(value: &Value, element: &str) -> Result<Vec<String>> {
    let resources = strings(value, element)?;
    let is_resource = |text: &&String| *text == "*" || text.starts_with("arn:");
    match resources.iter().find(|resource| !is_resource(resource)) {
        Some(resource) => Err(MalformedPolicy::Resource { resource: resource.clone() }),
        None => Ok(resources),
    }
}

fn principals(value: &Value, element: &str) -> Result<Vec<PrincipalPattern>> {
    if value == "*" {
        return Ok(vec![PrincipalPattern::Everybody]);
    }
    let kinds = object(value, "a principal", &["AWS", "CanonicalUser", "Federated", "Service"])
        .map_err(|_| syntax(format!("`{element}` wants `*`, or `AWS` or `Service` with names")))?;
    if kinds.is_empty() {
        return Err(syntax(format!("`{element}` names nobody")));
    }
    let mut found = Vec::new();
    for (kind, names) in kinds {
        found.extend(strings(names, kind)?.into_iter().map(|name| match (kind.as_str(), name.as_str()) {
            ("AWS", "*") => PrincipalPattern::Everybody,
            ("AWS", _) => PrincipalPattern::Aws(name),
            ("Service", _) => PrincipalPattern::Service(name),
            _ => PrincipalPattern::Other(name),
        }));
    }
    Ok(found)
}

fn conditions(value: &Value) -> Result<Vec<Condition>> {
    let Value::Object(operators) = value else {
        return Err(syntax("`Condition` wants operators with keys and values"));
    };
    let mut found = Vec::new();
    for (name, keys) in operators {
        let (operator, negated, if_exists, quantifier) =
            operator(name).ok_or_else(|| syntax(format!("there is no condition operator `{name}`")))?;
        let Value::Object(keys) = keys else {
            return Err(syntax(format!("`{name}` wants keys with values")));
        };
        for (key, values) in keys {
            let values = match values.as_array() {
                Some(values) => values.iter().map(|value| scalar(value, key)).collect::<Result<_>>()?,
                None => vec![scalar(values, key)?],
            };
            let key = key.clone();
            found.push(Condition { operator, negated, if_exists, quantifier, key, values });
        }
    }
    Ok(found)
}

fn scalar(value: &Value, key: &str) -> Result<String> {
    match value {
        Value::String(text) => Ok(text.clone()),
        Value::Bool(flag) => Ok(flag.to_string()),
        Value::Number(number) => Ok(number.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => {
            Err(syntax(format!("`{key}` wants a value, or a list of values")))
        }
    }
}

/// The operator, whether it is negated, whether it ends with `IfExists`, and what it begins with.
fn operator(name: &str) -> Option<(Operator, bool, bool, Option<Quantifier>)> {
    let (quantifier, name) = match name.split_once(':') {
        Some(("ForAllValues", name)) => (Some(Quantifier::All), name),
        Some(("ForAnyValue", name)) => (Some(Quantifier::Any), name),
        Some(_) => return None,
        None => (None, name),
    };
    let (if_exists, name) = match name.strip_suffix("IfExists") {
        Some(name) => (true, name),
        None => (false, name),
    };
    let (operator, negated) = match name {
        "ArnEquals" | "ArnLike" => (Operator::Arn, false),
        "ArnNotEquals" | "ArnNotLike" => (Operator::Arn, true),
        "Bool" => (Operator::Bool, false),
        "IpAddress" => (Operator::IpAddress, false),
        "NotIpAddress" => (Operator::IpAddress, true),
        "Null" if !if_exists => (Operator::Null, false),
        "StringEquals" => (Operator::StringEquals, false),
        "StringNotEquals" => (Operator::StringEquals, true),
        "StringEqualsIgnoreCase" => (Operator::StringEqualsIgnoreCase, false),
        "StringNotEqualsIgnoreCase" => (Operator::StringEqualsIgnoreCase, true),
        "StringLike" => (Operator::StringLike, false),
        "StringNotLike" => (Operator::StringLike, true),
        "BinaryEquals"
        | "DateEquals"
        | "DateGreaterThan"
        | "DateGreaterThanEquals"
        | "DateLessThan"
        | "DateLessThanEquals"
        | "NumericEquals"
        | "NumericGreaterThan"
        | "NumericGreaterThanEquals"
        | "NumericLessThan"
        | "NumericLessThanEquals" => (Operator::Uncomparable, false),
        "DateNotEquals" | "NumericNotEquals" => (Operator::Uncomparable, true),
        _ => return None,
    };
    Some((operator, negated, if_exists, quantifier))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reason(text: &str) -> String {
        match text.parse::<Policy>() {
            Ok(_) => "fine".to_owned(),
            Err(error) => error.reason(),
        }
    }

    #[test]
    fn documents_that_are_no_policies_say_why() {
        let rows = [
            ("", "it is not JSON"),
            ("[]", "a policy is a JSON object"),
            ("{}", "a policy needs a `Statement`"),
            (r#"{"Statement":[]}"#, "`Statement` wants a statement, or a list of them"),
            (r#"{"Statement":{},"Effect":1}"#, "a policy has no element `Effect`"),
            (
                r#"{"Version":"2012-10-18","Statement":{}}"#,
                "there is no version `2012-10-18`: write `2012-10-17`",
            ),
            (r#"{"Statement":{}}"#, "a statement needs an `Effect`"),
            (r#"{"Statement":{"Effect":"allow"}}"#, "`Effect` wants `Allow` or `Deny`"),
            (r#"{"Statement":{"Effect":"Allow"}}"#, "a statement needs an `Action` or a `NotAction`"),
            (
                r#"{"Statement":{"Effect":"Allow","Action":"*","NotAction":"*"}}"#,
                "a statement has `Action` or `NotAction`, not both",
            ),
            (r#"{"Statement":{"Effect":"Allow","Action":[]}}"#, "`Action` wants a text, or a list of texts"),
            (
                r#"{"Statement":{"Effect":"Allow","Action":"GetObject"}}"#,
                "the action `GetObject` has no service in front, as in `s3:GetObject`",
            ),
            (
                r#"{"Statement":{"Effect":"Allow","Action":"*","Resource":"bucket"}}"#,
                "the resource `bucket` is neither an ARN nor `*`",
            ),
            (
                r#"{"Statement":{"Effect":"Allow","Action":"*","Principal":"me"}}"#,
                "`Principal` wants `*`, or `AWS` or `Service` with names",
            ),
            (
                r#"{"Statement":{"Effect":"Allow","Action":"*","Condition":{"StringIs":{"a":"b"}}}}"#,
                "there is no condition operator `StringIs`",
            ),
            (
                r#"{"Statement":{"Effect":"Allow","Action":"*","Condition":{"NullIfExists":{"a":"b"}}}}"#,
                "there is no condition operator `NullIfExists`",
            ),
            (
                r#"{"Statement":{"Effect":"Allow","Action":"*","Condition":{"Bool":{"a":{}}}}}"#,
                "`a` wants a value, or a list of values",
            ),
            (r#"{"Statement":{"Effect":"Allow","Action":"s3:*","Resource":["*"]}}"#, "fine"),
        ];
        for (text, expected) in rows {
            assert_eq!(reason(text), expected, "{text}");
        }
    }

    #[test]
    fn the_messages_are_those_of_iam() {
        let message = |text: &str| text.parse::<Policy>().expect_err("no policy").to_string();
        assert_eq!(message("{"), "This policy contains invalid Json");
        assert_eq!(message("{}"), "Syntax errors in policy.");
        assert_eq!(
            message(r#"{"Statement":{"Effect":"Allow","Action":"*","Resource":"my-bucket"}}"#),
            "Resource my-bucket must be in ARN format or \"*\"."
        );
    }

    #[test]
    fn operators_are_taken_apart() {
        assert_eq!(
            operator("ForAnyValue:StringNotLikeIfExists"),
            Some((Operator::StringLike, true, true, Some(Quantifier::Any)))
        );
        assert_eq!(operator("ArnEquals"), Some((Operator::Arn, false, false, None)));
        assert_eq!(operator("ForSome:Bool"), None);
    }
}
