"""What `drill agent` knows: the things that have a schedule, what became of their moments, and what is to be done."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from drillrunner.model.noun import JsonValue, Noun, sha256_of
from drillrunner.model.schedule import Schedule

ThingKind = Literal["drill", "gameday", "exercise"]


class Thing(Noun):
    """What is run (an exercise: announced) at the moments of its schedule.

    `words` follow `drill` on its command line. `last_began` is when the last completed run began. `held` says why
    nobody but a person may run it, as far as that is known beforehand.
    """

    kind: ThingKind
    name: str
    schedule: Schedule
    last_began: datetime | None = None
    words: tuple[str, ...] = ()
    held: str | None = None

    @property
    def key(self) -> str:
        """What the agent's journal calls it: `drill regional-outage`."""
        return f"{self.kind} {self.name}"

    @property
    def cadence(self) -> str:
        """A hash of when it comes. What is said of lateness may change without the moments being others."""
        said = self.schedule.model_dump(mode="json", include={"every", "cron", "rrule", "starts", "time_zone"})
        return sha256_of(said)[:16]


class Missed(Noun):
    """Moments up to `moment` were left, as it was found `at` that time of day."""

    moment: datetime
    at: datetime


class Refusal(Noun):
    """A moment whose run was refused before anything was injected: it may be tried again."""

    moment: datetime
    first_at: datetime
    last_at: datetime
    times: int = 1


class Known(Noun):
    """What is remembered of one thing. All moments are UTC.

    `since` is when it was first seen, or seen with another cadence (`changed`). `used` are the moments that a run was
    started for (an exercise: announced). `own` are the beginnings and ends of those runs.
    """

    cadence: str
    since: datetime
    changed: bool = False
    used: tuple[datetime, ...] = ()
    missed: Missed | None = None
    own: tuple[tuple[datetime, datetime], ...] = ()
    refusal: Refusal | None = None


class Attempt(Noun):
    """A run that was started and has not ended yet. `child` is how its process is found again, once there is one."""

    key: str
    moment: datetime
    at: datetime
    log: str
    child: dict[str, JsonValue] | None = None


class AgentState(Noun):
    """Everything that the agent's journal says."""

    known: dict[str, Known] = Field(default_factory=dict)
    attempt: Attempt | None = None


class Lateness(Noun):
    """Moments of a thing that are left: the first and the last of them, and how many."""

    key: str
    first: datetime
    last: datetime
    count: int


class Choice(Noun):
    """A thing and the moment that it is to be run for. `answers` moments at once, the oldest of which is `oldest`."""

    key: str
    moment: datetime
    answers: int = 1


class Decision(Noun):
    """What to do now. `start` is the first of what could be started; `waiting` are the others, in order.

    `held` could be started, were a person there; `announced` are exercises. `coming` is the next moment of any
    schedule, `look_at` the next at which this decision may be another (None: none is known).
    """

    start: Choice | None = None
    waiting: tuple[Choice, ...] = ()
    held: tuple[Choice, ...] = ()
    announced: tuple[Choice, ...] = ()
    missed: tuple[Lateness, ...] = ()
    coming: Choice | None = None
    look_at: datetime | None = None
