//! `vpclab athena`: statements over what a run's flow logs delivered.

use std::io::{self, BufRead, IsTerminal, Write};
use std::path::PathBuf;

use super::{Exit, broken_output, usage};
use crate::athena::error::{Place, QueryError};
use crate::athena::folder::Workspace;
use crate::athena::result::Execution;
use crate::athena::statement::split;

#[derive(Debug, clap::Args)]
pub struct AthenaArgs {
    /// The output folder of a scenario, e.g. `vpclab-out/vpc-flow-logs`; its buckets are the `s3://` locations
    pub folder: PathBuf,
    /// Run the statements of a file
    #[arg(long, short, value_name = "FILE", conflicts_with = "query")]
    pub file: Option<PathBuf>,
    /// Run these statements; without this and a file they are read from standard input, or asked for
    #[arg(long, short, value_name = "SQL", allow_hyphen_values = true)]
    pub query: Option<String>,
    /// How results are printed
    #[arg(long, value_enum, default_value_t = ResultFormat::Table)]
    pub format: ResultFormat,
    /// Save results there, as Athena does
    #[arg(long, value_name = "s3://BUCKET/PREFIX/")]
    pub output_location: Option<String>,
    /// What the present is for `current_date` and `now()`; the end of the run unless given
    #[arg(long, value_name = "TIME")]
    pub now: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, clap::ValueEnum)]
pub enum ResultFormat {
    /// For people
    Table,
    /// As Athena saves it
    Csv,
    /// For programs: a JSON document for each statement, one after the other
    Json,
}

/// Runs statements. The first one that fails is the last one.
pub fn athena(args: &AthenaArgs) -> Exit {
    let now = match args.now.as_deref().map(str::parse::<jiff::Timestamp>).transpose() {
        Ok(now) => now.map(|now| now.as_millisecond()),
        Err(_) => return usage("--now takes a moment like 2024-06-28T09:00:00Z"),
    };
    let mut workspace = match Workspace::open(&args.folder, now) {
        Ok(workspace) => workspace,
        Err(error) => return usage(&error.to_string()),
    };
    let text = match (&args.query, &args.file) {
        (Some(query), _) => query.clone(),
        (None, Some(file)) => match std::fs::read_to_string(file) {
            Ok(text) => text,
            Err(error) => return usage(&format!("cannot read {}: {error}", file.display())),
        },
        (None, None) if io::stdin().is_terminal() => return prompt(&mut workspace, args),
        (None, None) => match io::read_to_string(io::stdin()) {
            Ok(text) => text,
            Err(error) => return usage(&format!("cannot read standard input: {error}")),
        },
    };
    // Editors of Windows begin files with a mark.
    let statements = split(text.trim_start_matches('\u{feff}'));
    if statements.is_empty() {
        return usage("there is no statement: give one with -q, a file with -f, or type one");
    }
    for statement in statements {
        let exit = run(&mut workspace, statement, args).unwrap_or_else(|error| broken_output(&error));
        if exit != Exit::Success {
            return exit;
        }
    }
    Exit::Success
}

/// Asks for statements until there are no more; those that fail end nothing.
fn prompt(workspace: &mut Workspace, args: &AthenaArgs) -> Exit {
    let mut text = String::new();
    let asked = (|| {
        writeln!(io::stderr(), "Statements end with a semicolon. Ctrl-D or `exit` ends.")?;
        loop {
            write!(io::stderr(), "{}", if text.trim().is_empty() { "athena> " } else { "     -> " })?;
            let mut line = String::new();
            let is_end = io::stdin().lock().read_line(&mut line)? == 0;
            let is_exit =
                text.trim().is_empty() && matches!(line.trim().trim_end_matches(';'), "exit" | "quit");
            if is_end || is_exit {
                return Ok(());
            }
            text += &line;
            if text.trim_end().ends_with(';') {
                for statement in split(&std::mem::take(&mut text)) {
                    run(workspace, statement, args)?;
                }
            }
        }
    })();
    asked.map_or_else(|error: io::Error| broken_output(&error), |()| Exit::Success)
}

fn run(workspace: &mut Workspace, statement: &str, args: &AthenaArgs) -> io::Result<Exit> {
    match workspace.execute(statement, args.output_location.as_deref()) {
        Ok(execution) => print(&execution, args.format).map(|()| Exit::Success),
        Err(error) => {
            io::stderr().write_all(shown(&error, statement).as_bytes())?;
            Ok(Exit::Failure)
        }
    }
}

fn print(execution: &Execution, format: ResultFormat) -> io::Result<()> {
    let text = match format {
        ResultFormat::Table => execution.output.table(),
        ResultFormat::Csv => execution.output.file(),
        ResultFormat::Json => format!("{:#}\n", execution.json()),
    };
    let mut stdout = io::stdout().lock();
    stdout.write_all(text.as_bytes())?;
    stdout.flush()?;
    for warning in &execution.warnings {
        writeln!(io::stderr(), "warning: {warning}")?;
    }
    writeln!(io::stderr(), "{}", execution.summary())
}

/// An error with the line it lies in, and a mark below the place.
fn shown(error: &QueryError, statement: &str) -> String {
    let mut text = format!("error: {error}\n");
    if let Some(Place { line, column }) = error.place
        && let Some(source) = statement.lines().nth((line as usize).saturating_sub(1))
    {
        let before = source.chars().take((column as usize).saturating_sub(1));
        let gap: String = before.map(|c| if c == '\t' { '\t' } else { ' ' }).collect();
        text += &format!("  | {source}\n  | {gap}^\n");
    }
    if let Some(hint) = &error.hint {
        text += &format!("hint: {hint}\n");
    }
    text
}
