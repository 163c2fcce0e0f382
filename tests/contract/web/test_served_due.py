"""The drills page over a socket: when each drill is due, as `drill due` says it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from past_reports import STAGING, day, rto, verdict_on, write_run
from served_pages import served

pytestmark = pytest.mark.anyio

DRILL = """\
drill: {name}
title: {name} is practised
owner: team-checkout
environment: {environment}
objectives: {{rto: 3m}}
probes:
  checkout:
    http.get: {{url: "https://checkout.example.test/health"}}
    user_facing: true
faults:
  - lambda.throttle: {{region: us-east-1, functions: [checkout]}}
{schedule}
"""
SCHEDULES = {
    "kept": 'schedule: {cron: "0 9 * * 1", time_zone: Europe/Berlin, grace: 14d}',
    "late": "schedule: {every: quarter, grace: 14d}",
    "new": "schedule: {every: year}",
    "now": "schedule: {every: month, starts: 2026-11-19T10:00, grace: 14d}",
    "plain": "",
}


def write_drill(folder: Path, name: str, schedule: str, environment: str = "lab") -> None:
    text = DRILL.format(name=name, environment=environment, schedule=schedule)
    (folder / f"{name}.yaml").write_text(text, encoding="utf-8")


@pytest.fixture
def base(tmp_path: Path) -> Path:
    """It is 2026-11-20 14:01 UTC. `late` ran in July; what was aborted or ran elsewhere since then does not count."""
    drills = tmp_path / "drills"
    drills.mkdir()
    (drills / "environments.yaml").write_text("lab: {kind: lab}\n", encoding="utf-8")
    for name, schedule in SCHEDULES.items():
        write_drill(drills, name, schedule)
    reports = tmp_path / "reports"
    for month, number, drill, where in ((11, 17, "kept", None), (7, 1, "late", None), (11, 2, "late", STAGING)):
        write_run(reports, verdict_on(day(2026, month, number), rto(60.0, 61.0), drill=drill), where)
    aborted = verdict_on(day(2026, 11, 1), rto(60.0, 61.0), drill="late", ended_by="aborted: SIGINT")
    write_run(reports, aborted)
    return tmp_path


def rows_of(text: str) -> dict[str, str]:
    """The words of the last cell of each row, by the drill's name."""
    found = {}
    for row in text.split('<tr><th scope="row">')[1:]:
        cells = re.split(r"<td[^>]*>", row.partition("</tr>")[0])
        first, last = (" ".join(re.sub(r"<[^>]+>", " ", cell).split()) for cell in (cells[0], cells[-1]))
        found[first] = last
    return found


async def test_the_page_says_of_each_drill_when_it_is_due(base: Path) -> None:
    async with served(base) as pages:
        text = await pages.text("/drills")
    assert rows_of(text) == {
        "kept": "✓ ok until 2026-11-23 09:00 Europe/Berlin cron 0 9 * * 1",
        "late": "✗ OVERDUE by 50d: was due on 2026-10-01 12:00 UTC every quarter",
        "new": "· never run every year",
        "now": "! due on 2026-11-19 10:00 UTC, at the latest 14d later every month",
        "plain": "no schedule",
    }


async def test_what_is_overdue_is_named_before_the_list(base: Path) -> None:
    async with served(base) as pages:
        text = await pages.text("/drills")
    assert "Overdue (1 of 5): late</p>" in text
    assert text.index("Overdue (1 of 5)") < text.index("<table")


async def test_where_nothing_is_overdue_nothing_is_said_of_it(base: Path) -> None:
    (base / "drills" / "late.yaml").unlink()
    async with served(base) as pages:
        assert "Overdue" not in await pages.text("/drills")


async def test_a_drill_whose_environment_is_not_there_hides_no_other(base: Path) -> None:
    write_drill(base / "drills", "lost", SCHEDULES["late"], environment="nowhere")
    async with served(base) as pages:
        rows = rows_of(await pages.text("/drills"))
    assert rows["lost"] == "—"
    assert rows["late"].startswith("✗ OVERDUE")
