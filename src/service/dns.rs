//! What a resolver answers: who has which name, seen from where.
//!
//! Knows the zones; how a question gets here is somebody else's business. The message is read and written
//! by a library.
//!
//! Read first: "Understanding Amazon DNS" in the VPC guide, and "Private DNS" in the PrivateLink guide.

use std::net::Ipv4Addr;

use simple_dns::rdata::{CNAME, OPT, PTR, RData, SOA};
use simple_dns::{CLASS, Name, OPCODE, Packet, PacketFlag, QCLASS, QTYPE, RCODE, ResourceRecord, TYPE};

use crate::ids::VpcId;
use crate::model::{EndpointKind, Eni, Model, OutsideHost, Region, Vpc, VpcEndpoint, dns};
use crate::time::Instant;

/// From where a question is asked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Vantage {
    /// Of a VPC's resolver.
    Vpc(VpcId),
    /// Of any other.
    Elsewhere,
}

/// How long answers of the Amazon resolver may be kept: seconds, for private names and those of endpoints.
const TTL_AMAZON: u32 = 60;
/// The same of names on the internet (assumed: dns-ttl).
const TTL_INTERNET: u32 = 300;
/// The largest message over UDP if the question does not say otherwise (RFC 1035).
const UDP_MAX: usize = 512;
/// What the Amazon resolver says it takes.
const EDNS_SIZE: u16 = 4096;

/// A record, by the name it is about.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Record {
    owner: String,
    ttl: u32,
    data: Data,
}

#[derive(Clone, PartialEq, Eq, Debug)]
enum Data {
    Address(Ipv4Addr),
    Alias(String),
    Pointer(String),
}

/// What is known of a name.
enum Known {
    /// These records of the type that was asked for; none if it has others only.
    Records(Vec<Record>),
    /// It does not exist.
    Nothing,
}

/// Answers a message; `None` if it is none that deserves an answer. Over UDP an answer that is too long is
/// cut short, and says so.
pub fn answer(
    model: &Model,
    vantage: Vantage,
    now: Instant,
    message: &[u8],
    over_udp: bool,
) -> Option<Vec<u8>> {
    let Ok(query) = Packet::parse(message) else { return garbled(message) };
    if query.has_flags(PacketFlag::RESPONSE) {
        return None;
    }
    let mut reply = Packet::new_reply(query.id());
    *reply.opcode_mut() = query.opcode();
    if query.has_flags(PacketFlag::RECURSION_DESIRED) {
        reply.set_flags(PacketFlag::RECURSION_DESIRED);
    }
    reply.set_flags(PacketFlag::RECURSION_AVAILABLE);
    reply.questions.clone_from(&query.questions);
    if query.opt().is_some() {
        *reply.opt_mut() = Some(OPT { opt_codes: Vec::new(), udp_packet_size: EDNS_SIZE, version: 0 });
    }
    let names: (String, String);
    match query.questions.as_slice() {
        _ if query.opcode() != OPCODE::StandardQuery => *reply.rcode_mut() = RCODE::NotImplemented,
        [question] if is_internet(question.qclass) => {
            let name = question.qname.to_string().to_ascii_lowercase();
            let zone = Zones { model, vantage, now, turn: usize::from(query.id()) };
            match zone.look_up(&name, question.qtype) {
                Known::Records(records) if !records.is_empty() => {
                    reply.answers = records.into_iter().filter_map(resource).collect();
                }
                known @ (Known::Records(_) | Known::Nothing) => {
                    if matches!(known, Known::Nothing) {
                        *reply.rcode_mut() = RCODE::NameError;
                    }
                    names = authority(&name);
                    reply.name_servers.extend(start_of_authority(&names));
                }
            }
        }
        _ => *reply.rcode_mut() = RCODE::FormatError,
    }
    let limit = if !over_udp {
        usize::from(u16::MAX)
    } else {
        query.opt().map_or(UDP_MAX, |opt| usize::from(opt.udp_packet_size).max(UDP_MAX))
    };
    let bytes = reply.build_bytes_vec_compressed().ok()?;
    if bytes.len() <= limit {
        return Some(bytes);
    }
    reply.set_flags(PacketFlag::TRUNCATION);
    reply.answers.clear();
    reply.name_servers.clear();
    reply.build_bytes_vec_compressed().ok()
}

