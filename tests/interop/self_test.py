"""Shows that the checks can fail: spoils a copy of what a run left, and asks for the right complaint.

Reads and writes the blocks of pcapng files by itself, for tshark only reads them whole.
"""

from __future__ import annotations

import filecmp
import gzip
import json
import shutil
import struct
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import duckdb

from delivered import Delivery, Object, Record, record
from known import KNOWN
from run_output import Scenario
from tshark import ACK, ICMP, PSH, RST, SYN, TCP, Capture, Frame

INTERFACE, ENHANCED_PACKET, SECRETS = 1, 6, 10
COMMENT, IF_NAME = 1, 2
HEADER = struct.Struct("<II")
PACKET = struct.Struct("<IIIII")
ETHERNET, IP = 14, 20


class File:
    """The blocks of a capture."""

    def __init__(self, path: Path) -> None:
        self.path = path
        data = path.read_bytes()
        self.blocks: list[tuple[int, bytearray]] = []
        while data:
            kind, length = HEADER.unpack_from(data)
            self.blocks.append((kind, bytearray(data[HEADER.size : length - 4])))
            data = data[length:]

    def packets(self) -> list[int]:
        """Where the frames are among the blocks: frame 1 first."""
        return [at for at, (kind, _) in enumerate(self.blocks) if kind == ENHANCED_PACKET]

    def write(self) -> None:
        data = b""
        for kind, body in self.blocks:
            length = HEADER.size + len(body) + 4
            data += HEADER.pack(kind, length) + body + struct.pack("<I", length)
        self.path.write_bytes(data)


def without_option(options: bytes, unwanted: int) -> bytes:
    kept = b""
    while options:
        code, length = struct.unpack_from("<HH", options)
        size = 4 + (length + 3) // 4 * 4
        kept += options[:size] if code != unwanted else b""
        options = options[size:]
    return kept


Wanted = Callable[[Frame], bool]


class Copy:
    """A copy of a scenario's folder, to be spoilt."""

    def __init__(self, scenario: Scenario, folder: Path) -> None:
        self.original, self.folder = scenario, folder
        shutil.copytree(scenario.folder, folder)

    def frame(self, wanted: Wanted, nth: int = 0) -> tuple[str, Frame]:
        """A frame of a host's capture."""
        found = [(host.name, frame) for host in self.original.hosts for frame in host.frames if wanted(frame)]
        assert found, "the scenario has no frame to spoil"
        return found[nth]

    def edit(self, capture: str, number: int, change: Callable[[bytearray], bytes | None]) -> None:
        """Changes the block of a frame, or removes it."""
        file = File(self.folder / "pcap" / f"{capture}.pcapng")
        at = file.packets()[number - 1]
        body = change(file.blocks[at][1])
        file.blocks[at : at + 1] = [] if body is None else [(ENHANCED_PACKET, bytearray(body))]
        file.write()

    def edit_everywhere(self, wanted: Wanted, change: Callable[[bytearray], bytes | None], nth: int = 0) -> None:
        """Changes a frame of a host's capture, and the same in the capture with everything."""
        host, frame = self.frame(wanted, nth)
        twin = next(f for f in self.original.everything.frames if f.identity == frame.identity)
        self.edit(host, frame.number, change)
        self.edit("all", twin.number, change)

    def edit_line(self, wanted: Callable[[list[str]], bool], change: Callable[[list[str]], list[str]]) -> None:
        """Changes a record of an interface's log, and the same in the log with everything."""
        lines = [
            line
            for name, log in self.original.logs.items()
            if name != "all"
            for line in log.records
            if wanted(line.split())
        ]
        spoilt = " ".join(change(lines[0].split()))
        for path in (self.folder / "flow-logs").iterdir():
            text = path.read_text().splitlines()
            path.write_text("".join(f"{spoilt if line == lines[0] else line}\n" for line in text))

    def delivered(self, flow_log: str) -> list[Object]:
        """The objects of a flow log that result.json calls so."""
        log = self.original.result["flow_logs"][flow_log]["FlowLogId"]
        return [entry for entry in Delivery(self.folder, self.original.result).objects if entry.flow_log == log]

    def edit_object(self, flow_log: str, wanted: Callable[[Record], bool], change: Callable[[Record], Record | None]) -> None:
        """Changes a record of an object, or removes it."""
        for entry in self.delivered(flow_log):
            found = [line for line, one in zip(entry.lines, entry.records) if wanted(one)]
            if found:
                changed = change(record(found[0], entry.header))
                lines = entry.text.splitlines()
                at = lines.index(found[0])
                lines[at : at + 1] = [] if changed is None else [" ".join(changed.values())]
                entry.path.write_bytes(gzip.compress("".join(f"{line}\n" for line in lines).encode()))
                return
        raise AssertionError("the flow log has no record to spoil")

    def edit_header(self, flow_log: str, change: Callable[[str], str]) -> None:
        for entry in self.delivered(flow_log):
            header, rest = entry.text.split("\n", 1)
            entry.path.write_bytes(gzip.compress(f"{change(header)}\n{rest}".encode()))

    def edit_parquet(self, flow_log: str, query: str) -> None:
        """Replaces an object by what DuckDB makes of it."""
        path = self.delivered(flow_log)[0].path
        other = path.with_suffix(".new")
        rows = query.format(rows=f"read_parquet('{path}', hive_partitioning = false)")
        duckdb.sql(f"COPY (SELECT {rows}) TO '{other}' (FORMAT parquet, COMPRESSION gzip)")
        other.rename(path)

    def edit_events(self, group: str, change: Callable[[list[dict]], list[dict]]) -> None:
        stream = next(s for s in Delivery(self.folder, self.original.result).streams if s.group == group)
        stream.path.write_text("".join(f"{json.dumps(event)}\n" for event in change(list(stream.events))))

    def edit_result(self, change: Callable[[dict], None]) -> None:
        path = self.folder / "result.json"
        result = json.loads(path.read_text())
        change(result)
        path.write_text(json.dumps(result))


