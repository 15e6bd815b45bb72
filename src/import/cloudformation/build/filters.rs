//! Security groups and network ACLs, also those that come with a VPC.

use super::{Builder, Item};
use crate::import::Place;
use crate::import::cloudformation::attributes::{DEFAULT_ACL, DEFAULT_GROUP};
use crate::import::inventory::{
    AclEntry, Block, EndpointKind, NetworkAcl, Peer, Permission, SecurityGroup, Traffic,
};
use crate::import::json::At;

/// What the properties of a rule call its peer.
struct PeerKeys {
    prefix_list: &'static str,
    group: &'static str,
    group_name: &'static str,
}

const INGRESS: PeerKeys = PeerKeys {
    prefix_list: "SourcePrefixListId",
    group: "SourceSecurityGroupId",
    group_name: "SourceSecurityGroupName",
};

const EGRESS: PeerKeys = PeerKeys {
    prefix_list: "DestinationPrefixListId",
    group: "DestinationSecurityGroupId",
    group_name: "DestinationSecurityGroupName",
};

impl Builder {
    pub(super) fn security_group(&mut self, item: &Item, at: &At<'_>) {
        let about = self.about(item, at);
        let rules = |builder: &mut Self, key: &str, keys: &PeerKeys| {
            let written = builder.elements(at, key);
            let made: Vec<_> = written.iter().flat_map(|rule| builder.permissions(rule, keys)).collect();
            (written.is_empty(), made)
        };
        let (_, ingress) = rules(self, "SecurityGroupIngress", &INGRESS);
        let (is_silent, mut egress) = rules(self, "SecurityGroupEgress", &EGRESS);
        if is_silent {
            egress.push(to_all(about.place.clone()));
            self.with_default_egress.insert(item.id.clone());
        }
        let Some(vpc) = at.text("VpcId") else {
            let message = "a security group of the account's default VPC, which a template does not describe, \
                           is left out";
            return self.matters(self.place(at), message);
        };
        let group_name = at.text("GroupName").unwrap_or_else(|| item.id.clone());
        self.inventory.security_groups.push(SecurityGroup { about, vpc, group_name, ingress, egress });
    }

    pub(super) fn security_group_ingress(&mut self, at: &At<'_>) {
        let permissions = self.permissions(at, &INGRESS);
        let group = match (at.text("GroupId"), at.text("GroupName")) {
            (Some(id), _) => self.group(id),
            (None, Some(name)) => self.group_called(&name),
            (None, None) => return self.trouble(self.place(at), "`GroupId` is missing"),
        };
        match self.group_mut(&group) {
            Some(group) => group.ingress.extend(permissions),
            None => self.elsewhere(self.place(at), "a rule", &group),
        }
    }

    pub(super) fn security_group_egress(&mut self, at: &At<'_>) {
        let permissions = self.permissions(at, &EGRESS);
        let Some(group) = self.need(at, "GroupId") else { return };
        let group = self.group(group);
        // CloudFormation takes away the rule that a group came with as soon as it adds one.
        let is_first = self.with_default_egress.remove(&group);
        match self.group_mut(&group) {
            Some(group) => {
                if is_first {
                    group.egress.clear();
                }
                group.egress.extend(permissions);
            }
            None => self.elsewhere(self.place(at), "a rule", &group),
        }
    }

    fn group_mut(&mut self, id: &str) -> Option<&mut SecurityGroup> {
        self.inventory.security_groups.iter_mut().find(|group| group.about.id == id)
    }

    /// A group by id. That of a VPC is made as it is named.
    pub(super) fn group(&mut self, id: String) -> String {
        let vpc = id.strip_suffix(DEFAULT_GROUP).and_then(|rest| rest.strip_suffix('.'));
        if let Some(vpc) = vpc.map(str::to_owned)
            && self.kinds.get(&vpc) == Some(&"VPC")
            && self.group_mut(&id).is_none()
        {
            let place = self.place_of(&vpc);
            let about = self.about_id(&id, place.clone());
            let traffic = Traffic { protocol: "-1".to_owned(), from: None, to: None };
            let ingress = vec![Permission { traffic, peer: Peer::Group(id.clone()), place: place.clone() }];
            self.with_default_egress.insert(id.clone());
            let (group_name, egress) = ("default".to_owned(), vec![to_all(place)]);
            self.inventory.security_groups.push(SecurityGroup { about, vpc, group_name, ingress, egress });
        }
        id
    }

