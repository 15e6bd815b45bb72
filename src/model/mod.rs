//! The resources of all VPCs as data: what exists, what belongs to what, who has which address.
//!
//! Only `api/` changes a [`Model`]; everybody else reads it. Knows no packets on their way, no
//! connection state and no files. Files are named after the AWS noun they describe.

mod aws_policies;
mod bucket;
mod dhcp_options;
pub mod dns;
mod dynamodb;
mod endpoint;
mod eni;
mod flow_log;
mod identity;
mod instance;
mod internet;
mod internet_gateway;
pub mod ip_ranges;
mod link;
mod lookups;
mod nat_gateway;
mod network_acl;
mod peering;
mod policy;
mod prefix_list;
mod principal;
pub mod provided;
mod public_access;
mod quotas;
mod region;
mod route_table;
mod security_group;
mod subnet;
mod topic;
mod traffic;
mod transit_gateway;
mod vpc;
mod vpn;

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use foldhash::fast::FixedState;
use indexmap::IndexMap;

pub use bucket::{Bucket, Content, Object, Stored};
pub use dhcp_options::{DhcpOptions, NameServer};
pub use dynamodb::{
    AttributeValue, DynamoDbTable, Item, KeyAttribute, KeyKind, item_from_json, item_to_json, table_arn,
};
pub use endpoint::{EndpointKind, ServiceName, VpcEndpoint};
pub use eni::{ConnectionTracking, ElasticIp, Eni, InterfaceType, Owner, PublicAddress};
pub use flow_log::{
    DeliverLogsStatus, DestinationOptions, Field, FieldType, FieldUse, FileFormat, FlowLog, FlowLogResource,
    LogDestination, LogFormat, LogGroup, LogStream, MalformedFormat, TagField, TaggedResource, TrafficType,
    log_group_arn,
};
pub use identity::{Credentials, InstanceProfile, ManagedPolicy, Policies, Role, Session, User};
pub use instance::{EcsTask, INSTANCE_TYPE, Instance, InstanceState, MetadataOptions};
pub use internet::{OnPremHost, OutsideHost};
pub use internet_gateway::InternetGateway;
pub use link::{Bandwidth, Fault, LinkEnd, LinkSpec, LinkTraits, Location, Ppm, same_ends};
pub use nat_gateway::{Connectivity, NatAddress, NatGateway, NatGatewayState, NatPlace};
pub use network_acl::{AclAction, AclEntry, NetworkAcl};
pub use peering::{Peering, PeeringSide, PeeringStatus};
pub use policy::{
    Condition, Effect, MalformedPolicy, Operator, Policy, PrincipalPattern, Quantifier, Selection, Statement,
};
pub use prefix_list::PrefixList;
pub use principal::{Principal, role_arn};
pub use public_access::{BlockMode, ExcludedResource, ExclusionMode, PublicAccessExclusion};
pub use quotas::Quotas;
pub use region::{Account, Region, Scope, Zone};
pub use route_table::{Destination, Gateway, Route, RouteOrigin, RouteState, RouteTable, Target};
pub use security_group::{Peer, SecurityGroup, SecurityGroupRule};
pub use subnet::{RouteTableAssociation, Subnet};
pub use topic::Topic;
pub use traffic::{Direction, PortRange, Traffic};
pub use transit_gateway::{
    AttachmentResource, AttachmentState, TransitGateway, TransitGatewayAttachment, TransitGatewayRoute,
    TransitGatewayRouteTable,
};
pub use vpc::{CidrBlock, Vpc};
pub use vpn::{CustomerGateway, VpnConnection, VpnEnd, VpnGateway};

use crate::ids::{
    AllocationId, CustomerGatewayId, DhcpOptionsId, EniId, FlowLogId, InstanceId, InternetGatewayId,
    NatGatewayId, NetworkAclId, PeeringId, PrefixListId, PublicAccessExclusionId, RouteTableId,
    SecurityGroupId, SubnetId, TransitGatewayAttachmentId, TransitGatewayId, TransitGatewayRouteTableId,
    VpcEndpointId, VpcId, VpnConnectionId, VpnGatewayId,
};
use crate::time::Instant;

/// Resources by id, in the order they were made. The hasher is fixed; lookups are all it is for.
pub type Table<Id, T> = IndexMap<Id, T, FixedState>;

