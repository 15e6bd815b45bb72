//! The topology as it is written: values with their places, names not yet looked up.
//!
//! Knows the keys of the language, nothing of what they lead to.

mod gateways;

use std::net::Ipv4Addr;
use std::time::Duration;

use ipnet::Ipv4Net;

pub use self::gateways::{
    Attachment, Connection, Endpoint, NatGateway, OnPrem, OnPremHost, PrefixList, TransitGateway,
    TransitTable,
};
use super::fields::Fields;
use super::problem::{Problem, Problems, quote};
use super::yaml::{Key, Node, Span, Spanned, Value};
use crate::guest::{Answer, HostSetup, Service, Site};
use crate::model::{Account, AclAction, Bandwidth, PortRange, Quotas, Region, Scope, Traffic, Zone};
use crate::wire::Protocol;

/// Everything that exists at the beginning.
#[derive(Debug, Default)]
pub struct Topology {
    pub vpcs: Vec<Vpc>,
    pub quotas: Quotas,
    pub prefix_lists: Vec<PrefixList>,
    pub peerings: Vec<Peering>,
    pub transit_gateways: Vec<TransitGateway>,
    pub elastic_ips: Vec<ElasticIp>,
    pub internet: Vec<OutsideHost>,
    pub on_prem: Vec<OnPrem>,
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
    /// All of these, and everything else.
    pub all: Vec<String>,
}

