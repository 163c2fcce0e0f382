"""Hundreds of whole runs of the production engine, with every kind of trouble, replayable by seed."""

from __future__ import annotations

import pytest

from drillrunner.simulation.play import Played, play
from drillrunner.simulation.scenario import scenario_of
from drillrunner.simulation.selftest import Tally, replay_command
from drillrunner.simulation.trouble import KINDS

SEEDS = range(1, 301)


@pytest.fixture(scope="module")
def all_played() -> list[Played]:
    return [play(seed) for seed in SEEDS]


def test_nothing_is_ever_left_broken_without_being_named(all_played: list[Played]) -> None:
    broken = {replay_command(played): played.violations for played in all_played if played.violations}
    assert broken == {}


def test_the_seeds_meet_every_kind_of_trouble_and_reach_every_kind_of_end(all_played: list[Played]) -> None:
    tally = Tally()
    for played in all_played:
        tally.add(played)
    assert set(tally.troubles) == set(KINDS)
    assert set(tally.verdicts) == {"met", "missed", "inconclusive"}
    assert {code for played in all_played for code in played.exit_codes} >= {None, 4, 5, 6}
    assert tally.deaths > 50
    assert tally.changes > 2000


def test_a_seed_is_played_the_same_every_time(all_played: list[Played]) -> None:
    for played in all_played[:40]:
        again = play(played.scenario.seed)
        assert (again.digest, again.story) == (played.digest, played.story)


def test_what_is_left_out_changes_no_other_part_of_a_seed() -> None:
    whole = scenario_of(12)
    smaller = scenario_of(12, frozenset({"ledger", whole.trouble_names[0]}))
    assert smaller.topology == whole.topology
    assert smaller.drill.faults == whole.drill.faults
    assert smaller.trouble_names == whole.trouble_names[1:]
