//! Everything that watches a run, in one.

use std::io;
use std::net::Ipv4Addr;
use std::path::PathBuf;

use super::output::{FileNames, GrowingFile};
use super::records::Records;
use crate::flowlog::Meter;
use crate::ids::EniId;
use crate::model::{Direction, Model};
use crate::report::capture::Captures;
use crate::report::journal::Journal;
use crate::time::Instant;
use crate::trace::{DropReason, FlowOpened, Observer, Station, Stretch, Truth};

/// Flow meters, the journal, the truth about background traffic, and captures if there is a folder for them.
pub struct Recorder {
    pub meter: Meter,
    pub records: Records,
    pub journal: Journal,
    pub truth: Truth,
    captures: Option<(Captures<GrowingFile>, CaptureFiles)>,
}

impl Recorder {
    /// Watches from `now` on.
    pub fn new(
        now: Instant,
        model: &Model,
        truth: Truth,
        files: Option<CaptureFiles>,
        records: Records,
    ) -> io::Result<Self> {
        let captures = match files {
            Some(mut files) => {
                let mut captures = Captures::new(model, &mut |name| files.open(name))?;
                captures.follow(model, &mut |name| files.open(name))?;
                Some((captures, files))
            }
            None => None,
        };
        let mut meter = Meter::new(now, records.has_own_view());
        meter.follow(now, model);
        Ok(Self { meter, records, journal: Journal::default(), truth, captures })
    }

    /// Takes note of what is new: begins captures for hosts, and meters for flow logs.
    pub fn follow(&mut self, now: Instant, model: &Model) -> io::Result<()> {
        self.meter.follow(now, model);
        match &mut self.captures {
            Some((captures, files)) => captures.follow(model, &mut |name| files.open(name)),
            None => Ok(()),
        }
    }

    /// Ends all aggregation intervals that are over.
    pub fn close_intervals(&mut self, now: Instant, model: &Model) {
        self.meter.close(now, model, &mut self.records);
    }

    /// Ends the captures, and says how many there are.
    pub fn finish_captures(&mut self) -> io::Result<usize> {
        self.captures.take().map_or(Ok(0), |(captures, _)| captures.finish())
    }
}

impl Observer for Recorder {
    fn on_stretch(&mut self, stretch: &Stretch<'_>, model: &Model) {
        self.truth.on_stretch(stretch);
        self.meter.on_stretch(stretch, &self.truth, model, &mut self.records);
        // Journeys are about what the step does itself.
        let begins = stretch.cause.is_some();
        if !begins || self.truth.activity_of_packet(&stretch.packet).is_none() {
            self.journal.on_stretch(stretch);
        }
    }

    fn on_frame(
        &mut self,
        at: Instant,
        station: Station,
        direction: Direction,
        frame: &[u8],
        comment: Option<DropReason>,
    ) {
        if let Some((captures, _)) = &mut self.captures {
            captures.frame(at, station, direction, frame, comment);
        }
    }

    fn on_tls_secret(&mut self, random: &[u8; 32], line: &str) {
        if let Some((captures, _)) = &mut self.captures {
            captures.secret(random, line);
        }
    }

    fn on_flow_opened(&mut self, at: Instant, opened: &FlowOpened) {
        self.truth.on_flow_opened(at, opened);
    }

    fn wants_frames(&self) -> bool {
        self.captures.is_some()
    }

    fn on_malformed(&mut self, at: Instant, station: Station, len: usize, reason: DropReason) {
        self.journal.on_malformed(at, station, len, reason);
    }

    fn on_unanswered_arp(&mut self, at: Instant, eni: EniId, target: Ipv4Addr, model: &Model) {
        let own = model.eni(eni).primary_ip();
        if !self.truth.is_for_activity(own, target) {
            self.journal.on_unanswered_arp(at, eni, own, target);
        }
    }
}

/// The files of captures, each with a name of its own.
#[derive(Debug)]
pub struct CaptureFiles {
    folder: PathBuf,
    names: FileNames,
}

impl CaptureFiles {
    /// Files in a folder.
    pub fn new(folder: PathBuf) -> io::Result<Self> {
        Ok(Self { folder, names: FileNames::default() })
    }

    fn open(&mut self, name: &str) -> io::Result<GrowingFile> {
        Ok(GrowingFile::new(self.folder.join(format!("{}.pcapng", self.names.give(name)))))
    }
}
