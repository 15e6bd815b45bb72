//! Hosts with a real TCP/IP stack, the programs that run on them and the services that listen.
//!
//! Knows frames, time and a seed. Must never know what a VPC is, who carries the frames or what a
//! simulation wants of them: it imports only `wire`, `seed`, `time` and `ids`. The only user of smoltcp.
//!
//! A [`Host`] is driven by three verbs: [`Host::receive`] a frame, [`Host::pump`] at a time,
//! [`Host::take_sent`] what it wants on the wire. Reading order: this file, `stack` (packets and
//! connections), `process` (programs and what they may do), then a program, `nc` or `curl`, and a service,
//! `web`. `dns` finds addresses, `tls` is what is encrypted with, `call` is a request of HTTP from name to
//! response; `request` is what services pass on ([`Host::take_requests`]). Below the stack are `link` (ARP and
//! frames), `interfaces` and `device` (smoltcp), and `path` (what gets through to whom).
//!
//! Packets are as Linux sends them where flow logs and captures show it: sizes, counts, the times of
//! SYNs, what is fragmented and what must not be, and how segments get shorter on a narrow path. Known
//! to differ: receive windows do not grow and have scale 0, but for iperf3; there is no congestion control; data is sent
//! again after 1 s at the earliest (Linux: 0.2 s) unless a router said that it was too long; TIME-WAIT
//! lasts 10 s (Linux: 60 s); a "fragmentation needed" is believed whatever sequence number it quotes, and
//! below 552 bytes packets still must not be fragmented; fragments that wait too long for the rest are
//! dropped without a word; a host that forwards sends no redirects and as many errors as are due.

mod args;
mod aws;
mod call;
mod command;
mod connection;
mod curl;
mod device;
mod dig;
mod dns;
mod interfaces;
mod iperf;
mod link;
mod names;
mod nc;
mod opened;
mod passing;
mod path;
mod ping;
mod process;
mod request;
mod site;
mod ssh;
mod stack;
mod tcp_options;
#[cfg(test)]
mod tests;
mod tls;
mod traceroute;
mod web;
pub mod words;

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

pub use aws::{AccessKeys, AwsProfile, CliVersion};
pub use command::{Command, CommandError, Page, parse};
pub use dns::Resolver;
pub use names::Names;
pub use opened::{Opened, Origin};
pub use process::ProcessId;
pub use request::{Asker, HttpRequest, Query, Reply, Request};
pub use site::{Answer, Body, HeaderValue, Site};
pub use tls::{Certificate, Identity, Secret};

use self::connection::Haul;
use self::process::{Os, Processes, Program};
use self::stack::{News, Stack};
use self::tls::{Channel, Tls};
use crate::seed::{Seed, Stream};
use crate::time::Instant;
use crate::wire::Mac;

/// Rounds of receiving and running within one [`Host::pump`].
const ROUNDS_MAX: u32 = 100_000;
/// Times the programs of a host run within one round.
const RUNS_MAX: u32 = 100_000;
/// The least time until the next pump.
const WAKE_MIN: Duration = Duration::from_micros(1);

/// What a host is made of.
#[derive(Clone, Debug)]
pub struct HostConfig {
    /// What the host is called in the run: names its random streams and its panics.
    pub name: String,
    /// What the host calls itself, e.g. `ip-10-0-0-4`.
    pub hostname: String,
    /// What others call it: the names in its certificates.
    pub known_as: Vec<String>,
    /// Its hardware address.
    pub mac: Mac,
    /// Its protocol addresses; the first is the one it speaks from.
    pub addresses: Vec<Ipv4Addr>,
    /// The length of its subnet's prefix.
    pub prefix_len: u8,
    /// Who takes packets to other subnets.
    pub gateway: Ipv4Addr,
    /// The longest IP packet it sends.
    pub mtu: u16,
    /// Time to live of the packets it sends.
    pub ttl: u8,
    /// Whether it sends on what is not for it, as a router does (Linux: `net.ipv4.ip_forward`).
    pub forwards: bool,
    /// Where its random numbers come from.
    pub seed: Seed,
}

/// What a host does by itself, apart from running programs.
#[derive(Clone, Default, Debug)]
pub struct HostSetup {
    /// What listens.
    pub services: Vec<(u16, Service)>,
    /// Whether it sends on what is not for it.
    pub forwards: bool,
    /// The longest IP packet it sends, in place of what its network carries.
    pub mtu: Option<u16>,
    /// What its own configuration says of AWS.
    pub aws: AwsProfile,
    /// Files that programs may send, by their path.
    pub files: BTreeMap<String, Vec<u8>>,
}

