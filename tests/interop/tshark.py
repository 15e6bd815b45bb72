"""Captures, read by tshark and capinfos.

Knows how to call the two programs and how to read what they print. Knows nothing of what a capture
should contain.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

CHECKSUMS = ["ip.check_checksum", "tcp.check_checksum", "udp.check_checksum"]

# What tshark says of a TCP segment that is not as it should be.
TCP_ANALYSIS = [
    f"tcp.analysis.{name}"
    for name in (
        "retransmission fast_retransmission spurious_retransmission out_of_order duplicate_ack "
        "lost_segment ack_lost_segment zero_window zero_window_probe zero_window_probe_ack window_full "
        "window_update keep_alive keep_alive_ack reused_ports"
    ).split()
]

FIELDS = [
    "frame.number",
    "frame.time_epoch",
    "frame.interface_name",
    "frame.interface_description",
    "frame.packet_flags_direction",
    "frame.len",
    "frame.cap_len",
    "frame.comment",
    "frame.md5_hash",
    "_ws.malformed",
    "_ws.expert.severity",
    "_ws.expert.message",
    "arp.opcode",
    "arp.src.proto_ipv4",
    "arp.dst.proto_ipv4",
    "ip.src",
    "ip.dst",
    "ip.proto",
    "ip.id",
    "ip.len",
    "ip.flags.mf",
    "ip.frag_offset",
    "ip.flags.df",
    "ip.checksum.status",
    "icmp.type",
    "icmp.code",
    "icmp.ident",
    "icmp.seq",
    "icmp.checksum.status",
    "icmp.resp_in",
    "icmp.resp_to",
    "udp.srcport",
    "udp.dstport",
    "udp.checksum",
    "udp.checksum.status",
    "data.data",
    "tcp.srcport",
    "tcp.dstport",
    "tcp.stream",
    "tcp.seq_raw",
    "tcp.len",
    "tcp.flags",
    "tcp.option_kind",
    "tcp.options.mss_val",
    "tcp.options.wscale.shift",
    "tcp.options.timestamp.tsval",
    "tcp.checksum.status",
    "tcp.analysis.flags",
    *TCP_ANALYSIS,
    "http.request.method",
    "http.response.code",
    "ssh.protocol",
    "tls.record.version",
]

ONCE = [
    "frame.number",
    "tls.record.version",
    "tls.record.content_type",
    "http.request.method",
    "http.response.code",
]

# What a router leaves as it is, apart from addresses, ports, and which options there are.
FORWARDED_AS_IS = [
    "ip.id",
    "ip.len",
    "ip.flags.df",
    "tcp.seq_raw",
    "tcp.flags",
    "tcp.options.mss_val",
    "tcp.options.wscale.shift",
    "tcp.options.timestamp.tsval",
]

EXPERT_ERROR = 0x800000

FIN, SYN, RST, PSH, ACK = 0x01, 0x02, 0x04, 0x08, 0x10

TCP, UDP, ICMP = 6, 17, 1

# Destination unreachable, time exceeded.
ICMP_ERRORS = (3, 11)


class Missing(Exception):
    """A program that the suite cannot do without."""


@dataclass(frozen=True)
class Said:
    """What a program printed."""

    code: int
    out: str
    complaints: str


def call(*command: str) -> Said:
    """Runs a program of Wireshark's without any of the user's preferences."""
    environment = {
        "PATH": os.environ.get("PATH", ""),
        "LC_ALL": "C.UTF-8",
        "TZ": "UTC",
        "HOME": "/nonexistent",
        "XDG_CONFIG_HOME": "/nonexistent",
    }
    try:
        done = subprocess.run(command, env=environment, capture_output=True, stdin=subprocess.DEVNULL)
    except FileNotFoundError:
        raise Missing(f"{command[0]} is not installed") from None
    complaints = [
        line
        for line in done.stderr.decode(errors="replace").splitlines()
        # It says so to every root, whatever the file.
        if line.strip() and not line.startswith("Running as user ")
    ]
    return Said(done.returncode, done.stdout.decode(errors="replace"), "\n".join(complaints))


@dataclass
class Frame:
    """A frame and what tshark says of it. Of fields that occur several times (an ICMP error quotes a
    packet) the first is the frame's own."""

    layers: dict[str, list[str]]

    def all(self, name: str) -> list[str]:
        return self.layers.get(name, [])

    def get(self, name: str) -> str | None:
        values = self.layers.get(name)
        return values[0] if values else None

    def int(self, name: str) -> int | None:
        value = self.get(name)
        return None if value is None else int(value, 0)

    @cached_property
    def number(self) -> int:
        return int(self.layers["frame.number"][0])

    @cached_property
    def at(self) -> int:
        """Nanoseconds since 1970."""
        seconds, _, nanos = self.layers["frame.time_epoch"][0].partition(".")
        return int(seconds) * 1_000_000_000 + int(nanos.ljust(9, "0"))

    @cached_property
    def outbound(self) -> bool:
        return (self.int("frame.packet_flags_direction") or 0) & 3 == 2

    @cached_property
    def interface(self) -> tuple[str | None, str | None]:
        return self.get("frame.interface_name"), self.get("frame.interface_description")

    @cached_property
    def dropped(self) -> str | None:
        """Why it was dropped at once."""
        comment = self.get("frame.comment")
        return comment.removeprefix("dropped: ") if comment else None

    @cached_property
    def is_ip(self) -> bool:
        return "ip.src" in self.layers

    @cached_property
    def protocol(self) -> int | None:
        return self.int("ip.proto")

    @cached_property
    def offset(self) -> int:
        """Where it lies in its datagram, if it is a fragment."""
        return self.int("ip.frag_offset") or 0

    @cached_property
    def is_fragment(self) -> bool:
        return self.offset > 0 or self.get("ip.flags.mf") in ("1", "True")

    @cached_property
    def head(self) -> bytes | None:
        """Of a fragment, what there is of a header beyond IP's: in all but the first, nothing. The frame
        with the last one has tshark's fields of the whole datagram, which are not of this packet."""
        if not self.is_fragment:
            return None
        return b"" if self.offset else bytes.fromhex(self.get("data.data") or "")

    @cached_property
    def flags(self) -> int:
        if self.protocol != TCP:
            return 0
        return (self.int("tcp.flags") or 0) if self.head is None else int.from_bytes(self.head[13:14])

    @cached_property
    def icmp_type(self) -> int | None:
        if self.protocol != ICMP:
            return None
        return self.int("icmp.type") if self.head is None else next(iter(self.head), None)

    @cached_property
    def flow(self) -> tuple[str, str, int, int, int]:
        """Source, destination, source port, destination port, protocol."""
        prefix = {TCP: "tcp", UDP: "udp"}.get(self.protocol)
        if not prefix:
            ports = 0, 0
        elif self.head is None:
            ports = self.int(f"{prefix}.srcport"), self.int(f"{prefix}.dstport")
        else:
            ports = int.from_bytes(self.head[:2]), int.from_bytes(self.head[2:4])
        return self.get("ip.src"), self.get("ip.dst"), *ports, self.protocol

    @cached_property
    def quoted(self) -> Frame | None:
        """The packet that an ICMP error is about, as far as the error has it. Of fields that both have, the
        second is the quoted packet's."""
        if self.icmp_type not in ICMP_ERRORS:
            return None
        inner = {name: values[1:] for name, values in self.layers.items() if name.startswith(("ip.", "icmp.")) and values[1:]}
        others = {name: values for name, values in self.layers.items() if name.startswith(("tcp.", "udp."))}
        # The error itself has neither.
        others |= {name: self.layers[name] for name in ("icmp.ident", "icmp.seq") if name in self.layers}
        return Frame(inner | others) if "ip.src" in inner else None

    @property
    def identity(self) -> tuple:
        """What makes it the same frame in another capture."""
        return self.at, self.interface, self.outbound, self.get("frame.md5_hash"), self.get("frame.comment")


