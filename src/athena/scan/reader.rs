//! Threads that read objects ahead, and the scan that takes what they read in the order of objects.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};

use rusqlite::types::{Value, ValueRef};

use super::cell::Cell;
use super::filter::Filter;
use super::{ScanSpec, Target, parquet, text};
use crate::athena::catalog::Format;
use crate::athena::error::{QueryError, Result};

/// No more threads than this read ahead: SQLite takes rows in one.
const THREADS: usize = 4;
/// Objects that have fewer bytes in all are read by one thread.
const FEW_BYTES: u64 = 4 << 20;
/// About so many cells may be waiting for each thread.
const CELLS_AHEAD: usize = 1 << 19;
/// About so many rows are in a batch of text.
const ROWS_OF_BATCH: usize = 1200;

/// What a scan needs of rows.
#[derive(Debug)]
pub struct Work {
    /// The columns of objects that are needed, in their order.
    pub columns: Vec<usize>,
    /// What rows must pass: comparisons of those columns, with their place among them.
    pub filters: Vec<(usize, Filter)>,
}

/// Rows that were read at once.
#[derive(Debug, Default)]
pub struct Batch {
    /// How many rows passed.
    pub rows: usize,
    /// How many were read.
    pub read: u64,
    /// The cells that are needed, row by row.
    pub cells: Vec<Cell>,
    /// What cells hold that are longer than numbers.
    pub arena: Vec<u8>,
    /// What was learnt when the object was opened, in its first batch.
    pub opened: Option<Opened>,
    /// Where it is among all batches.
    pub(super) mark: Mark,
    /// The partition its object is in.
    pub(super) partition: usize,
}

/// What opening an object tells.
#[derive(Debug, Default)]
pub struct Opened {
    /// How many bytes are read of it.
    pub bytes: u64,
    /// What its header says that the table does not: the number of a field, and its name.
    pub mismatch: Option<(usize, String)>,
}

/// How far a scan has come: objects that are done, and batches of the next one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub struct Mark(usize, u64);

/// Where batches of an object go. It takes no more when nobody wants them.
pub struct Sink<'a> {
    sender: &'a SyncSender<Message>,
    object: usize,
    partition: usize,
    number: u64,
}

impl Sink<'_> {
    /// Hands a batch over; whether more are wanted.
    pub fn take(&mut self, mut batch: Batch) -> bool {
        self.number += 1;
        batch.mark = Mark(self.object, self.number);
        batch.partition = self.partition;
        self.sender.send(Message::Batch(batch)).is_ok()
    }
}

enum Message {
    Batch(Batch),
    /// There is no more of an object.
    End,
    Failed(QueryError),
}

/// A scan that goes on.
pub struct Scan {
    spec: Arc<ScanSpec>,
    /// Where each column of the table is among the cells.
    slots: Vec<Option<usize>>,
    width: usize,
    threads: Vec<(Receiver<Message>, JoinHandle<()>)>,
    /// How many objects are to be read, and how many are done.
    objects: usize,
    done: usize,
    batch: Batch,
    row: usize,
    /// Up to where rows are counted already.
    counted: Mark,
}

impl Scan {
    /// Begins to read the columns that are needed; rows that fail filters do not come. What is `counted` already is not counted again.
    pub fn start(
        spec: &Arc<ScanSpec>,
        needed: impl Fn(usize) -> bool,
        filters: Vec<Filter>,
        counted: Option<Mark>,
    ) -> Self {
        let count = spec.columns.len();
        let (filters, of_partitions): (Vec<_>, Vec<_>) =
            filters.into_iter().partition(|filter| filter.column < count);
        let is_needed =
            |column: &usize| needed(*column) || filters.iter().any(|filter| filter.column == *column);
        let columns: Vec<usize> = (0..count).filter(is_needed).collect();
        let mut slots = vec![None; count];
        for (slot, column) in columns.iter().enumerate() {
            slots[*column] = Some(slot);
        }
        let filters =
            filters.into_iter().filter_map(|filter| Some((slots[filter.column]?, filter))).collect();
        let passes = |partition: usize| {
            let values = &spec.partitions[partition].values;
            of_partitions.iter().all(|filter| filter.may_pass(ValueRef::from(&values[filter.column - count])))
        };
        let read: Vec<bool> = (0..spec.partitions.len()).map(passes).collect();
        if counted.is_none() {
            let mut stats = spec.stats();
            stats.partitions_total += spec.partitions_total as u64;
            stats.partitions_read += read.iter().filter(|read| **read).count() as u64;
        }
        let targets = spec.targets();
        let chosen: Arc<Vec<usize>> =
            Arc::new((0..targets.len()).filter(|at| read[targets[*at].partition]).collect());
        let width = columns.len();
        let work = Arc::new(Work { columns, filters });
        let bytes: u64 = chosen.iter().map(|at| targets[*at].size).sum();
        let cores = thread::available_parallelism().map_or(1, usize::from);
        let threads = if bytes < FEW_BYTES { 1 } else { cores.min(THREADS) }.min(chosen.len());
        let ahead = (CELLS_AHEAD / ((width + 2) * ROWS_OF_BATCH)).clamp(4, 64);
        let threads = (0..threads).map(|number| {
            let (sender, receiver) = sync_channel(ahead);
            let (spec, work, chosen) = (Arc::clone(spec), Arc::clone(&work), Arc::clone(&chosen));
            let read = move || {
                let targets = spec.targets();
                for at in chosen.iter().skip(number).step_by(threads) {
                    let target = &targets[*at];
                    let mut sink =
                        Sink { sender: &sender, object: *at, partition: target.partition, number: 0 };
                    let end = match read_object(&spec, target, &work, &mut sink) {
                        Ok(()) => Message::End,
                        Err(error) => Message::Failed(error),
                    };
                    let failed = matches!(end, Message::Failed(_));
                    if sender.send(end).is_err() || failed {
                        return;
                    }
                }
            };
            (receiver, thread::spawn(read))
        });
        Self {
            slots,
            width,
            threads: threads.collect(),
            objects: chosen.len(),
            done: 0,
            batch: Batch::default(),
            row: 0,
            counted: counted.unwrap_or_default(),
            spec: Arc::clone(spec),
        }
    }

