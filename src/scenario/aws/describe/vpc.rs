//! VPCs and subnets.

use serde_json::{Value, json};

use super::{View, tags, text};
use crate::model::{DhcpOptions, Subnet, Vpc};

pub fn vpc(_: &View<'_>, vpc: &Vpc) -> Value {
    let blocks = vpc.cidrs.iter().map(|cidr| {
        json!({
            "AssociationId": text(cidr.association),
            "CidrBlock": text(cidr.block),
            "CidrBlockState": { "State": "associated" },
        })
    });
    json!({
        "OwnerId": text(vpc.scope.account),
        "InstanceTenancy": "default",
        "CidrBlockAssociationSet": blocks.collect::<Vec<_>>(),
        "IsDefault": vpc.is_default,
        "Tags": tags(vpc.name.as_deref()),
        "VpcId": text(vpc.id),
        "State": "available",
        "CidrBlock": text(vpc.cidrs[0].block),
        // What has no set says so in one word.
        "DhcpOptionsId": vpc.dhcp_options.map_or_else(|| text("default"), text),
    })
}

pub fn dhcp_options(_: &View<'_>, options: &DhcpOptions) -> Value {
    let configuration = |key: &str, values: Vec<String>| {
        let values: Vec<Value> = values.into_iter().map(|value| json!({ "Value": value })).collect();
        (!values.is_empty()).then(|| json!({ "Key": key, "Values": values }))
    };
    let texts = |values: &[std::net::Ipv4Addr]| values.iter().map(ToString::to_string).collect();
    let servers = options.domain_name_servers.iter().map(ToString::to_string).collect();
    let configurations = [
        configuration("domain-name", options.domain_name.clone().into_iter().collect()),
        configuration("domain-name-servers", servers),
        configuration("ntp-servers", texts(&options.ntp_servers)),
    ];
    json!({
        "OwnerId": text(options.scope.account),
        "Tags": tags(options.name.as_deref()),
        "DhcpOptionsId": text(options.id),
        "DhcpConfigurations": configurations.into_iter().flatten().collect::<Vec<_>>(),
    })
}

/// An attribute by its name in a document, and whether it is on.
pub fn vpc_attribute(vpc: &Vpc, member: &str, is_on: bool) -> Value {
    let mut document = json!({ "VpcId": text(vpc.id) });
    document[member] = json!({ "Value": is_on });
    document
}

pub fn subnet(view: &View<'_>, subnet: &Subnet) -> Value {
    let vpc = view.model.vpc(subnet.vpc);
    let hosts = 1_usize << (32 - subnet.cidr.prefix_len());
    let interfaces = view.model.enis.values().filter(|eni| eni.vpc == subnet.vpc);
    let used = interfaces.flat_map(|eni| &eni.private_ips).filter(|ip| subnet.cidr.contains(*ip));
    json!({
        "AvailabilityZoneId": subnet.zone.id(),
        "MapPublicIpOnLaunch": subnet.map_public_ip,
        "OwnerId": text(vpc.scope.account),
        "Tags": tags(subnet.name.as_deref()),
        "SubnetId": text(subnet.id),
        "State": "available",
        "VpcId": text(subnet.vpc),
        "CidrBlock": text(subnet.cidr),
        // Five addresses are reserved (aws: subnet-reserved).
        "AvailableIpAddressCount": hosts - 5 - used.count(),
        "AvailabilityZone": text(subnet.zone),
        "DefaultForAz": vpc.is_default,
    })
}
