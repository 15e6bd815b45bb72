//! Internet gateways, Elastic IPs, NAT gateways, endpoints, and VPNs.

use serde_json::{Value, json};

use super::{View, put, tags, text, texts};
use crate::model::{
    Connectivity, CustomerGateway, ElasticIp, EndpointKind, InternetGateway, NatAddress, NatGateway,
    NatGatewayState, NatPlace, Owner, VpcEndpoint, VpnConnection, VpnEnd, VpnGateway, dns,
};

pub fn internet_gateway(_: &View<'_>, gateway: &InternetGateway) -> Value {
    let attachment = |vpc| json!({ "State": "available", "VpcId": text(vpc) });
    json!({
        "Attachments": gateway.vpc.iter().map(attachment).collect::<Vec<_>>(),
        "InternetGatewayId": text(gateway.id),
        "OwnerId": text(gateway.scope.account),
        "Tags": tags(gateway.name.as_deref()),
    })
}

pub fn address(view: &View<'_>, eip: &ElasticIp) -> Value {
    let mut document = json!({ "AllocationId": text(eip.id) });
    let eni = eip.association.and_then(|(_, eni)| view.model.enis.get(&eni));
    put(&mut document, "AssociationId", eip.association.map(|(id, _)| text(id)));
    document["Domain"] = text("vpc");
    if let Some(eni) = eni {
        document["NetworkInterfaceId"] = text(eni.id);
        document["NetworkInterfaceOwnerId"] = text(view.owner(eni.vpc));
        put(&mut document, "PrivateIpAddress", eni.private_of(eip.ip).map(text));
        if let Some(Owner::Instance(instance)) = eni.owner {
            document["InstanceId"] = text(instance);
        }
    }
    document["Tags"] = tags(eip.name.as_deref());
    document["PublicIp"] = text(eip.ip);
    document["PublicIpv4Pool"] = text("amazon");
    document["NetworkBorderGroup"] = text(eip.scope.region);
    document
}

pub fn nat_gateway(view: &View<'_>, nat: &NatGateway) -> Value {
    let mut document = json!({});
    if let NatGatewayState::Failed { code, message } = &nat.state {
        document["FailureCode"] = text(code);
        document["FailureMessage"] = text(message);
    }
    let addresses =
        nat.addresses.iter().enumerate().map(|(at, address)| nat_address(view, nat, at == 0, address));
    document["NatGatewayAddresses"] = addresses.collect::<Vec<_>>().into();
    document["NatGatewayId"] = text(nat.id);
    document["State"] = text(nat.state.code());
    let regional = match nat.place {
        NatPlace::Regional { route_table } => Some(route_table),
        NatPlace::Zonal { subnet, .. } => {
            document["SubnetId"] = text(subnet);
            None
        }
    };
    document["VpcId"] = text(nat.vpc);
    document["Tags"] = tags(nat.name.as_deref());
    document["ConnectivityType"] = text(match nat.connectivity {
        Connectivity::Private => "private",
        Connectivity::Public => "public",
    });
    document["AvailabilityMode"] = text(if regional.is_some() { "regional" } else { "zonal" });
    put(&mut document, "RouteTableId", regional.map(text));
    document
}

fn nat_address(view: &View<'_>, nat: &NatGateway, is_primary: bool, address: &NatAddress) -> Value {
    let mut document = json!({});
    if let Some((allocation, association)) = address.allocation {
        document["AllocationId"] = text(allocation);
        document["AssociationId"] = text(association);
        put(&mut document, "PublicIp", view.model.elastic_ips.get(&allocation).map(|eip| text(eip.ip)));
    }
    put(&mut document, "NetworkInterfaceId", nat.eni().map(text));
    match address.zone {
        Some(zone) => {
            document["PublicIp"] = text(address.ip);
            document["AvailabilityZone"] = text(zone);
        }
        None => {
            document["PrivateIp"] = text(address.ip);
            document["IsPrimary"] = is_primary.into();
        }
    }
    let drains = address.draining_until.is_some_and(|until| view.now < until);
    document["Status"] = text(if drains { "disassociating" } else { "succeeded" });
    document
}

