"""Token buckets, one for each AWS service: an account's API limits are shared with whoever else is working."""

from __future__ import annotations

from collections.abc import Mapping

from drillrunner.clock import Clock

# Requests a second that we allow ourselves, below what the account may.
# Route 53: 5/s for an account ("API requests", Route 53 quotas), shared between our changes and our probes.
REQUESTS_PER_SECOND: Mapping[str, float] = {"route53": 3.0, "rds": 10.0, "lambda": 15.0, "sts": 10.0} | {
    "apigateway": 8.0,  # 10/s for an account ("Amazon API Gateway quotas": management API)
    "apigatewayv2": 8.0,
}
DEFAULT_REQUESTS_PER_SECOND = 50.0
PROBE_REQUESTS_PER_SECOND: Mapping[str, float] = {"route53": 2.0, "rds": 5.0}


class TokenBucket:
    """Lets `rate` calls a second through, and a burst of one second's worth. Waiters are served in order."""

    def __init__(self, clock: Clock, rate_per_second: float) -> None:
        self._clock = clock
        self._interval_seconds = 1.0 / rate_per_second
        self._burst_seconds = 1.0
        self._next_free = float("-inf")

    async def take(self) -> None:
        """Wait for a token."""
        now = self._clock.monotonic()
        earliest = now - self._burst_seconds + self._interval_seconds
        mine = max(self._next_free, earliest)
        self._next_free = mine + self._interval_seconds
        if mine > now:
            try:
                await self._clock.sleep_until(mine)
            except BaseException:
                self._next_free -= self._interval_seconds  # who gave up waiting needs no token
                raise


class RateLimits:
    """The buckets of one environment, by service."""

    def __init__(
        self,
        clock: Clock,
        rates: Mapping[str, float] = REQUESTS_PER_SECOND,
        default: float = DEFAULT_REQUESTS_PER_SECOND,
    ) -> None:
        self._clock = clock
        self._rates = rates
        self._default = default
        self._buckets: dict[str, TokenBucket] = {}

    async def take(self, service: str) -> None:
        if service not in self._buckets:
            rate = self._rates.get(service, self._default)
            self._buckets[service] = TokenBucket(self._clock, rate)
        await self._buckets[service].take()
