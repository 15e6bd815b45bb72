//! What scans read of objects, count and notice.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use rusqlite::Connection;

use super::*;
use crate::athena::catalog::Catalog;
use crate::athena::ddl;
use crate::athena::partitions::partitions;
use crate::athena::storage::MemoryStorage;
use crate::athena::table::Registry;

const HEADER: &str = "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status";
const COLUMNS: &str = "version int, account_id string, interface_id string, srcaddr string, dstaddr string, srcport int, \
    dstport int, protocol bigint, packets bigint, bytes bigint, start bigint, `end` bigint, action string, log_status string, \
    vpc_id string";

fn gzip(text: &str) -> Vec<u8> {
    let mut file = GzEncoder::new(Vec::new(), Compression::fast());
    file.write_all(text.as_bytes()).unwrap();
    file.finish().unwrap()
}

fn record(number: usize) -> String {
    let action = if number.is_multiple_of(10) { "REJECT" } else { "ACCEPT" };
    format!("2 123456789012 eni-1 10.0.0.{} 10.0.1.1 {number} 443 6 10 840 1 2 {action} OK\n", number % 250)
}

fn records(numbers: std::ops::Range<usize>) -> String {
    format!("{HEADER}\n{}", numbers.map(record).collect::<String>())
}

/// A table over the bucket `b`, as `t` of SQLite.
struct World {
    storage: MemoryStorage,
    statement: String,
}

struct Outcome {
    rows: rusqlite::Result<Vec<String>>,
    stats: Stats,
}

impl World {
    fn of(columns: &str, rest: &str) -> Self {
        let statement = format!("CREATE EXTERNAL TABLE t ({columns}) {rest}");
        Self { storage: MemoryStorage::default(), statement }
    }

    fn flow_logs() -> Self {
        Self::of(
            COLUMNS,
            "ROW FORMAT DELIMITED FIELDS TERMINATED BY ' ' LOCATION 's3://b/logs/' TBLPROPERTIES ('skip.header.line.count'='1')",
        )
    }

    fn put(&mut self, key: &str, bytes: impl AsRef<[u8]>) -> &mut Self {
        self.storage.put("b", key, bytes.as_ref());
        self
    }

    fn spec(&self) -> Arc<ScanSpec> {
        let mut catalog = Catalog::default();
        ddl::execute(&self.statement, &mut catalog, &self.storage).unwrap();
        let table = &catalog.databases["default"].tables["t"];
        let found = partitions(table, &self.storage, 0).unwrap();
        let count = found.len();
        Arc::new(ScanSpec::new(table, found, count, Arc::new(self.storage.clone())))
    }

    fn query(&self, sql: &str) -> Outcome {
        let spec = self.spec();
        let connection = Connection::open_in_memory().unwrap();
        let registry = Arc::new(Registry::default());
        registry.register(&connection).unwrap();
        registry.create_table(&connection, "t", Arc::clone(&spec)).unwrap();
        let mut statement = connection.prepare(sql).unwrap();
        let count = statement.column_count();
        let row = |row: &rusqlite::Row<'_>| {
            let cells = (0..count).map(|column| {
                Ok(match row.get_ref(column)? {
                    rusqlite::types::ValueRef::Null => "NULL".to_owned(),
                    rusqlite::types::ValueRef::Integer(number) => number.to_string(),
                    rusqlite::types::ValueRef::Real(number) => format!("{number:?}"),
                    rusqlite::types::ValueRef::Text(text) => format!("'{}'", str::from_utf8(text).unwrap()),
                    rusqlite::types::ValueRef::Blob(bytes) => format!("{bytes:x?}"),
                })
            });
            cells.collect::<rusqlite::Result<Vec<_>>>().map(|cells| cells.join(" "))
        };
        let rows = statement.query_map([], row).unwrap().collect();
        let stats = spec.stats().clone();
        Outcome { rows, stats }
    }

    fn rows(&self, sql: &str) -> Vec<String> {
        self.query(sql).rows.unwrap()
    }

    fn error(&self, sql: &str) -> String {
        let outcome = self.query(sql);
        let error = outcome.stats.error.expect("the error is kept");
        assert!(outcome.rows.unwrap_err().to_string().contains(&error.to_string()));
        error.to_string()
    }
}

