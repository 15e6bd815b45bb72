//! NAT gateways.

use std::net::Ipv4Addr;
use std::time::Duration;

use super::{ApiError, AssociateAddress, Ec2, New, Result};
use crate::ids::{AddressAssociationId, AllocationId, EniId, NatGatewayId, RouteTableId, SubnetId, VpcId};
use crate::model::{
    Connectivity, Eni, NatAddress, NatGateway, NatGatewayState, NatPlace, Owner, Route, RouteOrigin,
    RouteTable, Target, Zone,
};
use crate::seed;
use crate::wire::Mac;

/// Parameters of CreateNatGateway.
#[derive(Clone, Debug)]
pub struct CreateNatGateway {
    /// Name and id.
    pub new: New<NatGatewayId>,
    /// Where it is to be; a regional one has a VPC instead.
    pub subnet_id: Option<SubnetId>,
    /// The VPC of a regional one.
    pub vpc_id: Option<VpcId>,
    /// What it leads to.
    pub connectivity: Connectivity,
    /// The Elastic IP of a public one.
    pub allocation_id: Option<AllocationId>,
    /// Its private address; the lowest free one if none is given.
    pub private_ip_address: Option<Ipv4Addr>,
    /// So many private addresses beside it.
    pub secondary_private_ip_address_count: usize,
    /// The Elastic IPs of those.
    pub secondary_allocation_ids: Vec<AllocationId>,
}

/// How long an address that is taken away keeps its connections (aws: nat-drain).
const DRAIN: Duration = Duration::from_secs(350);

