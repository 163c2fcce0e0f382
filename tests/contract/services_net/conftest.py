"""Real servers on loopback for the network clients to meet."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from drillrunner.clock import Clock
from drillrunner.lab.databases.pair import Place, Side
from drillrunner.lab.databases.postgres.pair import PostgresPair, free_port
from drillrunner.model.environment import Database


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@contextmanager
def running_pair() -> Iterator[PostgresPair]:
    """A PostgreSQL primary (side `a`) and its standby (side `b`)."""
    addresses = ("127.0.0.1", "127.0.0.2")
    port = free_port(addresses)
    places: dict[Side, Place] = {"a": Place(addresses[0], port), "b": Place(addresses[1], port)}
    pair = PostgresPair(Clock(), places, write_delay_seconds=0.01)
    pair.start()
    try:
        yield pair
    finally:
        pair.close()


def named(pair: PostgresPair) -> dict[str, Database]:
    """The pair as an environment names it: `east` is the primary, `west` the standby."""
    east, west = pair.place("a"), pair.place("b")
    return {
        "east": Database(host=east.address, port=east.port),
        "west": Database(host=west.address, port=west.port),
    }


@pytest.fixture(scope="module")
def lasting_pair() -> Iterator[PostgresPair]:
    """One pair for a module's tests that leave it as they found it."""
    with running_pair() as pair:
        yield pair


@pytest.fixture
def pair() -> Iterator[PostgresPair]:
    """A fresh pair, for a test that breaks it."""
    with running_pair() as pair:
        yield pair


@pytest.fixture
def databases(lasting_pair: PostgresPair) -> dict[str, Database]:
    return named(lasting_pair)


@pytest.fixture
def fresh_databases(pair: PostgresPair) -> dict[str, Database]:
    return named(pair)
