//! Requests that a service passes on, because it takes more than a host to answer them.
//!
//! Knows how a request and its reply are carried; never what is asked or who answers.

use super::process::ProcessId;
use super::site::Answer;
use crate::wire::FiveTuple;

/// Something a client asked a service of this host.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Request {
    /// Who waits for the reply.
    pub from: Asker,
    /// Addresses and ports; `src` is this host's end.
    pub tuple: FiveTuple,
    /// What was asked.
    pub query: Query,
}

/// Who waits for the reply to a request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Asker {
    /// The sender of a datagram.
    Datagram(FiveTuple),
    /// A program that serves a connection.
    Process(ProcessId),
}

/// What was asked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Query {
    /// A DNS message, whatever is in it.
    Dns(Vec<u8>),
    /// A request of HTTP.
    Http(HttpRequest),
}

/// A request of HTTP, complete.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct HttpRequest {
    /// E.g. `GET`.
    pub method: String,
    /// What stands behind the method: a path, perhaps with a query.
    pub target: String,
    /// The header fields as they came.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl HttpRequest {
    /// The first header field with a name, in whatever case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}

/// What a service says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Reply {
    /// A DNS message.
    Dns(Vec<u8>),
    /// An answer of HTTP.
    Http(Answer),
    /// Nothing: the client has to wait until it loses patience.
    Silence,
}
