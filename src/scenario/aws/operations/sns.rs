//! `aws sns …`: topics.

use super::super::params::{What, required};
use super::{Operation, Service, answer};

pub const OPERATIONS: &[Operation] =
    &[Service("sns").op("create-topic", "CreateTopic", &[required("name", What::Text)], |call| {
        let name = call.needed("name");
        answer([("TopicArn", call.call(|sns| sns.create_topic(&name))?)])
    })];
