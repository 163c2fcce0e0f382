"""What can be said of past runs: which ones are meant, where they ran, and which came before a run."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from itertools import islice

from drillrunner.judge.rehearsal import figures
from drillrunner.model.history import EarlierRun, Kind, PastRehearsal, PastRun, moment, worst_of
from drillrunner.model.noun import JsonValue, Noun
from drillrunner.model.rehearsal import Rehearsal
from drillrunner.model.verdict import Verdict

EARLIER_MOST = 4


class Wanted(Noun):
    """Which runs are meant: None stands for all. `since` is a moment with its time zone."""

    drill: str | None = None
    environment: str | None = None
    since: datetime | None = None

    def has(self, run: PastRun) -> bool:
        """A run that does not say when it began is left out only where a moment is asked for."""
        began = moment(run.began_wall)
        recent = self.since is None or (began is not None and began >= self.since)
        return recent and self.drill in (None, run.drill) and self.environment in (None, run.environment)


def past_run(verdict: Verdict, kind: Kind, place: str | None, folder: str, *, under_way: bool = False) -> PastRun:
    """What lists need of a verdict, and where it was reached."""
    return PastRun(
        run_id=verdict.run_id,
        folder=folder,
        drill=verdict.drill,
        environment=verdict.environment,
        kind=kind,
        place=place,
        began_wall=verdict.began_wall,
        outcome=verdict.outcome,
        why=verdict.why,
        ended_by=verdict.ended_by,
        objectives=verdict.objectives,
        revert=verdict.revert,
        under_way=under_way,
    )


def place_of(environment: JsonValue) -> tuple[Kind, str | None] | None:
    """A plan's environment, as JSON of any version: lab or AWS, and its topology or account. None if neither."""
    if not isinstance(environment, dict):
        return None
    kind = environment.get("kind")
    place = environment.get("topology" if kind == "lab" else "account")
    named = place if isinstance(place, str) else None
    if kind == "lab":
        return "lab", named
    return ("aws", named) if kind == "aws" else None


def past_rehearsal(rehearsal: Rehearsal, folder: str) -> PastRehearsal:
    """What lists need of a rehearsal."""
    found = figures(rehearsal)
    rto = next((one for one in found.objectives if one.name == "rto"), None)
    return PastRehearsal(
        folder=folder,
        drill=rehearsal.drill,
        environment=rehearsal.environment,
        topology=rehearsal.topology,
        outcome=found.outcome,
        runs=found.runs,
        rto_seconds_p90=rto.percentiles.p90 if rto else None,
        rto_target=rto.target if rto else None,
        rto_met=rto.chance.met if rto else 0,
        rto_of=rto.chance.of if rto else 0,
    )


def earlier_runs(past: Iterable[PastRun], of: PastRun, most: int = EARLIER_MOST) -> tuple[EarlierRun, ...]:
    """The completed runs of the same drill in the same place before a run: at most so many, oldest first.

    `past` comes newest first, and is read only as far as it is needed.
    """
    return tuple(reversed([_earlier(one) for one in islice((one for one in past if _comes_before(one, of)), most)]))


def _comes_before(one: PastRun, of: PastRun) -> bool:
    same = (one.drill, one.environment, one.kind, one.place) == (of.drill, of.environment, of.kind, of.place)
    return same and one.completed and (one.began_wall, one.run_id) < (of.began_wall, of.run_id)


def _earlier(run: PastRun) -> EarlierRun:
    rto = worst_of(run.objectives, "rto")
    return EarlierRun(
        run_id=run.run_id,
        began_wall=run.began_wall,
        outcome=run.outcome,
        rto_low=rto.low if rto else None,
        rto_high=rto.high if rto else None,
    )
