//! The commands there are, the options they take, and the operations they call.

use ipnet::Ipv4Net;

use super::params::{self, NameKind, Param, Ports, What, optional, required};
use super::{Call, Failure, Output};
use crate::api::{
    AclEntryRequest, ApiError, AssociateAddress, CreateNetworkAcl, CreateNetworkInterface, CreateRoute,
    CreateSecurityGroup, CreateSubnet, CreateVpc, CreateVpcPeeringConnection, Ec2,
    ModifyNetworkInterfaceAttribute, New, RuleRequest, RunInstances, Taggable,
};
use crate::ids::{
    AddressAssociationId, AllocationId, EniId, InstanceId, NetworkAclAssociationId, PeeringId,
    RouteTableAssociationId, SecurityGroupId, SubnetId, VpcId,
};
use crate::model::{AclAction, AclEntry, Direction, Peer, PortRange, Target, Traffic};
use crate::scenario::resolve::Kind;
use crate::wire::Protocol;

/// A command of `aws ec2`.
#[derive(Debug)]
pub struct Operation {
    /// As it is typed, e.g. `create-route`.
    pub command: &'static str,
    /// As EC2 calls it, e.g. `CreateRoute`.
    pub name: &'static str,
    /// What it makes.
    pub creates: Option<NameKind>,
    pub params: &'static [Param],
    pub run: fn(&mut Call<'_, '_>) -> Result<Output, Failure>,
}

type Answer = Result<Output, Failure>;

const TAGS: Param = optional("tag-specifications", What::TagSpecifications);
const VPC: Param = required("vpc-id", What::Name(NameKind::Vpc));
const ROUTE_TABLE: Param = required("route-table-id", What::Name(NameKind::RouteTable));
const DESTINATION: Param = required("destination-cidr-block", What::Cidr);
const PEERING: Param = required("vpc-peering-connection-id", What::Name(NameKind::Peering));
const INSTANCES: Param = required("instance-ids", What::Name(NameKind::Instance));
const GROUP: Param = required("group-id", What::Name(NameKind::SecurityGroup));
const GROUPS: Param = optional("groups", What::Names(NameKind::SecurityGroup));
const SOURCE_DEST_CHECK: Param = optional("source-dest-check", What::Flag);
const NO_SOURCE_DEST_CHECK: Param = optional("no-source-dest-check", What::Flag);

const ROUTE: &[Param] = &[
    ROUTE_TABLE,
    DESTINATION,
    optional("gateway-id", What::Name(NameKind::InternetGateway)),
    optional("vpc-peering-connection-id", What::Name(NameKind::Peering)),
    optional("network-interface-id", What::Name(NameKind::Eni)),
    optional("instance-id", What::Name(NameKind::Instance)),
    optional("local-target", What::Flag),
];

const RULE: &[Param] = &[
    GROUP,
    required("protocol", What::Protocol),
    optional("port", What::Port),
    optional("cidr", What::Cidr),
    optional("source-group", What::Name(NameKind::SecurityGroup)),
];

const ACL_ENTRY: &[Param] = &[
    required("network-acl-id", What::Name(NameKind::NetworkAcl)),
    required("rule-number", What::Number { min: 1, max: 32_766 }),
    required("protocol", What::Protocol),
    required("rule-action", What::Choice(&["allow", "deny"])),
    required("cidr-block", What::Cidr),
    optional("port-range", What::PortRange),
    optional("ingress", What::Flag),
    optional("egress", What::Flag),
];

const fn op(
    command: &'static str,
    name: &'static str,
    creates: Option<NameKind>,
    params: &'static [Param],
    run: fn(&mut Call<'_, '_>) -> Answer,
) -> Operation {
    Operation { command, name, creates, params, run }
}

