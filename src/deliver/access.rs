//! Who delivers: credentials and region, under the names that every AWS tool knows them by.

use std::fmt;
use std::path::PathBuf;

use crate::sigv4;

/// Who delivers, and for which region.
#[derive(Clone, Debug)]
pub struct Access {
    /// What requests are signed with.
    pub credentials: Credentials,
    /// In place of the regions of objects and streams.
    pub region: Option<String>,
    /// Certificates of authorities to trust in place of the public ones, as PEM.
    pub ca_bundle: Option<PathBuf>,
}

/// What requests are signed with.
#[derive(Clone)]
pub struct Credentials {
    /// E.g. `AKIAIOSFODNN7EXAMPLE`.
    pub access_key_id: String,
    /// Never sent, never shown.
    pub secret_access_key: String,
    /// Of temporary credentials.
    pub session_token: Option<String>,
}

/// A variable that has to be set is not.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("there are no credentials to deliver with: {variable} is not set")]
pub struct MissingCredentials {
    /// Its name.
    pub variable: &'static str,
}

impl MissingCredentials {
    /// What helps.
    pub fn hint(&self) -> String {
        "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, and AWS_SESSION_TOKEN if the credentials are \
         temporary; moto and LocalStack take any, e.g. `test`"
            .to_owned()
    }
}

impl Access {
    /// Looks it up in the environment, which `variable` reads. What is empty counts as not set, as it does
    /// for the AWS CLI.
    pub fn from_environment(variable: impl Fn(&str) -> Option<String>) -> Result<Self, MissingCredentials> {
        let optional = |name: &str| variable(name).filter(|value| !value.is_empty());
        let required = |name: &'static str| optional(name).ok_or(MissingCredentials { variable: name });
        Ok(Self {
            credentials: Credentials {
                access_key_id: required("AWS_ACCESS_KEY_ID")?,
                secret_access_key: required("AWS_SECRET_ACCESS_KEY")?,
                session_token: optional("AWS_SESSION_TOKEN"),
            },
            region: optional("AWS_REGION").or_else(|| optional("AWS_DEFAULT_REGION")),
            ca_bundle: optional("AWS_CA_BUNDLE").map(PathBuf::from),
        })
    }
}

impl Credentials {
    /// As signatures take them.
    pub(super) fn as_signer(&self) -> sigv4::Credentials<'_> {
        sigv4::Credentials {
            access_key_id: &self.access_key_id,
            secret_access_key: &self.secret_access_key,
            session_token: self.session_token.as_deref(),
        }
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").field("access_key_id", &self.access_key_id).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn access(variables: &[(&str, &str)]) -> Result<Access, MissingCredentials> {
        Access::from_environment(|name| {
            variables.iter().find(|(set, _)| *set == name).map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn variables_are_those_of_every_tool() {
        const KEY: (&str, &str) = ("AWS_ACCESS_KEY_ID", "AKIA");
        const SECRET: (&str, &str) = ("AWS_SECRET_ACCESS_KEY", "s3cret");
        let missing =
            |variables: &[(&str, &str)]| access(variables).map(|_| ()).map_err(|missing| missing.variable);
        assert_eq!(missing(&[]), Err("AWS_ACCESS_KEY_ID"));
        assert_eq!(missing(&[("AWS_ACCESS_KEY_ID", ""), SECRET]), Err("AWS_ACCESS_KEY_ID"));
        assert_eq!(missing(&[KEY]), Err("AWS_SECRET_ACCESS_KEY"));
        assert_eq!(missing(&[KEY, SECRET]), Ok(()));

        let region = |variables: &[(&str, &str)]| {
            access(&[&[KEY, SECRET], variables].concat()).expect("access").region
        };
        assert_eq!(region(&[]), None);
        assert_eq!(region(&[("AWS_DEFAULT_REGION", "eu-west-1")]).as_deref(), Some("eu-west-1"));
        let both = [("AWS_REGION", "eu-west-2"), ("AWS_DEFAULT_REGION", "eu-west-1")];
        assert_eq!(region(&both).as_deref(), Some("eu-west-2"));
    }

    #[test]
    fn secrets_are_not_shown() {
        let access = access(&[
            ("AWS_ACCESS_KEY_ID", "AKIA"),
            ("AWS_SECRET_ACCESS_KEY", "s3cret"),
            ("AWS_SESSION_TOKEN", "t0ken"),
        ]);
        let shown = format!("{access:?}");
        assert!(shown.contains("AKIA") && !shown.contains("s3cret") && !shown.contains("t0ken"), "{shown}");
    }
}
