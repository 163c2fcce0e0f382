"""The sink `grafana`: annotations of the run and of its outage, with a beginning and an end each."""

from __future__ import annotations

import html
from collections.abc import Iterator, Sequence
from datetime import datetime

from drillrunner.model.journal import Entry
from drillrunner.model.noun import JsonValue, as_bytes, canonical_json
from drillrunner.model.reading import Reading
from drillrunner.model.signal import GrafanaSpec
from drillrunner.model.verdict import Verdict
from drillrunner.sinks.event import ended_event
from drillrunner.sinks.known_run import KnownRun, wall_of
from drillrunner.sinks.outcome import outage_of
from drillrunner.sinks.post import Post, Request, host_of
from drillrunner.sinks.sink import Sink


class Grafana(Sink):
    """Writes when the run has ended: only then is known from when to when."""

    def __init__(self, spec: GrafanaSpec, url: str, token: str | None, post: Post) -> None:
        super().__init__(f"grafana {host_of(url)}")
        self._spec, self._token, self._post = spec, token, post
        self._url = f"{url.rstrip('/')}/api/annotations"
        self._run = KnownRun()
        self._last: Entry | None = None

    def recall(self, entries: Sequence[Entry]) -> None:
        self._run = self._run.with_entries(entries)

    def note(self, news: Entry | Reading) -> None:
        if isinstance(news, Entry):
            self._run = self._run.with_entry(news)
            self._last = news if news.kind == "run.ended" else self._last

    async def entry(self, entry: Entry) -> None:
        self.note(entry)

    async def ended(self, verdict: Verdict | None) -> None:
        headers = {"Authorization": f"Bearer {self._token}"} if self._token else {}
        if self._last is not None:
            for annotation in annotations_of(self._run, self._last, verdict, self._spec):
                content = as_bytes(canonical_json(annotation))
                await self._post(Request(self._url, content, "application/json", headers))


def annotations_of(
    run: KnownRun, last: Entry, verdict: Verdict | None, spec: GrafanaSpec
) -> Iterator[dict[str, JsonValue]]:
    """The bodies of POST /api/annotations: times in milliseconds since the epoch, `text` is HTML.

    (grafana.com/docs, "Annotations HTTP API")
    """
    text = ended_event(last, run, verdict).text
    yield _annotation("run", run, run.began, wall_of(last), f"{text} (run {run.run_id})", spec)
    outage = outage_of(verdict) if verdict else None
    if outage is not None:
        until = wall_of(last) if outage.recovered_at is None else run.after_began(outage.recovered_at)
        began = run.after_began(outage.first_failed_at)
        yield _annotation("outage", run, began, until, f"outage in drill {run.drill} (run {run.run_id})", spec)


def _annotation(
    what: str, run: KnownRun, begins: datetime, ends: datetime, text: str, spec: GrafanaSpec
) -> dict[str, JsonValue]:
    tags: list[JsonValue] = ["drillrunner", what, f"drill:{run.drill}", f"environment:{run.environment}", *spec.tags]
    times: dict[str, JsonValue] = {"time": _milliseconds(begins), "timeEnd": _milliseconds(max(begins, ends))}
    where: dict[str, JsonValue] = {"dashboardUID": spec.dashboard_uid} if spec.dashboard_uid else {}
    return {**where, **times, "tags": tags, "text": html.escape(text, quote=False)}


def _milliseconds(moment: datetime) -> int:
    return round(moment.timestamp() * 1_000)
