//! Flow logs: what is recorded of which interfaces, and where the records go.

mod field;
mod format;

use std::fmt;
use std::time::Duration;

pub use self::field::{Field, FieldType, FieldUse};
pub use self::format::{LogFormat, MalformedFormat};
use super::{Account, Region, Scope};
use crate::ids::{
    EniId, FlowLogId, NatGatewayId, SubnetId, TransitGatewayAttachmentId, TransitGatewayId, VpcId,
};
use crate::time::Instant;

/// A flow log. Nothing about it can be changed but its name and tags (aws: flow-log-immutable).
#[derive(Clone, Debug)]
pub struct FlowLog {
    /// Its id.
    pub id: FlowLogId,
    /// Its Name tag.
    pub name: Option<String>,
    /// Owner and region.
    pub scope: Scope,
    /// What it watches.
    pub resource: FlowLogResource,
    /// Which records it keeps; those of transit gateways have no action to choose by.
    pub traffic_type: TrafficType,
    /// Where they go.
    pub destination: LogDestination,
    /// What they say.
    pub format: LogFormat,
    /// How long a flow is summed up, at most: 60 or 600 s.
    pub max_aggregation_interval: Duration,
    /// The tags whose values records can have.
    pub tag_fields: Vec<TagField>,
    /// When it was made.
    pub created: Instant,
    /// Whether the last delivery succeeded.
    pub deliver_logs_status: DeliverLogsStatus,
}

/// What a flow log watches.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum FlowLogResource {
    /// One interface.
    NetworkInterface(EniId),
    /// A regional NAT gateway.
    RegionalNatGateway(NatGatewayId),
    /// All interfaces of a subnet.
    Subnet(SubnetId),
    /// All attachments of a transit gateway.
    TransitGateway(TransitGatewayId),
    /// One attachment.
    TransitGatewayAttachment(TransitGatewayAttachmentId),
    /// All interfaces of a VPC.
    Vpc(VpcId),
}

impl FlowLogResource {
    /// As `--resource-type` has it.
    pub const fn kind(self) -> &'static str {
        match self {
            Self::NetworkInterface(_) => "NetworkInterface",
            Self::RegionalNatGateway(_) => "RegionalNatGateway",
            Self::Subnet(_) => "Subnet",
            Self::TransitGateway(_) => "TransitGateway",
            Self::TransitGatewayAttachment(_) => "TransitGatewayAttachment",
            Self::Vpc(_) => "VPC",
        }
    }

    /// Whether records are those of a transit gateway.
    pub const fn is_transit_gateway(self) -> bool {
        matches!(self, Self::TransitGateway(_) | Self::TransitGatewayAttachment(_))
    }
}

impl fmt::Display for FlowLogResource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NetworkInterface(id) => id.fmt(f),
            Self::RegionalNatGateway(id) => id.fmt(f),
            Self::Subnet(id) => id.fmt(f),
            Self::TransitGateway(id) => id.fmt(f),
            Self::TransitGatewayAttachment(id) => id.fmt(f),
            Self::Vpc(id) => id.fmt(f),
        }
    }
}

/// Which records a flow log keeps.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum TrafficType {
    /// Those of what was accepted.
    Accept,
    /// All.
    All,
    /// Those of what was rejected.
    Reject,
}

impl TrafficType {
    /// As AWS writes it.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Accept => "ACCEPT",
            Self::All => "ALL",
            Self::Reject => "REJECT",
        }
    }
}

/// Where records go.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum LogDestination {
    /// To a log group, with the permissions of a role.
    CloudWatchLogs {
        /// The group's name.
        group: String,
        /// The role's ARN.
        role: String,
    },
    /// To a bucket, as objects.
    S3 {
        /// The bucket's name.
        bucket: String,
        /// What keys begin with, without a slash at either end; empty if there is nothing.
        prefix: String,
        /// What the objects are, and how they are laid out.
        options: DestinationOptions,
    },
}

impl LogDestination {
    /// As `--log-destination-type` has it.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::CloudWatchLogs { .. } => "cloud-watch-logs",
            Self::S3 { .. } => "s3",
        }
    }
}

