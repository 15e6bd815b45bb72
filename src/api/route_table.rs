//! Route tables, routes and associations.

use ipnet::Ipv4Net;

use super::{ApiError, Ec2, New, Result, dependency_violation};
use crate::ids::{PeeringId, RouteTableAssociationId, RouteTableId, SubnetId, VpcId};
use crate::model::{PeeringStatus, Route, RouteOrigin, RouteTable, RouteTableAssociation, Target};

/// Parameters of CreateRoute and ReplaceRoute.
#[derive(Clone, Copy, Debug)]
pub struct CreateRoute {
    /// The table.
    pub route_table_id: RouteTableId,
    /// Where packets are going.
    pub destination_cidr_block: Ipv4Net,
    /// What carries them there. `Local` only with ReplaceRoute.
    pub target: Target,
}

/// Link-local services; no route may lead there (aws: route-reserved-destination).
const LINK_LOCAL_SERVICES: &str = "169.254.168.0/22";

impl Ec2<'_> {
    /// Makes a table with the VPC's local routes.
    pub fn create_route_table(&mut self, new: New<RouteTableId>, vpc_id: VpcId) -> Result<RouteTableId> {
        let cidrs = self.vpc(vpc_id)?.cidrs.clone();
        let id = self.choose_id(&new, &vpc_id.to_string(), |model| &model.route_tables, RouteTableId::derive);
        self.model.route_tables.insert(id, RouteTable::new(id, new.name, vpc_id, &cidrs));
        Ok(id)
    }

    /// Deletes a custom table that no subnet uses.
    pub fn delete_route_table(&mut self, id: RouteTableId) -> Result<()> {
        let table = self.route_table(id)?;
        let associated =
            |subnet: &crate::model::Subnet| subnet.route_table.is_some_and(|own| own.table == id);
        if table.main_association.is_some() || self.model.subnets.values().any(associated) {
            return Err(dependency_violation("routeTable", id));
        }
        self.model.route_tables.shift_remove(&id);
        Ok(())
    }

    /// Adds a route.
    pub fn create_route(&mut self, request: CreateRoute) -> Result<()> {
        let table = self.route_table(request.route_table_id)?;
        let destination = request.destination_cidr_block.trunc();
        self.check_target(table, request.target)?;
        self.check_destination(table, destination, request.target)?;
        if table.route_to(destination).is_some() {
            let message = format!("The route identified by {destination} already exists.");
            return Err(ApiError::new("RouteAlreadyExists", message));
        }
        let route = Route { destination, target: request.target, origin: RouteOrigin::CreateRoute };
        self.route_table_mut(request.route_table_id)?.insert(route);
        Ok(())
    }

    /// What EC2 says of a route with no target, or with several (aws: route-one-target).
    pub fn one_target(&self, code: &'static str) -> ApiError {
        let message = "The request must contain exactly one of gatewayId, natGatewayId, networkInterfaceId, \
                       vpcPeeringConnectionId, egressOnlyInternetGatewayId, transitGatewayId, localGatewayId or \
                       instanceId";
        ApiError::new(code, message)
    }

    /// Changes the target of a route.
    pub fn replace_route(&mut self, request: CreateRoute) -> Result<()> {
        let table = self.route_table(request.route_table_id)?;
        let destination = request.destination_cidr_block.trunc();
        let Some(&existing) = table.route_to(destination) else {
            let message = format!(
                "There is no route defined for '{destination}' in the route table. Use CreateRoute instead."
            );
            return Err(ApiError::new("InvalidParameterValue", message));
        };
        self.check_target(table, request.target)?;
        // The destination of a local route is one of the VPC's own blocks, and may stay one.
        if existing.origin == RouteOrigin::CreateRoute {
            self.check_destination(table, destination, request.target)?;
        } else if !matches!(request.target, Target::Local | Target::NetworkInterface(_)) {
            return Err(not_inside_vpc(destination));
        }
        let route = Route { target: request.target, ..existing };
        self.route_table_mut(request.route_table_id)?.insert(route);
        Ok(())
    }

    /// Removes a route that was added.
    pub fn delete_route(&mut self, id: RouteTableId, destination_cidr_block: Ipv4Net) -> Result<()> {
        let destination = destination_cidr_block.trunc();
        match self.route_table(id)?.route_to(destination) {
            None => {
                let message =
                    format!("no route with destination-cidr-block {destination} in route table {id}");
                Err(ApiError::new("InvalidRoute.NotFound", message))
            }
            Some(route) if route.origin == RouteOrigin::CreateRouteTable => {
                let message = format!("cannot remove local route {destination} in route table {id}");
                Err(ApiError::new("InvalidParameterValue", message))
            }
            Some(_) => {
                self.route_table_mut(id)?.remove(destination);
                Ok(())
            }
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
        let subnet = self.subnet_with_association(association)?;
        self.subnet_mut(subnet)?.route_table = None;
        Ok(())
    }

    /// Moves an association to another table: a subnet's, or the one that makes a table the main one.
    pub fn replace_route_table_association(
        &mut self,
        association: RouteTableAssociationId,
        table: RouteTableId,
    ) -> Result<RouteTableAssociationId> {
        let vpc_id = self.route_table(table)?.vpc;
        let main = self.model.vpc(vpc_id).main_route_table;
        if self.model.route_tables[&main].main_association == Some(association) {
            let id = RouteTableAssociationId::derive(&[&table.to_string(), "main", &self.next_unnamed()]);
            self.model.route_tables[&main].main_association = None;
            self.model.route_tables[&table].main_association = Some(id);
            self.model.vpcs[&vpc_id].main_route_table = table;
            return Ok(id);
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
            Target::InternetGateway(id) => {
                let Ok(gateway) = self.internet_gateway(id) else {
                    let message = format!("The gateway ID '{id}' does not exist");
                    return Err(ApiError::new("InvalidGatewayID.NotFound", message));
                };
                if gateway.vpc == Some(table.vpc) {
                    Ok(())
                } else {
                    different_networks("network gateway", &id)
                }
            }
            Target::NetworkInterface(id) => {
                if self.eni(id)?.vpc == table.vpc {
                    Ok(())
                } else {
                    different_networks("interface", &id)
                }
            }
            Target::Peering(id) => self.check_peering_target(table, id),
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

    /// A destination inside the VPC can lead to an interface only, and only for a whole subnet
    /// (aws: route-more-specific-than-local).
    fn check_destination(&self, table: &RouteTable, destination: Ipv4Net, target: Target) -> Result<()> {
        if target == Target::Local {
            let message = "local-target only allowed with network local destination CIDRs";
            return Err(ApiError::new("InvalidParameterValue", message));
        }
        let reserved: Ipv4Net = LINK_LOCAL_SERVICES.parse().expect("a CIDR block");
        if reserved.contains(&destination) {
            return Err(ApiError::code_only("InvalidParameterValue"));
        }
        let vpc = self.model.vpc(table.vpc);
        if !vpc.cidrs.iter().any(|cidr| cidr.contains(&destination)) {
            return Ok(());
        }
        let is_subnet = self.model.subnets.values().any(|s| s.vpc == vpc.id && s.cidr == destination);
        match target {
            Target::NetworkInterface(_) if is_subnet => Ok(()),
            Target::NetworkInterface(_) => {
                let message = "Route destination doesn't match any subnet CIDR blocks.";
                Err(ApiError::new("InvalidParameterValue", message))
            }
            Target::InternetGateway(_) | Target::Local | Target::Peering(_) => {
                Err(not_inside_vpc(destination))
            }
        }
    }
}

fn not_inside_vpc(destination: Ipv4Net) -> ApiError {
    let message = format!(
        "The destination CIDR block {destination} is equal to or more specific than one of this VPC's CIDR blocks. \
         This route can target only an interface or an instance."
    );
    ApiError::new("InvalidParameterValue", message)
}
