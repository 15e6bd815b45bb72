"""`vpclab athena` answers as DuckDB and Apache Spark do, over the same objects that flow logs delivered.

Usage: athena.py VPCLAB [--seed N] [--random N] [--keep FOLDER] [--without-vpclab]
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import sqlglot
from sqlglot import exp

import athena_queries as known
import athena_random
from athena_engines import Answer, Duck, Failure, Malformed, Spark, Vpclab, is_same, parse, takes_any, written
from athena_queries import Query
from delivered import Delivery, Object
from run_output import Complaint

HERE = Path(__file__).parent

# Of each query, so many rows that differ are shown.
ROWS_SHOWN = 3
SHOWN_MAX = 20


def run(vpclab: Path, out: Path) -> Path:
    """Runs the scenario; the folder of its output."""
    command = [str(vpclab), "run", str(HERE / "athena.yaml"), "--out", str(out), "--no-pcap", "--quiet"]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"error: `{' '.join(command)}` ended with {done.returncode}\n{done.stdout[-4000:]}{done.stderr}")
    return out / "athena"


def with_prefix(delivery: Delivery, prefix: str) -> list[Object]:
    return [entry for entry in delivery.objects if entry.prefix == prefix]


def load(delivery: Delivery, duck: Duck) -> None:
    """Makes the tables of the definitions in DuckDB, by the keys of the objects."""
    day = r"'/(\d{4})/(\d\d)/(\d\d)/'"
    part = lambda at: f"regexp_extract(filename, {day}, {at})"
    date = f"CAST(concat_ws('-', {part(1)}, {part(2)}, {part(3)}) AS DATE)"
    path = f"concat_ws('/', {part(1)}, {part(2)}, {part(3)})"
    default = with_prefix(delivery, "default")
    duck.text("vpc_flow_logs", with_prefix(delivery, "custom"), known.COLUMNS, {"date": date})
    duck.text("vpc_flow_logs_default", default, known.COLUMNS, {"date": date})
    without_region = {name: kind for name, kind in known.COLUMNS.items() if name != "region"}
    partitions = {"accid": f"'{known.ACCOUNT}'", "region": f"'{known.REGION}'", "day": path}
    duck.text("test_table_vpclogs", default, without_region, partitions)
    names = ["aws-account-id", "aws-service", "aws-region", "year", "month", "day", "hour"]
    duck.parquet("vpc_flow_logs_parquet", with_prefix(delivery, "hive"), [*known.COLUMNS, *names], {})
    hour = r"regexp_extract(filename, '/\d\d/(\d\d)/[^/]*$', 1)"
    partitions = {"region": f"'{known.REGION}'", "date": path, "hour": hour}
    duck.parquet("vpc_flow_logs_hourly", with_prefix(delivery, "hourly"), without_region, partitions)


def names_of(sql: str) -> list[str] | None:
    """The names that Athena gives to the columns of a query; nothing where a star stands for them."""
    tree = parse(sql)
    while isinstance(tree, exp.SetOperation):
        tree = tree.left
    listed = tree.expressions
    if any(one.is_star for one in listed):
        return None
    is_named = lambda one: isinstance(one, (exp.Alias, exp.Column))
    return [one.alias_or_name.lower() if is_named(one) else f"_col{at}" for at, one in enumerate(listed)]


def differences(query: Query, expected: list[tuple], came: Answer, other: str) -> Iterator[tuple[str, object, object]]:
    """What differs, what the other says there, and what came."""
    names = names_of(query.sql)
    if names is not None and came.names != names:
        yield "the names of columns", names, came.names
    widths = {len(row) for row in came.rows} - {len(came.names)}
    if widths:
        yield "the number of values", len(came.names), sorted(widths)
        return
    tree = parse(query.sql)
    is_any, is_ordered = takes_any(tree), bool(tree.args.get("order")) and not query.has_ties
    count = min(len(expected), int(tree.args["limit"].expression.name)) if is_any else len(expected)
    if len(came.rows) != count:
        yield "the number of rows", f"{count}, as {other} has it", len(came.rows)
    # Numbers that are no integers are at the end of what is sorted by: their last digits differ.
    loose = {at for row in expected for at, value in enumerate(row) if is_loose(value, query)}
    if is_any:
        there = {}
        for row in expected:
            key = tuple(written(value) for value in row)
            there[key] = there.get(key, 0) + 1
        for at, row in enumerate(came.rows):
            left = there.get(tuple(row), 0)
            if not left:
                yield f"row {at + 1}", f"one of {len(expected)} rows of {other}", row
            there[tuple(row)] = left - 1
        return
    if not is_ordered:
        expected = sorted(expected, key=lambda row: key_of([written(value) for value in row], loose))
        came = Answer(came.names, sorted(came.rows, key=lambda row: key_of(row, loose)))
    for at, (one, row) in enumerate(zip(expected, came.rows)):
        same = (is_same(value, text, query.within, query.estimates) for value, text in zip(one, row))
        if len(one) != len(row) or not all(same):
            yield f"row {at + 1}{'' if is_ordered else ', sorted'}", [written(value) for value in one], row


def is_loose(value: object, query: Query) -> bool:
    return type(value).__name__ in ("float", "Decimal") or query.estimates and type(value) is int


def key_of(row: list[str | None], loose: set[int]) -> tuple:
    strict = [(value is not None, value or "") for at, value in enumerate(row) if at not in loose]
    return (*strict, *(rounded(value) for at, value in enumerate(row) if at in loose))


def rounded(text: str | None) -> tuple[bool, float]:
    try:
        return (text is not None, float(f"{float(text or 0):.5g}"))
    except ValueError:
        return (True, 0.0)


def compare(check: str, query: Query, expected: list[tuple], came: Answer | Failure, other: str) -> list[Complaint]:
    if isinstance(came, Failure):
        return [Complaint(check, query.sql, "the answer", f"{len(expected)} rows, as {other} has it", came.said)]
    found = list(differences(query, expected, came, other))
    complaints = [Complaint(check, query.sql, *difference) for difference in found[:ROWS_SHOWN]]
    if len(found) > ROWS_SHOWN:
        place, *rest = found[-1]
        complaints.append(Complaint(check, query.sql, f"and {len(found) - ROWS_SHOWN} more, the last of them {place}", *rest))
    return complaints


def changed(answer: Answer) -> Answer:
    first, *others = answer.rows
    return Answer(answer.names, [[f"{first[0]}?", *first[1:]], *others])


# How an answer can be wrong.
SPOILS: dict[str, Callable[[Answer], Answer]] = {
    "another value": changed,
    "NULL for a value": lambda answer: Answer(
        answer.names, [[None if value is not None else "" for value in row] for row in answer.rows]
    ),
    "a row less": lambda answer: Answer(answer.names, answer.rows[1:]),
    "a row twice": lambda answer: Answer(answer.names, [answer.rows[0], *answer.rows]),
    "a value more": lambda answer: Answer(answer.names, [[*row, "1"] for row in answer.rows]),
    "other names": lambda answer: Answer([f"{name}2" for name in answer.names], answer.rows),
    "another order": lambda answer: Answer(answer.names, answer.rows[::-1]),
}


def unnoticed(queries: list[Query], expected: list[list[tuple] | Failure]) -> list[Complaint]:
    """That a right answer is taken, and a wrong one is not."""
    complaints = []
    for query, rows in zip(queries, expected):
        if isinstance(rows, Failure) or not rows or takes_any(parse(query.sql)):
            continue
        names = names_of(query.sql)
        right = Answer(names or ["?"] * len(rows[0]), [[written(value) for value in row] for row in rows])
        complaints += compare("self-test", query, rows, right, "DuckDB")
        is_ordered = bool(parse(query.sql).args.get("order")) and not query.has_ties
        for what, spoil in SPOILS.items():
            wrong = spoil(right)
            tells = what != "other names" or names is not None
            tells &= what != "another order" or is_ordered and wrong.rows != right.rows
            if tells and not compare("self-test", query, rows, wrong, "DuckDB"):
                complaints.append(Complaint("self-test", query.sql, what, "a complaint", "none"))
    return complaints


def expectations(duck: Duck, queries: list[Query]) -> Iterator[list[tuple] | Failure]:
    for query in queries:
        if query.rows is not None:
            yield query.rows
        else:
            try:
                yield duck.ask(query.duckdb or duck.translated(query.sql)).rows
            except (duckdb.Error, sqlglot.errors.SqlglotError) as error:
                yield Failure(str(error))


def by_duckdb(
    queries: list[Query], expected: list[list[tuple] | Failure], came: list[Answer | Failure]
) -> list[Complaint]:
    complaints = []
    for query, rows, answer in zip(queries, expected, came):
        if isinstance(rows, Failure):
            complaints.append(Complaint("duckdb", query.sql, "DuckDB", "an answer", rows.said))
        else:
            other = "DuckDB" if query.rows is None else "the query's author"
            complaints += compare("duckdb", query, rows, answer, other)
    return complaints


def by_spark(spark: Spark, queries: list[Query], came: list[Answer | Failure]) -> list[Complaint]:
    """Tables are made with the same statements in Spark; one of text is made with partitions, one of Parquet finds them."""
    for statement in (*known.text_table("vpc_flow_logs", "custom"), known.PARQUET_TABLE, known.REPAIR):
        spark.define(statement)
    for table in ("vpc_flow_logs", "vpc_flow_logs_parquet"):
        spark.gather(table)
    complaints = []
    for query, answer in zip(queries, came):
        if query.spark:
            text = query.spark if isinstance(query.spark, str) else Spark.translated(query.sql, known.NOW)
            complaints += compare("spark", query, spark.ask(text).rows, answer, "Spark")
    return complaints


def failing(vpclab: Vpclab) -> list[Complaint]:
    """What is wrong fails, with Athena's code, and where that is told with the place."""
    complaints = []
    answers = vpclab.ask(list(known.FAILURES))
    for (sql, expected), answer in zip(known.FAILURES.items(), answers):
        said = answer.said if isinstance(answer, Failure) else f"{len(answer.rows)} rows"
        if not said.startswith(expected):
            complaints.append(Complaint("failing", sql, "the failure", f"{expected} …", said))
    return complaints


