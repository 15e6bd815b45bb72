//! The options of `iperf3 -c`.
//!
//! Knows what may be typed; never what comes of it.

use std::time::Duration;

use super::PORT;
use crate::guest::args::{Arg, Args};
use crate::guest::command::CommandError;
use crate::guest::words::Word;

/// What `iperf3` was asked to do.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Options {
    pub host: String,
    pub port: u16,
    /// How long it sends, unless it counts bytes.
    pub time: Duration,
    pub bytes: Option<u64>,
    /// How often it says how far it is.
    pub interval: Duration,
    /// Whether the server sends.
    pub is_reverse: bool,
}

const KNOWN: &[&str] = &["-c", "-p", "-t", "-n", "-i", "-R"];
/// Longer tests say nothing more, and take long.
const TIME_MAX: u64 = 3600;

impl Options {
    /// Reads the words behind the program's name.
    pub fn parse(program: &Word, words: &[Word]) -> Result<Self, CommandError> {
        let mut host = None;
        let mut options = Self {
            host: String::new(),
            port: PORT,
            time: Duration::from_secs(10),
            bytes: None,
            interval: Duration::from_secs(1),
            is_reverse: false,
        };
        let mut args = Args::new(words);
        while let Some(arg) = args.next() {
            match arg {
                Arg::Short('c', range) => host = Some(args.value(&range)?.text.to_owned()),
                Arg::Short('p', range) => options.port = args.value(&range)?.number()?,
                Arg::Short('t', range) => {
                    let value = args.value(&range)?;
                    let seconds: u64 = value.number()?;
                    if !(1..=TIME_MAX).contains(&seconds) {
                        let message = format!("expected 1 to {TIME_MAX} seconds, found {seconds}");
                        return Err(CommandError::new(value.range, message));
                    }
                    options.time = Duration::from_secs(seconds);
                }
                Arg::Short('n', range) => {
                    let value = args.value(&range)?;
                    let bytes = amount(value.text).ok_or_else(|| {
                        CommandError::new(value.range.clone(), "expected bytes, e.g. 1000000 or 10M")
                    })?;
                    options.bytes = Some(bytes);
                }
                Arg::Short('i', range) => {
                    let interval = args.value(&range)?.seconds()?;
                    // 0 is only the sum.
                    options.interval =
                        if interval.is_zero() { Duration::from_secs(u64::from(u32::MAX)) } else { interval };
                }
                Arg::Short('R', _) => options.is_reverse = true,
                Arg::Short(other, range) => {
                    return Err(CommandError::unknown_option(range, "iperf3", &format!("-{other}"), KNOWN));
                }
                Arg::Long(name, range) => {
                    return Err(CommandError::unknown_option(range, "iperf3", &format!("--{name}"), KNOWN));
                }
                Arg::Plain(word) => {
                    return Err(CommandError::new(word.range.clone(), "this is one word too many"));
                }
            }
        }
        let missing = || {
            CommandError::new(
                program.range.clone(),
                "parameter error - must either be a client (-c) or server (-s)",
            )
            .with_hint("a server is `serves: { 5201: iperf3 }` of a host; `-c HOST` asks it")
        };
        Ok(Self { host: host.ok_or_else(missing)?, ..options })
    }
}

/// Bytes, with iperf3's suffixes.
fn amount(text: &str) -> Option<u64> {
    let (digits, shift) = match text.as_bytes().last()? {
        b'K' | b'k' => (&text[..text.len() - 1], 10),
        b'M' | b'm' => (&text[..text.len() - 1], 20),
        b'G' | b'g' => (&text[..text.len() - 1], 30),
        _ => (text, 0),
    };
    let number: u64 = digits.parse().ok().filter(|number| *number > 0)?;
    number.checked_mul(1 << shift)
}
