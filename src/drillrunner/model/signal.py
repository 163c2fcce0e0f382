"""Signals: who is told of a run while it goes. They are not what is drilled, so no Plan holds them.

Addresses and tokens are secrets: an address may be the name of an environment variable, a token always is, and
what is shown of an address is its host.
"""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from drillrunner.model.noun import Noun

# the last four are a game day's; all others are a run's
EventName = Literal[
    "began",
    "applied",
    "detected",
    "recovered",
    "stopped",
    "reverted",
    "left",
    "ended",
    "gameday_announced",
    "gameday_began",
    "gameday_stopped",
    "gameday_ended",
]
GAMEDAY_EVENTS: tuple[EventName, ...] = ("gameday_announced", "gameday_began", "gameday_stopped", "gameday_ended")
EVENT_NAMES: tuple[EventName, ...] = (
    "began",
    "applied",
    "detected",
    "recovered",
    "stopped",
    "reverted",
    "left",
    "ended",
    *GAMEDAY_EVENTS,
)
BodyName = Literal["cloudevents", "slack", "teams", "pagerduty"]
BODY_NAMES: tuple[BodyName, ...] = ("cloudevents", "slack", "teams", "pagerduty")
# what people are told of where `on` does not say; machines are told everything
TOLD_TO_PEOPLE: tuple[EventName, ...] = ("began", "left", "ended", *GAMEDAY_EVENTS)


class Receiver(Noun):
    """Where it is: `url`, or the environment variable `url_env` that holds it. `token_env` names its token's.

    `sink` is what environments.yaml calls such a receiver.
    """

    sink: ClassVar[str]

    url: str | None = Field(default=None, repr=False)
    url_env: str | None = None
    token_env: str | None = None


class WebhookSpec(Receiver):
    """A message for each event named in `on`, in the receiver's own format."""

    sink: ClassVar[str] = "webhook"
    body: BodyName = "cloudevents"
    on: tuple[EventName, ...] = EVENT_NAMES


class GrafanaSpec(Receiver):
    """Annotations of the run and of its outage: on one dashboard, or on all that ask for their tags."""

    sink: ClassVar[str] = "grafana"
    dashboard_uid: str | None = None
    tags: tuple[str, ...] = ()


class OtlpSpec(Receiver):
    """A collector of OpenTelemetry. `url` is its root; a token goes into `token_header` (None: as a bearer's)."""

    sink: ClassVar[str] = "otlp"
    token_header: str | None = None


SignalSpec = WebhookSpec | GrafanaSpec | OtlpSpec
