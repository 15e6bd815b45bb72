//! `curl` and TLS: the handshake, and what curl says of it with OpenSSL.
//!
//! Knows curl's words and OpenSSL's numbers; never how TLS works.
//!
//! The words that nobody recorded are those of the sources of curl 8.5.0 and OpenSSL 3.0
//! (assumed: curl-tls-words).

use super::{Curl, Failure, Fault, Stage, State, TlsError, Turn, exit};
use crate::guest::connection::ConnectionError;
use crate::guest::process::Os;
use crate::guest::stack::ConnectionId;
use crate::guest::tls::{Alert, CertificateProblem, Channel};

/// What stands behind the message about a certificate.
pub(super) const MORE_ABOUT_CERTIFICATES: &str = "\
More details here: https://curl.se/docs/sslcerts.html

curl failed to verify the legitimacy of the server and therefore could not
establish a secure connection to it. To learn more about this situation and
how to fix it, please visit the web page mentioned above.
";

const LIBRARY: &str = "OpenSSL/3.0.8";
/// `%{ssl_verify_result}` while nobody has looked.
const NOT_VERIFIED: u32 = 1;

impl Curl {
    pub(super) fn begin_handshake(
        &mut self,
        os: &mut Os<'_>,
        connection: ConnectionId,
    ) -> Result<Turn, Failure> {
        self.say(os, "ALPN: curl offers http/1.1");
        self.facts.ssl_verify_result = NOT_VERIFIED;
        let host = &self.url.as_ref().expect("a request has a URL").host;
        self.channels.push(Channel::client(os, connection, host, !self.options.insecure));
        self.state = State::Handshaking;
        Ok(Turn::Again)
    }

    pub(super) fn shake_hands(&mut self, os: &mut Os<'_>) -> Result<Turn, Failure> {
        let at = self.channels.len() - 1;
        let channel = &mut self.channels[at];
        let stage = channel.stage(os);
        let (agreed, protocol, found) = (channel.agreed(), channel.protocol(), channel.certificate());
        if stage == Stage::Handshaking {
            self.state = State::Handshaking;
            return Ok(Turn::Wait);
        }
        let is_other_name =
            stage == Stage::Failed(Fault::Tls(TlsError::Certificate(CertificateProblem::OtherName)));
        if stage == Stage::Open || is_other_name {
            self.say(os, &format!("SSL connection using {}", agreed.unwrap_or_default()));
            match protocol {
                Some(protocol) => self.say(os, &format!("ALPN: server accepted {protocol}")),
                None => self.say(os, "ALPN: server did not agree on a protocol. Uses default."),
            }
            self.say(os, "Server certificate:");
        }
        match found {
            // The name is looked at first.
            _ if is_other_name => {}
            Some(Ok(())) => {
                self.facts.ssl_verify_result = 0;
                self.say(os, " SSL certificate verify ok.");
            }
            Some(Err(problem)) => {
                let (number, words) = verify_result(problem);
                self.facts.ssl_verify_result = number;
                if stage == Stage::Open {
                    let line =
                        format!(" SSL certificate verify result: {words} ({number}), continuing anyway.");
                    self.say(os, &line);
                }
            }
            None => {}
        }
        match stage {
            Stage::Failed(fault) => Err(self.handshake_failed(fault)),
            Stage::Open | Stage::Handshaking => {
                self.facts.app_connect = self.elapsed(os.now);
                self.send_request(os, at)
            }
        }
    }

    fn handshake_failed(&self, fault: Fault) -> Failure {
        let url = self.url.as_ref().expect("a request has a URL");
        match fault {
            Fault::Tls(TlsError::Certificate(CertificateProblem::OtherName)) => Failure(
                exit::BAD_CERTIFICATE,
                format!(
                    "SSL: no alternative certificate subject name matches target host name '{}'",
                    url.host
                ),
            ),
            Fault::Tls(TlsError::Certificate(problem)) => Failure(
                exit::BAD_CERTIFICATE,
                format!("SSL certificate problem: {}", verify_result(problem).1),
            ),
            Fault::Tls(TlsError::Truncated) => Failure(
                exit::TLS_FAILED,
                format!(
                    "OpenSSL SSL_connect: SSL_ERROR_SYSCALL in connection to {}:{} ",
                    url.host,
                    url.port_or_default()
                ),
            ),
            Fault::Tls(error) => Failure(exit::TLS_FAILED, library_error(error)),
            Fault::Connection(error) => Failure(exit::TLS_FAILED, connection_error(error).to_owned()),
        }
    }
}

/// Why a transfer that had begun did not go on.
pub(super) fn could_not_receive(fault: Fault) -> String {
    match fault {
        Fault::Connection(error) => connection_error(error).to_owned(),
        Fault::Tls(error) => format!("OpenSSL SSL_read: {}, errno 0", library_error(error)),
    }
}

fn connection_error(error: ConnectionError) -> &'static str {
    match error {
        ConnectionError::TimedOut => "Recv failure: Connection timed out",
        ConnectionError::HostUnreachable
        | ConnectionError::NetworkUnreachable
        | ConnectionError::Refused
        | ConnectionError::Reset => "Recv failure: Connection reset by peer",
    }
}

/// OpenSSL's number and words for what is wrong with a certificate.
fn verify_result(problem: CertificateProblem) -> (u32, &'static str) {
    match problem {
        CertificateProblem::Invalid | CertificateProblem::OtherName => {
            (NOT_VERIFIED, "unspecified certificate verification error")
        }
        CertificateProblem::NotYetValid => (9, "certificate is not yet valid"),
        CertificateProblem::Expired => (10, "certificate has expired"),
        CertificateProblem::SelfSigned => (18, "self-signed certificate"),
        CertificateProblem::UnknownIssuer => (20, "unable to get local issuer certificate"),
    }
}

/// A line of OpenSSL's list of errors.
fn library_error(error: TlsError) -> String {
    let (number, words) = match error {
        TlsError::NotTls => (0x10b, "wrong version number"),
        TlsError::BadRecord => (0x119, "decryption failed or bad record mac"),
        TlsError::Truncated => (0x126, "unexpected eof while reading"),
        TlsError::Certificate(_) => (0x086, "certificate verify failed"),
        TlsError::Broken => (0x0f4, "unexpected message"),
        TlsError::Alert(Alert(alert)) => {
            // The reasons of alerts are their numbers behind 1000.
            (1000 + u32::from(alert), alert_words(alert))
        }
    };
    format!("{LIBRARY}: error:0A{number:06X}:SSL routines::{words}")
}

fn alert_words(alert: u8) -> &'static str {
    match alert {
        10 => "sslv3 alert unexpected message",
        20 => "sslv3 alert bad record mac",
        22 => "tlsv1 alert record overflow",
        40 => "sslv3 alert handshake failure",
        42 => "sslv3 alert bad certificate",
        45 => "sslv3 alert certificate expired",
        46 => "sslv3 alert certificate unknown",
        47 => "sslv3 alert illegal parameter",
        48 => "tlsv1 alert unknown ca",
        50 => "tlsv1 alert decode error",
        51 => "tlsv1 alert decrypt error",
        70 => "tlsv1 alert protocol version",
        80 => "tlsv1 alert internal error",
        112 => "tlsv1 unrecognized name",
        120 => "tlsv1 alert no application protocol",
        _ => "reason(unknown)",
    }
}