def not_run(vpclab: Vpclab) -> list[Complaint]:
    """What is known not to be run says so."""
    complaints = []
    for query, answer in zip(known.NOT_RUN, vpclab.ask([query.sql for query in known.NOT_RUN])):
        said = answer.said if isinstance(answer, Failure) else f"{len(answer.rows)} rows: it is run, and belongs to LANGUAGE"
        if not said.startswith("NOT_SUPPORTED: "):
            complaints.append(Complaint("not_run", query.sql, "the failure", "NOT_SUPPORTED: …", said))
    return complaints


class Imitation:
    """In place of the program: DuckDB's answers, printed as Athena would. For work on these checks themselves."""

    def __init__(self, duck: Duck) -> None:
        self.duck = duck

    def ask(self, queries: list[Query]) -> list[Answer | Failure]:
        answers: list[Answer | Failure] = []
        for query, rows in zip(queries, expectations(self.duck, queries)):
            if isinstance(rows, Failure):
                answers.append(rows)
                continue
            tree = parse(query.sql)
            taken = rows[: int(tree.args["limit"].expression.name)] if takes_any(tree) else rows
            names = names_of(query.sql) or [f"column{at}" for at in range(len(rows[0]))]
            answers.append(Answer(names, [[written(value) for value in row] for row in taken]))
        return answers


