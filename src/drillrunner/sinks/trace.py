"""A run as a trace: one root span, its phases, and the calls that each phase made. Pure.

Attributes of calls follow OpenTelemetry's semantic conventions (AWS SDK client spans, SQL client spans). Inputs of
calls and texts of statements are left out. Times are the entries' time of day.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from drillrunner.model.journal import Entry
from drillrunner.model.noun import JsonValue, sha256_of
from drillrunner.model.verdict import Verdict
from drillrunner.sinks.known_run import KnownRun, wall_of
from drillrunner.sinks.outcome import rto_of

_TRACEPARENT = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}(?:-.*)?\Z")
_EVENTS = ("detected", "recovered", "stop.tripped", "interrupted", "effect.observed")
Attributes = Mapping[str, str | float | int | bool]


class Mark(NamedTuple):
    """Something that happened at one moment of a span."""

    name: str
    at: datetime
    attributes: Attributes


@dataclass(frozen=True, slots=True)
class Piece:
    """One span. `parent` is the position of its parent among the pieces (None: the root)."""

    name: str
    began: datetime
    ended: datetime
    parent: int | None
    attributes: Attributes
    marks: tuple[Mark, ...] = ()
    failed: str | None = None
    is_call: bool = False


class Parent(NamedTuple):
    """The span that somebody else began, and in which this run takes place."""

    trace_id: int
    span_id: int


def parent_in(traceparent: str | None) -> Parent | None:
    """The parent that a TRACEPARENT names; None where there is none, or it is not valid. (w3.org/TR/trace-context)"""
    match = _TRACEPARENT.match(traceparent or "")
    if match is None or match.group(0).startswith("ff"):
        return None
    trace_id, span_id = int(match.group(1), 16), int(match.group(2), 16)
    return Parent(trace_id, span_id) if trace_id and span_id else None


def trace_id_of(run_id: str) -> int:
    """The same for every telling of one run, so that a revert joins the run that it puts back. 128 bits, not 0."""
    return int(sha256_of(["trace", run_id])[:32], 16) or 1


def span_id_of(run_id: str, seq: int, number: int) -> int:
    """Of the span at that position in a trace that begins at journal entry `seq`. 64 bits, not 0."""
    return int(sha256_of(["span", run_id, seq, number])[:16], 16) or 1


def pieces_of(entries: Sequence[Entry], run: KnownRun, verdict: Verdict | None) -> tuple[Piece, ...]:
    """The spans of these entries, every parent before its children; none without entries.

    Entries that do not begin with the run's beginning are a revert's.
    """
    if not entries:
        return ()
    began, ended = wall_of(entries[0]), max(wall_of(entry) for entry in entries)
    is_run = entries[0].kind == "run.began"
    root = Piece(
        name="drill.run" if is_run else "drill.revert",
        began=began,
        ended=ended,
        parent=None,
        attributes=_of_run(entries[0], run, verdict),
        marks=tuple(_marks(entries, run)),
        failed=_failure(entries, verdict),
    )
    phases = list(_phases(entries, ended))
    starts = [phase.began for phase in phases]
    return (root, *phases, *_calls(entries, run, starts, ended))


def _of_run(first: Entry, run: KnownRun, verdict: Verdict | None) -> Attributes:
    found: dict[str, JsonValue] = {
        "drillrunner.drill": run.drill,
        "drillrunner.environment": run.environment,
        "drillrunner.run_id": run.run_id,
        "drillrunner.plan_hash": first.data.get("plan_hash"),
    }
    if verdict is not None:
        rto = rto_of(verdict)
        found |= {
            "drillrunner.outcome": verdict.outcome,
            "drillrunner.ended_by": verdict.ended_by,
            "drillrunner.rto_seconds_low": rto.low if rto else None,
            "drillrunner.rto_seconds_high": rto.high if rto else None,
        }
    return _plain(found)


def _failure(entries: Sequence[Entry], verdict: Verdict | None) -> str | None:
    left = [entry for entry in entries if entry.kind in ("revert.done", "cleanup.done") and entry.data.get("left")]
    if left:
        return "still injected"
    return verdict.why if verdict is not None and verdict.outcome == "missed" else None


def _marks(entries: Sequence[Entry], run: KnownRun) -> Iterator[Mark]:
    for entry in entries:
        if entry.kind in _EVENTS:
            subject = run.about(entry)
            about = {"drillrunner.target": subject.target} if subject else {}
            own = {f"drillrunner.{key}": entry.data.get(key) for key in ("probe", "condition", "by", "why")}
            yield Mark(entry.kind, wall_of(entry), _plain({**own, **about}))


def _phases(entries: Sequence[Entry], ended: datetime) -> Iterator[Piece]:
    began = [entry for entry in entries if entry.kind == "phase.began"]
    ends = [*(wall_of(entry) for entry in began[1:]), ended]
    for entry, end in zip(began, ends, strict=False):
        start = wall_of(entry)
        yield Piece(f"phase {entry.data.get('phase')}", start, max(start, end), 0, {})


def _calls(entries: Sequence[Entry], run: KnownRun, phases: Sequence[datetime], ended: datetime) -> Iterator[Piece]:
    """A span for each intent, to its outcome; to the end of the trace where there is none."""
    outcomes = {str(entry.data.get("call_id")): entry for entry in entries if entry.kind == "call.outcome"}
    for entry in entries:
        if entry.kind != "call.intent":
            continue
        outcome = outcomes.get(str(entry.data.get("call_id")))
        result = str(outcome.data.get("outcome")) if outcome else "unknown"
        name, attributes = _call(entry.data.get("call"))
        subject = run.about(entry)
        start = wall_of(entry)
        yield Piece(
            name=name,
            began=start,
            ended=max(start, wall_of(outcome) if outcome else ended),
            parent=sum(phase <= start for phase in phases),
            attributes=_plain(
                {
                    **attributes,
                    "drillrunner.role": entry.data.get("role"),
                    "drillrunner.outcome": result,
                    "drillrunner.target": subject.target if subject else None,
                }
            ),
            failed=result if result in ("failed", "unknown") else None,
            is_call=True,
        )


def _call(call: JsonValue) -> tuple[str, dict[str, JsonValue]]:
    """The span's name and attributes, without what the call is given."""
    if not isinstance(call, dict):
        return "call", {}
    if call.get("transport") == "sql":
        operation = str(call.get("statement", "")).split(maxsplit=1)[:1]
        verb = operation[0].upper() if operation else "SQL"
        return f"{verb} {call.get('database')}", {
            "db.system.name": "postgresql",
            "db.namespace": call.get("database"),
            "db.operation.name": verb,
        }
    service, operation_name = call.get("service"), call.get("operation")
    return f"{service}/{operation_name}", {
        "rpc.system": "aws-api",
        "rpc.service": service,
        "rpc.method": operation_name,
        "cloud.provider": "aws",
        "cloud.region": call.get("region"),
    }


def _plain(found: Mapping[str, JsonValue]) -> Attributes:
    return {key: value for key, value in found.items() if isinstance(value, str | int | float | bool)}