@dataclass
class Capture:
    """A file."""

    path: Path
    info: Said = field(init=False)
    said: Said = field(init=False)
    frames: list[Frame] = field(init=False)

    def __post_init__(self) -> None:
        self.info = call("capinfos", str(self.path))
        preferences = [*(f"{name}:TRUE" for name in CHECKSUMS), "frame.generate_md5_hash:TRUE"]
        options = [part for preference in preferences for part in ("-o", preference)]
        fields = [part for name in FIELDS for part in ("-e", name)]
        # Twice: at a ping's request, its reply is not known before the second time.
        self.said = call("tshark", "-n", "-2", "-r", str(self.path), *options, "-T", "json", *fields)
        try:
            packets = json.loads(self.said.out or "[]")
        except json.JSONDecodeError:
            packets = []
        self.frames = [Frame(packet["_source"]["layers"]) for packet in packets]

    @property
    def name(self) -> str:
        return self.path.stem

    @cached_property
    def label(self) -> str | None:
        """What result.json calls the host."""
        return self.interfaces[0].get("Name") if len(self.interfaces) == 1 else None

    @cached_property
    def forwarded(self) -> dict[int, Frame]:
        """What a middlebox sends on, by frame number, with the frame in which it came. What differs from
        all that came is the host's own."""
        came: dict[tuple, list[Frame]] = {}
        forwarded = {}
        for frame in self.frames:
            if not frame.is_ip or self.address in frame.flow[:2]:
                continue
            key = frame.flow, frame.offset, *map(frame.get, FORWARDED_AS_IS), *frame.all("tcp.option_kind")
            if not frame.outbound:
                came.setdefault(key, []).append(frame)
            elif came.get(key):
                forwarded[frame.number] = came[key].pop(0)
        return forwarded

    @cached_property
    def own(self) -> list[Frame]:
        """What the host sent of its own accord."""
        return [frame for frame in self.frames if frame.outbound and frame.number not in self.forwarded]

    @cached_property
    def interfaces(self) -> list[dict[str, str]]:
        """What capinfos says of each interface."""
        interfaces = []
        for line in self.info.out.splitlines():
            if re.match(r"Interface #\d+ info:", line):
                interfaces.append({})
            elif interfaces and (match := re.match(r"\s+(.+?) = (.*)$", line)):
                interfaces[-1][match[1]] = match[2]
        return interfaces

    @cached_property
    def eni(self) -> str | None:
        """The network interface that a host's capture is of; hosts on the internet have none."""
        described = self.interfaces[0].get("Description", "") if len(self.interfaces) == 1 else ""
        match = re.match(r"(eni-[0-9a-f]+) ([0-9.]+) ", described)
        return match[1] if match else None

    @cached_property
    def addresses(self) -> set[str]:
        """Its own address, and further ones: what comes to a host that forwards nothing is for it."""
        came = [] if self.forwarded else [frame for frame in self.frames if frame.is_ip and not frame.outbound]
        return {self.address, *(frame.flow[1] for frame in came)}

    @cached_property
    def address(self) -> str | None:
        described = self.interfaces[0].get("Description", "") if len(self.interfaces) == 1 else ""
        match = re.search(r"(?:^| )(\d+\.\d+\.\d+\.\d+) ", described)
        return match[1] if match else None

    @cached_property
    def once(self) -> list[dict[str, list[str]]]:
        """What tshark reads of TLS and HTTP if it goes through the file once, and is told nothing."""
        fields = [part for name in ONCE for part in ("-e", name)]
        said = call("tshark", "-n", "-r", str(self.path), "-T", "json", *fields)
        return [packet["_source"].get("layers", {}) for packet in json.loads(said.out or "[]")]

    def follow(self, streams: list[int], layer: str = "tcp") -> dict[int, tuple[bytes, bytes]]:
        """What was said in TCP streams, or in the TLS sessions on them, by whoever was heard first and by the
        other."""
        if not streams:
            return {}
        taps = [part for stream in streams for part in ("-z", f"follow,{layer},raw,{stream}")]
        said = call("tshark", "-n", "-r", str(self.path), "-q", *taps)
        followed = {}
        for match in re.finditer(
            rf"^Follow: {layer},raw\nFilter: tcp\.stream eq (\d+)\nNode 0: .*\nNode 1: .*\n((?:\t?[0-9a-f]+\n)*)",
            said.out,
            re.MULTILINE,
        ):
            lines = match[2].splitlines()
            first = b"".join(bytes.fromhex(line) for line in lines if not line.startswith("\t"))
            other = b"".join(bytes.fromhex(line.strip()) for line in lines if line.startswith("\t"))
            # Of a TLS session tshark always names the server first.
            followed[int(match[1])] = (first, other) if layer == "tcp" else (other, first)
        return followed
