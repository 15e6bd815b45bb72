//! `aws s3api …`: buckets and their policies.

use super::super::params::{Param, What, optional, required};
use super::{Operation, Service, answer, done};

const BUCKET: Param = required("bucket", What::Text);
const CONFIGURATION: &[Param] = &[optional("LocationConstraint", What::Region)];

const S3API: Service = Service("s3api");

pub const OPERATIONS: &[Operation] = &[
    S3API.op(
        "create-bucket",
        "CreateBucket",
        &[BUCKET, optional("create-bucket-configuration", What::Structure(CONFIGURATION))],
        |call| {
            let name = call.needed("bucket");
            let configuration = call.structure("create-bucket-configuration");
            let place = configuration.as_ref().and_then(|it| it.text("LocationConstraint"));
            let place = place.map(|region| region.parse().expect("checked when the command was read"));
            call.call(|s3| s3.create_bucket(&name, place))?;
            let is_elsewhere = call.ec2.region().name() != "us-east-1";
            let location =
                if is_elsewhere { format!("http://{name}.s3.amazonaws.com/") } else { format!("/{name}") };
            answer([("Location", location)])
        },
    ),
    S3API.op("delete-bucket", "DeleteBucket", &[BUCKET], |call| {
        let name = call.needed("bucket");
        done(call.call(|s3| s3.delete_bucket(&name)))
    }),
    S3API.op("delete-bucket-policy", "DeleteBucketPolicy", &[BUCKET], |call| {
        let name = call.needed("bucket");
        done(call.call(|s3| s3.delete_bucket_policy(&name)))
    }),
    S3API.op("put-bucket-policy", "PutBucketPolicy", &[BUCKET, required("policy", What::Json)], |call| {
        let (name, document) = (call.needed("bucket"), call.needed("policy"));
        done(call.call(|s3| s3.put_bucket_policy(&name, &document)))
    }),
];
