//! S3's errors: codes, texts, and what else stands in them.

use super::{document, send};
use crate::api::ApiError;
use crate::guest::{Answer, HeaderValue};
use crate::iam::AccessDenied;
use crate::model::Bucket;
use crate::service::call::Call;
use crate::service::xml::Xml;
use crate::service::{auth, text};
use crate::sigv4::{self, Malformed};

/// Why S3 does not do what is asked (aws: s3-errors).
#[derive(Debug)]
pub struct Refusal {
    status: u16,
    code: &'static str,
    message: String,
    /// Elements behind the message.
    more: Vec<(&'static str, String)>,
    /// Header fields.
    headers: Vec<(&'static str, String)>,
}

impl Refusal {
    fn new(status: u16, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), more: Vec::new(), headers: Vec::new() }
    }

    fn with(mut self, element: &'static str, text: impl Into<String>) -> Self {
        self.more.push((element, text.into()));
        self
    }

    pub fn denied(denied: &AccessDenied) -> Self {
        Self::new(403, "AccessDenied", denied.to_string())
    }

    pub fn no_such_bucket(name: &str) -> Self {
        Self::new(404, "NoSuchBucket", "The specified bucket does not exist").with("BucketName", name)
    }

    pub fn no_such_key(key: &str) -> Self {
        Self::new(404, "NoSuchKey", "The specified key does not exist.").with("Key", key)
    }

    pub fn not_implemented() -> Self {
        let text = "A header you provided implies functionality that is not implemented";
        Self::new(501, "NotImplemented", text)
    }

    pub fn method_not_allowed(method: &str) -> Self {
        let text = "The specified method is not allowed against this resource.";
        Self::new(405, "MethodNotAllowed", text).with("Method", method)
    }

    pub fn invalid_uri() -> Self {
        Self::new(400, "InvalidURI", "Couldn't parse the specified URI.")
    }

    pub fn invalid_argument(message: &str, name: &str, value: &str) -> Self {
        let refusal = Self::new(400, "InvalidArgument", message);
        refusal.with("ArgumentName", name).with("ArgumentValue", value)
    }

    pub fn invalid_range(asked: &str, len: u64) -> Self {
        Self::new(416, "InvalidRange", "The requested range is not satisfiable")
            .with("RangeRequested", asked)
            .with("ActualObjectSize", len.to_string())
    }

    pub fn incomplete_body() -> Self {
        let text = "The request body terminated unexpectedly";
        Self::new(400, "IncompleteBody", text)
    }

    /// A bucket is asked where it is (aws: s3-redirect).
    pub fn redirect(bucket: &Bucket) -> Self {
        let text = "The bucket you are attempting to access must be addressed using the specified endpoint. \
                    Please send all future requests to this endpoint.";
        let endpoint = format!("{}.s3.{}.amazonaws.com", bucket.name, bucket.region);
        let refusal =
            Self::new(301, "PermanentRedirect", text).with("Endpoint", endpoint).with("Bucket", &bucket.name);
        Self { headers: vec![("x-amz-bucket-region", bucket.region.name().to_owned())], ..refusal }
    }

    /// aws: sigv4-errors.
    pub fn unrecognised(refusal: &auth::Refusal, call: &Call<'_>) -> Self {
        let malformed = |text: String| {
            Self::new(
                400,
                "AuthorizationHeaderMalformed",
                format!("The authorization header is malformed; {text}"),
            )
        };
        let region = call.request.region.name();
        match refusal {
            auth::Refusal::BadSignature => Self::new(
                403,
                "SignatureDoesNotMatch",
                "The request signature we calculated does not match the signature you provided. Check your key \
                 and signing method.",
            ),
            auth::Refusal::ExpiredToken => Self::new(400, "ExpiredToken", "The provided token has expired."),
            auth::Refusal::InvalidToken => {
                Self::new(400, "InvalidToken", "The provided token is malformed or otherwise invalid.")
            }
            auth::Refusal::Malformed(Malformed::Algorithm) => {
                let value = call.header("authorization").unwrap_or_default();
                Self::invalid_argument("Unsupported Authorization Type", "Authorization", value)
            }
            auth::Refusal::Malformed(Malformed::Missing(part)) => malformed(format!("missing {part}.")),
            auth::Refusal::Malformed(Malformed::Credential) => malformed(
                "the Credential is mal-formed; expecting \"<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request\"."
                    .to_owned(),
            ),
            auth::Refusal::NoPayloadHash => {
                Self::new(400, "InvalidRequest", "Missing required header for this request: x-amz-content-sha256")
            }
            auth::Refusal::NoTime => {
                Self::new(403, "AccessDenied", "AWS authentication requires a valid Date or x-amz-date header")
            }
            auth::Refusal::OtherPayload { signed } => Self::new(
                400,
                "XAmzContentSHA256Mismatch",
                "The provided 'x-amz-content-sha256' header does not match what was computed.",
            )
            .with("ClientComputedContentSHA256", signed)
            .with("S3ComputedContentSHA256", sigv4::payload_hash(call.request.body)),
            auth::Refusal::OtherRegion(wrong) => {
                malformed(format!("the region '{wrong}' is wrong; expecting '{region}'")).with("Region", region)
            }
            auth::Refusal::OtherService(wrong) => malformed(format!(
                "incorrect service \"{wrong}\". This endpoint belongs to \"s3\"."
            )),
            auth::Refusal::Skewed { signed } => Self::new(
                403,
                "RequestTimeTooSkewed",
                "The difference between the request time and the current time is too large.",
            )
            .with("RequestTime", signed)
            .with("ServerTime", super::list::time(call.now))
            .with("MaxAllowedSkewMilliseconds", auth::SKEW_MAX.as_millis().to_string()),
            auth::Refusal::UnknownKey(key) => Self::new(
                403,
                "InvalidAccessKeyId",
                "The AWS Access Key Id you provided does not exist in our records.",
            )
            .with("AWSAccessKeyId", key),
        }
    }

    /// Who only asked for the head gets no more than that (aws: s3-head-errors).
    pub fn answer(self, call: &Call<'_>) -> Answer {
        let Self { status, code, message, more, headers } = self;
        let mut headers: Vec<(&str, HeaderValue)> =
            headers.into_iter().map(|(name, value)| (name, text(value))).collect();
        if call.request.method == "HEAD" {
            headers.push(("Content-Type", text("application/xml")));
            return send(call, status, headers);
        }
        let mut xml = Xml::compact();
        xml.element("Error", "", |xml| {
            xml.text("Code", code).text("Message", &message);
            for (name, value) in &more {
                xml.text(name, value);
            }
            xml.text("RequestId", &call.request_id(16)).text("HostId", &call.host_id());
        });
        document(call, status, headers, xml)
    }
}

impl From<ApiError> for Refusal {
    fn from(error: ApiError) -> Self {
        Self::new(400, error.code, error.message)
    }
}
