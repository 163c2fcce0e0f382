"""Patches that join Metrics to moto's CloudWatch."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from moto.cloudwatch.exceptions import InvalidParameterValue, ValidationError
from moto.cloudwatch.models import CloudWatchBackend, MetricDatumBase
from moto.cloudwatch.responses import CloudWatchResponse
from moto.core.responses import ActionResult, EmptyResult

from drillrunner.lab.control import moto_patch
from drillrunner.lab.databases.cloudwatch.metrics import MetricKey, Metrics
from drillrunner.lab.databases.cloudwatch.statistics import Sample

Make = Callable[[Any], Any]


def install(metrics: Metrics) -> None:
    """Patch moto's CloudWatch for these metrics. Raises LabFailed when moto is not as expected."""
    moto_patch.replace(CloudWatchResponse, "put_metric_data", _putting(metrics))
    moto_patch.replace(CloudWatchResponse, "get_metric_statistics", _statistics(metrics))
    moto_patch.replace(CloudWatchResponse, "get_metric_data", _data(metrics))
    moto_patch.replace(CloudWatchBackend, "get_all_metrics", _listing(metrics))
    moto_patch.replace(CloudWatchBackend, "put_metric_alarm", _keeping_the_state)


def _putting(metrics: Metrics) -> Make:
    def put_metric_data(handler: Any) -> Any:
        namespace, data = handler._get_param("Namespace"), handler._get_param("MetricData", [])
        for number, datum in enumerate(data, start=1):
            handler.cloudwatch_backend._validate_parameters_put_metric_data(datum, number)
        for datum in data:
            moment = metrics.carried_over(datum["Timestamp"]) if datum.get("Timestamp") else metrics.now()
            dimensions = _dimensions(datum.get("Dimensions"))
            _add(metrics.sample(handler.region, namespace, datum["MetricName"], dimensions, moment), datum)
        return EmptyResult()

    return lambda original: put_metric_data


def _add(sample: Sample, datum: dict[str, Any]) -> None:
    """Add one MetricDatum of PutMetricData: a value, values with counts, or a statistic set."""
    sample.unit = datum.get("Unit") or sample.unit
    if values := datum.get("Values"):
        for value, times in zip(values, datum.get("Counts") or [1] * len(values), strict=True):
            sample.add(float(value), float(times))
    elif statistics := datum.get("StatisticValues"):
        names = ("SampleCount", "Sum", "Minimum", "Maximum")
        sample.add_set(*(float(statistics[name]) for name in names))
    else:
        sample.add(float(datum.get("Value", 0)))


def _statistics(metrics: Metrics) -> Make:
    def get_metric_statistics(handler: Any) -> Any:
        simple, extended = handler._get_param("Statistics", []), handler._get_param("ExtendedStatistics", [])
        if not simple and not extended:
            raise InvalidParameterValue("Must specify either Statistics or ExtendedStatistics")
        start, end = handler._get_param("StartTime"), handler._get_param("EndTime")
        if start >= end:
            raise InvalidParameterValue("The parameter StartTime must be less than the parameter EndTime.")
        name = handler._get_param("MetricName")
        dimensions = _dimensions(handler._get_param("Dimensions", []))
        key = MetricKey(handler.region, handler._get_param("Namespace"), name, frozenset(dimensions.items()))
        found = _between(metrics, key, start, end, handler._get_int_param("Period"))
        points = [_datapoint(moment, sample, simple, extended) for moment, sample in found]
        return ActionResult({"Label": name, "Datapoints": points})

    return lambda original: get_metric_statistics


def _datapoint(moment: datetime, sample: Sample, simple: list[str], extended: list[str]) -> dict[str, Any]:
    point: dict[str, Any] = {"Timestamp": moment, "Unit": sample.unit or "None"}
    point.update({name: _statistic(sample, name) for name in simple})
    percentiles = {name: _statistic(sample, name) for name in extended}
    known = {name: value for name, value in percentiles.items() if value is not None}
    return {**point, "ExtendedStatistics": known} if known else point


def _data(metrics: Metrics) -> Make:
    def make(original: Any) -> Any:
        def get_metric_data(handler: Any) -> Any:
            params = handler._get_params()
            queries = params.get("MetricDataQueries", [])
            if not all("MetricStat" in query for query in queries):
                raise ValidationError("The lab computes MetricStat queries only, no expressions.")
            if params["StartTime"] >= params["EndTime"]:
                raise ValidationError("The parameter EndTime must be greater than StartTime.")
            newest_first = (params.get("ScanBy") or "TimestampDescending") == "TimestampDescending"
            wanted = [query for query in queries if query.get("ReturnData", True)]
            results = [_result(metrics, handler.region, query, params, newest_first) for query in wanted]
            return ActionResult({"MetricDataResults": results})

        return get_metric_data

    return make


def _result(
    metrics: Metrics, region: str, query: dict[str, Any], params: dict[str, Any], newest_first: bool
) -> dict[str, Any]:
    """One MetricDataResult (botocore cloudwatch)."""
    wanted = query["MetricStat"]
    metric = wanted["Metric"]
    dimensions = _dimensions(metric.get("Dimensions"))
    key = MetricKey(region, metric["Namespace"], metric["MetricName"], frozenset(dimensions.items()))
    found = _between(metrics, key, params["StartTime"], params["EndTime"], int(wanted["Period"]))
    points = [(moment, _statistic(sample, wanted["Stat"])) for moment, sample in found]
    points = [point for point in points if point[1] is not None]
    if newest_first:
        points.reverse()
    return {
        "Id": query["Id"],
        "Label": query.get("Label") or metric["MetricName"],
        "Timestamps": [moment for moment, _ in points],
        "Values": [value for _, value in points],
        "StatusCode": "Complete",
    }


def _statistic(sample: Sample, name: str) -> float | None:
    try:
        return sample.statistic(name)
    except ValueError as error:
        raise InvalidParameterValue(f"The value {name} for parameter Stat is not supported.") from error


def _between(
    metrics: Metrics, key: MetricKey, start: datetime, end: datetime, period: int
) -> list[tuple[datetime, Sample]]:
    return metrics.periods(key, metrics.carried_over(start), metrics.carried_over(end), period)


def _listing(metrics: Metrics) -> Make:
    """ListMetrics shows what the world's metrics hold, once each."""

    def make(original: Any) -> Any:
        def get_all_metrics(backend: Any) -> Any:
            ours = [
                MetricDatumBase(
                    key.namespace,
                    key.name,
                    [{"Name": name, "Value": value} for name, value in sorted(key.dimensions)],
                    None,
                )
                for key in metrics.keys(backend.region_name)
            ]
            return [*original(backend), *ours]

        return get_all_metrics

    return make


def _keeping_the_state(original: Any) -> Any:
    """A new alarm has INSUFFICIENT_DATA until it is evaluated; one that is put again keeps its state."""

    def put_metric_alarm(backend: Any, name: str, *args: Any, **kwargs: Any) -> Any:
        before = backend.alarms.get(name)
        alarm = original(backend, name, *args, **kwargs)
        alarm.state_value = before.state_value if before is not None else "INSUFFICIENT_DATA"
        return alarm

    return put_metric_alarm


def _dimensions(given: list[dict[str, Any]] | None) -> dict[str, str]:
    return {each["Name"]: each["Value"] for each in given or []}
