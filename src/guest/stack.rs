//! A host's TCP/IP: smoltcp's interface, its connections, and which packet belongs to whom.
//!
//! Knows packets, connections and timers; of programs only the ids it tells news to.
//!
//! smoltcp looks for a packet's socket by trying one after the other and polls all sockets on every
//! change. Here every connection is alone in its own socket set and found by its 4-tuple; what belongs
//! to no connection is processed with an empty set, so that smoltcp answers it by itself.

mod forward;
mod probes;
mod receive;

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;
use std::time::Duration;

use smoltcp::iface::{PollResult, SocketSet};
use smoltcp::wire::IpAddress;

pub(super) use self::probes::{Probe, ProbeNews};
use super::HostConfig;
use super::connection::{Connection, ConnectionError, Haul, Role};
use super::device::Device;
use super::interfaces::Interfaces;
use super::link::{Attachment, Link};
use super::path::Paths;
use super::process::ProcessId;
use crate::seed::Stream;
use crate::time::Instant;
use crate::wire::{FiveTuple, Protocol, Reassembly};

/// Segments one connection may send in a row.
const SEGMENTS_MAX: u32 = 10_000;
/// The longest packet to the host itself (Linux's loopback has 65536).
const MTU_LOOPBACK: u16 = u16::MAX;
/// Longer than any retransmission timer of smoltcp runs.
const TIMERS_MAX: Duration = Duration::from_secs(120);
/// Ephemeral ports (Linux: `ip_local_port_range`); `connect` takes the even ones.
const EPHEMERAL_FIRST: u16 = 32_768;
const EPHEMERAL_LAST: u16 = 60_999;

thread_local! {
    /// The timestamp option's clock. smoltcp asks for it through a plain function without a place for
    /// the host or the time, so it is laid ready here before every poll.
    static TIMESTAMP: Cell<u32> = const { Cell::new(0) };
}

fn timestamp() -> u32 {
    TIMESTAMP.get()
}

/// A connection of this host.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct ConnectionId(u64);

/// What happened that a program may want to know.
pub(super) enum News {
    /// Somebody connected to a served port.
    Accepted(ConnectionId, u16),
    /// Something changed on a program's connection.
    Stirred(ProcessId),
    /// Somebody sent a datagram to a served port. `src` is this host's end.
    Datagram(FiveTuple, Vec<u8>),
    /// Something came back for a packet that a program built itself.
    Probe(ProcessId, ProbeNews),
}

pub(super) struct Stack {
    pub link: Link,
    mtu: u16,
    forwards: bool,
    device: Device,
    interfaces: Interfaces,
    reassembly: Reassembly,
    paths: Paths,
    nobody: SocketSet<'static>,
    connections: BTreeMap<ConnectionId, Connection>,
    by_tuple: BTreeMap<FiveTuple, ConnectionId>,
    deadlines: BTreeSet<(Instant, ConnectionId)>,
    /// Connections whose acknowledgement waits for the programs to run first.
    unhurried: BTreeSet<ConnectionId>,
    news: Vec<News>,
    served: BTreeMap<u16, Haul>,
    /// Ports at which datagrams are answered.
    served_datagrams: BTreeSet<u16>,
    /// Who gets the answers for an echo identifier or a port of its own.
    probes: BTreeMap<(Protocol, u16), ProcessId>,
    ports: Stream,
    timestamp_offset: u32,
    next_id: u64,
}

impl Stack {
    pub fn new(config: &HostConfig) -> Self {
        assert!(!config.addresses.is_empty(), "{} has no address", config.name);
        let random_seed = config.seed.stream("tcp-sequence-numbers", &config.name).next_u64();
        let identification = config.seed.stream("ip-identification", &config.name).next_u64() as u16;
        Self {
            link: Link::new(Attachment {
                mac: config.mac,
                addresses: config.addresses.clone(),
                prefix_len: config.prefix_len,
                gateway: config.gateway,
                ttl: config.ttl,
                identification,
            }),
            mtu: config.mtu,
            forwards: config.forwards,
            device: Device::new(config.mtu),
            interfaces: Interfaces::new(config.mtu, config.prefix_len, random_seed),
            reassembly: Reassembly::default(),
            paths: Paths::default(),
            nobody: SocketSet::new(Vec::new()),
            connections: BTreeMap::new(),
            by_tuple: BTreeMap::new(),
            deadlines: BTreeSet::new(),
            unhurried: BTreeSet::new(),
            news: Vec::new(),
            served: BTreeMap::new(),
            served_datagrams: BTreeSet::new(),
            probes: BTreeMap::new(),
            ports: config.seed.stream("ephemeral-ports", &config.name),
            timestamp_offset: config.seed.stream("tcp-timestamps", &config.name).next_u64() as u32,
            next_id: 0,
        }
    }

    /// Answers connections to `port` from now on.
    pub fn serve(&mut self, port: u16, haul: Haul) {
        self.served.insert(port, haul);
    }

    /// Takes datagrams to `port` from now on.
    pub fn serve_datagrams(&mut self, port: u16) {
        self.served_datagrams.insert(port);
    }

