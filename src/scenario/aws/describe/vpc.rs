//! VPCs and subnets.

use serde_json::{Value, json};

use super::{View, tags, text};
use crate::model::{Subnet, Vpc};

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
    })
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
