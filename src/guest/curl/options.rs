//! `curl`'s command line.
//!
//! Knows options and their spelling; never what they do.

use std::time::Duration;

use super::write_out::WriteOut;
use crate::guest::args::{Arg, Args, Value};
use crate::guest::command::CommandError;
use crate::guest::words::Word;

/// What `curl` was asked for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(in crate::guest) struct Options {
    pub url: String,
    pub silent: bool,
    pub show_error: bool,
    pub fail: bool,
    pub include_headers: bool,
    pub head_only: bool,
    /// In place of the method that goes with the rest.
    pub method: Option<String>,
    /// What is sent as the body, parts joined by `&`.
    pub data: Option<String>,
    /// How many bytes of no meaning are sent as a file.
    pub upload: Option<u64>,
    pub follow: bool,
    /// `-k` was given: the server may be anybody.
    pub insecure: bool,
    pub verbose: bool,
    /// `-o` was given: what was fetched does not go to standard output.
    pub to_file: bool,
    pub headers: Vec<String>,
    pub user_agent: Option<String>,
    pub write_out: Option<WriteOut>,
    pub local_port: Option<u16>,
    pub max_time: Option<Duration>,
    pub connect_timeout: Option<Duration>,
}

const KNOWN: &[&str] = &[
    "-A",
    "-d",
    "-f",
    "-H",
    "-i",
    "-I",
    "-k",
    "-L",
    "-m",
    "-o",
    "-s",
    "-S",
    "-v",
    "-w",
    "-X",
    "--connect-timeout",
    "--data",
    "--fail",
    "--head",
    "--header",
    "--include",
    "--insecure",
    "--local-port",
    "--location",
    "--max-time",
    "--output",
    "--request",
    "--show-error",
    "--silent",
    "--url",
    "--user-agent",
    "--verbose",
    "--write-out",
];

impl Options {
    pub fn parse(program: &Word, arguments: &[Word]) -> Result<Self, CommandError> {
        let mut options = Self::of_url(String::new());
        let mut args = Args::new(arguments);
        let mut has_url = false;
        while let Some(arg) = args.next() {
            match arg {
                Arg::Plain(word) => {
                    options.set_url(&mut has_url, Value { text: &word.text, range: word.range.clone() })?;
                }
                Arg::Short(c, range) => {
                    let Some(name) = long_name(c) else {
                        return Err(CommandError::unknown_option(range, "curl", &format!("-{c}"), KNOWN));
                    };
                    options.set(name, &mut args, &range, &mut has_url)?;
                }
                Arg::Long(name, range) => options.set(name, &mut args, &range, &mut has_url)?,
            }
        }
        if !has_url {
            return Err(CommandError::new(program.range.clone(), "`curl` needs a URL")
                .with_hint("for example `curl -sS -m 5 http://10.0.0.4/`"));
        }
        Ok(options)
    }

    /// A page that goes to a file, from whoever has it.
    pub fn fetch(url: String, agent: Option<&str>) -> Self {
        let (user_agent, silent) = (agent.map(str::to_owned), true);
        Self { silent, insecure: true, to_file: true, user_agent, ..Self::of_url(url) }
    }

    fn of_url(url: String) -> Self {
        Self {
            url,
            silent: false,
            show_error: false,
            fail: false,
            include_headers: false,
            head_only: false,
            method: None,
            data: None,
            upload: None,
            follow: false,
            insecure: false,
            verbose: false,
            to_file: false,
            headers: Vec::new(),
            user_agent: None,
            write_out: None,
            local_port: None,
            max_time: None,
            connect_timeout: None,
        }
    }

    fn set(
        &mut self,
        name: &str,
        args: &mut Args<'_>,
        range: &std::ops::Range<usize>,
        has_url: &mut bool,
    ) -> Result<(), CommandError> {
        match name {
            "connect-timeout" => self.connect_timeout = Some(args.value(range)?.seconds()?),
            "data" => {
                let value = args.value(range)?;
                if value.text.starts_with('@') {
                    let message = "`-d @FILE` is not supported here: write the text itself";
                    return Err(CommandError::new(value.range, message));
                }
                self.data = Some(match self.data.take() {
                    Some(before) => format!("{before}&{}", value.text),
                    None => value.text.to_owned(),
                });
            }
            "fail" => self.fail = true,
            "head" => self.head_only = true,
            "header" => self.headers.push(args.value(range)?.text.to_owned()),
            "include" => self.include_headers = true,
            "insecure" => self.insecure = true,
            "location" => self.follow = true,
            "max-time" => self.max_time = Some(args.value(range)?.seconds()?),
            "output" => {
                args.value(range)?;
                self.to_file = true;
            }
            "request" => {
                let value = args.value(range)?;
                let is_token = |c: char| c.is_ascii_alphanumeric() || c == '-';
                if value.text.is_empty() || !value.text.chars().all(is_token) {
                    return Err(CommandError::new(value.range, "this is no method of HTTP"));
                }
                self.method = Some(value.text.to_owned());
            }
            "show-error" => self.show_error = true,
            "silent" => self.silent = true,
            "local-port" => self.local_port = Some(args.value(range)?.number()?),
            "url" => self.set_url(has_url, args.value(range)?)?,
            "user-agent" => self.user_agent = Some(args.value(range)?.text.to_owned()),
            "verbose" => self.verbose = true,
            "write-out" => self.write_out = Some(WriteOut::parse(&args.value(range)?)?),
            other => {
                let typed = format!("--{other}");
                return Err(CommandError::unknown_option(range.clone(), "curl", &typed, KNOWN));
            }
        }
        Ok(())
    }

    fn set_url(&mut self, has_url: &mut bool, value: Value<'_>) -> Result<(), CommandError> {
        if std::mem::replace(has_url, true) {
            return Err(CommandError::new(value.range, "`curl` fetches one URL at a time here"));
        }
        if value.text.contains('@') || value.text.contains('[') {
            return Err(CommandError::new(
                value.range,
                "user names and IPv6 addresses in URLs are not supported",
            ));
        }
        value.text.clone_into(&mut self.url);
        Ok(())
    }
}

fn long_name(c: char) -> Option<&'static str> {
    Some(match c {
        'A' => "user-agent",
        'd' => "data",
        'f' => "fail",
        'H' => "header",
        'i' => "include",
        'I' => "head",
        'k' => "insecure",
        'L' => "location",
        'm' => "max-time",
        'o' => "output",
        's' => "silent",
        'S' => "show-error",
        'v' => "verbose",
        'w' => "write-out",
        'X' => "request",
        _ => return None,
    })
}
