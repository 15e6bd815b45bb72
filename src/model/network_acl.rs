//! Network ACLs: numbered rules at the edge of a subnet, without memory.

use std::net::Ipv4Addr;

use ipnet::Ipv4Net;

use super::{Direction, Traffic};
use crate::ids::{NetworkAclId, VpcId};
use crate::wire::Packet;

/// A numbered list of rules for each direction; the first that matches decides (aws: nacl-rule-order).
#[derive(Clone, Debug)]
pub struct NetworkAcl {
    /// Its id.
    pub id: NetworkAclId,
    /// Its Name tag.
    pub name: Option<String>,
    /// The VPC it is in.
    pub vpc: VpcId,
    /// Whether it is the VPC's default one.
    pub is_default: bool,
    /// Rules for packets that leave the subnet, by number.
    pub egress: Vec<AclEntry>,
    /// Rules for packets that enter the subnet, by number.
    pub ingress: Vec<AclEntry>,
}

/// A numbered rule.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct AclEntry {
    /// 1 to 32766; lower numbers come first.
    pub number: u16,
    /// Which packets.
    pub traffic: Traffic,
    /// Their source (ingress) or destination (egress).
    pub cidr: Ipv4Net,
    /// What becomes of them.
    pub action: AclAction,
}

/// What a network ACL rule does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AclAction {
    /// Lets the packet through.
    Allow,
    /// Drops it.
    Deny,
}

impl NetworkAcl {
    /// The rules of one direction.
    pub fn entries(&self, direction: Direction) -> &[AclEntry] {
        match direction {
            Direction::Egress => &self.egress,
            Direction::Ingress => &self.ingress,
        }
    }

    /// The rule that decides over a packet; `None` is the final `*`, which denies (aws: nacl-implicit-deny).
    pub fn decide(&self, direction: Direction, packet: &Packet) -> Option<&AclEntry> {
        let tuple = packet.tuple();
        let remote: Ipv4Addr = match direction {
            Direction::Egress => tuple.dst,
            Direction::Ingress => tuple.src,
        };
        self.entries(direction).iter().find(|e| e.cidr.contains(&remote) && e.traffic.matches(packet))
    }
}
