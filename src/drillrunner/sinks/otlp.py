"""The sink `otlp`: a trace of the run and metrics of its probes, to a collector of OpenTelemetry.

The SDK makes spans and metrics, and the protocol's own encoder the bytes; they are posted as every other signal is, so
that no exporter's thread or retry outlives a time-out. (opentelemetry.io, "OTLP Specification": OTLP/HTTP)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import anyio
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.common.metrics_encoder import encode_metrics
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.resources import SERVICE_NAME, SERVICE_VERSION, Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.id_generator import IdGenerator
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from opentelemetry.trace import NonRecordingSpan, SpanContext, SpanKind, Status, StatusCode, TraceFlags

from drillrunner import __version__
from drillrunner.errors import CallFailed
from drillrunner.model.journal import Entry
from drillrunner.model.reading import Reading
from drillrunner.model.signal import OtlpSpec
from drillrunner.model.verdict import Verdict
from drillrunner.sinks.known_run import KnownRun, Subject
from drillrunner.sinks.outcome import rto_of
from drillrunner.sinks.post import Post, Request, host_of
from drillrunner.sinks.sink import Sink
from drillrunner.sinks.trace import Parent, Piece, pieces_of, span_id_of, trace_id_of

EXPORT_REAL_SECONDS = 10.0
_PROTOBUF = "application/x-protobuf"


class Otlp(Sink):
    """Metrics go out every few seconds while the run lasts, the trace when it has ended."""

    wants_readings = True

    def __init__(self, spec: OtlpSpec, url: str, token: str | None, post: Post, parent: Parent | None = None) -> None:
        super().__init__(f"otlp {host_of(url)}")
        self._root, self._post, self._parent = url.rstrip("/"), post, parent
        self._headers = _headers(spec, token)
        self._run = KnownRun()
        self._entries: list[Entry] = []
        self._goes_on = False
        self._figures = Figures()
        self._due = 0.0

    def recall(self, entries: Sequence[Entry]) -> None:
        """A run whose end was told already goes on in a span of its own; one that died is told from its beginning."""
        self._run = self._run.with_entries(entries)
        self._figures.injected.recall(entries, self._run)
        self._goes_on = any(entry.kind == "run.ended" for entry in entries)
        self._entries = [] if self._goes_on else list(entries)

    def note(self, news: Entry | Reading) -> None:
        if isinstance(news, Reading):
            self._figures.add(news)
            return
        self._run = self._run.with_entry(news)
        self._figures.name(self._run)
        self._entries.append(news)
        self._figures.injected.hear(news, self._run)

    async def entry(self, entry: Entry) -> None:
        self.note(entry)
        await self._export_when_due()

    async def reading(self, reading: Reading) -> None:
        self.note(reading)
        await self._export_when_due()

    async def ended(self, verdict: Verdict | None) -> None:
        self._figures.judge(verdict)
        pieces = pieces_of(self._entries, self._run, verdict)
        spans = spans_of(pieces, self._run.run_id, self._entries[0].seq, self._own_parent()) if pieces else ()
        failures = []
        for signal in (self._traces(spans), self._metrics()):
            try:
                await self._send(*signal)
            except CallFailed as failure:
                failures.append(failure)
        if failures:
            raise failures[0]

    def _own_parent(self) -> Parent | None:
        if self._goes_on:
            run_id = self._run.run_id
            return Parent(self._parent.trace_id if self._parent else trace_id_of(run_id), span_id_of(run_id, 1, 0))
        return self._parent

    async def _export_when_due(self) -> None:
        now = anyio.current_time()
        if now >= self._due:
            self._due = now + EXPORT_REAL_SECONDS
            await self._send(*self._metrics())

    def _traces(self, spans: Sequence[ReadableSpan]) -> tuple[str, bytes]:
        return "traces", encode_spans(spans).SerializeToString() if spans else b""

    def _metrics(self) -> tuple[str, bytes]:
        return "metrics", self._figures.encoded()

    async def _send(self, signal: str, content: bytes) -> None:
        if content:
            await self._post(Request(f"{self._root}/v1/{signal}", content, _PROTOBUF, self._headers))


class Injected:
    """How many Changes of faults and steps count as in effect: an intent adds one, its undo takes it away."""

    def __init__(self) -> None:
        self._changes: set[str] = set()

    def hear(self, entry: Entry, run: KnownRun) -> None:
        subject: Subject | None = run.about(entry)
        if subject is None or subject.role == "ledger":
            return
        change_id = str(entry.data.get("change_id"))
        if entry.kind == "call.intent" and entry.data.get("role") == "apply":
            self._changes.add(change_id)
        if entry.kind == "change.reverted" and entry.data.get("ok") is True:
            self._changes.discard(change_id)

    def recall(self, entries: Sequence[Entry], run: KnownRun) -> None:
        for entry in entries:
            self.hear(entry, run)

    def count(self) -> int:
        return len(self._changes)


class Figures:
    """The metrics. A run is no attribute of theirs: there would be a new series for each."""

    def __init__(self) -> None:
        self.injected = Injected()
        self._reader = InMemoryMetricReader()
        self._provider = MeterProvider([self._reader], resource=_resource(), shutdown_on_exit=False)
        meter = self._provider.get_meter("drillrunner", __version__)
        self._duration = meter.create_histogram("drillrunner.probe.duration", "s", "how long a probe's answer took")
        self._failures = meter.create_counter("drillrunner.probe.failures", "{failure}", "bad answers")
        self._injected = meter.create_gauge("drillrunner.injected", "{change}", "changes that count as in effect")
        self._rto = meter.create_gauge("drillrunner.rto.seconds", "s", "the RTO lies between low and high")
        self._drill: dict[str, str] = {}

    def name(self, run: KnownRun) -> None:
        self._drill = {"drillrunner.drill": run.drill, "drillrunner.environment": run.environment}

    def add(self, reading: Reading) -> None:
        about = {**self._drill, "drillrunner.probe": reading.probe}
        self._duration.record(max(0.0, reading.answered - reading.asked), about)
        if reading.ok is False:
            self._failures.add(1, about)

    def judge(self, verdict: Verdict | None) -> None:
        rto = rto_of(verdict) if verdict is not None else None
        if rto is not None:
            self._rto.set(rto.low, {**self._drill, "drillrunner.bound": "low"})
            self._rto.set(rto.high, {**self._drill, "drillrunner.bound": "high"})

    def encoded(self) -> bytes:
        """Everything so far, as an ExportMetricsServiceRequest; empty where there is nothing."""
        self._injected.set(self.injected.count(), self._drill)
        data = self._reader.get_metrics_data()
        return encode_metrics(data).SerializeToString() if data is not None else b""


class _FixedIds(IdGenerator):
    """The ids of one trace, in the order of its spans."""

    def __init__(self, trace_id: int, span_id: Callable[[int], int]) -> None:
        self._trace_id, self._span_id, self._given = trace_id, span_id, 0

    def generate_trace_id(self) -> int:
        return self._trace_id

    def generate_span_id(self) -> int:
        self._given += 1
        return self._span_id(self._given - 1)


def spans_of(pieces: Sequence[Piece], run_id: str, seq: int, parent: Parent | None) -> Sequence[ReadableSpan]:
    """The spans as the SDK makes them, all ended. `seq` is the journal entry with which they begin."""
    kept = InMemorySpanExporter()
    ids = _FixedIds(trace_id_of(run_id), lambda number: span_id_of(run_id, seq, number))
    provider = TracerProvider(sampler=ALWAYS_ON, resource=_resource(), shutdown_on_exit=False, id_generator=ids)
    provider.add_span_processor(SimpleSpanProcessor(kept))
    tracer = provider.get_tracer("drillrunner", __version__)
    spans: list[trace.Span] = []
    for piece in pieces:
        above = spans[piece.parent] if piece.parent is not None else _remote(parent)
        spans.append(_begun(tracer, piece, above))
    for span, piece in zip(spans, pieces, strict=True):
        span.end(_nanoseconds(piece.ended.timestamp()))
    return kept.get_finished_spans()


def _begun(tracer: trace.Tracer, piece: Piece, above: trace.Span | None) -> trace.Span:
    span = tracer.start_span(
        piece.name,
        context=trace.set_span_in_context(above or trace.INVALID_SPAN),
        kind=SpanKind.CLIENT if piece.is_call else SpanKind.INTERNAL,
        attributes=dict(piece.attributes),
        start_time=_nanoseconds(piece.began.timestamp()),
    )
    for mark in piece.marks:
        span.add_event(mark.name, dict(mark.attributes), _nanoseconds(mark.at.timestamp()))
    if piece.failed is not None:
        span.set_status(Status(StatusCode.ERROR, piece.failed))
    return span


def _remote(parent: Parent | None) -> trace.Span | None:
    if parent is None:
        return None
    flags = TraceFlags(TraceFlags.SAMPLED)
    return NonRecordingSpan(SpanContext(parent.trace_id, parent.span_id, is_remote=True, trace_flags=flags))


def _resource() -> Resource:
    return Resource({SERVICE_NAME: "drillrunner", SERVICE_VERSION: __version__})


def _headers(spec: OtlpSpec, token: str | None) -> dict[str, str]:
    if token is None:
        return {}
    return {spec.token_header: token} if spec.token_header else {"Authorization": f"Bearer {token}"}


def _nanoseconds(seconds: float) -> int:
    return round(seconds * 1_000_000) * 1_000
