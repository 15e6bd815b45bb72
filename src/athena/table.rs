//! Tables of SQLite whose rows are those of objects: the virtual table `athena_scan`.
#![allow(unsafe_code)]
// SQLite finds its own part of tables and cursors at their start. rusqlite's traits are unsafe to implement because it cannot see that they
// are laid out so: both are `repr(C)`, and their first field is SQLite's.

use std::borrow::Cow;
use std::ffi::{CStr, CString, c_int};
use std::marker::PhantomData;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rusqlite::types::{ToSqlOutput, Value};
use rusqlite::vtab::{
    Context, CreateVTab, Filters, IndexConstraintOp, IndexInfo, Module, VTab, VTabConnection, VTabCursor,
    VTabKind, sqlite3_vtab, sqlite3_vtab_cursor,
};
use rusqlite::{Connection, Error, Result};

use super::error::QueryError;
use super::scan::filter::{Filter, Op};
use super::scan::{Mark, Scan, ScanSpec};

/// The name of the module.
pub const MODULE: &str = "athena_scan";
/// Reading a table costs the same whatever is asked of it, and much: SQLite is never to read it twice to save something.
const COST: f64 = 1e6;
/// In SQLite's mask of columns, this bit stands for all columns from its number on.
const LAST_BIT: usize = 63;

/// The scans that tables of a connection are.
#[derive(Default)]
pub struct Registry {
    specs: Mutex<Vec<Arc<ScanSpec>>>,
}

impl Registry {
    /// Makes `athena_scan` known to a connection.
    pub fn register(self: &Arc<Self>, connection: &Connection) -> Result<()> {
        const TABLE: Module<'static, ScanTable> = Module::read_only_module();
        connection.create_module(MODULE, &TABLE, Some(Arc::clone(self)))
    }

    /// Takes a scan; the number by which `CREATE VIRTUAL TABLE … USING athena_scan(0)` means it.
    pub fn add(&self, spec: Arc<ScanSpec>) -> usize {
        let mut specs = self.specs();
        specs.push(spec);
        specs.len() - 1
    }

    /// Takes a scan, and makes a table of it in the temporary schema of a connection.
    pub fn create_table(&self, connection: &Connection, name: &str, spec: Arc<ScanSpec>) -> Result<()> {
        let name = name.replace('"', "\"\"");
        let statement = format!("CREATE VIRTUAL TABLE temp.\"{name}\" USING {MODULE}({})", self.add(spec));
        connection.execute_batch(&statement)
    }

    fn specs(&self) -> MutexGuard<'_, Vec<Arc<ScanSpec>>> {
        self.specs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A table.
#[repr(C)]
pub struct ScanTable {
    base: sqlite3_vtab,
    spec: Arc<ScanSpec>,
}

// SAFETY: the struct is `repr(C)`, and SQLite's part is its first field.
unsafe impl<'vtab> VTab<'vtab> for ScanTable {
    type Aux = Arc<Registry>;
    type Cursor = ScanCursor<'vtab>;

    fn connect(
        _: &mut VTabConnection,
        registry: Option<&Self::Aux>,
        _module: &[u8],
        _database: &[u8],
        _table: &[u8],
        arguments: &[&[u8]],
    ) -> Result<(Cow<'static, CStr>, Self)> {
        let number = arguments
            .first()
            .and_then(|argument| str::from_utf8(argument).ok()?.trim().parse::<usize>().ok());
        let spec = number.and_then(|number| registry?.specs().get(number).cloned());
        let spec = spec.ok_or_else(|| Error::ModuleError(format!("{MODULE} has no such scan")))?;
        let count = spec.columns.len() + spec.partition_keys.len();
        let columns: Vec<String> = (0..count).map(|column| format!("c{column}")).collect();
        let schema =
            CString::new(format!("CREATE TABLE x({})", columns.join(", "))).expect("names have no zero byte");
        Ok((Cow::Owned(schema), Self { base: sqlite3_vtab::default(), spec }))
    }

    fn best_index(&self, info: &mut IndexInfo) -> Result<bool> {
        let mut pushed = Vec::new();
        let constraints: Vec<(usize, Op, usize)> = info
            .constraints()
            .enumerate()
            .filter(|(_, constraint)| constraint.is_usable())
            .filter_map(|(at, constraint)| {
                let column = usize::try_from(constraint.column()).ok()?;
                Some((at, op(&constraint.operator())?, column))
            })
            .collect();
        for (at, op, column) in constraints {
            // One scan for each value of an IN would read everything many times.
            let is_plain = !info.is_in_constraint(at)? && info.collation(at)? == "BINARY";
            if is_plain {
                let number = Op::ALL.iter().position(|other| *other == op).expect("it is one of all");
                pushed.push(format!("{column}:{number}"));
                info.constraint_usage(at).set_argv_index(pushed.len() as c_int);
            }
        }
        info.set_idx_str(&format!("{:x} {}", info.col_used(), pushed.join(",")));
        info.set_estimated_cost(COST);
        info.set_estimated_rows(COST as i64);
        Ok(true)
    }

