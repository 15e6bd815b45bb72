//! The control plane: the operations of EC2, IAM and the services that endpoints lead to, with their
//! checks, error codes and messages.
//!
//! Every resource is made and changed here and nowhere else; scenario files, `aws …` steps and
//! importers are front ends of it. An operation that fails leaves the model as it was. Knows nothing
//! of files, packets or output.
//!
//! An operation is a method of [`Ec2`] or [`Iam`], in a file named after the noun it is about. Parameters have
//! AWS's names; what is optional at AWS is an `Option` here.

mod address;
mod dhcp_options;
mod dynamodb;
mod endpoint;
mod flow_log;
mod iam;
mod instance;
mod instance_profile;
mod internet_gateway;
mod logs;
mod nat_gateway;
mod network_acl;
mod network_interface;
mod peering;
mod prefix_list;
mod public_access;
mod restore;
mod route_table;
mod s3;
mod security_group;
mod sns;
mod subnet;
mod tags;
mod transit_gateway;
mod vpc;
mod vpn;

use std::fmt;
use std::net::Ipv4Addr;

pub use address::{AssociateAddress, is_public};
pub use dhcp_options::CreateDhcpOptions;
pub use dynamodb::CreateTable;
pub use endpoint::{CreateVpcEndpoint, ModifyVpcEndpoint, NewEndpointKind};
pub use flow_log::{CreateFlowLogs, DeliveryRefusal};
pub use iam::{Holder, Iam};
pub use instance::{Labels, ModifyInstanceMetadataOptions, RunInstances};
pub use instance_profile::InstanceRole;
pub use nat_gateway::CreateNatGateway;
pub use network_acl::{AclEntryRequest, CreateNetworkAcl};
pub use network_interface::{CreateNetworkInterface, ModifyNetworkInterfaceAttribute};
pub use peering::CreateVpcPeeringConnection;
pub use route_table::CreateRoute;
pub use security_group::{CreateSecurityGroup, RuleRequest};
pub use subnet::CreateSubnet;
pub use tags::Taggable;
pub use transit_gateway::{
    CreateTransitGateway, CreateTransitGatewayRoute, CreateTransitGatewayVpcAttachment,
    ModifyTransitGatewayVpcAttachment,
};
pub use vpc::{CreateVpc, NewDefaults, VpcAttribute};
pub use vpn::CreateVpnConnection;

use crate::ids::{
    AllocationId, CustomerGatewayId, DhcpOptionsId, EniId, FlowLogId, InstanceId, InternetGatewayId,
    NatGatewayId, NetworkAclId, RouteTableId, SecurityGroupId, SubnetId, TransitGatewayAttachmentId,
    TransitGatewayId, TransitGatewayRouteTableId, VpcEndpointId, VpcId, VpnConnectionId, VpnGatewayId,
};
use crate::model::{
    CustomerGateway, DhcpOptions, ElasticIp, Eni, FlowLog, Instance, InternetGateway, Model, NatGateway,
    NetworkAcl, Region, RouteTable, Scope, SecurityGroup, Subnet, Table, TransitGateway,
    TransitGatewayAttachment, TransitGatewayRouteTable, Vpc, VpcEndpoint, VpnConnection, VpnGateway,
};
use crate::seed;
use crate::time::Instant;

/// EC2 as one account sees it in one region.
#[derive(Debug)]
pub struct Ec2<'m> {
    model: &'m mut Model,
    caller: Scope,
    now: Instant,
}

/// What every operation that makes something also takes: a Name tag, and an id where the simulation
/// shall not derive one.
#[derive(Clone, Debug)]
pub struct New<Id> {
    /// The Name tag.
    pub name: Option<String>,
    /// The id, pinned.
    pub id: Option<Id>,
}

impl<Id> New<Id> {
    /// With a Name tag and a derived id.
    pub fn named(name: &str) -> Self {
        Self { name: Some(name.to_owned()), id: None }
    }

    /// With neither.
    pub fn unnamed() -> Self {
        Self { name: None, id: None }
    }
}

/// An operation was refused.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ApiError {
    /// AWS's error code, e.g. `InvalidParameterValue`.
    pub code: &'static str,
    /// AWS's message. Empty where only the code is known.
    pub message: String,
}

