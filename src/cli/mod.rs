//! The command line: what was typed, what it means, what is printed and with which exit code.
//!
//! Results go to standard output; mistakes and trouble to standard error.

mod args;
#[cfg(feature = "athena")]
mod athena;
#[cfg_attr(not(feature = "deliver"), path = "no_deliver.rs")]
mod deliver;
mod exit;
mod import;
mod probe;

use std::ffi::OsString;
use std::io::{self, IsTerminal, Write};
use std::num::NonZeroUsize;
use std::path::Path;

use clap::Parser;

use self::args::{Args, CheckArgs, ExplainArgs, Format, RunArgs, Subcommand};
use self::deliver::Courier;
pub use self::exit::Exit;
use crate::report::json;
use crate::report::result::ScenarioResult;
use crate::report::text::{self, Style};
use crate::seed::Seed;
use crate::suite::{self, Options, Plan, Question, Report, ScenarioFile};

/// Runs the program with arguments as they were typed.
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> Exit {
    let args = match Args::try_parse_from(arguments) {
        Ok(args) => args,
        Err(error) => {
            // Help and version are asked for, and no mistakes.
            let exit = if error.use_stderr() { Exit::Usage } else { Exit::Success };
            return error.print().map_or(Exit::Usage, |()| exit);
        }
    };
    match args.command {
        Subcommand::Check(args) => check(&args),
        Subcommand::Explain(args) => explain(&args),
        Subcommand::Import(args) => import::import(&args),
        Subcommand::Probe(args) => probe::probe(&args),
        Subcommand::Diff(args) => probe::diff(&args),
        Subcommand::Run(args) => run(&args),
        #[cfg(feature = "athena")]
        Subcommand::Athena(args) => athena::athena(&args),
        #[cfg(feature = "deliver")]
        Subcommand::Deliver(args) => deliver::deliver(&args),
    }
}

fn run(args: &RunArgs) -> Exit {
    let files = match suite::find(&args.scenarios) {
        Ok(files) => files,
        Err(error) => return usage(&error.to_string()),
    };
    // Before anything runs: a long run whose output nobody may deliver is a long wait for nothing.
    let courier = match Courier::hire(&args.endpoints, args.format) {
        Ok(courier) => courier,
        Err(exit) => return exit,
    };
    let (stdout, stderr) = (io::stdout(), io::stderr());
    let style = if is_colored(stdout.is_terminal()) { Style::Colored } else { Style::Plain };
    let plan = Plan {
        options: Options { seed: args.seed.map(Seed), verbose: args.verbose },
        jobs: args.jobs.map_or_else(default_jobs, NonZeroUsize::get),
        out: (!args.no_out).then(|| args.out.clone()),
        captures: !args.no_pcap,
        color: is_colored(stderr.is_terminal()),
    };
    let mut printer =
        Printer { format: args.format, style, quiet: args.quiet, several: files.len() > 1, first: true };
    let mut exit = Exit::Success;
    suite::run_all(files, &plan, |report| {
        let this = printer.report(&report).unwrap_or_else(|error| broken_output(&error));
        exit = exit.max(this);
        if let (Some(courier), Some(folder)) = (&courier, folder_of(&report)) {
            exit = exit.max(courier.deliver_run(Path::new(folder)));
        }
    });
    exit
}

/// Where a scenario left something, whether or not it came out as expected.
fn folder_of(report: &Report) -> Option<&str> {
    match report {
        Report::Ran(result) => result.output.as_ref().map(|output| output.folder.as_str()),
        Report::Invalid { .. } | Report::Failed { .. } | Report::Crashed { .. } => None,
    }
}

fn explain(args: &ExplainArgs) -> Exit {
    let question = Question { from: args.from.clone(), to: args.to.clone(), after: args.after.clone() };
    let options = Options { seed: None, verbose: true };
    let report = match suite::ask(&args.scenario, &options, &question, is_colored(io::stderr().is_terminal()))
    {
        Ok(result) => Report::Ran(result),
        Err(report) => report,
    };
    let style = if is_colored(io::stdout().is_terminal()) { Style::Colored } else { Style::Plain };
    let mut printer = Printer { format: args.format, style, quiet: false, several: false, first: true };
    printer.report(&report).unwrap_or_else(|error| broken_output(&error))
}

fn check(args: &CheckArgs) -> Exit {
    let files = match suite::find(&args.scenarios) {
        Ok(files) => files,
        Err(error) => return usage(&error.to_string()),
    };
    let color = is_colored(io::stderr().is_terminal());
    let checked =
        files.iter().map(|file| check_file(file, color).unwrap_or_else(|error| broken_output(&error)));
    checked.max().unwrap_or(Exit::Success)
}

fn check_file(file: &ScenarioFile, color: bool) -> io::Result<Exit> {
    match suite::check(file, color) {
        Ok(scenario) => {
            let steps = if scenario.steps.len() == 1 { "step" } else { "steps" };
            writeln!(io::stdout(), "{}: ok, {} {steps}", file.shown, scenario.steps.len())?;
            Ok(Exit::Success)
        }
        Err(report) => trouble(&report),
    }
}

/// How reports are printed.
struct Printer {
    format: Format,
    style: Style,
    quiet: bool,
    several: bool,
    first: bool,
}

impl Printer {
    fn report(&mut self, report: &Report) -> io::Result<Exit> {
        let Report::Ran(result) = report else { return trouble(report) };
        let mut stdout = io::stdout().lock();
        match self.format {
            Format::Json => stdout.write_all(json::render(result).as_bytes())?,
            Format::Text if self.quiet => writeln!(stdout, "{}", one_line(result))?,
            Format::Text => {
                // A rule between scenarios, for the eye.
                if self.several && !self.first {
                    writeln!(stdout, "\n{}\n", "─".repeat(80))?;
                }
                stdout.write_all(text::render(result, self.style).as_bytes())?;
            }
        }
        self.first = false;
        Ok(if result.passed() { Exit::Success } else { Exit::Failure })
    }
}

fn one_line(result: &ScenarioResult) -> String {
    let verdict = if result.passed() { "passed" } else { "FAILED" };
    format!("{verdict}  {}  {}", result.path, text::printable(&result.name))
}

/// Prints why a scenario did not run.
fn trouble(report: &Report) -> io::Result<Exit> {
    let (text, exit) = match report {
        Report::Ran(_) => return Ok(Exit::Success),
        Report::Invalid { text } | Report::Failed { text } => (text.clone(), Exit::Usage),
        Report::Crashed { path } => {
            let text = format!(
                "error: {path}: vpclab itself failed, see the message above\n\nhint: this is a bug; please report it \
                 with the scenario\n"
            );
            (text, Exit::Bug)
        }
    };
    io::stderr().write_all(text.as_bytes())?;
    Ok(exit)
}

fn usage(message: &str) -> Exit {
    // There is nowhere left to complain to.
    let _ = writeln!(io::stderr(), "error: {message}");
    Exit::Usage
}

/// A reader who has seen enough (`| head`) is no trouble; a full disk is.
fn broken_output(error: &io::Error) -> Exit {
    if error.kind() == io::ErrorKind::BrokenPipe {
        Exit::Success
    } else {
        usage(&format!("cannot print: {error}"))
    }
}

fn default_jobs() -> usize {
    std::thread::available_parallelism().map_or(1, NonZeroUsize::get)
}

/// Colour if a person is looking and has not asked for none (<https://no-color.org>).
fn is_colored(is_terminal: bool) -> bool {
    let is_dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
    is_terminal && !is_dumb && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}
