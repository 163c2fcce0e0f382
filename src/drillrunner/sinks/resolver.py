"""Names of receivers become addresses, however long that takes, without anybody's end waiting for it."""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from aiohttp.abc import AbstractResolver, ResolveResult

from drillrunner.sinks.apart import apart

_NUMERIC = socket.AI_NUMERICHOST | socket.AI_NUMERICSERV
_NUMERIC_NAME = socket.NI_NUMERICHOST | socket.NI_NUMERICSERV

# as socket.getaddrinfo
Lookup = Callable[..., Sequence[tuple[Any, ...]]]


class Resolver(AbstractResolver):
    """The system's own lookup. aiohttp's runs in the loop's threads, which are joined when the loop closes."""

    def __init__(self, lookup: Lookup = socket.getaddrinfo) -> None:
        self._lookup = lookup

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Every address of the host. Raises OSError where it has none."""
        return await apart(partial(self._look_up, host, port, family))

    async def close(self) -> None:
        """Nothing is held."""

    def _look_up(self, host: str, port: int, family: socket.AddressFamily) -> list[ResolveResult]:
        found = self._lookup(host, port, type=socket.SOCK_STREAM, family=family, flags=socket.AI_ADDRCONFIG)
        return [
            ResolveResult(hostname=host, host=_numeric(address), port=port, family=kind, proto=protocol, flags=_NUMERIC)
            for kind, _, protocol, _, address in found
        ]


def _numeric(address: tuple[Any, ...]) -> str:
    """The address as a text. One of a link alone needs its scope, which only the system can name."""
    scope = address[3] if len(address) > 3 else 0
    return socket.getnameinfo(address, _NUMERIC_NAME)[0] if scope else str(address[0])
