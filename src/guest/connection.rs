//! One TCP connection: a smoltcp socket alone in its set, and what Linux does around it.
//!
//! Knows TCP states, give-up times and acknowledgement policy; never who owns the connection, other
//! connections or the wire.

use std::time::Duration;

use smoltcp::iface::{SocketHandle, SocketSet};
use smoltcp::socket::tcp::{Socket, SocketBuffer, State};

use super::process::ProcessId;
use crate::time::Instant;
use crate::wire::{FiveTuple, TcpFlags};

/// When `connect` gives up: SYNs leave at 0, 1, 3, 7, 15, 31 and 63 s (Linux: `tcp_syn_retries` = 6).
const CONNECT_MAX: Duration = Duration::from_secs(127);
/// After the seventh SYN smoltcp is not polled any more: its timer stops at 60 s and would send an
/// eighth at 123 s.
const CONNECT_QUIET: Duration = Duration::from_secs(64);
/// When a server forgets a handshake: SYN-ACKs leave at 0, 1, 3, 7, 15 and 31 s (`tcp_synack_retries` = 5).
const ACCEPT_MAX: Duration = Duration::from_secs(63);
/// How long sent data may stay unacknowledged (`tcp_retries2` = 15, with a minimal timeout of 200 ms).
const UNACKNOWLEDGED_MAX: Duration = Duration::from_millis(924_600);
/// How long a connection that no program holds any more may hear nothing (`tcp_fin_timeout`).
const ORPHAN_MAX: Duration = Duration::from_secs(60);
/// Delay of an acknowledgement once a connection goes back and forth.
const ACK_DELAY: smoltcp::time::Duration = smoltcp::time::Duration::from_millis(40);

const SEND_BUFFER: usize = 65_536;
/// What Linux lets the buffers of a connection grow to in time (`tcp_wmem`); here they are so from the begin.
const BULK_BUFFER: usize = 4 << 20;
/// A queue that no peer's window takes whole.
const BULK: usize = 60_000;

/// Why a connection came to nothing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum ConnectionError {
    /// No neighbour, or an ICMP message that said so.
    HostUnreachable,
    /// An ICMP message said that there is no way to the network.
    NetworkUnreachable,
    /// The peer answered the SYN with a RST, or a port-unreachable message came.
    Refused,
    /// The peer sent a RST.
    Reset,
    /// Nobody answered for too long.
    TimedOut,
}

impl ConnectionError {
    /// The system's words for it (`strerror`).
    pub fn describe(self) -> &'static str {
        match self {
            Self::HostUnreachable => "No route to host",
            Self::NetworkUnreachable => "Network is unreachable",
            Self::Refused => "Connection refused",
            Self::Reset => "Connection reset by peer",
            Self::TimedOut => "Connection timed out",
        }
    }
}

/// Which side of a connection this host is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Role {
    Client,
    Server,
}

/// How much a connection is made for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Haul {
    /// What a window of 64 KiB carries.
    Usual,
    /// As much as the path does.
    Bulk,
}

pub(super) struct Connection {
    pub set: SocketSet<'static>,
    handle: SocketHandle,
    /// Seen from this host: `src` is its own address.
    pub tuple: FiveTuple,
    role: Role,
    /// The program that holds it.
    pub owner: Option<ProcessId>,
    pub error: Option<ConnectionError>,
    /// Whether the program was told that the handshake is over.
    pub announced: bool,
    /// The deadline under which it is filed.
    pub filed: Option<Instant>,
    began: Instant,
    heard: Instant,
    received_data: bool,
    back_and_forth: bool,
    /// The longest packet it sends.
    pub mtu: u16,
    /// Linux answers a repeated SYN at once; smoltcp ignores it, so the answer is kept.
    pub syn_ack: Option<Vec<u8>>,
}

impl Connection {
    pub fn new(now: Instant, tuple: FiveTuple, role: Role, mtu: u16, haul: Haul) -> Self {
        let (receive, send) = match haul {
            Haul::Usual => (receive_window(role, mtu), SEND_BUFFER),
            Haul::Bulk => (BULK_BUFFER, BULK_BUFFER),
        };
        let mut socket = Socket::new(SocketBuffer::new(vec![0; receive]), SocketBuffer::new(vec![0; send]));
        // Linux acknowledges at once while a connection is young.
        socket.set_ack_delay(None);
        let mut set = SocketSet::new(Vec::with_capacity(1));
        let handle = set.add(socket);
        Self {
            set,
            handle,
            tuple,
            role,
            owner: None,
            error: None,
            announced: false,
            filed: None,
            began: now,
            heard: now,
            received_data: false,
            back_and_forth: false,
            mtu,
            syn_ack: None,
        }
    }

