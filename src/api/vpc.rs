//! VPCs, and all that comes with a new one.

use ipnet::Ipv4Net;

use super::{ApiError, CreateSubnet, Ec2, New, Result, dependency_violation};
use crate::ids::{
    NetworkAclId, RouteTableAssociationId, RouteTableId, SecurityGroupId, SecurityGroupRuleId, VpcId,
};
use crate::model::{
    AclAction, AclEntry, NetworkAcl, Peer, PeeringStatus, RouteTable, SecurityGroup, SecurityGroupRule,
    Target, Traffic, Vpc,
};

/// Parameters of CreateVpc.
#[derive(Clone, Debug)]
pub struct CreateVpc {
    /// Name and id.
    pub new: New<VpcId>,
    /// The primary block.
    pub cidr_block: Ipv4Net,
}

/// Every address.
pub(super) fn anywhere() -> Ipv4Net {
    Ipv4Net::default()
}

impl Ec2<'_> {
    /// Makes a VPC with its main route table, default network ACL and default security group.
    pub fn create_vpc(&mut self, request: CreateVpc) -> Result<VpcId> {
        let cidr = request.cidr_block.trunc();
        // aws: vpc-cidr-size
        if !(16..=28).contains(&cidr.prefix_len()) {
            return Err(ApiError::new(
                "InvalidVpc.Range",
                format!("The CIDR '{}' is invalid.", request.cidr_block),
            ));
        }
        let id = self.choose_id(&request.new, "", |model| &model.vpcs, VpcId::derive);
        let path = [id.to_string()];
        let path = [path[0].as_str(), "default"];
        let vpc = Vpc {
            id,
            name: request.new.name,
            scope: self.caller,
            cidrs: vec![cidr],
            is_default: false,
            main_route_table: RouteTableId::derive(&path),
            default_network_acl: NetworkAclId::derive(&path),
            default_security_group: SecurityGroupId::derive(&path),
            internet_gateway: None,
        };
        let mut table = RouteTable::new(vpc.main_route_table, None, id, &vpc.cidrs);
        table.main_association = Some(RouteTableAssociationId::derive(&path));
        self.model.route_tables.insert(table.id, table);
        self.model.network_acls.insert(vpc.default_network_acl, default_network_acl(&vpc));
        self.model.security_groups.insert(vpc.default_security_group, default_security_group(&vpc));
        self.model.vpcs.insert(id, vpc);
        Ok(id)
    }

    /// Makes the region's default VPC: 172.31.0.0/16 with a /20 subnet in every zone, an internet
    /// gateway and a route to it, and public addresses for everybody (aws: default-vpc).
    pub fn create_default_vpc(&mut self, new: New<VpcId>) -> Result<VpcId> {
        let caller = self.caller;
        if self.model.vpcs.values().any(|vpc| vpc.is_default && vpc.scope == caller) {
            return Err(ApiError::code_only("DefaultVpcAlreadyExists"));
        }
        let cidr_block: Ipv4Net = "172.31.0.0/16".parse().expect("a CIDR block");
        let id = self.create_vpc(CreateVpc { new, cidr_block })?;
        let gateway = self.create_internet_gateway(New::unnamed())?;
        self.attach_internet_gateway(gateway, id)?;
        let blocks = cidr_block.subnets(20).expect("a /16 holds /20 blocks");
        for (zone, cidr_block) in self.caller.region.zones().zip(blocks) {
            let new = New::unnamed();
            let subnet = self.create_subnet(CreateSubnet {
                new,
                vpc_id: id,
                cidr_block,
                availability_zone: Some(zone),
            })?;
            self.modify_subnet_map_public_ip(subnet, true)?;
        }
        self.model.vpcs[&id].is_default = true;
        let table = self.model.vpcs[&id].main_route_table;
        self.create_route(super::CreateRoute {
            route_table_id: table,
            destination_cidr_block: anywhere(),
            target: Target::InternetGateway(gateway),
        })?;
        Ok(id)
    }

    /// Deletes a VPC, its main route table, default network ACL and default security group.
    pub fn delete_vpc(&mut self, id: VpcId) -> Result<()> {
        let vpc = self.vpc(id)?.clone();
        let now = self.now;
        let model = &mut *self.model;
        let in_use = vpc.internet_gateway.is_some()
            || model.subnets.values().any(|subnet| subnet.vpc == id)
            || model.route_tables.values().any(|table| table.vpc == id && table.id != vpc.main_route_table)
            || model.network_acls.values().any(|acl| acl.vpc == id && !acl.is_default)
            || model.security_groups.values().any(|sg| sg.vpc == id && sg.id != vpc.default_security_group)
            || model
                .peerings
                .values()
                .any(|pcx| pcx.accepter.vpc == id && pcx.status_at(now) == PeeringStatus::PendingAcceptance);
        if in_use {
            return Err(dependency_violation("vpc", id));
        }
        // A request goes with its requester, a connection with either side (assumed: pcx-deleted-with-vpc).
        for pcx in model.peerings.values_mut().filter(|pcx| pcx.sides_from(id).is_some()) {
            if matches!(pcx.status_at(now), PeeringStatus::Active | PeeringStatus::PendingAcceptance) {
                pcx.status = PeeringStatus::Deleted;
            }
        }
        model.route_tables.shift_remove(&vpc.main_route_table);
        model.network_acls.shift_remove(&vpc.default_network_acl);
        model.security_groups.shift_remove(&vpc.default_security_group);
        model.vpcs.shift_remove(&id);
        Ok(())
    }
}

/// Allows everything, as a default network ACL does until somebody changes it (aws: nacl-default).
fn default_network_acl(vpc: &Vpc) -> NetworkAcl {
    let allow = AclEntry { number: 100, traffic: Traffic::All, cidr: anywhere(), action: AclAction::Allow };
    NetworkAcl {
        id: vpc.default_network_acl,
        name: None,
        vpc: vpc.id,
        is_default: true,
        egress: vec![allow],
        ingress: vec![allow],
    }
}

/// Lets its members talk to each other, and out to everybody (aws: sg-default).
fn default_security_group(vpc: &Vpc) -> SecurityGroup {
    let id = vpc.default_security_group;
    let rule = |direction: &str, peer| SecurityGroupRule {
        id: SecurityGroupRuleId::derive(&[&id.to_string(), direction]),
        traffic: Traffic::All,
        peer,
    };
    SecurityGroup {
        id,
        name: "default".to_owned(),
        vpc: vpc.id,
        egress: vec![rule("egress", Peer::Cidr(anywhere()))],
        ingress: vec![rule("ingress", Peer::Group(id))],
    }
}
