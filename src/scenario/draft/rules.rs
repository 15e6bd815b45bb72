//! Rules of security groups and network ACLs as they are written.

use super::{names, owned_text};
use crate::model::{AclAction, PortRange, Traffic};
use crate::scenario::fields::Fields;
use crate::scenario::problem::{Problem, Problems};
use crate::scenario::yaml::{Node, Span, Spanned};
use crate::wire::Protocol;

#[derive(Debug)]
pub struct AclRule {
    pub place: Span,
    pub number: u16,
    pub action: AclAction,
    pub traffic: Traffic,
    pub peer: Spanned<String>,
}

/// One rule for each of the peers.
#[derive(Debug)]
pub struct GroupRule {
    pub traffic: Traffic,
    pub peers: Vec<Spanned<String>>,
}

pub(super) fn rules<T>(
    fields: &mut Fields<'_>,
    key: &'static str,
    problems: &mut Problems,
    mut read: impl FnMut(&Node, &mut Problems) -> Option<T>,
) -> Option<Vec<T>> {
    let list = fields.optional(key)?.list(problems, "rules")?;
    Some(list.iter().filter_map(|node| read(node, problems)).collect())
}

pub(super) fn acl_rule(node: &Node, peer: &'static str, problems: &mut Problems) -> Option<AclRule> {
    let mut fields = Fields::of(node, "a network ACL rule", problems)?;
    let number = fields.required("rule", problems).and_then(|node| node.integer(problems, 1..=32_766));
    let actions = [("allow", AclAction::Allow), ("deny", AclAction::Deny)];
    let action =
        fields.required("action", problems).and_then(|node| node.choice(problems, "action", &actions));
    let traffic = traffic(&mut fields, problems);
    let peer = fields.required(peer, problems).and_then(|node| owned_text(node, problems));
    fields.finish(problems);
    Some(AclRule {
        place: node.place,
        number: number?.value,
        action: action?.value,
        traffic: traffic?,
        peer: peer?,
    })
}

pub(super) fn group_rule(node: &Node, peer: &'static str, problems: &mut Problems) -> Option<GroupRule> {
    let mut fields = Fields::of(node, "a security group rule", problems)?;
    let traffic = traffic(&mut fields, problems);
    let peers = fields.required(peer, problems).map(|node| names(node, problems));
    fields.finish(problems);
    Some(GroupRule { traffic: traffic?, peers: peers? })
}

/// `tcp: 22`, `udp: 1024-65535`, `icmp: all`, `protocol: 50`; all traffic if none of them is there.
fn traffic(fields: &mut Fields<'_>, problems: &mut Problems) -> Option<Traffic> {
    let tcp = fields.optional("tcp").map(|node| (node, ports(node, problems).map(Traffic::Tcp)));
    let udp = fields.optional("udp").map(|node| (node, ports(node, problems).map(Traffic::Udp)));
    let icmp = fields.optional("icmp").map(|node| (node, icmp(node, problems)));
    let protocol = fields.optional("protocol").map(|node| (node, protocol(node, problems)));
    let mut given = [tcp, udp, icmp, protocol].into_iter().flatten();
    let Some((_, traffic)) = given.next() else { return Some(Traffic::All) };
    if let Some((another, _)) = given.next() {
        problems
            .push(Problem::at(another.place, "a rule is about one protocol").hint("write a rule for each"));
    }
    traffic
}

fn ports(node: &Node, problems: &mut Problems) -> Option<PortRange> {
    let text = node.text(problems)?;
    let range = match text.split_once('-') {
        _ if text == "all" => Some(PortRange::ALL),
        Some((from, to)) => {
            from.trim().parse().ok().zip(to.trim().parse().ok()).map(|(from, to)| PortRange { from, to })
        }
        None => text.parse().ok().map(PortRange::one),
    };
    let range = range.filter(|range| range.from <= range.to);
    if range.is_none() {
        problems.push(Problem::at(
            node.span,
            format!("expected a port such as `22`, a range such as `1024-65535`, or `all`, found `{text}`"),
        ));
    }
    range
}

fn icmp(node: &Node, problems: &mut Problems) -> Option<Traffic> {
    let text = node.text(problems)?;
    let (kind, code) = match text.split_once('/') {
        Some((kind, code)) => (kind, Some(code)),
        None => (text, None),
    };
    let kind = match kind {
        "all" => Some(None),
        "echo-request" => Some(Some(8)),
        "echo-reply" => Some(Some(0)),
        number => number.parse().ok().map(Some),
    };
    let code = match code {
        None => Some(None),
        Some(number) => number.parse().ok().map(Some),
    };
    if kind.is_none() || code.is_none() {
        problems.push(Problem::at(
            node.span,
            format!("expected an ICMP type such as `8`, a type and code such as `3/4`, `echo-request` or `all`, found `{text}`"),
        ));
    }
    Some(Traffic::Icmp { kind: kind?, code: code? })
}

fn protocol(node: &Node, problems: &mut Problems) -> Option<Traffic> {
    if node.text(problems)? == "all" {
        return Some(Traffic::All);
    }
    node.integer(problems, 0..=255_u8).map(|number| match Protocol(number.value) {
        Protocol::TCP => Traffic::Tcp(PortRange::ALL),
        Protocol::UDP => Traffic::Udp(PortRange::ALL),
        Protocol::ICMP => Traffic::Icmp { kind: None, code: None },
        other => Traffic::Other(other),
    })
}
