"""Runs what is due on this machine, one thing at a time: a loop around `decide`, a journal, and the machine.

The journal has a start on disk before there is a process, and the process before it gets its go. So whatever dies, the
next agent knows whether a moment was used: a run that lives is waited for, one that died is reverted and never resumed.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import NamedTuple, Protocol

import anyio

from drillrunner.clock import Clock
from drillrunner.errors import DrillError, ExitCode, JournalUnwritable
from drillrunner.gameday.agent.decide import decide, pause_seconds
from drillrunner.gameday.agent.memory import NOTHING_BEGUN, after, remembered
from drillrunner.model.agent import Attempt, Choice, Decision, Lateness, Thing
from drillrunner.model.journal import Entry
from drillrunner.model.noun import JsonValue

LOOK_SECONDS = 60.0
_SHORTEST_REST_SECONDS = 0.001
# of several runs' exit codes the last of these tells the most
_WORST = (
    ExitCode.ALL_MET,
    ExitCode.INCONCLUSIVE,
    ExitCode.MISSED,
    ExitCode.REFUSED,
    ExitCode.ABORTED,
    ExitCode.INVALID,
    ExitCode.FORCED,
    ExitCode.STILL_INJECTED,
)


class Child(Protocol):
    """A process that waits for its go."""

    @property
    def mark(self) -> dict[str, JsonValue]:
        """How it is found again by another agent."""
        ...

    def go(self) -> None:
        """Let it begin; without this, it ends when the agent does."""
        ...

    async def wait(self) -> int | None:
        """Its exit code once it and all that it started have ended; None where nobody saw it."""
        ...

    def ask_to_stop(self) -> None:
        """SIGTERM: it stops and reverts."""
        ...


class Machine(Protocol):
    """What the agent does to this machine."""

    def prepare(self, words: Sequence[str], log: Path) -> Child:
        """`drill` with those words, waiting for its go. Raises OSError."""
        ...

    def find(self, mark: dict[str, JsonValue]) -> Child | None:
        """The process of an earlier agent, if it lives."""
        ...

    def left_by(self, since: datetime) -> tuple[str, ...]:
        """The runs that began since then and died, or left something behind."""
        ...

    def has_run(self, since: datetime) -> bool:
        """Whether any run began since then."""
        ...

    async def revert(self, run: str) -> int:
        """The exit code of `drill revert`."""
        ...


class Journal(Protocol):
    """What `files/journal_file.py` is here."""

    def append(self, kind: str, data: dict[str, JsonValue]) -> Entry: ...

    def sync(self) -> None: ...


class Found(NamedTuple):
    """The things with a schedule. By name, why a file is `unreadable`, and what else there is to say of a thing."""

    things: tuple[Thing, ...]
    unreadable: tuple[tuple[str, str], ...] = ()
    notes: tuple[tuple[str, str], ...] = ()


class Agent:
    """One agent's life. `attend` runs what is due until `stop` (or, with `once`, until nothing is due any more)."""

    def __init__(
        self,
        *,
        clock: Clock,
        journal: Journal,
        entries: Sequence[Entry],
        machine: Machine,
        read: Callable[[datetime], Found],
        say: Callable[[str], None],
        logs: Path,
        once: bool = False,
        look_seconds: float = LOOK_SECONDS,
    ) -> None:
        self.state = remembered(entries)
        self._clock, self._journal, self._machine, self._read = clock, journal, machine, read
        self._tell, self._logs, self._once, self._look_seconds = say, logs, once, look_seconds
        self._stopping = anyio.Event()
        self._woken = anyio.Event()
        self._said: dict[str, str] = {}
        self._held_said: set[tuple[str, datetime]] = set()
        self._coming_said: str | None = None
        self._things: dict[str, Thing] = {}
        self._codes: dict[str, int] = {}  # the last exit code of each thing

    def stop(self, why: str) -> None:
        """Start nothing more, and let what runs stop and revert."""
        if self._stopping.is_set():
            self._say(f"{why}: still waiting for what runs to put everything back")
            return
        self._say(f"{why}: starting nothing more")
        self._stopping.set()
        self._woken.set()

    def look(self) -> None:
        """Read the files again now."""
        self._woken.set()

    async def attend(self) -> int:
        """The exit code: 6 where something is left injected; with `once` the worst of the runs' and files'; else 0."""
        await self._take_up()
        while not self._stopping.is_set() and self.state.attempt is None:
            decision = self._decided()
            if decision.start is not None:
                await self._run(decision.start, len(decision.waiting))
            elif self._once:
                break
            else:
                self._say_coming(decision.coming)
                await self._rest(decision.look_at)
        self._note("agent.ended", {"why": "stopped" if self._stopping.is_set() else "nothing more is due"})
        self._journal.sync()
        if self.state.attempt is not None:
            return ExitCode.STILL_INJECTED
        return max(self._codes.values(), key=_WORST.index, default=0) if self._once else 0

    def _decided(self) -> Decision:
        now = self._clock.wall()
        self._look_around(now)
        decision = decide(tuple(self._things.values()), self.state, now)
        for lateness in decision.missed:
            self._leave(lateness, now)
        for choice in decision.announced:
            self._announce(choice)
        for choice in decision.held:
            self._say_held(choice)
        return decision

    def _look_around(self, now: datetime) -> None:
        """Read what has a schedule. What cannot be read is said once, and until it can be is not started."""
        try:
            found = self._read(now)
        except (DrillError, OSError) as error:
            found = Found((), (("what has a schedule", str(error)),))
        if found.unreadable and self._once:
            self._codes["files"] = ExitCode.INVALID
        said = dict((*found.unreadable, *found.notes))
        for name, why in said.items():
            if self._said.get(name) != why:
                self._say(f"! {name}: {why}")
        for name in sorted(self._said.keys() - said.keys()):
            self._say(f"{name}: all right again")
        self._said = said
        self._things = {thing.key: thing for thing in found.things}
        for thing in found.things:
            self._see(thing, now)

    def _see(self, thing: Thing, now: datetime) -> None:
        known = self.state.known.get(thing.key)
        if known is not None and known.cadence == thing.cadence:
            return
        self._note("thing.seen", {"key": thing.key, "cadence": thing.cadence, "at": now.isoformat()})
        if known is not None:
            self._say(f"{thing.key} has another schedule, which counts from now on")

    def _leave(self, lateness: Lateness, now: datetime) -> None:
        span = {"first": lateness.first.isoformat(), "last": lateness.last.isoformat()}
        self._note("moment.missed", {"key": lateness.key, **span, "count": lateness.count, "at": now.isoformat()})
        if lateness.count == 1:
            self._say(f"missed: {lateness.key} of {minute(lateness.last)}; its grace is over, and it is not run for it")
            return
        dates = f"{lateness.count} dates from {minute(lateness.first)} to {minute(lateness.last)}"
        self._say(f"missed: {lateness.key}, {dates}; their grace is over, and it is not run for them")

    def _announce(self, choice: Choice) -> None:
        self._note("moment.announced", {"key": choice.key, "moment": choice.moment.isoformat()})
        self._say(f"{choice.key} is due ({minute(choice.moment)}): people hold it, the agent does not")

    def _say_held(self, choice: Choice) -> None:
        if (choice.key, choice.moment) not in self._held_said:
            self._held_said.add((choice.key, choice.moment))
            self._say(f"{choice.key} is due ({minute(choice.moment)}) and not started: {self._things[choice.key].held}")

    def _say_coming(self, coming: Choice | None) -> None:
        text = f"next: {coming.key}, {minute(coming.moment)}" if coming else "nothing is scheduled"
        if text != self._coming_said:
            self._coming_said = text
            self._say(text)

    async def _run(self, choice: Choice, waiting: int) -> None:
        """Start it and see it to its end."""
        now, words = self._clock.wall(), self._things[choice.key].words
        log = self._logs / f"{now:%Y%m%d-%H%M%S}-{choice.key.replace(' ', '-')}.log"
        said: dict[str, JsonValue] = {"key": choice.key, "moment": choice.moment.isoformat(), "at": now.isoformat()}
        self._note("run.starting", {**said, "log": str(log), "words": list(words)})
        self._journal.sync()
        try:
            child = self._machine.prepare(words, log)
        except OSError as error:
            self._over(choice.key, "not begun", None)
            self._say(f"{choice.key} could not be started: {error}")
            return
        self._note("run.child", child.mark)
        self._journal.sync()
        child.go()
        others = f"; {waiting} more are waiting" if waiting > 1 else "; one more is waiting" if waiting else ""
        answers = f", the last of {choice.answers} dates" if choice.answers > 1 else ""
        self._say(f"starting {choice.key} for {minute(choice.moment)}{answers} (log: {log}){others}")
        attempt = self.state.attempt
        if attempt is not None:
            await self._see_through(attempt, child)

    async def _take_up(self) -> None:
        """What an earlier agent had started and did not see end."""
        attempt = self.state.attempt
        if attempt is None:
            return
        if attempt.child is None:
            self._say(f"{attempt.key} for {minute(attempt.moment)} was about to be started when the agent died")
            self._over(attempt.key, "not begun", None)
            return
        child = self._machine.find(attempt.child)
        if child is not None:
            self._say(
                f"{attempt.key} for {minute(attempt.moment)} is running still: waiting for it (log: {attempt.log})"
            )
            await self._see_through(attempt, child)
            return
        self._say(f"{attempt.key} for {minute(attempt.moment)} ended or died while no agent was there")
        if await self._put_back(attempt):
            self._over(attempt.key, "unseen", None)

    async def _see_through(self, attempt: Attempt, child: Child) -> None:
        """Wait for it, put back what it left, and write down how it went. It is open still where that failed."""
        code = await self._waited(child)
        if not await self._put_back(attempt):
            return
        outcome = self._outcome(attempt, code)
        self._over(attempt.key, outcome, code)
        if code is not None:
            self._codes[attempt.key] = code if code in _WORST else ExitCode.ABORTED
        again = "; it is tried again within its grace" if outcome in NOTHING_BEGUN else ""
        self._say(f"{attempt.key} for {minute(attempt.moment)} is over: {_code_words(code)}{again}")

    def _outcome(self, attempt: Attempt, code: int | None) -> str:
        """A game day that was refused after its first drill is not to begin again."""
        if code is None:
            return "unseen"
        if code == ExitCode.REFUSED and (attempt.key.startswith("drill ") or not self._machine.has_run(attempt.at)):
            return "refused"
        return "died" if code < 0 else "ended"

    async def _waited(self, child: Child) -> int | None:
        async def pass_on() -> None:
            await self._stopping.wait()
            child.ask_to_stop()
            self._say("asked what runs to stop and to put everything back")

        async with anyio.create_task_group() as group:
            group.start_soon(pass_on)
            code = await child.wait()
            group.cancel_scope.cancel()
        return code

    async def _put_back(self, attempt: Attempt) -> bool:
        """Revert what runs of this attempt left, until nothing is owed. Nothing else is started before that.

        False where it has to be given up, because the agent ends.
        """
        failures = 0
        while left := self._machine.left_by(attempt.at):
            for run in left:
                self._say(f"run {run} died or left something behind: reverting it (it is never resumed)")
                await self._revert(run)
            if not (left := self._machine.left_by(attempt.at)):
                break
            failures += 1
            if self._once or self._stopping.is_set():
                self._say(f"ending with something left; mend it with: drill revert {left[0]}")
                return False
            pause = pause_seconds(failures)
            self._say(f"starting nothing before that is put back; next try in {pause:g} s")
            await self._sleep(pause)
        return True

    async def _revert(self, run: str) -> None:
        """One try. Whether it has put everything back, the run's own journal tells; a disk that is full stops none."""
        try:
            code = await self._machine.revert(run)
        except OSError as error:
            self._say(f"run {run}: NOT PUT BACK YET: drill revert could not be started: {error}")
            return
        with contextlib.suppress(JournalUnwritable):
            self._note("run.reverted", {"run": run, "exit_code": code})
        self._say(f"run {run}: " + ("reverted" if code == 0 else f"NOT PUT BACK YET: {_code_words(code)}"))

    def _over(self, key: str, outcome: str, code: int | None) -> None:
        at = self._clock.wall().isoformat()
        self._note("run.over", {"key": key, "outcome": outcome, "exit_code": code, "at": at})
        self._journal.sync()

    async def _rest(self, look_at: datetime | None) -> None:
        """Until then, but for so long only that a wall clock which is set, or a file that changes, is soon seen."""
        ahead = self._look_seconds if look_at is None else (look_at - self._clock.wall()).total_seconds()
        await self._sleep(max(_SHORTEST_REST_SECONDS, min(self._look_seconds, ahead)))

    async def _sleep(self, seconds: float) -> None:
        with anyio.move_on_after(seconds):
            await self._woken.wait()
        if self._woken.is_set() and not self._stopping.is_set():
            self._woken = anyio.Event()

    def _note(self, kind: str, data: dict[str, JsonValue]) -> None:
        self._journal.append(kind, data)
        self.state = after(self.state, kind, data)

    def _say(self, text: str) -> None:
        self._tell(f"{self._clock.wall():%Y-%m-%d %H:%M:%SZ} {text}")


def minute(moment: datetime) -> str:
    """`2026-11-21 14:00Z`."""
    return f"{moment:%Y-%m-%d %H:%MZ}"


def _code_words(code: int | None) -> str:
    if code is None:
        return "nobody saw its exit code"
    return f"killed by signal {-code}" if code < 0 else f"exit code {code}, {_MEANS.get(code, 'unknown')}"


_MEANS = {
    ExitCode.ALL_MET: "all objectives met",
    ExitCode.MISSED: "an objective missed",
    ExitCode.INVALID: "invalid input",
    ExitCode.INCONCLUSIVE: "inconclusive",
    ExitCode.REFUSED: "refused",
    ExitCode.ABORTED: "aborted and fully reverted",
    ExitCode.STILL_INJECTED: "SOMETHING IS STILL INJECTED",
    ExitCode.FORCED: "left at once",
}
