"""The DNS wire: questions in over UDP and TCP on one loopback port, answers out, with dnspython's codec."""

from __future__ import annotations

import asyncio
import contextlib
import struct
from collections.abc import Callable
from typing import cast

import dns.exception
import dns.flags
import dns.message
import dns.opcode
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset

from drillrunner.errors import LabFailed
from drillrunner.lab.dataplane.routing import Answer, RRset

# name, type, and whether the client desires recursion (RD)
Answering = Callable[[str, str, bool], Answer]

PORT_TRIES = 20
TCP_IDLE_SECONDS = 30.0
UDP_BYTES = 512
_HEADER = struct.Struct("!H")


def respond(wire: bytes, answering: Answering, *, udp: bool) -> bytes | None:
    """The answer's bytes, or None for what is not even a question. Too long for UDP → truncated (TC)."""
    try:
        query = dns.message.from_wire(wire)
    except dns.exception.DNSException:
        return None
    if query.flags & dns.flags.QR:
        return None
    response = dns.message.make_response(query, recursion_available=True)
    if not query.flags & dns.flags.RD:
        response.flags |= dns.flags.AA
    if query.opcode() != dns.opcode.QUERY or len(query.question) != 1:
        response.set_rcode(dns.rcode.NOTIMP)
    else:
        _fill(response, answering)
    return _packed(response, max(UDP_BYTES, query.payload) if udp else 65_535)


def _fill(response: dns.message.Message, answering: Answering) -> None:
    question = response.question[0]
    name, rtype = question.name.to_text(omit_final_dot=True), dns.rdatatype.to_text(question.rdtype)
    told = answering(name, rtype, bool(response.flags & dns.flags.RD))
    if not told.exists:
        response.set_rcode(dns.rcode.NXDOMAIN)
    response.answer.extend(_encoded(rrset) for rrset in told.rrsets)


def _encoded(rrset: RRset) -> dns.rrset.RRset:
    values = [f"{value}." if rrset.type == "CNAME" and not value.endswith(".") else value for value in rrset.values]
    return dns.rrset.from_text_list(f"{rrset.name}.", round(rrset.ttl_seconds), "IN", rrset.type, values)


def _packed(response: dns.message.Message, limit: int) -> bytes:
    try:
        return response.to_wire(max_size=limit)
    except dns.exception.TooBig:
        response.answer.clear()
        response.flags |= dns.flags.TC
        return response.to_wire(max_size=limit)


class _Udp(asyncio.DatagramProtocol):
    def __init__(self, answering: Answering) -> None:
        self._answering = answering
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # asyncio hands a datagram protocol a datagram transport, though in 3.11 not one of that class
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        wire = respond(data, self._answering, udp=True)
        if wire is not None and self._transport is not None:
            self._transport.sendto(wire, addr)


class DnsServer:
    """A DNS server on the running asyncio loop. `start` binds, `port` is where, `close` ends it."""

    def __init__(self, answering: Answering, host: str = "127.0.0.1") -> None:
        self._answering = answering
        self._host = host
        self._udp: asyncio.DatagramTransport | None = None
        self._tcp: asyncio.Server | None = None
        self.port = 0

    async def start(self) -> None:
        """Bind one free port for both. Raises LabFailed."""
        for _ in range(PORT_TRIES):
            self._tcp = await asyncio.start_server(self._serve_tcp, self._host, 0)
            self.port = self._tcp.sockets[0].getsockname()[1]
            try:
                self._udp, _ = await asyncio.get_running_loop().create_datagram_endpoint(
                    lambda: _Udp(self._answering), local_addr=(self._host, self.port)
                )
            except OSError:
                self._tcp.close()
                continue
            return
        raise LabFailed("no port is free for the lab's DNS", where=self._host, advice="Close programs that hold many.")

    def close(self) -> None:
        if self._udp:
            self._udp.close()
        if self._tcp:
            self._tcp.close()

    async def _serve_tcp(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # a client may hang up, stall or be cut off by the lab's end at any point: that is its affair
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, TimeoutError):
            while True:
                async with asyncio.timeout(TCP_IDLE_SECONDS):
                    (length,) = _HEADER.unpack(await reader.readexactly(_HEADER.size))
                    wire = respond(await reader.readexactly(length), self._answering, udp=False)
                    if wire is None:
                        break
                    writer.write(_HEADER.pack(len(wire)) + wire)
                    await writer.drain()
        writer.close()
