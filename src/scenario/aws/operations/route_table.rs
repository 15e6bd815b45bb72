//! Route tables, routes, associations and propagation.

use super::super::describe;
use super::super::params::{NameKind, Param, What, optional, required};
use super::{
    Answer, Call, FILTERS, Failure, Operation, ROUTE_TABLE, TAGS, VPC, answer, describe as describes, done,
    op,
};
use crate::api::{CreateRoute, Ec2};
use crate::ids::{InternetGatewayId, RouteTableAssociationId, SubnetId, VpcEndpointId, VpcId, VpnGatewayId};
use crate::model::{Destination, Gateway, Target};

const ROUTE: &[Param] = &[
    ROUTE_TABLE,
    CIDR,
    PREFIX_LIST,
    optional("gateway-id", What::Name(NameKind::Gateway)),
    optional("nat-gateway-id", What::Name(NameKind::NatGateway)),
    optional("transit-gateway-id", What::Name(NameKind::TransitGateway)),
    optional("vpc-endpoint-id", What::Name(NameKind::Endpoint)),
    optional("vpc-peering-connection-id", What::Name(NameKind::Peering)),
    optional("network-interface-id", What::Name(NameKind::Eni)),
    optional("instance-id", What::Name(NameKind::Instance)),
    optional("local-target", What::Flag),
];
const CIDR: Param = optional("destination-cidr-block", What::Cidr);
const PREFIX_LIST: Param = optional("destination-prefix-list-id", What::Name(NameKind::PrefixList));
const ASSOCIATION: Param = required("association-id", What::Name(NameKind::RouteTableAssociation));
const PROPAGATION: &[Param] = &[ROUTE_TABLE, required("gateway-id", What::Name(NameKind::VpnGateway))];

pub const OPERATIONS: &[Operation] = &[
    op(
        "associate-route-table",
        "AssociateRouteTable",
        None,
        &[
            ROUTE_TABLE,
            optional("subnet-id", What::Name(NameKind::Subnet)),
            optional("gateway-id", What::Name(NameKind::Gateway)),
        ],
        associate,
    ),
    op("create-route", "CreateRoute", None, ROUTE, |call| {
        let request = route(call)?;
        done(call.call(|ec2| ec2.create_route(request)))
    }),
    op("create-route-table", "CreateRouteTable", Some(NameKind::RouteTable), &[VPC, TAGS], |call| {
        let (new, vpc) = (call.naming(), call.id("vpc-id")?);
        let id = call.call(|ec2| ec2.create_route_table(new, vpc))?;
        answer([("RouteTableId", id.to_string())])
    }),
    op("delete-route", "DeleteRoute", None, &[ROUTE_TABLE, CIDR, PREFIX_LIST], |call| {
        let (id, destination) = (call.id("route-table-id")?, destination(call)?);
        done(call.call(|ec2| ec2.delete_route(id, destination)))
    }),
    op("delete-route-table", "DeleteRouteTable", None, &[ROUTE_TABLE], |call| {
        call.on("route-table-id", |ec2, id| ec2.delete_route_table(id))
    }),
    describes(
        "describe-route-tables",
        "DescribeRouteTables",
        "RouteTables",
        &[optional("route-table-ids", What::Names(NameKind::RouteTable)), FILTERS],
        |call| call.show("route-table-ids", Ec2::describe_route_tables, describe::route_table),
    ),
    op("disable-vgw-route-propagation", "DisableVgwRoutePropagation", None, PROPAGATION, |call| {
        let (table, gateway) = (call.id("route-table-id")?, call.id("gateway-id")?);
        done(call.call(|ec2| ec2.disable_vgw_route_propagation(table, gateway)))
    }),
    op("disassociate-route-table", "DisassociateRouteTable", None, &[ASSOCIATION], |call| {
        let id = association(call)?;
        done(call.call(|ec2| ec2.disassociate_route_table(id)))
    }),
    op("enable-vgw-route-propagation", "EnableVgwRoutePropagation", None, PROPAGATION, |call| {
        let (table, gateway) = (call.id("route-table-id")?, call.id("gateway-id")?);
        done(call.call(|ec2| ec2.enable_vgw_route_propagation(table, gateway)))
    }),
    op("replace-route", "ReplaceRoute", None, ROUTE, |call| {
        let request = route(call)?;
        done(call.call(|ec2| ec2.replace_route(request)))
    }),
    op(
        "replace-route-table-association",
        "ReplaceRouteTableAssociation",
        None,
        &[ASSOCIATION, ROUTE_TABLE],
        |call| {
            let (association, table) = (association(call)?, call.id("route-table-id")?);
            let id = call.call(|ec2| ec2.replace_route_table_association(association, table))?;
            answer([("NewAssociationId", id.to_string())])
        },
    ),
];

