"""The sink `webhook`: a message for each event, to any receiver that takes a POST."""

from __future__ import annotations

from collections.abc import Sequence

from drillrunner.model.journal import Entry
from drillrunner.model.reading import Reading
from drillrunner.model.signal import WebhookSpec
from drillrunner.model.verdict import Verdict
from drillrunner.sinks.bodies import body_of
from drillrunner.sinks.event import Event, ended_event, events_of
from drillrunner.sinks.known_run import KnownRun
from drillrunner.sinks.post import Post, Request, host_of
from drillrunner.sinks.sink import Sink


class Webhook(Sink):
    """A token is sent as a bearer's, but to PagerDuty, which has it in the body."""

    def __init__(self, spec: WebhookSpec, url: str, token: str | None, post: Post) -> None:
        super().__init__(f"webhook {host_of(url)} ({spec.body})")
        self._spec, self._url, self._token, self._post = spec, url, token, post
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
        for event in events_of(entry, self._run):
            await self.tell(event)

    async def ended(self, verdict: Verdict | None) -> None:
        if self._last is not None:
            await self.tell(ended_event(self._last, self._run, verdict))

    async def tell(self, event: Event) -> None:
        """Send it, if it is one of those that are told. Raises CallFailed."""
        if event.name not in self._spec.on:
            return
        body = body_of(event, self._spec.body, self._token)
        bearer = self._token if self._spec.body != "pagerduty" else None
        headers = {"Authorization": f"Bearer {bearer}"} if bearer else {}
        await self._post(Request(self._url, body.content, body.content_type, headers))
