//! NAT gateways, endpoints, transit gateways, prefix lists, networks on premises and quotas as they are
//! written.

use std::net::Ipv4Addr;
use std::time::Duration;

use ipnet::Ipv4Net;

use super::hosts::Setup;
use super::identity::document;
use super::{
    ADDRESS, CIDR, Named, cidr_of, each, flag, host_setup, named, names, names_at, owned_text, scope,
};
use crate::model::{Quotas, Scope};
use crate::scenario::fields::Fields;
use crate::scenario::problem::{Problem, Problems};
use crate::scenario::yaml::{Key, Node, Spanned, Value};

#[derive(Debug)]
pub struct NatGateway {
    pub named: Named,
    pub subnet: Option<Spanned<String>>,
    pub is_private: bool,
    pub elastic_ips: Vec<Spanned<String>>,
    pub private_ip: Option<Spanned<Ipv4Addr>>,
    pub secondary_private_ips: usize,
    pub eni_id: Option<Spanned<String>>,
}

#[derive(Debug)]
pub struct Endpoint {
    pub named: Named,
    pub service: Spanned<String>,
    pub route_tables: Vec<Spanned<String>>,
    pub subnets: Vec<Spanned<String>>,
    pub security_groups: Vec<Spanned<String>>,
    pub private_dns: Option<Spanned<PrivateDns>>,
    pub interfaces: Vec<GatewayInterface>,
    pub policy: Option<Spanned<String>>,
}

/// Whether the service's own name leads to an interface endpoint.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PrivateDns {
    Off,
    On,
    /// For those only who ask an inbound endpoint of the resolver.
    InboundOnly,
}

#[derive(Debug)]
pub struct PrefixList {
    pub named: Named,
    pub scope: Scope,
    pub entries: Vec<Spanned<Ipv4Net>>,
    pub max_entries: Option<usize>,
}

#[derive(Debug)]
pub struct TransitGateway {
    pub named: Named,
    pub scope: Scope,
    pub has_default_table: bool,
    pub security_group_referencing: bool,
    pub attachments: Vec<Attachment>,
    /// Their names, and the transit gateways they lead to.
    pub peerings: Vec<(Named, Spanned<String>)>,
    pub route_tables: Vec<TransitTable>,
}

#[derive(Debug)]
pub struct Attachment {
    pub named: Named,
    pub vpc: Spanned<String>,
    pub subnets: Vec<Spanned<String>>,
    pub interfaces: Vec<GatewayInterface>,
    pub appliance_mode: bool,
    pub security_group_referencing: bool,
}

/// What the interface of an attachment or an endpoint in a subnet is called, and its address.
#[derive(Debug)]
pub struct GatewayInterface {
    pub subnet: Spanned<String>,
    pub eni_id: Option<Spanned<String>>,
    pub private_ip: Option<Spanned<Ipv4Addr>>,
}

#[derive(Debug)]
pub struct TransitTable {
    pub named: Named,
    /// Whether it is the one that came with the transit gateway.
    pub is_default: bool,
    /// Whether nothing is associated with it or propagates to it but what is listed.
    pub is_exact: bool,
    pub associations: Vec<Spanned<String>>,
    pub propagations: Vec<Spanned<String>>,
    pub routes: Vec<(Spanned<Ipv4Net>, Spanned<String>)>,
}

#[derive(Debug)]
pub struct OnPrem {
    pub named: Named,
    pub scope: Scope,
    pub address: Option<Spanned<Ipv4Addr>>,
    pub cidrs: Vec<Spanned<Ipv4Net>>,
    pub latency: Duration,
    pub hosts: Vec<OnPremHost>,
    pub connections: Vec<Connection>,
}

#[derive(Debug)]
pub struct OnPremHost {
    pub name: Spanned<String>,
    pub address: Spanned<Ipv4Addr>,
    pub setup: Setup,
}

#[derive(Debug)]
pub struct Connection {
    pub named: Named,
    pub to: Spanned<String>,
    /// The blocks AWS sends into it; those of the network unless others are given.
    pub routes: Option<Vec<Spanned<Ipv4Net>>>,
    /// The id of its attachment to a transit gateway.
    pub attachment_id: Option<Spanned<String>>,
}

/// One-way time from premises to AWS, unless the file says another.
const LATENCY: Duration = Duration::from_millis(10);

/// `quotas: unlimited`, or some of them with other numbers.
pub fn quotas(fields: &mut Fields<'_>, problems: &mut Problems) -> Quotas {
    let mut quotas = Quotas::default();
    let Some(node) = fields.optional("quotas") else { return quotas };
    if node.entries_if_map().is_none() {
        return match node.text(problems) {
            Some("unlimited") => Quotas::unlimited(),
            Some(other) => {
                let problem = Problem::at(node.span, format!("unknown quotas `{other}`"));
                problems.push(problem.hint("write `unlimited`, or quotas with their numbers"));
                quotas
            }
            None => quotas,
        };
    }
    for (key, node) in node.entries(problems, "quotas by name").unwrap_or_default() {
        match quotas.get_mut(&key.text) {
            Some(quota) => {
                let number = node.integer(problems, 0..=u64::from(u32::MAX));
                *quota = number.map_or(*quota, |number| number.value as usize);
            }
            None => {
                let known = Quotas::NAMES.iter().copied();
                problems.push(Problem::unknown(key.span, "quota", &key.text, known));
            }
        }
    }
    quotas
}

