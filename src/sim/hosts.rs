//! How hosts boot: what their place in the model gives them, and which names they know.

use std::net::Ipv4Addr;

use crate::guest::{Host, HostConfig, HostSetup, Names, Resolver};
use crate::model::{
    EndpointKind, Eni, Instance, InstanceState, Model, NameServer, OnPremHost, OutsideHost, provided,
};
use crate::plane;
use crate::seed::Seed;
use crate::trace::Station;

/// A host, and which of its scheduled wake-ups still counts.
#[derive(Debug)]
pub(super) struct Slot {
    pub host: Host,
    pub generation: u64,
}

/// Instances have jumbo frames (aws: mtu-vpc).
const MTU_VPC: u16 = 9001;
/// What the internet carries.
const MTU_INTERNET: u16 = 1500;
/// Amazon Linux 2023 sends with this (assumed: al2023-ttl).
pub(super) const TTL_INSTANCE: u8 = 127;
/// Most others send with this.
pub(super) const TTL_OUTSIDE: u8 = 64;

impl Slot {
    /// A host that has just booted.
    pub fn new(config: HostConfig, setup: &HostSetup) -> Self {
        let mtu = setup.mtu.unwrap_or(config.mtu);
        let mut host = Host::new(HostConfig { forwards: setup.forwards, mtu, ..config });
        for (port, service) in &setup.services {
            host.serve(*port, service.clone());
        }
        host.set_disk(setup.aws.clone(), setup.files.clone());
        Self { host, generation: 0 }
    }
}

/// An instance, at its `boots`th boot: each time with other random numbers.
pub(super) fn instance(model: &Model, eni: &Eni, boots: u64, seed: Seed) -> HostConfig {
    let subnet = model.subnet(eni.subnet);
    let name = model.eni_label(eni.id);
    let [a, b, c, d] = eni.primary_ip().octets();
    HostConfig {
        name: if boots == 1 { name } else { format!("{name}, boot {boots}") },
        hostname: format!("ip-{a}-{b}-{c}-{d}"),
        known_as: vec![model.eni_label(eni.id)],
        mac: eni.mac,
        addresses: eni.private_ips.clone(),
        prefix_len: subnet.cidr.prefix_len(),
        gateway: subnet.router(),
        mtu: MTU_VPC,
        ttl: TTL_INSTANCE,
        forwards: false,
        seed,
    }
}

/// A host on the internet.
pub(super) fn outside(host: &OutsideHost, seed: Seed) -> HostConfig {
    let [a, b, c, d] = host.address.octets();
    HostConfig {
        name: host.name.clone(),
        hostname: host.name.clone(),
        known_as: vec![host.name.clone()],
        mac: host.mac(),
        addresses: vec![host.address],
        prefix_len: 24,
        // Its provider's router; any neighbour of it will do.
        gateway: Ipv4Addr::new(a, b, c, if d == 1 { 254 } else { 1 }),
        mtu: MTU_INTERNET,
        ttl: TTL_OUTSIDE,
        forwards: false,
        seed,
    }
}

/// A host on premises. Its router has the first address of the block, or the second if that is the host's.
pub(super) fn on_prem(model: &Model, host: &OnPremHost, seed: Seed) -> HostConfig {
    let network = &model.customer_gateways[&host.network];
    let block = network.cidrs.iter().find(|block| block.contains(&host.address));
    let (prefix_len, base) = block.map_or((24, host.address), |block| (block.prefix_len(), block.network()));
    let nth = |n: u32| Ipv4Addr::from_bits(base.to_bits().wrapping_add(n));
    HostConfig {
        name: format!("{} in {}", host.name, network.label),
        hostname: host.name.clone(),
        known_as: vec![host.name.clone()],
        mac: host.mac(),
        addresses: vec![host.address],
        prefix_len,
        gateway: if nth(1) == host.address { nth(2) } else { nth(1) },
        mtu: MTU_INTERNET,
        ttl: TTL_OUTSIDE,
        forwards: false,
        seed,
    }
}

