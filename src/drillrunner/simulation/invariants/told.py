"""What a run says is true: its journal's chain and outcomes, its exit code, the order of its undos."""

from __future__ import annotations

from collections.abc import Sequence

from drillrunner.engine.revert import begun, superseded
from drillrunner.errors import ExitCode
from drillrunner.model.journal import GENESIS, entry_hash
from drillrunner.simulation.disk import RunFiles
from drillrunner.simulation.running import Told
from drillrunner.simulation.world import World

# A revert that names something as left must have met trouble in its last so many seconds.
TROUBLED_SECONDS = 60.0


def check_journals(world: World) -> None:
    """Of every run: the chain holds, outcomes are true, and overlapping undos came in reverse order."""
    for files in world.disk.runs.values():
        _check_chain(world, files)
        _check_outcomes(world, files)
        _check_order(world, files)


def _check_chain(world: World, files: RunFiles) -> None:
    prev = GENESIS
    for number, entry in enumerate(files.entries, start=1):
        digest = entry_hash(number, entry.at, entry.wall, entry.kind, entry.data, prev)
        if (entry.seq, entry.prev, entry.hash) != (number, prev, digest):
            world.violated(f"{files.run_id}: the chain breaks at entry {number}")
            return
        prev = entry.hash


def _check_outcomes(world: World, files: RunFiles) -> None:
    """`failed` was certainly not done, `done` certainly was; only `unknown` may be either."""
    landed = {sent.call_id: sent.landed_at for sent in world.sent if sent.run_id == files.run_id and sent.call_id}
    for entry in files.entries:
        call_id = str(entry.data.get("call_id"))
        if entry.kind != "call.outcome" or call_id not in landed:
            continue
        if entry.data["outcome"] == "failed" and landed[call_id] is not None:
            world.violated(f"{files.run_id}: call {call_id} took effect, and its outcome says that it failed")
        if entry.data["outcome"] == "done" and landed[call_id] is None:
            world.violated(f"{files.run_id}: call {call_id} did nothing, and its outcome says that it is done")


def _check_order(world: World, files: RunFiles) -> None:
    """Of two undos on one target the earlier Change's is the last to have its say."""
    last = {
        str(entry.data["change_id"]): entry.seq
        for entry in files.entries
        if entry.kind == "change.reverted" and entry.data["ok"]
    }
    everything = begun(files.entries)
    counted = [one for one in everything if superseded(one, everything) is None and one.change_id in last]
    for index, earlier in enumerate(counted):
        for later in counted[index + 1 :]:
            if earlier.change.target == later.change.target and last[earlier.change_id] < last[later.change_id]:
                pair = f"{earlier.change_id} and {later.change_id} on {later.change.target}"
                world.violated(f"{files.run_id}: undos {pair} were made in forward order")


def check_what_was_told(world: World, told: Sequence[Told]) -> None:
    """Exit codes and `left` agree, and what is left was left for a reason."""
    for one in told:
        if one.ending is not None:
            left = bool(one.ending.reverted.left)
            if left != (one.ending.exit_code == ExitCode.STILL_INJECTED):
                world.violated(f"{one.party.name}: left {left}, but exit code {one.ending.exit_code}")
            if one.ending.outcome == "refused" and _applied(world, one.party.run_id):
                world.violated(f"{one.party.name}: refused, though something was injected")
        if one.exit_code == ExitCode.STILL_INJECTED and one.ended_at - world.troubled_at > TROUBLED_SECONDS:
            world.violated(f"{one.party.name}: something was left without any trouble in the last minute")


def _applied(world: World, run_id: str) -> bool:
    return any(sent.run_id == run_id and sent.role == "apply" for sent in world.sent)