/// Every command, by name.
pub static OPERATIONS: &[Operation] = &[
    op("accept-vpc-peering-connection", "AcceptVpcPeeringConnection", None, &[PEERING], |call| {
        call.on("vpc-peering-connection-id", |ec2, id| ec2.accept_vpc_peering_connection(id))?;
        peering(call, "vpc-peering-connection-id")
    }),
    op(
        "allocate-address",
        "AllocateAddress",
        Some(NameKind::ElasticIp),
        &[optional("domain", What::Choice(&["vpc"])), optional("address", What::Ip), TAGS],
        |call| {
            let (new, address) = (call.naming(), call.value("address"));
            let id = call.call(|ec2| ec2.allocate_address(new, address))?;
            let ip = call.model().elastic_ips[&id].ip;
            answer([("PublicIp", ip.to_string()), ("AllocationId", id.to_string())])
        },
    ),
    op(
        "associate-address",
        "AssociateAddress",
        None,
        &[
            required("allocation-id", What::Name(NameKind::ElasticIp)),
            optional("instance-id", What::Name(NameKind::Instance)),
            optional("network-interface-id", What::Name(NameKind::Eni)),
            optional("private-ip-address", What::Ip),
            optional("allow-reassociation", What::Flag),
            optional("no-allow-reassociation", What::Flag),
        ],
        |call| {
            let request = AssociateAddress {
                allocation_id: call.id("allocation-id")?,
                network_interface_id: call.interface()?,
                private_ip_address: call.value("private-ip-address"),
                // aws: eip-reassociation-default
                allow_reassociation: !call.has("no-allow-reassociation"),
            };
            let id = call.call(|ec2| ec2.associate_address(request))?;
            answer([("AssociationId", id.to_string())])
        },
    ),
    op(
        "associate-route-table",
        "AssociateRouteTable",
        None,
        &[ROUTE_TABLE, required("subnet-id", What::Name(NameKind::Subnet))],
        |call| {
            let (table, subnet) = (call.id("route-table-id")?, call.id("subnet-id")?);
            let id = call.call(|ec2| ec2.associate_route_table(table, subnet))?;
            answer([("AssociationId", id.to_string())])
        },
    ),
    op(
        "attach-internet-gateway",
        "AttachInternetGateway",
        None,
        &[required("internet-gateway-id", What::Name(NameKind::InternetGateway)), VPC],
        |call| {
            let (gateway, vpc) = (call.id("internet-gateway-id")?, call.id("vpc-id")?);
            done(call.call(|ec2| ec2.attach_internet_gateway(gateway, vpc)))
        },
    ),
    op("authorize-security-group-egress", "AuthorizeSecurityGroupEgress", None, RULE, |call| {
        let (id, rule) = rule(call)?;
        done(call.call(|ec2| ec2.authorize_security_group(id, Direction::Egress, &[rule])))
    }),
    op("authorize-security-group-ingress", "AuthorizeSecurityGroupIngress", None, RULE, |call| {
        let (id, rule) = rule(call)?;
        done(call.call(|ec2| ec2.authorize_security_group(id, Direction::Ingress, &[rule])))
    }),
    op("create-default-vpc", "CreateDefaultVpc", Some(NameKind::Vpc), &[], |call| {
        let new = call.naming();
        let id = call.call(|ec2| ec2.create_default_vpc(new))?;
        answer([("VpcId", id.to_string())])
    }),
    op(
        "create-internet-gateway",
        "CreateInternetGateway",
        Some(NameKind::InternetGateway),
        &[TAGS],
        |call| {
            let new = call.naming();
            let id = call.call(|ec2| ec2.create_internet_gateway(new))?;
            answer([("InternetGatewayId", id.to_string())])
        },
    ),
    op("create-network-acl", "CreateNetworkAcl", Some(NameKind::NetworkAcl), &[VPC, TAGS], |call| {
        let request = CreateNetworkAcl { new: call.naming(), vpc_id: call.id("vpc-id")? };
        let id = call.call(|ec2| ec2.create_network_acl(request))?;
        answer([("NetworkAclId", id.to_string())])
    }),
    op("create-network-acl-entry", "CreateNetworkAclEntry", None, ACL_ENTRY, |call| {
        let request = acl_entry(call)?;
        done(call.call(|ec2| ec2.create_network_acl_entry(request)))
    }),
    op(
        "create-network-interface",
        "CreateNetworkInterface",
        Some(NameKind::Eni),
        &[
            required("subnet-id", What::Name(NameKind::Subnet)),
            optional("private-ip-address", What::Ip),
            optional("groups", What::Names(NameKind::SecurityGroup)),
            TAGS,
        ],
        |call| {
            let request = CreateNetworkInterface {
                new: call.naming(),
                subnet_id: call.id("subnet-id")?,
                private_ip_address: call.value("private-ip-address"),
                groups: call.ids("groups")?,
            };
            let id = call.call(|ec2| ec2.create_network_interface(request))?;
            answer([("NetworkInterfaceId", id.to_string())])
        },
    ),
    op("create-route", "CreateRoute", None, ROUTE, |call| {
        let request = route(call)?;
        done(call.call(|ec2| ec2.create_route(request)))
    }),
    op("create-route-table", "CreateRouteTable", Some(NameKind::RouteTable), &[VPC, TAGS], |call| {
        let (new, vpc) = (call.naming(), call.id("vpc-id")?);
        let id = call.call(|ec2| ec2.create_route_table(new, vpc))?;
        answer([("RouteTableId", id.to_string())])
    }),
    op(
        "create-security-group",
        "CreateSecurityGroup",
        Some(NameKind::SecurityGroup),
        &[required("group-name", What::Text), optional("description", What::Text), VPC],
        |call| {
            let request = CreateSecurityGroup {
                group_name: call.text("group-name").expect("a required option is there").to_owned(),
                id: None,
                vpc_id: call.id("vpc-id")?,
            };
            let id = call.call(|ec2| ec2.create_security_group(request))?;
            answer([("GroupId", id.to_string())])
        },
    ),
    op(
        "create-subnet",
        "CreateSubnet",
        Some(NameKind::Subnet),
        &[VPC, required("cidr-block", What::Cidr), optional("availability-zone", What::Text), TAGS],
        |call| {
            let zone = match call.text("availability-zone") {
                None => None,
                Some(text) => match call.ec2.region().zones().find(|zone| zone.to_string() == text) {
                    Some(zone) => Some(zone),
                    None => return Err(call.refused(call.ec2.no_such_zone(text))),
                },
            };
            let request = CreateSubnet {
                new: call.naming(),
                vpc_id: call.id("vpc-id")?,
                cidr_block: call.cidr("cidr-block"),
                availability_zone: zone,
            };
            let id = call.call(|ec2| ec2.create_subnet(request))?;
            answer([("SubnetId", id.to_string())])
        },
    ),
    op(
        "create-tags",
        "CreateTags",
        None,
        &[required("resources", What::Names(NameKind::Any)), required("tags", What::Tags)],
        |call| {
            let name = call.command.name_tag().expect("checked when the command was read");
            let resources: Vec<Taggable> =
                call.texts("resources").map(|text| taggable(call, text)).collect::<Result<_, _>>()?;
            done(call.call(|ec2| ec2.create_name_tags(&resources, &name)))
        },
    ),
    op("create-vpc", "CreateVpc", Some(NameKind::Vpc), &[required("cidr-block", What::Cidr), TAGS], |call| {
        let request = CreateVpc { new: call.naming(), cidr_block: call.cidr("cidr-block") };
        let id = call.call(|ec2| ec2.create_vpc(request))?;
        answer([("VpcId", id.to_string())])
    }),
    op(
        "create-vpc-peering-connection",
        "CreateVpcPeeringConnection",
        Some(NameKind::Peering),
        &[
            VPC,
            required("peer-vpc-id", What::Name(NameKind::Vpc)),
            optional("peer-owner-id", What::Account),
            optional("peer-region", What::Region),
            TAGS,
        ],
        |call| {
            let request = CreateVpcPeeringConnection {
                new: call.naming(),
                vpc_id: call.id("vpc-id")?,
                peer_vpc_id: call.id("peer-vpc-id")?,
                peer_owner_id: call.value("peer-owner-id"),
                peer_region: call.value("peer-region"),
            };
            let id = call.call(|ec2| ec2.create_vpc_peering_connection(request))?;
            peering_answer(call, id)
        },
    ),
    op(
        "delete-internet-gateway",
        "DeleteInternetGateway",
        None,
        &[required("internet-gateway-id", What::Name(NameKind::InternetGateway))],
        |call| call.on("internet-gateway-id", |ec2, id| ec2.delete_internet_gateway(id)),
    ),
    op(
        "delete-network-acl",
        "DeleteNetworkAcl",
        None,
        &[required("network-acl-id", What::Name(NameKind::NetworkAcl))],
        |call| call.on("network-acl-id", |ec2, id| ec2.delete_network_acl(id)),
    ),
    op(
        "delete-network-acl-entry",
        "DeleteNetworkAclEntry",
        None,
        &[
            required("network-acl-id", What::Name(NameKind::NetworkAcl)),
            required("rule-number", What::Number { min: 1, max: 32_766 }),
            optional("ingress", What::Flag),
            optional("egress", What::Flag),
        ],
        |call| {
            let (id, direction) = (call.id("network-acl-id")?, direction(call));
            let number = call.value("rule-number").expect("a required option is there");
            done(call.call(|ec2| ec2.delete_network_acl_entry(id, direction, number)))
        },
    ),
    op(
        "delete-network-interface",
        "DeleteNetworkInterface",
        None,
        &[required("network-interface-id", What::Name(NameKind::Eni))],
        |call| call.on("network-interface-id", |ec2, id| ec2.delete_network_interface(id)),
    ),
    op("delete-route", "DeleteRoute", None, &[ROUTE_TABLE, DESTINATION], |call| {
        let (id, destination) = (call.id("route-table-id")?, call.cidr("destination-cidr-block"));
        done(call.call(|ec2| ec2.delete_route(id, destination.into())))
    }),
    op("delete-route-table", "DeleteRouteTable", None, &[ROUTE_TABLE], |call| {
        call.on("route-table-id", |ec2, id| ec2.delete_route_table(id))
    }),
    op("delete-security-group", "DeleteSecurityGroup", None, &[GROUP], |call| {
        call.on("group-id", |ec2, id| ec2.delete_security_group(id))
    }),
    op(
        "delete-subnet",
        "DeleteSubnet",
        None,
        &[required("subnet-id", What::Name(NameKind::Subnet))],
        |call| call.on("subnet-id", |ec2, id| ec2.delete_subnet(id)),
    ),
    op("delete-vpc", "DeleteVpc", None, &[VPC], |call| call.on("vpc-id", |ec2, id| ec2.delete_vpc(id))),
    op("delete-vpc-peering-connection", "DeleteVpcPeeringConnection", None, &[PEERING], |call| {
        call.on("vpc-peering-connection-id", |ec2, id| ec2.delete_vpc_peering_connection(id))?;
        peering(call, "vpc-peering-connection-id")
    }),
    op(
        "describe-vpc-peering-connections",
        "DescribeVpcPeeringConnections",
        None,
        &[required("vpc-peering-connection-ids", What::Name(NameKind::Peering))],
        |call| peering(call, "vpc-peering-connection-ids"),
    ),
    op(
        "detach-internet-gateway",
        "DetachInternetGateway",
        None,
        &[required("internet-gateway-id", What::Name(NameKind::InternetGateway)), VPC],
        |call| {
            let (gateway, vpc) = (call.id("internet-gateway-id")?, call.id("vpc-id")?);
            done(call.call(|ec2| ec2.detach_internet_gateway(gateway, vpc)))
        },
    ),
    op(
        "disassociate-address",
        "DisassociateAddress",
        None,
        &[required("association-id", What::Name(NameKind::ElasticIp))],
        |call| {
            let id = elastic_ip_association(call)?;
            done(call.call(|ec2| ec2.disassociate_address(id)))
        },
    ),
    op(
        "disassociate-route-table",
        "DisassociateRouteTable",
        None,
        &[required("association-id", What::Name(NameKind::SubnetOrVpc))],
        |call| {
            let id = route_table_association(call)?;
            done(call.call(|ec2| ec2.disassociate_route_table(id)))
        },
    ),
    op(
        "modify-instance-attribute",
        "ModifyInstanceAttribute",
        None,
        &[
            required("instance-id", What::Name(NameKind::Instance)),
            GROUPS,
            SOURCE_DEST_CHECK,
            NO_SOURCE_DEST_CHECK,
        ],
        modify_interface,
    ),
    op(
        "modify-network-interface-attribute",
        "ModifyNetworkInterfaceAttribute",
        None,
        &[
            required("network-interface-id", What::Name(NameKind::Eni)),
            GROUPS,
            SOURCE_DEST_CHECK,
            NO_SOURCE_DEST_CHECK,
        ],
        modify_interface,
    ),
    op(
        "modify-subnet-attribute",
        "ModifySubnetAttribute",
        None,
        &[
            required("subnet-id", What::Name(NameKind::Subnet)),
            optional("map-public-ip-on-launch", What::Flag),
            optional("no-map-public-ip-on-launch", What::Flag),
        ],
        |call| {
            let (id, on) = (call.id("subnet-id")?, !call.has("no-map-public-ip-on-launch"));
            done(call.call(|ec2| ec2.modify_subnet_map_public_ip(id, on)))
        },
    ),
    op("reject-vpc-peering-connection", "RejectVpcPeeringConnection", None, &[PEERING], |call| {
        call.on("vpc-peering-connection-id", |ec2, id| ec2.reject_vpc_peering_connection(id))?;
        peering(call, "vpc-peering-connection-id")
    }),
    op(
        "release-address",
        "ReleaseAddress",
        None,
        &[required("allocation-id", What::Name(NameKind::ElasticIp))],
        |call| call.on("allocation-id", |ec2, id| ec2.release_address(id)),
    ),
    op(
        "replace-network-acl-association",
        "ReplaceNetworkAclAssociation",
        None,
        &[
            required("association-id", What::Name(NameKind::Subnet)),
            required("network-acl-id", What::Name(NameKind::NetworkAcl)),
        ],
        |call| {
            let (association, acl) = (network_acl_association(call)?, call.id("network-acl-id")?);
            let id = call.call(|ec2| ec2.replace_network_acl_association(association, acl))?;
            answer([("NewAssociationId", id.to_string())])
        },
    ),
    op("replace-network-acl-entry", "ReplaceNetworkAclEntry", None, ACL_ENTRY, |call| {
        let request = acl_entry(call)?;
        done(call.call(|ec2| ec2.replace_network_acl_entry(request)))
    }),
    op("replace-route", "ReplaceRoute", None, ROUTE, |call| {
        let request = route(call)?;
        done(call.call(|ec2| ec2.replace_route(request)))
    }),
    op(
        "replace-route-table-association",
        "ReplaceRouteTableAssociation",
        None,
        &[required("association-id", What::Name(NameKind::SubnetOrVpc)), ROUTE_TABLE],
        |call| {
            let (association, table) = (route_table_association(call)?, call.id("route-table-id")?);
            let id = call.call(|ec2| ec2.replace_route_table_association(association, table))?;
            answer([("NewAssociationId", id.to_string())])
        },
    ),
    op("revoke-security-group-egress", "RevokeSecurityGroupEgress", None, RULE, |call| {
        let (id, rule) = rule(call)?;
        done(call.call(|ec2| ec2.revoke_security_group(id, Direction::Egress, &[rule])))
    }),
    op("revoke-security-group-ingress", "RevokeSecurityGroupIngress", None, RULE, |call| {
        let (id, rule) = rule(call)?;
        done(call.call(|ec2| ec2.revoke_security_group(id, Direction::Ingress, &[rule])))
    }),
    op(
        "run-instances",
        "RunInstances",
        Some(NameKind::Instance),
        &[
            optional("subnet-id", What::Name(NameKind::Subnet)),
            optional("private-ip-address", What::Ip),
            optional("security-group-ids", What::Names(NameKind::SecurityGroup)),
            optional("associate-public-ip-address", What::Flag),
            optional("no-associate-public-ip-address", What::Flag),
            optional("image-id", What::Text),
            optional("instance-type", What::Text),
            optional("key-name", What::Text),
            TAGS,
        ],
        |call| {
            let public =
                match (call.has("associate-public-ip-address"), call.has("no-associate-public-ip-address")) {
                    (true, _) => Some(true),
                    (false, true) => Some(false),
                    (false, false) => None,
                };
            let request = RunInstances {
                new: call.naming(),
                network_interface_id: None,
                subnet_id: match call.optional_id("subnet-id")? {
                    Some(subnet) => subnet,
                    None => call.ec2.default_subnet().map_err(|error| call.refused(error))?,
                },
                private_ip_address: call.value("private-ip-address"),
                associate_public_ip_address: public,
                security_group_ids: call.ids("security-group-ids")?,
            };
            let id = call.call(|ec2| ec2.run_instances(request))?;
            let address = call.model().eni(call.model().instances[&id].eni).primary_ip();
            answer([("InstanceId", id.to_string()), ("PrivateIpAddress", address.to_string())])
        },
    ),
    op("start-instances", "StartInstances", None, &[INSTANCES], |call| {
        call.on("instance-ids", |ec2, id| ec2.start_instances(id))
    }),
    op("stop-instances", "StopInstances", None, &[INSTANCES], |call| {
        call.on("instance-ids", |ec2, id| ec2.stop_instances(id))
    }),
    op("terminate-instances", "TerminateInstances", None, &[INSTANCES], |call| {
        call.on("instance-ids", |ec2, id| ec2.terminate_instances(id))
    }),
];

