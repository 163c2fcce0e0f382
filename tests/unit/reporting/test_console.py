"""The closing block, the line view, and a person's answer."""

from __future__ import annotations

import io
import os
from pathlib import Path

import anyio
import anyio.lowlevel
import pytest

from drillrunner.errors import InvalidInput
from drillrunner.model.verdict import RevertResult
from drillrunner.reporting.console import LineView, ask_person, print_summary, summary_lines
from fabricated_run import fabricated_run
from made_up_verdict import verdict


def test_the_closing_block_has_the_verdict_first_and_the_report_last() -> None:
    lines = summary_lines(verdict(), Path("reports/7f3a/report.html"))
    assert lines[0] == "FAIL · Availability missed · regional-outage · lab · run 20261120-140000-7f3a9c"
    assert "  RTO checkout             1m37s–1m39s / ≤ 3m ✓" in lines
    assert "  Detect 27.9s │ Decide 900ms │ Switch 34.7s │ Propagate 34.4s │ Stabilise 800ms" in lines
    assert "  reverted 4/4 in 3s ✓ · steady state held ✓" in lines
    assert lines[-1] == "  report: reports/7f3a/report.html"


def test_what_is_left_comes_second_with_the_command_that_mends_it() -> None:
    left = RevertResult(of=2, reverted=1, seconds=9.0, left=("lambda.throttle on checkout",))
    lines = summary_lines(verdict(revert=left), None)
    assert lines[1:4] == [
        "STILL INJECTED (1):",
        "  STILL INJECTED: lambda.throttle on checkout",
        "  put it back with: drill revert 20261120-140000-7f3a9c",
    ]


def test_an_inconclusive_objective_says_what_would_decide_it() -> None:
    lines = summary_lines(verdict(), None)
    assert any(line.endswith("?  too few good answers (probe every 100ms)") for line in lines)


def test_without_a_terminal_there_is_no_colour() -> None:
    out = io.StringIO()
    print_summary(summary_lines(verdict(), None), out)
    assert "\x1b" not in out.getvalue()
    assert out.getvalue().startswith("FAIL · ")


def test_on_a_terminal_the_verdict_and_what_is_left_are_coloured() -> None:
    left = RevertResult(of=2, reverted=1, seconds=9.0, left=("lambda.throttle on [bold]checkout[/bold]",))
    out = io.StringIO()
    print_summary(summary_lines(verdict(revert=left), None), out, colour=True)
    first, second, third = out.getvalue().splitlines()[:3]
    assert first.startswith("\x1b[1;31mFAIL · Availability missed")
    assert "\x1b[1;37;41mSTILL INJECTED (1):" in second
    assert "[bold]checkout[/bold]" in third


def test_the_line_view_writes_one_line_per_event() -> None:
    _, entries, readings = fabricated_run()
    lines: list[str] = []
    with LineView(lines.append) as view:
        for entry in entries:
            view.entry(entry)
        view.reading(readings[0])
    assert "14:00:32 inject  lambda.throttle lambda us-east-1 checkout: applied (40 → 0)" in lines
    assert lines[-1].endswith(" run     completed")


async def _answered(typed: bytes) -> str:
    reader, writer = os.pipe()
    try:
        os.write(writer, typed)
        return await ask_person("Tell support", descriptor=reader)
    finally:
        os.close(writer)
        os.close(reader)


def test_a_person_confirms_with_a_line() -> None:
    assert anyio.run(_answered, b"done by phone\nnext") == "done by phone"


async def _ended() -> None:
    reader, writer = os.pipe()
    os.close(writer)
    try:
        await ask_person("Tell support", descriptor=reader)
    finally:
        os.close(reader)


def test_an_input_that_ends_is_no_confirmation() -> None:
    with pytest.raises(InvalidInput, match="nobody confirmed"):
        anyio.run(_ended)


async def _cancelled() -> bool:
    reader, writer = os.pipe()
    try:
        async with anyio.create_task_group() as group:
            group.start_soon(_ask, reader)
            await anyio.lowlevel.checkpoint()
            group.cancel_scope.cancel()
        return True
    finally:
        os.close(writer)


async def _ask(reader: int) -> None:
    await ask_person("Tell support", descriptor=reader)


def test_a_question_can_be_given_up() -> None:
    assert anyio.run(_cancelled)
