"""Reports folders as past runs leave them, for the tests of history, comparison and trend."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from drillrunner.model.history import PastRun
from drillrunner.model.verdict import ObjectiveVerdict, Outcome, Verdict
from drillrunner.reporting import render_json
from made_up_verdict import verdict

LAB: dict[str, Any] = {"name": "lab", "kind": "lab", "topology": "checkout"}
STAGING: dict[str, Any] = {"name": "staging", "kind": "aws", "account": "123456789012"}


def rto(low: float | None, high: float | None, target: float = 180.0, probe: str = "checkout") -> ObjectiveVerdict:
    """An RTO objective, judged by its interval."""
    outcome: Outcome = "inconclusive"
    if high is not None and high <= target:
        outcome = "met"
    elif low is not None and low > target:
        outcome = "missed"
    return ObjectiveVerdict(name="rto", probe=probe, target=target, low=low, high=high, outcome=outcome, why="")


def run_id_of(began: datetime, number: int = 0) -> str:
    return f"{began:%Y%m%d-%H%M%S}-{number:06x}"


def verdict_on(began: datetime, *objectives: ObjectiveVerdict, number: int = 0, **changes: Any) -> Verdict:
    """The verdict on a run that began then; its outcome is the first objective's."""
    fields: dict[str, Any] = {
        "run_id": run_id_of(began, number),
        "began_wall": began.isoformat(),
        "objectives": objectives,
        "outcome": objectives[0].outcome if objectives else "inconclusive",
        "findings": (),
    }
    return verdict(**{**fields, **changes})


def write_run(reports: Path, judged: Verdict, environment: dict[str, Any] | None = None) -> Path:
    """A run's folder with its verdict and as much of its plan as tells where it ran."""
    folder = reports / judged.run_id
    folder.mkdir(parents=True)
    (folder / "plan.json").write_text(json.dumps({"environment": LAB if environment is None else environment}))
    (folder / "verdict.json").write_text(render_json(judged))
    return folder


def past(began: datetime, *objectives: ObjectiveVerdict, **changes: Any) -> PastRun:
    """A completed run of the past in the lab, with some fields changed."""
    judged = verdict_on(began, *objectives)
    fields: dict[str, Any] = {
        name: getattr(judged, name)
        for name in (
            "run_id",
            "drill",
            "environment",
            "began_wall",
            "outcome",
            "why",
            "ended_by",
            "objectives",
            "revert",
        )
    }
    where = {"folder": f"reports/{judged.run_id}", "kind": "lab", "place": "checkout"}
    return PastRun.model_validate({**fields, **where, **changes})


def day(year: int, month: int, number: int, hour: int = 12) -> datetime:
    return datetime(year, month, number, hour, tzinfo=UTC)
