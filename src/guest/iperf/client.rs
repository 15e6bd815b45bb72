//! `iperf3 -c`: the client's side of a test, and what it prints.
//!
//! Knows the protocol and iperf3's words, those of a system that does not tell of retransmissions
//! (assumed: iperf3-words).

use std::net::Ipv4Addr;
use std::time::Duration;

use serde_json::json;

use super::options::Options;
use super::{BLOCK, COOKIE_LEN, framed, state, take_document, units};
use crate::guest::dns::lookup::{Looked, Lookup};
use crate::guest::process::{Os, Outbox, Program, Progress, Received, Standing, Turn, take_turns};
use crate::guest::stack::ConnectionId;
use crate::time::Instant;

/// Turns of the state machine in one step: enough to fill any send buffer.
const TURNS_MAX: u32 = 100_000;
/// How long the end of a test is waited for, as the original's watchdog does not.
const PATIENCE: Duration = Duration::from_secs(120);
const UNKNOWN_MESSAGE: &str = "received an unknown control message";

/// A running client.
pub(in crate::guest) struct Client {
    options: Options,
    cookie: Vec<u8>,
    state: State,
}

enum State {
    Looking(Lookup),
    Connecting(ConnectionId),
    /// Over the control connection; the stream once it is wanted.
    Talking(Box<Test>),
}

struct Test {
    control: ConnectionId,
    received: Vec<u8>,
    unsent: Outbox,
    stream: Option<ConnectionId>,
    /// Whether the stream has begun with the cookie.
    is_introduced: bool,
    phase: Phase,
    began: Instant,
    /// Bytes of the whole test, and of the current interval with its begin.
    bytes: u64,
    interval: (Instant, u64),
    ended: Option<Instant>,
    limit: Instant,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Until the server wants parameters.
    Greeting,
    /// Until it wants a stream, and says that the test runs.
    Preparing,
    Running,
    /// Until it wants results.
    Ending,
    /// Until it has said its own.
    Results,
}

impl Client {
    pub fn new(options: Options) -> Self {
        let state = State::Looking(Lookup::new(&options.host));
        Self { options, cookie: Vec::new(), state }
    }

    fn turn(&mut self, os: &mut Os<'_>) -> Turn {
        match &mut self.state {
            State::Looking(lookup) => match lookup.poll(os) {
                Looked::Waiting => Turn::Wait(lookup.deadline()),
                Looked::Failed(why) => fail(os, &format!("unable to connect to server: {}", why.describe())),
                Looked::Found(addresses) => self.connect(os, addresses[0]),
            },
            State::Connecting(connection) => {
                let connection = *connection;
                match os.standing(connection) {
                    Standing::Connecting => Turn::Wait(None),
                    Standing::Failed(error) => {
                        fail(os, &format!("unable to connect to server: {}", error.describe()))
                    }
                    Standing::Open => {
                        self.greet(os, connection);
                        Turn::Again
                    }
                }
            }
            State::Talking(test) => test.turn(os, &self.options, &self.cookie),
        }
    }

    fn connect(&mut self, os: &mut Os<'_>, address: Ipv4Addr) -> Turn {
        let (host, port) = (&self.options.host, self.options.port);
        os.write_stdout(format!("Connecting to host {host}, port {port}\n"));
        if self.options.is_reverse {
            os.write_stdout(format!("Reverse mode, remote host {host} is sending\n"));
        }
        self.state = State::Connecting(os.connect(address, port));
        Turn::Again
    }

    fn greet(&mut self, os: &mut Os<'_>, control: ConnectionId) {
        const LETTERS: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
        self.cookie = (1..COOKIE_LEN).map(|_| LETTERS[(os.random() % 32) as usize]).collect();
        self.cookie.push(0);
        let mut unsent = Outbox::default();
        unsent.bytes_mut().extend_from_slice(&self.cookie);
        self.state = State::Talking(Box::new(Test {
            control,
            received: Vec::new(),
            unsent,
            stream: None,
            is_introduced: false,
            phase: Phase::Greeting,
            began: os.now,
            bytes: 0,
            interval: (os.now, 0),
            ended: None,
            limit: os.now + PATIENCE,
        }));
    }
}

