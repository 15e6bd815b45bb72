//! From DHCP options as they are written to the set of a VPC.

use std::net::Ipv4Addr;

use super::Builder;
use crate::api::{CreateDhcpOptions, New};
use crate::ids::VpcId;
use crate::model::NameServer;
use crate::scenario::problem::Problem;
use crate::scenario::yaml::Spanned;
use crate::scenario::{draft, station_of};
use crate::trace::Station;

impl Builder<'_> {
    /// The set is called like the VPC.
    pub(super) fn dhcp_options(&mut self, vpc: &draft::Vpc, vpc_id: VpcId) -> Option<()> {
        let options = vpc.dhcp_options.as_ref()?;
        let servers: Vec<Option<NameServer>> =
            options.domain_name_servers.iter().map(|server| self.name_server(server)).collect();
        let request = CreateDhcpOptions {
            new: New::named(&vpc.named.name.value),
            domain_name_servers: servers.into_iter().collect::<Option<_>>()?,
            domain_name: options.domain_name.clone(),
            ntp_servers: options.ntp_servers.clone(),
        };
        self.call(vpc.scope, options.span, "CreateDhcpOptions", |ec2| {
            let id = ec2.create_dhcp_options(request)?;
            ec2.associate_dhcp_options(Some(id), vpc_id)
        })
    }

    /// `AmazonProvidedDNS`, an address, or a host's name, which stands for its address.
    fn name_server(&mut self, text: &Spanned<String>) -> Option<NameServer> {
        if let Ok(server) = text.value.parse() {
            return Some(server);
        }
        let model = &self.built.model;
        let address: Option<Ipv4Addr> = station_of(model, &text.value).map(|station| match station {
            Station::Eni(eni) | Station::LinkLocal(eni) => model.eni(eni).primary_ip(),
            Station::OnPrem(_, address) | Station::Outside(address) => address,
        });
        if address.is_none() && !self.is_declared(text) && !self.declared.instances.contains(&text.value) {
            let problem = Problem::at(text.span, format!("`{}` is no server of names", text.value));
            self.problems.push(problem.hint("write `AmazonProvidedDNS`, an address, or the name of a host"));
        }
        address.map(NameServer::At)
    }
}
