//! Where the records of flow logs go: to expectations, to the simulator's own files, and to what flow logs
//! deliver.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use indexmap::IndexMap;
use indexmap::map::Entry;

use super::flow_logs::Tallies;
use super::output::{FileNames, GrowingFile};
use crate::flowlog::{Deliveries, Flow, FlowRecord, Point, Printer, RecordSink};
use crate::model::{Field, FieldType, FlowLog, LogFormat, Model};
use crate::time::Instant;
use crate::trace::{ActivityFacts, Truth};

/// Everything that takes records.
#[derive(Debug, Default)]
pub struct Records {
    /// What the scenario expects.
    pub tallies: Tallies,
    /// What flow logs are to deliver.
    pub deliveries: Deliveries,
    own_view: Option<OwnView>,
    /// The activities of background traffic, by their numbers.
    activities: Vec<ActivityFacts>,
    /// What went wrong with a file, once.
    trouble: Option<io::Error>,
}

impl Records {
    /// Writes the simulator's own view to files in a folder from now on.
    pub fn write_to(&mut self, folder: PathBuf) -> io::Result<()> {
        self.own_view = Some(OwnView::new(folder)?);
        Ok(())
    }

    /// Says beside the simulator's own view which record belongs to which activity.
    pub fn tell_truth(&mut self, truth: &Truth) {
        self.activities = truth.activities().map(|(_, facts)| facts.clone()).collect();
        if let Some(files) = self.own_view.as_mut().filter(|_| !self.activities.is_empty()) {
            files.truth = Some(GrowingFile::new(files.folder.join("ground-truth.jsonl")));
        }
    }

    /// Whether anybody looks at the simulator's own view.
    pub fn has_own_view(&self) -> bool {
        self.own_view.is_some() || self.tallies.look_at_own_view()
    }

    /// Says what went wrong since somebody asked.
    pub fn check(&mut self) -> io::Result<()> {
        self.trouble.take().map_or(Ok(()), Err)
    }

    /// Ends the files, and says how many records are in them.
    pub fn finish(&mut self) -> io::Result<u64> {
        self.check()?;
        self.own_view.take().map_or(Ok(0), OwnView::finish)
    }
}

impl RecordSink for Records {
    fn take(&mut self, log: Option<&Arc<FlowLog>>, record: FlowRecord, closed: Instant, model: &Model) {
        if let Some(log) = log {
            self.deliveries.take(log, record, closed);
            return;
        }
        self.tallies.see(None, &record, model);
        if let Some(files) = &mut self.own_view
            && let Err(error) = files.write(&record, &self.activities, model)
        {
            self.trouble.get_or_insert(error);
        }
    }
}

/// All records of interfaces in the default format, in one file, and in a file for each interface.
#[derive(Debug)]
struct OwnView {
    folder: PathBuf,
    format: LogFormat,
    names: FileNames,
    all: GrowingFile,
    truth: Option<GrowingFile>,
    by_point: IndexMap<Point, GrowingFile>,
    line: String,
    count: u64,
}

impl OwnView {
    fn new(folder: PathBuf) -> io::Result<Self> {
        let mut names = FileNames::default();
        let format = LogFormat::default();
        let all = log_file(&folder, &names.give("all"), &format)?;
        let by_point = IndexMap::new();
        Ok(Self { folder, format, names, all, truth: None, by_point, line: String::new(), count: 0 })
    }

    fn write(&mut self, record: &FlowRecord, activities: &[ActivityFacts], model: &Model) -> io::Result<()> {
        self.line.clear();
        let printer = Printer { model, version: self.format.version(), log: None };
        printer.line(record, &self.format, &mut self.line);
        self.line.push('\n');
        let Self { folder, format, names, by_point, .. } = self;
        let own = match by_point.entry(record.at.point) {
            Entry::Occupied(there) => there.into_mut(),
            Entry::Vacant(new) => new.insert(log_file(folder, &names.give(&record.at.label), format)?),
        };
        own.write_all(self.line.as_bytes())?;
        self.all.write_all(self.line.as_bytes())?;
        if let (Some(file), Some(flow)) = (&mut self.truth, record.flow()) {
            let activity = flow.activity.map(|id| &activities[id.0 as usize]);
            file.write_all(truth(record, flow, activity, printer).to_string().as_bytes())?;
            file.write_all(b"\n")?;
        }
        self.count += 1;
        Ok(())
    }

    fn finish(self) -> io::Result<u64> {
        for mut file in self.by_point.into_values().chain([self.all]).chain(self.truth) {
            file.flush()?;
        }
        Ok(self.count)
    }
}

/// What a record does not say: the activity that its flow belongs to. The first members are those by which the record
/// is found in a flow log.
fn truth(
    record: &FlowRecord,
    flow: &Flow,
    activity: Option<&ActivityFacts>,
    printer: Printer<'_>,
) -> serde_json::Value {
    const KEY: [Field; 13] = [
        Field::InterfaceId,
        Field::SrcAddr,
        Field::DstAddr,
        Field::SrcPort,
        Field::DstPort,
        Field::Protocol,
        Field::PktSrcAddr,
        Field::PktDstAddr,
        Field::FlowDirection,
        Field::Start,
        Field::End,
        Field::Action,
        Field::Packets,
    ];
    let mut members = serde_json::Map::new();
    for field in KEY {
        let mut value = String::new();
        printer.value(record, field, &mut value);
        let value = match (field.kind(), value.parse::<u64>()) {
            (FieldType::Int32 | FieldType::Int64, Ok(number)) => number.into(),
            _ => value.into(),
        };
        members.insert(field.name().to_owned(), value);
    }
    debug_assert!(activity.is_some() == flow.activity.is_some(), "activities are known by their numbers");
    members.insert("activity".to_owned(), activity.map(|facts| facts.name.as_str()).into());
    members.insert("kind".to_owned(), activity.map(|facts| facts.kind.name()).into());
    members.insert("malicious".to_owned(), activity.is_some_and(|facts| facts.malicious).into());
    members.into()
}

fn log_file(folder: &Path, name: &str, format: &LogFormat) -> io::Result<GrowingFile> {
    let mut file = GrowingFile::new(folder.join(format!("{name}.log")));
    writeln!(file, "{}", format.header())?;
    Ok(file)
}
