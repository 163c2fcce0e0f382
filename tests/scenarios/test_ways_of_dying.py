"""Every phase × way of dying × who puts it back: the lab's control plane is as it was, to the last field.

`make crash-matrix` runs it and writes docs/ways-of-dying.md. `-k detect-sigkill-revert` runs one combination.
"""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest

from crash_arena import ASTRAY_IN_A_ROW, REGIONAL_OUTAGE, Arena, opened, still_owed
from drillrunner.cli.live_run import ONE_KEY_REAL_SECONDS
from drillrunner.errors import ExitCode
from drillrunner.model.journal import PHASES
from scenario_waits import wait_for
from stages import ROOT, stage_in

Wrongs = list[str]

# In the midst of each phase, after which journal entry: where it leaves most in the air.
MOMENTS = {
    "preflight": "phase.began#1",
    "baseline": "undo.recorded/ledger#3",
    "inject": "call.intent/apply#1",
    "detect": "phase.began#4",
    "failover": "call.intent/apply#2",
    "recover": "phase.began#6",
    "failback": "call.intent/apply#3",
    "revert": "change.reverted#1",
    "restored": "phase.began#9",
}
# When the second Ctrl-C comes: a call of the revert is on its way, and the first Ctrl-C has been heard.
SECOND_CTRL_C = dict.fromkeys(MOMENTS, "call.intent/revert#1") | {"revert": "call.outcome/revert#1"}
IN_THE_BASELINE = "phase.began#2"


@dataclass
class Death:
    """One run, held by SIGSTOP at its moment, and what it is to die of."""

    arena: Arena
    phase: str
    process: subprocess.Popen[str]
    old_runs: frozenset[Path]
    found: Wrongs = field(default_factory=list)

    def run_folder(self) -> Path:
        """The folder of the run that dies, not of a next one."""
        return min(self.new_runs())

    def new_runs(self) -> list[Path]:
        return [path for path in self.arena.stage.reports.glob("20*") if path not in self.old_runs]

    def note(self, *wrongs: str) -> None:
        self.found += wrongs

    def let_go(self) -> None:
        os.kill(self.process.pid, signal.SIGCONT)

    def ends_with(self, *codes: int) -> None:
        """Wait for its end, which must be one of these and no traceback."""
        _, said = self.process.communicate(timeout=60)
        if self.process.returncode not in codes or "Traceback" in said:
            self.note(f"drill run ended with {self.process.returncode}: {said}")

    def ended_by(self, who: str) -> None:
        """Its journal must end with who ended it."""
        last = self.arena.stage.entries()[-1]
        if last["kind"] != "run.ended" or not str(last["data"]["why"]).startswith(f"{who}: "):
            self.note(f"its journal does not end with {who}, but with {last['kind']}: {last['data']}")


# -- ways of dying --------------------------------------------------------------------------------


def of_signal(death: Death, *, number: signal.Signals) -> None:
    """A first signal: the run itself reverts."""
    os.kill(death.process.pid, number)
    death.let_go()
    death.ends_with(ExitCode.ABORTED)
    death.ended_by(number.name)


def of_drill_stop(death: Death) -> None:
    stop = death.arena.stage.start("stop", "last")
    wait_for((death.run_folder() / "stop.request").exists)
    death.let_go()
    death.ends_with(ExitCode.ABORTED)
    _, said = stop.communicate(timeout=60)
    if stop.returncode != 0:
        death.note(f"drill stop ended with {stop.returncode}: {said}")
    death.ended_by("drill stop")


