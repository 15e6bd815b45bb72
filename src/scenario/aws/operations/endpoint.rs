//! VPC endpoints.

use super::super::describe;
use super::super::params::{NameKind, Param, What, optional, required};
use super::{Answer, Call, FILTERS, Operation, TAGS, VPC, answer, describe as describes, done, op};
use crate::api::{CreateVpcEndpoint, Ec2, ModifyVpcEndpoint, NewEndpointKind};
use crate::model::ServiceName;

const DNS_OPTIONS: Param = optional("dns-options", What::Structure(DNS_OPTION));
const DNS_OPTION: &[Param] = &[
    optional("DnsRecordIpType", What::Choice(&["ipv4"])),
    optional(INBOUND_ONLY, What::Choice(&["true", "false"])),
];
const INBOUND_ONLY: &str = "PrivateDnsOnlyForInboundResolverEndpoint";
const POLICY_DOCUMENT: Param = optional("policy-document", What::Json);

pub const OPERATIONS: &[Operation] = &[
    op(
        "create-vpc-endpoint",
        "CreateVpcEndpoint",
        Some(NameKind::Endpoint),
        &[
            VPC,
            required("service-name", What::Service),
            optional("vpc-endpoint-type", What::Choice(&["Gateway", "Interface"])),
            optional("route-table-ids", What::Names(NameKind::RouteTable)),
            optional("subnet-ids", What::Names(NameKind::Subnet)),
            optional("security-group-ids", What::Names(NameKind::SecurityGroup)),
            optional("private-dns-enabled", What::Flag),
            optional("no-private-dns-enabled", What::Flag),
            DNS_OPTIONS,
            POLICY_DOCUMENT,
            TAGS,
        ],
        create,
    ),
    op(
        "delete-vpc-endpoints",
        "DeleteVpcEndpoints",
        None,
        &[required("vpc-endpoint-ids", What::Names(NameKind::Endpoint))],
        |call| {
            let ids = call.ids("vpc-endpoint-ids")?;
            done(call.call(|ec2| ec2.delete_vpc_endpoints(&ids)))
        },
    ),
    describes(
        "describe-vpc-endpoints",
        "DescribeVpcEndpoints",
        "VpcEndpoints",
        &[optional("vpc-endpoint-ids", What::Names(NameKind::Endpoint)), FILTERS],
        |call| call.show("vpc-endpoint-ids", Ec2::describe_vpc_endpoints, describe::endpoint),
    ),
    op(
        "modify-vpc-endpoint",
        "ModifyVpcEndpoint",
        None,
        &[
            required("vpc-endpoint-id", What::Name(NameKind::Endpoint)),
            optional("add-route-table-ids", What::Names(NameKind::RouteTable)),
            optional("remove-route-table-ids", What::Names(NameKind::RouteTable)),
            optional("add-subnet-ids", What::Names(NameKind::Subnet)),
            optional("remove-subnet-ids", What::Names(NameKind::Subnet)),
            optional("add-security-group-ids", What::Names(NameKind::SecurityGroup)),
            optional("remove-security-group-ids", What::Names(NameKind::SecurityGroup)),
            optional("private-dns-enabled", What::Flag),
            optional("no-private-dns-enabled", What::Flag),
            DNS_OPTIONS,
            POLICY_DOCUMENT,
            optional("reset-policy", What::Flag),
        ],
        |call| {
            let change = ModifyVpcEndpoint {
                add_route_table_ids: call.ids("add-route-table-ids")?,
                remove_route_table_ids: call.ids("remove-route-table-ids")?,
                add_subnet_ids: call.ids("add-subnet-ids")?,
                remove_subnet_ids: call.ids("remove-subnet-ids")?,
                add_security_group_ids: call.ids("add-security-group-ids")?,
                remove_security_group_ids: call.ids("remove-security-group-ids")?,
                private_dns_enabled: call.flag("private-dns-enabled", "no-private-dns-enabled"),
                private_dns_only_for_inbound_resolver_endpoint: inbound_only(call),
                policy_document: call.text("policy-document").map(str::to_owned),
                reset_policy: call.has("reset-policy"),
            };
            call.on("vpc-endpoint-id", |ec2, id| ec2.modify_vpc_endpoint(id, change))
        },
    ),
];

fn inbound_only(call: &Call<'_, '_>) -> Option<bool> {
    call.structure("dns-options")?.text(INBOUND_ONLY)?.parse().ok()
}

fn create(call: &mut Call<'_, '_>) -> Answer {
    let is_interface = call.text("vpc-endpoint-type") == Some("Interface");
    let of_the_other: &[&str] = if is_interface {
        &["route-table-ids"]
    } else {
        &["subnet-ids", "security-group-ids", "private-dns-enabled", "dns-options"]
    };
    if of_the_other.iter().any(|option| call.has(option)) {
        return Err(call.combined());
    }
    let service_name: ServiceName = call.value("service-name").expect("a required option is there");
    let kind = if is_interface {
        // aws: endpoint-private-dns-default
        let by_default = service_name.service() != "s3";
        NewEndpointKind::Interface {
            subnet_ids: call.ids("subnet-ids")?,
            security_group_ids: call.ids("security-group-ids")?,
            private_dns_enabled: call
                .flag("private-dns-enabled", "no-private-dns-enabled")
                .unwrap_or(by_default),
            private_dns_only_for_inbound_resolver_endpoint: inbound_only(call),
        }
    } else {
        NewEndpointKind::Gateway { route_table_ids: call.ids("route-table-ids")? }
    };
    let request = CreateVpcEndpoint {
        new: call.naming(),
        vpc_id: call.id("vpc-id")?,
        service_name,
        kind,
        policy_document: call.text("policy-document").map(str::to_owned),
    };
    let id = call.call(|ec2| ec2.create_vpc_endpoint(request))?;
    answer([("VpcEndpointId", id.to_string())])
}
