"""Announcements of a game day: each is one event to the receivers of webhooks, and it is known what became of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import anyio

from drillrunner.errors import DrillError
from drillrunner.model.gameday import GameDay, Moment
from drillrunner.model.gameday_course import Delivery
from drillrunner.model.noun import JsonValue
from drillrunner.model.signal import EventName, SignalSpec, WebhookSpec
from drillrunner.sinks.event import Event
from drillrunner.sinks.lanes import TURN_REAL_SECONDS
from drillrunner.sinks.post import HttpPost, Post
from drillrunner.sinks.table import made
from drillrunner.sinks.webhook import Webhook

NAMES: dict[Moment, EventName] = {
    "before": "gameday_announced",
    "start": "gameday_began",
    "stopped": "gameday_stopped",
    "end": "gameday_ended",
}


def announcement(
    moment: Moment, gameday: GameDay, gameday_id: str, seq: int, at: datetime, text: str, data: dict[str, JsonValue]
) -> Event:
    """The event. Where a run's events name a run and a drill, it names the game day."""
    return Event(
        name=NAMES[moment],
        run_id=gameday_id,
        drill=gameday.name,
        environment=gameday.environment,
        seq=seq,
        at=at,
        text=text,
        data={"gameday": gameday.name, "gameday_id": gameday_id, **data},
    )


async def announce(
    event: Event, specs: Sequence[SignalSpec], environ: Mapping[str, str], post: Post | None = None
) -> tuple[Delivery, ...]:
    """Tell every webhook that wants it, side by side, and say what became of each. Never raises.

    Grafana and OpenTelemetry are told of the runs, which a game day is made of.
    """
    if post is not None:
        return await _announce(event, specs, environ, post)
    async with HttpPost() as posts:
        return await _announce(event, specs, environ, posts)


async def _announce(
    event: Event, specs: Sequence[SignalSpec], environ: Mapping[str, str], post: Post
) -> tuple[Delivery, ...]:
    wanting = [spec for spec in specs if isinstance(spec, WebhookSpec) and event.name in spec.on]
    warnings: list[str] = []
    sinks = [sink for sink in made(wanting, post, environ, (), warnings.append) if isinstance(sink, Webhook)]
    deliveries = [
        Delivery(sink="webhook", ok=False, why=warning.removeprefix("signals: webhook: ")) for warning in warnings
    ]

    async def tell(sink: Webhook) -> None:
        why = await _told(sink, event)
        deliveries.append(Delivery(sink=sink.name, ok=why is None, why=why))

    async with anyio.create_task_group() as group:
        for sink in sinks:
            group.start_soon(tell, sink)
    return tuple(sorted(deliveries, key=lambda one: one.sink))


async def _told(sink: Webhook, event: Event) -> str | None:
    """Why it could not be told; None where it was."""
    try:
        with anyio.fail_after(TURN_REAL_SECONDS):
            await sink.tell(event)
    except TimeoutError:
        return f"took longer than {TURN_REAL_SECONDS:g} s"
    except DrillError as error:
        return error.message
    except Exception as error:  # noqa: BLE001  a receiver must fail no game day; an unknown text may hold a secret
        return type(error).__name__
    return None
