"""How long the lab's control plane takes for changes of databases, in drill seconds."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Durations:
    """AWS tells "minutes" for most of these; the defaults are shorter, so that a drill in the lab is, too.

    What counts is the order: a failover crashes at once and promotes after `failover`, the old
    primary follows again after `rebuild` more. Stop, start and promotion are those of RDS instances.
    """

    failover: float = 30.0
    switchover: float = 20.0
    rebuild: float = 30.0
    promotion: float = 20.0
    stop: float = 5.0
    start: float = 5.0
    dns_ttl: float = 5.0