pub fn nat_gateway(key: &Key, node: &Node, problems: &mut Problems) -> Option<NatGateway> {
    let mut fields = Fields::of(node, "a NAT gateway", problems)?;
    let named = named(key, &mut fields, problems);
    let is_regional = flag(&mut fields, "regional", false, problems);
    let subnet = if is_regional {
        None
    } else {
        Some(fields.required("subnet", problems).and_then(|node| owned_text(node, problems)))
    };
    let is_private = flag(&mut fields, "private", false, problems);
    let elastic_ips = names_at(&mut fields, "elastic_ips", problems);
    let private_ip = fields.optional("private_ip").and_then(|node| node.parse(problems, ADDRESS));
    let eni_id = fields.optional("eni_id").and_then(|node| owned_text(node, problems));
    let secondary = fields.optional("secondary_private_ips").and_then(|node| node.integer(problems, 0..=31));
    fields.finish(problems);
    Some(NatGateway {
        named,
        subnet: match subnet {
            None => None,
            Some(subnet) => Some(subnet?),
        },
        is_private,
        elastic_ips,
        private_ip,
        eni_id,
        secondary_private_ips: secondary.map_or(0, |number: Spanned<u32>| number.value as usize),
    })
}

pub fn endpoint(key: &Key, node: &Node, problems: &mut Problems) -> Option<Endpoint> {
    let mut fields = Fields::of(node, "an endpoint", problems)?;
    let named = named(key, &mut fields, problems);
    let service = fields.required("service", problems).and_then(|node| owned_text(node, problems));
    let mut list =
        |key, problems: &mut Problems| fields.optional(key).map(|node| (node.place, names(node, problems)));
    let route_tables = list("route_tables", problems);
    let subnets = list("subnets", problems);
    let security_groups = list("security_groups", problems);
    let private_dns = fields.optional("private_dns").and_then(|node| {
        let known =
            [("true", PrivateDns::On), ("false", PrivateDns::Off), ("inbound-only", PrivateDns::InboundOnly)];
        node.choice(problems, "private DNS", &known)
    });
    let policy = fields.optional("policy").and_then(|node| document(node, problems));
    let interfaces = each(&mut fields, "interfaces", "interfaces by subnet", problems, gateway_interface);
    fields.finish(problems);
    match (&route_tables, &subnets, &security_groups) {
        (Some(_), Some((place, _)), _) | (Some(_), _, Some((place, _))) => {
            let message = "a gateway endpoint has `route_tables`, an interface endpoint has `subnets`";
            problems.push(Problem::at(*place, message).hint("make two endpoints of it"));
        }
        (None, None, _) => {
            let message =
                "an endpoint needs `route_tables` (a gateway endpoint) or `subnets` (an interface endpoint)";
            problems.push(Problem::at(key.span, message));
        }
        (_, _, _) => {}
    }
    let of = |list: Option<(_, Vec<Spanned<String>>)>| list.map(|(_, names)| names).unwrap_or_default();
    Some(Endpoint {
        named,
        service: service?,
        route_tables: of(route_tables),
        subnets: of(subnets),
        security_groups: of(security_groups),
        private_dns,
        interfaces,
        policy,
    })
}

pub fn prefix_list(key: &Key, node: &Node, around: Scope, problems: &mut Problems) -> Option<PrefixList> {
    let mut fields = Fields::of(node, "a prefix list", problems)?;
    let named = named(key, &mut fields, problems);
    let scope = scope(&mut fields, Some(around), problems);
    let entries = fields.required("entries", problems).map(|node| blocks(node, problems));
    let max = fields.optional("max_entries").and_then(|node| node.integer(problems, 1..=1000_u32));
    fields.finish(problems);
    let max_entries = max.map(|max| max.value as usize);
    Some(PrefixList { named, scope, entries: entries?, max_entries })
}

/// A block, or several.
pub fn blocks(node: &Node, problems: &mut Problems) -> Vec<Spanned<Ipv4Net>> {
    let found = names(node, problems).into_iter().map(|text| match cidr_of(&text.value) {
        Some(value) => Some(Spanned { span: text.span, value }),
        None => {
            problems.push(Problem::at(text.span, format!("expected {CIDR}, found `{}`", text.value)));
            None
        }
    });
    found.flatten().collect()
}

pub fn transit_gateway(
    key: &Key,
    node: &Node,
    around: Scope,
    problems: &mut Problems,
) -> Option<TransitGateway> {
    let mut fields = Fields::of(node, "a transit gateway", problems)?;
    let gateway = TransitGateway {
        named: named(key, &mut fields, problems),
        scope: scope(&mut fields, Some(around), problems),
        has_default_table: flag(&mut fields, "default_route_table", true, problems),
        security_group_referencing: flag(&mut fields, "security_group_referencing", false, problems),
        attachments: each(&mut fields, "attachments", "attachments by name", problems, attachment),
        peerings: each(
            &mut fields,
            "peerings",
            "transit gateways by name of the peering",
            problems,
            transit_peering,
        ),
        route_tables: each(&mut fields, "route_tables", "route tables by name", problems, transit_table),
    };
    fields.finish(problems);
    Some(gateway)
}

