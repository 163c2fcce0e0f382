"""Requests to receivers: short time-outs, one more try where nothing can have arrived, and no secret in an error."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp
import anyio

from drillrunner.errors import CallFailed
from drillrunner.sinks.resolver import Resolver

POST_REAL_SECONDS = 4.0
AGAIN_REAL_SECONDS = 0.3
TIMED_OUT = "Timeout"
_TRIES = 2
_BUSY = frozenset({429, 502, 503, 504})


@dataclass(frozen=True, slots=True)
class Request:
    """One POST. Address and headers may hold secrets, so neither is ever shown."""

    url: str = field(repr=False)
    content: bytes = field(repr=False)
    content_type: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


# raises CallFailed, whose message holds no secret
Post = Callable[[Request], Awaitable[None]]


class HttpPost:
    """Posts over HTTP or HTTPS, through the proxy that the environment names.

    Redirects are not followed: they would carry a token to somewhere else. A ~/.netrc is not read: its logins are not
    meant for receivers.
    """

    def __init__(self, resolver: Resolver | None = None) -> None:
        self._resolver = resolver or Resolver()

    async def __aenter__(self) -> Self:
        timeout = aiohttp.ClientTimeout(total=POST_REAL_SECONDS)
        connector = aiohttp.TCPConnector(resolver=self._resolver)
        self._session = aiohttp.ClientSession(connector=connector, timeout=timeout, trust_env=False)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._session.close()

    async def __call__(self, request: Request) -> None:
        """Send it. A receiver that cannot be reached or is busy is asked once more; one that hangs is not, since it
        may have heard."""
        for tries_left in reversed(range(_TRIES)):
            failure = await self._once(request)
            if failure is None:
                return
            if failure.unknown or not tries_left:
                raise failure
            await anyio.sleep(AGAIN_REAL_SECONDS)

    async def _once(self, request: Request) -> CallFailed | None:
        """What went wrong. `unknown` where it may have been heard, or will go wrong again."""
        headers = {"Content-Type": request.content_type, **request.headers}
        try:
            async with self._session.post(
                request.url,
                data=request.content,
                headers=headers,
                allow_redirects=False,
                proxy=proxy_for(request.url),
            ) as response:
                status = response.status
        except (aiohttp.ClientConnectorError, aiohttp.ServerDisconnectedError) as error:
            return CallFailed(_reason(error), code="ConnectionFailed", unknown=False)
        except TimeoutError:
            return CallFailed(f"no answer within {POST_REAL_SECONDS:g} s", code=TIMED_OUT, unknown=True)
        except (aiohttp.ClientError, OSError, ValueError) as error:
            return CallFailed(type(error).__name__, code="ConnectionFailed", unknown=True)
        if 200 <= status < 300:
            return None
        return CallFailed(f"answered {status}", code=f"Status{status}", unknown=status not in _BUSY)


def _reason(error: Exception) -> str:
    """Why, in the system's words: an error's own text may name an address."""
    cause = error.os_error if isinstance(error, aiohttp.ClientConnectorError) else None
    if cause is None or not cause.errno:
        return f"cannot be reached ({type(error).__name__})"
    return f"cannot be reached ({os.strerror(cause.errno) if cause.errno > 0 else cause.strerror})"


def proxy_for(url: str) -> str | None:
    """The proxy that the environment (or the system) names for it, if any. Raises ValueError where it is no address."""
    parts = urlsplit(url)
    proxy = getproxies().get(parts.scheme)
    return proxy if proxy and parts.hostname and not proxy_bypass(parts.hostname) else None


def host_of(url: str) -> str:
    """All of an address that is shown."""
    try:
        return urlsplit(url).hostname or "?"
    except ValueError:
        return "?"