pub fn endpoint(view: &View<'_>, endpoint: &VpcEndpoint) -> Value {
    let mut document = json!({ "VpcEndpointId": text(endpoint.id) });
    document["VpcEndpointType"] = text(match endpoint.kind {
        EndpointKind::Gateway { .. } => "Gateway",
        EndpointKind::Interface { .. } => "Interface",
    });
    document["VpcId"] = text(endpoint.vpc);
    document["ServiceName"] = text(&endpoint.service);
    document["State"] = text("available");
    document["PolicyDocument"] = text(&endpoint.policy);
    let (tables, interfaces, private_dns, inbound_only) = match &endpoint.kind {
        EndpointKind::Gateway { route_tables, .. } => (route_tables.as_slice(), [].as_slice(), false, false),
        EndpointKind::Interface { interfaces, private_dns, inbound_only } => {
            ([].as_slice(), interfaces.as_slice(), *private_dns, *inbound_only)
        }
    };
    document["RouteTableIds"] = texts(tables);
    document["SubnetIds"] = texts(interfaces.iter().map(|(subnet, _)| subnet));
    let first = interfaces.first().and_then(|(_, eni)| view.model.enis.get(eni));
    let groups = first.map(|eni| eni.security_groups.as_slice()).unwrap_or_default();
    let group = |id| {
        let name = view.model.security_groups.get(id).map_or("", |group| &group.name);
        json!({ "GroupId": text(id), "GroupName": name })
    };
    document["Groups"] = groups.iter().map(group).collect::<Vec<_>>().into();
    document["IpAddressType"] = text("ipv4");
    if endpoint.service.service() == "s3" && private_dns {
        document["DnsOptions"] = json!({
            "DnsRecordIpType": "ipv4",
            "PrivateDnsOnlyForInboundResolverEndpoint": inbound_only,
        });
    }
    document["PrivateDnsEnabled"] = private_dns.into();
    document["RequesterManaged"] = false.into();
    document["NetworkInterfaceIds"] = texts(interfaces.iter().map(|(_, eni)| eni));
    document["DnsEntries"] = dns_entries(view, endpoint).into();
    document["Tags"] = tags(endpoint.name.as_deref());
    document["OwnerId"] = text(endpoint.scope.account);
    document
}

/// The names that lead to an interface endpoint. Of S3 they are names for what stands before them.
fn dns_entries(view: &View<'_>, endpoint: &VpcEndpoint) -> Vec<Value> {
    let EndpointKind::Interface { interfaces, private_dns, .. } = &endpoint.kind else { return Vec::new() };
    let wildcard = if endpoint.service.service() == "s3" { "*." } else { "" };
    let zonal = interfaces.iter().map(|(subnet, _)| endpoint.zonal_name(view.model.subnet(*subnet).zone));
    let own = [endpoint.regional_name()].into_iter().chain(zonal).map(|name| format!("{wildcard}{name}"));
    let private = private_dns.then(|| dns::service_domain(&endpoint.service));
    own.chain(private).map(|name| json!({ "DnsName": name })).collect()
}

pub fn vpn_gateway(_: &View<'_>, gateway: &VpnGateway) -> Value {
    let attachment = |vpc| json!({ "State": "attached", "VpcId": text(vpc) });
    json!({
        "Tags": tags(gateway.name.as_deref()),
        "VpnGatewayId": text(gateway.id),
        "State": "available",
        "Type": "ipsec.1",
        "VpcAttachments": gateway.vpc.iter().map(attachment).collect::<Vec<_>>(),
    })
}

pub fn customer_gateway(_: &View<'_>, gateway: &CustomerGateway) -> Value {
    json!({
        "Tags": tags(gateway.name.as_deref()),
        "CustomerGatewayId": text(gateway.id),
        "State": "available",
        "Type": "ipsec.1",
        "IpAddress": text(gateway.ip),
    })
}

pub fn vpn_connection(_: &View<'_>, vpn: &VpnConnection) -> Value {
    let mut document = json!({
        "Options": { "StaticRoutesOnly": true },
        "Routes": vpn
            .routes
            .iter()
            .map(|block| json!({ "DestinationCidrBlock": text(block), "Source": "Static", "State": "available" }))
            .collect::<Vec<_>>(),
        "Tags": tags(vpn.name.as_deref()),
        "VpnConnectionId": text(vpn.id),
        "State": "available",
        "Type": "ipsec.1",
        "CustomerGatewayId": text(vpn.customer_gateway),
    });
    match vpn.end {
        VpnEnd::TransitGateway(id) => document["TransitGatewayId"] = text(id),
        VpnEnd::VpnGateway(id) => document["VpnGatewayId"] = text(id),
    }
    document
}
