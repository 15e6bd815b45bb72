//! Route tables, routes and associations.

use ipnet::Ipv4Net;

use super::{ApiError, Ec2, New, Result, dependency_violation};
use crate::ids::{PeeringId, RouteTableAssociationId, RouteTableId, SubnetId, VpcId, VpnGatewayId};
use crate::model::{
    Destination, EndpointKind, Gateway, Model, PeeringStatus, Route, RouteOrigin, RouteTable,
    RouteTableAssociation, Target, VpnEnd,
};

/// Parameters of CreateRoute and ReplaceRoute.
#[derive(Clone, Copy, Debug)]
pub struct CreateRoute {
    /// The table.
    pub route_table_id: RouteTableId,
    /// Where packets are going.
    pub destination: Destination,
    /// What carries them there. `Local` only with ReplaceRoute.
    pub target: Target,
}

/// Link-local services; no route may lead there (aws: route-reserved-destination).
const LINK_LOCAL_SERVICES: &str = "169.254.168.0/22";

impl Ec2<'_> {
    /// Makes a table with the VPC's local routes.
    pub fn create_route_table(&mut self, new: New<RouteTableId>, vpc_id: VpcId) -> Result<RouteTableId> {
        let cidrs: Vec<Ipv4Net> = self.vpc(vpc_id)?.blocks().collect();
        let there = self.model.route_tables.values().filter(|table| table.vpc == vpc_id).count();
        self.check_quota(there, self.model.quotas.route_tables_per_vpc, "RouteTableLimitExceeded", "")?;
        let id = self.choose_id(&new, &vpc_id.to_string(), |model| &model.route_tables, RouteTableId::derive);
        self.model.route_tables.insert(id, RouteTable::new(id, new.name, vpc_id, &cidrs));
        Ok(id)
    }

    /// Deletes a custom table that neither subnets nor gateways use.
    pub fn delete_route_table(&mut self, id: RouteTableId) -> Result<()> {
        let table = self.route_table(id)?;
        let associated =
            |subnet: &crate::model::Subnet| subnet.route_table.is_some_and(|own| own.table == id);
        if table.main_association.is_some()
            || !table.gateways.is_empty()
            || self.model.subnets.values().any(associated)
        {
            return Err(dependency_violation("routeTable", id));
        }
        self.model.route_tables.shift_remove(&id);
        for endpoint in self.model.endpoints.values_mut() {
            if let EndpointKind::Gateway { route_tables, .. } = &mut endpoint.kind {
                route_tables.retain(|table| *table != id);
            }
        }
        Ok(())
    }

    /// Adds a route.
    pub fn create_route(&mut self, request: CreateRoute) -> Result<()> {
        let table = self.route_table(request.route_table_id)?;
        let destination = self.canonical(request.destination)?;
        self.check_target(table, request.target)?;
        self.check_destination(table, destination, request.target)?;
        self.check_free(table, destination)?;
        if self.route_weight(table) + self.weight_of(destination) > self.model.quotas.routes_per_route_table {
            let message = "The maximum number of routes has been reached.";
            return Err(ApiError::new("RouteLimitExceeded", message));
        }
        let route = Route { destination, target: request.target, origin: RouteOrigin::CreateRoute };
        self.put_route(request.route_table_id, route);
        Ok(())
    }

    pub(super) fn check_free(&self, table: &RouteTable, destination: Destination) -> Result<()> {
        if table.route_to(destination).is_some() {
            let message = format!("The route identified by {destination} already exists.");
            return Err(ApiError::new("RouteAlreadyExists", message));
        }
        Ok(())
    }

    /// Routes that count: those added by hand; one with a prefix list counts as the list's largest size
    /// (aws: route-quota).
    fn route_weight(&self, table: &RouteTable) -> usize {
        let by_hand = |route: &&Route| route.origin == RouteOrigin::CreateRoute;
        table.routes().iter().filter(by_hand).map(|route| self.weight_of(route.destination)).sum()
    }

    fn weight_of(&self, destination: Destination) -> usize {
        match destination {
            Destination::Cidr(_) => 1,
            Destination::PrefixList(id) => {
                self.model.prefix_lists.get(&id).map_or(1, |list| list.max_entries)
            }
        }
    }

    /// A block with its host bits cleared (aws: route-canonical), or a prefix list that exists.
    pub(super) fn canonical(&self, destination: Destination) -> Result<Destination> {
        match destination {
            Destination::Cidr(block) => Ok(Destination::Cidr(block.trunc())),
            Destination::PrefixList(id) => self.prefix_list(id).map(|_| destination),
        }
    }

    pub(super) fn put_route(&mut self, table: RouteTableId, route: Route) {
        let Model { route_tables, prefix_lists, .. } = &mut *self.model;
        route_tables[&table].insert(route, prefix_lists);
    }

    pub(super) fn remove_routes(&mut self, table: RouteTableId, gone: impl Fn(&Route) -> bool) {
        let Model { route_tables, prefix_lists, .. } = &mut *self.model;
        route_tables[&table].remove(gone, prefix_lists);
    }

    /// What EC2 says of a route with no target, or with several (aws: route-one-target).
    pub fn one_target(&self, code: &'static str) -> ApiError {
        let message = "The request must contain exactly one of gatewayId, natGatewayId, networkInterfaceId, \
                       vpcPeeringConnectionId, egressOnlyInternetGatewayId, transitGatewayId, localGatewayId or \
                       instanceId";
        ApiError::new(code, message)
    }

    /// What EC2 says of a route with no destination, or with several.
    pub fn one_destination(&self, code: &'static str) -> ApiError {
        let message = "The request must contain exactly one of: destinationCidrBlock, destinationIpv6CidrBlock, \
                       destinationPrefixListId";
        ApiError::new(code, message)
    }

    /// Changes the target of a route.
    pub fn replace_route(&mut self, request: CreateRoute) -> Result<()> {
        let table = self.route_table(request.route_table_id)?;
        let destination = self.canonical(request.destination)?;
        let Some(&existing) = table.route_to(destination) else {
            let message = format!(
                "There is no route defined for '{destination}' in the route table. Use CreateRoute instead."
            );
            return Err(ApiError::new("InvalidParameterValue", message));
        };
        self.check_target(table, request.target)?;
        match (existing.origin, request.target, destination) {
            // The route of an endpoint changes with the endpoint only (aws: endpoint-route-managed).
            _ if matches!(existing.target, Target::GatewayEndpoint(_)) => {
                return Err(ApiError::code_only("InvalidParameterValue"));
            }
            (RouteOrigin::CreateRouteTable, Target::Local, _) => {}
            // The destination of a local route is one of the VPC's own blocks, and may stay one
            // (aws: rtb-local-target).
            (RouteOrigin::CreateRouteTable, target, _) if may_lead_inside(target) => {}
            (RouteOrigin::CreateRouteTable, _, Destination::Cidr(block)) => {
                return Err(not_inside_vpc(block));
            }
            (_, _, _) => self.check_destination(table, destination, request.target)?,
        }
        self.put_route(request.route_table_id, Route { target: request.target, ..existing });
        Ok(())
    }

    /// Removes a route that was added.
    pub fn delete_route(&mut self, id: RouteTableId, destination: Destination) -> Result<()> {
        let destination = match destination {
            Destination::Cidr(block) => Destination::Cidr(block.trunc()),
            Destination::PrefixList(_) => destination,
        };
        match self.route_table(id)?.route_to(destination) {
            None => {
                let parameter = match destination {
                    Destination::Cidr(_) => "destination-cidr-block",
                    Destination::PrefixList(_) => "destination-prefix-list-id",
                };
                let message = format!("no route with {parameter} {destination} in route table {id}");
                Err(ApiError::new("InvalidRoute.NotFound", message))
            }
            Some(route) if route.origin == RouteOrigin::CreateRouteTable => {
                let message = format!("cannot remove local route {destination} in route table {id}");
                Err(ApiError::new("InvalidParameterValue", message))
            }
            // aws: endpoint-route-managed
            Some(Route { target: Target::GatewayEndpoint(_), .. }) => {
                Err(ApiError::code_only("InvalidParameterValue"))
            }
            Some(_) => {
                self.remove_routes(id, |route| {
                    route.destination == destination && route.origin == RouteOrigin::CreateRoute
                });
                Ok(())
            }
        }
    }

    /// Takes over the routes of a virtual private gateway from now on; a table of a gateway cannot
    /// (aws: rtb-gateway).
    pub fn enable_vgw_route_propagation(&mut self, id: RouteTableId, gateway: VpnGatewayId) -> Result<()> {
        let attached = self.vpn_gateway(gateway)?.vpc;
        let table = self.route_table(id)?;
        if attached != Some(table.vpc) {
            return Err(ApiError::code_only("Gateway.NotAttached"));
        }
        if !table.gateways.is_empty() {
            return Err(ApiError::code_only("InvalidParameterValue"));
        }
        let table = &mut self.model.route_tables[&id];
        if !table.propagating.contains(&gateway) {
            table.propagating.push(gateway);
        }
        self.propagate();
        Ok(())
    }

    /// Takes them over no longer.
    pub fn disable_vgw_route_propagation(&mut self, id: RouteTableId, gateway: VpnGatewayId) -> Result<()> {
        self.route_table(id)?;
        self.model.route_tables[&id].propagating.retain(|known| *known != gateway);
        self.propagate();
        Ok(())
    }

    /// Works out all propagated routes again; to be called when VPN connections have changed.
    pub(super) fn propagate(&mut self) {
        let Model { route_tables, prefix_lists, vpn_connections, .. } = &mut *self.model;
        let is_propagated = |route: &Route| route.origin == RouteOrigin::EnableVgwRoutePropagation;
        for table in route_tables.values_mut() {
            if table.propagating.is_empty() && !table.routes().iter().any(is_propagated) {
                continue;
            }
            table.remove(is_propagated, prefix_lists);
            for gateway in table.propagating.clone() {
                let of_gateway =
                    vpn_connections.values().filter(|vpn| vpn.end == VpnEnd::VpnGateway(gateway));
                for block in of_gateway.flat_map(|vpn| &vpn.routes) {
                    let route = Route {
                        destination: Destination::Cidr(*block),
                        target: Target::VpnGateway(gateway),
                        origin: RouteOrigin::EnableVgwRoutePropagation,
                    };
                    table.insert(route, prefix_lists);
                }
            }
        }
    }

    /// Lets a table route what comes in through a gateway of the VPC (aws: rtb-gateway).
    pub fn associate_gateway_route_table(
        &mut self,
        id: RouteTableId,
        gateway: Gateway,
    ) -> Result<RouteTableAssociationId> {
        self.check_table_of_gateway(id, gateway)?;
        let taken = |table: &RouteTable| table.gateways.iter().any(|(_, other)| *other == gateway);
        if self.model.route_tables.values().any(taken) {
            let message = format!(
                "the specified association for route table {id} conflicts with an existing association"
            );
            return Err(ApiError::new("Resource.AlreadyAssociated", message));
        }
        Ok(self.put_before_gateway(id, gateway))
    }

    fn put_before_gateway(&mut self, id: RouteTableId, gateway: Gateway) -> RouteTableAssociationId {
        let association = RouteTableAssociationId::derive(&[
            &id.to_string(),
            &format!("{gateway:?}"),
            &self.next_unnamed(),
        ]);
        self.model.route_tables[&id].gateways.push((association, gateway));
        association
    }

    /// Whether a table can be that of a gateway.
    fn check_table_of_gateway(&self, id: RouteTableId, gateway: Gateway) -> Result<()> {
        let table = self.route_table(id)?;
        let vpc = match gateway {
            Gateway::Internet(gateway) => self.internet_gateway(gateway)?.vpc,
            Gateway::Vpn(gateway) => self.vpn_gateway(gateway)?.vpc,
        };
        if vpc != Some(table.vpc) {
            let name = match gateway {
                Gateway::Internet(gateway) => gateway.to_string(),
                Gateway::Vpn(gateway) => gateway.to_string(),
            };
            let message = format!("route table {id} and network gateway {name} belong to different networks");
            return Err(ApiError::new("InvalidParameterValue", message));
        }
        // A main table cannot be one, and routes must stay in the VPC (aws: rtb-gateway).
        let stays = |route: &Route| {
            let inside = |block: Ipv4Net| self.is_vpc_or_subnet(table.vpc, block);
            matches!(route.target, Target::Local | Target::NetworkInterface(_))
                && route.destination.cidr().is_some_and(inside)
        };
        if table.main_association.is_some()
            || !table.propagating.is_empty()
            || !table.routes().iter().all(stays)
        {
            return Err(ApiError::code_only("InvalidParameterValue"));
        }
        Ok(())
    }

    /// The table and gateway of an association between the two.
    fn gateway_association(&self, association: RouteTableAssociationId) -> Option<(RouteTableId, Gateway)> {
        let mut all =
            self.model.route_tables.values().flat_map(|table| {
                table.gateways.iter().map(move |(id, gateway)| (*id, (table.id, *gateway)))
            });
        all.find(|(id, _)| *id == association).map(|(_, found)| found)
    }

    fn is_vpc_or_subnet(&self, vpc: VpcId, block: Ipv4Net) -> bool {
        self.model.vpc(vpc).blocks().any(|own| own == block)
            || self.model.subnets.values().any(|subnet| subnet.vpc == vpc && subnet.cidr == block)
    }

    /// The associations of a gateway end with its attachment.
    pub(super) fn forget_gateway(&mut self, gateway: Gateway) {
        for table in self.model.route_tables.values_mut() {
            table.gateways.retain(|(_, associated)| *associated != gateway);
        }
    }

    /// Gives a subnet a table of its own.
    pub fn associate_route_table(
        &mut self,
        table: RouteTableId,
        subnet: SubnetId,
    ) -> Result<RouteTableAssociationId> {
        self.check_same_vpc(table, subnet)?;
        if self.subnet(subnet)?.route_table.is_some() {
            let message = format!(
                "the specified association for route table {table} conflicts with an existing association"
            );
            return Err(ApiError::new("Resource.AlreadyAssociated", message));
        }
        Ok(self.set_association(table, subnet))
    }

    /// Takes a subnet's own table away; the main one applies again.
    pub fn disassociate_route_table(&mut self, association: RouteTableAssociationId) -> Result<()> {
        if self.model.route_tables.values().any(|table| table.main_association == Some(association)) {
            let message = format!("cannot disassociate the main route table association {association}");
            return Err(ApiError::new("InvalidParameterValue", message));
        }
        if let Some((table, _)) = self.gateway_association(association) {
            self.route_table_mut(table)?.gateways.retain(|(id, _)| *id != association);
            return Ok(());
        }
        let subnet = self.subnet_with_association(association)?;
        self.subnet_mut(subnet)?.route_table = None;
        Ok(())
    }

    /// Moves an association to another table: a subnet's, a gateway's, or the one that makes a table the main one.
    pub fn replace_route_table_association(
        &mut self,
        association: RouteTableAssociationId,
        table: RouteTableId,
    ) -> Result<RouteTableAssociationId> {
        let vpc_id = self.route_table(table)?.vpc;
        let main = self.model.vpc(vpc_id).main_route_table;
        if self.model.route_tables[&main].main_association == Some(association) {
            // aws: rtb-gateway
            if !self.model.route_tables[&table].gateways.is_empty() {
                return Err(ApiError::code_only("InvalidParameterValue"));
            }
            let id = RouteTableAssociationId::derive(&[&table.to_string(), "main", &self.next_unnamed()]);
            self.model.route_tables[&main].main_association = None;
            self.model.route_tables[&table].main_association = Some(id);
            self.model.vpcs[&vpc_id].main_route_table = table;
            return Ok(id);
        }
        if let Some((old, gateway)) = self.gateway_association(association) {
            self.check_table_of_gateway(table, gateway)?;
            self.route_table_mut(old)?.gateways.retain(|(id, _)| *id != association);
            return Ok(self.put_before_gateway(table, gateway));
        }
        let subnet = self.subnet_with_association(association)?;
        self.check_same_vpc(table, subnet)?;
        Ok(self.set_association(table, subnet))
    }

    fn set_association(&mut self, table: RouteTableId, subnet: SubnetId) -> RouteTableAssociationId {
        let id = RouteTableAssociationId::derive(&[&table.to_string(), &subnet.to_string()]);
        self.model.subnets[&subnet].route_table = Some(RouteTableAssociation { id, table });
        id
    }

    fn subnet_with_association(&self, association: RouteTableAssociationId) -> Result<SubnetId> {
        let found =
            self.model.subnets.values().find(|s| s.route_table.is_some_and(|own| own.id == association));
        found.map(|subnet| subnet.id).ok_or_else(|| {
            let message = format!("The association ID '{association}' does not exist");
            ApiError::new("InvalidAssociationID.NotFound", message)
        })
    }

    fn check_same_vpc(&self, table: RouteTableId, subnet: SubnetId) -> Result<()> {
        if self.route_table(table)?.vpc == self.subnet(subnet)?.vpc {
            return Ok(());
        }
        let message = format!("route table {table} and subnet {subnet} belong to different networks");
        Err(ApiError::new("InvalidParameterValue", message))
    }

    /// The target exists and belongs to the table's VPC.
    fn check_target(&self, table: &RouteTable, target: Target) -> Result<()> {
        let different_networks = |what: &str, id: &dyn std::fmt::Display| {
            let message = format!("route table {} and {what} {id} belong to different networks", table.id);
            Err(ApiError::new("InvalidParameterValue", message))
        };
        match target {
            Target::Local => Ok(()),
            // Endpoints make their routes themselves; the others cannot be targets (aws: route-endpoint-kinds).
            Target::GatewayEndpoint(id) => {
                self.endpoint(id)?;
                let message = format!(
                    "Route table contains unsupported route target: {id}. VPC Endpoints of this type cannot be used \
                     as route targets."
                );
                Err(ApiError::new("RouteNotSupported", message))
            }
            Target::InternetGateway(id) => {
                let gateway = self.internet_gateway(id).map_err(|_| no_such_gateway(&id))?;
                if gateway.vpc == Some(table.vpc) {
                    Ok(())
                } else {
                    different_networks("network gateway", &id)
                }
            }
            Target::NatGateway(id) => {
                let nat = self.nat_gateway(id).map_err(|_| {
                    let message = format!("The natGateway ID '{id}' does not exist");
                    ApiError::new("InvalidNatGatewayID.NotFound", message)
                })?;
                // AWS's text for a gateway of another VPC is not known.
                if nat.vpc == table.vpc { Ok(()) } else { Err(ApiError::code_only("InvalidParameterValue")) }
            }
            Target::NetworkInterface(id) => {
                if self.eni(id)?.vpc == table.vpc {
                    Ok(())
                } else {
                    different_networks("interface", &id)
                }
            }
            Target::Peering(id) => self.check_peering_target(table, id),
            Target::TransitGateway(id) => {
                if !self.model.transit_gateways.contains_key(&id) {
                    let message = format!("The transitGateway ID '{id}' does not exist.");
                    return Err(ApiError::new("InvalidTransitGatewayID.NotFound", message));
                }
                // The VPC has to be attached (aws: route-tgw-attached).
                if self.model.attachment_of_vpc(id, table.vpc).is_none() {
                    let message = format!("Transit Gateway {id} was deleted or does not exist.");
                    return Err(ApiError::new("InvalidTransitGatewayID.NotFound", message));
                }
                Ok(())
            }
            Target::VpnGateway(id) => {
                let gateway = self.vpn_gateway(id).map_err(|_| no_such_gateway(&id))?;
                if gateway.vpc == Some(table.vpc) {
                    Ok(())
                } else {
                    different_networks("network gateway", &id)
                }
            }
        }
    }

    /// A pending connection may be routed to, a finished one may not (aws: pcx-route-while-pending).
    fn check_peering_target(&self, table: &RouteTable, id: PeeringId) -> Result<()> {
        let peering = self.peering(id)?;
        match peering.status_at(self.now) {
            PeeringStatus::Active | PeeringStatus::PendingAcceptance => {}
            PeeringStatus::Deleted
            | PeeringStatus::Expired
            | PeeringStatus::Failed
            | PeeringStatus::Rejected => {
                return Err(super::peering::not_found(id));
            }
        }
        // AWS's text for a connection of other VPCs is not known.
        if peering.sides_from(table.vpc).is_none() {
            return Err(ApiError::code_only("InvalidParameterValue"));
        }
        Ok(())
    }

    /// A destination inside the VPC can lead to an interface or a NAT gateway only, and only for a whole
    /// subnet (aws: route-more-specific-than-local). The table of a gateway has no other routes
    /// (aws: rtb-gateway).
    fn check_destination(&self, table: &RouteTable, destination: Destination, target: Target) -> Result<()> {
        let invalid = |message: &str| Err(ApiError::new("InvalidParameterValue", message));
        if target == Target::Local {
            return invalid("local-target only allowed with network local destination CIDRs");
        }
        let Destination::Cidr(destination) = destination else {
            return if table.gateways.is_empty() { Ok(()) } else { invalid("") };
        };
        let reserved: Ipv4Net = LINK_LOCAL_SERVICES.parse().expect("a CIDR block");
        if reserved.contains(&destination) {
            return invalid("");
        }
        let vpc = self.model.vpc(table.vpc);
        if !vpc.blocks().any(|block| block.contains(&destination)) {
            return if table.gateways.is_empty() { Ok(()) } else { invalid("") };
        }
        let is_subnet = self.model.subnets.values().any(|s| s.vpc == vpc.id && s.cidr == destination);
        if !may_lead_inside(target) {
            return Err(not_inside_vpc(destination));
        }
        if is_subnet { Ok(()) } else { invalid("Route destination doesn't match any subnet CIDR blocks.") }
    }
}

/// Whether a route to a part of the VPC may lead to a target (aws: route-more-specific-than-local).
fn may_lead_inside(target: Target) -> bool {
    match target {
        Target::NatGateway(_) | Target::NetworkInterface(_) => true,
        Target::GatewayEndpoint(_)
        | Target::InternetGateway(_)
        | Target::Local
        | Target::Peering(_)
        | Target::TransitGateway(_)
        | Target::VpnGateway(_) => false,
    }
}

fn no_such_gateway(id: &dyn std::fmt::Display) -> ApiError {
    ApiError::new("InvalidGatewayID.NotFound", format!("The gateway ID '{id}' does not exist"))
}

fn not_inside_vpc(destination: Ipv4Net) -> ApiError {
    let message = format!(
        "The destination CIDR block {destination} is equal to or more specific than one of this VPC's CIDR blocks. \
         This route can target only an interface or an instance."
    );
    ApiError::new("InvalidParameterValue", message)
}
