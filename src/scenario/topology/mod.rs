//! From what is written to what exists: every resource is made by an operation of `api/`.
//!
//! Things are made kind by kind, so that what refers to others finds them whatever the order of the
//! file: roles, VPCs and subnets, groups and lists without rules, hosts, instances, connections, and
//! then all that names them.

mod dhcp;
mod filters;
mod gateways;
mod hosts;
mod identities;
mod logs;
mod peerings;
mod quotas;
mod routes;
mod services;

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;
use std::str::FromStr;

use ipnet::Ipv4Net;

use super::Hosts;
use super::draft::{self, Named};
use super::problem::{Problem, Problems};
use super::resolve::{self, Kind, Unresolved};
use super::yaml::{Span, Spanned};
use crate::api::{
    ApiError, CreateNetworkAcl, CreateSecurityGroup, CreateSubnet, CreateVpc, Ec2, New, NewDefaults,
    Taggable, VpcAttribute, is_public,
};
use crate::ids::{EniId, VpcId};
use crate::model::{Bandwidth, Model, OutsideHost, Scope};
use crate::time::Instant;
use crate::trace::Station;

/// What a topology makes.
#[derive(Debug, Default)]
pub struct Built {
    pub model: Model,
    pub hosts: Hosts,
    pub bandwidths: Vec<(EniId, Bandwidth)>,
}

/// Makes everything that can be made, and says what cannot.
pub fn build(
    topology: &draft::Topology,
    declared: &draft::Declared,
    now: Instant,
    scope: Scope,
    problems: &mut Problems,
) -> Built {
    let (built, pinned, host_names) = (Built::default(), BTreeMap::new(), BTreeSet::new());
    let (over, unpeered) = (BTreeMap::new(), Vec::new());
    let mut builder = Builder { built, now, scope, declared, pinned, host_names, over, unpeered, problems };
    builder.built.model.quotas = topology.quotas;
    if let Some(identities) = &topology.identities {
        builder.identities(identities);
    }
    for host in &topology.internet {
        builder.outside_host(host);
    }
    builder.built.model.connect_provided_hosts();
    for list in &topology.prefix_lists {
        builder.prefix_list(list);
    }
    for gateway in &topology.transit_gateways {
        builder.transit_gateway(gateway);
    }
    let vpcs: Vec<(&draft::Vpc, VpcId)> =
        topology.vpcs.iter().filter_map(|vpc| builder.vpc(vpc).map(|id| (vpc, id))).collect();
    for (vpc, id) in &vpcs {
        builder.empty_lists(vpc, *id);
    }
    for (vpc, id) in &vpcs {
        builder.instances(vpc, *id);
    }
    for (vpc, id) in &vpcs {
        builder.interfaces(vpc, *id);
    }
    for peering in &topology.peerings {
        builder.peering(peering);
    }
    for gateway in &topology.transit_gateways {
        builder.attachments(gateway);
    }
    for network in &topology.on_prem {
        builder.on_prem(network);
    }
    for (vpc, id) in &vpcs {
        builder.dhcp_options(vpc, *id);
    }
    for gateway in &topology.transit_gateways {
        builder.transit_tables(gateway);
    }
    for eip in &topology.elastic_ips {
        builder.elastic_ip(eip);
    }
    for (vpc, id) in &vpcs {
        builder.nat_gateways(vpc, *id);
    }
    for (vpc, id) in &vpcs {
        builder.route_tables(vpc, *id);
        builder.security_group_rules(vpc, *id);
        builder.network_acls(vpc, *id);
        builder.endpoints(vpc, *id);
    }
    builder.services(topology);
    builder.logs(topology);
    builder.built
}

struct Builder<'p> {
    built: Built,
    now: Instant,
    /// Of the file, for what is nowhere in particular.
    scope: Scope,
    /// A name that is given and leads nowhere belongs to a thing with a mistake, which was reported.
    declared: &'p draft::Declared,
    pinned: BTreeMap<String, Span>,
    /// What hosts are called.
    host_names: BTreeSet<String>,
    /// How many things too many there are, by the code EC2 answers.
    over: BTreeMap<&'static str, usize>,
    /// VPCs that should be peered and are not, which was reported.
    unpeered: Vec<[VpcId; 2]>,
    problems: &'p mut Problems,
}

