//! What to call things: by name where they have one, otherwise by what they belong to, otherwise by id.

use std::fmt::Display;

use crate::ids::{
    InternetGatewayId, NetworkAclId, PeeringId, RouteTableId, SecurityGroupId, SubnetId, VpcId,
};
use crate::model::{Location, Model, Target};
use crate::trace::{DropReason, Station};

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
            None => id.to_string(),
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

pub fn target(model: &Model, target: Target) -> String {
    match target {
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
        Station::Outside(address) => {
            or_id(model.outside.get(&address).map(|host| host.name.as_str()), address)
        }
    }
}

/// What people call a place at the end of a link.
pub fn location(model: &Model, location: Location) -> String {
    match location {
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
            Location::Outside(_) => String::new(),
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
        | DropReason::NoNeighbor { eni: id, .. }
        | DropReason::NotRunning { eni: id }
        | DropReason::DestinationCheck { eni: id } => vec![eni(id)],
        DropReason::SecurityGroup { eni: id, group, .. } => {
            vec![(security_group(model, group), group.to_string()), eni(id)]
        }
        DropReason::NetworkAcl { subnet: id, acl, .. } => {
            vec![(network_acl(model, acl), acl.to_string()), (subnet(model, id), id.to_string())]
        }
        DropReason::NoRoute { table } => vec![(route_table(model, table), table.to_string())],
        DropReason::Blackhole { table, target: to } => {
            vec![(route_table(model, table), table.to_string()), (target(model, to), String::new())]
        }
        DropReason::NoPublicAddress { gateway, .. } | DropReason::PrivateSource { gateway } => {
            vec![(internet_gateway(model, gateway), gateway.to_string())]
        }
        DropReason::PrivateDestination { gateway, table } => vec![
            (internet_gateway(model, gateway), gateway.to_string()),
            (route_table(model, table), table.to_string()),
        ],
        DropReason::NoInternetGateway { vpc: id } | DropReason::NoSuchAddress { vpc: id, .. } => {
            vec![(vpc(model, id), id.to_string())]
        }
        DropReason::NoInternetHost { .. } => vec![("internet".to_owned(), String::new())],
        DropReason::NotTransitive { peering: id, .. } => vec![(peering(model, id), id.to_string())],
    }
}
