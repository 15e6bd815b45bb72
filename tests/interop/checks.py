"""Checks of captures.

Each takes a scenario and yields complaints.
"""

from __future__ import annotations

import io
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from http.client import HTTPException, HTTPResponse
from xml.etree import ElementTree

from run_output import Complaint, Journey, Scenario, kind_of, nanoseconds
from tshark import ACK, EXPERT_ERROR, FIN, ICMP, PSH, RST, SYN, TCP, TCP_ANALYSIS, UDP, Capture, Frame

MILLISECOND = 1_000_000

# What Linux sends: maximum segment size, SACK permitted, timestamps, no-operation, window scale.
LINUX_SYN_OPTIONS = ["2", "4", "8", "1", "3"]
LINUX_OPTIONS = ["1", "1", "8"]
SACK = "5"

# Linux retransmits a SYN after 1, 2, 4, … seconds.
SYN_GAPS = [seconds * 1000 * MILLISECOND for seconds in (1, 2, 4, 8, 16, 32)]


def opens(scenario: Scenario) -> Iterator[Complaint]:
    """tshark and capinfos take every capture without a word, with interfaces' names and nanoseconds."""
    for capture in scenario.captures:
        for said, program in ((capture.info, "capinfos"), (capture.said, "tshark")):
            if said.code or said.complaints:
                came = said.complaints or f"exit code {said.code}"
                yield Complaint("opens", capture.path, program, "nothing on standard error", came)
        for at, interface in enumerate(capture.interfaces):
            if not interface.get("Name"):
                yield Complaint("opens", capture.path, f"interface {at}", "a name", interface)
            if interface.get("Time precision") != "nanoseconds (9)":
                came = interface.get("Time precision")
                yield Complaint("opens", capture.path, f"interface {at}", "nanoseconds (9)", came)
        expected = len(scenario.hosts) if capture is scenario.everything else 1
        if len(capture.interfaces) != expected:
            yield Complaint("opens", capture.path, "interfaces", expected, len(capture.interfaces))
        counted = sum(int(interface.get("Number of packets", 0)) for interface in capture.interfaces)
        if counted != len(capture.frames):
            yield Complaint("opens", capture.path, "frames", f"{counted}, says capinfos", len(capture.frames))
        last = 0
        for frame in capture.frames:
            place = f"frame {frame.number}"
            if not frame.interface[0]:
                yield Complaint("opens", capture.path, place, "an interface's name", frame.interface[0])
            if (frame.int("frame.packet_flags_direction") or 0) & 3 not in (1, 2):
                came = frame.get("frame.packet_flags_direction")
                yield Complaint("opens", capture.path, place, "a direction", came)
            if not re.fullmatch(r"\d+\.\d{9}", frame.get("frame.time_epoch")):
                yield Complaint("opens", capture.path, place, "nanoseconds", frame.get("frame.time_epoch"))
            if frame.get("frame.len") != frame.get("frame.cap_len"):
                came = frame.get("frame.cap_len")
                yield Complaint("opens", capture.path, place, f"{frame.get('frame.len')} bytes", came)
            if frame.at < last:
                yield Complaint("opens", capture.path, place, f"a time not before {last}", frame.at)
            last = frame.at


def intact(scenario: Scenario) -> Iterator[Complaint]:
    """No frame is malformed, has a bad checksum, or carries an expert error."""
    for capture in scenario.captures:
        too_long: set[tuple] = set()
        for frame in capture.frames:
            place = f"frame {frame.number}"
            if is_too_long(frame):
                too_long.add(frame.quoted.flow)
            messages = frame.all("_ws.expert.message")
            # tshark puts pages together, and takes what is sent again with other bounds, or is captured at both
            # ends, for malformed. Every frame of the capture with everything is in a host's, too.
            overlaps = any(message.startswith("New fragment overlaps old data") for message in messages)
            is_again = overlaps and (capture is scenario.everything or scenario.loses or frame.flow in too_long)
            if "_ws.malformed" in frame.layers and not is_again:
                yield Complaint("intact", capture.path, place, "a well-formed frame", "malformed")
            for severity, message in zip(frame.all("_ws.expert.severity"), messages):
                # It checks sums of packets that are quoted in part.
                is_quoted = frame.quoted is not None and message.startswith("Bad checksum")
                is_excused = is_quoted or (is_again and message.startswith("New fragment overlaps"))
                if int(severity) >= EXPERT_ERROR and not is_excused:
                    yield Complaint("intact", capture.path, place, "no expert error", message)
            checked = ["ip"] if frame.is_ip else []
            checked += {TCP: ["tcp"], UDP: ["udp"], ICMP: ["icmp"]}.get(frame.protocol, [])
            for layer in checked:
                status = frame.get(f"{layer}.checksum.status")
                if status is None and layer != "ip" and frame.is_fragment:
                    # The checksum is that of the whole datagram: tshark checks it where it has put that together.
                    continue
                if status != "1":
                    name = {"0": "bad", "2": "not verified", "3": "not present"}.get(status, status)
                    yield Complaint("intact", capture.path, place, f"a good {layer} checksum", name)


