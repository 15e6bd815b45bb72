//! Objects of text: lines, with a character between their fields; those whose keys end with `.gz` are compressed.

use std::io::{self, BufReader, Read};

use flate2::bufread::MultiGzDecoder;
use memchr::{memchr_iter, memrchr};
use rusqlite::types::ValueRef;

use super::cell::Cell;
use super::reader::{Batch, Opened, Sink, Work};
use super::{ScanSpec, Target};
use crate::athena::error::{QueryError, Result};
use crate::athena::types::Type;
use crate::model::Field;

/// So much text is read at once.
const CHUNK: usize = 128 << 10;

/// How lines are rows.
pub struct Text<'a> {
    /// What is between fields.
    pub delimiter: u8,
    /// How many lines at the start are no rows.
    pub skip: u64,
    /// What stands for no value.
    pub null: &'a [u8],
}

impl Text<'_> {
    /// Reads an object.
    pub fn read(&self, spec: &ScanSpec, target: &Target, work: &Work, sink: &mut Sink<'_>) -> Result<()> {
        let failed = |error: &io::Error| {
            QueryError::new(
                "HIVE_CURSOR_ERROR",
                format!("Failed to read {}: {}", spec.uri(target), reason(error)),
            )
        };
        let bucket = &spec.partitions[target.partition].location.bucket;
        let file = spec.storage.open(bucket, &target.key).map_err(|error| failed(&error))?;
        let mut reader: Box<dyn Read> = if target.key.ends_with(".gz") {
            Box::new(MultiGzDecoder::new(BufReader::with_capacity(CHUNK / 2, file)))
        } else {
            Box::new(file)
        };
        let mut opened = Some(Opened { bytes: target.size, mismatch: None });
        let mut header = (self.skip > 0 && spec.is_of_flow_logs()).then(|| spec.uri(target));
        let mut skip = self.skip;
        let mut rows = Rows::new(self, spec, work);
        let mut buffer = vec![0; CHUNK];
        let mut filled = 0;
        loop {
            let mut ended = false;
            while filled < buffer.len() && !ended {
                match reader.read(&mut buffer[filled..]) {
                    Ok(0) => ended = true,
                    Ok(count) => filled += count,
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    Err(error) => return Err(failed(&error)),
                }
            }
            let text = match memrchr(b'\n', &buffer[..filled]) {
                _ if ended => filled,
                Some(end) => end + 1,
                None => {
                    // A line that is longer than all that was read so far. Cells are found by 32 bits.
                    if buffer.len() >= 1 << 30 {
                        return Err(failed(&io::Error::other("a line is too long")));
                    }
                    buffer.resize(buffer.len() * 2, 0);
                    continue;
                }
            };
            let mut lines = &buffer[..text];
            while skip > 0 && !lines.is_empty() {
                let (line, rest) = first_line(lines);
                if let Some(uri) = header.take() {
                    let mismatch = check_header(&uri, spec, line)?;
                    opened = opened.map(|opened| Opened { mismatch, ..opened });
                }
                lines = rest;
                skip -= 1;
            }
            let batch = rows.batch(lines, opened.take());
            if !sink.take(batch) || ended {
                return Ok(());
            }
            buffer.copy_within(text..filled, 0);
            filled -= text;
        }
    }
}

/// A line without its end, and what follows.
fn first_line(text: &[u8]) -> (&[u8], &[u8]) {
    let end = memchr::memchr(b'\n', text);
    let (line, rest) = end.map_or((text, &text[text.len()..]), |end| (&text[..end], &text[end + 1..]));
    (line.strip_suffix(b"\r").unwrap_or(line), rest)
}

/// What went wrong with an object, as those say it who read gzip in Athena.
fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    match error.kind() {
        io::ErrorKind::UnexpectedEof => "Unexpected end of input stream".to_owned(),
        _ if text.contains("invalid gzip header") => "incorrect header check".to_owned(),
        _ if text.contains("corrupt gzip stream") => "incorrect data check".to_owned(),
        _ => text,
    }
}

