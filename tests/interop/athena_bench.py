"""How long vpclab, DuckDB and Spark take for the same queries over ten million records. No check: nothing runs it by itself.

Usage: athena_bench.py VPCLAB [--records N] [--objects N] [--rounds N] [--keep FOLDER] [--without-vpclab]

Records are in text of the default format, in objects as flow logs deliver them. What is timed begins with the query and ends
with its last row: of vpclab a process, of the others a session that is there already. Nobody keeps what was read.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path
from random import Random

from athena import compare
from athena_engines import Answer, Duck, Failure, Spark, Vpclab, written
from athena_queries import ACCOUNT, COLUMNS, REGION, Query, text_table
from delivered import DEFAULT_FORMAT, Delivery

BUCKET = "flow-logs-to-query"
PREFIX = "default"
START = datetime(2024, 12, 30, 12, tzinfo=timezone.utc)
NOW = "2025-01-03T00:00:00Z"
# Within the days that tables have partitions of.
SPAN = timedelta(hours=33)

QUERIES = {
    # The lab's, all of it.
    "rejected": Query(
        "SELECT day_of_week(date) AS day, date, interface_id, srcaddr, action, protocol, count(*) AS records "
        "FROM vpc_flow_logs WHERE action = 'REJECT' AND protocol = 6 GROUP BY 1, 2, 3, 4, 5, 6",
    ),
    "top talkers": Query(
        "SELECT srcaddr, dstaddr, sum(bytes) AS total FROM vpc_flow_logs GROUP BY srcaddr, dstaddr ORDER BY 3 DESC LIMIT 10"
    ),
}


def lines(random: Random, begin: int, count: int) -> str:
    """Records of one object: few interfaces, many addresses, some rejected, some minutes without data."""
    ports = [22, 53, 80, 80, 80, 443, 443, 443, 443, 3306, 5432, 8080]
    interfaces = [(f"eni-0{number:016x}", f"10.0.{number // 16}.{number % 16 + 4}") for number in range(64)]
    strangers = [f"198.51.{random.randrange(100, 104)}.{random.randrange(1, 255)}" for _ in range(700)]
    tails = [("ACCEPT", 6)] * 80 + [("ACCEPT", 17)] * 8 + [("REJECT", 6)] * 9 + [("REJECT", 17)] * 2 + [(None, 0)]
    choose, below = random.choice, random.random
    written = []
    for _ in range(count):
        interface, address = choose(interfaces)
        start = begin + int(below() * 240)
        action, protocol = choose(tails)
        if action is None:
            written.append(f"2 {ACCOUNT} {interface} - - - - - - - {start} {start + 59} - NODATA")
            continue
        packets = 1 + int(below() * below() * 200)
        addresses, high, low = (choose(strangers), address), 32768 + int(below() * 28000), choose(ports)
        if below() < 0.5:
            addresses, high, low = addresses[::-1], low, high
        written.append(
            f"2 {ACCOUNT} {interface} {addresses[0]} {addresses[1]} {high} {low} {protocol} {packets} "
            f"{packets * (40 + int(below() * 1400))} {start} {start + int(below() * 60)} {action} OK"
        )
    return "\n".join([" ".join(DEFAULT_FORMAT), *written, ""])


def deliver(folder: Path, records: int, objects: int) -> None:
    """Leaves what a run would have left."""
    entries = []
    for at in range(objects):
        moment = START + at * SPAN / objects
        moment = moment.replace(minute=moment.minute // 5 * 5, second=0, microsecond=0)
        name = f"{ACCOUNT}_vpcflowlogs_{REGION}_fl-0123456789abcdef0_{moment:%Y%m%dT%H%MZ}_{at:08x}.log.gz"
        key = f"{PREFIX}/AWSLogs/{ACCOUNT}/vpcflowlogs/{REGION}/{moment:%Y/%m/%d}/{name}"
        file = folder / "s3" / BUCKET / key
        file.parent.mkdir(parents=True, exist_ok=True)
        count = records * (at + 1) // objects - records * at // objects
        text = lines(Random(at), int(moment.timestamp()), count)
        file.write_bytes(gzip.compress(text.encode(), compresslevel=6, mtime=0))
        entries.append({"bucket": BUCKET, "region": REGION, "key": key, "file": str(file.relative_to(folder))})
    (folder / "delivery.json").write_text(json.dumps({"schema": 1, "objects": entries, "streams": []}, indent=2))
    run = {"schema": 1, "seed": 1, "start": f"{START:%Y-%m-%dT%H:%M:%SZ}", "simulated_ns": 3 * 86400 * 10**9}
    (folder / "result.json").write_text(json.dumps(run))


def tables() -> list[str]:
    return text_table("vpc_flow_logs", PREFIX)


def asked_vpclab(vpclab: Vpclab) -> Callable[[Query], Answer | Failure]:
    said = vpclab.define(tables())
    if said:
        sys.exit(f"error: the table cannot be made: {said}")
    return lambda query: vpclab.ask([query.sql])[0]


def asked_duckdb(folder: Path) -> Callable[[Query], Answer]:
    duck = Duck(NOW)
    date = r"CAST(concat_ws('-', {}, {}, {}) AS DATE)".format(
        *(rf"regexp_extract(filename, '/(\d{{4}})/(\d\d)/(\d\d)/', {part})" for part in (1, 2, 3))
    )
    duck.text("vpc_flow_logs", Delivery(folder, {"steps": []}).objects, COLUMNS, {"date": date}, made="VIEW")
    return lambda query: duck.ask(query.duckdb or duck.translated(query.sql))


def asked_spark(spark: Spark) -> Callable[[Query], Answer]:
    for statement in tables():
        spark.define(statement)
    # Spark's Hive takes header lines for records.
    spark.session.sql("SELECT * FROM vpc_flow_logs WHERE version IS NOT NULL").createOrReplaceTempView("vpc_flow_logs")
    return lambda query: spark.ask(query.sql)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("vpclab", type=Path, help="the program")
    parser.add_argument("--records", type=int, default=10_000_000)
    parser.add_argument("--objects", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--keep", type=Path, help="leave the objects there, and take those that are")
    parser.add_argument("--without-vpclab", action="store_true", help="measure only the others")
    args = parser.parse_args()

    os.environ["TZ"] = "UTC"
    time.tzset()
    with tempfile.TemporaryDirectory(prefix="vpclab-athena-bench-") as temporary:
        folder = (args.keep or Path(temporary)) / "delivered"
        if not (folder / "result.json").exists():
            deliver(folder, args.records, args.objects)
        (folder / "athena.json").unlink(missing_ok=True)
        size = sum(path.stat().st_size for path in folder.rglob("*.gz"))
        print(f"{args.records} records, {args.objects} objects, {size / 1e6:.0f} MB", flush=True)
        spark = Spark(folder / "s3", Path(temporary), is_short=False)
        engines = {"DuckDB": asked_duckdb(folder), "Spark": asked_spark(spark)}
        if not args.without_vpclab:
            engines = {"vpclab": asked_vpclab(Vpclab(args.vpclab.resolve(), folder, NOW)), **engines}
        failed = measure(engines, args.rounds)
        spark.stop()
        return failed


def measure(engines: dict[str, Callable[[Query], Answer | Failure]], rounds: int) -> int:
    """Asks in turn, so that what else the machine does hits all; prints medians, and what they are to the first one's."""
    failed = 0
    took: dict[tuple[str, str], list[float]] = {}
    for number in range(rounds):
        for name, query in QUERIES.items():
            answers = {}
            for engine, ask in engines.items():
                started = time.monotonic()
                answers[engine] = ask(query)
                took.setdefault((name, engine), []).append(time.monotonic() - started)
            if number == 0:
                for engine in [engine for engine in engines if engine != "DuckDB"]:
                    came = printed(answers[engine]) if engine == "Spark" else answers[engine]
                    for complaint in compare(f"{engine}, {name}", query, answers["DuckDB"].rows, came, "DuckDB"):
                        print(complaint)
                        failed = 1
    first = next(iter(engines))
    print(f"{'query':<12} {'engine':<8} {'median':>9} {'to ' + first:>10}   rounds")
    for (name, engine), seconds in took.items():
        median = statistics.median(seconds)
        ratio = median / statistics.median(took[name, first])
        print(f"{name:<12} {engine:<8} {median:>7.2f} s {ratio:>10.2f}   {', '.join(f'{one:.2f}' for one in seconds)}")
    return failed


def printed(answer: Answer) -> Answer:
    """As Athena would print it."""
    return Answer(answer.names, [[written(value) for value in row] for row in answer.rows])


if __name__ == "__main__":
    sys.exit(main())