#[test]
fn text_is_read_as_hive_reads_it() {
    let mut world = World::of(
        "a int, b string, c bigint, d double, e date",
        "ROW FORMAT DELIMITED FIELDS TERMINATED BY ' ' LOCATION 's3://b/'",
    );
    world
        .put("1.txt", "1 x 3 0.5 2024-01-01 more\n- - - - -\n\\N \\N 3000000000\r\n\n5")
        .put("2.txt.gz", gzip("3000000000 \u{e4} 1\n"))
        .put("3.txt", *b"7 \xff 1\n")
        .put("_hidden", "9 9 9\n")
        .put("x/.hidden", "9 9 9\n")
        .put("x/empty", "");
    assert_eq!(
        world.rows("SELECT * FROM t"),
        [
            "1 'x' 3 0.5 19723",
            "NULL '-' NULL NULL NULL",
            "NULL NULL 3000000000 NULL NULL",
            "NULL NULL NULL NULL NULL",
            "5 NULL NULL NULL NULL",
            "NULL 'ä' 1 NULL NULL",
            "7 '\u{fffd}' 1 NULL NULL",
        ]
    );
    assert_eq!(world.rows("SELECT count(*) FROM t"), ["7"]);
    assert_eq!(world.rows("SELECT c1 FROM t WHERE c2 = 1 AND c1 > 'x'"), ["'ä'", "'\u{fffd}'"]);
    assert_eq!(world.rows("SELECT c0 FROM t WHERE c0 IS NOT NULL AND c0 < 6"), ["1", "5"]);
    assert_eq!(world.rows("SELECT c0 FROM t WHERE c0 IN (1, 7)"), ["1", "7"]);
    assert_eq!(world.rows("SELECT c0 FROM t WHERE c0 < 6.5"), ["1", "5"], "SQLite compares other types");
    assert_eq!(world.rows("SELECT a.c0, b.c0 FROM t a JOIN t b ON a.c2 = b.c2 AND a.c1 > b.c1"), ["7 NULL"]);
}

#[test]
fn records_of_flow_logs_come_from_compressed_objects() {
    let mut world = World::flow_logs();
    world.put("logs/1.log.gz", gzip(&records(0..5000))).put("logs/2.log.gz", gzip(&records(5000..9000)));
    let outcome = world.query("SELECT count(*), sum(c5), min(c14) FROM t WHERE c12 = 'REJECT'");
    assert_eq!(outcome.rows.unwrap(), [format!("900 {} NULL", (0..900).map(|n| n * 10).sum::<u64>())]);
    let bytes = world.storage.list("b", "").iter().map(|object| object.size).sum::<u64>();
    let stats = outcome.stats;
    assert_eq!((stats.objects, stats.rows, stats.bytes), (2, 9000, bytes));
    assert_eq!((stats.partitions_read, stats.partitions_total), (1, 1));
    assert_eq!(stats.warnings, Vec::<String>::new());
    assert_eq!(world.rows("SELECT c5, c3 FROM t WHERE c5 >= 8999"), ["8999 '10.0.0.249'"]);
}

#[test]
fn a_limit_ends_reading_and_what_is_counted_does_not_vary() {
    let mut world = World::flow_logs();
    let text: String = records(0..20_000);
    for object in 0..20 {
        world.put(&format!("logs/{object:02}.log"), &text);
    }
    let counted: Vec<_> = (0..5)
        .map(|_| {
            let stats = world.query("SELECT c3 FROM t LIMIT 3").stats;
            (stats.objects, stats.bytes, stats.rows)
        })
        .collect();
    assert!(counted.iter().all(|counts| *counts == counted[0]), "{counted:?}");
    let (objects, bytes, rows) = counted[0];
    assert_eq!((objects, bytes), (1, text.len() as u64));
    assert!((3..20_000).contains(&rows), "{rows}");
    assert_eq!(world.rows("SELECT count(*) FROM t"), ["400000"]);
    // Each table is counted by itself, and once however often it is read.
    let outcome =
        world.query("SELECT (SELECT count(*) FROM t WHERE c5 = x.n) FROM (SELECT 1 n UNION ALL SELECT 2) x");
    assert_eq!(outcome.rows.unwrap(), ["20", "20"]);
    assert_eq!((outcome.stats.objects, outcome.stats.rows), (20, 400_000));
}