/// "FORMERR" for what cannot be read, if at least an id is there and it is no answer.
fn garbled(message: &[u8]) -> Option<Vec<u8>> {
    const RESPONSE: u8 = 0x80;
    let &[high, low, flags, ..] = message else { return None };
    if flags & RESPONSE != 0 {
        return None;
    }
    let mut reply = Packet::new_reply(u16::from_be_bytes([high, low]));
    *reply.rcode_mut() = RCODE::FormatError;
    reply.build_bytes_vec().ok()
}

fn is_internet(class: QCLASS) -> bool {
    matches!(class, QCLASS::CLASS(CLASS::IN) | QCLASS::ANY)
}

fn resource(record: Record) -> Option<ResourceRecord<'static>> {
    let name = |text: &str| Name::new(text).ok().map(Name::into_owned);
    let data = match &record.data {
        Data::Address(address) => RData::A((*address).into()),
        Data::Alias(target) => RData::CNAME(CNAME(name(target)?)),
        Data::Pointer(target) => RData::PTR(PTR(name(target)?)),
    };
    Some(ResourceRecord::new(name(&record.owner)?, CLASS::IN, record.ttl, data))
}

/// The zone that a name without records is in, and its first server.
fn authority(name: &str) -> (String, String) {
    let is_amazon = ["amazonaws.com", "sagemaker.aws", "compute.internal", "ec2.internal"]
        .into_iter()
        .find(|zone| name == *zone || name.ends_with(&format!(".{zone}")));
    match is_amazon {
        Some(zone) => (zone.to_owned(), "ns-1536.awsdns-00.co.uk".to_owned()),
        None => (String::new(), "a.root-servers.net".to_owned()),
    }
}

fn start_of_authority<'n>((zone, server): &'n (String, String)) -> Option<ResourceRecord<'n>> {
    let is_root = zone.is_empty();
    let contact = if is_root { "nstld.verisign-grs.com" } else { "awsdns-hostmaster.amazon.com" };
    let (serial, refresh, retry, expire) =
        if is_root { (2_024_062_800, 1800, 900, 604_800) } else { (1, 7200, 900, 1_209_600) };
    let soa = SOA {
        mname: Name::new(server).ok()?,
        rname: Name::new(contact).ok()?,
        serial,
        refresh,
        retry,
        expire,
        minimum: 86_400,
    };
    let owner = if is_root { Name::new_unchecked("") } else { Name::new(zone).ok()? };
    Some(ResourceRecord::new(owner, CLASS::IN, TTL_AMAZON, RData::SOA(soa)))
}

/// All names, seen from somewhere.
struct Zones<'m> {
    model: &'m Model,
    vantage: Vantage,
    now: Instant,
    /// Which of several addresses comes first.
    turn: usize,
}

impl<'m> Zones<'m> {
    fn look_up(&self, name: &str, kind: QTYPE) -> Known {
        let wants = |kind_of: TYPE| matches!(kind, QTYPE::ANY) || kind == QTYPE::TYPE(kind_of);
        if let Some(address) = reversed(name) {
            return match self.pointer(address) {
                Some(target) if wants(TYPE::PTR) => {
                    let ttl = TTL_AMAZON;
                    Known::Records(vec![Record { owner: name.to_owned(), ttl, data: Data::Pointer(target) }])
                }
                Some(_) => Known::Records(Vec::new()),
                None => Known::Nothing,
            };
        }
        let mut aliases = Vec::new();
        let mut owner = name.to_owned();
        if let Some(target) = self.alias(name) {
            let ttl = TTL_AMAZON;
            aliases.push(Record { owner, ttl, data: Data::Alias(target.clone()) });
            owner = target;
        }
        match self.addresses(&owner) {
            Some((mut addresses, ttl)) => {
                if !addresses.is_empty() {
                    let len = addresses.len();
                    addresses.rotate_left(self.turn % len);
                }
                let addresses = addresses.into_iter().filter(|_| wants(TYPE::A));
                let record = |address| Record { owner: owner.clone(), ttl, data: Data::Address(address) };
                aliases.extend(addresses.map(record));
                Known::Records(aliases)
            }
            None => Known::Nothing,
        }
    }

