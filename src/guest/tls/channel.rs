//! A connection as programs use it, with or without TLS.
//!
//! Knows bytes, records and why a session failed; never what the bytes are about.

use std::io::{Read, Write};
use std::sync::Arc;

use rustls::pki_types::ServerName;
use rustls::{AlertDescription, Connection, Error, InvalidMessage, ProtocolVersion};

use super::verify::{self, CertificateProblem, Verifier};
use super::{Identity, Tls};
use crate::guest::connection::ConnectionError;
use crate::guest::process::{self, Os};
use crate::guest::stack::ConnectionId;
use crate::time::Instant;

/// The most a record holds (RFC 8446, 5.1).
const RECORD_MAX: usize = 16_384;

/// Where a channel stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::guest) enum Stage {
    /// The two sides do not know each other yet.
    Handshaking,
    /// Bytes can be sent.
    Open,
    /// Nothing will come of it.
    Failed(Failure),
}

/// What reading from a channel gives. Whoever gets bytes has to ask again.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::guest) enum Received {
    Bytes(usize),
    Nothing,
    End,
    Failed(Failure),
}

/// Why a channel failed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::guest) enum Failure {
    /// The connection below did.
    Connection(ConnectionError),
    /// The session did.
    Tls(TlsError),
}

/// Why a session failed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::guest) enum TlsError {
    /// The peer said what it does not like.
    Alert(Alert),
    /// A record that nobody with the keys has made.
    BadRecord,
    /// Something that TLS does not allow at this point.
    Broken,
    /// The server's certificate is not good.
    Certificate(CertificateProblem),
    /// What came is no TLS at all.
    NotTls,
    /// The connection ended before the session did.
    Truncated,
}

/// The number of an alert (RFC 8446, 6).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::guest) struct Alert(pub u8);

/// A connection, and the session on it if there is one.
pub(in crate::guest) struct Channel {
    connection: ConnectionId,
    session: Option<Box<Session>>,
}

impl Channel {
    /// A connection without TLS.
    pub fn plain(connection: ConnectionId) -> Self {
        Self { connection, session: None }
    }

    /// Begins a session as its client, on a connection that is open. `host` is a name or an address;
    /// `is_strict` says whether the server's certificate has to be good.
    pub fn client(os: &mut Os<'_>, connection: ConnectionId, host: &str, is_strict: bool) -> Self {
        let name = ServerName::try_from(host.trim_end_matches('.').to_ascii_lowercase()).ok();
        // Of an address nothing is said to the server.
        let said = name.clone().unwrap_or_else(|| ServerName::from(std::net::IpAddr::from([0; 4])));
        let (library, verifier) = os.tls.connect(os.now, said, is_strict);
        let mut session = Session::new(library.into());
        session.server = Some(Server { verifier, name, is_strict });
        let mut channel = Self { connection, session: Some(Box::new(session)) };
        channel.pump(os);
        channel
    }

    /// Begins a session as its server.
    pub fn server(tls: &mut Tls, now: Instant, connection: ConnectionId, identity: &Identity) -> Self {
        let session = Session::new(tls.accept(now, identity).into());
        Self { connection, session: Some(Box::new(session)) }
    }

    /// Goes on with the handshake, and says how far it is. Without TLS there is none.
    pub fn stage(&mut self, os: &mut Os<'_>) -> Stage {
        self.pump(os);
        let Some(session) = &self.session else { return Stage::Open };
        match session.failure {
            Some(failure) => Stage::Failed(failure),
            None if session.library.is_handshaking() => Stage::Handshaking,
            None => Stage::Open,
        }
    }

    /// Hands over bytes and says how many were taken; the rest has to wait for news.
    pub fn send(&mut self, os: &mut Os<'_>, bytes: &[u8]) -> usize {
        let Some(session) = &mut self.session else { return os.send(self.connection, bytes) };
        let mut taken = 0;
        if session.failure.is_some() || session.library.is_handshaking() {
            return taken;
        }
        // At most one record waits here: the connection below decides how much is on its way.
        while taken < bytes.len() && session.flush(os, self.connection) {
            let piece = &bytes[taken..bytes.len().min(taken + RECORD_MAX)];
            taken += os.tls.during(os.now, || session.seal(piece));
        }
        session.flush(os, self.connection);
        taken
    }