#[test]
fn objects_that_cannot_be_read_are_named() {
    let mut world = World::flow_logs();
    let whole = gzip(&records(0..100));
    let error = |bytes: &[u8]| {
        let mut world = World::flow_logs();
        world.put("logs/1.log.gz", &whole).put("logs/2.log.gz", bytes);
        world.error("SELECT count(c0) FROM t")
    };
    let name = "HIVE_CURSOR_ERROR: Failed to read s3://b/logs/2.log.gz: ";
    assert_eq!(error(b"no gzip at all"), format!("{name}incorrect header check"));
    assert_eq!(error(&whole[..whole.len() - 30]), format!("{name}Unexpected end of input stream"));
    let mut changed = whole.clone();
    let crc = changed.len() - 6;
    changed[crc] ^= 1;
    assert_eq!(error(&changed), format!("{name}incorrect data check"));
    let text = error(&gzip("{\"no\": \"flow log\"}\n"));
    assert!(text.starts_with("HIVE_CURSOR_ERROR: s3://b/logs/2.log.gz holds no flow log records:"), "{text}");
    assert!(text.contains("{\"no\""), "{text}");
    // A row before the error may be enough.
    world.put("logs/1.log.gz", &whole).put("logs/2.log.gz", "x");
    assert_eq!(world.rows("SELECT c5 FROM t LIMIT 1"), ["0"]);
}

#[test]
fn a_header_that_disagrees_with_the_table_is_noticed_once() {
    let mut world = World::flow_logs();
    let custom = "version vpc-id interface-id\n3 vpc-1 eni-1\n";
    for object in ["1", "2"] {
        world.put(&format!("logs/{object}.log"), custom);
    }
    world.put("logs/3.log", format!("{HEADER} subnet-id\n"));
    let outcome = world.query("SELECT c1 FROM t");
    assert_eq!(outcome.rows.unwrap(), ["'vpc-1'", "'vpc-1'"]);
    assert_eq!(
        outcome.stats.warnings,
        [
            "s3://b/logs/1.log: field 2 of its records is vpc-id, which the table default.t reads as account_id: its columns \
             are taken in their order, whatever the header says",
            "s3://b/logs/3.log: field 15 of its records is subnet-id, which the table default.t reads as vpc_id: its columns \
             are taken in their order, whatever the header says",
        ]
    );
}

#[test]
fn partition_keys_are_columns_after_the_others() {
    let mut world = World::of(
        "a int",
        "PARTITIONED BY (year int, kind string) ROW FORMAT DELIMITED FIELDS TERMINATED BY ' ' LOCATION 's3://b/' TBLPROPERTIES \
         ('projection.enabled'='true','projection.year.type'='integer','projection.year.range'='2000,2030', \
         'projection.kind.type'='enum','projection.kind.values'='x,y')",
    );
    world.put("year=2024/kind=x/1", "1\n").put("year=2024/kind=y/1", "2\n").put("year=2025/kind=x/1", "3\n");
    assert_eq!(world.rows("SELECT c0, c1, c2 FROM t"), ["1 2024 'x'", "2 2024 'y'", "3 2025 'x'"]);
    let outcome = world.query("SELECT c0 FROM t WHERE c1 = 2024 AND c2 > 'x'");
    assert_eq!(outcome.rows.unwrap(), ["2"]);
    assert_eq!(
        (outcome.stats.objects, outcome.stats.partitions_read, outcome.stats.partitions_total),
        (1, 1, 3)
    );
}

#[cfg(feature = "parquet")]
mod parquet {
    use super::*;
    use crate::model::LogFormat;

    /// A file with the values of lines.
    fn file(format: &str, lines: &[&str]) -> Vec<u8> {
        let format: LogFormat = format.parse().unwrap();
        let lines: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
        write(&format, &lines)
    }

