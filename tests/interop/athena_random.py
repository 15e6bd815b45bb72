"""Queries that nobody thought of: of a seed, in Athena's dialect, with an order that leaves nothing open."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from athena_queries import Query

INTEGERS = ["srcport", "dstport", "protocol", "packets", "bytes", "tcp_flags", "traffic_path", "start", "version"]
# Of few values, to group by.
KEYS = ["interface_id", "action", "protocol", "log_status", "flow_direction", "tcp_flags", "az_id", "traffic_path", "type"]
TEXTS = [
    *("interface_id", "srcaddr", "dstaddr", "action", "log_status", "flow_direction", "pkt_src_aws_service", "instance_id")
]
VALUES = {
    "srcport": [0, 22, 53, 80, 443, 8080, 40000],
    "dstport": [0, 22, 53, 80, 300, 443, 8080, 50000],
    "protocol": [1, 6, 17],
    "packets": [1, 2, 3, 4, 6],
    "bytes": [60, 180, 335, 391, 1363, 31377],
    "tcp_flags": [0, 2, 3, 18, 19],
    "traffic_path": [1, 7, 8],
    "start": [1735650000, 1735689600, 1735700000, 1735740000],
    "version": [2, 5],
    "srcaddr": ["10.0.1.4", "10.0.2.4", "203.0.113.9", "198.51.100.7", "-"],
    "dstaddr": ["10.0.1.4", "10.0.1.5", "10.0.2.4", "192.0.2.80"],
    "action": ["ACCEPT", "REJECT", "-"],
    "log_status": ["OK", "NODATA"],
    "flow_direction": ["ingress", "egress", "-"],
    "pkt_src_aws_service": ["S3", "-"],
    "interface_id": ["eni-0a", "eni-05"],
    "instance_id": ["-", "i-07"],
}
# Text has a dash where Parquet has NULL; the default format has the first 14 columns only, and so often no rows for a query.
TABLES = ["vpc_flow_logs"] * 3 + ["vpc_flow_logs_parquet"] * 3 + ["vpc_flow_logs_default"]


@dataclass
class Writer:
    """Writes queries, from a stream of random numbers."""

    random: Random

    def one_of(self, *choices):
        return self.random.choice(choices)

    def integer(self, depth: int = 1) -> str:
        column = self.random.choice(INTEGERS)
        if depth == 0 or self.random.random() < 0.4:
            return column
        inner = self.integer(depth - 1)
        constant = self.random.randint(2, 97)
        return self.one_of(
            f"{inner} + {constant}",
            f"({inner} - {constant}) * 3",
            f"({inner}) % {constant}",
            f"({inner}) / {constant}",
            f"-({inner}) / {constant}",
            f"coalesce({inner}, {constant})",
            f"nullif({column}, {self.random.choice(VALUES[column])})",
            f"bitwise_and({inner}, {constant})",
            f"abs({inner} - {constant})",
            f"length({self.text(0)})",
            f"CASE WHEN {self.condition(0)} THEN {inner} ELSE {column} END",
            f"CASE {column} WHEN {self.random.choice(VALUES[column])} THEN 1 WHEN {constant} THEN 2 END",
            f"TRY_CAST(split_part({self.one_of('srcaddr', 'dstaddr')}, '.', {self.random.randint(1, 4)}) AS bigint)",
            f"greatest({inner}, {constant})",
            f"strpos({self.text(0)}, '{self.one_of('.', '-', 'e')}')",
        )

    def text(self, depth: int = 1) -> str:
        column = self.random.choice(TEXTS)
        if depth == 0 or self.random.random() < 0.5:
            return column
        inner = self.text(depth - 1)
        return self.one_of(
            f"split_part({inner}, '{self.one_of('.', '-')}', {self.random.randint(1, 3)})",
            f"substr({inner}, {self.random.randint(1, 4)}, {self.random.randint(1, 5)})",
            f"substr({inner}, -{self.random.randint(1, 3)})",
            f"upper({inner})",
            f"lower({inner}) || '/' || {column}",
            f"coalesce({inner}, 'none')",
            f"nullif({column}, '{self.random.choice(VALUES[column])}')",
            f"CAST({self.integer(0)} AS varchar)",
            f"replace({inner}, '{self.one_of('0', '.', 'E')}', '{self.one_of('', '_')}')",
            f"IF({self.condition(0)}, {inner}, {column})",
        )

    def condition(self, depth: int = 2) -> str:
        if depth > 0 and self.random.random() < 0.6:
            one, other = self.condition(depth - 1), self.condition(depth - 1)
            return self.one_of(f"({one} AND {other})", f"({one} OR {other})", f"({one} OR NOT {other})", f"NOT ({one})")
        column = self.random.choice(INTEGERS)
        values = [str(value) for value in VALUES[column]]
        text = self.random.choice(TEXTS)
        words = [f"'{value}'" for value in VALUES[text]]
        operator = self.one_of("=", "<>", "<", "<=", ">", ">=")
        several = self.random.sample(values, min(len(values), 2))
        low, high = sorted(self.random.sample(VALUES[column], 2))
        return self.one_of(
            f"{column} {operator} {self.random.choice(values)}",
            f"{column} {operator} {self.random.choice(values)}",
            f"{text} {operator} {self.random.choice(words)}",
            f"{column} {self.one_of('<>', '>=', '<=')} {self.random.choice(values)}",
            f"{column} {self.one_of('', 'NOT ')}IN ({', '.join(several)})",
            f"{text} {self.one_of('', 'NOT ')}IN ({', '.join(words[:2])})",
            f"{column} BETWEEN {low} AND {high}",
            f"{column} IS {self.one_of('', 'NOT ')}NULL",
            f"{text} IS NOT NULL",
            f"{text} LIKE '{self.one_of('10.%', '%.4', '%e%', '_%', '%C%', '%0%')}'",
            f"regexp_like({text}, '{self.one_of('^1', '[0-9]$', '^(10|203)[.]', '[EO]', '-')}')",
            f"{column} {operator} {self.random.choice(INTEGERS)}",
            f"{column} IS DISTINCT FROM {self.random.choice(values)}",
        )

    def aggregate(self) -> str:
        number = self.integer()
        return self.one_of(
            "count(*)",
            f"count({number})",
            f"count(DISTINCT {self.random.choice(INTEGERS + TEXTS)})",
            f"sum({number})",
            f"min({number})",
            f"max({number})",
            f"avg({number})",
            f"min({self.text()})",
            f"max({self.text()})",
            f"count(*) FILTER (WHERE {self.condition(1)})",
            f"sum({number}) FILTER (WHERE {self.condition(1)})",
            f"sum(CASE WHEN {self.condition(1)} THEN 1 ELSE 0 END)",
            f"sum(CAST({number} AS double))",
            f"sum(DISTINCT {self.random.choice(INTEGERS)})",
        )

    def order(self, count: int, limit: int | None = None) -> str:
        """By all columns, so that rows of the same place are the same."""
        places = self.random.sample(range(1, count + 1), count)
        way = lambda: self.one_of("", " ASC", " DESC") + self.one_of("", "", " NULLS FIRST", " NULLS LAST")
        keys = [f"{place}{way()}" for place in places]
        taken = f" LIMIT {limit}" if limit else ""
        skipped = f" OFFSET {self.random.randint(1, 5)}" if limit and self.random.random() < 0.2 else ""
        return f" ORDER BY {', '.join(keys)}{skipped}{taken}"

    def where(self, chance: float = 0.8) -> str:
        return f" WHERE {self.condition()}" if self.random.random() < chance else ""

    def plain(self) -> str:
        listed = [self.one_of(self.integer, self.text)(2) for _ in range(self.random.randint(1, 5))]
        names = ", ".join(f"{one} AS c{at}" for at, one in enumerate(listed))
        distinct = self.one_of("", "", "DISTINCT ")
        limit = self.random.randint(5, 200)
        return f"SELECT {distinct}{names} FROM {self.random.choice(TABLES)}{self.where()}{self.order(len(listed), limit)}"

    def grouped(self) -> str:
        keys = self.random.sample(KEYS, self.random.randint(0, 3))
        if self.random.random() < 0.3:
            keys.append(self.one_of(self.integer, self.text)(1))
        found = [self.aggregate() for _ in range(self.random.randint(1, 4))]
        listed = ", ".join(f"{one} AS c{at}" for at, one in enumerate(keys + found))
        by_place = self.random.random() < 0.5
        grouping = ", ".join(str(at + 1) if by_place else key for at, key in enumerate(keys))
        group = f" GROUP BY {grouping}" if keys else ""
        test = self.one_of("count(*) > 10", "sum(bytes) > 1000", "min(packets) IS NOT NULL", "count(dstport) < 500")
        having = f" HAVING {test}" if keys and self.random.random() < 0.4 else ""
        is_ordered = self.random.random() < 0.6
        return (
            f"SELECT {listed} FROM {self.random.choice(TABLES)}{self.where()}{group}{having}"
            f"{self.order(len(keys) + len(found), self.one_of(None, 7, 40)) if is_ordered else ''}"
        )

    def joined(self) -> str:
        key, other = self.random.sample(KEYS, 2)
        kind = self.one_of("JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN")
        one, two = self.random.choice(TABLES), self.random.choice(TABLES)
        side = lambda table: (
            f"(SELECT {key}, {other}, {self.aggregate()} AS n, max({self.integer(0)}) AS m "
            f"FROM {table}{self.where()} GROUP BY 1, 2)"
        )
        extra = self.one_of("", f" AND a.{other} = b.{other}", " AND a.m <= b.m")
        return (
            f"SELECT a.{key} AS c0, b.{other} AS c1, a.n AS c2, b.m AS c3 FROM {side(one)} a {kind} {side(two)} b "
            f"ON a.{key} = b.{key}{extra}{self.order(4)}"
        )

    def windowed(self) -> str:
        key, other = self.random.sample(KEYS, 2)
        parts = self.one_of("", f"PARTITION BY {key} ")
        order = f"ORDER BY n{self.one_of('', ' DESC')}, {key}, {other}"
        function = self.one_of(
            f"row_number() OVER ({parts}{order})",
            f"rank() OVER ({parts}ORDER BY n)",
            f"dense_rank() OVER ({parts}ORDER BY n DESC)",
            f"lag(n) OVER ({parts}{order})",
            f"lead(n, 2, -1) OVER ({parts}{order})",
            f"sum(n) OVER ({parts}{order})",
            f"sum(n) OVER ({parts}{order} ROWS BETWEEN 2 PRECEDING AND 1 FOLLOWING)",
            f"max(n) OVER ({parts}ORDER BY n)",
            f"first_value({other}) OVER ({parts}{order})",
            "sum(n) OVER ()",
            f"count(*) OVER ({parts})",
        )
        return (
            f"WITH counted AS (SELECT {key}, {other}, {self.one_of('count(*)', 'sum(packets)', 'max(dstport)')} AS n "
            f"FROM {self.random.choice(TABLES)}{self.where()} GROUP BY {key}, {other}) "
            f"SELECT {key} AS c0, {other} AS c1, n AS c2, {function} AS c3 FROM counted{self.order(4)}"
        )

    def combined(self) -> str:
        names = self.random.sample(KEYS, 2)
        side = lambda: f"SELECT {', '.join(names)} FROM {self.random.choice(TABLES)}{self.where()}"
        parts = [side() for _ in range(self.random.randint(2, 3))]
        text = parts[0]
        for part in parts[1:]:
            text += f" {self.one_of('UNION', 'UNION', 'INTERSECT', 'EXCEPT')} {part}"
        return text + self.order(2)

    def nested(self) -> str:
        column = self.random.choice(TEXTS + ["protocol", "dstport", "tcp_flags"])
        outer, inner = self.random.choice(TABLES), self.random.choice(TABLES)
        test = self.one_of(
            f"{column} IN (SELECT {column} FROM {inner}{self.where(1)})",
            f"{column} NOT IN (SELECT {column} FROM {inner}{self.where(1)})",
            f"bytes > (SELECT avg(bytes) FROM {inner}{self.where(1)})",
            f"EXISTS (SELECT 1 FROM {inner} b WHERE b.{column} = a.{column} AND b.bytes > 1000)",
            f"NOT EXISTS (SELECT 1 FROM {inner} b WHERE b.{column} = a.{column} AND b.action = 'REJECT')",
        )
        found = "count(*) AS c0, sum(bytes) AS c1, count(DISTINCT srcaddr) AS c2"
        return f"SELECT {found} FROM {outer} a WHERE {test} AND {self.condition(1)}"


def queries(seed: int, count: int) -> list[Query]:
    writer = Writer(Random(seed))
    kinds = [writer.plain, writer.grouped, writer.grouped, writer.joined, writer.windowed, writer.combined, writer.nested]
    return [Query(kinds[at % len(kinds)]()) for at in range(count)]
