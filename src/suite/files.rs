//! Finding scenario files: those named, and those in the folders named.

use std::path::{Path, PathBuf};

/// A scenario file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ScenarioFile {
    /// Where it is.
    pub path: PathBuf,
    /// As it is shown: with `/` on every system.
    pub shown: String,
    /// What its output folder is called: unique in a run.
    pub output_name: String,
}

/// A name that leads to no scenario.
#[derive(Debug, thiserror::Error)]
pub enum NotFound {
    /// There is nothing of that name, or it cannot be read.
    #[error("cannot read {path}: {error}")]
    Unreadable {
        /// As given.
        path: String,
        /// Why.
        error: std::io::Error,
    },
    /// A folder without scenarios.
    #[error("there are no .yaml files in {path}")]
    Empty {
        /// As given.
        path: String,
    },
}

/// The files that some names mean, in the order given; those of a folder in the order of their names,
/// folders within it included.
pub fn find(names: &[PathBuf]) -> Result<Vec<ScenarioFile>, NotFound> {
    let mut files: Vec<ScenarioFile> = Vec::new();
    for name in names {
        let unreadable = |error| NotFound::Unreadable { path: shown(name), error };
        let mut found = Vec::new();
        if std::fs::metadata(name).map_err(unreadable)?.is_dir() {
            walk(name, &mut found).map_err(unreadable)?;
            found.sort();
            if found.is_empty() {
                return Err(NotFound::Empty { path: shown(name) });
            }
        } else {
            found.push(name.clone());
        }
        for path in found {
            let relative = path.strip_prefix(name).ok().filter(|rest| !rest.as_os_str().is_empty());
            let relative = relative.unwrap_or(Path::new(path.file_name().unwrap_or_default()));
            let output_name = unique(shown(&relative.with_extension("")), &files);
            files.push(ScenarioFile { shown: shown(&path), path, output_name });
        }
    }
    Ok(files)
}

fn walk(folder: &Path, found: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let is_yaml = path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml");
        if path.is_dir() {
            walk(&path, found)?;
        } else if is_yaml {
            found.push(path);
        }
    }
    Ok(())
}

fn shown(path: &Path) -> String {
    path.to_string_lossy().replace('\\', "/")
}

fn unique(name: String, files: &[ScenarioFile]) -> String {
    let taken = |name: &str| files.iter().any(|file| file.output_name == name);
    let numbered = (2..).map(|n| format!("{name}-{n}"));
    std::iter::once(name.clone()).chain(numbered).find(|name| !taken(name)).expect("numbers do not end")
}
