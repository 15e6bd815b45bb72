//! Many scenarios: found, run side by side, reported in order.
//!
//! The only user of tokio, and only to run whole scenarios in parallel: each is one deterministic
//! computation, so the order in which they finish shows nowhere.

#[cfg_attr(not(feature = "athena"), path = "no_athena.rs")]
mod athena;
#[cfg(feature = "athena")]
mod athena_check;
mod check;
mod destinations;
mod files;
mod flow_logs;
mod import;
mod output;
mod probe;
mod question;
mod recorder;
mod records;
mod run;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::runtime;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

pub use files::{NotFound, ScenarioFile, find};
pub use import::{import, rendered};
pub use probe::{BadPorts, Place, Probe, parse_ports};
pub use question::{Question, Unanswerable};
pub use run::Options;

use crate::report::matrix::{Comparison, Matrix};
use crate::report::result::ScenarioResult;
use crate::scenario;

/// What came of a file.
#[derive(Debug)]
pub enum Report {
    /// It has mistakes: as they are shown.
    Invalid {
        /// Rendered.
        text: String,
    },
    /// It cannot be read, or its output cannot be written.
    Failed {
        /// What went wrong.
        text: String,
    },
    /// It ran.
    Ran(Box<ScenarioResult>),
    /// The simulator panicked: a bug of ours.
    Crashed {
        /// The file.
        path: String,
    },
}

/// How to go about it.
#[derive(Clone, Debug)]
pub struct Plan {
    /// How each scenario is run.
    pub options: Options,
    /// How many at a time.
    pub jobs: usize,
    /// Where output folders are made; nothing is written without it.
    pub out: Option<PathBuf>,
    /// Whether captures are written there.
    pub captures: bool,
    /// Whether mistakes are shown in colour.
    pub color: bool,
}

/// Runs scenarios, `jobs` at a time, and hands over their reports in the order of the files.
pub fn run_all(files: Vec<ScenarioFile>, plan: &Plan, mut report: impl FnMut(Report)) {
    let runtime = runtime::Builder::new_multi_thread().worker_threads(1).build();
    let runtime = runtime.expect("a runtime of one worker starts");
    runtime.block_on(async {
        let permits = Arc::new(Semaphore::new(plan.jobs));
        let running: Vec<(String, JoinHandle<Report>)> = files
            .into_iter()
            .map(|file| {
                let (plan, permits, shown) = (plan.clone(), Arc::clone(&permits), file.shown.clone());
                let task = tokio::spawn(async move {
                    let _permit = permits.acquire_owned().await;
                    let shown = file.shown.clone();
                    let run = tokio::task::spawn_blocking(move || run_file(&file, &plan));
                    run.await.unwrap_or(Report::Crashed { path: shown })
                });
                (shown, task)
            })
            .collect();
        for (path, task) in running {
            report(task.await.unwrap_or(Report::Crashed { path }));
        }
    });
}

/// Reads a file, and says all that is wrong with it.
pub fn check(file: &ScenarioFile, color: bool) -> Result<scenario::Scenario, Report> {
    let source = std::fs::read_to_string(&file.path)
        .map_err(|error| Report::Failed { text: format!("error: cannot read {}: {error}\n", file.shown) })?;
    import::load(&file.path, &source)
        .map_err(|problems| Report::Invalid { text: problems.render(&file.shown, &source, color) })
}

/// Runs a scenario given as text, and leaves nothing behind.
pub fn run_text(shown: &str, source: &str, options: &Options) -> Result<ScenarioResult, String> {
    let scenario = scenario::load(source).map_err(|problems| problems.render(shown, source, false))?;
    run::run(shown, scenario, options, None, false).map_err(|error| error.to_string())
}

/// Asks a question of a scenario, or of a source that becomes one, without running its traffic.
pub fn ask(
    path: &Path,
    options: &Options,
    question: &Question,
    color: bool,
) -> Result<Box<ScenarioResult>, Report> {
    let (shown, scenario) = topology(path, color)?;
    let asked = question::ask(&shown, scenario, options, question);
    answered(&shown, asked).map(Box::new)
}

/// Asks who reaches whom.
pub fn probe(path: &Path, probe: &Probe, color: bool) -> Result<Matrix, Report> {
    let place = place(path, probe, color)?;
    answered(place.shown(), Ok(place.probe(probe)))
}

/// Asks of two scenarios who reaches whom, and says what the second one opens and closes.
pub fn diff(before: &Path, after: &Path, probe: &Probe, color: bool) -> Result<Comparison, Report> {
    let (before, after) = (place(before, probe, color)?, place(after, probe, color)?);
    let shown = format!("{}, {}", before.shown(), after.shown());
    answered(&shown, Ok(probe::compare(&before, &after, probe)))
}

/// What is to be probed, at the moment at which it is.
fn place(path: &Path, probe: &Probe, color: bool) -> Result<Place, Report> {
    let (shown, scenario) = topology(path, color)?;
    answered(&shown, Place::reach(&shown, scenario, probe.after.as_deref()))
}

/// Reads what somebody names whose network is looked at: a scenario, or a source that becomes one. With what
/// it is called.
pub fn topology(path: &Path, color: bool) -> Result<(String, scenario::Scenario), Report> {
    if !import::is_scenario(path) {
        return import::open(path);
    }
    let files =
        find(&[path.to_owned()]).map_err(|error| Report::Failed { text: format!("error: {error}\n") })?;
    let [file] = files.as_slice() else {
        return import::open(path);
    };
    check(file, color).map(|scenario| (file.shown.clone(), scenario))
}

/// An answer, or the report why there is none.
fn answered<T>(shown: &str, asked: std::io::Result<Result<T, Unanswerable>>) -> Result<T, Report> {
    let failed = |why: String| Report::Failed { text: format!("error: {shown}: {why}\n") };
    asked.map_err(|error| failed(error.to_string()))?.map_err(|why| failed(why.to_string()))
}

fn run_file(file: &ScenarioFile, plan: &Plan) -> Report {
    let scenario = match check(file, plan.color) {
        Ok(scenario) => scenario,
        Err(report) => return report,
    };
    let folder = plan.out.as_ref().map(|out| out.join(&file.output_name));
    match run::run(&file.shown, scenario, &plan.options, folder.as_deref(), plan.captures) {
        Ok(result) => Report::Ran(Box::new(result)),
        Err(error) => Report::Failed { text: format!("error: {}: {error}\n", file.shown) },
    }
}
