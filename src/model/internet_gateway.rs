//! Internet gateways.

use super::Scope;
use crate::ids::{InternetGatewayId, VpcId};

/// The door between a VPC and the internet.
#[derive(Clone, Debug)]
pub struct InternetGateway {
    /// Its id.
    pub id: InternetGatewayId,
    /// Its Name tag.
    pub name: Option<String>,
    /// Owner and region.
    pub scope: Scope,
    /// The VPC it is attached to: at most one.
    pub vpc: Option<VpcId>,
}
