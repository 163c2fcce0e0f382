"""What the agent's journal comes to. Its entries, by kind (moments are ISO 8601 in UTC):

| kind | data |
|---|---|
| agent.began | pid, host, version |
| thing.seen | key, cadence, at: for the first time, or with another cadence |
| moment.missed | key, first, last, count, at: left, because they were too late |
| moment.announced | key, moment: an exercise, which people hold |
| run.starting | key, moment, at, log, words: on disk before there is a process |
| run.child | pid, ticks, boot: the process that waits for its go; on disk before it gets it |
| run.reverted | run, exit_code: what a run of this attempt left was put back, or could not be |
| run.over | outcome (ended, refused, not begun, died, unseen), exit_code, at |
| agent.ended | why |
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime

from drillrunner.model.agent import AgentState, Attempt, Known, Missed, Refusal, Thing
from drillrunner.model.journal import Entry
from drillrunner.model.noun import JsonValue

# after these the moment may be tried again: nothing was injected for it
NOTHING_BEGUN = ("refused", "not begun")
Data = dict[str, JsonValue]


def remembered(entries: Iterable[Entry]) -> AgentState:
    """The state that a whole journal comes to."""
    state = AgentState()
    for entry in entries:
        state = after(state, entry.kind, entry.data)
    return state


def after(state: AgentState, kind: str, data: Data) -> AgentState:
    """The state with one more entry. Kinds that say nothing of what comes leave it as it is."""
    change = _CHANGES.get(kind)
    return change(state, data) if change else state


def fresh(thing: Thing, now: datetime) -> Known:
    """What is known of a thing that is seen for the first time."""
    return Known(cadence=thing.cadence, since=now)


def _seen(state: AgentState, data: Data) -> AgentState:
    key, before = str(data["key"]), state.known.get(str(data["key"]))
    since = _moment(data["at"])
    known = before or Known(cadence="", since=since)
    update = {"cadence": str(data["cadence"]), "since": since, "changed": before is not None}
    return _with(state, key, known.model_copy(update=update))


def _missed(state: AgentState, data: Data) -> AgentState:
    key = str(data["key"])
    missed = Missed(moment=_moment(data["last"]), at=_moment(data["at"]))
    return _with(state, key, state.known[key].model_copy(update={"missed": missed}))


def _announced(state: AgentState, data: Data) -> AgentState:
    key = str(data["key"])
    known = state.known[key]
    return _with(state, key, known.model_copy(update={"used": (*known.used, _moment(data["moment"]))}))


def _starting(state: AgentState, data: Data) -> AgentState:
    attempt = Attempt(
        key=str(data["key"]), moment=_moment(data["moment"]), at=_moment(data["at"]), log=str(data["log"])
    )
    return state.model_copy(update={"attempt": attempt})


def _child(state: AgentState, data: Data) -> AgentState:
    if state.attempt is None:
        return state
    return state.model_copy(update={"attempt": state.attempt.model_copy(update={"child": data})})


def _over(state: AgentState, data: Data) -> AgentState:
    attempt = state.attempt
    if attempt is None:
        return state
    known, at = state.known[attempt.key], _moment(data["at"])
    if data["outcome"] in NOTHING_BEGUN:
        known = known.model_copy(update={"refusal": _refused_again(known.refusal, attempt.moment, at)})
    else:
        used, own = (*known.used, attempt.moment), (*known.own, (attempt.at, at))
        known = known.model_copy(update={"used": used, "own": own, "refusal": None})
    return _with(state, attempt.key, known).model_copy(update={"attempt": None})


def _refused_again(before: Refusal | None, moment: datetime, at: datetime) -> Refusal:
    if before is None or before.moment != moment:
        return Refusal(moment=moment, first_at=at, last_at=at)
    return before.model_copy(update={"last_at": at, "times": before.times + 1})


def _with(state: AgentState, key: str, known: Known) -> AgentState:
    return state.model_copy(update={"known": {**state.known, key: known}})


def _moment(value: JsonValue) -> datetime:
    return datetime.fromisoformat(str(value))


_CHANGES: dict[str, Callable[[AgentState, Data], AgentState]] = {
    "thing.seen": _seen,
    "moment.missed": _missed,
    "moment.announced": _announced,
    "run.starting": _starting,
    "run.child": _child,
    "run.over": _over,
}
