"""Real servers on loopback for the network clients to meet."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from drillrunner.lab.databases.pair import Place
from drillrunner.lab.databases.postgres.pair import PostgresPair, free_port
from drillrunner.model.environment import Database


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def pair() -> Iterator[PostgresPair]:
    """A PostgreSQL primary (side `a`) and its standby (side `b`), fresh for each test."""
    addresses = ("127.0.0.1", "127.0.0.2")
    port = free_port(addresses)
    pair = PostgresPair({"a": Place(addresses[0], port), "b": Place(addresses[1], port)}, write_delay_seconds=0.01)
    pair.start()
    try:
        yield pair
    finally:
        pair.close()


@pytest.fixture
def databases(pair: PostgresPair) -> dict[str, Database]:
    """The pair as an environment names it: `east` is the primary, `west` the standby."""
    east, west = pair.place("a"), pair.place("b")
    return {
        "east": Database(host=east.address, port=east.port),
        "west": Database(host=west.address, port=west.port),
    }
