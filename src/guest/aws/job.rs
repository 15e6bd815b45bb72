//! What each command of `aws` asks of a service, and what it prints of the answers.
//!
//! Knows the services' requests and the CLI's output; never endpoints, keys or connections.

use std::time::Duration;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::options::Action;
use super::output::{self, ServiceError, Unreadable};
use crate::guest::call::Incoming;
use crate::guest::process::Os;

/// What a URL needs no escape for.
const KEPT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');
/// The same with the slashes of a key.
const KEPT_OF_KEYS: &AsciiSet = &KEPT.remove(b'/');

/// A service that is asked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Service {
    DynamoDb,
    S3,
    Sns,
    Sts,
}

impl Service {
    /// As it stands in host names and signatures.
    pub fn name(self) -> &'static str {
        match self {
            Self::DynamoDb => "dynamodb",
            Self::S3 => "s3",
            Self::Sns => "sns",
            Self::Sts => "sts",
        }
    }
}

/// A request to a service, without what depends on the endpoint.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Wanted {
    /// As errors call it, e.g. `ListBuckets`.
    pub operation: &'static str,
    pub method: &'static str,
    pub bucket: Option<String>,
    /// Path and query within the bucket or service.
    pub target: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

/// What comes after an answer.
pub enum Next {
    /// Another request.
    Ask,
    /// The end, with this exit status.
    Exit(i32),
    /// The end, with this message.
    Fail(String),
}

/// A command at work.
pub struct Job {
    action: Action,
    /// How many answers have come.
    done: usize,
    /// Where the listing goes on.
    token: Option<String>,
    found_any: bool,
    /// The size of the object being copied.
    size: u64,
    upload: Vec<u8>,
}

impl Job {
    pub fn new(action: Action) -> Self {
        Self { action, done: 0, token: None, found_any: false, size: 0, upload: Vec::new() }
    }

    /// The service, if one is asked at all.
    pub fn service(&self) -> Option<Service> {
        match &self.action {
            Action::ConfigureList => None,
            Action::GetItem { .. } | Action::ListTables | Action::PutItem { .. } => Some(Service::DynamoDb),
            Action::Download { .. }
            | Action::ListBuckets
            | Action::ListObjects { .. }
            | Action::Remove { .. }
            | Action::Upload { .. } => Some(Service::S3),
            Action::ListTopics | Action::Publish { .. } => Some(Service::Sns),
            Action::CallerIdentity => Some(Service::Sts),
        }
    }

    /// Reads what is to be sent; says what is wrong with it.
    pub fn prepare(&mut self, os: &Os<'_>) -> Result<(), String> {
        if let Action::Upload { from, .. } = &self.action {
            let missing = || format!("The user-provided path {from} does not exist.");
            self.upload = os.read_file(from).ok_or_else(missing)?.to_vec();
            self.size = self.upload.len() as u64;
        }
        Ok(())
    }

    /// The next request.
    pub fn wanted(&self) -> Wanted {
        let of_bucket = |operation, method, bucket: &str, key: &str| Wanted {
            operation,
            method,
            bucket: Some(bucket.to_owned()),
            target: format!("/{}", utf8_percent_encode(key, KEPT_OF_KEYS)),
            headers: Vec::new(),
            body: Vec::new(),
        };
        match &self.action {
            Action::ConfigureList => unreachable!("it asks no service"),
            Action::CallerIdentity => form("GetCallerIdentity", "2011-06-15", &[]),
            Action::ListTopics => form("ListTopics", "2010-03-31", &[]),
            Action::Publish { topic, message, subject } => {
                let mut fields = vec![("TopicArn", topic.as_str()), ("Message", message)];
                fields.extend(subject.as_ref().map(|subject| ("Subject", subject.as_str())));
                form("Publish", "2010-03-31", &fields)
            }
            Action::ListTables => json("ListTables", "{}".to_owned()),
            Action::GetItem { table, key } => {
                json("GetItem", format!("{{\"TableName\": {}, \"Key\": {key}}}", quoted(table)))
            }
            Action::PutItem { table, item } => {
                json("PutItem", format!("{{\"TableName\": {}, \"Item\": {item}}}", quoted(table)))
            }
            Action::ListBuckets => Wanted {
                operation: "ListBuckets",
                method: "GET",
                bucket: None,
                target: "/".to_owned(),
                headers: Vec::new(),
                body: Vec::new(),
            },
            Action::ListObjects { bucket, prefix, recursive } => {
                let escaped = |text: &str| utf8_percent_encode(text, KEPT).to_string();
                let mut target = format!("/?list-type=2&prefix={}", escaped(prefix));
                if !recursive {
                    target.push_str("&delimiter=%2F");
                }
                if let Some(token) = &self.token {
                    target.push_str(&format!("&continuation-token={}", escaped(token)));
                }
                target.push_str("&encoding-type=url");
                Wanted { target, ..of_bucket("ListObjectsV2", "GET", bucket, "") }
            }
            Action::Download { bucket, key, .. } if self.done == 0 => {
                of_bucket("HeadObject", "HEAD", bucket, key)
            }
            Action::Download { bucket, key, .. } => of_bucket("GetObject", "GET", bucket, key),
            Action::Remove { bucket, key } => of_bucket("DeleteObject", "DELETE", bucket, key),
            Action::Upload { bucket, key, .. } => {
                let headers = vec![("Expect".to_owned(), "100-continue".to_owned())];
                Wanted { headers, body: self.upload.clone(), ..of_bucket("PutObject", "PUT", bucket, key) }
            }
        }
    }

