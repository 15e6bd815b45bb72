//! `dig` of BIND 9.16, which is what Amazon Linux installs: asks a server and shows what it says.
//!
//! Knows dig's words; the messages are read by a library, and travel by `dns`.

mod options;
mod show;

use std::net::Ipv4Addr;

pub(super) use self::options::Options;
use super::dns::exchange::{Event, Exchange, Plan, Why};
use super::dns::lookup::{Looked, Lookup};
use super::dns::message;
use super::process::{Os, Program, Progress};
use crate::time::Instant;

/// Exit status if no server answers.
const NO_ANSWER: i32 = 9;
/// Exit status of a wrong call.
const USAGE: i32 = 1;
/// Exit status for internal errors, a server's name without an address among them.
const INTERNAL: i32 = 10;
/// How large an answer over UDP may be.
const EDNS_SIZE: u16 = 1232;

/// A running `dig`.
pub(super) struct Dig {
    options: Options,
    state: State,
    asked_at: Instant,
}

enum State {
    Start,
    Looking(Lookup),
    Asking(u16, Exchange),
}

impl Dig {
    pub fn new(options: Options) -> Self {
        Self { options, state: State::Start, asked_at: Instant::EPOCH }
    }

    fn begin(&mut self, os: &mut Os<'_>) -> Option<Progress> {
        match &self.options.server {
            Some(server) => {
                self.state = State::Looking(Lookup::new(server));
                None
            }
            None => {
                let servers = os.resolver().servers.clone();
                self.ask(os, servers)
            }
        }
    }

    fn ask(&mut self, os: &mut Os<'_>, servers: Vec<Ipv4Addr>) -> Option<Progress> {
        let Options { name, kind, port, over_tcp, edns, timeout, tries, .. } = &self.options;
        let id = os.random() as u16;
        let edns = edns.then(|| (EDNS_SIZE, os.random().to_be_bytes()));
        let Some(query) = message::question(id, name, *kind, edns) else {
            os.write_stderr(format!("dig: '{name}' is not a legal name (label too long)\n"));
            return Some(Progress::Exited(INTERNAL));
        };
        if servers.is_empty() {
            self.no_answer(os);
            return Some(Progress::Exited(NO_ANSWER));
        }
        let (port, attempts, timeout, over_tcp) = (*port, *tries, *timeout, *over_tcp);
        let plan = Plan { servers, port, attempts, timeout, over_tcp };
        self.asked_at = os.now;
        self.state = State::Asking(id, Exchange::new(plan, query));
        None
    }

    fn banner(&self, os: &mut Os<'_>) {
        if !self.options.answer_only && !self.options.short {
            os.write_stdout(format!("\n; <<>> DiG {} <<>> {}\n", show::VERSION, self.options.typed));
            if self.options.server.is_some() {
                os.write_stdout("; (1 server found)\n");
            }
            os.write_stdout(";; global options: +cmd\n");
        }
    }

    fn no_answer(&self, os: &mut Os<'_>) {
        self.banner(os);
        os.write_stdout(";; connection timed out; no servers could be reached\n");
    }

    fn wait_for_answer(&mut self, os: &mut Os<'_>) -> Progress {
        let State::Asking(id, exchange) = &mut self.state else { unreachable!("the caller has seen it") };
        loop {
            match exchange.poll(os) {
                None if exchange.is_over() => {
                    self.no_answer(os);
                    return Progress::Exited(NO_ANSWER);
                }
                None => return Progress::Waiting(exchange.deadline()),
                Some(Event::Silence(server, Why::Refused)) => {
                    os.write_stdout(format!(
                        ";; Connection to {server}#{} for {} failed: connection refused.\n",
                        self.options.port, self.options.name
                    ));
                }
                Some(Event::Silence(_, Why::TimedOut | Why::Unreachable)) => {}
                Some(Event::Message(server, bytes)) => {
                    let Some(reply) = show::Reply::read(*id, &bytes) else { continue };
                    if reply.is_truncated() {
                        os.write_stdout(";; Truncated, retrying in TCP mode.\n");
                        exchange.go_on_over_tcp();
                        continue;
                    }
                    let text = if self.options.short {
                        reply.short()
                    } else if self.options.answer_only {
                        reply.answer()
                    } else {
                        let took = os.now.since(self.asked_at);
                        reply.whole((server, self.options.port), took, os.now, bytes.len())
                    };
                    self.banner(os);
                    os.write_stdout(text);
                    return Progress::Exited(0);
                }
            }
        }
    }
}

impl Program for Dig {
    fn step(&mut self, os: &mut Os<'_>) -> Progress {
        if matches!(self.state, State::Start)
            && let Some(end) = self.begin(os)
        {
            return end;
        }
        if let State::Looking(lookup) = &mut self.state {
            match lookup.poll(os) {
                Looked::Waiting => return Progress::Waiting(lookup.deadline()),
                Looked::Found(addresses) => {
                    if let Some(end) = self.ask(os, addresses) {
                        return end;
                    }
                }
                Looked::Failed(_) => {
                    let server = self.options.server.as_deref().unwrap_or_default();
                    os.write_stderr(format!("dig: couldn't get address for '{server}': not found\n"));
                    return Progress::Exited(if server.is_empty() { USAGE } else { INTERNAL });
                }
            }
        }
        self.wait_for_answer(os)
    }
}
