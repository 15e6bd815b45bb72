//! One object: getting it, or a part of it, putting it there, deleting it.

use super::refusal::Refusal;
use super::{Asked, Outcome, bucket_of, send};
use crate::api::Ec2;
use crate::guest::{Answer, Body, HeaderValue};
use crate::model::Content;
use crate::service::text;

/// What an object is said to be if nobody says it.
const UNKNOWN: &str = "binary/octet-stream";

pub fn get(ec2: &Ec2<'_>, asked: &Asked<'_>, key: &str) -> Outcome {
    asked.may_use_object(ec2, "s3:GetObject", key)?;
    let Some(object) = bucket_of(ec2, &asked.bucket_name)?.objects.get(key) else {
        // Who may not list a bucket is not told what is not there (aws: s3-missing-key).
        asked.may_use_bucket(ec2, "s3:ListBucket")?;
        return Err(Refusal::no_such_key(key));
    };
    let len = object.content.len();
    let range = match asked.call.header("range") {
        Some(asked) => range(asked, len)?,
        None => None,
    };
    let (from, to) = range.unwrap_or((0, len));
    let body = match &object.content {
        Content::Bytes(bytes) => Body::Bytes(bytes[from as usize..to as usize].to_vec()),
        Content::Filler(_) => Body::Filler(to - from),
        Content::Stored(stored) => {
            let bytes = stored.read();
            Body::Bytes(bytes.get(from as usize..to as usize).unwrap_or_default().to_vec())
        }
    };
    let mut headers = vec![
        ("Last-Modified", text(http_date(object.modified))),
        ("ETag", text(&object.etag)),
        ("x-amz-server-side-encryption", text("AES256")),
        ("Accept-Ranges", text("bytes")),
    ];
    if range.is_some() {
        headers.push(("Content-Range", text(format!("bytes {from}-{}/{len}", to - 1))));
    }
    headers.extend([
        ("Content-Type", text(&object.content_type)),
        ("Content-Length", HeaderValue::ContentLength),
    ]);
    let status = if range.is_some() { 206 } else { 200 };
    Ok(Answer { body, ..send(asked.call, status, headers) })
}

/// Where a part begins, and one past its end. What is no range of bytes is not looked at
/// (aws: s3-range).
fn range(asked: &str, len: u64) -> Result<Option<(u64, u64)>, Refusal> {
    let Some((first, last)) = asked.strip_prefix("bytes=").and_then(|range| range.split_once('-')) else {
        return Ok(None);
    };
    let (from, to) = match (first.parse::<u64>(), last.parse::<u64>()) {
        (Ok(from), Ok(to)) if from <= to => (from, len.min(to.saturating_add(1))),
        (Ok(from), Err(_)) if last.is_empty() => (from, len),
        (Err(_), Ok(suffix)) if first.is_empty() => (len.saturating_sub(suffix), len),
        _ => return Ok(None),
    };
    if from < to { Ok(Some((from, to))) } else { Err(Refusal::invalid_range(asked, len)) }
}

pub fn put(ec2: &mut Ec2<'_>, asked: &Asked<'_>, key: &str) -> Outcome {
    asked.may_use_object(ec2, "s3:PutObject", key)?;
    let call = asked.call;
    if call.header("x-amz-copy-source").is_some() {
        return Err(Refusal::not_implemented());
    }
    let is_chunked = call.header("x-amz-content-sha256").is_some_and(|hash| hash.starts_with("STREAMING-"));
    let bytes = if is_chunked {
        chunks(call.request.body).ok_or_else(Refusal::incomplete_body)?
    } else {
        call.request.body.to_vec()
    };
    let content_type = call.header("content-type").unwrap_or(UNKNOWN);
    let etag = ec2.put_object(&asked.bucket_name, key, Content::Bytes(bytes), content_type)?;
    let headers = vec![
        ("x-amz-server-side-encryption", text("AES256")),
        ("ETag", text(etag)),
        ("Content-Length", HeaderValue::ContentLength),
    ];
    Ok(send(call, 200, headers))
}

/// The bytes of a body that was signed chunk by chunk: `length[;…]`, bytes, and an empty one at the end
/// (aws: sigv4-chunks).
fn chunks(mut body: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    loop {
        let end = body.windows(2).position(|pair| pair == b"\r\n")?;
        let head = std::str::from_utf8(&body[..end]).ok()?;
        let digits = head.split(';').next()?;
        let len = usize::from_str_radix(digits, 16).ok().filter(|_| !digits.starts_with('+'))?;
        if len == 0 {
            return Some(bytes);
        }
        let chunk = body[end + 2..].get(..len)?;
        bytes.extend_from_slice(chunk);
        body = body[end + 2 + len..].strip_prefix(b"\r\n")?;
    }
}

pub fn delete(ec2: &mut Ec2<'_>, asked: &Asked<'_>, key: &str) -> Outcome {
    asked.may_use_object(ec2, "s3:DeleteObject", key)?;
    ec2.delete_object(&asked.bucket_name, key)?;
    Ok(send(asked.call, 204, Vec::new()))
}

fn http_date(at: crate::time::Instant) -> String {
    let at = jiff::Timestamp::from_second(at.unix_seconds() as i64).expect("virtual time ends in 2554");
    at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}
