"""The scenario's clock: pauses and skips, and what people really took."""

from __future__ import annotations

import random

from drillrunner.tabletop.clock import ScenarioClock


def test_before_its_start_it_shows_zero_however_much_time_passes() -> None:
    assert ScenarioClock().at(500.0).moment() == (0.0, 0.0)
    assert ScenarioClock().at(500.0).paused_seconds == 0.0


def test_it_runs_with_real_time_and_stands_while_it_is_paused() -> None:
    clock = ScenarioClock().run(10.0).stop(70.0)
    assert clock.at(500.0).moment() == (60.0, 60.0)
    assert clock.run(100.0).at(130.0).moment() == (90.0, 90.0)
    assert clock.run(100.0).at(130.0).paused_seconds == 30.0


def test_a_skip_moves_the_scenario_and_not_what_people_took() -> None:
    clock = ScenarioClock().run(0.0).skip(20.0, 300.0)
    assert clock.at(25.0).moment() == (305.0, 25.0)
    assert clock.skipped_seconds == 280.0


def test_a_moment_before_its_own_leaves_it_as_it_is() -> None:
    clock = ScenarioClock().run(100.0)
    assert clock.at(50.0) == clock


def test_looking_at_it_in_between_changes_nothing() -> None:
    dice = random.Random(20261121)
    for _ in range(200):
        looked = plain = ScenarioClock()
        now = 0.0
        for _ in range(dice.randrange(1, 30)):
            now += dice.uniform(0.0, 60.0)
            looked = looked.at(dice.uniform(looked.real_seconds, now))
            what = dice.choice(("run", "stop", "skip"))
            ahead = plain.at(now).scenario_seconds + dice.uniform(0.0, 100.0)
            looked, plain = (
                clock.skip(now, ahead) if what == "skip" else getattr(clock, what)(now) for clock in (looked, plain)
            )
        for one, other in zip(looked[2:], plain[2:], strict=True):
            assert abs(one - other) < 1e-6
        assert looked[:2] == plain[:2]
