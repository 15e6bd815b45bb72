//! What there is: buckets, and the keys in one.

use std::ops::Bound;

use super::refusal::Refusal;
use super::{Asked, NAMESPACE, Outcome, bucket_of, document};
use crate::api::Ec2;
use crate::model::{Account, Object, Principal};
use crate::seed::Seed;
use crate::service::auth::{self, Wanted};
use crate::service::call::Call;
use crate::service::xml::Xml;
use crate::sigv4;
use crate::time::Instant;

/// How many keys one answer lists (aws: s3-list-objects).
const KEYS_MAX: usize = 1000;

/// All buckets of the caller's account, in every region (aws: s3-list-buckets).
pub fn buckets(ec2: &Ec2<'_>, call: &Call<'_>) -> Outcome {
    let principal: Principal =
        auth::principal(ec2.model(), call).map_err(|refusal| Refusal::unrecognised(&refusal, call))?;
    let wanted = Wanted {
        principal: &principal,
        action: "s3:ListAllMyBuckets",
        resource: "*",
        resource_account: None,
        resource_policy: None,
    };
    auth::authorize(ec2.model(), call, wanted).map_err(|denied| Refusal::denied(&denied))?;
    let account = principal.account();
    let mut xml = Xml::compact();
    xml.element("ListAllMyBucketsResult", NAMESPACE, |xml| {
        xml.element("Owner", "", |xml| {
            xml.text("ID", &account.map(canonical_id).unwrap_or_default());
        });
        xml.element("Buckets", "", |xml| {
            for bucket in account.map(|account| ec2.list_buckets(account)).unwrap_or_default() {
                xml.element("Bucket", "", |xml| {
                    xml.text("Name", &bucket.name).text("CreationDate", &time(bucket.created));
                });
            }
        });
    });
    Ok(document(call, 200, Vec::new(), xml))
}

/// How S3 calls an account: 64 hexadecimal digits.
fn canonical_id(account: Account) -> String {
    let mut stream = Seed(0).stream("canonical-id", &account.to_string());
    (0..4).map(|_| format!("{:016x}", stream.next_u64())).collect()
}

/// A time as S3 writes it, which is never more exact than a second.
pub fn time(at: Instant) -> String {
    let at = jiff::Timestamp::from_second(at.unix_seconds() as i64).expect("virtual time ends in 2554");
    at.strftime("%Y-%m-%dT%H:%M:%S.000Z").to_string()
}

/// What a request wants to be listed.
struct Wants {
    prefix: String,
    delimiter: String,
    keys_max: usize,
    /// Only what comes behind this.
    after: String,
    is_encoded: bool,
    is_second_version: bool,
}

/// Something that is listed.
enum Entry<'m> {
    Key(&'m str, &'m Object),
    /// All that begins alike, up to the delimiter.
    Prefix(String),
}

/// Keys in the order of their bytes; those that are alike up to the delimiter count as one
/// (aws: s3-list-objects).
pub fn objects(ec2: &Ec2<'_>, asked: &Asked<'_>) -> Outcome {
    let (call, bucket) = (asked.call, bucket_of(ec2, &asked.bucket_name)?);
    asked.may_use_bucket(ec2, "s3:ListBucket")?;
    let wants = wants(call)?;
    let (entries, next) = entries(&bucket.objects, &wants);
    let encode = |text: &str| {
        if wants.is_encoded {
            sigv4::uri_encode(text.as_bytes(), "/ *").replace(' ', "+")
        } else {
            text.to_owned()
        }
    };
    let mut xml = Xml::compact();
    xml.element("ListBucketResult", NAMESPACE, |xml| {
        xml.text("Name", &bucket.name).text("Prefix", &encode(&wants.prefix));
        if wants.is_second_version {
            for name in ["StartAfter", "ContinuationToken"] {
                let parameter = if name == "StartAfter" { "start-after" } else { "continuation-token" };
                if let Some(value) = call.parameter(parameter) {
                    xml.text(name, value);
                }
            }
            if let Some(next) = &next {
                xml.text("NextContinuationToken", &token(next));
            }
            xml.text("KeyCount", &entries.len().to_string());
        } else {
            xml.text("Marker", &encode(&wants.after));
            if let Some(next) = next.as_ref().filter(|_| !wants.delimiter.is_empty()) {
                xml.text("NextMarker", &encode(next));
            }
        }
        xml.text("MaxKeys", &wants.keys_max.to_string());
        if !wants.delimiter.is_empty() {
            xml.text("Delimiter", &encode(&wants.delimiter));
        }
        if wants.is_encoded {
            xml.text("EncodingType", "url");
        }
        xml.text("IsTruncated", if next.is_some() { "true" } else { "false" });
        for entry in &entries {
            if let Entry::Key(key, object) = entry {
                xml.element("Contents", "", |xml| {
                    xml.text("Key", &encode(key))
                        .text("LastModified", &time(object.modified))
                        .text("ETag", &object.etag)
                        .text("Size", &object.content.len().to_string())
                        .text("StorageClass", "STANDARD");
                });
            }
        }
        for entry in &entries {
            if let Entry::Prefix(prefix) = entry {
                xml.element("CommonPrefixes", "", |xml| {
                    xml.text("Prefix", &encode(prefix));
                });
            }
        }
    });
    Ok(document(call, 200, Vec::new(), xml))
}

