//! Processes: programs as state machines, and what a host's system does for them.
//!
//! Knows when a program runs and what it may ask for; never what any program is about.

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;
use std::ops::Range;

use super::aws::AwsProfile;
use super::connection::{ConnectionError, Haul};
use super::dns::Resolver;
use super::iperf::Tests;
use super::names::Names;
use super::opened::{Opened, Origin};
use super::request::{Asker, Query, Reply, Request};
use super::site::Body;
use super::stack::{ConnectionId, ProbeNews, Stack};
use super::tls::Tls;
use super::{Finished, Shared};
use crate::seed::Stream;
use crate::time::Instant;
use crate::wire::{FiveTuple, Packet, Protocol};

/// A process of one host.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ProcessId(pub(super) u64);

/// Exit status of a program that a signal ended before it could say anything: 128 + SIGINT.
pub(super) const INTERRUPTED: i32 = 130;

/// Something that runs on a host.
pub(super) trait Program {
    /// Does everything that can be done at `os.now`.
    fn step(&mut self, os: &mut Os<'_>) -> Progress;

    /// The terminal was closed or Ctrl-C pressed; says the exit status.
    fn interrupt(&mut self, _: &mut Os<'_>) -> i32 {
        INTERRUPTED
    }
}

/// Where a program stands after a step.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Progress {
    /// It waits for news, and for this time at the latest.
    Waiting(Option<Instant>),
    /// It is done, with this exit status.
    Exited(i32),
}

/// Where a state machine stands after a turn.
pub(super) enum Turn {
    /// More can be done now.
    Again,
    /// It waits for news, and for this time at the latest.
    Wait(Option<Instant>),
    /// It is done, with this exit status.
    Exit(i32),
}

/// Takes turns until nothing more can be done now. So many are a mistake of the program.
pub(super) fn take_turns(
    os: &mut Os<'_>,
    program: &str,
    turns_max: u32,
    mut turn: impl FnMut(&mut Os<'_>) -> Turn,
) -> Progress {
    for _ in 0..turns_max {
        match turn(os) {
            Turn::Again => {}
            Turn::Wait(until) => return Progress::Waiting(until),
            Turn::Exit(status) => return Progress::Exited(status),
        }
    }
    panic!("{}: {program} turns in circles", os.hostname);
}

/// What a program learns about its connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Standing {
    Connecting,
    Open,
    Failed(ConnectionError),
}

/// What reading from a connection gives.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Received {
    Bytes(usize),
    Nothing,
    End,
    Failed(ConnectionError),
}

/// Bytes a program wants to send, which a connection takes piece by piece.
#[derive(Default)]
pub(super) struct Outbox {
    bytes: Vec<u8>,
    /// How many of them are sent. They stay until all are: moving the rest up each time would take
    /// quadratic time for a long answer.
    sent: usize,
    /// The positions of a filler that comes behind them.
    filler: Range<u64>,
}

impl Outbox {
    pub fn bytes_mut(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }

    /// Puts a filler of so many bytes behind what is there.
    pub fn fill(&mut self, len: u64) {
        debug_assert!(!self.has_filler(), "one filler at a time");
        self.filler = 0..len;
        self.refill();
    }

    /// Whether there is a filler of which a part is still to be made.
    pub fn has_filler(&self) -> bool {
        !self.filler.is_empty()
    }

    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    pub fn flush(&mut self, os: &mut Os<'_>, connection: ConnectionId) {
        self.flush_into(|bytes| os.send(connection, bytes));
    }

    /// Hands its bytes to whatever says how many it took.
    pub fn flush_into(&mut self, mut send: impl FnMut(&[u8]) -> usize) {
        while !self.bytes.is_empty() {
            self.sent += send(&self.bytes[self.sent..]);
            if self.sent < self.bytes.len() {
                return;
            }
            self.bytes.clear();
            self.sent = 0;
            self.refill();
        }
    }

    /// Makes the next piece of the filler.
    fn refill(&mut self) {
        const PIECE: u64 = 65_536;
        let end = (self.filler.start + PIECE).min(self.filler.end);
        self.bytes.extend((self.filler.start..end).map(Body::filler));
        self.filler.start = end;
    }
}

