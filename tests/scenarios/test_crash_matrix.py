"""`kill -9` at any moment, then `drill revert last`: the lab's control plane is as it was, to the last field.

`make test` runs a sample, named by what was written last; `make crash-matrix` kills after every
entry of every shipped drill, and writes docs/crash-matrix.md. CRASH_ENTRIES=22 or 20-30 runs those alone.
"""

from __future__ import annotations

import math
import os
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

from crash_arena import ASTRAY_IN_A_ROW, PATIENT, REGIONAL_OUTAGE, Arena, Victim, opened
from drillrunner.model.journal import PHASES
from stages import ROOT, Stage, stage_in

VICTIMS = [
    REGIONAL_OUTAGE,
    Victim("lambda-throttle", changes=PATIENT),
    Victim("health-check-failover", changes={**PATIENT, "stable_for: 60s": "stable_for: 5s"}),
    Victim(
        "replica-promotion",
        topology="postgres",
        time_scale=4,
        changes={"baseline: {for: 10s,": "baseline: {for: 4s,", "stable_for: 10s": "stable_for: 4s"},
    ),
]

# Around everything that the first fault and the steps do to the world, and around what puts it back.
SAMPLE = [
    "undo.recorded/ledger#1",
    "undo.recorded/fault#1",
    "call.intent/apply#1",
    "call.outcome/apply#1",
    "effect.observed#1",
    "undo.recorded/step#1",
    "call.intent/apply#2",
    "call.intent/apply#3",
    "change.reverted#1",
    "call.outcome/revert#5",
]


@pytest.fixture(scope="module")
def outage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Arena]:
    """The regional outage, dying again and again in one lab."""
    arena = opened(stage_in(tmp_path_factory.mktemp("crash") / "work"), REGIONAL_OUTAGE)
    yield arena
    arena.stage.drill("lab", "down", "--topology", arena.victim.topology)


@pytest.mark.parametrize("moment", SAMPLE)
def test_a_drill_killed_at_any_moment_is_put_back_by_revert(outage: Arena, moment: str) -> None:
    outage.certainly_kill(moment)
    assert outage.wrongs() == []


def test_a_revert_that_is_killed_too_is_finished_by_the_next(outage: Arena) -> None:
    outage.certainly_kill("effect.observed#1")
    for moment in ("call.intent#1", "call.outcome#1", "revert.done#1"):
        killed = outage.stage.drill("revert", "last", dies_after=moment)
        assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert outage.wrongs() == []
    assert not (outage.stage.run_folder() / ".ballast").exists()


@dataclass
class Tally:
    """What became of one drill's deaths: by phase and kind of the last entry, killed and restored."""

    victim: Victim
    killed: Counter[tuple[str, str]] = field(default_factory=Counter)
    restored: Counter[tuple[str, str]] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    whole: bool = False
    began: float = field(default_factory=time.monotonic)
    seconds: float = 0.0

    def add(self, number: int, last: tuple[str, str], wrongs: list[str]) -> None:
        self.killed[last] += 1
        self.restored[last] += not wrongs
        self.seconds = time.monotonic() - self.began
        if wrongs:
            replay = f"CRASH_ENTRIES={number} make crash-matrix"
            place = f"{self.victim.drill}, killed after entry {number} ({last[0]}, {last[1]})"
            self.failures.append("\n  ".join([f"{place}; replay: {replay}", *wrongs]))

    def table(self) -> list[str]:
        """Markdown: one row for each phase and kind, in the order of the phases."""
        rows = sorted(self.killed, key=lambda last: (PHASES.index(last[0]), last[1]))
        lines = ["| phase | last entry | killed | restored |", "|---|---|---:|---:|"]
        lines += [
            f"| {phase} | {kind} | {self.killed[phase, kind]} | {self.restored[phase, kind]} |" for phase, kind in rows
        ]
        return [*lines, f"| **all** | | **{self.killed.total()}** | **{self.restored.total()}** |"]


