"""One run from lock to report: wires the engine to disk, signals, terminal and the outside world."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import anyio
import anyio.to_thread
import click

from drillrunner import __version__
from drillrunner.calls.open import open_outside
from drillrunner.cli.aftermath import (
    EXIT_OF_OUTCOME,
    dead_runs,
    judge_at_end,
    leave,
    let_go,
    revert_dead_run,
    worded,
)
from drillrunner.cli.past_runs import durations_before
from drillrunner.cli.people import People, WalkedRunbook, people_of
from drillrunner.cli.retests import closing_lines
from drillrunner.cli.session import clock_for, connect, same_lab_runs
from drillrunner.cli.signals import signalling, to_all
from drillrunner.cli.view import View, say, view_for, view_lines
from drillrunner.clock import Clock
from drillrunner.engine.conduct import Conductor
from drillrunner.engine.desk import Desk, Ending
from drillrunner.engine.guard import guard
from drillrunner.engine.plan import make_plan
from drillrunner.engine.record import Record
from drillrunner.engine.revert import Reverted, irreversible, owed
from drillrunner.errors import DrillError, ExitCode, Refused
from drillrunner.files.journal_file import JournalFile
from drillrunner.files.lock_file import EnvironmentLock
from drillrunner.files.readings_file import ReadingsFile
from drillrunner.files.run_folder import RunFolder, create_run_folder, new_run_id, read_verdict
from drillrunner.model.drill import Drill
from drillrunner.model.environment import Environment
from drillrunner.model.plan import Plan
from drillrunner.model.runbook_walk import READ, read_data
from drillrunner.model.signal import SignalSpec
from drillrunner.model.verdict import Verdict
from drillrunner.ports import Outside
from drillrunner.reporting import render_json
from drillrunner.reporting.console import print_summary, summary_lines
from drillrunner.reporting.outside_text import visible
from drillrunner.sinks.lanes import Lanes

LAB_TOUCH_REAL_SECONDS = 60.0
ONE_KEY_REAL_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class PartOf:
    """What a game day asks of a run that is a part of it.

    `guard` raises Refused for a plan that must not be run now; it is asked last, right before the run. `named` is
    called with the run's folder before anything is injected. `stop_asked` answers who wants the run to end (None:
    nobody).
    """

    guard: Callable[[Plan], None]
    named: Callable[[RunFolder], None]
    stop_asked: Callable[[], str | None]


@dataclass(frozen=True, slots=True)
class Order:
    """What the user asked for."""

    drill: Drill
    environment: Environment
    overrides: Mapping[str, str]
    seed: int
    reports: Path
    plain: bool
    no_input: bool
    signals: tuple[SignalSpec, ...] = ()
    runbook: WalkedRunbook | None = None
    part_of: PartOf | None = None


@dataclass
class _Interrupts:
    """Signals, before and while there is a conductor. The first stops and reverts; a second Ctrl-C leaves at once.

    A Ctrl-C that arrives twice within an instant (from the terminal and from a wrapper) is one. SIGTERM and a
    terminal that closes (SIGHUP) never force: nobody may be there to mend what would be left.
    """

    before: anyio.CancelScope
    conductor: Conductor | None = None
    leave: Callable[[], None] = field(default=lambda: os._exit(ExitCode.FORCED))
    first: str | None = None
    first_at: float = 0.0

    async def watch(self) -> None:
        with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM, signal.SIGHUP) as signals:
            async for number in signals:
                if self.first is not None:
                    if number == signal.SIGINT and anyio.current_time() - self.first_at > ONE_KEY_REAL_SECONDS:
                        self.leave()
                    continue
                self.first, self.first_at = signal.Signals(number).name, anyio.current_time()
                if self.conductor is None:
                    self.before.cancel()
                else:
                    self.conductor.interrupt(self.first, "interrupted")


def run_order(order: Order, *, as_json: bool) -> int:
    """Run it and print the result. Returns the exit code; raises DrillError for what was refused or invalid."""
    known: list[int] = []
    try:
        code: int = anyio.run(_run, order, as_json, known)
    except KeyboardInterrupt:  # one that came when all was over
        if not known:
            raise
        return known[0]
    return code


async def _run(order: Order, as_json: bool, known: list[int]) -> int:
    """`known` is given the exit code as soon as nothing can change it any more."""
    code: int = ExitCode.ABORTED
    async with anyio.create_task_group() as group:
        interrupts = _Interrupts(anyio.CancelScope())
        group.start_soon(interrupts.watch)
        failure: Exception | None = None
        with interrupts.before:
            try:
                code = await _locked(order, interrupts, as_json)
                known.append(code)
            except Exception as error:  # noqa: BLE001  raised below, out of the task group
                failure = error
        group.cancel_scope.cancel()
    if failure is not None:
        raise failure
    if interrupts.before.cancelled_caught:
        say(f"{interrupts.first}: stopped before anything was injected")
        return ExitCode.ABORTED
    return code


async def _locked(order: Order, interrupts: _Interrupts, as_json: bool) -> int:
    """Everything between taking the environment's lock and letting it go."""
    environment = await anyio.to_thread.run_sync(
        lambda: connect(order.environment, seed=order.seed, overrides=order.overrides)
    )
    lock = EnvironmentLock(environment)
    lock.acquire()
    try:
        await _revert_leftovers(order, environment, lock)
        return await _planned(order, environment, lock, interrupts, as_json)
    finally:
        lock.release()


