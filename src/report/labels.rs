//! What to call things: by name where they have one, otherwise by what they belong to, otherwise by id.

use std::fmt::Display;

use crate::ids::{
    CustomerGatewayId, InternetGatewayId, NatGatewayId, NetworkAclId, PeeringId, PrefixListId, RouteTableId,
    SecurityGroupId, SubnetId, TransitGatewayAttachmentId, TransitGatewayId, TransitGatewayRouteTableId,
    VpcEndpointId, VpcId, VpnConnectionId, VpnGatewayId,
};
use crate::model::{AttachmentResource, Destination, Location, Model, NatPlace, Target};
use crate::trace::{DropReason, MtuLimit, Station, TtlHop};

fn or_id(name: Option<&str>, id: impl Display) -> String {
    name.map_or_else(|| id.to_string(), str::to_owned)
}

pub fn vpc(model: &Model, id: VpcId) -> String {
    or_id(model.vpcs.get(&id).and_then(|vpc| vpc.name.as_deref()), id)
}

pub fn subnet(model: &Model, id: SubnetId) -> String {
    match model.subnets.get(&id) {
        Some(subnet) => subnet.name.clone().unwrap_or_else(|| subnet.cidr.to_string()),
        None => id.to_string(),
    }
}

pub fn route_table(model: &Model, id: RouteTableId) -> String {
    match model.route_tables.get(&id) {
        Some(table) => match &table.name {
            Some(name) => name.clone(),
            None if table.main_association.is_some() => format!("main table of {}", vpc(model, table.vpc)),
            None => match model
                .nat_gateways
                .values()
                .find(|nat| nat.place == NatPlace::Regional { route_table: id })
            {
                Some(nat) => format!("table of {}", nat_gateway(model, nat.id)),
                None => id.to_string(),
            },
        },
        None => id.to_string(),
    }
}

pub fn network_acl(model: &Model, id: NetworkAclId) -> String {
    match model.network_acls.get(&id) {
        Some(acl) => match &acl.name {
            Some(name) => name.clone(),
            None if acl.is_default => format!("default of {}", vpc(model, acl.vpc)),
            None => id.to_string(),
        },
        None => id.to_string(),
    }
}

pub fn security_group(model: &Model, id: SecurityGroupId) -> String {
    match model.security_groups.get(&id) {
        Some(group) if group.name == "default" => format!("default of {}", vpc(model, group.vpc)),
        Some(group) => group.name.clone(),
        None => id.to_string(),
    }
}

pub fn internet_gateway(model: &Model, id: InternetGatewayId) -> String {
    match model.internet_gateways.get(&id) {
        Some(gateway) => match (&gateway.name, gateway.vpc) {
            (Some(name), _) => name.clone(),
            (None, Some(of)) => format!("internet gateway of {}", vpc(model, of)),
            (None, None) => id.to_string(),
        },
        None => id.to_string(),
    }
}

pub fn peering(model: &Model, id: PeeringId) -> String {
    or_id(model.peerings.get(&id).and_then(|pcx| pcx.name.as_deref()), id)
}

/// What people call a NAT gateway.
pub fn nat_gateway(model: &Model, id: NatGatewayId) -> String {
    or_id(model.nat_gateways.get(&id).and_then(|nat| nat.name.as_deref()), id)
}

pub fn endpoint(model: &Model, id: VpcEndpointId) -> String {
    or_id(model.endpoints.get(&id).and_then(|endpoint| endpoint.name.as_deref()), id)
}

/// The name of an endpoint's service.
pub fn service(model: &Model, id: VpcEndpointId) -> String {
    model.endpoints.get(&id).map_or_else(|| id.to_string(), |endpoint| endpoint.service.to_string())
}

pub fn prefix_list(model: &Model, id: PrefixListId) -> String {
    or_id(model.prefix_lists.get(&id).map(|list| list.name.as_str()), id)
}

pub fn transit_gateway(model: &Model, id: TransitGatewayId) -> String {
    or_id(model.transit_gateways.get(&id).and_then(|gateway| gateway.name.as_deref()), id)
}

pub fn transit_gateway_table(model: &Model, id: TransitGatewayRouteTableId) -> String {
    match model.transit_gateway_route_tables.get(&id) {
        Some(table) => match (&table.name, model.transit_gateways.get(&table.transit_gateway)) {
            (Some(name), _) => name.clone(),
            (None, Some(of)) if of.association_default == Some(id) => {
                format!("default table of {}", transit_gateway(model, of.id))
            }
            (None, _) => id.to_string(),
        },
        None => id.to_string(),
    }
}

