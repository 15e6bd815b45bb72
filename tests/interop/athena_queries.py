"""Statements for `vpclab athena`, as data: tables over what athena.yaml delivers, and queries over them."""

from __future__ import annotations

from dataclasses import dataclass

BUCKET = "flow-logs-to-query"
ACCOUNT = "123456789012"
REGION = "us-east-1"
DAYS = ["2024-12-30", "2024-12-31", "2025-01-01"]

# The present, a while after the run.
NOW = "2025-01-02T06:30:00Z"

# The columns of the documentation's tables and their types in Hive's language.
COLUMNS = {
    **{"version": "int", "account_id": "string", "interface_id": "string", "srcaddr": "string", "dstaddr": "string"},
    **{"srcport": "int", "dstport": "int", "protocol": "bigint", "packets": "bigint", "bytes": "bigint"},
    **{"start": "bigint", "end": "bigint", "action": "string", "log_status": "string", "vpc_id": "string"},
    **{"subnet_id": "string", "instance_id": "string", "tcp_flags": "int", "type": "string", "pkt_srcaddr": "string"},
    **{"pkt_dstaddr": "string", "region": "string", "az_id": "string", "sublocation_type": "string"},
    **{"sublocation_id": "string", "pkt_src_aws_service": "string", "pkt_dst_aws_service": "string"},
    **{"flow_direction": "string", "traffic_path": "int"},
}


def columns(*left_out: str) -> str:
    return ",\n  ".join(f"`{name}` {kind}" for name, kind in COLUMNS.items() if name not in left_out)


# As the documentation has it; only the location and the name are filled in.
TEXT_TABLE = """\
CREATE EXTERNAL TABLE IF NOT EXISTS `{table}` (
  version int, account_id string, interface_id string, srcaddr string, dstaddr string, srcport int, dstport int,
  protocol bigint, packets bigint, bytes bigint, start bigint, `end` bigint, action string, log_status string,
  vpc_id string, subnet_id string, instance_id string, tcp_flags int, type string, pkt_srcaddr string,
  pkt_dstaddr string, region string, az_id string, sublocation_type string, sublocation_id string,
  pkt_src_aws_service string, pkt_dst_aws_service string, flow_direction string, traffic_path int
)
PARTITIONED BY (`date` date)
ROW FORMAT DELIMITED
FIELDS TERMINATED BY ' '
LOCATION 's3://{bucket}/{prefix}/AWSLogs/{account}/vpcflowlogs/{region}/'
TBLPROPERTIES ("skip.header.line.count"="1")"""

TEXT_PARTITION = """\
ALTER TABLE {table}
ADD PARTITION (`date`='{day}')
LOCATION 's3://{bucket}/{prefix}/AWSLogs/{account}/vpcflowlogs/{region}/{path}'"""

PARQUET_TABLE = f"""\
CREATE EXTERNAL TABLE IF NOT EXISTS vpc_flow_logs_parquet (
  {columns()}
)
PARTITIONED BY (
  `aws-account-id` string,
  `aws-service` string,
  `aws-region` string,
  `year` string,
  `month` string,
  `day` string,
  `hour` string
)
ROW FORMAT SERDE
  'org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe'
STORED AS INPUTFORMAT
  'org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat'
OUTPUTFORMAT
  'org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat'
LOCATION
  's3://{BUCKET}/hive/AWSLogs/'
TBLPROPERTIES (
  'EXTERNAL'='true',
  'skip.header.line.count'='1'
)"""

REPAIR = "MSCK REPAIR TABLE vpc_flow_logs_parquet"

PROJECTED_TABLE = f"""\
CREATE EXTERNAL TABLE IF NOT EXISTS test_table_vpclogs (
  {columns("region")}
)
PARTITIONED BY (accid string, region string, day string)
ROW FORMAT DELIMITED
FIELDS TERMINATED BY ' '
LOCATION 's3://{BUCKET}/default/AWSLogs/'
TBLPROPERTIES (
  "skip.header.line.count"="1",
  "projection.enabled"="true",
  "projection.accid.type"="enum",
  "projection.accid.values"="{ACCOUNT},210987654321",
  "projection.region.type"="enum",
  "projection.region.values"="us-west-2,{REGION},eu-west-1",
  "projection.day.type"="date",
  "projection.day.range"="2024/12/01,NOW",
  "projection.day.format"="yyyy/MM/dd",
  "storage.location.template"="s3://{BUCKET}/default/AWSLogs/${{accid}}/vpcflowlogs/${{region}}/${{day}}"
)"""

PROJECTED_PARQUET_TABLE = f"""\
CREATE EXTERNAL TABLE IF NOT EXISTS vpc_flow_logs_hourly (
  {columns("region")}
)
PARTITIONED BY (region string, `date` string, hour string)
ROW FORMAT SERDE
  'org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe'
STORED AS INPUTFORMAT
  'org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat'
OUTPUTFORMAT
  'org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat'
LOCATION 's3://{BUCKET}/hourly/AWSLogs/{ACCOUNT}/vpcflowlogs/'
TBLPROPERTIES (
  "EXTERNAL"="true",
  "skip.header.line.count"="1",
  "projection.enabled"="true",
  "projection.region.type"="enum",
  "projection.region.values"="{REGION},us-west-2",
  "projection.date.type"="date",
  "projection.date.range"="2024/12/25,NOW",
  "projection.date.format"="yyyy/MM/dd",
  "projection.hour.type"="integer",
  "projection.hour.range"="00,23",
  "projection.hour.digits"="2",
  "storage.location.template"="s3://{BUCKET}/hourly/AWSLogs/{ACCOUNT}/vpcflowlogs/${{region}}/${{date}}/${{hour}}"
)"""


