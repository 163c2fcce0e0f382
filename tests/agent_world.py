"""A machine on virtual time for the agent: its runs take as long as they are said to, and outlive the agent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import anyio

from drillrunner.clock import Clock
from drillrunner.errors import JournalUnwritable
from drillrunner.files.journal_file import JournalFile, read_journal, reopen_journal
from drillrunner.gameday.agent.loop import Agent, Child, Found
from drillrunner.model.agent import Thing, ThingKind
from drillrunner.model.journal import Entry
from drillrunner.model.noun import JsonValue
from drillrunner.model.schedule import Missed, Schedule

REVERT_SECONDS = 30.0
HOUR = timedelta(hours=1)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


class Killed(Exception):
    """The agent's process has died."""


@dataclass
class Run:
    """One run of a thing. `ends` is loop time; `code` what it ends with."""

    name: str
    began: datetime
    ends: float
    code: int
    died: bool = False
    stopped: bool = False


@dataclass
class World:
    """What is there besides the agent. `lasts` are hours for each name; `codes` what its runs end with, in turn."""

    folder: Path
    now: datetime
    things: dict[str, Thing] = field(default_factory=dict)
    lasts: dict[str, float] = field(default_factory=dict)
    codes: dict[str, list[int]] = field(default_factory=dict)
    runs: list[Run] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    reverts: list[str] = field(default_factory=list)
    revert_codes: list[int] = field(default_factory=list)
    disk_full: bool = False  # nothing that tells of a revert can be written, and one process cannot be started
    revert_tried: bool = False
    unreadable: dict[str, str] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)
    offset: timedelta = timedelta()
    look_seconds: float = 24 * 3600.0
    agent: Agent | None = None

    def add(
        self,
        name: str,
        *,
        kind: ThingKind = "drill",
        grace_hours: float = 0.0,
        lasts: float = 0.1,
        missed: Missed = "skip",
        held: str | None = None,
        **cadence: object,
    ) -> None:
        schedule = Schedule.model_validate({**cadence, "grace_seconds": grace_hours * 3600, "missed": missed})
        self.things[name] = Thing(kind=kind, name=name, schedule=schedule, words=("run", name), held=held)
        self.lasts[name] = lasts

    @property
    def journal(self) -> Path:
        return self.folder / "agent.jsonl"

    def wall(self) -> datetime:
        return self.now + timedelta(seconds=anyio.current_time()) + self.offset

    def read(self, now: datetime) -> Found:
        """The things, each with the beginning of its last completed run."""
        things = [
            thing.model_copy(update={"last_began": self._last_began(name, now)})
            for name, thing in self.things.items()
            if name not in self.unreadable
        ]
        return Found(tuple(things), tuple(self.unreadable.items()))

    def _last_began(self, name: str, now: datetime) -> datetime | None:
        over = anyio.current_time()
        done = [
            run.began
            for run in self.runs
            if run.name == name and run.code in (0, 1, 3) and not run.died and run.ends <= over and run.began <= now
        ]
        return max(done, default=None)

    async def attend(
        self, until: datetime | None = None, *, dies_after: int | None = None, once: bool = False
    ) -> int | None:
        """Have an agent at work until then, when its process is killed; None where it was."""
        clock = Clock(monotonic_source=anyio.current_time, wall_source=self.wall)
        journal, entries = (
            reopen_journal(self.journal, clock) if self.journal.exists() else (JournalFile(self.journal, clock), [])
        )
        self.agent = Agent(
            clock=clock,
            journal=_Dying(journal, dies_after, self),
            entries=entries,
            machine=_Machine(self),
            read=self.read,
            say=self.lines.append,
            logs=self.folder / "logs",
            once=once,
            look_seconds=self.look_seconds,
        )
        code: int | None = None
        ahead = float("inf") if until is None else (until - self.wall()).total_seconds()
        try:
            with anyio.move_on_after(ahead):
                code = await self.agent.attend()
        except* Killed:
            pass
        finally:
            journal.close()
        return code

    async def pass_until(self, moment: datetime) -> None:
        await anyio.sleep((moment - self.wall()).total_seconds())

    def cut_power(self) -> None:
        """What runs dies with the agent, and leaves something behind."""
        for run in self.runs:
            if run.ends > anyio.current_time():
                run.ends, run.died = anyio.current_time(), True
                self.left.append(run.name)

    def started(self, *names: str) -> list[str]:
        """`2028-03-26T01:00 berlin` for every run, in the order of their start."""
        return [f"{run.began:%Y-%m-%dT%H:%M} {run.name}" for run in self.runs if not names or run.name in names]

    def entries(self) -> list[Entry]:
        return read_journal(self.journal)


