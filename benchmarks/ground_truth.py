"""Holds the measured RTO of `regional-outage` against the lab's own ground truth, run after run.

    python benchmarks/ground_truth.py [--runs 20] [--settings-runs 3]

The lab logs when the function stopped, when DNS changed, and until when its resolver keeps what it last
told the probe's client. Users are served again from the later of the change and that expiry. Every run's
RTO interval must contain that moment; exit code 1 when one does not.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

NAME = "checkout.example.test"
DRILL = Path(__file__).resolve().parent.parent / "drills" / "regional-outage.yaml"
SETTINGS = {
    "10 s x 3, TTL 60": [],
    "10 s x 1, TTL 60": ["route53.threshold=1"],
    "10 s x 3, TTL 5": ["route53.ttl=5"],
    "10 s x 1, TTL 5": ["route53.threshold=1", "route53.ttl=5"],
}


@dataclass(frozen=True, slots=True)
class Measured:
    """One run: the RTO's interval, the truth that it must hold, and when DNS changed; seconds after the stop."""

    low: float
    high: float
    truth: float
    changed: float

    @property
    def holds(self) -> bool:
        return self.low <= self.truth <= self.high


def _drill(state: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "drillrunner", *words]
    environment = {**os.environ, "DRILLRUNNER_STATE": str(state)}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=300)


def _truth(admin_url: str, since: float) -> tuple[float, float]:
    """When the probe's client could be served again, and when DNS changed, in seconds after the function stopped."""
    with urllib.request.urlopen(f"{admin_url.rstrip('/')}/truth?since=0", timeout=30) as answer:
        log = json.load(answer)
    events: list[dict[str, Any]] = log["events"] if isinstance(log, dict) else log
    events = [event for event in events if event["at"] >= since]
    stopped = next(event for event in events if event["name"] == "function.stopped")
    names = [event for event in events if event["subject"].rstrip(".") == NAME and event["at"] >= stopped["at"]]
    changed = next(event for event in names if event["name"] == "dns.changed")
    primary = {value for event in _before(events, changed["at"]) for value in event["detail"]["values"]}
    told = [event for event in events if event["name"] == "dns.answered" and event["subject"].rstrip(".") == NAME]
    stale = [event for event in told if set(event["detail"]["values"]) <= primary and event["at"] < changed["at"]]
    expiry = max((event["detail"]["until"] for event in stale), default=0.0)
    return float(max(changed["at"], expiry) - stopped["at"]), float(changed["at"] - stopped["at"])


def _before(events: list[dict[str, Any]], moment: float) -> list[dict[str, Any]]:
    about = [event for event in events if event["subject"].rstrip(".") == NAME and event["at"] < moment]
    return [event for event in about if event["name"] == "dns.answered"]


def _run_once(state: Path, reports: Path, settings: list[str], seed: int) -> Measured | None:
    """One run in a fresh lab, so that every run meets other phases of the health checkers; None if it shows no RTO."""
    _drill(state, "lab", "down")
    options = [word for setting in settings for word in ("--set", setting)]
    ran = _drill(state, "run", str(DRILL), "--reports", str(reports), "--seed", str(seed), "--json", *options)
    if not ran.stdout.startswith("{"):
        raise SystemExit(f"the run failed ({ran.returncode}):\n{ran.stderr}")
    verdict = json.loads(ran.stdout)
    if verdict["ended_by"] != "completed":
        print(f"seed {seed} is left out: {verdict['ended_by']}", flush=True)
        return None
    rto = next(objective for objective in verdict["objectives"] if objective["name"] == "rto")
    if rto["low"] is None or rto["high"] is None:
        print(f"seed {seed} is left out: no RTO could be measured ({rto['why']})", flush=True)
        return None
    admin_url = json.loads(_drill(state, "lab", "status", "--json").stdout)["admin_url"]
    return Measured(rto["low"], rto["high"], *_truth(admin_url, verdict["began_at"]))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=20, help="runs of the shipped setting")
    parser.add_argument("--settings-runs", type=int, default=5, help="runs of each other setting")
    arguments = parser.parse_args()
    held = True
    with tempfile.TemporaryDirectory(prefix="drill-truth-") as folder:
        state, reports = Path(folder) / "state", Path(folder) / "reports"
        for number, (title, settings) in enumerate(SETTINGS.items()):
            runs = arguments.settings_runs if number else arguments.runs
            results = []
            for seed in range(1, 2 * runs + 1):
                result = _run_once(state, reports, settings, seed) if len(results) < runs else None
                if result is None:
                    continue
                results.append(result)
                mark = "holds" if result.holds else "MISSED"
                figures = f"RTO {result.low:6.1f}–{result.high:6.1f} s  truth {result.truth:6.2f} s"
                print(f"{title}  seed {seed:2}  {figures}  {mark}", flush=True)
            inside = sum(result.holds for result in results)
            mean = statistics.fmean(result.truth for result in results)
            changed = statistics.median(result.changed for result in results)
            print(
                f"{title}: {inside} of {len(results)} intervals hold the truth; "
                f"mean RTO {mean:.1f} s, DNS changed after {changed:.1f} s (median)\n",
                flush=True,
            )
            held = held and inside == runs
        _drill(state, "lab", "down")
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
