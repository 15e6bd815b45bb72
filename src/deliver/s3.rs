//! S3: an object is put where its key says.

use roxmltree::Document;

use super::error::Error;
use super::http::{Call, Client, Endpoint};
use super::manifest::Object;
use crate::sigv4::uri_encode;

/// Puts an object, in path style, which every imitation of S3 takes. Another one of the same key is
/// replaced.
pub fn put(
    client: &Client,
    endpoint: &Endpoint,
    object: &Object,
    region: &str,
    bytes: &[u8],
) -> Result<(), Error> {
    let Object { bucket, key, .. } = object;
    let path = format!("/{}/{}", uri_encode(bucket.as_bytes(), ""), uri_encode(key.as_bytes(), "/"));
    let call = Call {
        shown: format!("PUT {endpoint}{path}"),
        endpoint,
        service: "s3",
        region,
        method: "PUT",
        path: &path,
        // As the service that delivers flow logs sends it: who has the bucket has the object.
        headers: &[("x-amz-acl", "bucket-owner-full-control".to_owned())],
        body: bytes,
        refusal,
    };
    client.send(&call).map_err(|error| error.with_hint(|code| hint(code, endpoint, bucket, region)))?;
    Ok(())
}

fn hint(code: &str, endpoint: &Endpoint, bucket: &str, region: &str) -> Option<String> {
    match code {
        "NoSuchBucket" => {
            // The first region is the one that S3 does not want to be told.
            let place = match region {
                "us-east-1" => String::new(),
                _ => format!(" --create-bucket-configuration LocationConstraint={region}"),
            };
            let create = format!("aws s3api create-bucket --bucket {bucket} --region {region}{place}");
            Some(format!("create the bucket: {create} --endpoint-url {endpoint}"))
        }
        "AccessDenied" => Some(format!(
            "whoever the credentials belong to needs s3:PutObject and s3:PutObjectAcl for arn:aws:s3:::{bucket}/*"
        )),
        _ => None,
    }
}

/// Reads `<Error><Code>…</Code><Message>…</Message></Error>`.
fn refusal(body: &str) -> Option<(String, String)> {
    let document = Document::parse(body).ok()?;
    let text = |name: &str| {
        let node = document.descendants().find(|node| node.has_tag_name(name))?;
        Some(node.text().unwrap_or_default().to_owned())
    };
    Some((text("Code")?, text("Message").unwrap_or_default()))
}
