"""One question and its answer on one connection, in HTTP/1.1: written when it stands, parsed as it comes."""

from __future__ import annotations

import asyncio
import re
import zlib
from collections.abc import Callable
from dataclasses import dataclass

import httptools
from multidict import CIMultiDict

from drillrunner.ports import HttpFailed

_HEAD_LIMIT_BYTES = 65_536
_NO_BODY = {204, 304}
_ZIPPED = {"gzip", "x-gzip", "deflate"}
_EITHER_ZIP = 47  # zlib's window bits for "gzip or zlib, whichever the first bytes say"
_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")  # RFC 9110, section 5.6.2
_NEVER_IN_A_VALUE = re.compile(r"[\r\n\0]")


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back, whole: header names in any case, and the body unzipped and cut at its limit."""

    status: int
    headers: CIMultiDict[str]
    body: bytes


def request_bytes(method: str, target: str, headers: CIMultiDict[str], body: bytes | None) -> bytes:
    """The request as it goes over the wire. ValueError for what would be read as another request than was meant."""
    lines = [f"{_token(method)} {target} HTTP/1.1"]
    for name, value in headers.items():
        if _NEVER_IN_A_VALUE.search(value):
            raise ValueError(f"header {name} holds a line break or NUL")
        lines.append(f"{_token(name)}: {value}")
    return "\r\n".join((*lines, "", "")).encode() + (body or b"")


def _token(text: str) -> str:
    if _TOKEN.fullmatch(text) is None:
        raise ValueError(f"{text!r} cannot stand there in HTTP")
    return text


class Exchange(asyncio.Protocol):
    """Writes the request as soon as it is connected; `reply` holds the Reply, or HttpFailed or OSError.

    `entered("body")` is called when the head of the answer is there. The body is read no further
    than `limit_bytes`, and then counts as complete.
    """

    def __init__(self, request: bytes, method: str, limit_bytes: int, entered: Callable[[str], None]) -> None:
        self.reply: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self._request = request
        self._bodiless = method == "HEAD"
        self._limit_bytes = limit_bytes
        self._entered = entered
        self._parser = httptools.HttpResponseParser(self)
        self._transport: asyncio.Transport | None = None
        self._headers: CIMultiDict[str] = CIMultiDict()
        self._head_bytes = 0
        self._in_body = False
        self._until_close = False
        self._body = bytearray()

    def end(self) -> None:
        """Nobody waits for the reply any more; whatever is still open is closed at once."""
        self.reply.cancel()
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        if self.reply.done():
            return
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._fail("protocol error", "it speaks another protocol from here on")
        except httptools.HttpParserError as error:
            self._fail("protocol error", str(error))
        if not self._in_body:
            self._head_bytes += len(data)
            if self._head_bytes > _HEAD_LIMIT_BYTES:
                self._fail("protocol error", f"more than {_HEAD_LIMIT_BYTES} bytes of headers")

    def connection_lost(self, exc: Exception | None) -> None:
        if self.reply.done():
            return
        if exc is not None:
            self.reply.set_exception(exc)
        elif self._until_close:
            self._finish()
        else:
            self._fail("reset", "the connection ended before the answer")

    # what the parser found

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self._in_body:  # what follows a chunked body is no header of the answer
            self._headers.add(name.decode("utf-8", "replace"), value.decode("utf-8", "replace"))

    def on_headers_complete(self) -> None:
        status = self._parser.get_status_code()
        if status < 200:
            return
        self._in_body = True
        self._entered("body")
        if self._bodiless or status in _NO_BODY:
            self._finish()
            return
        self._until_close = "content-length" not in self._headers and "transfer-encoding" not in self._headers

    def on_body(self, body: bytes) -> None:
        self._body += body
        if len(self._body) >= self._limit_bytes:
            self._finish()

    def on_message_complete(self) -> None:
        if self._in_body:
            self._finish()
        else:  # "continue", "early hints": the answer is still to come
            self._headers = CIMultiDict()

    # how it ends

    def _finish(self) -> None:
        if self.reply.done():
            return
        try:
            body = self._unzipped()
        except zlib.error as error:
            self._fail("protocol error", f"the body is not what its content-encoding says: {error}")
            return
        self.reply.set_result(Reply(self._parser.get_status_code(), self._headers, body))

    def _unzipped(self) -> bytes:
        encoding = self._headers.get("content-encoding")
        if encoding is not None and encoding.lower() in _ZIPPED and self._body:
            return zlib.decompressobj(_EITHER_ZIP).decompress(self._body, self._limit_bytes)
        return bytes(self._body[: self._limit_bytes])

    def _fail(self, why: str, detail: str) -> None:
        if not self.reply.done():
            self.reply.set_exception(HttpFailed(why, detail))
