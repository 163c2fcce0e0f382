"""cron: a crontab for one user, and the script that its lines call.

Crons differ in what they know of time zones (Debian's knows no CRON_TZ, and takes it for any other variable), and none
makes up for the time that a machine was off. So the lines look every quarter of an hour, at minutes that meet the
schedule's in every time zone there is, and `drill schedule run` does nothing until something is due.
"""

from __future__ import annotations

from drillrunner.gameday.install.job import Job, Written, refuse_line_ends, shell
from drillrunner.gameday.install.triggers import Triggers

_QUARTERS = (0, 15, 30, 45)

_SCRIPT = """\
#!/bin/sh
# {label}
# Runs it if it is due, tells it to stop after {limit} s, and puts back whatever is left.
set -u
cd {folder} || exit 2
{state}mkdir -p {reports} || exit 2
case "${{1:-}}" in
reverting) exec {revert} ;;
esac
{run}
code=$?
{revert} || {{
  code=6
  echo {failed} >&2
}}
[ "$code" -eq 0 ] || echo {ended}" $code" >&2
exit "$code"
"""


def cron(job: Job, triggers: Triggers, folder: str) -> Written:
    """The crontab, and the script below `folder` (absolute), where both are kept."""
    refuse_line_ends("cron", (job.folder, job.file, job.reports, folder, *job.program, job.state or ""))
    script = f"{folder}/{job.unit}.sh"
    lines = [
        f"# {job.label}, {_one_line(job.title)}",
        "# A look every quarter of an hour, in whatever time zone this cron counts: only what is due is run.",
        f"{_minutes(triggers)} * * * * {_escaped(shell((*_locked(job, script), script)))}",
        "# What a run left when the machine went down is put back when it is up again.",
        f"@reboot {_escaped(shell((*_locked(job, script), script, 'reverting')))}",
    ]
    return Written(
        files={f"{job.unit}.crontab": "\n".join(lines) + "\n", f"{job.unit}.sh": _script(job)},
        notes=("cron mails what the script says on its error output; see MAILTO in crontab(5)",),
        next_steps=(
            f"( crontab -l 2>/dev/null | grep -vF {job.unit}.sh; "
            f"grep -v '^#' {shell((f'{folder}/{job.unit}.crontab',))} ) | crontab -",
            "crontab -l",
        ),
    )


def _locked(job: Job, script: str) -> tuple[str, ...]:
    """Never two at once. `-o`: what the script starts (a lab outlives it) does not keep the lock."""
    return ("flock", "-n", "-o", "-E", "0", f"{script}.lock")


def _script(job: Job) -> str:
    state = f"export DRILLRUNNER_STATE={shell((job.state,))}\n" if job.state else ""
    return _SCRIPT.format(
        label=job.label,
        limit=job.limit_whole_seconds,
        folder=shell((job.folder,)),
        reports=shell(("--", job.reports)),
        state=state,
        run=shell(job.limited(job.run_words(job.program, "--quiet"))),
        revert=shell(job.revert_words(job.program)),
        failed=shell((f"{job.label}: SOMETHING MAY STILL BE INJECTED; look with: drill status",)),
        ended=shell((f"{job.label} ended with exit code",)),
    )


def _minutes(triggers: Triggers) -> str:
    """The quarters of an hour from the schedule's minutes on: every offset of a zone is a multiple of one."""
    found = {(one.minute + quarter) % 60 for one in triggers.times for quarter in _QUARTERS}
    return ",".join(str(minute) for minute in sorted(found))


def _escaped(command: str) -> str:
    """cron ends the command at a per cent sign without a backslash, within quotes too."""
    return command.replace("%", "\\%")


def _one_line(text: str) -> str:
    return " ".join(text.split())