impl Test {
    fn turn(&mut self, os: &mut Os<'_>, options: &Options, cookie: &[u8]) -> Turn {
        let news = os.recv(self.control, &mut self.received);
        self.unsent.flush(os, self.control);
        if let Some(turn) = self.introduce(os, cookie) {
            return turn;
        }
        if options.is_reverse && matches!(self.phase, Phase::Ending | Phase::Results) {
            self.drain(os);
        }
        if self.phase == Phase::Running {
            if let Some(turn) = self.run(os, options) {
                return turn;
            }
        } else if self.phase == Phase::Results {
            match take_document(&mut self.received) {
                Err(()) => return fail(os, "unable to receive results"),
                Ok(Some(results)) => return self.finish(os, options, &results),
                Ok(None) => {}
            }
        } else if !self.received.is_empty() {
            let said = self.received.remove(0);
            return self.hear(os, options, said);
        }
        match news {
            Received::Failed(_) | Received::End => fail(os, "control socket has closed unexpectedly"),
            Received::Bytes(_) => Turn::Again,
            Received::Nothing if self.limit <= os.now => fail(os, "the server does not answer"),
            Received::Nothing => Turn::Wait(Some(self.limit)),
        }
    }

    fn hear(&mut self, os: &mut Os<'_>, options: &Options, said: u8) -> Turn {
        match (said, self.phase) {
            (state::PARAM_EXCHANGE, Phase::Greeting) => {
                let mut parameters = json!({
                    "tcp": true, "omit": 0, "time": options.time.as_secs(), "num": options.bytes.unwrap_or(0),
                    "parallel": 1, "len": BLOCK, "client_version": "3.9",
                });
                if options.is_reverse {
                    parameters["reverse"] = json!(true);
                }
                self.unsent.bytes_mut().extend(framed(&parameters));
                self.phase = Phase::Preparing;
            }
            (state::CREATE_STREAMS, Phase::Preparing) if self.stream.is_none() => {
                let peer = os.tuple(self.control).dst;
                self.stream = Some(os.connect_bulk(peer, options.port));
                self.limit = os.now + PATIENCE;
            }
            (state::TEST_START, Phase::Preparing) => {}
            (state::TEST_RUNNING, Phase::Preparing) => {
                let Some(stream) = self.stream else { return fail(os, UNKNOWN_MESSAGE) };
                self.phase = Phase::Running;
                self.limit = os.now + PATIENCE;
                (self.began, self.interval) = (os.now, (os.now, 0));
                let ends = os.tuple(stream);
                os.write_stdout(format!(
                    "[  5] local {} port {} connected to {} port {}\n\
                     [ ID] Interval           Transfer     Bitrate\n",
                    ends.src, ends.src_port, ends.dst, ends.dst_port
                ));
            }
            (state::EXCHANGE_RESULTS, Phase::Ending) => {
                let results = json!({ "streams": [{ "id": 1, "bytes": self.bytes }] });
                self.unsent.bytes_mut().extend(framed(&results));
                self.phase = Phase::Results;
            }
            (_, _) => return fail(os, UNKNOWN_MESSAGE),
        }
        Turn::Again
    }

    /// Sends or receives as much as there is; `None` if the control connection has the word.
    fn run(&mut self, os: &mut Os<'_>, options: &Options) -> Option<Turn> {
        let stream = self.stream.expect("a test that runs has a stream");
        let end = self.began + options.time;
        let is_timed = options.bytes.is_none();
        let mut moved = 0;
        if options.is_reverse {
            let mut came = Vec::new();
            match os.recv(stream, &mut came) {
                Received::Failed(_) => return Some(fail(os, "unable to read from stream socket")),
                Received::Bytes(_) | Received::End | Received::Nothing => moved = came.len() as u64,
            }
        } else {
            let left = options.bytes.map_or(BLOCK as u64, |bytes| (bytes - self.bytes).min(BLOCK as u64));
            if !is_timed || os.now < end {
                moved = os.send(stream, &[b'0'; BLOCK][..left as usize]) as u64;
            }
            if let Standing::Failed(error) = os.standing(stream) {
                return Some(fail(os, &format!("unable to write to stream socket: {}", error.describe())));
            }
        }
        self.bytes += moved;
        self.interval.1 += moved;
        let next_line = self.interval.0 + options.interval;
        let is_over =
            if is_timed { end <= os.now } else { options.bytes.is_some_and(|all| all <= self.bytes) };
        if is_over || next_line <= os.now {
            self.line(os);
        }
        if is_over {
            self.ended = Some(os.now);
            self.limit = os.now + PATIENCE;
            // What the server still sends is read, and not counted.
            if !options.is_reverse {
                os.close(stream);
            }
            self.unsent.bytes_mut().push(state::TEST_END);
            self.phase = Phase::Ending;
            return Some(Turn::Again);
        }
        if moved > 0 {
            self.limit = os.now + PATIENCE;
            return Some(Turn::Again);
        }
        if self.limit <= os.now {
            return Some(fail(os, "nothing moves on the stream any more"));
        }
        let until = if is_timed { next_line.min(end) } else { next_line };
        let until = until.min(self.limit);
        // The control connection may have something to say meanwhile: it wakes the program too.
        if self.received.is_empty() { Some(Turn::Wait(Some(until))) } else { None }
    }

