"""Outages of a known length on loopback, practised with the tool and with the peer: what each says of the RTO.

The peer states no RTO, but its journal stamps every probe. So the same judge reads it (`judge/recovery.py`), with the
fault's effect somewhere within the action that injected it; and a person reads it, who subtracts two stamps.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from figures import Setting
from lambda_endpoint import ACCOUNT, Endpoint
from outage_endpoint import failing
from peer import chaos, experiment, http_probe, throttling, unthrottling, waiting
from processes import drill, run

from drillrunner.judge.recovery import observe, rto
from drillrunner.judge.story import Effect
from drillrunner.judge.tracks import Cadence, gather
from drillrunner.model.reading import Reading

EVERY_SECONDS = 1.0
TIMEOUT_SECONDS = 2.0
STABLE_SECONDS = 2.0
# The peer's method lasts so much longer than the outage that its end shows: a time-out, a turn, and the stable time.
AFTER_SECONDS = 8.0
SEED = 1
AT_ONCE = 4
FUNCTION = "fn-000"
PROBES = {"checkout": "health", "standby": "steady/standby", "orders": "steady/orders", "search": "steady/search"}


@dataclass(frozen=True, slots=True)
class Outage:
    """From the throttle's effect users are lost for so many seconds; it comes so long after the drill's beginning."""

    number: int
    seconds: float
    baseline_seconds: float

    @property
    def hangs(self) -> bool:
        """Every other outage leaves questions unanswered, as a region does that is cut off."""
        return self.number % 2 == 1


@dataclass(frozen=True, slots=True)
class Read:
    """What can be read of one outage, seconds: the RTO's interval, and the figure that a person would take."""

    truth: float
    low: float
    high: float
    figure: float

    @property
    def holds(self) -> bool:
        return self.low <= self.truth <= self.high

    @property
    def width(self) -> float:
        return self.high - self.low

    @property
    def error(self) -> float:
        """How far the figure is from the truth."""
        return abs(self.figure - self.truth)


@dataclass(frozen=True, slots=True)
class Practised:
    """One outage, practised with both."""

    outage: Outage
    ours: Read
    peer: Read
    peer_status: str


def drawn(count: int) -> list[Outage]:
    """So many outages, the same every time."""
    dice = random.Random(SEED)
    return [Outage(number, dice.uniform(2.0, 7.0), dice.uniform(2.0, 3.0)) for number in range(count)]