    pub fn socket(&self) -> &Socket<'static> {
        self.set.get(self.handle)
    }

    pub fn socket_mut(&mut self) -> &mut Socket<'static> {
        self.set.get_mut(self.handle)
    }

    /// Notes that a segment is about to be processed.
    pub fn hears(&mut self, now: Instant, flags: TcpFlags) {
        self.heard = now;
        if flags.has(TcpFlags::RST) && self.error.is_none() {
            let refused = self.socket().state() == State::SynSent;
            self.error = Some(if refused { ConnectionError::Refused } else { ConnectionError::Reset });
        }
    }

    /// Notes what the processed segment has done.
    pub fn heard(&mut self, flags: TcpFlags) {
        // A RST outside the window was ignored: only a closed socket was reset.
        if flags.has(TcpFlags::RST) && !self.is_over() {
            self.error = None;
        }
        self.received_data |= self.socket().recv_queue() > 0;
    }

    /// Notes that the program sends: from now on acknowledgements wait for data to travel with.
    pub fn speaks(&mut self, now: Instant) {
        if self.socket().send_queue() == 0 {
            self.heard = self.heard.max(now);
        }
        if self.received_data && !self.back_and_forth {
            self.back_and_forth = true;
            self.socket_mut().set_ack_delay(Some(ACK_DELAY));
        }
    }

    /// Keeps smoltcp from filling the last bytes of a window with tiny segments, which Linux avoids too.
    ///
    /// Nagle's rule does it. It is off otherwise: curl, sshd and web servers set TCP_NODELAY.
    pub fn tune(&mut self) {
        let is_bulk = self.socket().send_queue() >= BULK;
        self.socket_mut().set_nagle_enabled(is_bulk);
    }

    /// Whether an acknowledgement leaves before programs run.
    pub fn acknowledges_at_once(&self) -> bool {
        !self.back_and_forth
    }

    pub fn is_connecting(&self) -> bool {
        matches!(self.socket().state(), State::SynSent | State::SynReceived | State::Listen)
    }

    /// Whether the socket has nothing left to do.
    pub fn is_over(&self) -> bool {
        match self.socket().state() {
            // An aborted socket keeps its tuple until its RST has left.
            State::Closed => self.socket().local_endpoint().is_none(),
            // A handshake that was reset goes back to listening; the next SYN gets a socket of its own.
            State::Listen => true,
            State::SynSent
            | State::SynReceived
            | State::Established
            | State::FinWait1
            | State::FinWait2
            | State::CloseWait
            | State::Closing
            | State::LastAck
            | State::TimeWait => false,
        }
    }

    /// Whether there is data that the peer may still miss.
    pub fn has_unacknowledged(&self) -> bool {
        let state = self.socket().state();
        let sends = matches!(
            state,
            State::Established | State::CloseWait | State::FinWait1 | State::Closing | State::LastAck
        );
        sends && self.socket().send_queue() > 0
    }

    /// Whether a repeated SYN deserves the SYN-ACK again.
    pub fn is_handshaking_server(&self) -> bool {
        self.socket().state() == State::SynReceived
    }

    /// Whether the connection only remembers that it was there: a new SYN may take its place.
    pub fn is_waiting_out(&self) -> bool {
        self.socket().state() == State::TimeWait
    }

    /// Whether smoltcp must not be asked for more SYNs.
    pub fn is_mute(&self, now: Instant) -> bool {
        self.socket().state() == State::SynSent && now.since(self.began) >= CONNECT_QUIET
    }

    /// When and why the connection is given up, if nothing happens before.
    pub fn gives_up(&self) -> Option<Instant> {
        match self.socket().state() {
            State::SynSent => Some(self.began + CONNECT_MAX),
            State::SynReceived => {
                let limit = if self.role == Role::Server { ACCEPT_MAX } else { CONNECT_MAX };
                Some(self.began + limit)
            }
            State::Established | State::CloseWait => {
                (self.socket().send_queue() > 0).then(|| self.heard + UNACKNOWLEDGED_MAX)
            }
            State::FinWait1 | State::FinWait2 | State::Closing | State::LastAck => {
                Some(self.heard + if self.owner.is_none() { ORPHAN_MAX } else { UNACKNOWLEDGED_MAX })
            }
            State::Closed | State::Listen | State::TimeWait => None,
        }
    }
}

/// The first window Linux announces: whole segments within 64 KiB. A server already knows that
/// timestamps take 12 bytes of each.
///
/// The buffer is exactly that long, so the window never grows and its scale is 0, where Linux
/// announces a scale of 7 and grows to megabytes.
fn receive_window(role: Role, mtu: u16) -> usize {
    const HEADERS: usize = 40;
    const TIMESTAMPS: usize = 12;
    let mss = usize::from(mtu) - HEADERS;
    let segment = match role {
        Role::Client => mss,
        Role::Server => mss - TIMESTAMPS,
    };
    usize::from(u16::MAX) / segment * segment
}
