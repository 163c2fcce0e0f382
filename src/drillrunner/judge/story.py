"""What the journal tells: when the fault took effect, what was done when, and how the run ended.

Every look at an entry is guarded, because a run may have died at any of them and an old journal may lack a key.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from drillrunner.model.journal import Entry
from drillrunner.model.noun import JsonValue
from drillrunner.model.verdict import PhaseSpan

# what is done from here on is no longer part of what was practised
_CLOSING_PHASES = ("failback", "revert", "restored", "judged")


class Moment(NamedTuple):
    """A moment that lies between `low` and `high`, drill-clock seconds."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Effect:
    """When the first fault took effect. Where no read-back confirmed it, `observed` is false and `high` inferred."""

    low: float
    high: float
    observed: bool = True


@dataclass(frozen=True, slots=True)
class FailoverStep:
    """One step of the failover; `done` is None while it was under way when the journal ended."""

    began: float
    done: float | None


@dataclass(frozen=True, slots=True)
class PersonStep:
    """A step of the failover that a person does; `done` is None while it was under way when the journal ended."""

    index: int
    text: str
    began: float
    done: float | None


def number(value: JsonValue) -> float | None:
    """A finite number, or None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if math.isfinite(value) else None


def text(value: JsonValue) -> str | None:
    return value if isinstance(value, str) else None


def texts(value: JsonValue) -> tuple[str, ...]:
    return tuple(str(item) for item in value) if isinstance(value, list) else ()


def of_kind(entries: Sequence[Entry], *kinds: str) -> Iterator[Entry]:
    return (entry for entry in entries if entry.kind in kinds)


def moment_of(entry: Entry) -> Moment | None:
    """The entry's `low` and `high`, or None where they make no interval."""
    low, high = number(entry.data.get("low")), number(entry.data.get("high"))
    return None if low is None or high is None or low > high else Moment(low, high)


def first_effect(entries: Sequence[Entry], first_failure: float | None) -> Effect | None:
    """When the first fault took effect, or None where nothing was applied.

    A fault whose read-back is missing counts as applied from its intent on (an unknown outcome is an
    applied one), so it opens the interval. What closes it is the earliest confirmed effect, or else
    `first_failure` (when the first failed user-facing reading was answered): effects come before what
    they cause.
    """
    observed = _observed_effects(entries)
    unobserved = [at for change_id, at in _applied_at(entries).items() if change_id not in observed]
    opened = [moment.low for moment in observed.values()] + unobserved
    if not opened:
        return None
    low = min(opened)
    if observed:
        return Effect(low, min(moment.high for moment in observed.values()))
    return Effect(low, max(low, first_failure if first_failure is not None else low), observed=False)


def opened_at(entries: Sequence[Entry]) -> float | None:
    """The earliest moment at which a fault can have taken effect."""
    effect = first_effect(entries, None)
    return None if effect is None else effect.low


def _observed_effects(entries: Sequence[Entry]) -> dict[str, Moment]:
    others = {change_id for change_id, role in _roles(entries).items() if role != "fault"}
    effects: dict[str, Moment] = {}
    for entry in of_kind(entries, "effect.observed"):
        change_id, moment = str(entry.data.get("change_id")), moment_of(entry)
        if moment is not None and change_id not in others:
            effects.setdefault(change_id, moment)
    return effects


def _roles(entries: Sequence[Entry]) -> dict[str, JsonValue]:
    return {str(entry.data.get("change_id")): entry.data.get("role") for entry in of_kind(entries, "undo.recorded")}


def _applied_at(entries: Sequence[Entry]) -> dict[str, float]:
    """When each fault's first Call that was not refused was about to be made, by change_id."""
    refused, roles = _refused_calls(entries), _roles(entries)
    applied: dict[str, float] = {}
    for entry in of_kind(entries, "call.intent"):
        data, change_id = entry.data, str(entry.data.get("change_id"))
        if data.get("role") == "apply" and roles.get(change_id) == "fault" and str(data.get("call_id")) not in refused:
            applied.setdefault(change_id, entry.at)
    return applied


