"""What follows a run, however it ended: judging it, writing its reports, and reverting one whose process died."""

from __future__ import annotations

import contextlib
import math
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

import anyio
from anyio.abc import TaskStatus

from drillrunner.calls.open import open_outside
from drillrunner.cli.past_runs import earlier_of
from drillrunner.cli.retests import shown_for
from drillrunner.cli.session import clock_for, same_lab_runs
from drillrunner.cli.signals import signalling, to_all
from drillrunner.cli.view import say
from drillrunner.engine.perform import Performer
from drillrunner.engine.record import Record
from drillrunner.engine.revert import Owed, Reverted, clean_up, owed, revert_all
from drillrunner.errors import DrillError, ExitCode, Refused
from drillrunner.files.journal_file import JournalFile, read_journal, reopen_journal
from drillrunner.files.lock_file import Holder
from drillrunner.files.readings_file import read_readings
from drillrunner.files.run_folder import RunFolder, read_plan, read_verdict, run_folders
from drillrunner.judge import judge
from drillrunner.model.environment import Environment
from drillrunner.model.history import EarlierRun
from drillrunner.model.journal import Entry
from drillrunner.model.plan import Plan
from drillrunner.model.signal import SignalSpec
from drillrunner.model.verdict import Verdict
from drillrunner.reporting import write_reports

EXIT_OF_OUTCOME = {"met": ExitCode.ALL_MET, "missed": ExitCode.MISSED, "inconclusive": ExitCode.INCONCLUSIVE}


def judge_folder(folder: RunFolder, *, write: bool) -> Verdict:
    """Judge a run from what is on disk, and (re)write its reports if asked to."""
    plan, entries, verdict = _judged(folder)
    if write:
        _write(folder, plan, entries, verdict)
    return verdict


def judge_at_end(folder: RunFolder) -> Verdict | None:
    """Judge a run that is over, and write its reports. It says what fails, and never raises.

    Reports are renderings, and can be written again. None where the run could not be judged.
    """
    verdict: Verdict | None = None
    try:
        plan, entries, verdict = _judged(folder)
        _write(folder, plan, entries, verdict)
    except Exception as error:  # noqa: BLE001  what is shown of a run must not hide how it ended, nor what is left
        say(f"the reports could not be written: {worded(error)}")
    return verdict


def worded(error: Exception) -> str:
    """An error as it is told; one of our own with its type."""
    return str(error) if isinstance(error, DrillError | OSError) else f"{type(error).__name__}: {error}"


def _judged(folder: RunFolder) -> tuple[Plan, Sequence[Entry], Verdict]:
    plan = read_plan(folder)
    entries = read_journal(folder.journal)
    return plan, entries, judge(plan, entries, read_readings(folder.readings))


def _write(folder: RunFolder, plan: Plan, entries: Sequence[Entry], verdict: Verdict) -> None:
    earlier = [one for one in earlier_of(folder, verdict) if _is_finite(one)]
    actions = shown_for(folder, verdict)
    write_reports(folder.path, plan, entries, lambda: read_readings(folder.readings), verdict, earlier, actions)


def _is_finite(run: EarlierRun) -> bool:
    """Whether an earlier run's figures can be shown: JSON as Python reads it may hold Infinity."""
    return all(math.isfinite(end) for end in (run.rto_low, run.rto_high) if end is not None)


def has_ended(entries: Sequence[Entry]) -> bool:
    """Whether a run's journal says that it ended, with nothing owed."""
    return any(entry.kind == "run.ended" for entry in entries) and not owed(entries)


def dead_runs(reports: Path, environment: Environment, previous: Holder | None) -> Iterator[RunFolder]:
    """Runs on this environment that left something, newest first. Call it with the environment's lock held.

    Looks where the lock's last holder was, and in the reports folder. Raises Refused when the last
    holder's run cannot be read: what it left is not known. Others that cannot be read are said.
    """
    named = RunFolder(Path(previous.folder)) if previous else None
    if named is not None and _owes_here(named, environment, must=True):
        yield named
    for folder in run_folders(reports):
        if named is not None and folder.path.resolve() == named.path.resolve():
            continue
        if _owes_here(folder, environment, must=False):
            yield folder


def _owes_here(folder: RunFolder, environment: Environment, *, must: bool) -> bool:
    """Whether a run left something on this environment."""
    try:
        return not has_ended(read_journal(folder.journal)) and _same_place(folder, environment)
    except (DrillError, OSError) as error:
        if not must or environment.kind == "lab":
            say(f"warning: run {folder.run_id} cannot be read: {error}")
            return False
        raise Refused(
            f"run {folder.run_id} held the environment last, and what it left cannot be read: {error}",
            advice="bring its folder back, or look at the environment yourself and then empty the lock file "
            f"of {environment.name} (drillrunner's state folder, locks/)",
        ) from error


