from __future__ import annotations

from collections.abc import Mapping, Sequence

from drillrunner.clock import run_virtual
from drillrunner.lab.topology import Latency
from drillrunner.model.call import AwsCall, Call
from drillrunner.model.noun import JsonValue
from drillrunner.snapshot.metrics import QUERIES_AT_ONCE, Metric, measured
from fake_outside import FakeCaller, fake_outside

LAG = Metric("eu-west-1", "AWS/RDS", "AuroraGlobalDBReplicationLag", (("DBClusterIdentifier", "ledger"),))
REPLICA_LAG = Metric("eu-west-1", "AWS/RDS", "ReplicaLag", (("DBInstanceIdentifier", "r"),), milliseconds=1000.0)


def answering(values: Mapping[str, Sequence[float]]) -> FakeCaller:
    """Answers each query by its id, `p50_0` and so on."""

    def data(call: Call) -> JsonValue:
        assert isinstance(call, AwsCall)
        queries = call.params["MetricDataQueries"]
        assert isinstance(queries, list)
        ids = [query["Id"] for query in queries if isinstance(query, dict)]
        return {"MetricDataResults": [{"Id": each, "Values": list(values.get(str(each), ()))} for each in ids]}

    return FakeCaller({"cloudwatch:GetMetricData": data})


def latencies(caller: FakeCaller, *metrics: Metric) -> dict[Metric, Latency]:
    told: dict[Metric, Latency] = run_virtual(lambda: measured(metrics, fake_outside(caller)))
    return told


def test_a_lag_is_the_median_hours_median_and_the_worst_hours_tail() -> None:
    caller = answering({"p50_0": [300.0, 900.0, 400.0], "p99_0": [1100.0, 5000.0, 1200.0]})
    assert latencies(caller, LAG) == {LAG: Latency(median_ms=400.0, p99_ms=5000.0)}


def test_the_last_day_is_asked_for_by_the_hour() -> None:
    caller = answering({})
    latencies(caller, LAG)
    (call,) = caller.calls
    assert isinstance(call, AwsCall)
    assert (call.region, call.params["StartTime"], call.params["EndTime"]) == (
        "eu-west-1",
        "2025-12-31T00:00:00+00:00",
        "2026-01-01T00:00:00+00:00",
    )
    assert str(call.params["MetricDataQueries"]).count("'Period': 3600") == 2


def test_a_metric_without_data_has_no_lag() -> None:
    assert latencies(answering({}), LAG) == {}


def test_an_idle_replica_and_one_that_does_not_replicate_tell_no_lag() -> None:
    assert latencies(answering({"p50_0": [0.0, 0.0], "p99_0": [0.0, 0.0]}), LAG) == {}
    assert latencies(answering({"p50_0": [-1.0], "p99_0": [-1.0]}), REPLICA_LAG) == {}


def test_a_median_of_zero_seconds_is_somewhere_below_one() -> None:
    caller = answering({"p50_0": [0.0, 0.0], "p99_0": [0.0, 3.0]})
    assert latencies(caller, REPLICA_LAG) == {REPLICA_LAG: Latency(median_ms=500.0, p99_ms=3000.0)}


def test_many_metrics_are_asked_for_in_batches_of_each_region() -> None:
    metrics = [Metric("us-east-1", "AWS/Lambda", "Duration", (("FunctionName", str(n)),)) for n in range(600)]
    caller = answering({"p50_0": [10.0], "p99_0": [20.0]})
    told = latencies(caller, *metrics, LAG)
    assert [call.region for call in caller.calls if isinstance(call, AwsCall)] == ["us-east-1"] * 3 + ["eu-west-1"]
    assert isinstance(caller.calls[0], AwsCall)
    queries = caller.calls[0].params["MetricDataQueries"]
    assert isinstance(queries, list)
    assert len(queries) == QUERIES_AT_ONCE
    assert list(told) == [metrics[0], metrics[250], metrics[500], LAG]
