//! The memory of NAT gateways: which port stands for which connection, and what was counted.
//!
//! Read first: "NAT gateway basics" and "Monitor NAT gateways with CloudWatch" in the VPC guide.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, VecDeque};
use std::net::Ipv4Addr;
use std::time::Duration;

use foldhash::fast::FixedState;
use indexmap::IndexMap;

use crate::ids::NatGatewayId;
use crate::seed;
use crate::time::Instant;
use crate::wire::{FiveTuple, Protocol, TcpFlags};

/// Connections to one destination that an address of a gateway can have at once (aws: nat-ports).
pub const CONNECTIONS_MAX: u32 = 55_000;
/// The ports a gateway puts in place of a sender's (aws: nat-ports).
const PORT_FIRST: u16 = 1024;
const PORTS: u32 = 65_536 - PORT_FIRST as u32;
/// After this long without a packet a connection is idle and its port is free (aws: nat-idle). AWS says
/// it of TCP; here it holds for all (assumed: nat-idle-all-protocols).
const IDLE: Duration = Duration::from_secs(350);
/// How long a port is kept after its connection has closed (assumed: nat-closed-linger). What still comes
/// then does not make it longer.
const CLOSED_LINGER: Duration = Duration::from_secs(5);

/// A change a NAT gateway asks for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NatEffect {
    /// It dropped a packet.
    Dropped {
        /// The gateway.
        nat: NatGatewayId,
        /// Whether it was for want of a port.
        exhausted: bool,
    },
    /// It passed a packet on, for a connection that may be new.
    Forwarded {
        /// The gateway.
        nat: NatGatewayId,
        /// The connection.
        binding: Binding,
        /// Whether the packet went out or came back.
        way: NatWay,
        /// Its TCP control bits.
        flags: TcpFlags,
        /// IP total length in bytes.
        len: u16,
    },
    /// It passed on an ICMP error about a connection, which does not keep that alive.
    ForwardedError {
        /// The gateway.
        nat: NatGatewayId,
        /// Whether the packet went out or came back.
        way: NatWay,
        /// IP total length in bytes.
        len: u16,
    },
}

/// Which way a packet goes through a NAT gateway.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NatWay {
    /// From a sender to its destination.
    Out,
    /// Back.
    Back,
}

/// The two faces of a connection through a NAT gateway.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Binding {
    /// As the sender sees it: itself as the source.
    pub inside: FiveTuple,
    /// As the destination sees it: the gateway as the source.
    pub outside: FiveTuple,
}

/// What CloudWatch shows of a NAT gateway, summed over the run (aws: nat-metrics). Names are AWS's.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
#[allow(missing_docs, reason = "each field is the metric it is named after")]
pub struct NatMetrics {
    pub active_connection_count: u64,
    pub bytes_in_from_destination: u64,
    pub bytes_in_from_source: u64,
    pub bytes_out_to_destination: u64,
    pub bytes_out_to_source: u64,
    pub connection_attempt_count: u64,
    pub connection_established_count: u64,
    pub error_port_allocation: u64,
    pub idle_timeout_count: u64,
    pub packets_drop_count: u64,
    pub packets_in_from_destination: u64,
    pub packets_in_from_source: u64,
    pub packets_out_to_destination: u64,
    pub packets_out_to_source: u64,
}

