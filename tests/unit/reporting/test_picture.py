"""The picture of a run while it goes, from the entries and readings of a made-up one."""

from __future__ import annotations

from datetime import UTC, datetime

from drillrunner.model.drill import StopCondition
from drillrunner.model.environment import FreezeWindow
from drillrunner.model.noun import JsonValue
from drillrunner.model.plan import Plan
from drillrunner.model.reading import Reading
from drillrunner.reporting.picture import (
    Onlooker,
    Picture,
    about_words,
    clock_words,
    freeze_words,
    guards_words,
    sparkline,
)
from drillrunner.reporting.progress import CELLS, LATENCIES_KEPT
from fabricated_run import STANDBY, Scribe, fabricated_plan, fabricated_run


def looked_at(moment: float) -> Picture:
    """The fabricated run so many seconds after it began."""
    plan, entries, readings = fabricated_run()
    onlooker = Onlooker(plan)
    for entry in entries:
        if entry.at <= 5000.0 + moment:
            onlooker.entry(entry)
    for reading in readings:
        if reading.answered <= 5000.0 + moment:
            onlooker.reading(reading)
    return onlooker.picture(5000.0 + moment)


def failing_standby(seconds: int, plan: Plan) -> Picture:
    """The probe of the stop condition has failed once a second, for so long."""
    onlooker = Onlooker(plan)
    for number in range(seconds + 1):
        at = 5000.0 + number
        onlooker.reading(Reading("standby", number, at, at, at + 0.1, ok=number == 0))
    return onlooker.picture(5000.0 + seconds)


def test_every_fault_says_how_long_it_has_been_in_effect() -> None:
    assert [str(one) for one in looked_at(100.0).in_effect] == [
        "lambda.throttle lambda us-east-1 checkout 01:07",
        "route53.fail_health_check route53 health check checkout-us-east-1 00:57",
    ]
    assert looked_at(20.0).in_effect == ()


def test_putting_back_takes_what_the_same_calls_took_and_else_no_less_than_applying_did() -> None:
    assert looked_at(20.0).put_back_seconds is None
    assert 0.5 < (looked_at(60.0).put_back_seconds or 0) < 1.5
    assert round(looked_at(100.0).put_back_seconds or 0) == 23  # the database took 22 s
    assert about_words(looked_at(20.0), 1.0) == ""
    assert about_words(looked_at(60.0), 1.0) == " (about 1 s)"
    assert about_words(looked_at(100.0), 1.0) == " (23 s or more)"  # nobody has seen it switch back yet
    assert about_words(looked_at(100.0), 10.0) == " (2 s or more)"  # that a person waits


CHANGE: dict[str, JsonValue] = {"target": "t", "revert": [{"service": "s", "operation": "PutBack"}]}


def test_changes_of_one_group_are_put_back_side_by_side() -> None:
    scribe, onlooker = Scribe(), Onlooker(fabricated_plan())
    for number in (1, 2):
        scribe.write(
            0.0,
            "undo.recorded",
            change_id=f"c{number}",
            group="g",
            role="fault",
            kind="x",
            change={**CHANGE, "target": f"t{number}"},
        )
        scribe.write(1.0, "call.intent", call_id=f"k{number}", change_id=f"c{number}", role="apply", call={})
        scribe.write(9.0, "call.outcome", call_id=f"k{number}", change_id=f"c{number}", role="apply", outcome="unknown")
    for entry in scribe.entries:
        onlooker.entry(entry)
    picture = onlooker.picture(5020.0)
    assert picture.put_back_seconds == 8.0
    assert about_words(picture, 1.0) == " (8 s or more)"


def test_the_lag_is_told_of_the_region_that_it_reaches() -> None:
    regions = {row.name: row for row in looked_at(150.0).regions}
    assert regions[STANDBY].lag_seconds is not None
    assert regions[STANDBY].figure.startswith("p95 ")
    assert "lag " in regions[STANDBY].figure


def test_the_stop_condition_that_is_nearest_is_named() -> None:
    plan = fabricated_plan()
    assert looked_at(1.0).stop_if == "stop_if 1 watched"
    assert failing_standby(0, plan).stop_if == "stop_if ok"
    assert failing_standby(13, plan).stop_if == "stop_if standby failing 12s of 30s"
    bare = plan.model_copy(update={"drill": plan.drill.model_copy(update={"stop_if": ()})})
    assert failing_standby(13, bare).stop_if == "no stop_if"


def test_a_condition_that_is_no_probe_is_counted_only() -> None:
    plan = fabricated_plan()
    stops = (StopCondition(kind="cloudwatch.alarm", params={"alarm": "x"}),)
    drill = plan.drill.model_copy(update={"stop_if": stops})
    assert Onlooker(plan.model_copy(update={"drill": drill})).picture(1.0).stop_if == "stop_if 1 watched"


def test_a_lock_that_was_taken_away_is_said_to_be_lost() -> None:
    scribe, onlooker = Scribe(), Onlooker(fabricated_plan())
    onlooker.entry(scribe.write(5.0, "interrupted", by="lease", why="the lock is no longer in this run's name"))
    words = guards_words(onlooker.picture(5010.0), "no freeze ahead")
    assert words == "STOPPED: the lock is no longer in this run's name · no freeze ahead · lock LOST"


def test_a_freeze_is_told_before_and_while_it_lasts() -> None:
    plan = fabricated_plan()
    window = FreezeWindow(
        begins=datetime(2026, 12, 1, 18, tzinfo=UTC), ends=datetime(2026, 12, 2, tzinfo=UTC), reason="sale"
    )
    frozen = plan.model_copy(update={"environment": plan.environment.model_copy(update={"freeze": (window,)})})
    assert freeze_words(plan, window.begins) == "no freeze ahead"
    assert freeze_words(frozen, datetime(2026, 11, 1, tzinfo=UTC)) == "freeze clear until 2026-12-01 18:00Z"
    assert freeze_words(frozen, window.begins) == "IN A FREEZE until 2026-12-02 00:00Z"
    assert freeze_words(frozen, window.ends) == "no freeze ahead"


def test_readings_that_come_late_do_not_look_like_silence() -> None:
    plan, _, readings = fabricated_run()
    onlooker = Onlooker(plan)
    for reading in readings:
        if reading.answered <= 5020.0:
            onlooker.reading(reading)
    late = onlooker.picture(5040.0, seen_until=onlooker.newest_answer)
    assert late.probes[0].per_second > 0.8
    assert onlooker.picture(5040.0).probes[0].per_second == 0


def test_memory_is_bounded() -> None:
    onlooker = Onlooker(fabricated_plan())
    for number in range(20_000):
        at = 5000.0 + number / 20
        onlooker.reading(Reading(f"probe {number % 50}", number, at, at, at + 0.1, ok=True, region=f"region {number}"))
    tracks = onlooker.tracks()
    assert len(tracks) <= 26
    assert all(len(track.cells) <= CELLS and len(track.latencies) <= LATENCIES_KEPT for track in tracks)


def test_sparklines_scale_to_their_highest() -> None:
    assert sparkline([0, 1, 2, 4, -1]) == "▁▃▅█ "
    assert sparkline([0, 0]) == "▁▁"


def test_clocks_read_like_clocks() -> None:
    assert clock_words(372) == "06:12"
    assert clock_words(3972) == "1:06:12"
