//! IAM as one account sees it: roles, users, instance profiles and policies.
//!
//! IAM has no region. Documents come as text, and are refused as IAM refuses them.

mod keys;
mod policy;
mod profile;
mod role;
mod user;

use self::keys::unique_id;
pub(super) use self::keys::{keys, whole_second};
use super::{ApiError, Result};
use crate::model::{Account, Model, Policies, Role, User};
use crate::time::Instant;

/// IAM as one account sees it.
#[derive(Debug)]
pub struct Iam<'m> {
    model: &'m mut Model,
    account: Account,
    now: Instant,
}

/// Who has policies.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Holder<'a> {
    /// A role, by name.
    Role(&'a str),
    /// A user, by name.
    User(&'a str),
}

impl<'m> Iam<'m> {
    /// IAM for an account, at a moment.
    pub fn new(model: &'m mut Model, account: Account, now: Instant) -> Self {
        Self { model, account, now }
    }

    fn key(&self, name: &str) -> (Account, String) {
        (self.account, name.to_owned())
    }

    /// The role with a name.
    pub fn get_role(&self, name: &str) -> Result<&Role> {
        self.model
            .roles
            .get(&self.key(name))
            .ok_or_else(|| no_such(format!("The role with name {name} cannot be found.")))
    }

    fn role_mut(&mut self, name: &str) -> Result<&mut Role> {
        self.get_role(name)?;
        let key = self.key(name);
        Ok(&mut self.model.roles[&key])
    }

    /// The user with a name.
    pub fn get_user(&self, name: &str) -> Result<&User> {
        self.model
            .users
            .get(&self.key(name))
            .ok_or_else(|| no_such(format!("The user with name {name} cannot be found.")))
    }

    /// The policies of a role or user.
    pub fn policies_of(&self, holder: Holder<'_>) -> Result<&Policies> {
        match holder {
            Holder::Role(name) => self.get_role(name).map(|role| &role.policies),
            Holder::User(name) => self.get_user(name).map(|user| &user.policies),
        }
    }

    fn policies_mut(&mut self, holder: Holder<'_>) -> Result<&mut Policies> {
        match holder {
            Holder::Role(name) => self.role_mut(name).map(|role| &mut role.policies),
            Holder::User(name) => {
                self.get_user(name)?;
                let key = self.key(name);
                Ok(&mut self.model.users[&key].policies)
            }
        }
    }
}

fn no_such(message: String) -> ApiError {
    ApiError::new("NoSuchEntity", message)
}

fn exists(message: String) -> ApiError {
    ApiError::new("EntityAlreadyExists", message)
}

/// Whether IAM takes a name: letters, digits and `+=,.@_-`, so many at most (aws: iam-names).
fn check_name(name: &str, chars_max: usize) -> Result<()> {
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || "+=,.@_-".contains(c);
    if !name.is_empty() && name.len() <= chars_max && name.chars().all(is_allowed) {
        return Ok(());
    }
    Err(ApiError::code_only("ValidationError"))
}
