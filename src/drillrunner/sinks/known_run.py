"""What a sink knows of a run from the entries so far. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from drillrunner.model.journal import Entry
from drillrunner.model.noun import JsonValue

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Subject:
    """What a Change is: by which fault or step (`kind`, `role`), and to what (`target`)."""

    role: str
    kind: str
    target: str


@dataclass(frozen=True, slots=True)
class KnownRun:
    """The run's names, when it began, and the Changes that its entries speak of by their ids."""

    run_id: str = ""
    drill: str = ""
    environment: str = ""
    began: datetime = EPOCH
    time_scale: float = 1.0
    subjects: Mapping[str, Subject] = field(default_factory=dict)

    def with_entry(self, entry: Entry) -> KnownRun:
        """The same, with what one more entry tells."""
        data = entry.data
        if entry.kind == "run.began":
            scale = data.get("time_scale")
            return replace(
                self,
                run_id=str(data.get("run_id")),
                drill=str(data.get("drill")),
                environment=str(data.get("environment")),
                began=wall_of(entry),
                time_scale=float(scale) if isinstance(scale, int | float) and scale > 0 else 1.0,
            )
        if entry.kind == "undo.recorded":
            change = data.get("change")
            target = str(change.get("target")) if isinstance(change, dict) else ""
            subject = Subject(str(data.get("role")), str(data.get("kind")), target)
            return replace(self, subjects={**self.subjects, str(data.get("change_id")): subject})
        return self

    def with_entries(self, entries: Sequence[Entry]) -> KnownRun:
        known = self
        for entry in entries:
            known = known.with_entry(entry)
        return known

    def about(self, entry: Entry) -> Subject | None:
        """The Change that an entry is about."""
        return self.subjects.get(str(entry.data.get("change_id")))

    def moment(self, entry: Entry, at: float) -> datetime:
        """The time of day of a drill-clock moment, as seen from an entry of the same process."""
        return wall_of(entry) - timedelta(seconds=(entry.at - at) / self.time_scale)

    def after_began(self, seconds: float) -> datetime:
        """The time of day so many drill seconds after the run began."""
        return self.began + timedelta(seconds=seconds / self.time_scale)


def wall_of(entry: Entry) -> datetime:
    """The entry's time of day; the epoch where an old journal has none that can be read."""
    try:
        moment = datetime.fromisoformat(entry.wall)
    except ValueError:
        return EPOCH
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def texts_in(value: JsonValue) -> tuple[str, ...]:
    return tuple(str(each) for each in value) if isinstance(value, list) else ()
