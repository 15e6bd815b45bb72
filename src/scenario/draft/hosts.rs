//! Instances, hosts on the internet, and what any host does by itself, as they are written.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::time::Duration;

use super::identity::metadata;
use super::logs::{labels, tags};
use super::{ADDRESS, Named, each, flag, named, names, names_at, owned_text};
use crate::api::Labels;
use crate::guest::{Answer, AwsProfile, Certificate, CliVersion, HostSetup, Identity, Service, Site};
use crate::model::{Bandwidth, InterfaceType, MetadataOptions, ip_ranges};
use crate::scenario::fields::Fields;
use crate::scenario::problem::{Problem, Problems, quote};
use crate::scenario::yaml::{Key, Node, Span, Spanned, Value};

#[derive(Debug)]
pub struct Instance {
    pub named: Named,
    pub eni_id: Option<Spanned<String>>,
    pub subnet: Option<Spanned<String>>,
    pub security_groups: Vec<Spanned<String>>,
    pub private_ip: Option<Spanned<Ipv4Addr>>,
    pub secondary_private_ips: Vec<Spanned<Ipv4Addr>>,
    pub public_ip: Option<PublicIp>,
    pub is_stopped: bool,
    pub source_dest_check: bool,
    pub tracked_flows_max: Option<usize>,
    pub bandwidth: Option<Bandwidth>,
    pub role: Option<Spanned<String>>,
    pub metadata: MetadataOptions,
    pub instance_type: Option<String>,
    pub labels: Labels,
    pub setup: Setup,
}

/// An interface with a host of its own: one more of an instance, or one that a service of AWS made for itself.
#[derive(Debug)]
pub struct Interface {
    pub named: Named,
    pub subnet: Option<Spanned<String>>,
    pub security_groups: Vec<Spanned<String>>,
    /// Whether it is said that it has no groups, as some that services make.
    pub has_no_groups: bool,
    pub private_ip: Option<Spanned<Ipv4Addr>>,
    pub secondary_private_ips: Vec<Spanned<Ipv4Addr>>,
    pub public_ip: Option<Ipv4Addr>,
    pub source_dest_check: bool,
    pub owner: InterfaceOwner,
    pub description: String,
    pub tags: BTreeMap<String, String>,
    pub setup: Setup,
}

/// What an interface is attached to.
#[derive(Debug)]
pub enum InterfaceOwner {
    /// An instance, by name.
    Instance(Spanned<String>),
    /// Nothing.
    Nobody,
    /// A service.
    Requester(InterfaceType),
}

/// Whether an instance gets a public address, or which.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PublicIp {
    /// This one.
    Address(Ipv4Addr),
    /// Some address, or none.
    Assigned(bool),
}

#[derive(Debug)]
pub struct OutsideHost {
    pub name: Spanned<String>,
    pub address: Spanned<Ipv4Addr>,
    pub latency: Duration,
    pub service: Option<Spanned<String>>,
    pub aws_service: Option<String>,
    pub setup: Setup,
}

/// One-way time from a host on the internet to AWS, unless the file says another.
const LATENCY: Duration = Duration::from_millis(10);

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
pub(super) fn host_name(key: &Key, problems: &mut Problems) -> Spanned<String> {
    if let Some(problem) = bad_host_name(key.span, &key.text) {
        problems.push(problem);
    }
    Spanned { span: key.span, value: key.text.clone() }
}

