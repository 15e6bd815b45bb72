//! NAT and VPN gateways, endpoints, prefix lists and flow logs.

use super::tree::{Resource, text_of};
use super::{Builder, texts_of};
use crate::import::inventory::{
    CustomerGateway, Endpoint, EndpointKind, FlowLog, LogDestination, NatGateway, PrefixList, VpnConnection,
    VpnGateway,
};

impl<'t> Builder<'t> {
    pub(super) fn nat_gateway(&mut self, resource: &'t Resource<'t>) {
        let is_regional = resource.text("availability_mode").as_deref() == Some("regional");
        let mut allocations: Vec<String> =
            self.id_at_quietly(resource, "allocation_id").into_iter().collect();
        allocations.extend(self.ids_at(resource, "secondary_allocation_ids"));
        let subnet = if is_regional { None } else { self.id_at(resource, "subnet_id") };
        let gateway = NatGateway {
            about: self.about(resource),
            vpc: self.id_at_quietly(resource, "vpc_id"),
            subnet,
            is_public: resource.text("connectivity_type").as_deref() != Some("private"),
            interface: resource.text("network_interface_id"),
            private_ip: resource.text("private_ip"),
            allocations: if is_regional { Vec::new() } else { allocations },
            secondary_private_ips: texts_of(resource.values.get("secondary_private_ip_addresses")),
        };
        self.reading.inventory.nat_gateways.push(gateway);
    }

    pub(super) fn endpoint(&mut self, resource: &'t Resource<'t>) {
        let Some(service) = self.text_at(resource, "service_name") else { return };
        let kind = match resource.text("vpc_endpoint_type").as_deref() {
            None | Some("Gateway") => {
                EndpointKind::Gateway { route_tables: self.ids_at(resource, "route_table_ids") }
            }
            Some("Interface") => EndpointKind::Interface {
                subnets: self.ids_at(resource, "subnet_ids"),
                security_groups: self.ids_at(resource, "security_group_ids"),
                interfaces: texts_of(resource.values.get("network_interface_ids")),
                private_dns: resource.flag("private_dns_enabled").unwrap_or(false),
            },
            Some(other) => EndpointKind::Other(other.to_owned()),
        };
        let endpoint = Endpoint {
            about: self.about(resource),
            vpc: self.id_at(resource, "vpc_id").unwrap_or_default(),
            service,
            kind,
            policy: resource.text("policy"),
        };
        self.reading.inventory.endpoints.push(endpoint);
    }

    /// Tables, subnets, groups and policies that are resources of their own.
    pub(super) fn endpoint_detail(&mut self, resource: &'t Resource<'t>) {
        let Some(id) = self.id_at(resource, "vpc_endpoint_id") else { return };
        let more = ["route_table_id", "subnet_id", "security_group_id"]
            .iter()
            .find_map(|key| self.id_at_quietly(resource, key));
        let policy = resource.text("policy");
        let Some(endpoint) = self.reading.inventory.endpoints.iter_mut().find(|it| it.about.id == id) else {
            return self.outside(resource, &id);
        };
        if policy.is_some() {
            endpoint.policy = policy;
        }
        match (&mut endpoint.kind, resource.kind) {
            (EndpointKind::Gateway { route_tables }, "aws_vpc_endpoint_route_table_association") => {
                route_tables.extend(more);
            }
            (EndpointKind::Interface { subnets, .. }, "aws_vpc_endpoint_subnet_association") => {
                subnets.extend(more)
            }
            (
                EndpointKind::Interface { security_groups, .. },
                "aws_vpc_endpoint_security_group_association",
            ) => {
                security_groups.extend(more);
            }
            (EndpointKind::Gateway { .. } | EndpointKind::Interface { .. } | EndpointKind::Other(_), _) => {}
        }
    }

    pub(super) fn prefix_list(&mut self, resource: &'t Resource<'t>) {
        let about = self.about(resource);
        let blocks = resource.blocks("entry");
        let mut entries: Vec<String> =
            blocks.iter().filter_map(|entry| entry.get("cidr").and_then(text_of)).collect();
        for own in self.written(resource, "entry").into_iter().filter(|_| blocks.is_empty()) {
            entries.extend(self.of_block(resource, &serde_json::Value::Null, own, "cidr"));
        }
        let list_name = resource.text("name").unwrap_or_else(|| about.id.clone());
        let max_entries = resource.number("max_entries");
        self.reading.inventory.prefix_lists.push(PrefixList { about, list_name, entries, max_entries });
    }

    pub(super) fn list_entry(&mut self, resource: &'t Resource<'t>) {
        let (Some(list), Some(block)) =
            (self.id_at(resource, "prefix_list_id"), self.text_at(resource, "cidr"))
        else {
            return;
        };
        match self.reading.inventory.prefix_lists.iter_mut().find(|it| it.about.id == list) {
            Some(list) if list.entries.contains(&block) => {}
            Some(list) => list.entries.push(block),
            None => self.outside(resource, &list),
        }
    }

