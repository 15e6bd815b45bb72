//! `ssh HOST COMMAND`: runs a command on another host.
//!
//! Knows the order of messages a client sends and OpenSSH's words; never what the command does.

use std::time::Duration;

use super::message::{METHODS, Message};
use super::options::Options;
use super::transport::Transport;
use crate::guest::connection::ConnectionError;
use crate::guest::dns::lookup::{Looked, Lookup};
use crate::guest::process::{Os, Program, Progress, Received, Standing};
use crate::guest::stack::ConnectionId;
use crate::time::Instant;

/// Exit status of `ssh` for its own failures.
const FAILED: i32 = 255;
/// Turns of the state machine in one step.
const TURNS_MAX: u32 = 100;

/// A running `ssh`.
pub(in crate::guest) struct Client {
    options: Options,
    /// When it began to connect.
    connecting_since: Option<Instant>,
    address: String,
    state: State,
    exit: Option<i32>,
}

enum State {
    Start,
    Looking(Lookup),
    Connecting(ConnectionId),
    /// Until the server has introduced itself.
    Greeting(Transport),
    Talking(Transport),
}

enum Turn {
    Again,
    Wait,
    Exit(i32),
}

impl Client {
    pub fn new(options: Options) -> Self {
        Self { options, connecting_since: None, address: String::new(), state: State::Start, exit: None }
    }

    fn turn(&mut self, os: &mut Os<'_>) -> Turn {
        let is_late = self.limit().is_some_and(|limit| limit <= os.now);
        match std::mem::replace(&mut self.state, State::Start) {
            State::Start => {
                self.state = State::Looking(Lookup::new(&self.options.host));
                Turn::Again
            }
            State::Looking(lookup) => self.look_up(os, lookup),
            State::Connecting(connection) => match os.standing(connection) {
                Standing::Connecting if is_late => self.could_not_connect(os, "Connection timed out"),
                Standing::Connecting => {
                    self.state = State::Connecting(connection);
                    Turn::Wait
                }
                Standing::Failed(error) => self.could_not_connect(os, error.describe()),
                Standing::Open => {
                    let mut transport = Transport::new(connection);
                    transport.identify(os);
                    self.state = State::Greeting(transport);
                    Turn::Again
                }
            },
            State::Greeting(transport) => self.greet(os, transport, is_late),
            State::Talking(transport) => self.talk(os, transport),
        }
    }

    fn look_up(&mut self, os: &mut Os<'_>, mut lookup: Lookup) -> Turn {
        match lookup.poll(os) {
            Looked::Waiting => {
                self.state = State::Looking(lookup);
                Turn::Wait
            }
            Looked::Found(addresses) => {
                self.address = addresses[0].to_string();
                self.state = State::Connecting(os.connect(addresses[0], self.options.port));
                self.connecting_since = Some(os.now);
                Turn::Again
            }
            Looked::Failed(why) => {
                let host = &self.options.host;
                self.say(os, &format!("ssh: Could not resolve hostname {host}: {}", why.describe()));
                Turn::Exit(FAILED)
            }
        }
    }

    fn could_not_connect(&self, os: &mut Os<'_>, why: &str) -> Turn {
        let (host, port) = (&self.options.host, self.options.port);
        self.say(os, &format!("ssh: connect to host {host} port {port}: {why}"));
        Turn::Exit(FAILED)
    }

    fn greet(&mut self, os: &mut Os<'_>, mut transport: Transport, is_late: bool) -> Turn {
        let received = transport.receive(os);
        if transport.take_identification() {
            transport.send_key_exchange(os);
            self.state = State::Talking(transport);
            return Turn::Again;
        }
        let (address, port) = (self.address.clone(), self.options.port);
        match received {
            Received::Bytes(_) | Received::Nothing if is_late => {
                self.say(os, "Connection timed out during banner exchange");
                self.say(os, &format!("Connection to {address} port {port} timed out"));
            }
            Received::Bytes(_) | Received::Nothing => {
                self.state = State::Greeting(transport);
                return Turn::Wait;
            }
            Received::End => {
                self.say(os, "kex_exchange_identification: Connection closed by remote host");
                self.say(os, &format!("Connection closed by {address} port {port}"));
            }
            Received::Failed(ConnectionError::TimedOut) => {
                self.say(os, "kex_exchange_identification: read: Connection timed out");
                self.say(
                    os,
                    &format!("banner exchange: Connection to {address} port {port}: Connection timed out"),
                );
            }
            Received::Failed(_) => {
                self.say(os, "kex_exchange_identification: read: Connection reset by peer");
                self.say(os, &format!("Connection reset by {address} port {port}"));
            }
        }
        Turn::Exit(FAILED)
    }

