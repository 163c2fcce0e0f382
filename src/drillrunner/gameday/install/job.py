"""What is to be run by another scheduler, and how: all that a target writes down."""

from __future__ import annotations

import math
import shlex
from collections.abc import Sequence
from typing import Literal, NamedTuple

from drillrunner.errors import InvalidInput
from drillrunner.model.drill import Drill
from drillrunner.model.gameday import GameDay
from drillrunner.model.noun import Noun
from drillrunner.model.schedule import Schedule

Kind = Literal["drill", "gameday"]
Target = Literal["cron", "systemd", "github", "eventbridge", "kubernetes"]
TARGETS: tuple[Target, ...] = ("cron", "systemd", "github", "eventbridge", "kubernetes")
# The calls of a step and all that it may wait for; a drill's own deadlines end it earlier.
STEP_SECONDS, FAULT_SECONDS, REHEARSING_SECONDS = 600.0, 60.0, 600.0
SETTLING_SECONDS, LAST_TRY_SECONDS, STARTING_SECONDS = 150.0, 120.0, 300.0
_FIVE_MINUTES = 300.0


class Job(Noun):
    """One drill or game day, and where it runs. `file` and `reports` are paths as the command line takes them.

    `folder` (absolute) is where they are seen from. After `limit_seconds` a run is told to stop, and has
    `stop_seconds` to put everything back. `program` is `drill` on this machine; `state` its state folder, where it is
    not the usual one. `role_arn` is what the target runs as; `drill_role_arn` what drillrunner itself assumes.
    """

    name: str
    kind: Kind
    title: str
    file: str
    folder: str
    reports: str
    environment: str
    environment_kind: Literal["lab", "aws"]
    confirm: bool
    elsewhere: bool
    region: str | None
    schedule: Schedule
    limit_seconds: float
    stop_seconds: float
    program: tuple[str, ...]
    state: str | None = None
    user: str | None = None
    image: str | None = None
    package: str = "drillrunner"
    role_arn: str | None = None
    drill_role_arn: str | None = None

    @property
    def label(self) -> str:
        return f"{'game day' if self.kind == 'gameday' else 'drill'} {self.name}"

    @property
    def unit(self) -> str:
        """What its files are called: `drill-regional-outage`, `gameday-quarterly`."""
        return f"{self.kind}-{self.name}"

    @property
    def limit_whole_seconds(self) -> int:
        return math.ceil(self.limit_seconds)

    @property
    def stop_whole_seconds(self) -> int:
        return math.ceil(self.stop_seconds)

    @property
    def total_seconds(self) -> int:
        """Until a hung run has been stopped and whatever it left has been put back from outside."""
        return self.limit_whole_seconds + 2 * self.stop_whole_seconds

    def run_words(self, program: Sequence[str], *flags: str) -> tuple[str, ...]:
        """The command that runs it if it is due."""
        elsewhere = ("--environment", self.environment) if self.elsewhere else ()
        confirm = ("--confirm", self.environment) if self.confirm else ()
        words = ("schedule", "run", "--reports", self.reports, *elsewhere, *confirm, *flags, "--", self.file)
        return (*program, *words)

    def revert_words(self, program: Sequence[str], *flags: str) -> tuple[str, ...]:
        """The command that puts back whatever a run left."""
        return (*program, "schedule", "revert", "--reports", self.reports, *flags)

    def limited(self, words: Sequence[str]) -> tuple[str, ...]:
        """With coreutils' `timeout`: SIGTERM, upon which a run stops and reverts; SIGKILL when that took too long."""
        return ("timeout", "-s", "TERM", "-k", str(self.stop_whole_seconds), str(self.limit_whole_seconds), *words)


class Written(NamedTuple):
    """A target's files by their names (their bodies: whoever writes them puts a head on top), and what to do next."""

    files: dict[str, str]
    notes: tuple[str, ...]
    next_steps: tuple[str, ...]


def shell(words: Sequence[str]) -> str:
    """The words as a shell takes them, whatever is in them."""
    return shlex.join(words)


def refuse_line_ends(target: Target, texts: Sequence[str]) -> None:
    """Raises InvalidInput for what no line of the target's file can hold."""
    for text in texts:
        if any(ord(character) < 32 or ord(character) == 127 for character in text):
            message = f"a path or name with a control character cannot be written for {target}: {text!r}"
            raise InvalidInput(message, advice="rename the folder or the file")


def drill_limit_seconds(drill: Drill, time_scale: float) -> float:
    """Seconds of the wall clock in which a drill is surely over, or hangs. A quarter is added, and a start.

    Nothing is asked of the environment, so what its calls may take is taken from above.
    """
    return _rounded(_drill_seconds(drill), time_scale)


def gameday_limit_seconds(gameday: GameDay, drills: dict[str, Drill], time_scale: float) -> float:
    """The same for a whole game day: its time box, or all its drills and what lies between them."""
    whole = sum(_drill_seconds(drills[one.id]) + one.cool_down_seconds for one in gameday.drills)
    if gameday.time_box_seconds is not None:
        reverts = max((_stop_seconds(drill) for drill in drills.values()), default=0.0)
        whole = min(whole, gameday.time_box_seconds + reverts)
    rehearsing = len(gameday.drills) * REHEARSING_SECONDS if gameday.rehearsal else 0.0
    return _rounded(gameday.lead_seconds + whole, time_scale) + rehearsing


def stop_limit_seconds(drills: Sequence[Drill], time_scale: float) -> float:
    """Seconds of the wall clock in which a run that is told to stop has put everything back."""
    return max((_stop_seconds(drill) for drill in drills), default=0.0) / time_scale + LAST_TRY_SECONDS


def _drill_seconds(drill: Drill) -> float:
    injecting = max((fault.after_seconds for fault in drill.faults), default=0.0)
    steps = len(drill.failover) + len(drill.failback)
    waits = drill.baseline_seconds + drill.baseline_within_seconds + drill.detection_within_seconds
    calls = len(drill.faults) * FAULT_SECONDS + steps * STEP_SECONDS
    return injecting + waits + drill.recovery_within_seconds + calls + SETTLING_SECONDS + _stop_seconds(drill)


def _stop_seconds(drill: Drill) -> float:
    return drill.revert_within_seconds + LAST_TRY_SECONDS


def _rounded(drill_seconds: float, time_scale: float) -> float:
    wall = drill_seconds * 1.25 / time_scale + STARTING_SECONDS
    return math.ceil(wall / _FIVE_MINUTES) * _FIVE_MINUTES