def page(tallies: list[Tally]) -> str:
    """docs/crash-matrix.md."""
    killed = sum(tally.killed.total() for tally in tallies)
    restored = sum(tally.restored.total() for tally in tallies)
    seconds = sum(tally.seconds for tally in tallies)
    lines = [
        "# The crash matrix",
        "",
        "`drill run` of each shipped drill is killed (SIGKILL) after its first journal entry, then in a new run after",
        "its second, and so on until a run ends by itself; each time `drill revert last` follows. Restored means that",
        "the lab's whole control plane is equal to what it was before, to the last field (a reserve of 40 is 40 again,",
        "none is none), that no ledger record is left in any table, that the journal owes nothing, and that a",
        "promotion, which nobody can take back, is said to be one. The drills' waits are cut short, their labs run",
        "faster and their probes' time-outs are longer; nothing else differs from the drills as shipped.",
        "",
        f"Generated by `make crash-matrix` on {datetime.now(UTC):%Y-%m-%d}: **{restored} of {killed} restored**, "
        f"in {seconds:.0f} s.",
        "",
        "Other ways of dying, and others who put it back, are in [ways-of-dying.md](ways-of-dying.md).",
    ]
    for tally in tallies:
        speed = f"{tally.killed.total()} entries, {tally.seconds:.0f} s, lab at {tally.victim.time_scale:g}×"
        lines += ["", f"## {tally.victim.drill} ({speed})", "", *tally.table()]
    return "\n".join(lines) + "\n"


@pytest.fixture(scope="module")
def tallies() -> Iterator[list[Tally]]:
    """Collected by the matrix; written down when it was whole."""
    collected: list[Tally] = []
    yield collected
    if len(collected) == len(VICTIMS) and all(tally.whole for tally in collected) and "CRASH_ENTRIES" not in os.environ:
        (ROOT / "docs").mkdir(exist_ok=True)
        (ROOT / "docs" / "crash-matrix.md").write_text(page(collected), encoding="utf-8")


def chosen() -> tuple[int, float]:
    """The first and the last entry to die after: all, or those that CRASH_ENTRIES names."""
    first, _, last = os.environ.get("CRASH_ENTRIES", "").partition("-")
    return (int(first), int(last or first)) if first else (1, math.inf)


def died_everywhere(stage: Stage, victim: Victim, tell: Callable[[str], None]) -> Tally:
    """Kill the drill after each entry in turn, until a run ends by itself before it comes to that entry."""
    tally = Tally(victim)
    arena = opened(stage, victim)
    number, last_number = chosen()
    astray = 0
    while number <= last_number and astray < ASTRAY_IN_A_ROW:
        died = arena.kill(number)
        as_meant = arena.went_its_way()
        astray = 0 if as_meant else astray + 1
        if died.returncode == -signal.SIGKILL:
            last, wrongs = arena.last_entry(), arena.wrongs()
            tally.add(number, last, wrongs)
            tell(f"{victim.drill} {number} {last[0]} {last[1]}: {wrongs or 'restored'}")
            number += as_meant
            if wrongs or arena.is_spent():
                arena = opened(stage, victim)
        elif as_meant:
            tally.whole = True
            break
        else:
            tell(f"{victim.drill} {number}: ended early by itself ({died.returncode}); again")
    stage.drill("lab", "down", "--topology", victim.topology)
    assert astray < ASTRAY_IN_A_ROW, f"{victim.drill} ends early by itself, before entry {number}"
    return tally


@pytest.mark.slow
@pytest.mark.parametrize("victim", VICTIMS, ids=lambda victim: victim.drill)
def test_after_every_entry_of_every_drill(
    victim: Victim, tmp_path: Path, tallies: list[Tally], capsys: pytest.CaptureFixture[str]
) -> None:
    def tell(text: str) -> None:
        with capsys.disabled():
            print(text, flush=True)

    tally = died_everywhere(stage_in(tmp_path / "work"), victim, tell)
    tallies.append(tally)
    tell("\n".join([victim.drill, *tally.table()]))
    assert not tally.failures, "\n".join(tally.failures)
