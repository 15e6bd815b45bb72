//! What services answer. Those of AWS: from a request to an answer, by way of signature, policies and
//! resources. Resolvers: from a question to what is called so.
//!
//! Knows requests as a service sees them, and what is kept there. Never knows how a request came, who
//! carries it, or what a client makes of the answer.
//!
//! Start at [`answer`]. A file for each service; `auth` says who asks, `call` takes a request apart,
//! `query` and `xml` are how some of them speak. Other actions than those here are refused as not
//! implemented (assumed: service-actions).

mod auth;
mod call;
pub mod dns;
mod dynamodb;
pub mod imds;
mod query;
mod s3;
mod sagemaker;
mod sns;
mod sts;
mod xml;

use std::net::Ipv4Addr;
use std::time::Duration;

use self::call::Call;
use crate::api::Ec2;
use crate::guest::{Answer, Body, HeaderValue};
use crate::ids::VpcEndpointId;
use crate::model::Region;

/// A request as a service sees it.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// E.g. `GET`.
    pub method: &'a str,
    /// Path and query as they stand in the first line, e.g. `/?list-type=2`.
    pub target: &'a str,
    /// The header fields.
    pub headers: &'a [(String, String)],
    /// The body.
    pub body: &'a [u8],
    /// Who sent it, as its packets say when they arrive at the service.
    pub source: Ipv4Addr,
    /// Whether it came by HTTPS.
    pub over_tls: bool,
    /// The VPC endpoint it came through.
    pub endpoint: Option<VpcEndpointId>,
    /// What is asked: `s3`, `dynamodb`, `sns`, `sts` or `notebook`.
    pub service: &'a str,
    /// The region it is asked in.
    pub region: Region,
}

/// Answers a request. Whatever is wrong with it, there is an answer.
pub fn answer(ec2: &mut Ec2<'_>, request: &Request<'_>) -> Answer {
    let call = Call::of(request, ec2.now());
    let answer = match request.service {
        "dynamodb" => dynamodb::answer(ec2, &call),
        "notebook" => sagemaker::answer(&call),
        "s3" => s3::answer(ec2, &call),
        "sns" => sns::answer(ec2, &call),
        "sts" => sts::answer(ec2, &call),
        _ => query::answer(&call, "https://aws.amazon.com/", Err(query::Refusal::unknown_action(&call))),
    };
    if request.method == "HEAD" { without_body(answer) } else { answer }
}

/// The head alone, which says how long the body would be.
fn without_body(mut answer: Answer) -> Answer {
    let len = answer.body.len().to_string();
    for (_, value) in &mut answer.headers {
        if *value == HeaderValue::ContentLength {
            *value = HeaderValue::Text(len.clone());
        }
    }
    Answer { body: Body::Bytes(Vec::new()), ..answer }
}

/// An answer with some header fields; those of a value are sent as they are.
fn reply(status: u16, headers: Vec<(&str, HeaderValue)>, body: impl Into<Vec<u8>>) -> Answer {
    let headers = headers.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    Answer { status, reason: reason(status).to_owned(), headers, body: Body::Bytes(body.into()) }
}

fn text(value: impl Into<String>) -> HeaderValue {
    HeaderValue::Text(value.into())
}

const NOW: HeaderValue = HeaderValue::Date(Duration::ZERO);

/// What stands behind a status code.
const fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        204 => "No Content",
        206 => "Partial Content",
        301 => "Moved Permanently",
        302 => "Found",
        307 => "Temporary Redirect",
        400 => "Bad Request",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        409 => "Conflict",
        416 => "Requested Range Not Satisfiable",
        501 => "Not Implemented",
        _ => "Internal Server Error",
    }
}
