//! Transit gateways, their attachments, route tables and routes.

use serde_json::{Value, json};

use super::super::describe;
use super::super::params::{NameKind, Param, What, optional, required};
use super::super::shorthand::Tree;
use super::{
    Answer, Call, DESCRIPTION, Failure, Operation, Output, TAGS, VPC, answer, describe as describes, done,
    enables, op,
};
use crate::api::{
    ApiError, CreateTransitGateway, CreateTransitGatewayRoute, CreateTransitGatewayVpcAttachment, Ec2,
    ModifyTransitGatewayVpcAttachment,
};
use crate::ids::{TransitGatewayAttachmentId, TransitGatewayRouteTableId};
use crate::model::TransitGatewayAttachment;

const GATEWAY: Param = required("transit-gateway-id", What::Name(NameKind::TransitGateway));
const ATTACHMENT: Param =
    required("transit-gateway-attachment-id", What::Name(NameKind::TransitGatewayAttachment));
const ATTACHMENTS: Param =
    optional("transit-gateway-attachment-ids", What::Names(NameKind::TransitGatewayAttachment));
const TABLE: Param =
    required("transit-gateway-route-table-id", What::Name(NameKind::TransitGatewayRouteTable));
const ON_OFF: What = What::Choice(&["enable", "disable"]);

/// What is not simulated may be said all the same.
const GATEWAY_OPTIONS: &[Param] = &[
    optional("AmazonSideAsn", What::Number { min: 1, max: u32::MAX }),
    optional("AutoAcceptSharedAttachments", ON_OFF),
    optional("DefaultRouteTableAssociation", ON_OFF),
    optional("DefaultRouteTablePropagation", ON_OFF),
    optional("VpnEcmpSupport", ON_OFF),
    optional("DnsSupport", ON_OFF),
    optional("SecurityGroupReferencingSupport", ON_OFF),
    optional("MulticastSupport", What::Choice(&["disable"])),
];
const ATTACHMENT_OPTIONS: &[Param] = &[
    optional("DnsSupport", ON_OFF),
    optional("SecurityGroupReferencingSupport", ON_OFF),
    optional("Ipv6Support", What::Choice(&["disable"])),
    optional("ApplianceModeSupport", ON_OFF),
];
const ROUTE: &[Param] = &[
    TABLE,
    required("destination-cidr-block", What::Cidr),
    optional("transit-gateway-attachment-id", What::Name(NameKind::TransitGatewayAttachment)),
    optional("blackhole", What::Flag),
    optional("no-blackhole", What::Flag),
];

const ROUTE_FILTER: &[Param] = &[
    required("Name", What::Choice(&["route-search.exact-match", "state", "type"])),
    required("Values", What::Texts),
];

