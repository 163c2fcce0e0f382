"""The resolver against a DNS server on loopback that says whatever a test wants it to say."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import cast

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest

from drillrunner.calls.dns import DnsResolver, parse_server
from drillrunner.clock import Clock
from drillrunner.errors import InvalidInput
from drillrunner.ports import DnsAnswer, DnsFailed

pytestmark = pytest.mark.anyio

Reply = Callable[[dns.message.Message], dns.message.Message | None]


class _Udp(asyncio.DatagramProtocol):
    def __init__(self, reply: Reply, asked: list[str]) -> None:
        self._reply = reply
        self._asked = asked

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        query = dns.message.from_wire(data)
        self._asked.append(query.question[0].to_text())
        response = self._reply(query)
        if response is not None:
            self._transport.sendto(response.to_wire(), addr)


@asynccontextmanager
async def dns_server(reply: Reply) -> AsyncIterator[tuple[DnsResolver, list[str]]]:
    asked: list[str] = []
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(lambda: _Udp(reply, asked), local_addr=("127.0.0.1", 0))
    port = transport.get_extra_info("sockname")[1]
    try:
        yield DnsResolver(Clock(), f"127.0.0.1:{port}"), asked
    finally:
        transport.close()


def answering(*records: str, rcode: dns.rcode.Rcode = dns.rcode.NOERROR) -> Reply:
    """Records like `a.test. 60 IN A 192.0.2.1`, one line each."""

    def reply(query: dns.message.Message) -> dns.message.Message:
        response = dns.message.make_response(query)
        response.set_rcode(rcode)
        for record in records:
            name, ttl, rdclass, rdtype, value = record.split(maxsplit=4)
            found = response.find_rrset(
                response.answer,
                dns.name.from_text(name),
                dns.rdataclass.from_text(rdclass),
                dns.rdatatype.from_text(rdtype),
                create=True,
            )
            for rdata in dns.rrset.from_text(name, int(ttl), rdclass, rdtype, value):
                found.add(rdata, int(ttl))
        return response

    return reply


async def failure(resolver: DnsResolver, name: str = "a.test", timeout_seconds: float = 2.0) -> str:
    with pytest.raises(DnsFailed) as caught:
        await resolver.resolve(name, timeout_seconds=timeout_seconds)
    return caught.value.why


async def test_every_question_is_asked_once_and_anew() -> None:
    async with dns_server(answering("a.test. 60 IN A 192.0.2.1", "a.test. 60 IN A 192.0.2.2")) as (resolver, asked):
        first = await resolver.resolve("a.test", timeout_seconds=2)
        await resolver.resolve("a.test", timeout_seconds=2)
    assert sorted(first.values) == ["192.0.2.1", "192.0.2.2"]
    assert first.ttl_seconds == 60
    assert asked == ["a.test. IN A"] * 2


async def test_a_chain_of_cnames_is_followed_in_the_answer_and_has_its_least_ttl() -> None:
    chain = ("a.test. 300 IN CNAME b.test.", "b.test. 5 IN CNAME c.test.", "c.test. 60 IN A 192.0.2.3")
    async with dns_server(answering(*chain)) as (resolver, asked):
        assert await resolver.resolve("a.test", timeout_seconds=2) == DnsAnswer(("192.0.2.3",), 5.0)
    assert len(asked) == 1


async def test_the_target_of_a_cname_and_the_text_of_a_txt_are_given_bare() -> None:
    async with dns_server(answering("a.test. 30 IN CNAME b.test.")) as (resolver, _):
        assert await resolver.resolve("a.test", "CNAME", timeout_seconds=2) == DnsAnswer(("b.test",), 30.0)
    async with dns_server(answering('a.test. 30 IN TXT "region=" "eu-west-1"')) as (resolver, _):
        assert await resolver.resolve("a.test", "TXT", timeout_seconds=2) == DnsAnswer(("region=eu-west-1",), 30.0)


async def test_a_name_that_does_not_exist_is_nxdomain_also_behind_a_cname() -> None:
    async with dns_server(answering(rcode=dns.rcode.NXDOMAIN)) as (resolver, _):
        assert await failure(resolver) == "dns nxdomain"
    async with dns_server(answering("a.test. 5 IN CNAME gone.test.", rcode=dns.rcode.NXDOMAIN)) as (resolver, _):
        assert await failure(resolver) == "dns nxdomain"


@pytest.mark.parametrize("rcode", [dns.rcode.SERVFAIL, dns.rcode.REFUSED])
async def test_a_server_that_will_not_answer_is_servfail_and_not_asked_again(rcode: dns.rcode.Rcode) -> None:
    async with dns_server(answering(rcode=rcode)) as (resolver, asked):
        assert await failure(resolver) == "dns servfail"
    assert len(asked) == 1


async def test_an_answer_without_addresses_is_no_answer() -> None:
    async with dns_server(answering()) as (resolver, _):
        assert await failure(resolver) == "dns no answer"
    async with dns_server(answering("a.test. 30 IN CNAME b.test.")) as (resolver, _):
        assert await failure(resolver) == "dns no answer"


async def test_a_silent_server_is_cut_at_the_time_out_and_asked_once() -> None:
    clock = Clock()
    async with dns_server(lambda _: None) as (resolver, asked):
        began = clock.monotonic()
        assert await failure(resolver, timeout_seconds=0.3) == "dns timeout"
        assert 0.3 <= clock.monotonic() - began < 1.0
    assert len(asked) == 1


async def test_an_answer_to_another_question_is_not_taken() -> None:
    def forged(query: dns.message.Message) -> dns.message.Message:
        response = answering("a.test. 60 IN A 203.0.113.9")(query)
        assert response is not None
        response.id = (query.id + 1) % 65_536
        return response

    async with dns_server(forged) as (resolver, _):
        assert await failure(resolver, timeout_seconds=0.3) == "dns timeout"


async def test_a_truncated_answer_is_asked_for_over_tcp() -> None:
    def truncated(query: dns.message.Message) -> dns.message.Message:
        response = dns.message.make_response(query)
        response.flags |= dns.flags.TC
        return response

    async def over_tcp(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        length = int.from_bytes(await reader.readexactly(2), "big")
        response = answering("a.test. 7 IN A 192.0.2.7")(dns.message.from_wire(await reader.readexactly(length)))
        assert response is not None
        wire = response.to_wire()
        writer.write(len(wire).to_bytes(2, "big") + wire)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(over_tcp, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(lambda: _Udp(truncated, []), local_addr=("127.0.0.1", port))
    try:
        answer = await DnsResolver(Clock(), f"127.0.0.1:{port}").resolve("a.test", timeout_seconds=2)
    finally:
        transport.close()
        server.close()
    assert answer == DnsAnswer(("192.0.2.7",), 7.0)


async def test_a_server_that_is_not_there_fails_within_the_time_out() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    resolver = DnsResolver(Clock(), f"127.0.0.1:{port}")
    assert await failure(resolver, timeout_seconds=0.3) in {"dns timeout", "dns servfail"}


async def test_localhost_and_names_that_cannot_be_are_never_asked_for() -> None:
    async with dns_server(answering()) as (resolver, asked):
        assert (await resolver.resolve("localhost", timeout_seconds=2)).values == ("127.0.0.1",)
        assert (await resolver.resolve("a.localhost", "AAAA", timeout_seconds=2)).values == ("::1",)
        assert await failure(resolver, "a" * 64 + ".test") == "dns nxdomain"
    assert asked == []


def test_a_servers_address_may_have_a_port_and_must_be_an_address() -> None:
    assert parse_server("127.0.0.1:5353") == ("127.0.0.1", 5353)
    assert parse_server("10.0.0.2") == ("10.0.0.2", 53)
    assert parse_server("[::1]:5353") == ("::1", 5353)
    assert parse_server("[::1]") == ("::1", 53)
    assert parse_server("2001:db8::1") == ("2001:db8::1", 53)
    for wrong in ("dns.example.test:53", "127.0.0.1:dns", "", "127.0.0.1:99999"):
        with pytest.raises(InvalidInput):
            parse_server(wrong)
