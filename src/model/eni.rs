//! Network interfaces and the public addresses mapped to them.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::str::FromStr;
use std::time::Duration;

use super::{EcsTask, Scope};
use crate::ids::{
    AddressAssociationId, AllocationId, EniId, InstanceId, NatGatewayId, SecurityGroupId, SubnetId,
    TransitGatewayAttachmentId, VpcEndpointId, VpcId,
};
use crate::wire::Mac;

/// An elastic network interface.
#[derive(Clone, Debug)]
pub struct Eni {
    /// Its id.
    pub id: EniId,
    /// Its Name tag.
    pub name: Option<String>,
    /// The subnet it is in.
    pub subnet: SubnetId,
    /// The VPC of that subnet.
    pub vpc: VpcId,
    /// Its hardware address, which stays with it when it moves.
    pub mac: Mac,
    /// Private addresses; the first is the primary one.
    pub private_ips: Vec<Ipv4Addr>,
    /// Public addresses mapped to private ones by the internet gateway.
    pub public: Vec<PublicAddress>,
    /// Whether packets must be from and for its own addresses (aws: eni-source-dest-check).
    pub source_dest_check: bool,
    /// The groups whose rules apply: at least one, but none at gateways, which have no groups
    /// (aws: nat-no-security-group).
    pub security_groups: Vec<SecurityGroupId>,
    /// What is behind it; nothing until it is attached.
    pub owner: Option<Owner>,
    /// After how long its groups forget idle flows.
    pub tracking: ConnectionTracking,
    /// Its tags but for the name.
    pub tags: BTreeMap<String, String>,
    /// The task of ECS it belongs to.
    pub ecs_task: Option<Box<EcsTask>>,
    /// What its maker says of it; what belongs to a gateway describes itself.
    pub description: String,
}

/// What is behind an interface.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Owner {
    /// An instance.
    Instance(InstanceId),
    /// An interface endpoint, which takes packets to its service.
    InterfaceEndpoint(VpcEndpointId),
    /// A NAT gateway, which translates.
    NatGateway(NatGatewayId),
    /// A service that made it for itself, such as a load balancer, a function or a database: a host whose inside
    /// nobody knows (assumed: requester-managed-hosts).
    Requester(InterfaceType),
    /// A transit gateway, by one of its attachments.
    TransitGateway(TransitGatewayAttachmentId),
}

/// The kinds of interfaces that services of AWS make (aws: requester-managed).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct InterfaceType(&'static str);

impl InterfaceType {
    /// As EC2 writes them; databases and many others have plain interfaces.
    pub const CODES: [&str; 11] = [
        "api_gateway_managed",
        "aws_codestar_connections_managed",
        "branch",
        "gateway_load_balancer",
        "global_accelerator_managed",
        "interface",
        "iot_rules_managed",
        "lambda",
        "load_balancer",
        "network_load_balancer",
        "quicksight",
    ];

    /// AWS's word for it.
    pub fn code(self) -> &'static str {
        self.0
    }
}

impl FromStr for InterfaceType {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::CODES.iter().find(|code| **code == text).map(|code| Self(code)).ok_or(())
    }
}

/// Idle times after which tracked flows are forgotten; the defaults are EC2's (aws: sg-idle-timeouts).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ConnectionTracking {
    /// Of an established TCP connection: 60 s to 5 days.
    pub tcp_established: Duration,
    /// Of UDP that went one way, or one way and back: 30 to 60 s.
    pub udp: Duration,
    /// Of UDP that went to and fro: 60 to 180 s.
    pub udp_stream: Duration,
    /// How many flows are tracked at once; AWS publishes no numbers, so there is no limit unless a
    /// scenario sets one (assumed: sg-tracking-allowance).
    pub flows_max: Option<usize>,
}

impl Default for ConnectionTracking {
    fn default() -> Self {
        Self {
            tcp_established: Duration::from_secs(432_000),
            udp: Duration::from_secs(30),
            udp_stream: Duration::from_secs(180),
            flows_max: None,
        }
    }
}

impl Eni {
    /// The instance it is attached to.
    pub fn instance(&self) -> Option<InstanceId> {
        match self.owner {
            Some(Owner::Instance(id)) => Some(id),
            Some(
                Owner::InterfaceEndpoint(_)
                | Owner::NatGateway(_)
                | Owner::Requester(_)
                | Owner::TransitGateway(_),
            )
            | None => None,
        }
    }

    /// Whether a host is behind it, and no gateway.
    pub fn has_host(&self) -> bool {
        match self.owner {
            Some(Owner::Instance(_) | Owner::Requester(_)) => true,
            Some(Owner::InterfaceEndpoint(_) | Owner::NatGateway(_) | Owner::TransitGateway(_)) | None => {
                false
            }
        }
    }

    /// The primary private address.
    pub fn primary_ip(&self) -> Ipv4Addr {
        self.private_ips[0]
    }

    /// Whether it has a private address.
    pub fn has(&self, address: Ipv4Addr) -> bool {
        self.private_ips.contains(&address)
    }

    /// The public address a private one is mapped to.
    pub fn public_of(&self, private: Ipv4Addr) -> Option<Ipv4Addr> {
        self.public.iter().find(|address| address.private == private).map(|address| address.ip)
    }

    /// The private address a public one is mapped to.
    pub fn private_of(&self, public: Ipv4Addr) -> Option<Ipv4Addr> {
        self.public.iter().find(|address| address.ip == public).map(|address| address.private)
    }
}

/// A public address that stands for a private one on the internet.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PublicAddress {
    /// What the internet sees.
    pub ip: Ipv4Addr,
    /// What the interface has.
    pub private: Ipv4Addr,
    /// The Elastic IP, unless Amazon assigned the address at launch.
    pub allocation: Option<AllocationId>,
}

/// A public address that an account holds until it gives it back.
#[derive(Clone, Debug)]
pub struct ElasticIp {
    /// Its allocation id.
    pub id: AllocationId,
    /// Its Name tag.
    pub name: Option<String>,
    /// Owner and region.
    pub scope: Scope,
    /// The address.
    pub ip: Ipv4Addr,
    /// The interface it is associated with, and the association's id.
    pub association: Option<(AddressAssociationId, EniId)>,
}
