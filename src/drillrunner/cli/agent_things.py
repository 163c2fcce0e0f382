"""What the agent reads: the things of a folder that have a schedule, and what its runs left in the reports folder."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from drillrunner.cli.aftermath import has_ended, lab_is_gone
from drillrunner.cli.scheduled import Found as FoundDrills
from drillrunner.cli.scheduled import Scheduled, ScheduledThing, find_scheduled, with_others
from drillrunner.errors import DrillError, InvalidInput
from drillrunner.files.environment_file import find_environment
from drillrunner.files.gameday.file import read_gameday_file
from drillrunner.files.journal_file import read_journal
from drillrunner.files.locate import DRILLS, ENVIRONMENTS
from drillrunner.files.lock_file import is_held
from drillrunner.files.run_folder import RunFolder, named_folders, read_plan
from drillrunner.gameday.agent.loop import Found
from drillrunner.gameday.agent.process import is_alive_since
from drillrunner.model.agent import Thing
from drillrunner.model.drill import Drill
from drillrunner.model.environment import Environment
from drillrunner.model.history import moment
from drillrunner.model.journal import Entry
from drillrunner.model.schedule import Schedule

_SUFFIXES = (".yaml", ".yml")
# What was read is read again after this even where no file seems to have changed.
_FRESH = timedelta(minutes=10)
_CLOCK_SLACK = timedelta(minutes=1)


class Reader:
    """Reads the things anew where a file or a run is another than it was."""

    def __init__(self, drills: Path, reports: Path, environment: str | None, confirmed: frozenset[str]) -> None:
        self._drills, self._reports, self._environment, self._confirmed = drills, reports, environment, confirmed
        self._seen: tuple[object, ...] = ()
        self._at = datetime.min.replace(tzinfo=UTC)
        self._found = Found(())

    def __call__(self, now: datetime) -> Found:
        """Every thing with a schedule; what cannot be read is named and hides no other. Raises InvalidInput."""
        seen = tuple(self._versions())
        if seen != self._seen or not self._at <= now < self._at + _FRESH:
            self._found = self._read(now)
            self._seen, self._at = seen, now
        return self._found

    def _read(self, now: datetime) -> Found:
        if not self._drills.is_dir():
            raise InvalidInput("there is no such folder", where=str(self._drills), advice="name it with --drills")
        found = self._drills_in(self._drills, now)
        things = [self._drill(one, one.drill.schedule) for one in found.drills if one.drill.schedule is not None]
        unreadable = list(found.unreadable)
        things += self._others(now, unreadable)
        notes = tuple((one.key, _NEVER) for one in things if _says_not_since_when(one))
        return Found(tuple(things), tuple(unreadable), notes)

    def _drills_in(self, folder: Path, now: datetime) -> FoundDrills:
        files = [str(file) for file in drill_files(folder)]
        return find_scheduled(files, self._environment, self._reports, now) if files else FoundDrills((), ())

    def _drill(self, one: Scheduled, schedule: Schedule) -> Thing:
        where = find_environment(self._environment or one.drill.environment, one.file)
        elsewhere = ("--environment", self._environment) if self._environment else ()
        return Thing(
            kind="drill",
            name=one.drill.name,
            schedule=schedule,
            last_began=one.last_began,
            words=("run", *self._words(where), *elsewhere, "--", str(one.file)),
            held=_held([one.drill], where, self._confirmed),
        )

    def _others(self, now: datetime, unreadable: list[tuple[str, str]]) -> Iterator[Thing]:
        """Game days and exercises, which are looked for in `./drills` alone."""
        if self._drills.resolve() != Path(DRILLS).resolve():
            return
        found, others = with_others(FoundDrills((), ()), self._reports, now)
        unreadable += found.unreadable
        for one in others:
            thing = Thing(kind=one.kind, name=one.name, schedule=one.schedule, last_began=one.last_completed)
            yield self._gameday(one, thing) if one.kind == "gameday" else thing

    def _gameday(self, one: ScheduledThing, thing: Thing) -> Thing:
        found = read_gameday_file(one.file)
        drills = [inner.drill for inner in found.drills.values()]
        words = ("gameday", "run", *self._words(found.environment), "--", str(one.file))
        return thing.model_copy(update={"words": words, "held": _held(drills, found.environment, self._confirmed)})

    def _words(self, where: Environment) -> tuple[str, ...]:
        """What keeps a run from asking anybody, and confirms what the agent's own command line confirmed."""
        confirmed = ("--confirm", where.name) if where.confirm and where.name in self._confirmed else ()
        return ("--reports", str(self._reports), "--no-input", "--plain", *confirmed)

    def _versions(self) -> Iterator[object]:
        """What changes with a file, and with a run's reports."""
        folders = (self._drills, self._drills / "gamedays", self._drills / "exercises")
        files = [file for folder in folders for suffix in _SUFFIXES for file in sorted(folder.glob(f"*{suffix}"))]
        runs = self._reports.iterdir() if self._reports.is_dir() else ()
        for path in (*files, *sorted(runs)):
            try:
                found = path.stat()
            except OSError:
                continue
            yield (str(path), found.st_mtime_ns, found.st_size)


