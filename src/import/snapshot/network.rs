//! VPCs, subnets, route tables, network ACLs, security groups and peering connections.

use super::Reader;
use crate::import::inventory::{
    AclEntry, Block, NetworkAcl, Peer, PeerVpc, Peering, Permission, Route, RouteTable, RouteTarget,
    SecurityGroup, Subnet, Traffic, Vpc,
};
use crate::import::json::At;

/// The number of the rule that every network ACL ends with.
const LAST_RULE: i64 = 32_767;

/// What a route may lead to, the more exact one first.
const TARGETS: [&str; 10] = [
    "NatGatewayId",
    "NetworkInterfaceId",
    "InstanceId",
    "VpcPeeringConnectionId",
    "TransitGatewayId",
    "EgressOnlyInternetGatewayId",
    "LocalGatewayId",
    "CarrierGatewayId",
    "CoreNetworkArn",
    "GatewayId",
];

impl Reader {
    pub(super) fn vpc(&mut self, at: &At<'_>) {
        let Some(about) = self.about(at, "VpcId") else { return };
        let blocked = at.get("BlockPublicAccessStates").text("InternetGatewayBlockMode");
        if let Some(mode) = blocked.filter(|mode| mode != "off") {
            self.lost(&at.place(), format!("Block Public Access ({mode}) is not carried over"));
        }
        let mut cidrs: Vec<String> = at.text("CidrBlock").into_iter().collect();
        for association in at.list("CidrBlockAssociationSet") {
            let state = association.get("CidrBlockState").text("State");
            let block = association.text("CidrBlock").filter(|block| !cidrs.contains(block));
            if state.is_none_or(|state| state == "associated" || state == "associating") {
                cidrs.extend(block);
            }
        }
        self.reading.inventory.vpcs.push(Vpc { about, cidrs, dns_support: None, dns_hostnames: None });
    }

    /// What `describe-vpc-attribute` prints, an attribute in a document.
    pub(super) fn attributes(&mut self, at: &At<'_>) {
        let Some(vpc) = at.text("VpcId") else { return };
        let value = |key: &str| at.get(key).flag("Value");
        let (support, hostnames) = (value("EnableDnsSupport"), value("EnableDnsHostnames"));
        if support.is_some() || hostnames.is_some() {
            self.loose.vpc_attributes.push((vpc, support, hostnames));
        }
    }

    pub(super) fn subnet(&mut self, at: &At<'_>) {
        let Some(about) = self.about(at, "SubnetId") else { return };
        let cidr = at.text("CidrBlock").unwrap_or_default();
        if cidr.is_empty() {
            self.lost(&at.place(), "a subnet without a block of IPv4 left out".to_owned());
        }
        self.reading.inventory.subnets.push(Subnet {
            about,
            vpc: at.text("VpcId").unwrap_or_default(),
            cidr,
            zone: at.text("AvailabilityZone"),
            map_public_ip: at.flag("MapPublicIpOnLaunch").unwrap_or(false),
        });
    }

    pub(super) fn route_table(&mut self, at: &At<'_>) {
        let Some(about) = self.about(at, "RouteTableId") else { return };
        let mut table = RouteTable {
            about,
            vpc: at.text("VpcId").unwrap_or_default(),
            is_main: false,
            subnets: Vec::new(),
            gateways: Vec::new(),
            propagating: at.list("PropagatingVgws").iter().filter_map(|vgw| vgw.text("GatewayId")).collect(),
            routes: Vec::new(),
        };
        for association in at.list("Associations") {
            let state = association.get("AssociationState").text("State");
            if state.is_some_and(|state| state == "disassociated" || state == "failed") {
                continue;
            }
            table.is_main |= association.flag("Main").unwrap_or(false);
            table.subnets.extend(association.text("SubnetId"));
            table.gateways.extend(association.text("GatewayId"));
        }
        for route in at.list("Routes") {
            table.routes.extend(self.route(&route));
        }
        self.reading.inventory.route_tables.push(table);
    }

    fn route(&mut self, at: &At<'_>) -> Option<Route> {
        let destination = at
            .text("DestinationCidrBlock")
            .map(Block::Cidr)
            .or_else(|| at.text("DestinationPrefixListId").map(Block::PrefixList))
            .or_else(|| at.text("DestinationIpv6CidrBlock").map(Block::Ipv6));
        let target = TARGETS.iter().find_map(|key| at.text(key));
        let target = target.or_else(|| at.text("VpcEndpointId"));
        let Some(destination) = destination else {
            self.lost(&at.place(), "a route without a destination left out".to_owned());
            return None;
        };
        // Packets must not take another route instead.
        let target = target.unwrap_or_else(|| "a target of a kind that is not known".to_owned());
        Some(Route {
            destination,
            target: if target == "local" { RouteTarget::Local } else { RouteTarget::Id(target) },
            is_propagated: at.text("Origin").as_deref() == Some("EnableVgwRoutePropagation"),
            is_blackhole: at.text("State").as_deref() == Some("blackhole"),
            place: at.place(),
        })
    }

