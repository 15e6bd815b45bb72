//! Parquet files: columns are found by their names (aws: athena-parquet-by-name), and only those that are needed are read.

use parquet::basic::{ConvertedType, Type as Physical};
use parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use parquet::data_type::DataType;
use parquet::errors::ParquetError;
use parquet::file::reader::{FileReader, RowGroupReader, SerializedFileReader};
use parquet::schema::types::{ColumnDescriptor, SchemaDescriptor};

use super::cell::Cell;
use super::reader::{Batch, Opened, Sink, Work};
use super::{ScanSpec, Target};
use crate::athena::decimal;
use crate::athena::error::{QueryError, Result};
use crate::athena::types::Type;

/// What a Parquet file begins and ends with.
const MAGIC: &[u8] = b"PAR1";
/// So many rows are read at once.
const ROWS: usize = 4096;

/// Reads an object.
pub fn read(spec: &ScanSpec, target: &Target, work: &Work, sink: &mut Sink<'_>) -> Result<()> {
    let uri = spec.uri(target);
    let failed = |error: &dyn std::fmt::Display| {
        QueryError::new("HIVE_CURSOR_ERROR", format!("Failed to read {uri}: {error}"))
    };
    let bucket = &spec.partitions[target.partition].location.bucket;
    let bytes = spec.storage.bytes(bucket, &target.key).map_err(|error| failed(&error))?;
    if bytes.len() < 12 || !bytes.starts_with(MAGIC) || !bytes.ends_with(MAGIC) {
        let end = bytes.len().saturating_sub(MAGIC.len());
        let found = String::from_utf8_lossy(&bytes[end..]).replace(|c: char| c.is_control(), ".");
        let message = format!("Not valid Parquet file: {uri} expected magic number: PAR1 got: {found}");
        return Err(QueryError::new("HIVE_BAD_DATA", message));
    }
    let file = SerializedFileReader::new(bytes::Bytes::from(bytes)).map_err(|error| failed(&error))?;
    let schema = file.metadata().file_metadata().schema_descr_ptr();
    let columns = work.columns.iter().map(|column| Column::find(spec, *column, &schema, &uri));
    let columns = columns.collect::<Result<Vec<_>>>()?;
    let chunks = |group: &parquet::file::metadata::RowGroupMetaData| {
        let sizes = columns.iter().filter_map(|column| column.file.as_ref());
        sizes.map(|(at, _)| group.column(*at).compressed_size().unsigned_abs()).sum::<u64>()
    };
    let bytes = file.metadata().row_groups().iter().map(chunks).sum();
    let mut opened = Some(Opened { bytes, mismatch: None });
    if file.num_row_groups() == 0 {
        sink.take(Batch { opened: opened.take(), ..Batch::default() });
        return Ok(());
    }
    for group in 0..file.num_row_groups() {
        let group = file.get_row_group(group).map_err(|error| failed(&error))?;
        let go_on = read_group(group.as_ref(), &columns, work, &mut opened, sink);
        if !go_on.map_err(|error| failed(&error))? {
            return Ok(());
        }
    }
    Ok(())
}

/// Reads a part of a file; whether more is wanted.
fn read_group(
    group: &dyn RowGroupReader,
    columns: &[Column],
    work: &Work,
    opened: &mut Option<Opened>,
    sink: &mut Sink<'_>,
) -> parquet::errors::Result<bool> {
    let mut left = usize::try_from(group.metadata().num_rows()).unwrap_or_default();
    let reader =
        |column: &Column| column.file.as_ref().map(|(at, _)| group.get_column_reader(*at)).transpose();
    let mut readers = columns.iter().map(reader).collect::<parquet::errors::Result<Vec<_>>>()?;
    let width = columns.len();
    loop {
        let rows = left.min(ROWS);
        left -= rows;
        let mut batch = Batch {
            opened: opened.take(),
            cells: vec![Cell::Null; rows * width],
            read: rows as u64,
            ..Batch::default()
        };
        for (slot, (column, reader)) in columns.iter().zip(&mut readers).enumerate() {
            let (Some((_, decode)), Some(reader)) = (&column.file, reader) else { continue };
            let mut out = Out { batch: &mut batch, slot, width, rows, levels: column.levels };
            decode.column(reader, &mut out)?;
        }
        batch.rows = kept(&mut batch, rows, width, work);
        if !sink.take(batch) {
            return Ok(false);
        }
        if left == 0 {
            return Ok(true);
        }
    }
}

