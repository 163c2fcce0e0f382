"""Nothing is left broken: afterwards the control plane is as it was, but for what is named as left."""

from __future__ import annotations

from collections.abc import Sequence

from drillrunner.engine.revert import Owed, irreversible
from drillrunner.simulation.running import Told
from drillrunner.simulation.telling import difference
from drillrunner.simulation.world import World


def check_what_is_left(world: World, told: Sequence[Told]) -> None:
    """When every run has ended by its own account, what differs is what was named."""
    named = {one.change.target for one in _last_account(told)} | _irreversible(world)
    for target, (before, now) in world.differences().items():
        if not any(name == target or name.startswith(f"{target} ") for name in named):
            world.violated(f"{target} is {difference(before, now)}, and nothing says so")


def check_all_is_back(world: World) -> None:
    """When the troubles are over and the reverts are through, nothing differs at all."""
    allowed = _irreversible(world)
    for target, (before, now) in world.differences().items():
        if target not in allowed:
            world.violated(f"{target} is {difference(before, now)}, after every revert")


def _last_account(told: Sequence[Told]) -> list[Owed]:
    """What each run's last account says is left."""
    accounts = {}
    for one in told:
        if one.ending is not None:
            accounts[one.party.run_id] = one.ending.reverted
        for run_id, reverted in one.reverted:
            accounts[run_id] = reverted
    return [left for reverted in accounts.values() for left in reverted.left]


def _irreversible(world: World) -> set[str]:
    return {one.change.target for files in world.disk.runs.values() for one in irreversible(files.entries)}
