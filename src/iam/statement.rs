//! What the statements of a policy say of a request.

use super::condition::holds;
use super::context::{Caller, Context};
use super::pattern::Pattern;
use crate::model::{Account, Effect, Policy, PrincipalPattern, Selection, Statement};

/// What a policy says. The order is that of weight: of several policies the greatest verdict counts.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Verdict {
    /// Nothing, which allows nothing.
    Silent,
    /// It allows the caller's account, whose own policies say the rest.
    AllowsAccount,
    /// It allows, naming the caller, everybody, or nobody as policies of identities do.
    AllowsCaller,
    /// It denies.
    Denies,
}

impl Verdict {
    pub fn allows(self) -> bool {
        match self {
            Self::AllowsAccount | Self::AllowsCaller => true,
            Self::Denies | Self::Silent => false,
        }
    }
}

/// What a policy says of a request.
pub fn verdict(policy: &Policy, context: &Context) -> Verdict {
    let said = policy.statements.iter().map(|statement| said(statement, policy.has_variables, context));
    said.max().unwrap_or(Verdict::Silent)
}

fn said(statement: &Statement, has_variables: bool, context: &Context) -> Verdict {
    let named = match &statement.principals {
        None => Named::Directly,
        Some(Selection::Only(patterns)) => {
            patterns.iter().map(|pattern| names(pattern, &context.caller)).max().unwrap_or(Named::Not)
        }
        Some(Selection::AllBut(patterns)) => {
            let is_named = |pattern| names(pattern, &context.caller) != Named::Not;
            if patterns.iter().any(is_named) { Named::Not } else { Named::Directly }
        }
    };
    // aws: iam-wildcards
    let is_action = |pattern: &String| Pattern::plain(pattern).matches_ignoring_case(&context.action);
    let is_resource = |pattern: &String| {
        let pattern = match has_variables {
            true => Pattern::with_variables(pattern, context),
            false => Some(Pattern::plain(pattern)),
        };
        pattern.is_some_and(|pattern| pattern.matches(&context.resource))
    };
    let applies = named != Named::Not
        && selects(&statement.actions, is_action)
        && statement.resources.as_ref().is_none_or(|resources| selects(resources, is_resource))
        && statement.conditions.iter().all(|condition| holds(condition, has_variables, context));
    match (applies, statement.effect, named) {
        (false, _, _) => Verdict::Silent,
        (true, Effect::Deny, _) => Verdict::Denies,
        (true, Effect::Allow, Named::ByAccount) => Verdict::AllowsAccount,
        (true, Effect::Allow, Named::Directly | Named::Not) => Verdict::AllowsCaller,
    }
}

fn selects<T>(selection: &Selection<T>, is_meant: impl Fn(&T) -> bool) -> bool {
    match selection {
        Selection::AllBut(elements) => !elements.iter().any(is_meant),
        Selection::Only(elements) => elements.iter().any(is_meant),
    }
}

/// How a statement names somebody, the more directly the greater.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Named {
    Not,
    ByAccount,
    Directly,
}

fn names(pattern: &PrincipalPattern, caller: &Caller) -> Named {
    let is_named = match (pattern, caller) {
        (PrincipalPattern::Everybody, _) => true,
        (PrincipalPattern::Service(service), Caller::Service(caller)) => service == caller,
        (PrincipalPattern::Aws(name), Caller::Somebody { account, arns }) => {
            if account_of(name) == Some(*account) {
                return Named::ByAccount;
            }
            arns.contains(name)
        }
        (PrincipalPattern::Aws(_), Caller::Anonymous | Caller::Service(_))
        | (PrincipalPattern::Service(_), Caller::Anonymous | Caller::Somebody { .. })
        | (PrincipalPattern::Other(_), _) => false,
    };
    if is_named { Named::Directly } else { Named::Not }
}

/// The account that is meant as a whole: by its number, or by the ARN of its root.
fn account_of(name: &str) -> Option<Account> {
    let number = name.strip_prefix("arn:aws:iam::").and_then(|rest| rest.strip_suffix(":root"));
    number.unwrap_or(name).parse().ok()
}
