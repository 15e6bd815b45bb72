//! Flow logs, and the groups and streams of CloudWatch Logs.

use serde_json::{Value, json};

use super::{View, moment, put, tags, text, texts};
use crate::model::{FlowLog, LogDestination, LogGroup, LogStream, TagField};
use crate::time::Instant;

pub fn flow_log(_: &View<'_>, log: &FlowLog) -> Value {
    let mut document = json!({ "CreationTime": moment(log.created) });
    put(&mut document, "DeliverLogsErrorMessage", log.deliver_logs_status.error_message().map(text));
    if let LogDestination::CloudWatchLogs { role, .. } = &log.destination {
        document["DeliverLogsPermissionArn"] = text(role);
    }
    document["DeliverLogsStatus"] = text(log.deliver_logs_status.code());
    document["FlowLogId"] = text(log.id);
    document["FlowLogStatus"] = text("ACTIVE");
    if let LogDestination::CloudWatchLogs { group, .. } = &log.destination {
        document["LogGroupName"] = text(group);
    }
    document["ResourceId"] = text(log.resource);
    if !log.resource.is_transit_gateway() {
        document["TrafficType"] = text(log.traffic_type.code());
    }
    document["LogDestinationType"] = text(log.destination.kind());
    if let LogDestination::S3 { bucket, prefix, .. } = &log.destination {
        let slash = if prefix.is_empty() { "" } else { "/" };
        document["LogDestination"] = format!("arn:aws:s3:::{bucket}{slash}{prefix}").into();
    }
    document["LogFormat"] = text(&log.format);
    document["Tags"] = tags(log.name.as_deref());
    document["MaxAggregationInterval"] = log.max_aggregation_interval.as_secs().into();
    if let LogDestination::S3 { options, .. } = &log.destination {
        document["DestinationOptions"] = json!({
            "FileFormat": options.file_format.code(),
            "HiveCompatiblePartitions": options.hive_compatible_partitions,
            "PerHourPartition": options.per_hour_partition,
        });
    }
    let tag_field = |field: &TagField| json!({ "ResourceType": field.resource_type.code(), "TagKeys": texts(&field.tag_keys) });
    let tag_fields: Vec<Value> = log.tag_fields.iter().map(tag_field).collect();
    put(&mut document, "TagFieldSpecifications", (!tag_fields.is_empty()).then(|| tag_fields.into()));
    document
}

pub fn log_group(group: &LogGroup) -> Value {
    json!({
        "logGroupName": group.name,
        "creationTime": milliseconds(group.created),
        "metricFilterCount": 0,
        "arn": format!("{}:*", group.arn()),
        "logGroupClass": "STANDARD",
        "logGroupArn": group.arn(),
    })
}

pub fn log_stream(group: &LogGroup, name: &str, stream: &LogStream) -> Value {
    json!({
        "logStreamName": name,
        "creationTime": milliseconds(stream.created),
        "firstEventTimestamp": stream.first_event,
        "lastEventTimestamp": stream.last_event,
        "lastIngestionTime": milliseconds(stream.last_ingestion),
        "arn": format!("{}:log-stream:{name}", group.arn()),
    })
}

fn milliseconds(at: Instant) -> u64 {
    at.as_nanos() / 1_000_000
}
