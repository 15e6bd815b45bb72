//! Flow logs.

use super::super::describe;
use super::super::params::{NameKind, Param, What, optional, required};
use super::{Answer, Call, FILTERS, Failure, Operation, TAGS, answer, describe as describes, done, op};
use crate::api::{CreateFlowLogs, Ec2};
use crate::model::{
    DestinationOptions, FileFormat, FlowLogResource, TagField, TaggedResource, TrafficType, role_arn,
};

const OPTIONS: &[Param] = &[
    optional("FileFormat", What::Choice(FILE_FORMATS)),
    optional("HiveCompatiblePartitions", What::Choice(&["true", "false"])),
    optional("PerHourPartition", What::Choice(&["true", "false"])),
];
/// Parquet is a matter of how the program was built.
const FILE_FORMATS: &[&str] =
    if cfg!(feature = "parquet") { &["parquet", "plain-text"] } else { &["plain-text"] };
const TAG_FIELDS: &[Param] = &[
    required("ResourceType", What::Choice(&["auto-scaling-group", "instance", "network-interface"])),
    required("TagKeys", What::Texts),
];
const RESOURCE_TYPES: &[&str] = &[
    "NetworkInterface",
    "RegionalNatGateway",
    "Subnet",
    "TransitGateway",
    "TransitGatewayAttachment",
    "VPC",
];

pub const OPERATIONS: &[Operation] = &[
    op(
        "create-flow-logs",
        "CreateFlowLogs",
        Some(NameKind::FlowLog),
        &[
            required("resource-type", What::Choice(RESOURCE_TYPES)),
            required("resource-ids", What::Names(NameKind::FlowLogResource)),
            optional("traffic-type", What::Choice(&["ACCEPT", "ALL", "REJECT"])),
            optional("log-destination-type", What::Choice(&["cloud-watch-logs", "s3"])),
            optional("log-destination", What::Text),
            optional("log-group-name", What::Text),
            optional("deliver-logs-permission-arn", What::Text),
            optional("log-format", What::Text),
            optional("max-aggregation-interval", What::Number { min: 0, max: u32::MAX }),
            optional("destination-options", What::Structure(OPTIONS)),
            optional("tag-field-specifications", What::Structures(TAG_FIELDS)),
            TAGS,
        ],
        create,
    ),
    op(
        "delete-flow-logs",
        "DeleteFlowLogs",
        None,
        &[required("flow-log-ids", What::Names(NameKind::FlowLog))],
        |call| {
            let ids = call.ids("flow-log-ids")?;
            done(call.call(|ec2| ec2.delete_flow_logs(&ids)))
        },
    ),
    describes(
        "describe-flow-logs",
        "DescribeFlowLogs",
        "FlowLogs",
        &[optional("flow-log-ids", What::Names(NameKind::FlowLog)), FILTERS],
        |call| call.show("flow-log-ids", Ec2::describe_flow_logs, describe::flow_log),
    ),
];

fn create(call: &mut Call<'_, '_>) -> Answer {
    let account = call.ec2.caller().account;
    let role = call.text("deliver-logs-permission-arn").map(|role| match role.starts_with("arn:") {
        true => role.to_owned(),
        // Names stand wherever AWS wants more.
        false => role_arn(account, role),
    });
    let text = |option| call.text(option).map(str::to_owned);
    let request = CreateFlowLogs {
        new: call.naming(),
        resources: resources(call)?,
        traffic_type: call.text("traffic-type").map(|text| match text {
            "ACCEPT" => TrafficType::Accept,
            "REJECT" => TrafficType::Reject,
            _ => TrafficType::All,
        }),
        to_s3: call.text("log-destination-type") == Some("s3"),
        log_destination: text("log-destination"),
        log_group_name: text("log-group-name"),
        deliver_logs_permission_arn: role,
        log_format: text("log-format"),
        max_aggregation_interval: call.value("max-aggregation-interval"),
        destination_options: call.structure("destination-options").map(|options| DestinationOptions {
            file_format: match options.text("FileFormat") {
                Some("parquet") => FileFormat::Parquet,
                _ => FileFormat::PlainText,
            },
            hive_compatible_partitions: options.text("HiveCompatiblePartitions") == Some("true"),
            per_hour_partition: options.text("PerHourPartition") == Some("true"),
        }),
        tag_field_specifications: tag_fields(call),
    };
    let ids = call.call(|ec2| ec2.create_flow_logs(request))?;
    let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
    answer([("FlowLogIds", ids.join(", "))])
}

fn resources(call: &Call<'_, '_>) -> Result<Vec<FlowLogResource>, Failure> {
    const IDS: &str = "resource-ids";
    Ok(match call.text("resource-type") {
        Some("NetworkInterface") => of(call.ids(IDS)?, FlowLogResource::NetworkInterface),
        Some("RegionalNatGateway") => of(call.ids(IDS)?, FlowLogResource::RegionalNatGateway),
        Some("Subnet") => of(call.ids(IDS)?, FlowLogResource::Subnet),
        Some("TransitGateway") => of(call.ids(IDS)?, FlowLogResource::TransitGateway),
        Some("TransitGatewayAttachment") => of(call.ids(IDS)?, FlowLogResource::TransitGatewayAttachment),
        _ => of(call.ids(IDS)?, FlowLogResource::Vpc),
    })
}

fn of<Id>(ids: Vec<Id>, kind: fn(Id) -> FlowLogResource) -> Vec<FlowLogResource> {
    ids.into_iter().map(kind).collect()
}

fn tag_fields(call: &Call<'_, '_>) -> Vec<TagField> {
    let field = |tree: &super::Tree| TagField {
        resource_type: match tree.text("ResourceType") {
            Some("auto-scaling-group") => TaggedResource::AutoScalingGroup,
            Some("instance") => TaggedResource::Instance,
            _ => TaggedResource::NetworkInterface,
        },
        tag_keys: tree
            .elements("TagKeys")
            .iter()
            .filter_map(super::Tree::as_text)
            .map(str::to_owned)
            .collect(),
    };
    call.structures("tag-field-specifications").iter().map(field).collect()
}
