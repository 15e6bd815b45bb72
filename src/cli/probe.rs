//! `vpclab probe` and `vpclab diff`: what was asked, and how the answer is printed.

use std::io::{self, BufWriter, IsTerminal, Write};
use std::num::NonZeroUsize;

use super::args::{AskedArgs, DiffArgs, MatrixFormat, ProbeArgs};
use super::{Exit, broken_output, default_jobs, is_colored, trouble, usage};
use crate::report::matrix::{Comparison, Matrix};
use crate::report::text::Style;
use crate::suite::{self, Probe, Report};

/// Runs `vpclab probe`. Whatever it finds is a success.
pub fn probe(args: &ProbeArgs) -> Exit {
    let print = |matrix: &Matrix, out: &mut dyn Write| match args.asked.format {
        MatrixFormat::Csv => matrix.write_csv(out),
        MatrixFormat::Json => matrix.write_json(out),
        MatrixFormat::Text => out.write_all(matrix.render(style()).as_bytes()),
    };
    let asked = |probe: &Probe, color| suite::probe(&args.scenario, probe, color);
    answer(&args.asked, asked, print, |_| Exit::Success)
}

/// Runs `vpclab diff`.
pub fn diff(args: &DiffArgs) -> Exit {
    let print = |comparison: &Comparison, out: &mut dyn Write| match args.asked.format {
        MatrixFormat::Csv => comparison.write_csv(out),
        MatrixFormat::Json => comparison.write_json(out),
        MatrixFormat::Text => out.write_all(comparison.render(style()).as_bytes()),
    };
    let asked = |probe: &Probe, color| suite::diff(&args.before, &args.after, probe, color);
    let exit = |comparison: &Comparison| if comparison.is_empty() { Exit::Success } else { Exit::Failure };
    answer(&args.asked, asked, print, exit)
}

fn answer<T>(
    args: &AskedArgs,
    ask: impl FnOnce(&Probe, bool) -> Result<T, Report>,
    print: impl FnOnce(&T, &mut dyn Write) -> io::Result<()>,
    exit: impl FnOnce(&T) -> Exit,
) -> Exit {
    let ports = match args.port.is_empty() {
        true => Ok(Vec::new()),
        false => suite::parse_ports(&args.port.join(",")),
    };
    let ports = match ports {
        Ok(ports) => ports,
        Err(error) => return usage(&error.to_string()),
    };
    let probe = Probe {
        from: args.from.clone(),
        to: args.to.clone(),
        ports,
        after: args.after.clone(),
        jobs: args.jobs.map_or_else(default_jobs, NonZeroUsize::get),
    };
    let answer = match ask(&probe, is_colored(io::stderr().is_terminal())) {
        Ok(answer) => answer,
        Err(report) => return trouble(&report).unwrap_or_else(|error| broken_output(&error)),
    };
    let mut out = BufWriter::new(io::stdout().lock());
    let printed = print(&answer, &mut out).and_then(|()| out.flush());
    printed.map_or_else(|error| broken_output(&error), |()| exit(&answer))
}

fn style() -> Style {
    if is_colored(io::stdout().is_terminal()) { Style::Colored } else { Style::Plain }
}
