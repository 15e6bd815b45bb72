//! What to do about a quota that is reached.

use super::Builder;

/// The codes by which EC2 says that a quota is reached, and the quotas it may be.
const QUOTAS: [(&str, &[&str]); 16] = [
    ("ActiveVpcPeeringConnectionPerVpcLimitExceeded", &["active_peerings_per_vpc"]),
    ("AddressLimitExceeded", &["elastic_ips_per_region"]),
    ("CidrLimitExceeded", &["cidrs_per_vpc"]),
    ("InternetGatewayLimitExceeded", &["internet_gateways_per_region"]),
    ("NatGatewayLimitExceeded", &["nat_gateways_per_zone"]),
    ("NetworkAclEntryLimitExceeded", &["rules_per_network_acl"]),
    ("NetworkAclLimitExceeded", &["network_acls_per_vpc"]),
    ("NetworkInterfaceLimitExceeded", &["interfaces_per_region"]),
    ("OutstandingVpcPeeringConnectionLimitExceeded", &["outstanding_peering_requests"]),
    ("RouteLimitExceeded", &["routes_per_route_table"]),
    ("RouteTableLimitExceeded", &["route_tables_per_vpc"]),
    ("RulesPerSecurityGroupLimitExceeded", &["rules_per_security_group"]),
    ("SecurityGroupLimitExceeded", &["security_groups_per_region"]),
    ("SubnetLimitExceeded", &["subnets_per_vpc"]),
    ("VpcEndpointLimitExceeded", &["gateway_endpoints_per_region", "interface_endpoints_per_vpc"]),
    ("VpcLimitExceeded", &["vpcs_per_region"]),
];

impl Builder<'_> {
    /// How to allow what a quota forbids.
    pub(super) fn quota_hint(&mut self, code: &'static str) -> Option<String> {
        let (_, quotas) = QUOTAS.iter().find(|(of, _)| *of == code)?;
        let over = self.over.entry(code).or_default();
        *over += 1;
        let mut allowed = self.built.model.quotas;
        let enough =
            quotas.iter().filter_map(|name| Some(format!("{name}: {}", *allowed.get_mut(name)? + *over)));
        Some(format!("raise the quota: `quotas: {{ {} }}`", enough.collect::<Vec<_>>().join(", ")))
    }
}