def is_page(frame: Frame) -> bool:
    return frame.protocol == TCP and frame.outbound and frame.flow[2] == 80 and bool(frame.int("tcp.len"))


def is_retransmitted_syn(frame: Frame) -> bool:
    return (
        frame.outbound and frame.flags & (SYN | ACK) == SYN and "tcp.analysis.retransmission" in frame.layers
    )


def flip(offset: int) -> Callable[[bytearray], bytes]:
    """Flips a bit of a byte of the frame."""
    def change(body: bytearray) -> bytes:
        body[PACKET.size + offset] ^= 1
        return body
    return change


def later(nanos: int) -> Callable[[bytearray], bytes]:
    def change(body: bytearray) -> bytes:
        interface, high, low, captured, length = PACKET.unpack_from(body)
        at = (high << 32 | low) + nanos
        return PACKET.pack(interface, at >> 32, at & 0xFFFF_FFFF, captured, length) + body[PACKET.size :]
    return change


def uncommented(body: bytearray) -> bytes:
    options = PACKET.size + (PACKET.unpack_from(body)[3] + 3) // 4 * 4
    return body[:options] + without_option(bytes(body[options:]), COMMENT)


def gone(_: bytearray) -> None:
    return None


def tcp_checksum(copy: Copy) -> None:
    copy.edit_everywhere(is_page, flip(ETHERNET + IP + 16))


def ip_checksum(copy: Copy) -> None:
    copy.edit_everywhere(is_page, flip(ETHERNET + 10))


def icmp_checksum(copy: Copy) -> None:
    copy.edit_everywhere(lambda frame: frame.protocol == ICMP, flip(ETHERNET + IP + 2))


def bad_length(copy: Copy) -> None:
    copy.edit_everywhere(is_page, flip(ETHERNET + IP + 12))


def frame_missing_at_host(copy: Copy) -> None:
    host, frame = copy.frame(is_page)
    copy.edit(host, frame.number, gone)


def frame_missing_in_all(copy: Copy) -> None:
    copy.edit("all", 7, gone)


def frame_missing_everywhere(copy: Copy) -> None:
    copy.edit_everywhere(is_page, gone)


def received_frame_missing_everywhere(copy: Copy) -> None:
    copy.edit_everywhere(lambda frame: not frame.outbound and frame.flow[3] == 80, gone)


def other_time_in_all(copy: Copy) -> None:
    copy.edit("all", 7, later(1))


def comment_gone(copy: Copy) -> None:
    copy.edit_everywhere(lambda frame: bool(frame.dropped), uncommented)


def comment_gone_in_all(copy: Copy) -> None:
    copy.edit("all", next(f.number for f in copy.original.everything.frames if f.dropped), uncommented)


def truncated(copy: Copy) -> None:
    path = copy.folder / "pcap" / "Web.pcapng"
    path.write_bytes(path.read_bytes()[:-10])


