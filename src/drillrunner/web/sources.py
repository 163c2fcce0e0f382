"""What the pages are made from. The command line hands it over, so that this room reads files and decides nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from drillrunner.clock import Clock
from drillrunner.files.run_folder import RunFolder
from drillrunner.model.history import BrokenRun, PastRun
from drillrunner.model.verdict import Verdict
from drillrunner.registry import Kind

Metrics = Callable[[Sequence[Verdict]], str]


@dataclass(frozen=True, slots=True)
class Sources:
    """Where runs and drills lie, and how a run that is over is read.

    `base` is the folder that holds `drills/`. `param_rows` gives name, type, required, default and description of
    each parameter of a kind. `metrics` writes verdicts for Prometheus; None where that is not built in.
    """

    reports: Path
    base: Path
    past: Callable[[RunFolder], PastRun | BrokenRun]
    param_rows: Callable[[Kind], Sequence[dict[str, Any]]]
    metrics: Metrics | None = None
    clock: Clock = field(default_factory=Clock)