/// By its name, otherwise by what is attached.
pub fn attachment(model: &Model, id: TransitGatewayAttachmentId) -> String {
    let Some(found) = model.transit_gateway_attachments.get(&id) else { return id.to_string() };
    match (&found.name, &found.resource) {
        (Some(name), _) => name.clone(),
        (None, AttachmentResource::Vpc { vpc: of, .. }) => format!("attachment of {}", vpc(model, *of)),
        (None, AttachmentResource::Vpn { connection }) => {
            format!("attachment of {}", vpn_connection(model, *connection))
        }
        (None, AttachmentResource::Peering { .. }) => id.to_string(),
    }
}

pub fn vpn_gateway(model: &Model, id: VpnGatewayId) -> String {
    or_id(model.vpn_gateways.get(&id).and_then(|gateway| gateway.name.as_deref()), id)
}

pub fn vpn_connection(model: &Model, id: VpnConnectionId) -> String {
    or_id(model.vpn_connections.get(&id).and_then(|vpn| vpn.name.as_deref()), id)
}

/// The network behind a customer gateway.
pub fn network(model: &Model, id: CustomerGatewayId) -> String {
    or_id(model.customer_gateways.get(&id).map(|gateway| gateway.label.as_str()), id)
}

pub fn destination(model: &Model, destination: Destination) -> String {
    match destination {
        Destination::Cidr(block) => block.to_string(),
        Destination::PrefixList(id) => format!("{id} ({})", prefix_list(model, id)),
    }
}

pub fn target(model: &Model, target: Target) -> String {
    match target {
        Target::GatewayEndpoint(id) => endpoint(model, id),
        Target::NatGateway(id) => nat_gateway(model, id),
        Target::TransitGateway(id) => transit_gateway(model, id),
        Target::VpnGateway(id) => vpn_gateway(model, id),
        Target::InternetGateway(id) => internet_gateway(model, id),
        Target::Local => "local".to_owned(),
        Target::NetworkInterface(id) => model.eni_label(id),
        Target::Peering(id) => peering(model, id),
    }
}

/// What people call the host at a station.
pub fn station_label(model: &Model, station: Station) -> String {
    match station {
        Station::Eni(eni) => model.eni_label(eni),
        Station::LinkLocal(eni) => format!("link-local services of {}", model.eni_label(eni)),
        Station::Outside(address) => {
            or_id(model.outside.get(&address).map(|host| host.name.as_str()), address)
        }
        Station::OnPrem(network, address) => {
            or_id(model.on_prem.get(&(network, address)).map(|host| host.name.as_str()), address)
        }
    }
}

/// What people call a place at the end of a link.
pub fn location(model: &Model, location: Location) -> String {
    match location {
        Location::OnPrem(network, address) => station_label(model, Station::OnPrem(network, address)),
        Location::Outside(address) => station_label(model, Station::Outside(address)),
        Location::Zone(zone) => zone.to_string(),
    }
}

/// E.g. `us-east-1a - us-east-1b`.
pub fn link(model: &Model, from: Location, to: Location) -> String {
    format!("{} - {}", location(model, from), location(model, to))
}

