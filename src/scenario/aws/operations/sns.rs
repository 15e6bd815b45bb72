//! `aws sns …`: topics.

use super::super::params::{What, required};
use super::{Operation, answer};

pub const OPERATIONS: &[Operation] = &[Operation {
    service: "sns",
    command: "create-topic",
    name: "CreateTopic",
    creates: None,
    describes: None,
    params: &[required("name", What::Text)],
    run: |call| {
        let name = call.needed("name");
        answer([("TopicArn", call.call(|sns| sns.create_topic(&name))?)])
    },
}];
