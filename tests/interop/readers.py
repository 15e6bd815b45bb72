"""Checks of what flow logs delivered, by readers that others wrote: flowlogs-reader and DuckDB."""

from __future__ import annotations

import subprocess
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime, timezone
from pathlib import Path

import duckdb
from flowlogs_reader import FlowRecord

import flow_logs
from delivered import Object, Record, fields_of, record
from run_output import Complaint, Scenario
from tshark import Capture

# Types of fields as AWS documents them for Parquet files; all others are texts.
INT32 = {"version", "srcport", "dstport", "protocol", "tcp-flags", "traffic-path", "encryption-status"}
INT64 = {
    *("packets", "bytes", "start", "end"),
    *(f"packets-lost-{why}" for why in ("no-route", "blackhole", "mtu-exceeded", "ttl-expired")),
}

# What flowlogs-reader knows of a record: the fields of versions 2 to 6.
KNOWN_FIELDS = FlowRecord.__slots__

# Of each flow log, so many records that differ are complained about.
SHOWN_MAX = 3


def physical(name: str) -> str:
    return "INT32" if name in INT32 else "INT64" if name in INT64 else "BYTE_ARRAY"


def sql_type(name: str) -> str:
    return "INTEGER" if name in INT32 else "BIGINT" if name in INT64 else "VARCHAR"


def column(name: str) -> str:
    return name.replace("-", "_")


def sent(scenario: Scenario) -> Iterator[Complaint]:
    """What is delivered to S3 and CloudWatch Logs is what lies in the folder, also when it is delivered once more; and
    it is as much as result.json says."""
    delivery, received = scenario.delivery, scenario.received
    if received is None:
        return
    for said in received.said:
        yield Complaint("sent", scenario.folder, "delivery", "exit code 0", said)
    objects = {(entry.bucket, entry.key): entry.path.read_bytes() for entry in delivery.objects}
    events = {
        (stream.group, stream.name): [(event["timestamp"], event["message"]) for event in stream.events]
        for stream in delivery.streams
    }
    for when, contents in (("first", received.first), ("again", received.again)):
        for place in {*objects, *contents.objects}:
            there, came = objects.get(place), contents.objects.get(place)
            if there != came:
                expected = f"{len(there)} bytes, as in the folder" if there is not None else "no such object"
                other = f"{len(came)} other bytes" if came is not None else "no such object"
                yield Complaint("sent", "/".join(place), f"delivered {when}", expected, other)
        for place in {*events, *contents.events}:
            # Events of the same time come in no order that counts.
            one, other = Counter(events.get(place, [])), Counter(contents.events.get(place, []))
            yield from differ("sent", ":".join(place), f"events delivered {when}", one, other)
    yield from counted(scenario)


def counted(scenario: Scenario) -> Iterator[Complaint]:
    delivery = scenario.delivery
    lines: Counter = Counter()
    for entry in delivery.objects:
        lines[entry.flow_log] += len(duck_parquet([entry]) if entry.is_parquet else entry.lines)
    groups = Counter(log["destination"] for log in scenario.result["flow_logs"].values())
    for name, log in scenario.result["flow_logs"].items():
        is_bucket = log["destination"].startswith("s3://")
        if is_bucket and lines[log["FlowLogId"]] != log["records"] - log["refused"]:
            came = lines[log["FlowLogId"]]
            yield Complaint("sent", scenario.folder / "s3", f"records of {name}", log["records"] - log["refused"], came)
        if not is_bucket and groups[log["destination"]] == 1:
            came = len(delivery.events(log["destination"]))
            if came != log["events"]:
                yield Complaint("sent", scenario.folder / "cloudwatch", f"events of {name}", log["events"], came)


def read(scenario: Scenario) -> Iterator[Complaint]:
    """flowlogs-reader finds every record at S3 and at CloudWatch Logs, and understands every field that it knows."""
    delivery, received = scenario.delivery, scenario.received
    if received is None:
        return
    expected: dict[tuple[str, str], Counter] = defaultdict(Counter)
    for entry in delivery.objects:
        if not entry.is_hive:
            records = duck_parquet([entry]) if entry.is_parquet else entry.records
            expected[entry.bucket, entry.prefix].update(map(as_known, records))
    for place, records in expected.items():
        yield from compare("/".join(place), records, received.buckets.get(place, []))
    for group in delivery.groups:
        names = delivery.format_of(group)
        records = Counter(as_known(record(event["message"], names)) for event in delivery.events(group))
        yield from compare(group, records, received.groups.get(group, []))