    fn drain(&self, os: &mut Os<'_>) {
        if let Some(stream) = self.stream {
            os.recv(stream, &mut Vec::new());
        }
    }

    /// What an interval has carried.
    fn line(&mut self, os: &mut Os<'_>) {
        let (begin, bytes) = self.interval;
        if os.now > begin {
            let (from, to) = (begin.since(self.began), os.now.since(self.began));
            os.write_stdout(row(from, to, bytes, ""));
        }
        self.interval = (os.now, 0);
    }

    fn finish(&mut self, os: &mut Os<'_>, options: &Options, results: &serde_json::Value) -> Turn {
        let theirs = results.pointer("/streams/0/bytes").and_then(serde_json::Value::as_u64).unwrap_or(0);
        let micros = results.pointer("/streams/0/end_time_us").and_then(serde_json::Value::as_u64);
        let own = self.ended.unwrap_or(os.now).since(self.began);
        let their_time = micros.map_or(own, Duration::from_micros);
        let (sent, received) = if options.is_reverse {
            ((theirs, their_time), (self.bytes, own))
        } else {
            ((self.bytes, own), (theirs, their_time))
        };
        os.write_stdout("- - - - - - - - - - - - - - - - - - - - - - - - -\n[ ID] Interval           Transfer     Bitrate\n");
        os.write_stdout(row(Duration::ZERO, sent.1, sent.0, "sender"));
        os.write_stdout(row(Duration::ZERO, received.1, received.0, "receiver"));
        os.write_stdout("\niperf Done.\n");
        self.unsent.bytes_mut().push(state::IPERF_DONE);
        self.unsent.flush(os, self.control);
        Turn::Exit(0)
    }

    /// Sends the cookie as soon as the stream is open.
    fn introduce(&mut self, os: &mut Os<'_>, cookie: &[u8]) -> Option<Turn> {
        let stream = self.stream.filter(|_| !self.is_introduced)?;
        match os.standing(stream) {
            Standing::Connecting => None,
            Standing::Open => {
                // A new connection has room for it.
                os.send(stream, cookie);
                self.is_introduced = true;
                None
            }
            Standing::Failed(error) => {
                Some(fail(os, &format!("unable to connect stream: {}", error.describe())))
            }
        }
    }
}

fn row(from: Duration, to: Duration, bytes: u64, who: &str) -> String {
    let time = |at: Duration| {
        let hundredths = (at.as_millis() + 5) / 10;
        format!("{}.{:02}", hundredths / 100, hundredths % 100)
    };
    let (amount, rate) = (units::bytes(bytes), units::rate(bytes, (to - from).as_nanos()));
    let line =
        format!("[  5] {:>6}-{:<6} sec  {amount}  {rate}                  {who}", time(from), time(to));
    format!("{}\n", line.trim_end())
}

fn fail(os: &mut Os<'_>, why: &str) -> Turn {
    os.write_stderr(format!("iperf3: error - {why}\n"));
    Turn::Exit(1)
}

impl Program for Client {
    fn step(&mut self, os: &mut Os<'_>) -> Progress {
        take_turns(os, "iperf3", TURNS_MAX, |os| self.turn(os))
    }
}
