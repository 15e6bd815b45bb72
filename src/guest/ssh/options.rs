//! `ssh`'s command line, and the command in it.
//!
//! Knows options and their spelling; never what they do.

use std::ops::Range;
use std::time::Duration;

use crate::guest::args::{Arg, Args, Value};
use crate::guest::command::{self, CommandError};
use crate::guest::words::{Joined, Word};

/// What `ssh` was asked for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(in crate::guest) struct Options {
    pub user: String,
    pub host: String,
    pub port: u16,
    /// As the other side gets it.
    pub command: String,
    pub connect_timeout: Option<Duration>,
    pub quiet: bool,
    /// Whether the user has a key that lets them in, and not only a password to try.
    pub has_key: bool,
    /// `-t`: there is a terminal on the other side.
    pub terminal: bool,
}

const KNOWN: &[&str] = &["-4", "-A", "-i", "-l", "-n", "-o", "-p", "-q", "-t", "-T"];

impl Options {
    pub fn parse(program: &Word, arguments: &[Word]) -> Result<Self, CommandError> {
        let mut options = Self {
            user: "ec2-user".to_owned(),
            host: String::new(),
            port: 22,
            command: String::new(),
            connect_timeout: None,
            quiet: false,
            has_key: true,
            terminal: false,
        };
        let mut args = Args::new(arguments);
        while let Some(arg) = args.next() {
            match arg {
                Arg::Plain(word) if options.host.is_empty() => options.set_host(word)?,
                Arg::Plain(first) => {
                    // From here on it is the other side's command line.
                    let rest = args.rest();
                    let words: Vec<Word> = std::iter::once(first).chain(rest).cloned().collect();
                    options.command = check_command(&words)?;
                    return Ok(options);
                }
                Arg::Long(name, range) => {
                    return Err(CommandError::unknown_option(range, "ssh", &format!("--{name}"), KNOWN));
                }
                Arg::Short(c, range) => options.set(c, &mut args, range)?,
            }
        }
        if options.host.is_empty() {
            return Err(CommandError::new(program.range.clone(), "`ssh` needs a host and a command")
                .with_hint("for example `ssh ec2-user@10.0.0.4 ping -c 1 10.0.1.4`"));
        }
        Err(CommandError::new(
            program.range.start..program.range.end,
            "an interactive login has nobody to type",
        )
        .with_hint(format!("give ssh a command: `ssh {} ping -c 1 10.0.0.4`", options.host)))
    }

    /// A login with a password, without a word.
    pub fn guess(user: &str, host: &str, port: u16) -> Self {
        Self {
            user: user.to_owned(),
            host: host.to_owned(),
            port,
            command: String::new(),
            connect_timeout: None,
            quiet: true,
            has_key: false,
            terminal: false,
        }
    }

    fn set_host(&mut self, word: &Word) -> Result<(), CommandError> {
        let host = match word.text.rsplit_once('@') {
            Some((user, host)) => {
                user.clone_into(&mut self.user);
                host
            }
            None => &word.text,
        };
        if host.is_empty() {
            return Err(CommandError::new(word.range.clone(), "there is no host behind the `@`"));
        }
        host.clone_into(&mut self.host);
        Ok(())
    }

    fn set(&mut self, c: char, args: &mut Args<'_>, range: Range<usize>) -> Result<(), CommandError> {
        match c {
            // No IPv6, no agent, no standard input: nothing to choose.
            '4' | 'A' | 'n' => {}
            'T' => self.terminal = false,
            'i' => {
                args.value(&range)?;
            }
            'l' => args.value(&range)?.text.clone_into(&mut self.user),
            'o' => self.set_named(&args.value(&range)?)?,
            'p' => self.port = port(&args.value(&range)?)?,
            'q' => self.quiet = true,
            't' => self.terminal = true,
            other => return Err(CommandError::unknown_option(range, "ssh", &format!("-{other}"), KNOWN)),
        }
        Ok(())
    }

    /// `-o Key=Value`: keys that change nothing here are accepted.
    fn set_named(&mut self, value: &Value<'_>) -> Result<(), CommandError> {
        let Some((key, setting)) = value.text.split_once(['=', ' ']) else {
            return Err(CommandError::new(value.range.clone(), "`-o` wants `Key=Value`"));
        };
        let setting = Value { text: setting.trim(), range: value.range.clone() };
        match key.trim().to_ascii_lowercase().as_str() {
            "connecttimeout" => {
                let seconds: u64 = setting.number()?;
                self.connect_timeout = (seconds > 0).then(|| Duration::from_secs(seconds));
            }
            "port" => self.port = port(&setting)?,
            "preferredauthentications" => self.has_key = setting.text.split(',').any(|way| way != "password"),
            "user" => setting.text.clone_into(&mut self.user),
            "loglevel" => self.quiet |= setting.text.eq_ignore_ascii_case("quiet"),
            _ => {}
        }
        Ok(())
    }
}

fn port(value: &Value<'_>) -> Result<u16, CommandError> {
    match value.number()? {
        0 => Err(CommandError::new(value.range.clone(), "ports begin at 1")),
        port => Ok(port),
    }
}

/// Joins the words as `ssh` does, and checks them as the other side will read them.
fn check_command(words: &[Word]) -> Result<String, CommandError> {
    let joined = Joined::new(words);
    match command::parse(&joined.text) {
        Ok(_) => Ok(joined.text),
        Err(error) => Err(CommandError { range: joined.part(error.range), ..error }),
    }
}
