//! The certificate authority of a run, and the certificates of its servers.
//!
//! Knows names, dates and keys, all of which derive from the run's seed; never who shows a certificate to
//! whom.

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyPair, KeyUsagePurpose, PKCS_ED25519, SanType, SerialNumber, date_time_ymd,
};
use rustls::pki_types::{CertificateDer, DnsName, PrivatePkcs8KeyDer, TrustAnchor};

use super::provider;
use crate::seed::{self, Seed};

/// What the authority is called.
const AUTHORITY: &str = "vpclab Root CA";
/// A name that no host of a scenario has.
const OTHER_NAME: &str = "other.invalid";
/// The longest common name (X.520, `ub-common-name`).
const COMMON_NAME_MAX: usize = 64;

/// What kind of certificate a server shows.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Certificate {
    /// One that everybody accepts.
    Valid,
    /// One that nobody but the server itself vouches for.
    SelfSigned,
    /// One that was good until the end of 2000.
    Expired,
    /// A good one, for somebody else.
    OtherName,
}

/// Who a server says it is.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Identity {
    /// What it shows for it.
    pub certificate: Certificate,
    /// Its names, of which the first label may be `*`. If there are none it has all by which the host is
    /// known.
    pub names: Vec<String>,
}

impl Identity {
    /// A server with a valid certificate for some names.
    pub fn valid(names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self { certificate: Certificate::Valid, names: names.into_iter().map(Into::into).collect() }
    }

    /// Whether a certificate can be for a name.
    pub fn can_have(name: &str) -> bool {
        let rest = name.strip_prefix("*.").unwrap_or(name);
        rest.is_ascii() && !rest.ends_with('.') && DnsName::try_from(rest).is_ok()
    }
}

/// Whom all hosts of a run trust.
pub(super) struct Authority {
    seed: Seed,
    issuer: Issuer<'static, KeyPair>,
    anchor: TrustAnchor<'static>,
}

impl Authority {
    /// The authority of a run: the same on every host.
    pub fn new(seed: Seed) -> Self {
        let mut params = params(AUTHORITY, AUTHORITY);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let key = key(seed, AUTHORITY).0;
        let certificate = params.self_signed(&key).expect("its parts are valid").der().clone();
        let anchor = webpki::anchor_from_trusted_cert(&certificate).expect("it is an authority").to_owned();
        Self { seed, issuer: Issuer::new(params, key), anchor }
    }

    /// What hosts have to trust.
    pub fn anchor(&self) -> &TrustAnchor<'static> {
        &self.anchor
    }

    /// The certificate and key of a server on a host.
    pub fn certify(
        &self,
        host: &str,
        certificate: Certificate,
        names: &[String],
    ) -> (CertificateDer<'static>, PrivatePkcs8KeyDer<'static>) {
        let names = match certificate {
            Certificate::OtherName => &[OTHER_NAME.to_owned()],
            Certificate::Valid | Certificate::SelfSigned | Certificate::Expired => names,
        };
        let subject = names.first().map_or(host, String::as_str);
        let consumer = format!("{host} {certificate:?} {}", names.join(" "));
        let mut params = params(subject, &consumer);
        let alternatives = names.iter().filter_map(|name| name.to_ascii_lowercase().try_into().ok());
        params.subject_alt_names = alternatives.map(SanType::DnsName).collect();
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let (key, secret) = key(self.seed, &consumer);
        let made = match certificate {
            Certificate::SelfSigned => params.self_signed(&key),
            Certificate::Valid | Certificate::OtherName => self.sign(params, &key),
            Certificate::Expired => {
                params.not_after = date_time_ymd(2000, 12, 31);
                self.sign(params, &key)
            }
        };
        (made.expect("its parts are valid").der().clone(), secret)
    }

    fn sign(&self, mut params: CertificateParams, key: &KeyPair) -> Result<rcgen::Certificate, rcgen::Error> {
        params.use_authority_key_identifier_extension = true;
        params.signed_by(key, &self.issuer)
    }
}

/// A certificate that is good for a century, whenever a scenario begins (assumed: certificate-dates).
fn params(common_name: &str, serial: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    let common_name: String = common_name.chars().take(COMMON_NAME_MAX).collect();
    params.distinguished_name.push(DnType::CommonName, common_name);
    // The first bit is the sign of the number.
    let serial = seed::hash(&["certificate", serial]) >> 1 | 1;
    params.serial_number = Some(SerialNumber::from_slice(&serial.to_be_bytes()));
    params.not_before = date_time_ymd(2000, 1, 1);
    params.not_after = date_time_ymd(2100, 1, 1);
    params
}

/// An Ed25519 key: its signatures need no random number.
fn key(seed: Seed, consumer: &str) -> (KeyPair, PrivatePkcs8KeyDer<'static>) {
    /// What stands before the 32 bytes of a private key (RFC 8410, 7).
    const HEAD: [u8; 16] = [0x30, 46, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 34, 4, 32];
    let mut bytes = [0; HEAD.len() + 32];
    let (head, secret) = bytes.split_at_mut(HEAD.len());
    head.copy_from_slice(&HEAD);
    provider::fill(&mut seed.stream("tls-key", consumer), secret);
    let secret = PrivatePkcs8KeyDer::from(bytes.to_vec());
    let pair = KeyPair::from_pkcs8_der_and_sign_algo(&secret, &PKCS_ED25519);
    (pair.expect("32 bytes are a key"), secret)
}
