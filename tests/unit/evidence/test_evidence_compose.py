"""What a record says of a run, from made-up runs."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from drillrunner.evidence.compose import Filed, Given, Run, compose, is_live
from drillrunner.evidence.record import Record, as_file
from drillrunner.judge import judge
from drillrunner.model.environment import Environment, FreezeWindow
from drillrunner.model.plan import Plan
from fabricated_run import fabricated_run

FILED = Filed(id="0001-7f3a", number=1, previous="0" * 64, made_wall="2026-11-21T14:00:00+00:00", files=())


def record_of(left: tuple[str, ...] = (), **environment: Any) -> Record:
    """The record of the made-up run, as if it had run in another environment."""
    plan, entries, readings = fabricated_run()
    elsewhere = Environment.model_validate({**plan.environment.model_dump(), **environment})
    placed: Plan = plan.model_copy(update={"environment": elsewhere})
    return compose(Run("7f3a", placed, entries, judge(placed, entries, readings), left), FILED, Given())


def test_the_lab_counts_as_a_rehearsal_and_says_so() -> None:
    record = record_of()
    assert (record.kind, record.simulated) == ("rehearsal", True)
    assert record.limitations[0].startswith("The AWS of this run was simulated")


def test_only_aws_itself_is_live() -> None:
    live = record_of(kind="aws", account="123456789012", topology=None)
    assert (live.kind, live.simulated, live.accounts) == ("live", False, ("123456789012",))
    assert not any("simulated" in words for words in live.limitations)
    endpoint = record_of(kind="aws", account="123456789012", endpoint_url="http://127.0.0.1:4566")
    assert (endpoint.kind, endpoint.simulated) == ("rehearsal", True)
    assert not is_live(Environment(name="x", kind="aws", regions=(), endpoint_url="http://127.0.0.1:4566"))


def test_each_change_is_told_with_its_calls_and_what_was_read_back() -> None:
    record = record_of()
    by_kind = {one.kind: one for one in record.injections}
    assert list(by_kind) == ["lambda.throttle", "route53.fail_health_check", "aurora.failover"]
    back = by_kind["route53.fail_health_check"].reverted[0]
    assert (back.call, back.outcome, back.holds) == ("route53:UpdateHealthCheck us-east-1", "done", True)
    assert record.own_records == ("orders: 1 stretch of its own records, put back",)
    assert not any(one.open for one in record.injections)


def test_steps_phases_and_findings_are_there() -> None:
    record = record_of()
    steps = [(step.section, step.number, step.by) for step in record.steps]
    assert steps == [("failover", 1, "automation"), ("failover", 2, "person"), ("failback", 1, "automation")]
    assert {"phase", "inject", "detect", "recover"} <= {event.what for event in record.timeline}
    assert record.timeline[0].at_seconds == 0.0
    assert (record.steady_before, record.steady_after) == (True, True)
    assert record.data_check.ledgers[0].probe == "orders"
    assert record.method.time_scale == 10.0


def test_freeze_windows_that_the_run_touched_are_told() -> None:
    def window(day: int, reason: str) -> FreezeWindow:
        begins, ends = datetime(2026, 11, day, tzinfo=UTC), datetime(2026, 11, day, 23, 59, tzinfo=UTC)
        return FreezeWindow(begins=begins, ends=ends, reason=reason)

    began = datetime.fromisoformat(record_of().began_wall)
    record = record_of(freeze=(window(began.day, "sale"), window(began.day + 1, "other")))
    assert (len(record.freeze.windows), record.freeze.touched) == (2, ("sale",))


def test_secrets_are_masked_in_the_record() -> None:
    plan, entries, readings = fabricated_run()
    spoiled = []
    for entry in entries:
        data = entry.data
        if entry.kind == "undo.recorded":
            change = data["change"]
            assert isinstance(change, dict)
            data = {**data, "change": {**change, "prior": {"MasterUserPassword": "hunter2"}}}
        spoiled.append(entry.model_copy(update={"data": data}))
    run = Run("7f3a", plan, spoiled, judge(plan, entries, readings))
    text = as_file(compose(run, FILED, Given())).decode()
    assert "hunter2" not in text
    assert "***" in text
