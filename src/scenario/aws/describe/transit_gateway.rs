//! Transit gateways, their attachments, route tables and routes.

use std::cmp::Reverse;

use ipnet::Ipv4Net;
use serde_json::{Value, json};

use super::{View, put, tags, text, texts};
use crate::ids::{SubnetId, TransitGatewayAttachmentId};
use crate::model::{
    AttachmentResource, AttachmentState, Scope, TransitGateway, TransitGatewayAttachment,
    TransitGatewayRouteTable,
};

fn enabled(is_on: bool) -> &'static str {
    if is_on { "enable" } else { "disable" }
}

fn arn(scope: Scope, id: impl ToString) -> Value {
    text(format!("arn:aws:ec2:{}:{}:transit-gateway/{}", scope.region, scope.account, id.to_string()))
}

pub fn transit_gateway(_: &View<'_>, gateway: &TransitGateway) -> Value {
    // aws: tgw-defaults
    let mut options = json!({
        "AmazonSideAsn": 64512,
        "AutoAcceptSharedAttachments": enabled(gateway.auto_accept),
        "DefaultRouteTableAssociation": enabled(gateway.association_default.is_some()),
    });
    put(&mut options, "AssociationDefaultRouteTableId", gateway.association_default.map(text));
    options["DefaultRouteTablePropagation"] = enabled(gateway.propagation_default.is_some()).into();
    put(&mut options, "PropagationDefaultRouteTableId", gateway.propagation_default.map(text));
    options["VpnEcmpSupport"] = "enable".into();
    options["DnsSupport"] = "enable".into();
    options["SecurityGroupReferencingSupport"] = enabled(gateway.security_group_referencing).into();
    options["MulticastSupport"] = "disable".into();
    json!({
        "TransitGatewayId": text(gateway.id),
        "TransitGatewayArn": arn(gateway.scope, gateway.id),
        "State": "available",
        "OwnerId": text(gateway.scope.account),
        "Options": options,
        "Tags": tags(gateway.name.as_deref()),
    })
}

pub fn attachment(view: &View<'_>, attachment: &TransitGatewayAttachment) -> Value {
    let gateway = view.model.transit_gateways.get(&attachment.transit_gateway);
    let mut document = json!({
        "TransitGatewayAttachmentId": text(attachment.id),
        "TransitGatewayId": text(attachment.transit_gateway),
    });
    let owner = gateway.map(|gateway| text(gateway.scope.account));
    put(&mut document, "TransitGatewayOwnerId", owner);
    document["ResourceOwnerId"] = text(attachment.scope.account);
    let (kind, id) = resource(attachment);
    document["ResourceType"] = kind.into();
    document["ResourceId"] = id;
    document["State"] = attachment.state.code().into();
    // The table of the caller's side.
    let own = |scope: Scope| scope == view.caller;
    let mut sides = std::iter::once(attachment.transit_gateway)
        .chain(attachment.peer_of(attachment.transit_gateway))
        .filter(|side| view.model.transit_gateways.get(side).is_some_and(|side| own(side.scope)));
    let table = sides.find_map(|side| view.model.transit_gateway_table_of(side, attachment.id));
    let association =
        table.map(|table| json!({ "TransitGatewayRouteTableId": text(table.id), "State": "associated" }));
    put(&mut document, "Association", association);
    document["Tags"] = tags(attachment.name.as_deref());
    document
}

fn resource(attachment: &TransitGatewayAttachment) -> (&'static str, Value) {
    match attachment.resource {
        AttachmentResource::Peering { accepter } => ("peering", text(accepter)),
        AttachmentResource::Vpc { vpc, .. } => ("vpc", text(vpc)),
        AttachmentResource::Vpn { connection } => ("vpn", text(connection)),
    }
}