def text_table(table: str, prefix: str) -> list[str]:
    """The table of the documentation over what lies below a prefix, and a partition for each day."""
    places = {"table": table, "bucket": BUCKET, "prefix": prefix, "account": ACCOUNT, "region": REGION}
    added = [TEXT_PARTITION.format(day=day, path=day.replace("-", "/"), **places) for day in DAYS]
    return [TEXT_TABLE.format(**places), *added]


DEFINITIONS = [
    *text_table("vpc_flow_logs", "custom"),
    # The default format fills the first 14 columns.
    *text_table("vpc_flow_logs_default", "default"),
    PARQUET_TABLE,
    REPAIR,
    PROJECTED_TABLE,
    PROJECTED_PARQUET_TABLE,
]


@dataclass(frozen=True)
class Query:
    """A query in Athena's dialect, and what is known of its answer."""

    sql: str
    # Its meaning in DuckDB's dialect, where a translation means something else.
    duckdb: str | None = None
    # What it answers with, where DuckDB cannot say.
    rows: list[tuple] | None = None
    # Whether ORDER BY leaves rows with the same place that differ.
    has_ties: bool = False
    # How much numbers that are no integers may differ, relative to what they are.
    within: float = 1e-9
    # Whether functions that estimate are in it: integers may then differ as much.
    estimates: bool = False
    # Whether Spark is asked, too; its own text where a translation means something else.
    spark: bool | str = False


# The documentation's queries, at the times and addresses of athena.yaml.
DOCUMENTED = [
    Query("SELECT * FROM vpc_flow_logs WHERE date = DATE('2024-12-31') LIMIT 100"),
    Query(
        "SELECT day_of_week(date) AS\n  day,\n  date,\n  interface_id,\n  srcaddr,\n  action,\n  protocol\n"
        "FROM vpc_flow_logs\nWHERE action = 'REJECT' AND protocol = 6\nLIMIT 100",
        spark="SELECT day_of_week(date) AS day, date, interface_id, srcaddr, action, protocol FROM vpc_flow_logs "
        "WHERE action = 'REJECT' AND protocol = 6",
    ),
    Query(
        "SELECT SUM(packets) AS packetcount, dstaddr FROM vpc_flow_logs WHERE dstport = 443 "
        "AND date > current_date - interval '7' day GROUP BY dstaddr ORDER BY packetcount DESC LIMIT 10",
        has_ties=True,
        spark=True,
    ),
    Query(
        "SELECT interface_id, srcaddr, action, protocol, to_iso8601(from_unixtime(start)) AS start_time, "
        "to_iso8601(from_unixtime(\"end\")) AS end_time FROM test_table_vpclogs "
        "WHERE DAY >= '2024/12/31' AND DAY < '2025/01/02'"
    ),
    Query(
        "SELECT * FROM test_table_vpclogs WHERE srcaddr = '198.51.100.7' AND day >= '2024/12/31' AND day < '2025/01/01'"
    ),
    Query(
        "SELECT * FROM test_table_vpclogs WHERE split_part(srcaddr,'.', 1)='10' AND split_part(srcaddr,'.', 2) ='0'",
    ),
    Query(
        "SELECT count(*) FROM vpc_flow_logs_parquet WHERE \"aws-account-id\" = '123456789012' AND day = '31'",
        spark=True,
    ),
]

