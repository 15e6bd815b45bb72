//! Rules of security groups and network ACLs.

use std::collections::BTreeSet;

use super::super::inventory::{AclEntry, Block, Peer, Permission, Place, SecurityGroup, Traffic};
use super::Composer;
use super::page::{Doc, Map};
use crate::wire::Protocol;

/// Traffic as the language writes it: a key and what stands behind it; nothing for all traffic.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Written {
    All,
    Only(&'static str, String),
}

impl Composer<'_> {
    /// A security group with its rules.
    pub(super) fn security_group(&mut self, group: &SecurityGroup) -> Doc {
        let (_, mut map) = self.named(&group.about);
        let ingress = self.permissions(&group.ingress, "from", group);
        if group.group_name != "default" {
            map.unless_empty("ingress", ingress);
        } else if !is_as_made(group) {
            map.put("ingress", ingress);
        }
        let all = Traffic { protocol: "-1".to_owned(), from: None, to: None };
        let everybody = Peer::Block(Block::Cidr("0.0.0.0/0".to_owned()));
        let is_default = |it: &Permission| it.peer == everybody && it.traffic.protocol == all.protocol;
        let egress = group.egress.iter().filter(|it| !matches!(&it.peer, Peer::Block(Block::Ipv6(_))));
        // A group begins with "everything to everybody".
        if !(egress.clone().count() == 1 && egress.clone().all(is_default)) {
            let egress = self.permissions(&group.egress, "to", group);
            map.put("egress", egress);
        } else {
            self.permissions(&group.egress, "to", group);
        }
        map.doc()
    }

    /// Rules about the same traffic stand together.
    fn permissions(&mut self, rules: &[Permission], key: &str, group: &SecurityGroup) -> Doc {
        let mut together: Vec<(Written, Place, Vec<Doc>)> = Vec::new();
        // Terraform's states have rules twice: in their group, and as resources of their own.
        let mut said: BTreeSet<(Written, String)> = BTreeSet::new();
        let (mut ipv6, mut first_ipv6) = (0, None);
        for rule in rules.iter() {
            if let Peer::Block(Block::Ipv6(_)) = &rule.peer {
                ipv6 += 1;
                first_ipv6.get_or_insert(&rule.place);
                continue;
            }
            let Some(traffic) = self.traffic(&rule.traffic, &rule.place) else { continue };
            let Some(peer) = self.peer(&rule.peer, group, &rule.place) else { continue };
            if !said.insert((traffic.clone(), peer.clone())) {
                continue;
            }
            let peer = Doc::text(peer).from(&rule.place);
            match together.iter_mut().find(|(other, ..)| *other == traffic) {
                Some((_, _, peers)) => peers.push(peer),
                None => together.push((traffic, rule.place.clone(), vec![peer])),
            }
        }
        if let Some(place) = first_ipv6 {
            self.harmless(place, format!("{} of IPv6 left out", rules_in_words(ipv6)));
        }
        let written = together.into_iter().map(|(traffic, place, peers)| {
            let mut map = Map::default();
            put_traffic(&traffic, &mut map);
            map.put(key, Doc::one_or_list(peers));
            map.doc().from(&place)
        });
        Doc::list(written)
    }

    /// Whom a rule names.
    fn peer(&mut self, peer: &Peer, group: &SecurityGroup, place: &Place) -> Option<String> {
        match peer {
            Peer::Block(Block::Cidr(block)) => Some(cidr(block)),
            Peer::Block(Block::Ipv6(_)) => None,
            Peer::Block(Block::PrefixList(id)) => self.prefix_list(id, place),
            Peer::Group(id) if *id == group.about.id => Some("self".to_owned()),
            Peer::Group(id) => {
                let found = self.names.refer(id, Some(&group.vpc));
                if found.is_none() {
                    let message =
                        format!("a rule names the group {id}, which is not in the source: left out");
                    self.lost(place, message);
                }
                found
            }
        }
    }

    /// A prefix list by name.
    pub(super) fn prefix_list(&mut self, id: &str, place: &Place) -> Option<String> {
        let found = self.names.refer(id, None);
        if found.is_none() {
            self.lost(place, format!("the blocks of the prefix list {id} are not in the source: left out"));
        }
        found
    }

    /// The rules of a network ACL in one direction, in the order of their numbers.
    pub(super) fn acl_entries(&mut self, entries: &[AclEntry], is_egress: bool) -> Doc {
        let mut own: Vec<&AclEntry> = entries.iter().filter(|it| it.is_egress == is_egress).collect();
        own.sort_by_key(|entry| entry.number);
        own.dedup_by(|a, b| {
            (a.number, a.allows, &a.traffic, &a.block) == (b.number, b.allows, &b.traffic, &b.block)
        });
        let mut rules = Vec::new();
        let (mut ipv6, mut first_ipv6) = (0, None);
        for entry in own {
            let Block::Cidr(block) = &entry.block else {
                ipv6 += 1;
                first_ipv6.get_or_insert(&entry.place);
                continue;
            };
            let Some(traffic) = self.traffic(&entry.traffic, &entry.place) else { continue };
            let mut map = Map::default();
            map.put("rule", Doc::plain(entry.number));
            map.put("action", Doc::plain(if entry.allows { "allow" } else { "deny" }));
            put_traffic(&traffic, &mut map);
            map.put(if is_egress { "to" } else { "from" }, Doc::text(cidr(block)));
            rules.push(map.doc().from(&entry.place));
        }
        if let Some(place) = first_ipv6 {
            self.harmless(place, format!("{} of IPv6 left out", rules_in_words(ipv6)));
        }
        Doc::list(rules)
    }

    /// Without ports it is about all of them.
    fn traffic(&mut self, traffic: &Traffic, place: &Place) -> Option<Written> {
        let protocol = self.protocol(traffic, place)?;
        let Some(protocol) = protocol else { return Some(Written::All) };
        match protocol {
            Protocol::TCP => self.ports("tcp", traffic, place),
            Protocol::UDP => self.ports("udp", traffic, place),
            Protocol::ICMP => self.icmp(traffic, place),
            other => Some(Written::Only("protocol", other.0.to_string())),
        }
    }

    /// The protocol; none for all of them.
    fn protocol(&mut self, traffic: &Traffic, place: &Place) -> Option<Option<Protocol>> {
        let text = traffic.protocol.trim().to_ascii_lowercase();
        match text.as_str() {
            "-1" | "all" => return Some(None),
            "tcp" => return Some(Some(Protocol::TCP)),
            "udp" => return Some(Some(Protocol::UDP)),
            "icmp" => return Some(Some(Protocol::ICMP)),
            "icmpv6" | "58" => {
                self.harmless(place, "a rule of ICMPv6 left out");
                return None;
            }
            _ => {}
        }
        let number = text.parse().ok().map(|number| Some(Protocol(number)));
        if number.is_none() {
            self.lost(place, format!("`{}` is no protocol: the rule is left out", traffic.protocol));
        }
        number
    }

    fn ports(&mut self, key: &'static str, traffic: &Traffic, place: &Place) -> Option<Written> {
        // An end that is open is the end of all ports.
        let bound = |end: Option<i64>, open: i64| end.filter(|end| *end >= 0).unwrap_or(open);
        let (from, to) = (bound(traffic.from, 0), bound(traffic.to, 65_535));
        if from > to || to > 65_535 {
            self.lost(place, format!("{from}-{to} is no range of ports: the rule is left out"));
            return None;
        }
        Some(Written::Only(
            key,
            match (from, to) {
                (0, 65_535) => "all".to_owned(),
                (from, to) if from == to => from.to_string(),
                (from, to) => format!("{from}-{to}"),
            },
        ))
    }

    /// Type and code; a code without a type means nothing.
    fn icmp(&mut self, traffic: &Traffic, place: &Place) -> Option<Written> {
        let given = |end: Option<i64>| end.filter(|end| *end >= 0);
        let written = match (given(traffic.from), given(traffic.to)) {
            (None, None) => "all".to_owned(),
            (None, Some(code)) => {
                self.lost(place, format!("an ICMP code ({code}) without a type matches nothing: left out"));
                return None;
            }
            (Some(8), None) => "echo-request".to_owned(),
            (Some(0), None) => "echo-reply".to_owned(),
            (Some(kind), None) => kind.to_string(),
            (Some(kind), Some(code)) => format!("{kind}/{code}"),
        };
        Some(Written::Only("icmp", written))
    }
}

/// Whether a default group lets in its own members and nobody else, as it begins.
fn is_as_made(group: &SecurityGroup) -> bool {
    let own = Peer::Group(group.about.id.clone());
    matches!(group.ingress.as_slice(), [rule] if rule.traffic.protocol == "-1" && rule.peer == own)
}

fn put_traffic(traffic: &Written, map: &mut Map) {
    if let Written::Only(key, value) = traffic {
        map.put(*key, Doc::plain(value));
    }
}

/// A block as the language writes it.
pub(super) fn cidr(block: &str) -> String {
    match block {
        "0.0.0.0/0" => "anywhere".to_owned(),
        block => block.strip_suffix("/32").unwrap_or(block).to_owned(),
    }
}

fn rules_in_words(count: usize) -> String {
    if count == 1 { "a rule".to_owned() } else { format!("{count} rules") }
}