impl ApiError {
    fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }

    /// For a refusal whose code AWS documents and whose text is not known.
    fn code_only(code: &'static str) -> Self {
        Self::new(code, "")
    }

    /// As the AWS CLI prints it on standard error.
    pub fn as_printed_by_cli(&self, operation: &str) -> String {
        let message = if self.message.is_empty() { "(AWS's text is not known)" } else { &self.message };
        format!("An error occurred ({}) when calling the {operation} operation: {message}", self.code)
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.message)
    }
}

impl std::error::Error for ApiError {}

type Result<T> = std::result::Result<T, ApiError>;

/// Things of a kind that an account sees in its region, and what EC2 says when one is missing: the
/// code, and the text where it is known.
macro_rules! lookups {
    ($($get:ident, $get_mut:ident: $id:ty => $thing:ty, $table:ident, $code:literal $(, $text:literal)?;)*) => {
        impl Ec2<'_> {$(
            #[allow(dead_code, reason = "the set of lookups is the same for every kind")]
            fn $get(&self, id: $id) -> Result<&$thing> {
                self.model
                    .$table
                    .get(&id)
                    .filter(|thing| thing.scope_in(self.model) == Some(self.caller))
                    .ok_or_else(|| ApiError::new($code, concat!($($text)?).replace("{id}", &id.to_string())))
            }

            #[allow(dead_code, reason = "the set of lookups is the same for every kind")]
            fn $get_mut(&mut self, id: $id) -> Result<&mut $thing> {
                self.$get(id)?;
                Ok(&mut self.model.$table[&id])
            }
        )*}
    };
}

lookups! {
    vpc, vpc_mut: VpcId => Vpc, vpcs,
        "InvalidVpcID.NotFound", "The vpc ID '{id}' does not exist";
    dhcp_options, dhcp_options_mut: DhcpOptionsId => DhcpOptions, dhcp_options,
        "InvalidDhcpOptionID.NotFound";
    subnet, subnet_mut: SubnetId => Subnet, subnets,
        "InvalidSubnetID.NotFound", "The subnet ID '{id}' does not exist";
    route_table, route_table_mut: RouteTableId => RouteTable, route_tables,
        "InvalidRouteTableID.NotFound", "The routeTable ID '{id}' does not exist";
    network_acl, network_acl_mut: NetworkAclId => NetworkAcl, network_acls,
        "InvalidNetworkAclID.NotFound";
    security_group, security_group_mut: SecurityGroupId => SecurityGroup, security_groups,
        "InvalidGroup.NotFound";
    internet_gateway, internet_gateway_mut: InternetGatewayId => InternetGateway, internet_gateways,
        "InvalidInternetGatewayID.NotFound", "The internetGateway ID '{id}' does not exist";
    eni, eni_mut: EniId => Eni, enis,
        "InvalidNetworkInterfaceID.NotFound", "The networkInterface ID '{id}' does not exist";
    instance, instance_mut: InstanceId => Instance, instances,
        "InvalidInstanceID.NotFound";
    elastic_ip, elastic_ip_mut: AllocationId => ElasticIp, elastic_ips,
        "InvalidAllocationID.NotFound", "The allocation ID '{id}' does not exist";
    nat_gateway, nat_gateway_mut: NatGatewayId => NatGateway, nat_gateways,
        "NatGatewayNotFound", "The Nat Gateway {id} was not found";
    endpoint, endpoint_mut: VpcEndpointId => VpcEndpoint, endpoints,
        "InvalidVpcEndpointId.NotFound";
    flow_log, flow_log_mut: FlowLogId => FlowLog, flow_logs,
        "InvalidFlowLogId.NotFound";
    transit_gateway, transit_gateway_mut: TransitGatewayId => TransitGateway, transit_gateways,
        "InvalidTransitGatewayID.NotFound", "Transit Gateway {id} was deleted or does not exist.";
    attachment, attachment_mut: TransitGatewayAttachmentId => TransitGatewayAttachment, transit_gateway_attachments,
        "InvalidTransitGatewayAttachmentID.NotFound";
    transit_gateway_table, transit_gateway_table_mut: TransitGatewayRouteTableId => TransitGatewayRouteTable,
        transit_gateway_route_tables, "InvalidRouteTableID.NotFound";
    vpn_gateway, vpn_gateway_mut: VpnGatewayId => VpnGateway, vpn_gateways,
        "InvalidVpnGatewayID.NotFound", "The virtual private gateway ID '{id}' does not exist";
    customer_gateway, customer_gateway_mut: CustomerGatewayId => CustomerGateway, customer_gateways,
        "InvalidCustomerGatewayID.NotFound";
    vpn_connection, vpn_connection_mut: VpnConnectionId => VpnConnection, vpn_connections,
        "InvalidVpnConnectionID.NotFound";
}

