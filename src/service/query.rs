//! The protocol of services that are asked with forms and answer in XML: SNS and STS.
//!
//! Knows envelopes and the errors that all of them have.

use super::auth;
use super::call::Call;
use super::xml::Xml;
use super::{NOW, reply, text};
use crate::guest::{Answer, HeaderValue};
use crate::iam::AccessDenied;
use crate::model::{Model, Principal};
use crate::sigv4;
use crate::time::Instant;

/// Why a request is not answered as wanted.
pub struct Refusal {
    pub status: u16,
    pub code: &'static str,
    pub message: String,
}

impl Refusal {
    pub fn new(status: u16, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into() }
    }

    /// The service has no such action, here or at all.
    pub fn unknown_action(call: &Call<'_>) -> Self {
        match action(call) {
            None => {
                Self::new(400, "MissingAction", "The request is missing an action or a required parameter.")
            }
            Some(action) => Self::new(
                400,
                "InvalidAction",
                format!("Could not find operation {action} for this service here"),
            ),
        }
    }

    /// In these messages ARNs have no quotes.
    pub fn denied(code: &'static str, denied: &AccessDenied) -> Self {
        Self::new(403, code, denied.to_string().replace('"', ""))
    }
}

/// What writes a result, or why there is none.
pub type Outcome = Result<Box<dyn FnOnce(&mut Xml)>, Refusal>;

/// What the form wants.
pub fn action(call: &Call<'_>) -> Option<String> {
    parameter(call, "Action")
}

/// A parameter of the form.
pub fn parameter(call: &Call<'_>, name: &str) -> Option<String> {
    call.form().into_iter().find(|(found, _)| found == name).map(|(_, value)| value)
}

/// Who asks. Somebody has to (aws: query-authentication).
pub fn principal(model: &Model, call: &Call<'_>) -> Result<Principal, Refusal> {
    match auth::principal(model, call) {
        Ok(Principal::Anonymous) => {
            Err(Refusal::new(403, "MissingAuthenticationToken", "Request is missing Authentication Token"))
        }
        Ok(principal) => Ok(principal),
        Err(refusal) => Err(unrecognised(&refusal, call)),
    }
}

fn unrecognised(refusal: &auth::Refusal, call: &Call<'_>) -> Refusal {
    let invalid = |message: &str| Refusal::new(403, "SignatureDoesNotMatch", message);
    match refusal {
        auth::Refusal::BadSignature | auth::Refusal::OtherPayload { .. } | auth::Refusal::NoPayloadHash => {
            invalid(BAD_SIGNATURE)
        }
        auth::Refusal::ExpiredToken => {
            Refusal::new(403, "ExpiredToken", "The security token included in the request is expired")
        }
        auth::Refusal::InvalidToken | auth::Refusal::UnknownKey(_) => Refusal::new(
            403,
            "InvalidClientTokenId",
            "The security token included in the request is invalid.",
        ),
        auth::Refusal::Malformed(_) => Refusal::new(
            400,
            "IncompleteSignature",
            "The request signature does not conform to AWS standards.",
        ),
        auth::Refusal::NoTime => Refusal::new(
            400,
            "IncompleteSignature",
            "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.",
        ),
        auth::Refusal::OtherRegion(_) => invalid("Credential should be scoped to a valid region."),
        auth::Refusal::OtherService(_) => invalid(&other_service(call)),
        auth::Refusal::Skewed { signed } => invalid(&skewed(signed, call)),
    }
}

/// What services other than S3 say of a signature that is not right.
pub const BAD_SIGNATURE: &str = "The request signature we calculated does not match the signature you provided. \
                                 Check your AWS Secret Access Key and signing method. Consult the service \
                                 documentation for details.";

/// What they say of a signature for another service.
pub fn other_service(call: &Call<'_>) -> String {
    format!("Credential should be scoped to correct service: '{}'.", call.request.service)
}

/// What they say of a signature that is too old, or from the future (aws: sigv4-skew).
pub fn skewed(signed: &str, call: &Call<'_>) -> String {
    let (now, minutes) = (call.now.unix_seconds(), auth::SKEW_MAX.as_secs() / 60);
    let time = |seconds| sigv4::time(Instant::from_unix_seconds(seconds));
    let is_old = sigv4::read_time(signed).is_some_and(|signed| signed < call.now);
    let (at, now_text) = (auth::SKEW_MAX.as_secs(), time(now));
    if is_old {
        let oldest = time(now.saturating_sub(at));
        format!("Signature expired: {signed} is now earlier than {oldest} ({now_text} - {minutes} min.)")
    } else {
        let latest = time(now + at);
        format!(
            "Signature not yet current: {signed} is still later than {latest} ({now_text} + {minutes} min.)"
        )
    }
}

/// The envelope around a result, which writes itself, or around an error (aws: query-protocol).
pub fn answer(call: &Call<'_>, namespace: &str, result: Outcome) -> Answer {
    let (id, namespace) = (call.uuid(), format!("xmlns=\"{namespace}\""));
    let mut xml = Xml::indented();
    let status = match result {
        Ok(write) => {
            let action = action(call).unwrap_or_default();
            xml.element(&format!("{action}Response"), &namespace, |xml| {
                xml.element(&format!("{action}Result"), "", write);
                xml.element("ResponseMetadata", "", |xml| {
                    xml.text("RequestId", &id);
                });
            });
            200
        }
        Err(Refusal { status, code, message }) => {
            xml.element("ErrorResponse", &namespace, |xml| {
                xml.element("Error", "", |xml| {
                    xml.text("Type", "Sender").text("Code", code).text("Message", &message);
                });
                xml.text("RequestId", &id);
            });
            status
        }
    };
    let headers = vec![
        ("x-amzn-RequestId", text(id)),
        ("Content-Type", text("text/xml")),
        ("Content-Length", HeaderValue::ContentLength),
        ("Date", NOW),
    ];
    reply(status, headers, xml.finish())
}
