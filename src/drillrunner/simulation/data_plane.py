"""The fake world's data plane: health checkers, DNS with a cache, and endpoints, all of it from control-plane state.

Whether users of a host are served is a step function of time that nobody's asking changes: it is the ground truth
that measured recoveries are held against.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Literal
from urllib.parse import urlsplit

from drillrunner.clock import VIRTUAL_EPOCH, Clock
from drillrunner.model.noun import JsonValue
from drillrunner.ports import DnsAnswer, HttpFailed, HttpRequest, HttpResponse
from drillrunner.simulation.control_plane import ControlPlane, address_of
from drillrunner.simulation.databases import Later
from drillrunner.simulation.topology import Check, Host, Topology

HEALTHY_ABOVE = 0.18


@dataclass
class Checker:
    """One health checker's opinion: it changes after so many looks in a row."""

    healthy: bool = True
    success: bool = True
    streak: int = 0
    checked: str = ""

    def look(self, success: bool, threshold: int, checked: str) -> None:
        self.streak = self.streak + 1 if success == self.success else 1
        self.success, self.checked = success, checked
        if self.streak >= threshold:
            self.healthy = success


@dataclass
class Served:
    """Where a host's users are sent, and since when they are served or not: `changes` holds (moment, good)."""

    host: Host
    region: str
    changes: list[tuple[float, bool]] = field(default_factory=lambda: [(-1.0, True)])

    @property
    def good(self) -> bool:
        return self.changes[-1][1]

    def becomes(self, good: bool, moment: float) -> None:
        if good != self.good:
            self.changes.append((moment, good))

    def outages(self, until: float) -> list[tuple[float, float]]:
        """Every span in which users were not served; one that lasts ends at infinity."""
        ends = [moment for moment, _ in self.changes[1:]] + [float("inf")]
        spans = [(moment, end) for (moment, good), end in zip(self.changes, ends, strict=True) if not good]
        return [span for span in spans if span[0] <= until]


class DataPlane:
    """Everything between users and the control plane. `hiccup` is a host-wide trouble, None when there is none."""

    def __init__(
        self,
        topology: Topology,
        control: ControlPlane,
        now: Callable[[], float],
        later: Later,
        clock: Clock,
        dice: random.Random,
    ) -> None:
        self._topology = topology
        self._control = control
        self._now = now
        self._later = later
        self._clock = clock
        self._dice = dice
        self.served = {host.name: Served(host, host.regions[0]) for host in topology.hosts}
        self._checkers = {check.check_id: [Checker() for _ in check.phases] for check in topology.checks}
        self.hiccup: Literal["status", "hang"] | None = None
        self.answer_slowest_seconds = 0.3
        control.looks = self._looks

    def start(self) -> None:
        for check in self._topology.checks:
            for number, phase in enumerate(check.phases):
                self._later(phase, self._looking(check, number))
        for served in self.served.values():
            self._later(served.host.phase_seconds, self._fetching(served))

    def refresh(self) -> None:
        """Something changed: note for every host whether its users are served now."""
        for served in self.served.values():
            served.becomes(self.hiccup is None and self._up(served.host, served.region), self._now())

    def _up(self, host: Host, region: str) -> bool:
        return self._control.reserves[region, host.function] != 0

    # -- health checks and DNS ---------------------------------------------------------------------

    def _looking(self, check: Check, number: int) -> Callable[[], None]:
        host = self.served[check.host].host
        checker = self._checkers[check.check_id][number]

        def look() -> None:
            stamp = (VIRTUAL_EPOCH + timedelta(seconds=self._now())).isoformat()
            checker.look(self._up(host, check.region), check.threshold, stamp)
            self._later(check.interval_seconds, look)

        return look

    def _looks(self, check_id: str) -> JsonValue:
        looks: list[JsonValue] = []
        for number, checker in enumerate(self._checkers[check_id]):
            status = "Success: HTTP Status Code 200, OK" if checker.success else "Failure: HTTP Status Code 429"
            report: dict[str, JsonValue] = {"Status": status, "CheckedTime": checker.checked}
            looks.append({"Region": f"checker-{number}", "IPAddress": "192.0.2.1", "StatusReport": report})
        return looks

    def _healthy(self, check_id: str) -> bool:
        checkers = self._checkers[check_id]
        fraction = sum(checker.healthy for checker in checkers) / len(checkers)
        return (fraction > HEALTHY_ABOVE) != self._control.inverted[check_id]

    def _fetching(self, served: Served) -> Callable[[], None]:
        def fetch() -> None:
            served.region = self._authoritative(served.host)
            self.refresh()
            self._later(served.host.ttl_seconds, fetch)

        return fetch

    def _authoritative(self, host: Host) -> str:
        records: dict[str, Any] = self._control.records[f"{host.name}."]
        regions = list(host.regions)
        if host.routing == "weighted":
            regions = [region for region in regions if records[region]["Weight"] > 0] or regions
        healthy = [region for region in regions if self._healthy(records[region]["HealthCheckId"])] or regions
        if host.routing == "failover":
            return healthy[0]
        weights = [max(records[region]["Weight"], 0) for region in healthy]
        return self._dice.choices(healthy, weights if any(weights) else None)[0]

    # -- what clients see ---------------------------------------------------------------------------

    async def resolve(
        self, name: str, record_type: Literal["A", "AAAA", "CNAME", "TXT"] = "A", *, timeout_seconds: float
    ) -> DnsAnswer:
        host = self.served[name.removeprefix("direct.").split("_", 1)[-1]]
        return DnsAnswer((address_of(host.region, host.host.regions),), 0.0)

    async def send(self, request: HttpRequest, *, timeout_seconds: float) -> HttpResponse:
        """One answer: true at its beginning or at its end, and nobody can tell which."""
        name = urlsplit(request.url).hostname or ""
        seconds = self._dice.uniform(0.02, self.answer_slowest_seconds)
        early = self._seen(name) if self._dice.random() < 0.5 else None
        if self.hiccup == "hang" and not name.startswith("direct."):
            await self._clock.sleep(timeout_seconds)
            raise HttpFailed("timeout")
        await self._clock.sleep(seconds)
        good, region = early or self._seen(name)
        return HttpResponse(200 if good else 429, {"x-served-by-region": region}, b"", {})

    def _seen(self, name: str) -> tuple[bool, str]:
        """`direct.REGION_HOST` is that region's own endpoint; any other name is what users ask."""
        if name.startswith("direct."):
            region, host = name.removeprefix("direct.").split("_", 1)
            return self._up(self.served[host].host, region), region
        served = self.served[name]
        return served.good, served.region
