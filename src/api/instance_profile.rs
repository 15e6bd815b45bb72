//! Instance profiles at instances, and the credentials that instances get through them.

use std::time::Duration;

use super::iam::{keys, whole_second};
use super::{ApiError, Ec2, Result};
use crate::iam::may_assume;
use crate::ids::{IamInstanceProfileAssociationId, InstanceId};
use crate::model::{Credentials, Instance, Principal, Session};

/// What the metadata service of an instance has to say of its role.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum InstanceRole {
    /// The role lets itself be assumed.
    Assumed {
        /// Its name.
        role: String,
        /// The credentials of the session.
        credentials: Credentials,
    },
    /// There is no profile, or no role in it.
    None,
    /// The role's trust policy does not let EC2 assume it: `AssumeRoleUnauthorizedAccess`.
    NotTrusting {
        /// Its name.
        role: String,
    },
}

/// How long the credentials of an instance are good (assumed: instance-credentials-six-hours).
const SESSION: Duration = Duration::from_secs(6 * 3600);

/// New ones are there so long before the old ones expire (aws: instance-credentials-rotate).
const AHEAD: Duration = Duration::from_secs(5 * 60);

impl Ec2<'_> {
    /// The role of an instance, and the credentials it has now. Not an operation of EC2: the metadata
    /// service of the instance asks.
    pub fn instance_credentials(&mut self, id: InstanceId) -> Result<InstanceRole> {
        let account = self.instance(id)?.scope.account;
        let Some(role) = self.model.role_of_instance(id) else { return Ok(InstanceRole::None) };
        let name = role.name.clone();
        if !may_assume(role, "ec2.amazonaws.com", None) {
            return Ok(InstanceRole::NotTrusting { role: name });
        }
        // aws: role-session-name
        let principal = Principal::Role { account, role: name.clone(), session: id.to_string() };
        let now = self.now;
        let is_good = |session: &&Session| {
            session.principal == principal
                && session.credentials.expires.is_some_and(|expires| now + AHEAD < expires)
        };
        if let Some(session) = self.model.sessions.values().rev().find(is_good) {
            return Ok(InstanceRole::Assumed { role: name, credentials: session.credentials.clone() });
        }
        let issued = whole_second(now);
        let expires = Some(issued + SESSION);
        let credentials = keys(self.model, &principal, issued, expires);
        let session = Session { principal, credentials: credentials.clone() };
        self.model.sessions.insert(credentials.access_key_id.clone(), session);
        Ok(InstanceRole::Assumed { role: name, credentials })
    }

    /// Gives an instance a profile; it has one at most (aws: instance-profile).
    pub fn associate_iam_instance_profile(
        &mut self,
        id: InstanceId,
        profile: &str,
    ) -> Result<IamInstanceProfileAssociationId> {
        self.check_profile(profile)?;
        if self.existing_instance(id)?.profile.is_some() {
            let message = format!("There is an existing association for instance {id}");
            return Err(ApiError::new("IncorrectState", message));
        }
        Ok(self.put_profile(id, profile))
    }

    /// Takes the profile of an instance away.
    pub fn disassociate_iam_instance_profile(
        &mut self,
        association: IamInstanceProfileAssociationId,
    ) -> Result<()> {
        let id = self.profile_association(association)?;
        self.instance_mut(id)?.profile = None;
        Ok(())
    }

    /// Gives an instance another profile, under a new association.
    pub fn replace_iam_instance_profile_association(
        &mut self,
        association: IamInstanceProfileAssociationId,
        profile: &str,
    ) -> Result<IamInstanceProfileAssociationId> {
        let id = self.profile_association(association)?;
        self.check_profile(profile)?;
        Ok(self.put_profile(id, profile))
    }

    /// The instances that have profiles: all that the caller sees, or those of some associations.
    pub fn describe_iam_instance_profile_associations(
        &self,
        associations: &[IamInstanceProfileAssociationId],
    ) -> Result<Vec<&Instance>> {
        if associations.is_empty() {
            let seen = |instance: &&Instance| instance.scope == self.caller && instance.profile.is_some();
            return Ok(self.model.instances.values().filter(seen).collect());
        }
        let find = |association: &IamInstanceProfileAssociationId| {
            self.profile_association(*association).and_then(|id| self.instance(id))
        };
        associations.iter().map(find).collect()
    }

    fn put_profile(&mut self, id: InstanceId, profile: &str) -> IamInstanceProfileAssociationId {
        let association = self.next_profile_association(id);
        self.model.instances[&id].profile = Some((association, profile.to_owned()));
        association
    }

    pub(super) fn next_profile_association(&mut self, id: InstanceId) -> IamInstanceProfileAssociationId {
        let occasion = self.next_unnamed();
        IamInstanceProfileAssociationId::derive(&[&id.to_string(), &occasion])
    }

    fn profile_association(&self, association: IamInstanceProfileAssociationId) -> Result<InstanceId> {
        let has_it = |instance: &&Instance| {
            instance.scope == self.caller
                && instance.profile.as_ref().is_some_and(|(own, _)| *own == association)
        };
        let found = self.model.instances.values().find(has_it).map(|instance| instance.id);
        found.ok_or_else(|| ApiError::code_only("InvalidAssociationID.NotFound"))
    }

    /// Whether there is a profile with a name.
    pub(super) fn check_profile(&self, name: &str) -> Result<()> {
        if self.model.instance_profiles.contains_key(&(self.caller.account, name.to_owned())) {
            return Ok(());
        }
        let message = format!(
            "Value ({name}) for parameter iamInstanceProfile.name is invalid. Invalid IAM Instance Profile name"
        );
        Err(ApiError::new("InvalidParameterValue", message))
    }
}
