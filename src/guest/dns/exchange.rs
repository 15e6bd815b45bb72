//! One question of DNS and its answer: over UDP, and over TCP if the answer is too long for that.
//!
//! Knows patience and servers; of a message it knows no more than whose answer it is.

use std::net::Ipv4Addr;
use std::time::Duration;

use super::PORT;
use crate::guest::connection::ConnectionError;
use crate::guest::process::{Os, Outbox, Received, Standing};
use crate::guest::stack::{ConnectionId, ProbeNews};
use crate::time::Instant;
use crate::wire::Protocol;

/// How an exchange is done.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Plan {
    /// The servers, asked one after the other.
    pub servers: Vec<Ipv4Addr>,
    /// Their port.
    pub port: u16,
    /// How often each is asked.
    pub attempts: usize,
    /// How long an answer is waited for, each time.
    pub timeout: Duration,
    /// Whether TCP is used at once.
    pub over_tcp: bool,
}

impl Plan {
    /// glibc's: two rounds, five seconds each.
    pub fn of_libc(servers: &[Ipv4Addr]) -> Self {
        let timeout = Duration::from_secs(5);
        Self { servers: servers.to_vec(), port: PORT, attempts: 2, timeout, over_tcp: false }
    }
}

/// What became of a try.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Event {
    /// A message came from a server.
    Message(Ipv4Addr, Vec<u8>),
    /// Nothing came in time from this server, or it does not serve.
    Silence(Ipv4Addr, Why),
}

/// Why no answer came.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Why {
    /// The time was up.
    TimedOut,
    /// An ICMP message or a RST said that nobody serves there.
    Refused,
    /// No way leads there.
    Unreachable,
}

enum State {
    Idle,
    Datagram { until: Instant },
    Stream { connection: ConnectionId, unsent: Outbox, received: Vec<u8>, until: Instant },
}

/// A question on its way.
pub struct Exchange {
    plan: Plan,
    message: Vec<u8>,
    /// How many tries are over.
    tried: usize,
    /// The port all datagrams leave from, once there is one.
    port: Option<u16>,
    state: State,
}

impl Exchange {
    pub fn new(plan: Plan, message: Vec<u8>) -> Self {
        Self { plan, message, tried: 0, port: None, state: State::Idle }
    }

    /// Whether every try is over.
    pub fn is_over(&self) -> bool {
        matches!(self.state, State::Idle) && self.tried >= self.plan.servers.len() * self.plan.attempts
    }

    /// Until when news are waited for.
    pub fn deadline(&self) -> Option<Instant> {
        match &self.state {
            State::Idle => None,
            State::Datagram { until } | State::Stream { until, .. } => Some(*until),
        }
    }

    /// Goes on as far as it can: what happened, or `None` if it has to wait or is over.
    pub fn poll(&mut self, os: &mut Os<'_>) -> Option<Event> {
        if matches!(self.state, State::Idle) {
            if self.is_over() {
                return None;
            }
            self.ask(os);
        }
        let server = self.server();
        match &mut self.state {
            State::Idle => None,
            State::Datagram { until } => {
                let until = *until;
                let came = os.take_probe_news().into_iter().find_map(|news| match news {
                    // Others cannot answer in its place, and an answer to another question is none.
                    ProbeNews::Answer { from, from_port, payload, .. }
                        if from == server
                            && from_port == self.plan.port
                            && payload.get(..2) == self.message.get(..2) =>
                    {
                        Some(Event::Message(server, payload))
                    }
                    ProbeNews::Error { kind: 3, code: 2 | 3, .. } => {
                        Some(Event::Silence(server, Why::Refused))
                    }
                    ProbeNews::Error { kind: 3, code, .. } if code != 4 => {
                        Some(Event::Silence(server, Why::Unreachable))
                    }
                    ProbeNews::Answer { .. } | ProbeNews::Error { .. } | ProbeNews::Reply { .. } => None,
                });
                let came =
                    came.or_else(|| (until <= os.now).then_some(Event::Silence(server, Why::TimedOut)));
                if came.is_some() {
                    self.end_try();
                }
                came
            }
            State::Stream { connection, unsent, received, until } => {
                let (connection, is_late) = (*connection, *until <= os.now);
                let came = match os.standing(connection) {
                    Standing::Connecting => None,
                    Standing::Failed(error) => Some(Event::Silence(server, why(error))),
                    Standing::Open => {
                        unsent.flush(os, connection);
                        let news = os.recv(connection, received);
                        match (framed(received), news) {
                            (Some(message), _) => Some(Event::Message(server, message.to_vec())),
                            (None, Received::Bytes(_) | Received::Nothing) => None,
                            (None, Received::End) => Some(Event::Silence(server, Why::Refused)),
                            (None, Received::Failed(error)) => Some(Event::Silence(server, why(error))),
                        }
                    }
                };
                let came = came.or_else(|| is_late.then_some(Event::Silence(server, Why::TimedOut)));
                if came.is_some() {
                    os.close(connection);
                    self.end_try();
                }
                came
            }
        }
    }

    /// Gives back what it holds.
    pub fn close(&mut self, os: &mut Os<'_>) {
        if let Some(port) = self.port.take() {
            os.close_port(Protocol::UDP, port);
        }
    }

    /// Asks the server that answered last once more, over TCP: its answer was cut short.
    pub fn go_on_over_tcp(&mut self) {
        // One that is cut short over TCP too is no better the next time.
        if !self.plan.over_tcp {
            self.plan.over_tcp = true;
            self.tried = self.tried.saturating_sub(1);
        }
    }

    fn server(&self) -> Ipv4Addr {
        self.plan.servers[self.tried % self.plan.servers.len()]
    }

    fn end_try(&mut self) {
        self.tried += 1;
        self.state = State::Idle;
    }

    fn ask(&mut self, os: &mut Os<'_>) {
        let (server, until) = (self.server(), os.now + self.plan.timeout);
        self.state = if self.plan.over_tcp {
            let mut unsent = Outbox::default();
            let len = u16::try_from(self.message.len()).expect("a question is short");
            unsent.bytes_mut().extend(len.to_be_bytes());
            unsent.bytes_mut().extend_from_slice(&self.message);
            let connection = os.connect(server, self.plan.port);
            State::Stream { connection, unsent, received: Vec::new(), until }
        } else {
            let port = *self.port.get_or_insert_with(|| os.open_port(Protocol::UDP));
            os.send_datagram(port, (server, self.plan.port), &self.message);
            State::Datagram { until }
        };
    }
}

/// The first message in a stream, each of which has its length before it.
pub(super) fn framed(received: &[u8]) -> Option<&[u8]> {
    let (len, rest) = received.split_first_chunk()?;
    rest.get(..usize::from(u16::from_be_bytes(*len)))
}

fn why(error: ConnectionError) -> Why {
    match error {
        ConnectionError::TimedOut => Why::TimedOut,
        ConnectionError::Refused | ConnectionError::Reset => Why::Refused,
        ConnectionError::HostUnreachable | ConnectionError::NetworkUnreachable => Why::Unreachable,
    }
}
