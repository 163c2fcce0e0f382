"""What a shell is offered after TAB, as click answers it; and that answering imports nothing heavy."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.shell_completion import ShellComplete
from click.testing import CliRunner

from drillrunner.cli import COMMANDS, cli
from drillrunner.cli.completing import environments_in
from drillrunner.cli.completion import SHELLS, completion

ROOT = Path(__file__).parents[3]
HEAVY = {"pydantic", "yaml", "boto3", "aiohttp", "rich", "jinja2", "anyio", "asyncio"}
TELLING = """
import atexit, json, sys
atexit.register(lambda: print("\\n" + json.dumps(sorted({name.partition(".")[0] for name in sys.modules}))))
sys.argv[0] = "drill"
from drillrunner.cli import main
main()
"""


def offered(*words: str) -> list[str]:
    """What is offered for the last of the words."""
    shell = ShellComplete(cli, {}, "drill", "_DRILL_COMPLETE")
    return [item.value for item in shell.get_completions(list(words[:-1]), words[-1])]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with two drills, two environments and three runs."""
    (tmp_path / "drills").mkdir()
    for name in ("outage.yaml", "throttle.yml"):
        (tmp_path / "drills" / name).touch()
    (tmp_path / "drills" / "environments.yaml").write_text("lab:\n  kind: lab\nstaging: {kind: aws}\n")
    for name in ("20261119-101112-aaaaaa", "20261121-101112-bbbbbb", "rehearsals"):
        (tmp_path / "reports" / name).mkdir(parents=True)
    return tmp_path


def offered_in(project: Path, *words: str) -> list[str]:
    with contextlib.chdir(project):
        return offered(*words)


@pytest.mark.parametrize("command", ["run", "plan", "permissions", "rehearse"])
def test_drills_are_offered_by_name(command: str, project: Path) -> None:
    assert offered_in(project, command, "") == ["outage", "throttle"]
    assert offered_in(project, command, "th") == ["throttle"]


@pytest.mark.parametrize("command", ["revert", "stop", "judge", "report", "compare"])
def test_runs_are_offered_newest_first(command: str, project: Path) -> None:
    assert offered_in(project, command, "") == ["20261121-101112-bbbbbb", "20261119-101112-aaaaaa", "last"]


def test_runs_are_looked_for_in_the_folder_that_was_named(project: Path) -> None:
    assert offered("judge", "--reports", str(project / "reports"), "20261119") == ["20261119-101112-aaaaaa"]


@pytest.mark.parametrize("command", ["run", "plan", "validate", "snapshot", "history"])
def test_environments_are_offered(command: str, project: Path) -> None:
    assert offered_in(project, command, "--environment", "") == ["lab", "staging"]


def test_shipped_topologies_are_offered() -> None:
    assert offered("lab", "up", "--topology", "") == ["checkout", "postgres"]


def test_codes_shells_and_schemas_are_offered() -> None:
    assert offered("explain", "W10") == ["W101", "W102"]
    assert offered("completion", "") == list(SHELLS)
    assert offered("schema", "t") == ["topology"]


def test_every_command_is_offered() -> None:
    assert offered("") == list(COMMANDS)


def test_where_there_is_nothing_nothing_is_said(tmp_path: Path) -> None:
    (tmp_path / "drills").write_text("a file, not a folder")
    for words in (("judge", ""), ("run", "--environment", "x"), ("revert", "--reports", "/dev/null", "")):
        assert offered_in(tmp_path, *words) == []


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("# c\nlab: {kind: lab}\nstaging:\n  kind: aws\n", ["lab", "staging"]),
        ("environments:\n    a:\n        kind: lab\n    b-2: {kind: lab}\n", ["a", "b-2"]),
        ("", []),
        ("not: yaml: at all\n", ["not"]),
    ],
)
def test_environments_are_seen_without_parsing_the_file(text: str, names: list[str]) -> None:
    assert environments_in(text) == names


@pytest.mark.parametrize("shell", SHELLS)
def test_the_script_of_each_shell_asks_drill_itself(shell: str) -> None:
    result = CliRunner().invoke(completion, [shell])
    assert result.exit_code == 0
    assert f"_DRILL_COMPLETE={shell}_complete" in result.stdout


def test_answering_a_shell_imports_nothing_heavy() -> None:
    environment = {
        **os.environ,
        "_DRILL_COMPLETE": "bash_complete",
        "COMP_WORDS": "drill run regional-o",
        "COMP_CWORD": "2",
    }
    command = [sys.executable, "-c", TELLING]
    ran = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60, cwd=ROOT, env=environment)
    answer, modules = ran.stdout.split("\n")[0], json.loads(ran.stdout.splitlines()[-1])
    assert answer == "plain,regional-outage"
    assert set(modules) & HEAVY == set()
