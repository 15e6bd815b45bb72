//! The topology as it is written: values with their places, names not yet looked up.
//!
//! Knows the keys of the language, nothing of what they lead to.

mod dhcp;
mod gateways;
mod hosts;
mod identity;
mod logs;
mod rules;
mod services;

use std::net::Ipv4Addr;

use ipnet::Ipv4Net;

pub use self::dhcp::DhcpOptions;
pub use self::gateways::{
    Attachment, Connection, Endpoint, GatewayInterface, NatGateway, OnPrem, OnPremHost, PrefixList,
    PrivateDns, TransitGateway, TransitTable,
};
pub use self::hosts::{
    Instance, Interface, InterfaceOwner, OutsideHost, PublicIp, Setup, bad_host_name, serves, services,
};
use self::hosts::{host_name, host_setup, instance, interface, outside_host};
pub use self::identity::{Identities, Policies};
pub use self::logs::{Destination, FlowLog};
pub use self::rules::{AclRule, GroupRule};
use self::rules::{acl_rule, group_rule, rules};
pub use self::services::{Bucket, DynamoDbTable, Topic};
use super::fields::Fields;
use super::problem::{Problem, Problems};
use super::yaml::{Key, Node, Spanned, Value};
use crate::model::{Account, Quotas, Region, Scope, Zone};

/// Everything that exists at the beginning.
#[derive(Debug, Default)]
pub struct Topology {
    pub identities: Option<Identities>,
    pub vpcs: Vec<Vpc>,
    pub quotas: Quotas,
    pub prefix_lists: Vec<PrefixList>,
    pub peerings: Vec<Peering>,
    pub transit_gateways: Vec<TransitGateway>,
    pub elastic_ips: Vec<ElasticIp>,
    pub internet: Vec<OutsideHost>,
    pub on_prem: Vec<OnPrem>,
    pub buckets: Vec<Bucket>,
    pub tables: Vec<DynamoDbTable>,
    pub topics: Vec<Topic>,
    pub flow_logs: Vec<FlowLog>,
    pub log_groups: Vec<Spanned<String>>,
}

/// Every name that a file gives, whether or not the thing that has it can be made: what refers to a thing
/// with a mistake is not one more mistake.
#[derive(Debug, Default)]
pub struct Declared {
    /// Instances.
    pub instances: Vec<String>,
    /// Hosts on the internet.
    pub outside: Vec<String>,
    /// Hosts on premises.
    pub on_prem: Vec<String>,
    /// Flow logs.
    pub flow_logs: Vec<String>,
    /// All of these, and everything else.
    pub all: Vec<String>,
}

impl Declared {
    /// The names in a file.
    pub fn of(root: &Node) -> Self {
        let mut declared =
            Self { outside: keys(root, "internet"), flow_logs: keys(root, "flow_logs"), ..Self::default() };
        for vpc in children(root, "vpcs") {
            for kind in ["instances", "interfaces"] {
                declared.instances.extend(keys(vpc, kind));
            }
            let kinds =
                ["subnets", "route_tables", "network_acls", "security_groups", "nat_gateways", "endpoints"];
            for kind in kinds {
                declared.all.extend(keys(vpc, kind));
            }
            for gateway in ["internet_gateway", "vpn_gateway"] {
                let given = child(vpc, gateway);
                let name = given.and_then(|node| child(node, "name")).or(given);
                if let Some(Value::Scalar { text, .. }) = name.map(|node| &node.value) {
                    declared.all.push(text.clone());
                }
            }
        }
        for gateway in children(root, "transit_gateways") {
            for kind in ["attachments", "peerings", "route_tables"] {
                declared.all.extend(keys(gateway, kind));
            }
        }
        if let Some(iam) = child(root, "iam") {
            for kind in ["policies", "roles", "users"] {
                declared.all.extend(keys(iam, kind));
            }
        }
        for network in children(root, "on_prem") {
            declared.on_prem.extend(keys(network, "hosts"));
            declared.all.extend(keys(network, "vpn"));
        }
        for kind in
            ["vpcs", "peerings", "elastic_ips", "prefix_lists", "transit_gateways", "on_prem", "flow_logs"]
        {
            declared.all.extend(keys(root, kind));
        }
        declared
            .all
            .extend(declared.instances.iter().chain(&declared.outside).chain(&declared.on_prem).cloned());
        declared
    }
}

