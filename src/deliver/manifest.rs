//! The manifest of a folder: what in it is to be delivered, and where to.

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

use serde::Deserialize;

use super::error::Error;
use super::{MANIFEST, manifest_of, shown};

/// The version of the manifest that this code reads.
const SCHEMA: u64 = 1;

/// What a folder holds for delivery.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Manifest {
    folder: PathBuf,
    /// Objects of S3.
    pub objects: Vec<Object>,
    /// Streams of CloudWatch Logs.
    pub streams: Vec<Stream>,
}

/// An object of S3.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
pub struct Object {
    /// Whose it is.
    pub bucket: String,
    /// Where the bucket is.
    pub region: String,
    /// Its key.
    pub key: String,
    /// Its bytes: a file's path in the folder.
    pub file: String,
}

/// A stream of CloudWatch Logs.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
pub struct Stream {
    /// The log group.
    pub group: String,
    /// Its name.
    pub stream: String,
    /// Where the group is.
    pub region: String,
    /// Its events, one a line, as JSON: a file's path in the folder.
    pub file: String,
}

#[derive(Deserialize)]
struct Version {
    schema: u64,
}

#[derive(Deserialize)]
struct Contents {
    #[serde(default)]
    objects: Vec<Object>,
    #[serde(default)]
    streams: Vec<Stream>,
}

impl Manifest {
    /// Reads the manifest of a scenario's output folder; there is none if nothing is to be delivered.
    pub fn read(folder: &Path) -> Result<Option<Self>, Error> {
        let path = manifest_of(folder);
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(Error::unreadable(&path, error)),
        };
        let malformed = |error| Error::json(&path, 1, &error);
        // The version first: what another one holds cannot be known.
        let Version { schema } = serde_json::from_str(&text).map_err(malformed)?;
        if schema != SCHEMA {
            let problem = format!("it is of schema {schema}, and this vpclab reads schema {SCHEMA}");
            return Err(Error::malformed(&path, problem));
        }
        let Contents { objects, streams } = serde_json::from_str(&text).map_err(malformed)?;
        let manifest = Self { folder: folder.to_owned(), objects, streams };
        manifest.check().map_err(|problem| Error::malformed(&path, problem))?;
        Ok(Some(manifest))
    }

    /// Folders with a manifest within a folder: whoever names one without may mean them.
    pub fn folders_within(folder: &Path) -> Vec<String> {
        let entries = std::fs::read_dir(folder).into_iter().flatten();
        let folders = entries.filter_map(|entry| Some(entry.ok()?.path()));
        let mut folders: Vec<String> =
            folders.filter(|path| manifest_of(path).is_file()).map(|path| shown(&path)).collect();
        folders.sort();
        folders
    }

    /// The name of the file that is read.
    pub fn name() -> &'static str {
        MANIFEST
    }

    /// A file of the folder.
    pub(super) fn file(&self, file: &str) -> PathBuf {
        self.folder.join(file)
    }

    fn check(&self) -> Result<(), String> {
        let files = self.objects.iter().map(|object| &object.file);
        for file in files.chain(self.streams.iter().map(|stream| &stream.file)) {
            // What is outside of the folder is none of a delivery's business.
            let mut parts = Path::new(file).components();
            if file.is_empty() || !parts.all(|part| matches!(part, Component::Normal(_))) {
                return Err(format!("file `{file}` is not a path in the folder"));
            }
        }
        let mut keys = BTreeSet::new();
        for Object { bucket, key, .. } in &self.objects {
            if bucket.is_empty() || bucket.contains('/') || key.is_empty() {
                return Err(format!("bucket `{bucket}` with key `{key}` is no place for an object"));
            }
            if !keys.insert((bucket, key)) {
                return Err(format!("key `{key}` of bucket `{bucket}` is there twice"));
            }
        }
        let mut streams = BTreeSet::new();
        for Stream { group, stream, region, .. } in &self.streams {
            if group.is_empty() || stream.is_empty() {
                return Err(format!("group `{group}` with stream `{stream}` is no place for events"));
            }
            // Two files of a stream would each take the events of the other for their own.
            if !streams.insert((region, group, stream)) {
                return Err(format!("stream `{stream}` of group `{group}` in {region} is there twice"));
            }
        }
        Ok(())
    }
}