/// Everything that exists at one moment.
#[derive(Clone, Default, Debug)]
pub struct Model {
    /// VPCs of all accounts and regions.
    pub vpcs: Table<VpcId, Vpc>,
    /// DHCP option sets; that of a region is there from its first VPC on.
    pub dhcp_options: Table<DhcpOptionsId, DhcpOptions>,
    /// Subnets.
    pub subnets: Table<SubnetId, Subnet>,
    /// Route tables, main and custom.
    pub route_tables: Table<RouteTableId, RouteTable>,
    /// Network ACLs, default and custom.
    pub network_acls: Table<NetworkAclId, NetworkAcl>,
    /// Security groups, default and custom.
    pub security_groups: Table<SecurityGroupId, SecurityGroup>,
    /// Internet gateways, attached or not.
    pub internet_gateways: Table<InternetGatewayId, InternetGateway>,
    /// Network interfaces.
    pub enis: Table<EniId, Eni>,
    /// Instances, terminated ones included.
    pub instances: Table<InstanceId, Instance>,
    /// Elastic IPs.
    pub elastic_ips: Table<AllocationId, ElasticIp>,
    /// Peering connections in every state.
    pub peerings: Table<PeeringId, Peering>,
    /// NAT gateways, deleted and failed ones included.
    pub nat_gateways: Table<NatGatewayId, NatGateway>,
    /// VPC endpoints.
    pub endpoints: Table<VpcEndpointId, VpcEndpoint>,
    /// Prefix lists, those of AWS included once something names them.
    pub prefix_lists: Table<PrefixListId, PrefixList>,
    /// Transit gateways.
    pub transit_gateways: Table<TransitGatewayId, TransitGateway>,
    /// Attachments in every state.
    pub transit_gateway_attachments: Table<TransitGatewayAttachmentId, TransitGatewayAttachment>,
    /// Route tables of transit gateways.
    pub transit_gateway_route_tables: Table<TransitGatewayRouteTableId, TransitGatewayRouteTable>,
    /// Virtual private gateways.
    pub vpn_gateways: Table<VpnGatewayId, VpnGateway>,
    /// Routers on premises.
    pub customer_gateways: Table<CustomerGatewayId, CustomerGateway>,
    /// VPN connections.
    pub vpn_connections: Table<VpnConnectionId, VpnConnection>,
    /// What Block Public Access refuses, by account and region; nothing where there is no entry.
    pub public_access: Vec<(Scope, BlockMode)>,
    /// For what it does not hold.
    pub public_access_exclusions: Table<PublicAccessExclusionId, PublicAccessExclusion>,
    /// Roles, by account and name.
    pub roles: Table<(Account, String), Role>,
    /// Users, by account and name.
    pub users: Table<(Account, String), User>,
    /// Instance profiles, by account and name.
    pub instance_profiles: Table<(Account, String), InstanceProfile>,
    /// Managed policies that accounts have made, by ARN.
    pub managed_policies: Table<String, ManagedPolicy>,
    /// Credentials that were ever given to anybody, by the id of their key.
    pub sessions: Table<String, Session>,
    /// Buckets of S3, by name.
    pub buckets: Table<String, Bucket>,
    /// Tables of DynamoDB.
    pub dynamodb_tables: BTreeMap<(Account, Region, String), DynamoDbTable>,
    /// Flow logs.
    pub flow_logs: Table<FlowLogId, FlowLog>,
    /// Log groups of CloudWatch Logs, by whose they are and their name.
    pub log_groups: BTreeMap<(Account, Region, String), LogGroup>,
    /// Topics of SNS, by ARN.
    pub topics: BTreeMap<String, Topic>,
    /// How many of a thing there may be.
    pub quotas: Quotas,
    /// Hosts on premises, by network and address.
    pub on_prem: IndexMap<(CustomerGatewayId, Ipv4Addr), OnPremHost, FixedState>,
    /// Hosts on the internet, by their public address.
    pub outside: IndexMap<Ipv4Addr, OutsideHost, FixedState>,
    /// Which host stands for a service; maintained with `outside`.
    service_hosts: IndexMap<ServiceName, Ipv4Addr, FixedState>,
    /// The last attachment of a VPC to a transit gateway; maintained by `api/`.
    pub(crate) attached_vpcs: IndexMap<(TransitGatewayId, VpcId), TransitGatewayAttachmentId, FixedState>,
    /// What packets look for.
    lookups: lookups::Cached,
    /// Which interface has a private address; maintained by `api/`.
    pub(crate) private_addresses: IndexMap<(VpcId, Ipv4Addr), EniId, FixedState>,
    /// Which interface a public address is mapped to; maintained by `api/`.
    pub(crate) public_addresses: IndexMap<Ipv4Addr, EniId, FixedState>,
    /// The addresses of regional NAT gateways, which no interface has; maintained by `api/`.
    pub(crate) nat_public_addresses: IndexMap<Ipv4Addr, NatGatewayId, FixedState>,
    /// Names and the ids they were given to, oldest first: a name outlives what had it.
    pub(crate) names_given: Vec<(String, String)>,
    /// What interfaces that are gone were called.
    pub(crate) former_labels: Table<EniId, String>,
    /// How many resources were made without a name; their ids derive from it.
    pub(crate) unnamed: u64,
    /// How often an id was derived from a path of names: no id is given twice.
    pub(crate) derived: IndexMap<u64, u64, FixedState>,
    /// Grows whenever instances come, go, start or stop, and whenever their names or addresses change.
    pub(crate) hosts_changed: u64,
}