/// Objects of flow logs, and the layout of their keys (aws: flow-log-s3-layout).
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct DestinationOptions {
    /// What objects are.
    pub file_format: FileFormat,
    /// Whether keys have Hive's `name=value` folders.
    pub hive_compatible_partitions: bool,
    /// Whether there is a folder for each hour.
    pub per_hour_partition: bool,
}

/// What objects of flow logs are.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum FileFormat {
    /// Columns, compressed.
    Parquet,
    /// Lines, compressed by gzip, the first with the names of the fields.
    #[default]
    PlainText,
}

impl FileFormat {
    /// As `FileFormat` has it.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Parquet => "parquet",
            Self::PlainText => "plain-text",
        }
    }
}

/// Tags of a kind of resource whose values records can have (aws: flow-log-tag-fields).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TagField {
    /// Of what.
    pub resource_type: TaggedResource,
    /// One key or two.
    pub tag_keys: Vec<String>,
}

/// What has tags that records can say.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum TaggedResource {
    /// The group that an instance belongs to.
    AutoScalingGroup,
    /// The instance.
    Instance,
    /// The interface.
    NetworkInterface,
}

impl TaggedResource {
    /// As `ResourceType` has it.
    pub const fn code(self) -> &'static str {
        match self {
            Self::AutoScalingGroup => "auto-scaling-group",
            Self::Instance => "instance",
            Self::NetworkInterface => "network-interface",
        }
    }
}

/// Whether records get where they are to go (aws: flow-log-status).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum DeliverLogsStatus {
    /// They do not: whoever delivers may not.
    AccessError,
    /// They do.
    Success,
}

impl DeliverLogsStatus {
    /// As `DeliverLogsStatus` has it.
    pub const fn code(self) -> &'static str {
        match self {
            Self::AccessError => "FAILED",
            Self::Success => "SUCCESS",
        }
    }

    /// As `DeliverLogsErrorMessage` has it.
    pub const fn error_message(self) -> Option<&'static str> {
        match self {
            Self::AccessError => Some("Access error"),
            Self::Success => None,
        }
    }
}

impl FlowLog {
    /// E.g. `arn:aws:ec2:us-east-1:123456789012:vpc-flow-log/fl-0123456789abcdef0`.
    pub fn arn(&self) -> String {
        format!("arn:aws:ec2:{}:{}:vpc-flow-log/{}", self.scope.region, self.scope.account, self.id)
    }

    /// The keys of the tags of a kind of resource that its records have.
    pub fn tag_keys(&self, of: TaggedResource) -> &[String] {
        let found = self.tag_fields.iter().find(|field| field.resource_type == of);
        found.map_or(&[], |field| &field.tag_keys)
    }
}

/// A log group of CloudWatch Logs.
#[derive(Clone, Debug)]
pub struct LogGroup {
    /// Its name, unique in its account and region.
    pub name: String,
    /// Owner and region.
    pub scope: Scope,
    /// When it was made.
    pub created: Instant,
    /// Its streams by name.
    pub streams: std::collections::BTreeMap<String, LogStream>,
}

impl LogGroup {
    /// E.g. `arn:aws:logs:us-east-1:123456789012:log-group:VPCFlowLogs`.
    pub fn arn(&self) -> String {
        log_group_arn(self.scope.account, self.scope.region, &self.name)
    }
}

/// The ARN of a log group.
pub fn log_group_arn(account: Account, region: Region, name: &str) -> String {
    format!("arn:aws:logs:{region}:{account}:log-group:{name}")
}

/// What is known of a stream of events; the events themselves are with whoever runs the scenario.
#[derive(Clone, Debug)]
pub struct LogStream {
    /// When it was made.
    pub created: Instant,
    /// The time of the earliest event, in milliseconds since 1970.
    pub first_event: u64,
    /// The time of the latest.
    pub last_event: u64,
    /// When the last events came.
    pub last_ingestion: Instant,
    /// How many events there are.
    pub events: u64,
}
