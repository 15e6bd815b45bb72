//! Gateways, peering connections, endpoints, prefix lists and VPNs.

use serde_json::Value;

use super::{Builder, Item};
use crate::import::cloudformation::attributes::VPN_ATTACHMENT;
use crate::import::inventory::{
    CustomerGateway, Endpoint, EndpointKind, InternetGateway, NatGateway, PeerVpc, Peering, PrefixList,
    TransitAttachment, TransitResource, VpnConnection, VpnGateway,
};
use crate::import::json::At;

impl Builder {
    pub(super) fn internet_gateway(&mut self, item: &Item, at: &At<'_>) {
        let about = self.about(item, at);
        self.inventory.internet_gateways.push(InternetGateway { about, vpc: None });
    }

    pub(super) fn vpn_gateway(&mut self, item: &Item, at: &At<'_>) {
        let about = self.about(item, at);
        self.inventory.vpn_gateways.push(VpnGateway { about, vpc: None });
    }

    /// Attaches a gateway; one that was there before the stack is made as it is named.
    pub(super) fn gateway_attachment(&mut self, at: &At<'_>) {
        let Some(vpc) = self.need(at, "VpcId") else { return };
        let (internet, vpn) = (at.text("InternetGatewayId"), at.text("VpnGatewayId"));
        if internet.is_none() && vpn.is_none() {
            self.trouble(self.place(at), "an attachment needs `InternetGatewayId` or `VpnGatewayId`");
        }
        let vpc = Some(vpc);
        if let Some(id) = internet {
            match self.inventory.internet_gateways.iter_mut().find(|gateway| gateway.about.id == id) {
                Some(gateway) => gateway.vpc.clone_from(&vpc),
                None => {
                    let about = self.about_id(&id, self.place(at));
                    self.inventory.internet_gateways.push(InternetGateway { about, vpc: vpc.clone() });
                }
            }
        }
        if let Some(id) = vpn {
            match self.inventory.vpn_gateways.iter_mut().find(|gateway| gateway.about.id == id) {
                Some(gateway) => gateway.vpc = vpc,
                None => {
                    let about = self.about_id(&id, self.place(at));
                    self.inventory.vpn_gateways.push(VpnGateway { about, vpc });
                }
            }
        }
    }

    pub(super) fn nat_gateway(&mut self, item: &Item, at: &At<'_>) {
        let about = self.about(item, at);
        let is_regional =
            at.text("AvailabilityMode").is_some_and(|mode| mode.eq_ignore_ascii_case("regional"));
        let subnet = if is_regional { None } else { self.need(at, "SubnetId") };
        if !is_regional && subnet.is_none() {
            return;
        }
        let private_ip = self.ip(at, "PrivateIpAddress");
        let is_public = !at.text("ConnectivityType").is_some_and(|kind| kind.eq_ignore_ascii_case("private"));
        let mut allocations: Vec<String> = at.text("AllocationId").into_iter().collect();
        allocations.extend(self.texts(at, "SecondaryAllocationIds"));
        for zone in self.elements(at, "AvailabilityZoneAddresses") {
            allocations.extend(self.texts(&zone, "AllocationIds"));
        }
        if self.number(at, "SecondaryPrivateIpAddressCount").is_some_and(|count| count > 0) {
            let message = "secondary private addresses that AWS chooses are left out";
            self.matters(at.get("SecondaryPrivateIpAddressCount").place(), message);
        }
        let secondary_private_ips = self.texts(at, "SecondaryPrivateIpAddresses");
        self.inventory.nat_gateways.push(NatGateway {
            about,
            vpc: at.text("VpcId"),
            subnet,
            is_public,
            interface: None,
            private_ip,
            allocations,
            secondary_private_ips,
        });
    }

    pub(super) fn peering(&mut self, item: &Item, at: &At<'_>) {
        let about = self.about(item, at);
        let (Some(vpc), Some(peer)) = (self.need(at, "VpcId"), self.need(at, "PeerVpcId")) else { return };
        let owner = at.text("PeerOwnerId").filter(|owner| !self.is_unknown(owner));
        let is_own = owner.is_none() || owner == self.account || self.kinds.contains_key(&peer);
        // CloudFormation accepts for an account of its own, and with a role for another one.
        let is_accepted = is_own || at.text("PeerRoleArn").is_some();
        if !is_accepted {
            let message = "this peering connection waits for the other account to accept it";
            self.matters(self.place(at), message);
        }
        let requester = PeerVpc { vpc, ..PeerVpc::default() };
        let region = at.text("PeerRegion").filter(|region| !self.is_unknown(region));
        let accepter = PeerVpc { vpc: peer, account: owner, region, cidrs: Vec::new() };
        self.inventory.peerings.push(Peering { about, requester, accepter, is_accepted });
    }

