//! VPC endpoints.

use super::{ApiError, Ec2, New, Result};
use crate::ids::{RouteTableId, SecurityGroupId, SubnetId, VpcEndpointId, VpcId};
use crate::model::{
    Destination, EndpointKind, Owner, Policy, PrincipalPattern, Route, RouteOrigin, Selection, ServiceName,
    Target, VpcEndpoint, dns,
};

/// Parameters of CreateVpcEndpoint.
#[derive(Clone, Debug)]
pub struct CreateVpcEndpoint {
    /// Name and id.
    pub new: New<VpcEndpointId>,
    /// The VPC.
    pub vpc_id: VpcId,
    /// The service.
    pub service_name: ServiceName,
    /// Of which kind it is to be.
    pub kind: NewEndpointKind,
    /// What may be done through it; everything if nothing is said.
    pub policy_document: Option<String>,
}

/// What a new endpoint consists of.
#[derive(Clone, Debug)]
pub enum NewEndpointKind {
    /// Routes in these tables.
    Gateway {
        /// The tables.
        route_table_ids: Vec<RouteTableId>,
    },
    /// Interfaces in these subnets.
    Interface {
        /// The subnets, each in another zone.
        subnet_ids: Vec<SubnetId>,
        /// The groups of the interfaces; the VPC's default one if none is given
        /// (aws: sg-default-when-none).
        security_group_ids: Vec<SecurityGroupId>,
        /// Whether the service's own name leads there.
        private_dns_enabled: bool,
        /// `DnsOptions.PrivateDnsOnlyForInboundResolverEndpoint`, of S3 only: on unless it is said to be
        /// off (aws: endpoint-s3-private-dns).
        private_dns_only_for_inbound_resolver_endpoint: Option<bool>,
    },
}

/// Parameters of ModifyVpcEndpoint.
#[derive(Clone, Debug, Default)]
#[allow(missing_docs, reason = "each field is the parameter it is named after")]
pub struct ModifyVpcEndpoint {
    pub add_route_table_ids: Vec<RouteTableId>,
    pub remove_route_table_ids: Vec<RouteTableId>,
    pub add_subnet_ids: Vec<SubnetId>,
    pub remove_subnet_ids: Vec<SubnetId>,
    pub add_security_group_ids: Vec<SecurityGroupId>,
    pub remove_security_group_ids: Vec<SecurityGroupId>,
    pub private_dns_enabled: Option<bool>,
    pub private_dns_only_for_inbound_resolver_endpoint: Option<bool>,
    pub policy_document: Option<String>,
    pub reset_policy: bool,
}

/// The services that have gateway endpoints (aws: endpoint-gateway).
const GATEWAY_SERVICES: [&str; 2] = ["s3", "dynamodb"];