def of_a_full_disk(death: Death) -> None:
    """From now on not one byte can be written to any file, not even where a file has been freed."""
    _, most = resource.prlimit(death.process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(death.process.pid, resource.RLIMIT_FSIZE, (0, most))
    death.let_go()
    death.ends_with(ExitCode.REFUSED if death.phase in ("preflight", "baseline") else ExitCode.ABORTED)


def of_sigkill(death: Death) -> None:
    os.kill(death.process.pid, signal.SIGKILL)
    death.ends_with(-signal.SIGKILL)


def of_a_second_ctrl_c(death: Death) -> None:
    """The second comes in mid-revert, later than one key press may ring twice."""
    os.kill(death.process.pid, signal.SIGINT)
    death.let_go()
    if not is_held(death.process):
        death.note("the revert was over before the second Ctrl-C")
        return
    seen = time.monotonic()
    wait_for(lambda: time.monotonic() - seen > ONE_KEY_REAL_SECONDS)
    os.kill(death.process.pid, signal.SIGINT)
    death.let_go()
    death.ends_with(ExitCode.FORCED)


# -- who puts it back -----------------------------------------------------------------------------


def by_itself(death: Death) -> None:
    """Nobody else does: its own journal owes nothing."""
    death.note(*still_owed(death.run_folder() / "journal.jsonl"))


def by_itself_without_a_journal(death: Death) -> None:
    """It has, but could not write so: the journal owes nothing once `drill revert` has gone through it again."""
    death.note(*death.arena.not_as_before())
    death.note(*death.arena.wrongs())


def by_drill_revert(death: Death) -> None:
    death.note(*death.arena.wrongs())


def by_the_next_run(death: Death) -> None:
    """It says so, reverts the dead one, and goes on; a Ctrl-C in its baseline ends it."""
    dead = death.run_folder()
    process = start_held(death.arena, IN_THE_BASELINE)
    following = Death(death.arena, "baseline", process, death.old_runs, death.found)
    if not is_held(process):
        following.ends_with(ExitCode.ABORTED)
        following.note("the next run did not come to its baseline")
        return
    os.kill(process.pid, signal.SIGINT)
    following.let_go()
    _, said = process.communicate(timeout=60)
    if process.returncode != ExitCode.ABORTED or f"run {dead.name} died and left something behind" not in said:
        following.note(f"the next run ended with {process.returncode}: {said}")
    following.note(*[text for run in following.new_runs() for text in still_owed(run / "journal.jsonl")])


# -- the matrix -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Way:
    """How a run dies and who puts it back: one column. `senseless`: phases in which it cannot be, and why."""

    key: str
    title: str
    reverter: str
    die: Callable[[Death], None]
    put_back: Callable[[Death], None]
    twice: bool = False
    senseless: Mapping[str, str] = field(default_factory=dict)

    def moment(self, phase: str) -> str:
        return f"{MOMENTS[phase]},{SECOND_CTRL_C[phase]}" if self.twice else MOMENTS[phase]


TOO_SOON = {
    "preflight": "nothing has been done yet, so the run is gone before half a second is over, "
    "and a Ctrl-C that comes sooner counts as the first"
}
CTRL_C, SIGTERM, SIGHUP = (partial(of_signal, number=one) for one in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP))
WAYS = [
    Way("ctrl_c-itself", "Ctrl-C", "itself", CTRL_C, by_itself),
    Way("sigterm-itself", "SIGTERM", "itself", SIGTERM, by_itself),
    Way("sighup-itself", "SIGHUP", "itself", SIGHUP, by_itself),
    Way("stop-itself", "`drill stop`", "itself", of_drill_stop, by_itself),
    Way("full_disk-itself", "full disk", "itself", of_a_full_disk, by_itself_without_a_journal),
    Way("sigkill-revert", "SIGKILL", "`drill revert`", of_sigkill, by_drill_revert),
    Way("sigkill-next_run", "SIGKILL", "next run", of_sigkill, by_the_next_run),
    Way("twice-revert", "second Ctrl-C", "`drill revert`", of_a_second_ctrl_c, by_drill_revert, True, TOO_SOON),
    Way("twice-next_run", "second Ctrl-C", "next run", of_a_second_ctrl_c, by_the_next_run, True, TOO_SOON),
]
COMBINATIONS = [(phase, way) for phase in MOMENTS for way in WAYS if phase not in way.senseless]


@dataclass
class Matrix:
    """The lab that they die in, a new one after it was left other than it was; and what was wrong in each."""

    arena: Arena
    wrongs: dict[tuple[str, str], Wrongs] = field(default_factory=dict)
    began: float = field(default_factory=time.monotonic)

    def held(self, phase: str, way: Way) -> Death:
        """A run that is in that phase, and healthy; one that a busy machine ended early is tried again."""
        for _ in range(ASTRAY_IN_A_ROW):
            self.arena.settle()
            old_runs = frozenset(self.arena.stage.reports.glob("20*"))
            death = Death(self.arena, phase, start_held(self.arena, way.moment(phase)), old_runs)
            is_there = is_held(death.process)
            if is_there and self.arena.last_entry()[0] == phase and self.arena.went_its_way():
                return death
            death.process.kill()
            death.process.communicate()
            self.arena.stage.drill("revert", "last")
        raise AssertionError(f"the run never came to {way.moment(phase)} in {phase}")


def start_held(arena: Arena, moment: str) -> subprocess.Popen[str]:
    process: subprocess.Popen[str] = arena.stage.start("run", str(arena.path), "--plain", dies_after=f"hold:{moment}")
    return process


def is_held(process: subprocess.Popen[str]) -> bool:
    """Wait until it is stopped (true) or has ended (false)."""
    stopped: list[object] = []

    def settled() -> bool:
        if process.poll() is None:
            stopped.extend([one for one in [os.waitid(os.P_PID, process.pid, os.WSTOPPED | os.WNOHANG)] if one])
        return bool(stopped) or process.poll() is not None

    wait_for(settled)
    return bool(stopped)


@pytest.fixture(scope="module")
def matrix(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Matrix]:
    """Filled by the tests; written down when every combination was tried."""
    collected = Matrix(opened(stage_in(tmp_path_factory.mktemp("dying") / "work"), REGIONAL_OUTAGE))
    yield collected
    collected.arena.stage.drill("lab", "down", "--topology", collected.arena.victim.topology)
    if len(collected.wrongs) == len(COMBINATIONS):
        text = page(collected.wrongs, time.monotonic() - collected.began, datetime.now(UTC))
        (ROOT / "docs" / "ways-of-dying.md").write_text(text, encoding="utf-8")


