"""`drill revert` where it cannot begin, is interrupted when it is through, or cannot judge what it put back."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from dead_run import LEFT, RUN_ID, account, dead_run, start_revert
from drillrunner.errors import ExitCode

LOCK = "state/locks/aws-123456789012.lock"


def ended(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    """Its exit code, and what it said on either stream; one that hangs is killed, and fails the test."""
    try:
        out, err = process.communicate(timeout=60)
    finally:
        process.kill()
    assert "Traceback" not in err
    return process.returncode, out, err


def named_in_the_lock(work: Path) -> None:
    """As the run left it: its name stays until nothing is owed."""
    lock = work / LOCK
    lock.parent.mkdir(parents=True)
    holder = {"run_id": RUN_ID, "folder": str(work / RUN_ID), "pid": 1, "host": "runner", "since": "2026-11-20"}
    lock.write_text(json.dumps(holder))


def test_a_revert_that_cannot_begin_names_what_is_left(tmp_path: Path) -> None:
    with account() as staging:
        staging.number = "210987654321"
        code, _, err = ended(start_revert(tmp_path, dead_run(tmp_path, staging.url)))
        assert staging.reserved == 0
    assert code == ExitCode.STILL_INJECTED
    assert LEFT in err
    assert "error: environment staging: the credentials belong to account 210987654321" in err
    assert "internal error" not in err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_while_the_last_signals_are_sent_does_not_hide_what_is_left(
    tmp_path: Path, number: signal.Signals
) -> None:
    with account() as staging:
        staging.denies = True
        process = start_revert(tmp_path, dead_run(tmp_path, staging.url), hook=f"{staging.url}/hook")
        assert process.stdout is not None
        shown = process.stdout.readline() + process.stdout.readline()
        os.kill(process.pid, number)
        code, _, err = ended(process)
    assert shown == f"run {RUN_ID}: reverted 0/1\n  {LEFT}\n"
    assert code == ExitCode.STILL_INJECTED, err
    assert "the signals that are still under way are given up" in err
    assert "nothing was injected" not in err


def _torn_readings(work: Path) -> str:
    (work / RUN_ID / "readings.sqlite").write_bytes(b"torn" * 500)
    return "these are no readings"


def _no_place_for_a_report(work: Path) -> str:
    (work / RUN_ID / "report.html" / "in-the-way").mkdir(parents=True)
    return "Is a directory"


@pytest.mark.parametrize("spoil", [_torn_readings, _no_place_for_a_report])
def test_a_revert_that_cannot_be_judged_is_none_the_worse(tmp_path: Path, spoil: Callable[[Path], str]) -> None:
    named_in_the_lock(tmp_path)
    with account() as staging:
        folder = dead_run(tmp_path, staging.url)
        why = spoil(tmp_path)
        code, out, err = ended(start_revert(tmp_path, folder))
        assert staging.reserved == 40
    assert code == 0, err
    assert out == f"run {RUN_ID}: reverted 1/1\n"
    assert "the reports could not be written: " in err
    assert why in err
    assert (tmp_path / LOCK).read_bytes() == b""


def test_what_is_left_is_told_where_it_cannot_be_judged(tmp_path: Path) -> None:
    named_in_the_lock(tmp_path)
    with account() as staging:
        staging.denies = True
        folder = dead_run(tmp_path, staging.url)
        _torn_readings(tmp_path)
        code, out, _ = ended(start_revert(tmp_path, folder))
    assert (code, out) == (ExitCode.STILL_INJECTED, f"run {RUN_ID}: reverted 0/1\n  {LEFT}\n")
    assert RUN_ID in (tmp_path / LOCK).read_text()


def test_an_account_that_denies_nothing_is_as_it_was(tmp_path: Path) -> None:
    with account() as staging:
        code, out, err = ended(start_revert(tmp_path, dead_run(tmp_path, staging.url), "--json"))
        assert staging.reserved == 40
    assert (code, json.loads(out)["reverted"]) == (0, 1), err
