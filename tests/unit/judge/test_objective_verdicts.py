"""Each objective's verdict, at and around its limits."""

from __future__ import annotations

import math

import pytest

from drillrunner.judge import judge
from drillrunner.model.plan import Plan
from drillrunner.model.reading import Reading
from drillrunner.model.verdict import ObjectiveVerdict
from fabricated_pieces import Story, objective, plan, polls, probe, reading

DOWN = [(10.5, 20.0)]


def told(effect: bool = True, closed: float = 60.0) -> Story:
    story = Story().phase(0.1, "baseline").phase(9.0, "inject")
    if effect:
        story.effect(10.0, 10.2)
    return story.phase(11.0, "recover").end(closed)


def first(made: Plan, story: Story, readings: list[Reading]) -> ObjectiveVerdict:
    return judge(made, story.entries, readings).objectives[0]


def ends(verdict: ObjectiveVerdict) -> list[float]:
    return [math.nan if end is None else end for end in (verdict.low, verdict.high)]


def test_an_rto_whose_interval_holds_the_target_is_inconclusive_and_says_what_would_decide_it() -> None:
    made = plan(objective("rto", 9.0), probes=[probe(every=5.0)])
    verdict = judge(made, told().entries, polls(60, DOWN, every=5.0))
    rto = verdict.objectives[0]
    assert ends(rto) == pytest.approx([4.8, 10.1], abs=1e-5)
    assert rto.outcome == "inconclusive"
    assert rto.decide == "probe every 1s: the interval is 5.3s wide and the target lies in it"
    assert [finding.code for finding in verdict.findings] == ["F105"]


@pytest.mark.parametrize(("target", "outcome"), [(8.7, "missed"), (8.81, "inconclusive"), (10.11, "met")])
def test_an_rto_is_met_by_its_high_end_and_missed_by_its_low_one(target: float, outcome: str) -> None:
    verdict = first(plan(objective("rto", target)), told(), polls(60, DOWN))
    assert ends(verdict) == pytest.approx([8.8, 10.1], abs=1e-5)
    assert verdict.outcome == outcome


def test_a_fault_without_visible_effect_is_inconclusive() -> None:
    verdict = judge(plan(objective("rto", 60.0)), told().entries, polls(60, []))
    assert verdict.outcome == "inconclusive"
    assert verdict.objectives[0].why == "the fault had no visible effect: no reading failed after it"
    assert [finding.code for finding in verdict.findings] == ["F101"]
    assert verdict.recoveries[0].rto is None


def test_a_system_that_is_still_down_past_the_target_has_missed_it_though_no_recovery_was_seen() -> None:
    verdict = first(plan(objective("rto", 30.0)), told(), polls(60, [(10.5, 99.0)]))
    assert verdict.outcome == "missed"
    assert verdict.high is None
    assert verdict.low == pytest.approx(58.0 + 1 - 10.2)


def test_a_run_that_was_stopped_before_the_target_had_passed_is_inconclusive() -> None:
    verdict = first(plan(objective("rto", 300.0)), told(closed=30.0), polls(60, [(10.5, 99.0)]))
    assert verdict.outcome == "inconclusive"
    assert verdict.low == pytest.approx(29.0 - 10.2)


def test_an_rto_is_judged_on_the_worst_user_facing_probe() -> None:
    made = plan(objective("rto", 30.0), probes=[probe(), probe("search")])
    readings = polls(60, DOWN) + polls(60, [(10.5, 35.0)], name="search")
    verdict = judge(made, told().entries, readings)
    assert ends(verdict.objectives[0]) == pytest.approx([23.8, 25.1], abs=1e-5)
    assert "the worst of 2: search from here" in verdict.objectives[0].why
    assert verdict.anatomy_probe == "search"
    assert [one.probe for one in verdict.recoveries] == ["checkout", "search"]


def test_an_rto_is_judged_on_the_worst_vantage() -> None:
    readings = polls(60, DOWN) + polls(60, [(10.5, 40.0)], vantage="sydney")
    verdict = first(plan(objective("rto", 20.0)), told(), readings)
    assert verdict.outcome == "missed"
    assert verdict.high == pytest.approx(30.1)


def test_a_user_facing_probe_that_never_answered_leaves_the_rto_open() -> None:
    made = plan(objective("rto", 60.0), probes=[probe(), probe("search")])
    verdict = first(made, told(), polls(60, DOWN))
    assert verdict.outcome == "inconclusive"
    assert verdict.decide == "a probe that answers"


def test_a_fault_that_no_read_back_confirmed_can_miss_but_not_meet() -> None:
    story = Story().undo(9.9).intent(10.0).phase(11.0, "recover").end(60.0)
    met = judge(plan(objective("rto", 60.0)), story.entries, polls(60, DOWN))
    assert met.objectives[0].outcome == "inconclusive"
    assert met.objectives[0].high == pytest.approx(10.1)
    assert met.objectives[0].decide == "a fault whose read-back shows when it took effect"
    assert "F116" in [finding.code for finding in met.findings]
    missed = judge(plan(objective("rto", 5.0)), story.entries, polls(60, DOWN))
    assert missed.objectives[0].outcome == "missed"


def test_an_unconfirmed_first_fault_opens_the_interval_that_a_confirmed_second_closes() -> None:
    story = Story().undo(8.9, "f0").intent(9.0, "f0").effect(10.0, 10.2).end(60.0)
    verdict = first(plan(objective("rto", 60.0)), story, polls(60, DOWN))
    assert ends(verdict) == pytest.approx([8.8, 11.1], abs=1e-5)
    assert verdict.outcome == "met"


