"""The runs and rehearsals that a reports folder holds, read from plain files. One that is broken hides no other."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from pathlib import Path

from drillrunner.errors import DrillError, InvalidInput
from drillrunner.files.run_folder import (
    RunFolder,
    named_folders,
    read_environment,
    read_plan,
    read_verdict,
    run_folders,
)
from drillrunner.judge.history import Wanted, earlier_runs, past_rehearsal, past_run, place_of
from drillrunner.model.history import BrokenRun, EarlierRun, History, Kind, PastRehearsal, PastRun
from drillrunner.model.plan import Plan
from drillrunner.model.verdict import Verdict

REHEARSALS = "rehearsals"
# how far back is looked for how long calls take: folders, and journals among them
_FOLDERS_MOST, _JOURNALS_MOST = 40, 3
_AGE = re.compile(r"(\d{1,5})([hdw])\Z")
_AGE_HOURS = {"h": 1, "d": 24, "w": 168}


def read_history(reports: Path, wanted: Wanted, limit: int | None, *, rehearsals: bool = False) -> History:
    """The runs that are wanted, newest first, at most `limit` of them, and what could not be read on the way."""
    runs: list[PastRun] = []
    broken: list[BrokenRun] = []
    for one in past_runs(reports):
        if isinstance(one, BrokenRun):
            broken.append(one)
        elif wanted.has(one):
            runs.append(one)
        if limit is not None and len(runs) > limit:
            break
    rehearsed = _rehearsals(reports, wanted, broken) if rehearsals else ()
    more = limit is not None and len(runs) > limit
    return History(runs=tuple(runs[:limit]), rehearsals=tuple(rehearsed), broken=tuple(broken), more=more)


def past_runs(reports: Path) -> Iterator[PastRun | BrokenRun]:
    """Every run, newest first. One without a verdict is judged as `drill judge` does; nothing is written."""
    return map(past_of, named_folders(reports))


def past_of(folder: RunFolder) -> PastRun | BrokenRun:
    """One run, as `past_runs` gives it."""
    try:
        return _past(folder)
    except DrillError as error:
        return _broken(folder, error.message)
    except OSError as error:
        return _broken(folder, error.strerror or type(error).__name__)


def _past(folder: RunFolder) -> PastRun:
    verdict = read_verdict(folder)
    if verdict is not None:
        return _placed(folder, verdict)
    plan = read_plan(folder)
    judged = _judged(folder, plan)
    return _placed(folder, judged, under_way=judged.ended_by == "died" and _is_running(folder, plan))


def _placed(folder: RunFolder, verdict: Verdict, *, under_way: bool = False) -> PastRun:
    place = place_of(read_environment(folder))
    if place is None:
        raise InvalidInput("plan.json does not say whether it ran in the lab or on AWS", where=str(folder.path))
    named = verdict if verdict.run_id else verdict.model_copy(update={"run_id": folder.run_id})
    return past_run(named, *place, str(folder.path), under_way=under_way)


def _judged(folder: RunFolder, plan: Plan) -> Verdict:
    from drillrunner.files.journal_file import read_journal
    from drillrunner.files.readings_file import read_readings
    from drillrunner.judge import judge

    return judge(plan, read_journal(folder.journal), read_readings(folder.readings))


def _is_running(folder: RunFolder, plan: Plan) -> bool:
    from drillrunner.files.lock_file import is_held

    return is_held(plan.environment, folder.run_id)


def _broken(folder: RunFolder, why: str) -> BrokenRun:
    return BrokenRun(run_id=folder.run_id, folder=str(folder.path), why=why)


def earlier_of(folder: RunFolder, verdict: Verdict) -> tuple[EarlierRun, ...]:
    """The last runs before this one, of the same drill in the same place, as far as their verdicts are on disk."""
    place = place_of(read_environment(folder))
    if place is None:
        return ()
    return earlier_runs(_kept_verdicts(folder, verdict), past_run(verdict, *place, str(folder.path)))


def _kept_verdicts(folder: RunFolder, of: Verdict) -> Iterator[PastRun]:
    for other in named_folders(folder.path.parent):
        verdict = read_verdict(other)
        if verdict is None or (verdict.drill, verdict.environment) != (of.drill, of.environment):
            continue
        place = place_of(read_environment(other))
        if place is not None:
            yield past_run(verdict, *place, str(other.path))


def durations_before(folder: RunFolder) -> dict[str, float]:
    """What calls took in the last runs of the same drill in the same place before this one, by call and target.

    Of runs that cannot be read nothing is taken.
    """
    from drillrunner.files.journal_file import read_journal
    from drillrunner.reporting.put_back import durations_of

    wanted = _drill_and_place(folder)
    others = islice((one for one in run_folders(folder.path.parent) if one.run_id < folder.run_id), _FOLDERS_MOST)
    same = (one for one in others if wanted is not None and _drill_and_place(one) == wanted)
    journals = []
    for one in islice(same, _JOURNALS_MOST):
        with contextlib.suppress(DrillError, OSError):  # as above
            journals.append(read_journal(one.journal))
    return durations_of(journals)


def _drill_and_place(folder: RunFolder) -> tuple[str, tuple[Kind, str | None] | None] | None:
    try:
        plan = read_plan(folder)
    except DrillError:
        return None
    return plan.drill.name, place_of(plan.environment.model_dump(mode="json"))


def _rehearsals(reports: Path, wanted: Wanted, broken: list[BrokenRun]) -> Iterator[PastRehearsal]:
    """Newest first; those that cannot be read are added to `broken`."""
    from pydantic import ValidationError

    from drillrunner.model.rehearsal import Rehearsal

    for file in sorted((reports / REHEARSALS).glob("*/rehearsal.json"), reverse=True):
        try:
            rehearsal = Rehearsal.model_validate_json(file.read_bytes())
        except (OSError, ValidationError):
            why = "this is no rehearsal that this version can read"
            broken.append(BrokenRun(run_id=file.parent.name, folder=str(file.parent), why=why))
            continue
        named = wanted.drill in (None, rehearsal.drill) and wanted.environment in (None, rehearsal.environment)
        if named and _is_recent(file.parent.name, wanted.since):
            yield past_rehearsal(rehearsal, str(file.parent))


def _is_recent(name: str, since: datetime | None) -> bool:
    """Whether a folder that is named by its start in UTC began since then; one that is named otherwise is kept."""
    try:
        began = datetime.strptime(name[:15], "%Y%m%d-%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        return True
    return since is None or began >= since


def since_of(text: str, now: datetime) -> datetime:
    """The moment that `2026-01-01` (midnight, UTC), `90d`, `12w` or `36h` (before now) names. Raises InvalidInput."""
    age = _AGE.match(text)
    try:
        if age:
            return now - timedelta(hours=int(age.group(1)) * _AGE_HOURS[age.group(2)])
        day = date.fromisoformat(text)
    except (ValueError, OverflowError) as error:
        raise InvalidInput(
            f'--since cannot read "{text}"', advice="write a day, like 2026-01-01, or an age, like 90d, 12w or 36h"
        ) from error
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def wanted_of(drill: str | None, environment: str | None, since: str | None) -> Wanted:
    """The options of `drill history` and `drill trend` as what is wanted."""
    begins = None if since is None else since_of(since, datetime.now(UTC))
    return Wanted(drill=drill, environment=environment, since=begins)