    pub(super) fn network_acl(&mut self, at: &At<'_>) {
        let Some(about) = self.about(at, "NetworkAclId") else { return };
        let mut entries = Vec::new();
        for entry in at.list("Entries") {
            entries.extend(self.acl_entry(&entry));
        }
        self.reading.inventory.network_acls.push(NetworkAcl {
            about,
            vpc: at.text("VpcId").unwrap_or_default(),
            is_default: at.flag("IsDefault").unwrap_or(false),
            subnets: at.list("Associations").iter().filter_map(|it| it.text("SubnetId")).collect(),
            entries,
        });
    }

    fn acl_entry(&mut self, at: &At<'_>) -> Option<AclEntry> {
        let block =
            at.text("CidrBlock").map(Block::Cidr).or_else(|| at.text("Ipv6CidrBlock").map(Block::Ipv6));
        let (number, block) = match (at.number("RuleNumber"), block) {
            // 32767 is there in every list, 32768 where a VPC has blocks of IPv6.
            (Some(number), _) if number >= LAST_RULE => return None,
            (Some(number), Some(block)) => (number, block),
            (_, _) => {
                self.lost(&at.place(), "a rule without a number or a block left out".to_owned());
                return None;
            }
        };
        let (ports, icmp) = (at.get("PortRange"), at.get("IcmpTypeCode"));
        let protocol = at.text("Protocol").unwrap_or_else(|| "-1".to_owned());
        // A list has both members for some protocols; only one counts.
        let (from, to) = match protocol.as_str() {
            "1" | "icmp" => (icmp.number("Type"), icmp.number("Code")),
            _ => (ports.number("From"), ports.number("To")),
        };
        let protocol = match protocol.as_str() {
            "6" => "tcp".to_owned(),
            "17" => "udp".to_owned(),
            "1" => "icmp".to_owned(),
            _ => protocol,
        };
        Some(AclEntry {
            number,
            is_egress: at.flag("Egress").unwrap_or(false),
            allows: at.text("RuleAction").as_deref() == Some("allow"),
            traffic: Traffic { protocol, from, to },
            block,
            place: at.place(),
        })
    }

    pub(super) fn security_group(&mut self, at: &At<'_>) {
        let Some(about) = self.about(at, "GroupId") else { return };
        let group_name = at.text("GroupName").unwrap_or_else(|| about.id.clone());
        self.reading.inventory.security_groups.push(SecurityGroup {
            about,
            vpc: at.text("VpcId").unwrap_or_default(),
            group_name,
            ingress: at.list("IpPermissions").iter().flat_map(permissions).collect(),
            egress: at.list("IpPermissionsEgress").iter().flat_map(permissions).collect(),
        });
    }

    /// A connection whose state carries nothing is over.
    pub(super) fn peering(&mut self, at: &At<'_>) {
        let Some(about) = self.about(at, "VpcPeeringConnectionId") else { return };
        let status = at.get("Status").text("Code").unwrap_or_else(|| "active".to_owned());
        let is_accepted = match status.as_str() {
            "active" | "provisioning" => true,
            "pending-acceptance" | "initiating-request" => false,
            _ => {
                let message = format!("a peering connection that is {status} left out");
                self.harmless(&at.place(), message);
                return;
            }
        };
        self.reading.inventory.peerings.push(Peering {
            about,
            requester: side(&at.get("RequesterVpcInfo")),
            accepter: side(&at.get("AccepterVpcInfo")),
            is_accepted,
        });
    }
}

fn side(at: &At<'_>) -> PeerVpc {
    let mut cidrs: Vec<String> =
        at.list("CidrBlockSet").iter().filter_map(|block| block.text("CidrBlock")).collect();
    let one = at.text("CidrBlock").filter(|block| !cidrs.contains(block));
    cidrs.splice(0..0, one);
    PeerVpc {
        vpc: at.text("VpcId").unwrap_or_default(),
        account: at.text("OwnerId"),
        region: at.text("Region"),
        cidrs,
    }
}

/// A permission is a rule for each of its peers.
fn permissions(at: &At<'_>) -> Vec<Permission> {
    let traffic = Traffic {
        protocol: at.text("IpProtocol").unwrap_or_else(|| "-1".to_owned()),
        from: at.number("FromPort"),
        to: at.number("ToPort"),
    };
    let peers = [
        ("IpRanges", "CidrIp", (|text| Peer::Block(Block::Cidr(text))) as fn(String) -> Peer),
        ("UserIdGroupPairs", "GroupId", Peer::Group),
        ("PrefixListIds", "PrefixListId", |text| Peer::Block(Block::PrefixList(text))),
        ("Ipv6Ranges", "CidrIpv6", |text| Peer::Block(Block::Ipv6(text))),
    ];
    let mut rules = Vec::new();
    for (list, key, peer) in peers {
        for it in at.list(list) {
            let Some(text) = it.text(key) else { continue };
            rules.push(Permission { traffic: traffic.clone(), peer: peer(text), place: it.place() });
        }
    }
    rules
}
