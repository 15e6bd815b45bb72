//! Names to ids: people name things, EC2 wants ids.

use std::borrow::Cow;
use std::fmt::Display;
use std::str::FromStr;

use crate::ids::{
    AllocationId, CustomerGatewayId, DhcpOptionsId, EniId, FlowLogId, InstanceId, InternetGatewayId,
    NatGatewayId, NetworkAclId, PeeringId, PrefixListId, RouteTableId, SecurityGroupId, SubnetId,
    TransitGatewayAttachmentId, TransitGatewayId, TransitGatewayRouteTableId, VpcEndpointId, VpcId,
    VpnConnectionId, VpnGatewayId,
};
use crate::model::{
    AttachmentState, CustomerGateway, DhcpOptions, ElasticIp, FlowLog, Instance, InstanceState,
    InternetGateway, Model, NatGateway, NatGatewayState, NetworkAcl, Peering, PrefixList, Region, RouteTable,
    SecurityGroup, Subnet, TransitGateway, TransitGatewayAttachment, TransitGatewayRouteTable, Vpc,
    VpcEndpoint, VpnConnection, VpnGateway,
};

/// All things of a kind: id, name, and the VPC each is in.
pub type All<'m, K> = Box<dyn Iterator<Item = (K, Option<Cow<'m, str>>, Option<VpcId>)> + 'm>;

/// A kind of resource that can be called by name.
pub trait Kind: Copy + Eq + FromStr + Display {
    /// What to call it, e.g. `route table`.
    const WORD: &'static str;

    /// All of its kind.
    fn all(model: &Model) -> All<'_, Self>;

    /// Whether there is such a thing: an id is one whatever it is of.
    fn exists(self, model: &Model) -> bool;

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
    let called = |label: &Option<Cow<'_, str>>, vpc: Option<VpcId>| {
        label.as_deref().is_some_and(|label| label == text || is_in_vpc(model, text, label, vpc))
    };
    let mut found: Vec<(K, Option<VpcId>)> =
        K::all(model).filter(|(_, label, vpc)| called(label, *vpc)).map(|(id, _, vpc)| (id, vpc)).collect();
    if found.iter().any(|(id, _)| !id.is_over(model)) {
        found.retain(|(id, _)| !id.is_over(model));
    } else if found.len() > 1 {
        found = found.pop().into_iter().collect();
    }
    let vpc_label =
        |vpc: Option<VpcId>| vpc.and_then(|vpc| model.vpcs.get(&vpc)?.name.clone()).unwrap_or_default();
    match found.as_slice() {
        [(id, _)] => Ok(*id),
        [] => {
            let known = K::all(model).filter_map(|(_, name, _)| name.map(Cow::into_owned)).collect();
            Err(Unresolved::Unknown { known })
        }
        several => match several.iter().find(|(_, vpc)| near.is_some() && *vpc == near) {
            Some((id, _)) => Ok(*id),
            None => Err(Unresolved::Ambiguous {
                candidates: several.iter().map(|(_, vpc)| format!("{}/{text}", vpc_label(*vpc))).collect(),
            }),
        },
    }
}

/// Whether a text says `VPC/name`. What has the name may be of a VPC that is gone.
fn is_in_vpc(model: &Model, text: &str, name: &str, vpc: Option<VpcId>) -> bool {
    let before = text.strip_suffix(name).and_then(|before| before.strip_suffix('/'));
    before.is_some() && before == vpc.and_then(|vpc| model.vpcs.get(&vpc)?.name.as_deref())
}

macro_rules! kinds {
    ($($id:ty = $word:literal, $table:ident: $thing:ty, $name:expr, $vpc:expr $(, over: $over:expr)?;)*) => {$(
        impl Kind for $id {
            const WORD: &'static str = $word;

            fn all(model: &Model) -> All<'_, Self> {
                let (name, vpc): (fn(&$thing) -> Option<&String>, fn(&$thing) -> Option<VpcId>) = ($name, $vpc);
                let label = move |thing| name(thing).map(|name| Cow::Borrowed(name.as_str()));
                Box::new(model.$table.iter().map(move |(id, thing)| (*id, label(thing), vpc(thing))))
            }

            fn exists(self, model: &Model) -> bool {
                model.$table.contains_key(&self)
            }

            $(fn is_over(self, model: &Model) -> bool {
                model.$table.get(&self).is_some_and($over)
            })?
        }
    )*};
}

