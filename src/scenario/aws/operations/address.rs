//! Elastic IPs.

use super::super::describe;
use super::super::params::{NameKind, What, optional, required};
use super::{Call, Failure, Operation, TAGS, answer, describe as describes, done, op};
use crate::api::{AssociateAddress, Ec2};
use crate::ids::{AddressAssociationId, AllocationId};

pub const OPERATIONS: &[Operation] = &[
    op(
        "allocate-address",
        "AllocateAddress",
        Some(NameKind::ElasticIp),
        &[optional("domain", What::Choice(&["vpc"])), optional("address", What::Ip), TAGS],
        |call| {
            let (new, address) = (call.naming(), call.value("address"));
            let id = call.call(|ec2| ec2.allocate_address(new, address))?;
            let ip = call.model().elastic_ips[&id].ip;
            answer([("PublicIp", ip.to_string()), ("AllocationId", id.to_string())])
        },
    ),
    op(
        "associate-address",
        "AssociateAddress",
        None,
        &[
            required("allocation-id", What::Name(NameKind::ElasticIp)),
            optional("instance-id", What::Name(NameKind::Instance)),
            optional("network-interface-id", What::Name(NameKind::Eni)),
            optional("private-ip-address", What::Ip),
            optional("allow-reassociation", What::Flag),
            optional("no-allow-reassociation", What::Flag),
        ],
        |call| {
            let request = AssociateAddress {
                allocation_id: call.id("allocation-id")?,
                network_interface_id: call.interface()?,
                private_ip_address: call.value("private-ip-address"),
                // aws: eip-reassociation-default
                allow_reassociation: !call.has("no-allow-reassociation"),
            };
            let id = call.call(|ec2| ec2.associate_address(request))?;
            answer([("AssociationId", id.to_string())])
        },
    ),
    describes(
        "describe-addresses",
        "DescribeAddresses",
        "Addresses",
        &[optional("allocation-ids", What::Names(NameKind::ElasticIp))],
        |call| call.show("allocation-ids", Ec2::describe_addresses, describe::address),
    ),
    op(
        "disassociate-address",
        "DisassociateAddress",
        None,
        &[required("association-id", What::Name(NameKind::ElasticIp))],
        |call| {
            let id = association(call, call.text("association-id").expect("a required option is there"))?;
            done(call.call(|ec2| ec2.disassociate_address(id)))
        },
    ),
    op(
        "release-address",
        "ReleaseAddress",
        None,
        &[required("allocation-id", What::Name(NameKind::ElasticIp))],
        |call| call.on("allocation-id", |ec2, id| ec2.release_address(id)),
    ),
];

/// The association of an Elastic IP, by its id or by the Elastic IP.
pub fn association(call: &Call<'_, '_>, text: &str) -> Result<AddressAssociationId, Failure> {
    if let Ok(id) = text.parse() {
        return Ok(id);
    }
    let eip: AllocationId = call.resolve(text, None)?;
    let found = call.model().elastic_ips.get(&eip).and_then(|eip| eip.association);
    found.map(|(id, _)| id).ok_or_else(|| Failure::Gone { name: text.to_owned() })
}