    /// Goes to the next row; whether there is one. The first call goes to the first row.
    #[inline]
    pub fn advance(&mut self) -> Result<bool> {
        self.row += 1;
        if self.row < self.batch.rows {
            return Ok(true);
        }
        self.next_batch()
    }

    fn next_batch(&mut self) -> Result<bool> {
        self.row = 0;
        while self.done < self.objects {
            let (receiver, _) = &self.threads[self.done % self.threads.len()];
            match receiver.recv() {
                Ok(Message::Batch(batch)) => {
                    self.count(&batch);
                    self.batch = batch;
                    if self.batch.rows > 0 {
                        return Ok(true);
                    }
                }
                Ok(Message::End) => self.done += 1,
                Ok(Message::Failed(error)) => {
                    self.done = self.objects;
                    return Err(error);
                }
                Err(_) => {
                    self.done = self.objects;
                    let message = format!("Reading {} ended unexpectedly", self.spec.table);
                    return Err(QueryError::new("GENERIC_INTERNAL_ERROR", message));
                }
            }
        }
        self.batch = Batch::default();
        Ok(false)
    }

    /// Counts a batch that is taken for the first time.
    fn count(&mut self, batch: &Batch) {
        if batch.mark <= self.counted {
            return;
        }
        self.counted = batch.mark;
        let mut stats = self.spec.stats();
        stats.rows += batch.read;
        let Some(opened) = &batch.opened else { return };
        stats.objects += 1;
        stats.bytes += opened.bytes;
        if let Some((at, name)) = &opened.mismatch {
            let table = &self.spec.table;
            if stats.warned.insert((table.clone(), *at, name.clone())) {
                let uri = self.spec.uri(&self.spec.targets()[batch.mark.0]);
                let column = &self.spec.columns[*at].name;
                stats.warnings.push(format!(
                    "{uri}: field {} of its records is {name}, which the table {table} reads as {column}: its columns \
                     are taken in their order, whatever the header says",
                    at + 1
                ));
            }
        }
    }

    /// How far it has come.
    pub fn mark(&self) -> Mark {
        self.counted
    }

    /// The value of a column of the row, by its number among the table's columns and partition keys.
    #[inline]
    pub fn value(&self, column: usize) -> ValueRef<'_> {
        match self.slots.get(column) {
            Some(Some(slot)) => self.batch.cells[self.row * self.width + slot].value(&self.batch.arena),
            // SQLite does not ask for what it did not need.
            Some(None) => ValueRef::Null,
            None => self.partition_value(column - self.slots.len()),
        }
    }

    fn partition_value(&self, key: usize) -> ValueRef<'_> {
        let values = &self.spec.partitions[self.batch.partition].values;
        values.get(key).map_or(ValueRef::Null, |value: &Value| ValueRef::from(value))
    }
}

impl Drop for Scan {
    /// Ends the threads: once nobody takes what they read, they stop.
    fn drop(&mut self) {
        for (receiver, thread) in self.threads.drain(..) {
            drop(receiver);
            // A thread that panicked has ended.
            let _ended = thread.join();
        }
    }
}

fn read_object(spec: &ScanSpec, target: &Target, work: &Work, sink: &mut Sink<'_>) -> Result<()> {
    match &spec.format {
        Format::Text { delimiter, skip_header_lines, null } => {
            text::Text { delimiter: *delimiter, skip: *skip_header_lines, null: null.as_bytes() }
                .read(spec, target, work, sink)
        }
        Format::Parquet => parquet::read(spec, target, work, sink),
    }
}
