//! What a source describes, in EC2's terms, whatever it was written in.
//!
//! Readers fill it, `compose` writes a scenario of it. Knows no JSON, no Terraform and no language of scenarios.
//! Ids are texts: an id of AWS, or what a resource that has none yet is called in its source
//! (`aws_vpc.main`, a logical id of a template). Whatever names another resource names it by that text, and may
//! lead nowhere: what becomes of that is for `compose` to say.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::rc::Rc;

/// Where something is written: a file, and the way to it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Place {
    /// The file, as it is shown.
    pub file: Rc<str>,
    /// The way from the root of the document, such as `Vpcs[2].CidrBlock`, or an address in it, such as
    /// `aws_vpc.main`; empty for the document as a whole.
    pub path: String,
}

impl Place {
    /// A file as a whole.
    pub fn file(file: &Rc<str>) -> Self {
        Self { file: Rc::clone(file), path: String::new() }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.path.as_str() {
            "" => f.write_str(&self.file),
            path => write!(f, "{}: {path}", self.file),
        }
    }
}

/// What every resource has.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct About {
    /// By what others name it.
    pub id: String,
    /// Its Name tag, or the name it has in its source.
    pub name: Option<String>,
    /// Its other tags.
    pub tags: BTreeMap<String, String>,
    /// The account it belongs to, of twelve digits; that of its surroundings if it is not known.
    pub account: Option<String>,
    /// The region it is in; that of its surroundings if it is not known.
    pub region: Option<String>,
    /// Where it is written.
    pub place: Place,
}

/// All that was found, in the order of the source.
#[derive(Clone, Default, Debug)]
#[allow(missing_docs, reason = "each field is the kind it is named after")]
pub struct Inventory {
    pub vpcs: Vec<Vpc>,
    pub subnets: Vec<Subnet>,
    pub route_tables: Vec<RouteTable>,
    pub network_acls: Vec<NetworkAcl>,
    pub security_groups: Vec<SecurityGroup>,
    pub interfaces: Vec<Interface>,
    pub instances: Vec<Instance>,
    pub internet_gateways: Vec<InternetGateway>,
    pub nat_gateways: Vec<NatGateway>,
    pub addresses: Vec<Address>,
    pub peerings: Vec<Peering>,
    pub endpoints: Vec<Endpoint>,
    pub prefix_lists: Vec<PrefixList>,
    pub transit_gateways: Vec<TransitGateway>,
    pub transit_attachments: Vec<TransitAttachment>,
    pub transit_tables: Vec<TransitTable>,
    pub vpn_gateways: Vec<VpnGateway>,
    pub customer_gateways: Vec<CustomerGateway>,
    pub vpn_connections: Vec<VpnConnection>,
    pub flow_logs: Vec<FlowLog>,
}

/// Hands the names of all lists of an inventory to a macro.
macro_rules! each_list {
    ($with:ident) => {
        $with!(
            vpcs,
            subnets,
            route_tables,
            network_acls,
            security_groups,
            interfaces,
            instances,
            internet_gateways,
            nat_gateways,
            addresses,
            peerings,
            endpoints,
            prefix_lists,
            transit_gateways,
            transit_attachments,
            transit_tables,
            vpn_gateways,
            customer_gateways,
            vpn_connections,
            flow_logs
        )
    };
}
pub(super) use each_list;

impl Inventory {
    /// How early what comes from each place is made: what stands on something has a higher rank than what it stands on;
    /// routes and rules, which are in no list of their own, come last.
    pub fn ranks(&self) -> BTreeMap<&Place, u8> {
        let mut ranks = BTreeMap::new();
        macro_rules! rank {
            ($($rank:literal: $($kind:ident),*;)*) => {
                $($(ranks.extend(self.$kind.iter().map(|it| (&it.about.place, $rank)));)*)*
            };
        }
        rank! {
            0: vpcs, transit_gateways, prefix_lists;
            1: subnets, security_groups, route_tables, network_acls, internet_gateways, vpn_gateways;
            2: instances, customer_gateways;
            3: interfaces, peerings, transit_attachments, vpn_connections, addresses;
            4: nat_gateways, endpoints, transit_tables, flow_logs;
        }
        ranks
    }

    /// Takes out what comes from certain places: resources, routes and rules.
    pub fn leave_out(&mut self, places: &BTreeSet<Place>) {
        macro_rules! leave_out {
            ($($kind:ident),*) => {
                $(self.$kind.retain(|it| !places.contains(&it.about.place));)*
            };
        }
        each_list!(leave_out);
        for table in &mut self.route_tables {
            table.routes.retain(|it| !places.contains(&it.place));
        }
        for acl in &mut self.network_acls {
            acl.entries.retain(|it| !places.contains(&it.place));
        }
        for group in &mut self.security_groups {
            group.ingress.retain(|it| !places.contains(&it.place));
            group.egress.retain(|it| !places.contains(&it.place));
        }
        for table in &mut self.transit_tables {
            table.routes.retain(|it| !places.contains(&it.place));
        }
    }
}

