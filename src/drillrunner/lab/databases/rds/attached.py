"""Which pair holds the data of which clusters and instances, and the names by which clients reach them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from drillrunner.lab.databases.pair import DatabasePair, Side

# name, address, TTL in drill seconds
RegisterDns = Callable[[str, str, float], None]


@dataclass(slots=True)
class Attached:
    """A pair and what it stands for: `sides` maps ARNs of clusters or instances to its sides.

    `linked` says that one follows the other; a promoted replica or a removed cluster stands alone.
    `crash_on_stop` lets StopDBInstance stand for the loss of the instance.
    """

    pair: DatabasePair
    sides: dict[str, Side]
    linked: bool = True
    crash_on_stop: bool = False

    def writer_arn(self) -> str:
        return next(arn for arn, side in self.sides.items() if side == self.pair.writer)

    def address(self, arn: str) -> str:
        return self.pair.place(self.sides[arn]).address


def region_of(arn: str) -> str:
    """The region of an ARN such as arn:aws:rds:us-east-1:123456789012:cluster:ledger."""
    return arn.split(":")[3]


def identifier_of(arn: str) -> str:
    """The identifier that an RDS ARN ends in."""
    return arn.rsplit(":", 1)[1]


def name_of(arn: str) -> str:
    """`region/identifier`, the subject of truth events."""
    return f"{region_of(arn)}/{identifier_of(arn)}"