pub const OPERATIONS: &[Operation] = &[
    op(
        "accept-transit-gateway-peering-attachment",
        "AcceptTransitGatewayPeeringAttachment",
        None,
        &[ATTACHMENT],
        accept,
    ),
    op(
        "accept-transit-gateway-vpc-attachment",
        "AcceptTransitGatewayVpcAttachment",
        None,
        &[ATTACHMENT],
        accept,
    ),
    op(
        "associate-transit-gateway-route-table",
        "AssociateTransitGatewayRouteTable",
        None,
        &[TABLE, ATTACHMENT],
        |call| {
            let (table, attachment) = table_and_attachment(call)?;
            done(call.call(|ec2| ec2.associate_transit_gateway_route_table(table, attachment)))
        },
    ),
    op(
        "create-transit-gateway",
        "CreateTransitGateway",
        Some(NameKind::TransitGateway),
        &[DESCRIPTION, optional("options", What::Structure(GATEWAY_OPTIONS)), TAGS],
        |call| {
            let options = call.structure("options");
            let is_on = |member, default| enables(options.as_ref(), member, default);
            // aws: tgw-defaults
            let request = CreateTransitGateway {
                new: call.naming(),
                default_route_table_id: None,
                default_route_table_association: is_on("DefaultRouteTableAssociation", true),
                default_route_table_propagation: is_on("DefaultRouteTablePropagation", true),
                security_group_referencing: is_on("SecurityGroupReferencingSupport", false),
                auto_accept_shared_attachments: is_on("AutoAcceptSharedAttachments", false),
            };
            let id = call.call(|ec2| ec2.create_transit_gateway(request))?;
            answer([("TransitGatewayId", id.to_string())])
        },
    ),
    op(
        "create-transit-gateway-peering-attachment",
        "CreateTransitGatewayPeeringAttachment",
        Some(NameKind::TransitGatewayAttachment),
        &[
            GATEWAY,
            required("peer-transit-gateway-id", What::Name(NameKind::TransitGateway)),
            // The id of the peer says whose it is, and where.
            optional("peer-account-id", What::Account),
            optional("peer-region", What::Region),
            TAGS,
        ],
        |call| {
            let (new, id) = (call.naming(), call.id("transit-gateway-id")?);
            let peer = call.id("peer-transit-gateway-id")?;
            let id = call.call(|ec2| ec2.create_transit_gateway_peering_attachment(new, id, peer))?;
            state_of(call, id)
        },
    ),
    op("create-transit-gateway-route", "CreateTransitGatewayRoute", None, ROUTE, |call| {
        let request = route(call)?;
        done(call.call(|ec2| ec2.create_transit_gateway_route(request)))
    }),
    op(
        "create-transit-gateway-route-table",
        "CreateTransitGatewayRouteTable",
        Some(NameKind::TransitGatewayRouteTable),
        &[GATEWAY, TAGS],
        |call| {
            let (new, gateway) = (call.naming(), call.id("transit-gateway-id")?);
            let id = call.call(|ec2| ec2.create_transit_gateway_route_table(new, gateway))?;
            answer([("TransitGatewayRouteTableId", id.to_string())])
        },
    ),
    op(
        "create-transit-gateway-vpc-attachment",
        "CreateTransitGatewayVpcAttachment",
        Some(NameKind::TransitGatewayAttachment),
        &[
            GATEWAY,
            VPC,
            required("subnet-ids", What::Names(NameKind::Subnet)),
            optional("options", What::Structure(ATTACHMENT_OPTIONS)),
            TAGS,
        ],
        |call| {
            let options = call.structure("options");
            let is_on = |member, default| enables(options.as_ref(), member, default);
            // aws: tgw-defaults
            let request = CreateTransitGatewayVpcAttachment {
                new: call.naming(),
                transit_gateway_id: call.id("transit-gateway-id")?,
                vpc_id: call.id("vpc-id")?,
                subnet_ids: call.ids("subnet-ids")?,
                appliance_mode: is_on("ApplianceModeSupport", false),
                security_group_referencing: is_on("SecurityGroupReferencingSupport", true),
            };
            let id = call.call(|ec2| ec2.create_transit_gateway_vpc_attachment(request))?;
            state_of(call, id)
        },
    ),
    op("delete-transit-gateway", "DeleteTransitGateway", None, &[GATEWAY], |call| {
        call.on("transit-gateway-id", |ec2, id| ec2.delete_transit_gateway(id))
    }),
    op(
        "delete-transit-gateway-peering-attachment",
        "DeleteTransitGatewayPeeringAttachment",
        None,
        &[ATTACHMENT],
        delete,
    ),
    op(
        "delete-transit-gateway-route",
        "DeleteTransitGatewayRoute",
        None,
        &[TABLE, required("destination-cidr-block", What::Cidr)],
        |call| {
            let block = call.cidr("destination-cidr-block");
            call.on("transit-gateway-route-table-id", |ec2, id| ec2.delete_transit_gateway_route(id, block))
        },
    ),
    op("delete-transit-gateway-route-table", "DeleteTransitGatewayRouteTable", None, &[TABLE], |call| {
        call.on("transit-gateway-route-table-id", |ec2, id| ec2.delete_transit_gateway_route_table(id))
    }),
    op(
        "delete-transit-gateway-vpc-attachment",
        "DeleteTransitGatewayVpcAttachment",
        None,
        &[ATTACHMENT],
        delete,
    ),
    describes(
        "describe-transit-gateway-attachments",
        "DescribeTransitGatewayAttachments",
        "TransitGatewayAttachments",
        &[ATTACHMENTS],
        |call| {
            let find = Ec2::describe_transit_gateway_attachments;
            call.show("transit-gateway-attachment-ids", find, describe::attachment)
        },
    ),
    describes(
        "describe-transit-gateway-route-tables",
        "DescribeTransitGatewayRouteTables",
        "TransitGatewayRouteTables",
        &[optional("transit-gateway-route-table-ids", What::Names(NameKind::TransitGatewayRouteTable))],
        |call| {
            let find = Ec2::describe_transit_gateway_route_tables;
            call.show("transit-gateway-route-table-ids", find, describe::transit_gateway_table)
        },
    ),
    describes(
        "describe-transit-gateway-vpc-attachments",
        "DescribeTransitGatewayVpcAttachments",
        "TransitGatewayVpcAttachments",
        &[ATTACHMENTS],
        |call| call.show("transit-gateway-attachment-ids", vpc_attachments, describe::vpc_attachment),
    ),
    describes(
        "describe-transit-gateways",
        "DescribeTransitGateways",
        "TransitGateways",
        &[optional("transit-gateway-ids", What::Names(NameKind::TransitGateway))],
        |call| call.show("transit-gateway-ids", Ec2::describe_transit_gateways, describe::transit_gateway),
    ),
    op(
        "disable-transit-gateway-route-table-propagation",
        "DisableTransitGatewayRouteTablePropagation",
        None,
        &[TABLE, ATTACHMENT],
        |call| {
            let (table, attachment) = table_and_attachment(call)?;
            done(call.call(|ec2| ec2.disable_transit_gateway_route_table_propagation(table, attachment)))
        },
    ),
    op(
        "disassociate-transit-gateway-route-table",
        "DisassociateTransitGatewayRouteTable",
        None,
        &[TABLE, ATTACHMENT],
        |call| {
            let (table, attachment) = table_and_attachment(call)?;
            done(call.call(|ec2| ec2.disassociate_transit_gateway_route_table(table, attachment)))
        },
    ),
    op(
        "enable-transit-gateway-route-table-propagation",
        "EnableTransitGatewayRouteTablePropagation",
        None,
        &[TABLE, ATTACHMENT],
        |call| {
            let (table, attachment) = table_and_attachment(call)?;
            done(call.call(|ec2| ec2.enable_transit_gateway_route_table_propagation(table, attachment)))
        },
    ),
    op(
        "modify-transit-gateway-vpc-attachment",
        "ModifyTransitGatewayVpcAttachment",
        None,
        &[
            ATTACHMENT,
            optional("add-subnet-ids", What::Names(NameKind::Subnet)),
            optional("remove-subnet-ids", What::Names(NameKind::Subnet)),
            optional("options", What::Structure(ATTACHMENT_OPTIONS)),
        ],
        |call| {
            let options = call.structure("options");
            let said = |member| Some(options.as_ref()?.text(member)? == "enable");
            let change = ModifyTransitGatewayVpcAttachment {
                add_subnet_ids: call.ids("add-subnet-ids")?,
                remove_subnet_ids: call.ids("remove-subnet-ids")?,
                appliance_mode: said("ApplianceModeSupport"),
                security_group_referencing: said("SecurityGroupReferencingSupport"),
            };
            call.on("transit-gateway-attachment-id", |ec2, id| {
                ec2.modify_transit_gateway_vpc_attachment(id, change)
            })
        },
    ),
    op(
        "reject-transit-gateway-peering-attachment",
        "RejectTransitGatewayPeeringAttachment",
        None,
        &[ATTACHMENT],
        reject,
    ),
    op(
        "reject-transit-gateway-vpc-attachment",
        "RejectTransitGatewayVpcAttachment",
        None,
        &[ATTACHMENT],
        reject,
    ),
    op("replace-transit-gateway-route", "ReplaceTransitGatewayRoute", None, ROUTE, |call| {
        let request = route(call)?;
        done(call.call(|ec2| ec2.replace_transit_gateway_route(request)))
    }),
    describes(
        "search-transit-gateway-routes",
        "SearchTransitGatewayRoutes",
        "Routes",
        &[TABLE, optional("filters", What::Structures(ROUTE_FILTER))],
        |call| {
            let id: TransitGatewayRouteTableId = call.id("transit-gateway-route-table-id")?;
            let found = call.ec2.describe_transit_gateway_route_tables(&[id]);
            let found = found.map_err(|error| call.refused(error))?;
            let view = describe::View::of(call.ec2);
            let mut routes: Vec<Value> =
                found.iter().flat_map(|table| describe::transit_gateway_routes(&view, table)).collect();
            for filter in call.structures("filters") {
                routes.retain(|route| passes(&filter, route));
            }
            let document = Some(json!({ "Routes": routes, "AdditionalRoutesAvailable": false }));
            Ok(Output { fields: Vec::new(), document })
        },
    ),
];

