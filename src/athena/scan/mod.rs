//! Rows of a table: its objects, read ahead by threads, and the columns of them that somebody needs.
//!
//! What is counted does not depend on how far threads read ahead: it is counted when its rows are taken.

pub mod cell;
pub mod filter;
#[cfg(feature = "parquet")]
mod parquet;
#[cfg(not(feature = "parquet"))]
#[path = "no_parquet.rs"]
mod parquet;
mod reader;
mod text;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use super::catalog::{Format, Table};
use super::error::QueryError;
use super::partitions::Found;
use super::storage::Storage;
use super::types::Type;
use crate::model::Field;

pub use reader::{Mark, Scan};

/// A column of a table, as a scan knows it.
#[derive(Clone, PartialEq, Debug)]
pub struct ScanColumn {
    /// Its name.
    pub name: String,
    /// Its type.
    pub ty: Type,
}

/// What a scan reads.
pub struct ScanSpec {
    /// The table's name with that of its database.
    pub table: String,
    /// The columns that objects hold.
    pub columns: Vec<ScanColumn>,
    /// The partition keys.
    pub partition_keys: Vec<ScanColumn>,
    /// What objects are.
    pub format: Format,
    /// The partitions to read.
    pub partitions: Vec<Found>,
    /// How many partitions the table has.
    pub partitions_total: usize,
    /// Where the objects are.
    pub storage: Arc<dyn Storage>,
    /// What was read, and what was noticed.
    pub stats: Arc<Mutex<Stats>>,
    targets: OnceLock<Arc<Vec<Target>>>,
}

/// An object to read.
#[derive(Debug)]
struct Target {
    partition: usize,
    key: String,
    size: u64,
}

/// What scans read and noticed.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Stats {
    /// How many objects were read.
    pub objects: u64,
    /// How many bytes they have; of Parquet files, those of the columns that were needed, compressed.
    pub bytes: u64,
    /// How many rows they have, up to where reading stopped.
    pub rows: u64,
    /// How many partitions were to be read.
    pub partitions_read: u64,
    /// How many the tables have.
    pub partitions_total: u64,
    /// What is likely to be wrong with what was read.
    pub warnings: Vec<String>,
    /// Why reading failed: whoever ran the statement takes it from here.
    pub error: Option<QueryError>,
    /// Of what there is a warning: the table, the number of the field, and the field.
    warned: BTreeSet<(String, usize, String)>,
}

impl ScanSpec {
    /// A scan of some partitions of a table, which has so many.
    pub fn new(
        table: &Table,
        partitions: Vec<Found>,
        partitions_total: usize,
        storage: Arc<dyn Storage>,
    ) -> Self {
        let column =
            |column: &super::catalog::Column| ScanColumn { name: column.name.clone(), ty: column.ty() };
        Self {
            table: table.full_name().to_string(),
            columns: table.columns.iter().map(column).collect(),
            partition_keys: table.partition_keys.iter().map(column).collect(),
            format: table.format.clone(),
            partitions,
            partitions_total,
            storage,
            stats: Arc::default(),
            targets: OnceLock::new(),
        }
    }

    /// The same scan, which counts where others count.
    #[must_use]
    pub fn with_stats(mut self, stats: &Arc<Mutex<Stats>>) -> Self {
        self.stats = Arc::clone(stats);
        self
    }

    /// What was read and noticed so far.
    pub fn stats(&self) -> MutexGuard<'_, Stats> {
        // Numbers are right whoever panicked.
        self.stats.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The objects of all partitions, which are looked for once.
    fn targets(&self) -> Arc<Vec<Target>> {
        let find = || {
            let mut targets = Vec::new();
            for (at, partition) in self.partitions.iter().enumerate() {
                let objects = partition.objects(self.storage.as_ref()).into_iter();
                targets.extend(objects.map(|object| Target {
                    partition: at,
                    key: object.key,
                    size: object.size,
                }));
            }
            Arc::new(targets)
        };
        Arc::clone(self.targets.get_or_init(find))
    }

    fn uri(&self, target: &Target) -> String {
        format!("s3://{}/{}", self.partitions[target.partition].location.bucket, target.key)
    }

    /// Whether all columns are fields of flow logs, so that its objects must hold their records.
    fn is_of_flow_logs(&self) -> bool {
        !self.columns.is_empty() && self.columns.iter().all(|column| field(&column.name).is_some())
    }
}

/// The field of flow logs that a column is named after (aws: athena-column-names).
fn field(column: &str) -> Option<Field> {
    column.replace('_', "-").parse().ok()
}

#[cfg(test)]
mod tests;
