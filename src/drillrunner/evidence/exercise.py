"""The record of a tabletop exercise: its events, what was shown and its report, filed beside the records of runs."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path, PurePosixPath

from drillrunner.errors import DrillError, InvalidInput
from drillrunner.evidence.build import Signer, file_record, hashed
from drillrunner.evidence.compose import Filed, Given, from_context
from drillrunner.evidence.plain_files import copy_durably, read_plain
from drillrunner.evidence.record import (
    RECORD_MOST_BYTES,
    DataCheck,
    Departure,
    Event,
    FreezeCheck,
    HashedFile,
    Method,
    Record,
    Scenario,
)
from drillrunner.evidence.shelf import locked
from drillrunner.files.exercise.file import read_exercise
from drillrunner.files.exercise.folder import ExerciseFolder
from drillrunner.files.exercise.journal import read_events
from drillrunner.model.exercise import FACILITATOR, Exercise
from drillrunner.model.exercise_event import ExerciseEvent
from drillrunner.model.exercise_outcome import ExerciseOutcome
from drillrunner.model.verdict import Finding, Outcome
from drillrunner.reporting.exercise.events import EVENT_TITLES, event_words
from drillrunner.reporting.exercise.report import rating_count
from drillrunner.reporting.exercise.wording import actor_words, person_words
from drillrunner.reporting.outside_text import masked, whole
from drillrunner.tabletop.outcome import outcome_of
from drillrunner.tabletop.session import reduce

STATEMENT = (
    "This record supports claims about one tabletop exercise: what was talked through, by whom, what was decided when, "
    "and how it was rated. Whether it meets a requirement is for whoever judges the requirement to say."
)
_METHOD = (
    "Scenario moments are those of the exercise's clock, which can be paused and put forward; people's seconds leave "
    "both out. Ratings are P, S, M or U, each with the reason of whoever rated."
)
_LIMITATIONS = (
    "A tabletop exercise shows what people say that they would do. Nothing was run, injected or measured.",
    "Ratings and findings are the judgement of the people who are named; names are as they were typed in.",
    "Hashes and their chain show changes made after the record. They do not show who made it: a signature does.",
    "Stamps are the clock of the machine on which the exercise was written down, and of the one that made this record.",
    "The git revision and the tools of this record are those of when it was made, not of the exercise.",
)
EVENTS, AFTER_ACTION = "events.jsonl", "after-action.json"
# the name in the exercise's folder, and the one in the record, where reports have one name for every kind
COPIED = {
    "exercise.yaml": "exercise.yaml",
    EVENTS: EVENTS,
    AFTER_ACTION: AFTER_ACTION,
    "after-action.html": "report.html",
    "after-action.md": "report.md",
}


def build_exercise(
    folder: ExerciseFolder, shelf: Path, given: Given, *, now: datetime, signer: Signer | None = None
) -> Path:
    """The new record's folder. The after-action report must be up to date. Raises InvalidInput, JournalBroken."""

    def fill(making: Path, filed: Filed) -> Record:
        exercise = read_exercise(folder.exercise, alone=True)
        files = tuple(_copied(folder, exercise, making))
        copy = ExerciseFolder(making)
        events = read_events(copy).events
        return compose_exercise(
            folder.exercise_id, exercise, events, replace(filed, files=files), given, copy.exercise_sha256()
        )

    try:
        with locked(shelf):
            return file_record(shelf, folder.exercise_id, now, signer, fill)
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise InvalidInput(
            f"the record cannot be written: {why}", where=str(shelf), advice="choose another -o"
        ) from error


def compose_exercise(
    exercise_id: str,
    exercise: Exercise,
    events: Sequence[ExerciseEvent],
    filed: Filed,
    given: Given,
    exercise_sha256: str,
) -> Record:
    """The whole record. The hash of exercise.yaml stands where a run has its plan's. Pure."""
    outcome = outcome_of(reduce(exercise, events))
    began = events[0].at.isoformat() if events else ""
    people = tuple(dict.fromkeys(actor_words(one.actor) for one in outcome.participants))
    context = from_context(given.context) | {"participants": (*given.context.participants, *people)}
    return Record(
        id=filed.id,
        number=filed.number,
        previous=filed.previous,
        made_wall=filed.made_wall,
        statement=STATEMENT,
        kind="tabletop",
        simulated=True,
        run_id=exercise_id,
        drill=exercise.drill,
        owner=person_words(exercise.role(FACILITATOR)) or FACILITATOR,
        environment="a table",
        **context,
        accounts=(),
        regions=(),
        resources=(),
        plan_hash=exercise_sha256,
        revision=given.revision,
        scenario=Scenario(
            title=exercise.title,
            faults=tuple(_told(outcome)),
            severe_but_plausible=given.context.severe_but_plausible,
        ),
        outcome=rated_outcome(outcome),
        why=f"ratings: {rating_count(outcome)}",
        ended_by="completed" if outcome.status == "ended" else "aborted: the exercise was not ended",
        objectives=(),
        exercise=outcome,
        method=Method(
            intervals=_METHOD,
            clock="monotonic clock of the machine that wrote it down; UTC stamps are that machine's wall clock",
            time_scale=1,
            probes=(),
            seed=outcome.seed,
        ),
        data_check=DataCheck(words="none", ledgers=()),
        began_wall=began,
        ended_wall=(outcome.ended_at.isoformat() if outcome.ended_at else events[-1].at.isoformat() if events else ""),
        deviations=tuple(_departures(outcome)),
        approvals=tuple(one for one in given.approvals if one.is_for(exercise_sha256)),
        freeze=FreezeCheck(windows=(), touched=()),
        timeline=tuple(_event(event) for event in events),
        injections=(),
        own_records=(),
        steps=(),
        revert=None,
        steady_before=None,
        steady_after=None,
        findings=tuple(_findings(outcome)),
        corrective_actions=tuple(one for one in given.actions if one.is_about(exercise.drill, exercise_id)),
        tools=given.tools,
        limitations=_LIMITATIONS,
        sign_offs=given.sign_offs,
        notes=given.notes,
        retain_until=given.retain_until,
        incomplete=given.incomplete,
        left=(),
        files=filed.files,
    )