    fn open(&'vtab mut self) -> Result<ScanCursor<'vtab>> {
        let spec = Arc::clone(&self.spec);
        let base = sqlite3_vtab_cursor::default();
        Ok(ScanCursor { base, spec, scan: None, row: 0, ended: true, counted: None, table: PhantomData })
    }
}

impl CreateVTab<'_> for ScanTable {
    const KIND: VTabKind = VTabKind::Default;
}

fn op(operator: &IndexConstraintOp) -> Option<Op> {
    let pairs = [
        (IndexConstraintOp::SQLITE_INDEX_CONSTRAINT_EQ, Op::Equal),
        (IndexConstraintOp::SQLITE_INDEX_CONSTRAINT_LT, Op::Less),
        (IndexConstraintOp::SQLITE_INDEX_CONSTRAINT_LE, Op::LessOrEqual),
        (IndexConstraintOp::SQLITE_INDEX_CONSTRAINT_GT, Op::Greater),
        (IndexConstraintOp::SQLITE_INDEX_CONSTRAINT_GE, Op::GreaterOrEqual),
        (IndexConstraintOp::SQLITE_INDEX_CONSTRAINT_ISNOTNULL, Op::NotNull),
    ];
    pairs.into_iter().find(|(sqlite, _)| sqlite == operator).map(|(_, op)| op)
}

/// A cursor over a table.
#[repr(C)]
pub struct ScanCursor<'vtab> {
    base: sqlite3_vtab_cursor,
    spec: Arc<ScanSpec>,
    scan: Option<Scan>,
    row: i64,
    ended: bool,
    /// Up to where rows are counted: a table that is read again is not counted again.
    counted: Option<Mark>,
    table: PhantomData<&'vtab ScanTable>,
}

impl ScanCursor<'_> {
    fn step(&mut self) -> Result<()> {
        self.row += 1;
        let more = self.scan.as_mut().map_or(Ok(false), Scan::advance);
        match more {
            Ok(more) => {
                self.ended = !more;
                Ok(())
            }
            Err(error) => {
                self.ended = true;
                Err(self.fail(error))
            }
        }
    }

    /// Keeps an error for whoever ran the statement, who would only see its text otherwise.
    fn fail(&self, error: QueryError) -> Error {
        let text = error.to_string();
        self.spec.stats().error.get_or_insert(error);
        Error::ModuleError(text)
    }
}

// SAFETY: the struct is `repr(C)`, and SQLite's part is its first field.
unsafe impl VTabCursor for ScanCursor<'_> {
    fn filter(&mut self, _: c_int, plan: Option<&str>, arguments: &Filters<'_>) -> Result<()> {
        let (used, pushed) = plan.and_then(|plan| plan.split_once(' ')).unwrap_or(("ffffffffffffffff", ""));
        let used = u64::from_str_radix(used, 16).unwrap_or(u64::MAX);
        let mut filters = Vec::new();
        for (at, filter) in pushed.split(',').filter(|filter| !filter.is_empty()).enumerate() {
            let (column, op) = filter.split_once(':').expect("best_index wrote it");
            let value = arguments.get::<Value>(at)?;
            let (column, op) =
                (column.parse().expect("a column"), Op::ALL[op.parse::<usize>().expect("a number")]);
            filters.push(Filter { column, op, value });
        }
        if let Some(scan) = self.scan.take() {
            self.counted = Some(scan.mark());
        }
        let needed = |column: usize| used & (1 << column.min(LAST_BIT)) != 0;
        self.scan = Some(Scan::start(&self.spec, needed, filters, self.counted));
        self.row = -1;
        self.step()
    }

    #[inline]
    fn next(&mut self) -> Result<()> {
        self.step()
    }

    #[inline]
    fn eof(&self) -> bool {
        self.ended
    }

    #[inline]
    fn column(&self, context: &mut Context, column: c_int) -> Result<()> {
        let scan = self.scan.as_ref().expect("SQLite asks for rows once it has them");
        context.set_result(ToSqlOutput::Borrowed(scan.value(column as usize)))
    }

    fn rowid(&self) -> Result<i64> {
        Ok(self.row)
    }
}