# What people ask of flow logs.
PRACTICE = [
    Query("SELECT count(*) AS records FROM vpc_flow_logs", spark=True),
    Query(
        "SELECT count(*), count(srcport), count(action), count(traffic_path) FROM vpc_flow_logs_parquet",
        spark=True,
    ),
    Query("SELECT count(tcp_flags), count(vpc_id), sum(bytes), max(\"end\") FROM vpc_flow_logs_default"),
    Query("SELECT count(*), min(date), max(hour), max(\"end\") FROM vpc_flow_logs_hourly WHERE region = 'us-east-1'"),
    Query(
        "SELECT date, hour, count(*) FROM vpc_flow_logs_hourly WHERE date = '2024/12/31' AND hour BETWEEN '03' AND "
        "'11' GROUP BY 1, 2",
    ),
    Query("SELECT DISTINCT accid, region, day FROM test_table_vpclogs ORDER BY day"),
    Query("SELECT action, count(*) AS flows FROM vpc_flow_logs GROUP BY action ORDER BY action", spark=True),
    Query(
        "SELECT srcaddr, dstaddr, sum(bytes) AS total FROM vpc_flow_logs WHERE log_status = 'OK' "
        "GROUP BY srcaddr, dstaddr ORDER BY total DESC, srcaddr, dstaddr LIMIT 10",
        spark=True,
    ),
    Query(
        "SELECT dstport, count(*) AS attempts FROM vpc_flow_logs WHERE action = 'REJECT' AND protocol = 6 "
        "GROUP BY dstport HAVING count(*) > 1 ORDER BY attempts DESC, dstport LIMIT 20",
        spark=True,
    ),
    Query(
        "SELECT date_trunc('hour', from_unixtime(start)) AS hour, sum(bytes) AS bytes FROM vpc_flow_logs "
        "WHERE action = 'ACCEPT' GROUP BY 1 ORDER BY 1"
    ),
    Query(
        "SELECT date_format(from_unixtime(start), '%Y-%m-%d %H:%i') AS minute, sum(packets) FROM vpc_flow_logs WHERE "
        "protocol = 1 GROUP BY 1 ORDER BY 1",
    ),
    # Estimates are exact nowhere; fewer than a hundred are.
    Query(
        "SELECT approx_distinct(srcport) AS ports FROM vpc_flow_logs WHERE action = 'ACCEPT'",
        duckdb="SELECT count(DISTINCT srcport) AS ports FROM vpc_flow_logs WHERE action = 'ACCEPT'",
        within=0.1,
        estimates=True,
    ),
    Query(
        "SELECT action, approx_distinct(dstaddr) FROM vpc_flow_logs GROUP BY action",
        duckdb="SELECT action, count(DISTINCT dstaddr) FROM vpc_flow_logs GROUP BY action",
    ),
    Query(
        "SELECT interface_id, srcaddr FROM vpc_flow_logs WHERE regexp_like(srcaddr, '^(198\\.51|203\\.0)\\.') GROUP "
        "BY 1, 2",
        spark=True,
    ),
    Query(
        "SELECT CASE protocol WHEN 6 THEN 'TCP' WHEN 17 THEN 'UDP' WHEN 1 THEN 'ICMP' ELSE 'none' END AS name, "
        "count(*) AS flows, sum(packets) AS packets FROM vpc_flow_logs GROUP BY 1 ORDER BY 1",
        spark=True,
    ),
    Query(
        "SELECT CASE WHEN dstport < 1024 THEN 'system' WHEN dstport < 32768 THEN 'registered' WHEN dstport IS NULL "
        "THEN 'none' ELSE 'ephemeral' END AS kind, count(*), avg(bytes) FROM vpc_flow_logs GROUP BY 1"
    ),
    Query(
        "SELECT srcaddr, count(DISTINCT dstport) AS ports FROM vpc_flow_logs WHERE action = 'REJECT' GROUP BY srcaddr "
        "HAVING count(DISTINCT dstport) > 100 ORDER BY ports DESC",
        spark=True,
    ),
    # Requests and their answers.
    Query(
        "SELECT a.srcaddr, a.dstaddr, a.dstport, count(*) AS conversations, sum(a.bytes) AS sent, sum(b.bytes) AS received "
        "FROM vpc_flow_logs a JOIN vpc_flow_logs b ON a.interface_id = b.interface_id AND a.srcaddr = b.dstaddr "
        "AND a.dstaddr = b.srcaddr AND a.srcport = b.dstport AND a.dstport = b.srcport AND a.start = b.start "
        "WHERE a.dstport < 10000 AND a.action = 'ACCEPT' GROUP BY 1, 2, 3 ORDER BY 1, 2, 3",
        spark=True,
    ),
    Query(
        "WITH rejected AS (SELECT srcaddr, count(*) AS n FROM vpc_flow_logs WHERE action = 'REJECT' GROUP BY srcaddr), "
        "accepted AS (SELECT srcaddr, count(*) AS n FROM vpc_flow_logs WHERE action = 'ACCEPT' GROUP BY srcaddr) "
        "SELECT coalesce(r.srcaddr, a.srcaddr) AS address, r.n AS rejected, a.n AS accepted "
        "FROM rejected r FULL OUTER JOIN accepted a ON r.srcaddr = a.srcaddr ORDER BY 1",
        spark=True,
    ),
    Query(
        "WITH per_hour AS (SELECT date_trunc('hour', from_unixtime(start)) AS hour, interface_id, sum(bytes) AS bytes "
        "FROM vpc_flow_logs WHERE log_status = 'OK' GROUP BY 1, 2) "
        "SELECT hour, interface_id, bytes, lag(bytes, 1, 0) OVER (PARTITION BY interface_id ORDER BY hour) AS before, "
        "sum(bytes) OVER (PARTITION BY interface_id ORDER BY hour) AS so_far, "
        "rank() OVER (PARTITION BY hour ORDER BY bytes DESC) AS place FROM per_hour ORDER BY hour, interface_id"
    ),
    Query(
        "SELECT * FROM (SELECT date, srcaddr, sum(bytes) AS total, row_number() OVER (PARTITION BY date ORDER BY sum(bytes) "
        "DESC, srcaddr) AS place FROM vpc_flow_logs WHERE bytes IS NOT NULL GROUP BY date, srcaddr) WHERE place <= 3 "
        "ORDER BY date, place",
        spark=True,
    ),
    Query(
        "SELECT srcaddr FROM vpc_flow_logs WHERE action = 'REJECT' INTERSECT SELECT srcaddr FROM vpc_flow_logs "
        "WHERE action = 'ACCEPT'"
    ),
    Query("SELECT srcaddr FROM vpc_flow_logs EXCEPT SELECT dstaddr FROM vpc_flow_logs WHERE action = 'ACCEPT'"),
    Query(
        "SELECT srcaddr AS address, 'source' AS role FROM vpc_flow_logs WHERE protocol = 1 UNION "
        "SELECT dstaddr, 'target' FROM vpc_flow_logs WHERE protocol = 1 ORDER BY 2, 1",
        spark=True,
    ),
    Query(
        "SELECT count(*) FROM (SELECT srcaddr FROM vpc_flow_logs UNION ALL SELECT srcaddr FROM "
        "vpc_flow_logs_parquet) AS t",
    ),
    Query(
        "SELECT count(*), sum(bytes) FROM vpc_flow_logs WHERE srcaddr IN (SELECT srcaddr FROM vpc_flow_logs "
        "WHERE action = 'REJECT' AND dstport = 22)",
        spark=True,
    ),
    Query(
        "SELECT DISTINCT a.srcaddr FROM vpc_flow_logs a WHERE EXISTS (SELECT 1 FROM vpc_flow_logs b WHERE "
        "b.dstaddr = a.srcaddr AND b.action = 'REJECT') ORDER BY 1"
    ),
    Query(
        "SELECT DISTINCT a.dstaddr FROM vpc_flow_logs a WHERE NOT EXISTS (SELECT 1 FROM vpc_flow_logs b WHERE "
        "b.srcaddr = a.dstaddr AND b.protocol = 6)"
    ),
    # Among what NOT IN compares with is a NULL, so that nothing is known not to be in it.
    Query(
        "SELECT count(*) FROM vpc_flow_logs_parquet WHERE dstport NOT IN (SELECT srcport FROM vpc_flow_logs_parquet)",
    ),
    Query(
        "SELECT count(*) FROM vpc_flow_logs_parquet WHERE dstport NOT IN (SELECT srcport FROM vpc_flow_logs_parquet "
        "WHERE srcport IS NOT NULL)",
    ),
    Query(
        "SELECT srcaddr, bytes FROM vpc_flow_logs WHERE bytes = (SELECT max(bytes) FROM vpc_flow_logs WHERE action = "
        "'ACCEPT')",
    ),
    Query(
        "SELECT srcaddr, sum(bytes) AS bytes, CAST(sum(bytes) AS double) / (SELECT sum(bytes) FROM vpc_flow_logs) AS share "
        "FROM vpc_flow_logs WHERE log_status = 'OK' GROUP BY srcaddr ORDER BY 2 DESC, 1"
    ),
    Query("SELECT traffic_path, count(*) FROM vpc_flow_logs GROUP BY traffic_path ORDER BY traffic_path"),
    Query("SELECT traffic_path, count(*) FROM vpc_flow_logs GROUP BY traffic_path ORDER BY traffic_path DESC"),
    Query(
        "SELECT DISTINCT flow_direction, traffic_path FROM vpc_flow_logs_parquet ORDER BY traffic_path NULLS FIRST, "
        "flow_direction DESC NULLS FIRST",
    ),
    Query(
        "SELECT DISTINCT packets / 4 AS quarter, packets % 4 AS rest, -packets / 4, -packets % 4 FROM vpc_flow_logs "
        "ORDER BY 1, 2",
        duckdb="SELECT DISTINCT packets // 4 AS quarter, packets % 4 AS rest, -(packets // 4), -(packets % 4) FROM "
        "vpc_flow_logs ORDER BY 1, 2",
    ),
    Query(
        "SELECT sum(bytes) / sum(packets) AS mean, avg(bytes / packets) FROM vpc_flow_logs WHERE protocol = 6",
        duckdb="SELECT sum(bytes) // sum(packets) AS mean, avg(bytes // packets) FROM vpc_flow_logs WHERE protocol = 6",
    ),
    Query(
        "SELECT coalesce(traffic_path, -1) AS path, nullif(flow_direction, '-') AS direction, count(*) FROM "
        "vpc_flow_logs GROUP BY 1, 2",
    ),
    Query(
        "SELECT TRY_CAST(split_part(srcaddr, '.', 1) AS integer) AS first, count(*) FROM vpc_flow_logs GROUP BY 1 "
        "ORDER BY 1",
    ),
    Query("SELECT count(*) FROM vpc_flow_logs WHERE interface_id LIKE 'eni-%' AND srcaddr LIKE '10.0._.%'"),
    Query(
        "SELECT 'a_b' LIKE 'a\\_b' ESCAPE '\\' AS one, 'axb' LIKE 'a\\_b' ESCAPE '\\' AS other, '50%' LIKE '%!%' "
        "ESCAPE '!' AS percent",
    ),
    Query(
        "SELECT split_part(dstaddr, '.', 3) AS part, split_part(dstaddr, '.', 5) AS none, count(*) FROM "
        "vpc_flow_logs WHERE dstaddr LIKE '10.%' GROUP BY 1, 2",
    ),
    # DuckDB counts the hours that begin in between, not those that pass.
    Query(
        "SELECT date_diff('hour', from_unixtime(min(start)), from_unixtime(max(\"end\"))) AS hours, "
        "date_diff('day', min(date), max(date)) AS days FROM vpc_flow_logs",
        duckdb="SELECT datesub('hour', to_timestamp(min(start)), to_timestamp(max(\"end\"))) AS hours, "
        "datediff('day', min(date), max(date)) AS days FROM vpc_flow_logs",
    ),
    Query("SELECT \"end\" - start AS seconds, count(*) FROM vpc_flow_logs WHERE log_status = 'NODATA' GROUP BY 1"),
    Query(
        "SELECT date, day_of_week(date), day_of_year(date), week(date), year_of_week(date), month(date), quarter(date), "
        "count(*) FROM vpc_flow_logs GROUP BY date ORDER BY date"
    ),
    Query(
        "SELECT extract(hour FROM from_unixtime(start)) AS hour, count(*) FROM vpc_flow_logs WHERE action = 'REJECT' "
        "GROUP BY 1 ORDER BY 1",
    ),
    Query(
        "SELECT date, date + interval '1' day, date - interval '1' month, date_add('week', 1, date), "
        "last_day_of_month(date) FROM vpc_flow_logs GROUP BY date ORDER BY date",
        duckdb="SELECT date, CAST(date + INTERVAL 1 DAY AS DATE), CAST(date - INTERVAL 1 MONTH AS DATE), "
        "CAST(date + INTERVAL 7 DAY AS DATE), last_day(date) FROM vpc_flow_logs GROUP BY date ORDER BY date",
    ),
    Query(
        "SELECT count(*) FROM vpc_flow_logs WHERE from_unixtime(start) BETWEEN TIMESTAMP '2024-12-31 23:30:00 UTC' "
        "AND TIMESTAMP '2025-01-01 00:30:00 UTC'",
        duckdb="SELECT count(*) FROM vpc_flow_logs WHERE start BETWEEN 1735687800 AND 1735691400",
    ),
    Query(
        "SELECT CAST(from_unixtime(start) AS date) AS day, count(DISTINCT srcaddr) FROM vpc_flow_logs GROUP BY 1 "
        "ORDER BY 1",
    ),
    Query(
        "SELECT interface_id, count(*) FILTER (WHERE action = 'REJECT') AS rejected, "
        "sum(bytes) FILTER (WHERE protocol = 17) AS datagrams, count_if(protocol = 1) AS pings FROM vpc_flow_logs GROUP BY interface_id",
        spark=True,
    ),
    Query(
        "SELECT interface_id, max_by(dstaddr, start * 100000 + dstport), min_by(srcaddr, start * 100000 + dstport) FROM "
        "vpc_flow_logs WHERE srcport = 80 GROUP BY interface_id",
    ),
    Query(
        "SELECT bitwise_and(tcp_flags, 2) = 2 AS has_syn, bitwise_and(tcp_flags, 1) AS fin, count(*) FROM "
        "vpc_flow_logs GROUP BY 1, 2",
    ),
    Query(
        "SELECT tcp_flags, bitwise_or(tcp_flags, 8), bitwise_xor(tcp_flags, 3), count(*) FROM vpc_flow_logs_parquet "
        "GROUP BY tcp_flags ORDER BY tcp_flags",
    ),
    # An address within a block, which is a macro in DuckDB.
    Query(
        "SELECT srcaddr, count(*) FROM vpc_flow_logs WHERE log_status = 'OK' "
        "AND contains('198.51.100.0/26', CAST(srcaddr AS ipaddress)) GROUP BY 1",
        duckdb="SELECT srcaddr, count(*) FROM vpc_flow_logs WHERE log_status = 'OK' "
        "AND within(srcaddr, '198.51.100.0/26') GROUP BY 1",
    ),
    Query(
        "SELECT DISTINCT srcaddr FROM vpc_flow_logs_parquet WHERE srcaddr IS NOT NULL "
        "AND NOT contains('10.0.0.0/8', CAST(srcaddr AS ipaddress))",
        duckdb="SELECT DISTINCT srcaddr FROM vpc_flow_logs_parquet WHERE srcaddr IS NOT NULL "
        "AND NOT within(srcaddr, '10.0.0.0/8')",
    ),
    Query(
        "SELECT srcaddr, pkt_srcaddr, pkt_src_aws_service, count(*) FROM vpc_flow_logs_parquet WHERE srcaddr <> pkt_srcaddr "
        "OR pkt_src_aws_service IS NOT NULL GROUP BY 1, 2, 3"
    ),
    Query(
        "SELECT flow_direction, traffic_path, sum(bytes) FROM vpc_flow_logs WHERE flow_direction = 'egress' GROUP BY "
        "1, 2",
        spark=True,
    ),
    Query(
        "SELECT year, month, day, hour, count(*) AS records, sum(bytes) AS bytes FROM vpc_flow_logs_parquet "
        "WHERE year = '2025' AND month = '01' GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4",
        spark=True,
    ),
    # What the copies have in common is everything.
    Query(
        "SELECT count(*) FROM (SELECT interface_id, srcport, dstport, packets, bytes, start FROM vpc_flow_logs EXCEPT "
        "SELECT interface_id, srcport, dstport, packets, bytes, start FROM vpc_flow_logs_parquet) AS t"
    ),
]

