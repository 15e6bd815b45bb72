//! Flow logs: made, deleted, described, and what their deliveries may do.

use std::ops::RangeInclusive;
use std::time::Duration;

use super::{ApiError, Ec2, New, Result};
use crate::iam::{self, AccessRequest, ServiceRequest};
use crate::ids::FlowLogId;
use crate::model::{
    Content, DeliverLogsStatus, DestinationOptions, FieldUse, FlowLog, FlowLogResource, LogDestination,
    LogFormat, LogGroup, LogStream, NatPlace, Policy, Principal, TagField, TrafficType, log_group_arn,
};
use crate::time::Instant;

/// Parameters of CreateFlowLogs.
#[derive(Clone, Debug)]
pub struct CreateFlowLogs {
    /// Name and id; the id can be pinned if there is one resource.
    pub new: New<FlowLogId>,
    /// What is watched: a flow log is made for each.
    pub resources: Vec<FlowLogResource>,
    /// Which records are kept.
    pub traffic_type: Option<TrafficType>,
    /// `cloud-watch-logs` unless it is `s3`.
    pub to_s3: bool,
    /// The ARN of a bucket or of a log group.
    pub log_destination: Option<String>,
    /// The name of a log group.
    pub log_group_name: Option<String>,
    /// The ARN of the role that may write to the group.
    pub deliver_logs_permission_arn: Option<String>,
    /// `${field}` after `${field}`; the default format if none is given.
    pub log_format: Option<String>,
    /// 60 or 600 seconds; 600 if none is given.
    pub max_aggregation_interval: Option<u32>,
    /// Of a bucket.
    pub destination_options: Option<DestinationOptions>,
    /// The tags whose values records have.
    pub tag_field_specifications: Vec<TagField>,
}

/// How many resources one call may name (aws: flow-log-limits).
const RESOURCES_MAX: usize = 300;
/// The same of transit gateways and attachments.
const TRANSIT_GATEWAYS_MAX: usize = 25;
/// How many flow logs a resource may have (aws: flow-log-limits).
const SUBSCRIPTIONS_MAX: usize = 250;
/// How many tags of a kind of resource records can have (aws: flow-log-tag-fields).
const TAG_KEYS: RangeInclusive<usize> = 1..=2;
/// How long their keys may be.
const TAG_KEY_LEN: RangeInclusive<usize> = 1..=128;

/// Who puts objects into buckets (aws: flow-log-bucket-policy).
const DELIVERY: &str = "delivery.logs.amazonaws.com";
/// Who assumes the role that may write to a log group (aws: flow-log-role).
const FLOW_LOGS: &str = "vpc-flow-logs.amazonaws.com";

