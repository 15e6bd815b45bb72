"""Those who are asked the same of flow logs: vpclab, DuckDB and Apache Spark."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import sqlglot
from sqlglot import exp

from delivered import Object

# Of vpclab, in one call.
QUERIES_MAX = 32
SECONDS_MAX = 30

# A row as vpclab prints it: texts, none for NULL.
Texts = list[str | None]


@dataclass(frozen=True)
class Answer:
    """What a query answers with."""

    names: list[str]
    rows: list


@dataclass(frozen=True)
class Failure:
    """Why there is no answer."""

    said: str


class Malformed(Exception):
    """What was printed is not what Athena saves."""


def cells(line: str) -> Texts:
    """The values of a line of Athena's CSV: each in quotes, and nothing for NULL."""
    values: Texts = []
    at = 0
    while True:
        quoted = re.compile(r'"((?:[^"]|"")*)"').match(line, at)
        values.append(quoted[1].replace('""', '"') if quoted else None)
        at = quoted.end() if quoted else at
        if at == len(line):
            return values
        if line[at] != ",":
            raise Malformed(f"neither a quote nor a comma at {at + 1}: {line}")
        at += 1


class Vpclab:
    """The program under test, over the output folder of a run."""

    def __init__(self, program: Path, folder: Path, now: str) -> None:
        self.program, self.folder, self.now = program, folder, now

    def call(self, statements: Iterable[str]) -> subprocess.CompletedProcess[str]:
        path = self.folder.parent / "statements.sql"
        path.write_text(";\n".join(statements) + ";\n")
        command = [str(self.program), "athena", str(self.folder), "-f", str(path), "--format", "csv", "--now", self.now]
        try:
            return subprocess.run(command, capture_output=True, text=True, timeout=SECONDS_MAX)
        except subprocess.TimeoutExpired as expired:
            # What came until then is bytes, whatever was asked for.
            came = (expired.stdout or b"").decode()
            return subprocess.CompletedProcess(command, 1, came, f"NO_ANSWER: it went on for {SECONDS_MAX} s")

    def define(self, statements: list[str]) -> str | None:
        """Runs what answers with nothing; says what went wrong."""
        done = self.call(statements)
        return f"exit code {done.returncode}: {done.stderr}" if done.returncode else None

    def ask(self, queries: list[str]) -> list[Answer | Failure]:
        """Asks several in one call, and those after one that fails in another."""
        answers: list[Answer | Failure] = []
        while len(answers) < len(queries):
            answers += self.some(queries[len(answers) : len(answers) + QUERIES_MAX], len(answers))
        return answers

    def some(self, queries: list[str], first: int) -> list[Answer | Failure]:
        """The answers up to the first one that is a failure."""
        # Before each query one that answers with its number, to tell its lines from those of others.
        numbered = enumerate(queries, first)
        done = self.call(text for number, query in numbered for text in (f"SELECT {number} AS marker", query))
        parts = re.split(r'^"marker"\n"(\d+)"\n', done.stdout, flags=re.MULTILINE)
        numbers, texts = [int(number) for number in parts[1::2]], parts[2::2]
        has_failed = done.returncode != 0
        is_told = numbers == list(range(first, first + len(numbers))) and (has_failed or len(numbers) == len(queries))
        if parts[0] or not numbers or not is_told:
            said = done.stderr[-2000:]
            raise Malformed(f"exit code {done.returncode}, and not the numbers from {first} on: {numbers}; {said}")
        answers = [self.parsed(text) for text in texts[: -1 if has_failed else None]]
        return [*answers, Failure(self.said(done))] if has_failed else answers

    @staticmethod
    def parsed(text: str) -> Answer | Failure:
        try:
            # A text may have lines of its own: a quote is open as long as there is an odd number of them.
            lines: list[str] = []
            for line in text.removesuffix("\n").split("\n"):
                if lines and lines[-1].count('"') % 2:
                    lines[-1] += "\n" + line
                else:
                    lines.append(line)
            names, *rows = [cells(line) for line in lines]
        except Malformed as malformed:
            return Failure(f"not Athena's CSV: {malformed}")
        return Answer([name or "" for name in names], rows)

    @staticmethod
    def said(done: subprocess.CompletedProcess[str]) -> str:
        code = re.search(r"\b[A-Z][A-Z_]+: .*", done.stderr, flags=re.DOTALL)
        text = code[0] if done.returncode == 1 and code else f"exit code {done.returncode}: {done.stderr[-1000:]}"
        return text.strip()


def parse(sql: str) -> exp.Expression:
    return sqlglot.parse_one(sql, read="athena")


