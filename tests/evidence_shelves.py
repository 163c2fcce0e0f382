"""Records made of the sample run, for the tests of evidence."""

from __future__ import annotations

import random
import shutil
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest

from drillrunner.cli.aftermath import judge_folder
from drillrunner.evidence.build import build
from drillrunner.evidence.compose import Given
from drillrunner.evidence.tools import tool_versions
from drillrunner.files.run_folder import RunFolder

SAMPLE = Path(__file__).resolve().parents[1] / "reports" / "sample"
RUN_ID = "20261121-083011-8f636e"
NOW = datetime(2026, 11, 21, 14, tzinfo=UTC)

needs_ssh_keygen = pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="ssh-keygen is not installed")


def sample_run(reports: Path) -> RunFolder:
    """The sample, under its own id, with reports that this version wrote."""
    folder = RunFolder(reports / RUN_ID)
    shutil.copytree(SAMPLE, folder.path)
    judge_folder(folder, write=True)
    return folder


def add_record(shelf: Path, run: RunFolder, given: Given | None = None, key: Path | None = None) -> Path:
    """One more record of the run."""
    return build(run, shelf, given or Given(tools=tool_versions()), left=(), now=NOW, key=key)


def flip_a_bit(path: Path, rng: random.Random) -> None:
    """One bit of a file, anywhere in it."""
    content = bytearray(path.read_bytes())
    content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
    rewrite(path, bytes(content))


def rewrite(path: Path, content: bytes) -> None:
    """Change a file that was made read-only."""
    path.chmod(stat.S_IRUSR | stat.S_IWUSR)
    path.write_bytes(content)
