"""Who is told of a run: an audience in which nobody keeps anybody from anything."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import anyio
import pytest

from drillrunner.cli.signals import signalling, signals_of, to_all
from drillrunner.errors import InvalidInput, Refused
from drillrunner.files.run_folder import RunFolder
from drillrunner.model.signal import EVENT_NAMES, WebhookSpec

LAB = "lab:\n  kind: lab\n  signals:\n    - webhook: {url_env: HOOK}\n"


def test_all_are_told_and_one_who_fails_hears_no_more() -> None:
    heard: list[str] = []
    tried: list[str] = []

    def fails(news: str) -> None:
        tried.append(news)
        raise RuntimeError("the terminal is gone")

    tell = to_all(fails, heard.append)
    tell("one")
    tell("two")
    assert (tried, heard) == (["one"], ["one", "two"])


def test_an_audience_that_cannot_be_opened_leaves_a_run_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    nonsense: Any = 7

    async def run() -> str:
        async with signalling(nonsense, RunFolder(tmp_path)) as signals:
            signals.ended(None)
            return "put back"

    assert anyio.run(run) == "put back"
    assert capsys.readouterr().err == "warning: signals: nobody is told: TypeError\n"


def test_an_error_of_the_run_passes_through_its_audience_as_it_is(tmp_path: Path) -> None:
    async def run() -> None:
        async with signalling((), RunFolder(tmp_path)):
            raise Refused("a guard said no")

    with pytest.raises(Refused, match="a guard said no"):
        anyio.run(run)


def test_a_run_that_is_cancelled_stays_cancelled(tmp_path: Path) -> None:
    async def run() -> str:
        with anyio.CancelScope() as scope:
            async with signalling((), RunFolder(tmp_path)):
                scope.cancel()
                await anyio.sleep_forever()
            return "went on"
        return "cancelled"

    assert anyio.run(run) == "cancelled"


def test_the_receivers_are_those_beside_the_drill(tmp_path: Path) -> None:
    drill = tmp_path / "outage.yaml"
    drill.write_text("drill: outage\n")
    (tmp_path / "environments.yaml").write_text(LAB)
    assert signals_of(str(drill), "lab") == (WebhookSpec(url_env="HOOK", on=EVENT_NAMES),)
    (tmp_path / "environments.yaml").write_text(LAB + "    - webhook: {}\n")
    with pytest.raises(InvalidInput):
        signals_of(str(drill), "lab")


def test_a_revert_passes_over_a_file_that_is_wrong_and_says_so(tmp_path: Path) -> None:
    (tmp_path / "environments.yaml").write_text("lab: {kind: lab, signals: 7}\n")
    asking = "from drillrunner.cli.signals import signals_for_revert; print(signals_for_revert('lab'))"
    ran = subprocess.run(
        [sys.executable, "-c", asking], check=True, capture_output=True, text=True, cwd=tmp_path, timeout=60
    )
    assert ran.stdout == "()\n"
    assert "warning: signals: nobody is told, because environments.yaml is wrong" in ran.stderr
