//! Internet, NAT and VPN gateways, endpoints and prefix lists.

use std::rc::Rc;

use serde_json::Value;

use super::{Reader, id_in};
use crate::import::inventory::{
    About, Address, CustomerGateway, Endpoint, EndpointKind, InternetGateway, NatGateway, PrefixList,
    VpnConnection, VpnGateway,
};
use crate::import::json::At;

impl Reader {
    pub(super) fn internet_gateway(&mut self, at: &At<'_>) {
        let Some(about) = self.about(at, "InternetGatewayId") else { return };
        let vpc = attached_vpc(at, "Attachments");
        self.reading.inventory.internet_gateways.push(InternetGateway { about, vpc });
    }

    pub(super) fn vpn_gateway(&mut self, at: &At<'_>) {
        let Some(about) = self.about(at, "VpnGatewayId") else { return };
        if is_over(at) {
            return;
        }
        let vpc = attached_vpc(at, "VpcAttachments");
        self.reading.inventory.vpn_gateways.push(VpnGateway { about, vpc });
    }

    pub(super) fn customer_gateway(&mut self, at: &At<'_>) {
        let Some(about) = self.about(at, "CustomerGatewayId") else { return };
        if is_over(at) {
            return;
        }
        let ip_address = at.text("IpAddress");
        self.reading.inventory.customer_gateways.push(CustomerGateway { about, ip_address });
    }

    pub(super) fn vpn_connection(&mut self, at: &At<'_>) {
        let Some(about) = self.about(at, "VpnConnectionId") else { return };
        if is_over(at) {
            return;
        }
        let Some(gateway) = at.text("TransitGatewayId").or_else(|| at.text("VpnGatewayId")) else {
            self.lost(&at.place(), "a VPN connection without a gateway left out".to_owned());
            return;
        };
        let routes = at.list("Routes");
        let is_there = |route: &&At<'_>| route.text("State").is_none_or(|state| state == "available");
        let routes = routes.iter().filter(is_there).filter_map(|route| route.text("DestinationCidrBlock"));
        self.reading.inventory.vpn_connections.push(VpnConnection {
            about,
            customer_gateway: at.text("CustomerGatewayId").unwrap_or_default(),
            gateway,
            routes: routes.collect(),
        });
    }

    pub(super) fn nat_gateway(&mut self, at: &At<'_>) {
        let Some(about) = self.about(at, "NatGatewayId") else { return };
        if is_over(at) {
            return;
        }
        let mut addresses = at.list("NatGatewayAddresses");
        addresses.sort_by_key(|address| !address.flag("IsPrimary").unwrap_or(false));
        let is_regional = at.text("AvailabilityMode").as_deref() == Some("regional");
        // A regional one brings its table with it.
        self.loose.tables_of_gateways.extend(at.text("RouteTableId"));
        let mut allocations = Vec::new();
        for address in &addresses {
            let Some(allocation) = address.text("AllocationId") else { continue };
            self.loose.addresses.push(Address {
                about: About { id: allocation.clone(), name: None, tags: [].into(), ..about.clone() },
                public_ip: address.text("PublicIp"),
                associated_with: address.text("NetworkInterfaceId"),
                private_ip: None,
            });
            allocations.push(allocation);
        }
        let mut private_ips = addresses.iter().filter_map(|address| address.text("PrivateIp"));
        let private_ip = private_ips.next();
        self.reading.inventory.nat_gateways.push(NatGateway {
            vpc: at.text("VpcId"),
            subnet: at.text("SubnetId").filter(|_| !is_regional),
            is_public: at.text("ConnectivityType").as_deref() != Some("private"),
            interface: addresses.iter().find_map(|address| address.text("NetworkInterfaceId")),
            private_ip: private_ip.filter(|_| !is_regional),
            // Those of a regional one are per zone.
            allocations: if is_regional { Vec::new() } else { allocations },
            secondary_private_ips: private_ips.collect(),
            about,
        });
    }

    pub(super) fn endpoint(&mut self, at: &At<'_>) {
        let Some(about) = self.about(at, "VpcEndpointId") else { return };
        let state = at.text("State").unwrap_or_default().to_lowercase();
        if !["", "available", "pending", "pendingacceptance"].contains(&state.as_str()) {
            self.harmless(&at.place(), format!("an endpoint that is {state} left out"));
            return;
        }
        let kind = match at.text("VpcEndpointType").as_deref() {
            None | Some("Gateway") => EndpointKind::Gateway { route_tables: at.texts("RouteTableIds") },
            Some("Interface") => EndpointKind::Interface {
                subnets: at.texts("SubnetIds"),
                security_groups: at.list("Groups").iter().filter_map(|it| it.text("GroupId")).collect(),
                interfaces: at.texts("NetworkInterfaceIds"),
                private_dns: at.flag("PrivateDnsEnabled").unwrap_or(false),
            },
            Some(other) => EndpointKind::Other(other.to_owned()),
        };
        let Some(service) = at.text("ServiceName") else {
            self.lost(&at.place(), "an endpoint without a service left out".to_owned());
            return;
        };
        self.reading.inventory.endpoints.push(Endpoint {
            about,
            vpc: at.text("VpcId").unwrap_or_default(),
            service,
            kind,
            policy: at.text("PolicyDocument").filter(|policy| !lets_everything(policy)),
        });
    }

    /// With its blocks in old documents, without them in new ones.
    pub(super) fn prefix_list(&mut self, at: &At<'_>) {
        let Some(about) = self.about(at, "PrefixListId") else { return };
        let list_name = at.text("PrefixListName").unwrap_or_else(|| about.id.clone());
        self.reading.inventory.prefix_lists.push(PrefixList {
            about,
            list_name,
            entries: at.texts("Cidrs"),
            max_entries: at.number("MaxEntries"),
        });
    }

    /// A block of the list that the file is named after, as `get-managed-prefix-list-entries` prints it.
    pub(super) fn list_entry(&mut self, at: &At<'_>, file: &Rc<str>) {
        let Some(block) = at.text("Cidr") else { return };
        match id_in(file, "pl-") {
            Some(list) => self.loose.list_entries.push((list, block)),
            None => {
                let message =
                    "it cannot be told which prefix list this block is of: name the file after it".to_owned();
                self.lost(&at.place(), message);
            }
        }
    }
}

/// What is deleted or failed is still described for a while.
fn is_over(at: &At<'_>) -> bool {
    at.text("State").is_some_and(|state| ["deleted", "deleting", "failed"].contains(&state.as_str()))
}

fn attached_vpc(at: &At<'_>, key: &str) -> Option<String> {
    let is_attached = |it: &&At<'_>| {
        it.text("State").is_none_or(|state| ["attached", "attaching", "available"].contains(&state.as_str()))
    };
    at.list(key).iter().find(is_attached).and_then(|it| it.text("VpcId"))
}

/// The policy that endpoints begin with.
fn lets_everything(policy: &str) -> bool {
    let Ok(policy) = serde_json::from_str::<Value>(policy) else { return false };
    let statements = &policy["Statement"];
    let statement = statements.get(0).unwrap_or(statements);
    let is_all = |key: &str| statement[key] == "*" || statement[key] == serde_json::json!(["*"]);
    let is_only = statements.as_array().is_none_or(|all| all.len() == 1);
    is_only
        && statement["Effect"] == "Allow"
        && statement.get("Condition").is_none()
        && is_all("Action")
        && is_all("Resource")
        && (is_all("Principal") || statement["Principal"] == serde_json::json!({ "AWS": "*" }))
}
