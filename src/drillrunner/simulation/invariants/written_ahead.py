"""Nothing is changed whose undo and intent are not on disk, nor before guard and steady state allowed it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from drillrunner.model.call import AwsCall, Change
from drillrunner.model.journal import Entry
from drillrunner.model.noun import JsonValue
from drillrunner.simulation.world import Sent, World


def check_written_ahead(world: World, sent: Sent) -> None:
    """At the moment when a changing call leaves its process."""
    files = world.disk.runs.get(sent.run_id)
    entries = files.on_disk() if files is not None else []
    if sent.call.operation == "PutItem":
        if not _record_is_covered(entries, sent.call):
            world.violated(f"a record was written before its undo was on disk: {sent.call.params}")
        return
    intent = _open_intent(entries, sent.call)
    if intent is None:
        if files is None or not files.unwritten or not _is_an_undo(entries, sent.call):
            world.violated(f"{sent.call.describe()} was called by {sent.party} without an intent on disk")
        return
    sent.call_id, sent.role = str(intent.data["call_id"]), str(intent.data["role"])
    if sent.role == "apply":
        _check_apply(world, entries, intent, sent)


def _check_apply(world: World, entries: Sequence[Entry], intent: Entry, sent: Sent) -> None:
    change_id = intent.data["change_id"]
    undo = next((entry for entry in entries if entry.kind == "undo.recorded" and _id(entry) == change_id), None)
    if undo is None or undo.seq > intent.seq:
        world.violated(f"{sent.call.describe()} was called before its undo was on disk")
    if not any(entry.kind == "steady_state" and entry.data["ok"] is True for entry in entries):
        world.violated(f"{sent.call.describe()} was called before the steady state held")
    if any(entry.kind == "revert.began" for entry in entries):
        world.violated(f"{sent.call.describe()} was applied after the revert had begun")
    _check_guard(world, sent)


def _check_guard(world: World, sent: Sent) -> None:
    """Nothing is applied within a freeze window, outside the environment's regions, or to too many targets."""
    plan = world.disk.runs[sent.run_id].plan
    here = plan.environment
    wall = world.clock.wall()
    if world.scenario.troubles.wall_jump is None and any(one.begins <= wall <= one.ends for one in here.freeze):
        world.violated(f"{sent.call.describe()} was applied within a freeze window")
    if sent.call.service != "route53" and sent.call.region not in here.regions:
        world.violated(f"{sent.call.describe()} was applied outside the environment's regions")
    items = (*plan.faults, *plan.failover, *plan.failback)
    if len({change.target for item in items for change in item.changes}) > here.max_targets:
        world.violated(f"{sent.call.describe()} was applied though there are too many targets")


def _open_intent(entries: Sequence[Entry], call: AwsCall) -> Entry | None:
    """The latest intent of this very call that has no outcome yet."""
    bare = call.model_dump(mode="json", exclude={"read_back"})
    answered: set[JsonValue] = set()
    for entry in reversed(entries):
        if entry.kind == "call.outcome":
            answered.add(str(entry.data["call_id"]))
        elif entry.kind == "call.intent" and entry.data["call"] == bare and str(entry.data["call_id"]) not in answered:
            return entry
    return None


def _is_an_undo(entries: Sequence[Entry], call: AwsCall) -> bool:
    """What a revert does whose journal cannot be written."""
    return any(call in _change(entry).revert for entry in entries if entry.kind == "undo.recorded")


def _record_is_covered(entries: Sequence[Entry], call: AwsCall) -> bool:
    item: Any = call.params["Item"]
    key = item["pk"]["S"]
    for entry in reversed(entries):
        if entry.kind == "undo.recorded" and entry.data["role"] == "ledger" and f'"{key}"' in entry.model_dump_json():
            return True
    return False


def _change(entry: Entry) -> Change:
    return Change.model_validate(entry.data["change"])


def _id(entry: Entry) -> JsonValue:
    return entry.data["change_id"]
