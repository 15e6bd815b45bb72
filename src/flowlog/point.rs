//! Where flows are metered, and what records say of the place.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use crate::ids::{
    EniId, InstanceId, NatGatewayId, SubnetId, TransitGatewayAttachmentId, TransitGatewayId, VpcId,
};
use crate::model::{Account, EcsTask, Eni, FlowLogResource, Instance, Model, Owner, Region};

/// Where flows are metered.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Point {
    /// At an attachment of a transit gateway; where two are peered, on one side.
    Attachment(TransitGatewayId, TransitGatewayAttachmentId),
    /// At an interface.
    Eni(EniId),
    /// At a regional NAT gateway, which has no interface (aws: flow-log-regional-nat).
    RegionalNat(NatGatewayId),
}

/// What records say of a point, as it was when the flow began.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PointFacts {
    /// The point.
    pub point: Point,
    /// What people call it.
    pub label: String,
    /// Its owner.
    pub account: Account,
    /// Its region.
    pub region: Region,
    /// Its VPC; the attachment of a VPN connection has none.
    pub vpc: Option<VpcId>,
    /// Its subnet, if it is an interface.
    pub subnet: Option<SubnetId>,
    /// The id of its zone, if it is an interface.
    pub az_id: Option<String>,
    /// The instance behind it.
    pub instance: Option<InstanceId>,
    /// Its primary private address, if it is an interface.
    pub primary_ip: Option<Ipv4Addr>,
    /// What kind of thing it is, unless it is an instance's interface (aws: flow-log-interface-type).
    pub interface_type: Option<&'static str>,
    /// Whether it is attached to an instance that is built on the Nitro System.
    pub is_nitro: bool,
    /// Whether the encryption control of its VPC monitors traffic.
    pub monitors_encryption: bool,
    /// The tags of the instance, of the interface, and of the Auto Scaling group.
    pub tags: [BTreeMap<String, String>; 3],
    /// The task of ECS it belongs to.
    pub ecs_task: Option<Box<EcsTask>>,
}

impl PointFacts {
    /// What is known of a point now; `None` if it is gone.
    pub fn of(point: Point, model: &Model) -> Option<Self> {
        match point {
            Point::Attachment(gateway, id) => {
                let attachment = model.transit_gateway_attachments.get(&id)?;
                let gateway = model.transit_gateways.get(&gateway)?;
                let label = attachment.name.clone().unwrap_or_else(|| id.to_string());
                let vpc = attachment.vpc().filter(|vpc| model.vpcs.contains_key(vpc));
                Some(Self { vpc, ..Self::bare(point, label, gateway.scope.account, gateway.scope.region) })
            }
            Point::Eni(id) => Some(Self::of_interface(model.enis.get(&id)?, model)),
            Point::RegionalNat(id) => {
                let nat = model.nat_gateways.get(&id)?;
                let label = nat.name.clone().unwrap_or_else(|| id.to_string());
                let bare = Self::bare(point, label, nat.scope.account, nat.scope.region);
                Some(Self { vpc: Some(nat.vpc), interface_type: Some("regional_nat_gateway"), ..bare })
            }
        }
    }

    fn of_interface(eni: &Eni, model: &Model) -> Self {
        let (subnet, vpc) = (model.subnet(eni.subnet), model.vpc(eni.vpc));
        let instance = eni.instance().and_then(|id| model.instances.get(&id));
        let tags = |of: fn(&Instance) -> Option<&BTreeMap<String, String>>| {
            instance.and_then(of).cloned().unwrap_or_default()
        };
        let named = |mut tags: BTreeMap<String, String>, name: Option<&String>| {
            tags.extend(name.map(|name| ("Name".to_owned(), name.clone())));
            tags
        };
        Self {
            vpc: Some(vpc.id),
            subnet: Some(subnet.id),
            az_id: Some(subnet.zone.id()),
            instance: instance.map(|instance| instance.id),
            primary_ip: Some(eni.primary_ip()),
            interface_type: eni.owner.and_then(interface_type),
            is_nitro: instance.is_some_and(Instance::is_nitro),
            monitors_encryption: vpc.encryption_control,
            tags: [
                named(
                    tags(|instance| Some(&instance.tags)),
                    instance.and_then(|instance| instance.name.as_ref()),
                ),
                named(eni.tags.clone(), eni.name.as_ref()),
                tags(|instance| instance.auto_scaling_group.as_ref()),
            ],
            ecs_task: eni.ecs_task.clone(),
            ..Self::bare(Point::Eni(eni.id), model.eni_label(eni.id), vpc.scope.account, vpc.scope.region)
        }
    }

    fn bare(point: Point, label: String, account: Account, region: Region) -> Self {
        Self {
            point,
            label,
            account,
            region,
            vpc: None,
            subnet: None,
            az_id: None,
            instance: None,
            primary_ip: None,
            interface_type: None,
            is_nitro: false,
            monitors_encryption: false,
            tags: [BTreeMap::new(), BTreeMap::new(), BTreeMap::new()],
            ecs_task: None,
        }
    }

    /// The interface that it is.
    pub fn eni(&self) -> Option<EniId> {
        match self.point {
            Point::Eni(id) => Some(id),
            Point::Attachment(..) | Point::RegionalNat(_) => None,
        }
    }

    /// The regional NAT gateway that it is.
    pub fn regional_nat(&self) -> Option<NatGatewayId> {
        match self.point {
            Point::RegionalNat(id) => Some(id),
            Point::Attachment(..) | Point::Eni(_) => None,
        }
    }

    /// The attachment that it is, and the transit gateway.
    pub fn attachment(&self) -> Option<(TransitGatewayId, TransitGatewayAttachmentId)> {
        match self.point {
            Point::Attachment(gateway, attachment) => Some((gateway, attachment)),
            Point::Eni(_) | Point::RegionalNat(_) => None,
        }
    }

    /// Whether a flow log of a resource is about it (aws: flow-log-covers).
    pub fn is_covered_by(&self, resource: FlowLogResource) -> bool {
        match (resource, self.point) {
            (FlowLogResource::NetworkInterface(id), Point::Eni(own)) => id == own,
            (FlowLogResource::Subnet(id), Point::Eni(_)) => self.subnet == Some(id),
            (FlowLogResource::Vpc(id), Point::Eni(_)) => self.vpc == Some(id),
            // It has no interface, so the flow log of a VPC is not about it (assumed: flow-log-regional-nat-own).
            (FlowLogResource::RegionalNatGateway(id), Point::RegionalNat(own)) => id == own,
            (FlowLogResource::TransitGateway(id), Point::Attachment(own, _)) => id == own,
            (FlowLogResource::TransitGatewayAttachment(id), Point::Attachment(_, own)) => id == own,
            (
                FlowLogResource::NetworkInterface(_)
                | FlowLogResource::RegionalNatGateway(_)
                | FlowLogResource::Subnet(_)
                | FlowLogResource::TransitGateway(_)
                | FlowLogResource::TransitGatewayAttachment(_)
                | FlowLogResource::Vpc(_),
                Point::Attachment(..) | Point::Eni(_) | Point::RegionalNat(_),
            ) => false,
        }
    }
}

/// aws: flow-log-interface-type
fn interface_type(owner: Owner) -> Option<&'static str> {
    match owner {
        Owner::Instance(_) | Owner::Requester(_) => None,
        Owner::InterfaceEndpoint(_) => Some("vpc_endpoint"),
        Owner::NatGateway(_) => Some("nat_gateway"),
        Owner::TransitGateway(_) => Some("transit_gateway"),
    }
}