def everything(scenario: Scenario) -> Iterator[Complaint]:
    """The capture with everything has each frame of each host once, and no other, in the same order."""
    every = scenario.everything
    by_interface = defaultdict(list)
    for frame in every.frames:
        by_interface[frame.interface].append(frame)
    for host in scenario.hosts:
        expected = host.frames
        own = tuple(host.interfaces[0].get(key) for key in ("Name", "Description")) if host.interfaces else None
        came = by_interface.pop(own, [])
        for at, (one, other) in enumerate(zip(expected, came)):
            if one.identity != other.identity:
                place = f"frame {one.number} of {host.path.name}"
                yield Complaint("everything", every.path, place, one.identity, other.identity)
                break
        if len(expected) != len(came):
            place = f"frames of {host.path.name}"
            yield Complaint("everything", every.path, place, len(expected), len(came))
    for interface, frames in by_interface.items():
        yield Complaint("everything", every.path, f"frame {frames[0].number}", "the capture of a host", interface)


def dropped(scenario: Scenario) -> Iterator[Complaint]:
    """What was dropped at once says so, as often as result.json does. What arrived was received as often."""
    sent = [(host, frame) for host in scenario.hosts for frame in host.frames if frame.outbound and frame.is_ip]
    result = scenario.folder / "result.json"

    count = sum(frame.at <= scenario.end for _, frame in sent)
    if count != scenario.result["packets"]:
        yield Complaint("dropped", result, "packets", f"{count}, as captured", scenario.result["packets"])

    for host in scenario.hosts:
        for frame in host.frames:
            comment = frame.get("frame.comment")
            if comment is None:
                continue
            place = f"frame {frame.number}"
            if not re.fullmatch(r"dropped: [a-z-]+", comment):
                yield Complaint("dropped", host.path, place, "`dropped: <reason>`", comment)
            if not frame.outbound:
                yield Complaint("dropped", host.path, place, "no comment: it was received", comment)

    accounted = set()
    for journey in scenario.journeys:
        if not journey.is_packet:
            continue
        sender = scenario.sender(journey)
        # Fragments of what hosts and routers have cut are told of together.
        mixed = scenario.is_cut(journey)
        alike = [
            (host, frame)
            for host, frame in sent
            # The first of them may be one without a sender.
            if (host is sender or (mixed and sender is None))
            and frame.flow == journey.flow
            and kind_of(frame) == journey.kind
            and journey.first <= frame.at <= journey.last
        ]
        at_once = journey.dropped if journey.dropped and not journey.is_late else None
        came = [(host, frame) for host, frame in alike if frame.dropped == at_once]
        accounted.update((host.name, frame.number) for host, frame in came)
        place = f"step {journey.step}, {journey.data['packet']}"
        yield from arrived(scenario, journey, place)
        if sender is None or mixed:
            # Made on the way, in part or all: only the receiver has it.
            continue
        # A journey that went on may look like another that went on and ended otherwise.
        enough = len(came) == journey.data["count"] if at_once else len(came) >= journey.data["count"]
        if not enough:
            what = f"dropped at once ({at_once})" if at_once else "on their way"
            yield Complaint(
                "dropped",
                scenario.everything.path,
                place,
                f"{journey.data['count']} frames {what}, says {result.name}",
                f"{len(came)}: {', '.join(f'{host.path.name} {frame.number}' for host, frame in came) or 'none'}",
            )

    delivered = {
        (scenario.receiver(journey).name, journey.arrival, journey.kind)
        for journey in scenario.journeys
        if journey.is_packet and scenario.receiver(journey)
    }
    received = [(host, frame) for host in scenario.hosts for frame in host.frames if not frame.outbound and frame.is_ip]
    for host, frame in sent + received:
        if frame.at > scenario.end or (host.name, frame.number) in accounted:
            continue
        if not frame.outbound and (host.name, frame.flow, kind_of(frame)) in delivered:
            continue
        # Of conversations that earlier steps began, result.json tells nothing.
        step = scenario.step_at(frame.at)
        first = scenario.begun(frame.flow)
        if first is None or first >= step:
            flow = f"frame {frame.number}: {frame.flow}"
            came = f"none; the frame says {frame.get('frame.comment')}"
            yield Complaint("dropped", host.path, flow, f"a journey in step {step} of {result.name}", came)


