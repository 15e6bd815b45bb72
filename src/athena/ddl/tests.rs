//! The statements of AWS's documentation, and those that are wrong.

use super::*;
use crate::athena::catalog::Format;
use crate::athena::partitions::{Found, partitions};
use crate::athena::storage::MemoryStorage;
use rusqlite::types::Value;

const COLUMNS: &str = "version int, account_id string, interface_id string, srcaddr string, dstaddr string, srcport int, \
    dstport int, protocol bigint, packets bigint, bytes bigint, start bigint, `end` bigint, action string, log_status string, \
    vpc_id string, subnet_id string, instance_id string, tcp_flags int, type string, pkt_srcaddr string, pkt_dstaddr string, \
    region string, az_id string, sublocation_type string, sublocation_id string, pkt_src_aws_service string, \
    pkt_dst_aws_service string, flow_direction string, traffic_path int";

/// 2024-06-15T12:00:00Z
const NOW: i64 = 1_718_452_800_000;

struct World {
    catalog: Catalog,
    storage: MemoryStorage,
}

impl World {
    fn new(keys: &[&str]) -> Self {
        let mut storage = MemoryStorage::default();
        storage.make_bucket("amzn-s3-demo-bucket");
        for key in keys {
            storage.put("amzn-s3-demo-bucket", key, *b"x");
        }
        Self { catalog: Catalog::default(), storage }
    }

    fn run(&mut self, statement: &str) -> Result<Vec<String>> {
        execute(statement, &mut self.catalog, &self.storage)
    }

    fn lines(&mut self, statement: &str) -> Vec<String> {
        self.run(statement).unwrap_or_else(|error| panic!("{statement}: {error}"))
    }

    fn error(&mut self, statement: &str) -> String {
        self.run(statement).map(|_| panic!("{statement} ran")).unwrap_err().to_string()
    }

    fn text_table(&mut self) {
        self.lines(&format!(
            "CREATE EXTERNAL TABLE IF NOT EXISTS `vpc_flow_logs` (\n  {COLUMNS}\n)\nPARTITIONED BY (`date` date)\n\
             ROW FORMAT DELIMITED FIELDS TERMINATED BY ' '\n\
             LOCATION 's3://amzn-s3-demo-bucket/prefix/AWSLogs/{{account_id}}/vpcflowlogs/{{region_code}}/'\n\
             TBLPROPERTIES (\"skip.header.line.count\"=\"1\");"
        ));
    }

    fn table(&self, name: &str) -> &super::super::catalog::Table {
        &self.catalog.databases["default"].tables[name]
    }

    fn found(&self, name: &str) -> Vec<Found> {
        partitions(self.table(name), &self.storage, NOW).unwrap()
    }
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

#[test]
fn the_first_keyword_tells_ddl_from_queries() {
    for statement in
        ["create table t", "-- x\n/* y */ ALTER TABLE", " show tables", "DESC t", "MSCK", "drop table 'x"]
    {
        assert!(is_ddl(statement), "{statement}");
    }
    for statement in
        ["SELECT 1", "-- CREATE\nwith x as (select 1) select 1", "(SELECT 1)", "", "EXPLAIN SELECT 1"]
    {
        assert!(!is_ddl(statement), "{statement}");
    }
}

#[test]
fn the_table_of_text_that_aws_documents() {
    let mut world = World::new(&["prefix/2024/01/02/a.log.gz"]);
    world.text_table();
    let table = world.table("vpc_flow_logs");
    assert_eq!(table.columns.len(), 29);
    assert_eq!(table.format, Format::Text { delimiter: b' ', skip_header_lines: 1, null: "\\N".into() });
    // Nothing happens to a table that is there.
    world.text_table();
    let error =
        world.error("CREATE EXTERNAL TABLE vpc_flow_logs (a int) LOCATION 's3://amzn-s3-demo-bucket/'");
    assert_eq!(
        error,
        "TABLE_ALREADY_EXISTS: line 1:23: FAILED: Execution Error, return code 1 from org.apache.hadoop.hive.ql.exec.DDLTask. \
         AlreadyExistsException(message:Table vpc_flow_logs already exists)"
    );
    let as_it_stands = "ALTER TABLE vpc_flow_logs\nADD PARTITION (`date`='YYYY-MM-dd')\n\
                        LOCATION 's3://amzn-s3-demo-bucket/prefix/YYYY/MM/dd';";
    assert_eq!(
        world.error(as_it_stands),
        "HIVE_INVALID_PARTITION_VALUE: line 2:23: Invalid partition value 'YYYY-MM-dd' for DATE partition key: \
         date=YYYY-MM-dd; write the day it stands for, e.g. 2024-01-31"
    );
    let add = as_it_stands.replace("YYYY-MM-dd", "2024-01-02").replace("YYYY/MM/dd", "2024/01/02");
    world.lines(&add);
    assert!(
        world
            .error(&add)
            .contains("AlreadyExistsException(message:Partition already exists: date=2024-01-02)")
    );
    world.lines(&add.replace("ADD", "ADD IF NOT EXISTS"));
    assert_eq!(world.lines("SHOW PARTITIONS vpc_flow_logs"), ["date=2024-01-02"]);
    let found = world.found("vpc_flow_logs");
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].values, [Value::Integer(19_724)]);
    assert_eq!(found[0].location.to_string(), "s3://amzn-s3-demo-bucket/prefix/2024/01/02/");
    assert_eq!(found[0].objects(&world.storage).len(), 1);
}

