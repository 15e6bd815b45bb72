//! What exists already, and no operation of EC2 would make so: ids and addresses that EC2 chose, routes whose
//! targets are gone, interfaces that services made.
//!
//! Not operations of EC2: they let a scenario begin with what was there before. Each checks what EC2 would not have
//! let come about.

use std::net::Ipv4Addr;

use ipnet::Ipv4Net;

use super::{ApiError, CreateRoute, Ec2, Result};
use crate::ids::{EniId, PrefixListId};
use crate::model::{
    AttachmentResource, EndpointKind, InterfaceType, NatPlace, Owner, PrefixList, PublicAddress, Route,
    RouteOrigin, RouteState,
};

impl Ec2<'_> {
    /// Gives an interface that was just made to a service of AWS, which answers behind it.
    pub fn hand_to_requester(
        &mut self,
        id: EniId,
        kind: InterfaceType,
        description: &str,
        has_groups: bool,
    ) -> Result<()> {
        let eni = self.eni_mut(id)?;
        if eni.owner.is_some() {
            return Err(ApiError::code_only("InvalidNetworkInterface.InUse"));
        }
        eni.owner = Some(Owner::Requester(kind));
        eni.description = description.to_owned();
        // A Network Load Balancer may have been made without groups: nothing is filtered then.
        if !has_groups {
            eni.security_groups.clear();
        }
        self.model.hosts_changed += 1;
        Ok(())
    }

    /// Maps this very address of Amazon's pool to the primary private one, in place of what was mapped to it.
    pub fn pin_public_address(&mut self, id: EniId, ip: Ipv4Addr) -> Result<()> {
        let private = self.eni(id)?.primary_ip();
        self.unmap(id, private);
        if self.model.has_public_address(ip) {
            return Err(self.invalid_value());
        }
        self.map(id, PublicAddress { ip, private, allocation: None });
        Ok(())
    }

    /// A route whose target is gone: a blackhole (aws: route-blackhole).
    pub fn restore_route(&mut self, request: CreateRoute) -> Result<()> {
        let table = self.route_table(request.route_table_id)?;
        let destination = self.canonical(request.destination)?;
        self.check_free(table, destination)?;
        let vpc = table.vpc;
        let route = Route { destination, target: request.target, origin: RouteOrigin::CreateRoute };
        if self.model.route_state(&route, vpc, self.now) == RouteState::Active {
            return Err(self.invalid_value());
        }
        self.put_route(request.route_table_id, route);
        Ok(())
    }

    /// A prefix list that AWS manages, with the id and the blocks that were seen.
    pub fn restore_managed_prefix_list(
        &mut self,
        name: String,
        id: Option<PrefixListId>,
        entries: &[Ipv4Net],
    ) -> Result<PrefixListId> {
        let id = id.unwrap_or_else(|| PrefixListId::derive(&[&name]));
        if self.model.prefix_lists.contains_key(&id) {
            return Err(self.invalid_value());
        }
        let region = self.caller.region;
        // aws: managed-prefix-list-weight
        let list = PrefixList {
            id,
            name,
            owner: None,
            region,
            entries: entries.to_vec(),
            max_entries: entries.len(),
        };
        self.model.prefix_lists.insert(id, list);
        Ok(id)
    }

    /// Gives the interface of a gateway that was just made another id, or another private address: EC2 chooses
    /// them, and a scenario may want to.
    pub fn pin_interface(&mut self, id: EniId, pinned: EniId, private: Option<Ipv4Addr>) -> Result<()> {
        let mut eni = self.eni(id)?.clone();
        let subnet = self.model.subnet(eni.subnet).clone();
        if pinned != id && self.model.enis.contains_key(&pinned) {
            return Err(self.invalid_value());
        }
        if let Some(private) = private.filter(|private| *private != eni.primary_ip()) {
            self.check_address(&subnet, private)?;
            self.model.private_addresses.shift_remove(&(eni.vpc, eni.primary_ip()));
            eni.private_ips[0] = private;
        }
        self.model.enis.shift_remove(&id);
        eni.id = pinned;
        for address in &eni.private_ips {
            self.model.private_addresses.insert((eni.vpc, *address), pinned);
        }
        for public in &eni.public {
            self.model.public_addresses.insert(public.ip, pinned);
        }
        for eip in self.model.elastic_ips.values_mut() {
            eip.association = eip.association.map(|(of, at)| (of, if at == id { pinned } else { at }));
        }
        match eni.owner {
            Some(Owner::NatGateway(nat)) => {
                if let NatPlace::Zonal { eni, .. } = &mut self.model.nat_gateways[&nat].place {
                    *eni = Some(pinned);
                }
            }
            Some(Owner::TransitGateway(attachment)) => {
                let resource = &mut self.model.transit_gateway_attachments[&attachment].resource;
                if let AttachmentResource::Vpc { interfaces, .. } = resource {
                    for (_, own) in interfaces.iter_mut().filter(|(_, own)| *own == id) {
                        *own = pinned;
                    }
                }
            }
            Some(Owner::InterfaceEndpoint(endpoint)) => {
                if let EndpointKind::Interface { interfaces, .. } = &mut self.model.endpoints[&endpoint].kind
                {
                    for (_, own) in interfaces.iter_mut().filter(|(_, own)| *own == id) {
                        *own = pinned;
                    }
                }
            }
            Some(Owner::Instance(_) | Owner::Requester(_)) | None => {}
        }
        self.model.enis.insert(pinned, eni);
        self.model.hosts_changed += 1;
        Ok(())
    }
}