def compare(place: str, expected: Counter, came: list[FlowRecord] | str) -> Iterator[Complaint]:
    if isinstance(came, str):
        yield Complaint("read", place, "flowlogs-reader", f"{expected.total()} records", came)
    else:
        # Its own `to_message` prints a dash in place of 0.
        printed = Counter(" ".join(flow_logs.printed(getattr(one, name)) for name in KNOWN_FIELDS) for one in came)
        yield from differ("read", place, "a record as flowlogs-reader prints it", expected, printed)


def as_known(one: Record) -> str:
    values = {column(name): value for name, value in one.items()}
    return " ".join(values.get(name, "-") for name in KNOWN_FIELDS)


def differ(check: str, file: Path | str, place: str, expected: Counter, came: Counter) -> Iterator[Complaint]:
    """Complains of what is missing, next to what is there instead."""
    if expected != came:
        missing, surplus = list((expected - came).elements()), list((came - expected).elements())
        for at in range(min(SHOWN_MAX, max(len(missing), len(surplus)))):
            wanted = missing[at] if at < len(missing) else "nothing more"
            other = surplus[at] if at < len(surplus) else "nothing of the kind"
            yield Complaint(check, file, f"{place} ({len(missing)} missing, {len(surplus)} too many)", wanted, other)


# DuckDB


def duck_rows(relation: duckdb.DuckDBPyRelation) -> list[Record]:
    names = relation.columns
    return [
        {name: "-" if value is None else str(value) for name, value in zip(names, row)} for row in relation.fetchall()
    ]


def duck_text(entries: list[Object], names: list[str]) -> list[Record]:
    """The records of text objects; raises duckdb.Error if a value does not have its field's type."""
    return duck_rows(
        duckdb.read_csv(
            [str(entry.path) for entry in entries],
            delimiter=" ",
            header=True,
            na_values="-",
            quotechar="",
            escapechar="",
            dtype={name: sql_type(name) for name in names},
            hive_partitioning=False,
        )
    )


def duck_parquet(entries: list[Object]) -> list[Record]:
    """The records of Parquet objects, with the names that their fields have in text."""
    rows = duck_rows(duckdb.read_parquet([str(entry.path) for entry in entries], hive_partitioning=False))
    return [{name.replace("_", "-"): value for name, value in row.items()} for row in rows]


def by_flow_log(entries: Iterable[Object]) -> dict[str, list[Object]]:
    logs: dict[str, list[Object]] = defaultdict(list)
    for entry in entries:
        logs[entry.flow_log].append(entry)
    return logs


def database(scenario: Scenario) -> Iterator[Complaint]:
    """DuckDB reads text and Parquet, with the types that AWS documents; and what it makes of keys in Hive's form is what
    their records say."""
    delivery = scenario.delivery
    for log, entries in by_flow_log(delivery.text).items():
        names = entries[0].header
        try:
            came = duck_text(entries, names)
        except duckdb.Error as error:
            yield Complaint("database", entries[0].path, "DuckDB", f"records with {names}", error)
            continue
        expected = Counter(" ".join(one.values()) for entry in entries for one in entry.records)
        printed = Counter(" ".join(one.get(name, "no such column") for name in names) for one in came)
        yield from differ("database", f"text of {log}", "a record as DuckDB prints it", expected, printed)
    for log, entries in by_flow_log(delivery.parquet).items():
        described = delivery.described.get(log)
        for entry in entries:
            yield from parquet(entry, fields_of(described) if described else None)
    yield from partitions(delivery.objects)


def parquet(entry: Object, names: list[str] | None) -> Iterator[Complaint]:
    """Columns have names with `_`, and types of Parquet's; pages are what the first version of the format has."""
    ask = lambda what, function: duckdb.execute(f"SELECT {what} FROM {function}(?)", [str(entry.path)]).fetchall()
    try:
        schema = ask("name, type, converted_type", "parquet_schema")[1:]
        kinds = ask("DISTINCT compression, encodings", "parquet_metadata")
    except duckdb.Error as error:
        yield Complaint("database", entry.path, "DuckDB", "a Parquet file", error)
        return
    fields = names or [name.replace("_", "-") for name, *_ in schema]
    expected = [
        (column(name), physical(name), "UTF8" if physical(name) == "BYTE_ARRAY" else None) for name in fields
    ]
    if schema != expected:
        yield Complaint("database", entry.path, "columns", expected, schema)
    for compression, encodings in kinds:
        if compression != "GZIP" or not set(encodings.split(", ")) <= {"PLAIN", "RLE"}:
            yield Complaint("database", entry.path, "pages", "GZIP; PLAIN, RLE", f"{compression}; {encodings}")