/// Moves the rows that pass together; how many they are.
fn kept(batch: &mut Batch, rows: usize, width: usize, work: &Work) -> usize {
    if work.filters.is_empty() {
        return rows;
    }
    let mut kept = 0;
    for row in 0..rows {
        let cells = &batch.cells[row * width..(row + 1) * width];
        if work.filters.iter().all(|(slot, filter)| filter.may_pass(cells[*slot].value(&batch.arena))) {
            batch.cells.copy_within(row * width..(row + 1) * width, kept * width);
            kept += 1;
        }
    }
    batch.cells.truncate(kept * width);
    kept
}

/// A column that is needed.
struct Column {
    /// Where it is in the file and how it is read, if the file has it.
    file: Option<(usize, Decode)>,
    /// Whether values may be missing: the level of those that are there.
    levels: i16,
}

/// How values of a file become values of a table.
#[derive(Clone, PartialEq, Debug)]
enum Decode {
    /// They are the same.
    Same,
    /// Milliseconds from what there are so many of in one.
    Milliseconds(i64),
    /// Numbers to be multiplied, as decimals.
    Decimal(i128),
    /// Text that is cut off.
    Shortened(Type),
}

impl Column {
    fn find(spec: &ScanSpec, column: usize, schema: &SchemaDescriptor, uri: &str) -> Result<Self> {
        let column = &spec.columns[column];
        let at = schema.columns().iter().position(|there| {
            let parts = there.path().parts();
            parts.len() == 1 && parts[0].eq_ignore_ascii_case(&column.name)
        });
        let Some(at) = at else { return Ok(Self { file: None, levels: 0 }) };
        let there = schema.column(at);
        let Some(decode) = Decode::of(&column.ty, &there) else {
            let physical = match there.physical_type() {
                Physical::BYTE_ARRAY => "BINARY".to_owned(),
                other => other.to_string(),
            };
            let message = format!(
                "Field {}'s type {physical} in parquet file {uri} is incompatible with type {} defined in table schema",
                column.name, column.ty
            );
            return Err(QueryError::new("HIVE_BAD_DATA", message));
        };
        Ok(Self { file: Some((at, decode)), levels: there.max_def_level() })
    }
}

impl Decode {
    /// How a column of a file is read as a type, if it can be.
    fn of(ty: &Type, there: &ColumnDescriptor) -> Option<Self> {
        if there.max_rep_level() > 0 {
            return None;
        }
        let (physical, meaning) = (there.physical_type(), there.converted_type());
        let is_plain = meaning != ConvertedType::DECIMAL;
        let is_int = physical == Physical::INT32 && is_plain;
        match ty {
            Type::Tinyint | Type::Smallint | Type::Integer => is_int.then_some(Self::Same),
            Type::Bigint => (is_int || (physical == Physical::INT64 && is_plain)).then_some(Self::Same),
            Type::Double => matches!(physical, Physical::FLOAT | Physical::DOUBLE).then_some(Self::Same),
            Type::Boolean => (physical == Physical::BOOLEAN).then_some(Self::Same),
            Type::Varchar(length) => {
                let decode = length.map_or(Self::Same, |_| Self::Shortened(ty.clone()));
                (physical == Physical::BYTE_ARRAY && is_plain).then_some(decode)
            }
            Type::Date => {
                (physical == Physical::INT32 && meaning == ConvertedType::DATE).then_some(Self::Same)
            }
            Type::Timestamp if physical == Physical::INT96 => Some(Self::Same),
            Type::Timestamp if meaning == ConvertedType::TIMESTAMP_MILLIS => Some(Self::Milliseconds(1)),
            Type::Timestamp if meaning == ConvertedType::TIMESTAMP_MICROS => Some(Self::Milliseconds(1000)),
            Type::Decimal(_, scale) if meaning == ConvertedType::DECIMAL => {
                let digits = i32::from(*scale).checked_sub(there.type_scale())?;
                let digits = u32::try_from(digits).ok()?;
                Some(Self::Decimal(10_i128.checked_pow(digits)?))
            }
            Type::Timestamp | Type::Decimal(..) | Type::Unknown | Type::TimestampTz | Type::IntervalDay => {
                None
            }
            Type::IntervalYear | Type::IpAddress | Type::IpPrefix | Type::Array(_) => None,
        }
    }

