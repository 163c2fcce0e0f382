"""A drill's `schedule` as it is read: what is taken; the bad drills show what is refused."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from drillrunner.errors import InvalidInput
from drillrunner.files.drill_file import read_drill
from drillrunner.model.schedule import Every, Schedule, cadence_words

DRILL = """\
drill: outage
title: checkout stops
owner: team-checkout
objectives: {rto: 3m}
vars: {zone: Europe/Berlin}
probes:
  checkout:
    http.get: {url: "https://checkout.example.test/${zone}"}
    user_facing: true
faults:
  - lambda.throttle: {region: us-east-1, functions: [checkout]}
"""


def schedule(text: str, folder: Path) -> Schedule | None:
    file = folder / "outage.yaml"
    file.write_text(DRILL + (f"schedule: {text}\n" if text else ""), encoding="utf-8")
    return read_drill(file).schedule


@pytest.mark.parametrize(
    ("text", "read", "words"),
    [
        ("{every: month}", Schedule(every=Every(months=1)), "every month"),
        ("{every: month, missed: run_once}", Schedule(every=Every(months=1), missed="run_once"), "every month"),
        ("{every: half-year, grace: 36h}", Schedule(every=Every(months=6), grace_seconds=129_600.0), "every half-year"),
        ("{every: 2w, starts: 2026-01-13}", Schedule(every=Every(days=14), starts=datetime(2026, 1, 13)), "every 14d"),
        (
            '{cron: "0 9 * * 1", time_zone: "${zone}", grace: 2w}',
            Schedule(cron="0 9 * * 1", time_zone="Europe/Berlin", grace_seconds=1_209_600.0),
            "cron 0 9 * * 1",
        ),
        (
            '{rrule: "FREQ=MONTHLY;BYDAY=2TU;BYHOUR=10", starts: 2026-01-13T10:00, time_zone: America/New_York}',
            Schedule(
                rrule="FREQ=MONTHLY;BYDAY=2TU;BYHOUR=10",
                starts=datetime(2026, 1, 13, 10),
                time_zone="America/New_York",
            ),
            "FREQ=MONTHLY;BYDAY=2TU;BYHOUR=10",
        ),
    ],
)
def test_each_cadence_is_read(text: str, read: Schedule, words: str, tmp_path: Path) -> None:
    assert schedule(text, tmp_path) == read
    assert cadence_words(read) == words


def test_a_drill_without_a_schedule_has_none(tmp_path: Path) -> None:
    assert schedule("", tmp_path) is None


@pytest.mark.parametrize("zone", ["", "../../etc/passwd", "/etc/localtime", "Europe", "CEST", "a" * 300, "\\0"])
def test_what_is_no_zone_is_refused_as_one(zone: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput) as refused:
        schedule(f'{{every: month, time_zone: "{zone}"}}', tmp_path)
    assert {problem.code for problem in refused.value.problems} == {"D147"}


def test_a_flaw_in_a_text_with_a_variable_is_marked_as_a_whole(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput) as refused:
        schedule('{cron: "0 9 * * ${zone}"}', tmp_path)
    (problem,) = refused.value.problems
    assert (problem.code, problem.column, problem.length) == ("D145", 18, 17)
