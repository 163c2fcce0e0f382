"""Which run closes an action, and what is said of one that does not."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from drillrunner.judge.retest import flaw_of_retest, is_retest
from drillrunner.model.action import Action
from drillrunner.model.verdict import ObjectiveVerdict, Outcome
from made_up_verdict import verdict

BEGAN = datetime(2026, 11, 22, 9, tzinfo=UTC)


def objective(name: str = "rto", probe: str = "checkout", outcome: Outcome = "met") -> ObjectiveVerdict:
    fields = {"name": name, "probe": probe, "target": 180.0, "low": 97.0, "high": 99.0}
    return ObjectiveVerdict.model_validate({**fields, "outcome": outcome, "why": f"{outcome} it was"})


def flaw(action: dict[str, Any], *objectives: ObjectiveVerdict, **run: Any) -> str | None:
    fields: dict[str, Any] = {"id": "A-7", "title": "t", "owner": "o", "due": date(2026, 12, 24)}
    fields |= {"opened": date(2026, 11, 21), "retest": "regional-outage"}
    given = {"drill": "regional-outage", "run_id": "20261122-090000-abcdef", "began_wall": BEGAN.isoformat()}
    judged = verdict(**{**given, "objectives": objectives or (objective(),), **run})
    return flaw_of_retest(Action.model_validate({**fields, **action}), judged)


def test_a_completed_run_after_it_was_opened_with_the_objective_met_closes_it() -> None:
    assert flaw({}) is None
    assert flaw({"objective": "rto checkout"}) is None
    missed = objective("rpo", "orders", "missed")
    assert flaw({"objective": "rto"}, objective(), missed) is None


def test_without_an_objective_every_one_must_be_met() -> None:
    missed = objective("rpo", "orders", "missed")
    assert flaw({}, objective(), missed) == "rpo orders was missed: missed it was"


def test_inconclusive_is_not_met() -> None:
    unsure = objective(outcome="inconclusive")
    assert flaw({"objective": "rto checkout"}, unsure) == "rto checkout was inconclusive: inconclusive it was"


def test_an_objective_without_a_probe_means_it_on_every_probe() -> None:
    assert flaw({"objective": "rto"}, objective(), objective(probe="search", outcome="missed")) is not None


def test_an_objective_that_was_not_measured_closes_nothing() -> None:
    assert flaw({"objective": "rpo orders"}) == "it has no objective rpo orders"


def test_only_the_drill_and_the_environment_that_it_names_retest_it() -> None:
    told = flaw({}, drill="lambda-throttle")
    assert told == "it is a run of lambda-throttle, and regional-outage retests the action"
    assert flaw({"environment": "prod"}) == "it ran in lab, and the action is retested in prod"
    assert flaw({"environment": "lab"}) is None


def test_the_run_that_it_comes_from_never_closes_it() -> None:
    assert flaw({"source": "20261122-090000-abcdef"}) == "the action comes from this run"


def test_a_run_that_began_before_it_was_opened_closes_nothing() -> None:
    at = datetime(2026, 11, 22, 9, 0, 1, tzinfo=UTC)
    assert "opened on 2026-11-22 09:00:01Z" in (flaw({"opened": at.date(), "opened_at": at}) or "")
    assert flaw({"opened": at.date(), "opened_at": at.replace(hour=8)}) is None


def test_where_only_the_day_is_known_the_run_must_begin_on_a_later_one() -> None:
    assert "opened on 2026-11-22" in (flaw({"opened": date(2026, 11, 22)}) or "")
    assert flaw({}, began_wall="when?") is not None


def test_a_run_that_did_not_complete_closes_nothing() -> None:
    assert flaw({}, ended_by="aborted: SIGINT") == "it did not complete (aborted: SIGINT)"


def test_a_run_can_be_a_retest_and_not_close_it() -> None:
    fields = {"id": "A-7", "title": "t", "owner": "o", "due": date(2026, 12, 24), "opened": date(2026, 11, 21)}
    waiting = Action.model_validate({**fields, "retest": "regional-outage"})
    missed = verdict(drill="regional-outage", began_wall=BEGAN.isoformat(), objectives=(objective(outcome="missed"),))
    assert is_retest(waiting, missed)
    assert not is_retest(Action.model_validate(fields), missed)