    /// A group by `GroupName`, or by what a reference to it is worth.
    fn group_called(&mut self, name: &str) -> String {
        match self.group_names.get(name) {
            Some(id) => id.clone(),
            None => self.group(name.to_owned()),
        }
    }

    /// Groups that a list names.
    pub(super) fn groups(&mut self, at: &At<'_>, key: &str) -> Vec<String> {
        let ids = self.texts(at, key);
        ids.into_iter().map(|id| self.group(id)).collect()
    }

    /// Puts what names no group into the group of its VPC.
    pub(super) fn join_default_groups(&mut self) {
        let subnets = self.inventory.subnets.iter();
        let vpcs: Vec<(String, String)> =
            subnets.map(|subnet| (subnet.about.id.clone(), subnet.vpc.clone())).collect();
        let mut interfaces = std::mem::take(&mut self.inventory.interfaces);
        for interface in interfaces.iter_mut().filter(|interface| interface.security_groups.is_empty()) {
            let vpc = vpcs.iter().find(|(subnet, _)| *subnet == interface.subnet).map(|(_, vpc)| vpc);
            interface.security_groups =
                vpc.map(|vpc| self.group(format!("{vpc}.{DEFAULT_GROUP}"))).into_iter().collect();
        }
        self.inventory.interfaces = interfaces;
        let mut endpoints = std::mem::take(&mut self.inventory.endpoints);
        for endpoint in &mut endpoints {
            if let EndpointKind::Interface { security_groups, .. } = &mut endpoint.kind
                && security_groups.is_empty()
            {
                security_groups.push(self.group(format!("{}.{DEFAULT_GROUP}", endpoint.vpc)));
            }
        }
        self.inventory.endpoints = endpoints;
    }

    /// The permissions of one rule, which names one peer or more.
    fn permissions(&mut self, at: &At<'_>, keys: &PeerKeys) -> Vec<Permission> {
        let Some(protocol) = self.need(at, "IpProtocol") else { return Vec::new() };
        let (from, to) = (self.number(at, "FromPort"), self.number(at, "ToPort"));
        let traffic = traffic_of(protocol_of(&protocol), from, to);
        let mut peers = Vec::new();
        let is_silent = ["CidrIp", "CidrIpv6", keys.prefix_list, keys.group, keys.group_name]
            .iter()
            .all(|key| at.text(key).is_none());
        if is_silent {
            // The stack is made, and the rule is not.
            self.matters(
                self.place(at),
                "a rule that names neither a block nor a group is left out, as AWS does",
            );
        }
        if at.text("CidrIp").is_some() {
            peers.extend(self.cidr(at, "CidrIp").map(|block| Peer::Block(Block::Cidr(block))));
        }
        peers.extend(at.text("CidrIpv6").map(|block| Peer::Block(Block::Ipv6(block))));
        peers.extend(at.text(keys.prefix_list).map(|list| Peer::Block(Block::PrefixList(list))));
        if let Some(id) = at.text(keys.group) {
            peers.push(Peer::Group(self.group(id)));
        } else if let Some(name) = at.text(keys.group_name) {
            peers.push(Peer::Group(self.group_called(&name)));
        }
        let permission = |peer| Permission { traffic: traffic.clone(), peer, place: self.place(at) };
        peers.into_iter().map(permission).collect()
    }

    pub(super) fn network_acl(&mut self, item: &Item, at: &At<'_>) {
        let about = self.about(item, at);
        let Some(vpc) = self.need(at, "VpcId") else { return };
        let acl = NetworkAcl { about, vpc, is_default: false, subnets: Vec::new(), entries: Vec::new() };
        self.inventory.network_acls.push(acl);
    }

