"""The JSON schema of `signals`: who is told of an environment's runs."""

from __future__ import annotations

from drillrunner.authoring.schema_pieces import Schema, described, items, mapping, text
from drillrunner.model.signal import BODY_NAMES, EVENT_NAMES, GrafanaSpec, OtlpSpec, WebhookSpec

_ADDRESS: Schema = {"type": "string", "pattern": r"^https?://[^\s/?#@]+(?:[/?][^\s#]*)?$"}
_VARIABLE: Schema = {"type": "string", "pattern": r"^[A-Za-z_][A-Za-z0-9_]{0,127}$"}
_HEADER: Schema = {"type": "string", "pattern": r"^[A-Za-z0-9](?:[A-Za-z0-9_-]{0,62}[A-Za-z0-9])?$"}


def signals_schema() -> Schema:
    """A list; each entry is one receiver by its name."""
    receivers = {WebhookSpec.sink: _webhook(), GrafanaSpec.sink: _grafana(), OtlpSpec.sink: _otlp()}
    entry: Schema = {**mapping(receivers), "minProperties": 1, "maxProperties": 1}
    return items(entry, "who is told of a run while it goes; none of them can fail or delay it")


def _webhook() -> Schema:
    events: Schema = {"type": "array", "minItems": 1, "items": {"enum": list(EVENT_NAMES)}}
    body = described({"enum": list(BODY_NAMES)}, "the format that the receiver takes", default="cloudevents")
    properties = {
        **_receiver("url"),
        "body": body,
        "on": described(events, "which events are told; all as cloudevents, else began, left, ended and gameday.*"),
    }
    pagerduty: Schema = {"properties": {"body": {"const": "pagerduty"}}, "required": ["body"]}
    return {
        **mapping(properties, description="a POST for each event: to PagerDuty at its own address if none is given"),
        "if": pagerduty,
        "then": {"required": ["token_env"], "not": {"required": ["url", "url_env"]}},
        "else": _either("url"),
    }


def _grafana() -> Schema:
    properties = {
        **_receiver("url"),
        "dashboard_uid": text("the one dashboard that shows them; else all that ask for their tags"),
        "tags": items(text("a tag"), "more tags of each annotation"),
    }
    return {**mapping(properties, description="annotations of the run and of its outage"), **_either("url")}


def _otlp() -> Schema:
    properties = {
        **_receiver("endpoint"),
        "token_header": described(_HEADER, "the header that the token goes into, as it is; else Authorization: Bearer"),
    }
    words = "a trace and metrics, to a collector of OpenTelemetry over HTTP (pip install 'drillrunner[otel]')"
    return {**mapping(properties, description=words), **_either("endpoint")}


def _receiver(address: str) -> dict[str, Schema]:
    return {
        address: described(_ADDRESS, "its address"),
        f"{address}_env": described(_VARIABLE, "the environment variable that holds the address, if it is a secret"),
        "token_env": described(_VARIABLE, "the environment variable that holds the token"),
    }


def _either(address: str) -> Schema:
    return {"oneOf": [{"required": [address]}, {"required": [f"{address}_env"]}]}