def arrived(scenario: Scenario, journey: Journey, place: str) -> Iterator[Complaint]:
    """What was delivered was received: so is also seen what routers and gateways sent."""
    host = scenario.receiver(journey)
    if host is None:
        return
    came = [
        frame
        for frame in host.frames
        if not frame.outbound
        and frame.is_ip
        and frame.flow == journey.arrival
        and kind_of(frame) == journey.kind
        and frame.at >= journey.first
    ]
    if len(came) < journey.data["count"]:
        numbers = ", ".join(str(frame.number) for frame in came) or "none"
        expected = f"{journey.data['count']} frames received, says result.json"
        yield Complaint("dropped", host.path, place, expected, f"{len(came)}: {numbers}")


def linux(scenario: Scenario) -> Iterator[Complaint]:
    """Addresses, SYN and SYN-ACK, retransmissions and ports are those of Linux."""
    for host in scenario.hosts:
        syns = defaultdict(list)
        for frame in host.own:
            if frame.is_ip and frame.flow[0] not in host.addresses:
                expected = f"{host.address}, or a packet that came to be forwarded"
                yield Complaint("linux", host.path, f"frame {frame.number}", expected, frame.flow[0])
            if frame.protocol != TCP:
                continue
            place = f"frame {frame.number}"
            if frame.get("ip.flags.df") not in ("1", "True"):
                yield Complaint("linux", host.path, place, "don't fragment", frame.get("ip.flags.df"))
            bare = not frame.int("tcp.len")
            length = frame.int("ip.len")
            if frame.flags & SYN:
                kinds = set(frame.all("tcp.option_kind")) - {"0", "1"}
                if length != 60:
                    yield Complaint("linux", host.path, place, "60 bytes", length)
                if kinds != {"2", "3", "4", "8"}:
                    yield Complaint("linux", host.path, place, "options 2, 3, 4, 8", sorted(kinds))
                expected = 8961 if host.eni else 1460
                if frame.int("tcp.options.mss_val") != expected:
                    came = frame.int("tcp.options.mss_val")
                    yield Complaint("linux", host.path, place, f"MSS {expected}", came)
            elif bare and not frame.flags & RST and SACK not in frame.all("tcp.option_kind") and length != 52:
                yield Complaint("linux", host.path, place, "52 bytes", length)
            if frame.flags & (SYN | ACK) == SYN:
                syns[frame.get("tcp.stream"), frame.get("tcp.seq_raw")].append(frame)
                port = frame.flow[2]
                if (not 32768 <= port <= 60999 or port % 2) and port not in scenario.chosen_ports:
                    yield Complaint("linux", host.path, place, "an even port in 32768-60999", port)
        for sent in syns.values():
            for gap, one, other in zip(SYN_GAPS, sent, sent[1:]):
                if abs(other.at - one.at - gap) > MILLISECOND:
                    came = f"{(other.at - one.at) / 1e9} s"
                    yield Complaint("linux", host.path, f"frame {other.number}", f"{gap / 1e9} s after the last", came)


