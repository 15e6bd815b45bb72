//! VPCs, and all that comes with a new one.

use ipnet::Ipv4Net;

use super::{ApiError, CreateSubnet, Ec2, New, Result, dependency_violation};
use crate::ids::{
    NetworkAclId, RouteTableAssociationId, RouteTableId, SecurityGroupId, SecurityGroupRuleId,
    VpcCidrAssociationId, VpcId,
};
use crate::model::{
    AclAction, AclEntry, CidrBlock, Model, NetworkAcl, Peer, PeeringStatus, Route, RouteOrigin, RouteTable,
    SecurityGroup, SecurityGroupRule, Target, Traffic, Vpc,
};

const VPC_LIMIT: &str = "The maximum number of VPCs has been reached.";

/// One attribute for ModifyVpcAttribute, which changes one at a time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum VpcAttribute {
    /// Whether instances get DNS names.
    EnableDnsHostnames(bool),
    /// Whether Amazon's DNS server answers.
    EnableDnsSupport(bool),
}

/// Parameters of CreateVpc.
#[derive(Clone, Debug)]
pub struct CreateVpc {
    /// Name and id.
    pub new: New<VpcId>,
    /// The primary block.
    pub cidr_block: Ipv4Net,
    /// What comes with it.
    pub defaults: NewDefaults,
}