/// A VPC.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Vpc {
    pub about: About,
    /// Its IPv4 blocks, the primary one first; those that are not associated any more are left out.
    pub cidrs: Vec<String>,
    /// `enableDnsSupport`, where the source says it.
    pub dns_support: Option<bool>,
    /// `enableDnsHostnames`, where the source says it.
    pub dns_hostnames: Option<bool>,
}

/// A subnet.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Subnet {
    pub about: About,
    pub vpc: String,
    pub cidr: String,
    /// The zone by its whole name, e.g. `us-east-1a`.
    pub zone: Option<String>,
    /// Whether instances get a public address at launch.
    pub map_public_ip: bool,
}

/// A route table.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RouteTable {
    pub about: About,
    pub vpc: String,
    /// Whether it is the main table of its VPC.
    pub is_main: bool,
    /// The subnets that are explicitly associated.
    pub subnets: Vec<String>,
    /// The gateways whose incoming packets it routes.
    pub gateways: Vec<String>,
    /// The virtual private gateways whose routes it takes over.
    pub propagating: Vec<String>,
    /// Local and propagated routes included.
    pub routes: Vec<Route>,
}

/// A row of a route table.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Route {
    pub destination: Block,
    pub target: RouteTarget,
    /// Taken over from a virtual private gateway.
    pub is_propagated: bool,
    /// Whether the source says that its target is gone.
    pub is_blackhole: bool,
    pub place: Place,
}

/// What a route leads to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum RouteTarget {
    /// The VPC itself.
    Local,
    /// A resource by its id, whatever its kind; an instance stands for its primary interface.
    Id(String),
}

/// Whom a rule or a route is about.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Block {
    /// A block of IPv4.
    Cidr(String),
    /// A block of IPv6.
    Ipv6(String),
    /// A prefix list, by its id.
    PrefixList(String),
}

/// A network ACL.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NetworkAcl {
    pub about: About,
    pub vpc: String,
    pub is_default: bool,
    pub subnets: Vec<String>,
    /// Without the last one, which denies everything.
    pub entries: Vec<AclEntry>,
}

/// A rule of a network ACL.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AclEntry {
    pub number: i64,
    pub is_egress: bool,
    pub allows: bool,
    pub traffic: Traffic,
    pub block: Block,
    pub place: Place,
}

/// The packets that a rule is about, as EC2 writes it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Traffic {
    /// `tcp`, `udp`, `icmp`, the number of a protocol, or `-1` for all.
    pub protocol: String,
    /// The first port, or the ICMP type; `None` and -1 mean all.
    pub from: Option<i64>,
    /// The last port, or the ICMP code; `None` and -1 mean all.
    pub to: Option<i64>,
}

/// A security group.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SecurityGroup {
    pub about: About,
    pub vpc: String,
    /// `GroupName`; `default` is the one that came with the VPC.
    pub group_name: String,
    pub ingress: Vec<Permission>,
    pub egress: Vec<Permission>,
}

/// A rule of a security group.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Permission {
    pub traffic: Traffic,
    pub peer: Peer,
    pub place: Place,
}

/// Whom a security group's rule lets through.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Peer {
    /// A block, or a prefix list.
    Block(Block),
    /// The members of a group, by its id.
    Group(String),
}

/// A network interface.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Interface {
    pub about: About,
    pub subnet: String,
    /// The primary one first; empty if the source does not know them yet.
    pub private_ips: Vec<String>,
    /// Public addresses that stand for private ones.
    pub public_ips: Vec<PublicIp>,
    pub security_groups: Vec<String>,
    pub source_dest_check: bool,
    /// `InterfaceType`: `interface`, `nat_gateway`, `lambda`, `network_load_balancer`, …
    pub kind: String,
    pub description: String,
    /// The instance it is attached to, and as which device.
    pub instance: Option<(String, i64)>,
    /// Whether it is attached to anything at all: what is attached to nothing has no host behind it.
    pub is_attached: bool,
}

/// A public address of an interface.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PublicIp {
    pub address: String,
    /// The private address it stands for; the primary one if it is not said.
    pub private_ip: Option<String>,
    /// The Elastic IP it is; `None` for one that Amazon assigned.
    pub allocation: Option<String>,
}

/// An instance.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Instance {
    pub about: About,
    /// E.g. `t3.micro`.
    pub instance_type: Option<String>,
    /// Stopped, stopping or the like: it keeps its interfaces and is silent.
    pub is_stopped: bool,
    /// The subnet, for an instance whose primary interface is not among the interfaces.
    pub subnet: Option<String>,
    /// Whether it gets a public address at launch, where the source says it and knows no address yet.
    pub associate_public_ip: Option<bool>,
}

/// An internet gateway.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct InternetGateway {
    pub about: About,
    pub vpc: Option<String>,
}

/// A NAT gateway that works.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NatGateway {
    pub about: About,
    pub vpc: Option<String>,
    /// `None` for a regional one.
    pub subnet: Option<String>,
    pub is_public: bool,
    /// Its interface.
    pub interface: Option<String>,
    pub private_ip: Option<String>,
    /// Elastic IPs by allocation id, the primary one first.
    pub allocations: Vec<String>,
    /// Secondary private addresses.
    pub secondary_private_ips: Vec<String>,
}

