//! VPC endpoints.

use std::fmt;
use std::str::FromStr;

use super::{Policy, Region, Scope};
use crate::ids::{EniId, PrefixListId, RouteTableId, SubnetId, VpcEndpointId, VpcId};

/// A private way from a VPC to a service.
#[derive(Clone, Debug)]
pub struct VpcEndpoint {
    /// Its id.
    pub id: VpcEndpointId,
    /// Its Name tag.
    pub name: Option<String>,
    /// Owner and region.
    pub scope: Scope,
    /// The VPC it is in.
    pub vpc: VpcId,
    /// The service it leads to.
    pub service: ServiceName,
    /// How it is reached.
    pub kind: EndpointKind,
    /// What may be done through it.
    pub policy: Policy,
}

/// How a VPC endpoint is reached.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum EndpointKind {
    /// By routes with the service's prefix list: no interface, no address, no group
    /// (aws: endpoint-gateway).
    Gateway {
        /// The service's addresses.
        prefix_list: PrefixListId,
        /// The tables that have the route.
        route_tables: Vec<RouteTableId>,
    },
    /// By an interface in each subnet, at most one in a zone (aws: endpoint-interface).
    Interface {
        /// The subnets and interfaces.
        interfaces: Vec<(SubnetId, EniId)>,
        /// Whether the service's own name leads there inside the VPC.
        private_dns: bool,
        /// Whether it does so only for those who ask an inbound endpoint of the resolver: S3 only
        /// (aws: endpoint-s3-private-dns).
        inbound_only: bool,
    },
}

impl VpcEndpoint {
    /// Whether the service's own name leads here, if only for those who ask an inbound endpoint.
    pub fn has_private_dns(&self) -> bool {
        match self.kind {
            EndpointKind::Interface { private_dns, .. } => private_dns,
            EndpointKind::Gateway { .. } => false,
        }
    }
}

/// The name of a service that endpoints lead to, e.g. `com.amazonaws.ap-northeast-2.s3`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ServiceName(String);

impl ServiceName {
    /// The name of a service in a region.
    pub fn of(region: Region, service: &str) -> Self {
        match service {
            "notebook" => Self(format!("aws.sagemaker.{region}.notebook")),
            _ => Self(format!("com.amazonaws.{region}.{service}")),
        }
    }

    /// Whether it is the notebooks of SageMaker, whose names are not like others.
    pub(super) fn is_notebook(&self) -> bool {
        self.0.starts_with("aws.sagemaker.")
    }

    /// The region in it.
    pub fn region(&self) -> Region {
        self.parts().0
    }

    /// What is behind the region, e.g. `s3`.
    pub fn service(&self) -> &str {
        self.parts().1
    }

    fn parts(&self) -> (Region, &str) {
        split(&self.0).expect("checked when it was read")
    }
}

fn split(text: &str) -> Option<(Region, &str)> {
    let rest = text.strip_prefix("com.amazonaws.").or_else(|| text.strip_prefix("aws."))?;
    // Some names have the service first: `aws.sagemaker.ap-northeast-2.notebook`.
    let rest = rest.strip_prefix("sagemaker.").unwrap_or(rest);
    let (region, service) = rest.split_once('.')?;
    (!service.is_empty()).then_some((region.parse().ok()?, service))
}

impl FromStr for ServiceName {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        split(text).map(|_| Self(text.to_owned())).ok_or(())
    }
}

impl fmt::Display for ServiceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}
