"""`drill runbook check`: exit codes, formats, which runbooks are looked at, and that the shipped ones hold."""

from __future__ import annotations

import contextlib
import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from drillrunner.cli.init import init
from drillrunner.cli.runbook import runbook
from drillrunner.errors import InvalidInput

ROOT = Path(__file__).parents[3]
DAY = ("--today", "2026-11-21")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the shipped drills and runbooks."""
    for folder in ("drills", "runbooks"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    return tmp_path


def run(folder: Path, *arguments: str) -> tuple[int, str, str]:
    with contextlib.chdir(folder):
        result = CliRunner().invoke(runbook, ["check", *arguments])
    if isinstance(result.exception, InvalidInput):
        raise result.exception
    return result.exit_code, result.stdout, result.stderr


def changed(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_the_shipped_runbooks_say_what_the_shipped_drills_do() -> None:
    assert run(ROOT, *DAY) == (0, "4 runbooks are clean\n", "")


def test_of_a_first_runbook_only_the_review_is_missing(tmp_path: Path) -> None:
    with contextlib.chdir(tmp_path):
        assert CliRunner().invoke(init, ["--no-input"]).exit_code == 0
    code, out, _ = run(tmp_path, *DAY, "--format", "json")
    assert (code, [problem["code"] for problem in json.loads(out)["problems"]]) == (1, ["R124"])


def test_a_step_taken_out_of_the_runbook_is_found(project: Path) -> None:
    changed(project / "runbooks" / "regional-outage.md", "<!-- step: failback 1;", "<!-- probe: standby;")
    code, out, err = run(project, *DAY)
    assert (code, err) == (1, "")
    assert "error[R120] no step of this runbook is failback 1 of regional-outage, aurora.switchover\n" in out
    assert out.endswith("\nmore about a code: drill explain R120\n")


def test_one_that_cannot_be_read_ends_with_two_and_the_others_are_checked_all_the_same(project: Path) -> None:
    (project / "runbooks" / "draft.md").write_text("# Draft\n", encoding="utf-8")
    (project / "runbooks" / "README.md").write_text("# These are runbooks\n", encoding="utf-8")
    changed(project / "runbooks" / "lambda-throttle.md", "reviewed: 2026-11-21", "reviewed: never")
    code, out, err = run(project, *DAY)
    assert (code, out) == (2, "")
    assert "runbooks/draft.md:1:1 error[R108]" in err
    assert "runbooks/lambda-throttle.md:4:11 error[R124]" in err
    assert "README" not in err


def test_a_drill_that_cannot_be_read_ends_with_two(project: Path) -> None:
    changed(project / "drills" / "lambda-throttle.yaml", "owner:", "ouner:")
    code, _, err = run(project, "runbooks/regional-outage.md", *DAY)
    assert code == 2
    assert 'drills/lambda-throttle.yaml:1:1 error[D101] the drill needs "owner"' in err


def test_files_folders_and_a_drill_say_which_are_looked_at(project: Path) -> None:
    assert run(project, "runbooks/regional-outage.md", *DAY)[1] == "1 runbook is clean\n"
    assert run(project, "runbooks", *DAY)[1] == "4 runbooks are clean\n"
    assert run(project, "--drill", "lambda-throttle", *DAY)[1] == "1 runbook is clean\n"
    assert run(project, "--drill", "drills/lambda-throttle.yaml", *DAY)[1] == "1 runbook is clean\n"


def test_a_page_elsewhere_that_a_drill_names_is_a_runbook_too(project: Path) -> None:
    (project / "pages").mkdir()
    (project / "runbooks" / "lambda-throttle.md").rename(project / "pages" / "throttle.md")
    changed(project / "drills" / "lambda-throttle.yaml", "../runbooks/lambda-throttle.md", "../pages/throttle.md")
    code, out, _ = run(project, *DAY)
    assert code == 1
    assert out.startswith("pages/throttle.md:")
    assert 'error[R127] there is no file "health-check-failover.md"' in out


def test_programs_get_json_and_github_its_annotations(project: Path) -> None:
    code, out, _ = run(project, *DAY, "--format", "json")
    assert (code, json.loads(out)) == (0, {"clean": True, "runbooks": 4, "problems": []})
    changed(project / "runbooks" / "lambda-throttle.md", "reviewed: 2026-11-21", "reviewed: never")
    code, out, _ = run(project, *DAY, "--format", "json")
    assert (code, [problem["code"] for problem in json.loads(out)["problems"]]) == (1, ["R124"])
    code, out, err = run(project, *DAY, "--format", "github")
    assert (code, err) == (1, "")
    assert out.startswith("::error file=runbooks/lambda-throttle.md,line=4,")


def test_a_day_that_is_none_and_a_folder_without_runbooks_are_refused(project: Path) -> None:
    with pytest.raises(InvalidInput, match='--today cannot read "soon"'):
        run(project, "--today", "soon")
    shutil.rmtree(project / "drills")
    shutil.rmtree(project / "runbooks")
    with pytest.raises(InvalidInput, match="there is no runbook to check"):
        run(project, *DAY)
    with pytest.raises(InvalidInput, match='there is no drill "outage"'):
        run(project, "--drill", "outage", *DAY)
