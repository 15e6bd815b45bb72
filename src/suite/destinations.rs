//! What flow logs deliver, as files: objects under `s3/`, streams of events under `cloudwatch/`.
//!
//! Only what AWS would have let be delivered comes here.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use indexmap::IndexMap;
use serde::Serialize;

use super::output::GrowingFile;
use crate::api::DeliveryRefusal;
use crate::flowlog::{Batch, LogEvents, LogObject};
use crate::model::{Content, LogDestination, Region, Stored};
use crate::report::result::FlowLogResult;
use crate::time::Instant;

/// The folder with objects, and the one with streams.
pub const FOLDERS: [&str; 2] = ["s3", "cloudwatch"];
/// The list of all that was delivered.
pub const MANIFEST: &str = "delivery.json";

/// In how many objects or events a batch was delivered, or why it was not.
pub type Delivered = Result<u64, DeliveryRefusal>;

/// Where deliveries go.
#[derive(Debug, Default)]
pub struct Destinations {
    /// The output folder, if there is one.
    folder: Option<PathBuf>,
    objects: Vec<ObjectEntry>,
    streams: IndexMap<(Region, String, String), GrowingFile>,
    /// What became of the deliveries of each flow log.
    results: IndexMap<String, FlowLogResult>,
}

#[derive(Debug, Serialize)]
struct ObjectEntry {
    bucket: String,
    region: &'static str,
    key: String,
    file: String,
}

#[derive(Serialize)]
struct StreamEntry<'a> {
    group: &'a str,
    stream: &'a str,
    region: &'static str,
    file: String,
}

#[derive(Serialize)]
struct Manifest<'a> {
    schema: u32,
    objects: &'a [ObjectEntry],
    streams: Vec<StreamEntry<'a>>,
}

/// An event as the API of CloudWatch Logs has it.
#[derive(Serialize)]
struct Event<'a> {
    timestamp: u64,
    message: &'a str,
    #[serde(rename = "ingestionTime")]
    ingestion_time: u64,
}

impl Destinations {
    /// Deliveries go to files in a folder.
    pub fn to_folder(folder: PathBuf) -> Self {
        Self { folder: Some(folder), ..Self::default() }
    }

    /// Keeps an object that flow logs deliver to a bucket in a region; its content, for whoever asks S3.
    pub fn put(&mut self, region: Region, bucket: &str, object: LogObject) -> io::Result<Content> {
        let LogObject { key, bytes } = object;
        let content = self.keep(bucket, &key, bytes)?;
        if self.folder.is_some() {
            let file = path_of(FOLDERS[0], bucket, &key);
            self.objects.push(ObjectEntry { bucket: bucket.to_owned(), region: region.name(), key, file });
        }
        Ok(content)
    }

    /// Keeps any object of a bucket; its content.
    pub fn keep(&self, bucket: &str, key: &str, bytes: Vec<u8>) -> io::Result<Content> {
        let Some(folder) = &self.folder else { return Ok(Content::Bytes(bytes)) };
        let path = folder.join(path_of(FOLDERS[0], bucket, key));
        create_parent(&path)?;
        fs::write(&path, &bytes).map_err(|error| at(&path, &error))?;
        Ok(Content::Stored(Arc::new(StoredFile { path, len: bytes.len() as u64 })))
    }

    /// Keeps events of a stream.
    pub fn put_events(
        &mut self,
        region: Region,
        group: &str,
        events: &LogEvents,
        ingested: Instant,
    ) -> io::Result<()> {
        let Some(folder) = &self.folder else { return Ok(()) };
        let key = (region, group.to_owned(), events.stream.clone());
        if !self.streams.contains_key(&key) {
            let path = folder.join(path_of(FOLDERS[1], group, &events.stream));
            create_parent(&path)?;
            self.streams.insert(key.clone(), GrowingFile::new(path));
        }
        let file = &mut self.streams[&key];
        let ingestion_time = ingested.as_nanos() / 1_000_000;
        for (timestamp, message) in &events.events {
            let event = Event { timestamp: *timestamp, message, ingestion_time };
            let mut line = serde_json::to_vec(&event).expect("an event is plain data");
            line.push(b'\n');
            file.write_all(&line)?;
        }
        Ok(())
    }

