"""The words that every report shares."""

from __future__ import annotations

import pytest

from drillrunner.model.verdict import LedgerResult, ObjectiveVerdict, RevertResult
from drillrunner.reporting import wording
from fabricated_run import fabricated_plan
from made_up_verdict import OBJECTIVES, verdict


def objective(low: float | None, high: float | None, target: float, **changes: object) -> ObjectiveVerdict:
    fields = {"name": "rto", "probe": "checkout", "outcome": "met", "why": "", **changes}
    return ObjectiveVerdict.model_validate({**fields, "low": low, "high": high, "target": target})


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({}, "FAIL · Availability missed"),
        ({"outcome": "met"}, "PASS · all objectives met"),
        ({"outcome": "inconclusive"}, "INCONCLUSIVE · Latency inconclusive"),
        ({"outcome": "missed", "objectives": OBJECTIVES[:2], "why": "1 fault is left"}, "FAIL · 1 fault is left"),
        ({"ended_by": "aborted: SIGINT"}, "ABORTED · SIGINT"),
        ({"ended_by": "refused: the lock is held"}, "REFUSED · the lock is held"),
        ({"ended_by": "refused: refused: no steady state"}, "REFUSED · no steady state"),
        ({"ended_by": "died"}, "ABORTED · the run's process died before its end"),
    ],
)
def test_the_headline_says_the_outcome_and_its_reason(changes: dict[str, object], line: str) -> None:
    assert str(wording.headline(verdict(**changes))) == line


@pytest.mark.parametrize(
    ("low", "high", "text"),
    [
        (1060.0, 1064.0, "17m40s–17m44s"),
        (0.0, 0.0, "0s"),
        (1060.1, 1060.2, "17m40s"),
        (1060.0, None, "≥ 17m40s"),
        (None, 8.0, "≤ 8s"),
        (None, None, "not measured"),
    ],
)
def test_intervals_show_both_ends(low: float | None, high: float | None, text: str) -> None:
    assert wording.span(low, high) == text


def test_a_miss_by_a_hair_never_reads_like_its_target() -> None:
    assert wording.measured(objective(180.02, 180.04, 180.0)) == "180.020s–180.040s"
    missed = objective(0.96996, 0.96996, 0.97, name="availability", outcome="missed")
    assert wording.measured(missed) == "96.99%"
    assert wording.target(missed) == "≥ 97%"


def test_nearly_all_is_not_all() -> None:
    assert wording.percent(0.999999) == "99.99%"
    assert wording.percent(1.0) == "100%"
    assert wording.percent(0.57) == "57%"


def test_an_estimate_says_so() -> None:
    assert wording.measured(objective(1.0, 2.0, 5.0, name="rpo", estimated=True)) == "~1s–2s (estimate)"


def test_a_latency_objective_names_its_percentile() -> None:
    assert wording.objective_title(OBJECTIVES[3], fabricated_plan()) == "Latency p95"


def test_a_change_without_proof_counts_as_left() -> None:
    assert wording.still_injected(verdict(revert=RevertResult(of=4, reverted=3, seconds=1.0))) == (
        "1 of 4 changes without a proof that they were put back",
    )
    assert wording.still_injected(verdict()) == ()


def test_lost_records_count_over_all_ledgers() -> None:
    ledger = LedgerResult.model_validate({**verdict().ledgers[0].model_dump(), "lost": 5, "late": 4, "duplicated": 2})
    both = verdict(ledgers=(verdict().ledgers[0], ledger))
    assert wording.data_words(both) == "8 of 642 lost (4 of them came later), 2 duplicated"
    assert wording.data_mark(both) == "!"


def test_a_ledger_that_could_not_be_judged_is_not_said_to_have_lost_nothing() -> None:
    ledger = LedgerResult.model_validate({**verdict().ledgers[0].model_dump(), "lost": 0, "rpo": None})
    unknown = verdict(ledgers=(ledger,))
    assert wording.data_words(unknown) == "not known: orders could not be judged"
    assert wording.data_mark(unknown) == "?"
