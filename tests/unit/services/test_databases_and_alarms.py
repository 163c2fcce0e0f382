from __future__ import annotations

from typing import Any

import jmespath
import pytest
from pydantic import ValidationError

from drillrunner.clock import run_virtual
from drillrunner.errors import FaultInEffect, InvalidInput, Refused
from drillrunner.model.call import AwsCall, Change
from drillrunner.model.noun import JsonValue
from drillrunner.model.reading import Answer
from drillrunner.services import aurora, cloudwatch, rds
from fake_outside import FakeCaller, fake_outside, refusal

US = "arn:aws:rds:us-east-1:123456789012:cluster:ledger-us"
EU = "arn:aws:rds:eu-west-1:123456789012:cluster:ledger-eu"


def described(writer: str | None, status: str = "available", resyncing: str | None = None) -> dict[str, Any]:
    members = [
        {
            "DBClusterArn": arn,
            "IsWriter": arn == writer,
            "SynchronizationStatus": "pending-resync" if arn == resyncing else "connected",
        }
        for arn in (US, EU)
    ]
    cluster = {"GlobalClusterIdentifier": "ledger", "Status": status, "GlobalClusterMembers": members}
    return {"GlobalClusters": [cluster]}


def moved(step: str, to: str, answer: JsonValue | Exception) -> Change:
    async def main() -> list[Change]:
        outside = fake_outside(FakeCaller({"rds:DescribeGlobalClusters": answer}))
        if step == "failover":
            failing = aurora.FailoverParams.model_validate(
                {"global_cluster": "ledger", "to": to, "allow_data_loss": True}
            )
            return list(await aurora.failover(failing, outside))
        switching = aurora.SwitchoverParams.model_validate({"global_cluster": "ledger", "to": to})
        return list(await aurora.switchover(switching, outside))

    (change,) = run_virtual(main)
    assert isinstance(change, Change)
    return change


def last(calls: tuple[Any, ...]) -> AwsCall:
    call = calls[-1]
    assert isinstance(call, AwsCall)
    return call


def test_a_failover_is_asked_of_the_surviving_region_and_allows_the_loss() -> None:
    apply = last(moved("failover", "eu-west-1", described(US)).apply)
    assert (apply.operation, apply.region) == ("FailoverGlobalCluster", "eu-west-1")
    assert apply.params == {
        "GlobalClusterIdentifier": "ledger",
        "TargetDbClusterIdentifier": EU,
        "AllowDataLoss": True,
    }
    assert apply.skip_if_held is True


def test_a_failover_is_put_back_by_a_switchover_once_every_cluster_is_connected() -> None:
    waiting, back = moved("failover", "eu-west-1", described(US)).revert
    assert isinstance(back, AwsCall)
    assert (back.operation, back.params["TargetDbClusterIdentifier"]) == ("SwitchoverGlobalCluster", US)
    assert waiting.read_back is not None
    holds = [
        jmespath.search(waiting.read_back.path, answer) == waiting.read_back.expected
        for answer in (described(EU), described(EU, resyncing=US), described(EU, status="failing-over"))
    ]
    assert holds == [True, False, False]


def test_the_read_back_holds_when_the_wanted_cluster_writes_and_all_is_available() -> None:
    read_back = last(moved("failover", "eu-west-1", described(US)).apply).read_back
    assert read_back is not None
    answers: tuple[Any, ...] = (
        described(EU),
        described(US),
        described(EU, status="failing-over"),
        {"GlobalClusters": []},
    )
    assert [jmespath.search(read_back.path, answer) == read_back.expected for answer in answers] == [
        True,
        False,
        False,
        False,
    ]


def test_a_failback_that_is_planned_before_the_failover_still_makes_its_call() -> None:
    change = moved("switchover", "us-east-1", described(US))
    assert last(change.apply).params["TargetDbClusterIdentifier"] == US
    assert last(change.apply).skip_if_held is True
    assert last(change.revert).params["TargetDbClusterIdentifier"] == US


