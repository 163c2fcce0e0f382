"""What the journal tells about changes, steps and moments, put together for people. Pure; survives a torn journal."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import JsonValue

from drillrunner.model.journal import Entry
from drillrunner.reporting.outside_text import compact
from drillrunner.reporting.runbook_table import StepTable, step_table

Data = dict[str, JsonValue]


def text_of(data: Data, key: str, default: str = "") -> str:
    """A string in an entry's data."""
    value = data.get(key)
    return value if isinstance(value, str) else default


def number_of(data: Data, key: str) -> float | None:
    """A number in an entry's data, or None."""
    value = data.get(key)
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def flag_of(data: Data, key: str) -> bool | None:
    """True, false, or None where the entry does not know."""
    value = data.get(key)
    return value if isinstance(value, bool) else None


def data_of(data: Data, key: str) -> Data:
    """An object within an entry's data; empty where there is none."""
    value = data.get(key)
    return value if isinstance(value, dict) else {}


def texts_of(data: Data, key: str) -> tuple[str, ...]:
    """A list of strings within an entry's data."""
    value = data.get(key)
    return tuple(str(one) for one in value) if isinstance(value, list) else ()


def list_of(data: Data, key: str) -> list[Data]:
    """A list of objects within an entry's data."""
    value = data.get(key)
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


@dataclass(frozen=True, slots=True)
class CallStory:
    """One Call that was made or meant. `holds` is what its read-back showed, `value` what was read."""

    name: str
    params: str
    outcome: str
    error: str
    asked: float | None
    holds: bool | None
    value: str | None


@dataclass(frozen=True, slots=True)
class ChangeStory:
    """One target: what was there, what was done, how it was put back. Moments are drill-clock seconds.

    `state` is in words; `harmed` is true where something is still injected or nobody knows.
    """

    change_id: str
    role: str
    kind: str
    target: str
    prior: str
    note: str
    applied: tuple[CallStory, ...]
    reverted: tuple[CallStory, ...]
    began: float | None
    ended: float | None
    state: str
    harmed: bool


@dataclass(frozen=True, slots=True)
class StepStory:
    """One step of failover or failback. `ended` is None if it never did."""

    section: str
    index: int
    kind: str
    text: str
    by: str
    began: float
    ended: float | None
    ok: bool | None
    error: str


@dataclass(frozen=True, slots=True)
class Moment:
    """Something that happened between `low` and `high` (drill-clock seconds)."""

    name: str
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Story:
    """The whole journal, told."""

    began_at: float
    changes: tuple[ChangeStory, ...]
    steps: tuple[StepStory, ...]
    moments: tuple[Moment, ...]
    last_at: float
    head: str
    runbook: StepTable

    def of_role(self, role: str) -> tuple[ChangeStory, ...]:
        return tuple(change for change in self.changes if change.role == role)

    @property
    def told_one_by_one(self) -> tuple[ChangeStory, ...]:
        """What may still be there first, then faults and steps as they came; `told_together` has the rest."""
        rest = (change for change in self.changes if not change.harmed and change.role != "ledger")
        return (*self.harmed, *rest)

    @property
    def told_together(self) -> tuple[str, ...]:
        """The probes' own records, which come by the hundred: `dynamodb.ledger: 10 stretches of records, put back`."""
        records = [change for change in self.changes if change.role == "ledger" and not change.harmed]
        counts = Counter((change.kind, change.state) for change in records)
        return tuple(
            f"{kind}: {count} {'stretch' if count == 1 else 'stretches'} of its own records, {state}"
            for (kind, state), count in counts.items()
        )

    @property
    def harmed(self) -> tuple[ChangeStory, ...]:
        """The changes of which something may still be there."""
        return tuple(change for change in self.changes if change.harmed)


def call_name(call: Data) -> str:
    """`lambda:PutFunctionConcurrency us-east-1`, `sql:orders select`."""
    if call.get("transport") == "sql":
        verb = text_of(call, "statement").split(maxsplit=1)[:1]
        return f"sql:{text_of(call, 'database')} {''.join(verb).lower()}".strip()
    return f"{text_of(call, 'service')}:{text_of(call, 'operation')} {text_of(call, 'region')}".strip()


def _call_params(call: Data) -> str:
    if call.get("transport") == "sql":
        return text_of(call, "statement")
    return compact(call.get("params"))


def _tell_call(call: Data, asked: float, answers: Sequence[Entry]) -> CallStory:
    """`answers` are the outcome and the read-backs that followed the call; the last of each counts."""
    outcome = next((one.data for one in reversed(answers) if one.kind == "call.outcome"), {})
    read = next((one.data for one in reversed(answers) if one.kind == "read_back"), {})
    moment = number_of(outcome, "asked")
    return CallStory(
        name=call_name(call),
        params=_call_params(call),
        outcome=text_of(outcome, "outcome", "unknown"),
        error=_error(outcome) or _error(read),
        asked=asked if moment is None else moment,
        holds=flag_of(read, "holds"),
        value=compact(read.get("value")) if read else None,
    )


def _error(data: Data) -> str:
    error = data.get("error")
    return "" if error is None else compact(error)


