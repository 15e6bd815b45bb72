//! VPC Block Public Access.

use super::super::params::{NameKind, What, optional, required};
use super::{Call, Failure, Operation, answer, done, op};
use crate::ids::PublicAccessExclusionId;
use crate::model::{BlockMode, ExcludedResource, ExclusionMode};

pub const OPERATIONS: &[Operation] = &[
    op(
        "create-vpc-block-public-access-exclusion",
        "CreateVpcBlockPublicAccessExclusion",
        None,
        &[
            optional("subnet-id", What::Name(NameKind::Subnet)),
            optional("vpc-id", What::Name(NameKind::Vpc)),
            required(
                "internet-gateway-exclusion-mode",
                What::Choice(&["allow-bidirectional", "allow-egress"]),
            ),
        ],
        |call| {
            let resource = match (call.optional_id("subnet-id")?, call.optional_id("vpc-id")?) {
                (Some(subnet), None) => ExcludedResource::Subnet(subnet),
                (None, Some(vpc)) => ExcludedResource::Vpc(vpc),
                (None, None) => return Err(call.missing()),
                (Some(_), Some(_)) => return Err(call.combined()),
            };
            let mode = match call.text("internet-gateway-exclusion-mode") {
                Some("allow-egress") => ExclusionMode::AllowEgress,
                _ => ExclusionMode::AllowBidirectional,
            };
            let id = call.call(|ec2| ec2.create_public_access_exclusion(resource, mode))?;
            answer([("ExclusionId", id.to_string())])
        },
    ),
    op(
        "delete-vpc-block-public-access-exclusion",
        "DeleteVpcBlockPublicAccessExclusion",
        None,
        &[required("exclusion-id", What::Name(NameKind::SubnetOrVpc))],
        |call| {
            let id = exclusion(call)?;
            done(call.call(|ec2| ec2.delete_public_access_exclusion(id)))
        },
    ),
    op(
        "modify-vpc-block-public-access-options",
        "ModifyVpcBlockPublicAccessOptions",
        None,
        &[required(
            "internet-gateway-block-mode",
            What::Choice(&["block-bidirectional", "block-ingress", "off"]),
        )],
        |call| {
            let mode = match call.text("internet-gateway-block-mode") {
                Some("block-bidirectional") => BlockMode::BlockBidirectional,
                Some("block-ingress") => BlockMode::BlockIngress,
                _ => BlockMode::Off,
            };
            call.ec2.modify_block_public_access(mode);
            answer([("InternetGatewayBlockMode", mode.code().to_owned())])
        },
    ),
];

/// An exclusion by its id, or by what it excludes.
fn exclusion(call: &Call<'_, '_>) -> Result<PublicAccessExclusionId, Failure> {
    let text = call.text("exclusion-id").expect("a required option is there");
    if let Ok(id) = text.parse() {
        return Ok(id);
    }
    let subnet = call.resolve(text, None).ok().map(ExcludedResource::Subnet);
    let vpc = call.resolve(text, None).ok().map(ExcludedResource::Vpc);
    let of = |resource| call.ec2.public_access_exclusion_of(resource);
    let found = subnet.and_then(of).or_else(|| vpc.and_then(of));
    found.ok_or_else(|| Failure::Gone { name: text.to_owned() })
}
