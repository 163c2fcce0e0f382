"""How often somebody may guess a join code. Pure: the moment is an argument."""

from __future__ import annotations

import ipaddress
from collections import deque
from dataclasses import dataclass, field

WRONG_CODES_MOST = 6
WITHIN_SECONDS = 60.0
ADDRESSES_MOST = 10_000


@dataclass(slots=True)
class Guesses:
    """The wrong codes of the last minute, by the address that sent them. Each has so many tries, then it waits."""

    _wrong: dict[str, deque[float]] = field(default_factory=dict)

    def wait_seconds(self, address: str, now: float) -> float:
        """How long that address has to wait before it may try again; 0 where it may at once."""
        moments = self._wrong.get(network_of(address))
        while moments and moments[0] <= now - WITHIN_SECONDS:
            moments.popleft()
        if not moments or len(moments) < WRONG_CODES_MOST:
            return 0.0
        return moments[0] + WITHIN_SECONDS - now

    def wrong(self, address: str, now: float) -> None:
        """Note a wrong code."""
        name = network_of(address)
        moments = self._wrong.pop(name, None) or deque(maxlen=WRONG_CODES_MOST)
        moments.append(now)
        self._wrong[name] = moments  # the newest come last
        while len(self._wrong) > ADDRESSES_MOST:
            del self._wrong[next(iter(self._wrong))]


def network_of(address: str) -> str:
    """Whom an address stands for: one IPv4 address, but a whole /64, of which everybody has as many as they like."""
    try:
        known = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if known.version == 4:
        return str(known)
    if known.ipv4_mapped is not None:
        return str(known.ipv4_mapped)
    return str(ipaddress.ip_network((known, 64), strict=False))
