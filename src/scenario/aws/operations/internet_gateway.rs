//! Internet gateways.

use super::super::describe;
use super::super::params::{NameKind, Param, What, optional, required};
use super::{Operation, TAGS, VPC, answer, describe as describes, done, op};
use crate::api::Ec2;

const GATEWAY: Param = required("internet-gateway-id", What::Name(NameKind::InternetGateway));

pub const OPERATIONS: &[Operation] = &[
    op("attach-internet-gateway", "AttachInternetGateway", None, &[GATEWAY, VPC], |call| {
        let (gateway, vpc) = (call.id("internet-gateway-id")?, call.id("vpc-id")?);
        done(call.call(|ec2| ec2.attach_internet_gateway(gateway, vpc)))
    }),
    op(
        "create-internet-gateway",
        "CreateInternetGateway",
        Some(NameKind::InternetGateway),
        &[TAGS],
        |call| {
            let new = call.naming();
            let id = call.call(|ec2| ec2.create_internet_gateway(new))?;
            answer([("InternetGatewayId", id.to_string())])
        },
    ),
    op("delete-internet-gateway", "DeleteInternetGateway", None, &[GATEWAY], |call| {
        call.on("internet-gateway-id", |ec2, id| ec2.delete_internet_gateway(id))
    }),
    describes(
        "describe-internet-gateways",
        "DescribeInternetGateways",
        "InternetGateways",
        &[optional("internet-gateway-ids", What::Names(NameKind::InternetGateway))],
        |call| call.show("internet-gateway-ids", Ec2::describe_internet_gateways, describe::internet_gateway),
    ),
    op("detach-internet-gateway", "DetachInternetGateway", None, &[GATEWAY, VPC], |call| {
        let (gateway, vpc) = (call.id("internet-gateway-id")?, call.id("vpc-id")?);
        done(call.call(|ec2| ec2.detach_internet_gateway(gateway, vpc)))
    }),
];
