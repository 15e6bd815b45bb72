//! What everything is called in a scenario, and by which text others refer to it.
//!
//! A resource is called by its name; where two of a kind would have the same name, by more than that. Whatever has an
//! id of AWS can be referred to by it, which is done where a name would lead to several things.

use std::collections::{BTreeMap, BTreeSet};

use super::super::inventory::{About, Interface, Inventory};
use crate::ids::{
    AllocationId, CustomerGatewayId, EniId, FlowLogId, InstanceId, InternetGatewayId, NatGatewayId,
    NetworkAclId, PeeringId, PrefixListId, RouteTableId, SecurityGroupId, SubnetId,
    TransitGatewayAttachmentId, TransitGatewayId, TransitGatewayRouteTableId, VpcEndpointId, VpcId,
    VpnConnectionId, VpnGatewayId,
};

/// The kinds of things that a scenario names.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[allow(missing_docs, reason = "each variant is the kind it is named after")]
pub enum Kind {
    Address,
    Attachment,
    CustomerGateway,
    Endpoint,
    FlowLog,
    Instance,
    Interface,
    InternetGateway,
    NatGateway,
    NetworkAcl,
    Peering,
    PrefixList,
    RouteTable,
    SecurityGroup,
    Subnet,
    TransitGateway,
    TransitTable,
    Vpc,
    VpnConnection,
    VpnGateway,
}

/// Where a name must be the only one of its kind: what a reference can lead to besides.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Domain {
    /// What routes lead to, hosts included.
    Targets,
    Of(Kind),
}

impl Kind {
    /// What it is called in words.
    pub fn word(self) -> &'static str {
        match self {
            Self::Address => "Elastic IP",
            Self::Attachment => "transit gateway attachment",
            Self::CustomerGateway => "customer gateway",
            Self::Endpoint => "endpoint",
            Self::FlowLog => "flow log",
            Self::Instance => "instance",
            Self::Interface => "interface",
            Self::InternetGateway => "internet gateway",
            Self::NatGateway => "NAT gateway",
            Self::NetworkAcl => "network ACL",
            Self::Peering => "peering connection",
            Self::PrefixList => "prefix list",
            Self::RouteTable => "route table",
            Self::SecurityGroup => "security group",
            Self::Subnet => "subnet",
            Self::TransitGateway => "transit gateway",
            Self::TransitTable => "transit gateway route table",
            Self::Vpc => "VPC",
            Self::VpnConnection => "VPN connection",
            Self::VpnGateway => "virtual private gateway",
        }
    }

    /// Whether a text is an id of AWS for this kind.
    fn is_id(self, text: &str) -> bool {
        match self {
            Self::Address => text.parse::<AllocationId>().is_ok(),
            Self::Attachment => text.parse::<TransitGatewayAttachmentId>().is_ok(),
            Self::CustomerGateway => text.parse::<CustomerGatewayId>().is_ok(),
            Self::Endpoint => text.parse::<VpcEndpointId>().is_ok(),
            Self::FlowLog => text.parse::<FlowLogId>().is_ok(),
            Self::Instance => text.parse::<InstanceId>().is_ok(),
            Self::Interface => text.parse::<EniId>().is_ok(),
            Self::InternetGateway => text.parse::<InternetGatewayId>().is_ok(),
            Self::NatGateway => text.parse::<NatGatewayId>().is_ok(),
            Self::NetworkAcl => text.parse::<NetworkAclId>().is_ok(),
            Self::Peering => text.parse::<PeeringId>().is_ok(),
            Self::PrefixList => text.parse::<PrefixListId>().is_ok(),
            Self::RouteTable => text.parse::<RouteTableId>().is_ok(),
            Self::SecurityGroup => text.parse::<SecurityGroupId>().is_ok(),
            Self::Subnet => text.parse::<SubnetId>().is_ok(),
            Self::TransitGateway => text.parse::<TransitGatewayId>().is_ok(),
            Self::TransitTable => text.parse::<TransitGatewayRouteTableId>().is_ok(),
            Self::Vpc => text.parse::<VpcId>().is_ok(),
            Self::VpnConnection => text.parse::<VpnConnectionId>().is_ok(),
            Self::VpnGateway => text.parse::<VpnGatewayId>().is_ok(),
        }
    }

    fn domain(self) -> Domain {
        match self {
            Self::Instance
            | Self::Interface
            | Self::InternetGateway
            | Self::NatGateway
            | Self::Peering
            | Self::TransitGateway
            | Self::VpnGateway => Domain::Targets,
            Self::Address
            | Self::Attachment
            | Self::CustomerGateway
            | Self::Endpoint
            | Self::FlowLog
            | Self::NetworkAcl
            | Self::PrefixList
            | Self::RouteTable
            | Self::SecurityGroup
            | Self::Subnet
            | Self::TransitTable
            | Self::Vpc
            | Self::VpnConnection => Domain::Of(self),
        }
    }

    fn is_host(self) -> bool {
        matches!(self, Self::Instance | Self::Interface)
    }
}