    /// The addresses of a name, and how long they may be kept; `None` if there is no such name.
    fn addresses(&self, name: &str) -> Option<(Vec<Ipv4Addr>, u32)> {
        let amazon = |addresses| (addresses, TTL_AMAZON);
        if let Some(addresses) = self.private_zone(name) {
            return Some(amazon(addresses));
        }
        let named = |host: &&OutsideHost| host.name.eq_ignore_ascii_case(name);
        // What a scenario describes has its name whatever else is called so.
        if let Some(host) = self.model.outside.values().filter(|host| !host.is_provided).find(named) {
            return Some((vec![host.address], TTL_INTERNET));
        }
        if let Some(address) = self.private_name(name).or_else(|| self.public_name(name)) {
            return Some(amazon(vec![address]));
        }
        if let Some(addresses) = self.endpoint_name(name) {
            return Some(amazon(addresses));
        }
        if let Some(host) = self.service(name) {
            return Some(amazon(vec![host.address]));
        }
        let host = self.model.outside.values().find(named)?;
        Some((vec![host.address], TTL_INTERNET))
    }

    /// The VPC whose resolver is asked, if its names mean anything: with either attribute off, private names
    /// and zones do not (aws: dns-attributes).
    fn vpc(&self) -> Option<&'m Vpc> {
        match self.vantage {
            Vantage::Vpc(id) => Some(self.model.vpc(id)).filter(|vpc| vpc.has_names()),
            Vantage::Elsewhere => None,
        }
    }

    /// Private DNS of interface endpoints: the service's own name leads to them, from every subnet of the VPC
    /// and from nowhere else (aws: endpoint-private-dns).
    fn private_zone(&self, name: &str) -> Option<Vec<Ipv4Addr>> {
        let vpc = self.vpc()?;
        let service = aws_name(name)?;
        // The old global names stay public (aws: endpoint-s3-private-dns).
        if service.is_global {
            return None;
        }
        // S3 has names beside its own, with somebody in front of them or not (aws: endpoint-s3-private-dns).
        let name = match service.service.split('.').next() {
            Some("s3-accesspoint" | "s3-control") => "s3",
            Some(_) | None => service.service.as_str(),
        };
        let endpoint = self.model.endpoints.values().find(|endpoint| {
            endpoint.vpc == vpc.id
                && endpoint.service.region() == service.region
                && endpoint.service.service() == name
                && endpoint.answers_in_vpc()
        })?;
        Some(self.interfaces(endpoint).map(Eni::primary_ip).collect())
    }

    /// The name of a private address that somebody in the VPC has. Nobody else's exists
    /// (assumed: dns-private-unknown).
    fn private_name(&self, name: &str) -> Option<Ipv4Addr> {
        let vpc = self.vpc()?;
        let address = dns::private_address(vpc.scope.region, name)?;
        self.model.eni_with_address(vpc.id, address).map(|_| address)
    }

    /// The public name of an instance: its private address inside of its VPC, and in a peered one if the
    /// peering says so, else the public one (aws: dns-split-horizon, pcx-dns-option).
    fn public_name(&self, name: &str) -> Option<Ipv4Addr> {
        let (region, address) = dns::public_address(name)?;
        let eni = self.model.eni_with_public_address(address)?;
        let theirs = self.model.vpc(eni.vpc);
        // aws: dns-attributes
        if theirs.scope.region != region || !theirs.has_names() {
            return None;
        }
        let asks = self.vpc().map(|vpc| vpc.id);
        let is_private = asks
            .is_some_and(|asks| asks == theirs.id || self.model.resolves_for_peer(theirs.id, asks, self.now));
        if is_private { eni.private_of(address) } else { Some(address) }
    }

    /// The names of endpoints are public, and lead to private addresses (aws: endpoint-dns-names).
    fn endpoint_name(&self, name: &str) -> Option<Vec<Ipv4Addr>> {
        if !name.contains(".vpce.") {
            return None;
        }
        self.model.endpoints.values().find_map(|endpoint| {
            let EndpointKind::Interface { interfaces, .. } = &endpoint.kind else { return None };
            // S3's have something before them: `bucket.`, or a bucket's name and that.
            let is_named = |own: &str| {
                name.strip_suffix(own).is_some_and(|before| {
                    before.is_empty() || (endpoint.service.service() == "s3" && before.ends_with('.'))
                })
            };
            if is_named(&endpoint.regional_name()) {
                return Some(self.interfaces(endpoint).map(Eni::primary_ip).collect());
            }
            interfaces.iter().find_map(|(subnet, eni)| {
                let zone = self.model.subnet(*subnet).zone;
                is_named(&endpoint.zonal_name(zone)).then(|| vec![self.model.eni(*eni).primary_ip()])
            })
        })
    }

    fn interfaces(&self, endpoint: &VpcEndpoint) -> impl Iterator<Item = &'m Eni> {
        let interfaces = match &endpoint.kind {
            EndpointKind::Interface { interfaces, .. } => interfaces.clone(),
            EndpointKind::Gateway { .. } => Vec::new(),
        };
        interfaces.into_iter().map(|(_, eni)| self.model.eni(eni))
    }

    /// The host of a service, by its public name.
    fn service(&self, name: &str) -> Option<&'m OutsideHost> {
        let service = aws_name(name)?;
        let host = self.model.service_at(service.region, &service.service)?;
        // Only buckets, and what else has a host of its own, have something before the service.
        let has_hosts = ["s3", "notebook"].contains(&service.service.as_str());
        (service.before.is_none() || has_hosts).then_some(host)
    }

    /// The names of buckets stand for another of S3's names (aws: dns-bucket-names).
    fn alias(&self, name: &str) -> Option<String> {
        let service = aws_name(name)?;
        let is_bucket = service.service == "s3" && service.before.is_some();
        let exists = self.model.service_at(service.region, "s3").is_some_and(|host| host.is_provided);
        (is_bucket && exists && self.private_zone(name).is_none())
            .then(|| format!("s3-r-w.{}.amazonaws.com", service.region))
    }

    /// The name an address is shown by.
    fn pointer(&self, address: Ipv4Addr) -> Option<String> {
        if let Some(vpc) = self.vpc()
            && self.model.eni_with_address(vpc.id, address).is_some()
        {
            return Some(dns::private_name(vpc.scope.region, address));
        }
        if let Some(eni) = self.model.eni_with_public_address(address) {
            let vpc = self.model.vpc(eni.vpc);
            return vpc.has_names().then(|| dns::public_name(vpc.scope.region, address));
        }
        let host = self.model.outside.get(&address)?;
        host.name.contains('.').then(|| host.name.clone())
    }
}

