//! What a client makes of a server's certificate, in the order in which OpenSSL does.
//!
//! Knows certificates and whom to trust; never what a program says about it.

use std::sync::{Arc, OnceLock};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, TrustAnchor, UnixTime};
use rustls::{CertificateError, DigitallySignedStruct, Error, SignatureScheme};
use webpki::{EndEntityCert, KeyUsage};

/// What is wrong with a server's certificate.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::guest) enum CertificateProblem {
    /// Its time is over.
    Expired,
    /// It cannot be read, or is not for servers.
    Invalid,
    /// Its time has not come.
    NotYetValid,
    /// It is for others.
    OtherName,
    /// The server itself has made it.
    SelfSigned,
    /// Nobody who is trusted has made it.
    UnknownIssuer,
}

/// Looks at one server's certificate. Whether the name is right is asked after the handshake, as programs
/// that use OpenSSL do.
#[derive(Debug)]
pub(super) struct Verifier {
    provider: Arc<CryptoProvider>,
    anchor: TrustAnchor<'static>,
    /// Whether a bad certificate ends the handshake.
    is_strict: bool,
    found: OnceLock<Result<(), CertificateProblem>>,
}

impl Verifier {
    pub fn new(provider: Arc<CryptoProvider>, anchor: TrustAnchor<'static>, is_strict: bool) -> Self {
        Self { provider, anchor, is_strict, found: OnceLock::new() }
    }

    /// What came of it, once the certificate was there.
    pub fn found(&self) -> Option<Result<(), CertificateProblem>> {
        self.found.get().copied()
    }

    fn judge(
        &self,
        certificate: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<(), CertificateProblem> {
        let certificate = EndEntityCert::try_from(certificate).map_err(|_| CertificateProblem::Invalid)?;
        let verified = certificate.verify_for_usage(
            self.provider.signature_verification_algorithms.all,
            std::slice::from_ref(&self.anchor),
            others,
            now,
            KeyUsage::server_auth(),
            None,
            None,
        );
        let Err(error) = verified else { return Ok(()) };
        // That there is no way to somebody trusted comes first.
        if certificate.issuer() == certificate.subject() {
            return Err(CertificateProblem::SelfSigned);
        }
        let is_unsigned =
            matches!(error, webpki::Error::UnknownIssuer | webpki::Error::InvalidSignatureForPublicKey);
        Err(if is_unsigned {
            CertificateProblem::UnknownIssuer
        } else if matches!(error, webpki::Error::CertExpired { .. }) {
            CertificateProblem::Expired
        } else if matches!(error, webpki::Error::CertNotValidYet { .. }) {
            CertificateProblem::NotYetValid
        } else {
            CertificateProblem::Invalid
        })
    }
}

impl CertificateProblem {
    /// As the library knows it: this decides the alert.
    fn error(self) -> CertificateError {
        match self {
            Self::Expired => CertificateError::Expired,
            Self::Invalid => CertificateError::BadEncoding,
            Self::NotYetValid => CertificateError::NotValidYet,
            Self::OtherName => CertificateError::NotValidForName,
            Self::SelfSigned | Self::UnknownIssuer => CertificateError::UnknownIssuer,
        }
    }
}

/// Whether a certificate is for a name.
pub(super) fn is_for(certificate: &CertificateDer<'_>, name: &ServerName<'_>) -> bool {
    let certificate = EndEntityCert::try_from(certificate);
    certificate.is_ok_and(|certificate| certificate.verify_is_valid_for_subject_name(name).is_ok())
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        match *self.found.get_or_init(|| self.judge(certificate, others, now)) {
            Err(problem) if self.is_strict => Err(problem.error().into()),
            Ok(()) | Err(_) => Ok(ServerCertVerified::assertion()),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