def test_the_failovers_undo_covers_the_failbacks_so_that_nothing_is_moved_twice() -> None:
    over = moved("failover", "eu-west-1", described(US))
    back = moved("switchover", "us-east-1", described(EU))
    looked_at = [
        [(call.read_back.read, call.read_back.path) for call in change.revert if call.read_back]
        for change in (over, back)
    ]
    assert over.target == back.target
    assert looked_at[0] == looked_at[1]


@pytest.mark.parametrize("answer", [refusal("GlobalClusterNotFoundFault"), {"GlobalClusters": []}])
def test_an_unknown_global_database_is_refused(answer: JsonValue | Exception) -> None:
    with pytest.raises(InvalidInput, match="no Aurora global database ledger"):
        moved("failover", "eu-west-1", answer)


def test_a_region_without_a_cluster_is_refused_and_those_with_one_are_named() -> None:
    with pytest.raises(InvalidInput) as caught:
        moved("switchover", "eu-central-1", described(US))
    assert caught.value.advice == "its clusters are in eu-west-1, us-east-1"


def test_a_global_database_without_a_writer_is_refused() -> None:
    with pytest.raises(Refused, match="0 writers"):
        moved("failover", "eu-west-1", described(None))


def test_a_failover_that_may_lose_nothing_is_told_to_be_a_switchover() -> None:
    with pytest.raises(ValidationError, match=r"use aurora\.switchover"):
        aurora.FailoverParams.model_validate({"global_cluster": "ledger", "to": "eu-west-1", "allow_data_loss": False})


def instance(status: str = "available", **more: JsonValue) -> JsonValue:
    return {"DBInstances": [{"DBInstanceIdentifier": "orders", "DBInstanceStatus": status, **more}]}


def rds_change(kind: str, answer: JsonValue | Exception) -> Change:
    async def main() -> list[Change]:
        params = rds.InstanceParams(region="us-east-1", instance="orders")
        capture = rds.stop_instance if kind == "stop" else rds.promote_read_replica
        return list(await capture(params, fake_outside(FakeCaller({"rds:DescribeDBInstances": answer}))))

    (change,) = run_virtual(main)
    assert isinstance(change, Change)
    return change


def test_a_stopped_instance_is_started_again_and_neither_call_is_repeated() -> None:
    change = rds_change("stop", instance())
    assert [last(change.apply).operation, last(change.revert).operation] == ["StopDBInstance", "StartDBInstance"]
    assert last(change.apply).skip_if_held is last(change.revert).skip_if_held is True
    read_back = last(change.apply).read_back
    assert read_back is not None
    states = ["available", "stopping", "stopped"]
    assert [jmespath.search(read_back.path, instance(state)) for state in states] == [False, True, True]


def test_stopping_an_instance_with_a_replica_carries_a_warning() -> None:
    note = rds_change("stop", instance(ReadReplicaDBInstanceIdentifiers=["orders-eu"])).note
    assert note == "it has a read replica: RDS may refuse to stop it (user guide, USER_StopInstance)"


@pytest.mark.parametrize("state", ["stopped", "stopping"])
def test_an_instance_that_somebody_else_stopped_is_refused(state: str) -> None:
    with pytest.raises(FaultInEffect, match=f"{state} already"):
        rds_change("stop", instance(state))


def test_an_instance_that_is_not_available_or_is_auroras_is_not_stopped() -> None:
    with pytest.raises(Refused, match="modifying, not available"):
        rds_change("stop", instance("modifying"))
    with pytest.raises(Refused, match="belongs to the cluster ledger"):
        rds_change("stop", instance(DBClusterIdentifier="ledger"))


def test_an_unknown_instance_is_refused() -> None:
    with pytest.raises(InvalidInput, match="no DB instance orders in us-east-1"):
        rds_change("stop", refusal("DBInstanceNotFound"))