#[test]
fn several_partitions_come_and_go_at_once() {
    let mut world = World::new(&[]);
    world.text_table();
    world.lines(
        "ALTER TABLE vpc_flow_logs ADD PARTITION (`date`='2024-01-02') LOCATION 's3://amzn-s3-demo-bucket/2' \
         PARTITION (date='2024-01-01') LOCATION 's3://amzn-s3-demo-bucket/1' PARTITION (date=DATE '2024-01-03')",
    );
    let names = ["date=2024-01-01", "date=2024-01-02", "date=2024-01-03"];
    assert_eq!(world.lines("SHOW PARTITIONS `default`.`vpc_flow_logs`"), names);
    assert!(world.table("vpc_flow_logs").partitions[2].location.ends_with("{region_code}/date=2024-01-03/"));
    let drop = "ALTER TABLE vpc_flow_logs DROP PARTITION (date='2024-01-01'), PARTITION (date='2024-02-01')";
    assert!(world.error(drop).starts_with("PARTITION_NOT_FOUND: line 1:73:"));
    assert_eq!(world.lines("SHOW PARTITIONS vpc_flow_logs").len(), 3, "what fails changes nothing");
    world.lines(&drop.replace("DROP", "DROP IF EXISTS"));
    assert_eq!(world.lines("SHOW PARTITIONS vpc_flow_logs"), names[1..]);
    let wrong = "ALTER TABLE vpc_flow_logs ADD PARTITION (day='2024-01-01')";
    assert!(
        world.error(wrong).contains("day is no partition key of default.vpc_flow_logs; its keys are date")
    );
    let bucket = "ALTER TABLE vpc_flow_logs ADD PARTITION (date='2024-05-01') LOCATION 's3://nobodys/'";
    assert!(world.error(bucket).contains("Bucket: nobodys"));
}

#[test]
fn the_table_of_parquet_files_that_aws_documents() {
    let folder =
        "prefix/AWSLogs/aws-account-id=123456789012/aws-service=vpcflowlogs/aws-region=us-east-1/year=2024";
    let keys = ["month=01/day=02/hour=03/a.log.parquet", "month=01/day=02/hour=04/b.log.parquet"];
    let keys = keys.map(|key| format!("{folder}/{key}"));
    let mut world = World::new(&[&keys[0], &keys[1], "prefix/AWSLogs/other/1/2/3/4/5/6/7"]);
    world.lines(&format!(
        "CREATE EXTERNAL TABLE IF NOT EXISTS vpc_flow_logs_parquet ({COLUMNS})\n\
         PARTITIONED BY (`aws-account-id` string, `aws-service` string, `aws-region` string, `year` string, `month` string, \
         `day` string, `hour` string)\n\
         ROW FORMAT SERDE 'org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe'\n\
         STORED AS INPUTFORMAT 'org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat'\n\
         OUTPUTFORMAT 'org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat'\n\
         LOCATION 's3://amzn-s3-demo-bucket/prefix/AWSLogs/'\n\
         TBLPROPERTIES ('EXTERNAL'='true','skip.header.line.count'='1')"
    ));
    assert_eq!(world.table("vpc_flow_logs_parquet").format, Format::Parquet);
    let name = "aws-account-id=123456789012/aws-service=vpcflowlogs/aws-region=us-east-1/year=2024/month=01/day=02/hour=";
    assert_eq!(
        world.lines("MSCK REPAIR TABLE vpc_flow_logs_parquet"),
        [
            format!(
                "Partitions not in metastore:\tvpc_flow_logs_parquet:{name}03\tvpc_flow_logs_parquet:{name}04\t\
                 vpc_flow_logs_parquet:other/1/2/3/4/5/6"
            ),
            format!("Repair: Added partition to metastore vpc_flow_logs_parquet:{name}03"),
            format!("Repair: Added partition to metastore vpc_flow_logs_parquet:{name}04"),
        ]
    );
    assert_eq!(
        world.lines("SHOW PARTITIONS vpc_flow_logs_parquet"),
        [format!("{name}03"), format!("{name}04")]
    );
    let found = world.found("vpc_flow_logs_parquet");
    assert_eq!(found[1].values[5..], [text("02"), text("04")]);
    assert_eq!(found[1].objects(&world.storage)[0].key, keys[1]);
    // What is known is not found again.
    assert_eq!(world.lines("MSCK REPAIR TABLE vpc_flow_logs_parquet").len(), 1);
    assert_eq!(world.lines("SHOW TBLPROPERTIES vpc_flow_logs_parquet('skip.header.line.count')"), ["1"]);
}

