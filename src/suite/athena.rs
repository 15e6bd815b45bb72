//! `athena:` steps: statements over what the buckets hold at that moment.

use std::io::{self, Cursor, Read};
use std::sync::Arc;

use super::athena_check::check;
use crate::athena::catalog::Catalog;
use crate::athena::error::{QueryError, Result};
use crate::athena::folder::{CATALOG_FILE, files, kept, results_location};
use crate::athena::result::{Execution, Output};
use crate::athena::session::Session;
use crate::athena::statement::split;
use crate::athena::storage::{Body, Buckets, Storage};
use crate::model::{Content, Model};
use crate::report::result::Outcome;
use crate::scenario::AthenaExpectation;
use crate::seed::Seed;
use crate::time::Instant;

/// The tables of a run, from its first statement on.
#[derive(Default)]
pub struct Athena {
    session: Option<Session>,
}

/// What is to be put into buckets: bucket, key, bytes.
pub type Saved = Vec<(String, String, Vec<u8>)>;

impl Athena {
    /// Runs statements, the first failure being the last one. What came, what differs, and what is to be saved.
    pub fn step(
        &mut self,
        text: &str,
        output_location: Option<&str>,
        expect: &AthenaExpectation,
        (model, now, seed): (&Model, Instant, Seed),
    ) -> (Outcome, Vec<String>, Saved) {
        let storage: Arc<dyn Storage> = Arc::new(buckets(model));
        let now = (now.as_nanos() / 1_000_000) as i64;
        let new = || Session::new(Catalog::default(), Arc::clone(&storage), now, seed.0);
        let session = self.session.get_or_insert_with(new);
        session.at(Arc::clone(&storage), now);
        let statements: Vec<String> = split(text).into_iter().map(str::to_owned).collect();
        let (mut last, mut saved) =
            (Err(QueryError::new("SYNTAX_ERROR", "there is no statement")), Saved::new());
        for statement in &statements {
            last = run(session, statement, output_location, storage.as_ref(), &mut saved);
            if last.is_err() {
                break;
            }
        }
        let failures = check(expect, &last, model);
        let outcome = match last {
            Ok(execution) => Outcome::Athena {
                statements,
                table: execution.output.table(),
                summary: match execution.output {
                    Output::Lines(_) => String::new(),
                    Output::Rows { .. } => execution.summary(),
                },
                document: Some(execution.json()),
                remarks: execution.warnings.iter().map(|warning| format!("warning: {warning}")).collect(),
            },
            Err(error) => {
                let hint = error.hint.iter().map(|hint| format!("hint: {hint}"));
                let remarks = std::iter::once(error.to_string()).chain(hint).collect();
                Outcome::Athena {
                    statements,
                    table: String::new(),
                    summary: String::new(),
                    document: None,
                    remarks,
                }
            }
        };
        (outcome, failures, saved)
    }

    /// The file with the tables there are, if there were statements.
    pub fn file(&self) -> Option<(&'static str, String)> {
        self.session.as_ref().map(|session| (CATALOG_FILE, kept(&session.catalog)))
    }
}

fn run(
    session: &mut Session,
    statement: &str,
    output_location: Option<&str>,
    storage: &dyn Storage,
    saved: &mut Saved,
) -> Result<Execution> {
    let results = output_location.map(results_location).transpose()?;
    if let Some(results) = results.as_ref().filter(|results| !storage.has_bucket(&results.bucket)) {
        let message = format!("there is no bucket {} for results", results.bucket);
        return Err(QueryError::new("INVALID_INPUT", message));
    }
    let execution = session.execute(statement)?;
    if let Some(results) = results {
        let slash = if results.prefix.is_empty() || results.prefix.ends_with('/') { "" } else { "/" };
        for (name, text) in files(&execution) {
            let key = format!("{}{slash}{name}", results.prefix);
            saved.push((results.bucket.clone(), key, text.into_bytes()));
        }
    }
    Ok(execution)
}

/// What the buckets of a model hold at a moment.
fn buckets(model: &Model) -> Buckets<Content> {
    let mut buckets = Buckets::default();
    for bucket in model.buckets.values() {
        let objects = bucket.objects.iter().map(|(key, object)| (key.clone(), object.content.clone()));
        buckets.make_bucket(&bucket.name).extend(objects);
    }
    buckets
}

impl Body for Content {
    fn size(&self) -> u64 {
        self.len()
    }

    fn open(&self) -> io::Result<Box<dyn Read + Send>> {
        Ok(match self {
            Self::Bytes(bytes) => Box::new(Cursor::new(bytes.clone())),
            Self::Filler(len) => Box::new(io::repeat(0).take(*len)),
            Self::Stored(stored) => Box::new(Cursor::new(stored.read())),
        })
    }
}
