//! From a host name to addresses, as glibc's `getaddrinfo` does it: `/etc/hosts` first, then DNS.
//!
//! Knows the order in which names and servers are tried; never what the addresses are for.
//!
//! Asks for IPv4 addresses only. Follows glibc with the options Amazon Linux has: a name with a dot is
//! asked for as it is and then with each search domain behind it, one without a dot the other way round.

use std::collections::VecDeque;
use std::net::Ipv4Addr;

use super::exchange::{Event, Exchange, Plan, Why};
use super::message::{self, Said};
use crate::guest::process::Os;
use crate::time::Instant;

/// Why there is no address.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LookupError {
    /// Nobody knows the name (`EAI_NONAME`).
    Unknown,
    /// No server could say (`EAI_AGAIN`).
    NoServer,
}

impl LookupError {
    /// glibc's words for it.
    pub fn describe(self) -> &'static str {
        match self {
            Self::Unknown => "Name or service not known",
            Self::NoServer => "Temporary failure in name resolution",
        }
    }
}

/// Where a lookup stands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Looked {
    /// It waits for news, and for [`Lookup::deadline`] at the latest.
    Waiting,
    /// The addresses, at least one, best first.
    Found(Vec<Ipv4Addr>),
    /// There is none.
    Failed(LookupError),
}

/// A name being looked up.
pub struct Lookup {
    /// What is still to be tried.
    candidates: VecDeque<String>,
    began: bool,
    name: String,
    current: Option<Box<(u16, Exchange)>>,
}

impl Lookup {
    pub fn new(name: &str) -> Self {
        Self { candidates: VecDeque::new(), began: false, name: name.to_owned(), current: None }
    }

    /// Whether nothing was asked yet.
    pub fn is_new(&self) -> bool {
        !self.began
    }

    /// Until when it waits for news.
    pub fn deadline(&self) -> Option<Instant> {
        self.current.as_ref().and_then(|current| current.1.deadline())
    }

    /// Goes on as far as it can.
    pub fn poll(&mut self, os: &mut Os<'_>) -> Looked {
        if !self.began {
            self.began = true;
            if let Some(address) = os.known_address(&self.name) {
                return Looked::Found(vec![address]);
            }
            if os.resolver().servers.is_empty() {
                return Looked::Failed(LookupError::Unknown);
            }
            self.candidates = candidates(&self.name, &os.resolver().search);
        }
        loop {
            let Some((id, exchange)) = self.current.as_deref_mut() else {
                if !self.ask_next(os) {
                    return Looked::Failed(LookupError::Unknown);
                }
                continue;
            };
            match exchange.poll(os) {
                None if exchange.is_over() => {
                    exchange.close(os);
                    return Looked::Failed(LookupError::NoServer);
                }
                None => return Looked::Waiting,
                Some(Event::Message(_, bytes)) => match message::read(*id, &bytes) {
                    Some(Said::Addresses(found)) => {
                        exchange.close(os);
                        return Looked::Found(found);
                    }
                    Some(Said::Nothing) => {
                        exchange.close(os);
                        self.current = None;
                    }
                    Some(Said::Truncated) => exchange.go_on_over_tcp(),
                    // The next server may know better.
                    Some(Said::Failure) | None => {}
                },
                Some(Event::Silence(_, Why::TimedOut | Why::Refused | Why::Unreachable)) => {}
            }
        }
    }

    /// Asks for the next name; says whether there is one.
    fn ask_next(&mut self, os: &mut Os<'_>) -> bool {
        while let Some(name) = self.candidates.pop_front() {
            let id = os.random() as u16;
            if let Some(query) = message::query(id, &name) {
                let plan = Plan::of_libc(&os.resolver().servers);
                self.current = Some(Box::new((id, Exchange::new(plan, query))));
                return true;
            }
        }
        false
    }
}

fn candidates(name: &str, search: &[String]) -> VecDeque<String> {
    if name.ends_with('.') {
        return VecDeque::from([name.to_owned()]);
    }
    let mut all: VecDeque<String> = search.iter().map(|domain| format!("{name}.{domain}")).collect();
    if name.contains('.') {
        all.push_front(name.to_owned());
    } else {
        all.push_back(name.to_owned());
    }
    all
}