def _refused_calls(entries: Sequence[Entry]) -> set[str]:
    """The call_ids that certainly had no effect."""
    outcomes = of_kind(entries, "call.outcome")
    return {str(entry.data.get("call_id")) for entry in outcomes if entry.data.get("outcome") == "failed"}


def window_end(entries: Sequence[Entry], after: float) -> float:
    """When the practised part ended: failback or revert began. Infinite where the journal does not say."""
    ends = [
        entry.at
        for entry in of_kind(entries, "phase.began", "revert.began")
        if (entry.kind == "revert.began" or entry.data.get("phase") in _CLOSING_PHASES) and entry.at >= after
    ]
    return min(ends, default=math.inf)


def phase_began(entries: Sequence[Entry], phase: str) -> float | None:
    began = (entry.at for entry in of_kind(entries, "phase.began") if entry.data.get("phase") == phase)
    return next(began, None)


def phase_spans(entries: Sequence[Entry]) -> tuple[PhaseSpan, ...]:
    """The phases in order, in seconds after the journal's first entry."""
    origin = entries[0].at if entries else 0.0
    starts = [(str(entry.data.get("phase")), entry.at) for entry in of_kind(entries, "phase.began")]
    ended = [entry.at for entry in of_kind(entries, "run.ended")][-1:]
    ends: list[float | None] = [at for _, at in starts[1:]]
    ends.append(ended[0] if ended else None)
    return tuple(
        PhaseSpan(
            phase=phase, began=round(at - origin, 6), ended=None if end is None else round(max(at, end) - origin, 6)
        )
        for (phase, at), end in zip(starts, ends, strict=False)
    )


def failover_steps(entries: Sequence[Entry]) -> tuple[FailoverStep, ...]:
    """The failover's steps in the order in which they began."""
    began: dict[str, float] = {}
    done: dict[str, float] = {}
    for entry in of_kind(entries, "step.began", "step.done"):
        if entry.data.get("section") == "failover":
            moments = began if entry.kind == "step.began" else done
            moments.setdefault(str(entry.data.get("index")), entry.at)
    return tuple(FailoverStep(at, done.get(index)) for index, at in began.items())


def person_steps(entries: Sequence[Entry]) -> tuple[PersonStep, ...]:
    """The failover's steps that people do, in the order in which they began."""
    steps = [entry for entry in of_kind(entries, "step.began", "step.done") if entry.data.get("section") == "failover"]
    done = {str(entry.data.get("index")): entry.at for entry in steps if entry.kind == "step.done"}
    return tuple(
        PersonStep(
            index=int(number(entry.data.get("index")) or 0),
            text=text(entry.data.get("text")) or "a manual step",
            began=entry.at,
            done=done.get(str(entry.data.get("index"))),
        )
        for entry in steps
        if entry.kind == "step.began" and entry.data.get("by") == "person"
    )


def detections(entries: Sequence[Entry]) -> tuple[tuple[str, Moment], ...]:
    """Which probe's detection signal flipped when."""
    found = ((str(entry.data.get("probe")), moment_of(entry)) for entry in of_kind(entries, "detected"))
    return tuple((probe, moment) for probe, moment in found if moment is not None)


def steady_state(entries: Sequence[Entry], moment: str) -> bool | None:
    """Whether the steady state held then; None where it was not found out."""
    found: bool | None = None
    for entry in of_kind(entries, "steady_state"):
        if entry.data.get("moment") == moment:
            ok = entry.data.get("ok")
            found = ok if isinstance(ok, bool) else None
    return found


def ended_by(entries: Sequence[Entry]) -> str:
    """`completed`, `refused: …`, `aborted: …`, or `died` where the journal has no end."""
    for entry in reversed(entries):
        if entry.kind == "run.ended":
            outcome = text(entry.data.get("outcome")) or "aborted"
            why = text(entry.data.get("why"))
            return outcome if outcome == "completed" else f"{outcome}: {why or _interruption(entries)}"
    return "died"


def _interruption(entries: Sequence[Entry]) -> str:
    for entry in of_kind(entries, "interrupted", "stop.tripped"):
        return text(entry.data.get("why")) or text(entry.data.get("by")) or "no reason was recorded"
    return "no reason was recorded"
