//! What `aws` prints, made of what services answer.
//!
//! Knows the services' documents and the CLI's layouts. What is not there is left out.

use std::time::Duration;

use percent_encoding::percent_decode_str;
use roxmltree::{Document, Node};
use serde::Serialize;
use serde_json::{Map, Value};

/// The error that an answer tells of.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ServiceError {
    pub code: String,
    pub message: String,
    /// Where the bucket really is, if the answer says so.
    pub region: Option<String>,
}

/// Reads the error in an answer: XML of S3 and the query services, JSON of the others. Without any, the
/// status speaks.
pub fn error(status: u16, reason: &str, body: &str) -> ServiceError {
    let of_xml = || {
        let document = Document::parse(body).ok()?;
        let error = document.descendants().find(|node| node.has_tag_name_of("Error"))?;
        let code = child(error, "Code")?;
        Some(ServiceError {
            code,
            message: child(error, "Message").unwrap_or_default(),
            region: child(error, "Region"),
        })
    };
    let of_json = || {
        let document: Value = serde_json::from_str(body).ok()?;
        let kind = document.get("__type")?.as_str()?;
        let message = document.get("message").or(document.get("Message")).and_then(Value::as_str);
        Some(ServiceError {
            code: kind.rsplit('#').next().unwrap_or(kind).to_owned(),
            message: message.unwrap_or_default().to_owned(),
            region: None,
        })
    };
    of_xml().or_else(of_json).unwrap_or_else(|| ServiceError {
        code: status.to_string(),
        message: reason.to_owned(),
        region: None,
    })
}

/// What stands behind a status code, for answers without a body (Python's `http.client.responses`).
pub fn reason(status: u16) -> &'static str {
    match status {
        300 => "Multiple Choices",
        301 => "Moved Permanently",
        302 => "Found",
        303 => "See Other",
        304 => "Not Modified",
        307 => "Temporary Redirect",
        308 => "Permanent Redirect",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        408 => "Request Timeout",
        409 => "Conflict",
        411 => "Length Required",
        412 => "Precondition Failed",
        413 => "Request Entity Too Large",
        416 => "Requested Range Not Satisfiable",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        501 => "Not Implemented",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => "",
    }
}

/// A document that cannot be read, in the CLI's words.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Unreadable(pub String);

/// Reads a document. Of what is wrong with it, its place alone is as the CLI's parser says it
/// (assumed: cli-xml-words).
fn document(body: &str) -> Result<Document<'_>, Unreadable> {
    Document::parse(body).map_err(|error| {
        let (place, shown) = (error.pos(), body.escape_debug());
        let (line, column) = (place.row, place.col.saturating_sub(1));
        Unreadable(format!(
            "Unable to parse response (syntax error: line {line}, column {column}), invalid XML received. \
             Further retries may succeed:\nb'{shown}'"
        ))
    })
}

/// Names without their namespace, which services change at will.
trait Named {
    fn has_tag_name_of(&self, name: &str) -> bool;
}

impl Named for Node<'_, '_> {
    fn has_tag_name_of(&self, name: &str) -> bool {
        self.is_element() && self.tag_name().name() == name
    }
}

fn child(node: Node<'_, '_>, name: &str) -> Option<String> {
    let found = node.children().find(|child| child.has_tag_name_of(name))?;
    Some(found.text().unwrap_or_default().to_owned())
}

/// The lines of `aws s3 ls`.
pub fn buckets(body: &str) -> Result<String, Unreadable> {
    let document = document(body)?;
    let buckets = document.descendants().filter(|node| node.has_tag_name_of("Bucket"));
    let line =
        |bucket| Some(format!("{} {}\n", time(&child(bucket, "CreationDate")?), child(bucket, "Name")?));
    Ok(buckets.filter_map(line).collect())
}

/// A page of `aws s3 ls s3://bucket`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Page {
    pub lines: String,
    /// Where the next one begins.
    pub next: Option<String>,
}

/// The lines of a page of a listing. Folders come first, and of keys what is behind the last slash of the
/// prefix.
pub fn objects(body: &str, prefix: &str, recursive: bool) -> Result<Page, Unreadable> {
    let document = document(body)?;
    let root = document.root_element();
    let folder = prefix.rfind('/').map_or(0, |at| at + 1);
    let shown =
        |key: &str| if recursive { key.to_owned() } else { key.get(folder..).unwrap_or(key).to_owned() };
    let mut lines = String::new();
    for common in root.children().filter(|node| node.has_tag_name_of("CommonPrefixes")) {
        if let Some(name) = child(common, "Prefix") {
            let name = decoded(&name);
            let last = name.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
            lines.push_str(&format!("{:>27}PRE {last}/\n", ""));
        }
    }
    for object in root.children().filter(|node| node.has_tag_name_of("Contents")) {
        if let (Some(key), Some(size), Some(modified)) =
            (child(object, "Key"), child(object, "Size"), child(object, "LastModified"))
        {
            lines.push_str(&format!("{} {size:>10} {}\n", time(&modified), shown(&decoded(&key))));
        }
    }
    let next = child(root, "NextContinuationToken").filter(|token| !token.is_empty());
    Ok(Page { lines, next })
}

/// A key as it was before S3 escaped it, which makes a plus of a space.
fn decoded(text: &str) -> String {
    percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned()
}

/// `2024-06-28T12:00:00.000Z` as a person reads it; Amazon Linux runs in UTC.
fn time(text: &str) -> String {
    text.chars().take(19).map(|c| if c == 'T' { ' ' } else { c }).collect()
}

