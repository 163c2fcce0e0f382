"""The net below a run that another scheduler began: what a dead one left is put back, by whoever is called next."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from dead_run import LEFT, RUN_ID, account, dead_run
from drillrunner.model.journal import GENESIS, Entry, entry_hash, line_of


def schedule_revert(work: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {
        "DRILLRUNNER_STATE": str(work / "state"),
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    return subprocess.run(
        [sys.executable, "-m", "drillrunner", "schedule", "revert", "--reports", "reports", *words],
        cwd=work,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


def began_elsewhere(journal: Path) -> None:
    """The same journal as another machine would have written it."""
    previous, lines = GENESIS, []
    for text in journal.read_text().splitlines():
        entry = Entry.model_validate_json(text)
        data = {**entry.data, "host": "another-machine"} if entry.kind == "run.began" else entry.data
        digest = entry_hash(entry.seq, entry.at, entry.wall, entry.kind, data, previous)
        lines.append(line_of(entry.model_copy(update={"data": data, "prev": previous, "hash": digest})))
        previous = digest
    journal.write_bytes(b"".join(lines))


def test_what_a_dead_run_left_is_put_back_once(tmp_path: Path) -> None:
    with account() as served:
        dead_run(tmp_path / "reports", served.url)
        first = schedule_revert(tmp_path)
        assert first.returncode == 0, first.stderr
        assert served.reserved == 40
        assert f"run {RUN_ID} died or left something behind" in first.stderr
        again = schedule_revert(tmp_path)
        assert (again.returncode, again.stdout, again.stderr) == (0, "", "")


def test_what_cannot_be_put_back_is_said_and_told_by_the_exit_code(tmp_path: Path) -> None:
    with account() as served:
        served.denies = True
        dead_run(tmp_path / "reports", served.url)
        failed = schedule_revert(tmp_path)
        assert failed.returncode == 6
        assert LEFT in failed.stdout


def test_a_run_of_another_machine_is_let_be_unless_none_can_live_there(tmp_path: Path) -> None:
    with account() as served:
        folder = dead_run(tmp_path / "reports", served.url)
        began_elsewhere(folder.journal)
        let_be = schedule_revert(tmp_path)
        assert (let_be.returncode, served.reserved) == (0, 0)
        assert "of another-machine has not ended: it is let be" in let_be.stderr
        assert schedule_revert(tmp_path, "--any-host").returncode == 0
        assert served.reserved == 40