def test_a_refused_call_is_no_effect() -> None:
    story = Story().undo(9.9).intent(10.0).outcome(10.1, "failed").end(60.0)
    verdict = first(plan(objective("rto", 60.0)), story, polls(60, DOWN))
    assert verdict.outcome == "inconclusive"
    assert verdict.why == "no fault took effect, so there was nothing to measure"


def test_what_a_step_did_is_not_the_faults_effect() -> None:
    story = Story().undo(5.0, "s1", "step").write(5.1, "effect.observed", change_id="s1", low=5005.0, high=5005.1)
    story.effect(10.0, 10.2).end(60.0)
    verdict = first(plan(objective("rto", 60.0)), story, polls(60, DOWN))
    assert ends(verdict) == pytest.approx([8.8, 10.1], abs=1e-5)


def test_availability_counts_what_proved_nothing_both_ways() -> None:
    readings = [reading(second, None if second in (30, 31) else second != 25, seq=second) for second in range(60)]
    verdict = first(plan(objective("availability", 0.95)), told(), readings)
    assert verdict.low == pytest.approx(47 / 50)
    assert verdict.high == pytest.approx(49 / 50)
    assert verdict.outcome == "inconclusive"
    assert first(plan(objective("availability", 0.90)), told(), readings).outcome == "met"
    assert first(plan(objective("availability", 0.99)), told(), readings).outcome == "missed"


def test_polls_that_were_never_made_do_not_flatter_the_availability() -> None:
    readings = [one for one in polls(60, []) if not 5030 <= one.asked < 5050]
    verdict = first(plan(objective("availability", 0.95)), told(), readings)
    assert verdict.outcome == "inconclusive"
    assert verdict.low == pytest.approx(30 / 47, abs=0.02)


def test_what_a_dead_process_did_not_ask_is_not_held_against_the_availability() -> None:
    story = Story().effect(10.0, 10.2).write(9000.0, "revert.began", of=1)
    verdict = first(plan(objective("availability", 0.9)), story, polls(60, [(10.5, 99.0)]))
    assert verdict.outcome == "missed"
    assert verdict.high == pytest.approx(1 / 50)


def test_latency_is_a_percentile_of_the_good_answers_after_the_effect() -> None:
    readings = [reading(second, True, seconds=0.2 if second >= 10 else 1.5) for second in range(60)]
    readings += [reading(30.5, False, seconds=2.0)]
    verdict = first(plan(objective("latency", 0.5, percentile=0.99)), told(), readings)
    assert verdict.outcome == "met"
    assert verdict.low == pytest.approx(0.2, rel=0.01)
    assert verdict.high == pytest.approx(0.2, rel=0.011)
    assert verdict.why == "p99 of 50 good answers was 201ms"


@pytest.mark.parametrize(("target", "outcome"), [(14.0, "missed"), (17.0, "inconclusive"), (20.0, "met")])
def test_detection_runs_from_the_effect_to_the_flip(target: float, outcome: str) -> None:
    made = plan(objective("detection", target, "health"), probes=[probe(), probe("health", every=5.0, facing=False)])
    story = Story().effect(10.0, 10.2).detected(25.0, 30.0).end(60.0)
    verdict = first(made, story, polls(60, DOWN))
    assert ends(verdict) == pytest.approx([14.8, 20.0], abs=1e-5)
    assert verdict.outcome == outcome


def test_a_flip_that_the_journal_lacks_is_seen_in_the_readings() -> None:
    made = plan(objective("detection", 30.0, "health"), probes=[probe(), probe("health", every=5.0, facing=False)])
    verdict = first(made, told(), polls(60, DOWN) + polls(60, [(26, 99)], every=5.0, name="health"))
    assert ends(verdict) == pytest.approx([25 - 10.2, 30.1 - 10], abs=1e-5)


def test_a_signal_that_never_flips_has_missed_the_target_once_it_has_passed() -> None:
    made = plan(objective("detection", 30.0, "health"), probes=[probe(), probe("health", every=5.0, facing=False)])
    verdict = judge(made, told().entries, polls(60, DOWN) + polls(60, [], every=5.0, name="health"))
    assert verdict.objectives[0].outcome == "missed"
    assert verdict.objectives[0].low == pytest.approx(55 - 10.2)
    assert "F113" in [finding.code for finding in verdict.findings]


def test_a_run_without_effect_leaves_every_objective_open() -> None:
    names = ("rto", "rpo", "availability", "latency", "detection")
    made = plan(*(objective(name, 1.0) for name in names))  # type: ignore[arg-type]
    verdict = judge(made, told(effect=False).entries, polls(60, []))
    assert {one.outcome for one in verdict.objectives} == {"inconclusive"}
    assert verdict.findings == ()


@pytest.mark.parametrize(
    ("outcome", "after", "expected", "why"),
    [
        ("completed", True, "met", "RTO met"),
        ("completed", False, "inconclusive", "the steady state did not come back"),
        ("completed", None, "inconclusive", "nobody saw the steady state come back"),
        ("aborted", True, "inconclusive", "the run was aborted: SIGINT"),
    ],
)
def test_a_run_is_met_only_if_it_completed_and_the_steady_state_came_back(
    outcome: str, after: bool | None, expected: str, why: str
) -> None:
    story = Story().effect(10.0, 10.2).end(60.0, outcome, after=after)
    verdict = judge(plan(objective("rto", 60.0)), story.entries, polls(60, DOWN))
    assert verdict.objectives[0].outcome == "met"
    assert (verdict.outcome, verdict.why) == (expected, why)


def test_a_drill_without_objectives_is_inconclusive() -> None:
    verdict = judge(plan(), told().entries, polls(60, DOWN))
    assert (verdict.outcome, verdict.why) == ("inconclusive", "the drill has no objective")
