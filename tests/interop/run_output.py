"""What a run left behind: result.json, captures, flow logs, as the checks see them."""

from __future__ import annotations

import json
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timezone
from functools import cached_property
from os import cpu_count
from pathlib import Path
from typing import TYPE_CHECKING

from delivered import Delivery
from tshark import Capture, Frame

if TYPE_CHECKING:
    from imitation import Received

ICMP_NAMES = {"destination unreachable": 3, "echo reply": 0, "echo request": 8, "time exceeded": 11}

TITLE = re.compile(
    r"(?P<kind>.*?)(?P<src>\d+\.\d+\.\d+\.\d+)(?::(?P<sport>\d+))? > "
    r"(?:.* )?(?P<dst>\d+\.\d+\.\d+\.\d+)(?::(?P<dport>\d+))?$"
)


@dataclass(frozen=True)
class Complaint:
    """What is wrong: the file, the frame or line, what was expected and what came."""

    check: str
    file: Path | str
    place: str
    expected: object
    came: object

    def __str__(self) -> str:
        return (
            f"{self.check}: {self.file}, {self.place}\n"
            f"    expected: {self.expected}\n"
            f"    came:     {self.came}"
        )


def nanoseconds(timestamp: str) -> int:
    """Nanoseconds since 1970 of e.g. `2024-06-28T09:00:06.12002Z`."""
    seconds, _, fraction = timestamp.removesuffix("Z").partition(".")
    whole = datetime.fromisoformat(seconds).replace(tzinfo=timezone.utc)
    return int(whole.timestamp()) * 1_000_000_000 + int(fraction.ljust(9, "0") or 0)


@dataclass
class Journey:
    """Packets of a step that went the same way."""

    step: int
    first: int
    last: int
    data: dict

    @cached_property
    def _title(self) -> re.Match | None:
        return None if self.data["packet"].startswith("arp ") else TITLE.match(self.data["packet"])

    @property
    def is_packet(self) -> bool:
        return self._title is not None

    @cached_property
    def flow(self) -> tuple[str, str, int, int, int]:
        """Source, destination, source port, destination port, protocol: as the packet was sent."""
        title = self._title
        protocol = {"tcp": 6, "udp": 17, "icmp": 1}.get(title["kind"].split()[0], -1)
        return title["src"], title["dst"], int(title["sport"] or 0), int(title["dport"] or 0), protocol

    @cached_property
    def kind(self) -> tuple:
        """What else makes packets alike: TCP flags without PSH, or ICMP type."""
        words = self._title["kind"]
        if words.startswith("tcp no flags "):
            return "tcp", frozenset()
        if words.startswith("tcp "):
            return "tcp", frozenset(words.split()[1].split("-"))
        if words.startswith("icmp "):
            for name, number in ICMP_NAMES.items():
                if words.startswith(f"icmp {name} "):
                    return "icmp", number
            number = re.match(r"icmp type (\d+) code \d+ ", words)
            # All fragments but the first are just `icmp`.
            return "icmp", int(number[1]) if number else None
        return (words.split()[0],)

    @cached_property
    def arrival(self) -> tuple[str, str, int, int, int]:
        """The flow as the last of its hops saw it: behind all translations."""
        ends = [[self.flow[0], self.flow[2]], [self.flow[1], self.flow[3]]]
        for hop in self.data["path"]:
            if hop.get("verdict") == "translates":
                old, new = (part.partition(":") for part in hop["detail"].split(" -> "))
                for end in ends:
                    if end[0] == old[0] and (not old[2] or end[1] == int(old[2])):
                        end[0] = new[0]
                        end[1] = int(new[2] or end[1])
                        break
        return ends[0][0], ends[1][0], ends[0][1], ends[1][1], self.flow[4]

    @property
    def is_cut(self) -> bool:
        """Whether it went on as fragments, which have journeys of their own."""
        return self.data["fate"] == "fragmented"

    @property
    def dropped(self) -> str | None:
        return self.data.get("reason")

    @cached_property
    def is_late(self) -> bool:
        """Whether it was dropped after it had travelled, and not at once."""
        filters = [hop for hop in self.data["path"] if hop["kind"] in ("security group", "network ACL")]
        arrived = any(hop["kind"] == "arrives" for hop in self.data["path"])
        return arrived or any(hop["detail"].startswith("ingress") for hop in filters)


def kind_of(frame: Frame) -> tuple:
    """What a journey calls the kind of a frame."""
    if frame.protocol == 6:
        names = (("SYN", 0x02), ("FIN", 0x01), ("RST", 0x04), ("ACK", 0x10))
        return "tcp", frozenset(name for name, bit in names if frame.flags & bit)
    if frame.protocol == 1:
        return "icmp", frame.icmp_type
    return ({17: "udp"}.get(frame.protocol, str(frame.protocol)),)


def mirror(flow: tuple) -> tuple:
    """The flow of the answers."""
    src, dst, sport, dport, protocol = flow
    return dst, src, dport, sport, protocol


def conversation(flow: tuple) -> frozenset:
    """Both directions of a flow are one."""
    src, dst, sport, dport, protocol = flow
    return frozenset([(src, sport, protocol), (dst, dport, protocol)])


@dataclass
class Log:
    """A flow log."""

    path: Path

    @cached_property
    def lines(self) -> list[str]:
        return self.path.read_text().splitlines()

    @property
    def records(self) -> list[str]:
        return self.lines[1:]


