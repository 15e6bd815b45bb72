//! Subnets.

use super::super::describe;
use super::super::params::{NameKind, Param, What, optional, required};
use super::{FILTERS, Operation, TAGS, VPC, answer, describe as describes, done, op};
use crate::api::{CreateSubnet, Ec2};

const SUBNET: Param = required("subnet-id", What::Name(NameKind::Subnet));

pub const OPERATIONS: &[Operation] = &[
    op(
        "create-subnet",
        "CreateSubnet",
        Some(NameKind::Subnet),
        &[VPC, required("cidr-block", What::Cidr), optional("availability-zone", What::Text), TAGS],
        |call| {
            let zone = match call.text("availability-zone") {
                None => None,
                Some(text) => match call.ec2.region().zones().find(|zone| zone.to_string() == text) {
                    Some(zone) => Some(zone),
                    None => return Err(call.refused(call.ec2.no_such_zone(text))),
                },
            };
            let request = CreateSubnet {
                new: call.naming(),
                vpc_id: call.id("vpc-id")?,
                cidr_block: call.cidr("cidr-block"),
                availability_zone: zone,
            };
            let id = call.call(|ec2| ec2.create_subnet(request))?;
            answer([("SubnetId", id.to_string())])
        },
    ),
    op("delete-subnet", "DeleteSubnet", None, &[SUBNET], |call| {
        call.on("subnet-id", |ec2, id| ec2.delete_subnet(id))
    }),
    describes(
        "describe-subnets",
        "DescribeSubnets",
        "Subnets",
        &[optional("subnet-ids", What::Names(NameKind::Subnet)), FILTERS],
        |call| call.show("subnet-ids", Ec2::describe_subnets, describe::subnet),
    ),
    op(
        "modify-subnet-attribute",
        "ModifySubnetAttribute",
        None,
        &[
            SUBNET,
            optional("map-public-ip-on-launch", What::Flag),
            optional("no-map-public-ip-on-launch", What::Flag),
        ],
        |call| {
            let (id, on) = (call.id("subnet-id")?, !call.has("no-map-public-ip-on-launch"));
            done(call.call(|ec2| ec2.modify_subnet_map_public_ip(id, on)))
        },
    ),
];
