"""`drill history`, `drill trend` and `drill compare A B` as a user types them, over plain folders."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from drillrunner.cli import cli
from drillrunner.cli.aftermath import judge_folder
from drillrunner.cli.past_runs import earlier_of, since_of
from drillrunner.errors import InvalidInput
from drillrunner.files.run_folder import RunFolder
from past_reports import STAGING, day, rto, verdict_on, write_run

SAMPLE = Path(__file__).resolve().parents[3] / "reports" / "sample"
SAMPLE_ID = "20261121-083011-8f636e"


def drill(*words: str | Path) -> Result:
    return CliRunner().invoke(cli, list(map(str, words)), catch_exceptions=True)


@pytest.fixture
def reports(tmp_path: Path) -> Path:
    """The sample without its verdict, two older runs of the same drill, one on AWS, and two broken folders."""
    folder = tmp_path / "reports"
    shutil.copytree(SAMPLE, folder / SAMPLE_ID)
    (folder / SAMPLE_ID / "verdict.json").unlink()
    write_run(folder, verdict_on(day(2026, 7, 1), rto(97.1, 98.7)))
    write_run(folder, verdict_on(day(2026, 10, 1), rto(200.0, None), ended_by="aborted: SIGINT"))
    write_run(folder, verdict_on(day(2026, 8, 1), rto(60.0, 61.0), environment="staging"), STAGING)
    (folder / "20260101-000000-aaaaaa").mkdir()
    torn = folder / "20260102-000000-aaaaaa"
    shutil.copytree(SAMPLE, torn)
    (torn / "verdict.json").unlink()
    (torn / "journal.jsonl").write_text('{"torn": true}\n')
    return folder


def test_history_lists_runs_newest_first_and_names_what_is_broken(reports: Path) -> None:
    listed = drill("history", "--reports", reports)
    assert listed.exit_code == 0, listed.output
    lines = listed.output.splitlines()
    assert [line[19:27] for line in lines[1:5]] == ["20261121", "20261001", "20260801", "20260701"]
    assert "48.7s–50.1s / ≤ 3m" in lines[1]
    assert lines[2].endswith("aborted: SIGINT")
    assert lines[5:] == [
        f"! {reports}/20260102-000000-aaaaaa is left out: this line is no journal entry",
        f"! {reports}/20260101-000000-aaaaaa is left out: this is no plan that this version can read",
    ]


def test_a_run_without_a_verdict_is_judged_without_writing_one(reports: Path) -> None:
    told = json.loads(drill("history", "--reports", reports, "--json").output)
    kept = json.loads((SAMPLE / "verdict.json").read_bytes())
    assert told["runs"][0]["objectives"] == kept["objectives"]
    assert (told["runs"][0]["kind"], told["runs"][0]["place"]) == ("lab", "checkout")
    assert not (reports / SAMPLE_ID / "verdict.json").exists()
    assert len(told["broken"]) == 2


def test_history_is_narrowed_by_environment_drill_date_and_number(reports: Path) -> None:
    def ids(*words: str) -> list[str]:
        told = json.loads(drill("history", "--reports", reports, "--json", *words).output)
        return [run["run_id"][:8] for run in told["runs"]]

    assert ids("--environment", "staging") == ["20260801"]
    assert ids("--since", "2026-09-30") == ["20261121", "20261001"]
    assert ids("--drill", "other") == []
    assert ids("--limit", "1") == ["20261121"]
    assert "--limit shows more" in drill("history", "--reports", reports, "--limit", "1").output


def test_an_age_is_counted_back_from_now_and_a_day_begins_at_midnight() -> None:
    now = datetime(2026, 11, 21, 12, tzinfo=UTC)
    assert since_of("36h", now) == day(2026, 11, 20, 0)
    assert since_of("2w", now) == since_of("14d", now) == day(2026, 11, 7)
    assert since_of("2026-01-01", now) == day(2026, 1, 1, 0)
    for wrong in ("90", "yesterday", "2026-13-01", "100000w", "-3d"):
        with pytest.raises(InvalidInput, match="--since cannot read"):
            since_of(wrong, now)


def test_a_rehearsal_that_cannot_be_read_is_named_and_hides_nothing(reports: Path) -> None:
    folder = reports / "rehearsals" / "20261120-120000-aaaaaa-regional-outage"
    folder.mkdir(parents=True)
    (folder / "rehearsal.json").write_text("{}")
    listed = drill("history", "--reports", reports, "--rehearsals")
    assert listed.exit_code == 0
    assert f"! {folder} is left out: this is no rehearsal that this version can read" in listed.output
    assert str(folder) not in drill("history", "--reports", reports).output


def test_an_empty_or_missing_folder_is_no_error(tmp_path: Path) -> None:
    assert drill("history", "--reports", tmp_path / "nowhere").output == "no run is there that is asked for\n"
    assert drill("trend", "--reports", tmp_path).exit_code == 0


def test_trend_tells_of_each_place_and_counts_the_rest(reports: Path) -> None:
    told = drill("trend", "--reports", reports)
    assert told.exit_code == 0, told.output
    assert "regional-outage · lab (simulated, topology checkout) · RTO of checkout · target ≤ 3m" in told.output
    assert "regional-outage · staging (AWS account 123456789012) · RTO of checkout" in told.output
    assert "not counted: regional-outage · lab (simulated, topology checkout): 1 aborted" in told.output


def test_the_page_links_to_the_reports_from_where_it_lies(reports: Path, tmp_path: Path) -> None:
    page = tmp_path / "pages" / "trend.html"
    page.parent.mkdir()
    written = drill("trend", "--reports", reports, "-o", page, "--objective", "all", "--by", "month")
    assert written.output.splitlines()[-1] == f"page: {page}"
    text = page.read_text(encoding="utf-8")
    assert f'<a href="../reports/{SAMPLE_ID}/report.html">{SAMPLE_ID}</a>' in text
    assert text.count("<a href=") == text.count(f">{SAMPLE_ID}</a>") == 3
    assert [path.name for path in page.parent.iterdir()] == ["trend.html"]


def test_a_page_that_cannot_be_written_is_told(reports: Path, tmp_path: Path) -> None:
    refused = drill("trend", "--reports", reports, "-o", tmp_path / "nowhere" / "trend.html")
    assert isinstance(refused.exception, InvalidInput)
    assert "nowhere/trend.html: this cannot be written: No such file or directory" in str(refused.exception)


def test_two_runs_are_compared_and_being_worse_is_told_by_the_exit_code(reports: Path) -> None:
    later = reports / "20261122-080000-aaaaaa"
    shutil.copytree(SAMPLE, later)
    compared = drill("compare", SAMPLE_ID, later, "--reports", reports)
    assert compared.exit_code == 0, compared.output
    assert "the plans are alike" in compared.output
    journal = (later / "journal.jsonl").read_bytes().splitlines(keepends=True)
    cut = next(number for number, line in enumerate(journal) if b'"run.ended"' in line)
    (later / "journal.jsonl").write_bytes(b"".join(journal[:cut]))
    worse = drill("compare", SAMPLE_ID, later, "--reports", reports, "--json")
    assert worse.exit_code == 1
    assert json.loads(worse.output)["worse"] == ["the outcome went from met to inconclusive"]


@pytest.mark.parametrize("words", [(), ("last",), ("last", "last", "--rehearsal", "x")])
def test_compare_needs_two_runs_or_one_and_a_rehearsal(reports: Path, words: tuple[str, ...]) -> None:
    refused = drill("compare", *words, "--reports", reports)
    assert refused.exit_code == 2
    assert "name two runs" in refused.output


def test_a_report_is_handed_the_runs_before_it_and_its_verdict_is_none_the_different(reports: Path) -> None:
    folder = RunFolder(reports / SAMPLE_ID)
    verdict = judge_folder(folder, write=True)
    assert [one.run_id[:8] for one in earlier_of(folder, verdict)] == ["20260701"]
    assert (folder.path / "verdict.json").read_bytes() == (SAMPLE / "verdict.json").read_bytes()


def test_game_days_exercises_actions_and_the_agent_s_files_are_no_runs(reports: Path) -> None:
    commands = (("status", "--json"), ("history", "--json"), ("trend", "--json"))
    before = [drill(*words, "--reports", reports).output for words in commands]
    for name in ("20261120-140000-gameday-quarterly-7f3a9c", "20261120-140000-tabletop-outage-7f3a9c"):
        (reports / name).mkdir()
        (reports / name / "plan.json").write_text("{}")
        for file in ("gameday.jsonl", "events.jsonl", "report.html"):
            (reports / name / file).write_text("torn")
    (reports / "agent").mkdir()
    (reports / "agent" / "20261120-140000-drill.log").write_text("torn")
    (reports / "approvals").mkdir()
    for file in ("agent.jsonl", "agent.lock", "actions.yaml", ".actions.yaml.lock"):
        (reports / file).write_text("torn")
    assert [drill(*words, "--reports", reports).output for words in commands] == before
    assert 'no run is named "gameday"' in str(drill("judge", "gameday", "--reports", reports).exception)
