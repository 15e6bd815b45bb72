//! What the options of commands want, and what can be said about a value before the command runs.

use std::net::Ipv4Addr;

use ipnet::Ipv4Net;

use super::shorthand::{self, Tree};
use crate::model::{Account, Region, ServiceName};

/// An option of a command.
#[derive(Debug)]
pub struct Param {
    /// Without the two dashes.
    pub name: &'static str,
    pub what: What,
    pub required: bool,
}

/// What an option wants.
#[derive(Debug)]
pub enum What {
    Account,
    Choice(&'static [&'static str]),
    Cidr,
    Flag,
    /// A type or code of ICMP; -1 stands for all.
    IcmpNumber,
    Ip,
    Ips,
    /// A document: a JSON object.
    Json,
    Name(NameKind),
    Names(NameKind),
    Number {
        min: u32,
        max: u32,
    },
    /// `22`, `1024-65535` or `all`; a rule of ICMP has its type there.
    Port,
    /// `From=22,To=22`
    PortRange,
    /// `tcp`, `udp`, `icmp`, `all` or a number.
    Protocol,
    Region,
    /// `com.amazonaws.us-east-1.s3`
    Service,
    /// `Key=Value,…` with these members.
    Structure(&'static [Param]),
    /// Several of them.
    Structures(&'static [Param]),
    /// `true` or `false`, alone or as a structure with the member `Value`; the option alone is true.
    Switch,
    TagSpecifications,
    Tags,
    Text,
    Texts,
}

/// The kinds of things that have names.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs, reason = "each variant is the kind it is named after")]
pub enum NameKind {
    /// Anything that can be tagged.
    Any,
    CustomerGateway,
    DhcpOptions,
    ElasticIp,
    Endpoint,
    Eni,
    FlowLog,
    /// What a flow log can watch.
    FlowLogResource,
    /// What `--gateway-id` takes: an internet gateway, a virtual private gateway or an endpoint.
    Gateway,
    Instance,
    InstanceProfile,
    InternetGateway,
    /// A managed policy, of AWS or of the account, by its ARN or its name.
    ManagedPolicy,
    NatGateway,
    NetworkAcl,
    Peering,
    PrefixList,
    /// The association of an instance profile is called by its instance.
    ProfileAssociation,
    Role,
    RouteTable,
    /// An association is called by its subnet or gateway, or by the VPC whose main table it is about.
    RouteTableAssociation,
    SecurityGroup,
    Subnet,
    /// An exclusion from Block Public Access is called by what it excludes.
    SubnetOrVpc,
    TransitGateway,
    TransitGatewayAttachment,
    TransitGatewayRouteTable,
    User,
    Vpc,
    VpnConnection,
    VpnGateway,
}

pub const fn required(name: &'static str, what: What) -> Param {
    Param { name, what, required: true }
}

pub const fn optional(name: &'static str, what: What) -> Param {
    Param { name, what, required: false }
}

impl What {
    /// Whether several values may follow the option.
    pub fn is_list(&self) -> bool {
        matches!(
            self,
            Self::Ips
                | Self::Names(_)
                | Self::Structures(_)
                | Self::TagSpecifications
                | Self::Tags
                | Self::Texts
        )
    }

    /// The names in a value, each with the kind of thing that is wanted.
    pub fn names(&self, text: &str) -> Vec<(NameKind, String)> {
        let mut found = Vec::new();
        match self {
            Self::Name(kind) | Self::Names(kind) => found.push((*kind, text.to_owned())),
            Self::Structure(members) | Self::Structures(members) => {
                for tree in shorthand::read_all(text).unwrap_or_default() {
                    collect_names(members, &tree, &mut found);
                }
            }
            Self::Account
            | Self::Choice(_)
            | Self::Cidr
            | Self::Flag
            | Self::IcmpNumber
            | Self::Ip
            | Self::Ips
            | Self::Json
            | Self::Number { .. }
            | Self::Port
            | Self::PortRange
            | Self::Protocol
            | Self::Region
            | Self::Service
            | Self::Switch
            | Self::TagSpecifications
            | Self::Tags
            | Self::Text
            | Self::Texts => {}
        }
        found
    }

    /// Whether tags are wanted.
    pub fn is_tags(&self) -> bool {
        matches!(self, Self::Tags | Self::TagSpecifications)
    }

    /// Whether a text is such a value; otherwise what is wanted.
    pub fn check(&self, text: &str) -> Result<(), String> {
        let ok = match self {
            Self::Account => text.parse::<Account>().is_ok(),
            Self::Choice(words) => words.contains(&text),
            Self::Cidr => text.parse::<Ipv4Net>().is_ok(),
            Self::Flag => text.is_empty(),
            Self::IcmpNumber => text == "-1" || text.parse::<u8>().is_ok(),
            Self::Ip | Self::Ips => text.parse::<Ipv4Addr>().is_ok(),
            Self::Json => serde_json::from_str::<serde_json::Map<_, _>>(text).is_ok(),
            Self::Name(_) | Self::Names(_) | Self::Text | Self::Texts => !text.is_empty(),
            Self::Number { min, max } => {
                text.parse().is_ok_and(|number: u32| (*min..=*max).contains(&number))
            }
            Self::Port => ports(text).is_some(),
            Self::PortRange => from_to(text).is_some(),
            Self::Protocol => protocol(text).is_some(),
            Self::Region => text.parse::<Region>().is_ok(),
            Self::Service => text.parse::<ServiceName>().is_ok(),
            Self::Structure(members) => shorthand::read(text).is_some_and(|tree| has_shape(members, &tree)),
            Self::Structures(members) => shorthand::read_all(text)
                .is_some_and(|all| !all.is_empty() && all.iter().all(|tree| has_shape(members, tree))),
            Self::Switch => switch(text).is_some(),
            Self::Tags | Self::TagSpecifications => name_in_tags(text).is_some(),
        };
        if ok { Ok(()) } else { Err(self.wanted()) }
    }

    fn wanted(&self) -> String {
        match self {
            Self::Account => "an account number of twelve digits".to_owned(),
            Self::Choice(words) => format!("one of {}", words.join(", ")),
            Self::Cidr => "an IPv4 CIDR block such as `10.0.0.0/16`".to_owned(),
            Self::Flag => "no value".to_owned(),
            Self::Ip | Self::Ips => "an IPv4 address".to_owned(),
            Self::Json => "a document as JSON, in single quotes".to_owned(),
            Self::Name(_) | Self::Names(_) => "a name or an id".to_owned(),
            Self::IcmpNumber => "a number from 0 to 255, or -1 for all".to_owned(),
            Self::Number { min, max } => format!("a number from {min} to {max}"),
            Self::Port => "a port such as `22`, a range such as `1024-65535`, or `all`".to_owned(),
            Self::PortRange => "a range such as `From=22,To=22`".to_owned(),
            Self::Protocol => "`tcp`, `udp`, `icmp`, `all` or a protocol number".to_owned(),
            Self::Region => format!("a region: {}", Region::names().collect::<Vec<_>>().join(", ")),
            Self::Service => "the name of a service such as `com.amazonaws.us-east-1.s3`".to_owned(),
            Self::Structure(members) | Self::Structures(members) => {
                let members: Vec<String> = members
                    .iter()
                    .map(|member| {
                        if let Self::Choice(words) = member.what {
                            format!("{}={}", member.name, words.join("|"))
                        } else {
                            format!("{}=…", member.name)
                        }
                    })
                    .collect();
                format!("a structure, with some of `{}`", members.join(","))
            }
            Self::Switch => "`true` or `false`".to_owned(),
            Self::Tags => "`Key=Name,Value=…`; other tags are not kept".to_owned(),
            Self::TagSpecifications => {
                "`ResourceType=…,Tags=[{Key=Name,Value=…}]`; other tags are not kept".to_owned()
            }
            Self::Text | Self::Texts => "a text".to_owned(),
        }
    }
}

fn collect_names(members: &[Param], tree: &Tree, found: &mut Vec<(NameKind, String)>) {
    for member in members {
        for element in tree.elements(member.name) {
            match (&member.what, element) {
                (What::Structure(inner) | What::Structures(inner), _) => {
                    collect_names(inner, element, found);
                }
                (what, Tree::Text(text)) => found.extend(what.names(text)),
                (_, Tree::List(_) | Tree::Map(_)) => {}
            }
        }
    }
}

/// Whether a tree has all members that are required, no others, and each as it should be.
fn has_shape(members: &[Param], tree: &Tree) -> bool {
    let Tree::Map(given) = tree else { return false };
    let has_required = members.iter().all(|member| !member.required || tree.get(member.name).is_some());
    let fits = |(key, value): &(String, Tree)| {
        let Some(member) = members.iter().find(|member| member.name == key) else { return false };
        match value {
            Tree::List(elements) => {
                member.what.is_list() && elements.iter().all(|element| fits(&member.what, element))
            }
            one @ (Tree::Map(_) | Tree::Text(_)) => fits(&member.what, one),
        }
    };
    return has_required && given.iter().all(fits);

    fn fits(what: &What, value: &Tree) -> bool {
        match (what, value) {
            (What::Structure(members) | What::Structures(members), value) => has_shape(members, value),
            (what, Tree::Text(text)) => what.check(text).is_ok(),
            (_, Tree::List(_) | Tree::Map(_)) => false,
        }
    }
}

/// `true` or `false`, alone or as the member `Value`.
pub fn switch(text: &str) -> Option<bool> {
    let tree = shorthand::read(text);
    tree.as_ref().and_then(|tree| tree.text("Value")).unwrap_or(text).parse().ok()
}

/// The value of the tag `Name` in the CLI's shorthand for tags, or in JSON.
pub fn name_in_tags(text: &str) -> Option<String> {
    if text.starts_with(['{', '[']) {
        let all = shorthand::read_all(text)?;
        let tags = all.iter().flat_map(|tree| match tree.elements("Tags") {
            [] => std::slice::from_ref(tree),
            tags => tags,
        });
        let mut names = tags.filter(|tag| tag.text("Key") == Some("Name"));
        return names.find_map(|tag| tag.text("Value")).map(str::to_owned).filter(|name| !name.is_empty());
    }
    let after = text.split_once("Key=Name,Value=")?.1;
    let end = after.find([',', '}', ']']).unwrap_or(after.len());
    Some(after[..end].trim_matches('"').to_owned()).filter(|name| !name.is_empty())
}

/// What `--port` says. For ICMP the two numbers are type and code.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ports {
    /// `all`, which the CLI also writes `-1`.
    All,
    /// One number.
    One(u16),
    /// Two.
    Range(u16, u16),
}

