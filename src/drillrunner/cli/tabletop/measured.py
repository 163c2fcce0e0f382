"""Finds the RTO that the last live run, lab run and rehearsal of a drill measured. Reads plain files only."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from drillrunner.cli.past_runs import REHEARSALS
from drillrunner.errors import DrillError
from drillrunner.files.run_folder import RunFolder, named_folders, read_environment, read_verdict
from drillrunner.judge.exercise_rto import measured_rto
from drillrunner.model.exercise_measured import MeasuredIn, MeasuredRto


def measured_of(reports: Path, drill: str) -> tuple[MeasuredRto, ...]:
    """At most one of each kind, the newest one that measured an RTO: live, lab, rehearsal."""
    found: dict[MeasuredIn, MeasuredRto] = {}
    for source, folder in _folders(reports, drill):
        if source not in found and (one := _measured(folder, source, drill)) is not None:
            found[source] = one
        if len(found) == 3:
            break
    order: tuple[MeasuredIn, ...] = ("live", "lab", "rehearsal")
    return tuple(found[source] for source in order if source in found)


def _folders(reports: Path, drill: str) -> Iterator[tuple[MeasuredIn, RunFolder]]:
    """Newest first: rehearsals keep the run in the middle whole, which is the one that stands for them."""
    for path in sorted((reports / REHEARSALS).glob(f"*-{drill}/seed-*"), reverse=True):
        yield "rehearsal", RunFolder(path)
    for folder in named_folders(reports):
        verdict = read_verdict(folder)
        if verdict is None or verdict.drill == drill:
            yield _kind(folder), folder


def _kind(folder: RunFolder) -> MeasuredIn:
    """Live is AWS itself: neither the lab nor something else at an endpoint of its own."""
    environment = read_environment(folder)
    kind = environment if isinstance(environment, dict) else {}
    return "live" if kind.get("kind") == "aws" and not kind.get("endpoint_url") else "lab"


def _measured(folder: RunFolder, source: MeasuredIn, drill: str) -> MeasuredRto | None:
    """None where it measured none, or nobody can read it: `drill history` says of those."""
    from drillrunner.cli.aftermath import judge_folder

    try:
        verdict = read_verdict(folder) or judge_folder(folder, write=False)
    except (DrillError, OSError):
        return None
    if verdict.drill != drill:
        return None
    named = verdict if verdict.run_id else verdict.model_copy(update={"run_id": folder.run_id})
    if source == "rehearsal":
        named = named.model_copy(update={"run_id": f"{folder.path.parent.name}/{folder.path.name}"})
    return measured_rto(named, source)