def option_order(scenario: Scenario) -> Iterator[Complaint]:
    """TCP options come in the order in which Linux writes them."""
    for host in scenario.hosts:
        for frame in host.own:
            if frame.protocol == TCP and not frame.flags & RST:
                expected = LINUX_SYN_OPTIONS if frame.flags & SYN else LINUX_OPTIONS
                came = frame.all("tcp.option_kind")
                # Selective acknowledgements follow the timestamps.
                if came != expected and came != [*LINUX_OPTIONS, "1", "1", SACK]:
                    check = "sack-options" if SACK in came else "option-order"
                    yield Complaint(check, host.path, f"frame {frame.number}", expected, came)


def window_scale(scenario: Scenario) -> Iterator[Complaint]:
    """The window can grow beyond 64 KiB, as Linux lets it."""
    for host in scenario.hosts:
        for frame in host.own:
            if frame.protocol == TCP and frame.flags & SYN:
                shift = frame.int("tcp.options.wscale.shift")
                if shift is not None and shift < 7:
                    yield Complaint("window-scale", host.path, f"frame {frame.number}", "7 or more", shift)


def timestamps(scenario: Scenario) -> Iterator[Complaint]:
    """The TCP timestamps of a sender never go back."""
    for host in scenario.hosts:
        last = {}
        for frame in host.own:
            value = frame.int("tcp.options.timestamp.tsval")
            if frame.protocol == TCP and value is not None:
                key = frame.get("tcp.stream")
                before = last.get(key, value)
                if (value - before) % 2**32 >= 2**31:
                    expected = f"a timestamp not before {before}"
                    yield Complaint("timestamps", host.path, f"frame {frame.number}", expected, value)
                last[key] = value


def analysis(scenario: Scenario) -> Iterator[Complaint]:
    """tshark finds nothing odd in TCP but retransmissions, and those only where packets are dropped.

    Where only some of a connection's packets get lost, it also finds the gaps and what answers them.
    """
    loses = scenario.loses or any(is_too_long(frame) for host in scenario.hosts for frame in host.frames)
    gaps = ("lost_segment", "duplicate_ack", "window_update") if loses else ()
    for host in scenario.hosts:
        too_long: set[tuple] = set()
        reset = {frame.get("tcp.stream") for frame in host.frames if frame.flags & RST}
        for frame in host.frames:
            if is_too_long(frame):
                too_long.add(frame.quoted.flow)
            if "tcp.analysis.flags" not in frame.layers:
                continue
            found = [name for name in TCP_ANALYSIS if name in frame.layers] or ["tcp.analysis.flags"]
            allowed = ("retransmission", *gaps)
            if frame.number in host.forwarded:
                # A middlebox has every segment twice, as it comes and as it goes.
                allowed += ("duplicate_ack",)
            if frame.flags & SYN and frame.get("tcp.stream") in reset:
                # A SYN sent again after a gateway's RST is answered anew, with another sequence number.
                allowed += ("reused_ports", "lost_segment")
            if frame.flow in too_long:
                # It is sent again as soon as a router says so, faster than tshark takes for possible.
                allowed += ("out_of_order",)
            for name in found:
                if name.endswith("window_full"):
                    # A sender may fill what its peer can take.
                    continue
                if not (name.endswith(allowed) and scenario.drops):
                    expected = "nothing but retransmissions" if scenario.drops else "nothing"
                    yield Complaint("analysis", host.path, f"frame {frame.number}", expected, name)


def is_too_long(frame: Frame) -> bool:
    """Whether it says that a packet was too long for the way and must not be fragmented."""
    return frame.quoted is not None and frame.icmp_type == 3 and frame.int("icmp.code") == 4


def quotes(scenario: Scenario) -> Iterator[Complaint]:
    """An ICMP error that a host receives quotes a packet that it sent."""
    header = ["ip.len", "ip.id", "ip.flags.df"]
    rest = ["udp.checksum", "tcp.seq_raw", "icmp.ident", "icmp.seq"]
    for host in scenario.hosts:
        sent: dict[tuple, list[Frame]] = defaultdict(list)
        for frame in host.frames:
            if frame.outbound and frame.is_ip:
                sent[frame.flow].append(frame)
            quoted = frame.quoted
            # A middlebox receives errors that are for others.
            if frame.outbound or quoted is None or frame.flow[1] != host.address:
                continue
            # What the quote is too short for cannot be compared.
            names = header + [name for name in rest if quoted.get(name) is not None]
            expected = [[one.get(name) for name in names] for one in sent[quoted.flow]]
            came = [quoted.get(name) for name in names]
            if came in expected:
                continue
            # Only what differs in the header of a port unreachable is a known deviation.
            ports = frame.icmp_type == 3 and frame.int("icmp.code") == 3
            alike = [one for one in expected if one[0] == came[0] and one[3:] == came[3:]]
            check = "quoted-header" if ports and alike and came[1:3] == ["0x0000", "1"] else "quotes"
            place = f"frame {frame.number}, {' '.join(names)}"
            yield Complaint(check, host.path, place, alike or expected or "a packet that it sent", came)