impl Builder<'_> {
    /// Calls an operation; a refusal is a mistake at `span`.
    fn call<T>(
        &mut self,
        scope: Scope,
        span: Span,
        operation: &str,
        call: impl FnOnce(&mut Ec2<'_>) -> Result<T, ApiError>,
    ) -> Option<T> {
        self.attempt(scope, call)
            .map_err(|error| {
                let problem = self.refused(span, operation, &error);
                self.problems.push(problem);
            })
            .ok()
    }

    /// Calls an operation that may be refused.
    fn attempt<T>(
        &mut self,
        scope: Scope,
        call: impl FnOnce(&mut Ec2<'_>) -> Result<T, ApiError>,
    ) -> Result<T, ApiError> {
        call(&mut Ec2::new(&mut self.built.model, scope, self.now))
    }

    /// The mistake that EC2 refuses.
    fn refused(&mut self, span: Span, operation: &str, error: &ApiError) -> Problem {
        let text = if error.message.is_empty() { error.code } else { &error.message };
        let problem = Problem::at(span, format!("EC2 refuses this: {text}"))
            .note(format!("{operation} answers {}", error.code));
        match self.quota_hint(error.code) {
            Some(hint) => problem.hint(hint),
            None => problem,
        }
    }

    /// The id that a name stands for.
    fn find<K: Kind>(&mut self, name: &Spanned<String>, near: Option<VpcId>) -> Option<K> {
        match resolve::resolve::<K>(&self.built.model, &name.value, near) {
            Ok(id) if id.exists(&self.built.model) => Some(id),
            Ok(_) if self.is_declared(name) => None,
            Ok(id) => {
                self.problems.push(Problem::at(name.span, format!("there is no {} {id}", K::WORD)));
                None
            }
            Err(Unresolved::Unknown { .. }) if self.is_declared(name) => None,
            Err(why) => {
                self.problems.push(unresolved::<K>(name.span, &name.value, why));
                None
            }
        }
    }

    /// Whether a mistake in what has the name was reported already.
    fn is_declared(&self, name: &Spanned<String>) -> bool {
        !self.problems.is_empty() && self.declared.all.contains(&name.value)
    }

    /// A pinned id, if there is one and it is one.
    fn pinned<Id: FromStr<Err: std::fmt::Display>>(&mut self, id: Option<&Spanned<String>>) -> Option<Id> {
        let id = id?;
        if let Some(first) = self.pinned.get(&id.value) {
            let problem = Problem::at(id.span, format!("the id `{}` is given twice", id.value));
            self.problems.push(problem.also(*first, "first here"));
            return None;
        }
        self.pinned.insert(id.value.clone(), id.span);
        let parsed = id.value.parse();
        parsed.map_err(|error: Id::Err| self.problems.push(Problem::at(id.span, error.to_string()))).ok()
    }

    /// What is called by its id has no name.
    fn naming<Id: FromStr<Err: std::fmt::Display>>(&mut self, named: &Named) -> New<Id> {
        if named.id.is_none() && named.name.value.parse::<Id>().is_ok() {
            return New { name: None, id: self.pinned(Some(&named.name)) };
        }
        New { name: Some(named.name.value.clone()), id: self.pinned(named.id.as_ref()) }
    }

    /// The same for what is always called by its name: hosts, and what lends its name to others.
    fn naming_always<Id: FromStr<Err: std::fmt::Display>>(&mut self, named: &Named) -> New<Id> {
        New { name: Some(named.name.value.clone()), ..self.naming(named) }
    }

    fn outside_host(&mut self, host: &draft::OutsideHost) {
        let address = host.address.value;
        if !is_public(address) {
            self.problems.push(not_public(host.address.span, address));
            return;
        }
        if let Some(other) = self.built.model.outside.get(&address) {
            let problem = format!("`{}` has the address {address} already", other.name);
            self.problems.push(Problem::at(host.address.span, problem));
            return;
        }
        let service = match &host.service {
            Some(name) => self.service(name, self.scope),
            None => None,
        };
        self.take_name(&host.name);
        self.set_up(Station::Outside(address), &host.setup);
        self.built.model.connect_outside_host(OutsideHost {
            name: host.name.value.clone(),
            address,
            latency: host.latency,
            service,
            aws_service: host.aws_service.clone(),
            is_provided: false,
        });
    }

    /// Whether a host can be called so: nobody else is.
    fn take_name(&mut self, name: &Spanned<String>) -> bool {
        let is_free = self.host_names.insert(name.value.clone());
        if !is_free {
            self.problems.push(named_problem(name));
        }
        is_free
    }

    fn vpc(&mut self, vpc: &draft::Vpc) -> Option<VpcId> {
        let (scope, name) = (vpc.scope, &vpc.named.name);
        let new = self.naming(&vpc.named);
        let id = if vpc.is_default {
            self.call(scope, name.span, "CreateDefaultVpc", |ec2| ec2.create_default_vpc(new))?
        } else {
            let cidr = vpc.cidr.as_ref()?;
            let defaults = self.defaults(vpc);
            let request = CreateVpc { new, cidr_block: cidr.value, defaults };
            self.call(scope, cidr.span, "CreateVpc", |ec2| ec2.create_vpc(request))?
        };
        if let Some(gateway) = &vpc.internet_gateway {
            self.internet_gateway(vpc, id, gateway);
        }
        if let Some(gateway) = &vpc.vpn_gateway {
            self.vpn_gateway(vpc, id, gateway);
        }
        for block in &vpc.secondary_cidrs {
            self.call(scope, block.span, "AssociateVpcCidrBlock", |ec2| {
                ec2.associate_vpc_cidr_block(id, block.value)
            });
        }
        let attributes = [
            vpc.dns_support.map(VpcAttribute::EnableDnsSupport),
            vpc.dns_hostnames.map(VpcAttribute::EnableDnsHostnames),
        ];
        for attribute in attributes.into_iter().flatten() {
            self.call(scope, name.span, "ModifyVpcAttribute", |ec2| ec2.modify_vpc_attribute(id, attribute));
        }
        if vpc.monitors_encryption {
            self.call(scope, name.span, "CreateVpcEncryptionControl", |ec2| ec2.monitor_encryption(id));
        }
        for subnet in &vpc.subnets {
            self.subnet(scope, id, subnet);
        }
        Some(id)
    }

    /// The pinned ids of what comes with a VPC.
    fn defaults(&mut self, vpc: &draft::Vpc) -> NewDefaults {
        let main = vpc.route_tables.iter().find(|table| table.is_main);
        let acl = vpc.network_acls.iter().find(|acl| acl.is_default);
        let group = vpc.security_groups.iter().find(|group| group.named.name.value == "default");
        NewDefaults {
            route_table: main.and_then(|table| self.naming(&table.named).id),
            network_acl: acl.and_then(|acl| self.naming(&acl.named).id),
            security_group: group.and_then(|group| self.pinned(group.named.id.as_ref())),
        }
    }

    /// A default VPC has a gateway already, which is then only named.
    fn internet_gateway(&mut self, vpc: &draft::Vpc, id: VpcId, named: &Named) {
        let attached = self.built.model.vpc(id).internet_gateway;
        let new = self.naming(named);
        self.call(vpc.scope, named.name.span, "AttachInternetGateway", |ec2| match attached {
            Some(gateway) => ec2.create_name_tag(Taggable::InternetGateway(gateway), &named.name.value),
            None => {
                let gateway = ec2.create_internet_gateway(new)?;
                ec2.attach_internet_gateway(gateway, id)
            }
        });
    }

    fn subnet(&mut self, scope: Scope, vpc_id: VpcId, subnet: &draft::Subnet) {
        let request = CreateSubnet {
            new: self.naming(&subnet.named),
            vpc_id,
            cidr_block: subnet.cidr.value,
            availability_zone: subnet.zone,
        };
        self.call(scope, subnet.cidr.span, "CreateSubnet", |ec2| {
            let id = ec2.create_subnet(request)?;
            ec2.modify_subnet_map_public_ip(id, subnet.map_public_ip)
        });
    }

    /// Route tables, security groups and network ACLs, so far without what is in them.
    fn empty_lists(&mut self, vpc: &draft::Vpc, vpc_id: VpcId) {
        for group in &vpc.security_groups {
            if group.named.name.value == "default" {
                continue;
            }
            let request = CreateSecurityGroup {
                group_name: group.named.name.value.clone(),
                id: self.pinned(group.named.id.as_ref()),
                vpc_id,
            };
            self.call(vpc.scope, group.named.name.span, "CreateSecurityGroup", |ec2| {
                ec2.create_security_group(request)
            });
        }
        let mains = vpc.route_tables.iter().filter(|table| table.is_main).map(|table| &table.named.name);
        self.only_one(mains, "main route table");
        let defaults = vpc.network_acls.iter().filter(|acl| acl.is_default).map(|acl| &acl.named.name);
        self.only_one(defaults, "default network ACL");
        for acl in &vpc.network_acls {
            if acl.is_default {
                let default = self.built.model.vpc(vpc_id).default_network_acl;
                self.call_it(vpc.scope, &acl.named.name, Taggable::NetworkAcl(default), default);
                continue;
            }
            let new = self.naming(&acl.named);
            self.call(vpc.scope, acl.named.name.span, "CreateNetworkAcl", |ec2| {
                ec2.create_network_acl(CreateNetworkAcl { new, vpc_id })
            });
        }
        for table in &vpc.route_tables {
            if table.is_main {
                let main = self.built.model.vpc(vpc_id).main_route_table;
                self.call_it(vpc.scope, &table.named.name, Taggable::RouteTable(main), main);
                continue;
            }
            let new = self.naming(&table.named);
            self.call(vpc.scope, table.named.name.span, "CreateRouteTable", |ec2| {
                ec2.create_route_table(new, vpc_id)
            });
        }
    }

    /// Names what came with a VPC or a transit gateway, unless it is called by its id.
    fn call_it(&mut self, scope: Scope, name: &Spanned<String>, what: Taggable, id: impl std::fmt::Display) {
        if id.to_string() != name.value {
            self.call(scope, name.span, "CreateTags", |ec2| ec2.create_name_tag(what, &name.value));
        }
    }

    fn only_one<'n>(&mut self, mut named: impl Iterator<Item = &'n Spanned<String>>, what: &str) {
        let Some(first) = named.next() else { return };
        for another in named {
            let problem = format!("a VPC has one {what}, and `{}` is it already", first.value);
            self.problems.push(Problem::at(another.span, problem).also(first.span, "first here"));
        }
    }
}

