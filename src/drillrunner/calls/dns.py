"""One DNS question to the environment's resolver, without any cache, so that what is seen is what it says now."""

from __future__ import annotations

import ipaddress
import re
from typing import Literal

import anyio
import dns.asyncquery
import dns.exception
import dns.message
import dns.name
import dns.rcode
import dns.resolver
from dns.rdata import Rdata
from dns.rdtypes.ANY.TXT import TXT

from drillrunner.clock import Clock
from drillrunner.errors import InvalidInput
from drillrunner.ports import DnsAnswer, DnsFailed

RecordType = Literal["A", "AAAA", "CNAME", "TXT"]
_LOOPBACK = {"A": "127.0.0.1", "AAAA": "::1"}
_LOCALHOST = dns.name.from_text("localhost.")


_SERVER = re.compile(r"\[(?P<v6>[^]]+)\](?::(?P<v6_port>\d+))?|(?P<v4>[^:]+)(?::(?P<v4_port>\d+))?|(?P<bare_v6>.+)")


def parse_server(text: str) -> tuple[str, int]:
    """Address and port in `127.0.0.1:5353`, `10.0.0.2` (port 53) or `[::1]:5353`. Raises InvalidInput."""
    match = _SERVER.fullmatch(text)
    address = match and (match["v6"] or match["v4"] or match["bare_v6"])
    port = int((match and (match["v6_port"] or match["v4_port"])) or 53)
    if not address or not _is_address(address) or not 0 < port < 65_536:
        raise InvalidInput(
            f'"{text}" is not the address of a DNS server',
            where="resolver",
            advice="write it like 127.0.0.1:5353 or 10.0.0.2",
        )
    return address, port


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


class DnsResolver:
    """A Resolver that asks `server` (`address:port`), or the system's name servers when that is None.

    `localhost` is never asked for: it is the loopback address wherever one is (RFC 6761, section 6.3).
    """

    def __init__(self, clock: Clock, server: str | None = None) -> None:
        self._clock = clock
        self._servers = [parse_server(server)] if server else None

    async def resolve(self, name: str, record_type: RecordType = "A", *, timeout_seconds: float) -> DnsAnswer:
        """Ask once, within so many drill seconds. Raises DnsFailed.

        The answer's TTL is the least along its chain of CNAMEs, as RFC 2308 has caches keep it. A
        truncated answer is asked for again over TCP, as RFC 7766 demands; nothing else is asked twice.
        """
        try:
            asked = dns.name.from_text(name)
        except dns.exception.DNSException as error:
            raise DnsFailed("dns nxdomain") from error
        if asked.is_subdomain(_LOCALHOST) and record_type in _LOOPBACK:
            return DnsAnswer((_LOOPBACK[record_type],), 0.0)
        try:
            with anyio.fail_after(self._clock.real(timeout_seconds)):
                return _answer(await self._ask(asked, record_type))
        except (TimeoutError, dns.exception.Timeout) as error:
            raise DnsFailed("dns timeout") from error
        except (dns.exception.DNSException, OSError, EOFError) as error:
            raise DnsFailed("dns servfail") from error

    async def _ask(self, name: dns.name.Name, record_type: RecordType) -> dns.message.QueryMessage:
        """The first answer; further servers, which only a system may have, are for those that stay silent."""
        servers = self._system_or_given()
        for address, port in servers[:-1]:
            with anyio.move_on_after((anyio.current_effective_deadline() - anyio.current_time()) / 2):
                return await _exchange(name, record_type, address, port)
        return await _exchange(name, record_type, *servers[-1])

    def _system_or_given(self) -> list[tuple[str, int]]:
        if self._servers is None:
            system = dns.resolver.Resolver()
            self._servers = [(str(server), system.port) for server in system.nameservers]
        return self._servers


async def _exchange(name: dns.name.Name, record_type: RecordType, address: str, port: int) -> dns.message.QueryMessage:
    query = dns.message.make_query(name, record_type)
    response, _over_tcp = await dns.asyncquery.udp_with_fallback(query, address, port=port, ignore_errors=True)
    if not isinstance(response, dns.message.QueryMessage):
        raise DnsFailed("dns servfail")
    return response


def _answer(response: dns.message.QueryMessage) -> DnsAnswer:
    if response.rcode() == dns.rcode.NXDOMAIN:
        raise DnsFailed("dns nxdomain")
    if response.rcode() != dns.rcode.NOERROR:
        raise DnsFailed("dns servfail")
    chain = response.resolve_chaining()
    if chain.answer is None:
        raise DnsFailed("dns no answer")
    return DnsAnswer(tuple(_text(rdata) for rdata in chain.answer), float(chain.minimum_ttl))


def _text(rdata: Rdata) -> str:
    """An address as it is, a name without its last dot, a TXT record's strings joined as its readers join them."""
    if isinstance(rdata, TXT):
        return b"".join(rdata.strings).decode("utf-8", "replace")
    return rdata.to_text().rstrip(".")
