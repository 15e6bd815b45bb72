//! Instances, as far as the network sees them.

use super::Scope;
use crate::ids::{EniId, IamInstanceProfileAssociationId, InstanceId};

/// A virtual machine.
#[derive(Clone, Debug)]
pub struct Instance {
    /// Its id.
    pub id: InstanceId,
    /// Its Name tag.
    pub name: Option<String>,
    /// Owner and region.
    pub scope: Scope,
    /// Its primary interface.
    pub eni: EniId,
    /// Whether it gets a public address whenever it starts, as its launch decided.
    pub auto_public_ip: bool,
    /// Whether it runs.
    pub state: InstanceState,
    /// The instance profile it has, by name, and the association.
    pub profile: Option<(IamInstanceProfileAssociationId, String)>,
    /// How it may ask its metadata service.
    pub metadata: MetadataOptions,
}

/// How an instance may ask its metadata service.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct MetadataOptions {
    /// Whether the service answers at all: `HttpEndpoint`.
    pub endpoint_enabled: bool,
    /// Whether requests need the token of a session: `HttpTokens`.
    pub tokens_required: bool,
    /// How many hops the packet with the token lives: `HttpPutResponseHopLimit`.
    pub hop_limit: u8,
}

/// As images of Amazon Linux 2023 ask for (aws: metadata-options).
impl Default for MetadataOptions {
    fn default() -> Self {
        Self { endpoint_enabled: true, tokens_required: true, hop_limit: 2 }
    }
}

/// The states of an instance that last.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum InstanceState {
    /// It answers.
    Running,
    /// It keeps its interface and private address, and is silent.
    Stopped,
    /// It is gone, and its interface with it.
    Terminated,
}
