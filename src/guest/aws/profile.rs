//! What a host's own configuration says of AWS: `~/.aws/config`, `~/.aws/credentials`, and which CLI it has.
//!
//! Knows settings; never what they are used for.

/// The settings of `aws` on a host.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct AwsProfile {
    /// Which generation of the CLI is installed.
    pub version: CliVersion,
    /// The default region.
    pub region: Option<String>,
    /// Keys of one's own; without them an instance asks for those of its role.
    pub keys: Option<AccessKeys>,
}

/// A generation of the AWS CLI.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum CliVersion {
    /// Version 1, whose region is us-east-1 unless somebody says otherwise.
    One,
    /// Version 2, which asks the instance where it is.
    #[default]
    Two,
}

/// What requests are signed with.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AccessKeys {
    /// E.g. `AKIAIOSFODNN7EXAMPLE`.
    pub id: String,
    /// Never sent.
    pub secret: String,
    /// Of temporary keys.
    pub token: Option<String>,
}
