"""The catalogue: what a name finds, and what has to be loaded for it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from drillrunner import registry

THIRD_PARTY = '''
from drillrunner.registry import Params, fault

class NoParams(Params):
    """Nothing."""

@fault("queue.pause", params=NoParams)
async def pause(params, outside):
    """Stop deliveries from a queue."""

@fault("lambda.slow", params=NoParams)
async def slow(params, outside):
    """Make functions slow."""
'''

# Finds one fault in a process that has loaded nothing yet, and tells its summary.
FINDING = """
import json, sys
from drillrunner.registry import find
kind = find("fault", sys.argv[1])
print(json.dumps(kind.summary if kind else None))
"""


@pytest.fixture
def third_party(tmp_path: Path) -> Path:
    """A folder that holds an installed package with two faults of its own."""
    (tmp_path / "third_party.py").write_text(THIRD_PARTY)
    installed = tmp_path / "third_party-1.0.dist-info"
    installed.mkdir()
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: third-party\nVersion: 1.0\n")
    (installed / "entry_points.txt").write_text("[drillrunner.services]\nthird = third_party\n")
    return tmp_path


def found_beside(folder: Path, name: str) -> str | None:
    """The summary of the fault of that name, where the folder's packages are installed too."""
    command = [sys.executable, "-c", FINDING, name]
    surroundings = {**os.environ, "PYTHONPATH": str(folder)}
    told = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60, env=surroundings).stdout
    summary: str | None = json.loads(told)
    return summary


@pytest.mark.parametrize(
    ("name", "summary"),
    [("queue.pause", "Stop deliveries from a queue."), ("lambda.slow", "Make functions slow.")],
)
def test_another_package_s_fault_is_found_even_where_its_name_begins_as_one_of_ours(
    third_party: Path, name: str, summary: str
) -> None:
    assert found_beside(third_party, name) == summary


@pytest.mark.parametrize("name", ["lambda.no_such", "no_such.fault", "os.path", "..", ""])
def test_a_name_that_nobody_registered_finds_nothing(name: str) -> None:
    assert registry.find("fault", name) is None


def test_every_kind_of_ours_stands_in_the_file_that_its_name_begins_with() -> None:
    ours = [kind for kind in registry.kinds() if kind.params.__module__.startswith(registry.SERVICES)]
    files = {kind.name: kind.params.__module__.rpartition(".")[2].rstrip("_") for kind in ours}
    assert {name: file for name, file in files.items() if name.partition(".")[0] != file} == {}
    assert len(files) > 10