fn vpc_attachments<'a>(
    ec2: &'a Ec2<'_>,
    ids: &[TransitGatewayAttachmentId],
) -> Result<Vec<&'a TransitGatewayAttachment>, ApiError> {
    let all = ec2.describe_transit_gateway_attachments(ids)?;
    Ok(all.into_iter().filter(|attachment| attachment.vpc().is_some()).collect())
}

fn passes(filter: &Tree, route: &Value) -> bool {
    let member = match filter.text("Name") {
        Some("state") => "State",
        Some("type") => "Type",
        _ => "DestinationCidrBlock",
    };
    let came = route[member].as_str().unwrap_or_default();
    filter.elements("Values").iter().any(|value| *value == Tree::Text(came.to_owned()))
}

fn accept(call: &mut Call<'_, '_>) -> Answer {
    call.on("transit-gateway-attachment-id", |ec2, id| ec2.accept_transit_gateway_attachment(id))?;
    state(call)
}

fn reject(call: &mut Call<'_, '_>) -> Answer {
    call.on("transit-gateway-attachment-id", |ec2, id| ec2.reject_transit_gateway_attachment(id))?;
    state(call)
}

fn delete(call: &mut Call<'_, '_>) -> Answer {
    call.on("transit-gateway-attachment-id", |ec2, id| ec2.delete_transit_gateway_attachment(id))?;
    state(call)
}

