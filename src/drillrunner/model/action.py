"""Corrective actions: what somebody is to mend, by when, and the drill that shows whether it was mended."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Literal, get_args

from drillrunner.model.drill import ObjectiveName
from drillrunner.model.noun import Noun

Status = Literal["open", "done", "dropped"]
OBJECTIVE_NAMES: tuple[str, ...] = get_args(ObjectiveName)
_ID = re.compile(r"A-([1-9]\d{0,5})\Z", re.ASCII)


class Action(Noun):
    """One action. `id` is `A-7`; `source` is the run or exercise that it comes from, `finding` the code there.

    `retest` names the drill that closes it, `objective` what must be met in it (`rto checkout`, `rto`; None: every
    objective), `environment` where that drill must run (None: anywhere). `drill` is what it is about. `opened_at` (UTC)
    is None where only the day is known. `closed_by` is a run's id, or the words with which a person closed it.
    """

    id: str
    title: str
    owner: str
    due: date
    opened: date
    status: Status = "open"
    ticket: str | None = None
    retest: str | None = None
    objective: str | None = None
    environment: str | None = None
    source: str | None = None
    finding: str | None = None
    drill: str | None = None
    opened_at: datetime | None = None
    closed: date | None = None
    closed_by: str | None = None

    def overdue_days(self, today: date) -> int:
        """Whole days since the day on which it was due; 0 where it is not open, or that day is not over."""
        return max(0, (today - self.due).days) if self.status == "open" else 0

    def is_opened_before(self, moment: datetime) -> bool:
        """Whether it was certainly open at that moment. Where only the day is known, from the next one on (UTC)."""
        at = moment.astimezone(UTC)
        return self.opened < at.date() if self.opened_at is None else self.opened_at < at

    def is_about(self, drill: str, run_id: str) -> bool:
        """Whether it comes from that run, is closed by it, or is about its drill or retested by that."""
        return drill in (self.retest, self.drill) or run_id in (self.source, self.closed_by)


def number_of_id(text: str) -> int | None:
    """7 for `A-7`; None for what is no action's id."""
    match = _ID.match(text)
    return int(match.group(1)) if match else None


def next_id(actions: Iterable[Action]) -> str:
    """The id after the highest one that is there."""
    return f"A-{max((number_of_id(one.id) or 0 for one in actions), default=0) + 1}"


def objective_of(text: str) -> tuple[str, str | None] | None:
    """Name and probe of `rto checkout`; the probe is None in `rto`. None for anything else."""
    name, _, probe = text.partition(" ")
    if name not in OBJECTIVE_NAMES or (probe and not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}", probe)):
        return None
    return (name, probe or None) if text in (name, f"{name} {probe}") else None