pub(super) fn instance(key: &Key, node: &Node, problems: &mut Problems) -> Option<Instance> {
    let mut fields = Fields::of(node, "an instance", problems)?;
    let name = host_name(key, problems);
    let instance = Instance {
        named: Named { name, ..named(key, &mut fields, problems) },
        eni_id: fields.optional("eni_id").and_then(|node| owned_text(node, problems)),
        subnet: fields.optional("subnet").and_then(|node| owned_text(node, problems)),
        security_groups: names_at(&mut fields, "security_groups", problems),
        private_ip: fields.optional("private_ip").and_then(|node| node.parse(problems, ADDRESS)),
        secondary_private_ips: addresses(&mut fields, "secondary_private_ips", problems),
        public_ip: fields.optional("public_ip").and_then(|node| public_ip(node, problems)),
        is_stopped: fields
            .optional("state")
            .and_then(|node| node.choice(problems, "state", &[("running", false), ("stopped", true)]))
            .is_some_and(|state| state.value),
        source_dest_check: flag(&mut fields, "source_dest_check", true, problems),
        tracked_flows_max: fields
            .optional("tracked_flows_max")
            .and_then(|node| node.integer(problems, 0..=u32::MAX))
            .map(|number| number.value as usize),
        bandwidth: fields.optional("bandwidth").and_then(|node| node.bandwidth(problems)).map(|b| b.value),
        role: fields.optional("role").and_then(|node| owned_text(node, problems)),
        metadata: metadata(&mut fields, problems),
        instance_type: fields.optional("type").and_then(|node| instance_type(node, problems)),
        labels: labels(&mut fields, problems),
        setup: host_setup(&mut fields, problems),
    };
    fields.finish(problems);
    Some(instance)
}

pub(super) fn interface(key: &Key, node: &Node, problems: &mut Problems) -> Option<Interface> {
    let mut fields = Fields::of(node, "an interface", problems)?;
    let name = host_name(key, problems);
    let groups = fields.optional("security_groups");
    let security_groups = groups.map(|node| names(node, problems)).unwrap_or_default();
    let has_no_groups =
        groups.is_some_and(|node| matches!(&node.value, Value::List(items) if items.is_empty()));
    let interface = Interface {
        named: Named { name, ..named(key, &mut fields, problems) },
        subnet: fields.optional("subnet").and_then(|node| owned_text(node, problems)),
        security_groups,
        has_no_groups,
        private_ip: fields.optional("private_ip").and_then(|node| node.parse(problems, ADDRESS)),
        secondary_private_ips: addresses(&mut fields, "secondary_private_ips", problems),
        public_ip: fields
            .optional("public_ip")
            .and_then(|node| node.parse(problems, ADDRESS))
            .map(|ip| ip.value),
        source_dest_check: flag(&mut fields, "source_dest_check", true, problems),
        owner: interface_owner(&mut fields, problems),
        description: fields
            .optional("description")
            .and_then(|node| owned_text(node, problems))
            .map(|text| text.value)
            .unwrap_or_default(),
        tags: tags(&mut fields, "tags", problems).unwrap_or_default(),
        setup: host_setup(&mut fields, problems),
    };
    fields.finish(problems);
    Some(interface)
}

/// `instance:` for one more of an instance, `type:` for one of a service.
fn interface_owner(fields: &mut Fields<'_>, problems: &mut Problems) -> InterfaceOwner {
    let instance = fields.optional("instance").and_then(|node| owned_text(node, problems));
    let known = InterfaceType::CODES.map(|code| (code, code.parse().expect("a known type")));
    let kind = fields.optional("type");
    match (instance, kind) {
        (Some(_), Some(node)) => {
            let message = "an interface belongs to an instance or to a service of AWS";
            problems.push(Problem::at(node.place, message).hint("leave `instance` or `type` out"));
            InterfaceOwner::Nobody
        }
        (Some(instance), None) => InterfaceOwner::Instance(instance),
        (None, Some(node)) => match node.choice(problems, "type of interface", &known) {
            Some(kind) => InterfaceOwner::Requester(kind.value),
            None => InterfaceOwner::Nobody,
        },
        (None, None) => InterfaceOwner::Nobody,
    }
}

/// `true`, `false`, or an address.
fn public_ip(node: &Node, problems: &mut Problems) -> Option<PublicIp> {
    if let Some(address) = node.text_if_scalar().and_then(|text| text.parse().ok()) {
        return Some(PublicIp::Address(address));
    }
    node.bool(problems).map(|flag| PublicIp::Assigned(flag.value))
}

