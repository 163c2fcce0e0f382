"""The HTTP client against real servers on loopback: good ones, and every kind of bad one."""

from __future__ import annotations

import asyncio
import gc
import gzip
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

from drillrunner.calls.http import SocketHttpClient
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


async def failure(client: SocketHttpClient, url: str, timeout_seconds: float = 5.0) -> HttpFailed:
    with pytest.raises(HttpFailed) as caught:
        await client.send(HttpRequest(url, address="127.0.0.1"), timeout_seconds=timeout_seconds)
    return caught.value


async def hello(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    await answer(writer, "HTTP/1.1 200 OK\nContent-Length: 5", b"hello")


async def test_an_address_is_asked_in_the_name_of_the_host_and_on_the_mapped_port() -> None:
    async def echo(request: web.BaseRequest) -> web.Response:
        return web.json_response({"host": request.headers["Host"], "path": request.path_qs, "cookie": "-"})

    async with app_server(echo) as port:
        client = SocketHttpClient(Clock(), {80: port, 8080: port})
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
        client = SocketHttpClient(Clock(), {443: port}, str(ca_file))
        good = await client.send(HttpRequest("https://checkout.example.test/", address="127.0.0.1"), timeout_seconds=5)
        other_name = await failure(client, "https://orders.example.test/")
        stranger = SocketHttpClient(Clock(), {443: port})
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

    async with raw_server(plain) as (port, _):
        client = SocketHttpClient(Clock(), {443: port})
        assert (await failure(client, "https://checkout.example.test/")).why == "tls failed"


async def test_a_connection_that_ends_in_mid_handshake_is_reset() -> None:
    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)

    async with raw_server(hang_up) as (port, connections):
        client = SocketHttpClient(Clock(), {443: port})
        failed = await failure(client, "https://checkout.example.test/")
    assert failed.why == "reset"
    assert list(failed.phases) == ["connect", "tls"]
    assert len(connections) == 1


async def test_a_port_that_nobody_listens_on_is_connect_refused() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        client = SocketHttpClient(Clock(), {80: unused.getsockname()[1]})
        assert (await failure(client, "http://checkout.example.test/")).why == "connect refused"


@pytest.mark.parametrize(("scheme", "last_phase"), [("http", "first_byte"), ("https", "tls")])
async def test_a_black_hole_is_cut_at_the_time_out(scheme: str, last_phase: str) -> None:
    clock = Clock()
    async with blackhole() as port:
        client = SocketHttpClient(clock, {80: port, 443: port})
        began = clock.monotonic()
        failed = await failure(client, f"{scheme}://checkout.example.test/", timeout_seconds=0.3)
        took = clock.monotonic() - began
    assert failed.why == "timeout"
    assert 0.3 <= took < 1.0
    assert list(failed.phases)[-1] == last_phase
    assert sum(failed.phases.values()) == pytest.approx(took, abs=0.05)


async def test_a_time_out_and_the_phases_are_in_drill_seconds() -> None:
    clock = Clock(scale=10.0)
    async with blackhole() as port:
        client = SocketHttpClient(clock, {80: port})
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

    async with raw_server(drip) as (port, _):
        client = SocketHttpClient(Clock(), {80: port})
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
    async with raw_server(serve) as (port, connections):
        client = SocketHttpClient(Clock(), {80: port})
        failed = await failure(client, "http://checkout.example.test/")
    assert failed.why == why
    assert len(connections) == 1


