//! Where the CLI sends a request: the host of a service, or the one that was typed.
//!
//! Knows names only; who answers there is nobody's business here.

use std::net::Ipv4Addr;

use super::job::{Service, Wanted};
use super::profile::CliVersion;
use crate::guest::call::Target;
use crate::guest::curl::url::Url;

/// Where a request goes, and what it is signed for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Endpoint {
    pub target: Target,
    /// What stands in front of the path: `https://s3.ap-northeast-2.amazonaws.com`.
    url: Url,
    /// The path that was typed, and the bucket where it is not in the host's name.
    path_prefix: String,
    pub signing_region: String,
}

impl Endpoint {
    /// The endpoint of a request (aws: cli-endpoints).
    pub fn of(
        service: Service,
        region: Option<&str>,
        typed: Option<&Url>,
        version: CliVersion,
        wanted: &Wanted,
        verify: bool,
    ) -> Self {
        let mut url = typed.cloned().unwrap_or_else(|| own_url(service, region, version));
        let is_tls = url.scheme == "https";
        let mut path_prefix = url.path.split('?').next().unwrap_or_default().trim_end_matches('/').to_owned();
        if let Some(bucket) = &wanted.bucket {
            if can_be_in_host(bucket, is_tls) && url.host.parse::<Ipv4Addr>().is_err() {
                url.host = format!("{bucket}.{}", url.host);
            } else {
                path_prefix.push_str(&format!("/{bucket}"));
            }
        }
        let target =
            Target { host: url.host.clone(), port: url.port_or_default(), tls: is_tls.then_some(verify) };
        let signing_region = region.unwrap_or("us-east-1").to_owned();
        Self { target, url, path_prefix, signing_region }
    }

    /// Path and query of a request. What is asked of a bucket itself has no slash behind the bucket.
    pub fn path(&self, wanted: &Wanted) -> String {
        let target = match wanted.target.strip_prefix('/') {
            Some(query) if !self.path_prefix.is_empty() && (query.is_empty() || query.starts_with('?')) => {
                query
            }
            Some(_) | None => wanted.target.as_str(),
        };
        format!("{}{target}", self.path_prefix)
    }

    /// The whole of it, as errors show it.
    pub fn url(&self, wanted: &Wanted) -> String {
        Url { path: self.path(wanted), ..self.url.clone() }.to_string()
    }

    /// The header field `Host`.
    pub fn authority(&self) -> String {
        self.url.authority()
    }
}

/// Whether a bucket's name can stand in front of a host's: over TLS it is one label, since a certificate's
/// star stands for one.
fn can_be_in_host(bucket: &str, is_tls: bool) -> bool {
    let is_label = |label: &str| {
        let is_word = label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        is_word && (1..=63).contains(&label.len()) && !label.starts_with('-') && !label.ends_with('-')
    };
    let is_address = bucket.parse::<Ipv4Addr>().is_ok();
    bucket.len() >= 3 && !is_address && bucket.split('.').all(is_label) && !(is_tls && bucket.contains('.'))
}

/// Version 1 keeps the names without a region that there were first; without a region version 2 has them too,
/// where there are some.
fn own_url(service: Service, region: Option<&str>, version: CliVersion) -> Url {
    let name = service.name();
    let host = match (service, region, version) {
        (Service::S3 | Service::Sts, None, _)
        | (Service::S3, Some("us-east-1"), CliVersion::One)
        | (Service::Sts, _, CliVersion::One) => format!("{name}.amazonaws.com"),
        (_, region, _) => format!("{name}.{}.amazonaws.com", region.unwrap_or("us-east-1")),
    };
    Url { scheme: "https".to_owned(), host, port: None, path: "/".to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::guest::aws::job::Job;
    use crate::guest::aws::options::Action;

    #[test]
    fn a_bucket_stands_in_the_host_or_in_the_path() {
        let cases = [
            (
                "my-bucket",
                None,
                "https://my-bucket.s3.eu-west-1.amazonaws.com/?",
                "my-bucket.s3.eu-west-1.amazonaws.com",
            ),
            (
                "my.bucket",
                None,
                "https://s3.eu-west-1.amazonaws.com/my.bucket?",
                "s3.eu-west-1.amazonaws.com",
            ),
            (
                "My_Bucket",
                None,
                "https://s3.eu-west-1.amazonaws.com/My_Bucket?",
                "s3.eu-west-1.amazonaws.com",
            ),
            ("my.bucket", Some("http://h.test"), "http://my.bucket.h.test/?", "my.bucket.h.test"),
            ("b1b", Some("http://10.0.0.5"), "http://10.0.0.5/b1b?", "10.0.0.5"),
            ("b1b", Some("http://10.0.0.5:80/"), "http://10.0.0.5:80/b1b?", "10.0.0.5"),
            ("b1b", Some("https://h.test:8443/x/"), "https://b1b.h.test:8443/x?", "b1b.h.test:8443"),
        ];
        for (bucket, typed, url, authority) in cases {
            let action =
                Action::ListObjects { bucket: bucket.to_owned(), prefix: String::new(), recursive: true };
            let wanted = Job::new(action).wanted();
            let typed = typed.map(|url| Url::parse(url).expect("a URL"));
            let endpoint =
                Endpoint::of(Service::S3, Some("eu-west-1"), typed.as_ref(), CliVersion::Two, &wanted, true);
            let query = "list-type=2&prefix=&encoding-type=url";
            assert_eq!(endpoint.url(&wanted), format!("{url}{query}"));
            assert_eq!(endpoint.authority(), authority);
        }
    }

    #[test]
    fn a_path_that_was_typed_stays_in_front() {
        let list = Job::new(Action::ListBuckets).wanted();
        let remove = Job::new(Action::Remove { bucket: "b1b".to_owned(), key: "k".to_owned() }).wanted();
        for (typed, of_all, of_key) in [
            ("http://10.0.0.5", "http://10.0.0.5/", "http://10.0.0.5/b1b/k"),
            ("http://10.0.0.5:9000/x", "http://10.0.0.5:9000/x", "http://10.0.0.5:9000/x/b1b/k"),
            ("http://h.test/x/", "http://h.test/x", "http://b1b.h.test/x/k"),
        ] {
            let typed = Url::parse(typed).expect("a URL");
            let url = |wanted: &Wanted| {
                Endpoint::of(Service::S3, None, Some(&typed), CliVersion::Two, wanted, true).url(wanted)
            };
            assert_eq!((url(&list).as_str(), url(&remove).as_str()), (of_all, of_key));
        }
    }
}
