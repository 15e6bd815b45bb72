//! VPC Block Public Access.

use super::{ApiError, Ec2, Result};
use crate::ids::PublicAccessExclusionId;
use crate::model::{BlockMode, ExcludedResource, ExclusionMode, PublicAccessExclusion};

impl Ec2<'_> {
    /// ModifyVpcBlockPublicAccessOptions: for all VPCs of the caller's region.
    pub fn modify_block_public_access(&mut self, mode: BlockMode) {
        let caller = self.caller;
        self.model.public_access.retain(|(scope, _)| *scope != caller);
        if mode != BlockMode::Off {
            self.model.public_access.push((caller, mode));
        }
    }

    /// CreateVpcBlockPublicAccessExclusion.
    pub fn create_public_access_exclusion(
        &mut self,
        resource: ExcludedResource,
        mode: ExclusionMode,
    ) -> Result<PublicAccessExclusionId> {
        match resource {
            ExcludedResource::Subnet(id) => self.subnet(id).map(|_| ())?,
            ExcludedResource::Vpc(id) => self.vpc(id).map(|_| ())?,
        }
        let same = |exclusion: &PublicAccessExclusion| exclusion.resource == resource;
        if self.model.public_access_exclusions.values().any(same) {
            return Err(ApiError::code_only("InvalidParameterValue"));
        }
        let id = PublicAccessExclusionId::derive(&[&self.next_unnamed()]);
        let exclusion = PublicAccessExclusion { id, scope: self.caller, resource, mode };
        self.model.public_access_exclusions.insert(id, exclusion);
        Ok(id)
    }

    /// The caller's exclusion of something.
    pub fn public_access_exclusion_of(&self, resource: ExcludedResource) -> Option<PublicAccessExclusionId> {
        let is_it = |exclusion: &&PublicAccessExclusion| {
            exclusion.resource == resource && exclusion.scope == self.caller
        };
        self.model.public_access_exclusions.values().find(is_it).map(|exclusion| exclusion.id)
    }

    /// DeleteVpcBlockPublicAccessExclusion.
    pub fn delete_public_access_exclusion(&mut self, id: PublicAccessExclusionId) -> Result<()> {
        let found = self.model.public_access_exclusions.get(&id);
        if found.is_none_or(|exclusion| exclusion.scope != self.caller) {
            return Err(ApiError::code_only("InvalidVpcBlockPublicAccessExclusionId.NotFound"));
        }
        self.model.public_access_exclusions.shift_remove(&id);
        Ok(())
    }
}
