"""The lab's ground truth: what really happened when, against which measurements are held."""

from __future__ import annotations

import threading
from dataclasses import asdict, dataclass, field
from typing import Any

from drillrunner.clock import Clock


@dataclass(frozen=True, slots=True)
class Event:
    """`at` is drill-clock seconds, the same clock that a run on this machine with this scale reads.

    Names in use: `function.stopped`, `function.serving` (subject `region/name`), `health_check.flipped`
    (subject its id; detail healthy), `dns.changed` (subject the name; detail values, ttl),
    `dns.answered` (subject the name; detail values, ttl), `request.served` (subject the host; detail
    region, status), `cluster.writer_moved`, `database.crashed`, `database.promoted`, `api.called`
    (subject `service:Operation`; detail region, status).
    """

    at: float
    name: str
    subject: str
    detail: dict[str, Any] = field(default_factory=dict)


class TruthLog:
    """Append-only, bounded, safe to use from any thread."""

    def __init__(self, clock: Clock, limit: int = 500_000) -> None:
        self._clock = clock
        self._events: list[Event] = []
        self._limit = limit
        self._lock = threading.Lock()

    def add(self, name: str, subject: str, **detail: Any) -> Event:
        with self._lock:
            event = Event(self._clock.monotonic(), name, subject, detail)
            if len(self._events) < self._limit:
                self._events.append(event)
            return event

    def events(self) -> list[Event]:
        """Everything so far."""
        with self._lock:
            return list(self._events)

    def since(self, index: int = 0, name: str | None = None) -> list[dict[str, Any]]:
        """Events from that index on (only those of a name), as JSON objects."""
        with self._lock:
            chosen = self._events[index:]
        return [asdict(event) for event in chosen if name is None or event.name == name]