def test_a_promotion_is_irreversible_and_seen_when_the_link_is_gone() -> None:
    change = rds_change("promote", instance(ReadReplicaSourceDBInstanceIdentifier="orders-us"))
    assert change.irreversible is True
    assert change.revert == ()
    read_back = last(change.apply).read_back
    assert read_back is not None
    assert jmespath.search(read_back.path, instance()) == read_back.expected
    linked = instance(ReadReplicaSourceDBInstanceIdentifier="orders-us")
    assert jmespath.search(read_back.path, linked) != read_back.expected


def test_an_instance_that_is_no_replica_or_is_backing_up_is_not_promoted() -> None:
    with pytest.raises(Refused, match="not a read replica"):
        rds_change("promote", instance())
    with pytest.raises(Refused, match="backing-up, not available"):
        rds_change("promote", instance("backing-up", ReadReplicaSourceDBInstanceIdentifier="orders-us"))


METRIC = {
    "region": "us-east-1",
    "namespace": "AWS/Lambda",
    "name": "Errors",
    "dimensions": {"FunctionName": "checkout"},
    "statistic": "Sum",
}


def measured(values: list[float]) -> tuple[Answer, AwsCall]:
    async def main() -> tuple[Answer, AwsCall]:
        caller = FakeCaller({"cloudwatch:GetMetricData": {"MetricDataResults": [{"Id": "m", "Values": list(values)}]}})
        params = cloudwatch.MetricParams.model_validate({**METRIC, "expect": {"max": 5}})
        answer = await cloudwatch.MetricProbe(params).poll(fake_outside(caller), 1, 5.0)
        (call,) = caller.calls
        assert isinstance(call, AwsCall)
        return answer, call

    found: tuple[Answer, AwsCall] = run_virtual(main)
    return found


def test_a_metric_without_datapoints_is_unknown_and_never_zero() -> None:
    assert measured([])[0] == Answer(ok=None, why="no datapoints")


def test_the_newest_datapoint_is_held_against_the_range() -> None:
    assert measured([5.0, 99.0])[0] == Answer(ok=True, value=5.0)
    assert measured([6.0, 0.0])[0] == Answer(ok=False, value=6.0, why="above 5")


def test_only_periods_that_are_over_are_asked_for() -> None:
    params = measured([1.0])[1].params
    assert params["EndTime"] == "2025-12-31T23:59:00+00:00"  # the clock says midnight; a period is one minute
    assert params["StartTime"] == "2025-12-31T23:54:00+00:00"


@pytest.mark.parametrize(
    "wrong", [{"expect": {}}, {"expect": {"min": 2, "max": 1}}, {"period": "45s"}, {"statistic": "p"}]
)
def test_a_metric_that_could_not_be_judged_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        cloudwatch.MetricParams.model_validate({**METRIC, "expect": {"max": 5}, **wrong})


def alarm(answer: JsonValue | Exception) -> Answer:
    async def main() -> Answer:
        params = cloudwatch.AlarmParams(region="us-east-1", name="checkout-5xx")
        outside = fake_outside(FakeCaller({"cloudwatch:DescribeAlarms": answer}))
        return await cloudwatch.AlarmCondition(params).poll(outside, 1, 5.0)

    found: Answer = run_virtual(main)
    return found


@pytest.mark.parametrize(
    ("state", "answer"),
    [
        ("OK", Answer(ok=True)),
        ("ALARM", Answer(ok=False, why="ALARM")),
        ("INSUFFICIENT_DATA", Answer(ok=None, why="INSUFFICIENT_DATA")),
    ],
)
def test_an_alarm_stops_a_run_only_while_it_is_in_alarm(state: str, answer: Answer) -> None:
    shown: JsonValue = [
        {"AlarmName": "other", "StateValue": "ALARM"},
        {"AlarmName": "checkout-5xx", "StateValue": state},
    ]
    assert alarm({"MetricAlarms": shown, "CompositeAlarms": []}) == answer
    assert alarm({"CompositeAlarms": shown}) == answer


def test_an_alarm_that_is_missing_or_unreadable_is_unknown() -> None:
    assert alarm({"MetricAlarms": [], "CompositeAlarms": []}) == Answer(ok=None, why="no such alarm")
    assert alarm(refusal("Throttling")) == Answer(ok=None, why="Throttling")
