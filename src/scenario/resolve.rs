//! Names to ids: people name things, EC2 wants ids.

use std::fmt::Display;
use std::str::FromStr;

use crate::ids::{
    AllocationId, CustomerGatewayId, EniId, InstanceId, InternetGatewayId, NatGatewayId, NetworkAclId,
    PeeringId, PrefixListId, RouteTableId, SecurityGroupId, SubnetId, TransitGatewayAttachmentId,
    TransitGatewayId, TransitGatewayRouteTableId, VpcEndpointId, VpcId, VpnConnectionId, VpnGatewayId,
};
use crate::model::{Instance, InstanceState, Model, Table};

/// A kind of resource that can be called by name.
pub trait Kind: Copy + Eq + FromStr + Display {
    /// What to call it, e.g. `route table`.
    const WORD: &'static str;

    /// All of its kind: id, name, and the VPC each is in.
    fn all(model: &Model) -> Vec<(Self, Option<String>, Option<VpcId>)>;
}

/// Why a name leads to no id.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Unresolved {
    /// Several VPCs have one of that name: say which, as `VPC/name`.
    Ambiguous {
        /// The ways to say it.
        candidates: Vec<String>,
    },
    /// Nothing of the kind has that name.
    Unknown {
        /// The names there are.
        known: Vec<String>,
    },
}

/// The id that a text stands for: an id as it is, a name, or `VPC/name`. Names of `near` come first.
pub fn resolve<K: Kind>(model: &Model, text: &str, near: Option<VpcId>) -> Result<K, Unresolved> {
    if let Ok(id) = text.parse() {
        return Ok(id);
    }
    let all = K::all(model);
    let (vpc_name, name) = match text.split_once('/') {
        Some((vpc, name)) => (Some(vpc), name),
        None => (None, text),
    };
    let vpc_label = |vpc: Option<VpcId>| vpc.and_then(|vpc| model.vpc(vpc).name.clone()).unwrap_or_default();
    let found: Vec<_> = all
        .iter()
        .filter(|(_, candidate, vpc)| {
            candidate.as_deref() == Some(name) && vpc_name.is_none_or(|wanted| vpc_label(*vpc) == wanted)
        })
        .collect();
    match found.as_slice() {
        [(id, _, _)] => Ok(*id),
        [] => Err(Unresolved::Unknown { known: all.into_iter().filter_map(|(_, name, _)| name).collect() }),
        several => match several.iter().find(|(_, _, vpc)| near.is_some() && *vpc == near) {
            Some((id, _, _)) => Ok(*id),
            None => Err(Unresolved::Ambiguous {
                candidates: several.iter().map(|(_, _, vpc)| format!("{}/{name}", vpc_label(*vpc))).collect(),
            }),
        },
    }
}

fn list<Id: Copy, T>(
    table: &Table<Id, T>,
    name: impl Fn(&T) -> Option<String>,
    vpc: impl Fn(&T) -> Option<VpcId>,
) -> Vec<(Id, Option<String>, Option<VpcId>)> {
    table.iter().map(|(id, thing)| (*id, name(thing), vpc(thing))).collect()
}

macro_rules! kinds {
    ($($id:ty = $word:literal, $table:ident, $name:expr, $vpc:expr;)*) => {$(
        impl Kind for $id {
            const WORD: &'static str = $word;

            fn all(model: &Model) -> Vec<(Self, Option<String>, Option<VpcId>)> {
                list(&model.$table, $name, $vpc)
            }
        }
    )*};
}

kinds! {
    AllocationId = "Elastic IP", elastic_ips, |x| x.name.clone(), |_| None;
    CustomerGatewayId = "customer gateway", customer_gateways, |x| x.name.clone(), |_| None;
    NatGatewayId = "NAT gateway", nat_gateways, |x| x.name.clone(), |x| Some(x.vpc);
    PrefixListId = "prefix list", prefix_lists, |x| Some(x.name.clone()), |_| None;
    TransitGatewayAttachmentId = "transit gateway attachment", transit_gateway_attachments,
        |x| x.name.clone(), |_| None;
    TransitGatewayId = "transit gateway", transit_gateways, |x| x.name.clone(), |_| None;
    TransitGatewayRouteTableId = "route table of a transit gateway", transit_gateway_route_tables,
        |x| x.name.clone(), |_| None;
    VpcEndpointId = "endpoint", endpoints, |x| x.name.clone(), |x| Some(x.vpc);
    VpnConnectionId = "VPN connection", vpn_connections, |x| x.name.clone(), |_| None;
    VpnGatewayId = "virtual private gateway", vpn_gateways, |x| x.name.clone(), |_| None;
    InternetGatewayId = "internet gateway", internet_gateways, |x| x.name.clone(), |_| None;
    NetworkAclId = "network ACL", network_acls, |x| x.name.clone(), |x| Some(x.vpc);
    PeeringId = "peering connection", peerings, |x| x.name.clone(), |_| None;
    RouteTableId = "route table", route_tables, |x| x.name.clone(), |x| Some(x.vpc);
    SecurityGroupId = "security group", security_groups, |x| Some(x.name.clone()), |x| Some(x.vpc);
    SubnetId = "subnet", subnets, |x| x.name.clone(), |x| Some(x.vpc);
    VpcId = "VPC", vpcs, |x| x.name.clone(), |_| None;
}

impl Kind for InstanceId {
    const WORD: &'static str = "instance";

    fn all(model: &Model) -> Vec<(Self, Option<String>, Option<VpcId>)> {
        let vpc = |eni: EniId| model.enis.get(&eni).map(|eni| eni.vpc);
        let is_there = |instance: &&Instance| instance.state != InstanceState::Terminated;
        let instances = model.instances.values().filter(is_there);
        instances.map(|instance| (instance.id, instance.name.clone(), vpc(instance.eni))).collect()
    }
}

impl Kind for EniId {
    const WORD: &'static str = "network interface";

    fn all(model: &Model) -> Vec<(Self, Option<String>, Option<VpcId>)> {
        model.enis.values().map(|eni| (eni.id, Some(model.eni_label(eni.id)), Some(eni.vpc))).collect()
    }
}
