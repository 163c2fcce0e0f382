"""Verdicts and entries made by hand, for the tests of the reports."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from drillrunner.model.journal import GENESIS, Entry, entry_hash
from drillrunner.model.noun import JsonValue
from drillrunner.model.verdict import (
    Finding,
    Interval,
    Latency,
    LedgerResult,
    ObjectiveVerdict,
    PhaseSpan,
    Recovery,
    RevertResult,
    Share,
    Verdict,
)

BEGAN_AT = 5000.0
PHASES = (
    ("preflight", 0.0, 2.0),
    ("baseline", 2.0, 32.0),
    ("inject", 32.0, 43.0),
    ("detect", 43.0, 61.0),
    ("failover", 61.0, 96.0),
    ("recover", 96.0, 162.0),
    ("failback", 162.0, 182.0),
    ("revert", 182.0, 186.0),
    ("restored", 186.0, 200.0),
    ("judged", 200.0, 200.5),
)
OBJECTIVES = (
    ObjectiveVerdict(
        name="rto", probe="checkout", target=180.0, low=97.1, high=98.7, outcome="met", why="recovered within 3m"
    ),
    ObjectiveVerdict(
        name="rpo",
        probe="orders",
        target=5.0,
        low=1.02,
        high=1.4,
        outcome="met",
        why="3 acknowledged records were lost",
    ),
    ObjectiveVerdict(
        name="availability",
        probe="checkout",
        target=0.3,
        low=0.2461,
        high=0.2461,
        outcome="missed",
        why="32 of 130 good",
    ),
    ObjectiveVerdict(
        name="latency",
        probe="checkout",
        target=0.8,
        low=None,
        high=None,
        outcome="inconclusive",
        why="too few good answers",
        decide="probe every 100ms",
    ),
    ObjectiveVerdict(
        name="detection",
        probe="health",
        target=60.0,
        low=22.5,
        high=28.1,
        outcome="met",
        why="the health check flipped",
    ),
)


def verdict(**changes: Any) -> Verdict:
    """The verdict on `fabricated_run()`, with some fields changed."""
    fields: dict[str, Any] = {
        "run_id": "20261120-140000-7f3a9c",
        "drill": "regional-outage",
        "title": "us-east-1 stops serving; checkout must be served from eu-west-1",
        "environment": "lab",
        "plan_hash": "91c2" * 16,
        "began_wall": "2026-11-20T14:00:00Z",
        "began_at": BEGAN_AT,
        "outcome": "missed",
        "why": "availability was missed: 24.61% of 30%",
        "ended_by": "completed",
        "objectives": OBJECTIVES,
        "anatomy": (
            Share(part="detect", seconds=27.9, least_seconds=20.0, why="2 failures, 10 s apart"),
            Share(part="decide", seconds=0.9),
            Share(part="switch", seconds=34.7),
            Share(part="propagate", seconds=34.4, least_seconds=34.0, why="TTL 60 s"),
            Share(part="stabilise", seconds=0.8),
        ),
        "anatomy_probe": "checkout",
        "recoveries": (
            Recovery(
                probe="checkout",
                vantage="here",
                rto=Interval(low=97.1, high=98.7),
                outage=Interval(low=96.9, high=98.2),
                first_failed_at=33.0,
                recovered_at=131.0,
            ),
        ),
        "ledgers": (
            LedgerResult(
                probe="orders",
                written=396,
                acknowledged=321,
                lost=3,
                late=0,
                duplicated=0,
                reordered=0,
                overwritten=0,
                rpo=Interval(low=1.02, high=1.4),
            ),
        ),
        "availability": {"checkout": 0.5051, "orders": 0.81, "lag": 1.0},
        "latencies": (
            Latency(
                probe="checkout", phase="baseline", region="us-east-1", count=30, p50_ms=92, p95_ms=136, p99_ms=139
            ),
            Latency(
                probe="checkout", phase="recover", region="eu-west-1", count=32, p50_ms=188, p95_ms=540, p99_ms=610
            ),
        ),
        "phases": tuple(PhaseSpan(phase=name, began=began, ended=ended) for name, began, ended in PHASES),
        "revert": RevertResult(of=4, reverted=4, seconds=3.0),
        "steady_before": True,
        "steady_after": True,
        "findings": (
            Finding(
                code="F103",
                message="DNS kept sending users to the old region for 34s",
                advice="Lower the record's TTL from 60 s, or use Global Accelerator.",
            ),
        ),
        "readings_count": 773,
    }
    return Verdict.model_validate({**fields, **changes})


def entry(kind: str, at: float = 51.0, /, **data: JsonValue) -> Entry:
    """One entry by itself, `at` seconds after 14:05:00 and after the run began."""
    stamp = datetime(2026, 11, 20, 14, 5, tzinfo=UTC) + timedelta(seconds=at)
    wall = stamp.isoformat().replace("+00:00", "Z")
    digest = entry_hash(1, BEGAN_AT + at, wall, kind, data, GENESIS)
    return Entry(seq=1, at=BEGAN_AT + at, wall=wall, kind=kind, data=data, prev=GENESIS, hash=digest)
