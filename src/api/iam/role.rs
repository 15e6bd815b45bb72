//! Roles.

use super::policy::trust_policy;
use super::{ApiError, Iam, Result, check_name, exists, unique_id, whole_second};
use crate::model::{InstanceProfile, Policies, Role};

impl Iam<'_> {
    /// Makes a role, so far without permissions.
    pub fn create_role(&mut self, name: &str, assume_role_policy_document: &str) -> Result<()> {
        check_name(name, 64)?;
        let key = self.key(name);
        if self.model.roles.contains_key(&key) {
            return Err(exists(format!("Role with name {name} already exists.")));
        }
        let trust = trust_policy(assume_role_policy_document)?;
        let id = unique_id(self.model, "AROA", self.account, name);
        let role = Role {
            account: self.account,
            name: name.to_owned(),
            trust,
            policies: Policies::default(),
            id,
            created: whole_second(self.now),
        };
        self.model.roles.insert(key, role);
        Ok(())
    }

    /// Changes who may assume a role.
    pub fn update_assume_role_policy(&mut self, name: &str, policy_document: &str) -> Result<()> {
        self.get_role(name)?;
        let trust = trust_policy(policy_document)?;
        self.role_mut(name)?.trust = trust;
        Ok(())
    }

    /// Deletes a role that nothing belongs to any more (aws: role-delete).
    pub fn delete_role(&mut self, name: &str) -> Result<()> {
        let role = self.get_role(name)?;
        let has_it = |profile: &InstanceProfile| {
            profile.account == self.account && profile.role.as_deref() == Some(name)
        };
        let conflict = if self.model.instance_profiles.values().any(has_it) {
            Some("Cannot delete entity, must remove roles from instance profile first.")
        } else if !role.policies.attached.is_empty() {
            Some("Cannot delete entity, must detach all policies first.")
        } else if !role.policies.inline.is_empty() {
            Some("Cannot delete entity, must delete policies first.")
        } else {
            None
        };
        if let Some(message) = conflict {
            return Err(ApiError::new("DeleteConflict", message));
        }
        let key = self.key(name);
        self.model.roles.shift_remove(&key);
        Ok(())
    }
}