def _same_place(folder: RunFolder, environment: Environment) -> bool:
    its = read_plan(folder).environment
    if its.kind == "lab":
        return environment.kind == "lab" and its.lab_instance == environment.lab_instance
    return its.kind == environment.kind and its.account == environment.account


def lab_is_gone(plan: Plan) -> bool:
    """A lab that ended took what was injected with it."""
    return plan.environment.kind == "lab" and not same_lab_runs(plan.environment)


async def revert_attended(
    folder: RunFolder,
    specs: Sequence[SignalSpec],
    notify: Callable[[Entry], None],
    done: Callable[[Reverted], None],
) -> None:
    """`revert_dead_run` for a person, and for whoever `specs` name, who may hear of it a little later.

    `done` is called with the result, before those are waited for. Until then the first Ctrl-C is answered, and the
    second leaves and says what is left; from then on any signal ends the waiting alone. Raises what went wrong.
    """
    failure: Exception | None = None
    waiting = anyio.CancelScope()
    back = anyio.Event()
    async with anyio.create_task_group() as group:
        await group.start(_answer_signals, folder, back, waiting)
        with waiting:
            try:
                async with signalling(specs, folder, goes_on=True) as signals:
                    with anyio.CancelScope(shield=True):
                        reverted = await revert_dead_run(folder, to_all(signals.entry, notify))
                    back.set()
                    try:
                        done(reverted)
                    finally:
                        signals.ended(read_verdict(folder))
            except Exception as error:  # noqa: BLE001  raised below, out of the task group
                failure = error
        group.cancel_scope.cancel()
    if failure is not None:
        raise failure


async def _answer_signals(
    folder: RunFolder,
    back: anyio.Event,
    waiting: anyio.CancelScope,
    *,
    task_status: TaskStatus[None] = anyio.TASK_STATUS_IGNORED,
) -> None:
    """Until all is `back`, say that it goes on, and leave at the second Ctrl-C; then end the `waiting`."""
    with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM, signal.SIGHUP) as signals:
        task_status.started()
        answered = False
        async for number in signals:
            if back.is_set():
                say("all is said; the signals that are still under way are given up")
                waiting.cancel()
                return
            if answered and number == signal.SIGINT:
                leave(folder, owed(read_journal(folder.journal)), ())
            answered = True
            say("still putting things back; Ctrl-C again leaves at once")


def leave(folder: RunFolder, left: Sequence[Owed], cannot: Sequence[Owed]) -> NoReturn:
    """End the process at once, saying what is still injected and how to mend it. Exit code 130."""
    lines = [f"left at once. STILL INJECTED ({len(left)}):" if left else "left at once; nothing is injected"]
    lines += [f"  {one.describe()}" for one in left]
    lines += [f"  cannot be put back: {one.describe()}" for one in cannot]
    lines += [f"mend it with: drill revert {folder.run_id} --reports {folder.path.parent}"] if left else []
    with contextlib.suppress(OSError):  # nobody may be reading any more
        os.write(2, ("\n".join(lines) + "\n").encode())
    os._exit(ExitCode.FORCED)


async def revert_dead_run(folder: RunFolder, notify: Callable[[Entry], None]) -> Reverted:
    """Put back what a dead run left, and end its journal. Its environment's lock must be held."""
    plan = read_plan(folder)
    clock = clock_for(plan.environment)
    journal, entries = reopen_journal(folder.journal, clock)
    record = Record(journal, entries, notify=notify, make_room=folder.free_ballast)
    record.go_on_without_journal()
    record.append("interrupted", {"by": "drill revert", "why": "the run's process died, or left something behind"})
    async with open_outside(plan.environment, clock, run_id=folder.run_id, seed=0) as outside:
        performer = Performer(record, outside)
        within = plan.drill.revert_within_seconds
        reverted = await revert_all(record, performer, clock, within_seconds=within)
        litter = await clean_up(record, performer, clock, within_seconds=within, died=True)
    reverted = replace(reverted, left=reverted.left + litter)
    code = ExitCode.STILL_INJECTED if reverted.left else ExitCode.ABORTED
    why = "its process died; reverted from the journal"
    record.append("run.ended", {"outcome": "aborted", "exit_code": code, "why": why})
    let_go(journal, folder, everything_back=not reverted.left)
    judge_at_end(folder)
    return reverted


def let_go(journal: JournalFile, folder: RunFolder, *, everything_back: bool) -> None:
    """Close a journal that has its last entry; the ballast has done its duty once nothing is left."""
    with contextlib.suppress(OSError):  # every entry was synced, and nobody minds a ballast that stays
        journal.close()
        if everything_back:
            folder.free_ballast()
