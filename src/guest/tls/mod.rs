//! TLS as hosts speak it: rustls without a socket, a clock or a random number of its own.
//!
//! Knows sessions, certificates and what a host needs for them; never which program speaks or what it
//! says. The only user of rustls, webpki, rcgen and x25519-dalek.
//!
//! A program has a [`Channel`], which is a connection with or without TLS.

mod authority;
mod channel;
mod provider;
mod verify;

use std::fmt::Write;
use std::sync::Arc;

use rustls::client::Resumption;
use rustls::pki_types::ServerName;
use rustls::server::NoServerSessionStorage;
use rustls::{ClientConfig, ClientConnection, ServerConfig, ServerConnection};

use self::authority::Authority;
pub use self::authority::{Certificate, Identity};
pub(super) use self::channel::{Alert, Channel, Failure, Received, Stage, TlsError};
use self::provider::{Ambient, Lent, PROVIDER};
pub(super) use self::verify::CertificateProblem;
use self::verify::Verifier;
use crate::seed::{Seed, Stream};
use crate::time::Instant;

/// The one protocol that is spoken in TLS here, by its name in ALPN (RFC 7301).
const HTTP_1_1: &[u8] = b"http/1.1";

/// A line of what `SSLKEYLOGFILE` names in other programs: it lets a reader of a capture look inside.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Secret {
    /// Which session: the random number in its ClientHello.
    pub random: [u8; 32],
    /// The line, without its end.
    pub line: String,
}

impl Secret {
    fn line(label: &str, random: &[u8], secret: &[u8]) -> String {
        let mut line = label.to_owned();
        for bytes in [random, secret] {
            line.push(' ');
            for byte in bytes {
                write!(line, "{byte:02x}").expect("a text takes everything");
            }
        }
        line
    }
}

/// What a host has for TLS. Nothing of it is made before the first connection.
pub(super) struct Tls {
    seed: Seed,
    host: String,
    known_as: Vec<String>,
    random: Stream,
    secrets: Vec<Secret>,
    authority: Option<Authority>,
    servers: Vec<(Identity, Arc<ServerConfig>)>,
}

impl Tls {
    /// For a host with this name in the run, that others know by some names.
    pub fn new(seed: Seed, host: &str, known_as: &[String]) -> Self {
        Self {
            seed,
            host: host.to_owned(),
            known_as: known_as.iter().filter(|name| Identity::can_have(name)).cloned().collect(),
            random: seed.stream("tls", host),
            secrets: Vec::new(),
            authority: None,
            servers: Vec::new(),
        }
    }

    /// Takes what sessions were encrypted with since the last call.
    pub fn take_secrets(&mut self) -> Vec<Secret> {
        std::mem::take(&mut self.secrets)
    }

    /// Does some work of the library with this host's random numbers at a time.
    fn during<T>(&mut self, now: Instant, work: impl FnOnce() -> T) -> T {
        let lent = Lent { random: self.random.clone(), now, secrets: std::mem::take(&mut self.secrets) };
        let (lent, result) = lent.during(work);
        self.random = lent.random;
        self.secrets = lent.secrets;
        result
    }

    fn authority(&mut self) -> &Authority {
        self.authority.get_or_insert_with(|| Authority::new(self.seed))
    }

    /// A client's side of a session, and who looks at the server's certificate.
    fn connect(
        &mut self,
        now: Instant,
        name: ServerName<'static>,
        is_strict: bool,
    ) -> (ClientConnection, Arc<Verifier>) {
        let anchor = self.authority().anchor().clone();
        let verifier = Arc::new(Verifier::new(Arc::clone(&PROVIDER), anchor, is_strict));
        let mut config = ClientConfig::builder_with_details(Arc::clone(&PROVIDER), Arc::new(Ambient))
            .with_safe_default_protocol_versions()
            .expect("the provider has suites for both versions")
            .dangerous()
            .with_custom_certificate_verifier(Arc::clone(&verifier) as _)
            .with_no_client_auth();
        config.alpn_protocols = vec![HTTP_1_1.to_vec()];
        config.key_log = Arc::new(Ambient);
        // Every session is a new one (assumed: tls-no-resumption).
        config.resumption = Resumption::disabled();
        let session = self.during(now, || ClientConnection::new(Arc::new(config), name));
        (session.expect("a client needs only random numbers"), verifier)
    }

    /// A server's side of a session.
    fn accept(&mut self, now: Instant, identity: &Identity) -> ServerConnection {
        let known = self.servers.iter().find(|(known, _)| known == identity);
        let config = match known {
            Some((_, config)) => Arc::clone(config),
            None => {
                let config = Arc::new(self.server(identity));
                self.servers.push((identity.clone(), Arc::clone(&config)));
                config
            }
        };
        self.during(now, || ServerConnection::new(config)).expect("a server needs only its certificate")
    }

    fn server(&mut self, identity: &Identity) -> ServerConfig {
        let names = if identity.names.is_empty() { &self.known_as } else { &identity.names }.clone();
        let host = self.host.clone();
        let (certificate, key) = self.authority().certify(&host, identity.certificate, &names);
        let mut config = ServerConfig::builder_with_details(Arc::clone(&PROVIDER), Arc::new(Ambient))
            .with_safe_default_protocol_versions()
            .expect("the provider has suites for both versions")
            .with_no_client_auth()
            .with_single_cert(vec![certificate], key.into())
            .expect("the key is that of the certificate");
        config.alpn_protocols = vec![HTTP_1_1.to_vec()];
        config.key_log = Arc::new(Ambient);
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
        config
    }
}
