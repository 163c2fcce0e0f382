"""Jobs for the tests of what is written for other schedulers, an ordinary one and one with hostile texts."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

from drillrunner.gameday.install.job import Job
from drillrunner.model.schedule import Every, Schedule

SECOND_TUESDAYS = Schedule(
    rrule="FREQ=MONTHLY;INTERVAL=3;BYDAY=2TU", starts=datetime(2027, 2, 9, 10), time_zone="Europe/Berlin"
)
MONDAYS = Schedule(cron="0 9 * * 1", time_zone="Europe/Berlin")
IN_THE_GAP = Schedule(cron="30 2 * * *", time_zone="Europe/Berlin")
FROM_THE_LAST_RUN = Schedule(every=Every(months=3))
# What each target's own language would do something with.
HOSTILE = """it's "q" $(touch pwned) `touch pwned` ${{ github.token }} %n $HOME ; & | # \\"""


def job(**changes: Any) -> Job:
    """A drill on AWS that is looked at every quarter."""
    given: dict[str, Any] = {
        "name": "regional-outage",
        "kind": "drill",
        "title": "us-east-1 stops serving",
        "file": "drills/regional-outage.yaml",
        "folder": "/srv/drills",
        "reports": "reports",
        "environment": "staging",
        "environment_kind": "aws",
        "confirm": True,
        "elsewhere": False,
        "region": "us-east-1",
        "schedule": SECOND_TUESDAYS,
        "limit_seconds": 5_400.0,
        "stop_seconds": 720.0,
        "program": ("/opt/drillrunner/bin/drill",),
        "user": "drills",
        "package": "drillrunner==0.1.0",
        "image": "registry.example/drills@sha256:" + "0" * 64,
    }
    return Job(**(given | changes))


def hostile_job(program: tuple[str, ...], folder: Path) -> Job:
    """The same with texts that mean something to shells, cron, systemd, GitHub and Kubernetes."""
    return job(
        title=f"{HOSTILE}\nExecStart=/bin/touch pwned",
        file=f"drills/{HOSTILE}.yaml",
        reports=f"re {HOSTILE}",
        folder=str(folder),
        program=program,
        schedule=MONDAYS,
    )
