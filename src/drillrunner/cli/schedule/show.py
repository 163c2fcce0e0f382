"""`drill schedule show`: the next moments of what has a schedule, and how each target is triggered for it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from zoneinfo import ZoneInfo

import click

from drillrunner.cli.schedule.thing import Item, answers_of, every_name, item_of, scheduled_item
from drillrunner.cli.scheduled import moment_given
from drillrunner.errors import InvalidInput
from drillrunner.gameday.install.eventbridge import schedule_expression
from drillrunner.gameday.install.systemd import on_calendar
from drillrunner.gameday.install.triggers import counts_from_run, cron_lines, one_cron_line, triggers_of
from drillrunner.gameday.occurrences import END, occurrences
from drillrunner.model.noun import JsonValue
from drillrunner.model.schedule import Schedule, cadence_words
from drillrunner.reporting.outside_text import visible

_FROM_RUN = "counts from the last completed run, and there is none"


def shown(
    names: Sequence[str], environment: str | None, reports: Path, at: str | None, count: int, *, as_json: bool
) -> str:
    """Text or JSON. Raises InvalidInput for a name that has no schedule; what was not named and is broken is said."""
    now = moment_given(at)
    items = [scheduled_item(name, environment) for name in names] if names else _all(environment)
    documents = [_document(item, schedule, reports, now, count) for item, schedule in items]
    if as_json:
        return json.dumps(documents, indent=2, ensure_ascii=False)
    return "\n\n".join(map(_text, documents)) or "nothing has a schedule"


def _all(environment: str | None) -> list[tuple[Item, Schedule]]:
    found = []
    for name in every_name():
        try:
            item = item_of(name, None if "gamedays" in Path(name).parts else environment)
        except InvalidInput as error:
            click.echo(visible(f"! {name} is left out: {error.message}"), err=True)
            continue
        if item.schedule is not None:
            found.append((item, item.schedule))
    return found


def _document(item: Item, schedule: Schedule, reports: Path, now: datetime, count: int) -> dict[str, JsonValue]:
    since = answers_of(item, reports, now).completed if counts_from_run(schedule) else now
    moments = islice((at for at in occurrences(schedule, since, END) if at > now), count) if since else ()
    return {
        "name": item.name,
        "kind": item.kind,
        "environment": item.environment.name,
        "cadence": cadence_words(schedule),
        "time_zone": schedule.time_zone,
        "next": [at.isoformat() for at in moments],
        "triggers": _triggers(schedule),
    }


def _triggers(schedule: Schedule) -> dict[str, JsonValue]:
    """For each target what it is triggered by, and whether each of these is a moment of the schedule."""
    here, utc = triggers_of(schedule), triggers_of(schedule, "UTC")
    one = here.with_minutes_in_each_hour()
    github = () if counts_from_run(schedule) else cron_lines(utc)
    return {
        "systemd": {"at": list(on_calendar(here)), "exact": here.exact},
        "kubernetes": {"at": [one_cron_line(here)], "exact": one.exact},
        "eventbridge": {"at": [schedule_expression(here)], "exact": one.exact},
        "github": {"at": list(github), "exact": utc.with_one_kind_of_day().exact},
    }


def _text(document: dict[str, JsonValue]) -> str:
    kind = "game day " if document["kind"] == "gameday" else ""
    zone = str(document["time_zone"])
    triggers, moments = document["triggers"], document["next"]
    assert isinstance(triggers, dict)
    assert isinstance(moments, list)
    head = f"{kind}{document['name']} · {document['environment']} · {document['cadence']} ({zone})"
    lines = [f"  {_local(str(at), zone)}" for at in moments] or [f"  {_FROM_RUN}"]
    lines += [_trigger_line(target, value) for target, value in triggers.items()]
    return "\n".join([head, *lines])


def _trigger_line(target: str, trigger: JsonValue) -> str:
    assert isinstance(trigger, dict)
    at = trigger["at"]
    assert isinstance(at, list)
    if not at:
        return f"  {target:<12} cannot: it knows of no earlier run"
    return f"  {target:<12} {' · '.join(map(str, at))}" + ("" if trigger["exact"] else " (what is not due is left)")


def _local(stamp: str, zone: str) -> str:
    """`Tue 2027-02-09 10:00 +0100 (09:00Z)`: a change of clocks is seen in it."""
    at = datetime.fromisoformat(stamp)
    return f"{at.astimezone(ZoneInfo(zone)):%a %Y-%m-%d %H:%M %z} ({at.astimezone(UTC):%H:%MZ})"
