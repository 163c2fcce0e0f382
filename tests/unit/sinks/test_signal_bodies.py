"""Each body has the fields that its receiver documents as required, within its receiver's limits."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from drillrunner.model.signal import BodyName
from drillrunner.sinks.bodies import body_of
from drillrunner.sinks.event import Event

AT = datetime(2026, 11, 20, 14, 0, tzinfo=UTC)


def event(text: str = "drill a has begun on lab") -> Event:
    return Event(
        name="began", run_id="7f3a", drill="a", environment="lab", seq=1, at=AT, text=text, data={"seed": 7}
    )  # fmt: skip


def written(name: BodyName, text: str = "drill a has begun on lab", token: str | None = None) -> Any:
    return json.loads(body_of(event(text), name, token).content)


def test_cloudevents_have_every_attribute_that_version_1_requires() -> None:
    body = written("cloudevents")
    assert (body["specversion"], body["type"]) == ("1.0", "io.drillrunner.run.began")
    assert body["id"] == "7f3a-1-began"
    assert body["source"] == "/drillrunner/environments/lab"
    assert body["time"] == "2026-11-20T14:00:00+00:00"
    assert body["data"]["seed"] == 7
    assert all(name.islower() and name.isalnum() for name in body), "names of attributes are lower-case letters"
    assert body_of(event(), "cloudevents", None).content_type == "application/cloudevents+json"


def test_slack_is_given_text_and_blocks_with_its_three_characters_escaped() -> None:
    body = written("slack", "<!channel> a & b")
    assert body["text"] == "&lt;!channel&gt; a &amp; b"
    assert [block["type"] for block in body["blocks"]] == ["section", "context"]
    assert body["blocks"][0]["text"] == {"type": "mrkdwn", "text": body["text"]}
    assert len(written("slack", "x" * 4_000)["blocks"][0]["text"]["text"]) == 3_000


def test_teams_are_given_an_adaptive_card_in_a_message() -> None:
    body = written("teams")
    (attachment,) = body["attachments"]
    assert (body["type"], attachment["contentType"]) == ("message", "application/vnd.microsoft.card.adaptive")
    card = attachment["content"]
    assert (card["type"], card["version"]) == ("AdaptiveCard", "1.4")
    assert card["body"][0]["text"] == "drill a has begun on lab"


def test_pagerduty_is_given_a_change_event_with_its_key_in_the_body() -> None:
    body = written("pagerduty", "x" * 2_000, token="k" * 32)
    assert body["routing_key"] == "k" * 32
    assert len(body["payload"]["summary"]) == 1_024
    assert body["payload"]["timestamp"] == "2026-11-20T14:00:00+00:00"
    assert "event_action" not in body, "a change event opens no incident"


@pytest.mark.parametrize("name", ["cloudevents", "slack", "teams"])
def test_only_pagerduty_s_body_holds_a_token(name: BodyName) -> None:
    assert b"secret" not in body_of(event(), name, "secret").content
