//! Buckets and their objects.
//!
//! Buckets are made and changed by their owner. Who else may put objects there is a question of
//! policies, which whoever calls has asked.

use super::{ApiError, Ec2, Result};
use crate::model::{Account, Bucket, Content, MalformedPolicy, Object, Policy, Region, Selection};
use crate::seed;
use crate::time::Instant;

/// Keys have at most 1024 bytes (aws: s3-key-length).
const KEY_MAX: usize = 1024;
/// What the AWS CLI uploads in parts, whose ETag is no MD5 (assumed: s3-filler-etag).
const PART: u64 = 8 << 20;

impl Ec2<'_> {
    /// Makes a bucket in the region that is asked, or in the one that is said (aws: s3-create-bucket).
    pub fn create_bucket(&mut self, name: &str, location_constraint: Option<Region>) -> Result<()> {
        let asked = self.caller.region;
        let is_oldest = asked.name() == "us-east-1";
        let region = match location_constraint {
            None if !is_oldest => return Err(illegal_location("unspecified")),
            Some(region) if region != asked && !is_oldest => return Err(illegal_location(region.name())),
            Some(region) if region.name() == "us-east-1" => {
                return Err(ApiError::new(
                    "InvalidLocationConstraint",
                    "The specified location-constraint is not valid",
                ));
            }
            None => asked,
            Some(region) => region,
        };
        if !is_bucket_name(name) {
            return Err(ApiError::new("InvalidBucketName", "The specified bucket is not valid."));
        }
        if let Some(bucket) = self.model.buckets.get(name) {
            return match (bucket.account == self.caller.account, is_oldest && bucket.region == region) {
                // Asked in us-east-1 again, S3 says that all is well.
                (true, true) => Ok(()),
                (true, false) => Err(ApiError::new(
                    "BucketAlreadyOwnedByYou",
                    "Your previous request to create the named bucket succeeded and you already own it.",
                )),
                (false, _) => Err(ApiError::new(
                    "BucketAlreadyExists",
                    "The requested bucket name is not available. The bucket namespace is shared by all users of \
                     the system. Please select a different name and try again.",
                )),
            };
        }
        let (name, account, created) = (name.to_owned(), self.caller.account, self.now);
        let bucket =
            Bucket { name: name.clone(), account, region, created, policy: None, objects: [].into() };
        self.model.buckets.insert(name, bucket);
        Ok(())
    }

    /// Says that a bucket was made at another time, which only those can have that exist at the beginning.
    pub(crate) fn date_bucket(&mut self, name: &str, created: Instant) -> Result<()> {
        self.own_bucket(name)?.created = created;
        Ok(())
    }

    /// Deletes a bucket that is empty.
    pub fn delete_bucket(&mut self, name: &str) -> Result<()> {
        if !self.own_bucket(name)?.objects.is_empty() {
            return Err(ApiError::new("BucketNotEmpty", "The bucket you tried to delete is not empty"));
        }
        self.model.buckets.shift_remove(name);
        Ok(())
    }

    /// Gives a bucket a policy in place of the one it has (aws: s3-bucket-policy).
    pub fn put_bucket_policy(&mut self, name: &str, document: &str) -> Result<()> {
        let malformed = |text| Err(ApiError::new("MalformedPolicy", text));
        let bucket = self.own_bucket(name)?;
        let policy: Policy = match document.parse() {
            Ok(policy) => policy,
            Err(MalformedPolicy::NotJson) => {
                return malformed("Policies must be valid JSON and the first byte must be '{'");
            }
            Err(MalformedPolicy::Action { .. }) => return malformed("Policy has invalid action"),
            Err(MalformedPolicy::Resource { .. }) => return malformed("Policy has invalid resource"),
            Err(MalformedPolicy::Syntax { .. }) => return malformed("Invalid policy syntax."),
        };
        if !policy.names_principals() {
            return malformed("Missing required field Principal");
        }
        let arn = bucket.arn();
        let is_inside = |resource: &String| {
            let bucket = resource.split('/').next().unwrap_or(resource);
            // With a wildcard in its name the bucket may be this one.
            bucket == arn || bucket.starts_with("arn:aws:s3:::") && bucket.contains(['*', '?'])
        };
        let resources = policy.statements.iter().map(|statement| match &statement.resources {
            Some(Selection::Only(resources) | Selection::AllBut(resources)) => resources.as_slice(),
            None => &[],
        });
        if resources.into_iter().any(|resources| resources.is_empty() || !resources.iter().all(is_inside)) {
            return malformed("Policy has invalid resource");
        }
        bucket.policy = Some(policy);
        Ok(())
    }

    /// Takes the policy of a bucket away, if it has one.
    pub fn delete_bucket_policy(&mut self, name: &str) -> Result<()> {
        self.own_bucket(name)?.policy = None;
        Ok(())
    }

    /// Puts an object into a bucket, in place of the one with that key; its ETag.
    pub fn put_object(
        &mut self,
        bucket: &str,
        key: &str,
        content: Content,
        content_type: &str,
    ) -> Result<String> {
        self.put_object_dated(bucket, key, content, content_type, self.now)
    }

    /// The same, at another time.
    pub(crate) fn put_object_dated(
        &mut self,
        bucket: &str,
        key: &str,
        content: Content,
        content_type: &str,
        modified: Instant,
    ) -> Result<String> {
        let bucket = self.model.buckets.get_mut(bucket).ok_or_else(no_such_bucket)?;
        if key.is_empty() || key.len() > KEY_MAX {
            return Err(ApiError::new("KeyTooLongError", "Your key is too long"));
        }
        let (etag, content_type) = (etag(&content), content_type.to_owned());
        let object = Object { content, modified, etag: etag.clone(), content_type };
        bucket.objects.insert(key.to_owned(), object);
        Ok(etag)
    }

    /// Deletes an object. That there was none is no mistake (aws: s3-delete-object).
    pub fn delete_object(&mut self, bucket: &str, key: &str) -> Result<()> {
        self.model.buckets.get_mut(bucket).ok_or_else(no_such_bucket)?.objects.remove(key);
        Ok(())
    }

    /// The buckets of an account by name, in every region (aws: s3-list-buckets).
    pub fn list_buckets(&self, account: Account) -> Vec<&Bucket> {
        let mut found: Vec<&Bucket> =
            self.model.buckets.values().filter(|bucket| bucket.account == account).collect();
        found.sort_by(|a, b| a.name.cmp(&b.name));
        found
    }

    /// The bucket, if it is the caller's. Requests are led on to its region.
    fn own_bucket(&mut self, name: &str) -> Result<&mut Bucket> {
        let caller = self.caller.account;
        let bucket = self.model.buckets.get_mut(name).ok_or_else(no_such_bucket)?;
        if bucket.account == caller {
            Ok(bucket)
        } else {
            Err(ApiError::new("AccessDenied", "Access Denied"))
        }
    }
}