/// E.g. `m5.large`.
fn instance_type(node: &Node, problems: &mut Problems) -> Option<String> {
    let text = owned_text(node, problems)?.value;
    let is_type = text.split_once('.').is_some_and(|(family, size)| !family.is_empty() && !size.is_empty());
    if !is_type {
        let problem = Problem::at(node.span, format!("`{text}` is not an instance type"));
        problems.push(problem.hint("types look like `t3.micro`"));
    }
    is_type.then_some(text)
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

/// What a host does and has by itself.
#[derive(Clone, Debug)]
pub struct Setup {
    pub host: HostSetup,
    /// The user whose keys it has.
    pub aws_user: Option<Spanned<String>>,
}

/// What a host does by itself: what it serves, whether it forwards for others, how long its packets are, how
/// its `aws` is configured, and what files it has.
pub(super) fn host_setup(fields: &mut Fields<'_>, problems: &mut Problems) -> Setup {
    let (aws, aws_user) = aws_profile(fields, problems);
    let files = each(fields, "files", "texts by path", problems, |key, node, problems| {
        Some((key.text.clone(), owned_text(node, problems)?.value.into_bytes()))
    });
    let host = HostSetup {
        aws,
        files: files.into_iter().collect(),
        services: serves(fields, problems),
        forwards: flag(fields, "forwards", false, problems),
        mtu: fields
            .optional("mtu")
            .and_then(|node| node.integer(problems, 576..=9001_u16))
            .map(|mtu| mtu.value),
    };
    Setup { host, aws_user }
}

/// How the AWS CLI of a host is configured.
fn aws_profile(fields: &mut Fields<'_>, problems: &mut Problems) -> (AwsProfile, Option<Spanned<String>>) {
    let Some(node) = fields.optional("aws") else { return (AwsProfile::default(), None) };
    let Some(mut fields) = Fields::of(node, "a configuration of the AWS CLI", problems) else {
        return (AwsProfile::default(), None);
    };
    let version = fields.optional("version").and_then(|node| node.integer(problems, 1..=2_u8));
    let region = fields.optional("region").and_then(|node| owned_text(node, problems));
    let user = fields.optional("user").and_then(|node| owned_text(node, problems));
    fields.finish(problems);
    let version =
        if version.is_some_and(|version| version.value == 1) { CliVersion::One } else { CliVersion::Two };
    (AwsProfile { version, region: region.map(|region| region.value), keys: None }, user)
}

/// Ports and what listens on them: a text is a web page.
pub fn serves(fields: &mut Fields<'_>, problems: &mut Problems) -> Vec<(u16, Service)> {
    fields.optional("serves").map(|node| services(node, problems)).unwrap_or_default()
}

/// The same, of what stands behind the key.
pub fn services(node: &Node, problems: &mut Problems) -> Vec<(u16, Service)> {
    let Some(entries) = node.entries(problems, "pages by port") else { return Vec::new() };
    let read = |(key, node): &(Key, Node)| {
        let port = key.text.parse::<u16>().ok().filter(|port| *port > 0);
        if port.is_none() {
            problems.push(Problem::at(
                key.span,
                format!("expected a port from 1 to 65535, found `{}`", key.text),
            ));
        }
        let service = service(node, problems)?;
        check_keyword(port, node, problems);
        Some((port?, service))
    };
    entries.iter().filter_map(read).collect()
}

/// A page of one word on the port of a service that has a keyword is hardly meant.
fn check_keyword(port: Option<u16>, node: &Node, problems: &mut Problems) {
    const KEYWORDS: [(u16, &str); 3] = [(22, "ssh"), (53, "dns"), (5201, "iperf3")];
    let keyword = KEYWORDS.iter().find(|(usual, _)| Some(*usual) == port).map(|(_, keyword)| *keyword);
    if let (Some(keyword), Value::Scalar { text, .. }) = (keyword, &node.value)
        && text != keyword
        && !text.trim().contains(char::is_whitespace)
    {
        let problem =
            Problem::at(node.span, format!("a web page `{}` on the port of {keyword}", text.trim()));
        problems.push(problem.hint(format!("write `{keyword}` for the service")));
    }
}

/// The longest page that is made up: 1 GB.
const BYTES_MAX: u64 = 1_000_000_000;

fn service(node: &Node, problems: &mut Problems) -> Option<Service> {
    let Value::Map(_) = node.value else {
        return node.text(problems).map(|text| match text {
            "dns" => Service::Dns,
            "iperf3" => Service::Iperf,
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
    let identity = identity(&mut fields, problems);
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
    let site = Site::everywhere(answer);
    Some(match identity {
        Some(identity) => Service::Https(site, identity),
        None => Service::Http(site),
    })
}

/// The kinds of certificates as they are written.
const CERTIFICATES: [(&str, Certificate); 4] = [
    ("valid", Certificate::Valid),
    ("self-signed", Certificate::SelfSigned),
    ("expired", Certificate::Expired),
    ("other-name", Certificate::OtherName),
];

/// Who a web server says it is, if it speaks TLS.
fn identity(fields: &mut Fields<'_>, problems: &mut Problems) -> Option<Identity> {
    let node = fields.optional("certificate");
    let names_at = fields.optional("names").map(|node| node.place);
    let names = super::names_at(fields, "names", problems);
    for name in names.iter().filter(|name| !Identity::can_have(&name.value)) {
        problems.push(
            Problem::at(name.span, format!("{} is no name that a certificate can have", quote(&name.value)))
                .hint("for example `www.example.com` or `*.example.com`"),
        );
    }
    let Some(node) = node else {
        if let Some(span) = names_at {
            problems
                .push(Problem::at(span, "names are those of a certificate").hint("add `certificate: valid`"));
        }
        return None;
    };
    let typed = node.text(problems)?;
    let Some((_, certificate)) = CERTIFICATES.into_iter().find(|(text, _)| *text == typed) else {
        let known = CERTIFICATES.map(|(text, _)| format!("`{text}`")).join(", ");
        problems.push(
            Problem::at(node.span, format!("there is no certificate {}", quote(typed)))
                .hint(format!("certificates: {known}")),
        );
        return None;
    };
    if let (Certificate::OtherName, Some(span)) = (certificate, names_at) {
        problems.push(
            Problem::at(span, "a certificate for another name has none of the server's")
                .hint("leave `names` out, or write `certificate: valid`"),
        );
    }
    let names = names.into_iter().map(|name| name.value).collect();
    Some(Identity { certificate, names })
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

/// A code of the published address ranges.
fn aws_service(node: &Node, problems: &mut Problems) -> Option<String> {
    let text = node.text(problems)?;
    let known = ip_ranges::SERVICES.iter().find(|known| **known == text);
    if known.is_none() {
        let known = ip_ranges::SERVICES.iter().copied();
        problems.push(Problem::unknown(node.span, "service in AWS's address ranges", text, known));
    }
    known.map(|known| (*known).to_owned())
}

pub(super) fn outside_host(key: &Key, node: &Node, problems: &mut Problems) -> Option<OutsideHost> {
    let mut fields = Fields::of(node, "a host on the internet", problems)?;
    let address = fields.required("address", problems).and_then(|node| node.parse(problems, ADDRESS));
    let latency = fields.optional("latency").and_then(|node| node.duration(problems));
    let service = fields.optional("service").and_then(|node| owned_text(node, problems));
    let aws_service = fields.optional("aws_service").and_then(|node| aws_service(node, problems));
    let setup = host_setup(&mut fields, problems);
    fields.finish(problems);
    Some(OutsideHost {
        service,
        aws_service,
        setup,
        name: host_name(key, problems),
        address: address?,
        latency: latency.map_or(LATENCY, |latency| latency.value),
    })
}
