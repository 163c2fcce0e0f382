"""The live view, frame by frame."""

from __future__ import annotations

import io
from dataclasses import dataclass

from rich.console import Console

from drillrunner.clock import Clock
from drillrunner.model.plan import Plan
from drillrunner.model.reading import Reading
from drillrunner.reporting.live import CELLS, LATENCIES_KEPT, LiveView, clock_words, sparkline
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
    assert any(line.startswith(" INJECTED (2)  lambda.throttle lambda us-east-1") for line in frame_at(100.0))
    assert " INJECTED nothing" in frame_at(RESTORED_AT)


def test_a_waiting_person_is_told_what_to_do() -> None:
    assert ' waiting: "Tell support that checkout is in the standby region" [enter when done]' in frame_at(90.0, 100)


def test_the_last_line_says_what_ctrl_c_would_do() -> None:
    assert frame_at(100.0)[-1] == " Ctrl-C: stop and put back · again: leave now, 3 changes stay"


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


def test_memory_is_bounded() -> None:
    plan, _, _ = fabricated_run()
    view = LiveView(plan, Clock(monotonic_source=lambda: 6000.0), screen())
    for number in range(20_000):
        at = 5000.0 + number / 20
        view.reading(Reading(f"probe {number % 50}", number, at, at, at + 0.1, ok=True, region=f"region {number}"))
    tracks = view._probes
    assert len(tracks) <= 13
    assert all(len(track.cells) <= CELLS and len(track.latencies) <= LATENCIES_KEPT for track in tracks.values())


def test_it_starts_and_stops_on_a_terminal() -> None:
    plan, entries, _ = fabricated_run()
    console = screen()
    with LiveView(plan, Clock(monotonic_source=lambda: 5001.0), console) as view:
        view.entry(entries[0])
    assert isinstance(console.file, io.StringIO)
    drawn = console.file.getvalue()
    assert "T+00:01" in drawn
    assert drawn.endswith("\x1b[2K")  # its last frame is wiped, so that the closing block stands alone


def test_sparklines_scale_to_their_highest() -> None:
    assert sparkline([0, 1, 2, 4, -1]) == "▁▃▅█ "
    assert sparkline([0, 0]) == "▁▁"


def test_clocks_read_like_clocks() -> None:
    assert clock_words(372) == "06:12"
    assert clock_words(3972) == "1:06:12"