    /// Appends what has come.
    pub fn recv(&mut self, os: &mut Os<'_>, into: &mut Vec<u8>) -> Received {
        if self.session.is_none() {
            return match os.recv(self.connection, into) {
                process::Received::Bytes(count) => Received::Bytes(count),
                process::Received::Nothing => Received::Nothing,
                process::Received::End => Received::End,
                process::Received::Failed(error) => Received::Failed(Failure::Connection(error)),
            };
        }
        self.pump(os);
        let Some(session) = &mut self.session else { return Received::Nothing };
        if !session.received.is_empty() {
            let count = session.received.len();
            into.append(&mut session.received);
            return Received::Bytes(count);
        }
        // What happens to the connection behind the end matters to those who still have to send.
        if session.peer_has_closed && session.unsent.is_empty() {
            return Received::End;
        }
        match session.failure {
            Some(failure) => Received::Failed(failure),
            None if session.peer_has_closed => Received::End,
            None => Received::Nothing,
        }
    }

    /// Whether all bytes that were taken are with the connection below, which sends them even if it is
    /// closed.
    pub fn is_flushed(&mut self, os: &mut Os<'_>) -> bool {
        self.session.as_mut().is_none_or(|session| session.flush(os, self.connection))
    }

    /// Ends the session, if it is open, and closes the connection.
    pub fn close(&mut self, os: &mut Os<'_>) {
        self.end_session(os);
        self.session = None;
        os.close(self.connection);
    }

    /// Tells the peer that nothing more will come. The end of the process closes the connection.
    pub fn end_session(&mut self, os: &mut Os<'_>) {
        let Some(session) = &mut self.session else { return };
        let is_sound = match session.failure {
            None => true,
            // The handshake was over before somebody looked at the name.
            Some(Failure::Tls(TlsError::Certificate(CertificateProblem::OtherName))) => true,
            Some(Failure::Connection(_) | Failure::Tls(_)) => false,
        };
        if is_sound && !session.library.is_handshaking() && !session.has_closed {
            session.has_closed = true;
            os.tls.during(os.now, || {
                session.library.send_close_notify();
                session.collect();
            });
        }
        session.flush(os, self.connection);
    }

    /// The connection below.
    pub fn connection(&self) -> ConnectionId {
        self.connection
    }

    /// Whether the peer has said that nothing more will come.
    pub fn peer_has_closed(&self) -> bool {
        self.session.as_ref().is_some_and(|session| session.peer_has_closed)
    }

    /// What the session agreed on, once it is open: protocol, suite, group and signature as OpenSSL
    /// calls them. All keys of a run are Ed25519.
    pub fn agreed(&self) -> Option<String> {
        let library = &self.session.as_ref()?.library;
        let is_newest = library.protocol_version()? == ProtocolVersion::TLSv1_3;
        let version = if is_newest { "TLSv1.3" } else { "TLSv1.2" };
        let suite = format!("{:?}", library.negotiated_cipher_suite()?.suite()).replace("TLS13_", "TLS_");
        let group = format!("{:?}", library.negotiated_key_exchange_group()?.name());
        Some(format!("{version} / {suite} / {group} / ED25519"))
    }

    /// The protocol that the server has chosen of those that were offered.
    pub fn protocol(&self) -> Option<String> {
        let chosen = self.session.as_ref()?.library.alpn_protocol()?;
        Some(String::from_utf8_lossy(chosen).into_owned())
    }

    /// What a client found about the server's certificate, even if it went on regardless. The name is not
    /// part of it.
    pub fn certificate(&self) -> Option<Result<(), CertificateProblem>> {
        self.session.as_ref()?.server.as_ref()?.verifier.found()
    }

    /// Takes in what has come, and sends what is due.
    fn pump(&mut self, os: &mut Os<'_>) {
        let Some(session) = &mut self.session else { return };
        let mut bytes = Vec::new();
        while session.failure.is_none() {
            match os.recv(self.connection, &mut bytes) {
                process::Received::Bytes(_) if session.peer_has_closed => bytes.clear(),
                process::Received::Bytes(_) => {
                    let done = os.tls.during(os.now, || session.open(&bytes));
                    session.failure = done.err().map(Failure::Tls);
                    bytes.clear();
                }
                process::Received::Nothing => break,
                process::Received::End if session.peer_has_closed => break,
                process::Received::End => session.failure = Some(Failure::Tls(TlsError::Truncated)),
                process::Received::Failed(error) => session.failure = Some(Failure::Connection(error)),
            }
        }
        // A client speaks first.
        os.tls.during(os.now, || session.collect());
        session.flush(os, self.connection);
    }
}