def at_present(tree: exp.Expression, now: str) -> exp.Expression:
    """With the present as a literal."""
    moment = now.removesuffix("Z").replace("T", " ")

    def literal(node: exp.Expression) -> exp.Expression:
        if isinstance(node, exp.CurrentDate):
            return exp.cast(exp.Literal.string(moment[:10]), "date")
        if isinstance(node, exp.CurrentTimestamp):
            return exp.cast(exp.Literal.string(moment + "+00"), "timestamptz")
        return node

    return tree.transform(literal)


# What DuckDB lacks and sqlglot leaves as it is.
MACROS = {
    "to_iso8601(t)": "strftime(t, '%Y-%m-%dT%H:%M:%S.%gZ')",
    "last_of(text, count)": "CASE WHEN length(text) < count THEN '' ELSE right(text, count) END",
    "nth_part(text, separator, place)": "list_extract(string_split(text, separator), place)",
    "part_of(address, place)": "CAST(split_part(address, '.', place) AS BIGINT)",
    "upper_of(address)": "part_of(address, 1) * 256 + part_of(address, 2)",
    "lower_of(address)": "part_of(address, 3) * 256 + part_of(address, 4)",
    "prefix_of(address, length)": "(upper_of(address) * 65536 + lower_of(address)) >> (32 - CAST(length AS INTEGER))",
    "same_prefix(one, other, length)": "prefix_of(one, length) = prefix_of(other, length)",
    "within(address, block)": "same_prefix(address, split_part(block, '/', 1), split_part(block, '/', 2))",
}


DASH = "'-'"
SQL_TYPES = {"int": "INTEGER", "bigint": "BIGINT", "string": "VARCHAR"}


class Duck:
    """DuckDB, over the same objects."""

    def __init__(self, now: str) -> None:
        self.now = now
        self.connection = duckdb.connect()
        self.connection.execute("SET TimeZone = 'UTC'; SET threads = 2; SET integer_division = true")
        for head, body in MACROS.items():
            self.connection.execute(f"CREATE MACRO {head} AS {body}")

    def text(
        self, table: str, entries: list[Object], columns: dict[str, str], partitions: dict[str, str], made: str = "TABLE"
    ) -> None:
        """A table of text objects, or a view, which reads them each time: what is no number is NULL where there is to be
        one, and everything else is what is written. Columns are filled in their order, as there are values."""
        width = len(entries[0].header)
        values = {name: f"column{at:02}" for at, name in enumerate(columns) if at < width}
        # Not TRY_CAST, which DuckDB 2.0.1 moves into the reader of files, where it fails.
        cast = lambda kind, value: f"CAST({value if kind == 'string' else f'nullif({value}, {DASH})'} AS {SQL_TYPES[kind]})"
        selected = [f'{cast(kind, values.get(name, "NULL"))} AS "{name}"' for name, kind in columns.items()]
        selected += [f'{value} AS "{name}"' for name, value in partitions.items()]
        names = [f"column{at:02}" for at in range(width)]
        self.connection.execute(
            f'CREATE {made} "{table}" AS SELECT {", ".join(selected)} FROM read_csv({paths(entries)}, delim = \' \', '
            f"header = true, quote = '', escape = '', all_varchar = true, filename = true, names = {names})"
        )

    def parquet(self, table: str, entries: list[Object], columns: Iterable[str], partitions: dict[str, str]) -> None:
        """A table of Parquet objects, with what their keys say of partitions."""
        selected = [f'"{name}"' for name in columns] + [f'{value} AS "{name}"' for name, value in partitions.items()]
        self.connection.execute(
            f'CREATE TABLE "{table}" AS SELECT {", ".join(selected)} FROM read_parquet({paths(entries)}, filename = true, '
            "hive_partitioning = true, hive_types_autocast = false)"
        )

    def translated(self, sql: str) -> str:
        tree = parse(sql)
        if takes_any(tree):
            tree.set("limit", None)
        tree = at_present(tree, self.now)
        # Those inside others first.
        for node in reversed(list(tree.walk(bfs=False))):
            changed = as_trino(node)
            if changed is not node:
                node.replace(changed)
        return tree.sql(dialect="duckdb")

    def ask(self, sql: str) -> Answer:
        """Raises duckdb.Error."""
        relation = self.connection.execute(sql)
        return Answer([column[0] for column in relation.description], relation.fetchall())


def as_trino(node: exp.Expression) -> exp.Expression:
    """What means the same in DuckDB, where sqlglot 30.30.0 leaves something else."""
    if isinstance(node, exp.SplitPart):
        # NULL beyond the last part; DuckDB has an empty text.
        return exp.func("nth_part", node.this, node.args["delimiter"], node.args["part_index"])
    if isinstance(node, exp.Substring) and isinstance(node.args["start"], exp.Neg) and not node.args.get("length"):
        # Nothing from before the first character; DuckDB has all of the text.
        return exp.func("last_of", node.this, node.args["start"].this)
    if isinstance(node, (exp.BitwiseAnd, exp.BitwiseOr, exp.BitwiseXor)):
        # A function becomes an operator, which binds less than those around it.
        return exp.paren(node.copy())
    return node


