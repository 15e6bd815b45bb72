//! Users and their keys.

use super::policy::over_quota;
use super::{Iam, Result, check_name, exists, keys, unique_id, whole_second};
use crate::model::{Credentials, Policies, Principal, Session, User};

/// How many access keys a user has at most (aws: iam-quotas).
const KEYS_MAX: usize = 2;

impl Iam<'_> {
    /// Makes a user, so far without permissions and without keys.
    pub fn create_user(&mut self, name: &str) -> Result<()> {
        check_name(name, 64)?;
        let key = self.key(name);
        if self.model.users.contains_key(&key) {
            return Err(exists(format!("User with name {name} already exists.")));
        }
        let id = unique_id(self.model, "AIDA", self.account, name);
        let (account, name, created) = (self.account, name.to_owned(), whole_second(self.now));
        let user = User { account, name, policies: Policies::default(), id, created };
        self.model.users.insert(key, user);
        Ok(())
    }

    /// Makes keys for a user, which do not expire.
    pub fn create_access_key(&mut self, user: &str) -> Result<Credentials> {
        self.get_user(user)?;
        let principal = Principal::User { account: self.account, name: user.to_owned() };
        if self.model.access_keys_of(&principal).count() >= KEYS_MAX {
            return Err(over_quota("AccessKeysPerUser", KEYS_MAX));
        }
        let credentials = keys(self.model, &principal, whole_second(self.now), None);
        let session = Session { principal, credentials: credentials.clone() };
        self.model.sessions.insert(credentials.access_key_id.clone(), session);
        Ok(credentials)
    }
}
