"""`drill rehearse` and `drill compare` as a user types them: what they print, leave on disk, and exit with."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from drillrunner.cli import cli
from drillrunner.errors import InvalidInput, RunNotFound
from drillrunner.files.journal_file import read_journal
from drillrunner.model.rehearsal import Rehearsal

ROOT = Path(__file__).resolve().parents[3]
DRILL = str(ROOT / "drills" / "regional-outage.yaml")


def drill(*words: str) -> Result:
    return CliRunner().invoke(cli, list(words), catch_exceptions=True)


def rehearse(reports: Path, *words: str) -> Result:
    return drill("rehearse", DRILL, "--reports", str(reports), "--jobs", "1", *words)


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two runs, no swings."""
    folder = tmp_path_factory.mktemp("rehearsed") / "reports"
    ran = rehearse(folder, "--runs", "2", "--swing-runs", "0", "--seed", "5")
    assert ran.exit_code == 0, ran.output
    assert "rehearsed 2 times on virtual time" in ran.output
    assert "met in 2 of 2 runs" in ran.output
    return folder


def found(reports: Path) -> Path:
    (folder,) = (reports / "rehearsals").iterdir()
    return folder


def test_a_rehearsal_leaves_its_figures_its_page_and_the_run_in_the_middle(reports: Path) -> None:
    folder = found(reports)
    rehearsal = Rehearsal.model_validate_json((folder / "rehearsal.json").read_bytes())
    assert [run.seed for run in rehearsal.runs] == [5, 6]
    assert "RTO" in (folder / "rehearsal.html").read_text(encoding="utf-8")
    (kept,) = (path for path in folder.iterdir() if path.is_dir())
    names = {"plan.json", "journal.jsonl", "readings.sqlite", "verdict.json", "report.html", "report.md", "junit.xml"}
    assert names == {path.name for path in kept.iterdir()}
    assert len(read_journal(kept / "journal.jsonl")) > 50


def test_the_kept_run_is_judged_as_any_other(reports: Path) -> None:
    (kept,) = (path for path in found(reports).iterdir() if path.is_dir())
    judged = drill("judge", str(kept), "--json")
    assert judged.exit_code == 0
    assert json.loads(judged.output) == json.loads((kept / "verdict.json").read_bytes())


def test_the_same_seed_leaves_the_same_journal(reports: Path, tmp_path: Path) -> None:
    (kept,) = (path for path in found(reports).iterdir() if path.is_dir())
    seed = kept.name.removeprefix("seed-")
    rehearse(tmp_path, "--runs", "1", "--swing-runs", "0", "--seed", seed)
    again = found(tmp_path) / kept.name / "journal.jsonl"
    assert again.read_bytes() == (kept / "journal.jsonl").read_bytes()


def test_a_chance_that_is_too_small_is_told_by_the_exit_code(tmp_path: Path) -> None:
    words = ("--runs", "1", "--swing-runs", "0", "--seed", "1", "--set", "route53.ttl=600", "--at-least", "50")
    assert rehearse(tmp_path, *words).exit_code == 1


def test_a_run_is_held_against_its_rehearsal(reports: Path, tmp_path: Path) -> None:
    shutil.copytree(reports, tmp_path / "reports")
    shutil.copytree(ROOT / "reports" / "sample", tmp_path / "reports" / "20261121-083011-8f636e")
    compared = drill("compare", "last", "--rehearsal", "--reports", str(tmp_path / "reports"), "--json")
    said: dict[str, Any] = json.loads(compared.output)
    assert said["drill"] == "regional-outage"
    assert {one["name"] for one in said["objectives"]} == {"rto", "rpo", "detection"}
    assert compared.exit_code == (0 if all(one["within"] for one in said["objectives"]) else 1)


def test_a_run_without_a_rehearsal_is_told_how_to_make_one(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "reports" / "sample", tmp_path / "20261121-083011-8f636e")
    compared = drill("compare", "last", "--rehearsal", "--reports", str(tmp_path))
    assert isinstance(compared.exception, RunNotFound)
    assert "drill rehearse regional-outage" in str(compared.exception)


def test_a_setting_that_nobody_knows_is_refused_with_those_that_are_known(tmp_path: Path) -> None:
    refused = rehearse(tmp_path, "--set", "route53.tll=5")
    assert isinstance(refused.exception, InvalidInput)
    assert "route53.ttl" in str(refused.exception)
    assert "people.seconds" in str(refused.exception)
