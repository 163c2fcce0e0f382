"""One game day from its checks to its report: wires the conductor to runs, signals, clock and journal."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import NoReturn

import anyio
import click
from pydantic import JsonValue

from drillrunner import __version__
from drillrunner.calls.open import open_outside
from drillrunner.cli import innermost
from drillrunner.cli.aftermath import worded
from drillrunner.cli.gameday.checks import approval_check, freeze_check, refuse_run
from drillrunner.cli.gameday.past import course_in, owed_by
from drillrunner.cli.gameday.plan import Planned
from drillrunner.cli.live_run import Order, PartOf, run_order
from drillrunner.cli.people import runbook_of
from drillrunner.cli.session import clock_for
from drillrunner.cli.view import say
from drillrunner.clock import Clock
from drillrunner.engine.calm import until_steady
from drillrunner.errors import DrillError, ExitCode, Refused
from drillrunner.files.gameday.folder import GameDayFolder
from drillrunner.files.journal_file import JournalFile
from drillrunner.files.run_folder import RunFolder
from drillrunner.gameday.conduct import Conductor, Ended, RanDrill
from drillrunner.gameday.course import states_of
from drillrunner.model.gameday import GameDayDrill, Moment
from drillrunner.model.gameday_course import CoolDown, Delivery, DrillState
from drillrunner.model.journal import Entry
from drillrunner.model.plan import Plan
from drillrunner.model.signal import SignalSpec
from drillrunner.reporting.gameday_html import write_gameday_reports
from drillrunner.reporting.gameday_text import summary_lines
from drillrunner.sinks.gameday import announce, announcement

NOT_APPROVED = "drill approve {} --as NAME"


@dataclass(frozen=True, slots=True)
class Day:
    """What is to be run, and how."""

    planned: Planned
    folder: GameDayFolder
    reports: Path
    seed: int
    plain: bool
    no_input: bool
    signals: tuple[SignalSpec, ...]


class LiveCrew:
    """Acts for the conductor. Between two drills SIGTERM and a closed terminal count as a Ctrl-C."""

    def __init__(self, day: Day, journal: JournalFile, written: int) -> None:
        self._day, self._journal, self._written = day, journal, written
        self._clock: Clock = clock_for(day.planned.environment)

    def now(self) -> float:
        return self._clock.monotonic()

    def write(self, kind: str, data: dict[str, JsonValue]) -> None:
        self._written = self._journal.append(kind, data).seq
        self._journal.sync()

    def sleep(self, seconds: float) -> None:
        with interruptible():
            anyio.run(self._clock.sleep, seconds)

    def announce(self, moment: Moment, text: str, data: dict[str, JsonValue]) -> tuple[Delivery, ...]:
        day = self._day
        say(text)
        gameday, at = day.planned.plan.gameday, self._clock.wall()
        event = announcement(moment, gameday, day.folder.gameday_id, self._written + 1, at, text, data)
        try:
            with interruptible():
                deliveries: tuple[Delivery, ...] = anyio.run(announce, event, day.signals, os.environ)
        except Exception as error:  # noqa: BLE001  nobody who is told may fail a game day
            deliveries = (Delivery(sink="signals", ok=False, why=type(error).__name__),)
        for one in deliveries:
            if not one.ok:
                say(f"warning: {moment} was not told to {one.sink}: {one.why}")
        return deliveries

    def run_drill(self, entry: GameDayDrill, plan: Plan, deadline: float | None) -> RanDrill:
        say(f"— drill {entry.id} —")
        runs: list[RunFolder] = []
        try:
            return RanDrill(run_order(self._order(entry, plan, deadline, runs.append), as_json=False))
        except KeyboardInterrupt:
            return RanDrill(ExitCode.ABORTED, "interrupted before it was begun")
        except Exception as error:  # noqa: BLE001  the day must end as one that ended, and say what is left
            return failed_run(entry.id, innermost(error), runs)

    def cool_down(self, entry: GameDayDrill, plan: Plan, within_seconds: float) -> CoolDown:
        began = self.now()
        say(f"waiting for the steady state after {entry.id}")
        with interruptible():
            try:
                why: str | None = anyio.run(self._until_steady, plan, within_seconds)
            except Exception as error:  # noqa: BLE001  nothing is injected here, and the day ends with it
                cause = innermost(error)
                why = cause.message if isinstance(cause, DrillError) else f"{type(cause).__name__}: {cause}"
        return CoolDown(steady=why is None, seconds=self.now() - began, why=why)

    async def _until_steady(self, plan: Plan, within_seconds: float) -> str | None:
        environment = plan.environment
        async with open_outside(environment, self._clock, run_id="cool-down", seed=self._day.seed) as outside:
            return await until_steady(plan.drill, outside, within_seconds=within_seconds)

    def _order(
        self, entry: GameDayDrill, plan: Plan, deadline: float | None, begun: Callable[[RunFolder], None]
    ) -> Order:
        day, found = self._day, self._day.planned.file.drills[entry.id]

        def named(folder: RunFolder) -> None:
            begun(folder)
            self.write("run.named", {"id": entry.id, "run_id": folder.run_id})

        def stop_asked() -> str | None:
            return "time box" if deadline is not None and self.now() >= deadline else None

        return Order(
            drill=found.drill,
            environment=day.planned.file.environment,
            overrides=day.planned.plan.gameday.settings,
            seed=day.seed,
            reports=day.reports,
            plain=day.plain,
            no_input=day.no_input,
            signals=day.signals,
            runbook=runbook_of(found.drill, found.file),
            part_of=PartOf(lambda made: refuse_run(day.planned, plan, made), named, stop_asked),
        )


def failed_run(drill_id: str, cause: BaseException, runs: Sequence[RunFolder]) -> RanDrill:
    """A drill that was refused, or that went wrong where nothing should; what its run owes counts before that."""
    if isinstance(cause, DrillError):
        ran = RanDrill(cause.exit_code, cause.message)
        say(f"{drill_id}: {cause}")
    else:
        ran = RanDrill(ExitCode.ABORTED, f"internal error: {type(cause).__name__}: {cause}")
        say(f"{drill_id}: {ran.why}")
    left = [(run, text) for run in runs for text in owed_by(run)]
    for run, text in left:
        say(f"STILL INJECTED: {text}; mend it with: drill revert {run.run_id} --reports {run.path.parent}")
    return RanDrill(ExitCode.STILL_INJECTED, ran.why) if left else ran


@contextlib.contextmanager
def interruptible() -> Iterator[None]:
    """SIGTERM and SIGHUP as a Ctrl-C: nothing is injected here, so all that is to be done is to say that it stops."""

    def stop(_number: int, _frame: FrameType | None) -> NoReturn:
        raise KeyboardInterrupt

    before = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def run_day(day: Day, journal: JournalFile, earlier: Sequence[Entry]) -> int:
    """All checks, then the drills, then the report. Returns the exit code; raises Refused when a check says no."""
    crew = LiveCrew(day, journal, len(earlier))
    states = states_of(earlier, running=False)
    _begin(day, crew, resumed=bool(earlier))
    try:
        with interruptible():
            refusal = _refusal(day, crew, states)
    except BaseException as error:
        why = error.message if isinstance(error, DrillError) else type(error).__name__
        _refused(day, crew, f"a check could not be made: {why}")
        raise
    if refusal is not None:
        _refused(day, crew, refusal)
        advice = (
            NOT_APPROVED.format(day.planned.plan.gameday.name) if "approvals" in refusal else "nothing was injected"
        )
        raise Refused(refusal, where=f"game day {day.planned.plan.gameday.name}", advice=advice)
    ended = Conductor(day.planned.plan, crew, states).run()
    _report(day, ended)
    return ended.exit_code


def _begin(day: Day, crew: LiveCrew, *, resumed: bool) -> None:
    plan = day.planned.plan
    process: dict[str, JsonValue] = {"pid": os.getpid(), "host": socket.gethostname(), "version": __version__}
    if resumed:
        crew.write("gameday.resumed", {**process, "plan_hash": plan.hash})
        return
    hashes: dict[str, JsonValue] = {
        entry.id: one.hash for entry, one in zip(plan.gameday.drills, plan.plans, strict=True)
    }
    about: dict[str, JsonValue] = {
        "gameday_id": day.folder.gameday_id,
        "gameday": plan.gameday.name,
        "environment": plan.gameday.environment,
        "plan_hash": plan.hash,
        "plans": hashes,
        "seed": day.seed,
    }
    crew.write("gameday.began", {**about, **process})


def _refusal(day: Day, crew: LiveCrew, states: Mapping[str, DrillState]) -> str | None:
    """Why the game day must not be run now; None where every check holds.

    The gate comes last, since it may take long; and by its end other freeze windows may lie ahead.
    """
    over = tuple(states)
    reasons = [*_guards(day, over), *_frozen(day, crew, over), *_unapproved(day, crew)]
    if not reasons:
        reasons = list(_gated(day, crew, over)) or list(_frozen(day, crew, over))
    return "; ".join(reasons) or None


def _guards(day: Day, over: tuple[str, ...]) -> list[str]:
    return [why for why in day.planned.refusals() if why.partition(":")[0] not in over]


def _frozen(day: Day, crew: LiveCrew, over: tuple[str, ...]) -> Iterator[str]:
    found = freeze_check(day.planned, over)
    crew.write("freeze.checked", found.model_dump(mode="json"))
    if found.why is not None:
        yield f"{found.why}; the game day may last until {found.end}"


def _unapproved(day: Day, crew: LiveCrew) -> Iterator[str]:
    rule = day.planned.plan.gameday.approvals
    if rule is None:
        return
    found = approval_check(day.planned, rule, day.reports)
    crew.write("approvals.checked", found.model_dump(mode="json"))
    if found.why is not None:
        yield f"approvals: {found.why}"


def _gated(day: Day, crew: LiveCrew, over: tuple[str, ...]) -> Iterator[str]:
    rule = day.planned.plan.gameday.rehearsal
    if rule is None:
        return
    from drillrunner.cli.gameday.gate import at_the_gate

    for found in at_the_gate(day.planned, rule, day.reports, over):
        crew.write("gate.checked", found.model_dump(mode="json"))
        if not found.ok:
            promised = f"{found.chance:.0%} of {found.runs} rehearsed runs met everything"
            yield f"{found.id}: {promised}, at least {found.at_least:.0%} are needed"


def _refused(day: Day, crew: LiveCrew, why: str) -> None:
    """The end of a game day of which nothing was begun."""
    crew.write("gameday.ended", {"outcome": "refused", "exit_code": ExitCode.REFUSED, "why": why})
    _report(day, None)


def _report(day: Day, ended: Ended | None) -> None:
    """Write the reports and show the end. What goes wrong here must not hide how the day ended."""
    try:
        course = course_in(day.folder, running=False)
        page = write_gameday_reports(day.folder.path, course)
        if ended is not None:
            click.echo("\n".join(summary_lines(course, page)))
    except KeyboardInterrupt:  # as above
        say("interrupted: see its report with: drill gameday report last")
    except Exception as error:  # noqa: BLE001  as above
        say(f"the game day's report could not be written: {worded(error)}")
