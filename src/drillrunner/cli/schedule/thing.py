"""What can be handed to another scheduler: a drill or a game day with a schedule, and the runs that answer it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from drillrunner.cli.past_runs import past_runs
from drillrunner.errors import DrillError, InvalidInput
from drillrunner.files.drill_file import read_drill
from drillrunner.files.environment_file import find_environment
from drillrunner.files.gameday.file import gameday_names, locate_gameday, read_gameday_file
from drillrunner.files.gameday.folder import gameday_folders
from drillrunner.files.journal_file import read_journal
from drillrunner.files.locate import drill_names, is_gameday, locate_drill
from drillrunner.gameday.install.due_now import Answers
from drillrunner.gameday.install.job import Kind
from drillrunner.model.drill import Drill
from drillrunner.model.environment import Environment
from drillrunner.model.gameday import GameDay
from drillrunner.model.history import PastRun, moment
from drillrunner.model.schedule import Schedule

_COMPLETED = ("met", "missed", "inconclusive")


@dataclass(frozen=True, slots=True)
class Item:
    """A drill (alone in `drills`) or a game day with its drills, and where it runs. `schedule` is None without one."""

    name: str
    kind: Kind
    title: str
    file: Path
    schedule: Schedule | None
    environment: Environment
    drills: tuple[Drill, ...]
    gameday: GameDay | None = None


def item_of(name: str, environment: str | None) -> Item:
    """The drill or the game day of that name or in that file. Raises InvalidInput as reading it does."""
    file = _file_of(name)
    if is_gameday(file):
        return _gameday(file, environment)
    drill = read_drill(file)
    where = find_environment(environment or drill.environment, file)
    return Item(drill.name, "drill", drill.title, file, drill.schedule, where, (drill,))


def scheduled_item(name: str, environment: str | None) -> tuple[Item, Schedule]:
    """The same, with its schedule. Raises InvalidInput where it has none."""
    item = item_of(name, environment)
    if item.schedule is None:
        advice = 'add one, like: schedule: {every: quarter, starts: "2027-01-12T10:00", time_zone: Europe/Berlin}'
        raise InvalidInput(f"{item.name} has no schedule", where=str(item.file), advice=advice)
    return item, item.schedule


def every_name() -> Iterator[str]:
    """Every drill of ./drills, and every game day of ./drills/gamedays by its file."""
    yield from drill_names(Path())
    for name in gameday_names(Path()):
        yield str(locate_gameday(name, Path()))


def answers_of(item: Item, reports: Path, now: datetime) -> Answers:
    """The last run of it before now, and the last completed one."""
    began = _gamedays(item, reports) if item.kind == "gameday" else _runs(item, reports)
    before = [(at, completed) for at, completed in began if at <= now]
    return Answers(
        completed=max((at for at, completed in before if completed), default=None),
        begun=max((at for at, _ in before), default=None),
    )


def _file_of(name: str) -> Path:
    try:
        return locate_drill(name, Path())
    except InvalidInput as error:
        try:
            return locate_gameday(name, Path())
        except InvalidInput:
            raise error from None


def _gameday(file: Path, environment: str | None) -> Item:
    found = read_gameday_file(file)
    gameday, where = found.gameday, found.environment
    if environment not in (None, where.name):
        message = f"game day {gameday.name} runs in {where.name}, and cannot be run in {environment}"
        raise InvalidInput(message, where=str(file), advice="leave --environment out")
    drills = tuple(one.drill for one in found.drills.values())
    return Item(gameday.name, "gameday", gameday.title, file, gameday.schedule, where, drills, gameday)


def _runs(item: Item, reports: Path) -> Iterator[tuple[datetime, bool]]:
    """When each run of a drill began that was not refused, and whether it was completed."""
    wanted = (item.name, item.environment.name, item.environment.kind)
    for one in past_runs(reports):
        if not isinstance(one, PastRun) or (one.drill, one.environment, one.kind) != wanted:
            continue
        at = moment(one.began_wall)
        if at is not None and not one.ended_by.startswith("refused"):
            yield at, one.completed


def _gamedays(item: Item, reports: Path) -> Iterator[tuple[datetime, bool]]:
    """The same of a game day; one that cannot be read counts as begun, at the moment that its folder is named by."""
    for folder in gameday_folders(reports, item.name):
        named = datetime.strptime(f"{folder.gameday_id[:15]}+0000", "%Y%m%d-%H%M%S%z")
        try:
            entries = read_journal(folder.journal)
        except (DrillError, OSError):
            yield named, False
            continue
        if not entries or entries[0].data.get("environment") != item.environment.name:
            continue
        outcome = entries[-1].data.get("outcome") if entries[-1].kind == "gameday.ended" else None
        if outcome != "refused":
            yield moment(entries[0].wall) or named, outcome in _COMPLETED
