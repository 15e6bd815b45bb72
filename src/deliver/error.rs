//! What can go wrong on the way, each with its place and, where one is known, what helps.

use std::fmt;
use std::io;
use std::path::Path;

use super::shown;

/// Why a delivery stopped.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file of the folder cannot be read.
    #[error("cannot read {path}: {error}")]
    Unreadable {
        /// Where it is.
        path: String,
        /// Why.
        error: io::Error,
    },
    /// A file of the folder is not what a run leaves.
    #[error("{place}: {problem}")]
    Malformed {
        /// The file, and where in it.
        place: String,
        /// What is wrong.
        problem: String,
    },
    /// Certificates cannot be read.
    #[error("cannot read certificates from {path}: {problem}")]
    Certificates {
        /// Where they are.
        path: String,
        /// Why.
        problem: String,
    },
    /// A service said no.
    #[error("{call}: {refusal}{}", tried(*.tries))]
    Refused {
        /// What was asked, and where.
        call: String,
        /// What it said.
        refusal: Refusal,
        /// How often it was asked.
        tries: u32,
        /// What helps.
        hint: Option<String>,
    },
    /// No answer came, or one that says nothing.
    #[error("{call}: {problem}{}", tried(*.tries))]
    Unanswered {
        /// What was asked, and where.
        call: String,
        /// What came instead.
        problem: String,
        /// How often it was asked.
        tries: u32,
        /// What helps.
        hint: Option<String>,
    },
}

/// What a service says when it says no.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Refusal {
    /// The status of HTTP.
    pub status: u16,
    /// The service's code, e.g. `NoSuchBucket`; a proxy gives none.
    pub code: Option<String>,
    /// In words.
    pub message: String,
}

impl Error {
    /// What helps, in words.
    pub fn hint(&self) -> Option<&str> {
        match self {
            Self::Refused { hint, .. } | Self::Unanswered { hint, .. } => hint.as_deref(),
            Self::Certificates { .. } => Some("AWS_CA_BUNDLE names a file with certificates as PEM"),
            Self::Unreadable { .. } | Self::Malformed { .. } => {
                Some("the folder is not as a run left it: run the scenario again")
            }
        }
    }

    /// The same, with a hint that only the asker knows; `hint` is given the service's code.
    pub(super) fn with_hint(mut self, known: impl Fn(&str) -> Option<String>) -> Self {
        if let Self::Refused { refusal, hint, .. } = &mut self
            && let Some(found) = refusal.code.as_deref().and_then(known)
        {
            *hint = Some(found);
        }
        self
    }

    pub(super) fn unreadable(path: &Path, error: io::Error) -> Self {
        Self::Unreadable { path: shown(path), error }
    }

    pub(super) fn malformed(path: &Path, problem: impl Into<String>) -> Self {
        Self::Malformed { place: shown(path), problem: problem.into() }
    }

    /// A mistake in the JSON that begins in line `first` of a file.
    pub(super) fn json(path: &Path, first: usize, error: &serde_json::Error) -> Self {
        let (line, column) = (first + error.line().max(1) - 1, error.column().max(1));
        let text = error.to_string();
        let problem = text.rsplit_once(" at line ").map_or(text.as_str(), |(problem, _)| problem);
        Self::Malformed { place: format!("{}:{line}:{column}", shown(path)), problem: problem.to_owned() }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.code {
            Some(code) => write!(f, "{code}: {} (HTTP {})", self.message, self.status),
            None if self.message.is_empty() => write!(f, "HTTP {}", self.status),
            None => write!(f, "HTTP {}: {}", self.status, self.message),
        }
    }
}

fn tried(tries: u32) -> String {
    if tries > 1 { format!("; tried {tries} times") } else { String::new() }
}