/// An Elastic IP.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Address {
    pub about: About,
    /// `None` if it is not known yet.
    pub public_ip: Option<String>,
    /// The interface or instance it is associated with; what belongs to a NAT gateway names none.
    pub associated_with: Option<String>,
    pub private_ip: Option<String>,
}

/// A peering connection that is active, or waits to be accepted.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Peering {
    pub about: About,
    pub requester: PeerVpc,
    pub accepter: PeerVpc,
    pub is_accepted: bool,
}

/// One side of a peering connection.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct PeerVpc {
    pub vpc: String,
    pub account: Option<String>,
    pub region: Option<String>,
    /// Its blocks, if the source says them.
    pub cidrs: Vec<String>,
}

/// A VPC endpoint.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Endpoint {
    pub about: About,
    pub vpc: String,
    /// E.g. `com.amazonaws.us-east-1.s3`.
    pub service: String,
    pub kind: EndpointKind,
    /// The policy's JSON, unless it is the default one.
    pub policy: Option<String>,
}

/// What an endpoint is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum EndpointKind {
    Gateway {
        route_tables: Vec<String>,
    },
    Interface {
        subnets: Vec<String>,
        security_groups: Vec<String>,
        /// Its interfaces, if they are among the interfaces.
        interfaces: Vec<String>,
        private_dns: bool,
    },
    /// One that is not simulated, by its type.
    Other(String),
}

/// A prefix list.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PrefixList {
    pub about: About,
    /// E.g. `com.amazonaws.us-east-1.s3` for one that AWS manages.
    pub list_name: String,
    pub entries: Vec<String>,
    pub max_entries: Option<i64>,
}

/// A transit gateway.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TransitGateway {
    pub about: About,
    /// Whether new attachments are associated with, and propagate to, the default table.
    pub has_default_table: bool,
    pub security_group_referencing: bool,
}

/// What is attached to a transit gateway.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TransitAttachment {
    pub about: About,
    pub transit_gateway: String,
    pub resource: TransitResource,
}

/// The resource of an attachment.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum TransitResource {
    Vpc {
        vpc: String,
        subnets: Vec<String>,
        appliance_mode: bool,
    },
    Vpn {
        connection: String,
    },
    Peering {
        transit_gateway: String,
    },
    /// One that is not simulated, by its type.
    Other(String),
}

/// A route table of a transit gateway.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TransitTable {
    pub about: About,
    pub transit_gateway: String,
    /// Whether it is the default one of associations.
    pub is_default: bool,
    /// Whether nothing else is associated with it or propagates to it, also if it is the default one.
    pub is_complete: bool,
    /// Attachments by id.
    pub associations: Vec<String>,
    /// Attachments by id.
    pub propagations: Vec<String>,
    /// Without those that were propagated.
    pub routes: Vec<TransitRoute>,
}

/// A static route of a transit gateway.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TransitRoute {
    pub cidr: String,
    /// `None` for one that drops.
    pub attachment: Option<String>,
    pub place: Place,
}

/// A virtual private gateway.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct VpnGateway {
    pub about: About,
    pub vpc: Option<String>,
}

/// A router on premises.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CustomerGateway {
    pub about: About,
    pub ip_address: Option<String>,
}

/// A VPN connection.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct VpnConnection {
    pub about: About,
    pub customer_gateway: String,
    /// A virtual private gateway or a transit gateway.
    pub gateway: String,
    /// The blocks that AWS sends into it, where the source says them.
    pub routes: Vec<String>,
}

/// A flow log.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FlowLog {
    pub about: About,
    /// A VPC, subnet, interface or transit gateway.
    pub resource: String,
    /// `ACCEPT`, `REJECT` or `ALL`.
    pub traffic_type: String,
    pub destination: LogDestination,
    pub format: Option<String>,
    pub interval_seconds: Option<i64>,
}

/// Where a flow log goes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum LogDestination {
    /// A log group by name.
    LogGroup(String),
    Bucket {
        name: String,
        prefix: Option<String>,
        parquet: bool,
        hive_compatible: bool,
        per_hour: bool,
    },
}

/// What could not be carried over as it stands.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Notice {
    /// Where it is written.
    pub place: Place,
    /// How much is lost by it.
    pub loss: Loss,
    /// What was left out or changed, and why; a fragment without a full stop.
    pub message: String,
}

/// How much a [`Notice`] means.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Loss {
    /// Something that decides over packets is missing or was assumed.
    Matters,
    /// No IPv4 packet is treated otherwise for it.
    Harmless,
}

/// What a reader makes of a source.
#[derive(Clone, Default, Debug)]
pub struct Reading {
    /// What was found.
    pub inventory: Inventory,
    /// What was not carried over.
    pub notices: Vec<Notice>,
}

/// A source cannot be read at all: nothing is made of it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Trouble {
    /// Where.
    pub place: Place,
    /// What is wrong; a fragment without a full stop.
    pub message: String,
    /// What to do.
    pub hint: Option<String>,
}