/// Whom a client talks to.
struct Server {
    verifier: Arc<Verifier>,
    /// None if what was typed cannot be a name.
    name: Option<ServerName<'static>>,
    is_strict: bool,
}

struct Session {
    library: Connection,
    /// On the client's side.
    server: Option<Server>,
    /// Records that the connection has not taken yet, from `sent` on.
    unsent: Vec<u8>,
    sent: usize,
    /// What came in records and nobody has taken.
    received: Vec<u8>,
    failure: Option<Failure>,
    peer_has_closed: bool,
    has_closed: bool,
}

impl Session {
    fn new(library: Connection) -> Self {
        Self {
            library,
            server: None,
            unsent: Vec::new(),
            sent: 0,
            received: Vec::new(),
            failure: None,
            peer_has_closed: false,
            has_closed: false,
        }
    }

    /// Hands records to the connection; says whether it took all.
    fn flush(&mut self, os: &mut Os<'_>, connection: ConnectionId) -> bool {
        self.sent += os.send(connection, &self.unsent[self.sent..]);
        if self.sent < self.unsent.len() {
            return false;
        }
        self.unsent.clear();
        self.sent = 0;
        true
    }

    /// Makes records of bytes; says of how many.
    fn seal(&mut self, bytes: &[u8]) -> usize {
        let taken = self.library.writer().write(bytes).unwrap_or(0);
        self.collect();
        taken
    }

    /// Takes what the library wants to send.
    fn collect(&mut self) {
        while self.library.wants_write() {
            self.library.write_tls(&mut self.unsent).expect("memory takes everything");
        }
    }

    /// Takes in what came on the connection.
    fn open(&mut self, mut bytes: &[u8]) -> Result<(), TlsError> {
        let result = self.read(&mut bytes);
        // Also an alert that says why not.
        self.collect();
        result?;
        self.check_name()
    }

    fn read(&mut self, bytes: &mut &[u8]) -> Result<(), TlsError> {
        while !bytes.is_empty() && !self.peer_has_closed {
            if self.library.read_tls(bytes).map_err(|_| TlsError::Broken)? == 0 {
                return Err(TlsError::Broken);
            }
            let state = self.library.process_new_packets().map_err(|error| self.reason(&error))?;
            let before = self.received.len();
            self.received.resize(before + state.plaintext_bytes_to_read(), 0);
            let read = self.library.reader().read_exact(&mut self.received[before..]);
            read.map_err(|_| TlsError::Broken)?;
            self.peer_has_closed = state.peer_has_closed();
        }
        Ok(())
    }

    fn check_name(&mut self) -> Result<(), TlsError> {
        let Some(server) = self.server.as_ref().filter(|server| server.is_strict) else { return Ok(()) };
        if self.library.is_handshaking() {
            return Ok(());
        }
        let shown = self.library.peer_certificates().and_then(|shown| shown.first());
        let is_right = match (shown, &server.name) {
            (Some(shown), Some(name)) => verify::is_for(shown, name),
            (Some(_) | None, _) => false,
        };
        if is_right { Ok(()) } else { Err(TlsError::Certificate(CertificateProblem::OtherName)) }
    }

    fn reason(&self, error: &Error) -> TlsError {
        let found = self.server.as_ref().and_then(|server| server.verifier.found());
        match (error, found) {
            (Error::AlertReceived(alert), _) => TlsError::Alert(number(*alert)),
            (Error::InvalidCertificate(_), Some(Err(problem))) => TlsError::Certificate(problem),
            (Error::DecryptError | Error::PeerSentOversizedRecord, _) => TlsError::BadRecord,
            (
                Error::InvalidMessage(
                    InvalidMessage::InvalidContentType | InvalidMessage::UnknownProtocolVersion,
                ),
                _,
            ) => TlsError::NotTls,
            _ => TlsError::Broken,
        }
    }
}

fn number(alert: AlertDescription) -> Alert {
    Alert(u8::from(alert))
}