def ssh(scenario: Scenario) -> Iterator[Complaint]:
    """Both ends of a connection to port 22 identify themselves, first of all."""
    for host in scenario.hosts:
        firsts: dict[tuple, Frame] = {}
        for frame in host.frames:
            if frame.protocol == TCP and frame.int("tcp.len") and 22 in frame.flow[2:4]:
                firsts.setdefault((frame.get("tcp.stream"), frame.outbound), frame)
        for frame in firsts.values():
            came = frame.get("ssh.protocol")
            if not re.fullmatch(r"SSH-2\.0-OpenSSH_\S+", came or ""):
                yield Complaint("ssh", host.path, f"frame {frame.number}", "SSH-2.0-OpenSSH_…", came)


def pings(scenario: Scenario) -> Iterator[Complaint]:
    """tshark matches the requests and replies of pings."""
    matched = 0
    for host in scenario.hosts:
        requests, replies = {}, {}
        for frame in host.frames:
            if frame.protocol == ICMP and frame.int("icmp.type") in (0, 8):
                kind = replies if frame.int("icmp.type") == 0 else requests
                address = sorted(frame.flow[:2])
                kind[*address, frame.get("icmp.ident"), frame.get("icmp.seq")] = frame
        for key, reply in replies.items():
            request = requests.get(key)
            place = f"frame {reply.number}"
            if request is None:
                yield Complaint("pings", host.path, place, "a reply to a request", f"none with {key}")
                continue
            for frame, name, other in ((reply, "icmp.resp_to", request), (request, "icmp.resp_in", reply)):
                if frame.int(name) != other.number:
                    place = f"frame {frame.number}"
                    yield Complaint("pings", host.path, place, f"{name} {other.number}", frame.int(name))
            matched += 1
    for step in scenario.result["steps"]:
        if step["kind"] == "run" and re.match(r"(ssh \S+ )?ping ", step["command"]):
            received = re.search(r"(\d+) (?:packets )?received", step["stdout"])
            if received and int(received[1]) and not matched:
                place = f"step {step['number']}: {step['command']}"
                yield Complaint("pings", scenario.folder / "result.json", place, f"{received[0]}", "no reply captured")


def pages(scenario: Scenario) -> Iterator[Complaint]:
    """What curl printed is what the server sent, as tshark follows the stream at the server."""
    answers = []
    for host in scenario.hosts:
        opened, methods, secure = {}, defaultdict(list), set()
        for frame in host.frames:
            stream = frame.int("tcp.stream")
            if frame.protocol == TCP and not frame.outbound:
                opened.setdefault(stream, frame.at)
                methods[stream] += frame.all("http.request.method")
                if frame.all("tls.record.version"):
                    secure.add(stream)
        streams = [stream for stream, used in methods.items() if used]
        followed = host.follow([stream for stream in streams if stream not in secure])
        followed |= host.follow([stream for stream in streams if stream in secure], "tls")
        for stream, (_, said) in followed.items():
            answers.append((opened[stream], host, stream, list(responses(said, methods[stream]))))
    answers.sort(key=lambda answer: answer[0])

    for step in scenario.result["steps"]:
        if step["kind"] != "run" or not step["stdout"] or not is_page(step["command"]):
            continue
        begin = nanoseconds(step["begin"])
        within = [answer for answer in answers if begin <= answer[0] <= begin + step["took_ns"]]
        printed = step["stdout"]
        bodies = [[text(body) for _, body in responses] for *_, responses in within]
        whole = [[text(head + body) for head, body in responses] for *_, responses in within]
        said = [body for stream in bodies for body in stream]
        said += [head for stream in whole for head in stream]
        # Several pages, or what led to the page.
        said += ["".join(part for stream in bodies for part in stream)]
        said += ["".join(part for stream in whole for part in stream)]
        if printed not in said:
            file = f"{within[-1][1].path} (stream {within[-1][2]})" if within else scenario.folder / "pcap"
            place = f"step {step['number']}: {step['command']}"
            yield Complaint("pages", file, place, repr(printed), said or "no answer in any capture")