/// A resource as the scenario knows it.
#[derive(Clone, Debug)]
pub struct Called {
    /// Its kind.
    pub kind: Kind,
    /// Its key.
    pub key: String,
    /// The id to pin, if the source knows it and the key is not it already.
    pub id: Option<String>,
    /// The VPC it is listed in.
    pub vpc: Option<String>,
}

/// All names.
#[derive(Debug, Default)]
pub struct Names {
    /// By id in the source.
    called: BTreeMap<String, Called>,
    /// Which keys of a kind are taken within a VPC, or anywhere.
    taken: BTreeSet<(Kind, Option<String>, String)>,
    /// Host names are taken for all.
    hosts: BTreeSet<String>,
    /// How many things a name leads to.
    leads_to: BTreeMap<(Domain, String), usize>,
}

/// Words of the language that no name may be.
const RESERVED: [&str; 5] = ["anywhere", "blackhole", "internet", "local", "self"];

impl Names {
    /// Names everything there is, in the order of the source.
    pub fn of(inventory: &Inventory) -> Self {
        let mut names = Self::default();
        let here = |vpc: &String| Some(vpc.clone());
        for it in &inventory.vpcs {
            names.add(Kind::Vpc, &it.about, None);
        }
        for it in &inventory.subnets {
            names.add(Kind::Subnet, &it.about, here(&it.vpc));
        }
        for it in &inventory.route_tables {
            names.add(Kind::RouteTable, &it.about, here(&it.vpc));
        }
        for it in &inventory.network_acls {
            names.add(Kind::NetworkAcl, &it.about, here(&it.vpc));
        }
        for it in &inventory.security_groups {
            let about = About { name: Some(it.group_name.clone()), ..it.about.clone() };
            names.add(Kind::SecurityGroup, &about, here(&it.vpc));
        }
        for it in &inventory.prefix_lists {
            let about = About { name: Some(it.list_name.clone()), ..it.about.clone() };
            names.add(Kind::PrefixList, &about, None);
        }
        names.add_gateways(inventory);
        names.add_hosts(inventory);
        for it in &inventory.addresses {
            let address = it.public_ip.as_ref().filter(|_| !Kind::Address.is_id(&it.about.id));
            let address = address.map(|ip| format!("eip-{ip}"));
            let name = it.about.name.clone().or(address);
            names.add(Kind::Address, &About { name, ..it.about.clone() }, None);
        }
        for it in &inventory.flow_logs {
            names.add(Kind::FlowLog, &it.about, None);
        }
        names
    }

    fn add_gateways(&mut self, inventory: &Inventory) {
        for it in &inventory.internet_gateways {
            self.add(Kind::InternetGateway, &it.about, None);
        }
        for it in &inventory.vpn_gateways {
            self.add(Kind::VpnGateway, &it.about, None);
        }
        for it in &inventory.nat_gateways {
            let subnet =
                it.subnet.as_ref().and_then(|id| inventory.subnets.iter().find(|s| s.about.id == *id));
            let vpc = subnet.map(|subnet| subnet.vpc.clone()).or_else(|| it.vpc.clone());
            self.add(Kind::NatGateway, &it.about, vpc);
        }
        for it in &inventory.peerings {
            self.add(Kind::Peering, &it.about, None);
        }
        for it in &inventory.transit_gateways {
            self.add(Kind::TransitGateway, &it.about, None);
        }
        for it in &inventory.transit_attachments {
            self.add(Kind::Attachment, &it.about, None);
        }
        for it in &inventory.transit_tables {
            self.add(Kind::TransitTable, &it.about, None);
        }
        for it in &inventory.customer_gateways {
            self.add(Kind::CustomerGateway, &it.about, None);
        }
        for it in &inventory.vpn_connections {
            self.add(Kind::VpnConnection, &it.about, None);
        }
        for it in &inventory.endpoints {
            self.add(Kind::Endpoint, &it.about, Some(it.vpc.clone()));
        }
    }