def paths(entries: list[Object]) -> str:
    return "[" + ", ".join(f"'{entry.path}'" for entry in entries) + "]"


def takes_any(tree: exp.Expression) -> bool:
    """Whether a query leaves it open which rows it takes."""
    return bool(tree.args.get("limit")) and not tree.args.get("order")


class Spark:
    """Apache Spark with Hive's support, over the same objects under `file:`."""

    def __init__(self, root: Path, folder: Path, is_short: bool = True) -> None:
        """Buckets lie below the root; what Spark leaves behind goes to the folder."""
        import pyspark
        from pyspark.sql import SparkSession

        # What Python makes of a moment is in the zone of the process.
        os.environ |= {
            "SPARK_HOME": str(Path(pyspark.__file__).parent),
            "SPARK_LOCAL_IP": "127.0.0.1",
            "PYSPARK_PYTHON": sys.executable,
            "TZ": "UTC",
        }
        # A session of a minute is over before the compiler that optimises is worth its while.
        java = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC" if is_short else "-XX:+UseParallelGC"
        options = f"{java} -Dderby.system.home={folder} -Djava.io.tmpdir={folder}"
        self.root = root
        self.session = (
            SparkSession.builder.master(MASTER)
            .config("spark.ui.enabled", "false")
            .config("spark.log.level", "ERROR")
            .config("spark.ui.showConsoleProgress", "false")
            .config("spark.driver.bindAddress", "127.0.0.1")
            .config("spark.driver.host", "127.0.0.1")
            .config("spark.driver.extraJavaOptions", options)
            .config("spark.executor.extraJavaOptions", java)
            .config("spark.executor.memory", "1g")
            .config("spark.local.dir", str(folder))
            .config("spark.sql.shuffle.partitions", "2")
            .config("spark.sql.session.timeZone", "UTC")
            .config("spark.sql.warehouse.dir", str(folder / "warehouse"))
            .config("spark.hadoop.javax.jdo.option.ConnectionURL", "jdbc:derby:memory:metastore;create=true")
            .enableHiveSupport()
            .getOrCreate()
        )
        # Hive has it, Spark does not.
        body = "RETURNS INT RETURN extract(DAYOFWEEK_ISO FROM day)"
        self.session.sql(f"CREATE TEMPORARY FUNCTION day_of_week(day DATE) {body}")

    def define(self, statement: str) -> None:
        text = statement.replace("s3://", f"file://{self.root}/")
        # A table with a location is external, and Spark does not let anybody say so twice.
        text = re.sub(r"""\s*['"]EXTERNAL['"]\s*=\s*['"]true['"],""", "", text)
        self.session.sql(text)

    def gather(self, table: str) -> None:
        """Keeps a table at hand. Spark's Hive takes a task for each file, and its header lines for records."""
        rows = self.session.sql(f"SELECT * FROM {table} WHERE version IS NOT NULL").coalesce(2).cache()
        rows.createOrReplaceTempView(table)

    @staticmethod
    def translated(sql: str, now: str) -> str:
        return at_present(parse(sql), now).sql(dialect="spark")

    def ask(self, sql: str) -> Answer:
        frame = self.session.sql(sql)
        return Answer(frame.columns, [tuple(row) for row in frame.collect()])

    def stop(self) -> None:
        self.session.stop()


# Two machines with a core each, as processes of this one: what crosses between them is sent.
MASTER = "local-cluster[2,1,1024]"


def written(value: object) -> str | None:
    """A value as Athena's CSV has it."""
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        text = value.strftime("%Y-%m-%d %H:%M:%S.") + f"{value.microsecond // 1000:03}"
        return text + (" UTC" if value.tzinfo else "")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, list):
        return "[" + ", ".join(written(one) or "null" for one in value) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{written(key)}={written(one) or 'null'}" for key, one in value.items()) + "}"
    return str(value)


def is_same(expected: object, came: str | None, within: float, estimates: bool) -> bool:
    """Whether a printed value is the expected one; numbers that are no integers may differ by a little."""
    is_number = isinstance(expected, (float, Decimal)) or (estimates and type(expected) is int)
    if is_number and came is not None:
        try:
            one, other = float(expected), float(came)
        except ValueError:
            return False
        return one == other or one != one and other != other or abs(one - other) <= within * max(abs(one), abs(other))
    return written(expected) == came