kinds! {
    AllocationId = "Elastic IP", elastic_ips: ElasticIp, |x| x.name.as_ref(), |_| None;
    CustomerGatewayId = "customer gateway", customer_gateways: CustomerGateway, |x| x.name.as_ref(), |_| None;
    DhcpOptionsId = "DHCP option set", dhcp_options: DhcpOptions, |x| x.name.as_ref(), |_| None;
    FlowLogId = "flow log", flow_logs: FlowLog, |x| x.name.as_ref(), |_| None;
    InternetGatewayId = "internet gateway", internet_gateways: InternetGateway, |x| x.name.as_ref(), |_| None;
    NatGatewayId = "NAT gateway", nat_gateways: NatGateway, |x| x.name.as_ref(), |x| Some(x.vpc),
        over: |x| x.state != NatGatewayState::Available;
    NetworkAclId = "network ACL", network_acls: NetworkAcl, |x| x.name.as_ref(), |x| Some(x.vpc);
    PeeringId = "peering connection", peerings: Peering, |x| x.name.as_ref(), |_| None, over: |x| x.is_over();
    PrefixListId = "prefix list", prefix_lists: PrefixList, |x| Some(&x.name), |_| None;
    RouteTableId = "route table", route_tables: RouteTable, |x| x.name.as_ref(), |x| Some(x.vpc);
    SecurityGroupId = "security group", security_groups: SecurityGroup, |x| Some(&x.name), |x| Some(x.vpc);
    SubnetId = "subnet", subnets: Subnet, |x| x.name.as_ref(), |x| Some(x.vpc);
    TransitGatewayAttachmentId = "transit gateway attachment", transit_gateway_attachments: TransitGatewayAttachment, |x| x.name.as_ref(),
        |x| x.vpc(), over: |x| matches!(x.state, AttachmentState::Deleted | AttachmentState::Rejected);
    TransitGatewayId = "transit gateway", transit_gateways: TransitGateway, |x| x.name.as_ref(), |_| None;
    TransitGatewayRouteTableId = "transit gateway route table", transit_gateway_route_tables: TransitGatewayRouteTable, |x| x.name.as_ref(),
        |_| None;
    VpcEndpointId = "VPC endpoint", endpoints: VpcEndpoint, |x| x.name.as_ref(), |x| Some(x.vpc);
    VpcId = "VPC", vpcs: Vpc, |x| x.name.as_ref(), |_| None;
    VpnConnectionId = "VPN connection", vpn_connections: VpnConnection, |x| x.name.as_ref(), |_| None;
    VpnGatewayId = "virtual private gateway", vpn_gateways: VpnGateway, |x| x.name.as_ref(), |_| None;
}

impl Kind for InstanceId {
    const WORD: &'static str = "instance";

    fn exists(self, model: &Model) -> bool {
        model.instances.contains_key(&self)
    }

    fn all(model: &Model) -> All<'_, Self> {
        let vpc = |eni: EniId| model.enis.get(&eni).map(|eni| eni.vpc);
        let is_there = |instance: &&Instance| instance.state != InstanceState::Terminated;
        let instances = model.instances.values().filter(is_there);
        Box::new(instances.map(move |instance| {
            (instance.id, instance.name.as_deref().map(Cow::Borrowed), vpc(instance.eni))
        }))
    }
}

impl Kind for EniId {
    const WORD: &'static str = "network interface";

    fn exists(self, model: &Model) -> bool {
        model.enis.contains_key(&self)
    }

    fn all(model: &Model) -> All<'_, Self> {
        let label = |id| Some(Cow::Owned(model.eni_label(id)));
        Box::new(model.enis.values().map(move |eni| (eni.id, label(eni.id), Some(eni.vpc))))
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
        K::all(model).filter(|(other, _, _)| *other == id).any(|(_, label, vpc)| {
            label.as_deref().is_some_and(|label| label == name || is_in_vpc(model, name, label, vpc))
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
