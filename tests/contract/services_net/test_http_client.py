"""The HTTP client against real servers on loopback: good ones, and every kind of bad one."""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trustme
from aiohttp import web

from drillrunner.calls.http import AiohttpClient
from drillrunner.clock import Clock
from drillrunner.errors import InvalidInput
from drillrunner.ports import HttpFailed, HttpRequest, HttpResponse

pytestmark = pytest.mark.anyio

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def raw_server(serve: Serve, tls: ssl.SSLContext | None = None) -> AsyncIterator[tuple[int, list[int]]]:
    """A TCP server; gives its port and a list that grows by one at every connection."""
    connections: list[int] = []

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.append(1)
        try:
            await serve(reader, writer)
        except (ConnectionError, asyncio.CancelledError):
            pass  # the client is gone, or the test is over
        finally:
            writer.close()

    server = await asyncio.start_server(accept, "127.0.0.1", 0, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[1], connections
    finally:
        server.close()


@asynccontextmanager
async def app_server(handler: Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]) -> AsyncIterator[int]:
    runner = web.ServerRunner(web.Server(handler))
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


@asynccontextmanager
async def blackhole() -> AsyncIterator[int]:
    """A listening socket that nobody accepts from: the kernel answers the SYN, and then nothing ever comes."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(128)
        yield listener.getsockname()[1]


async def answer(writer: asyncio.StreamWriter, head: str, body: bytes = b"") -> None:
    writer.write(head.replace("\n", "\r\n").encode() + b"\r\n\r\n" + body)
    await writer.drain()


async def failure(client: AiohttpClient, url: str, timeout_seconds: float = 5.0) -> HttpFailed:
    with pytest.raises(HttpFailed) as caught:
        await client.send(HttpRequest(url, address="127.0.0.1"), timeout_seconds=timeout_seconds)
    return caught.value


async def hello(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    await answer(writer, "HTTP/1.1 200 OK\nContent-Length: 5", b"hello")


async def test_an_address_is_asked_in_the_name_of_the_host_and_on_the_mapped_port() -> None:
    async def echo(request: web.BaseRequest) -> web.Response:
        return web.json_response({"host": request.headers["Host"], "path": request.path_qs, "cookie": "-"})

    async with app_server(echo) as port, AiohttpClient(Clock(), {80: port, 8080: port}) as client:
        plain = await client.send(
            HttpRequest("http://checkout.example.test/health?a=1", address="127.0.0.1"), timeout_seconds=5
        )
        odd = await client.send(
            HttpRequest("http://checkout.example.test:8080/", address="127.0.0.1"), timeout_seconds=5
        )
    assert plain.status == 200
    assert plain.body == b'{"host": "checkout.example.test", "path": "/health?a=1", "cookie": "-"}'
    assert b'"host": "checkout.example.test:8080"' in odd.body
    assert set(plain.phases) == {"connect", "first_byte", "body"}


async def test_https_verifies_the_name_of_the_url_not_the_address_and_times_the_handshake(tmp_path: Path) -> None:
    authority = trustme.CA()
    ca_file = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(ca_file))
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("checkout.example.test").configure_cert(tls)
    async with raw_server(hello, tls) as (port, _):
        async with AiohttpClient(Clock(), {443: port}, str(ca_file)) as client:
            good = await client.send(
                HttpRequest("https://checkout.example.test/", address="127.0.0.1"), timeout_seconds=5
            )
            other_name = await failure(client, "https://orders.example.test/")
        async with AiohttpClient(Clock(), {443: port}) as stranger:
            unknown_authority = await failure(stranger, "https://checkout.example.test/")
    assert (good.status, good.body) == (200, b"hello")
    assert list(good.phases) == ["connect", "tls", "first_byte", "body"]
    assert other_name.why == "tls failed"
    assert unknown_authority.why == "tls failed"
    assert list(unknown_authority.phases) == ["connect", "tls"]


async def test_tls_asked_of_a_server_that_speaks_none_is_tls_failed() -> None:
    async def plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        await answer(writer, "HTTP/1.1 400 Bad Request")

    async with raw_server(plain) as (port, _), AiohttpClient(Clock(), {443: port}) as client:
        assert (await failure(client, "https://checkout.example.test/")).why == "tls failed"


async def test_a_connection_that_ends_in_mid_handshake_is_reset() -> None:
    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)

    async with raw_server(hang_up) as (port, connections), AiohttpClient(Clock(), {443: port}) as client:
        failed = await failure(client, "https://checkout.example.test/")
    assert failed.why == "reset"
    assert list(failed.phases) == ["connect", "tls"]
    assert len(connections) == 1


async def test_a_port_that_nobody_listens_on_is_connect_refused() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        async with AiohttpClient(Clock(), {80: unused.getsockname()[1]}) as client:
            assert (await failure(client, "http://checkout.example.test/")).why == "connect refused"


@pytest.mark.parametrize(("scheme", "last_phase"), [("http", "first_byte"), ("https", "tls")])
async def test_a_black_hole_is_cut_at_the_time_out(scheme: str, last_phase: str) -> None:
    clock = Clock()
    async with blackhole() as port, AiohttpClient(clock, {80: port, 443: port}) as client:
        began = clock.monotonic()
        failed = await failure(client, f"{scheme}://checkout.example.test/", timeout_seconds=0.3)
        took = clock.monotonic() - began
    assert failed.why == "timeout"
    assert 0.3 <= took < 1.0
    assert list(failed.phases)[-1] == last_phase
    assert sum(failed.phases.values()) == pytest.approx(took, abs=0.05)


async def test_a_time_out_and_the_phases_are_in_drill_seconds() -> None:
    clock = Clock(scale=10.0)
    async with blackhole() as port, AiohttpClient(clock, {80: port}) as client:
        began = clock.monotonic()
        failed = await failure(client, "http://checkout.example.test/", timeout_seconds=3.0)
        took = clock.monotonic() - began
    assert 3.0 <= took < 10.0
    assert sum(failed.phases.values()) == pytest.approx(took, abs=1.0)


async def test_a_body_that_drips_past_the_time_out_is_cut_there() -> None:
    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await answer(writer, "HTTP/1.1 200 OK\nContent-Length: 1000")
        for _ in range(1000):
            writer.write(b".")
            await writer.drain()
            await asyncio.sleep(0.02)

    async with raw_server(drip) as (port, _), AiohttpClient(Clock(), {80: port}) as client:
        failed = await failure(client, "http://checkout.example.test/", timeout_seconds=0.3)
    assert failed.why == "timeout"
    assert failed.phases["body"] > 0.1


async def reset_before_answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    connection: socket.socket = writer.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


async def close_before_answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")


async def close_in_mid_body(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    await answer(writer, "HTTP/1.1 200 OK\nContent-Length: 100", b"only this")


async def close_in_mid_chunk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    await answer(writer, "HTTP/1.1 200 OK\nTransfer-Encoding: chunked", b"10\r\nonly this")


async def speak_something_else(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    await answer(writer, "220 mail.example.test ESMTP")


async def send_a_bad_chunk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    await answer(writer, "HTTP/1.1 200 OK\nTransfer-Encoding: chunked", b"zz\r\nno\r\n")
    await reader.read()


@pytest.mark.parametrize(
    ("serve", "why"),
    [
        (reset_before_answer, "reset"),
        (close_before_answer, "reset"),
        (close_in_mid_body, "reset"),
        (close_in_mid_chunk, "reset"),
        (speak_something_else, "protocol error"),
        (send_a_bad_chunk, "protocol error"),
    ],
)
async def test_a_broken_exchange_has_its_reason_and_is_never_tried_again(serve: Serve, why: str) -> None:
    async with raw_server(serve) as (port, connections), AiohttpClient(Clock(), {80: port}) as client:
        failed = await failure(client, "http://checkout.example.test/")
    assert failed.why == why
    assert len(connections) == 1


async def test_every_request_has_a_connection_of_its_own() -> None:
    async def keep_alive(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.readline():
            await reader.readuntil(b"\r\n\r\n")
            await answer(writer, "HTTP/1.1 200 OK\nConnection: keep-alive\nContent-Length: 2", b"ok")

    async with raw_server(keep_alive) as (port, connections), AiohttpClient(Clock(), {80: port}) as client:
        for _ in range(3):
            await client.send(HttpRequest("http://a.test/", address="127.0.0.1"), timeout_seconds=5)
    assert len(connections) == 3


async def test_redirects_cookies_and_proxies_of_the_surroundings_are_left_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen: list[str | None] = []

    async def redirect(request: web.BaseRequest) -> web.Response:
        seen.append(request.headers.get("Cookie"))
        return web.Response(status=302, headers={"Location": "/elsewhere", "Set-Cookie": "session=1"})

    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    async with app_server(redirect) as port, AiohttpClient(Clock(), {80: port}) as client:
        for _ in range(2):
            got = await client.send(HttpRequest("http://a.test/", address="127.0.0.1"), timeout_seconds=5)
            assert (got.status, got.headers["location"]) == (302, "/elsewhere")
    assert seen == [None, None]


async def test_a_body_is_read_no_further_than_its_limit() -> None:
    async def endless(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        await answer(writer, "HTTP/1.1 200 OK\nContent-Length: 100000000")
        while True:
            writer.write(b"x" * 65_536)
            await writer.drain()

    async with raw_server(endless) as (port, _), AiohttpClient(Clock(), {80: port}) as client:
        request = HttpRequest("http://a.test/", address="127.0.0.1", body_limit_bytes=1000)
        got = await client.send(request, timeout_seconds=5)
    assert got.body == b"x" * 1000


async def test_method_headers_and_body_are_sent_as_given() -> None:
    async def echo(request: web.BaseRequest) -> web.Response:
        named = " ".join(request.headers.getall("User-Agent") + request.headers.getall("Host"))
        text = f"{request.method} {named} {request.headers['X-Team']} {await request.text()}"
        return web.Response(text=text)

    async with app_server(echo) as port, AiohttpClient(Clock()) as client:
        request = HttpRequest(
            f"http://127.0.0.1:{port}/",
            "POST",
            {"host": "mine.test", "X-Team": "checkout", "user-agent": "me"},
            b"data",
        )
        got: HttpResponse = await client.send(request, timeout_seconds=5)
    assert got.body == b"POST me mine.test checkout data"


async def test_forty_time_outs_leave_no_socket_open() -> None:
    async with blackhole() as port, AiohttpClient(Clock(), {80: port, 443: port}) as client:
        await failure(client, "https://a.test/", timeout_seconds=0.05)
        before = len(os.listdir("/dev/fd"))
        await asyncio.gather(*(failure(client, "https://a.test/", timeout_seconds=0.1) for _ in range(40)))
        await asyncio.sleep(0)
        assert len(os.listdir("/dev/fd")) <= before + 1


async def test_a_cancelled_request_is_cancelled_not_failed() -> None:
    async with blackhole() as port, AiohttpClient(Clock(), {80: port}) as client:
        request = client.send(HttpRequest("http://a.test/", address="127.0.0.1"), timeout_seconds=30)
        task = asyncio.ensure_future(request)
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


@pytest.mark.parametrize("content", [None, "this is no certificate"])
async def test_a_ca_file_that_cannot_be_used_is_said_at_once(tmp_path: Path, content: str | None) -> None:
    ca_file = tmp_path / "ca.pem"
    if content is not None:
        ca_file.write_text(content, "utf-8")
    with pytest.raises(InvalidInput) as caught:
        AiohttpClient(Clock(), ca_file=str(ca_file))
    assert caught.value.where == str(ca_file)
