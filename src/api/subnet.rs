//! Subnets.

use std::net::Ipv4Addr;

use ipnet::Ipv4Net;

use super::{ApiError, Ec2, New, Result, dependency_violation};
use crate::ids::{NetworkAclAssociationId, SubnetId, VpcId};
use crate::model::{Subnet, Zone};

const SUBNET_LIMIT: &str = "The maximum number of subnets has been reached.";

/// Parameters of CreateSubnet.
#[derive(Clone, Debug)]
pub struct CreateSubnet {
    /// Name and id.
    pub new: New<SubnetId>,
    /// The VPC it is made in.
    pub vpc_id: VpcId,
    /// Its block, inside one of the VPC's.
    pub cidr_block: Ipv4Net,
    /// Its zone; the region's first if none is given.
    pub availability_zone: Option<Zone>,
}

impl Ec2<'_> {
    /// Makes a subnet; the VPC's main route table and default network ACL apply to it.
    pub fn create_subnet(&mut self, request: CreateSubnet) -> Result<SubnetId> {
        let vpc = self.vpc(request.vpc_id)?;
        let cidr = request.cidr_block.trunc();
        let inside = vpc.blocks().any(|block| block.contains(&cidr));
        // aws: subnet-cidr-size
        if !inside || !(16..=28).contains(&cidr.prefix_len()) {
            let message = format!("The CIDR '{}' is invalid.", request.cidr_block);
            return Err(ApiError::new("InvalidSubnet.Range", message));
        }
        let (vpc_id, network_acl) = (vpc.id, vpc.default_network_acl);
        let overlaps = |subnet: &Subnet| subnet.cidr.contains(&cidr) || cidr.contains(&subnet.cidr);
        if self.model.subnets.values().any(|subnet| subnet.vpc == vpc_id && overlaps(subnet)) {
            let message = format!("The CIDR '{}' conflicts with another subnet", request.cidr_block);
            return Err(ApiError::new("InvalidSubnet.Conflict", message));
        }
        let there = self.model.subnets.values().filter(|subnet| subnet.vpc == vpc_id).count();
        self.check_quota(there, self.model.quotas.subnets_per_vpc, "SubnetLimitExceeded", SUBNET_LIMIT)?;
        let zone = match request.availability_zone {
            Some(zone) if zone.region == self.caller.region => zone,
            Some(zone) => return Err(self.no_such_zone(&zone.to_string())),
            None => self.caller.region.zones().next().expect("a region has zones"),
        };
        let within = vpc_id.to_string();
        let id = self.choose_id(&request.new, &within, |model| &model.subnets, SubnetId::derive);
        let subnet = Subnet {
            id,
            name: request.new.name,
            vpc: vpc_id,
            cidr,
            zone,
            router_mac: Subnet::mac_of_router(id),
            map_public_ip: false,
            route_table: None,
            network_acl,
            network_acl_association: NetworkAclAssociationId::derive(&[&id.to_string(), "default"]),
        };
        self.model.subnets.insert(id, subnet);
        Ok(id)
    }

    /// Where an instance is launched that names no subnet: the first one of the default VPC.
    pub fn default_subnet(&self) -> Result<SubnetId> {
        let default = self.model.vpcs.values().find(|vpc| vpc.is_default && vpc.scope == self.caller);
        let subnets = |vpc: VpcId| self.model.subnets.values().find(move |subnet| subnet.vpc == vpc);
        let first = default.and_then(|vpc| subnets(vpc.id)).map(|subnet| subnet.id);
        first.ok_or_else(|| ApiError::code_only("VPCIdNotSpecified"))
    }

    /// What EC2 says of a zone the region does not have.
    pub fn no_such_zone(&self, zone: &str) -> ApiError {
        let zones: Vec<String> = self.caller.region.zones().map(|zone| zone.to_string()).collect();
        let message = format!(
            "Value ({zone}) for parameter availabilityZone is invalid. Subnets can currently only be created in the \
             following availability zones: {}.",
            zones.join(", ")
        );
        ApiError::new("InvalidParameterValue", message)
    }

    /// ModifySubnetAttribute with `MapPublicIpOnLaunch`.
    pub fn modify_subnet_map_public_ip(&mut self, id: SubnetId, map_public_ip: bool) -> Result<()> {
        self.subnet_mut(id)?.map_public_ip = map_public_ip;
        Ok(())
    }

    /// Deletes a subnet that has no interfaces.
    pub fn delete_subnet(&mut self, id: SubnetId) -> Result<()> {
        self.subnet(id)?;
        if self.model.enis.values().any(|eni| eni.subnet == id) {
            return Err(dependency_violation("subnet", id));
        }
        self.model.subnets.shift_remove(&id);
        Ok(())
    }

    /// Subnets of the VPC, at most one in a zone, each with a free address. `elsewhere` is the code for a subnet
    /// of another VPC.
    pub(super) fn check_subnets_of_zones(
        &self,
        vpc: VpcId,
        there: &[SubnetId],
        added: &[SubnetId],
        elsewhere: &'static str,
    ) -> Result<()> {
        let mut zones: Vec<Zone> = there.iter().map(|subnet| self.model.subnet(*subnet).zone).collect();
        for &id in added {
            let subnet = self.subnet(id)?;
            if subnet.vpc != vpc {
                return Err(ApiError::code_only(elsewhere));
            }
            if zones.contains(&subnet.zone) {
                return Err(ApiError::code_only("DuplicateSubnetsInSameZone"));
            }
            zones.push(subnet.zone);
            if self.free_address(id).is_none() {
                return Err(ApiError::code_only("InsufficientFreeAddressesInSubnet"));
            }
        }
        Ok(())
    }

    /// The lowest free address of a subnet.
    pub(super) fn free_address(&self, subnet: SubnetId) -> Option<Ipv4Addr> {
        let subnet = self.model.subnet(subnet);
        let taken = &self.model.private_addresses;
        subnet.assignable().find(|address| !taken.contains_key(&(subnet.vpc, *address)))
    }
}
