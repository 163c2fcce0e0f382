"""What a user can get wrong, and worse, through the real command line: a clear message, exit code 2, no traceback."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
from pathlib import Path

import pytest

from drillrunner.errors import ExitCode
from stages import Stage, stage_in

COMMANDS = ("run", "validate", "plan")


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Stage:
    """A folder without a lab: nothing here gets as far as needing one."""
    stage = stage_in(tmp_path_factory.mktemp("desk") / "work")
    stage.drill_file("good")
    return stage


def rejected(stage: Stage, *words: str) -> str:
    """What `drill WORDS` says on standard error when it rejects what it was given."""
    ran = stage.drill(*words)
    assert "Traceback" not in ran.stderr
    assert "internal error" not in ran.stderr
    assert ran.returncode == ExitCode.INVALID, ran.stderr + ran.stdout
    return ran.stderr


# -- files that are no drills --------------------------------------------------------------------------


def billion_laughs() -> bytes:
    lines = ["a0: &a0 [ha, ha, ha, ha, ha, ha, ha, ha, ha]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 10)]
    return "\n".join(lines).encode()


HOSTILE = {
    "empty": (b"", "the file is empty"),
    "binary": (bytes(range(256)) * 20, "is not UTF-8"),
    "large": (b"drill: " + b"x" * 2 * 1024 * 1024, "larger than 1 MiB"),
    "laughs": (billion_laughs(), "counting each use of an alias"),
}


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("name", HOSTILE)
def test_a_file_that_is_no_drill_is_told_with_its_place(desk: Stage, command: str, name: str) -> None:
    content, message = HOSTILE[name]
    path = desk.folder / f"{name}.yaml"
    path.write_bytes(content)
    told = rejected(desk, command, path.name)
    assert message in told
    assert told.startswith(f"{path.name}:")


@pytest.mark.parametrize("command", COMMANDS)
def test_a_directory_is_no_drill(desk: Stage, command: str) -> None:
    (desk.folder / "folder").mkdir(exist_ok=True)
    assert "this is a directory, not a file" in rejected(desk, command, "folder")


@pytest.mark.parametrize("command", COMMANDS)
def test_a_missing_file_is_named_with_the_nearest_there_is(desk: Stage, command: str) -> None:
    told = rejected(desk, command, "goood")
    assert 'there is no drill "goood"' in told
    assert 'did you mean "good"' in told


@pytest.mark.parametrize("command", COMMANDS)
def test_a_missing_runbook_is_named(desk: Stage, command: str) -> None:
    path = desk.drill_file("bookless", {"../runbooks/regional-outage.md": "../runbooks/nowhere.md"})
    assert "../runbooks/nowhere.md" in rejected(desk, command, str(path))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
def test_an_unreadable_file_is_told(desk: Stage) -> None:
    path = desk.drill_file("secret")
    path.chmod(0)
    assert str(path) in rejected(desk, "validate", str(path))


# -- words on the command line -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("run", "good", "--var", "primary"), '--var cannot read "primary"'),
        (("run", "good", "--var", "nope=1"), '"nope", which the drill does not define'),
        (("validate", "good", "--var", "primary=us-esat-1"), '"us-esat-1" is not an AWS region'),
        (("run", "good", "--set", "nope"), '--set cannot read "nope"'),
        (("run", "good", "--set", "nope=1"), "--set does not know nope"),
        (("run", "good", "--environment", "labb"), 'there is no environment "labb"'),
        (("run",), "Missing argument"),
        (("run", "good", "--nope"), "--nope"),
        (("runn",), 'there is no command "runn"; did you mean "run"?'),
        (("revert", "nothing"), 'no run is named "nothing"'),
        (("judge", "nothing"), 'no run is named "nothing"'),
        (("stop", "nothing"), 'no run is named "nothing"'),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_a_wrong_word_is_told(desk: Stage, words: tuple[str, ...], message: str) -> None:
    assert message in rejected(desk, *words)


# -- runs whose files were changed ---------------------------------------------------------------------


@pytest.fixture(scope="module")
def finished(shared_stage: Stage) -> Path:
    """The folder of a run that ended by itself."""
    path = shared_stage.drill_file("to-be-changed")
    process = shared_stage.start("run", str(path))
    process.communicate(timeout=110)
    return shared_stage.run_folder()


@pytest.fixture
def copied(finished: Path, tmp_path: Path) -> Path:
    """A copy of that run's folder, to be spoilt."""
    copy = tmp_path / finished.name
    shutil.copytree(finished, copy)
    return copy


def test_a_journal_that_was_changed_is_not_judged(shared_stage: Stage, copied: Path) -> None:
    journal = copied / "journal.jsonl"
    lines = journal.read_text(encoding="utf-8").splitlines(keepends=True)
    entry = json.loads(lines[4])
    entry["at"] = entry["at"] - 10
    lines[4] = json.dumps(entry) + "\n"
    journal.write_text("".join(lines), encoding="utf-8")
    for command in ("judge", "report", "revert", "stop"):
        told = rejected(shared_stage, command, str(copied))
        assert f"{journal}:5: the hash chain does not hold from here on" in told


def test_readings_that_are_no_database_are_not_judged(shared_stage: Stage, copied: Path) -> None:
    (copied / "readings.sqlite").write_bytes(b"garbage" * 500)
    assert "these are no readings" in rejected(shared_stage, "judge", str(copied))


def test_readings_of_other_shape_are_not_judged(shared_stage: Stage, copied: Path) -> None:
    database = sqlite3.connect(copied / "readings.sqlite")
    database.execute("update readings set asked = 'never'")
    database.commit()
    database.close()
    assert "these are no readings" in rejected(shared_stage, "judge", str(copied))


@pytest.mark.parametrize("content", ["", '{"drill": ', "[]", "null"])
def test_a_plan_that_cannot_be_read_is_told(shared_stage: Stage, copied: Path, content: str) -> None:
    (copied / "plan.json").write_text(content, encoding="utf-8")
    for command in ("judge", "report", "revert"):
        assert "this is no plan that this version can read" in rejected(shared_stage, command, str(copied))


# -- readers that go away ------------------------------------------------------------------------------


def piped(stage: Stage, words: str, reader: str) -> tuple[int, str]:
    """Drill's own exit code when its output is read by `reader`, and what the reader printed."""
    command = f"set -o pipefail; {{ {' '.join(stage.command())} {words}; echo $? > code; }} 2>&1 | {reader}"
    ran = subprocess.run(
        ["bash", "-c", command],
        cwd=stage.folder,
        env={**os.environ, **stage.environment},
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    return int((stage.folder / "code").read_text(encoding="utf-8")), ran.stdout


@pytest.mark.parametrize("words", ["catalog", "catalog --json", "status", "--help"])
def test_a_reader_that_has_seen_enough_is_no_error(desk: Stage, words: str) -> None:
    code, seen = piped(desk, words, "head -1")
    assert code == 0
    assert "Traceback" not in seen
    assert "BrokenPipe" not in seen


def test_a_run_whose_reader_goes_away_goes_on_and_puts_everything_back(shared_stage: Stage) -> None:
    before = shared_stage.state()
    path = shared_stage.drill_file("unread")
    code, seen = piped(shared_stage, f"run {path}", "head -3")
    assert code == ExitCode.ALL_MET
    assert len(seen.splitlines()) == 3
    assert shared_stage.state() == before
