"""From a game day's file to its plan: every drill resolved against what is there now, nothing changed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import anyio

from drillrunner.calls.open import open_outside
from drillrunner.cli.session import clock_for, connect
from drillrunner.engine.guard import refusals
from drillrunner.engine.plan import make_plan
from drillrunner.files.gameday.file import GameDayFile, locate_gameday, read_gameday_file
from drillrunner.gameday.checks import longest_day_seconds
from drillrunner.model.environment import Environment
from drillrunner.model.freeze import FreezeWindow
from drillrunner.model.gameday import GameDayPlan
from drillrunner.model.plan import Plan


@dataclass(frozen=True, slots=True)
class Planned:
    """A game day's file, its plan, and the environment as it was reached for it. `at` is when it was made."""

    file: GameDayFile
    plan: GameDayPlan
    environment: Environment
    at: datetime

    def refusals(self) -> list[str]:
        """Why the guard would refuse a drill of it, each with the drill's id."""
        named = zip(self.plan.gameday.drills, self.plan.plans, strict=True)
        return [f"{entry.id}: {why}" for entry, plan in named for why in refusals(plan, self.at)]

    def longest_wall_seconds(self, over: tuple[str, ...] = ()) -> float:
        """Seconds of the wall clock until the latest possible end of the last revert."""
        return longest_day_seconds(self.plan, over) / self.environment.time_scale


def gameday_of(name: str) -> GameDayFile:
    """The game day of that name or in that file. Raises InvalidInput with every problem."""
    return read_gameday_file(locate_gameday(name, Path()))


def plan_gameday(file: GameDayFile, seed: int) -> Planned:
    """Reach the environment (a lab is started where none is up), and plan every drill. Raises as planning does."""
    environment = connect(file.environment, seed=seed, overrides=file.gameday.settings)
    clock = clock_for(environment)

    async def make() -> list[Plan]:
        async with open_outside(environment, clock, run_id="plan", seed=seed) as outside:
            drills = [file.drills[entry.id].drill for entry in file.gameday.drills]
            return [await make_plan(drill, environment, outside) for drill in drills]

    plans = tuple(anyio.run(make))
    return Planned(file, GameDayPlan(gameday=file.gameday, plans=plans), environment, clock.wall())


def windows_of(planned: Planned, begin: datetime, end: datetime) -> tuple[FreezeWindow, ...]:
    """The freeze windows between two moments: the game day's own, and those of its calendars. Raises InvalidInput."""
    gameday = planned.file.gameday
    own = [one for one in gameday.freeze if one.starts <= end and begin <= one.ends]
    if not gameday.calendars:
        return tuple(own)
    from drillrunner.files.ics.file import read_freeze_windows

    read = [one for path in gameday.calendars for one in read_freeze_windows(Path(path), begin, end)]
    return (*own, *read)
