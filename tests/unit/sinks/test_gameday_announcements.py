"""Announcements of a game day: to every webhook that wants them, whatever becomes of the others."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

import anyio

from drillrunner.errors import CallFailed
from drillrunner.model.gameday_course import Delivery
from drillrunner.model.signal import GrafanaSpec, SignalSpec, WebhookSpec
from drillrunner.sinks.gameday import announce, announcement
from drillrunner.sinks.post import Request
from fabricated_gameday import gameday
from signal_receiver import RememberedPosts

EVENT = announcement(
    "start", gameday(), "20261120-140000-gameday-quarterly-7f3a9c", 4, datetime(2026, 11, 20, 14, tzinfo=UTC),
    "it has begun", {"outcome": None},
)  # fmt: skip
HERE = WebhookSpec(url="https://hooks.example.test/drills")
SLACK = WebhookSpec(url="https://chat.example.test/hook", body="slack")


def told(specs: list[SignalSpec], post: RememberedPosts, environ: Mapping[str, str] = {}) -> tuple[Delivery, ...]:
    async def tell() -> tuple[Delivery, ...]:
        return await announce(EVENT, specs, environ, post)

    return anyio.run(tell)


class DeadPost(RememberedPosts):
    """Cannot reach one of them."""

    async def __call__(self, request: Request) -> None:
        if "chat" in request.url:
            raise CallFailed("cannot be reached (Connection refused)", code="ConnectionFailed", unknown=False)
        await super().__call__(request)


def test_a_webhook_is_told_as_an_event_of_a_type_of_its_own() -> None:
    posts = RememberedPosts()
    assert [one.ok for one in told([HERE, SLACK], posts)] == [True, True]
    cloudevent = next(body for body in posts.bodies() if "specversion" in body)
    assert cloudevent["type"] == "io.drillrunner.gameday.began"
    assert cloudevent["data"]["gameday"] == "quarterly"
    assert any(body.get("text") == "it has begun" for body in posts.bodies())


def test_one_that_cannot_be_reached_keeps_the_other_from_nothing() -> None:
    posts = DeadPost()
    found = told([HERE, SLACK], posts)
    assert len(posts.requests) == 1
    assert [one.why for one in found if not one.ok] == ["cannot be reached (Connection refused)"]


def test_one_whose_address_is_not_set_is_told_as_failed() -> None:
    found = told([WebhookSpec(url_env="HOOK")], RememberedPosts())
    why = "the environment variable HOOK is not set; nothing is sent to it"
    assert found == (Delivery(sink="webhook", ok=False, why=why),)


def test_who_does_not_want_it_and_who_draws_runs_alone_is_left_out() -> None:
    posts = RememberedPosts()
    assert told([WebhookSpec(url=HERE.url, on=("left",)), GrafanaSpec(url="https://grafana.example.test")], posts) == ()
    assert posts.requests == []
