"""Names are looked up apart: one that takes for ever keeps nobody from ending."""

from __future__ import annotations

import socket
import threading
from typing import Any

import anyio
import pytest

from drillrunner.clock import run_virtual
from drillrunner.errors import CallFailed
from drillrunner.sinks.post import POST_REAL_SECONDS, HttpPost, Request
from drillrunner.sinks.resolver import Resolver


class BlockedLookup:
    """A lookup that answers when it is let go."""

    def __init__(self) -> None:
        self.asked, self.go_on = threading.Event(), threading.Event()

    def __call__(self, *_: Any, **__: Any) -> list[tuple[Any, ...]]:
        self.asked.set()
        self.go_on.wait(30)
        return []


def test_a_lookup_that_blocks_is_given_up_and_the_loop_closes_without_it() -> None:
    lookup = BlockedLookup()

    async def run() -> None:
        async with HttpPost(Resolver(lookup)) as post:
            with pytest.raises(CallFailed, match=f"no answer within {POST_REAL_SECONDS:g} s"):
                await post(Request("http://slow.example.test/", b"", "text/plain"))

    run_virtual(run)
    assert lookup.asked.wait(30)
    assert not lookup.go_on.is_set()
    lookup.go_on.set()


def test_a_name_becomes_its_addresses() -> None:
    async def run() -> Any:
        return await Resolver().resolve("localhost", 8080, socket.AF_INET)

    (found,) = {(one["host"], one["port"], one["family"]) for one in anyio.run(run)}
    assert found == ("127.0.0.1", 8080, socket.AF_INET)


def test_a_name_that_has_no_address_is_an_error_of_the_system() -> None:
    def fails(*_: Any, **__: Any) -> list[tuple[Any, ...]]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    async def run() -> None:
        async with HttpPost(Resolver(fails)) as post:
            await post(Request("http://nowhere.example.test/S3CRET", b"", "text/plain"))

    with pytest.raises(CallFailed, match=r"^cannot be reached \(Name or service not known\)$"):
        anyio.run(run)


def test_an_address_of_a_link_alone_keeps_its_scope() -> None:
    scope = socket.if_nametoindex("lo")

    def finds(*_: Any, **__: Any) -> list[tuple[Any, ...]]:
        return [(socket.AF_INET6, socket.SOCK_STREAM, 6, "", ("fe80::1", 80, 0, scope))]

    async def run() -> Any:
        return await Resolver(finds).resolve("near.example.test", 80, socket.AF_INET6)

    (found,) = anyio.run(run)
    assert found["host"] == "fe80::1%lo"
