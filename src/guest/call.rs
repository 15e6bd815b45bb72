//! One request of HTTP to a named host and its response: look up, connect, perhaps TLS, send, receive.
//!
//! Knows the order of things and their time limits; never what is asked or what a program says about it.

use std::collections::VecDeque;
use std::net::Ipv4Addr;
use std::time::Duration;

use super::connection::ConnectionError;
use super::curl::response::{Head, Response};
use super::dns::lookup::{Looked, Lookup, LookupError};
use super::process::{Os, Outbox, Standing};
use super::stack::ConnectionId;
use super::tls::{Channel, Failure, Received, Stage, TlsError};
use crate::time::Instant;

/// Where a request goes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Target {
    pub host: String,
    pub port: u16,
    /// With TLS, and whether the certificate has to be good.
    pub tls: Option<bool>,
}

/// How long a call may take.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Limits {
    /// To connect, for each address, and then for a handshake.
    pub connect: Duration,
    /// Between two pieces of what is sent or received.
    pub read: Duration,
}

/// A request as it is sent.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(super) struct Outgoing {
    pub head: Vec<u8>,
    pub body: Vec<u8>,
    /// Whether the body waits until the server wants it.
    pub expects_continue: bool,
    pub is_head: bool,
}

/// A response, complete.
#[derive(Clone, Debug)]
pub(super) struct Incoming {
    pub status: u16,
    head: Head,
    pub body: Vec<u8>,
}

impl Incoming {
    /// The value of a header field.
    pub fn header(&self, name: &str) -> Option<String> {
        self.head.field(name)
    }
}

/// Why there is no response.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum CallError {
    /// The name has no address.
    Lookup(LookupError),
    /// No address answered in time.
    ConnectTimeout,
    /// No address could be connected to.
    Connect,
    /// The server fell silent.
    ReadTimeout,
    /// The connection ended before the response did.
    Closed,
    /// What came is no HTTP.
    Garbled,
    /// There is no trust.
    Tls(TlsError),
}

/// Where a call stands.
pub(super) enum Called {
    /// It waits for news, and for [`Call::deadline`] at the latest.
    Waiting,
    /// It is over.
    Done(Box<Incoming>),
    /// It failed.
    Failed(CallError),
}

enum State {
    Looking(Lookup),
    Connecting { connection: ConnectionId, until: Instant },
    Shaking { channel: Channel, until: Instant },
    Talking(Box<Talk>),
    Over,
}

struct Talk {
    channel: Channel,
    unsent: Outbox,
    /// What is sent once the server wants it; for how long its word is waited for.
    held: Option<(Vec<u8>, Instant)>,
    response: Response,
    body: Vec<u8>,
    until: Instant,
}

/// How long a client waits for "100 Continue" before it sends the body all the same (botocore).
const CONTINUE_WAIT: Duration = Duration::from_secs(1);

/// A running call.
pub(super) struct Call {
    target: Target,
    limits: Limits,
    request: Option<Outgoing>,
    addresses: VecDeque<Ipv4Addr>,
    /// Whether the last address that failed took too long.
    was_late: bool,
    state: State,
    /// The connection of a response that left it open.
    kept: Option<Channel>,
}

impl Call {
    pub fn new(target: Target, limits: Limits, request: Outgoing) -> Self {
        let state = State::Looking(Lookup::new(&target.host));
        let (addresses, was_late, kept) = (VecDeque::new(), false, None);
        Self { target, limits, request: Some(request), addresses, was_late, state, kept }
    }

    /// Another request on a connection that is open.
    pub fn on(os: &Os<'_>, channel: Channel, target: Target, limits: Limits, request: Outgoing) -> Self {
        let mut call = Self::new(target, limits, request);
        call.talk(os.now, channel);
        call
    }

    /// Until when it waits for news.
    pub fn deadline(&self) -> Option<Instant> {
        match &self.state {
            State::Looking(lookup) => lookup.deadline(),
            State::Connecting { until, .. } | State::Shaking { until, .. } => Some(*until),
            State::Talking(talk) => {
                let held = talk.held.as_ref().map(|(_, until)| *until);
                held.into_iter().chain([talk.until]).min()
            }
            State::Over => None,
        }
    }

    /// The connection, if the server left it open.
    pub fn take_channel(&mut self) -> Option<Channel> {
        self.kept.take()
    }