def main() -> int:
    parser = argparse.ArgumentParser(description="Asks vpclab, DuckDB and Spark the same of flow logs.")
    parser.add_argument("vpclab", type=Path, help="the program")
    parser.add_argument("--seed", type=int, default=20241231, help="of the queries that nobody thought of")
    parser.add_argument("--random", type=int, default=100, help="how many of these there are")
    parser.add_argument("--keep", type=Path, help="leave the output of the run there")
    parser.add_argument("--without-vpclab", action="store_true", help="compare only DuckDB with Spark")
    args = parser.parse_args()

    queries = [*known.QUERIES, *athena_random.queries(args.seed, args.random)]
    os.environ["TZ"] = "UTC"
    time.tzset()
    with tempfile.TemporaryDirectory(prefix="vpclab-athena-") as temporary:
        folder = run(args.vpclab.resolve(), args.keep or Path(temporary) / "out")
        delivery = Delivery(folder, {"steps": []})
        duck = Duck(known.NOW)
        load(delivery, duck)
        complaints: list[Complaint] = []
        if args.without_vpclab:
            answers = Imitation(duck).ask(queries)
        else:
            vpclab = Vpclab(args.vpclab.resolve(), folder, known.NOW)
            said = vpclab.define(known.DEFINITIONS)
            if said:
                sys.exit(f"error: the tables cannot be made: {said}")
            try:
                answers = vpclab.ask([query.sql for query in queries])
                complaints += failing(vpclab) + not_run(vpclab)
            except Malformed as malformed:
                sys.exit(f"error: {malformed}")
        started = time.monotonic()
        expected = list(expectations(duck, queries))
        complaints += unnoticed(known.QUERIES, expected) + by_duckdb(queries, expected, answers)
        count = sum(query.rows is None for query in queries)
        print(f"DuckDB was asked {count} queries in {time.monotonic() - started:.1f} s", flush=True)

        started = time.monotonic()
        spark = Spark(folder / "s3", Path(temporary))
        try:
            complaints += by_spark(spark, queries, answers)
        finally:
            spark.stop()
        print(f"Spark was asked {sum(bool(query.spark) for query in queries)} queries in {time.monotonic() - started:.1f} s")

    for complaint in complaints[:SHOWN_MAX]:
        print(complaint)
    if len(complaints) > SHOWN_MAX:
        print(f"and {len(complaints) - SHOWN_MAX} more")
    wrong = len({str(complaint.file) for complaint in complaints})
    verdict = f"FAILED: {wrong} of {len(queries)} queries" if wrong else "queries of flow logs are answered as others do"
    print(verdict)
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