#[derive(Default)]
pub(super) struct Process {
    /// Taken out while it runs.
    program: Option<Box<dyn Program>>,
    parent: Option<ProcessId>,
    /// For whose sake it runs.
    origin: Origin,
    /// Nobody asks for its output or status.
    is_daemon: bool,
    /// When it is ended if it still runs.
    limit: Option<Instant>,
    stdout: Vec<u8>,
    stderr: Vec<u8>,
    exit: Option<i32>,
    connections: Vec<ConnectionId>,
    /// The port it connects from, if it chose one.
    local_port: Option<u16>,
    probe_news: Vec<ProbeNews>,
    reply: Option<Reply>,
    wake: Option<Instant>,
}

/// All processes of a host, and who runs next.
#[derive(Default)]
pub(super) struct Processes {
    all: BTreeMap<ProcessId, Process>,
    ready: BTreeSet<ProcessId>,
    wakes: BTreeSet<(Instant, ProcessId)>,
    next_id: u64,
    /// What services want to have answered.
    requests: Vec<Request>,
    /// Flows that programs have begun.
    opened: Vec<Opened>,
}

impl Processes {
    /// Starts a program.
    pub fn start(&mut self, program: Box<dyn Program>, parent: Option<ProcessId>) -> ProcessId {
        let origin = parent.and_then(|parent| self.all.get(&parent)).map(|parent| parent.origin);
        let origin = origin.unwrap_or_default();
        self.insert(Process { program: Some(program), parent, origin, ..Process::default() })
    }

    /// Starts a program whose output and status nobody wants; it is forgotten when it ends.
    pub fn start_unattended(&mut self, program: Box<dyn Program>, origin: Origin, limit: Instant) {
        let (program, limit) = (Some(program), Some(limit));
        self.insert(Process { program, origin, is_daemon: true, limit, ..Process::default() });
    }

    /// Starts a program that answers on a connection.
    pub fn start_daemon(
        &mut self,
        program: Box<dyn Program>,
        connection: ConnectionId,
        tuple: FiveTuple,
    ) -> ProcessId {
        let (connections, origin) = (vec![connection], Origin::Served(tuple));
        let program = Some(program);
        self.insert(Process { program, origin, is_daemon: true, connections, ..Process::default() })
    }

    /// Lets a process run because something happened.
    pub fn stir(&mut self, id: ProcessId) {
        if self.runs(id) {
            self.ready.insert(id);
        }
    }

    /// Hands a program what came back for a packet it built itself.
    pub fn tell(&mut self, id: ProcessId, news: ProbeNews) {
        if let Some(process) = self.all.get_mut(&id) {
            process.probe_news.push(news);
            self.stir(id);
        }
    }

    /// Notes that a datagram asks something.
    pub fn ask(&mut self, tuple: FiveTuple, query: Query) {
        self.requests.push(Request { from: Asker::Datagram(tuple), tuple, query });
    }

    pub fn take_requests(&mut self) -> Vec<Request> {
        std::mem::take(&mut self.requests)
    }

