//! Roles, users and policies as they are written, and how an instance may ask its metadata service.

use super::{ACCOUNT, each, flag, names_at};
use crate::model::{Account, MetadataOptions, Policy, Scope};
use crate::scenario::fields::Fields;
use crate::scenario::problem::{Problem, Problems, quote};
use crate::scenario::yaml::{Key, Node, Spanned, Value};

/// What IAM has from the beginning.
#[derive(Debug)]
pub struct Identities {
    pub account: Account,
    pub policies: Vec<(Spanned<String>, Spanned<String>)>,
    pub roles: Vec<Role>,
    pub users: Vec<User>,
}

#[derive(Debug)]
pub struct Role {
    pub name: Spanned<String>,
    /// The document that says who may assume it.
    pub trust: String,
    pub policies: Policies,
}

#[derive(Debug)]
pub struct User {
    pub name: Spanned<String>,
    pub policies: Policies,
}

#[derive(Debug)]
pub struct Policies {
    /// Names or ARNs of managed policies.
    pub attached: Vec<Spanned<String>>,
    /// Own ones: names and documents.
    pub inline: Vec<(Spanned<String>, Spanned<String>)>,
}

/// The service that instances get their roles from.
const EC2: &str = "ec2.amazonaws.com";

pub(super) fn identities(
    fields: &mut Fields<'_>,
    scope: Scope,
    problems: &mut Problems,
) -> Option<Identities> {
    let mut fields = Fields::of(fields.optional("iam")?, "IAM", problems)?;
    let account = fields.optional("account").and_then(|node| node.parse::<Account>(problems, ACCOUNT));
    let identities = Identities {
        account: account.map_or(scope.account, |account| account.value),
        policies: documents(&mut fields, "policies", problems),
        roles: each(&mut fields, "roles", "roles by name", problems, role),
        users: each(&mut fields, "users", "users by name", problems, user),
    };
    fields.finish(problems);
    Some(identities)
}

fn name(key: &Key) -> Spanned<String> {
    Spanned { span: key.span, value: key.text.clone() }
}

fn role(key: &Key, node: &Node, problems: &mut Problems) -> Option<Role> {
    let mut fields = Fields::of(node, "a role", problems)?;
    let trusts = fields.optional("trusts");
    let trust_policy = fields.optional("trust_policy");
    let policies = policies(&mut fields, problems);
    fields.finish(problems);
    if let (Some(_), Some(node)) = (trusts, trust_policy) {
        let problem = Problem::at(node.place, "a role has `trusts` or `trust_policy`, not both");
        problems.push(problem.hint("say all of it in `trust_policy`"));
    }
    let trust = match (trust_policy, trusts) {
        (Some(node), _) => document(node, problems)?.value,
        (None, Some(node)) => trusting(node, problems)?,
        (None, None) => trusting_service(EC2),
    };
    Some(Role { name: name(key), trust, policies })
}

/// The trust policy for a service.
fn trusting(node: &Node, problems: &mut Problems) -> Option<String> {
    let service = node.text(problems)?;
    if !service.ends_with(".amazonaws.com") {
        let problem = Problem::at(node.span, format!("{} is no service of AWS", quote(service)));
        problems.push(
            problem.hint(format!("services are called such as `{EC2}`; whom else, say in `trust_policy`")),
        );
        return None;
    }
    Some(trusting_service(service))
}

fn trusting_service(service: &str) -> String {
    Policy::trusting(service).expect("any text can be the name of a service").text().to_owned()
}

fn user(key: &Key, node: &Node, problems: &mut Problems) -> Option<User> {
    let mut fields = Fields::of(node, "a user", problems)?;
    let policies = policies(&mut fields, problems);
    fields.finish(problems);
    Some(User { name: name(key), policies })
}

fn policies(fields: &mut Fields<'_>, problems: &mut Problems) -> Policies {
    Policies {
        attached: names_at(fields, "policies", problems),
        inline: documents(fields, "inline", problems),
    }
}

fn documents(
    fields: &mut Fields<'_>,
    key: &'static str,
    problems: &mut Problems,
) -> Vec<(Spanned<String>, Spanned<String>)> {
    each(fields, key, "policies by name", problems, |key, node, problems| {
        Some((name(key), document(node, problems)?))
    })
}

/// A policy, as a map or as JSON in a text.
pub(super) fn document(node: &Node, problems: &mut Problems) -> Option<Spanned<String>> {
    let text = match &node.value {
        Value::Map(_) => json(node).to_string(),
        Value::Null | Value::Scalar { .. } | Value::List(_) => {
            node.scalar(problems, "a policy: a map, or JSON as a text")?.0.to_owned()
        }
    };
    match text.parse::<Policy>() {
        Ok(_) => Some(node.spanned(text)),
        Err(error) => {
            problems.push(Problem::at(node.place, format!("this is no policy: {}", error.reason())));
            None
        }
    }
}

/// All values of policies are texts.
fn json(node: &Node) -> serde_json::Value {
    match &node.value {
        Value::Null => serde_json::Value::Null,
        Value::Scalar { text, .. } => text.as_str().into(),
        Value::List(elements) => elements.iter().map(json).collect(),
        Value::Map(members) => members.iter().map(|(key, node)| (key.text.clone(), json(node))).collect(),
    }
}

pub(super) fn metadata(fields: &mut Fields<'_>, problems: &mut Problems) -> MetadataOptions {
    let image = MetadataOptions::default();
    let node = fields.optional("metadata");
    let Some(mut fields) = node.and_then(|node| Fields::of(node, "metadata options", problems)) else {
        return image;
    };
    let words = [("optional", false), ("required", true)];
    let tokens = fields.optional("tokens").and_then(|node| node.choice(problems, "use of tokens", &words));
    let hops = fields.optional("hop_limit").and_then(|node| node.integer(problems, 1..=64_u8));
    let endpoint_enabled = flag(&mut fields, "enabled", image.endpoint_enabled, problems);
    fields.finish(problems);
    MetadataOptions {
        endpoint_enabled,
        tokens_required: tokens.map_or(image.tokens_required, |tokens| tokens.value),
        hop_limit: hops.map_or(image.hop_limit, |hops| hops.value),
    }
}