def nameless_interface(copy: Copy) -> None:
    for name in ("Web", "all"):
        file = File(copy.folder / "pcap" / f"{name}.pcapng")
        at = next(at for at, (kind, body) in enumerate(file.blocks) if kind == INTERFACE and b"Web" in body)
        body = file.blocks[at][1]
        file.blocks[at] = (INTERFACE, body[:8] + without_option(bytes(body[8:]), IF_NAME))
        file.write()


def late_retransmission(copy: Copy) -> None:
    copy.edit_everywhere(is_retransmitted_syn, later(20_000_000))


def odd_port(copy: Copy) -> None:
    copy.edit_everywhere(is_retransmitted_syn, flip(ETHERNET + IP + 1))


def segment_lost(copy: Copy) -> None:
    copy.edit_everywhere(lambda frame: is_page(frame) and frame.int("tcp.len") > 1000, gone)


def other_banner(copy: Copy) -> None:
    is_banner = lambda frame: "ssh.protocol" in frame.layers
    host, frame = copy.frame(is_banner)
    copy.edit_everywhere(is_banner, flip(ETHERNET + frame.int("ip.len") - frame.int("tcp.len")))


def request_missing(copy: Copy) -> None:
    copy.edit_everywhere(lambda frame: "icmp.resp_in" in frame.layers, gone)


def other_page(copy: Copy) -> None:
    def change(result: dict) -> None:
        step = next(s for s in result["steps"] if s["kind"] == "run" and "Line 030" in s["stdout"])
        step["stdout"] = step["stdout"].replace("Line 030", "Line 03O")
    copy.edit_result(change)


def other_count(copy: Copy) -> None:
    def change(result: dict) -> None:
        journeys = [j for step in result["steps"] for j in step.get("journeys", []) if j.get("reason")]
        journeys[0]["count"] += 1
    copy.edit_result(change)


def other_total(copy: Copy) -> None:
    copy.edit_result(lambda result: result.update(packets=result["packets"] + 1))


def is_accepted(words: list[str]) -> bool:
    return words[12] == "ACCEPT"


def replaced(at: int, change: Callable[[str], str]) -> Callable[[list[str]], list[str]]:
    return lambda words: [*words[:at], change(words[at]), *words[at + 1 :]]


def one_more(number: str) -> str:
    return str(int(number) + 1)


def byte_count(copy: Copy) -> None:
    copy.edit_line(is_accepted, replaced(9, one_more))


def packet_count(copy: Copy) -> None:
    copy.edit_line(is_accepted, replaced(8, one_more))


def last_second(copy: Copy) -> None:
    copy.edit_line(is_accepted, replaced(11, one_more))


def other_verdict(copy: Copy) -> None:
    copy.edit_line(is_accepted, replaced(12, lambda _: "REJECT"))


def silence(copy: Copy) -> None:
    copy.edit_line(lambda words: words[13] == "NODATA", replaced(10, one_more))


def egress_reject(copy: Copy) -> None:
    sender = lambda words: copy.original.private_addresses.get(words[3], words[3])
    own = {host.eni: host.address for host in copy.original.hosts}
    copy.edit_line(lambda w: w[12] == "REJECT" and sender(w) == own[w[2]], replaced(9, one_more))


def ingress_reject(copy: Copy) -> None:
    own = {host.eni: host.address for host in copy.original.hosts}
    copy.edit_line(lambda w: w[12] == "REJECT" and w[4] == own.get(w[2]), replaced(9, one_more))


def ingress_reject_packets(copy: Copy) -> None:
    own = {host.eni: host.address for host in copy.original.hosts}
    copy.edit_line(lambda w: w[12] == "REJECT" and w[4] == own.get(w[2]), replaced(8, one_more))


def line_gone(copy: Copy) -> None:
    path = copy.folder / "flow-logs" / "all.log"
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join([*lines[:3], *lines[4:]]))


def no_number(copy: Copy) -> None:
    copy.edit_line(is_accepted, replaced(8, lambda number: f"{number}x"))


def two_spaces(copy: Copy) -> None:
    copy.edit_line(is_accepted, replaced(8, lambda number: f" {number}"))


def leading_zero(copy: Copy) -> None:
    copy.edit_line(is_accepted, replaced(8, lambda number: f"0{number}"))


def is_reset_received(frame: Frame) -> bool:
    return not frame.outbound and frame.flags & RST != 0


def gateways_reset_missing(copy: Copy) -> None:
    copy.edit_everywhere(is_reset_received, gone)


def gateways_reset_with_fin(copy: Copy) -> None:
    copy.edit_everywhere(is_reset_received, flip(ETHERNET + IP + 13))