/// The ids of what comes with a VPC, pinned.
#[derive(Clone, Copy, Default, Debug)]
pub struct NewDefaults {
    /// Of the main route table.
    pub route_table: Option<RouteTableId>,
    /// Of the default network ACL.
    pub network_acl: Option<NetworkAclId>,
    /// Of the default security group.
    pub security_group: Option<SecurityGroupId>,
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
        let here = self.model.vpcs.values().filter(|vpc| vpc.scope == self.caller).count();
        self.check_quota(here, self.model.quotas.vpcs_per_region, "VpcLimitExceeded", VPC_LIMIT)?;
        let id = self.choose_id(&request.new, "", |model| &model.vpcs, VpcId::derive);
        let dhcp_options = Some(self.default_dhcp_options());
        let path = [id.to_string()];
        let path = [path[0].as_str(), "default"];
        let vpc = Vpc {
            id,
            name: request.new.name,
            scope: self.caller,
            cidrs: vec![CidrBlock { association: VpcCidrAssociationId::derive(&path), block: cidr }],
            is_default: false,
            main_route_table: request.defaults.route_table.unwrap_or_else(|| RouteTableId::derive(&path)),
            default_network_acl: request.defaults.network_acl.unwrap_or_else(|| NetworkAclId::derive(&path)),
            default_security_group: request
                .defaults
                .security_group
                .unwrap_or_else(|| SecurityGroupId::derive(&path)),
            internet_gateway: None,
            vpn_gateway: None,
            dhcp_options,
            // aws: dns-attribute-defaults
            dns_support: true,
            dns_hostnames: false,
            encryption_control: false,
        };
        let mut table = RouteTable::new(vpc.main_route_table, None, id, &[cidr]);
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
        let id = self.create_vpc(CreateVpc { new, cidr_block, defaults: NewDefaults::default() })?;
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
        self.model.vpcs[&id].dns_hostnames = true;
        let table = self.model.vpcs[&id].main_route_table;
        self.create_route(super::CreateRoute {
            route_table_id: table,
            destination: anywhere().into(),
            target: Target::InternetGateway(gateway),
        })?;
        Ok(id)
    }

    /// CreateVpcEncryptionControl with the mode `monitor`: records of flow logs say how traffic is encrypted
    /// (aws: flow-log-encryption-status). The mode `enforce` is not simulated.
    pub fn monitor_encryption(&mut self, id: VpcId) -> Result<()> {
        self.vpc_mut(id)?.encryption_control = true;
        Ok(())
    }

    /// ModifyVpcAttribute with one of `EnableDnsSupport` and `EnableDnsHostnames`; names need the server
    /// (aws: dns-attributes).
    pub fn modify_vpc_attribute(&mut self, id: VpcId, attribute: VpcAttribute) -> Result<()> {
        let vpc = self.vpc_mut(id)?;
        match attribute {
            VpcAttribute::EnableDnsHostnames(on) if on && !vpc.dns_support => {
                return Err(ApiError::code_only("InvalidParameterCombination"));
            }
            VpcAttribute::EnableDnsHostnames(on) => vpc.dns_hostnames = on,
            VpcAttribute::EnableDnsSupport(on) => vpc.dns_support = on,
        }
        Ok(())
    }

    /// Gives a VPC one more block (aws: vpc-secondary-cidr).
    pub fn associate_vpc_cidr_block(
        &mut self,
        id: VpcId,
        cidr_block: Ipv4Net,
    ) -> Result<VpcCidrAssociationId> {
        let block = cidr_block.trunc();
        let vpc = self.vpc(id)?;
        let (primary, blocks) = (vpc.cidrs[0].block, vpc.blocks().collect::<Vec<_>>());
        if !(16..=28).contains(&block.prefix_len()) {
            return Err(ApiError::new("InvalidVpc.Range", format!("The CIDR '{cidr_block}' is invalid.")));
        }
        if is_restricted(primary, &blocks, block) {
            let message = format!(
                "The CIDR '{block}' is restricted. Use a CIDR from the same private address range as the current VPC \
                 CIDR, or use a publicly-routable CIDR. For additional restrictions, see \
                 https://docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html"
            );
            return Err(ApiError::new("InvalidVpc.Range", message));
        }
        let max = self.model.quotas.cidrs_per_vpc;
        if blocks.len() >= max {
            let message = format!("This network '{id}' has met its maximum number of allowed CIDRs: {max}");
            return Err(ApiError::new("CidrLimitExceeded", message));
        }
        if blocks.iter().any(|own| own.contains(&block) || block.contains(own)) {
            return Err(ApiError::code_only("InvalidVpc.Range"));
        }
        self.check_against_routes(id, block)?;
        self.check_against_peers(id, block)?;
        let association =
            VpcCidrAssociationId::derive(&[&id.to_string(), &block.to_string(), &self.next_unnamed()]);
        self.model.vpcs[&id].cidrs.push(CidrBlock { association, block });
        let local =
            Route { destination: block.into(), target: Target::Local, origin: RouteOrigin::CreateRouteTable };
        let Model { route_tables, prefix_lists, .. } = &mut *self.model;
        for table in route_tables.values_mut().filter(|table| table.vpc == id) {
            table.insert(local, prefix_lists);
        }
        Ok(association)
    }

    /// A new block may not be as large as, or larger than, the destination of a route
    /// (aws: vpc-secondary-cidr-routes).
    fn check_against_routes(&self, id: VpcId, block: Ipv4Net) -> Result<()> {
        let tables = self.model.route_tables.values().filter(|table| table.vpc == id);
        let mut routed = tables.flat_map(|table| table.routes()).filter_map(|route| route.destination.cidr());
        if routed.any(|destination| block.contains(&destination)) {
            return Err(ApiError::code_only("InvalidParameterValue"));
        }
        Ok(())
    }

    /// A peered VPC may grow only where its peer is not; one that asks for a connection may not grow at all
    /// (aws: vpc-secondary-cidr-peering).
    fn check_against_peers(&mut self, id: VpcId, block: Ipv4Net) -> Result<()> {
        let now = self.now;
        let mut failed = Vec::new();
        for pcx in self.model.peerings.values() {
            let Some((_, there)) = pcx.sides_from(id) else { continue };
            let overlaps = self.model.vpcs.get(&there.vpc).is_some_and(|vpc| {
                vpc.blocks().any(|other| other.contains(&block) || block.contains(&other))
            });
            match pcx.status_at(now) {
                PeeringStatus::Active if overlaps => {
                    return Err(ApiError::code_only("InvalidParameterValue"));
                }
                PeeringStatus::PendingAcceptance if pcx.requester.vpc == id => {
                    return Err(ApiError::code_only("InvalidParameterValue"));
                }
                PeeringStatus::PendingAcceptance if overlaps => failed.push(pcx.id),
                PeeringStatus::Active
                | PeeringStatus::Deleted
                | PeeringStatus::Expired
                | PeeringStatus::Failed
                | PeeringStatus::PendingAcceptance
                | PeeringStatus::Rejected => {}
            }
        }
        for pcx in failed {
            self.model.peerings[&pcx].status = PeeringStatus::Failed;
        }
        Ok(())
    }

    /// Takes a block away that is not the primary one and has no subnets.
    pub fn disassociate_vpc_cidr_block(&mut self, association: VpcCidrAssociationId) -> Result<()> {
        let found = self.model.vpcs.values().filter(|vpc| vpc.scope == self.caller).find_map(|vpc| {
            let at = vpc.cidrs.iter().position(|cidr| cidr.association == association)?;
            Some((vpc.id, at, vpc.cidrs[at].block))
        });
        let Some((id, at, block)) = found else {
            return Err(ApiError::code_only("InvalidVpcCidrBlockAssociationID.NotFound"));
        };
        if at == 0 {
            let message = format!(
                "The vpc CIDR block with association ID {association} may not be disassociated. It is the primary \
                 IPv4 CIDR block of the VPC"
            );
            return Err(ApiError::new("OperationNotPermitted", message));
        }
        if self.model.subnets.values().any(|subnet| subnet.vpc == id && block.contains(&subnet.cidr)) {
            return Err(ApiError::code_only("DependencyViolation"));
        }
        self.model.vpcs[&id].cidrs.remove(at);
        let Model { route_tables, prefix_lists, .. } = &mut *self.model;
        for table in route_tables.values_mut().filter(|table| table.vpc == id) {
            let is_local = |route: &Route| {
                route.origin == RouteOrigin::CreateRouteTable && route.destination == block.into()
            };
            table.remove(is_local, prefix_lists);
        }
        Ok(())
    }

    /// Deletes a VPC, its main route table, default network ACL and default security group.
    pub fn delete_vpc(&mut self, id: VpcId) -> Result<()> {
        let vpc = self.vpc(id)?.clone();
        let now = self.now;
        let model = &mut *self.model;
        let in_use = vpc.internet_gateway.is_some()
            || vpc.vpn_gateway.is_some()
            || model.endpoints.values().any(|endpoint| endpoint.vpc == id)
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

/// Whether AWS refuses a block beside the primary one: the private ranges do not mix, and some blocks are
/// its own (aws: vpc-secondary-cidr-restricted).
fn is_restricted(primary: Ipv4Net, blocks: &[Ipv4Net], block: Ipv4Net) -> bool {
    let net = |text: &str| -> Ipv4Net { text.parse().expect("a CIDR block") };
    let is_in = |range: &str| net(range).contains(&block) || block.contains(&net(range));
    let private = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"];
    let own_range = private.iter().find(|range| net(range).contains(&primary));
    let benchmark = "198.19.0.0/16";
    if is_in("169.254.0.0/16") {
        return true;
    }
    let foreign = |own: Option<&&str>| private.iter().any(|range| Some(range) != own && is_in(range));
    match own_range {
        Some(own) => {
            foreign(Some(own))
                || is_in(benchmark)
                || (*own == "172.16.0.0/12" && is_in("172.31.0.0/16"))
                || (*own == "10.0.0.0/8"
                    && is_in("10.0.0.0/16")
                    && blocks.iter().any(|own| net("10.0.0.0/15").contains(own)))
        }
        None if net(benchmark).contains(&primary) => foreign(None),
        None => foreign(None) || is_in(benchmark),
    }
}
