//! What is to be in the document that a command answers with: a part of it, in its own layout.

use serde_json::Value as Json;

use super::aws::AwsCommand;
use super::problem::{Problem, Problems};
use super::resolve::is_called;
use super::yaml::{Node, Value};
use crate::model::Model;

/// A part of a document.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Pattern {
    /// The member is not there.
    Absent,
    /// A list in which every one of these is matched by some element; an empty one is exactly that.
    List(Vec<Pattern>),
    /// An object with these members, and maybe others.
    Map(Vec<(String, Pattern)>),
    /// A text, a number, `true` or `false`; a name may stand for an id.
    Text(String),
}

/// Reads what is expected of the document of a command; one that has none is a mistake.
pub fn read(node: &Node, command: &AwsCommand, problems: &mut Problems) -> Option<Pattern> {
    let Some(member) = command.describes() else {
        let message = format!("`{}` answers with no document", command.command());
        let hint = "describe what it has changed in a step of its own, and expect `output` there";
        problems.push(Problem::at(node.place, message).hint(hint));
        return None;
    };
    for (key, _) in node.entries(problems, "a document")? {
        if key.text != member {
            problems.push(Problem::unknown(key.span, "member", &key.text, [member]));
            return None;
        }
    }
    Some(pattern(node))
}

fn pattern(node: &Node) -> Pattern {
    match &node.value {
        Value::Null => Pattern::Absent,
        Value::Scalar { text, .. } => Pattern::Text(text.clone()),
        Value::List(elements) => Pattern::List(elements.iter().map(pattern).collect()),
        Value::Map(members) => {
            Pattern::Map(members.iter().map(|(key, node)| (key.text.clone(), pattern(node))).collect())
        }
    }
}

impl Pattern {
    /// Where a document differs: its path, what was expected there and what came. Of a list whose
    /// elements all differ, that is the one that differs least.
    pub fn differences(&self, document: &Json, model: &Model) -> Vec<String> {
        let mut found = Vec::new();
        self.compare("", document, model, &mut found);
        found
    }

    fn compare(&self, path: &str, came: &Json, model: &Model, found: &mut Vec<String>) {
        match (self, came) {
            (Self::Absent, Json::Null) => {}
            (Self::Map(members), Json::Object(_)) => {
                for (key, member) in members {
                    let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                    member.compare(&path, came.get(key).unwrap_or(&Json::Null), model, found);
                }
            }
            (Self::List(elements), Json::Array(there)) => {
                if elements.is_empty() && !there.is_empty() {
                    found.push(format!("{path}: [], came {came}"));
                }
                for element in elements {
                    found.extend(element.nearest(path, there, model));
                }
            }
            (Self::Text(wanted), Json::Bool(_) | Json::Number(_) | Json::String(_)) => {
                let text = as_text(came);
                if text != *wanted && !is_called(model, &text, wanted) {
                    found.push(format!("{path}: {wanted}, came {text}"));
                }
            }
            (wanted, Json::Null) => found.push(format!("{path}: {}, came none", wanted.in_words())),
            (wanted, came) => found.push(format!("{path}: {}, came {came}", wanted.in_words())),
        }
    }

    /// The differences of the element of a list that differs least; none if one matches.
    fn nearest(&self, path: &str, there: &[Json], model: &Model) -> Vec<String> {
        let differences = there.iter().enumerate().map(|(at, came)| {
            let mut found = Vec::new();
            self.compare(&format!("{path}[{at}]"), came, model, &mut found);
            found
        });
        let nearest = differences.min_by_key(Vec::len);
        nearest.unwrap_or_else(|| vec![format!("{path} with {}, came []", self.in_words())])
    }

    fn in_words(&self) -> String {
        match self {
            Self::Absent => "none".to_owned(),
            Self::List(elements) => {
                let elements: Vec<String> = elements.iter().map(Self::in_words).collect();
                format!("[{}]", elements.join(", "))
            }
            Self::Map(members) => {
                let members: Vec<String> =
                    members.iter().map(|(key, member)| format!("{key}: {}", member.in_words())).collect();
                format!("{{ {} }}", members.join(", "))
            }
            Self::Text(text) => text.clone(),
        }
    }
}

fn as_text(value: &Json) -> String {
    match value {
        Json::String(text) => text.clone(),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::Array(_) | Json::Object(_) => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn differences(yaml: &str, document: &str) -> Vec<String> {
        let mut problems = Problems::default();
        let node = super::super::yaml::parse(yaml, &mut problems).expect("YAML");
        pattern(&node).differences(&serde_json::from_str(document).expect("JSON"), &Model::default())
    }

    #[test]
    fn a_part_is_enough() {
        let document =
            r#"{ "Routes": [{ "State": "active", "Number": 7 }, { "State": "blackhole", "On": true }] }"#;
        for matching in [
            "Routes: [{ State: blackhole }]",
            "Routes: [{ On: true, State: blackhole }, { Number: 7 }]",
            "Routes: [{ State: active, On: ~ }]",
            "{}",
        ] {
            assert_eq!(differences(matching, document), [] as [String; 0], "{matching}");
        }
    }

    #[test]
    fn a_difference_says_where_it_is() {
        let check = |yaml, document, expected: &[&str]| assert_eq!(differences(yaml, document), expected);
        let document =
            r#"{ "Tags": [], "Routes": [{ "State": "active", "Id": "a" }, { "State": "active" }] }"#;
        check(
            "Routes: [{ Id: a, State: blackhole }]",
            document,
            &["Routes[0].State: blackhole, came active"],
        );
        check("Tags: [{ Key: Name }]", document, &["Tags with { Key: Name }, came []"]);
        check("Tags: ~", document, &["Tags: none, came []"]);
        check("Other: 1", document, &["Other: 1, came none"]);
        check("Routes: []", r#"{ "Routes": [1] }"#, &["Routes: [], came [1]"]);
        check("Routes: 1", r#"{ "Routes": [1] }"#, &["Routes: 1, came [1]"]);
    }
}