/// The operations that only look: all that the caller sees of a kind, or what has certain ids.
macro_rules! describes {
    ($($get:ident: $describe:ident, $id:ty => $thing:ty, $table:ident;)*) => {
        impl Ec2<'_> {$(
            /// Those with these ids, or all that the caller sees if none is given.
            pub fn $describe(&self, ids: &[$id]) -> Result<Vec<&$thing>> {
                if ids.is_empty() {
                    let seen = |thing: &&$thing| thing.scope_in(self.model) == Some(self.caller);
                    return Ok(self.model.$table.values().filter(seen).collect());
                }
                ids.iter().map(|id| self.$get(*id)).collect()
            }
        )*}
    };
}

describes! {
    vpc: describe_vpcs, VpcId => Vpc, vpcs;
    dhcp_options: describe_dhcp_options, DhcpOptionsId => DhcpOptions, dhcp_options;
    subnet: describe_subnets, SubnetId => Subnet, subnets;
    route_table: describe_route_tables, RouteTableId => RouteTable, route_tables;
    network_acl: describe_network_acls, NetworkAclId => NetworkAcl, network_acls;
    security_group: describe_security_groups, SecurityGroupId => SecurityGroup, security_groups;
    internet_gateway: describe_internet_gateways, InternetGatewayId => InternetGateway, internet_gateways;
    eni: describe_network_interfaces, EniId => Eni, enis;
    instance: describe_instances, InstanceId => Instance, instances;
    elastic_ip: describe_addresses, AllocationId => ElasticIp, elastic_ips;
    nat_gateway: describe_nat_gateways, NatGatewayId => NatGateway, nat_gateways;
    endpoint: describe_vpc_endpoints, VpcEndpointId => VpcEndpoint, endpoints;
    flow_log: describe_flow_logs, FlowLogId => FlowLog, flow_logs;
    transit_gateway: describe_transit_gateways, TransitGatewayId => TransitGateway, transit_gateways;
    transit_gateway_table: describe_transit_gateway_route_tables, TransitGatewayRouteTableId => TransitGatewayRouteTable,
        transit_gateway_route_tables;
    vpn_gateway: describe_vpn_gateways, VpnGatewayId => VpnGateway, vpn_gateways;
    customer_gateway: describe_customer_gateways, CustomerGatewayId => CustomerGateway, customer_gateways;
    vpn_connection: describe_vpn_connections, VpnConnectionId => VpnConnection, vpn_connections;
}

/// Whose something is: stated by itself, or by the VPC it is in.
trait Scoped {
    fn scope_in(&self, model: &Model) -> Option<Scope>;
}

macro_rules! scoped {
    (own: $($own:ty),*; by_vpc: $($by_vpc:ty),*) => {
        $(impl Scoped for $own {
            fn scope_in(&self, _: &Model) -> Option<Scope> {
                Some(self.scope)
            }
        })*
        $(impl Scoped for $by_vpc {
            fn scope_in(&self, model: &Model) -> Option<Scope> {
                model.vpcs.get(&self.vpc).map(|vpc| vpc.scope)
            }
        })*
    };
}

scoped!(
    own: Vpc, DhcpOptions, InternetGateway, Instance, ElasticIp, NatGateway, VpcEndpoint, FlowLog, TransitGateway,
        TransitGatewayAttachment, VpnGateway, CustomerGateway, VpnConnection;
    by_vpc: Subnet, RouteTable, NetworkAcl, SecurityGroup, Eni
);

impl Scoped for TransitGatewayRouteTable {
    fn scope_in(&self, model: &Model) -> Option<Scope> {
        model.transit_gateways.get(&self.transit_gateway).map(|gateway| gateway.scope)
    }
}

impl<'m> Ec2<'m> {
    /// EC2 for a caller, at a moment.
    pub fn new(model: &'m mut Model, caller: Scope, now: Instant) -> Self {
        model.forget_lookups();
        let mut ec2 = Self { model, caller, now };
        ec2.end_drained_addresses();
        ec2
    }

