//! Topics of SNS.

use super::Scope;

/// A topic. Nobody subscribes to it yet (assumed: sns-no-subscribers).
#[derive(Clone, Debug)]
pub struct Topic {
    /// Its name, unique in its account and region.
    pub name: String,
    /// Owner and region.
    pub scope: Scope,
    /// What was published, oldest first.
    pub messages: Vec<String>,
}

impl Topic {
    /// E.g. `arn:aws:sns:us-east-1:123456789012:alerts`.
    pub fn arn(&self) -> String {
        format!("arn:aws:sns:{}:{}:{}", self.scope.region, self.scope.account, self.name)
    }
}
