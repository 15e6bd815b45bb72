//! What queries become, and what is said of those that mean nothing.

use super::*;
use crate::athena::catalog::Column;
use crate::athena::ddl;
use crate::athena::statement;
use crate::athena::storage::MemoryStorage;

fn catalog() -> Catalog {
    let (mut catalog, mut storage) = (Catalog::default(), MemoryStorage::default());
    storage.make_bucket("logs");
    let table = "CREATE EXTERNAL TABLE t (srcaddr string, dstport int, bytes bigint, `end` bigint) \
                 PARTITIONED BY (`date` date) LOCATION 's3://logs/'";
    ddl::execute(table, &mut catalog, &storage).unwrap();
    catalog
}

fn plan(text: &str) -> Result<Plan> {
    analyze(&statement::query(text)?, &catalog())
}

/// The types of the columns of a query.
fn types(text: &str) -> Vec<String> {
    plan(text).unwrap().columns.iter().map(|column| format!("{} {}", column.name, column.ty)).collect()
}

fn error(text: &str) -> String {
    plan(text).expect_err(text).to_string()
}

#[test]
fn columns_have_the_types_of_trino() {
    let check = |text: &str, expected: &[&str]| assert_eq!(types(text), expected, "{text}");
    check(
        "SELECT srcaddr, t.dstport AS Port, \"end\" FROM t",
        &["srcaddr varchar", "Port integer", "end bigint"],
    );
    check(
        "SELECT 1, 3000000000, 1.50, 1e3, 'ab', NULL",
        &[
            "_col0 integer",
            "_col1 bigint",
            "_col2 decimal(3,2)",
            "_col3 double",
            "_col4 varchar(2)",
            "_col5 unknown",
        ],
    );
    check(
        "SELECT 1 / 2, 1 + 3000000000, 1 / 2.0, 1 / 2e0, 1.5 * 2.25",
        &["_col0 integer", "_col1 bigint", "_col2 decimal(12,1)", "_col3 double", "_col4 decimal(5,3)"],
    );
    check(
        "SELECT date + INTERVAL '1' DAY, date - date, CURRENT_TIMESTAMP FROM t",
        &["_col0 date", "_col1 interval day to second", "_col2 timestamp(3) with time zone"],
    );
    check(
        "SELECT sum(bytes), avg(bytes), count(*), max(srcaddr) FROM t",
        &["_col0 bigint", "_col1 double", "_col2 bigint", "_col3 varchar"],
    );
    check(
        "SELECT * FROM (SELECT srcaddr, date FROM t) a JOIN (SELECT date, 1 x FROM t) b USING (date)",
        &["date date", "srcaddr varchar", "x integer"],
    );
    check("SELECT 1 x UNION SELECT 2.5", &["x decimal(11,1)"]);
    check("WITH w (n) AS (SELECT dstport FROM t) SELECT n FROM w", &["n integer"]);
    check("VALUES (1, 'a'), (3000000000, NULL)", &["_col0 bigint", "_col1 varchar(1)"]);
    check("SELECT v FROM (SELECT ARRAY[1, 2] a) CROSS JOIN UNNEST(a) AS u (v)", &["v integer"]);
}

#[test]
fn conditions_on_keys_alone_choose_partitions() {
    let filters = |text: &str| {
        plan(text).unwrap().tables.into_iter().map(|used| used.partition_filters.len()).collect::<Vec<_>>()
    };
    assert_eq!(
        filters("SELECT 1 FROM t WHERE date > DATE '2024-06-01' AND month(date) = 6 AND bytes > 1"),
        [2]
    );
    assert_eq!(filters("SELECT 1 FROM t WHERE date = DATE '2024-06-01' OR bytes > 1"), [0]);
    let join = "SELECT 1 FROM t a JOIN t b ON a.srcaddr = b.srcaddr AND b.date = DATE '2024-06-01' WHERE a.date IS NOT NULL";
    assert_eq!(filters(join), [1, 1]);
    // What an outer join may replace by NULLs has to be read whatever is asked of the result.
    let outer =
        "SELECT 1 FROM t a LEFT JOIN t b ON a.srcaddr = b.srcaddr WHERE b.date IS NULL AND a.date IS NULL";
    assert_eq!(filters(outer), [1, 0]);
    let inner =
        "SELECT 1 FROM t a LEFT JOIN t b ON a.srcaddr = b.srcaddr AND b.date IS NULL AND a.date IS NULL";
    assert_eq!(filters(inner), [0, 1]);
}