    /// The same moment for another caller, or somewhere else.
    pub fn of(&mut self, caller: Scope) -> Ec2<'_> {
        Ec2 { model: self.model, caller, now: self.now }
    }

    /// What exists, in every account and region.
    pub fn model(&self) -> &Model {
        self.model
    }

    /// Who calls, and where.
    pub fn caller(&self) -> Scope {
        self.caller
    }

    /// The moment of the call.
    pub fn now(&self) -> Instant {
        self.now
    }

    /// IAM for the same caller, at the same moment.
    pub fn iam(&mut self) -> Iam<'_> {
        Iam::new(self.model, self.caller.account, self.now)
    }

    /// The region that is asked.
    pub fn region(&self) -> Region {
        self.caller.region
    }

    /// What EC2 says if neither or several of some parameters are given; the text is not known.
    pub fn missing_parameter(&self) -> ApiError {
        ApiError::code_only("MissingParameter")
    }

    /// What EC2 says of a value that cannot be; the text is not known.
    pub fn invalid_value(&self) -> ApiError {
        ApiError::code_only("InvalidParameterValue")
    }

    /// What EC2 says of parameters that exclude each other; the text is not known.
    pub fn invalid_combination(&self) -> ApiError {
        ApiError::code_only("InvalidParameterCombination")
    }

    /// What EC2 says of ports that do not go with the protocol; the text is not known.
    pub fn invalid_ports(&self) -> ApiError {
        ApiError::code_only("InvalidParameterValue")
    }

    /// Whether one more would be too many (aws: vpc-quotas).
    fn check_quota(&self, there: usize, max: usize, code: &'static str, message: &str) -> Result<()> {
        if there < max { Ok(()) } else { Err(ApiError::new(code, message)) }
    }

    /// The pinned id if nothing has it, or one derived from whose the resource is, where, and what it is
    /// called.
    fn choose_id<Id, T>(
        &mut self,
        new: &New<Id>,
        within: &str,
        table: impl Fn(&Model) -> &Table<Id, T>,
        derive: impl Fn(&[&str]) -> Id,
    ) -> Id
    where
        Id: Copy + std::hash::Hash + Eq + fmt::Display,
    {
        let id = self.derive_id(new, within, table, derive);
        if let Some(name) = &new.name {
            self.model.names_given.push((name.clone(), id.to_string()));
        }
        id
    }

    fn derive_id<Id, T>(
        &mut self,
        new: &New<Id>,
        within: &str,
        table: impl Fn(&Model) -> &Table<Id, T>,
        derive: impl Fn(&[&str]) -> Id,
    ) -> Id
    where
        Id: Copy + std::hash::Hash + Eq,
    {
        if let Some(id) = new.id.filter(|id| !table(self.model).contains_key(id)) {
            return id;
        }
        let (account, region) = (self.caller.account.to_string(), self.caller.region.name());
        let name = new.name.clone().unwrap_or_else(|| self.next_unnamed());
        loop {
            // What has the name of something that is gone is another thing, with another id.
            let kind = std::any::type_name::<Id>();
            let path = seed::hash(&[kind, &account, region, within, &name]);
            let occasion = self.model.derived.entry(path).or_insert(0);
            *occasion += 1;
            let id = match *occasion {
                1 => derive(&[&account, region, within, &name]),
                again => derive(&[&account, region, within, &name, &again.to_string()]),
            };
            if !table(self.model).contains_key(&id) {
                return id;
            }
        }
    }

    fn next_unnamed(&mut self) -> String {
        self.model.unnamed += 1;
        format!("#{}", self.model.unnamed)
    }

    /// An address of the region's public pool that nobody has, found from what it is for.
    fn choose_public_address(&self, owner: &str) -> Ipv4Addr {
        let pool = self.caller.region.public_pool();
        let size = 1_u64 << (32 - pool.prefix_len());
        let start = seed::hash(&["public-address", owner]) % size;
        let taken = |address: &Ipv4Addr| {
            matches!(address.octets()[3], 0 | 255) || self.model.has_public_address(*address)
        };
        (0..size)
            .map(|step| Ipv4Addr::from_bits(pool.network().to_bits() + ((start + step) % size) as u32))
            .find(|address| !taken(address))
            .expect("a region's pool is larger than any scenario")
    }
}

fn dependency_violation(kind: &str, id: impl fmt::Display) -> ApiError {
    ApiError::new("DependencyViolation", format!("The {kind} '{id}' has dependencies and cannot be deleted."))
}
