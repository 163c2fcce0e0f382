"""About how long putting everything back takes, from what the same calls took before: in this run, and in earlier ones.

Seconds are of the drill's clock. What is not known is never made up: then the figure is the least that it takes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from drillrunner.model.journal import Entry
from drillrunner.reporting.progress import Begun
from drillrunner.reporting.story import Data, call_name, data_of, list_of, text_of

# where a run was interrupted or taken up again, nobody may have looked for a while
_NOBODY_SAW = ("interrupted", "revert.began")


class PutBack(NamedTuple):
    """About so long; `is_least` where something is not known of it, so that it may be longer."""

    seconds: float
    is_least: bool


@dataclass(slots=True)
class Durations:
    """The longest that each call on a target took, from being sent until it was seen to have worked, and each undo as
    a whole, with all its tries.

    Hand it every entry. `seconds` is by call and target, and can begin with what earlier runs took.
    """

    seconds: dict[str, float] = field(default_factory=dict)
    _sent: dict[tuple[str, str], tuple[str, float, bool]] = field(default_factory=dict)
    _undoing: dict[str, float] = field(default_factory=dict)  # by change_id: when the first call of its undo was sent

    def note(self, entry: Entry, undos: Mapping[str, Entry]) -> None:
        """Take the next entry in. `undos` maps each change's id to its `undo.recorded` so far."""
        data = entry.data
        if entry.kind in _NOBODY_SAW:
            self._sent.clear()
            self._undoing.clear()
        change_id, role = text_of(data, "change_id"), text_of(data, "role")
        undo = undos.get(change_id)
        if undo is None or undo.data.get("role") == "ledger":
            return
        change = data_of(undo.data, "change")
        if entry.kind == "change.reverted":
            self._note_undone(change_id, change, entry)
        elif entry.kind == "call.intent":
            call = data_of(data, "call")
            if role == "revert":
                self._undoing.setdefault(change_id, entry.at)
            reads_back = any(_name(one) == _name(call) and one.get("read_back") for one in list_of(change, role))
            self._sent[change_id, role] = (_key(call, change), entry.at, reads_back)
        elif data.get("outcome") in ("failed", "unknown", "already"):  # what follows is about another try or call
            self._sent.pop((change_id, role), None)
        elif (change_id, role) in self._sent:
            key, at, reads_back = self._sent[change_id, role]
            worked = data.get("holds") is True if reads_back else data.get("outcome") == "done"
            if worked:
                self._took(key, entry.at - at)
                del self._sent[change_id, role]

    def _note_undone(self, change_id: str, change: Data, entry: Entry) -> None:
        self._sent.pop((change_id, "revert"), None)
        if entry.data.get("ok") is True and change_id in self._undoing:
            self._took(_undo_key(change), entry.at - self._undoing.pop(change_id))

    def _took(self, key: str, seconds: float) -> None:
        self.seconds[key] = max(self.seconds.get(key, 0.0), seconds)


def durations_of(journals: Iterable[Sequence[Entry]]) -> dict[str, float]:
    """What the calls of several runs took."""
    durations = Durations()
    for entries in journals:
        undos: dict[str, Entry] = {}
        for entry in entries:
            if entry.kind == "undo.recorded":
                undos[text_of(entry.data, "change_id")] = entry
            durations.note(entry, undos)
    return durations.seconds


def put_back(begun: Iterable[Begun], durations: Mapping[str, float], now: float) -> PutBack | None:
    """Fault by fault and step by step; Changes of one group go side by side. None where nothing is to be put back.

    Of several Changes of a target the first one's undo counts, as it does in the revert, and takes no time where the
    last has brought back already what that undo looks for.
    """
    everything = [one for one in begun if list_of(one.change, "revert")]
    longest: dict[str, float] = {}
    is_least = any(one.unknown for one in everything)
    for at, one in enumerate(everything):
        if any(_covers(earlier, one) for earlier in everything[:at]):
            continue
        same = [later for later in everything[at:] if _covers(one, later)]
        found = PutBack(0.0, is_least=False) if _is_back(one, same[-1]) else _undo(one, durations, now)
        longest[one.group] = max(longest.get(one.group, 0.0), found.seconds)
        is_least = is_least or found.is_least
    return PutBack(sum(longest.values()), is_least) if everything else None


def _undo(one: Begun, durations: Mapping[str, float], now: float) -> PutBack:
    """What it took before, or its calls did; where neither is known, no less than what it took to apply."""
    whole = durations.get(_undo_key(one.change))
    if whole is not None:
        return PutBack(whole, is_least=False)
    keys = [_key(call, one.change) for call in list_of(one.change, "revert")]
    known = sum(durations.get(key, 0.0) for key in keys)
    if all(key in durations for key in keys):
        return PutBack(known, is_least=False)
    return PutBack(max(known, one.took_seconds(now)), is_least=True)


def _covers(earlier: Begun, later: Begun) -> bool:
    """Whether the undo of the earlier one restores what the later one's would."""
    if text_of(earlier.change, "target") != text_of(later.change, "target"):
        return False
    names = [[_name(call) for call in list_of(one.change, "revert")] for one in (earlier, later)]
    return names[0] == names[1]


def _is_back(first: Begun, last: Begun) -> bool:
    """Whether what the last one has brought about is what the first one's undo looks for."""
    if last is first or last.through is None or last.unknown:
        return False
    done, wanted = (_looked_for(one, role) for one, role in ((last, "apply"), (first, "revert")))
    return bool(wanted) and done == wanted


def _looked_for(one: Begun, role: str) -> Data:
    """Where the last call's read-back looks, and for what; from wherever it is asked."""
    calls = list_of(one.change, role)
    read_back = data_of(calls[-1], "read_back") if calls else {}
    return {name: read_back[name] for name in ("path", "expected") if name in read_back}


def _name(call: Data) -> str:
    """`rds:SwitchoverGlobalCluster`, from whichever region it is asked."""
    return call_name({**call, "region": ""})


def _undo_key(change: Data) -> str:
    """An undo as a whole: of which target, by which calls."""
    names = ", ".join(_name(call) for call in list_of(change, "revert"))
    return f"undo {text_of(change, 'target')} by {names}"


def _key(call: Data, change: Data) -> str:
    return f"{_name(call)} {text_of(change, 'target')}"
