"""The events that webhooks are told of, made from the journal's entries and the verdict. Pure.

No event holds the input of a call, what was captured, or an address: receivers are not part of what is drilled.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime

from drillrunner.model.journal import Entry
from drillrunner.model.noun import JsonValue, Noun
from drillrunner.model.signal import EventName
from drillrunner.model.verdict import Verdict
from drillrunner.sinks.known_run import KnownRun, texts_in, wall_of
from drillrunner.sinks.outcome import range_text, rpo_of, rto_of

_TYPES: dict[EventName, str] = {
    "began": "run.began",
    "applied": "fault.applied",
    "detected": "detected",
    "recovered": "recovered",
    "stopped": "run.stopped",
    "reverted": "reverted",
    "left": "left.injected",
    "ended": "run.ended",
    "gameday_announced": "gameday.announced",
    "gameday_began": "gameday.began",
    "gameday_stopped": "gameday.stopped",
    "gameday_ended": "gameday.ended",
}
_Facts = dict[str, JsonValue]


class Event(Noun):
    """Something worth telling. `at` is its time of day, `text` a sentence for people, `data` for programs."""

    name: EventName
    run_id: str
    drill: str
    environment: str
    seq: int
    at: datetime
    text: str
    data: dict[str, JsonValue]

    @property
    def type(self) -> str:
        """Its name among all that anybody sends: `io.drillrunner.run.began`."""
        return f"io.drillrunner.{_TYPES[self.name]}"

    @property
    def id(self) -> str:
        """Unique within the environment, and the same when it is sent twice."""
        return f"{self.run_id}-{self.seq}-{self.name}"


def events_of(entry: Entry, run: KnownRun) -> Iterator[Event]:
    """What one entry tells. The end is told with the verdict (`ended_event`), not with its entry."""
    for teller in _TELLERS.get(entry.kind, ()):
        told = teller(entry, run)
        if told is not None:
            name, text, data = told
            yield _event(name, entry, run, text, data)


def is_urgent(entry: Entry) -> bool:
    """Whether it tells that something is still injected, or that the run is over."""
    return entry.kind == "run.ended" or bool(texts_in(entry.data.get("left")))


def ended_event(entry: Entry, run: KnownRun, verdict: Verdict | None) -> Event:
    """The end of a run, from its last entry and its verdict (None: it could not be judged)."""
    outcome, why = str(entry.data.get("outcome")), entry.data.get("why")
    if verdict is None:
        text = f"drill {run.drill} on {run.environment} has ended: {outcome}"
        return _event("ended", entry, run, text, {"ended_by": outcome, "why": why})
    rto, rpo = rto_of(verdict), rpo_of(verdict)
    left = verdict.revert.left if verdict.revert else ()
    parts = [f"drill {run.drill} on {run.environment}: {verdict.outcome}"]
    parts += [f"RTO {range_text(rto)}"] if rto else []
    parts += [f"RPO {range_text(rpo)}"] if rpo else []
    parts += [verdict.ended_by] if verdict.ended_by != "completed" else []
    parts += [f"STILL INJECTED: {'; '.join(left)}"] if left else []
    data: _Facts = {
        "outcome": verdict.outcome,
        "why": verdict.why,
        "ended_by": verdict.ended_by,
        "rto_seconds": None if rto is None else {"low": rto.low, "high": rto.high},
        "rpo_seconds": None if rpo is None else {"low": rpo.low, "high": rpo.high},
        "objectives": [one.model_dump(mode="json") for one in verdict.objectives],
        "left": list(left),
    }
    return _event("ended", entry, run, "; ".join(parts), data)


def _event(name: EventName, entry: Entry, run: KnownRun, text: str, data: _Facts) -> Event:
    return Event(
        name=name,
        run_id=run.run_id,
        drill=run.drill,
        environment=run.environment,
        seq=entry.seq,
        at=wall_of(entry),
        text=text,
        data=data,
    )


_Told = tuple[EventName, str, _Facts]


def _began(entry: Entry, run: KnownRun) -> _Told:
    facts: _Facts = {key: entry.data.get(key) for key in ("plan_hash", "seed", "host", "version", "time_scale")}
    return "began", f"drill {run.drill} has begun on {run.environment}", facts


def _applied(entry: Entry, run: KnownRun) -> _Told | None:
    subject = run.about(entry)
    if subject is None:
        return None
    facts: _Facts = {"kind": subject.kind, "target": subject.target}
    return "applied", f"fault {subject.kind} is in effect on {subject.target}", facts | _interval(entry, run)


def _detected(entry: Entry, run: KnownRun) -> _Told:
    probe = entry.data.get("probe")
    return "detected", f"probe {probe} has seen the outage", {"probe": probe, **_interval(entry, run)}


def _recovered(entry: Entry, run: KnownRun) -> _Told:
    return "recovered", "users are served again", _interval(entry, run)


def _stopped(entry: Entry, run: KnownRun) -> _Told:
    by, why = entry.data.get("by"), entry.data.get("why")
    return "stopped", f"ended early by {by}: {why}; everything is put back now", {"by": by, "why": why}


def _reverted(entry: Entry, run: KnownRun) -> _Told:
    facts: _Facts = {key: entry.data.get(key) for key in ("of", "reverted", "left", "irreversible", "seconds")}
    return "reverted", f"{facts['reverted']}/{facts['of']} put back in {facts['seconds']} s", facts


def _left(entry: Entry, run: KnownRun) -> _Told | None:
    left = texts_in(entry.data.get("left"))
    if not left:
        return None
    mend = f"drill revert {run.run_id}"
    return "left", f"STILL INJECTED: {'; '.join(left)}. Mend it with: {mend}", {"left": list(left), "mend": mend}


def _interval(entry: Entry, run: KnownRun) -> _Facts:
    """When it happened, at the earliest and at the latest, as times of day."""
    low, high = entry.data.get("low"), entry.data.get("high")
    if not isinstance(low, int | float) or not isinstance(high, int | float):
        return {}
    return {"earliest": run.moment(entry, low).isoformat(), "latest": run.moment(entry, high).isoformat()}


_TELLERS: dict[str, tuple[Callable[[Entry, KnownRun], _Told | None], ...]] = {
    "run.began": (_began,),
    "effect.observed": (_applied,),
    "detected": (_detected,),
    "recovered": (_recovered,),
    "interrupted": (_stopped,),
    "revert.done": (_left, _reverted),
    "cleanup.done": (_left,),
}
