//! `sshd`'s side of one connection: runs the command it is sent.
//!
//! Knows the order of messages a server expects; never what the command does.

use super::message::{DATA_MAX, Message};
use super::transport::Transport;
use crate::guest::command;
use crate::guest::process::{Os, ProcessId, Program, Progress, Received};
use crate::guest::stack::ConnectionId;

/// Exit status of a shell for a program it does not find.
const COMMAND_NOT_FOUND: u32 = 127;

/// One session.
pub(in crate::guest) struct Session {
    transport: Transport,
    greeted: bool,
    child: Option<ProcessId>,
    /// The exit status is sent; the client is expected to go.
    is_over: bool,
}

impl Session {
    pub fn new(connection: ConnectionId) -> Self {
        Self { transport: Transport::new(connection), greeted: false, child: None, is_over: false }
    }

    fn answer(&mut self, os: &mut Os<'_>, message: Message) {
        let reply = match message {
            Message::ServiceRequest(name) => Message::ServiceAccept(name),
            Message::UserauthRequest { .. } => Message::UserauthSuccess,
            Message::UserauthPassword { .. } => Message::UserauthFailure,
            Message::ChannelOpen => Message::ChannelOpenConfirmation,
            Message::Exec(line) => {
                self.transport.send(os, &[Message::ChannelSuccess]);
                self.run(os, &line);
                return;
            }
            // A client that says goodbye hangs up by itself.
            Message::Disconnect
            | Message::ServiceAccept(_)
            | Message::KexInit { .. }
            | Message::NewKeys
            | Message::UserauthFailure
            | Message::UserauthSuccess
            | Message::ChannelOpenConfirmation
            | Message::Data(_)
            | Message::ErrorData(_)
            | Message::Eof
            | Message::Close
            | Message::ExitStatus(_)
            | Message::ChannelSuccess
            | Message::Other(_) => return,
        };
        self.transport.send(os, &[reply]);
    }

    fn run(&mut self, os: &mut Os<'_>, line: &str) {
        match command::parse(line) {
            Ok(command) => self.child = Some(os.spawn(command.program())),
            // A command is checked where it is typed; this is for a client that did not.
            Err(error) => {
                let text = format!("bash: line 1: {error}\n").into_bytes();
                self.transport.send(os, &[Message::ErrorData(text)]);
                self.end(os, COMMAND_NOT_FOUND);
            }
        }
    }

    /// Passes on what the command has written, and its end.
    fn relay(&mut self, os: &mut Os<'_>) {
        let Some(child) = self.child else { return };
        let (stdout, stderr) = os.take_output(child);
        let out = stdout.chunks(DATA_MAX).map(|bytes| Message::Data(bytes.to_vec()));
        let err = stderr.chunks(DATA_MAX).map(|bytes| Message::ErrorData(bytes.to_vec()));
        let messages: Vec<Message> = out.chain(err).collect();
        if !messages.is_empty() {
            self.transport.send(os, &messages);
        }
        if let Some(status) = os.exit_of(child)
            && !self.is_over
        {
            self.end(os, status as u32);
        }
    }

    fn end(&mut self, os: &mut Os<'_>, status: u32) {
        self.is_over = true;
        self.transport.send(os, &[Message::Eof, Message::ExitStatus(status), Message::Close]);
    }
}

impl Program for Session {
    fn step(&mut self, os: &mut Os<'_>) -> Progress {
        if !self.greeted {
            self.greeted = true;
            self.transport.identify(os);
        }
        let received = self.transport.receive(os);
        if !self.transport.is_identified() && self.transport.take_identification() {
            self.transport.send_key_exchange(os);
        }
        while self.transport.is_identified() {
            match self.transport.take_message() {
                Ok(Some(message)) => self.answer(os, message),
                Ok(None) => break,
                Err(_) => return Progress::Exited(0),
            }
        }
        self.relay(os);
        self.transport.flush(os);
        match received {
            Received::End | Received::Failed(_) => Progress::Exited(0),
            Received::Bytes(_) | Received::Nothing => Progress::Waiting(None),
        }
    }
}
