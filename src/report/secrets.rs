//! Which captures need which secrets of TLS sessions, and when.
//!
//! Knows where a ClientHello has its random number; never how it got there.
//!
//! Readers that go through a capture once can decrypt what stands behind a secret. The random number of a
//! session is in its first packet, and a server knows all secrets before it answers: so a capture has them
//! in time if they come before the frame after that.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

use super::pcapng::Writer;

type Random = [u8; 32];

/// All secrets of a run so far.
#[derive(Default)]
pub(super) struct Secrets {
    lines: BTreeMap<Random, Vec<String>>,
}

/// What one capture lacks.
#[derive(Default)]
pub(super) struct Due {
    /// The sessions that it has the first packet of.
    sessions: BTreeSet<Random>,
    /// Lines that have to come before its next frame.
    lines: String,
}

impl Secrets {
    /// Takes in a line about a session. Both sides tell the same ones.
    pub fn learn<'a>(&mut self, random: &Random, line: &str, captures: impl Iterator<Item = &'a mut Due>) {
        let lines = self.lines.entry(*random).or_default();
        if lines.iter().any(|known| known == line) {
            return;
        }
        lines.push(line.to_owned());
        for capture in captures.filter(|capture| capture.sessions.contains(random)) {
            capture.add(line);
        }
    }

    /// Looks whether a frame that some captures have begins a session.
    pub fn saw(&self, frame: &[u8], captures: [&mut Due; 2]) {
        let Some(random) = client_random(frame) else { return };
        for capture in captures {
            if capture.sessions.insert(random) {
                self.lines.get(&random).into_iter().flatten().for_each(|line| capture.add(line));
            }
        }
    }
}

impl Due {
    /// Writes what has to come before the next frame.
    pub fn write<W: Write>(&mut self, writer: &mut Writer<W>) -> io::Result<()> {
        if self.lines.is_empty() { Ok(()) } else { writer.secrets(&std::mem::take(&mut self.lines)) }
    }

    fn add(&mut self, line: &str) {
        self.lines.push_str(line);
        self.lines.push('\n');
    }
}

/// The random number of the ClientHello that a frame begins with, if it does.
fn client_random(frame: &[u8]) -> Option<Random> {
    const ETHERNET: usize = 14;
    const IPV4: [u8; 2] = [0x08, 0x00];
    const TCP: u8 = 6;
    /// A record has its kind, a version and a length, then a message its kind and its length.
    const HANDSHAKE: u8 = 22;
    const CLIENT_HELLO: u8 = 1;
    const RANDOM: usize = 5 + 4 + 2;
    let (header, packet) = frame.split_at_checked(ETHERNET)?;
    if !header.ends_with(&IPV4) || packet.get(9) != Some(&TCP) {
        return None;
    }
    let segment = packet.get(usize::from(packet[0] & 0x0f) * 4..)?;
    let payload = segment.get(usize::from(segment.get(12)? >> 4) * 4..)?;
    if payload.first() != Some(&HANDSHAKE) || payload.get(5) != Some(&CLIENT_HELLO) {
        return None;
    }
    payload.get(RANDOM..)?.first_chunk().copied()
}
