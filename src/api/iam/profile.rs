//! Instance profiles.

use super::policy::over_quota;
use super::{ApiError, Iam, Result, check_name, exists, no_such, unique_id, whole_second};
use crate::model::InstanceProfile;

impl Iam<'_> {
    /// The instance profile with a name.
    pub fn get_instance_profile(&self, name: &str) -> Result<&InstanceProfile> {
        self.model
            .instance_profiles
            .get(&self.key(name))
            .ok_or_else(|| no_such(format!("Instance Profile {name} cannot be found.")))
    }

    /// Makes an instance profile, so far without a role.
    pub fn create_instance_profile(&mut self, name: &str) -> Result<()> {
        check_name(name, 128)?;
        let key = self.key(name);
        if self.model.instance_profiles.contains_key(&key) {
            return Err(exists(format!("Instance Profile {name} already exists.")));
        }
        let id = unique_id(self.model, "AIPA", self.account, name);
        let (account, name, created) = (self.account, name.to_owned(), whole_second(self.now));
        let profile = InstanceProfile { account, name, role: None, id, created };
        self.model.instance_profiles.insert(key, profile);
        Ok(())
    }

    /// Puts a role into a profile, which has room for one (aws: instance-profile).
    pub fn add_role_to_instance_profile(&mut self, profile: &str, role: &str) -> Result<()> {
        self.get_role(role)?;
        if self.get_instance_profile(profile)?.role.is_some() {
            return Err(over_quota("InstanceSessionsPerInstanceProfile", 1));
        }
        let key = self.key(profile);
        self.model.instance_profiles[&key].role = Some(role.to_owned());
        Ok(())
    }

    /// Takes the role out of a profile; instances that have it have no role any more.
    pub fn remove_role_from_instance_profile(&mut self, profile: &str, role: &str) -> Result<()> {
        self.get_role(role)?;
        if self.get_instance_profile(profile)?.role.as_deref() != Some(role) {
            return Err(ApiError::code_only("NoSuchEntity"));
        }
        let key = self.key(profile);
        self.model.instance_profiles[&key].role = None;
        Ok(())
    }

    /// Deletes a profile that has no role any more.
    pub fn delete_instance_profile(&mut self, name: &str) -> Result<()> {
        if self.get_instance_profile(name)?.role.is_some() {
            let message = "Cannot delete entity, must remove roles from instance profile first.";
            return Err(ApiError::new("DeleteConflict", message));
        }
        let key = self.key(name);
        self.model.instance_profiles.shift_remove(&key);
        Ok(())
    }
}
