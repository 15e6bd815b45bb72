//! Managed and inline policies.

use super::{ApiError, Holder, Iam, Result, check_name, exists, no_such};
use crate::model::{MalformedPolicy, ManagedPolicy, Policy, Selection, Statement};

/// How much each may be, white space not counted (aws: iam-quotas).
const MANAGED_CHARS_MAX: usize = 6_144;
const ROLE_CHARS_MAX: usize = 10_240;
const USER_CHARS_MAX: usize = 2_048;
const TRUST_CHARS_MAX: usize = 2_048;
const ATTACHED_MAX: usize = 10;

impl Iam<'_> {
    /// Makes a policy that can be attached.
    pub fn create_policy(&mut self, name: &str, document: &str) -> Result<String> {
        check_name(name, 128)?;
        let arn = format!("arn:aws:iam::{}:policy/{name}", self.account);
        if self.model.managed_policies.contains_key(&arn) {
            let message = format!("A policy called {name} already exists. Duplicate names are not allowed.");
            return Err(exists(message));
        }
        let document = identity_policy(document)?;
        if chars(&document) > MANAGED_CHARS_MAX {
            return Err(over_quota("PolicySize", MANAGED_CHARS_MAX));
        }
        let policy = ManagedPolicy { arn: arn.clone(), name: name.to_owned(), document };
        self.model.managed_policies.insert(arn.clone(), policy);
        Ok(arn)
    }

    /// Attaches a managed policy; it does not matter whether it is attached already.
    pub fn attach_policy(&mut self, holder: Holder<'_>, arn: &str) -> Result<()> {
        let attached = &self.policies_of(holder)?.attached;
        let is_own = !arn.starts_with("arn:aws:iam::aws:");
        let of_account = format!("arn:aws:iam::{}:", self.account);
        if self.model.managed_policy(arn).is_none() || (is_own && !arn.starts_with(&of_account)) {
            return Err(no_such(format!("Policy {arn} does not exist or is not attachable.")));
        }
        if attached.iter().any(|attached| attached == arn) {
            return Ok(());
        }
        if attached.len() >= ATTACHED_MAX {
            let what = match holder {
                Holder::Role(_) => "PoliciesPerRole",
                Holder::User(_) => "PoliciesPerUser",
            };
            return Err(over_quota(what, ATTACHED_MAX));
        }
        self.policies_mut(holder)?.attached.push(arn.to_owned());
        Ok(())
    }

    /// Takes a managed policy away again.
    pub fn detach_policy(&mut self, holder: Holder<'_>, arn: &str) -> Result<()> {
        let attached = &mut self.policies_mut(holder)?.attached;
        let before = attached.len();
        attached.retain(|attached| attached != arn);
        if attached.len() < before { Ok(()) } else { Err(no_such(format!("Policy {arn} was not found."))) }
    }

    /// Gives somebody a policy of their own, in place of the one of that name.
    pub fn put_policy(&mut self, holder: Holder<'_>, name: &str, document: &str) -> Result<()> {
        check_name(name, 128)?;
        self.policies_of(holder)?;
        let document = identity_policy(document)?;
        let (owner, chars_max) = match holder {
            Holder::Role(name) => (format!("role {name}"), ROLE_CHARS_MAX),
            Holder::User(name) => (format!("user {name}"), USER_CHARS_MAX),
        };
        let inline = &mut self.policies_mut(holder)?.inline;
        let others = inline.iter().filter(|(other, _)| other != name);
        let all: usize = others.map(|(_, policy)| chars(policy)).sum::<usize>() + chars(&document);
        if all > chars_max {
            let message = format!("Maximum policy size of {chars_max} bytes exceeded for {owner}");
            return Err(ApiError::new("LimitExceeded", message));
        }
        match inline.iter_mut().find(|(other, _)| other == name) {
            Some((_, policy)) => *policy = document,
            None => inline.push((name.to_owned(), document)),
        }
        Ok(())
    }

    /// Takes a policy of somebody's own away again.
    pub fn delete_inline_policy(&mut self, holder: Holder<'_>, name: &str) -> Result<()> {
        let inline = &mut self.policies_mut(holder)?.inline;
        let before = inline.len();
        inline.retain(|(other, _)| other != name);
        if inline.len() < before {
            return Ok(());
        }
        let kind = match holder {
            Holder::Role(_) => "role",
            Holder::User(_) => "user",
        };
        Err(no_such(format!("The {kind} policy with name {name} cannot be found.")))
    }
}

/// Characters without white space.
fn chars(policy: &Policy) -> usize {
    policy.text().chars().filter(|c| !c.is_whitespace()).count()
}

pub(super) fn over_quota(what: &str, max: usize) -> ApiError {
    ApiError::new("LimitExceeded", format!("Cannot exceed quota for {what}: {max}"))
}

fn malformed(message: impl Into<String>) -> ApiError {
    ApiError::new("MalformedPolicyDocument", message)
}

fn read(document: &str) -> Result<Policy> {
    document.parse().map_err(|error: MalformedPolicy| malformed(error.to_string()))
}

/// The policy of a role or user: it is about whoever has it, so it names nobody
/// (aws: policy-identity-elements).
fn identity_policy(document: &str) -> Result<Policy> {
    let policy = read(document)?;
    if policy.statements.iter().any(|statement| statement.principals.is_some()) {
        return Err(malformed("Policy document should not specify a principal."));
    }
    if policy.statements.iter().any(|statement| statement.resources.is_none()) {
        return Err(malformed("Policy statement must contain resources."));
    }
    Ok(policy)
}

/// The policy that says who may assume a role: it names somebody, and is about assuming that role
/// (aws: policy-trust-elements).
pub(super) fn trust_policy(document: &str) -> Result<Policy> {
    let policy = read(document)?;
    if policy.statements.iter().any(|statement| statement.resources.is_some()) {
        return Err(malformed("Has prohibited field Resource"));
    }
    if !policy.names_principals() {
        return Err(malformed(""));
    }
    let is_of_sts =
        |action: &String| action.get(..4).is_some_and(|vendor| vendor.eq_ignore_ascii_case("sts:"));
    let names_others = |statement: &Statement| match &statement.actions {
        Selection::AllBut(_) => true,
        Selection::Only(actions) => !actions.iter().all(is_of_sts),
    };
    if policy.statements.iter().any(names_others) {
        return Err(malformed("AssumeRole policy may only specify STS AssumeRole actions."));
    }
    if chars(&policy) > TRUST_CHARS_MAX {
        return Err(over_quota("ACLSizePerRole", TRUST_CHARS_MAX));
    }
    Ok(policy)
}