async def test_every_request_has_a_connection_of_its_own() -> None:
    async def keep_alive(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.readline():
            await reader.readuntil(b"\r\n\r\n")
            await answer(writer, "HTTP/1.1 200 OK\nConnection: keep-alive\nContent-Length: 2", b"ok")

    async with raw_server(keep_alive) as (port, connections):
        client = SocketHttpClient(Clock(), {80: port})
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
    async with app_server(redirect) as port:
        client = SocketHttpClient(Clock(), {80: port})
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

    async with raw_server(endless) as (port, _):
        client = SocketHttpClient(Clock(), {80: port})
        request = HttpRequest("http://a.test/", address="127.0.0.1", body_limit_bytes=1000)
        got = await client.send(request, timeout_seconds=5)
    assert got.body == b"x" * 1000


async def test_method_headers_and_body_are_sent_as_given() -> None:
    async def echo(request: web.BaseRequest) -> web.Response:
        named = " ".join(request.headers.getall("User-Agent") + request.headers.getall("Host"))
        text = f"{request.method} {named} {request.headers['X-Team']} {await request.text()}"
        return web.Response(text=text)

    async with app_server(echo) as port:
        client = SocketHttpClient(Clock())
        request = HttpRequest(
            f"http://127.0.0.1:{port}/",
            "POST",
            {"host": "mine.test", "X-Team": "checkout", "user-agent": "me"},
            b"data",
        )
        got: HttpResponse = await client.send(request, timeout_seconds=5)
    assert got.body == b"POST me mine.test checkout data"


async def test_forty_time_outs_leave_no_socket_open() -> None:
    async with blackhole() as port:
        client = SocketHttpClient(Clock(), {80: port, 443: port})
        await failure(client, "https://a.test/", timeout_seconds=0.05)
        before = len(os.listdir("/dev/fd"))
        await asyncio.gather(*(failure(client, "https://a.test/", timeout_seconds=0.1) for _ in range(40)))
        await asyncio.sleep(0)
        assert len(os.listdir("/dev/fd")) <= before + 1


async def test_a_cancelled_request_is_cancelled_not_failed() -> None:
    async with blackhole() as port:
        client = SocketHttpClient(Clock(), {80: port})
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
        SocketHttpClient(Clock(), ca_file=str(ca_file))
    assert caught.value.where == str(ca_file)


def saying(text: str, body: bytes = b"") -> Serve:
    """A server that says this to whoever asks, and hangs up."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        await answer(writer, text, body)

    return serve


@pytest.mark.parametrize(
    ("text", "sent", "status", "body"),
    [
        ("HTTP/1.1 200 OK", b"until the end", 200, b"until the end"),
        ("HTTP/1.0 200 OK", b"of old", 200, b"of old"),
        ("HTTP/1.1 204 No Content", b"", 204, b""),
        ("HTTP/1.1 304 Not Modified\nContent-Length: 10", b"", 304, b""),
        ("HTTP/1.1 100 Continue\n\nHTTP/1.1 200 OK\nContent-Length: 2", b"ok", 200, b"ok"),
        ("HTTP/1.1 103 Early Hints\nLink: </a>\n\nHTTP/1.1 503 No\nContent-Length: 0", b"", 503, b""),
        ("HTTP/1.1 200 OK\nTransfer-Encoding: chunked", b"2\r\nok\r\n1\r\n!\r\n0\r\nX-Late: 1\r\n\r\n", 200, b"ok!"),
        ("HTTP/1.1 200 OK\nContent-Encoding: gzip", gzip.compress(b"small", mtime=0), 200, b"small"),
        ("HTTP/1.1 200 OK\nContent-Encoding: br", b"as it came", 200, b"as it came"),
    ],
)
async def test_each_way_to_end_an_answer_is_understood(text: str, sent: bytes, status: int, body: bytes) -> None:
    async with raw_server(saying(text, sent)) as (port, _):
        client = SocketHttpClient(Clock(), {80: port})
        got = await client.send(HttpRequest("http://a.test/", address="127.0.0.1"), timeout_seconds=5)
    assert (got.status, got.body) == (status, body)
    assert not {"link", "x-late"} & {name.lower() for name in got.headers}


@pytest.mark.parametrize(
    ("text", "sent"),
    [
        ("HTTP/1.1 200 OK\nContent-Encoding: gzip", b"no gzip at all"),
        ("HTTP/1.1 101 Switching Protocols\nUpgrade: other\nConnection: upgrade", b"\0\1"),
        ("HTTP/1.1 200 OK\nContent-Length: 2\nContent-Length: 3", b"ok"),
    ],
)
async def test_an_answer_that_makes_no_sense_is_a_protocol_error(text: str, sent: bytes) -> None:
    async with raw_server(saying(text, sent)) as (port, _):
        assert (await failure(SocketHttpClient(Clock(), {80: port}), "http://a.test/")).why == "protocol error"


async def test_a_head_request_waits_for_no_body() -> None:
    async def linger(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        await answer(writer, "HTTP/1.1 200 OK\nContent-Length: 100")
        await reader.read()

    async with raw_server(linger) as (port, _):
        request = HttpRequest("http://a.test/", "HEAD", address="127.0.0.1")
        got = await SocketHttpClient(Clock(), {80: port}).send(request, timeout_seconds=5)
    assert (got.status, got.body) == (200, b"")


@pytest.mark.parametrize(
    "request_",
    [
        HttpRequest("http://127.0.0.1:9/", headers={"X-Team": "a\r\nHost: elsewhere"}),
        HttpRequest("http://127.0.0.1:9/", headers={"X Team": "a"}),
        HttpRequest("http://127.0.0.1:9/", "GET / HTTP/1.1\r\n"),
        HttpRequest("ftp://127.0.0.1:9/"),
        HttpRequest("http://[::1/"),
    ],
)
async def test_what_cannot_be_sent_is_not_sent(request_: HttpRequest) -> None:
    with pytest.raises(HttpFailed) as caught:
        await SocketHttpClient(Clock()).send(request_, timeout_seconds=1)
    assert caught.value.why == "protocol error"


async def test_a_name_without_an_address_is_looked_up_and_its_time_told() -> None:
    async with raw_server(hello) as (port, _):
        client = SocketHttpClient(Clock())
        got = await client.send(HttpRequest(f"http://localhost:{port}/"), timeout_seconds=5)
    assert got.body == b"hello"
    assert set(got.phases) == {"dns", "connect", "first_byte", "body"}


async def test_a_request_that_timed_out_leaves_nothing_for_the_loop_to_complain_of() -> None:
    complaints: list[object] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _loop, context: complaints.append(context))
    async with blackhole() as port:
        await failure(SocketHttpClient(Clock(), {80: port}), "http://a.test/", timeout_seconds=0.05)
        await asyncio.sleep(0)
        gc.collect()
    loop.set_exception_handler(None)
    assert complaints == []


async def test_headers_without_end_are_a_protocol_error() -> None:
    async def ever_more(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n")
        while True:
            writer.write(b"X-More: " + b"x" * 60_000 + b"\r\n")
            await writer.drain()

    async with raw_server(ever_more) as (port, _):
        assert (await failure(SocketHttpClient(Clock(), {80: port}), "http://a.test/")).why == "protocol error"