def _calls(change: Data, group: Sequence[Entry], role: str) -> tuple[CallStory, ...]:
    """The calls of one role in their order. One left out because it held already has an outcome and no intent."""
    planned = list_of(change, role)
    calls: list[tuple[Data, float, list[Entry]]] = []
    before: list[Entry] = []
    intended: set[str] = set()
    for entry in group:
        if entry.data.get("role") != role:
            continue
        if entry.kind == "call.intent":
            calls.append((data_of(entry.data, "call"), entry.at, []))
            intended.add(text_of(entry.data, "call_id"))
            before = []
        elif entry.kind == "call.outcome" and text_of(entry.data, "call_id") not in intended and planned:
            calls.append((planned[len(calls) % len(planned)], entry.at, [*before[-1:], entry]))
        elif entry.kind in ("call.outcome", "read_back"):
            before.append(entry)
            if calls:
                calls[-1][2].append(entry)
    return tuple(_tell_call(*one) for one in calls)


def _begun(change: Data, group: Sequence[Entry]) -> bool:
    """Whether a call was meant, or none is needed (a ledger's records, which its probe writes)."""
    meant = any(entry.kind == "call.intent" and entry.data.get("role") == "apply" for entry in group)
    return meant or not change.get("apply")


def _state(change: Data, begun: bool, done: Entry | None) -> tuple[str, bool]:
    """In words, and whether it may still be there."""
    if done is not None and flag_of(done.data, "ok") is True:
        return ("put back by undoing an earlier change" if done.data.get("by") else "put back"), False
    if not begun and done is None:
        return "never applied", False
    if change.get("irreversible") is True:
        return "cannot be put back", False
    if not change.get("revert"):
        return "nothing to put back", False
    if done is not None:
        return f"STILL INJECTED: {text_of(done.data, 'left', 'the revert failed')}", True
    return "NOT PUT BACK", True


def _began(group: Sequence[Entry], applied: Sequence[CallStory]) -> float | None:
    for entry in group:
        if entry.kind == "effect.observed":
            return number_of(entry.data, "low")
    return applied[0].asked if applied else None


def _tell_change(undo: Entry, group: Sequence[Entry]) -> ChangeStory:
    change = data_of(undo.data, "change")
    applied, reverted = _calls(change, group, "apply"), _calls(change, group, "revert")
    done = next((entry for entry in reversed(group) if entry.kind == "change.reverted"), None)
    role = text_of(undo.data, "role")
    state, harmed = _state(change, _begun(change, group), done)
    return ChangeStory(
        change_id=text_of(undo.data, "change_id"),
        role=role,
        kind=text_of(undo.data, "kind"),
        target=text_of(change, "target"),
        prior=compact(change.get("prior")),
        note=text_of(change, "note"),
        applied=applied,
        reverted=reverted,
        began=_began(group, applied),
        ended=done.at if done is not None and not harmed else None,
        state=state,
        harmed=harmed,
    )


def _changes(entries: Sequence[Entry]) -> tuple[ChangeStory, ...]:
    groups: dict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        change_id = entry.data.get("change_id")
        if isinstance(change_id, str):
            groups[change_id].append(entry)
    # an undo may be recorded again (a ledger's growing extent): its last record stands for all
    undos = {text_of(entry.data, "change_id"): entry for entry in entries if entry.kind == "undo.recorded"}
    return tuple(_tell_change(undo, groups[change_id]) for change_id, undo in undos.items())


def _step_key(entry: Entry) -> tuple[str, int]:
    return text_of(entry.data, "section"), int(number_of(entry.data, "index") or 0)


def _steps(entries: Sequence[Entry]) -> tuple[StepStory, ...]:
    done = {_step_key(entry): entry for entry in entries if entry.kind == "step.done"}
    return tuple(_tell_step(entry, done.get(_step_key(entry))) for entry in entries if entry.kind == "step.began")


def _tell_step(began: Entry, done: Entry | None) -> StepStory:
    section, index = _step_key(began)
    end = done.data if done is not None else {}
    return StepStory(
        section=section,
        index=index,
        kind=text_of(began.data, "kind"),
        text=text_of(began.data, "text"),
        by=text_of(end, "by") or text_of(began.data, "by"),
        began=began.at,
        ended=done.at if done is not None else None,
        ok=flag_of(end, "ok"),
        error=_error(end),
    )


def _moment(entry: Entry, name: str) -> Moment:
    low, high = number_of(entry.data, "low"), number_of(entry.data, "high")
    return Moment(name, entry.at if low is None else low, entry.at if high is None else high)


def _moments(entries: Sequence[Entry]) -> tuple[Moment, ...]:
    names = {"effect.observed": "fault in effect", "detected": "detected", "recovered": "recovered"}
    points = {"stop.tripped": "stop", "interrupted": "interrupted"}
    moments: list[Moment] = []
    for entry in entries:
        if entry.kind in names and not (entry.kind == "effect.observed" and moments):
            moments.append(_moment(entry, names[entry.kind]))
        elif entry.kind in points:
            moments.append(Moment(points[entry.kind], entry.at, entry.at))
    return tuple(moments)


def tell(entries: Sequence[Entry]) -> Story:
    """Put a journal's entries together. Never raises on a journal that ends anywhere."""
    return Story(
        began_at=entries[0].at if entries else 0.0,
        changes=_changes(entries),
        steps=_steps(entries),
        moments=_moments(entries),
        last_at=max((entry.at for entry in entries), default=0.0),
        head=entries[-1].hash if entries else "",
        runbook=step_table(entries),
    )
