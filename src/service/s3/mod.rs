//! S3: buckets and objects.
//!
//! Start at [`answer`]; `place` finds out which bucket and key a request is about, `list` lists them,
//! `object` gives and takes them, `refusal` is what S3 says when it does none of this.

mod list;
mod object;
mod place;
mod refusal;

use self::place::Place;
use self::refusal::Refusal;
use super::auth::{self, Wanted};
use super::call::Call;
use super::xml::Xml;
use super::{NOW, reply, text};
use crate::api::Ec2;
use crate::guest::{Answer, HeaderValue};
use crate::model::{Bucket, Principal};

const NAMESPACE: &str = "xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"";

/// What a parameter behind the path would make of a request, which is not here.
const SUBRESOURCES: [&str; 34] = [
    "accelerate",
    "acl",
    "analytics",
    "attributes",
    "cors",
    "delete",
    "encryption",
    "intelligent-tiering",
    "inventory",
    "legal-hold",
    "lifecycle",
    "logging",
    "metrics",
    "notification",
    "object-lock",
    "ownershipControls",
    "partNumber",
    "policy",
    "policyStatus",
    "publicAccessBlock",
    "replication",
    "requestPayment",
    "restore",
    "retention",
    "select",
    "tagging",
    "torrent",
    "uploadId",
    "uploads",
    "versionId",
    "versioning",
    "versions",
    "website",
    "X-Amz-Algorithm",
];

/// An answer, or why there is none.
type Outcome = Result<Answer, Refusal>;

pub fn answer(ec2: &mut Ec2<'_>, call: &Call<'_>) -> Answer {
    act(ec2, call).unwrap_or_else(|refusal| refusal.answer(call))
}

fn act(ec2: &mut Ec2<'_>, call: &Call<'_>) -> Outcome {
    let place = Place::of(call)?;
    let method = call.request.method;
    let Some(name) = place.bucket.as_deref() else {
        return match method {
            // aws: s3-root-redirect
            "GET" | "HEAD" if call.header("authorization").is_none() => Ok(advertise(call)),
            "GET" => list::buckets(ec2, call),
            _ => Err(Refusal::method_not_allowed(method)),
        };
    };
    if let Some(bucket) = ec2.model().buckets.get(name)
        && bucket.region != call.request.region
    {
        return Err(Refusal::redirect(bucket));
    }
    let principal =
        auth::principal(ec2.model(), call).map_err(|refusal| Refusal::unrecognised(&refusal, call))?;
    bucket_of(ec2, name)?;
    if SUBRESOURCES.iter().any(|name| call.parameter(name).is_some()) {
        return Err(Refusal::not_implemented());
    }
    let asked = Asked { call, principal, bucket_name: name.to_owned() };
    match (method, place.key.as_deref()) {
        ("GET", None) if call.parameter("location").is_some() => location(ec2, &asked),
        ("GET", None) => list::objects(ec2, &asked),
        ("HEAD", None) => {
            asked.may_use_bucket(ec2, "s3:ListBucket")?;
            let region = text(bucket_of(ec2, name)?.region.name());
            Ok(send(
                call,
                200,
                vec![("x-amz-bucket-region", region), ("Content-Type", text("application/xml"))],
            ))
        }
        ("GET" | "HEAD", Some(key)) => object::get(ec2, &asked, key),
        ("PUT", Some(key)) => object::put(ec2, &asked, key),
        ("DELETE", Some(key)) => object::delete(ec2, &asked, key),
        ("PUT" | "DELETE" | "POST", _) => Err(Refusal::not_implemented()),
        (_, _) => Err(Refusal::method_not_allowed(method)),
    }
}

/// A request about a bucket that is there.
struct Asked<'c> {
    call: &'c Call<'c>,
    principal: Principal,
    bucket_name: String,
}

impl Asked<'_> {
    /// Whether whoever asks may do something with the bucket (aws: s3-actions).
    fn may_use_bucket(&self, ec2: &Ec2<'_>, action: &str) -> Result<(), Refusal> {
        let bucket = bucket_of(ec2, &self.bucket_name)?;
        self.may(ec2, bucket, action, &bucket.arn())
    }

    /// Whether whoever asks may do something with an object (aws: s3-actions).
    fn may_use_object(&self, ec2: &Ec2<'_>, action: &str, key: &str) -> Result<(), Refusal> {
        let bucket = bucket_of(ec2, &self.bucket_name)?;
        self.may(ec2, bucket, action, &format!("{}/{key}", bucket.arn()))
    }

    fn may(&self, ec2: &Ec2<'_>, bucket: &Bucket, action: &str, resource: &str) -> Result<(), Refusal> {
        let wanted = Wanted {
            principal: &self.principal,
            action,
            resource,
            resource_account: Some(bucket.account),
            resource_policy: bucket.policy.as_ref(),
        };
        auth::authorize(ec2.model(), self.call, wanted).map_err(|denied| Refusal::denied(&denied))
    }
}

fn bucket_of<'m>(ec2: &'m Ec2<'_>, name: &str) -> Result<&'m Bucket, Refusal> {
    ec2.model().buckets.get(name).ok_or_else(|| Refusal::no_such_bucket(name))
}

fn location(ec2: &Ec2<'_>, asked: &Asked<'_>) -> Outcome {
    asked.may_use_bucket(ec2, "s3:GetBucketLocation")?;
    let region = bucket_of(ec2, &asked.bucket_name)?.region.name();
    let mut xml = Xml::compact();
    // The oldest region has no name here.
    xml.attributed("LocationConstraint", NAMESPACE, if region == "us-east-1" { "" } else { region });
    Ok(document(asked.call, 200, Vec::new(), xml))
}

fn advertise(call: &Call<'_>) -> Answer {
    let more = vec![
        ("Location", text("https://aws.amazon.com/s3/")),
        ("Content-Length", HeaderValue::ContentLength),
    ];
    send(call, 307, more)
}

/// An answer without a body (aws: s3-headers).
fn send<'h>(call: &Call<'_>, status: u16, more: Vec<(&'h str, HeaderValue)>) -> Answer {
    let mut headers: Vec<(&'h str, HeaderValue)> = vec![
        ("x-amz-id-2", text(call.host_id())),
        ("x-amz-request-id", text(call.request_id(16))),
        ("Date", NOW),
    ];
    headers.extend(more);
    headers.push(("Server", text("AmazonS3")));
    reply(status, headers, "")
}

/// An answer in XML. S3 sends such answers in chunks; here their length is said
/// (assumed: s3-content-length).
fn document(call: &Call<'_>, status: u16, more: Vec<(&str, HeaderValue)>, xml: Xml) -> Answer {
    let mut headers = more;
    headers
        .extend([("Content-Type", text("application/xml")), ("Content-Length", HeaderValue::ContentLength)]);
    Answer { body: crate::guest::Body::Bytes(xml.finish().into_bytes()), ..send(call, status, headers) }
}