fn state(call: &Call<'_, '_>) -> Answer {
    state_of(call, call.id("transit-gateway-attachment-id")?)
}

fn state_of(call: &Call<'_, '_>, id: TransitGatewayAttachmentId) -> Answer {
    let state = call.model().transit_gateway_attachments[&id].state.code();
    answer([("TransitGatewayAttachmentId", id.to_string()), ("State", state.to_owned())])
}

fn table_and_attachment(
    call: &Call<'_, '_>,
) -> Result<(TransitGatewayRouteTableId, TransitGatewayAttachmentId), Failure> {
    Ok((call.id("transit-gateway-route-table-id")?, call.id("transit-gateway-attachment-id")?))
}

/// An attachment, or `--blackhole` (aws: tgw-blackhole).
fn route(call: &Call<'_, '_>) -> Result<CreateTransitGatewayRoute, Failure> {
    let attachment = call.optional_id("transit-gateway-attachment-id")?;
    match (attachment.is_some(), call.has("blackhole")) {
        (false, false) => return Err(call.missing()),
        (true, true) => return Err(call.combined()),
        (true, false) | (false, true) => {}
    }
    Ok(CreateTransitGatewayRoute {
        transit_gateway_route_table_id: call.id("transit-gateway-route-table-id")?,
        destination_cidr_block: call.cidr("destination-cidr-block"),
        attachment,
    })
}