impl NatMetrics {
    /// All metrics by CloudWatch's names, in their order. `ActiveConnectionCount` is the current number.
    pub fn named(&self) -> [(&'static str, u64); 14] {
        [
            ("ActiveConnectionCount", self.active_connection_count),
            ("BytesInFromDestination", self.bytes_in_from_destination),
            ("BytesInFromSource", self.bytes_in_from_source),
            ("BytesOutToDestination", self.bytes_out_to_destination),
            ("BytesOutToSource", self.bytes_out_to_source),
            ("ConnectionAttemptCount", self.connection_attempt_count),
            ("ConnectionEstablishedCount", self.connection_established_count),
            ("ErrorPortAllocation", self.error_port_allocation),
            ("IdleTimeoutCount", self.idle_timeout_count),
            ("PacketsDropCount", self.packets_drop_count),
            ("PacketsInFromDestination", self.packets_in_from_destination),
            ("PacketsInFromSource", self.packets_in_from_source),
            ("PacketsOutToDestination", self.packets_out_to_destination),
            ("PacketsOutToSource", self.packets_out_to_source),
        ]
    }
}

/// The translations of all NAT gateways.
#[derive(Default, Debug)]
pub struct NatTable {
    by_inside: IndexMap<(NatGatewayId, FiveTuple), FiveTuple, FixedState>,
    by_outside: IndexMap<(NatGatewayId, FiveTuple), Session, FixedState>,
    pools: IndexMap<PoolKey, Pool, FixedState>,
    /// When which session is to be looked at: it may have been used since.
    due: BinaryHeap<Reverse<(Instant, NatGatewayId, FiveTuple)>>,
    metrics: BTreeMap<NatGatewayId, NatMetrics>,
}

#[derive(Clone, Copy, Debug)]
struct Session {
    inside: FiveTuple,
    expires: Instant,
    established: bool,
    /// Who has said that no more data comes: the inside, the outside.
    finished: [bool; 2],
    reset: bool,
}

impl Session {
    fn is_closed(&self) -> bool {
        self.reset || self.finished == [true, true]
    }
}

/// Different destinations have ports of their own (aws: nat-ports).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
struct PoolKey {
    nat: NatGatewayId,
    address: Ipv4Addr,
    destination: Ipv4Addr,
    port: u16,
    protocol: Protocol,
}

impl PoolKey {
    fn of(nat: NatGatewayId, outside: FiveTuple) -> Self {
        // The identifier of a ping is no destination.
        let port = if outside.protocol.has_ports() { outside.dst_port } else { 0 };
        Self { nat, address: outside.src, destination: outside.dst, port, protocol: outside.protocol }
    }
}

/// The ports of an address towards one destination: given out one after the other, and then those that
/// are free again, the longest free one first (assumed: nat-port-order). It is forgotten when it has none.
#[derive(Default, Debug)]
struct Pool {
    used: u32,
    given: u32,
    free: VecDeque<u16>,
}

impl Pool {
    fn next(&self, key: &PoolKey) -> Option<u16> {
        if self.used >= CONNECTIONS_MAX {
            return None;
        }
        if self.given == PORTS {
            return self.free.front().copied();
        }
        let start = seed::hash(&[
            "nat-port",
            &key.nat.to_string(),
            &key.address.to_string(),
            &key.destination.to_string(),
            &key.port.to_string(),
        ]);
        let offset = (start % u64::from(PORTS)) as u32 + self.given;
        Some(PORT_FIRST + (offset % PORTS) as u16)
    }

    fn take(&mut self) {
        self.used += 1;
        if self.given == PORTS {
            self.free.pop_front();
        } else {
            self.given += 1;
        }
    }

    fn give_back(&mut self, port: u16) {
        self.used -= 1;
        self.free.push_back(port);
    }
}

impl NatTable {
    /// The connection a sender has through a gateway.
    pub fn from_inside(&self, nat: NatGatewayId, inside: FiveTuple) -> Option<Binding> {
        self.by_inside.get(&(nat, inside)).map(|&outside| Binding { inside, outside })
    }

    /// The connection that something which came back belongs to; `outside` has the gateway as the source.
    pub fn from_outside(&self, nat: NatGatewayId, outside: FiveTuple) -> Option<Binding> {
        self.by_outside.get(&(nat, outside)).map(|session| Binding { inside: session.inside, outside })
    }

    /// What a new connection would be translated to with an address; `None` if it has no port left.
    pub fn new_binding(&self, nat: NatGatewayId, inside: FiveTuple, address: Ipv4Addr) -> Option<Binding> {
        let wanted = FiveTuple { src: address, ..inside };
        let key = PoolKey::of(nat, wanted);
        let fresh = Pool::default();
        let port = self.pools.get(&key).unwrap_or(&fresh).next(&key)?;
        let outside = if inside.protocol.has_ports() {
            FiveTuple { src_port: port, ..wanted }
        } else {
            FiveTuple { src_port: port, dst_port: port, ..wanted }
        };
        Some(Binding { inside, outside })
    }

