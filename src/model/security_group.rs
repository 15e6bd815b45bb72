//! Security groups: allow rules at an interface, with memory.

use std::fmt;

use ipnet::Ipv4Net;

use super::{Direction, PortRange, Traffic};
use crate::ids::{PrefixListId, SecurityGroupId, SecurityGroupRuleId, VpcId};
use crate::wire::Protocol;

/// A set of allow rules for the interfaces that carry it.
#[derive(Clone, Debug)]
pub struct SecurityGroup {
    /// Its id.
    pub id: SecurityGroupId,
    /// Its group name, unique in the VPC.
    pub name: String,
    /// The VPC it is in.
    pub vpc: VpcId,
    /// Rules for connections the interface opens.
    pub egress: Vec<SecurityGroupRule>,
    /// Rules for connections that are opened to it.
    pub ingress: Vec<SecurityGroupRule>,
}

/// Lets some traffic in or out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SecurityGroupRule {
    /// Its id.
    pub id: SecurityGroupRuleId,
    /// Which packets.
    pub traffic: Traffic,
    /// From whom (ingress) or to whom (egress).
    pub peer: Peer,
}

/// The other side of a security group rule.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Peer {
    /// Addresses.
    Cidr(Ipv4Net),
    /// The private addresses of interfaces that carry a group (aws: sg-reference-private).
    Group(SecurityGroupId),
    /// The addresses of a prefix list (aws: sg-prefix-list).
    PrefixList(PrefixListId),
}

impl SecurityGroup {
    /// The rules of one direction.
    pub fn rules(&self, direction: Direction) -> &[SecurityGroupRule] {
        match direction {
            Direction::Egress => &self.egress,
            Direction::Ingress => &self.ingress,
        }
    }

    /// Whether everything of a protocol that the rules let in one direction comes back through open rules
    /// of this one: everybody, and every port (aws: sg-untracked).
    pub fn is_open(&self, direction: Direction, protocol: Protocol) -> bool {
        self.rules(direction).iter().any(|rule| {
            rule.peer == Peer::Cidr(Ipv4Net::default())
                && match rule.traffic {
                    Traffic::All => true,
                    Traffic::Tcp(ports) => protocol == Protocol::TCP && ports == PortRange::ALL,
                    Traffic::Udp(ports) => protocol == Protocol::UDP && ports == PortRange::ALL,
                    Traffic::Icmp { .. } | Traffic::Other(_) => false,
                }
        })
    }

    pub(crate) fn rules_mut(&mut self, direction: Direction) -> &mut Vec<SecurityGroupRule> {
        match direction {
            Direction::Egress => &mut self.egress,
            Direction::Ingress => &mut self.ingress,
        }
    }
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cidr(cidr) => cidr.fmt(f),
            Self::Group(group) => group.fmt(f),
            Self::PrefixList(list) => list.fmt(f),
        }
    }
}
