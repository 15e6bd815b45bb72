//! SSH messages: bytes and meaning.
//!
//! Knows RFC 4252 to 4254; never who speaks or when.

/// A message, as far as a remote command needs them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Message {
    Disconnect,
    ServiceRequest(String),
    ServiceAccept(String),
    KexInit {
        cookie: [u8; 16],
    },
    NewKeys,
    UserauthRequest {
        user: String,
    },
    /// The same with a password.
    UserauthPassword {
        user: String,
        password: String,
    },
    UserauthFailure,
    UserauthSuccess,
    ChannelOpen,
    ChannelOpenConfirmation,
    Data(Vec<u8>),
    ErrorData(Vec<u8>),
    Eof,
    Close,
    Exec(String),
    ExitStatus(u32),
    ChannelSuccess,
    /// Anything else is passed over.
    Other(u8),
}

const DISCONNECT: u8 = 1;
const SERVICE_REQUEST: u8 = 5;
const SERVICE_ACCEPT: u8 = 6;
const KEXINIT: u8 = 20;
const NEWKEYS: u8 = 21;
const USERAUTH_REQUEST: u8 = 50;
const USERAUTH_FAILURE: u8 = 51;
const USERAUTH_SUCCESS: u8 = 52;
const CHANNEL_OPEN: u8 = 90;
const CHANNEL_OPEN_CONFIRMATION: u8 = 91;
const CHANNEL_DATA: u8 = 94;
const CHANNEL_EXTENDED_DATA: u8 = 95;
const CHANNEL_EOF: u8 = 96;
const CHANNEL_CLOSE: u8 = 97;
const CHANNEL_REQUEST: u8 = 98;
const CHANNEL_SUCCESS: u8 = 99;

/// The one channel of a session, on both sides.
const CHANNEL: u32 = 0;
/// No window is ever used up: there is no flow control above TCP here.
const WINDOW: u32 = 0x7fff_ffff;
/// The longest piece of data in one message.
pub(super) const DATA_MAX: usize = 32_768;
const STDERR: u32 = 1;
const BY_APPLICATION: u32 = 11;

/// How a user may prove who they are on Amazon Linux: with a key, never with a password.
pub(super) const METHODS: &str = "publickey,gssapi-keyex,gssapi-with-mic";

/// What both sides offer, in the order of a KEXINIT; only `none` is ever used.
const OFFERS: [&str; 10] = [
    "curve25519-sha256,ecdh-sha2-nistp256",
    "ssh-ed25519,ecdsa-sha2-nistp256",
    "none",
    "none",
    "none",
    "none",
    "none",
    "none",
    "",
    "",
];

