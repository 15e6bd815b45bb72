"""Networks that others collected, and what they say about them.

Usage: cases.py VPCLAB CASES

CASES is a folder with networks of Batfish (Apache-2.0) and np-guard (MIT) and the outcomes their authors assert. Every
asserted row about IPv4 is asked of vpclab, by real packets through the imported network.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

# Rows that nothing of vpclab can ask, with what holds the rule instead.
NOT_ASKED = {
    "ng2": "hosts send no protocol 107; tests/compliance/nat_gateway.rs does",
}


@dataclass
class Answer:
    """What became of a packet and its answer."""

    request: str  # delivered, dropped, or nothing if none was sent
    reply: str
    why: str

    @property
    def arrives(self) -> bool:
        return self.request == "delivered"

    @property
    def connects(self) -> bool:
        return self.arrives and self.reply == "delivered"


class Network:
    """A scenario that begins with a collected network."""

    def __init__(self, vpclab: Path, source: Path, folder: Path) -> None:
        self.vpclab, self.source, self.folder = vpclab, source, folder
        done = self.call("import", str(source), "--strict")
        # What is not carried over is named; np-guard's collector leaves route tables out.
        self.notices = [line.strip() for line in done.stderr.splitlines() if line.startswith("  ")]

    def call(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([str(self.vpclab), *arguments], capture_output=True, text=True)

    def write(self, overlay: dict, steps: list[dict]) -> Path:
        scenario = {"name": "case", "topology": {"from": str(self.source)}, **overlay, "steps": steps}
        path = self.folder / "case.yaml"
        # JSON is YAML.
        path.write_text(json.dumps(scenario))
        return path

    def ask(self, overlay: dict, sender: str, target: str, port: int) -> Answer:
        path = self.write(overlay, [{"wait": "1s"}])
        to = f"{target}:{port}"
        done = self.call("explain", str(path), "--from", sender, "--to", to, "--after", "end", "--format", "json")
        if done.returncode not in (0, 1):
            sys.exit(f"error: {sender} to {to} in {self.source}: {done.stderr}")
        step = json.loads(done.stdout)["steps"][0]
        fates = [journey["fate"] for journey in step["journeys"]]
        fates += [""] * (2 - len(fates))
        return Answer(fates[0], fates[1], step["verdict"] + describe(step["journeys"]))

    def connect(self, sender: str, target: str, port: int, local_port: int) -> bool:
        run = f"nc -z -w 2 -p {local_port} {target} {port}"
        serves = {"serves": {target: {str(port): "a page"}}}
        path = self.write(serves, [{"on": sender, "run": run, "expect": {"exit": 0}}])
        return self.call("run", str(path), "--no-out", "--quiet").returncode == 0


def describe(journeys: list[dict]) -> str:
    last = journeys[-1]["path"][-1] if journeys and journeys[-1].get("path") else {}
    return f" ({last.get('kind', '')} {last.get('object', '')} {last.get('detail', '')})"


class Cases:
    def __init__(self, vpclab: Path, folder: Path) -> None:
        self.vpclab, self.folder = vpclab, folder
        self.asked, self.wrong = 0, []

    def expect(self, row: str, expected: bool, found: bool, why: str) -> None:
        self.asked += 1
        if expected != found:
            self.wrong.append(row)
            print(f"{row}: expected {'yes' if expected else 'no'}, found {'yes' if found else 'no'}: {why}")

    def batfish(self, case: Path) -> None:
        network = Network(self.vpclab, case / "aws_configs", self.folder)
        for notice in network.notices:
            self.wrong.append(f"{case.name}: {notice}")
            print(f"{case.name}: not carried over: {notice}")
        names = hosts(case / "aws_configs")
        for flow in json.loads((case / "expected.json").read_text())["flows"]:
            if flow["id"] in NOT_ASKED:
                print(f"{flow['id']}: not asked: {NOT_ASKED[flow['id']]}")
                continue
            overlay, sender, target = parties(flow, names)
            port = flow.get("dport") or 80
            answer = network.ask(overlay, sender, target, port)
            row = f"{case.name} {flow['id']} {sender} to {target}:{port}"
            self.expect(row, flow["verdict"] == "accepted", answer.arrives, answer.why)
            if flow.get("tcp_connects") is not None:
                self.expect(f"{row}, and back", flow["tcp_connects"], answer.connects, answer.why)

    def np_guard(self, folder: Path) -> None:
        expected = json.loads((folder / "expected_aws_acl_1.json").read_text())
        network = Network(self.vpclab, folder / "input", self.folder)
        for pair in expected["all_pairs"]:
            sender, receiver = (pair[key].split("[")[0] for key in ("src", "dst"))
            answer = network.ask({}, sender, receiver, 443)
            # Of what is allowed for some ports only, 443 is one of those without an answer, or none.
            wide = [rule for rule in pair["allowed"] if covers(rule["dst_ports"], 443)]
            row = f"np-guard {sender} to {receiver}"
            self.expect(row, any(covers(rule["src_ports"], 50_000) for rule in wide), answer.arrives, answer.why)
            open_both_ways = any(not rule["tcp_response_blocked"] and rule["src_ports"] is None for rule in wide)
            self.expect(f"{row}, and back", open_both_ways, answer.connects, answer.why)
            for rule in pair["allowed"]:
                for ports, other in ((rule["src_ports"], "dst_ports"), (rule["dst_ports"], "src_ports")):
                    if ports and len(ports) == 1 and not rule[other]:
                        low = ports[0][0]
                        local, remote = (low, 443) if other == "dst_ports" else (50_000, low)
                        connects = network.connect(sender, receiver, remote, local)
                        self.expect(f"{row} from port {local} to {remote}", True, connects, "nc")
        self.np_guard_internet(expected, network)

    def np_guard_internet(self, expected: dict, network: Network) -> None:
        """What the internet reaches, and what reaches the internet: anybody, or one address of it."""
        anybody, one = "198.51.100.9", "147.235.208.136"
        overlay = {"internet": {"anybody": {"address": anybody}, "one": {"address": one}}}
        connections = {(c["src"].split("[")[0], c["dst"].split("[")[0]) for c in expected["connections"]}
        everybody = "Public Internet (all ranges)"
        only = f"Public Internet {one}/32"
        for name, endpoint in expected["endpoints"].items():
            host = name.split("[")[0]
            for peer, address, ranges in (("anybody", anybody, [everybody]), ("one", one, [everybody, only])):
                comes = any((source, host) in connections for source in ranges)
                answer = network.ask(overlay, peer, endpoint["public_ip"], 443)
                self.expect(f"np-guard {peer} to {host}", comes, answer.arrives, answer.why)
                goes = any((host, target) in connections for target in ranges)
                answer = network.ask(overlay, host, address, 443)
                self.expect(f"np-guard {host} to {peer}", goes, answer.arrives, answer.why)


def covers(ports: list[list[int]] | None, port: int) -> bool:
    return ports is None or any(low <= port <= high for low, high in ports)


def hosts(source: Path) -> dict[str, str]:
    """Instances by id, and how a scenario calls them."""
    names = {}
    for path in source.rglob("Reservations.json"):
        for reservation in json.loads(path.read_text())["Reservations"]:
            for instance in reservation["Instances"]:
                tags = {tag["Key"]: tag["Value"] for tag in instance.get("Tags", [])}
                names[instance["InstanceId"]] = tags.get("Name", instance["InstanceId"]).replace(" ", "-")
    return names


def parties(flow: dict, names: dict[str, str]) -> tuple[dict, str, str]:
    """Who sends to which address, and the hosts that are needed for it."""
    overlay: dict = {}
    sender = names.get(flow["src"])
    if flow["src"] == "internet":
        overlay["internet"] = {"outside": {"address": "198.51.100.9"}}
        sender = "outside"
    elif flow["src"].startswith("vgw-"):
        overlay["on_prem"] = {"cgw-0e0d620a3ae284684": {"hosts": {"inside": {"address": "19.168.0.10"}}}}
        sender = "inside"
    target = flow["dst_ip"]
    is_known = target.startswith(("10.", "192.168.")) or flow["dst"] in names or flow["dst"].startswith("nat-")
    if flow["id"] == "pp9":
        # To the site, over the gateway.
        overlay["on_prem"] = {"cgw-0e0d620a3ae284684": {"hosts": {"inside": {"address": target}}}}
    elif not is_known:
        # Somebody on the internet, so that it can be told from an address that nobody has.
        overlay["internet"] = {**overlay.get("internet", {}), "target": {"address": target}}
    return overlay, sender, target


def main() -> int:
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    vpclab, folder = Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve()
    with tempfile.TemporaryDirectory(prefix="vpclab-cases-") as temporary:
        cases = Cases(vpclab, Path(temporary))
        for case in sorted(path.parent for path in (folder / "batfish").rglob("expected.json")):
            cases.batfish(case)
        cases.np_guard(folder / "np-guard-aws")
    print(f"{cases.asked} questions about networks of others: {len(cases.wrong)} answers differ")
    return 1 if cases.wrong or not cases.asked else 0


if __name__ == "__main__":
    sys.exit(main())
