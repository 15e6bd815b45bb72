"""Checks what vpclab leaves behind with software that others wrote.

Usage: interop.py VPCLAB [--self-test]
"""

from __future__ import annotations

import argparse
import filecmp
import shutil
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

# flowlogs-reader calls what later versions of Python will not have.
warnings.simplefilter("ignore", DeprecationWarning)

try:
    import checks
    import flow_logs
    import readers
    from imitation import Server
except ModuleNotFoundError as error:
    sys.exit(f"error: {error}\n\nhint: call `tests/interop/run`, which installs requirements.txt into a venv")

import self_test
from known import KNOWN
from run_output import Complaint, Scenario
from tshark import Missing, call

HERE = Path(__file__).parent
ROOT = HERE.parent.parent

CHECKS = [*checks.CHECKS, *flow_logs.CHECKS, *readers.CHECKS]
# These compare with the journeys in result.json, which say nothing of background traffic.
BY_JOURNEYS = [checks.dropped, checks.analysis, flow_logs.rejected]

# Of each check, so that one mistake does not bury another.
SHOWN_MAX = 5


def run(vpclab: Path, scenarios: Path, out: Path, *options: str) -> None:
    """Runs scenarios, from the root of the repository."""
    command = [str(vpclab), "run", str(scenarios.relative_to(ROOT)), "--out", str(out), *options]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"error: `{' '.join(command)}` ended with {done.returncode}\n{done.stdout[-4000:]}{done.stderr}")


def folders(out: Path) -> list[Path]:
    return sorted(path.parent for path in out.rglob("result.json"))


def differences(one: Path, other: Path) -> list[Complaint]:
    """Whether a verbose run leaves the same captures and logs behind."""
    complaints = []
    files = lambda root: {path.relative_to(root) for path in root.rglob("*") if path.is_file()}
    for path in sorted(files(one) | files(other)):
        if path.name != "result.json":
            same = all((root / path).exists() for root in (one, other))
            if not (same and filecmp.cmp(one / path, other / path, shallow=False)):
                complaints.append(Complaint("verbose", path, "with --verbose", "the same bytes", "others"))
    return complaints


def complain(found: list[Complaint], shown: dict[str, int]) -> None:
    for complaint in found:
        shown[complaint.check] = shown.get(complaint.check, 0) + 1
        if shown[complaint.check] <= SHOWN_MAX:
            print(complaint, flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description="Checks what vpclab leaves behind with tshark and others.")
    parser.add_argument("vpclab", type=Path, help="the program")
    parser.add_argument("--self-test", action="store_true", help="show that the checks can fail, too")
    parser.add_argument("--keep", type=Path, help="leave the output of the runs there")
    args = parser.parse_args()
    vpclab = args.vpclab.resolve()

    for program in ("tshark", "capinfos"):
        print(call(program, "--version").out.splitlines()[0])

    with tempfile.TemporaryDirectory(prefix="vpclab-interop-") as temporary:
        out = args.keep or Path(temporary)
        plain, verbose = out / "plain", out / "verbose"
        for source in (ROOT / "scenarios", HERE / "scenarios"):
            name = "-".join(source.relative_to(ROOT).parts)
            run(vpclab, source, plain / name)
            # Explains the journeys of all packets, and so lets result.json be compared with captures.
            run(vpclab, source, verbose / name, "--verbose")
        scenarios = [Scenario(folder) for folder in folders(verbose)]
        deliver(vpclab, scenarios, out / "delivered")
        received = {scenario.folder: scenario.received for scenario in scenarios}
        failed = test(plain, verbose, scenarios)
        if args.self_test:
            scenarios = [Scenario(folder, received=came) for folder, came in received.items()]
            failed |= self_test.run(scenarios, CHECKS, Path(temporary) / "broken")
        return failed


def deliver(vpclab: Path, scenarios: list[Scenario], out: Path) -> None:
    """Sends what flow logs delivered to an imitation of AWS, and has it read there."""
    with Server() as server:
        for scenario in scenarios:
            if scenario.delivery:
                scenario.received = server.receive(vpclab, ROOT, scenario, out)


def test(plain: Path, verbose: Path, scenarios: list[Scenario]) -> int:
    found = differences(plain, verbose)
    shown: dict[str, int] = {}
    deviations: dict[str, list[Complaint]] = {name: [] for name in KNOWN}
    complain(found, shown)
    while scenarios:
        # Captures take much memory: each is forgotten when it is done.
        scenario = scenarios.pop(0)
        has_traffic = (scenario.folder / "flow-logs" / "ground-truth.jsonl").exists()
        fitting = [check for check in CHECKS if not (has_traffic and check in BY_JOURNEYS)]
        complaints = [complaint for check in fitting for complaint in check(scenario)]
        for complaint in complaints:
            deviations.get(complaint.check, []).append(complaint)
        complaints = [complaint for complaint in complaints if complaint.check not in KNOWN]
        complain(complaints, shown)
        found += complaints
        frames = sum(len(host.frames) for host in scenario.hosts)
        lines = len(scenario.logs["all"].records)
        verdict = "ok" if not complaints else f"{len(complaints)} complaints"
        objects, streams = len(scenario.delivery.objects), len(scenario.delivery.streams)
        sent = f", {objects} objects, {streams} streams" if scenario.delivery else ""
        print(f"{scenario.name}: {len(scenario.captures)} captures, {frames} frames, {lines} records{sent}: {verdict}", flush=True)

    for name, complaints in deviations.items():
        if complaints:
            print(f"known: {name}, {len(complaints)} times: {KNOWN[name]}")
        else:
            found.append(Complaint(name, HERE / "known.py", "the known deviation", KNOWN[name], "none: remove it"))
            print(found[-1])
    for name, count in shown.items():
        print(f"{name}: {count} complaints" + (f", of which {SHOWN_MAX} are shown" if count > SHOWN_MAX else ""))
    print("the interop suite found nothing wrong" if not found else f"FAILED: {len(found)} complaints")
    return 1 if found else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Missing as missing:
        sys.exit(f"error: {missing}\n\nhint: apt-get install tshark")