impl Ec2<'_> {
    /// Makes a NAT gateway. What is wrong with its addresses or its VPC does not fail the call, but the
    /// gateway (aws: nat-failed).
    pub fn create_nat_gateway(&mut self, request: CreateNatGateway) -> Result<NatGatewayId> {
        let is_public = request.connectivity == Connectivity::Public;
        match (request.subnet_id, request.vpc_id) {
            (Some(subnet), None) => self.create_zonal(request, subnet),
            // A regional gateway is public (aws: nat-regional).
            (None, Some(vpc)) if is_public => self.create_regional(request, vpc),
            (None, None) => Err(ApiError::code_only("MissingParameter")),
            (Some(_), Some(_)) | (None, Some(_)) => Err(ApiError::code_only("InvalidParameterCombination")),
        }
    }

    fn create_zonal(&mut self, request: CreateNatGateway, subnet_id: SubnetId) -> Result<NatGatewayId> {
        let subnet = self.subnet(subnet_id)?.clone();
        let is_public = request.connectivity == Connectivity::Public;
        if is_public != request.allocation_id.is_some() {
            let code = if is_public { "MissingParameter" } else { "InvalidParameterCombination" };
            return Err(ApiError::code_only(code));
        }
        let in_zone = |nat: &&NatGateway| match nat.place {
            NatPlace::Zonal { subnet: own, .. } => {
                nat.scope == self.caller
                    && nat.state == NatGatewayState::Available
                    && self.model.subnets.get(&own).is_some_and(|own| own.zone == subnet.zone)
            }
            NatPlace::Regional { .. } => false,
        };
        let max = self.model.quotas.nat_gateways_per_zone;
        let message = format!("Performing this operation would exceed the limit of {max} NAT gateways");
        let there = self.model.nat_gateways.values().filter(in_zone).count();
        self.check_quota(there, max, "NatGatewayLimitExceeded", &message)?;
        let secondary =
            request.secondary_private_ip_address_count.max(request.secondary_allocation_ids.len());
        if 1 + secondary > self.model.quotas.addresses_per_nat_gateway
            || usize::from(is_public) + request.secondary_allocation_ids.len()
                > self.model.quotas.elastic_ips_per_nat_gateway
        {
            return Err(ApiError::code_only("InvalidParameterValue"));
        }
        if let Some(address) = request.private_ip_address {
            self.check_address(&subnet, address)?;
        }
        let allocations: Vec<AllocationId> =
            request.allocation_id.into_iter().chain(request.secondary_allocation_ids).collect();
        if has_twins(&allocations) {
            return Err(ApiError::code_only("InvalidParameterValue"));
        }
        let within = subnet.vpc.to_string();
        let id = self.choose_id(&request.new, &within, |model| &model.nat_gateways, NatGatewayId::derive);
        let mut nat = NatGateway {
            id,
            name: request.new.name.clone(),
            scope: self.caller,
            vpc: subnet.vpc,
            connectivity: request.connectivity,
            place: NatPlace::Zonal { subnet: subnet_id, eni: None },
            addresses: Vec::new(),
            state: NatGatewayState::Available,
        };
        match self.give_addresses(&mut nat, subnet_id, request.private_ip_address, secondary, &allocations) {
            Ok(()) => {}
            Err(Refused::Failed(code, message)) => nat.state = NatGatewayState::Failed { code, message },
            Err(Refused::Call(error)) => return Err(error),
        }
        self.model.nat_gateways.insert(id, nat);
        Ok(id)
    }

    /// The gateway's interface with all its addresses, or why it fails.
    fn give_addresses(
        &mut self,
        nat: &mut NatGateway,
        subnet_id: SubnetId,
        primary: Option<Ipv4Addr>,
        secondary: usize,
        allocations: &[AllocationId],
    ) -> std::result::Result<(), Refused> {
        let subnet = self.model.subnet(subnet_id).clone();
        let vpc = self.model.vpc(subnet.vpc);
        if nat.connectivity == Connectivity::Public && vpc.internet_gateway.is_none() {
            let message = format!("Network {} has no Internet gateway attached", vpc.id);
            return Err(Refused::Failed("Gateway.NotAttached", message));
        }
        for &allocation in allocations {
            match self.elastic_ip(allocation) {
                Err(_) => {
                    let message = format!(
                        "Elastic IP address {allocation} could not be associated with this NAT gateway"
                    );
                    return Err(Refused::Failed("InvalidAllocationID.NotFound", message));
                }
                Ok(eip) if eip.association.is_some() => {
                    let message = format!("Elastic IP address {allocation} is already associated");
                    return Err(Refused::Failed("Resource.AlreadyAssociated", message));
                }
                Ok(_) => {}
            }
        }
        let mut addresses = Vec::new();
        if let Some(primary) = primary {
            addresses.push(self.check_address(&subnet, primary).map_err(Refused::Call)?);
        }
        let taken = &self.model.private_addresses;
        let is_free = |address: &Ipv4Addr| !taken.contains_key(&(subnet.vpc, *address));
        let wanted = 1 + secondary - addresses.len();
        let free: Vec<Ipv4Addr> = subnet
            .assignable()
            .filter(|address| is_free(address) && Some(*address) != primary)
            .take(wanted)
            .collect();
        if free.len() < wanted {
            let message = "Subnet has insufficient free addresses to create this NAT gateway".to_owned();
            return Err(Refused::Failed("InsufficientFreeAddressesInSubnet", message));
        }
        addresses.extend(free);
        let eni =
            self.own_interface(&nat.id.to_string(), subnet_id, addresses.clone(), Owner::NatGateway(nat.id));
        nat.place = NatPlace::Zonal { subnet: subnet_id, eni: Some(eni) };
        for (at, ip) in addresses.into_iter().enumerate() {
            let allocation = match allocations.get(at) {
                Some(&allocation) => Some((allocation, self.put_elastic_ip(allocation, eni, ip)?)),
                None => None,
            };
            nat.addresses.push(NatAddress { ip, allocation, zone: None, draining_until: None });
        }
        Ok(())
    }

    fn put_elastic_ip(
        &mut self,
        allocation_id: AllocationId,
        eni: EniId,
        private: Ipv4Addr,
    ) -> std::result::Result<AddressAssociationId, Refused> {
        let request = AssociateAddress {
            allocation_id,
            network_interface_id: eni,
            private_ip_address: Some(private),
            allow_reassociation: false,
        };
        self.associate_address(request).map_err(Refused::Call)
    }

    /// An interface of something that is not an instance: without groups, and without the check of
    /// addresses.
    pub(super) fn own_interface(
        &mut self,
        of: &str,
        subnet: SubnetId,
        private_ips: Vec<Ipv4Addr>,
        owner: Owner,
    ) -> EniId {
        let subnet = self.model.subnet(subnet);
        let (subnet, vpc) = (subnet.id, subnet.vpc);
        let id = EniId::derive(&[of, &subnet.to_string()]);
        for address in &private_ips {
            self.model.private_addresses.insert((vpc, *address), id);
        }
        let eni = Eni {
            id,
            name: None,
            subnet,
            vpc,
            mac: Mac::from_hash(seed::hash(&["eni", &id.to_string()])),
            private_ips,
            public: Vec::new(),
            source_dest_check: false,
            security_groups: Vec::new(),
            owner: Some(owner),
            tracking: crate::model::ConnectionTracking::default(),
            tags: [].into(),
            description: String::new(),
            ecs_task: None,
        };
        self.model.enis.insert(id, eni);
        self.model.hosts_changed += 1;
        id
    }

    /// A regional gateway follows the zones in which the VPC has interfaces (aws: nat-regional); how
    /// quickly it does is not simulated: it has an address in every zone with a subnet
    /// (assumed: nat-regional-zones).
    fn create_regional(&mut self, request: CreateNatGateway, vpc_id: VpcId) -> Result<NatGatewayId> {
        let vpc = self.vpc(vpc_id)?;
        let gateway = vpc.internet_gateway;
        let blocks: Vec<_> = vpc.blocks().collect();
        let id = self.choose_id(
            &request.new,
            &vpc_id.to_string(),
            |model| &model.nat_gateways,
            NatGatewayId::derive,
        );
        let route_table = RouteTableId::derive(&[&id.to_string(), "regional"]);
        let mut nat = NatGateway {
            id,
            name: request.new.name,
            scope: self.caller,
            vpc: vpc_id,
            connectivity: Connectivity::Public,
            place: NatPlace::Regional { route_table },
            addresses: Vec::new(),
            state: NatGatewayState::Available,
        };
        let Some(gateway) = gateway else {
            let message = format!("Network {vpc_id} has no Internet gateway attached");
            nat.state = NatGatewayState::Failed { code: "Gateway.NotAttached", message };
            self.model.nat_gateways.insert(id, nat);
            return Ok(id);
        };
        let mut zones: Vec<Zone> =
            self.model.subnets.values().filter(|s| s.vpc == vpc_id).map(|subnet| subnet.zone).collect();
        zones.sort();
        zones.dedup();
        // Elastic IPs that are given are the addresses of the first zones.
        let mut given = request.allocation_id.into_iter().chain(request.secondary_allocation_ids);
        for zone in zones {
            let allocation = given.next();
            let ip = match allocation {
                Some(allocation) => self.free_elastic_ip(allocation)?,
                None => self.choose_public_address(&format!("{id} {zone}")),
            };
            let association =
                |id: AllocationId| (id, AddressAssociationId::derive(&[&id.to_string(), &zone.to_string()]));
            let (zone, allocation) = (Some(zone), allocation.map(association));
            nat.addresses.push(NatAddress { ip, allocation, zone, draining_until: None });
        }
        let table = RouteTable::new(route_table, None, vpc_id, &blocks);
        self.model.route_tables.insert(route_table, table);
        let default = Route {
            destination: super::vpc::anywhere().into(),
            target: Target::InternetGateway(gateway),
            origin: RouteOrigin::CreateRoute,
        };
        self.put_route(route_table, default);
        for address in &nat.addresses {
            self.model.nat_public_addresses.insert(address.ip, id);
        }
        self.model.nat_gateways.insert(id, nat);
        Ok(id)
    }

    /// AssignPrivateNatGatewayAddress: so many more private addresses for a private gateway.
    pub fn assign_private_nat_gateway_address(&mut self, id: NatGatewayId, count: usize) -> Result<()> {
        let nat = self.nat_gateway(id)?;
        if nat.connectivity != Connectivity::Private {
            return Err(ApiError::code_only("InvalidParameterValue"));
        }
        self.add_nat_addresses(id, &vec![None; count])
    }

    /// AssociateNatGatewayAddress: more Elastic IPs for a public gateway, each with a private address.
    pub fn associate_nat_gateway_address(
        &mut self,
        id: NatGatewayId,
        allocations: &[AllocationId],
    ) -> Result<()> {
        let nat = self.nat_gateway(id)?;
        let elastic = nat.addresses.iter().filter(|address| address.allocation.is_some()).count();
        if nat.connectivity != Connectivity::Public
            || has_twins(allocations)
            || elastic + allocations.len() > self.model.quotas.elastic_ips_per_nat_gateway
        {
            return Err(ApiError::code_only("InvalidParameterValue"));
        }
        for &allocation in allocations {
            if self.elastic_ip(allocation)?.association.is_some() {
                return Err(ApiError::code_only("Resource.AlreadyAssociated"));
            }
        }
        let allocations: Vec<Option<AllocationId>> = allocations.iter().copied().map(Some).collect();
        self.add_nat_addresses(id, &allocations)
    }

    fn add_nat_addresses(&mut self, id: NatGatewayId, wanted: &[Option<AllocationId>]) -> Result<()> {
        let nat = self.nat_gateway(id)?;
        let Some(eni) = nat.eni().filter(|_| nat.state == NatGatewayState::Available) else {
            return Err(ApiError::code_only("InvalidParameterValue"));
        };
        if nat.addresses.len() + wanted.len() > self.model.quotas.addresses_per_nat_gateway {
            return Err(ApiError::code_only("InvalidParameterValue"));
        }
        let added = self.assign_private_ip_addresses(eni, &[], wanted.len())?;
        for (ip, allocation) in added.into_iter().zip(wanted) {
            let allocation = match *allocation {
                Some(allocation) => {
                    Some((allocation, self.put_elastic_ip(allocation, eni, ip).map_err(Refused::into_call)?))
                }
                None => None,
            };
            let address = NatAddress { ip, allocation, zone: None, draining_until: None };
            self.model.nat_gateways[&id].addresses.push(address);
        }
        Ok(())
    }

    /// DisassociateNatGatewayAddress: takes secondary Elastic IPs away; they keep their connections for a
    /// while (aws: nat-drain). The primary one cannot go (aws: nat-primary-address).
    pub fn disassociate_nat_gateway_address(
        &mut self,
        id: NatGatewayId,
        associations: &[AddressAssociationId],
    ) -> Result<()> {
        let nat = self.nat_gateway(id)?;
        let until = self.now + DRAIN;
        let at = |association: &AddressAssociationId| {
            let of = |address: &NatAddress| address.allocation.is_some_and(|(_, own)| own == *association);
            nat.addresses.iter().position(of)
        };
        let places: Vec<usize> = associations
            .iter()
            .map(|association| at(association).filter(|at| *at > 0))
            .collect::<Option<_>>()
            .ok_or_else(|| ApiError::code_only("InvalidParameterValue"))?;
        for at in places {
            self.model.nat_gateways[&id].addresses[at].draining_until = Some(until);
        }
        Ok(())
    }

    /// Lets go of the addresses that have drained: they are free again, the private ones too (aws: nat-drain).
    pub(super) fn end_drained_addresses(&mut self) {
        let now = self.now;
        let has_drained = |address: &NatAddress| address.draining_until.is_some_and(|until| until <= now);
        let gateways = self.model.nat_gateways.values();
        let drained: Vec<(NatGatewayId, EniId, Ipv4Addr)> = gateways
            .filter_map(|nat| Some((nat, nat.eni()?)))
            .flat_map(|(nat, eni)| nat.addresses.iter().map(move |address| (nat.id, eni, address)))
            .filter(|(_, _, address)| has_drained(address))
            .map(|(id, eni, address)| (id, eni, address.ip))
            .collect();
        for (id, eni, ip) in drained {
            self.model.nat_gateways[&id].addresses.retain(|address| address.ip != ip);
            let Some(vpc) = self.model.enis.get(&eni).map(|eni| eni.vpc) else { continue };
            self.unmap(eni, ip);
            self.model.private_addresses.shift_remove(&(vpc, ip));
            self.model.enis[&eni].private_ips.retain(|own| *own != ip);
        }
    }

    /// Deletes a gateway: its Elastic IPs are free again, its routes stay as blackholes
    /// (aws: nat-deleted-blackhole).
    pub fn delete_nat_gateway(&mut self, id: NatGatewayId) -> Result<()> {
        let nat = self.nat_gateway(id)?.clone();
        if nat.state == NatGatewayState::Deleted {
            return Ok(());
        }
        if let Some(eni) = nat.eni() {
            self.remove_interface(eni);
        }
        if let NatPlace::Regional { route_table } = nat.place {
            self.model.route_tables.shift_remove(&route_table);
            self.model.nat_public_addresses.retain(|_, owner| *owner != id);
        }
        self.model.nat_gateways[&id].state = NatGatewayState::Deleted;
        Ok(())
    }
}

/// Whether something is named twice.
fn has_twins(allocations: &[AllocationId]) -> bool {
    allocations.iter().enumerate().any(|(at, allocation)| allocations[..at].contains(allocation))
}

/// Why a gateway does not get its addresses.
enum Refused {
    /// The call itself is refused.
    Call(ApiError),
    /// The gateway is made, and fails: code and message.
    Failed(&'static str, String),
}

impl Refused {
    fn into_call(self) -> ApiError {
        match self {
            Self::Call(error) => error,
            Self::Failed(code, message) => ApiError::new(code, message),
        }
    }
}
