"""A control plane that is three dictionaries, for data-plane tests without moto."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from drillrunner.lab.dataplane.controlstate import CheckConfig, FunctionState, RecordSet


@dataclass
class FakeControl:
    functions: dict[tuple[str, str], FunctionState] = field(default_factory=dict)
    health_checks: dict[str, CheckConfig] = field(default_factory=dict)
    record_sets: list[RecordSet] = field(default_factory=list)

    def function(self, region: str, name: str) -> FunctionState | None:
        return self.functions.get((region, name))

    def checks(self) -> Mapping[str, CheckConfig]:
        return dict(self.health_checks)

    def records(self) -> Sequence[RecordSet]:
        return list(self.record_sets)