/// Checks that a line is the header of a flow log; the first field that a table's columns have otherwise.
fn check_header(uri: &str, spec: &ScanSpec, line: &[u8]) -> Result<Option<(usize, String)>> {
    let line = String::from_utf8_lossy(line);
    let fields: Option<Vec<Field>> = line.split(' ').map(|name| name.parse().ok()).collect();
    let Some(fields) = fields else {
        let start: String =
            line.chars().map(|c| if c.is_control() || c == '\u{fffd}' { '.' } else { c }).take(60).collect();
        let message = format!(
            "{uri} holds no flow log records: its first line is no header of their fields, but '{start}'; a LOCATION \
             holds nothing but delivered objects"
        );
        return Err(QueryError::new("HIVE_CURSOR_ERROR", message));
    };
    let mut pairs = fields.iter().zip(&spec.columns).enumerate();
    let other = pairs.find(|(_, (field, column))| super::field(&column.name) != Some(**field));
    Ok(other.map(|(at, (field, _))| (at, field.name().to_owned())))
}

/// How rows are made of lines: fields are columns in their order (aws: athena-text-positional).
struct Rows<'a> {
    text: &'a Text<'a>,
    work: &'a Work,
    /// The types of the columns that are needed.
    types: Vec<&'a Type>,
    /// How many fields at the start of a line are looked for.
    fields: usize,
    /// Where the fields of a line are.
    found: Vec<(usize, usize)>,
    /// How much the last batch needed.
    cells: usize,
    arena: usize,
}

impl<'a> Rows<'a> {
    fn new(text: &'a Text<'a>, spec: &'a ScanSpec, work: &'a Work) -> Self {
        let types = work.columns.iter().map(|column| &spec.columns[*column].ty).collect();
        let fields = work.columns.last().map_or(0, |last| last + 1);
        Self { text, work, types, fields, found: Vec::with_capacity(fields + 1), cells: 0, arena: 0 }
    }

    /// The rows of whole lines.
    fn batch(&mut self, text: &[u8], opened: Option<Opened>) -> Batch {
        let mut batch = Batch {
            opened,
            cells: Vec::with_capacity(self.cells),
            arena: Vec::with_capacity(self.arena),
            ..Batch::default()
        };
        // SQLite's text is UTF-8. Flow logs are, so it is known at once of all cells.
        let valid = self.fields == 0 || str::from_utf8(text).is_ok();
        let mut start = 0;
        for end in memchr_iter(b'\n', text) {
            self.row(&text[start..end], valid, &mut batch);
            start = end + 1;
        }
        if start < text.len() {
            self.row(&text[start..], valid, &mut batch);
        }
        self.cells = self.cells.max(batch.cells.len());
        self.arena = self.arena.max(batch.arena.len());
        batch
    }

    #[inline]
    fn row(&mut self, line: &[u8], valid: bool, batch: &mut Batch) {
        batch.read += 1;
        if self.fields == 0 {
            batch.rows += 1;
            return;
        }
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        self.found.clear();
        let mut start = 0;
        for end in memchr_iter(self.text.delimiter, line) {
            self.found.push((start, end));
            start = end + 1;
            if self.found.len() == self.fields {
                break;
            }
        }
        if self.found.len() < self.fields {
            self.found.push((start, line.len()));
        }
        let arena = batch.arena.len();
        for (slot, filter) in &self.work.filters {
            let raw = self.raw(line, *slot);
            let passes = match (raw, self.types[*slot]) {
                (None, _) => filter.may_pass(ValueRef::Null),
                (Some(raw), Type::Varchar(None)) if valid => filter.may_pass(ValueRef::Text(raw)),
                (Some(raw), ty) => {
                    let cell = cell(ty, raw, valid, &mut batch.arena);
                    let passes = filter.may_pass(cell.value(&batch.arena));
                    batch.arena.truncate(arena);
                    passes
                }
            };
            if !passes {
                return;
            }
        }
        for (slot, ty) in self.types.iter().enumerate() {
            let raw = self.raw(line, slot);
            batch.cells.push(raw.map_or(Cell::Null, |raw| cell(ty, raw, valid, &mut batch.arena)));
        }
        batch.rows += 1;
    }

    /// The text of a needed column, if there is one that is a value.
    #[inline]
    fn raw<'l>(&self, line: &'l [u8], slot: usize) -> Option<&'l [u8]> {
        let (start, end) = *self.found.get(self.work.columns[slot])?;
        let raw = &line[start..end];
        (raw != self.text.null).then_some(raw)
    }
}

#[inline]
fn cell(ty: &Type, raw: &[u8], valid: bool, arena: &mut Vec<u8>) -> Cell {
    if valid {
        return Cell::parse(ty, raw, arena);
    }
    Cell::parse(ty, String::from_utf8_lossy(raw).as_bytes(), arena)
}
