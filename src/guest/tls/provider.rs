//! Cryptography without chance: every random byte comes from the stream of the host that asks, and the
//! clock is virtual time.
//!
//! Knows rustls's hooks; never what is encrypted or for whom.
//!
//! rustls takes its random numbers, its clock and whoever wants its secrets through objects without a place
//! for a host. So what belongs to a host is laid ready before each of its calls, and taken back afterwards.

use std::cell::RefCell;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use rustls::crypto::{
    ActiveKeyExchange, CryptoProvider, GetRandomFailed, SecureRandom, SharedSecret, SupportedKxGroup, ring,
};
use rustls::pki_types::UnixTime;
use rustls::time_provider::TimeProvider;
use rustls::{Error, KeyLog, NamedGroup, PeerMisbehaved};
use x25519_dalek::{PublicKey, StaticSecret};

use super::Secret;
use crate::seed::Stream;
use crate::time::Instant;

/// Length of a private key, a public key and a client's random number.
const LEN: usize = 32;

thread_local! {
    static LENT: RefCell<Option<Lent>> = const { RefCell::new(None) };
}

/// What a host lends to the library for one call.
pub(super) struct Lent {
    pub random: Stream,
    pub now: Instant,
    /// What sessions were encrypted with, in the order it became known.
    pub secrets: Vec<Secret>,
}

impl Lent {
    /// Does some work of the library with it, and takes it back.
    pub fn during<T>(self, work: impl FnOnce() -> T) -> (Self, T) {
        LENT.set(Some(self));
        let result = work();
        (LENT.take().expect("the library keeps nothing"), result)
    }
}

/// The one provider there is. Its suites are those of ring, its only key exchange is X25519.
pub(super) static PROVIDER: LazyLock<Arc<CryptoProvider>> = LazyLock::new(|| {
    Arc::new(CryptoProvider { kx_groups: vec![&X25519], secure_random: &Ambient, ..ring::default_provider() })
});

/// What is lent at the moment.
#[derive(Debug)]
pub(super) struct Ambient;

impl SecureRandom for Ambient {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), GetRandomFailed> {
        LENT.with_borrow_mut(|lent| {
            // Without a host there is no random number: the system's would not be the same again.
            let random = &mut lent.as_mut().ok_or(GetRandomFailed)?.random;
            fill(random, bytes);
            Ok(())
        })
    }
}

impl TimeProvider for Ambient {
    fn current_time(&self) -> Option<UnixTime> {
        LENT.with_borrow(|lent| lent.as_ref().map(|lent| unix_time(lent.now)))
    }
}

impl KeyLog for Ambient {
    fn log(&self, label: &str, client_random: &[u8], secret: &[u8]) {
        let Ok(random) = <[u8; LEN]>::try_from(client_random) else { return };
        LENT.with_borrow_mut(|lent| {
            if let Some(lent) = lent {
                lent.secrets.push(Secret { random, line: Secret::line(label, &random, secret) });
            }
        });
    }
}

/// Virtual time as certificates count it.
pub(super) fn unix_time(at: Instant) -> UnixTime {
    UnixTime::since_unix_epoch(Duration::from_secs(at.unix_seconds()))
}

/// Fills bytes with a stream's next numbers.
pub(super) fn fill(random: &mut Stream, bytes: &mut [u8]) {
    for piece in bytes.chunks_mut(8) {
        piece.copy_from_slice(&random.next_u64().to_le_bytes()[..piece.len()]);
    }
}

/// The key exchange of ring draws from the system; this one does not.
#[derive(Debug)]
struct X25519;

struct Exchange {
    secret: StaticSecret,
    public: PublicKey,
}

impl SupportedKxGroup for X25519 {
    fn start(&self) -> Result<Box<dyn ActiveKeyExchange>, Error> {
        let mut key = [0; LEN];
        Ambient.fill(&mut key)?;
        let secret = StaticSecret::from(key);
        let public = PublicKey::from(&secret);
        Ok(Box::new(Exchange { secret, public }))
    }

    fn name(&self) -> NamedGroup {
        NamedGroup::X25519
    }
}

impl ActiveKeyExchange for Exchange {
    fn complete(self: Box<Self>, peer: &[u8]) -> Result<SharedSecret, Error> {
        let peer: [u8; LEN] = peer.try_into().map_err(|_| PeerMisbehaved::InvalidKeyShare)?;
        let shared = self.secret.diffie_hellman(&PublicKey::from(peer));
        if shared.was_contributory() {
            Ok(SharedSecret::from(&shared.as_bytes()[..]))
        } else {
            Err(PeerMisbehaved::InvalidKeyShare.into())
        }
    }

    fn pub_key(&self) -> &[u8] {
        self.public.as_bytes()
    }

    fn group(&self) -> NamedGroup {
        NamedGroup::X25519
    }
}