    /// Goes on as far as it can.
    pub fn poll(&mut self, os: &mut Os<'_>) -> Called {
        loop {
            match std::mem::replace(&mut self.state, State::Over) {
                State::Looking(mut lookup) => match lookup.poll(os) {
                    Looked::Waiting => {
                        self.state = State::Looking(lookup);
                        return Called::Waiting;
                    }
                    Looked::Failed(why) => return Called::Failed(CallError::Lookup(why)),
                    Looked::Found(addresses) => {
                        self.addresses = addresses.into();
                        self.connect_next(os);
                    }
                },
                State::Connecting { connection, until } => match os.standing(connection) {
                    Standing::Connecting if os.now < until => {
                        self.state = State::Connecting { connection, until };
                        return Called::Waiting;
                    }
                    Standing::Connecting => self.give_up(os, connection, true),
                    Standing::Failed(error) => {
                        self.give_up(os, connection, error == ConnectionError::TimedOut);
                    }
                    Standing::Open => match self.target.tls {
                        None => self.talk(os.now, Channel::plain(connection)),
                        Some(is_strict) => {
                            let channel = Channel::client(os, connection, &self.target.host, is_strict);
                            self.state = State::Shaking { channel, until: os.now + self.limits.connect };
                        }
                    },
                },
                State::Shaking { mut channel, until } => match channel.stage(os) {
                    Stage::Open => self.talk(os.now, channel),
                    Stage::Handshaking if os.now < until => {
                        self.state = State::Shaking { channel, until };
                        return Called::Waiting;
                    }
                    Stage::Handshaking => {
                        // The connection is there: urllib3 waits as long as for it, and says that it read.
                        channel.close(os);
                        return Called::Failed(CallError::ReadTimeout);
                    }
                    Stage::Failed(failure) => {
                        channel.close(os);
                        return Called::Failed(during_handshake(failure));
                    }
                },
                State::Talking(mut talk) => match talk.go_on(os, self.limits.read) {
                    None => {
                        self.state = State::Talking(talk);
                        return Called::Waiting;
                    }
                    Some(Ok(incoming)) => {
                        if incoming.head.closes {
                            talk.channel.close(os);
                        } else {
                            self.kept = Some(talk.channel);
                        }
                        return Called::Done(Box::new(incoming));
                    }
                    Some(Err(error)) => {
                        talk.channel.close(os);
                        return Called::Failed(error);
                    }
                },
                State::Over => {
                    return Called::Failed(if self.was_late {
                        CallError::ConnectTimeout
                    } else {
                        CallError::Connect
                    });
                }
            }
        }
    }

    /// Tries the next address, if there is one.
    fn connect_next(&mut self, os: &mut Os<'_>) {
        if let Some(address) = self.addresses.pop_front() {
            let connection = os.connect(address, self.target.port);
            self.state = State::Connecting { connection, until: os.now + self.limits.connect };
        }
    }

    fn give_up(&mut self, os: &mut Os<'_>, connection: ConnectionId, was_late: bool) {
        os.close(connection);
        self.was_late = was_late;
        self.connect_next(os);
    }

    fn talk(&mut self, now: Instant, channel: Channel) {
        let request = self.request.take().expect("a call talks once");
        let mut unsent = Outbox::default();
        unsent.bytes_mut().extend(request.head);
        let held = if request.expects_continue {
            Some((request.body, now + CONTINUE_WAIT))
        } else {
            unsent.bytes_mut().extend(request.body);
            None
        };
        let response = Response::new(request.is_head);
        let until = now + self.limits.read;
        self.state =
            State::Talking(Box::new(Talk { channel, unsent, held, response, body: Vec::new(), until }));
    }
}

impl Talk {
    fn go_on(&mut self, os: &mut Os<'_>, patience: Duration) -> Option<Result<Incoming, CallError>> {
        loop {
            let received = self.channel.recv(os, &mut self.response.buffer);
            let has_head = match self.response.read_head() {
                Ok(has_head) => has_head,
                Err(_) => return Some(Err(CallError::Garbled)),
            };
            let is_wanted = self.response.interim > 0;
            if has_head && !is_wanted {
                // The server has made up its mind without the body (botocore).
                self.held = None;
            }
            if let Some((body, _)) = self.held.take_if(|(_, until)| is_wanted || *until <= os.now) {
                self.unsent.bytes_mut().extend(body);
            }
            self.send(os, patience);
            if has_head {
                match self.response.take_body(&mut self.body) {
                    Ok(true) => return Some(Ok(self.finish())),
                    Ok(false) => {}
                    Err(_) => return Some(Err(CallError::Garbled)),
                }
            }
            match received {
                Received::Bytes(_) => self.until = os.now + patience,
                Received::Nothing if os.now < self.until => return None,
                Received::Nothing => return Some(Err(CallError::ReadTimeout)),
                Received::End if has_head && self.response.missing_at_end().is_none() => {
                    return Some(Ok(self.finish()));
                }
                Received::End | Received::Failed(_) => return Some(Err(CallError::Closed)),
            }
        }
    }

    /// Sends what goes out; as long as something does, the server need not answer.
    fn send(&mut self, os: &mut Os<'_>, patience: Duration) {
        let Self { channel, unsent, until, .. } = self;
        unsent.flush_into(|bytes| {
            let taken = channel.send(os, bytes);
            if taken > 0 {
                *until = os.now + patience;
            }
            taken
        });
    }

    fn finish(&mut self) -> Incoming {
        let head = self.response.head.clone().expect("the head was read");
        Incoming { status: head.status, head, body: std::mem::take(&mut self.body) }
    }
}

fn during_handshake(failure: Failure) -> CallError {
    match failure {
        Failure::Connection(_) | Failure::Tls(TlsError::Truncated) => CallError::Closed,
        Failure::Tls(error) => CallError::Tls(error),
    }
}