impl Model {
    /// Puts a host on the internet. Not an operation of EC2: AWS does not make these.
    pub fn connect_outside_host(&mut self, host: OutsideHost) {
        if let Some(service) = &host.service {
            self.service_hosts.entry(service.clone()).or_insert(host.address);
        }
        self.outside.insert(host.address, host);
    }

    /// Puts a host behind a customer gateway.
    pub(crate) fn connect_on_prem_host(&mut self, host: OnPremHost) {
        self.on_prem.insert((host.network, host.address), host);
    }

    /// The VPC with this id, which must exist.
    pub fn vpc(&self, id: VpcId) -> &Vpc {
        &self.vpcs[&id]
    }

    /// The subnet with this id, which must exist.
    pub fn subnet(&self, id: SubnetId) -> &Subnet {
        &self.subnets[&id]
    }

    /// The interface with this id, which must exist.
    pub fn eni(&self, id: EniId) -> &Eni {
        &self.enis[&id]
    }

    /// The interface that has a private address in a VPC.
    pub fn eni_with_address(&self, vpc: VpcId, address: Ipv4Addr) -> Option<&Eni> {
        self.private_addresses.get(&(vpc, address)).map(|&id| self.eni(id))
    }

    /// The interface a public address is mapped to.
    pub fn eni_with_public_address(&self, address: Ipv4Addr) -> Option<&Eni> {
        self.public_addresses.get(&address).map(|&id| self.eni(id))
    }

    /// The table that routes for a subnet: its own, otherwise the main one of its VPC
    /// (aws: rtb-implicit-main).
    pub fn route_table_of(&self, subnet: &Subnet) -> &RouteTable {
        let id = subnet.route_table.map_or(self.vpc(subnet.vpc).main_route_table, |own| own.table);
        &self.route_tables[&id]
    }

    /// Whether the target of a route can carry traffic now (aws: route-blackhole).
    pub fn route_state(&self, route: &Route, vpc: VpcId, now: Instant) -> RouteState {
        let usable = match route.target {
            Target::GatewayEndpoint(id) => self.endpoints.contains_key(&id),
            Target::Local => true,
            Target::InternetGateway(id) => {
                self.internet_gateways.get(&id).is_some_and(|gw| gw.vpc == Some(vpc))
            }
            Target::NatGateway(id) => {
                self.nat_gateways.get(&id).is_some_and(|nat| nat.state == NatGatewayState::Available)
            }
            Target::NetworkInterface(id) => self.enis.get(&id).is_some_and(|eni| self.is_up(eni)),
            Target::Peering(id) => {
                self.peerings.get(&id).is_some_and(|pcx| pcx.status_at(now) == PeeringStatus::Active)
            }
            Target::TransitGateway(id) => self.attachment_of_vpc(id, vpc).is_some(),
            Target::VpnGateway(id) => self.vpn_gateways.get(&id).is_some_and(|gw| gw.vpc == Some(vpc)),
        };
        if usable { RouteState::Active } else { RouteState::Blackhole }
    }

    /// Whether something works behind an interface: an instance that runs, or a gateway.
    pub fn is_up(&self, eni: &Eni) -> bool {
        match eni.owner {
            None => false,
            Some(Owner::Instance(id)) => {
                self.instances.get(&id).is_some_and(|instance| instance.state == InstanceState::Running)
            }
            Some(Owner::InterfaceEndpoint(id)) => self.endpoints.contains_key(&id),
            Some(Owner::NatGateway(id)) => {
                self.nat_gateways.get(&id).is_some_and(|nat| nat.state == NatGatewayState::Available)
            }
            Some(Owner::Requester(_)) => true,
            Some(Owner::TransitGateway(id)) => self.is_attached(id),
        }
    }

    fn is_attached(&self, id: TransitGatewayAttachmentId) -> bool {
        self.transit_gateway_attachments.get(&id).is_some_and(|a| a.state == AttachmentState::Available)
    }

