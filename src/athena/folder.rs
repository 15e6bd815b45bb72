//! Statements over the output folder of a run: its buckets, its end as the present, and the tables that were made there.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::catalog::Catalog;
use super::ddl;
use super::error::{QueryError, Result};
use super::result::Execution;
use super::session::Session;
use super::storage::{FolderStorage, Location};

/// The file with the tables that were made over a folder.
pub const CATALOG_FILE: &str = "athena.json";
/// How that file is laid out.
const SCHEMA: u32 = 1;
/// The file by which the folder of a run is known.
const RESULT_FILE: &str = "result.json";

/// Why there can be no statements over a folder.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// It is no run's.
    #[error("{folder} is not the output folder of a run{hint}")]
    NotARun {
        /// As given.
        folder: String,
        /// Where there are some.
        hint: String,
    },
    /// A file of it cannot be read.
    #[error("{path}: {error}")]
    Unreadable {
        /// The file.
        path: String,
        /// Why.
        error: String,
    },
}

/// What is kept of the catalog.
#[derive(Serialize, Deserialize)]
struct Kept {
    schema: u32,
    catalog: Catalog,
}

/// Somebody who runs statements over the folder of a run.
pub struct Workspace {
    folder: PathBuf,
    session: Session,
}

impl Workspace {
    /// Over a folder. The present is the end of the run, unless another one is given, in milliseconds since 1970.
    pub fn open(folder: &Path, now: Option<i64>) -> std::result::Result<Self, OpenError> {
        let unreadable =
            |path: &Path, error: String| OpenError::Unreadable { path: path.display().to_string(), error };
        let path = folder.join(RESULT_FILE);
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(not_a_run(folder)),
            Err(error) => return Err(unreadable(&path, error.to_string())),
        };
        let result: serde_json::Value =
            serde_json::from_str(&text).map_err(|error| unreadable(&path, error.to_string()))?;
        let end = end_of(&result).ok_or_else(|| not_a_run(folder))?;
        let seed = result["seed"].as_u64().unwrap_or_default();
        let catalog = read_catalog(folder)?;
        let storage = FolderStorage::of(folder).map_err(|error| unreadable(folder, error.to_string()))?;
        let session = Session::new(catalog, Arc::new(storage), now.unwrap_or(end), seed);
        Ok(Self { folder: folder.to_owned(), session })
    }

    /// Runs a statement; keeps the tables it makes, and its result if there is a place for it (`s3://bucket/prefix/`).
    pub fn execute(&mut self, text: &str, results: Option<&str>) -> Result<Execution> {
        let results = results.map(|results| self.place_of(results)).transpose()?;
        // Others may make tables at the same time: one after the other, and each knows those of the ones before.
        let lock = ddl::is_ddl(text).then(|| self.lock()).transpose()?;
        self.session.catalog = read_catalog(&self.folder).map_err(|error| internal(error.to_string()))?;
        let before = self.session.catalog.clone();
        let execution = self.session.execute(text)?;
        if self.session.catalog != before {
            replace(&self.folder.join(CATALOG_FILE), kept(&self.session.catalog).as_bytes())?;
        }
        drop(lock);
        if let Some(folder) = results {
            for (name, text) in files(&execution) {
                replace(&folder.join(name), text.as_bytes())?;
            }
        }
        Ok(execution)
    }

    /// Keeps others from changing the tables until it is dropped.
    fn lock(&self) -> Result<File> {
        let path = self.folder.join(RESULT_FILE);
        let file = File::open(&path).and_then(|file| file.lock().map(|()| file));
        file.map_err(|error| not_kept(&path, &error))
    }

    /// The folder for results in a bucket of the run.
    fn place_of(&self, results: &str) -> Result<PathBuf> {
        let location = results_location(results)?;
        let bucket = self.folder.join("s3").join(&location.bucket);
        let mut parts = location.prefix.split('/');
        if !bucket.is_dir() || parts.clone().any(|part| part == "..") {
            let message =
                format!("the result location {results} names no bucket of this run that has objects");
            return Err(QueryError::new("INVALID_INPUT", message));
        }
        Ok(parts.by_ref().filter(|part| !part.is_empty()).fold(bucket, |path, part| path.join(part)))
    }
}

