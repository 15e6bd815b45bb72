//! `traceroute`'s command line.
//!
//! Knows options and their spelling; never what they do.

use std::ops::Range;
use std::time::Duration;

use crate::guest::args::{Arg, Args, Value};
use crate::guest::command::CommandError;
use crate::guest::words::Word;

/// What the probes are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::guest) enum Method {
    /// `-I`: echo requests.
    Icmp,
    /// `-T`: SYNs to one port.
    Tcp,
    /// Datagrams, each to a port of its own.
    Udp,
}

/// How long a probe may take.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::guest) struct Patience {
    pub max: Duration,
    /// So many times longer than another probe of the same hop took; 0 does not count.
    pub here: u32,
    /// So many times longer than a probe of a later hop took; 0 does not count.
    pub near: u32,
}

/// What `traceroute` was asked for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(in crate::guest) struct Options {
    pub host: String,
    /// Where the host stands among the arguments, and how many there are.
    pub position: (usize, usize),
    pub method: Method,
    /// `-p`: of UDP the first port, of TCP the only one.
    pub port: Option<u16>,
    pub first_hop: usize,
    pub max_hops: usize,
    pub per_hop: usize,
    /// `-N`: probes on their way at the same time.
    pub at_once: usize,
    pub patience: Patience,
    pub numeric: bool,
}

const KNOWN: &[&str] = &["-4", "-f", "-I", "-m", "-n", "-N", "-p", "-q", "-T", "-w"];
const HOPS: std::ops::RangeInclusive<usize> = 1..=255;
const PER_HOP: std::ops::RangeInclusive<usize> = 1..=10;
const AT_ONCE: std::ops::RangeInclusive<usize> = 1..=1000;

impl Options {
    pub fn parse(program: &Word, arguments: &[Word]) -> Result<Self, CommandError> {
        let mut options = Self {
            host: String::new(),
            position: (0, arguments.len()),
            method: Method::Udp,
            port: None,
            first_hop: 1,
            max_hops: 30,
            per_hop: 3,
            at_once: 16,
            patience: Patience { max: Duration::from_secs(5), here: 3, near: 10 },
            numeric: false,
        };
        let mut args = Args::new(arguments);
        while let Some(arg) = args.next() {
            match arg {
                Arg::Plain(word) if options.host.is_empty() => {
                    options.host.clone_from(&word.text);
                    let before = arguments.iter().take_while(|other| other.range != word.range);
                    options.position.0 = before.count() + 1;
                }
                Arg::Plain(word) => {
                    let message = "`traceroute` traces one host, with packets of the usual size";
                    return Err(CommandError::new(word.range.clone(), message));
                }
                Arg::Long(name, range) => {
                    let typed = format!("--{name}");
                    return Err(CommandError::unknown_option(range, "traceroute", &typed, KNOWN));
                }
                Arg::Short(c, range) => options.set(c, &mut args, range)?,
            }
        }
        if options.host.is_empty() {
            return Err(CommandError::new(program.range.clone(), "`traceroute` needs a host")
                .with_hint("for example `traceroute -n 10.0.0.4`"));
        }
        if options.first_hop > options.max_hops {
            return Err(CommandError::new(program.range.clone(), "the first hop lies behind the last"));
        }
        Ok(options)
    }

    fn set(&mut self, c: char, args: &mut Args<'_>, range: Range<usize>) -> Result<(), CommandError> {
        match c {
            '4' => {}
            'f' => self.first_hop = within(&args.value(&range)?, HOPS)?,
            'I' => self.method = Method::Icmp,
            'm' => self.max_hops = within(&args.value(&range)?, HOPS)?,
            'n' => self.numeric = true,
            'N' => self.at_once = within(&args.value(&range)?, AT_ONCE)?,
            'p' => self.port = Some(args.value(&range)?.number()?),
            'q' => self.per_hop = within(&args.value(&range)?, PER_HOP)?,
            'T' => self.method = Method::Tcp,
            'w' => self.patience = patience(&args.value(&range)?)?,
            other => {
                return Err(CommandError::unknown_option(range, "traceroute", &format!("-{other}"), KNOWN));
            }
        }
        Ok(())
    }
}

fn within(value: &Value<'_>, range: std::ops::RangeInclusive<usize>) -> Result<usize, CommandError> {
    let number = value.number()?;
    if range.contains(&number) {
        return Ok(number);
    }
    let message = format!("expected a number from {} to {}, found `{number}`", range.start(), range.end());
    Err(CommandError::new(value.range.clone(), message))
}

/// `MAX` or `MAX,HERE,NEAR`; what is left out does not count.
fn patience(value: &Value<'_>) -> Result<Patience, CommandError> {
    let mut parts = value.text.split(',');
    let max = Value { text: parts.next().unwrap_or_default(), range: value.range.clone() }.seconds()?;
    let mut factor = || match parts.next() {
        Some(text) => Value { text, range: value.range.clone() }.number::<u16>().map(u32::from),
        None => Ok(0),
    };
    Ok(Patience { max, here: factor()?, near: factor()? })
}
