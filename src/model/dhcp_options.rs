//! DHCP option sets.

use std::fmt;
use std::net::Ipv4Addr;
use std::str::FromStr;

use super::{Region, Scope, dns};
use crate::ids::DhcpOptionsId;

/// What the instances of a VPC are told when they boot. It is never changed, only replaced by another
/// (aws: dhcp-immutable).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DhcpOptions {
    /// Its id.
    pub id: DhcpOptionsId,
    /// Its Name tag.
    pub name: Option<String>,
    /// Owner and region.
    pub scope: Scope,
    /// Whom to ask for names, in this order; Amazon's server if nothing is said
    /// (aws: dhcp-name-servers-default).
    pub domain_name_servers: Vec<NameServer>,
    /// What is put behind names that are not found as they are.
    pub domain_name: Option<String>,
    /// Whom to ask for the time.
    pub ntp_servers: Vec<Ipv4Addr>,
}

/// A server of names in an option set.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NameServer {
    /// `AmazonProvidedDNS`: in every VPC its own.
    Amazon,
    /// Somebody at an address.
    At(Ipv4Addr),
}

impl DhcpOptions {
    /// The set that new VPCs of a region have (aws: dhcp-default-options).
    pub(crate) fn of_region(id: DhcpOptionsId, scope: Scope) -> Self {
        Self {
            id,
            name: None,
            scope,
            domain_name_servers: vec![NameServer::Amazon],
            domain_name: Some(Self::default_domain(scope.region)),
            ntp_servers: Vec::new(),
        }
    }

    fn default_domain(region: Region) -> String {
        dns::internal_domain(region)
    }
}

impl NameServer {
    /// The word for Amazon's server.
    pub const AMAZON: &'static str = "AmazonProvidedDNS";
}

impl FromStr for NameServer {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        if text == Self::AMAZON {
            return Ok(Self::Amazon);
        }
        text.parse().map(Self::At).map_err(|_| ())
    }
}

impl fmt::Display for NameServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Amazon => f.pad(Self::AMAZON),
            Self::At(address) => f.pad(&address.to_string()),
        }
    }
}
