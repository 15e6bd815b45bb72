//! `nc`'s command line.
//!
//! Knows options and their spelling; never what they do.

use std::ops::Range;
use std::time::Duration;

use crate::guest::args::{Arg, Args};
use crate::guest::command::CommandError;
use crate::guest::words::Word;

/// What `nc` was asked for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(in crate::guest) struct Options {
    pub host: String,
    pub port: u16,
    pub udp: bool,
    pub verbose: bool,
    /// `-n`: the host is an address.
    pub numeric: bool,
    /// `-p`: the port it connects from.
    pub local_port: Option<u16>,
    /// `-w`: how long connecting may take.
    pub wait: Duration,
}

const KNOWN: &[&str] = &["-4", "-n", "-p", "-u", "-v", "-w", "-z"];
const EXAMPLE: &str = "for example `nc -zv 10.0.0.4 80`";

impl Options {
    pub fn parse(program: &Word, arguments: &[Word]) -> Result<Self, CommandError> {
        let mut options = Self {
            host: String::new(),
            port: 0,
            udp: false,
            verbose: false,
            numeric: false,
            local_port: None,
            wait: Duration::from_secs(10),
        };
        let mut only_connects = false;
        let mut args = Args::new(arguments);
        while let Some(arg) = args.next() {
            match arg {
                Arg::Plain(word) if options.host.is_empty() => options.host.clone_from(&word.text),
                Arg::Plain(word) if options.port == 0 => options.port = port(word)?,
                Arg::Plain(word) => {
                    return Err(CommandError::new(word.range.clone(), "`nc` tries one port at a time"));
                }
                Arg::Long(name, range) => {
                    return Err(CommandError::unknown_option(range, "nc", &format!("--{name}"), KNOWN));
                }
                Arg::Short('z', _) => only_connects = true,
                Arg::Short(c, range) => options.set(c, &mut args, range)?,
            }
        }
        if options.port == 0 {
            return Err(
                CommandError::new(program.range.clone(), "`nc` needs a host and a port").with_hint(EXAMPLE)
            );
        }
        if !only_connects {
            return Err(CommandError::new(program.range.clone(), "there is nobody to type what `nc` sends")
                .with_hint("`-z` only tries to connect"));
        }
        Ok(options)
    }

    /// Whether a port is open, without a word.
    pub fn knock(host: &str, port: u16, wait: Duration) -> Self {
        Self {
            host: host.to_owned(),
            port,
            udp: false,
            verbose: false,
            numeric: false,
            local_port: None,
            wait,
        }
    }

    fn set(&mut self, c: char, args: &mut Args<'_>, range: Range<usize>) -> Result<(), CommandError> {
        match c {
            '4' => {}
            'n' => self.numeric = true,
            'p' => {
                let value = args.value(&range)?;
                self.local_port = Some(value.number()?);
            }
            'u' => self.udp = true,
            'v' => self.verbose = true,
            'w' => {
                let value = args.value(&range)?;
                self.wait = value.seconds()?;
                if self.wait.is_zero() {
                    return Err(CommandError::new(value.range, "`nc` waits longer than that"));
                }
            }
            other => return Err(CommandError::unknown_option(range, "nc", &format!("-{other}"), KNOWN)),
        }
        Ok(())
    }
}

fn port(word: &Word) -> Result<u16, CommandError> {
    word.text.parse().ok().filter(|port| *port > 0).ok_or_else(|| {
        CommandError::new(
            word.range.clone(),
            format!("expected a port from 1 to 65535, found `{}`", word.text),
        )
    })
}
