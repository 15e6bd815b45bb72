//! Security groups and network ACLs, inline and as resources of their own.

use serde_json::Value;

use super::Builder;
use super::tree::{Resource, number_of, text_of};
use crate::import::inventory::{
    About, AclEntry, Block, Inventory, NetworkAcl, Peer, Permission, Place, SecurityGroup, Traffic,
};

/// Where a peer is, and what its text makes.
type PeerAt = (&'static str, fn(String) -> Peer);

/// Where the peers of a rule are, and what they are.
const PEERS: [PeerAt; 4] = [
    ("cidr_blocks", |text| Peer::Block(Block::Cidr(text))),
    ("security_groups", Peer::Group),
    ("prefix_list_ids", |text| Peer::Block(Block::PrefixList(text))),
    ("ipv6_cidr_blocks", |text| Peer::Block(Block::Ipv6(text))),
];

impl<'t> Builder<'t> {
    /// A group has the rules that are written and no others: the provider takes away the one that lets everything out.
    pub(super) fn security_group(&mut self, resource: &'t Resource<'t>) {
        let about = self.about(resource);
        let is_default = resource.kind == "aws_default_security_group";
        let name =
            resource.text("name").or_else(|| resource.text("name_prefix")).or_else(|| about.name.clone());
        let group_name =
            if is_default { "default".to_owned() } else { name.unwrap_or_else(|| about.id.clone()) };
        let (ingress, egress) = (self.inline(resource, "ingress"), self.inline(resource, "egress"));
        let vpc = self.id_at(resource, "vpc_id").unwrap_or_default();
        self.reading.inventory.security_groups.push(SecurityGroup {
            about,
            vpc,
            group_name,
            ingress,
            egress,
        });
    }

    fn inline(&mut self, resource: &'t Resource<'t>, attribute: &str) -> Vec<Permission> {
        let blocks = resource.blocks(attribute);
        let written = self.written(resource, attribute);
        let mut rules = Vec::new();
        for (at, values) in blocks.iter().enumerate() {
            let own = self.written_for(&written, values);
            rules.extend(self.permissions(resource, &format!("{attribute}[{at}]"), values, own));
        }
        if blocks.is_empty() {
            for (at, own) in written.iter().enumerate() {
                rules.extend(self.permissions(resource, &format!("{attribute}[{at}]"), &Value::Null, own));
            }
            self.say_hidden_blocks(resource, attribute, written.len());
        }
        rules
    }

    /// A rule for each of its peers; one without any is said.
    fn permissions(
        &mut self,
        resource: &'t Resource<'t>,
        attribute: &str,
        values: &Value,
        written: &'t Value,
    ) -> Vec<Permission> {
        let text = |key: &str| self.of_block(resource, values, written, key).into_iter().next();
        let number = |key: &str| {
            values.get(key).and_then(number_of).or_else(|| text(key).and_then(|text| text.parse().ok()))
        };
        let protocol = text("protocol").unwrap_or_else(|| "-1".to_owned()).to_lowercase();
        let traffic = Traffic { protocol, from: number("from_port"), to: number("to_port") };
        let is_self = values.get("self").and_then(Value::as_bool).unwrap_or(false)
            || written
                .get("self")
                .and_then(|it| it.get("constant_value"))
                .and_then(Value::as_bool)
                .unwrap_or(false);
        let place = |key: &str, at: usize| {
            let path = match attribute {
                "" => format!("{key}[{at}]"),
                attribute => format!("{attribute}.{key}[{at}]"),
            };
            self.place(resource, &path)
        };
        let mut rules = Vec::new();
        for (key, peer) in PEERS {
            let found = self.of_block(resource, values, written, key);
            // Of an old plan only the resource is known that a block was taken from.
            let found = found.into_iter().filter(|text| !key.ends_with("cidr_blocks") || text.contains('/'));
            for (at, text) in found.enumerate() {
                rules.push(Permission { traffic: traffic.clone(), peer: peer(text), place: place(key, at) });
            }
        }
        if is_self {
            rules.push(Permission { traffic, peer: Peer::Group(resource.id()), place: place("self", 0) });
        }
        if rules.is_empty() {
            self.lost(resource, attribute, "nobody is known whom the rule is for: left out");
        }
        rules
    }

    pub(super) fn group_rule(&mut self, resource: &'t Resource<'t>) {
        let Some(group) = self.id_at(resource, "security_group_id") else { return };
        let expressions = resource.config.get("expressions").unwrap_or(&Value::Null);
        let mut rules = self.permissions_of_rule(resource, expressions);
        for rule in &mut rules {
            if rule.peer == Peer::Group(resource.id()) {
                rule.peer = Peer::Group(group.clone());
            }
        }
        let is_ingress = resource.text("type").as_deref() != Some("egress");
        self.put_rules(resource, &group, is_ingress, rules);
    }

    /// The source group of a rule is one, where blocks are lists.
    fn permissions_of_rule(&mut self, resource: &'t Resource<'t>, expressions: &'t Value) -> Vec<Permission> {
        let source = self.id_at_quietly(resource, "source_security_group_id");
        let Some(source) = source else {
            return self.permissions(resource, "", resource.values, expressions);
        };
        // A group of another account is written with the account before it.
        let source = source.rsplit('/').next().unwrap_or_default().to_owned();
        let traffic = self.traffic(resource, "protocol");
        let place = self.place(resource, "source_security_group_id");
        vec![Permission { traffic, peer: Peer::Group(source), place }]
    }

    fn traffic(&self, resource: &'t Resource<'t>, protocol: &str) -> Traffic {
        Traffic {
            protocol: resource.text(protocol).unwrap_or_else(|| "-1".to_owned()).to_lowercase(),
            from: resource.number("from_port"),
            to: resource.number("to_port"),
        }
    }

    /// `aws_vpc_security_group_ingress_rule`: a rule with one peer.
    pub(super) fn single_rule(&mut self, resource: &'t Resource<'t>, is_ingress: bool) {
        let Some(group) = self.id_at(resource, "security_group_id") else { return };
        let traffic = self.traffic(resource, "ip_protocol");
        let keys: [PeerAt; 4] = [
            ("cidr_ipv4", |text| Peer::Block(Block::Cidr(text))),
            ("referenced_security_group_id", Peer::Group),
            ("prefix_list_id", |text| Peer::Block(Block::PrefixList(text))),
            ("cidr_ipv6", |text| Peer::Block(Block::Ipv6(text))),
        ];
        for (key, peer) in keys {
            if let Some(text) = self.id_at_quietly(resource, key) {
                // A group of another account is written with the account before it.
                let text = text
                    .rsplit('/')
                    .next()
                    .filter(|_| key.starts_with("referenced"))
                    .map_or(text.clone(), str::to_owned);
                let rule = Permission { traffic, peer: peer(text), place: self.place(resource, key) };
                return self.put_rules(resource, &group, is_ingress, vec![rule]);
            }
        }
        self.lost(resource, "", "nobody is known whom the rule is for: left out");
    }

    fn put_rules(
        &mut self,
        resource: &'t Resource<'t>,
        group: &str,
        is_ingress: bool,
        rules: Vec<Permission>,
    ) {
        match self.group_mut(group) {
            Some(group) if is_ingress => group.ingress.extend(rules),
            Some(group) => group.egress.extend(rules),
            None => self.outside(resource, group),
        }
    }

    /// A group by its id, or by what the default group of a VPC is called.
    fn group_mut(&mut self, id: &str) -> Option<&mut SecurityGroup> {
        if let Some(vpc) = id.strip_suffix(".default_security_group_id") {
            let groups = &mut self.reading.inventory.security_groups;
            return groups.iter_mut().find(|it| it.vpc == vpc && it.group_name == "default");
        }
        self.reading.inventory.security_groups.iter_mut().find(|it| it.about.id == id)
    }

    pub(super) fn network_acl(&mut self, resource: &'t Resource<'t>) {
        let is_default = resource.kind == "aws_default_network_acl";
        let mut vpc = self.id_at_quietly(resource, "vpc_id");
        if is_default && vpc.is_none() {
            let acl = self.id_at(resource, "default_network_acl_id").unwrap_or_default();
            vpc = acl.strip_suffix(".default_network_acl_id").map(str::to_owned);
        }
        let mut acl = NetworkAcl {
            about: self.about(resource),
            vpc: vpc.unwrap_or_default(),
            is_default,
            subnets: self.ids_at(resource, "subnet_ids"),
            entries: Vec::new(),
        };
        for (attribute, is_egress) in [("ingress", false), ("egress", true)] {
            let blocks = resource.blocks(attribute);
            let written = self.written(resource, attribute);
            for (at, values) in blocks.iter().enumerate() {
                let place = self.place(resource, &format!("{attribute}[{at}]"));
                acl.entries.extend(self.acl_entry(resource, values, is_egress, place));
            }
            if blocks.is_empty() {
                for (at, own) in written.iter().enumerate() {
                    let values = self.constants(resource, own);
                    let place = self.place(resource, &format!("{attribute}[{at}]"));
                    acl.entries.extend(self.acl_entry(resource, &values, is_egress, place));
                }
                self.say_hidden_blocks(resource, attribute, written.len());
            }
        }
        self.reading.inventory.network_acls.push(acl);
    }

    /// A block with what its expressions lead to in place of them.
    fn constants(&self, resource: &'t Resource<'t>, written: &'t Value) -> Value {
        let members = written.as_object().into_iter().flatten();
        let values = members.filter_map(|(key, expression)| {
            let first = self.tree.follow(resource, expression).into_iter().next()?;
            Some((key.clone(), Value::String(first)))
        });
        Value::Object(values.collect())
    }

    pub(super) fn acl_rule(&mut self, resource: &'t Resource<'t>) {
        let Some(id) = self.id_at(resource, "network_acl_id") else { return };
        let is_egress = resource.flag("egress").unwrap_or(false);
        let block = self.text_at(resource, "cidr_block");
        let mut values = resource.values.clone();
        if let (Some(block), Some(members)) = (block, values.as_object_mut()) {
            members.insert("cidr_block".to_owned(), Value::String(block));
        }
        let place = self.place(resource, "");
        let Some(entry) = self.acl_entry(resource, &values, is_egress, place) else { return };
        let of_vpc = id.strip_suffix(".default_network_acl_id").map(str::to_owned);
        let is_it = |it: &&mut NetworkAcl| {
            it.about.id == id || of_vpc.as_ref().is_some_and(|vpc| it.is_default && it.vpc == *vpc)
        };
        match self.reading.inventory.network_acls.iter_mut().find(is_it) {
            Some(acl) => acl.entries.push(entry),
            None => self.outside(resource, &id),
        }
    }

    fn acl_entry(
        &mut self,
        resource: &'t Resource<'t>,
        values: &Value,
        is_egress: bool,
        place: Place,
    ) -> Option<AclEntry> {
        let text = |key: &str| values.get(key).and_then(text_of);
        let number = |key: &str| values.get(key).and_then(number_of);
        let block = text("cidr_block").map(Block::Cidr).or_else(|| text("ipv6_cidr_block").map(Block::Ipv6));
        let rule = number("rule_no").or_else(|| number("rule_number"));
        let (Some(block), Some(rule)) = (block, rule) else {
            let attribute =
                place.path.strip_prefix(&format!("{}.", resource.address)).unwrap_or_default().to_owned();
            self.lost(resource, &attribute, "the number or the block of a rule is not known: left out");
            return None;
        };
        let protocol = text("protocol").unwrap_or_else(|| "-1".to_owned()).to_lowercase();
        let (protocol, is_icmp) = match protocol.as_str() {
            "1" | "icmp" => ("icmp", true),
            "6" => ("tcp", false),
            "17" => ("udp", false),
            "all" => ("-1", false),
            other => (other, false),
        };
        let (from, to) = if is_icmp { ("icmp_type", "icmp_code") } else { ("from_port", "to_port") };
        let action = text("action").or_else(|| text("rule_action")).unwrap_or_default();
        Some(AclEntry {
            number: rule,
            is_egress,
            allows: action.eq_ignore_ascii_case("allow"),
            traffic: Traffic { protocol: protocol.to_owned(), from: number(from), to: number(to) },
            block,
            place,
        })
    }

    pub(super) fn acl_association(&mut self, resource: &'t Resource<'t>) {
        let (Some(acl), Some(subnet)) =
            (self.id_at(resource, "network_acl_id"), self.id_at(resource, "subnet_id"))
        else {
            return;
        };
        match self.reading.inventory.network_acls.iter_mut().find(|it| it.about.id == acl) {
            Some(acl) if acl.subnets.contains(&subnet) => {}
            Some(acl) => acl.subnets.push(subnet),
            None => self.outside(resource, &acl),
        }
    }
}

/// The default group of a VPC, if nobody manages it: as it was made.
pub(super) fn default_group(inventory: &mut Inventory, id: &str, vpc: &str) {
    let is_it = |it: &SecurityGroup| it.about.id == id || it.vpc == vpc && it.group_name == "default";
    let is_there = inventory.security_groups.iter().any(is_it);
    let Some(owner) = inventory.vpcs.iter().find(|it| it.about.id == vpc && !is_there) else { return };
    let everything = Traffic { protocol: "-1".to_owned(), from: None, to: None };
    let place = owner.about.place.clone();
    let rule = |peer: Peer| Permission { traffic: everything.clone(), peer, place: place.clone() };
    let group = SecurityGroup {
        about: About { id: id.to_owned(), name: None, tags: [].into(), ..owner.about.clone() },
        vpc: vpc.to_owned(),
        group_name: "default".to_owned(),
        ingress: vec![rule(Peer::Group(id.to_owned()))],
        egress: vec![rule(Peer::Block(Block::Cidr("0.0.0.0/0".to_owned())))],
    };
    inventory.security_groups.push(group);
}
