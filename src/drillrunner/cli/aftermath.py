"""What follows a run, however it ended: judging it, writing its reports, and reverting one whose process died."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from drillrunner.calls.open import open_outside
from drillrunner.cli.session import clock_for, same_lab_runs
from drillrunner.engine.perform import Performer
from drillrunner.engine.record import Record
from drillrunner.engine.revert import Reverted, clean_up, owed, revert_all
from drillrunner.errors import ExitCode
from drillrunner.files.journal_file import read_journal, reopen_journal
from drillrunner.files.lock_file import Holder
from drillrunner.files.readings_file import read_readings
from drillrunner.files.run_folder import RunFolder, read_plan, run_folders
from drillrunner.judge import judge
from drillrunner.model.environment import Environment
from drillrunner.model.journal import Entry
from drillrunner.model.plan import Plan
from drillrunner.model.verdict import Verdict
from drillrunner.reporting import write_reports

EXIT_OF_OUTCOME = {"met": ExitCode.ALL_MET, "missed": ExitCode.MISSED, "inconclusive": ExitCode.INCONCLUSIVE}


def judge_folder(folder: RunFolder, *, write: bool) -> Verdict:
    """Judge a run from what is on disk, and (re)write its reports if asked to."""
    plan = read_plan(folder)
    entries = read_journal(folder.journal)
    verdict = judge(plan, entries, read_readings(folder.readings))
    if write:
        write_reports(folder.path, plan, entries, lambda: read_readings(folder.readings), verdict)
    return verdict


def has_ended(entries: Sequence[Entry]) -> bool:
    """Whether a run's journal says that it ended, with nothing owed."""
    return any(entry.kind == "run.ended" for entry in entries) and not owed(entries)


def dead_runs(reports: Path, environment: Environment, previous: Holder | None) -> Iterator[RunFolder]:
    """Runs on this environment that left something, newest first. Call it with the environment's lock held.

    Looks where the lock's last holder was, and in the reports folder.
    """
    seen: set[Path] = set()
    candidates = [RunFolder(Path(previous.folder))] if previous else []
    for folder in (*candidates, *run_folders(reports)):
        where = folder.path.resolve()
        if where in seen or not folder.exists():
            continue
        seen.add(where)
        if not has_ended(read_journal(folder.journal)) and _same_place(folder, environment):
            yield folder


def _same_place(folder: RunFolder, environment: Environment) -> bool:
    its = read_plan(folder).environment
    if its.kind == "lab":
        return environment.kind == "lab" and its.lab_instance == environment.lab_instance
    return its.kind == environment.kind and its.account == environment.account


def lab_is_gone(plan: Plan) -> bool:
    """A lab that ended took what was injected with it."""
    return plan.environment.kind == "lab" and not same_lab_runs(plan.environment)


async def revert_dead_run(folder: RunFolder, notify: Callable[[Entry], None]) -> Reverted:
    """Put back what a dead run left, and end its journal. Its environment's lock must be held."""
    plan = read_plan(folder)
    clock = clock_for(plan.environment)
    journal, entries = reopen_journal(folder.journal, clock)
    record = Record(journal, entries, notify=notify, make_room=folder.free_ballast)
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
    journal.close()
    with contextlib.suppress(OSError):  # reports are renderings: they can be written again
        judge_folder(folder, write=True)
    return reverted
