"""Outage and recovery intervals: by example, and proven on made-up truths."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from drillrunner.judge.recovery import Outage, observe, outage_length, rto
from drillrunner.judge.story import Effect
from drillrunner.judge.tracks import Track
from drillrunner.model.reading import Reading
from drillrunner.model.verdict import Interval

EPSILON = 1e-5


def track_of(readings: list[tuple[float, float, bool | None]], every: float = 1.0, timeout: float = 2.0) -> Track:
    track = Track("checkout", "here", every, timeout)
    for seq, (asked, answered, ok) in enumerate(readings, start=1):
        track.add(Reading("checkout", seq, due=asked, asked=asked, answered=answered, ok=ok))
    track.put_in_order()
    return track


def steady(low: float, high: float, ok: bool = True) -> list[tuple[float, float, bool | None]]:
    """Polls every second, answered after 0.1 s."""
    return [(float(second), second + 0.1, ok) for second in range(math.ceil(low), math.ceil(high))]


def outage_of(readings: list[tuple[float, float, bool | None]], stable_for: float = 5.0) -> Outage:
    return observe(track_of(readings), 10.0, math.inf, stable_for)


EFFECT = Effect(10.0, 10.5)


def test_recovery_lies_between_the_last_failures_question_and_the_first_good_answer() -> None:
    outage = outage_of(steady(0, 11) + steady(11, 20, False) + steady(20, 40))
    measured = rto(outage, EFFECT)
    assert measured is not None
    assert measured.low == pytest.approx(19.0 - 10.5, abs=EPSILON)
    assert measured.high == pytest.approx(20.1 - 10.0, abs=EPSILON)


def test_the_outage_runs_from_the_first_failed_reading() -> None:
    measured = outage_length(outage_of(steady(0, 13) + steady(13, 20, False) + steady(20, 40)))
    assert measured is not None
    assert measured.low == pytest.approx(19.0 - 13.1, abs=EPSILON)
    assert measured.high == pytest.approx(20.1 - 12.0, abs=EPSILON)


def test_a_good_run_that_is_too_short_is_no_recovery() -> None:
    outage = outage_of(steady(0, 11) + steady(11, 20, False) + steady(20, 25))
    assert outage.recovered is None
    assert outage.last_failed == 19.0
    assert outage.waiting_since == pytest.approx(20.1)


def test_a_relapse_after_a_recovery_restarts_it_and_is_counted() -> None:
    readings = steady(0, 11) + steady(11, 20, False) + steady(20, 40) + steady(40, 43, False) + steady(43, 60)
    outage = outage_of(readings)
    assert outage.relapses == 1
    assert outage.recovered is not None
    assert outage.recovered.low == 42.0
    assert outage.recovered.high == pytest.approx(43.1)


def test_flapping_before_a_stable_recovery_is_no_relapse() -> None:
    outage = outage_of(steady(10, 20, False) + steady(20, 23) + steady(23, 25, False) + steady(25, 40))
    assert outage.relapses == 0
    assert outage.recovered is not None
    assert outage.recovered.low == 24.0
    assert outage.first_good == pytest.approx(20.1)


def test_a_reading_that_proves_nothing_breaks_no_run() -> None:
    unknown: list[tuple[float, float, bool | None]] = [(23.0, 23.1, None)]
    outage = outage_of(steady(10, 20, False) + steady(20, 23) + unknown + steady(24, 40))
    assert outage.recovered is not None
    assert outage.recovered.high == pytest.approx(20.1)


def test_a_silence_within_the_good_run_makes_it_unproven_and_widens_the_interval() -> None:
    outage = outage_of(steady(10, 20, False) + steady(20, 23) + steady(40, 60))
    assert outage.gaps == 1
    assert outage.recovered is not None
    assert outage.recovered.low == 19.0
    assert outage.recovered.high == pytest.approx(40.1)


def test_a_good_answer_that_overlaps_a_slow_failure_does_not_prove_recovery() -> None:
    slow: list[tuple[float, float, bool | None]] = [(20.0, 22.0, False)]
    outage = outage_of(steady(10, 20, False) + slow + steady(21, 40))
    assert outage.recovered is not None
    assert outage.recovered.low == 20.0
    assert outage.recovered.high == pytest.approx(22.1)


def test_a_failure_that_times_out_just_as_the_next_is_asked_does_not_cost_the_stable_run_an_interval() -> None:
    slow: list[tuple[float, float, bool | None]] = [(19.0, 21.001, False)]
    outage = outage_of(steady(10, 19, False) + slow + [(21.0, 21.05, True)] + steady(22, 27.1), stable_for=5.0)
    assert outage.recovered is not None
    assert outage.recovered.high == pytest.approx(22.1)


def test_what_was_answered_after_the_window_closed_does_not_count() -> None:
    readings = steady(0, 11) + steady(11, 20, False) + steady(20, 40) + steady(40, 50, False)
    outage = observe(track_of(readings), 10.0, 40.05, 5.0)
    assert outage.relapses == 0
    assert outage.recovered is not None


def test_failures_before_the_effect_are_not_its() -> None:
    outage = outage_of(steady(0, 5, False) + steady(5, 30))
    assert outage.failures == 0
    assert outage.recovered is None


def test_readings_that_come_out_of_order_are_judged_in_the_order_of_asking() -> None:
    readings = steady(0, 11) + steady(11, 20, False) + steady(20, 40)
    shuffled = list(readings)
    random.Random(4).shuffle(shuffled)
    assert outage_of(shuffled) == outage_of(readings)


@dataclass(frozen=True)
class Truth:
    """When users could not be served: disjoint down spans, ascending; and the effect that began it."""

    effect: float
    downs: tuple[tuple[float, float], ...]

    def up(self, moment: float) -> bool:
        return not any(low <= moment < high for low, high in self.downs)


@dataclass(frozen=True)
class Schedule:
    every: float
    timeout: float
    seed: int
    unknown_share: float = 0.0

    def readings(self, truth: Truth, until: float) -> list[tuple[float, float, bool | None]]:
        return [(asked, answered, ok) for asked, answered, ok, _ in self.polls(truth, until)]

    def polls(self, truth: Truth, until: float) -> list[tuple[float, float, bool | None, float]]:
        """Each poll sees the truth at one instant that nobody knows, between its question and its answer."""
        chance = random.Random(self.seed)
        seen: list[tuple[float, float, bool | None, float]] = []
        offset = chance.uniform(0, self.every)
        for index in range(int(until / self.every)):
            asked = offset + index * self.every
            answered = asked + self.timeout * chance.choice((chance.random(), chance.random() ** 8, 1.0))
            instant = chance.uniform(asked, answered)
            unknown = chance.random() < self.unknown_share
            seen.append((asked, answered, None if unknown else truth.up(instant), instant))
        return seen


schedules = st.builds(
    Schedule,
    every=st.sampled_from((0.5, 1.0, 2.0, 5.0)),
    timeout=st.sampled_from((0.05, 0.7, 2.0, 6.0)),
    seed=st.integers(0, 2**32),
)
patchy = st.builds(
    Schedule,
    every=st.sampled_from((0.5, 1.0, 2.0, 5.0)),
    timeout=st.sampled_from((0.05, 0.7, 2.0, 6.0)),
    seed=st.integers(0, 2**32),
    unknown_share=st.sampled_from((0.1, 0.5)),
)


@st.composite
def single_outages(draw: st.DrawFn) -> Truth:
    effect = draw(st.floats(20, 30))
    began = effect + draw(st.floats(0, 15))
    return Truth(effect, ((began, began + draw(st.floats(0.01, 60))),))


def judged(truth: Truth, schedule: Schedule, effect: Effect, stable_for: float) -> Outage:
    until = truth.downs[-1][1] + stable_for + 8 * (schedule.every + schedule.timeout)
    track = track_of(schedule.readings(truth, until), schedule.every, schedule.timeout)
    return observe(track, effect.low, math.inf, stable_for)


def holds(measured: Interval | None, true: float) -> bool:
    return measured is None or measured.low - EPSILON <= true <= measured.high + EPSILON


@settings(max_examples=300, deadline=None)
@given(single_outages(), schedules | patchy, st.floats(0, 3), st.floats(0, 3), st.sampled_from((0.0, 5.0, 30.0)))
def test_the_true_rto_and_outage_always_lie_in_the_measured_intervals(
    truth: Truth, schedule: Schedule, before: float, after: float, stable_for: float
) -> None:
    began, ended = truth.downs[0]
    effect = Effect(truth.effect - before, min(truth.effect + after, began))
    outage = judged(truth, schedule, effect, stable_for)
    assert holds(rto(outage, effect), ended - truth.effect)
    assert holds(outage_length(outage), ended - began)
    if outage.last_failed is not None:
        assert outage.last_failed <= ended
    assert outage.relapses == 0


@settings(max_examples=200, deadline=None)
@given(single_outages(), schedules, st.floats(0, 3))
def test_the_interval_is_no_wider_than_the_interval_of_polling_and_the_polls_at_its_ends(
    truth: Truth, schedule: Schedule, width: float
) -> None:
    effect = Effect(truth.effect - width, truth.effect)
    outage = judged(truth, schedule, effect, stable_for=5.0)
    assume(outage.failures)
    measured = rto(outage, effect)
    assert measured is not None
    assert measured.high - measured.low <= schedule.every + 2 * schedule.timeout + width + EPSILON
    length = outage_length(outage)
    assert length is not None
    assert length.high - length.low <= 2 * (schedule.every + 2 * schedule.timeout) + EPSILON


@st.composite
def flapping(draw: st.DrawFn) -> tuple[Truth, Schedule]:
    """Several outages, each long enough for one whole poll to fall into it."""
    schedule = draw(schedules | patchy.map(lambda one: Schedule(one.every, one.timeout, one.seed)))
    seen = schedule.every + schedule.timeout
    moment = effect = draw(st.floats(20, 30))
    downs = []
    for _ in range(draw(st.integers(1, 4))):
        low = moment + draw(st.floats(0.1, 40))
        moment = low + seen + draw(st.floats(0.01, 20))
        downs.append((low, moment))
    return Truth(effect, tuple(downs)), schedule


@settings(max_examples=300, deadline=None)
@given(flapping(), st.sampled_from((5.0, 15.0)))
def test_the_last_recovery_of_a_flapping_system_lies_in_the_measured_interval(
    case: tuple[Truth, Schedule], stable_for: float
) -> None:
    truth, schedule = case
    effect = Effect(truth.effect, truth.effect)
    outage = judged(truth, schedule, effect, stable_for)
    measured = rto(outage, effect)
    assert measured is not None
    assert holds(measured, truth.downs[-1][1] - truth.effect)
    assert holds(outage_length(outage), truth.downs[-1][1] - truth.downs[0][0])
    slack = schedule.every + 2 * schedule.timeout
    ups = [later[0] - earlier[1] for earlier, later in zip(truth.downs, truth.downs[1:], strict=False)]
    assert outage.relapses <= sum(up >= stable_for - slack for up in ups)
    assert outage.relapses >= sum(up >= stable_for + 3 * slack for up in ups)


@settings(max_examples=300, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from((0.7, 2.0, 6.0)), st.sampled_from((0.5, 1.0)))
def test_it_is_enough_that_one_poll_however_slow_saw_each_outage(seed: int, timeout: float, every: float) -> None:
    """Short outages, told of only by polls that began before them or ended after them."""
    chance = random.Random(seed)
    downs, moment = [], 25.0
    for _ in range(chance.randint(1, 5)):
        low = moment + chance.uniform(0.1, 4)
        moment = low + chance.uniform(0.2, 3)
        downs.append((low, moment))
    truth, schedule = Truth(25.0, tuple(downs)), Schedule(every, timeout, seed)
    polled = schedule.polls(truth, moment + 60)
    assume(all(any(low <= instant < high for *_, instant in polled) for low, high in downs))
    track = track_of([(asked, answered, ok) for asked, answered, ok, _ in polled], every, timeout)
    effect = Effect(25.0, 25.0)
    outage = observe(track, effect.low, math.inf, 10.0)
    measured = rto(outage, effect)
    assert measured is not None
    assert holds(measured, moment - 25.0)
    assert holds(outage_length(outage), moment - downs[0][0])
