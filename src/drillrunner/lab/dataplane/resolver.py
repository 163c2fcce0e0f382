"""The lab's recursive resolver, which most clients ask: it keeps an answer and hands out what is left of its TTL."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from drillrunner.lab.dataplane.controlstate import plain_name
from drillrunner.lab.dataplane.dns import Dns
from drillrunner.lab.dataplane.routing import Answer, RRset
from drillrunner.lab.world import World


@dataclass(frozen=True, slots=True)
class _Kept:
    told: Answer
    until: float


class RecursiveResolver:
    """Answers questions that desire recursion (RD, as stub resolvers ask) from a cache; others at the source.

    Others have asked before we did: the first answer of a name is therefore handed out with a random part
    of its TTL left, so that runs do not all begin in step with the cache. Some resolvers keep answers for
    longer than their TTL: `least_ttl_seconds` is how long this one keeps any. Call it on the data plane's loop.
    """

    def __init__(self, world: World, dns: Dns, least_ttl_seconds: float = 0.0) -> None:
        self._world = world
        self._least_ttl_seconds = least_ttl_seconds
        self._dns = dns
        self._kept: dict[tuple[str, str], _Kept] = {}

    def answer(self, name: str, rtype: str, *, recursive: bool) -> Answer:
        """What the client is told. Logs truth `dns.answered`; `until` in its detail is when the cache asks anew."""
        if not recursive:
            return self._dns.answer(name, rtype)
        now = self._world.clock.monotonic()
        key = (plain_name(name), rtype)
        kept = self._kept.get(key)
        if kept is None or kept.until <= now:
            kept = self._asked_anew(key, now, first=kept is None)
        told = _aged(kept.told, kept.until - now)
        values = list(told.rrsets[-1].values) if told.rrsets else []
        left = told.rrsets[-1].ttl_seconds if told.rrsets else None
        self._world.truth.add("dns.answered", key[0], values=values, ttl=left, until=kept.until)
        return told

    def _asked_anew(self, key: tuple[str, str], now: float, *, first: bool) -> _Kept:
        told = self._dns.tell(*key)
        seconds = min((rrset.ttl_seconds for rrset in told.rrsets), default=0.0)
        seconds = max(seconds, self._least_ttl_seconds)
        share = self._world.random.random() if first else 1.0
        kept = _Kept(told, now + seconds * share)
        if told.rrsets:
            self._kept[key] = kept
        return kept


def _aged(told: Answer, left_seconds: float) -> Answer:
    """The answer with what is left of its TTL, in whole seconds: a client must not keep it longer than we do."""
    left = float(math.floor(max(left_seconds, 0.0)))
    return replace(told, rrsets=tuple(_with_ttl(rrset, left) for rrset in told.rrsets))


def _with_ttl(rrset: RRset, seconds: float) -> RRset:
    return replace(rrset, ttl_seconds=seconds)