impl Ec2<'_> {
    /// Makes an endpoint for a service of the caller's region (aws: endpoint-region).
    pub fn create_vpc_endpoint(&mut self, request: CreateVpcEndpoint) -> Result<VpcEndpointId> {
        self.vpc(request.vpc_id)?;
        let service = &request.service_name;
        let has_gateways = GATEWAY_SERVICES.contains(&service.service());
        let is_gateway = matches!(request.kind, NewEndpointKind::Gateway { .. });
        if service.region() != self.caller.region || (is_gateway && !has_gateways) {
            let message = format!("The Vpc Endpoint Service '{service}' does not exist");
            return Err(ApiError::new("InvalidServiceName", message));
        }
        let policy = match &request.policy_document {
            Some(document) => read_policy(document, is_gateway)?,
            None => Policy::allow_all(),
        };
        match request.kind.clone() {
            NewEndpointKind::Gateway { route_table_ids } => {
                self.create_gateway(request, policy, route_table_ids)
            }
            NewEndpointKind::Interface {
                subnet_ids,
                security_group_ids,
                private_dns_enabled,
                private_dns_only_for_inbound_resolver_endpoint,
            } => {
                let names = (private_dns_enabled, private_dns_only_for_inbound_resolver_endpoint);
                self.create_interface(request, policy, &subnet_ids, &security_group_ids, names)
            }
        }
    }

    fn create_gateway(
        &mut self,
        request: CreateVpcEndpoint,
        policy: Policy,
        tables: Vec<RouteTableId>,
    ) -> Result<VpcEndpointId> {
        let here = |endpoint: &&VpcEndpoint| {
            endpoint.scope == self.caller && matches!(endpoint.kind, EndpointKind::Gateway { .. })
        };
        let here = self.model.endpoints.values().filter(here).count();
        let max = self.model.quotas.gateway_endpoints_per_region;
        self.check_quota(here, max, "VpcEndpointLimitExceeded", "")?;
        let prefix_list = self.managed_prefix_list(request.service_name.service())?;
        for &table in &tables {
            self.check_endpoint_table(request.vpc_id, table, prefix_list)?;
        }
        let within = request.vpc_id.to_string();
        let id = self.choose_id(&request.new, &within, |model| &model.endpoints, VpcEndpointId::derive);
        let kind = EndpointKind::Gateway { prefix_list, route_tables: tables.clone() };
        self.insert_endpoint(id, request, policy, kind);
        for table in tables {
            self.put_endpoint_route(id, table, prefix_list);
        }
        Ok(id)
    }

    fn insert_endpoint(
        &mut self,
        id: VpcEndpointId,
        request: CreateVpcEndpoint,
        policy: Policy,
        kind: EndpointKind,
    ) {
        let endpoint = VpcEndpoint {
            id,
            name: request.new.name,
            scope: self.caller,
            vpc: request.vpc_id,
            service: request.service_name,
            kind,
            policy,
        };
        self.model.endpoints.insert(id, endpoint);
    }

    /// A table of the VPC that has no endpoint for the service yet (aws: endpoint-one-per-table).
    fn check_endpoint_table(
        &self,
        vpc: VpcId,
        table: RouteTableId,
        prefix_list: crate::ids::PrefixListId,
    ) -> Result<()> {
        let table = self.route_table(table)?;
        if table.vpc != vpc {
            return Err(ApiError::code_only("InvalidParameter"));
        }
        if table.route_to(Destination::PrefixList(prefix_list)).is_some() {
            let message = format!(
                "route table {} already has a route with destination-prefix-list-id {prefix_list}",
                table.id
            );
            return Err(ApiError::new("RouteAlreadyExists", message));
        }
        Ok(())
    }

    fn put_endpoint_route(
        &mut self,
        id: VpcEndpointId,
        table: RouteTableId,
        prefix_list: crate::ids::PrefixListId,
    ) {
        let route = Route {
            destination: Destination::PrefixList(prefix_list),
            target: Target::GatewayEndpoint(id),
            origin: RouteOrigin::CreateRoute,
        };
        self.put_route(table, route);
    }

    fn create_interface(
        &mut self,
        request: CreateVpcEndpoint,
        policy: Policy,
        subnets: &[SubnetId],
        groups: &[SecurityGroupId],
        (private_dns, inbound_only): (bool, Option<bool>),
    ) -> Result<VpcEndpointId> {
        let there = |endpoint: &&VpcEndpoint| {
            endpoint.vpc == request.vpc_id && matches!(endpoint.kind, EndpointKind::Interface { .. })
        };
        let there = self.model.endpoints.values().filter(there).count();
        let max = self.model.quotas.interface_endpoints_per_vpc;
        self.check_quota(there, max, "VpcEndpointLimitExceeded", "")?;
        self.check_subnets_of_zones(request.vpc_id, &[], subnets, "InvalidParameter")?;
        let (private_dns, inbound_only) =
            self.check_private_dns(None, &request.service_name, request.vpc_id, private_dns, inbound_only)?;
        let vpc = self.vpc(request.vpc_id)?;
        let groups = match (groups, subnets.first()) {
            ([], _) | (_, None) => vec![vpc.default_security_group],
            (groups, Some(subnet)) => self.check_groups(groups, *subnet)?,
        };
        let within = request.vpc_id.to_string();
        let id = self.choose_id(&request.new, &within, |model| &model.endpoints, VpcEndpointId::derive);
        let kind = EndpointKind::Interface { interfaces: Vec::new(), private_dns, inbound_only };
        self.insert_endpoint(id, request, policy, kind);
        for &subnet in subnets {
            self.add_endpoint_interface(id, subnet, groups.clone())?;
        }
        Ok(id)
    }

    /// Whether the service's own name may lead to an endpoint, and whether it then does so for those only
    /// who ask an inbound endpoint of the resolver.
    fn check_private_dns(
        &self,
        own: Option<VpcEndpointId>,
        service: &ServiceName,
        vpc: VpcId,
        private_dns: bool,
        inbound_only: Option<bool>,
    ) -> Result<(bool, bool)> {
        let is_s3 = service.service() == "s3";
        if inbound_only.is_some() && !is_s3 {
            return Err(ApiError::code_only("InvalidParameter"));
        }
        if !private_dns {
            return Ok((false, false));
        }
        let refused = |message: String| Err(ApiError::new("InvalidParameter", message));
        // aws: endpoint-private-dns-attributes
        if !self.vpc(vpc)?.has_names() {
            return refused(format!(
                "Enabling private DNS requires both enableDnsSupport and enableDnsHostnames VPC attributes set to \
                 true for {vpc}"
            ));
        }
        let mut others = self
            .model
            .endpoints
            .values()
            .filter(|other| other.vpc == vpc && other.service == *service && Some(other.id) != own);
        // A name leads to one endpoint (aws: endpoint-private-dns-conflict).
        if others.clone().any(VpcEndpoint::has_private_dns) {
            let domain = dns::service_domain(service);
            return refused(format!(
                "private-dns-enabled cannot be set because there is already a conflicting DNS domain for {domain} \
                 in the VPC {vpc}"
            ));
        }
        // aws: endpoint-s3-private-dns
        let inbound_only = is_s3 && inbound_only.unwrap_or(true);
        let is_gateway = |other: &VpcEndpoint| matches!(other.kind, EndpointKind::Gateway { .. });
        if inbound_only && !others.any(is_gateway) {
            return refused(format!(
                "To set PrivateDnsOnlyForInboundResolverEndpoint to true, the VPC {vpc} must have a gateway \
                 endpoint for the service."
            ));
        }
        Ok((true, inbound_only))
    }

    /// One interface in a zone (aws: endpoint-interface).
    fn add_endpoint_interface(
        &mut self,
        id: VpcEndpointId,
        subnet: SubnetId,
        groups: Vec<SecurityGroupId>,
    ) -> Result<()> {
        let address = self.free_address(subnet);
        let address = address.ok_or_else(|| ApiError::code_only("InsufficientFreeAddressesInSubnet"))?;
        let eni = self.own_interface(&id.to_string(), subnet, vec![address], Owner::InterfaceEndpoint(id));
        self.model.enis[&eni].security_groups = groups;
        self.model.enis[&eni].source_dest_check = true;
        if let EndpointKind::Interface { interfaces, .. } = &mut self.model.endpoints[&id].kind {
            interfaces.push((subnet, eni));
        }
        Ok(())
    }

    /// Changes the policy of an endpoint, the tables of a gateway endpoint, the subnets and groups of an
    /// interface endpoint.
    pub fn modify_vpc_endpoint(&mut self, id: VpcEndpointId, change: ModifyVpcEndpoint) -> Result<()> {
        let endpoint = self.endpoint(id)?.clone();
        let is_gateway = matches!(endpoint.kind, EndpointKind::Gateway { .. });
        let policy = match (&change.policy_document, change.reset_policy) {
            (Some(_), true) => return Err(self.invalid_combination()),
            (Some(document), false) => Some(read_policy(document, is_gateway)?),
            (None, true) => Some(Policy::allow_all()),
            (None, false) => None,
        };
        let names = self.changed_private_dns(&endpoint, &change)?;
        self.change_ways(&endpoint, change)?;
        if let Some((on, only)) = names
            && let EndpointKind::Interface { private_dns, inbound_only, .. } =
                &mut self.model.endpoints[&id].kind
        {
            (*private_dns, *inbound_only) = (on, only);
        }
        if let Some(policy) = policy {
            self.model.endpoints[&id].policy = policy;
        }
        Ok(())
    }

    /// What a change makes of private DNS, if it says anything about it.
    fn changed_private_dns(
        &self,
        endpoint: &VpcEndpoint,
        change: &ModifyVpcEndpoint,
    ) -> Result<Option<(bool, bool)>> {
        let (on, only) = (change.private_dns_enabled, change.private_dns_only_for_inbound_resolver_endpoint);
        if on.is_none() && only.is_none() {
            return Ok(None);
        }
        let EndpointKind::Interface { private_dns, inbound_only, .. } = endpoint.kind else {
            return Err(ApiError::code_only("InvalidParameter"));
        };
        let on = on.unwrap_or(private_dns);
        let only =
            only.or(private_dns.then_some(inbound_only).filter(|_| endpoint.service.service() == "s3"));
        self.check_private_dns(Some(endpoint.id), &endpoint.service, endpoint.vpc, on, only).map(Some)
    }

    fn change_ways(&mut self, endpoint: &VpcEndpoint, change: ModifyVpcEndpoint) -> Result<()> {
        let id = endpoint.id;
        match &endpoint.kind {
            EndpointKind::Gateway { prefix_list, .. } => {
                for &table in &change.add_route_table_ids {
                    self.check_endpoint_table(endpoint.vpc, table, *prefix_list)?;
                }
                let is_own = |route: &Route| route.target == Target::GatewayEndpoint(id);
                for &table in &change.remove_route_table_ids {
                    self.route_table(table)?;
                }
                for &table in &change.remove_route_table_ids {
                    self.remove_routes(table, is_own);
                }
                for &table in &change.add_route_table_ids {
                    self.put_endpoint_route(id, table, *prefix_list);
                }
                if let EndpointKind::Gateway { route_tables, .. } = &mut self.model.endpoints[&id].kind {
                    route_tables.retain(|table| !change.remove_route_table_ids.contains(table));
                    route_tables.extend(change.add_route_table_ids);
                }
                Ok(())
            }
            EndpointKind::Interface { interfaces, .. } => {
                let there: Vec<SubnetId> = interfaces
                    .iter()
                    .map(|(subnet, _)| *subnet)
                    .filter(|subnet| !change.remove_subnet_ids.contains(subnet))
                    .collect();
                self.check_subnets_of_zones(
                    endpoint.vpc,
                    &there,
                    &change.add_subnet_ids,
                    "InvalidParameter",
                )?;
                self.change_interfaces(id, interfaces, change)
            }
        }
    }

    fn change_interfaces(
        &mut self,
        id: VpcEndpointId,
        interfaces: &[(SubnetId, crate::ids::EniId)],
        change: ModifyVpcEndpoint,
    ) -> Result<()> {
        let first = interfaces.first().map(|(_, eni)| self.model.eni(*eni).security_groups.clone());
        let mut groups = first
            .unwrap_or_else(|| vec![self.model.vpc(self.model.endpoints[&id].vpc).default_security_group]);
        groups.retain(|group| !change.remove_security_group_ids.contains(group));
        groups.extend(&change.add_security_group_ids);
        // An interface has one group at least (aws: sg-at-least-one).
        if groups.is_empty() {
            return Err(ApiError::code_only("InvalidParameter"));
        }
        if let Some((subnet, _)) = interfaces.first() {
            groups = self.check_groups(&groups, *subnet)?;
        }
        for (subnet, eni) in interfaces {
            if change.remove_subnet_ids.contains(subnet) {
                self.remove_interface(*eni);
            } else {
                self.model.enis[eni].security_groups.clone_from(&groups);
            }
        }
        if let EndpointKind::Interface { interfaces, .. } = &mut self.model.endpoints[&id].kind {
            interfaces.retain(|(subnet, _)| !change.remove_subnet_ids.contains(subnet));
        }
        for subnet in change.add_subnet_ids {
            self.add_endpoint_interface(id, subnet, groups.clone())?;
        }
        Ok(())
    }

    /// Deletes endpoints with their routes and interfaces.
    pub fn delete_vpc_endpoints(&mut self, ids: &[VpcEndpointId]) -> Result<()> {
        for &id in ids {
            let endpoint = self.endpoint(id)?;
            // Names for inbound endpoints only need the gateway endpoint for everybody else
            // (aws: endpoint-s3-private-dns). The code is not documented.
            let needs = |other: &VpcEndpoint| {
                matches!(other.kind, EndpointKind::Interface { inbound_only: true, .. })
                    && (other.vpc, &other.service) == (endpoint.vpc, &endpoint.service)
                    && !ids.contains(&other.id)
            };
            let is_gateway = matches!(endpoint.kind, EndpointKind::Gateway { .. });
            if is_gateway && self.model.endpoints.values().any(needs) {
                return Err(ApiError::code_only("OperationNotPermitted"));
            }
        }
        for id in ids {
            let Some(endpoint) = self.model.endpoints.get(id).cloned() else { continue };
            match endpoint.kind {
                EndpointKind::Gateway { route_tables, .. } => {
                    for table in route_tables {
                        self.remove_routes(table, |route| route.target == Target::GatewayEndpoint(*id));
                    }
                }
                EndpointKind::Interface { interfaces, .. } => {
                    for (_, eni) in interfaces {
                        self.remove_interface(eni);
                    }
                }
            }
            self.model.endpoints.shift_remove(id);
        }
        Ok(())
    }
}

/// The longest policy of an endpoint in characters, white space included (aws: endpoint-policy-size).
const POLICY_MAX: usize = 20_480;

/// The policy of an endpoint. Those of gateway endpoints are about everybody; conditions say who else
/// is meant (aws: endpoint-policy-gateway-principal).
fn read_policy(document: &str, is_gateway: bool) -> Result<Policy> {
    let refused = || ApiError::code_only("InvalidPolicyDocument");
    let policy: Policy = document.parse().map_err(|_| refused())?;
    let is_complete = policy
        .statements
        .iter()
        .all(|statement| statement.principals.is_some() && statement.resources.is_some());
    let everybody = Selection::Only(vec![PrincipalPattern::Everybody]);
    let is_about_everybody =
        policy.statements.iter().all(|statement| statement.principals.as_ref() == Some(&everybody));
    let fits = document.chars().count() <= POLICY_MAX;
    if is_complete && fits && (is_about_everybody || !is_gateway) { Ok(policy) } else { Err(refused()) }
}
