"""Game days that were run, from their folders: how each stands, and what a dead one left behind."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from drillrunner.cli.aftermath import has_ended as run_has_ended
from drillrunner.cli.aftermath import lab_is_gone
from drillrunner.engine.revert import owed
from drillrunner.errors import DrillError, Refused
from drillrunner.files.gameday.folder import GameDayFolder, gameday_folders, is_held, read_gameday_plan
from drillrunner.files.journal_file import read_journal
from drillrunner.files.run_folder import RunFolder, read_plan, read_verdict
from drillrunner.gameday.course import course_of, has_ended, runs_of, states_of
from drillrunner.model.gameday_course import Course, DrillCourse
from drillrunner.model.journal import Entry
from drillrunner.model.verdict import Verdict


def course_in(folder: GameDayFolder, *, running: bool | None = None) -> Course:
    """The course of the game day in a folder, with its runs beside it. Raises InvalidInput and JournalBroken."""
    entries = read_journal(folder.journal)
    verdicts: dict[str, Verdict] = {}
    for run_id in runs_of(entries).values():
        verdict = read_verdict(RunFolder(folder.path.parent / run_id))
        if verdict is not None:
            verdicts[run_id] = verdict
    alive = is_held(folder) if running is None else running
    course = course_of(folder.gameday_id, read_gameday_plan(folder), entries, verdicts, running=alive)
    return course.model_copy(update={"drills": tuple(_with_what_is_left(one, folder) for one in course.drills)})


def _with_what_is_left(one: DrillCourse, folder: GameDayFolder) -> DrillCourse:
    """A run that died has no verdict, which would tell what it left."""
    if one.state not in ("died", "left") or one.left or one.run_id is None:
        return one
    run = RunFolder(folder.path.parent / one.run_id)
    return one.model_copy(update={"left": tuple(f"{text} (run {one.run_id})" for text in _here(run))})


def _here(run: RunFolder) -> list[str]:
    """What it owes, where the lab that it ran in did not take that with it."""
    left = owed_by(run)
    try:
        return [] if left and lab_is_gone(read_plan(run)) else left
    except DrillError:
        return left


def unfinished(reports: Path, gameday: str) -> GameDayFolder | None:
    """The newest game day of that name, if it came to no end: it is under way, or its process died."""
    newest = next(gameday_folders(reports, gameday), None)
    return newest if newest is not None and not has_ended(read_journal(newest.journal)) else None


def left_by(folder: GameDayFolder, entries: Sequence[Entry]) -> list[str]:
    """What the runs of a dead game day left injected, each with the run that must be reverted."""
    left = []
    for run_id in runs_of(entries).values():
        left += _left_by_run(RunFolder(folder.path.parent / run_id))
    return left


def _left_by_run(run: RunFolder) -> list[str]:
    """In doubt it left something: a journal that cannot be read proves nothing."""
    try:
        entries = read_journal(run.journal)
        if run_has_ended(entries) or lab_is_gone(read_plan(run)):
            return []
        named = [one.describe() for one in owed(entries)] or ["a run without an end"]
    except (DrillError, OSError) as error:
        named = [f"what is not known: {error}"]
    return [f"{', '.join(named)} (run {run.run_id})"]


def owed_by(run: RunFolder) -> list[str]:
    """What a run that is over owes by its journal. Without one it injected nothing; one that is broken hides it."""
    if not run.journal.exists():
        return []
    try:
        return [one.describe() for one in owed(read_journal(run.journal))]
    except (DrillError, OSError) as error:
        return [f"what is not known: {error}"]


def refuse_dead(folder: GameDayFolder) -> None:
    """Say what a dead game day ran, and what must be done before another one. Raises Refused."""
    entries = read_journal(folder.journal)
    states = states_of(entries, running=False)
    ran = ", ".join(f"{name} {state}" for name, state in states.items()) or "nothing was begun"
    left = left_by(folder, entries)
    runs = runs_of(entries)
    dead = [runs[name] for name, state in states.items() if state == "died" and name in runs]
    advice = f"go on with it: drill gameday run {folder.gameday} --continue; or begin anew: --anew"
    if left:
        reverts = ", then ".join(f"drill revert {run_id} --reports {folder.path.parent}" for run_id in dead)
        advice = f"put it back first: {reverts}; then --continue, or --anew"
    said = f"; STILL INJECTED: {'; '.join(left)}" if left else ""
    raise Refused(f"game day {folder.gameday_id} died: {ran}{said}", advice=advice)
