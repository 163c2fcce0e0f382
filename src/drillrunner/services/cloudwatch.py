"""Amazon CloudWatch: a metric as a probe, an alarm as a stop condition.

No data is not zero: a metric without datapoints, an alarm in INSUFFICIENT_DATA and one that does not
exist are unknown (botocore cloudwatch: GetMetricData, DescribeAlarms).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from drillrunner.model.call import AwsCall, Call
from drillrunner.model.duration import DURATION_PATTERN, parse_duration
from drillrunner.model.noun import JsonValue
from drillrunner.model.reading import Answer
from drillrunner.model.region import Region
from drillrunner.ports import Outside
from drillrunner.registry import Params, condition, probe
from drillrunner.services.aws_reading import bounded, found, literal

# The newest datapoint counts while it is among the last periods, or this young: services publish late.
FRESH_PERIODS = 3
FRESH_SECONDS = 300.0


def _metric_period(text: str) -> str:
    """botocore MetricStat: 1, 5, 10, 20, 30 or any multiple of 60 seconds."""
    seconds = parse_duration(text)
    if seconds not in {1.0, 5.0, 10.0, 20.0, 30.0} and (seconds < 60 or seconds % 60):
        raise ValueError(f'"{text}" is no period of a metric: 1s, 5s, 10s, 20s, 30s or whole minutes')
    return text


class MetricExpect(Params):
    """The range in which a good value lies; at least one end."""

    min: float | None = Field(default=None, allow_inf_nan=False, description="the least good value")
    max: float | None = Field(default=None, allow_inf_nan=False, description="the greatest good value")

    @model_validator(mode="after")
    def _some_range(self) -> Self:
        if self.min is None and self.max is None:
            raise ValueError("expect needs min, max or both")
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError("min is greater than max")
        return self

    def why_not(self, value: float) -> str | None:
        """Why the value is not good, or None where it is."""
        if self.min is not None and value < self.min:
            return f"below {self.min:g}"
        if self.max is not None and value > self.max:
            return f"above {self.max:g}"
        return None


class MetricParams(Params):
    """What cloudwatch.metric takes."""

    region: Region = Field(description="the region that holds the metric")
    namespace: str = Field(pattern=r"^[^:].*$", max_length=255, description="such as AWS/Lambda")
    name: str = Field(min_length=1, max_length=255, description="the metric's name")
    dimensions: dict[str, str] = Field(default_factory=dict, max_length=30, description="all of its dimensions")
    statistic: str = Field(
        default="Average",
        pattern=r"^(Average|Sum|Minimum|Maximum|SampleCount|p\d{1,2}(\.\d{1,10})?|p100)$",
        description="Average, Sum, Minimum, Maximum, SampleCount or a percentile such as p95",
    )
    period: Annotated[str, AfterValidator(_metric_period)] = Field(
        default="1m", description="the period", json_schema_extra={"pattern": f"^{DURATION_PATTERN}$"}
    )
    expect: MetricExpect = Field(description="the range in which a good value lies")


@probe("cloudwatch.metric", params=MetricParams)
class MetricProbe:
    """Read the newest datapoint of a metric and hold it against a range.

    Only whole periods count: the one that is still filling would show too little. Without a datapoint
    in the last three periods (and at least five minutes) the answer is unknown, never 0. Its value is
    the datapoint, in the metric's own unit.
    """

    def __init__(self, params: MetricParams) -> None:
        self._params = params
        self._period_seconds = parse_duration(params.period)

    def calls(self) -> Sequence[Call]:
        return (self._asking(datetime(2026, 1, 1, tzinfo=UTC), 1.0),)

    async def poll(self, outside: Outside, seq: int, timeout_seconds: float) -> Answer:
        return await bounded(outside, timeout_seconds, self._newest(outside, timeout_seconds))

    async def _newest(self, outside: Outside, timeout_seconds: float) -> Answer:
        answer = await outside.ask(
            self._asking(outside.clock.wall(), outside.clock.real(1.0)), timeout_seconds=timeout_seconds
        )
        values: list[float] = found(answer, "MetricDataResults[0].Values") or []
        if not values:
            return Answer(ok=None, why="no datapoints")
        why = self._params.expect.why_not(values[0])
        return Answer(ok=why is None, value=values[0], why=why)

    def _asking(self, now: datetime, real_seconds: float) -> AwsCall:
        """A period that began before `end` is over by now. A drill second takes so many real ones."""
        end = now - timedelta(seconds=self._period_seconds * real_seconds)
        start = end - timedelta(seconds=max(FRESH_PERIODS * self._period_seconds, FRESH_SECONDS) * real_seconds)
        return AwsCall(
            service="cloudwatch",
            operation="GetMetricData",
            region=self._params.region,
            params={
                "MetricDataQueries": [{"Id": "m", "MetricStat": self._statistic()}],
                "StartTime": start.isoformat(),
                "EndTime": end.isoformat(),
                "ScanBy": "TimestampDescending",
            },
        )

    def _statistic(self) -> JsonValue:
        dimensions: JsonValue = [
            {"Name": name, "Value": value} for name, value in sorted(self._params.dimensions.items())
        ]
        metric: JsonValue = {
            "Namespace": self._params.namespace,
            "MetricName": self._params.name,
            "Dimensions": dimensions,
        }
        return {"Metric": metric, "Period": int(self._period_seconds), "Stat": self._params.statistic}


class AlarmParams(Params):
    """What cloudwatch.alarm takes."""

    region: Region = Field(description="the alarm's region")
    name: str = Field(min_length=1, max_length=255, description="the name of a metric or composite alarm")


@condition("cloudwatch.alarm", params=AlarmParams)
class AlarmCondition:
    """Stop while a CloudWatch alarm is in ALARM.

    INSUFFICIENT_DATA, an alarm that is not there and one that cannot be read are unknown: they do not
    stop a run, and they do not count as well either.
    """

    def __init__(self, params: AlarmParams) -> None:
        self._params = params

    def calls(self) -> Sequence[Call]:
        return (self._asking(),)

    async def poll(self, outside: Outside, seq: int, timeout_seconds: float) -> Answer:
        return await bounded(outside, timeout_seconds, self._state(outside, timeout_seconds))

    async def _state(self, outside: Outside, timeout_seconds: float) -> Answer:
        answer = await outside.ask(self._asking(), timeout_seconds=timeout_seconds)
        path = f"[MetricAlarms, CompositeAlarms][] | [?AlarmName == {literal(self._params.name)}] | [0].StateValue"
        return alarm_answer(found(answer, path))

    def _asking(self) -> AwsCall:
        return AwsCall(
            service="cloudwatch",
            operation="DescribeAlarms",
            region=self._params.region,
            params={"AlarmNames": [self._params.name], "AlarmTypes": ["MetricAlarm", "CompositeAlarm"]},
        )


def alarm_answer(state: str | None) -> Answer:
    """The condition's Answer for a StateValue; None where there is no such alarm."""
    if state is None:
        return Answer(ok=None, why="no such alarm")
    if state == "OK":
        return Answer(ok=True)
    return Answer(ok=False if state == "ALARM" else None, why=state)