    fn add_hosts(&mut self, inventory: &Inventory) {
        let vpcs: BTreeMap<&str, &str> =
            inventory.subnets.iter().map(|it| (it.about.id.as_str(), it.vpc.as_str())).collect();
        let primary: BTreeMap<&str, &Interface> = super::hosts::primary_interfaces(inventory);
        for it in &inventory.instances {
            let eni = primary.get(it.about.id.as_str());
            let subnet = eni.map(|eni| &eni.subnet).or(it.subnet.as_ref());
            let vpc = subnet.and_then(|subnet| vpcs.get(subnet.as_str()));
            let address = eni.and_then(|eni| eni.private_ips.first());
            self.add_host(Kind::Instance, &it.about, address, vpc.map(|vpc| (*vpc).to_owned()));
        }
        for it in &inventory.interfaces {
            let vpc = vpcs.get(it.subnet.as_str()).map(|vpc| (*vpc).to_owned());
            let of_instance = it
                .instance
                .as_ref()
                .filter(|(id, _)| primary.get(id.as_str()).is_some_and(|eni| eni.about.id == it.about.id));
            if let Some((instance, _)) = of_instance {
                // The primary one goes by the name of its instance.
                if let Some(called) = self.called.get(instance).cloned() {
                    self.called.insert(it.about.id.clone(), called);
                }
                continue;
            }
            let instance = it.instance.as_ref().and_then(|(id, at)| Some((self.called.get(id)?, at)));
            let name = it
                .about
                .name
                .clone()
                .or_else(|| instance.map(|(instance, at)| format!("{}-eth{at}", instance.key)))
                .or_else(|| of_description(&it.description));
            let about = About { name, ..it.about.clone() };
            self.add_host(Kind::Interface, &about, it.private_ips.first(), vpc);
        }
    }

    /// Of hosts with one name each gets its address beside it: that is how people tell them apart.
    fn add_host(&mut self, kind: Kind, about: &About, address: Option<&String>, vpc: Option<String>) {
        let name = about.name.as_deref().map(host_name).filter(|name| !name.is_empty());
        let name = name.unwrap_or_else(|| about.id.clone());
        let with_address = address.map(|ip| format!("{name}-{}", ip.replace('.', "-")));
        let free = |names: &Self, key: &String| {
            !names.hosts.contains(key)
                && !RESERVED.contains(&key.as_str())
                && key.parse::<std::net::Ipv4Addr>().is_err()
        };
        let numbered = (2..).map(|n| format!("{name}-{n}"));
        let mut choices = std::iter::once(name.clone()).chain(with_address).chain(numbered);
        let key = choices.find(|key| free(self, key)).unwrap_or(name);
        self.hosts.insert(key.clone());
        self.enter(kind, about, key, vpc);
    }

    fn add(&mut self, kind: Kind, about: &About, vpc: Option<String>) {
        let name = about.name.clone().filter(|name| !name.trim().is_empty());
        let name = name.unwrap_or_else(|| about.id.clone());
        let tail: String = {
            let digits = about.id.rsplit('-').next().unwrap_or_default();
            digits.chars().skip(digits.chars().count().saturating_sub(6)).collect()
        };
        let plain = std::iter::once(name.clone());
        let with_kind = std::iter::once(format!("{name} {}", kind.word()));
        let with_tail = std::iter::once(format!("{name} {tail}"));
        let numbered = (2..).map(|n| format!("{name} {n}"));
        let has_id = kind.is_id(&about.id);
        let is_free = |names: &Self, key: &String| {
            let leads = names.leads_to.contains_key(&(kind.domain(), key.clone()));
            // Without an id it can be referred to by name only, so the name must lead nowhere else.
            !RESERVED.contains(&key.as_str())
                && (has_id || !is_block(key))
                && !names.taken.contains(&(kind, vpc.clone(), key.clone()))
                && (has_id || !leads || vpc.is_some() && kind.domain() == Domain::Of(kind))
        };
        let with_kind = with_kind.filter(|_| !has_id);
        let mut choices = plain.chain(with_kind).chain(with_tail).chain(numbered);
        let key = choices.find(|key| is_free(self, key)).unwrap_or(name);
        self.enter(kind, about, key, vpc);
    }

