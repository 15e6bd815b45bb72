//! Instances, as far as the network sees them.

use super::Scope;
use crate::ids::{EniId, InstanceId};

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