    pub(super) fn vpn_gateway(&mut self, resource: &'t Resource<'t>) {
        let vpc = self.id_at_quietly(resource, "vpc_id");
        self.reading.inventory.vpn_gateways.push(VpnGateway { about: self.about(resource), vpc });
    }

    pub(super) fn vpn_attachment(&mut self, resource: &'t Resource<'t>) {
        let (Some(gateway), Some(vpc)) =
            (self.id_at(resource, "vpn_gateway_id"), self.id_at(resource, "vpc_id"))
        else {
            return;
        };
        match self.reading.inventory.vpn_gateways.iter_mut().find(|it| it.about.id == gateway) {
            Some(gateway) => gateway.vpc = Some(vpc),
            None => self.outside(resource, &gateway),
        }
    }

    pub(super) fn customer_gateway(&mut self, resource: &'t Resource<'t>) {
        let (about, ip_address) = (self.about(resource), resource.text("ip_address"));
        self.reading.inventory.customer_gateways.push(CustomerGateway { about, ip_address });
    }

    pub(super) fn vpn_connection(&mut self, resource: &'t Resource<'t>) {
        let gateway = self.id_at_quietly(resource, "transit_gateway_id");
        let Some(gateway) = gateway.or_else(|| self.id_at(resource, "vpn_gateway_id")) else { return };
        let routes =
            resource.blocks("routes").into_iter().filter_map(|it| text_of(it.get("destination_cidr_block")?));
        let connection = VpnConnection {
            customer_gateway: self.id_at(resource, "customer_gateway_id").unwrap_or_default(),
            gateway: gateway.clone(),
            routes: routes.collect(),
            about: self.about(resource),
        };
        self.vpn_of_transit_gateway(resource, &connection.about, &gateway);
        self.reading.inventory.vpn_connections.push(connection);
    }

    pub(super) fn vpn_route(&mut self, resource: &'t Resource<'t>) {
        let (Some(vpn), Some(block)) =
            (self.id_at(resource, "vpn_connection_id"), self.text_at(resource, "destination_cidr_block"))
        else {
            return;
        };
        match self.reading.inventory.vpn_connections.iter_mut().find(|it| it.about.id == vpn) {
            Some(vpn) if vpn.routes.contains(&block) => {}
            Some(vpn) => vpn.routes.push(block),
            None => self.outside(resource, &vpn),
        }
    }

    pub(super) fn flow_log(&mut self, resource: &'t Resource<'t>) {
        let keys = ["vpc_id", "subnet_id", "eni_id", "transit_gateway_id", "transit_gateway_attachment_id"];
        let mut logged = None;
        for key in keys {
            logged = logged.or_else(|| self.id_at_quietly(resource, key));
        }
        let to = self.id_at_quietly(resource, "log_destination").unwrap_or_default();
        let kind = resource.text("log_destination_type").unwrap_or_else(|| "cloud-watch-logs".to_owned());
        // Of a resource that has no ARN yet, its name.
        let named = self.tree.at(&to).and_then(|it| it.text("bucket").or_else(|| it.text("name")));
        let last = named
            .unwrap_or_else(|| to.trim_end_matches(":*").rsplit(':').next().unwrap_or_default().to_owned());
        let destination = match kind.as_str() {
            "s3" if !last.is_empty() => {
                let (name, prefix) = last.split_once('/').unwrap_or((&last, ""));
                let options = resource.blocks("destination_options");
                let option = |key: &str| options.first().and_then(|it| it.get(key)).and_then(text_of);
                Some(LogDestination::Bucket {
                    name: name.to_owned(),
                    prefix: Some(prefix.trim_matches('/').to_owned()).filter(|prefix| !prefix.is_empty()),
                    parquet: option("file_format").as_deref() == Some("parquet"),
                    hive_compatible: option("hive_compatible_partitions").as_deref() == Some("true"),
                    per_hour: option("per_hour_partition").as_deref() == Some("true"),
                })
            }
            "cloud-watch-logs" => {
                let group = resource.text("log_group_name").or(Some(last).filter(|name| !name.is_empty()));
                group.map(LogDestination::LogGroup)
            }
            _ => None,
        };
        let (Some(destination), Some(logged)) = (destination, logged) else {
            self.lost(
                resource,
                "log_destination",
                format!("a flow log to {kind} whose place is not known, or that is not simulated: left out"),
            );
            return;
        };
        let log = FlowLog {
            about: self.about(resource),
            resource: logged,
            traffic_type: resource.text("traffic_type").unwrap_or_else(|| "ALL".to_owned()),
            destination,
            format: resource.text("log_format"),
            interval_seconds: resource.number("max_aggregation_interval"),
        };
        self.reading.inventory.flow_logs.push(log);
    }
}