# What else the language has.
LANGUAGE = [
    Query("SELECT 7 / 2, -7 / 2, 7 % -3, -7 % 3, 7 / 2.0e0", rows=[(3, -3, 1, -1, 3.5)]),
    # Decimals divide into the larger scale of both.
    Query("SELECT 1 / 3.0, 2.50 + 1.5, 0.1 + 0.2 = 0.3", rows=[("0.3", "4.00", True)]),
    Query(
        "SELECT CAST(2.5e0 AS integer), CAST(-2.5e0 AS bigint), round(2.5e0), round(-1.25e0, 1)",
        rows=[(3, -3, 3.0, -1.3)],
    ),
    Query(
        "SELECT NULL AS nothing, '' AS empty, 'say \"no\"' AS quoted, 'ü' AS letter",
        rows=[(None, "", 'say "no"', "ü")],
    ),
    Query(
        "SELECT typeof(1), typeof(sum(bytes)), typeof(avg(bytes)), typeof(date), typeof(min(srcport)) FROM vpc_flow_logs "
        "GROUP BY date LIMIT 1",
        rows=[("integer", "bigint", "double", "date", "integer")],
    ),
    Query("SELECT try(1 / 0), try(CAST('x' AS integer)), try(2 / 1)", rows=[(None, None, 2)]),
    Query(
        "SELECT format_datetime(TIMESTAMP '2024-12-31 23:05:09', 'yyyy/MM/dd HH:mm:ss'), date_format(DATE "
        "'2025-01-01', '%W %e %M %y')",
        rows=[("2024/12/31 23:05:09", "Wednesday 1 January 25")],
    ),
    Query(
        "SELECT from_iso8601_timestamp('2024-12-31T23:59:59Z'), "
        "to_unixtime(from_iso8601_timestamp('2024-12-31T23:59:59Z')), from_iso8601_date('2025-01-01')",
        rows=[("2024-12-31 23:59:59.000 UTC", 1735689599.0, "2025-01-01")],
    ),
    Query(
        "SELECT date_parse('2024/12/31 07:08', '%Y/%m/%d %H:%i'), date_parse('31.12.2024', '%d.%m.%Y')",
        rows=[("2024-12-31 07:08:00.000", "2024-12-31 00:00:00.000")],
    ),
    Query(
        "SELECT date_diff('minute', TIMESTAMP '2024-12-31 23:59:30', TIMESTAMP '2025-01-01 00:01:00'), "
        "date_diff('day', TIMESTAMP '2025-01-01 00:00:00', TIMESTAMP '2024-12-31 12:00:00')",
        rows=[(1, 0)],
    ),
    Query(
        "SELECT DATE '2025-01-31' + interval '1' month, TIMESTAMP '2024-12-31 23:30:00' + interval '45' minute",
        rows=[("2025-02-28", "2025-01-01 00:15:00.000")],
    ),
    Query("SELECT current_date, date(now()), year(current_timestamp)", rows=[("2025-01-02", "2025-01-02", 2025)]),
    Query("SELECT greatest(1, NULL, 3), least(2, 1), concat('a', NULL), 'a' || NULL", rows=[(None, 1, None, None)]),
    Query("SELECT url_decode('red%20%26%20blue'), url_encode('a b&c')", rows=[("red & blue", "a+b%26c")]),
    Query("SELECT bit_count(18, 64), bit_count(-7, 8)", rows=[(2, 6)]),
    Query("SELECT to_base(18, 2), from_base('10010', 2), bitwise_left_shift(1, 4)", rows=[("10010", 18, 16)]),
    Query(
        "SELECT array[1, 2, 3], cardinality(array[1, 2]), element_at(array['a', 'b'], 2), array[1, NULL][2], "
        "array_join(array['a', NULL, 'c'], '-', 'x')",
        rows=[("[1, 2, 3]", 2, "b", None, "a-x-c")],
    ),
    Query(
        "SELECT strpos('a.b', '.'), substr('abcdef', -3), substr('abcdef', 2, 3), length('äb'), reverse('abc'), "
        "lpad('7', 3, '0'), rpad('ab', 4, '.')",
        rows=[(2, "def", "bcd", 2, "cba", "007", "ab..")],
    ),
    Query(
        "SELECT upper('ab'), lower('AB'), trim('  x '), ltrim('  x'), replace('a.b.c', '.', '_'), replace('abc', "
        "'b'), chr(65), codepoint('A'), starts_with('abc', 'ab')",
        rows=[("AB", "ab", "x", "x", "a_b_c", "ac", "A", 65, True)],
    ),
    Query(
        "SELECT regexp_extract('10.0.1.4', '(\\d+)\\.(\\d+)', 2), regexp_replace('10.0.1.4', '\\d+', 'n'), "
        "regexp_replace('ab', '(a)(b)', '$2$1'), regexp_extract('x', '\\d')",
        rows=[("0", "n.n.n.n", "ba", None)],
    ),
    Query(
        "SELECT abs(-3), ceil(1.2e0), floor(-1.2e0), sqrt(16), power(2, 10), mod(7, 3), sign(-2), ln(1), "
        "log10(1000), truncate(1.9e0)",
        rows=[(3, 2.0, -2.0, 4.0, 1024.0, 1, -1, 0.0, 3.0, 1.0)],
    ),
    # What is no number (`0e0 / 0`) is NULL in vpclab, which docs/athena.md says.
    Query("SELECT 1e0 / 0, -1e0 / 0", rows=[("Infinity", "-Infinity")]),
    Query(
        "SELECT 1 IS DISTINCT FROM NULL, NULL IS NOT DISTINCT FROM NULL, NULL = NULL, NOT (NULL AND false), NULL OR "
        "true",
        rows=[(True, True, None, True, True)],
    ),
    Query(
        "SELECT 5 BETWEEN 1 AND NULL, 5 BETWEEN 6 AND NULL, 1 IN (2, NULL), 2 IN (2, NULL), 3 NOT IN (1, 2)",
        rows=[(None, False, None, True, True)],
    ),
    Query("SELECT * FROM (VALUES (1, 'a'), (2, NULL)) AS t (number, word) ORDER BY word NULLS FIRST", spark=True),
    Query("SELECT number * 2 AS twice FROM UNNEST(sequence(1, 5)) AS t (number) WHERE number <> 3"),
    Query(
        "SELECT word, place FROM UNNEST(array['a', 'b']) WITH ORDINALITY AS t (word, place)",
        rows=[("a", 1), ("b", 2)],
    ),
    Query("SELECT x, y FROM (VALUES 1, 2) AS a (x) CROSS JOIN (VALUES 'p', 'q') AS b (y) ORDER BY 1, 2"),
    Query(
        "SELECT a.x, b.x FROM (VALUES 1, 2, NULL) AS a (x) LEFT JOIN (VALUES 2, 3, NULL) AS b (x) ON a.x = b.x ORDER "
        "BY 1, 2",
    ),
    Query(
        "SELECT x, y, z FROM (VALUES (1, 2), (3, 4)) AS a (x, y) JOIN (VALUES (1, 5), (1, 6)) AS b (x, z) USING (x) "
        "ORDER BY z",
    ),
    Query("SELECT x FROM (VALUES 3, 1, 2, 5, 4) AS t (x) ORDER BY x DESC OFFSET 1 LIMIT 2"),
    Query("SELECT x FROM (VALUES 3, 1, 2, 5, 4) AS t (x) ORDER BY x OFFSET 2 ROWS FETCH FIRST 2 ROWS ONLY"),
    Query("SELECT x, sum(y) FROM (VALUES (NULL, 1), (NULL, 2), (1, NULL)) AS t (x, y) GROUP BY x"),
    Query(
        "SELECT array_join(array_agg(DISTINCT action ORDER BY action), ',') AS actions, "
        "cardinality(array_agg(DISTINCT protocol)) AS protocols FROM vpc_flow_logs WHERE protocol IS NOT NULL",
    ),
    Query(
        "SELECT srcaddr, array_agg(DISTINCT dstaddr ORDER BY dstaddr) AS targets FROM vpc_flow_logs WHERE log_status "
        "= 'OK' GROUP BY srcaddr",
    ),
    Query(
        "SELECT stddev(bytes), variance(packets), corr(bytes, packets), stddev_pop(bytes) FROM vpc_flow_logs",
        within=1e-7,
    ),
    Query(
        "SELECT bool_and(bytes > 0), bool_or(bytes > 5000), every(protocol = 6), min(srcaddr), max(srcaddr), "
        "sum(CAST(bytes AS double)) FROM vpc_flow_logs WHERE log_status = 'OK'",
        duckdb="SELECT bool_and(bytes > 0), bool_or(bytes > 5000), bool_and(protocol = 6), min(srcaddr), max(srcaddr), "
        "sum(CAST(bytes AS double)) FROM vpc_flow_logs WHERE log_status = 'OK'",
    ),
    Query(
        "SELECT approx_percentile(bytes, 0.5), approx_percentile(packets, 0.99) FROM vpc_flow_logs WHERE action = "
        "'ACCEPT'",
        duckdb="SELECT quantile_disc(bytes, 0.5), quantile_disc(packets, 0.99) FROM vpc_flow_logs WHERE action = 'ACCEPT'",
        within=0.1,
        estimates=True,
    ),
    Query("SELECT sum(x), avg(x), min(x), count(x), count(*) FROM (VALUES 1, 2, 3) AS t (x) WHERE x > 5"),
    Query("SELECT DISTINCT dense_rank() OVER (ORDER BY protocol) AS place, protocol FROM vpc_flow_logs ORDER BY 1"),
    Query(
        "SELECT x, first_value(x) OVER w AS first, last_value(x) OVER w AS last, ntile(2) OVER (ORDER BY x) AS half, "
        "lead(x) OVER (ORDER BY x) AS next, percent_rank() OVER (ORDER BY x) AS share, cume_dist() OVER (ORDER BY x) "
        "AS cumulative, nth_value(x, 2) OVER (ORDER BY x ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) "
        "AS second FROM (VALUES 4, 1, 3, 1) AS t (x) WINDOW w AS (ORDER BY x) ORDER BY x",
        has_ties=True,
    ),
    Query(
        "SELECT date, sum(sum(bytes)) OVER (ORDER BY date ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) AS two_days, "
        "avg(count(*)) OVER () AS mean FROM vpc_flow_logs GROUP BY date ORDER BY date",
    ),
    # Correlated.
    Query(
        "SELECT DISTINCT a.srcaddr, (SELECT count(*) FROM vpc_flow_logs b WHERE b.dstaddr = a.srcaddr AND b.protocol = 1) "
        "AS answers FROM vpc_flow_logs a WHERE a.protocol = 1"
    ),
    Query(
        "SELECT count(*) FROM vpc_flow_logs a, vpc_flow_logs b WHERE a.srcaddr = b.srcaddr AND a.start = b.start AND "
        "a.action < b.action",
    ),
    Query(
        "SELECT IF(protocol = 6, 'TCP', 'other') AS kind, IF(protocol = 17, 1) AS flag, count(*) FROM vpc_flow_logs "
        "GROUP BY 1, 2",
    ),
    Query(
        "SELECT CAST(protocol AS varchar) || '/' || CAST(dstport AS varchar) AS service, count(*) AS flows FROM "
        "vpc_flow_logs GROUP BY 1 ORDER BY flows DESC, service LIMIT 15",
    ),
    Query(
        "SELECT CAST(avg(bytes) AS decimal(12, 2)) AS mean, CAST(sum(bytes) AS decimal(20, 3)) AS total FROM "
        "vpc_flow_logs",
        within=1e-6,
    ),
    Query(
        "SELECT CAST(bytes AS double) / 1024 AS kilobytes, CAST(start AS varchar) FROM vpc_flow_logs WHERE protocol "
        "= 17 ORDER BY 1, 2 LIMIT 50",
    ),
    Query(
        "SELECT \"srcaddr\", vpc_flow_logs.dstaddr, t.n FROM vpc_flow_logs, (SELECT 1 AS n) t WHERE protocol = 1 AND "
        "\"end\" > 1735689600 AND start <= 1735699600",
    ),
    Query(
        "SELECT t.* FROM (SELECT srcaddr, max(bytes) AS largest FROM vpc_flow_logs GROUP BY srcaddr) AS t WHERE "
        "t.largest IS NOT NULL ORDER BY largest DESC, srcaddr",
    ),
]

