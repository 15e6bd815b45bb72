//! The server's side of one connection of iperf3: of the control connection of a test, or of its stream.
//!
//! Knows the protocol; prints nothing, since nobody looks.

use serde_json::json;

use super::{BLOCK, COOKIE_LEN, Test, framed, state, take_document};
use crate::guest::process::{Os, Outbox, Program, Progress, Received};
use crate::guest::stack::ConnectionId;
use crate::time::Instant;

/// One connection.
pub(in crate::guest) struct Session {
    connection: ConnectionId,
    received: Vec<u8>,
    unsent: Outbox,
    cookie: Vec<u8>,
    role: Role,
}

enum Role {
    /// The cookie says.
    Unknown,
    Parameters,
    /// Until the stream is there.
    Preparing,
    Running(Instant),
    /// Until the client has said what it counted.
    Results(Instant),
    Leaving,
    Stream,
}

impl Session {
    pub fn new(connection: ConnectionId) -> Self {
        let (received, unsent, cookie) = (Vec::new(), Outbox::default(), Vec::new());
        Self { connection, received, unsent, cookie, role: Role::Unknown }
    }

    fn say(&mut self, what: u8) {
        self.unsent.bytes_mut().push(what);
    }

    /// Goes on by one step; says whether there is more to do at once. The error ends the connection.
    fn turn(&mut self, os: &mut Os<'_>) -> Result<bool, ()> {
        match self.role {
            Role::Unknown => {
                let Some(cookie) = self.received.get(..COOKIE_LEN) else { return Ok(false) };
                self.cookie = cookie.to_vec();
                self.received.drain(..COOKIE_LEN);
                let own = os.pid();
                match os.tests().0.get_mut(&self.cookie) {
                    Some(test) if test.stream.is_none() => {
                        test.stream = Some(own);
                        let control = test.control;
                        os.stir(control);
                        self.role = Role::Stream;
                    }
                    Some(_) => return Err(()),
                    None => {
                        let test = Test {
                            control: own,
                            stream: None,
                            is_reverse: false,
                            is_running: false,
                            is_over: false,
                            bytes: 0,
                        };
                        os.tests().0.insert(self.cookie.clone(), test);
                        self.say(state::PARAM_EXCHANGE);
                        self.role = Role::Parameters;
                    }
                }
                Ok(true)
            }
            Role::Parameters => {
                let Some(parameters) = take_document(&mut self.received)? else { return Ok(false) };
                let is_reverse = parameters.get("reverse").and_then(serde_json::Value::as_bool);
                self.test(os)?.is_reverse = is_reverse.unwrap_or(false);
                self.say(state::CREATE_STREAMS);
                self.role = Role::Preparing;
                Ok(true)
            }
            Role::Preparing => {
                let Some(stream) = self.test(os)?.stream else { return Ok(false) };
                self.say(state::TEST_START);
                self.say(state::TEST_RUNNING);
                self.test(os)?.is_running = true;
                self.role = Role::Running(os.now);
                os.stir(stream);
                Ok(true)
            }
            Role::Running(began) => {
                if self.received.is_empty() {
                    return Ok(false);
                }
                if self.received.remove(0) != state::TEST_END {
                    return Err(());
                }
                self.test(os)?.is_over = true;
                self.say(state::EXCHANGE_RESULTS);
                self.role = Role::Results(began);
                Ok(true)
            }
            Role::Results(began) => {
                if take_document(&mut self.received)?.is_none() {
                    return Ok(false);
                }
                let bytes = self.test(os)?.bytes;
                let micros = os.now.since(began).as_micros() as u64;
                let results = json!({ "streams": [{ "id": 1, "bytes": bytes, "end_time_us": micros }] });
                self.unsent.bytes_mut().extend(framed(&results));
                self.say(state::DISPLAY_RESULTS);
                self.role = Role::Leaving;
                Ok(true)
            }
            Role::Leaving => {
                if self.received.is_empty() {
                    Ok(false)
                } else {
                    Err(())
                }
            }
            Role::Stream => self.stream(os),
        }
    }

    fn stream(&mut self, os: &mut Os<'_>) -> Result<bool, ()> {
        let came = self.received.len() as u64;
        self.received.clear();
        let test = self.test(os)?;
        if !test.is_reverse {
            test.bytes += came;
            return Ok(false);
        }
        if test.is_over {
            return Err(());
        }
        if !test.is_running {
            return Ok(false);
        }
        let taken = os.send(self.connection, &[b'0'; BLOCK]) as u64;
        self.test(os)?.bytes += taken;
        Ok(taken > 0)
    }

    fn test<'o>(&self, os: &'o mut Os<'_>) -> Result<&'o mut Test, ()> {
        os.tests().0.get_mut(&self.cookie).ok_or(())
    }

    /// A test is over with its control connection.
    fn end(&self, os: &mut Os<'_>) -> Progress {
        let own = os.pid();
        if os.tests().0.get(&self.cookie).is_some_and(|test| test.control == own) {
            os.tests().0.remove(&self.cookie);
        }
        Progress::Exited(0)
    }
}

impl Program for Session {
    fn step(&mut self, os: &mut Os<'_>) -> Progress {
        let news = os.recv(self.connection, &mut self.received);
        loop {
            match self.turn(os) {
                Ok(true) => {}
                Ok(false) => break,
                Err(()) => return self.end(os),
            }
        }
        self.unsent.flush(os, self.connection);
        match news {
            Received::Failed(_) | Received::End => self.end(os),
            Received::Bytes(_) | Received::Nothing => Progress::Waiting(None),
        }
    }
}
