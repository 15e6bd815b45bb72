"""What flow logs delivered: the objects and streams in the output folder, by a parser of our own."""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

DEFAULT_FORMAT = (
    "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end "
    "action log-status"
).split()

# A record: its fields and values in the order of the format.
Record = dict[str, str]


@dataclass(frozen=True)
class Object:
    """An object, as delivery.json lists it."""

    bucket: str
    region: str
    key: str
    path: Path

    @property
    def is_parquet(self) -> bool:
        return self.key.endswith(".parquet")

    @property
    def is_hive(self) -> bool:
        return "/aws-service=vpcflowlogs/" in self.key

    @property
    def prefix(self) -> str:
        """What the flow log put before `AWSLogs/`."""
        return self.key.partition("AWSLogs/")[0].rstrip("/")

    @property
    def flow_log(self) -> str:
        return self.key.rsplit("/")[-1].split("_")[3]

    @property
    def slot(self) -> str:
        """The beginning of its five minutes, e.g. `20240628T0900Z`."""
        return self.key.rsplit("/")[-1].split("_")[4]

    @cached_property
    def text(self) -> str:
        return gzip.decompress(self.path.read_bytes()).decode()

    @property
    def header(self) -> list[str]:
        return self.text.split("\n", 1)[0].split(" ")

    @property
    def lines(self) -> list[str]:
        return self.text.splitlines()[1:]

    @property
    def records(self) -> list[Record]:
        return [record(line, self.header) for line in self.lines]


@dataclass(frozen=True)
class Stream:
    """A stream of a log group, as delivery.json lists it."""

    group: str
    name: str
    region: str
    path: Path

    @cached_property
    def events(self) -> list[dict]:
        return [json.loads(line) for line in self.path.read_text().splitlines()]


def record(line: str, names: list[str]) -> Record:
    """Raises ValueError if there are more or fewer values than names."""
    return dict(zip(names, line.split(" "), strict=True))


class Delivery:
    """The folder of a scenario."""

    def __init__(self, folder: Path, result: dict) -> None:
        self.folder, self.result = folder, result
        path = folder / "delivery.json"
        manifest = json.loads(path.read_text()) if path.exists() else {"objects": [], "streams": []}
        self.objects = [Object(o["bucket"], o["region"], o["key"], folder / o["file"]) for o in manifest["objects"]]
        self.streams = [Stream(s["group"], s["stream"], s["region"], folder / s["file"]) for s in manifest["streams"]]

    def __bool__(self) -> bool:
        return bool(self.objects or self.streams)

    @property
    def text(self) -> list[Object]:
        return [entry for entry in self.objects if not entry.is_parquet]

    @property
    def parquet(self) -> list[Object]:
        return [entry for entry in self.objects if entry.is_parquet]

    @property
    def buckets(self) -> dict[str, str]:
        """Their regions by name."""
        return {entry.bucket: entry.region for entry in self.objects}

    @property
    def groups(self) -> dict[str, str]:
        return {stream.group: stream.region for stream in self.streams}

    @cached_property
    def described(self) -> dict[str, dict]:
        """Flow logs by id, as the last `aws ec2 describe-flow-logs` told of them."""
        documents = [step.get("document") or {} for step in self.result["steps"] if step["kind"] == "aws"]
        return {log["FlowLogId"]: log for document in documents for log in document.get("FlowLogs", [])}

    def of_group(self, group: str) -> list[dict]:
        return [log for log in self.described.values() if log.get("LogGroupName") == group]

    def format_of(self, group: str) -> list[str]:
        """The fields of a group's events: those that flow logs of one group have in common, for events have no header."""
        logs = self.of_group(group)
        return fields_of(logs[0]) if logs else DEFAULT_FORMAT

    def events(self, group: str) -> list[dict]:
        return [event for stream in self.streams if stream.group == group for event in stream.events]


def fields_of(log: dict) -> list[str]:
    return [word.removeprefix("${").removesuffix("}") for word in log["LogFormat"].split(" ")]
