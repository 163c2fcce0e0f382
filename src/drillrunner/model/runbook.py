"""The runbook: what a person on call does, as data that can be held against the drills that practise it."""

from __future__ import annotations

from datetime import date
from typing import Literal

from drillrunner.model.noun import Noun

REVIEW_EVERY_DAYS = 180

StepRole = Literal["failover", "failback", "revert"]


class Place(Noun):
    """Where something stands in the runbook's file. Line and column count from 1; `length` is in characters."""

    line: int = 1
    column: int = 1
    length: int = 1


class Contact(Noun):
    """Who is asked or told: a role, a name or both, and how they are reached (a channel, a number, a rota)."""

    role: str | None = None
    name: str | None = None
    how: str


class DrillStepMention(Noun):
    """A step of a drill that a runbook's step is: the `number`th of its failover or failback, or the undo of its
    `number`th fault (`revert`). Numbers count from 1. Without `drill` each of the runbook's drills is meant.
    """

    role: StepRole
    number: int
    drill: str | None = None
    place: Place


class ProbeMention(Noun):
    """A probe that shows whether a runbook's step worked."""

    probe: str
    place: Place


class RunbookStep(Noun):
    """The `number`th step, from 1, of a numbered list below the heading `section`.

    `expect_seconds` is how long it should take. `not_drilled` is the reason why no drill exercises it.
    """

    section: str
    number: int
    text: str
    drill_steps: tuple[DrillStepMention, ...] = ()
    probes: tuple[ProbeMention, ...] = ()
    expect_seconds: float | None = None
    who: str | None = None
    not_drilled: str | None = None
    place: Place

    @property
    def is_drilled(self) -> bool:
        """Whether it says which part of a drill exercises it."""
        return bool(self.drill_steps or self.probes)


class Link(Noun):
    """A relative link to a file. `found` is whether that was there when the runbook was read."""

    target: str
    found: bool
    place: Place


class Named(Noun):
    """A drill that the runbook says it is for."""

    drill: str
    place: Place


class Runbook(Noun):
    """A page for people in `runbooks/`. It was never reviewed where `reviewed` is None."""

    drills: tuple[Named, ...]
    owner: str
    reviewed: date | None
    reviewed_place: Place
    review_every_days: int = REVIEW_EVERY_DAYS
    contacts: tuple[Contact, ...] = ()
    contacts_place: Place
    steps: tuple[RunbookStep, ...] = ()
    links: tuple[Link, ...] = ()

    def drill_names(self) -> tuple[str, ...]:
        return tuple(named.drill for named in self.drills)
