"""Every second of an RTO belongs to exactly one part."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drillrunner.judge import judge
from drillrunner.model.drill import StepSpec
from drillrunner.model.verdict import Verdict
from fabricated_pieces import Story, objective, plan, polls, probe, reading
from fabricated_run import fabricated_plan

MANUAL = (StepSpec(kind="manual", text="Move over"),)


def judged(story: Story, down: list[tuple[float, float]], until: float = 120.0) -> Verdict:
    return judge(plan(objective("rto", 60.0), failover=MANUAL), story.end(until).entries, polls(until, down))


def seconds(verdict: Verdict) -> list[float]:
    return [share.seconds for share in verdict.anatomy]


def test_the_parts_meet_at_detection_first_step_last_step_and_first_good_reading() -> None:
    story = Story().effect(10.0, 10.2).detected(18.0, 20.0).step(25.0, 30.0).step(30.0, 40.0, index=1)
    verdict = judged(story, [(10.5, 50.0)])
    assert seconds(verdict) == pytest.approx([10.0, 5.0, 15.0, 10.1, 0.0], abs=1e-5)


def test_flapping_is_stabilising() -> None:
    story = Story().effect(10.0, 10.2).detected(18.0, 20.0).step(25.0, 40.0)
    verdict = judged(story, [(10.5, 50.0), (53.0, 55.0)])
    assert seconds(verdict) == pytest.approx([10.0, 5.0, 15.0, 10.1, 5.0], abs=1e-5)


def test_without_a_signal_detection_lasts_to_the_first_failed_reading() -> None:
    verdict = judged(Story().effect(10.0, 10.2).step(25.0, 40.0), [(10.5, 50.0)])
    assert seconds(verdict)[0] == pytest.approx(1.1, abs=1e-5)
    assert verdict.anatomy[0].why == "no detection signal was seen: counted to the first failed reading"


def test_a_system_that_fails_over_by_itself_neither_decides_nor_switches() -> None:
    verdict = judged(Story().effect(10.0, 10.2).detected(18.0, 20.0), [(10.5, 50.0)])
    assert seconds(verdict) == pytest.approx([10.0, 0.0, 0.0, 30.1, 0.0], abs=1e-5)


def test_a_person_who_acts_before_the_signal_has_noticed() -> None:
    verdict = judged(Story().effect(10.0, 10.2).step(15.0, 18.0).detected(30.0, 32.0), [(10.5, 50.0)])
    assert seconds(verdict) == pytest.approx([5.0, 0.0, 3.0, 32.1, 0.0], abs=1e-5)


def test_steps_that_begin_after_the_recovery_do_not_count() -> None:
    story = Story().effect(10.0, 10.2).detected(18.0, 20.0).step(25.0, 40.0).step(70.0, 80.0, index=1)
    assert seconds(judged(story, [(10.5, 50.0)])) == pytest.approx([10.0, 5.0, 15.0, 10.1, 0.0], abs=1e-5)


def test_a_step_still_under_way_at_the_recovery_is_switching() -> None:
    verdict = judged(Story().effect(10.0, 10.2).detected(18.0, 20.0).step(25.0, None), [(10.5, 50.0)])
    assert seconds(verdict) == pytest.approx([10.0, 5.0, 25.1, 0.0, 0.0], abs=1e-5)
    assert verdict.anatomy[2].why == "a step was still under way when users were served again"


def test_without_a_recovery_there_is_no_anatomy() -> None:
    verdict = judged(Story().effect(10.0, 10.2), [(10.5, 200.0)])
    assert verdict.anatomy == ()
    assert verdict.anatomy_probe is None


def test_the_least_that_the_health_check_allows_stands_beside_the_detection() -> None:
    made = fabricated_plan()
    story = Story().effect(10.0, 10.2).end(120.0)
    shares = judge(made, story.entries, polls(120, [(10.5, 50.0)])).anatomy
    assert [share.least_seconds for share in shares] == [20.0, None, None, None, None]


def test_the_ttl_that_a_dns_probe_saw_is_the_least_that_propagation_takes() -> None:
    made = plan(objective("rto", 60.0), probes=[probe(), probe("name", "dns.answer", facing=False)])
    readings = [*polls(120, [(10.5, 50.0)]), reading(5.0, True, name="name", value=60.0)]
    shares = judge(made, Story().effect(10.0, 10.2).end(120.0).entries, readings).anatomy
    assert shares[3].least_seconds == 60.0


moments = st.floats(0, 110)


@settings(max_examples=150, deadline=None)
@given(
    flip=st.none() | moments,
    steps=st.lists(st.tuples(moments, moments), max_size=3),
    down=st.tuples(st.floats(10, 40), st.floats(1, 40)),
)
def test_whatever_happened_when_the_parts_are_positive_and_sum_to_the_rto(
    flip: float | None, steps: list[tuple[float, float]], down: tuple[float, float]
) -> None:
    story = Story().effect(10.0, 10.2)
    if flip is not None:
        story.detected(flip, flip + 0.1)
    for index, (began, done) in enumerate(steps):
        story.step(began, max(began, done), index=index)
    verdict = judged(story, [(down[0], down[0] + down[1])])
    high = verdict.objectives[0].high
    if high is not None:
        parts = [round(part * 1e6) for part in seconds(verdict)]
        assert min(parts) >= 0
        assert sum(parts) == round(high * 1e6)