pub fn ports(text: &str) -> Option<Ports> {
    match text.split_once('-') {
        _ if text == "all" || text == "-1" => Some(Ports::All),
        Some((from, to)) => Some(Ports::Range(from.parse().ok()?, to.parse().ok()?)),
        None => text.parse().ok().map(Ports::One),
    }
}

pub fn from_to(text: &str) -> Option<(u16, u16)> {
    let (from, to) = text.split_once(',')?;
    Some((from.strip_prefix("From=")?.parse().ok()?, to.strip_prefix("To=")?.parse().ok()?))
}

/// A protocol's number; `None` for all of them.
pub fn protocol(text: &str) -> Option<Option<u8>> {
    match text {
        "all" | "-1" => Some(None),
        "icmp" => Some(Some(1)),
        "tcp" => Some(Some(6)),
        "udp" => Some(Some(17)),
        number => number.parse().ok().map(Some),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_in_tags() {
        let found = |text| name_in_tags(text);
        assert_eq!(found("Key=Name,Value=DefaultVPC"), Some("DefaultVPC".to_owned()));
        assert_eq!(
            found("ResourceType=vpc-peering-connection,Tags=[{Key=Name,Value=DemoPeering}]"),
            Some("DemoPeering".to_owned())
        );
        assert_eq!(found("Key=Owner,Value=me"), None);
        let json = r#"[{"ResourceType":"vpc","Tags":[{"Key":"Name","Value":"Lab"}]}]"#;
        assert_eq!(found(json), Some("Lab".to_owned()));
        assert_eq!(
            found(r#"[{"Key":"Owner","Value":"me"},{"Key":"Name","Value":"a"}]"#),
            Some("a".to_owned())
        );
        assert_eq!(found(r#"[{"Key":"Owner","Value":"me"}]"#), None);
    }
}