#[test]
fn what_is_joined_is_kept_with_the_columns_that_are_needed() {
    let sql =
        plan("SELECT a.bytes FROM t a JOIN t b ON a.srcaddr = b.srcaddr WHERE b.dstport = 22").unwrap().sql;
    assert!(sql.contains("m0 AS MATERIALIZED (SELECT r0.c0 AS c0, r0.c2 AS c2 FROM temp.t0 AS r0)"), "{sql}");
    assert!(
        sql.contains(
            "m1 AS MATERIALIZED (SELECT r1.c0 AS c0, r1.c1 AS c1 FROM temp.t1 AS r1 WHERE (r1.c1 = 22))"
        ),
        "{sql}"
    );
}

/// Whatever a query is made of: its objects are not read again for each row of another one.
#[test]
fn what_is_asked_again_and_again_is_kept() {
    let kept = |text: &str| plan(text).unwrap().sql.matches("AS MATERIALIZED").count();
    let inner = "SELECT 1 FROM t b WHERE b.srcaddr = a.srcaddr";
    assert_eq!(kept(&format!("SELECT 1 FROM t a WHERE EXISTS ({inner})")), 1);
    assert_eq!(kept(&format!("SELECT ({inner}) FROM t a")), 1);
    assert_eq!(kept(&format!("SELECT 1 FROM t a WHERE EXISTS (SELECT 1 FROM ({inner}))")), 2);
    assert_eq!(
        kept(
            "WITH w AS (SELECT * FROM t) SELECT 1 FROM t a WHERE 1 IN (SELECT 1 FROM w WHERE w.bytes = a.bytes)"
        ),
        1
    );
    assert_eq!(kept("WITH w AS (SELECT * FROM t) SELECT 1 FROM t a JOIN w ON a.bytes = w.bytes"), 2);
    assert_eq!(kept("SELECT 1 FROM t a JOIN (SELECT * FROM t) b ON a.bytes = b.bytes"), 2);
    // What is asked once streams.
    assert_eq!(kept("SELECT 1 FROM t WHERE bytes = (SELECT max(bytes) FROM t)"), 0);
    assert_eq!(kept("WITH w AS (SELECT * FROM t) SELECT count(*) FROM w"), 0);
}

#[test]
fn windows_may_have_names() {
    let sql = |text: &str| plan(text).unwrap().sql;
    assert_eq!(
        sql(
            "SELECT sum(bytes) OVER (w ROWS 1 PRECEDING) FROM t WINDOW v AS (PARTITION BY date), w AS (v ORDER BY bytes)"
        ),
        sql("SELECT sum(bytes) OVER (PARTITION BY date ORDER BY bytes ROWS 1 PRECEDING) FROM t")
    );
    assert_eq!(
        error("SELECT sum(bytes) OVER w FROM t"),
        "INVALID_WINDOW_REFERENCE: line 1:24: Cannot resolve WINDOW name w"
    );
    let message = "Cannot specify ORDER BY if referenced named WINDOW specifies ORDER BY";
    assert_eq!(
        error("SELECT sum(bytes) OVER (w ORDER BY date) FROM t WINDOW w AS (ORDER BY bytes)"),
        format!("INVALID_ORDER_BY: line 1:25: {message}")
    );
}