fn entries<'n>(node: &'n Node, key: &str) -> &'n [(Key, Node)] {
    match child(node, key).map(|node| &node.value) {
        Some(Value::Map(entries)) => entries,
        Some(Value::Null | Value::Scalar { .. } | Value::List(_)) | None => &[],
    }
}

fn child<'n>(node: &'n Node, key: &str) -> Option<&'n Node> {
    let Value::Map(entries) = &node.value else { return None };
    entries.iter().find(|(found, _)| found.text == key).map(|(_, node)| node)
}

fn children<'n>(node: &'n Node, key: &str) -> impl Iterator<Item = &'n Node> {
    entries(node, key).iter().map(|(_, node)| node)
}

fn keys(node: &Node, key: &str) -> Vec<String> {
    entries(node, key).iter().map(|(key, _)| key.text.clone()).collect()
}

/// A name with its place, and an id if the file pins one.
#[derive(Debug, Clone)]
pub struct Named {
    pub name: Spanned<String>,
    pub id: Option<Spanned<String>>,
}

#[derive(Debug)]
pub struct Vpc {
    pub named: Named,
    pub scope: Scope,
    pub is_default: bool,
    pub cidr: Option<Spanned<Ipv4Net>>,
    pub secondary_cidrs: Vec<Spanned<Ipv4Net>>,
    pub internet_gateway: Option<Named>,
    pub vpn_gateway: Option<Named>,
    pub dns_support: Option<bool>,
    pub dns_hostnames: Option<bool>,
    pub monitors_encryption: bool,
    pub dhcp_options: Option<DhcpOptions>,
    pub subnets: Vec<Subnet>,
    pub route_tables: Vec<RouteTable>,
    pub network_acls: Vec<NetworkAcl>,
    pub security_groups: Vec<SecurityGroup>,
    pub instances: Vec<Instance>,
    pub interfaces: Vec<Interface>,
    pub nat_gateways: Vec<NatGateway>,
    pub endpoints: Vec<Endpoint>,
}

#[derive(Debug)]
pub struct Subnet {
    pub named: Named,
    pub cidr: Spanned<Ipv4Net>,
    pub zone: Option<Zone>,
    pub map_public_ip: bool,
}

#[derive(Debug)]
pub struct RouteTable {
    pub named: Named,
    pub is_main: bool,
    pub subnets: Vec<Spanned<String>>,
    /// The gateways whose incoming packets it routes.
    pub gateways: Vec<Spanned<String>>,
    /// The virtual private gateways whose routes it takes over.
    pub propagates: Vec<Spanned<String>>,
    /// Destinations: blocks, or names of prefix lists.
    pub routes: Vec<(Spanned<String>, Spanned<String>)>,
}

#[derive(Debug)]
pub struct NetworkAcl {
    pub named: Named,
    pub is_default: bool,
    pub subnets: Vec<Spanned<String>>,
    pub ingress: Option<Vec<AclRule>>,
    pub egress: Option<Vec<AclRule>>,
}

#[derive(Debug)]
pub struct SecurityGroup {
    pub named: Named,
    pub ingress: Option<Vec<GroupRule>>,
    pub egress: Option<Vec<GroupRule>>,
}

#[derive(Debug)]
pub struct Peering {
    pub named: Named,
    pub requester: Spanned<String>,
    pub accepter: Spanned<String>,
    pub is_accepted: bool,
}

#[derive(Debug)]
pub struct ElasticIp {
    pub named: Named,
    pub scope: Scope,
    pub address: Option<Spanned<Ipv4Addr>>,
    pub instance: Option<Spanned<String>>,
    pub interface: Option<Spanned<String>>,
    pub private_ip: Option<Spanned<Ipv4Addr>>,
}

const CIDR: &str = "an IPv4 CIDR block such as `10.0.0.0/16`";
const ADDRESS: &str = "an IPv4 address such as `10.0.0.10`";
const ACCOUNT: &str = "an account number of twelve digits, in quotes";