    fn enter(&mut self, kind: Kind, about: &About, key: String, vpc: Option<String>) {
        self.taken.insert((kind, vpc.clone(), key.clone()));
        *self.leads_to.entry((kind.domain(), key.clone())).or_insert(0) += 1;
        if !kind.is_host() && kind == Kind::SecurityGroup {
            // Rules look for groups, lists and hosts by the same word.
            *self.leads_to.entry((Domain::Of(Kind::PrefixList), key.clone())).or_insert(0) += 1;
        }
        let id = Some(about.id.clone()).filter(|id| kind.is_id(id) && *id != key);
        self.called.insert(about.id.clone(), Called { kind, key, id, vpc });
    }

    /// The resource with an id.
    pub fn get(&self, id: &str) -> Option<&Called> {
        self.called.get(id)
    }

    /// The key of a resource, which must have been named.
    pub fn key(&self, id: &str) -> String {
        self.called.get(id).map_or_else(|| id.to_owned(), |called| called.key.clone())
    }

    /// How something in a VPC refers to a resource: by name where that leads nowhere else.
    pub fn refer(&self, id: &str, near: Option<&str>) -> Option<String> {
        let called = self.get(id)?;
        let domain = called.kind.domain();
        let leads_to = self.leads_to.get(&(domain, called.key.clone())).copied().unwrap_or(0);
        let is_near = called.vpc.as_deref() == near && called.vpc.is_some();
        // A rule takes a name that looks like a block for one.
        if let (true, Some(id)) = (is_block(&called.key), &called.id) {
            return Some(id.clone());
        }
        if leads_to == 1 || domain != Domain::Targets && is_near {
            return Some(called.key.clone());
        }
        if let Some(id) = &called.id {
            return Some(id.clone());
        }
        let vpc = called.vpc.as_deref().map(|vpc| self.key(vpc));
        Some(vpc.map_or_else(|| called.key.clone(), |vpc| format!("{vpc}/{}", called.key)))
    }
}

fn is_block(name: &str) -> bool {
    name.parse::<ipnet::Ipv4Net>().is_ok() || name.parse::<std::net::Ipv4Addr>().is_ok()
}

/// A name that can be typed in a command.
fn host_name(name: &str) -> String {
    let typed: String =
        name.trim().chars().map(|c| if c.is_alphanumeric() || "._-".contains(c) { c } else { '-' }).collect();
    let typed = typed.trim_matches('-');
    let mut short = String::with_capacity(typed.len());
    for c in typed.chars() {
        if c != '-' || !short.ends_with('-') {
            short.push(c);
        }
    }
    short
}

/// What a service says of its interface, shortened to whose it is: `ELB app/shop/50dc6c495c0c9188` is `shop`.
fn of_description(text: &str) -> Option<String> {
    let text = text.trim();
    if let Some(rest) = text.strip_prefix("ELB ") {
        let mut parts = rest.split('/');
        let (first, second) = (parts.next(), parts.next());
        return second.or(first).map(str::to_owned);
    }
    if let Some(rest) = text.strip_prefix("AWS Lambda VPC ENI-") {
        // The name of the function, and the five groups of a UUID.
        let groups: Vec<&str> = rest.split('-').collect();
        let name = groups.get(..groups.len().saturating_sub(5)).unwrap_or_default();
        return Some(if name.is_empty() { rest.to_owned() } else { name.join("-") });
    }
    match text {
        "" => None,
        "RDSNetworkInterface" => Some("rds".to_owned()),
        _ => {
            let words: Vec<&str> = text.split_whitespace().take(4).collect();
            Some(words.join("-"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_hosts_can_be_typed() {
        assert_eq!(host_name("My web server (old)"), "My-web-server-old");
        assert_eq!(host_name(" größe/1 "), "größe-1");
        assert_eq!(host_name("***"), "");
    }

    #[test]
    fn a_service_says_whose_an_interface_is() {
        let of = |text: &str| of_description(text).unwrap_or_default();
        assert_eq!(of("ELB app/shop/50dc6c495c0c9188"), "shop");
        assert_eq!(of("ELB classic"), "classic");
        assert_eq!(of("AWS Lambda VPC ENI-my-func-1b2c3d4e-aaaa-bbbb-cccc-0123456789ab"), "my-func");
        assert_eq!(of("RDSNetworkInterface"), "rds");
        assert_eq!(of("EFS mount target for fs-1 (fsmt-2)"), "EFS-mount-target-for");
        assert_eq!(of(""), "");
    }
}
