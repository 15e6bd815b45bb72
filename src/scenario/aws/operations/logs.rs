//! `aws logs …`: log groups, and what is known of their streams.

use super::super::describe;
use super::super::params::{Param, What, optional, required};
use super::{Operation, Service, done};

const GROUP: Param = required("log-group-name", What::Text);
const LOGS: Service = Service("logs");

pub const OPERATIONS: &[Operation] = &[
    LOGS.op("create-log-group", "CreateLogGroup", &[GROUP], |call| {
        let name = call.needed("log-group-name");
        done(call.call(|logs| logs.create_log_group(&name)))
    }),
    LOGS.op("delete-log-group", "DeleteLogGroup", &[GROUP], |call| {
        let name = call.needed("log-group-name");
        done(call.call(|logs| logs.delete_log_group(&name)))
    }),
    LOGS.describe(
        "describe-log-groups",
        "DescribeLogGroups",
        "logGroups",
        &[optional("log-group-name-prefix", What::Text)],
        |call| {
            let prefix = call.text("log-group-name-prefix").unwrap_or_default();
            let groups = call.ec2.describe_log_groups(prefix).into_iter().map(describe::log_group);
            Ok(call.document(groups.collect()))
        },
    ),
    LOGS.describe(
        "describe-log-streams",
        "DescribeLogStreams",
        "logStreams",
        &[GROUP, optional("log-stream-name-prefix", What::Text)],
        |call| {
            let name = call.needed("log-group-name");
            let prefix = call.text("log-stream-name-prefix").unwrap_or_default();
            let group = call.ec2.log_group(&name).map_err(|error| call.refused(error))?;
            let streams = group.streams.iter().filter(|(name, _)| name.starts_with(prefix));
            let streams = streams.map(|(name, stream)| describe::log_stream(group, name, stream));
            Ok(call.document(streams.collect()))
        },
    ),
];