def routers_error_missing(copy: Copy) -> None:
    copy.edit_everywhere(lambda frame: not frame.outbound and frame.icmp_type == 3, gone)


def other_packet_quoted(copy: Copy) -> None:
    copy.edit_everywhere(lambda frame: not frame.outbound and frame.icmp_type == 3, flip(ETHERNET + IP + 8 + 5))


def first_fragment_missing(copy: Copy) -> None:
    copy.edit_everywhere(lambda frame: not frame.outbound and frame.is_fragment and not frame.offset, gone)


def byte_of_last_fragment(copy: Copy) -> None:
    is_last = lambda frame: not frame.outbound and frame.offset > 0 and "icmp.type" in frame.layers
    copy.edit_everywhere(is_last, flip(ETHERNET + IP + 100))


def fragment_bytes(copy: Copy) -> None:
    is_part = lambda frame: not frame.outbound and frame.is_fragment
    copy.edit_everywhere(is_part, gone)


def forwarded_with_other_segment_size(copy: Copy) -> None:
    middlebox = next(host for host in copy.original.hosts if host.forwarded)
    is_forwarded_syn = lambda f: f.flags & SYN and f.number in middlebox.forwarded and f.interface[0] == middlebox.label
    copy.edit_everywhere(is_forwarded_syn, flip(ETHERNET + IP + 23))


def forwarded_came_from_nowhere(copy: Copy) -> None:
    middlebox = next(host for host in copy.original.hosts if host.forwarded)
    came = next(iter(middlebox.forwarded.values()))
    copy.edit_everywhere(lambda frame: frame.identity == came.identity, gone)


def reject_without_capture(copy: Copy) -> None:
    captured = {host.eni for host in copy.original.hosts}
    copy.edit_line(lambda w: w[12] == "REJECT" and w[2] not in captured, replaced(9, one_more))


def any_reject(copy: Copy) -> None:
    copy.edit_line(lambda words: words[12] == "REJECT", replaced(8, one_more))


def secrets(capture: str, kept: Callable[[list], list]) -> Callable[[Copy], None]:
    """Puts the blocks with secrets of a capture behind all others, as far as they are kept."""
    def spoil(copy: Copy) -> None:
        file = File(copy.folder / "pcap" / f"{capture}.pcapng")
        moved = [block for block in file.blocks if block[0] == SECRETS]
        file.blocks = [block for block in file.blocks if block[0] != SECRETS] + kept(moved)
        file.write()
    return spoil


def counts(one: Record) -> bool:
    return one["log-status"] == "OK" and one["bytes"] != "-"


def with_value(name: str, change: Callable[[str], str]) -> Callable[[Record], Record]:
    return lambda one: one | {name: change(one[name])}


def delivered_byte_count(copy: Copy) -> None:
    copy.edit_object("All", counts, with_value("bytes", one_more))


def delivered_copy_with_other_flags(copy: Copy) -> None:
    copy.edit_object("Hourly", counts, with_value("tcp-flags", one_more))


def frame_of_instance_missing(copy: Copy) -> None:
    own = {host.address for host in copy.original.hosts if host.eni}
    copy.edit_everywhere(lambda frame: not frame.outbound and frame.flow[1] in own and frame.flow[3] == 80, gone)


def delivered_packet_count_of_gateway(copy: Copy) -> None:
    captured = {host.eni for host in copy.original.hosts}
    copy.edit_object("All", lambda o: counts(o) and o["interface-id"] not in captured, with_value("packets", one_more))


def delivered_reject_without_capture(copy: Copy) -> None:
    copy.edit_object("All", lambda o: o["action"] == "REJECT" and o["dstport"] == "3389", with_value("packets", one_more))


def delivered_in_another_minute(copy: Copy) -> None:
    copy.edit_object("All", lambda o: counts(o) and o["action"] == "ACCEPT", with_value("start", lambda at: str(int(at) - 60)))


def delivered_line_missing(copy: Copy) -> None:
    copy.edit_object("All", counts, lambda _: None)


def accepted_line_missing(copy: Copy) -> None:
    copy.edit_object("Accepted", counts, lambda _: None)


def delivered_number_is_none(copy: Copy) -> None:
    copy.edit_object("All", counts, with_value("packets", lambda number: f"{number}x"))


def delivered_leading_zero(copy: Copy) -> None:
    copy.edit_object("All", counts, with_value("packets", lambda number: f"0{number}"))


