"""CloudWatch's metrics and alarms through boto3."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from database_lab import Lab

REGION = "us-east-1"


def span() -> dict[str, datetime]:
    now = datetime.now(UTC)
    return {"StartTime": now - timedelta(minutes=10), "EndTime": now + timedelta(minutes=1)}


def query(name: str, stat: str, namespace: str = "Shop", **dimensions: str) -> dict[str, Any]:
    metric = {
        "Namespace": namespace,
        "MetricName": name,
        "Dimensions": [{"Name": key, "Value": value} for key, value in dimensions.items()],
    }
    return {"Id": "m", "MetricStat": {"Metric": metric, "Period": 86_400, "Stat": stat}}


def values(lab: Lab, *arguments: str, **dimensions: str) -> list[float]:
    answer = lab.client("cloudwatch", REGION).get_metric_data(
        MetricDataQueries=[query(*arguments, **dimensions)], **span()
    )
    return [float(value) for value in answer["MetricDataResults"][0]["Values"]]


def test_percentiles_are_right_in_both_ways_of_asking(lab: Lab) -> None:
    client = lab.client("cloudwatch", REGION)
    data = [{"MetricName": "Latency", "Values": [float(number) for number in range(1, 101)]}]
    client.put_metric_data(Namespace="Shop", MetricData=data)
    assert values(lab, "Latency", "p95") == pytest.approx([95.05])
    assert values(lab, "Latency", "p50") == pytest.approx([50.5])
    assert values(lab, "Latency", "Average") == pytest.approx([50.5])
    points = client.get_metric_statistics(
        Namespace="Shop",
        MetricName="Latency",
        Period=86_400,
        Statistics=["Maximum", "SampleCount"],
        ExtendedStatistics=["p99"],
        **span(),
    )["Datapoints"]
    assert points[0]["Maximum"] == 100.0
    assert points[0]["SampleCount"] == 100.0
    assert points[0]["ExtendedStatistics"]["p99"] == pytest.approx(99.01)


def test_counts_and_statistic_sets_are_counted(lab: Lab) -> None:
    client = lab.client("cloudwatch", REGION)
    client.put_metric_data(
        Namespace="Shop", MetricData=[{"MetricName": "Counted", "Values": [1.0, 9.0], "Counts": [3.0, 1.0]}]
    )
    assert values(lab, "Counted", "Sum") == [12.0]
    sets = {"SampleCount": 4.0, "Sum": 20.0, "Minimum": 2.0, "Maximum": 8.0}
    client.put_metric_data(Namespace="Shop", MetricData=[{"MetricName": "Sets", "StatisticValues": sets}])
    assert values(lab, "Sets", "Average") == [5.0]
    assert values(lab, "Sets", "p95") == []


def test_metrics_with_other_dimensions_or_namespaces_are_other_metrics(lab: Lab) -> None:
    lab.databases.record(REGION, "AWS/Route53", "HealthCheckStatus", {"HealthCheckId": "one"}, 1.0)
    lab.databases.record(REGION, "AWS/Route53", "HealthCheckStatus", {"HealthCheckId": "two"}, 0.0)
    assert values(lab, "HealthCheckStatus", "Minimum", "AWS/Route53", HealthCheckId="one") == [1.0]
    assert values(lab, "HealthCheckStatus", "Minimum", "AWS/Route53", HealthCheckId="two") == [0.0]
    assert values(lab, "HealthCheckStatus", "Minimum", "Other", HealthCheckId="one") == []
    assert values(lab, "HealthCheckStatus", "Minimum", "AWS/Route53") == []
    listed = lab.client("cloudwatch", REGION).list_metrics(Namespace="AWS/Route53")["Metrics"]
    assert sorted(metric["Dimensions"][0]["Value"] for metric in listed) == ["one", "two"]


def test_an_expression_is_refused_rather_than_answered_with_nothing(lab: Lab) -> None:
    with pytest.raises(ClientError) as refused:
        lab.client("cloudwatch", REGION).get_metric_data(
            MetricDataQueries=[{"Id": "e", "Expression": "m1 + m2"}], **span()
        )
    assert refused.value.response["Error"]["Code"] == "ValidationError"


def test_an_alarm_evaluates_and_overrules_a_state_that_was_set(lab: Lab) -> None:
    client = lab.client("cloudwatch", REGION)
    client.put_metric_alarm(
        AlarmName="errors",
        Namespace="Shop",
        MetricName="Errors",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=5.0,
        ComparisonOperator="GreaterThanThreshold",
        TreatMissingData="notBreaching",
    )

    def state() -> str:
        (alarm,) = client.describe_alarms(AlarmNames=["errors"])["MetricAlarms"]
        return str(alarm["StateValue"])

    assert state() == "INSUFFICIENT_DATA"
    lab.until(lambda: state() == "OK", "it was evaluated")
    lab.databases.record(REGION, "Shop", "Errors", {}, 6.0)
    lab.until(lambda: state() == "ALARM", "the errors were seen")
    lab.until(lambda: state() == "OK", "the errors are past")
    client.set_alarm_state(AlarmName="errors", StateValue="ALARM", StateReason="by hand")
    lab.until(lambda: state() == "OK", "the next evaluation")
