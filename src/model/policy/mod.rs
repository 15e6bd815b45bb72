//! Policies of IAM as they are written: statements, whom and what they are about, and conditions.
//!
//! Knows the grammar, and keeps the text. What a policy lets anybody do is decided in `iam/`.

mod read;

use std::fmt;
use std::str::FromStr;

/// A policy document that can be read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Policy {
    text: String,
    /// Whether `${…}` stands for something: not in the old version of the language.
    pub has_variables: bool,
    /// What it states.
    pub statements: Vec<Statement>,
}

/// One statement.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Statement {
    /// Whether it allows or denies.
    pub effect: Effect,
    /// Whom it is about; policies of roles and users do not say.
    pub principals: Option<Selection<PrincipalPattern>>,
    /// The actions.
    pub actions: Selection<String>,
    /// The resources; trust policies do not say.
    pub resources: Option<Selection<String>>,
    /// What must hold as well, all of it.
    pub conditions: Vec<Condition>,
}

/// What a statement that applies does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Effect {
    /// It lets somebody do something.
    Allow,
    /// It forbids, whatever others allow.
    Deny,
}

/// Some of all there are.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Selection<T> {
    /// All but these: `NotAction` and the like.
    AllBut(Vec<T>),
    /// These.
    Only(Vec<T>),
}

/// Whom a statement names.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum PrincipalPattern {
    /// `"AWS"`: an ARN, or an account by its number.
    Aws(String),
    /// `*`: anybody, known or not.
    Everybody,
    /// Somebody who cannot come here: federated, or known by a canonical id.
    Other(String),
    /// `"Service"`: a service of AWS, e.g. `ec2.amazonaws.com`.
    Service(String),
}

/// A condition: the values of one key, one of which must compare.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Condition {
    /// How values are compared.
    pub operator: Operator,
    /// Whether none may compare instead, as in `StringNotEquals`.
    pub negated: bool,
    /// Whether it holds if the request has no such key: `…IfExists`.
    pub if_exists: bool,
    /// How it goes with keys that have several values.
    pub quantifier: Option<Quantifier>,
    /// The key, e.g. `aws:SourceIp`.
    pub key: String,
    /// The values, as text.
    pub values: Vec<String>,
}

/// How a condition compares.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Operator {
    /// `ArnEquals` and `ArnLike`, which do the same.
    Arn,
    /// `Bool`.
    Bool,
    /// `IpAddress`: an address in a block.
    IpAddress,
    /// Whether the key is missing.
    Null,
    /// `StringEquals`.
    StringEquals,
    /// `StringEqualsIgnoreCase`.
    StringEqualsIgnoreCase,
    /// `StringLike`, with wildcards.
    StringLike,
    /// Numbers, dates and bytes, which no key of a request here has.
    Uncomparable,
}

/// How a condition goes with a key that has several values.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Quantifier {
    /// `ForAllValues:`; holds if there is none.
    All,
    /// `ForAnyValue:`.
    Any,
}

impl Policy {
    /// The policy of an endpoint that was made without one (aws: endpoint-policy-default).
    pub fn allow_all() -> Self {
        r#"{"Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}]}"#
            .parse()
            .expect("it is a policy")
    }

    /// The trust policy of a role for a service, e.g. `ec2.amazonaws.com`.
    pub fn trusting(service: &str) -> Result<Self, MalformedPolicy> {
        let service = serde_json::Value::from(service);
        format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"Service":{service}}},"Action":"sts:AssumeRole"}}]}}"#
        )
        .parse()
    }

    /// This policy, and the statements of another one behind its own.
    pub fn joined_with(&self, other: &Self) -> Self {
        let read = |policy: &Self| -> serde_json::Value {
            serde_json::from_str(&policy.text).expect("a policy was read from JSON")
        };
        // A statement may stand alone, without a list around it.
        let statements = |document: &serde_json::Value| {
            let all = &document["Statement"];
            all.as_array().cloned().unwrap_or_else(|| vec![all.clone()])
        };
        let mut document = read(self);
        document["Statement"] = [statements(&document), statements(&read(other))].concat().into();
        document.to_string().parse().expect("statements of policies make a policy")
    }

    /// The document as it was given.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether every statement says whom it is about.
    pub fn names_principals(&self) -> bool {
        self.statements.iter().all(|statement| statement.principals.is_some())
    }
}

impl FromStr for Policy {
    type Err = MalformedPolicy;

    fn from_str(text: &str) -> Result<Self, MalformedPolicy> {
        read::policy(text)
    }
}

impl fmt::Display for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

/// A text that is no policy.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum MalformedPolicy {
    /// An action without the service in front.
    #[error("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.")]
    Action {
        /// The action.
        action: String,
    },
    /// Not JSON, or JSON that is nested too deeply.
    #[error("This policy contains invalid Json")]
    NotJson,
    /// A resource that is neither an ARN nor a star.
    #[error("Resource {resource} must be in ARN format or \"*\".")]
    Resource {
        /// The resource.
        resource: String,
    },
    /// JSON that is no policy; what is wrong is for people, IAM does not say.
    #[error("Syntax errors in policy.")]
    Syntax {
        /// What is wrong.
        what: String,
    },
}

impl MalformedPolicy {
    /// What is wrong, for people.
    pub fn reason(&self) -> String {
        match self {
            Self::Action { action } => {
                format!("the action `{action}` has no service in front, as in `s3:GetObject`")
            }
            Self::NotJson => "it is not JSON".to_owned(),
            Self::Resource { resource } => format!("the resource `{resource}` is neither an ARN nor `*`"),
            Self::Syntax { what } => what.clone(),
        }
    }
}
