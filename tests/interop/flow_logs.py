"""Checks of flow logs: against a meter of our own that sees only the captures, and by a parser that
others wrote.
"""

from __future__ import annotations

from calendar import timegm
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import ip_address

from flowlogs_reader import FlowRecord

from run_output import Complaint, Log, Scenario, kind_of
from tshark import Capture, Frame

HEADER = (
    "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end "
    "action log-status"
)
INTERVAL = 60
SECOND = 1_000_000_000
IP_HEADER = 20

# What interfaces reject: filters do, and so do a full table of tracked flows and Block Public Access.
REJECTIONS = ("security-group", "network-acl", "tracking-exceeded", "public-access-blocked")

# Packets that an interface accepts and that then do not reach the host.
AFTER_THE_METER = ("destination-check", "not-running")


@dataclass
class Flow:
    """What is counted of a flow in an interval."""

    packets: int = 0
    bytes: int = 0
    start: int = 0
    end: int = 0


def routers(scenario: Scenario) -> set[str]:
    """The reserved addresses that hosts asked for: traffic with them is not logged."""
    hosts = {address for host in scenario.hosts for address in host.addresses}
    asked = {
        frame.get("arp.dst.proto_ipv4")
        for host in scenario.hosts
        for frame in host.frames
        if frame.outbound and frame.get("arp.opcode") == "1"
    }
    # Nor is traffic with the services next to an interface: the resolver with the base of a VPC plus two,
    # which no host has, and what is link-local.
    next_to = {
        address
        for host in scenario.hosts
        if host.eni
        for frame in host.frames
        if frame.is_ip
        for address, port in (frame.flow[0:3:2], frame.flow[1:4:2])
        if address.startswith("169.254.") or (port == 53 and address.endswith(".2") and ip_address(address).is_private)
    }
    # Gateways and endpoints in the same subnet are asked for too, and their traffic is logged.
    with_log = {
        address
        for eni, log in logs_of(scenario).items()
        if eni not in {host.eni for host in scenario.hosts}
        for address in common_addresses(log)
    }
    return (asked | next_to) - hosts - with_log


