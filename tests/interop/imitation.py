"""moto, an imitation of S3 and CloudWatch Logs that others wrote: what vpclab delivers there, and what readers that
others wrote find there.
"""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from logging import ERROR, getLogger
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import patch
from urllib.request import Request, urlopen

import boto3
from flowlogs_reader import FlowLogsReader, FlowRecord, S3FlowLogsReader
from moto.server import ThreadedMotoServer

from delivered import Delivery, Object
from run_output import Scenario

CREDENTIALS = {"AWS_ACCESS_KEY_ID": "interop", "AWS_SECRET_ACCESS_KEY": "interop"}
PATIENCE = 60
# Seconds after which a record is there.
DELAY = 600


@dataclass
class Contents:
    """What is there: objects by bucket and key, events by group and stream."""

    objects: dict[tuple[str, str], bytes] = field(default_factory=dict)
    events: dict[tuple[str, str], list[tuple[int, str]]] = field(default_factory=dict)


@dataclass
class Received:
    """What came of a delivery, and of the same once more."""

    # What vpclab said if something went wrong.
    said: list[str] = field(default_factory=list)
    first: Contents = field(default_factory=Contents)
    again: Contents = field(default_factory=Contents)
    # What flowlogs-reader reads, by bucket and prefix, and by group; or why it does not.
    buckets: dict[tuple[str, str], list[FlowRecord] | str] = field(default_factory=dict)
    groups: dict[str, list[FlowRecord] | str] = field(default_factory=dict)


class Server:
    """A server on the loopback interface."""

    def __enter__(self) -> Server:
        # Requests are nothing to tell of.
        getLogger("werkzeug").setLevel(ERROR)
        self.server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
        self.server.start()
        host, port = self.server.get_host_and_port()
        self.url = f"http://{host}:{port}"
        self.environment = {name: value for name, value in os.environ.items() if not name.upper().endswith("_PROXY")}
        self.environment |= CREDENTIALS
        return self

    def __exit__(self, *_: object) -> None:
        self.server.stop()

    def reset(self) -> None:
        """Forgets everything."""
        urlopen(Request(f"{self.url}/moto-api/reset", method="POST"), timeout=PATIENCE).close()

    def client(self, service: str, region: str):
        keys = {f"aws_{name.removeprefix('AWS_').lower()}": value for name, value in CREDENTIALS.items()}
        return boto3.client(service, region_name=region, endpoint_url=self.url, **keys)

    def receive(self, vpclab: Path, root: Path, scenario: Scenario, out: Path) -> Received:
        """Delivers what a scenario leaves as it is run, and then the same from its folder."""
        self.reset()
        # CloudWatch Logs takes nothing that is older than 14 days: to moto it is the moment at which all of it is there.
        now = datetime.fromtimestamp(last_event(scenario.delivery) + DELAY, timezone.utc).replace(tzinfo=None)
        with patch("moto.logs.models.utcnow", lambda: now):
            return self.received(vpclab, root, scenario, out)

    def received(self, vpclab: Path, root: Path, scenario: Scenario, out: Path) -> Received:
        received = Received()
        for bucket, region in scenario.delivery.buckets.items():
            where = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
            self.client("s3", region).create_bucket(Bucket=bucket, **where)
        endpoints = ["--s3-endpoint", self.url, "--logs-endpoint", self.url]
        commands = [
            ["run", scenario.result["scenario"], "--quiet", "--out", str(out), *endpoints],
            ["deliver", str(scenario.folder), *endpoints],
        ]
        for command in commands:
            done = subprocess.run(
                [str(vpclab), *command], cwd=root, env=self.environment, capture_output=True, text=True, timeout=PATIENCE
            )
            if done.returncode:
                received.said.append(f"{' '.join(command)}: {done.returncode}\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
            if command[0] == "run":
                received.first = self.contents(scenario.delivery)
        received.again = self.contents(scenario.delivery)
        self.read(scenario.delivery, received)
        return received

    def contents(self, delivery: Delivery) -> Contents:
        contents = Contents()
        for bucket, region in delivery.buckets.items():
            client = self.client("s3", region)
            for page in client.get_paginator("list_objects_v2").paginate(Bucket=bucket):
                for entry in page.get("Contents", []):
                    body = client.get_object(Bucket=bucket, Key=entry["Key"])["Body"].read()
                    contents.objects[bucket, entry["Key"]] = body
        for group, region in delivery.groups.items():
            client = self.client("logs", region)
            for page in client.get_paginator("describe_log_streams").paginate(logGroupName=group):
                for stream in page["logStreams"]:
                    name = stream["logStreamName"]
                    contents.events[group, name] = self.events(client, group, name)
        return contents

    def events(self, client, group: str, stream: str) -> list[tuple[int, str]]:
        events, token = [], None
        while True:
            more = {"nextToken": token} if token else {}
            page = client.get_log_events(logGroupName=group, logStreamName=stream, startFromHead=True, **more)
            if not page["events"]:
                return events
            events += [(event["timestamp"], event["message"]) for event in page["events"]]
            token = page["nextForwardToken"]

    def read(self, delivery: Delivery, received: Received) -> None:
        """Lets flowlogs-reader read, which has no idea of Hive's form of keys."""
        places: dict[tuple[str, str], list[Object]] = {}
        for entry in delivery.objects:
            if not entry.is_hive:
                places.setdefault((entry.bucket, entry.prefix), []).append(entry)
        for (bucket, prefix), entries in places.items():
            slots = [datetime.strptime(entry.slot, "%Y%m%dT%H%MZ") for entry in entries]
            received.buckets[bucket, prefix] = read_with(
                S3FlowLogsReader,
                f"{bucket}/{prefix}",
                boto_client=self.client("s3", entries[0].region),
                start_time=min(slots),
                end_time=max(slots) + timedelta(minutes=1),
                # Files are read at once, as far as that goes.
                thread_count=2,
            )
        for group, region in delivery.groups.items():
            times = [event["timestamp"] // 1000 for event in delivery.events(group)]
            begin, end = (datetime.fromtimestamp(at, timezone.utc).replace(tzinfo=None) for at in (min(times), max(times)))
            received.groups[group] = read_with(
                FlowLogsReader,
                group,
                boto_client=self.client("logs", region),
                start_time=begin,
                end_time=end + timedelta(seconds=1),
                **fields_by_description(delivery.of_group(group)),
            )


def last_event(delivery: Delivery) -> int:
    return max((event["timestamp"] // 1000 for stream in delivery.streams for event in stream.events), default=0)


def fields_by_description(logs: list[dict]) -> dict:
    """It asks DescribeFlowLogs for the format, and is told what vpclab told; if nobody asked that, it is the default."""
    if not logs:
        return {}
    return {"fields": None, "ec2_client": SimpleNamespace(describe_flow_logs=lambda **_: {"FlowLogs": logs})}


def read_with(reader: type, place: str, **options) -> list[FlowRecord] | str:
    try:
        return list(reader(place, raise_on_error=True, **options))
    except Exception as error:  # Whatever a reader says, it is a complaint.
        return f"{type(error).__name__}: {error}"
