//! `ping`'s command line.
//!
//! Knows options and their spelling; never what they do.

use std::time::Duration;

use crate::guest::args::{Arg, Args};
use crate::guest::command::CommandError;
use crate::guest::words::Word;

/// The longest payload an IPv4 packet carries.
const SIZE_MAX: usize = 65_507;
/// The shortest interval an ordinary user may ask for.
const INTERVAL_MIN: Duration = Duration::from_millis(2);

/// What `ping` was asked for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(in crate::guest) struct Options {
    pub host: String,
    pub count: Option<u64>,
    pub interval: Duration,
    /// `-W`: how long to wait for replies after the last probe.
    pub linger: Duration,
    /// `-w`: when to end in any case.
    pub deadline: Option<Duration>,
    pub size: usize,
    /// `-M`.
    pub fragmentation: Fragmentation,
    /// `-t`: in place of the host's own.
    pub ttl: Option<u8>,
    pub quiet: bool,
    pub numeric: bool,
}

/// Who may fragment a probe.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::guest) enum Fragmentation {
    /// `-M do`: nobody; a probe that is known to be too long is not sent.
    Never,
    /// `-M want`: the host, if the probe is known to be too long.
    HereOnly,
    /// `-M dont`: routers too.
    Anywhere,
}

const KNOWN: &[&str] = &["-4", "-c", "-i", "-M", "-n", "-q", "-s", "-t", "-w", "-W"];

impl Options {
    pub fn parse(program: &Word, arguments: &[Word]) -> Result<Self, CommandError> {
        let mut options = Self {
            host: String::new(),
            count: None,
            interval: Duration::from_secs(1),
            linger: Duration::from_secs(10),
            deadline: None,
            size: 56,
            fragmentation: Fragmentation::HereOnly,
            ttl: None,
            quiet: false,
            numeric: false,
        };
        let mut args = Args::new(arguments);
        while let Some(arg) = args.next() {
            match arg {
                Arg::Plain(word) if options.host.is_empty() => options.host.clone_from(&word.text),
                Arg::Plain(word) => {
                    return Err(CommandError::new(word.range.clone(), "`ping` asks one host at a time"));
                }
                Arg::Long(name, range) => {
                    let typed = format!("--{name}");
                    return Err(CommandError::unknown_option(range, "ping", &typed, KNOWN));
                }
                Arg::Short(c, range) => options.set(c, &mut args, range)?,
            }
        }
        if options.host.is_empty() {
            return Err(CommandError::new(program.range.clone(), "`ping` needs a host")
                .with_hint("for example `ping -c 3 10.0.0.4`"));
        }
        Ok(options)
    }

    fn set(
        &mut self,
        c: char,
        args: &mut Args<'_>,
        range: std::ops::Range<usize>,
    ) -> Result<(), CommandError> {
        match c {
            '4' => {}
            'c' => {
                let value = args.value(&range)?;
                let count = value.number()?;
                if count == 0 {
                    return Err(CommandError::new(value.range, "`ping` sends at least one probe"));
                }
                // Beyond that, sequence numbers repeat, and replies could not be told apart.
                if count > u64::from(u16::MAX) {
                    return Err(CommandError::new(value.range, "`ping` sends at most 65535 probes here"));
                }
                self.count = Some(count);
            }
            'i' => {
                let value = args.value(&range)?;
                self.interval = value.seconds()?;
                if self.interval < INTERVAL_MIN {
                    return Err(CommandError::new(value.range, "the interval is at least 0.002 s"));
                }
            }
            'M' => {
                let value = args.value(&range)?;
                self.fragmentation = match value.text {
                    "do" => Fragmentation::Never,
                    "want" => Fragmentation::HereOnly,
                    "dont" => Fragmentation::Anywhere,
                    _ => {
                        let message = format!("`-M` has no mode `{}` here", value.text);
                        return Err(
                            CommandError::new(value.range, message).with_hint("modes: do, want, dont")
                        );
                    }
                };
            }
            'n' => self.numeric = true,
            'q' => self.quiet = true,
            's' => {
                let value = args.value(&range)?;
                self.size = value.number()?;
                if self.size > SIZE_MAX {
                    return Err(CommandError::new(value.range, format!("the size is at most {SIZE_MAX}")));
                }
            }
            't' => {
                let value = args.value(&range)?;
                let ttl = value.number()?;
                if ttl == 0 {
                    return Err(CommandError::new(value.range, "the time to live is 1 to 255"));
                }
                self.ttl = Some(ttl);
            }
            'w' => self.deadline = Some(args.value(&range)?.seconds()?),
            'W' => self.linger = args.value(&range)?.seconds()?,
            other => {
                return Err(CommandError::unknown_option(range, "ping", &format!("-{other}"), KNOWN));
            }
        }
        Ok(())
    }
}