fn named_problem(name: &Spanned<String>) -> Problem {
    Problem::at(name.span, format!("there are two hosts called `{}`", name.value))
        .hint("steps call hosts by name: give each its own")
}

fn not_public(span: Span, address: Ipv4Addr) -> Problem {
    Problem::at(span, format!("`{address}` is not a public address"))
        .hint("192.0.2.0/24, 198.51.100.0/24 and 203.0.113.0/24 are free for examples")
}

/// A block, an address, or `anywhere`.
fn block(text: &str) -> Option<Ipv4Net> {
    match text {
        "anywhere" => Some(Ipv4Net::default()),
        text => draft::cidr_of(text),
    }
}

/// The mistake of a name that leads nowhere, or to several places.
pub fn unresolved<K: Kind>(span: Span, name: &str, why: Unresolved) -> Problem {
    match why {
        Unresolved::Unknown { known } => {
            Problem::unknown(span, K::WORD, name, known.iter().map(String::as_str))
        }
        Unresolved::Ambiguous { candidates } => {
            Problem::at(span, format!("there are several {}s called `{name}`", K::WORD))
                .hint(format!("say which: {}", candidates.join(", ")))
        }
    }
}

fn names_of(why: Unresolved) -> Vec<String> {
    match why {
        Unresolved::Unknown { known } => known,
        Unresolved::Ambiguous { candidates } => candidates,
    }
}
