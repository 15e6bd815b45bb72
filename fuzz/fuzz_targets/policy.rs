//! Policies of any text: they are read or refused, and what is read decides a request.

#![no_main]

use std::net::Ipv4Addr;

use libfuzzer_sys::fuzz_target;
use vpclab::iam::{AccessRequest, authorize};
use vpclab::model::{Model, Policy, Principal};

fuzz_target!(|text: &str| {
    let policy = match text.parse::<Policy>() {
        Ok(policy) => policy,
        Err(error) => {
            assert!(!error.to_string().is_empty() && !error.reason().is_empty());
            return;
        }
    };
    assert_eq!(policy.text(), text);
    let account = "123456789012".parse().expect("an account");
    let principal = Principal::User { account, name: "u".to_owned() };
    let request = AccessRequest {
        principal: &principal,
        action: "s3:GetObject",
        resource: "arn:aws:s3:::bucket/key",
        resource_account: None,
        resource_policy: Some(&policy),
        endpoint: None,
        source: Ipv4Addr::LOCALHOST,
        over_tls: true,
    };
    let _ = authorize(&Model::default(), &request);
});
