//! What is only looked at, and what is not carried over.

use super::Builder;
use super::tree::Resource;
use crate::import::inventory::PrefixList;

/// Kinds that other resources of the inventory say everything of.
const SAID: [&str; 5] = [
    "aws_vpc_peering_connection_accepter",
    "aws_vpc_peering_connection_options",
    "aws_ec2_transit_gateway_vpc_attachment_accepter",
    "aws_ec2_transit_gateway_peering_attachment_accepter",
    "aws_egress_only_internet_gateway",
];

/// Kinds with interfaces in subnets, which Terraform does not tell.
const WITH_INTERFACES: [&str; 24] = [
    "aws_alb",
    "aws_autoscaling_group",
    "aws_db_instance",
    "aws_directory_service_directory",
    "aws_dms_replication_instance",
    "aws_docdb_cluster_instance",
    "aws_ecs_service",
    "aws_efs_mount_target",
    "aws_eks_cluster",
    "aws_eks_node_group",
    "aws_elasticache_cluster",
    "aws_elasticache_replication_group",
    "aws_elasticsearch_domain",
    "aws_elb",
    "aws_emr_cluster",
    "aws_fsx_lustre_file_system",
    "aws_lb",
    "aws_mq_broker",
    "aws_msk_cluster",
    "aws_neptune_cluster_instance",
    "aws_opensearch_domain",
    "aws_rds_cluster_instance",
    "aws_redshift_cluster",
    "aws_workspaces_workspace",
];

/// The beginnings of kinds that decide over packets and are not simulated.
const NETWORK: [&str; 14] = [
    "aws_customer_gateway",
    "aws_dx_",
    "aws_ec2_carrier_gateway",
    "aws_ec2_client_vpn",
    "aws_ec2_instance_connect_endpoint",
    "aws_ec2_local_gateway",
    "aws_ec2_traffic_mirror",
    "aws_ec2_transit_gateway",
    "aws_globalaccelerator",
    "aws_networkfirewall",
    "aws_networkmanager",
    "aws_route53_resolver",
    "aws_vpc",
    "aws_vpclattice",
];

impl<'t> Builder<'t> {
    /// Data sources describe what exists: a VPC, a subnet or a group as resources do, a prefix list of AWS.
    pub(super) fn data(&mut self, resource: &'t Resource<'t>) {
        match resource.kind {
            "aws_vpc" if resource.text("id").is_some() => self.vpc(resource),
            "aws_subnet" if resource.text("id").is_some() => self.subnet(resource),
            "aws_internet_gateway" if resource.text("internet_gateway_id").is_some() => {
                let attached = resource.blocks("attachments");
                let vpc = attached.first().and_then(|it| it.get("vpc_id")).and_then(super::tree::text_of);
                let about = self.about(resource);
                let gateway = crate::import::inventory::InternetGateway { about, vpc };
                self.reading.inventory.internet_gateways.push(gateway);
            }
            "aws_prefix_list" | "aws_ec2_managed_prefix_list" => {
                let Some(list_name) = resource.text("name") else { return };
                let blocks = resource.blocks("entries");
                let mut entries: Vec<String> =
                    blocks.iter().filter_map(|it| it.get("cidr").and_then(super::tree::text_of)).collect();
                entries.extend(super::texts_of(resource.values.get("cidr_blocks")));
                if !entries.is_empty() {
                    let about = self.about(resource);
                    let list = PrefixList { about, list_name, entries, max_entries: None };
                    self.reading.inventory.prefix_lists.push(list);
                }
            }
            _ => {}
        }
    }

    /// A kind that nothing is made of.
    pub(super) fn other(&mut self, resource: &'t Resource<'t>, kind: &'t str) {
        if self.is_thing(kind) || SAID.contains(&kind) {
            return;
        }
        let in_vpc = ["vpc_config", "vpc_options", "network_configuration"]
            .iter()
            .any(|key| !resource.blocks(key).is_empty() || resource.expression(key).is_some());
        if WITH_INTERFACES.contains(&kind) || kind == "aws_lambda_function" && in_vpc {
            self.lost(resource, "", "its interfaces are not in Terraform's documents: nothing stands for it");
        } else if NETWORK.iter().any(|begin| kind.starts_with(begin)) {
            self.lost(resource, "", format!("{kind} is not simulated: left out"));
        } else {
            *self.others.entry(kind).or_insert(0) += 1;
        }
    }

    /// Whether something was made of the kind already.
    fn is_thing(&self, kind: &str) -> bool {
        const THINGS: [&str; 27] = [
            "aws_customer_gateway",
            "aws_default_network_acl",
            "aws_default_route_table",
            "aws_default_security_group",
            "aws_default_subnet",
            "aws_default_vpc",
            "aws_ec2_managed_prefix_list",
            "aws_ec2_transit_gateway",
            "aws_ec2_transit_gateway_peering_attachment",
            "aws_ec2_transit_gateway_route_table",
            "aws_ec2_transit_gateway_vpc_attachment",
            "aws_eip",
            "aws_flow_log",
            "aws_instance",
            "aws_internet_gateway",
            "aws_nat_gateway",
            "aws_network_acl",
            "aws_network_interface",
            "aws_route_table",
            "aws_security_group",
            "aws_spot_instance_request",
            "aws_subnet",
            "aws_vpc",
            "aws_vpc_endpoint",
            "aws_vpc_peering_connection",
            "aws_vpn_connection",
            "aws_vpn_gateway",
        ];
        THINGS.contains(&kind)
    }
}