def delivered_tag_with_space(copy: Copy) -> None:
    copy.edit_object("Daily", lambda o: o["instance-tag"] != "-", with_value("instance-tag", lambda _: "red & blue"))


def swapped(one: str, other: str) -> Callable[[str], str]:
    names = {one: other, other: one}
    return lambda header: " ".join(names.get(name, name) for name in header.split(" "))


def addresses_swapped(copy: Copy) -> None:
    copy.edit_header("All", swapped("srcaddr", "dstaddr"))


def number_and_text_swapped(copy: Copy) -> None:
    copy.edit_header("Daily", swapped("bytes", "action"))


def object_missing(copy: Copy) -> None:
    path = copy.folder / "delivery.json"
    manifest = json.loads(path.read_text())
    manifest["objects"].pop()
    path.write_text(json.dumps(manifest))


def hive_day(copy: Copy) -> None:
    """Puts an object into the folder of another day."""
    path = copy.folder / "delivery.json"
    manifest = json.loads(path.read_text())
    entry = next(entry for entry in manifest["objects"] if "/day=31/" in entry["key"])
    old = copy.folder / entry["file"]
    entry.update({name: entry[name].replace("/day=31/", "/day=30/") for name in ("key", "file")})
    new = copy.folder / entry["file"]
    new.parent.mkdir(parents=True)
    old.rename(new)
    path.write_text(json.dumps(manifest))


def other_record_count(copy: Copy) -> None:
    copy.edit_result(lambda result: result["flow_logs"]["All"].update(records=1))


def parquet_row_missing(copy: Copy) -> None:
    copy.edit_parquet("DailyParquet", "* FROM {rows} OFFSET 1")


def parquet_value(copy: Copy) -> None:
    copy.edit_parquet("OfDesk", "* REPLACE (CAST(bytes + 1 AS BIGINT) AS bytes) FROM {rows}")


def parquet_type(copy: Copy) -> None:
    copy.edit_parquet("HiveParquet", "* REPLACE (CAST(packets AS INTEGER) AS packets) FROM {rows}")


def parquet_name(copy: Copy) -> None:
    copy.edit_parquet("HiveParquet", '* RENAME (account_id AS "account-id") FROM {rows}')


def event_missing(copy: Copy) -> None:
    copy.edit_events("/vpc/every-field", lambda events: events[1:])


def event_twice(copy: Copy) -> None:
    copy.edit_events("shared", lambda events: [*events, events[0]])


def other_event_time(copy: Copy) -> None:
    copy.edit_events("shared", lambda events: [events[0] | {"timestamp": events[0]["timestamp"] + 1000}, *events[1:]])


@dataclass(frozen=True)
class Fault:
    """How something is spoilt, and which check has to complain."""

    check: str
    spoil: Callable[[Copy], None]
    scenario: str = "filters"