    /// Notes what became of a batch: how many objects or events it was, or that it was refused.
    pub fn note(&mut self, batch: &Batch, delivered: Delivered) {
        let log = &batch.log;
        let (destination, unit) = match &log.destination {
            LogDestination::CloudWatchLogs { group, .. } => (group.clone(), "event"),
            LogDestination::S3 { bucket, prefix, .. } => {
                let slash = if prefix.is_empty() { "" } else { "/" };
                (format!("s3://{bucket}{slash}{prefix}"), "object")
            }
        };
        let result = self.results.entry(log.id.to_string()).or_insert_with(|| FlowLogResult {
            id: log.id.to_string(),
            name: log.name.clone().unwrap_or_else(|| log.id.to_string()),
            destination,
            unit,
            records: 0,
            pieces: 0,
            refused: 0,
            refusal: None,
        });
        match delivered {
            Ok(pieces) => {
                result.records += batch.records.len() as u64;
                result.pieces += pieces;
            }
            Err(refusal) => {
                result.refused += batch.records.len() as u64;
                result.refusal = Some(refusal.to_string());
            }
        }
    }

    /// What became of the deliveries of each flow log.
    pub fn results(&self) -> Vec<FlowLogResult> {
        self.results.values().cloned().collect()
    }

    /// Ends the files, and writes the list of them if there are any. Buckets that are there have a folder, though they be
    /// empty: results of queries may go there.
    pub fn finish<'b>(&mut self, buckets: impl Iterator<Item = &'b str>) -> io::Result<()> {
        for file in self.streams.values_mut() {
            file.flush()?;
        }
        let Some(folder) =
            self.folder.as_ref().filter(|_| !self.objects.is_empty() || !self.streams.is_empty())
        else {
            return Ok(());
        };
        for bucket in buckets {
            let path = folder.join(path_of(FOLDERS[0], bucket, ""));
            fs::create_dir_all(&path).map_err(|error| at(&path, &error))?;
        }
        let streams = self.streams.keys().map(|(region, group, stream)| StreamEntry {
            group,
            stream,
            region: region.name(),
            file: path_of(FOLDERS[1], group, stream),
        });
        let manifest = Manifest { schema: 1, objects: &self.objects, streams: streams.collect() };
        let mut text = serde_json::to_string_pretty(&manifest).expect("a list is plain data");
        text.push('\n');
        let path = folder.join(MANIFEST);
        fs::write(&path, text).map_err(|error| at(&path, &error))
    }
}

/// A path below a folder for names that may have slashes, and nothing that leads out of it.
fn path_of(folder: &str, first: &str, rest: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || "._-=+@# ".contains(c) { c } else { '_' };
    let part = |part: &str| match part {
        "." | ".." => "_".to_owned(),
        part => part.chars().map(plain).collect(),
    };
    let parts = first.split('/').chain(rest.split('/')).filter(|part| !part.is_empty()).map(part);
    std::iter::once(folder.to_owned()).chain(parts).collect::<Vec<_>>().join("/")
}

fn create_parent(path: &Path) -> io::Result<()> {
    let parent = path.parent().expect("it is in a folder");
    fs::create_dir_all(parent).map_err(|error| at(parent, &error))
}

fn at(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

/// An object that is kept in a file.
#[derive(Debug)]
struct StoredFile {
    path: PathBuf,
    len: u64,
}

impl Stored for StoredFile {
    fn len(&self) -> u64 {
        self.len
    }

    fn read(&self) -> Vec<u8> {
        // Whoever takes files away while a run writes them gets empty objects.
        fs::read(&self.path).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_leads_out_of_the_folder() {
        assert_eq!(path_of("s3", "bucket", "../../etc/passwd"), "s3/bucket/_/_/etc/passwd");
        assert_eq!(
            path_of("cloudwatch", "/aws/vpc/flowlogs", "eni-1-all"),
            "cloudwatch/aws/vpc/flowlogs/eni-1-all"
        );
        assert_eq!(path_of("s3", "b", "a b/year=2024/x:y"), "s3/b/a b/year=2024/x_y");
    }
}