# What Athena runs and vpclab says it does not. Each moves up when it does.
NOT_RUN = [
    Query("SELECT U&'\\00fc'", rows=[("ü",)]),
    Query("SELECT to_hex(CAST('az' AS varbinary))", rows=[("617A",)]),
    Query("SELECT is_nan(nan()), infinity(), -infinity(), is_finite(1e0)", rows=[(True, "Infinity", "-Infinity", True)]),
    Query("SELECT split('a.b.c', '.'), map(array['a', 'b'], array[1, 2])['b']", rows=[("[a, b, c]", 2)]),
    Query("SELECT skewness(x) FROM (VALUES (1), (2), (9)) AS t (x)", rows=[(0.66546887,)], within=1e-6),
    Query(
        "SELECT format('%s has %d', 'a', 3), format('%,d', 1234567), format('%.2f', 2.5e0)",
        rows=[("a has 3", "1,234,567", "2.50")],
    ),
    Query(
        "SELECT from_unixtime(1735689599) AT TIME ZONE 'Asia/Seoul', date_format(from_unixtime(1735689599) AT TIME "
        "ZONE 'Asia/Seoul', '%H:%i')",
        rows=[("2025-01-01 08:59:59.000 Asia/Seoul", "08:59")],
    ),
    Query(
        "SELECT transform(array[1, 2], x -> x * 10), filter(array[1, 2, 3], x -> x > 1), reduce(array[1, 2, 3], 0, "
        "(s, x) -> s + x, s -> s)",
        rows=[("[10, 20]", "[2, 3]", 6)],
    ),
    Query("SELECT json_extract_scalar('{\"a\": {\"b\": 7}}', '$.a.b'), json_array_length('[1, 2]')", rows=[("7", 2)]),
    Query(
        "SELECT action, protocol, count(*), grouping(action, protocol) FROM vpc_flow_logs GROUP BY ROLLUP (action, "
        "protocol)",
    ),
    Query(
        "SELECT action, flow_direction, sum(packets) FROM vpc_flow_logs GROUP BY GROUPING SETS ((action), "
        "(flow_direction), ())",
    ),
    Query("SELECT action, type, count(*) FROM vpc_flow_logs GROUP BY CUBE (action, type)"),
    Query(
        "SELECT DISTINCT bytes FROM vpc_flow_logs WHERE bytes >= ALL (SELECT bytes FROM vpc_flow_logs WHERE bytes IS "
        "NOT NULL AND action = 'REJECT') AND bytes < ANY (SELECT bytes FROM vpc_flow_logs WHERE protocol = 6) ORDER "
        "BY 1",
    ),
]

