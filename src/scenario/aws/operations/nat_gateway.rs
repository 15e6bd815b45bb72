//! NAT gateways.

use super::super::describe;
use super::super::params::{NameKind, Param, What, optional, required};
use super::{Answer, Call, FILTER, Operation, TAGS, address, answer, describe as describes, done, op};
use crate::api::{CreateNatGateway, Ec2};
use crate::ids::NatGatewayId;
use crate::model::Connectivity;

const GATEWAY: Param = required("nat-gateway-id", What::Name(NameKind::NatGateway));
const COUNT: What = What::Number { min: 1, max: 31 };

pub const OPERATIONS: &[Operation] = &[
    op(
        "assign-private-nat-gateway-address",
        "AssignPrivateNatGatewayAddress",
        None,
        &[GATEWAY, required("private-ip-address-count", COUNT)],
        |call| {
            let count = call.count("private-ip-address-count").expect("a required option is there");
            call.on("nat-gateway-id", |ec2, id| ec2.assign_private_nat_gateway_address(id, count))
        },
    ),
    op(
        "associate-nat-gateway-address",
        "AssociateNatGatewayAddress",
        None,
        &[GATEWAY, required("allocation-ids", What::Names(NameKind::ElasticIp))],
        |call| {
            let allocations = call.ids("allocation-ids")?;
            call.on("nat-gateway-id", |ec2, id| ec2.associate_nat_gateway_address(id, &allocations))
        },
    ),
    op(
        "create-nat-gateway",
        "CreateNatGateway",
        Some(NameKind::NatGateway),
        &[
            optional("subnet-id", What::Name(NameKind::Subnet)),
            optional("vpc-id", What::Name(NameKind::Vpc)),
            optional("connectivity-type", What::Choice(&["private", "public"])),
            optional("availability-mode", What::Choice(&["zonal", "regional"])),
            optional("allocation-id", What::Name(NameKind::ElasticIp)),
            optional("private-ip-address", What::Ip),
            optional("secondary-private-ip-address-count", COUNT),
            optional("secondary-allocation-ids", What::Names(NameKind::ElasticIp)),
            TAGS,
        ],
        create,
    ),
    op("delete-nat-gateway", "DeleteNatGateway", None, &[GATEWAY], |call| {
        let id: NatGatewayId = call.id("nat-gateway-id")?;
        call.call(|ec2| ec2.delete_nat_gateway(id))?;
        answer([("NatGatewayId", id.to_string())])
    }),
    describes(
        "describe-nat-gateways",
        "DescribeNatGateways",
        "NatGateways",
        // The only command whose filters are called so.
        &[
            optional("nat-gateway-ids", What::Names(NameKind::NatGateway)),
            optional("filter", What::Structures(FILTER)),
        ],
        |call| call.show("nat-gateway-ids", Ec2::describe_nat_gateways, describe::nat_gateway),
    ),
    op(
        "disassociate-nat-gateway-address",
        "DisassociateNatGatewayAddress",
        None,
        &[GATEWAY, required("association-ids", What::Names(NameKind::ElasticIp))],
        |call| {
            let texts = call.texts("association-ids");
            let associations: Vec<_> =
                texts.map(|text| address::association(call, text)).collect::<Result<_, _>>()?;
            let id = call.id("nat-gateway-id")?;
            done(call.call(|ec2| ec2.disassociate_nat_gateway_address(id, &associations)))
        },
    ),
];

fn create(call: &mut Call<'_, '_>) -> Answer {
    // A regional one has a VPC, a zonal one a subnet (aws: nat-regional).
    let is_regional = call.text("availability-mode") == Some("regional");
    let of_the_other = if is_regional { "subnet-id" } else { "vpc-id" };
    if call.has(of_the_other) {
        return Err(call.combined());
    }
    let private = call.text("connectivity-type") == Some("private");
    let request = CreateNatGateway {
        new: call.naming(),
        subnet_id: call.optional_id("subnet-id")?,
        vpc_id: call.optional_id("vpc-id")?,
        connectivity: if private { Connectivity::Private } else { Connectivity::Public },
        allocation_id: call.optional_id("allocation-id")?,
        private_ip_address: call.value("private-ip-address"),
        secondary_private_ip_address_count: call.count("secondary-private-ip-address-count").unwrap_or(0),
        secondary_allocation_ids: call.ids("secondary-allocation-ids")?,
    };
    let id = call.call(|ec2| ec2.create_nat_gateway(request))?;
    let state = call.model().nat_gateways[&id].state.code();
    answer([("NatGatewayId", id.to_string()), ("State", state.to_owned())])
}
