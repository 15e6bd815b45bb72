//! `ssh` and the server it talks to: a remote command, its output and its exit status.
//!
//! Knows the SSH protocol's shape and OpenSSH's words; never how packets travel.
//!
//! The identification exchange is real, and so are the packets and messages (RFC 4253, 4252, 4254), but
//! nothing is encrypted and no keys are exchanged: both sides offer only the cipher `none`, and every
//! user is let in who does not insist on a password (`-o PreferredAuthentications=password`), which Amazon
//! Linux takes from nobody. A capture therefore shows what a session says, in packets of about the real number
//! but not of the real size.

pub(super) mod client;
mod message;
mod options;
pub(super) mod server;
mod transport;

pub(super) use self::options::Options;