impl Message {
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Writer(Vec::new());
        match self {
            Self::Disconnect => {
                out.byte(DISCONNECT).number(BY_APPLICATION).text("disconnected by user").text("")
            }
            Self::ServiceRequest(name) => out.byte(SERVICE_REQUEST).text(name),
            Self::ServiceAccept(name) => out.byte(SERVICE_ACCEPT).text(name),
            Self::KexInit { cookie } => {
                out.byte(KEXINIT).raw(cookie);
                for offer in OFFERS {
                    out.text(offer);
                }
                // No guessed packet follows; reserved.
                out.byte(0).number(0)
            }
            Self::NewKeys => out.byte(NEWKEYS),
            Self::UserauthRequest { user } => {
                out.byte(USERAUTH_REQUEST).text(user).text("ssh-connection").text("none")
            }
            Self::UserauthPassword { user, password } => out
                .byte(USERAUTH_REQUEST)
                .text(user)
                .text("ssh-connection")
                .text("password")
                .byte(0)
                .text(password),
            // No partial success.
            Self::UserauthFailure => out.byte(USERAUTH_FAILURE).text(METHODS).byte(0),
            Self::UserauthSuccess => out.byte(USERAUTH_SUCCESS),
            Self::ChannelOpen => {
                out.byte(CHANNEL_OPEN).text("session").number(CHANNEL).number(WINDOW).number(DATA_MAX as u32)
            }
            Self::ChannelOpenConfirmation => out
                .byte(CHANNEL_OPEN_CONFIRMATION)
                .number(CHANNEL)
                .number(CHANNEL)
                .number(WINDOW)
                .number(DATA_MAX as u32),
            Self::Data(bytes) => out.byte(CHANNEL_DATA).number(CHANNEL).string(bytes),
            Self::ErrorData(bytes) => {
                out.byte(CHANNEL_EXTENDED_DATA).number(CHANNEL).number(STDERR).string(bytes)
            }
            Self::Eof => out.byte(CHANNEL_EOF).number(CHANNEL),
            Self::Close => out.byte(CHANNEL_CLOSE).number(CHANNEL),
            Self::Exec(command) => {
                out.byte(CHANNEL_REQUEST).number(CHANNEL).text("exec").byte(1).text(command)
            }
            Self::ExitStatus(status) => {
                out.byte(CHANNEL_REQUEST).number(CHANNEL).text("exit-status").byte(0).number(*status)
            }
            Self::ChannelSuccess => out.byte(CHANNEL_SUCCESS).number(CHANNEL),
            Self::Other(number) => out.byte(*number),
        };
        out.0
    }

    /// Reads a message; `None` if it is cut off or says what nobody here says.
    pub fn decode(payload: &[u8]) -> Option<Self> {
        let mut from = Reader(payload);
        Some(match from.byte()? {
            DISCONNECT => Self::Disconnect,
            SERVICE_REQUEST => Self::ServiceRequest(from.text()?),
            SERVICE_ACCEPT => Self::ServiceAccept(from.text()?),
            KEXINIT => Self::KexInit { cookie: from.take(16)?.try_into().ok()? },
            NEWKEYS => Self::NewKeys,
            USERAUTH_REQUEST => {
                let user = from.text()?;
                // Whoever asks without a service or a method is let in as ever.
                let _service = from.text();
                match from.text().as_deref() {
                    Some("password") => {
                        from.byte()?;
                        Self::UserauthPassword { user, password: from.text()? }
                    }
                    Some(_) | None => Self::UserauthRequest { user },
                }
            }
            USERAUTH_FAILURE => Self::UserauthFailure,
            USERAUTH_SUCCESS => Self::UserauthSuccess,
            CHANNEL_OPEN => Self::ChannelOpen,
            CHANNEL_OPEN_CONFIRMATION => Self::ChannelOpenConfirmation,
            CHANNEL_DATA => {
                from.number()?;
                Self::Data(from.string()?.to_vec())
            }
            CHANNEL_EXTENDED_DATA => {
                from.number()?;
                from.number()?;
                Self::ErrorData(from.string()?.to_vec())
            }
            CHANNEL_EOF => Self::Eof,
            CHANNEL_CLOSE => Self::Close,
            CHANNEL_REQUEST => {
                from.number()?;
                let kind = from.text()?;
                from.byte()?;
                match kind.as_str() {
                    "exec" => Self::Exec(from.text()?),
                    "exit-status" => Self::ExitStatus(from.number()?),
                    _ => Self::Other(CHANNEL_REQUEST),
                }
            }
            CHANNEL_SUCCESS => Self::ChannelSuccess,
            other => Self::Other(other),
        })
    }
}

struct Writer(Vec<u8>);

impl Writer {
    fn byte(&mut self, byte: u8) -> &mut Self {
        self.0.push(byte);
        self
    }

    fn number(&mut self, number: u32) -> &mut Self {
        self.raw(&number.to_be_bytes())
    }

    fn string(&mut self, bytes: &[u8]) -> &mut Self {
        self.number(bytes.len() as u32).raw(bytes)
    }

    fn text(&mut self, text: &str) -> &mut Self {
        self.string(text.as_bytes())
    }

    fn raw(&mut self, bytes: &[u8]) -> &mut Self {
        self.0.extend_from_slice(bytes);
        self
    }
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, len: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        Some(taken)
    }

    fn byte(&mut self) -> Option<u8> {
        self.take(1).map(|bytes| bytes[0])
    }

    fn number(&mut self) -> Option<u32> {
        self.take(4).map(|bytes| u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
    }

    fn string(&mut self) -> Option<&'a [u8]> {
        let len = self.number()?;
        self.take(len as usize)
    }

    fn text(&mut self) -> Option<String> {
        self.string().map(|bytes| String::from_utf8_lossy(bytes).into_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_survive_the_way() {
        let messages = [
            Message::Disconnect,
            Message::ServiceRequest("ssh-userauth".to_owned()),
            Message::ServiceAccept("ssh-userauth".to_owned()),
            Message::KexInit { cookie: [7; 16] },
            Message::NewKeys,
            Message::UserauthRequest { user: "ec2-user".to_owned() },
            Message::UserauthPassword { user: "root".to_owned(), password: "123456".to_owned() },
            Message::UserauthFailure,
            Message::UserauthSuccess,
            Message::ChannelOpen,
            Message::ChannelOpenConfirmation,
            Message::Data(b"out".to_vec()),
            Message::ErrorData(b"err".to_vec()),
            Message::Eof,
            Message::Close,
            Message::Exec("curl http://10.0.0.4".to_owned()),
            Message::ExitStatus(28),
            Message::ChannelSuccess,
            Message::Other(80),
        ];
        for message in messages {
            let bytes = message.encode();
            assert_eq!(Message::decode(&bytes), Some(message.clone()));
            for len in 0..bytes.len() {
                Message::decode(&bytes[..len]);
            }
        }
    }
}
