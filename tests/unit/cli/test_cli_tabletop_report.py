"""`drill tabletop report`: three files in the exercise's folder, beside what was measured, and its plan as actions."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from drillrunner.cli.tabletop.group import tabletop
from drillrunner.cli.tabletop.measured import measured_of
from drillrunner.files.actions_file import ACTIONS, read_actions
from drillrunner.files.exercise.folder import ExerciseFolder
from drillrunner.model.verdict import Share
from filed_exercise import HOSTILE, played
from past_reports import day, rto, verdict_on, write_run

ANATOMY = (Share(part="detect", seconds=30.0), Share(part="decide", seconds=5.0), Share(part="switch", seconds=45.0))


@dataclass(frozen=True)
class Reported:
    folder: ExerciseFolder
    reports: Path

    def run(self, *arguments: str) -> Result:
        return CliRunner().invoke(tabletop, ["report", *arguments, "--reports", str(self.reports)])

    def document(self) -> Any:
        return json.loads((self.folder.path / "after-action.json").read_text(encoding="utf-8"))


@pytest.fixture
def reported(tmp_path: Path) -> Reported:
    return Reported(played(tmp_path), tmp_path / "reports")


def write_measured(reports: Path, began: datetime, low: float, environment: dict[str, Any] | None = None) -> None:
    verdict = verdict_on(began, rto(low, low + 1), anatomy=ANATOMY, drill="outage")
    write_run(reports, verdict, environment)


def test_it_writes_a_page_markdown_and_json(reported: Reported) -> None:
    done = reported.run("last")
    assert done.exit_code == 0, done.exception
    assert "Objectives: 1 S · 1 M" in done.output
    assert "1 in time, 1 late, 1 missing" in done.output
    page = (reported.folder.path / "after-action.html").read_text(encoding="utf-8")
    assert "data:image/svg+xml;base64," in page
    assert "<script" not in page
    assert "no time left" in page
    assert "Nobody told customers" in (reported.folder.path / "after-action.md").read_text(encoding="utf-8")
    document = reported.document()
    assert document["outcome"]["decide"]["seconds"] == 540.0
    assert document["ratings"] == {"rto": "M", "tell": "S"}
    assert set(document["files"]) == {"exercise.yaml", "events.jsonl"}


def test_the_same_folder_gives_the_same_bytes(reported: Reported) -> None:
    names = ("after-action.html", "after-action.md", "after-action.json")
    reported.run()
    first = [(reported.folder.path / name).read_bytes() for name in names]
    reported.run()
    assert [(reported.folder.path / name).read_bytes() for name in names] == first


def test_the_newest_run_of_each_kind_stands_beside_it(reported: Reported) -> None:
    account = {"kind": "aws", "account": "123456789012"}
    write_measured(reported.reports, day(2026, 10, 1), 50.0)
    write_measured(reported.reports, day(2026, 10, 2), 60.0)
    write_measured(reported.reports, day(2026, 9, 1), 70.0, account)
    write_measured(reported.reports, day(2026, 10, 3), 80.0, account | {"endpoint_url": "http://127.0.0.1:1"})
    write_run(reported.reports, verdict_on(day(2026, 11, 1), rto(1.0, 2.0), anatomy=ANATOMY))  # of another drill
    found = measured_of(reported.reports, "outage")
    assert [(one.source, one.low) for one in found] == [("live", 70.0), ("lab", 80.0)]
    assert "With this decision time the RTO would have been 10m05s–10m06s, and missed" in reported.run().output
    assert [one["high"] for one in reported.document()["with_people"]] == [606.0, 616.0]


def test_the_run_that_a_rehearsal_kept_stands_for_it(reported: Reported) -> None:
    folder = reported.reports / "rehearsals" / "20261101-090000-aaaaaa-outage"
    folder.mkdir(parents=True)
    run = write_run(folder, verdict_on(day(2026, 11, 1), rto(40.0, 41.0), anatomy=ANATOMY, drill="outage"))
    run.rename(folder / "seed-3")
    (found,) = measured_of(reported.reports, "outage")
    assert (found.source, found.run_id) == ("rehearsal", "20261101-090000-aaaaaa-outage/seed-3")


def test_each_row_of_the_plan_becomes_an_action_once(reported: Reported) -> None:
    added = reported.run("--add-actions")
    (action,) = read_actions(reported.reports / ACTIONS)
    assert (action.id, action.title, action.owner, str(action.due)) == ("A-1", "Write a template", "Api", "2027-01-31")
    assert (action.retest, action.objective, action.finding) == ("outage", "rto", "1")
    assert action.source == reported.folder.exercise_id
    assert "A-1 Write a template (Api, due 2027-01-31)" in added.stderr
    assert "finding 2 needs an owner and a due date" in added.stderr
    again = reported.run("--add-actions")
    assert "finding 1 is A-1 already" in again.stderr
    assert len(read_actions(reported.reports / ACTIONS)) == 1
    assert [one["id"] for one in reported.document()["actions"]] == ["A-1"]


def test_actions_that_cannot_be_read_are_said_and_keep_no_report_back(reported: Reported) -> None:
    (reported.reports / ACTIONS).write_text("actions: [\n", encoding="utf-8")
    assert reported.run().exit_code == 0
    assert any("cannot be told" in words for words in reported.document()["warnings"])


def test_one_that_has_not_ended_is_reported_as_such(tmp_path: Path) -> None:
    reported = Reported(played(tmp_path, ended=False), tmp_path / "reports")
    done = reported.run()
    assert done.exit_code == 0
    assert "Not ended: it came to T+14m" in done.output
    assert "drill tabletop run --resume" in done.output
    assert not reported.document()["ended"]


def test_an_exercise_file_that_was_changed_afterwards_is_said(reported: Reported) -> None:
    with reported.folder.exercise.open("a", encoding="utf-8") as file:
        file.write("# changed\n")
    assert "exercise.yaml was changed after the exercise began" in reported.run().output


def test_a_picture_that_is_gone_is_left_out(reported: Reported) -> None:
    (reported.folder.path / "shown" / "alarm.svg").unlink()
    assert reported.run().exit_code == 0


def test_texts_of_people_are_escaped_on_the_terminal_too(reported: Reported) -> None:
    assert "\u202e" in HOSTILE
    assert "\u202e" not in reported.run().output
    assert "\u202e" not in (reported.folder.path / "after-action.html").read_text(encoding="utf-8")
