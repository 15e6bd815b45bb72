//! From records to what AWS delivers: when, to which objects and streams, and what is in them.
//!
//! Knows layouts and formats. Whether a delivery is allowed, and where its bytes are kept, is for others.

mod keys;
#[cfg(feature = "parquet")]
mod parquet;
#[cfg(not(feature = "parquet"))]
#[path = "no_parquet.rs"]
mod parquet;

use std::collections::BTreeMap;
use std::io::Write as _;
use std::sync::Arc;
use std::time::Duration;

use flate2::{Compression, GzBuilder};
use indexmap::IndexMap;

use super::record::{FlowRecord, Printer};
use crate::ids::FlowLogId;
use crate::model::{DestinationOptions, FileFormat, FlowLog, LogDestination, Model};
use crate::seed;
use crate::time::Instant;

/// Objects hold what ended within so long (aws: flow-log-s3-slots).
const SLOT: Duration = Duration::from_secs(300);
/// So long after their slot objects are there, and so long after their interval events: up to 10 and 5 minutes
/// (aws: flow-log-publish-delay; assumed: flow-log-publish-delay-fixed).
const DELAY: Duration = Duration::from_secs(300);
/// Text that is longer goes on in another object: 75 MB (assumed: flow-log-file-size).
const TEXT_MAX: usize = 75_000_000;

/// Records on their way to where flow logs deliver them.
#[derive(Debug, Default)]
pub struct Deliveries {
    pending: BTreeMap<(Instant, FlowLogId), Batch>,
}

/// What a flow log delivers at once.
#[derive(Debug)]
pub struct Batch {
    /// The flow log.
    pub log: Arc<FlowLog>,
    /// When it arrives.
    pub due: Instant,
    /// Its records, in the order of their intervals.
    pub records: Vec<FlowRecord>,
}

/// An object for a bucket.
#[derive(Debug)]
pub struct LogObject {
    /// Its key.
    pub key: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// Events for a stream of a log group.
#[derive(Debug)]
pub struct LogEvents {
    /// The stream's name.
    pub stream: String,
    /// Times in milliseconds since 1970, and records.
    pub events: Vec<(u64, String)>,
}

impl LogEvents {
    /// The times of the earliest and the latest event, in milliseconds since 1970.
    pub fn times(&self) -> (u64, u64) {
        let times = || self.events.iter().map(|(time, _)| *time);
        (times().min().unwrap_or_default(), times().max().unwrap_or_default())
    }
}

impl Deliveries {
    /// Takes a record of an interval that ended at `closed`.
    pub fn take(&mut self, log: &Arc<FlowLog>, record: FlowRecord, closed: Instant) {
        let due = match log.destination {
            LogDestination::CloudWatchLogs { .. } => closed + DELAY,
            LogDestination::S3 { .. } => end_of_slot(closed) + DELAY,
        };
        let batch = || Batch { log: Arc::clone(log), due, records: Vec::new() };
        self.pending.entry((due, log.id)).or_insert_with(batch).records.push(record);
    }

    /// When the next delivery arrives.
    pub fn next_due(&self) -> Option<Instant> {
        self.pending.first_key_value().map(|((due, _), _)| *due)
    }

    /// When the last one does.
    pub fn last_due(&self) -> Option<Instant> {
        self.pending.last_key_value().map(|((due, _), _)| *due)
    }

    /// The next delivery that has arrived by `now`.
    pub fn arrived(&mut self, now: Instant) -> Option<Batch> {
        self.next_due().filter(|due| *due <= now)?;
        self.pending.pop_first().map(|(_, batch)| batch)
    }
}

/// The first full five minutes not before a moment.
fn end_of_slot(at: Instant) -> Instant {
    let slot = SLOT.as_secs();
    Instant::from_unix_seconds(at.unix_seconds().div_ceil(slot) * slot)
}

impl Batch {
    /// The lines of the records.
    pub fn lines(&self, model: &Model) -> Vec<String> {
        let printer = Printer { model, version: self.log.format.version(), log: Some(&self.log) };
        let line = |record: &FlowRecord| {
            let mut line = String::with_capacity(128);
            printer.line(record, &self.log.format, &mut line);
            line
        };
        self.records.iter().map(line).collect()
    }

    /// As objects: one for each five minutes in which records end, more if they are long.
    pub fn objects(&self, options: DestinationOptions, prefix: &str, model: &Model) -> Vec<LogObject> {
        let mut by_slot: BTreeMap<u64, Vec<String>> = BTreeMap::new();
        for (record, line) in self.records.iter().zip(self.lines(model)) {
            by_slot.entry(record.end / SLOT.as_secs() * SLOT.as_secs()).or_default().push(line);
        }
        let files = by_slot
            .into_iter()
            .flat_map(|(slot, lines)| pieces(lines).into_iter().map(move |lines| (slot, lines)));
        let object = |(slot, lines): (u64, Vec<String>)| {
            let text = lines.join("\n");
            let hash = seed::hash(&[&self.log.id.to_string(), &self.due.unix_seconds().to_string(), &text]);
            let key = keys::key(&self.log, prefix, options, slot, hash as u32);
            let bytes = match options.file_format {
                FileFormat::Parquet => parquet::file(&self.log.format, &lines),
                FileFormat::PlainText => gzip(&self.log.format.header(), &lines),
            };
            LogObject { key, bytes }
        };
        files.map(object).collect()
    }

    /// As events: each interface has a stream, whatever its flow logs keep (aws: flow-log-streams), and an event's time is that at which its
    /// record starts (aws: flow-log-event-time).
    pub fn events(&self, model: &Model) -> Vec<LogEvents> {
        let mut streams: IndexMap<String, Vec<(u64, String)>> = IndexMap::new();
        for (record, line) in self.records.iter().zip(self.lines(model)) {
            // What has no interface has a stream by its own id (assumed: flow-log-stream-name).
            let point = match record.at.point {
                super::Point::Attachment(_, id) => id.to_string(),
                super::Point::Eni(id) => id.to_string(),
                super::Point::RegionalNat(id) => id.to_string(),
            };
            let stream = format!("{point}-all");
            streams.entry(stream).or_default().push((record.start * 1000, line));
        }
        streams.into_iter().map(|(stream, events)| LogEvents { stream, events }).collect()
    }
}

/// Lines in pieces that are short enough for a file.
fn pieces(lines: Vec<String>) -> Vec<Vec<String>> {
    let mut pieces: Vec<Vec<String>> = Vec::new();
    let mut room = 0;
    for line in lines {
        let length = line.len() + 1;
        if room < length || pieces.is_empty() {
            pieces.push(Vec::new());
            room = TEXT_MAX;
        }
        room = room.saturating_sub(length);
        pieces.last_mut().expect("one was just begun").push(line);
    }
    pieces
}

/// Lines under a header, compressed; the same lines are the same bytes on any machine, at any time.
fn gzip(header: &str, lines: &[String]) -> Vec<u8> {
    let mut file = GzBuilder::new().mtime(0).write(Vec::new(), Compression::default());
    for line in std::iter::once(header).chain(lines.iter().map(String::as_str)) {
        file.write_all(line.as_bytes())
            .and_then(|()| file.write_all(b"\n"))
            .expect("memory takes everything");
    }
    file.finish().expect("memory takes everything")
}
