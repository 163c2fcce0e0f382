"""The runbook's line in the live view, and the keys that say something of its steps."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console

from drillrunner.clock import Clock
from drillrunner.reporting.live import LiveView
from fabricated_run import BEGAN_AT, Scribe, fabricated_plan
from walked_runbook import runbook_entry, said


class Screen:
    """A live view of a run that has just begun, and its line about the runbook."""

    def __init__(self, folder: Path, width: int = 120) -> None:
        self.scribe, self.now = Scribe(), BEGAN_AT
        self.console = Console(width=width, height=30, force_terminal=True, color_system=None, quiet=False)
        self.view = LiveView(fabricated_plan(), Clock(monotonic_source=lambda: self.now), self.console)
        self.view.has_keys = True
        self.view.entry(runbook_entry(self.scribe, folder))

    def line(self) -> str:
        with self.console.capture() as captured:
            self.console.print(self.view.render())
        return next((line for line in captured.get().splitlines() if line.startswith(" RUNBOOK")), "")

    def press(self, key: str) -> None:
        """A key, and what comes of it in the journal."""
        told = self.view.key(key)
        if told is not None:
            self.view.entry(said(self.scribe, self.now - BEGAN_AT, *told))


def test_the_step_at_hand_has_its_number_words_and_keys(tmp_path: Path) -> None:
    assert Screen(tmp_path).line() == " RUNBOOK 1.1 to do [b: begin, n p: other steps] Tell `support` by phone."


def test_b_begins_it_and_d_ends_it_and_the_next_one_follows(tmp_path: Path) -> None:
    screen = Screen(tmp_path)
    screen.press("b")
    screen.now += 72.0
    assert screen.line() == " RUNBOOK 1.1 begun 01:12 [d: done, n p: other steps] Tell `support` by phone."
    screen.press("d")
    assert screen.line().startswith(" RUNBOOK 1.2 to do expected 20s [b: begin,")
    screen.press("b")
    screen.now += 5.0
    assert screen.line().startswith(" RUNBOOK 1.2 begun 00:05 of 20s [d: done,")


def test_a_key_that_is_pressed_twice_does_not_end_the_next_step(tmp_path: Path) -> None:
    screen = Screen(tmp_path)
    for key in "bdd":
        screen.press(key)
    assert screen.line().startswith(" RUNBOOK 1.2 to do")
    assert [one.data["step"] for one in screen.scribe.entries[1:]] == ["1.1", "1.1"]


def test_n_and_p_choose_another_step_and_stop_at_the_ends(tmp_path: Path) -> None:
    screen = Screen(tmp_path)
    screen.press("p")
    assert screen.line().startswith(" RUNBOOK 1.1")
    screen.press("n")
    screen.press("n")
    assert screen.line().startswith(" RUNBOOK 1.3 the drill does it expected 10s [n p: other steps] Move the writer.")
    screen.press("b")
    assert len(screen.scribe.entries) == 1  # the drill's steps are the drill's to tell
    for _ in range(9):
        screen.press("n")
    assert screen.line().startswith(" RUNBOOK 2.2")


def test_what_was_not_done_after_all_can_be_chosen_and_begun_anew(tmp_path: Path) -> None:
    screen = Screen(tmp_path)
    for key in "bdp":
        screen.press(key)
    assert screen.line().startswith(" RUNBOOK 1.1 done 00:00 [b: not done yet,")
    screen.press("b")
    assert screen.line().startswith(" RUNBOOK 1.1 begun")


def test_after_the_last_step_the_line_says_how_many_are_done(tmp_path: Path) -> None:
    screen = Screen(tmp_path)
    screen.view.entry(said(screen.scribe, 1.0, "2.2", "done"))
    assert screen.line() == " RUNBOOK  1 of 6 steps done"


def test_a_narrow_terminal_keeps_what_the_step_says_and_loses_the_keys(tmp_path: Path) -> None:
    assert Screen(tmp_path, 50).line() == " RUNBOOK 1.1 to do Tell `support` by phone."


def test_a_run_without_a_runbook_has_no_line_and_no_keys() -> None:
    console = Console(width=100, height=30, force_terminal=True, color_system=None)
    view = LiveView(fabricated_plan(), Clock(), console)
    assert [view.key(key) for key in "bdnp"] == [None] * 4
    with console.capture() as captured:
        console.print(view.render())
    assert "RUNBOOK" not in captured.get()
