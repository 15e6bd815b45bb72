//! One side of an SSH connection: the identification line, then packets.
//!
//! Knows RFC 4253's framing; never what the messages are about.

use super::message::Message;
use crate::guest::process::{Os, Outbox, Received};
use crate::guest::stack::ConnectionId;

/// How both sides introduce themselves.
const IDENTIFICATION: &[u8] = b"SSH-2.0-OpenSSH_8.7\r\n";
/// The longest packet a peer may send (RFC 4253, 6.1, says at least 35000).
const PACKET_MAX: usize = 262_144;
/// Packets are padded to a multiple of this, by at least [`PADDING_MIN`].
const BLOCK: usize = 8;
const PADDING_MIN: usize = 4;

/// What a peer sent that cannot be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Broken;

/// One side of the connection.
pub(super) struct Transport {
    pub connection: ConnectionId,
    received: Vec<u8>,
    unsent: Outbox,
    identified: bool,
}

impl Transport {
    pub fn new(connection: ConnectionId) -> Self {
        Self { connection, received: Vec::new(), unsent: Outbox::default(), identified: false }
    }

    /// Whether the peer has introduced itself.
    pub fn is_identified(&self) -> bool {
        self.identified
    }

    pub fn identify(&mut self, os: &mut Os<'_>) {
        self.unsent.bytes_mut().extend_from_slice(IDENTIFICATION);
        self.flush(os);
    }

    /// Sends messages together, as OpenSSH does with what it has at one time.
    pub fn send(&mut self, os: &mut Os<'_>, messages: &[Message]) {
        for message in messages {
            seal(&message.encode(), self.unsent.bytes_mut());
        }
        self.flush(os);
    }

    pub fn send_key_exchange(&mut self, os: &mut Os<'_>) {
        let mut cookie = [0; 16];
        for half in cookie.chunks_exact_mut(8) {
            half.copy_from_slice(&os.random().to_be_bytes());
        }
        self.send(os, &[Message::KexInit { cookie }]);
    }

    /// Sends what did not fit before.
    pub fn flush(&mut self, os: &mut Os<'_>) {
        self.unsent.flush(os, self.connection);
    }

    pub fn receive(&mut self, os: &mut Os<'_>) -> Received {
        os.recv(self.connection, &mut self.received)
    }

    /// Reads the peer's identification line once it is there.
    pub fn take_identification(&mut self) -> bool {
        let Some(end) = self.received.iter().position(|byte| *byte == b'\n') else { return false };
        self.received.drain(..=end);
        self.identified = true;
        true
    }

    /// Takes the next message once it is complete.
    pub fn take_message(&mut self) -> Result<Option<Message>, Broken> {
        let Some(len) = self.received.first_chunk::<4>() else { return Ok(None) };
        let len = u32::from_be_bytes(*len) as usize;
        if !(PADDING_MIN + 2..=PACKET_MAX).contains(&len) {
            return Err(Broken);
        }
        if self.received.len() < 4 + len {
            return Ok(None);
        }
        let padding = usize::from(self.received[4]);
        let payload = self.received.get(5..(4 + len).saturating_sub(padding)).ok_or(Broken)?;
        let message = Message::decode(payload).ok_or(Broken)?;
        self.received.drain(..4 + len);
        Ok(Some(message))
    }
}

fn seal(payload: &[u8], out: &mut Vec<u8>) {
    let unpadded = 4 + 1 + payload.len();
    let padding = (unpadded + PADDING_MIN).next_multiple_of(BLOCK) - unpadded;
    out.extend_from_slice(&((1 + payload.len() + padding) as u32).to_be_bytes());
    out.push(padding as u8);
    out.extend_from_slice(payload);
    out.resize(out.len() + padding, 0);
}
