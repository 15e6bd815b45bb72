//! Instances.

use serde_json::json;

use super::super::describe;
use super::super::params::{NameKind, Param, What, optional, required};
use super::instance_profile::{IAM_INSTANCE_PROFILE, METADATA_OPTIONS};
use super::network_interface::modify_interface;
use super::{
    FILTERS, GROUPS, NO_SOURCE_DEST_CHECK, Operation, SOURCE_DEST_CHECK, TAGS, answer, describe as describes,
    op,
};
use crate::api::{Ec2, RunInstances};
use crate::ids::InstanceId;

const INSTANCES: Param = required("instance-ids", What::Name(NameKind::Instance));

pub const OPERATIONS: &[Operation] = &[
    describes(
        "describe-instances",
        "DescribeInstances",
        "Reservations",
        &[optional("instance-ids", What::Names(NameKind::Instance)), FILTERS],
        |call| {
            // A reservation is what one launch has made: one instance each.
            let mut output = call.show("instance-ids", Ec2::describe_instances, describe::instance)?;
            let document = output.document.as_mut().expect("a command that describes");
            for element in document["Reservations"].as_array_mut().into_iter().flatten() {
                let id = element["InstanceId"].as_str().and_then(|id| id.parse::<InstanceId>().ok());
                let id = id.expect("the id of an instance");
                let owner = call.model().instances[&id].scope.account.to_string();
                *element = json!({ "Instances": [element.take()], "OwnerId": owner });
            }
            Ok(output)
        },
    ),
    op(
        "modify-instance-attribute",
        "ModifyInstanceAttribute",
        None,
        &[
            required("instance-id", What::Name(NameKind::Instance)),
            GROUPS,
            SOURCE_DEST_CHECK,
            NO_SOURCE_DEST_CHECK,
        ],
        modify_interface,
    ),
    op(
        "run-instances",
        "RunInstances",
        Some(NameKind::Instance),
        &[
            optional("subnet-id", What::Name(NameKind::Subnet)),
            optional("private-ip-address", What::Ip),
            optional("security-group-ids", What::Names(NameKind::SecurityGroup)),
            optional("associate-public-ip-address", What::Flag),
            optional("no-associate-public-ip-address", What::Flag),
            optional("image-id", What::Text),
            optional("instance-type", What::Text),
            optional("key-name", What::Text),
            IAM_INSTANCE_PROFILE,
            METADATA_OPTIONS,
            TAGS,
        ],
        |call| {
            let request = RunInstances {
                new: call.naming(),
                network_interface_id: None,
                subnet_id: match call.optional_id("subnet-id")? {
                    Some(subnet) => subnet,
                    None => call.ec2.default_subnet().map_err(|error| call.refused(error))?,
                },
                private_ip_address: call.value("private-ip-address"),
                associate_public_ip_address: call
                    .flag("associate-public-ip-address", "no-associate-public-ip-address"),
                security_group_ids: call.ids("security-group-ids")?,
                iam_instance_profile: call.profile()?,
                metadata_options: call.metadata_options(),
                instance_type: call.text("instance-type").map(str::to_owned),
            };
            let id = call.call(|ec2| ec2.run_instances(request))?;
            let address = call.model().eni(call.model().instances[&id].eni).primary_ip();
            answer([("InstanceId", id.to_string()), ("PrivateIpAddress", address.to_string())])
        },
    ),
    op("start-instances", "StartInstances", None, &[INSTANCES], |call| {
        call.on("instance-ids", |ec2, id| ec2.start_instances(id))
    }),
    op("stop-instances", "StopInstances", None, &[INSTANCES], |call| {
        call.on("instance-ids", |ec2, id| ec2.stop_instances(id))
    }),
    op("terminate-instances", "TerminateInstances", None, &[INSTANCES], |call| {
        call.on("instance-ids", |ec2, id| ec2.terminate_instances(id))
    }),
];
