//! Network ACLs, their entries and associations.

use super::super::describe;
use super::super::params::{self, NameKind, Param, Ports, What, optional, required};
use super::{Call, FILTERS, Failure, Operation, TAGS, VPC, answer, describe as describes, done, op, traffic};
use crate::api::{AclEntryRequest, CreateNetworkAcl, Ec2};
use crate::ids::{NetworkAclAssociationId, SubnetId};
use crate::model::{AclAction, AclEntry, Direction, Traffic};
use crate::wire::Protocol;

const ACL: Param = required("network-acl-id", What::Name(NameKind::NetworkAcl));
const NUMBER: Param = required("rule-number", What::Number { min: 1, max: 32_766 });

const ENTRY: &[Param] = &[
    ACL,
    NUMBER,
    required("protocol", What::Protocol),
    required("rule-action", What::Choice(&["allow", "deny"])),
    required("cidr-block", What::Cidr),
    optional(
        "icmp-type-code",
        What::Structure(&[optional("Code", What::IcmpNumber), optional("Type", What::IcmpNumber)]),
    ),
    optional("port-range", What::PortRange),
    optional("ingress", What::Flag),
    optional("egress", What::Flag),
];

pub const OPERATIONS: &[Operation] = &[
    op("create-network-acl", "CreateNetworkAcl", Some(NameKind::NetworkAcl), &[VPC, TAGS], |call| {
        let request = CreateNetworkAcl { new: call.naming(), vpc_id: call.id("vpc-id")? };
        let id = call.call(|ec2| ec2.create_network_acl(request))?;
        answer([("NetworkAclId", id.to_string())])
    }),
    op("create-network-acl-entry", "CreateNetworkAclEntry", None, ENTRY, |call| {
        let request = entry(call)?;
        done(call.call(|ec2| ec2.create_network_acl_entry(request)))
    }),
    op("delete-network-acl", "DeleteNetworkAcl", None, &[ACL], |call| {
        call.on("network-acl-id", |ec2, id| ec2.delete_network_acl(id))
    }),
    op(
        "delete-network-acl-entry",
        "DeleteNetworkAclEntry",
        None,
        &[ACL, NUMBER, optional("ingress", What::Flag), optional("egress", What::Flag)],
        |call| {
            let (id, direction) = (call.id("network-acl-id")?, direction(call));
            let number = call.value("rule-number").expect("a required option is there");
            done(call.call(|ec2| ec2.delete_network_acl_entry(id, direction, number)))
        },
    ),
    describes(
        "describe-network-acls",
        "DescribeNetworkAcls",
        "NetworkAcls",
        &[optional("network-acl-ids", What::Names(NameKind::NetworkAcl)), FILTERS],
        |call| call.show("network-acl-ids", Ec2::describe_network_acls, describe::network_acl),
    ),
    op(
        "replace-network-acl-association",
        "ReplaceNetworkAclAssociation",
        None,
        &[required("association-id", What::Name(NameKind::Subnet)), ACL],
        |call| {
            let (association, acl) = (association(call)?, call.id("network-acl-id")?);
            let id = call.call(|ec2| ec2.replace_network_acl_association(association, acl))?;
            answer([("NewAssociationId", id.to_string())])
        },
    ),
    op("replace-network-acl-entry", "ReplaceNetworkAclEntry", None, ENTRY, |call| {
        let request = entry(call)?;
        done(call.call(|ec2| ec2.replace_network_acl_entry(request)))
    }),
];

fn entry(call: &Call<'_, '_>) -> Result<AclEntryRequest, Failure> {
    let protocol = call.text("protocol").and_then(params::protocol).flatten();
    let ports = call.text("port-range").and_then(params::from_to);
    let traffic = match call.structure("icmp-type-code") {
        Some(icmp) if protocol == Some(Protocol::ICMP.0) => {
            let number = |member| icmp.text(member)?.parse().ok();
            Some(Traffic::Icmp { kind: number("Type"), code: number("Code") })
        }
        _ => traffic(protocol, ports.map(|(from, to)| Ports::Range(from, to))),
    };
    let entry = AclEntry {
        number: call.value("rule-number").expect("a required option is there"),
        traffic: traffic.ok_or_else(|| call.refused(call.ec2.invalid_ports()))?,
        cidr: call.cidr("cidr-block"),
        action: if call.text("rule-action") == Some("allow") { AclAction::Allow } else { AclAction::Deny },
    };
    Ok(AclEntryRequest { network_acl_id: call.id("network-acl-id")?, direction: direction(call), entry })
}

fn direction(call: &Call<'_, '_>) -> Direction {
    if call.has("egress") { Direction::Egress } else { Direction::Ingress }
}

fn association(call: &Call<'_, '_>) -> Result<NetworkAclAssociationId, Failure> {
    let text = call.text("association-id").expect("a required option is there");
    if let Ok(id) = text.parse() {
        return Ok(id);
    }
    let subnet: SubnetId = call.resolve(text, None)?;
    let found = call.model().subnets.get(&subnet).map(|subnet| subnet.network_acl_association);
    found.ok_or_else(|| Failure::Gone { name: text.to_owned() })
}
