//! Roles, users, instance profiles, and the credentials they have.

use super::policy::Policy;
use super::principal::{role_arn, user_arn};
use super::{Account, Principal};
use crate::time::Instant;

/// A role: permissions for whoever assumes it.
#[derive(Clone, Debug)]
pub struct Role {
    /// The account it belongs to.
    pub account: Account,
    /// Its name, unique in the account.
    pub name: String,
    /// Who may assume it.
    pub trust: Policy,
    /// What it may do.
    pub policies: Policies,
    /// Its unique id, e.g. `AROA…`.
    pub id: String,
    /// When it was made.
    pub created: Instant,
}

impl Role {
    /// E.g. `arn:aws:iam::123456789012:role/S3Reader`.
    pub fn arn(&self) -> String {
        role_arn(self.account, &self.name)
    }
}

/// A user: permissions for somebody with a long-term key.
#[derive(Clone, Debug)]
pub struct User {
    /// The account it belongs to.
    pub account: Account,
    /// Its name, unique in the account.
    pub name: String,
    /// What it may do.
    pub policies: Policies,
    /// Its unique id, e.g. `AIDA…`.
    pub id: String,
    /// When it was made.
    pub created: Instant,
}

impl User {
    /// E.g. `arn:aws:iam::123456789012:user/Operator`.
    pub fn arn(&self) -> String {
        user_arn(self.account, &self.name)
    }
}

/// The policies of a role or user.
#[derive(Clone, Default, Debug)]
pub struct Policies {
    /// Attached ones, by ARN.
    pub attached: Vec<String>,
    /// Its own, by name.
    pub inline: Vec<(String, Policy)>,
}

/// What gives a role to an instance (aws: instance-profile).
#[derive(Clone, Debug)]
pub struct InstanceProfile {
    /// The account it belongs to.
    pub account: Account,
    /// Its name; the console gives it that of its role.
    pub name: String,
    /// Its role, one at most.
    pub role: Option<String>,
    /// Its unique id, e.g. `AIPA…`.
    pub id: String,
    /// When it was made.
    pub created: Instant,
}

impl InstanceProfile {
    /// E.g. `arn:aws:iam::123456789012:instance-profile/S3Reader`.
    pub fn arn(&self) -> String {
        format!("arn:aws:iam::{}:instance-profile/{}", self.account, self.name)
    }
}

/// A policy that can be attached to roles and users.
#[derive(Clone, Debug)]
pub struct ManagedPolicy {
    /// Its ARN.
    pub arn: String,
    /// Its name.
    pub name: String,
    /// What it states.
    pub document: Policy,
}

/// Keys that somebody signs requests with.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Credentials {
    /// `AKIA…` of a user, `ASIA…` of a session.
    pub access_key_id: String,
    /// The secret.
    pub secret_access_key: String,
    /// The token of a session, which goes with the keys.
    pub token: Option<String>,
    /// When they were made.
    pub issued: Instant,
    /// Until when they are good; a user's do not end.
    pub expires: Option<Instant>,
}

/// Credentials, and who has them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Session {
    /// Whose they are.
    pub principal: Principal,
    /// The keys.
    pub credentials: Credentials,
}

impl Session {
    /// Whether the credentials are past their time.
    pub fn is_expired(&self, now: Instant) -> bool {
        self.credentials.expires.is_some_and(|until| until <= now)
    }
}