    /// The attachment of a VPC to a transit gateway, if it carries traffic.
    pub fn attachment_of_vpc(
        &self,
        gateway: TransitGatewayId,
        vpc: VpcId,
    ) -> Option<&TransitGatewayAttachment> {
        let attachment = self.transit_gateway_attachments.get(self.attached_vpcs.get(&(gateway, vpc))?);
        attachment.filter(|attachment| attachment.state == AttachmentState::Available)
    }

    /// The table of a transit gateway that routes what comes from an attachment (aws: tgw-one-association).
    pub fn transit_gateway_table_of(
        &self,
        gateway: TransitGatewayId,
        attachment: TransitGatewayAttachmentId,
    ) -> Option<&TransitGatewayRouteTable> {
        let tables = self.transit_gateway_route_tables.values();
        tables.into_iter().find(|t| t.transit_gateway == gateway && t.associations.contains(&attachment))
    }

    /// What Block Public Access refuses in a region.
    pub fn block_mode(&self, scope: Scope) -> BlockMode {
        let set = self.public_access.iter().find(|(set, _)| *set == scope);
        set.map_or(BlockMode::Off, |(_, mode)| *mode)
    }

    /// The credentials with the id of a key, and whose they are.
    pub fn credentials(&self, access_key_id: &str) -> Option<&Session> {
        self.sessions.get(access_key_id)
    }

    /// The credentials that somebody was ever given, oldest first.
    pub fn access_keys_of(&self, principal: &Principal) -> impl Iterator<Item = &Credentials> {
        let own = self.sessions.values().filter(move |session| session.principal == *principal);
        own.map(|session| &session.credentials)
    }

    /// The managed policy with an ARN: one of AWS, or one that an account has made.
    pub fn managed_policy(&self, arn: &str) -> Option<&ManagedPolicy> {
        let of_aws = || aws_policies::all().iter().find(|policy| policy.arn == arn);
        self.managed_policies.get(arn).or_else(of_aws)
    }

