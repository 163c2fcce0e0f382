"""One stamped line per event of the journal, for logs, terminals without a screen, and the report's record."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from pydantic import JsonValue

from drillrunner.model.journal import Entry
from drillrunner.reporting.outside_text import compact, masked, visible
from drillrunner.reporting.story import Data, data_of, flag_of, list_of, number_of, text_of, texts_of
from drillrunner.reporting.wording import length

Undos = Mapping[str, Entry]


def clock_time(wall: str) -> str:
    """`14:05:51` of an ISO 8601 stamp; anything else is given back as it is."""
    return wall[11:19] if len(wall) >= 19 and wall[10] == "T" else wall


def subject(entry: Entry, undos: Undos) -> str:
    """The kind and target of the Change that an entry is about."""
    change_id = text_of(entry.data, "change_id")
    undo = undos.get(change_id)
    if undo is None:
        return change_id
    return f"{text_of(undo.data, 'kind')} {text_of(data_of(undo.data, 'change'), 'target')}".strip()


def _figure(value: JsonValue) -> str:
    """A captured value in a word or two: the figure of a one-key object, a scalar, or nothing."""
    value = masked(value)  # while its key is still there to tell
    if isinstance(value, dict):
        value = next(iter(value.values())) if len(value) == 1 else ""
    if isinstance(value, dict | list):
        return ""
    return "" if value == "" else compact(value)


def _from_to(entry: Entry, undos: Undos) -> str:
    """` (40 → 0)`, from what was captured and what the read-back expects; empty where neither is short."""
    undo = undos.get(text_of(entry.data, "change_id"))
    change = data_of(undo.data, "change") if undo is not None else {}
    read_backs = [data_of(call, "read_back") for call in list_of(change, "apply") if call.get("read_back")]
    if not read_backs or "prior" not in change:
        return ""
    before, after = _figure(change["prior"]), _figure(read_backs[-1].get("expected"))
    return f" ({before} → {after})" if before and after and before != after else ""


def _verb(entry: Entry, undos: Undos) -> str:
    if text_of(entry.data, "role") == "revert":
        return "revert"
    undo = undos.get(text_of(entry.data, "change_id"))
    return "inject" if undo is None or text_of(undo.data, "role") == "fault" else text_of(undo.data, "role")


def _error(data: Data) -> str:
    error = data.get("error")
    return f": {compact(error)}" if error else ""


def _run_began(entry: Entry, undos: Undos) -> tuple[str, str]:
    data = entry.data
    scale = number_of(data, "time_scale")
    fast = f" at {scale:g}×" if scale not in (None, 1.0) else ""
    name, where, run = (text_of(data, key) for key in ("drill", "environment", "run_id"))
    return "run", f"{name} on {where}{fast}, run {run}"


def _outcome(entry: Entry, undos: Undos) -> tuple[str, str] | None:
    data = entry.data
    outcome, reverting = text_of(data, "outcome"), text_of(data, "role") == "revert"
    if reverting and outcome in ("done", "already"):
        return None  # change.reverted says it, once it was read back
    words = {
        "done": f"applied{_from_to(entry, undos)}",
        "already": "was so already",
        "failed": f"FAILED{_error(data)}",
        "unknown": f"outcome unknown, counts as applied{_error(data)}",
    }.get(outcome, outcome)
    return _verb(entry, undos), f"{subject(entry, undos)}: {words}"


def _read_back(entry: Entry, undos: Undos) -> tuple[str, str] | None:
    if flag_of(entry.data, "holds") is not None:
        return None  # read every second until it holds; what comes of it is told by the entries that follow
    return _verb(entry, undos), f"{subject(entry, undos)}: could not be read back{_error(entry.data)}"


def _effect(entry: Entry, undos: Undos) -> tuple[str, str]:
    return "effect", f"{subject(entry, undos)}: in effect"


def _step_began(entry: Entry, undos: Undos) -> tuple[str, str]:
    data = entry.data
    where = f"{text_of(data, 'section')} {int(number_of(data, 'index') or 0) + 1}"
    if text_of(data, "kind") == "manual":
        return "person", f'{where}: waiting: "{text_of(data, "text")}" [enter when done]'
    return "step", f"{where}: {text_of(data, 'kind')} began"


def _step_done(entry: Entry, undos: Undos) -> tuple[str, str]:
    data = entry.data
    where = f"{text_of(data, 'section')} {int(number_of(data, 'index') or 0) + 1}"
    state = "FAILED" + _error(data) if flag_of(data, "ok") is False else "done"
    who = "person" if text_of(data, "kind") == "manual" else "step"
    return who, f"{where}: {text_of(data, 'kind')} {state}"


def _detected(entry: Entry, undos: Undos) -> tuple[str, str]:
    return "detect", f"{text_of(entry.data, 'probe')} gave the signal"


def _recovered(entry: Entry, undos: Undos) -> tuple[str, str]:
    return "recover", "users are served again, stable"


def _ledger_read(entry: Entry, undos: Undos) -> tuple[str, str]:
    data = entry.data
    probe, moment = text_of(data, "probe"), text_of(data, "moment").replace("_", " ")
    if data.get("error"):
        return "ledger", f"{probe}, {moment}: could not be read{_error(data)}"
    ranges = data.get("present")
    pairs = [pair for pair in ranges if isinstance(pair, list)] if isinstance(ranges, list) else []
    count = sum(_width(pair) for pair in pairs)
    return "ledger", f"{probe}, {moment}: {count:,} records found"


def _width(pair: list[JsonValue]) -> int:
    ends = [end for end in pair if isinstance(end, int)]
    return ends[1] - ends[0] + 1 if len(ends) == 2 else 0


def _stopped(entry: Entry, undos: Undos) -> tuple[str, str]:
    return "STOP", f"{compact(entry.data.get('condition'))}: {text_of(entry.data, 'why')}"


def _interrupted(entry: Entry, undos: Undos) -> tuple[str, str]:
    why = text_of(entry.data, "why")
    return "STOP", f"{text_of(entry.data, 'by')}{f': {why}' if why else ''}: stopping, and putting everything back"


def _reverted(entry: Entry, undos: Undos) -> tuple[str, str] | None:
    if flag_of(entry.data, "ok") is True:
        if _verb(entry, undos) == "ledger":
            return None  # a probe's own records come by the hundred; revert.done counts them
        return "revert", f"{subject(entry, undos)}: put back"
    return "REVERT", f"{subject(entry, undos)}: NOT PUT BACK: {text_of(entry.data, 'left')}"


def _steady(entry: Entry, undos: Undos) -> tuple[str, str]:
    words = {True: "holds", False: "does NOT hold", None: "could not be checked"}[flag_of(entry.data, "ok")]
    why = text_of(entry.data, "why")
    return "steady", f"steady state {text_of(entry.data, 'moment')} {words}{f': {why}' if why else ''}"


def _baseline_retaken(entry: Entry, undos: Undos) -> tuple[str, str]:
    return "steady", f"waiting for the steady state: {text_of(entry.data, 'why')}"


def _revert_began(entry: Entry, undos: Undos) -> tuple[str, str]:
    return "revert", "putting everything back"


def _revert_done(entry: Entry, undos: Undos) -> tuple[str, str]:
    data = entry.data
    figures = f"{int(number_of(data, 'reverted') or 0)}/{int(number_of(data, 'of') or 0)} put back"
    seconds = number_of(data, "seconds")
    took = f" in {length(seconds)}" if seconds is not None else ""
    left = texts_of(data, "left")
    return ("REVERT" if left else "revert"), figures + took + (f"; LEFT: {'; '.join(left)}" if left else "")


def _run_ended(entry: Entry, undos: Undos) -> tuple[str, str]:
    why = text_of(entry.data, "why")
    return "run", f"{text_of(entry.data, 'outcome')}{f': {why}' if why else ''}"


def _runbook_step(entry: Entry, undos: Undos) -> tuple[str, str]:
    data = entry.data
    by = text_of(data, "by")
    return "runbook", f"step {text_of(data, 'step')} {text_of(data, 'state')}{f', says {by}' if by else ''}"


def _phase(entry: Entry, undos: Undos) -> tuple[str, str]:
    return "phase", text_of(entry.data, "phase")


_TELLERS: dict[str, Callable[[Entry, Undos], tuple[str, str] | None]] = {
    "run.began": _run_began,
    "phase.began": _phase,
    "call.outcome": _outcome,
    "read_back": _read_back,
    "effect.observed": _effect,
    "runbook.step": _runbook_step,
    "step.began": _step_began,
    "step.done": _step_done,
    "detected": _detected,
    "recovered": _recovered,
    "ledger.read": _ledger_read,
    "stop.tripped": _stopped,
    "interrupted": _interrupted,
    "change.reverted": _reverted,
    "baseline.retaken": _baseline_retaken,
    "steady_state": _steady,
    "revert.began": _revert_began,
    "revert.done": _revert_done,
    "run.ended": _run_ended,
}


def told(entry: Entry, undos: Undos) -> tuple[str, str] | None:
    """What an entry is (`inject`) and what it says, or None of one that people need not see."""
    teller = _TELLERS.get(entry.kind)
    return teller(entry, undos) if teller is not None else None


def stamped_line(entry: Entry, undos: Undos) -> str | None:
    """`14:05:51 inject  lambda.throttle lambda us-east-1 checkout: applied (40 → 0)`, or None.

    `undos` maps each change's id to its `undo.recorded` entry so far: only there do kind, target and prior stand.
    """
    words = told(entry, undos)
    return None if words is None else f"{clock_time(entry.wall)} {words[0]:<7} {visible(words[1])}"


def remember(entry: Entry, undos: dict[str, Entry]) -> None:
    """Keep what later lines need of an entry."""
    if entry.kind == "undo.recorded":
        undos[text_of(entry.data, "change_id")] = entry