    pub fn take_opened(&mut self) -> std::vec::Drain<'_, Opened> {
        self.opened.drain(..)
    }

    /// Hands a process the reply to what it asked.
    pub fn reply(&mut self, id: ProcessId, reply: Reply) {
        if let Some(process) = self.all.get_mut(&id) {
            process.reply = Some(reply);
            self.stir(id);
        }
    }

    /// Lets the processes run whose time has come.
    pub fn wake(&mut self, now: Instant) {
        while let Some(&(at, id)) = self.wakes.first()
            && at <= now
        {
            self.wakes.remove(&(at, id));
            self.stir(id);
        }
    }

    pub fn deadline(&self) -> Option<Instant> {
        self.wakes.first().map(|(at, _)| *at)
    }

    /// How many processes there are.
    #[cfg(test)]
    pub fn how_many(&self) -> usize {
        self.all.len()
    }

    /// Whether a process exists that has not ended.
    pub fn runs(&self, id: ProcessId) -> bool {
        self.all.get(&id).is_some_and(|process| process.exit.is_none())
    }

    pub fn take_ready(&mut self) -> Option<ProcessId> {
        self.ready.pop_first()
    }

    pub fn has_ready(&self) -> bool {
        !self.ready.is_empty()
    }

    /// Takes the result of a finished process, which is forgotten thereby.
    pub fn take_exit(&mut self, id: ProcessId) -> Option<Finished> {
        let exit = self.all.get(&id)?.exit?;
        let process = self.all.remove(&id)?;
        Some(Finished { exit, stdout: process.stdout, stderr: process.stderr })
    }

    fn insert(&mut self, process: Process) -> ProcessId {
        let id = ProcessId(self.next_id);
        self.next_id += 1;
        self.all.insert(id, process);
        self.ready.insert(id);
        id
    }

    fn get_mut(&mut self, id: ProcessId) -> &mut Process {
        self.all.get_mut(&id).expect("a running process exists")
    }

    fn file(&mut self, id: ProcessId, wake: Option<Instant>) {
        let process = self.get_mut(id);
        let wake = if process.program.is_some() { wake.into_iter().chain(process.limit).min() } else { None };
        let before = std::mem::replace(&mut process.wake, wake);
        if let Some(at) = before {
            self.wakes.remove(&(at, id));
        }
        if let Some(at) = wake {
            self.wakes.insert((at, id));
        }
    }

    fn children(&self, id: ProcessId) -> Vec<ProcessId> {
        self.all.iter().filter(|(_, child)| child.parent == Some(id)).map(|(id, _)| *id).collect()
    }
}

/// What a program may ask of its host.
pub(super) struct Os<'a> {
    pub now: Instant,
    pub hostname: &'a str,
    pid: ProcessId,
    stack: &'a mut Stack,
    processes: &'a mut Processes,
    names: &'a Names,
    resolver: &'a Resolver,
    shared: &'a mut Shared,
    random: &'a mut Stream,
    /// What sessions need, for channels.
    pub tls: &'a mut Tls,
}

