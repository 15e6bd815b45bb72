//! Scenarios that run programs on hosts.

use std::time::Duration;

use vpclab::report::result::{Outcome, ScenarioResult};
use vpclab::suite::{self, Options};

/// What a program left.
#[derive(Debug)]
pub struct Ran {
    pub exit: Option<i32>,
    pub stdout: String,
    pub stderr: String,
    pub took: Duration,
}

fn result(yaml: &str) -> ScenarioResult {
    let options = Options { seed: None, verbose: false };
    suite::run_text("test", yaml, &options).unwrap_or_else(|text| panic!("{text}"))
}

/// Runs a topology with steps; every expectation in them holds.
pub fn holds(topology: &str, steps: &str) {
    for step in &result(&format!("{topology}steps:\n{steps}")).steps {
        assert!(step.passed(), "step {}: {:#?} {:#?}", step.number, step.outcome, step.failures);
    }
}

/// Runs commands, each `host: command`, or `aws …` for what changes resources; gives what each on a host left.
pub fn run(topology: &str, commands: &[&str]) -> Vec<Ran> {
    let step = |command: &&str| match command.split_once(": ") {
        Some((host, line)) => {
            let line = line.replace('\'', "''");
            // Whatever comes of it is looked at later.
            format!("  - {{ on: {host}, run: '{line}', timeout: 30m }}\n")
        }
        None => format!("  - {{ aws: '{}' }}\n", command.strip_prefix("aws ").expect("a command")),
    };
    let steps: String = commands.iter().map(step).collect();
    let ran = result(&format!("{topology}steps:\n{steps}")).steps.into_iter().filter_map(|step| {
        let took = step.took;
        match step.outcome {
            Outcome::Run { exit, stdout, stderr, .. } => Some(Ran { exit, stdout, stderr, took }),
            Outcome::Aws { error, .. } => {
                assert_eq!(error, None);
                None
            }
            Outcome::Athena { .. }
            | Outcome::Fault { .. }
            | Outcome::FlowLogs { .. }
            | Outcome::Metrics { .. }
            | Outcome::Probe { .. }
            | Outcome::Repair { .. }
            | Outcome::Wait { .. } => None,
        }
    });
    ran.collect()
}

/// What commands print, row by row: `host | command | standard output`, with `/` between lines, sorted. A
/// command `aws …` in the place of a host changes resources, and has to succeed.
pub fn check(topology: &str, table: &str) {
    let rows: Vec<Vec<&str>> = table
        .lines()
        .map(str::trim)
        .filter(|row| !row.is_empty())
        .map(|row| row.split('|').map(str::trim).collect())
        .collect();
    let commands: Vec<String> = rows
        .iter()
        .map(|row| match row.as_slice() {
            [command] => (*command).to_owned(),
            [host, command, _] => format!("{host}: {command}"),
            _ => panic!("a row has three cells, or one: {row:?}"),
        })
        .collect();
    let commands: Vec<&str> = commands.iter().map(String::as_str).collect();
    let ran = run(topology, &commands);
    for (row, ran) in rows.iter().filter(|row| row.len() == 3).zip(ran) {
        let mut lines: Vec<&str> = ran.stdout.lines().collect();
        lines.sort_unstable();
        assert_eq!(lines.join(" / "), row[2], "{row:?}: {ran:?}");
    }
}