/// Region and account: those of the file, or of what surrounds them.
pub fn scope(fields: &mut Fields<'_>, around: Option<Scope>, problems: &mut Problems) -> Scope {
    let default = around.unwrap_or(Scope {
        account: "123456789012".parse().expect("an account"),
        region: "us-east-1".parse().expect("a region"),
    });
    let region = fields.optional("region").and_then(|node| region(node, problems));
    let account = fields.optional("account").and_then(|node| node.parse::<Account>(problems, ACCOUNT));
    Scope {
        account: account.map_or(default.account, |account| account.value),
        region: region.unwrap_or(default.region),
    }
}

fn region(node: &Node, problems: &mut Problems) -> Option<Region> {
    let known: Vec<(&str, Region)> =
        Region::names().map(|name| (name, name.parse().expect("a known region"))).collect();
    node.choice(problems, "region", &known).map(|region| region.value)
}

/// Reads all that describes resources.
pub fn topology(fields: &mut Fields<'_>, scope: Scope, problems: &mut Problems) -> Topology {
    Topology {
        identities: identity::identities(fields, scope, problems),
        quotas: gateways::quotas(fields, problems),
        prefix_lists: each(fields, "prefix_lists", "prefix lists by name", problems, |key, node, p| {
            gateways::prefix_list(key, node, scope, p)
        }),
        transit_gateways: each(
            fields,
            "transit_gateways",
            "transit gateways by name",
            problems,
            |k, n, p| gateways::transit_gateway(k, n, scope, p),
        ),
        on_prem: each(fields, "on_prem", "networks by name", problems, |key, node, p| {
            gateways::on_prem(key, node, scope, p)
        }),
        vpcs: each(fields, "vpcs", "VPCs by name", problems, |key, node, p| vpc(key, node, scope, p)),
        peerings: each(fields, "peerings", "peering connections by name", problems, peering),
        elastic_ips: each(fields, "elastic_ips", "Elastic IPs by name", problems, |key, node, p| {
            elastic_ip(key, node, scope, p)
        }),
        internet: each(fields, "internet", "hosts by name", problems, outside_host),
        buckets: each(fields, "buckets", "buckets by name", problems, |key, node, p| {
            services::bucket(key, node, scope, p)
        }),
        tables: each(fields, "tables", "tables by name", problems, |key, node, p| {
            services::table(key, node, scope, p)
        }),
        topics: each(fields, "topics", "topics by name", problems, |key, node, p| {
            services::topic(key, node, scope, p)
        }),
        flow_logs: each(fields, "flow_logs", "flow logs by name", problems, logs::flow_log),
        log_groups: logs::log_groups(fields, problems),
    }
}

/// Reads a map of named things; those with mistakes are left out.
fn each<T>(
    fields: &mut Fields<'_>,
    key: &'static str,
    what: &str,
    problems: &mut Problems,
    mut read: impl FnMut(&Key, &Node, &mut Problems) -> Option<T>,
) -> Vec<T> {
    let Some(node) = fields.optional(key) else { return Vec::new() };
    let Some(entries) = node.entries(problems, what) else { return Vec::new() };
    entries.iter().filter_map(|(key, node)| read(key, node, problems)).collect()
}

fn named(key: &Key, fields: &mut Fields<'_>, problems: &mut Problems) -> Named {
    let id = fields.optional("id").and_then(|node| owned_text(node, problems));
    Named { name: Spanned { span: key.span, value: key.text.clone() }, id }
}

/// A name, or a name and an id.
fn named_node(node: &Node, problems: &mut Problems) -> Option<Named> {
    let Value::Map(_) = node.value else {
        return owned_text(node, problems).map(|name| Named { name, id: None });
    };
    let mut fields = Fields::of(node, "a gateway", problems)?;
    let name = fields.required("name", problems).and_then(|node| owned_text(node, problems));
    let id = fields.optional("id").and_then(|node| owned_text(node, problems));
    fields.finish(problems);
    Some(Named { name: name?, id })
}

fn owned_text(node: &Node, problems: &mut Problems) -> Option<Spanned<String>> {
    node.text(problems).map(|text| node.spanned(text.to_owned()))
}

