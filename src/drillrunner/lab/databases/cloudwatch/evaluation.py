"""How an alarm's state follows from its datapoints: "Configuring how CloudWatch alarms treat missing data". Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

State = Literal["OK", "ALARM", "INSUFFICIENT_DATA"]

# CloudWatch looks a little further back than EvaluationPeriods, to bridge missing datapoints
EXTRA_PERIODS = 2

COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "GreaterThanThreshold": lambda value, threshold: value > threshold,
    "GreaterThanOrEqualToThreshold": lambda value, threshold: value >= threshold,
    "LessThanThreshold": lambda value, threshold: value < threshold,
    "LessThanOrEqualToThreshold": lambda value, threshold: value <= threshold,
}


@dataclass(frozen=True, slots=True)
class Rule:
    """What PutMetricAlarm was given. `to_alarm` is DatapointsToAlarm, EvaluationPeriods where it is left out."""

    comparison: str
    threshold: float
    periods: int
    to_alarm: int
    missing: Literal["missing", "ignore", "breaching", "notBreaching"]


def evaluate(rule: Rule, datapoints: Sequence[float | None], current: State) -> State:
    """The state after the newest period. `datapoints`, oldest first, None where missing, cover the evaluation range.

    With as many real datapoints as EvaluationPeriods, the newest of them decide alone. With fewer, missing
    ones are filled by TreatMissingData.
    """
    breaches = [COMPARISONS[rule.comparison](value, rule.threshold) for value in datapoints if value is not None]
    breaches = breaches[-rule.periods :]
    breaching, lacking = sum(breaches), rule.periods - len(breaches)
    if not lacking or rule.missing == "notBreaching":
        return "ALARM" if breaching >= rule.to_alarm else "OK"
    if rule.missing == "breaching":
        return "ALARM" if breaching + lacking >= rule.to_alarm else "OK"
    return _evaluate_sparse(rule, breaches, current)


def _evaluate_sparse(rule: Rule, breaches: Sequence[bool], current: State) -> State:
    """`missing` and `ignore`: the real datapoints decide as far as they can."""
    if not breaches:
        return current if rule.missing == "ignore" else "INSUFFICIENT_DATA"
    if sum(breaches) >= rule.to_alarm:
        return "ALARM"
    if rule.missing == "missing" and sum(breaches) >= min(rule.to_alarm, len(breaches)):
        return "ALARM"
    if rule.missing == "ignore" and all(breaches):
        return current
    return "OK"