/// What listens on a port.
#[derive(Clone, Debug)]
pub enum Service {
    /// A web server.
    Http(Site),
    /// A web server that passes on what it is asked, with TLS if it has an identity.
    Passing(Option<Identity>),
    /// A name server, over UDP and TCP, that passes on what it is asked.
    Dns,
    /// A web server that speaks TLS.
    Https(Site, Identity),
    /// A server of iperf3.
    Iperf,
    /// An SSH server that runs commands.
    Ssh,
}

/// What the programs of a host share.
#[derive(Default, Debug)]
struct Shared {
    aws: AwsProfile,
    files: BTreeMap<String, Vec<u8>>,
    tests: iperf::Tests,
}

/// The result of a process.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Finished {
    /// Exit status.
    pub exit: i32,
    /// Everything written to standard output.
    pub stdout: Vec<u8>,
    /// Everything written to standard error.
    pub stderr: Vec<u8>,
}

/// A host behind a network interface.
pub struct Host {
    name: String,
    hostname: String,
    now: Instant,
    arrived: VecDeque<Vec<u8>>,
    stack: Stack,
    processes: Processes,
    services: BTreeMap<u16, Service>,
    names: Arc<Names>,
    resolver: Resolver,
    shared: Shared,
    random: Stream,
    tls: Tls,
}