    /// Does what is due.
    pub fn expire(&mut self, now: Instant) {
        for packet in self.link.expire(now) {
            self.undeliverable(now, packet);
        }
        while let Some(&(at, id)) = self.deadlines.first()
            && at <= now
        {
            self.deadlines.remove(&(at, id));
            let Some(connection) = self.connections.get_mut(&id) else { continue };
            connection.filed = None;
            if connection.gives_up().is_some_and(|limit| limit <= now) {
                self.fail(now, id, ConnectionError::TimedOut);
            } else {
                self.flush(now, id);
            }
        }
    }

    /// Sends the acknowledgements that no data took along.
    pub fn flush_unhurried(&mut self, now: Instant) {
        while let Some(id) = self.unhurried.pop_first() {
            self.flush(now, id);
        }
    }

    pub fn take_news(&mut self) -> Vec<News> {
        std::mem::take(&mut self.news)
    }

    pub fn has_news(&self) -> bool {
        !self.news.is_empty()
    }

    /// When [`Self::expire`] has something to do.
    pub fn deadline(&self) -> Option<Instant> {
        let connections = self.deadlines.first().map(|(at, _)| *at);
        connections.into_iter().chain(self.link.deadline()).min()
    }

    /// Begins to connect; the outcome is found in [`Self::connection`].
    pub fn connect(
        &mut self,
        now: Instant,
        owner: ProcessId,
        local_port: Option<u16>,
        (address, port): (Ipv4Addr, u16),
        haul: Haul,
    ) -> ConnectionId {
        let tuple = FiveTuple {
            src: self.link.source_for(address),
            dst: address,
            src_port: local_port.unwrap_or_else(|| self.ephemeral_port()),
            dst_port: port,
            protocol: Protocol::TCP,
        };
        let mut connection = Connection::new(now, tuple, Role::Client, self.mtu, haul);
        connection.owner = Some(owner);
        let socket = connection.socket_mut();
        socket.set_tsval_generator(Some(timestamp));
        socket
            .connect(
                self.interfaces.wide(tuple.src).context(),
                (IpAddress::Ipv4(tuple.dst), tuple.dst_port),
                (IpAddress::Ipv4(tuple.src), tuple.src_port),
            )
            .expect("a new socket connects to an address and a port");
        let id = self.insert(connection);
        self.flush(now, id);
        id
    }

    pub fn connection(&self, id: ConnectionId) -> &Connection {
        self.connections.get(&id).expect("a held connection exists")
    }

    /// Hands bytes to a connection; says how many it took.
    pub fn send(&mut self, now: Instant, id: ConnectionId, bytes: &[u8]) -> usize {
        if bytes.is_empty() {
            return 0;
        }
        let connection = self.connections.get_mut(&id).expect("a held connection exists");
        connection.speaks(now);
        let taken = connection.socket_mut().send_slice(bytes).unwrap_or(0);
        self.flush(now, id);
        taken
    }

    /// Takes what a connection has received.
    pub fn recv(&mut self, id: ConnectionId, into: &mut Vec<u8>) -> usize {
        let connection = self.connections.get_mut(&id).expect("a held connection exists");
        let before = into.len();
        while let Ok(taken) = connection.socket_mut().recv(|bytes| {
            into.extend_from_slice(bytes);
            (bytes.len(), bytes.len())
        }) && taken > 0
        {}
        if into.len() > before {
            // Room in the receive buffer may be worth a window update.
            self.unhurried.insert(id);
        }
        into.len() - before
    }

    /// Gives a server's connection to the program that answers on it.
    pub fn adopt(&mut self, id: ConnectionId, owner: ProcessId) {
        if let Some(connection) = self.connections.get_mut(&id) {
            connection.owner = Some(owner);
        }
    }