#[test]
fn partitions_are_projected_onto_the_objects_there_are() {
    let mut world = World::new(&[
        "AWSLogs/111111111111/vpcflowlogs/us-east-1/2024/06/14/a.log.gz",
        "AWSLogs/111111111111/vpcflowlogs/us-east-1/2024/06/14/b.log.gz",
        "AWSLogs/111111111111/vpcflowlogs/us-east-1/2024/06/15/a.log.gz",
        "AWSLogs/111111111111/vpcflowlogs/us-east-1/2024/06/16/tomorrow.log.gz",
        "AWSLogs/111111111111/vpcflowlogs/us-east-1/2020/12/31/early.log.gz",
        "AWSLogs/111111111111/vpcflowlogs/us-east-1/2024/02/30/none.log.gz",
        "AWSLogs/111111111111/vpcflowlogs/us-west-9/2024/06/14/a.log.gz",
        "AWSLogs/222222222222/vpcflowlogs/eu-west-1/2024/06/14/a.log.gz",
        "AWSLogs/999999999999/vpcflowlogs/eu-west-1/2024/06/14/a.log.gz",
    ]);
    let statement = "CREATE EXTERNAL TABLE test_table_vpclogs (version int, account_id string)\n\
         PARTITIONED BY (accid string, region string, day string) ROW FORMAT DELIMITED FIELDS TERMINATED BY ' '\n\
         LOCATION 's3://amzn-s3-demo-bucket/AWSLogs/'\n\
         TBLPROPERTIES (\"skip.header.line.count\"=\"1\", \"projection.enabled\"=\"true\", \"projection.accid.type\"=\"enum\",\n\
         \"projection.accid.values\"=\"111111111111,222222222222\", \"projection.region.type\"=\"enum\",\n\
         \"projection.region.values\"=\"us-east-1,eu-west-1\", \"projection.day.type\"=\"date\",\n\
         \"projection.day.range\"=\"2021/01/01,NOW\", \"projection.day.format\"=\"yyyy/MM/dd\",\n\
         \"storage.location.template\"=\"s3://amzn-s3-demo-bucket/AWSLogs/${accid}/vpcflowlogs/${region}/${day}\")";
    world.lines(statement);
    let found = world.found("test_table_vpclogs");
    let values: Vec<_> =
        found.iter().map(|found| (found.values.clone(), found.objects(&world.storage).len())).collect();
    let row = |account: &str, region: &str, day: &str| vec![text(account), text(region), text(day)];
    assert_eq!(
        values,
        [
            (row("111111111111", "us-east-1", "2024/06/14"), 2),
            (row("111111111111", "us-east-1", "2024/06/15"), 1),
            (row("222222222222", "eu-west-1", "2024/06/14"), 1),
        ]
    );
    for (from, to, says) in [
        ("2021/01/01,NOW", "2021-01-01,NOW", "'2021-01-01' is neither a date in the format yyyy/MM/dd"),
        ("2021/01/01,NOW", "$START_RANGE,NOW", "'$START_RANGE' is neither a date"),
        ("yyyy/MM/dd", "YYYY/MM/DD", "projection.day.format is 'YYYY/MM/DD'"),
        ("\"enum\"", "\"list\"", "projection.accid.type is 'list': it is enum, integer, date or injected"),
        ("${accid}", "${account_id}", "${account_id} names no partition column"),
        ("/${day}", "", "it lacks ${day}"),
        ("projection.region.values", "projection.area.values", "projection.area.values is of 'area'"),
    ] {
        let error = world.error(&statement.replace("test_table_vpclogs", "other").replace(from, to));
        assert!(error.starts_with("INVALID_TABLE_PROPERTY: ") && error.contains(says), "{error}");
    }
}