/// A name, or several.
fn names(node: &Node, problems: &mut Problems) -> Vec<Spanned<String>> {
    match &node.value {
        Value::List(_) => {
            let list = node.list(problems, "names").unwrap_or_default();
            list.iter().filter_map(|node| owned_text(node, problems)).collect()
        }
        Value::Null | Value::Scalar { .. } | Value::Map(_) => {
            owned_text(node, problems).into_iter().collect()
        }
    }
}

/// The names behind a key; none if it is left out.
fn names_at(fields: &mut Fields<'_>, key: &'static str, problems: &mut Problems) -> Vec<Spanned<String>> {
    fields.optional(key).map(|node| names(node, problems)).unwrap_or_default()
}

fn flag(fields: &mut Fields<'_>, key: &'static str, default: bool, problems: &mut Problems) -> bool {
    fields.optional(key).and_then(|node| node.bool(problems)).map_or(default, |flag| flag.value)
}

fn vpc(key: &Key, node: &Node, around: Scope, problems: &mut Problems) -> Option<Vpc> {
    let mut fields = Fields::of(node, "a VPC", problems)?;
    let named = named(key, &mut fields, problems);
    let scope = scope(&mut fields, Some(around), problems);
    let is_default = flag(&mut fields, "default", false, problems);
    let cidr = if is_default { fields.optional("cidr") } else { fields.required("cidr", problems) };
    if let (true, Some(node)) = (is_default, cidr) {
        problems.push(
            Problem::at(node.span, "a default VPC has the block 172.31.0.0/16, and no other can be given")
                .hint("leave `cidr` out, or leave `default` out"),
        );
    }
    let vpc = Vpc {
        named,
        scope,
        is_default,
        cidr: cidr.and_then(|node| node.parse(problems, CIDR)),
        secondary_cidrs: fields
            .optional("secondary_cidrs")
            .map(|node| gateways::blocks(node, problems))
            .unwrap_or_default(),
        internet_gateway: fields.optional("internet_gateway").and_then(|node| named_node(node, problems)),
        vpn_gateway: fields.optional("vpn_gateway").and_then(|node| named_node(node, problems)),
        dns_support: fields.optional("dns_support").and_then(|n| n.bool(problems)).map(|flag| flag.value),
        dns_hostnames: fields.optional("dns_hostnames").and_then(|n| n.bool(problems)).map(|flag| flag.value),
        monitors_encryption: fields
            .optional("encryption_control")
            .and_then(|node| node.choice(problems, "mode of encryption control", &[("monitor", ())]))
            .is_some(),
        dhcp_options: fields.optional("dhcp_options").and_then(|node| dhcp::dhcp_options(node, problems)),
        subnets: each(&mut fields, "subnets", "subnets by name", problems, |k, n, p| {
            subnet(k, n, scope.region, p)
        }),
        route_tables: each(&mut fields, "route_tables", "route tables by name", problems, route_table),
        network_acls: each(&mut fields, "network_acls", "network ACLs by name", problems, network_acl),
        security_groups: each(
            &mut fields,
            "security_groups",
            "security groups by name",
            problems,
            security_group,
        ),
        instances: each(&mut fields, "instances", "instances by name", problems, instance),
        interfaces: each(&mut fields, "interfaces", "interfaces by name", problems, interface),
        nat_gateways: each(
            &mut fields,
            "nat_gateways",
            "NAT gateways by name",
            problems,
            gateways::nat_gateway,
        ),
        endpoints: each(&mut fields, "endpoints", "endpoints by name", problems, gateways::endpoint),
    };
    fields.finish(problems);
    Some(vpc)
}

fn subnet(key: &Key, node: &Node, region: Region, problems: &mut Problems) -> Option<Subnet> {
    let mut fields = Fields::of(node, "a subnet", problems)?;
    let named = named(key, &mut fields, problems);
    let cidr = fields.required("cidr", problems).and_then(|node| node.parse(problems, CIDR));
    let zone = fields.optional("az").and_then(|node| zone(node, region, problems));
    let map_public_ip = flag(&mut fields, "map_public_ip", false, problems);
    fields.finish(problems);
    Some(Subnet { named, cidr: cidr?, zone, map_public_ip })
}

