//! Where the CLI sends a request: the host of a service, or the one that was typed.
//!
//! Knows names only; who answers there is nobody's business here.

use super::job::{Service, Wanted};
use super::profile::CliVersion;
use crate::guest::call::Target;

/// Where a request goes, and what it is signed for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Endpoint {
    pub target: Target,
    /// What stands in front of the path: `https://s3.ap-northeast-2.amazonaws.com`.
    base: String,
    /// The path with the bucket, where it is not in the host's name.
    path_prefix: String,
    pub signing_region: String,
}

impl Endpoint {
    /// The endpoint of a request (aws: cli-endpoints).
    pub fn of(
        service: Service,
        region: Option<&str>,
        typed: Option<&str>,
        version: CliVersion,
        wanted: &Wanted,
        verify: bool,
    ) -> Self {
        let (scheme, authority) = match typed.and_then(|url| url.split_once("://")) {
            Some((scheme, rest)) => (scheme.to_owned(), rest.trim_end_matches('/').to_owned()),
            None => ("https".to_owned(), own_host(service, region, version)),
        };
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) => (host.to_owned(), port.parse().ok()),
            None => (authority.clone(), None),
        };
        let is_address = host.parse::<std::net::Ipv4Addr>().is_ok();
        let (prefix, path_prefix) = match &wanted.bucket {
            // An address cannot have a bucket in front of it.
            Some(bucket) if is_address => (String::new(), format!("/{bucket}")),
            Some(bucket) => (format!("{bucket}."), String::new()),
            None => (String::new(), String::new()),
        };
        let is_tls = scheme == "https";
        let target = Target {
            host: format!("{prefix}{host}"),
            port: port.unwrap_or(if is_tls { 443 } else { 80 }),
            tls: is_tls.then_some(verify),
        };
        Self {
            target,
            base: format!("{scheme}://{prefix}{authority}"),
            path_prefix,
            signing_region: region.unwrap_or("us-east-1").to_owned(),
        }
    }

    /// Path and query of a request.
    pub fn path(&self, wanted: &Wanted) -> String {
        format!("{}{}", self.path_prefix, wanted.target)
    }

    /// The whole of it, as errors show it.
    pub fn url(&self, wanted: &Wanted) -> String {
        format!("{}{}", self.base, self.path(wanted))
    }

    /// The header field `Host`.
    pub fn authority(&self) -> &str {
        self.base.split_once("://").map_or("", |(_, authority)| authority)
    }
}

/// Version 1 keeps the names without a region that there were first.
fn own_host(service: Service, region: Option<&str>, version: CliVersion) -> String {
    match (service, region, version) {
        (Service::S3, None, _) | (Service::S3, Some("us-east-1"), CliVersion::One) => {
            "s3.amazonaws.com".to_owned()
        }
        (Service::Sts, _, CliVersion::One) => "sts.amazonaws.com".to_owned(),
        (service, region, _) => {
            format!("{}.{}.amazonaws.com", service.name(), region.unwrap_or("us-east-1"))
        }
    }
}
