"""The rules that an exercise must keep across its parts, once each part could be read."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path, PurePosixPath

from drillrunner.files.exercise.context import DrillContext, step_flaw
from drillrunner.files.exercise.injects import PlacedInject, ReadInjects
from drillrunner.files.nearest import choices
from drillrunner.files.section import shorten
from drillrunner.model.duration import format_duration
from drillrunner.model.exercise import format_offset
from drillrunner.model.recurrence import rule_walls, until_of
from drillrunner.model.schedule import Schedule
from drillrunner.yaml_source import Problems, Span

ARTIFACT_SUFFIXES = (".md", ".png", ".svg", ".txt")
ARTIFACT_BYTES_HIGH = 2_097_152


def check_times(problems: Problems, read: ReadInjects, time_box: tuple[float, Span] | None) -> None:
    """Note deadlines before their inject, and what lies beyond the time box."""
    for placed in [*read.placed, *(placed for _, placed in read.random)]:
        inject = placed.inject
        for expected, span in zip(inject.expected, placed.by_spans, strict=True):
            if expected.by_seconds < inject.at_seconds:
                shown = f"expected by {format_offset(expected.by_seconds)}"
                message = f'{shown}, before "{inject.id}" is published at {format_offset(inject.at_seconds)}'
                problems.add("X114", message, span, '"by" counts from the start of the scenario, as "at" does')
        if time_box is not None and inject.at_seconds > time_box[0]:
            message = f'"{inject.id}" is due at {format_offset(inject.at_seconds)}'
            advice = f"the time box ends after {format_duration(time_box[0])}"
            problems.add("X122", f"{message}, beyond the time box", placed.spans["at"], advice)


def check_after(problems: Problems, read: ReadInjects) -> None:
    """Note ids that nothing has, circles, and injects that are due before those that they come after."""
    by_id = {placed.inject.id: placed for placed in read.placed}
    circles = _circles(by_id)
    for placed in read.placed:
        for other, span in zip(placed.inject.after, placed.after_spans, strict=True):
            _check_one_after(problems, placed, other, span, by_id, read)
        if circle := circles.get(placed.inject.id):
            ways = " → ".join([*circle, circle[0]])
            span = placed.after_spans[placed.inject.after.index([*circle, circle[0]][1])]
            advice = "none of them could ever be published: take one out of after"
            problems.add("X117", f"injects wait for each other: {ways}", span, advice)


def _check_one_after(
    problems: Problems,
    placed: PlacedInject,
    other: str,
    span: Span,
    by_id: dict[str, PlacedInject],
    read: ReadInjects,
) -> None:
    if other not in by_id:
        if other in {event.id for event, _ in read.random}:
            message = f'"{other}" is a random event, which may never come'
            problems.add("X116", message, span, "name an inject")
        elif other not in read.ids and not read.unreadable:
            advice = choices(other, [each for each in by_id if each != placed.inject.id])
            problems.add("X116", f'there is no inject "{shorten(other)}"', span, advice)
    elif by_id[other].inject.at_seconds > placed.inject.at_seconds:
        later = format_offset(by_id[other].inject.at_seconds)
        message = f'"{placed.inject.id}" is due at {format_offset(placed.inject.at_seconds)}'
        advice = f'publish it at {later} or later, or "{other}" earlier'
        problems.add("X123", f'{message}, before "{other}" at {later}', span, advice)


def _circles(by_id: dict[str, PlacedInject]) -> dict[str, list[str]]:
    """Circles of waiting, each by the inject of it that stands first in the file; every circle has one of these."""
    waits = {one: [other for other in placed.inject.after if other in by_id] for one, placed in by_id.items()}
    order = {one: number for number, one in enumerate(waits)}
    found: dict[str, list[str]] = {}
    settled: set[str] = set()
    for start in waits:
        path = [start] if start not in settled else []
        left = [iter(waits[one]) for one in path]
        while path:
            other = next(left[-1], None)
            if other is None:
                settled.add(path.pop())
                left.pop()
            elif other in path:
                circle = path[path.index(other) :]
                first = circle.index(min(circle, key=order.__getitem__))
                found.setdefault(circle[first], [*circle[first:], *circle[:first]])
            elif other not in settled:
                path.append(other)
                left.append(iter(waits[other]))
    return found


def check_steps(problems: Problems, read: ReadInjects, context: DrillContext) -> None:
    """Note steps that neither the drill nor its runbook has."""
    for placed in read.placed:
        flaw = step_flaw(placed.inject.step, context) if placed.inject.step else None
        if flaw:
            advice = "write failover 1, failback 1 or revert 1, or a runbook's heading and number"
            problems.add("X120", flaw, placed.spans["step"], advice)


def check_artifacts(problems: Problems, read: ReadInjects, exercise: Path, *, look: bool) -> None:
    """Note files that are not beside the exercise's, or are none that can be shown."""
    for placed in read.placed:
        artifact = placed.inject.artifact
        if artifact is None:
            continue
        span = placed.spans["artifact"]
        flaw = _flaw_of_path(artifact) or (_flaw_of_file(artifact, exercise.parent) if look else None)
        if flaw:
            problems.add("X118", *flaw[:1], span, flaw[1])


def _flaw_of_path(artifact: str) -> tuple[str, str] | None:
    path = PurePosixPath(artifact)
    if path.is_absolute() or ".." in path.parts or "\\" in artifact or any(ord(each) < 32 for each in artifact):
        return f'"{shorten(artifact)}" does not lie beside the exercise', "write a path like artifacts/t5.svg"
    if path.suffix.lower() not in ARTIFACT_SUFFIXES or any(part.startswith(".") for part in path.parts):
        return f'"{shorten(artifact)}" cannot be shown', "players can be shown " + ", ".join(ARTIFACT_SUFFIXES)
    return None


def _flaw_of_file(artifact: str, folder: Path) -> tuple[str, str] | None:
    path = folder / artifact
    try:
        size = path.stat().st_size if path.is_file() else None
        inside = path.resolve().is_relative_to(folder.resolve())
    except OSError:  # a name that is too long
        size, inside = None, True
    if size is None:
        return f'there is no file "{shorten(artifact)}"', "the path is taken from the exercise's folder"
    if not inside:
        return f'"{shorten(artifact)}" does not lie beside the exercise', "put the file itself there, not a link to it"
    if size > ARTIFACT_BYTES_HIGH:
        return f'"{shorten(artifact)}" has more than 2 MiB', "it is shown to every player; make it smaller"
    return None


def check_schedule(problems: Problems, schedule: Schedule | None, span: Span, now: datetime | None) -> None:
    """Note a recurrence rule whose last date is past."""
    if schedule is None or schedule.rrule is None or schedule.starts is None or now is None:
        return
    last = _last_date(schedule.rrule, schedule.starts, now.replace(tzinfo=None) - timedelta(days=1))
    if last is not None:
        message = f"the last date of the schedule was {last:%Y-%m-%d}"
        problems.add("X124", message, span, "let UNTIL or COUNT reach into the future, or leave the schedule out")


def _last_date(rule: str, starts: datetime, now: datetime) -> datetime | None:
    """The rule's last date, where that is before now (a day of room for zones is left); else None."""
    until = until_of(rule)
    end = until.replace(tzinfo=None) + timedelta(days=1) if until else None
    last = None
    for wall in rule_walls(rule, starts):
        if end is not None and wall > end:
            break
        if wall >= now:
            return None
        last = wall
    return last