def practise(setting: Setting, count: int) -> list[Practised]:
    """Every outage with both tools in turn, a few outages side by side: nearly all of the time is waiting."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(lambda outage: _practise(setting, outage), drawn(count)))


def _practise(setting: Setting, outage: Outage) -> Practised:
    folder = setting.folder / f"outage-{outage.number}"
    folder.mkdir()
    with failing(outage.seconds, outage.hangs) as endpoint:
        journal = _peer_journal(setting, folder, endpoint, outage)
        endpoint.reset()
        verdict = _our_verdict(folder, endpoint, outage)
    return Practised(outage, read_ours(verdict, outage), read_peer(journal, outage), str(journal["status"]))


# -- the tool ---------------------------------------------------------------------------------------------


def _our_verdict(folder: Path, endpoint: Endpoint, outage: Outage) -> dict[str, Any]:
    reports = folder / "reports"
    run(drill("run", str(_drill_file(folder, endpoint, outage)), "--reports", str(reports), "--no-input"), folder)
    [path] = reports.glob("*/verdict.json")
    verdict: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return verdict


def _drill_file(folder: Path, endpoint: Endpoint, outage: Outage) -> Path:
    environment = {
        "kind": "aws",
        "account": ACCOUNT,
        "regions": ["us-east-1"],
        "endpoint_url": endpoint.url,
        "max_targets": 1,
        "confirm": False,
    }
    probes = {name: _probe(f"{endpoint.url}/{path}") for name, path in PROBES.items()}
    probes["checkout"]["user_facing"] = True
    content = {
        "drill": "known-outage",
        "title": "users are lost with a function, and served again a known time later",
        "owner": "benchmarks",
        "environment": "loopback",
        "objectives": {"rto": "15s"},
        "probes": probes,
        "baseline": {"for": f"{outage.baseline_seconds:.3f}s"},
        "faults": [{"lambda.throttle": {"region": "us-east-1", "functions": [FUNCTION], "reserved_concurrency": 0}}],
        "recovery": {"within": "30s", "stable_for": f"{STABLE_SECONDS:g}s"},
        "revert": {"within": "1m"},
        "stop_if": [{"probe": "checkout", "fails_for": "1m"}],
    }
    drills = folder / "drills"
    drills.mkdir()
    (drills / "environments.yaml").write_text(json.dumps({"loopback": environment}), encoding="utf-8")
    path = drills / "known-outage.yaml"
    path.write_text(json.dumps(content, indent=1), encoding="utf-8")
    return path


def _probe(url: str) -> dict[str, Any]:
    asked = {"url": url, "expect": {"status": 200}}
    return {"http.get": asked, "every": f"{EVERY_SECONDS:g}s", "timeout": f"{TIMEOUT_SECONDS:g}s"}


def read_ours(verdict: dict[str, Any], outage: Outage) -> Read:
    """The interval that stands in the verdict; who wants one figure takes its middle."""
    [objective] = [one for one in verdict["objectives"] if one["name"] == "rto"]
    low, high = objective["low"], objective["high"]
    if low is None or high is None:
        raise SystemExit(f"outage {outage.number}: the verdict has no RTO: {objective['why']}")
    return Read(outage.seconds, low, high, (low + high) / 2)


# -- the peer ---------------------------------------------------------------------------------------------


def _peer_journal(setting: Setting, folder: Path, endpoint: Endpoint, outage: Outage) -> dict[str, Any]:
    probes = [http_probe(name, f"{endpoint.url}/{path}") for name, path in PROBES.items()]
    for probe in probes:
        probe["provider"]["timeout"] = TIMEOUT_SECONDS
    path = experiment(
        folder / "known-outage.json",
        probes=probes,
        method=[waiting(outage.baseline_seconds), throttling(FUNCTION), waiting(outage.seconds + AFTER_SECONDS)],
        rollbacks=[unthrottling(FUNCTION)],
    )
    written = folder / "journal.json"
    words = ("--hypothesis-strategy", "continuously", "--hypothesis-frequency", f"{EVERY_SECONDS:g}")
    options = ("--rollback-strategy", "always", "--journal-path", str(written))
    surroundings = {"AWS_ENDPOINT_URL": endpoint.url}
    run(chaos(setting.peer, "run", *words, *options, str(path)), folder, surroundings, expect=None)
    journal: dict[str, Any] = json.loads(written.read_text(encoding="utf-8"))
    return journal


def read_peer(journal: dict[str, Any], outage: Outage) -> Read:
    """What the journal's stamps allow: an interval by our judge, and two stamps subtracted by a person.

    The person takes the end of the action that injected the fault, and the end of the first probe that was good
    again after one that was not.
    """
    readings = list(_readings(journal))
    effect = _injected(journal)
    gathered = gather(readings, {"checkout": Cadence(EVERY_SECONDS, TIMEOUT_SECONDS)}, (), 0.0)
    seen = observe(gathered.tracks["checkout", "here"], effect.low, readings[-1].answered, STABLE_SECONDS)
    found = rto(seen, effect)
    if found is None or seen.first_good is None:
        raise SystemExit(f"outage {outage.number}: the peer's journal shows no recovery")
    return Read(outage.seconds, found.low, found.high, seen.first_good - effect.high)


def _readings(journal: dict[str, Any]) -> Iterator[Reading]:
    """Every answer about the users' service."""
    runs = (one for state in journal["steady_states"]["during"] for one in state["probes"])
    ours = (one for one in runs if one["activity"]["name"] == "checkout")
    for seq, one in enumerate(ours, start=1):
        asked, answered = _moment(one["start"]), _moment(one["end"])
        yield Reading("checkout", seq, asked, asked, answered, bool(one["tolerance_met"]))


def _injected(journal: dict[str, Any]) -> Effect:
    [action] = [one for one in journal["run"] if one["activity"]["name"] == f"throttle {FUNCTION}"]
    return Effect(_moment(action["start"]), _moment(action["end"]))


def _moment(stamp: str) -> float:
    return datetime.fromisoformat(stamp).timestamp()