class _Dying:
    """A journal whose process is killed right after so many entries."""

    def __init__(self, journal: JournalFile, dies_after: int | None, world: World) -> None:
        self._journal, self._left, self._world = journal, dies_after, world

    def append(self, kind: str, data: dict[str, JsonValue]) -> Entry:
        if self._world.disk_full and kind == "run.reverted":
            raise JournalUnwritable("the journal cannot be written: No space left on device")
        entry = self._journal.append(kind, data)
        if self._left is not None:
            self._left -= 1
            if self._left <= 0:
                raise Killed
        return entry

    def sync(self) -> None:
        """These files are read by the same machine: nothing has to reach a disk."""


class _Child:
    def __init__(self, world: World, name: str) -> None:
        self._world, self._name = world, name
        self._run: Run | None = None
        self.mark: dict[str, JsonValue] = {"pid": len(world.runs)}

    def go(self) -> None:
        """Raises AssertionError where something runs already."""
        world = self._world
        running = [run.name for run in world.runs if run.ends > anyio.current_time()]
        assert not running, f"{self._name} was started while {running} ran"
        assert not world.left, f"{self._name} was started while {world.left} was not put back"
        codes = world.codes.get(self._name)
        code = codes.pop(0) if codes else 0
        hours = 0.01 if code == 4 else world.lasts[self._name]
        self._run = Run(self._name, world.wall(), anyio.current_time() + hours * 3600, code)
        world.runs.append(self._run)

    async def wait(self) -> int | None:
        assert self._run is not None
        return await _end_of(self._run)

    def ask_to_stop(self) -> None:
        assert self._run is not None
        _stop(self._run)


class _FoundAgain:
    def __init__(self, run: Run, mark: dict[str, JsonValue]) -> None:
        self._run, self.mark = run, mark

    def go(self) -> None:
        """It had its go."""

    async def wait(self) -> int | None:
        await _end_of(self._run)
        return None

    def ask_to_stop(self) -> None:
        _stop(self._run)


def _stop(run: Run) -> None:
    """It puts everything back, for a minute."""
    run.stopped, run.code = True, 5
    run.ends = min(run.ends, anyio.current_time() + 60.0)


async def _end_of(run: Run) -> int:
    """Looks again and again: a run may be told to stop meanwhile. A sleep of less than a tick would last none."""
    while run.ends > anyio.current_time():  # noqa: ASYNC110
        await anyio.sleep(max(0.001, min(30.0 if run.stopped else 600.0, run.ends - anyio.current_time())))
    return run.code


class _Machine:
    def __init__(self, world: World) -> None:
        self._world = world

    def prepare(self, words: Sequence[str], log: Path) -> Child:
        return _Child(self._world, words[1])

    def find(self, mark: dict[str, JsonValue]) -> Child | None:
        number = mark["pid"]
        assert isinstance(number, int)
        if number >= len(self._world.runs) or self._world.runs[number].ends <= anyio.current_time():
            return None
        return _FoundAgain(self._world.runs[number], mark)

    def left_by(self, since: datetime) -> tuple[str, ...]:
        return tuple(self._world.left)

    def has_run(self, since: datetime) -> bool:
        return any(run.began >= since and run.code != 4 for run in self._world.runs)

    async def revert(self, run: str) -> int:
        await anyio.sleep(REVERT_SECONDS)
        if self._world.disk_full and not self._world.revert_tried:
            self._world.revert_tried = True
            raise OSError(28, "No space left on device")
        code = self._world.revert_codes.pop(0) if self._world.revert_codes else 0
        if code == 0:
            self._world.left.remove(run)
            self._world.reverts.append(run)
        return code
