"""What somebody may have meant: the nearest known name or duration to what was written."""

from __future__ import annotations

import re
from collections.abc import Iterable

_DURATION_PART = re.compile(r"(\d+(?:\.\d+)?)\s*([A-Za-z]*)")
_UNITS = {
    "ms": "ms",
    "msec": "ms",
    "millis": "ms",
    "millisecond": "ms",
    "milliseconds": "ms",
    "": "s",
    "s": "s",
    "sec": "s",
    "secs": "s",
    "second": "s",
    "seconds": "s",
    "m": "m",
    "min": "m",
    "mins": "m",
    "minute": "m",
    "minutes": "m",
    "h": "h",
    "hr": "h",
    "hrs": "h",
    "hour": "h",
    "hours": "h",
}


def did_you_mean(written: str, known: Iterable[str]) -> str | None:
    """`did you mean "rpo"?`, or None when nothing known is near."""
    import difflib  # only a file that is wrong needs it

    names = {name.casefold(): name for name in sorted(known)}
    near = difflib.get_close_matches(written.casefold(), names, n=1, cutoff=0.6)
    return f'did you mean "{names[near[0]]}"?' if near else None


def choices(written: str, known: Iterable[str]) -> str | None:
    """The nearest known name, else all of them when they are few."""
    names = sorted(known)
    near = did_you_mean(written, names)
    if near or not names or len(names) > 12:
        return near
    return "one of " + ", ".join(names)


def nearest_duration(written: str) -> str | None:
    """`did you mean "30s"?` for `30 sec`, `30` or `1 min 30 s`."""
    parts = _DURATION_PART.findall(written)
    if not parts or _DURATION_PART.sub("", written).strip() or len(written) > 40:
        return None
    if any(unit.lower() not in _UNITS for _, unit in parts):
        return None
    return 'did you mean "' + "".join(number + _UNITS[unit.lower()] for number, unit in parts) + '"?'