@dataclass
class Scenario:
    """The folder of a scenario."""

    folder: Path
    # Captures that were read before; if none are given, all of them are read.
    given: list[Capture] = field(default_factory=list)
    # What came of its delivery, once it was tried.
    received: Received | None = None

    @cached_property
    def captures(self) -> list[Capture]:
        if self.given:
            return self.given
        with ThreadPoolExecutor(cpu_count()) as pool:
            return list(pool.map(Capture, sorted((self.folder / "pcap").glob("*.pcapng"))))

    @property
    def name(self) -> str:
        return self.folder.name

    @cached_property
    def result(self) -> dict:
        return json.loads((self.folder / "result.json").read_text())

    @cached_property
    def delivery(self) -> Delivery:
        return Delivery(self.folder, self.result)

    @property
    def everything(self) -> Capture:
        return next(capture for capture in self.captures if capture.name == "all")

    @property
    def hosts(self) -> list[Capture]:
        return [capture for capture in self.captures if capture.name != "all"]

    @cached_property
    def logs(self) -> dict[str, Log]:
        return {path.stem: Log(path) for path in sorted((self.folder / "flow-logs").glob("*.log"))}

    @cached_property
    def start(self) -> int:
        return nanoseconds(self.result["start"])

    @cached_property
    def end(self) -> int:
        """When its last step was over."""
        return self.start + self.result["simulated_ns"]

    @cached_property
    def journeys(self) -> list[Journey]:
        return [
            Journey(step["number"], begin + journey["first_ns"], begin + journey["last_ns"], journey)
            for step in self.result["steps"]
            for begin in [nanoseconds(step["begin"])]
            for journey in step.get("journeys", [])
        ]

    def sender(self, journey: Journey) -> Capture | None:
        """The host that sent it. Routers and gateways, which answer by themselves and cut packets into
        fragments, have no capture."""
        first = journey.data["path"][0] if journey.data["path"] else None
        if not first or first["kind"] != "leaves":
            return None
        eni = re.match(r"eni-[0-9a-f]+", first["detail"])
        for host in self.hosts:
            if host.eni == eni[0] if eni else host.label == first["object"] and not host.eni:
                return host
        return None

    def receiver(self, journey: Journey) -> Capture | None:
        return next((host for host in self.hosts if host.label == journey.data.get("to")), None)

    @cached_property
    def cut(self) -> set[tuple]:
        """Steps, addresses and protocols of what was cut into fragments on its way, behind translations."""
        return {(j.step, *j.arrival[:2], j.arrival[4]) for j in self.journeys if j.is_packet and j.is_cut}

    def is_cut(self, journey: Journey) -> bool:
        """Whether some of its packets may be fragments of others that were cut on their way."""
        return (journey.step, *journey.flow[:2], journey.flow[4]) in self.cut and not journey.is_cut

    @cached_property
    def translations(self) -> dict[tuple, set[tuple]]:
        """Flows that are one, for they are translated into each other on the way."""
        groups: dict[tuple, set[tuple]] = {}
        for journey in self.journeys:
            if journey.is_packet and journey.flow != journey.arrival:
                # Answers take the same way back, also those of which no step tells.
                for one, other in ((journey.flow, journey.arrival), map(mirror, (journey.flow, journey.arrival))):
                    group = groups.get(one, {one}) | groups.get(other, {other})
                    groups.update(dict.fromkeys(group, group))
        return groups

    def same(self, flow: tuple) -> frozenset:
        """All names of a flow: by themselves, behind an internet or a NAT gateway, behind an endpoint."""
        return frozenset(self.translations.get(flow, {flow}))

    @cached_property
    def _begun(self) -> dict[frozenset, int]:
        begun: dict[frozenset, int] = {}
        for journey in self.journeys:
            if journey.is_packet:
                for flow in self.same(journey.flow):
                    begun.setdefault(conversation(flow), journey.step)
        return begun

    def begun(self, flow: tuple) -> int | None:
        """The step in which a conversation began: later ones tell nothing of it."""
        return self._begun.get(conversation(flow))

    def step_at(self, at: int) -> int:
        """At the very moment a step begins, the one before it may not be over: the later one counts."""
        return sum(nanoseconds(step["begin"]) <= at for step in self.result["steps"])

    @cached_property
    def private_addresses(self) -> dict[str, str]:
        """Of public ones, as internet gateways translated them."""
        pairs = {}
        for journey in self.journeys:
            for hop in journey.data["path"]:
                if hop["kind"] == "internet gateway" and " -> " in hop["detail"]:
                    one, other = hop["detail"].split(" -> ")
                    own = {host.address for host in self.hosts if host.eni}
                    if one in own:
                        pairs[other] = one
                    elif other in own:
                        pairs[one] = other
        return pairs

    @cached_property
    def chosen_ports(self) -> set[int]:
        """Those that commands asked for in place of one that the host would have taken."""
        commands = [step["command"] for step in self.result["steps"] if step["kind"] == "run"]
        return {int(port) for command in commands for port in re.findall(r"(?: -p|--local-port) (\d+)", command)}

    @property
    def loses(self) -> bool:
        """Whether only some packets of a connection got lost in it: by chance or in a crowd on a link, or the long ones."""
        return any(journey.dropped in ("link-loss", "link-queue-full", "mtu-exceeded") for journey in self.journeys)

    @property
    def drops(self) -> bool:
        """Whether anything was dropped in it."""
        return any(journey.dropped for journey in self.journeys) or any(
            frame.dropped for host in self.hosts for frame in host.frames
        )