/// The transit gateway it leads to, or that and its id.
fn transit_peering(key: &Key, node: &Node, problems: &mut Problems) -> Option<(Named, Spanned<String>)> {
    let name = Spanned { span: key.span, value: key.text.clone() };
    let Value::Map(_) = node.value else {
        return Some((Named { name, id: None }, owned_text(node, problems)?));
    };
    let mut fields = Fields::of(node, "a peering of transit gateways", problems)?;
    let named = named(key, &mut fields, problems);
    let to = fields.required("to", problems).and_then(|node| owned_text(node, problems));
    fields.finish(problems);
    Some((named, to?))
}

fn attachment(key: &Key, node: &Node, problems: &mut Problems) -> Option<Attachment> {
    let mut fields = Fields::of(node, "an attachment", problems)?;
    let named = named(key, &mut fields, problems);
    let vpc = fields.required("vpc", problems).and_then(|node| owned_text(node, problems));
    let subnets = fields.required("subnets", problems).map(|node| names(node, problems));
    let interfaces = each(&mut fields, "interfaces", "interfaces by subnet", problems, gateway_interface);
    let appliance_mode = flag(&mut fields, "appliance_mode", false, problems);
    let security_group_referencing = flag(&mut fields, "security_group_referencing", true, problems);
    fields.finish(problems);
    let (vpc, subnets) = (vpc?, subnets?);
    Some(Attachment { named, vpc, subnets, interfaces, appliance_mode, security_group_referencing })
}

fn gateway_interface(key: &Key, node: &Node, problems: &mut Problems) -> Option<GatewayInterface> {
    let mut fields = Fields::of(node, "an interface of a gateway", problems)?;
    let interface = GatewayInterface {
        subnet: Spanned { span: key.span, value: key.text.clone() },
        eni_id: fields.optional("eni_id").and_then(|node| owned_text(node, problems)),
        private_ip: fields.optional("private_ip").and_then(|node| node.parse(problems, ADDRESS)),
    };
    fields.finish(problems);
    Some(interface)
}

fn transit_table(key: &Key, node: &Node, problems: &mut Problems) -> Option<TransitTable> {
    let mut fields = Fields::of(node, "a route table of a transit gateway", problems)?;
    let table = TransitTable {
        named: named(key, &mut fields, problems),
        is_default: flag(&mut fields, "default", false, problems),
        is_exact: flag(&mut fields, "exact", false, problems),
        associations: names_at(&mut fields, "associations", problems),
        propagations: names_at(&mut fields, "propagations", problems),
        routes: each(&mut fields, "routes", "attachments by destination", problems, |key, node, problems| {
            let destination = cidr_of(&key.text).map(|value| Spanned { span: key.span, value });
            if destination.is_none() {
                problems.push(Problem::at(key.span, format!("expected {CIDR}, found `{}`", key.text)));
            }
            Some((destination?, owned_text(node, problems)?))
        }),
    };
    fields.finish(problems);
    Some(table)
}

pub fn on_prem(key: &Key, node: &Node, around: Scope, problems: &mut Problems) -> Option<OnPrem> {
    let mut fields = Fields::of(node, "a network on premises", problems)?;
    let named = named(key, &mut fields, problems);
    let scope = scope(&mut fields, Some(around), problems);
    let address = fields.optional("address").and_then(|node| node.parse(problems, ADDRESS));
    let cidrs = fields.required("cidr", problems).map(|node| blocks(node, problems));
    let latency = fields.optional("latency").and_then(|node| node.duration(problems));
    let hosts = each(&mut fields, "hosts", "hosts by name", problems, |key, node, problems| {
        let mut fields = Fields::of(node, "a host on premises", problems)?;
        let address = fields.required("address", problems).and_then(|node| node.parse(problems, ADDRESS));
        let setup = host_setup(&mut fields, problems);
        fields.finish(problems);
        let name = super::host_name(key, problems);
        Some(OnPremHost { name, address: address?, setup })
    });
    let connections = each(&mut fields, "vpn", "VPN connections by name", problems, |key, node, problems| {
        let mut fields = Fields::of(node, "a VPN connection", problems)?;
        let named = super::named(key, &mut fields, problems);
        let to = fields.required("to", problems).and_then(|node| owned_text(node, problems));
        let routes = fields.optional("routes").map(|node| blocks(node, problems));
        let attachment_id = fields.optional("attachment_id").and_then(|node| owned_text(node, problems));
        fields.finish(problems);
        Some(Connection { named, to: to?, routes, attachment_id })
    });
    fields.finish(problems);
    Some(OnPrem {
        named,
        scope,
        address,
        cidrs: cidrs?,
        latency: latency.map_or(LATENCY, |latency| latency.value),
        hosts,
        connections,
    })
}
