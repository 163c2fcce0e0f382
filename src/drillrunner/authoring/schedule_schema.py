"""The JSON schema of a `schedule`, whatever has one. What fits no date, or comes too often, `drill validate` says."""

from __future__ import annotations

from drillrunner.authoring.schema_pieces import REFERENCE, Schema, described, mapping, one_of_keys, text
from drillrunner.model.schedule import DAYS_PATTERN, GRACE_PATTERN, MISSED, PERIOD_MONTHS, STARTS_PATTERN


def schedule_schema(what: str = "the drill", *, variables: bool = True) -> Schema:
    """Of one schedule: exactly one cadence, and what every one of them takes; `${name}` where there are variables."""
    or_variable = f"|{REFERENCE}" if variables else ""
    periods = "|".join(PERIOD_MONTHS)
    every = {"type": "string", "pattern": f"^(?:{periods}|{DAYS_PATTERN})${or_variable}"}
    grace = {"type": "string", "pattern": f"^{GRACE_PATTERN}${or_variable}"}
    starts = {"type": "string", "pattern": f"^{STARTS_PATTERN}${or_variable}"}
    policies: Schema = {"enum": list(MISSED)}
    missed = {"anyOf": [policies, {"type": "string", "pattern": REFERENCE}]} if variables else policies
    schema = mapping(
        {
            "every": described(
                every, "month, quarter, half-year, year, 90d or 2w; from starts on, else from the last completed run"
            ),
            "cron": text("minute, hour, day of month, month, day of week: 0 9 * * 1"),
            "rrule": text("a recurrence rule of RFC 5545: FREQ=MONTHLY;BYDAY=2TU;BYHOUR=10; it needs starts"),
            "starts": described(starts, "since when it holds: wall time in time_zone, like 2026-01-13T10:00"),
            "time_zone": described({"type": "string"}, "whose wall time it is: an IANA name", default="UTC"),
            "grace": described(grace, "how late it may be before it is overdue: 36h, 14d or 2w", default="0d"),
            "missed": described(missed, "what drill agent does with a date whose grace is over", default="skip"),
        },
        description=f"when {what} is due; drill due and drill calendar read it",
    )
    return {**schema, **one_of_keys(("every",), ("cron",), ("rrule",)), "dependencies": {"rrule": ["starts"]}}
