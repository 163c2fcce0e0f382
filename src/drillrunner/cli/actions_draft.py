"""From what `drill actions add` was given to an action: the finding's words, the drill that is there, the day."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from drillrunner.errors import InvalidInput, RunNotFound
from drillrunner.model.action import Action, objective_of
from drillrunner.model.verdict import Finding, Verdict

TITLE_MOST = 200
_AGE = re.compile(r"([1-9]\d{0,3})([dw])\Z", re.ASCII)
_EXERCISE = "exercise.yaml"


@dataclass(frozen=True, slots=True)
class Wanted:
    """The command's options, as they were typed."""

    title: str | None
    owner: str
    due: str
    retest: str | None
    objective: str | None
    environment: str | None
    source: str | None
    finding: str | None
    ticket: str | None


class _Source(NamedTuple):
    """Where an action comes from. `verdict` is None for an exercise; `on_aws` says that a run was not in the lab."""

    name: str
    verdict: Verdict | None = None
    on_aws: bool = False


def draft(wanted: Wanted, reports: Path, now: datetime) -> Action:
    """The action without an id. Raises InvalidInput, RunNotFound."""
    source = _source(reports, wanted.source) if wanted.source else None
    finding = _finding(wanted.finding, source) if wanted.finding else None
    retest, objective = _retest(wanted)
    title = wanted.title or (finding.message if finding else "")
    if not title.strip():
        raise InvalidInput("the action has no title", advice="say what is to be done: --title, or --from and --finding")
    named = wanted.environment or _environment_of(source) if retest else wanted.environment
    return Action(
        id="",
        title=_one_line(title),
        owner=_one_line(wanted.owner),
        due=due_on(wanted.due, now.date()),
        opened=now.date(),
        opened_at=now,
        ticket=wanted.ticket,
        retest=retest,
        objective=objective,
        environment=named,
        source=source.name if source else None,
        finding=finding.code if finding else None,
        drill=source.verdict.drill if source and source.verdict else None,
    )


def due_on(text: str, today: date) -> date:
    """`2026-12-24`, or so many days or weeks from today. Raises InvalidInput, also for a day that is over."""
    age = _AGE.match(text)
    try:
        day = today + timedelta(days=int(age[1]) * (7 if age[2] == "w" else 1)) if age else date.fromisoformat(text)
    except (ValueError, OverflowError) as error:
        raise InvalidInput(
            f'--due cannot read "{text}"', advice="write a day like 2026-12-24, or 30d, or 6w"
        ) from error
    if day < today:
        raise InvalidInput(f"--due names {day}, which is over", advice="give a day from today on")
    return day


def _source(reports: Path, name: str) -> _Source:
    from drillrunner.cli.aftermath import judge_folder
    from drillrunner.files.run_folder import find_run, read_environment, read_verdict
    from drillrunner.judge.history import place_of

    exercise = next((path for path in (Path(name), reports / name) if (path / _EXERCISE).is_file()), None)
    if exercise is not None:
        return _Source(exercise.resolve().name)
    try:
        folder = find_run(reports, name)
    except RunNotFound as error:
        raise RunNotFound(
            error.message, where=error.where, advice="--from takes a run, or an exercise's folder"
        ) from error
    place = place_of(read_environment(folder))
    verdict = read_verdict(folder) or judge_folder(folder, write=False)
    return _Source(verdict.run_id or folder.run_id, verdict, place is not None and place[0] == "aws")


def _environment_of(source: _Source | None) -> str | None:
    """What was found on AWS is not mended by a run in the lab."""
    return source.verdict.environment if source and source.verdict and source.on_aws else None


def _finding(which: str, source: _Source | None) -> Finding:
    """The finding by its number (from 1) or its code. Raises InvalidInput, which lists them."""
    findings = source.verdict.findings if source and source.verdict else ()
    found = [one for number, one in enumerate(findings, 1) if which in (str(number), one.code)]
    if len(found) == 1:
        return found[0]
    if source is None:
        raise InvalidInput("--finding needs the run that found it", advice="name it with --from RUN")
    listed = "; ".join(f"{number} {one.code} {one.message}" for number, one in enumerate(findings, 1))
    what = "several findings" if found else "no finding"
    raise InvalidInput(f'{source.name} has {what} "{which}"', advice=f"its findings: {listed or 'none'}")


def _retest(wanted: Wanted) -> tuple[str | None, str | None]:
    """The drill's own name and the objective in it. Raises InvalidInput where either is not there."""
    from drillrunner.files.drill_file import read_drill
    from drillrunner.files.environment_file import find_environment
    from drillrunner.files.locate import locate_drill

    if wanted.retest is None:
        if wanted.objective or wanted.environment:
            option = "--objective" if wanted.objective else "--environment"
            raise InvalidInput(f"{option} needs the drill that retests it", advice="name it with --retest DRILL")
        return None, None
    file = locate_drill(wanted.retest, Path())
    drill = read_drill(file)
    if wanted.environment:
        find_environment(wanted.environment, file)
    there = [f"{one.name} {one.probe}" for one in drill.objectives]
    if wanted.objective is None:
        return drill.name, None
    named = objective_of(wanted.objective)
    if named is None or not any(one == wanted.objective or one.split(" ")[0] == wanted.objective for one in there):
        advice = f"its objectives: {', '.join(there)}"
        raise InvalidInput(f'drill {drill.name} has no objective "{wanted.objective}"', advice=advice)
    return drill.name, wanted.objective


def _one_line(text: str) -> str:
    words = " ".join(text.split())
    return words if len(words) <= TITLE_MOST else f"{words[: TITLE_MOST - 1]}…"