FAULTS = [
    Fault("opens", truncated),
    Fault("opens", nameless_interface),
    Fault("intact", tcp_checksum),
    Fault("intact", ip_checksum),
    Fault("intact", icmp_checksum),
    Fault("intact", bad_length),
    Fault("everything", frame_missing_at_host),
    Fault("everything", frame_missing_in_all),
    Fault("everything", other_time_in_all),
    Fault("everything", comment_gone_in_all),
    Fault("dropped", comment_gone),
    Fault("dropped", frame_missing_everywhere),
    Fault("dropped", other_count),
    Fault("dropped", other_total),
    Fault("linux", late_retransmission),
    Fault("linux", odd_port),
    Fault("analysis", segment_lost),
    Fault("ssh", other_banner),
    Fault("pings", request_missing),
    Fault("pages", other_page),
    Fault("pages", segment_lost),
    Fault("decrypted", secrets("Client", lambda blocks: []), "curl-https"),
    Fault("decrypted", secrets("all", lambda blocks: blocks), "curl-https"),
    Fault("buckets", secrets("PrivateInstance", lambda blocks: []), "vpc-endpoints"),
    Fault("reference", byte_count),
    Fault("reference", packet_count),
    Fault("reference", last_second),
    Fault("reference", other_verdict),
    Fault("reference", silence),
    Fault("reference", egress_reject),
    Fault("reference", received_frame_missing_everywhere),
    Fault("rejected", ingress_reject),
    Fault("rejected", received_frame_missing_everywhere),
    Fault("whole", line_gone),
    Fault("parsed", no_number),
    Fault("parsed", two_spaces),
    Fault("parsed", leading_zero),
    Fault("dropped", received_frame_missing_everywhere),
    Fault("dropped", gateways_reset_missing, "igw-private-subnet"),
    Fault("dropped", gateways_reset_with_fin, "igw-private-subnet"),
    Fault("dropped", routers_error_missing, "mtu-sizes"),
    Fault("quotes", other_packet_quoted, "mtu-sizes"),
    Fault("dropped", first_fragment_missing, "nat-cuts-what-it-sends"),
    Fault("intact", byte_of_last_fragment, "nat-fragments"),
    Fault("rejected", fragment_bytes, "nat-cuts-what-it-sends"),
    Fault("linux", forwarded_with_other_segment_size, "route-ingress-firewall"),
    Fault("linux", forwarded_came_from_nowhere, "route-middlebox-asymmetry"),
    Fault("rejected", any_reject, "route-middlebox-asymmetry"),
    Fault("rejected", ingress_reject_packets, "igw-block-public-access"),
    Fault("rejected", reject_without_capture, "nat-unsolicited"),
    Fault("sent", delivered_byte_count, "deliveries"),
    Fault("sent", object_missing, "deliveries"),
    Fault("sent", other_record_count, "deliveries"),
    Fault("sent", event_missing, "deliveries"),
    Fault("sent", event_twice, "deliveries"),
    Fault("sent", other_event_time, "deliveries"),
    Fault("read", delivered_byte_count, "deliveries"),
    Fault("read", delivered_line_missing, "deliveries"),
    Fault("read", addresses_swapped, "deliveries"),
    Fault("read", parquet_row_missing, "deliveries"),
    Fault("read", parquet_value, "deliveries"),
    Fault("read", event_missing, "deliveries"),
    Fault("read", event_twice, "deliveries"),
    Fault("database", delivered_number_is_none, "deliveries"),
    Fault("database", delivered_leading_zero, "deliveries"),
    Fault("database", delivered_tag_with_space, "deliveries"),
    Fault("database", number_and_text_swapped, "deliveries"),
    Fault("database", parquet_type, "deliveries"),
    Fault("database", parquet_name, "deliveries"),
    Fault("database", hive_day, "deliveries"),
    Fault("copies", delivered_copy_with_other_flags, "deliveries"),
    Fault("copies", parquet_row_missing, "deliveries"),
    Fault("copies", event_missing, "deliveries"),
    Fault("copies", accepted_line_missing, "deliveries"),
    Fault("conserved", delivered_byte_count, "deliveries"),
    Fault("conserved", delivered_line_missing, "deliveries"),
    Fault("conserved", delivered_in_another_minute, "deliveries"),
    Fault("conserved", delivered_packet_count_of_gateway, "deliveries"),
    Fault("conserved", delivered_reject_without_capture, "deliveries"),
    Fault("conserved", addresses_swapped, "deliveries"),
    Fault("conserved", parquet_value, "deliveries"),
    Fault("conserved", frame_of_instance_missing, "deliveries"),
]


def unless_spoilt(capture: Capture, folder: Path) -> Capture:
    """A capture as it was read before; tshark reads it again if it is another one now."""
    path = folder / "pcap" / capture.path.name
    return capture if filecmp.cmp(capture.path, path, shallow=False) else Capture(path)


def run(scenarios: Iterable[Scenario], checks: list, folder: Path) -> int:
    """Spoils one scenario in every way, and others in some that it has no packets for."""
    originals = {scenario.name: scenario for scenario in scenarios}
    before = [
        complaint
        for name in sorted({fault.scenario for fault in FAULTS})
        for check in checks
        for complaint in check(originals[name])
        if complaint.check not in KNOWN
    ]
    for complaint in before:
        print(f"before anything is spoilt: {complaint}")
    failed = len(before)
    for fault in FAULTS:
        copy = Copy(originals[fault.scenario], folder)
        fault.spoil(copy)
        original = originals[fault.scenario]
        captures = [unless_spoilt(capture, folder) for capture in original.captures]
        spoilt = Scenario(folder, captures, original.received)
        wanted = [check for check in checks if check.__name__.replace("_", "-") == fault.check]
        complaints = [c for check in wanted for c in check(spoilt) if c.check == fault.check]
        name = fault.spoil.__name__.replace("_", " ")
        if complaints:
            print(f"{fault.check}: {name}: noticed", flush=True)
        else:
            failed += 1
            print(f"{fault.check}: {name}: NOT NOTICED", flush=True)
        shutil.rmtree(folder)
    print("every fault is noticed" if not failed else f"FAILED: {failed}")
    return 1 if failed else 0
