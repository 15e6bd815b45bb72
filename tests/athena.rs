//! Athena's SQL over objects: the statements of AWS's documentation, what a query reads, and what goes wrong.
#![cfg(feature = "athena")]

use std::io::Write as _;
use std::sync::Arc;

use flate2::Compression;
use flate2::write::GzEncoder;
use vpclab::athena::catalog::Catalog;
use vpclab::athena::folder::files;
use vpclab::athena::result::{Execution, Output};
use vpclab::athena::session::Session;
use vpclab::athena::storage::MemoryStorage;

/// 2024-07-03T12:00:00Z, in milliseconds.
const NOW: i64 = 1_720_008_000_000;

const HEADER: &str = "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status";

const COLUMNS: &str = "version int, account_id string, interface_id string, srcaddr string, dstaddr string, srcport int, \
    dstport int, protocol bigint, packets bigint, bytes bigint, start bigint, `end` bigint, action string, log_status string, \
    vpc_id string, subnet_id string, instance_id string, tcp_flags int, type string, pkt_srcaddr string, pkt_dstaddr string, \
    region string, az_id string, sublocation_type string, sublocation_id string, pkt_src_aws_service string, \
    pkt_dst_aws_service string, flow_direction string, traffic_path int";

fn gz(text: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

fn line(day: u32, srcaddr: &str, dstport: u32, bytes: u64, action: &str) -> String {
    let start = 1_719_792_000 + u64::from(day - 1) * 86_400;
    let end = start + 59;
    format!("2 111122223333 eni-0a {srcaddr} 10.0.0.9 40000 {dstport} 6 3 {bytes} {start} {end} {action} OK")
}

/// Three days of July 2024, an object a day, plain prefixes and Hive's; and a bucket for results.
fn buckets() -> MemoryStorage {
    let mut storage = MemoryStorage::default();
    storage.make_bucket("results");
    for day in 1..=3 {
        let lines = [
            HEADER.to_owned(),
            line(day, "10.0.0.1", 443, 1000 * u64::from(day), "ACCEPT"),
            line(day, "10.117.1.22", 22, 60, "REJECT"),
            "2 111122223333 eni-0a - - - - - - - 1719792000 1719792059 - NODATA".to_owned(),
        ];
        let object = gz(&(lines.join("\n") + "\n"));
        let name = "111122223333_vpcflowlogs_us-east-1_fl-1_20240701T0000Z_00000001.log.gz";
        storage.put(
            "logs",
            &format!("AWSLogs/111122223333/vpcflowlogs/us-east-1/2024/07/{day:02}/{name}"),
            object.clone(),
        );
        let hive =
            "aws-account-id=111122223333/aws-service=vpcflowlogs/aws-region=us-east-1/year=2024/month=07";
        storage.put("hive", &format!("AWSLogs/{hive}/day={day:02}/{name}"), object);
    }
    storage
}

fn session(storage: MemoryStorage) -> Session {
    Session::new(Catalog::default(), Arc::new(storage), NOW, 1)
}

/// The labs' table, with a partition for each day.
fn lab() -> Session {
    let mut session = session(buckets());
    let place = "s3://logs/AWSLogs/111122223333/vpcflowlogs/us-east-1/";
    run(
        &mut session,
        &format!(
            "CREATE EXTERNAL TABLE IF NOT EXISTS `vpc_flow_logs` ({COLUMNS}) PARTITIONED BY (`date` date) \
             ROW FORMAT DELIMITED FIELDS TERMINATED BY ' ' LOCATION '{place}' \
             TBLPROPERTIES (\"skip.header.line.count\"=\"1\")"
        ),
    );
    for day in 1..=3 {
        let day = format!("{day:02}");
        let text = format!(
            "ALTER TABLE vpc_flow_logs ADD PARTITION (`date`='2024-07-{day}') LOCATION '{place}2024/07/{day}'"
        );
        run(&mut session, &text);
    }
    session
}

fn run(session: &mut Session, text: &str) -> Execution {
    session.execute(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// Rows with `|` between their values.
fn rows(session: &mut Session, text: &str) -> Vec<String> {
    let Output::Rows { rows, .. } = run(session, text).output else { panic!("{text} gives no rows") };
    let cell = |cell: &Option<String>| cell.clone().unwrap_or_else(|| "NULL".to_owned());
    rows.iter().map(|row| row.iter().map(cell).collect::<Vec<_>>().join("|")).collect()
}

fn error(session: &mut Session, text: &str) -> String {
    session.execute(text).expect_err(text).to_string()
}

#[test]
fn the_documented_queries_run() {
    let mut session = lab();
    let check = |session: &mut Session, text: &str, expected: &[&str]| {
        assert_eq!(rows(session, text), expected, "{text}")
    };
    assert_eq!(
        rows(&mut session, "SELECT * FROM vpc_flow_logs WHERE date = DATE('2024-07-02') LIMIT 100;").len(),
        3
    );
    check(
        &mut session,
        "SELECT day_of_week(date) AS\n  day,\n  date,\n  interface_id,\n  srcaddr,\n  action,\n  protocol\n\
         FROM vpc_flow_logs\nWHERE action = 'REJECT' AND protocol = 6\nLIMIT 100;",
        &[
            "1|2024-07-01|eni-0a|10.117.1.22|REJECT|6",
            "2|2024-07-02|eni-0a|10.117.1.22|REJECT|6",
            "3|2024-07-03|eni-0a|10.117.1.22|REJECT|6",
        ],
    );
    check(
        &mut session,
        "SELECT SUM(packets) AS packetcount, dstaddr FROM vpc_flow_logs WHERE dstport = 443 AND date > current_date - \
         interval '2' day GROUP BY dstaddr ORDER BY packetcount DESC LIMIT 10;",
        &["6|10.0.0.9"],
    );
}

#[test]
fn partition_projection_finds_what_is_there() {
    let mut session = session(buckets());
    let columns = COLUMNS.replace(" region string,", "");
    let table = format!(
        "CREATE EXTERNAL TABLE test_table_vpclogs ({columns}) PARTITIONED BY (accid string, region string, day string) \
         ROW FORMAT DELIMITED FIELDS TERMINATED BY ' ' LOCATION 's3://logs/AWSLogs/' \
         TBLPROPERTIES (\"skip.header.line.count\"=\"1\",\"projection.enabled\"=\"true\",\"projection.accid.type\"=\"enum\",\
         \"projection.accid.values\"=\"111122223333\",\"projection.region.type\"=\"enum\",\
         \"projection.region.values\"=\"us-east-1,us-west-2\",\"projection.day.type\"=\"date\",\
         \"projection.day.range\"=\"2024/01/01,NOW\",\"projection.day.format\"=\"yyyy/MM/dd\",\
         \"storage.location.template\"=\"s3://logs/AWSLogs/${{accid}}/vpcflowlogs/${{region}}/${{day}}\")"
    );
    run(&mut session, &table);
    let text = "SELECT interface_id, srcaddr, action, protocol, to_iso8601(from_unixtime(start)) AS start_time, \
                to_iso8601(from_unixtime(\"end\")) AS end_time FROM test_table_vpclogs \
                WHERE DAY >= '2024/07/02' AND DAY < '2024/07/03' AND action <> '-'";
    let execution = run(&mut session, text);
    assert_eq!((execution.statistics.objects, execution.statistics.partitions), (1, 1));
    assert_eq!(
        rows(&mut session, text),
        [
            "eni-0a|10.0.0.1|ACCEPT|6|2024-07-02T00:00:00.000Z|2024-07-02T00:00:59.000Z",
            "eni-0a|10.117.1.22|REJECT|6|2024-07-02T00:00:00.000Z|2024-07-02T00:00:59.000Z",
        ]
    );
    let text = "SELECT * FROM test_table_vpclogs WHERE split_part(srcaddr,'.', 1)='10' AND split_part(srcaddr,'.', 2) ='117'";
    assert_eq!(rows(&mut session, text).len(), 3);
    let text = "SELECT * FROM test_table_vpclogs WHERE srcaddr = '10.117.1.22' AND day >= '2024/07/01' AND day < '2024/07/03'";
    assert_eq!(rows(&mut session, text).len(), 2);
}

#[test]
fn an_injected_key_needs_a_value() {
    let mut session = session(buckets());
    run(
        &mut session,
        "CREATE EXTERNAL TABLE t (version int) PARTITIONED BY (day string) LOCATION 's3://logs/' TBLPROPERTIES \
         ('projection.enabled'='true', 'projection.day.type'='injected', \
         'storage.location.template'='s3://logs/AWSLogs/111122223333/vpcflowlogs/us-east-1/2024/07/${day}')",
    );
    assert!(error(&mut session, "SELECT count(*) FROM t").starts_with("CONSTRAINT_VIOLATION: "));
    assert_eq!(rows(&mut session, "SELECT count(*) FROM t WHERE day = '02' AND version = 2"), ["0"]);
}

#[test]
fn folders_of_hive_are_found() {
    let mut session = session(buckets());
    run(
        &mut session,
        &format!(
            "CREATE EXTERNAL TABLE h ({COLUMNS}) PARTITIONED BY (`aws-account-id` string, `aws-service` string, \
             `aws-region` string, year string, month string, day string) ROW FORMAT DELIMITED FIELDS TERMINATED BY ' ' \
             LOCATION 's3://hive/AWSLogs/' TBLPROPERTIES ('skip.header.line.count'='1')"
        ),
    );
    assert_eq!(rows(&mut session, "SELECT count(*) FROM h"), ["0"]);
    run(&mut session, "MSCK REPAIR TABLE h");
    let execution = run(
        &mut session,
        "SELECT count(*) FROM h WHERE year || month || day >= '20240702' AND \"aws-region\" LIKE 'us-%'",
    );
    assert_eq!((execution.statistics.partitions, execution.statistics.partitions_total), (2, 3));
}

#[test]
fn a_query_reads_the_partitions_it_asks_for() {
    let mut session = lab();
    let read = |session: &mut Session, text: &str| {
        let statistics = run(session, text).statistics;
        (statistics.objects, statistics.partitions)
    };
    assert_eq!(read(&mut session, "SELECT count(*) FROM vpc_flow_logs"), (3, 3));
    for text in [
        "SELECT count(*) FROM vpc_flow_logs WHERE date = DATE '2024-07-02'",
        "SELECT count(*) FROM vpc_flow_logs WHERE day_of_month(date) = 2 AND bytes > 0",
        "SELECT count(*) FROM vpc_flow_logs WHERE date IN (DATE '2024-07-02', DATE '2025-01-01')",
        "SELECT count(*) FROM (SELECT * FROM vpc_flow_logs WHERE date BETWEEN DATE '2024-07-02' AND DATE '2024-07-02') t",
    ] {
        assert_eq!(read(&mut session, text), (1, 1), "{text}");
    }
    let join = "SELECT count(*) FROM vpc_flow_logs a JOIN vpc_flow_logs b ON a.srcaddr = b.srcaddr AND a.date = DATE '2024-07-01' \
                WHERE b.date > DATE '2024-07-02'";
    assert_eq!(read(&mut session, join), (2, 2));
}

#[test]
fn values_are_those_of_trino() {
    let mut session = lab();
    for (text, expected) in [
        ("SELECT 7 / 2, -7 / 2, -7 % 3, 7.0 / 2, 1 / 4e0", "3|-3|-1|3.5|0.25"),
        ("SELECT true AND NULL, false AND NULL, NOT true, 1 IS DISTINCT FROM NULL", "NULL|false|false|true"),
        ("SELECT try(1 / 0), try_cast('x' AS int), coalesce(NULL, 2), nullif(1, 1)", "NULL|NULL|2|NULL"),
        (
            "SELECT 'Ab' LIKE 'ab', 'a_b' LIKE 'a\\_b' ESCAPE '\\', regexp_like('10.0.0.1', '^10\\.')",
            "false|true|true",
        ),
        ("SELECT sum(bytes), avg(bytes), count(dstport), count(*) FROM vpc_flow_logs", "6180|1030.0|6|9"),
        ("SELECT contains('10.117.0.0/16', CAST('10.117.1.22' AS ipaddress))", "true"),
        (
            "SELECT ARRAY[1, 2][2], cardinality(split('a.b.c', '.')), element_at(split('a.b', '.'), 1)",
            "2|3|a",
        ),
        (
            "SELECT DATE '2024-01-31' + INTERVAL '1' MONTH, date_diff('day', DATE '2024-02-28', DATE '2024-03-01')",
            "2024-02-29|2",
        ),
        (
            "SELECT current_date, date_trunc('hour', current_timestamp)",
            "2024-07-03|2024-07-03 12:00:00.000 UTC",
        ),
        (
            "SELECT (SELECT max(bytes) FROM vpc_flow_logs), approx_percentile(bytes, 0.5) FROM vpc_flow_logs",
            "3000|60",
        ),
        (
            "SELECT max_by(srcaddr, bytes), count_if(action = 'REJECT'), array_agg(DISTINCT action) FROM vpc_flow_logs WHERE date = DATE '2024-07-01' AND action <> '-'",
            "10.0.0.1|1|[ACCEPT, REJECT]",
        ),
    ] {
        assert_eq!(rows(&mut session, text), [expected], "{text}");
    }
    // NULLs come last, upwards and downwards.
    assert_eq!(
        rows(&mut session, "SELECT DISTINCT dstport FROM vpc_flow_logs ORDER BY dstport DESC"),
        ["443", "22", "NULL"]
    );
    assert_eq!(
        rows(&mut session, "SELECT DISTINCT dstport FROM vpc_flow_logs ORDER BY 1"),
        ["22", "443", "NULL"]
    );
}

#[test]
fn queries_are_made_of_queries() {
    let mut session = lab();
    for (text, expected) in [
        (
            "WITH t AS (SELECT srcaddr s, sum(bytes) b FROM vpc_flow_logs GROUP BY 1) SELECT s, b, rank() OVER (ORDER BY b DESC) FROM t WHERE b IS NOT NULL ORDER BY 3",
            vec!["10.0.0.1|6000|1", "10.117.1.22|180|2"],
        ),
        (
            "SELECT a.srcaddr, b.bytes FROM vpc_flow_logs a LEFT JOIN vpc_flow_logs b ON a.srcaddr = b.srcaddr AND a.date = b.date AND b.bytes > 100 WHERE a.date = DATE '2024-07-01' AND a.srcaddr <> '-' ORDER BY 1",
            vec!["10.0.0.1|1000", "10.117.1.22|NULL"],
        ),
        (
            "SELECT srcaddr FROM vpc_flow_logs WHERE dstport = 22 UNION SELECT srcaddr FROM vpc_flow_logs WHERE dstport = 443 ORDER BY 1",
            vec!["10.0.0.1", "10.117.1.22"],
        ),
        (
            "SELECT DISTINCT srcaddr FROM vpc_flow_logs a WHERE EXISTS (SELECT 1 FROM vpc_flow_logs b WHERE b.srcaddr = a.srcaddr AND b.action = 'REJECT')",
            vec!["10.117.1.22"],
        ),
        (
            "SELECT action, count(*) FROM vpc_flow_logs WHERE srcaddr IN (SELECT srcaddr FROM vpc_flow_logs WHERE bytes > 2000) GROUP BY action HAVING count(*) > 2",
            vec!["ACCEPT|3"],
        ),
        (
            "SELECT x, n FROM vpc_flow_logs CROSS JOIN UNNEST(split(srcaddr, '.')) WITH ORDINALITY AS t (x, n) WHERE dstport = 22 AND date = DATE '2024-07-01' AND n < 3 ORDER BY n",
            vec!["10|1", "117|2"],
        ),
        ("SELECT * FROM (VALUES (1, 'a'), (2, NULL)) AS t (n, s) ORDER BY n DESC", vec!["2|NULL", "1|a"]),
        ("SELECT x FROM (VALUES 1, 2) AS t (x) UNION ALL VALUES 3 ORDER BY 1", vec!["1", "2", "3"]),
        (
            "WITH r AS (SELECT srcaddr, date FROM vpc_flow_logs WHERE action = 'REJECT') SELECT a.dstport, count(*) FROM vpc_flow_logs a JOIN r ON a.srcaddr = r.srcaddr AND a.date = r.date GROUP BY 1",
            vec!["22|3"],
        ),
        (
            "SELECT dstport, (SELECT max(b.bytes) FROM vpc_flow_logs b WHERE b.srcaddr = a.srcaddr AND b.date <= a.date) FROM vpc_flow_logs a WHERE date = DATE '2024-07-02' AND dstport IS NOT NULL ORDER BY 1",
            vec!["22|60", "443|2000"],
        ),
        (
            "SELECT DISTINCT dstport, stddev_pop(bytes) OVER w, array_agg(bytes) OVER w FROM vpc_flow_logs WHERE bytes > 1000 WINDOW w AS (PARTITION BY dstport)",
            vec!["443|500.0|[2000, 3000]"],
        ),
    ] {
        assert_eq!(rows(&mut session, text), expected, "{text}");
    }
}

/// What people who know Trino would notice.
#[test]
fn details_are_those_of_trino() {
    let mut session = lab();
    for (text, expected) in [
        (
            "SELECT * FROM (VALUES 1, 2) a (x), (VALUES 1) b (y) RIGHT JOIN (VALUES 1, 5) c (z) ON b.y = c.z ORDER BY 1, 3",
            &["1|1|1", "1|NULL|5", "2|1|1", "2|NULL|5"][..],
        ),
        (
            "SELECT * FROM (VALUES 1) a (x) LEFT JOIN ((VALUES 1) b (y) LEFT JOIN (VALUES (1, 9)) c (z, w) ON b.y = c.z) ON c.w IS NULL",
            &["1|NULL|NULL|NULL"],
        ),
        ("SELECT x FROM (VALUES 1, 2, 3) t (x) ORDER BY x OFFSET 1 FETCH FIRST ROW ONLY", &["2"]),
        (
            "SELECT TRY(coalesce(1/0, 5)), TRY(CAST('x' AS integer) IS NULL), TRY(coalesce(TRY_CAST('x' AS integer), 7)), TRY(1 + coalesce(TRY(1/0), 1))",
            &["NULL|NULL|7|2"],
        ),
        ("SELECT x, TRY(coalesce(10 / x, 5)) FROM (VALUES 0, 5) t (x)", &["0|NULL", "5|2"]),
        ("SELECT DECIMAL '1.10', 100 * DECIMAL '0.09', DECIMAL '-5'", &["1.10|9.00|-5"]),
        (
            "SELECT TIMESTAMP '2024-06-28 10:00:00 +02:00' = from_iso8601_timestamp('2024-06-28T08:00:00Z')",
            &["true"],
        ),
        ("SELECT contains('10.0.0.0/8', IPADDRESS '10.1.1.1')", &["true"]),
        (
            "SELECT DATE '2024-06-28' - INTERVAL '-2' DAY, DATE '2024-01-31' - INTERVAL '-1' MONTH",
            &["2024-06-30|2024-02-29"],
        ),
        ("SELECT date_diff('month', DATE '2024-02-29', DATE '2024-01-31')", &["-1"]),
        ("SELECT trim('xxaxx', 'x'), trim(LEADING 'x' FROM 'xax')", &["a|ax"]),
        ("SELECT 'scan' FROM vpc_flow_logs HAVING count(DISTINCT dstport) > 1", &["scan"]),
        ("SELECT typeof(count(*)) FROM vpc_flow_logs", &["bigint"]),
        (
            "SELECT count(*) OVER (ORDER BY d RANGE BETWEEN INTERVAL '1' DAY PRECEDING AND CURRENT ROW) FROM (VALUES DATE '2024-01-01', DATE '2024-01-02', DATE '2024-01-05') t (d)",
            &["1", "2", "1"],
        ),
        (
            "SELECT count(*) OVER (ORDER BY d RANGE INTERVAL '5' MINUTE PRECEDING) FROM (VALUES TIMESTAMP '2024-01-01 00:00:00', TIMESTAMP '2024-01-01 00:04:00', TIMESTAMP '2024-01-01 00:06:00') t (d)",
            &["1", "2", "2"],
        ),
    ] {
        assert_eq!(rows(&mut session, text), expected, "{text}");
    }
    let many: Vec<String> = (0..2000).map(|number| number.to_string()).collect();
    assert_eq!(rows(&mut session, &format!("SELECT count(*) FROM (VALUES {})", many.join(", "))), ["2000"]);
    for (text, expected) in [
        ("SELECT count(*) FROM vpc_flow_logs PREWHERE action = 'REJECT'", "SYNTAX_ERROR: line 1:36: "),
        ("SELECT TOP 1 x FROM (VALUES 1, 2) t (x)", "SYNTAX_ERROR: line 1:1: "),
        ("SELECT * EXCEPT (x) FROM (VALUES 1, 2) t (x)", "SYNTAX_ERROR: "),
        ("SELECT srcaddr, FROM vpc_flow_logs", "SYNTAX_ERROR: line 1:17: "),
        ("SELECT x FROM (VALUES 1, 2) t (x) LIMIT 1 OFFSET 1", "SYNTAX_ERROR: "),
        ("SELECT 1::double", "SYNTAX_ERROR: line 1:9: "),
        ("SELECT 1 == 1", "SYNTAX_ERROR: line 1:10: "),
        ("SELECT 1 FROM vpc_flow_logs FOR UPDATE", "SYNTAX_ERROR: "),
        ("SELECT CAST(1 AS string)", "TYPE_NOT_FOUND: line 1:13: "),
        ("SELECT CAST('2024-06-28 10:00:00 +09:00' AS timestamp)", "INVALID_CAST_ARGUMENT: "),
        ("SELECT TIMESTAMP '2024-01-01T00:00:00'", "INVALID_LITERAL: "),
        ("SELECT TIMESTAMP '2024-01-01 00:00:00 +€1'", "INVALID_LITERAL: "),
        ("SELECT TIMESTAMP '2024-01-01 00:00:00 Asia/Seoul'", "NOT_SUPPORTED: "),
        (
            "SELECT x, (SELECT t.y) FROM (VALUES (1, 2)) t (x, y) GROUP BY x",
            "EXPRESSION_NOT_AGGREGATE: line 1:19: ",
        ),
        ("SELECT DATE '2024-06-28' + INTERVAL '36' HOUR", "INVALID_FUNCTION_ARGUMENT: Cannot add hour"),
        ("SELECT ARRAY[2] < ARRAY[10]", "NOT_SUPPORTED: "),
        ("SELECT array_agg(x) IGNORE NULLS FROM (VALUES 1) t (x)", "NOT_SUPPORTED: "),
        ("SELECT ntile(0) OVER ()", "INVALID_FUNCTION_ARGUMENT: argument of ntile"),
        ("SELECT sum(x) OVER (ORDER BY x ROWS x PRECEDING) FROM (VALUES 1) t (x)", "NOT_SUPPORTED: "),
        ("SELECT (SELECT sum(o.x) FROM (VALUES 1) u (a)) FROM (VALUES 1, 2) o (x)", "NOT_SUPPORTED: "),
        (
            "SELECT srcaddr, histogram(dstport) FROM vpc_flow_logs GROUP BY srcaddr",
            "NOT_SUPPORTED: line 1:17: ",
        ),
        (
            "SELECT srcaddr, sum(bytes) AS bytes FROM vpc_flow_logs GROUP BY 1 ORDER BY sum(bytes)",
            "COLUMN_NOT_FOUND: line 1:80: Invalid reference to output projection attribute",
        ),
    ] {
        let said = error(&mut session, text);
        assert!(said.starts_with(expected), "{text}: {said}");
    }
    let said = session.execute("SELECT start, end - start FROM vpc_flow_logs").unwrap_err();
    assert_eq!(said.hint.as_deref(), Some("the word is reserved: \"end\" is a column"));
}

#[test]
fn results_are_saved_as_athena_saves_them() {
    let mut session = lab();
    let execution = run(
        &mut session,
        "SELECT srcaddr, bytes FROM vpc_flow_logs WHERE date = DATE '2024-07-01' AND dstport IS NULL",
    );
    let [(name, text), (metadata, facts)] = files(&execution);
    assert_eq!(
        (name.clone(), text.as_str()),
        (format!("{}.csv", execution.id), "\"srcaddr\",\"bytes\"\n\"-\",\n")
    );
    assert_eq!(metadata, format!("{name}.metadata"));
    let facts: serde_json::Value = serde_json::from_str(&facts).unwrap();
    assert_eq!(facts["ColumnInfo"][1]["Type"], "bigint");
    assert_eq!(facts["Statistics"]["ObjectsScanned"], 1);
    let [(name, _), _] = files(&run(&mut session, "SHOW TABLES"));
    assert!(name.ends_with(".txt"), "{name}");
    // The same seed, statement and number have the same id.
    let ids = |seed| {
        let mut session = Session::new(Catalog::default(), Arc::new(buckets()), NOW, seed);
        [run(&mut session, "SELECT 1").id, run(&mut session, "SELECT 1").id]
    };
    assert_eq!(ids(1), ids(1));
    assert_ne!(ids(1), ids(2));
    assert_ne!(ids(1)[0], ids(1)[1]);
}

#[test]
fn deep_statements_run_or_are_refused() {
    let mut session = lab();
    for depth in [10, 100, 400, 800, 1000, 3000] {
        for text in [
            format!("SELECT 1{}", " + 1".repeat(depth)),
            format!("SELECT count(*) FROM vpc_flow_logs WHERE bytes = 1{}", " OR bytes = 1".repeat(depth)),
            format!("SELECT count(*) FROM vpc_flow_logs WHERE bytes > 1{}", " AND bytes > 1".repeat(depth)),
            format!("SELECT {}1{}", "(".repeat(depth), ")".repeat(depth)),
            format!("SELECT {}'a'{}", "lower(".repeat(depth), ")".repeat(depth)),
            format!(
                "{}SELECT 1{}",
                "SELECT count(*) + (".repeat(depth),
                ") FROM vpc_flow_logs WHERE (SELECT 1) < bytes".repeat(depth)
            ),
        ] {
            if let Err(error) = session.execute(&text) {
                assert!(depth > 10, "{text}: {error}");
                assert!(["QUERY_TOO_COMPLEX", "SYNTAX_ERROR"].contains(&error.code), "{depth}: {error}");
            }
        }
    }
}

#[test]
fn long_statements_are_refused() {
    let text = format!("SELECT '{}'", "x".repeat(262_144));
    assert!(error(&mut lab(), &text).starts_with("INVALID_INPUT: "));
}

#[test]
fn an_object_that_cannot_be_read_is_named() {
    let key = "AWSLogs/111122223333/vpcflowlogs/us-east-1/2024/07/01/bad.log.gz";
    let whole = gz(&format!("{HEADER}\n{}\n", line(1, "10.0.0.1", 443, 1, "ACCEPT")));
    for (bytes, word) in [
        (whole[..whole.len() / 2].to_vec(), "HIVE_CURSOR_ERROR"),
        (b"no gzip at all".to_vec(), "HIVE_CURSOR_ERROR"),
        (gz("a note of somebody\n"), "HIVE_CURSOR_ERROR"),
    ] {
        let mut storage = buckets();
        storage.put("logs", key, bytes);
        let mut session = session(storage);
        run(
            &mut session,
            &format!(
                "CREATE EXTERNAL TABLE t ({COLUMNS}) ROW FORMAT DELIMITED FIELDS TERMINATED BY ' ' LOCATION 's3://logs/' \
                 TBLPROPERTIES ('skip.header.line.count'='1')"
            ),
        );
        let error = error(&mut session, "SELECT count(*) FROM t");
        assert!(error.starts_with(word) && error.contains(&format!("s3://logs/{key}")), "{error}");
    }
}

#[test]
fn columns_in_another_order_are_warned_of() {
    let mut session = session(buckets());
    run(
        &mut session,
        "CREATE EXTERNAL TABLE t (version int, account_id string, srcaddr string, interface_id string) \
         ROW FORMAT DELIMITED FIELDS TERMINATED BY ' ' LOCATION 's3://logs/' TBLPROPERTIES ('skip.header.line.count'='1')",
    );
    let execution = run(&mut session, "SELECT DISTINCT srcaddr FROM t");
    assert_eq!(rows(&mut session, "SELECT DISTINCT srcaddr FROM t"), ["eni-0a"]);
    assert_eq!(execution.warnings.len(), 1);
    assert!(
        execution.warnings[0].contains("srcaddr") && execution.warnings[0].contains("interface"),
        "{:?}",
        execution.warnings
    );
}

#[test]
fn no_statement_makes_it_panic() {
    let mut session = lab();
    let words = [
        "SELECT",
        "*",
        "FROM",
        "vpc_flow_logs",
        "WHERE",
        "(",
        ")",
        ",",
        "GROUP BY",
        "ORDER BY",
        "1",
        "'a'",
        "bytes",
        "=",
        "AND",
        "count(*)",
        "LIMIT",
        "JOIN",
        "ON",
        "date",
        "CASE",
        "WHEN",
        "THEN",
        "END",
        "NULL",
        "+",
        "UNION",
        "AS",
        "t",
        "IN",
        "NOT",
        "OVER",
        "DATE '2024-07-01'",
        "INTERVAL '1' DAY",
        "WITH",
        "sum(",
        "srcaddr",
        "HAVING",
        "1.5",
        "EXISTS",
        "DISTINCT",
        "||",
    ];
    let mut state = 1_u64;
    for _ in 0..3000 {
        let mut text = "SELECT ".to_owned();
        for _ in 0..8 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            text += words[(state >> 33) as usize % words.len()];
            text += " ";
        }
        // What SQLite refuses would be a mistake of the analysis.
        if let Err(error) = session.execute(&text) {
            assert_ne!(error.code, "GENERIC_INTERNAL_ERROR", "{text}: {error}");
        }
    }
}

mod program;

/// The lab, run and then asked by the program.
#[test]
fn the_program_runs_statements_over_the_folder_of_a_run() {
    let out = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("athena");
    let _ = std::fs::remove_dir_all(&out);
    let out = out.display().to_string();
    let ran =
        program::vpclab(&["run", "scenarios/vpc-flow-logs.yaml", "--quiet", "--no-pcap", "--out", &out]);
    assert!(ran.starts_with("exit 0\n"), "{ran}");
    let folder = format!("{out}/vpc-flow-logs");
    let ask = |more: &[&str]| program::vpclab(&[&["athena", folder.as_str()], more].concat());

    let text = "SELECT srcaddr, dstport, vpc_id FROM vpc_flow_logs WHERE action = 'REJECT' ORDER BY 2";
    let answer = ask(&["-q", text, "--format", "csv"]);
    let rows = "\"srcaddr\",\"dstport\",\"vpc_id\"\n\"203.0.113.66\",\"3389\",\n\"203.0.113.66\",\"8080\",\n";
    assert!(
        answer.starts_with(&format!("exit 0\n--- stdout\n{rows}--- stderr\n2 rows; scanned ")),
        "{answer}"
    );
    assert!(answer.contains(" in 7 objects, 1 of 1 partition (query "), "{answer}");

    // Tables are there the next time.
    let create = "CREATE EXTERNAL TABLE lines (version string) LOCATION 's3://demo-lab-vpc-flow-logs-v2/'; SHOW TABLES";
    let answer = ask(&["-q", create]);
    assert!(answer.starts_with("exit 0\n--- stdout\nlines\nvpc_flow_logs\n"), "{answer}");
    let answer = ask(&["-q", "SELECT count(*) n FROM lines", "--format", "json"]);
    assert!(answer.starts_with("exit 0\n--- stdout\n{\n  \"QueryExecutionId\": "), "{answer}");

    // What fails prints nothing else, and says where.
    let answer = ask(&["-q", "SELECT srcaddr,\n  source FROM vpc_flow_logs; SELECT 1"]);
    let expected = "exit 1\n--- stderr\nerror: COLUMN_NOT_FOUND: line 2:3: Column 'source' cannot be resolved or requester \
                    is not authorized to access requested resources\n  |   source FROM vpc_flow_logs\n  |   ^\nhint: the columns are: version, ";
    assert!(answer.starts_with(expected), "{answer}");
    assert!(program::vpclab(&["athena", &out, "-q", "SELECT 1"]).starts_with("exit 2\n--- stderr\nerror: "));

    // Results are saved where they are wanted.
    let answer = ask(&["-q", "SELECT 1", "--output-location", "s3://demo-lab-athena-results/more/"]);
    assert!(answer.starts_with("exit 0\n"), "{answer}");
    let saved = std::fs::read_dir(format!("{folder}/s3/demo-lab-athena-results/more")).unwrap();
    assert_eq!(saved.count(), 2);
    assert!(
        ask(&["-q", "SELECT 1", "--output-location", "s3://nope/"])
            .starts_with("exit 1\n--- stderr\nerror: INVALID_INPUT: ")
    );
    // Not outside of buckets, whatever they are called.
    let answer = ask(&["-q", "SELECT 1", "--output-location", "s3://../outside/"]);
    assert!(answer.starts_with("exit 1\n--- stderr\nerror: INVALID_INPUT: "), "{answer}");
    assert!(!std::path::Path::new(&folder).join("outside").exists());
    // A comment begins like an option.
    assert!(ask(&["-q", "-- one\nSELECT 1"]).starts_with("exit 0\n"));
    // A bucket without objects is one, too.
    let answer = ask(&["-q", "SELECT 1", "--output-location", "s3://demo-lab-files/"]);
    assert!(answer.starts_with("exit 0\n"), "{answer}");

    // Those who make tables at the same time lose none of them.
    std::thread::scope(|scope| {
        for number in 0..6 {
            let ask = &ask;
            scope.spawn(move || {
                let place = "LOCATION 's3://demo-lab-vpc-flow-logs-v2/'";
                let text = format!("CREATE EXTERNAL TABLE at_once_{number} (a int) {place}");
                assert!(ask(&["-q", &text]).starts_with("exit 0\n"));
            });
        }
    });
    assert_eq!(ask(&["-q", "SHOW TABLES"]).matches("at_once_").count(), 6);

    // What is kept and cannot be read is named, with what helps.
    std::fs::write(format!("{folder}/athena.json"), "{\"schema\": 99, \"catalog\": {}}").unwrap();
    let answer = ask(&["-q", "SELECT 1"]);
    assert!(answer.starts_with("exit 2\n--- stderr\nerror: "), "{answer}");
    assert!(answer.contains("athena.json: ") && answer.contains("delete the file"), "{answer}");
}
