//! Security groups and their rules.

use ipnet::Ipv4Net;

use super::super::describe;
use super::super::params::{self, NameKind, Param, Ports, What, optional, required};
use super::super::shorthand::Tree;
use super::{
    Answer, Call, DESCRIPTION, FILTERS, Failure, Operation, TAGS, VPC, answer, describe as describes, done,
    op, traffic,
};
use crate::api::{CreateSecurityGroup, Ec2, RuleRequest};
use crate::model::{Direction, Peer};
use crate::wire::Protocol;

const GROUP: Param = required("group-id", What::Name(NameKind::SecurityGroup));

const RULE: &[Param] = &[
    GROUP,
    optional("protocol", What::Protocol),
    optional("port", What::Port),
    optional("cidr", What::Cidr),
    optional("source-group", What::Name(NameKind::SecurityGroup)),
    optional("ip-permissions", What::Structures(PERMISSION)),
];

const PERMISSION: &[Param] = &[
    required("IpProtocol", What::Protocol),
    // -1 is every type or code of ICMP.
    optional("FromPort", What::Port),
    optional("ToPort", What::Port),
    optional("IpRanges", What::Structures(RANGE)),
    optional("PrefixListIds", What::Structures(PREFIX_LIST)),
    optional("UserIdGroupPairs", What::Structures(PAIR)),
];
const RANGE: &[Param] = &[required("CidrIp", What::Cidr), DESCRIBED];
const PREFIX_LIST: &[Param] = &[required("PrefixListId", What::Name(NameKind::PrefixList)), DESCRIBED];
const PAIR: &[Param] = &[required("GroupId", What::Name(NameKind::SecurityGroup)), DESCRIBED];
const DESCRIBED: Param = optional("Description", What::Text);

pub const OPERATIONS: &[Operation] = &[
    op("authorize-security-group-egress", "AuthorizeSecurityGroupEgress", None, RULE, |call| {
        authorize(call, Direction::Egress)
    }),
    op("authorize-security-group-ingress", "AuthorizeSecurityGroupIngress", None, RULE, |call| {
        authorize(call, Direction::Ingress)
    }),
    op(
        "create-security-group",
        "CreateSecurityGroup",
        Some(NameKind::SecurityGroup),
        &[required("group-name", What::Text), DESCRIPTION, VPC, TAGS],
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
    op("delete-security-group", "DeleteSecurityGroup", None, &[GROUP], |call| {
        call.on("group-id", |ec2, id| ec2.delete_security_group(id))
    }),
    describes(
        "describe-security-groups",
        "DescribeSecurityGroups",
        "SecurityGroups",
        &[optional("group-ids", What::Names(NameKind::SecurityGroup)), FILTERS],
        |call| call.show("group-ids", Ec2::describe_security_groups, describe::security_group),
    ),
    op("revoke-security-group-egress", "RevokeSecurityGroupEgress", None, RULE, |call| {
        revoke(call, Direction::Egress)
    }),
    op("revoke-security-group-ingress", "RevokeSecurityGroupIngress", None, RULE, |call| {
        revoke(call, Direction::Ingress)
    }),
];

fn authorize(call: &mut Call<'_, '_>, direction: Direction) -> Answer {
    let rules = rules(call)?;
    let id = call.id("group-id")?;
    done(call.call(|ec2| ec2.authorize_security_group(id, direction, &rules)))
}

fn revoke(call: &mut Call<'_, '_>, direction: Direction) -> Answer {
    let rules = rules(call)?;
    let id = call.id("group-id")?;
    done(call.call(|ec2| ec2.revoke_security_group(id, direction, &rules)))
}

/// The rules of `--ip-permissions`, or the single one of the other options.
fn rules(call: &mut Call<'_, '_>) -> Result<Vec<RuleRequest>, Failure> {
    let permissions = call.structures("ip-permissions");
    match (permissions.as_slice(), call.has("protocol")) {
        ([], true) => rule(call).map(|rule| vec![rule]),
        ([], false) => Err(call.missing()),
        (_, true) => Err(call.combined()),
        (permissions, false) => {
            let mut rules = Vec::new();
            for permission in permissions {
                rules.extend(permitted(call, permission)?);
            }
            Ok(rules)
        }
    }
}

fn rule(call: &Call<'_, '_>) -> Result<RuleRequest, Failure> {
    let protocol = call.text("protocol").and_then(params::protocol).flatten();
    let ports = call.text("port").and_then(params::ports);
    let peer = match (call.value::<Ipv4Net>("cidr"), call.optional_id("source-group")?) {
        (Some(cidr), None) => Peer::Cidr(cidr.trunc()),
        (None, Some(group)) => Peer::Group(group),
        (None, None) => return Err(call.missing()),
        (Some(_), Some(_)) => return Err(call.combined()),
    };
    let traffic = traffic(protocol, ports).ok_or_else(|| call.refused(call.ec2.invalid_ports()))?;
    Ok(RuleRequest { traffic, peer })
}

fn permitted(call: &mut Call<'_, '_>, permission: &Tree) -> Result<Vec<RuleRequest>, Failure> {
    let protocol = permission.text("IpProtocol").and_then(params::protocol).flatten();
    let port = |member| permission.text(member).filter(|text| *text != "-1").map(str::parse::<u16>);
    let ports = match (port("FromPort"), port("ToPort")) {
        (Some(Ok(from)), Some(Ok(to))) => Some(Ports::Range(from, to)),
        // A type of ICMP goes without a code; a port says where the range ends.
        (Some(Ok(kind)), None) if protocol == Some(Protocol::ICMP.0) => Some(Ports::One(kind)),
        (None, _) => None,
        (Some(_), None | Some(Err(_))) | (Some(Err(_)), Some(Ok(_))) => {
            return Err(call.refused(call.ec2.invalid_ports()));
        }
    };
    let traffic = traffic(protocol, ports).ok_or_else(|| call.refused(call.ec2.invalid_ports()))?;
    let members = |list, member| -> Vec<String> {
        let elements = permission.elements(list).iter();
        elements.filter_map(|element| element.text(member)).map(str::to_owned).collect()
    };
    let mut peers = Vec::new();
    for text in members("IpRanges", "CidrIp") {
        let block: Ipv4Net = text.parse().expect("checked when the command was read");
        peers.push(Peer::Cidr(block.trunc()));
    }
    for text in members("UserIdGroupPairs", "GroupId") {
        peers.push(Peer::Group(call.resolve(&text, None)?));
    }
    for text in members("PrefixListIds", "PrefixListId") {
        peers.push(Peer::PrefixList(call.prefix_list(&text)?));
    }
    if peers.is_empty() {
        return Err(call.missing());
    }
    Ok(peers.into_iter().map(|peer| RuleRequest { traffic, peer }).collect())
}