async def _revert_leftovers(order: Order, environment: Environment, lock: EnvironmentLock) -> None:
    """A dead run is never resumed: it is put back first. Raises Refused when that fails.

    Signals that are still under way are waited for when all is back, not between one run's revert and the next.
    """
    refusal: Refused | None = None
    try:
        async with contextlib.AsyncExitStack() as telling:
            view = telling.enter_context(view_lines())
            for folder in dead_runs(order.reports, environment, lock.previous):
                say(f"run {folder.run_id} died and left something behind: reverting it first")
                signals = await telling.enter_async_context(signalling(order.signals, folder, goes_on=True))
                with anyio.CancelScope(shield=True):
                    reverted = await revert_dead_run(folder, to_all(signals.entry, view.entry))
                signals.ended(read_verdict(folder))
                if reverted.left:
                    refusal = _still_there(folder, reverted)
                    break
                say(f"run {folder.run_id}: reverted {reverted.reverted}/{reverted.of}")
            else:
                lock.settle()
    finally:  # also where a Ctrl-C has ended the waiting for the signals
        if refusal is not None:
            raise refusal


def _still_there(folder: RunFolder, reverted: Reverted) -> Refused:
    left = ", ".join(one.describe() for one in reverted.left)
    return Refused(
        f"run {folder.run_id} still has {left} injected, and it could not be put back",
        advice=f"mend it with: drill revert {folder.run_id}",
    )


async def _planned(
    order: Order, environment: Environment, lock: EnvironmentLock, interrupts: _Interrupts, as_json: bool
) -> int:
    clock = clock_for(environment)
    run_id = new_run_id(clock.wall())
    async with open_outside(environment, clock, run_id=run_id, seed=order.seed) as outside:
        plan = await make_plan(order.drill, environment, outside)
        guard(plan, clock.wall())
        if order.part_of is not None:
            order.part_of.guard(plan)
        folder = create_run_folder(order.reports, run_id, plan)
        lock.name(run_id, folder.path, clock.wall().isoformat(timespec="seconds"))
        if order.part_of is not None:
            order.part_of.named(folder)
        async with signalling(order.signals, folder) as signals:
            ending = await _conducted(order, plan, folder, outside, lock, interrupts, signals)
            if not ending.reverted.left:
                lock.settle()
            code = _judged(folder, ending, as_json)
            signals.ended(read_verdict(folder))
    return code


def _stop_asked(order: Order, folder: RunFolder) -> str | None:
    if folder.stop_request.exists():
        return "drill stop"
    return order.part_of.stop_asked() if order.part_of else None