def partitions(entries: list[Object]) -> Iterator[Complaint]:
    """What DuckDB takes from keys in Hive's form is what the records say: account, region, and the day and hour of
    the five minutes in which they end."""
    for entry in entries:
        if not entry.is_hive:
            continue
        reader = duckdb.read_parquet if entry.is_parquet else duckdb.read_csv
        options = {} if entry.is_parquet else {"delimiter": " ", "header": True, "na_values": "-", "all_varchar": True}
        rows = duck_rows(reader(str(entry.path), hive_partitioning=True, **options))
        for row in rows:
            one = {name.replace("_", "-"): value for name, value in row.items()}
            if not {"account-id", "region", "end"} <= one.keys():
                continue
            end = datetime.fromtimestamp(int(one["end"]), timezone.utc)
            expected = [one["account-id"], one["region"], end.year, end.month, end.day]
            came = [one["aws-account-id"], one["aws-region"], *(int(one[part]) for part in ("year", "month", "day"))]
            if "hour" in one:
                expected, came = [*expected, end.hour], [*came, int(one["hour"])]
            if expected != came:
                yield Complaint("database", entry.path, f"partition of a record that ends at {end}", expected, came)
                break


def records_of(scenario: Scenario) -> dict[str, list[Record]]:
    """Records by the id of their flow log, as far as that is known."""
    delivery = scenario.delivery
    records: dict[str, list[Record]] = {}
    for log, entries in by_flow_log(delivery.objects).items():
        records[log] = [one for entry in entries if not entry.is_parquet for one in entry.records]
        of_parquet = [entry for entry in entries if entry.is_parquet]
        records[log] += duck_parquet(of_parquet) if of_parquet else []
    for group in delivery.groups:
        logs = delivery.of_group(group)
        if len(logs) == 1:
            names = delivery.format_of(group)
            records[logs[0]["FlowLogId"]] = [record(event["message"], names) for event in delivery.events(group)]
    return records


def description(log: dict, *left_out: str) -> str:
    keys = ("ResourceId", "TrafficType", "LogFormat", "MaxAggregationInterval", "CreationTime", "TagFieldSpecifications")
    return str([log.get(key) for key in keys if key not in left_out])


def copies(scenario: Scenario) -> Iterator[Complaint]:
    """Flow logs of the same have the same records, whatever they are delivered as and to; and what accepted and
    rejected traffic has is what all traffic has."""
    records = records_of(scenario)
    alike: dict[str, list[str]] = defaultdict(list)
    parts: dict[str, dict[str, str]] = defaultdict(dict)
    for log, described in scenario.delivery.described.items():
        # What failed once may have fewer.
        if log in records and log not in refused(scenario):
            alike[description(described)].append(log)
            parts[description(described, "TrafficType")].setdefault(described.get("TrafficType"), log)
    lines = lambda log: Counter(" ".join(one.values()) for one in records[log])
    for first, *others in alike.values():
        for other in others:
            yield from differ("copies", scenario.folder, f"{other}, a copy of {first}", lines(first), lines(other))
    for logs in parts.values():
        if {"ALL", "ACCEPT", "REJECT"} <= logs.keys():
            data = {kind: Counter(line for line in lines(log).elements() if line.endswith(" OK")) for kind, log in logs.items()}
            both = data["ACCEPT"] + data["REJECT"]
            yield from differ("copies", scenario.folder, f"{logs['ALL']}, accepted or rejected", both, data["ALL"])


def refused(scenario: Scenario) -> set[str]:
    return {log["FlowLogId"] for log in scenario.result["flow_logs"].values() if log["refused"]}


NEEDED = set(flow_logs.HEADER.split()) - {"version", "account-id"}
FlowKey = tuple[str, str, str, str, str, str]