    /// What was counted at a gateway until now.
    pub fn metrics(&self, nat: NatGatewayId) -> NatMetrics {
        self.metrics.get(&nat).copied().unwrap_or_default()
    }

    /// Whether nothing is remembered.
    pub fn is_empty(&self) -> bool {
        self.by_outside.is_empty()
    }

    pub(super) fn clear(&mut self) {
        self.by_inside.clear();
        self.by_outside.clear();
        self.pools.clear();
        self.due.clear();
        self.metrics.clear();
    }

    pub(super) fn commit(&mut self, effect: NatEffect, now: Instant) {
        match effect {
            NatEffect::Dropped { nat, exhausted } => {
                let metrics = self.metrics.entry(nat).or_default();
                metrics.packets_drop_count += 1;
                metrics.error_port_allocation += u64::from(exhausted);
            }
            NatEffect::Forwarded { nat, binding, way, flags, len } => {
                self.count(nat, way, u64::from(len));
                self.use_binding(nat, binding, way, flags, now);
            }
            NatEffect::ForwardedError { nat, way, len } => self.count(nat, way, u64::from(len)),
        }
    }

    fn count(&mut self, nat: NatGatewayId, way: NatWay, len: u64) {
        let metrics = self.metrics.entry(nat).or_default();
        match way {
            NatWay::Out => {
                metrics.bytes_in_from_source += len;
                metrics.packets_in_from_source += 1;
                metrics.bytes_out_to_destination += len;
                metrics.packets_out_to_destination += 1;
            }
            NatWay::Back => {
                metrics.bytes_in_from_destination += len;
                metrics.packets_in_from_destination += 1;
                metrics.bytes_out_to_source += len;
                metrics.packets_out_to_source += 1;
            }
        }
    }

    fn use_binding(
        &mut self,
        nat: NatGatewayId,
        binding: Binding,
        way: NatWay,
        flags: TcpFlags,
        now: Instant,
    ) {
        let metrics = self.metrics.entry(nat).or_default();
        metrics.connection_attempt_count += u64::from(flags.opens() && way == NatWay::Out);
        if !self.by_outside.contains_key(&(nat, binding.outside)) {
            metrics.active_connection_count += 1;
            self.pools.entry(PoolKey::of(nat, binding.outside)).or_default().take();
            self.by_inside.insert((nat, binding.inside), binding.outside);
            let (finished, expires) = ([false; 2], now + IDLE);
            let session =
                Session { inside: binding.inside, expires, established: false, finished, reset: false };
            self.by_outside.insert((nat, binding.outside), session);
            self.due.push(Reverse((now + IDLE, nat, binding.outside)));
        }
        let session = &mut self.by_outside[&(nat, binding.outside)];
        // Only the inside can open it again (aws: nat-unsolicited).
        let is_new = flags.opens() && way == NatWay::Out;
        if session.is_closed() && !is_new {
            return;
        }
        if is_new {
            (session.finished, session.reset) = ([false; 2], false);
        }
        if way == NatWay::Back && flags.has(TcpFlags::SYN | TcpFlags::ACK) && !session.established {
            session.established = true;
            metrics.connection_established_count += 1;
        }
        session.finished[usize::from(way == NatWay::Back)] |= flags.has(TcpFlags::FIN);
        session.reset |= flags.has(TcpFlags::RST);
        session.expires = now + if session.is_closed() { CLOSED_LINGER } else { IDLE };
        if session.is_closed() {
            self.due.push(Reverse((session.expires, nat, binding.outside)));
        }
    }

    /// Forgets the connections that were idle or closed for long enough.
    pub fn expire(&mut self, now: Instant) {
        while let Some(&Reverse((at, nat, outside))) = self.due.peek()
            && at <= now
        {
            self.due.pop();
            let Some(session) = self.by_outside.get(&(nat, outside)).copied() else { continue };
            if now < session.expires {
                self.due.push(Reverse((session.expires, nat, outside)));
                continue;
            }
            self.remove(nat, outside, session);
        }
    }

