//! How many of a thing an account may have.

/// The quotas that the control plane enforces; the defaults are AWS's (aws: vpc-quotas). A scenario can
/// raise them, as one does with a request at AWS.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs, reason = "each field is the quota it is named after")]
pub struct Quotas {
    pub vpcs_per_region: usize,
    pub subnets_per_vpc: usize,
    pub cidrs_per_vpc: usize,
    pub route_tables_per_vpc: usize,
    pub routes_per_route_table: usize,
    pub internet_gateways_per_region: usize,
    pub nat_gateways_per_zone: usize,
    pub elastic_ips_per_region: usize,
    pub addresses_per_nat_gateway: usize,
    pub elastic_ips_per_nat_gateway: usize,
    pub interfaces_per_region: usize,
    pub active_peerings_per_vpc: usize,
    pub outstanding_peering_requests: usize,
    pub gateway_endpoints_per_region: usize,
    pub interface_endpoints_per_vpc: usize,
    pub security_groups_per_region: usize,
    pub security_groups_per_interface: usize,
    pub rules_per_security_group: usize,
    pub network_acls_per_vpc: usize,
    pub rules_per_network_acl: usize,
}

macro_rules! quotas {
    ($($field:ident = $default:literal),* $(,)?) => {
        impl Default for Quotas {
            fn default() -> Self {
                Self { $($field: $default),* }
            }
        }

        impl Quotas {
            /// The names of all quotas.
            pub const NAMES: &'static [&'static str] = &[$(stringify!($field)),*];

            /// The quota with a name.
            pub fn get_mut(&mut self, name: &str) -> Option<&mut usize> {
                match name {
                    $(stringify!($field) => Some(&mut self.$field),)*
                    _ => None,
                }
            }
        }
    };
}

quotas! {
    vpcs_per_region = 5,
    subnets_per_vpc = 200,
    cidrs_per_vpc = 5,
    route_tables_per_vpc = 200,
    routes_per_route_table = 500,
    internet_gateways_per_region = 5,
    nat_gateways_per_zone = 5,
    elastic_ips_per_region = 5,
    addresses_per_nat_gateway = 8,
    elastic_ips_per_nat_gateway = 2,
    interfaces_per_region = 5000,
    active_peerings_per_vpc = 50,
    outstanding_peering_requests = 25,
    gateway_endpoints_per_region = 20,
    interface_endpoints_per_vpc = 50,
    security_groups_per_region = 2500,
    security_groups_per_interface = 5,
    rules_per_security_group = 60,
    network_acls_per_vpc = 200,
    rules_per_network_acl = 20,
}

impl Quotas {
    /// No limits at all.
    pub fn unlimited() -> Self {
        let mut quotas = Self::default();
        for name in Self::NAMES {
            *quotas.get_mut(name).expect("a quota's own name") = usize::MAX;
        }
        quotas
    }
}