    pub(super) fn endpoint(&mut self, item: &Item, at: &At<'_>) {
        let about = self.about(item, at);
        let kind = at.text("VpcEndpointType").unwrap_or_else(|| "Gateway".to_owned());
        let Some(vpc) = self.need(at, "VpcId") else { return };
        let service = match kind.as_str() {
            "Resource" | "ServiceNetwork" => String::new(),
            _ => match self.need(at, "ServiceName") {
                Some(service) => service,
                None => return,
            },
        };
        let kind = match kind.as_str() {
            "Gateway" => EndpointKind::Gateway { route_tables: self.texts(at, "RouteTableIds") },
            "Interface" => {
                let private_dns = self.private_dns(at, &service);
                EndpointKind::Interface {
                    subnets: self.texts(at, "SubnetIds"),
                    security_groups: self.groups(at, "SecurityGroupIds"),
                    interfaces: Vec::new(),
                    private_dns,
                }
            }
            other => EndpointKind::Other(other.to_owned()),
        };
        let policy = match at.get("PolicyDocument").value {
            Value::Null => None,
            Value::String(text) => Some(text.clone()),
            document @ (Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => {
                Some(document.to_string()).filter(|_| !is_default_policy(document))
            }
        };
        self.inventory.endpoints.push(Endpoint { about, vpc, service, kind, policy });
    }

    /// Whether an endpoint takes over the names of its service. CloudFormation's reference has no default; that of
    /// EC2's API is yes, but for S3.
    fn private_dns(&mut self, at: &At<'_>, service: &str) -> bool {
        let said = self.flag(at, "PrivateDnsEnabled");
        said.unwrap_or_else(|| {
            let taken = !service.ends_with(".s3");
            let which = if taken { "it is taken to have them" } else { "it is taken to have none" };
            let message = format!("whether this endpoint has private names is not said: {which}");
            self.matters(self.place(at), message);
            taken
        })
    }

    pub(super) fn prefix_list(&mut self, item: &Item, at: &At<'_>) {
        let about = self.about(item, at);
        let list_name = at.text("PrefixListName").unwrap_or_else(|| item.id.clone());
        let max_entries = self.number(at, "MaxEntries");
        let mut entries = Vec::new();
        if at.text("AddressFamily").is_some_and(|family| family.eq_ignore_ascii_case("IPv6")) {
            self.harmless(self.place(at), "the entries of a prefix list of IPv6 are left out");
        } else {
            for entry in self.elements(at, "Entries") {
                entries.extend(self.cidr(&entry, "Cidr"));
            }
        }
        self.inventory.prefix_lists.push(PrefixList { about, list_name, entries, max_entries });
    }

    pub(super) fn customer_gateway(&mut self, item: &Item, at: &At<'_>) {
        let about = self.about(item, at);
        let ip_address = self.ip(at, "IpAddress");
        self.inventory.customer_gateways.push(CustomerGateway { about, ip_address });
    }

    pub(super) fn vpn_connection(&mut self, item: &Item, at: &At<'_>) {
        let about = self.about(item, at);
        let Some(customer_gateway) = self.need(at, "CustomerGatewayId") else { return };
        let transit = at.text("TransitGatewayId");
        let Some(gateway) = at.text("VpnGatewayId").or_else(|| transit.clone()) else {
            let message = "a VPN connection without a gateway on the side of AWS is left out";
            return self.matters(self.place(at), message);
        };
        if let Some(transit_gateway) = transit {
            let attachment = self.about_id(&format!("{}.{VPN_ATTACHMENT}", item.id), self.place_of(&item.id));
            let resource = TransitResource::Vpn { connection: item.id.clone() };
            let attachment = TransitAttachment { about: attachment, transit_gateway, resource };
            self.inventory.transit_attachments.push(attachment);
        }
        let connection = VpnConnection { about, customer_gateway, gateway, routes: Vec::new() };
        self.inventory.vpn_connections.push(connection);
    }

    pub(super) fn vpn_connection_route(&mut self, at: &At<'_>) {
        let Some(id) = self.need(at, "VpnConnectionId") else { return };
        let Some(cidr) = self.cidr(at, "DestinationCidrBlock") else { return };
        match self.inventory.vpn_connections.iter_mut().find(|connection| connection.about.id == id) {
            Some(connection) => connection.routes.push(cidr),
            None => self.elsewhere(self.place(at), "a route", &id),
        }
    }
}

/// Whether a policy is the one that an endpoint has if none is said.
fn is_default_policy(document: &Value) -> bool {
    let statement = &document["Statement"];
    let statement = match statement.as_array().map(Vec::as_slice) {
        Some([one]) => one,
        Some(_) => return false,
        None => statement,
    };
    let is_all = |key: &str| match &statement[key] {
        Value::String(text) => text == "*",
        Value::Array(list) => list.iter().all(|one| one == "*") && !list.is_empty(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => false,
    };
    let is_plain = statement.as_object().is_some_and(|statement| !statement.contains_key("Condition"));
    is_plain && statement["Effect"] == "Allow" && ["Action", "Principal", "Resource"].into_iter().all(is_all)
}