def _judged(folder: RunFolder, ending: Ending, as_json: bool) -> int:
    """Judge, report and show. What goes wrong here must not hide how the run ended."""
    verdict = judge_at_end(folder)
    try:
        if verdict is not None:
            _show(verdict, folder, ending, as_json)
    except Exception as error:  # noqa: BLE001  as above
        say(f"the result could not be shown: {worded(error)}")
        verdict = None
    if verdict is None:
        for one in ending.reverted.left:
            say(f"STILL INJECTED: {one.describe()}; mend it with: drill revert {folder.run_id}")
    if ending.exit_code is not None:
        return ending.exit_code
    return ExitCode.INCONCLUSIVE if verdict is None else EXIT_OF_OUTCOME[verdict.outcome]


async def _conducted(
    order: Order,
    plan: Plan,
    folder: RunFolder,
    outside: Outside,
    lock: EnvironmentLock,
    interrupts: _Interrupts,
    signals: Lanes,
) -> Ending:
    clock = outside.clock
    journal = JournalFile(folder.journal, clock)
    readings = ReadingsFile(folder.readings)
    walks = order.runbook is not None
    with (
        view_for(plan, clock, plain=order.plain, durations=lambda: durations_before(folder)) as view,
        people_of(folder, view, no_input=order.no_input, walks=walks) as people,
    ):
        record = Record(journal, notify=to_all(signals.entry, view.entry), make_room=folder.free_ballast)
        _record_beginning(record, order, plan, folder, clock)
        desk = Desk(
            plan=plan,
            outside=outside,
            record=record,
            readings=readings,
            ask_person=people.ask,
            stop_requested=lambda: _stop_asked(order, folder),
            still_ours=lambda: lock.is_ours(folder.run_id),
            on_reading=to_all(signals.reading, view.reading),
            asked_steps=people.asked_steps if walks else None,
        )
        conductor = Conductor(desk)
        interrupts.leave = lambda: _leave(view, people, record, folder)
        interrupts.conductor = conductor
        async with anyio.create_task_group() as beside:
            beside.start_soon(_keep_lab_awake, plan.environment)
            beside.start_soon(people.listen)
            ending = await conductor.run()
            beside.cancel_scope.cancel()
        record.append("phase.began", {"phase": "judged"})
        record.append("run.ended", {"outcome": ending.outcome, "exit_code": ending.exit_code, "why": ending.why})
    with contextlib.suppress(DrillError):  # the last half second of readings; the run is over
        readings.close()
    let_go(journal, folder, everything_back=not ending.reverted.left)
    return ending


async def _keep_lab_awake(environment: Environment) -> None:
    """A lab ends by itself when nobody asks it anything, and SQL does not count: ask, for as long as the run lasts."""
    while environment.kind == "lab":
        await anyio.sleep(LAB_TOUCH_REAL_SECONDS)
        with contextlib.suppress(DrillError):  # a lab that does not answer shows in the probes
            await anyio.to_thread.run_sync(same_lab_runs, environment)


def _record_beginning(record: Record, order: Order, plan: Plan, folder: RunFolder, clock: Clock) -> None:
    record.append(
        "run.began",
        {
            "run_id": folder.run_id,
            "drill": plan.drill.name,
            "environment": plan.environment.name,
            "plan_hash": plan.hash,
            "seed": order.seed,
            "pid": os.getpid(),
            "host": socket.gethostname(),
            "time_scale": clock.scale,
            "version": __version__,
        },
    )
    if order.runbook is not None:
        record.append(READ, read_data(order.runbook.file, order.runbook.steps))


def _leave(view: View, people: People, record: Record, folder: RunFolder) -> None:
    """The second Ctrl-C: say what is left and how to mend it, and go."""
    people.close()
    close = getattr(view, "__exit__", None)
    if close is not None:
        close(None, None, None)
    leave(folder, owed(record.entries), irreversible(record.entries))


def _show(verdict: Verdict, folder: RunFolder, ending: Ending, as_json: bool) -> None:
    if as_json:
        click.echo(render_json(verdict), nl=False)
        return
    page = folder.path / "report.html"
    print_summary(summary_lines(verdict, page if page.exists() else None), sys.stdout)
    if ending.why:
        click.echo(f"ended early by {ending.why}")
    for line in closing_lines(folder, verdict):
        click.echo(visible(line))
