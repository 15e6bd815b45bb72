//! Whether conditions hold, and what `Fn::If` chooses.
//!
//! Knows the functions of conditions. Must never know what depends on them.

use serde_json::Value;

use super::evaluate::{Evaluator, Verdict};
use super::functions;
use crate::scenario::problem::suggest;

/// The most conditions that `Fn::And` and `Fn::Or` take.
const OPERANDS_MAX: usize = 100;

const WRONG: Verdict = Verdict { holds: false, is_known: true };

impl Evaluator<'_> {
    pub(super) fn if_then_else(&mut self, argument: &Value, path: &str) -> Value {
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

    pub(super) fn condition(&mut self, name: &str, path: &str) -> Verdict {
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
                if (left.is_none() || right.is_none())
                    && self.asked.unanswered == before
                    && !self.is_exhausted
                {
                    self.trouble(path, "`Fn::Equals` compares two values that are known beforehand", None);
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
}
