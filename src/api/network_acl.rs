//! Network ACLs, their entries and associations.

use super::{ApiError, Ec2, New, Result};
use crate::ids::{NetworkAclAssociationId, NetworkAclId, SubnetId, VpcId};
use crate::model::{AclEntry, Direction, NetworkAcl};

/// Parameters of CreateNetworkAcl.
#[derive(Clone, Debug)]
pub struct CreateNetworkAcl {
    /// Name and id.
    pub new: New<NetworkAclId>,
    /// The VPC.
    pub vpc_id: VpcId,
}

/// Parameters of CreateNetworkAclEntry and ReplaceNetworkAclEntry.
#[derive(Clone, Copy, Debug)]
pub struct AclEntryRequest {
    /// The list it goes into.
    pub network_acl_id: NetworkAclId,
    /// Which direction.
    pub direction: Direction,
    /// The rule; its number is 1 to 32766.
    pub entry: AclEntry,
}

/// The highest number a rule can have; AWS's `*` is 32767 (aws: nacl-rule-numbers).
const NUMBER_MAX: u16 = 32_766;

impl Ec2<'_> {
    /// Makes a network ACL that denies everything and is associated with nothing (aws: nacl-custom-denies).
    pub fn create_network_acl(&mut self, request: CreateNetworkAcl) -> Result<NetworkAclId> {
        self.vpc(request.vpc_id)?;
        let there = self.model.network_acls.values().filter(|acl| acl.vpc == request.vpc_id).count();
        self.check_quota(there, self.model.quotas.network_acls_per_vpc, "NetworkAclLimitExceeded", "")?;
        let within = request.vpc_id.to_string();
        let id = self.choose_id(&request.new, &within, |model| &model.network_acls, NetworkAclId::derive);
        let acl = NetworkAcl {
            id,
            name: request.new.name,
            vpc: request.vpc_id,
            is_default: false,
            egress: Vec::new(),
            ingress: Vec::new(),
        };
        self.model.network_acls.insert(id, acl);
        Ok(id)
    }

    /// Adds a rule under a number that is free.
    pub fn create_network_acl_entry(&mut self, request: AclEntryRequest) -> Result<()> {
        let number = request.entry.number;
        if !(1..=NUMBER_MAX).contains(&number) {
            return Err(ApiError::code_only("InvalidParameterValue"));
        }
        let max = self.model.quotas.rules_per_network_acl;
        let entries = self.entries_mut(request.network_acl_id, request.direction)?;
        let at = entries.partition_point(|entry| entry.number < number);
        if entries.get(at).is_some_and(|entry| entry.number == number) {
            let message = format!("The network acl entry identified by {number} already exists.");
            return Err(ApiError::new("NetworkAclEntryAlreadyExists", message));
        }
        if entries.len() >= max {
            return Err(ApiError::code_only("NetworkAclEntryLimitExceeded"));
        }
        entries.insert(at, AclEntry { cidr: request.entry.cidr.trunc(), ..request.entry });
        Ok(())
    }

    /// Puts another rule under a number that is taken.
    pub fn replace_network_acl_entry(&mut self, request: AclEntryRequest) -> Result<()> {
        let number = request.entry.number;
        let entries = self.entries_mut(request.network_acl_id, request.direction)?;
        let entry = entries.iter_mut().find(|entry| entry.number == number).ok_or_else(no_such_entry)?;
        *entry = AclEntry { cidr: request.entry.cidr.trunc(), ..request.entry };
        Ok(())
    }

    /// Removes the rule under a number.
    pub fn delete_network_acl_entry(
        &mut self,
        id: NetworkAclId,
        direction: Direction,
        number: u16,
    ) -> Result<()> {
        let entries = self.entries_mut(id, direction)?;
        let at = entries.iter().position(|entry| entry.number == number).ok_or_else(no_such_entry)?;
        entries.remove(at);
        Ok(())
    }

    /// Puts another network ACL before the subnet of an association.
    pub fn replace_network_acl_association(
        &mut self,
        association: NetworkAclAssociationId,
        id: NetworkAclId,
    ) -> Result<NetworkAclAssociationId> {
        let subnet = self.model.subnets.values().find(|subnet| subnet.network_acl_association == association);
        let Some(subnet) = subnet.map(|subnet| subnet.id) else {
            return Err(ApiError::code_only("InvalidAssociationID.NotFound"));
        };
        self.put_network_acl_before(subnet, id)
    }

    /// As [`Self::replace_network_acl_association`], by subnet.
    pub fn put_network_acl_before(
        &mut self,
        subnet: SubnetId,
        id: NetworkAclId,
    ) -> Result<NetworkAclAssociationId> {
        let acl_vpc = self.network_acl(id)?.vpc;
        if self.subnet(subnet)?.vpc != acl_vpc {
            // AWS's text is not known.
            return Err(ApiError::code_only("InvalidParameterValue"));
        }
        let association = NetworkAclAssociationId::derive(&[&subnet.to_string(), &id.to_string()]);
        let subnet = self.subnet_mut(subnet)?;
        (subnet.network_acl, subnet.network_acl_association) = (id, association);
        Ok(association)
    }

    /// Deletes a custom network ACL that is before no subnet.
    pub fn delete_network_acl(&mut self, id: NetworkAclId) -> Result<()> {
        let acl = self.network_acl(id)?;
        if acl.is_default || self.model.subnets.values().any(|subnet| subnet.network_acl == id) {
            return Err(ApiError::code_only("DependencyViolation"));
        }
        self.model.network_acls.shift_remove(&id);
        Ok(())
    }

    fn entries_mut(&mut self, id: NetworkAclId, direction: Direction) -> Result<&mut Vec<AclEntry>> {
        let acl = self.network_acl_mut(id)?;
        Ok(match direction {
            Direction::Egress => &mut acl.egress,
            Direction::Ingress => &mut acl.ingress,
        })
    }
}

fn no_such_entry() -> ApiError {
    ApiError::code_only("InvalidNetworkAclEntry.NotFound")
}