_NEVER = "it was never run, and its schedule says not since when: run it once, or give the schedule a starts"


def _says_not_since_when(thing: Thing) -> bool:
    schedule = thing.schedule
    return thing.last_began is None and schedule.every is not None and schedule.starts is None


def drill_files(folder: Path) -> list[Path]:
    """The drill files right in a folder, by name."""
    found = [file for suffix in _SUFFIXES for file in folder.glob(f"*{suffix}")]
    return sorted(file for file in found if file.name != ENVIRONMENTS)


def _held(drills: Sequence[Drill], where: Environment, confirmed: frozenset[str]) -> str | None:
    """Why nobody but a person may run it; None where it may run by itself."""
    if where.confirm and where.name not in confirmed:
        return f"environment {where.name} wants to be confirmed; start the agent with --confirm={where.name}"
    steps = (step for drill in drills for step in (*drill.failover, *drill.failback))
    manual = [step.text for step in steps if step.kind == "manual"]
    return f'its step "{manual[0]}" needs a person' if manual else None


def left_by(reports: Path, hosts: frozenset[str]) -> Callable[[datetime], tuple[str, ...]]:
    """A function of a moment: the runs that began since then on one of these hosts and died, or left something."""

    def left(since: datetime) -> tuple[str, ...]:
        return tuple(folder.run_id for folder in _since(reports, since) if folder.exists() and _left(folder, hosts))

    return left


def has_run(reports: Path) -> Callable[[datetime], bool]:
    """A function of a moment: whether a run began since then."""
    return lambda since: next(_since(reports, since, slack=timedelta()), None) is not None


def _since(reports: Path, since: datetime, slack: timedelta = _CLOCK_SLACK) -> Iterator[RunFolder]:
    """By their names, which begin with the second of their start in UTC."""
    first = f"{since.astimezone(UTC) - slack:%Y%m%d-%H%M%S}"
    return (folder for folder in named_folders(reports) if folder.run_id[:15] >= first)


def _left(folder: RunFolder, hosts: frozenset[str]) -> bool:
    """Whether it is over and not all is known to be back. What cannot be read counts as left.

    A run whose process lives is nobody's to put back, though its lock may lie in another state folder than ours.
    """
    try:
        plan = read_plan(folder)
        if is_held(plan.environment, folder.run_id) or lab_is_gone(plan):
            return False
        entries = read_journal(folder.journal)
    except (DrillError, OSError):
        return True
    if not entries or has_ended(entries):
        return False
    began = next((entry for entry in entries if entry.kind == "run.began"), None)
    return began is None or (began.data.get("host") in (None, *hosts) and not _lives(began))


def _lives(began: Entry) -> bool:
    """Whether the process that began a run on this machine is still there."""
    pid, at = began.data.get("pid"), moment(began.wall)
    return isinstance(pid, int) and at is not None and is_alive_since(pid, at)