    /// The program lets go of a connection: it ends in the background.
    pub fn close(&mut self, now: Instant, id: ConnectionId) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        connection.owner = None;
        // A half-made connection is forgotten without a word, as Linux does; smoltcp would send a RST.
        if connection.error.is_some() || connection.is_connecting() || connection.is_over() {
            self.remove(id);
            return;
        }
        // Linux resets a connection whose received data nobody will read.
        if connection.socket().recv_queue() > 0 {
            connection.socket_mut().abort();
        } else {
            connection.socket_mut().close();
        }
        self.flush(now, id);
    }

    /// The longest packet that gets to a destination, as far as this host knows.
    pub fn path_mtu(&self, now: Instant, destination: Ipv4Addr) -> u16 {
        if self.link.is_own(destination) {
            MTU_LOOPBACK
        } else {
            self.paths.mtu(now, destination).map_or(self.mtu, |mtu| mtu.min(self.mtu))
        }
    }

    /// Sends again what a connection has sent in packets that were too long for its path.
    fn resend_shorter(&mut self, now: Instant, id: ConnectionId) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        let path = self.paths.mtu(now, connection.tuple.dst);
        if path.is_none_or(|mtu| connection.mtu <= mtu) {
            return;
        }
        if connection.has_unacknowledged() {
            // As if the retransmission timer had run out, except that smoltcp must not see a later time
            // than there is when it sends: it gets no room to send until its timer is dealt with.
            let interface = self.interfaces.with_mtu(connection.mtu, connection.tuple.src);
            self.device.hold(true);
            interface.poll_egress(to_smoltcp(now + TIMERS_MAX), &mut self.device, &mut connection.set);
            self.device.hold(false);
        }
        self.flush(now, id);
    }

    /// Ends a connection without a word to the peer.
    fn fail(&mut self, now: Instant, id: ConnectionId, error: ConnectionError) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        connection.error = Some(error);
        if let Some(owner) = connection.owner {
            self.news.push(News::Stirred(owner));
        }
        self.file(now, id);
    }

    /// Lets a connection send all it may send now.
    fn flush(&mut self, now: Instant, id: ConnectionId) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        if connection.error.is_none() && !connection.is_mute(now) {
            connection.tune();
            // What a handshake announces is about the link, not about the path.
            if !connection.is_connecting() {
                connection.mtu = self.paths.mtu(now, connection.tuple.dst).unwrap_or(self.mtu);
            }
            set_timestamp(now, self.timestamp_offset);
            let interface = self.interfaces.with_mtu(connection.mtu, connection.tuple.src);
            let mut segments = 0;
            while interface.poll_egress(to_smoltcp(now), &mut self.device, &mut connection.set)
                == PollResult::SocketStateChanged
            {
                segments += 1;
                assert!(segments < SEGMENTS_MAX, "{} sends without end at {now:?}", connection.tuple);
            }
        }
        if connection.is_handshaking_server() && connection.syn_ack.is_none() {
            connection.syn_ack = self.device.last_sent();
        }
        self.emit(now);
        self.file(now, id);
    }

    /// Files a connection under its next deadline, or forgets it when nobody needs it any more.
    fn file(&mut self, now: Instant, id: ConnectionId) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        let over = connection.error.is_some() || connection.is_over();
        if over && connection.owner.is_none() {
            self.remove(id);
            return;
        }
        let timer = if over || connection.is_mute(now) {
            None
        } else {
            let interface = self.interfaces.with_mtu(connection.mtu, connection.tuple.src);
            interface.poll_at(to_smoltcp(now), &connection.set).map(from_smoltcp)
        };
        let limit = if over { None } else { connection.gives_up() };
        let deadline = timer.into_iter().chain(limit).min();
        if let Some(filed) = connection.filed {
            self.deadlines.remove(&(filed, id));
        }
        connection.filed = deadline;
        if let Some(at) = deadline {
            self.deadlines.insert((at, id));
        }
    }

    fn insert(&mut self, connection: Connection) -> ConnectionId {
        let id = ConnectionId(self.next_id);
        self.next_id += 1;
        self.by_tuple.insert(connection.tuple, id);
        self.connections.insert(id, connection);
        id
    }

    fn remove(&mut self, id: ConnectionId) {
        let Some(connection) = self.connections.remove(&id) else { return };
        if let Some(filed) = connection.filed {
            self.deadlines.remove(&(filed, id));
        }
        self.by_tuple.remove(&connection.tuple);
        self.unhurried.remove(&id);
    }

    /// Puts what smoltcp has sent on the link.
    fn emit(&mut self, now: Instant) {
        while let Some(frame) = self.device.take_sent() {
            self.link.send(now, frame);
        }
    }

    /// Whether nothing uses a port.
    pub fn is_free(&self, port: u16) -> bool {
        let is_probed = |with: &Protocol| self.probes.contains_key(&(*with, port));
        !self.by_tuple.keys().any(|tuple| tuple.src_port == port)
            && ![Protocol::TCP, Protocol::UDP].iter().any(is_probed)
            && !self.served.contains_key(&port)
    }

    /// An even port that no connection uses.
    fn ephemeral_port(&mut self) -> u16 {
        let even = u64::from((EPHEMERAL_LAST - EPHEMERAL_FIRST) / 2 + 1);
        let start = self.ports.below(even);
        let free = (0..even)
            .map(|step| EPHEMERAL_FIRST + 2 * ((start + step) % even) as u16)
            .find(|port| self.is_free(*port));
        free.expect("a host has fewer than 14116 connections and probes")
    }
}

/// The timestamp option counts milliseconds, from a begin of the host's own.
fn timestamp_at(now: Instant, offset: u32) -> u32 {
    ((now.as_nanos() / 1_000_000) as u32).wrapping_add(offset)
}

fn set_timestamp(now: Instant, offset: u32) {
    TIMESTAMP.set(timestamp_at(now, offset));
}

/// smoltcp counts microseconds: rounded down on the way in, exact on the way out.
fn to_smoltcp(at: Instant) -> smoltcp::time::Instant {
    smoltcp::time::Instant::from_micros((at.as_nanos() / 1_000) as i64)
}

fn from_smoltcp(at: smoltcp::time::Instant) -> Instant {
    Instant::from_nanos(at.total_micros() as u64 * 1_000)
}
