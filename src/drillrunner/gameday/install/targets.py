"""The table of targets: who writes what."""

from __future__ import annotations

from drillrunner.gameday.install.cron import cron
from drillrunner.gameday.install.eventbridge import eventbridge
from drillrunner.gameday.install.github import github
from drillrunner.gameday.install.job import Job, Target, Written
from drillrunner.gameday.install.kubernetes import kubernetes
from drillrunner.gameday.install.systemd import systemd
from drillrunner.gameday.install.triggers import counts_from_run, triggers_of

FOLDERS: dict[Target, str] = {
    "cron": "schedules",
    "systemd": "schedules",
    "github": ".github/workflows",
    "eventbridge": "schedules",
    "kubernetes": "schedules",
}
_OFTENER = "it is triggered oftener than the schedule comes: what is not due then is left"
_FROM_RUN = "the schedule counts from the last completed run: it is looked once a day whether one is due"
_ONE_RUN = "missed: run is kept as run_once: a trigger starts one run"


def written_for(target: Target, job: Job, folder: str) -> Written:
    """A job's files for a target, which are to lie in `folder` (absolute). Raises InvalidInput for what cannot be."""
    triggers = triggers_of(job.schedule)
    if target == "github":
        found = github(job)
    elif target == "cron":
        found = cron(job, triggers, folder)
    elif target == "systemd":
        found = systemd(job, triggers, folder)
    elif target == "eventbridge":
        found = eventbridge(job, triggers, folder)
    else:
        found = kubernetes(job, triggers, folder)
    exact = triggers.exact if target == "systemd" else triggers.with_minutes_in_each_hour().exact
    return found._replace(notes=(*_notes(target, job, exact=exact), *found.notes))


def _notes(target: Target, job: Job, *, exact: bool) -> tuple[str, ...]:
    notes = []
    if target != "cron" and counts_from_run(job.schedule):
        notes.append(_FROM_RUN)
    elif target not in ("cron", "github") and not exact:
        notes.append(_OFTENER)
    if job.schedule.missed == "run":
        notes.append(_ONE_RUN)
    return tuple(notes)
