//! Who sends a request: its signature against the credentials that somebody was given.
//!
//! Knows signatures and keys; what their owner may do is in `iam/`.

use std::time::Duration;

use super::call::Call;
use crate::iam::{self, AccessDenied, AccessRequest};
use crate::model::{Account, Model, Policy, Principal};
use crate::sigv4::{self, Authorization, Malformed};

/// How far the clocks of clients may be off (aws: sigv4-skew).
pub const SKEW_MAX: Duration = Duration::from_secs(15 * 60);

/// Why nobody is recognised.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Refusal {
    /// The signature is not the one that goes with the key.
    BadSignature,
    /// The token is past its time.
    ExpiredToken,
    /// The token is not the one that goes with the key.
    InvalidToken,
    /// The header cannot be read.
    Malformed(Malformed),
    /// The body is not the one that was signed.
    OtherPayload {
        /// The hash that was signed.
        signed: String,
    },
    /// Signed for another region.
    OtherRegion(String),
    /// Signed for another service.
    OtherService(String),
    /// S3 wants to be told what the body's hash is.
    NoPayloadHash,
    /// The request does not say when it was signed, or that cannot be read.
    NoTime,
    /// Signed too long ago, or too early.
    Skewed {
        /// When.
        signed: String,
    },
    /// Nobody has the key.
    UnknownKey(String),
}

/// Who sends a request; somebody who does not sign is anonymous.
///
/// What is looked at first is not documented (assumed: signature-check-order).
pub fn principal(model: &Model, call: &Call<'_>) -> Result<Principal, Refusal> {
    let Some(header) = call.header("authorization") else { return Ok(Principal::Anonymous) };
    let (service, region) = (call.request.service, call.request.region.name());
    let authorization: Authorization = header.parse().map_err(Refusal::Malformed)?;
    if authorization.region != region {
        return Err(Refusal::OtherRegion(authorization.region));
    }
    if authorization.service != service {
        return Err(Refusal::OtherService(authorization.service));
    }
    let key = authorization.access_key_id.as_str();
    let session = model.credentials(key).ok_or_else(|| Refusal::UnknownKey(key.to_owned()))?;
    if call.header("x-amz-security-token") != session.credentials.token.as_deref() {
        return Err(Refusal::InvalidToken);
    }
    if session.is_expired(call.now) {
        return Err(Refusal::ExpiredToken);
    }
    let stated = call.header("x-amz-date").ok_or(Refusal::NoTime)?;
    let signed_at = sigv4::read_time(stated).ok_or(Refusal::NoTime)?;
    if call.now.since(signed_at).max(signed_at.since(call.now)) > SKEW_MAX {
        return Err(Refusal::Skewed { signed: stated.to_owned() });
    }
    if service == "s3" {
        check_payload(call)?;
    }
    let request = sigv4::Request {
        method: call.request.method,
        target: call.request.target,
        headers: call.request.headers,
        body: call.request.body,
    };
    if !authorization.verify(&request, &session.credentials.secret_access_key) {
        return Err(Refusal::BadSignature);
    }
    Ok(session.principal.clone())
}

/// Whether the body is what S3 was told (aws: s3-payload-hash).
fn check_payload(call: &Call<'_>) -> Result<(), Refusal> {
    let stated = call.header("x-amz-content-sha256").ok_or(Refusal::NoPayloadHash)?;
    let is_unsigned = stated == sigv4::UNSIGNED_PAYLOAD || stated.starts_with("STREAMING-");
    if is_unsigned || stated == sigv4::payload_hash(call.request.body) {
        Ok(())
    } else {
        Err(Refusal::OtherPayload { signed: stated.to_owned() })
    }
}

/// What a request wants to do.
#[derive(Clone, Copy)]
pub struct Wanted<'a> {
    pub principal: &'a Principal,
    pub action: &'a str,
    pub resource: &'a str,
    pub resource_account: Option<Account>,
    pub resource_policy: Option<&'a Policy>,
}

/// Whether whoever asks may.
pub fn authorize(model: &Model, call: &Call<'_>, wanted: Wanted<'_>) -> Result<(), AccessDenied> {
    let Wanted { principal, action, resource, resource_account, resource_policy } = wanted;
    let super::Request { endpoint, source, over_tls, .. } = *call.request;
    let request = AccessRequest {
        principal,
        action,
        resource,
        resource_account,
        resource_policy,
        endpoint,
        source,
        over_tls,
    };
    iam::authorize(model, &request)
}
