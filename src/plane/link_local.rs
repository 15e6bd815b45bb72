//! The services next to every interface: the Amazon resolver and the instance metadata service.
//!
//! Neither groups nor network ACLs nor flow logs see what is for them (aws: sg-never-filtered), no route
//! leads there, and all they carry counts towards one limit.
//!
//! Read first: "Understanding Amazon DNS" and "Amazon VPC quotas" in the VPC guide.

use std::net::Ipv4Addr;

use foldhash::fast::FixedState;
use indexmap::IndexMap;

use super::state::Effect;
use super::walk::Cx;
use crate::ids::EniId;
use crate::model::{Eni, Vpc};
use crate::time::Instant;
use crate::trace::DropReason;
use crate::wire::{Packet, Protocol};

/// The resolver's other address, the same in every VPC (aws: dns-base-plus-two).
pub const RESOLVER: Ipv4Addr = Ipv4Addr::new(169, 254, 169, 253);
/// The address of the instance metadata service (aws: imds-address).
pub const METADATA: Ipv4Addr = Ipv4Addr::new(169, 254, 169, 254);

const DNS: u16 = 53;
const HTTP: u16 = 80;

/// How many packets an interface may send to these services within a second (aws: link-local-rate).
const PACKETS_PER_SECOND: u32 = 1024;

/// How much of the limit each interface has used in the current second. Seconds are those of the clock
/// (assumed: link-local-seconds).
#[derive(Default, Debug)]
pub(super) struct Allowances(IndexMap<EniId, (u64, u32), FixedState>);

impl Allowances {
    fn used(&self, eni: EniId, now: Instant) -> u32 {
        self.0.get(&eni).filter(|(second, _)| *second == now.unix_seconds()).map_or(0, |(_, used)| *used)
    }

    pub fn spend(&mut self, eni: EniId, now: Instant) {
        let used = self.used(eni, now) + 1;
        self.0.insert(eni, (now.unix_seconds(), used));
    }

    pub fn clear(&mut self) {
        self.0.clear();
    }

    pub fn forget(&mut self, eni: EniId) {
        self.0.swap_remove(&eni);
    }
}

/// Whether an address of a VPC is its resolver's (aws: dns-base-plus-two).
pub(super) fn is_resolver(vpc: &Vpc, address: Ipv4Addr) -> bool {
    address == RESOLVER || address == vpc.resolver()
}

impl Cx<'_> {
    /// Whether a packet is for one of the services, which then take it.
    pub(super) fn check_link_local(&mut self, eni: &Eni, packet: &Packet) -> Result<bool, DropReason> {
        let tuple = packet.tuple();
        // Every packet comes by here: most are told by their address alone.
        if !may_be_resolver(tuple.dst) && !is_link_local(tuple.dst) {
            return Ok(false);
        }
        let vpc = self.model.vpc(eni.vpc);
        let is_resolver = is_resolver(vpc, tuple.dst);
        if !is_resolver && !is_link_local(tuple.dst) {
            return Ok(false);
        }
        let is_served = match (tuple.protocol, tuple.dst_port) {
            (Protocol::TCP | Protocol::UDP, DNS) => is_resolver,
            (Protocol::TCP, HTTP) => tuple.dst == METADATA,
            _ => false,
        };
        // Later fragments have no ports: the resolver takes none, no question is that long.
        if !is_served || packet.is_fragment() {
            return Err(DropReason::LinkLocal { eni: eni.id, address: tuple.dst });
        }
        if self.state.allowances.used(eni.id, self.now) >= PACKETS_PER_SECOND {
            return Err(DropReason::LinkLocalRate { eni: eni.id });
        }
        self.out.effects.push(Effect::LinkLocal { eni: eni.id });
        // aws: dns-support; that nothing comes back at all is assumed (assumed: dns-off-silent).
        if is_resolver && !vpc.dns_support {
            return Err(DropReason::ResolverOff { vpc: vpc.id });
        }
        Ok(true)
    }
}

/// Whether an address can be two more than the base of a block: blocks are multiples of 16 addresses
/// (aws: vpc-cidr-size).
fn may_be_resolver(address: Ipv4Addr) -> bool {
    address.octets()[3] % 16 == 2
}

/// Whether no route carries an address, even one that covers it (aws: route-reserved-destination).
fn is_link_local(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    // 169.254.168.0/22
    (a, b, c & 0b1111_1100) == (169, 254, 168)
}