def conserved(scenario: Scenario) -> Iterator[Complaint]:
    """Flow logs of all traffic have as many packets and bytes of each flow, direction and interval as the captures of
    the interfaces' hosts show; and altogether as many as the simulator's own view, which has gateways and what was
    rejected before it arrived, too."""
    own = flow_logs.logs_of(scenario)
    for log, records in records_of(scenario).items():
        described = scenario.delivery.described.get(log, {})
        if log in refused(scenario) or described.get("TrafficType", "ALL") != "ALL":
            continue
        since = int(datetime.fromisoformat(described["CreationTime"]).timestamp()) if described else 0
        by_interface: dict[str, list[Record]] = defaultdict(list)
        for one in records:
            if NEEDED <= one.keys():
                by_interface[one["interface-id"]].append(one)
        for eni, metered in by_interface.items():
            if any(one["log-status"] == "SKIPDATA" for one in metered):
                continue
            host = next((host for host in scenario.hosts if host.eni == eni), None)
            if host:
                yield from as_captured(scenario, log, host, metered, since)
            if eni in own:
                view = [record(line, flow_logs.HEADER.split()) for line in own[eni].records]
                view = [one for one in view if int(one["start"]) >= since]
                yield from balance(f"{log} at {eni}", own[eni].path, sums(view), sums(metered))


def sums(records: list[Record], width: int | None = None) -> dict[tuple, list[int]]:
    """Packets and bytes by flow, and by interval if that has a width."""
    summed: dict[tuple, list[int]] = defaultdict(lambda: [0, 0])
    for one in records:
        if one["log-status"] == "OK":
            key = tuple(one[name] for name in ("srcaddr", "dstaddr", "srcport", "dstport", "protocol", "action"))
            interval = int(one["start"]) // width * width if width else 0
            total = summed[(interval, *key)]
            total[0] += int(one["packets"])
            # What Block Public Access refuses has none.
            total[1] += int(one["bytes"]) if one["bytes"] != "-" else 0
    return summed


def as_captured(scenario: Scenario, log: str, host: Capture, records: list[Record], since: int) -> Iterator[Complaint]:
    width = interval_of(records, scenario.delivery.described.get(log, {}))
    late = {
        (src, str(sport), str(dport))
        for j in scenario.journeys
        if j.is_packet and j.dropped in flow_logs.AFTER_THE_METER and j.data["at"] == host.label
        for src, _, sport, dport, _ in [j.arrival]
    }
    # Of what is rejected on its way in the capture knows nothing.
    visible = [
        one
        for one in records
        if not (one["action"] == "REJECT" and one["dstaddr"] == host.address != one["srcaddr"])
        and (one["srcaddr"], one["srcport"], one["dstport"]) not in late
    ]
    expected: dict[tuple, list[int]] = defaultdict(lambda: [0, 0])
    for minute, flows in flow_logs.metered(host, scenario).items():
        for (outbound, (src, dst, sport, dport, protocol), action), flow in flows.items():
            # On the interface's own side stands its own address.
            src, dst = (host.address, dst) if outbound else (src, host.address)
            if minute >= since // 60 * 60 and (src, str(sport), str(dport)) not in late:
                key = (minute // width * width, src, dst, str(sport), str(dport), str(protocol), action)
                expected[key][0] += flow.packets
                expected[key][1] += flow.bytes
    yield from balance(f"{log} at {host.eni}", host.path, expected, sums(visible, width))


def interval_of(records: list[Record], described: dict) -> int:
    """Seconds: interfaces on Nitro have a minute, others have ten of them if nothing else was asked for, which shows in
    how long they have no data or, if they always have some, in what lasts longer than a minute."""
    if described.get("MaxAggregationInterval") == 60:
        return 60
    silent = [int(one["end"]) - int(one["start"]) for one in records if one["log-status"] == "NODATA"]
    crosses = any(int(one["start"]) // 60 != int(one["end"]) // 60 for one in records)
    return 600 if (max(silent) >= 60 if silent else crosses) else 60


def balance(place: str, path: Path, expected: dict[tuple, list[int]], came: dict[tuple, list[int]]) -> Iterator[Complaint]:
    for key in sorted({*expected, *came}):
        one, other = expected.get(key, [0, 0]), came.get(key, [0, 0])
        if list(one) != list(other):
            flow = " ".join(map(str, key[1:]))
            when = f", interval {key[0]}" if key[0] else ""
            yield Complaint(
                "conserved",
                path,
                f"{place}: {flow}{when}",
                f"{one[0]} packets, {one[1]} bytes",
                f"{other[0]} packets, {other[1]} bytes",
            )


CHECKS = [sent, read, database, copies, conserved]
