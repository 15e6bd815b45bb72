//! Names to ids: people name things, EC2 wants ids.

use std::fmt::Display;
use std::str::FromStr;

use crate::ids::{
    AllocationId, CustomerGatewayId, DhcpOptionsId, EniId, FlowLogId, InstanceId, InternetGatewayId,
    NatGatewayId, NetworkAclId, PeeringId, PrefixListId, RouteTableId, SecurityGroupId, SubnetId,
    TransitGatewayAttachmentId, TransitGatewayId, TransitGatewayRouteTableId, VpcEndpointId, VpcId,
    VpnConnectionId, VpnGatewayId,
};
use crate::model::{AttachmentState, Instance, InstanceState, Model, NatGatewayState, Region, Table};

/// A kind of resource that can be called by name.
pub trait Kind: Copy + Eq + FromStr + Display {
    /// What to call it, e.g. `route table`.
    const WORD: &'static str;

    /// All of its kind: id, name, and the VPC each is in.
    fn all(model: &Model) -> Vec<(Self, Option<String>, Option<VpcId>)>;

    /// Whether it exists in name only, deleted or failed: what works and has the same name is meant
    /// before it.
    fn is_over(self, _model: &Model) -> bool {
        false
    }
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
    // What is over may be of a VPC that is gone.
    let vpc_label =
        |vpc: Option<VpcId>| vpc.and_then(|vpc| model.vpcs.get(&vpc)?.name.clone()).unwrap_or_default();
    let mut found: Vec<_> = all
        .iter()
        .filter(|(_, candidate, vpc)| {
            candidate.as_deref() == Some(name) && vpc_name.is_none_or(|wanted| vpc_label(*vpc) == wanted)
        })
        .collect();
    if found.iter().any(|(id, _, _)| !id.is_over(model)) {
        found.retain(|(id, _, _)| !id.is_over(model));
    } else if found.len() > 1 {
        found = found.pop().into_iter().collect();
    }
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
    ($($id:ty = $word:literal, $table:ident, $name:expr, $vpc:expr $(, over: $over:expr)?;)*) => {$(
        impl Kind for $id {
            const WORD: &'static str = $word;

            fn all(model: &Model) -> Vec<(Self, Option<String>, Option<VpcId>)> {
                list(&model.$table, $name, $vpc)
            }

            $(fn is_over(self, model: &Model) -> bool {
                model.$table.get(&self).is_some_and($over)
            })?
        }
    )*};
}

kinds! {
    AllocationId = "Elastic IP", elastic_ips, |x| x.name.clone(), |_| None;
    CustomerGatewayId = "customer gateway", customer_gateways, |x| x.name.clone(), |_| None;
    DhcpOptionsId = "DHCP option set", dhcp_options, |x| x.name.clone(), |_| None;
    FlowLogId = "flow log", flow_logs, |x| x.name.clone(), |_| None;
    InternetGatewayId = "internet gateway", internet_gateways, |x| x.name.clone(), |_| None;
    NatGatewayId = "NAT gateway", nat_gateways, |x| x.name.clone(), |x| Some(x.vpc),
        over: |x| x.state != NatGatewayState::Available;
    NetworkAclId = "network ACL", network_acls, |x| x.name.clone(), |x| Some(x.vpc);
    PeeringId = "peering connection", peerings, |x| x.name.clone(), |_| None, over: |x| x.is_over();
    PrefixListId = "prefix list", prefix_lists, |x| Some(x.name.clone()), |_| None;
    RouteTableId = "route table", route_tables, |x| x.name.clone(), |x| Some(x.vpc);
    SecurityGroupId = "security group", security_groups, |x| Some(x.name.clone()), |x| Some(x.vpc);
    SubnetId = "subnet", subnets, |x| x.name.clone(), |x| Some(x.vpc);
    TransitGatewayAttachmentId = "transit gateway attachment", transit_gateway_attachments, |x| x.name.clone(),
        |x| x.vpc(), over: |x| matches!(x.state, AttachmentState::Deleted | AttachmentState::Rejected);
    TransitGatewayId = "transit gateway", transit_gateways, |x| x.name.clone(), |_| None;
    TransitGatewayRouteTableId = "transit gateway route table", transit_gateway_route_tables, |x| x.name.clone(),
        |_| None;
    VpcEndpointId = "VPC endpoint", endpoints, |x| x.name.clone(), |x| Some(x.vpc);
    VpcId = "VPC", vpcs, |x| x.name.clone(), |_| None;
    VpnConnectionId = "VPN connection", vpn_connections, |x| x.name.clone(), |_| None;
    VpnGatewayId = "virtual private gateway", vpn_gateways, |x| x.name.clone(), |_| None;
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

/// The region and service in the name of a prefix list that AWS manages, `com.amazonaws.us-east-1.s3`. The
/// list exists once somebody asks for it.
pub fn managed_prefix_list(text: &str) -> Option<(Region, &str)> {
    let (region, service) = text.strip_prefix("com.amazonaws.")?.split_once('.')?;
    let is_known = ["s3", "dynamodb"].contains(&service);
    is_known.then_some((region.parse().ok()?, service))
}

/// Whether something with an id is called by a name, now or when it was made.
pub fn is_called(model: &Model, id: &str, name: &str) -> bool {
    fn of<K: Kind>(model: &Model, id: &str, name: &str) -> bool {
        let Ok(id) = id.parse::<K>() else { return false };
        let (vpc, name) = match name.split_once('/') {
            Some((vpc, name)) => (Some(vpc), name),
            None => (None, name),
        };
        K::all(model).iter().any(|(other, label, of_vpc)| {
            let vpc_name = of_vpc.and_then(|vpc| model.vpcs.get(&vpc)?.name.as_deref());
            *other == id && label.as_deref() == Some(name) && vpc.is_none_or(|vpc| vpc_name == Some(vpc))
        })
    }
    let by_kind = [
        of::<AllocationId>,
        of::<CustomerGatewayId>,
        of::<DhcpOptionsId>,
        of::<EniId>,
        of::<FlowLogId>,
        of::<InstanceId>,
        of::<InternetGatewayId>,
        of::<NatGatewayId>,
        of::<NetworkAclId>,
        of::<PeeringId>,
        of::<PrefixListId>,
        of::<RouteTableId>,
        of::<SecurityGroupId>,
        of::<SubnetId>,
        of::<TransitGatewayAttachmentId>,
        of::<TransitGatewayId>,
        of::<TransitGatewayRouteTableId>,
        of::<VpcEndpointId>,
        of::<VpcId>,
        of::<VpnConnectionId>,
        of::<VpnGatewayId>,
    ];
    by_kind.iter().any(|of| of(model, id, name)) || model.ids_once_named(name).any(|once| once == id)
}
