"""The live view, frame by frame."""

from __future__ import annotations

import io
from dataclasses import dataclass

from rich.console import Console, ConsoleDimensions

from drillrunner.clock import Clock
from drillrunner.model.plan import Plan
from drillrunner.reporting.live import LiveView
from fabricated_run import FAILBACK_AT, RESTORED_AT, fabricated_run

RECOVERED_AT = FAILBACK_AT  # by then the recovery was seen to be stable


@dataclass
class Hands:
    """A clock's hands, moved by hand."""

    now: float = 5000.0


def screen(width: int = 80, height: int = 30) -> Console:
    return Console(
        file=io.StringIO(), width=width, height=height, force_terminal=True, color_system=None, legacy_windows=False
    )


def frame_at(moment: float, width: int = 80, height: int = 30, plan: Plan | None = None) -> list[str]:
    """The frame of the fabricated run so many seconds after it began."""
    own, entries, readings = fabricated_run()
    hands = Hands(5000.0 + moment)
    console = screen(width, height)
    view = LiveView(plan or own, Clock(monotonic_source=lambda: hands.now), console)
    for entry in entries:
        if entry.at <= hands.now:
            view.entry(entry)
    for reading in readings:
        if reading.answered <= hands.now:
            view.reading(reading)
    with console.capture() as captured:
        console.print(view.render())
    return captured.get().splitlines()


def test_the_header_has_the_clocks() -> None:
    assert frame_at(100.0)[0].startswith("regional-outage  lab  run 7f3a  T+01:40  RTO 01:07/03:00 ▓▓▓░░░░░")


def test_the_rto_clock_stops_at_the_recovery() -> None:
    assert "RTO 01:38/03:00" in frame_at(RECOVERED_AT)[0]
    assert "RTO 01:38/03:00" in frame_at(RECOVERED_AT + 10)[0]


def test_phases_are_ticked_off() -> None:
    assert frame_at(70.0)[1] == " ✓preflight ✓baseline ✓inject ✓detect ▶failover 0/2 ·recover ·failback ·revert"
    assert "▶failover 1/2" in frame_at(90.0)[1]


def test_each_serving_region_and_probe_has_a_row() -> None:
    rows = {line.split()[0]: line for line in frame_at(140.0)}
    assert "err   0 %" in rows["eu-west-1"]
    assert "err 100 %" in next(line for line in frame_at(100.0) if line.startswith(" us-east-1"))
    assert "lag" in rows
    assert "status 429" in next(line for line in frame_at(100.0) if line.startswith(" checkout"))


def test_what_is_injected_is_listed_until_it_is_put_back() -> None:
    injected = " INJECTED (2)  lambda.throttle lambda us-east-1 checkout 01:07 · route53.fail_health"
    assert any(line.startswith(injected) for line in frame_at(100.0, 100))
    assert " INJECTED nothing" in frame_at(RESTORED_AT)


def test_a_waiting_person_is_told_what_to_do() -> None:
    asked = ' waiting: "Tell support that checkout is in the standby region" [enter when done] (since 14:01:24, 5s)'
    assert asked in frame_at(90.0, 110)


def test_the_last_line_says_what_ctrl_c_would_do() -> None:
    assert frame_at(20.0)[-1] == " Ctrl-C: stop and put back · again: leave now, 0 changes stay"
    assert frame_at(100.0)[-1] == " Ctrl-C: stop and put back (23 s or more) · again: leave now, 3 changes stay"
    assert frame_at(100.0, 40)[-1] == " Ctrl-C: put back (23 s or more)"
    assert frame_at(193.0)[-1] == " putting back · Ctrl-C: leave now, 3 changes stay"


def test_the_guards_are_named_with_the_one_that_is_nearest_to_stopping_the_run() -> None:
    assert " GUARDS  stop_if ok · no freeze ahead · lock held" in frame_at(100.0)


def test_a_narrow_terminal_keeps_the_clocks_the_phase_and_the_errors() -> None:
    lines = frame_at(100.0, 40)
    assert lines[0] == "regional-outag  T+01:40  RTO 01:07/03:00"
    assert lines[1] == " ✓5 ▶recover ·2"
    assert any(line.startswith(" us-east-1") and line.endswith("err 100 %") for line in lines)


def test_a_long_run_id_is_shortened_before_a_clock_is_lost() -> None:
    plan, _, _ = fabricated_run()
    drill = plan.drill.model_copy(update={"name": "a-drill-with-a-rather-long-name"})
    first = frame_at(100.0, 80, plan=plan.model_copy(update={"drill": drill}))[0]
    assert first.endswith("T+01:40  RTO 01:07/03:00 ▓▓▓░░░░░")


def test_no_line_is_wider_than_the_terminal() -> None:
    for width in (40, 80, 200):
        lines = frame_at(100.0, width)
        assert max(len(line) for line in lines) <= width
        assert len(lines) == len(frame_at(100.0, 80))


def test_a_low_terminal_loses_events_before_anything_else() -> None:
    low = frame_at(90.0, 100, 16)
    assert len(low) <= 16
    assert low[-1].startswith(" Ctrl-C: stop and put back")
    assert any(line.startswith(" waiting:") for line in low)
    assert any(line.startswith(" INJECTED") for line in low)
    assert len(frame_at(90.0, 100, 8)) <= 8


def test_markup_and_escapes_in_names_are_shown_not_obeyed() -> None:
    plan, _, _ = fabricated_run()
    drill = plan.drill.model_copy(update={"name": "[red]x[/red]\x1b[2J"})
    assert frame_at(5.0, plan=plan.model_copy(update={"drill": drill}))[0].startswith("[red]x[/red]\\u001b[2J")


def test_it_starts_and_stops_on_a_terminal() -> None:
    plan, entries, _ = fabricated_run()
    console = screen()
    with LiveView(plan, Clock(monotonic_source=lambda: 5001.0), console) as view:
        view.entry(entries[0])
    assert isinstance(console.file, io.StringIO)
    drawn = console.file.getvalue()
    assert "T+00:01" in drawn
    assert drawn.endswith("\x1b[2K")  # its last frame is wiped, so that the closing block stands alone


def test_a_terminal_that_was_resized_is_wiped_because_its_lines_were_folded_anew() -> None:
    plan, _, _ = fabricated_run()
    console = screen(100)
    view = LiveView(plan, Clock(monotonic_source=lambda: 5001.0), console)
    assert isinstance(console.file, io.StringIO)
    view.render()
    assert console.file.getvalue() == ""
    console.size = ConsoleDimensions(60, 20)
    view.render()
    view.render()
    assert console.file.getvalue() == "\x1b[2J\x1b[H"
