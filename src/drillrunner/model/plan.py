"""The plan: Drill x Environment, resolved. Data with a hash; nothing in it has happened yet."""

from __future__ import annotations

from pydantic import JsonValue

from drillrunner.model.call import Call, Change
from drillrunner.model.drill import Drill
from drillrunner.model.environment import Environment
from drillrunner.model.noun import Noun, sha256_of

SCHEMA_VERSION = 1


class PlannedItem(Noun):
    """A fault or step with the exact Changes that it would make, as captured while planning."""

    kind: str
    summary: str
    after_seconds: float = 0.0
    changes: tuple[Change, ...] = ()
    manual: str | None = None


class Plan(Noun):
    """Everything that `drill run` would do, decided beforehand.

    `calls` lists, once each and without duplicates, every other Call that planning and probing make
    (captures, probes, conditions); with the Changes' own Calls it is all that permissions need.
    """

    schema_version: int = SCHEMA_VERSION
    drill: Drill
    environment: Environment
    faults: tuple[PlannedItem, ...]
    failover: tuple[PlannedItem, ...]
    failback: tuple[PlannedItem, ...]
    calls: tuple[Call, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def hash(self) -> str:
        """SHA-256 of the plan's canonical JSON; approvals and records are bound to it.

        What stands at its default is left out: a version with more fields finds the same hash. So is the drill's
        schedule: when something is drilled is not what is drilled.
        """
        return sha256_of(self.model_dump(mode="json", exclude_defaults=True, exclude={"drill": {"schedule"}}))

    def as_json(self) -> JsonValue:
        document: JsonValue = self.model_dump(mode="json")
        return document
