"""A failing seed is made smaller, and the command that replays it says how."""

from __future__ import annotations

from drillrunner.simulation.mutant import Mutant
from drillrunner.simulation.play import play
from drillrunner.simulation.selftest import replay_command
from drillrunner.simulation.shrink import shrunk

FORGETFUL = Mutant(lost_entries=2)


def test_what_is_not_needed_for_the_failure_is_left_out() -> None:
    failed = next(played for seed in range(1, 1001) if (played := play(seed, mutant=FORGETFUL)).violations)
    smallest = shrunk(failed, FORGETFUL)
    assert smallest.violations
    assert len(smallest.scenario.trouble_names) <= len(failed.scenario.trouble_names)
    assert "death" in smallest.scenario.trouble_names or "forced" in smallest.scenario.trouble_names
    for part in smallest.scenario.parts:
        spared = smallest.scenario.without | {part}
        assert part in smallest.scenario.without or not play(failed.scenario.seed, spared, FORGETFUL).violations


def test_the_replay_names_the_seed_and_what_was_left_out() -> None:
    played = play(5, frozenset({"ledger", "failover:0"}))
    assert replay_command(played) == (
        "drill selftest --first-seed 5 --seeds 1 -v --without failover:0 --without ledger"
    )
