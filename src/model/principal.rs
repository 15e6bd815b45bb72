//! Who asks: a role that somebody has assumed, a user, or nobody in particular.

use std::fmt;

use super::Account;

/// Whoever makes a request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Principal {
    /// Somebody without credentials.
    Anonymous,
    /// Somebody who has assumed a role.
    Role {
        /// The account of the role.
        account: Account,
        /// The role's name.
        role: String,
        /// The name of the session: that of an instance's role is the instance's id
        /// (aws: role-session-name).
        session: String,
    },
    /// A user.
    User {
        /// The account of the user.
        account: Account,
        /// The user's name.
        name: String,
    },
}

impl Principal {
    /// The ARN by which messages call it; anonymous has none.
    pub fn arn(&self) -> Option<String> {
        match self {
            Self::Anonymous => None,
            Self::Role { account, role, session } => {
                Some(format!("arn:aws:sts::{account}:assumed-role/{role}/{session}"))
            }
            Self::User { account, name } => Some(user_arn(*account, name)),
        }
    }

    /// The ARN by which policies call it, which is the one of the role itself; anonymous has none.
    pub fn identity_arn(&self) -> Option<String> {
        match self {
            Self::Anonymous => None,
            Self::Role { account, role, .. } => Some(role_arn(*account, role)),
            Self::User { account, name } => Some(user_arn(*account, name)),
        }
    }

    /// The account it belongs to.
    pub fn account(&self) -> Option<Account> {
        match self {
            Self::Anonymous => None,
            Self::Role { account, .. } | Self::User { account, .. } => Some(*account),
        }
    }
}

impl fmt::Display for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.arn().as_deref().unwrap_or("anonymous"))
    }
}

/// The ARN of a role.
pub fn role_arn(account: Account, name: &str) -> String {
    format!("arn:aws:iam::{account}:role/{name}")
}

/// The ARN of a user.
pub(super) fn user_arn(account: Account, name: &str) -> String {
    format!("arn:aws:iam::{account}:user/{name}")
}