    /// Reads values of a column into cells.
    fn column(&self, reader: &mut ColumnReader, out: &mut Out<'_>) -> parquet::errors::Result<()> {
        match reader {
            ColumnReader::BoolColumnReader(reader) => out.fill(reader, |v, _| Cell::Integer(i64::from(*v))),
            ColumnReader::Int32ColumnReader(reader) => {
                out.fill(reader, |v, arena| self.number(i64::from(*v), arena))
            }
            ColumnReader::Int64ColumnReader(reader) => out.fill(reader, |v, arena| self.number(*v, arena)),
            ColumnReader::Int96ColumnReader(reader) => out.fill(reader, |v, _| Cell::Integer(v.to_millis())),
            ColumnReader::FloatColumnReader(reader) => out.fill(reader, |v, _| Cell::Real(f64::from(*v))),
            ColumnReader::DoubleColumnReader(reader) => out.fill(reader, |v, _| Cell::Real(*v)),
            ColumnReader::ByteArrayColumnReader(reader) => {
                out.fill(reader, |v, arena| self.bytes(v.data(), arena))
            }
            ColumnReader::FixedLenByteArrayColumnReader(reader) => {
                out.fill(reader, |v, arena| self.bytes(v.data(), arena))
            }
        }
    }

    fn number(&self, number: i64, arena: &mut Vec<u8>) -> Cell {
        match self {
            Self::Same | Self::Shortened(_) => Cell::Integer(number),
            Self::Milliseconds(parts) => Cell::Integer(number.div_euclid(*parts)),
            Self::Decimal(factor) => scaled(Some(i128::from(number)), *factor, arena),
        }
    }

    fn bytes(&self, bytes: &[u8], arena: &mut Vec<u8>) -> Cell {
        let valid = || String::from_utf8_lossy(bytes);
        match self {
            Self::Same | Self::Milliseconds(_) => Cell::text(valid().as_bytes(), arena),
            Self::Shortened(ty) => Cell::parse(ty, valid().as_bytes(), arena),
            Self::Decimal(factor) => scaled(big_endian(bytes), *factor, arena),
        }
    }
}

fn scaled(unscaled: Option<i128>, factor: i128, arena: &mut Vec<u8>) -> Cell {
    let number = unscaled.and_then(|number| number.checked_mul(factor));
    number.map_or(Cell::Null, |number| Cell::blob(&decimal::encode(number), arena))
}

/// A number of up to 16 bytes.
fn big_endian(bytes: &[u8]) -> Option<i128> {
    let sign = if bytes.first().is_some_and(|first| *first >= 0x80) { 0xff } else { 0 };
    let mut number = [sign; 16];
    number.get_mut(16_usize.checked_sub(bytes.len())?..)?.copy_from_slice(bytes);
    Some(i128::from_be_bytes(number))
}

/// Where the values of a column go.
struct Out<'a> {
    batch: &'a mut Batch,
    slot: usize,
    width: usize,
    rows: usize,
    levels: i16,
}

impl Out<'_> {
    fn fill<D: DataType>(
        &mut self,
        reader: &mut ColumnReaderImpl<D>,
        mut cell: impl FnMut(&D::T, &mut Vec<u8>) -> Cell,
    ) -> parquet::errors::Result<()> {
        let (mut levels, mut values) = (Vec::with_capacity(self.rows), Vec::with_capacity(self.rows));
        let (rows, _, _) = reader.read_records(self.rows, Some(&mut levels), None, &mut values)?;
        if rows != self.rows {
            return Err(ParquetError::EOF("a column has fewer values than there are rows".to_owned()));
        }
        let mut values = values.iter();
        for row in 0..rows {
            // What is required has no levels.
            let there = levels.get(row).is_none_or(|level: &i16| *level == self.levels);
            if let Some(value) = if there { values.next() } else { None } {
                self.batch.cells[row * self.width + self.slot] = cell(value, &mut self.batch.arena);
            }
        }
        Ok(())
    }
}
