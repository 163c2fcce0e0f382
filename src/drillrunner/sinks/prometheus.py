"""Prometheus' text format: past runs as metrics, for a scrape of `drill serve`. Pure.

Everything is a gauge, because run folders may be deleted. (prometheus.io/docs, "Exposition formats")
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import get_args

from drillrunner.model.history import moment
from drillrunner.model.verdict import Interval, Outcome, Verdict
from drillrunner.sinks.outcome import rpo_of, rto_of

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)
_Labels = dict[str, str]
_Samples = Iterator[tuple[_Labels, float]]


def metrics_text(verdicts: Sequence[Verdict]) -> str:
    """Of these runs: how many there were, and the figures of the last one of each drill on each environment."""
    last: dict[tuple[str, str], Verdict] = {}
    for verdict in sorted(verdicts, key=lambda one: (one.began_wall, one.run_id)):
        last[verdict.drill, verdict.environment] = verdict
    newest = list(last.values())
    families = (
        ("runs", "Runs whose reports are kept, by outcome.", _counts(verdicts)),
        ("last_run_timestamp_seconds", "When the last run began, Unix time.", _began(newest)),
        ("last_run_outcome", "1 for the outcome of the last run.", _outcomes(newest)),
        ("last_run_objective", "1 for the outcome of each objective of the last run.", _objectives(newest)),
        ("last_run_rto_seconds", "The RTO of the last run lies between low and high.", _bounds(newest, "rto")),
        ("last_run_rpo_seconds", "The RPO of the last run lies between low and high.", _bounds(newest, "rpo")),
        ("last_run_left_injected", "What the last run left injected.", _left(newest)),
    )
    return "".join(_family(f"drillrunner_{name}", words, list(samples)) for name, words, samples in families)


def _family(name: str, words: str, samples: list[tuple[_Labels, float]]) -> str:
    lines = [f"# HELP {name} {words}", f"# TYPE {name} gauge"]
    lines += [f"{name}{_braces(labels)} {value:.15g}" for labels, value in samples]
    return "\n".join(lines) + "\n"


def _braces(labels: _Labels) -> str:
    return "{" + ",".join(f'{key}="{_escaped(value)}"' for key, value in labels.items()) + "}"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _of(verdict: Verdict) -> _Labels:
    return {"drill": verdict.drill, "environment": verdict.environment}


def _counts(verdicts: Sequence[Verdict]) -> _Samples:
    counted = Counter((one.drill, one.environment, one.outcome) for one in verdicts)
    for drill, environment in sorted({(one.drill, one.environment) for one in verdicts}):
        for outcome in _OUTCOMES:
            labels = {"drill": drill, "environment": environment, "outcome": outcome}
            yield labels, counted[drill, environment, outcome]


def _began(newest: Sequence[Verdict]) -> _Samples:
    for one in newest:
        began = moment(one.began_wall)
        if began is not None:  # a journal without an entry has no beginning
            yield _of(one), began.timestamp()


def _outcomes(newest: Sequence[Verdict]) -> _Samples:
    for one in newest:
        for outcome in _OUTCOMES:
            yield {**_of(one), "outcome": outcome}, one.outcome == outcome


def _objectives(newest: Sequence[Verdict]) -> _Samples:
    for one in newest:
        for objective in one.objectives:
            labels = {**_of(one), "objective": objective.name, "probe": objective.probe}
            for outcome in _OUTCOMES:
                yield {**labels, "outcome": outcome}, objective.outcome == outcome


def _bounds(newest: Sequence[Verdict], figure: str) -> _Samples:
    """Nothing where it was not measured: no figure is not zero."""
    for one in newest:
        interval: Interval | None = rto_of(one) if figure == "rto" else rpo_of(one)
        if interval is not None:
            yield {**_of(one), "bound": "low"}, interval.low
            yield {**_of(one), "bound": "high"}, interval.high


def _left(newest: Sequence[Verdict]) -> _Samples:
    return ((_of(one), len(one.revert.left) if one.revert else 0) for one in newest)