/// A letter, or a zone's whole name.
fn zone(node: &Node, region: Region, problems: &mut Problems) -> Option<Zone> {
    let text = node.text(problems)?;
    let letter = text.strip_prefix(region.name()).unwrap_or(text);
    let zone = region.zones().find(|zone| letter.len() == 1 && letter.starts_with(zone.letter));
    if zone.is_none() {
        let letters: Vec<String> = region.zones().map(|zone| zone.letter.to_string()).collect();
        problems.push(Problem::unknown(
            node.span,
            &format!("Availability Zone of {region}"),
            text,
            letters.iter().map(String::as_str),
        ));
    }
    zone
}

fn route_table(key: &Key, node: &Node, problems: &mut Problems) -> Option<RouteTable> {
    let mut fields = Fields::of(node, "a route table", problems)?;
    let named = named(key, &mut fields, problems);
    let is_main = flag(&mut fields, "main", false, problems);
    let [subnets, gateways, propagates] =
        ["subnets", "gateways", "propagates"].map(|key| names_at(&mut fields, key, problems));
    let routes = each(&mut fields, "routes", "targets by destination", problems, |key, node, problems| {
        let destination = Spanned { span: key.span, value: key.text.clone() };
        Some((destination, owned_text(node, problems)?))
    });
    fields.finish(problems);
    Some(RouteTable { named, is_main, subnets, gateways, propagates, routes })
}

/// A block, or an address, which is a block of one.
pub fn cidr_of(text: &str) -> Option<Ipv4Net> {
    text.parse().ok().or_else(|| text.parse::<Ipv4Addr>().ok().map(Ipv4Net::from))
}

fn network_acl(key: &Key, node: &Node, problems: &mut Problems) -> Option<NetworkAcl> {
    let mut fields = Fields::of(node, "a network ACL", problems)?;
    let acl = NetworkAcl {
        named: named(key, &mut fields, problems),
        is_default: flag(&mut fields, "default", false, problems),
        subnets: names_at(&mut fields, "subnets", problems),
        ingress: rules(&mut fields, "ingress", problems, |node, p| acl_rule(node, "from", p)),
        egress: rules(&mut fields, "egress", problems, |node, p| acl_rule(node, "to", p)),
    };
    fields.finish(problems);
    Some(acl)
}

fn security_group(key: &Key, node: &Node, problems: &mut Problems) -> Option<SecurityGroup> {
    let mut fields = Fields::of(node, "a security group", problems)?;
    let group = SecurityGroup {
        named: named(key, &mut fields, problems),
        ingress: rules(&mut fields, "ingress", problems, |node, p| group_rule(node, "from", p)),
        egress: rules(&mut fields, "egress", problems, |node, p| group_rule(node, "to", p)),
    };
    fields.finish(problems);
    Some(group)
}

fn peering(key: &Key, node: &Node, problems: &mut Problems) -> Option<Peering> {
    let mut fields = Fields::of(node, "a peering connection", problems)?;
    let named = named(key, &mut fields, problems);
    let requester = fields.required("requester", problems).and_then(|node| owned_text(node, problems));
    let accepter = fields.required("accepter", problems).and_then(|node| owned_text(node, problems));
    let is_accepted = flag(&mut fields, "accepted", true, problems);
    fields.finish(problems);
    Some(Peering { named, requester: requester?, accepter: accepter?, is_accepted })
}

fn elastic_ip(key: &Key, node: &Node, around: Scope, problems: &mut Problems) -> Option<ElasticIp> {
    let mut fields = Fields::of(node, "an Elastic IP", problems)?;
    let eip = ElasticIp {
        named: named(key, &mut fields, problems),
        scope: scope(&mut fields, Some(around), problems),
        address: fields.optional("address").and_then(|node| node.parse(problems, ADDRESS)),
        instance: fields.optional("instance").and_then(|node| owned_text(node, problems)),
        interface: fields.optional("interface").and_then(|node| owned_text(node, problems)),
        private_ip: fields.optional("private_ip").and_then(|node| node.parse(problems, ADDRESS)),
    };
    fields.finish(problems);
    if let (Some(_), Some(interface)) = (&eip.instance, &eip.interface) {
        problems.push(
            Problem::at(interface.span, "an Elastic IP belongs to an instance or to an interface")
                .hint("leave one of the two out: an instance stands for its primary interface"),
        );
    }
    Some(eip)
}
