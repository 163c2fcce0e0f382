"""Route 53 as AWS does it where moto does not: changes that propagate, batches that are checked, checks that report."""

from __future__ import annotations

from drillrunner.lab.control.hooks import Hooks
from drillrunner.lab.control.route53 import changes, health_checks, records
from drillrunner.lab.world import World


def install(world: World, hooks: Hooks) -> None:
    """Patch moto's Route 53."""
    propagation = changes.Propagation(world, hooks)
    changes.install(propagation)
    records.install(hooks, propagation)
    health_checks.install(world, hooks)