/// Exactly one target (aws: route-one-target).
fn route(call: &mut Call<'_, '_>) -> Result<CreateRoute, Failure> {
    let instance = call.optional_id("instance-id")?.map(|id| call.interface_of(id)).transpose()?;
    let targets = [
        call.text("gateway-id").map(|text| gateway_target(call, text)).transpose()?,
        call.optional_id("nat-gateway-id")?.map(Target::NatGateway),
        call.optional_id("transit-gateway-id")?.map(Target::TransitGateway),
        call.optional_id("vpc-endpoint-id")?.map(Target::GatewayEndpoint),
        call.optional_id("vpc-peering-connection-id")?.map(Target::Peering),
        call.optional_id("network-interface-id")?.map(Target::NetworkInterface),
        instance.map(Target::NetworkInterface),
        call.has("local-target").then_some(Target::Local),
    ];
    let mut given = targets.into_iter().flatten();
    let target = match (given.next(), given.next()) {
        (Some(target), None) => target,
        (None, _) => return Err(call.refused(call.ec2.one_target("MissingParameter"))),
        (Some(_), Some(_)) => return Err(call.refused(call.ec2.one_target("InvalidParameterCombination"))),
    };
    Ok(CreateRoute { route_table_id: call.id("route-table-id")?, destination: destination(call)?, target })
}

/// Exactly one destination (aws: route-one-destination).
fn destination(call: &mut Call<'_, '_>) -> Result<Destination, Failure> {
    let list = call.text("destination-prefix-list-id").map(str::to_owned);
    match (call.value("destination-cidr-block").map(Destination::Cidr), list) {
        (Some(block), None) => Ok(block),
        (None, Some(list)) => call.prefix_list(&list).map(Destination::PrefixList),
        (None, None) => Err(call.refused(call.ec2.one_destination("MissingParameter"))),
        (Some(_), Some(_)) => Err(call.refused(call.ec2.one_destination("InvalidParameterCombination"))),
    }
}

/// What `--gateway-id` means as a target: the prefix of an id says it, or what has the name.
fn gateway_target(call: &Call<'_, '_>, text: &str) -> Result<Target, Failure> {
    if let Ok(gateway) = gateway(call, text) {
        return Ok(match gateway {
            Gateway::Internet(id) => Target::InternetGateway(id),
            Gateway::Vpn(id) => Target::VpnGateway(id),
        });
    }
    call.resolve::<VpcEndpointId>(text, None).map(Target::GatewayEndpoint)
}

fn gateway(call: &Call<'_, '_>, text: &str) -> Result<Gateway, Failure> {
    match call.resolve::<VpnGatewayId>(text, None) {
        Ok(id) => Ok(Gateway::Vpn(id)),
        Err(_) => call.resolve::<InternetGatewayId>(text, None).map(Gateway::Internet),
    }
}

fn associate(call: &mut Call<'_, '_>) -> Answer {
    let table = call.id("route-table-id")?;
    let gateway = call.text("gateway-id").map(|text| gateway(call, text)).transpose()?;
    let id = match (call.optional_id("subnet-id")?, gateway) {
        (Some(subnet), None) => call.call(|ec2| ec2.associate_route_table(table, subnet))?,
        (None, Some(gateway)) => call.call(|ec2| ec2.associate_gateway_route_table(table, gateway))?,
        (None, None) => return Err(call.missing()),
        (Some(_), Some(_)) => return Err(call.combined()),
    };
    answer([("AssociationId", id.to_string())])
}

/// An association by its id, by its subnet or gateway, or by the VPC whose main table it is about.
fn association(call: &Call<'_, '_>) -> Result<RouteTableAssociationId, Failure> {
    let text = call.text("association-id").expect("a required option is there");
    if let Ok(id) = text.parse() {
        return Ok(id);
    }
    let model = call.model();
    let of_subnet = |id: SubnetId| model.subnets.get(&id)?.route_table.map(|own| own.id);
    let of_gateway = |gateway: Gateway| {
        let mut all = model.route_tables.values().flat_map(|table| &table.gateways);
        all.find(|(_, other)| *other == gateway).map(|(id, _)| *id)
    };
    let of_vpc = |id: VpcId| model.route_tables[&model.vpcs.get(&id)?.main_route_table].main_association;
    let subnet = call.resolve(text, None).ok().and_then(of_subnet);
    let gateway = || gateway(call, text).ok().and_then(of_gateway);
    let vpc = || call.resolve(text, None).ok().and_then(of_vpc);
    subnet.or_else(gateway).or_else(vpc).ok_or_else(|| Failure::Gone { name: text.to_owned() })
}
