//! `iperf3`: how much a path carries, by sending as much as it takes.
//!
//! Knows iperf3's protocol and words, as far as one TCP stream needs them; never how packets travel.
//!
//! A test has a control connection, over which both sides say where they are, and a stream. Both begin with
//! a cookie that says which test they belong to.

mod client;
mod options;
mod server;
mod units;

use std::collections::BTreeMap;

pub(super) use self::client::Client;
pub(super) use self::options::Options;
pub(super) use self::server::Session;
use super::process::ProcessId;

/// The port of iperf3.
pub(super) const PORT: u16 = 5201;
/// How long a cookie is, with the zero at its end.
const COOKIE_LEN: usize = 37;
/// How much is handed to a connection at once.
const BLOCK: usize = 131_072;
/// The longest document that is read.
const DOCUMENT_MAX: usize = 65_536;

/// What the two sides tell each other over the control connection.
mod state {
    pub const TEST_START: u8 = 1;
    pub const TEST_RUNNING: u8 = 2;
    pub const TEST_END: u8 = 4;
    pub const PARAM_EXCHANGE: u8 = 9;
    pub const CREATE_STREAMS: u8 = 10;
    pub const EXCHANGE_RESULTS: u8 = 13;
    pub const DISPLAY_RESULTS: u8 = 14;
    pub const IPERF_DONE: u8 = 16;
}

/// The tests that a host serves, by their cookies.
#[derive(Default, Debug)]
pub(super) struct Tests(BTreeMap<Vec<u8>, Test>);

/// A test, as far as its two connections share it.
#[derive(Debug)]
struct Test {
    control: ProcessId,
    /// The stream, once it is there.
    stream: Option<ProcessId>,
    /// Whether the server sends.
    is_reverse: bool,
    /// Whether both sides know that it has begun.
    is_running: bool,
    is_over: bool,
    bytes: u64,
}

/// A document with its length before it, as the two sides exchange parameters and results.
fn framed(document: &serde_json::Value) -> Vec<u8> {
    let text = document.to_string();
    let len = u32::try_from(text.len()).expect("documents are short");
    [&len.to_be_bytes(), text.as_bytes()].concat()
}

/// Takes such a document off what was received: `None` if it is not complete, an error if it is none.
fn take_document(received: &mut Vec<u8>) -> Result<Option<serde_json::Value>, ()> {
    let Some((len, rest)) = received.split_first_chunk() else { return Ok(None) };
    let len = u32::from_be_bytes(*len) as usize;
    if len > DOCUMENT_MAX {
        return Err(());
    }
    let Some(text) = rest.get(..len) else { return Ok(None) };
    let document = serde_json::from_slice(text).map_err(|_| ())?;
    received.drain(..4 + len);
    Ok(Some(document))
}
