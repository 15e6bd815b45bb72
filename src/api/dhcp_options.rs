//! DHCP option sets: what instances are told about servers and names.

use std::net::Ipv4Addr;

use super::{ApiError, Ec2, New, Result};
use crate::ids::{DhcpOptionsId, VpcId};
use crate::model::{DhcpOptions, NameServer};

/// Parameters of CreateDhcpOptions.
#[derive(Clone, Debug)]
pub struct CreateDhcpOptions {
    /// Name and id.
    pub new: New<DhcpOptionsId>,
    /// `domain-name-servers`: Amazon's server if none is given.
    pub domain_name_servers: Vec<NameServer>,
    /// `domain-name`.
    pub domain_name: Option<String>,
    /// `ntp-servers`.
    pub ntp_servers: Vec<Ipv4Addr>,
}

/// How many servers of a kind a set holds (aws: dhcp-four-servers).
const SERVERS_MAX: usize = 4;

impl Ec2<'_> {
    /// Makes a set, which no VPC has yet.
    pub fn create_dhcp_options(&mut self, request: CreateDhcpOptions) -> Result<DhcpOptionsId> {
        if request.domain_name_servers.len().max(request.ntp_servers.len()) > SERVERS_MAX {
            return Err(ApiError::code_only("InvalidParameterValue"));
        }
        let mut domain_name_servers = request.domain_name_servers;
        // aws: dhcp-name-servers-default
        if domain_name_servers.is_empty() {
            domain_name_servers.push(NameServer::Amazon);
        }
        let id = self.choose_id(&request.new, "", |model| &model.dhcp_options, DhcpOptionsId::derive);
        let options = DhcpOptions {
            id,
            name: request.new.name,
            scope: self.caller,
            domain_name_servers,
            domain_name: request.domain_name,
            ntp_servers: request.ntp_servers,
        };
        self.model.dhcp_options.insert(id, options);
        Ok(id)
    }

    /// Gives a VPC another set, or none (`default`). At AWS its instances follow when they renew their
    /// lease, within hours; here they do at once (assumed: dhcp-at-once).
    pub fn associate_dhcp_options(&mut self, options: Option<DhcpOptionsId>, vpc: VpcId) -> Result<()> {
        if let Some(id) = options {
            self.dhcp_options(id)?;
        }
        self.vpc_mut(vpc)?.dhcp_options = options;
        self.model.hosts_changed += 1;
        Ok(())
    }

    /// Deletes a set that no VPC has (aws: dhcp-in-use).
    pub fn delete_dhcp_options(&mut self, id: DhcpOptionsId) -> Result<()> {
        self.dhcp_options(id)?;
        if self.model.vpcs.values().any(|vpc| vpc.dhcp_options == Some(id)) {
            return Err(super::dependency_violation("dhcpOptions", id));
        }
        self.model.dhcp_options.shift_remove(&id);
        Ok(())
    }

    /// The set of the caller's region that new VPCs have, which is there from the first one on
    /// (aws: dhcp-default-options).
    pub(super) fn default_dhcp_options(&mut self) -> DhcpOptionsId {
        let scope = self.caller;
        let id = DhcpOptionsId::derive(&[&scope.account.to_string(), scope.region.name(), "default"]);
        self.model.dhcp_options.entry(id).or_insert_with(|| DhcpOptions::of_region(id, scope));
        id
    }
}