#[test]
fn mistakes_have_codes_and_places() {
    let check = |text: &str, expected: &str| assert_eq!(error(text), expected);
    check(
        "SELECT x FROM t",
        "COLUMN_NOT_FOUND: line 1:8: Column 'x' cannot be resolved or requester is not authorized to access requested resources",
    );
    check(
        "SELECT\n  1 FROM nope",
        "TABLE_NOT_FOUND: line 2:10: Table 'awsdatacatalog.default.nope' does not exist",
    );
    check("SELECT 1 FROM no.nope", "SCHEMA_NOT_FOUND: line 1:15: Schema 'no' does not exist");
    check("SELECT srcaddr FROM t a, t b", "AMBIGUOUS_NAME: line 1:8: Column 'srcaddr' is ambiguous");
    check("SELECT nope(1)", "FUNCTION_NOT_FOUND: line 1:8: Function 'nope' not registered");
    check("SELECT 1 = 'a'", "TYPE_MISMATCH: line 1:10: Cannot apply operator: integer = varchar(1)");
    check(
        "SELECT * FROM t WHERE date = '2024-06-28'",
        "TYPE_MISMATCH: line 1:28: Cannot apply operator: date = varchar(10)",
    );
    check(
        "SELECT upper(srcaddr) || (bytes) FROM t",
        "TYPE_MISMATCH: line 1:23: Cannot apply operator: varchar || bigint",
    );
    check(
        "SELECT 1 FROM t WHERE bytes > 1 AND bytes",
        "TYPE_MISMATCH: line 1:37: WHERE clause must evaluate to a boolean: actual type bigint",
    );
    check(
        "SELECT 1 FROM t WHERE bytes > 1 OR bytes",
        "TYPE_MISMATCH: line 1:36: Logical expression term must evaluate to a boolean (actual: bigint)",
    );
    check(
        "SELECT CAST(srcaddr AS varbinary) FROM t",
        "NOT_SUPPORTED: line 1:13: vpclab does not run values of the type varbinary",
    );
    check(
        "SELECT (SELECT ARRAY[1])[1] + count(*), bytes FROM t",
        "EXPRESSION_NOT_AGGREGATE: line 1:41: 'bytes' must be an aggregate expression or appear in GROUP BY clause",
    );
    check(
        "SELECT bytes, count(*) FROM t",
        "EXPRESSION_NOT_AGGREGATE: line 1:8: 'bytes' must be an aggregate expression or appear in GROUP BY clause",
    );
    check(
        "SELECT bytes FROM t GROUP BY srcaddr",
        "EXPRESSION_NOT_AGGREGATE: line 1:8: 'bytes' must be an aggregate expression or appear in GROUP BY clause",
    );
    check(
        "SELECT srcaddr AS s FROM t GROUP BY s",
        "COLUMN_NOT_FOUND: line 1:37: Column 's' cannot be resolved or requester is not authorized to access requested resources",
    );
    check(
        "SELECT srcaddr FROM t ORDER BY 2",
        "INVALID_COLUMN_REFERENCE: line 1:32: ORDER BY position 2 is not in select list",
    );
    check("SELECT DATE '2024-13-01'", "INVALID_LITERAL: line 1:13: '2024-13-01' is not a valid date literal");
    check("SELECT end FROM t", "SYNTAX_ERROR: line 1:8: mismatched input 'end'. Expecting: <expression>");
    check(
        "SELECT sum(sum(bytes)) FROM t",
        "NESTED_AGGREGATION: line 1:12: Cannot nest aggregations inside aggregation 'sum'",
    );
    check(
        "SELECT row_number() FROM t",
        "MISSING_OVER: line 1:8: Window function row_number requires an OVER clause",
    );
    check(
        "SELECT 1 UNION SELECT 1, 2",
        "TYPE_MISMATCH: line 1:16: UNION query has different number of fields: 1, 2",
    );
    check(
        "SELECT bytes FROM t WHERE bytes",
        "TYPE_MISMATCH: line 1:27: WHERE clause must evaluate to a boolean: actual type bigint",
    );
}

#[test]
fn expressions_of_a_group_may_be_made_of_its_keys() {
    for text in [
        "SELECT bytes + 1, upper(srcaddr) FROM t GROUP BY srcaddr, bytes",
        "SELECT date_trunc('month', date), count(*) FROM t GROUP BY date_trunc('month', date) ORDER BY date_trunc('month', date)",
        "SELECT srcaddr, count(*) c FROM t GROUP BY 1 HAVING count(*) > 1 ORDER BY c DESC, max(bytes)",
        "SELECT count(*) FROM t HAVING sum(bytes) > (SELECT max(bytes) FROM t)",
    ] {
        plan(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    }
}

/// What is in something else is looked at once, not once for each way it could be meant.
#[test]
fn deep_queries_are_analyzed_in_no_time() {
    let nest = |before: &str, inner: &str, after: &str, depth: usize| {
        format!("{}{inner}{}", before.repeat(depth), after.repeat(depth))
    };
    // Deeper ones need the stack of a session.
    for text in [
        format!("SELECT {} FROM t", nest("lower(", "srcaddr", ")", 20)),
        format!("SELECT {}, count(*) FROM t GROUP BY 1", nest("lower(", "srcaddr", ")", 20)),
        format!("SELECT {} FROM t", nest("nullif(", "1", ", 1.5)", 20)),
        format!("SELECT {} FROM t", nest("(SELECT max(", "dstport", ") FROM t)", 6)),
        nest("SELECT count(*) + (", "SELECT 1", ") FROM t", 6),
        nest("SELECT max(dstport) + (", "SELECT 1", ") FROM t WHERE (SELECT 1) > bytes", 6),
    ] {
        plan(&text).unwrap_or_else(|error| panic!("{text}: {error}"));
    }
}

#[test]
fn every_column_of_a_table_is_its_own() {
    let column = |name: &str| Column { name: name.to_owned(), type_name: "bigint".to_owned(), comment: None };
    let mut catalog = catalog();
    let name = catalog.resolve(&["t".to_owned()], None).unwrap();
    let table = catalog.table_mut(&name, None).unwrap();
    table.columns = (0..70).map(|number| column(&format!("n{number}"))).collect();
    let plan = analyze(&statement::query("SELECT n69 FROM t").unwrap(), &catalog).unwrap();
    assert_eq!(plan.sql, "SELECT r0.c69 AS c0 FROM temp.t0 AS r0");
}
