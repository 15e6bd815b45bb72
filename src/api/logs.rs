//! Log groups of CloudWatch Logs.

use super::{ApiError, Ec2, Result};
use crate::model::LogGroup;

impl Ec2<'_> {
    /// Makes a log group (aws: logs-create-log-group).
    pub fn create_log_group(&mut self, name: &str) -> Result<()> {
        if !is_group_name(name) {
            return Err(ApiError::code_only("InvalidParameterException"));
        }
        let (scope, created) = (self.caller, self.now);
        let place = (scope.account, scope.region, name.to_owned());
        if self.model.log_groups.contains_key(&place) {
            return Err(ApiError::code_only("ResourceAlreadyExistsException"));
        }
        let group = LogGroup { name: name.to_owned(), scope, created, streams: [].into() };
        self.model.log_groups.insert(place, group);
        Ok(())
    }

    /// Deletes a log group with all that is in it.
    pub fn delete_log_group(&mut self, name: &str) -> Result<()> {
        let place = (self.caller.account, self.caller.region, name.to_owned());
        let found = self.model.log_groups.remove(&place);
        found.map(|_| ()).ok_or_else(no_such_group)
    }

    /// The caller's groups by name, those that begin with a prefix.
    pub fn describe_log_groups(&self, prefix: &str) -> Vec<&LogGroup> {
        let own = self.model.log_groups.values().filter(|group| group.scope == self.caller);
        own.filter(|group| group.name.starts_with(prefix)).collect()
    }

    /// A group of the caller's.
    pub fn log_group(&self, name: &str) -> Result<&LogGroup> {
        let place = (self.caller.account, self.caller.region, name.to_owned());
        self.model.log_groups.get(&place).ok_or_else(no_such_group)
    }
}

fn no_such_group() -> ApiError {
    ApiError::code_only("ResourceNotFoundException")
}

/// Whether a group can be called so (aws: logs-create-log-group).
fn is_group_name(name: &str) -> bool {
    (1..=512).contains(&name.len())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-/.#".contains(&b))
}