    fn talk(&mut self, os: &mut Os<'_>, mut transport: Transport) -> Turn {
        let received = transport.receive(os);
        loop {
            match transport.take_message() {
                Ok(Some(message)) => {
                    if let Some(status) = self.react(os, &mut transport, message) {
                        return Turn::Exit(status);
                    }
                }
                Ok(None) => break,
                Err(_) => {
                    self.say(os, "ssh_dispatch_run_fatal: Connection corrupted");
                    return Turn::Exit(FAILED);
                }
            }
        }
        transport.flush(os);
        match received {
            Received::Bytes(_) | Received::Nothing => {
                self.state = State::Talking(transport);
                return Turn::Wait;
            }
            Received::End => {
                self.say(os, &format!("Connection to {} closed by remote host.", self.options.host));
            }
            Received::Failed(ConnectionError::TimedOut) => {
                self.say(os, "client_loop: send disconnect: Connection timed out");
            }
            Received::Failed(_) => self.say(os, "client_loop: send disconnect: Broken pipe"),
        }
        Turn::Exit(FAILED)
    }

    /// Does what a message asks for; the exit status if it was the last.
    fn react(&mut self, os: &mut Os<'_>, transport: &mut Transport, message: Message) -> Option<i32> {
        let reply = match message {
            Message::KexInit { .. } => Message::ServiceRequest("ssh-userauth".to_owned()),
            Message::ServiceAccept(_) => {
                let user = self.options.user.clone();
                if self.options.has_key {
                    Message::UserauthRequest { user }
                } else {
                    Message::UserauthPassword { user, password: guess(os) }
                }
            }
            Message::UserauthFailure => {
                let (user, host) = (&self.options.user, &self.options.host);
                self.say(os, &format!("{user}@{host}: Permission denied ({METHODS})."));
                return Some(FAILED);
            }
            Message::UserauthSuccess => Message::ChannelOpen,
            Message::ChannelOpenConfirmation => Message::Exec(self.options.command.clone()),
            Message::Data(bytes) => {
                os.write_stdout(bytes);
                return None;
            }
            Message::ErrorData(bytes) => {
                os.write_stderr(bytes);
                return None;
            }
            Message::ExitStatus(status) => {
                self.exit = Some(status as i32);
                return None;
            }
            Message::Close => {
                transport.send(os, &[Message::Close, Message::Disconnect]);
                if self.options.terminal {
                    self.say(os, &format!("Connection to {} closed.", self.options.host));
                }
                return Some(self.exit.unwrap_or(FAILED));
            }
            Message::Disconnect => {
                let (address, port) = (&self.address, self.options.port);
                self.say(os, &format!("Received disconnect from {address} port {port}"));
                return Some(FAILED);
            }
            Message::ServiceRequest(_)
            | Message::NewKeys
            | Message::UserauthRequest { .. }
            | Message::UserauthPassword { .. }
            | Message::ChannelOpen
            | Message::Eof
            | Message::Exec(_)
            | Message::ChannelSuccess
            | Message::Other(_) => return None,
        };
        transport.send(os, &[reply]);
        None
    }

    fn limit(&self) -> Option<Instant> {
        if let State::Looking(lookup) = &self.state {
            return lookup.deadline();
        }
        let timeout: Duration = self.options.connect_timeout?;
        match self.state {
            State::Connecting(_) | State::Greeting(_) => Some(self.connecting_since? + timeout),
            State::Start | State::Looking(_) | State::Talking(_) => None,
        }
    }

    fn say(&self, os: &mut Os<'_>, line: &str) {
        if !self.options.quiet {
            // OpenSSH ends its own lines with CR LF.
            os.write_stderr(format!("{line}\r\n"));
        }
    }
}

/// A password as somebody tries it who does not know it.
fn guess(os: &mut Os<'_>) -> String {
    const LETTERS: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz123456";
    let random = os.random();
    let len = 6 + (random >> 60) as usize % 5;
    (0..len).map(|at| char::from(LETTERS[(random >> (5 * at)) as usize % LETTERS.len()])).collect()
}

impl Program for Client {
    fn step(&mut self, os: &mut Os<'_>) -> Progress {
        for _ in 0..TURNS_MAX {
            match self.turn(os) {
                Turn::Again => {}
                Turn::Wait => return Progress::Waiting(self.limit()),
                Turn::Exit(status) => return Progress::Exited(status),
            }
        }
        panic!("{}: ssh turns in circles", os.hostname);
    }
}
