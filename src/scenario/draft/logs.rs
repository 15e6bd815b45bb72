//! Flow logs and log groups, and what is said of instances for their sake, as it is written.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{Named, each, flag, named, names, names_at, owned_text};
use crate::api::Labels;
use crate::model::{
    DestinationOptions, EcsTask, FileFormat, LogFormat, MalformedFormat, TagField, TaggedResource,
    TrafficType,
};
use crate::scenario::fields::Fields;
use crate::scenario::problem::{Problem, Problems};
use crate::scenario::yaml::{Key, Node, Spanned};

#[derive(Debug)]
pub struct FlowLog {
    pub named: Named,
    pub resource: Spanned<String>,
    pub traffic_type: Option<TrafficType>,
    pub to: Destination,
    pub format: Option<Spanned<String>>,
    pub max_aggregation_interval: Option<u32>,
    pub tag_fields: Vec<TagField>,
}

#[derive(Debug)]
pub enum Destination {
    LogGroup { group: Spanned<String>, role: Spanned<String> },
    Bucket { bucket: Spanned<String>, prefix: Option<String>, options: DestinationOptions },
}

pub fn flow_log(key: &Key, node: &Node, problems: &mut Problems) -> Option<FlowLog> {
    let mut fields = Fields::of(node, "a flow log", problems)?;
    let named = named(key, &mut fields, problems);
    let resource = fields.required("resource", problems).and_then(|node| owned_text(node, problems));
    let kept = [("ACCEPT", TrafficType::Accept), ("ALL", TrafficType::All), ("REJECT", TrafficType::Reject)];
    let traffic_type =
        fields.optional("traffic_type").and_then(|node| node.choice(problems, "traffic type", &kept));
    let format = fields.optional("format").and_then(|node| format(node, problems));
    let interval = fields.optional("max_aggregation_interval").and_then(|node| interval(node, problems));
    let tag_fields = each(&mut fields, "tag_fields", "tag keys by what has them", problems, tag_field);
    let to = destination(&named, &mut fields, problems);
    fields.finish(problems);
    Some(FlowLog {
        named,
        resource: resource?,
        traffic_type: traffic_type.map(|kept| kept.value),
        to: to?,
        format,
        max_aggregation_interval: interval,
        tag_fields,
    })
}

fn destination(named: &Named, fields: &mut Fields<'_>, problems: &mut Problems) -> Option<Destination> {
    let [group, role, bucket, prefix] = ["log_group", "role", "bucket", "prefix"]
        .map(|key| fields.optional(key).and_then(|node| owned_text(node, problems)));
    let formats = [("parquet", FileFormat::Parquet), ("plain-text", FileFormat::PlainText)];
    let file_format = fields.optional("file_format");
    let options = DestinationOptions {
        file_format: file_format
            .and_then(|node| node.choice(problems, "file format", &formats))
            .map(|format| format.value)
            .unwrap_or_default(),
        hive_compatible_partitions: flag(fields, "hive_compatible_partitions", false, problems),
        per_hour_partition: flag(fields, "per_hour_partition", false, problems),
    };
    if let (Some(node), FileFormat::Parquet, false) =
        (file_format, options.file_format, cfg!(feature = "parquet"))
    {
        let problem = Problem::at(node.span, "this vpclab was built without Parquet");
        problems.push(problem.hint("build it with the feature `parquet`, or leave `file_format` out"));
    }
    match (group, bucket) {
        (Some(group), None) => {
            if let Some(node) = file_format {
                let problem = Problem::at(node.place, "a log group has lines, not files");
                problems
                    .push(problem.hint("leave `file_format` out, or give a `bucket` in place of the group"));
            }
            let role =
                role.or_else(|| {
                    let problem = Problem::at(group.span, "whoever writes to a log group needs a role");
                    problems.push(problem.hint(
                        "add `role:` with a role of `iam:` that vpc-flow-logs.amazonaws.com may assume",
                    ));
                    None
                })?;
            Some(Destination::LogGroup { group, role })
        }
        (None, Some(bucket)) => {
            Some(Destination::Bucket { bucket, prefix: prefix.map(|it| it.value), options })
        }
        (Some(group), Some(bucket)) => {
            let problem = Problem::at(bucket.span, "a flow log goes to one place");
            problems.push(problem.also(group.span, "the other").hint("make two flow logs of it"));
            None
        }
        (None, None) => {
            let problem = Problem::at(named.name.span, format!("`{}` goes nowhere", named.name.value));
            problems.push(problem.hint("add `bucket:`, or `log_group:` and `role:`"));
            None
        }
    }
}

