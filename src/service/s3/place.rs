//! Which bucket and which key a request is about: by the name of the host, or by the path.

use super::refusal::Refusal;
use crate::model::Region;
use crate::service::call::Call;
use crate::sigv4;

/// What a request is about.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Place {
    pub bucket: Option<String>,
    pub key: Option<String>,
}

impl Place {
    /// A host that is called by no name of S3, e.g. by an address, is asked by path (aws: s3-hosts).
    pub fn of(call: &Call<'_>) -> Result<Self, Refusal> {
        let host = call.header("host").unwrap_or_default();
        let path = String::from_utf8(sigv4::uri_decode(call.path)).map_err(|_| Refusal::invalid_uri())?;
        let path = path.strip_prefix('/').unwrap_or(&path);
        let some = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        Ok(match bucket_in_host(host) {
            Some(bucket) => Self { bucket: Some(bucket), key: some(path) },
            None => {
                let (bucket, key) = path.split_once('/').unwrap_or((path, ""));
                Self { bucket: some(bucket), key: some(key).filter(|_| !bucket.is_empty()) }
            }
        })
    }
}

fn bucket_in_host(host: &str) -> Option<String> {
    let host = host.to_ascii_lowercase();
    let host = host.rsplit_once(':').map_or(host.as_str(), |(host, _)| host);
    let labels: Vec<&str> = host.strip_suffix(".amazonaws.com")?.split('.').collect();
    let is_region = |label: &str| label.parse::<Region>().is_ok();
    let before = match labels.as_slice() {
        // Of an interface endpoint: `my-bucket.bucket.vpce-….s3.us-east-1.vpce`.
        [before @ .., "bucket", endpoint, "s3", region, "vpce"]
            if endpoint.starts_with("vpce-") && is_region(region) =>
        {
            before
        }
        [before @ .., "s3", "dualstack", region] | [before @ .., "s3", region] if is_region(region) => before,
        [before @ .., "s3"] => before,
        [before @ .., last] if last.strip_prefix("s3-").is_some_and(is_region) => before,
        _ => return None,
    };
    Some(before.join(".")).filter(|bucket| !bucket.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_is_found_in_the_name_of_the_host() {
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(bucket_in_host("my-bucket.s3.ap-northeast-2.amazonaws.com"), some("my-bucket"));
        assert_eq!(bucket_in_host("my.bucket.s3.amazonaws.com:443"), some("my.bucket"));
        assert_eq!(bucket_in_host("b1b.s3-us-west-2.amazonaws.com"), some("b1b"));
        assert_eq!(bucket_in_host("b1b.s3.dualstack.us-west-2.amazonaws.com"), some("b1b"));
        let endpoint = "bucket.vpce-1a2b3c4d-5e6f.s3.us-east-1.vpce.amazonaws.com";
        assert_eq!(bucket_in_host(&format!("my-bucket.{endpoint}")), some("my-bucket"));
        for host in
            [endpoint, "s3.us-east-1.amazonaws.com", "s3.amazonaws.com", "10.0.0.5", "", "a.example.com"]
        {
            assert_eq!(bucket_in_host(host), None, "{host}");
        }
    }
}