    /// Takes in a good answer, and prints what there is to print; `took` is how long it has taken.
    pub fn take(&mut self, os: &mut Os<'_>, response: Incoming, took: Duration) -> Next {
        self.done += 1;
        self.read(os, response, took).unwrap_or_else(|Unreadable(why)| Next::Fail(why))
    }

    fn read(&mut self, os: &mut Os<'_>, response: Incoming, took: Duration) -> Result<Next, Unreadable> {
        let text = || String::from_utf8_lossy(&response.body);
        match &self.action {
            Action::ConfigureList => {}
            Action::ListBuckets => os.write_stdout(output::buckets(&text())?),
            Action::ListObjects { prefix, recursive, .. } => {
                let page = output::objects(&text(), prefix, *recursive)?;
                self.found_any |= !page.lines.is_empty();
                os.write_stdout(page.lines);
                return Ok(match page.next {
                    Some(token) if self.token.as_ref() == Some(&token) => Next::Fail(format!(
                        "Error during pagination: The same next token was received twice: \
                         {{'ContinuationToken': '{token}'}}"
                    )),
                    Some(token) => {
                        self.token = Some(token);
                        Next::Ask
                    }
                    // A prefix under which there is nothing is an error; an empty bucket is not.
                    None => Next::Exit(i32::from(!self.found_any && !prefix.is_empty())),
                });
            }
            Action::Download { .. } if self.done == 1 => {
                self.size = response.header("content-length").and_then(|len| len.parse().ok()).unwrap_or(0);
                return Ok(Next::Ask);
            }
            Action::Download { to, .. } if to == "-" => os.write_stdout(&response.body),
            Action::Download { bucket, key, to } => {
                os.write_file(to, response.body);
                let line = format!("download: s3://{bucket}/{key} to {}", shown(to));
                os.write_stdout(output::transfer(self.size, took, &line));
            }
            Action::Upload { from, bucket, key } => {
                let line = format!("upload: {} to s3://{bucket}/{key}", shown(from));
                os.write_stdout(output::transfer(self.size, took, &line));
            }
            Action::Remove { bucket, key } => os.write_stdout(format!("delete: s3://{bucket}/{key}\n")),
            Action::CallerIdentity => {
                os.write_stdout(output::fields(&text(), &["UserId", "Account", "Arn"])?);
            }
            Action::Publish { .. } => os.write_stdout(output::fields(&text(), &["MessageId"])?),
            Action::ListTopics => os.write_stdout(output::topics(&text())?),
            Action::GetItem { .. } | Action::ListTables | Action::PutItem { .. } => {
                os.write_stdout(output::json(&text()));
            }
        }
        Ok(Next::Exit(0))
    }

    /// Says which object is not there, as a service does not that is only asked for the head.
    pub fn reword(&self, error: &mut ServiceError) {
        if let Action::Download { key, .. } = &self.action
            && self.done == 0
            && error.code == "404"
        {
            error.message = format!("Key \"{key}\" does not exist");
        }
    }

    /// How a failure is told, and the exit status, if this command tells it in its own way: what is copied
    /// says which file it was (assumed: aws-cp-words).
    pub fn failure(&self, message: &str) -> Option<(String, i32)> {
        match &self.action {
            Action::Download { .. } if self.done == 0 => Some((format!("fatal error: {message}"), 1)),
            Action::Download { bucket, key, to } => {
                Some((format!("download failed: s3://{bucket}/{key} to {} {message}", shown(to)), 1))
            }
            Action::Upload { from, bucket, key } => {
                Some((format!("upload failed: {} to s3://{bucket}/{key} {message}", shown(from)), 1))
            }
            Action::Remove { bucket, key } => {
                Some((format!("delete failed: s3://{bucket}/{key} {message}"), 1))
            }
            Action::CallerIdentity
            | Action::ConfigureList
            | Action::GetItem { .. }
            | Action::ListBuckets
            | Action::ListObjects { .. }
            | Action::ListTables
            | Action::ListTopics
            | Action::Publish { .. }
            | Action::PutItem { .. } => None,
        }
    }
}

/// A path as the CLI shows it: with a dot only if no folder stands in front.
fn shown(path: &str) -> String {
    let path = path.strip_prefix("./").unwrap_or(path);
    if path.contains('/') { path.to_owned() } else { format!("./{path}") }
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// A request of the query protocol.
fn form(action: &'static str, version: &str, fields: &[(&str, &str)]) -> Wanted {
    let mut body = format!("Action={action}&Version={version}");
    for (name, value) in fields {
        body.push_str(&format!("&{name}={}", utf8_percent_encode(value, KEPT)));
    }
    let kind = "application/x-www-form-urlencoded; charset=utf-8";
    Wanted {
        operation: action,
        method: "POST",
        bucket: None,
        target: "/".to_owned(),
        headers: vec![("Content-Type".to_owned(), kind.to_owned())],
        body: body.into_bytes(),
    }
}

/// A request to DynamoDB.
fn json(operation: &'static str, body: String) -> Wanted {
    Wanted {
        operation,
        method: "POST",
        bucket: None,
        target: "/".to_owned(),
        headers: vec![
            ("X-Amz-Target".to_owned(), format!("DynamoDB_20120810.{operation}")),
            ("Content-Type".to_owned(), "application/x-amz-json-1.0".to_owned()),
        ],
        body: body.into_bytes(),
    }
}
