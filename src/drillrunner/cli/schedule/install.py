"""`drill schedule install`: from what was asked for to a target's files, none of which is written over unseen."""

from __future__ import annotations

import getpass
import os
import re
import shlex
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from drillrunner import __version__
from drillrunner.cli.schedule.thing import Item, scheduled_item
from drillrunner.cli.written import write_text
from drillrunner.errors import InvalidInput
from drillrunner.gameday.install.head import state_of, with_head
from drillrunner.gameday.install.job import (
    Job,
    Target,
    drill_limit_seconds,
    gameday_limit_seconds,
    stop_limit_seconds,
)
from drillrunner.gameday.install.targets import FOLDERS, written_for
from drillrunner.gameday.install.triggers import counts_from_run
from drillrunner.gameday.occurrences import first_after
from drillrunner.model.duration import format_duration, parse_duration
from drillrunner.model.schedule import Schedule
from drillrunner.state import state_folder

_HERE: tuple[Target, ...] = ("cron", "systemd")  # where this folder is what the run sees; elsewhere it is a copy
_ROLE = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:role/[\w+=,.@/-]{1,512}\Z")
_EXECUTABLE = 0o755
_LIMIT_SECONDS_LOW = 60.0


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the user asked for."""

    name: str
    target: Target
    folder: Path | None
    environment: str | None
    confirm: str | None
    reports: Path
    limit: str | None
    role: str | None
    image: str | None
    package: str | None
    user: str | None
    force: bool


class Installed(NamedTuple):
    """What was done to each file (`written`, `written anew`, `unchanged`), and what there is to say of it."""

    files: dict[str, str]
    limit_seconds: float
    stop_seconds: float
    notes: tuple[str, ...]
    next_steps: tuple[str, ...]


def install_thing(wanted: Wanted, base: Path) -> Installed:
    """Write the files. Raises InvalidInput, and has written nothing then."""
    item, schedule = scheduled_item(wanted.name, wanted.environment)
    _check(item, schedule, wanted)
    job = _job(item, schedule, wanted, base)
    folder = wanted.folder or Path(FOLDERS[wanted.target])
    written = written_for(wanted.target, job, os.path.abspath(base / folder))
    texts = {folder / name: with_head(body, _words(wanted, item), __version__) for name, body in written.files.items()}
    _refuse_overwriting(texts, force=wanted.force)
    files = {str(path): _save(path, text) for path, text in texts.items()}
    notes = (*_profile_note(item, wanted.target), *written.notes)
    return Installed(files, job.limit_seconds, job.stop_seconds, notes, written.next_steps)


def lines_of(installed: Installed) -> Iterator[str]:
    """The same as text."""
    yield from (f"{path}: {state}" for path, state in installed.files.items())
    limit, stop = format_duration(installed.limit_seconds), format_duration(installed.stop_seconds)
    yield f"a run is told to stop after {limit}, and has {stop} to put everything back"
    yield from (f"note: {note}" for note in installed.notes)
    yield "next:"
    yield from (f"  {step}" for step in installed.next_steps)


def _profile_note(item: Item, target: Target) -> Iterator[str]:
    if item.environment.profile and target not in _HERE:
        yield f"{item.environment.name} names the profile {item.environment.profile}, which must be where it runs"


def _check(item: Item, schedule: Schedule, wanted: Wanted) -> None:
    """What nobody is there for when it runs by itself. Raises InvalidInput."""
    if first_after(schedule, datetime.now(UTC)) is None and not counts_from_run(schedule):
        advice = "give it a later UNTIL or starts"
        raise InvalidInput(f"the schedule of {item.name} names no date that is still to come", advice=advice)
    where = item.environment
    if where.confirm and wanted.confirm != where.name:
        advice = f"confirm it for every run to come: --confirm={where.name}"
        raise InvalidInput(f'environment "{where.name}" wants to be confirmed', where=str(item.file), advice=advice)
    if wanted.confirm not in (None, where.name):
        message = f'--confirm names "{wanted.confirm}", the environment is "{where.name}"'
        raise InvalidInput(message, advice=f"repeat its name: --confirm={where.name}")
    steps = [step for drill in item.drills for step in (*drill.failover, *drill.failback) if step.kind == "manual"]
    if steps:
        message = f'the step "{steps[0].text}" needs a person: it cannot run by itself'
        raise InvalidInput(message, where=str(item.file), advice="let drill calendar --ics remind people of it instead")
    if wanted.role is not None and not _ROLE.match(wanted.role):
        advice = "write it like arn:aws:iam::123456789012:role/drills"
        raise InvalidInput(f'--role cannot be "{wanted.role}"', advice=advice)


def _job(item: Item, schedule: Schedule, wanted: Wanted, base: Path) -> Job:
    where = item.environment
    here = wanted.target in _HERE
    return Job(
        name=item.name,
        kind=item.kind,
        title=item.title,
        file=_seen_from(item.file, base, "the file", outside=here),
        folder=str(base),
        reports=_seen_from(wanted.reports, base, "--reports", outside=here),
        environment=where.name,
        environment_kind=where.kind,
        confirm=where.confirm,
        elsewhere=wanted.environment is not None and item.kind == "drill",
        region=where.regions[0] if where.regions else None,
        schedule=schedule,
        limit_seconds=_limit_seconds(item, wanted.limit),
        stop_seconds=stop_limit_seconds(item.drills, where.time_scale),
        program=_program(),
        state=_state(os.environ),
        user=wanted.user or getpass.getuser(),
        image=wanted.image,
        package=wanted.package or f"drillrunner{'[lab]' if where.kind == 'lab' else ''}=={__version__}",
        role_arn=wanted.role,
        drill_role_arn=where.role_arn,
    )


def _seen_from(path: Path, base: Path, what: str, *, outside: bool) -> str:
    """Relative to the folder where it lies below it. Raises InvalidInput where it has to and does not."""
    whole = Path(os.path.abspath(base / path))
    if whole.is_relative_to(base):
        return str(whole.relative_to(base))
    if outside:
        return str(whole)
    message = f"{what} lies outside this folder, of which alone there is a copy where it is to run"
    raise InvalidInput(message, where=str(path), advice="run this in the folder that holds drills/")


def _limit_seconds(item: Item, given: str | None) -> float:
    if given is not None:
        try:
            seconds = parse_duration(given)
        except ValueError as error:
            raise InvalidInput(f"--limit: {error}") from error
        if seconds < _LIMIT_SECONDS_LOW:
            raise InvalidInput("--limit is at least 1m", advice="a run that is stopped that soon shows nothing")
        return seconds
    scale = item.environment.time_scale
    if item.gameday is None:
        return drill_limit_seconds(item.drills[0], scale)
    drills = {one.id: drill for one, drill in zip(item.gameday.drills, item.drills, strict=True)}
    return gameday_limit_seconds(item.gameday, drills, scale)


def _state(environ: Mapping[str, str]) -> str | None:
    """The state folder, where this shell was told another one than the usual: locks must be where every run looks."""
    told = environ.get("DRILLRUNNER_STATE") or environ.get("XDG_STATE_HOME")
    return os.path.abspath(state_folder(environ)) if told else None


def _program() -> tuple[str, ...]:
    """`drill` beside this Python, by its whole path; nobody else's PATH is relied on."""
    beside = Path(sys.executable).with_name("drill")
    return (str(beside),) if beside.exists() else (sys.executable, "-m", "drillrunner")


def _words(wanted: Wanted, item: Item) -> str:
    return shlex.join(("drill", "schedule", "install", item.name, "--to", wanted.target))


def _refuse_overwriting(texts: dict[Path, str], *, force: bool) -> None:
    for path, text in texts.items():
        if not path.exists():
            continue
        there = path.read_text(encoding="utf-8", errors="replace")
        state = state_of(there)
        if there != text and state != "ours" and not force:
            message = "it was changed by hand" if state == "changed by hand" else "it was not written by drill schedule"
            advice = "move it away, choose another -o, or write over it with --force"
            raise InvalidInput(f"{message}, and is not written over", where=str(path), advice=advice)


def _save(path: Path, text: str) -> str:
    """Write it, and say what that was."""
    was = path.read_text(encoding="utf-8", errors="replace") if path.exists() else None
    if was == text:
        return "unchanged"
    path.parent.mkdir(parents=True, exist_ok=True)
    write_text(path, text)
    if path.suffix == ".sh":
        path.chmod(_EXECUTABLE)
    return "written" if was is None else "written anew"
