//! Instances, as far as the network sees them.

use std::collections::BTreeMap;

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
    /// E.g. `m5.large`.
    pub instance_type: String,
    /// Its tags but for the name.
    pub tags: BTreeMap<String, String>,
    /// The tags of the Auto Scaling group that launched it, if one did.
    pub auto_scaling_group: Option<BTreeMap<String, String>>,
}

/// The type of instances unless one is given.
pub const INSTANCE_TYPE: &str = "t3.micro";

/// The families of types that run on Xen: all others are built on the Nitro System (assumed: nitro-families).
const XEN: [&str; 26] = [
    "c1", "c3", "c4", "cc2", "cr1", "d2", "f1", "g2", "g3", "g3s", "h1", "hs1", "i2", "i3", "m1", "m2", "m3",
    "m4", "p2", "p3", "r3", "r4", "t1", "t2", "x1", "x1e",
];

impl Instance {
    /// Whether it is built on the Nitro System; bare metal always is.
    pub fn is_nitro(&self) -> bool {
        let (family, size) = self.instance_type.split_once('.').unwrap_or((&self.instance_type, ""));
        size == "metal" || !XEN.contains(&family)
    }
}

/// The task of ECS that an interface belongs to, as records of flow logs say it (aws: flow-log-fields).
#[derive(Clone, PartialEq, Eq, Default, Debug)]
#[allow(missing_docs, reason = "each field is the field of records it is named after")]
pub struct EcsTask {
    pub cluster_arn: Option<String>,
    pub cluster_name: Option<String>,
    pub container_instance_arn: Option<String>,
    pub container_instance_id: Option<String>,
    pub container_id: Option<String>,
    pub second_container_id: Option<String>,
    pub service_name: Option<String>,
    pub task_definition_arn: Option<String>,
    pub task_arn: Option<String>,
    pub task_id: Option<String>,
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
