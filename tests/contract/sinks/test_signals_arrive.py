"""Signals over real sockets: what arrives, what becomes of receivers that fail, and that no secret is told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import anyio
import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from drillrunner.model.journal import Entry
from drillrunner.model.signal import GrafanaSpec, OtlpSpec, SignalSpec, WebhookSpec
from drillrunner.sinks.table import LOG, open_signals
from fabricated_run import fabricated_run
from made_up_verdict import verdict
from signal_receiver import Receiver, receiving

pytestmark = pytest.mark.anyio
_, ENTRIES, READINGS = fabricated_run()
SECRET = "s3cr3t"
KEY = {"TOKEN": SECRET}


@dataclass
class Told:
    warnings: list[str] = field(default_factory=list)
    log: str = ""
    seconds: float = 0.0


async def tell(
    folder: Path,
    *specs: SignalSpec,
    environ: Mapping[str, str] | None = None,
    past: Sequence[Entry] = (),
    entries: Sequence[Entry] = ENTRIES,
) -> Told:
    """A whole run told at once; `seconds` is what the telling took it."""
    told = Told()
    async with open_signals(specs, folder, environ=environ or {}, warn=told.warnings.append, past=past) as lanes:
        began = anyio.current_time()
        for entry in entries:
            lanes.entry(entry)
        for reading in READINGS[:200]:
            lanes.reading(reading)
        lanes.ended(verdict())
        told.seconds = anyio.current_time() - began
    told.log = (folder / LOG).read_text()
    return told


async def test_a_webhook_hears_of_a_run_as_cloudevents(tmp_path: Path) -> None:
    async with receiving(Receiver()) as receiver:
        spec = WebhookSpec(url=f"{receiver.url}/hook", token_env="TOKEN")
        told = await tell(tmp_path, spec, environ={"TOKEN": f"{SECRET}\n"})
    assert [one.json["type"].removeprefix("io.drillrunner.") for one in receiver.received] == [
        "run.began",
        "fault.applied",
        "fault.applied",
        "detected",
        "recovered",
        "reverted",
        "run.ended",
    ]
    first = receiver.received[0]
    assert (first.path, first.headers["Content-Type"]) == ("/hook", "application/cloudevents+json")
    assert first.headers["Authorization"] == f"Bearer {SECRET}"
    assert all({"specversion", "id", "source", "type"} <= set(one.json) for one in receiver.received)
    assert told.warnings == []
    assert f"webhook 127.0.0.1 (cloudevents): {len(ENTRIES) + 1} heard, 0 failed, 0 lost" in told.log


async def test_only_the_events_that_are_asked_for_are_told(tmp_path: Path) -> None:
    async with receiving(Receiver()) as receiver:
        await tell(tmp_path, WebhookSpec(url_env="HOOK", body="slack", on=("ended",)), environ={"HOOK": receiver.url})
    (ended,) = receiver.received
    assert ended.json["text"].startswith("drill regional-outage on lab: missed")


async def test_pagerduty_s_key_goes_into_the_body_alone(tmp_path: Path) -> None:
    async with receiving(Receiver(statuses=[202])) as receiver:
        spec = WebhookSpec(url=receiver.url, body="pagerduty", token_env="KEY", on=("began",))
        told = await tell(tmp_path, spec, environ={"KEY": SECRET})
    (began,) = receiver.received
    assert began.json["routing_key"] == SECRET
    assert "Authorization" not in began.headers
    assert told.warnings == []


async def test_a_busy_receiver_is_asked_once_more(tmp_path: Path) -> None:
    async with receiving(Receiver(statuses=[503, 200])) as receiver:
        told = await tell(tmp_path, WebhookSpec(url=receiver.url, on=("began",)))
    assert len(receiver.received) == 2
    assert told.warnings == []


async def test_a_receiver_that_answers_500_is_warned_of_once(tmp_path: Path) -> None:
    async with receiving(Receiver(statuses=[500])) as receiver:
        told = await tell(tmp_path, WebhookSpec(url=f"{receiver.url}/{SECRET}"))
    assert told.warnings == ["signals: webhook 127.0.0.1 (cloudevents): answered 500"]
    assert len(receiver.received) == 7
    assert SECRET not in told.log


async def test_a_redirect_is_not_followed_and_no_token_goes_with_it(tmp_path: Path) -> None:
    async with receiving(Receiver()) as elsewhere, receiving(Receiver([307], location=elsewhere.url)) as receiver:
        told = await tell(tmp_path, WebhookSpec(url=receiver.url, token_env="TOKEN", on=("began",)), environ=KEY)
    assert elsewhere.received == []
    assert told.warnings == ["signals: webhook 127.0.0.1 (cloudevents): answered 307"]


async def test_a_receiver_that_is_not_there_is_told_of_without_its_address(tmp_path: Path) -> None:
    async with receiving(Receiver()) as receiver:
        gone = receiver.url
    told = await tell(tmp_path, WebhookSpec(url=f"{gone}/{SECRET}", on=("began",)))
    (warning,) = told.warnings
    assert warning == "signals: webhook 127.0.0.1 (cloudevents): cannot be reached (Connection refused)"
    assert SECRET not in warning + told.log


async def test_a_receiver_that_hangs_costs_the_run_nothing(tmp_path: Path) -> None:
    async with receiving(Receiver(hangs=True)) as hanging, receiving(Receiver()) as other:
        hang, hear = WebhookSpec(url=hanging.url, on=("began",)), WebhookSpec(url=other.url)
        told = await tell(tmp_path, hang, hear)
    assert told.seconds < 2
    assert len(other.received) == 7
    assert len(hanging.received) == 1, "it may have heard, so it is not asked again"
    assert told.warnings == ["signals: webhook 127.0.0.1 (cloudevents): no answer within 4 s"]


async def test_a_variable_that_is_not_set_leaves_its_receiver_out(tmp_path: Path) -> None:
    specs = (WebhookSpec(url_env="HOOK"), GrafanaSpec(url="https://a.test", token_env="TOKEN"), OtlpSpec(url_env="AT"))
    told = await tell(tmp_path, *specs, environ={"AT": SECRET})
    assert told.warnings == [
        "signals: webhook: the environment variable HOOK is not set; nothing is sent to it",
        "signals: grafana: the environment variable TOKEN is not set; nothing is sent to it",
        "signals: otlp: AT holds no http or https address; nothing is sent to it",
    ]


async def test_a_sink_that_cannot_be_made_is_left_out_and_the_others_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_METRICS_EXEMPLAR_FILTER", "bogus")  # the SDK raises ValueError for it
    async with receiving(Receiver()) as receiver:
        told = await tell(tmp_path, OtlpSpec(url=receiver.url), WebhookSpec(url=receiver.url, on=("ended",)))
    assert told.warnings == ["signals: otlp: ValueError; nothing is sent to it"]
    assert len(receiver.received) == 1


async def test_a_login_in_a_netrc_is_not_sent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "netrc").write_text(f"machine 127.0.0.1 login somebody password {SECRET}\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    async with receiving(Receiver()) as receiver:
        plain = WebhookSpec(url=receiver.url, on=("began",))
        told = await tell(tmp_path, plain, WebhookSpec(url=receiver.url, token_env="TOKEN", on=("began",)), environ=KEY)
    assert told.warnings == []
    assert {one.headers.get("Authorization") for one in receiver.received} == {None, f"Bearer {SECRET}"}


async def test_the_proxy_that_the_environment_names_is_used_but_where_it_says_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with receiving(Receiver()) as proxy, receiving(Receiver()) as near:
        monkeypatch.setenv("http_proxy", proxy.url.replace("//", "//somebody:else@"))
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        far = WebhookSpec(url="http://hooks.example.test/drills", on=("began",))
        told = await tell(tmp_path, far, WebhookSpec(url=near.url, on=("began",)))
    assert told.warnings == []
    (one,) = proxy.received
    assert (one.headers["Host"], "Proxy-Authorization" in one.headers) == ("hooks.example.test", True)
    assert len(near.received) == 1


async def test_grafana_is_given_two_annotations_with_its_token(tmp_path: Path) -> None:
    async with receiving(Receiver()) as receiver:
        spec = GrafanaSpec(url=f"{receiver.url}/", token_env="TOKEN")
        await tell(tmp_path, spec, environ={"TOKEN": SECRET})
    assert [one.path for one in receiver.received] == ["/api/annotations"] * 2
    assert {one.headers["Authorization"] for one in receiver.received} == {f"Bearer {SECRET}"}
    assert all({"time", "timeEnd", "tags", "text"} <= set(one.json) for one in receiver.received)


async def test_a_collector_is_given_a_trace_below_the_parent_that_the_environment_names(tmp_path: Path) -> None:
    parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    async with receiving(Receiver()) as receiver:
        spec = OtlpSpec(url=receiver.url, token_env="KEY", token_header="x-api-key")
        told = await tell(tmp_path, spec, environ={"KEY": SECRET, "TRACEPARENT": parent})
    assert told.warnings == []
    (traces,) = [one for one in receiver.received if one.path == "/v1/traces"]
    assert (traces.headers["Content-Type"], traces.headers["x-api-key"]) == ("application/x-protobuf", SECRET)
    (resource,) = ExportTraceServiceRequest.FromString(traces.content).resource_spans
    spans = resource.scope_spans[0].spans
    root = next(span for span in spans if span.name == "drill.run")
    assert (root.trace_id.hex(), root.parent_span_id.hex()) == (parent[3:35], parent[36:52])
    assert {span.trace_id for span in spans} == {root.trace_id}
    by_id = {span.span_id: span for span in spans}
    call = next(span for span in spans if span.name == "lambda/PutFunctionConcurrency")
    assert by_id[call.parent_span_id].name == "phase inject"
    assert root.end_time_unix_nano - root.start_time_unix_nano == 210_500_000_000


async def test_a_collector_is_given_the_probes_metrics_and_the_rto(tmp_path: Path) -> None:
    async with receiving(Receiver()) as receiver:
        await tell(tmp_path, OtlpSpec(url=receiver.url))
    last = [one for one in receiver.received if one.path == "/v1/metrics"][-1]
    (resource,) = ExportMetricsServiceRequest.FromString(last.content).resource_metrics
    metrics = {metric.name: metric for metric in resource.scope_metrics[0].metrics}
    histogram = metrics["drillrunner.probe.duration"].histogram.data_points
    assert sum(point.count for point in histogram) == 200
    rto = metrics["drillrunner.rto.seconds"].gauge.data_points
    assert {point.as_double for point in rto} == {97.1, 98.7}
    assert {point.attributes[-1].value.string_value for point in rto} == {"low", "high"}
    assert {point.as_int for point in metrics["drillrunner.injected"].gauge.data_points} == {0}


async def test_a_revert_goes_on_in_the_trace_of_its_run(tmp_path: Path) -> None:
    async with receiving(Receiver()) as receiver:
        await tell(tmp_path, OtlpSpec(url=receiver.url), past=ENTRIES, entries=ENTRIES[-12:])
        await tell(tmp_path, OtlpSpec(url=receiver.url))
    revert, run = [
        ExportTraceServiceRequest.FromString(one.content).resource_spans[0].scope_spans[0].spans
        for one in receiver.received
        if one.path == "/v1/traces"
    ]
    root = next(span for span in run if span.name == "drill.run")
    joined = next(span for span in revert if span.name == "drill.revert")
    assert (joined.trace_id, joined.parent_span_id) == (root.trace_id, root.span_id)
    assert not {span.span_id for span in revert} & {span.span_id for span in run}


async def test_a_run_that_died_is_told_from_its_beginning_by_its_revert(tmp_path: Path) -> None:
    async with receiving(Receiver()) as receiver:
        await tell(tmp_path, OtlpSpec(url=receiver.url), past=ENTRIES[:40], entries=ENTRIES[40:])
    (traces,) = [one for one in receiver.received if one.path == "/v1/traces"]
    spans = ExportTraceServiceRequest.FromString(traces.content).resource_spans[0].scope_spans[0].spans
    assert {"drill.run", "phase preflight", "phase judged"} <= {span.name for span in spans}


async def test_a_step_summary_is_written_where_the_variable_says(tmp_path: Path) -> None:
    (tmp_path / "report.md").write_text("# Report\n")
    await tell(tmp_path, environ={"GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md")})
    assert (tmp_path / "summary.md").read_text() == "# Report\n"
