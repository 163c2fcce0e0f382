"""The record and its manifest, as record.json and manifest.json hold them. Stamps are ISO 8601 UTC."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError

from drillrunner.errors import InvalidInput
from drillrunner.evidence.plain_files import read_plain
from drillrunner.model.action import Action
from drillrunner.model.approval import Approval
from drillrunner.model.environment import FreezeWindow
from drillrunner.model.exercise_outcome import ExerciseOutcome
from drillrunner.model.noun import Noun
from drillrunner.model.verdict import Finding, LedgerResult, ObjectiveVerdict, Outcome, RevertResult
from drillrunner.reporting.outside_text import masked, whole

SCHEMA_VERSION = 1
GENESIS = "0" * 64
RECORD, MANIFEST, SIGNATURE = "record.json", "manifest.json", "manifest.json.sig"
MANIFEST_MOST_BYTES = 1_048_576
RECORD_MOST_BYTES = 67_108_864


class HashedFile(Noun):
    """A file of the record. `sha256` is hex; `size_bytes` its length."""

    name: str
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    size_bytes: int


class Manifest(Noun):
    """Every file of a record but itself and its signature. `previous` is the SHA-256 of the manifest before it."""

    schema_version: int = SCHEMA_VERSION
    record: str
    number: int
    previous: str = Field(pattern=r"^[0-9a-f]{64}$")
    files: tuple[HashedFile, ...]

    def named(self, name: str) -> HashedFile | None:
        return next((file for file in self.files if file.name == name), None)


class Control(Noun):
    """A requirement that the user says this run supports. drillrunner neither knows nor checks the framework."""

    framework: str
    reference: str
    supports: str


class Context(Noun):
    """What only the user knows: `--controls FILE`. Everything in it is shown as it was given."""

    service: str | None = None
    criticality: str | None = None
    scope: str | None = None
    exclusions: tuple[str, ...] = ()
    severe_but_plausible: str | None = None
    assumptions: tuple[str, ...] = ()
    participants: tuple[str, ...] = ()
    controls: tuple[Control, ...] = ()


class SignOff(Noun):
    """Words of a person who looked at the record. They are typed in, not signed by that person."""

    name: str
    role: str
    text: str


class Revision(Noun):
    """The drills' git commit when the record was made. `dirty`: files differed from it (None: not known)."""

    commit: str
    dirty: bool | None


class Scenario(Noun):
    """What was made to happen."""

    title: str
    faults: tuple[str, ...]
    severe_but_plausible: str | None


class Method(Noun):
    """How it was measured. `time_scale` is drill seconds in a real one."""

    intervals: str
    clock: str
    time_scale: float
    probes: tuple[str, ...]
    seed: int | None


class DataCheck(Noun):
    """What became of the records that the ledgers wrote."""

    words: str
    ledgers: tuple[LedgerResult, ...]


class FreezeCheck(Noun):
    """The environment's freeze windows, and the reasons of those that the run touched."""

    windows: tuple[FreezeWindow, ...]
    touched: tuple[str, ...]


class Departure(Noun):
    """Where the run departed from its plan. `at_seconds` after it began; None: no one moment."""

    what: str
    words: str
    at_seconds: float | None


class Event(Noun):
    """One line of the timeline. `seq` is the journal's; `at_seconds` are drill seconds after the run began."""

    seq: int
    wall: str
    at_seconds: float
    what: str
    words: str


class ProvenCall(Noun):
    """A call, how it ended, and what was read back: `holds` says whether that was what was wanted."""

    call: str
    params: str
    outcome: str
    error: str
    holds: bool | None
    value: str | None


class Injection(Noun):
    """One change with the proof that it was put back. `open` is true where something may still be there."""

    change_id: str
    role: str
    kind: str
    target: str
    prior: str
    applied: tuple[ProvenCall, ...]
    reverted: tuple[ProvenCall, ...]
    state: str
    open: bool


class StepDone(Noun):
    """A step of failover or failback. `by` is automation or person."""

    section: str
    number: int
    kind: str
    text: str
    by: str
    ok: bool | None
    error: str


