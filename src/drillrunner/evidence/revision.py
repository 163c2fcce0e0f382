"""The git commit of a folder, where it is in a repository and git is there to say so."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from drillrunner.evidence.record import Revision

ASK_SECONDS = 5.0
_COMMIT = re.compile(r"[0-9a-f]{40,64}\Z")


def revision_of(folder: Path) -> Revision | None:
    """None where there is no repository, no commit, or no git."""
    commit = (_git(folder, "rev-parse", "HEAD") or "").strip()
    if not _COMMIT.match(commit):
        return None
    changed = _git(folder, "status", "--porcelain", "--", ".")
    return Revision(commit=commit, dirty=None if changed is None else bool(changed))


def _git(folder: Path, *words: str) -> str | None:
    """What git answers; None where it fails, is not there or takes too long: a record is made without it."""
    command = ["git", "--no-optional-locks", "-C", str(folder), *words]
    try:
        done = subprocess.run(command, capture_output=True, check=False, timeout=ASK_SECONDS, stdin=subprocess.DEVNULL)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.decode("utf-8", "replace") if done.returncode == 0 else None
