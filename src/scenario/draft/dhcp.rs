//! DHCP option sets as they are written.

use std::net::Ipv4Addr;

use super::{ADDRESS, names_at, owned_text};
use crate::scenario::fields::Fields;
use crate::scenario::problem::{Problem, Problems};
use crate::scenario::yaml::{Node, Span, Spanned};

/// What the hosts of a VPC are told.
#[derive(Debug)]
pub struct DhcpOptions {
    /// Where it stands.
    pub span: Span,
    /// Addresses, names of hosts, and `AmazonProvidedDNS`.
    pub domain_name_servers: Vec<Spanned<String>>,
    pub domain_name: Option<String>,
    pub ntp_servers: Vec<Ipv4Addr>,
}

pub fn dhcp_options(node: &Node, problems: &mut Problems) -> Option<DhcpOptions> {
    let mut fields = Fields::of(node, "DHCP options", problems)?;
    let domain_name_servers = names_at(&mut fields, "domain_name_servers", problems);
    let domain_name = fields.optional("domain_name").and_then(|node| owned_text(node, problems));
    let ntp_servers = names_at(&mut fields, "ntp_servers", problems);
    fields.finish(problems);
    let mut address = |text: &Spanned<String>| match text.value.parse() {
        Ok(address) => Some(address),
        Err(_) => {
            let message = format!("expected {ADDRESS}, found `{}`", text.value);
            problems.push(Problem::at(text.span, message));
            None
        }
    };
    let ntp_servers = ntp_servers.iter().filter_map(&mut address).collect();
    let domain_name = domain_name.map(|name| name.value);
    Some(DhcpOptions { span: node.place, domain_name_servers, domain_name, ntp_servers })
}
