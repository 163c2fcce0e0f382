"""The simulation must be able to find what it looks for: each broken rule of safety shows within a thousand seeds."""

from __future__ import annotations

import pytest

from drillrunner.simulation.mutant import Mutant
from drillrunner.simulation.play import Played, play

SEEDS = range(1, 1001)


def first_found(mutant: Mutant) -> Played | None:
    """The first seed that shows it."""
    return next((played for seed in SEEDS if (played := play(seed, mutant=mutant)).violations), None)


@pytest.mark.parametrize(
    ("mutant", "shows_as"),
    [
        (Mutant(lost_entries=2), "nothing says so"),
        (Mutant(skips_fsync=True), "without an intent on disk"),
        (Mutant(forward_undos=True), "were made in forward order"),
        (Mutant(unknown_is_failed=True), "its outcome says that it failed"),
        (Mutant(latest_landing_seconds=60.0), "nothing says so"),
    ],
    ids=[
        "intents and undos are not durable",
        "no fsync before a call",
        "undos in forward order",
        "unknown is not applied",
        "no late look",
    ],
)
def test_a_broken_rule_of_safety_is_found(mutant: Mutant, shows_as: str) -> None:
    found = first_found(mutant)
    assert found is not None
    assert any(shows_as in violation for violation in found.violations)
    assert play(found.scenario.seed).violations == ()
