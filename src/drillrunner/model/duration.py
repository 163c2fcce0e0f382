"""Durations and percentages as people write them: `500ms 30s 5m 1h30m`, `97%`."""

from __future__ import annotations

import re

_UNIT_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
# as a JSON schema writes it
DURATION_PATTERN = r"(?:\d+(?:\.\d+)?(?:ms|s|m|h))+"
_DURATION = re.compile(rf"{DURATION_PATTERN}\Z")
_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h)")
_PERCENT = re.compile(r"(\d+(?:\.\d+)?)%\Z")


def parse_duration(text: str) -> float:
    """Seconds in `1h30m`, `90s`, `500ms`. Raises ValueError on anything else."""
    if not _DURATION.match(text):
        raise ValueError(f'"{text}" is not a duration; write it like 500ms, 30s, 5m or 1h30m')
    return sum(float(number) * _UNIT_SECONDS[unit] for number, unit in _PART.findall(text))


def format_duration(seconds: float) -> str:
    """The shortest usual way to write it: `420ms`, `8.2s`, `42s`, `1m30s`, `2h05m`."""
    if seconds < 0:
        return "-" + format_duration(-seconds)
    if seconds < 1:
        return f"{round(seconds * 1000)}ms"
    if seconds < 60:
        return f"{seconds:.1f}".rstrip("0").rstrip(".") + "s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes}m{rest:02d}s" if rest else f"{minutes}m"
    hours, minutes = divmod(minutes, 60)
    return f"{hours}h{minutes:02d}m" if minutes else f"{hours}h"


def parse_percent(text: str) -> float:
    """The fraction in `97%`: 0.97. Raises ValueError on anything else or above 100 %."""
    match = _PERCENT.match(text)
    if not match or float(match.group(1)) > 100:
        raise ValueError(f'"{text}" is not a percentage between 0% and 100%')
    return float(match.group(1)) / 100
