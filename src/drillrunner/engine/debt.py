"""What a run still owes: worked out from its journal alone. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from drillrunner.model.call import Change
from drillrunner.model.journal import Entry

# What ends a revert's account: only then has been looked for what landed late.
ACCOUNTS = {"fault": "revert.done", "step": "revert.done", "ledger": "cleanup.done"}


@dataclass(frozen=True, slots=True)
class Owed:
    """One Change that was begun and is not known to be put back.

    `certain` when every call of it and of its undo was answered, and a read-back has shown it: then nothing of
    it can still land.
    """

    change_id: str
    group: str
    role: str
    kind: str
    change: Change
    certain: bool

    def describe(self) -> str:
        return f"{self.kind} on {self.change.target}"


def begun(entries: Sequence[Entry]) -> list[Owed]:
    """Every Change that may be in effect or have been, in the order of its undo. Unknown counts as applied.

    A Change whose undo is recorded but whose first call was never intended did nothing; one that has
    nothing to apply (a ledger's records, written by its probe) counts from its undo on.
    """
    intended = {str(entry.data["change_id"]) for entry in entries if _is_apply(entry, "call.intent")}
    open_ended, shown = _open_ended(entries), _shown(entries)
    found = []
    for entry in entries:
        if entry.kind != "undo.recorded":
            continue
        change_id = str(entry.data["change_id"])
        change = Change.model_validate(entry.data["change"])
        if change_id in intended or not change.apply:
            found.append(
                Owed(
                    change_id,
                    group=str(entry.data["group"]),
                    role=str(entry.data["role"]),
                    kind=str(entry.data["kind"]),
                    change=change,
                    certain=(not change.apply or change_id in shown) and change_id not in open_ended,
                )
            )
    return found


def _open_ended(entries: Sequence[Entry]) -> set[str]:
    """Changes with a call, of their own or their undo's, whose outcome is unknown, or whose undo called nothing.

    That all seemed well already rests on one read, which may be older than the fault.
    """
    answered = {
        str(entry.data["call_id"])
        for entry in entries
        if entry.kind == "call.outcome" and entry.data["outcome"] in {"done", "failed"}
    }
    unknown = {
        str(entry.data["change_id"])
        for entry in entries
        if entry.kind == "call.intent" and str(entry.data["call_id"]) not in answered
    }
    undone = {str(entry.data["change_id"]) for entry in entries if entry.kind == "call.intent" and _is_undo(entry)}
    left_out = {
        str(entry.data["change_id"])
        for entry in entries
        if entry.kind == "call.outcome" and _is_undo(entry) and entry.data["outcome"] == "already"
    }
    return unknown | (left_out - undone)


def _is_undo(entry: Entry) -> bool:
    return entry.data.get("role") == "revert"


def _shown(entries: Sequence[Entry]) -> set[str]:
    """Changes of which the last read-back has shown that they took effect."""
    last_seen = {
        str(entry.data["change_id"]): entry.data["holds"] for entry in entries if _is_apply(entry, "read_back")
    }
    return {change_id for change_id, holds in last_seen.items() if holds is True}


def _is_apply(entry: Entry, kind: str) -> bool:
    return entry.kind == kind and entry.data.get("role") == "apply"


def owed(entries: Sequence[Entry]) -> list[Owed]:
    """What still has to be put back, oldest first: begun, reversible, and neither reverted nor covered by what was.

    A process may have died between an undo and the note that it covered a later Change's: that Change
    must not be undone now, or what it had changed comes back. But where a later one of a target is owed,
    so is every earlier one, because their undos would be lost under it.
    """
    reversible = [one for one in begun(entries) if one.change.revert]
    paid = _paid(entries, reversible)
    due = {one.change_id for one in reversible if not {one.change_id, _counting(one, reversible).change_id} & paid}
    counted = {one.change_id for one in reversible if superseded(one, reversible) is None}
    last = {one.change.target: index for index, one in enumerate(reversible) if one.change_id in due & counted}
    return [
        one
        for index, one in enumerate(reversible)
        if one.change_id in due or (one.change_id in counted and index < last.get(one.change.target, 0))
    ]


def _paid(entries: Sequence[Entry], reversible: Sequence[Owed]) -> set[str]:
    """Changes whose last attempt to put them back succeeded, for good.

    Where any Change of its target is not certain, something may have landed after that, until the revert's own
    account says that it was looked at again. Ledgers' records are never certain: probes journal no writes.
    """
    last: dict[str, tuple[int, bool]] = {}
    accounts: dict[str, int] = {}
    for index, entry in enumerate(entries):
        if entry.kind == "change.reverted":
            last[str(entry.data["change_id"])] = (index, entry.data["ok"] is True)
        elif entry.kind in ACCOUNTS.values():
            accounts[entry.kind] = index
    unsure = {one.change.target for one in reversible if not one.certain or one.role == "ledger"}
    sure = {one.change_id for one in reversible if one.change.target not in unsure}
    roles = {one.change_id: one.role for one in reversible}
    return {
        change_id
        for change_id, (index, ok) in last.items()
        if ok and (change_id in sure or index < accounts.get(ACCOUNTS.get(roles.get(change_id, ""), ""), -1))
    }


def irreversible(entries: Sequence[Entry]) -> list[Owed]:
    """What was begun and cannot be put back by anybody."""
    return [one for one in begun(entries) if one.change.irreversible]


def superseded(one: Owed, by: Sequence[Owed]) -> Owed | None:
    """The earlier Change whose undo restores everything that `one`'s undo would, if there is one.

    A failback captures what the failover left. Undoing it as well would fail over once more, only to
    be undone in turn: the first capture of a target is the one that counts.
    """
    for earlier in by:
        if earlier.change_id == one.change_id:
            return None
        if earlier.change.target == one.change.target and _restores_the_same(earlier.change, one.change):
            return earlier
    return None


def _counting(one: Owed, everything: Sequence[Owed]) -> Owed:
    """The Change whose undo puts this one back: its own, or an earlier one's."""
    return superseded(one, everything) or one


def _restores_the_same(earlier: Change, later: Change) -> bool:
    """Whether both undos end in the same Call, or in the same place's being read back."""
    if earlier.revert == later.revert:
        return True
    places = [_places(change) for change in (earlier, later)]
    return None not in places and places[0] == places[1]


def _places(change: Change) -> list[tuple[object, str]] | None:
    """Where the undo looks to see that it worked; None when a call of it does not say."""
    found: list[tuple[object, str]] = []
    for call in change.revert:
        if call.read_back is None:
            return None
        found.append((call.read_back.read, call.read_back.path))
    return found
