//! Elastic IPs.

use std::net::Ipv4Addr;

use super::{ApiError, Ec2, New, Result};
use crate::ids::{AddressAssociationId, AllocationId, EniId};
use crate::model::{ElasticIp, Owner, PublicAddress};

/// Parameters of AssociateAddress.
#[derive(Clone, Copy, Debug)]
pub struct AssociateAddress {
    /// The Elastic IP.
    pub allocation_id: AllocationId,
    /// The interface that gets it.
    pub network_interface_id: EniId,
    /// Which of the interface's addresses; the primary one if none is given.
    pub private_ip_address: Option<Ipv4Addr>,
    /// Whether it may be taken from where it is now.
    pub allow_reassociation: bool,
}

impl Ec2<'_> {
    /// Takes an address out of Amazon's pool, or this very one.
    pub fn allocate_address(
        &mut self,
        new: New<AllocationId>,
        address: Option<Ipv4Addr>,
    ) -> Result<AllocationId> {
        if address.is_some_and(|address| !is_public(address) || self.model.has_public_address(address)) {
            return Err(ApiError::code_only("InvalidParameterValue"));
        }
        let here = self.model.elastic_ips.values().filter(|eip| eip.scope == self.caller).count();
        let message = "The maximum number of addresses has been reached.";
        self.check_quota(here, self.model.quotas.elastic_ips_per_region, "AddressLimitExceeded", message)?;
        let id = self.choose_id(&new, "", |model| &model.elastic_ips, AllocationId::derive);
        let ip = address.unwrap_or_else(|| self.choose_public_address(&id.to_string()));
        let eip = ElasticIp { id, name: new.name, scope: self.caller, ip, association: None };
        self.model.elastic_ips.insert(id, eip);
        Ok(id)
    }

    /// Maps an Elastic IP to a private address; an auto-assigned one goes back (aws: eip-replaces-auto).
    pub fn associate_address(&mut self, request: AssociateAddress) -> Result<AddressAssociationId> {
        let eni = self.eni(request.network_interface_id)?;
        let private = request.private_ip_address.unwrap_or(eni.primary_ip());
        if !eni.has(private) {
            return Err(ApiError::code_only("InvalidParameterValue"));
        }
        // aws: eip-one-per-private-ip
        let taken = eni.public.iter().find(|address| address.private == private).and_then(|a| a.allocation);
        if !request.allow_reassociation && taken.is_some_and(|other| other != request.allocation_id) {
            return Err(ApiError::code_only("Resource.AlreadyAssociated"));
        }
        let vpc = self.model.vpc(eni.vpc);
        if vpc.internet_gateway.is_none() {
            let message = format!("Network {} is not attached to any internet gateway", vpc.id);
            return Err(ApiError::new("Gateway.NotAttached", message));
        }
        let eip = self.elastic_ip(request.allocation_id)?;
        let (ip, before) = (eip.ip, eip.association);
        // A regional NAT gateway has it, without an interface.
        if before.is_none() {
            self.free_elastic_ip(request.allocation_id)?;
        }
        if let Some((association, eni)) = before {
            self.check_not_of_nat_gateway(eni)?;
            if !request.allow_reassociation && eni != request.network_interface_id {
                let message = format!(
                    "resource {} is already associated with associate-id {association}",
                    request.allocation_id
                );
                return Err(ApiError::new("Resource.AlreadyAssociated", message));
            }
            self.disassociate_address(association)?;
        }
        let id = AddressAssociationId::derive(&[
            &request.allocation_id.to_string(),
            &request.network_interface_id.to_string(),
        ]);
        self.unmap(request.network_interface_id, private);
        self.map(
            request.network_interface_id,
            PublicAddress { ip, private, allocation: Some(request.allocation_id) },
        );
        self.elastic_ip_mut(request.allocation_id)?.association = Some((id, request.network_interface_id));
        Ok(id)
    }

    /// Takes an Elastic IP off its interface.
    pub fn disassociate_address(&mut self, association: AddressAssociationId) -> Result<()> {
        let found = self.model.elastic_ips.values().find_map(|eip| match eip.association {
            Some((id, eni)) if id == association && eip.scope == self.caller => Some((eip.id, eip.ip, eni)),
            Some(_) | None => None,
        });
        let Some((allocation, ip, eni)) = found else {
            return Err(ApiError::code_only("InvalidAssociationID.NotFound"));
        };
        self.check_not_of_nat_gateway(eni)?;
        if let Some(private) = self.model.eni(eni).private_of(ip) {
            self.unmap(eni, private);
        }
        self.elastic_ip_mut(allocation)?.association = None;
        Ok(())
    }

    /// The addresses of a NAT gateway go with operations of its own (aws: nat-primary-address).
    fn check_not_of_nat_gateway(&self, eni: EniId) -> Result<()> {
        let is_own = matches!(self.model.eni(eni).owner, Some(Owner::NatGateway(_)));
        if is_own { Err(ApiError::code_only("AuthFailure")) } else { Ok(()) }
    }

    /// The address of an Elastic IP that nothing uses.
    pub(super) fn free_elastic_ip(&self, id: AllocationId) -> Result<Ipv4Addr> {
        let eip = self.elastic_ip(id)?;
        if eip.association.is_some() || self.model.nat_public_addresses.contains_key(&eip.ip) {
            return Err(ApiError::code_only("Resource.AlreadyAssociated"));
        }
        Ok(eip.ip)
    }

    /// Gives an Elastic IP back.
    pub fn release_address(&mut self, id: AllocationId) -> Result<()> {
        let eip = self.elastic_ip(id)?;
        if self.free_elastic_ip(id).is_err() {
            return Err(ApiError::new("InvalidIPAddress.InUse", format!("Address {} is in use.", eip.ip)));
        }
        self.model.elastic_ips.shift_remove(&id);
        Ok(())
    }

    pub(super) fn map(&mut self, eni: EniId, address: PublicAddress) {
        self.model.hosts_changed += 1;
        self.model.public_addresses.insert(address.ip, eni);
        self.model.enis[&eni].public.push(address);
    }

    /// Takes the public address of a private one away, and an Elastic IP's association with it.
    pub(super) fn unmap(&mut self, eni: EniId, private: Ipv4Addr) {
        let Some(ip) = self.model.enis[&eni].public_of(private) else { return };
        self.model.hosts_changed += 1;
        self.model.enis[&eni].public.retain(|address| address.ip != ip);
        self.model.public_addresses.shift_remove(&ip);
        for eip in self.model.elastic_ips.values_mut().filter(|eip| eip.ip == ip) {
            eip.association = None;
        }
    }
}

/// Whether an address can be one of the internet.
pub fn is_public(address: Ipv4Addr) -> bool {
    let [a, b, ..] = address.octets();
    let is_shared = a == 100 && (64..128).contains(&b);
    !(address.is_private()
        || is_shared
        || a == 0
        || a >= 224
        || address.is_loopback()
        || address.is_link_local())
}