fn no_such_bucket() -> ApiError {
    ApiError::new("NoSuchBucket", "The specified bucket does not exist")
}

fn illegal_location(which: &str) -> ApiError {
    let text = format!(
        "The {which} location constraint is incompatible for the region specific endpoint this request was sent to."
    );
    ApiError::new("IllegalLocationConstraintException", text)
}

/// Whether a bucket can be called so (aws: s3-bucket-name).
fn is_bucket_name(name: &str) -> bool {
    let is_label = |label: &str| {
        let is_end = |c: Option<char>| c.is_some_and(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
        label.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
            && is_end(label.chars().next())
            && is_end(label.chars().next_back())
    };
    let is_reserved = ["xn--", "sthree-", "amzn-s3-demo-"].iter().any(|prefix| name.starts_with(prefix))
        || ["-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3"]
            .iter()
            .any(|suffix| name.ends_with(suffix));
    (3..=63).contains(&name.len())
        && name.split('.').all(is_label)
        && name.parse::<std::net::Ipv4Addr>().is_err()
        && !is_reserved
}

/// The MD5 of the bytes, in quotes (aws: s3-etag).
fn etag(content: &Content) -> String {
    let of_bytes = |bytes: &[u8]| format!("\"{:x}\"", md5::compute(bytes));
    match content {
        Content::Bytes(bytes) => of_bytes(bytes),
        Content::Stored(stored) => of_bytes(&stored.read()),
        Content::Filler(len) => {
            let half = |which| seed::hash(&["etag", which, &len.to_string()]);
            let parts = if *len > PART { format!("-{}", len.div_ceil(PART)) } else { String::new() };
            format!("\"{:016x}{:016x}{parts}\"", half("left"), half("right"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_buckets() {
        for name in ["abc", "my-bucket", "my.bucket.1", "0ab"] {
            assert!(is_bucket_name(name), "{name}");
        }
        let long = "a".repeat(64);
        for name in [
            "ab",
            "My-bucket",
            "my_bucket",
            "-ab",
            "ab-",
            "a..b",
            "a.-b",
            "10.0.0.1",
            "xn--ab",
            "a-s3alias",
            &long,
        ] {
            assert!(!is_bucket_name(name), "{name}");
        }
    }

    #[test]
    fn an_etag_is_the_md5_of_the_bytes() {
        assert_eq!(etag(&Content::Bytes(b"hello\n".to_vec())), "\"b1946ac92492d2347c6235b4d2611184\"");
        assert!(etag(&Content::Filler(20 << 20)).ends_with("-3\""));
    }
}