    /// The managed policies that AWS has made for everybody.
    pub fn aws_policies() -> &'static [ManagedPolicy] {
        aws_policies::all()
    }

    /// The instance profile of an instance.
    pub fn instance_profile_of(&self, id: InstanceId) -> Option<&InstanceProfile> {
        let instance = self.instances.get(&id)?;
        let (_, name) = instance.profile.as_ref()?;
        self.instance_profiles.get(&(instance.scope.account, name.clone()))
    }

    /// The role that an instance has through its profile.
    pub fn role_of_instance(&self, id: InstanceId) -> Option<&Role> {
        let profile = self.instance_profile_of(id)?;
        self.roles.get(&(profile.account, profile.role.clone()?))
    }

    /// The policies of whoever asks; `None` for somebody who is not known, or not any more.
    pub fn policies_of(&self, principal: &Principal) -> Option<&Policies> {
        match principal {
            Principal::Anonymous => None,
            Principal::Role { account, role, .. } => {
                self.roles.get(&(*account, role.clone())).map(|role| &role.policies)
            }
            Principal::User { account, name } => {
                self.users.get(&(*account, name.clone())).map(|user| &user.policies)
            }
        }
    }

    /// The host that stands for a service of AWS.
    pub fn service_host(&self, service: &ServiceName) -> Option<&OutsideHost> {
        self.service_hosts.get(service).map(|address| &self.outside[address])
    }

    /// The host that stands for a service in a region, whatever the service's whole name.
    pub fn service_at(&self, region: Region, service: &str) -> Option<&OutsideHost> {
        let hosts = self.service_hosts.iter();
        let (_, address) =
            hosts.into_iter().find(|(name, _)| name.region() == region && name.service() == service)?;
        self.outside.get(address)
    }

    /// Whether public names of one VPC mean private addresses in another: they are peered, and the
    /// peering says so (aws: pcx-dns-option).
    pub fn resolves_for_peer(&self, theirs: VpcId, asks: VpcId, now: Instant) -> bool {
        self.peerings.values().any(|pcx| {
            pcx.status_at(now) == PeeringStatus::Active
                && pcx
                    .sides_from(theirs)
                    .is_some_and(|(here, there)| there.vpc == asks && here.allow_dns_resolution)
        })
    }

    /// Whether a security group of one VPC can be named in an ingress rule of another, because both are
    /// attached to one transit gateway and all three say so (aws: tgw-sg-referencing).
    pub fn share_groups_over_transit_gateway(&self, a: VpcId, b: VpcId) -> bool {
        self.transit_gateways.keys().any(|gateway| self.shares_groups(*gateway, a, b))
    }

    /// The same of one transit gateway.
    pub fn shares_groups(&self, gateway: TransitGatewayId, a: VpcId, b: VpcId) -> bool {
        let shares = |vpc: VpcId| {
            self.attachment_of_vpc(gateway, vpc).is_some_and(|attachment| {
                matches!(
                    attachment.resource,
                    AttachmentResource::Vpc { security_group_referencing: true, .. }
                )
            })
        };
        let gateway = self.transit_gateways.get(&gateway);
        gateway.is_some_and(|gateway| gateway.security_group_referencing) && shares(a) && shares(b)
    }

    /// Whether two VPCs are connected by an active peering connection within one region
    /// (aws: sg-reference-peering).
    pub fn are_peered_in_region(&self, a: VpcId, b: VpcId, now: Instant) -> bool {
        self.peerings.values().any(|pcx| {
            pcx.connects_in_region(now) && pcx.sides_from(a).is_some_and(|(_, there)| there.vpc == b)
        })
    }

    /// Whether somebody has a public address: an interface, an allocation, or a host on the internet.
    pub fn has_public_address(&self, address: Ipv4Addr) -> bool {
        self.public_addresses.contains_key(&address)
            || self.nat_public_addresses.contains_key(&address)
            || self.outside.contains_key(&address)
            || self.elastic_ips.values().any(|eip| eip.ip == address)
    }

    /// The ids that were ever given a name, newest first. What has them may be gone.
    pub fn ids_once_named<'m>(&'m self, name: &'m str) -> impl Iterator<Item = &'m str> {
        self.names_given.iter().rev().filter(move |(given, _)| given == name).map(|(_, id)| id.as_str())
    }

    /// How often hosts or what they are called by has changed.
    pub fn hosts_changed(&self) -> u64 {
        self.hosts_changed
    }

    /// The interfaces with a host of their own beside the primary ones of instances: secondary ones, and those of
    /// services.
    pub fn further_hosts(&self) -> impl Iterator<Item = &Eni> + Clone {
        self.enis.values().filter(|eni| match eni.owner {
            Some(Owner::Instance(id)) => {
                self.instances.get(&id).is_some_and(|instance| instance.eni != eni.id)
            }
            Some(Owner::Requester(_)) => true,
            Some(Owner::InterfaceEndpoint(_) | Owner::NatGateway(_) | Owner::TransitGateway(_)) | None => {
                false
            }
        })
    }

    /// The names of the hosts a scenario describes, in the order of their ids and addresses.
    pub fn host_names(&self) -> impl Iterator<Item = &str> + Clone {
        let instances = self.instances.values().filter_map(|instance| instance.name.as_deref());
        let instances = instances.chain(self.further_hosts().filter_map(|eni| eni.name.as_deref()));
        let outside = self.outside.values().filter(|host| !host.is_provided);
        let on_prem = self.on_prem.values().filter(|host| !host.is_provided);
        instances.chain(outside.map(|host| host.name.as_str())).chain(on_prem.map(|host| host.name.as_str()))
    }

    /// What people call an interface: the name of its instance, its own name, or its id.
    pub fn eni_label(&self, id: EniId) -> String {
        let Some(eni) = self.enis.get(&id) else {
            return self.former_labels.get(&id).cloned().unwrap_or_else(|| id.to_string());
        };
        let of_owner = match eni.owner {
            Some(Owner::Instance(id)) => {
                self.instances.get(&id).filter(|i| i.eni == eni.id).and_then(|i| i.name.clone())
            }
            Some(Owner::InterfaceEndpoint(id)) => self.endpoints.get(&id).and_then(|e| e.name.clone()),
            Some(Owner::NatGateway(id)) => self.nat_gateways.get(&id).and_then(|nat| nat.name.clone()),
            Some(Owner::TransitGateway(id)) => {
                self.transit_gateway_attachments.get(&id).and_then(|a| a.name.clone())
            }
            Some(Owner::Requester(_)) | None => None,
        };
        of_owner.or_else(|| eni.name.clone()).unwrap_or_else(|| id.to_string())
    }

    /// What people call whoever has an address, seen from a VPC or from the internet.
    pub fn address_label(&self, vpc: Option<VpcId>, address: Ipv4Addr) -> Option<String> {
        let eni = vpc
            .and_then(|vpc| self.eni_with_address(vpc, address))
            .or_else(|| self.eni_with_public_address(address));
        eni.map(|eni| self.eni_label(eni.id))
            .or_else(|| self.outside.get(&address).map(|host| host.name.clone()))
    }
}