impl<'a> Os<'a> {
    pub fn new(
        (now, pid): (Instant, ProcessId),
        (hostname, names, resolver): (&'a str, &'a Names, &'a Resolver),
        stack: &'a mut Stack,
        processes: &'a mut Processes,
        shared: &'a mut Shared,
        random: &'a mut Stream,
        tls: &'a mut Tls,
    ) -> Self {
        Self { now, hostname, pid, stack, processes, names, resolver, shared, random, tls }
    }

    /// Runs the process once, or ends it because its time is up.
    pub fn step(&mut self) {
        if self.me().limit.is_some_and(|limit| limit <= self.now) {
            self.interrupt();
            return;
        }
        let Some(mut program) = self.me().program.take() else { return };
        match program.step(self) {
            Progress::Waiting(wake) => {
                self.me().program = Some(program);
                let pid = self.pid;
                self.processes.file(pid, wake);
            }
            Progress::Exited(status) => self.finish(status),
        }
    }

    /// Ends the process from outside.
    pub fn interrupt(&mut self) {
        let Some(mut program) = self.me().program.take() else { return };
        let status = program.interrupt(self);
        self.finish(status);
    }

    /// The address a host name or a dotted quad stands for without asking anybody. What is for 0.0.0.0,
    /// Linux sends to itself.
    pub fn known_address(&self, host: &str) -> Option<Ipv4Addr> {
        if host.eq_ignore_ascii_case("localhost") {
            return Some(Ipv4Addr::LOCALHOST);
        }
        let address: Ipv4Addr = host.parse().ok().or_else(|| self.names.resolve(host))?;
        Some(if address.is_unspecified() { Ipv4Addr::LOCALHOST } else { address })
    }

    /// Where names are asked for that the host does not know itself.
    pub fn resolver(&self) -> &Resolver {
        self.resolver
    }

    /// What the host's configuration says of AWS.
    pub fn aws_profile(&self) -> &AwsProfile {
        &self.shared.aws
    }

    /// What is in a file.
    pub fn read_file(&self, path: &str) -> Option<&[u8]> {
        self.shared.files.get(plain(path)).map(Vec::as_slice)
    }

    /// Writes a file.
    pub fn write_file(&mut self, path: &str, bytes: Vec<u8>) {
        self.shared.files.insert(plain(path).to_owned(), bytes);
    }

    /// The throughput tests that the host serves.
    pub fn tests(&mut self) -> &mut Tests {
        &mut self.shared.tests
    }

    /// The process that runs.
    pub fn pid(&self) -> ProcessId {
        self.pid
    }

    /// Lets another process run, because there is news for it.
    pub fn stir(&mut self, other: ProcessId) {
        self.processes.stir(other);
    }

    /// The name an address is shown by.
    pub fn name_of(&self, address: Ipv4Addr) -> Option<&str> {
        if address.is_loopback() { Some("localhost") } else { self.names.name_of(address) }
    }

    /// The address this host speaks from when it speaks to `destination`.
    pub fn source_for(&self, destination: Ipv4Addr) -> Ipv4Addr {
        self.stack.link.source_for(destination)
    }

    /// The longest IP packet that gets to a destination, as far as the host knows.
    pub fn path_mtu(&self, destination: Ipv4Addr) -> u16 {
        self.stack.path_mtu(self.now, destination)
    }

    /// The time to live of what this host sends.
    pub fn ttl(&self) -> u8 {
        self.stack.link.ttl()
    }

    pub fn write_stdout(&mut self, bytes: impl AsRef<[u8]>) {
        if !self.me().is_daemon {
            self.me().stdout.extend_from_slice(bytes.as_ref());
            self.stir_parent();
        }
    }

    pub fn write_stderr(&mut self, bytes: impl AsRef<[u8]>) {
        if !self.me().is_daemon {
            self.me().stderr.extend_from_slice(bytes.as_ref());
            self.stir_parent();
        }
    }

    pub fn connect(&mut self, address: Ipv4Addr, port: u16) -> ConnectionId {
        self.connect_for((address, port), Haul::Usual)
    }

    /// The same for as much as the path carries.
    pub fn connect_bulk(&mut self, address: Ipv4Addr, port: u16) -> ConnectionId {
        self.connect_for((address, port), Haul::Bulk)
    }

    /// Connects from a port of the program's choice from now on; false if somebody uses it.
    pub fn bind(&mut self, port: u16) -> bool {
        let is_free = self.stack.is_free(port);
        if is_free {
            self.me().local_port = Some(port);
        }
        is_free
    }

    fn connect_for(&mut self, to: (Ipv4Addr, u16), haul: Haul) -> ConnectionId {
        let local_port = self.me().local_port;
        let id = self.stack.connect(self.now, self.pid, local_port, to, haul);
        self.me().connections.push(id);
        self.note_opened(self.tuple(id));
        id
    }

    /// Notes that the process begins a flow, or may do so: saying it again does no harm.
    fn note_opened(&mut self, tuple: FiveTuple) {
        if !self.stack.link.is_own(tuple.dst) {
            let origin = self.me().origin;
            self.processes.opened.push(Opened { origin, tuple });
        }
    }

    pub fn standing(&self, id: ConnectionId) -> Standing {
        let connection = self.stack.connection(id);
        match connection.error {
            Some(error) => Standing::Failed(error),
            None if connection.is_connecting() => Standing::Connecting,
            None => Standing::Open,
        }
    }

    /// Addresses and ports of a connection; `src` is this host's end.
    pub fn tuple(&self, id: ConnectionId) -> FiveTuple {
        self.stack.connection(id).tuple
    }

    /// Hands bytes to a connection and says how many it took; the rest has to wait for news.
    pub fn send(&mut self, id: ConnectionId, bytes: &[u8]) -> usize {
        self.stack.send(self.now, id, bytes)
    }

    /// Appends what a connection has received.
    pub fn recv(&mut self, id: ConnectionId, into: &mut Vec<u8>) -> Received {
        let taken = self.stack.recv(id, into);
        let connection = self.stack.connection(id);
        if taken > 0 {
            Received::Bytes(taken)
        } else if let Some(error) = connection.error {
            Received::Failed(error)
        } else if connection.socket().may_recv() {
            Received::Nothing
        } else {
            Received::End
        }
    }

    pub fn close(&mut self, id: ConnectionId) {
        self.me().connections.retain(|open| *open != id);
        self.stack.close(self.now, id);
    }

    /// A number from this host's stream for programs.
    pub fn random(&mut self) -> u64 {
        self.random.next_u64()
    }

    /// Listens to ICMP messages about echo requests with the identifier it gives.
    pub fn open_echo(&mut self) -> u16 {
        let start = self.random() as u16;
        (0..=u16::MAX)
            .map(|step| start.wrapping_add(step))
            .find(|identifier| self.stack.open_echo(self.pid, *identifier))
            .expect("a host runs fewer than 65536 pings")
    }

    /// Listens to what comes back for packets from the port it gives.
    pub fn open_port(&mut self, protocol: Protocol) -> u16 {
        self.stack.open_port(self.pid, protocol)
    }

    /// Gives a port back.
    pub fn close_port(&mut self, protocol: Protocol, port: u16) {
        self.stack.close_port(protocol, port);
    }

    /// Sends a datagram from a port of its own.
    pub fn send_datagram(&mut self, from: u16, (dst, dst_port): (Ipv4Addr, u16), payload: &[u8]) {
        let src = self.source_for(dst);
        let tuple = FiveTuple { src, dst, src_port: from, dst_port, protocol: Protocol::UDP };
        self.note_opened(tuple);
        self.stack.send_datagram(self.now, tuple, payload);
    }

    /// Passes a request of a client on to whoever can answer it; the reply comes as news.
    pub fn ask(&mut self, connection: ConnectionId, query: Query) {
        let from = Asker::Process(self.pid);
        let tuple = self.tuple(connection);
        self.processes.requests.push(Request { from, tuple, query });
    }

    /// The reply to what was asked, once it is there.
    pub fn take_reply(&mut self) -> Option<Reply> {
        self.me().reply.take()
    }

    /// Sends a packet the program built itself; the link fills in the stations.
    ///
    /// It is the program that has to know whether a packet that must not be fragmented is too long.
    pub fn send_packet(&mut self, packet: Packet) {
        let mut tuple = packet.tuple();
        if let Some(echo) = packet.icmp().and_then(|icmp| icmp.echo) {
            (tuple.src_port, tuple.dst_port) = (echo.identifier, echo.identifier);
        }
        self.note_opened(tuple);
        self.stack.send_packet(self.now, packet);
    }

    pub fn take_probe_news(&mut self) -> Vec<ProbeNews> {
        std::mem::take(&mut self.me().probe_news)
    }

    /// Starts a child.
    pub fn spawn(&mut self, program: Box<dyn Program>) -> ProcessId {
        self.processes.start(program, Some(self.pid))
    }

    /// Takes what a child has written since the last call: stdout and stderr.
    pub fn take_output(&mut self, child: ProcessId) -> (Vec<u8>, Vec<u8>) {
        let child = self.processes.get_mut(child);
        (std::mem::take(&mut child.stdout), std::mem::take(&mut child.stderr))
    }

    /// The exit status of a child, once it has one.
    pub fn exit_of(&mut self, child: ProcessId) -> Option<i32> {
        self.processes.get_mut(child).exit
    }

    fn me(&mut self) -> &mut Process {
        self.processes.get_mut(self.pid)
    }

    fn stir_parent(&mut self) {
        if let Some(parent) = self.me().parent {
            self.processes.stir(parent);
        }
    }

    /// The end of a process: its connections close and its children die with it.
    fn finish(&mut self, status: i32) {
        for connection in std::mem::take(&mut self.me().connections) {
            self.stack.close(self.now, connection);
        }
        let pid = self.pid;
        self.stack.close_probes(pid);
        self.processes.file(pid, None);
        self.processes.ready.remove(&pid);
        self.me().exit = Some(status);
        self.stir_parent();
        for child in self.processes.children(pid) {
            self.as_process(child).interrupt();
            self.processes.all.remove(&child);
        }
        if self.me().is_daemon {
            self.processes.all.remove(&pid);
        }
    }

    fn as_process(&mut self, pid: ProcessId) -> Os<'_> {
        Os {
            now: self.now,
            hostname: self.hostname,
            pid,
            stack: self.stack,
            processes: self.processes,
            names: self.names,
            resolver: self.resolver,
            shared: self.shared,
            random: self.random,
            tls: self.tls,
        }
    }
}

/// A path without the dot for the folder in which everything happens.
fn plain(path: &str) -> &str {
    path.strip_prefix("./").unwrap_or(path)
}
