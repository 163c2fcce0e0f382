"""RPO: what was acknowledged and did not survive, and how far back that reaches."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drillrunner.judge import judge
from drillrunner.model.journal import to_ranges
from drillrunner.model.noun import JsonValue
from drillrunner.model.reading import Reading
from drillrunner.model.verdict import LedgerResult, Verdict
from fabricated_pieces import Story, objective, plan, probe, reading

PROBES = (probe(), probe("orders", "dynamodb.ledger", facing=False))


def writes(until: int, refused: range = range(0)) -> list[Reading]:
    """Record n is written at second n."""
    return [reading(seq, seq not in refused, name="orders", seq=seq) for seq in range(1, until)]


def judged(story: Story, readings: list[Reading], target: float = 5.0) -> Verdict:
    return judge(plan(objective("rpo", target, "orders"), probes=PROBES), story.entries, readings)


def ledger(story: Story, readings: list[Reading]) -> LedgerResult:
    return judged(story, readings).ledgers[0]


def measured(result: LedgerResult) -> list[float]:
    assert result.rpo is not None
    return [result.rpo.low, result.rpo.high]


def failed_at(low: float = 10.0, high: float = 10.2) -> Story:
    return Story().effect(low, high)


def test_the_rpo_runs_from_the_earliest_lost_acknowledgement_to_the_failure() -> None:
    story = failed_at().ledger_read(40.0, "recovered", [[1, 7], [20, 60]]).end(50.0)
    result = ledger(story, writes(40, refused=range(10, 20)))
    assert (result.written, result.acknowledged, result.lost, result.late) == (39, 29, 2, 0)
    assert measured(result) == pytest.approx([10.0 - 8.1, 10.2 - 8.0], abs=1e-5)


def test_writes_that_were_acknowledged_after_the_fault_and_lost_move_the_failure_later() -> None:
    story = failed_at().ledger_read(40.0, "recovered", [[1, 7], [20, 60]]).end(50.0)
    result = ledger(story, writes(40, refused=range(15, 20)))
    assert result.lost == 7
    assert measured(result) == pytest.approx([14.0 - 8.1, 14.1 - 8.0], abs=1e-5)


def test_nothing_lost_is_an_rpo_of_zero() -> None:
    verdict = judged(failed_at().ledger_read(40.0, "recovered", [[1, 60]]).end(50.0), writes(40), target=0.0)
    assert measured(verdict.ledgers[0]) == [0.0, 0.0]
    assert verdict.objectives[0].outcome == "met"
    assert verdict.objectives[0].why == "0 of 39 acknowledged records were missing after the recovery"


def test_nothing_lost_proves_nothing_when_nothing_was_written_around_the_failure() -> None:
    story = failed_at(80.0, 80.2).ledger_read(100.0, "recovered", [[1, 60]]).end(110.0)
    verdict = judged(story, writes(40))
    assert verdict.ledgers[0].rpo is None
    assert verdict.objectives[0].outcome == "inconclusive"
    assert "none to lose" in verdict.objectives[0].why


def test_records_that_came_after_the_recovery_are_late() -> None:
    story = failed_at().ledger_read(40.0, "recovered", [[1, 7], [20, 60]])
    story.ledger_read(49.0, "before_revert", [[1, 8], [20, 60]]).end(50.0)
    verdict = judged(story, writes(40, refused=range(10, 20)))
    assert (verdict.ledgers[0].lost, verdict.ledgers[0].late) == (2, 1)
    assert measured(verdict.ledgers[0]) == pytest.approx([1.9, 2.2], abs=1e-5)
    assert [finding.code for finding in verdict.findings if finding.code in ("F109", "F110")] == ["F109", "F110"]


def test_records_that_outlived_the_failover_and_were_lost_to_the_failback_count_too() -> None:
    story = failed_at().ledger_read(30.0, "recovered", [[1, 60]])
    story.phase(35.0, "failback").ledger_read(40.0, "before_revert", [[1, 25], [36, 60]]).end(50.0)
    verdict = judged(story, writes(38))
    assert verdict.ledgers[0].lost == 10
    assert measured(verdict.ledgers[0]) == pytest.approx([35.0 - 26.1, 35.1 - 26.0], abs=1e-5)
    assert verdict.objectives[0].outcome == "missed"
    assert "F115" in [finding.code for finding in verdict.findings]


def test_replication_under_way_while_the_ledger_is_read_is_not_one_loss_with_the_failures() -> None:
    story = failed_at().ledger_read(40.0, "recovered", [[1, 8], [10, 38]]).end(50.0)
    result = ledger(story, writes(45))
    assert result.lost == 2  # record 9 at the failure, record 39 in flight
    assert measured(result) == pytest.approx([10.0 - 9.1, 10.2 - 9.0], abs=1e-5)


def test_records_that_were_never_acknowledged_but_are_there_are_no_loss() -> None:
    story = failed_at().ledger_read(40.0, "recovered", [[1, 39]]).end(50.0)
    result = ledger(story, writes(40, refused=range(10, 13)))
    assert result.lost == 0
    assert result.why is not None
    assert "3 are there that were never acknowledged" in result.why


def test_a_ledger_that_cannot_be_read_is_inconclusive() -> None:
    story = failed_at().ledger_read(40.0, "recovered", None, error="AccessDenied").end(50.0)
    verdict = judged(story, writes(40))
    assert verdict.ledgers[0].rpo is None
    assert verdict.objectives[0].outcome == "inconclusive"
    assert verdict.objectives[0].why == "the ledger could not be read: AccessDenied"
    assert "F111" in [finding.code for finding in verdict.findings]


def test_a_ledger_that_was_never_read_is_inconclusive() -> None:
    verdict = judged(failed_at().end(50.0), writes(40))
    assert verdict.objectives[0].why == "the ledger was never read back"


def test_a_run_that_never_recovered_is_judged_by_the_reading_before_the_revert() -> None:
    story = failed_at().ledger_read(40.0, "before_revert", [[1, 8]]).end(50.0)
    result = ledger(story, writes(40, refused=range(10, 40)))
    assert (result.lost, result.late) == (1, 0)


def test_without_a_known_effect_a_loss_is_counted_but_not_measured() -> None:
    story = Story().ledger_read(40.0, "before_revert", [[1, 8]]).end(50.0)
    result = ledger(story, writes(40))
    assert result.lost == 31
    assert result.rpo is None


@pytest.mark.parametrize("value", [[4, 9], [[4, 4], [9, 9]], 2])
def test_duplicates_are_counted_whether_listed_ranged_or_summed(value: JsonValue) -> None:
    story = failed_at().ledger_read(40.0, "recovered", [[1, 60]], duplicated=value, overwritten=[7], reordered=3)
    result = ledger(story.end(50.0), writes(40))
    assert (result.duplicated, result.overwritten, result.reordered) == (2, 1, 3)


def lag(seconds: float, value: float | None) -> Reading:
    return reading(seconds, None if value is None else True, name="lag", value=value)


@pytest.mark.parametrize(("target", "outcome"), [(1.0, "missed"), (3.0, "inconclusive"), (9.0, "met")])
def test_a_lag_gives_an_estimate_that_is_marked(target: float, outcome: str) -> None:
    made = plan(objective("rpo", target, "lag"), probes=[probe(), probe("lag", "dynamodb.replication_lag", 5.0)])
    readings = [lag(0.0, 0.5), lag(5.0, 1.5), lag(15.0, 7.0)]
    verdict = judge(made, failed_at().end(50.0).entries, readings)
    assert verdict.ledgers[0].estimated
    assert measured(verdict.ledgers[0]) == pytest.approx([1.5, 1.5 + 10.2 - 5.0], abs=1e-5)
    assert verdict.objectives[0].estimated
    assert verdict.objectives[0].outcome == outcome


def test_without_ledger_or_lag_the_rpo_is_inconclusive() -> None:
    made = plan(objective("rpo", 5.0, "lag"), probes=[probe(), probe("lag", "dynamodb.replication_lag", 5.0)])
    verdict = judge(made, failed_at().end(50.0).entries, [lag(5.0, None)])
    assert verdict.objectives[0].outcome == "inconclusive"
    assert verdict.objectives[0].decide == "a ledger probe"


@settings(max_examples=200, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    every=st.sampled_from((0.2, 0.5, 1.0)),
    longest=st.sampled_from((0.01, 0.4, 2.0)),
    lost_from=st.floats(10, 30),
    promoted_after=st.floats(0, 20),
    width=st.floats(0, 2),
)
def test_the_true_reach_of_a_loss_always_lies_in_the_measured_interval(
    seed: int, every: float, longest: float, lost_from: float, promoted_after: float, width: float
) -> None:
    chance = random.Random(seed)
    failure = 30.0
    story = Story().effect(failure - width * chance.random(), failure + width * chance.random())
    readings, survivors, committed = [], [], []
    for seq in range(1, int(60 / every)):
        asked, seconds = seq * every, longest * chance.random()
        instant = asked + seconds * chance.random()
        lost = lost_from <= instant < failure + promoted_after
        readings.append(reading(asked, True, seconds=seconds, name="orders", seq=seq))
        if lost:
            committed.append(instant)
        else:
            survivors.append(seq)
    present: list[JsonValue] = [[low, high] for low, high in to_ranges(tuple(survivors))]
    result = ledger(story.ledger_read(65.0, "recovered", present).end(70.0), readings)
    assert result.lost == len(committed)
    if committed:
        truth = max(failure, *committed) - min(committed)
        low, high = measured(result)
        assert low - 1e-5 <= truth <= high + 1e-5