    /// Writes values as the deliveries of flow logs do.
    fn write(format: &LogFormat, lines: &[String]) -> Vec<u8> {
        use crate::model::FieldType;
        use ::parquet::data_type::{ByteArray, ByteArrayType, Int32Type, Int64Type};
        use ::parquet::file::properties::WriterProperties;
        use ::parquet::file::writer::SerializedFileWriter;
        use ::parquet::schema::parser::parse_message_type;
        let column = |field: &Field| {
            let kind = match field.kind() {
                FieldType::Int32 => "INT32",
                FieldType::Int64 => "INT64",
                FieldType::String => "BYTE_ARRAY",
            };
            let utf8 = if field.kind() == FieldType::String { " (UTF8)" } else { "" };
            format!("OPTIONAL {kind} {}{utf8};", field.name().replace('-', "_"))
        };
        let schema = format!("message m {{ {} }}", format.fields().iter().map(column).collect::<String>());
        let schema = Arc::new(parse_message_type(&schema).unwrap());
        let mut file =
            SerializedFileWriter::new(Vec::new(), schema, Arc::new(WriterProperties::default())).unwrap();
        for lines in lines.chunks(2) {
            let mut group = file.next_row_group().unwrap();
            for (at, field) in format.fields().iter().enumerate() {
                let cells: Vec<&str> = lines.iter().map(|line| line.split(' ').nth(at).unwrap()).collect();
                let levels: Vec<i16> = cells.iter().map(|cell| i16::from(*cell != "-")).collect();
                let there = cells.iter().filter(|cell| **cell != "-");
                let mut writer = group.next_column().unwrap().unwrap();
                match field.kind() {
                    FieldType::Int32 => {
                        let values: Vec<i32> = there.map(|cell| cell.parse().unwrap()).collect();
                        writer.typed::<Int32Type>().write_batch(&values, Some(&levels), None).unwrap();
                    }
                    FieldType::Int64 => {
                        let values: Vec<i64> = there.map(|cell| cell.parse().unwrap()).collect();
                        writer.typed::<Int64Type>().write_batch(&values, Some(&levels), None).unwrap();
                    }
                    FieldType::String => {
                        let values: Vec<ByteArray> = there.map(|cell| ByteArray::from(*cell)).collect();
                        writer.typed::<ByteArrayType>().write_batch(&values, Some(&levels), None).unwrap();
                    }
                }
                writer.close().unwrap();
            }
            group.close().unwrap();
        }
        file.into_inner().unwrap()
    }

    fn world(columns: &str) -> World {
        World::of(columns, "STORED AS PARQUET LOCATION 's3://b/'")
    }

    #[test]
    fn columns_are_found_by_name() {
        let mut world = world("ACTION string, protocol bigint, nothing int, tcp_flags int");
        let lines = ["6 x ACCEPT 19 10", "17 y REJECT - 20", "6 z REJECT 2 -"];
        world.put("1.parquet", file("${protocol} ${srcaddr} ${action} ${tcp-flags} ${bytes}", &lines));
        assert_eq!(
            world.rows("SELECT * FROM t"),
            ["'ACCEPT' 6 NULL 19", "'REJECT' 17 NULL NULL", "'REJECT' 6 NULL 2"]
        );
        assert_eq!(world.rows("SELECT c3 FROM t WHERE c0 = 'REJECT' AND c1 = 6"), ["2"]);
        let size = world.storage.list("b", "")[0].size;
        let bytes = |sql: &str| world.query(sql).stats.bytes;
        assert_eq!(bytes("SELECT count(*) FROM t"), 0);
        let (one, all) = (bytes("SELECT c1 FROM t"), bytes("SELECT * FROM t"));
        assert!(0 < one && one < all && all < size, "{one} {all} {size}");
        assert_eq!(world.query("SELECT count(*) FROM t").rows.unwrap(), ["3"]);
    }

    #[test]
    fn files_that_do_not_fit_are_named() {
        let mut world = world("bytes string");
        world.put("1.parquet", file("${bytes}", &["1"]));
        assert_eq!(
            world.error("SELECT * FROM t"),
            "HIVE_BAD_DATA: Field bytes's type INT64 in parquet file s3://b/1.parquet is incompatible with type varchar \
             defined in table schema"
        );
        assert_eq!(world.rows("SELECT count(*) FROM t"), ["1"]);
        let mut world = super::parquet::world("bytes bigint");
        world.put("1.log.gz", gzip(&records(0..3)));
        let error = world.error("SELECT c0 FROM t");
        assert!(error.starts_with(
            "HIVE_BAD_DATA: Not valid Parquet file: s3://b/1.log.gz expected magic number: PAR1"
        ));
    }
}
