//! DNS over TCP, the server's end: messages in, messages out, each with its length before it.
//!
//! Knows the framing; what the messages say is somebody else's business.

use super::exchange::framed;
use crate::guest::process::{Os, Outbox, Program, Progress, Received};
use crate::guest::request::{Query, Reply};
use crate::guest::stack::ConnectionId;

/// One client.
pub struct Session {
    connection: ConnectionId,
    received: Vec<u8>,
    unsent: Outbox,
    is_asking: bool,
}

impl Session {
    pub fn new(connection: ConnectionId) -> Self {
        Self { connection, received: Vec::new(), unsent: Outbox::default(), is_asking: false }
    }
}

impl Program for Session {
    fn step(&mut self, os: &mut Os<'_>) -> Progress {
        let news = os.recv(self.connection, &mut self.received);
        match os.take_reply() {
            Some(Reply::Dns(message)) => {
                let len = u16::try_from(message.len()).unwrap_or(u16::MAX);
                self.unsent.bytes_mut().extend(len.to_be_bytes());
                self.unsent.bytes_mut().extend_from_slice(&message[..usize::from(len)]);
                self.is_asking = false;
            }
            // What is no question gets no answer.
            Some(Reply::Silence | Reply::Http(_)) => return Progress::Exited(0),
            None => {}
        }
        self.unsent.flush(os, self.connection);
        if let Some(message) = framed(&self.received).filter(|_| !self.is_asking) {
            let len = message.len();
            os.ask(self.connection, Query::Dns(message.to_vec()));
            self.received.drain(..2 + len);
            self.is_asking = true;
        }
        match news {
            Received::Failed(_) => Progress::Exited(0),
            Received::End if !self.is_asking && self.unsent.is_empty() => Progress::Exited(0),
            Received::Bytes(_) | Received::Nothing | Received::End => Progress::Waiting(None),
        }
    }
}
