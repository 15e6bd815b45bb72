//! What the options of commands want, and what can be said about a value before the command runs.

use std::net::Ipv4Addr;

use ipnet::Ipv4Net;

use crate::model::{Account, Region};

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
    Ip,
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
    TagSpecifications,
    Tags,
    Text,
}

/// The kinds of things that have names.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs, reason = "each variant is the kind it is named after")]
pub enum NameKind {
    /// Anything that can be tagged.
    Any,
    ElasticIp,
    Eni,
    Instance,
    InternetGateway,
    NetworkAcl,
    Peering,
    RouteTable,
    SecurityGroup,
    Subnet,
    /// An association is called by its subnet, or by the VPC whose main table it is about.
    SubnetOrVpc,
    Vpc,
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
        matches!(self, Self::Names(_) | Self::Tags | Self::TagSpecifications)
    }

    /// The kind of things whose names are wanted.
    pub fn names(&self) -> Option<NameKind> {
        if let Self::Name(kind) | Self::Names(kind) = self { Some(*kind) } else { None }
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
            Self::Ip => text.parse::<Ipv4Addr>().is_ok(),
            Self::Name(_) | Self::Names(_) | Self::Text => !text.is_empty(),
            Self::Number { min, max } => {
                text.parse().is_ok_and(|number: u32| (*min..=*max).contains(&number))
            }
            Self::Port => ports(text).is_some(),
            Self::PortRange => from_to(text).is_some(),
            Self::Protocol => protocol(text).is_some(),
            Self::Region => text.parse::<Region>().is_ok(),
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
            Self::Ip => "an IPv4 address".to_owned(),
            Self::Name(_) | Self::Names(_) => "a name or an id".to_owned(),
            Self::Number { min, max } => format!("a number from {min} to {max}"),
            Self::Port => "a port such as `22`, a range such as `1024-65535`, or `all`".to_owned(),
            Self::PortRange => "a range such as `From=22,To=22`".to_owned(),
            Self::Protocol => "`tcp`, `udp`, `icmp`, `all` or a protocol number".to_owned(),
            Self::Region => format!("a region: {}", Region::names().collect::<Vec<_>>().join(", ")),
            Self::Tags => "`Key=Name,Value=…`; other tags are not kept".to_owned(),
            Self::TagSpecifications => {
                "`ResourceType=…,Tags=[{Key=Name,Value=…}]`; other tags are not kept".to_owned()
            }
            Self::Text => "a text".to_owned(),
        }
    }
}

/// The value of the tag `Name` in the CLI's shorthand for tags.
pub fn name_in_tags(text: &str) -> Option<String> {
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
    }
}