pub fn vpc_attachment(_: &View<'_>, attachment: &TransitGatewayAttachment) -> Value {
    let mut document = json!({
        "TransitGatewayAttachmentId": text(attachment.id),
        "TransitGatewayId": text(attachment.transit_gateway),
    });
    if let AttachmentResource::Vpc { vpc, interfaces, appliance_mode, security_group_referencing } =
        &attachment.resource
    {
        document["VpcId"] = text(vpc);
        document["VpcOwnerId"] = text(attachment.scope.account);
        document["State"] = attachment.state.code().into();
        let subnets: Vec<SubnetId> = interfaces.iter().map(|(subnet, _)| *subnet).collect();
        document["SubnetIds"] = texts(subnets);
        document["Options"] = json!({
            "DnsSupport": "enable",
            "SecurityGroupReferencingSupport": enabled(*security_group_referencing),
            "Ipv6Support": "disable",
            "ApplianceModeSupport": enabled(*appliance_mode),
        });
    }
    document["Tags"] = tags(attachment.name.as_deref());
    document
}

pub fn transit_gateway_table(view: &View<'_>, table: &TransitGatewayRouteTable) -> Value {
    let gateway = view.model.transit_gateways.get(&table.transit_gateway);
    let is_default = |of: fn(&TransitGateway) -> Option<crate::ids::TransitGatewayRouteTableId>| {
        gateway.and_then(of) == Some(table.id)
    };
    json!({
        "TransitGatewayRouteTableId": text(table.id),
        "TransitGatewayId": text(table.transit_gateway),
        "State": "available",
        "DefaultAssociationRouteTable": is_default(|gateway| gateway.association_default),
        "DefaultPropagationRouteTable": is_default(|gateway| gateway.propagation_default),
        "Tags": tags(table.name.as_deref()),
    })
}

/// A route of a table, and which one is taken of several for one block.
struct Row {
    block: Ipv4Net,
    /// Static ones, then those of VPCs, then those of VPN connections (aws: tgw-route-priority).
    rank: u8,
    attachment: Option<TransitGatewayAttachmentId>,
}

/// The routes of a table, static and propagated; one that another one hides is not shown.
pub fn transit_gateway_routes(view: &View<'_>, table: &TransitGatewayRouteTable) -> Vec<Value> {
    let by_hand = table.routes.iter();
    let mut rows: Vec<Row> = by_hand
        .map(|route| Row { block: route.destination, rank: 0, attachment: route.attachment })
        .collect();
    for id in &table.propagations {
        match view.model.transit_gateway_attachments.get(id).map(|attachment| &attachment.resource) {
            Some(AttachmentResource::Vpc { vpc, .. }) => {
                let blocks = view.model.vpcs.get(vpc).into_iter().flat_map(|vpc| vpc.blocks());
                rows.extend(blocks.map(|block| Row { block, rank: 1, attachment: Some(*id) }));
            }
            Some(AttachmentResource::Vpn { connection }) => {
                let routes = view.model.vpn_connections.get(connection).into_iter();
                let blocks = routes.flat_map(|vpn| vpn.routes.iter().copied());
                rows.extend(blocks.map(|block| Row { block, rank: 2, attachment: Some(*id) }));
            }
            Some(AttachmentResource::Peering { .. }) | None => {}
        }
    }
    rows.sort_by_key(|row| (Reverse(row.block.prefix_len()), row.block.network(), row.rank));
    rows.dedup_by_key(|row| row.block);
    rows.iter().map(|row| route(view, row)).collect()
}

fn route(view: &View<'_>, row: &Row) -> Value {
    let found = row.attachment.and_then(|id| view.model.transit_gateway_attachments.get(&id));
    let works = found.is_some_and(|attachment| attachment.state == AttachmentState::Available);
    let mut document = json!({ "DestinationCidrBlock": text(row.block) });
    let shown = found.map(|attachment| {
        let (kind, id) = resource(attachment);
        json!([{
            "ResourceId": id,
            "TransitGatewayAttachmentId": text(attachment.id),
            "ResourceType": kind,
        }])
    });
    put(&mut document, "TransitGatewayAttachments", shown);
    document["Type"] = (if row.rank == 0 { "static" } else { "propagated" }).into();
    document["State"] = (if works { "active" } else { "blackhole" }).into();
    document
}