fn wants(call: &Call<'_>) -> Result<Wants, Refusal> {
    let text = |name| call.parameter(name).unwrap_or_default().to_owned();
    let is_second_version = match call.parameter("list-type") {
        None => false,
        Some("2") => true,
        Some(other) => return Err(Refusal::invalid_argument("Invalid List Type", "list-type", other)),
    };
    let keys_max = match call.parameter("max-keys") {
        None | Some("") => KEYS_MAX,
        Some(number) => number.parse::<u32>().map(|max| KEYS_MAX.min(max as usize)).map_err(|_| {
            let text = "Provided max-keys not an integer or within integer range";
            Refusal::invalid_argument(text, "max-keys", number)
        })?,
    };
    let is_encoded = match call.parameter("encoding-type") {
        None => false,
        Some("url") => true,
        Some(other) => {
            let text = "Invalid Encoding Method specified in Request";
            return Err(Refusal::invalid_argument(text, "encoding-type", other));
        }
    };
    let after = match (is_second_version, call.parameter("continuation-token")) {
        (true, Some(token)) => read_token(token).ok_or_else(|| {
            let text = "The continuation token provided is incorrect";
            Refusal::invalid_argument(text, "continuation-token", token)
        })?,
        (true, None) => text("start-after"),
        (false, _) => text("marker"),
    };
    let (prefix, delimiter) = (text("prefix"), text("delimiter"));
    Ok(Wants { prefix, delimiter, keys_max, after, is_encoded, is_second_version })
}

/// What is listed, and the last of it if there is more.
fn entries<'m>(
    objects: &'m std::collections::BTreeMap<String, Object>,
    wants: &Wants,
) -> (Vec<Entry<'m>>, Option<String>) {
    let Wants { prefix, delimiter, keys_max, after, .. } = wants;
    let (mut entries, mut last): (Vec<Entry<'m>>, Option<String>) = (Vec::new(), None);
    let begin =
        if after < prefix { Bound::Included(prefix.as_str()) } else { Bound::Excluded(after.as_str()) };
    for (key, object) in objects.range::<str, _>((begin, Bound::Unbounded)) {
        let Some(rest) = key.strip_prefix(prefix.as_str()) else { break };
        let common = rest.find(delimiter.as_str()).filter(|_| !delimiter.is_empty());
        let common = common.map(|at| &key[..prefix.len() + at + delimiter.len()]);
        // It was listed already, or on an earlier page.
        if common.is_some_and(|common| last.as_deref() == Some(common) || after.starts_with(common)) {
            continue;
        }
        if entries.len() == *keys_max {
            return (entries, last);
        }
        last = Some(common.unwrap_or(key).to_owned());
        entries.push(common.map_or(Entry::Key(key, object), |common| Entry::Prefix(common.to_owned())));
    }
    (entries, None)
}

/// A mark of how far a list has come, which means nothing to clients.
fn token(last: &str) -> String {
    let digits: String = last.bytes().map(|byte| format!("{byte:02x}")).collect();
    format!("1{digits}")
}

fn read_token(token: &str) -> Option<String> {
    let digits = token.strip_prefix('1').filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()))?;
    let bytes = digits.as_bytes().chunks(2).map(|pair| {
        let pair = std::str::from_utf8(pair).ok().filter(|pair| pair.len() == 2)?;
        u8::from_str_radix(pair, 16).ok()
    });
    String::from_utf8(bytes.collect::<Option<_>>()?).ok()
}