#[test]
fn hours_and_dates_are_projected_with_their_types() {
    let mut world = World::new(&[
        "p/us-east-1/2024/06/13/05/a.log.parquet",
        "p/us-east-1/2024/06/13/5/a.log.parquet",
        "p/us-east-1/2024/06/13/24/a.log.parquet",
        "p/us-east-1/2024/06/10/05/a.log.parquet",
        "p/us-east-1/2024/06/13/11/a.log.parquet",
    ]);
    let properties = "TBLPROPERTIES ('projection.enabled'='true', 'projection.region.type'='injected', \
         'projection.date.type'='date', 'projection.date.range'='NOW-3DAYS,NOW', 'projection.date.format'='yyyy/MM/dd', \
         'projection.hour.type'='integer', 'projection.hour.range'='00,23', 'projection.hour.digits'='2', \
         'storage.location.template'='s3://amzn-s3-demo-bucket/p/${region}/${date}/${hour}')";
    world.lines(&format!(
        "CREATE EXTERNAL TABLE t (version int) PARTITIONED BY (region string, date date, hour int) STORED AS PARQUET \
         LOCATION 's3://amzn-s3-demo-bucket/p' {properties}"
    ));
    let found: Vec<_> = world.found("t").into_iter().map(|found| found.values).collect();
    let row = |hour| vec![text("us-east-1"), Value::Integer(19_887), Value::Integer(hour)];
    assert_eq!(found, [row(5), row(11)]);
    // Without a template, folders are Hive's.
    world.storage.put("amzn-s3-demo-bucket", "h/year=2024/a", *b"x");
    world.lines(
        "CREATE EXTERNAL TABLE h (version int) PARTITIONED BY (year int) LOCATION 's3://amzn-s3-demo-bucket/h' \
         TBLPROPERTIES ('projection.enabled'='true','projection.year.type'='integer','projection.year.range'='2020,2030', \
         'projection.year.interval'='2')",
    );
    assert_eq!(world.found("h")[0].location.to_string(), "s3://amzn-s3-demo-bucket/h/year=2024/");
}

#[test]
fn formats_that_are_not_known_are_refused() {
    let mut world = World::new(&[]);
    let place = "LOCATION 's3://amzn-s3-demo-bucket/'";
    world.lines(&format!(
        "CREATE EXTERNAL TABLE a (x int) ROW FORMAT SERDE 'org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe' \
         WITH SERDEPROPERTIES ('field.delim'='\\t', 'serialization.format'=' ') STORED AS TEXTFILE {place}"
    ));
    assert!(matches!(world.table("a").format, Format::Text { delimiter: b'\t', skip_header_lines: 0, .. }));
    for (statement, says) in [
        (
            "ROW FORMAT SERDE 'org.openx.data.jsonserde.JsonSerDe'",
            "line 1:50: the SerDe org.openx.data.jsonserde.JsonSerDe",
        ),
        ("STORED AS ORC", "orc is not supported"),
        ("ROW FORMAT DELIMITED FIELDS TERMINATED BY '::'", "'::' is not one ASCII character"),
    ] {
        let error = world.error(&format!("CREATE EXTERNAL TABLE b (x int) {statement} {place}"));
        assert!(error.starts_with("NOT_SUPPORTED: ") && error.contains(says), "{error}");
    }
}