/// What is in a public name of a service.
#[derive(Clone, PartialEq, Eq, Debug)]
struct AwsName {
    service: String,
    region: Region,
    /// What stands before the service: a bucket, for instance.
    before: Option<String>,
    /// Whether the name has no region.
    is_global: bool,
}

/// Reads a name like `my-bucket.s3.ap-northeast-2.amazonaws.com`.
fn aws_name(name: &str) -> Option<AwsName> {
    let split = |rest: &str, service: &str| -> Option<Option<String>> {
        match rest.strip_suffix(service)? {
            "" => Some(None),
            before => before.strip_suffix('.').filter(|b| !b.is_empty()).map(|b| Some(b.to_owned())),
        }
    };
    if let Some(rest) = name.strip_suffix(".sagemaker.aws") {
        let (rest, region) = rest.rsplit_once('.')?;
        let (service, is_global) = ("notebook".to_owned(), false);
        let before = split(rest, &service)?;
        return Some(AwsName { service, region: region.parse().ok()?, before, is_global });
    }
    let rest = name.strip_suffix(".amazonaws.com")?;
    for service in ["s3", "sts"] {
        if let Some(before) = split(rest, service) {
            let region = "us-east-1".parse().expect("a region");
            return Some(AwsName { service: service.to_owned(), region, before, is_global: true });
        }
    }
    let (rest, region) = rest.rsplit_once('.')?;
    let region: Region = region.parse().ok()?;
    if rest == "s3-r-w" {
        return Some(AwsName { service: "s3".to_owned(), region, before: None, is_global: false });
    }
    let of = |service: &str, before| {
        Some(AwsName { service: service.to_owned(), region, before, is_global: false })
    };
    if let Some(before) = split(rest, "s3") {
        return of("s3", before);
    }
    // `dkr.ecr` is the service `ecr.dkr`.
    let labels: Vec<&str> = rest.rsplit('.').collect();
    of(&labels.join("."), None)
}

/// The address in a name of the reverse zone.
fn reversed(name: &str) -> Option<Ipv4Addr> {
    let labels: Vec<&str> = name.strip_suffix(".in-addr.arpa")?.rsplit('.').collect();
    labels.join(".").parse().ok()
}

impl VpcEndpoint {
    /// Whether the service's own name leads here inside the VPC.
    fn answers_in_vpc(&self) -> bool {
        match self.kind {
            EndpointKind::Interface { private_dns, inbound_only, .. } => private_dns && !inbound_only,
            EndpointKind::Gateway { .. } => false,
        }
    }
}