/// What is next to an interface: the resolver and the instance metadata service, whose packets live for as
/// many hops as the instance's options say.
pub(super) fn link_local(model: &Model, eni: &Eni, seed: Seed) -> HostConfig {
    let vpc = model.vpc(eni.vpc);
    HostConfig {
        name: format!("link-local services of {}", model.eni_label(eni.id)),
        hostname: "link-local".to_owned(),
        known_as: Vec::new(),
        mac: model.subnet(eni.subnet).router_mac,
        addresses: vec![plane::METADATA, plane::RESOLVER, vpc.resolver()],
        // Everybody is a neighbour.
        prefix_len: 0,
        gateway: eni.primary_ip(),
        mtu: MTU_VPC,
        ttl: hop_limit(model, eni),
        forwards: false,
        seed,
    }
}

/// How many hops an answer of the metadata service lives (aws: imds-hop-limit); that others of these
/// services live as long is nobody's concern.
pub(super) fn hop_limit(model: &Model, eni: &Eni) -> u8 {
    let instance = eni.instance().and_then(|id| model.instances.get(&id));
    instance.map_or(TTL_OUTSIDE, |instance| instance.metadata.hop_limit)
}

/// Where a host asks for names: in a VPC as its DHCP options say, on premises the network's own resolver,
/// elsewhere a public one.
pub(super) fn resolver(model: &Model, station: Station) -> Resolver {
    match station {
        Station::Eni(eni) => {
            let vpc = model.vpc(model.eni(eni).vpc);
            let options = vpc.dhcp_options.and_then(|id| model.dhcp_options.get(&id));
            // aws: dhcp-no-options
            let Some(options) = options else {
                return Resolver { servers: vec![plane::RESOLVER], search: Vec::new() };
            };
            let address = |server: &NameServer| match server {
                NameServer::Amazon => vpc.resolver(),
                NameServer::At(address) => *address,
            };
            Resolver {
                servers: options.domain_name_servers.iter().map(address).collect(),
                search: options.domain_name.iter().cloned().collect(),
            }
        }
        Station::LinkLocal(_) => Resolver::default(),
        Station::Outside(_) => {
            let servers = model.outside.get(&provided::PUBLIC_RESOLVER).map(|host| host.address);
            Resolver { servers: servers.into_iter().collect(), search: Vec::new() }
        }
        Station::OnPrem(network, _) => {
            let own = model.on_prem.values().find(|host| host.network == network && host.is_provided);
            Resolver { servers: own.map(|host| host.address).into_iter().collect(), search: Vec::new() }
        }
    }
}

/// The names that hosts in VPCs and on premises know, and those that hosts on the internet know: for the
/// former the private addresses of instances, interface endpoints and hosts on premises, for the latter
/// the public ones of instances, and for all the hosts of the internet.
pub(super) fn names(model: &Model) -> (Names, Names) {
    let (mut inside, mut outside) = (Names::default(), Names::default());
    for host in model.outside.values().filter(|host| !host.is_provided) {
        for names in [&mut inside, &mut outside] {
            // What has a dot is found by asking.
            if host.name.contains('.') {
                names.show(&host.name, host.address);
            } else {
                names.add(&host.name, host.address);
            }
        }
    }
    for host in model.on_prem.values().filter(|host| !host.is_provided) {
        inside.add(&host.name, host.address);
    }
    for endpoint in model.endpoints.values() {
        if let (Some(name), EndpointKind::Interface { interfaces, .. }) = (&endpoint.name, &endpoint.kind)
            && let Some((_, eni)) = interfaces.first()
        {
            inside.add(name, model.eni(*eni).primary_ip());
        }
    }
    for eni in model.further_hosts() {
        let Some(name) = &eni.name else { continue };
        inside.add(name, eni.primary_ip());
        if let Some(public) = eni.public_of(eni.primary_ip()) {
            outside.add(name, public);
        }
    }
    let is_there = |instance: &&Instance| instance.state != InstanceState::Terminated;
    for instance in model.instances.values().filter(is_there) {
        let Some(name) = &instance.name else { continue };
        let eni = model.eni(instance.eni);
        inside.add(name, eni.primary_ip());
        if let Some(public) = eni.public_of(eni.primary_ip()) {
            outside.add(name, public);
        }
    }
    (inside, outside)
}