def rated_outcome(outcome: ExerciseOutcome) -> Outcome:
    """Missed where an objective is rated U, met where all are P or S; else nobody can say."""
    ratings = {one.rating for one in outcome.objectives}
    if "U" in ratings:
        return "missed"
    return "met" if outcome.status == "ended" and ratings and ratings <= {"P", "S"} else "inconclusive"


def exercise_contents(folder: Path, record: Record) -> Iterator[tuple[str, str]]:
    """Where the files of a record say something else than it: the file, and what is wrong."""
    copy = ExerciseFolder(folder)
    if copy.events.is_file():
        yield from _events_flaw(copy, record)
    if (folder / AFTER_ACTION).is_file():
        yield from _report_flaw(folder / AFTER_ACTION, record)


def _events_flaw(copy: ExerciseFolder, record: Record) -> Iterator[tuple[str, str]]:
    try:
        events = read_events(copy).events
    except DrillError as error:
        yield EVENTS, error.message
        return
    begun = next((one.data.get("exercise_sha256") for one in events if one.kind == "exercise_began"), None)
    if begun is not None and begun != record.plan_hash:
        yield EVENTS, "were written down for another exercise.yaml than the one that record.json names"


def _report_flaw(path: Path, record: Record) -> Iterator[tuple[str, str]]:
    try:
        document = json.loads(read_plain(path, RECORD_MOST_BYTES))
    except InvalidInput as error:
        yield AFTER_ACTION, error.message
        return
    except (ValueError, RecursionError):
        yield AFTER_ACTION, "is no JSON"
        return
    kept = document.get("outcome") if isinstance(document, dict) else None
    # record.json hides what looks like a secret, and the report says what was said
    if record.exercise is None or masked(whole(kept)) != record.exercise.model_dump(mode="json"):
        yield AFTER_ACTION, "and record.json do not say the same of what came of the exercise"


def _copied(folder: ExerciseFolder, exercise: Exercise, making: Path) -> Iterator[HashedFile]:
    shown = {name: f"artifact-{number:02d}-{_plain(name)}" for number, name in enumerate(exercise.artifacts(), 1)}
    for name, copied in (COPIED | shown).items():
        if not (folder.path / name).is_file():
            advice = f"write the report first: drill tabletop report {folder.path}"
            raise InvalidInput(f"{name} is missing", where=str(folder.path), advice=advice)
        copy_durably(folder.path / name, making / copied)
        yield hashed(making, copied)


def _plain(name: str) -> str:
    """A file's own name, of letters that no file system minds."""
    return "".join(
        one if one.isascii() and (one.isalnum() or one in "._-") else "_" for one in PurePosixPath(name).name
    )


def _told(outcome: ExerciseOutcome) -> Iterator[str]:
    """What was made to happen: the injects that were published."""
    for one in outcome.injects:
        if one.status == "published":
            yield f"{one.inject_id}: {one.text}"


def _departures(outcome: ExerciseOutcome) -> Iterator[Departure]:
    for one in outcome.injects:
        if one.status == "skipped":
            yield Departure(what="skipped", words=f"{one.inject_id}: {one.skipped_reason}", at_seconds=None)
    if outcome.interruptions:
        words = f"the process that wrote it down died and was taken up again, {outcome.interruptions} time(s)"
        yield Departure(what="interrupted", words=words, at_seconds=None)


def _event(event: ExerciseEvent) -> Event:
    return Event(
        seq=event.seq,
        wall=event.at.isoformat(),
        at_seconds=event.real_seconds,
        what=EVENT_TITLES[event.kind],
        words=f"{actor_words(event.actor)}: {event_words(event)}",
    )


def _findings(outcome: ExerciseOutcome) -> Iterator[Finding]:
    """The areas for improvement; the code is the row's number, by which an action names it."""
    for row in outcome.improvements():
        plan = "; ".join(
            f"{what} {value}"
            for what, value in (("owner", row.owner), ("due", row.due), ("ticket", row.ticket), ("retest", row.retest))
            if value
        )
        advice = f"{row.action or 'no action was named'}{f' ({plan})' if plan else ''}"
        yield Finding(code=str(row.number), message=row.text, advice=advice)