/// Some fields of a document of the query services, as JSON.
pub fn fields(body: &str, names: &[&str]) -> Result<String, Unreadable> {
    let document = document(body)?;
    let mut found = Map::new();
    for name in names {
        let node = document.descendants().find(|node| node.has_tag_name_of(name));
        if let Some(text) = node.and_then(|node| node.text()) {
            found.insert((*name).to_owned(), Value::from(text));
        }
    }
    Ok(pretty(&Value::Object(found)))
}

/// The topics of `aws sns list-topics`.
pub fn topics(body: &str) -> Result<String, Unreadable> {
    let document = document(body)?;
    let arns = document.descendants().filter(|node| node.has_tag_name_of("TopicArn"));
    let topics = arns.filter_map(|node| node.text()).map(|arn| serde_json::json!({ "TopicArn": arn }));
    Ok(pretty(&serde_json::json!({ "Topics": topics.collect::<Vec<_>>() })))
}

/// A document of JSON as the CLI lays it out; nothing for an empty one.
pub fn json(body: &str) -> String {
    match serde_json::from_str::<Value>(body) {
        Ok(Value::Object(fields)) if fields.is_empty() => String::new(),
        Ok(document) => pretty(&document),
        Err(_) => String::new(),
    }
}

fn pretty(document: &Value) -> String {
    let mut bytes = Vec::new();
    let formatter = serde_json::ser::PrettyFormatter::with_indent(b"    ");
    let mut serializer = serde_json::Serializer::with_formatter(&mut bytes, formatter);
    document.serialize(&mut serializer).expect("memory takes everything");
    String::from_utf8_lossy(&bytes).into_owned() + "\n"
}

/// What a copy prints: how far it is, and in its place what was done.
pub fn transfer(size: u64, took: Duration, line: &str) -> String {
    let millis = u64::try_from(took.as_millis()).unwrap_or(u64::MAX).max(1);
    let rate = size.saturating_mul(1000) / millis;
    let progress = format!("Completed {0}/{0} ({1}/s) with 1 file(s) remaining", human(size), human(rate));
    format!("{progress}\r{line:<width$}\n", width = progress.len())
}

/// A size in the CLI's words.
fn human(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    if bytes == 1 {
        return "1 Byte".to_owned();
    }
    if bytes < 1024 {
        return format!("{bytes} Bytes");
    }
    let (mut unit, mut size) = (0, bytes);
    while size >= 1024 * 1024 && unit + 1 < UNITS.len() {
        size /= 1024;
        unit += 1;
    }
    let tenths = (size * 10 + 512) / 1024;
    format!("{}.{} {}", tenths / 10, tenths % 10, UNITS[unit])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_of_all_kinds() {
        let cases = [
            (
                "<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code><Message>No.</Message></Error>",
                "AccessDenied",
                "No.",
            ),
            (
                "<ErrorResponse xmlns=\"x\"><Error><Type>Sender</Type><Code>NotFound</Code><Message>Gone</Message></Error></ErrorResponse>",
                "NotFound",
                "Gone",
            ),
            (
                "{\"__type\":\"com.amazon.coral.service#AccessDeniedException\",\"Message\":\"No.\"}",
                "AccessDeniedException",
                "No.",
            ),
            ("", "403", "Forbidden"),
            ("<html>", "403", "Forbidden"),
        ];
        for (body, code, message) in cases {
            let found = error(403, reason(403), body);
            assert_eq!((found.code.as_str(), found.message.as_str()), (code, message), "{body}");
        }
    }

    #[test]
    fn listings_are_laid_out_as_the_cli_does() {
        let body = "<ListBucketResult xmlns=\"x\"><CommonPrefixes><Prefix>dir/</Prefix></CommonPrefixes>\
                    <Contents><Key>a.txt</Key><LastModified>2024-06-28T12:00:01.000Z</LastModified><Size>1234</Size></Contents>\
                    </ListBucketResult>";
        let page = objects(body, "", false).expect("a page");
        assert_eq!(page.lines, "                           PRE dir/\n2024-06-28 12:00:01       1234 a.txt\n");
    }

    #[test]
    fn keys_are_shown_as_they_are() {
        let body = "<ListBucketResult><Contents><Key>d/a+b%2Bc%ED%95%9C</Key><LastModified>2024-06-28T12:00:01.000Z\
                    </LastModified><Size>1</Size></Contents></ListBucketResult>";
        let page = objects(body, "d/", false).expect("a page");
        assert_eq!(page.lines, "2024-06-28 12:00:01          1 a b+c한\n");
    }

    #[test]
    fn what_is_no_document_is_shown() {
        let Unreadable(why) = buckets("hello\n").expect_err("no XML");
        let text = "Unable to parse response (syntax error: line 1, column 0), invalid XML received. \
                    Further retries may succeed:\nb'hello\\n'";
        assert_eq!(why, text);
        let deep = "<a>".repeat(100_000) + &"</a>".repeat(100_000);
        for body in ["<a", "<!DOCTYPE a [<!ENTITY b \"b\">]><a>&b;</a>", "<a>&b;</a>", &deep] {
            let _ = (buckets(body), objects(body, "", true), fields(body, &["a"]), topics(body));
        }
    }

    #[test]
    fn copies_say_how_fast() {
        let text = transfer(6, Duration::from_millis(14), "upload: ./up.txt to s3://my-bucket/up.txt");
        let (progress, line) = text.split_once('\r').expect("two lines in one");
        assert_eq!(progress, "Completed 6 Bytes/6 Bytes (428 Bytes/s) with 1 file(s) remaining");
        assert_eq!(line.len(), progress.len() + 1);
    }
}
