"""Runs of which every text from outside is hostile: as folders, as `drill run` leaves them, and as pages."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from drillrunner.files.readings_file import ReadingsFile
from drillrunner.files.run_folder import RunFolder, create_run_folder
from drillrunner.judge.rehearsal import figures
from drillrunner.judge.trend import trend
from drillrunner.model.drill import Drill
from drillrunner.model.history import BrokenRun
from drillrunner.model.journal import Entry, line_of, next_entry
from drillrunner.model.plan import Plan
from drillrunner.model.reading import Reading
from drillrunner.model.verdict import ObjectiveVerdict, RevertResult, Verdict
from drillrunner.reporting import write_reports
from drillrunner.reporting.rehearsal_html import render_rehearsal_html
from drillrunner.reporting.trend_html import render_trend_html
from fabricated_rehearsal import TARGETS, TTL, aborted_run, objective, refused_run, rehearsal, rto_run, run, swing
from fabricated_run import fabricated_run
from made_up_verdict import verdict
from outside_strings import LONG, batches
from past_reports import day, past, rto

DAY = datetime(2026, 11, 20, 14, 0, tzinfo=UTC)
OUTSIDE_KEYS = frozenset({"kind", "text", "why", "probe", "host", "version", "error"})
# What runs in spite of everything leaves a mark as well as a dialog.
ARMED = tuple(text.replace("alert(1)", "window.__xss=alert(1)") for text in (*batches(), *LONG))


def without_halves(text: str) -> str:
    """What files can hold: half a surrogate pair is in no drill that can be read, and SQLite takes none."""
    return "".join(character for character in text if not "\ud800" <= character <= "\udfff")


def hostile_plan(plan: Plan, evil: str) -> Plan:
    document = plan.drill.model_dump(mode="json")
    probes = [{**one, "name": f"{one['name']}{evil}"} for one in document["probes"]]
    changed = {**document, "title": evil, "owner": evil, "runbook": evil, "probes": probes}
    return plan.model_copy(update={"drill": Drill.model_validate(changed), "warnings": (evil,)})


def hostile_entries(entries: Sequence[Entry], evil: str) -> list[Entry]:
    """The same story with every text from outside replaced, in a chain that holds."""
    found: list[Entry] = []
    for one in entries:
        data = {
            key: f"{value}{evil}" if isinstance(value, str) and key in OUTSIDE_KEYS else value
            for key, value in one.data.items()
        }
        if one.kind == "call.outcome":
            data["error"] = evil
        found.append(next_entry(found[-1] if found else None, one.at, one.wall, one.kind, data))
    return found


def hostile_reading(one: Reading, evil: str) -> Reading:
    return Reading(
        probe=f"{one.probe}{evil}",
        seq=one.seq,
        due=one.due,
        asked=one.asked,
        answered=one.answered,
        ok=one.ok,
        value=one.value,
        why=one.why and one.why + evil,
        region=one.region and one.region + evil,
    )


def hostile_verdict(run_id: str, evil: str) -> Verdict:
    base = verdict()
    return verdict(
        run_id=run_id,
        title=evil,
        drill=evil,
        environment=evil,
        why=evil,
        plan_hash=evil,
        ended_by=f"aborted: {evil}",
        objectives=[
            ObjectiveVerdict.model_validate({**one.model_dump(), "probe": evil, "why": evil, "decide": evil})
            for one in base.objectives
        ],
        revert=RevertResult(of=4, reverted=3, seconds=1.0, left=(evil,), irreversible=(evil,)),
        findings=[{"code": evil, "message": evil, "advice": evil}],
        recoveries=[{**base.recoveries[0].model_dump(), "probe": evil, "vantage": evil, "why": evil}],
        ledgers=[{**base.ledgers[0].model_dump(), "probe": evil, "why": evil}],
        latencies=[{**base.latencies[0].model_dump(), "probe": evil, "phase": evil, "region": evil}],
        anatomy=[{"part": "detect", "seconds": 5.0, "why": evil}],
        availability={evil: 0.5},
    )


def write_hostile_run(reports: Path, number: int, evil: str, *, under_way: bool = False) -> RunFolder:
    """The folder of a run that is over with all its reports, or of one that is in the midst of its outage."""
    plan, entries, readings = fabricated_run()
    plan = hostile_plan(plan, without_halves(evil))
    run_id = f"{DAY:%Y%m%d-%H%M}{number:02}-{number:06x}"
    entries = hostile_entries(entries, evil)
    if under_way:
        entries = [one for one in entries if one.at < entries[0].at + 80.0]
        readings = [one for one in readings if one.answered < entries[0].at + 80.0]
    shown = [hostile_reading(one, evil) for one in readings]
    folder = create_run_folder(reports, run_id, plan)
    folder.journal.write_bytes(b"".join(map(line_of, entries)))
    file = ReadingsFile(folder.readings)
    for one in readings:
        file.add(hostile_reading(one, evil))
    file.close()
    if not under_way:
        judged = hostile_verdict(run_id, evil)
        write_reports(folder.path, plan, entries, lambda: iter(shown), judged)
    return folder


def hostile_rehearsal_page(evil: str) -> str:
    setting = TTL.model_copy(update={"name": evil, "title": evil, "low": evil, "high": evil, "now": evil})
    found = rehearsal(
        [rto_run(1, 300.0), refused_run(2, evil), aborted_run(3, evil), run(4, objective(probe=evil))],
        drill=evil,
        title=evil,
        environment=evil,
        topology=evil,
        overrides={evil: evil},
        randomised=(evil,),
        targets=[TARGETS[0], TARGETS[0].model_copy(update={"probe": evil})],
        swings=(swing(setting),),
    )
    return render_rehearsal_html(found, figures(found))


def hostile_trend_page(evil: str) -> str:
    one = past(day(2026, 2, 1), rto(1.0, 2.0, probe=evil), drill=evil, environment=evil, place=evil)
    broken = (BrokenRun(run_id="x", folder=evil, why=evil),)
    return render_trend_html(trend([one], "run").model_copy(update={"broken": broken}), {})