QUERIES = [*DOCUMENTED, *PRACTICE, *LANGUAGE]

# Queries that fail, and what Athena calls it; with a place where that is beyond doubt.
FAILURES = {
    "SELECT nothing FROM vpc_flow_logs": "COLUMN_NOT_FOUND: line 1:8:",
    "SELECT * FROM no_such_table": "TABLE_NOT_FOUND: line 1:15:",
    "SELECT no_such_function(1)": "FUNCTION_NOT_FOUND: line 1:8:",
    "SELECT srcaddr + 1 FROM vpc_flow_logs": "TYPE_MISMATCH: line 1:16:",
    "SELECT count(*) FROM vpc_flow_logs WHERE dstport = '443'": "TYPE_MISMATCH: line 1:50:",
    "SELECT srcaddr, count(*) FROM vpc_flow_logs": "EXPRESSION_NOT_AGGREGATE: line 1:8:",
    "SELECT 1 / 0": "DIVISION_BY_ZERO",
    "SELECT CAST(srcaddr AS integer) FROM vpc_flow_logs": "INVALID_CAST_ARGUMENT",
    "SELECT (SELECT srcport FROM vpc_flow_logs)": "SUBQUERY_MULTIPLE_ROWS",
    "SELECT start FROM vpc_flow_logs ORDER BY 2": "INVALID_COLUMN_REFERENCE",
    "SELECT a.start FROM vpc_flow_logs a JOIN vpc_flow_logs b ON a.start = b.start WHERE packets > 1": "AMBIGUOUS_NAME",
}