def decrypted(scenario: Scenario) -> Iterator[Complaint]:
    """tshark reads every TLS record in one pass, with nothing but the capture, and finds curl's requests inside."""
    fetched = [
        step
        for step in scenario.result["steps"]
        if step["kind"] == "run" and not step.get("exit") and re.search(r"\bcurl\b.*https://", step["command"])
    ]
    for capture in scenario.captures:
        requests = 0
        for frame in capture.once:
            there, read = (len(frame.get(f"tls.record.{name}", [])) for name in ("version", "content_type"))
            if there != read:
                place = f"frame {frame['frame.number'][0]}"
                yield Complaint("decrypted", capture.path, place, f"{there} readable records", read)
            if there and frame.get("http.request.method") and frame.get("http.response.code") is None:
                requests += 1
        if capture is scenario.everything and requests < len(fetched):
            yield Complaint("decrypted", capture.path, "requests over TLS", f"{len(fetched)} or more", requests)


def buckets(scenario: Scenario) -> Iterator[Complaint]:
    """What `aws s3 ls` printed is in the XML that S3 sent, as tshark decrypts it at the client."""
    listings = []
    for host in scenario.hosts:
        opened = {}
        for frame in host.frames:
            if frame.protocol == TCP and frame.outbound and frame.all("tls.record.version"):
                opened.setdefault(frame.int("tcp.stream"), frame.at)
        for stream, (_, said) in host.follow(list(opened), "tls").items():
            for _, body in responses(said, ["GET"]):
                if b"<ListAllMyBucketsResult" in body:
                    root = ElementTree.fromstring(body)
                    names = [node.text for node in root.iter() if node.tag.endswith("}Name")]
                    listings.append((opened[stream], names))
    for step in scenario.result["steps"]:
        if step["kind"] != "run" or step.get("exit") or not re.search(r"\baws s3 ls( --|$)", step["command"]):
            continue
        begin = nanoseconds(step["begin"])
        printed = [line.split()[2] for line in step["stdout"].splitlines()]
        within = [names for at, names in listings if begin <= at <= begin + step["took_ns"]]
        if printed not in within:
            place = f"step {step['number']}: {step['command']}"
            yield Complaint("buckets", scenario.folder / "pcap", place, printed, within or "no listing in any capture")


def is_page(command: str) -> bool:
    """Whether a command prints a web page and nothing else."""
    if "169.254." in command:
        # What is next to an interface has no capture of its own.
        return False
    words = re.sub(r"^ssh \S+ ", "", command).split()
    other = r"--(write-out|output|remote-name)|-[a-zA-Z]*[woOv]"
    return words[0] == "curl" and not any(re.match(other, word) for word in words[1:])


def text(data: bytes) -> str:
    return data.decode(errors="replace")


def responses(said: bytes, methods: list[str]) -> Iterator[tuple[bytes, bytes]]:
    """The heads and bodies of the answers in a stream."""

    class Socket:
        def __init__(self, rest: bytes) -> None:
            self.file = io.BufferedReader(io.BytesIO(rest))

        def makefile(self, mode: str) -> io.BufferedReader:
            return self.file

    for method in methods:
        response = HTTPResponse(Socket(said), method=method)
        try:
            response.begin()
            body = response.read()
        except HTTPException:
            return
        head, _, rest = said.partition(b"\r\n\r\n")
        yield head + b"\r\n\r\n", body
        used = len(body) if "chunked" not in (response.getheader("Transfer-Encoding") or "") else len(rest)
        said = rest[used:]


CHECKS = [opens, intact, everything, dropped, linux, option_order, window_scale, timestamps, analysis, quotes, ssh, pings, pages, decrypted, buckets]
