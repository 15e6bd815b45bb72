//! Network interfaces.

use std::net::Ipv4Addr;
use std::time::Duration;

use super::{ApiError, Ec2, New, Result};
use crate::ids::{EniId, InstanceId, SecurityGroupId, SubnetId};
use crate::model::{ConnectionTracking, Eni, InstanceState, Owner, Subnet};
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
    /// Changes how long its groups remember idle flows, in seconds.
    ConnectionTracking {
        /// `TcpEstablishedTimeout`
        tcp_established: Option<u64>,
        /// `UdpTimeout`
        udp: Option<u64>,
        /// `UdpStreamTimeout`
        udp_stream: Option<u64>,
    },
}

impl Ec2<'_> {
    /// Makes an interface that is attached to nothing.
    pub fn create_network_interface(&mut self, request: CreateNetworkInterface) -> Result<EniId> {
        let (subnet, groups, address) = self.check_interface(&request)?;
        let max = self.model.quotas.interfaces_per_region;
        if self.model.enis.len() >= max {
            let is_here = |eni: &&Eni| self.model.vpc(eni.vpc).scope == self.caller;
            let here = self.model.enis.values().filter(is_here).count();
            self.check_quota(here, max, "NetworkInterfaceLimitExceeded", "")?;
        }
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
            owner: None,
            tracking: ConnectionTracking::default(),
            tags: [].into(),
            ecs_task: None,
            description: String::new(),
        };
        self.model.private_addresses.insert((subnet.vpc, address), id);
        self.model.enis.insert(id, eni);
        Ok(id)
    }

    /// Attaches an interface to an instance of its zone, as one more of its interfaces (aws: eni-attach). Here it has a
    /// host of its own behind it (assumed: secondary-interfaces).
    pub fn attach_network_interface(&mut self, id: EniId, instance_id: InstanceId) -> Result<()> {
        let eni = self.eni(id)?;
        if eni.owner.is_some() {
            return Err(ApiError::code_only("InvalidNetworkInterface.InUse"));
        }
        let instance = self.instance(instance_id)?;
        if instance.state == InstanceState::Terminated {
            return Err(ApiError::code_only("IncorrectInstanceState"));
        }
        let zone = |eni: &Eni| self.model.subnet(eni.subnet).zone;
        if zone(eni) != zone(self.model.eni(instance.eni)) {
            return Err(ApiError::code_only("InvalidParameterCombination"));
        }
        self.eni_mut(id)?.owner = Some(Owner::Instance(instance_id));
        self.model.hosts_changed += 1;
        Ok(())
    }

    /// AssignPrivateIpAddresses: these very addresses, or so many free ones.
    pub fn assign_private_ip_addresses(
        &mut self,
        id: EniId,
        addresses: &[Ipv4Addr],
        count: usize,
    ) -> Result<Vec<Ipv4Addr>> {
        let eni = self.eni(id)?;
        let (subnet, vpc) = (self.model.subnet(eni.subnet).clone(), eni.vpc);
        let mut assigned = Vec::new();
        for address in addresses {
            if assigned.contains(address) {
                return Err(ApiError::code_only("InvalidParameterValue"));
            }
            assigned.push(self.check_address(&subnet, *address)?);
        }
        let is_free = |address: &Ipv4Addr| !self.model.private_addresses.contains_key(&(vpc, *address));
        let free: Vec<Ipv4Addr> = subnet.assignable().filter(is_free).take(count).collect();
        if free.len() < count {
            return Err(no_free_addresses(subnet.id));
        }
        assigned.extend(free);
        for address in &assigned {
            self.model.private_addresses.insert((vpc, *address), id);
            self.model.enis[&id].private_ips.push(*address);
        }
        self.model.hosts_changed += 1;
        Ok(assigned)
    }

    /// How many flows the groups of an interface track at once. Not an operation of EC2: it depends on the
    /// instance type (assumed: sg-tracking-allowance).
    pub fn limit_tracked_flows(&mut self, id: EniId, flows_max: usize) -> Result<()> {
        self.eni_mut(id)?.tracking.flows_max = Some(flows_max);
        Ok(())
    }

    /// UnassignPrivateIpAddresses: all or none of these secondary addresses.
    pub fn unassign_private_ip_addresses(&mut self, id: EniId, addresses: &[Ipv4Addr]) -> Result<()> {
        let eni = self.eni(id)?;
        let vpc = eni.vpc;
        if addresses.iter().any(|address| !eni.private_ips[1..].contains(address)) {
            return Err(ApiError::code_only("InvalidParameterValue"));
        }
        for address in addresses {
            self.unmap(id, *address);
            self.model.private_addresses.shift_remove(&(vpc, *address));
            self.model.enis[&id].private_ips.retain(|own| own != address);
        }
        self.model.hosts_changed += 1;
        Ok(())
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
        let eni = self.eni(id)?;
        let subnet = eni.subnet;
        // What belongs to a gateway cannot be changed (aws: nat-no-security-group).
        if matches!(eni.owner, Some(Owner::NatGateway(_) | Owner::TransitGateway(_))) {
            return Err(ApiError::code_only("OperationNotPermitted"));
        }
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
            ModifyNetworkInterfaceAttribute::ConnectionTracking { tcp_established, udp, udp_stream } => {
                let tracking = &mut self.eni_mut(id)?.tracking;
                let mut new = *tracking;
                // aws: sg-idle-timeouts
                let changes = [
                    (tcp_established, 60..=432_000, &mut new.tcp_established),
                    (udp, 30..=60, &mut new.udp),
                    (udp_stream, 60..=180, &mut new.udp_stream),
                ];
                for (seconds, allowed, timeout) in changes {
                    let Some(seconds) = seconds else { continue };
                    if !allowed.contains(&seconds) {
                        return Err(ApiError::code_only("InvalidParameterValue"));
                    }
                    *timeout = Duration::from_secs(seconds);
                }
                *tracking = new;
            }
        }
        Ok(())
    }

    /// Deletes an interface that is attached to nothing.
    pub fn delete_network_interface(&mut self, id: EniId) -> Result<()> {
        if self.eni(id)?.owner.is_some() {
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

    pub(super) fn check_groups(
        &self,
        groups: &[SecurityGroupId],
        subnet: SubnetId,
    ) -> Result<Vec<SecurityGroupId>> {
        let vpc = self.subnet(subnet)?.vpc;
        // aws: sg-quotas
        if groups.len() > self.model.quotas.security_groups_per_interface {
            return Err(ApiError::code_only("SecurityGroupsPerInterfaceLimitExceeded"));
        }
        for &id in groups {
            if self.security_group(id)?.vpc != vpc {
                let message =
                    format!("Security group {id} and subnet {subnet} belong to different networks.");
                return Err(ApiError::new("InvalidParameter", message));
            }
        }
        Ok(groups.to_vec())
    }

    pub(super) fn check_address(&self, subnet: &Subnet, address: Ipv4Addr) -> Result<Ipv4Addr> {
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