    fn remove(&mut self, nat: NatGatewayId, outside: FiveTuple, session: Session) {
        self.by_outside.swap_remove(&(nat, outside));
        self.by_inside.swap_remove(&(nat, session.inside));
        let key = PoolKey::of(nat, outside);
        let pool = &mut self.pools[&key];
        pool.give_back(outside.src_port);
        // What was used once need not be remembered for ever.
        if pool.used == 0 {
            self.pools.swap_remove(&key);
        }
        let metrics = self.metrics.entry(nat).or_default();
        metrics.active_connection_count -= 1;
        // aws: nat-metrics
        metrics.idle_timeout_count += u64::from(!session.is_closed());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INSIDE: Ipv4Addr = Ipv4Addr::new(10, 0, 1, 5);
    const NAT: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 220);
    const HOST: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 5);

    fn nat() -> NatGatewayId {
        NatGatewayId::derive(&["nat"])
    }

    fn inside(port: u16, dst_port: u16) -> FiveTuple {
        FiveTuple { src: INSIDE, dst: HOST, src_port: port, dst_port, protocol: Protocol::TCP }
    }

    fn open(table: &mut NatTable, inside: FiveTuple, now: Instant) -> Option<Binding> {
        let binding = table.new_binding(nat(), inside, NAT)?;
        let flags = TcpFlags(TcpFlags::SYN);
        let (nat, way, len) = (nat(), NatWay::Out, 60);
        table.commit(NatEffect::Forwarded { nat, binding, way, flags, len }, now);
        Some(binding)
    }

    #[test]
    fn an_address_has_55_000_connections_to_each_destination() {
        let mut table = NatTable::default();
        let now = Instant::from_unix_seconds(0);
        let mut ports = std::collections::BTreeSet::new();
        for n in 0..CONNECTIONS_MAX {
            let inside = FiveTuple { src: Ipv4Addr::from_bits(INSIDE.to_bits() + n), ..inside(40_000, 443) };
            let binding = open(&mut table, inside, now).expect("a port is free");
            assert!(binding.outside.src_port >= PORT_FIRST);
            assert!(ports.insert(binding.outside.src_port), "no port is given twice");
        }
        assert_eq!(open(&mut table, inside(1, 443), now), None);
        assert!(open(&mut table, inside(1, 444), now).is_some(), "another destination has its own");
        // Idle ports are free again.
        let later = now + IDLE;
        table.expire(later);
        assert_eq!(table.metrics(nat()).idle_timeout_count, u64::from(CONNECTIONS_MAX) + 1);
        assert_eq!(table.metrics(nat()).active_connection_count, 0);
        assert!(table.is_empty());
        assert!(open(&mut table, inside(1, 443), later).is_some());
    }

    #[test]
    fn a_used_connection_is_not_idle() {
        let mut table = NatTable::default();
        let at = Instant::from_unix_seconds;
        let binding = open(&mut table, inside(1, 443), at(0)).unwrap();
        let flags = TcpFlags(TcpFlags::ACK);
        let (nat, way, len) = (nat(), NatWay::Back, 52);
        table.commit(NatEffect::Forwarded { nat, binding, way, flags, len }, at(300));
        table.expire(at(350));
        assert_eq!(table.from_inside(nat, inside(1, 443)), Some(binding));
        table.expire(at(649));
        assert_eq!(table.from_outside(nat, binding.outside), Some(binding));
        table.expire(at(650));
        assert_eq!(table.from_inside(nat, inside(1, 443)), None);
    }

    #[test]
    fn ports_go_round() {
        let mut table = NatTable::default();
        let mut now = Instant::from_unix_seconds(0);
        // One connection is kept, so that the pool stays.
        let kept = open(&mut table, inside(9, 443), now).unwrap();
        for n in 0..PORTS * 2 {
            now += Duration::from_secs(1);
            table.expire(now);
            let flags = TcpFlags(TcpFlags::ACK);
            let (nat, way, len) = (nat(), NatWay::Out, 52);
            table.commit(NatEffect::Forwarded { nat, binding: kept, way, flags, len }, now);
            let inside = FiveTuple { src: Ipv4Addr::from_bits(INSIDE.to_bits() + n), ..inside(40_000, 443) };
            let binding = open(&mut table, inside, now).expect("a port is free");
            assert_ne!(binding.outside, kept.outside);
        }
    }
}
