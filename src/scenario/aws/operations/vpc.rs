//! VPCs and their blocks.

use super::super::describe;
use super::super::params::{NameKind, Param, What, optional, required, switch};
use super::{Call, FILTERS, Failure, Operation, Output, TAGS, VPC, answer, describe as describes, done, op};
use crate::api::{CreateVpc, Ec2, NewDefaults, VpcAttribute};
use crate::ids::{VpcCidrAssociationId, VpcId};

const BLOCK: Param = required("cidr-block", What::Cidr);

pub const OPERATIONS: &[Operation] = &[
    op("associate-vpc-cidr-block", "AssociateVpcCidrBlock", None, &[VPC, BLOCK], |call| {
        let (id, block) = (call.id("vpc-id")?, call.cidr("cidr-block"));
        let association = call.call(|ec2| ec2.associate_vpc_cidr_block(id, block))?;
        answer([("AssociationId", association.to_string())])
    }),
    op("create-default-vpc", "CreateDefaultVpc", Some(NameKind::Vpc), &[], |call| {
        let new = call.naming();
        let id = call.call(|ec2| ec2.create_default_vpc(new))?;
        answer([("VpcId", id.to_string())])
    }),
    op("create-vpc", "CreateVpc", Some(NameKind::Vpc), &[BLOCK, TAGS], |call| {
        let request = CreateVpc {
            new: call.naming(),
            cidr_block: call.cidr("cidr-block"),
            defaults: NewDefaults::default(),
        };
        let id = call.call(|ec2| ec2.create_vpc(request))?;
        answer([("VpcId", id.to_string())])
    }),
    op("delete-vpc", "DeleteVpc", None, &[VPC], |call| call.on("vpc-id", |ec2, id| ec2.delete_vpc(id))),
    describes(
        "describe-vpcs",
        "DescribeVpcs",
        "Vpcs",
        &[optional("vpc-ids", What::Names(NameKind::Vpc)), FILTERS],
        |call| call.show("vpc-ids", Ec2::describe_vpcs, describe::vpc),
    ),
    op(
        "describe-vpc-attribute",
        "DescribeVpcAttribute",
        None,
        &[VPC, required("attribute", What::Choice(&["enableDnsHostnames", "enableDnsSupport"]))],
        |call| {
            let id = call.id::<VpcId>("vpc-id")?;
            let member = call.command.describes().expect("an attribute is a member");
            let found = call.ec2.describe_vpcs(&[id]).map_err(|error| call.refused(error))?;
            let vpc = found[0];
            let is_on = if member == "EnableDnsSupport" { vpc.dns_support } else { vpc.dns_hostnames };
            Ok(Output { fields: Vec::new(), document: Some(describe::vpc_attribute(vpc, member, is_on)) })
        },
    ),
    op(
        "disassociate-vpc-cidr-block",
        "DisassociateVpcCidrBlock",
        None,
        &[required("association-id", What::Text)],
        |call| {
            let id = cidr_association(call)?;
            done(call.call(|ec2| ec2.disassociate_vpc_cidr_block(id)))
        },
    ),
    op(
        "modify-vpc-attribute",
        "ModifyVpcAttribute",
        None,
        &[
            VPC,
            optional("enable-dns-support", What::Switch),
            optional("no-enable-dns-support", What::Flag),
            optional("enable-dns-hostnames", What::Switch),
            optional("no-enable-dns-hostnames", What::Flag),
        ],
        |call| {
            let id = call.id("vpc-id")?;
            let given = |yes, no| if call.has(no) { Some(false) } else { call.text(yes).and_then(switch) };
            let support = given("enable-dns-support", "no-enable-dns-support");
            let attribute = match (support, given("enable-dns-hostnames", "no-enable-dns-hostnames")) {
                (Some(on), None) => VpcAttribute::EnableDnsSupport(on),
                (None, Some(on)) => VpcAttribute::EnableDnsHostnames(on),
                (None, None) => return Err(call.missing()),
                (Some(_), Some(_)) => return Err(call.combined()),
            };
            done(call.call(|ec2| ec2.modify_vpc_attribute(id, attribute)))
        },
    ),
];

/// The association of a block with a VPC, by its id, or by the block: `10.1.0.0/16`, `VPC/10.1.0.0/16`.
fn cidr_association(call: &Call<'_, '_>) -> Result<VpcCidrAssociationId, Failure> {
    let text = call.text("association-id").expect("a required option is there");
    if let Ok(id) = text.parse() {
        return Ok(id);
    }
    let (vpc, block) = match text.split_once('/') {
        Some((vpc, block)) if block.contains('/') => (Some(call.resolve::<VpcId>(vpc, None)?), block),
        Some(_) | None => (None, text),
    };
    let model = call.model();
    let own = |scope| scope == call.ec2.caller();
    let vpcs = model.vpcs.values().filter(|v| own(v.scope) && vpc.is_none_or(|vpc| vpc == v.id));
    let mut found = vpcs.flat_map(|vpc| &vpc.cidrs).filter(|cidr| cidr.block.to_string() == block);
    match (found.next(), found.next()) {
        (Some(cidr), None) => Ok(cidr.association),
        (Some(_), Some(_)) => Err(Failure::Ambiguous { name: text.to_owned() }),
        (None, _) => Err(Failure::Gone { name: text.to_owned() }),
    }
}