/// The tables that were made over a folder.
fn read_catalog(folder: &Path) -> std::result::Result<Catalog, OpenError> {
    let path = folder.join(CATALOG_FILE);
    let unreadable = |error: String| {
        let error = format!("{error}; delete the file to begin without tables");
        OpenError::Unreadable { path: path.display().to_string(), error }
    };
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Catalog::default()),
        Err(error) => return Err(unreadable(error.to_string())),
    };
    match serde_json::from_str(&text) {
        Ok(Kept { schema: SCHEMA, catalog }) => Ok(catalog),
        Ok(Kept { schema, .. }) => Err(unreadable(format!("it is of schema {schema}, not {SCHEMA}"))),
        Err(error) => Err(unreadable(format!("it holds no tables ({error})"))),
    }
}

/// The catalog as it is kept in a folder.
pub fn kept(catalog: &Catalog) -> String {
    let kept = Kept { schema: SCHEMA, catalog: catalog.clone() };
    serde_json::to_string_pretty(&kept).expect("a catalog is plain data") + "\n"
}

/// The files that Athena saves of a statement (aws: athena-result-files), and what is in them. What it writes into the second
/// one is for itself; here it is JSON (assumed: athena-metadata).
pub fn files(execution: &Execution) -> [(String, String); 2] {
    let name = format!("{}.{}", execution.id, execution.output.suffix());
    let metadata =
        serde_json::to_string_pretty(&execution.metadata()).expect("metadata is plain data") + "\n";
    [(name.clone(), execution.output.file()), (format!("{name}.metadata"), metadata)]
}

/// The place for results: a bucket that exists, and a prefix.
pub fn results_location(text: &str) -> Result<Location> {
    Location::parse(text).map_err(|_| {
        let message = format!("the result location {text} is no place in a bucket");
        QueryError::new("INVALID_INPUT", message).hint("write it like s3://bucket/prefix/")
    })
}

/// Writes a file whole, or not at all.
fn replace(path: &Path, bytes: &[u8]) -> Result<()> {
    let partial = path.with_extension("partial");
    let parent = path.parent().map_or(Ok(()), std::fs::create_dir_all);
    parent
        .and_then(|()| std::fs::write(&partial, bytes))
        .and_then(|()| std::fs::rename(&partial, path))
        .map_err(|error| not_kept(path, &error))
}

fn not_kept(path: &Path, error: &io::Error) -> QueryError {
    internal(format!("the folder of the run cannot be written: {}: {error}", path.display()))
}

fn internal(message: String) -> QueryError {
    QueryError::new("GENERIC_INTERNAL_ERROR", message)
}

/// When a run ended, in milliseconds since 1970.
fn end_of(result: &serde_json::Value) -> Option<i64> {
    let start: jiff::Timestamp = result["start"].as_str()?.parse().ok()?;
    let simulated = result["simulated_ns"].as_u64()? / 1_000_000;
    start.as_millisecond().checked_add(i64::try_from(simulated).ok()?)
}

fn not_a_run(folder: &Path) -> OpenError {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut runs: Vec<String> = entries
        .map(|entry| entry.path())
        .filter(|path| path.join(RESULT_FILE).is_file())
        .map(|path| path.display().to_string())
        .collect();
    runs.sort();
    let hint = match runs.as_slice() {
        [] => String::new(),
        [run] => format!("; {run} is one"),
        [run, ..] => format!("; {run} is one, and {} others there", runs.len() - 1),
    };
    OpenError::NotARun { folder: folder.display().to_string(), hint }
}
