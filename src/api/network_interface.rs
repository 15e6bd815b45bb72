//! Network interfaces.

use std::net::Ipv4Addr;

use super::{ApiError, Ec2, New, Result};
use crate::ids::{EniId, SecurityGroupId, SubnetId};
use crate::model::{Eni, Subnet};
use crate::seed;
use crate::wire::Mac;

/// Parameters of CreateNetworkInterface.
#[derive(Clone, Debug)]
pub struct CreateNetworkInterface {
    /// Name and id.
    pub new: New<EniId>,
    /// The subnet.
    pub subnet_id: SubnetId,
    /// The primary private address; the lowest free one if none is given (assumed: ip-auto-assign-order).
    pub private_ip_address: Option<Ipv4Addr>,
    /// The groups; the VPC's default one if none is given (aws: sg-default-when-none).
    pub groups: Vec<SecurityGroupId>,
}

/// Parameters of ModifyNetworkInterfaceAttribute.
#[derive(Clone, Debug)]
pub enum ModifyNetworkInterfaceAttribute {
    /// Replaces the groups.
    Groups(Vec<SecurityGroupId>),
    /// Switches the source/destination check.
    SourceDestCheck(bool),
}

impl Ec2<'_> {
    /// Makes an interface that is attached to nothing.
    pub fn create_network_interface(&mut self, request: CreateNetworkInterface) -> Result<EniId> {
        let (subnet, groups, address) = self.check_interface(&request)?;
        let id = self.choose_id(&request.new, &subnet.vpc.to_string(), |model| &model.enis, EniId::derive);
        let eni = Eni {
            id,
            name: request.new.name,
            subnet: subnet.id,
            vpc: subnet.vpc,
            mac: Mac::from_hash(seed::hash(&["eni", &id.to_string()])),
            private_ips: vec![address],
            public: Vec::new(),
            source_dest_check: true,
            security_groups: groups,
            instance: None,
        };
        self.model.private_addresses.insert((subnet.vpc, address), id);
        self.model.enis.insert(id, eni);
        Ok(id)
    }

    /// What a new interface would have: its subnet, groups and address.
    pub(super) fn check_interface(
        &self,
        request: &CreateNetworkInterface,
    ) -> Result<(Subnet, Vec<SecurityGroupId>, Ipv4Addr)> {
        let subnet = self.subnet(request.subnet_id)?.clone();
        let groups = match request.groups.as_slice() {
            [] => vec![self.model.vpc(subnet.vpc).default_security_group],
            groups => self.check_groups(groups, subnet.id)?,
        };
        let address = match request.private_ip_address {
            Some(address) => self.check_address(&subnet, address)?,
            None => {
                let taken = &self.model.private_addresses;
                let free = subnet.assignable().find(|address| !taken.contains_key(&(subnet.vpc, *address)));
                free.ok_or_else(|| no_free_addresses(subnet.id))?
            }
        };
        Ok((subnet, groups, address))
    }

    /// Changes an interface.
    pub fn modify_network_interface_attribute(
        &mut self,
        id: EniId,
        change: ModifyNetworkInterfaceAttribute,
    ) -> Result<()> {
        let subnet = self.eni(id)?.subnet;
        match change {
            // An interface has one group at least (aws: sg-at-least-one).
            ModifyNetworkInterfaceAttribute::Groups(groups) if groups.is_empty() => {
                return Err(ApiError::code_only("InvalidParameterValue"));
            }
            ModifyNetworkInterfaceAttribute::Groups(groups) => {
                let groups = self.check_groups(&groups, subnet)?;
                self.eni_mut(id)?.security_groups = groups;
            }
            ModifyNetworkInterfaceAttribute::SourceDestCheck(on) => self.eni_mut(id)?.source_dest_check = on,
        }
        Ok(())
    }

    /// Deletes an interface that is attached to nothing.
    pub fn delete_network_interface(&mut self, id: EniId) -> Result<()> {
        if self.eni(id)?.instance.is_some() {
            return Err(ApiError::code_only("InvalidParameterValue"));
        }
        self.remove_interface(id);
        Ok(())
    }

    pub(super) fn remove_interface(&mut self, id: EniId) {
        let label = self.model.eni_label(id);
        let eni = self.model.enis[&id].clone();
        for private in eni.private_ips {
            self.unmap(id, private);
            self.model.private_addresses.shift_remove(&(eni.vpc, private));
        }
        self.model.former_labels.insert(id, label);
        self.model.enis.shift_remove(&id);
    }

    fn check_groups(&self, groups: &[SecurityGroupId], subnet: SubnetId) -> Result<Vec<SecurityGroupId>> {
        let vpc = self.subnet(subnet)?.vpc;
        for &id in groups {
            if self.security_group(id)?.vpc != vpc {
                let message =
                    format!("Security group {id} and subnet {subnet} belong to different networks.");
                return Err(ApiError::new("InvalidParameter", message));
            }
        }
        Ok(groups.to_vec())
    }

    fn check_address(&self, subnet: &Subnet, address: Ipv4Addr) -> Result<Ipv4Addr> {
        if !subnet.cidr.contains(&address) {
            let message = "Address does not fall within the subnet's address range";
            return Err(ApiError::new("InvalidParameterValue", message));
        }
        if subnet.is_reserved(address) {
            let message = format!("Address {address} is in subnet's reserved address range");
            return Err(ApiError::new("InvalidParameterValue", message));
        }
        if self.model.private_addresses.contains_key(&(subnet.vpc, address)) {
            return Err(ApiError::new("InvalidIPAddress.InUse", format!("Address {address} is in use.")));
        }
        Ok(address)
    }
}

fn no_free_addresses(subnet: SubnetId) -> ApiError {
    let message = format!(
        "There are not enough free addresses in subnet '{subnet}' to satisfy the requested number of instances."
    );
    ApiError::new("InsufficientFreeAddressesInSubnet", message)
}