#[test]
fn mistakes_are_told_with_their_places() {
    let mut world = World::new(&[]);
    let place = "LOCATION 's3://amzn-s3-demo-bucket/'";
    for (statement, says) in [
        ("CREATE EXTERNAL TABLE t (end bigint) @", "SYNTAX_ERROR: line 1:26: mismatched input 'end'"),
        ("CREATE EXTERNAL TABLE t (a int", "SYNTAX_ERROR: line 1:31: mismatched input '<EOF>'"),
        ("CREATE EXTERNAL TABLE \"t\" (a int) @", "SYNTAX_ERROR: line 1:23: mismatched input '\"t\"'"),
        ("CREATE EXTERNAL TABLE t (a int)", "SYNTAX_ERROR: line 1:32: LOCATION is missing"),
        ("CREATE EXTERNAL TABLE t (a int, A string) @", "DUPLICATE_COLUMN_NAME: line 1:33"),
        (
            "CREATE EXTERNAL TABLE t (a map<string,int>) @",
            "NOT_SUPPORTED: line 1:28: column a: the type map<string,int>",
        ),
        (
            "CREATE EXTERNAL TABLE t (a int) LOCATION 's3://elsewhere/x'",
            "HIVE_METASTORE_ERROR: line 1:42: The specified bucket",
        ),
        (
            "CREATE EXTERNAL TABLE t (a int) LOCATION '/x'",
            "INVALID_TABLE_PROPERTY: line 1:42: LOCATION '/x' is no URI",
        ),
        ("CREATE EXTERNAL TABLE x.t (a int) @", "SCHEMA_NOT_FOUND: line 1:23: Schema 'x' does not exist"),
        ("CREATE TABLE t (a int) @", "NOT_SUPPORTED: line 1:1: CREATE TABLE without EXTERNAL"),
        ("CREATE TABLE t AS SELECT 1", "NOT_SUPPORTED: line 1:1: CREATE TABLE AS"),
        ("CREATE OR REPLACE VIEW v AS SELECT 1", "NOT_SUPPORTED: line 1:1: CREATE VIEW"),
        ("INSERT INTO t VALUES (1)", "NOT_SUPPORTED: line 1:1: INSERT"),
        ("DROP TABLE t", "TABLE_NOT_FOUND: line 1:12: Table 'awsdatacatalog.default.t' does not exist"),
        ("DESCRIBE t extra", "SYNTAX_ERROR: line 1:12"),
        ("SHOW PARTITIONS t", "TABLE_NOT_FOUND: line 1:17"),
        (
            "CREATE EXTERNAL TABLE t (a int) LOCATION 's3://b",
            "SYNTAX_ERROR: line 1:42: Unterminated string literal",
        ),
    ] {
        let error = world.error(&statement.replace('@', place));
        assert!(error.starts_with(says), "{statement}: {error}");
    }
}

#[test]
fn databases_and_tables_are_shown() {
    let mut world = World::new(&[]);
    world.text_table();
    world.lines("CREATE DATABASE IF NOT EXISTS Logs COMMENT 'of flows'");
    assert!(
        world
            .error("CREATE SCHEMA logs")
            .contains("AlreadyExistsException(message:Database logs already exists)")
    );
    world.lines("CREATE EXTERNAL TABLE logs.Small (a int COMMENT 'it''s', b decimal(10,2)) LOCATION 's3://amzn-s3-demo-bucket/x y/'");
    assert_eq!(world.lines("SHOW DATABASES"), ["default", "logs"]);
    assert_eq!(world.lines("SHOW SCHEMAS LIKE 'l*';"), ["logs"]);
    assert_eq!(world.lines("SHOW TABLES"), ["vpc_flow_logs"]);
    assert_eq!(world.lines("SHOW TABLES IN logs 's.*|x'"), ["small"]);
    assert_eq!(world.lines("SHOW COLUMNS IN logs.small"), ["a                   ", "b                   "]);
    let described = world.lines("DESCRIBE logs.small");
    assert_eq!(described[1], "b                   \tdecimal(10,2)       \t                    ");
    let described = world.lines("DESCRIBE vpc_flow_logs");
    assert_eq!(described.len(), 29 + 1 + 4 + 1);
    assert_eq!(described[31].trim_end(), "# Partition Information");
    assert_eq!(described[34], "date                \tdate                \t                    ");
    assert!(
        world.lines("DESCRIBE FORMATTED vpc_flow_logs").iter().any(|line| line.contains("LazySimpleSerDe"))
    );
    for table in ["logs.small", "vpc_flow_logs"] {
        let statement = world.lines(&format!("SHOW CREATE TABLE {table}")).join("\n");
        let before = world.catalog.clone();
        world.lines(&format!("DROP TABLE {table}"));
        world.lines(&statement);
        assert_eq!(world.catalog, before, "{statement}");
    }
    assert!(world.error("DROP DATABASE logs").contains("Database logs is not empty"));
    world.lines("DROP DATABASE logs CASCADE");
    world.lines("DROP SCHEMA IF EXISTS logs");
    world.lines("DROP TABLE IF EXISTS small");
    let json = serde_json::to_string(&world.catalog).unwrap();
    assert_eq!(serde_json::from_str::<Catalog>(&json).unwrap(), world.catalog);
}
