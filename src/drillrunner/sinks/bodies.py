"""An event in the format that each receiver of webhooks takes. Pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from drillrunner.model.noun import JsonValue, as_bytes, canonical_json
from drillrunner.model.signal import BodyName
from drillrunner.sinks.event import Event

_SLACK_LONGEST = 3_000
_TEAMS_LONGEST = 5_000
_PAGERDUTY_LONGEST = 1_024


class Body(NamedTuple):
    content_type: str
    content: bytes


def body_of(event: Event, name: BodyName, token: str | None) -> Body:
    """The body of a request. Where the token belongs into it (PagerDuty's routing key), it is put there."""
    content_type, write = _BODIES[name]
    return Body(content_type, as_bytes(canonical_json(write(event, token))))


def _cloudevents(event: Event, token: str | None) -> JsonValue:
    """CloudEvents 1.0 in structured mode: id, source, specversion and type are required.

    (github.com/cloudevents/spec, cloudevents/spec.md and formats/json-format.md)
    """
    return {
        "specversion": "1.0",
        "id": event.id,
        "source": f"/drillrunner/environments/{event.environment}",
        "type": event.type,
        "subject": event.run_id,
        "time": event.at.isoformat(),
        "datacontenttype": "application/json",
        "data": {
            "run_id": event.run_id,
            "drill": event.drill,
            "environment": event.environment,
            "text": event.text,
            **event.data,
        },
    }


def _slack(event: Event, token: str | None) -> JsonValue:
    """An incoming webhook: `text` is what a notification shows, `blocks` the message; &, < and > are escaped.

    (docs.slack.dev, "Sending messages using incoming webhooks" and "Formatting message text")
    """
    escaped = event.text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    shown = _cut(escaped, _SLACK_LONGEST)
    about = f"run {event.run_id} · {event.at:%Y-%m-%d %H:%M:%S} UTC"
    return {
        "text": shown,
        "blocks": [
            {"type": "section", "text": {"type": "mrkdwn", "text": shown}},
            {"type": "context", "elements": [{"type": "mrkdwn", "text": about}]},
        ],
    }


def _teams(event: Event, token: str | None) -> JsonValue:
    """An Adaptive Card in a message, as the Workflows app takes it.

    (learn.microsoft.com, "Create incoming webhooks with Workflows for Microsoft Teams")
    """
    facts: JsonValue = [
        {"title": "Drill", "value": event.drill},
        {"title": "Environment", "value": event.environment},
        {"title": "Run", "value": event.run_id},
        {"title": "When", "value": f"{event.at:%Y-%m-%d %H:%M:%S} UTC"},
    ]
    sentence: JsonValue = {
        "type": "TextBlock",
        "text": _cut(event.text, _TEAMS_LONGEST),
        "wrap": True,
        "weight": "Bolder",
    }
    card: JsonValue = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": [sentence, {"type": "FactSet", "facts": facts}],
    }
    attachment: JsonValue = {
        "contentType": "application/vnd.microsoft.card.adaptive",
        "contentUrl": None,
        "content": card,
    }
    return {"type": "message", "attachments": [attachment]}


def _pagerduty(event: Event, token: str | None) -> JsonValue:
    """A change event: it is shown beside incidents and wakes nobody. A summary has at most 1,024 characters.

    (developer.pagerduty.com, "Send a change event")
    """
    return {
        "routing_key": token or "",
        "payload": {
            "summary": _cut(event.text, _PAGERDUTY_LONGEST),
            "timestamp": event.at.isoformat(),
            "source": f"drillrunner {event.environment}",
            "custom_details": {"run_id": event.run_id, "drill": event.drill, "event": event.type, **event.data},
        },
    }


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[: longest - 1] + "…"


_JSON = "application/json"
_BODIES: dict[BodyName, tuple[str, Callable[[Event, str | None], JsonValue]]] = {
    "cloudevents": ("application/cloudevents+json", _cloudevents),
    "slack": (_JSON, _slack),
    "teams": (_JSON, _teams),
    "pagerduty": (_JSON, _pagerduty),
}
