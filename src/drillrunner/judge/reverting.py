"""How putting everything back went, or what is owed where the run died before it could."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from drillrunner.judge.story import number, of_kind, text, texts
from drillrunner.model.journal import Entry
from drillrunner.model.verdict import RevertResult


@dataclass(frozen=True, slots=True)
class _Begun:
    """A Change that is or was in effect: its call was intended, or it has none (a ledger's records)."""

    change_id: str
    name: str
    reversible: bool
    irreversible: bool


def revert_result(entries: Sequence[Entry]) -> RevertResult | None:
    """The last revert's own account; what the journal owes where there is none. None where nothing was begun.

    A run's journal may be continued by a later process that reverts what the run left.
    """
    begun = _begun(entries)
    done = _last_account(entries)
    if done is not None:
        return _from_account(done, begun, entries)
    if not begun:
        return None
    owed = [change for change in begun if change.reversible]
    paid = _paid(entries)
    left = tuple(change.name for change in owed if change.change_id not in paid)
    irreversible = tuple(change.name for change in begun if change.irreversible)
    return RevertResult(
        of=len(owed), reverted=len(owed) - len(left), seconds=None, left=left, irreversible=irreversible
    )


def _last_account(entries: Sequence[Entry]) -> Entry | None:
    """The last `revert.done`, unless another revert began after it."""
    for entry in reversed(entries):
        if entry.kind in ("revert.began", "revert.done"):
            return entry if entry.kind == "revert.done" else None
    return None


def _from_account(done: Entry, begun: Sequence[_Begun], entries: Sequence[Entry]) -> RevertResult:
    """The account, and beside it every Change whose last attempt is known to have failed."""
    data = done.data
    left = texts(data.get("left"))
    refused = _refused(entries)
    unpaid = [change.name for change in begun if change.change_id in refused and change.name not in left]
    of = number(data.get("of"))
    reverted = number(data.get("reverted"))
    return RevertResult(
        of=0 if of is None else int(of),
        reverted=0 if reverted is None else int(reverted),
        seconds=number(data.get("seconds")),
        left=(*left, *unpaid),
        irreversible=texts(data.get("irreversible")),
    )


def _begun(entries: Sequence[Entry]) -> list[_Begun]:
    applied = {
        str(one.data.get("change_id")) for one in of_kind(entries, "call.intent") if one.data.get("role") == "apply"
    }
    begun: list[_Begun] = []
    for entry in of_kind(entries, "undo.recorded"):
        change = entry.data.get("change")
        change_id = str(entry.data.get("change_id"))
        if isinstance(change, dict) and (change_id in applied or not change.get("apply")):
            name = f"{text(entry.data.get('kind')) or 'change'} on {text(change.get('target')) or change_id}"
            begun.append(_Begun(change_id, name, bool(change.get("revert")), bool(change.get("irreversible"))))
    return begun


def _paid(entries: Sequence[Entry]) -> set[str]:
    """The Changes whose last attempt to put them back succeeded."""
    return {change_id for change_id, ok in _last_attempts(entries).items() if ok is True}


def _refused(entries: Sequence[Entry]) -> set[str]:
    """The Changes whose last attempt to put them back failed."""
    return {change_id for change_id, ok in _last_attempts(entries).items() if ok is False}


def _last_attempts(entries: Sequence[Entry]) -> dict[str, object]:
    return {str(entry.data.get("change_id")): entry.data.get("ok") for entry in of_kind(entries, "change.reverted")}