impl fmt::Debug for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Host").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Host {
    /// A quiet host.
    ///
    /// # Panics
    /// If it has no address.
    pub fn new(config: HostConfig) -> Self {
        Self {
            now: Instant::EPOCH,
            arrived: VecDeque::new(),
            stack: Stack::new(&config),
            processes: Processes::default(),
            services: BTreeMap::new(),
            names: Arc::default(),
            resolver: Resolver::default(),
            shared: Shared::default(),
            random: config.seed.stream("programs", &config.name),
            tls: Tls::new(config.seed, &config.name, &config.known_as),
            name: config.name,
            hostname: config.hostname,
        }
    }

    /// Lets a service listen on a port.
    pub fn serve(&mut self, port: u16, service: Service) {
        let haul = if matches!(service, Service::Iperf) { Haul::Bulk } else { Haul::Usual };
        self.stack.serve(port, haul);
        if matches!(service, Service::Dns) {
            self.stack.serve_datagrams(port);
        }
        self.services.insert(port, service);
    }

    /// Replaces the names the host knows.
    pub fn set_names(&mut self, names: Arc<Names>) {
        self.names = names;
    }

    /// Says what the host has on its disk: the configuration of AWS, and files.
    pub fn set_disk(&mut self, aws: AwsProfile, files: BTreeMap<String, Vec<u8>>) {
        self.shared = Shared { aws, files, ..Shared::default() };
    }

    /// Says where the host asks for names it does not know.
    pub fn set_resolver(&mut self, resolver: Resolver) {
        self.resolver = resolver;
    }

    /// What the services of the host want to have answered.
    pub fn take_requests(&mut self) -> Vec<Request> {
        self.processes.take_requests()
    }

    /// Answers a request; the next [`Self::pump`] passes it on.
    pub fn reply(&mut self, asker: Asker, reply: Reply) {
        match (asker, reply) {
            (Asker::Process(pid), reply) => self.processes.reply(pid, reply),
            (Asker::Datagram(tuple), Reply::Dns(message)) => {
                self.stack.send_datagram(self.now, tuple, &message);
            }
            (Asker::Datagram(_), Reply::Http(_) | Reply::Silence) => {}
        }
    }

    /// Says for how many hops the host's packets live from now on.
    pub fn set_ttl(&mut self, ttl: u8) {
        self.stack.link.set_ttl(ttl);
    }

    /// Takes in a frame, to be looked at by the next [`Self::pump`].
    pub fn receive(&mut self, frame: Vec<u8>) {
        self.arrived.push_back(frame);
    }

    /// Runs the host until it has nothing more to do at `now`; says when to call again.
    ///
    /// # Panics
    /// If the host does not come to rest, or if time runs backwards.
    pub fn pump(&mut self, now: Instant) -> Option<Instant> {
        assert!(self.now <= now, "{}: time runs backwards", self.name);
        self.now = now;
        let mut rounds = 0;
        self.stack.expire(now);
        self.processes.wake(now);
        while self.round(now) {
            rounds += 1;
            assert!(rounds < ROUNDS_MAX, "{} did not settle at {now:?}", self.name);
        }
        let next = self.stack.deadline().into_iter().chain(self.processes.deadline()).min();
        next.map(|at| at.max(now + WAKE_MIN))
    }

    /// The frames to put on the wire, in order.
    pub fn take_sent(&mut self) -> impl Iterator<Item = Vec<u8>> + '_ {
        self.stack.link.take_sent()
    }

    /// What the host's sessions were encrypted with, in the order it became known: a server says it before
    /// it answers.
    pub fn take_secrets(&mut self) -> Vec<Secret> {
        self.tls.take_secrets()
    }

    /// The flows that programs have begun since the last call, in that order.
    pub fn take_opened(&mut self) -> impl Iterator<Item = Opened> + '_ {
        self.processes.take_opened()
    }

    /// Starts a command; the next [`Self::pump`] runs it.
    pub fn start(&mut self, command: &Command, now: Instant) -> ProcessId {
        self.now = self.now.max(now);
        self.processes.start(command.program(), None)
    }

    /// The same for a command whose output and status nobody wants. It is ended after `limit` if it still
    /// runs, and forgotten when it has ended.
    pub fn start_unattended(&mut self, command: &Command, origin: Origin, limit: Duration, now: Instant) {
        self.now = self.now.max(now);
        self.processes.start_unattended(command.program(), origin, now + limit);
    }

    /// Takes the result of a process once it has ended; afterwards the process is forgotten.
    pub fn take_exit(&mut self, pid: ProcessId) -> Option<Finished> {
        self.processes.take_exit(pid)
    }

    /// Ends a process as Ctrl-C does; its result is there at once. Does nothing if it has ended.
    pub fn kill(&mut self, pid: ProcessId) {
        if self.processes.runs(pid) {
            self.os(self.now, pid).interrupt();
        }
    }

    /// One turn: what arrived, then the programs, then the acknowledgements that waited for them.
    fn round(&mut self, now: Instant) -> bool {
        while let Some(frame) = self.arrived.pop_front().or_else(|| self.stack.link.take_looped()) {
            self.stack.receive(now, frame);
            self.hear();
        }
        self.hear();
        let mut runs = 0;
        while let Some(pid) = self.processes.take_ready() {
            runs += 1;
            assert!(runs < RUNS_MAX, "the programs of {} wake each other for ever at {now:?}", self.name);
            self.os(now, pid).step();
        }
        self.stack.flush_unhurried(now);
        self.stack.link.has_looped() || self.processes.has_ready() || self.stack.has_news()
    }

    /// Passes the stack's news on to the programs.
    fn hear(&mut self) {
        for news in self.stack.take_news() {
            match news {
                News::Accepted(connection, port) => {
                    let program: Box<dyn Program> = match &self.services[&port] {
                        Service::Http(site) => {
                            Box::new(web::Visit::new(Channel::plain(connection), site.clone()))
                        }
                        Service::Https(site, identity) => {
                            let channel = Channel::server(&mut self.tls, self.now, connection, identity);
                            Box::new(web::Visit::new(channel, site.clone()))
                        }
                        Service::Passing(None) => Box::new(passing::Visit::new(Channel::plain(connection))),
                        Service::Passing(Some(identity)) => {
                            let channel = Channel::server(&mut self.tls, self.now, connection, identity);
                            Box::new(passing::Visit::new(channel))
                        }
                        Service::Dns => Box::new(dns::server::Session::new(connection)),
                        Service::Iperf => Box::new(iperf::Session::new(connection)),
                        Service::Ssh => Box::new(ssh::server::Session::new(connection)),
                    };
                    let tuple = self.stack.connection(connection).tuple;
                    let pid = self.processes.start_daemon(program, connection, tuple);
                    self.stack.adopt(connection, pid);
                }
                News::Datagram(tuple, payload) => self.processes.ask(tuple, Query::Dns(payload)),
                News::Stirred(pid) => self.processes.stir(pid),
                News::Probe(pid, news) => self.processes.tell(pid, news),
            }
        }
    }

    fn os(&mut self, now: Instant, pid: ProcessId) -> Os<'_> {
        let Self { hostname, stack, processes, names, resolver, shared, random, tls, .. } = self;
        Os::new((now, pid), (hostname, names, resolver), stack, processes, shared, random, tls)
    }
}
