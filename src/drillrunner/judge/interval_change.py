"""By how much an interval changed: after less before, by interval arithmetic, in words that claim no more than that."""

from __future__ import annotations

from drillrunner.judge.rehearsal import SAME_SECONDS
from drillrunner.model.drill import ObjectiveName
from drillrunner.model.duration import format_duration
from drillrunner.model.run_comparison import Direction, ObjectiveChange
from drillrunner.model.verdict import ObjectiveVerdict

OBJECTIVE_NAMES: dict[ObjectiveName, str] = {
    "rto": "RTO",
    "rpo": "RPO",
    "availability": "availability",
    "latency": "latency",
    "detection": "detection",
}
OVERLAP = "no difference can be told: the intervals overlap"
# what a larger and a smaller figure is called
_WORDS: dict[ObjectiveName, tuple[str, str]] = {
    "rto": ("slower", "faster"),
    "detection": ("slower", "faster"),
    "latency": ("slower", "faster"),
    "rpo": ("more", "less"),
    "availability": ("higher", "lower"),
}


def objective_change(before: ObjectiveVerdict | None, after: ObjectiveVerdict | None) -> ObjectiveChange:
    """One objective of two runs, of which at least one has it."""
    known = after or before
    if known is None:
        raise ValueError("an objective that neither run has")
    low, high = _difference(before, after)
    direction = "unknown" if _lacking(before, after) else _direction(known.name, low, high)
    return ObjectiveChange(
        name=known.name,
        probe=known.probe,
        before=before,
        after=after,
        low=low,
        high=high,
        direction=direction,
        sentence=_lacking(before, after) or _sentence(known.name, direction, low, high),
    )


def _difference(before: ObjectiveVerdict | None, after: ObjectiveVerdict | None) -> tuple[float | None, float | None]:
    if before is None or after is None:
        return None, None
    low = None if after.low is None or before.high is None else round(after.low - before.high, 6)
    high = None if after.high is None or before.low is None else round(after.high - before.low, 6)
    return low, high


def _direction(name: ObjectiveName, low: float | None, high: float | None) -> Direction:
    if low is not None and low > SAME_SECONDS:
        return "better" if name == "availability" else "worse"
    if high is not None and high < -SAME_SECONDS:
        return "worse" if name == "availability" else "better"
    pointed = low is not None and high is not None and high - low <= 2 * SAME_SECONDS
    return "same" if pointed else "unknown"


def _lacking(before: ObjectiveVerdict | None, after: ObjectiveVerdict | None) -> str | None:
    """Why there is nothing to compare."""
    if before is None or after is None:
        return f"only the {'second' if before is None else 'first'} run has it"
    blind = [name for name, one in (("first", before), ("second", after)) if one.low is None and one.high is None]
    if not blind:
        return None
    return "neither run measured it" if len(blind) == 2 else f"the {blind[0]} run did not measure it"


def _sentence(name: ObjectiveName, direction: Direction, low: float | None, high: float | None) -> str:
    if direction == "same":
        return "the same"
    if direction == "unknown":
        return OVERLAP
    larger, smaller = _WORDS[name]
    rose = low is not None and low > 0
    least, most = (low, high) if rose else (_negated(high), _negated(low))
    return f"{_between(name, least, most)} {larger if rose else smaller}"


def _negated(value: float | None) -> float | None:
    return None if value is None else -value


def _between(name: ObjectiveName, least: float | None, most: float | None) -> str:
    first = _amount(name, least or 0.0)
    if most is None:
        return f"at least {first}"
    last = _amount(name, most)
    return first if first == last else f"{first} to {last}"


def _amount(name: ObjectiveName, value: float) -> str:
    if name == "availability":
        points = f"{100 * value:.2f}".rstrip("0").rstrip(".")
        return f"{points} points" if value >= 0.00005 else "under 0.01 points"
    return format_duration(value) if value >= 0.0005 else "under 1ms"
