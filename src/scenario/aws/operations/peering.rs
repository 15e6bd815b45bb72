//! VPC peering connections.

use super::super::describe;
use super::super::params::{NameKind, Param, What, optional, required, switch};
use super::{Answer, Call, Operation, TAGS, VPC, answer, describe as describes, done, op};
use crate::api::{CreateVpcPeeringConnection, Ec2};
use crate::ids::PeeringId;

const PEERING: Param = required("vpc-peering-connection-id", What::Name(NameKind::Peering));
const OPTIONS: &[Param] = &[required("AllowDnsResolutionFromRemoteVpc", What::Switch)];

pub const OPERATIONS: &[Operation] = &[
    op("accept-vpc-peering-connection", "AcceptVpcPeeringConnection", None, &[PEERING], |call| {
        call.on("vpc-peering-connection-id", |ec2, id| ec2.accept_vpc_peering_connection(id))?;
        status(call)
    }),
    op(
        "create-vpc-peering-connection",
        "CreateVpcPeeringConnection",
        Some(NameKind::Peering),
        &[
            VPC,
            required("peer-vpc-id", What::Name(NameKind::Vpc)),
            optional("peer-owner-id", What::Account),
            optional("peer-region", What::Region),
            TAGS,
        ],
        |call| {
            let request = CreateVpcPeeringConnection {
                new: call.naming(),
                vpc_id: call.id("vpc-id")?,
                peer_vpc_id: call.id("peer-vpc-id")?,
                peer_owner_id: call.value("peer-owner-id"),
                peer_region: call.value("peer-region"),
            };
            let id = call.call(|ec2| ec2.create_vpc_peering_connection(request))?;
            status_of(call, id)
        },
    ),
    op("delete-vpc-peering-connection", "DeleteVpcPeeringConnection", None, &[PEERING], |call| {
        call.on("vpc-peering-connection-id", |ec2, id| ec2.delete_vpc_peering_connection(id))?;
        status(call)
    }),
    describes(
        "describe-vpc-peering-connections",
        "DescribeVpcPeeringConnections",
        "VpcPeeringConnections",
        &[optional("vpc-peering-connection-ids", What::Names(NameKind::Peering))],
        |call| {
            let ids: Vec<PeeringId> = call.ids("vpc-peering-connection-ids")?;
            let find = Ec2::describe_vpc_peering_connections;
            let mut output = call.show("vpc-peering-connection-ids", find, describe::peering)?;
            // The status of a single one can be expected without its document.
            if let [id] = ids.as_slice() {
                output.fields = status_of(call, *id)?.fields;
            }
            Ok(output)
        },
    ),
    op(
        "modify-vpc-peering-connection-options",
        "ModifyVpcPeeringConnectionOptions",
        None,
        &[
            PEERING,
            optional("requester-peering-connection-options", What::Structure(OPTIONS)),
            optional("accepter-peering-connection-options", What::Structure(OPTIONS)),
        ],
        |call| {
            let allow = |option| {
                let options = call.structure(option)?;
                options.text("AllowDnsResolutionFromRemoteVpc").and_then(switch)
            };
            let requester = allow("requester-peering-connection-options");
            let accepter = allow("accepter-peering-connection-options");
            let id = call.id("vpc-peering-connection-id")?;
            done(call.call(|ec2| ec2.modify_vpc_peering_connection_options(id, requester, accepter)))
        },
    ),
    op("reject-vpc-peering-connection", "RejectVpcPeeringConnection", None, &[PEERING], |call| {
        call.on("vpc-peering-connection-id", |ec2, id| ec2.reject_vpc_peering_connection(id))?;
        status(call)
    }),
];

fn status(call: &Call<'_, '_>) -> Answer {
    status_of(call, call.id("vpc-peering-connection-id")?)
}

fn status_of(call: &Call<'_, '_>, id: PeeringId) -> Answer {
    let status = call.ec2.peering_status(id).map_err(|error| call.refused(error))?;
    answer([("VpcPeeringConnectionId", id.to_string()), ("Status", status.to_string())])
}
