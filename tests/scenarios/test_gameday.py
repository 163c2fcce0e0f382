"""Whole game days in the lab, as a user runs them: checked, announced, ended, killed and gone on with."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from drillrunner.errors import ExitCode
from stages import Stage, stage_in

DRILLS = {
    "met": ("lambda-throttle", {}),
    "missing": ("lambda-throttle", {"rto: 2m": "rto: 1s"}),
    "outage": ("regional-outage", {}),
    "health": ("health-check-failover", {"stable_for: 60s": "stable_for: 5s"}),
}
DAY = """\
gameday: day
title: a day of drills
environment: lab
roles: {{facilitator: shift lead}}
drills:
  - {{id: first, drill: met, cool_down: 5m}}
  - {{id: second, drill: missing, on_miss: go_on, at_least: 0%, cool_down: 5m}}
  - {{id: third, drill: outage, needs: [first], at_least: 0%}}
rehearsal: {{runs: 1, at_least: {at_least}, max_age: 1h}}
approvals: {{needed: 1, by: [pilot]}}
announcements: {{start: Drills begin.}}
freeze: [{{from: {frozen}, to: 2099-01-01T00:00:00Z, why: end of year}}]
"""
PLAIN = """\
gameday: day
title: a day of drills
environment: lab
roles: {facilitator: shift lead}
drills:
  - {id: first, drill: met}
  - {id: second, drill: health}
"""
YEARS_AHEAD, NOW = "2098-12-18T00:00:00Z", "2026-01-01T00:00:00Z"


@dataclass
class Hook:
    """A webhook's receiver on loopback."""

    url: str = ""
    events: list[dict[str, Any]] = field(default_factory=list)

    def types(self) -> list[str]:
        return [event["type"].removeprefix("io.drillrunner.") for event in self.events]


@pytest.fixture
def hook() -> Iterator[Hook]:
    remembered = Hook()

    class Answers(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            remembered.events.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing on standard error."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    remembered.url = f"http://127.0.0.1:{server.server_address[1]}/hook"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield remembered
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def day(stage: Stage, tmp_path: Path, hook: Hook) -> Stage:
    """A folder of its own with three short drills, in the lab that all scenarios share; one webhook is told."""
    own = stage_in(tmp_path / "work")
    own.environment = stage.environment
    environments = own.folder / "drills" / "environments.yaml"
    told = f'  kind: lab\n  signals: [webhook: {{url: "{hook.url}"}}]\n'
    environments.write_text(environments.read_text().replace("  kind: lab\n", told, 1))
    for name, (source, changes) in DRILLS.items():
        own.drill_file(name, changes, source)
    (own.folder / "drills" / "gamedays").mkdir()
    return own


def write(day: Stage, text: str) -> None:
    (day.folder / "drills" / "gamedays" / "day.yaml").write_text(text, encoding="utf-8")


def last_course(day: Stage) -> dict[str, Any]:
    folder = max(path for path in day.reports.iterdir() if "-gameday-" in path.name)
    course: dict[str, Any] = json.loads((folder / "gameday.json").read_text(encoding="utf-8"))
    return course


def test_a_day_is_refused_until_all_checks_hold_and_then_measured_told_and_reported(day: Stage, hook: Hook) -> None:
    write(day, DAY.format(at_least="100%", frozen=NOW))
    frozen = day.drill("gameday", "run", "day", "--plain")
    assert frozen.returncode == ExitCode.REFUSED
    assert "frozen by end of year" in frozen.stderr
    assert "approvals: 0 of 1 approvals" in frozen.stderr
    assert hook.events == []

    write(day, DAY.format(at_least="100%", frozen=YEARS_AHEAD))
    assert day.drill("approve", "day", "--as", "pilot").returncode == 0
    day.drill_file("missing", {"rto: 2m": "rto: 2s"}, "lambda-throttle")
    changed = day.drill("gameday", "run", "day", "--plain")
    assert changed.returncode == ExitCode.REFUSED
    assert "pilot approved" in changed.stderr
    assert "second: drill.objectives.rto.target 1.0 → 2.0" in changed.stderr
    assert last_course(day)["outcome"] == "refused"

    assert day.drill("approve", "day", "--as", "pilot", "--words", "CHG-4711").returncode == 0
    ran = day.drill("gameday", "run", "day", "--plain")
    assert ran.returncode == ExitCode.MISSED, ran.stderr
    course = last_course(day)
    assert [one["state"] for one in course["drills"]] == ["met", "missed", "met"]
    assert course["approvals"]["counted"] == ["pilot"]
    assert [(one["id"], one["chance"]) for one in course["gate"] if one["runs"]] == [("first", 1.0)]
    assert all((day.reports / one["run_id"] / "report.html").is_file() for one in course["drills"])
    assert [name for name in hook.types() if name.startswith("gameday")] == ["gameday.began", "gameday.ended"]
    assert hook.types().count("run.ended") == 3
    assert "FAIL · an objective was missed · game day day" in ran.stdout


def test_a_killed_day_is_known_put_back_and_gone_on_with_but_its_drill_is_never_run_again(day: Stage) -> None:
    write(day, PLAIN)
    killed = day.drill("gameday", "run", "day", "--plain", dies_after="effect.observed#1")
    assert killed.returncode == -9

    again = day.drill("gameday", "run", "day", "--plain")
    assert again.returncode == ExitCode.REFUSED
    assert "died: first died; STILL INJECTED: lambda.throttle" in again.stderr
    assert "drill revert" in again.stderr
    assert day.drill("gameday", "run", "day", "--plain", "--continue").returncode == ExitCode.REFUSED

    assert day.drill("revert", "last").returncode == 0
    gone_on = day.drill("gameday", "run", "day", "--plain", "--continue")
    assert gone_on.returncode == ExitCode.ABORTED, gone_on.stderr
    course = last_course(day)
    assert [one["state"] for one in course["drills"]] == ["died", "met"]
    assert course["resumed"] == 1


def test_sigterm_during_a_drill_puts_it_back_and_ends_the_day(day: Stage, hook: Hook) -> None:
    write(day, PLAIN)
    process = day.start("gameday", "run", "day", "--plain")
    for line in process.stderr:
        if "lambda.throttle" in line:
            process.terminate()
            break
    out, err = process.communicate(timeout=60)
    assert process.returncode == ExitCode.ABORTED, out + err
    course = last_course(day)
    assert [one["state"] for one in course["drills"]] == ["aborted", "not begun"]
    assert hook.types()[-2:] == ["gameday.stopped", "gameday.ended"]