/// The objects a drop is about, by label and id; the first is the one that dropped.
pub fn drop_objects(model: &Model, reason: DropReason) -> Vec<(String, String)> {
    let eni = |id| (model.eni_label(id), id.to_string());
    // A zone is called by its letter too.
    let end = |end| {
        let letter = match end {
            Location::Zone(zone) => zone.letter.to_string(),
            Location::OnPrem(..) | Location::Outside(_) => String::new(),
        };
        (location(model, end), letter)
    };
    match reason {
        DropReason::Malformed(_) => Vec::new(),
        DropReason::ZoneDown { zone } => vec![end(Location::Zone(zone))],
        DropReason::LinkCut { from, to }
        | DropReason::LinkQueueFull { from, to }
        | DropReason::LinkLoss { from, to } => {
            vec![(link(model, from, to), String::new()), end(from), end(to)]
        }
        DropReason::NotUnicast { eni: id }
        | DropReason::SourceCheck { eni: id }
        | DropReason::LinkLocal { eni: id, .. }
        | DropReason::LinkLocalRate { eni: id }
        | DropReason::NoNeighbor { eni: id, .. }
        | DropReason::NotRunning { eni: id }
        | DropReason::TrackingExceeded { eni: id }
        | DropReason::DestinationCheck { eni: id } => vec![eni(id)],
        DropReason::SecurityGroup { eni: id, group, .. } => {
            vec![(security_group(model, group), group.to_string()), eni(id)]
        }
        DropReason::NetworkAcl { subnet: id, acl, .. } => {
            vec![(network_acl(model, acl), acl.to_string()), (subnet(model, id), id.to_string())]
        }
        DropReason::RouterSilent { subnet: id } => {
            vec![(format!("router of {}", subnet(model, id)), id.to_string())]
        }
        DropReason::MtuExceeded { at, .. } => vec![mtu_limit(model, at)],
        DropReason::TtlExpired { at: TtlHop::NatGateway(nat) }
        | DropReason::NatOwnSubnet { nat }
        | DropReason::NatSource { nat, .. }
        | DropReason::NatProtocol { nat }
        | DropReason::NatNoSession { nat }
        | DropReason::NatPortsExhausted { nat } => vec![(nat_gateway(model, nat), nat.to_string())],
        DropReason::TtlExpired { at: TtlHop::TransitGateway(id) } => {
            vec![(transit_gateway(model, id), id.to_string())]
        }
        DropReason::IngressRedirected { gateway, table } => vec![
            (internet_gateway(model, gateway), gateway.to_string()),
            (route_table(model, table), table.to_string()),
        ],
        DropReason::MiddleboxNoPublicAddress { eni: id, table } => {
            vec![(route_table(model, table), table.to_string()), eni(id)]
        }
        DropReason::TransitGatewayZone { attachment: id, .. } => {
            vec![(attachment(model, id), id.to_string())]
        }
        DropReason::TransitGatewayNoAssociation { gateway, attachment: id } => vec![
            (transit_gateway(model, gateway), gateway.to_string()),
            (attachment(model, id), id.to_string()),
        ],
        DropReason::TransitGatewayNoRoute { table } | DropReason::TransitGatewayBlackhole { table } => {
            vec![(transit_gateway_table(model, table), table.to_string())]
        }
        DropReason::VpnSource { gateway, .. }
        | DropReason::VpnNoRoute { gateway }
        | DropReason::VpnDestination { gateway } => vec![(vpn_gateway(model, gateway), gateway.to_string())],
        DropReason::OnPremNoRoute { network: id } | DropReason::NoOnPremHost { network: id, .. } => {
            vec![(network(model, id), id.to_string())]
        }
        DropReason::GatewayEndpointProtocol { endpoint: id }
        | DropReason::GatewayEndpointSource { endpoint: id, .. }
        | DropReason::InterfaceEndpointProtocol { endpoint: id }
        | DropReason::EndpointIdle { endpoint: id }
        | DropReason::EndpointNoService { endpoint: id } => vec![(endpoint(model, id), id.to_string())],
        DropReason::NoRoute { table } => vec![(route_table(model, table), table.to_string())],
        DropReason::Blackhole { table, target: to } => {
            vec![(route_table(model, table), table.to_string()), (target(model, to), String::new())]
        }
        DropReason::NoPublicAddress { gateway, .. }
        | DropReason::PublicAccessBlocked { gateway }
        | DropReason::PrivateSource { gateway }
        | DropReason::SharedSource { gateway } => {
            vec![(internet_gateway(model, gateway), gateway.to_string())]
        }
        DropReason::PrivateDestination { gateway, table }
        | DropReason::SharedDestination { gateway, table } => vec![
            (internet_gateway(model, gateway), gateway.to_string()),
            (route_table(model, table), table.to_string()),
        ],
        DropReason::ResolverOff { vpc: id }
        | DropReason::NoInternetGateway { vpc: id }
        | DropReason::NoSuchAddress { vpc: id, .. } => {
            vec![(vpc(model, id), id.to_string())]
        }
        DropReason::NoInternetHost { .. } => vec![("internet".to_owned(), String::new())],
        DropReason::NotTransitive { peering: id, .. } => vec![(peering(model, id), id.to_string())],
    }
}

fn mtu_limit(model: &Model, at: MtuLimit) -> (String, String) {
    match at {
        MtuLimit::Endpoint(id) => (endpoint(model, id), id.to_string()),
        MtuLimit::Interface(id) => (model.eni_label(id), id.to_string()),
        MtuLimit::Internet => ("internet".to_owned(), String::new()),
        MtuLimit::InternetGateway(id) => (internet_gateway(model, id), id.to_string()),
        MtuLimit::NatGateway(id) => (nat_gateway(model, id), id.to_string()),
        MtuLimit::Peering(id) => (peering(model, id), id.to_string()),
        MtuLimit::TransitGateway(id) => (transit_gateway(model, id), id.to_string()),
        MtuLimit::Vpn(id) => (vpn_connection(model, id), id.to_string()),
    }
}
