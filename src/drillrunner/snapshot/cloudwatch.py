"""CloudWatch: metric alarms of the kinds that the lab evaluates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from drillrunner.lab.topology import AlarmSpec
from drillrunner.model.call import AwsCall
from drillrunner.ports import Outside
from drillrunner.snapshot.notes import Note, Part, assumed, left_out
from drillrunner.snapshot.pages import read_pages

# What the lab publishes by itself; an alarm on anything else waits there for somebody to put data.
PUBLISHED = frozenset(
    {
        ("AWS/ApiGateway", "Count"),
        ("AWS/ApiGateway", "4XXError"),
        ("AWS/ApiGateway", "5XXError"),
        ("AWS/ApiGateway", "Latency"),
        ("AWS/DynamoDB", "ReplicationLatency"),
        ("AWS/Lambda", "Invocations"),
        ("AWS/Lambda", "Throttles"),
        ("AWS/RDS", "AuroraGlobalDBRPOLag"),
        ("AWS/RDS", "AuroraGlobalDBReplicationLag"),
        ("AWS/RDS", "ReplicaLag"),
        ("AWS/Route53", "HealthCheckStatus"),
    }
)
_STATISTICS = ("Average", "Sum", "Maximum", "Minimum", "SampleCount")


def calls(regions: Sequence[str]) -> list[AwsCall]:
    """The Calls that reading makes, for the list of permissions."""
    return [_describing(region) for region in regions]


async def read_alarms(outside: Outside, regions: Sequence[str]) -> Part[AlarmSpec]:
    """Every alarm of the regions that the lab can evaluate. Raises CallFailed, Refused."""
    alarms: list[AlarmSpec] = []
    notes: list[Note] = []
    for region in regions:
        path = "[{metric: MetricAlarms[], composite: CompositeAlarms[].AlarmName}]"
        for page in await read_pages(outside, _describing(region), path, {"NextToken": "NextToken"}):
            understood = [alarm(region, each) for each in page["metric"] or ()]
            alarms += [spec for spec, _ in understood if spec is not None]
            notes += [note for _, said in understood for note in said]
            why = "the lab has no composite alarms"
            notes += [left_out(f"alarm {name} in {region}", why) for name in page["composite"] or ()]
    return Part(tuple(alarms), tuple(notes))


def alarm(region: str, described: Mapping[str, Any]) -> tuple[AlarmSpec | None, list[Note]]:
    """A MetricAlarm as one of the lab, with what differs (botocore cloudwatch, MetricAlarm)."""
    who = f"alarm {described['AlarmName']} in {region}"
    if why := _not_ours(described):
        return None, [left_out(who, why)]
    spec = AlarmSpec(
        name=described["AlarmName"],
        region=region,
        namespace=described["Namespace"],
        metric=described["MetricName"],
        dimensions={each["Name"]: each["Value"] for each in described.get("Dimensions") or ()},
        statistic=described["Statistic"],
        comparison=described["ComparisonOperator"],
        threshold=described["Threshold"],
        period_seconds=described["Period"],
        evaluation_periods=described["EvaluationPeriods"],
        treat_missing_data=described.get("TreatMissingData") or "missing",
    )
    return spec, _differences(who, spec, described)


def _not_ours(described: Mapping[str, Any]) -> str | None:
    """Why the lab cannot evaluate it, or None where it can."""
    if described.get("Metrics"):
        return "it is on a metric math expression, which the lab does not compute"
    if described.get("ThresholdMetricId"):
        return "it is on an anomaly band, which the lab does not learn"
    if described.get("Statistic") not in _STATISTICS:
        statistic = described.get("ExtendedStatistic") or "a statistic that is not said"
        return f"it is on {statistic}, and alarms of the lab take {', '.join(_STATISTICS)}"
    return None


def _differences(who: str, spec: AlarmSpec, described: Mapping[str, Any]) -> list[Note]:
    notes = []
    wanted = described.get("DatapointsToAlarm")
    if wanted is not None and wanted != spec.evaluation_periods:
        why = f"all {spec.evaluation_periods} periods must breach in the lab, and {wanted} of them in AWS"
        notes.append(assumed(who, why))
    if (spec.namespace, spec.metric) not in PUBLISHED:
        notes.append(assumed(who, f"the lab publishes no {spec.namespace} {spec.metric}, so it has no data there"))
    if "HealthCheckId" in spec.dimensions:
        notes.append(
            assumed(who, "the health check that it watches has another id in the lab, so it has no data there")
        )
    return notes


def _describing(region: str) -> AwsCall:
    """Composite alarms are listed only to those who ask for them (botocore cloudwatch, DescribeAlarms)."""
    kinds = ["MetricAlarm", "CompositeAlarm"]
    return AwsCall(service="cloudwatch", operation="DescribeAlarms", region=region, params={"AlarmTypes": list(kinds)})