@pytest.mark.slow
@pytest.mark.parametrize(("phase", "way"), COMBINATIONS, ids=[f"{phase}-{way.key}" for phase, way in COMBINATIONS])
def test_in_every_phase_whatever_it_dies_of_is_put_back(
    matrix: Matrix, phase: str, way: Way, capsys: pytest.CaptureFixture[str]
) -> None:
    began = time.monotonic()
    death = matrix.held(phase, way)
    way.die(death)
    way.put_back(death)
    death.note(*matrix.arena.not_as_before())
    matrix.wrongs[phase, way.key] = death.found
    with capsys.disabled():
        print(f"{phase}-{way.key}: {death.found or 'restored'} ({time.monotonic() - began:.1f} s)", flush=True)
    if death.found:
        matrix.arena = opened(matrix.arena.stage, REGIONAL_OUTAGE)
    assert death.found == []


# -- the page -------------------------------------------------------------------------------------


def page(wrongs: Mapping[tuple[str, str], Wrongs], seconds: float, now: datetime) -> str:
    """docs/ways-of-dying.md."""
    restored = sum(not found for found in wrongs.values())
    lines = [
        "# Ways of dying",
        "",
        "`drill run regional-outage` dies in each of its phases, of each cause, and is put back by each who can do it.",
        "Restored (✓) means that the lab's whole control plane is equal to what it was before, to the last field, that",
        "no ledger record is left in any table, and that the journal owes nothing; and that the run ended as it must:",
        "after Ctrl-C, SIGTERM, SIGHUP and `drill stop` with exit code 5 and the cause in its journal, after a second",
        "Ctrl-C with 130, on a disk that is full from that moment on with 4 (refused: preflight, baseline) or 5. It",
        "dies right after the entry that the table names; the waits are cut short, and the lab, which is quick to fail",
        f"over, runs at {REGIONAL_OUTAGE.time_scale:g}×. SIGKILL after *every* entry, of every shipped drill, is in",
        "[crash-matrix.md](crash-matrix.md).",
        "",
        f"Generated by `make crash-matrix` on {now:%Y-%m-%d}: **{restored} of {len(wrongs)} restored**, "
        f"in {seconds:.0f} s.",
        "",
        *table(wrongs),
        "",
        "A full disk leaves nothing to write to, not even where a file was freed: the run puts everything back without",
        "its journal, which is seen at once; `drill revert`, when there is room again, brings the journal up to date.",
        "The next run says whom it reverts first; a Ctrl-C in its own baseline ends it (5).",
        "",
        *(f"– ({phase}): {why}." for phase, why in sorted({one for way in WAYS for one in way.senseless.items()})),
    ]
    for phase, way in COMBINATIONS:
        if found := wrongs.get((phase, way.key)):
            lines += ["", f"✗ {phase}, {way.title}, {way.reverter} (`-k {phase}-{way.key}`):", ""]
            lines += [f"* {' '.join(one.split())}" for one in found]
    return "\n".join(lines) + "\n"


def table(wrongs: Mapping[tuple[str, str], Wrongs]) -> list[str]:
    """Markdown: a row for each phase, a column for each way."""
    head = ["phase", "dies after", *(way.title for way in WAYS)]
    rows = [["*put back by*", "", *(f"*{way.reverter}*" for way in WAYS)]]
    rows += [[phase, f"`{MOMENTS[phase]}`", *(cell(wrongs, phase, way) for way in WAYS)] for phase in MOMENTS]
    rule = "|---|---|" + ":-:|" * len(WAYS)
    return [row_of(head), rule, *(row_of(row) for row in rows)]


def row_of(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def cell(wrongs: Mapping[tuple[str, str], Wrongs], phase: str, way: Way) -> str:
    if phase in way.senseless:
        return "–"
    return "✗" if wrongs[phase, way.key] else "✓"


def test_the_ways_of_dying_cover_every_phase_in_which_something_may_be_left() -> None:
    assert [*MOMENTS, "judged"] == list(PHASES)


def test_the_page_of_ways_of_dying_shows_what_was_wrong_and_why_a_combination_is_left_out() -> None:
    wrongs = {(phase, way.key): Wrongs() for phase, way in COMBINATIONS}
    wrongs["detect", "sigkill-revert"] = ["state differs: /lambda: 40 became 0"]
    text = page(wrongs, 61.0, datetime(2026, 11, 21, tzinfo=UTC))
    assert f"**{len(COMBINATIONS) - 1} of {len(COMBINATIONS)} restored**, in 61 s" in text
    assert "| preflight | `phase.began#1` | ✓ | ✓ | ✓ | ✓ | ✓ | ✓ | ✓ | – | – |" in text
    assert "| detect | `phase.began#4` | ✓ | ✓ | ✓ | ✓ | ✓ | ✗ | ✓ | ✓ | ✓ |" in text
    assert "* state differs: /lambda: 40 became 0" in text
    assert "– (preflight): nothing has been done yet" in text
