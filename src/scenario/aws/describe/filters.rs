//! Security groups, network ACLs and prefix lists.

use ipnet::Ipv4Net;
use serde_json::{Value, json};

use super::{View, put, tags, text};
use crate::model::{
    AclAction, AclEntry, Direction, NetworkAcl, Peer, PortRange, PrefixList, SecurityGroup,
    SecurityGroupRule, Traffic,
};
use crate::wire::Protocol;

pub fn security_group(view: &View<'_>, group: &SecurityGroup) -> Value {
    let owner = view.owner(group.vpc);
    json!({
        "GroupId": text(group.id),
        "IpPermissionsEgress": permissions(view, group.rules(Direction::Egress)),
        "VpcId": text(group.vpc),
        "OwnerId": text(owner),
        "GroupName": group.name,
        "IpPermissions": permissions(view, group.rules(Direction::Ingress)),
        "Tags": [],
    })
}

/// Rules for the same traffic are one permission.
fn permissions(view: &View<'_>, rules: &[SecurityGroupRule]) -> Value {
    let mut by_traffic: Vec<(Traffic, Vec<Peer>)> = Vec::new();
    for rule in rules {
        match by_traffic.iter_mut().find(|(traffic, _)| *traffic == rule.traffic) {
            Some((_, peers)) => peers.push(rule.peer),
            None => by_traffic.push((rule.traffic, vec![rule.peer])),
        }
    }
    by_traffic.iter().map(|(traffic, peers)| permission(view, *traffic, peers)).collect::<Vec<_>>().into()
}

fn permission(view: &View<'_>, traffic: Traffic, peers: &[Peer]) -> Value {
    let mut document = match traffic {
        Traffic::All => json!({ "IpProtocol": "-1" }),
        Traffic::Icmp { kind, code } => {
            let number = |of: Option<u8>| of.map_or(-1, i32::from);
            json!({ "IpProtocol": "icmp", "FromPort": number(kind), "ToPort": number(code) })
        }
        Traffic::Other(protocol) => json!({ "IpProtocol": text(protocol.0) }),
        Traffic::Tcp(ports) => json!({ "IpProtocol": "tcp", "FromPort": ports.from, "ToPort": ports.to }),
        Traffic::Udp(ports) => json!({ "IpProtocol": "udp", "FromPort": ports.from, "ToPort": ports.to }),
    };
    let (mut pairs, mut ranges, mut lists) = (Vec::new(), Vec::new(), Vec::new());
    for peer in peers {
        match peer {
            Peer::Cidr(block) => ranges.push(json!({ "CidrIp": text(block) })),
            Peer::Group(id) => {
                let group = view.model.security_groups.get(id);
                let owner = group.map_or(view.caller.account, |group| view.owner(group.vpc));
                pairs.push(json!({ "UserId": text(owner), "GroupId": text(id) }));
            }
            Peer::PrefixList(id) => lists.push(json!({ "PrefixListId": text(id) })),
        }
    }
    document["UserIdGroupPairs"] = pairs.into();
    document["IpRanges"] = ranges.into();
    document["Ipv6Ranges"] = json!([]);
    document["PrefixListIds"] = lists.into();
    document
}

pub fn network_acl(view: &View<'_>, acl: &NetworkAcl) -> Value {
    let associations = view.model.subnets.values().filter(|subnet| subnet.network_acl == acl.id);
    let associations = associations.map(|subnet| {
        json!({
            "NetworkAclAssociationId": text(subnet.network_acl_association),
            "NetworkAclId": text(acl.id),
            "SubnetId": text(subnet.id),
        })
    });
    let entries = [Direction::Egress, Direction::Ingress].into_iter().flat_map(|direction| {
        let is_egress = direction == Direction::Egress;
        let own = acl.entries(direction).iter().map(move |of| entry(of, is_egress));
        // aws: nacl-implicit-deny
        own.chain([json!({
            "CidrBlock": text(Ipv4Net::default()),
            "Egress": is_egress,
            "Protocol": "-1",
            "RuleAction": "deny",
            "RuleNumber": 32_767,
        })])
    });
    json!({
        "Associations": associations.collect::<Vec<_>>(),
        "Entries": entries.collect::<Vec<_>>(),
        "IsDefault": acl.is_default,
        "NetworkAclId": text(acl.id),
        "Tags": tags(acl.name.as_deref()),
        "VpcId": text(acl.vpc),
        "OwnerId": text(view.owner(acl.vpc)),
    })
}

fn entry(entry: &AclEntry, is_egress: bool) -> Value {
    let mut document = json!({ "CidrBlock": text(entry.cidr), "Egress": is_egress });
    let range = |ports: PortRange| Some(json!({ "From": ports.from, "To": ports.to }));
    let (protocol, icmp, ports) = match entry.traffic {
        Traffic::All => ("-1".to_owned(), None, None),
        Traffic::Icmp { kind, code } => {
            let number = |of: Option<u8>| of.map_or(-1, i32::from);
            let icmp = json!({ "Code": number(code), "Type": number(kind) });
            (Protocol::ICMP.0.to_string(), Some(icmp), None)
        }
        Traffic::Other(protocol) => (protocol.0.to_string(), None, None),
        Traffic::Tcp(ports) => (Protocol::TCP.0.to_string(), None, range(ports)),
        Traffic::Udp(ports) => (Protocol::UDP.0.to_string(), None, range(ports)),
    };
    put(&mut document, "IcmpTypeCode", icmp);
    put(&mut document, "PortRange", ports);
    document["Protocol"] = protocol.into();
    document["RuleAction"] = text(match entry.action {
        AclAction::Allow => "allow",
        AclAction::Deny => "deny",
    });
    document["RuleNumber"] = entry.number.into();
    document
}

pub fn prefix_list(_: &View<'_>, list: &PrefixList) -> Value {
    let owner = list.owner.map_or("AWS".to_owned(), |owner| owner.account.to_string());
    let mut document = json!({
        "PrefixListId": text(list.id),
        "AddressFamily": "IPv4",
        "State": "create-complete",
        "PrefixListName": list.name,
    });
    // Of its own lists AWS shows no size.
    put(&mut document, "MaxEntries", list.owner.map(|_| list.max_entries.into()));
    document["Tags"] = json!([]);
    document["OwnerId"] = owner.into();
    document
}

pub fn prefix_list_entry(block: &Ipv4Net) -> Value {
    json!({ "Cidr": text(block) })
}