/// A format whose fields exist; whether they go with what is logged is EC2's to say.
fn format(node: &Node, problems: &mut Problems) -> Option<Spanned<String>> {
    let text = owned_text(node, problems)?;
    let problem = match text.value.parse::<LogFormat>() {
        Ok(_) => return Some(text),
        Err(MalformedFormat::Empty) => Problem::at(node.place, "a format without a field"),
        Err(MalformedFormat::NotAField(word)) => Problem::at(node.span, format!("`{word}` is not a field"))
            .hint("formats look like `${version} ${srcaddr} ${dstaddr}`"),
        Err(MalformedFormat::Unknown(name)) => Problem::unknown(
            node.span,
            "field",
            &name,
            crate::model::Field::ALL.iter().map(|field| field.name()),
        ),
    };
    problems.push(problem);
    None
}

fn interval(node: &Node, problems: &mut Problems) -> Option<u32> {
    let given = node.duration(problems)?;
    let known = [60, 600].into_iter().find(|known| given.value == Duration::from_secs(u64::from(*known)));
    if known.is_none() {
        problems.push(Problem::at(node.span, "flows are summed up over 1m or 10m"));
    }
    known
}

fn tag_field(key: &Key, node: &Node, problems: &mut Problems) -> Option<TagField> {
    let kinds =
        [TaggedResource::AutoScalingGroup, TaggedResource::Instance, TaggedResource::NetworkInterface];
    let Some(resource_type) = kinds.into_iter().find(|kind| kind.code() == key.text) else {
        let known = kinds.iter().map(|kind| kind.code());
        problems.push(Problem::unknown(key.span, "kind of resource with tags", &key.text, known));
        return None;
    };
    let tag_keys = names(node, problems).into_iter().map(|key| key.value).collect();
    Some(TagField { resource_type, tag_keys })
}

/// The groups that are there from the beginning.
pub fn log_groups(fields: &mut Fields<'_>, problems: &mut Problems) -> Vec<Spanned<String>> {
    names_at(fields, "log_groups", problems)
}

/// What an instance says of itself for the sake of flow logs.
pub fn labels(fields: &mut Fields<'_>, problems: &mut Problems) -> Labels {
    Labels {
        tags: tags(fields, "tags", problems).unwrap_or_default(),
        interface_tags: tags(fields, "interface_tags", problems).unwrap_or_default(),
        auto_scaling_group: tags(fields, "auto_scaling_group_tags", problems),
        ecs_task: fields.optional("ecs_task").and_then(|node| ecs_task(node, problems)),
    }
}

pub(super) fn tags(
    fields: &mut Fields<'_>,
    key: &'static str,
    problems: &mut Problems,
) -> Option<BTreeMap<String, String>> {
    let entries = fields.optional(key)?.entries(problems, "values by tag key")?;
    let tag = |(key, node): &(Key, Node)| Some((key.text.clone(), owned_text(node, problems)?.value));
    Some(entries.iter().filter_map(tag).collect())
}

fn ecs_task(node: &Node, problems: &mut Problems) -> Option<EcsTask> {
    let mut fields = Fields::of(node, "a task of ECS", problems)?;
    let mut text = |key| {
        let found = fields.optional(key).and_then(|node| owned_text(node, problems));
        found.map(|text| text.value)
    };
    let task = EcsTask {
        cluster_arn: text("cluster_arn"),
        cluster_name: text("cluster_name"),
        container_instance_arn: text("container_instance_arn"),
        container_instance_id: text("container_instance_id"),
        container_id: text("container_id"),
        second_container_id: text("second_container_id"),
        service_name: text("service_name"),
        task_definition_arn: text("task_definition_arn"),
        task_arn: text("task_arn"),
        task_id: text("task_id"),
    };
    fields.finish(problems);
    Some(task)
}