impl Call<'_, '_> {
    /// The Name tag for what is made: the step's, or the one in the tags.
    fn naming<Id>(&self) -> New<Id> {
        New { name: self.name.map(str::to_owned).or_else(|| self.command.name_tag()), id: None }
    }

    /// Calls an operation on the thing an option names.
    fn on<K: Kind>(
        &mut self,
        option: &str,
        operation: impl FnOnce(&mut Ec2<'_>, K) -> Result<(), ApiError>,
    ) -> Answer {
        let id = self.id(option)?;
        done(self.call(|ec2| operation(ec2, id)))
    }

    fn cidr(&self, name: &str) -> Ipv4Net {
        self.value(name).expect("a required option is there")
    }

    /// The interface that a command is about: itself, or the one of an instance.
    fn interface(&self) -> Result<EniId, Failure> {
        match (self.optional_id("network-interface-id")?, self.optional_id::<InstanceId>("instance-id")?) {
            (Some(eni), _) => Ok(eni),
            (None, Some(instance)) => self.interface_of(instance),
            (None, None) => Err(self.refused(self.ec2.missing_parameter())),
        }
    }

    fn interface_of(&self, instance: InstanceId) -> Result<EniId, Failure> {
        let found = self.model().instances.get(&instance).map(|instance| instance.eni);
        found.ok_or_else(|| Failure::Gone { name: instance.to_string() })
    }
}

fn done(result: Result<(), Failure>) -> Answer {
    result.map(|()| Output::default())
}

fn answer<const N: usize>(fields: [(&'static str, String); N]) -> Answer {
    Ok(Output(fields.into()))
}

fn peering(call: &Call<'_, '_>, option: &str) -> Answer {
    peering_answer(call, call.id(option)?)
}

fn peering_answer(call: &Call<'_, '_>, id: PeeringId) -> Answer {
    let status = call.ec2.peering_status(id).map_err(|error| call.refused(error))?;
    answer([("VpcPeeringConnectionId", id.to_string()), ("Status", status.to_string())])
}

/// Exactly one target (aws: route-one-target).
fn route(call: &Call<'_, '_>) -> Result<CreateRoute, Failure> {
    let instance = call.optional_id("instance-id")?.map(|id| call.interface_of(id)).transpose()?;
    let targets = [
        call.optional_id("gateway-id")?.map(Target::InternetGateway),
        call.optional_id("vpc-peering-connection-id")?.map(Target::Peering),
        call.optional_id("network-interface-id")?.map(Target::NetworkInterface),
        instance.map(Target::NetworkInterface),
        call.has("local-target").then_some(Target::Local),
    ];
    let mut given = targets.into_iter().flatten();
    match (given.next(), given.next()) {
        (Some(target), None) => Ok(CreateRoute {
            route_table_id: call.id("route-table-id")?,
            destination: call.cidr("destination-cidr-block").into(),
            target,
        }),
        (None, _) => Err(call.refused(call.ec2.one_target("MissingParameter"))),
        (Some(_), Some(_)) => Err(call.refused(call.ec2.one_target("InvalidParameterCombination"))),
    }
}

fn rule(call: &Call<'_, '_>) -> Result<(SecurityGroupId, RuleRequest), Failure> {
    let protocol = call.text("protocol").and_then(params::protocol).flatten();
    let ports = call.text("port").and_then(params::ports);
    let peer = match (call.value::<Ipv4Net>("cidr"), call.optional_id("source-group")?) {
        (Some(cidr), None) => Peer::Cidr(cidr.trunc()),
        (None, Some(group)) => Peer::Group(group),
        (None, None) => return Err(call.refused(call.ec2.missing_parameter())),
        (Some(_), Some(_)) => return Err(call.refused(call.ec2.invalid_combination())),
    };
    let traffic = traffic(protocol, ports).ok_or_else(|| call.refused(call.ec2.invalid_ports()))?;
    Ok((call.id("group-id")?, RuleRequest { traffic, peer }))
}

/// What a rule with a protocol and ports is about; `None` if they do not go together: TCP and UDP want
/// a range, ICMP wants a type and a code (aws: sg-rule-fields).
fn traffic(protocol: Option<u8>, ports: Option<Ports>) -> Option<Traffic> {
    let range = || match ports? {
        Ports::All => Some(PortRange::ALL),
        Ports::Range(from, to) => (from <= to).then_some(PortRange { from, to }),
        Ports::One(port) => Some(PortRange::one(port)),
    };
    let byte = |number: u16| u8::try_from(number).ok().map(Some);
    Some(match protocol.map(Protocol) {
        None => Traffic::All,
        Some(Protocol::TCP) => Traffic::Tcp(range()?),
        Some(Protocol::UDP) => Traffic::Udp(range()?),
        Some(Protocol::ICMP) => match ports {
            None | Some(Ports::All) => Traffic::Icmp { kind: None, code: None },
            Some(Ports::One(kind)) => Traffic::Icmp { kind: byte(kind)?, code: None },
            Some(Ports::Range(kind, code)) => Traffic::Icmp { kind: byte(kind)?, code: byte(code)? },
        },
        Some(other) => Traffic::Other(other),
    })
}

fn acl_entry(call: &Call<'_, '_>) -> Result<AclEntryRequest, Failure> {
    let protocol = call.text("protocol").and_then(params::protocol).flatten();
    let ports = call.text("port-range").and_then(params::from_to);
    let traffic = traffic(protocol, ports.map(|(from, to)| Ports::Range(from, to)));
    let entry = AclEntry {
        number: call.value("rule-number").expect("a required option is there"),
        traffic: traffic.ok_or_else(|| call.refused(call.ec2.invalid_ports()))?,
        cidr: call.cidr("cidr-block"),
        action: if call.text("rule-action") == Some("allow") { AclAction::Allow } else { AclAction::Deny },
    };
    Ok(AclEntryRequest { network_acl_id: call.id("network-acl-id")?, direction: direction(call), entry })
}

fn direction(call: &Call<'_, '_>) -> Direction {
    if call.has("egress") { Direction::Egress } else { Direction::Ingress }
}

/// A call changes one attribute.
fn modify_interface(call: &mut Call<'_, '_>) -> Answer {
    let id = call.interface()?;
    let change = match (call.has("groups"), call.has("source-dest-check"), call.has("no-source-dest-check")) {
        (true, false, false) => ModifyNetworkInterfaceAttribute::Groups(call.ids("groups")?),
        (false, true, false) => ModifyNetworkInterfaceAttribute::SourceDestCheck(true),
        (false, false, true) => ModifyNetworkInterfaceAttribute::SourceDestCheck(false),
        (false, false, false) => return Err(call.refused(call.ec2.missing_parameter())),
        _ => return Err(call.refused(call.ec2.invalid_combination())),
    };
    done(call.call(|ec2| ec2.modify_network_interface_attribute(id, change)))
}

/// An association by its id, by its subnet, or by the VPC whose main table it is about.
fn route_table_association(call: &Call<'_, '_>) -> Result<RouteTableAssociationId, Failure> {
    let text = call.text("association-id").expect("a required option is there");
    if let Ok(id) = text.parse() {
        return Ok(id);
    }
    let model = call.model();
    let of_subnet = |id: SubnetId| model.subnets.get(&id)?.route_table.map(|own| own.id);
    let of_vpc = |id: VpcId| model.route_tables[&model.vpcs.get(&id)?.main_route_table].main_association;
    let subnet = call.resolve(text, None).ok().and_then(of_subnet);
    let vpc = || call.resolve(text, None).ok().and_then(of_vpc);
    subnet.or_else(vpc).ok_or_else(|| Failure::Gone { name: text.to_owned() })
}

fn network_acl_association(call: &Call<'_, '_>) -> Result<NetworkAclAssociationId, Failure> {
    let text = call.text("association-id").expect("a required option is there");
    if let Ok(id) = text.parse() {
        return Ok(id);
    }
    let subnet: SubnetId = call.resolve(text, None)?;
    let found = call.model().subnets.get(&subnet).map(|subnet| subnet.network_acl_association);
    found.ok_or_else(|| Failure::Gone { name: text.to_owned() })
}

fn elastic_ip_association(call: &Call<'_, '_>) -> Result<AddressAssociationId, Failure> {
    let text = call.text("association-id").expect("a required option is there");
    if let Ok(id) = text.parse() {
        return Ok(id);
    }
    let eip: AllocationId = call.resolve(text, None)?;
    let found = call.model().elastic_ips.get(&eip).and_then(|eip| eip.association);
    found.map(|(id, _)| id).ok_or_else(|| Failure::Gone { name: text.to_owned() })
}

/// Whatever a name stands for.
fn taggable(call: &Call<'_, '_>, text: &str) -> Result<Taggable, Failure> {
    fn of<K: Kind>(call: &Call<'_, '_>, text: &str, tag: fn(K) -> Taggable) -> Option<Taggable> {
        call.resolve(text, None).ok().map(tag)
    }
    let instance = of(call, text, Taggable::Instance);
    let found = [
        of(call, text, Taggable::ElasticIp),
        of(call, text, Taggable::InternetGateway),
        of(call, text, Taggable::NetworkAcl),
        of(call, text, Taggable::Peering),
        of(call, text, Taggable::RouteTable),
        of(call, text, Taggable::SecurityGroup),
        of(call, text, Taggable::Subnet),
        of(call, text, Taggable::Vpc),
        // An interface is called by its instance.
        instance.or_else(|| of(call, text, Taggable::Eni)),
    ];
    let mut found = found.into_iter().flatten();
    match (found.next(), found.next()) {
        (Some(one), None) => Ok(one),
        (Some(_), Some(_)) => Err(Failure::Ambiguous { name: text.to_owned() }),
        (None, _) => Err(Failure::Gone { name: text.to_owned() }),
    }
}
