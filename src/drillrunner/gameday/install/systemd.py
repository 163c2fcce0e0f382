"""systemd: a service, its timer, and a service that puts back at boot what a run left when the machine went down."""

from __future__ import annotations

from collections.abc import Sequence

from drillrunner.errors import InvalidInput
from drillrunner.gameday.install.job import Job, Written, refuse_line_ends, shell
from drillrunner.gameday.install.triggers import EVERY_DAY, EVERY_MONTH, EVERY_WEEKDAY, Triggers, by_minute

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")

_SERVICE = """\
[Unit]
Description={description}
Wants=network-online.target
After=network-online.target

[Service]
Type=oneshot
{common}
# What an earlier run left is put back first; where that fails, nothing is begun.
ExecStartPre={revert}
# Runs it if it is due. A run that hangs is told to stop (SIGTERM) after TimeoutStartSec, and reverts by itself ...
ExecStart={run}
TimeoutStartSec={limit}
TimeoutStopSec={stop}
# ... within TimeoutStopSec. However it ended, what it left is put back from its journal.
ExecStopPost={revert}
# SIGTERM is for the run alone: a lab has to be there for as long as something is put back.
KillMode=mixed
"""

_BOOT = """\
[Unit]
Description={description}
Wants=network-online.target
After=network-online.target

[Service]
Type=oneshot
{common}
ExecStart={revert}
TimeoutStartSec={stop}

[Install]
WantedBy=multi-user.target
"""

_TIMER = """\
[Unit]
Description={description}

[Timer]
{calendar}
# What was missed while the machine was off is looked at when it is up again; what is too late by then is left.
Persistent=true
AccuracySec=1s

[Install]
WantedBy=timers.target
"""

_COMMON = """\
{user}WorkingDirectory={folder}
{state}NoNewPrivileges=yes
ProtectSystem=full
PrivateDevices=yes
RestrictSUIDSGID=yes
LockPersonality=yes"""


def systemd(job: Job, triggers: Triggers, folder: str) -> Written:
    """The units of the system's manager; they run as `job.user`."""
    refuse_line_ends("systemd", (job.folder, job.file, job.reports, *job.program, job.state or "", job.user or ""))
    what = f"{job.label}: {_plain(job.title)}"
    common = _COMMON.format(
        user=f"User={job.user}\n" if job.user else "",
        folder=_path(job.folder),
        state=f'Environment="{_quoted(f"DRILLRUNNER_STATE={job.state}")}"\n' if job.state else "",
    )
    revert = _command(job.revert_words(job.program))
    service = _SERVICE.format(
        description=what,
        common=common,
        revert=revert,
        run=_command(job.run_words(job.program)),
        limit=job.limit_whole_seconds,
        stop=job.stop_whole_seconds,
    )
    boot = f"{what} (what is left is put back)"
    files = {
        f"{job.unit}.service": service,
        f"{job.unit}.timer": _TIMER.format(description=what, calendar=_calendar(triggers)),
        f"{job.unit}-revert.service": _BOOT.format(
            description=boot, common=common, revert=revert, stop=job.stop_whole_seconds
        ),
    }
    return Written(files, (), _next_steps(job, folder, tuple(files)))


def _next_steps(job: Job, folder: str, files: Sequence[str]) -> tuple[str, ...]:
    paths = shell([f"{folder}/{name}" for name in files])
    return (
        f"sudo cp {paths} /etc/systemd/system/ && sudo systemctl daemon-reload",
        f"sudo systemctl enable --now {job.unit}.timer {job.unit}-revert.service",
        f"systemctl list-timers {job.unit}.timer",
    )


def on_calendar(triggers: Triggers) -> tuple[str, ...]:
    """The triggers as systemd's calendar events, one for each minute of the hour: `Tue *-2,5-8..14 10:00:00 UTC`."""
    days = _ranges(triggers.week_days, EVERY_WEEKDAY, _DAYS)
    months = _ranges(triggers.months, EVERY_MONTH)
    month_days = _ranges(triggers.month_days, EVERY_DAY)
    before = f"{days} " if days != "*" else ""
    return tuple(
        f"{before}*-{months}-{month_days} {hours.replace('-', '..')}:{minute:02}:00 {triggers.time_zone}"
        for minute, hours in by_minute(triggers.times)
    )


def _calendar(triggers: Triggers) -> str:
    return "\n".join(f"OnCalendar={one}" for one in on_calendar(triggers))


def _ranges(values: frozenset[int], everything: frozenset[int], names: Sequence[str] | None = None) -> str:
    if values >= everything:
        return "*"
    return ",".join(names[value] if names else f"{value:02}" for value in sorted(values))


def _command(words: Sequence[str]) -> str:
    return " ".join(_word(word) for word in words)


def _word(text: str) -> str:
    """One word of a command line, as systemd.service(5) takes it: no variable and no specifier is filled in."""
    escaped = _quoted(text).replace("$", "$$")
    return text if escaped == text and text and not set(text) & set(" ';") else f'"{escaped}"'


def _quoted(text: str) -> str:
    """What stands between double quotes; specifiers are not filled in."""
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")


def _path(text: str) -> str:
    """A setting that is one path: it cannot be quoted, and specifiers are filled in. Raises InvalidInput."""
    if text != text.strip() or text.endswith("\\"):
        message = f"systemd takes no working directory that begins or ends with a space or a backslash: {text!r}"
        raise InvalidInput(message, advice="rename the folder")
    return text.replace("%", "%%")


def _plain(text: str) -> str:
    """A description: one line, nothing filled in, no backslash that goes on to the next line."""
    return " ".join(text.split()).replace("%", "%%").replace("\\", "/")
