"""What a game day looks at right before each run, and what it says of runs that went wrong."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from dead_run import RUN_ID, dead_run
from drillrunner.cli.gameday.checks import refuse_run
from drillrunner.cli.gameday.gate import kept_rehearsal
from drillrunner.cli.gameday.live import failed_run
from drillrunner.cli.gameday.past import course_in, owed_by
from drillrunner.cli.gameday.plan import Planned
from drillrunner.errors import ExitCode, InvalidInput, PlanStale, Refused
from drillrunner.files.gameday.file import GameDayFile
from drillrunner.files.gameday.folder import GameDayFolder, create_gameday_folder
from drillrunner.files.run_folder import RunFolder
from drillrunner.model.freeze import FreezeWindow
from drillrunner.model.gameday import ApprovalRule, GameDay, GameDayDrill
from drillrunner.model.journal import line_of
from drillrunner.yaml_source import Span
from fabricated_gameday import PaperCrew, gameday, plan_named, planned

NOW = datetime.now(UTC)
PLAN = plan_named("dns")
CALENDAR = """\
BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//example//EN
{event}END:VCALENDAR
"""
EVENT = """\
BEGIN:VEVENT
UID:1
DTSTAMP:20260101T000000Z
DTSTART:{begins:%Y%m%dT%H%M%SZ}
DTEND:{ends:%Y%m%dT%H%M%SZ}
SUMMARY:an incident
END:VEVENT
"""


def planned_day(day: GameDay) -> Planned:
    file = GameDayFile(day, Path("day.yaml"), {}, PLAN.environment, (), Span(), ())
    return Planned(file, planned(day), PLAN.environment, NOW)


def test_a_window_that_has_begun_since_the_checks_refuses_the_next_run() -> None:
    window = FreezeWindow(starts=NOW, ends=NOW + timedelta(days=1), summary="end of year", source="day.yaml")
    with pytest.raises(Refused, match="frozen by end of year"):
        refuse_run(planned_day(gameday(freeze=(window,))), PLAN, PLAN)
    refuse_run(planned_day(gameday()), PLAN, PLAN)


def test_a_window_that_its_calendar_has_only_now_refuses_the_next_run(tmp_path: Path) -> None:
    calendar = tmp_path / "freeze.ics"
    calendar.write_text(CALENDAR.format(event=""))
    day = planned_day(gameday(calendars=(str(calendar),)))
    refuse_run(day, PLAN, PLAN)
    event = EVENT.format(begins=NOW - timedelta(hours=1), ends=NOW + timedelta(hours=9))
    calendar.write_text(CALENDAR.format(event=event))
    with pytest.raises(Refused, match="frozen by an incident"):
        refuse_run(day, PLAN, PLAN)
    calendar.unlink()
    with pytest.raises(InvalidInput):
        refuse_run(day, PLAN, PLAN)


def test_a_plan_that_is_not_the_approved_one_refuses_the_run() -> None:
    rule = ApprovalRule(needed=1)
    other = PLAN.model_copy(update={"drill": PLAN.drill.model_copy(update={"title": "another"})})
    refuse_run(planned_day(gameday(approvals=rule)), PLAN, PLAN)
    with pytest.raises(PlanStale, match=r"its plan is not the one that was approved: drill\.title"):
        refuse_run(planned_day(gameday(approvals=rule)), PLAN, other)


def test_what_a_run_owes_is_named_and_a_journal_that_cannot_be_read_hides_nothing(tmp_path: Path) -> None:
    run = dead_run(tmp_path, "http://127.0.0.1:9")
    assert owed_by(run) == ["lambda.throttle on lambda us-east-1 checkout"]
    run.journal.write_text("torn\nin two\n")
    assert owed_by(run)[0].startswith("what is not known: ")
    assert owed_by(RunFolder(tmp_path / "20261120-140000-000000")) == []


def test_a_run_that_went_wrong_ends_as_what_it_left(tmp_path: Path) -> None:
    run = dead_run(tmp_path, "http://127.0.0.1:9")
    assert failed_run("dns", RuntimeError("a fault of ours"), [run])[:1] == (ExitCode.STILL_INJECTED,)
    assert failed_run("dns", Refused("the lock is held"), [run]).exit_code == ExitCode.STILL_INJECTED
    assert failed_run("dns", Refused("the lock is held"), []) == (ExitCode.REFUSED, "the lock is held")
    assert failed_run("dns", KeyError("x"), []) == (ExitCode.ABORTED, "internal error: KeyError: 'x'")


def test_a_day_that_died_with_a_fault_injected_says_so_in_its_report(tmp_path: Path) -> None:
    dead_run(tmp_path, "http://127.0.0.1:9")
    folder = day_with(tmp_path, PaperCrew())
    course = course_in(folder, running=False)
    assert course.drills[0].state == "died"
    assert course.drills[0].left == (f"lambda.throttle on lambda us-east-1 checkout (run {RUN_ID})",)


def day_with(reports: Path, crew: PaperCrew) -> GameDayFolder:
    folder = create_gameday_folder(reports, planned(gameday(GameDayDrill(id="dns", drill="dns"))), NOW)
    crew.write("drill.began", {"id": "dns", "drill": "dns"})
    crew.write("run.named", {"id": "dns", "run_id": RUN_ID})
    folder.journal.write_bytes(b"".join(map(line_of, crew.scribe.entries)))
    return folder


@pytest.mark.parametrize(
    ("at", "rehearsal"),
    [
        ("2026-01-01T00:00:00", "{}"),
        ("0001-01-01T00:00:00", "{}"),
        ("9999-01-01T00:00:00Z", "{}"),
        (NOW.isoformat(), "{"),
        (NOW.isoformat(), None),
    ],
    ids=["no zone", "the first day", "yet to come", "half a file", "no file"],
)
def test_a_rehearsal_that_is_none_of_now_serves_nobody(at: str, rehearsal: str | None, tmp_path: Path) -> None:
    folder = tmp_path / "rehearsals" / "20261120-140000-000000"
    folder.mkdir(parents=True)
    (folder / "gate.json").write_text(json.dumps({"basis": "b", "at": at}))
    if rehearsal is not None:
        (folder / "rehearsal.json").write_text(rehearsal)
    assert kept_rehearsal(tmp_path, "b", 3600.0) is None
