//! Roles, users and policies, by IAM's operations.

use super::Builder;
use crate::api::{ApiError, Holder, Iam};
use crate::guest::AccessKeys;
use crate::model::{Account, Model, Principal};
use crate::scenario::aws::policy_arn;
use crate::scenario::draft;
use crate::scenario::problem::Problem;
use crate::scenario::yaml::{Span, Spanned};
use crate::trace::Station;

impl Builder<'_> {
    /// What accounts have made first, then who has it. A role comes with an instance profile of its name,
    /// as in the console (aws: instance-profile), a user with an access key.
    pub(super) fn identities(&mut self, identities: &draft::Identities) {
        let account = identities.account;
        for (name, document) in &identities.policies {
            self.ask_iam(account, name.span, "CreatePolicy", |iam| {
                iam.create_policy(&name.value, &document.value)
            });
        }
        for role in &identities.roles {
            let name = &role.name.value;
            let made = self.ask_iam(account, role.name.span, "CreateRole", |iam| {
                iam.create_role(name, &role.trust)?;
                iam.create_instance_profile(name)?;
                iam.add_role_to_instance_profile(name, name)
            });
            if made.is_some() {
                self.policies(account, Holder::Role(name), &role.policies);
            }
        }
        for user in &identities.users {
            let name = &user.name.value;
            let made = self.ask_iam(account, user.name.span, "CreateUser", |iam| {
                iam.create_user(name)?;
                iam.create_access_key(name)
            });
            if made.is_some() {
                self.policies(account, Holder::User(name), &user.policies);
            }
        }
    }

    fn policies(&mut self, account: Account, holder: Holder<'_>, policies: &draft::Policies) {
        let [attach, put] = match holder {
            Holder::Role(_) => ["AttachRolePolicy", "PutRolePolicy"],
            Holder::User(_) => ["AttachUserPolicy", "PutUserPolicy"],
        };
        for name in &policies.attached {
            let model = &self.built.model;
            let arn = policy_arn(model, account, &name.value);
            if model.managed_policy(&arn).is_some() {
                self.ask_iam(account, name.span, attach, |iam| iam.attach_policy(holder, &arn));
            } else if !self.is_declared(name) {
                let all = model.managed_policies.values().chain(Model::aws_policies());
                let known = all.map(|policy| policy.name.as_str());
                let problem = Problem::unknown(name.span, "managed policy", &name.value, known);
                self.problems.push(problem);
            }
        }
        for (name, document) in &policies.inline {
            self.ask_iam(account, document.span, put, |iam| {
                iam.put_policy(holder, &name.value, &document.value)
            });
        }
    }

    /// The name of the instance profile that an instance with a role has.
    pub(super) fn role_of(&mut self, account: Account, name: &Spanned<String>) -> Option<String> {
        let profiles = &self.built.model.instance_profiles;
        if !profiles.contains_key(&(account, name.value.clone())) {
            if !self.is_declared(name) {
                let known = profiles.keys().filter(|(owner, _)| *owner == account);
                let known = known.map(|(_, name)| name.as_str());
                let problem = Problem::unknown(name.span, "role", &name.value, known);
                self.problems.push(problem);
            }
            return None;
        }
        Some(name.value.clone())
    }

    /// Gives a host what it does by itself, and the keys of the user who works there.
    pub(super) fn set_up(&mut self, station: Station, setup: &draft::Setup) {
        let mut host = setup.host.clone();
        if let Some(name) = &setup.aws_user {
            host.aws.keys = self.keys_of(name);
        }
        self.built.hosts.insert(station, host);
    }

    fn keys_of(&mut self, name: &Spanned<String>) -> Option<AccessKeys> {
        let users = &self.built.model.users;
        let Some((account, _)) = users.keys().find(|(_, user)| *user == name.value) else {
            if !self.is_declared(name) {
                let known = users.keys().map(|(_, user)| user.as_str());
                let problem = Problem::unknown(name.span, "user", &name.value, known);
                self.problems.push(problem);
            }
            return None;
        };
        let user = Principal::User { account: *account, name: name.value.clone() };
        let keys = self.built.model.access_keys_of(&user).next()?;
        let (id, secret) = (keys.access_key_id.clone(), keys.secret_access_key.clone());
        Some(AccessKeys { id, secret, token: keys.token.clone() })
    }

    /// Calls an operation of IAM; a refusal is a mistake at `span`.
    fn ask_iam<T>(
        &mut self,
        account: Account,
        span: Span,
        operation: &str,
        call: impl FnOnce(&mut Iam<'_>) -> Result<T, ApiError>,
    ) -> Option<T> {
        call(&mut Iam::new(&mut self.built.model, account, self.now))
            .map_err(|error| {
                let text = if error.message.is_empty() { error.code } else { &error.message };
                let problem = Problem::at(span, format!("IAM refuses this: {text}"));
                self.problems.push(problem.note(format!("{operation} answers {}", error.code)));
            })
            .ok()
    }
}
