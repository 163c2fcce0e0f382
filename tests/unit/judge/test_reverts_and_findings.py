"""What is left injected is always said; and what else a run teaches."""

from __future__ import annotations

import pytest

from drillrunner.judge import judge
from drillrunner.judge.findings import CODES
from drillrunner.model.plan import Plan
from drillrunner.model.reading import Reading
from drillrunner.model.verdict import RevertResult, Verdict
from fabricated_pieces import Story, objective, plan, polls, probe, reading

DOWN = [(10.5, 20.0)]
NAME = "lambda.throttle on lambda us-east-1 checkout"


def reverted(story: Story) -> RevertResult | None:
    return judge(plan(objective("rto", 60.0)), story.entries, []).revert


def test_the_last_account_of_a_revert_is_the_one_that_counts() -> None:
    story = Story().effect(10.0, 10.2).write(20.0, "revert.began", of=1)
    story.write(21.0, "change.reverted", change_id="f1", ok=False, left="x")
    story.write(21.0, "revert.done", of=1, reverted=0, left=[NAME], irreversible=["rds y"], seconds=1.5)
    assert reverted(story) == RevertResult(of=1, reverted=0, seconds=1.5, left=(NAME,), irreversible=("rds y",))
    story.write(90.0, "revert.began", of=1).write(91.0, "change.reverted", change_id="f1", ok=True)
    story.write(91.0, "revert.done", of=1, reverted=1, left=[], irreversible=[], seconds=0.9)
    assert reverted(story) == RevertResult(of=1, reverted=1, seconds=0.9)


def test_a_revert_that_died_is_worked_out_from_what_was_put_back() -> None:
    story = Story().effect(10.0, 10.2, "f1").effect(11.0, 11.2, "f2").write(20.0, "revert.began", of=2)
    story.write(21.0, "change.reverted", change_id="f2", ok=True)
    assert reverted(story) == RevertResult(of=2, reverted=1, seconds=None, left=(NAME,))


def test_of_several_attempts_the_last_one_counts() -> None:
    story = Story().effect(10.0, 10.2).write(20.0, "revert.began", of=1)
    story.write(21.0, "change.reverted", change_id="f1", ok=True)
    story.write(40.0, "change.reverted", change_id="f1", ok=False, left="landed late, then refused")
    assert reverted(story) == RevertResult(of=1, reverted=0, seconds=None, left=(NAME,))


def test_an_unknown_outcome_counts_as_applied_and_an_undo_without_intent_does_not() -> None:
    story = Story().undo(9.0, "f1").intent(10.0, "f1").outcome(11.0, "unknown", "f1").undo(12.0, "f2")
    assert reverted(story) == RevertResult(of=1, reverted=0, seconds=None, left=(NAME,))


def test_what_cannot_be_put_back_is_named_apart() -> None:
    story = Story().undo(9.0, "s1", "step", irreversible=True, revert=[]).intent(10.0, "s1")
    assert reverted(story) == RevertResult(of=0, reverted=0, seconds=None, irreversible=(NAME,))


def test_an_account_that_hides_a_failed_change_is_corrected() -> None:
    story = Story().effect(10.0, 10.2).write(20.0, "change.reverted", change_id="f1", ok=False)
    story.write(21.0, "revert.done", of=1, reverted=1, left=[], irreversible=[], seconds=1.0)
    result = reverted(story)
    assert result is not None
    assert result.left == (NAME,)


def test_where_nothing_was_begun_there_is_nothing_to_say() -> None:
    assert reverted(Story()) is None


def test_a_run_that_left_something_is_never_met() -> None:
    story = Story().effect(10.0, 10.2).phase(60.0, "revert")
    story.write(61.0, "revert.done", of=1, reverted=0, left=[NAME], irreversible=[], seconds=1.0)
    story.write(62.0, "steady_state", moment="after", ok=True).write(63.0, "run.ended", outcome="completed")
    verdict = judge(plan(objective("rto", 60.0)), story.entries, polls(60, DOWN))
    assert verdict.objectives[0].outcome == "met"
    assert (verdict.outcome, verdict.why) == ("inconclusive", "1 change is still injected")
    assert verdict.findings[0].code == "F112"
    assert NAME in verdict.findings[0].message


def codes(verdict: Verdict) -> list[str]:
    return [finding.code for finding in verdict.findings]


def run(story: Story, readings: list[Reading], made: Plan | None = None, until: float = 200.0) -> Verdict:
    return judge(made or plan(objective("rto", 600.0)), story.end(until).entries, readings)


def test_a_clean_failover_teaches_nothing() -> None:
    story = Story().effect(10.0, 10.2).detected(12.0, 13.0).step(13.5, 18.0)
    assert codes(run(story, polls(200, DOWN))) == []


@pytest.mark.parametrize(
    ("flip", "step", "code"),
    [(20.0, (21.0, 25.0), "F102"), (20.0, (90.0, 95.0), "F103"), (80.0, (81.0, 95.0), "F104")],
)
def test_the_part_that_dominates_an_rto_is_found(flip: float, step: tuple[float, float], code: str) -> None:
    story = Story().effect(10.0, 10.2).detected(flip, flip).step(*step)
    assert codes(run(story, polls(200, [(10.5, 100.0)]))) == [code]


def test_a_schedule_that_was_not_held_is_found() -> None:
    late = [reading(second + 0.7, second >= 20 or second < 10, due=second) for second in range(200)]
    assert "F106" in codes(run(Story().effect(10.0, 10.2), late))


def test_a_schedule_held_to_a_twentieth_is_not() -> None:
    some = [
        reading(second + (0.7 if second % 25 == 0 else 0), not 10 < second < 20, due=second) for second in range(200)
    ]
    assert "F106" not in codes(run(Story().effect(10.0, 10.2), some))


def test_a_cold_standby_is_found() -> None:
    story = Story().phase(0.0, "baseline").effect(20.0, 20.2).phase(21.0, "recover")
    readings = [reading(second, True, seconds=0.1) for second in range(20)]
    readings += [reading(second, False) for second in range(21, 30)]
    readings += [reading(second, True, seconds=0.9, region="eu-west-1") for second in range(30, 100)]
    verdict = run(story, readings)
    assert codes(verdict) == ["F107"]
    assert "eu-west-1" in verdict.findings[0].message


def test_relapses_and_silences_are_found() -> None:
    readings = [one for one in polls(200, [*DOWN, (60, 70)]) if not 5072 < one.asked < 5085]
    assert codes(run(Story().effect(10.0, 10.2), readings)) == ["F108", "F117"]


def test_a_signal_that_slept_through_an_outage_is_found() -> None:
    made = plan(objective("rto", 600.0), probes=[probe(), probe("health", facing=False)], detection_probe="health")
    readings = polls(200, DOWN) + polls(200, [], name="health")
    assert codes(run(Story().effect(10.0, 10.2), readings, made)) == ["F113"]


def test_a_steady_state_that_did_not_come_back_is_found() -> None:
    story = Story().effect(10.0, 10.2).end(60.0, after=False)
    assert codes(judge(plan(objective("rto", 60.0)), story.entries, polls(60, DOWN))) == ["F114"]


def test_every_code_is_of_the_same_shape() -> None:
    assert all(code.startswith("F1") and len(code) == 4 for code in CODES)