class Record(Noun):
    """Everything an auditor asks of one run. It supports a claim; it never certifies one.

    `kind` is live on AWS, rehearsal anywhere simulated. `left` names what was still injected, which
    only a record that says `incomplete` may hold. `approvals` are of its plan hash, and
    `corrective_actions` as they stood when the record was made. `exercise` is there for a tabletop alone, whose
    objectives are rated in it; `plan_hash` is then the hash of exercise.yaml.
    """

    schema_version: int = SCHEMA_VERSION
    id: str
    number: int
    previous: str
    made_wall: str
    statement: str
    kind: Literal["live", "rehearsal", "tabletop"]
    simulated: bool
    run_id: str
    drill: str
    owner: str
    environment: str
    service: str | None
    criticality: str | None
    scope: str | None
    exclusions: tuple[str, ...]
    accounts: tuple[str, ...]
    regions: tuple[str, ...]
    resources: tuple[str, ...]
    plan_hash: str
    revision: Revision | None
    scenario: Scenario
    assumptions: tuple[str, ...]
    participants: tuple[str, ...]
    outcome: Outcome
    why: str
    ended_by: str
    objectives: tuple[ObjectiveVerdict, ...]
    exercise: ExerciseOutcome | None = None
    method: Method
    data_check: DataCheck
    began_wall: str
    ended_wall: str
    deviations: tuple[Departure, ...]
    approvals: tuple[Approval, ...] = ()
    freeze: FreezeCheck
    timeline: tuple[Event, ...]
    injections: tuple[Injection, ...]
    own_records: tuple[str, ...]
    steps: tuple[StepDone, ...]
    revert: RevertResult | None
    steady_before: bool | None
    steady_after: bool | None
    findings: tuple[Finding, ...]
    corrective_actions: tuple[Action, ...] = ()
    controls: tuple[Control, ...]
    tools: dict[str, str]
    limitations: tuple[str, ...]
    sign_offs: tuple[SignOff, ...]
    notes: tuple[str, ...]
    retain_until: str | None
    incomplete: bool
    left: tuple[str, ...]
    files: tuple[HashedFile, ...]


def as_file(noun: Record | Manifest) -> bytes:
    """The one way to write it down: a byte more or less is a change. Secrets are masked."""
    left_out = {"exercise"} if isinstance(noun, Record) and noun.exercise is None else None
    document = whole(masked(noun.model_dump(mode="json", exclude=left_out)))
    return (json.dumps(document, indent=1, ensure_ascii=True, allow_nan=False) + "\n").encode("ascii")


def read_record(path: Path) -> Record:
    """A record.json. Raises InvalidInput."""
    content = read_plain(path, RECORD_MOST_BYTES)
    try:
        return Record.model_validate_json(content)
    except ValidationError as error:
        raise _unreadable("record", path) from error


def read_manifest(path: Path) -> Manifest:
    """A manifest.json, exactly as it was written. Raises InvalidInput."""
    content = read_plain(path, MANIFEST_MOST_BYTES)
    try:
        manifest = Manifest.model_validate_json(content)
    except ValidationError as error:
        raise _unreadable("manifest", path) from error
    if as_file(manifest) != content:
        raise InvalidInput("is not written as drillrunner writes it", where=str(path), advice="it was changed")
    return manifest


def schema_version_of(path: Path) -> int | None:
    """The schema version that a file of ours says it has, whatever else it holds; None where it says none."""
    try:
        document = json.loads(read_plain(path, RECORD_MOST_BYTES))
    except (InvalidInput, ValueError, RecursionError):
        return None
    version = document.get("schema_version") if isinstance(document, dict) else None
    return version if isinstance(version, int) and not isinstance(version, bool) else None


def _unreadable(what: str, path: Path) -> InvalidInput:
    return InvalidInput(
        f"is no {what} that this version can read",
        where=str(path),
        advice="it was damaged, or a newer drillrunner wrote it; restore it from a copy",
    )