    /// A network ACL by id. That of a VPC is made as it is named.
    fn acl_mut(&mut self, id: &str) -> Option<&mut NetworkAcl> {
        let vpc = id.strip_suffix(DEFAULT_ACL).and_then(|rest| rest.strip_suffix('.'));
        let is_there = self.inventory.network_acls.iter().any(|acl| acl.about.id == id);
        if let (Some(vpc), false) = (vpc, is_there)
            && self.kinds.get(vpc) == Some(&"VPC")
        {
            let about = self.about_id(id, self.place_of(vpc));
            let all = |is_egress| AclEntry {
                number: 100,
                is_egress,
                allows: true,
                traffic: Traffic { protocol: "-1".to_owned(), from: None, to: None },
                block: Block::Cidr("0.0.0.0/0".to_owned()),
                place: self.place_of(vpc),
            };
            let (vpc, entries) = (vpc.to_owned(), vec![all(false), all(true)]);
            let acl = NetworkAcl { about, vpc, is_default: true, subnets: Vec::new(), entries };
            self.inventory.network_acls.push(acl);
        }
        self.inventory.network_acls.iter_mut().find(|acl| acl.about.id == id)
    }

    pub(super) fn network_acl_entry(&mut self, at: &At<'_>) {
        let Some(id) = self.need(at, "NetworkAclId") else { return };
        let Some(number) = self.need(at, "RuleNumber").and_then(|_| self.number(at, "RuleNumber")) else {
            return;
        };
        let Some(protocol) = self.need(at, "Protocol") else { return };
        let Some(action) = self.need(at, "RuleAction") else { return };
        let allows = match action.to_ascii_lowercase().as_str() {
            "allow" => true,
            "deny" => false,
            _ => return self.trouble(at.get("RuleAction").place(), "this is neither `allow` nor `deny`"),
        };
        let is_egress = self.flag(at, "Egress").unwrap_or(false);
        let block = match at.text("Ipv6CidrBlock") {
            Some(block) => Some(Block::Ipv6(block)),
            None => self.cidr(at, "CidrBlock").map(Block::Cidr),
        };
        let Some(block) = block else { return };
        let protocol = protocol_of(&protocol);
        let (range, icmp) = (at.get("PortRange"), at.get("Icmp"));
        let (from, to) = match protocol.as_str() {
            "icmp" | "58" => (self.number(&icmp, "Type"), self.number(&icmp, "Code")),
            _ => (self.number(&range, "From"), self.number(&range, "To")),
        };
        let traffic = traffic_of(protocol, from, to);
        let entry = AclEntry { number, is_egress, allows, traffic, block, place: self.place(at) };
        match self.acl_mut(&id) {
            Some(acl) => acl.entries.push(entry),
            None => self.elsewhere(self.place(at), "an entry", &id),
        }
    }

    pub(super) fn subnet_network_acl(&mut self, at: &At<'_>) {
        let (Some(id), Some(subnet)) = (self.need(at, "NetworkAclId"), self.need(at, "SubnetId")) else {
            return;
        };
        match self.acl_mut(&id) {
            Some(acl) => acl.subnets.push(subnet),
            None => self.elsewhere(self.place(at), "an association", &id),
        }
    }
}

/// The rule that a group comes with.
fn to_all(place: Place) -> Permission {
    let traffic = Traffic { protocol: "-1".to_owned(), from: None, to: None };
    Permission { traffic, peer: Peer::Block(Block::Cidr("0.0.0.0/0".to_owned())), place }
}

/// What a rule is about. Protocols without ports have all of them, whatever is written.
fn traffic_of(protocol: String, from: Option<i64>, to: Option<i64>) -> Traffic {
    match protocol.as_str() {
        "tcp" | "udp" | "icmp" | "58" => Traffic { protocol, from, to },
        _ => Traffic { protocol, from: None, to: None },
    }
}

/// A protocol by its name, if it has one that EC2 prints.
fn protocol_of(written: &str) -> String {
    match written.to_ascii_lowercase().as_str() {
        "1" => "icmp".to_owned(),
        "6" => "tcp".to_owned(),
        "17" => "udp".to_owned(),
        "icmpv6" => "58".to_owned(),
        "all" => "-1".to_owned(),
        other => other.to_owned(),
    }
}