def metered(host: Capture, scenario: Scenario) -> dict[int, dict[tuple, Flow]]:
    """Flows by interval, in the order in which they begin: out of the host's interface those that were
    accepted or rejected, into it those that were accepted, for others do not reach the host."""
    unlogged = routers(scenario)
    intervals: dict[int, dict[tuple, Flow]] = defaultdict(dict)
    for frame in host.frames:
        if not frame.is_ip or frame.at >= end_of_log(scenario) or {*frame.flow[:2]} & unlogged:
            continue
        # Dropped before the meter.
        if frame.outbound and frame.dropped in ("malformed", "not-unicast", "source-check", "link-local", "link-local-rate", "dns-support-off"):
            continue
        action = "REJECT" if frame.outbound and frame.dropped in REJECTIONS else "ACCEPT"
        second = frame.at // SECOND
        flows = intervals[second // INTERVAL * INTERVAL]
        flow = flows.setdefault((frame.outbound, frame.flow, action), Flow(start=second))
        flow.packets += 1
        # What Block Public Access refuses has none.
        flow.bytes += frame.int("ip.len") if frame.dropped != "public-access-blocked" else 0
        flow.end = second
    return intervals


def end_of_log(scenario: Scenario) -> int:
    """Records are there of every interval that began before the run was over: the end of the last one. What is to be
    delivered then still arrives, and the run goes on as long."""
    minute = INTERVAL * SECOND
    last = max((int(line.split()[11]) for line in scenario.logs["all"].records), default=0) if scenario.delivery else 0
    return -(-max(scenario.end, last * SECOND) // minute) * minute


def records(host: Capture, log: Log | None, scenario: Scenario) -> list[str]:
    """The lines that a log has to have, without those of packets rejected on their way in: of these
    the capture knows nothing."""
    account = log.records[0].split()[1] if log and log.records else "?"
    intervals = metered(host, scenario)
    rejected = [line.split() for line in (log.records if log else []) if is_ingress_reject(line, host)]
    # More flows than the interface records: which of them these are is not said.
    skipped = {int(line.split()[10]) for line in (log.records if log else []) if line.endswith(" SKIPDATA")}
    active = {int(words[10]) // INTERVAL * INTERVAL for words in rejected} | set(intervals) | skipped
    lines = []
    if not active:
        return lines
    for begin in range(min(active), end_of_log(scenario) // SECOND, INTERVAL):
        if begin in skipped:
            same = [line for line in log.records if int(line.split()[10]) // INTERVAL * INTERVAL == begin]
            lines += [line for line in same if not is_ingress_reject(line, host)]
            continue
        if begin not in active:
            end = begin + INTERVAL - 1
            lines.append(f"2 {account} {host.eni} - - - - - - - {begin} {end} - NODATA")
        for (outbound, (src, dst, sport, dport, protocol), action), flow in intervals.get(begin, {}).items():
            # On the interface's own side stands its own address.
            src, dst = (host.address, dst) if outbound else (src, host.address)
            lines.append(
                f"2 {account} {host.eni} {src} {dst} {sport} {dport} {protocol} "
                f"{flow.packets} {flow.bytes or '-'} {flow.start} {flow.end} {action} OK"
            )
    return lines


def is_ingress_reject(line: str, host: Capture) -> bool:
    words = line.split()
    return words[12] == "REJECT" and words[4] == host.address and words[3] != host.address


def logs_of(scenario: Scenario) -> dict[str, Log]:
    """Logs by interface."""
    return {
        log.records[0].split()[2]: log
        for name, log in scenario.logs.items()
        if name != "all" and log.records
    }


def reference(scenario: Scenario) -> Iterator[Complaint]:
    """Every record is what a meter of our own makes of the host's capture."""
    logs = logs_of(scenario)
    for host in scenario.hosts:
        if not host.eni:
            continue
        log = logs.get(host.eni)
        expected = records(host, log, scenario)
        path = log.path if log else scenario.folder / "flow-logs"
        came = [
            (number, line)
            for number, line in enumerate(log.lines[1:] if log else [], 2)
            if not is_ingress_reject(line, host)
        ]
        late = {
            j.arrival
            for j in scenario.journeys
            if j.is_packet and j.dropped in AFTER_THE_METER and j.data["at"] == host.label
        }
        if late:
            # Accepted at the interface, and dropped before the host: no capture has them.
            known = set(expected)
            # On the interface's own side stands its own address, for whatever host they were.
            flows = {(src, host.address, str(sport), str(dport)) for src, _, sport, dport, _ in late}
            came = [(n, line) for n, line in came if line in known or tuple(line.split()[3:7]) not in flows]
            expected = [line for line in expected if tuple(line.split()[3:7]) not in flows or line in dict(map(reversed, came))]
        yield from differences(path, expected, came, host)


def differences(path, expected: list[str], came: list[tuple[int, str]], host: Capture) -> Iterator[Complaint]:
    missing = Counter(expected) - Counter(line for _, line in came)
    surplus = Counter(line for _, line in came) - Counter(expected)
    for number, line in came:
        if surplus[line]:
            surplus[line] -= 1
            same = [other for other in missing if other.split()[2:8] == line.split()[2:8]]
            wanted = same[0] if same else f"nothing of the kind in {host.path.name}"
            missing.pop(wanted, None)
            yield Complaint("reference", path, f"line {number}", wanted, line)
    for line in missing.elements():
        yield Complaint("reference", path, "a line", line, "no such line")
    if Counter(line for _, line in came) == Counter(expected) and [line for _, line in came] != expected:
        number, line, wanted = next((n, c, e) for (n, c), e in zip(came, expected) if c != e)
        yield Complaint("reference", path, f"line {number}, the order", wanted, line)


def rejected(scenario: Scenario) -> Iterator[Complaint]:
    """What is rejected on its way in was sent and did not arrive."""
    sent, arrived = defaultdict(list), defaultdict(list)
    for host in scenario.hosts:
        for frame in host.frames:
            # What Block Public Access refuses on its way in is dropped at once for a host on the internet.
            at_interface = not host.eni and frame.dropped == "public-access-blocked"
            if frame.is_ip and frame.at < end_of_log(scenario) and not (frame.outbound and frame.dropped and not at_interface):
                (sent if frame.outbound else arrived)[scenario.same(frame.flow)].append(frame)
    cut = {scenario.same(j.flow) for j in scenario.journeys if j.is_packet and j.is_cut}
    # What vanished for another reason, or at an interface without a meter.
    other = {
        scenario.same(j.flow)
        for j in scenario.journeys
        if j.is_packet and j.dropped and j.is_late and j.dropped not in REJECTIONS
    }

    counted: dict[frozenset, list[int]] = defaultdict(lambda: [0, 0])
    places = {}
    hosts = {host.eni: host for host in scenario.hosts if host.eni}
    for eni, log in logs_of(scenario).items():
        own = hosts[eni].address if eni in hosts else own_address(log)
        forwards = eni not in hosts or hosts[eni].forwarded
        for number, line in enumerate(log.lines[1:], 2):
            words = line.split()
            if words[12] == "REJECT" and words[4] == own != words[3]:
                src, *ports = words[3], *map(int, words[5:8])
                flow = scenario.same((src, own, *ports))
                if forwards and flow not in sent:
                    # A gateway's or middlebox's own address stands in place of the one it was to be sent on to.
                    alike = [same for same in sent if any((f[0], *f[2:]) == (src, *ports) for f in same)]
                    flow = alike[0] if len(alike) == 1 else flow
                counted[flow][0] += int(words[8])
                # What Block Public Access refuses has no bytes: they are as many as were lost.
                untold = words[9] == "-"
                counted[flow][1] += total(sent[flow])[1] - total(arrived[flow])[1] if untold else int(words[9])
                places[flow] = (log.path, f"line {number}")
    addresses = {host.address for host in scenario.hosts if host.eni}
    everybody = {host.address for host in scenario.hosts}
    for flow in {*counted, *sent}:
        if not any(src in everybody for src, *_ in flow):
            # Services that are there without being described have no capture: nobody knows what they sent.
            continue
        # Routers and gateways answer by themselves, in a host's name or their own: no capture has that as sent.
        kinds = {kind_of(frame) for frame in sent[flow]}
        received = [frame for frame in arrived[flow] if flow in cut or kind_of(frame) in kinds]
        lost = [s - a for s, a in zip(total(sent[flow]), total(received))]
        came = list(counted.get(flow, (0, 0)))
        # Of conversations that earlier steps began, result.json does not tell where they were dropped.
        first = scenario.begun(next(iter(flow)))
        untold = [frame for frame in sent[flow] if first and scenario.step_at(frame.at) > first]
        rest = [min(o, max(0, l - c)) for o, l, c in zip(total(untold), lost, came)]
        came_at_least = [c + r for c, r in zip(came, rest)]
        if flow in cut:
            # Cut into fragments on the way, there are more packets, each with a header of its own.
            lost, came_at_least = ([0, size - IP_HEADER * packets] for packets, size in (lost, came_at_least))
        is_metered = any(dst in addresses for _, dst, *_ in flow)
        if is_metered and flow not in other and lost != came_at_least:
            path, place = places.get(flow, (scenario.folder / "flow-logs" / "all.log", f"{sorted(flow)}"))
            expected = f"{lost[0]} packets, {lost[1]} bytes rejected: sent and not received"
            yield Complaint("rejected", path, place, expected, f"{came[0]} packets, {came[1]} bytes")


def own_address(log: Log) -> str | None:
    """The address of a gateway's interface, which has no capture: it is in all records."""
    common = common_addresses(log)
    return common.pop() if len(common) == 1 else None


def common_addresses(log: Log) -> set[str]:
    """The addresses that are in every record of a log."""
    pairs = [{*line.split()[3:5]} for line in log.records if not line.endswith(("NODATA", "SKIPDATA"))]
    return set.intersection(*pairs) if pairs else set()


def total(frames: list[Frame]) -> tuple[int, int]:
    return len(frames), sum(frame.int("ip.len") for frame in frames)


def whole(scenario: Scenario) -> Iterator[Complaint]:
    """The log with everything has the lines of all others, and each other those of one interface."""
    every = scenario.logs["all"]
    for name, log in scenario.logs.items():
        if not log.lines or log.lines[0] != HEADER:
            yield Complaint("whole", log.path, "line 1", HEADER, log.lines[:1])
        interfaces = {line.split()[2] for line in log.records}
        if name != "all":
            if len(interfaces) != 1:
                yield Complaint("whole", log.path, "interfaces", 1, sorted(interfaces))
            lines = [line for line in every.records if line.split()[2] in interfaces]
            if lines != log.records:
                yield Complaint("whole", every.path, f"lines of {sorted(interfaces)}", log.records, lines)
    count = sum(len(log.records) for name, log in scenario.logs.items() if name != "all")
    if count != len(every.records):
        yield Complaint("whole", every.path, "lines", count, len(every.records))


def parsed(scenario: Scenario) -> Iterator[Complaint]:
    """flowlogs-reader understands every line as it was meant."""
    fields = HEADER.replace("-", "_").split()
    for log in scenario.logs.values():
        for number, line in enumerate(log.records, 2):
            place = f"line {number}"
            words = line.split(" ")
            if len(words) != len(fields):
                yield Complaint("parsed", log.path, place, f"{len(fields)} fields", line)
                continue
            try:
                record = FlowRecord.from_cwl_event({"message": line}, fields=fields)
            except ValueError as error:
                yield Complaint("parsed", log.path, place, "a record", f"{error}: {line}")
                continue
            # Its own `to_message` prints a dash in place of 0.
            again = " ".join(printed(getattr(record, name)) for name in fields)
            if again != line:
                yield Complaint("parsed", log.path, place, line, again)


def printed(value) -> str:
    if value is None:
        return "-"
    return str(timegm(value.utctimetuple())) if hasattr(value, "utctimetuple") else str(value)


CHECKS = [reference, rejected, whole, parsed]