impl Ec2<'_> {
    /// Makes a flow log for each resource, or none at all
    /// (assumed: flow-log-all-or-nothing).
    pub fn create_flow_logs(&mut self, request: CreateFlowLogs) -> Result<Vec<FlowLogId>> {
        let watches_transit = self.check_resources(&request.resources)?;
        let traffic_type = match (request.traffic_type, watches_transit) {
            (None, true) => TrafficType::All,
            // aws: tgw-flow-log-parameters
            (Some(_), true) => return Err(ApiError::code_only("InvalidParameter")),
            (Some(kept), false) => kept,
            (None, false) => return Err(self.missing_parameter()),
        };
        let format = read_format(request.log_format.as_deref(), watches_transit)?;
        let max_aggregation_interval =
            match (request.max_aggregation_interval.unwrap_or(600), watches_transit) {
                (60, _) => Duration::from_secs(60),
                (600, false) => Duration::from_secs(600),
                _ => return Err(ApiError::code_only("InvalidParameter")),
            };
        check_tag_fields(&request.tag_field_specifications)?;
        let destination = self.read_destination(&request)?;
        for resource in &request.resources {
            self.check_subscriptions(*resource, &destination, &format, traffic_type)?;
        }
        if let LogDestination::S3 { bucket, prefix, options } = &destination {
            self.admit_delivery(bucket, prefix, *options)?;
        }
        let new = request.new;
        let ids = request.resources.iter().map(|resource| {
            let within = resource.to_string();
            let id = self.choose_id(&new, &within, |model| &model.flow_logs, FlowLogId::derive);
            let log = FlowLog {
                id,
                name: new.name.clone(),
                scope: self.caller,
                resource: *resource,
                traffic_type,
                destination: destination.clone(),
                format: format.clone(),
                max_aggregation_interval,
                tag_fields: request.tag_field_specifications.clone(),
                created: self.now,
                deliver_logs_status: DeliverLogsStatus::Success,
            };
            self.model.flow_logs.insert(id, log);
            id
        });
        Ok(ids.collect())
    }

    /// Ends flow logs. What they have delivered stays (aws: flow-log-delete).
    pub fn delete_flow_logs(&mut self, ids: &[FlowLogId]) -> Result<()> {
        for id in ids {
            self.flow_log(*id)?;
        }
        for id in ids {
            self.model.flow_logs.shift_remove(id);
        }
        Ok(())
    }

    /// Whether the policy of a flow log's bucket lets an object be put there; the flow log's status follows.
    pub fn admits_log_object(
        &mut self,
        log: &FlowLog,
        key: &str,
    ) -> std::result::Result<(), DeliveryRefusal> {
        let LogDestination::S3 { bucket, .. } = &log.destination else { return Ok(()) };
        let admitted = if self.lets_delivery(bucket, key) {
            Ok(())
        } else if self.model.buckets.contains_key(bucket) {
            Err(DeliveryRefusal::BucketPolicy { bucket: bucket.clone() })
        } else {
            Err(DeliveryRefusal::NoBucket { bucket: bucket.clone() })
        };
        self.note_delivery(log.id, admitted.is_ok());
        admitted
    }

    /// Puts an object of a flow log into its bucket, which admits it.
    pub fn deliver_log_object(&mut self, log: &FlowLog, key: &str, content: Content, at: Instant) {
        if let LogDestination::S3 { bucket, .. } = &log.destination {
            let put = self.put_object_dated(bucket, key, content, "application/octet-stream", at);
            debug_assert!(put.is_ok(), "keys of flow logs are short");
        }
    }

    /// Puts events that a flow log has recorded into a stream of its group, if its role lets it. Group and stream are made when they are needed (aws: flow-log-group-on-traffic).
    ///
    /// `first` and `last` are the times of the earliest and the latest of the `events`, in milliseconds.
    pub fn deliver_log_events(
        &mut self,
        log: &FlowLog,
        stream: &str,
        (first, last): (u64, u64),
        events: u64,
        at: Instant,
    ) -> std::result::Result<(), DeliveryRefusal> {
        let LogDestination::CloudWatchLogs { group, role } = &log.destination else { return Ok(()) };
        let admitted = self.lets_logging(log, group, role, stream);
        if admitted.is_ok() {
            let scope = log.scope;
            let place = (scope.account, scope.region, group.clone());
            let (name, streams) = (group.clone(), [].into());
            let group = self.model.log_groups.entry(place);
            let group = group.or_insert(LogGroup { name, scope, created: at, streams });
            let stream = group.streams.entry(stream.to_owned()).or_insert(LogStream {
                created: at,
                first_event: first,
                last_event: last,
                last_ingestion: at,
                events: 0,
            });
            stream.first_event = stream.first_event.min(first);
            stream.last_event = stream.last_event.max(last);
            stream.last_ingestion = at;
            stream.events += events;
        }
        self.note_delivery(log.id, admitted.is_ok());
        admitted
    }

    fn note_delivery(&mut self, id: FlowLogId, is_let: bool) {
        let status = if is_let { DeliverLogsStatus::Success } else { DeliverLogsStatus::AccessError };
        // It may have been deleted since it recorded.
        if let Some(log) = self.model.flow_logs.get_mut(&id) {
            log.deliver_logs_status = status;
        }
    }

    /// Whether the resources exist, are the caller's, and go together; whether they are transit gateways'.
    fn check_resources(&self, resources: &[FlowLogResource]) -> Result<bool> {
        let Some(first) = resources.first() else { return Err(self.missing_parameter()) };
        let is_transit = first.is_transit_gateway();
        let max = if is_transit { TRANSIT_GATEWAYS_MAX } else { RESOURCES_MAX };
        if resources.len() > max {
            return Err(ApiError::code_only("InvalidParameter"));
        }
        for resource in resources {
            match *resource {
                FlowLogResource::NetworkInterface(id) => drop(self.eni(id)?),
                FlowLogResource::RegionalNatGateway(id) => {
                    if !matches!(self.nat_gateway(id)?.place, NatPlace::Regional { .. }) {
                        return Err(ApiError::code_only("InvalidParameter"));
                    }
                }
                FlowLogResource::Subnet(id) => drop(self.subnet(id)?),
                FlowLogResource::TransitGateway(id) => drop(self.transit_gateway(id)?),
                FlowLogResource::TransitGatewayAttachment(id) => drop(self.attachment(id)?),
                FlowLogResource::Vpc(id) => drop(self.vpc(id)?),
            }
        }
        Ok(is_transit)
    }

    /// Where records shall go (aws: flow-log-parameters).
    fn read_destination(&self, request: &CreateFlowLogs) -> Result<LogDestination> {
        let (destination, group) = (request.log_destination.as_deref(), request.log_group_name.as_deref());
        if request.to_s3 {
            if group.is_some() {
                return Err(ApiError::code_only("InvalidParameter"));
            }
            let place = destination.ok_or_else(|| self.missing_parameter())?;
            let place = place.strip_prefix("arn:aws:s3:::");
            let place = place.ok_or_else(|| ApiError::code_only("InvalidParameter"))?;
            let (bucket, prefix) = place.split_once('/').unwrap_or((place, ""));
            let prefix = prefix.trim_matches('/');
            // aws: flow-log-prefix-reserved
            if prefix == "AWSLogs" || prefix.starts_with("AWSLogs/") {
                return Err(ApiError::code_only("InvalidParameter"));
            }
            if !self.model.buckets.contains_key(bucket) {
                return Err(ApiError::code_only("LogDestinationNotFound"));
            }
            let options = request.destination_options.unwrap_or_default();
            return Ok(LogDestination::S3 { bucket: bucket.to_owned(), prefix: prefix.to_owned(), options });
        }
        if request.destination_options.is_some() {
            return Err(ApiError::code_only("InvalidParameter"));
        }
        let own = log_group_arn(self.caller.account, self.caller.region, "");
        let by_arn = destination.map(|arn| arn.trim_end_matches(":*").strip_prefix(own.as_str()));
        let group = match (group, by_arn) {
            (Some(group), None) | (None, Some(Some(group))) => group,
            (None, None) => return Err(self.missing_parameter()),
            (Some(_), Some(_)) | (None, Some(None)) => return Err(ApiError::code_only("InvalidParameter")),
        };
        let role = request.deliver_logs_permission_arn.as_deref().ok_or_else(|| self.missing_parameter())?;
        // aws: flow-log-role
        if !role.starts_with(&format!("arn:aws:iam::{}:role/", self.caller.account)) {
            return Err(ApiError::code_only("InvalidParameter"));
        }
        Ok(LogDestination::CloudWatchLogs { group: group.to_owned(), role: role.to_owned() })
    }

    fn check_subscriptions(
        &self,
        resource: FlowLogResource,
        destination: &LogDestination,
        format: &LogFormat,
        kept: TrafficType,
    ) -> Result<()> {
        let own = self.model.flow_logs.values().filter(|log| log.resource == resource);
        let is_same = |log: &FlowLog| {
            log.destination == *destination && log.format == *format && log.traffic_type == kept
        };
        if own.clone().any(is_same) {
            return Err(ApiError::code_only("FlowLogAlreadyExists"));
        }
        if own.count() >= SUBSCRIPTIONS_MAX {
            return Err(ApiError::code_only("FlowLogsLimitExceeded"));
        }
        Ok(())
    }

    /// Sees that deliveries may put objects into a bucket: its owner's bucket is given the policy
    /// (aws: flow-log-bucket-policy), behind the one it has (assumed: flow-log-bucket-policy-appended); another's
    /// has to have it.
    fn admit_delivery(&mut self, bucket: &str, prefix: &str, options: DestinationOptions) -> Result<()> {
        let slash = if prefix.is_empty() { "" } else { "/" };
        let account = self.caller.account;
        let folder = if options.hive_compatible_partitions {
            format!("{prefix}{slash}AWSLogs/aws-account-id={account}/")
        } else {
            format!("{prefix}{slash}AWSLogs/{account}/")
        };
        let is_owner = self.model.buckets[bucket].account == account;
        if !self.lets_delivery(bucket, &folder) && is_owner {
            let policy = self.delivery_policy(bucket);
            let bucket = &mut self.model.buckets[bucket];
            let joined =
                bucket.policy.as_ref().map_or_else(|| policy.clone(), |own| own.joined_with(&policy));
            bucket.policy = Some(joined);
        }
        // A policy may forbid what another statement allows.
        if self.lets_delivery(bucket, &folder) {
            Ok(())
        } else {
            Err(ApiError::code_only("LogDestinationPermissionIssue"))
        }
    }

    /// What AWS lets delivery do with a bucket (aws: flow-log-bucket-policy).
    fn delivery_policy(&self, bucket: &str) -> Policy {
        let (account, source) = (self.caller.account, self.delivery_source());
        let condition = format!(
            r#""aws:SourceAccount":"{account}"}},"ArnLike":{{"aws:SourceArn":"{}*"}}"#,
            source.trim_end_matches('*')
        );
        let text = format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Sid":"AWSLogDeliveryWrite","Effect":"Allow","Principal":{{"Service":"{DELIVERY}"}},"Action":"s3:PutObject","Resource":"arn:aws:s3:::{bucket}/*","Condition":{{"StringEquals":{{"s3:x-amz-acl":"bucket-owner-full-control",{condition}}}}},{{"Sid":"AWSLogDeliveryAclCheck","Effect":"Allow","Principal":{{"Service":"{DELIVERY}"}},"Action":"s3:GetBucketAcl","Resource":"arn:aws:s3:::{bucket}","Condition":{{"StringEquals":{{{condition}}}}}]}}"#
        );
        text.parse().expect("it is a policy")
    }

    /// The ARN for which logs are delivered.
    fn delivery_source(&self) -> String {
        format!("arn:aws:logs:{}:{}:*", self.caller.region, self.caller.account)
    }

    fn lets_delivery(&self, bucket: &str, key: &str) -> bool {
        let Some(found) = self.model.buckets.get(bucket) else { return false };
        let request = ServiceRequest {
            service: DELIVERY,
            action: "s3:PutObject",
            resource: &format!("arn:aws:s3:::{bucket}/{key}"),
            on_behalf_of: Some((self.caller.account, self.delivery_source())),
        };
        found.policy.as_ref().is_some_and(|policy| iam::lets_service(policy, &request))
    }

    /// Whether a role lets flow logs write to a stream of a group (aws: flow-log-role).
    fn lets_logging(
        &self,
        log: &FlowLog,
        group: &str,
        role: &str,
        stream: &str,
    ) -> std::result::Result<(), DeliveryRefusal> {
        let scope = log.scope;
        let name = role.rsplit('/').next().unwrap_or(role).to_owned();
        let Some(role) = self.model.roles.get(&(scope.account, name.clone())) else {
            return Err(DeliveryRefusal::NoRole { role: name });
        };
        if !iam::may_assume(role, FLOW_LOGS, Some((scope.account, log.arn()))) {
            return Err(DeliveryRefusal::NotTrusted { role: name });
        }
        let session = log.id.to_string();
        let principal = Principal::Role { account: scope.account, role: name.clone(), session };
        let group_arn = log_group_arn(scope.account, scope.region, group);
        let stream_arn = format!("{group_arn}:log-stream:{stream}");
        let there = self.model.log_groups.get(&(scope.account, scope.region, group.to_owned()));
        let has_stream = there.is_some_and(|group| group.streams.contains_key(stream));
        let needed = [
            ("logs:CreateLogGroup", &group_arn, there.is_none()),
            ("logs:CreateLogStream", &group_arn, !has_stream),
            ("logs:PutLogEvents", &stream_arn, true),
        ];
        for (action, resource, _) in needed.into_iter().filter(|(_, _, is_needed)| *is_needed) {
            let request = AccessRequest {
                principal: &principal,
                action,
                resource,
                resource_account: Some(scope.account),
                resource_policy: None,
                endpoint: None,
                source: std::net::Ipv4Addr::UNSPECIFIED,
                over_tls: true,
            };
            if iam::authorize(self.model, &request).is_err() {
                return Err(DeliveryRefusal::NotAllowed { role: name, action });
            }
        }
        Ok(())
    }
}

/// Why a delivery is refused; AWS only says `Access error`.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum DeliveryRefusal {
    /// The policy of the bucket does not let it.
    #[error("the policy of {bucket} does not let {DELIVERY} put objects there")]
    BucketPolicy {
        /// The bucket.
        bucket: String,
    },
    /// There is no such bucket any more.
    #[error("there is no bucket {bucket}")]
    NoBucket {
        /// The bucket.
        bucket: String,
    },
    /// There is no such role.
    #[error("there is no role {role}")]
    NoRole {
        /// The role.
        role: String,
    },
    /// The role's policies do not let it.
    #[error("no policy of the role {role} allows {action}")]
    NotAllowed {
        /// The role.
        role: String,
        /// What is not allowed.
        action: &'static str,
    },
    /// The role's trust policy does not let flow logs assume it.
    #[error("the trust policy of the role {role} does not let {FLOW_LOGS} assume it")]
    NotTrusted {
        /// The role.
        role: String,
    },
}

/// The format, with fields that records of the resource have (aws: flow-log-fields, tgw-flow-log-fields).
fn read_format(text: Option<&str>, of_transit_gateways: bool) -> Result<LogFormat> {
    let other = if of_transit_gateways { FieldUse::Interface } else { FieldUse::TransitGateway };
    let format: LogFormat = match text {
        None if of_transit_gateways => LogFormat::of_transit_gateways(),
        None => LogFormat::default(),
        Some(text) => text.parse().map_err(|_| ApiError::code_only("InvalidParameter"))?,
    };
    if format.fields().iter().any(|field| field.used_in() == other) {
        return Err(ApiError::code_only("InvalidParameter"));
    }
    Ok(format)
}

fn check_tag_fields(fields: &[TagField]) -> Result<()> {
    let is_good = |field: &TagField| {
        TAG_KEYS.contains(&field.tag_keys.len())
            && field.tag_keys.iter().all(|key| TAG_KEY_LEN.contains(&key.chars().count()))
    };
    let is_twice = |at: usize, field: &TagField| {
        fields[..at].iter().any(|other| other.resource_type == field.resource_type)
    };
    if fields.iter().enumerate().all(|(at, field)| is_good(field) && !is_twice(at, field)) {
        Ok(())
    } else {
        Err(ApiError::code_only("InvalidParameter"))
    }
}
