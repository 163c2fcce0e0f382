"""The whole verdict on a whole run, and on every way in which its journal can be cut short or damaged."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drillrunner.judge import judge
from drillrunner.model.journal import PHASES, Entry
from drillrunner.model.noun import JsonValue
from drillrunner.model.verdict import Verdict
from fabricated_run import BEGAN_AT, EFFECT_AT, SERVED_AGAIN_AT, fabricated_run

PLAN, ENTRIES, READINGS = fabricated_run()
TRUE_RTO_SECONDS = SERVED_AGAIN_AT - EFFECT_AT


def verdict_on(entries: list[Entry]) -> Verdict:
    return judge(PLAN, entries, iter(READINGS))


def test_a_plausible_run_meets_its_objectives() -> None:
    verdict = verdict_on(ENTRIES)
    assert verdict.outcome == "met"
    assert verdict.why == "all objectives met"
    assert verdict.ended_by == "completed"
    assert [one.outcome for one in verdict.objectives] == ["met"] * 5
    assert (verdict.run_id, verdict.began_at, verdict.plan_hash) == ("7f3a", BEGAN_AT, PLAN.hash)
    assert verdict.readings_count == len(READINGS)
    assert (verdict.steady_before, verdict.steady_after) == (True, True)


def test_its_rto_holds_the_truth() -> None:
    rto = verdict_on(ENTRIES).objectives[0]
    assert rto.low is not None
    assert rto.high is not None
    assert rto.low < TRUE_RTO_SECONDS < rto.high
    assert rto.high - rto.low < 1.0 + 0.4 + 0.7  # interval of polling, effect, the good poll


def test_its_anatomy_sums_exactly_to_the_rto() -> None:
    verdict = verdict_on(ENTRIES)
    assert [share.part for share in verdict.anatomy] == ["detect", "decide", "switch", "propagate", "stabilise"]
    assert [round(share.seconds, 2) for share in verdict.anatomy[:3]] == [28.08, 0.9, 34.7]
    total = verdict.objectives[0].high
    assert total is not None
    assert sum(round(share.seconds * 1e6) for share in verdict.anatomy) == round(total * 1e6)
    assert verdict.anatomy[0].least_seconds == 20.0
    assert verdict.anatomy_probe == "checkout"


def test_its_phases_and_latencies_are_told_in_order() -> None:
    verdict = verdict_on(ENTRIES)
    assert [span.phase for span in verdict.phases] == list(PHASES)
    assert (verdict.phases[1].began, verdict.phases[1].ended) == (2.0, 32.0)
    checkout = [(one.phase, one.region) for one in verdict.latencies if one.probe == "checkout"]
    assert checkout[0] == ("baseline", "us-east-1")
    assert ("recover", "eu-west-1") in checkout
    baseline = verdict.latencies[0]
    assert baseline.count == 30
    assert 50 <= baseline.p50_ms <= baseline.p95_ms <= baseline.p99_ms <= 141


def test_the_same_arguments_give_the_same_verdict_in_whatever_order_the_readings_come() -> None:
    shuffled = list(READINGS)
    random.Random(7).shuffle(shuffled)
    assert judge(PLAN, ENTRIES, shuffled) == verdict_on(ENTRIES)


def test_a_run_that_died_at_any_entry_is_judged_and_never_met() -> None:
    for cut in range(len(ENTRIES)):
        verdict = verdict_on(ENTRIES[:cut])
        assert verdict.ended_by == "died"
        assert verdict.outcome == "inconclusive", cut
        assert "the run died" in verdict.why


def test_what_is_left_after_a_death_is_every_change_whose_call_was_intended() -> None:
    intents = [index for index, entry in enumerate(ENTRIES) if entry.kind == "call.intent"]
    before, after = verdict_on(ENTRIES[: intents[0]]), verdict_on(ENTRIES[: intents[0] + 1])
    assert before.revert is not None
    assert before.revert.left == ("orders on dynamodb table orders, records 1 to 1000",)
    assert after.revert is not None
    assert after.revert.left[1] == "lambda.throttle on lambda us-east-1 checkout"
    assert [finding.code for finding in after.findings][:2] == ["F112", "F112"]


def test_no_readings_at_all_prove_nothing() -> None:
    verdict = judge(PLAN, ENTRIES, [])
    assert verdict.outcome == "inconclusive"
    assert {one.name: one.outcome for one in verdict.objectives} == {
        "rto": "inconclusive",
        "rpo": "inconclusive",
        "availability": "inconclusive",
        "latency": "inconclusive",
        "detection": "met",
    }
    assert verdict.recoveries[0].why == "no reading was answered after the fault took effect"


JUNK: tuple[JsonValue, ...] = (None, True, -1, 1e300, "text", [], [[1]], [[3, "a"], [9, 2]], {}, {"apply": 3})


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.integers(0, len(ENTRIES) - 1), st.integers(0, 9), st.sampled_from(JUNK)), max_size=6))
def test_a_damaged_journal_never_makes_the_judge_fail(damage: list[tuple[int, int, JsonValue]]) -> None:
    entries = list(ENTRIES)
    for index, key, junk in damage:
        data = dict(entries[index].data)
        names = sorted(data)
        if names:
            data[names[key % len(names)]] = junk
        entries[index] = entries[index].model_copy(update={"data": data})
    assert verdict_on(entries).outcome in ("met", "missed", "inconclusive")


@settings(max_examples=80, deadline=None)
@given(st.sets(st.integers(0, len(ENTRIES) - 1), max_size=20))
def test_a_journal_with_holes_never_makes_the_judge_fail(holes: set[int]) -> None:
    verdict = verdict_on([entry for index, entry in enumerate(ENTRIES) if index not in holes])
    assert verdict.model_dump_json()


@pytest.mark.parametrize("target_seconds", [97.0, 98.5, 100.0])
def test_the_rto_verdict_follows_its_target(target_seconds: float) -> None:
    rto = PLAN.drill.objectives[0].model_copy(update={"target": target_seconds})
    plan = PLAN.model_copy(update={"drill": PLAN.drill.model_copy(update={"objectives": (rto,)})})
    verdict = judge(plan, ENTRIES, READINGS)
    assert verdict.outcome == {97.0: "missed", 98.5: "inconclusive", 100.0: "met"}[target_seconds]


def test_readings_that_were_never_timed_are_counted_and_left_out() -> None:
    broken = [
        READINGS[0].__class__(probe="checkout", seq=1, due=0.0, asked=asked, answered=answered, ok=True)
        for asked, answered in ((5.0, 4.0), (float("nan"), 4.0), (1.0, float("inf")))
    ]
    verdict = judge(PLAN, ENTRIES, broken + READINGS)
    assert verdict.extra["unusable_readings"] == 3
    assert verdict.objectives == verdict_on(ENTRIES).objectives
