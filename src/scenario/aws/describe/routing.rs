//! Route tables and peering connections.

use serde_json::{Value, json};

use super::{View, moment, put, tags, text};
use crate::model::{
    Destination, Gateway, Owner, Peering, PeeringSide, PeeringStatus, Route, RouteState, RouteTable, Target,
};

pub fn route_table(view: &View<'_>, table: &RouteTable) -> Value {
    let association = |main: bool, id, (member, of): (&str, Option<Value>)| {
        let mut association = json!({
            "Main": main,
            "RouteTableAssociationId": text(id),
            "RouteTableId": text(table.id),
        });
        put(&mut association, member, of);
        association["AssociationState"] = json!({ "State": "associated" });
        association
    };
    let mut associations: Vec<Value> =
        table.main_association.iter().map(|id| association(true, *id, ("SubnetId", None))).collect();
    for subnet in view.model.subnets.values() {
        if let Some(own) = subnet.route_table.filter(|own| own.table == table.id) {
            associations.push(association(false, own.id, ("SubnetId", Some(text(subnet.id)))));
        }
    }
    for (id, gateway) in &table.gateways {
        let gateway = match gateway {
            Gateway::Internet(id) => text(id),
            Gateway::Vpn(id) => text(id),
        };
        associations.push(association(false, *id, ("GatewayId", Some(gateway))));
    }
    let propagating = table.propagating.iter().map(|id| json!({ "GatewayId": text(id) }));
    json!({
        "Associations": associations,
        "PropagatingVgws": propagating.collect::<Vec<_>>(),
        "RouteTableId": text(table.id),
        "Routes": table.routes().iter().map(|of| route(view, table, of)).collect::<Vec<_>>(),
        "Tags": tags(table.name.as_deref()),
        "VpcId": text(table.vpc),
        "OwnerId": text(view.owner(table.vpc)),
    })
}

fn route(view: &View<'_>, table: &RouteTable, route: &Route) -> Value {
    let mut document = match route.destination {
        Destination::Cidr(block) => json!({ "DestinationCidrBlock": text(block) }),
        Destination::PrefixList(id) => json!({ "DestinationPrefixListId": text(id) }),
    };
    match route.target {
        Target::GatewayEndpoint(id) => document["GatewayId"] = text(id),
        Target::InternetGateway(id) => document["GatewayId"] = text(id),
        Target::Local => document["GatewayId"] = text("local"),
        Target::NatGateway(id) => document["NatGatewayId"] = text(id),
        Target::NetworkInterface(id) => {
            if let Some(Owner::Instance(instance)) = view.model.enis.get(&id).and_then(|eni| eni.owner) {
                document["InstanceId"] = text(instance);
                document["InstanceOwnerId"] = text(view.owner(table.vpc));
            }
            document["NetworkInterfaceId"] = text(id);
        }
        Target::Peering(id) => document["VpcPeeringConnectionId"] = text(id),
        Target::TransitGateway(id) => document["TransitGatewayId"] = text(id),
        Target::VpnGateway(id) => document["GatewayId"] = text(id),
    }
    document["Origin"] = text(route.origin.code());
    document["State"] = text(match view.model.route_state(route, table.vpc, view.now) {
        RouteState::Active => "active",
        RouteState::Blackhole => "blackhole",
    });
    document
}

pub fn peering(view: &View<'_>, peering: &Peering) -> Value {
    let status = peering.status_at(view.now);
    let mut document = json!({
        "AccepterVpcInfo": side(view, peering.accepter, status == PeeringStatus::Active),
        "RequesterVpcInfo": side(view, peering.requester, true),
    });
    if status == PeeringStatus::PendingAcceptance {
        document["ExpirationTime"] = moment(peering.expires);
    }
    document["Status"] = json!({ "Code": status.code() });
    put(&mut document["Status"], "Message", message(peering, status).map(text));
    document["Tags"] = tags(peering.name.as_deref());
    document["VpcPeeringConnectionId"] = text(peering.id);
    document
}

/// AWS's words, where they are known (aws: pcx-status-messages).
fn message(peering: &Peering, status: PeeringStatus) -> Option<String> {
    match status {
        PeeringStatus::Active => Some("Active".to_owned()),
        PeeringStatus::Failed => {
            Some("Failed due to incorrect VPC-ID, Account ID, or overlapping CIDR range".to_owned())
        }
        PeeringStatus::PendingAcceptance => {
            Some(format!("Pending Acceptance by {}", peering.accepter.scope.account))
        }
        PeeringStatus::Rejected => Some("Inactive".to_owned()),
        PeeringStatus::Deleted | PeeringStatus::Expired => None,
    }
}

/// The blocks and options of the accepter are shown once it has accepted.
fn side(view: &View<'_>, side: PeeringSide, is_known: bool) -> Value {
    let mut document = json!({});
    let vpc = view.model.vpcs.get(&side.vpc).filter(|_| is_known);
    if let Some(vpc) = vpc {
        document["CidrBlock"] = text(vpc.cidrs[0].block);
        document["CidrBlockSet"] =
            vpc.blocks().map(|block| json!({ "CidrBlock": text(block) })).collect::<Vec<_>>().into();
    }
    document["OwnerId"] = text(side.scope.account);
    if vpc.is_some() {
        document["PeeringOptions"] = json!({
            "AllowDnsResolutionFromRemoteVpc": side.allow_dns_resolution,
            "AllowEgressFromLocalClassicLinkToRemoteVpc": false,
            "AllowEgressFromLocalVpcToRemoteClassicLink": false,
        });
    }
    document["VpcId"] = text(side.vpc);
    document["Region"] = text(side.scope.region);
    document
}
