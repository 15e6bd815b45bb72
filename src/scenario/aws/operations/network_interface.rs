//! Network interfaces.

use super::super::describe;
use super::super::params::{NameKind, Param, What, optional, required};
use super::super::shorthand::Tree;
use super::{
    Answer, Call, FILTERS, GROUPS, NO_SOURCE_DEST_CHECK, Operation, SOURCE_DEST_CHECK, TAGS, answer,
    describe as describes, done, op,
};
use crate::api::{CreateNetworkInterface, Ec2, ModifyNetworkInterfaceAttribute};

const INTERFACE: Param = required("network-interface-id", What::Name(NameKind::Eni));

const SECONDS: What = What::Number { min: 1, max: 10_000_000 };
const TRACKING: &[Param] = &[
    optional("TcpEstablishedTimeout", SECONDS),
    optional("UdpTimeout", SECONDS),
    optional("UdpStreamTimeout", SECONDS),
];

pub const OPERATIONS: &[Operation] = &[
    op(
        "assign-private-ip-addresses",
        "AssignPrivateIpAddresses",
        None,
        &[
            INTERFACE,
            optional("private-ip-addresses", What::Ips),
            optional("secondary-private-ip-address-count", What::Number { min: 1, max: 255 }),
        ],
        |call| {
            let (id, addresses) = (call.id("network-interface-id")?, call.ips("private-ip-addresses"));
            let count = call.count("secondary-private-ip-address-count");
            match (addresses.is_empty(), count) {
                (true, None) => return Err(call.missing()),
                (false, Some(_)) => return Err(call.combined()),
                (true, Some(_)) | (false, None) => {}
            }
            let count = count.unwrap_or(0);
            let assigned = call.call(|ec2| ec2.assign_private_ip_addresses(id, &addresses, count))?;
            let assigned: Vec<String> = assigned.iter().map(ToString::to_string).collect();
            answer([("AssignedPrivateIpAddresses", assigned.join(" "))])
        },
    ),
    op(
        "create-network-interface",
        "CreateNetworkInterface",
        Some(NameKind::Eni),
        &[
            required("subnet-id", What::Name(NameKind::Subnet)),
            optional("private-ip-address", What::Ip),
            optional("groups", What::Names(NameKind::SecurityGroup)),
            TAGS,
        ],
        |call| {
            let request = CreateNetworkInterface {
                new: call.naming(),
                subnet_id: call.id("subnet-id")?,
                private_ip_address: call.value("private-ip-address"),
                groups: call.ids("groups")?,
            };
            let id = call.call(|ec2| ec2.create_network_interface(request))?;
            answer([("NetworkInterfaceId", id.to_string())])
        },
    ),
    op("delete-network-interface", "DeleteNetworkInterface", None, &[INTERFACE], |call| {
        call.on("network-interface-id", |ec2, id| ec2.delete_network_interface(id))
    }),
    describes(
        "describe-network-interfaces",
        "DescribeNetworkInterfaces",
        "NetworkInterfaces",
        &[optional("network-interface-ids", What::Names(NameKind::Eni)), FILTERS],
        |call| call.show("network-interface-ids", Ec2::describe_network_interfaces, describe::interface),
    ),
    op(
        "modify-network-interface-attribute",
        "ModifyNetworkInterfaceAttribute",
        None,
        &[
            INTERFACE,
            GROUPS,
            SOURCE_DEST_CHECK,
            NO_SOURCE_DEST_CHECK,
            optional("connection-tracking-specification", What::Structure(TRACKING)),
        ],
        modify_interface,
    ),
    op(
        "unassign-private-ip-addresses",
        "UnassignPrivateIpAddresses",
        None,
        &[INTERFACE, required("private-ip-addresses", What::Ips)],
        |call| {
            let addresses = call.ips("private-ip-addresses");
            call.on("network-interface-id", |ec2, id| ec2.unassign_private_ip_addresses(id, &addresses))
        },
    ),
];

/// A call changes one attribute.
pub fn modify_interface(call: &mut Call<'_, '_>) -> Answer {
    let id = call.interface()?;
    let groups = call.has("groups").then(|| call.ids("groups")).transpose()?;
    let tracking = call.structure("connection-tracking-specification");
    let check = match (call.has("source-dest-check"), call.has("no-source-dest-check")) {
        (true, true) => return Err(call.combined()),
        (true, false) => Some(true),
        (false, true) => Some(false),
        (false, false) => None,
    };
    let change = match (groups, check, tracking) {
        (Some(groups), None, None) => ModifyNetworkInterfaceAttribute::Groups(groups),
        (None, Some(on), None) => ModifyNetworkInterfaceAttribute::SourceDestCheck(on),
        (None, None, Some(tracking)) => connection_tracking(&tracking),
        (None, None, None) => return Err(call.missing()),
        (_, _, _) => return Err(call.combined()),
    };
    done(call.call(|ec2| ec2.modify_network_interface_attribute(id, change)))
}

fn connection_tracking(specification: &Tree) -> ModifyNetworkInterfaceAttribute {
    let seconds = |member| {
        let text = specification.text(member)?;
        Some(text.parse().expect("checked when the command was read"))
    };
    ModifyNetworkInterfaceAttribute::ConnectionTracking {
        tcp_established: seconds("TcpEstablishedTimeout"),
        udp: seconds("UdpTimeout"),
        udp_stream: seconds("UdpStreamTimeout"),
    }
}