impl Declared {
    /// The names in a file.
    pub fn of(root: &Node) -> Self {
        let mut declared = Self { outside: keys(root, "internet"), ..Self::default() };
        for vpc in children(root, "vpcs") {
            declared.instances.extend(keys(vpc, "instances"));
            let kinds =
                ["subnets", "route_tables", "network_acls", "security_groups", "nat_gateways", "endpoints"];
            for kind in kinds {
                declared.all.extend(keys(vpc, kind));
            }
            for gateway in ["internet_gateway", "vpn_gateway"] {
                if let Some(Value::Scalar { text, .. }) = child(vpc, gateway).map(|node| &node.value) {
                    declared.all.push(text.clone());
                }
            }
        }
        for gateway in children(root, "transit_gateways") {
            for kind in ["attachments", "peerings", "route_tables"] {
                declared.all.extend(keys(gateway, kind));
            }
        }
        for network in children(root, "on_prem") {
            declared.on_prem.extend(keys(network, "hosts"));
            declared.all.extend(keys(network, "vpn"));
        }
        for kind in ["vpcs", "peerings", "elastic_ips", "prefix_lists", "transit_gateways", "on_prem"] {
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
    pub internet_gateway: Option<Spanned<String>>,
    pub vpn_gateway: Option<Spanned<String>>,
    pub dns_support: Option<bool>,
    pub dns_hostnames: Option<bool>,
    pub subnets: Vec<Subnet>,
    pub route_tables: Vec<RouteTable>,
    pub network_acls: Vec<NetworkAcl>,
    pub security_groups: Vec<SecurityGroup>,
    pub instances: Vec<Instance>,
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
pub struct AclRule {
    pub place: Span,
    pub number: u16,
    pub action: AclAction,
    pub traffic: Traffic,
    pub peer: Spanned<String>,
}

#[derive(Debug)]
pub struct SecurityGroup {
    pub named: Named,
    pub ingress: Vec<GroupRule>,
    pub egress: Option<Vec<GroupRule>>,
}

#[derive(Debug)]
pub struct GroupRule {
    pub traffic: Traffic,
    pub peer: Spanned<String>,
}

#[derive(Debug)]
pub struct Instance {
    pub named: Named,
    pub eni_id: Option<Spanned<String>>,
    pub subnet: Option<Spanned<String>>,
    pub security_groups: Vec<Spanned<String>>,
    pub private_ip: Option<Spanned<Ipv4Addr>>,
    pub secondary_private_ips: Vec<Spanned<Ipv4Addr>>,
    pub public_ip: Option<bool>,
    pub source_dest_check: bool,
    pub tracked_flows_max: Option<usize>,
    pub bandwidth: Option<Bandwidth>,
    pub setup: HostSetup,
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
}

#[derive(Debug)]
pub struct OutsideHost {
    pub name: Spanned<String>,
    pub address: Spanned<Ipv4Addr>,
    pub latency: Duration,
    pub service: Option<Spanned<String>>,
    pub setup: HostSetup,
}

/// One-way time from a host on the internet to AWS, unless the file says another.
const LATENCY: Duration = Duration::from_millis(10);

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

/// What is wrong with a name by which commands are to call a host.
pub fn bad_host_name(span: Span, name: &str) -> Option<Problem> {
    let problem = if name.is_empty() {
        Problem::at(span, "a host without a name")
    } else if name.contains(|c: char| c.is_whitespace() || c.is_control()) {
        Problem::at(span, format!("{} cannot be typed as the name of a host", quote(name)))
            .hint("leave out spaces and control characters")
    } else if name.parse::<Ipv4Addr>().is_ok() {
        Problem::at(span, format!("`{name}` is an address, not the name of a host"))
    } else {
        return None;
    };
    Some(problem)
}

/// The name of a host.
fn host_name(key: &Key, problems: &mut Problems) -> Spanned<String> {
    if let Some(problem) = bad_host_name(key.span, &key.text) {
        problems.push(problem);
    }
    Spanned { span: key.span, value: key.text.clone() }
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
        internet_gateway: fields.optional("internet_gateway").and_then(|node| owned_text(node, problems)),
        vpn_gateway: fields.optional("vpn_gateway").and_then(|node| owned_text(node, problems)),
        dns_support: fields.optional("dns_support").and_then(|n| n.bool(problems)).map(|flag| flag.value),
        dns_hostnames: fields.optional("dns_hostnames").and_then(|n| n.bool(problems)).map(|flag| flag.value),
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
        ingress: rules(&mut fields, "ingress", problems, |node, p| group_rule(node, "from", p))
            .unwrap_or_default(),
        egress: rules(&mut fields, "egress", problems, |node, p| group_rule(node, "to", p)),
    };
    fields.finish(problems);
    Some(group)
}

fn rules<T>(
    fields: &mut Fields<'_>,
    key: &'static str,
    problems: &mut Problems,
    mut read: impl FnMut(&Node, &mut Problems) -> Option<T>,
) -> Option<Vec<T>> {
    let list = fields.optional(key)?.list(problems, "rules")?;
    Some(list.iter().filter_map(|node| read(node, problems)).collect())
}

fn acl_rule(node: &Node, peer: &'static str, problems: &mut Problems) -> Option<AclRule> {
    let mut fields = Fields::of(node, "a network ACL rule", problems)?;
    let number = fields.required("rule", problems).and_then(|node| node.integer(problems, 1..=32_766));
    let actions = [("allow", AclAction::Allow), ("deny", AclAction::Deny)];
    let action =
        fields.required("action", problems).and_then(|node| node.choice(problems, "action", &actions));
    let traffic = traffic(&mut fields, problems);
    let peer = fields.required(peer, problems).and_then(|node| owned_text(node, problems));
    fields.finish(problems);
    Some(AclRule {
        place: node.place,
        number: number?.value,
        action: action?.value,
        traffic: traffic?,
        peer: peer?,
    })
}

fn group_rule(node: &Node, peer: &'static str, problems: &mut Problems) -> Option<GroupRule> {
    let mut fields = Fields::of(node, "a security group rule", problems)?;
    let traffic = traffic(&mut fields, problems);
    let peer = fields.required(peer, problems).and_then(|node| owned_text(node, problems));
    fields.finish(problems);
    Some(GroupRule { traffic: traffic?, peer: peer? })
}

/// `tcp: 22`, `udp: 1024-65535`, `icmp: all`, `protocol: 50`; all traffic if none of them is there.
fn traffic(fields: &mut Fields<'_>, problems: &mut Problems) -> Option<Traffic> {
    let tcp = fields.optional("tcp").map(|node| (node, ports(node, problems).map(Traffic::Tcp)));
    let udp = fields.optional("udp").map(|node| (node, ports(node, problems).map(Traffic::Udp)));
    let icmp = fields.optional("icmp").map(|node| (node, icmp(node, problems)));
    let protocol = fields.optional("protocol").map(|node| (node, protocol(node, problems)));
    let mut given = [tcp, udp, icmp, protocol].into_iter().flatten();
    let Some((_, traffic)) = given.next() else { return Some(Traffic::All) };
    if let Some((another, _)) = given.next() {
        problems
            .push(Problem::at(another.place, "a rule is about one protocol").hint("write a rule for each"));
    }
    traffic
}

fn ports(node: &Node, problems: &mut Problems) -> Option<PortRange> {
    let text = node.text(problems)?;
    let range = match text.split_once('-') {
        _ if text == "all" => Some(PortRange::ALL),
        Some((from, to)) => {
            from.trim().parse().ok().zip(to.trim().parse().ok()).map(|(from, to)| PortRange { from, to })
        }
        None => text.parse().ok().map(PortRange::one),
    };
    let range = range.filter(|range| range.from <= range.to);
    if range.is_none() {
        problems.push(Problem::at(
            node.span,
            format!("expected a port such as `22`, a range such as `1024-65535`, or `all`, found `{text}`"),
        ));
    }
    range
}

fn icmp(node: &Node, problems: &mut Problems) -> Option<Traffic> {
    let text = node.text(problems)?;
    let (kind, code) = match text.split_once('/') {
        Some((kind, code)) => (kind, Some(code)),
        None => (text, None),
    };
    let kind = match kind {
        "all" => Some(None),
        "echo-request" => Some(Some(8)),
        "echo-reply" => Some(Some(0)),
        number => number.parse().ok().map(Some),
    };
    let code = match code {
        None => Some(None),
        Some(number) => number.parse().ok().map(Some),
    };
    if kind.is_none() || code.is_none() {
        problems.push(Problem::at(
            node.span,
            format!("expected an ICMP type such as `8`, a type and code such as `3/4`, `echo-request` or `all`, found `{text}`"),
        ));
    }
    Some(Traffic::Icmp { kind: kind?, code: code? })
}

fn protocol(node: &Node, problems: &mut Problems) -> Option<Traffic> {
    if node.text(problems)? == "all" {
        return Some(Traffic::All);
    }
    node.integer(problems, 0..=255_u8).map(|number| match Protocol(number.value) {
        Protocol::TCP => Traffic::Tcp(PortRange::ALL),
        Protocol::UDP => Traffic::Udp(PortRange::ALL),
        Protocol::ICMP => Traffic::Icmp { kind: None, code: None },
        other => Traffic::Other(other),
    })
}

fn instance(key: &Key, node: &Node, problems: &mut Problems) -> Option<Instance> {
    let mut fields = Fields::of(node, "an instance", problems)?;
    let name = host_name(key, problems);
    let instance = Instance {
        named: Named { name, ..named(key, &mut fields, problems) },
        eni_id: fields.optional("eni_id").and_then(|node| owned_text(node, problems)),
        subnet: fields.optional("subnet").and_then(|node| owned_text(node, problems)),
        security_groups: names_at(&mut fields, "security_groups", problems),
        private_ip: fields.optional("private_ip").and_then(|node| node.parse(problems, ADDRESS)),
        secondary_private_ips: addresses(&mut fields, "secondary_private_ips", problems),
        public_ip: fields.optional("public_ip").and_then(|node| node.bool(problems)).map(|flag| flag.value),
        source_dest_check: flag(&mut fields, "source_dest_check", true, problems),
        tracked_flows_max: fields
            .optional("tracked_flows_max")
            .and_then(|node| node.integer(problems, 0..=u32::MAX))
            .map(|number| number.value as usize),
        bandwidth: fields.optional("bandwidth").and_then(|node| node.bandwidth(problems)).map(|b| b.value),
        setup: host_setup(&mut fields, problems),
    };
    fields.finish(problems);
    Some(instance)
}

fn addresses(fields: &mut Fields<'_>, key: &'static str, problems: &mut Problems) -> Vec<Spanned<Ipv4Addr>> {
    let found = names_at(fields, key, problems).into_iter().map(|text| match text.value.parse() {
        Ok(value) => Some(Spanned { span: text.span, value }),
        Err(_) => {
            problems.push(Problem::at(text.span, format!("expected {ADDRESS}, found `{}`", text.value)));
            None
        }
    });
    found.flatten().collect()
}

/// What a host does by itself: what it serves, whether it forwards for others, how long its packets are.
fn host_setup(fields: &mut Fields<'_>, problems: &mut Problems) -> HostSetup {
    HostSetup {
        services: serves(fields, problems),
        forwards: flag(fields, "forwards", false, problems),
        mtu: fields
            .optional("mtu")
            .and_then(|node| node.integer(problems, 576..=9001_u16))
            .map(|mtu| mtu.value),
    }
}

/// Ports and what listens on them: a text is a web page.
pub fn serves(fields: &mut Fields<'_>, problems: &mut Problems) -> Vec<(u16, Service)> {
    each(fields, "serves", "pages by port", problems, |key, node, problems| {
        let port = key.text.parse::<u16>().ok().filter(|port| *port > 0);
        if port.is_none() {
            problems.push(Problem::at(
                key.span,
                format!("expected a port from 1 to 65535, found `{}`", key.text),
            ));
        }
        Some((port?, service(node, problems)?))
    })
}

/// The longest page that is made up: 1 GB.
const BYTES_MAX: u64 = 1_000_000_000;

fn service(node: &Node, problems: &mut Problems) -> Option<Service> {
    let Value::Map(_) = node.value else {
        return node.text(problems).map(|text| match text {
            "ssh" => Service::Ssh,
            body => Service::Http(Site::plain(body)),
        });
    };
    let mut fields = Fields::of(node, "a web page", problems)?;
    let redirect = fields.optional("redirect").and_then(|node| node.text(problems));
    let status = fields.optional("status").and_then(|node| node.integer(problems, 200..=599_u16));
    let body = fields.optional("body").and_then(|node| node.text(problems));
    let bytes =
        fields.optional("bytes").and_then(|node| Some((node, node.integer(problems, 0..=BYTES_MAX)?)));
    fields.finish(problems);
    if let (Some((node, _)), true) = (&bytes, redirect.is_some() || body.is_some()) {
        problems.push(
            Problem::at(node.span, "a page of so many bytes has no text and leads nowhere")
                .hint("leave `bytes` out, or leave `body` and `redirect` out"),
        );
    }
    let mut answer = match (redirect, body, bytes) {
        (Some(location), _, _) => Answer::redirect(location),
        (None, _, Some((_, bytes))) => Answer::filler(bytes.value),
        (None, body, None) => Answer::plain(body.unwrap_or_default()),
    };
    if let Some(status) = status {
        (answer.status, answer.reason) = (status.value, reason_phrase(status.value).to_owned());
    }
    Some(Service::Http(Site::everywhere(answer)))
}

/// What stands behind a status code; RFC 9110 lets it be empty.
fn reason_phrase(status: u16) -> &'static str {
    match status {
        200 => "OK",
        204 => "No Content",
        301 => "Moved Permanently",
        302 => "Found",
        403 => "Forbidden",
        404 => "Not Found",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        _ => "",
    }
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
    };
    fields.finish(problems);
    Some(eip)
}

fn outside_host(key: &Key, node: &Node, problems: &mut Problems) -> Option<OutsideHost> {
    let mut fields = Fields::of(node, "a host on the internet", problems)?;
    let address = fields.required("address", problems).and_then(|node| node.parse(problems, ADDRESS));
    let latency = fields.optional("latency").and_then(|node| node.duration(problems));
    let service = fields.optional("service").and_then(|node| owned_text(node, problems));
    let setup = host_setup(&mut fields, problems);
    fields.finish(problems);
    Some(OutsideHost {
        service,
        setup,
        name: host_name(key, problems),
        address: address?,
        latency: latency.map_or(LATENCY, |latency| latency.value),
    })
}
