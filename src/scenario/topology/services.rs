//! What AWS's services keep at the beginning.

use super::Builder;
use crate::api::{ApiError, CreateTable, Ec2};
use crate::model::{KeyAttribute, Scope};
use crate::scenario::draft;
use crate::scenario::problem::Problem;
use crate::scenario::yaml::Span;

/// What an object is said to be if the file does not say it.
const UNKNOWN: &str = "binary/octet-stream";

impl Builder<'_> {
    pub(super) fn services(&mut self, topology: &draft::Topology) {
        for bucket in &topology.buckets {
            self.bucket(bucket);
        }
        for table in &topology.tables {
            self.dynamodb_table(table);
        }
        for topic in &topology.topics {
            self.ask("SNS", topic.scope, topic.name.span, "CreateTopic", |sns| {
                sns.create_topic(&topic.name.value)
            });
        }
    }

    /// Asks a service other than EC2; a refusal is a mistake at `span`.
    pub(super) fn ask<T>(
        &mut self,
        service: &str,
        scope: Scope,
        span: Span,
        operation: &str,
        call: impl FnOnce(&mut Ec2<'_>) -> Result<T, ApiError>,
    ) -> Option<T> {
        let refused = |error: ApiError| {
            let text = if error.message.is_empty() { error.code } else { &error.message };
            let problem = Problem::at(span, format!("{service} refuses this: {text}"));
            problem.note(format!("{operation} answers {}", error.code))
        };
        self.attempt(scope, call).map_err(|error| self.problems.push(refused(error))).ok()
    }

    fn bucket(&mut self, bucket: &draft::Bucket) -> Option<()> {
        let (name, scope) = (&bucket.name, bucket.scope);
        let place = Some(scope.region).filter(|region| region.name() != "us-east-1");
        self.ask("S3", scope, name.span, "CreateBucket", |s3| s3.create_bucket(&name.value, place))?;
        if let Some(created) = bucket.created {
            self.ask("S3", scope, name.span, "CreateBucket", |s3| s3.date_bucket(&name.value, created));
        }
        for object in &bucket.objects {
            let (key, content) = (&object.key, object.content.clone());
            let content_type = object.content_type.as_deref().unwrap_or(UNKNOWN);
            let modified = object.modified.or(bucket.created).unwrap_or(self.now);
            self.ask("S3", scope, key.span, "PutObject", |s3| {
                s3.put_object_dated(&name.value, &key.value, content, content_type, modified)
            });
        }
        if let Some(policy) = &bucket.policy {
            self.ask("S3", scope, policy.span, "PutBucketPolicy", |s3| {
                s3.put_bucket_policy(&name.value, &policy.value)
            });
        }
        Some(())
    }

    fn dynamodb_table(&mut self, table: &draft::DynamoDbTable) -> Option<()> {
        let (name, scope) = (&table.name, table.scope);
        let attribute = |(name, kind): &(crate::scenario::yaml::Spanned<String>, _)| KeyAttribute {
            name: name.value.clone(),
            kind: *kind,
        };
        let request = CreateTable {
            table_name: name.value.clone(),
            attribute_definitions: table.keys.iter().map(attribute).collect(),
            key_schema: table.keys.iter().map(|(name, _)| name.value.clone()).collect(),
            has_capacity: true,
        };
        self.ask("DynamoDB", scope, name.span, "CreateTable", |dynamodb| dynamodb.create_table(request))?;
        for item in &table.items {
            self.ask("DynamoDB", scope, item.span, "PutItem", |dynamodb| {
                dynamodb.put_item(&name.value, item.value.clone())
            });
        }
        Some(())
    }
}
